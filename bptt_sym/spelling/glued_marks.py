r"""Whether ``dh_t`` is the mark of a gradient, or a differential.

Code and the notes beside it write ``dW = …`` for the gradient by W, and many of them
``\frac{dL}{dW}`` as well. Where a text takes differentials, ``dh_t = A\,dh_{t-1} + B\,d\theta``,
or those of an expression, ``d(W h_t)``, no ``d`` is that mark.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

#: ``\\frac{dL}{dW}``
_FRACTION = re.compile(r"\\d?frac\s*\{\s*d\s*[A-Za-z\\]")
#: ``d(W h_t)``, ``d \\log y``, ``dL = …``
_DIFFERENTIAL = re.compile(
    r"(?<![A-Za-z\\{/])d\s*(?:(?:\\left\s*)?\(|\\(?:log|exp|tanh|sigma|frac|mathrm(?!\s*\{net|\s*\{[a-z]+\}\s*_)|operatorname)(?![A-Za-z])"
    r"|(?:L|E|J|\\mathcal\s*\{\s*[A-Z]\s*\}|\\ell)\s*(?:_\s*\{?\s*[a-zT]\s*\}?\s*)?&?\s*=)"
)
_NAME = r"(?:\\(?:mathbf|boldsymbol|bm|tilde|hat|bar)\s*\{\s*[A-Za-z]\s*\}|[A-Za-z])"
_SCRIPTS = r"(?:\s*[_^]\s*(?:\{(?:[^{}]|\{[^{}]*\}){1,24}\}|[A-Za-z0-9]|\\[a-z]+)){0,2}"
#: ``dW_{hh} = …``: what stands behind it is read in one row.
_GIVEN = re.compile(
    rf"(?:^|\\\\|&|\n|\\q?quad|,)\s*d(?P<name>{_NAME})(?P<scripts>{_SCRIPTS})\s*&?\s*\+?=(?P<right>(?:(?!\\\\)[^=])*)"
)
#: A parameter or an input behind a ``d``; the gradients by these are given, and feed nothing.
_OF_A_CAUSE = re.compile(
    r"(?<![A-Za-z\\{/])d\s*(?:\\(?:theta|Theta|phi|psi)(?![A-Za-z])|[A-Zux](?![A-Za-z])"
    r"|\\math(?:bf|rm)\s*\{\s*[A-Zux]\s*\})"
)
_LATER = re.compile(r"(?:t|T)\s*\+\s*1")
_LOSSES = frozenset("LEJC")
_EARLIER = re.compile(r"t\s*-\s*1")
_AT_T = re.compile(r"d\s*[A-Za-z\\]\S{0,20}?[_^]\s*\{?\s*\(?\s*t(?!\s*-)")
_AT_A_LATER = re.compile(rf"d\S{{1,20}}?[_^]\s*\{{[^{{}}]{{0,12}}?{_LATER.pattern}")


def marks_gradients(texts: Sequence[str]) -> bool:
    """Whether a ``d`` before a name is the mark of a gradient in a text with these formulas."""
    every = "\n".join(texts)
    if _DIFFERENTIAL.search(every):
        return False
    given = [m for t in texts for m in _GIVEN.finditer(t)]
    if any(map(_is_a_product_rule, given)):
        return False
    if any(map(_is_of_the_step_before, given)) and not comes_back(texts):
        return False
    if not _FRACTION.search(every):
        return True
    return bool(given) and not any(map(_goes_forward, given))


def comes_back(texts: Sequence[str]) -> bool:
    """Whether a row gives a mark of a value by one of the step after, as gradients are given."""
    rows = (m for t in texts for m in _GIVEN.finditer(t))
    return any(m["name"] not in _LOSSES and _comes_back(m) for m in rows)


def _is_of_the_step_before(m: re.Match[str]) -> bool:
    """Whether a row gives ``dh_t`` by ``dh_{t-1}``, as no gradient of a value is given."""
    if not m["name"].rstrip("} ")[-1:].islower() or m["name"].rstrip("} ")[-1:] in "bwuv":
        return False  # dW^{(t)} = dW^{(t-1)} + …: a gradient that is added up
    before = rf"d\s*{re.escape(m['name'])}\s*[_^]\s*\{{[^{{}}]{{0,12}}?{_EARLIER.pattern}"
    return not _EARLIER.search(m["scripts"]) and re.search(before, m["right"]) is not None


def _comes_back(m: re.Match[str]) -> bool:
    """Whether a row gives a mark by one of the step after."""
    if _EARLIER.search(m["scripts"]):
        return _AT_T.search(m["right"]) is not None
    return _AT_A_LATER.search(m["right"]) is not None


#: ``dW``, and a name without a d before it.
_MARKED = re.compile(
    r"(?<![A-Za-z\\{/])d\s*(?:\\math(?:bf|rm)\s*\{\s*)?(?P<name>[A-Za-z])(?![a-z])"
)
_BARE = re.compile(r"(?<![A-Za-z\\_^])(?P<name>[A-Za-z])(?![a-z])")


def _is_a_product_rule(m: re.Match[str]) -> bool:
    """Whether a row has both :math:`dW\\, h` and :math:`W\\, dh` on its right side."""
    marked = {n["name"] for n in _MARKED.finditer(m["right"])}
    bare = {n["name"] for n in _BARE.finditer(_MARKED.sub(" ", m["right"]))}
    both = marked & bare
    return len(both) > 1 and any(name.isupper() or name in "wuv" for name in both)


def _goes_forward(m: re.Match[str]) -> bool:
    """Whether a row gives a differential by what causes it."""
    if _OF_A_CAUSE.search(m["right"]):
        return True
    before = rf"d\s*{re.escape(m['name'])}\s*[_^]\s*\{{?[^{{}}]*{_EARLIER.pattern}"
    later = _LATER.search(m["scripts"]) is not None
    same = rf"d\s*{re.escape(m['name'])}\s*[_^]\s*\{{?\s*\(?\s*t\s*\)?\s*(?![-+\sA-Za-z0-9])"
    return re.search(same if later else before, m["right"]) is not None
