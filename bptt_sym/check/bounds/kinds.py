r"""Which norms a bound mixes, and whether its steps hold for them.

``‖AB‖ ≤ ‖A‖ ‖B‖`` and what is known of diagonal matrices are about one norm throughout. Of
different ones :math:`\|A\|_2 \le \|A\|_F` and :math:`\|AB\|_F \le \|A\|_2 \|B\|_F` hold
(Horn and Johnson, Matrix Analysis, sec. 5.6), so that F may stand for 2 in a factor, and a product
measured by F needs one F behind it: the identity has the norm √n in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from fractions import Fraction
from itertools import permutations

from bptt_sym.check.bounds.magnitude import OUTPUT
from bptt_sym.decide.verdict import Counterexample
from bptt_sym.errors import BpttError
from bptt_sym.messages import marked
from bptt_sym.notation import (
    Abs,
    Add,
    At,
    Claim,
    D,
    Diag,
    Fn,
    Mul,
    Neg,
    Node,
    Norm,
    Num,
    Pow,
    Prod,
    Sum,
    affine,
    rebuild,
    walk,
)
from bptt_sym.recurrence import Recurrence
from bptt_sym.shapes import shape_of

#: A start within the range of every activation.
_NEAR = Fraction(1, 2)
LARGEST = marked(
    "the norm of a vector of slopes is its largest entry, as that of the diagonal matrix"
)
LARGEST_ONLY = marked("it holds of the largest entry, and not of the Euclidean norm")
SPECTRAL = marked("the norm is the spectral norm")
#: Factors of a product that are tried in every order.
_MOST_ORDERED = 3


def comparable(left: Node, right: Node) -> bool:
    """Whether a bound of ``left`` by ``right`` may be argued factor by factor."""
    kinds = {n.ord for n in walk(left) if isinstance(n, Norm)}
    if not kinds:
        return True
    if len(kinds) > 1:
        return False
    (kind,) = kinds
    terms = _terms(right)
    if kind == "2":
        return all(term <= {"2", "F"} for term in terms)
    if kind == "F":
        return all(term <= {"2", "F"} and "F" in term for term in terms)
    return all(term <= {kind} for term in terms)


def leaves_open(left: Node, right: Node) -> bool:
    """Whether one norm is named and another one left open."""
    kinds = {n.ord for side in (left, right) for n in walk(side) if isinstance(n, Norm)}
    return "any" in kinds and len(kinds) > 1


def of_diagonals(claim: Claim, rec: Recurrence) -> Claim:
    r""":math:`\|v\|_\infty` beside another norm is that of the diagonal matrix of ``v``."""
    left = claim.sides[0]
    kind = {"2": "2", "F": "2", "any": "any"}
    others = [n for n in walk(left) if isinstance(n, Norm)]
    others = [n for n in others if n.ord != "inf" or not _is_vector(n.arg, rec)]
    found = {n.ord for n in others}
    if len(found) != 1 or not found <= set(kind):
        return claim
    if any(_is_vector(n.arg, rec) for n in others):
        return claim
    (ord_,) = found

    def change(n: Node) -> Node:
        if isinstance(n, Norm) and n.ord == "inf" and _is_vector(n.arg, rec):
            return Norm(Diag(n.arg), kind[ord_])
        return rebuild(n, change)

    return replace(claim, sides=tuple(map(change, claim.sides)))


def with_spectral_norms(node: Node) -> Node:
    """``node`` with the spectral norm for each one that is left open."""
    node = rebuild(node, with_spectral_norms)
    return replace(node, ord="2") if isinstance(node, Norm) and node.ord == "any" else node


def of_largest_entries(claim: Claim, rec: Recurrence) -> tuple[tuple[Node, ...], list[Node]]:
    """The sides with the largest entry for each norm of a vector that is left open; the vectors."""
    vectors: list[Node] = []

    def change(n: Node) -> Node:
        if isinstance(n, Norm) and n.ord == "any" and _is_vector(n.arg, rec):
            vectors.append(n.arg)
            return replace(n, arg=Diag(n.arg))
        return rebuild(n, change)

    return tuple(map(change, claim.sides)), vectors


def is_slope(node: Node) -> bool:
    """Whether slopes of activations stand in ``node``: ``\\sigma'(a)``, ``1 - h^2``."""
    for n in walk(node):
        match n:
            case Fn(order=order) if order:
                return True
            case Add(args=(Num(value=value), Neg())) if value == 1:
                return True
    return False


def begins_within(values: Mapping[str, str], rec: Recurrence) -> bool:
    """Whether the initial states of a counterexample are in the range of their activations.

    A proof may suppose that they are, so that nobody is accused for leaving it out.
    """
    for name, value in values.items():
        state = next((s for s in rec.states if re.match(rf"{re.escape(s)}_\{{?0", name)), "")
        rhs = rec.rhs(state) if state else None
        if isinstance(rhs, Fn) and not rhs.order and rhs.name in OUTPUT:
            try:
                if abs(Fraction(value)) > OUTPUT[rhs.name]:
                    return False
            except ValueError:
                continue
    return True


def near_starts(
    fixed: Mapping[tuple[str, int | str | None], Node], rec: Recurrence, near: bool
) -> dict[tuple[str, int | str | None], Node]:
    """The starts that are given; with ``near`` also the half for states that have none."""
    free = [s for s in rec.states if s not in rec.initial] if near else []
    return {**{(s, 0): Num(_NEAR) for s in free}, **fixed}


def with_starts(
    example: Counterexample, rec: Recurrence, fixed: Mapping[tuple[str, int | str | None], Node]
) -> Counterexample:
    """``example`` with the starts that :func:`near_starts` has put in."""
    free = [s for s in rec.states if s not in rec.initial and (s, 0) not in fixed]
    return replace(example, values={**example.values, **{f"{s}_0": str(_NEAR) for s in free}})


def _is_vector(node: Node, rec: Recurrence) -> bool:
    try:
        return len(shape_of(node, rec.shapes, rec.functions)) == 1
    except BpttError:
        return False


def _terms(node: Node) -> list[frozenset[str]]:
    """The norms in each term of a sum of products."""
    match node:
        case Norm(ord=kind):
            return [frozenset((kind,))]
        case Add(args=args):
            return [term for a in args for term in _terms(a)]
        case Mul(args=args):
            terms = [frozenset[str]()]
            for a in args:
                terms = [x | y for x in terms for y in _terms(a)]
            return terms
        case Prod(body=inner) | Sum(body=inner) | Pow(base=inner):
            return _terms(inner)
    return [frozenset(n.ord for n in walk(node) if isinstance(n, Norm))]


def within_norms(node: Node, descending: bool) -> Node | None:
    """What the norms in a product or sum of norms are of; ``None`` if they are not all of it."""
    match node:
        case Norm(arg=arg) | Abs(arg=arg):
            return arg
        case Mul(args=args) | Add(args=args):
            parts = [within_norms(a, descending) for a in args]
            return None if None in parts else replace(node, args=tuple(parts))  # type: ignore[arg-type]
        case Prod(body=body) | Sum(body=body):
            inner = within_norms(body, descending)
            if inner is None:
                return None
            if isinstance(node, Sum):
                return replace(node, body=inner)
            return replace(node, body=inner, descending=descending)
    return None


def in_every_order(node: Node) -> Iterator[Node]:
    """A product of norms with its factors, which are numbers, in every order: at most three."""
    match node:
        case Mul(args=args) if len(args) <= _MOST_ORDERED:
            for order in permutations(args):
                yield replace(node, args=order)
        case Prod(body=body):
            for inner in in_every_order(body):
                yield replace(node, body=inner)
        case _:
            yield node


def rules_used(right: Node) -> str:
    """What a bound by norms of the parts of an identity rests on."""
    outer = _outside(right)
    facts = ["‖AB‖ ≤ ‖A‖ ‖B‖"] if any(isinstance(n, (Mul, Prod)) for n in outer) else []
    facts += ["‖A + B‖ ≤ ‖A‖ + ‖B‖"] if any(isinstance(n, (Add, Sum)) for n in outer) else []
    return ", ".join([*facts, "and what stands in the norms is an identity"])


def _outside(node: Node) -> list[Node]:
    """The sums and products that norms stand in."""
    match node:
        case Add(args=args) | Mul(args=args):
            return [node, *(n for a in args for n in _outside(a))]
        case Prod(body=body) | Sum(body=body):
            return [node, *_outside(body)]
    return []


def is_degenerate(side: Node, env: dict[str, int]) -> bool:
    """Whether a derivative of an element by itself stands in ``side`` at this instance, or a
    product of no factors: what no step lies between."""
    for n in walk(side):
        if isinstance(n, Prod) and _is_empty(n, env):
            return True
        if isinstance(n, D) and isinstance(n.y, At) and isinstance(n.x, At):
            y, x = affine(n.y.time), affine(n.x.time)
            if y is None or x is None or not {*y[0], *x[0]} <= set(env):
                continue
            times = [sum(c * env[v] for v, c in f[0].items()) + f[1] for f in (y, x)]
            if n.y.name == n.x.name and times[0] == times[1]:
                return True
    return False


def _is_empty(product: Prod, env: dict[str, int]) -> bool:
    lo, hi = affine(product.lo), affine(product.hi)
    if lo is None or hi is None or not {*lo[0], *hi[0]} <= set(env):
        return False
    first, last = (sum(c * env[v] for v, c in f[0].items()) + f[1] for f in (lo, hi))
    return last < first
