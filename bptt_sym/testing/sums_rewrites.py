"""A function's source with a sum begun anew, or with rows that occur twice added up."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from functools import partial
from types import ModuleType
from typing import Any

from bptt_sym.testing.slots import line
from bptt_sym.testing.source import Source


def sums_rewrites(source: Source) -> Iterator[Callable[[], str]]:
    """``np.add.at`` for rows that are assigned, and sums over a loop that begin at 0 in each turn
    of the loop around it."""
    for block in _blocks(source.tree):
        for k, node in enumerate(block):
            new = _added_at(node, source)
            if new is not None:
                block[k] = ast.copy_location(new, node)
                yield partial(str, f"{line(node)}, but with `{ast.unparse(new)}`")
                block[k] = node
            if isinstance(node, ast.For):
                yield from _begun(block, k, node, source)


def _blocks(tree: Any) -> Iterator[list[ast.stmt]]:
    for node in ast.walk(tree):
        for field in ("body", "orelse"):
            held = getattr(node, field, None)
            if isinstance(held, list) and held and isinstance(held[0], ast.stmt):
                yield held


def _added_at(node: ast.stmt, source: Source) -> ast.stmt | None:
    """``a[k] = v`` and ``a[k] += v`` for an array k, as ``np.add.at(a, k, v)``."""
    match node:
        case ast.Assign([ast.Subscript() as target], value):
            pass
        case ast.AugAssign(ast.Subscript() as target, ast.Add(), value):
            pass
        case _:
            return None
    indices = target.slice.elts if isinstance(target.slice, ast.Tuple) else [target.slice]
    several = (
        kind.shape and (kind.whole or kind.family == "builtins.list")
        for index in indices for kind in source.seen.of(ast.unparse(index))
    )  # fmt: skip
    numpy = next((k for k, v in source.own.space.items()
                  if isinstance(v, ModuleType) and v.__name__ == "numpy"), None)  # fmt: skip
    if numpy is None or not any(several):
        return None
    sliced = any(isinstance(index, ast.Slice) for index in indices)
    place = ast.Subscript(ast.Name(f"{numpy}.s_", ast.Load()), target.slice, ast.Load())
    where = ast.unparse(place if sliced else target.slice)
    added = f"{numpy}.add.at({ast.unparse(target.value)}, {where}, {ast.unparse(value)})"
    return ast.parse(added).body[0]


def _begun(
    block: list[ast.stmt], k: int, loop: ast.For, source: Source
) -> Iterator[Callable[[], str]]:
    """What the loop adds up is 0 before it, or at the beginning of each of its turns."""
    for name in _added_up(loop):
        kinds = source.names.get(name, frozenset())
        if not any(kind.family in ("array", "number") for kind in kinds):
            continue
        zero: ast.stmt = ast.parse(f"{name} = 0 * {name}").body[0]
        ast.copy_location(zero, loop)
        said = f"{line(loop)}, but `{name}` set to 0 "
        for held, at, where in ((block, k, "before it"), (loop.body, 0, "in each of its turns")):
            held.insert(at, zero)
            yield partial(str, said + where)
            del held[at]


def _added_up(loop: ast.For) -> dict[str, None]:
    """The names to which something is added within a loop."""
    found: dict[str, None] = {}
    for node in ast.walk(loop):
        match node:
            case ast.AugAssign(ast.Name(name), ast.Add()):
                found[name] = None
            case ast.Assign([ast.Name(name)], ast.BinOp() as value):
                if any(isinstance(n, ast.Name) and n.id == name for n in ast.walk(value)):
                    found[name] = None
    return found


__all__ = ["sums_rewrites"]
