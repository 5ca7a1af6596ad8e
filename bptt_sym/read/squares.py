r"""Squares of vectors in losses: :math:`\tfrac12\lVert y-o\rVert^2` and ``(y - o)^2`` are numbers.

Both are written for :math:`(y-o)^\top(y-o)`, which can be differentiated by the rules for products.
The second is so only where a number is wanted: as a loss.
"""

from __future__ import annotations

from collections.abc import Callable

from bptt_sym.errors import ShapeError
from bptt_sym.notation import (
    Add,
    Div,
    Mul,
    Neg,
    Node,
    Norm,
    Num,
    Pow,
    Sum,
    Transpose,
    num,
    rebuild,
)
from bptt_sym.shapes import Shape

ShapeOf = Callable[[Node], Shape]


def norms_squared(node: Node, shape: ShapeOf) -> Node:
    """``node`` with the square of each Euclidean norm of a vector as an inner product."""
    node = rebuild(node, lambda n: norms_squared(n, shape))
    match node:
        case Pow(base=Norm(arg=arg, ord=order), exp=Num(value=power)) if (
            power == 2 and order in ("any", "2")
        ):
            try:
                rank = len(shape(arg))
            except ShapeError:
                return node
            if rank < 2:
                return _inner(arg) if rank else Pow(arg, num(2), span=node.span)
    return node


def as_number(node: Node, shape: ShapeOf) -> Node:
    """``node`` with the squares of vectors that make it a vector as inner products."""
    match node:
        case Pow(base=base, exp=Num(value=power)) if power == 2 and len(shape(base)) == 1:
            return _inner(base)
        case Neg() | Add() | Sum() | Div():
            return rebuild(node, lambda n: as_number(n, shape))
        case Mul(args=args):
            return Mul(tuple(as_number(a, shape) for a in args), span=node.span)
    return node


def _inner(vector: Node) -> Node:
    return Mul((Transpose(vector, span=vector.span), vector), span=vector.span)
