"""The LSTM's cell state is at most n after n steps, and bounded if f <= phi < 1."""

from bptt_sym.prove.kernel import instance
from bptt_sym.prove.language import absolute, forall, integer, real
from bptt_sym.prove.lemmas import abs_both, abs_le, abs_of_nonneg, sg_bounds, tanh_bounds
from bptt_sym.prove.limits import inv_mul, inv_pos
from bptt_sym.prove.lstm import C0, GENERAL, N
from bptt_sym.prove.tactics import assume, close, conj, have, induction, known, prove, use
from bptt_sym.prove.theorem import Outline, Theorem

L = GENERAL
phi, j = real("phi"), integer("j")


def theorem() -> Theorem:
    out = Outline()
    n1 = N + 1
    c_step = L.state_step(N)[0]
    f, i, g = (L.gate(name, n1) for name in "fig")
    out.line(c_step, "definition", L.c(n1).eq(f * L.c(N) + i * g))
    gates = [prove(e, sg_bounds(L.argument(name, L.h(N), n1)), degree=1,
                   rewrite=[L.gate_step(name, N)])
             for name, gate in (("f", f), ("i", i)) for e in (gate > 0, gate < 1)]
    cand = [prove(e, tanh_bounds(L.argument("g", L.h(N), n1)), degree=1,
                  rewrite=[L.gate_step("g", N)]) for e in (1 - g > 0, 1 + g > 0)]
    size = absolute(L.c(N))
    ig = [prove(1 - s * i * g >= 0, [*gates[2:], cand[0 if s == 1 else 1]]) for s in (1, -1)]
    zero = C0.eq(0)
    start = prove(L.c(0).eq(0), [assume(zero)], rewrite=[L.initial[0]])
    abs_zero = have(abs_of_nonneg(L.c(0)), prove(L.c(0) >= 0, [start]))

    def growing(bound, limit, using, base_using, reason):  # type: ignore[no-untyped-def]
        goal = size <= bound
        first = prove(instance(goal.formula, ("i", "n"), 0), [abs_zero, start, *base_using])
        sides = [
            prove(limit - s * L.c(n1) >= 0, [*using, prove(
                f * bound - s * f * L.c(N) >= 0,
                [gates[0], *known(goal), *abs_both(L.c(N))]), ig[0 if s == 1 else 1]],
                rewrite=[c_step])
            for s in (1, -1)
        ]
        later = abs_le(L.c(n1), limit, *sides)
        return out.line(induction(N, 0, goal, first, later), reason, goal), goal

    linear, claim_n = growing(N, N + 1, [gates[1], *known(N >= 0)], [],
                              "0 < f < 1 and |i g| < 1: each step adds at most 1")
    cap = 1 / (1 - phi)
    kept = forall(j, (j >= 1).implies(L.gate("f", j) <= phi))
    here = use(assume(kept), n1, given=[prove(n1 >= 1, known(N >= 0))])
    gap = known(1 - phi > 0)[0]
    cap_pos = have(inv_pos(1 - phi), gap)
    solved = have(inv_mul(1 - phi), gap)
    bounded, claim_cap = growing(
        cap, cap, [prove((phi - f) * cap >= 0, [here, cap_pos]), solved], [cap_pos],
        "|c| ≤ B implies |f c + i g| ≤ φ B + 1 = B")
    index = N >= 0
    below = phi < 1
    claim = forall(N, index.implies(claim_n)) & below.implies(
        kept.implies(forall(N, index.implies(claim_cap))))
    thm = conj(close(linear, over=[N], under=[index]),
               close(close(bounded, over=[N], under=[index]), under=[below, kept]))
    return out.theorem(
        "lstm-state", "The cell state grows at most by 1 a step, and is bounded if f ≤ φ < 1",
        "PROPOSITIONS, bounds on the four terms", [zero], claim, thm)
