r"""A vector in the place of a derivative by a matrix: :math:`\partial s_1/\partial W = s_0`.

What the use of W at one step adds to the derivative of a vector has three axes, and no sign in the
notation of matrices. Texts write the vector that W multiplies there:
:math:`\partial s_2/\partial W = s_1 + W s_0` of :math:`s_t = W s_{t-1} + U x_t`. A term is read as
the derivative of the product of W and the vector that it ends with, this vector being held fixed;
what stands before it multiplies that.
"""

from __future__ import annotations

from dataclasses import replace

from bptt_sym.decide.rewriting import is_loss, transform
from bptt_sym.notation import Add, At, Claim, D, Had, Mul, Neg, Node, Sum, Sym, walk
from bptt_sym.recurrence import Recurrence


def by_uses(claim: Claim, rec: Recurrence) -> Claim:
    """``claim`` with vectors for derivatives by the matrix on its left written out, or as it is."""
    left = claim.sides[0]
    if not of_uses(claim, rec):
        return claim
    assert isinstance(left, D) and isinstance(left.x, Sym)
    rights = [_written_out(side, left.x, rec) for side in claim.sides[1:]]
    if any(side is None for side in rights):
        return claim
    return replace(claim, sides=(left, *(side for side in rights if side is not None)))


def of_uses(claim: Claim, rec: Recurrence) -> bool:
    """Whether a vector of a step is differentiated by a matrix, or a loss with a sum at the end."""
    left = claim.sides[0]
    if not (isinstance(left, D) and isinstance(left.x, Sym)):
        return False
    if len(rec.shapes.get(left.x.name, ())) != 2:
        return False
    if is_loss(left.y, rec):
        return any(isinstance(s, Mul) and isinstance(s.args[-1], (Sum, Add)) for s in claim.sides)
    return isinstance(left.y, At) and len(rec.shapes.get(left.y.name, ())) == 1


def _written_out(node: Node, by: Sym, rec: Recurrence) -> Node | None:
    """``node`` with the vectors that its terms end with as derivatives, if each does."""
    match node:
        case D(x=x):
            return node if x == by else None
        case Add(args=args):
            terms = [_written_out(a, by, rec) for a in args]
            return None if None in terms else Add(tuple(t for t in terms if t is not None))
        case Neg(arg=arg) | Sum(body=arg):
            inner = _written_out(arg, by, rec)
            if inner is None:
                return None
            return Neg(inner) if isinstance(node, Neg) else replace(node, body=inner)
        case Mul(args=args) | Had(args=args):
            last = _written_out(args[-1], by, rec)
            before = [n for a in args[:-1] for n in walk(a)]
            if last is None or any(isinstance(n, D) and n.x == by for n in before):
                return None
            return replace(node, args=(*args[:-1], last))
        case At(name=name):
            fits = rec.shapes.get(name, ()) == rec.shapes[by.name][1:]
            return D(Mul((by, node)), by, "direct") if fits else None
    return None


def without_uses(node: Node) -> Node:
    """``node`` with the vectors that :func:`by_uses` wrote out, as a text has them."""

    def back(n: Node) -> Node:
        match n:
            case D(y=Mul(args=(by, At() as used)), x=x, kind="direct") if by == x:
                return used
        return n

    return transform(node, back)
