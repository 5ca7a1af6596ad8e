r"""Sums whose terms a text gives one by one, told apart by words: :math:`(z_t)_{\text{time}} = U
h_{t-1}`, :math:`z_t = (z_t)_{\text{input}} + (z_t)_{\text{time}}`.

The sum is written with what its terms are. Parts of gradients are left alone: they are shares.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import Edit, edited

_WORD = r"[A-Za-z][A-Za-z -]{2,24}"
_PART = re.compile(
    r"(?:\\left\s*)?\(\s*(?P<of>(?:[^(){}=+]|\{(?:[^{}=]|\{[^{}]*\})*\}){1,60}?)\s*(?:\\right\s*)?\)\s*_\s*"
    rf"(?P<word>\{{\s*(?:\\(?:text|mathrm|textrm|rm)\s*)?\{{?\s*{_WORD}\}}?\s*\}}|\\(?:text|mathrm)\s*\{{{_WORD}\}})"
)
_SIGN = re.compile(r"\s*&?\s*=\s*&?\s*")
_END = re.compile(r"[\s.,;]*\Z")
_DERIVES = re.compile(r"\\partial|\\nabla|\\[dt]?frac|\\delta(?![a-z])")


def with_parts_put_together(formulas: Sequence[Formula]) -> list[Formula]:
    """``formulas`` with such sums written out."""
    given: dict[tuple[str, str], str] = {}
    for formula in formulas:
        part = _PART.match(formula.latex.lstrip(" &\n"))
        if part is None or _DERIVES.search(formula.latex) or "\\\\" in formula.latex:
            continue
        sides = _SIGN.split(formula.latex.strip(" &\n"))
        if len(sides) == 2 and part.end() >= len(sides[0]) and _PART.search(sides[1]) is None:
            # (``= 0`` is said of the first step, or of a layer without a past.)
            given.setdefault(_key(part), sides[1][: _end_of(sides[1])])
    return [edited(f, _edits(f.latex, given)) for f in formulas]


def _edits(text: str, given: dict[tuple[str, str], str]) -> list[Edit]:
    sign = _SIGN.search(text)
    if sign is None or _DERIVES.search(text):
        return []
    of = _tight(text[: sign.start()])
    parts = list(_PART.finditer(text, sign.end()))
    if not parts or any(_tight(p["of"]) != of for p in parts):
        return []
    again = _SIGN.match(text, parts[0].end())
    if len(parts) == 1 and parts[0].start() == sign.end() and again is not None:
        return [(parts[0].start(), again.end(), "")]  # the whole is that part
    if any(_key(p) not in given for p in parts):
        return []
    return [(p.start(), p.end(), rf"\left( {given[_key(p)]} \right)") for p in parts]


def _end_of(side: str) -> int:
    m = _END.search(side)
    return m.start() if m is not None else len(side)


def _key(part: re.Match[str]) -> tuple[str, str]:
    word = re.sub(r"\\(?:text|mathrm|textrm|rm)(?![A-Za-z])|[\s{}]", "", part["word"])
    return _tight(part["of"]), word


def _tight(text: str) -> str:
    return re.sub(r"[\s{}&]", "", text)
