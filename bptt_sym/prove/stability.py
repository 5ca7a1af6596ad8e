"""The weight and the rate with which two coupled bounds contract.

With x_{n+1} <= phi x_n + kappa y_n and y_{n+1} <= x_{n+1} + omega y_n the weighted sum x + beta y
shrinks by a factor r < 1 at each step, for some beta > 0, if kappa < (1 - phi)(1 - omega): the
matrix of the two bounds has a spectral radius below 1.
"""

from __future__ import annotations

from functools import cache

from bptt_sym.prove import kernel as K
from bptt_sym.prove.kernel import Thm
from bptt_sym.prove.language import exists, inv, reals
from bptt_sym.prove.limits import inv_mul, inv_pos
from bptt_sym.prove.tactics import conj, contradiction, have, known, prove

phi, beta, r, kap, om = reals("phi beta r kappa omega")
RATES = (((beta > 0) & (r >= 0)) & (r < 1) & ((1 + beta) * phi <= r)
         & (kap + beta * (kap + om) <= r * beta))
SOME = exists([beta, r], RATES)


@cache
def weights() -> Thm:
    """phi >= 0, phi < 1, kappa >= 0, omega >= 0, kappa < (1 - phi)(1 - omega) |- SOME."""
    given = known(phi >= 0, phi < 1, kap >= 0, om >= 0, kap < (1 - phi) * (1 - om))
    gap_a = 1 - om - kap
    # A > 0, since κ < (1 - φ)(1 - ω) <= 1 - ω if ω <= 1; and ω < 1 as κ >= 0
    om_small = contradiction(om < 1, given, degree=2)
    a_pos = prove(gap_a > 0, [*given, om_small], degree=2)
    low = phi + gap_a
    low_pos = prove(low > 0, [a_pos, given[0]], degree=1)
    inverse, inv_p = have(inv_mul(low), low_pos), have(inv_pos(low), low_pos)
    b = (kap + 1 - phi) * inv(low)
    top_pos = prove(kap + 1 - phi > 0, given, degree=1)
    b_pos = prove(b > 0, [top_pos, inv_p])
    b_eq = prove((b * low).eq(kap + 1 - phi), [inverse], multipliers=[kap + 1 - phi])
    recip, recip_pos = have(inv_mul(b), b_pos), have(inv_pos(b), b_pos)
    r1 = (1 + b) * phi
    r2 = (kap * (1 + b) + b * om) * inv(b)
    r1_low = prove((1 - r1) * low > 0, [prove(
        gap_a * (1 - phi) - phi * kap > 0, given, degree=2), b_eq], degree=1, multipliers=[1, phi])
    r1_small = contradiction(r1 < 1, [r1_low, low_pos])
    slack = prove((b * gap_a - kap) * low > 0, [
        prove(gap_a * (1 - phi) - phi * kap > 0, given, degree=2), b_eq], degree=1,
        multipliers=[gap_a])
    slack = contradiction(b * gap_a > kap, [slack, low_pos])
    r2_small = prove(r2 < 1, [prove((b * gap_a - kap) * inv(b) > 0, [slack, recip_pos]), recip],
                     degree=1, multipliers=[1, 1 - om - kap, kap, om])
    r1_pos = prove(r1 >= 0, [given[0], b_pos])
    r2_pos = prove(r2 >= 0, [prove(kap * (1 + b) + b * om >= 0, [*given[2:4], b_pos]), recip_pos])
    rate = r1 + r2 - r1 * r2
    less = prove(1 - rate > 0, [prove((1 - r1) * (1 - r2) > 0, [r1_small, r2_small])], degree=1)
    first = prove(rate - r1 >= 0, [prove(r2 * (1 - r1) >= 0, [r2_pos, r1_small])], degree=1)
    second_ = prove(rate - r2 >= 0, [prove(r1 * (1 - r2) >= 0, [r1_pos, r2_small])], degree=1)
    rate_pos = prove(rate >= 0, [first, r1_pos], degree=1)
    fits = prove(kap + b * (kap + om) <= rate * b, [
        prove((rate - r2) * b >= 0, [second_, b_pos]), recip],
        degree=1, multipliers=[1, kap * (1 + b) + b * om])
    thm = conj(b_pos, rate_pos, less, prove(r1 <= rate, [first], degree=1), fits)
    with_r = ("ex", ("v", "r"), K.subst(RATES.formula, {("v", "beta"): b.kernel}))
    return K.witness(SOME.formula, b.kernel, K.witness(with_r, rate.kernel, thm))
