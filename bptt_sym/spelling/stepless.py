r"""Gradients named without their step: ``\delta_o = \delta_h \odot \tanh(c_t)``, ``d\gamma_o``.

Texts that go through one step of a cell leave the step out of their names. Where every δ of a text
carries the letter of something that runs in time and none a step, each belongs to step t;
:math:`\bar\delta_f` beside :math:`\delta_f` is the gradient by what the gate is the activation of,
and so is :math:`d\gamma_f` beside :math:`\Gamma_f`, or :math:`\partial L/\partial\gamma_f`. What
is called future is of the step after, and given on the left it is handed to the step before.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import Edit, edited, replaced
from bptt_sym.spelling.deltas import by_argument

_X = r"(?:\\(?:tilde|hat|bar)\s*\{\s*[a-zA-Z]\s*\}|[a-zA-Z])"
_DELTA = re.compile(
    rf"(?P<bar>\\(?:bar|hat|tilde)\s*\{{\s*)?\\delta(?(bar)\s*\}})\s*_\s*"
    rf"(?:\{{\s*(?P<x>{_X})\s*(?:,\s*\\?(?:text|mathrm)?\s*\{{?\s*(?P<label>[A-Za-z]{{3,}})\s*\}}?\s*)?\}}"
    r"|(?P<x1>[a-z])(?![A-Za-z]))(?!\s*[\^_])"
)
#: A δ with a step.
_STEPPED = re.compile(
    r"\\delta\s*(?:\^\s*(?:\{[^{}]*\}|[a-zA-Z])\s*)?_\s*(?:\{[^{}]*(?<![A-Za-z\\])[tkT](?![A-Za-z])[^{}]*\}|t(?![A-Za-z]))"
    r"|\\delta\s*(?:_\s*(?:\{(?:[^{}]|\{[^{}]*\})*\}|[a-zA-Z])\s*)?\^\s*(?:\{[^{}]*t[^{}]*\}|t(?![A-Za-z]))"
)
_FUTURE = frozenset("future next later".split())
_BEFORE = frozenset("prev previous past".split())
_GATES = frozenset("f i o z r g n c C h".split())
_ARGUMENT = re.compile(
    r"(?:(?<![A-Za-z\\])d\s*|(?P<partial>\\partial)\s*(?=\\gamma))(?:\\gamma\s*_\s*\{?\s*(?P<gate>[a-z])\s*\}?"
    r"|p\s*\\(?:wide)?tilde\s*\{?\s*(?P<new>c)\s*\}?)\s*\^\s*\{\s*(?:\\langle|<|\()\s*t\s*(?:\\rangle|>|\))\s*\}"
)
_GAMMA = re.compile(r"\\Gamma\s*\}?\s*_")


def with_steps(formulas: Sequence[Formula], loss: str) -> list[Formula]:
    """``formulas`` with the step that the names of their gradients leave out."""
    texts = [f.latex for f in formulas]
    every = "\n".join(texts)
    found = list(formulas)
    if _GAMMA.search(every):
        found = [replaced(f, _ARGUMENT, lambda m: _of_argument(m, loss)) for f in found]
    named = {m.group("x") or m.group("x1") for t in texts for m in _DELTA.finditer(t)}
    if len(named & _GATES) < 3 or _STEPPED.search(every):
        return found
    return [_with_step(f, loss) for f in found]


def _of_argument(m: re.Match[str], loss: str) -> str:
    argument = by_argument(m.group("gate") or m.group("new"))
    if m["partial"]:
        return rf"\partial {argument}"
    return rf"\frac{{\partial {loss}}}{{\partial {argument}}}"


def _with_step(formula: Formula, loss: str) -> Formula:
    edits: list[Edit] = []
    text = formula.latex
    for m in _DELTA.finditer(text):
        name, label = m.group("x") or m.group("x1"), m.group("label") or ""
        bare = re.sub(r"\\[a-z]+|[{}\s]", "", name)
        if bare not in _GATES:
            continue
        given = _EQUALS.match(text, m.end())
        if m.group("bar"):
            new = rf"\frac{{\partial {loss}}}{{\partial {by_argument(bare)}}}"
            edits.append((m.start(), m.end(), new))
        elif given is not None and label in _FUTURE | _BEFORE:
            new = rf"\frac{{\partial {loss}}}{{\partial {name}_{{t-1}}}} +="
            edits.append((m.start(), given.end(), new))
        elif label in _FUTURE:
            added = _ADDED.search(text, 0, m.start())
            at = text.rfind("=", 0, m.start())
            if added is None or at < 0 or not _ENDS.match(text, m.end()):
                return formula
            edits += [(at, at, "+"), (added.start(), m.end(), "")]
        elif not label:
            edits.append((m.start(), m.end(), rf"\delta_{{{name},t}}"))
    return edited(formula, sorted(edits))


_EQUALS = re.compile(r"\s*&?\s*=")
_ADDED = re.compile(r"\+\s*$")
_ENDS = re.compile(r"\s*(?:[.,;:]|$|\\\\|\\(?:end|tag|label|q?quad|text)(?![A-Za-z]))")
