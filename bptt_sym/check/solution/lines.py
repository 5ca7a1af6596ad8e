r"""The lines of a written solution: its formulas joined to chains of steps.

A chain is one left side and what it is said to equal, or to be at most, line by line. A formula
that begins with a relation continues the one before it; a formula with the left side of an earlier
chain goes on with that chain; ``A_t = …`` with a new name on the left names its right side.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from bptt_sym.check.answer import Court
from bptt_sym.check.judged import Fault, fault_in
from bptt_sym.check.model import Model
from bptt_sym.check.solution.absolute import worked_out
from bptt_sym.check.solution.bare_functions import with_arguments
from bptt_sym.check.solution.conditions import is_condition
from bptt_sym.check.solution.naming import mark_derivatives, take_names, with_quantities
from bptt_sym.check.solution.sentences import (
    is_answer,
    is_labelled,
    is_loose,
    is_reason,
    is_supposed,
    label_of,
    said_relation,
    stands_alone,
)
from bptt_sym.check.solution.unread import MOST, without_side
from bptt_sym.documents.document import Document, Formula, Place
from bptt_sym.errors import InputError, Span
from bptt_sym.notation import At, Claim, Idx, Node, Num, Rel, Sym, affine, walk
from bptt_sym.read import read_claims, read_expression
from bptt_sym.read.chains import outside, split_claims
from bptt_sym.read.tokens import tokenize
from bptt_sym.read.vocabulary import CONSTANT, Vocabulary

#: Formulas and steps of one solution that are read; more than this is not a solution.
MAX_FORMULAS = 400
#: Formulas in the text that are looked at, some of which go on from one another.
MAX_JOINED = 1000
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
    #: Whether it may belong to the words before it: "because each factor is ≤ 1".
    loose: bool = False
    #: For an expression: the label of a part that stands before it.
    label: str = ""


@dataclass
class Chain:
    """``sides[0] op sides[1] op …`` in the order of the text."""

    sides: list[Written]
    given: tuple[Claim, ...] = ()
    #: Whether the sentence only supposes it.
    supposed: bool = False
    #: What the solution has supposed before it.
    hypotheses: tuple[Claim, ...] = ()

    @property
    def left(self) -> Node:
        return self.sides[0].node

    @property
    def last(self) -> Written:
        return self.sides[-1]


@dataclass
class Solution:
    """What was read: chains, bare expressions, and what could not be read.

    ``court`` judges them: that of the exercise, with what the solution names inside its equations.
    """

    court: Court
    chains: list[Chain] = field(default_factory=list)
    expressions: list[Written] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    #: Names that the solution itself gives, with what they stand for.
    names: dict[str, str] = field(default_factory=dict)
    #: What it supposes, in the order of the text.
    supposed: list[Claim] = field(default_factory=list)
    ids: tuple[str, ...] = ()


def chains_of(
    document: Document,
    court: Court,
    names: Model | None = None,
    parameter: str = "",
    ids: tuple[str, ...] = (),
) -> Solution:
    """The chains of a solution, read under ``court``'s model; nothing is raised for its content.

    ``names`` holds what the exercise names beside the model, such as ``A_t``; names that the
    solution gives are added to it. Primes and dots on a state are derivatives by ``parameter``.
    ``ids`` label the parts of the question, beside the labels of any question.
    """
    model = names or Model(court, court.model.name)
    # Symbols that a sentence mentions are no lines, unless there is nothing else.
    told = list(with_said_relations(document.formulas))
    lines = [f for f in told if f.display or relates(f.latex) or is_answer(f, ids)]
    lines = lines or list(document.formulas)
    pieces = list(joined(lines[:MAX_JOINED], ids))
    formulas = [piece.formula for piece in pieces[:MAX_FORMULAS]]
    given = take_names(formulas, model)
    if parameter:
        mark_derivatives(formulas, model, parameter)
    model = with_quantities(formulas, model)
    found = Solution(model.court, names=given, ids=ids)
    for piece in pieces[:MAX_FORMULAS]:
        try:
            _take(piece, model, found)
        except InputError as error:
            found.faults.append(fault_in(piece.formula, error))
    if len(pieces) > MAX_FORMULAS or len(lines) > MAX_JOINED:
        place = pieces[min(MAX_FORMULAS, len(pieces) - 1)].formula.place()
        message = f"more than {MAX_FORMULAS} formulas: the rest is not read"
        found.faults.append(Fault(place, message))
    for problem in document.problems:
        line = document.source.line(problem.place.line)
        found.faults.append(Fault(problem.place, problem.message, problem.hint, line))
    return found


def with_said_relations(formulas: Sequence[Formula]) -> Iterator[Formula]:
    """The formulas, those to which words relate what stands before them with that relation."""
    before: Formula | None = None
    for formula in formulas:
        said = "" if relates(formula.latex) else said_relation(formula, before)
        before = formula
        if said:
            places = [formula.offsets[0]] * len(said)
            formula = replace(
                formula, latex=said + formula.latex, offsets=[*places, *formula.offsets]
            )
        yield formula


def relates(latex: str) -> bool:
    """Whether a relation stands in the formula outside of all brackets and limits."""
    try:
        tokens = tokenize(latex)
    except InputError:
        return _SIGN.search(latex) is not None
    return any(free and t.kind in ("rel", "connective") for free, t in outside(tokens))


_SIGN = re.compile(r"[=<>≤≥≈]|\\(?:leq?(?:slant)?|geq?(?:slant)?|lt|gt|approx)(?![A-Za-z])")


class Piece(NamedTuple):
    """A formula, with those that go on from it; from ``loose`` on they may do so, or may not."""

    formula: Formula
    loose: int | None = None


def joined(formulas: Sequence[Formula], ids: tuple[str, ...] = ()) -> Iterator[Piece]:
    """The formulas, those that begin with a relation joined to the one before."""
    held: Piece | None = None
    for formula in formulas:
        # A place is one of the text, or notebook cell, that the formula stands in.
        same = held is not None and held.formula.source is formula.source
        begins = is_labelled(formula, ids) or stands_alone(formula)
        goes_on = _CONTINUES.match(formula.latex) and not begins
        if held is not None and same and goes_on:
            loose = held.loose
            if loose is None and is_loose(held.formula, formula):
                loose = formula.offsets[0]
            held = Piece(_join(held.formula, formula), loose)
            continue
        if held is not None:
            yield held
        held = Piece(formula)
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


def _take(piece: Piece, names: Model, found: Solution) -> None:
    formula = with_arguments(piece.formula, names.court.model)
    piece = piece._replace(formula=formula)
    vocabulary = names.vocabulary
    if "=" not in formula.latex:
        known = vocabulary.parameters | {r"\infty", CONSTANT}
        vocabulary = replace(vocabulary, parameters=known)
    head = _CONTINUES.match(formula.latex)
    if head is not None:
        # "(b) ≤ 1": the answer to a part, whose left side is the question.
        formula = formula.part(head.end(), len(formula.latex))
        piece = piece._replace(formula=formula)
        if relates(formula.latex):
            # "the whole is ≤ 1 · 1 = 1": the first side answers, the chain goes on from there.
            first = _spans(formula, vocabulary)[0][0]
            _state(formula.part(first.start, first.end), names, vocabulary, found)
    if not relates(formula.latex):
        if found.expressions and is_reason(formula):
            return
        _state(formula, names, vocabulary, found)
        return
    for _ in range(MOST):
        try:
            claims = read_claims(formula.latex, names.court.model, vocabulary=vocabulary)
            break
        except InputError as error:
            rest = without_side(formula.latex, error)
            if rest is None:
                raise
            found.faults.append(fault_in(formula, error))
            formula = replace(formula, latex=rest)
    else:
        raise InputError("too many sides that are not read", span=Span(0, len(formula.latex)))
    piece = piece._replace(formula=formula)
    spans = _spans(formula, vocabulary)
    for claim, places in zip(claims, spans, strict=True):
        if len(claim.sides) + sum(len(c.sides) for c in found.chains) > MAX_STEPS:
            raise InputError(f"more than {MAX_STEPS} steps", hint="a solution has fewer")
        _add(piece, claim, places, names, found)


def _state(formula: Formula, names: Model, vocabulary: Vocabulary, found: Solution) -> None:
    node = read_expression(formula.latex, names.court.model, vocabulary=vocabulary)
    shown = formula.shown(0, len(formula.latex))
    label = label_of(formula, found.ids)
    found.expressions.append(
        Written(names.spelt_out(node), shown, formula.place(), label=label)
    )


def _spans(formula: Formula, vocabulary: Vocabulary) -> list[list[Span]]:
    """Where each side of each claim stands; the span of a node may be that of a part of it."""
    chains = split_claims(tokenize(formula.latex, vocabulary.words), formula.latex)
    return [[Span(side[0].start, side[-1].end) for side in chain.sides] for chain in chains]


def _add(
    piece: Piece, claim: Claim, spans: Sequence[Span], names: Model, found: Solution
) -> None:
    formula, loose = piece
    plain = names.plainly(claim)
    facts = [g for g in plain.given if not is_condition(g.sides, names.court)]
    plain = replace(plain, given=tuple(g for g in plain.given if g not in facts))
    sides = [
        Written(
            node, formula.shown(span.start, span.end), formula.place(span.start), op,
            loose is not None and formula.offsets[span.start] >= loose,
        )
        for node, span, op in zip(plain.sides, spans, ("", *claim.ops), strict=True)
    ]  # fmt: skip
    if _gives_a_name(claim, plain, found):
        return
    named = [side for side in sides if not isinstance(side.node, Num)]
    letters = any(isinstance(n, Idx) for side in named for n in walk(side.node))
    if letters and all(affine(side.node) is not None for side in named):
        return  # T = t, t ≥ 2: which case it is, and no step
    last = found.chains[-1] if found.chains else None
    if last is not None and not (plain.given or last.given) and _goes_on(last, sides):
        last.sides += sides[1:]
    else:
        supposed = is_supposed(formula)
        found.chains.append(Chain(sides, plain.given, supposed, tuple(found.supposed)))
        if supposed and len(plain.sides) == 2 and not plain.given:
            found.supposed.append(plain)
    # "where …", "since …" is said beside it, and no condition of it.
    beside = [f for f in facts if f.sides[0] != f.sides[1]]
    found.chains[-1:-1] = [Chain(list(_unplaced(f, formula))) for f in beside]


def _unplaced(claim: Claim, formula: Formula) -> Iterator[Written]:
    """The sides of a claim of which only the nodes know where they stand."""
    for node, op in zip(claim.sides, ("", *claim.ops), strict=True):
        start, end = (node.span.start, node.span.end) if node.span else (0, len(formula.latex))
        yield Written(node, formula.shown(start, end), formula.place(start), op)


def _gives_a_name(claim: Claim, plain: Claim, found: Solution) -> bool:
    """Whether the claim is the line that gives one of the solution's names, and no more."""
    left = claim.sides[0]
    named = isinstance(left, (At, Sym)) and left.name in found.names
    return named and len(claim.sides) == 2 and plain.sides[0] == plain.sides[1]


def _goes_on(before: Chain, line: Sequence[Written]) -> bool:
    """Whether a line goes on with the chain before it.

    A row of one block without a left side goes on from the last side. So does a line that begins
    with that side, or writes the left side once more where all that stands between is equal to it.
    ``0 < b`` behind ``0 < a`` says nothing of a.
    """
    left = line[0]
    if left.place == before.last.place:
        return True
    ways = {str(side.op)[0] for side in (*before.sides[1:], *line[1:])} & {"<", ">"}
    if len(ways) > 1:
        return False  # b ≥ 0 behind a ≤ b says nothing of a
    if isinstance(worked_out(left.node), Num):
        return False
    equal = all(side.op == "=" for side in before.sides[1:])
    return left.node == before.last.node or (equal and left.node == before.left)


__all__ = ["Chain", "Solution", "Written", "chains_of", "joined"]
