"""How much tanh and the logistic function change: by at most the argument, up to a square.

All follow from the mean value theorem, for either order of the two arguments.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import cache

from bptt_sym.prove import kernel as K
from bptt_sym.prove.kernel import Thm
from bptt_sym.prove.language import Term, TermLike, absolute, reals, shape, tanh
from bptt_sym.prove.language import sigmoid as sg
from bptt_sym.prove.lemmas import (
    abs_both,
    abs_le,
    abs_nonneg,
    abs_square,
    congruent,
    dsg_le,
    dsg_pos,
    dtanh_pos,
    tanh_bounds,
    tanh_mono,
)
from bptt_sym.prove.tactics import (
    case_split,
    have,
    instantiate,
    known,
    obtain,
    parts,
    prove,
)

A, B, C = reals("a b c")


def _by_order(value: Term, bound: Term, body: Callable[[Thm, int], list[Thm]], f: Term,
              at_rest: list[Thm]) -> Thm:
    """|value| <= bound, from a mean value of f (in c) between a and b, whichever is larger.

    ``body`` gets a < c < b and f(b) - f(a) = f'(c) (b - a), or the same with a and b exchanged (and
    then -1), and returns bound - value >= 0 and bound + value >= 0.
    """
    cases = []
    for lo, hi, sign in ((A, B, 1), (B, A, -1)):
        mean = have(K.mvt("c", f.kernel, lo.kernel, hi.kernel), known(hi - lo > 0)[0])

        def inner(both: Thm, sign: int = sign) -> Thm:
            return abs_le(value, bound, *body(both, sign))

        cases.append(obtain(mean, C, inner))
    still = abs_le(value, bound, *[prove(bound - k * value >= 0, at_rest) for k in (1, -1)])
    return case_split(B - A, case_split(A - B, still, cases[0]), cases[1])


def _same(f: Callable[[TermLike], Term]) -> list[Thm]:
    """a = b |- f(b) = f(a) and |b - a| = 0 or more."""
    same = K.antisym(*known(B - A >= 0, A - B >= 0))
    return [congruent(same, B, A, f(C), C), same, abs_nonneg(B - A)]


@cache
def _lipschitz(name: str) -> Thm:
    f, most = (tanh, Fraction(1)) if name == "tanh" else (sg, Fraction(1, 4))
    size = absolute(B - A)

    def body(both: Thm, sign: int) -> list[Thm]:
        inside, slope = parts(both)[:2], parts(both)[2]
        width = prove(sign * (B - A) >= 0, inside, degree=1)
        rate = (1 - tanh(C) ** 2) if name == "tanh" else sg(C) * (1 - sg(C))
        low = [dtanh_pos(C)] if name == "tanh" else [dsg_pos(C)]
        high = prove(most - rate >= 0, [] if name == "tanh" else [dsg_le(C)], squares=[tanh(C)])
        ends = [prove(rate * (sign * (B - A)) >= 0, [*low, width]),
                prove((most - rate) * (sign * (B - A)) >= 0, [high, width])]
        return [prove(most * size - k * (f(B) - f(A)) >= 0, [
            *ends, slope, *abs_both(B - A), abs_nonneg(B - A), width], degree=1) for k in (1, -1)]

    return _by_order(f(B) - f(A), most * size, body, f(C), _same(f))


def tanh_lipschitz(a: TermLike, b: TermLike) -> Thm:
    """|tanh b - tanh a| <= |b - a|."""
    return instantiate(_lipschitz("tanh"), {A: a, B: b})


def sg_lipschitz(a: TermLike, b: TermLike) -> Thm:
    """|sigma b - sigma a| <= |b - a| / 4."""
    return instantiate(_lipschitz("sg"), {A: a, B: b})


@cache
def _tanh_taylor() -> Thm:
    square = (B - A) ** 2
    value = tanh(B) - tanh(A) - (1 - tanh(A) ** 2) * (B - A)

    def body(both: Thm, sign: int) -> list[Thm]:
        inside, slope = parts(both)[:2], parts(both)[2]
        width = prove(sign * (B - A) >= 0, inside, degree=1)
        lower, upper = (A, C) if sign == 1 else (C, A)
        rise = have(tanh_mono(lower, upper), prove(upper - lower > 0, inside, degree=1))
        near = prove(sign * (tanh(C) - tanh(A)) >= 0, [rise], degree=1)
        # |tanh c - tanh a| <= |c - a| <= |b - a|
        size = K.fact("abs_pos" if sign == 1 else "abs_neg", (C - A).kernel)
        size = have(size, prove(sign * (C - A) >= 0, inside, degree=1))
        small = prove(sign * (B - A) - sign * (tanh(C) - tanh(A)) >= 0, [
            tanh_lipschitz(A, C), *abs_both(tanh(C) - tanh(A)), size, *inside], degree=1)
        two = [prove(2 - k * (tanh(A) + tanh(C)) >= 0, [*tanh_bounds(A), *tanh_bounds(C)],
                     degree=1) for k in (1, -1)]
        product = [prove(t, [near, two[j], width], degree=3) for j, t in enumerate(
            (2 - k * (tanh(A) + tanh(C))) * (sign * (tanh(C) - tanh(A))) * (sign * (B - A)) >= 0
            for k in (1, -1))]
        last = prove((sign * (B - A) - sign * (tanh(C) - tanh(A))) * (sign * (B - A)) >= 0,
                     [small, width])
        return [prove(2 * square - k * value >= 0, [*product, last, slope], degree=1)
                for k in (1, -1)]

    same = _same(tanh)
    zero = prove(square.eq(0), [same[1]], multipliers=[B - A])
    flat = prove(value.eq(0), [same[0], same[1]], multipliers=[1, 1 - tanh(A) ** 2])
    return _by_order(value, 2 * square, body, tanh(C), [zero, flat])


def tanh_taylor(a: TermLike, b: TermLike) -> Thm:
    """|tanh b - tanh a - (1 - tanh^2 a) (b - a)| <= 2 (b - a)^2."""
    return instantiate(_tanh_taylor(), {A: a, B: b})


def square_of_bound(x: TermLike, bound: TermLike, small: Thm) -> Thm:
    """A |- |x| <= bound   ==>   A |- x^2 <= bound^2."""
    y = shape(x)
    return prove(y**2 <= shape(bound) ** 2, [
        prove((shape(bound) - absolute(y)) * (shape(bound) + absolute(y)) >= 0, [small, prove(
            shape(bound) + absolute(y) >= 0, [small, abs_nonneg(y)], degree=1)]), abs_square(y)],
        degree=1)
