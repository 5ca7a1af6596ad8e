r"""Indicators that two indices are the same, as Kronecker's delta: ``\mathbb{1}_{k=i}``.

``\mathbf{1}(i = j)``, ``\mathbb{1}\{i = j\}``, ``\mathbb{I}[m = i, n = j]`` and ``1_{\{i = j\}}``
are :math:`\delta_{ij}`; with two conditions, the product of two.
"""

from __future__ import annotations

import re

from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import replaced

_SIGN = (
    r"(?:\\(?:mathbf|mathbb|boldsymbol|bm|mathds|mathbbm)\s*(?:\{\s*[1I]\s*\}|[1I](?![A-Za-z]))"
    r"|(?<![A-Za-z0-9_^{.])1(?=\s*_))"
)
#: (``i = y`` picks the entry of a label, and ``s = t`` a step.)
_SAME = r"\s*([a-su-xz])\s*=\s*([a-su-xz])\s*"
_BOTH = rf"{_SAME}(?:(?:,|\\wedge(?![A-Za-z])|\\land(?![A-Za-z]))\s*{_SAME})?"
_INDICATOR = re.compile(
    rf"{_SIGN}\s*(?:_\s*\{{\s*(?:\\\{{|[(\[])?{_BOTH}(?:\\\}}|[)\]])?\s*\}}"
    rf"|(?:\\left\s*)?(?:\\\{{|[(\[]){_BOTH}(?:\\right\s*)?(?:\\\}}|[)\]]))"
)


def with_kronecker_deltas(formula: Formula) -> Formula:
    """``formula`` with :math:`\\delta_{ij}` for the indicator of ``i = j``."""
    return replaced(formula, _INDICATOR, _deltas)


def _deltas(m: re.Match[str]) -> str:
    letters = [g for g in m.groups() if g]
    pairs = zip(letters[::2], letters[1::2], strict=True)
    return " ".join(rf"\delta_{{{i}{j}}}" for i, j in pairs) + " "
