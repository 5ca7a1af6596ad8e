r"""Losses by a letter that few use for one: :math:`\mathcal{R}`, :math:`\mathcal{Q}`, the cost K.

What is differentiated and never differentiated by is what a text works its gradients out for. A
letter in script type that stands so is the loss, a capital where the words call it one. It gets
the usual letter here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from bptt_sym.definitions.usage import LOSSES
from bptt_sym.documents.document import Formula
from bptt_sym.documents.names import Name, names_in
from bptt_sym.documents.respelling import Edit, edited
from bptt_sym.read.vocabulary import plain_name

_SCRIPT_TYPE = re.compile(r"\\math(?:cal|scr|frak)\s*\{?\s*[A-Za-z]\s*\}?")
#: ``\boldsymbol{\mathcal{L}}``: one type around another, which says nothing more.
_TWICE = re.compile(
    r"\\(?:boldsymbol|mathbf|bm)\s*\{?\s*"
    r"(?P<inner>\\math(?:cal|scr|frak)\s*\{\s*[A-Za-z]\s*\})\s*\}?"
)
_CAPITAL = re.compile(r"[A-Z]|\\(?:Phi|Psi|Omega|Gamma|Lambda|Xi|Theta)")
_D = r"(?:\\partial(?![A-Za-z])|∂|\\mathrm\s*\{\s*d\s*\}|(?<![A-Za-z\\])d(?=[\s\\{]))"
_SUBSCRIPT = r"(?:\s*_\s*(?:\{(?:[^{}]|\{[^{}]*\})*\}|\\?[A-Za-z]))?"
#: What stands before the thing that is differentiated.
_OF = re.compile(rf"(?:{_D}{_SUBSCRIPT}|\\nabla(?![A-Za-z]){_SUBSCRIPT})\s*\{{?\s*\Z")
#: What stands before the thing that something is differentiated by.
_BY = re.compile(rf"(?:\}}\s*\{{|/)\s*{_D}\s*\{{?\s*\Z")
_CALLED = (
    r"(?:\b(?:loss|cost|objective|risk|error|energy|criterion)"
    r"(?: (?:function|functional|term))?|损失函数|损失|代价函数|目标函数)"
)
_FORMULA = r"(?:[*_ ]*(?:\$+`?|\\\(|`))\s*"
_ENDS = r"\s*(?:[,=(_^]|`?\$|\\\)|`)"
_LETTERS = ("L", "E", "J")
#: What stands behind a quantity of its own: the end, a sign, a bracket, an argument.
_ALONE = re.compile(
    r"\s*(?:$|[=+\-,;.)\]}(&/:<>|]|\\\\"
    r"|\\(?:q?quad|right|big|Big|end|overset|[,;!: ]|l?eq|approx|propto|equiv|triangleq|[lr]?to))"
)
#: How far back a derivative's sign may stand.
_WINDOW = 60


def with_usual_letters_for_losses(
    formulas: Sequence[Formula], told: str
) -> tuple[list[Formula], dict[str, str]]:
    """``formulas`` with a usual letter for the one unusual loss, and which letter that is.

    ``told`` is the whole text, formulas and all.
    """
    formulas = [edited(f, list(_once(f.latex))) for f in formulas]
    taken = {plain_name(n.base) for f in formulas for n in names_in(f.latex)}
    letter = next((k for k in _LETTERS if not taken & _alike(k)), None)
    found = {n.base for f in formulas for n in _differentiated(f.latex)}
    found -= {n.base for f in formulas for n in names_in(f.latex) if _varied(f.latex, n)}
    found = {n for n in found if plain_name(n) not in LOSSES and _may_be_one(n, told)}
    if letter is None or len(found) != 1:
        return formulas, {}
    (own,) = found
    out = [
        edited(f, [(n.start, n.end, letter) for n in names_in(f.latex) if n.base == own])
        for f in formulas
    ]
    return out, {letter: own}


def _alike(letter: str) -> set[str]:
    return {letter, rf"\mathcal{{{letter}}}", rf"\hat{{{letter}}}"}


def _once(text: str) -> Iterator[Edit]:
    for m in _TWICE.finditer(text):
        yield m.start(), m.end(), m["inner"]


def _differentiated(text: str) -> Iterator[Name]:
    for n in names_in(text):
        before = text[max(0, n.start - _WINDOW) : n.start]
        if _OF.search(before) and not _BY.search(before):
            yield n


def _varied(text: str, name: Name) -> bool:
    """Whether something else is differentiated by it, or it is a factor of something."""
    before = text[max(0, name.start - _WINDOW) : name.start]
    by = _BY.search(before)
    if by is None:
        return _ALONE.match(text, name.close) is None
    own = re.escape(name.base).replace(r"\{", r"\s*\{\s*").replace(r"\}", r"\s*\}")
    return re.search(rf"{_D}\s*\{{?\s*{own}[^{{}}]*\Z", before[: by.start()]) is None


def _may_be_one(name: str, told: str) -> bool:
    if _SCRIPT_TYPE.fullmatch(name):
        return True
    if not _CAPITAL.fullmatch(name):
        return False
    letter = re.escape(name)
    said = (
        rf"(?i:{_CALLED})(?:\s+(?:is|be|by|as|denoted|called|of|the|:)){{0,3}}"
        rf"{_FORMULA}{letter}{_ENDS}"
        rf"|{_FORMULA}{letter}\s*(?:`?\$|\\\)|`)\s*(?i:is|be|denotes?|the)"
        rf"(?:\s+[A-Za-z-]+){{0,3}}?\s+(?i:{_CALLED})"
    )
    return re.search(said, told) is not None
