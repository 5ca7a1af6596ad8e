"""The four terms of the LSTM's one-step derivative, each with its best bound."""

from fractions import Fraction

from bptt_sym.prove import kernel as K
from bptt_sym.prove.language import (
    Term,
    absolute,
    derivative,
    exists,
    forall,
    inv,
    real,
    reals,
    sigmoid,
    tanh,
)
from bptt_sym.prove.lemmas import (
    abs_both,
    abs_le,
    abs_mul,
    abs_nonneg,
    abs_of_nonneg,
    dsg_le,
    dsg_pos,
    dtanh_pos,
    product_bound,
    sg_0,
    sg_bounds,
    sg_near_one,
    sum_bound,
    tanh_0,
    tanh_bounds,
    tanh_near_one,
)
from bptt_sym.prove.library import prove as published
from bptt_sym.prove.limits import inv_mul, inv_pos
from bptt_sym.prove.tactics import (
    assume,
    close,
    conj,
    conj_hyps,
    equal,
    exist,
    have,
    known,
    obtain,
    prove,
    use,
)
from bptt_sym.prove.theorem import Outline, Theorem

U = {g: real(f"U_{g}") for g in "fig"}
a_f, a_i, a_o, a_g, c, z, o, d = reals("a_f a_i a_o a_g c z o delta")
QUARTER = Fraction(1, 4)


def sech2(x):  # type: ignore[no-untyped-def]
    return 1 - tanh(x) ** 2


def slope(x):  # type: ignore[no-untyped-def]
    return sigmoid(x) * (1 - sigmoid(x))


def terms(f, i, out, g, cell):  # type: ignore[no-untyped-def]
    """A, B, C, D, of the pre-activations f, i, g, the previous output gate, the cell state."""
    q = out * sech2(cell)
    return (slope(f) * U["f"] * (q * cell), sigmoid(f), slope(i) * U["i"] * (q * tanh(g)),
            sech2(g) * U["g"] * (q * sigmoid(i)))


def bounded(x: Term, bound, using, **how):  # type: ignore[no-untyped-def]
    """|x| <= bound from premises that bound x on both sides."""
    return abs_le(x, bound, *[prove(bound - s * x >= 0, using, **how) for s in (1, -1)])


def theorem() -> Theorem:
    out = Outline()
    kappa = z * sech2(z)
    extremal = forall(c, absolute(c) * sech2(c) <= kappa)
    gate_o = sigmoid(a_o)
    A, B, C, D = terms(a_f, a_i, gate_o, a_g, c)
    q = gate_o * sech2(c)

    # the derivative of one step, the previous gate o held fixed
    x = {g: real(f"x_{g}") for g in "fig"}
    args = {g: U[g] * (o * tanh(c)) + x[g] for g in "fig"}
    step = sigmoid(args["f"]) * c + sigmoid(args["i"]) * tanh(args["g"])
    parts = terms(args["f"], args["i"], o, args["g"], c)
    sum_claim = derivative(c, step).eq(parts[0] + parts[1] + parts[2] + parts[3])
    chain = out.line(equal(sum_claim, K.d_rule("c", step.kernel, c.kernel)),
                     "product and chain rule; the previous output gate o is held fixed", sum_claim)

    # upper bounds
    quarter = bounded(slope(a_f), QUARTER, [dsg_le(a_f), dsg_pos(a_f)])
    weight = {g: bounded(U[g], absolute(U[g]), abs_both(U[g])) for g in "fig"}
    unit_o = bounded(gate_o, 1, sg_bounds(a_o))
    unit_i = bounded(sigmoid(a_i), 1, sg_bounds(a_i))
    unit_g = bounded(tanh(a_g), 1, tanh_bounds(a_g))
    unit_c = bounded(sech2(c), 1, [dtanh_pos(c)], squares=[tanh(c)])
    unit_dg = bounded(sech2(a_g), 1, [dtanh_pos(a_g)], squares=[tanh(a_g)])
    at_c = use(assume(extremal), c)
    peak = prove(absolute(sech2(c) * c) <= kappa, [at_c], degree=1, rewrite=[
        (abs_mul(sech2(c), c), absolute(sech2(c) * c)),
        (abs_of_nonneg(sech2(c), prove(sech2(c) >= 0, [dtanh_pos(c)], degree=1)),
         absolute(sech2(c)))])
    first = product_bound(slope(a_f), U["f"], quarter, weight["f"])
    whole_a = product_bound(slope(a_f) * U["f"], gate_o * (sech2(c) * c), first,
                            product_bound(gate_o, sech2(c) * c, unit_o, peak))
    bound_a = absolute(A) <= QUARTER * kappa * absolute(U["f"])
    upper_a = out.line(whole_a, "σ′ ≤ 1/4, o < 1, and |c| sech²c ≤ z sech²z", bound_a)
    bound_b = (B > 0) & (B < 1)
    upper_b = out.line(conj(*sg_bounds(a_f)), "a gate lies in (0, 1)", bound_b)
    q_unit = product_bound(gate_o, sech2(c), unit_o, unit_c)
    quarter_i = K.inst(quarter, ("v", "a_f"), a_i.kernel)
    bound_c = absolute(C) <= QUARTER * absolute(U["i"])
    upper_c = out.line(
        product_bound(slope(a_i) * U["i"], q * tanh(a_g),
                      product_bound(slope(a_i), U["i"], quarter_i, weight["i"]),
                      product_bound(q, tanh(a_g), q_unit, unit_g)),
        "σ′ ≤ 1/4, the other factors at most 1", bound_c)
    bound_d = absolute(D) <= absolute(U["g"])
    upper_d = out.line(
        product_bound(sech2(a_g) * U["g"], q * sigmoid(a_i),
                      product_bound(sech2(a_g), U["g"], unit_dg, weight["g"]),
                      product_bound(q, sigmoid(a_i), q_unit, unit_i)),
        "every factor but the weight is at most 1", bound_d)
    unit_b = bounded(B, 1, sg_bounds(a_f))
    total = sum_bound(A + B + C, D, sum_bound(A + B, C, sum_bound(A, B, upper_a, unit_b), upper_c),
                      upper_d)
    bound_sum = absolute(A + B + C + D) <= (
        QUARTER * kappa * absolute(U["f"]) + 1 + QUARTER * absolute(U["i"]) + absolute(U["g"]))
    upper_sum = out.line(total, "the triangle inequality", bound_sum)

    # lower bounds: gates near 1 at a = 1/delta, the others at their best point
    small, below = d > 0, d <= 1
    far = inv(d)
    far_pos = prove(far >= 0, [inv_pos(d)], degree=1)
    gap = sg_gap(far, far_pos, sg_near_one(far), sigmoid(far))
    gap_t = sg_gap(far, far_pos, tanh_near_one(far), tanh(far))
    q_z, half_z = sigmoid(far), sigmoid(0)
    best_a = absolute(terms(0, 0, q_z, 0, z)[0]) >= (1 - d) * (QUARTER * kappa * absolute(U["f"]))
    z_pos = known(z > 0)[0]
    kappa_pos = prove(kappa >= 0, [z_pos, dtanh_pos(z)])
    pieces = prove(half_z * (1 - half_z) * (q_z * kappa) >= QUARTER * kappa * (1 - d),
                   [prove((q_z - (1 - d)) * kappa >= 0, [gap, kappa_pos])],
                   rewrite=[(sg_0(), half_z)], degree=1)
    low_a = lower(half_z * (1 - half_z) * (q_z * kappa), U["f"], pieces, prove(
        half_z * (1 - half_z) * (q_z * kappa) >= 0,
        [prove(q_z * kappa >= 0, [*sg_bounds(far), kappa_pos])],
        rewrite=[(sg_0(), half_z)], degree=1), best_a)
    out.line(low_a, "at a_f = 0, c = z, a_o = 1/δ: there 1 − o ≤ δ", best_a)
    best_c = absolute(terms(0, 0, q_z, far, Fraction(0))[2]) >= (1 - 2 * d) * (
        QUARTER * absolute(U["i"]))
    zero = (tanh_0(), tanh(0))
    product_cg = half_z * (1 - half_z) * (q_z * sech2(Fraction(0)) * tanh(far))
    both = prove(q_z * tanh(far) >= 1 - 2 * d, [
        gap, gap_t, *sg_bounds(far), *tanh_bounds(far), *known(small, below)])
    t_far = prove(tanh(far) >= 0, [gap_t, *known(below)], degree=1)
    pieces = prove(product_cg >= QUARTER * (1 - 2 * d), [both],
                   rewrite=[(sg_0(), half_z), zero], degree=1)
    low_c = lower(product_cg, U["i"], pieces, prove(
        product_cg >= 0, [prove(q_z * tanh(far) >= 0, [*sg_bounds(far), t_far])],
        rewrite=[(sg_0(), half_z), zero], degree=1), best_c)
    out.line(low_c, "at a_i = 0, c = 0 and a_o = a_g = 1/δ", best_c)
    best_d = absolute(terms(0, far, q_z, 0, Fraction(0))[3]) >= (1 - 2 * d) * absolute(U["g"])
    product_d = sech2(0) * (q_z * sech2(Fraction(0)) * sigmoid(far))
    both = prove(q_z * q_z >= 1 - 2 * d, [gap, *sg_bounds(far), *known(small)])
    pieces = prove(product_d >= 1 - 2 * d, [both], rewrite=[zero], degree=1)
    low_d = lower(product_d, U["g"], pieces, prove(product_d >= 0, [
        *sg_bounds(far)], rewrite=[zero]), best_d)
    out.line(low_d, "at a_g = 0, c = 0 and a_o = a_i = 1/δ", best_d)

    # assemble
    variables = [a_f, a_i, a_o, a_g, c, U["f"], U["i"], U["g"]]
    upper = conj(upper_a, *[K.part(upper_b, k) for k in (0, 1)], upper_c, upper_d, upper_sum)
    upper_claim = bound_a & (B > 0) & (B < 1) & bound_c & bound_d & bound_sum

    def some(claim, names, values, low):  # type: ignore[no-untyped-def]
        """Exists a_f, a_i, a_o, a_g, c with the lower bound, by the witnesses given."""
        thm, shapes = low, []
        for k in range(len(names)):
            partial = dict(list(zip(names, values, strict=True))[:k])
            shapes.append(exists(names[k:], claim(partial)))
        for k in reversed(range(len(names))):
            thm = exist(shapes[k], values[k], thm)
        return thm, shapes[0]

    def claim_a(v):  # type: ignore[no-untyped-def]
        t = terms(v.get(a_f, a_f), 0, sigmoid(v.get(a_o, a_o)), 0, v.get(c, c))[0]
        return absolute(t) >= (1 - d) * (QUARTER * kappa * absolute(U["f"]))

    def claim_c(v):  # type: ignore[no-untyped-def]
        t = terms(0, v.get(a_i, a_i), sigmoid(v.get(a_o, a_o)), v.get(a_g, a_g), v.get(c, c))[2]
        return absolute(t) >= (1 - 2 * d) * (QUARTER * absolute(U["i"]))

    def claim_d(v):  # type: ignore[no-untyped-def]
        t = terms(0, v.get(a_i, a_i), sigmoid(v.get(a_o, a_o)), v.get(a_g, a_g), v.get(c, c))[3]
        return absolute(t) >= (1 - 2 * d) * absolute(U["g"])

    zero_ = Fraction(0)
    def claim_b(v):  # type: ignore[no-untyped-def]
        return sigmoid(v.get(a_f, a_f)) >= 1 - d

    lows = [some(claim_b, [a_f], [far], gap), some(claim_a, [a_f, a_o, c], [zero_, far, z], low_a),
            some(claim_c, [a_i, a_o, a_g, c], [zero_, far, far, zero_], low_c),
            some(claim_d, [a_i, a_o, a_g, c], [far, far, zero_, zero_], low_d)]
    weights = [U["f"], U["i"], U["g"]]
    best_claim = forall([d, *weights], small.implies(below.implies(
        lows[0][1] & lows[1][1] & lows[2][1] & lows[3][1])))
    best = close(conj(*[t for t, _ in lows]), over=[d, *weights], under=[small, below])
    everywhere = forall(variables, upper_claim)
    names = [c, o, *x.values(), *U.values()]
    body_claim = (
        (z > 0) & (z * tanh(z)).eq(Fraction(1, 2)) & (kappa > Fraction(447743, 10**6))
        & (kappa < Fraction(447744, 10**6)) & forall(names, sum_claim) & everywhere & best_claim
    )
    root = known((z * tanh(z)).eq(Fraction(1, 2)), kappa > Fraction(447743, 10**6),
                 kappa < Fraction(447744, 10**6))
    thm = conj(z_pos, *root, close(chain, over=names), close(upper, over=variables), best)
    claim = exists(z, body_claim)
    p4 = published("p4")
    done = obtain(p4.thm, z, lambda both: exist(claim, z, conj_hyps(thm, both)))
    return out.theorem(
        "lstm-terms", "The four terms of the LSTM's one-step derivative, with best bounds",
        "PROPOSITIONS, bounds on the four terms; notes B, B10 to B12", [], claim, done,
        best_constant="A: ¼·0.447743… |U_f|, B: 1, C: |U_i|/4, D: |U_g|",
        remarks=["The bounds depend neither on the time nor on the input, so the one-step "
                 "derivative does not grow with t. The constant is that of theorem p4."],
    )


def sg_gap(far, far_pos, near, value):  # type: ignore[no-untyped-def]
    """delta > 0 |- value(1/delta) >= 1 - delta."""
    near = have(near, far_pos)
    inverse = inv_mul(d)
    # 1 - v = delta far (1 - v) <= delta
    return prove(value >= 1 - d, [prove((1 - (1 - value) * far) * d >= 0, [near, *known(d > 0)]),
                                  inverse], multipliers=[1, 1 - value], degree=1)


def lower(factor, weight, bound, nonneg, claim):  # type: ignore[no-untyped-def]
    """|factor weight| >= claimed, from factor >= bound >= ... and factor >= 0."""
    size = equal(absolute(factor * weight).eq(factor * absolute(weight)),
                 abs_mul(factor, weight), (abs_of_nonneg(factor, nonneg), absolute(factor)))
    return prove(claim, [prove(("ge", bound.concl[1] * absolute(weight).kernel),
                               [bound, abs_nonneg(weight)])], degree=1,
                 rewrite=[(size, absolute(factor * weight))])
