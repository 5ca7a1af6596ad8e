"""When two gradient functions are the same one, though a test makes it anew for each problem.

``functools.partial``, methods of a test class, closures and the adapters of PyTorch and JAX are
other objects in each test that uses them. What was found out about one of them holds for all.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from contextlib import suppress
from functools import partial
from types import FunctionType, MethodType
from typing import Any

#: Functions within functions that are looked into.
_DEEPEST = 5


def sameness(function: Any, depth: int = _DEEPEST) -> Hashable:
    """A key that is equal for functions of the same code that read the same values.

    Raises
    ------
    TypeError
        The function holds something that cannot be compared, such as an array.
    """
    if depth == 0:
        raise TypeError("functions within functions within functions")

    def value(held: Any) -> Hashable:
        if isinstance(held, (partial, FunctionType, MethodType)):
            return sameness(held, depth - 1)
        hash(held)
        return (type(held), held)  # 1 == True

    if hasattr(function, "made_by"):
        maker, inner, rest = function.made_by
        return (maker, sameness(inner, depth - 1), rest)
    if isinstance(function, partial):
        named = tuple((k, value(v)) for k, v in sorted(function.keywords.items()))
        return (sameness(function.func, depth - 1), tuple(map(value, function.args)), named)
    if isinstance(function, MethodType):
        return (sameness(function.__func__, depth - 1), _owner(function.__self__, value))
    if isinstance(function, FunctionType):
        cells = tuple(value(cell.cell_contents) for cell in function.__closure__ or ())
        more = (*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values())
        return (id(function.__globals__), function.__code__, cells, tuple(map(value, more)))
    return _owner(function, value)


class _Plain:
    """An object that has nothing but its attributes."""


def _owner(owner: Any, value: Callable[[Any], Hashable]) -> Hashable:
    """A plain object is what it holds: pytest makes a new one of a test class for each test."""
    kind: Any = type(owner)
    plain = kind.__hash__ is _Plain.__hash__ and kind.__basicsize__ == _Plain.__basicsize__
    if plain and hasattr(owner, "__dict__"):
        with suppress(TypeError):
            return (kind, tuple((k, value(v)) for k, v in vars(owner).items()))
    hash(owner)
    return (kind, owner)


class Remembered:
    """What was found out about the last functions, by :func:`sameness`."""

    def __init__(self, most: int = 64) -> None:
        self._most = most
        self._known: OrderedDict[Hashable, dict[Any, Any]] = OrderedDict()

    def of(self, function: Any) -> dict[Any, Any]:
        """A table to read and to write to; one of its own for a function that is like no other."""
        try:
            key = sameness(function)
        except (TypeError, ValueError):  # what is not hashable, and an empty cell
            key = (id(function), function) if isinstance(function, Hashable) else None
        if key is None:
            return {}
        table = self._known.setdefault(key, {})
        self._known.move_to_end(key)
        while len(self._known) > self._most:
            self._known.popitem(last=False)
        return table


__all__ = ["Remembered", "sameness"]
