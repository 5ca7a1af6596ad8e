"""Decide a user's own inequality: a theorem, a counterexample certified by the kernel, or neither.

    w, h = reals("w h")
    decide(absolute((1 - tanh(w * h) ** 2) * h) < 1, [absolute(h) < 1])

The inequality is tried by ranges of factors along its written shape, by products of known bounds
(``psatz``), and, if it has one variable with constant bounds, by enclosure; then it is refuted at
rational points, where the kernel certifies the hypotheses and the failure. Nothing is concluded
from sampling alone.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import comb, lcm, prod
from typing import Any, Literal

from bptt_sym.prove import kernel as K
from bptt_sym.prove import lemmas
from bptt_sym.prove.certificate import export
from bptt_sym.prove.descent import descents
from bptt_sym.prove.kernel import Formula, KernelError, Poly, Thm, Var, free, term
from bptt_sym.prove.language import Claim, Term, absolute, shape
from bptt_sym.prove.tactics import (
    BOTTOM,
    NotProved,
    assume,
    by_boxes,
    have,
    numeric,
    prove,
    show,
    weaken,
)

Point = dict[Var, Fraction]
Status = Literal["proved", "refuted", "undecided", "inconsistent"]
COLUMNS = 700  # products to combine, at most: what keeps a search to seconds
HIGHEST = 12  # degree up to which a polynomial in one function is searched for its extremes
ENDS = tuple(map(Fraction, (0, 30, -30, 1, -1)))  # where bounded functions come near their bounds
FIRST, POINTS = 40, 400  # points to try before and after the dearer searches


@dataclass(frozen=True)
class Decision:
    """What came of it. ``theorem`` is hypotheses |- claim, or, if refuted, the failure at a point.

    ``supposed`` is what was added to the hypotheses: that a run starts within tanh's range, say.
    ``inconsistent`` means that the hypotheses contradict each other, so that they prove anything;
    ``theorem`` is then hypotheses |- 0 > 0.
    """

    status: Status
    theorem: Thm | None
    counterexample: dict[str, Fraction] = field(default_factory=dict)
    tried: tuple[str, ...] = ()
    supposed: tuple[str, ...] = ()

    @property
    def statement(self) -> str:
        """The theorem as text, hypotheses ⊢ conclusion; empty if there is none."""
        return show(self.theorem) if self.theorem is not None else ""

    def certificate(self) -> str:
        """The theorem's certificate, which ``replay`` checks. Raises ``ValueError`` without one."""
        if self.theorem is None:
            raise ValueError("there is no theorem")
        return export(self.theorem)


def decide(claim: Claim, hypotheses: Sequence[Claim] = (), *, degree: int = 3,
           seed: int = 0) -> Decision:
    """Prove or refute a <, <=, >, >= or = between terms in tanh, σ, exp and |·|.

    Raises ``ValueError`` for a claim or hypothesis of another kind.
    """
    for c in (claim, *hypotheses):
        if c.op not in ("lt", "le", "gt", "ge", "eq"):
            raise ValueError(f"an inequality or equation is wanted, not {show(c)}")
    given = [assume(h) for h in hypotheses]
    tried: list[str] = []
    try:
        false = prove(BOTTOM, [*given, *_background(given)], degree=2)
        return Decision("inconsistent", false, tried=("the hypotheses contradict each other",))
    except NotProved:
        pass
    rng = random.Random(seed)
    attempts: list[tuple[str, Callable[[], Thm | None]]] = [
        ("ranges of the factors", lambda: _by_ranges(claim, given)),
        (f"{FIRST} rational points", lambda: None),
        ("products of known bounds", lambda: _by_products(claim, given, degree)),
        ("enclosure in one variable", lambda: _by_enclosure(claim, given)),
        (f"{POINTS} rational points", lambda: None),
    ]
    for name, attempt in attempts:  # the cheap ones first; sampling only ever refutes
        tried.append(name)
        try:
            proof = attempt()
        except (NotProved, KernelError):
            continue
        if proof is not None:
            return Decision("proved", proof, tried=tuple(tried))
        found = _refutation(claim, hypotheses, _drawn(claim, hypotheses, rng, int(name.split()[0])))
        if found is not None:
            return _refuted(found, tried)
    tried.append("descent from rational points")
    found = _refutation(claim, hypotheses, descents(claim, hypotheses, rng))
    return Decision("undecided", None, tried=tuple(tried)) if found is None else _refuted(
        found, tried)


def _refuted(found: tuple[Point, Thm], tried: Sequence[str]) -> Decision:
    point, failure = found
    return Decision("refuted", failure, {x[1]: q for x, q in point.items()}, tuple(tried))


# ---------------------------------------------------------------- proofs
def _atoms(x: Any) -> Iterator[tuple[Any, ...]]:
    if isinstance(x, Poly):
        for m in x.terms:
            for a, _ in m:
                yield a
                for part in a[1:]:
                    yield from _atoms(part)


def _background(thms: Sequence[Thm], *terms: Poly) -> list[Thm]:
    """What is known of every tanh, σ, exp and |·| in the terms."""
    known: dict[Formula, Thm] = {}
    for p in [*terms, *(t.concl[1] for t in thms)]:
        for a in _atoms(p):
            match a:
                case ("tanh", x):
                    found = lemmas.tanh_bounds(x)
                case ("sg", x):
                    found = lemmas.sg_bounds(x)
                case ("exp", x):
                    found = [lemmas.exp_pos(x)]
                case ("abs", x):
                    found = [*lemmas.abs_both(x), lemmas.abs_nonneg(x)]
                case _:
                    found = []
            known.update({t.concl: t for t in found})
    return list(known.values())


def _by_products(claim: Claim, given: list[Thm], degree: int) -> Thm:
    rel, p = claim.formula
    atoms = list(dict.fromkeys(_atoms(p)))
    sizes = [a for a in atoms if a[0] == "abs"]
    flat = [a for a in atoms if a[0] in ("tanh", "sg", "v")]
    for a in sizes:  # |x| <= b: both signs, if |x| stands alone with a negative sign
        c = p.terms.get(frozenset({(a, 1)}))
        if c is not None and c < 0 and rel != "eq" and sum(
                any(b == a for b, _ in m) for m in p.terms) == 1:
            bound = (p - term(a) * c) * (-1 / c)
            sides = []
            for sign in (1, -1):
                side = (rel, bound - a[1] * sign)
                facts = [*given, *_background(given, side[1])]
                sides.append(_combine(side, facts, degree, flat))
            close = lemmas.abs_lt if rel == "gt" else lemmas.abs_le
            thm = close(a[1], bound, *sides)
            return thm if thm.concl[1] == p else prove(claim, [thm], degree=1)
    facts = [*given, *_background(given, p)]
    return _combine((rel, p), facts, degree, flat)


def _combine(goal: Formula, facts: list[Thm], degree: int, atoms: Sequence[Any]) -> Thm:
    weights = tuple(term(a) for a in atoms)
    for d in range(1, degree + 1):
        for squares in ((), weights):
            if comb(len(facts) + d, d) * (1 + len(squares)) > COLUMNS:
                continue
            try:
                return prove(goal, facts, degree=d, squares=squares)
            except NotProved:
                continue
    raise NotProved(f"no combination up to degree {degree} gives {show(goal)}")


def bounded(t: Term, given: Sequence[Thm]) -> tuple[Poly, Thm]:
    """(b, A |- |t| <= b), following the shape of t: factor by factor, summand by summand."""
    if not free(t.kernel) and not any(True for _ in _atoms(t.kernel)):
        q = abs(t.kernel.terms.get(frozenset(), Fraction(0)))
        sides = [prove(("ge", q - s * t.kernel)) for s in (1, -1)]
        return Poly.of(q), lemmas.abs_le(t, Poly.of(q), *sides)
    outer = dict.fromkeys(a for m in t.kernel.terms for a, _ in m)
    squares = [a for a in outer if a[0] in ("tanh", "sg")]
    if len(squares) == 1 and len(free(t.kernel)) <= len(free(term(squares[0]))):
        a = squares[0]
        facts = [*given, *_background(given, t.kernel)]
        sharpest, weights = _extremes(t.kernel, a)
        for bound in dict.fromkeys((*sharpest, Fraction(1))):
            try:
                sides = [prove(("ge", bound - s * t.kernel), facts, degree=2, squares=weights)
                         for s in (1, -1)]
                return Poly.of(bound), lemmas.abs_le(t, Poly.of(bound), *sides)
            except NotProved:
                continue
    match t.op, t.args:
        case "mul", (a, b):
            paired = _paired(t)
            a, b = paired.args if paired is not None else (a, b)
            (p, first), (q, second) = bounded(a, given), bounded(b, given)
            return p * q, lemmas.product_bound(a, b, first, second)
        case ("add" | "sub"), (a, b):
            right = -b if t.op == "sub" else b
            (p, first), (q, second) = bounded(a, given), bounded(right, given)
            return p + q, lemmas.sum_bound(a, right, first, second)
        case "neg", (a,):
            p, first = bounded(a, given)
            sides = [prove(("ge", p - s * t.kernel), [first, *lemmas.abs_both(a)], degree=1)
                     for s in (1, -1)]
            return p, lemmas.abs_le(t, p, *sides)
        case "abs", (a,):
            p, first = bounded(a, given)
            own = lemmas.abs_of_nonneg(t, lemmas.abs_nonneg(a))
            return p, prove(("ge", p - absolute(t).kernel), [first, own], degree=1)
        case "pow", (a, n) if n > 1:
            return bounded(a ** (n - 1) * a if n > 2 else a * a, given)
    for h in given:  # a hypothesis |x| <= b or |x| < b
        size = absolute(t).kernel
        rest = h.concl[1] + size
        if h.concl[0] in ("ge", "gt") and size != rest and not (
                set(_atoms(rest)) & set(_atoms(size)) - {t.args}):
            return rest, weaken(h) if h.concl[0] == "gt" else h
    size = absolute(t)
    return size.kernel, prove(size <= size)


def _extremes(p: Poly, a: tuple[Any, ...]) -> tuple[list[Fraction], list[Poly]]:
    """([largest |p|], weights) of a polynomial p in a = tanh or σ of something alone.

    The weights vanish at the ends of the range and at the rational critical points; where p is
    even, it is taken as a polynomial in a². What is found is a candidate: irrational critical
    points are not looked at.
    """
    lowest = -1 if a[0] == "tanh" else 0
    weights = [term(a), term(a) - 1, term(a) + 1] if lowest else [term(a), term(a) - 1]
    powers = {sum(e for _, e in m): c for m, c in p.terms.items()}
    degree = max(powers, default=0)
    if degree > HIGHEST or any(b != a for m in p.terms for b, _ in m):
        return [], weights
    from flint import fmpq_poly

    stride = 2 if lowest and degree and all(e % 2 == 0 for e in powers) else 1
    row = [powers.get(e, Fraction(0)) for e in range(0, degree + 1, stride)]
    whole = lcm(*(c.denominator for c in row))
    slope = fmpq_poly([int(c * whole) for c in row]).derivative()
    roots = [Fraction(int(-f[0].p) * int(f[1].q), int(f[0].q) * int(f[1].p))
             for f, _ in slope.factor()[1] if f.degree() == 1]
    low = 0 if stride == 2 else lowest
    inside = [q for q in roots if low < q < 1]
    places = [*inside, Fraction(low), Fraction(1)]
    largest = max(abs(sum((c * q**k for k, c in enumerate(row)), Fraction(0))) for q in places)
    return [largest], [*weights, *(term(a) ** stride - q for q in inside)]


def _paired(t: Term) -> Term | None:
    """A product with its factors in one tanh or σ put together: f (1 - f) is at most 1/4."""
    factors: list[Term] = []
    stack = [t]
    while stack:
        x = stack.pop()
        if x.op == "mul":
            stack.extend(x.args)
        else:
            factors.append(x)
    groups: dict[Any, list[Term]] = {}
    for x in factors:
        outer = {a for m in x.kernel.terms for a, _ in m}
        squashed = len(outer) == 1 and next(iter(outer))[0] in ("tanh", "sg")
        groups.setdefault(next(iter(outer)) if squashed else id(x), []).append(x)
    if len(groups) in (1, len(factors)):
        return None
    products = [prod(g[1:], start=g[0]) for g in groups.values()]
    return prod(products[1:], start=products[0])


def _by_ranges(claim: Claim, given: list[Thm]) -> Thm:
    """|t| <= b or t <= b, from the bound that the factors of t give."""
    rel, p = claim.formula
    if claim.op == "eq":
        raise NotProved("an equation")
    small, large = claim.args if claim.op in ("lt", "le") else claim.args[::-1]
    inner = small.args[0] if small.op == "abs" else small
    bound, thm = bounded(inner, given)
    facts = [thm, *given, *_background(given, bound, large.kernel), *lemmas.abs_both(inner)]
    facts += [lemmas.abs_nonneg(shape(x)) for x in (inner,)]
    return _combine((rel, p), facts[:14], 2, ())


def _by_enclosure(claim: Claim, given: list[Thm]) -> Thm:
    rel, p = claim.formula
    names = free(p)
    if not names:
        return numeric((rel, p))
    if len(names) != 1 or rel == "eq":
        raise NotProved("more than one variable")
    (x,) = names
    v = Term("var", x, term(x))
    ends: dict[int, Fraction] = {}
    for h in given:
        for sign in (1, -1):  # x >= lo and x <= hi, with constants
            rest = (h.concl[1] - term(x) * sign).terms
            if rest.keys() <= {frozenset()} and h.concl[0] in ("ge", "gt"):
                ends[sign] = sign * -rest.get(frozenset(), Fraction(0))
    if len(ends) != 2:
        raise NotProved("no constant bounds of the variable")
    thm = by_boxes((rel, p), v, ends[1], ends[-1])
    return have(thm, *[prove(h, given, degree=1) for h in thm.hyps])


# ---------------------------------------------------------------- refutations
def refute(claim: Claim, hypotheses: Sequence[Claim] = (), *, points: int = POINTS,
           seed: int = 0) -> Decision:
    """Refute the claim at a rational point, certified by the kernel, or leave it undecided."""
    drawn = _drawn(claim, hypotheses, random.Random(seed), points)
    found = _refutation(claim, hypotheses, drawn)
    tried = (f"{points} rational points",)
    return Decision("undecided", None, tried=tried) if found is None else _refuted(found, tried)


def _drawn(claim: Claim, hypotheses: Sequence[Claim], rng: random.Random,
           points: int) -> Iterator[Point]:
    """Random rational points, some at the ends of the bounded functions' ranges."""
    names = sorted(free(claim.formula).union(*(free(h.formula) for h in hypotheses)))
    for _ in range(points):
        extreme = rng.random() < 0.4
        yield {x: rng.choice(ENDS) if extreme and x[0] == "v" else _draw(rng, x) for x in names}


def _refutation(claim: Claim, hypotheses: Sequence[Claim],
                points: Iterable[Point]) -> tuple[Point, Thm] | None:
    """The first of the points at which the hypotheses hold and the claim fails, with the proof."""
    rel, p = claim.formula
    negations: list[Formula] = {
        "ge": [("gt", -p)], "gt": [("ge", -p)], "eq": [("gt", p), ("gt", -p)]}[rel]
    for point in points:
        try:
            certified = [_at_point(h.formula, point) for h in hypotheses]
        except (NotProved, KernelError):
            continue
        for negation in negations:
            try:
                failure = _at_point(negation, point)
            except (NotProved, KernelError):
                continue
            return point, K.conj(*certified, failure) if certified else failure
    return None


def _draw(rng: random.Random, x: Var) -> Fraction:
    if x[0] == "i":
        return Fraction(rng.randint(0, 6))
    wide = rng.choice([1, 1, 1, 3, 10, 40])
    near = rng.choice([Fraction(0), Fraction(1), Fraction(-1), Fraction(1, 2)])
    return near if rng.random() < 0.2 else Fraction(rng.randint(-99 * wide, 99 * wide), 100)


def _at_point(f: Formula, point: dict[Var, Fraction]) -> Thm:
    rel, p = K.subst(f, {x: Poly.of(q) for x, q in point.items()})
    if rel != "eq" and any(True for _ in _atoms(p)):
        return numeric((rel, p), 128)
    return prove((rel, p))

