"""P1, second part: dh_n/dw is bounded, or grows linearly or geometrically."""

from bptt_sym.prove.elman import H0, N, W, bounds, gradient_0, gradient_step, h, slope, total_w
from bptt_sym.prove.kernel import ZERO, cong, instance
from bptt_sym.prove.language import absolute, forall, inv, real
from bptt_sym.prove.lemmas import (
    abs_both,
    abs_le,
    abs_mul,
    abs_nonneg,
    abs_of_nonneg,
    power_0,
    power_step,
)
from bptt_sym.prove.limits import inv_mul, inv_pos
from bptt_sym.prove.tactics import assume, close, conj, have, induction, known, prove
from bptt_sym.prove.theorem import Outline, Theorem

x = real("x")


def theorem() -> Theorem:
    out = Outline()
    starts = absolute(H0) <= 1
    unit = [prove(1 - s * H0 >= 0, [*known(starts), *abs_both(H0)]) for s in (1, -1)]
    late = known(N >= 0)
    g, d, size = total_w(N), 1 - h(N + 1) ** 2, absolute(W)
    rec = out.line(gradient_step("w", N), "the chain rule",
                   total_w(N + 1).eq(d * (h(N) + W * g)))
    positive = slope(N + 1, late)
    same = abs_mul(W, g)
    state = bounds(N, [*late, *unit])
    nonneg = prove(size * absolute(g) >= 0, [abs_nonneg(W), abs_nonneg(g)])
    sides = [
        prove(1 + size * absolute(g) - s * total_w(N + 1) >= 0, [
            positive, state[0 if s == 1 else 1], nonneg,
            prove(size * absolute(g) - s * W * g >= 0, [same, *abs_both(W * g)], degree=1),
        ], rewrite=[rec], squares=[h(N + 1)])
        for s in (1, -1)
    ]
    grows = absolute(total_w(N + 1)) <= 1 + size * absolute(g)
    step = out.line(abs_le(total_w(N + 1), 1 + size * absolute(g), *sides),
                    "0 < 1 − h² ≤ 1 and |h| ≤ 1", grows)
    zero = cong(gradient_0("w"), total_w(0).kernel, ZERO, absolute(x).kernel, ("v", "x"))
    start = [zero, abs_of_nonneg(0, prove(("ge", ZERO)))]

    def bounded(bound, reason, using, rewrite=(), base=(), base_rewrite=()):  # type: ignore[no-untyped-def]
        goal = absolute(g) <= bound
        first = prove(instance(goal.formula, ("i", "n"), 0), [*start, *base], rewrite=base_rewrite)
        later = prove(instance(goal.formula, ("i", "n"), (N + 1).kernel),
                      [step, assume(goal), abs_nonneg(W), *using], rewrite=rewrite,
                      multipliers=[1])
        return out.line(induction(N, 0, goal, first, later), reason, goal), goal

    # |w| < 1
    small, gap = size < 1, 1 - size
    away = known(gap > 0)[0]
    limit = 1 / (1 - size)
    solved = have(inv_mul(gap), away)
    contracting, claim_small = bounded(
        limit, "B = 1/(1 − |w|) solves B = 1 + |w| B", [solved], base=[have(inv_pos(gap), away)])
    assert small.formula == away.concl
    # |w| = 1
    one = size.eq(1)
    linear, claim_one = bounded(N, "each step adds at most 1", [
        prove((absolute(g) * (size - 1)).eq(0), [assume(one)], multipliers=[absolute(g)])])
    # |w| > 1
    large, gap = size > 1, size - 1
    away = known(gap > 0)[0]
    recip = have(inv_mul(gap), away)
    geometric = (size**N - 1) / gap
    assert large.formula == away.concl
    growing, claim_large = bounded(
        geometric, "(|w|^n − 1)/(|w| − 1) solves the recurrence with equality",
        [prove((inv(gap) * size - inv(gap) - 1).eq(0), [recip])],
        rewrite=[power_step(size, N)], base_rewrite=[power_0(size)])
    index = N >= 0
    whole = (
        forall(N, index.implies(grows))
        & small.implies(forall(N, index.implies(claim_small)))
        & one.implies(forall(N, index.implies(claim_one)))
        & large.implies(forall(N, index.implies(claim_large)))
    )
    thm = conj(
        close(step, over=[N], under=[index]),
        close(close(contracting, over=[N], under=[index]), under=[small]),
        close(close(linear, over=[N], under=[index]), under=[one]),
        close(close(growing, over=[N], under=[index]), under=[large]),
    )
    return out.theorem(
        "p1-sum", "Bounds of the gradient in w, by the size of w", "PROPOSITIONS P1",
        [starts], whole, thm,
        remarks=["For |w| < 1 this is a sharper form of exercise 2: one bound for the whole sum."],
    )
