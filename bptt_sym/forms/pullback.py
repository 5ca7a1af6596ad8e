r"""Reverse mode on one equation: what a cotangent gives to a matrix parameter.

For :math:`a=Wv` the cotangent :math:`\delta` (a column) gives :math:`\delta v^\top` to ``W``.
"""

from __future__ import annotations

from bptt_sym.jacobian import Calculus, NoMatrixForm, hadamard, negate, product
from bptt_sym.notation import (
    ZERO,
    Add,
    Diag,
    Fn,
    Had,
    Mul,
    Neg,
    Node,
    Outer,
    Sym,
    Transpose,
    add,
    walk,
)


def pullback(calc: Calculus, expr: Node, cotangent: Node, x: Sym) -> Node:
    """The derivative by matrix ``x`` of ``cotangent^T expr``; ``x``'s shape.

    Raises :class:`NoMatrixForm` where ``x`` stands in a place that matrix notation cannot reverse.
    """
    if x not in set(walk(expr)):
        return ZERO
    match expr:
        case Add(args=args):
            return add(*(pullback(calc, a, cotangent, x) for a in args))
        case Neg(arg=a):
            return negate(pullback(calc, a, cotangent, x))
        case Fn(arg=a):
            slope = calc.slope(expr)
            local = hadamard(slope, cotangent) if calc.shape(a) else product(slope, cotangent)
            return pullback(calc, a, local, x)
        case Had(args=args):
            terms = []
            for i, a in enumerate(args):
                others = (*args[:i], *args[i + 1 :])
                terms.append(pullback(calc, a, hadamard(*others, cotangent), x))
            return add(*terms)
        case Mul(args=args):
            return add(*(_factor(calc, args, i, cotangent, x) for i in range(len(args))))
        case _:
            raise NoMatrixForm(f"no reverse rule for {type(expr).__name__} around {x.name}")


def _factor(calc: Calculus, args: tuple[Node, ...], i: int, cotangent: Node, x: Sym) -> Node:
    factor, before, after = args[i], args[:i], args[i + 1 :]
    if x not in set(walk(factor)):
        return ZERO
    scalars = [a for a in (*before, *after) if not calc.shape(a)]
    before = tuple(a for a in before if calc.shape(a))
    after = tuple(a for a in after if calc.shape(a))
    seed = _through(before, cotangent)
    seed = product(*scalars, seed) if scalars else seed
    match factor:
        case Sym() if after:
            return Outer(seed, after[0] if len(after) == 1 else product(*after))
        case Transpose(arg=Sym()) if after:
            return Outer(after[0] if len(after) == 1 else product(*after), seed)
        case Diag(arg=a) if after:
            return pullback(calc, a, hadamard(product(*after), seed), x)
        case _ if not after:
            return pullback(calc, factor, seed, x)
        case _:
            raise NoMatrixForm(f"no reverse rule for a product around {x.name}")


def _through(before: tuple[Node, ...], cotangent: Node) -> Node:
    if not before:
        return cotangent
    if all(isinstance(b, Diag) for b in before):
        return hadamard(*(b.arg for b in before if isinstance(b, Diag)), cotangent)
    return product(Transpose(before[0] if len(before) == 1 else Mul(before)), cotangent)
