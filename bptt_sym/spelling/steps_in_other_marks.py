r"""Steps between marks that are seldom used: ``h\langle t\rangle``, ``h^{\{t\}}``, ``h_{t,:}``.

The last is the row of a matrix that holds all steps. Each is brought to a mark that is known
elsewhere, in a text where a name has a step before or after another between the same marks.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import replaced

_AT = r"(?:[a-zTKN]|\\tau(?![A-Za-z]))(?:\s*[-+]\s*(?:[0-9]|[a-z]))*|[0-9]+"
_NAME = r"(?P<name>(?<![A-Za-z\\_^])[A-Za-z]|\\[a-z]+(?:\s*\{\s*\\?[A-Za-z]+\s*\})?)"
_LABEL = r"(?P<label>\s*\^\s*\{(?:[^{}]|\{[^{}]*\})*\})?\s*"
_EITHER = r"(?P<label>\s*[_^]\s*(?:\{(?:[^{}]|\{[^{}]*\})*\}|[A-Za-z0-9]))?\s*"
#: ``h\\langle t \\rangle``
_ANGLES = (
    rf"{_NAME}{_EITHER}(?:\\left\s*)?\\langle(?![A-Za-z])\s*(?P<at>{_AT})\s*"
    r"(?:\\right\s*)?\\rangle(?![A-Za-z])"
)
#: ``h^{\\{t\\}}``
_BRACES = (
    rf"{_NAME}\s*\^\s*\{{\s*(?:\\left\s*)?\\\{{\s*(?P<at>{_AT})\s*(?:\\right\s*)?\\\}}\s*\}}"
)
#: ``h_{t,:}`` and ``h_{:,t}``
_ROWS = rf"{_NAME}{_LABEL}_\s*\{{\s*(?:(?P<at>{_AT})\s*,\s*:|:\s*,\s*(?P<also>{_AT}))\s*\}}"
_MARKS = (
    (re.compile(_ANGLES), "_{%s}"),
    (re.compile(_BRACES), "^{(%s)}"),
    (re.compile(_ROWS), "_{%s}"),
)
_NEIGHBOUR = re.compile(r"(?:[tkns]|\\tau)\s*[-+]\s*1")


def with_steps_in_usual_marks(formulas: Sequence[Formula]) -> list[Formula]:
    """``formulas`` with such steps as :math:`h^{(t)}` and :math:`h_t`."""
    out = list(formulas)
    for pattern, form in _MARKS:
        found = [m for f in out for m in pattern.finditer(f.latex)]
        if not any(_NEIGHBOUR.fullmatch(_step(m)) for m in found):
            continue
        # (The slice of a weight has the number of a row there, or the letter of one.)
        runs = {m["name"] for m in found if re.match(r"(?:t|\\tau)(?![a-z])", _step(m))}
        runs |= {m["name"] for m in found if _NEIGHBOUR.fullmatch(_step(m))}

        def new(m: re.Match[str], form: str = form, runs: set[str] = runs) -> str | None:
            label = m.groupdict().get("label") or ""
            if m["name"] not in runs:
                return None
            below = label.lstrip().startswith("_")
            return m["name"] + label + ("^{(%s)}" if below else form) % _step(m)

        out = [replaced(f, pattern, new) for f in out]
    return out


def _step(m: re.Match[str]) -> str:
    return (m["at"] or m.groupdict().get("also") or "").strip()
