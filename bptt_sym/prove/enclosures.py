"""Rational bounds over many steps of a recurrence, rounded outward at each."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal, localcontext
from fractions import Fraction
from functools import cache
from math import floor
from typing import Any

from bptt_sym.prove import kernel as K
from bptt_sym.prove.kernel import ONE, Thm
from bptt_sym.prove.language import Term, TermLike, integer, real, reals, recursion, shape, tanh
from bptt_sym.prove.lemmas import base, power_0, power_step, step, tanh_mono_le
from bptt_sym.prove.roots import power_add
from bptt_sym.prove.tactics import at, have, instantiate, known, numeric, prove

Interval = tuple[Fraction, Fraction]


def outward(low: Fraction, high: Fraction, digits: int) -> Interval:
    """The interval with its ends rounded outward to that many decimal places."""
    unit = 10**digits
    return Fraction(floor(low * unit), unit), Fraction(-floor(-high * unit), unit)


def between(x: TermLike, ends: Interval, using: Sequence[Thm], **how: Any) -> list[Thm]:
    """|- x - low >= 0 and |- high - x >= 0."""
    return [prove(goal, using, **how) for goal in (shape(x) >= ends[0], shape(x) <= ends[1])]


def tanh_bounds(arg: Term, bounds: list[Thm], ends: Interval,
                digits: int) -> tuple[list[Thm], Interval]:
    """Rational bounds of tanh(arg), from those of the argument, and the interval."""
    made, values = [], []
    for k, end in enumerate(ends):
        sign = 1 - 2 * k
        near = near_tanh(end, digits)
        value = outward(near - Fraction(1, 10**digits), near + Fraction(1, 10**digits), digits)[k]
        least = numeric(sign * (tanh(end) - value) >= 0, 4 * digits + 32)
        order = tanh_mono_le(end, arg) if k == 0 else tanh_mono_le(arg, end)
        order = have(order, prove(sign * (arg - end) >= 0, bounds, degree=1))
        made.append(prove(sign * (tanh(arg) - value) >= 0, [order, least], degree=1))
        values.append(value)
    return made, (values[0], values[1])


def near_tanh(x: Fraction, digits: int) -> Fraction:
    """A decimal fraction near tanh x; that it is near is certified where it is used."""
    with localcontext() as context:
        context.prec = digits + 8
        e = (2 * Decimal(x.numerator) / Decimal(x.denominator)).exp()
        return Fraction((e - 1) / (e + 1))


# x_{n+1} = y_n, y_{n+1} = s y_n + p (y_n - f x_n): the linear recurrence of a resting LSTM
S, P, F, N = *reals("s p f"), integer("n")
GROWTH = recursion("growth", [S, P, F], N, [
    ("x", 1, real("y")), ("y", S, S * real("y") + P * (real("y") - F * real("x")))])


@cache
def second_order() -> Thm:
    """n >= 0 |- x_{n+2} = s x_{n+1} + p (x_{n+1} - f x_n)."""
    d = GROWTH.definition
    rules = [step(d, 0, N), step(d, 1, N)]
    after = have(instantiate(rules[0], {N: N + 1}), prove(N + 1 >= 0, known(N >= 0), degree=1))
    x = GROWTH(0, N + 1)
    goal = GROWTH(0, N + 2).eq(S * x + P * (x - F * GROWTH(0, N)))
    return prove(goal, [rules[0]], multipliers=[1, S, P], rewrite=[
        (after, GROWTH(0, N + 2)), (rules[1], GROWTH(1, N + 1)), (rules[0], x)])


def growth_bounds(s: Term, p: Term, f: Fraction, of_s: list[Thm], of_p: list[Thm],
                  ends_s: Interval, ends_p: Interval, steps: int, digits: int) -> list[Thm]:
    """Rational bounds of x_steps(s, p, f), from those of s > 0 and of p, which has one sign.

    The differences x_{k+1} - f x_k have to be positive. The ends are rounded outward at each step
    to that many decimal places.
    """
    low_p, high_p = ends_p
    sign = 1 if low_p >= 0 else -1
    signed = prove(sign * p >= 0, of_p, degree=1)
    positive = prove(s >= 0, of_s, degree=1)
    values: dict[Term, TermLike] = {S: s, P: p, F: f}
    d = GROWTH.definition

    def x(k: int) -> Term:
        return GROWTH(0, k, s, p, f)

    one = instantiate(base(d, 0), values)
    first = prove(x(1).eq(s), [at(step(d, 0, N), {**values, N: 0}),
                               instantiate(base(d, 1), values)])
    rule = instantiate(second_order(), values)
    intervals = [(Fraction(1), Fraction(1)), ends_s]
    bounds = [between(x(0), intervals[0], [one]), between(x(1), ends_s, [first, *of_s])]
    for k in range(steps - 1):
        (a, b), (c, e) = intervals[-2:]
        low_w, high_w = c - f * b, e - f * a
        if low_w < 0:
            raise ValueError("the differences change their sign")
        inner_low, inner_high = (low_w, high_w) if sign > 0 else (high_w, low_w)
        low, high = ends_s[0] * c + low_p * inner_low, ends_s[1] * e + high_p * inner_high
        nxt = outward(low, high, digits)
        # premises: 0 the rule, 1 |p|, 2 s, 3-4 p, 5-6 s, 7-8 x_k, 9-10 x_{k+1}
        thms = (at(rule, {N: k}), signed, positive, *of_p, *of_s, *bounds[-2], *bounds[-1])
        made = []
        for up in (0, 1):
            mine, other = 9 + up, 10 - up     # x_{k+1} on the side of this bound, and opposite
            near = mine if sign > 0 else other
            far = 8 - up if sign > 0 else 7 + up
            spare = low - nxt[0] if up == 0 else nxt[1] - high
            terms = ((1, ONE, (2, mine)), ((c, e)[up], ONE, (5 + up,)),
                     (1, ONE, (1, near)), (f, ONE, (1, far)),
                     ((inner_low, inner_high)[up], ONE, (3 + up,)), (spare, ONE, ()))
            goal = x(k + 2).kernel - nxt[0] if up == 0 else nxt[1] - x(k + 2).kernel
            made.append(K.psatz("ge", goal, thms, terms, ((0, ONE if up == 0 else -ONE),)))
        bounds.append(made)
        intervals.append(nxt)
    return bounds[-1]


def power_bounds(x: Term, exponent: int, of_x: list[Thm], ends: Interval,
                 digits: int) -> list[Thm]:
    """Rational bounds of x^exponent for x > 0, by squaring."""
    n = integer("n")
    known_powers: dict[int, tuple[Interval, list[Thm]]] = {}
    one = prove((x ** shape(1)).eq(x), [at(power_step(x, n), {n: 0}), power_0(x)],
                multipliers=[1, x])
    known_powers[1] = ends, between(x ** shape(1), ends, [one, *of_x])

    def power(k: int) -> tuple[Interval, list[Thm]]:
        if k not in known_powers:
            i = 1 << (k.bit_length() - 1)
            i = i if i < k else k // 2
            (low, high), first = power(i)
            (low_2, high_2), second = power(k - i)
            both = outward(low * low_2, high * high_2, digits)
            rule = power_add(x, i, k - i, [])
            positive = [prove(x ** shape(j) >= 0, t[:1], degree=1)
                        for j, t in ((i, first), (k - i, second))]
            known_powers[k] = both, between(x ** shape(k), both, [*first, *second, *positive],
                                            rewrite=[(rule, x ** shape(k))])
        return known_powers[k]

    return power(exponent)[1]
