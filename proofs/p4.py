"""P4: the largest one-step gain: sup |w tanh'(w y)| = κ/|y| with κ = max |c| sech²c = 0.447743…"""

from fractions import Fraction

from bptt_sym.prove import kernel as K
from bptt_sym.prove.language import absolute, exists, forall, inv, reals, sigmoid, tanh
from bptt_sym.prove.lemmas import (
    abs_mul,
    congruent,
    dtanh_pos,
    sg_tanh,
    tanh_mono,
    tanh_odd,
    tanh_pos,
)
from bptt_sym.prove.tactics import (
    assume,
    by_boxes,
    case_split,
    close,
    conj,
    conj_hyps,
    equal,
    exist,
    have,
    instantiate,
    known,
    numeric,
    obtain,
    prove,
    settle,
)
from bptt_sym.prove.theorem import Outline, Theorem

z, c, x, w, y = reals("z c x w y")
LOW, HIGH = Fraction(7717, 10000), Fraction(7718, 10000)
BELOW, ABOVE = Fraction(447743, 10**6), Fraction(447744, 10**6)


def gain(at):  # type: ignore[no-untyped-def]
    """c sech^2 c."""
    return at * (1 - tanh(at) ** 2)


def theorem() -> Theorem:
    out = Outline()
    top = (z * tanh(z)).eq(Fraction(1, 2))
    pos_z = z > 0

    def compare(lo, hi, sign):  # type: ignore[no-untyped-def]
        """The mean value theorem between lo < hi, where the slope has that sign."""
        mean = K.mvt("x", gain(x).kernel, lo.kernel, hi.kernel)

        def body(both):  # type: ignore[no-untyped-def]
            inside = [K.part(both, 0), K.part(both, 1)]
            slope = K.part(both, 2)
            nonneg = [*inside, *known(c >= 0, pos_z)]
            x_pos = prove(x > 0, nonneg, degree=1)
            # x tanh x against z tanh z = 1/2
            order = prove((x - z) * sign > 0, inside, degree=1)
            mono = settle(tanh_mono(z, x) if sign > 0 else tanh_mono(x, z), [order])
            tx = have(tanh_pos(x), x_pos)
            tz = tanh_pos(z)
            below = prove(sign * (x * tanh(x) - Fraction(1, 2)) >= 0, [
                order, mono, tx, tz, x_pos, *known(pos_z), assume(top)])
            falls = prove(sign * (2 * x * tanh(x) - 1) * (1 - tanh(x) ** 2) >= 0,
                          [below, dtanh_pos(x)])
            width = prove(hi - lo > 0, inside, degree=1)
            fall = prove(sign * (2 * x * tanh(x) - 1) * (1 - tanh(x) ** 2) * (hi - lo) >= 0,
                         [falls, width])
            return prove(gain(c) <= gain(z), [fall, slope], degree=1)

        return obtain(mean, x, body)

    right = compare(z, c, 1)
    left = compare(c, z, -1)
    flat = K.antisym(*known(z - c >= 0, c - z >= 0))
    same = prove(gain(c) <= gain(z), [congruent(flat, z, c, gain(x), x)])
    up = case_split(c - z, case_split(z - c, same, right), left)
    half_line = out.line(up, "the derivative (1 − 2 c tanh c) sech²c is positive below z and "
                         "negative above, as c tanh c increases", gain(c) <= gain(z))
    claim_c = absolute(c) * (1 - tanh(c) ** 2) <= gain(z)
    pos = prove(claim_c, [half_line], degree=1,
                rewrite=[(K.fact("abs_pos", c.kernel), absolute(c))])
    mirrored = instantiate(half_line, {c: -c})
    neg = prove(claim_c, [mirrored, tanh_odd(c)], degree=1,
                rewrite=[(K.fact("abs_neg", c.kernel), absolute(c))],
                multipliers=[1, c * (tanh(-c) - tanh(c))])
    strict = known(-c > 0)
    neg = have(neg, prove(-c >= 0, strict))
    best = out.line(case_split(c, pos, neg), "sech² is even", claim_c)
    best_all = close(best, over=[c])

    # one step of the cell: |w| sech²(w y) |y| <= κ, attained at w = z / y
    step = absolute(w) * (1 - tanh(w * y) ** 2) * absolute(y)
    claim_step = step <= gain(z)
    at_wy = instantiate(best, {c: w * y})
    one_step = out.line(prove(claim_step, [at_wy], degree=1, rewrite=[(abs_mul(w, y),
                        absolute(w * y))]), "the same with c = w y", claim_step)
    nonzero = y * y > 0
    witness = z * inv(y)
    inverse = K.fact("inv", y.kernel)
    back = prove((witness * y).eq(z), [inverse], multipliers=[z])
    there = congruent(back, witness * y, z, tanh(x), x)
    size = congruent(back, witness * y, z, absolute(x), x)
    attained_claim = (absolute(witness) * (1 - tanh(witness * y) ** 2) * absolute(y)).eq(gain(z))
    z_abs = have(K.fact("abs_pos", z.kernel), prove(z >= 0, known(pos_z)))
    split_abs = abs_mul(witness, y)
    product_abs = prove((absolute(witness) * absolute(y)).eq(z), [split_abs, size, z_abs])
    attained = out.line(
        prove(attained_claim, [product_abs], rewrite=[(there, tanh(witness * y))],
              multipliers=[1 - tanh(z) ** 2]),
        "at w = z/y the argument is z", attained_claim)

    # the logistic cell: half of it
    s = sigmoid(w * y)
    logistic = absolute(w) * (s * (1 - s)) * absolute(y)
    claim_s = logistic <= gain(z) / 2
    at_half = instantiate(best, {c: w * y / 2})
    halved = equal(absolute(w * y / 2).eq(absolute(w) * absolute(y) / 2),
                   abs_mul(w, y / 2), abs_mul(y, Fraction(1, 2)), half_abs())
    sig = out.line(
        prove(claim_s, [prove(absolute(w) * absolute(y) / 2 * (1 - tanh(w * y / 2) ** 2) <= gain(z),
                              [at_half], degree=1, rewrite=[(halved, absolute(w * y / 2))])],
              degree=1, rewrite=[(sg_tanh(w * y), sigmoid(w * y))]),
        "σ(a) = (1 + tanh(a/2))/2", claim_s)

    twice = 2 * z * inv(y)
    back_2 = prove((twice * y / 2).eq(z), [inverse], multipliers=[z])
    there_2 = congruent(back_2, twice * y / 2, z, tanh(x), x)
    s = sigmoid(twice * y)
    attained_s_claim = (absolute(twice) * (s * (1 - s)) * absolute(y)).eq(gain(z) / 2)
    size_2 = prove((absolute(twice) * absolute(y)).eq(2 * z), [
        abs_mul(twice, y), congruent(prove((twice * y).eq(2 * z), [inverse], multipliers=[z]),
                                     twice * y, 2 * z, absolute(x), x),
        have(K.fact("abs_pos", (2 * z).kernel), prove(2 * z >= 0, known(pos_z)))])
    half = sg_tanh(twice * y)
    slope_2 = prove((s * (1 - s)).eq((1 - tanh(z) ** 2) / 4), [half, there_2], multipliers=[
        1, s, tanh(twice * y / 2), tanh(z)])
    attained_s = out.line(
        prove(attained_s_claim, [size_2, slope_2],
              multipliers=[s * (1 - s), z, absolute(twice) * absolute(y)]),
        "at w = 2z/y the argument of tanh is z", attained_s_claim)

    # where z is, and the value there
    low_end = numeric(Fraction(1, 2) - LOW * tanh(LOW) >= 0)
    high_end = numeric(HIGH * tanh(HIGH) - Fraction(1, 2) >= 0)
    crossing = K.ivt("z", (z * tanh(z) - Fraction(1, 2)).kernel, K.Poly.of(LOW), K.Poly.of(HIGH),
                     low_end, high_end)
    crossing = settle(crossing)
    value_low = by_boxes(gain(z) > BELOW, z, LOW, HIGH)
    value_high = by_boxes(gain(z) < ABOVE, z, LOW, HIGH)
    facts = pos_z & top & (gain(z) > BELOW) & (gain(z) < ABOVE)
    every = (
        forall(c, claim_c) & forall([w, y], claim_step)
        & forall(y, nonzero.implies(attained_claim)) & forall([w, y], claim_s)
        & forall(y, nonzero.implies(attained_s_claim))
    )
    inner = facts
    for p in every.args:
        inner = inner & p
    whole = exists(z, inner)
    thm = conj(
        *known(pos_z), assume(top), value_low, value_high, best_all, close(one_step, over=[w, y]),
        close(close(attained, under=[nonzero]), over=[y]), close(sig, over=[w, y]),
        close(close(attained_s, under=[nonzero]), over=[y]),
    )

    def body(both):  # type: ignore[no-untyped-def]
        place = prove(z > 0, [K.part(both, 0)], degree=1)
        fitted = conj_hyps(have(thm, place), both)
        return exist(whole, z, fitted)

    done = obtain(crossing, z, body)
    return out.theorem(
        "p4", "The largest one-step gain of the tanh and of the logistic cell",
        "Hochreiter 1991; PROPOSITIONS P4", [], whole, done,
        best_constant="z sech²z = 0.447743…, where z tanh z = 1/2 (attained)",
        remarks=["So the autonomous tanh cell has a one-step derivative above 1 in absolute value "
                 "only if |h| < 0.447744."],
    )


def half_abs():  # type: ignore[no-untyped-def]
    return settle(K.fact("abs_pos", K.Poly.of(Fraction(1, 2))))
