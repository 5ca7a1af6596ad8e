r"""``\Delta C = o_{t+1} \odot (1 - \tanh^2(C_{t+1}))``: a short name with Δ, and no gradient.

Where the gradients of a text are called δ, a Δ before a name that one row gives, by values of a
single step and without any derivative, is a name for these. It has the step of what it is made of.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import replaced

_GRADIENTS = re.compile(
    r"\\delta(?![A-Za-z])\s*[_^][^=]{1,40}=[^=]{0,40}?\\[dt]?frac\s*\{\s*\\partial"
)
_GIVES = re.compile(r"\s*\\Delta\s*(?P<name>[A-Za-z])(?![A-Za-z])\s*&?\s*=(?P<right>[^=]+)\Z")
#: What a row about gradients has on its right side, and a change of a parameter.
_OTHERWISE = re.compile(
    r"\\(?:delta|Delta|partial|nabla|hat|widehat|eta|alpha|sum)(?![A-Za-z])|∂|(?<![A-Za-z\\])d[A-Za-z]"
)
_STEP = re.compile(
    r"(?P<script>_\s*(?:\{\s*t\s*(?:[-+]\s*1\s*)?\}|t(?![A-Za-z]))|\^\s*\{\s*\(\s*t\s*(?:[-+]\s*1\s*)?\)\s*\})"
)


def with_names_for_differences(formulas: Sequence[Formula]) -> list[Formula]:
    """``formulas`` with a name that runs for such a Δ."""
    given: dict[str, set[str]] = {}
    if not any(_GRADIENTS.search(f.latex) for f in formulas):
        return list(formulas)
    for f in formulas:
        if (m := _GIVES.match(f.latex)) is not None:
            plain = _OTHERWISE.search(m["right"]) is None
            steps = {"".join(s["script"].split()) for s in _STEP.finditer(m["right"])}
            given.setdefault(m["name"], set()).update(steps if plain else ("", "?"))
    names = {name: steps.pop() for name, steps in given.items() if len(steps) == 1}
    if not names:
        return list(formulas)
    letters = "".join(names)
    used = re.compile(rf"\\Delta\s*([{letters}])(?![A-Za-z]|\s*[_^])")
    return [replaced(f, used, lambda m: rf"\mathrm{{Delta{m[1]}}}{names[m[1]]}") for f in formulas]
