"""What a loss's operations pass back, with a factor too many, or summed over another axis."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from bptt_sym.testing.tracing import ORDINALS, Change, Trace

Array = Any


def more_factors(own: Trace) -> Iterator[tuple[str, Change]]:
    """All of them: another axis, a factor once more, and a constant factor where it is not."""
    yield from _axes(own)
    yield from _twice(own)
    yield from _elsewhere(own)


def _axes(own: Trace) -> Iterator[tuple[str, Change]]:
    """A sum or a mean whose axis stays is taken over another one."""
    for site, (axis, shape) in own.axes.items():
        uses = range(own.sites[site])
        for other in range(len(shape)):
            # A mean divides by its own number of entries behind that.
            for factor in dict.fromkeys((shape[axis] / shape[other], 1.0)):
                if other != axis:
                    text = f"{site.place} is taken over axis {other} on the way back, not over "
                    values = dict.fromkeys(uses, factor)
                    yield f"{text}axis {axis}", Change(site, "axis", other, None, values)


def _twice(own: Trace) -> Iterator[tuple[str, Change]]:
    """What comes back to a product or a quotient is multiplied, or divided, by an operand again."""
    for site, rows in own.operands.items():
        divides = site.function == "divide"
        if site.operands != 2 or not (divides or site.function == "multiply"):
            continue
        for k in (1,) if divides else (0, 1):
            factors = [row[k] for row in rows]
            told = own.reached.get((site, k))  # of a constant, which other one it is, is measured
            if not told or not all(np.ndim(f) and np.all(f) for f in factors):
                continue
            done = "divided" if divides else "multiplied"
            text = f"what comes back to {site.place} is {done} by its {ORDINALS[k]} operand twice"
            values = {u: 1 / f if divides else f for u, f in enumerate(factors)}
            yield text, Change(site, "scaled", 0, None, values)


def _elsewhere(own: Trace) -> Iterator[tuple[str, Change]]:
    """A constant factor of one product, such as a mask, stands where another passes back too."""
    fixed: list[tuple[str, list[Array]]] = []
    for site, rows in own.operands.items():
        constant = [k for k in (0, 1) if not own.reached.get((site, k))]
        if site.function == "multiply" and site.operands == 2 and len(constant) == 1:
            (k,) = constant
            factors = [row[k] for row in rows]
            if all(np.ndim(f) for f in factors):
                fixed.append((f"the {ORDINALS[k]} factor of {site.place}", factors))
    for (site, k), uses in own.reached.items():
        for words, factors in fixed if site in own.products else ():
            rows = own.operands[site]
            one = all(np.array_equal(f, factors[0]) for f in factors)
            if not one and len(factors) != len(rows):
                continue
            values = {u: factors[0] if one else factors[u] for u in uses}
            if any(np.shape(rows[u][k]) != np.shape(v) for u, v in values.items()):
                continue
            text = f"what {site.place} passes to its {ORDINALS[k]} operand is multiplied by "
            yield f"{text}{words} as well", Change(site, "weighed", k, frozenset(uses), values)


__all__ = ["more_factors"]
