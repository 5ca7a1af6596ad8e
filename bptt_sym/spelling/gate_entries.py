r"""Entries of what has the label of a gate: ``W_{f[i,j]}``, ``W_{f,ij}``, ``h_{[p]}^{(t)}``.

The label and the entry share one subscript. An entry of a matrix is rewritten where the matrix
with its label stands in the text as well, one in square brackets where it stands beside a step.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import replaced

_I = r"[ijkmnpql]"
_STEP = r"\s*\^\s*(?:\{\s*\(?\s*[tks]\s*(?:[-+]\s*1\s*)?\)?\s*\}|[tks](?![A-Za-z]))"
_GATE = r"(?P<g>[a-zC]|\\tilde\s*\{?\s*[a-zC]\s*\}?)"
_NAME = (
    r"(?:\\(?:hat|tilde|bar|mathbf)\s*\{\s*[A-Za-z]\s*\}|\\(?:gamma|delta|lambda|epsilon|alpha)"
    r"|(?<![A-Za-z\\])[A-Za-z])"
)
#: ``W_{f[i,j]}``, ``W_{f,ij}^{(k)}``, ``W_{f,i,j}``
_ENTRY = re.compile(
    rf"(?P<w>(?<![A-Za-z\\])[WURV])\s*_\s*\{{\s*{_GATE}\s*"
    rf"(?:\[\s*(?P<i>{_I})\s*,?\s*(?P<j>{_I})\s*\]|,\s*(?P<i2>{_I})\s*,?\s*(?P<j2>{_I}))\s*\}}"
    rf"(?P<t>(?:{_STEP})?)"
)
#: ``z_{f[i]}^{(k)}``
_OF_LABELLED = re.compile(
    rf"(?P<name>{_NAME})\s*_\s*\{{\s*{_GATE}\s*\[\s*(?P<i>{_I})\s*\]\s*\}}(?P<t>{_STEP})"
)
#: ``h_{[p]}^{(k)}``, ``h^{(k)}_{[p]}``
_UNIT = re.compile(
    rf"(?P<name>{_NAME})(?:(?P<a>{_STEP})\s*_\s*\{{\s*\[\s*(?P<i>{_I})\s*\]\s*\}}|"
    rf"\s*_\s*\{{\s*\[\s*(?P<i2>{_I})\s*\]\s*\}}(?P<b>{_STEP}))"
)


def with_entries_of_gates(formulas: Sequence[Formula]) -> list[Formula]:
    """``formulas`` with such entries as those of the matrix or vector in brackets."""
    every = "\n".join(f.latex for f in formulas)
    if not (_ENTRY.search(every) or _UNIT.search(every)):
        return list(formulas)

    def entry(m: re.Match[str]) -> str | None:
        gate = re.escape(m["g"])
        below = rf"_\s*(?:\{{\s*{gate}\s*\}}|{gate}(?![A-Za-z]))"
        if not re.search(rf"(?<![A-Za-z\\]){m['w']}\s*{below}", every):
            return None
        i, j = m["i"] or m["i2"], m["j"] or m["j2"]
        return rf"({m['w']}_{{{m['g']}}}{m['t']})_{{{i}{j}}}"

    out = [replaced(f, _ENTRY, entry) for f in formulas]
    out = [replaced(f, _OF_LABELLED, lambda m: rf"({m['name']}_{{{m['g']}}}{m['t']})_{{{m['i']}}}")
           for f in out]  # fmt: skip
    return [replaced(f, _UNIT, lambda m: rf"{m['name']}_{{{m['i'] or m['i2']}}}{m['a'] or m['b']}")
            for f in out]  # fmt: skip
