r"""Whether a text works its gradients out for rows, whatever order its definitions have.

:math:`\partial L/\partial W = h_t^\top \delta` and :math:`\partial L/\partial h_t = \delta W^\top`
have the order of rows; beside :math:`z_t = W h_t` they are right of a matrix that is the transpose
of the one defined. Where several gradients have that order and none has the other one, that is how
the text is meant.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_FONT = r"(?:\\(?:mathbf|boldsymbol|bm|vec)\s*)?"
_NAME = rf"(?:\{{\s*)*{_FONT}\{{?\s*%s\s*\}}?(?:\s*_\s*(?:\{{[^{{}}]*\}}|[A-Za-z0-9]))?(?:\s*\}})*"
_TURNED = (
    r"(?:\s*\})*\s*\^\s*(?:\{\s*)*(?:\\(?:top|intercal)|(?:\\(?:mathsf|mathrm|text)\s*\{?\s*)?"
    r"T(?![A-Za-z]))[\s}]*"
)
_WEIGHT = _NAME % r"[A-HJ-WYZ]"
_VALUE = _NAME % r"(?:[a-z]|X)"
_STARTS = r"^[\s&(]*"
_ENDS = r"[\s&).,;]*$"
#: Behind something: looked for from the beginning alone.
_BEHIND = r"\A\s*\S.*[\s)}]"
_OF_ROWS = (
    re.compile(_STARTS + _VALUE + _TURNED + r"(?=.*\S)"),
    re.compile(_BEHIND + _WEIGHT + _TURNED + _ENDS, re.DOTALL),
)
_OF_COLUMNS = (
    re.compile(_STARTS + _WEIGHT + _TURNED),
    re.compile(_BEHIND + _VALUE + _TURNED + _ENDS, re.DOTALL),
)
_GRADIENT = re.compile(r"\\frac\s*\{\s*(?:\\partial|\\mathrm\s*d|d)\s*[^{}]*\}|\\nabla|∂[^/]*/")
#: The derivative of a state by an earlier one: alone it tells no order of gradients.
_JACOBIAN = re.compile(
    rf"\\[dt]?frac\s*\{{\s*(?:\\partial|d)\s*{_FONT}\{{?\s*(?P<state>[A-Za-z])(?![A-Za-z])[^{{}}]*(?:\{{[^{{}}]*\}})?\s*\}}*"
    rf"\s*\{{\s*(?:\\partial|d)\s*{_FONT}\{{?\s*(?P=state)(?![A-Za-z])"
)
#: Where one summand ends and the next begins.
_BETWEEN = re.compile(r"\\\\|=|(?<![-+(=])\s[-+](?![^()]*\))")
_SUM = re.compile(r"\\sum(?:\\limits)?(?:\s*[_^]\s*(?:\{[^{}]*\}|[A-Za-z]))*")
#: How many gradients must have the order of rows.
SIGNS = 2


def shown_in_rows(texts: Iterable[str]) -> bool:
    """Whether the gradients of ``texts``, one of a loss among them, have the order of rows."""
    rows = columns = gradients = 0
    for text in texts:
        left, _, right = _SUM.sub(" ", text).partition("=")
        of_a_loss = _JACOBIAN.search(left) is None
        for term in _BETWEEN.split(right) if _GRADIENT.search(left) else ():
            in_rows = any(p.search(term) for p in _OF_ROWS)
            rows += in_rows
            gradients += in_rows and of_a_loss
            columns += any(p.search(term) for p in _OF_COLUMNS)
    return rows >= SIGNS and gradients > 0 and not columns
