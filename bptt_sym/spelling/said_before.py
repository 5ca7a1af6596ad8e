r"""What a sentence supposes of a weight before it makes its claim: "If $|w| < 1$, then $… \to 0$".

The condition is a formula of its own; it is added to the claim that follows from it, as
``\text{ if } |w| < 1``, where the two stand in one sentence and nothing but words between them.
``\quad (|w| < 1)`` behind a claim is such a condition too, and so is "$…$ holds if $|w| < 1$".
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import edited, replaced

_BAR = r"(?:\\left|\\right|\\bigl?|\\bigr?)?\s*(?:\||\\\||\\[lr]?[vV]ert)"
_WEIGHT = r"\\?[A-Za-z]+(?:\{[A-Za-z]\})?\s*(?:_\s*(?:\{[A-Za-z,]{1,6}\}|[A-Za-z]))?"
_SIZE = (
    rf"{_BAR}{{1,2}}\s*{_WEIGHT}\s*{_BAR}{{1,2}}(?:\s*_\s*(?:\{{?\s*(?:2|F|1|\\infty)\s*\}}?))?"
)
_RELATION = r"(?:<|>|\\lt(?![a-z])|\\gt(?![a-z])|\\leq?(?![a-z])|\\geq?(?![a-z])|≤|≥)"
_NUMBER = (
    r"(?:[0-9]{1,3}(?:\.[0-9]{1,3})?(?:\s*/\s*[0-9])?"
    r"|\\[dt]?frac\s*(?:\{[0-9]\}\s*\{[0-9]\}|[0-9]{2}))"
)
#: A weight without bars: no name of a step, nor one that carries a step.
_BARE = (
    r"(?:[wuvaW]|\\(?:theta|alpha|lambda))(?![A-Za-z])"
    r"(?:\s*_\s*(?:\{\s*[A-Za-z]{2,3}\s*\}|\{?\s*(?:[hrsW]|\\text\s*\{[a-z]{1,4}\})\s*\}?))?"
)
_SIGNED = rf"-?\s*{_NUMBER}"
_TOP = r"\^\s*\{?\s*(?:T|\\top|\\intercal)\s*\}?"
_ORTHOGONAL = (
    rf"(?:(?P<o>{_WEIGHT})\s*{_TOP}\s*(?P=o)|(?P<p>{_WEIGHT})\s*(?P=p)\s*{_TOP})\s*=\s*I"
)
#: A letter for a size: of which, the text says elsewhere.
_LETTER = (
    r"\\(?:alpha|beta|gamma|eta|kappa|lambda|mu|rho)(?![A-Za-z])"
    r"(?:\s*_\s*(?:\{\s*(?:\\?[A-Za-z]{1,6}|\\text\s*\{[a-z]+\}|[0-9])\s*\}|\\[a-z]+|[A-Za-z0-9]))?"
)
_FACTOR = rf"(?:\\rho\s*(?:\\left\s*)?\(\s*{_WEIGHT}\s*(?:\\right\s*)?\)|{_LETTER}|{_SIZE})"
_PRODUCT = rf"{_FACTOR}(?:(?:\s|\\[,;! ]|\\cdot(?![a-z])|\\times(?![a-z]))*{_FACTOR})?"
_SMALL = (
    rf"(?:{_NUMBER}(?![0-9]*\s*/)|1\s*/\s*{_LETTER}|"
    rf"\\[dt]?frac\s*\{{?\s*1\s*\}}?\s*\{{\s*{_LETTER}\s*\}}|\\[dt]?frac\s*1\s*{_LETTER})"
)
_CONDITION = re.compile(
    rf"\s*(?P<it>{_PRODUCT}\s*{_RELATION}\s*{_SMALL}|"
    rf"{_SIGNED}\s*{_RELATION}\s*{_BARE}\s*{_RELATION}\s*{_SIGNED}"
    rf"|{_BARE}\s*{_RELATION}\s*{_SIGNED}|{_ORTHOGONAL})\s*[.,]?\s*"
)
#: ``w \\in (0, 1)``
_WITHIN = re.compile(
    rf"(?P<w>{_BARE})\s*\\in\s*(?:\\left\s*)?(?P<open>[(\[])\s*(?P<low>{_SIGNED})\s*,\s*(?P<high>{_SIGNED})"
    r"\s*(?:\\right\s*)?(?P<close>[)\]])"
)
_BEHIND = re.compile(
    rf"(?:\\quad|\\qquad|\\;|\\,|~|,|\s)+\(\s*(?P<it>{_SIZE}\s*{_RELATION}\s*{_NUMBER})\s*\)\s*[.,]?\s*$"
)
_CLAIM = re.compile(
    r"(?:\\to|\\rightarrow|\\longrightarrow|\\leq?|\\geq?|<|>|≤|≥|→)(?![A-Za-z])|\\lim"
)
_ABOUT = re.compile(r"\\partial|∂|\\frac\s*\{\s*d|\\prod|\\nabla|\\delta")
_IF = re.compile(
    r"(?:\b(?:if|when|whenever|as long as|in case|since|because|suppose|assume|assuming|provided|"
    r"for|with|wenn|falls|sofern|si|"
    r"lorsque|quand|se|quando|если|когда|при|якщо|коли|jeśli|gdy|khi|nếu|jika)\b|如果|若|当|當|假设|假設|"
    r"(?<![א-ת])(?:אם|כאשר)(?![א-ת])|(?:^|\s)(?:اگر|وقتی))[^.;。；$]{0,60}$",
    re.IGNORECASE,
)
#: Between a condition and its consequence: words, and no end of a sentence.
_BETWEEN = re.compile(
    r"[\s$)\\]*(?:时|時|:|：|,|，|则|則|then|dann|alors|entonces|então|то|אז|\s)[^.;:。；：$|]{0,60}[$\\(\[\s]*",
    re.IGNORECASE,
)
_OTHER = re.compile(
    r"\b(?:and|or|und|et|y|e|if|when|then if|unless)\s*[$\\(\[\s]*$|[和或且]\s*\$*$"
)
#: Between a claim and the condition behind it: "… holds if …".
_HOLDS_IF = re.compile(
    r"[\s$)\\.,]*+(?:(?:holds?|is true|gilt)\s++)?(?:only )?"
    r"(?:if|when(?:ever)?|provided(?: that)?|as long as|wenn|falls|sofern|si|se|если|когда)"
    r"[$\\(\s]*+"
)
#: What goes on behind a condition with another one.
_AND_MORE = re.compile(r"[\s$)\\]*(?:and|or|und|oder|et|ou|y|e|и|или)\b|\s*[和或且]")
#: ``T - t \\to \\infty``: in which limit a claim is made.
_TENDS = re.compile(
    r"\s*\(?\s*[a-zA-Z]\s*(?:-\s*[a-z0-9])?\s*\)?\s*(?:\\(?:to|rightarrow)(?![a-z])|→)\s*\+?(?:\\infty|∞)\s*"
)
_TRAILING = re.compile(r"[\s.,;]*$")


def with_conditions(formulas: Sequence[Formula]) -> list[Formula]:
    """``formulas`` with the condition of the sentence added to what follows from it."""
    formulas = [replaced(f, _WITHIN, _between) if r"\in" in f.latex else f for f in formulas]
    found = list(formulas)
    for k in range(len(formulas) - 2):
        # "If $|w| < 1$, then for $T \\to \\infty$ …"
        condition = _CONDITION.fullmatch(formulas[k].latex)
        between = _TENDS.fullmatch(formulas[k + 1].latex)
        if condition and between and _follows(formulas[k], formulas[k + 2], formulas[k + 1]):
            found[k + 2] = _with(formulas[k + 2], condition["it"])
    for k, (before, after) in enumerate(pairwise(formulas)):
        condition = _CONDITION.fullmatch(before.latex)
        if condition is not None and _follows(before, after):
            found[k + 1] = _with(after, condition["it"])
        condition = _CONDITION.fullmatch(after.latex)
        if condition is not None and _holds_if(before, after):
            found[k] = _with(before, condition["it"])
    return [replaced(f, _BEHIND, lambda m: rf" \text{{ if }} {m['it']}") for f in found]


def _between(m: re.Match[str]) -> str:
    below, above = (r"<" if m[side] in "()" else r"\le " for side in ("open", "close"))
    return f"{m['low']} {below} {m['w']} {above} {m['high']}"


def _follows(before: Formula, after: Formula, over: Formula | None = None) -> bool:
    """Whether ``after`` follows from ``before``, with nothing but words and ``over`` between."""
    if before.source is not after.source or not _is_bound(after):
        return False
    text = before.source.text
    start, end = before.offsets[0], before.offsets[-1]
    between = text[end : after.offsets[0]]
    if over is not None:
        first, last = over.offsets[0] - end, over.offsets[-1] - end
        between = between[:first].rstrip("$\\( ") + between[last:].lstrip("$\\) ")
    if len(between) > 120 or _OTHER.search(between) or not _BETWEEN.fullmatch(between):
        return False
    return _IF.search(text[max(0, start - 90) : start].rstrip("$\\( \n")) is not None


def _holds_if(claim: Formula, condition: Formula) -> bool:
    """Whether a condition stands directly behind a claim, and alone."""
    if claim.source is not condition.source or not _is_bound(claim):
        return False
    text = claim.source.text
    between = text[claim.offsets[-1] : condition.offsets[0]]
    if len(between) > 60 or not _HOLDS_IF.fullmatch(between):
        return False
    return _AND_MORE.match(text, condition.offsets[-1]) is None


def _is_bound(formula: Formula) -> bool:
    latex = formula.latex
    return bool(_CLAIM.search(latex) and _ABOUT.search(latex)) and r"\text" not in latex


def _with(formula: Formula, condition: str) -> Formula:
    end = _TRAILING.search(formula.latex)
    assert end is not None
    return edited(formula, [(end.start(), len(formula.latex), rf" \text{{ if }} {condition}")])
