r"""Gates in a table: the name in one cell, what it is in the next.

``| Forget gate $f_t$ | $\sigma(W_f x_t + \dots)$ |`` says :math:`f_t = \sigma(W_f x_t + \dots)`,
where a row has one name and one activation, and no cell a sign of equality.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from bptt_sym.documents.document import Formula

_NAME = re.compile(
    r"\s*(?:\\(?:tilde|hat|bar)\s*\{\s*[A-Za-z]\s*\}|[a-zA-Z])"
    r"(?:\s*_\s*(?:t|\{\s*t\s*\})|\s*\^\s*\{?\s*\(\s*t\s*\)\s*\}?)?\s*"
)
_ACTIVATION = re.compile(
    r"\s*(?:\\sigma|\\tanh|\\(?:operatorname|mathrm|text)\s*\{\s*(?:sigmoid|tanh)\s*\}|σ|tanh|sigmoid)\s*"
    r"(?:\\left\s*)?\([^=]+\)\s*"
)


def with_rows_of_tables(formulas: Sequence[Formula], text: str) -> list[Formula]:
    """``formulas`` with such rows as the equations that they are."""
    if "|" not in text:
        return list(formulas)
    rows: dict[int, list[int]] = {}
    for k, formula in enumerate(formulas):
        if not formula.display and formula.offsets:
            start = text.rfind("\n", 0, formula.offsets[0]) + 1
            if text[start : start + 1] == "|":
                rows.setdefault(start, []).append(k)
    out = list(formulas)
    for places in rows.values():
        row = [formulas[k] for k in places]
        names = [f for f in row if _NAME.fullmatch(f.latex)]
        given = [k for k in places if _ACTIVATION.fullmatch(formulas[k].latex)]
        if len(names) != 1 or len(given) != 1 or any("=" in f.latex for f in row):
            continue
        name, activation = names[0], formulas[given[0]]
        between = text[name.offsets[-1] : activation.offsets[0]]
        if name.offsets[0] < activation.offsets[0] and between.count("|") == 1:
            out[given[0]] = replace(
                activation,
                latex=f"{name.latex} = {activation.latex}",
                offsets=[*name.offsets[:-1], *[activation.offsets[0]] * 3, *activation.offsets],
            )
    return out
