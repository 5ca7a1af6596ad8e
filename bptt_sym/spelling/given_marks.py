r"""Marks that an equation gives: :math:`\delta^{h_t} = \partial F_t/\partial h_t`.

Usually such a mark is the derivative of the loss by what stands at it. Where the text says which
quantity of its own it is the derivative of, the losses that are still to come for one, it is a
name for that, by a letter that nothing else has.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from bptt_sym.definitions.usage import LOSSES
from bptt_sym.documents.document import Formula
from bptt_sym.documents.names import Name, Script, names_in
from bptt_sym.documents.respelling import edited
from bptt_sym.read.vocabulary import plain_name

_BASES = (r"\delta", r"\Delta", r"\boldsymbol{\delta}", r"\mathbf{\delta}", r"\bm{\delta}")
_LETTERS = (r"\zeta", r"\vartheta", r"\upsilon", r"\varpi", r"\chi")
_STEP = re.compile(r"\(?\s*(?P<s>[a-zA-Z0-9]\s*(?:[-+]\s*[0-9])?)\s*\)?")
_LABEL = re.compile(r"(?:\\(?:text|mathrm|textrm)\s*\{\s*([A-Za-z])\s*\}|\(?\s*([A-Za-z])\s*\)?)")
#: ``= \frac{\partial F_t}{\partial h_t}`` or ``= \partial F_t / \partial h_t``, nothing behind it.
_GIVES = re.compile(
    r"\s*&?\s*(?::\s*)?=\s*&?\s*(?:\\[dt]?frac\s*\{\s*(?:\\partial|d)\s*"
    r"(?P<of>[^{}]+?|[^{}]*\{[^{}]*\}[^{}]*)\}\s*\{\s*(?:\\partial|d)\s*(?P<by>(?:[^{}]|\{[^{}]*\})+)\}"
    r"|\\partial\s*(?P<of1>[^=/]+?)/\s*\\partial\s*(?P<by1>[^=,;]+?))"
    r"\s*(?:\\[,;:! ]\s*)*(?=[.,;]|\\\\|&|=|\\q?quad|\\end|$)"
)
_BEGINS = re.compile(r"(?:\A|\\\\|\\q?quad|[,;]|\\begin\s*\{[a-z]+\*?\})[\s&]*\Z")
#: ``F_t =``
_DEFINES = re.compile(r"(?:[_^]\s*(?:\{[^{}]*\}|[A-Za-z0-9]))*\s*&?\s*:?\s*=")


class _Mark(NamedTuple):
    """A mark: the type and letter of its variable, its step as it stands, and its place."""

    base: str
    variable: str
    step: str
    start: int
    end: int


def with_letters_for_given_marks(
    formulas: Sequence[Formula],
) -> tuple[list[Formula], dict[str, str]]:
    """``formulas`` with a letter for each such mark, and which mark that is."""
    if not any("elta" in f.latex for f in formulas):
        return list(formulas), {}
    given = {key for f in formulas for key in _given(f.latex, formulas)}
    taken = {n.base for f in formulas for n in names_in(f.latex)}
    free = [k for k in _LETTERS if k not in taken]
    if not given or len(given) > len(free):
        return list(formulas), {}
    letters = dict(zip(sorted(given), free, strict=False))
    out = [
        edited(f, [(m.start, m.end, f"{letters[m.base, m.variable]}_{{{m.step}}}")
                   for m in _marks(f.latex) if (m.base, m.variable) in letters])
        for f in formulas
    ]  # fmt: skip
    return out, {new: f"{base}^{{{of}}}" for (base, of), new in letters.items()}


def _marks(text: str) -> Iterator[_Mark]:
    for n in names_in(text):
        if n.base in _BASES and (found := _read(n)) is not None:
            yield _Mark(n.base, *found, n.start, n.close)


def _read(mark: Name) -> tuple[str, str] | None:
    """The variable of a mark and its step: ``^{h_t}``, ``_{h_t}``, ``_t^{\\text{h}}``."""
    scripts = [s for s in mark.scripts if s.kind in "_^"]
    if len(scripts) == 1:
        inside = names_in(scripts[0].inside)
        own = inside[0] if inside else None
        if own is None or own.start or own.close != len(scripts[0].inside):
            return None
        steps = [s for s in own.scripts if s.kind in "_^"]
        step = _step(steps[0]) if len(steps) == 1 else ""
        return (plain_name(own.base), step) if step and own.scripts == tuple(steps) else None
    if len(scripts) != 2:
        return None
    for label, at in (scripts, scripts[::-1]):
        named, step = _LABEL.fullmatch(label.inside), _step(at)
        variable = (named[1] or named[2]) if named else ""
        if variable and variable != "T" and step and label.kind == "^":
            return variable, step
    return None


def _step(script: Script) -> str:
    found = _STEP.fullmatch(script.inside)
    return found["s"] if found else ""


def _given(text: str, formulas: Sequence[Formula]) -> Iterator[tuple[str, str]]:
    """The marks that ``text`` gives as a derivative of what another line gives."""
    for m in _marks(text):
        gives = _GIVES.match(text, m.end)
        if gives is None or _BEGINS.search(text, 0, m.start) is None:
            continue
        of, by = (names_in(gives[k] or gives[f"{k}1"] or "") for k in ("of", "by"))
        if not of or not by or plain_name(by[0].base) != m.variable:
            continue
        name = of[0].base
        if plain_name(name) in LOSSES or not _is_defined(name, formulas):
            continue
        yield m.base, m.variable


def _is_defined(name: str, formulas: Sequence[Formula]) -> bool:
    return any(
        n.base == name
        and _BEGINS.search(f.latex, 0, n.start) is not None
        and _DEFINES.match(f.latex, n.end) is not None
        for f in formulas
        for n in names_in(f.latex)
    )
