"""The three forms of the gradient agree: forward recursion, series by lag, backward recursion."""

from bptt_sym.prove import kernel as K
from bptt_sym.prove import sums
from bptt_sym.prove.elman import H0, W, gradient_0, gradient_step, h, immediate, total_w
from bptt_sym.prove.kernel import instance
from bptt_sym.prove.language import integers, real, recursion, total
from bptt_sym.prove.lemmas import base, step
from bptt_sym.prove.library import prove as published
from bptt_sym.prove.tactics import assume, conj, equal, induction, known, prove, settle
from bptt_sym.prove.theorem import Outline, Theorem

T, t, j, k, n = integers("T t j k n")

forward = recursion("forward", [W, H0], n, [
    ("g", 0, (1 - h(n + 1) ** 2) * (h(n) + W * real("g")))])
# the adjoint of h_{T-k}, k steps back from the end: delta_0 = 1
backward = recursion("backward", [W, H0, T], k, [
    ("delta", 1, W * (1 - h(T - k) ** 2) * real("delta"))])


def g(at):  # type: ignore[no-untyped-def]
    return forward(0, at)


def delta(end, lag):  # type: ignore[no-untyped-def]
    return backward(0, lag, W, H0, end)


def theorem() -> Theorem:
    out = Outline()
    # forward
    goal = total_w(n).eq(g(n))
    first = equal(instance(goal.formula, ("i", "n"), 0), gradient_0("w"), base(forward.definition))
    later = equal(
        instance(goal.formula, ("i", "n"), (n + 1).kernel), gradient_step("w", n),
        step(forward.definition, 0, n), assume(goal))
    same = out.line(induction(n, 0, goal, first, later),
                    "both satisfy the recurrence of the chain rule", goal)
    same = settle(K.inst(same, ("i", "n"), T.kernel))

    # series, from its own file
    series = published("series")
    out.line(series.thm, "the theorem 'series'", series.conclusion)

    # backward: lengthening the sequence multiplies every adjoint by the new Jacobian
    jac = W * (1 - h(T + 1) ** 2)
    shift = delta(T + 1, k + 1).eq(jac * delta(T, k))
    d = backward.definition
    zero = [base(d, 0, {T: end}) for end in (T, T + 1)]
    one = step(d, 0, 0, {T: T + 1})
    start = equal(instance(shift.formula, ("i", "k"), 0), one, zero[1], zero[0])
    next_ = equal(
        instance(shift.formula, ("i", "k"), (k + 1).kernel),
        (step(d, 0, k + 1, {T: T + 1}, known(k >= 0)), delta(T + 1, k + 2)),
        (assume(shift), delta(T + 1, k + 1)), (step(d, 0, k), delta(T, k + 1)))
    shifted = out.line(induction(k, 0, shift, start, next_),
                       "the backward recursion multiplies by the same slopes", shift)
    term_at = delta(T, T - t) * immediate(t)
    longer = delta(T + 1, T + 1 - t) * immediate(t)
    adjoint = total(t, 1, T, term_at)
    goal = total_w(T).eq(adjoint)
    within = known(t >= 1, t <= T)
    body = equal(longer.eq(jac * term_at),
                 settle(K.inst(shifted, ("i", "k"), (T - t).kernel), within))
    one_, n_ = K.ONE, T.kernel
    using = [
        gradient_step("w", T), assume(goal), sums.monotone("t", one_, n_, body),
        sums.linear("t", one_, n_, -jac.kernel, term_at.kernel, longer.kernel),
        settle(K.sum_peel("t", one_, n_, longer.kernel), known(T >= 0)),
        base(d, 0, {T: T + 1}),
    ]
    later = prove(instance(goal.formula, ("i", "T"), (T + 1).kernel), using,
                  multipliers=[1, jac, immediate(T + 1)])
    empty = settle(K.sum_empty("t", one_, K.ZERO, K.subst(term_at.kernel, {("i", "T"): K.ZERO})))
    first = equal(instance(goal.formula, ("i", "T"), 0), gradient_0("w"), empty)
    adj = out.line(
        induction(T, 0, goal, first, later),
        "the sum over the adjoints satisfies the same recurrence", goal)
    claim = total_w(T).eq(g(T)) & series.conclusion & goal
    thm = conj(same, series.thm, adj)
    return out.theorem(
        "forms", "The three forms of the gradient agree: forward, series and adjoint",
        "Notes A, equations A5, A8, A10", [T >= 0], claim, thm,
        remarks=["δ with the arguments (w, h₀, T) at index k is the adjoint of the state T − k."],
    )

