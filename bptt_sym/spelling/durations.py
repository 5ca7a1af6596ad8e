r"""The length of a step of time, :math:`\Delta t`, as the one number that it is.

In :math:`h_t = h_{t-1} + \frac{\Delta t}{\tau} (\ldots)` the t counts no steps.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import replaced

_DURATION = re.compile(
    r"\\Delta\s*(?:\{\s*t\s*\}|t(?![A-Za-z]))(?!\s*[_^=(])"
    r"|(?<=\{)\s*(?:\\mathrm\s*\{\s*d\s*\}\s*|d)t\s*(?=\}\s*\{\s*\\tau(?:_[A-Za-z])?\s*\})"
)
_LETTERS = (r"\kappa", r"\varrho", r"\zeta", r"\nu", r"\chi")


def with_letters_for_durations(
    formulas: Sequence[Formula],
) -> tuple[list[Formula], dict[str, str]]:
    """``formulas`` with a letter for the length of a step, and what it stands for."""
    if not any("t" in f.latex and _DURATION.search(f.latex) for f in formulas):
        return list(formulas), {}
    every = "\n".join(f.latex for f in formulas)
    letter = next((x for x in _LETTERS if x not in every), None)
    if letter is None:
        return list(formulas), {}
    return [replaced(f, _DURATION, lambda m: f"{letter} ") for f in formulas], {letter: r"\Delta t"}
