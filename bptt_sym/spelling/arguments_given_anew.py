r"""Arguments of gates that a text gives anew, with other letters for its weights.

.. math::

    f_t = \sigma(W_f X_t + V_f H_{t-1} + b_f), \qquad \bar f_t = w_f h_{t-1} + u_f x_t + b_f

Notes put together from two sources have both, and mean :math:`f_t = \sigma(\bar f_t)` by the
second. The first gives way where nothing else has its letters and the second is that of two gates
or more. The candidate may have another name: :math:`g_t` where :math:`\bar{\tilde c}_t` is the one
argument that is left.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from bptt_sym.definitions.completion import Mention, mentions
from bptt_sym.definitions.gates import GATES
from bptt_sym.definitions.named_later import Equation, equations
from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import Edit, edited
from bptt_sym.errors import BpttError
from bptt_sym.read.tokens import tokenize
from bptt_sym.read.vocabulary import plain_name

_ACCENT = re.compile(r"\\(?:bar|hat|tilde|overline|widetilde|widehat)(?![a-z])")
_ACCENTED = re.compile(r"\\(?:bar|hat|tilde)\{(?P<of>.+)\}")
_FUNCTIONS = {r"\sigma": r"\sigma", r"\tanh": r"\tanh", "tanh": r"\tanh"}


def with_arguments_given_anew(formulas: Sequence[Formula]) -> list[Formula]:
    """``formulas`` with the names of such arguments in the equations of their gates."""
    if not any(map(_ACCENT.search, (f.latex for f in formulas))):
        return list(formulas)
    known = list(equations(formulas))
    gates = {plain_name(e.row.name): e for e in known if _is_gate(e)}
    arguments = {plain_name(e.row.name): e for e in known if _is_argument(e)}
    pairs = _pairs(gates, arguments)
    given = {plain_name(e.row.name) for e in known}
    left = [n for n in arguments if n not in pairs.values() and _of(n) not in given]
    candidates = [g for g, e in gates.items() if g not in pairs and _function(e) == r"\tanh"]
    if pairs and len(left) == len(candidates) == 1 and _of(left[0]) in GATES:
        pairs[candidates[0]] = left[0]
    if len(pairs) < 2 or any(_is_of(e, pairs.get(plain_name(e.row.name))) for e in known):
        return list(formulas)
    spans: dict[int, list[Edit]] = {}
    for gate, argument in pairs.items():
        equation = gates[gate]
        spans.setdefault(id(equation.formula), []).append((*equation.span, f"{argument}_{{t}}"))
    own = _keys([gates[g].row.text[slice(*gates[g].span)] for g in pairs])
    without = [_blanked(f.latex, spans.get(id(f), [])) for f in formulas]
    if own & _keys(without) - _keys([arguments[a].row.definition() for a in pairs.values()]):
        return list(formulas)
    return [edited(f, sorted(spans.get(id(f), []))) for f in formulas]


def _is_argument(equation: Equation) -> bool:
    """Whether weights multiply what an accent is given, and no other accents stand in it."""
    if equation.argument or not _ACCENTED.fullmatch(plain_name(equation.row.name)):
        return False
    definition = equation.row.definition()
    marked = _ACCENT.search(definition.partition("=")[2]) is not None
    return not marked and len(_keys([definition])) > 1


def _is_gate(equation: Equation) -> bool:
    gate = plain_name(equation.row.name) in GATES
    return gate and bool(equation.argument) and _function(equation) is not None


def _is_of(equation: Equation, argument: str | None) -> bool:
    """Whether an equation says already that its activation is of ``argument``."""
    inner = equation.row.text[slice(*equation.span)]
    return argument is not None and argument in {m.name for m in _mentions(inner)}


def _function(equation: Equation) -> str | None:
    return _FUNCTIONS.get(equation.function)


def _of(name: str) -> str:
    m = _ACCENTED.fullmatch(name)
    return m["of"] if m is not None else ""


def _pairs(gates: Mapping[str, Equation], arguments: Mapping[str, Equation]) -> dict[str, str]:
    return {_of(name): name for name in arguments if _of(name) in gates}


def _blanked(text: str, spans: Sequence[Edit]) -> str:
    for start, end, _ in spans:
        text = text[:start] + " " * (end - start) + text[end:]
    return text


def _keys(texts: Sequence[str]) -> set[str]:
    """The weights that ``texts`` have, without the biases, which keep their letter."""
    every = (m for text in texts for m in _mentions(text))
    return {m.key for m in every if m.step == "name" and m.name != "b"}


def _mentions(text: str) -> list[Mention]:
    try:
        return list(mentions(text, tokenize(text)))
    except BpttError:
        return []
