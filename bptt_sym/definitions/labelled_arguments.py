r"""Arguments by the name of their value: :math:`z_t^y` beside :math:`\hat y_t = f(V h_t + c)`.

Where no line gives such a name and its label is a sequence that an activation gives, it is the
argument of that activation. Its equation is written down softly where the value is given. So is
that of :math:`z_t^{(2)}`, where :math:`a_t^{(2)}` is all that an activation gives in layer 2.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from bptt_sym.definitions.instances import soft
from bptt_sym.definitions.named_later import Equation, equations
from bptt_sym.documents.document import Formula
from bptt_sym.read.vocabulary import plain_name

_LABEL = r"(?:\(\s*)?(?P<{0}>[a-z]|(?<=\()[1-9](?=\)))(?:\s*\))?"
_TIME = r"(?:\{\s*[tkj]\s*(?:[-+]\s*1\s*)?\}|[tkjT](?![A-Za-z]))"
#: ``z_t^y``, ``z_{t}^{(y)}``, ``a^{y}_t``.
_LABELLED = re.compile(
    r"(?<![A-Za-z\\])(?P<n>[zasu])\s*(?:"
    rf"_\s*{_TIME}\s*\^\s*(?:\{{\s*{_LABEL.format('a')}\s*\}}|(?P<b>[hyopqs](?![A-Za-z])))"
    rf"|\^\s*(?:\{{\s*{_LABEL.format('c')}\s*\}}|(?P<d>[hyopqs](?![A-Za-z])))\s*_\s*{_TIME})"
)
_GIVEN = re.compile(rf"{_LABELLED.pattern}\s*&?\s*(?::?=|\\coloneqq)")
_AT_T = re.compile(r"_\s*\{?\s*t\s*\}?\s*&?\s*=")
#: ``a_{t}^{(2)}``
_OF_LAYER = re.compile(r"(?P<x>[a-z])_\{?t\}?\^\{\((?P<layer>[1-9])\)\}")
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
    known = list(equations(formulas))
    for equation, layer in _of_layers(known):
        for n, label in wanted:
            if label == layer:
                found.setdefault((n, label), _equation(equation, n, f"({label})"))
    for equation in known:
        letters = plain_name(equation.row.name)
        letter = re.sub(r"\\(?:hat|tilde|mathbf|boldsymbol|bm)|[{}\s]", "", letters)
        if not equation.argument or _AT_T.search(equation.row.definition()) is None:
            continue
        for n, label in sorted(wanted):
            if label == letter and (n, label) not in found:
                above = f"({label})" if n in brackets else label
                found[n, label] = _equation(equation, n, above)
    return list(found.values())


def _equation(equation: Equation, name: str, label: str) -> Formula:
    start, end = equation.span
    text = f"{name}_{{t}}^{{{label}}} = {equation.row.text[start:end]}"
    return soft(equation.formula, text)


def _of_layers(known: Sequence[Equation]) -> Iterator[tuple[Equation, str]]:
    """The equations with an activation that are the only ones of their layer, and this."""
    of: dict[str, list[Equation]] = {}
    for equation in known:
        left = "".join(equation.row.text.partition("=")[0].replace("&", "").split())
        m = _OF_LAYER.fullmatch(left)
        if m is not None and equation.argument:
            of.setdefault(m["layer"], []).append(equation)
    yield from ((own[0], layer) for layer, own in of.items() if len(own) == 1)


def _label(m: re.Match[str]) -> str:
    return m["a"] or m["b"] or m["c"] or m["d"]
