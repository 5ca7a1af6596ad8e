"""Definitions that a document writes down, line by line."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace

from bptt_sym.definitions.outline import Kind, Row, applied, outline
from bptt_sym.definitions.usage import LOSSES
from bptt_sym.documents.document import PROSE, Formula
from bptt_sym.errors import InputError
from bptt_sym.notation import FUNCTIONS
from bptt_sym.read.vocabulary import plain_name

_DECORATED = re.compile(r"\\[A-Za-z]+\{(.*)\}$")


_RUNS = (
    r"\\?[A-Za-z]+(?:\{[^{}]*\})?\s*"
    r"(?:_\s*(?:\{\s*t\s*(?:-\s*1\s*)?\}|t)|\^\s*\{\s*[(<]t(?:-1)?[)>]\s*\})"
)
#: ``f(h_{t-1}, x_t)``: a function of what runs, without its parameters.
_GENERAL = re.compile(
    rf"(?:[fgF]|\\(?:phi|Phi|mathcal\s*\{{\s*[A-Z]\s*\}}|(?:text|mathrm)\s*\{{\s*[A-Za-z]+\s*\}}))\s*"
    rf"(?:\\left\s*)?\(\s*{_RUNS}\s*,\s*{_RUNS}\s*(?:\\right\s*)?\)"
)


#: Functions that a text leaves open.
_UNKNOWN = ("f", "g", "F", "G", r"\phi", r"\varphi", r"\psi")
_NAMED = re.compile(
    r"(?:(?P<hat>\\(?:wide)?hat\s*\{?\s*(?:\\[a-z]+\{)?)|(?<![A-Za-z\\]))(?P<of>[a-z])\}*(?=[_^])"
)


@dataclass(frozen=True)
class Definition:
    """One line of a model: its LaTeX, the name it defines, and what its right side mentions."""

    kind: Kind
    name: str
    text: str
    mentions: frozenset[str]
    #: Whether it stands in a sentence: a displayed definition of the same name replaces it.
    soft: bool = False
    #: The section of the document that it stands in.
    section: int = field(default=-1, compare=False)

    @property
    def key(self) -> str:
        """What a second definition of would be a redefinition."""
        marks = {Kind.INITIAL: " at the start", Kind.TOTAL: " of the run"}
        return self.name + marks.get(self.kind, "")

    @property
    def base(self) -> str:
        """The letter under accents and before scripts, as it is mentioned elsewhere."""
        return base_letter(self.name)

    @property
    def is_general(self) -> bool:
        """Whether it says no more than of what it is a function: ``h_t = f(h_{t-1}, x_t)``."""
        return _GENERAL.fullmatch(self.right.strip().rstrip(".,;")) is not None

    @property
    def is_unknown(self) -> bool:
        """Whether it says of what it is a function, and not which: ``y_t = f(h_t)``."""
        found = applied(self.right.strip().rstrip(".,;"))
        return found is not None and found[0].startswith(_UNKNOWN)

    @property
    def names(self) -> frozenset[str]:
        """The names on its right side that stand with the step or without, as canonical text."""
        return frozenset(
            f"\\hat{{{m.group('of')}}}" if m.group("hat") else m.group("of")
            for m in _NAMED.finditer(self.right)
        )

    @property
    def function(self) -> str:
        """The name that it gives to a function, "" if it does not."""
        return self.name if self.kind is Kind.FUNCTION else ""

    @property
    def gates(self) -> bool:
        """Whether it gives a gate by the logistic function."""
        gate = self.kind is Kind.SEQUENCE and self.base in ("f", "i", "o", "r", "u", "z")
        return gate and self.right.lstrip().startswith((r"\sigma", "σ", "sigma"))

    @property
    def returns(self) -> bool:
        """Whether its own value of the step before stands on the right."""
        before = r"\}*(?:_|\^|\()\{?[(<]?(?:\\langle)?t-"
        return re.search(rf"(?<![A-Za-z]){re.escape(self.base)}{before}", self.right) is not None

    @property
    def recursive(self) -> bool:
        """Whether it defines a sequence by itself: ``W_i`` in the equation of i is no mention."""
        own = rf"(?<![_^])(?<![_^]\{{){re.escape(self.base)}\}}*(?:_|\^|'|\((?:t|k|i|n)[-)])"
        mentioned = self.kind is Kind.SEQUENCE and self.base in self.mentions
        return mentioned and re.search(own, self.right) is not None

    @property
    def right(self) -> str:
        """The right side of :attr:`plain`."""
        return self.plain.partition("=")[2]

    @property
    def plain(self) -> str:
        """The text without the space and column marks in it, to recognise a restatement."""
        return re.sub(r"[\s&]|\\[,;:! ]|\\q?quad", "", self.text).rstrip(".,;")


def base_letter(name: str) -> str:
    r"""``c`` for ``\tilde{c}``, ``h`` for ``h^{(1)}``, ``\delta`` for itself."""
    while match := _DECORATED.match(name):
        name = match.group(1)
    return re.split(r"[_^']", name)[0]


def definition_of(row: Row, formula: Formula | None = None) -> Definition:
    """The definition that a row is, by its first right side."""
    soft = formula is not None and formula.environment == PROSE
    kind = Kind.SEQUENCE if row.kind is Kind.VALUE else row.kind
    if row.kind is Kind.VALUE and is_a_loss_of_a_step(row):
        kind = Kind.TOTAL
    mentions = row.mentions
    if row.says_what_a_function_is:
        mentions = frozenset(t.text for t in row.chain.sides[2] if t.kind == "word")
    section = formula.section if formula is not None else -1
    return Definition(kind, row.name, row.definition(), mentions, soft, section)


def definitions_of(row: Row, formula: Formula) -> list[Definition]:
    r"""What a row defines: ``a_t = \tanh(z_t) = \tanh(W h_{t-1} + b)`` both z and a."""
    whole = [definition_of(row, formula)]
    if (found := _of_the_last_step(row, formula) or _of_two_names(row, formula)):
        return found
    if each := _of_each_step(row):
        lines = definitions_for(formula, *each)
        return lines if len(lines) == 2 else whole
    if row.says_what_a_function_is and (own := _of_its_own(row)):
        lines = definitions_for(formula, *own)
        return lines if len(lines) == 2 else whole
    said = row.argument
    if said is None:
        return whole
    name, inner = said
    function = row.text[row.chain.sides[1][0].start : row.chain.sides[1][1].start]
    left = row.text[row.chain.sides[0][0].start : row.chain.sides[0][-1].end]
    found = definitions_for(formula, f"{name} = {inner}", f"{left} = {function}({name})")
    return found if all(d.kind is Kind.SEQUENCE for d in found) else whole


def definitions_in(rows: Sequence[Row], formula: Formula) -> list[Definition]:
    r"""What rows define; ``a_t &= \tanh(W h + b) \\ &= \tanh(z_t)`` both z and a."""
    out: list[Definition] = []
    before: Row | None = None
    for row in rows:
        both = _of_an_argument(before, row, formula) if row.continues and before else []
        if both:
            out = [d for d in out if d.name != row.name]
        out += both or definitions_of(row, formula)
        before = row
    return out


def _of_an_argument(first: Row, second: Row, formula: Formula) -> list[Definition]:
    if first.name != second.name or first.kind is not Kind.SEQUENCE:
        return []
    line = f"{first.definition()} = {second.definition().partition('=')[2]}"
    (row,) = outline(_part(formula, line)).rows
    return definitions_of(row, formula) if row.argument is not None else []


def _part(formula: Formula, line: str) -> Formula:
    return replace(formula, latex=line, offsets=[formula.offsets[0]] * (len(line) + 1))


#: ``\\sum_{t=1}^T L_t``, and a sum with the same range.
_SUM = re.compile(
    r"\s*(?P<sign>-)?\s*(?P<range>\\sum(?:\\limits)?\s*(?:[_^]\s*(?:\{[^{}]*\}|[A-Za-z])\s*){0,2})"
    r"(?P<body>.*)",
    re.DOTALL,
)
_STEP_LOSS = re.compile(
    r"\s*(?:[LEJCl]|\\ell|\\(?:mathcal|mathrm)\s*\{\s*[A-Za-z]+\s*\})\s*"
    r"(?:_\s*(?:\{\s*t\s*\}|t)|\^\s*\{\s*\(t\)\s*\})\s*"
)


def _of_each_step(row: Row) -> tuple[str, str] | None:
    r"""``L = \sum_t L_t = \sum_t (…)`` as what ``L_t`` is, and ``L = \sum_t L_t``."""
    if row.kind is not Kind.TOTAL or len(row.chain.sides) != 3 or row.differentiates:
        return None
    left, *sums = (row.text[s[0].start : s[-1].end] for s in row.chain.sides)
    first, second = (_SUM.fullmatch(s) for s in sums)
    if first is None or second is None or not _STEP_LOSS.fullmatch(first.group("body")):
        return None
    if re.sub(r"[\s{}]", "", first.group("range")) != re.sub(r"[\s{}]", "", second.group("range")):
        return None
    value = f"{second.group('sign') or ''}{second.group('body')}"
    return f"{first.group('body')} = {value}", f"{left} = {sums[0]}"


def _of_its_own(row: Row) -> tuple[str, str] | None:
    r"""``h_t = f(z_t) = \tanh(z_t)`` as ``f = \tanh`` and ``h_t = f(z_t)``."""
    sides = [row.text[s[0].start : s[-1].end] for s in row.chain.sides]
    first, second = applied(sides[1]), applied(sides[2])
    if first is None or second is None or first[1] != second[1]:
        return None
    return f"{first[0]} = {second[0]}", f"{sides[0]} = {sides[1]}"


#: The letter of the last step below the loss.
_LAST_LOSS = re.compile(
    r"\s*(?P<total>[A-Za-z]+|\\[A-Za-z]+(?:\s*\{\s*[A-Za-z]+\s*\})?)\s*&?=\s*"
    r"(?P<loss>[A-Za-z]+|\\[A-Za-z]+(?:\s*\{\s*[A-Za-z]+\s*\})?)\s*_\s*(?:\{\s*(?:T|\\tau|N|n)\s*\}|[TnN]|\\tau)"
    r"\s*&?=\s*(?P<value>.+)",
    re.DOTALL,
)


def _of_the_last_step(row: Row, formula: Formula) -> list[Definition]:
    r"""``L = l_T = \frac{1}{2} (a - y)^2``: the loss of a step, and that of the run, its last."""
    match = _LAST_LOSS.fullmatch(row.latex) if len(row.chain.sides) == 3 else None
    if match is None or {plain_name(match.group("total")), plain_name(match.group("loss"))} - {
        *LOSSES
    }:
        return []
    step, total = match.group("loss"), match.group("total")
    lines = f"{step}_{{t}} = {match.group('value')}", f"{total} = {step}_{{T}}"
    return definitions_for(formula, *lines)


def _of_two_names(row: Row, formula: Formula) -> list[Definition]:
    r"""``h_t = y_t = o_t \odot \tanh(c_t)``: what y_t is, and that h_t is the same."""
    sides = row.chain.sides
    if row.kind is not Kind.SEQUENCE or len(sides) != 3 or set(row.chain.ops) != {"="}:
        return []
    if any(t.text in ("(", "[") or t.kind == "sep" for t in sides[1]):
        return []  # a function of several things
    if sides[1][0].text in row.text[sides[2][0].start : sides[2][-1].end]:
        return []
    left, middle, value = (row.text[s[0].start : s[-1].end] for s in sides)
    try:
        found = definitions_for(formula, f"{middle} = {value}", f"{left} = {middle}")
    except InputError:
        return []
    return found if all(d.kind is Kind.SEQUENCE for d in found) else []


def definitions_for(formula: Formula, *lines: str) -> list[Definition]:
    """The definitions that ``lines``, which stand for parts of ``formula``, are."""
    out = []
    for line in lines:
        (own,) = outline(_part(formula, line)).rows
        out.append(definition_of(own, formula))
    return out


_DEFINES = frozenset({Kind.SEQUENCE, Kind.INITIAL, Kind.TOTAL, Kind.FUNCTION})


def is_a_loss_of_a_step(row: Row) -> bool:
    """``L = \\frac12 (y_3 - y_3^*)^2``"""
    return row.name in LOSSES and re.search(r"_\s*\{?\s*[1-9T]", row.latex) is not None


def may_define(row: Row, formula: Formula, runs: Collection[str]) -> bool:
    """Whether the form of a row is that of a definition, with its steps left out or not.

    ``runs`` are the names that run in time.
    """
    if row.kind is Kind.INITIAL and any(t.kind in ("_", "open") for t in row.chain.sides[1]):
        return False  # h_0 = f(x_0, …): how the run begins, in names of its own
    if row.kind is not Kind.VALUE:
        return row.kind in _DEFINES
    few = len(row.mentions - FUNCTIONS) < 2 and not row.has_step
    if not formula.display and few and not is_a_loss_of_a_step(row):
        return False  # "the derivative of y = tanh(x) is 1 - y^2" is about tanh
    if not formula.display and row.chain.sides[1][0].kind == "open":
        return False  # "a sample has X = [a, b, c]" lists its values
    return any(plain_name(m) in runs for m in row.mentions) and row.name not in FUNCTIONS
