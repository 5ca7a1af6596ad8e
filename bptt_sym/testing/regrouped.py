"""Products and sums whose parentheses stand elsewhere."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

_SUMS, _PRODUCTS = (ast.Add, ast.Sub), (ast.Mult, ast.Div, ast.MatMult)


def regrouped(node: Any) -> Iterator[ast.expr]:
    """``a * b + c`` as ``a * (b + c)``, ``(a + b) * c`` as ``a + b * c``, and so on."""
    if not isinstance(node, ast.BinOp):
        return
    outer, left, right = node.op, node.left, node.right
    if isinstance(outer, _SUMS):
        if isinstance(left, ast.BinOp) and isinstance(left.op, _PRODUCTS):
            yield ast.BinOp(left.left, left.op, ast.BinOp(left.right, outer, right))
        if isinstance(right, ast.BinOp) and isinstance(right.op, _PRODUCTS):
            yield ast.BinOp(ast.BinOp(left, outer, right.left), right.op, right.right)
            if isinstance(right.op, ast.Mult):
                yield ast.BinOp(right.left, right.op, ast.BinOp(left, outer, right.right))
        if isinstance(left, ast.BinOp) and isinstance(left.op, ast.Mult):
            yield ast.BinOp(ast.BinOp(left.left, outer, right), left.op, left.right)
    if isinstance(outer, _PRODUCTS):
        if isinstance(left, ast.BinOp) and isinstance(left.op, _SUMS):
            yield ast.BinOp(left.left, left.op, ast.BinOp(left.right, outer, right))
            yield ast.BinOp(ast.BinOp(left.left, outer, right), left.op, left.right)
        if isinstance(right, ast.BinOp) and isinstance(right.op, _SUMS) and not isinstance(
            outer, ast.Div
        ):
            yield ast.BinOp(ast.BinOp(left, outer, right.left), right.op, right.right)
            yield ast.BinOp(right.left, right.op, ast.BinOp(left, outer, right.right))
    if isinstance(outer, ast.Pow) and isinstance(left, ast.BinOp):
        yield ast.BinOp(left.left, left.op, ast.BinOp(left.right, outer, right))
    if isinstance(outer, (*_SUMS, *_PRODUCTS)) and isinstance(right, ast.BinOp) and isinstance(
        right.op, ast.Pow
    ):
        yield ast.BinOp(ast.BinOp(left, outer, right.left), right.op, right.right)


__all__ = ["regrouped"]
