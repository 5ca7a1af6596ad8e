"""P3: a latched state: for w > 1 and inputs below a threshold the derivative still vanishes."""

from fractions import Fraction

from bptt_sym.prove import kernel as K
from bptt_sym.prove.elman import (
    H0,
    N,
    W,
    a,
    gradient_0,
    gradient_step,
    h,
    initial,
    slope,
    state_step,
    total_h0,
)
from bptt_sym.prove.kernel import Thm, cong, instance
from bptt_sym.prove.language import Claim, absolute, forall, integer, reals, sequence, tanh
from bptt_sym.prove.lemmas import abs_both, abs_le, tanh_bounds, tanh_mono, tanh_mono_le
from bptt_sym.prove.limits import geometric_bound, geometric_vanishes, vanishes
from bptt_sym.prove.roots import BOTTOM
from bptt_sym.prove.tactics import (
    assume,
    close,
    conj,
    conj_hyps,
    contradiction,
    equal,
    have,
    induction,
    instantiate,
    known,
    numeric,
    prove,
    settle,
    use,
)
from bptt_sym.prove.theorem import Outline, Theorem

(s, alpha, ubar, x), j = reals("s alpha ubar x"), integer("j")


def theorem() -> Theorem:
    out = Outline()
    gain, root, positive = W > 1, (W * (1 - s**2)).eq(1), s >= 0
    artanh = tanh(alpha).eq(s)
    quiet = forall(j, (j >= 1).implies(absolute(sequence("u", j)) <= ubar))
    weak, starts = ubar < W * s - alpha, h(0) >= s
    hyps = [gain, positive, root, artanh, weak, quiet, starts]
    s1 = tanh(W * s - ubar)
    late = known(N >= 0)
    input_ = use(assume(quiet), N + 1, given=[prove(N + 1 >= 1, late)])

    above = prove(W * s - ubar > alpha, known(weak))
    higher = out.line(
        prove(s1 > s, [settle(tanh_mono(alpha, W * s - ubar), [above]), assume(artanh)]),
        "tanh increases, and w s − ū > artanh s", s1 > s)
    ih = assume(h(N) >= s)
    drive = prove(a(N) >= W * s - ubar, [
        input_, *abs_both(sequence("u", N + 1)),
        prove(W * (h(N) - s) >= 0, [ih, *known(gain)])], degree=1)
    lifted = have(tanh_mono_le(W * s - ubar, a(N)), drive)
    up = prove(h(N + 1) >= s1, [lifted], rewrite=[state_step(N)])
    goal = h(N) >= s
    latched = out.line(
        induction(N, 0, goal, known(starts)[0], prove(
            instance(goal.formula, ("i", "n"), (N + 1).kernel), [up, higher], degree=1)),
        "w h + u ≥ w s − ū, so the next state is at least s₁ > s", goal)
    up = out.line(have(up, latched), "the same step", h(N + 1) >= s1)
    rate = W * (1 - s1**2)
    smaller = out.line(prove(rate < 1, [higher, *known(positive, gain), assume(root)],
                             degree=3), "s₁ > s ≥ 0 and w (1 − s²) = 1", rate < 1)
    jac = (1 - h(N + 1) ** 2) * W
    nonneg = prove(jac >= 0, [slope(N + 1, late), *known(gain)])
    at_most = prove(rate - jac >= 0, [up, higher, *known(positive, gain)], degree=3)
    shrink = abs_le(jac, rate, at_most,
                    prove(rate + jac >= 0, [nonneg, at_most], degree=1))
    rec = equal(total_h0(N + 1).eq(jac * total_h0(N)), gradient_step("h0", N))
    decay = absolute(total_h0(N)) <= rate**N
    bound = out.line(geometric_bound(N, total_h0, jac, rate, gradient_0("h0"), rec, shrink),
                     "0 ≤ w (1 − h²) ≤ w (1 − s₁²)", decay)
    rate_nonneg = prove(rate >= 0, [*tanh_bounds(W * s - ubar), *known(gain)], degree=3)
    limit = out.line(
        geometric_vanishes(N, total_h0(N), 1, rate, prove(
            absolute(total_h0(N)) <= 1 * rate**N, [bound], degree=1),
            [rate_nonneg, prove(1 - rate > 0, [smaller], degree=1), prove(1 + 0 * W >= 0)]),
        "a geometric sequence of ratio below 1 tends to 0", vanishes(N, total_h0(N)))

    # the threshold is sharp: at u = -(w s - alpha) the state s stands still and the factor is 1
    still = forall(j, (j >= 1).implies(sequence("u", j).eq(alpha - W * s)))
    at_s = H0.eq(s)
    value = use(assume(still), N + 1, given=[prove(N + 1 >= 1, late)])
    ih = assume(h(N).eq(s))
    arg = prove(a(N).eq(alpha), [ih, value], multipliers=[1, W])
    flat = cong(arg, a(N).kernel, alpha.kernel, tanh(x).kernel, ("v", "x"))
    stays = h(N).eq(s)
    fixed = out.line(
        induction(N, 0, stays, equal(h(0).eq(s), initial, (assume(at_s), H0)),
                  prove(h(N + 1).eq(s), [state_step(N), flat, assume(artanh)])),
        "at the threshold, s is a fixed point", stays)
    unit = total_h0(N).eq(1)
    nxt = settle(instantiate(fixed, {N: N + 1}), late)
    one = out.line(
        induction(N, 0, unit, gradient_0("h0"), prove(
            total_h0(N + 1).eq(1),
            [gradient_step("h0", N), nxt, assume(root), assume(unit)],
            multipliers=[1, W * (1 - s**2), W * (h(N + 1) + s) * total_h0(N), total_h0(N)])),
        "and there the factor w (1 − s²) is 1", unit)
    conclusion = (
        forall(N, (N >= 0).implies(h(N) >= s))
        & (rate < 1)
        & forall(N, (N >= 0).implies(decay))
        & vanishes(N, total_h0(N))
    )
    first = conj(close(latched, over=[N], under=[N >= 0]), smaller,
                 close(bound, over=[N], under=[N >= 0]), limit)
    premise = weak & quiet & starts
    first = close(conj_hyps(first, assume(premise)), under=[premise])
    sharp = close(close(one, over=[N], under=[N >= 0]), under=[still, at_s])
    figure_claim, figure = threshold_at_two()
    claim = premise.implies(conclusion) & still.implies(
        at_s.implies(forall(N, (N >= 0).implies(unit)))) & figure_claim
    return out.theorem(
        "p3", "A latched state forgets: the derivative vanishes although w > 1",
        "Bengio, Simard, Frasconi 1994 (scalar form); PROPOSITIONS P3",
        hyps[:4], claim, conj(first, sharp, figure), best_constant="ū < w s − artanh s (sharp)",
        remarks=["Here s = √(1 − 1/w) and α = artanh s. At ū = w s − α the derivative is 1 for "
                 "ever, so the threshold cannot be raised. For w = 2 it is 0.53284."],
    )


def threshold_at_two() -> tuple[Claim, Thm]:
    """At w = 2 the threshold w s - artanh s is 0.53284."""
    root, artanh = (2 * (1 - s**2)).eq(1), tanh(alpha).eq(s)
    below, above = Fraction(7071067, 10**7), Fraction(7071068, 10**7)
    given = [*known(s >= 0), assume(root)]
    of_s = [contradiction(s >= below, given), contradiction(s <= above, given)]
    low, high = Fraction(8813734, 10**7), Fraction(8813738, 10**7)
    of_alpha = [
        contradiction_of(alpha >= low, tanh_mono(alpha, low), [
            numeric(tanh(low) <= below), of_s[0], assume(artanh)]),
        contradiction_of(alpha <= high, tanh_mono(high, alpha), [
            numeric(tanh(high) >= above), of_s[1], assume(artanh)])]
    claim = (2 * s - alpha > Fraction(532835, 10**6)) & (2 * s - alpha < Fraction(532845, 10**6))
    thm = conj(*[prove(c, [*of_s, *of_alpha], degree=1) for c in claim.args])
    premises = [s >= 0, root, artanh]
    for h_ in reversed(premises):
        claim = h_.implies(claim)
    return forall([s, alpha], claim), close(thm, over=[s, alpha], under=premises)


def contradiction_of(goal: Claim, rises: Thm, using: list[Thm]) -> Thm:
    """The goal p >= 0, since -p > 0 gives ``rises`` its hypothesis, against the others."""
    _, p = goal.formula
    higher = have(rises, prove(("gt", -p), [assume(("gt", -p))], degree=1))
    false = prove(BOTTOM, [higher, *using], degree=1)
    return K.split(p, assume(goal), K.absurd(false, goal.formula))

