r"""Statements about norms of any matrices: :math:`\|AB\|_F \le \|A\|_2 \|B\|_F`.

The letters stand for nothing that the text defines. They are taken for square matrices of any
dimension and judged as weights of a model are: a bound is built up factor by factor, in one norm or
with :math:`\|A\|_2 \le \|A\|_F` (Horn and Johnson, Matrix Analysis, 5.6). What fails is shown by
matrices of two rows with small entries. A norm that is left open may be any: a statement about it
fails only if it does for each of those that are known here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from functools import lru_cache
from itertools import product
from typing import Any

from bptt_sym.check.answer import Court
from bptt_sym.check.asides import as_rewritten
from bptt_sym.check.models import Models
from bptt_sym.check.spectral import with_sizes
from bptt_sym.decide.counterexample import BITS, enclosure
from bptt_sym.decide.domains import precision
from bptt_sym.decide.norms import ball_norm
from bptt_sym.decide.verdict import Counterexample, Verdict
from bptt_sym.definitions.outline import Row
from bptt_sym.documents.document import Formula
from bptt_sym.errors import BpttError, NotSupported
from bptt_sym.notation import (
    Add,
    At,
    Claim,
    Div,
    Fn,
    Had,
    Idx,
    Mul,
    Neg,
    Node,
    Norm,
    Num,
    Pow,
    Sym,
    Transpose,
    index,
    rebuild,
    walk,
)
from bptt_sym.read import read_claim
from bptt_sym.read.vocabulary import Vocabulary
from bptt_sym.recurrence import STEP, Equation, Recurrence

_NORM_MARK = re.compile(
    r"\\sigma_\s*\{?\s*\\?max(?:\s*\})?|_\s*(?:\{\s*(?:[12FpP]|\\infty)\s*\}|[12FpP](?![A-Za-z])|\\infty)"
)
_LIFTED = re.compile(r"\^\s*(?:\{\s*(?:\\top|\\intercal|T)\s*\}|\\top|\\intercal|T(?![A-Za-z]))")
_SIZED = re.compile(
    r"\\\||\\[lr]?Vert(?![A-Za-z])|\|\||‖|\\(?:rho|sigma_\{?\\?max\}?)\s*(?:\\left\s*)?\("
)
_P = re.compile(r"_\s*(?:\{\s*[pP]\s*\}|[pP](?![A-Za-z]))")
_COMMAND = re.compile(r"\\[A-Za-z]+")
_LETTER = re.compile(r"[A-Za-z]")
#: What makes matrices special, in the words around a statement.
_SPECIAL = re.compile(
    r"orthogonal|unitary|orthonormal|symmetric|hermitian|normal\b|diagonal|definite|commut|identit|"
    r"triangular|stochastic|projection|projector|permutation|sparse|nonneg|non-neg|invertib|"
    r"independent|uncorrelated|random|rank|scalar|contract|nilpotent|isometr|vectors?\b|numbers\b|"
    r"ортогонал|симметр|диагонал|正交|对称|对角|正定|symmetrisch|symétrique",
    re.IGNORECASE,
)
_AROUND = 500
MOST_MATRICES = 3
#: Letters that stand for the identity, for numbers or for vectors.
NOT_ANY = frozenset("EILTXYZ")
#: The norms that one may be that is left open.
_KINDS = ("2", "F", "1", "inf")
_RADIUS = r"\rho"
_SINGULAR = re.compile(r"\\sigma_\{?(?:max|\\max)\}?$")
#: Rows of matrices by which statements are tried, the plainest first.
_ENTRIES = (
    (1, 0, 0, 1), (1, 1, 1, 1), (0, 1, 0, 0), (0, 0, 1, 0), (1, 0, 0, 0), (0, 0, 0, 1),
    (1, 1, 0, 0), (1, 0, 1, 0), (1, 1, 0, 1), (3, 0, 0, 3), (-1, 0, 0, -1),
    (Fraction(1, 2), 0, 0, Fraction(1, 2)),
)  # fmt: skip
#: The value of an exponent that is a letter.
_POWER = 2


def of_any_matrices(row: Row, formula: Formula, models: Models) -> Verdict | None:
    """The verdict of ``row`` if it is about norms of matrices that nothing defines."""
    text = _P.sub("", row.latex)
    ops = set(row.chain.ops)
    if not ops <= {"<=", ">=", "<", ">", "="} or row.chain.given or not _SIZED.search(text):
        return None
    bare = _COMMAND.sub(" ", _LIFTED.sub("", _NORM_MARK.sub("", text)))
    letters = frozenset(_LETTER.findall(bare))
    names = frozenset(filter(str.isupper, letters))
    if not names or len(names) > MOST_MATRICES or not letters - names <= {"k", "m"}:
        return None
    model = models.current.court.model if models.current is not None else None
    known = frozenset(model.parameters) if model is not None else frozenset[str]()
    if model is not None and names & {*model.defined, *model.inputs, *model.totals}:
        return None
    if len(names) == 1 and names <= known:
        return None  # a weight, of which more may be known
    court = _court(names)
    try:
        vocabulary = with_sizes(Vocabulary.of(court.model), text)
        claim = read_claim(text, court.model, vocabulary=vocabulary)
        claim = replace(claim, sides=tuple(map(_with_norms, claim.sides)))
        found = court.judge(claim, theorems=False, explain=False)
    except BpttError:
        return None
    if found.is_right:
        return as_rewritten(replace(found, scope="every dimension"), row, formula)
    each = {frozenset(n.name for n in walk(s) if isinstance(n, Sym)) & names for s in claim.sides}
    if each != {names} or names & (known | NOT_ANY) or not are_any(names, formula):
        return None
    shown = _refuted(claim, names)
    if shown is None:
        return None
    return Verdict("wrong", counterexample=shown, method="both sides enclosed by Arb balls")


@lru_cache(maxsize=64)
def _court(names: frozenset[str]) -> Court:
    """A court in which ``names`` are square matrices."""
    before = At("q", index(STEP, -1))
    terms = [Mul((Sym(name), before)) for name in sorted(names)]
    step = Equation("q", Fn("tanh", Add(tuple(terms)) if len(terms) > 1 else terms[0]))
    shapes = {"q": ("n",), **dict.fromkeys(sorted(names), ("n", "n"))}
    return Court.of(Recurrence("any matrices", (step,), shapes))


def are_any(names: frozenset[str], formula: Formula) -> bool:
    """Whether the text around a statement says nothing of its matrices."""
    source, start, end = formula.source.text, formula.offsets[0], formula.offsets[-1]
    around = f"{source[max(0, start - _AROUND) : start]} {source[end : end + _AROUND // 2]}"
    if _SPECIAL.search(around):
        return False
    given = rf"(?<![A-Za-z\\])[{''.join(sorted(names))}](?:_\{{?[a-z0-9]+\}}?)?\s*(?::?=|\\equiv)"
    elsewhere = source[:start] + source[end:]
    return re.search(given, elsewhere) is None


def _with_norms(node: Node) -> Node:
    r"""``node`` with the spectral norm for :math:`\sigma_{max}`."""
    if isinstance(node, Mul):
        args = list(node.args)
        for k in range(len(args) - 1):
            head = args[k]
            if isinstance(head, Sym) and _SINGULAR.match(head.name):
                args[k : k + 2] = [Num(Fraction(1)), Norm(args[k + 1], "2")]
        kept = [a for a in args if a != Num(Fraction(1))]
        node = replace(node, args=tuple(kept)) if len(kept) > 1 else kept[0] if kept else node
    return rebuild(node, _with_norms)


def _refuted(claim: Claim, names: frozenset[str]) -> Counterexample | None:
    """Matrices for which a relation of ``claim`` fails, in each norm that may be meant."""
    is_open = any(isinstance(n, Norm) and n.ord == "any" for s in claim.sides for n in walk(s))
    for k, op in enumerate(claim.ops):
        left, right = claim.sides[k], claim.sides[k + 1]
        kinds = _KINDS if is_open else ("2",)
        found = [_apart(left, right, op, kind, names) for kind in kinds]
        if all(f is not None for f in found):
            return found[0]
    return None


def _apart(
    left: Node, right: Node, op: str, kind: str, names: frozenset[str]
) -> Counterexample | None:
    import numpy as np

    letters = sorted(names)
    tried = product(range(len(_ENTRIES)), repeat=len(letters))
    with precision(BITS):
        for chosen in sorted(tried, key=lambda c: (sum(c), c)):
            at = {
                name: np.array([_arb(e) for e in _ENTRIES[c]], dtype=object).reshape(2, 2)
                for name, c in zip(letters, chosen, strict=True)
            }
            try:
                a, b = (_value(side, at, kind) for side in (left, right))
                fails = {
                    "=": not a.overlaps(b), "<=": a > b, "<": a > b, ">=": a < b, ">": a < b
                }[op]
            except (NotSupported, AttributeError, TypeError, ValueError):
                return None
            if fails:
                shown = {n: _shown(_ENTRIES[c]) for n, c in zip(letters, chosen, strict=True)}
                exponents = {n.name for s in (left, right) for n in walk(s) if isinstance(n, Idx)}
                return Counterexample(
                    T=1, indices=dict.fromkeys(sorted(exponents), _POWER), values=shown,
                    left=enclosure(a), right=enclosure(b),
                )  # fmt: skip
    return None


def _shown(entries: tuple[int | Fraction, ...]) -> str:
    a, b, c, d = entries
    return f"[[{a}, {b}], [{c}, {d}]]"


def _value(node: Node, at: Mapping[str, Any], kind: str) -> Any:
    """The value of a side at matrices: a ball, or an array of balls."""

    def go(n: Node) -> Any:
        return _value(n, at, kind)

    match node:
        case Num(value=v):
            return _arb(v)
        case Idx():
            return _arb(_POWER)
        case Sym(name=name) if name in at:
            return at[name]
        case Norm(arg=a, ord=ord_):
            return _norm(kind if ord_ == "any" else ord_, go(a))
        case Neg(arg=a):
            return -go(a)
        case Transpose(arg=a):
            return go(a).T
        case Add(args=args):
            total = go(args[0])
            for a in map(go, args[1:]):
                if hasattr(total, "shape") != hasattr(a, "shape"):
                    raise NotSupported("a number added to a matrix")
                total = total + a
            return total
        case Had(args=(a, b)):
            return go(a) * go(b)
        case Mul(args=args):
            return _times(args, go)
        case Div(num=a, den=b):
            return go(a) / go(b)
        case Fn(name="sqrt", arg=a, order=0):
            return go(a).sqrt()
        case Pow(base=b, exp=e):
            return _power(go(b), e)
    raise NotSupported(f"a {type(node).__name__} of matrices")


def _times(args: tuple[Node, ...], go: Any) -> Any:
    total: Any = None
    rest = list(args)
    while rest:
        a = rest.pop(0)
        value = _radius(go(rest.pop(0))) if a == Sym(_RADIUS) and rest else go(a)
        both = hasattr(total, "shape") and hasattr(value, "shape")
        total = value if total is None else total.dot(value) if both else total * value
    return total


def _power(base: Any, exp: Node) -> Any:
    count = _POWER if isinstance(exp, Idx) else exp.value if isinstance(exp, Num) else None
    if count is None or Fraction(count).denominator != 1 or not 0 < count < 9:
        raise NotSupported("this power")
    total = base
    for _ in range(int(count) - 1):
        total = total.dot(base) if hasattr(base, "shape") else total * base
    return total


def _norm(kind: str, a: Any) -> Any:
    return ball_norm(kind, a) if kind != "2" else spectral_norm(a)


def spectral_norm(a: Any) -> Any:
    """The spectral norm of a matrix of two rows and columns."""
    # The squares of the singular values are the roots of z² - (sum of squares) z + det².
    squares, det = sum(x * x for x in a.ravel()), a[0, 0] * a[1, 1] - a[0, 1] * a[1, 0]
    return ((squares + (squares * squares - 4 * det * det).sqrt()) / 2).sqrt()


def _radius(a: Any) -> Any:
    trace, det = a[0, 0] + a[1, 1], a[0, 0] * a[1, 1] - a[0, 1] * a[1, 0]
    inside = trace * trace - 4 * det
    return det.sqrt() if inside < 0 else (abs(trace) + inside.sqrt()) / 2


def _arb(value: int | Fraction) -> Any:
    from flint import arb, fmpq

    value = Fraction(value)
    return arb(fmpq(value.numerator, value.denominator))
