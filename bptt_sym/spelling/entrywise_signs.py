r"""A sign that a text keeps for products entry by entry: ``c_t = f_t * c_{t-1} + i_t * g_t``.

Where a sign stands between gates and states in the equations of a cell, and nowhere in the text
beside a matrix, whose products are written without it, it is :math:`\odot` wherever it stands.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import replaced

#: Signs of code; ``\cdot`` and ``\times`` stand for every product, in the chain rule as well.
_SIGNS = {
    "*": r"(?<![\^_{])\*(?![{}])",
    r"\ast": r"(?<![\^_{])\\ast(?![A-Za-z])",
}
_SCRIPT = r"(?:\s*[_^]\s*(?:\{(?:[^{}]|\{[^{}]*\})*\}|[A-Za-z0-9]|\\top))*"
_BASE = (
    r"(?:\\(?:mathbf|boldsymbol|bm|mathrm|text|tilde|hat|bar|widetilde)\s*"
    r"\{(?:[^{}]|\{[^{}]*\})*\}|\\(?:tilde|hat|bar)\s*[A-Za-z]|[A-Za-z])"
)
_VALUE = r"(?:\\(?:tilde|hat|bar)\s*(?:\{\s*[a-zC]\s*\}|[a-zC])|(?<![A-Za-z\\])[a-zC])"
_AT = r"\s*_\s*(?:t(?![A-Za-z])|\{\s*t\s*(?:-\s*1\s*)?\})"
_SLOPE = re.compile(r"\\partial|∂|\\nabla|\\delta|\\frac\s*\{\s*d")
_GROUP = r"\{(?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*\}"
#: ``\\frac{\\partial h_t}{\\partial h_{t-1}}``, but no gradient of a loss.
_JACOBIAN = (
    r"\\[dtc]?frac\s*(?=\{\s*(?:\\partial|∂|d)\s*\{?\s*(?!(?:\\(?:mathcal|mathbf|mathrm|text)\s*"
    r"\{\s*)?(?:[LEJ]|\\ell|[Ll]oss)(?![a-z])))" + rf"{_GROUP}\s*{_GROUP}"
)
_AFTER_A_JACOBIAN = re.compile(rf"{_JACOBIAN}\s*\Z")
_BEFORE_A_JACOBIAN = re.compile(rf"\s*{_JACOBIAN}")
#: How long a Jacobian is at most.
_REACH = 200
_WEIGHT = r"(?:\\(?:mathbf|boldsymbol|bm|mathrm)\s*\{\s*[WUVR]\s*\}|(?<![A-Za-z\\])[WUVR])"


#: ``\\delta_{t+1} * (1 - h_{t+1}^2)``: a sign between a gradient by a value and a slope.
_GRADIENT = (
    rf"(?:\\delta{_SCRIPT}|\\[dt]?frac\s*+\{{\s*+\\partial\s*+(?:\\mathcal\s*+\{{\s*+)?[LEJ][^{{}}\s]{{0,8}}\s*+"
    r"\}?\s*+\}\s*+\{\s*+\\partial\s*+\{?\s*+(?:\\(?:mathbf|boldsymbol|bm)\s*+\{\s*+)?"
    r"[a-z](?:[^{}]|\{[^{}]*+\})*+\}++)"
)
_BEFORE_SLOPE = re.compile(
    rf"(?P<before>{_GRADIENT})\s*+(?:\*|\\ast(?![A-Za-z]))"
    r"(?=\s*+(?:\\left\s*+)?\(\s*+1\s*+-|\s*+\\?tanh\s*+')"
)


def with_entrywise_signs(formulas: Sequence[Formula]) -> list[Formula]:
    """``formulas`` with such a sign as ``\\odot``."""
    # (Two vectors have no other product, however the text writes that of matrices.)
    found = [
        replaced(f, _BEFORE_SLOPE, lambda m: rf"{m['before']} \odot ") if "*" in f.latex
        or r"\ast" in f.latex else f for f in formulas
    ]  # fmt: skip
    texts = [f.latex for f in found]
    for sign, pattern in _SIGNS.items():
        if any(sign in t for t in texts) and _is_entrywise(texts, pattern):
            found = [
                replaced(f, re.compile(pattern), _entry_by_entry) if sign in f.latex else f
                for f in found
            ]
    return found


def _entry_by_entry(m: re.Match[str]) -> str | None:
    """The sign of such a product; a Jacobian is multiplied as a matrix whatever sign is there."""
    text = m.string
    beside = _AFTER_A_JACOBIAN.search(text, max(0, m.start() - _REACH), m.start())
    return None if beside or _BEFORE_A_JACOBIAN.match(text, m.end()) else r"\odot "


def _is_entrywise(texts: Sequence[str], sign: str) -> bool:
    between = re.compile(rf"{_VALUE}{_AT}\s*(?:{sign})\s*{_VALUE}{_AT}")
    beside = re.compile(
        rf"{_WEIGHT}{_SCRIPT}\s*(?:{sign})|(?:{sign})\s*(?:\\left\s*)?[(\[]?\s*{_WEIGHT}|"
        rf"(?:{sign})\s*(?:\\left\s*)?\[|\^\s*(?:\{{?\s*(?:T|\\top)\s*\}}?)\s*(?:{sign})|"
        rf"(?:{sign})\s*{_BASE}{_SCRIPT}\s*\^\s*\{{?\s*(?:T|\\top)"
    )
    cells = [t for t in texts if not _SLOPE.search(t)]
    weight = re.compile(_WEIGHT)  # whose products are written without the sign
    return (
        any(map(between.search, cells))
        and any(map(weight.search, cells))
        and not any(map(beside.search, texts))
    )
