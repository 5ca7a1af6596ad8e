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
    dsg_le,
    dsg_pos,
    product_bound,
    step,
)
from bptt_sym.prove.limits import geometric_bound, geometric_vanishes, vanishes
from bptt_sym.prove.tactics import close, conj, equal, known, prove
from bptt_sym.prove.theorem import Outline, Theorem

w, c0, n = real("w"), real("c0"), integer("n")
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
    index = n >= 0
    claim = forall(n, index.implies(bound_claim)) & small.implies(vanishes(n, dc(n)))
    thm = conj(close(bound, over=[n], under=[index]), close(limit, under=[small]))
    return out.theorem(
        "sigmoid", "In the logistic cell the derivative is at most (|w|/4)ⁿ",
        "PROPOSITIONS, sigmoid RNN of notes B; B5", [], claim, thm,
        remarks=["The hypothesis |w| < 4 cannot be dropped; notes B leave it out, and argue with "
                 "tanh′ < 1 where the activation is σ."],
    )
