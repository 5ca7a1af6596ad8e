"""Refutation (a): "|w| > 1 explodes". At w = 2, u = 0, h_0 = 1/2 the derivative vanishes."""

from fractions import Fraction

from bptt_sym.prove.elman import AUTONOMOUS, H0, N, W
from bptt_sym.prove.enclosures import Interval, between, outward, power_bounds, tanh_bounds
from bptt_sym.prove.kernel import Thm, instance
from bptt_sym.prove.language import Term, absolute, derivative, forall, integer, shape, tanh
from bptt_sym.prove.lemmas import abs_le, power_0, power_nonneg, power_step, tanh_mono_le
from bptt_sym.prove.limits import geometric_bound, geometric_vanishes, vanishes
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
    weaken,
)
from bptt_sym.prove.theorem import Outline, Theorem

POINT = {W: 2, H0: Fraction(1, 2)}
RATE = Fraction(17, 20)
LOW, HIGH = Fraction(216, 10**157), Fraction(217, 10**157)
FIRST, DIGITS = 10, 10


def h(n):  # type: ignore[no-untyped-def]
    return AUTONOMOUS.h(n, 2, Fraction(1, 2))


def jacobian(n):  # type: ignore[no-untyped-def]
    """The derivative of h_n in the initial state, at w = 2 and h_0 = 1/2."""
    return derivative(H0, AUTONOMOUS.h(n, 2, H0), Fraction(1, 2))


def theorem() -> Theorem:
    out = Outline()
    half = h(N) >= Fraction(1, 2)
    low = out.line(numeric(tanh(1) >= Fraction(19, 25)), "ball arithmetic")
    after = instantiate(AUTONOMOUS.state_step(N), POINT)
    drive = prove(2 * h(N) >= 1, known(half))
    up = prove(h(N + 1) >= Fraction(19, 25), [have(tanh_mono_le(1, 2 * h(N)), drive), low],
               degree=1, rewrite=[after])
    first = prove(instance(half.formula, ("i", "n"), 0),
                  rewrite=[instantiate(AUTONOMOUS.initial, POINT)])
    trapped = out.line(
        induction(N, 0, half, first, prove(h(N + 1) >= Fraction(1, 2), [up], degree=1)),
        "tanh 2x ≥ tanh 1 ≥ 0.76 for x ≥ 1/2", half)
    up = have(up, trapped)
    jac = (1 - h(N + 1) ** 2) * 2
    nonneg = prove(jac >= 0, [weaken(instantiate(AUTONOMOUS.slope(N + 1, known(N >= 0)), POINT))],
                   degree=1)
    at_most = prove(RATE - jac >= 0, [up])
    shrink = out.line(
        abs_le(jac, RATE, at_most, prove(RATE + jac >= 0, [nonneg], degree=1)),
        "2 (1 − 0.76²) < 0.85", absolute(jac) <= RATE)
    rec = instantiate(AUTONOMOUS.gradient_step("h0", N), POINT)
    rec = equal(jacobian(N + 1).eq(jac * jacobian(N)), rec)
    start = instantiate(AUTONOMOUS.gradient_0("h0"), POINT)
    decay = absolute(jacobian(N)) <= shape(RATE) ** N
    bound = out.line(geometric_bound(N, jacobian, jac, RATE, start, rec, shrink),
                     "each step multiplies by at most 0.85", decay)
    limit = geometric_vanishes(
        N, jacobian(N), 1, RATE,
        prove(absolute(jacobian(N)) <= 1 * shape(RATE) ** N, [bound], degree=1),
        [prove(shape(RATE) >= 0), prove(1 - shape(RATE) > 0), prove(shape(1) >= 0)])
    figure_claim = (jacobian(200) > LOW) & (jacobian(200) < HIGH)
    figure = out.line(enclosed(after, rec, start), "rational bounds for ten steps, and from "
                      "there on factors between two numbers", figure_claim)
    claim = (forall(N, (N >= 0).implies(decay)) & vanishes(N, jacobian(N)) & figure_claim.args[0]
             & figure_claim.args[1])
    return out.theorem(
        "refute-a", "“|w| > 1 explodes” is false", "PROPOSITIONS, popular claim (a); notes A, A11",
        [], claim, conj(close(bound, over=[N], under=[N >= 0]), limit, *parts(figure)),
        remarks=["w = 2, u = 0, h₀ = 1/2: after 200 steps the derivative is 2.16·10^{-155}. The "
                 "claim's condition is necessary, not sufficient."],
    )


def enclosed(after: Thm, rec: Thm, start: Thm) -> Thm:
    """The derivative after 200 steps, between 2.16e-155 and 2.17e-155."""
    one = Fraction(1)
    state, size = (Fraction(1, 2), Fraction(1, 2)), (one, one)
    of_h = between(h(0), state, [instantiate(AUTONOMOUS.initial, POINT)])
    of_j = between(jacobian(0), size, [start])
    for k in range(FIRST):
        of_h, state, of_f, factor = one_step(shape(k), of_h, state, after)
        next_size = outward(size[0] * factor[0], size[1] * factor[1], DIGITS + 10)
        positive = prove(jacobian(k) >= 0, of_j[:1], degree=1)
        small = prove(factor_of(k) >= 0, of_f[:1], degree=1)
        of_j = between(jacobian(k + 1), next_size, [*of_j, *of_f, positive, small],
                       rewrite=[at(rec, {N: k})])
        size = next_size
    # from here on a slightly larger interval is kept
    margin = Fraction(5, 10 ** (DIGITS - 2))
    wide = (state[0] - margin, state[1] + margin)
    kept = (h(N) >= wide[0]) & (h(N) <= wide[1])
    base = conj(*[prove(c, of_h, degree=1) for c in (h(FIRST) >= wide[0], h(FIRST) <= wide[1])])
    of_n, found, _, _ = one_step(N, parts(assume(kept)), wide, after)
    assert found[0] >= wide[0] and found[1] <= wide[1]
    stays = induction(N, FIRST, kept, base, conj(*[prove(c, of_n, degree=1) for c in (
        h(N + 1) >= wide[0], h(N + 1) <= wide[1])]))
    _, _, of_f, factor = one_step(N, parts(stays), wide, after)
    m = integer("m")
    at_m = FIRST + m
    of_f = [settle(instantiate(t, {N: at_m}), known(m >= 0)) for t in of_f]
    next_j = settle(instantiate(rec, {N: at_m}), known(m >= 0))
    ends = []
    for k, q in enumerate(factor):
        sign = 1 - 2 * k
        goal = sign * (jacobian(at_m) - size[k] * shape(q) ** m) >= 0
        first = prove(instance(goal.formula, m.args, 0), of_j, rewrite=[power_0(q)], degree=1)
        powers = have(power_nonneg(q, m), prove(shape(q) >= 0))
        using = [*of_f, prove(sign * q * (jacobian(at_m) - size[k] * shape(q) ** m) >= 0,
                              known(goal), degree=1)]
        positive = ends[0] if ends else None
        if positive is None:  # J >= size q^m >= 0
            low = prove(jacobian(at_m) >= 0, [*known(goal), powers], degree=1)
        else:
            low = prove(jacobian(at_m) >= 0, [positive[0], positive[1]], degree=1)
        later = prove(instance(goal.formula, m.args, (m + 1).kernel), [
            *using, prove(sign * (factor_of(at_m) - q) * jacobian(at_m) >= 0, [of_f[k], low])],
            degree=1, rewrite=[next_j, power_step(q, m)])
        ends.append((induction(m, 0, goal, first, later), powers))
    final = []
    for (thm, _), q in zip(ends, factor, strict=True):
        power = power_bounds(shape(q), 200 - FIRST, [], (q, q), 160)
        final += [at(thm, {m: 200 - FIRST}), *power]
    return conj(*[prove(c, final, degree=1) for c in (jacobian(200) > LOW, jacobian(200) < HIGH)])


def factor_of(n):  # type: ignore[no-untyped-def]
    """The factor of step n + 1."""
    return (1 - h(shape(n) + 1) ** 2) * 2


def one_step(n: Term, bounds: list[Thm], ends: Interval, after: Thm):  # type: ignore[no-untyped-def]
    """Bounds of h_{n+1} and of its factor from those of h_n, with their intervals."""
    arg_ends = (2 * ends[0], 2 * ends[1])
    arg = 2 * h(n)
    made, interval = tanh_bounds(arg, between(arg, arg_ends, bounds, degree=1), arg_ends, DIGITS)
    rule = settle(instantiate(after, {N: n}), known(N >= FIRST))
    of_h = between(h(n + 1), interval, made, degree=1, rewrite=[rule])
    low, high = interval
    factor = (2 * (1 - high * high), 2 * (1 - low * low))
    positive = prove(h(n + 1) + low >= 0, of_h[:1], degree=1)
    return of_h, interval, between(factor_of(n), factor, [*of_h, positive]), factor
