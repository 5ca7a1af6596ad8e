"""Entries of a gradient that are 0 where all others are right: a loop that does not reach them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from bptt_sym.testing.evidence import CLOSE, Diagnosis, Evidence, distance

Array = Any
#: Which entries of a matrix are there, and what is said of the others.
_THERE: tuple[tuple[str, Callable[[Array], Array]], ...] = (
    ("on and above its diagonal", lambda m: np.tril(m, -1)),
    ("above its diagonal", np.tril),
    ("on and below its diagonal", lambda m: np.triu(m, 1)),
    ("below its diagonal", np.triu),
    ("on its diagonal", lambda m: m - np.diag(np.diag(m)) if m.shape[0] == m.shape[1] else m),
    ("off its diagonal", lambda m: np.diag(np.diag(m)) if m.shape[0] == m.shape[1] else m),
    ("of its first row", lambda m: _without(m, 0, 0)),
    ("of its last row", lambda m: _without(m, -1, 0)),
    ("of its first column", lambda m: _without(m, 0, 1)),
    ("of its last column", lambda m: _without(m, -1, 1)),
    ("of all its rows but the first", lambda m: m - _without(m, 0, 0)),
    ("of all its columns but the first", lambda m: m - _without(m, 0, 1)),
)


def _without(m: Array, at: int, axis: int) -> Array:
    out = m.copy()
    np.moveaxis(out, axis, 0)[at] = 0.0
    return out


def blank_entries(evidence: Sequence[Evidence], name: str) -> Diagnosis | None:
    """Which entries of a matrix's gradient are 0 on every problem, the others being right."""
    model = evidence[0].problem.model
    blocks = len(model.layout.get(name, ()))
    if not blocks or any(np.ndim(e.problem.exact[name]) != 2 for e in evidence):
        return None
    for words, there in _THERE:
        worst = 0.0
        for e in evidence:
            parts = np.split(np.asarray(e.problem.exact[name], float), blocks)
            worst = max(worst, distance(e, name, np.concatenate([there(m) for m in parts])))
            if worst > CLOSE:
                break
        else:
            of = " (in every block)" if blocks > 1 else ""
            text = f"the entries {words}{of} are 0, all others are right"
            return Diagnosis("blank", text, (name,), worst, len(evidence))
    return None


__all__ = ["blank_entries"]
