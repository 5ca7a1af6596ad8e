"""Refutation (d): the product of the one-step four-term sums is not the LSTM's derivative."""

from fractions import Fraction

from bptt_sym.prove.language import derivative, real, sigmoid, tanh
from bptt_sym.prove.lemmas import (
    dtanh_pos,
    sg_0,
    sg_bounds,
    tanh_bounds,
    tanh_pos,
)
from bptt_sym.prove.lstm import C0, GATES, O0, Lstm
from bptt_sym.prove.tactics import equal, have, instantiate, prove, settle
from bptt_sym.prove.theorem import Outline, Theorem

HALF = Fraction(1, 2)
x = real("x")
L = Lstm(lambda gate, t: 0, weights={"f": 0, "i": 0, "o": 1, "g": 1})
POINT = {C0: 2, O0: HALF}


def at(j, n):  # type: ignore[no-untyped-def]
    return L.cell(j, n, 2, HALF)


def dc(n):  # type: ignore[no-untyped-def]
    return derivative(C0, L.cell(0, n, C0, HALF), 2)


def dh(n):  # type: ignore[no-untyped-def]
    return derivative(C0, L.cell(1, n, C0, HALF), 2)


def gate(name, n):  # type: ignore[no-untyped-def]
    return at(2 + GATES.index(name), n)


def kappa(n):  # type: ignore[no-untyped-def]
    """dc_n/dh_{n-1} at this point: only the candidate's weight is not 0."""
    return gate("i", n) * (1 - gate("g", n) ** 2)


def theorem() -> Theorem:
    out = Outline()

    def here(thm):  # type: ignore[no-untyped-def]
        return settle(instantiate(thm, POINT))

    q0 = HALF * (1 - tanh(2) ** 2)
    q1 = gate("o", 1) * (1 - tanh(at(0, 1)) ** 2)
    p1 = tanh(at(0, 1)) * gate("o", 1) * (1 - gate("o", 1))
    start = [instantiate(t, POINT) for t in L.jacobian_0]
    one, one_h = map(here, L.jacobian_step(0))
    two, _ = map(here, L.jacobian_step(1))
    sums = (gate("f", 2) + kappa(2) * q1) * (gate("f", 1) + kappa(1) * q0)
    difference = (dc(2) - sums).eq(kappa(2) * p1 * q0)
    exact = out.line(
        equal(difference, (two, dc(2)), (one_h, dh(1)), (one, dc(1)), (start[0], dc(0)),
              (start[1], dh(0))),
        "theorem p9: the path through the output gate is missing from the product", difference)

    # the three factors are positive
    i2 = here(L.gate_step("i", 1))
    g2, o1, g1 = (here(L.gate_step(name, k)) for name, k in (("g", 1), ("o", 0), ("g", 0)))
    k_pos = out.line(
        prove(kappa(2) > 0, [dtanh_pos(at(1, 1)), *sg_bounds(0)], rewrite=[i2, g2]),
        "i = σ(0) and 1 − g² > 0", kappa(2) > 0)
    c1 = here(L.state_step(0)[0])
    f1, i1 = here(L.gate_step("f", 0)), here(L.gate_step("i", 0))
    zero = instantiate(L.initial[0], POINT)
    c1_claim = at(0, 1) > HALF
    c1_low = out.line(
        prove(c1_claim, [*tanh_bounds(at(1, 0))], degree=1,
              rewrite=[(c1, at(0, 1)), f1, i1, g1, (zero, at(0, 0)), (sg_0(), sigmoid(0))]),
        "c₁ = σ(0)·2 + σ(0) g₁ > 1 − 1/2", c1_claim)
    t_pos = have(tanh_pos(at(0, 1)), prove(at(0, 1) > 0, [c1_low], degree=1))
    p_pos = out.line(
        prove(p1 > 0, [t_pos, *sg_bounds(at(1, 0))], rewrite=[(o1, gate("o", 1))], degree=3),
        "c₁ > 0 and 0 < o < 1", p1 > 0)
    q_pos = prove(q0 > 0, [dtanh_pos(2)], degree=1)
    claim = dc(2) > sums
    thm = out.line(prove(claim, [prove(kappa(2) * p1 * q0 > 0, [
        prove(kappa(2) * p1 > 0, [k_pos, p_pos]), q_pos]), exact], degree=1),
        "all three factors are positive", claim)
    return out.theorem(
        "refute-d", "The product of the one-step sums is not the LSTM's derivative",
        "PROPOSITIONS, popular claim (d); notes B, B9 and B12", [], claim, thm,
        remarks=["U_f = U_i = 0, U_o = U_g = 1, inputs 0, c₀ = 2, o₀ = 1/2: already for two steps "
                 "the derivative is larger than the product."],
    )
