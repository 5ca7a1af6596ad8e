"""P2, third part: |∂h_n/∂h_0|^(1/n) tends to 2a / sinh 2a, the slope at the fixed point."""

from fractions import Fraction

from bptt_sym.prove import attractor
from bptt_sym.prove import kernel as K
from bptt_sym.prove.elman import AUTONOMOUS, H0, N, W
from bptt_sym.prove.kernel import ONE, instance
from bptt_sym.prove.language import Claim, Term, absolute, exp, forall, integer, real, reals, tanh
from bptt_sym.prove.lemmas import (
    abs_mul,
    abs_nonneg,
    abs_of_nonneg,
    abs_square,
    congruent,
    tanh_0,
    tanh_lt,
    tanh_mono_le,
    tanh_odd,
)
from bptt_sym.prove.library import prove as published
from bptt_sym.prove.limits import vanishes
from bptt_sym.prove.roots import above, below, ratio_test, root_claims, roots_tend
from bptt_sym.prove.tactics import (
    assume,
    case_split,
    close,
    conj,
    contradiction,
    exist,
    have,
    induction,
    instantiate,
    known,
    numeric,
    obtain,
    parts,
    prove,
    settle,
    use,
)
from bptt_sym.prove.theorem import Outline, Theorem

x, y, z = reals("x y z")
CELL = AUTONOMOUS
h = CELL.h


def theorem() -> Theorem:
    out = Outline()
    positive = x > 0
    factor, rate = W * (1 - h(N + 1) ** 2), W * (1 - x**2)
    contracts = out.line(slope_below_one(), "theorem p2", rate < 1)
    slopes = out.line(converging(contracts), "once above s with w (1 − s²) = 1 the state "
                      "approaches the fixed point geometrically, by theorem p2-decay",
                      vanishes(N, factor - rate))

    # any signs of w and h_0: |h_n| is the same sequence with |w| and |h_0|
    size_w, size_0 = absolute(W), absolute(H0)
    mirror = {W: size_w, H0: size_0}
    same_size = absolute(h(N)).eq(h(N, size_w, size_0))
    step, step_abs = CELL.state_step(N), instantiate(CELL.state_step(N), mirror)
    arg = prove((absolute(W * h(N))).eq(size_w * h(N, size_w, size_0)), [
        abs_mul(W, h(N)), assume(same_size)], multipliers=[1, size_w])
    moved = congruent(arg, absolute(W * h(N)), size_w * h(N, size_w, size_0), tanh(y), y)
    turned = congruent(step, h(N + 1), tanh(W * h(N)), absolute(y), y)
    first = congruent(CELL.initial, h(0), H0, absolute(y), y)
    mirrored = out.line(induction(
        N, 0, same_size,
        prove(instance(same_size.formula, ("i", "n"), 0), [first, instantiate(
            CELL.initial, mirror)]),
        prove(absolute(h(N + 1)).eq(h(N + 1, size_w, size_0)), [
            turned, tanh_abs(W * h(N)), moved, step_abs])),
        "|tanh(w h)| = tanh(|w| |h|)", same_size)
    after = have(instantiate(mirrored, {N: N + 1}), prove(N + 1 >= 0, known(N >= 0)))
    factor_abs, rate_abs = size_w * (1 - h(N + 1) ** 2), size_w * (1 - x**2)
    square = prove((h(N + 1) ** 2).eq(h(N + 1, size_w, size_0) ** 2), [
        abs_square(h(N + 1)), after],
        multipliers=[1, absolute(h(N + 1)), h(N + 1, size_w, size_0)])
    big, moving, fixed_abs = size_w > 1, H0 * H0 > 0, x.eq(tanh(size_w * x))
    start_pos = nonzero()
    converges = same_limit(
        N, factor_abs - rate_abs, have(instantiate(slopes, mirror), start_pos),
        prove((factor_abs - rate_abs).eq(size_w * (1 - h(N + 1, size_w, size_0) ** 2) - rate_abs),
              [square], multipliers=[size_w]))
    out.line(converges, "the factor of step n tends to the one at the fixed point",
             vanishes(N, factor_abs - rate_abs))

    # |∂h_n/∂h_0| is a product of these factors, none of which is 0
    def jac(n):  # type: ignore[no-untyped-def]
        return absolute(CELL.total_h0(n))

    slope = CELL.slope(N + 1, known(N >= 0))
    inner = (1 - h(N + 1) ** 2) * (W * CELL.total_h0(N))
    grown = congruent(CELL.gradient_step("h0", N), CELL.total_h0(N + 1), inner, absolute(y), y)
    unsigned = settle(K.fact("abs_pos", (1 - h(N + 1) ** 2).kernel), [slope])
    rec = out.line(prove(jac(N + 1).eq(factor_abs * jac(N)), [
        grown, abs_mul(1 - h(N + 1) ** 2, W * CELL.total_h0(N)), unsigned,
        abs_mul(W, CELL.total_h0(N))],
        multipliers=[1, absolute(1 - h(N + 1) ** 2), absolute(W * CELL.total_h0(N)),
                     1 - h(N + 1) ** 2]), "the chain rule", jac(N + 1).eq(factor_abs * jac(N)))
    w_pos = prove(size_w > 0, known(big), degree=1)
    alive = jac(N) > 0
    one = congruent(CELL.gradient_0("h0"), CELL.total_h0(0), 1, absolute(y), y)
    living = out.line(induction(
        N, 0, alive, prove(instance(alive.formula, ("i", "n"), 0), [one, abs_of_nonneg(1, prove(
            ("ge", ONE)))], degree=1),
        prove(jac(N + 1) > 0, [prove(factor_abs > 0, [slope, w_pos]), *known(alive)],
              rewrite=[rec])), "no factor is 0", alive)
    x_small = prove(x < 1, [tanh_lt(size_w * x), assume(fixed_abs)], degree=1)
    rate_pos = prove(rate_abs > 0, [w_pos, prove(1 - x**2 > 0, [x_small, *known(positive)])])
    high, low = ratio_test(N, jac, factor_abs, rate_abs, rec, living, converges, rate_pos)
    high_claim, low_claim = above(N, jac(N), rate_abs), below(N, jac(N), rate_abs)
    out.line(high, "from some step on no factor exceeds the limit by more than ε/2", high_claim)
    out.line(low, "nor falls below it by more than ε/2", low_claim)
    are_roots, limit_claim = root_claims(N, jac(N), rate_abs, "r")
    limit = out.line(roots_tend(N, jac(N), rate_abs, "r", high, low, prove(
        rate_abs >= 0, [rate_pos], degree=1)), "roots keep the order", limit_claim)

    # the value in terms of a = artanh x = |w| x
    a, e = size_w * x, exp(2 * (size_w * x))
    sinh_claim = (rate_abs * (e * e - 1)).eq(4 * a * e)
    tanh_e = prove((x * (e + 1)).eq(e - 1), [K.fact("tanh_exp", a.kernel), assume(fixed_abs)],
                   multipliers=[1, e])
    sinh = out.line(prove(sinh_claim, [tanh_e], multipliers=[
        size_w * (e - 1), size_w * (e + 1) * x, size_w * (e + 1), size_w * e, size_w * x,
        size_w * x * e, size_w]),
        "x = tanh a, so (1 − x²)(E + 1)² = 4 E with E = exp 2a", sinh_claim)
    less = have(instantiate(contracts, {W: size_w}))
    figure_claim, figure = value_at_two()
    out.line(figure, "the fixed point lies between 0.95750402 and 0.95750408", figure_claim)
    claim = (high_claim & low_claim & are_roots.implies(limit_claim) & (rate_abs < 1)
             & sinh_claim)
    thm = conj(high, low, close(limit, under=[are_roots]), less, sinh)
    premises = [big, moving, positive, fixed_abs]
    whole = big.implies(moving.implies(forall(x, positive.implies(fixed_abs.implies(claim)))))
    thm = close(close(thm, over=[x], under=premises[2:]), under=premises[:2])
    return out.theorem(
        "p2-root", "The n-th root of the derivative tends to 2a / sinh 2a, below 1",
        "PROPOSITIONS P2", [], whole & figure_claim, conj(thm, figure),
        remarks=["With a = artanh x = |w| x the limit |w| (1 − x²) is 2a / sinh 2a: the last part "
                 "says so without a quotient, as 2 sinh 2a = exp 2a − exp(−2a). Theorem p2 shows "
                 "that there is exactly one such x. r is any sequence of non-negative n-th "
                 "roots."],
    )


def slope_below_one() -> K.Thm:
    """w > 1, x > 0, x = tanh(w x) |- w (1 - x^2) < 1, from theorem p2."""
    some = K.modus(K.part(published("p2").thm, 0), assume(W > 1))

    def body(taken: K.Thm) -> K.Thm:
        _, _, slope, unique, *_ = parts(taken)
        same = use(unique, x, given=known(x > 0, x.eq(tanh(W * x))))
        return prove(W * (1 - x**2) < 1, [slope, same], degree=1, multipliers=[W * x, W * z])

    return obtain(some, z, body)


def converging(contracts: K.Thm) -> K.Thm:
    """w > 1, h_0 > 0, x > 0, x = tanh(w x) |- w (1 - h_{n+1}^2) -> w (1 - x^2)."""
    reached = K.part(published("p2-decay").thm, 0)
    limit = obtain(reached, attractor.M,
                   lambda taken: have(attractor.approach(contracts), *parts(taken)))
    return attractor.exists_turning_point(limit)


def tanh_abs(a: Term) -> K.Thm:
    """|tanh a| = tanh |a|."""
    size = absolute(a)
    goal = absolute(tanh(a)).eq(tanh(size))
    cases = []
    for sign, known_sign, fact in ((1, a >= 0, "abs_pos"), (-1, -a >= 0, "abs_neg")):
        same = congruent(K.fact(fact, a.kernel), size, sign * a, tanh(y), y)
        order = have(tanh_mono_le(0, sign * a), prove(sign * a >= 0, known(known_sign)))
        odd = tanh_odd(a)
        value = have(K.fact(fact, tanh(a).kernel), prove(
            sign * tanh(a) >= 0, [order, odd, tanh_0()], degree=1))
        cases.append(prove(goal, [same, value, odd]))
    return case_split(a, cases[0], have(cases[1], prove(-a >= 0, known(-a > 0))))


def nonzero() -> K.Thm:
    """h_0^2 > 0 |- |h_0| > 0."""
    return contradiction(absolute(H0) > 0, [abs_nonneg(H0), abs_square(H0), assume(H0 * H0 > 0)])


def same_limit(n: Term, body: Term, limit: K.Thm, equation: K.Thm) -> K.Thm:
    """A |- b -> 0,  n >= 0 |- body = b   ==>   A |- body -> 0."""
    eps, big = real("epsilon"), integer("N")
    claim = vanishes(n, body)
    some = claim.args[1].args[1]

    def inner(both: K.Thm) -> K.Thm:
        first, rest = parts(both)
        late = known(n >= big)
        here = use(rest, n, given=late)
        other = body.kernel - equation.concl[1]
        same = congruent(have(equation, prove(n >= 0, [first, *late], degree=1)), body, other,
                         absolute(y), y)
        small = prove(absolute(body) <= eps, [here, same], degree=1)
        return exist(some, big, conj(first, close(small, over=[n], under=[n >= big])))

    found = obtain(use(limit, eps, given=known(eps > 0)), big, inner)
    return close(found, over=[eps], under=[eps > 0])


def value_at_two() -> tuple[Claim, K.Thm]:
    """At w = 2 the limit is 0.166372, to six digits."""
    low, high = Fraction(95750402, 10**8), Fraction(95750408, 10**8)
    at_low = numeric(("ge", (tanh(2 * low) - low).kernel))
    at_high = numeric(("ge", (high - tanh(2 * high)).kernel))
    root = settle(K.ivt("y", (y - tanh(2 * y)).kernel, K.Poly.of(low), K.Poly.of(high),
                        at_low, at_high))
    is_fixed, positive = x.eq(tanh(2 * x)), x > 0
    some = settle(instantiate(K.modus(K.part(published("p2").thm, 0), assume(W > 1)), {W: 2}))
    claim = (2 * (1 - x**2) > Fraction(1663715, 10**7)) & (
        2 * (1 - x**2) < Fraction(1663725, 10**7))

    def unique(taken: K.Thm) -> K.Thm:
        one = K.part(taken, 3)

        def body(both: K.Thm) -> K.Thm:
            first, last, value = parts(both)
            here = use(one, y, given=[prove(y > 0, [first], degree=1), prove(
                y.eq(tanh(2 * y)), [value])])
            mine = use(one, x, given=known(positive, is_fixed))
            same = prove(x.eq(y), [here, mine])
            return conj(*[prove(c, [first, last, same, prove((x**2).eq(y**2), [same], multipliers=[
                x, y]), *known(positive)]) for c in claim.args])

        return obtain(root, y, body)

    thm = obtain(some, z, unique)
    return (forall(x, positive.implies(is_fixed.implies(claim))),
            close(thm, over=[x], under=[positive, is_fixed]))
