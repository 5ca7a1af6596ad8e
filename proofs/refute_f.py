"""Refutation (f): "the sum vanishes only if each term does": two terms that cancel."""

from fractions import Fraction

from bptt_sym.prove.elman import H0, Elman, W
from bptt_sym.prove.kernel import Thm
from bptt_sym.prove.language import Term, TermLike, derivative, exists, inv, real, shape, tanh
from bptt_sym.prove.lemmas import congruent
from bptt_sym.prove.limits import inv_mul
from bptt_sym.prove.tactics import (
    conj,
    contradiction,
    equal,
    exist,
    have,
    instantiate,
    numeric,
    prove,
    settle,
)
from bptt_sym.prove.theorem import Outline, Theorem

HALF = Fraction(1, 2)
FIRST, TARGET = ("0.1500568245", "0.1500568255"), ("1.6660260855", "1.6660260865")
CELL = Elman(lambda t: 1)
y = real("y")


def h(n: TermLike) -> Term:
    return CELL.h(n, HALF, 0)


def gradient(n: TermLike) -> Term:
    return derivative(W, CELL.h(n, W, 0), HALF)


def theorem() -> Theorem:
    out = Outline()
    start = {W: HALF, H0: 0}
    # the states and the derivatives are closed expressions: h_1 = tanh 1, ...
    state: dict[int, Term] = {0: shape(0)}
    slope: dict[int, Term] = {0: shape(0)}
    of_h = {0: instantiate(CELL.initial, start)}
    of_g = {0: instantiate(CELL.gradient_0("w"), start)}
    for k in range(3):
        rule = settle(instantiate(CELL.state_step(k), start))
        before = state[k] / 2 + 1 if k else shape(1)
        state[k + 1] = tanh(before)
        same = congruent(prove((h(k) / 2 + 1).eq(before), [of_h[k]]), h(k) / 2 + 1, before,
                         tanh(y), y)
        of_h[k + 1] = prove(h(k + 1).eq(state[k + 1]), [rule, same])
        slope[k + 1] = (1 - state[k + 1] ** 2) * (state[k] + slope[k] / 2) if k else shape(0)
        rule = settle(instantiate(CELL.gradient_step("w", k), start))
        of_g[k + 1] = equal(gradient(k + 1).eq(slope[k + 1]), (rule, gradient(k + 1)),
                            (of_h[k + 1], h(k + 1)), (of_h[k], h(k)), (of_g[k], gradient(k)))
    values_claim = gradient(2).eq(slope[2])
    out.line(of_g[2], "the chain rule, three times from h₀ = 0", values_claim)
    g3_pos = prove(gradient(3) > 0, [numeric(slope[3] > 0), of_g[3]], degree=1)
    flat = prove(gradient(1).eq(0), [of_g[1]])
    # the targets 0 and y at the times 2 and 3; at time 1 the derivative is 0 since h_0 = 0
    target = h(3) + h(2) * gradient(2) * inv(gradient(3))
    inverse = have(inv_mul(gradient(3)), g3_pos)

    def terms(y_):  # type: ignore[no-untyped-def]
        return h(2) * gradient(2), (h(3) - y_) * gradient(3)

    a, b = terms(target)
    size = state[2] * slope[2]
    exact = equal(a.eq(size), (of_h[2], h(2)), (of_g[2], gradient(2)))
    first, second = (Fraction(x) for x in FIRST)
    a_bounds = [prove(g, [exact, numeric(n)], degree=1) for g, n in (
        (a > first, size > first), (a < second, size < second))]
    cancel = prove((a + b).eq(0), [inverse], multipliers=[h(2) * gradient(2)])
    # the target is h_3 + a/g_3
    low, high = (Fraction(x) for x in TARGET)
    target_bounds = []
    for sign, end in ((1, low), (-1, high)):
        gap = prove(sign * (target - end) * gradient(3) > 0, [
            inverse, *closed(sign * (state[3] * slope[3] + size - end * slope[3]), of_h, of_g,
                             sign * (h(3) * gradient(3) + a - end * gradient(3)))],
            degree=1, multipliers=[1, h(2) * gradient(2)])
        target_bounds.append(contradiction(sign * (target - end) > 0, [gap, g3_pos]))
    a, b = terms(y)
    inner = (y > low) & (y < high) & (a > first) & (a < second) & (a + b).eq(0)
    claim = exists(y, inner)
    thm = exist(claim, target, conj(*target_bounds, *a_bounds, cancel))
    out.line(thm, "y = h₃ + h₂ g₂/g₃ with g the derivatives makes the second term minus the first",
             claim)
    whole = gradient(1).eq(0) & claim
    return out.theorem(
        "refute-f", "A sum of non-zero contributions can vanish",
        "PROPOSITIONS, popular claim (f); notes B, B8", [], whole, conj(flat, thm),
        remarks=["w = 1/2, h₀ = 0, input 1; squared errors with targets 0 and y at the times 2 "
                 "and 3. The gradient is the sum of the two terms, 0.150056825 and its opposite; "
                 "y is 1.666026086."],
    )


def closed(value: Term, of_h: dict[int, Thm], of_g: dict[int, Thm], shown: Term) -> list[Thm]:
    """|- shown > 0, from the value of a closed expression."""
    same = equal(shown.eq(value), (of_h[3], h(3)), (of_h[2], h(2)), (of_g[3], gradient(3)),
                 (of_g[2], gradient(2)))
    return [prove(shown > 0, [numeric(value > 0), same], degree=1)]
