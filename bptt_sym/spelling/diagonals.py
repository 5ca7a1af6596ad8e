r"""Diagonal matrices that are given by their entries: :math:`D^{(t)}_{ii} = 1 - (h^{(t)}_i)^2`.

What stands in row i and column i, of values that have the index i, is the diagonal matrix of the
vector whose entries these are.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import Edit, edited

_NAME = (
    r"(?P<m>\\(?:mathbf|boldsymbol|bm)\s*\{\s*[A-Z]\s*\}|\\(?:Lambda|Gamma|Phi|Sigma|Delta)|[A-Z])"
)
_STEP = r"(?:\(\s*[a-z]\s*(?:[-+]\s*1)?\s*\)|[a-z]\s*(?:[-+]\s*1)?)"
_RAISED = rf"(?P<up>\^\s*(?:\{{\s*{_STEP}\s*\}}|[a-z]))"
_LOWERED = rf"(?P<low>_\s*(?:\{{\s*{_STEP}\s*\}}|[a-z](?![A-Za-z])))"
_II = r"_\s*\{\s*(?P<i>[i-n])\s*,?\s*(?P=i)\s*\}"
_FORMS = tuple(
    re.compile(rf"(?:^|(?<=\\\\)|(?<=quad)|(?<=\}}))[\s&]*{form}\s*&?\s*=(?!=)")
    for form in (
        rf"{_NAME}\s*(?:{_RAISED}\s*)?{_II}",
        rf"{_NAME}\s*{_II}\s*{_RAISED}",
        rf"(?:\\left\s*)?[\[(]\s*{_NAME}\s*(?:{_RAISED}|{_LOWERED})?\s*(?:\\right\s*)?[\])]\s*{_II}",
        rf"{_NAME}\s*_\s*\{{\s*(?P<t>{_STEP})\s*,\s*(?P<i>[i-n])\s*,?\s*(?P=i)\s*\}}",
    )
)
#: The next step, where everything is of it: what is said of it is said of each.
_NEXT = re.compile(r"(?<![A-Za-z\\])([a-z])\s*\+\s*1(?![0-9])")
_END = re.compile(r"\\\\|\\q?quad(?![A-Za-z])|\\end(?![A-Za-z])|\\text|=|[,.;]?\s*$")


def with_whole_diagonals(formulas: Sequence[Formula]) -> list[Formula]:
    """``formulas`` with the matrices in place of their entries on the diagonal."""
    return [edited(f, _edits(f.latex)) for f in formulas]


def _edits(text: str) -> list[Edit]:
    for form in _FORMS:
        m = form.search(text)
        if m is None:
            continue
        end = _END.search(text, m.end())
        assert end is not None
        right = text[m.end() : end.start()]
        of = _without(right, m["i"])
        if of is None or r"\partial" in right:
            continue
        told = m.groupdict()
        step = told.get("up") or told.get("low") or (f"_{{{m['t']}}}" if told.get("t") else "")
        later = _NEXT.search(step)
        if later and not re.search(rf"(?<![A-Za-z\\]){later[1]}(?![A-Za-z])", _NEXT.sub("", of)):
            step, of = (_NEXT.sub(r"\1", part) for part in (step, of))
        name = f"{m['m']}{step} = \\mathrm{{diag}}({of.strip()})"
        return [(m.start("m") - _opens(text, m), end.start(), name)]
    return []


def _opens(text: str, m: re.Match[str]) -> int:
    """How far before the name its bracket opens."""
    before = text[m.start() : m.start("m")]
    return len(before) - len(before.rstrip("[( \n").removesuffix(r"\left"))


def _without(text: str, i: str) -> str | None:
    """``text`` about the whole vector, if it has the index of the entry at all."""
    pieces = (
        (rf"_\s*(?:\{{\s*{i}\s*\}}|{i}(?![A-Za-z]))", ""),
        (rf"_\s*\{{\s*([a-z](?:\s*[-+]\s*1)?)\s*,\s*{i}\s*\}}", r"_{\1}"),
        (rf"_\s*\{{\s*{i}\s*,\s*([a-z](?:\s*[-+]\s*1)?)\s*\}}", r"_{\1}"),
    )
    count = 0
    for pattern, new in pieces:
        text, n = re.subn(pattern, new, text)
        count += n
    left = re.search(rf"(?<![A-Za-z\\]){i}(?![A-Za-z])", text)
    return text if count and left is None else None
