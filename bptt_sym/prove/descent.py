"""Where an inequality is closest to failing: coordinate descent in floats from random points.

What is found is a rational point to look at, nothing more: the kernel certifies that the claim
fails there, or the point is dropped.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction

from bptt_sym.prove.kernel import Poly, Var, free
from bptt_sym.prove.language import Claim

STARTS, ROUNDS = 12, 6
STEPS = tuple(s * 2.0**k for k in range(3, -7, -1) for s in (1, -1))
FUNCTIONS: dict[str, Callable[[float], float]] = {
    "tanh": math.tanh, "abs": abs, "exp": math.exp, "inv": lambda x: 1 / x,
    "sg": lambda x: 0.5 * (1 + math.tanh(x / 2)),
}


class NotNumeric(Exception):
    """The term has symbols without a value at a point."""


def evaluate(p: Poly, point: dict[Var, float]) -> float:
    """The value in floats. Raises ``NotNumeric``; ``ArithmeticError`` where it has none."""
    total = 0.0
    for monomial, c in p.terms.items():
        product = float(c)
        for a, e in monomial:
            if a in point:
                x = point[a]
            elif a[0] in FUNCTIONS:
                x = FUNCTIONS[a[0]](evaluate(a[1], point))
            else:
                raise NotNumeric(a[0])
            product *= x**e
        total += product
    return total


def descents(claim: Claim, hypotheses: Sequence[Claim],
             rng: random.Random) -> Iterator[dict[Var, Fraction]]:
    """Points at which the claim p >= 0 or p > 0 seems to fail and the hypotheses seem to hold."""
    rel, p = claim.formula
    names = sorted(free(claim.formula).union(*(free(h.formula) for h in hypotheses)))
    reals = [x for x in names if x[0] == "v"]
    sides = [h.formula for h in hypotheses if h.formula[0] != "eq"]
    if rel == "eq" or len(sides) < len(hypotheses) or not reals:
        return

    def value(point: dict[Var, float]) -> float:
        try:
            if any(evaluate(q, point) < 0 for _, q in sides):
                return math.inf
            return evaluate(p, point)
        except ArithmeticError:
            return math.inf

    for _ in range(STARTS):
        point = {x: rng.uniform(-3, 3) if x[0] == "v" else float(rng.randint(0, 6))
                 for x in names}
        try:
            best = value(point)
            for _ in range(ROUNDS):
                for x in reals:
                    for step in STEPS:
                        moved = point | {x: point[x] + step}
                        if (there := value(moved)) < best:
                            best, point = there, moved
        except NotNumeric:
            return
        if best < 0:
            yield {x: Fraction(round(v * 1000), 1000) if x[0] == "v" else Fraction(round(v))
                   for x, v in point.items()}
