r"""Norms, eigenvalues and singular values of a weight: ``\|W\|_2 = \sqrt{\lambda_{max}}``.

Both sides of such a statement are powers of two numbers of one matrix: its largest singular value
:math:`\sigma` (the spectral norm, by definition :math:`\sqrt{\lambda_{max}(W^\top W)}`) and its
spectral radius :math:`\rho \le \sigma` (the largest modulus of an eigenvalue; Horn and Johnson,
Matrix Analysis, sec. 5.6). What an eigenvalue belongs to is often left unsaid: :math:`W` and
:math:`W^\top W` are tried.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from typing import Any

from bptt_sym.decide.counterexample import enclosure
from bptt_sym.decide.domains import precision
from bptt_sym.decide.judge import summary
from bptt_sym.decide.verdict import Counterexample, Diagnosis, Verdict
from bptt_sym.notation import (
    Claim,
    Div,
    Fn,
    Mul,
    Node,
    Norm,
    Num,
    Pow,
    Sym,
    Transpose,
    rebuild,
    walk,
)
from bptt_sym.read.vocabulary import Vocabulary
from bptt_sym.recurrence import Recurrence

_EIGENVALUE = re.compile(r"\\lambda(?:_\{?(?:max|\\max|1)\}?)?$|\\rho$")
_SINGULAR = re.compile(r"\\sigma_\{?(?:max|\\max|1)\}?$|s_\{?(?:max|\\max|1)\}?$")
_MENTIONED = re.compile(
    r"(\\lambda|\\sigma|s)\s*_\s*\{?\s*(?:\\(?:mathrm|text)\s*\{\s*)?(\\?max|1)(?![A-Za-z])"
    r"|(\\rho)\s*(?:\\left\s*)?\("
)

_OF_W = "the eigenvalue is the largest one of {0} in modulus"
_OF_GRAM = "the eigenvalue is the largest one of {0}ᵀ{0}"
_NORM = "the norm is the spectral norm"
_NORMAL = "the two are equal if {0} is symmetric, or normal"


def with_sizes(vocabulary: Vocabulary, latex: str) -> Vocabulary:
    """``vocabulary`` with the eigenvalues and singular values that a formula uses undefined."""
    found: set[str] = set()
    for head, mark, radius in _MENTIONED.findall(latex):
        if head in vocabulary.sequences:
            continue  # s_1 is the state of the first step
        if radius:
            found.add(radius)
        elif mark == "1":
            found.add(f"{head}_1")
        else:
            found |= {f"{head}_{{max}}", f"{head}_{{\\max}}"}
    found -= vocabulary.sequences | vocabulary.parameters | vocabulary.totals
    if not found:
        return vocabulary
    return replace(vocabulary, parameters=vocabulary.parameters | found)


@dataclass(frozen=True)
class _Size:
    """``factor · σ^singular · ρ^radius``."""

    factor: Fraction = Fraction(1)
    singular: Fraction = Fraction(0)
    radius: Fraction = Fraction(0)

    def times(self, other: _Size) -> _Size:
        return _Size(
            self.factor * other.factor,
            self.singular + other.singular,
            self.radius + other.radius,
        )


def is_spectral(node: Node, rec: Recurrence) -> bool:
    """Whether an eigenvalue or a singular value stands in ``node``."""
    return any(
        isinstance(n, Sym) and _is_name(n.name) and n.name not in rec.shapes for n in walk(node)
    )


def _is_name(name: str) -> bool:
    return _EIGENVALUE.match(name) is not None or _SINGULAR.match(name) is not None


def spectral(claim: Claim, rec: Recurrence) -> Verdict | None:
    """The verdict of one relation between sizes of one matrix; ``None`` if it is no such relation.

    It is decided by the definition of the spectral norm and by ρ ≤ σ, and refuted by a matrix of
    two rows whose sizes are enclosed.
    """
    matrices = {
        n.name for s in claim.sides for n in walk(s) if isinstance(n, Sym) and not _is_name(n.name)
    }
    if len(matrices) != 1 or len(claim.sides) != 2:
        return None
    (matrix,) = matrices
    shape = rec.shapes.get(matrix, ())
    if len(shape) != 2 or shape[0] != shape[1]:
        return None
    kinds = {n.ord for side in claim.sides for n in walk(side) if isinstance(n, Norm)}
    if len(kinds) == 1 and kinds <= {"F", "1", "inf"}:
        return _below_a_norm(claim)
    refuted: list[Verdict] = []
    plain = any(_bare(s) for s in claim.sides)
    for gram in (False, True) if plain else (False,):
        left, right = (_size(s, gram) for s in claim.sides)
        if left is None or right is None:
            return None
        said = ((_OF_GRAM if gram else _OF_W).format(matrix),) if plain else ()
        if any(isinstance(n, Norm) and n.ord == "any" for s in claim.sides for n in walk(s)):
            said = (*said, _NORM)
        op = claim.ops[0]
        if op in (">=", ">"):
            left, right, op = right, left, "<=" if op == ">=" else "<"
        if (op == "=" and left == right) or (op == "<=" and _at_most(left, right)):
            return Verdict(
                "right_under_reading" if said else "right",
                scope="every matrix",
                readings=said,
                method="by the definition of the spectral norm" if op == "="
                else "the spectral radius is at most every norm",
            )  # fmt: skip
        found = _refuted(left, right, op, matrix) if op in ("=", "<=") else None
        if found is None:
            return None
        refuted.append(found)
    return refuted[0]


def _below_a_norm(claim: Claim) -> Verdict | None:
    """``ρ(W) ≤ ‖W‖`` for another norm: no eigenvalue exceeds any norm that bounds products."""
    sides = [_with_spectral_norms(side) for side in claim.sides]
    if any(isinstance(n, Sym) and _SINGULAR.match(n.name) for s in sides for n in walk(s)):
        return None
    left, right = (_size(side, False) for side in sides)
    if claim.ops[0] == ">=":
        left, right = right, left
    if left is None or right is None or claim.ops[0] not in ("<=", ">="):
        return None
    apart = not left.singular and not right.radius and left.radius == right.singular
    if not apart or left.factor > right.factor or any(map(_bare, claim.sides)):
        return None
    return Verdict(
        "right", scope="every matrix", method="the spectral radius is at most every norm"
    )


def _with_spectral_norms(node: Node) -> Node:
    """``node`` with the spectral norm in the place of each other one."""
    node = rebuild(node, _with_spectral_norms)
    return replace(node, ord="2") if isinstance(node, Norm) else node


def judge_with_sizes(claim: Claim, rec: Recurrence, judge: Callable[[Claim], Verdict]) -> Verdict:
    """The verdict of a chain in which such relations stand; the others are for ``judge``."""
    links = []
    for (left, right), op in zip(pairwise(claim.sides), claim.ops, strict=True):
        link = replace(claim, sides=(left, right), ops=(op,))
        sized = is_spectral(left, rec) or is_spectral(right, rec)
        unknown = Verdict("undecided", note="what the eigenvalue belongs to is not established")
        links.append((spectral(link, rec) or unknown) if sized else judge(link))
    return links[0] if len(links) == 1 else summary(links)


def _bare(node: Node) -> bool:
    """Whether an eigenvalue stands without its matrix."""
    inside = {
        id(n.args[0])
        for n in walk(node)
        if isinstance(n, Mul) and isinstance(n.args[0], Sym) and len(n.args) == 2
        and _is_name(n.args[0].name)
        and _gram(n.args[1].base if isinstance(n.args[1], Pow) else n.args[1]) is not None
    }  # fmt: skip
    return any(
        isinstance(n, Sym) and _EIGENVALUE.match(n.name) and id(n) not in inside
        for n in walk(node)
    )


def _gram(node: Node) -> bool | None:
    """Whether ``node`` is WᵀW or WWᵀ; ``False`` for W or Wᵀ, ``None`` for anything else."""
    match node:
        case Sym(name=name) if not _is_name(name):
            return False
        case Transpose(arg=Sym()):
            return False
        case Mul(args=(Transpose(arg=Sym(name=a)), Sym(name=b))) if a == b:
            return True
        case Mul(args=(Sym(name=a), Transpose(arg=Sym(name=b)))) if a == b:
            return True
    return None


def _size(node: Node, gram: bool) -> _Size | None:
    match node:
        case Num(value=value) if value > 0:
            return _Size(Fraction(value))
        case Norm(arg=arg, ord="2" | "any") if _gram(arg) is not None:
            return _Size(singular=Fraction(2 if _gram(arg) else 1))
        case Sym(name=name) if _SINGULAR.match(name):
            return _Size(singular=Fraction(1))
        case Sym(name=name) if _EIGENVALUE.match(name):
            return _Size(singular=Fraction(2)) if gram else _Size(radius=Fraction(1))
        case Mul(args=(Sym(name=name), arg)) if _is_name(name) and _gram(arg) is not None:
            of_gram = _gram(arg)
            if _SINGULAR.match(name) or of_gram:
                return _Size(singular=Fraction(2 if of_gram else 1))
            return _Size(radius=Fraction(1))
        case Mul(args=(Sym(name=name) as head, Pow(base=base, exp=Num() as exp))) if (
            _EIGENVALUE.match(name) and _gram(base) is not None
        ):
            # The eigenvalues of a power are the powers of the eigenvalues.
            return _size(Pow(Mul((head, base)), exp), gram)
        case Mul(args=args):
            return _product(_size(a, gram) for a in args)
        case Div(num=a, den=b):
            below = _size(b, gram)
            return None if below is None else _product((_size(a, gram), _power(below, -1)))
        case Fn(name="sqrt", arg=arg, order=0):
            inner = _size(arg, gram)
            return None if inner is None else _power(inner, Fraction(1, 2))
        case Pow(base=base, exp=Num(value=value)):
            inner = _size(base, gram)
            return None if inner is None else _power(inner, Fraction(value))
    return None


def _product(parts: Iterable[_Size | None]) -> _Size | None:
    total = _Size()
    for part in parts:
        if part is None:
            return None
        total = total.times(part)
    return total


def _power(size: _Size, exponent: Fraction | int) -> _Size | None:
    if size.factor != 1 and Fraction(exponent).denominator != 1:
        return None
    factor = size.factor ** Fraction(exponent).numerator if size.factor != 1 else Fraction(1)
    return _Size(factor, size.singular * exponent, size.radius * exponent)


def _at_most(left: _Size, right: _Size) -> bool:
    """Whether ``left ≤ right`` follows from ρ ≤ σ."""
    moved = left.radius - right.radius
    return (
        left.factor <= right.factor and moved >= 0 and left.singular + moved == right.singular
    )


#: Triangular matrices (rows in a line): some that tell σ from ρ, and multiples of the identity.
_HALF = Fraction(1, 2)
_MATRICES: tuple[tuple[Fraction, ...], ...] = tuple(
    tuple(Fraction(e) for e in entries)
    for entries in (
        (1, 1, 0, 1), (2, 0, 0, 2), (_HALF, 0, 0, _HALF), (1, 0, 0, _HALF), (3, 1, 0, 1)
    )
)


def _refuted(left: _Size, right: _Size, op: str, matrix: str) -> Verdict | None:
    for a, b, c, d in _MATRICES:
        with precision(192):
            # σ² is the larger root of z² - (sum of squares) z + det²; here ρ is a diagonal entry.
            total = _arb(a * a + b * b + c * c + d * d)
            det = _arb(a * d - b * c)
            singular = ((total + (total * total - 4 * det * det).sqrt()) / 2).sqrt()
            radius = _arb(max(abs(a), abs(d)))
            x, y = (
                _arb(s.factor) * singular ** _arb(s.singular) * radius ** _arb(s.radius)
                for s in (left, right)
            )
            apart = not x.overlaps(y) if op == "=" else bool(x > y)
        if apart:
            shown = Counterexample(
                T=1, indices={},
                values={f"{matrix}_{{{i},{j}}}": str(v) for i, j, v in
                        ((1, 1, a), (1, 2, b), (2, 1, c), (2, 2, d))},
                left=enclosure(x), right=enclosure(y),
            )  # fmt: skip
            mixed = bool(left.radius or right.radius)
            said = Diagnosis(
                "BP022", "an eigenvalue stands where the largest singular value belongs"
            )
            return Verdict(
                "wrong", counterexample=shown, diagnosis=said if mixed else None,
                note=_NORMAL.format(matrix) if mixed else "",
                method="both sides enclosed by Arb balls",
            )  # fmt: skip
    return None


def _arb(value: Fraction) -> Any:
    from flint import arb, fmpq

    return arb(fmpq(value.numerator, value.denominator))
