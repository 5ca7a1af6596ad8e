r"""How the names of a claim came to have their meaning, and what each way may accuse of.

A formula fails *under a meaning of its names*. What gives a name its meaning is one of

* an equation of the document that is in force where the formula stands,
* an equation that stands nearer and could not be taken up: then the name means something else
  there, and nothing that fails is thereby wrong,
* a function that has to be something, whatever it is (a loss of the outputs): a formula that fails
  for it fails for any,
* a function of which nobody wrote (the softmax, the cross-entropy): what fails for it may hold for
  another, unless some formula of the document with that name holds for it,
* a letter in two fonts that were read as two things.

:class:`Ledger` keeps, from top to bottom, what the equations of a document say of each name and
whether that was taken up; :meth:`Ledger.unsettled` names the part of an accusation that rests on a
name without an established meaning.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property

from bptt_sym.check.judged import Judged
from bptt_sym.check.model import Model
from bptt_sym.decide.verdict import Verdict
from bptt_sym.definitions.defining import Definition, base_letter
from bptt_sym.definitions.outline import Kind, Row
from bptt_sym.documents.names import names_in
from bptt_sym.notation import At, Claim, D, Fn, Node, Num, Sym, affine, walk
from bptt_sym.read.vocabulary import plain_name
from bptt_sym.recurrence import Recurrence

_STEP = r"\s*[_^]\s*(?:\{\s*[(<]?\s*(?:\\langle\s*)?t\s*(?:\\rangle\s*)?[)>]?\s*\}|t(?![A-Za-z]))"
_NAME = r"(?:\\[A-Za-z]+\s*(?:\{[^{}]*\}|(?<=\s)[A-Za-z])?|[A-Za-z])"
_SCRIPT = r"(?:\s*_\s*(?:\{[^{}]*\}|[A-Za-z0-9]))?"
#: ``E_t`` or ``E_t(y_t, \hat y_t)``, and nothing else.
_LONE = re.compile(
    rf"\s*(?P<name>{_NAME}{_SCRIPT}?){_STEP}\s*(?:(?:\\left\s*)?\([^=+]*\)\s*)?[.,;]?\s*"
)
_FONT = re.compile(
    r"\\(?:mathbf|boldsymbol|bm|mathrm|mathit|mathcal|mathsf|vec|bf|rm)(?![A-Za-z])\s*"
)
#: Suppositions that say which function it is.
_OF_A_KIND = re.compile(r"softmax|cross-entropy|squared error|affine function")
#: Gates of a cell whose output is nowhere: they open by that, or are given.
_OF_THE_CELL = re.compile(r"the gates [^.]* are activations of [cC]_")
_GATES_OF_CELL = "what the gates depend on is not said"
_OTHER = "{name} is given by an equation before it that could not be taken up"
_SAYS_WHAT = "what {name} is was supposed; this may be what says it"
_TWO_FONTS = "{name} is written in two fonts, which are read as two things"
_GIVES_A_VALUE = "it says what a value is, and may be what defines it"
_NO_WITNESS = "what {name} is was supposed, and no formula of the text bears it out"


class Origin(Enum):
    """What gives a name its meaning."""

    DEFINED = "an equation of the document in force"
    REPLACED = "an equation that could not be taken up"
    SUPPOSED = "some function, whichever"
    CHOSEN = "a function of which nobody wrote"
    TWOFOLD = "a letter in two fonts"


@dataclass(frozen=True)
class Basis:
    """What a formula was judged under: the claim, the model, and the document's own part of it."""

    claim: Claim
    model: Model
    own: Model
    #: Names that were taken for a parameter of another name, and for which.
    generic: tuple[tuple[str, str], ...] = ()
    #: Whether its text writes gradients as marks, ``dh_t``, that were taken for derivatives.
    marked: bool = False

    @cached_property
    def names(self) -> frozenset[str]:
        return frozenset(n.name for n in _named(self.claim.sides))

    @cached_property
    def used(self) -> frozenset[str]:
        """The names of the claim and those in the equations of these."""
        rec = self.model.court.model
        rhs = [rec.rhs(n) for n in self.names if n in rec.defined]
        return self.names | {n.name for n in _named(tuple(rhs))}

    @cached_property
    def reached(self) -> frozenset[str]:
        """The names from which those of the claim are computed, and these."""
        rec = self.model.court.model
        found, rest = set(self.names), list(self.names)
        while rest:
            name = rest.pop()
            if name in rec.defined or name in rec.totals:
                rhs = rec.rhs(name) if name in rec.defined else rec.totals[name]
                new = {n.name for n in _named((rhs,))} - found
                found |= new
                rest += new
        return frozenset(found)

    def defines(self, node: At | Sym) -> bool:
        """Whether the document's own equations give the name a meaning."""
        if self.own.supposed:
            return False
        rec, model = self.own.court.model, self.own
        if isinstance(node, At):
            return node.name in {*rec.defined, *rec.inputs, *model.aliases}
        return node.name in {*rec.shapes, *rec.totals, *model.totals}


@dataclass
class Ledger:
    """What the equations of a document have said of its names so far."""

    #: Names that have stood alone on a side of an equation.
    said: set[str] = field(default_factory=set)
    #: Those whose latest equation was not taken up.
    open: set[str] = field(default_factory=set)
    #: Names in formulas that hold.
    borne_out: set[str] = field(default_factory=set)
    #: The section of the last equation of each name.
    sections: dict[str, int] = field(default_factory=dict)
    #: Functions of which the text speaks in plain words.
    in_words: frozenset[str] = frozenset()
    #: The equations that no model took up, by the sequences that they give.
    untaken: Mapping[str, Definition] = field(default_factory=dict)
    #: The equation that was taken up for each name, without its spaces.
    _taken: dict[str, str] = field(default_factory=dict)

    def enter(self, row: Row, entry: object, section: int) -> None:
        """Note what ``row`` says of the names that stand alone in it; an ``entry`` without a
        verdict says that it was not understood."""
        if row.differentiates or row.kind not in (Kind.SEQUENCE, Kind.TOTAL):
            return
        verdict = entry.verdict if isinstance(entry, Judged) else None
        taken = verdict is not None and (verdict.is_right or verdict.verdict == "not_a_claim")
        text = "".join(row.latex.split())
        for name in _defined(row):
            if taken:
                self._taken[name] = text
            elif self._taken.get(name, "").startswith(text):
                continue  # the same equation, broken off: it says nothing else
            self.said.add(name)
            (self.open.discard if taken else self.open.add)(name)
            if not taken and self.sections.get(name, section) < section:
                self.open.add(f"{name}_t")  # the losses of the steps are others in this section
            self.sections[name] = section

    def leave(self, latex: str, section: int) -> None:
        """Note an equation that was not read: what a name is stands there, if nowhere else."""
        left, sign, _ = latex.partition("=")
        m = _LONE.fullmatch(left.rstrip(":& ")) if sign else None
        name = plain_name(re.sub(r"\s", "", m.group("name"))) + "_t" if m is not None else ""
        if name and name not in self._taken:
            self.said.add(name)
            self.open.add(name)
            self.sections[name] = section

    def witnessed(self, basis: Basis) -> None:
        """Note a formula that holds."""
        self.borne_out |= basis.names

    def taken_as_given(self, basis: Basis) -> str:
        """Why a derivative that holds may lack a path; "" if nothing on its way has an equation
        that was not taken up.

        What enters the model from outside depends on no state, and an equation of the text that
        has a state in it, or the parameter at hand, says otherwise.
        """
        rec = basis.model.court.model
        outside = {name for name in rec.inputs if plain_name(name) in self.untaken}
        if not outside & basis.reached or len(set(basis.claim.sides)) == 1:
            return ""
        found = [n for side in basis.claim.sides for n in walk(side) if isinstance(n, D)]
        for name in sorted(outside & basis.reached):
            given = self.untaken[plain_name(name)]
            if any(_leads_to(given, n, rec.defined) for n in found):
                return _OTHER.format(name=f"{name}_t")
        return ""

    def unsettled(self, verdict: Verdict, basis: Basis) -> str:
        """Why an accusation has no ground in the names it is about; "" if they are established."""
        if any(map(_OF_THE_CELL.match, basis.model.supposed)):
            return _GATES_OF_CELL
        sides, op = _at_fault(verdict, basis.claim)
        if op == "=" and verdict.diagnosis is None and not any(map(_is_about_slopes, sides)):
            left = sides[0]
            if not (isinstance(left, At) and isinstance(left.time, Num)):
                return _GIVES_A_VALUE
        says_what = not any(isinstance(n, D) for side in sides for n in walk(side))
        for node in _named(sides):
            origin = self.origin(node, basis)
            name = f"{node.name}_t" if isinstance(node, At) else node.name
            if (said := _DOUBTS.get(origin)) is not None:
                return said.format(name=name)
            if says_what and origin is Origin.SUPPOSED and isinstance(node, At):
                return _SAYS_WHAT.format(name=name)
        return ""

    def origin(self, node: At | Sym, basis: Basis) -> Origin:
        """What gives a name its meaning where the claim of ``basis`` stands."""
        name, plain = node.name, plain_name(node.name)
        step = f"{plain}_t" if isinstance(node, At) else plain
        defined = basis.defines(node)
        twins = {n for n in basis.used if n != name and _without_font(n) == _without_font(name)}
        if twins and not _are_losses({name, *twins}, basis.model.court.model):
            return Origin.TWOFOLD
        if step in self.open if defined or isinstance(node, At) else False:
            return Origin.REPLACED
        if defined:
            return Origin.DEFINED
        if step in self.said and isinstance(node, At):
            return Origin.REPLACED
        supposed = basis.model.supposed
        chosen = [s for s in supposed if not self.in_words.issuperset(_OF_A_KIND.findall(s))]
        if chosen and name not in self.borne_out and any(_about(name, s) for s in chosen):
            return Origin.CHOSEN
        return Origin.SUPPOSED


def _are_losses(names: Collection[str], rec: Recurrence) -> bool:
    """Whether they are the loss of the run, and that of a step, which has its step wherever it is:
    :math:`\\mathcal{L} = \\sum_t L_t`."""
    totals = {n for n in names if n in rec.totals}
    return len(totals) == 1 and len(names) == 2 and all(n in rec.defined for n in {*names} - totals)


def _leads_to(given: Definition, d: D, defined: Iterable[str]) -> bool:
    """Whether ``given`` has something on its right side by which ``d`` may differentiate.

    Within one step these are the values of this step; else what runs at all, or the parameter.
    """
    if isinstance(d.x, At) and all(
        _is_not_after(n.time, d.x.time) for n in walk(d.y) if isinstance(n, At)
    ):
        now = {_without_font(n.base) for n in names_in(given.right)
               if any(s.inside.strip("() ") == "t" for s in n.scripts)}  # fmt: skip
        return not now.isdisjoint(map(_without_font, defined))
    runs = {*defined, d.x.name} if isinstance(d.x, Sym) else set(defined)
    mentions = set(map(_without_font, given.mentions))
    return not mentions.isdisjoint(base_letter(_without_font(n)) for n in runs)


def _is_not_after(time: Node, other: Node) -> bool:
    a, b = affine(time), affine(other)
    return a is not None and b is not None and a[0] == b[0] and a[1] <= b[1]


_DOUBTS = {Origin.REPLACED: _OTHER, Origin.TWOFOLD: _TWO_FONTS, Origin.CHOSEN: _NO_WITNESS}


def _about(name: str, said: str) -> bool:
    """Whether a supposition says what ``name`` is: its target, or what stands before "is"."""
    target = name in ("y", r"\hat{y}", r"\hat{p}") and "affine" not in said
    return target or said.startswith((f"{name} is", f"{name}_t is", f"{name}_{{t}} is"))


def _named(sides: tuple[Node, ...]) -> Iterator[At | Sym]:
    for side in sides:
        yield from (n for n in walk(side) if isinstance(n, (At, Sym)))


def _at_fault(verdict: Verdict, claim: Claim) -> tuple[tuple[Node, ...], str]:
    """The two sides of the relation that fails, and its sign."""
    for i, link in enumerate(verdict.links):
        if link.verdict == "wrong" and i + 1 < len(claim.sides):
            return claim.sides[i : i + 2], claim.ops[i]
    return claim.sides, claim.ops[-1] if claim.ops else "="


def _is_about_slopes(side: Node) -> bool:
    """Whether it has a derivative, of whatever kind."""
    return any(isinstance(n, D) or (isinstance(n, Fn) and n.order > 0) for n in walk(side))


def _defined(row: Row) -> Iterator[str]:
    """The names that stand alone on a side of an equation: ``E_t`` of a step, ``E`` of the run."""
    if any(op != "=" for op in row.chain.ops):
        return
    if row.kind is Kind.TOTAL:
        yield plain_name(row.name)
        return
    for side in row.chain.sides:
        text = row.text[side[0].start : side[-1].end]
        if (m := _LONE.fullmatch(text)) is not None:
            yield plain_name(re.sub(r"\s", "", m.group("name"))) + "_t"


def _without_font(name: str) -> str:
    return re.sub(r"[{}\s]", "", _FONT.sub("", name))
