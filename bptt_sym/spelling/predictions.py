r"""Predictions and targets by words: :math:`y_{pred}` and :math:`y_{true}` are ŷ and y.

The word may stand below or above, beside a step or without one, in a font of its own or not. The
letters are put only where the text has none of its own that would be mixed up with them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import replaced

_PREDICTED = frozenset("pred predicted prediction preds est".split())
_TRUE = frozenset("true target tgt label gt real actual obs truth".split())
_TEXT = r"\\(?:text|mathrm|textrm|mathit|rm)\s*\{\s*"
_WORDS = "|".join(sorted(_PREDICTED | _TRUE, key=len, reverse=True))


def _word(n: int) -> str:
    return rf"(?:{_TEXT}(?P<b{n}>{_WORDS})\s*\}}|(?P<w{n}>{_WORDS}))"


_STEP = r"(?:[tTki0-9]|\\tau)(?:\s*[-+]\s*1)?"
_BELOW = rf"_\s*(?:\{{\s*{_STEP}\s*(?:,\s*[a-z]\s*)?\}}|[tTk](?![A-Za-z]))"
_ABOVE = rf"\^\s*\{{\s*\(?\s*{_STEP}\s*\)?\s*\}}"
_NAME = re.compile(
    r"(?<![A-Za-z\\])(?P<d>d)?[yY]\s*(?:"
    rf"_\s*\{{\s*{_word(1)}\s*(?:,\s*(?P<s1>{_STEP}\s*(?:,\s*[a-z]\s*)?))?\}}\s*(?P<a1>{_ABOVE})?"
    rf"|_\s*\{{\s*(?P<s2>{_STEP})\s*,\s*{_word(2)}\s*\}}"
    rf"|\^\s*\{{\s*\(?\s*{_word(3)}\s*\)?\s*\}}\s*(?P<s3>{_BELOW})?"
    rf"|(?P<s4>{_BELOW})\s*\^\s*\{{\s*\(?\s*{_word(4)}\s*\)?\s*\}})"
)
_HAT = re.compile(r"\\(?:wide)?hat\s*(?:\{\s*(?:\\mathbf\s*\{)?\s*y|y)")
#: ``W_{y,h}``: the y of a label is no y.
_LABELS = re.compile(r"(?<!nabla)(?<!partial)[_^]\s*(?:\{[^{}_^]*\}|[A-Za-z])")
_Y = re.compile(r"(?<![A-Za-z\\])d?[yY](?![A-Za-z])")


def with_letters_for_predictions(
    formulas: Sequence[Formula],
) -> tuple[list[Formula], dict[str, str]]:
    """``formulas`` with ŷ and y for such names, and what these stand for."""
    texts = [f.latex for f in formulas]
    found = [m for t in texts for m in _NAME.finditer(t)]
    if not found:
        return list(formulas), {}
    rest = [_NAME.sub(" ", t) for t in texts if "=" in t or r"\partial" in t]
    letters = dict[str, str]()
    if not any(map(_HAT.search, rest)):
        letters |= dict.fromkeys(_PREDICTED, r"\hat{y}")
    if not any(_Y.search(_LABELS.sub(" ", _HAT.sub(" ", t))) for t in rest):
        letters |= dict.fromkeys(_TRUE, "y")

    def named(m: re.Match[str]) -> str | None:
        letter = letters.get(_said(m))
        if letter is None:
            return None
        below, above = m["s1"] or m["s2"], m["a1"] or m["s3"] or m["s4"] or ""
        return (m["d"] or "") + letter + (rf"_{{{below}}}" if below else "") + above

    own = {letters[w]: f"y_{{{w}}}" for m in found if (w := _said(m)) in letters}
    return [replaced(f, _NAME, named) for f in formulas], own


def _said(m: re.Match[str]) -> str:
    return next(w for n in "1234" if (w := m["b" + n] or m["w" + n]))
