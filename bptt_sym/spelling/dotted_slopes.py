r"""A dot for the derivative of a function: :math:`\dot\phi(z_t)` is :math:`\phi'(z_t)`.

Only a letter of functions before a bracket: :math:`\dot h` is a derivative by the time.
"""

from __future__ import annotations

import re

from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import replaced

_FUNCTION = (
    r"(?:\\(?:sigma|varsigma|phi|varphi|psi|rho|tanh|mathrm\s*\{\s*tanh\s*\})(?![A-Za-z])"
    r"|[fg](?![A-Za-z]))"
)
_DOTTED = re.compile(
    rf"\\(?P<d>d?)dot\s*(?:\{{\s*(?P<a>{_FUNCTION})\s*\}}|(?P<b>{_FUNCTION}))"
    r"(?P<label>\s*_\s*(?:\{[^{}]*\}|[A-Za-z]))?(?=\s*(?:\\(?:left|[bB]igg?l?)\s*)?[(\[])"
)


def with_primes_for_dots(formula: Formula) -> Formula:
    """``formula`` with a prime for each dot, two for two."""

    def new(m: re.Match[str]) -> str:
        return f"{m['a'] or m['b']}{m['label'] or ''}{chr(39) * (1 + len(m['d']))}"

    return replaced(formula, _DOTTED, new)
