r"""The letter of a gate and the step in one script, without a comma: :math:`z_{ft}`.

Where one name carries the letters of several gates so, each of which runs in time by itself, the
script is a label and a step.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import replaced

_BASE = (
    r"\\(?:mathrm|text|mathit|operatorname)\s*\{\s*net\s*\}|\\(?:mathbf|boldsymbol|bm)\s*\{\s*[a-z]\s*\}"
    r"|(?:(?<![A-Za-z\\])|(?<=(?<![A-Za-z\\])d)|(?<=\\partial ))(?:net|[azups])(?![A-Za-z])"
)
_GLUED = re.compile(
    rf"(?P<base>{_BASE})\s*_\s*\{{\s*(?P<label>[A-Za-z])\s*(?P<step>t(?:\s*[-+]\s*1)?|[0-9])\s*\}}"
)
_RUNS = re.compile(
    r"(?<![A-Za-z\\])([A-Za-z])\s*_\s*(?:t(?![A-Za-z])|\{\s*t\s*\})\s*&?\s*="
)
_ENOUGH = 2
#: Letters that count units where nothing runs by their name.
_UNITS = frozenset("jmnpq")


def with_commas_before_steps(formulas: Sequence[Formula]) -> list[Formula]:
    """``formulas`` with a comma between such a letter and its step."""
    labels: dict[str, set[str]] = {}
    for formula in formulas:
        for m in _GLUED.finditer(formula.latex):
            if m["step"].startswith("t"):
                labels.setdefault(_tight(m["base"]), set()).add(m["label"])
    if not labels:
        return list(formulas)
    runs = {m[1] for f in formulas for m in _RUNS.finditer(f.latex)}
    bases = {
        base for base, found in labels.items()
        if len(found & runs) >= _ENOUGH and not (found - runs) & _UNITS
    }  # fmt: skip

    def apart(m: re.Match[str]) -> str | None:
        if _tight(m["base"]) not in bases:
            return None
        return rf"{m['base']}_{{{m['label']},{m['step']}}}"

    return [replaced(f, _GLUED, apart) for f in formulas] if bases else list(formulas)


def _tight(base: str) -> str:
    return "".join(base.split())
