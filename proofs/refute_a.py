"""Refutation (a): "|w| > 1 explodes". At w = 2, u = 0, h_0 = 1/2 the derivative vanishes."""

from fractions import Fraction

from bptt_sym.prove.elman import AUTONOMOUS, H0, N, W
from bptt_sym.prove.kernel import instance
from bptt_sym.prove.language import absolute, derivative, forall, shape, tanh
from bptt_sym.prove.lemmas import abs_le, tanh_mono_le
from bptt_sym.prove.limits import geometric_bound, geometric_vanishes, vanishes
from bptt_sym.prove.tactics import (
    close,
    conj,
    equal,
    have,
    induction,
    instantiate,
    known,
    numeric,
    prove,
    weaken,
)
from bptt_sym.prove.theorem import Outline, Theorem

POINT = {W: 2, H0: Fraction(1, 2)}
RATE = Fraction(17, 20)


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
    claim = forall(N, (N >= 0).implies(decay)) & vanishes(N, jacobian(N))
    return out.theorem(
        "refute-a", "“|w| > 1 explodes” is false", "PROPOSITIONS, popular claim (a); notes A, A11",
        [], claim, conj(close(bound, over=[N], under=[N >= 0]), limit),
        remarks=["w = 2, u = 0, h₀ = 1/2. The claim's condition is necessary, not sufficient."],
    )

