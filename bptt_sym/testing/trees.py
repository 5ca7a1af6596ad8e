"""Parameters as people keep them: in dictionaries, lists and tuples within each other, or bare."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any

import numpy as np

from bptt_sym.errors import InputError
from bptt_sym.testing.compare import FAILURES

Array = Any
Flat = dict[str, Array]

#: What a single array, and the entries of a list, are called.
_BARE = "params"


def _within(tree: Any, path: str) -> list[tuple[Any, str]]:
    """The keys of a node with the names of what they hold; nothing for a leaf."""
    if isinstance(tree, Mapping):
        return [(k, f"{path}.{k}" if path else str(k)) for k in tree]
    if isinstance(tree, (list, tuple)):
        return [(k, f"{path or _BARE}[{k}]") for k in range(len(tree))]
    return []


def _leaf(tree: Any) -> bool:
    return not isinstance(tree, (Mapping, list, tuple))


def _leaves(tree: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if _leaf(tree):
        yield path or _BARE, tree
    for key, name in _within(tree, path):
        yield from _leaves(tree[key], name)


def _rebuilt(tree: Any, values: Mapping[str, Array], path: str = "") -> Any:
    """The tree with other leaves; those without a value stay."""
    if _leaf(tree):
        return values.get(path or _BARE, tree)
    inner = {k: _rebuilt(tree[k], values, name) for k, name in _within(tree, path)}
    if isinstance(tree, Mapping):
        return inner
    return type(tree)(*inner.values()) if hasattr(tree, "_fields") else type(tree)(inner.values())


def _picked(tree: Any, given: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """What a gradient holds at the places of the leaves.

    Raises
    ------
    TypeError
        It is built otherwise.
    """
    if _leaf(tree):
        yield path or _BARE, given
        return
    mapping = isinstance(tree, Mapping)
    if not isinstance(given, Mapping if mapping else (list, tuple)):
        what = f"the gradient of {path}" if path else "the gradient"
        wanted = "mapping from names to arrays" if mapping else type(tree).__name__
        raise TypeError(f"{what} is {type(given).__name__}, no {wanted}")
    for key, name in _within(tree, path):
        if key in given if mapping else key < len(given):
            yield from _picked(tree[key], given[key], name)


def _kind(leaf: Any) -> str:
    """Of the numbers of a leaf; ``O`` for what holds none."""
    try:
        return str(np.asarray(leaf).dtype.kind)
    except Exception:
        return "O"


def units(params: Any) -> dict[str, float]:
    """The rounding unit of each parameter that is held in less than float64, 0 for the others."""
    # A tensor's dtype is called torch.float32.
    kinds = {k: str(getattr(leaf, "dtype", "")).split(".")[-1] for k, leaf in _leaves(params)}
    return {
        k: float(np.finfo(kind).eps) / 2 if kind in ("float32", "float16") else 0.0
        for k, kind in kinds.items()
    }


def flattened(
    loss: Callable[[Any], Any], grad: Callable[[Any], Any], params: Any
) -> tuple[Callable[[Flat], Any], Callable[[Flat], Any], Flat]:
    """The pair as functions of names and arrays, and the arrays of the floating-point parameters.

    What is no number is passed on as it is, and so are whole numbers for which ``grad`` returns
    nothing and which the loss needs whole, such as a size or indices.

    Raises
    ------
    InputError
        A parameter is complex.
    """
    leaves = dict(_leaves(params))
    kinds = {name: _kind(leaf) for name, leaf in leaves.items()}
    for name, kind in kinds.items():
        if kind == "c":
            raise InputError(f"{name} is complex: gradients by real parameters are judged")
    flat = isinstance(params, Mapping) and all(map(_leaf, params.values()))
    if flat and set(kinds.values()) <= {"f"}:
        return loss, grad, {k: np.array(v, np.float64) for k, v in leaves.items()}

    def picked(values: Mapping[str, Array]) -> Any:
        found = dict(_picked(params, grad(_rebuilt(params, values))))
        # JAX returns entries of no size for whole numbers.
        return {k: v for k, v in found.items() if kinds[k] == "f" or _kind(v) in "biuf"}

    def moves(name: str) -> bool:
        """Whether the loss takes another number there, and is another one then."""
        try:
            moved = loss(_rebuilt(params, {name: np.asarray(leaves[name], float) + 0.25}))
            return not np.array_equal(np.asarray(moved), np.asarray(loss(params)))
        except FAILURES:
            return False

    whole = {k for k, kind in kinds.items() if kind in "biu"}
    returned: set[str] = set()
    with suppress(*FAILURES):  # what fails here fails at the point, too, and is told then
        returned = {k for k, v in picked({}).items() if v is not None} if whole else set()
    judged = {k for k in whole if k in returned or (kinds[k] != "b" and moves(k))}
    judged |= {k for k, kind in kinds.items() if kind == "f"}
    point = {k: np.array(v, np.float64) for k, v in leaves.items() if k in judged}
    return lambda values: loss(_rebuilt(params, values)), picked, point
