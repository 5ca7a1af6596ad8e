r"""Second looks at what does not hold as it stands, by what the document leaves open.

An activation that nobody names may be the identity, :math:`\\delta` with a gate below it may be the
gradient by the gate's pre-activation, and steps may be counted from 0. A text that adds a gradient
up part by part may call each part the gradient.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from bptt_sym.check.accumulated import is_accumulated, judge_share
from bptt_sym.check.answer import Court
from bptt_sym.check.at_the_end import at_the_end, at_the_horizon
from bptt_sym.check.biases import without_biases
from bptt_sym.check.cases import in_one_case
from bptt_sym.check.later_losses import LATER, of_later_losses
from bptt_sym.check.model import Model
from bptt_sym.check.models import Models
from bptt_sym.check.own_equations import of_its_own_gates, of_one_equation
from bptt_sym.check.ranges import with_other_ranges
from bptt_sym.check.supposed_arguments import of_the_next_activation
from bptt_sym.check.wording import OF_A_STEP, by_preactivation, in_vain
from bptt_sym.decide.readings import CARRIED, CARRY, CARRY_BESIDE
from bptt_sym.decide.rewriting import immediate_left, is_loss
from bptt_sym.decide.verdict import Otherwise, Verdict
from bptt_sym.errors import BpttError
from bptt_sym.notation import (
    Add,
    At,
    Claim,
    D,
    Fn,
    Had,
    Idx,
    Mul,
    Node,
    Pow,
    Prod,
    Sum,
    Sym,
    Transpose,
    affine,
    free_indices,
    num,
    rebuild,
    substitute_index,
    walk,
)
from bptt_sym.recurrence import HORIZON, STEP, Recurrence, lag_of
from bptt_sym.spelling.counting import (
    FROM_ZERO,
    counted_from_one,
    to_the_last_step,
    up_to_the_one_before,
)

#: ``\\prod_t`` without its first and last step.
_RANGELESS = re.compile(r"\\prod\s*(?:\\limits\s*)?_\s*(?:\{\s*[a-z]\s*\}|[a-z])(?!\s*\^)")

ONE_EQUATION = (
    "each derivative beside one of the loss is that of its own equation, all else held fixed"
)
GATES_HELD = (
    "derivatives of one state by another follow the direct path only: "
    "the other states, and the gates' dependence on them, are held fixed"
)
ONE_STEP = (
    "derivatives by a parameter are those of a single step, earlier states held fixed, as the text "
    "says"
)
AS_IMMEDIATE = (
    "the derivative on the left is the immediate one, all else held fixed, as the text says"
)
BY_ARGUMENT = "δ with a gate below it is the gradient by the gate's pre-activation"
WITH_SLOPES = "the gradient by a gate, which carries its slope, is that by its pre-activation"
WITH_FACTOR = "the loss of a step counts with the factor that it has in the whole"

#: A sum that starts at 0 reaches for what is before the first step.
_MISSING = re.compile(r"_(?:0|-1) does not exist")


AT_THE_END = "t is the last step"
GATE_OF_ITS_OWN = (
    "the derivative of a gate by a state is that of its own equation, the other gates held fixed"
)
#: What comes back from the step after the last is 0, whatever it is multiplied by.
_OF_THE_NEXT = {CARRY.message, CARRIED.message, CARRY_BESIDE.message}


@dataclass(frozen=True)
class _Look:
    """What else a claim may mean, the model under which it does, and the words for it."""

    said: str
    claim: Claim
    court: Court
    #: Whether it supposes something of the model, and is no reading of the claim.
    supposes: bool = False
    bounds: bool = False  # whether a bound may mean it as well as an equation

    def verdict(self) -> Verdict | None:
        """The verdict if the claim holds so, with the words among its evidence."""
        try:
            known = self.court.holds(self.claim)
            if known is None and self.bounds and set(self.claim.ops) - {"="}:
                known = self.court.judge(self.claim, explain=False)
        except BpttError:
            return None  # a model that was changed may be none
        if known is None or not known.is_right:
            return None
        if self.supposes:
            found = replace(known, assumptions=(*known.assumptions, self.said))
        else:
            found = replace(known, readings=(*known.readings, self.said))
        return replace(found, verdict="right_under_reading")


def second_look(
    verdict: Verdict, claim: Claim, model: Model, models: Models, delta: bool,
    named: Collection[str] = frozenset(),
) -> Verdict:  # fmt: skip
    """``verdict``, or a better one of the same claim.

    ``delta`` tells whether gradients in it are written as \\delta with their variable below,
    ``named`` the gates of which the text says that such a mark is the gradient by them.
    """
    if verdict.verdict == "undecided" and _MISSING.search(verdict.note):
        other = model.court.judge(counted_from_one(claim))
        if other.verdict == "undecided":
            return other
        if other.is_right:
            return replace(
                other, verdict="right_under_reading", readings=(*other.readings, FROM_ZERO)
            )
        if other.verdict == "wrong":
            return replace(other, readings=(*other.readings, FROM_ZERO))
    if verdict.verdict != "wrong":
        return verdict
    if is_accumulated(claim, models.context.accumulated):
        part = judge_share(claim, model.court)
        if part is not None:
            return part
    for look in _looks(claim, model, models):
        if (found := look.verdict()) is not None and not (
            look.said == AT_THE_END and _OF_THE_NEXT & set(found.readings)
        ):
            return found
    if why := in_vain(claim, model.court.model):
        explained = model.court.explained(verdict, verdict.unexplained or claim)
        told = explained.diagnosis is not None and explained.diagnosis.code in OF_A_STEP
        return explained if told else Verdict("undecided", note=why)
    if delta or models.context.carried:
        said = BY_ARGUMENT if delta else WITH_SLOPES
        meant = by_preactivation(claim, model.court.model, named if delta else ())
        if (found := _Look(said, meant, model.court).verdict()) is not None:
            return found
        if meant.sides[0] != claim.sides[0]:
            verdict = replace(verdict, otherwise=Otherwise(said, meant))
    later = None
    if delta and not models.context.marks_given:
        later = of_later_losses(claim, model.court.model)
    if later and (found := _Look(LATER, later, model.court).verdict()) is not None:
        return found
    linear = (models.linear(model, states=states) for states in (True, False))
    said = "the activation is linear, as the text says"
    looks = (_Look(said, claim, court, supposes=True) for court in linear if court is not None)
    if (found := next(filter(None, (look.verdict() for look in looks)), None)) is not None:
        note = "it holds if the activation is linear: which it is stands nowhere"
        return found if models.context.straight else Verdict("undecided", note=note)
    affine_too = models.with_linear_outputs(model)
    if affine_too is not None and _Look("", claim, affine_too, supposes=True).verdict() is not None:
        note = "it holds if the output is linear in the state: of what kind it is stands nowhere"
        return Verdict("undecided", note=note)
    if in_one_case(claim, model.court.model) is not None:
        note = "it mixes the values of one sequence with those of a batch"
        return Verdict("undecided", note=note)
    if verdict.diagnosis is None and _RANGELESS.search(claim.source):
        return Verdict("undecided", note="which steps the product is over is not written")
    return verdict


def _looks(claim: Claim, model: Model, models: Models) -> Iterator[_Look]:
    """What a claim that fails as it stands may mean otherwise, in the order of trying."""
    context, court, rec = models.context, model.court, model.court.model
    shifted = counted_from_one(claim)
    if shifted != claim and not rec.initial:
        # No line says that the run begins with a state of step 0.
        yield _Look(FROM_ZERO, shifted, court)
    if context.from_zero and (one_less := up_to_the_one_before(claim)) != claim:
        yield _Look("the steps are counted from 0 to T - 1, as the text says", one_less, court)
    if (last := to_the_last_step(claim)) is not None:
        yield _Look(f"{last[1]} is the last step", last[0], court)
    if (ends := at_the_end(claim, rec)) is not None and not models.defines_total(ends[1]):
        yield _Look(AT_THE_END, ends[0], court)
    if (whole := over_all_terms(claim)) is not None:
        yield _Look("the sum is over all the terms that have its index", whole, court)
    for bound, name, time in bound_at(claim):
        why = f"{name}, which nothing binds, stands for {time}"
        yield _Look(why, bound, court, bounds=True)
    for ranged, why in with_other_ranges(claim):
        yield _Look(why, ranged, court, bounds=True)
    if (powers := with_powers(claim)) is not None:
        yield _Look("T above a parameter is an exponent, the number of steps", powers, court)
    if context.identities:
        linear = models.supposed_linear(model) or court
        said = "the activation is the identity, as the text supposes"
        yield _Look(said, with_identities(claim, context.identities), linear, supposes=True)
    known = not (model.supposed and not _differentiates(claim.sides[1:]))
    silent = known and _differentiates(claim.sides)
    if not silent and (linear_too := models.linear(model)) is not None:
        # What an output is of its argument an equation of values may say, or one that tells the
        # loss with it; a chain of derivatives lacks the slope, whatever that function is.
        yield _Look("the output is linear in its argument", claim, linear_too, supposes=True)
    if (one := in_one_case(claim, rec)) is not None:
        yield _Look(*one, court)
    if (scaled := column_by_column(claim, rec)) is not None:
        said = "a vector beside a matrix in an elementwise product scales the columns"
        yield _Look(said, scaled, court)
    if (bare := without_biases(rec, claim)) is not None:
        said = "the bias, which the formula leaves out, is 0"
        yield _Look(said, claim, Court.of(bare), supposes=True)
    if (each := of_one_equation(claim, rec)) is not None:
        yield _Look(ONE_EQUATION, each, court)
    if (own := of_its_own_gates(claim, rec)) is not None:
        yield _Look(GATE_OF_ITS_OWN, own, court)
    if (counted := with_its_factor(claim, rec)) is not None:
        yield _Look(WITH_FACTOR, counted, court)
    told = {z for z, _ in context.usage.inner}
    if (ahead := of_the_next_activation(claim, model, told)) is not None:
        yield _Look(f"{ahead[1]}_t is the argument of the activation of step t+1", ahead[0], court)
    if (held := with_gates_held(claim, rec)) is not None:
        yield _Look(GATES_HELD, held, court)
    if (direct := along_the_state(claim, rec)) is not None:
        yield _Look(GATES_HELD, direct, court)
    if context.marks and (own := of_its_own_step(claim, model)) is not None:
        yield _Look("the mark d stands for the derivative of the loss of the step", own, court)


def _differentiates(sides: Sequence[Node]) -> bool:
    return any(isinstance(n, D) for side in sides for n in walk(side))


def if_linear(claim: Claim, model: Model, models: Models) -> Verdict | None:
    """The verdict if the claim holds of the network without its activations, as a text may say."""
    linear = models.without_activations(model)
    if linear is None:
        return None
    said = "the activation is the identity, as the text supposes"
    functions = frozenset(n.name for s in claim.sides for n in walk(s) if isinstance(n, Fn))
    return _Look(said, with_identities(claim, functions), linear, supposes=True).verdict()


def if_one_step(claim: Claim, model: Model) -> Verdict | None:
    """The verdict if the claim holds of one step, earlier states held fixed, as a text may say."""

    def change(n: Node) -> Node:
        n = rebuild(n, change)
        if isinstance(n, D) and isinstance(n.y, At) and isinstance(n.x, Sym):
            return replace(n, kind="immediate") if n.kind == "unmarked" else n
        return n

    sides = tuple(map(change, claim.sides))
    return _Look(ONE_STEP, replace(claim, sides=sides), model.court).verdict()


def if_immediate(claim: Claim, model: Model) -> Verdict | None:
    """The verdict if the claim holds with an immediate derivative on the left."""
    return _Look(AS_IMMEDIATE, immediate_left(claim, model.court.model), model.court).verdict()


def over_all_terms(claim: Claim) -> Claim | None:
    """``∂L/∂b = \\sum_t p_t - y_t`` with the sum over both terms; ``None`` for other formulas."""

    def change(n: Node) -> Node:
        if not isinstance(n, Add) or not isinstance(n.args[0], Sum):
            return n
        first, *rest = n.args
        assert isinstance(first, Sum)
        if first.var in free_indices(claim.sides[0]):
            return n
        if not all(first.var in free_indices(r) for r in rest):
            return n
        return replace(first, body=Add((first.body, *rest)))

    sides = (claim.sides[0], *map(change, claim.sides[1:]))
    return replace(claim, sides=sides) if sides != claim.sides else None


def bound_at(claim: Claim) -> Iterator[tuple[Claim, str, str]]:
    """``claim`` with an index that stands on the right alone at each step of the left side."""
    from bptt_sym.render.text import text

    left, *rest = claim.sides
    loose = frozenset().union(*map(free_indices, rest)) - free_indices(left) - {HORIZON}
    if len(loose) != 1:
        return
    (name,) = loose
    times = [n.time for n in walk(left) if isinstance(n, At)]
    for time in dict.fromkeys(times):
        sides = (left, *(substitute_index(side, name, time) for side in rest))
        if any(_is_empty(n) for side in sides for n in walk(side)):
            continue  # the last step of the sums is another one
        if _at_both(rest, name, time):
            continue  # σ'(a_0) x_t: the step is written, beside another
        yield replace(claim, sides=sides), name, text(time)


def _at_both(sides: Sequence[Node], name: str, time: Node) -> bool:
    """Whether values stand at ``time``, which is a number, and others at the step ``name``."""
    times = {n.time for side in sides for n in walk(side) if isinstance(n, At)}
    return not free_indices(time) and {time, Idx(name)} <= times


def _is_empty(node: Node) -> bool:
    """Whether a sum or a product ends before it begins, whatever the step is."""
    if not isinstance(node, (Sum, Prod)):
        return False
    lo, hi = affine(node.lo), affine(node.hi)
    return lo is not None and hi is not None and lo[0] == hi[0] and hi[1] < lo[1]


def at_the_last_step(verdict: Verdict, claim: Claim, model: Model) -> Verdict:
    """``verdict`` of a claim that leaves its step out, which may be the last one."""
    if verdict.verdict != "wrong":
        return verdict
    said = "the step that is left out is the last one"
    return _Look(said, at_the_horizon(claim), model.court).verdict() or verdict


def with_gates_held(claim: Claim, rec: Recurrence) -> Claim | None:
    """``∂h_t/∂h_{t-1} = 1 - z_t`` of a state that gates mix with what is new, the gates held fixed.

    Only where nothing else is differentiated: ``1 - z_t + z_t ∂\\tilde{h}_t/∂h_{t-1}`` follows the
    path through one gate and forgets the others.
    """
    left = claim.sides[0]
    found = [n for s in claim.sides for n in walk(s) if isinstance(n, D)]
    if found != [left] or not (isinstance(left, D) and isinstance(left.x, At)):
        return None
    if left.kind != "unmarked" or lag_of(left.x.time) != 1 or left.y != At(left.x.name, Idx(STEP)):
        return None
    mixed = left.x.name in rec.states and isinstance(rec.rhs(left.x.name), Add)
    sides = (replace(left, kind="direct"), *claim.sides[1:])
    return replace(claim, sides=sides) if mixed else None


def along_the_state(claim: Claim, rec: Recurrence) -> Claim | None:
    """``∂L/∂c_0 = ∂L/∂c_T f_T … f_1`` as ``∂c_T/∂c_0 = f_T … f_1`` through the cells alone.

    Only where the state has gates: without them there is no other path to forget.
    """
    left = claim.sides[0]
    if not (isinstance(left, D) and isinstance(left.x, At) and is_loss(left.y, rec)):
        return None
    name = left.x.name
    mixed = name in rec.states and isinstance(rec.rhs(name), Add)
    ends = {n.x for s in claim.sides[1:] for n in walk(s) if isinstance(n, D) and n.y == left.y}
    if not mixed or len(ends) != 1:
        return None
    (end,) = ends
    if not (isinstance(end, At) and end.name == name) or any(
        isinstance(n, (Add, Sum)) and any(isinstance(m, D) for m in walk(n))
        for s in claim.sides[1:] for n in walk(s)
    ):  # fmt: skip
        return None

    def change(n: Node) -> Node:
        if isinstance(n, D) and isinstance(n.y, At) and n.y.name == name and n.kind == "unmarked":
            return replace(n, kind="direct")
        return rebuild(n, change)

    whole = replace(left, x=end)
    rest = [_without_factor(s, whole) for s in claim.sides[1:]]
    if any(r is None for r in rest):
        return None
    jacobians = tuple(change(r) for r in rest if r is not None)
    return replace(claim, sides=(replace(left, y=end, kind="direct"), *jacobians))


def _without_factor(node: Node, factor: Node) -> Node | None:
    """A product without its first factor; ``None`` if that is another."""
    if not isinstance(node, (Mul, Had)) or node.args[0] != factor:
        return None
    rest = node.args[1:]
    return rest[0] if len(rest) == 1 else replace(node, args=rest)


def with_its_factor(claim: Claim, rec: Recurrence) -> Claim | None:
    """``claim`` with the loss of a step as it counts in the whole: ``L = \\frac1m \\sum_t L_t``."""
    left = claim.sides[0]
    if not (isinstance(left, D) and isinstance(left.y, Sym) and is_loss(left.y, rec)):
        return None
    step = ""

    def alone(n: Node) -> Node:
        nonlocal step
        if isinstance(n, Sum) and isinstance(n.body, At) and is_loss(n.body, rec):
            step = n.body.name
            return num(1)
        return rebuild(n, alone)

    factor = alone(rec.totals[left.y.name])
    if not step or factor == num(1) or any(isinstance(n, (At, Sum)) for n in walk(factor)):
        return None

    def change(n: Node) -> Node:
        if isinstance(n, D) and isinstance(n.y, At) and n.y.name == step:
            return Mul((factor, n))
        return rebuild(n, change)

    sides = (left, *(change(s) for s in claim.sides[1:]))
    for before, after in zip(claim.sides, sides, strict=True):
        nodes = walk(before)
        whole = any(isinstance(n, Sum) or (isinstance(n, D) and n.y == left.y) for n in nodes)
        if before != after and not whole:
            return None  # of one step alone the factor is forgotten
    return replace(claim, sides=sides) if sides != claim.sides else None


def of_its_own_step(claim: Claim, model: Model) -> Claim | None:
    """``claim`` with the loss of a step in the derivatives of the run's loss on the right."""
    rec = model.court.model
    losses = [n for n in rec.gates if is_loss(At(n, Idx(STEP)), rec)]
    if len(losses) != 1:
        return None

    def change(n: Node) -> Node:
        if isinstance(n, D) and isinstance(n.y, Sym) and isinstance(n.x, At) and is_loss(n.y, rec):
            return replace(n, y=At(losses[0], n.x.time))
        return rebuild(n, change)

    sides = (claim.sides[0], *(change(s) for s in claim.sides[1:]))
    return replace(claim, sides=sides) if sides != claim.sides else None


def with_powers(claim: Claim) -> Claim | None:
    """``h_T = W^T h_0``: the claim with a parameter to the power T for each that is transposed."""
    seen = False

    def change(n: Node) -> Node:
        nonlocal seen
        if isinstance(n, Transpose) and isinstance(n.arg, Sym):
            seen = True
            return Pow(n.arg, Idx(HORIZON), span=n.span)
        return rebuild(n, change)

    sides = tuple(change(side) for side in claim.sides)
    return replace(claim, sides=sides) if seen else None


def column_by_column(claim: Claim, rec: Recurrence) -> Claim | None:
    """``W^T \\odot v`` as ``W^T diag(v)``, as arrays of numbers give it; ``None`` without one."""
    seen = False

    def is_matrix(n: Node) -> bool:
        inner = n.arg if isinstance(n, Transpose) else n
        return isinstance(inner, Sym) and len(rec.shapes.get(inner.name, ())) == 2

    def change(n: Node) -> Node:
        nonlocal seen
        n = rebuild(n, change)
        if isinstance(n, Had) and len(n.args) == 2 and sum(map(is_matrix, n.args)) == 1:
            seen = True
            matrix, vector = sorted(n.args, key=is_matrix, reverse=True)
            return Mul((matrix, vector), span=n.span)
        return n

    sides = tuple(change(side) for side in claim.sides)
    return replace(claim, sides=sides) if seen else None


def with_identities(claim: Claim, functions: frozenset[str]) -> Claim:
    """``claim`` with ``functions``, and their derivatives, those of the identity."""

    def change(n: Node) -> Node:
        n = rebuild(n, change)
        return replace(n, name="identity") if isinstance(n, Fn) and n.name in functions else n

    return replace(claim, sides=tuple(change(side) for side in claim.sides))
