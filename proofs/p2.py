"""P2: for w > 1 the free cell has one positive fixed point, and there the derivative vanishes."""

from bptt_sym.prove import kernel as K
from bptt_sym.prove.elman import AUTONOMOUS, H0, N, W
from bptt_sym.prove.kernel import instance
from bptt_sym.prove.language import (
    Claim,
    Term,
    derivative,
    exists,
    exp,
    forall,
    inv,
    reals,
    shape,
    tanh,
)
from bptt_sym.prove.lemmas import (
    abs_le,
    cancel,
    congruent,
    exp_pos,
    power_0,
    power_step,
    tanh_0,
    tanh_lt,
    tanh_mono,
)
from bptt_sym.prove.limits import geometric_bound, geometric_vanishes, inv_mul, vanishes
from bptt_sym.prove.tactics import (
    BOTTOM,
    assume,
    close,
    conj,
    conj_hyps,
    contradiction,
    equal,
    exist,
    have,
    induction,
    instantiate,
    known,
    obtain,
    prove,
    settle,
)
from bptt_sym.prove.theorem import Outline, Theorem

x, y, c, d = reals("x y c d")
CELL = AUTONOMOUS


def fixed(at: Term) -> Claim:
    return at.eq(tanh(W * at))


def theorem() -> Theorem:
    out = Outline()
    gain = W > 1
    w_pos = prove(W > 0, known(gain))
    # existence: tanh y >= y/(1 + y), so tanh(w a) >= a at a = 1 - 1/w
    e = exp(2 * c)
    flat = prove(tanh(c) * (1 + c) >= c, [
        K.fact("exp_ge", (2 * c).kernel), K.fact("tanh_exp", c.kernel), exp_pos(2 * c),
        prove(1 - tanh(c) >= 0, [tanh_lt(c)], degree=1), *known(c >= 0)])
    out.line(flat, "e^{2c} ≥ 1 + 2c", tanh(c) * (1 + c) >= c)
    low = 1 - inv(W)
    inverse = have(inv_mul(W), w_pos)
    point = prove((W * low).eq(W - 1), [inverse])
    moved = congruent(point, W * low, W - 1, tanh(y), y)
    at_low = settle(instantiate(flat, {c: W - 1}), known(gain))
    # tanh(w - 1) w >= w - 1, so tanh(w a) >= 1 - 1/w
    start = contradiction(tanh(W - 1) >= low, [at_low, inverse, w_pos], degree=2)
    begin = prove(("ge", -(low - tanh(W * low)).kernel), [start, moved], degree=1)
    end = prove(("ge", (shape(1) - tanh(W)).kernel), [tanh_lt(W)], degree=1)
    root = K.ivt("x", (x - tanh(W * x)).kernel, low.kernel, K.ONE, begin, end)
    low_pos = contradiction(low > 0, [point, *known(gain), w_pos])
    below_one = prove(1 - low >= 0, [contradiction(inv(W) >= 0, [inverse, w_pos])], degree=1)
    root = have(root, below_one)

    # a mean value between two fixed points has slope 1: w (1 - tanh^2) = 1
    f = tanh(W * y) - y
    pos_x, fix_x = x > 0, fixed(x)

    def slope_one(lo: Term, hi: Term, name: Term) -> K.Thm:
        """Between lo < hi with f(lo) = f(hi) = 0:  exists name: w (1 - tanh^2(w name)) = 1."""
        return K.mvt(name.args[1], K.instance(f.kernel, ("v", "y"), name.kernel), lo.kernel,
                     hi.kernel)

    def derive(both: K.Thm, name: Term, lo: Term, hi: Term, zero: list[K.Thm]) -> K.Thm:
        """w (1 - tanh^2(w name)) = 1."""
        inside = [K.part(both, 0), K.part(both, 1)]
        width = prove(hi - lo > 0, inside, degree=1)
        slope = W * (1 - tanh(W * name) ** 2) - 1
        product = prove((slope * (hi - lo)).eq(0), [K.part(both, 2), *zero])
        return cancel(product, hi - lo, slope, width)

    zero_0 = shape(0)
    mean_0 = settle(slope_one(zero_0, x, c), known(pos_x))
    at_0 = tanh_0()

    def gain_body(both: K.Thm) -> K.Thm:
        one = derive(both, c, zero_0, x, [at_0, assume(fix_x)])
        inside = [K.part(both, 0), K.part(both, 1)]
        order = prove(W * x - W * c > 0, [*inside, w_pos])
        rise = have(tanh_mono(W * c, W * x), order)
        base = have(tanh_mono(0, W * c), prove(W * c > 0, [*inside, w_pos]))
        return prove(W * (1 - x**2) < 1, [
            prove(W * (x - tanh(W * c)) * (x + tanh(W * c)) > 0, [
                prove(x - tanh(W * c) > 0, [rise, assume(fix_x)], degree=1),
                prove(x + tanh(W * c) > 0, [base, at_0, *known(pos_x)], degree=1), w_pos],
                degree=3), one], degree=1)

    slope_claim = W * (1 - x**2) < 1
    contracts = out.line(
        obtain(mean_0, c, gain_body),
        "by the mean value theorem the slope of tanh(w t) is 1 somewhere in (0, x), and tanh² "
        "grows", slope_claim)

    # uniqueness
    later = x < y

    def second(both_c: K.Thm) -> K.Thm:
        one_c = derive(both_c, c, zero_0, x, [at_0, assume(fix_x)])
        mean = settle(slope_one(x, y, d), known(later))

        def body(both_d: K.Thm) -> K.Thm:
            one_d = derive(both_d, d, x, y, [assume(fix_x), assume(fixed(y))])
            inside = [K.part(both_c, 0), K.part(both_c, 1), K.part(both_d, 0)]
            order = prove(W * d - W * c > 0, [prove(d - c > 0, inside, degree=1), w_pos])
            rise = have(tanh_mono(W * c, W * d), order)
            base = prove(tanh(W * c) > 0, [
                have(tanh_mono(0, W * c), prove(W * c > 0, [*inside, w_pos])), at_0], degree=1)
            gap = prove(W * (tanh(W * d) - tanh(W * c)) * (tanh(W * d) + tanh(W * c)) > 0, [
                prove(tanh(W * d) - tanh(W * c) > 0, [rise], degree=1),
                prove(tanh(W * d) + tanh(W * c) > 0, [rise, base], degree=1), w_pos], degree=3)
            return prove(BOTTOM, [gap, one_c, one_d], degree=1)

        return obtain(mean, d, body)

    clash = obtain(mean_0, c, second)
    pos_y, fix_y = y > 0, fixed(y)
    not_less = K.absurd(clash, ("ge", (x - y).kernel))
    at_most = K.split((x - y).kernel, assume(("ge", (x - y).kernel)), not_less)
    swapped = instantiate(at_most, {x: y, y: x})
    same = out.line(K.antisym(swapped, at_most),
                    "two positive fixed points would give two such places, but tanh² is strictly "
                    "increasing there", y.eq(x))
    unique_claim = forall(y, pos_y.implies(fix_y.implies(y.eq(x))))
    unique = close(close(same, under=[pos_y, fix_y]), over=[y])

    # the derivative at the fixed point
    def jac(n):  # type: ignore[no-untyped-def]
        return derivative(H0, CELL.h(n), x)

    point_x = {H0: x}
    state = CELL.h(N, W, x).eq(x)
    first = instantiate(CELL.initial, point_x)
    step = instantiate(CELL.state_step(N), point_x)
    arg = prove((W * CELL.h(N, W, x)).eq(W * x), [assume(state)], multipliers=[W])
    stay = congruent(arg, W * CELL.h(N, W, x), W * x, tanh(y), y)
    rests = induction(N, 0, state, first, prove(
        CELL.h(N + 1, W, x).eq(x), [step, stay, assume(fix_x)]))
    rate = W * (1 - x**2)
    nxt = have(instantiate(rests, {N: N + 1}), prove(N + 1 >= 0, known(N >= 0)))
    rec = equal(jac(N + 1).eq(rate * jac(N)), (instantiate(CELL.gradient_step("h0", N), point_x),
                jac(N + 1)), (nxt, CELL.h(N + 1, W, x)))
    start = instantiate(CELL.gradient_0("h0"), point_x)
    exact = jac(N).eq(rate**N)
    exact_thm = out.line(induction(
        N, 0, exact, equal(instance(exact.formula, ("i", "n"), 0), start, power_0(rate)),
        equal(instance(exact.formula, ("i", "n"), (N + 1).kernel), (rec, jac(N + 1)),
              power_step(rate, N), assume(exact))), "every factor is w (1 − x²)", exact)
    rate_pos = prove(rate >= 0, [prove(1 - x**2 >= 0, [
        assume(fix_x), tanh_lt(W * x), *known(pos_x)], multipliers=[1, x, tanh(W * x)]), w_pos])
    shrink = abs_le(rate, rate, prove(("ge", K.ZERO)), prove(2 * rate >= 0, [rate_pos], degree=1))
    bound = geometric_bound(N, jac, rate, rate, start, rec, shrink)
    limit_claim = vanishes(N, jac(N))
    limit = out.line(geometric_vanishes(
        N, jac(N), 1, rate, prove(("ge", bound.concl[1]), [bound], degree=1),
        [rate_pos, prove(1 - rate > 0, [contracts], degree=1), prove(1 + 0 * W >= 0)]),
        "0 ≤ w (1 − x²) < 1", limit_claim)
    # the growth rate in closed form, with a = w x: w (1 - x^2) (e^{4a} - 1) = 4 a e^{2a}
    a = W * x
    e = exp(2 * a)
    closed = (rate * (e * e - 1)).eq(4 * a * e)
    via = K.fact("tanh_exp", a.kernel)
    rate_thm = out.line(prove(
        closed, [prove((x * (e + 1) - e + 1).eq(0), [via, assume(fix_x)], multipliers=[1, e])],
        multipliers=[W * x * e, W * e, W * x, W, W * x**2, W * x**2 * e]),
        "x = tanh a = (e^{2a} − 1)/(e^{2a} + 1)", closed)
    index = N >= 0
    inner = (
        pos_x & fix_x & slope_claim & unique_claim & closed & forall(N, index.implies(exact))
        & limit_claim
    )
    claim = exists(x, inner)
    thm = conj(
        *known(pos_x), assume(fix_x), contracts, unique, rate_thm,
        close(exact_thm, over=[N], under=[index]), limit)

    def body(both: K.Thm) -> K.Thm:
        positive = prove(pos_x, [K.part(both, 0), low_pos], degree=1)
        return exist(claim, x, have(conj_hyps(thm, both), positive))

    found = out.line(obtain(root, x, body), "tanh(w a) ≥ a at a = 1 − 1/w and tanh w < 1: the "
                     "intermediate value theorem", claim)

    # at rest: h_0 = 0
    def jac_0(n):  # type: ignore[no-untyped-def]
        return derivative(H0, CELL.h(n), 0)

    def grad_0(n):  # type: ignore[no-untyped-def]
        return derivative(W, CELL.h(n, W, 0))

    zero = CELL.h(N, W, 0).eq(0)
    step = instantiate(CELL.state_step(N), {H0: 0})
    arg = prove((W * CELL.h(N, W, 0)).eq(0), [assume(zero)], multipliers=[W])
    rest = induction(N, 0, zero, instantiate(CELL.initial, {H0: 0}), prove(
        CELL.h(N + 1, W, 0).eq(0),
        [step, congruent(arg, W * CELL.h(N, W, 0), 0, tanh(y), y), at_0]))
    nxt = have(instantiate(rest, {N: N + 1}), prove(N + 1 >= 0, known(N >= 0)))
    power = jac_0(N).eq(W**N)
    rec = equal(jac_0(N + 1).eq(W * jac_0(N)), (instantiate(
        CELL.gradient_step("h0", N), {H0: 0}), jac_0(N + 1)), (nxt, CELL.h(N + 1, W, 0)))
    powers = out.line(induction(
        N, 0, power, equal(instance(power.formula, ("i", "n"), 0),
                           instantiate(CELL.gradient_0("h0"), {H0: 0}), power_0(W)),
        equal(instance(power.formula, ("i", "n"), (N + 1).kernel), (rec, jac_0(N + 1)),
              power_step(W, N), assume(power))), "at rest every slope is 1", power)
    none = grad_0(N).eq(0)
    chain = K.d_cong("w", rest, CELL.h(N, W, 0).kernel, K.ZERO, W.kernel)
    no_grad = out.line(equal(none, (chain, grad_0(N)), K.d_rule("w", K.ZERO, W.kernel)),
                       "the state is 0 for every w", none)
    whole = gain.implies(claim) & forall(N, index.implies(power)) & forall(N, index.implies(none))
    result = conj(close(found, under=[gain]), close(powers, over=[N], under=[index]),
                  close(no_grad, over=[N], under=[index]))
    return out.theorem(
        "p2", "The free cell with w > 1: one positive fixed point, where the derivative vanishes",
        "PROPOSITIONS P2", [], whole, result,
        remarks=["With a = w x = artanh x the ratio is w (1 − x²) = 2a / sinh 2a. Theorem "
                 "p2-decay has the decay from every h₀ > 0, theorem p2-root the rate from every "
                 "h₀ ≠ 0, for either sign of w."],
    )
