"""Outer products of parameters' gradients whose factors are of different steps or examples.

Indices of an ``einsum`` that are summed apart, a step counted from the beginning of its window.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np

from bptt_sym.testing.at_hand import Values
from bptt_sym.testing.derivation_mistakes import Mistake
from bptt_sym.testing.models import Model
from bptt_sym.testing.place_words import shown
from bptt_sym.testing.problems import Problem
from bptt_sym.testing.shared_mistakes import outer_products

Array = Any
#: From cotangents and factors of all steps, ``(T, B, rows)``, the sum of their outer products.
Made = Callable[[Array, Array], Array]
_APART: tuple[tuple[str, str, Made], ...] = (
    ("steps", "steps", lambda a, v: np.einsum("bi,bj->ij", a.sum(0), v.sum(0))),
    ("both", "steps and examples", lambda a, v: np.outer(a.sum((0, 1)), v.sum((0, 1)))),
)
#: Lengths of windows.
_LENGTHS = (2, 3, 4, 5)


def outer_mistakes(model: Model) -> Iterator[Mistake]:
    """All of them, for every matrix."""
    for name, parts in model.layout.items():
        shares = [outer_products(model, part) for part in parts]
        if not all(shares):
            continue
        for code, words, made in _APART:
            yield Mistake(
                f"apart-{code}-{name}",
                f"in the gradient of {name} each factor of the outer products is summed over the "
                f"{words} by itself",
                partial(_summed, name=name, shares=shares, made=made),
            )  # fmt: skip
        factors = dict.fromkeys(shown(model, s[1]) for part in shares for s in part)
        for k in _LENGTHS:
            yield Mistake(
                f"window-index-{k}-{name}",
                f"in the gradient of {name} {' and '.join(factors)} "
                f"{'is' if len(factors) == 1 else 'are'} read at t mod {k}: the step is counted "
                f"from the beginning of each window of {k}",
                partial(_summed, name=name, shares=shares, made=partial(_from_the_beginning, k=k)),
            )  # fmt: skip


def _from_the_beginning(a: Array, v: Array, k: int) -> Array:
    return np.einsum("tbi,tbj->ij", a, v[np.arange(len(v)) % k])


def _summed(
    problem: Problem, name: str, shares: Sequence[Sequence[tuple[int, ...]]], made: Made
) -> dict[str, Array]:
    seen = Values(problem)

    def over_time(handle: int) -> Array:
        rows = [np.asarray(seen.operand(handle, t)) for t in range(problem.steps)]
        return np.stack([np.broadcast_to(r, (problem.batch, r.shape[-1])) for r in rows])

    blocks = [sum(made(over_time(s[0]), over_time(s[1])) for s in part) for part in shares]
    return {**seen.gradient, name: np.concatenate(blocks)}


__all__ = ["outer_mistakes"]
