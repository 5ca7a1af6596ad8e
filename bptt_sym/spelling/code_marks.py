r"""Gradients under the names that code gives them: ``dy``, ``dhraw``, ``dh_{next}``, ``\Delta W``.

Texts that read a program aloud keep its names. One of several letters, ``dhraw = (1 - h_t^2) dh``,
stands for what its line gives at step t, and so does ``dh_{raw}`` where ``h_{raw}`` stands nowhere;
``dh_{next}`` on the left is handed to the step before, whatever the word for what is added is;
``dby`` is the gradient by ``b_y``, and so is ``\Delta{by}`` where no rate of learning stands by it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import replaced
from bptt_sym.spelling.deltas import by_argument

_LEFT = r"(?:^|\\begin\s*\{[a-z]+\*?\}|\\\\(?:\s*\[[^\]]*\])?|\\q?quad(?![A-Za-z])|&|\n)\s*"
_EQUALS = r"(?=\s*&?\s*(?:\+\s*)?=(?!\s*-?\s*\\(?:eta|alpha|mu|epsilon)))"
#: ``dhraw =``, ``dZ =``, ``dh_{next} =``, ``dy =``
_GIVEN = re.compile(
    rf"{_LEFT}d(?P<name>[A-Za-z]{{1,8}})(?P<scripts>(?:\s*_\s*\{{[^{{}}]*\}})?){_EQUALS}"
)
_MARK = re.compile(r"(?<![A-Za-z\\{/_^])d(?P<name>[A-Za-z]{1,8})(?![A-Za-z0-9])(?!\s*[_^])")
#: ``dh_{next} = …``: what the step before gets.
_HANDED_ON = re.compile(
    rf"(?P<left>{_LEFT})d(?P<name>[a-zA-Z])\s*_\s*\{{\s*(?:\\(?:text|mathrm)\s*\{{\s*)?(?:next|prev)\s*"
    r"(?:\}\s*)?\}\s*&?\s*="
)
_TAKEN = re.compile(
    r"\+\s*d[a-z]\s*_\s*\{\s*(?:\\(?:text|mathrm)\s*\{\s*)?next\s*(?:\}\s*)?\}\s*[.,]?\s*$",
    re.MULTILINE,
)
#: ``dh_{raw}``: a word below, and no step.
_WORDED = re.compile(
    r"(?P<d>(?<![A-Za-z\\{/_^])d|(?<=\\partial )|(?<![A-Za-z\\]))(?P<name>[a-z])\s*_\s*\{\s*"
    r"(?:\\(?:text|mathrm)\s*\{\s*)?(?P<word>[a-z]{2,10})\s*(?:\}\s*)?\}(?!\s*[_^])"
)
#: ``dh_t = … + dh_{delta}``
_ADDS = re.compile(
    r"^\s*d(?P<name>[a-z])\s*(?:_\s*(?:t|\{\s*t\s*\}))?\s*&?\s*=[^=]*\+\s*d(?P=name)\s*_\s*\{\s*"
    r"(?:\\(?:text|mathrm)\s*\{\s*)?(?P<word>[a-z]{2,10})\s*(?:\}\s*)?\}\s*[.,]?\s*$",
    re.MULTILINE,
)
#: Words for the steps around, which are read elsewhere.
_NEIGHBOURS = frozenset("next prev future recurrent last first".split())
_CAPITAL = re.compile(r"(?<![A-Za-z\\])([A-Z])(?![A-Za-z])")
_PREVIOUS = re.compile(r"_\s*\{?\s*(?:\\(?:text|mathrm)\s*\{\s*)?prev")
_BIAS = re.compile(r"b(?P<of>[a-z])")
_DELTA = re.compile(
    rf"(?P<left>{_LEFT})\\Delta\s*(?:\{{\s*(?P<a>[WUVb][a-z]{{0,2}})\s*\}}|(?P<b>[WUVb]))"
    rf"(?P<scripts>(?:\s*_\s*(?:\{{[^{{}}]*\}}|[a-z]))?){_EQUALS}"
)
#: ``d\\hat{a}_t =``
_WITH_STEP = re.compile(
    rf"{_LEFT}(?P<mark>d|\\delta)\s*(?P<name>\\(?:hat|tilde|bar|overline)\s*\{{\s*[A-Za-z]\s*\}}|[a-zA-Z])"
    rf"\s*_\s*(?:t|\{{\s*t\s*\}}){_EQUALS}"
)
#: ``dZ_f``: by what stands inside the gate f, where no equation says what ``Z_f`` is.
_OF_A_GATE = re.compile(
    r"(?<![A-Za-z\\{/_^])d(?P<base>[ZzAaPp])\s*_\s*(?:\{\s*(?P<g>[fiogcCzrhn])\s*\}"
    r"|(?P<g1>[fiogcCzrhn])(?![A-Za-z]))(?!\s*[_^])"
)
_RATE = re.compile(r"\\(?:eta|alpha|mu)(?![A-Za-z])|learning")


@dataclass(frozen=True)
class CodeMarks:
    """The names that a text gives with ``d`` before them, and no step."""

    #: Names of several letters, or of one that nothing else has.
    aliases: frozenset[str]
    biases: frozenset[str]
    loss: str
    #: Whether ``prev`` is the step before, so that ``next`` is this one.
    inside: bool = False
    #: Whether ``… + dh_{next}`` takes what the step after has handed on.
    takes: bool = False
    #: Letters that stand before d with the letters of gates below, and alone nowhere.
    inner: frozenset[str] = frozenset()

    @classmethod
    def of(cls, texts: Sequence[str], loss: str) -> CodeMarks:
        every = "\n".join(texts)
        given = {m.group("name") for t in texts for m in _GIVEN.finditer(t) if not m["scripts"]}
        # dZ, where Z stands nowhere; beside a weight R, dR is the gradient by it
        runs = set(_CAPITAL.findall(every))
        aliases = {n for n in given if len(n) > 1 or (n.isupper() and n not in runs)}
        biases = {n for n in aliases if (b := _BIAS.fullmatch(n)) and re.search(
            rf"(?<![A-Za-z\\])b\s*_\s*\{{?\s*{b['of']}", every)}  # fmt: skip
        # dct is dc_t with its bar left out
        aliases = {n for n in aliases if len(n) != 2 or n[1] not in "tT0123456789"}
        weights = {n for n in aliases if n[0] in "WUV" or n in ("L", "J", "E", "x", "t")}
        inside = _PREVIOUS.search(every) is not None
        takes = _TAKEN.search(every) is not None
        gates: dict[str, set[str]] = {}
        for m in _OF_A_GATE.finditer(every):
            gates.setdefault(m["base"], set()).add(m["g"] or m["g1"])
        inner = {
            base for base, found in gates.items()
            if len(found) > 1
            and not re.search(rf"(?<![A-Za-z\\]){base}\s*_\s*\{{?\s*[fiogcCzrhn]\b", every)
        }  # fmt: skip
        return cls(
            frozenset(aliases - biases - weights), frozenset(biases), loss, inside, takes,
            frozenset(inner),
        )  # fmt: skip

    def written_out(self, formula: Formula) -> Formula:
        """``formula`` with such names under one that the reader knows."""
        new = replaced(formula, _HANDED_ON, self._handed_on)
        new = replaced(new, _MARK, self._named)
        new = replaced(new, _OF_A_GATE, self._of_a_gate)
        if not _RATE.search(new.latex):
            new = replaced(new, _DELTA, self._by)
        return replace(new, delta=True) if new.latex != formula.latex else formula

    def _named(self, m: re.Match[str]) -> str | None:
        name = m.group("name")
        if name in self.biases:
            return rf"\frac{{\partial {self.loss}}}{{\partial b_{{{name[1:]}}}}}"
        return rf"\mathrm{{d{name}}}_{{t}}" if name in self.aliases else None

    def _of_a_gate(self, m: re.Match[str]) -> str | None:
        if m["base"] not in self.inner:
            return None
        return rf"\frac{{\partial {self.loss}}}{{\partial {by_argument(m['g'] or m['g1'])}}}"

    def _handed_on(self, m: re.Match[str]) -> str | None:
        if not (self.aliases or self.takes) or self.inside:
            return None  # a cell seen from inside, which has names for both sides
        return rf"{m.group('left')}\frac{{\partial {self.loss}}}{{\partial {m['name']}_{{t-1}}}} +="

    def _by(self, m: re.Match[str]) -> str:
        name, scripts = m.group("a") or m.group("b"), m.group("scripts") or ""
        if len(name) > 1:
            name = f"{name[0]}_{{{name[1:]}}}"
        return rf"{m.group('left')}\frac{{\partial {self.loss}}}{{\partial {name}{scripts}}}"


def with_code_marks(formulas: Sequence[Formula], loss: str) -> list[Formula]:
    """``formulas`` with the names of code as gradients."""
    formulas = _with_words_as_names(formulas)
    texts = [f.latex for f in formulas]
    marks = CodeMarks.of(texts, loss)
    found = [marks.written_out(f) for f in formulas]
    given = {(m["mark"], m["name"]) for t in texts for m in _WITH_STEP.finditer(t)}
    for mark, name in sorted(given):
        found = _own_name(found, mark, name)
    return found


def _own_name(formulas: list[Formula], mark: str, name: str) -> list[Formula]:
    """``formulas`` with the gradient by what stands nowhere else as a name of its own."""
    alone = re.compile(
        rf"(?<![A-Za-z\\])(?P<d>(?:(?<![A-Za-z\\])d|\\delta)\s*)?{re.escape(name)}(?![A-Za-z])"
    )
    marks = {(m["d"] or "").strip() for f in formulas for m in alone.finditer(f.latex)}
    if marks != {mark}:
        return formulas
    word = "".join(re.findall(r"[A-Za-z]+", name))
    letter = re.compile(rf"(?<![A-Za-z\\]){word[-1]}\s*\}}?\s*_\s*(?:t|\{{\s*t)")
    if name != word and any(letter.search(alone.sub("", f.latex)) for f in formulas):
        return formulas  # \\bar{f}_t beside f_t: what the gate is the activation of
    marked = re.compile(rf"(?:(?<![A-Za-z\\])d|\\delta)\s*{re.escape(name)}(?![A-Za-z])")
    return [replaced(f, marked, lambda m: rf"\mathrm{{d{word}}}") for f in formulas]


def _with_words_as_names(formulas: Sequence[Formula]) -> list[Formula]:
    """``formulas`` with one way to write marks that have a word below them."""
    every = [(m, f) for f in formulas if "_" in f.latex for m in _WORDED.finditer(f.latex)]
    given = {(m["name"], m["word"]) for m, f in every if m["d"] and _is_given(m)}
    given = {key for key in given if key[1] not in _NEIGHBOURS}
    if not given:
        return list(formulas)
    added = {(m["name"], m["word"]) for f in formulas for m in _ADDS.finditer(f.latex)}
    bare = {(m["name"], m["word"]) for m, _ in every if not m["d"]}

    def named(m: re.Match[str]) -> str | None:
        key = m["name"], m["word"]
        if not m["d"] or key not in given:
            return None
        if key in added:
            return f"d{m['name']}_{{next}}"
        return None if key in bare else rf"\mathrm{{d{m['name']}{m['word']}}}_{{t}}"

    return [replaced(f, _WORDED, named) for f in formulas]


def _is_given(m: re.Match[str]) -> bool:
    """Whether the mark stands on the left of an equation."""
    before = re.search(rf"{_LEFT}$", m.string[: m.start()])
    return before is not None and re.match(_EQUALS, m.string[m.end() :]) is not None
