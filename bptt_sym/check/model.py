"""A recurrence as a document gives it, with the names that the document has for derivatives."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from bptt_sym.check.answer import Court
from bptt_sym.definitions.defining import Definition
from bptt_sym.definitions.outline import Kind, Row
from bptt_sym.definitions.supposed import Evidence
from bptt_sym.entries import Entries, Seen
from bptt_sym.notation import At, Claim, D, Idx, Node, Sym, rebuild, substitute_index, walk
from bptt_sym.read import Vocabulary


@dataclass
class Model:
    """A recurrence with the names that the document gives to derivatives of it.

    ``aliases`` has for ``A_t = …`` the index variable and the right side, ``totals`` the right side
    for a name without time.
    """

    court: Court
    title: str
    aliases: dict[str, tuple[str, Node]] = field(default_factory=dict)
    totals: dict[str, Node] = field(default_factory=dict)
    #: The lines that it was read from.
    lines: tuple[str, ...] = ()
    #: What had to be supposed to read it, and what the model as a whole rests on.
    supposed: tuple[str, ...] = ()
    evidence: Evidence = Evidence.WRITTEN
    #: Names whose meaning is a guess: what fails and is about them is not thereby wrong.
    guessed: frozenset[str] = frozenset()
    #: Whether it mends a slip in the document's own definition.
    mends: bool = False
    #: Whether what fails under it says nothing.
    special: bool = False
    #: Where in the source it comes into force.
    since: int = 0
    #: The section of the document that its last line stands in.
    section: int = 0
    #: Whether the case of its letters may have been lost between two lines.
    caseless: bool = True
    #: Whether a definition of the same name has taken its place.
    replaced: bool = False
    #: How many models of the document have given way to another before it.
    anew: int = 0
    #: Whether a formula within a sentence gave its last line.
    in_passing: bool = False
    #: Whether lines behind it have only added to it.
    grown: bool = False
    #: The model that its last line has only added to, and whose names of gradients it has.
    added_to: Model | None = None
    #: Its definitions with the losses that stood before it gave them anew, if it did.
    otherwise: dict[str, Definition] = field(default_factory=dict)
    #: This model with what the document uses and does not define.
    completions: list[Model] | None = None
    #: The same model of one unit, where every quantity is a number.
    one_unit: Court | None = None
    #: The same model with vectors for what is abstract in it, once it was asked for.
    vectors: list[Model] | None = None

    @property
    def vocabulary(self) -> Vocabulary:
        """The names that a formula under this model may use."""
        names: list[Node] = [At(n, Idx(v)) for n, (v, _) in self.aliases.items()]
        known = Vocabulary.of(self.court.model, extra=names + [Sym(n) for n in self.totals])
        # The gradient of a loss by a vector has the entries of the vector: δ_{k,i}.
        shapes = {
            name: known.shapes[body.x.name]
            for name, (_, body) in self.aliases.items()
            if isinstance(body, D) and isinstance(body.x, At) and body.x.name in known.shapes
            and _is_a_number(body.y, known)
        }  # fmt: skip
        return replace(known, shapes={**known.shapes, **shapes}) if shapes else known

    def knows(self, row: Row) -> bool:
        """Whether the model has a meaning for the name on the left of ``row``."""
        model = self.court.model
        if row.kind is Kind.TOTAL:
            return row.name in model.totals or row.name in self.totals
        if row.kind is Kind.INITIAL:
            return row.name in model.initial
        return row.name in model.defined or row.name in self.aliases

    def spelt_out(self, node: Node) -> Node:
        """``node`` with every alias replaced by what it stands for."""
        if not self.aliases and not self.totals:
            return node
        node = rebuild(node, self.spelt_out)
        match node:
            case At(name=name, time=time) if name in self.aliases:
                variable, body = self.aliases[name]
                return substitute_index(body, variable, time)
            case Sym(name=name) if name in self.totals:
                return self.totals[name]
            case Entries(seen=Seen(entries=found)):
                # (A gradient has the axes of what it is by.)
                axes = tuple((at, tuple(self._by(n) for n in names)) for at, names in found)
                return replace(node, seen=Seen(axes))
        return node

    def _by(self, name: str) -> str:
        match self.aliases.get(name):
            case (_, D(x=At(name=by))):
                return by
        return name

    def plainly(self, claim: Claim) -> Claim:
        """``claim`` and its hypotheses with every alias replaced by what it stands for."""
        return replace(
            claim,
            sides=tuple(self.spelt_out(side) for side in claim.sides),
            given=tuple(self.plainly(g) for g in claim.given),
        )

    def differentiates_by_alias(self, node: Node) -> str:
        """An alias that stands below a derivative sign, which has no meaning here; "" if none."""
        for n in walk(node):
            match n:
                case D(x=At(name=name)) if name in self.aliases:
                    return name
                case D(x=Sym(name=name)) if name in self.totals:
                    return name
        return ""


def _is_a_number(node: Node, known: Vocabulary) -> bool:
    return isinstance(node, (At, Sym)) and known.shapes.get(node.name, ()) == ()
