"""P7: entry by entry, in every dimension: |∂h_i/∂h_k| over q steps is at most (γ M m)^q."""

from fractions import Fraction

from bptt_sym.prove import kernel as K
from bptt_sym.prove import sums
from bptt_sym.prove.language import absolute, forall, integers, real, sequence, shape, total
from bptt_sym.prove.lemmas import (
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
    induction,
    known,
    prove,
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

    ih_claim = forall(i, absolute(E(q, i)) <= rate**q)
    ih = assume(ih_claim)
    entry = product_bound(W(i, j), E(q, j), use(assume(weights), i, j), use(ih, j))
    bound = m * rate**q
    row = out.line(
        sums.absolute_bound(j, N, W(i, j) * E(q, j), bound, entry, known(size)[0]),
        "M terms, each at most m (γ M m)^q", absolute(mixed) <= N * bound)
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
                 "logistic function φ′max = 1/4, so wmax < 4/M suffices. That the derivative of "
                 "h_n in h_0 along a direction obeys this recurrence is theorem chain-rule."],
    )

