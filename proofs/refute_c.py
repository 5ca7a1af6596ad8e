"""Refutation (c): the gradient is not the product formula with the first immediate derivative."""

from fractions import Fraction

from bptt_sym.prove import kernel as K
from bptt_sym.prove.language import derivative, forall, integer, real, recursion, sigmoid
from bptt_sym.prove.lemmas import base, congruent, dsg_pos, sg_0, step
from bptt_sym.prove.tactics import close, conj, equal, prove, settle
from bptt_sym.prove.theorem import Outline, Theorem

w, x, n = real("w"), real("x"), integer("n")
CELL = recursion("logistic", [w], n, [("c", 0, sigmoid(w * real("c")))])


def c(at):  # type: ignore[no-untyped-def]
    return CELL(0, at)


def dc(at):  # type: ignore[no-untyped-def]
    return derivative(w, c(at))


def theorem() -> Theorem:
    out = Outline()
    start = base(CELL.definition)
    chain = K.d_cong("w", start, c(0).kernel, K.ZERO, w.kernel)
    flat = equal(dc(0).eq(0), (chain, dc(0)), K.d_rule("w", K.ZERO, w.kernel))

    def gradient(k):  # type: ignore[no-untyped-def]
        s = sigmoid(w * c(k))
        rec = settle(step(CELL.definition, 0, k))
        chain = K.d_cong("w", rec, c(k + 1).kernel, s.kernel, w.kernel)
        goal = dc(k + 1).eq(c(k + 1) * (1 - c(k + 1)) * (c(k) + w * dc(k)))
        return rec, equal(goal, (chain, dc(k + 1)), (K.d_rule("w", s.kernel, w.kernel),
                          derivative(w, s)), (rec, c(k + 1))), goal

    rec0, grad0, claim0 = gradient(0)
    out.line(grad0, "the chain rule", claim0)
    first = out.line(equal(dc(1).eq(0), grad0, start, flat),
                     "c₀ = 0, so the immediate derivative of c₁ is 0", dc(1).eq(0))
    zero = congruent(prove((w * c(0)).eq(0), [start], multipliers=[w]), w * c(0), 0, sigmoid(x), x)
    half = out.line(equal(c(1).eq(Fraction(1, 2)), (rec0, c(1)), (zero, sigmoid(w * c(0))), sg_0()),
                    "σ(0) = 1/2", c(1).eq(Fraction(1, 2)))
    rec1, grad1, _ = gradient(1)
    claim = (dc(2) > 0)
    positive = out.line(
        prove(claim, [prove(c(2) * (1 - c(2)) > 0, [dsg_pos(w * c(1))], rewrite=[rec1], degree=1)],
              rewrite=[grad1, (first, dc(1)), (half, c(1))], degree=1),
        "∂c₂/∂w = σ′ (c₁ + w ∂c₁/∂w) = σ′ / 2", claim)
    # the formula: dE/dc_2 (dc_2/dc_1) (dc_1/dw) with E = c_2
    formula = forall(x, (x * dc(1)).eq(0))
    nothing = close(prove((x * dc(1)).eq(0), [first], multipliers=[x]), over=[x])
    return out.theorem(
        "refute-c", "The product formula without the sum over times is false",
        "PROPOSITIONS, popular claim (c); notes B, B2 and B9", [],
        formula & claim, conj(nothing, positive),
        remarks=["c_t = σ(w c_{t−1}), c₀ = 0, E = c₂. The claim's right side is some x times "
                 "∂c₁/∂w, which is 0 whatever x is; the left side is positive for every w."],
    )
