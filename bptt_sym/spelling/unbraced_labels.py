r"""Labels without their braces: ``W_hh h_{t-1}``, where :math:`W_{hh} h_{t-1}` is meant.

TeX takes the first letter alone and sets the second beside it. A text whose letters behind such a
script never stand alone anywhere else, because they run in time or are no names at all, means the
label; ``W_xx_t`` shows that its author means what TeX reads.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import Edit, edited

_LABELLED = re.compile(
    r"(?<![A-Za-z\\])(?P<base>[A-Zbwuv])\s*\\?_\s*(?P<label>(?!t)[a-z]{2,8})(?P<next>\s*_|(?![A-Za-z]))"
)
_WORDS = re.compile(r"\\[A-Za-z]+\s*\{[A-Za-z\s]{2,}\}|\\[A-Za-z]+")
_SCRIPT = re.compile(r"\s*[_^]\s*(?:\{(?:[^{}]|\{[^{}]*\})*\}|[A-Za-z0-9])")
_ALONE = re.compile(r"(?<![A-Za-z])[a-z](?![A-Za-z_(\[])")
_STEP = re.compile(r"[_^]\s*\{?\s*[(<\[]?\s*(?:\\langle\s*)?t(?![A-Za-z])")


def with_braces(formulas: Sequence[Formula]) -> list[Formula]:
    """``formulas`` with their labels in braces, if the text can mean nothing else by them."""
    found = [list(_LABELLED.finditer(f.latex)) for f in formulas]
    every = [m for ms in found for m in ms]
    if not every or any(m["next"] for m in every):
        return list(formulas)
    if not any(_STEP.search(f.latex) for f in formulas):
        return list(formulas)  # W_x x may have a network without steps
    rest = (_SCRIPT.sub("_", _WORDS.sub(" ", _LABELLED.sub(" ", f.latex))) for f in formulas)
    alone = {m.group() for text in rest for m in _ALONE.finditer(text)}
    out = []
    for formula, ms in zip(formulas, found, strict=True):
        edits: list[Edit] = []
        for m in ms:
            if alone.isdisjoint(m["label"][1:]):
                start, end = m.span("label")
                edits += [(start, start, "{"), (end, end, "}")]
        out.append(edited(formula, edits))
    return out
