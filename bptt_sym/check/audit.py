"""Audit: the verdict of every formula of a document, under the document's own definitions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial

from bptt_sym.check import conditions, failures
from bptt_sym.check.answer import internal_error, unreadable
from bptt_sym.check.asides import as_rewritten
from bptt_sym.check.bench import Bench, about_one
from bptt_sym.check.collected import seldom_collected
from bptt_sym.check.consistent import with_one_supposition
from bptt_sym.check.context import Context
from bptt_sym.check.continued import continued, continues_in_numbers
from bptt_sym.check.examples import gives_a_state, has_decimals, puts_values_in, without_numbers
from bptt_sym.check.facts import needs_no_model, of_a_fact
from bptt_sym.check.grounds import Grounds, holds_in_vain
from bptt_sym.check.judged import Judged, Waiting, as_entry, fault_in, in_order, of_problem
from bptt_sym.check.layers import layered
from bptt_sym.check.links import by_links
from bptt_sym.check.loss_before import by_loss_before
from bptt_sym.check.models import Model, Models
from bptt_sym.check.naming import named_in
from bptt_sym.check.other_case import in_other_case
from bptt_sym.check.prepared import prepared
from bptt_sym.check.provenance import Basis, Ledger
from bptt_sym.check.quantities.entries import with_what_stands_beside
from bptt_sym.check.renamed import renamed
from bptt_sym.check.second_looks import at_the_last_step
from bptt_sym.check.spectral import with_sizes
from bptt_sym.check.understood import where_understood
from bptt_sym.check.unrolled import follows
from bptt_sym.check.wording import (
    generic_meanings,
    is_judged,
    lacks_a_step,
    looks_ahead,
    made_of_gradients,
    only_copies,
    says_nothing,
    with_its_step,
    without_marks,
)
from bptt_sym.decide.verdict import Verdict
from bptt_sym.definitions.bound_names import with_bound_names
from bptt_sym.definitions.defining import base_letter, definition_of, definitions_in, may_define
from bptt_sym.definitions.outline import Kind, Outline, Row, further_sides, is_relation, outline
from bptt_sym.documents.document import PROSE, Document, Formula
from bptt_sym.errors import BpttError, InputError, UnboundName
from bptt_sym.messages import marked
from bptt_sym.notation import Claim
from bptt_sym.read import read_claim
from bptt_sym.read.vocabulary import plain_name

#: How many models a row may fail under before an undecided one is the last.
MOST_TRIED = 6


@seldom_collected()
def audit(document: Document) -> list[Judged]:
    """The verdict of each formula, in the order of the document.

    A displayed formula always has an entry; one in a line of text only if it relates two things.
    """
    everything, context = prepared(document)
    auditor = _Auditor(context)
    auditor.bench.near_one = frozenset().union(*(about_one(f.latex) for f in everything))
    found, apart = list[Judged | Waiting](), layered(document)
    for formula in everything:
        if (case := _CASE.fullmatch(formula.latex)) and not formula.display:
            auditor.bench.case = (case.group(1), case.group(2))
        if formula.order in apart:
            found += apart[formula.order]
        elif formula.environment == PROSE:
            found += auditor.sentence(formula)
        else:
            found += auditor.formula(formula)
            auditor.bench.case = None if formula.display else auditor.bench.case
    late = [auditor.late(entry) if isinstance(entry, Waiting) else entry for entry in found]
    entries = in_order([*late, *(of_problem(p) for p in document.problems)])
    entries = with_one_supposition(entries, auditor.bench.verdict, context.wording.last_step_loss)
    return with_what_stands_beside(where_understood(entries, context.letters), document, audit)


class _Auditor:
    def __init__(self, context: Context) -> None:
        self.models = Models(context)
        self._cells: list[list[Model]] | None = None
        self.bench = Bench(self.models)
        spoken = {"cross-entropy"} if self.models.context.wording.cross_entropy else set[str]()
        self.grounds = Grounds(ledger=Ledger(in_words=frozenset(spoken)), given=context.given)
        #: The left side of the last claim, and whether only a part of it was given.
        self._left, self._part = "", False
        #: The sections in which an example gives values to the run.
        self._worked: set[int] = set()

    def sentence(self, formula: Formula) -> list[Judged | Waiting]:
        """A formula in a sentence: taken up if it defines something, judged if it is about ∂."""
        try:
            rows = outline(formula)
            for row in rows.rows:
                ahead = row.kind is Kind.SEQUENCE and looks_ahead(row)
                if ahead:
                    self.models.context.ahead.add(plain_name(row.name))
                if ahead or (row.differentiates and row.kind in (Kind.SEQUENCE, Kind.TOTAL)):
                    self._name(row, formula)
            self._definitions(rows)
            if formula.display:
                values: dict[int, Verdict] = {}
                rows = self._without_examples(rows, values)
                return [self._row(row, formula, values) for row in rows.rows]
            if formula.given.startswith(("∂", r"\partial")) and "=" in formula.latex:
                found = [self._row(row, formula, {}) for row in rows.rows]
                return [f for f in found if isinstance(f, Waiting) or is_judged(f)]
        except (BpttError, ValueError) as error:
            if formula.display and isinstance(error, InputError):
                return [unreadable(formula, error, self._title)]
        return []

    def formula(self, formula: Formula) -> Iterator[Judged | Waiting]:
        """The entries of one formula; it may change the model in force."""
        if not is_relation(formula.latex):
            self.grounds.ledger.leave(formula.latex, formula.section)
            if formula.display:
                note = marked("it relates nothing")
                yield self._entry(formula, Verdict("not_a_claim", note=note))
            return
        try:
            rows = outline(formula)
        except InputError as error:
            if (beside := failures.of_outline(error, formula)) is not None:
                yield self._entry(formula, beside)
                return
            if error.message.endswith("its left side"):
                yield self._continued(formula, error)
            else:
                yield unreadable(formula, error, self._title)
            return
        except Exception as error:  # one formula must not take the others with it
            yield self._entry(formula, internal_error(error))
            return
        supposing: dict[int, Verdict] = {}
        for row in rows.rows:
            timed, known = self.models.context.timed, self.models.known
            why = conditions.only_supposes(row, formula, timed, known)
            if why:
                supposing[id(row)] = Verdict("not_a_claim", note=why)
            if puts_values_in(row):
                self._worked.add(formula.section)
        rows = self._without_examples(rows, supposing)
        try:
            kept = Outline(formula, tuple(r for r in rows.rows if id(r) not in supposing))
            defined = supposing | self._definitions(kept)
        except Exception as error:  # one formula must not take the others with it
            yield self._entry(formula, internal_error(error))
            return
        for row in rows.rows:
            if id(row) in supposing:
                yield self._entry(formula, supposing[id(row)], row)
                continue
            ahead = row.kind is Kind.SEQUENCE and looks_ahead(row)
            if ahead:
                self.models.context.ahead.add(plain_name(row.name))
            named = self._name(row, formula) if ahead else None
            entry = self._entry(formula, named, row) if named else self._row(row, formula, defined)
            self.grounds.ledger.enter(row, entry, formula.section)
            yield entry

    def _without_examples(self, rows: Outline, known: dict[int, Verdict]) -> Outline:
        """The rows without the numbers of an example, of which nothing is claimed of every run."""
        if has_decimals(d.text for d in self.models.known.values()):
            return rows
        kept = [(row if id(row) in known else without_numbers(row), row) for row in rows.rows]
        known |= {id(row): _EXAMPLE for found, row in kept if found is None}
        return Outline(rows.formula, tuple(found or row for found, row in kept))

    # -- definitions

    def _definitions(self, rows: Outline) -> dict[int, Verdict]:
        """Take up what the formula defines; the verdicts of its defining rows, by identity."""
        now, runs, known = self.models.current, self.models.running, self.models.known
        cases = {id(r) for r in rows.rows if conditions.of_another_case(r, rows.formula, known)}
        if cases:
            apart = Outline(rows.formula, tuple(r for r in rows.rows if id(r) not in cases))
            return dict.fromkeys(cases, _CASE_ONLY) | self._definitions(apart)
        found = [r for r in rows.rows if may_define(r, rows.formula, runs) and not only_copies(r)]
        found = [r for r in found if not made_of_gradients(r, now) and not looks_ahead(r)]
        found = [r for r in found if not needs_no_model(r.latex) and not r.gives_numbers]
        again = Verdict("not_a_claim", note=marked("a definition, as before"))
        if found and self.models.restates(definition_of(row, rows.formula) for row in found):
            return {id(row): again for row in found}
        found = self._defining(found)
        further = further_sides(rows)
        found = [row for row in found if id(row) not in further]
        if not found:
            return {}
        try:
            self.models.define(definitions_in(found, rows.formula), rows.formula)
        except BpttError as error:
            verdict = failures.of_definitions(error, any(row.differentiates for row in found))
            if isinstance(error, InputError) and verdict.verdict == "unreadable":
                self._fault = (rows.formula, error)
            # A value that fits no model was no definition after all.
            return {id(row): verdict for row in found if row.kind is not Kind.VALUE}
        return {id(row): Verdict("not_a_claim", note=marked("a definition")) for row in found}

    def _defining(self, rows: Sequence[Row]) -> list[Row]:
        """Those of ``rows`` that define, and what rests on their names beside them."""
        claims = [row for row in rows if self._is_claim(row)]
        found = [row for row in rows if row not in claims]
        while True:
            # h_t = o_t tanh(c_t) is as it was; beside new gates it is about these.
            names = {base_letter(row.name) for row in found}
            more = [r for r in claims if r.mentions & names and not self._is_alias(r)]
            if not more:
                return [row for row in rows if row in found]
            found += more
            claims = [r for r in claims if r not in more]

    def _is_claim(self, row: Row) -> bool:
        """Whether a row that could define its name says something of what it stands for."""
        return self._is_alias(row) or self._holds(row)

    def _is_alias(self, row: Row) -> bool:
        now = self.models.current
        return row.kind is Kind.SEQUENCE and now is not None and row.name in now.aliases

    def _holds(self, row: Row, model: Model | None = None) -> bool:
        """Whether a row about a known name is already true: then it is a claim, and right."""
        model = model or self.models.current
        if model is None or row.kind is Kind.FUNCTION or not model.knows(row):
            return False
        try:
            return follows(self._claim(row, model), model, self.models)
        except (BpttError, ValueError):
            return False

    # -- claims

    def _row(self, row: Row, formula: Formula, defined: dict[int, Verdict]) -> Judged | Waiting:
        verdict = defined.get(id(row))
        supposed = verdict is None and conditions.is_supposed(row, formula)
        verdict = verdict or (None if supposed else of_a_fact(row, formula, self.models))
        if verdict is not None:
            if verdict.verdict == "unreadable":
                return unreadable(formula, self._fault[1], self._title)
            done = len(row.chain.sides) == 2 or row.says_what_a_function_is
            if verdict.verdict != "not_a_claim" or done:
                return self._entry(formula, verdict, row)
        if why := says_nothing(row, formula):
            return self._entry(formula, Verdict("not_a_claim", note=why), row)
        named_row = row.kind in (Kind.SEQUENCE, Kind.TOTAL) and not row.continues
        if made_of_gradients(row, self.models.current) and named_row:
            named = self._name(row, formula)
            if named is not None and len(row.chain.sides) == 2:
                return self._entry(formula, named, row)
        if supposed:
            return self._entry(formula, _CONDITION, row)
        found = self._judge(row, formula, map(self._family, self.models.newest_first()))
        if isinstance(found, Judged) and found.verdict.verdict == "wrong":
            found = self._renamed(row, formula) or found
        fails = isinstance(found, Waiting) or found.verdict.verdict in ("wrong", "undecided")
        if fails and formula.section in self._worked and gives_a_state(row):
            return self._entry(formula, _EXAMPLE, row)
        refuted = isinstance(found, Judged) and found.verdict.verdict == "wrong"
        if fails and conditions.may_be_supposed(row, formula, refuted=refuted):
            return self._entry(formula, _CONDITION, row)
        if isinstance(found, Waiting):
            return found
        found = self.grounds.weigh(found, row, formula)
        vain = re.search(r" does not depend on |^no definition uses ", found.verdict.note)
        back = self._come_back_to(row, formula) if vain else None
        if back is None and vain and found.verdict.verdict == "undecided":
            # An equation further down may say what depends on what.
            error = UnboundName(found.verdict.note)
            return Waiting(row, formula, len(self.models.all), error, found)
        return back or found

    def _renamed(self, row: Row, formula: Formula) -> Judged | None:
        """The verdict with another meaning of a name of a gradient, or of the loss, if any."""
        family = self._family(self.models.current)
        former = self._family(self.models.with_loss_before(formula))
        again = renamed(row, family, lambda: self._judge(row, formula, [family]))
        return again or by_loss_before(former, lambda: self._under(row, formula, former))

    def _name(self, row: Row, formula: Formula) -> Verdict | None:
        """Take ``A_t = ∂…`` as a name for its right side; ``None`` if the name is taken."""
        verdict, family = None, self._family(self.models.current)
        free = [m for m in family if not m.knows(row) or self._renames(row, m)]
        if len(free) < len(family) and row.name in row.mentions:
            return None  # a recursion of a name is a claim where one of them gives it
        for model in free:
            verdict = named_in(row, model) or verdict
        return verdict

    def _family(self, model: Model | None) -> list[Model]:
        """A model and its completions; the standard cell if the document has no model."""
        if model is None:
            return []
        return [model, *self.models.completions(model)]

    def _standard(self) -> list[list[Model]]:
        self._cells = self.models.standard() if self._cells is None else self._cells
        return self._cells

    def _renames(self, row: Row, model: Model) -> bool:
        """Whether ``A_t = ∂…`` gives a name, that stood for something else, a new meaning."""
        anew = row.names_a_derivative and row.name in model.court.model.defined
        if not anew and row.name not in (
            model.aliases if row.kind is Kind.SEQUENCE else model.totals
        ):
            return False
        if len(row.chain.sides) != 2 or row.name in row.mentions:
            return False  # a recursion of a name is a claim about it
        return not self._holds(row, model)

    def _claim(
        self,
        row: Row,
        model: Model,
        generic: Mapping[str, str] | None = None,
        latex: str | None = None,
    ) -> Claim:
        vocabulary = with_bound_names(with_sizes(model.vocabulary, row.latex), row.latex)
        if generic:
            vocabulary = replace(vocabulary, aliases={**vocabulary.aliases, **generic})
        if "=" not in row.chain.ops:
            # Infinity has a meaning in a limit or a bound, and in no equation.
            vocabulary = replace(vocabulary, parameters=vocabulary.parameters | {r"\infty"})
        claim = read_claim(latex or row.latex, model.court.model, vocabulary=vocabulary)
        for side in claim.sides:
            if alias := model.differentiates_by_alias(side):
                raise UnboundName(
                    f"{alias} only names an expression: there is no derivative by it",
                    span=side.span, token=alias,
                )  # fmt: skip
        claim = model.plainly(claim)
        return without_marks(claim) if self.models.context.only_d else claim

    def _judge(
        self, row: Row, formula: Formula, families: Iterable[Sequence[Model]]
    ) -> Judged | Waiting:
        """The verdict under the first family that knows the names of the row."""
        self.bench.take(formula)
        self._left, self._part = row.left, "+=" in row.chain.ops
        first: InputError | None = None
        for family in families:
            try:
                judged = self._under(row, formula, family)
                if judged.verdict.verdict != "wrong":
                    return judged
                if row.is_the_first_step and self.models.is_soft(row):
                    begins = Verdict("not_a_claim", note=marked("a definition of the first step"))
                    return self._entry(formula, begins, row)
                return self._come_back_to(row, formula) or judged
            except InputError as error:
                first = first or error
                if not isinstance(error, UnboundName):
                    break
            except Exception as error:  # one formula must not take the others with it
                return self._entry(formula, internal_error(error), row, family[0].title)
        if first is None:
            first = UnboundName(
                "no recurrence is defined before this formula",
                hint=r"define it in the document: $h_t = \tanh(w h_{t-1} + u_t)$",
            )
        if isinstance(first, UnboundName):
            return Waiting(row, formula, len(self.models.all), first)
        return unreadable(formula, first, self._title)

    def _come_back_to(self, row: Row, formula: Formula) -> Judged | None:
        """The verdict under a recurrence of an earlier section that makes the row right."""
        for model in self.models.earlier(formula.section):
            try:
                judged = self._under(row, formula, self._family(model))
            except InputError:
                continue
            if judged.verdict.is_right and not holds_in_vain(judged):
                return judged.under(f"it is about the recurrence of {model.title}")
        return None

    def _under(self, row: Row, formula: Formula, family: Sequence[Model]) -> Judged:
        """The verdict under the first of ``family`` that makes the row right, else the first's.

        Raises
        ------
        InputError
            None of them gives a meaning to every name.
        """
        first: InputError | None = None
        told, named = 0, self.models.parameters
        failed: list[tuple[Judged, Model]] = []
        slips = any(model.mends or model.special for model in family)
        for model in family:
            if model.since > formula.offsets[0]:
                continue
            for generic in ({}, *generic_meanings(row, model.court.model, named)):
                bare = None
                try:
                    claim = self._claim(row, model, generic)
                    verdict = self.bench.verdict(claim, model)
                except InputError as error:
                    if first is None or (model.supposed and not family[0].supposed and told < 1):
                        # What is missing even where everything usual is supposed.
                        told += bool(model.supposed)
                        first = error
                    bare = with_its_step(row, model) if lacks_a_step(error) else None
                    if bare is None:
                        continue
                    try:
                        claim = self._claim(row, model, generic, bare)
                        verdict = self.bench.verdict(claim, model)
                        verdict = at_the_last_step(verdict, claim, model)
                    except InputError:
                        continue
                # (Where a step was put in, a total of the same name may be meant.)
                written = not (bare or generic or model.supposed) and verdict.verdict == "wrong"
                verdict = failures.with_suppositions(verdict, claim, model, generic)
                verdict = as_rewritten(verdict, row, formula)
                basis = Basis(claim, model, family[0])
                judged = replace(self._entry(formula, verdict, row, model.title), basis=basis)
                if verdict.is_right or (written and verdict.verdict == "wrong" and not slips):
                    return by_links(failures.explained(judged, model, formula), failed, self.bench)
                if not (failed and model.special):
                    failed.append((judged, model))
                if len(failed) >= MOST_TRIED and judged.verdict.verdict != "wrong":
                    return judged
        if failed:
            return by_links(failures.of_failures(failed, formula), failed, self.bench)
        assert first is not None
        raise first

    def _continued(self, formula: Formula, error: InputError) -> Judged:
        """A formula that goes on from a left side that is not written with it."""
        text = formula.latex
        at = re.search(r"=", text)
        start = at.end() if at and not text[: at.start()].strip(" &\n") else -1
        if start < 0:
            return unreadable(formula, error, self._title)
        body = formula.part(start, len(text)).latex.replace("&", " ")
        models = self._family(self.models.current) or [m for f in self._standard() for m in f]
        found = continued(body, models, self._left, part=self._part)
        if found is None:
            return self._entry(formula, _EXAMPLE if continues_in_numbers(text) else _NO_LEFT_SIDE)
        shown = self._entry(formula, found.verdict, None, found.model.title)
        return replace(shown, latex=f"{found.left} = {body}", part=None)

    def late(self, entry: Waiting) -> Judged:
        """A row that waited, under the models that were defined after it."""
        after = self.models.all[max(entry.tried - 1, 0) :]  # what was added to is not whole
        later = [self._family(m) for m in sorted(after, key=lambda m: m.grown)]
        defined = {plain_name(n) for m in self.models.all for n in m.court.model.defined}
        for family in self._standard():
            if not defined & {"c", "C", "s"} & set(family[0].court.model.defined):
                later.append(family)
        again = self._judge(entry.row, entry.formula, later) if later else entry
        if entry.found is not None:
            if not isinstance(again, Judged) or not again.verdict.is_right:
                return entry.found
            again = self.grounds.weigh(again, entry.row, entry.formula)
            return again if again.verdict.is_right else entry.found
        if isinstance(again, Judged):
            if again.verdict.verdict == "wrong" and self.models.anew:
                note = "under the recurrence that is defined after it, it fails"
                return replace(again, verdict=Verdict("undecided", note=note), part=None)
            return self.grounds.weigh(again, entry.row, entry.formula)
        families = later or map(self._family, self.models.newest_first())
        meant = in_other_case(entry.row, families, partial(self._respelled, entry))
        if meant is not None:
            return meant
        error = again.error
        if (nothing := conditions.unclaimed(entry.row, entry.formula, error)) is not None:
            return self._entry(entry.formula, nothing, entry.row)
        judged = self._entry(entry.formula, Verdict("undecided", note=error.message), entry.row, "")
        return replace(judged, fault=fault_in(entry.formula, error)) if error.token else judged

    def _respelled(self, entry: Waiting, latex: str, model: Model) -> Judged:
        """The verdict of a row in another spelling under one model."""
        verdict = self.bench.verdict(self._claim(entry.row, model, latex=latex), model)
        return self._entry(entry.formula, verdict, entry.row, model.title)

    @property
    def _title(self) -> str:
        return self.models.current.title if self.models.current else ""

    def _entry(
        self, formula: Formula, verdict: Verdict, row: Row | None = None, model: str | None = None
    ) -> Judged:
        return as_entry(formula, verdict, row, self._title if model is None else model)


_EXAMPLE = Verdict("not_a_claim", note=marked("values of an example"))
_CASE_ONLY = Verdict("not_a_claim", note=marked("a case, not a definition"))
_CONDITION = Verdict("not_a_claim", note=marked("a condition, not a claim"))
_NO_LEFT_SIDE = Verdict("undecided", note="its left side is not written with it")
#: "for $k = t$" before a formula.
_CASE = re.compile(r"\s*([a-su-z])\s*=\s*([a-zT])\s*")
