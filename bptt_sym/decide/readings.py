"""The documented readings of ambiguous notation, in the order in which they are tried.

A reading is a sentence, a rewriting of the claim, or a convention of the interpreter. The
literal reading is tried first, then one departure at a time, then two, then three; a claim is
wrong only if no combination makes it right. ``docs/readings.md`` lists them for users.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal, cast

from bptt_sym.decide.losses import local_loss, mean_left, whole_loss, with_later_losses
from bptt_sym.decide.rewriting import (
    ascending,
    by_memory,
    direct_path,
    direct_steps,
    ending_early,
    gate_left,
    hadamard_first,
    immediate_left,
    immediate_right,
    input_block,
    is_loss,
    map_sides,
    mark,
    output_derivative,
    own_step,
    reaching_on,
    row_last,
    state_block,
    transform,
)
from bptt_sym.decide.through_output import CODE as THROUGH_OUTPUT_CODE
from bptt_sym.decide.through_output import through_output
from bptt_sym.decide.uses import by_uses
from bptt_sym.notation import (
    At,
    Claim,
    D,
    Kind,
    Node,
    Sum,
    affine,
    walk,
)
from bptt_sym.recurrence import Recurrence, references

Rewrite = Callable[[Claim, Recurrence], Claim]
#: What a reading supposes about the numbers: a start from 0, or of states that belong together,
#: labels that add to one.
Hypothesis = Literal["zero-start", "own-start", "labels"]
Hypotheses = frozenset[Hypothesis]


@dataclass(frozen=True)
class Reading:
    """One departure from the literal reading.

    ``group`` makes readings exclusive: at most one of a group is used at a time. ``weight`` orders
    the search: far-fetched readings are tried later.
    """

    code: str
    message: str
    group: str
    rewrite: Rewrite | None = None
    conventions: tuple[tuple[str, Any], ...] = ()
    hypothesis: Hypothesis | None = None
    weight: int = 1


def _from_the_next(d: D) -> Node:
    """What comes back to the cell state of a derivative through the next one, and no other way."""
    assert isinstance(d.x, At)
    part = replace(d, kind=cast(Kind, f"via:{d.x.name}+1"))
    return replace(d.y, body=replace(part, y=d.y.body)) if isinstance(d.y, Sum) else part


def _carry(sides: tuple[int, ...]) -> Rewrite:
    def rewrite(claim: Claim, rec: Recurrence) -> Claim:
        def change(n: Node) -> Node:
            return _from_the_next(n) if isinstance(n, D) and by_memory(n, rec) else n

        return map_sides(claim, lambda n, i: transform(n, change) if i in sides else n)

    return rewrite


def _carry_beside(claim: Claim, rec: Recurrence) -> Claim:
    """What is added of the same cell state is what comes back from the next one."""
    left = claim.sides[0]
    by = left.x if isinstance(left, D) else None

    def change(n: Node) -> Node:
        if isinstance(n, D) and n.x == by and by_memory(n, rec):
            return _from_the_next(n)
        return n

    return map_sides(claim, lambda n, i: transform(n, change) if i else n)


def returned(claim: Claim, rec: Recurrence) -> list[Reading]:
    """The loss by the state before on the left: what comes back through this step, and no more.

    A backward pass goes from step t to t - 1; what the outputs of step t - 1 add comes with them.
    """
    left = claim.sides[0]
    if not (isinstance(left, D) and left.kind == "unmarked" and isinstance(left.x, At)):
        return []
    form = affine(left.x.time)
    if form is None or form[1] != -1 or len(form[0]) != 1 or left.x.name not in rec.states:
        return []
    users = {
        (e.target, lag) for e in rec.equations for name, lag in references(e.rhs)
        if name == left.x.name
    }  # fmt: skip
    later = sorted(target for target, lag in users if lag == 1)
    # A loss of the whole run may look at the state itself, at its own step.
    looked_at = any(
        isinstance(n, At) and n.name == left.x.name for r in rec.totals.values() for n in walk(r)
    )
    at_once = looked_at or any(lag != 1 for _, lag in users)
    if not later or not at_once or not is_loss(left.y, rec):
        return []
    kind = cast(Kind, "via:" + " ".join(f"{target}+1" for target in later))

    def rewrite(claim: Claim, rec: Recurrence) -> Claim:
        return map_sides(claim, lambda n, i: n if i else replace(left, kind=kind))

    return [
        Reading(
            "returned",
            RETURNED,
            "cell",
            rewrite,
            weight=2,
        )
    ]


RETURNED = (
    "the derivative of the loss by the state before is what comes back from the step "
    "after it: its own step's loss is added elsewhere"
)
SOME_IMMEDIATE = (
    "some of the derivatives by a parameter on the right are immediate "
    "(earlier states held fixed), the others total"
)


def some_immediate(chosen: tuple[D, ...]) -> Reading:
    def rewrite(claim: Claim, rec: Recurrence) -> Claim:
        return map_sides(
            claim,
            lambda node, position: (
                node
                if position == 0
                else mark(node, lambda d: "immediate" if d in chosen else "unmarked")
            ),
        )

    return Reading(
        "some-immediate",
        SOME_IMMEDIATE,
        "parameter",
        rewrite,
        weight=2,
    )


IMMEDIATE = Reading(
    "immediate",
    "the derivatives of a state by a parameter, on the right or in a product, are immediate "
    "(earlier states held fixed)",
    "parameter",
    immediate_right,
)
ARGUMENT = Reading(
    "argument",
    "the derivative of a pre-activation by a parameter is that of its own equation "
    "(earlier states held fixed)",
    "parameter",
    immediate_left,
)
GATE = Reading(
    "gate",
    "the derivative of a gate by a parameter is that of its own equation (earlier states held "
    "fixed), written entry by entry: a vector, or an outer product",
    "parameter",
    gate_left,
    conventions=(("compact", True), ("pairs", True)),
    weight=2,
)
OWN_STEP = Reading(
    "own-step",
    "the derivative of a state by a parameter is that of its own equation (earlier states held "
    "fixed), as in the sum over the steps that the text gives; of vectors it may be written entry "
    "by entry",
    "parameter",
    own_step,
    conventions=(("compact", True), ("pairs", True)),
)
THROUGH_OUTPUT = Reading(
    THROUGH_OUTPUT_CODE,
    "the derivative of the loss by what makes up the cell state is its part through the output of "
    "the step: the text leaves out what comes back from the next cell state",
    "cell",
    through_output,
)
BY_USES = Reading(
    "uses",
    "a vector in the place of a derivative by a matrix stands for the derivative of their product, "
    "the vector held fixed",
    "layout",  # in numerator layout: turned, the product would be another
    by_uses,
)
DIRECT_PATH = Reading(
    "direct-path",
    "derivatives of one state by another follow the direct path only: "
    "the other states, and the gates' dependence on them, are held fixed",
    "state",
    direct_path,
    weight=2,
)
DIRECT_STEPS = replace(DIRECT_PATH, rewrite=direct_steps)
CARRY = Reading(
    "carry",
    "the derivative of the loss by a cell state on the left is only what comes back "
    "from the next cell state",
    "cell",
    _carry((0,)),
    weight=2,
)
CARRIED = Reading(
    "carried",
    "the derivative of the loss by a cell state is only what comes back from the next cell state",
    "cell",
    _carry((0, 1)),
    weight=3,
)
CARRY_BESIDE = Reading(
    "carry-beside",
    "the derivative of the loss by the cell state on the right is only what comes back "
    "from the next cell state",
    "cell",
    _carry_beside,
)
ROWS = Reading("rows", "vectors are rows", "layout", conventions=(("rows", True),))
ROWS_TRANSPOSED = Reading(
    "rows-transposed",
    "vectors are rows, and matrices the transposes of those in the definitions",
    "layout",
    conventions=(("rows", True), ("transposed", True)),
    weight=2,
)
LOCAL_LOSS = Reading(
    "local-loss",
    "the derivative of the loss by a state is local: not through later states",
    "loss",
    local_loss,
    weight=2,
)
WHOLE_LOSS = Reading(
    "whole-loss",
    "the loss of a step, where a sequence differentiates it, stands for the losses of all steps: "
    "the text gives a recursion for these derivatives",
    "loss",
    whole_loss,
)
LATER_LOSSES = Reading(
    "later-losses",
    "the loss of a step, whose derivative is carried back, stands for the losses of all steps",
    "loss",
    with_later_losses,
)
MEAN_LEFT = Reading(
    "mean-left",
    "the loss on the left is the mean of the losses of the steps, the one on the right their sum: "
    "the text writes both",
    "mean",
    mean_left,
)
MIXED = Reading(
    "gradient-layout",
    "the gradient of a scalar has the shape of its variable (a column), "
    "Jacobians are rows by columns",
    "layout", conventions=(("layout", "mixed"),),
)  # fmt: skip
DENOMINATOR = Reading(
    "denominator-layout",
    "derivatives are in denominator layout (the transpose of the Jacobian)",
    "layout",
    conventions=(("layout", "denominator"),),
)
TURNED = Reading(
    "turned-gradient",
    "gradients are rows: the derivative of a scalar by a matrix has the shape of its transpose",
    "layout",
    conventions=(("turned", True),),
)
DIAGONAL = Reading(
    "diag",
    "a vector that multiplies a matrix stands for diag(vector)",
    "product",
    conventions=(("elementwise", True),),
)
PAIRS = Reading(
    "pairs", "two vectors side by side multiply elementwise", "pairs",
    conventions=(("pairs", True),),
)  # fmt: skip
TRAILING = Reading(
    "diag-rows",
    "a vector that multiplies a matrix stands for diag(vector), "
    "and the one written last scales the rows",
    "product",
    conventions=(("elementwise", True), ("trailing", True)),
    weight=2,
)
CHAINED = Reading(
    "chain",
    "products of derivatives are chain-rule contractions over the variable that they share",
    "product",
    conventions=(("chained", True),),
    weight=2,
)
ASCENDING = Reading(
    "ascending", "the product runs from the earliest step (left) to the latest", "order", ascending
)
HADAMARD_FIRST = Reading(
    "hadamard-first", "the elementwise product binds more tightly than the matrix product",
    "precedence", hadamard_first,
)  # fmt: skip
ROW_LAST = Reading(
    "outer",
    "the vector written last, in a gradient by a matrix, is a row (an outer product)",
    "outer",
    row_last,
    weight=2,
)
STATE_BLOCK = Reading(
    "state-block", "W is read as its block of columns that multiplies the state", "block",
    state_block,
)  # fmt: skip
INPUT_BLOCK = Reading(
    "input-block", "W is read as its block of columns that multiplies the input", "block",
    input_block,
)  # fmt: skip
OUTPUT_DERIVATIVE = Reading(
    "output-derivative",
    "the activation's derivative is written as a function of the output: "
    "its argument is the pre-activation",
    "prime",
    output_derivative,
)
REACHING_ON = Reading(
    "reaching-on",
    "the product over the steps takes in the parameter behind it",
    "reach",
    reaching_on,
    weight=2,
)
ENDING_EARLY = Reading(
    "ending-early",
    "the product over the steps ends before the parameter that stands last",
    "reach",
    ending_early,
    weight=2,
)
ABSENT_ZERO = Reading(
    "absent-zero",
    "terms of a sum that refer to a step before the first count as 0",
    "absent",
    conventions=(("lenient", True),),
)
ZERO_START = Reading(
    "zero-start",
    "the initial state is 0",
    "start",
    hypothesis="zero-start",
    weight=2,
)
OWN_START = Reading(
    "own-start",
    "the initial states belong together, as the later ones do",
    "start",
    hypothesis="own-start",
)
LABELS = Reading(
    "labels", "the entries of a label add to one, as those of a one-hot vector do", "labels",
    hypothesis="labels",
)  # fmt: skip
#: Tried only where the text announces them.
STATED = frozenset(
    ("rows-transposed", "whole-loss", "mean-left", "turned-gradient", "own-step")
    + (THROUGH_OUTPUT_CODE,)
)

#: In the documented order.
READINGS = (
    IMMEDIATE,
    ARGUMENT,
    GATE,
    OWN_STEP,
    BY_USES,
    THROUGH_OUTPUT,
    LOCAL_LOSS,
    WHOLE_LOSS,
    LATER_LOSSES,
    MEAN_LEFT,
    DIRECT_PATH,
    DIRECT_STEPS,
    CARRY,
    CARRIED,
    CARRY_BESIDE,
    MIXED,
    DENOMINATOR,
    TURNED,
    ROWS,
    ROWS_TRANSPOSED,
    DIAGONAL,
    PAIRS,
    CHAINED,
    TRAILING,
    ASCENDING,
    HADAMARD_FIRST,
    ROW_LAST,
    STATE_BLOCK,
    INPUT_BLOCK,
    OUTPUT_DERIVATIVE,
    REACHING_ON,
    ENDING_EARLY,
    ABSENT_ZERO,
    LABELS,
    OWN_START,
    ZERO_START,
)
