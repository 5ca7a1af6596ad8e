"""Factors, terms and values that a function has elsewhere, put in; two of them exchanged."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from functools import partial
from itertools import combinations, islice
from typing import Any

from bptt_sym.testing.own_values import NOTHING, Kinds, kind_of, may_replace, may_scale
from bptt_sym.testing.slots import Slot, head, instead, shown
from bptt_sym.testing.source import Source

Change = Callable[[], str]
#: Characters of an expression that is put in elsewhere, at most; and how many of them.
_LONGEST, _POOL = 40, 120
#: How many of them, the shortest ones, are put in everywhere first.
_FIRST = 40
#: Entries of a table that are never read, at most.
_ENTRIES = 6
#: Characters of what is multiplied to a new term, and how many of them.
_FACTOR, _FACTORS = 14, 10
#: Places of a statement of which two are exchanged.
_PLACES = 24


def put_in(
    source: Source, how: str, whole: bool | None = None, short: bool | None = None
) -> Iterator[Change]:
    """``instead``: an expression for another one; ``times``, ``plus``, ``over``: a factor, a term
    or a divisor; ``unread``: a value that is never read, instead or as a factor. Only of the
    ``whole`` value of a statement, or only within one, and only the ``short`` expressions or the
    other ones, if that is given."""
    seen = source.seen
    pool = dict(_unread(source)) if how == "unread" else _pool(source)
    if short is not None:
        pool = dict(list(pool.items())[:_FIRST] if short else list(pool.items())[_FIRST:])
    for slot in source.slots:
        node = slot.get()
        if not pool or not _value(slot) or not seen.ran(slot):
            continue
        if whole is not None and _whole(slot) != whole:
            continue
        here, before, own = seen.at(slot), shown(slot), ast.unparse(node)
        for text, (other, kinds) in pool.items():
            if text == own:
                continue
            for new in _together(node, other, how):
                if seen.known and not _fits(new, other, here, kinds):
                    continue
                if isinstance(new, ast.BinOp) and new is not other and _inner(slot, new.op):
                    continue
                slot.put(ast.copy_location(new, node))
                yield partial(instead, slot, before)
                slot.put(node)


def _fits(new: ast.expr, other: ast.expr, here: Kinds, kinds: Kinds) -> bool:
    return may_replace(here, kinds) if new is other else may_scale(here, kinds)


def _together(node: ast.expr, other: ast.expr, how: str) -> Iterator[ast.expr]:
    named = isinstance(node, ast.Name) and isinstance(other, ast.Name)
    # One name for another is tried with the names.
    if how == "unread" or (how == "instead" and not named):
        yield other
    if how in ("unread", "times"):
        yield ast.BinOp(node, ast.Mult(), other)
    if how == "over":
        yield ast.BinOp(node, ast.Div(), other)
    if how == "plus":
        yield ast.BinOp(node, ast.Add(), other)
        yield ast.BinOp(node, ast.Sub(), other)


def _inner(slot: Slot, op: ast.operator) -> bool:
    """Whether a factor or a term may as well be put in around the place."""
    if not isinstance(slot.parent, ast.BinOp):
        return False
    if isinstance(op, (ast.Add, ast.Sub)):
        return isinstance(slot.parent.op, ast.Add) or (
            isinstance(slot.parent.op, ast.Sub) and slot.field == "left"
        )
    return isinstance(slot.parent.op, ast.Mult) or (
        isinstance(slot.parent.op, ast.Div) and slot.field == "left"
    )


def _pool(source: Source) -> dict[str, tuple[ast.expr, Kinds]]:
    """Expressions that may have been meant elsewhere, the shortest first."""
    seen, out = source.seen, dict[str, tuple[ast.expr, Kinds]]()
    for slot in source.slots:
        node = slot.get()
        if isinstance(node, (ast.BinOp, ast.Name, ast.Subscript, ast.Call, ast.Attribute)):
            text = ast.unparse(node)
            kinds = seen.of(text)
            useful = kinds and any(k.shape or k.numeric for k in kinds)
            if len(text) <= _LONGEST and (useful or not seen.known):
                out.setdefault(text, (node, kinds))
    chosen = dict(sorted(out.items(), key=lambda item: len(item[0]))[:_POOL])
    more = dict(islice(_cut_alike(source), _POOL))
    read = chosen | more | dict(_forms(chosen))
    unread = dict(_unread(source)) | dict(_unread_entries(source))
    return unread | dict(sorted(read.items(), key=lambda item: len(item[0])))


def _forms(
    pool: dict[str, tuple[ast.expr, Kinds]]
) -> Iterator[tuple[str, tuple[ast.expr, Kinds]]]:
    """The slopes of tanh and σ by their values."""
    for text, (node, kinds) in pool.items():
        if isinstance(node, (ast.Name, ast.Subscript)) and any(k.shape for k in kinds):
            for form in (f"1 - {text} ** 2", f"1 - {text}", f"{text} * (1 - {text})"):
                if form not in pool:
                    yield form, (ast.parse(form, mode="eval").body, kinds)


def _unread(source: Source) -> Iterator[tuple[str, tuple[ast.expr, Kinds]]]:
    """What the function is given or makes, and never reads: by itself, and as others are read."""
    indices = {ast.unparse(i): i for _, i, _ in _subscripts(source)}
    for name, held in source.own.values.items():
        kinds = source.names.get(name, NOTHING)
        if name in source.loaded or not kinds:
            continue
        if any(k.numeric for k in kinds):
            yield name, (ast.Name(name, ast.Load()), kinds)
        if any(k.shape for k in kinds):
            for index in indices.values():
                made = ast.Subscript(ast.Name(name, ast.Load()), index, ast.Load())
                yield ast.unparse(made), (made, _parts(held))


def _unread_entries(source: Source) -> Iterator[tuple[str, tuple[ast.expr, Kinds]]]:
    """What tables hold under keys that are never asked for while others are."""
    asked: dict[str, set[Any]] = {}
    for name, index, _ in _subscripts(source):
        if isinstance(index, ast.Constant) and isinstance(index.value, str):
            asked.setdefault(name, set()).add(index.value)
    for name, keys in asked.items():
        held = source.own.values.get(name, source.own.space.get(name))
        table = held if isinstance(held, dict) else {}
        for key in [k for k in table if isinstance(k, str) and k not in keys][:_ENTRIES]:
            made = ast.Subscript(ast.Name(name, ast.Load()), ast.Constant(key), ast.Load())
            yield ast.unparse(made), (made, frozenset((kind_of(table[key]),)))


def _subscripts(source: Source) -> Iterator[tuple[str, ast.expr, Kinds]]:
    """Names with an index, read or written: the name, the index, and what is there."""
    for node in ast.walk(source.tree):
        match node:
            case ast.Subscript(ast.Name(name), index, ast.Load()):
                yield name, index, source.seen.of(ast.unparse(node))
            case ast.Assign([ast.Subscript(ast.Name(name), index)], value) | ast.AugAssign(
                ast.Subscript(ast.Name(name), index), _, value
            ):
                yield name, index, source.seen.of(ast.unparse(value))


def _cut_alike(source: Source) -> Iterator[tuple[str, tuple[ast.expr, Kinds]]]:
    """Parts of arrays, as the same parts of arrays of the same shape are read or written."""
    for name, index, kinds in _subscripts(source):
        if isinstance(getattr(index, "value", None), str):
            continue
        for other, held in source.names.items():
            if other != name and other in source.loaded and kinds and (
                may_replace(source.names.get(name, NOTHING), held)
            ):
                made = ast.Subscript(ast.Name(other, ast.Load()), index, ast.Load())
                yield ast.unparse(made), (made, kinds)


def _parts(held: Any) -> Kinds:
    """The kinds of what a container holds."""
    if isinstance(held, dict):
        held = list(held.values())
    shape = getattr(held, "shape", None)
    if isinstance(shape, tuple) and shape:
        return frozenset((kind_of(held[0]),))
    return frozenset(map(kind_of, held[:3])) if isinstance(held, (list, tuple)) else NOTHING


def _value(slot: Slot) -> bool:
    """Whether a whole value stands there, or an operand of one."""
    node = slot.get()
    if isinstance(node, (ast.Constant, ast.Slice, ast.Tuple, ast.Dict, ast.ListComp)):
        return False
    if slot.field == "value" and isinstance(slot.parent, (ast.Assign, ast.AugAssign, ast.Return)):
        return True
    if slot.field in ("left", "right") and isinstance(slot.parent, ast.BinOp):
        return True
    if isinstance(slot.parent, ast.Compare):
        return True
    return slot.field in ("elts", "values", "args")


def _whole(slot: Slot) -> bool:
    """Whether it is all that a statement gives a name, adds up or returns, or one of several such
    values."""
    if slot.field == "value":
        return slot.parent is slot.statement
    return slot.field in ("elts", "values") and any(
        slot.parent is part for part in _several(getattr(slot.statement, "value", None))
    )


def _several(node: Any) -> Iterator[ast.expr]:
    """The tuples, lists and dictionaries that a value is made of."""
    if isinstance(node, (ast.Tuple, ast.List, ast.Dict)):
        yield node
        for part in node.values if isinstance(node, ast.Dict) else node.elts:
            yield from _several(part)


def exchanged(source: Source) -> Iterator[Change]:
    """Two values, names or keys of one statement, each for the other."""
    by: dict[int, list[Slot]] = {}
    for slot in source.slots:
        if isinstance(slot.get(), (ast.Name, ast.Subscript, ast.Attribute)) and (
            source.seen.ran(slot)
        ) and slot.field != "func":
            by.setdefault(id(slot.statement), []).append(slot)
    for places in by.values():
        for a, b in combinations(places[:_PLACES], 2):
            first, second = a.get(), b.get()
            if ast.unparse(first) == ast.unparse(second) or _within(first, second):
                continue
            one = a.parent is b.parent and isinstance(a.parent, ast.BinOp)
            if one and isinstance(a.parent.op, (ast.Mult, ast.Add, ast.MatMult, ast.Sub, ast.Div)):
                continue  # the same, or exchanged as operands
            here, there = source.seen.at(a), source.seen.at(b)
            if source.seen.known and not may_replace(here, there):
                continue
            before = head(a.statement)
            a.put(second)
            b.put(first)
            yield partial(_both, a, before)
            a.put(first)
            b.put(second)


def _both(slot: Slot, before: str) -> str:
    return f"line {slot.statement.lineno}, `{before}`, but with `{head(slot.statement)}`"


def _within(a: ast.expr, b: ast.expr) -> bool:
    return any(n is b for n in ast.walk(a)) or any(n is a for n in ast.walk(b))


def terms(source: Source, whole: bool) -> Iterator[Change]:
    """A new term: the product of two values that the function has elsewhere; of the ``whole``
    value of a statement, or within one."""
    seen = source.seen
    if not seen.known:
        return
    short = [(n, k) for t, (n, k) in _pool(source).items()
             if len(t) <= _FACTOR and any(x.shape and x.numeric for x in k)]  # fmt: skip
    for slot in source.slots:
        if not _value(slot) or not seen.ran(slot) or _inner(slot, ast.Add()):
            continue
        if _whole(slot) != whole:
            continue
        here, node, before = seen.at(slot), slot.get(), shown(slot)
        if not any(k.shape for k in here) or isinstance(node, (ast.Name, ast.Subscript)):
            continue
        fitting = [n for n, k in short if may_replace(here, k)][:_FACTORS]
        for a, b in combinations(fitting, 2):
            product = ast.BinOp(a, ast.Mult(), b)
            for op in (ast.Add(), ast.Sub()):
                slot.put(ast.copy_location(ast.BinOp(node, op, product), node))
                yield partial(instead, slot, before)
                slot.put(node)


__all__ = ["exchanged", "put_in", "terms"]
