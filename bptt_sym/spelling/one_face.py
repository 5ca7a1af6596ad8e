r"""Letters that a text sets in bold here and plain there: ``z_t = …`` and ``f(\boldsymbol{z}_k)``.

Bold tells a vector from its entries, or one thing from another of the same letter. Where a text
does neither, the two are one: it gives only one of them an equation, or both the same one, and
nothing that it computes has both at one step. What stands plain with letters of units only is the
entries of what is bold. Both become plain, and entries bold.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence

from bptt_sym.definitions.completion import Mention, mentions
from bptt_sym.documents.document import Formula
from bptt_sym.documents.gate_letters import NO_GATES
from bptt_sym.documents.names import Name, names_in
from bptt_sym.documents.respelling import edited, replaced
from bptt_sym.errors import InputError
from bptt_sym.read.tokens import tokenize
from bptt_sym.spelling.units import as_vectors

_BOLD = re.compile(r"\\(?:mathbf|boldsymbol|bm|pmb)\{([A-Za-z])\}")
#: What stands before the name that an equation gives: the beginning of a row.
_ROW_START = re.compile(r"(?:^|\\\\|\\begin\s*\{[a-z]+\*?\}(?:\s*\{[lcr]+\})?|\\q?quad|,)[\s&]*$")
_ROW_END = re.compile(r"\\\\|\\q?quad|\\end(?![A-Za-z])")
_DIFFERENTIATES = re.compile(r"\\partial|\\nabla|∂|\\frac\s*\{\s*d")
_EQUALS = re.compile(r"[\s&]*=")
#: A letter that is a bound or a size: a number, whatever is bold of the same letter.
_NUMBER = re.compile(
    r"(?:\^|\\times)\s*\{?\s*([A-Z])(?![A-Za-z])|([A-Z])\s*\}?\s*\\times|=\s*[01]\s*[^=]{0,30}?"
    r"\\[lc]?dots[^=]{0,12}?([A-Z])(?![A-Za-z])"
)


_UNIT = "[ijklmpq]{1,2}"
#: ``\\vec{h}``, ``\\underline{h}``: a vector.
_ARROW = re.compile(
    r"\\(?:vec|underline)(?:\s*\{\s*(?P<name>[A-Za-z]|\\[a-z]+)\s*\}|\s+(?P<letter>[A-Za-z])|"
    r"\s*(?P<greek>\\[a-z]+))(?![A-Za-z])"
)
#: A nabla with an arrow or in bold: of what it is, its script says.
_BOLD_NABLA = re.compile(
    r"\\(?:vec|mathbf|boldsymbol|bm)\s*(?:\{\s*\\nabla\s*\}|\\nabla(?![A-Za-z]))"
)
_ANY_BOLD = re.compile(r"\\(?:mathbf|boldsymbol|bm|pmb)\s*\{?\s*(?P<name>[A-Za-z]|\\[a-z]+)")


def with_bold_for_arrows(formulas: Sequence[Formula]) -> list[Formula]:
    """``formulas`` with one sign for vectors: bold for arrows above and lines below.

    A letter that stands in bold as well keeps its arrow, and all do where others point back.
    """
    formulas = [replaced(f, _BOLD_NABLA, lambda m: r"\nabla ") for f in formulas]
    if any("leftarrow" in f.latex for f in formulas):
        return formulas
    bold = {m["name"] for f in formulas for m in _ANY_BOLD.finditer(f.latex)}

    def new(m: re.Match[str]) -> str | None:
        name = m["name"] or m["letter"] or m["greek"]
        return None if name in bold else rf"\mathbf{{{name}}}"

    return [replaced(f, _ARROW, new) for f in formulas]


class _Faces:
    """How the letters of a text stand in it."""

    def __init__(self, formulas: Sequence[Formula]) -> None:
        #: By letter and whether it is bold: the steps it stands at, and whether bare.
        self.steps: dict[tuple[str, bool], set[str]] = defaultdict(set)
        #: The right sides of their equations, without fonts.
        self.given: dict[tuple[str, bool], set[str]] = defaultdict(set)
        self.apart: set[str] = set()
        self.numbers: set[str] = set()
        #: Letters that stand plain as entries, and those that do as anything else.
        self.entries: set[str] = set()
        self.whole: set[str] = set()
        for formula in formulas:
            text = formula.latex
            for n in names_in(text):
                if len(n.base) == 1:
                    (self.entries if _has_units(n) else self.whole).add(n.base)
            self.numbers |= {k for m in _NUMBER.finditer(text) for k in m.groups() if k}
            here: dict[str, dict[bool, set[str]]] = defaultdict(lambda: {True: set(), False: set()})
            for m, letter, bold in _letters(text):
                self.steps[letter, bold].add(m.step)
                here[letter][bold].add(m.step)
                starts = formula.display and _ROW_START.search(text[: m.start])
                if starts and _EQUALS.match(text, m.close):
                    right = text[m.close :]
                    if not bold and r"\sum" in text:
                        right = as_vectors(formula, NO_GATES).latex.partition("=")[2]
                    self.given[letter, bold].add(_faceless(right))
            if not _DIFFERENTIATES.search(text):
                self.apart |= {k for k, faces in here.items() if faces[True] & faces[False]}

    def one(self) -> frozenset[str]:
        """The letters of which bold and plain are the same."""
        both = {letter for letter, bold in self.steps if bold and (letter, False) in self.steps}
        one = {letter for letter in both - self.apart if self._are_one(letter)}
        while True:
            # Of two equations that look the same, each may be about its own kind of letters.
            two = {k for k in one if self.given[k, True] and self.given[k, False]
                   if any((both - one) & set(right) for right in self.given[k, True])}  # fmt: skip
            if not two:
                return frozenset(one)
            one -= two

    def _are_one(self, letter: str) -> bool:
        bold, plain = self.steps[letter, True], self.steps[letter, False]
        if any(_is_step(s) for s in bold) and any(_is_step(s) for s in plain):
            first, second = self.given[letter, True], self.given[letter, False]
            return not first or not second or not first.isdisjoint(second)
        if letter in self.entries - self.whole:
            return True  # the entries of what is bold
        weights = letter == "b" or (letter.isupper() and letter not in self.numbers)
        return weights and not any(map(_is_step, bold | plain)) and bool(bold & plain)


def _has_units(name: Name) -> bool:
    """Whether it carries letters of units, beside a step or none."""
    below = " ".join(s.inside for s in name.scripts if s.kind in "_^")
    return bool(re.search(rf"(?<![A-Za-z\\])(?:{_UNIT})(?![A-Za-z])", below))


def _faceless(text: str) -> str:
    """What stands behind a left side, up to the end of its row, without fonts and space."""
    row = _ROW_END.split(text, maxsplit=1)[0]
    bare = re.sub(r"\s|&|\\[,;:! ]", "", _BOLD.sub(r"\1", row)).strip(".,;=")
    return re.sub(r"(?<=[A-Za-z])\((t(?:-1)?)\)", r"_{\1}", bare)


def _is_step(step: str) -> bool:
    return step not in ("", "name")


def _letters(text: str) -> Iterator[tuple[Mention, str, bool]]:
    try:
        found = list(mentions(text, tokenize(text)))
    except InputError:
        return
    for m in found:
        name = m.name.replace(" ", "")
        if bold := _BOLD.fullmatch(name):
            yield m, bold.group(1), True
        elif len(name) == 1 and name.isalpha():
            yield m, name, False


def with_one_face(formulas: Sequence[Formula]) -> list[Formula]:
    """The formulas, with the letters plain that the text sets in bold or not as it comes."""
    if not any(r"\mathbf" in f.latex or r"\bo" in f.latex or r"\bm" in f.latex for f in formulas):
        return list(formulas)
    faces = _Faces(formulas)
    one = faces.one()
    entries = one & (faces.entries - faces.whole)
    plain = [_plain(f, one - entries) for f in formulas] if one else list(formulas)
    return [_bold(f, entries) for f in plain] if entries else plain


def _bold(formula: Formula, letters: frozenset[str]) -> Formula:
    """``formula`` with the entries of what is bold in bold: ``\\mathbf{h}_j``."""
    found = [
        (n.start, n.end, rf"\mathbf{{{n.base}}}")
        for n in names_in(formula.latex) if n.base in letters and _has_units(n)
    ]  # fmt: skip
    return edited(formula, found) if found else formula


def _plain(formula: Formula, letters: frozenset[str]) -> Formula:
    found = [
        (m.start, m.end, letter)
        for m, letter, bold in _letters(formula.latex)
        if bold and letter in letters
    ]
    return edited(formula, found) if found else formula
