"""The recurrences that a document defines, in the order in which they come into force.

A definition of a new name extends the model in force. A name that is defined once more, or a state
of its own in a new section, starts the next model, which keeps what the new definitions use and
what depends on nothing that has gone (a loss of the state, say). Formulas are bound to the latest
model that knows their names.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from bptt_sym.check.answer import Court
from bptt_sym.check.context import Context
from bptt_sym.check.dimension import claim_of_one_unit, of_vectors, one_unit
from bptt_sym.check.in_force import candidates
from bptt_sym.check.model import Model
from bptt_sym.check.slopes import without_functions
from bptt_sym.decide.rewriting import defined_in_rows
from bptt_sym.definitions.arguments_named_later import with_arguments_named
from bptt_sym.definitions.clashes import beside, given_anew
from bptt_sym.definitions.completion import completed, defined_by, gives_way
from bptt_sym.definitions.defining import Definition
from bptt_sym.definitions.linking import linked
from bptt_sym.definitions.losses import (
    cross_entropy,
    of_the_last_step,
    same_by_step,
    squared_error,
    step_losses,
    to_the_end,
    usual_losses,
    with_unknown_norms,
)
from bptt_sym.definitions.outline import Kind, Row
from bptt_sym.definitions.standard import standard_cells
from bptt_sym.definitions.supposed import Evidence, Supposition, suppositions
from bptt_sym.definitions.targets import is_target, without_targets
from bptt_sym.definitions.usage import LOSSES
from bptt_sym.documents.document import Formula
from bptt_sym.errors import BesideError, BpttError, LimitExceeded, ShapeError
from bptt_sym.notation import At, Claim, Fn, Transpose, walk
from bptt_sym.read import recurrence_from_latex
from bptt_sym.read.vocabulary import pass_on, plain_name
from bptt_sym.recurrence import Recurrence, Shape

#: Equations of one model: each new one has the shapes of all found again.
MAX_DEFINED = 120


class Models:
    """The models of one document, built while it is read from top to bottom."""

    def __init__(self, context: Context | None = None) -> None:
        self.context = context or Context()
        self.known: dict[str, Definition] = {}
        self.all: list[Model] = []
        #: How often a definition took the place of an earlier one.
        self.anew = 0
        self._losses: dict[str, Definition] = {}
        self._joined: tuple[int, list[list[Model]]] = (-1, [])

    @property
    def current(self) -> Model | None:
        """The latest model."""
        return self.all[-1] if self.all else None

    @property
    def running(self) -> frozenset[str]:
        """The names that run in time, with their steps written or left out."""
        defined = (d.base for d in self.known.values() if d.kind is Kind.SEQUENCE)
        return self.context.timed | frozenset(defined)

    @property
    def parameters(self) -> frozenset[str]:
        """The parameters of all recurrences so far."""
        return frozenset(plain_name(n) for m in self.all for n in m.court.model.shapes)

    def newest_first(self) -> list[Model]:
        return self.all[::-1]

    def earlier(self, section: int) -> list[Model]:
        """What a text may come back to in a section after that of its latest definitions, or
        behind what a sentence gives in passing: "it is additive: $c_t = c_{t-1} + \\Delta_t$".
        """
        if self.current is None:
            return []
        if self.current.section >= section and not self.current.in_passing:
            return []
        return [model for model in self.all[-2::-1] if model.replaced]

    def is_soft(self, row: Row) -> bool:
        """Whether what a row begins with is defined by an example or in a sentence only."""
        name = plain_name(row.chain.sides[0][0].text)
        known = self.known.get(name)
        return known is not None and known.soft

    def defines_total(self, name: str) -> bool:
        """Whether the document itself says what the total ``name`` is."""
        return any(
            d.kind is Kind.TOTAL and plain_name(d.name) == plain_name(name)
            for d in self.known.values()
        )

    def with_loss_before(self, formula: Formula) -> Model | None:
        """The model in force with the loss that stood before the one in force, if any did."""
        if self.current is None or not self.current.otherwise:
            return None
        model = self._model(self.current.otherwise, formula)
        if model is not None:
            model.aliases, model.totals = self.current.aliases, self.current.totals
        return model

    def restates(self, definitions: Iterable[Definition]) -> bool:
        """Whether every one of ``definitions`` stands in the model in force already."""
        return all(
            d.key in self.known and (d.is_general or self.known[d.key].plain == d.plain)
            for d in definitions
        )

    def define(self, definitions: Sequence[Definition], formula: Formula) -> None:
        """Take up the definitions of one formula.

        Raises
        ------
        InputError, ModelError
            They make no recurrence, neither with what stands already nor by themselves.
        """
        definitions = [self._of_a_step(d) for d in definitions]
        definitions = with_arguments_named(definitions, self.known, formula)
        fresh = {d.key: d for d in definitions}
        if any(d.gates for d in definitions):
            # Gates have the logistic function, whatever \\sigma was before.
            self.known = {k: d for k, d in self.known.items() if d.function != r"\sigma"}
        if any(d.soft and self._is_displayed(d) for d in definitions):
            return  # what is displayed is not replaced by what a sentence says
        if not any(d.soft for d in definitions):
            self.context.refused -= {d.base for d in definitions}
            softly = {k for k in fresh if k in self.known and self.known[k].soft}
            self.known = {k: d for k, d in self.known.items() if k not in softly}
        given = {plain_name(d.name): d for d in definitions if d.kind is Kind.SEQUENCE}
        of_steps = bool(given)
        carried = all(self._is_carried_along(d) for d in definitions)
        targets = {k for k, d in self.known.items() if is_target(d, definitions, self.known)}
        self.known = {k: d for k, d in self.known.items() if k not in targets}
        first_error: BpttError | None = None
        before, known = self.known, beside(self.known, fresh)
        if len(known) > MAX_DEFINED:
            raise LimitExceeded(
                f"more than {MAX_DEFINED} definitions in force", hint="begin another document"
            )
        self.known = known
        runs = any(d.kind is Kind.SEQUENCE for d in self.known.values())
        for known in candidates(self.known, fresh, formula.section):
            if runs and not any(d.kind is Kind.SEQUENCE for d in known.values()):
                continue  # a total that cannot be read does not end the model
            try:
                model = self._model(known, formula, whole=not of_steps or carried)
            except BpttError as error:
                first_error = first_error or error.with_traceback(None)
                if carried:
                    break
                continue
            extends = before.items() <= known.items()
            self.known = known
            self._losses = given_anew(before, fresh) or (self._losses if extends else {})
            if model is not None:
                model.otherwise = {**known, **self._losses} if self._losses else {}
                if self.current is not None and not extends:
                    self.anew += 1
                    self.current.replaced = True
                model.anew = self.anew
                if extends and self.current is not None:
                    self.current.grown = True
                    model.aliases |= self.current.aliases
                    model.totals |= self.current.totals
                    model.added_to = self.current
                self.all.append(model)
            for name in given:
                self.context.untaken.pop(name, None)
            return
        self.known = before
        assert first_error is not None, "the first candidate is never passed over"
        self.context.untaken |= given
        if isinstance(first_error, ShapeError) and (not of_steps or carried):
            self.context.matrices |= {d.base for d in definitions}
            raise BesideError(first_error.message, token=first_error.token) from None
        if not any(d.soft for d in definitions):
            self.context.refused |= {d.base for d in definitions if d.kind is not Kind.FUNCTION}
        try:
            raise first_error
        finally:
            del first_error  # it knows this frame: neither shall keep the other

    def _is_displayed(self, d: Definition) -> bool:
        """Whether a display gives what ``d`` gives, of the same network.

        The sentences of another section may give one of their own, with letters of its own.
        """
        shown = self.known.get(d.key)
        if shown is None or shown.soft:
            return False
        if shown.section == d.section:
            return True
        here = {k.base for k in self.known.values() if k.section == d.section}
        before = [k for k in self.known.values() if k.section != d.section]
        letters = frozenset[str]().union(*(k.mentions | {k.base} for k in before))
        return d.mentions <= letters - here

    def _is_carried_along(self, d: Definition) -> bool:
        """Whether ``d`` gives what runs beside a recurrence of vectors, as an influence does.

        Such a name makes no numbers of that recurrence where its shapes do not fit.
        """
        if not d.recursive or self.current is None or self.current.court.model.is_scalar:
            return False
        used = frozenset[str]().union(*(k.mentions for k in self.known.values()))
        own = {k.base for k in self.known.values() if k.kind is Kind.SEQUENCE}
        return d.key not in self.known and d.base not in used and bool(d.mentions & own)

    def _of_a_step(self, d: Definition) -> Definition:
        """``h = x U + s_{t-1} W`` with the step left out, where h runs in time elsewhere."""
        name = plain_name(d.name)
        runs = d.kind is Kind.TOTAL and name in self.context.timed and name not in LOSSES
        return d if not runs or re.search(r"\\sum|∑", d.right) else replace(d, kind=Kind.SEQUENCE)

    def _model(
        self, known: dict[str, Definition], formula: Formula, *, whole: bool = False
    ) -> Model | None:
        """The model of ``known``, ``None`` as long as no line of it defines a sequence.

        If it is ``whole``, the shapes of the model in force are not given up for it.
        """
        if not any(d.kind is Kind.SEQUENCE for d in known.values()):
            return None
        known = without_targets(known, residuals=self.context.usage.residuals)
        steps = {d.name for d in known.values() if d.kind is Kind.SEQUENCE}
        texts = [
            t
            for d in known.values()
            for t in step_losses(to_the_end(d.text) if d.kind is Kind.TOTAL else d.text, steps)
        ]
        texts += same_by_step(texts, self.context.usage)
        timed = self.context.running(formula.section)
        lines = completed(texts, timed, self.context.applied)
        whole = whole and self.current is not None and not self.current.court.model.is_scalar
        steps_of = {d.section for d in known.values() if d.kind is Kind.SEQUENCE}
        caseless = len(steps_of) < 2
        recurrence = self._recurrence(lines, whole=whole, caseless=caseless)
        states = ", ".join(recurrence.states or recurrence.defined)
        title = f"{states} (line {formula.place().line})"
        court = self._court(recurrence)
        return Model(
            court, title, lines=tuple(lines), section=formula.section, caseless=caseless,
            in_passing=not formula.display,
        )  # fmt: skip

    def _court(self, recurrence: Recurrence) -> Court:
        court = replace(Court.of(recurrence), lengths=self.context.lengths)
        turned = self.context.in_rows and not defined_in_rows(recurrence)
        rows = ("rows-transposed",) if self.context.wording.rows or turned else ()
        court.arena.stated = self.context.stated | frozenset(rows)
        return court

    def _recurrence(
        self,
        lines: Sequence[str],
        shapes: Mapping[str, Shape] | None = None,
        *,
        whole: bool = False,
        caseless: bool = True,
    ) -> Recurrence:
        scalar = self.context.wording.scalar
        try:
            found = recurrence_from_latex(
                lines, name="the document", scalar=scalar, shapes=None if scalar else shapes
            )
        except ShapeError:
            if scalar or shapes or whole:
                raise
            # A notation that mixes rows and columns still has a meaning for one unit.
            found = recurrence_from_latex(lines, name="the document", scalar=True)
        return pass_on(found, with_unknown_norms(linked(found, caseless=caseless)))

    def completions(self, model: Model) -> list[Model]:
        """``model`` with what the document uses and leaves undefined, in the ways there are."""
        if model.completions is None:
            model.completions = []
            for s in self._suppositions(model):
                self._complete(model, model, s)
            if self.context.wording.last_step_loss:
                for whole in (model, *tuple(model.completions)):
                    last = of_the_last_step(whole.court.model)
                    if last is not None:
                        self._complete(model, whole, last, self.context.last_step_said)
        return model.completions

    def _complete(
        self, model: Model, beside: Model, s: Supposition, since: int = 0
    ) -> None:
        """Put ``beside`` with ``s`` among the completions of ``model``."""
        timed = self.context.running(model.section)
        found = self._supposing(beside.lines, s, model.title, timed, model.caseless)
        if found is not None and _keeps_axes(beside.court.model, found.court.model):
            found.aliases |= model.aliases
            found.totals |= model.totals
            found.supposed = (*beside.supposed, *found.supposed)
            before = model.added_to
            while before is not None and before.completions is None:
                before = before.added_to
            told = () if before is None else before.completions or ()
            for same in (m for m in told if m.supposed == found.supposed):
                # A name of a gradient of a loss that is supposed is known there alone.
                found.aliases = {**same.aliases, **found.aliases}
                found.totals = {**same.totals, **found.totals}
            found.since = since
            assert model.completions is not None
            model.completions.append(found)

    def _suppositions(self, model: Model) -> list[Supposition]:
        """What may be supposed beside ``model``, and the same with the usual loss of a softmax."""
        refused = frozenset(self.context.refused)
        usage, wording = self.context.usage, self.context.wording
        # A loss whose definition could not be read is still a loss of the outputs.
        losses = refused & frozenset(LOSSES)
        explained = self.context.explained - frozenset(LOSSES)
        known = (refused - losses) | self.context.ahead | explained | self.context.matrices
        found = suppositions(
            model.court.model, usage, wording, known, loss_given=bool(losses)
        )  # fmt: skip
        if losses:
            found = [replace(s, evidence=Evidence.GUESSED) for s in found]
        rec = model.court.model
        # (Which one it is, its definition says.)
        usual = () if losses and not wording.cross_entropy else (cross_entropy, squared_error)
        special = [f(s, rec, usage, wording) for f in usual for s in found]
        return [*found, *(s for s in special if s is not None), *usual_losses(rec)]

    def _supposing(
        self, lines: Sequence[str], s: Supposition, title: str, timed: frozenset[str],
        caseless: bool = True,
    ) -> Model | None:  # fmt: skip
        for shapes in (s.shapes, {}):
            try:
                kept = [line for line in lines if not gives_way(line, s.replaces)]
                every = completed([*kept, *s.lines], timed, self.context.applied)
                court = self._court(self._recurrence(every, shapes, caseless=caseless))
            except BpttError:
                continue
            return Model(
                court, title, lines=tuple(every), supposed=s.says, evidence=s.evidence,
                guessed=s.guessed, mends=s.mends, special=s.special, caseless=caseless,
            )  # fmt: skip
        return None

    def one_unit(self, model: Model) -> Court | None:
        """The model with one unit, in which no shape can be wrong."""
        if model.one_unit is None and not model.court.model.is_scalar:
            rec = one_unit(model.court.model)
            model.one_unit = Court.of(rec) if rec is not None else None
        return model.one_unit

    def of_vectors(self, model: Model) -> Model | None:
        """The model with vectors for what is abstract in it, if the text does not say numbers."""
        if model.vectors is None:
            rec = None if self.context.wording.scalar else of_vectors(model.court.model)
            model.vectors = [] if rec is None else [replace(model, court=self._court(rec))]
        return model.vectors[0] if model.vectors else None

    def is_of_numbers_only(self, model: Model) -> bool:
        """Whether a model whose equations transpose what runs was read as one of numbers, though
        the text does not say that it is one."""
        rec = model.court.model
        if self.context.wording.scalar or not rec.is_scalar:
            return False
        rights = [*(e.rhs for e in rec.equations), *rec.totals.values()]
        return any(
            isinstance(n, Transpose) and isinstance(n.arg, At) for rhs in rights for n in walk(rhs)
        )

    def holds_in_numbers(self, claim: Claim, model: Model) -> bool:
        """Whether ``claim`` holds where every quantity of a model of vectors is a number."""
        court = self.one_unit(model)
        if court is None:
            return False
        return court.judge(claim_of_one_unit(claim, model.court.model), explain=False).is_right

    def linear(self, model: Model, *, states: bool = False) -> Court | None:
        """The model with the unknown activations of its outputs, or of its states, the identity."""
        rec = model.court.model
        rest, seen = [*rec.states], set(rec.states)
        inner: set[str] = set()
        while rest:
            nodes = list(walk(rec.rhs(rest.pop())))
            inner |= {n.name for n in nodes if isinstance(n, Fn)}
            new = {n.name for n in nodes if isinstance(n, At) and n.name in rec.gates} - seen
            seen |= new
            rest += sorted(new)
        unknown = frozenset(rec.activations) - self.context.sloped
        curved = self.context.curved
        return self._without(unknown & inner - curved if states else unknown - inner, rec)

    def with_linear_outputs(self, model: Model) -> Court | None:
        """The model whose supposed outputs are linear in what they are computed from."""
        lines = [_ANY_OUTPUT.sub(r"\g<f> \g<x>", line) for line in model.lines]
        if lines == [*model.lines]:
            return None
        try:
            return self._court(self._recurrence(lines, {}, caseless=model.caseless))
        except BpttError:
            return None

    def supposed_linear(self, model: Model) -> Court | None:
        """The model with those activations the identity of which the text says ``σ(x) = x``."""
        return self._without(self.context.identities, model.court.model)

    def without_activations(self, model: Model) -> Court | None:
        """The model with every activation the identity, if it is no gated cell."""
        rec = model.court.model
        functions = {n.name for e in rec.equations for n in walk(e.rhs) if isinstance(n, Fn)}
        functions -= {"softmax", "log", "exp"}  # what is made of the output is no activation
        return self._without(frozenset(functions), rec) if len(functions) == 1 else None

    def _without(self, functions: frozenset[str], rec: Recurrence) -> Court | None:
        """A court for ``rec`` with ``functions`` the identity; ``None`` if it has none of them."""
        try:
            changed = without_functions(functions, rec)
            return None if changed is None else self._court(changed)
        except BpttError:
            return None

    def standard(self) -> list[list[Model]]:
        """The cells that a document names or uses without writing them down, each in its forms."""
        context = self.context
        models = [m.court.model for m in self.all]
        given = {plain_name(n) for m in models for n in (*m.functions, *m.activations)}
        applied = {f: of for f, of in context.applied.items() if plain_name(f) not in given}
        families = []
        for forms in standard_cells(context.usage, context.wording, applied):
            family: list[Model] = []
            for s in forms:
                model = self._supposing((), s, "the standard cell", context.timed)
                if model is None:
                    continue
                for further in self.completions(model):
                    further.evidence = min(s.evidence, further.evidence)
                family += [model, *self.completions(model)]
            if family:
                families.append(family)
        return families

    def joined(self) -> list[list[Model]]:
        """The network that its weights tell, if no equation gives any part of it."""
        told = self.context.joined
        if told is None or self._joined[0] == len(self.all):
            return self._joined[1]
        lines = () if self.current is None else self.current.lines
        model = None
        if not {defined_by(line) for line in lines} & set(map(defined_by, told.lines)):
            model = self._supposing(lines, told, "the network of the weights", self.context.timed)
        found = [] if model is None else [[model, *self.completions(model)]]
        self._joined = len(self.all), found
        return found


#: An output that is any function of what it is computed from, as it is supposed.
_ANY_OUTPUT = re.compile(r"(?<== )(?P<f>\\mathrm\{output\}_\{\d\})\((?P<x>[^,]+), 1\)$")


def _keeps_axes(rec: Recurrence, completed: Recurrence) -> bool:
    """Whether what is supposed does not make a vector of a state that a number multiplies."""
    shapes = completed.shapes
    grown = any(len(shapes.get(s, ())) > len(rec.shape(s)) for s in rec.states)
    return not (grown and any(shapes.get(p) == rec.shape(p) == () for p in rec.parameters))
