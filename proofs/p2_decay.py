"""P2, second part: for w > 1, u = 0 and every h_0 > 0 the derivative vanishes."""

from bptt_sym.prove import kernel as K
from bptt_sym.prove.attractor import rises
from bptt_sym.prove.elman import AUTONOMOUS, H0, N, W
from bptt_sym.prove.kernel import ZERO, instance
from bptt_sym.prove.language import absolute, exists, integer, inv, reals, shape, tanh
from bptt_sym.prove.lemmas import (
    abs_le,
    abs_mul,
    abs_nonneg,
    power_0,
    power_step,
    tanh_0,
    tanh_bounds,
    tanh_lt,
    tanh_mono,
    tanh_mono_le,
)
from bptt_sym.prove.limits import geometric_vanishes, inv_mul, inv_pos, shifted, vanishes
from bptt_sym.prove.tactics import (
    BOTTOM,
    assume,
    conj,
    equal,
    exist,
    have,
    induction,
    instantiate,
    known,
    obtain,
    parts,
    prove,
    settle,
)
from bptt_sym.prove.theorem import Outline, Theorem

s, t, z = reals("s t z")
M, m = integer("M"), integer("m")
CELL = AUTONOMOUS
h, jac = CELL.h, CELL.total_h0


def theorem() -> Theorem:
    out = Outline()
    gain, positive, root, start = W > 1, s > 0, (W * (1 - s**2)).eq(1), H0 > 0
    w_pos = prove(W > 0, known(gain))

    higher = out.line(rises(), "otherwise the mean slope of tanh(w ·) on (0, s) would exceed 1",
                      tanh(W * s) > s)

    # t in (0, s) with tanh(w t) = s
    cross = K.ivt("t", (tanh(W * t) - s).kernel, ZERO, s.kernel,
                  prove(("ge", (s - tanh(0)).kernel), [tanh_0(), *known(positive)]),
                  prove(("ge", (tanh(W * s) - s).kernel), [higher], degree=1))
    cross = settle(cross, known(positive))
    at_t, t_pos, t_low = tanh(W * t).eq(s), t > 0, t < s
    rate = W * (1 - t**2)
    rate_claim = rate > 1
    fast = out.line(prove(rate_claim, [prove(W * (s - t) * (s + t) > 0, [
        w_pos, *known(t_low), prove(s + t > 0, known(positive, t_pos))], degree=3),
        assume(root)], degree=1), "t < s and w (1 − s²) = 1", rate_claim)

    # below t the state grows by the factor rate; at or above t the next state is at least s
    late = known(N >= 0)
    step = CELL.state_step(N)
    hn = h(N)
    lift = prove(h(N + 1) >= s, [
        have(tanh_mono_le(W * t, W * hn), prove(W * hn - W * t >= 0, [w_pos, *known(hn >= t)])),
        assume(at_t)], degree=1, rewrite=[step])
    alive = hn > 0
    up = prove(h(N + 1) > 0, [have(tanh_mono(0, W * hn), prove(W * hn > 0, [w_pos, *known(alive)])),
                              tanh_0()], degree=1, rewrite=[step])
    lives = out.line(induction(N, 0, alive, prove(
        instance(alive.formula, ("i", "n"), 0), known(start), rewrite=[CELL.initial]), up),
        "tanh of a positive number is positive", alive)
    mean = settle(K.mvt("z", tanh(W * z).kernel, ZERO, hn.kernel), [lives])
    small_next = h(N + 1) < t

    def growing(both: K.Thm) -> K.Thm:
        inside, slope = parts(both)[:2], parts(both)[2]
        wz = W * z
        rise = have(tanh_mono(wz, W * hn), prove(W * hn - wz > 0, [*inside, w_pos]))
        base = have(tanh_mono(0, wz), prove(wz > 0, [*inside, w_pos]))
        tz = prove(tanh(wz) > 0, [base, tanh_0()], degree=1)
        below = prove(t - tanh(wz) > 0, [
            rise, prove(t - tanh(W * hn) > 0, [*known(small_next), step])], degree=1)
        steep = prove(W * (t - tanh(wz)) * (t + tanh(wz)) * hn > 0, [
            below, prove(t + tanh(wz) > 0, [tz, *known(t_pos)], degree=1), w_pos, lives], degree=4)
        return prove(h(N + 1) >= rate * hn, [steep, slope, tanh_0(), step], degree=1)

    grows = obtain(mean, z, growing)
    power = shape(H0) * rate**N
    track = (hn < t).implies(hn >= power)
    first = prove((h(0) >= H0 * rate ** shape(0)), rewrite=[CELL.initial, power_0(rate)])
    first = K.discharge((h(0) < t).formula, first)
    low_case = prove(BOTTOM, [lift, *known(small_next, t_low)], degree=1)
    was_low = K.split((hn - t).kernel, K.absurd(low_case, (hn < t).formula),
                      prove(hn < t, known(-(hn - t) > 0)))
    now = K.modus(assume(track), was_low)
    rate_pos = prove(rate >= 0, [fast], degree=1)
    nxt = prove(h(N + 1) >= H0 * rate ** (N + 1), [
        grows, prove(rate * (hn - power) >= 0, [now, rate_pos])], degree=1,
        rewrite=[power_step(rate, N)])
    nxt = K.discharge(small_next.formula, nxt)
    tracked = out.line(induction(N, 0, track, first, nxt),
                       "below t the mean slope of tanh(w ·) exceeds w (1 − t²) > 1", track)
    bern = rate**N >= 1 + (rate - 1) * N
    linear = induction(N, 0, bern, prove(
        instance(bern.formula, ("i", "n"), 0), rewrite=[power_0(rate)]), prove(
        instance(bern.formula, ("i", "n"), (N + 1).kernel),
        [prove(rate * (rate**N - 1 - (rate - 1) * N) >= 0, [*known(bern), rate_pos]),
         prove((rate - 1) * (rate - 1) * N >= 0, [fast, *late], degree=3)], degree=1,
        rewrite=[power_step(rate, N)]))

    # so some state is at least s
    reached = exists(M, (M >= 0) & (h(M) >= s))
    bound = inv(H0 * (rate - 1))
    product_pos = prove(H0 * (rate - 1) > 0, [fast, *known(start)])
    inverse = have(inv_mul(H0 * (rate - 1)), product_pos)

    def soon(large: K.Thm) -> K.Thm:
        big = prove(M >= 0, [large, have(inv_pos(H0 * (rate - 1)), product_pos)], degree=1)
        after = prove(M + 1 >= 0, [big])
        at_m1 = have(instantiate(tracked, {N: M + 1}), after)
        lin = have(instantiate(linear, {N: M + 1}), after)
        low = known(h(M + 1) < t)[0]
        value = K.modus(at_m1, low)
        top = prove(1 - h(M + 1) > 0, [tanh_lt(W * h(M))], rewrite=[
            have(instantiate(step, {N: M}), big)], degree=1)
        far = prove(H0 * (rate - 1) * M >= 1, [prove(
            H0 * (rate - 1) * (M - bound) >= 0, [large, product_pos]), inverse], degree=1)
        more = prove(H0 * (rate ** (M + 1) - 1 - (rate - 1) * (M + 1)) >= 0, [lin, *known(start)])
        false = prove(BOTTOM, [value, top, far, more, product_pos, *known(start)], degree=1)
        yes = K.split((h(M + 1) - t).kernel, assume(("ge", (h(M + 1) - t).kernel)), K.absurd(
            K.cut(prove(h(M + 1) < t, known(-(h(M + 1) - t) > 0)), false),
            ("ge", (h(M + 1) - t).kernel)))
        next_ = have(instantiate(lift, {N: M + 1}), after, yes)
        return exist(reached, M + 2, conj(prove(M + 2 >= 0, [big]), next_))

    found = obtain(K.fact("archimedes", bound.kernel), M, soon)

    def with_t(both: K.Thm) -> K.Thm:
        low, high, value = parts(both)
        same = K.antisym(low, assume(("ge", (-t).kernel)))
        x0 = K.cong(same, t.kernel, ZERO, tanh(W * z).kernel, ("v", "z"))
        false = prove(BOTTOM, [x0, value, tanh_0(), *known(positive)], degree=1)
        pos = K.split((-t).kernel, K.absurd(false, t_pos.formula), prove(t_pos, known(t > 0)))
        same = K.antisym(high, assume(("ge", (t - s).kernel)))
        x0 = K.cong(same, s.kernel, t.kernel, tanh(W * z).kernel, ("v", "z"))
        false = prove(BOTTOM, [x0, value, higher], degree=1)
        less = K.split((t - s).kernel, K.absurd(false, t_low.formula), prove(
            t_low, known(-(t - s) > 0)))
        return have(found, pos, less, value)

    arrives = out.line(obtain(cross, t, with_t), "growth by a factor above 1 cannot stay below t",
                       reached)

    # from there on, as in p3
    s1 = tanh(W * s)
    r = W * (1 - s1**2)
    contract = prove(r < 1, [prove(W * (s1 - s) * (s1 + s) > 0, [
        w_pos, higher, prove(s1 + s > 0, [higher, *known(positive)], degree=1)], degree=3),
        assume(root)], degree=1)
    late_m = known(m >= 0)
    hm = h(M + m)
    begin = known(h(M) >= s, M >= 0)
    here = [prove(M + m >= 0, [begin[1], *late_m])]
    step_m = have(instantiate(step, {N: M + m}), here[0])
    stays = hm >= s
    up_m = prove(h(M + m + 1) >= s1, [have(tanh_mono_le(W * s, W * hm), prove(
        W * hm - W * s >= 0, [w_pos, *known(stays)]))], degree=1, rewrite=[step_m])
    trapped = induction(m, 0, stays, begin[0], prove(
        h(M + m + 1) >= s, [up_m, higher], degree=1))
    up_m = have(up_m, trapped)
    factor = (1 - h(M + m + 1) ** 2) * W
    slope = prove(factor >= 0, [*[have(instantiate(x, {N: M + m}), here[0])
                                  for x in CELL._inside], w_pos], degree=3)
    gap = prove(r - factor >= 0, [prove(W * (h(M + m + 1) - s1) * (h(M + m + 1) + s1) >= 0, [
        prove(h(M + m + 1) - s1 >= 0, [up_m]), w_pos,
        prove(h(M + m + 1) + s1 >= 0, [up_m, higher, *known(positive)], degree=1)], degree=3)],
        degree=1)
    shrink = abs_le(factor, r, gap, prove(r + factor >= 0, [slope, gap], degree=1))
    rec = equal(jac(M + m + 1).eq(factor * jac(M + m)), have(instantiate(
        CELL.gradient_step("h0", N), {N: M + m}), here[0]))
    size = absolute(jac(M))
    goal = absolute(jac(M + m)) <= size * r**m
    same = K.cong(rec, jac(M + m + 1).kernel, (factor * jac(M + m)).kernel, absolute(z).kernel,
                  ("v", "z"))
    zero = prove(instance(goal.formula, ("i", "m"), 0), rewrite=[power_0(r)])
    nxt = prove(instance(goal.formula, ("i", "m"), (m + 1).kernel), [
        shrink, *known(goal), abs_nonneg(jac(M + m)), abs_nonneg(factor)], rewrite=[
        (same, absolute(jac(M + m + 1))),
        (abs_mul(factor, jac(M + m)), absolute(factor * jac(M + m))), power_step(r, m)])
    decay = induction(m, 0, goal, zero, nxt)
    r_pos = prove(r >= 0, [*tanh_bounds(W * s), w_pos], degree=3)
    limit = geometric_vanishes(m, jac(M + m), size, r, decay, [
        r_pos, prove(1 - r > 0, [contract], degree=1), abs_nonneg(jac(M))])
    claim = vanishes(N, jac(N))
    final = shifted(N, jac(N), M, m, limit, begin[1])
    final = obtain(arrives, M, lambda taken: have(final, *parts(taken)))
    out.line(final, "from then on each step multiplies by at most w (1 − tanh²(w s)) < 1", claim)
    whole = reached & claim
    return out.theorem(
        "p2-decay", "The free cell with w > 1 forgets every positive start",
        "PROPOSITIONS P2", [gain, positive, root, start], whole, conj(arrives, final),
        remarks=["s = √(1 − 1/w). For h₀ < 0 replace h by −h; at h₀ = 0 the derivative is wⁿ "
                 "(theorem p2). With w = 2, h₀ = 1/2 this is the counterexample to “|w| > 1 "
                 "explodes”."],
    )
