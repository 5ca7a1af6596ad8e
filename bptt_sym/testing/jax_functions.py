"""Which ``custom_vjp`` of JAX code is wrong, and in which of the values it passes back.

The functions that a gradient calls are recorded with the shapes of their arguments, since these are
no numbers while JAX follows them; each is then tried on random ones.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from bptt_sym.testing.compare import FAILURES
from bptt_sym.testing.own_backwards import off_by, together, without_cotangents

Array = Any


def compiled(loss: Callable[[Any], Any], point: dict[str, Array]) -> Callable[[Any], Any]:
    """A loss in JAX compiled, if that is the same function; any other loss as it is.

    Not compiled, every call costs what following its operations does, and a judgement takes
    hundreds of calls.
    """
    jax = sys.modules.get("jax")
    if jax is None:
        return loss
    fast = jax.jit(lambda p: loss(p))
    try:
        for scale in (1.0, 1.0 + 2.0**-6):
            moved = {k: v * scale for k, v in point.items()}
            value = loss({k: v.copy() for k, v in moved.items()})
            if not isinstance(value, jax.Array):
                return loss
            again, near = fast(moved), 64 * float(np.finfo(value.dtype).eps)
            size = float(abs(value).sum())
            # What is another one at each call fails, too: of such a loss nothing is compiled.
            if again.dtype != value.dtype or not float(abs(again - value).sum()) <= near * size:
                return loss
    except FAILURES:  # it fails, or it is code that cannot be followed: it looks at its numbers
        return loss

    def either(p: Any) -> Any:
        try:
            return fast(p)
        except FAILURES:
            return loss(p)

    return either


def wrong_vjps(call: Callable[[], Any]) -> list[tuple[str, bool]]:
    """What is wrong with the functions that ``call`` calls, in words, and whether they say it.

    Empty without JAX.
    """
    jax: Any = sys.modules.get("jax")
    found: list[tuple[str, bool]] = []
    for function, arguments in _called(jax, call):
        try:
            with jax.enable_x64(True):
                found += _wrong(jax, function, arguments)
        except FAILURES:  # what is no array among the arguments, a domain of its own
            continue
    return found


def ways_back(call: Callable[[], Any]) -> list[Callable[[], bool]]:
    """Tests whether the ``bwd`` of a ``custom_vjp`` that ``call`` calls is right, of those that are
    not.

    They run it by itself, on random numbers, beside what JAX makes of the function.
    """
    jax, tests = sys.modules.get("jax"), list[Callable[[], bool]]()
    for function, arguments in _called(jax, call):
        try:
            test = _way_back(jax, function, arguments)
            if test is not None and not test():
                tests.append(test)
        except FAILURES:
            continue
    return tests


def _way_back(
    jax: Any, function: Any, arguments: tuple[Any, ...]
) -> Callable[[], bool] | None:
    """Whether what comes back to the arguments is what belongs there; ``None`` if that is not
    known."""
    forward, back = getattr(function, "fwd", None), getattr(function, "bwd", None)
    apart: Any = getattr(function, "nondiff_argnums", None)
    if forward is None or back is None or apart:
        return None
    rng, tree = np.random.default_rng(47), jax.tree_util

    def drawn(leaf: Any) -> Any:
        whole = "float" not in str(getattr(leaf, "dtype", "float"))
        return rng.integers(0, 2, np.shape(leaf)) if whole else rng.normal(size=np.shape(leaf))

    with jax.enable_x64(True):
        point = tree.tree_map(lambda leaf: jax.numpy.asarray(drawn(leaf)), arguments)
        made, exactly = jax.vjp(function.fun, *point)
        seeds = tree.tree_map(lambda o: jax.numpy.asarray(rng.normal(size=o.shape)), made)
        exact = exactly(seeds)

    def test() -> bool:
        with jax.enable_x64(True):
            given = back(forward(*point)[1], seeds)
            if not isinstance(given, (tuple, list)) or len(given) != len(exact):
                return False
            return all(_as_it_is(tree, *three) for three in zip(given, exact, point, strict=True))

    return test


def _as_it_is(tree: Any, given: Any, exact: Any, argument: Any) -> bool:
    """Whether what comes back to one argument is right; to integers nothing does."""
    right, there = tree.tree_leaves(exact), tree.tree_leaves(argument)
    if all("int" in str(a.dtype) for a in there):
        return True
    values = tree.tree_leaves(given)
    return len(values) == len(right) and all(
        np.shape(a) == np.shape(b) and bool(
            np.abs(np.subtract(a, b)).max(initial=0.0) <= 1e-9 * np.abs(b).max(initial=1e-300)
        )
        for a, b in zip(values, right, strict=True)
    )  # fmt: skip


def _called(
    jax: Any, call: Callable[[], Any]
) -> list[tuple[Any, tuple[Any, ...]]]:
    """Each ``custom_vjp`` that ``call`` calls, with the arguments of the first call."""
    if jax is None:
        return []
    called: dict[int, tuple[Any, tuple[Any, ...]]] = {}
    original = jax.custom_vjp.__call__

    def recorded(function: Any, *arguments: Any, **named: Any) -> Any:
        if not named:
            called.setdefault(id(function), (function, arguments))
        return original(function, *arguments, **named)

    jax.custom_vjp.__call__ = recorded
    try:
        call()
    except FAILURES:
        return []
    finally:
        jax.custom_vjp.__call__ = original
    return list(called.values())


def _wrong(jax: Any, function: Any, arguments: tuple[Any, ...]) -> list[tuple[str, bool]]:
    rng = np.random.default_rng(43)
    names = list(inspect.signature(function.fun).parameters)
    paths, tree = jax.tree_util.tree_flatten_with_path(arguments)
    point = {
        names[path[0].idx] + jax.tree_util.keystr(path[1:]): rng.normal(size=np.shape(leaf))
        for path, leaf in paths
    }

    def outputs(arrays: Any) -> Any:
        made = function(*jax.tree_util.tree_unflatten(tree, arrays))
        return jax.tree_util.tree_leaves(made)

    arrays = [jax.numpy.asarray(v) for v in point.values()]
    made, back = jax.vjp(outputs, arrays)
    compiled = jax.jit(outputs)
    nothing = back([jax.numpy.zeros_like(o) for o in made])[0]
    at_zero = {n: np.asarray(v) for n, v in zip(point, nothing, strict=True)}
    off = without_cotangents(at_zero, range(len(made)))
    constant = frozenset(off)
    for number, out in enumerate(made):
        cotangent = rng.normal(size=out.shape)
        seeds = [jax.numpy.zeros_like(o) for o in made]
        seeds[number] = jax.numpy.asarray(cotangent, out.dtype)
        values = {n: np.asarray(v) for n, v in zip(point, back(seeds)[0], strict=True)
                  if n not in constant}  # fmt: skip

        def loss(p: dict[str, Array], number: int = number, by: Array = cotangent) -> float:
            value = compiled([jax.numpy.asarray(v) for v in p.values()])[number]
            return float((np.asarray(value) * by).sum())

        only = np.asarray(made[0]) if len(made) == 1 else None
        for name, said in off_by(loss, point, values, only):
            off.setdefault(name, {})[number] = said
    return together(f"the custom_vjp of {function.__name__}", off, range(len(made)))


__all__ = ["compiled", "ways_back", "wrong_vjps"]
