r"""Outputs whose softmax is written out: :math:`\hat y_{t,i} = e^{z_{t,i}} / \sum_j e^{z_{t,j}}`.

What is said of each entry is said of the vector; the entries may be marked in any of the usual
ways, on some of the names only, or with one index where there should be two.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import closing, edited, replaced

_LEFT = re.compile(
    r"(?:^|\\\\|\\begin\s*\{[a-z]+\*?\}|\\q?quad(?![A-Za-z])|,)[\s&]*"
    r"(?P<left>(?:\\(?:hat|tilde|bar|mathbf|boldsymbol|bm|widehat)\s*(?:\{[^{}=]*(?:\{[^{}]*\})?\s*\}|[a-z])|[a-z])"
    r"(?:\s*[_^]\s*(?:\{[^{}=]*\}|[a-z0-9]))*(?:\s*\[\s*[a-z]\s*\])?)\s*&?\s*=\s*&?\s*"
    # The function by its name, and then written out.
    r"(?:(?:\\(?:text|mathrm|operatorname)\s*\{\s*[sS]oftmax\s*\}|[sS]oftmax)\s*(?:\\left\s*)?"
    r"\([^()=]{1,40}\)\s*&?\s*=\s*&?\s*)?"
    r"(?P<frac>\\[dt]?frac\s*\{)"
)
_SUM = re.compile(
    r"\s*\\sum(?:\\(?:no)?limits)?\s*(?:_\s*(?:\{\s*(?P<j>[a-z]\'?)[^{}]*\}|(?P<j1>[a-z]))\s*|"
    r"\^\s*(?:\{[^{}]*\}|[A-Za-z0-9])\s*)*"
)
_EXP = re.compile(r"\s*(?:\\exp|exp|\\mathrm\s*\{\s*e\s*\}|e)(?![a-z])\s*")
_SIZED = re.compile(r"\\(?:left|right|[bB]igg?[lr]?)(?![A-Za-z])|\\[,;:! ]|\s")
_BARE_ACCENT = re.compile(r"(\\(?:hat|tilde|bar|widehat|mathbf|boldsymbol|bm))\s+([a-z])")
_OF_A_STEP = re.compile(r"[_^]\{?\(?(?:t|\d)(?![A-Za-z])")
#: ``\\hat{y}_{3j}``: of step 3 as well.
_STEP = r"(t(?:[-+]1)?|\d)"
_UNIT = r"[ijklmncv]'?"


_POWER = (
    r"(?:e\s*\^\s*\{(?:[^{}]|\{[^{}]*\})*\}|\\?exp\s*(?:\\left\s*)?\((?:[^()]|\([^()]*\))*?(?:\\right\s*)?\))"
)
#: ``e^{z_i} / \\sum_j e^{z_j}`` on one line.
_SLASHED = re.compile(
    rf"(?P<a>{_POWER})\s*/\s*(?P<b>\\sum\s*_\s*(?:\{{[^{{}}]*\}}|[a-z])\s*"
    rf"(?:\^\s*(?:\{{[^{{}}]*\}}|[A-Za-z0-9])\s*)?{_POWER})"
)


def with_softmax(formulas: Sequence[Formula]) -> list[Formula]:
    """``formulas`` with the softmax in place of the quotient that it is."""
    whole = (
        replaced(f, _SLASHED, lambda m: rf"\frac{{{m['a']}}}{{{m['b']}}}") if "/" in f.latex else f
        for f in formulas
    )
    return [_named(f) for f in whole]


def _named(formula: Formula) -> Formula:
    text = formula.latex
    for m in _LEFT.finditer(text):
        middle = closing(text, m.end("frac") - 1)
        below = re.compile(r"\s*\{").match(text, middle + 1) if middle is not None else None
        end = closing(text, below.end() - 1) if below is not None else None
        if middle is None or below is None or end is None:
            continue
        of = _argument(text[m.end("frac") : middle], text[below.end() : end])
        left = _whole(m["left"])
        if of and _OF_A_STEP.search(left):
            edit = (m.start("left"), end + 1, rf"{left} = \mathrm{{softmax}}({of})")
            return edited(formula, [edit])
    return formula


def _argument(above: str, below: str) -> str:
    """What the softmax is of, ``z_t``; "" if the quotient is none."""
    total = _SUM.match(below)
    if total is None or not (total["j"] or total["j1"]):
        return ""
    one, each = _exponent(above), _exponent(below[total.end() :])
    if not one or not each or _whole(one) != _whole(each):
        return ""
    return _whole(one) if _OF_A_STEP.search(_whole(one)) else ""


def _exponent(text: str) -> str:
    """``z_i`` of ``\\exp(z_i)`` or ``e^{z_i}``."""
    found = _EXP.match(text)
    inner = _SIZED.sub("", text[found.end() :]) if found is not None else ""
    for opens, closes in (("(", ")"), ("^{", "}"), ("{", "}")):
        end = closing(inner, len(opens) - 1, opens[-1], closes) if inner.startswith(opens) else None
        if end == len(inner) - 1:
            return inner[len(opens) : -1]
    return inner[1:] if re.fullmatch(r"\^[a-z]", inner) else ""


def _whole(name: str) -> str:
    """A name without the index of its entry: ``z_t`` for ``z_{t,i}``."""
    text = _SIZED.sub("", _BARE_ACCENT.sub(r"\1{\2}", name))
    for pattern, new in (
        (rf"\[{_UNIT}\]$", ""),
        (rf"[_^](?:\{{\(?\[?{_UNIT}\]?\)?\}}|\(?\[?{_UNIT}\]?\)?)(?![A-Za-z(])", ""),
        (rf"_\{{\(?{_STEP}\)?,?{_UNIT}\}}", r"_{\1}"),
        (rf"_\{{{_UNIT},?\(?{_STEP}\)?\}}", r"_{\1}"),
    ):
        text = re.sub(pattern, new, text)
    return text
