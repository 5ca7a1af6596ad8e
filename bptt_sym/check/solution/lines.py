r"""The lines of a written solution: its formulas joined to chains of steps.

A chain is one left side and what it is said to equal, or to be at most, line by line. A formula
that begins with a relation continues the one before it; a formula with the left side of an earlier
chain goes on with that chain; ``A_t = …`` with a new name on the left names its right side.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from bptt_sym.check.answer import Court
from bptt_sym.check.judged import Fault, fault_in
from bptt_sym.check.model import Model
from bptt_sym.check.solution.absolute import worked_out
from bptt_sym.documents.document import Document, Formula, Place
from bptt_sym.errors import InputError, Span, UnboundName
from bptt_sym.notation import ZERO, At, Claim, Idx, Node, Num, Rel, Sym, affine
from bptt_sym.read import read_claims, read_expression
from bptt_sym.read.chains import outside, split_claims
from bptt_sym.read.left_sides import left_side
from bptt_sym.read.tokens import tokenize
from bptt_sym.read.vocabulary import Vocabulary

#: Formulas and steps of one solution that are read; more than this is not a solution.
MAX_FORMULAS = 400
MAX_STEPS = 400

_CONTINUES = re.compile(
    r"\s*(?:&|\\quad|\\,|\s)*(?:=|<|>|≤|≥|≈|\\(?:leq?(?:slant)?|geq?(?:slant)?|lt|gt|approx)(?![A-Za-z]))"
)
#: A row that ends in a relation, a sign or a comma is gone on with by the formula after it.
_JOINT = r" \\ "


@dataclass(frozen=True)
class Written:
    """One side as it was written: its node, its text, and where it stands."""

    node: Node
    latex: str
    place: Place
    #: The relation that leads to it; "" for the first side.
    op: Rel | str = ""


@dataclass
class Chain:
    """``sides[0] op sides[1] op …`` in the order of the text."""

    sides: list[Written]
    given: tuple[Claim, ...] = ()

    @property
    def left(self) -> Node:
        return self.sides[0].node

    @property
    def last(self) -> Written:
        return self.sides[-1]


@dataclass
class Solution:
    """What was read: chains, bare expressions, and what could not be read."""

    chains: list[Chain] = field(default_factory=list)
    expressions: list[Written] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    #: Names that the solution itself gives, with what they stand for.
    names: dict[str, str] = field(default_factory=dict)


def chains_of(document: Document, court: Court, names: Model | None = None) -> Solution:
    """The chains of a solution, read under ``court``'s model; nothing is raised for its content.

    ``names`` holds what the exercise names beside the model, such as ``A_t``; names that the
    solution gives are added to it.
    """
    found = Solution()
    model = names or Model(court, court.model.name)
    # Symbols that a sentence mentions are no lines, unless there is nothing else.
    lines = [f for f in document.formulas if f.display or relates(f.latex)]
    formulas = list(joined(lines or document.formulas))
    for formula in formulas[:MAX_FORMULAS]:
        try:
            _take(formula, model, found)
        except InputError as error:
            found.faults.append(fault_in(formula, error))
    if len(formulas) > MAX_FORMULAS:
        place = formulas[MAX_FORMULAS].place()
        message = f"more than {MAX_FORMULAS} formulas: the rest is not read"
        found.faults.append(Fault(place, message))
    for problem in document.problems:
        line = document.source.line(problem.place.line)
        found.faults.append(Fault(problem.place, problem.message, problem.hint, line))
    return found


def relates(latex: str) -> bool:
    """Whether a relation stands in the formula outside of all brackets and limits."""
    try:
        tokens = tokenize(latex)
    except InputError:
        return _SIGN.search(latex) is not None
    return any(free and t.kind in ("rel", "connective") for free, t in outside(tokens))


_SIGN = re.compile(r"[=<>≤≥≈]|\\(?:leq?(?:slant)?|geq?(?:slant)?|lt|gt|approx)(?![A-Za-z])")


def joined(formulas: Sequence[Formula]) -> Iterator[Formula]:
    """The formulas, those that begin with a relation joined to the one before."""
    held: Formula | None = None
    for formula in formulas:
        # A place is one of the text, or notebook cell, that the formula stands in.
        same = held is not None and held.source is formula.source
        if held is not None and same and _CONTINUES.match(formula.latex):
            held = _join(held, formula)
            continue
        if held is not None:
            yield held
        held = formula
    if held is not None:
        yield held


def _join(a: Formula, b: Formula) -> Formula:
    start = a.latex.rstrip(" .,;")
    gap = [a.offsets[len(start)]] * len(_JOINT)
    return replace(
        a,
        latex=start + _JOINT + b.latex,
        offsets=[*a.offsets[: len(start)], *gap, *b.offsets],
    )


def _take(formula: Formula, names: Model, found: Solution) -> None:
    vocabulary = names.vocabulary
    if "=" not in formula.latex:
        known = vocabulary.parameters | {r"\infty"}
        vocabulary = replace(vocabulary, parameters=known)
    if not relates(formula.latex):
        node = read_expression(formula.latex, names.court.model, vocabulary=vocabulary)
        written = Written(names.spelt_out(node), formula.latex, formula.place())
        found.expressions.append(written)
        return
    try:
        claims = read_claims(formula.latex, names.court.model, vocabulary=vocabulary)
    except UnboundName:
        name = name_it(formula.latex, names)
        if name is None:
            raise
        found.names[name] = formula.latex
        return
    spans = _spans(formula, vocabulary)
    for claim, places in zip(claims, spans, strict=True):
        if sum(len(c.sides) for c in found.chains) > MAX_STEPS:
            raise InputError(f"more than {MAX_STEPS} steps", hint="a solution has fewer")
        _add(formula, claim, places, names, found)


def _spans(formula: Formula, vocabulary: Vocabulary) -> list[list[Span]]:
    """Where each side of each claim stands; the span of a node may be that of a part of it."""
    chains = split_claims(tokenize(formula.latex, vocabulary.words), formula.latex)
    return [[Span(side[0].start, side[-1].end) for side in chain.sides] for chain in chains]


def _add(
    formula: Formula, claim: Claim, spans: Sequence[Span], names: Model, found: Solution
) -> None:
    plain = names.plainly(claim)
    sides = [
        Written(node, formula.latex[span.start : span.end], formula.place(span.start), op)
        for node, span, op in zip(plain.sides, spans, ("", *claim.ops), strict=True)
    ]
    named = [side for side in sides if not isinstance(side.node, Num)]
    if named and all(affine(side.node) is not None for side in named):
        return  # T = t, t ≥ 2: which case it is, and no step
    last = found.chains[-1] if found.chains else None
    if last is not None and not (plain.given or last.given) and _goes_on(last, sides[0]):
        last.sides += sides[1:]
        return
    found.chains.append(Chain(sides, plain.given))


def _goes_on(before: Chain, left: Written) -> bool:
    """Whether a line whose left side is ``left`` goes on with the chain before it.

    A row of one block without a left side goes on from the last side. So does a line that begins
    with that side, or writes the left side once more where all that stands between is equal to it.
    ``0 < b`` behind ``0 < a`` says nothing of a.
    """
    if left.place == before.last.place:
        return True
    if isinstance(worked_out(left.node), Num):
        return False
    equal = all(side.op == "=" for side in before.sides[1:])
    return left.node == before.last.node or (equal and left.node == before.left)


def name_it(text: str, names: Model) -> str | None:
    """Take ``s_t = …`` with a name that is not known yet as a name for its right side.

    The name, or ``None`` if the text gives none.

    Raises
    ------
    InputError
        The right side cannot be read.
    """
    chains = split_claims(tokenize(text), text)
    if len(chains) != 1 or list(chains[0].ops) != ["="] or chains[0].given:
        return None
    line = left_side(text, chains[0])
    model = names.court.model
    known = {*model.shapes, *model.totals, *names.aliases, *names.totals}
    if line.name in known or line.argument is not None:
        return None
    trial = Model(names.court, names.title, dict(names.aliases), dict(names.totals))
    if line.time is None:
        trial.totals[line.name] = ZERO
    else:
        trial.aliases[line.name] = ("t", ZERO)
    (claim,) = read_claims(text, model, vocabulary=trial.vocabulary)
    body = names.spelt_out(claim.sides[1])
    match claim.sides[0]:
        case At(name=name, time=Idx(name=variable)):
            names.aliases[name] = (variable, body)
        case Sym(name=name):
            names.totals[name] = body
        case _:
            return None
    return name


__all__ = ["Chain", "Solution", "Written", "chains_of", "joined", "name_it"]
