"""Part of P5: γ ρ(|W|) < 1 suffices, by a positive vector that |W| stretches by at most ρ."""

from bptt_sym.prove import kernel as K
from bptt_sym.prove import sums
from bptt_sym.prove.kernel import ONE
from bptt_sym.prove.language import absolute, forall, integers, real, sequence, shape, total
from bptt_sym.prove.lemmas import (
    abs_nonneg,
    congruent,
    power_0,
    power_nonneg,
    power_step,
    product_bound,
)
from bptt_sym.prove.limits import geometric_vanishes, vanishes
from bptt_sym.prove.tactics import (
    assume,
    close,
    conj,
    contradiction,
    have,
    induction,
    known,
    prove,
    use,
)
from bptt_sym.prove.theorem import Outline, Theorem

n, i, j, t, M = integers("n i j t M")
gamma, rho, C, z = real("gamma"), real("rho"), real("C"), real("z")
index = n >= 0


def v(time, unit):  # type: ignore[no-untyped-def]
    """The derivative of unit i at a time, along some direction."""
    return sequence("v", time, unit)


def x(unit):  # type: ignore[no-untyped-def]
    """The positive vector."""
    return sequence("x", unit)


def theorem() -> Theorem:
    out = Outline()
    weight = sequence("W", i, j)
    row = total(j, 1, M, weight * v(n, j))
    size = total(j, 1, M, absolute(weight) * x(j))
    slope = sequence("d", n + 1, i)
    moves = forall(n, index.implies(forall(i, v(n + 1, i).eq(slope * row))))
    slopes = forall([t, i], absolute(sequence("d", t, i)) <= gamma)
    positive = forall(i, x(i) > 0)
    stretched = forall(i, size <= rho * x(i))
    starts = forall(i, absolute(v(0, i)) <= C * x(i))
    rate = gamma * rho
    here = [use(assume(c), i) for c in (positive, stretched, starts)]
    gamma_pos = prove(gamma >= 0, [use(assume(slopes), n + 1, i), abs_nonneg(slope)], degree=1)
    entries = prove(absolute(weight) * x(j) >= 0, [abs_nonneg(weight), use(assume(positive), j)])
    size_pos = sums.monotone("j", ONE, M.kernel, entries)
    rho_pos = contradiction(rho >= 0, [here[0], here[1], size_pos])
    c_pos = contradiction(C >= 0, [here[0], here[2], abs_nonneg(v(0, i))])
    rate_pos = prove(rate >= 0, [gamma_pos, rho_pos])
    goal = forall(i, absolute(v(n, i)) <= C * rate**n * x(i))
    ih = use(assume(goal), j)
    own = prove(absolute(weight) <= absolute(weight))
    item = product_bound(weight, v(n, j), own, ih)
    bound = C * rate**n
    each = prove(absolute(weight * v(n, j)) <= bound * (absolute(weight) * x(j)), [item], degree=1)
    power = have(power_nonneg(rate, n), rate_pos)
    bound_pos = prove(bound >= 0, [power, c_pos])
    summed = out.line(prove(absolute(row) <= bound * (rho * x(i)), [
        sums.triangle(j, M, weight * v(n, j), bound * (absolute(weight) * x(j)), each),
        sums.scaled(j, M, bound, absolute(weight) * x(j)),
        prove((rho * x(i) - size) * bound >= 0, [here[1], bound_pos])], degree=1),
        "|Σ W v| ≤ C (γρ)ⁿ Σ |W| x ≤ C (γρ)ⁿ ρ x", absolute(row) <= bound * (rho * x(i)))
    step = use(use(assume(moves), n, given=known(index)), i)
    product = product_bound(slope, row, use(assume(slopes), n + 1, i), summed)
    moved = congruent(step, v(n + 1, i), slope * row, absolute(z), z)
    later = prove(absolute(v(n + 1, i)) <= C * rate ** (n + 1) * x(i), [product, moved], degree=1,
                  rewrite=[power_step(rate, n)])
    first = prove(absolute(v(0, i)) <= C * rate ** shape(0) * x(i), [here[2]], degree=1,
                  rewrite=[power_0(rate)])
    result = out.line(induction(n, 0, goal, K.gen(i.args, first), K.gen(i.args, later)),
                      "the slopes are at most γ", goal)
    small, limit_claim = rate < 1, forall(i, vanishes(n, v(n, i)))
    scale = prove(C * x(i) >= 0, [c_pos, here[0]])
    limit = geometric_vanishes(n, v(n, i), C * x(i), rate, prove(
        absolute(v(n, i)) <= C * x(i) * rate**n, [use(result, i)], degree=1), [
        rate_pos, known(1 - rate > 0)[0], scale])
    limit = out.line(close(limit, over=[i]), "a geometric sequence of ratio below 1 tends to 0",
                     limit_claim)
    claim = forall(n, index.implies(goal)) & small.implies(limit_claim)
    thm = conj(close(result, over=[n], under=[index]), close(limit, under=[small]))
    return out.theorem(
        "p5-perron", "It suffices that γ ρ(|W|) < 1", "PROPOSITIONS P5",
        [moves, slopes, positive, stretched, starts], claim, thm,
        remarks=["By Perron and Frobenius there is such an x for every ρ > ρ(|W|). v is the "
                 "derivative of the state along a direction (theorem chain-rule), in a network of "
                 "M units."],
    )
