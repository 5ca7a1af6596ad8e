"""Limits, as formulas of the kernel: for every eps > 0 there is an N such that for all n >= N ...

There is no limit operator to trust; "tends to 0" is written out, and follows from a geometric bound
by Bernoulli's inequality and the Archimedean property.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from bptt_sym.prove import kernel as K
from bptt_sym.prove.kernel import ONE, ZERO, Thm
from bptt_sym.prove.language import (
    Claim,
    Term,
    TermLike,
    absolute,
    exists,
    forall,
    integers,
    inv,
    kernel,
    reals,
    shape,
)
from bptt_sym.prove.lemmas import (
    abs_mul,
    abs_nonneg,
    abs_of_nonneg,
    power_0,
    power_nonneg,
    power_step,
)
from bptt_sym.prove.tactics import (
    close,
    conj,
    contradiction,
    exist,
    have,
    instantiate,
    known,
    obtain,
    parts,
    prove,
    use,
)

(Q, C, X, EPS), (N, START) = reals("q C x epsilon"), integers("n N")


def vanishes(n: Term, body: TermLike) -> Claim:
    """The claim that the body tends to 0 as the integer n grows."""
    small = forall(n, (n >= START).implies(absolute(body) <= EPS))
    return forall(EPS, (EPS > 0).implies(exists(START, (START >= 0) & small)))


@cache
def _inv_pos() -> Thm:
    square = prove(X * X > 0, known(X > 0))
    equation = have(K.fact("inv", X.kernel), square)
    return contradiction(inv(X) > 0, [equation, *known(X > 0)])


def inv_pos(x: TermLike) -> Thm:
    """x > 0 |- 1/x > 0."""
    return instantiate(_inv_pos(), {X: x})


def inv_mul(x: TermLike) -> Thm:
    """x > 0 |- x (1/x) = 1."""
    square = prove(("gt", kernel(x) * kernel(x)), [K.assume(("gt", kernel(x)))])
    return have(K.fact("inv", kernel(x)), square)


@cache
def bernoulli() -> Thm:
    """0 <= q <= 1, n >= 0 |- q^n (1 + n (1 - q)) <= 1."""
    goal = Q**N * (1 + N * (1 - Q)) <= 1
    positive = power_nonneg(Q, N)
    base = prove(K.instance(goal.formula, ("i", "n"), 0), rewrite=[power_0(Q)])
    step = prove(
        K.instance(goal.formula, ("i", "n"), kernel(N + 1)),
        [*known(goal, N >= 0, Q >= 0, 1 - Q >= 0), positive], rewrite=[power_step(Q, N)],
        degree=2, squares=[1 - Q])
    return K.induct("n", ZERO, goal.formula, base, step)


@cache
def geometric() -> Thm:
    """0 <= q < 1, C >= 0 |- for every eps > 0 there is N >= 0: C q^n <= eps for all n >= N."""
    rate = (1 - Q) * EPS
    positive = prove(rate > 0, known(1 - Q > 0, EPS > 0))
    reciprocal = have(inv_mul(rate), positive)
    beyond = C * inv(rate)
    goal = C * Q**N <= EPS
    small = forall(N, (N >= START).implies(goal))
    some = exists(START, (START >= 0) & small)

    def body(large: Thm) -> Thm:
        nonneg = prove(START >= 0, [large, *known(C >= 0), have(inv_pos(rate), positive)])
        n_large = known(N >= START)[0]
        n_nonneg = prove(N >= 0, [n_large, nonneg])
        # n (1 - q) eps >= C
        past = prove(N * rate >= C, [
            prove((N - beyond) * rate >= 0, [prove(beyond <= N, [n_large, large]), positive]),
            reciprocal], multipliers=[C])
        bound = have(bernoulli(), n_nonneg, prove(1 - Q >= 0, known(1 - Q > 0)))
        scaled = prove(C * Q**N * (1 + N * (1 - Q)) <= C, [bound, *known(C >= 0)])
        spare = prove(N * (1 - Q) >= 0, [n_nonneg, *known(1 - Q > 0)])
        thm = contradiction(goal, [scaled, past, spare, *known(EPS > 0)])
        return exist(some, START, conj(nonneg, close(thm, over=[N], under=[N >= START])))

    thm = obtain(K.fact("archimedes", kernel(beyond)), START, body)
    return close(thm, over=[EPS], under=[EPS > 0])


def geometric_vanishes(n: Term, body: TermLike, scale: TermLike, q: TermLike, bound: Thm,
                       nonneg: list[Thm]) -> Thm:
    """A, n >= 0 |- |body| <= scale q^n  and  B |- q >= 0, 1 - q > 0, scale >= 0   ==>  body -> 0.

    ``nonneg`` are the three theorems of B; n must not be free in A or B.
    """
    decay = have(instantiate(geometric(), {Q: q, C: scale}), *nonneg)
    claim = vanishes(n, body)
    some = claim.args[1].args[1]
    eps_pos = known(EPS > 0)[0]

    def inner(both: Thm) -> Thm:
        first, second = K.part(both, 0), K.part(both, 1)
        late = known(n >= START)[0]
        here = use(second, n, given=[late])
        at_n = have(bound, prove(n >= 0, [late, first]))
        small = prove(absolute(body) <= EPS, [here, at_n], degree=1)
        return exist(some, START, conj(first, close(small, over=[n], under=[n >= START])))

    found = obtain(use(decay, EPS, given=[eps_pos]), START, inner)
    return close(found, over=[EPS], under=[EPS > 0])


def shifted(n: Term, body: Term, start: Term, m: Term, limit: Thm, nonneg: Thm) -> Thm:
    """A |- body at start + m -> 0 (in m),  B |- start >= 0   ==>   A u B |- body -> 0 (in n)."""
    claim = vanishes(n, body)
    some = claim.args[1].args[1]
    small = use(limit, EPS, given=known(EPS > 0))

    def inner(both: Thm) -> Thm:
        first, rest = parts(both)
        end = START + start
        late = prove(n - start - START >= 0, known(n >= end), degree=1)
        here = close(use(rest, n - start, given=[late]), over=[n], under=[n >= end])
        return exist(some, end, conj(prove(end >= 0, [first, nonneg], degree=1), here))

    return close(obtain(small, START, inner), over=[EPS], under=[EPS > 0])


def geometric_bound(
    n: Term, value: Callable[[TermLike], Term], factor: TermLike, q: TermLike, start: Thm,
    recurrence: Thm, shrink: Thm,
) -> Thm:
    """value(0) = 1,  value(n+1) = factor value(n),  |factor| <= q   ==>   |value(n)| <= q^n.

    ``start``: |- value(0) = 1; ``recurrence``: A, n >= 0 |- value(n + 1) = factor value(n);
    ``shrink``: B |- q - |factor| >= 0.
    """
    goal = absolute(value(n)) <= shape(q) ** n
    one = abs_of_nonneg(1, prove(("ge", ONE)))
    base = K.cong(start, kernel(value(0)), ONE, absolute(X).kernel, ("v", "x"))
    first = prove(
        K.instance(goal.formula, ("i", n.args[1]), 0), [base, one], rewrite=[power_0(q)])
    same = K.cong(recurrence, kernel(value(n + 1)), kernel(factor) * kernel(value(n)),
                  absolute(X).kernel, ("v", "x"))
    split = abs_mul(factor, value(n))
    after = prove(
        K.instance(goal.formula, ("i", n.args[1]), kernel(n + 1)),
        [shrink, *known(goal), abs_nonneg(value(n)), abs_nonneg(factor)],
        rewrite=[(same, absolute(value(n + 1))),
                 (split, absolute(kernel(factor) * kernel(value(n)))), power_step(q, n)])
    return K.induct(n.args[1], ZERO, goal.formula, first, after)

