"""P9, the figures for k = 41: the product of the one-step sums is 9e-12, the derivative 1e13."""

from fractions import Fraction

from bptt_sym.prove import kernel as K
from bptt_sym.prove.enclosures import (
    GROWTH,
    between,
    growth_bounds,
    outward,
    power_bounds,
)
from bptt_sym.prove.language import exists, forall, integer, product, real, shape, tanh
from bptt_sym.prove.lemmas import sg_0, tanh_0
from bptt_sym.prove.lstm import Lstm, N
from bptt_sym.prove.resting import Resting
from bptt_sym.prove.tactics import (
    assume,
    at,
    close,
    conj,
    conj_hyps,
    exist,
    have,
    instantiate,
    numeric,
    obtain,
    parts,
    prove,
    settle,
)
from bptt_sym.prove.theorem import Outline, Theorem

HALF, STEPS, DIGITS = Fraction(1, 2), 40, 14
B, Z = real("b_g"), real("z")
# the output gate's input cancels 20 h at rest; the candidate's is b_g
INPUTS = {"f": shape(0), "i": shape(0), "o": -20 * (HALF * tanh(HALF)), "g": B}
L = Lstm(lambda gate, t: INPUTS[gate], weights={"f": 0, "i": 0, "o": 20, "g": Fraction(1, 5)},
         extra=[B])
CELL = Resting(L, dict.fromkeys("fiog", HALF), HALF)


def theorem() -> Theorem:
    out = Outline()
    quiet = sg_0()

    def settled(thm: K.Thm) -> K.Thm:
        """Without the three gates whose pre-activation is 0."""
        return have(thm, quiet)

    total = HALF + CELL.kappa * CELL.q
    near = Fraction(46211715726000975850231848364367254873, 10**38)
    low, high = outward(near, near, 2 * DIGITS)
    slope = [numeric(tanh(HALF) >= low, 128), numeric(tanh(HALF) <= high, 128)]
    ends_s = tuple(HALF + Fraction(3, 80) * (1 - t * t) for t in (high, low))
    ends_p = (5 * low, 5 * high)
    of_s, of_p = between(total, ends_s, slope), between(CELL.p, ends_p, slope)
    exact = out.line(settled(CELL.growth), "theorem p10-growth", CELL.dc(N).eq(
        GROWTH(0, N, total, CELL.p, HALF)))
    bounds = [at(exact, {N: shape(STEPS)}), *growth_bounds(
        total, CELL.p, HALF, of_s, of_p, ends_s, ends_p, STEPS, DIGITS)]
    value_claim = (CELL.dc(STEPS) > 135 * 10**11) & (CELL.dc(STEPS) < 137 * 10**11)
    value = out.line(conj(*[prove(c, bounds, degree=1) for c in value_claim.args]),
                     "forty steps of the recurrence, with rational bounds", value_claim)

    # the product of the one-step sums is the 40th power of the same S
    t = integer("t")
    whole = product(t, 1, STEPS, CELL.one_step_sum(t))
    exact = at(settled(CELL.product_of_sums), {N: shape(STEPS)})
    powers = power_bounds(total, STEPS, of_s, ends_s, 3 * DIGITS)
    product_claim = (whole > Fraction(89, 10**13)) & (whole < Fraction(91, 10**13))
    small = out.line(conj(*[prove(c, [exact, *powers], degree=1) for c in product_claim.args]),
                     "every factor is S = 1/2 + 0.075 q", product_claim)

    # such an input exists: tanh z = 1/2 and b_g = z - h/5
    state = out.line(settled(CELL.still), "0.5 · 0.5 + 0.5 · 0.5 = 0.5", CELL.state)
    index = N >= 0
    inner = CELL.gate_is["g"] & forall(N, index.implies(CELL.state)) & product_claim.args[0] \
        & product_claim.args[1] & value_claim.args[0] & value_claim.args[1]
    claim = exists(B, inner)
    body = conj(assume(CELL.gate_is["g"]), close(state, over=[N], under=[index]), *parts(small),
                *parts(value))
    assert body.concl == inner.formula
    fitted = exist(claim, Z - CELL.h / 5, instantiate(body, {B: Z - CELL.h / 5}))
    root = settle(K.ivt("z", (tanh(Z) - HALF).kernel, K.ZERO, K.ONE,
                        prove(("ge", (HALF - tanh(0)).kernel), [tanh_0()]),
                        numeric(("ge", (tanh(1) - HALF).kernel))))
    thm = obtain(root, Z, lambda both: conj_hyps(fitted, both))
    return out.theorem(
        "p9-figures",
        "An LSTM whose derivative explodes while the product of the one-step sums vanishes",
        "PROPOSITIONS P9", [], claim, thm,
        remarks=["All gates are 1/2 at every step, U_f = U_i = 0, U_g = 1/5, U_o = 20. Time 0 here "
                 "is time 1 of the notes, so k = 41: the product is about 9·10^{-12}, the "
                 "derivative dc_41/dc_1 about 1.36·10^{13}."],
    )
