"""Trying the readings: every combination that applies to a claim, simplest first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import combinations

from bptt_sym.decide.conventions import STRICT, Conventions
from bptt_sym.decide.losses import by_step_loss, carried_loss
from bptt_sym.decide.readings import (
    ABSENT_ZERO,
    ARGUMENT,
    ASCENDING,
    BY_USES,
    CARRIED,
    CARRY,
    CARRY_BESIDE,
    CHAINED,
    DENOMINATOR,
    DIAGONAL,
    DIRECT_PATH,
    DIRECT_STEPS,
    ENDING_EARLY,
    GATE,
    HADAMARD_FIRST,
    IMMEDIATE,
    INPUT_BLOCK,
    LABELS,
    LATER_LOSSES,
    LOCAL_LOSS,
    MEAN_LEFT,
    MIXED,
    OUTPUT_DERIVATIVE,
    OWN_START,
    OWN_STEP,
    PAIRS,
    REACHING_ON,
    ROW_LAST,
    ROWS,
    ROWS_TRANSPOSED,
    STATE_BLOCK,
    STATED,
    THROUGH_OUTPUT,
    TRAILING,
    TURNED,
    WHOLE_LOSS,
    ZERO_START,
    Hypotheses,
    Reading,
    returned,
    some_immediate,
)
from bptt_sym.decide.rewriting import (
    at_output,
    by_matrix,
    by_memory,
    closing_parameter,
    defined_in_rows,
    ends_in_product,
    followed_product,
    is_loss,
    is_one_of,
    labels,
    mark,
    of_a_value,
    of_argument,
    of_gate,
    uses_directly,
)
from bptt_sym.decide.step_readings import (
    from_zero,
    index_slips,
    last_step,
    one_step,
    with_the_later_loss,
)
from bptt_sym.decide.through_output import inside_a_cell
from bptt_sym.decide.uses import of_uses
from bptt_sym.notation import (
    ZERO,
    Add,
    At,
    Claim,
    D,
    Had,
    Mul,
    Node,
    Prod,
    Sum,
    Sym,
    Transpose,
    walk,
)
from bptt_sym.recurrence import Recurrence
from bptt_sym.slices import Slice

#: Readings combined in one trial.
MAX_DEPARTURES = 3
#: Trials for one claim; one that has more readings than this is never called wrong.
MAX_TRIALS = 600


@dataclass(frozen=True)
class Trial:
    """The claim as one combination of readings takes it; no derivative is left unmarked."""

    claim: Claim
    conventions: Conventions
    readings: tuple[Reading, ...]
    hypotheses: Hypotheses = frozenset()

    @property
    def content(self) -> tuple[tuple[Node, ...], Conventions, Hypotheses]:
        """What it says, in whatever words."""
        return self.claim.sides, self.conventions, self.hypotheses


Seen = set[tuple[tuple[Node, ...], Conventions, Hypotheses]]


def trials(claim: Claim, rec: Recurrence, stated: frozenset[str] = frozenset()) -> Iterator[Trial]:
    """Every documented combination of readings that applies, simplest first.

    ``stated`` are the codes of readings that the text announces in words and that would excuse
    too much elsewhere (:data:`STATED`).
    """
    drafts = Drafts(claim, rec)
    seen: Seen = set()
    count = 0
    for combo in combos(claim, rec, stated):
        trial = drafts.fresh(combo, seen)
        if trial is None:
            continue
        yield trial
        count += 1
        if count >= MAX_TRIALS:
            return


def combos(
    claim: Claim, rec: Recurrence, stated: frozenset[str] = frozenset()
) -> Iterator[tuple[Reading, ...]]:
    """The combinations of readings that apply, simplest first; the first one is empty."""
    yield ()
    options = [r for r in applicable(claim, rec) if r.code not in STATED or r.code in stated]
    ordered: list[tuple[int, tuple[Reading, ...]]] = []
    for size in range(1, MAX_DEPARTURES + 2):
        for combo in combinations(options, size):
            # (That it is the share of a step says nothing of how the share is laid out.)
            if size > MAX_DEPARTURES and not any(r.group == "share" for r in combo):
                continue
            if len({r.group for r in combo}) == size:
                ordered.append((sum(r.weight for r in combo), combo))
    ordered.sort(key=lambda item: (item[0], len(item[1])))
    for _, combo in ordered:
        yield combo


class Drafts:
    """The trials of one claim; what combinations have in common is rewritten once."""

    def __init__(self, claim: Claim, rec: Recurrence) -> None:
        self.rec = rec
        self._claims: dict[tuple[int, ...], tuple[Claim, Conventions]] = {(): (claim, STRICT)}
        self._marked: dict[int, tuple[Node, Node]] = {}
        self._vacuous: dict[tuple[int, ...], tuple[tuple[Node, ...], bool]] = {}
        # Readings are told apart by identity, so they have to live as long as this.
        self._readings: list[Reading] = []

    def trial(self, combo: tuple[Reading, ...]) -> Trial:
        """The claim as ``combo`` takes it."""
        claim, conventions = self._read(combo)
        sides = tuple(self._mark(side) for side in claim.sides)
        supposed = frozenset(r.hypothesis for r in combo if r.hypothesis is not None)
        return Trial(replace(claim, sides=sides), conventions, combo, supposed)

    def fresh(self, combo: tuple[Reading, ...], seen: Seen) -> Trial | None:
        """The trial of ``combo`` unless it says what one of ``seen`` said, or nothing at all."""
        trial = self.trial(combo)
        if self.vacuous(trial):
            return None
        if trial.content in seen:
            return None
        seen.add(trial.content)
        return trial

    def vacuous(self, trial: Trial) -> bool:
        """Whether an immediate derivative on the right is 0 for every cell of this form.

        Nobody writes a derivative down that is nothing; a slip in its factor would pass unseen.
        """
        if not any(r.group == "parameter" for r in trial.readings):
            return False
        sides = trial.claim.sides[1:]
        key = tuple(map(id, sides))
        if key not in self._vacuous:
            self._vacuous[key] = sides, _vacuous(sides, self.rec)
        return self._vacuous[key][1]

    def _read(self, combo: tuple[Reading, ...]) -> tuple[Claim, Conventions]:
        key = tuple(map(id, combo))
        known = self._claims.get(key)
        if known is None:
            claim, conventions = self._read(combo[:-1])
            reading = combo[-1]
            self._readings.append(reading)
            if reading.rewrite is not None:
                claim = reading.rewrite(claim, self.rec)
            if reading.conventions:
                conventions = replace(conventions, **dict(reading.conventions))
            known = self._claims[key] = claim, conventions
        return known

    def _mark(self, side: Node) -> Node:
        """``side`` with every derivative that is still unmarked total."""
        known = self._marked.get(id(side))
        if known is None:
            known = self._marked[id(side)] = side, mark(side, lambda d: "total")
        return known[1]


def _vacuous(sides: tuple[Node, ...], rec: Recurrence) -> bool:
    return any(
        isinstance(n, D)
        and n.kind == "immediate"
        and isinstance(n.y, At)
        and isinstance(n.x, Sym)
        and not uses_directly(n.y.name, n.x.name, rec)
        for s in sides
        for n in walk(s)
    )


def literal(claim: Claim, rec: Recurrence) -> Trial:
    """The claim with every unmarked derivative total and nothing else changed."""
    return Drafts(claim, rec).trial(())


def applicable(claim: Claim, rec: Recurrence) -> list[Reading]:
    """The readings that could change what ``claim`` says, in the documented order."""
    nodes = [n for s in claim.sides for n in walk(s)]
    right = [n for s in claim.sides[1:] for n in walk(s)]
    beside = right + [n for s in claim.sides[:1] if isinstance(s, (Mul, Had)) for n in walk(s)]
    states, params = set(rec.states), set(rec.parameters)
    unmarked = [n for n in nodes if isinstance(n, D) and n.kind == "unmarked"]
    by_param = [
        n
        for n in beside
        if isinstance(n, D)
        and n.kind == "unmarked"
        and is_one_of(n.x, params)
        and isinstance(n.y, At)
    ]
    out: list[Reading] = []
    if by_param:
        out.append(IMMEDIATE)
        distinct = list(dict.fromkeys(by_param))
        if 2 <= len(distinct) <= 5:
            for size in range(1, len(distinct)):
                out.extend(some_immediate(c) for c in combinations(distinct, size))
    if of_argument(claim, rec):
        out.append(ARGUMENT)
    if of_gate(claim, rec):
        out.append(GATE)
    if of_a_value(claim, rec):
        out.append(OWN_STEP)
    if of_uses(claim, rec) and not rec.is_scalar:
        out.append(BY_USES)
    if inside_a_cell(claim, rec):
        out.append(THROUGH_OUTPUT)
    losses = [n for n in unmarked if isinstance(n.y, Sym) or is_loss(n.y, rec)]
    by_state = [n for n in losses if is_one_of(n.x, states)]
    if by_state and not _multiplies_itself(claim) and not any(_is_elsewhere(n) for n in by_state):
        out.append(LOCAL_LOSS)
    if any(by_step_loss(n, rec) for n in nodes) and not any(
        isinstance(n, D) and isinstance(n.y, Sym) and isinstance(n.x, At) for n in nodes
    ):
        out.append(WHOLE_LOSS)
    if carried_loss(claim, rec) is not None:
        out.append(LATER_LOSSES)
    left = claim.sides[0]
    if isinstance(left, D) and isinstance(left.y, Sym) and left.y.name in rec.totals:
        out.append(MEAN_LEFT)
    memory = any(by_memory(n, rec) for n in nodes)
    if any(is_one_of(n.y, states) and len(states) > 1 for n in unmarked) or memory:
        out.append(DIRECT_PATH)
    if memory:
        out.append(DIRECT_STEPS)
    if memory:
        out += [CARRY, CARRIED, CARRY_BESIDE]
    whole = left.arg if isinstance(left, Slice) else left
    if isinstance(whole, D) and isinstance(whole.x, Sym) and is_loss(whole.y, rec):
        out += one_step(claim, rec)
    out += with_the_later_loss(claim, rec)
    out += last_step(claim, rec)
    out += returned(claim, rec)
    if not rec.is_scalar:
        if any(isinstance(n, D) for n in nodes):
            out += [MIXED, DENOMINATOR, TURNED]
            out += [ROWS] if defined_in_rows(rec) else [ROWS_TRANSPOSED]
        out.append(DIAGONAL)
        if any(isinstance(n, (Mul, Had, Prod)) for n in nodes):
            out += [PAIRS, CHAINED, TRAILING]
            if by_matrix(left, rec) and not any(isinstance(n, Transpose) for n in right):
                out.append(ROW_LAST)
        if any(isinstance(n, Prod) and n.descending is None for n in nodes):
            out.append(ASCENDING)
        if any(isinstance(n, Had) and ends_in_product(n) for n in nodes):
            out.append(HADAMARD_FIRST)
        if any(isinstance(n, Sym) and n.name in rec.blocks for n in nodes):
            out.append(STATE_BLOCK)
            inputs = set(rec.inputs)
            if any(isinstance(n, D) and is_one_of(n.x, inputs) for n in nodes):
                out.append(INPUT_BLOCK)
    if any(at_output(n, rec) for n in nodes):
        out.append(OUTPUT_DERIVATIVE)
    if any(followed_product(n) for n in nodes):
        out.append(REACHING_ON)
    if any(closing_parameter(n) for n in nodes):
        out.append(ENDING_EARLY)
    if any(isinstance(n, (Sum,)) for n in nodes):
        out.append(ABSENT_ZERO)
    if labels(rec) and any(isinstance(n, D) and is_loss(n.y, rec) for n in nodes):
        out.append(LABELS)
    if rec.tied:
        makers = {n.name for s in rec.tied for n in walk(rec.rhs(s)) if isinstance(n, At)}
        if any(isinstance(n, D) and isinstance(n.x, At) and n.x.name in makers for n in nodes):
            out.append(OWN_START)
    named = any(isinstance(n, At) and n.name in rec.states and n.time == ZERO for n in nodes)
    if not named and any(s not in rec.initial for s in rec.states):
        out.append(ZERO_START)  # whoever writes h_0 down does not mean a 0
    out.extend(index_slips(claim, rec))
    out.extend(from_zero(claim, rec))
    return out


def _is_elsewhere(n: D) -> bool:
    """Whether the loss of one step is differentiated by the state of another: locally it is 0."""
    return isinstance(n.y, At) and isinstance(n.x, At) and n.y.time != n.x.time


def _multiplies_itself(claim: Claim) -> bool:
    """Whether the left side stands in a product on the right: it is one thing on both.

    (Added there, as in ``∂L/∂h_t = ∂L/∂h_t + …``, it is what the step's own loss gives.)
    """
    left = claim.sides[0]
    rights = claim.sides[1:]
    terms = [t for side in rights for t in (side.args if isinstance(side, Add) else (side,))]
    return any(left in walk(term) for term in terms if term != left)
