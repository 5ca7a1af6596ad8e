"""Claims whose derivatives are those of one equation, all else that it reads held fixed."""

from __future__ import annotations

from dataclasses import replace

from bptt_sym.decide.rewriting import is_loss
from bptt_sym.notation import Add, At, Claim, D, Node, Sym, rebuild, walk
from bptt_sym.recurrence import Recurrence


def of_one_equation(claim: Claim, rec: Recurrence) -> Claim | None:
    """``claim`` with each derivative beside one of the loss that of its own equation.

    ``∂L/∂x = ∂L/∂n ∂n/∂x + ∂L/∂r ∂r/∂x`` sums over all that reads x; where n reads r as well, the
    path through r would be counted twice. A derivative by what the equation does not read would
    be 0, which nobody writes down.
    """
    left = claim.sides[0]
    if not (isinstance(left, D) and is_loss(left.y, rec)):
        return None
    unread: list[D] = []

    def change(n: Node) -> Node:
        if isinstance(n, D) and n.kind == "unmarked" and isinstance(n.y, At):
            if is_loss(n.y, rec):
                return n
            if n.y.name in rec.defined and not _reads(rec, n.y.name, n.x):
                unread.append(n)
            return replace(n, kind="direct")
        return rebuild(n, change)

    def summed(n: Node) -> Node:
        return change(n) if isinstance(n, Add) else rebuild(n, summed)

    sides = (left, *(summed(s) for s in claim.sides[1:]))
    return replace(claim, sides=sides) if sides != claim.sides and not unread else None


def of_its_own_gates(claim: Claim, rec: Recurrence) -> Claim | None:
    r"""``claim`` with derivatives of gates that are those of their own equations.

    :math:`\partial\tilde h_t/\partial h_{t-1}` with :math:`r_t`, which reads the state too, fixed.
    """
    changed: list[D] = []

    def change(n: Node) -> Node:
        n = rebuild(n, change)
        if not (isinstance(n, D) and isinstance(n.y, At) and isinstance(n.x, At)):
            return n
        gate = n.y.name in rec.gates and not is_loss(n.y, rec) and n.x.name in rec.states
        if not gate or n.kind != "unmarked" or not _reads(rec, n.y.name, n.x):
            return n
        others = {m.name for m in walk(rec.rhs(n.y.name)) if isinstance(m, At)} & set(rec.gates)
        if not others:
            return n
        changed.append(n)
        return replace(n, kind="direct")

    sides = tuple(map(change, claim.sides))
    return replace(claim, sides=sides) if changed else None


def _reads(rec: Recurrence, name: str, by: Node) -> bool:
    """Whether the equation of a sequence has in it what is differentiated by."""
    if not isinstance(by, (At, Sym)):
        return True
    return any(isinstance(n, (At, Sym)) and n.name == by.name for n in walk(rec.rhs(name)))
