r"""Diagonal matrices whose entries are listed: ``diag(1 - h_{t,1}^2, \ldots, 1 - h_{t,n}^2)``.

Where the first entry with 1 in it, the second one with 2 and the last one say the same of their
unit, this is the diagonal matrix of the vector. Entries that are steps, ``a_1, \ldots, a_T``, are
none of a vector.
"""

from __future__ import annotations

import re

from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import BRACKETS, Edit, closing, edited

_DIAG = re.compile(
    r"(?:\\(?:text|mathrm|operatorname|textrm|rm)\s*\{\s*diag\s*\}|\\?(?<![A-Za-z{])diag(?![A-Za-z]))"
    r"\s*(?:\\(?:left|[bB]igg?l?)\s*)?(?P<open>[(\[])"
)
_DOTS = re.compile(r"\s*(?:\\[cl]?dots(?![A-Za-z])|\.\.\.|…|⋯)\s*")
_INDEX = re.compile(r"[_,(]\s*\{?\s*(?P<n>[A-Za-z](?:_\s*(?:\{\s*[a-z]\s*\}|[a-z]))?)\s*[})]")
_BARE = re.compile(r"_\s*(?P<n>[A-Za-z])(?![A-Za-z])")
_STEPS = frozenset("Ttk")
#: Characters of one such list.
_MOST = 600


def with_vectors_for_lists(formula: Formula) -> Formula:
    """``formula`` with the vector in place of the list of its entries."""
    if "diag" not in formula.latex:
        return formula
    edits: list[Edit] = []
    for m in _DIAG.finditer(formula.latex):
        end = closing(formula.latex, m.start("open"), *BRACKETS, within=_MOST)
        if end is None:
            continue
        start = m.end("open")
        inside = re.sub(r"\\(?:right|[bB]igg?r?)\s*$", "", formula.latex[start:end])
        if (vector := _vector(inside)) is not None:
            edits.append((start, start + len(inside), vector))
    return edited(formula, edits)


def _vector(text: str) -> str | None:
    """The vector whose entries ``text`` lists."""
    parts = _parts(text)
    dots = [k for k, part in enumerate(parts) if _DOTS.fullmatch(part)]
    if len(parts) not in (3, 4) or dots != [len(parts) - 2]:
        return None
    whole = _without(parts[0], "1")
    if whole is None or (len(parts) == 4 and _tight(_without(parts[1], "2")) != _tight(whole)):
        return None
    last = parts[-1]
    units = {m["n"] for p in (_INDEX, _BARE) for m in p.finditer(last)}
    same = any(_tight(_without(last, n)) == _tight(whole) for n in units - _STEPS)
    return whole if same else None


def _parts(text: str) -> list[str]:
    """The pieces between the commas that stand in no bracket."""
    out, depth = [""], 0
    for c in text:
        depth += (c in "([{") - (c in ")]}")
        if c == "," and depth == 0:
            out.append("")
        else:
            out[-1] += c
    return out


def _without(entry: str, unit: str) -> str | None:
    """``entry`` about the whole vector, ``None`` if it does not have the unit."""
    n = re.escape(unit)
    step = r"(\(?\s*[A-Za-z](?:\s*[-+]\s*1)?\s*\)?)"
    count = 0
    for pattern, new in (
        (rf"_\s*(?:\{{\s*{n}\s*\}}|{n}(?![A-Za-z0-9_]))", ""),
        (rf"_\s*\{{\s*{step}\s*,\s*{n}\s*\}}", r"_{\1}"),
        (rf"_\s*\{{\s*{n}\s*,\s*{step}\s*\}}", r"_{\1}"),
        (rf"\^\s*\{{\s*\(\s*{n}\s*\)\s*\}}", ""),
    ):
        entry, found = re.subn(pattern, new, entry)
        count += found
    return entry if count else None


def _tight(text: str | None) -> str:
    """``text`` without blanks and the brackets around the whole."""
    if text is None:
        return "?"
    text = re.sub(r"\s|\\(?:left|right|[,;:! ])", "", text)
    inner = text[1:-1]
    return inner if text[:1] == "(" and closing(text, 0, *BRACKETS) == len(text) - 1 else text
