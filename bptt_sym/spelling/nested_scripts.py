r"""An entry below its step: ``s_{t_j}`` as ``s_{t,j}``, ``s_{{t-1}_j}`` as ``s_{t-1,j}``.

That is said of texts in which ``t_j`` stands below a name, and is nowhere a time of its own
(``t_1 < t_2``, ``s_{t_1}``): where only ``k_a`` does, as in ``W_{k_a}``, it is a label.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import replaced
from bptt_sym.entries import UNITS

_STEP = r"t(?:\s*[-+]\s*1)?|r|k|\\tau"
_NESTED = re.compile(
    rf"_\s*\{{\s*(?:(?P<a>t|r|k|\\tau)|\{{\s*(?P<b>{_STEP})\s*\}})\s*"
    r"_\s*(?:\{\s*(?P<c>[a-z])\s*\}|(?P<d>[a-z]))\s*\}"
)
#: Letters that count entries of a vector; those that the reader knows otherwise get a stand-in.
_COUNTS = frozenset("abcdijklmnpq")
#: A step with a number below, or with a letter below it outside a script.
_TIMES = re.compile(
    r"(?<![A-Za-z\\])t\s*_\s*\{?\s*(?:[0-9]|[a-z]\s*[-+])|(?<![A-Za-z\\{])t\s*_\s*\{?\s*[ijklmn]"
)


def with_entries_beside_steps(formulas: Sequence[Formula]) -> list[Formula]:
    """``formulas`` with the entries of vectors behind a comma after the step."""
    nested = (m["a"] or m["b"] for f in formulas for m in _NESTED.finditer(f.latex))
    if not any(step.startswith("t") for step in nested):
        return list(formulas)
    bare = [_NESTED.sub("", f.latex) for f in formulas]
    if any(map(_TIMES.search, bare)):
        return list(formulas)

    return [_beside(f) for f in formulas]


def _beside(formula: Formula) -> Formula:
    found = [m["c"] or m["d"] for m in _NESTED.finditer(formula.latex)]
    used = set(re.findall(r"(?<![A-Za-z\\])[a-z](?![A-Za-z])", formula.latex))
    free = [u for u in "qpmlkji" if u not in used]
    others = dict.fromkeys(c for c in found if c in _COUNTS - UNITS)
    names = {c: c for c in _COUNTS & UNITS} | dict(zip(others, free, strict=False))

    def beside(m: re.Match[str]) -> str | None:
        entry, step = m["c"] or m["d"], m["a"] or m["b"]
        return f"_{{{step},{names[entry]}}}" if entry in names and entry != step else None

    return replaced(formula, _NESTED, beside)
