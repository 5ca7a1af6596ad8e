r"""Losses with what they are functions of behind them: ``J(\theta)``, ``L(\hat{y}, y)``.

Of what a loss is a function says nothing of its value. A list of names without steps behind the
letter of a loss is left out, in definitions and in derivatives alike; :math:`L(\hat y_t, y_t)`,
with steps, is the loss of one of them.
"""

from __future__ import annotations

import re

from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import replaced

_LOSS = (
    r"(?:(?<![A-Za-z\\])[LJEC]|\\(?:mathcal|mathscr)\s*\{\s*[LJEC]\s*\}|\\ell(?![A-Za-z]))"
    r"(?:\s*[_^]\s*(?:\{\s*\(?\s*[tTij]\s*\)?\s*\}|[tT]"
    r"|\{\s*(?:\\(?:text|mathrm|textrm|rm)\s*\{?\s*)?[A-Za-z]{3,12}\s*\}?\s*\}"
    r"|\\(?:text|mathrm)\s*\{\s*[A-Za-z]{3,12}\s*\}))?"
)
_FONT = r"\\(?:mathbf|boldsymbol|bm|vec|hat|widehat|tilde|bar)"
#: A parameter, or several: what a loss alone can be a function of.
_PARAMETER = rf"(?:{_FONT}\s*)?\{{?\s*(?:\\[tT]heta|\\Omega|\\phi|[wW])\s*\}}?"
_NAME = (
    rf"(?:{_FONT}\s*\{{\s*(?:\\[a-zA-Z]+|[A-Za-z])\s*\}}|{_FONT}\s*[A-Za-z]|\\[tT]heta|[A-Za-z])"
)
#: ``x_1, …, x_T`` and ``\\{x_1, …, x_T\\}``: everything that was put in.
_FLAT = (
    r"(?:[^()=+]|\([^()=+]*\)){1,80}?(?:\\[lc]?dots[a-z]?(?![A-Za-z])|\.\.\.|…)"
    r"(?:[^()=+]|\([^()=+]*\)){0,80}?"
)
_LIST = (
    r"(?:(?:\\left\s*)?\\\{(?:(?!\\\})[^=()]|\((?:(?!\\\})[^=()])*+\))*+\\\}"
    rf"|(?:\\left\s*)?\({_FLAT}\))"
)
_APPLIED = re.compile(
    rf"(?P<loss>{_LOSS})\s*(?:\\left\s*)?\(\s*(?:{_PARAMETER}|{_NAME}(?:\s*[,;]\s*{_NAME})+"
    rf"|{_LIST}(?:\s*(?:\\right\s*)?[,;]\s*{_LIST})*|{_FLAT})\s*(?:\\right\s*)?\)"
)


def without_arguments(formula: Formula) -> Formula:
    """``formula`` with the losses alone."""
    return replaced(formula, _APPLIED, lambda m: m.group("loss"))
