r"""Derivatives by a matrix that are a vector: :math:`\partial z_t/\partial W = h_{t-1}^\top`.

Of :math:`z = W h` the derivative by the whole matrix has three axes. Texts write down what each
unit's derivative by its own row is, which is the same for all units; earlier states are held fixed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from bptt_sym.check.answer import Court
from bptt_sym.decide.rewriting import is_loss
from bptt_sym.decide.verdict import Verdict
from bptt_sym.entries import Entry, with_entries
from bptt_sym.errors import BpttError
from bptt_sym.notation import (
    At,
    Claim,
    D,
    Diag,
    Div,
    Had,
    Node,
    Norm,
    Outer,
    Sym,
    Transpose,
    mul,
    rebuild,
    walk,
)

OWN_ROW = (
    "the derivative by a matrix is that of each unit by its own row of it, "
    "the same for every unit; earlier states are held fixed"
)
ONE_UNIT = "every quantity is a number: nothing in the formula tells vectors from numbers"


def by_own_row(claim: Claim, court: Court) -> Verdict | None:
    """The verdict if the claim holds of each unit and its own row (or column) of the matrix."""
    left, *rest = claim.sides
    rec = court.model
    if not (
        isinstance(left, D) and isinstance(left.y, At) and isinstance(left.x, Sym)
        and left.kind in ("unmarked", "immediate", "direct") and claim.ops == ("=",)
        and len(rec.shapes.get(left.x.name, ())) == 2 and len(rec.shapes.get(left.y.name, ())) == 1
    ):  # fmt: skip
        return None
    if any(isinstance(n, D) for n in walk(rest[0])):
        return None
    if left.kind == "unmarked" and left.y.name in rec.states:
        return None  # of a state the paths through the earlier ones are forgotten
    by_itself = replace(left, kind="immediate")
    for right, axes in _rows(rest[0], left.y):
        sides = (Entry(by_itself, axes), right)
        try:
            found = court.holds(with_entries(replace(claim, sides=sides)))
        except BpttError:
            continue
        if found is not None:
            return _under(found, OWN_ROW)
    return None


def _rows(right: Node, value: Node) -> Iterator[tuple[Node, str]]:
    """What may be meant by all the rows at once, and the axes of the derivative for it."""
    vector = right.arg if isinstance(right, Transpose) else right
    one = Div(Entry(value, "i"), Entry(value, "i"))
    for axes in ("iij", "iji"):
        yield mul(Entry(vector, "j"), one), axes
    # diag(v) h^T, whose diag only says that each unit has its own slope
    yield Entry(_bare_slopes(right), "ij"), "iij"


def _bare_slopes(node: Node) -> Node:
    node = rebuild(node, _bare_slopes)
    return node.arg if isinstance(node, Diag) else node


def says_vectors(claim: Claim) -> bool:
    """Whether something in the claim has a meaning only for vectors."""
    kinds = (Transpose, Diag, Had, Outer, Norm)
    return any(isinstance(n, kinds) for side in claim.sides for n in walk(side))


def multiplies_vectors_alone(claim: Claim, court: Court) -> bool:
    """Whether a gradient by a matrix is said to be a product of vectors, without any sign of them.

    In which order they stand says nothing where they are numbers.
    """
    left, rec = claim.sides[0], court.model
    if not (isinstance(left, D) and isinstance(left.x, Sym)) or says_vectors(claim):
        return False
    nodes = [n for side in claim.sides[1:] for n in walk(side)]
    jacobians = (n for n in nodes if isinstance(n, D) and not is_loss(n.y, rec))
    matrices = (n for n in nodes if isinstance(n, Sym) and len(rec.shapes.get(n.name, ())) > 1)
    by_matrix = is_loss(left.y, rec) and len(rec.shapes.get(left.x.name, ())) == 2
    return by_matrix and not any(jacobians) and not any(matrices)


def of_numbers(single: Verdict) -> Verdict:
    """The verdict of one unit, for a claim in which nothing is written for vectors alone."""
    return _under(single, ONE_UNIT)


def _under(found: Verdict, said: str) -> Verdict:
    return replace(found, verdict="right_under_reading", readings=(*found.readings, said))
