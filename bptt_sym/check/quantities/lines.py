r"""The lines of a document that are about quantities without time, as expressions.

A name may carry a number or a label, :math:`z_1`, :math:`W^{(2)}`, :math:`x_{in}`. One with a step,
a unit or a layer, :math:`h_t`, :math:`w_{ij}`, :math:`a^{l-1}`, belongs to something else, and so
does a formula in which such a one stands.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

from bptt_sym.check.quantities.marks import EXAMPLES, with_derivatives_for_marks
from bptt_sym.definitions.outline import Row, is_relation, outline
from bptt_sym.documents.document import PROSE, Formula
from bptt_sym.documents.names import Name, names_in
from bptt_sym.documents.respelling import Edit, edited, replaced, without_long_blanks
from bptt_sym.errors import BpttError
from bptt_sym.notation import (
    CIRCULAR,
    FUNCTIONS,
    At,
    Call,
    Claim,
    D,
    Fn,
    Idx,
    Node,
    Num,
    Pow,
    Prod,
    Sum,
    Sym,
    substitute_index,
    walk,
)
from bptt_sym.read import Vocabulary, read_claims, recurrence_from_latex
from bptt_sym.read.vocabulary import ACTIVATIONS, plain_name
from bptt_sym.recurrence import Recurrence
from bptt_sym.spelling.braces import without_labels_of_braces
from bptt_sym.spelling.escapes import without_escapes
from bptt_sym.spelling.exported import as_meant
from bptt_sym.spelling.handwriting import as_written
from bptt_sym.spelling.signs import with_one_transpose, with_usual_signs
from bptt_sym.spelling.typography import plainly_set

#: Letters that a text may have for the variable t, which is a step elsewhere.
_FOR_T = (r"\varsigma", r"\upsilon", r"\varpi", r"\vartheta", r"\chi")
#: A script that leaves a name one of a fixed few: a number, a label, a transpose, a power.
_LABEL = r"[0-9]+|[A-Za-z]{2,}|\\(?:text|mathrm|rm|textrm)\s*\{\s*[A-Za-z]+\s*\}|[xyhobzs]"
_BELOW = re.compile(rf"\s*(?:{_LABEL})(?:\s*,?\s*[0-9])?\s*")
_ABOVE = re.compile(
    r"\s*(?:-?\s*[0-9]+|T|\\(?:text|mathrm|mathsf|rm)\s*\{\s*T\s*\}|\\top|\\intercal|\\prime|'|\*|-\s*T"
    r"|\(\s*[0-9]\s*\)|\[\s*[0-9]\s*\]|-?\s*\\frac\s*\{?\s*[0-9]\s*\}?\s*\{?\s*[0-9]\s*\}?|[0-9]\s*/\s*[0-9])\s*"
)
_SCRIPT = re.compile(r"\s*(?P<sign>[_^])\s*(?P<of>\{[^{}]*\}|[A-Za-z])")
#: The sum over the examples of a batch.
_OVER_EXAMPLES = re.compile(
    r"\\sum\s*(?:\\limits\s*)?_\s*(?:\{\s*(?:\\(?:text|mathrm|rm)\s*\{\s*)?"
    r"(?:batch|examples?|samples?|axis\s*=\s*0)\s*\}?\s*\}|\\text\s*\{\s*(?:batch|examples?|samples?)\s*\})"
)
#: ``w, b, x \\to`` before the first equation of a graph.
_INPUTS = re.compile(
    r"^\s*(?:[A-Za-z](?:_[0-9])?\s*,\s*)+[A-Za-z](?:_[0-9])?\s*\\(?:to|rightarrow)(?=\s+[a-z]\w*\s*=)"
)
#: ``A^{[1]T}``
_TURNED = re.compile(
    r"(?P<x>(?<![A-Za-z\\])d?[A-Za-z]|\\(?:hat|mathbf|boldsymbol|delta)\s*(?:\{[^{}]*\})?)\s*"
    r"\^\s*\{\s*(?P<of>[\[(]\s*[0-9]\s*[\])])\s*,?\s*(?:T|\\top|\\intercal)\s*\}"
)
_OF = (
    r"(?:\\(?:hat|mathbf|bar|tilde|boldsymbol)\s*\{\s*(?:\\mathbf\s*\{\s*)?[A-Za-z]\s*\}?\s*\}"
    r"|\\(?:hat|bar|tilde)\s+[A-Za-z](?![A-Za-z])|[A-Za-z])"
)
_OVER_K = (
    r"(?:\\sum\s*(?:\\limits\s*)?_\s*(?:\{\s*[a-z]\s*(?:=\s*[01]\s*)?\}|[a-z])\s*"
    r"(?:\^\s*(?:\{[^{}]{1,12}\}|[A-Za-z])\s*)?){1,2}"
)
_K = r"\s*_\s*(?:\{\s*[a-z]\s*,?\s*[a-z]?\s*\}|[a-z])\s*"
#: ``\\sum_k y_k \\log \\hat y_k``, ``\\sum_k (y_k - \\hat y_k)^2``: sums over all entries.
_CLASSES = re.compile(
    rf"{_OVER_K}(?P<a>{_OF}){_K}(?:\\cdot|\\,|\\;)?\s*\\(?:log|ln)\s*(?:\\left\s*)?(?P<o>\()?\s*"
    rf"(?P<b>{_OF}){_K}(?(o)(?:\\right\s*)?\))"
)
_DISTANCES = re.compile(
    rf"{_OVER_K}(?:\\left\s*)?\(\s*(?P<a>{_OF}){_K}-\s*(?P<b>{_OF}){_K}(?:\\right\s*)?\)\s*\^\s*\{{?\s*2\s*\}}?"
)
#: What may be counted: the letters of steps, units and layers.
_COUNTS = re.compile(r"(?<![A-Za-z\\])(?:[tTijklnm]|\\(?:tau|ell))(?![A-Za-z])")
#: The letters of steps of time.
IN_TIME = re.compile(r"(?<![A-Za-z\\])t(?![A-Za-z])|\\tau(?![A-Za-z])")
_GIVES = re.compile(r"\s*&?\s*(?:=|:=|\\equiv)")
_BEGINS = re.compile(r"(?:^|\\\\|,|\\q?quad|\})\s*&?\s*\Z")
_MARK = re.compile(r"\\(?:partial|nabla)|∂|\\frac\s*\{\s*\{?\s*d|[A-Za-z]\s*'|\\prime")
#: Functions that a text may define or leave open, where they stand before a bracket.
_LETTERS = frozenset(r"f g h F G H \phi \varphi \psi \sigma".split())
#: ``s(z) = …``
_GIVEN = re.compile(
    r"(?:^|[,;&$]|\\\\|\\q?quad|\\(?:implies|Rightarrow)|\{(?:align|equation)\*?\})\s*(?P<f>[a-zA-Z])\s*"
    r"\(\s*[a-z]\s*\)\s*&?\s*="
    r"|(?<![A-Za-z\\])(?P<slope>[a-z])\s*'\s*\("
)
_FUNCTION = re.compile(
    r"(?<![A-Za-z\\])(?P<f>[A-Za-z]|\\(?:phi|varphi|psi|sigma))\s*(?:'|\^\s*\{?\s*\\prime\s*\}?)*"
    r"\s*(?:\\left\s*)?\((?=(?P<of>[^()]*))"
)
_APPLIED = re.compile(
    r"\s*(?P<f>[A-Za-z]|\\[a-z]+|\\(?:hat|mathbf|mathcal)\s*\{\s*[A-Za-z]\s*\})\s*(?:\\left\s*)?\(\s*"
    r"(?P<x>(?:[A-Za-z]|\\(?!left|right)[a-z]+)(?:_\s*\{?[0-9]\}?)?)\s*"
    r"(?P<more>(?:[,;]\s*[A-Za-z]\w{0,2}\s*)*)(?:\\right\s*)?\)\s*&?\s*"
)
#: The sum of all entries, as a function.
ENTRIES = "entries"
_CIRCULAR: Mapping[str, str] = {
    **{name: name for name in CIRCULAR},
    **{rf"\mathrm{{{name}}}": name for name in (ENTRIES, EXAMPLES)},
}
#: Functions with a known meaning.
KNOWN = FUNCTIONS | CIRCULAR | {ENTRIES, EXAMPLES}


@dataclass(frozen=True)
class Line:
    """A row of a formula, read: its sides, what it supposes, and the names in it."""

    formula: Formula
    row: Row
    claim: Claim
    #: ``f`` and ``x`` where the left side is ``f(x)``, ``""`` elsewhere.
    function: str = ""
    variable: str = ""
    #: What the text calls the names that were renamed.
    shown: Mapping[str, str] = field(default_factory=dict)

    @property
    def differentiates(self) -> bool:
        nodes = (n for s in self.claim.sides for n in walk(s))
        return any(isinstance(n, D) or (isinstance(n, Fn) and n.order > 0) for n in nodes)

    @property
    def is_closed(self) -> bool:
        """Whether it says what the derivative of an expression is that is written out."""
        nodes = [n for s in self.claim.sides for n in walk(s)]
        tops = [n.y for n in nodes if isinstance(n, D)]
        return bool(tops) and not any(isinstance(y, Sym) for y in tops)

    @property
    def names(self) -> frozenset[str]:
        """The names in it and in what it supposes."""
        claims = (self.claim, *self.claim.given)
        return frozenset(
            n.name for c in claims for s in c.sides for n in walk(s) if isinstance(n, Sym)
        )


def normal(formulas: Sequence[Formula]) -> list[Formula]:
    """``formulas`` with the spellings undone that have to do with no recurrence."""
    found = [f for f in formulas if f.environment != PROSE]
    found = [without_labels_of_braces(as_meant(without_long_blanks(replace(f, origin=f))))
             for f in found]  # fmt: skip
    found = [replaced(f, _INPUTS, lambda m: " ") for f in found]
    found = [replaced(f, _OVER_EXAMPLES, lambda m: r"\mathbf{1}^{\top} ") for f in found]
    found = [replaced(f, _TURNED, lambda m: rf"({m['x']}^{{{m['of']}}})^{{\top}}") for f in found]
    found = with_derivatives_for_marks(found)
    found = [replaced(f, _CLASSES, lambda m: rf"\mathrm{{{ENTRIES}}}({m['a']} \odot \log {m['b']})")
             for f in found]  # fmt: skip
    found = [replaced(f, _DISTANCES, _squared) for f in found]
    found = with_one_transpose(with_usual_signs(found))
    return [plainly_set(as_written(without_escapes(f))) for f in found]


def _squared(m: re.Match[str]) -> str:
    difference = f"({m['a']} - {m['b']})"
    return rf"\mathrm{{{ENTRIES}}}({difference} \odot {difference})"


def lines_of(formulas: Sequence[Formula]) -> Iterator[Line]:
    """The lines about quantities without time among ``formulas``, in their order."""
    taken = {n.base for f in formulas for n in names_in(f.latex)}
    given = frozenset(m["f"] or m["slope"] for f in formulas for m in _GIVEN.finditer(f.latex))
    instead = next((name for name in _FOR_T if name not in taken), "")
    for formula in formulas:
        if not is_relation(formula.latex) or not is_still(formula.latex):
            continue
        renamed = _without_t(formula, instead)
        if renamed is None:
            continue
        try:
            rows = outline(renamed).rows
        except (BpttError, ValueError):
            continue
        for row in rows:
            line = read(row, renamed, given)
            if line is not None:
                yield replace(line, shown={instead: "t"})


def is_still(latex: str) -> bool:
    """Whether no name of ``latex`` is one of many: of a step, a unit or a layer."""
    return not any(counted(name) for name in names_in(latex)) and not _counts_others(latex)


def _counts_others(latex: str, letters: re.Pattern[str] = _COUNTS) -> bool:
    """Whether a script counts that belongs to no name: ``h1_t``, ``\\overleftarrow{s}_t``."""
    of_names = {s.start for n in names_in(latex) for s in n.scripts}
    return any(
        m.start() not in of_names and letters.search(m["of"]) is not None
        and not (m["sign"] == "^" and m["of"].strip("{ }") in ("T", "n", "k", "m"))
        for m in _SCRIPT.finditer(latex)
    )  # fmt: skip


def counted(name: Name) -> bool:
    """Whether ``name`` carries the letter of a step, a unit or a layer."""
    if name.base == "e":
        return False
    for script in name.scripts:
        if script.kind in "([":
            continue  # an argument
        form = _BELOW if script.kind == "_" else _ABOVE
        if form.fullmatch(script.inside) is None:
            power = script.kind == "^" and re.fullmatch(r"\s*n\s*(?:-\s*1\s*)?", script.inside)
            if not power or name.base not in ("x", "u", "w"):
                return True
    return False


def running(formula: Formula, letters: re.Pattern[str] = _COUNTS) -> frozenset[str]:
    """The names of ``formula`` that carry a letter of what is counted, fonts left out."""
    # (Of names that are not told apart.)
    others = [""] if _counts_others(formula.latex, letters) else []
    return frozenset(others) | frozenset(
        plain_name(n.base)
        for n in names_in(formula.latex)
        if counted(n) and any(s.kind in "_^" and letters.search(s.inside) for s in n.scripts)
    )


def given_in_time(formula: Formula) -> frozenset[str]:
    """The bare names that ``formula`` gives by what is counted: ``z = V h_T``."""
    if is_still(formula.latex):
        return frozenset()
    return frozenset(
        plain_name(n.base) for n in names_in(formula.latex)
        if not n.scripts and _GIVES.match(formula.latex, n.end)
        and _BEGINS.search(formula.latex, 0, n.start)
    )  # fmt: skip


def _without_t(formula: Formula, instead: str) -> Formula | None:
    """``formula`` with another letter for a variable t; ``None`` if there is none left."""
    text = formula.latex
    edits: list[Edit] = [  # (A space behind it only where a letter follows: places are kept.)
        (n.start, n.end, instead + " " * text[n.end : n.end + 1].isalpha())
        for n in names_in(text) if n.base == "t"
    ]  # fmt: skip
    if edits and not instead:
        return None
    return edited(formula, edits) if edits else formula


def read(row: Row, formula: Formula, given: frozenset[str]) -> Line | None:
    """``row`` as a line; ``None`` if it cannot be read as one without time.

    ``given`` are the names that the text defines as functions.
    """
    latex = row.latex
    applied = _APPLIED.match(latex)
    named = applied if applied and latex[applied.end() : applied.end() + 1] == "=" else None
    functions = {**ACTIVATIONS, **_CIRCULAR}
    several = set[str]()
    for m in _FUNCTION.finditer(latex):
        # (h(1 - h) is a product.)
        if m["f"] not in _LETTERS | given or m["f"] in m["of"]:
            continue
        if "," in m["of"]:
            several.add(m["f"])
        elif m["f"] not in functions:
            functions[m["f"]] = m["f"]
    if named is not None and named["more"].strip():
        several.discard(named["f"])
        blank = " " * (named.end() - named.end("f"))
        latex = latex[: named.end("f")] + blank + latex[named.end() :]
        named = None
    if named is not None and named["f"] not in functions:
        functions[named["f"]] = named["f"]
    vocabulary = Vocabulary(open=True, activations=functions, functions=frozenset(several))
    try:
        claims = read_claims(latex, _nothing(), vocabulary=vocabulary)
    except (BpttError, ValueError, RecursionError):
        return None
    if len(claims) != 1:
        return None
    claim = _without_counts(claims[0])
    if claim is None:
        return None
    return Line(
        formula, row, claim,
        function=functions.get(named["f"], "") if named else "",
        variable=named["x"].strip() if named else "",
    )  # fmt: skip


def _without_counts(claim: Claim) -> Claim | None:
    """``claim`` if it has no steps in it; but for an exponent n, what is counted is a number."""
    sides = claim.sides
    powers = {n.exp for s in sides for n in walk(s) if isinstance(n, Pow)}
    counts = {n.name for e in powers for n in walk(e) if isinstance(n, Idx)} & {"n", "m", "k"}
    for name in {n.name for s in sides for n in walk(s) if isinstance(n, Idx)} - counts:
        sides = tuple(substitute_index(s, name, Sym(name)) for s in sides)
    if any(isinstance(n, (At, Sum, Prod)) for s in sides for n in walk(s)):
        return None
    given = [_without_counts(g) for g in claim.given]
    if any(g is None for g in given):
        return None
    return replace(claim, sides=sides, given=tuple(g for g in given if g is not None))


@lru_cache(maxsize=1)
def _nothing() -> Recurrence:
    """A recurrence that no text is about."""
    return recurrence_from_latex([r"\Xi_t = \Psi(\Xi_{t-1})"], name="nothing")


def is_number(node: Node) -> bool:
    """Whether a side has no name in it."""
    return not any(isinstance(n, (Sym, Call)) for n in walk(node))


def is_decimal(node: Node) -> bool:
    """Whether a side has a number in it that is written with decimals or a large one."""
    return any(
        isinstance(n, Num) and n.value.denominator not in (1, 2, 3, 4, 5, 6, 8) for n in walk(node)
    )


@dataclass(frozen=True)
class Given:
    """``name`` is ``value``, as a line says; of a function, at ``variable``."""

    name: str
    value: Node
    line: Line
    function: str = ""
    variable: str = ""
    #: Whether the value is a derivative: a name for it, and no quantity.
    alias: bool = False
