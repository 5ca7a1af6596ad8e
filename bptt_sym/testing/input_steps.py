"""The gradients of the inputs, one for each step, given for other steps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from bptt_sym.testing.evidence import CLOSE, Diagnosis, Evidence, distance

Array = Any
#: By what the code gives: of which steps it is, ``(T, B, I)`` to the same.
_STEPS: tuple[tuple[str, Callable[[Array], Array]], ...] = (
    ("stand in the reverse order of time", lambda v: v[::-1]),
    ("are those of the step before (0 at first)",
     lambda v: np.concatenate([0 * v[:1], v[:-1]])),
    ("are those of the step after (0 at last)",
     lambda v: np.concatenate([v[1:], 0 * v[:1]])),
    ("are those of the step before (the last one's at first)", lambda v: np.roll(v, 1, 0)),
    ("are those of the step after (the first one's at last)", lambda v: np.roll(v, -1, 0)),
)  # fmt: skip


def of_other_steps(evidence: Sequence[Evidence], name: str) -> Diagnosis | None:
    """Which steps' gradients are given for those of the inputs ``name``, (T, B, I)."""
    if name not in evidence[0].problem.model.inputs:
        return None
    for words, change in _STEPS:
        off = [distance(e, name, change(e.problem.exact[name])) for e in evidence]
        if max(off) <= CLOSE:
            text = f"the gradients of the inputs {words}"
            return Diagnosis("input-steps", text, (name,), max(off), len(evidence))
    return None


__all__ = ["of_other_steps"]
