r"""Losses of a step by letters that are none: :math:`e_t` in ``E = \sum_t e_t(o_t, y_t)``.

What a total loss adds up over the steps is a loss, by whatever letter.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from bptt_sym.documents.document import Formula
from bptt_sym.documents.names import names_in
from bptt_sym.documents.respelling import replaced

#: ``E = \\sum_{t=1}^{T} e_t``: a total, and what it adds up.
_TOTAL = re.compile(
    r"^\s*(?:&\s*)?(?:[LJEC]|\\mathcal\s*\{\s*[LJEC]\s*\})(?:_\s*\{\s*\\(?:text|mathrm)\s*\{[a-z]+\}\s*\})?"
    r"\s*&?\s*=\s*(?:\\frac\s*\{\s*1\s*\}\s*\{\s*T\s*\}\s*)?\\sum\s*(?:\\limits\s*)?"
    r"(?:[_^]\s*(?:\{[^{}]*\}|\\?[A-Za-z0-9])\s*){1,2}"
    r"(?P<name>[a-z]|\\(?:epsilon|varepsilon|varphi|xi)(?![A-Za-z]))"
    r"\s*_\s*(?:\{\s*t\s*\}|t(?![A-Za-z]))\s*(?:\([^()=+]*\))?\s*[.,;]?\s*$"
)
_KNOWN = frozenset((r"\ell", "l", r"\xi"))
_LETTERS = (r"\ell", "J", "C", "E")


def with_letters_for_summands(
    formulas: Sequence[Formula],
) -> tuple[list[Formula], dict[str, str]]:
    """``formulas`` with a letter of losses for what the total adds up, and that of the text."""
    rows = [row for f in formulas for row in re.split(r"\\\\", f.latex)]
    summands = {m["name"] for row in rows if (m := _TOTAL.match(row))} - _KNOWN
    every = [n for f in formulas for n in names_in(f.latex)]
    taken = {n.base for n in every}
    letter = next((x for x in _LETTERS if x not in taken), None)
    if len(summands) != 1 or letter is None:
        return list(formulas), {}
    (name,) = summands
    stop = "" if name.isalpha() else r"(?![A-Za-z])"
    derived = re.compile(rf"(?:\\partial|\\nabla[^=]{{0,40}}?)\s*{re.escape(name)}\s*_")
    given = re.compile(rf"(?:^|\\\\|&)\s*{re.escape(name)}\s*_\s*\{{?\s*t\s*\}}?\s*&?\s*=")
    texts = [f.latex for f in formulas]
    if any(map(given.search, texts)) or not any(map(derived.search, texts)):
        return list(formulas), {}
    pattern = re.compile(rf"(?<![A-Za-z\\]){re.escape(name)}{stop}(?=\s*_)")
    return [replaced(f, pattern, lambda m: letter) for f in formulas], {letter: name}
