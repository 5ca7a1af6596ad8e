"""P12, refutation (g): a gradient that vanishes for every setting of the forget gate."""

from fractions import Fraction

from bptt_sym.prove import kernel as K
from bptt_sym.prove.kernel import instance
from bptt_sym.prove.language import absolute, derivative, forall, real, shape, sigmoid, tanh
from bptt_sym.prove.lemmas import (
    abs_le,
    abs_lt,
    abs_mul,
    abs_nonneg,
    congruent,
    power_step,
    sg_0,
    sg_bounds,
    tanh_0,
)
from bptt_sym.prove.limits import geometric_bound, geometric_vanishes, vanishes
from bptt_sym.prove.lstm import C0, GATES, O0, WEIGHTS, Lstm, N
from bptt_sym.prove.roots import power_pos
from bptt_sym.prove.tactics import (
    assume,
    close,
    conj,
    equal,
    have,
    induction,
    instantiate,
    known,
    parts,
    prove,
)
from bptt_sym.prove.theorem import Outline, Theorem

HALF = Fraction(1, 2)
b_f, x = real("b_f"), real("x")
L = Lstm(lambda gate, t: b_f if gate == "f" else 0, extra=[b_f])
DEFAULT = [WEIGHTS[g] for g in GATES] + [b_f, C0, O0]
POINT = {C0: 0, O0: HALF, WEIGHTS["g"]: -2}


def theorem() -> Theorem:
    out = Outline()
    n1 = N + 1
    c_step, h_step = L.state_step(N)
    rest = {C0: 0}

    def c_(n):  # type: ignore[no-untyped-def]
        return L.cell(0, n, *DEFAULT[:5], 0, O0)

    def h_(n):  # type: ignore[no-untyped-def]
        return L.cell(1, n, *DEFAULT[:5], 0, O0)

    def gate(name, n):  # type: ignore[no-untyped-def]
        return L.cell(2 + GATES.index(name), n, *DEFAULT[:5], 0, O0)

    both = c_(N).eq(0) & h_(N).eq(0)
    c0, h0 = (instantiate(t, rest) for t in L.initial)
    first = conj(c0, equal(h_(0).eq(0), h0, tanh_0()))
    ih = assume(both)
    c_zero, h_zero = parts(ih)
    g_step = instantiate(L.gate_step("g", N), rest)
    flat = congruent(prove((WEIGHTS["g"] * h_(N)).eq(0), [h_zero], multipliers=[WEIGHTS["g"]]),
                     WEIGHTS["g"] * h_(N), 0, tanh(x), x)
    g_zero = equal(gate("g", n1).eq(0), g_step, flat, tanh_0())
    next_c = equal(c_(n1).eq(0), instantiate(c_step, rest), c_zero, g_zero)
    flat = congruent(next_c, c_(n1), 0, tanh(x), x)
    next_h = equal(h_(n1).eq(0), instantiate(h_step, rest), (flat, tanh(c_(n1))), tanh_0())
    still = out.line(induction(N, 0, both, first, conj(next_c, next_h)),
                     "g = tanh 0 = 0, so c = f·0 + i·0, and h = o tanh 0", both)
    c_zero, h_zero = parts(still)

    # no recurrent weight has any effect
    effects, claims = [], []
    for name in GATES:
        w = WEIGHTS[name]
        for value, zero in ((c_(N), c_zero), (h_(N), h_zero)):
            chain = K.d_cong(w.args[1], zero, value.kernel, K.ZERO, w.kernel)
            rule = K.d_rule(w.args[1], K.ZERO, w.kernel)
            goal = derivative(w, value).eq(0)
            effects.append(equal(goal, (chain, derivative(w, value)),
                                 (rule, derivative(w, shape(0)))))
            claims.append(goal)
    weights_claim = claims[0]
    for extra in claims[1:]:
        weights_claim = weights_claim & extra
    flat_weights = out.line(conj(*effects), "the states are 0 whatever the weights", weights_claim)

    # the derivative in the cell state at c0 = 0, o0 = 1/2, U_g = -2
    def dc(n):  # type: ignore[no-untyped-def]
        return derivative(C0, L.cell(0, n, *at_values(C0)), 0)

    def dh(n):  # type: ignore[no-untyped-def]
        return derivative(C0, L.cell(1, n, *at_values(C0)), 0)

    def at_values(c):  # type: ignore[no-untyped-def]
        return [WEIGHTS["f"], WEIGHTS["i"], WEIGHTS["o"], -2, b_f, c, HALF]

    def part(j, n):  # type: ignore[no-untyped-def]
        return L.cell(j, n, *at_values(shape(0)))

    dc_step, dh_step = (instantiate(t, POINT) for t in L.jacobian_step(N))
    zeros = [instantiate(t, POINT) for t in (c_zero, h_zero)]
    zeros_next = [have(instantiate(t, {N: n1}), prove(n1 >= 0, known(N >= 0))) for t in zeros]
    values = {}
    for k, name in enumerate(GATES):
        w = at_values(C0)[k]
        arg = shape(w) * part(1, N)
        full = arg + b_f if name == "f" else arg
        target = b_f if name == "f" else 0
        fn = tanh if name == "g" else sigmoid
        same = congruent(prove(full.eq(target), [zeros[1]], multipliers=[shape(w)]), full, target,
                         fn(x), x)
        closing = {"f": [], "i": [sg_0()], "o": [sg_0()], "g": [tanh_0()]}[name]
        goal = part(2 + k, n1).eq({"f": sigmoid(b_f), "i": HALF, "o": HALF, "g": 0}[name])
        values[name] = equal(goal, (instantiate(L.gate_step(name, N), POINT), part(2 + k, n1)),
                             (same, fn(full)), *closing)
    tanh_zero = equal(tanh(part(0, n1)).eq(0), congruent(zeros_next[0], part(0, n1), 0, tanh(x), x),
                      tanh_0())
    point = [(values[n], part(2 + k, n1)) for k, n in enumerate(GATES)]
    facts = [*point, (zeros[0], part(0, N)), (tanh_zero, tanh(part(0, n1)))]
    tied = dh(N).eq(HALF * dc(N))
    dc_rec = equal(dc(n1).eq(sigmoid(b_f) * dc(N) - dh(N)), (dc_step, dc(n1)), *facts)
    dh_rec = equal(dh(n1).eq(HALF * (sigmoid(b_f) * dc(N) - dh(N))), (dh_step, dh(n1)), *facts)
    start = [instantiate(t, POINT) for t in L.jacobian_0]
    base = equal(instance(tied.formula, ("i", "n"), 0), (start[0], dc(0)), (start[1], dh(0)),
                 tanh_0())
    later = prove(instance(tied.formula, ("i", "n"), n1.kernel), rewrite=[
        (dh_rec, dh(n1)), (dc_rec, dc(n1))])
    tied_thm = out.line(induction(N, 0, tied, base, later), "q = 1/2 and p = 0 at every step", tied)
    factor = sigmoid(b_f) - HALF
    rec_claim = dc(n1).eq(factor * dc(N))
    rec = out.line(equal(rec_claim, (dc_rec, dc(n1)), (tied_thm, dh(N))),
                   "κ = −1, so f + κ q = σ(b_f) − 1/2", rec_claim)
    shrink = abs_le(factor, HALF, *[
        prove(HALF - s * factor >= 0, sg_bounds(b_f), degree=1) for s in (1, -1)])
    index = N >= 0
    bound_claim = absolute(dc(N)) <= shape(HALF) ** N
    bound = out.line(geometric_bound(N, dc, factor, HALF, start[0], rec, shrink),
                     "|σ(b_f) − 1/2| < 1/2", bound_claim)
    strictly = abs_lt(factor, HALF, *[
        prove(HALF - s * factor > 0, sg_bounds(b_f), degree=1) for s in (1, -1)])
    below_claim = absolute(dc(n1)) < shape(HALF) ** n1
    power = power_pos(HALF, N, [prove(shape(HALF) > 0), *known(index)])
    sized = congruent(rec, dc(n1), factor * dc(N), absolute(x), x)
    below = out.line(prove(below_claim, [
        sized, abs_mul(factor, dc(N)),
        prove((HALF - absolute(factor)) * shape(HALF) ** N > 0, [strictly, power]),
        prove(absolute(factor) * (shape(HALF) ** N - absolute(dc(N))) >= 0, [
            abs_nonneg(factor), bound])], degree=1, rewrite=[power_step(HALF, N)]),
        "and the last factor is strictly below 1/2", below_claim)
    limit = geometric_vanishes(
        N, dc(N), 1, HALF, prove(absolute(dc(N)) <= 1 * shape(HALF) ** N, [bound], degree=1),
        [prove(shape(HALF) >= 0), prove(1 - shape(HALF) > 0), prove(shape(1) >= 0)])
    claim = (
        forall(N, index.implies(both)) & forall(N, index.implies(weights_claim))
        & forall(N, index.implies(rec_claim)) & forall(N, index.implies(bound_claim))
        & forall(N, index.implies(below_claim)) & vanishes(N, dc(N))
    )
    thm = conj(*[close(t, over=[N], under=[index]) for t in (still, flat_weights, rec, bound,
                                                                   below)],
               limit)
    return out.theorem(
        "p12", "No forget gate keeps this gradient alive",
        "PROPOSITIONS P12 and claim (g); notes B, B13", [], claim, thm,
        remarks=["Inputs 0, c₀ = h₀ = 0, biases of the other gates 0, U_g = −2, o₀ = 1/2: for "
                 "every U_f and b_f the derivative of the cell state is at most 2⁻ⁿ, and the "
                 "recurrent weights have no gradient at all."],
    )
