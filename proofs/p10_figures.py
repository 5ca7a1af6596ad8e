"""P10, third part: after 40 steps of the balanced example the derivative is not the product, 1."""

from fractions import Fraction

from bptt_sym.prove.enclosures import GROWTH, between, growth_bounds, outward
from bptt_sym.prove.language import forall, integer, product, real, shape, tanh
from bptt_sym.prove.lemmas import congruent, power_0, power_step
from bptt_sym.prove.lstm import GATES, WEIGHTS, Lstm, N
from bptt_sym.prove.resting import Resting
from bptt_sym.prove.tactics import (
    assume,
    at,
    close,
    conj,
    induction,
    numeric,
    prove,
)
from bptt_sym.prove.theorem import Outline, Theorem

BIAS = {g: real(f"b_{g}") for g in GATES}
L = Lstm(lambda gate, t: BIAS[gate], extra=[BIAS[g] for g in GATES])
ONE, HALF, TENTH, FORGET = Fraction(1), Fraction(1, 2), Fraction(1, 10), Fraction(7, 10)
CELL = Resting(L, {"f": FORGET, "i": HALF, "o": HALF, "g": Fraction(3, 10)}, HALF)
STEPS, DIGITS = 40, 24
# U_o, and what the derivative lies between after 40 steps
FIGURES = {1: ("4.2038", "4.2040"), -1: ("0.28071", "0.28072"), 4: ("844.08", "844.09")}


def theorem() -> Theorem:
    out = Outline()
    terms = [(CELL.shares[k] * WEIGHTS[k] * CELL.q).eq(TENTH) for k in "fig"]
    sums = prove((CELL.kappa * CELL.q).eq(Fraction(3, 10)), [assume(t) for t in terms])
    p, total = CELL.p, FORGET + CELL.kappa * CELL.q
    hole = real("x")
    slope = tanh(HALF)
    near = Fraction(46211715726000975850231848364367254873, 10**38)
    ends_t = outward(near, near, DIGITS)
    unit_s = between(1, (ONE, ONE), [])
    t_bounds = [numeric(slope - ends_t[0] >= 0, 128), numeric(ends_t[1] - slope >= 0, 128)]
    claims, thms = [], []
    for weight, figures in FIGURES.items():
        here = WEIGHTS["o"].eq(weight)
        ends_p = tuple(sorted(x * weight / 4 for x in ends_t))
        here_p = slope * Fraction(weight, 4)
        of_p = between(here_p, ends_p, t_bounds)
        bounds = growth_bounds(shape(1), here_p, FORGET, unit_s, of_p, (ONE, ONE), ends_p, STEPS,
                               DIGITS)
        # dc_40 is that solution, with S = 1 and p = U_o tanh(1/2)/4
        exact = at(CELL.growth, {N: shape(STEPS)})
        sum_is = congruent(prove(total.eq(1), [sums]), total, 1,
                           GROWTH(0, STEPS, hole, p, FORGET), hole)
        weight_is = congruent(prove(p.eq(here_p), [assume(here)], multipliers=[1, slope]), p,
                              here_p, GROWTH(0, STEPS, 1, hole, FORGET), hole)
        value = CELL.dc(STEPS)
        claim = (value > Fraction(figures[0])) & (value < Fraction(figures[1]))
        using = [*bounds, exact, sum_is, weight_is]
        thm = out.line(conj(*[prove(g, using, degree=1) for g in claim.args]),
                       "forty steps of the recurrence, with rational bounds", claim)
        claims.append(here.implies(claim))
        thms.append(close(thm, under=[here]))

    # while the product of the one-step sums is 1 whatever U_o is
    t = integer("t")
    whole = product(t, 1, N, CELL.one_step_sum(t))
    goal = shape(1) ** N
    ones = induction(N, 0, goal.eq(1), power_0(1), prove(
        (shape(1) ** (N + 1)).eq(1), [assume(goal.eq(1))], rewrite=[power_step(1, N)]))
    same = congruent(prove(total.eq(1), [sums]), total, 1, real("x") ** N, real("x"))
    unit = out.line(prove(whole.eq(1), [CELL.product_of_sums, same, ones]),
                    "each factor is 0.7 + 0.3", whole.eq(1))
    claim = forall(N, (N >= 0).implies(whole.eq(1)))
    thm = close(unit, over=[N], under=[N >= 0])
    for c in claims:
        claim = claim & c
    return out.theorem(
        "p10-figures", "The balanced LSTM after 40 steps: the derivative is not the product, 1",
        "PROPOSITIONS P10; notes B, B14", [*CELL.gate_is.values(), *terms], claim,
        conj(thm, *thms),
        remarks=["Theorem p10 shows that there are such weights and biases for every U_o, and that "
                 "the derivative is 1 for U_o = 0. Time 0 here is time 1 of the notes: what is "
                 "enclosed is dc_41/dc_1."],
    )
