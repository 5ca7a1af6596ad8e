"""Rational bounds over many steps of a recurrence, rounded outward at each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from math import floor
from typing import Any

from bptt_sym.prove import kernel as K
from bptt_sym.prove.kernel import ONE, Thm
from bptt_sym.prove.language import Term, TermLike, shape
from bptt_sym.prove.tactics import prove

Interval = tuple[Fraction, Fraction]


def outward(low: Fraction, high: Fraction, digits: int) -> Interval:
    """The interval with its ends rounded outward to that many decimal places."""
    unit = 10**digits
    return Fraction(floor(low * unit), unit), Fraction(-floor(-high * unit), unit)


def between(x: TermLike, ends: Interval, using: Sequence[Thm], **how: Any) -> list[Thm]:
    """|- x - low >= 0 and |- high - x >= 0."""
    return [prove(goal, using, **how) for goal in (shape(x) >= ends[0], shape(x) <= ends[1])]


def second_order_bounds(
    value: Callable[[int], Term], rule: Callable[[int], Thm], s: Term, p: Term, f: Fraction,
    of_s: list[Thm], of_p: list[Thm], first: list[list[Thm]],
    ends: tuple[Interval, Interval, Interval], steps: int, digits: int,
) -> tuple[list[Thm], Interval]:
    """Rational bounds of value(steps), where value(k+2) = s value(k+1) + p w_k,
    w_k = value(k+1) - f value(k) > 0.

    ``rule(k)`` proves that equation; ``of_s`` and ``of_p`` bound s > 0 and p from below and above,
    ``first`` says what value(0) and value(1) are; ``ends`` are the intervals of s, p and value(1),
    and value(0) is 1. The ends are rounded outward to that many digits.
    """
    ends_s, (low_p, high_p), ends_1 = ends
    sign = 1 if low_p >= 0 else -1
    signed = prove(sign * p >= 0, of_p, degree=1)
    positive = prove(s >= 0, of_s, degree=1)
    intervals = [(Fraction(1), Fraction(1)), ends_1]
    bounds = [between(value(k), intervals[k], first[k]) for k in (0, 1)]
    for k in range(steps - 1):
        (a, b), (c, d) = intervals[-2:]
        low_w, high_w = c - f * b, d - f * a
        if low_w < 0:
            raise ValueError("the differences change their sign")
        inner_low, inner_high = (low_w, high_w) if sign > 0 else (high_w, low_w)
        low, high = ends_s[0] * c + low_p * inner_low, ends_s[1] * d + high_p * inner_high
        nxt = outward(low, high, digits)
        # premises: 0 the rule, 1 |p|, 2 s, 3-4 p, 5-6 s, 7-8 value(k), 9-10 value(k+1)
        thms = (rule(k), signed, positive, *of_p, *of_s, *bounds[-2], *bounds[-1])
        x2 = value(k + 2).kernel
        made = []
        for up in (0, 1):
            mine, other = 9 + up, 10 - up     # value(k+1) on the side of this bound, and opposite
            near = mine if sign > 0 else other
            far = 8 - up if sign > 0 else 7 + up
            spare = low - nxt[0] if up == 0 else nxt[1] - high
            terms = ((1, ONE, (2, mine)), ((c, d)[up], ONE, (5 + up,)),
                     (1, ONE, (1, near)), (f, ONE, (1, far)),
                     ((inner_low, inner_high)[up], ONE, (3 + up,)), (spare, ONE, ()))
            goal = x2 - nxt[0] if up == 0 else nxt[1] - x2
            made.append(K.psatz("ge", goal, thms, terms, ((0, ONE if up == 0 else -ONE),)))
        bounds.append(made)
        intervals.append(nxt)
    return bounds[-1], intervals[-1]
