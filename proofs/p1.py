"""P1: the state-to-state derivative is a product of slopes, at most |w|^k."""

from bptt_sym.prove.elman import N, W, gradient_0, gradient_step, h, slope, total_h0
from bptt_sym.prove.kernel import instance
from bptt_sym.prove.language import absolute, forall, integers, product
from bptt_sym.prove.lemmas import (
    abs_both,
    abs_le,
    abs_nonneg,
    power_0,
    power_nonneg,
    power_step,
    product_empty,
    product_step,
)
from bptt_sym.prove.limits import geometric_bound, geometric_vanishes, vanishes
from bptt_sym.prove.tactics import (
    assume,
    close,
    conj,
    equal,
    have,
    induction,
    known,
    prove,
)
from bptt_sym.prove.theorem import Outline, Theorem

t, j = integers("t j")


def theorem() -> Theorem:
    out = Outline()
    factor = W * (1 - h(t) ** 2)
    product_n = product(t, 1, N, factor)
    goal = total_h0(N).eq(product_n)
    rec = out.line(gradient_step("h0", N), "the chain rule",
                   total_h0(N + 1).eq((1 - h(N + 1) ** 2) * (W * total_h0(N))))
    first = equal(instance(goal.formula, ("i", "n"), 0), gradient_0("h0"),
                  product_empty(t, 1, factor))
    later = equal(instance(goal.formula, ("i", "n"), (N + 1).kernel), rec,
                  product_step(t, 1, N, factor, known(N >= 0)), assume(goal))
    exact = out.line(induction(N, 0, goal, first, later), "each step contributes one factor", goal)

    s = slope(N + 1, known(N >= 0))
    jac = W * (1 - h(N + 1) ** 2)
    at_most = [
        prove(absolute(W) - sign * jac >= 0, [s, *abs_both(W), abs_nonneg(W)],
              squares=[h(N + 1)], degree=2)
        for sign in (1, -1)
    ]
    shrink = out.line(abs_le(jac, absolute(W), *at_most), "0 < 1 − h² ≤ 1",
                      absolute(jac) <= absolute(W))
    rec_factor = equal(total_h0(N + 1).eq(jac * total_h0(N)), rec)
    bound_claim = absolute(total_h0(N)) <= absolute(W) ** N
    bound = out.line(
        geometric_bound(N, total_h0, jac, absolute(W), gradient_0("h0"), rec_factor, shrink),
        "|ab| = |a| |b|", bound_claim)

    # |w| <= 1: never above 1
    small = absolute(W) <= 1
    unit = (absolute(W) ** N <= 1).formula
    power_first = prove(instance(unit, ("i", "n"), 0), rewrite=[power_0(absolute(W))])
    nonneg = have(power_nonneg(absolute(W), N), abs_nonneg(W))
    power_later = prove(
        instance(unit, ("i", "n"), (N + 1).kernel),
        [*known((absolute(W) ** N <= 1), small), nonneg, abs_nonneg(W)],
        rewrite=[power_step(absolute(W), N)])
    power_small = induction(N, 0, absolute(W) ** N <= 1, power_first, power_later)
    never = out.line(prove(absolute(total_h0(N)) <= 1, [bound, power_small], degree=1),
                     "powers of a number in [0, 1] are at most 1", absolute(total_h0(N)) <= 1)

    # |w| < 1: vanishes
    strict = absolute(W) < 1
    limit = geometric_vanishes(
        N, total_h0(N), 1, absolute(W), prove(
            absolute(total_h0(N)) <= 1 * absolute(W) ** N, [bound], degree=1),
        [abs_nonneg(W), known(1 - absolute(W) > 0)[0], prove(1 + 0 * W >= 0)])
    limit_claim = vanishes(N, total_h0(N))
    out.line(limit, "a geometric sequence of ratio |w| < 1 tends to 0", limit_claim)
    claim = (
        forall(N, (N >= 0).implies(goal)) & forall(N, (N >= 0).implies(bound_claim))
        & small.implies(forall(N, (N >= 0).implies(absolute(total_h0(N)) <= 1)))
        & strict.implies(limit_claim)
    )
    index = (N >= 0)
    thm = conj(
        close(exact, over=[N], under=[index]), close(bound, over=[N], under=[index]),
        close(close(never, over=[N], under=[index]), under=[small]),
        close(limit, under=[strict]),
    )
    return out.theorem(
        "p1", "The state-to-state derivative is a product of slopes and at most |w|^n",
        "PROPOSITIONS P1; notes A, A11 and A12", [], claim, thm,
        remarks=["So |w| > 1 is necessary for this derivative to exceed 1, and not sufficient: "
                 "see the refutation of claim (a)."],
    )
