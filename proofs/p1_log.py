"""P1, third part: the derivative is unbounded if and only if a sum of logarithms is."""

from collections.abc import Callable

from bptt_sym.prove import kernel as K
from bptt_sym.prove.elman import N, W, gradient_0, gradient_step, h, slope, total_h0
from bptt_sym.prove.kernel import Thm, instance
from bptt_sym.prove.language import (
    Claim,
    Term,
    absolute,
    exists,
    exp,
    forall,
    integer,
    real,
    sequence,
    total,
)
from bptt_sym.prove.lemmas import abs_mul, abs_of_nonneg, congruent, exp_0, exp_pos
from bptt_sym.prove.tactics import (
    assume,
    case_split,
    close,
    conj,
    exist,
    have,
    induction,
    instantiate,
    known,
    obtain,
    parts,
    prove,
    settle,
    use,
)
from bptt_sym.prove.theorem import Outline, Theorem

t, m = integer("t"), integer("m")
x, y, B, C = real("x"), real("y"), real("B"), real("C")


def log(time: Term | int) -> Term:
    """The logarithm of |w| (1 - h_t^2): the sequence that exp takes there."""
    return sequence("l", time)


def unbounded(value: Term, name: Term) -> Claim:
    """For every number the value exceeds it at some n."""
    return forall(name, exists(N, (N >= 0) & (value >= name)))


def theorem() -> Theorem:
    out = Outline()
    are_logs = forall(t, (t >= 1).implies(exp(log(t)).eq(absolute(W) * (1 - h(t) ** 2))))
    late = known(N >= 0)
    size, summed = absolute(total_h0(N)), total(t, 1, N, log(t))
    goal = size.eq(exp(summed))
    # one step: |∂h_{n+1}| = |w| (1 - h²) |∂h_n| = exp l_{n+1} |∂h_n|
    positive = slope(N + 1, late)
    inner = (1 - h(N + 1) ** 2) * (W * total_h0(N))
    grown = congruent(gradient_step("h0", N), total_h0(N + 1), inner, absolute(x), x)
    unsigned = settle(K.fact("abs_pos", (1 - h(N + 1) ** 2).kernel), [positive])
    here = use(assume(are_logs), N + 1, given=[prove(N + 1 >= 1, late)])
    rec_claim = absolute(total_h0(N + 1)).eq(exp(log(N + 1)) * size)
    rec = out.line(prove(rec_claim, [
        grown, abs_mul(1 - h(N + 1) ** 2, W * total_h0(N)), unsigned, abs_mul(W, total_h0(N)),
        here], multipliers=[1, absolute(1 - h(N + 1) ** 2), absolute(W * total_h0(N)),
                            1 - h(N + 1) ** 2, size]), "the chain rule", rec_claim)
    peel = settle(K.sum_peel("t", K.ONE, N.kernel, log(t).kernel), late)
    longer = total(t, 1, N + 1, log(t))
    moved = congruent(prove(longer.eq(summed + log(N + 1)), [peel]), longer, summed + log(N + 1),
                      exp(x), x)
    apart = K.fact("exp_add", summed.kernel, log(N + 1).kernel)
    one = congruent(gradient_0("h0"), total_h0(0), 1, absolute(x), x)
    empty = settle(K.sum_empty("t", K.ONE, K.ZERO, log(t).kernel))
    nothing = congruent(empty, total(t, 1, 0, log(t)), 0, exp(x), x)
    first = prove(instance(goal.formula, N.args, 0), [
        one, abs_of_nonneg(1, prove(("ge", K.ONE))), nothing, exp_0()])
    later = prove(instance(goal.formula, N.args, (N + 1).kernel), [
        rec, moved, apart, assume(goal)], multipliers=[1, exp(log(N + 1))])
    exact = out.line(induction(N, 0, goal, first, later), "a product of exponentials is the "
                     "exponential of the sum", goal)

    # unbounded together: e^x >= 1 + x one way, exp is increasing the other
    of_size, of_sum = unbounded(size, C), unbounded(summed, B)

    def reach(given: Claim, target: Claim, name: Term, shift: Term,
              last: Callable[[Thm, Thm], Thm]) -> Thm:
        """The target at every number, from the given at the number shift."""
        some = use(assume(given), shift)

        def body(taken: Thm) -> Thm:
            start, value = parts(taken)
            exact_m = have(instantiate(exact, {N: m}), start)
            return exist(target.args[1], m, conj(start, last(value, exact_m)))

        return close(obtain(some, m, body), over=[name])

    sum_m, size_m = total(t, 1, m, log(t)), absolute(total_h0(m))
    up = reach(of_sum, of_size, C, C, lambda value, exact_m: prove(
        size_m >= C, [value, exact_m, K.fact("exp_ge", sum_m.kernel)], degree=1))
    down = reach(of_size, of_sum, B, exp(B), lambda value, exact_m: have(
        increasing(B, sum_m), prove(exp(sum_m) >= exp(B), [value, exact_m], degree=1)))
    out.line(up, "e^S ≥ 1 + S", of_size)
    out.line(down, "exp is increasing", of_sum)
    claim = forall(N, (N >= 0).implies(goal)) & of_sum.implies(of_size) & of_size.implies(of_sum)
    thm = conj(close(exact, over=[N], under=[N >= 0]), close(up, under=[of_sum]),
               close(down, under=[of_size]))
    return out.theorem(
        "p1-log", "The derivative is unbounded if and only if a sum of logarithms is",
        "PROPOSITIONS P1", [are_logs], claim, thm,
        remarks=["l_t is the logarithm of the factor |w| (1 − h_t²), which is positive if w is not "
                 "0. So |w| > 1 is not enough: the factors have to exceed 1 in the mean."],
    )


def increasing(low: Term, high: Term) -> Thm:
    """exp high >= exp low |- high >= low."""
    gap = low - high
    # if low > high: exp low = exp high exp(low - high) > exp high
    apart = K.fact("exp_add", high.kernel, gap.kernel)
    more = prove(exp(gap) > 1, [K.fact("exp_ge", gap.kernel), *known(gap > 0)], degree=1)
    false = prove(("gt", K.ZERO), [apart, prove(
        exp(high) * (exp(gap) - 1) > 0, [exp_pos(high), more]), *known(exp(high) >= exp(low))],
        degree=1)
    return case_split(high - low, known(high >= low)[0], K.absurd(false, (high >= low).formula))
