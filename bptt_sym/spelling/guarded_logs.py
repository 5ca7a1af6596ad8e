r"""The small number that keeps a logarithm finite: ``\ln(\hat{y} + \epsilon)``.

Code adds it, and texts copy it into the loss. The gradient that follows, ``\hat{y} - y``, is that
without it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import edited

_OPEN = r"\s*+(?:\\left\s*+|\\[Bb]igg?l?\s*+)?[(\[]"
_NAME = (
    r"(?:\\(?:hat|tilde|bar|mathbf|boldsymbol|bm)\s*+(?:\{[^{}]{1,24}\}|[a-z])|[a-z])"
    r"(?:\s*+[_^]\s*+(?:\{[^{}]{1,16}\}|[A-Za-z0-9]))*+"
)
_SMALL = (
    r"(?:\\(?:var)?epsilon(?![A-Za-z])|\\(?:text|mathrm)\s*+\{\s*+eps(?:ilon)?\s*+\}|ε|ϵ"
    r"|10\s*+\^\s*+\{?\s*+-\s*+[0-9]{1,2}\s*+\}?)"
)
#: ``\\log(1 - \\hat{y}_t + \\epsilon)``
_GUARDED = re.compile(
    rf"\\(?:log|ln)(?![A-Za-z]){_OPEN}\s*+(?:1\s*+-\s*+)?(?P<name>{_NAME})"
    rf"(?P<guard>\s*+\+\s*+{_SMALL})\s*+(?:\\right\s*+|\\[Bb]igg?r?\s*+)?[)\]]"
)
SAID = "the small number that keeps the logarithm finite is 0"


def without_guards(formulas: Sequence[Formula]) -> list[Formula]:
    """``formulas`` without such numbers; those about what the logarithm is of say so."""
    names: set[str] = set()
    found: list[Formula] = []
    for f in formulas:
        guarded = [*_GUARDED.finditer(f.latex)]
        names |= {re.match(r"\\?[^_^]*", m["name"])[0].strip() for m in guarded}  # type: ignore[index]
        found.append(edited(f, [(m.start("guard"), m.end("guard"), "") for m in guarded]))
    if not names:
        return list(formulas)
    told = tuple((SAID, name) for name in sorted(names))
    return [replace(f, supposes=(*f.supposes, *told)) for f in found]
