r"""Gradients by gates that carry the gate's slope: ``∂L/∂f_t = ∂L/∂c_t · c_{t-1} · \sigma'(f_t)``.

Where every gradient by a gate that a text works out has the slope of that gate among its factors,
the letter below the sign is the gate's pre-activation there. One that has none says that the
letter is the activation, and then those with a slope have a factor too many.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

#: ``\\frac{\\partial L}{\\partial f_t} = …`` of one row.
_GIVEN = re.compile(
    r"\\frac\s*\{\s*(?:\\partial|d)\s*(?:\\mathcal\s*\{\s*[A-Z]\s*\}|\\ell|[A-Z])\s*(?:_\s*(?:t|\{\s*t\s*\}))?\s*\}"
    r"\s*\{\s*(?:\\partial|d)\s*(?P<gate>\\(?:tilde|hat|bar)\s*\{\s*[A-Za-z]\s*\}|[fiogzrnj])"
    r"\s*_\s*(?:t|\{\s*t\s*\})\s*\}\s*&?\s*=(?P<right>(?:(?!\\\\|\\q?quad)[^=\n])*)"
)
_DERIVATIVE = re.compile(r"\\partial|\\frac\s*\{\s*d|\\delta")


def carried_by_gates(texts: Iterable[str]) -> bool:
    """Whether the gradients by gates are by their pre-activations in a text with these formulas."""
    bare: set[str] = set()
    sloped: set[str] = set()
    for text in texts:
        for m in _GIVEN.finditer(text):
            gate = "".join(m["gate"].split())
            if _slope_of(gate).search("".join(m["right"].split())):
                sloped.add(gate)
            elif _DERIVATIVE.search(m["right"]):
                bare.add(gate)
    return len(sloped) > 1 and not bare


def _slope_of(gate: str) -> re.Pattern[str]:
    """The slope of a gate by its output, in a text without blanks."""
    at = rf"{re.escape(gate)}_(?:t|\{{t\}})"
    left = r"(?:\\left)?\("
    return re.compile(
        rf"\\?(?:sigma|tanh|phi|varphi)'{left}{at}(?:\\right)?\)|{left}1-{at}(?:\^\{{?2\}}?)?(?:\\right)?\)"
    )
