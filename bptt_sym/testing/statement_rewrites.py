"""A function's source with one statement less, more, or elsewhere."""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterator
from functools import partial
from itertools import combinations
from typing import Any

from bptt_sym.testing.slots import head, line
from bptt_sym.testing.source import Source

#: Places by which a statement is moved, at most.
_FAR = 6
_SWAPS: dict[type[ast.operator], tuple[type[ast.operator], ...]] = {
    ast.Add: (ast.Sub,), ast.Sub: (ast.Add,), ast.Mult: (ast.Div,), ast.Div: (ast.Mult,),
}  # fmt: skip


def _with(place: str, new: ast.stmt) -> str:
    return f"{place}, but with `{head(new)}`"


def _bodies(tree: Any) -> Iterator[tuple[list[ast.stmt], Any]]:
    """Every block, and the statement that it belongs to."""
    for node in ast.walk(tree):
        for field in ("body", "orelse"):
            held = getattr(node, field, None)
            if isinstance(held, list) and held and isinstance(held[0], ast.stmt):
                yield held, node


def statement_rewrites(source: Source) -> Iterator[Callable[[], str]]:
    """One statement less, in another place, added up or assigned, or with targets exchanged."""
    blocks = list(_bodies(source.tree))
    for block, owner in blocks:
        for k, node in enumerate(block):
            where = line(node)
            new: Any
            if isinstance(node, ast.AugAssign):
                if isinstance(node.op, (ast.Add, ast.Sub)):
                    target = copy.copy(node.target)
                    new = ast.copy_location(ast.Assign([target], node.value), node)
                    block[k] = new
                    yield partial(_with, where, new)
                for kind in _SWAPS.get(type(node.op), ()):
                    new = ast.AugAssign(node.target, kind(), node.value)
                    block[k] = ast.copy_location(new, node)
                    yield partial(_with, where, new)
                block[k] = node
            if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(
                node.targets[0], (ast.Name, ast.Subscript, ast.Attribute)
            ):
                new = ast.AugAssign(node.targets[0], ast.Add(), node.value)
                block[k] = ast.copy_location(new, node)
                yield partial(_with, where, new)
                block[k] = node
            if isinstance(node, (ast.FunctionDef, ast.ClassDef, ast.Return)):
                continue
            if isinstance(node, ast.Assign) and len(node.targets) > 1:
                apart: list[ast.stmt] = [
                    ast.copy_location(ast.Assign([t], copy.deepcopy(node.value)), node)
                    for t in node.targets
                ]
                block[k : k + 1] = apart
                yield partial(str, f"{where}, but with a value of its own for each")
                block[k : k + len(apart)] = [node]
            yield from _unpacked(node, where)
            block[k] = ast.copy_location(ast.Pass(), node)
            yield partial(str, f"{where}, but without it")
            block[k] = node
            for inner in ("body", "orelse"):
                held = getattr(node, inner, None)
                if isinstance(node, ast.If) and held:
                    block[k : k + 1] = held
                    yield partial(str, f"{where}, but without the condition")
                    block[k : k + len(held)] = [node]
            yield from _moved(block, k, owner, blocks)


def _moved(
    block: list[ast.stmt], k: int, owner: Any, blocks: list[tuple[list[ast.stmt], Any]]
) -> Iterator[Callable[[], str]]:
    """A statement at other places of its block, and just outside of or within a loop."""
    node = block[k]
    where = line(node)
    for j in range(max(0, k - _FAR), min(len(block), k + _FAR + 1)):
        if j == k:
            continue
        moved = block[:k] + block[k + 1 :]
        moved.insert(j, node)
        kept, after = list(block), moved[j + 1 : j + 2]
        block[:] = moved
        before = f"before `{head(after[0])}`" if after else "at the end of its block"
        yield partial(str, f"{where}, but {before}")
        block[:] = kept
    outer = next(((b, b.index(owner)) for b, _ in blocks if owner in b), None)
    if isinstance(owner, (ast.For, ast.If)) and outer and len(block) > 1:
        (around, at), header = outer, head(owner)
        for place, word in ((at + 1, "after"), (at, "before")):
            kept, kept_around = list(block), list(around)
            del block[k]
            around.insert(place, node)
            yield partial(str, f"{where}, but {word} `{header}`")
            block[:], around[:] = kept, kept_around
    loops = [(j, b) for j, b in ((k + 1, 0), (k - 1, -1)) if 0 <= j < len(block)]
    for j, end in loops:
        loop = block[j]
        if isinstance(loop, (ast.For, ast.If)):
            kept, kept_in, inside = list(block), list(loop.body), head(loop)
            del block[k]
            loop.body.insert(0 if end == 0 else len(loop.body), node)
            yield partial(str, f"{where}, but within `{inside}`")
            block[:], loop.body[:] = kept, kept_in


def _unpacked(node: ast.stmt, where: str) -> Iterator[Callable[[], str]]:
    """Two names to which parts of one value are given, exchanged."""
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    for target in targets:
        if not isinstance(target, (ast.Tuple, ast.List)):
            continue
        parts = target.elts
        for i, j in combinations(range(len(parts)), 2):
            if isinstance(parts[i], ast.Starred) or isinstance(parts[j], ast.Starred):
                continue
            parts[i], parts[j] = parts[j], parts[i]
            yield partial(_with, where, node)
            parts[i], parts[j] = parts[j], parts[i]


__all__ = ["statement_rewrites"]
