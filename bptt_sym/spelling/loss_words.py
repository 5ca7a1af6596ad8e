r"""Losses that are called so: :math:`\text{Loss} = \sum_t \text{loss}_t` has L for both.

As :math:`L = \sum_t L_t`, the word without a step is the whole. A word below a letter, as in
:math:`\mathcal{L}_{\text{loss}}`, is a label.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from bptt_sym.documents.document import Formula
from bptt_sym.documents.names import names_in
from bptt_sym.documents.respelling import replaced

_WORD = re.compile(
    r"(?<![_^])(?<![_^]\{)\\(?:text|textrm|textit|mathrm|mathit|mathsf|operatorname)\s*"
    r"\{\s*(?P<word>[Ll]oss|LOSS|[Cc]ost|[Ee]rror|[Ee]rr)\s*"
    r"(?:\}|(?P<step>_\s*(?:\{[^{}]*\}|[A-Za-z0-9]))\s*\})"
    # (A word without a font is one where it takes a step or arguments.)
    r"|(?<![A-Za-z\\{_^])(?P<bare>[Ll]oss|LOSS|[Cc]ost)(?=\s*(?:_|\\?\())"
)
_LETTERS = ("L", "E", "J")
_SAME = {r"\mathcal{L}", r"\ell", r"\mathcal{E}", r"\mathcal{J}"}


def with_letters_for_losses(
    formulas: Sequence[Formula],
) -> tuple[list[Formula], dict[str, str]]:
    """``formulas`` with L for these words, and which word that is."""
    words = {_word(m).lower() for f in formulas for m in _WORD.finditer(f.latex)}
    if len(words) != 1:
        return list(formulas), {}
    taken = {n.base for f in formulas for n in names_in(f.latex)}
    letter = next((k for k in _LETTERS if k not in taken), None)
    if letter is None or taken & _SAME:
        return list(formulas), {}
    first = next(m for f in formulas for m in _WORD.finditer(f.latex))
    found = [replaced(f, _WORD, lambda m: f"{letter}{m['step'] or ''}") for f in formulas]
    return found, {letter: rf"\text{{{_word(first)}}}"}


def _word(m: re.Match[str]) -> str:
    word = m["word"] or m["bare"]
    assert word is not None
    return word
