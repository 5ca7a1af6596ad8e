"""Refutation (b): "|w| < 1 makes the gradient in w vanish". At w = 1/2, u = 1 it is above 1/8."""

from fractions import Fraction

from bptt_sym.prove.elman import H0, Elman, N, W
from bptt_sym.prove.enclosures import Interval, between, outward, tanh_bounds
from bptt_sym.prove.kernel import Thm, instance
from bptt_sym.prove.language import Claim, Term, TermLike, derivative, forall, shape, tanh
from bptt_sym.prove.lemmas import tanh_lt, tanh_mono_le
from bptt_sym.prove.tactics import (
    assume,
    at,
    close,
    conj,
    equal,
    have,
    induction,
    instantiate,
    known,
    numeric,
    parts,
    prove,
    settle,
)
from bptt_sym.prove.theorem import Outline, Theorem

HALF = Fraction(1, 2)
VALUE, PRECISION, STEPS, DIGITS = Fraction(197372, 10**6), Fraction(5, 10**7), 10, 10
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
    near_claim = (gradient(N) >= VALUE - PRECISION) & (gradient(N) <= VALUE + PRECISION)
    near = out.line(settles(after, zero, rec), "rational bounds for ten steps, and from there on "
                    "an interval that the step maps into itself", near_claim)
    return out.theorem(
        "refute-b", "“|w| < 1 makes ∂h/∂w vanish” is false",
        "PROPOSITIONS, popular claim (b); notes A, A12", [],
        forall(N, (N >= 1).implies(claim)) & forall(N, (N >= STEPS).implies(near_claim)),
        conj(close(bound, over=[N], under=[N >= 1]), close(near, over=[N], under=[N >= STEPS])),
        remarks=["w = 1/2, h₀ = 0 and the input 1 at every step; at n = 200 the derivative is "
                 "0.197372 to six digits. What vanishes is the influence of "
                 "early states (theorem p1), not the gradient in w."],
    )


def settles(after: Thm, zero: Thm, rec: Thm) -> Thm:
    """n >= 10 |- the derivative is within 5e-7 of 0.197372."""
    state: Interval = (Fraction(0), Fraction(0))
    slope: Interval = (Fraction(0), Fraction(0))
    ends = [between(h(0), state, [zero]), between(
        gradient(0), slope, [instantiate(CELL.gradient_0("w"), POINT)])]
    for k in range(STEPS):
        bounds, (state, slope) = step(k, ends, state, slope, after, rec)
        ends = [bounds[:2], bounds[2:]]
    # from here on a slightly larger interval is kept
    margin = Fraction(1, 10**8)
    state, slope = ((x[0] - margin, x[1] + margin) for x in (state, slope))
    claim = kept = conj_of(N, state, slope)
    first = conj(*[prove(c, [*ends[0], *ends[1]], degree=1) for c in conj_of(
        shape(STEPS), state, slope).args])
    known_ = parts(assume(kept))
    bounds, found = step(N, [known_[:2], known_[2:]], state, slope, after, rec)
    later = conj(*[prove(c, bounds, degree=1) for c in conj_of(N + 1, state, slope).args])
    assert all(a >= b for (a, _), (b, _) in zip(found, (state, slope), strict=True))
    always = parts(induction(N, STEPS, claim, first, later))
    return conj(*[prove(c, always[2:], degree=1) for c in (
        gradient(N) >= VALUE - PRECISION, gradient(N) <= VALUE + PRECISION)])


def conj_of(n: TermLike, state: Interval, slope: Interval) -> Claim:
    return ((h(n) >= state[0]) & (h(n) <= state[1]) & (gradient(n) >= slope[0])
            & (gradient(n) <= slope[1]))


def step(n: TermLike, ends: list[list[Thm]], state: Interval, slope: Interval, after: Thm,
         rec: Thm) -> tuple[list[Thm], tuple[Interval, Interval]]:
    """Bounds of the state and of the derivative at n + 1 from those at n, and the intervals."""
    late = known(N >= STEPS)
    next_state, next_rec = (settle(instantiate(t, {N: shape(n)}), late) for t in (after, rec))
    arg = h(n) / 2 + 1
    arg_ends = (state[0] / 2 + 1, state[1] / 2 + 1)
    of_arg = between(arg, arg_ends, ends[0], degree=1)
    of_tanh, interval = tanh_bounds(arg, of_arg, arg_ends, DIGITS)
    made = between(h(shape(n) + 1), interval, of_tanh, degree=1, rewrite=[next_state])
    x, (a, b), (c, d) = h(shape(n) + 1), interval, (
        state[0] + slope[0] / 2, state[1] + slope[1] / 2)
    inner = h(n) + gradient(n) / 2
    inner_ends = between(inner, (c, d), [*ends[0], *ends[1]], degree=1)
    factor_ends = between(1 - x**2, (1 - b * b, 1 - a * a), [*made, prove(
        x + a >= 0, made[:1], degree=1)])
    grown = outward((1 - b * b) * c, (1 - a * a) * d, DIGITS)
    positive = prove(inner >= 0, inner_ends[:1], degree=1)
    made += [prove(g, [*inner_ends, *factor_ends, positive], rewrite=[next_rec])
             for g in (gradient(shape(n) + 1) >= grown[0], gradient(shape(n) + 1) <= grown[1])]
    return made, (interval, grown)
