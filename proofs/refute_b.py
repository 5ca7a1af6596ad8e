"""Refutation (b): "|w| < 1 makes the gradient in w vanish". At w = 1/2, u = 1 it is above 1/8."""

from fractions import Fraction

from bptt_sym.prove.elman import H0, Elman, N, W
from bptt_sym.prove.kernel import instance
from bptt_sym.prove.language import Term, TermLike, derivative, forall, tanh
from bptt_sym.prove.lemmas import tanh_lt, tanh_mono_le
from bptt_sym.prove.tactics import (
    at,
    close,
    equal,
    have,
    induction,
    instantiate,
    known,
    numeric,
    prove,
    settle,
)
from bptt_sym.prove.theorem import Outline, Theorem

HALF = Fraction(1, 2)
CELL = Elman(lambda t: 1)
POINT = {W: HALF, H0: 0}


def h(n: TermLike) -> Term:
    return CELL.h(n, HALF, 0)


def gradient(n: TermLike) -> Term:
    """The derivative of h_n in w at w = 1/2, with h_0 = 0 and the input 1 at every step."""
    return derivative(W, CELL.h(n, W, 0), HALF)


def theorem() -> Theorem:
    out = Outline()
    after = instantiate(CELL.state_step(N), POINT)
    arg = h(N) / 2 + 1
    low = out.line(numeric(tanh(1) >= Fraction(19, 25)), "ball arithmetic")
    high = out.line(numeric(tanh(Fraction(3, 2)) <= Fraction(91, 100)), "ball arithmetic")
    nonneg, small = h(N) >= 0, h(N) <= 1
    up = prove(h(N + 1) >= Fraction(19, 25), [
        have(tanh_mono_le(1, arg), prove(arg >= 1, known(nonneg))), low], degree=1, rewrite=[after])
    zero = instantiate(CELL.initial, POINT)
    n0 = ("i", "n")
    above = out.line(
        induction(N, 0, nonneg, prove(instance(nonneg.formula, n0, 0), rewrite=[zero]),
                  prove(h(N + 1) >= 0, [up], degree=1)), "tanh(h/2 + 1) ≥ tanh 1 > 0", nonneg)
    below = out.line(
        induction(N, 0, small, prove(instance(small.formula, n0, 0), rewrite=[zero]),
                  prove(h(N + 1) <= 1, [tanh_lt(arg)], degree=1, rewrite=[after])),
        "tanh < 1", small)
    up = out.line(have(up, above), "the same step", h(N + 1) >= Fraction(19, 25))
    top = out.line(
        have(prove(h(N + 1) <= Fraction(91, 100), [
            have(tanh_mono_le(arg, Fraction(3, 2)), prove(Fraction(3, 2) - arg >= 0, known(small))),
            high], degree=1, rewrite=[after]), below),
        "h/2 + 1 ≤ 3/2", h(N + 1) <= Fraction(91, 100))
    rec = instantiate(CELL.gradient_step("w", N), POINT)
    rec = out.line(
        equal(gradient(N + 1).eq((1 - h(N + 1) ** 2) * (h(N) + gradient(N) / 2)), rec),
        "the chain rule", gradient(N + 1).eq((1 - h(N + 1) ** 2) * (h(N) + gradient(N) / 2)))
    slope = prove(1 - h(N + 1) ** 2 >= Fraction(17, 100), [top, up])
    goal = gradient(N) >= 0
    first = prove(instance(goal.formula, n0, 0), [instantiate(CELL.gradient_0("w"), POINT)])
    positive = out.line(
        induction(N, 0, goal, first, prove(
            gradient(N + 1) >= 0, [slope, above, *known(goal)], rewrite=[rec])),
        "all its factors are positive", goal)
    late = known(N >= 1)
    up_n, rec_n, slope_n = (at(t, {N: k}, late) for t, k in ((up, N - 1), (rec, N), (slope, N)))
    positive_n = settle(positive, late)
    claim = gradient(N + 1) >= Fraction(1, 8)
    bound = out.line(
        prove(claim, [slope_n, up_n, positive_n], rewrite=[rec_n]),
        "0.17 · 0.76 > 1/8", claim)
    return out.theorem(
        "refute-b", "“|w| < 1 makes ∂h/∂w vanish” is false",
        "PROPOSITIONS, popular claim (b); notes A, A12", [],
        forall(N, (N >= 1).implies(claim)), close(bound, over=[N], under=[N >= 1]),
        remarks=["w = 1/2, h₀ = 0 and the input 1 at every step. What vanishes is the influence of "
                 "early states (theorem p1), not the gradient in w."],
    )
