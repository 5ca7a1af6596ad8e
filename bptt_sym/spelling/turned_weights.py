r"""Small letters of weights that a text turns: :math:`(w_{ih})^\top` belongs to a matrix.

A weight with a small letter is a number where nothing says more. Where a text turns it, and turns a
vector as well, or multiplies a diagonal matrix by it, :math:`\theta_h^\top
\operatorname{diag}(\phi'(h_{t-1}))`, it is a matrix; set in bold it is read as one. Beside
:math:`W_{ih}` it is that.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from bptt_sym.documents.document import Formula
from bptt_sym.documents.names import names_in
from bptt_sym.documents.respelling import edited

_TURNED = r"\s*\)?\s*\^\s*(?:\\top(?![A-Za-z])|\{\s*(?:\\top\s*|T\s*)\}|T(?![A-Za-z]))"
_LABEL = r"\s*_\s*(?:\{\s*[A-Za-z]{1,3}\s*\}|[a-su-zA-Z])"
_WEIGHT = re.compile(rf"(?<![A-Za-z\\])(?P<letter>[wuv]|\\theta){_LABEL}{_TURNED}")
_BY_A_DIAGONAL = re.compile(
    rf"{_WEIGHT.pattern}(?:\s|\\[,;:! ]|\\(?:cdot|times|left)(?![a-z]))*"
    r"(?:\\(?:mathrm|text|operatorname)\s*\{\s*[dD]iag\s*\}|\\?[dD]iag(?![a-z]))"
)
_STEP = r"\{?\s*\(?\s*t\s*(?:[-+]\s*1\s*)?\)?\s*\}?"
_VECTOR = re.compile(
    rf"(?<![A-Za-z\\])[a-z]\s*(?:_\s*{_STEP}|\^\s*{_STEP}\s*\)){_TURNED}"
)


def with_bold_for_turned(
    formulas: Sequence[Formula],
) -> tuple[list[Formula], dict[str, str]]:
    r"""``formulas`` with :math:`\mathbf{w}_{ih}` for :math:`w_{ih}` where that is a matrix, and
    what stands for what."""
    texts = [f.latex for f in formulas]
    letters = {m["letter"] for text in texts for m in _WEIGHT.finditer(text)}
    told = (_VECTOR, _BY_A_DIAGONAL)
    if not letters or not any(p.search(text) for text in texts for p in told):
        return list(formulas), {}
    large = _also_large(texts, letters)

    def put(letter: str) -> str:
        return letter.upper() if letter in large else rf"\mathbf{{{letter}}}"

    out = []
    for formula in formulas:
        edits = [
            (n.start, n.end, put(n.base))
            for n in names_in(formula.latex)
            if n.base in letters and n.scripts and n.scripts[0].kind == "_"
            and re.fullmatch(_LABEL, f"_{{{n.scripts[0].inside}}}")
        ]  # fmt: skip
        out.append(edited(formula, edits))
    return out, {put(letter): letter for letter in letters - large}


def _also_large(texts: Sequence[str], letters: set[str]) -> set[str]:
    """Those of ``letters`` that are slips for the large one: its labels have both, it has no other.

    ``(w_{hh})^T`` beside ``W_{hh}`` is about the same matrix.
    """
    labels: dict[str, set[str]] = {}
    for text in texts:
        for n in names_in(text):
            label = "".join(n.scripts[0].inside.split()) if n.scripts else ""
            labels.setdefault(n.base, set()).add(label)
    return {
        x for x in letters
        if len(x) == 1 and all(map(str.isalpha, labels[x]))
        and labels[x] <= labels.get(x.upper(), set())
    }  # fmt: skip
