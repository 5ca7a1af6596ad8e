"""Audit: the verdict of every formula of a document, under the document's own definitions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial

from bptt_sym.check import conditions, failures
from bptt_sym.check.answer import internal_error, unreadable
from bptt_sym.check.as_in_the_sum import as_in_the_sum
from bptt_sym.check.backward_names import backward_name
from bptt_sym.check.beginnings import wrong_from_its_beginning
from bptt_sym.check.bench import about_one
from bptt_sym.check.both_shares import with_both_shares
from bptt_sym.check.both_ways import is_one_of_two_cases
from bptt_sym.check.chain_rule import of_any_functions
from bptt_sym.check.collected import seldom_collected
from bptt_sym.check.consistent import in_numbers, in_one_layout, with_one_supposition
from bptt_sym.check.context import Context
from bptt_sym.check.each_layer import Instances
from bptt_sym.check.examples import gives_a_state, has_decimals, puts_values_in, without_numbers
from bptt_sym.check.explained_after import explains_what_is_before
from bptt_sym.check.facts import needs_no_model, of_a_fact
from bptt_sym.check.grounds import PARTIAL, Grounds
from bptt_sym.check.judged import Judged, Waiting, fault_in, in_order, of_problem
from bptt_sym.check.judging import EXAMPLE, Judging
from bptt_sym.check.layers import layered
from bptt_sym.check.marked_immediate import where_marked
from bptt_sym.check.model import Model
from bptt_sym.check.models import Models
from bptt_sym.check.naming import NAME, named_in
from bptt_sym.check.other_case import in_other_case
from bptt_sym.check.prepared import prepared
from bptt_sym.check.provenance import Ledger
from bptt_sym.check.quantities.entries import with_what_stands_beside
from bptt_sym.check.understood import where_understood
from bptt_sym.check.unrolled import follows
from bptt_sym.check.wording import (
    is_judged,
    looks_ahead,
    made_of_gradients,
    only_copies,
    says_nothing,
)
from bptt_sym.decide.verdict import Verdict
from bptt_sym.definitions.defining import base_letter, definition_of, definitions_in, may_define
from bptt_sym.definitions.outline import Kind, Outline, Row, further_sides, is_relation, outline
from bptt_sym.documents.document import PROSE, Document, Formula
from bptt_sym.documents.unfinished import leaves_the_rest
from bptt_sym.errors import BpttError, InputError, LaterStepError, UnboundName
from bptt_sym.messages import marked
from bptt_sym.notation import D
from bptt_sym.read.vocabulary import plain_name


@seldom_collected()
def audit(document: Document) -> list[Judged]:
    """The verdict of each formula, in the order of the document.

    A displayed formula always has an entry; one in a line of text only if it relates two things.
    """
    everything, context = prepared(document)
    auditor = _Auditor(context)
    bench = auditor.judging.bench
    bench.near_one = frozenset().union(*(about_one(f.latex) for f in everything))
    found, apart = list[Judged | Waiting](), layered(document)
    instances = Instances()
    for formula in everything:
        before = len(found)
        if (case := _CASE.fullmatch(formula.latex)) and not formula.display:
            bench.case = (case.group(1), case.group(2))
        if formula.order in apart:
            found += apart[formula.order]
        elif formula.environment == PROSE:
            found += auditor.sentence(formula)
        else:
            found += auditor.formula(formula)
            auditor.look_back(found, formula)
            bench.case = None if formula.display else bench.case
        instances.note(formula, before, len(found))
    late = [auditor.late(entry) if isinstance(entry, Waiting) else entry for entry in found]
    entries = in_order([*instances.as_one(late), *(of_problem(p) for p in document.problems)])
    entries = with_one_supposition(entries, bench.verdict, context.wording.last_step_loss)
    entries = in_one_layout(with_both_shares(where_marked(as_in_the_sum(entries))))
    entries = in_numbers(entries, auditor.models.holds_in_numbers)
    return with_what_stands_beside(where_understood(entries, context.letters), document, audit)


class _Auditor:
    def __init__(self, context: Context) -> None:
        self.models = Models(context)
        self.judging = Judging(self.models)
        spoken = {"cross-entropy"} if self.models.context.wording.cross_entropy else set[str]()
        ledger = Ledger(in_words=frozenset(spoken), untaken=context.untaken)
        self.grounds = Grounds(
            ledger=ledger, given=context.given, in_columns=context.in_columns
        )
        #: The sections in which an example gives values to the run.
        self._worked: set[int] = set()
        #: What has been called wrong in the last formula.
        self._accused: list[tuple[Judged, Row, Formula]] = []

    def sentence(self, formula: Formula) -> list[Judged | Waiting]:
        """A formula in a sentence: taken up if it defines something, judged if it is about ∂."""
        try:
            rows = outline(formula)
            for row in rows.rows:
                ahead = row.kind is Kind.SEQUENCE and looks_ahead(row)
                if ahead:
                    self.models.context.ahead.add(plain_name(row.name))
                # (A line of its own is judged below, and names what it names there.)
                named = row.differentiates and row.kind in (Kind.SEQUENCE, Kind.TOTAL)
                if ahead or (named and not formula.display):
                    self._name(row, formula)
            self._definitions(rows)
            if formula.display:
                values: dict[int, Verdict] = {}
                rows = self._without_examples(rows, values)
                return [self._row(row, formula, values) for row in rows.rows]
            if _is_of_a_derivative(formula) and "=" in formula.latex:
                found = [self._row(row, formula, {}) for row in rows.rows]
                return [f for f in found if isinstance(f, Waiting) or is_judged(f)]
        except (BpttError, ValueError) as error:
            if formula.display and isinstance(error, InputError):
                return [unreadable(formula, error, self.judging.title)]
        return []

    def formula(self, formula: Formula) -> Iterator[Judged | Waiting]:
        """The entries of one formula; it may change the model in force."""
        if not is_relation(formula.latex):
            self.grounds.ledger.leave(formula.latex, formula.section)
            left = "=" in formula.latex and leaves_the_rest(formula.latex)
            if formula.display or left:
                note = PARTIAL if left else marked("it relates nothing")
                yield self.judging.entry(formula, Verdict("not_a_claim", note=note))
            return
        try:
            rows = outline(formula)
        except InputError as error:
            if (beside := failures.of_outline(error, formula)) is not None:
                yield self.judging.entry(formula, beside)
                return
            if error.message.endswith("its left side"):
                yield self.judging.continued(formula, error)
            else:
                yield unreadable(formula, error, self.judging.title)
            return
        except Exception as error:  # one formula must not take the others with it
            yield self.judging.entry(formula, internal_error(error))
            return
        supposing: dict[int, Verdict] = {}
        for row in rows.rows:
            timed, known = self.models.context.timed, self.models.known
            why = conditions.only_supposes(row, formula, timed, known)
            if why:
                supposing[id(row)] = Verdict("not_a_claim", note=why)
            elif is_one_of_two_cases(row, formula, self.models.context.both_ways):
                supposing[id(row)] = _CONDITION
            if puts_values_in(row):
                self._worked.add(formula.section)
        rows = self._without_examples(rows, supposing)
        try:
            kept = Outline(formula, tuple(r for r in rows.rows if id(r) not in supposing))
            defined = supposing | self._definitions(kept)
        except Exception as error:  # one formula must not take the others with it
            yield self.judging.entry(formula, internal_error(error))
            return
        for row in rows.rows:
            if id(row) in supposing:
                yield self.judging.entry(formula, supposing[id(row)], row)
                continue
            ahead = row.kind is Kind.SEQUENCE and looks_ahead(row)
            if ahead:
                self.models.context.ahead.add(plain_name(row.name))
            named = self._name(row, formula) if ahead else None
            if named:
                entry: Judged | Waiting = self.judging.entry(formula, named, row)
            else:
                entry = self._row(row, formula, defined)
            self.grounds.ledger.enter(row, entry, formula.section)
            if isinstance(entry, Judged) and entry.verdict.verdict == "wrong":
                self._accused.append((entry, row, formula))
            yield entry

    def look_back(self, found: list[Judged | Waiting], formula: Formula) -> None:
        """Judge what was called wrong again where "where: …" says anew what a name in it is."""
        accused = [a for a in self._accused if a[2].order != formula.order]
        self._accused = [a for a in self._accused if a[2].order == formula.order]
        if not accused or not explains_what_is_before(accused[-1][2], formula):
            return
        for entry, row, before in accused:
            again = self.judging.judge(row, before, [self.judging.family(self.models.current)])
            if isinstance(again, Judged):
                found[found.index(entry)] = self.grounds.weigh(again, row, before)

    def _without_examples(self, rows: Outline, known: dict[int, Verdict]) -> Outline:
        """The rows without the numbers of an example, of which nothing is claimed of every run."""
        if has_decimals(d.text for d in self.models.known.values()):
            return rows
        kept = [(row if id(row) in known else without_numbers(row), row) for row in rows.rows]
        known |= {id(row): EXAMPLE for found, row in kept if found is None}
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
            if isinstance(error, LaterStepError):
                named = self._of_later_steps(found, rows) or self._running_back(found, rows)
                if named:
                    return named
            verdict = failures.of_definitions(error, any(row.differentiates for row in found))
            if isinstance(error, InputError) and verdict.verdict == "unreadable":
                self._fault = (rows.formula, error.with_traceback(None))
            # A value that fits no model was no definition after all.
            return {id(row): verdict for row in found if row.kind is not Kind.VALUE}
        return {id(row): Verdict("not_a_claim", note=marked("a definition")) for row in found}

    def _of_later_steps(self, found: Sequence[Row], rows: Outline) -> dict[int, Verdict]:
        """The verdicts of definitions of which some read a later step, as names for what they are.

        ``D_j = diag(σ'(z_{j+1}))`` is computed by no step; it stands for its right side.
        """
        later = [r for r in found if _LATER.search(r.latex, r.chain.sides[1][0].start)]
        rest = [id(r) for r in found if r not in later]
        verdicts = self._definitions(
            Outline(rows.formula, tuple(r for r in rows.rows if id(r) in rest))
        ) if rest and later else {}  # fmt: skip
        for row in later:
            named = None
            if row.kind is Kind.SEQUENCE and len(row.chain.sides) == 2:
                named = None if row.has_its_name else self._name(row, rows.formula)
            if named is None:
                return {}
            verdicts[id(row)] = named
        return verdicts

    def _running_back(self, found: Sequence[Row], rows: Outline) -> dict[int, Verdict]:
        """The verdicts of definitions of which some are recursions from the last step back."""
        family = self.judging.family(self.models.current)
        told = {id(r): v for r in found if (v := self._runs_back(r, family)) is not None}
        rest = tuple(r for r in rows.rows if r in found and id(r) not in told)
        if told and rest:
            told = self._definitions(Outline(rows.formula, rest)) | told
        return told

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
            return follows(self.judging.claim(row, model), model, self.models)
        except (BpttError, ValueError):
            return False

    # -- claims

    def _row(self, row: Row, formula: Formula, defined: dict[int, Verdict]) -> Judged | Waiting:
        verdict = defined.get(id(row))
        supposed = verdict is None and conditions.is_supposed(row, formula)
        verdict = verdict or (None if supposed else of_a_fact(row, formula, self.models))
        if verdict is not None:
            if verdict.verdict == "unreadable":
                fault = unreadable(formula, self._fault[1], self.judging.title)
                if isinstance(self._fault[1], UnboundName) and row.kind is Kind.SEQUENCE:
                    # What is named further down may be what it is made of.
                    return Waiting(row, formula, len(self.models.all), self._fault[1], fault)
                return fault
            done = len(row.chain.sides) == 2 or row.says_what_a_function_is
            if verdict.verdict != "not_a_claim" or done:
                return self.judging.entry(formula, verdict, row)
        if why := says_nothing(row, formula):
            return self.judging.entry(formula, Verdict("not_a_claim", note=why), row)
        named_row = row.kind in (Kind.SEQUENCE, Kind.TOTAL) and not row.continues
        if made_of_gradients(row, self.models.current) and named_row:
            if (slip := self._slip_of_a_name(row, formula)) is not None:
                return slip
            named = self._name(row, formula)
            if named is not None and len(row.chain.sides) == 2:
                return self.judging.entry(formula, named, row)
            if self.models.current is None and row.names_a_derivative:
                self.judging.early.append(row)
        if supposed:
            return self.judging.entry(formula, _CONDITION, row)
        families = map(self.judging.family, self.models.newest_first())
        found = self.judging.judge(row, formula, families)
        if isinstance(found, Judged) and found.verdict.verdict == "wrong":
            judging = self.judging
            found = judging.renamed(row, formula) or judging.told_twice(row, formula) or found
        fails = isinstance(found, Waiting) or found.verdict.verdict in ("wrong", "undecided")
        if fails and formula.section in self._worked and gives_a_state(row):
            return self.judging.entry(formula, EXAMPLE, row)
        refuted = isinstance(found, Judged) and found.verdict.verdict == "wrong"
        if fails and conditions.may_be_supposed(row, formula, refuted=refuted):
            return self.judging.entry(formula, _CONDITION, row)
        if isinstance(found, Waiting):
            return found
        if found.verdict.verdict == "unreadable":
            newest = list(map(self.judging.family, self.models.newest_first()))
            return self._from_its_beginning(row, formula, newest) or found
        found = self.grounds.weigh(found, row, formula)
        vain = re.search(r" does not depend on |^no definition uses ", found.verdict.note)
        back = self.judging.come_back_to(row, formula) if vain else None
        if back is None and vain and found.verdict.verdict == "undecided":
            # An equation further down may say what depends on what.
            error = UnboundName(found.verdict.note)
            return Waiting(row, formula, len(self.models.all), error, found)
        return back or found

    def _from_its_beginning(
        self, row: Row, formula: Formula, families: Sequence[Sequence[Model]]
    ) -> Judged | None:
        """The verdict of a chain that is not understood to its end and is wrong before that."""
        found = wrong_from_its_beginning(row, lambda r: self.judging.judge(r, formula, families))
        if found is None:
            return None
        found = self.grounds.weigh(found, row, formula)
        return found if found.verdict.verdict == "wrong" else None

    def _name(self, row: Row, formula: Formula) -> Verdict | None:
        """Take ``A_t = ∂…`` as a name for its right side; ``None`` if the name is taken."""
        if formula.open:
            return None
        verdict, family = None, self.judging.family(self.models.current)
        free = [m for m in family if not m.knows(row) or self._renames(row, m)]
        given = [m for m in family if m not in free]
        named = any(row.name in m.aliases for m in given) and not row.differentiates
        if given and (row.has_its_name or named):
            return None  # what is said of a name is a claim where one of them gives it
        if row.has_its_name and (told := self._runs_back(row, free)) is not None:
            return told
        for model in free:
            verdict = named_in(row, model) or verdict
        return verdict

    def _slip_of_a_name(self, row: Row, formula: Formula) -> Judged | None:
        """The accusation of a row that works out a derivative by its name, and slips.

        What fails gives a name another meaning, but where one sign, step, exponent or transpose
        keeps it from being what the name was said to stand for.
        """
        family = self.judging.family(self.models.current)
        said = any(isinstance(m.aliases.get(row.name, ("", None))[1], D) for m in family)
        worked_out = len(row.chain.sides) == 2 and not row.names_a_derivative
        if not said or not worked_out or row.kind is not Kind.SEQUENCE or row.name in row.mentions:
            return None
        found = self.judging.judge(row, formula, [family])
        if not isinstance(found, Judged) or found.verdict.diagnosis is None:
            return None
        if found.verdict.diagnosis.code not in _SLIPS or self.judging.renamed(row, formula):
            return None
        found = self.grounds.weigh(found, row, formula)
        return found if found.verdict.verdict == "wrong" else None

    def _runs_back(self, row: Row, family: Sequence[Model]) -> Verdict | None:
        """The verdict of a recursion from the last step back that tells what its name is."""
        return backward_name(row, family, self.judging.claim, self.judging.bench.verdict)

    def _renames(self, row: Row, model: Model) -> bool:
        """Whether ``A_t = ∂…`` gives a name, that stood for something else, a new meaning."""
        anew = row.names_a_derivative and row.name in model.court.model.defined
        if not anew and row.name not in (
            model.aliases if row.kind is Kind.SEQUENCE else model.totals
        ):
            return False
        if len(row.chain.sides) != 2 or row.has_its_name:
            return False  # a recursion of a name is a claim about it
        if not row.names_a_derivative and any(r.name == row.name for r in self.judging.early):
            return False  # what works out a gradient that a text begins with is a claim
        return not self._holds(row, model)

    def late(self, entry: Waiting) -> Judged:
        """A row that waited, under the models that were defined after it."""
        if (named := self._named_late(entry)) is not None:
            return named
        after = self.models.all[max(entry.tried - 1, 0) :]  # what was added to is not whole
        if (here := self.judging.in_its_section(entry, after)) is not None:
            return self.grounds.weigh(here, entry.row, entry.formula)
        later = [self.judging.family(m) for m in sorted(after, key=lambda m: m.grown)]
        defined = {plain_name(n) for m in self.models.all for n in m.court.model.defined}
        for family in self.judging.standard():
            if not defined & {"c", "C", "s"} & set(family[0].court.model.defined):
                later.append(family)
        later += self.models.joined()
        again = self.judging.judge(entry.row, entry.formula, later) if later else entry
        if isinstance(again, Judged) and again.verdict.is_right and (
            entry.row in self.judging.early
        ):
            return self.judging.entry(entry.formula, NAME, entry.row)
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
        families = later or list(map(self.judging.family, self.models.newest_first()))
        # (A recurrence that is given anew further down accuses nobody above.)
        begins = None if self.models.anew else self._from_its_beginning(
            entry.row, entry.formula, families
        )  # fmt: skip
        if begins is not None:
            return begins
        meant = in_other_case(entry.row, families, partial(self.judging.respelled, entry))
        if meant is not None:
            return meant
        error = again.error
        written = entry.formula.origin or entry.formula
        known = of_any_functions(entry.row.latex) or of_any_functions(written.latex)
        if known is not None:
            return self.judging.entry(entry.formula, known, entry.row, "")
        if (nothing := conditions.unclaimed(entry.row, entry.formula, error)) is not None:
            return self.judging.entry(entry.formula, nothing, entry.row)
        verdict = Verdict("undecided", note=error.message)
        judged = self.judging.entry(entry.formula, verdict, entry.row, "")
        return replace(judged, fault=fault_in(entry.formula, error)) if error.token else judged

    def _named_late(self, entry: Waiting) -> Judged | None:
        """A row that gives a name to what is made of gradients whose names are given after it."""
        row = entry.row
        if entry.found is not None and entry.found.verdict.verdict != "unreadable":
            return None
        if row.kind is not Kind.SEQUENCE or row.continues:
            return None
        if row.has_its_name or len(row.chain.sides) != 2 or row.differentiates:
            return None
        if not made_of_gradients(row, self.models.current):
            return None
        named = self._name(row, entry.formula)
        return None if named is None else self.judging.entry(entry.formula, named, row)


#: A name at the step after: ``z_{j+1}``, ``z^{(t+1)}``.
_LATER = re.compile(r"[_^]\s*\{\s*\(?\s*[a-z]\s*\+\s*1\s*\)?\s*\}")
#: A step, a sign, a transpose, an exponent: slips that leave what is written what it is about.
_SLIPS = frozenset(("BP004", "BP008", "BP009", "BP013"))
_CASE_ONLY = Verdict("not_a_claim", note=marked("a case, not a definition"))
_CONDITION = Verdict("not_a_claim", note=marked("a condition, not a claim"))
#: "for $k = t$" before a formula.
_CASE = re.compile(r"\s*([a-su-z])\s*=\s*([a-zT])\s*")


def _is_of_a_derivative(formula: Formula) -> bool:
    """Whether a formula of a sentence begins with ``∂L/∂W``, or with ``dL/dW_hh`` of code.

    (A line that numbered ones give together stands nowhere, and is not judged.)
    """
    begins = ("∂", r"\partial", r"\frac{\partial")
    return formula.origin is not None and formula.given.startswith(begins)
