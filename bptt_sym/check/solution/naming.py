r"""Names that a solution gives: :math:`a_t = w h_{t-1} + u_t`, wherever in it they are given.

A name of a value inside the equations of the recurrence, by which the text differentiates, becomes
a quantity of it: with :math:`h_t = \tanh(a_t)` there is :math:`\partial h_t/\partial a_t`. A prime
or a dot on a state is its derivative by the parameter that the question is about, unless the text
gives the name to something else.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from bptt_sym.check.answer import Court
from bptt_sym.check.model import Model
from bptt_sym.check.solution.absolute import fingerprint
from bptt_sym.documents.document import Formula
from bptt_sym.errors import BpttError, UnboundName
from bptt_sym.notation import (
    ZERO,
    At,
    D,
    Idx,
    Node,
    Sym,
    affine,
    free_indices,
    index,
    rebuild,
    substitute_index,
    walk,
)
from bptt_sym.read import read_claims
from bptt_sym.read.chains import split_claims
from bptt_sym.read.left_sides import left_side
from bptt_sym.read.tokens import Token, tokenize
from bptt_sym.recurrence import STEP, Equation, Recurrence
from bptt_sym.shapes import shape_of

#: How often a solution is looked through for names that rest on one another.
ROUNDS = 4


def take_names(formulas: Sequence[Formula], names: Model) -> dict[str, str]:
    """Add to ``names`` what the formulas name; the names, with the text that gives them."""
    found: dict[str, str] = {}
    waiting = list(formulas)
    for _ in range(ROUNDS):
        before, left = len(found), []
        for formula in waiting:
            try:
                read_claims(formula.latex, names.court.model, vocabulary=names.vocabulary)
                continue
            except UnboundName:
                left.append(formula)
            except BpttError:
                continue
            for text in _equations(formula.latex):
                try:
                    name = name_it(text, names)
                except BpttError:
                    continue
                if name is not None:
                    found[name] = text
        waiting = left
        if len(found) == before:
            break
    return found


def _equations(latex: str) -> Iterator[str]:
    """The first two sides of each chain of equalities, as texts."""
    try:
        chains = split_claims(tokenize(latex), latex)
    except BpttError:
        return
    for chain in chains:
        sides = chain.sides
        if len(sides) > 2 and set(chain.ops) == {"="} and _derives(sides[1]):
            # ``x = ∂h/∂c = …``: what it comes to says more.
            named, given = (latex[side[0].start : side[-1].end] for side in (sides[0], sides[-1]))
            if not _derives(sides[-1]) and r"\\" not in given:
                yield f"{named} = {given}".replace("&", " ")
        if chain.ops[:1] == ["="] and not chain.given:
            text = latex[chain.sides[0][0].start : chain.sides[1][-1].end]
            if r"\\" not in text:
                yield text.replace("&", " ")


def _derives(side: Sequence[Token]) -> bool:
    return any(t.kind == "partial" for t in side)


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
        trial.aliases[line.name] = (STEP, ZERO)
    (claim,) = read_claims(text, model, vocabulary=trial.vocabulary)
    body = claim.sides[1]
    if any(isinstance(n, (At, Sym)) and n.name == line.name for n in walk(body)):
        return None  # a recursion says what the name does, and not what it is
    body = names.spelt_out(body)
    match claim.sides[0]:
        case At(name=name, time=time) if (form := affine(time)) and [*form[0].values()] == [1]:
            (variable,) = form[0]
            names.aliases[name] = (
                variable, substitute_index(body, variable, index(variable, -form[1]))
            )  # fmt: skip
        case Sym(name=name):
            names.totals[name] = body
        case _:
            return None
    return name


def with_quantities(formulas: Sequence[Formula], names: Model) -> Model:
    """``names`` with those by which the formulas differentiate as quantities of the recurrence."""
    wanted = {
        name
        for formula in formulas
        for side in _sides(formula, names)
        if (name := names.differentiates_by_alias(side)) in names.aliases
    }
    court, aliases = names.court, dict(names.aliases)
    for name in sorted(wanted):
        variable, body = aliases[name]
        model = _with_quantity(
            court.model, name, substitute_index(body, variable, Idx(STEP))
        )
        if model is not None:
            court = Court.of(model, (*court.assume, *court.given))
            del aliases[name]
    return replace(names, court=court, aliases=aliases)


def _sides(formula: Formula, names: Model) -> Iterator[Node]:
    try:
        claims = read_claims(formula.latex, names.court.model, vocabulary=names.vocabulary)
    except BpttError:
        return
    for claim in claims:
        yield from claim.sides


def _with_quantity(model: Recurrence, name: str, body: Node) -> Recurrence | None:
    """``model`` with ``body`` under a name of its own wherever it stands in an equation."""
    key = fingerprint(body)
    if any(isinstance(n, D) for n in walk(body)) or free_indices(body) - {STEP}:
        return None

    def put(node: Node) -> Node:
        return At(name, Idx(STEP)) if fingerprint(node) == key else rebuild(node, put)

    equations: list[Equation] = []
    for equation in model.equations:
        rhs = put(equation.rhs)
        if rhs != equation.rhs and all(e.target != name for e in equations):
            equations.append(Equation(name, body))
        equations.append(replace(equation, rhs=rhs))
    if len(equations) == len(model.equations):
        return None
    try:
        shape = shape_of(body, model.shapes, model.functions)
        return replace(model, equations=tuple(equations), shapes={**model.shapes, name: shape})
    except BpttError:
        return None


def mark_derivatives(formulas: Sequence[Formula], names: Model, parameter: str) -> None:
    r"""Take ``h_t'`` and ``\dot{h}_t``, if nothing gives them, for derivatives by the parameter."""
    for state in names.court.model.states:
        for mark in (f"{state}'", rf"\dot{{{state}}}"):
            if any(_lacks(formula, mark, names) for formula in formulas):
                body = D(At(state, Idx(STEP)), Sym(parameter), "unmarked")
                names.aliases[mark] = (STEP, body)


def _lacks(formula: Formula, name: str, names: Model) -> bool:
    try:
        read_claims(formula.latex, names.court.model, vocabulary=names.vocabulary)
    except UnboundName as error:
        return (error.token or "").split("_")[0] == name
    except BpttError:
        return False
    return False


__all__ = ["mark_derivatives", "name_it", "take_names", "with_quantities"]
