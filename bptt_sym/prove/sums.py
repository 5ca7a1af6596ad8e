"""Sums: linearity and monotonicity, by induction from the kernel's two rules on sums.

The kernel knows that an empty sum is 0 and that a sum has its last summand; here is what follows.
"""

from __future__ import annotations

from typing import Any

from bptt_sym.prove import kernel as K
from bptt_sym.prove.kernel import ONE, ZERO, Formula, Poly, Thm, Var, free, term
from bptt_sym.prove.language import Term, TermLike, absolute, kernel, shape, total
from bptt_sym.prove.lemmas import abs_both, abs_le
from bptt_sym.prove.tactics import assume, have, prove, weaken


def linear(k: str, lo: Poly, hi: Poly, c: Poly, a: Poly, b: Poly) -> Thm:
    """|- sum (c a + b) - c sum a - sum b = 0 over lo <= k <= hi.

    Raises ``KernelError`` if k is free in c.
    """
    m = _spare(lo, hi, a, b, c)
    bodies = [c * a + b, a, b]
    weights = ((0, ONE), (1, -c), (2, -ONE))

    def goal(end: Poly) -> Formula:
        s = [term(("sum", ("i", k), lo, end, body)) for body in bodies]
        return ("eq", s[0] - c * s[1] - s[2])

    def empty(end: Poly, short: Thm) -> Thm:
        return K.psatz("eq", goal(end)[1], _empty(k, lo, end, bodies, short), (), weights)

    end = term(m)
    peeled = tuple(K.sum_peel(k, lo, end, body) for body in bodies)
    step = K.psatz("eq", goal(end + 1)[1], (*peeled, assume(goal(end))), (), (*weights, (3, ONE)))
    every = K.induct(m[1], lo - 1, goal(end), empty(lo - 1, _nonnegative(ZERO)), step)
    return K.split(hi - lo + 1, K.inst(every, m, hi), empty(hi, _shorter(lo, hi)))


def monotone(k: str, lo: Poly, hi: Poly, a: Thm) -> Thm:
    """A, k >= lo, hi >= k |- body rel 0   ==>   A |- sum_{k=lo}^{hi} body rel 0,  rel >= or =.

    Raises ``KernelError`` if k is free in lo, in hi or in the rest of A.
    """
    rel, body = a.concl
    m = _spare(lo, hi, body, *a.hyps)
    end = term(m)

    def total(n: Poly) -> Poly:
        out: Poly = term(("sum", ("i", k), lo, n, body))
        return out

    def up_to(n: Poly) -> Formula:
        return ("imp", ("ge", hi - n), (rel, total(n)))

    def combined(n: Poly, equation: Thm, *parts: Thm) -> Thm:
        """Claim n from an equation and parts that are added up."""
        if rel == "eq":
            terms, eqs = (), tuple((i, ONE) for i in range(len(parts) + 1))
            return K.psatz(rel, total(n), (equation, *parts), terms, eqs)
        added = tuple((1, ONE, (i + 1,)) for i in range(len(parts)))
        return K.psatz(rel, total(n), (equation, *parts), added, ((0, ONE),))

    def empty(n: Poly, short: Thm) -> Thm:
        return combined(n, *_empty(k, lo, n, [body], short))

    inside = ("ge", hi - end - 1)
    one = K.psatz("ge", ONE, (), ((1, ONE, ()),), ())
    further = K.psatz("ge", hi - end, (assume(inside), one), ((1, ONE, (0,)), (1, ONE, (1,))), ())
    last = K.inst(a, ("i", k), end + 1)
    start = K.psatz("ge", end + 1 - lo, (assume(("ge", end - lo + 1)),), ((1, ONE, (0,)),), ())
    if start.concl in last.hyps:
        last = have(last, start)
    before = K.modus(assume(up_to(end)), further)
    after = combined(end + 1, K.sum_peel(k, lo, end, body), before, last)
    first = K.discharge(("ge", hi - lo + 1), empty(lo - 1, _nonnegative(ZERO)))
    every = K.induct(m[1], lo - 1, up_to(end), first, K.discharge(inside, after))
    upward = K.modus(K.inst(every, m, hi), _nonnegative(ZERO))
    return K.split(hi - lo + 1, upward, empty(hi, _shorter(lo, hi)))


def _spare(*terms: Any) -> Var:
    """An integer variable that is free in none of the terms."""
    used = {x for t in terms for x in free(t)}
    return next(x for x in (("i", f"m{j}") for j in range(len(used) + 1)) if x not in used)


def _nonnegative(p: Poly) -> Thm:
    """0 >= 0, and the like."""
    return K.psatz("ge", p, (), (), ())


def _shorter(lo: Poly, hi: Poly) -> Thm:
    """lo - hi - 1 > 0 |- lo - hi - 1 >= 0."""
    return weaken(assume(("gt", lo - hi - 1)))


def _empty(k: str, lo: Poly, hi: Poly, bodies: list[Poly], short: Thm) -> tuple[Thm, ...]:
    """The sums from lo to hi are 0, since ``short`` says that hi < lo."""
    return tuple(have(K.sum_empty(k, lo, hi, body), short) for body in bodies)


def constant(k: str, hi: Poly, value: Poly) -> Thm:
    """hi >= 0 |- sum_{k=1}^{hi} value - hi value = 0, if k is not free in the value."""
    n = term(m := _spare(hi, value))

    def goal(end: Poly) -> Formula:
        return ("eq", term(("sum", ("i", k), ONE, end, value)) - end * value)

    empty = have(K.sum_empty(k, ONE, ZERO, value), _nonnegative(ZERO))
    first = K.psatz("eq", goal(ZERO)[1], (empty,), (), ((0, ONE),))
    peel = K.sum_peel(k, ONE, n, value)
    later = K.psatz("eq", goal(n + 1)[1], (peel, assume(goal(n))), (), ((0, ONE), (1, ONE)))
    return K.inst(K.induct(m[1], ZERO, goal(n), first, later), m, hi)


def triangle(k: Term, hi: TermLike, body: TermLike, bound: TermLike, each: Thm) -> Thm:
    """A |- |body| <= bound   ==>   A |- |sum_{k=1}^{hi} body| <= sum_{k=1}^{hi} bound.

    Raises ``KernelError`` if k is free in A or in hi.
    """
    name, end = k.args[1], kernel(hi)
    whole, most = total(k, 1, end, body), total(k, 1, end, bound)
    sides = []
    for s in (1, -1):
        item = prove(bound - s * shape(body) >= 0, [each, *abs_both(body)], degree=1)
        apart = linear(name, ONE, end, Poly.of(-s), kernel(body), kernel(bound))
        sides.append(prove(most - s * whole >= 0, [monotone(name, ONE, end, item), apart],
                           degree=1))
    return abs_le(whole, most, *sides)


def absolute_bound(k: Term, hi: TermLike, body: TermLike, bound: TermLike, each: Thm,
                   count: Thm) -> Thm:
    """A |- |body| <= bound,  B |- hi >= 0   ==>   A u B |- |sum_{k=1}^{hi} body| <= hi bound.

    Raises ``KernelError`` if k is free in the bound, in A or in hi.
    """
    whole = total(k, 1, hi, body)
    many = have(constant(k.args[1], kernel(hi), kernel(bound)), count)
    return prove(absolute(whole) <= shape(hi) * bound, [
        triangle(k, hi, body, bound, each), many], degree=1)


def scaled(k: Term, hi: TermLike, factor: TermLike, body: TermLike) -> Thm:
    """|- sum_{k=1}^{hi} factor body - factor sum_{k=1}^{hi} body = 0, if k is not in the factor."""
    name, end = k.args[1], kernel(hi)
    apart = linear(name, ONE, end, kernel(factor), kernel(body), ZERO)
    nothing = monotone(name, ONE, end, K.psatz("eq", ZERO, (), (), ()))
    return K.psatz("eq", kernel(total(k, 1, end, shape(factor) * body))
                   - kernel(factor) * kernel(total(k, 1, end, body)), (apart, nothing), (),
                   ((0, ONE), (1, ONE)))

