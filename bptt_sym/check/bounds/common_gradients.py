r"""A gradient of the loss on both sides of a bound: anything, whatever the loss is.

:math:`\|\partial L/\partial h_k\| \le \|W\|^{T-k} \|\partial L/\partial h_T\|` says nothing of the
loss: the gradient on the left is the one on the right, times the Jacobian between the two steps. In
its place stands anything: a matrix, of which a row is one, and which the spectral norm measures
alike.
"""

from __future__ import annotations

from dataclasses import replace

from bptt_sym.decide.rewriting import is_loss
from bptt_sym.notation import (
    HORIZON_NAME,
    Abs,
    At,
    Claim,
    D,
    Mul,
    Node,
    Norm,
    Sym,
    affine,
    rebuild,
    walk,
)
from bptt_sym.recurrence import Recurrence

#: What stands for the gradient.
_ANY = r"\nabla"


def with_any_gradient(claim: Claim, rec: Recurrence) -> tuple[Claim, Recurrence] | None:
    """``claim`` and ``rec`` with anything for the gradient whose size the right side has.

    ``None`` if there is no such gradient, or the left side has another one.
    """
    left, right = claim.sides
    sized = {n.arg for n in walk(right) if isinstance(n, (Norm, Abs)) and _is_gradient(n.arg, rec)}
    norms = {n.ord for s in claim.sides for n in walk(s) if isinstance(n, Norm)}
    if len(sized) != 1 or len(rec.states) != 1 or not norms <= {"2", "any"}:
        return None
    (given,) = sized
    assert isinstance(given, D) and isinstance(given.x, At)
    by: At = given.x

    def change(n: Node) -> Node:
        if _same(n, given):
            return Sym(_ANY)
        if isinstance(n, D) and by.name in rec.states and _comes_back(n, given, rec):
            assert isinstance(n.x, At)
            return Mul((Sym(_ANY), D(given.x, n.x, n.kind)))
        return rebuild(n, change)

    sides = (change(left), change(right))
    if any(isinstance(n, D) and is_loss(n.y, rec) for s in sides for n in walk(s)):
        return None
    shapes = {**rec.shapes, _ANY: rec.shape(given.x.name) * 2}
    return replace(claim, sides=sides), replace(rec, shapes=shapes)


def _is_gradient(node: Node, rec: Recurrence) -> bool:
    by_state = isinstance(node, D) and isinstance(node.x, At) and node.x.name in rec.defined
    return by_state and isinstance(node, D) and is_loss(node.y, rec)


def _same(node: Node, given: D) -> bool:
    return isinstance(node, D) and (node.y, node.x) == (given.y, given.x)


def _comes_back(node: D, given: D, rec: Recurrence) -> bool:
    """Whether a gradient by an earlier state goes through the state that ``given`` is by.

    So it does for the loss of the step of that state alone.
    """
    match node.x, given.x:
        case At(name=a), At(name=b, time=at) if a == b and node.y == given.y:
            last = at == given.y.time if isinstance(given.y, At) else _is_of_the_end(given, rec)
            return last and affine(node.x.time) != affine(at)
    return False


def _is_of_the_end(given: D, rec: Recurrence) -> bool:
    """Whether a loss of the run is one of its last step, at which ``given`` differentiates."""
    assert isinstance(given.y, Sym) and isinstance(given.x, At)
    end = ({HORIZON_NAME: 1}, 0)
    used = [n for n in walk(rec.totals[given.y.name]) if isinstance(n, At)]
    return affine(given.x.time) == end and bool(used) and all(affine(n.time) == end for n in used)
