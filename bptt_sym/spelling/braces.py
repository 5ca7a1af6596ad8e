r"""Labels of braces that are relations themselves: :math:`\underbrace{D_t}_{\in [0,1]} W`.

The reader passes over the words below a brace. A label that says of what is above it where it
lies, or how large it is, is no part of the formula either.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import Edit, closing, edited

_BRACE = re.compile(r"\\(?:under|over)brace\s*(?=\{)")
_LABEL = re.compile(r"\s*[_^]\s*(?=\{)")
#: ``\\sigma \\underbrace{\\left( … \\right)}_{z_f}``: the brackets of the function are inside.
_FUNCTION = re.compile(r"\\(?:sigma|tanh|phi|operatorname\s*\{[a-z]+\}|mathrm\s*\{[a-z]+\})\s*$")
_BRACKET = re.compile(r"\{\s*(?:\\left\s*|\\[bB]igl?\s*)?\(")
#: What ends an operand or begins a cell, and a group that begins with a relation.
_OF_A_SIGN = re.compile(
    r"(?<=[A-Za-z0-9})\]|&\s])(?P<open>\{)\s*(?:\\color\s*\{[^{}]*\}\s*)?&?\s*"
    r"(?P<sign>=|≤|≥|\\(?:leq?|geq?|approx|equiv)(?![A-Za-z])\s?)"
)
_BIG = re.compile(r"\\(?:sum|prod)(?![A-Za-z])(?:\s*\\limits(?![A-Za-z]))?")
_LIMIT = re.compile(r"\s*[_^]\s*(?:\{|\\[A-Za-z]+|[A-Za-z0-9])")
_OPENS = re.compile(r"\s*\{")
_SCRIPT = re.compile(r"\s*[_^]")
_RELATION = re.compile(
    r"\\(?:in|notin|subset|leq?(?:slant)?|geq?(?:slant)?|approx|simeq|sim|ll|gg|propto|to|rightarrow|"
    r"Rightarrow|times|mathbb|neq?)(?![A-Za-z])|[∈≤≥≈<>→∝⇒]"
)
#: Words below a brace, on one line or several, and what gives a name.
_WORDS = re.compile(
    r"\\(?:text(?:bf|it|rm)?|mbox|mathrm)\s*\{[^{}$]*\}|\\substack|\\\\|[{}]|\\[,;:! ]"
)
_GIVES = re.compile(r"\s*&?\s*=")


def without_labels_of_braces(formula: Formula) -> Formula:
    """``formula`` without such labels; one in words or one that gives a name stays."""
    text = formula.latex
    return edited(formula, list(_labels(text))) if "brace" in text else formula


def without_braces_of_signs(formula: Formula) -> Formula:
    r"""``formula`` without braces around a relation and what follows: ``a {\color{red} = b}``."""
    text = formula.latex
    edits: list[Edit] = []
    for m in _OF_A_SIGN.finditer(text):
        end = closing(text, m.start("open"))
        if end is not None and text[m.end() : end].strip(" &"):
            edits += [(m.start("open"), m.end(), m["sign"]), (end, end + 1, "")]
    return edited(formula, sorted(edits)) if edits else formula


def without_braces_of_summands(formula: Formula) -> Formula:
    r"""``formula`` without the braces of ``\\sum_{i}{y_i \\log \\hat y_i}``, one product.

    (Of a sum they say how far the sign reaches, and stay.)
    """
    text = formula.latex
    edits: list[Edit] = []
    for m in _BIG.finditer(text):
        start = m.end()
        while (at := _LIMIT.match(text, start)) is not None:
            stop = closing(text, at.end() - 1) if at.group().endswith("{") else at.end() - 1
            if stop is None:
                break
            start = stop + 1
        opened = _OPENS.match(text, start)
        end = closing(text, opened.end() - 1) if opened is not None and start > m.end() else None
        if opened is None or end is None or _SCRIPT.match(text, end + 1):
            continue
        if text[opened.end() : end].strip() and not _adds(text[opened.end() : end]):
            edits += [(opened.end() - 1, opened.end(), " "), (end, end + 1, " ")]
    return edited(formula, sorted(edits)) if edits else formula


def _adds(text: str) -> bool:
    """Whether a sign or a relation stands outside of all brackets."""
    depth = 0
    for c in text.strip():
        depth += (c in "{([") - (c in "})]")
        if depth < 1 and c in "+-=<>&":
            return True
    return depth != 0


def _labels(text: str) -> Iterator[Edit]:
    for m in _BRACE.finditer(text):
        end = closing(text, m.end())
        at = _LABEL.match(text, end + 1) if end is not None else None
        stop = closing(text, at.end()) if at is not None else None
        if end is None or at is None or stop is None:
            continue
        if _BRACKET.match(text, m.end()) and _FUNCTION.search(text, 0, m.start()):
            yield m.start(), m.start(), "("
            yield stop + 1, stop + 1, ")"
        elif _GIVES.match(text, stop + 1) and not _WORDS.sub("", text[at.end() + 1 : stop]).strip():
            # ``\\underbrace{h_t}_{\\text{state}} = …`` gives h_t
            yield m.start(), m.end() + 1, ""
            yield end, stop + 1, ""
        elif _RELATION.search(text, at.end(), stop):
            yield end + 1, stop + 1, ""
