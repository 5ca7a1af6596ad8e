"""Wrong gradients made by machine: one node of the source of a right one is changed.

Operators, operands, transposes, indices, constants, names, accumulations and statements of the four
cells of ``edited_gradients.py``. What raises, returns nothing finite or computes the right gradient
all the same is left out. Nothing of the package is used here but problems to run the mutants on.
"""

from __future__ import annotations

import ast
import copy
import difflib
import inspect
import random
from collections.abc import Callable, Iterator
from typing import Any

import edited_gradients as eg
import numpy as np

Array = Any
Gradient = Callable[[Any], dict[str, Array]]
Edit = Callable[[Any], Any]

#: Names that are of one kind in each cell.
ALIKE: dict[str, list[list[str]]] = {
    "elman": [["dh", "da"], ["w", "u"]],
    "sigmoid_rnn": [["dh", "da"], ["w", "u"]],
    "gru": [["dg", "dz", "dr", "drh", "dh"], ["dag", "daz", "dar"], ["r", "z", "g"]],
    "lstm": [["dh", "dc", "tc"], ["da_f", "da_i", "da_o", "da_g"], ["f", "i", "o", "g"]],
}


def mutants(cell: str, problems: list[Any], seed: int = 3) -> list[tuple[str, Gradient]]:
    """(the lines that were changed, gradient) in a random order."""
    right = eg.RIGHT[cell]
    tree = ast.parse(inspect.getsource(right))
    base = ast.unparse(tree)
    expected = [right(p) for p in problems]
    found, seen = [], {base}
    for source in _sources(tree, cell):
        if source in seen:
            continue
        seen.add(source)
        space: dict[str, Any] = {"np": np, "sigmoid": eg.sigmoid}
        # Our own source with a change that was made above.
        exec("from __future__ import annotations\n" + source, space)
        if _wrong(space[cell], problems, expected):
            found.append((_changed(base, source), space[cell]))
    random.Random(seed).shuffle(found)
    return found


def _sources(tree: ast.Module, cell: str) -> Iterator[str]:
    for k, node in enumerate(ast.walk(tree)):
        for edit in _edits(node, cell):
            changed = copy.deepcopy(tree)
            target = next(n for j, n in enumerate(ast.walk(changed)) if j == k)
            instead = edit(target)
            if instead is not None:
                changed = _Replacing(target, instead).visit(changed)
            yield ast.unparse(ast.fix_missing_locations(changed))


class _Replacing(ast.NodeTransformer):
    def __init__(self, old: ast.AST, new: ast.AST) -> None:
        self.old, self.new = old, new

    def visit(self, node: ast.AST) -> Any:
        return self.new if node is self.old else super().visit(node)


def _edits(node: ast.AST, cell: str) -> Iterator[Edit]:
    """What may be done to a node: changes in place, or the node that takes its place."""
    match node:
        case ast.BinOp(op=op):
            yield lambda n: n.left
            yield lambda n: n.right
            if isinstance(op, ast.Add):
                yield lambda n: setattr(n, "op", ast.Sub())
            elif isinstance(op, ast.Sub):
                yield lambda n: setattr(n, "op", ast.Add())
                yield lambda n: ast.BinOp(n.right, n.op, n.left)
            elif isinstance(op, ast.Mult):
                yield lambda n: setattr(n, "op", ast.Add())
            elif isinstance(op, ast.MatMult):
                yield lambda n: setattr(n, "right", ast.Attribute(n.right, "T", ast.Load()))
        case ast.Attribute(attr="T"):
            yield lambda n: n.value
        case ast.Subscript(slice=at, ctx=ast.Load()) if not isinstance(at, (ast.Slice, ast.Tuple)):
            for by in (1, -1):
                yield lambda n, by=by: setattr(
                    n, "slice", ast.BinOp(n.slice, ast.Add(), ast.Constant(by))
                )
            for end in (0, -1):
                yield lambda n, end=end: setattr(n, "slice", ast.Constant(end))
        case ast.Name(id=name, ctx=ast.Load()):
            for group in ALIKE[cell]:
                for other in group if name in group else ():
                    if other != name:
                        yield lambda n, other=other: setattr(n, "id", other)
        case ast.AugAssign():
            yield lambda n: setattr(n, "op", ast.Sub())
            yield lambda n: ast.Assign([n.target], n.value)
            yield lambda n: ast.Pass()
        case ast.Assign(targets=[ast.Name()]):
            yield lambda n: ast.Pass()
        case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
            for other in (value + 1, value - 1, value / 2):
                yield lambda n, other=other: setattr(n, "value", other)
        case ast.Call(func=ast.Attribute(attr="sum")):
            yield lambda n: setattr(n.func, "attr", "mean")
        case ast.Call(func=ast.Attribute(attr="tanh")):
            yield lambda n: n.args[0]
            yield lambda n: setattr(n, "func", ast.Name("sigmoid", ast.Load()))
        case ast.Call(func=ast.Name(id="sigmoid")):
            yield lambda n: n.args[0]
            yield lambda n: setattr(n, "func", ast.Attribute(ast.Name("np", ast.Load()), "tanh"))
        case ast.Call(func=ast.Name(id="reversed")):
            yield lambda n: n.args[0]


def _wrong(gradient: Gradient, problems: list[Any], expected: list[dict[str, Array]]) -> bool:
    try:
        with np.errstate(all="ignore"):
            made = [gradient(p) for p in problems]
        for a, b in zip(made, expected, strict=True):
            if a.keys() != b.keys() or any(a[k].shape != b[k].shape for k in a):
                return False
            if not all(np.isfinite(a[k]).all() for k in a):
                return False
        return not all(
            np.allclose(a[k], b[k], rtol=1e-9, atol=1e-12)
            for a, b in zip(made, expected, strict=True) for k in a
        )  # fmt: skip
    except Exception:
        return False


def _changed(base: str, source: str) -> str:
    lines = difflib.unified_diff(base.split("\n"), source.split("\n"), n=0, lineterm="")
    body = [line for line in lines if line[:1] in "+-" and line[:3] not in ("+++", "---")]
    return " | ".join(line[0] + " " + line[1:].strip() for line in body)
