"""Refutation (f): "the sum vanishes only if each term does": two terms that cancel."""

from fractions import Fraction

from bptt_sym.prove.elman import H0, Elman, N, W
from bptt_sym.prove.language import Term, TermLike, derivative, exists, inv, real
from bptt_sym.prove.lemmas import tanh_pos
from bptt_sym.prove.library import prove as published
from bptt_sym.prove.limits import inv_mul
from bptt_sym.prove.tactics import (
    conj,
    equal,
    exist,
    have,
    instantiate,
    prove,
    settle,
    use,
)
from bptt_sym.prove.theorem import Outline, Theorem

HALF = Fraction(1, 2)
CELL = Elman(lambda t: 1)
y = real("y")


def h(n: TermLike) -> Term:
    return CELL.h(n, HALF, 0)


def gradient(n: TermLike) -> Term:
    return derivative(W, CELL.h(n, W, 0), HALF)


def theorem() -> Theorem:
    out = Outline()
    bound = published("refute-b").thm
    g2, g3 = (use(bound, k, given=[prove(("ge", (N * 0 + k - 1).kernel))]) for k in (1, 2))
    g2_claim, g3_claim = gradient(2) >= Fraction(1, 8), gradient(3) >= Fraction(1, 8)
    out.line(g2, "theorem refute-b", g2_claim)
    out.line(g3, "theorem refute-b", g3_claim)
    start = {W: HALF, H0: 0}
    second = settle(instantiate(CELL.state_step(1), start))
    h1 = prove(h(1) > -1, [*[settle(instantiate(t, start)) for t in CELL.inside(1)]], degree=1)
    arg = h(1) / 2 + 1
    h2_claim = h(2) > 0
    h2 = out.line(prove(h2_claim, [have(tanh_pos(arg), prove(arg > 0, [h1], degree=1))],
                        rewrite=[second], degree=1), "h₂ = tanh(h₁/2 + 1) with h₁ > −1", h2_claim)
    # the targets 0 and y at the times 2 and 3; at time 1 the derivative is 0 since h_0 = 0
    target = h(3) + h(2) * gradient(2) * inv(gradient(3))
    g3_pos = prove(gradient(3) > 0, [g3], degree=1)
    g2_pos = prove(gradient(2) > 0, [g2], degree=1)
    inverse = have(inv_mul(gradient(3)), g3_pos)

    def terms(y_):  # type: ignore[no-untyped-def]
        return h(2) * gradient(2), (h(3) - y_) * gradient(3)

    a, b = terms(target)
    a_pos = prove(a > 0, [h2, g2_pos])
    cancel = prove((a + b).eq(0), [inverse], multipliers=[h(2) * gradient(2)])
    b_neg = prove(b < 0, [a_pos, cancel], degree=1)
    zero1 = settle(instantiate(CELL.gradient_step("w", 0), start))
    flat = equal(gradient(1).eq(0), zero1, instantiate(CELL.gradient_0("w"), start),
                 instantiate(CELL.initial, start))
    a, b = terms(y)
    inner = (a > 0) & (b < 0) & (a + b).eq(0)
    claim = exists(y, inner)
    thm = exist(claim, target, conj(a_pos, b_neg, cancel))
    out.line(thm, "y = h₃ + h₂ g₂/g₃ with g the derivatives makes the second term minus the first",
             claim)
    whole = gradient(1).eq(0) & claim
    return out.theorem(
        "refute-f", "A sum of non-zero contributions can vanish",
        "PROPOSITIONS, popular claim (f); notes B, B8", [], whole, conj(flat, thm),
        remarks=["w = 1/2, h₀ = 0, input 1; squared errors with targets 0 and y at the times 2 "
                 "and 3. The gradient is the sum of the two terms, and is 0."],
    )
