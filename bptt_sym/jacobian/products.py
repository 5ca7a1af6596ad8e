"""Products and times in normal form, as derivatives are built from them."""

from __future__ import annotations

from bptt_sym.errors import NotSupported
from bptt_sym.notation import (
    ONE,
    ZERO,
    Add,
    At,
    Diag,
    Fn,
    Had,
    Mul,
    Neg,
    Node,
    Num,
    Ones,
    Outer,
    affine,
    from_affine,
    num,
    rebuild,
    substitute_index,
)
from bptt_sym.recurrence import STEP


class NoMatrixForm(NotSupported):
    """A derivative that matrix notation cannot write, such as a vector by a matrix."""


def canonical_times(node: Node) -> Node:
    """``node`` with every affine time index in canonical form, so that equal times are equal."""
    if isinstance(node, At):
        form = affine(node.time)
        return node if form is None else At(node.name, from_affine(*form))
    return rebuild(node, canonical_times)


def at_step(node: Node, time: Node) -> Node:
    """An expression at the generic step ``t``, at step ``time``."""
    return canonical_times(substitute_index(node, STEP, time))


def offset(time: Node, other: Node) -> int | None:
    """``time - other`` if that is a number."""
    a, b = affine(time), affine(other)
    if a is None or b is None or a[0] != b[0]:
        return None
    return a[1] - b[1]


def negate(node: Node) -> Node:
    """``-node`` without a double sign."""
    if node == ZERO:
        return ZERO
    return node.arg if isinstance(node, Neg) else Neg(node)


def product(*factors: Node) -> Node:
    """The ordered product: signs and numbers in front, ones dropped, neighbouring diagonals merged.

    Scalars commute, so moving numbers is always right; everything else keeps its place.
    """
    flat: list[Node] = []
    sign, number = 1, num(1).value
    todo = list(reversed(factors))
    identity = False
    while todo:
        f = todo.pop()
        match f:
            case Mul(args=args):
                # A multiple of the identity stays one: (1 - α) I.
                identity = identity or Ones() in args
                todo.extend(reversed(args))
            case Neg(arg=a):
                sign = -sign
                todo.append(a)
            case Num(value=v):
                number *= v
            case Ones():
                pass
            case Diag(arg=a) if flat and isinstance(flat[-1], Diag):
                flat[-1] = Diag(hadamard(flat[-1].arg, a))
            case _:
                flat.append(f)
    if number == 0:
        return ZERO
    if number < 0:
        sign, number = -sign, -number
    if number != 1:
        flat.insert(0, Num(number))
    elif not flat:
        flat = [Ones()] if any(isinstance(f, Ones) for f in factors) else [ONE]
    if identity and flat[-1] != Ones():
        flat.append(Ones())
    body = flat[0] if len(flat) == 1 else Mul(tuple(flat))
    return body if sign > 0 else Neg(body)


def hadamard(*factors: Node) -> Node:
    """The flat elementwise product."""
    flat: list[Node] = []
    for f in factors:
        flat.extend(f.args if isinstance(f, Had) else (f,))
    return flat[0] if len(flat) == 1 else Had(tuple(flat))


def multiple(*scalars: Node) -> Node:
    """A multiple of the identity, which stays visible as a factor."""
    size = product(*scalars)
    if isinstance(size, Neg):
        return Neg(multiple(size.arg))
    if size == ONE:
        return Ones()
    return Mul((*(size.args if isinstance(size, Mul) else (size,)), Ones()))


def shifted_rows(node: Node) -> tuple[tuple[Node, ...], Node, Node, Node] | None:
    """``((B, m), m, F', u)`` of an elementwise function of a matrix, ``F(B + m u^T)``.

    The scores of additive attention are of this form: every row of B is a source position.
    """
    match node:
        case Fn(name=name, arg=Add(args=(*fixed, Outer(left=m, right=u))), order=order):
            return (*fixed, m), m, Fn(name, node.arg, order + 1), u
        case _:
            return None
