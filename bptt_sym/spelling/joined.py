r"""Words for the joined vector: ``\text{concat}``, ``x_{\text{concat}, t}``, ``concat_t``.

Where an equation says that they are :math:`[h_{t-1}, x_t]`, they get a name that runs in time. A
slice of the gradient by such a vector is that gradient through one of its two parts.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import replaced

_WORD = r"(?:concat(?:enated)?|combined|cat|joined|stacked|input|con)"
#: No letter before, but the mark of a gradient.
_START = r"(?:(?<![A-Za-z\\{])|(?<=[^A-Za-z\\{]d)|(?<=^d))"
_T = r"(?:\s*_\s*(?:\{\s*t\s*\}|t(?![A-Za-z])))?"
_FONT = r"\\(?:text|mathrm|textrm|mathit|operatorname|mathbf|textbf)"
_NAME = (
    rf"(?:(?:{_FONT}\s*\{{\s*{_WORD}\s*\}}|{_START}{_WORD}(?![A-Za-z(])){_T}|"
    rf"(?:{_START}[xhzvXHZ]|\\mathbf\s*\{{\s*[xhzv]\s*\}})\s*_\s*\{{\s*(?:{_FONT}\s*\{{\s*)?{_WORD}"
    r"(?:\s*\})?\s*(?:,\s*t\s*)?\}(?:\s*\^\s*\{\s*\(?\s*t\s*\)?\s*\})?)"
)
_MENTION = re.compile(
    rf"(?P<mark>(?<![A-Za-z\\{{])d\s*|\\delta\s*|(?<![A-Za-z\\{{])d(?={_FONT}))?(?P<name>{_NAME})"
)
_DEFINES = re.compile(
    rf"{_NAME}\s*&?\s*(?:=|:=|\\equiv|\\triangleq)\s*&?\s*(?:\\left\s*)?"
    r"(?:\[|\(|\\begin\s*\{[bp]matrix\})(?P<parts>[^=]*?h[^=]*?(?:,|;|\\\\)[^=]*?x|"
    r"[^=]*?x[^=]*?(?:,|;|\\\\)[^=]*?h)"
)


#: A name that says what it is, in a text with one such vector.
_SAYS_SO = re.compile(
    rf"(?:{_FONT}\s*\{{\s*(?:concat|combined)\s*\}}|(?<![A-Za-z\\{{])(?:concat|combined)(?![A-Za-z(])){_T}"
)
_STATE = r"(?:\\mathbf\s*\{\s*h\s*\}|h)\s*(?:_|\^)\s*\{[^{}]*t\s*-\s*1[^{}]*\}"
_INPUT = r"(?:\\mathbf\s*\{\s*x\s*\}|x)\s*(?:_|\^)\s*(?:\{[^{}]*t[^{}]*\}|t)"
_BRACKET = re.compile(rf"\[\s*(?:{_STATE}\s*[,;]\s*{_INPUT}|{_INPUT}\s*[,;]\s*{_STATE})\s*\]")


def with_joined_vectors(formulas: Sequence[Formula], loss: str) -> list[Formula]:
    """``formulas`` with words for the joined vector as one name."""
    if not any(_DEFINES.search(f.latex) for f in formulas):
        joined = next((m for f in formulas if (m := _BRACKET.search(f.latex))), None)
        if joined is None:
            return list(formulas)
        return [replaced(f, _SAYS_SO, lambda m: joined.group()) for f in formulas]

    def new(m: re.Match[str]) -> str:
        name = r"\mathrm{concat}_{t}"
        return rf"\frac{{\partial {loss}}}{{\partial {name}}}" if m.group("mark") else name

    return [replaced(f, _MENTION, new) for f in formulas]


_PART = (
    r"(?:\\(?:mathbf|boldsymbol)\s*\{\s*[A-Za-z]\s*\}|[A-Za-z])\s*(?:_|\^)\s*"
    r"(?:\{[^{}]*\}|[A-Za-z0-9])"
)
_JOINS = re.compile(
    r"(?P<name>(?:\\mathrm\{concat\}|\\mathbf\s*\{\s*[a-z]\s*\}|[A-Za-z])\s*(?:_|\^)\s*(?:\{[^{}]*\}|t))"
    r"\s*&?\s*=\s*&?\s*(?:\\left\s*|\\[bB]igl?\s*)?(?:\[|\(|\\begin\{[bp]matrix\})"
    rf"\s*(?P<first>{_PART})\s*(?:\\[,;:! ]|\s)*(?:,|;|\\\\)(?:\\[,;:! ]|\s)*(?P<second>{_PART})"
    r"\s*(?:\\right\s*|\\[bB]igr?\s*)?(?:\]|\)|\\end)"
)
_BY = r"\\[dt]?frac\s*\{(?:[^{}]|\{[^{}]*\})*\}\s*\{\s*\\partial\s*(?P<by>(?:[^{}]|\{[^{}]*\})+)\}"
_GAP = r"(?:\\[,;:! ]|\s)*"
_BLOCK = re.compile(
    rf"(?P<gradient>{_BY})\s*(?P<below>_\s*\{{\s*)?\[{_GAP}(?::{_GAP},{_GAP})?"
    rf"(?:(?P<to>:{_GAP}[A-Za-z0-9_+{{}}]+)|(?P<from>[A-Za-z0-9_+{{}}]+{_GAP}:)){_GAP}\](?(below)\s*\}})"
)


def with_blocks(formulas: Sequence[Formula]) -> list[Formula]:
    """``formulas`` with slices of gradients by joined vectors as products of derivatives."""
    joins = {
        "".join(m.group("name").split()): (m.group("first"), m.group("second"))
        for f in formulas for m in _JOINS.finditer(f.latex)
    }  # fmt: skip

    def new(m: re.Match[str]) -> str | None:
        by = "".join(m.group("by").split())
        if by not in joins:
            return None
        part = joins[by][0 if m.group("to") else 1]
        return rf"{m.group('gradient')} \frac{{\partial {by}}}{{\partial {part}}}"

    return [replaced(f, _BLOCK, new) for f in formulas] if joins else list(formulas)
