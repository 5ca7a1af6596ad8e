"""Exercise 2: one bound for all products of slopes with an immediate derivative, all T and t."""

from bptt_sym.prove.elman import H0, bounds, h, immediate, inside, slope
from bptt_sym.prove.kernel import instance
from bptt_sym.prove.language import absolute, integers, product
from bptt_sym.prove.lemmas import abs_both, abs_le, product_empty, product_step
from bptt_sym.prove.tactics import induction, known, prove, settle
from bptt_sym.prove.theorem import Outline, Theorem

T, t, j = integers("T t j")


def theorem() -> Theorem:
    out = Outline()
    starts = absolute(H0) <= 1
    unit = [prove(1 - s * H0 >= 0, [*known(starts), *abs_both(H0)]) for s in (1, -1)]
    late, first = known(t >= 2, t - 1 <= T)
    factor = 1 - h(j) ** 2
    P = product(j, t, T, factor)

    s = out.line(slope(T + 1, [late, first]), "for n ≥ 1 the state h_n is a value of tanh",
                 1 - h(T + 1) ** 2 > 0)
    empty = product_empty(j, t, factor)
    peel = product_step(j, t, T, factor, [late, first])
    positive = (P > 0).formula
    base = prove(instance(positive, ("i", "T"), (t - 1).kernel), rewrite=[empty])
    step = prove(instance(positive, ("i", "T"), (T + 1).kernel), [s, *known(P > 0)], rewrite=[peel])
    above = out.line(induction(T, t - 1, P > 0, base, step),
                     "the new factor 1 − h² is positive", P > 0)
    at_most = (P <= 1).formula
    base = prove(instance(at_most, ("i", "T"), (t - 1).kernel), rewrite=[empty])
    step = prove(instance(at_most, ("i", "T"), (T + 1).kernel), [above, *known(P <= 1)],
                 rewrite=[peel], squares=[h(T + 1)])
    below = out.line(induction(T, t - 1, P <= 1, base, step),
                     "the new factor 1 − h² is at most 1 and the product is not negative", P <= 1)

    two = known(t >= 2)
    inner = [*inside(t - 1, two), *bounds(t - 2, using=[*two, *unit])]
    d = immediate(t - 1)
    sides = [prove(1 - sign * d >= 0, [
        prove(1 - h(t - 1) ** 2 > 0, inner[:2]), inner[2 if sign == 1 else 3]],
        squares=[h(t - 1)]) for sign in (1, -1)]
    imm = out.line(abs_le(d, 1, *sides), "as in exercise 1, since |h_{t−2}| ≤ 1", absolute(d) <= 1)
    whole = P * d
    # 1 -+ P d = (1 - P) + P (1 -+ d)
    sides = [prove(1 - sign * whole >= 0, [above, below, side])
             for sign, side in zip((1, -1), sides, strict=True)]
    claim = absolute(whole) <= 1
    thm = out.line(abs_le(whole, 1, *sides), "0 ≤ P ≤ 1 and |d| ≤ 1 give 1 ∓ P d = (1 − P) + "
                   "P (1 ∓ d) ≥ 0", claim)
    thm = settle(thm, known(t <= T, t >= 2, starts))
    assert imm
    return out.theorem(
        "ex2", "One bound for every product of slopes with an immediate derivative",
        "Notes A, exercise 2", [t <= T, t >= 2, starts], claim, thm,
        remarks=["The bound does not depend on w, on the inputs, on t or on T."],
    )
