"""The bench of an audit: the court's verdict on a claim, weighed with what the document says.

A court knows a recurrence and nothing else. What a text leaves open, what it says about its own
signs, and shapes that fit under no reading are weighed here, so that nothing is accused on a guess.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from bptt_sym.check.accumulated import adds_up, judge_added, judge_share, of_a_step, share
from bptt_sym.check.answer import worked_out
from bptt_sym.check.as_in_the_sum import of_its_own_step
from bptt_sym.check.asides import speaks_of_linear, speaks_of_one_step, speaks_of_own_step
from bptt_sym.check.bars import if_loss_of_the_step
from bptt_sym.check.dimension import claim_of_one_unit
from bptt_sym.check.known_functions import if_known
from bptt_sym.check.misfits import with_other_parts, without_shapes
from bptt_sym.check.model import Model
from bptt_sym.check.models import Models
from bptt_sym.check.own_row import multiplies_vectors_alone
from bptt_sym.check.second_looks import (
    AS_IMMEDIATE,
    BY_ARGUMENT,
    if_immediate,
    if_linear,
    if_one_step,
    second_look,
)
from bptt_sym.check.sized_bounds import with_sizes_put_in
from bptt_sym.check.stacked_rows import by_rows
from bptt_sym.check.wording import (
    bounds_what_is_given,
    by_a_gate,
    by_preactivation,
    fixes_a_number,
    in_a_case,
    names_by_a_gate,
    states_values,
    undefined_in,
    vacuous_in,
)
from bptt_sym.decide.readings import OWN_STEP
from bptt_sym.decide.verdict import MISFIT, Verdict
from bptt_sym.definitions.bound_names import sized, unsized, without_its_name
from bptt_sym.definitions.defining import base_letter
from bptt_sym.definitions.gates import GATES
from bptt_sym.documents.contained import cannot_match
from bptt_sym.documents.document import Formula
from bptt_sym.entries import Entries
from bptt_sym.errors import BpttError, UnboundName
from bptt_sym.messages import marked
from bptt_sym.notation import (
    At,
    Claim,
    Idx,
    Node,
    Sym,
    Transpose,
    substitute_index,
    walk,
)
from bptt_sym.read.vocabulary import plain_name
from bptt_sym.slices import has_slices

_DERIVES = re.compile(r"\\partial|\\nabla|∂|∇|\\frac\s*\{\s*d")
#: ``\\nabla_{h_t}`` without a loss behind it is a mark as well.
_NABLA_ALONE = re.compile(
    r"\s*(?:\\nabla|∇)\s*_\s*\{(?:[^{}]|\{(?:[^{}]|\{[^{}]*+\})*+\})*+\}\s*&?\s*$"
)
#: What marks a gradient before, or over, its variable; d has no command.
_SIGN = re.compile(r"\\(?:[dD]elta|bar|overline)(?![A-Za-z])|[δΔ]")
#: What is said to be about one.
_ABOUT_ONE = re.compile(r"(?:\\approx|\\simeq|≈)\s*1(?![0-9.])")
#: Where what is said to be about one begins: after another relation, or a column.
_BEFORE = "=<>≤≥&"
#: A slope: that it is about one is said of every step.
_SLOPE = re.compile(r"'|\\prime|\\partial|∂|1\s*-[^+=]*(?:\^\{?2|²)|\\frac\s*\{\s*d")
SLOPE = "'"


def about_one(latex: str) -> frozenset[str]:
    """The letters of what ``latex`` says to be about one, and :data:`SLOPE` if that is a slope."""
    if cannot_match(_ABOUT_ONE, latex):
        return frozenset()
    said, last = list[str](), 0
    for found in _ABOUT_ONE.finditer(latex):
        start = max(latex.rfind(sign, last, found.start()) for sign in _BEFORE) + 1
        said.append(latex[max(start, last) : found.start()])
        last = found.end()
    letters = frozenset(letter for left in said for letter in re.findall(r"\\?[A-Za-z]+", left))
    return letters | {SLOPE} if any(map(_SLOPE.search, said)) else letters


@dataclass
class Bench:
    """The models of a document, and what it has said so far."""

    models: Models
    #: Whether the formula in hand uses δ for gradients.
    delta: bool = False
    #: The signs (δ, a bar, d) that have marked gradients by a gate itself.
    by_output: set[str] = field(default_factory=set)
    #: The gates by which a formula says that a mark is the gradient.
    named: set[str] = field(default_factory=set)
    #: Whether it has been the gradient by the gate's pre-activation.
    by_argument: bool = False
    #: The weights that a formula has transposed: they are no numbers.
    turned: set[str] = field(default_factory=set)
    #: The case that the sentence before speaks of: "for $k = t$".
    case: tuple[str, str] | None = None
    #: The formula in hand: what the text before it says is looked for where a claim fails.
    formula: Formula | None = None
    #: The letters of what the document says to be about one.
    near_one: frozenset[str] = frozenset()
    #: Whether what is judged is a formula in place of one of the text.
    mending: bool = False
    #: Left sides whose exact value the document has stated.
    exact: set[Node] = field(default_factory=set)

    def take(self, formula: Formula) -> None:
        """What is judged next stands in ``formula``."""
        self.delta = formula.delta
        self.formula = formula

    def _written_left(self, claim: Claim) -> str:
        """The left side as the text has it, "" if that is not known."""
        row = claim.source
        start, end = len(row) - len(row.lstrip()), row.find("=")
        if self.formula is None or not start < end <= len(self.formula.latex):
            return ""
        return self.formula.shown(start, end)

    def _given_mark(self, claim: Claim) -> str:
        """The sign of the mark that is the left side in the text, "" if it is none."""
        left = self._written_left(claim) if self.delta else ""
        if not left or _DERIVES.search(left):
            return r"\nabla" if _NABLA_ALONE.match(left) else ""
        found = _SIGN.search(left)
        return found.group() if found else "d"

    def _of_other_parts(self, claim: Claim, verdict: Verdict, model: Model) -> Verdict:
        """The verdict of slices whose shapes do not fit, others of which may be meant."""
        if self.mending:
            return verdict
        # (What is tried is no formula of the text.)
        other = replace(
            self, exact=set(self.exact), turned=set(self.turned), named=set(self.named),
            by_output=set(self.by_output), mending=True,
        )  # fmt: skip

        def judge(changed: Claim) -> Verdict:
            try:
                return other.verdict(changed, model)
            except BpttError as error:
                return Verdict("undecided", note=str(error))

        return with_other_parts(claim, verdict, model.court.model, judge)

    def verdict(self, claim: Claim, model: Model) -> Verdict:
        """The verdict of ``claim`` under one model; its slip is found later.

        (By :func:`bptt_sym.check.failures.explained`.) Much of what fails under
        one model holds under another, so that nobody asks for the slip.

        Raises
        ------
        UnboundName
            Nothing defines a name that the claim is about.
        """
        claim = without_its_name(claim, model.court.model, self.models.context.sizes)
        if (found := sized(claim, model.court.model, self.models.context.sizes)) is not None:
            return with_sizes_put_in(found, model.court)
        if (letter := unsized(claim, model.court.model)) is not None:
            raise UnboundName(
                f"no definition gives {letter.name}", span=letter.span, token=letter.name
            )
        nodes = [n for side in claim.sides for n in walk(side)]
        for n in nodes:
            missing = undefined_in(n, model.court.model)
            if missing:
                raise UnboundName(
                    f"nothing defines {missing}", span=n.span, token=missing,
                    hint="give the equation of the step",
                )  # fmt: skip
        claim = of_a_step(claim)
        adding = share(claim)
        if adding is not None and (judged := judge_share(adding, model.court)) is not None:
            return judged
        if (judged := judge_added(claim, model.court)) is not None:
            return judged
        if adding is not None and self.delta and adds_up(claim):
            meant = by_preactivation(adding, model.court.model, self.named)
            if meant.sides != adding.sides and (judged := judge_share(meant, model.court)):
                return replace(judged, readings=(*judged.readings, BY_ARGUMENT))
        if adds_up(claim):
            return Verdict("undecided", note=marked("no part of the gradient equals what is added"))
        if not any(isinstance(n, (At, Sym)) for n in nodes):
            return Verdict("not_a_claim", note=marked("it is about indices and numbers only"))
        # A gate that is about one is no word about a network without that gate.
        runs = {base_letter(name) for name in model.court.model.defined} | {SLOPE}
        regime = self.models.context.wording.regime or bool(self.near_one & runs)
        verdict = model.court.judge(claim, exact=self.exact, regime=regime, explain=False)
        # A chain that breaks off has a link less.
        for op, side, link in zip(
            claim.ops, claim.sides[1:], verdict.links or (verdict,), strict=False
        ):
            if op == "=" and link.is_right and worked_out(side):
                self.exact.add(claim.sides[0])
        if verdict.note.startswith("an approximation"):
            return replace(verdict, verdict="not_a_claim")
        if verdict.verdict == "wrong" and fixes_a_number(claim, verdict):
            return in_a_case(claim, verdict)
        if verdict.verdict == "wrong" and (given := bounds_what_is_given(claim, model.court.model)):
            if plain_name(given) in GATES:
                raise UnboundName(
                    f"nothing defines {given}", token=given, hint="give the equation of the step"
                )
            return Verdict("not_a_claim", note="it is about values, and does not hold of every run")
        if verdict.verdict == "wrong" and states_values(claim):
            return Verdict("not_a_claim", note="it is about values, and does not hold of every run")
        mark = self._given_mark(claim)
        if verdict.is_right and mark and by_a_gate(claim, model.court.model):
            self.by_output.add(mark)
        gate = names_by_a_gate(claim, model.court.model) if verdict.is_right else ""
        if gate and (left := self._written_left(claim)) and not _DERIVES.search(left):
            self.named.add(gate)
        if verdict.verdict == "wrong" and self.case is not None:
            name, value = self.case
            sides = tuple(substitute_index(s, name, Idx(value)) for s in claim.sides)
            known = model.court.holds(replace(claim, sides=sides))
            if known is not None:
                said = f"{name} = {value}, as the text before it says"
                return replace(
                    known, verdict="right_under_reading", assumptions=(*known.assumptions, said)
                )
        if verdict.is_right and (idle := vacuous_in(claim, model.court.model)):
            return Verdict("undecided", note=f"no definition uses {idle}: what depends on it?")
        delta = self.delta and (mark not in self.by_output if mark else not self.by_output)
        verdict = second_look(verdict, claim, model, self.models, delta, self.named)
        self.by_argument |= BY_ARGUMENT in verdict.readings
        if verdict.otherwise is not None and self.by_argument:
            verdict = replace(verdict, otherwise=replace(verdict.otherwise, likelier=True))
        verdict = by_rows(verdict, claim, model, self.formula)
        about = self.formula if verdict.verdict == "wrong" else None
        if about is not None and speaks_of_linear(about):
            verdict = if_linear(claim, model, self.models) or verdict
        if about is not None and verdict.verdict == "wrong" and speaks_of_one_step(about):
            verdict = if_one_step(claim, model) or verdict
        if about is not None and verdict.verdict == "wrong" and speaks_of_own_step(about):
            verdict = if_immediate(claim, model) or verdict
        if about is not None and verdict.verdict == "wrong":
            verdict = if_loss_of_the_step(claim, model, about) or verdict
        if verdict.verdict == "wrong":
            verdict = if_known(claim, model) or verdict
        if verdict.verdict == "undecided" and MISFIT in verdict.note:
            if any(isinstance(n, Entries) for n in nodes):
                return verdict  # no edit of entries has a name
            if self.formula is not None and speaks_of_own_step(self.formula):
                own = of_its_own_step(claim, model.court)
                if own is not None:
                    named = {OWN_STEP.message: AS_IMMEDIATE}
                    return replace(own, readings=tuple(named.get(r, r) for r in own.readings))
            if has_slices(claim):
                return self._of_other_parts(claim, verdict, model)
            single = self.models.one_unit(model)
            return without_shapes(claim, verdict, model.court, single, self.turned)
        if verdict.verdict == "wrong" and multiplies_vectors_alone(claim, model.court):
            one, of_one = self.models.one_unit(model), claim_of_one_unit(claim, model.court.model)
            if one is not None and one.judge(of_one, explain=False).is_right:
                said = marked("it fails for vectors; for one unit it holds")
                return Verdict("undecided", note=said)
        if verdict.is_right:
            turned = (n.arg for n in nodes if isinstance(n, Transpose))
            self.turned |= {arg.name for arg in turned if isinstance(arg, Sym)}
        return verdict
