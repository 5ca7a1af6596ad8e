"""Exercise 2, corollaries: smaller bounds for no input, bounded inputs, and |w| < 1."""

from fractions import Fraction

from bptt_sym.prove import kernel as K
from bptt_sym.prove.elman import (
    GENERAL,
    H0,
    N,
    W,
    a,
    bounds,
    h,
    immediate,
    initial,
    inside,
    state_step,
)
from bptt_sym.prove.kernel import Thm, instance
from bptt_sym.prove.language import (
    Term,
    absolute,
    forall,
    integers,
    real,
    sequence,
    tanh,
)
from bptt_sym.prove.lemmas import (
    abs_both,
    abs_le,
    abs_mul,
    abs_nonneg,
    congruent,
    product_bound,
    tanh_lt,
    tanh_mono_le,
    tanh_odd,
)
from bptt_sym.prove.library import prove as published
from bptt_sym.prove.tactics import (
    assume,
    close,
    conj,
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

T, t, j = integers("T t j")
c, z, x, bound = real("c"), real("z"), real("x"), real("ubar")
GAIN = Fraction(447744, 10**6)


def theorem() -> Theorem:
    out = Outline()
    two = known(t >= 2)
    P, d = GENERAL.slopes(j, t, T), immediate(t - 1)
    above, below = (settle(thm, two) for thm in GENERAL.slopes_bounds(j, t, T))
    whole = P * d
    size_p = have(K.fact("abs_pos", P.kernel), prove(P >= 0, [above], degree=1))
    split = abs_mul(P, d)

    def times_product(small: Thm, most: Term | Fraction) -> Thm:
        """|d| <= most   ==>   |P d| <= most."""
        return prove(absolute(whole) <= most, [split, prove(
            (1 - P) * absolute(d) >= 0, [below, abs_nonneg(d)]), small, prove(
            absolute(P).eq(P), [size_p])], degree=1, multipliers=[1, absolute(d)])

    names, order = [H0, W, T, t], [t <= T, t >= 2]

    def over_all(thm: Thm, claim, premises):  # type: ignore[no-untyped-def]
        thm = settle(thm, known(*order), keep=premises)
        shown = claim
        for premise in reversed([*premises, *order]):
            shown = premise.implies(shown)
        return close(thm, over=names, under=[*premises, *order]), forall(names, shown)

    # no input: |w| |d| <= 0.447744
    quiet = forall(j, sequence("u", j).eq(0))
    before = h(t - 2)
    rule = have(instantiate(state_step(N), {N: t - 2}), prove(t - 2 >= 0, two, degree=1))
    drive = prove((a(t - 2)).eq(W * before), [use(assume(quiet), t - 1)])
    moved = congruent(drive, a(t - 2), W * before, tanh(x), x)
    gain = instantiate(largest_gain(), {c: W * before})
    slope = prove((1 - h(t - 1) ** 2).eq(1 - tanh(W * before) ** 2), [rule, moved], multipliers=[
        1, h(t - 1) + tanh(W * before), h(t - 1), tanh(W * before), tanh(a(t - 2))])
    positive = [have(x_, prove(t - 1 >= 1, two, degree=1)) for x_ in inside(t - 1, two)]
    size_s = have(K.fact("abs_pos", (1 - h(t - 1) ** 2).kernel), prove(
        1 - h(t - 1) ** 2 >= 0, positive))
    free_claim = absolute(W) * absolute(d) <= GAIN
    free = out.line(prove(free_claim, [
        gain, abs_mul(1 - h(t - 1) ** 2, before), size_s, abs_mul(W, before), slope],
        degree=1, multipliers=[1, absolute(W) * absolute(before), absolute(W),
                               1 - tanh(W * before) ** 2]),
        "|c| sech² c ≤ 0.447744 at c = w h (theorem p4)", free_claim)
    free_whole = absolute(W) * absolute(whole) <= GAIN
    scaled = prove(free_whole, [split, prove(
        (1 - P) * (absolute(W) * absolute(d)) >= 0, [below, prove(
            absolute(W) * absolute(d) >= 0, [abs_nonneg(W), abs_nonneg(d)])]), free, size_p],
        degree=1, multipliers=[1, absolute(W), absolute(W) * absolute(d)])
    first = over_all(scaled, free_whole, [quiet])

    # bounded inputs: every state is at most tanh(|w| + ubar) < 1
    most = tanh(absolute(W) + bound)
    small_inputs = forall(j, (j >= 1).implies(absolute(sequence("u", j)) <= bound))
    small_start = absolute(H0) <= most
    inside_claim = absolute(h(N)) <= most
    unit = [prove(1 - s * H0 >= 0, [*known(small_start), *abs_both(H0), tanh_lt(
        absolute(W) + bound)], degree=1) for s in (1, -1)]
    drive = use(assume(small_inputs), N + 1, given=[prove(N + 1 >= 1, known(N >= 0))])
    state = bounds(N, [*known(N >= 0), *unit])
    near = abs_le(h(N), 1, *[prove(1 - s * h(N) >= 0, [state[0 if s == 1 else 1]], degree=1)
                             for s in (1, -1)])
    product = product_bound(W, h(N), prove(absolute(W) <= absolute(W)), near)
    ends = [prove(absolute(W) + bound - s * a(N) >= 0, [
        product, *abs_both(W * h(N)), drive, *abs_both(sequence("u", N + 1))], degree=1)
        for s in (1, -1)]
    up = have(tanh_mono_le(a(N), absolute(W) + bound), ends[0])
    down = have(tanh_mono_le(-a(N), absolute(W) + bound), prove(
        absolute(W) + bound - -a(N) >= 0, ends[1:], degree=1))
    nxt = abs_le(h(N + 1), most, prove(most - h(N + 1) >= 0, [up, state_step(N)], degree=1),
                 prove(most + h(N + 1) >= 0, [down, tanh_odd(a(N)), state_step(N)], degree=1))
    begin = congruent(initial, h(0), H0, absolute(x), x)
    kept = out.line(induction(N, 0, inside_claim, prove(
        instance(inside_claim.formula, N.args, 0), [begin, *known(small_start)], degree=1), nxt),
        "|w h + u| ≤ |w| + ū, and tanh is increasing and odd", inside_claim)
    here = have(instantiate(kept, {N: t - 2}), prove(t - 2 >= 0, two, degree=1))
    small_d = prove(absolute(d) <= most, [
        abs_mul(1 - h(t - 1) ** 2, before), size_s, here, prove(
            h(t - 1) ** 2 * absolute(before) >= 0, [abs_nonneg(before)], squares=[h(t - 1)])],
        degree=1, multipliers=[1, absolute(before)])
    out.line(small_d, "0 < 1 − h² ≤ 1", absolute(d) <= most)
    claim_2 = (absolute(whole) <= most) & (most < 1)
    second_thm = times_product(small_d, most)
    second = over_all(conj(second_thm, prove(most < 1, [tanh_lt(absolute(W) + bound)], degree=1)),
                      claim_2, [small_inputs, small_start])
    return out.theorem(
        "ex2-sharper", "Exercise 2, sharper without inputs and for bounded inputs",
        "Here; notes A, exercise 2", [], first[1] & forall(bound, second[1]),
        conj(first[0], K.gen(bound.args, second[0])),
        remarks=["With u = 0 the bound is 0.447744/|w|, with the constant of theorem p4. For "
                 "inputs of at most ū in absolute value, and a start in the range of the states, "
                 "it is tanh(|w| + ū) < 1. For |w| < 1 the sum of all terms has a bound of its "
                 "own, 1/(1 − |w|): theorem p1-sum."],
    )


def largest_gain() -> Thm:
    """|c| (1 - tanh^2 c) <= 0.447744, from theorem p4."""

    def body(taken: Thm) -> Thm:
        facts = parts(taken)
        return prove(absolute(c) * (1 - tanh(c) ** 2) <= GAIN, [facts[3], use(facts[4], c)],
                     degree=1)

    return obtain(published("p4").thm, z, body)
