"""Edits of slices: another part, or the other axis, wherever the same is cut."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

from bptt_sym.diagnose.surroundings import Local
from bptt_sym.notation import D, Node, Sym, Transpose, rebuild, walk
from bptt_sym.read.vocabulary import Vocabulary
from bptt_sym.recurrence import Recurrence
from bptt_sym.slices import WHOLE, Bound, Cut, Slice

#: The slip of a block that is another than the one that is meant.
CODE = "BP021"


def other_cuts(right: Node, rec: Recurrence) -> Iterator[Local]:
    """``right`` with all its slices made other ones, and with each of them alone."""
    slices = list(dict.fromkeys(n for n in walk(right) if isinstance(n, Slice)))
    if not slices:
        return
    changes = list(_changes(slices, rec))
    for cost, change in changes:
        yield Local(CODE, cost, _changed(right, frozenset(slices), change))
        for one in slices if len(slices) > 1 else ():
            yield Local(CODE, cost + 1, _changed(right, frozenset((one,)), change))
    # (δ W)[:n]: what is cut is a product with the wrong side of its matrices.
    if any(not isinstance(s.arg, (Sym, Transpose)) for s in slices):
        turned = _changed(right, frozenset(slices), lambda s: _with_turned(s, rec))
        yield Local("BP009", 1, turned)
        again = frozenset(n for n in walk(turned) if isinstance(n, Slice))
        for cost, change in changes:
            yield Local(CODE, cost + 2, _changed(turned, again, change))


def _changes(slices: list[Slice], rec: Recurrence) -> Iterator[tuple[int, Callable[[Slice], Node]]]:
    yield 1, lambda s: replace(s, axes=_turned(s.axes))
    yield 1, lambda s: replace(s, axes=tuple(map(_rest, s.axes)))
    yield 2, lambda s: replace(s, axes=_turned(tuple(map(_rest, s.axes))))
    ends = {b: None for s in slices for c in s.axes for b in (c.lo, c.hi) if b is not None}
    joints = {Bound((parts[0],)): None for parts in Vocabulary.of(rec).joins if len(parts) == 2}
    for at in (b for b in joints if b not in ends):
        for cut in (Cut(None, at), Cut(at, None)):
            yield 2, partial(_cut_by, cut, False)
            yield 3, partial(_cut_by, cut, True)


def _cut_by(cut: Cut, turned: bool, node: Slice) -> Node:
    axes = tuple(c if c.is_whole else cut for c in node.axes)
    return replace(node, axes=_turned(axes) if turned else axes)


def _with_turned(node: Node, rec: Recurrence) -> Node:
    """``node`` with its matrices transposed, and those that are transposed not."""
    match node:
        case Transpose(arg=Sym() as inner):
            return inner
        case Sym(name=name):
            return Transpose(node) if len(rec.shapes.get(name, ())) == 2 else node
        case D():
            return node
    return rebuild(node, lambda c: _with_turned(c, rec))


def _turned(axes: tuple[Cut, ...]) -> tuple[Cut, ...]:
    return axes[::-1] if len(axes) == 2 else (WHOLE, *axes) if len(axes) == 1 else axes


def _rest(cut: Cut) -> Cut:
    """What ``cut`` leaves out, if it ends at one end of the axis."""
    return Cut(cut.hi, cut.lo) if (cut.lo is None) != (cut.hi is None) else cut


def _changed(node: Node, which: frozenset[Slice], change: Callable[[Slice], Node]) -> Node:
    node = rebuild(node, lambda c: _changed(c, which, change)) if node not in which else node
    return change(node) if isinstance(node, Slice) and node in which else node
