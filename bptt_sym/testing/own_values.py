"""What kinds of values the expressions of a function have, seen in one run of it.

What may stand for what follows from that: an array for one of the same shape, a factor that does
not change the shape of what it is multiplied by, an integer for an index. What never ran is no
place where anything went wrong.
"""

from __future__ import annotations

import ast
import numbers
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from bptt_sym.testing.compare import FAILURES
from bptt_sym.testing.own_code import OwnFunction, quiet
from bptt_sym.testing.slots import Slot

#: The name by which what is run reports a value, and kinds of one expression that are kept.
_REPORT, _MOST = "bptt_sym_seen", 6
_CONTAINERS = (list, tuple, dict, set, frozenset)


@final
@dataclass(frozen=True)
class Kind:
    """``number``, ``array``, ``truth``, or the name of another class; ``whole`` are integers."""

    family: str
    shape: tuple[int, ...] = ()
    whole: bool = False

    @property
    def numeric(self) -> bool:
        return self.family in ("number", "array")


Kinds = frozenset[Kind]
NOTHING: Kinds = frozenset()


def kind_of(value: Any) -> Kind:
    """What has to be the same of two values, for one to stand for the other."""
    shape, dtype = getattr(value, "shape", None), getattr(value, "dtype", None)
    if isinstance(shape, tuple) and dtype is not None:
        whole, sizes = "int" in str(dtype), tuple(shape)
        if "bool" in str(dtype):
            return Kind("truth", sizes)
        return Kind("array" if sizes else "number", sizes, whole)
    if isinstance(value, bool):
        return Kind("truth")
    if isinstance(value, numbers.Number):
        return Kind("number", (), isinstance(value, int))
    name = f"{type(value).__module__}.{type(value).__qualname__}"
    return Kind(name, (len(value),) if isinstance(value, _CONTAINERS) else ())


def may_replace(there: Kinds, other: Kinds) -> bool:
    """Whether a value of one kind may stand where the other is."""
    return any(a.family == b.family and a.shape == b.shape for a in there for b in other)


def may_scale(there: Kinds, other: Kinds) -> bool:
    """Whether an operand may meet a value without changing what it is."""
    return any(_keeps(a, b) for a in there for b in other)


def _keeps(there: Kind, other: Kind) -> bool:
    if there.numeric and (other.numeric or other.family == "truth"):
        try:
            return np.broadcast_shapes(there.shape, other.shape) == there.shape
        except ValueError:
            return False
    # Of classes with operators of their own nothing is known; containers have no arithmetic.
    return not any(k.family == "truth" or k.family.startswith("builtins.") for k in (there, other))


class Seen:
    """The kinds of the values at each slot of some functions."""

    def __init__(self, slots: Sequence[Slot], kinds: dict[int, set[Kind]] | None) -> None:
        self._kinds = kinds
        self._places = {(id(s.parent), s.field, s.index): k for k, s in enumerate(slots)}
        self._reports = {k for k, s in enumerate(slots) if _may_report(s)}
        self.by_text: dict[str, set[Kind]] = {}
        for k, slot in enumerate(slots):
            if kinds is not None and k in kinds:
                self.by_text.setdefault(ast.unparse(slot.get()), set()).update(kinds[k])

    @property
    def known(self) -> bool:
        """Whether the function could be looked at."""
        return self._kinds is not None

    def at(self, slot: Slot) -> Kinds:
        """The kinds at a slot; none where it did not run."""
        k = self._places.get((id(slot.parent), slot.field, slot.index))
        return frozenset((self._kinds or {}).get(-1 if k is None else k, ()))

    def ran(self, slot: Slot) -> bool:
        """Whether a slot was passed, as far as that is known."""
        k = self._places.get((id(slot.parent), slot.field, slot.index))
        return self._kinds is None or k not in self._reports or k in self._kinds

    def of(self, text: str) -> Kinds:
        """The kinds of an expression, wherever it stands."""
        return frozenset(self.by_text.get(text, ()))


def seen(own: OwnFunction, slots: Sequence[Slot], call: Callable[[], Any]) -> Seen:
    """What the expressions of a function are while ``call`` runs."""
    kinds: dict[int, set[Kind]] = {}

    def report(k: int, value: Any) -> Any:
        there = kinds.setdefault(k, set())
        if len(there) < _MOST:
            there.add(kind_of(value))
        return value

    wrapped = [(k, s, s.get()) for k, s in enumerate(slots) if _may_report(s)]
    try:
        for k, slot, node in wrapped:
            called = ast.Call(ast.Name(_REPORT, ast.Load()), [ast.Constant(k), node], [])
            slot.put(ast.copy_location(called, node))
        code = own.compiled()
    except (SyntaxError, ValueError, TypeError, RecursionError):
        code = None
    finally:
        for _, slot, node in wrapped:
            slot.put(node)
    if code is None:
        return Seen(slots, None)
    try:
        with own.exchanged(code), own.named(_REPORT, report), quiet():
            call()
    except FAILURES:
        return Seen(slots, None)
    return Seen(slots, kinds or None)


def _may_report(slot: Slot) -> bool:
    node = slot.get()
    if isinstance(node, (ast.Slice, ast.Starred, ast.Await, ast.Yield, ast.YieldFrom)):
        return False
    if not isinstance(getattr(node, "ctx", ast.Load()), ast.Load):
        return False
    if isinstance(node, ast.Tuple) and any(isinstance(e, (ast.Slice, ast.Starred))
                                           for e in node.elts):  # fmt: skip
        return False
    parent = slot.parent
    if isinstance(parent, (ast.JoinedStr, ast.FormattedValue, ast.pattern, ast.match_case)):
        return False
    return not (isinstance(parent, ast.Call) and slot.field == "func")


__all__ = ["NOTHING", "Kind", "Kinds", "Seen", "kind_of", "may_replace", "may_scale", "seen"]
