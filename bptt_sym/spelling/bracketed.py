r"""Square brackets around one derivative: a mark, or only brackets.

:math:`[\partial h_t/\partial w]` is the immediate derivative in a text that has it beside the total
one, :math:`\partial h_t/\partial w = [\partial h_t/\partial w] + \ldots`, that says what it is, or
whose words do. Where nothing does, the brackets hold together what stands in them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import Edit, edited

_GROUP = r"\{(?:[^{}]|\{(?:[^{}]|\{[^{}]*+\})*+\})*+\}"
_DERIVATIVE = (
    rf"\\[dt]?frac\s*{_GROUP}\s*{_GROUP}"
    rf"|\\partial\s*_\s*(?:{_GROUP}|[A-Za-z])\s*[A-Za-z]\s*_\s*(?:{_GROUP}|[A-Za-z0-9])"
)
_BRACKETED = re.compile(
    rf"(?P<open>(?:\\left\s*|\\[bB]igg?l?\s*)?\[)\s*(?P<inside>{_DERIVATIVE})\s*"
    r"(?P<close>(?:\\right\s*|\\[bB]igg?r?\s*)?\])(?!\s*[_^])"
)
_GIVES = re.compile(r"(?:^|\\\\|\\q?quad(?![A-Za-z])|\n|\\begin\s*\{[a-z]+\*?\})[\s&]*\Z")
_EQUALS = re.compile(r"\s*&?\s*(?::?=|\\equiv|\\coloneqq)")
#: Words that may tell what brackets mean.
_WORDS = re.compile(
    r"bracket|immediate|direct|explicit|held\s+(?:fixed|constant)|hold(?:ing)?\s|fixed|"
    r"klammer|crochet|corchete|скобк|括号|括弧|סוגריים",
    re.IGNORECASE,
)


def with_plain_brackets(formulas: Sequence[Formula], words: str) -> list[Formula]:
    """``formulas`` with round brackets for square ones that are no mark."""
    if not any("[" in f.latex and _BRACKETED.search(f.latex) for f in formulas):
        return list(formulas)
    if _WORDS.search(words) or any(_is_a_mark(f.latex) for f in formulas):
        return list(formulas)
    return [_plain(f) for f in formulas]


def _is_a_mark(text: str) -> bool:
    """Whether a bracketed derivative has an equation in ``text``, or stands beside the bare one."""
    found = list(_BRACKETED.finditer(text))
    rest = _tight(_BRACKETED.sub(" ", text))
    return any(
        _tight(m["inside"]) in rest
        or (_GIVES.search(text, 0, m.start()) and _EQUALS.match(text, m.end()))
        for m in found
    )


def _tight(text: str) -> str:
    return re.sub(r"\s|(?<=\\)[dt](?=frac)", "", text)


def _plain(formula: Formula) -> Formula:
    edits: list[Edit] = []
    for m in _BRACKETED.finditer(formula.latex):
        edits += [(m.start("open"), m.end("open"), "("), (m.start("close"), m.end("close"), ")")]
    return edited(formula, edits)
