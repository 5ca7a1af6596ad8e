"""One respelling of a document: its function, and what of the document it is given.

A pass takes every formula at once where one must know of the others (which names run, what is a
loss), and each alone where not.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from bptt_sym.documents.document import Document, Formula
from bptt_sym.spelling.shorthand import loss_of

_Formulas: TypeAlias = Sequence[Formula]


@dataclass
class Spelling:
    """A document on its way: its formulas as far as they are respelt, and what was found in them.

    ``loss`` is the name that the formulas give to the loss, ``letters`` the letters that were put
    for those of the text (new: the text's own), ``marked`` the texts before shorthand such as
    δ_t was written out, ``lengths`` the lengths that a walk through numbered steps has shown,
    and ``piecewise`` whether a step is differentiated piece by piece.
    """

    document: Document
    formulas: list[Formula]
    loss: str = ""
    letters: dict[str, str] = field(default_factory=dict)
    marked: list[str] = field(default_factory=list)
    lengths: frozenset[int] = frozenset()
    piecewise: bool = False

    @property
    def texts(self) -> list[str]:
        """The formulas as text."""
        return [f.latex for f in self.formulas]


class Pass(NamedTuple):
    """One respelling, by the name of its function."""

    name: str
    run: Callable[[Spelling], None]


def each(function: Callable[[Formula], Formula]) -> Pass:
    """A pass that looks at one formula alone."""

    def run(s: Spelling) -> None:
        s.formulas = [function(f) for f in s.formulas]

    return Pass(function.__name__, run)


def together(function: Callable[[_Formulas], list[Formula]]) -> Pass:
    """A pass that compares the formulas of the document."""

    def run(s: Spelling) -> None:
        s.formulas = function(s.formulas)

    return Pass(function.__name__, run)


def by_words(function: Callable[[_Formulas, str], list[Formula]]) -> Pass:
    """A pass that also looks into the words between the formulas."""

    def run(s: Spelling) -> None:
        s.formulas = function(s.formulas, s.document.sentences)

    return Pass(function.__name__, run)


def by_source(function: Callable[[_Formulas, str], list[Formula]]) -> Pass:
    """A pass that also looks into the whole text, formulas and all."""

    def run(s: Spelling) -> None:
        s.formulas = function(s.formulas, s.document.told)

    return Pass(function.__name__, run)


def by_loss(function: Callable[[_Formulas, str], list[Formula]]) -> Pass:
    """A pass that must know which name is the loss."""

    def run(s: Spelling) -> None:
        s.formulas = function(s.formulas, s.loss)

    return Pass(function.__name__, run)


def lettered(
    function: Callable[[_Formulas], tuple[list[Formula], dict[str, str]]],
) -> Pass:
    """A pass that puts other letters, and says which."""

    def run(s: Spelling) -> None:
        s.formulas, letters = function(s.formulas)
        s.letters |= letters

    return Pass(function.__name__, run)


def _the_loss(s: Spelling) -> None:
    s.loss = loss_of("\n".join(s.texts))


#: The name of the loss, to be looked for again once it may have another.
THE_LOSS = Pass("loss_of", _the_loss)
