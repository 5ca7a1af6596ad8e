"""The series for dh_T/dw, for every T, by induction, with the derivative itself on the left."""

from bptt_sym.prove import kernel as K
from bptt_sym.prove import sums
from bptt_sym.prove.elman import W, gradient_0, gradient_step, h, immediate, total_w
from bptt_sym.prove.kernel import instance
from bptt_sym.prove.language import Term, TermLike, integers, product, shape, total
from bptt_sym.prove.lemmas import power_0, power_step, product_empty, product_step
from bptt_sym.prove.tactics import assume, equal, induction, known, prove, settle
from bptt_sym.prove.theorem import Outline, Theorem

T, t, j = integers("T t j")
factor = 1 - h(j) ** 2


def summand(upto: TermLike) -> Term:
    """The contribution of step t to dh_T/dw."""
    end = shape(upto)
    return W ** (end - t) * product(j, t + 1, end, factor) * immediate(t)


def series(upto: TermLike) -> Term:
    return total(t, 1, upto, summand(upto))


def theorem() -> Theorem:
    out = Outline()
    scale = W * (1 - h(T + 1) ** 2)
    rec = out.line(gradient_step("w", T), "the chain rule at step T + 1",
                   total_w(T + 1).eq((1 - h(T + 1) ** 2) * (h(T) + W * total_w(T))))
    goal = total_w(T).eq(series(T))
    empty = K.sum_empty("t", K.ONE, K.ZERO, summand(0).kernel)
    empty = settle(empty)
    base = equal(instance(goal.formula, ("i", "T"), K.ZERO), gradient_0("w"), empty)

    within = known(t >= 1, t <= T)
    body = equal(
        summand(T + 1).eq(scale * summand(T)),
        power_step(W, T - t, within), product_step(j, t + 1, T, factor, within))
    out.line(body, "one more factor w and one more slope", summand(T + 1).eq(scale * summand(T)))
    n = T.kernel
    difference = sums.monotone("t", K.ONE, n, body)
    apart = sums.linear("t", K.ONE, n, -scale.kernel, summand(T).kernel, summand(T + 1).kernel)
    peel = settle(K.sum_peel("t", K.ONE, n, summand(T + 1).kernel), known(T >= 0))
    last = [power_0(W), product_empty(j, T + 2, factor)]
    step = prove(
        instance(goal.formula, ("i", "T"), (T + 1).kernel),
        [rec, assume(goal), difference, apart, peel, *last],
        multipliers=[1, scale, immediate(T + 1),
                     immediate(T + 1) * product(j, T + 2, T + 1, factor)],
    )
    thm = out.line(
        induction(T, 0, goal, base, step),
        "the sum up to T + 1 is w (1 − h²) times the sum up to T, plus the new term "
        "(1 − h²) h, which is the recurrence of the derivative", goal)
    return out.theorem(
        "series", "The series of the gradient, for every T", "Notes A, equation A10",
        [T >= 0], goal, thm,
        remarks=["The left side is the derivative of the recursion, not a formula for it."],
    )
