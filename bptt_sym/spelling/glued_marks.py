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
    rf"(?:^|\\\\|&|\n|\\q?quad|,)\s*d(?P<name>{_NAME})(?P<scripts>{_SCRIPTS})\s*&?\s*\+?=(?P<right>[^=\n]*)"
)
#: A parameter or an input behind a ``d``; the gradients by these are given, and feed nothing.
_OF_A_CAUSE = re.compile(
    r"(?<![A-Za-z\\{/])d\s*(?:\\(?:theta|Theta|phi|psi)(?![A-Za-z])|[A-Zux](?![A-Za-z])"
    r"|\\math(?:bf|rm)\s*\{\s*[A-Zux]\s*\})"
)
_LATER = re.compile(r"(?:t|T)\s*\+\s*1")
_EARLIER = re.compile(r"t\s*-\s*1")


def marks_gradients(texts: Sequence[str]) -> bool:
    """Whether a ``d`` before a name is the mark of a gradient in a text with these formulas."""
    every = "\n".join(texts)
    if _DIFFERENTIAL.search(every):
        return False
    if not _FRACTION.search(every):
        return True
    given = [m for t in texts for m in _GIVEN.finditer(t)]
    return bool(given) and not any(map(_goes_forward, given))


def _goes_forward(m: re.Match[str]) -> bool:
    """Whether a row gives a differential by what causes it."""
    if _OF_A_CAUSE.search(m["right"]):
        return True
    before = rf"d\s*{re.escape(m['name'])}\s*[_^]\s*\{{?[^{{}}]*{_EARLIER.pattern}"
    later = _LATER.search(m["scripts"]) is not None
    same = rf"d\s*{re.escape(m['name'])}\s*[_^]\s*\{{?\s*\(?\s*t\s*\)?\s*(?![-+\sA-Za-z0-9])"
    return re.search(same if later else before, m["right"]) is not None
