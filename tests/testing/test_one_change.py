"""The one change of a person's own source that makes a gradient right."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bptt_sym.testing import run
from bptt_sym.testing.functions import judge_pair
from bptt_sym.testing.one_change import Sought, one_change
from bptt_sym.testing.own_code import own_functions
from tests.testing.hand_written import module

Array = Any
X = np.random.default_rng(3).normal(size=(4, 3))
KEPT: list[int] = []
presented = module("presented_changes")


def difference(x: Array) -> Array:
    return x[1:] + x[:-1]


def backwards(x: Array) -> Array:
    out = np.zeros(3)
    for k in range(len(x)):
        out = 0.5 * out + x[k]
    return out


def assigned(x: Array) -> Array:
    out = np.zeros(3)
    for row in x:
        out = row
    return out


def too_early(x: Array) -> Array:
    out, carry = np.zeros(3), np.zeros(3)
    for row in x:
        carry = row * 2
        out = out + carry
    return out


ROWS = np.array([0, 2, 0])


def last_of_rows(x: Array) -> Array:
    out = np.zeros((4, 3))
    out[ROWS] = x[:3]
    return out


def last_of_rows_added(x: Array) -> Array:
    out = np.ones((4, 3))
    out[ROWS, 1:] += x[:3, 1:]
    return out


def not_begun(x: Array) -> Array:
    made, total = [], np.zeros(3)
    for row in x:
        for factor in (1.0, 2.0):
            total = total + factor * row
        made.append(total)
    return np.array(made)


def other_name(x: Array) -> Array:
    first, second = x[0], x[1] ** 2
    return first * first + np.sum(second) * 0


def slope(x: Array) -> Array:
    h = np.tanh(x)
    return x * (1 - h)


def without_factor(x: Array) -> Array:
    h = np.tanh(x)
    d = x * 3
    return d + h


def endless(x: Array) -> Array:
    k, out = 0, np.zeros(3)
    while k < len(x):
        out = out - x[k]
        k += 1
    return out


def ragged(x: Array) -> Array:
    rows = [(row, row[:1]) for row in x]
    first, second = x[1] * 2, np.exp(x[2])
    return rows[0][0] + first + 0 * second


def discounted() -> Array:
    out = np.zeros(3)
    for row in X[::-1]:
        out = 0.5 * out + row
    return out


def is_right(function: Callable[[Array], Array], right: Array, x: Array = X) -> Any:
    """A test that is no function with a name, which would be changed as well."""
    return lambda: function(x).shape == right.shape and np.allclose(function(x), right)


def said(tests: Sequence[Callable[[], bool]], **how: Any) -> str:
    return one_change(tests, **how).words or ""


@pytest.mark.parametrize(
    ("function", "right", "words"),
    [
        (difference, X[1:] - X[:-1], "`return x[1:] + x[:-1]`, but with `return x[1:] - x[:-1]`"),
        (backwards, discounted(), "but with `for k in reversed(list(range(len(x)))):`"),
        (assigned, X.sum(0), "`out = row`, but with `out += row`"),
        (other_name, X[0] * X[1] ** 2, "but with `return second * first + np.sum(second) * 0`"),
        (slope, X * (1 - np.tanh(X) ** 2), "but with `return x * (1 - h ** 2)`"),
        (without_factor, X * 3 * (1 - np.tanh(X) ** 2) + np.tanh(X), "* (1 - h ** 2)"),
        (ragged, X[0] + np.exp(X[2]), "`second, first = (x[1] * 2, np.exp(x[2]))`"),
        (last_of_rows, np.array([X[0] + X[2], 0 * X[0], X[1], 0 * X[0]]),
         "`out[ROWS] = x[:3]`, but with `np.add.at(out, ROWS, x[:3])`"),
        (last_of_rows_added, np.pad([X[0, 1:] + X[2, 1:], 0 * X[0, 1:], X[1, 1:], 0 * X[0, 1:]],
                                    ((0, 0), (1, 0))) + 1,
         "but with `np.add.at(out, np.s_[ROWS, 1:], x[:3, 1:])`"),
        (not_begun, 3 * X, "`for row in x:`, but `total` set to 0 in each of its turns"),
        (endless, X.sum(0), "`out = out - x[k]`, but with `out = out + x[k]`"),
    ],
)  # fmt: skip
def test_it_is_found_and_the_function_is_as_it_was(
    function: Callable[[Array], Array], right: Array, words: str
) -> None:
    before = function.__code__
    holds = is_right(function, right)
    assert words in said([holds])
    assert function.__code__ is before and not holds()


class Layer:
    def __init__(self, w: Array) -> None:
        self.w, self.before = w, np.exp(w)

    def back(self, d: Array) -> Array:
        return d * self.before

    @staticmethod
    def twice(d: Array) -> Array:
        return d + d + d


def test_methods_and_closures_are_changed_where_they_are() -> None:
    layer, shift = Layer(X + 1), 1.0

    def moved(d: Array) -> Array:
        return d - shift

    for function, right, words in (
        (layer.back, X * (X + 1), "d * self.w"), (Layer.twice, X * 2, "return d + d"),
        (moved, X + 1, "return d + shift"),
    ):  # fmt: skip
        holds = is_right(function, right)
        assert words in said([holds])
        assert not holds()


def writes(x: Array, path: str) -> Array:
    with open(path, "a") as out:
        out.write("x")
    return x + 1


def through_a_library(x: Array, path: str) -> Array:
    os.makedirs(path, exist_ok=True)
    return x + 1


def through_an_object(x: Array, path: Any) -> Array:
    path.mkdir(exist_ok=True)
    return x + 1


def imports(x: Array, path: str) -> Array:
    import shutil

    shutil.rmtree(path, ignore_errors=True)
    return x + 1


def prints(x: Array) -> Array:
    print("once")
    return x + 1


def test_what_has_effects_is_not_run_again_and_nothing_is_printed(
    tmp_path: Path, capsys: Any
) -> None:
    path = tmp_path / "log"
    assert not said([lambda: np.allclose(writes(X, str(path)), X - 1)])
    assert path.read_text() == "x"
    for function in (through_a_library, through_an_object, imports):
        runs: list[int] = []

        def test(function: Any = function, runs: list[int] = runs) -> bool:
            runs.append(1)
            return np.allclose(function(X, tmp_path / "other"), X - 1)

        assert not said([lambda test=test: test()]) and runs == [1]
    assert "x - 1" in said([lambda: np.allclose(prints(X), X - 1)])
    assert capsys.readouterr().out == ""


def test_the_search_ends_in_time_and_what_all_tests_do_not_allow_is_not_said() -> None:
    start = time.thread_time()
    assert one_change([lambda: bool(slope(X) is None)], seconds=0.01).late
    assert one_change([lambda: bool(KEPT)]) == Sought(None, tried=0, late=False)
    assert time.thread_time() - start < 2.0
    # What is right for one row only is no explanation.
    tests = [is_right(backwards, 2 * X[0], X[:1]), is_right(backwards, X.prod(0))]
    assert said(tests[:1]) and not said(tests, seconds=1.0)
    assert [f.name for f in own_functions(lambda: slope(X))] == ["slope"]


def changed(name: str, bug: str) -> Any:
    made = ((b, n, o, w) for n, b, o, w in presented.EDITS)
    return next(presented.changed(n, o, w) for b, n, o, w in made if (n, b) == (name, bug))


def test_a_gradient_that_nothing_else_explains() -> None:
    report = run(changed("taped", "bias summed over the examples, then divided"), "elman")
    said = [d.text() for d in report.diagnoses if d.code == "one-change"]
    assert said and "`other.grad += g / len(out.grad)`, but with `other.grad += g`" in said[0]
    assert "it is right on" in said[0] and "no known mistake" not in report.text()


def test_a_pair_whose_loss_uses_complex_numbers() -> None:
    params, x, y = presented.point("diagonal")
    made = changed("diagonal_gradient", "no conjugate of C")
    found = judge_pair(
        lambda q: presented.LOSSES["diagonal"](q, x, y), lambda q: made(q, x, y), params
    )
    assert "but with `dh = dz @ C.conj()`" in found[-1].message
