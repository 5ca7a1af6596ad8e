"""Another name, key, attribute or index of the same kind for one that is there."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

from bptt_sym.testing.own_values import Kinds, kind_of, may_replace
from bptt_sym.testing.slots import Slot
from bptt_sym.testing.source import Source

#: Expressions that may be an index, at most.
_INDICES = 16


def names(node: Any, slot: Slot, source: Source) -> Iterator[Any]:
    """What may have been meant where a name, a key, an attribute or an index stands."""
    here = source.seen.at(slot)
    dtype = None
    if isinstance(node, ast.Name):
        dtype = getattr(source.own.values.get(node.id), "dtype", None)
    if getattr(dtype, "kind", "") == "c" or getattr(dtype, "is_complex", False):
        yield ast.Call(ast.Attribute(node, "conj", ast.Load()), [], [])
    if slot.is_index or source.in_index(slot):
        yield from _indices(node, slot, source, here)
    match node:
        case ast.Name(name) if name in source.names:
            for word, kinds in source.names.items():
                if word == name or _fills_itself(slot, word):
                    continue
                if may_replace(here or source.names[name], kinds):
                    yield ast.Name(word, ast.Load())
        case ast.Constant(str(key)) if _is_key(slot):
            for word in _keys(source):
                if word != key and _same_kind(slot, key, word, source):
                    yield ast.Constant(word)
        case ast.Attribute(ast.Name("self") as owner, field):
            fields = getattr(source.own.values.get("self"), "__dict__", {})
            if field not in fields:
                return
            for word, value in fields.items():
                if word != field and not callable(value) and may_replace(
                    here or frozenset((kind_of(fields[field]),)), frozenset((kind_of(value),))
                ) and not _fills_itself(slot, f"self.{word}"):
                    yield ast.Attribute(owner, word, ast.Load())
    if isinstance(node, (ast.Name, ast.Call)) and any(
        k.family in ("builtins.list", "builtins.tuple") for k in here
    ) and slot.field != "iter" and not isinstance(slot.parent, (ast.Subscript, ast.Attribute)):
        backwards = ast.Slice(None, None, ast.UnaryOp(ast.USub(), ast.Constant(1)))
        yield ast.Subscript(node, backwards, ast.Load())
    if isinstance(node, ast.Slice) and source.in_index(slot):
        yield from _paired(node, slot, source)


def _indices(node: Any, slot: Slot, source: Source, here: Kinds) -> Iterator[ast.expr]:
    """Indices that stand elsewhere in the function."""
    if isinstance(node, (ast.Slice, ast.Tuple)) or not all(k.whole for k in here):
        return
    own, found = ast.unparse(node), 0
    for text, other in _whole(source).items():
        if text == own or not may_replace(here, source.seen.of(text)):
            continue
        if isinstance(node, ast.Name) and text in source.names:
            continue  # tried as a name
        yield other
        found += 1
        if found == _INDICES:
            return


def _whole(source: Source) -> dict[str, ast.expr]:
    """Expressions whose values are integers: names, and what is made of them."""
    out: dict[str, ast.expr] = {}
    for slot in source.slots:
        node = slot.get()
        index = slot.is_index or source.in_index(slot)
        if not isinstance(node, ast.Name) and not (
            index and isinstance(node, (ast.BinOp, ast.Subscript, ast.UnaryOp))
        ):
            continue
        kinds = source.seen.at(slot)
        if kinds and all(k.whole for k in kinds):
            out.setdefault(ast.unparse(node), node)
    return dict(sorted(out.items(), key=lambda item: len(item[0])))


def _is_key(slot: Slot) -> bool:
    function = getattr(slot.parent, "func", None)
    got = isinstance(function, ast.Attribute) and function.attr in ("get", "pop")
    return slot.is_index or (got and slot.field == "args" and slot.index == 0)


def _keys(source: Source) -> dict[str, None]:
    found = (s.get().value for s in source.slots if isinstance(s.get(), ast.Constant)
             and _is_key(s))  # fmt: skip
    return dict.fromkeys(k for k in found if isinstance(k, str))


def _same_kind(slot: Slot, key: str, word: str, source: Source) -> bool:
    """Whether another key's value is of the same kind, as far as that was seen."""
    if not isinstance(slot.parent, ast.Subscript):
        return True
    base = ast.unparse(slot.parent.value)
    this, other = (source.seen.of(f"{base}[{k!r}]") for k in (key, word))
    return not this or not other or may_replace(this, other)


def _fills_itself(slot: Slot, word: str) -> bool:
    """Whether a change would put a list or a dictionary into itself, which has no end."""
    match slot.parent:
        case ast.Call(ast.Attribute(owner, _)) if slot.field == "args":
            return ast.unparse(owner) == word
    statement = slot.statement
    targets = statement.targets if isinstance(statement, ast.Assign) else [
        getattr(statement, "target", None)
    ]
    return any(isinstance(t, ast.Subscript) and ast.unparse(t.value) == word for t in targets)


def _paired(node: ast.Slice, slot: Slot, source: Source) -> Iterator[ast.expr]:
    """All of an axis, taken together with the index beside it: ``a[range(len(a)), k]``."""
    owners = (n for n in ast.walk(slot.statement) if isinstance(n, ast.Subscript))
    owner = next((n for n in owners if n.slice is slot.parent), None)
    if owner is None or (node.lower, node.upper, node.step) != (None,) * 3:
        return
    base = owner.value
    size: ast.expr = ast.Call(ast.Name("len", ast.Load()), [base], [])
    if slot.index:
        sizes = ast.Attribute(base, "shape", ast.Load())
        size = ast.Subscript(sizes, ast.Constant(slot.index), ast.Load())
    yield ast.Call(ast.Name("range", ast.Load()), [size], [])


__all__ = ["names"]
