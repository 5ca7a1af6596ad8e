r"""Squares of vectors in losses: :math:`\tfrac12\lVert y-o\rVert^2` and ``(y - o)^2`` are numbers.

Both are written for :math:`(y-o)^\top(y-o)`, which can be differentiated by the rules for products.
The second is so only where a number is wanted: as a loss.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bptt_sym.errors import ShapeError
from bptt_sym.notation import (
    Add,
    Div,
    Fn,
    Had,
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
    walk,
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
    """``node`` with the squares and the cross-entropies of vectors as inner products."""
    match node:
        case Pow(base=base, exp=Num(value=power)) if power == 2 and len(shape(base)) == 1:
            return _inner(base)
        case Had(args=(first, *rest)) if len(shape(node)) == 1 and _worked_out(rest):
            # y \\odot \\log p, which is summed over the entries.
            last = rest[0] if len(rest) == 1 else Had(tuple(rest), span=node.span)
            return Mul((Transpose(first, span=first.span), last), span=node.span)
        case Neg() | Add() | Sum() | Div():
            return rebuild(node, lambda n: as_number(n, shape))
        case Mul(args=(first, second)) if _worked_out((second,)) and all(
            len(shape(a)) == 1 for a in (first, second)
        ):
            return Mul((Transpose(first, span=first.span), second), span=node.span)
        case Mul(args=args):
            return Mul(tuple(as_number(a, shape) for a in args), span=node.span)
    return node


def _worked_out(factors: Sequence[Node]) -> bool:
    return any(isinstance(n, Fn) and n.name == "log" for f in factors for n in walk(f))


def _inner(vector: Node) -> Node:
    return Mul((Transpose(vector, span=vector.span), vector), span=vector.span)
