r"""What is before the activation, by a word: :math:`h_k^{\text{pre-act}}`, or that of a gate in
:math:`\sigma'(o_t \text{ input})`.

Where a line gives :math:`h_t = \phi(W h_{t-1} + U x_t)`, it is that argument at the step that is
written. Without such a line, or with two of them, the name stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import closing, replaced

_WORD = (
    r"\{\s*(?:\\(?:text|mathrm|textrm|mathit)\s*\{\s*)?"
    r"pre(?:[-\s]?act(?:ivation|iv)?\.?)?\s*\}?\s*\}"
)
_STEP = r"(?:\{\s*(?P<s@>[a-z])\s*(?P<o@>-\s*1)?\s*\}|(?P<r@>[a-z])(?![A-Za-z]))"
_LETTER = r"(?<![A-Za-z\\])(?P<n@>[a-z])"
_BEFORE = re.compile(
    rf"{_LETTER}\s*_\s*{_STEP}\s*\^\s*{_WORD}".replace("@", "1")
    + "|"
    + rf"{_LETTER}\s*\^\s*{_WORD}\s*_\s*{_STEP}".replace("@", "2")
)
_NAME = (
    r"(?P<n@>\\(?:tilde|hat|bar|widetilde|widehat)\s*(?:\{\s*[A-Za-z]\s*\}|[A-Za-z])|"
    r"(?<![A-Za-z\\])[A-Za-z])"
)
_ARGUMENT = r"(?:pre-?\s?activations?|(?:net[-\s]?|gate\s)?inputs?|arguments?|logits?)"
_TEXT = r"\\(?:text|mathrm|textrm)\s*\{\s*"
#: The slope of an activation, whose argument is named by a word behind a gate, or before one.
_SLOPE = re.compile(
    r"(?<='\()\s*(?:"
    + rf"{_NAME}\s*_\s*{_STEP}\s*{_TEXT}(?:'s\s)?{_ARGUMENT}\s*\}}".replace("@", "1")
    + "|"
    + rf"{_TEXT}{_ARGUMENT}\s(?:of|to)\s*\}}\s*{_NAME}\s*_\s*{_STEP}".replace("@", "2")
    + r")\s*(?=\))"
)
_GIVES = re.compile(
    rf"(?:^|\\\\|&|,|\\q?quad)(?:\s|&|\\begin\s*\{{[a-z]+\*?\}})*{_NAME.replace('@', '')}"
    r"\s*_\s*(?:\{\s*t\s*\}|t)\s*&?\s*=\s*&?\s*"
    r"(?:\\(?:tanh|sigma|phi|varphi|mathrm\s*\{[A-Za-z]+\}|text\s*\{[A-Za-z]+\})|[fg]|tanh)\s*"
    r"(?P<open>(?:\\left\s*)?\()"
)
_AT_T = re.compile(r"_\s*(?:\{\s*t\s*(?P<off>-\s*1)?\s*\}|t(?![A-Za-z]))")


def with_arguments_for_words(formulas: Sequence[Formula]) -> list[Formula]:
    """``formulas`` with the argument of the activation for such names."""
    texts = [f.latex for f in formulas]
    if not any(_BEFORE.search(t) or _SLOPE.search(t) for t in texts):
        return list(formulas)
    given: dict[str, set[str]] = {}
    for text in texts:
        for m in _GIVES.finditer(text):
            end = closing(text, m.end("open") - 1, "(", ")")
            if end is not None:
                inside = re.sub(r"\\right\s*$", "", text[m.end("open") : end]).strip()
                given.setdefault(_plain(m["n"]), set()).add(inside)

    def new(m: re.Match[str]) -> str | None:
        arguments = given.get(_plain(m["n1"] or m["n2"]), set())
        if len(arguments) != 1:
            return None
        step = m["s1"] or m["r1"] or m["s2"] or m["r2"]
        back = bool(m["o1"] or m["o2"])
        (argument,) = arguments

        def moved(at: re.Match[str]) -> str:
            by = back + bool(at["off"])
            return f"_{{{step}-{by}}}" if by else f"_{{{step}}}"

        return _AT_T.sub(moved, argument)

    return [replaced(replaced(f, _BEFORE, new), _SLOPE, new) for f in formulas]


def _plain(name: str) -> str:
    """A name without the braces and blanks that tell no names apart."""
    return re.sub(r"[\s{}]", "", name.replace("wide", ""))
