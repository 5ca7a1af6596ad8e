r"""Single marks lost in typing: ``x{t}`` for ``x_{t}``, ``1 - h_t)^2`` for ``1 - (h_t)^2``.

Each is put back only where the rest of the text has what is meant, so that nothing else can be:
the same name with the step below it, or the square of the same name in brackets. A fraction with
:math:`\partial` above and a bare name below, :math:`\frac{\partial L}{W}`, has lost its second one,
and :math:`\frac{L}{\partial W}` its first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import Edit, edited

_STEP = r"[tk](?:\s*[-+]\s*1)?"
#: ``x{t}``
_GLUED = re.compile(rf"(?<![A-Za-z\\_^])(?P<name>[a-z])\s*(?P<at>\{{\s*{_STEP}\s*\}})")
_SCRIPTED = re.compile(r"(?<![A-Za-z\\])(?P<name>[a-z])\s*_\s*\{?\s*t(?![A-Za-z])")
_NAME = (
    r"(?:\\(?:mathbf|boldsymbol|bm|hat)\s*\{\s*[A-Za-z]\s*\}|(?<![A-Za-z\\])[A-Za-z])\s*"
    r"(?:\^\s*\{\s*\([^(){}]{1,8}\)\s*\}|_\s*(?:\{[^{}]{1,8}\}|[a-zT]))"
)
#: ``h^{(t)})^2``: a closed bracket behind a name, with a square on it.
_SQUARED = re.compile(rf"(?P<name>{_NAME})\s*(?:\\right\s*)?\)\s*\^\s*(?:2|\{{\s*2\s*\}})")
_BRACKETED = re.compile(rf"\(\s*(?P<name>{_NAME})\s*(?:\\right\s*)?\)\s*\^\s*(?:2|\{{\s*2\s*\}})")

_GROUP = r"\{(?:[^{}]|\{(?:[^{}]|\{[^{}]*+\})*+\})*+\}"
_SCRIPTS = rf"(?:\s*[_^]\s*(?:{_GROUP}|\\?[A-Za-z0-9]+))"
_ANY_NAME = (
    r"(?:\\[a-z]+\s*\{[^{}]{1,30}\}|\\(?:theta|ell|[hb]at\s*[a-z]|tilde\s*[a-zA-Z])|[A-Za-z])"
    rf"{_SCRIPTS}{{0,2}}"
)
#: ``(\theta)``: what it is a function of.
_OF = r"(?:\(\s*\\?[A-Za-z]+(?:\s*,\s*\\?[A-Za-z]+)*\s*\)\s*)"
#: ``(W_{xh}^{(2)})_{ij}``: an entry of a name with a label.
_ENTRY = rf"\({_ANY_NAME}\s*\)\s*_\s*{_GROUP}"
#: ``\frac{\partial L}{W_{hh}}``
_HALF = re.compile(
    rf"\\[dt]?frac\s*\{{\s*\\partial(?![A-Za-z])\s*\{{?\s*(?:{_ANY_NAME}|{_ENTRY})\s*{_OF}?\}}?\s*\}}"
    rf"\s*\{{(?P<by>\s*(?!\\partial(?![A-Za-z]))(?:{_ANY_NAME}|{_ENTRY})\s*)\}}"
)
#: ``\frac{z_t}{\partial W}``
_LOWER_HALF = re.compile(
    rf"\\[dt]?frac\s*\{{(?P<of>\s*(?!\\partial(?![A-Za-z])){_ANY_NAME}\s*)\}}"
    rf"\s*\{{\s*\\partial(?![A-Za-z])\s*\{{?\s*{_ANY_NAME}\s*\}}?\s*\}}"
)
#: What divides a derivative: a count, a temperature, a rate.
_DIVIDES = frozenset("NnmMBTKDSde")


def with_whole_fractions(formula: Formula) -> Formula:
    r"""``formula`` with ``\frac{\partial L}{W}``, ``\frac{L}{\partial W}`` as derivatives by W."""
    if r"\partial" not in formula.latex:
        return formula
    edits: list[Edit] = [
        (m.start("by"), m.start("by"), r"\partial ")
        for m in _HALF.finditer(formula.latex) if m["by"].strip() not in _DIVIDES
    ]  # fmt: skip
    edits += [
        (m.start("of"), m.start("of"), r"\partial ") for m in _LOWER_HALF.finditer(formula.latex)
    ]
    return edited(formula, sorted(edits))


def with_lost_marks(formulas: Sequence[Formula]) -> list[Formula]:
    """``formulas`` with such marks put back."""
    texts = [f.latex for f in formulas]
    glued = any(map(_GLUED.search, texts))
    names = {m["name"] for t in texts for m in _SCRIPTED.finditer(t)} if glued else set[str]()
    short = any(_lacks_one(t) for t in texts)
    squared = {_letter(m["name"]) for t in texts for m in _BRACKETED.finditer(t)} if short else {}
    if not names and not squared:
        return list(formulas)
    out = []
    for formula in formulas:
        text = formula.latex
        edits: list[Edit] = [
            (m.start("at"), m.start("at"), "_") for m in _GLUED.finditer(text) if m["name"] in names
        ]
        if squared and _lacks_one(text):
            lone = [m for m in _unopened(text) if _letter(m["name"]) in squared]
            edits += [(m.start(), m.start(), "(") for m in lone if len(lone) == 1]
        out.append(edited(formula, edits))
    return out


def _letter(name: str) -> str:
    """The name without its step."""
    return re.split(r"[_^]", "".join(name.split()))[0]


def _lacks_one(text: str) -> bool:
    """Whether a bracket is closed that nothing opens."""
    return text.count(")") == text.count("(") + 1


def _unopened(text: str) -> Iterator[re.Match[str]]:
    """Squares of names whose bracket is not opened directly before them."""
    for m in _SQUARED.finditer(text):
        if not re.search(r"\((?:\\left\s*)?\s*$", text[max(0, m.start() - 12) : m.start()]):
            yield m
