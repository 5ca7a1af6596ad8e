"""The map y -> tanh(w y) for w > 1: its turning point s, its fixed point x, and the way there.

s is the state at which the factor w (1 - s^2) is 1. Beyond it the map contracts, so that a
state that has reached s tends to the fixed point.
"""

from __future__ import annotations

from functools import cache

from bptt_sym.prove import kernel as K
from bptt_sym.prove.elman import AUTONOMOUS, N, W
from bptt_sym.prove.kernel import ONE, ZERO, Thm, instance
from bptt_sym.prove.language import absolute, integers, reals, tanh
from bptt_sym.prove.lemmas import (
    abs_both,
    abs_le,
    abs_mul,
    abs_nonneg,
    congruent,
    power_0,
    power_step,
    product_bound,
    tanh_0,
    tanh_bounds,
    tanh_lt,
    tanh_mono,
    tanh_mono_le,
)
from bptt_sym.prove.limits import geometric_vanishes, shifted
from bptt_sym.prove.tactics import (
    BOTTOM,
    assume,
    case_split,
    contradiction,
    have,
    induction,
    instantiate,
    known,
    obtain,
    parts,
    prove,
    settle,
)

(X, S, Y, Z, V), (M, COUNT) = reals("x s y z v"), integers("M m")
GAIN, FIXED = W > 1, X.eq(tanh(W * X))
TURNS = (W * (1 - S**2)).eq(1)


def _w_pos() -> Thm:
    return prove(W > 0, known(GAIN), degree=1)


@cache
def rises() -> Thm:
    """w > 1, s > 0, w (1 - s^2) = 1 |- tanh(w s) > s."""
    mean = settle(K.mvt("z", tanh(W * Z).kernel, ZERO, S.kernel), known(S > 0))

    def body(both: Thm) -> Thm:
        inside, slope = parts(both)[:2], parts(both)[2]
        wz, ws, w_pos = W * Z, W * S, _w_pos()
        rise = have(tanh_mono(wz, ws), prove(ws - wz > 0, [*inside, w_pos]))
        base = have(tanh_mono(0, wz), prove(wz > 0, [*inside, w_pos]))
        tz = prove(tanh(wz) > 0, [base, tanh_0()], degree=1)
        low = assume(S - tanh(ws) >= 0)
        steep = prove(W * (S - tanh(wz)) * (S + tanh(wz)) * S > 0, [
            prove(S - tanh(wz) > 0, [rise, low], degree=1),
            prove(S + tanh(wz) > 0, [tz, *known(S > 0)], degree=1), w_pos, *known(S > 0)],
            degree=4)
        false = prove(BOTTOM, [steep, low, slope, tanh_0(), assume(TURNS)],
                      multipliers=[1, S], degree=1)
        goal = tanh(ws) > S
        return case_split(S - tanh(ws), K.absurd(false, goal.formula), prove(
            goal, known(-(S - tanh(ws)) > 0)))

    return obtain(mean, Z, body)


def exists_turning_point(use: Thm) -> Thm:
    """w > 1, s > 0, w (1 - s^2) = 1 |- f   ==>   w > 1 |- f,  if s is not free in f."""
    found = K.ivt("s", (1 - W * (1 - S**2)).kernel, ZERO, ONE, prove(
        ("ge", (W - 1).kernel), known(GAIN), degree=1), prove(("ge", ONE)))

    def body(taken: Thm) -> Thm:
        low, _, value = parts(taken)
        zero = K.antisym(low, assume(-S >= 0))
        false = prove(BOTTOM, [value, zero, *known(GAIN)], degree=1, multipliers=[1, W * S])
        pos = case_split(-S, K.absurd(false, (S > 0).formula), prove(S > 0, known(S > 0)))
        return have(use, pos, prove(TURNS, [value]))

    return obtain(settle(found), S, body)


RATE = W * (1 - tanh(W * S) ** 2)


@cache
def _contraction() -> Thm:
    """w > 1, s > 0, x = tanh(w x), x >= s, y >= s |- |tanh(w y) - x| <= RATE |y - x|."""
    w_pos, order = _w_pos(), Z > Y
    s1 = tanh(W * S)
    mean = settle(K.mvt("v", tanh(W * V).kernel, Y.kernel, Z.kernel), known(order))

    def flat(both: Thm) -> Thm:
        inside, slope = parts(both)[:2], parts(both)[2]
        tv = tanh(W * V)
        rise = have(tanh_mono_le(W * S, W * V), prove(
            W * (V - S) >= 0, [w_pos, prove(V - S >= 0, [*inside, *known(Y >= S)], degree=1)]))
        base = have(tanh_mono(0, W * S), prove(W * S > 0, [w_pos, *known(S > 0)]))
        s1_pos = prove(s1 > 0, [base, tanh_0()], degree=1)
        low = prove(W * (tv - s1) * (tv + s1) * (Z - Y) >= 0, [
            w_pos, prove(tv - s1 >= 0, [rise], degree=1),
            prove(tv + s1 >= 0, [rise, s1_pos], degree=1),
            prove(Z - Y >= 0, known(order), degree=1)], degree=4)
        return prove(tanh(W * Z) - tanh(W * Y) <= RATE * (Z - Y), [low, slope], degree=1)

    shrink = obtain(mean, V, flat)
    grow = have(tanh_mono(W * Y, W * Z), prove(W * (Z - Y) > 0, [w_pos, *known(order)]))
    rate_pos = prove(RATE >= 0, [*tanh_bounds(W * S), w_pos], degree=3)
    size = absolute(Y - X)
    room = [prove(RATE * (size - k * (Y - X)) >= 0, [rate_pos, *abs_both(Y - X)])
            for k in (1, -1)]

    def case(*about: Thm) -> Thm:
        ends = [prove(RATE * size - k * (tanh(W * Y) - X) >= 0, [*about, *room, assume(FIXED)],
                      degree=1) for k in (1, -1)]
        return abs_le(tanh(W * Y) - X, RATE * size, *ends)

    both = [instantiate(t, {Z: X}) for t in (grow, shrink)]
    under = case(*both)
    table = {Y: X, Z: Y}
    over = case(*[instantiate(t, table) for t in (grow, shrink)])
    same = K.antisym(*known(Y - X >= 0, X - Y >= 0))
    rest = case(congruent(same, Y, X, tanh(W * V), V))
    return case_split(Y - X, case_split(X - Y, rest, over), under)


def approach(contracts: Thm) -> Thm:
    """w > 1, x > 0, x = tanh(w x), h_M >= s, M >= 0, s > 0, w (1 - s^2) = 1
    |- w (1 - h_{n+1}^2) - w (1 - x^2) -> 0.

    ``contracts``: w > 1, x > 0, x = tanh(w x) |- 1 - w (1 - x^2) > 0.
    """
    h, w_pos, late = AUTONOMOUS.h, _w_pos(), known(COUNT >= 0)
    arrived, rise = known(M >= 0, h(M) >= S), rises()
    s1, positive = tanh(W * S), known(X > 0, S > 0)
    # x > s, since w (1 - x^2) < 1 = w (1 - s^2)
    beyond = contradiction(X >= S, [contracts, assume(TURNS), prove(
        W * (S - X) * (S + X) > 0, [w_pos, *known(S - X > 0), prove(
            S + X > 0, positive, degree=1)], degree=3)], degree=1)
    hm = h(M + COUNT)
    here = prove(M + COUNT >= 0, [arrived[0], *late], degree=1)
    step = have(instantiate(AUTONOMOUS.state_step(N), {N: M + COUNT}), here)
    inside = hm >= S
    trapped = induction(COUNT, 0, inside, arrived[1], prove(h(M + COUNT + 1) >= S, [
        have(tanh_mono_le(W * S, W * hm), prove(W * (hm - S) >= 0, [w_pos, *known(inside)])),
        rise], degree=1, rewrite=[step]))
    size = absolute(h(M) - X)
    goal = absolute(hm - X) <= size * RATE**COUNT
    rate_pos = prove(RATE >= 0, [*tanh_bounds(W * S), w_pos], degree=3)
    closer = have(instantiate(_contraction(), {Y: hm}), trapped, beyond)
    moved = congruent(step, h(M + COUNT + 1), tanh(W * hm), absolute(V - X), V)
    base = prove(instance(goal.formula, COUNT.args, 0), rewrite=[power_0(RATE)])
    nxt = prove(instance(goal.formula, COUNT.args, (COUNT + 1).kernel), [
        closer, prove(RATE * (size * RATE**COUNT - absolute(hm - X)) >= 0,
                      [rate_pos, *known(goal)]), moved], degree=1,
        rewrite=[power_step(RATE, COUNT)])
    after = prove(COUNT + 1 >= 0, late, degree=1)
    near = have(instantiate(induction(COUNT, 0, goal, base, nxt), {COUNT: COUNT + 1}), after)
    # |w (1 - h^2) - w (1 - x^2)| = w |h - x| |h + x| <= 2 w |h - x|
    h1 = h(M + COUNT + 1)
    gap = W * (1 - h1**2) - W * (1 - X**2)
    bounds = [*AUTONOMOUS.inside(M + COUNT + 1, [prove(M + COUNT + 1 >= 1, [here], degree=1)]),
              prove(1 - X > 0, [tanh_lt(W * X), assume(FIXED)], degree=1), *known(X > 0)]
    two = abs_le(h1 + X, 2, *[prove(2 - k * (h1 + X) >= 0, bounds, degree=1) for k in (1, -1)])
    own = prove(absolute(h1 - X) <= absolute(h1 - X))
    inner = product_bound(h1 - X, h1 + X, own, two)
    w_size = settle(K.fact("abs_neg", (-W).kernel), [w_pos])
    whole = abs_mul(-W, (h1 - X) * (h1 + X))
    bound = 2 * W * size * RATE
    fast = prove(absolute(gap) <= bound * RATE**COUNT, [
        prove(W * (2 * absolute(h1 - X) - absolute((h1 - X) * (h1 + X))) >= 0, [w_pos, inner]),
        prove(W * (size * RATE ** (COUNT + 1) - absolute(h1 - X)) >= 0, [w_pos, near]), whole,
        w_size], degree=1, multipliers=[1, absolute((h1 - X) * (h1 + X))],
        rewrite=[power_step(RATE, COUNT)])
    contract = prove(1 - RATE > 0, [prove(W * (s1 - S) * (s1 + S) > 0, [
        w_pos, rise, prove(s1 + S > 0, [rise, *known(S > 0)], degree=1)], degree=3),
        assume(TURNS)], degree=1)
    scale = prove(bound >= 0, [prove(W * size >= 0, [w_pos, abs_nonneg(h(M) - X)]), rate_pos])
    limit = geometric_vanishes(COUNT, gap, bound, RATE, fast, [rate_pos, contract, scale])
    return shifted(N, W * (1 - h(N + 1) ** 2) - W * (1 - X**2), M, COUNT, limit, arrived[0])
