r"""What could have been misread in a formula that fails: the evidence of an accusation.

A formula fails *as it was read*. It is wrong if nothing in it can have been read otherwise, and
that is asked of the formula itself, piece by piece, not of its neighbours:

* a **slip** explains it: one edit of the catalogue makes it hold. What is read wrongly seldom is
  one edit away from what holds. A slip that is a matter of convention (a layout, a factor 1/T), or
  that is none where a text gives one path at a time, explains less;
* each **name** is established: an equation of the text that is in force gives it, or a formula
  with it holds;
* each **sign** is: a product entry by entry, a diagonal matrix, a slope by a prime, … stands in a
  formula that holds, or in the equations under which the formula was judged;
* nothing in it was **taken by its letters**: a name for the parameter that its text may mean by
  it, a mark ``dh_t`` for the derivative that it may stand for.

The first piece that is not is the :func:`doubt` of it, in words. What no slip explains is doubted
as a whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from bptt_sym.check.grounds import by_an_activation
from bptt_sym.check.judged import Judged
from bptt_sym.check.provenance import Basis
from bptt_sym.check.slips import MISTAKES, TO_BE_SHOWN
from bptt_sym.decide.rewriting import is_loss
from bptt_sym.decide.verdict import Diagnosis
from bptt_sym.notation import (
    At,
    Call,
    Claim,
    Concat,
    D,
    Diag,
    Fn,
    Had,
    Matrix,
    Node,
    Num,
    Ones,
    Pow,
    Prod,
    Sum,
    Sym,
    Transpose,
    walk,
)

#: The signs that a text may mean otherwise than they are read, and what they are called.
_SIGNS: dict[type[Node], str] = {
    Had: "a product entry by entry",
    Diag: "a diagonal matrix",
    Transpose: "a transpose",
    Concat: "a joined vector",
    Matrix: "a matrix of blocks",
    Ones: "a vector of ones",
    Sum: "a sum over steps",
    Prod: "a product over steps",
    Call: "a function that is not written down",
}
_DERIVES = re.compile(r"\\partial|∂|\\nabla|∇|\\frac\s*\{\s*d")
#: Functions whose names mean nothing else.
_ONE_MEANING = frozenset(("tanh", "relu", "softplus", "exp", "log"))
_SLOPE, _POWER = "a slope by a prime", "a power with a step in it"
#: The signs of which a Jacobian is written, which mean one thing in it.
_OF_JACOBIANS = frozenset((*(_SIGNS[n] for n in (Diag, Ones, Prod, Transpose)), _SLOPE))
#: Whether its shapes fit under no reading is said in its note.
_SHAPES = "shapes"
#: Of a formula that holds for one unit its shapes are all that is wrong.
_FAILS_ANYWAY = "already for one unit"


@dataclass
class Established:
    """What the formulas of a text that hold have shown, and which of them has shown it."""

    #: Names, and derivatives of one name by another: the formulas in which they stand.
    pieces: dict[object, set[str]] = field(default_factory=dict)
    signs: dict[str, set[str]] = field(default_factory=dict)

    @classmethod
    def by(cls, entries: Iterable[Judged]) -> Established:
        """What those of ``entries`` show that hold."""
        found = cls()
        for entry in entries:
            if entry.verdict.is_right and entry.basis is not None:
                for piece in pieces(entry.basis):
                    found.pieces.setdefault(piece, set()).add(entry.latex)
                for sign in _signs(entry.basis.claim.sides):
                    found.signs.setdefault(sign, set()).add(entry.latex)
        return found

    def has(self, piece: object, apart_from: str) -> bool:
        """Whether a name, or a derivative, stands in a formula that holds and is another one."""
        return bool(self.pieces.get(piece, set()) - {apart_from})

    def has_sign(self, sign: str, apart_from: str) -> bool:
        """The same of a sign."""
        return bool(self.signs.get(sign, set()) - {apart_from})


def pieces(basis: Basis) -> frozenset[object]:
    """The names in a claim, and which of them it differentiates by which."""
    nodes = [n for side in basis.claim.sides for n in walk(side)]
    names = {n.name for n in nodes if isinstance(n, (At, Sym))}
    pairs = {(name_of(n.y), name_of(n.x)) for n in nodes if isinstance(n, D)}
    return frozenset(names | pairs)


def name_of(node: Node) -> str:
    """The name of what is differentiated, or what it is."""
    return node.name if isinstance(node, (At, Sym)) else type(node).__name__


def doubt(entry: Judged, established: Established) -> str:
    """What in a formula that fails may have been misread, in words; "" if nothing may."""
    basis, slip = entry.basis, entry.verdict.diagnosis
    if basis is None:
        return "nothing in it is established"
    if slip is None:
        return "no single slip explains it"
    if basis.generic:
        return " and ".join(f"{a} may be another name than {b}" for a, b in basis.generic)
    if not _is_a_mistake(slip, basis.claim):
        return "the slip that explains it may be a matter of convention"
    if "(∂" in slip.message and slip.code == "BP004" and not _DERIVES.search(entry.latex):
        return "what it names may be carried from one step to the next"
    if slip.code in ("BP012", "BP019") and _is_of_the_loss(basis) and by_an_activation(basis):
        return "it may be the gradient by the argument of the activation"
    note = entry.verdict.note
    if _SHAPES in note and _FAILS_ANYWAY not in note and _is_schematic(basis):
        return "the order of its factors may be of no account"
    shown = [p for p in pieces(basis) if established.has(p, entry.latex)]
    if len(shown) == len(pieces(basis)):
        return ""  # (What is known of every derivative in it is known of the signs between them.)
    if basis.marked and any(isinstance(p, tuple) and p not in shown for p in pieces(basis)):
        return "it has marks that are taken for derivatives"
    # (The Jacobian of a state whose equation the text gives has no layout but those tried.)
    turned = slip.code == "BP009" and _is_jacobian(basis)
    for node in _names(basis.claim.sides):
        to_be_shown = (slip.code in TO_BE_SHOWN and not turned) or not _is_given(node, basis)
        if node.name not in shown and to_be_shown:
            return f"{node.name} stands in no formula that holds"
    if slip.code == "BP014":
        return "which of its derivatives are along every path is not shown by another"
    given = _signs(_equations(basis)) | (_OF_JACOBIANS if turned else set())
    for sign in sorted(_signs(basis.claim.sides) - given):
        if not established.has_sign(sign, entry.latex):
            return f"{sign} stands in no formula that holds"
    return ""


def _is_a_mistake(slip: Diagnosis, claim: Claim) -> bool:
    """Whether no convention makes the slip in an equation.

    A text may give some terms of a sum at a time; a product of Jacobians has all its steps.
    """
    if set(claim.ops) != {"="}:
        return False
    return slip.code in MISTAKES or (slip.code == "BP005" and "(∏" in slip.message)


def _is_of_the_loss(basis: Basis) -> bool:
    left = basis.claim.sides[0]
    return isinstance(left, D) and is_loss(left.y, basis.model.court.model)


def _is_jacobian(basis: Basis) -> bool:
    """Whether a claim gives the derivative of one state by another."""
    left = basis.claim.sides[0]
    return isinstance(left, D) and isinstance(left.x, At) and not _is_of_the_loss(basis)


def _is_given(node: At | Sym, basis: Basis) -> bool:
    """Whether an equation of the text gives a name its meaning, and no other is supposed beside."""
    return basis.defines(node) and node.name not in basis.model.guessed


def _is_schematic(basis: Basis) -> bool:
    """Whether derivatives by a matrix stand among its factors, whatever their order."""
    return any(
        isinstance(n, D) and isinstance(n.y, At) and isinstance(n.x, Sym)
        for side in basis.claim.sides[1:] for n in walk(side)
    )  # fmt: skip


def _equations(basis: Basis) -> tuple[Node, ...]:
    """The right sides of the equations of the names of a claim."""
    rec = basis.model.court.model
    return tuple(rec.rhs(name) for name in rec.defined if name in basis.names)


def _names(sides: Sequence[Node]) -> list[At | Sym]:
    found: dict[str, At | Sym] = {}
    for side in sides:
        for n in walk(side):
            if isinstance(n, (At, Sym)):
                found.setdefault(n.name, n)
    return list(found.values())


def _signs(sides: Iterable[Node]) -> set[str]:
    """The signs in ``sides`` that a text may mean otherwise than they are read."""
    found = set()
    for side in sides:
        for n in walk(side):
            if isinstance(n, Had) and len(set(n.args)) == 1:
                continue  # a square, by whatever product
            if said := _SIGNS.get(type(n)):
                found.add(said)
            elif isinstance(n, Fn) and n.order and n.name not in _ONE_MEANING:
                found.add(_SLOPE)
            elif isinstance(n, Pow) and not isinstance(n.exp, Num):
                found.add(_POWER)
    return found
