r"""Arguments by the name of their value: :math:`z_t^y` beside :math:`\hat y_t = f(V h_t + c)`.

Where no line gives such a name and its label is a sequence that an activation gives, it is the
argument of that activation. Its equation is written down softly where the value is given.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from bptt_sym.definitions.instances import soft
from bptt_sym.definitions.named_later import equations
from bptt_sym.documents.document import Formula
from bptt_sym.read.vocabulary import plain_name

_LABEL = r"(?:\(\s*)?(?P<{0}>[a-z])(?:\s*\))?"
_TIME = r"(?:\{\s*[tkj]\s*(?:[-+]\s*1\s*)?\}|[tkjT](?![A-Za-z]))"
#: ``z_t^y``, ``z_{t}^{(y)}``, ``a^{y}_t``.
_LABELLED = re.compile(
    r"(?<![A-Za-z\\])(?P<n>[zasu])\s*(?:"
    rf"_\s*{_TIME}\s*\^\s*(?:\{{\s*{_LABEL.format('a')}\s*\}}|(?P<b>[hyopqs](?![A-Za-z])))"
    rf"|\^\s*(?:\{{\s*{_LABEL.format('c')}\s*\}}|(?P<d>[hyopqs](?![A-Za-z])))\s*_\s*{_TIME})"
)
_GIVEN = re.compile(rf"{_LABELLED.pattern}\s*&?\s*(?::?=|\\coloneqq)")
_AT_T = re.compile(r"_\s*\{?\s*t\s*\}?\s*&?\s*=")
#: Letters above a name that are steps, or exponents.
_NO_LABELS = frozenset("tkjnT")


def labelled_arguments(formulas: Sequence[Formula]) -> list[Formula]:
    """The equations of such names, as soft ones where their values are given."""
    texts = [f.latex for f in formulas if "_" in f.latex and "^" in f.latex]
    named = {m.group() for t in texts for m in _LABELLED.finditer(t)}
    wanted = {(m["n"], _label(m)) for name in named if (m := _LABELLED.fullmatch(name))}
    wanted -= {(m["n"], _label(m)) for t in texts for m in _GIVEN.finditer(t)}
    wanted = {(n, label) for n, label in wanted if label not in _NO_LABELS}
    brackets = {n for name in named if "(" in name for n in name[:1]}
    if not wanted:
        return []
    found: dict[tuple[str, str], Formula] = {}
    for equation in equations(formulas):
        letters = plain_name(equation.row.name)
        letter = re.sub(r"\\(?:hat|tilde|mathbf|boldsymbol|bm)|[{}\s]", "", letters)
        if not equation.argument or _AT_T.search(equation.row.definition()) is None:
            continue
        for n, label in sorted(wanted):
            if label == letter and (n, label) not in found:
                start, end = equation.span
                above = f"({label})" if n in brackets else label
                text = f"{n}_{{t}}^{{{above}}} = {equation.row.text[start:end]}"
                found[n, label] = soft(equation.formula, text)
    return list(found.values())


def _label(m: re.Match[str]) -> str:
    return m["a"] or m["b"] or m["c"] or m["d"]
