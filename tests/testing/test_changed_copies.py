"""Changed copies of code are bounded, and are made of what the values at each place allow."""

from __future__ import annotations

import ast
import cProfile
import resource
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from bptt_sym.testing.bounded import counted, little_memory
from bptt_sym.testing.kept_data import KeptData
from bptt_sym.testing.one_change import one_change, one_change_of
from bptt_sym.testing.own_code import own_functions
from bptt_sym.testing.own_values import Kind, may_replace, may_scale
from bptt_sym.testing.source import Source

Array = Any
X = np.random.default_rng(5).normal(size=(4, 3))
#: Data of the module that one function reads and the others do not.
MEANT, USED = [2, 0, 1], [1, 1, 2]
DATA = X * 2
KEPT_TENSORS: list[Any] = []


def said(tests: Sequence[Callable[[], bool]], **how: Any) -> str:
    return one_change(tests, **how).words or ""


def kept(x: Array) -> Array:
    rows: list[Array] = []
    others: list[Array] = [x[0]]
    for row in x:
        rows.append(row * 2)
        others.append(row)
    return np.sum(rows, axis=0) + np.sum(others)


def with_sizes(x: Array) -> Array:
    few, many = 3, 14_000
    out = np.ones((few, few))[0] * x[0]
    for k in range(few):
        out = out + k
    return out + 0 * many


def test_no_change_runs_away() -> None:
    """A list in itself, an array of 1.6 GB, 14,000 turns in the place of 3."""
    before, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    limits = resource.getrlimit(resource.RLIMIT_AS)
    for function in (kept, with_sizes):
        one_change([lambda f=function: bool(f(X) is None)], seconds=2.0)
    assert time.process_time() - start < 8.0
    # (What the process once had, it may have again.)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < before + 1_000_000
    assert resource.getrlimit(resource.RLIMIT_AS) == limits


def turning(x: Array, turns: list[int]) -> Array:
    n, k = len(x), 0
    turns.append(0)
    while k < n:
        for _ in range(n):
            turns[-1] += 1
            k += 1
    return x * k


def test_turns_are_counted() -> None:
    turns: list[int] = []
    one_change([lambda: bool(turning(X, turns) is None)], seconds=1.0)
    # ``k += 1`` left out makes 10,000 turns of 4 each, if nothing ends them.
    assert max(turns) < 3000


@pytest.mark.skipif(sys.platform != "linux", reason="what is in use is not known elsewhere")
def test_memory_is_limited_within_the_block_only() -> None:
    before = resource.getrlimit(resource.RLIMIT_AS)
    with little_memory():
        with pytest.raises(MemoryError):
            np.ones(3_000_000_000)
        assert np.ones(1_000_000).sum() == 1_000_000
    assert resource.getrlimit(resource.RLIMIT_AS) == before


@pytest.mark.skipif(sys.platform != "linux", reason="what is in use is not known elsewhere")
def test_a_compiler_has_room() -> None:
    """JAX's ends the process where it gets no addresses."""
    jax, sizes = pytest.importorskip("jax"), []

    def in_jax(x: Array) -> Any:
        return jax.numpy.abs(x)

    for function in (shared, in_jax):
        with little_memory(own_functions(lambda f=function: bool(f(X) is None))):
            sizes.append(resource.getrlimit(resource.RLIMIT_AS)[0])
    assert sizes[1] - sizes[0] > 3 << 30


def test_a_profiler_goes_on() -> None:
    profiler = cProfile.Profile()
    profiler.enable()
    try:
        assert "return x - 1" in said([lambda: bool(np.allclose(shared(X), X - 1))])
        still = sys.getprofile()
    finally:
        profiler.disable()
    assert still is profiler


def test_what_may_stand_for_what() -> None:
    vector, matrix = frozenset((Kind("array", (3,)),)), frozenset((Kind("array", (4, 3)),))
    number, row = frozenset((Kind("number"),)), frozenset((Kind("builtins.list", (3,)),))
    truth = frozenset((Kind("truth", (4, 3)),))
    assert may_scale(matrix, vector) and not may_scale(vector, matrix)
    assert may_scale(vector, number) and may_scale(matrix, truth) and not may_scale(truth, matrix)
    assert not may_scale(vector, row) and not may_scale(row, number)
    assert may_replace(row, row) and not may_replace(row, vector)


def one_row(x: Array) -> Array:
    if len(x) > 10:
        return x[0] * 7
    return x[0]


def test_what_does_not_run_is_not_changed_and_the_source_is_as_it_was() -> None:
    (own,) = own_functions(lambda: one_row(X))
    with counted([own]):
        source = Source.of(own, lambda: one_row(X))
    ran = {source.seen.ran(s) for s in source.slots}
    assert source.seen.known and ran == {True, False}
    assert source.seen.of("x") == frozenset((Kind("array", (4, 3)),))
    assert "bptt_sym" not in ast.unparse(own.tree)
    assert not any("bptt_sym_" in name for name in globals())


def peepholes(x: Array, p: dict[str, Array]) -> Array:
    return x[0] * p["f"] * 2 + x[1] * p["i"] * 3


def unpacked(x: Array) -> Array:
    pairs = [(row, np.exp(row)) for row in x]
    first, second = pairs[2]
    return first * 2 + second * 0


def both(x: Array) -> Array:
    g = {"a": np.zeros(3), "b": np.zeros(3)}
    g["a"] = g["b"] = np.zeros(3)
    for row in x:
        g["a"] += row
        g["b"] += 2 * row
    return np.stack([g["a"], g["b"]])


def outside(x: Array) -> Array:
    return x[0] * x[1] + x[2]


def squared(x: Array) -> Array:
    return (1 - x[0]) ** 2


def summed(x: Array) -> Array:
    return np.zeros(3) + x.sum()


def apart(x: Array) -> Array:
    return np.einsum("ti,si->i", x, x)


def shifted(x: Array) -> Array:
    out, start = np.zeros(3), 2
    for k in range(2):
        out = out + x[start + k] * x[k]
    return out


def other_data(x: Array) -> Array:
    return x[USED]


def scattered(x: Array) -> Array:
    out = x[:3].copy()
    out[:, MEANT] -= 1
    return out


def backwards(rows: dict[int, Array]) -> Array:
    return np.stack(list(rows.values()))


def ignored(x: Array, by: float) -> Array:
    return x - 1


def lost_term(h: Array, z: Array, d: Array) -> Array:
    return np.exp(d) - np.exp(z) + h


P = {"f": X[2], "i": X[3]}
ONES = np.zeros((3, 3))
ONES[np.arange(3), MEANT] = 1


@pytest.mark.parametrize(
    ("call", "right", "words"),
    [
        (lambda: peepholes(X, P), X[0] * X[3] * 2 + X[1] * X[2] * 3,
         "`return x[0] * p['i'] * 2 + x[1] * p['f'] * 3`"),
        (lambda: unpacked(X), np.exp(X[2]) * 2 + X[2] * 0, "`second, first = pairs[2]`"),
        (lambda: both(X), np.stack([X.sum(0), 2 * X.sum(0)]),
         "but with a value of its own for each"),
        (lambda: outside(X), X[0] * (X[1] + X[2]), "`return x[0] * (x[1] + x[2])`"),
        (lambda: squared(X), 1 - X[0] ** 2, "`return 1 - x[0] ** 2`"),
        (lambda: summed(X), X.sum(0), "`return np.zeros(3) + x.sum(axis=0)`"),
        (lambda: apart(X), (X * X).sum(0), "`return np.einsum('si,si->i', x, x)`"),
        (lambda: shifted(X), X[2] * X[2] + X[3] * X[3], "x[start + k] * x[start + k]"),
        (lambda: other_data(X), X[MEANT], "`return x[MEANT]`"),
        (lambda: scattered(X), X[:3] - ONES, "`out[range(len(out)), MEANT] -= 1`"),
        (lambda: backwards(dict(enumerate(X))), X[::-1], "list(rows.values())[::-1]"),
        (lambda: ignored(X, 3.5), 3.5 * (X - 1), "`return (x - 1) * by`"),
        (lambda: lost_term(X[0], X[1], X[2]), np.exp(X[2]) - np.exp(X[1]) + X[0] + X[2] * X[1],
         "`return np.exp(d) - np.exp(z) + h + d * z`"),
    ],
)  # fmt: skip
def test_slips_of_many_kinds_are_undone(
    call: Callable[[], Array], right: Array, words: str
) -> None:
    # (A test that is no function with a name, which would be changed as well.)
    holds = lambda: call().shape == right.shape and bool(np.allclose(call(), right))  # noqa: E731
    assert words in said([holds])
    assert not holds()


class Network:
    def __init__(self) -> None:
        self.h, self.made = X[0].copy(), [1.0]

    def step(self, x: Array) -> Array:
        out = self.h.copy()
        out *= x[0]
        made: list[float] = []
        made.append(2.0)
        return out + len(made)


def test_data_is_as_it_was() -> None:
    """A copy without ``copy`` writes to what it is of; another list is appended to."""
    x, data, meant, used = X.copy(), DATA.copy(), list(MEANT), list(USED)
    network = Network()
    h = network.h.copy()
    for call in (lambda: writing(X), lambda: network.step(X)):
        one_change([lambda call=call: bool(call() is None)], seconds=1.0)  # type: ignore[misc]
        assert np.array_equal(X, x) and np.array_equal(DATA, data)
        assert (meant, used) == (MEANT, USED)
    assert np.array_equal(network.h, h) and network.made == [1.0]


def writing(x: Array) -> Array:
    out = DATA.copy()
    out[0] += x[0]
    rows: list[Any] = []
    for k in USED:
        rows.append(k)
    return out + len(rows)


def slow_truth(x: Array) -> Array:
    return shared(x) * 2


def shared(x: Array) -> Array:
    return x + 1


def own(x: Array) -> Array:
    return shared(x) - 2


def test_what_the_truth_runs_as_well_is_changed_last() -> None:
    """Both changes make it right: that of the code alone is said."""
    tests = [lambda: bool(np.allclose(own(X), X + 3))]
    assert said(tests, truth=lambda: slow_truth(X)).startswith("own, ")


def test_functions_by_themselves_come_first_and_are_not_all() -> None:
    """A test of one function that no right change can pass stops nobody."""
    tests = [lambda: bool(np.allclose(own(X), X + 3))]
    assert "own, " in (one_change_of([lambda: bool(shared(X) is None)], tests).words or "")
    first, tests = ([lambda: bool(np.allclose(shared(X), X - 1))],
                    [lambda: bool(np.allclose(own(X), X - 3))])  # fmt: skip
    assert (one_change_of(first, tests).words or "").endswith("but with `return x - 1`")


def test_a_tensor_that_a_changed_function_returned_is_followed_no_more() -> None:
    torch = pytest.importorskip("torch")
    KEPT_TENSORS.append(torch.ones(3))

    class Twice(torch.autograd.Function):  # type: ignore[misc]
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x * 3

        @staticmethod
        def backward(ctx: Any, back: Any) -> Any:
            return back * 2

    before = Twice.__dict__["forward"].__func__
    data = KeptData(own_functions(lambda: Twice.apply(KEPT_TENSORS[0])))
    Twice.forward = staticmethod(lambda ctx, x: KEPT_TENSORS[0])
    Twice.apply(torch.ones(3, requires_grad=True))
    assert KEPT_TENSORS[0].requires_grad
    data.put_back()
    Twice.forward = staticmethod(before)
    assert not KEPT_TENSORS[0].requires_grad and KEPT_TENSORS[0].is_leaf
