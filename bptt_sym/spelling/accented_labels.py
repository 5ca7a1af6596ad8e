r"""Labels with an accent, :math:`net_{\bar c,t}` and :math:`W_{\bar c x}`: those of the candidate.

The label says which gate a name belongs to. Where no name carries the same letter without the
accent for something else, the letter is the label.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import replaced

_ACCENT = r"\\(?:overline|bar|widetilde|tilde|widehat|hat)(?![A-Za-z])"
_BASE = (
    r"(?P<base>\\(?:mathrm|mathit|mathbf|boldsymbol|bm|text)\s*\{\s*[A-Za-z]{1,4}\s*\}"
    r"|\\[a-z]+|(?<![A-Za-z\\])[A-Za-z]{1,4})"
)
#: The label of a name with a step or another label behind it.
_LABELLED = re.compile(
    rf"{_BASE}\s*_\s*\{{\s*{_ACCENT}\s*(?:\{{\s*(?P<braced>[a-z])\s*\}}|(?P<bare>[a-z])(?![A-Za-z]))"
    r"\s*(?P<behind>,\s*[^{},]{1,8}|[a-z]{1,2}\s*)\}"
)
_STEPPED = re.compile(
    rf"(?:^|\\\\|\n|&)\s*{_BASE}\s*_\s*\{{\s*(?P<label>[a-z])\s*,\s*t\s*\}}\s*&?\s*="
)


def with_plain_labels(formulas: Sequence[Formula]) -> list[Formula]:
    """``formulas`` with the letters of accented labels alone."""
    found = [m for f in formulas if "_" in f.latex for m in _LABELLED.finditer(f.latex)]
    if not found:
        return list(formulas)
    others = {
        (m["base"], m["label"]) for f in formulas for m in _STEPPED.finditer(f.latex)
    }  # what has an equation by that name
    given = {
        (m["base"], m["braced"] or m["bare"])
        for f in formulas for m in [_LABELLED.match(f.latex.strip())]
        if m is not None and f.latex.strip()[m.end() :].lstrip(" &").startswith("=")
    }  # fmt: skip
    kept = others & given

    def plain(m: re.Match[str]) -> str | None:
        label = m["braced"] or m["bare"]
        return None if (m["base"], label) in kept else f"{m['base']}_{{{label}{m['behind']}}}"

    return [replaced(f, _LABELLED, plain) if "_" in f.latex else f for f in formulas]
