"""One row of a document, judged under the recurrences that the document has."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from bptt_sym.check import failures
from bptt_sym.check.answer import internal_error, unreadable
from bptt_sym.check.asides import as_rewritten
from bptt_sym.check.bench import Bench
from bptt_sym.check.continued import continued, continues_in_numbers
from bptt_sym.check.generic_names import generic_meanings
from bptt_sym.check.grounds import holds_in_vain
from bptt_sym.check.judged import Judged, Waiting, as_entry
from bptt_sym.check.links import by_links
from bptt_sym.check.loss_before import by_loss_before
from bptt_sym.check.model import Model
from bptt_sym.check.models import Models
from bptt_sym.check.naming import named_in
from bptt_sym.check.provenance import Basis
from bptt_sym.check.renamed import renamed
from bptt_sym.check.second_looks import at_the_last_step
from bptt_sym.check.spectral import with_sizes
from bptt_sym.check.wording import (
    lacks_a_step,
    with_its_step,
    without_marks,
)
from bptt_sym.decide.step_readings import SUMMED_LEFT
from bptt_sym.decide.verdict import MISFIT, Verdict
from bptt_sym.definitions.bound_names import with_bound_names
from bptt_sym.definitions.outline import Row
from bptt_sym.documents.document import Formula
from bptt_sym.errors import InputError, UnboundName
from bptt_sym.messages import marked
from bptt_sym.notation import Claim, Fn, Transpose, walk
from bptt_sym.read import read_claim
from bptt_sym.read.vocabulary import CONSTANT, plain_name
from bptt_sym.spelling.sloped_deltas import SLOPED, by_its_argument

#: Of a formula about an abstract recurrence that fails, or does not fit, where it has vectors.
NUMBERS = marked("every quantity is a number (of vectors it was not shown)")
TOLD_TWICE = marked("it holds under an equation that the text gave before in another form")
#: How many models a row may fail under before an undecided one is the last.
MOST_TRIED = 6


class Judging:
    """The verdicts of rows under ``models``, each under the first that makes the row right."""

    def __init__(self, models: Models) -> None:
        self.models = models
        self.bench = Bench(models)
        self._cells: list[list[Model]] | None = None
        #: Names of gradients that the text gives before, or without, any recurrence.
        self.early: list[Row] = []
        #: The models that have those names. (All models live as long as this.)
        self._with_early_names: set[int] = set()
        #: The left side of the last claim, and whether only a part of it was given.
        self._left, self._part = "", False

    @property
    def title(self) -> str:
        """What the model in force is called."""
        return self.models.current.title if self.models.current else ""

    def entry(
        self, formula: Formula, verdict: Verdict, row: Row | None = None, model: str | None = None
    ) -> Judged:
        """The entry of a verdict in the audit."""
        return as_entry(formula, verdict, row, self.title if model is None else model)

    def family(self, model: Model | None) -> list[Model]:
        """A model and its completions; the standard cell if the document has no model."""
        if model is None:
            return []
        return self._with_names([model, *self.models.completions(model)])

    def standard(self) -> list[list[Model]]:
        """The families of the cells that the document uses and does not write down."""
        if self._cells is None:
            self._cells = [self._with_names(family) for family in self.models.standard()]
        return self._cells

    def _with_names(self, family: list[Model]) -> list[Model]:
        """``family``, in which names of gradients mean what the text began with."""
        for model in family if self.early else ():
            if id(model) not in self._with_early_names:
                self._with_early_names.add(id(model))
                for row in self.early:
                    if not model.knows(row):
                        named_in(row, model)
        return family

    def claim(
        self,
        row: Row,
        model: Model,
        generic: Mapping[str, str] | None = None,
        latex: str | None = None,
    ) -> Claim:
        """``row`` (or ``latex`` in its place) read under ``model``; raises an `InputError`."""
        vocabulary = with_sizes(model.vocabulary, row.latex)
        vocabulary = with_bound_names(vocabulary, row.latex, self.models.context.sizes.letters)
        if generic:
            vocabulary = replace(vocabulary, aliases={**vocabulary.aliases, **generic})
        if "=" not in row.chain.ops:
            # Infinity has a meaning in a limit or a bound, and in no equation.
            known = vocabulary.parameters | {r"\infty", CONSTANT}
            vocabulary = replace(vocabulary, parameters=known)
        claim = read_claim(latex or row.latex, model.court.model, vocabulary=vocabulary)
        for side in claim.sides:
            if alias := model.differentiates_by_alias(side):
                raise UnboundName(
                    f"{alias} only names an expression: there is no derivative by it",
                    span=side.span, token=alias,
                )  # fmt: skip
        claim = model.plainly(claim)
        return without_marks(claim) if self.models.context.only_d else claim

    def judge(
        self, row: Row, formula: Formula, families: Iterable[Sequence[Model]]
    ) -> Judged | Waiting:
        """The verdict under the first family that knows the names of the row."""
        self.bench.take(formula)
        self._left, self._part = row.left, "+=" in row.chain.ops
        first: InputError | None = None
        for family in families:
            try:
                judged = self.under(row, formula, family)
                if judged.verdict.verdict == "undecided" and judged.verdict.note.startswith(MISFIT):
                    return self.come_back_to(row, formula) or judged
                if judged.verdict.verdict != "wrong":
                    return judged
                if row.is_the_first_step and self.models.is_soft(row):
                    begins = Verdict("not_a_claim", note=marked("a definition of the first step"))
                    return self.entry(formula, begins, row)
                return self.come_back_to(row, formula) or judged
            except InputError as error:
                first = first or error.with_traceback(None)
                if not isinstance(error, UnboundName):
                    break
            except Exception as error:  # one formula must not take the others with it
                return self.entry(formula, internal_error(error), row, family[0].title)
        if first is None:
            first = UnboundName(
                "no recurrence is defined before this formula",
                hint=r"define it in the document: $h_t = \tanh(w h_{t-1} + u_t)$",
            )
        if isinstance(first, UnboundName):
            return Waiting(row, formula, len(self.models.all), first)
        return unreadable(formula, first, self.title)

    def renamed(self, row: Row, formula: Formula) -> Judged | None:
        """The verdict with another meaning of a name of a gradient, or of the loss, if any."""
        family = self.family(self.models.current)
        former = self.family(self.models.with_loss_before(formula))
        again = renamed(row, family, lambda: self.judge(row, formula, [family]))
        again = again or self._by_its_argument(row, formula, family)
        return again or by_loss_before(former, lambda: self.under(row, formula, former))

    def _by_its_argument(
        self, row: Row, formula: Formula, family: Sequence[Model]
    ) -> Judged | None:
        """The verdict with a gradient by a state, worked out with the slope of its activation, as
        that by the argument, where it is right so."""
        if not any(words == SLOPED for words, _ in formula.supposes):
            return None
        for model in family:
            rec = model.court.model
            rights = {n: rec.rhs(n) for n in rec.states}
            slopes = {plain_name(n): _SLOPES[rhs.name] for n, rhs in rights.items()
                      if isinstance(rhs, Fn) and rhs.name in _SLOPES}  # fmt: skip
            try:
                claim = self.claim(row, model, latex=by_its_argument(row.latex, slopes))
                verdict = self.bench.verdict(claim, model)
            except InputError:
                continue
            if verdict.is_right:
                return self.entry(formula, verdict, row, model.title).under(_ARGUMENT)
        return None

    def in_its_section(self, entry: Waiting, after: Sequence[Model]) -> Judged | None:
        """The verdict under what its own section defines behind a row, where that makes it right.

        Another section may go on with a recurrence of its own: it takes nothing back.
        """
        section = entry.formula.section
        if not after or after[-1].section == section or entry.row in self.early:
            return None
        for model in (m for m in after if m.section == section):
            judged = self.judge(entry.row, entry.formula, [self.family(model)])
            if isinstance(judged, Judged) and judged.verdict.is_right:
                return judged
        return None

    def come_back_to(self, row: Row, formula: Formula) -> Judged | None:
        """The verdict under a recurrence of an earlier section that makes the row right."""
        for model in self.models.earlier(formula.section):
            try:
                judged = self.under(row, formula, self.family(model))
            except InputError:
                continue
            if judged.verdict.is_right and not holds_in_vain(judged):
                return judged.under(f"it is about the recurrence of {model.title}")
        return None

    def told_twice(self, row: Row, formula: Formula) -> Judged | None:
        """The entry of a row that holds under equations that the text gives anew, and slips in.

        Which of the two forms is meant, nobody can tell.
        """
        for model in self._first_forms():
            try:
                judged = self.under(row, formula, self.family(model))
            except InputError:
                continue
            if judged.verdict.is_right and not holds_in_vain(judged):
                return self.entry(formula, Verdict("undecided", note=TOLD_TWICE), row)
        return None

    def _first_forms(self) -> Iterator[Model]:
        """The models with the equations of the latest one as the text gave them before."""
        for model in self.models.all[-2::-1]:
            before, rec = model.court.model, self.models.all[-1].court.model
            if not model.replaced or set(before.defined) != set(rec.defined):
                continue
            anew = {name for name in rec.defined if before.rhs(name) != rec.rhs(name)}
            if not anew & set(rec.states):  # no other network
                yield model

    def under(self, row: Row, formula: Formula, family: Sequence[Model]) -> Judged:
        """The verdict under the first of ``family`` that makes the row right, else the first's.

        Raises
        ------
        InputError
            None of them gives a meaning to every name.
        """
        first: InputError | None = None
        told, named = 0, self.models.parameters
        failed: list[tuple[Judged, Model]] = []
        in_vain: Judged | None = None
        slips = any(model.mends or model.special for model in family)
        for model in family:
            if model.since > formula.offsets[0]:
                continue
            for generic in ({}, *generic_meanings(row, model.court.model, named)):
                bare = None
                try:
                    claim = self.claim(row, model, generic)
                    verdict = self.bench.verdict(claim, model)
                except InputError as error:
                    if first is None or (model.supposed and not family[0].supposed and told < 1):
                        # What is missing even where everything usual is supposed.
                        told += bool(model.supposed)
                        first = error.with_traceback(None)
                    bare = with_its_step(row, model) if lacks_a_step(error) else None
                    if bare is None:
                        continue
                    try:
                        claim = self.claim(row, model, generic, bare)
                        verdict = self.bench.verdict(claim, model)
                        verdict = at_the_last_step(verdict, claim, model)
                    except InputError:
                        continue
                    if SUMMED_LEFT in verdict.readings:
                        continue  # ∂L/∂W = Σ_t ∂L_t/∂W: of the total, which another model has
                if verdict.is_right:
                    verdict = self._of_vectors(verdict, row, model, generic, bare, claim)
                elif verdict.verdict == "wrong":
                    verdict = self._if_of_vectors(verdict, claim, row, model, generic, bare)
                # (Where a step was put in, a total of the same name may be meant.)
                written = not (bare or generic or model.supposed) and verdict.verdict == "wrong"
                verdict = failures.with_suppositions(verdict, claim, model, generic)
                verdict = as_rewritten(verdict, row, formula)
                marked = formula.delta and formula.origin is not None
                basis = Basis(claim, model, family[0], tuple(generic.items()), marked)
                judged = replace(self.entry(formula, verdict, row, model.title), basis=basis)
                if verdict.is_right and not model.mends and slips and holds_in_vain(judged):
                    # What is 0 as the text has it may not be so once a slip of it is mended.
                    in_vain = in_vain or judged
                    continue
                if verdict.is_right or (written and verdict.verdict == "wrong" and not slips):
                    return by_links(failures.explained(judged, model, formula), failed, self.bench)
                # (What no longer fits is meant no more where a likelier parameter did.)
                misfit = bool(generic) and MISFIT in judged.verdict.note
                if not (failed and (model.special or misfit)):
                    failed.append((judged, model))
                if len(failed) >= MOST_TRIED and judged.verdict.verdict != "wrong":
                    return judged
        if in_vain is not None:
            return in_vain
        if failed:
            return by_links(failures.of_failures(failed, formula), failed, self.bench)
        assert first is not None
        try:
            raise first
        finally:
            del first  # it knows this frame: neither shall keep the other

    def _of_vectors(
        self, verdict: Verdict, row: Row, model: Model, generic: Mapping[str, str],
        latex: str | None, claim: Claim,
    ) -> Verdict:  # fmt: skip
        """``verdict``, of a row that is right, for vectors if the model is abstract; else for
        numbers."""
        abstract = self.models.of_vectors(model)
        if abstract is None and self.models.is_of_numbers_only(model):
            readings = (*verdict.readings, NUMBERS)
            return replace(verdict, verdict="right_under_reading", readings=readings)
        if abstract is None or any(op != "=" for op in row.chain.ops):
            return verdict
        try:
            found = self.bench.verdict(self.claim(row, abstract, generic, latex), abstract)
        except InputError:
            found = None
        if found is not None and found.is_right:
            return found
        turns = any(isinstance(n, Transpose) for side in claim.sides for n in walk(side))
        if found is not None and turns and not found.note.startswith(MISFIT):
            return Verdict("undecided", note=_OF_NUMBERS)
        readings = (*verdict.readings, NUMBERS)
        return replace(verdict, verdict="right_under_reading", readings=readings)

    def _if_of_vectors(
        self, verdict: Verdict, claim: Claim, row: Row, model: Model, generic: Mapping[str, str],
        latex: str | None,
    ) -> Verdict:  # fmt: skip
        """``verdict``, of a row that is wrong for numbers, for vectors if the model is abstract.

        A T above a derivative of vectors is no exponent.
        """
        abstract = self.models.of_vectors(model)
        if abstract is None:
            return verdict
        try:
            meant = self.claim(row, abstract, generic, latex)
            found = self.bench.verdict(meant, abstract)
        except InputError:
            return verdict
        if found.is_right or (meant.sides != claim.sides and found.verdict == "undecided"):
            return found
        return verdict

    def continued(self, formula: Formula, error: InputError) -> Judged:
        """A formula that goes on from a left side that is not written with it."""
        text = formula.latex
        at = re.search(r"=", text)
        start = at.end() if at and not text[: at.start()].strip(" &\n") else -1
        if start < 0:
            return unreadable(formula, error, self.title)
        body = formula.part(start, len(text)).latex.replace("&", " ")
        models = self.family(self.models.current) or [m for f in self.standard() for m in f]
        found = continued(body, models, self._left, part=self._part)
        if found is None:
            return self.entry(formula, EXAMPLE if continues_in_numbers(text) else _NO_LEFT_SIDE)
        verdict = found.verdict
        if verdict.verdict == "wrong":
            before = (m for first in self._first_forms() for m in self.family(first))
            again = continued(body, [*before], self._left, part=self._part)
            if again is not None and again.verdict.is_right:
                verdict = Verdict("undecided", note=TOLD_TWICE)
        shown = self.entry(formula, verdict, None, found.model.title)
        return replace(shown, latex=f"{found.left} = {body}", part=None)

    def respelled(self, entry: Waiting, latex: str, model: Model) -> Judged:
        """The verdict of a row in another spelling under one model."""
        verdict = self.bench.verdict(self.claim(entry.row, model, latex=latex), model)
        return self.entry(entry.formula, verdict, entry.row, model.title)


#: The slopes of activations by their values.
_SLOPES = {"tanh": r"(1 - \cdot^2)", "sigma": r"\cdot \odot (1 - \cdot)"}
_ARGUMENT = "the name of a gradient by a state is from here on that of the one by its argument"
#: The verdict of what an example has for numbers.
EXAMPLE = Verdict("not_a_claim", note=marked("values of an example"))
#: Of what turns something, and so is about vectors.
_OF_NUMBERS = "it holds if every quantity is a number; of vectors, which it transposes, it does not"
_NO_LEFT_SIDE = Verdict("undecided", note="its left side is not written with it")
