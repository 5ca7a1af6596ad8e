r"""Entries that leave their step out beside others that have it: ``z_i`` beside ``\hat y_{t,i}``.

In :math:`\partial J/\partial z_i = \sum_j \partial J/\partial \hat y_{t,j} \cdot
\partial \hat y_{t,j}/\partial z_i` the letters count units, as the ŷ show. z runs elsewhere in the
text, so that :math:`z_i` is the entry of :math:`z_t`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from bptt_sym.documents.document import Formula
from bptt_sym.documents.names import names_in
from bptt_sym.documents.respelling import Edit, edited

#: (k is as often a step.)
_ENTRY = re.compile(r"\s*t\s*,\s*([ijlmpqr])\s*")
_UNIT = re.compile(r"\s*([ijlmpqr])\s*")
_STEP = re.compile(r"\s*t\s*(?:[-+]\s*1\s*)?")


def with_steps_of_entries(formulas: Sequence[Formula]) -> list[Formula]:
    """``formulas`` with the step below such entries."""
    if not any(_ENTRY.search(f.latex) for f in formulas):
        return list(formulas)
    found = [names_in(f.latex) for f in formulas]
    runs = {
        n.base for names in found for n in names
        if len(n.scripts) == 1 and n.scripts[0].kind == "_" and _STEP.fullmatch(n.scripts[0].inside)
    }  # fmt: skip
    out = []
    for formula, names in zip(formulas, found, strict=True):
        below = [(n, s) for n in names if len(n.scripts) == 1 for s in n.scripts if s.kind == "_"]
        # (δ_{t,i} is the gradient of a loss of step t by a state of step i, where no δ_t runs.)
        entries = [m[1] for n, s in below
                   if n.base in runs and (m := _ENTRY.fullmatch(s.inside)) is not None]  # fmt: skip
        units = set(entries)
        edits: list[Edit] = [
            (s.start, s.end, f"_{{t,{m[1]}}}") for n, s in below
            if n.base in runs and (m := _UNIT.fullmatch(s.inside)) is not None and m[1] in units
        ]  # fmt: skip
        out.append(edited(formula, edits) if edits else formula)
    return out
