"""P7: entry by entry, in every dimension: |∂h_i/∂h_k| over q steps is at most (γ M m)^q."""

from fractions import Fraction

from bptt_sym.prove import kernel as K
from bptt_sym.prove import sums
from bptt_sym.prove.kernel import instance
from bptt_sym.prove.language import absolute, forall, integers, real, sequence, shape, total
from bptt_sym.prove.lemmas import (
    abs_both,
    abs_le,
    abs_nonneg,
    power_0,
    power_step,
    product_bound,
)
from bptt_sym.prove.limits import geometric_vanishes, vanishes
from bptt_sym.prove.tactics import (
    assume,
    close,
    conj,
    have,
    induction,
    instantiate,
    known,
    prove,
    settle,
    use,
)
from bptt_sym.prove.theorem import Outline, Theorem

q, i, j, k, N, n = integers("q i j k M n")
gamma, m, x = real("gamma"), real("m"), real("x")


def E(steps, row):  # type: ignore[no-untyped-def]
    """The entry of the product of q Jacobians in that row and the column k."""
    return sequence("E", steps, row, k)


def W(row, column):  # type: ignore[no-untyped-def]
    return sequence("W", row, column)


def d(step, row):  # type: ignore[no-untyped-def]
    return sequence("d", step, row)


def theorem() -> Theorem:
    out = Outline()
    mixed = total(j, 1, N, W(i, j) * E(q, j))
    chain = forall(q, (q >= 0).implies(forall(i, E(q + 1, i).eq(d(q + 1, i) * mixed))))
    start = forall(i, absolute(E(0, i)) <= 1)
    slopes = forall([q, i], absolute(d(q, i)) <= gamma)
    weights = forall([i, j], absolute(W(i, j)) <= m)
    size = N >= 0
    rate = gamma * N * m

    # the sum of N terms, each at most b, is at most N b
    const = total(j, 1, n, x)
    goal = const.eq(n * x)
    first = prove(instance(goal.formula, ("i", "n"), 0),
                  [settle(K.sum_empty("j", K.ONE, K.ZERO, x.kernel))])
    later = prove(instance(goal.formula, ("i", "n"), (n + 1).kernel), [
        settle(K.sum_peel("j", K.ONE, n.kernel, x.kernel), known(n >= 0)), assume(goal)])
    constant = out.line(induction(n, 0, goal, first, later), "one more term", goal)

    ih_claim = forall(i, absolute(E(q, i)) <= rate**q)
    ih = assume(ih_claim)
    entry = product_bound(W(i, j), E(q, j), use(assume(weights), i, j), use(ih, j))
    bound = m * rate**q
    sides = []
    for s in (1, -1):
        item = prove(bound - s * W(i, j) * E(q, j) >= 0, [entry, *abs_both(W(i, j) * E(q, j))],
                     degree=1)
        summed = sums.monotone("j", K.ONE, N.kernel, item)
        linear = sums.linear("j", K.ONE, N.kernel, K.Poly.of(-s), (W(i, j) * E(q, j)).kernel,
                              bound.kernel)
        many = have(instantiate(constant, {x: bound, n: N}), known(size)[0])
        sides.append(prove(N * bound - s * mixed >= 0, [summed, linear, many]))
    row = out.line(abs_le(mixed, N * bound, *sides), "M terms, each at most m (γ M m)^q",
                   absolute(mixed) <= N * bound)
    step = use(use(assume(chain), q, given=known(q >= 0)), i)
    slope = use(assume(slopes), q + 1, i)
    prod = product_bound(d(q + 1, i), mixed, slope, row)
    x_abs = K.cong(step, E(q + 1, i).kernel, (d(q + 1, i) * mixed).kernel,
                   absolute(x).kernel, ("v", "x"))
    nxt = prove(absolute(E(q + 1, i)) <= rate ** (q + 1), [prod], degree=1,
                rewrite=[(x_abs, absolute(E(q + 1, i))), power_step(rate, q)])
    nxt = K.gen(("i", "i"), nxt)
    base = K.gen(("i", "i"), prove(absolute(E(0, i)) <= rate**shape(0), [
        use(assume(start), i)], degree=1, rewrite=[power_0(rate)]))
    result = out.line(induction(q, 0, ih_claim, base, nxt),
                      "an entry of the next product is a slope times a sum of M terms", ih_claim)

    # the logistic function: gamma = 1/4, m < 4/N
    quarter, small = gamma.eq(Fraction(1, 4)), N * m < 4
    here = use(result, i)
    m_pos = prove(m >= 0, [use(assume(weights), i, j), abs_nonneg(W(i, j))])
    gamma_pos = prove(gamma >= 0, [use(assume(slopes), q, i), abs_nonneg(d(q, i))])
    rate_pos = prove(rate >= 0, [prove(gamma * N >= 0, [gamma_pos, *known(size)]), m_pos])
    below = prove(1 - rate > 0, [*known(small), assume(quarter)], multipliers=[1, N * m])
    limit = geometric_vanishes(q, E(q, i), 1, rate, prove(
        absolute(E(q, i)) <= 1 * rate**q, [here], degree=1),
        [rate_pos, below, prove(1 + 0 * m >= 0)])
    limit_claim = vanishes(q, E(q, i))
    out.line(limit, "γ M m < 1", limit_claim)
    claim = forall(q, (q >= 0).implies(ih_claim)) & quarter.implies(small.implies(
        forall(i, limit_claim)))
    thm = conj(close(result, over=[q], under=[q >= 0]),
               close(close(limit, over=[i]), under=[quarter, small]))
    return out.theorem(
        "p7", "Entry by entry the error flow is at most (φ′max M wmax)^q",
        "Hochreiter 1991, as in Hochreiter & Schmidhuber 1997 sec. 3.1; PROPOSITIONS P7",
        [size, chain, start, slopes, weights], claim, thm,
        remarks=["E_q is the product of q Jacobians diag(d) W of an M × M network, entry (i, k); "
                 "E_0 is the identity. The factor n of the original is not needed. For the "
                 "logistic function φ′max = 1/4, so wmax < 4/M suffices."],
    )

