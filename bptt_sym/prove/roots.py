"""Limits of n-th roots: a_n^(1/n) -> L, written out with powers, since the kernel has no roots.

``below`` and ``above`` are the two halves, for every eps and all late n: (L - eps)^n <= a_n and
a_n <= (L + eps)^n. ``roots_tend`` turns them into what is meant: every sequence of non-negative
numbers r_n with r_n^n = a_n tends to L. ``ratio_test`` gets the halves from the quotients
a_{n+1}/a_n.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from bptt_sym.prove import kernel as K
from bptt_sym.prove.kernel import Thm
from bptt_sym.prove.language import (
    Claim,
    Term,
    TermLike,
    exists,
    forall,
    integers,
    inv,
    kernel,
    reals,
    sequence,
    shape,
)
from bptt_sym.prove.lemmas import abs_both, abs_le, power_0, power_nonneg, power_step
from bptt_sym.prove.limits import Q, geometric, inv_mul, inv_pos, vanishes
from bptt_sym.prove.tactics import (
    BOTTOM,
    at,
    case_split,
    close,
    conj,
    equal,
    exist,
    have,
    induction,
    instantiate,
    known,
    obtain,
    parts,
    prove,
    use,
    weaken,
)

(X, Y, C, B, EPS), (N, M, START) = reals("x y C b epsilon"), integers("n m N")


# ---------------------------------------------------------------- powers
@cache
def _power_pos() -> Thm:
    goal = X**N > 0
    first = prove(K.instance(goal.formula, N.args, 0), rewrite=[power_0(X)])
    later = prove(K.instance(goal.formula, N.args, kernel(N + 1)), known(goal, X > 0),
                  rewrite=[power_step(X, N)])
    return induction(N, 0, goal, first, later)


def power_pos(x: TermLike, n: TermLike, using: list[Thm]) -> Thm:
    """x > 0, n >= 0 |- x^n > 0."""
    return at(_power_pos(), {X: x, N: n}, using)


@cache
def _power_add() -> Thm:
    goal = (X ** (M + N)).eq(X**M * X**N)
    first = prove(K.instance(goal.formula, N.args, 0), [power_0(X)], multipliers=[X**M])
    both = prove(M + N >= 0, known(M >= 0, N >= 0), degree=1)
    later = prove(K.instance(goal.formula, N.args, kernel(N + 1)), known(goal), multipliers=[X],
                  rewrite=[(have(power_step(X, M + N), both), X ** (M + N + 1)),
                           (power_step(X, N), X ** (N + 1))])
    return induction(N, 0, goal, first, later)


def power_add(x: TermLike, m: TermLike, n: TermLike, using: list[Thm]) -> Thm:
    """m >= 0, n >= 0 |- x^(m+n) = x^m x^n."""
    return at(_power_add(), {X: x, M: m, N: n}, using)


@cache
def _power_product() -> Thm:
    goal = ((X * Y) ** N).eq(X**N * Y**N)
    first = equal(K.instance(goal.formula, N.args, 0), power_0(X * Y), power_0(X), power_0(Y))
    later = prove(K.instance(goal.formula, N.args, kernel(N + 1)), known(goal), multipliers=[X * Y],
                  rewrite=[power_step(X * Y, N), power_step(X, N), power_step(Y, N)])
    return induction(N, 0, goal, first, later)


def power_product(x: TermLike, y: TermLike, n: TermLike, using: list[Thm]) -> Thm:
    """n >= 0 |- (x y)^n = x^n y^n."""
    return at(_power_product(), {X: x, Y: y, N: n}, using)


@cache
def _power_less() -> Thm:
    goal = (Y ** (N + 1)) > X ** (N + 1)
    rules = [power_step(X, N), power_step(Y, N)]
    zero = prove(N * 0 >= 0)
    first = prove(K.instance(goal.formula, N.args, 0), known(Y > X), rewrite=[
        *[have(instantiate(t, {N: shape(0)}), zero) for t in rules], power_0(X), power_0(Y)])
    after = prove(N + 1 >= 0, known(N >= 0))
    step = [have(instantiate(t, {N: N + 1}), after) for t in rules]
    y_pos = prove(Y > 0, known(X >= 0, Y > X), degree=1)
    high = have(power_nonneg(X, N + 1), after)
    later = prove(
        K.instance(goal.formula, N.args, kernel(N + 1)),
        [prove(Y * (Y ** (N + 1) - X ** (N + 1)) > 0, [y_pos, *known(goal)]),
         prove((Y - X) * X ** (N + 1) >= 0, [high, *known(Y > X)])],
        degree=1, rewrite=step)
    return induction(N, 0, goal, first, later)


def power_less(x: TermLike, y: TermLike, n: TermLike, using: list[Thm]) -> Thm:
    """x >= 0, y > x, n >= 1 |- y^n > x^n."""
    return at(_power_less(), {X: x, Y: y, N: shape(n) - 1}, using)


@cache
def _power_at_most_one() -> Thm:
    goal = X**N <= 1
    first = prove(K.instance(goal.formula, N.args, 0), rewrite=[power_0(X)])
    later = prove(K.instance(goal.formula, N.args, kernel(N + 1)), [
        *known(goal, X >= 0, 1 - X >= 0), power_nonneg(X, N)], rewrite=[power_step(X, N)])
    return induction(N, 0, goal, first, later)


def power_at_most_one(x: TermLike, n: TermLike, using: list[Thm]) -> Thm:
    """0 <= x <= 1, n >= 0 |- x^n <= 1."""
    return at(_power_at_most_one(), {X: x, N: n}, using)


# ---------------------------------------------------------------- the two halves of a limit
def above(n: Term, body: TermLike, rate: TermLike) -> Claim:
    """For every eps > 0 and all late n the body is at most (rate + eps)^n."""
    late = forall(n, (n >= START).implies(shape(body) <= (rate + EPS) ** n))
    return forall(EPS, (EPS > 0).implies(exists(START, (START >= 0) & late)))


def below(n: Term, body: TermLike, rate: TermLike) -> Claim:
    """For every eps > 0 up to the rate and all late n the body is at least (rate - eps)^n."""
    late = forall(n, (n >= START).implies(shape(body) >= (rate - EPS) ** n))
    some = exists(START, (START >= 0) & late)
    return forall(EPS, (EPS > 0).implies((rate >= EPS).implies(some)))


def root_claims(n: Term, body: TermLike, rate: TermLike, root: str) -> tuple[Claim, Claim]:
    """(r is a sequence of n-th roots of the body, r tends to the rate)."""
    r = sequence(root, n)
    return (forall(n, (n >= 1).implies((r >= 0) & (r**n).eq(body))), vanishes(n, r - rate))


def roots_tend(n: Term, body: TermLike, rate: TermLike, root: str, high: Thm, low: Thm,
               rate_nonneg: Thm) -> Thm:
    """|- above, |- below, |- rate >= 0   ==>   r_n >= 0 and r_n^n = body, n >= 1  |-  r_n -> rate.

    n must not be free in the hypotheses.
    """
    r, first, second = sequence(root, n), START, integers("M2")[0]
    are_roots, claim = root_claims(n, body, rate, root)
    some = claim.args[1].args[1]
    pos = known(EPS > 0)
    given = [*known(n >= 1)]
    nonneg, exact = parts(use(known(are_roots)[0], n, given=given))
    up, down = rate + EPS - r >= 0, r - rate + EPS >= 0

    def at_most(late: Thm) -> Thm:
        """r_n <= rate + eps: else r_n^n > (rate + eps)^n >= body = r_n^n."""
        wide = prove(rate + EPS >= 0, [rate_nonneg, *pos], degree=1)
        more = power_less(rate + EPS, r, n, [wide, *known(r - rate - EPS > 0), *given])
        false = prove(BOTTOM, [more, late, exact], degree=1)
        return case_split(up.args[0], known(up)[0], K.absurd(false, up.formula))

    def at_least(late: Thm) -> Thm:
        """r_n >= rate - eps: else r_n^n < (rate - eps)^n <= body = r_n^n."""
        more = power_less(r, rate - EPS, n, [nonneg, *known(rate - EPS - r > 0), *given])
        false = prove(BOTTOM, [more, late, exact], degree=1)
        return case_split(down.args[0], known(down)[0], K.absurd(false, down.formula))

    def from_end(end: Term, begin: Thm, over: Thm, under: Thm) -> Thm:
        """The limit's claim with N = end >= 1, from r_n <= rate + eps and r_n >= rate - eps."""
        small = abs_le(r - rate, EPS, over, under)
        small = have(small, prove(n >= 1, [*known(n >= end), begin], degree=1))
        return exist(some, end, conj(prove(end >= 0, [begin], degree=1),
                                     close(small, over=[n], under=[n >= end])))

    def with_first(both: Thm) -> Thm:
        start, late = parts(both)

        def with_second(pair: Thm) -> Thm:
            start2, late2 = parts(pair)
            end = first + second + 1
            reach = prove(n - first >= 0, [*known(n >= end), start2], degree=1)
            reach2 = prove(n - second >= 0, [*known(n >= end), start], degree=1)
            return from_end(end, prove(end - 1 >= 0, [start, start2], degree=1),
                            at_most(use(late, n, given=[reach])),
                            at_least(use(late2, n, given=[reach2])))

        small = obtain(use(low, EPS, given=[*pos, *known(rate >= EPS)]), second, with_second)
        end = first + 1
        reach = prove(n - first >= 0, known(n >= end), degree=1)
        large = from_end(end, prove(end - 1 >= 0, [start], degree=1),
                         at_most(use(late, n, given=[reach])),
                         prove(down, [nonneg, *known(EPS - rate > 0)], degree=1))
        return case_split(rate - EPS, small, large)

    found = obtain(use(high, EPS, given=pos), first, with_first)
    return close(found, over=[EPS], under=[EPS > 0])


# ---------------------------------------------------------------- the ratio test
def dominates() -> Thm:
    """0 <= x < y, C >= 0, b > 0 |- there is N >= 0: C x^n <= b y^n for all n >= N."""
    y_pos = prove(Y > 0, known(X >= 0, Y > X), degree=1)
    inverse, inv_p = have(inv_mul(Y), y_pos), have(inv_pos(Y), y_pos)
    q = X * inv(Y)
    q_nonneg = prove(q >= 0, [inv_p, *known(X >= 0)])
    q_small = prove(1 - q > 0, [prove((Y - X) * inv(Y) > 0, [inv_p, *known(Y > X)]), inverse],
                    degree=1)
    small = have(instantiate(geometric(), {Q: q}), q_nonneg, q_small)
    small = use(small, B, given=known(B > 0))
    goal = C * X**N <= B * Y**N
    claim = exists(START, (START >= 0) & forall(N, (N >= START).implies(goal)))

    def body(both: Thm) -> Thm:
        start, late = parts(both)
        here = use(late, N, given=known(N >= START))
        nonneg = prove(N >= 0, [start, *known(N >= START)], degree=1)
        same = power_product(q, Y, N, [nonneg])
        # (x/y) y is x
        swap = K.cong(prove((q * Y).eq(X), [inverse], multipliers=[X]), kernel(q * Y), X.kernel,
                      kernel(EPS**N), EPS.args)
        y_pow = have(power_nonneg(Y, N), nonneg, weaken(y_pos))
        thm = prove(goal, [prove((B - C * q**N) * Y**N >= 0, [here, y_pow]), same, swap],
                    degree=1, multipliers=[1, C])
        return exist(claim, START, conj(start, close(thm, over=[N], under=[N >= START])))

    return obtain(small, START, body)


def ratio_test(
    n: Term, value: Callable[[TermLike], Term], factor: Term, rate: Term,
    recurrence: Thm, positive: Thm, converges: Thm, rate_pos: Thm,
) -> tuple[Thm, Thm]:
    """value(n+1) = factor value(n) > 0 and factor -> rate > 0   ==>   both halves of the limit.

    ``factor`` is a term in n; ``recurrence``: n >= 0 |- value(n + 1) = factor value(n);
    ``positive``: n >= 0 |- value(n) > 0; ``converges``: |- factor -> rate. n must not be free in
    the other hypotheses.
    """
    begin, more = integers("M1 M2")
    half = EPS / 2

    def half_way(high: bool) -> Thm:
        claim = (above if high else below)(n, value(n), rate)
        some = claim.args[1].args[1] if high else claim.args[1].args[1].args[1]
        near = rate + half if high else rate - half
        goal_rate = rate + EPS if high else rate - EPS
        given = known(EPS > 0) if high else known(EPS > 0, rate >= EPS)
        close_by = use(converges, half, given=[prove(half > 0, known(EPS > 0))])

        def with_start(both: Thm) -> Thm:
            start, late = parts(both)
            at_m = begin + M
            reach = prove(at_m - begin >= 0, known(M >= 0), degree=1)
            at_nonneg = prove(at_m >= 0, [start, *known(M >= 0)], degree=1)
            here = use(late, at_m, given=[reach])
            phi = Term("here", (), K.subst(factor.kernel, {n.args: at_m.kernel}))
            gap = prove((near - phi) * (1 if high else -1) >= 0, [here, *abs_both(phi - rate)],
                        degree=1)
            size = have(instantiate(positive, {n: at_m}), at_nonneg)
            first = value(begin)
            goal = value(at_m) <= first * near**M if high else value(at_m) >= first * near**M
            rec = have(instantiate(recurrence, {n: at_m}), at_nonneg)
            near_nonneg = prove(near >= 0, [rate_pos, *given], degree=1)
            base = prove(K.instance(goal.formula, M.args, 0), rewrite=[power_0(near)])
            step = prove(K.instance(goal.formula, M.args, kernel(M + 1)), [
                prove((near - phi) * value(at_m) * (1 if high else -1) >= 0, [gap, size]),
                prove(near * (first * near**M - value(at_m)) * (1 if high else -1) >= 0,
                      [near_nonneg, *known(goal)])], degree=1,
                rewrite=[(rec, value(at_m + 1)), power_step(near, M)])
            grown = induction(M, 0, goal, base, step)
            first_pos = have(instantiate(positive, {n: begin}), start)
            goal_nonneg = prove(goal_rate >= 0, [rate_pos, *given], degree=1)
            scale = power_pos(goal_rate, begin, [
                prove(goal_rate > 0, [rate_pos, *given], degree=1), start]) if high else have(
                power_nonneg(goal_rate, begin), goal_nonneg, start)
            if high:
                table = {X: near, Y: goal_rate, C: first, B: goal_rate**begin}
                sides = [near_nonneg, weaken(first_pos), scale]
            else:
                table = {X: goal_rate, Y: near, C: goal_rate**begin, B: first}
                sides = [goal_nonneg, first_pos, scale]
            apart = prove(table[Y] - table[X] > 0, known(EPS > 0))
            wins = have(instantiate(dominates(), table), *sides, apart)

            def with_more(pair: Thm) -> Thm:
                start2, late2 = parts(pair)
                end = begin + more
                m_at = n - begin
                far = prove(m_at - more >= 0, known(n >= end), degree=1)
                m_nonneg = prove(m_at >= 0, [far, start2], degree=1)
                bound = use(late2, m_at, given=[far])
                at_n = have(instantiate(grown, {M: m_at}), m_nonneg)
                split = power_add(goal_rate, begin, m_at, [start, m_nonneg])
                goal_n = value(n) <= goal_rate**n if high else value(n) >= goal_rate**n
                thm = prove(goal_n, [at_n, bound, split], degree=1)
                return exist(some, end, conj(prove(end >= 0, [start, start2], degree=1),
                                             close(thm, over=[n], under=[n >= end])))

            return obtain(wins, more, with_more)

        found = obtain(close_by, begin, with_start)
        return close(found, over=[EPS], under=[EPS > 0] if high else [EPS > 0, rate >= EPS])

    return half_way(True), half_way(False)
