"""P9: the exact chain of the LSTM on (c, h), and when the product of sums is right."""

from bptt_sym.prove.kernel import instance
from bptt_sym.prove.language import forall, integer, product, tanh
from bptt_sym.prove.lemmas import product_empty, product_step
from bptt_sym.prove.lstm import C0, GENERAL, O0, WEIGHTS, N
from bptt_sym.prove.tactics import (
    assume,
    close,
    conj,
    equal,
    induction,
    known,
    prove,
    settle,
)
from bptt_sym.prove.theorem import Outline, Theorem

L = GENERAL


def theorem() -> Theorem:
    out = Outline()
    n1 = N + 1
    f, kappa, q, p = L.gate("f", n1), L.kappa(n1), L.q(n1), L.p(n1)
    dc, dh = L.jacobian_step(N)
    dc_claim = L.dc(n1).eq(f * L.dc(N) + kappa * L.dh(N))
    dh_claim = L.dh(n1).eq(q * f * L.dc(N) + (q * kappa + p) * L.dh(N))
    out.line(dc, "the chain rule for c_{n+1} = f c_n + i g", dc_claim)
    out.line(dh, "the chain rule for h_{n+1} = o tanh c_{n+1}", dh_claim)
    dc0, dh0 = L.jacobian_0
    start_claim = L.dc(0).eq(1) & L.dh(0).eq(O0 * (1 - tanh(C0) ** 2))
    out.line(conj(dc0, dh0), "h_0 = o₀ tanh c₀ with o₀ held fixed", start_claim)

    # one step: the sum of four terms is the derivative of c_1, whatever the output weight
    q0 = O0 * (1 - tanh(C0) ** 2)
    one_claim = L.dc(1).eq(L.gate("f", 1) + L.kappa(1) * q0)
    one = out.line(equal(one_claim, settle(L.jacobian_step(0)[0]), dc0, dh0),
                   "for one step, dc₁/dc₀ = A + B + C + D = f + κ q", one_claim)
    # two steps: what the product of sums leaves out
    two_claim = L.dc(2).eq(
        (L.gate("f", 2) + L.kappa(2) * L.q(1)) * (L.gate("f", 1) + L.kappa(1) * q0)
        + L.kappa(2) * L.p(1) * q0)
    first = L.jacobian_step(0)
    second = L.jacobian_step(1)
    two = out.line(
        equal(two_claim, (settle(second[0]), L.dc(2)), (settle(first[1]), L.dh(1)),
              (settle(first[0]), L.dc(1)), (dc0, L.dc(0)), (dh0, L.dh(0))),
        "for two steps the path through the output gate adds κ₂ p₁ q₀", two_claim)

    # U_o = 0: then dh_n = q_n dc_n, and the product of sums is right for every n
    closed = WEIGHTS["o"].eq(0)
    follow = L.dh(n1).eq(q * L.dc(n1))
    no_path = prove(p.eq(0), [assume(closed)],
                    multipliers=[tanh(L.c(n1)) * (L.gate("o", n1) * (1 - L.gate("o", n1)))])
    tied = out.line(
        prove(follow, [no_path], multipliers=[L.dh(N)], rewrite=[(dh, L.dh(n1)), (dc, L.dc(n1))]),
        "without the path through the output gate", follow)
    t = integer("t")
    total_step = L.gate("f", t + 1) + L.kappa(t + 1) * L.q(t)
    goal = L.dc(n1).eq(product(t, 1, N, total_step) * L.dc(1))
    base = equal(instance(goal.formula, ("i", "n"), 0), product_empty(t, 1, total_step))
    late = known(N >= 0)
    next_dc = L.jacobian_step(N + 1, late)[0]
    later = equal(instance(goal.formula, ("i", "n"), (N + 1).kernel),
                  (next_dc, L.dc(N + 2)), (settle(tied, late), L.dh(n1)),
                  product_step(t, 1, N, total_step, late), (assume(goal), L.dc(n1)))
    whole = out.line(induction(N, 0, goal, base, later),
                     "each step multiplies by f + κ q", goal)
    index = N >= 0
    claim = (
        forall(N, index.implies(dc_claim & dh_claim)) & start_claim.args[0] & start_claim.args[1]
        & one_claim & two_claim & closed.implies(forall(N, index.implies(goal)))
    )
    thm = conj(
        close(conj(dc, dh), over=[N], under=[index]), dc0, dh0, one, two,
        close(close(whole, over=[N], under=[index]), under=[closed]),
    )
    return out.theorem(
        "p9", "The exact chain of the LSTM, and when the product of one-step sums is right",
        "PROPOSITIONS P9; notes B, B9 to B12", [], claim, thm,
        remarks=["Time 0 here is time 1 of the notes, whose product starts at k = 2. κ and q are "
                 "written out in the statement."],
    )

