"""The logistic cell of notes B: dc_n/dc_0 is at most (|w|/4)^n, and vanishes for |w| < 4."""

from fractions import Fraction

from bptt_sym.prove import kernel as K
from bptt_sym.prove.language import (
    absolute,
    derivative,
    forall,
    integer,
    real,
    recursion,
    sequence,
    sigmoid,
)
from bptt_sym.prove.lemmas import (
    abs_both,
    abs_le,
    abs_nonneg,
    base,
    congruent,
    dsg_le,
    dsg_pos,
    power_0,
    power_step,
    product_bound,
    sg_0,
    step,
)
from bptt_sym.prove.limits import geometric_bound, geometric_vanishes, vanishes
from bptt_sym.prove.tactics import (
    assume,
    close,
    conj,
    equal,
    have,
    induction,
    instantiate,
    known,
    prove,
    use,
)
from bptt_sym.prove.theorem import Outline, Theorem

w, c0, x, n, j = real("w"), real("c0"), real("x"), integer("n"), integer("j")
CELL = recursion("logistic", [w, c0], n, [("c", c0, sigmoid(w * real("c") + sequence("u", n + 1)))])
QUARTER = Fraction(1, 4)


def c(at):  # type: ignore[no-untyped-def]
    return CELL(0, at)


def dc(at):  # type: ignore[no-untyped-def]
    return derivative(c0, c(at))


def theorem() -> Theorem:
    out = Outline()
    a = w * c(n) + sequence("u", n + 1)
    s = sigmoid(a)
    chain = K.d_cong("c0", base(CELL.definition), c(0).kernel, c0.kernel, c0.kernel)
    start = equal(dc(0).eq(1), chain, K.d_rule("c0", c0.kernel, c0.kernel))
    rec = step(CELL.definition, 0, n)
    chain = K.d_cong("c0", rec, c(n + 1).kernel, s.kernel, c0.kernel)
    rec_claim = dc(n + 1).eq(c(n + 1) * (1 - c(n + 1)) * w * dc(n))
    later = out.line(
        equal(rec_claim, (chain, dc(n + 1)), (K.d_rule("c0", s.kernel, c0.kernel),
              derivative(c0, s)), (rec, c(n + 1))), "the chain rule", rec_claim)
    slope = c(n + 1) * (1 - c(n + 1))
    sides = [prove(QUARTER - sign * slope >= 0, [dsg_le(a), dsg_pos(a)], rewrite=[rec], degree=1)
             for sign in (1, -1)]
    own = abs_le(w, absolute(w), *[prove(absolute(w) - sign * w >= 0, abs_both(w)) for sign in
                                   (1, -1)])
    rate = QUARTER * absolute(w)
    shrink = out.line(product_bound(slope, w, abs_le(slope, QUARTER, *sides), own),
                      "σ′ = σ (1 − σ) lies in (0, 1/4]", absolute(slope * w) <= rate)
    bound_claim = absolute(dc(n)) <= rate**n
    bound = out.line(geometric_bound(n, dc, slope * w, rate, start, later, shrink),
                     "each step multiplies by at most |w|/4", bound_claim)
    small = absolute(w) < 4
    limit = out.line(
        geometric_vanishes(n, dc(n), 1, rate, prove(
            absolute(dc(n)) <= 1 * rate**n, [bound], degree=1),
            [prove(rate >= 0, [abs_nonneg(w)]), prove(1 - rate > 0, known(small)),
             prove(1 + 0 * w >= 0)]),
        "a geometric sequence of ratio |w|/4 < 1 tends to 0", vanishes(n, dc(n)))
    # the hypothesis is needed: at rest at 1/2 the factor is w/4
    rest = forall(j, (j >= 1).implies(sequence("u", j).eq(-w / 2)))
    at_half = c0.eq(Fraction(1, 2))
    input_ = use(assume(rest), n + 1, given=[prove(n + 1 >= 1, known(n >= 0))])
    stays = c(n).eq(Fraction(1, 2))
    arg = prove(a.eq(0), [assume(stays), input_], multipliers=[1, w])
    same = congruent(arg, a, 0, sigmoid(x), x)
    first = equal(K.instance(stays.formula, ("i", "n"), 0), base(CELL.definition),
                  (assume(at_half), c0))
    nxt = equal(c(n + 1).eq(Fraction(1, 2)), (rec, c(n + 1)), (same, s), sg_0())
    still = out.line(induction(n, 0, stays, first, nxt), "σ(w/2 − w/2) = 1/2", stays)
    exact = dc(n).eq((w / 4) ** n)
    first = equal(K.instance(exact.formula, ("i", "n"), 0), start, power_0(w / 4))
    nxt = equal(
        K.instance(exact.formula, ("i", "n"), (n + 1).kernel), (later, dc(n + 1)),
        (have(instantiate(still, {n: n + 1}), prove(n + 1 >= 0, known(n >= 0))), c(n + 1)),
        power_step(w / 4, n), assume(exact))
    sharp = out.line(induction(n, 0, exact, first, nxt), "there σ′ = 1/4", exact)
    index = n >= 0
    claim = (forall(n, index.implies(bound_claim)) & small.implies(vanishes(n, dc(n)))
             & rest.implies(at_half.implies(forall(n, index.implies(exact)))))
    thm = conj(close(bound, over=[n], under=[index]), close(limit, under=[small]),
               close(close(sharp, over=[n], under=[index]), under=[rest, at_half]))
    return out.theorem(
        "sigmoid", "In the logistic cell the derivative is at most (|w|/4)ⁿ",
        "PROPOSITIONS, sigmoid RNN of notes B; B5 and B6", [], claim, thm,
        best_constant="|w|/4 (attained)",
        remarks=["The third part shows that the hypothesis |w| < 4 cannot be dropped: at rest "
                 "at 1/2 the derivative is (w/4)ⁿ. Notes B leave it out, and argue with "
                 "tanh′ < 1 where the activation is σ."],
    )
