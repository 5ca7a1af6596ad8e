"""Products of NumPy that are no ufuncs, as if they were: ``dot``, ``einsum``, ``outer``, …

Arrays that are joined are, and copies of an array along a new first axis, ``tile``, ``repeat`` and
``broadcast_to``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, final

import numpy as np

Array = Any
#: What joins arrays, and of how many at most.
_JOINING = (np.concatenate, np.hstack, np.vstack, np.stack, np.column_stack)
JOINED = frozenset(f.__name__ for f in _JOINING)
_PARTS = 8


@final
class Product:
    """A function that is linear in each of its operands, with everything else given to it.

    If it ``joins`` them it is linear in all at once.
    """

    def __init__(self, name: str, made: Callable[..., Array], *, joins: bool = False) -> None:
        self.__name__, self.made, self.joins = name, made, joins

    def __call__(self, *operands: Array) -> Array:
        return self.made(*operands)


def product_of(
    function: Any, args: Sequence[Any], kwargs: Mapping[str, Any]
) -> tuple[Any, list[Any]] | None:
    """The product that a call computes, and of what; ``None`` for any other call."""
    given = dict(kwargs)
    if given.pop("out", None) is not None:
        return None
    if function is np.einsum and args and isinstance(args[0], str):
        given["optimize"] = False
        spec = args[0]
        return Product("einsum", lambda *v: np.einsum(spec, *v, **given)), list(args[1:])
    if function in _JOINING and args and isinstance(args[0], list | tuple):
        rest, parts = tuple(args[1:]), list(args[0])
        # Of many, as of the states of all steps, none is told by its place.
        if 2 <= len(parts) <= _PARTS:
            return Product(
                function.__name__, lambda *v: function(v, *rest, **given), joins=True
            ), parts
    if len(args) < 2:
        return None
    two = list(args[:2])
    if function is np.dot and not given and len(args) == 2:
        if all(1 <= np.ndim(a) <= 2 for a in two):
            return np.matmul, two
        if any(np.ndim(a) == 0 for a in two):
            return np.multiply, two
    if function in (np.tensordot, np.outer, np.inner, np.dot):
        rest = tuple(args[2:])
        return Product(function.__name__, lambda a, b: function(a, b, *rest, **given)), two
    return None


def copies_of(function: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Product | None:
    """The copying that a call does of its first argument; ``None`` for any other call."""
    if function in (np.tile, np.repeat, np.broadcast_to) and args:
        rest, given = tuple(args[1:]), dict(kwargs)
        return Product(function.__name__, lambda a: np.array(function(a, *rest, **given)))
    return None


__all__ = ["JOINED", "Product", "copies_of", "product_of"]
