r"""One layer of several, at every step: :math:`h_t^{(l)} = \tanh(W^{(l)} h_{t-1}^{(l)} + U^{(l)}
h_t^{(l-1)})`.

What is said of layer l with its own past and the layer below is said of a network whose input is
that layer. The marks of the layer are left out where a formula is about l and l - 1 alone; one that
looks further up, or runs over the layers, stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import replaced
from bptt_sym.messages import marked

THE_LAYER_BELOW = marked("the layer below is the input of the layer at hand")

_L = r"(?:l|\\ell)(?![A-Za-z])"
_HERE = rf"\s*\^\s*(?:\{{\s*[(\[]?\s*{_L}\s*[)\]]?\s*\}}|{_L})"
_BELOW = rf"\s*\^\s*\{{\s*[(\[]?\s*{_L}\s*-\s*1\s*[)\]]?\s*\}}"
_NOW = r"\s*_\s*(?:t(?![A-Za-z])|\{\s*t\s*\})"
_ANY = r"\s*_\s*(?:[A-Za-z](?![A-Za-z])|\{[^{}]{1,9}\})"
_PAST = r"\s*_\s*\{\s*t\s*-\s*1\s*\}"
_FONT = r"(?:\\(?:mathbf|boldsymbol|bm)\s*\{\s*[a-z]\s*\}|(?<![A-Za-z\\])[a-z])"
#: ``h_t^{(l-1)}``, of the step at hand or another.
_NAME_BELOW = re.compile(rf"(?P<base>{_FONT})(?:(?P<a>{_ANY}){_BELOW}|{_BELOW}(?P<b>{_ANY}))")
_FEEDS = re.compile(rf"(?P<base>{_FONT})(?:{_NOW}{_BELOW}|{_BELOW}{_NOW})")
_GOES_ON = re.compile(rf"(?P<base>{_FONT})(?:{_PAST}{_HERE}|{_HERE}{_PAST})")
_MARK = re.compile(_HERE)
#: The layer above, a numbered one, the last one, or all of them.
_FURTHER = re.compile(
    rf"{_L}\s*\+\s*[1-9]|{_L}\s*-\s*[2-9]|_\s*\{{\s*{_L}\s*(?:=|\\in|\\leq?|\\geq?)"
    r"|\^\s*\{\s*[(\[]\s*[0-9LD]\s*[)\]]\s*\}"
)
#: A derivative up to its denominator.
_ABOVE_THE_BAR = re.compile(
    r"\\[dt]?frac\s*\{\s*\\partial\s*(?P<of>(?:[^{}]|\{[^{}]*\}){1,40})\}\s*\{\s*\\partial\s*\{?\s*$"
)
#: ``\\frac{\\partial L}{\\partial h_t^{(l)}}``, ``\\delta_t^{(l)}``: the gradient by a state.
_BY_A_STATE = re.compile(
    r"\\[dt]?frac\s*\{\s*\\partial\s*(?P<of>(?:[^{}]|\{[^{}]*\}){1,40})\}\s*\{\s*\\partial\s*"
    rf"(?:{_FONT})(?:{_ANY}{_HERE}|{_HERE}{_ANY})\s*\}}|\\delta(?![A-Za-z])"
)
_PAST_OR_NEXT = re.compile(r"[tT]\s*[+-]\s*1")
_DIFFERENTIATED = re.compile(r"\\partial\s*\{?\s*$|/\s*$")
_EQUATION = re.compile(r"(?<![<>:!])=")


def with_the_layer_at_hand(formulas: Sequence[Formula]) -> list[Formula]:
    """``formulas`` without the marks of the layer that they are about."""
    if not any(_defines(f.latex) for f in formulas):
        return list(formulas)
    return [_of_one_layer(f) for f in formulas]


def _defines(text: str) -> bool:
    """Whether an equation gives a state from its own past and the same of the layer below."""
    if "partial" in text or not _EQUATION.search(text):
        return False
    past = {"".join(m["base"].split()) for m in _GOES_ON.finditer(text)}
    return bool(past & {"".join(m["base"].split()) for m in _FEEDS.finditer(text)})


def _of_one_layer(formula: Formula) -> Formula:
    text = formula.latex
    if _FURTHER.search(text) or not _MARK.search(text) or _through_the_layer_below(text):
        return formula
    if _of_the_loss(text):
        return formula
    new = replaced(formula, _NAME_BELOW, lambda m: rf"\mathrm{{below}}{m['a'] or m['b']}")
    new = replaced(new, _MARK, lambda m: "")
    return replace(new, supposes=(*new.supposes, (THE_LAYER_BELOW, "")))


def _of_the_loss(text: str) -> bool:
    r"""Whether it says what the gradient of the loss by a state of the layer is.

    It gets a part through the layer above, if there is one. A name for the gradient, and one step
    of the chain rule from another gradient of the layer, say nothing of that.
    """
    left, equals, right = text.partition("=")
    found = _BY_A_STATE.search(left)
    if not equals or found is None or _MARK.search(found["of"] or ""):
        return False
    return _PAST_OR_NEXT.search(right) is not None


def _through_the_layer_below(text: str) -> bool:
    r"""Whether something is differentiated by the layer below, and other steps of it may be on the
    way.

    :math:`\partial h_t^{(l)}/\partial h_t^{(l-1)}` is one step; what the loss, or a later step,
    gets from the layer below also goes through its own later steps, of which nothing is said.
    """
    for m in _NAME_BELOW.finditer(text):
        before = text[max(0, m.start() - 120) : m.start()]
        if not _DIFFERENTIATED.search(before):
            continue
        found = _ABOVE_THE_BAR.search(before)
        step = re.sub(r"[\s{}]", "", m["a"] or m["b"])
        if found is None or not _MARK.search(found["of"]):
            return True
        if step not in re.sub(r"[\s{}]", "", found["of"]):
            return True
    return False
