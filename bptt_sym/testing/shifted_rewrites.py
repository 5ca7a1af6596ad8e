"""A function's source with a factor or a term of one statement in another one near it."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from functools import partial

from bptt_sym.testing.own_values import may_scale
from bptt_sym.testing.slots import Slot, head, line
from bptt_sym.testing.source import Source

#: Statements before and behind that are tried.
_NEAR = 3
Assigning = ast.Assign | ast.AugAssign


def shifted(source: Source) -> Iterator[Callable[[], str]]:
    """What is multiplied or added too early, or too late."""
    for block in _blocks(source.tree):
        places = {id(node): k for k, node in enumerate(block)}
        for slot in source.slots:
            node, at = slot.get(), places.get(id(slot.statement))
            if at is None or not isinstance(slot.statement, Assigning) or not (
                isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Mult))
            ):  # fmt: skip
                continue
            for other in block[max(0, at - _NEAR) : at + _NEAR + 1]:
                if other is not slot.statement and isinstance(other, Assigning):
                    for rest, part in ((node.left, node.right), (node.right, node.left)):
                        yield from _moved(source, slot, node, rest, part, other)


def _moved(
    source: Source, slot: Slot, node: ast.BinOp, rest: ast.expr, part: ast.expr, other: Assigning
) -> Iterator[Callable[[], str]]:
    """``rest`` for the ``node``, and its other ``part`` in the value of ``other``."""
    seen, whole = source.seen, other.value
    if seen.known and not may_scale(seen.of(ast.unparse(whole)), seen.of(ast.unparse(part))):
        return
    before = line(slot.statement), line(other)
    slot.put(rest)
    other.value = ast.copy_location(ast.BinOp(whole, node.op, part), whole)
    yield partial(_said, before, slot.statement, other)
    slot.put(node)
    other.value = whole


def _said(before: tuple[str, str], first: ast.stmt, second: ast.stmt) -> str:
    said = zip(before, (first, second), strict=True)
    return ", and ".join(f"{then}, but with `{head(now)}`" for then, now in said)


def _blocks(tree: ast.AST) -> Iterator[list[ast.stmt]]:
    for node in ast.walk(tree):
        for field in ("body", "orelse"):
            held = getattr(node, field, None)
            if isinstance(held, list) and held and isinstance(held[0], ast.stmt):
                yield held


__all__ = ["shifted"]
