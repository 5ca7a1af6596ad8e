"""Readings about steps: shares of one step, the last step, slipped indices, counting from 0."""

from __future__ import annotations

from dataclasses import replace

from bptt_sym.decide.losses import summed_loss
from bptt_sym.decide.readings import Reading
from bptt_sym.decide.rewriting import is_loss, map_sides, transform
from bptt_sym.notation import (
    HORIZON_NAME,
    ONE,
    ZERO,
    Add,
    At,
    Claim,
    D,
    Idx,
    Node,
    Num,
    Prod,
    Sum,
    Sym,
    affine,
    free_indices,
    index,
    num,
    shift,
    substitute_index,
    walk,
)
from bptt_sym.recurrence import STEP, Recurrence


def one_step(claim: Claim, rec: Recurrence) -> list[Reading]:
    """A gradient by a parameter on the left, and the share of one step on the right."""
    right = claim.sides[1:]
    free = {n for s in right for n in free_indices(s)} - free_indices(claim.sides[0])
    if (found := _summed_left(claim)) is not None:
        return [found]
    if not free and (found := _numbered_step(claim, rec)) is not None:
        return [found]
    if len(free) < 2 and (found := _of_the_loss_now(claim, rec)) is not None:
        return [found]
    if len(free) != 1 or HORIZON_NAME in free or free_indices(claim.sides[0]):
        return []
    (name,) = free
    # (What is a sum on the left is the whole.)
    if any(isinstance(n, (Sum, Prod)) for s in claim.sides for n in walk(s)):
        return []

    def rewrite(claim: Claim, rec: Recurrence) -> Claim:
        return map_sides(claim, lambda n, i: Sum(name, ONE, Idx(HORIZON_NAME), n) if i else n)

    return [
        Reading(
            "one-step",
            f"the right side is the share of step {name} in the gradient, "
            "which is the sum of these",
            "share",
            rewrite,
        )
    ]


SUMMED_LEFT = (
    "the loss of a step on the left, where the right side adds up those of other steps as well, "
    "stands for the losses of all steps"
)


def _summed_left(claim: Claim) -> Reading | None:
    """``∂E_t/∂W = Σ_t ∂E_t/∂W``: on the left, E_t is all that the right side adds up."""
    left, *rest = claim.sides
    time = left.y.time if isinstance(left, D) and isinstance(left.y, At) else None
    if not rest or not isinstance(time, Idx) or not isinstance(rest[0], Sum):
        return None
    if rest[0].var != time.name or rest[0].body != left:
        return None
    whole = rest[0]

    def rewrite(claim: Claim, rec: Recurrence) -> Claim:
        return map_sides(claim, lambda n, i: n if i else replace(whole, body=n))

    return Reading(
        "summed-left",
        SUMMED_LEFT,
        "share",
        rewrite,
    )


def with_the_later_loss(claim: Claim, rec: Recurrence) -> list[Reading]:
    """``∂L_{T-1}/∂c_{T-1} = … + ∂L_T/∂h_T …``: on the left, L_{T-1} is what c_{T-1} acts on."""
    left, *rest = claim.sides
    found = summed_loss(rec)
    if found is None or len(rest) != 1 or not isinstance(rest[0], Add):
        return []
    total, loss = found
    if not (isinstance(left, D) and isinstance(left.y, At) and left.y.name == loss):
        return []
    if not isinstance(left.x, At) or left.x.time != left.y.time:
        return []
    later = At(loss, shift(left.y.time, 1))
    terms = [[n.y for n in walk(t) if isinstance(n, D)] for t in rest[0].args]
    if not any(left.y in t for t in terms) or not any(later in t for t in terms):
        return []

    def rewrite(claim: Claim, rec: Recurrence) -> Claim:
        return map_sides(claim, lambda n, i: n if i else replace(left, y=Sym(total)))

    return [Reading("summed-left", SUMMED_LEFT, "share", rewrite)]


def _numbered_step(claim: Claim, rec: Recurrence) -> Reading | None:
    """The share of step 2, say: what the right side is at any step, summed over the steps."""
    left = claim.sides[0]
    if not (isinstance(left, D) and isinstance(left.x, Sym) and is_loss(left.y, rec)):
        return None
    nodes = [n for s in claim.sides[1:] for n in walk(s)]
    by = [n.x.time for n in nodes if isinstance(n, D) and isinstance(n.x, At)]
    # (ŷ_3 - y_3) s_3^T is about the latest step that it names.
    at = by[:1] or [n.time for n in nodes if isinstance(n, At)]
    numbers = [int(time.value) for time in at if isinstance(time, Num)]
    if not numbers or len(numbers) < len(at) or any(isinstance(n, (Sum, Prod)) for n in nodes):
        return None
    step = max(numbers)

    def any_step(n: Node) -> Node:
        if isinstance(n, At) and isinstance(n.time, Num):
            return replace(n, time=index(STEP, int(n.time.value) - step))
        return n

    def rewrite(claim: Claim, rec: Recurrence) -> Claim:
        def shared(n: Node, i: int) -> Node:
            return Sum(STEP, ONE, Idx(HORIZON_NAME), transform(n, any_step)) if i else n

        return map_sides(claim, shared)

    return Reading(
        "one-step",
        f"the right side is the share of step {step} in the gradient, which is the sum of these",
        "share",
        rewrite,
    )


def _of_the_loss_now(claim: Claim, rec: Recurrence) -> Reading | None:
    """``∂E_t/∂W = ∂E_t/∂f_t ∂f_t/∂W``: what the use of W at step t adds, of all that E_t sees.

    At an earlier step k the same with ``∂E_t/∂f_k``; the gradient is the sum over k. So it is where
    the share of step t - n stands for all, ``∂E_t/∂f_{t-n} ∂f_{t-n}/∂W``. (At step t - 1 it is not
    told from a slip.)
    """
    left = claim.sides[0]
    if not (isinstance(left, D) and isinstance(left.x, Sym) and isinstance(left.y, At)):
        return None
    loss = left.y
    nodes = [n for s in claim.sides[1:] for n in walk(s)]
    by_states = any(isinstance(n, D) and n.y == loss and isinstance(n.x, At) for n in nodes)
    if not by_states or not is_loss(loss, rec) or not isinstance(loss.time, Idx):
        return None
    step = loss.time.name
    if any(isinstance(n, (Sum, Prod)) for n in nodes):
        return None
    earlier = "k" if step != "k" else "j"
    used = {n.y.time for n in nodes if isinstance(n, D) and n.x == left.x and isinstance(n.y, At)}
    (at,) = used if len(used) == 1 else (None,)
    before = at is not None and at != loss.time and _is_before(at, step)
    if not before and {n for s in claim.sides[1:] for n in free_indices(s)} - {step}:
        return None
    # (The derivative of an earlier state by a later one is 0: no path leads that way.)
    if before and any(
        isinstance(n, D) and isinstance(n.y, At) and n.y.time == at and isinstance(n.x, At)
        for n in nodes
    ):
        return None

    def moved(n: Node) -> Node:
        if n == loss or not isinstance(n, At):
            return n
        if before:
            return replace(n, time=Idx(earlier)) if n.time == at else n
        return substitute_index(n, step, Idx(earlier))

    def rewrite(claim: Claim, rec: Recurrence) -> Claim:
        def shared(n: Node, i: int) -> Node:
            return Sum(earlier, ONE, Idx(step), transform(n, moved)) if i else n

        return map_sides(claim, shared)

    return Reading(
        "one-step",
        f"the right side is the share of {'an earlier step' if before else f'step {step}'} in the "
        "gradient, which is the sum of these",
        "share",
        rewrite,
    )


def _is_before(at: Node, step: str) -> bool:
    """Whether ``at`` is ``step - n``."""
    form = affine(at)
    return (
        form is not None and form[0].get(step) == 1 and form[1] == 0
        and [c for name, c in form[0].items() if name != step] == [-1]
    )  # fmt: skip


#: Letters that books use for the last step besides T.
LAST_STEPS = frozenset(("n", "N", "M", r"\tau", "K", "m"))


def last_step(claim: Claim, rec: Recurrence) -> list[Reading]:
    """The last step of a formula about the whole run: its one free letter, or its last number."""
    free = {n for s in claim.sides for n in free_indices(s)}
    names = {n.name for s in claim.sides for n in walk(s) if isinstance(n, Sym)}
    totals = names & set(rec.totals)
    if not totals and free == {HORIZON_NAME}:
        return _of_all_numbers(claim)
    if not free and totals:
        return _last_number(claim, rec, totals)
    if len(free) != 1 or not totals:
        return []
    (name,) = free
    at_the_end = not free_indices(claim.sides[0]) and all(_of_the_end(n, rec) for n in totals)
    if name not in LAST_STEPS and not _only_ends_sums(claim, name) and not at_the_end:
        return []

    def rewrite(claim: Claim, rec: Recurrence) -> Claim:
        return map_sides(claim, lambda n, _: substitute_index(n, name, Idx(HORIZON_NAME)))

    return [Reading("last-step", f"{name} is the last step", "last", rewrite)]


def _of_the_end(total: str, rec: Recurrence) -> bool:
    """Whether a total is about the last step alone."""
    nodes = list(walk(rec.totals[total]))
    times = [n.time for n in nodes if isinstance(n, At)]
    return bool(times) and all(time == Idx(HORIZON_NAME) for time in times)


def _only_ends_sums(claim: Claim, name: str) -> bool:
    """Whether an index stands nowhere but above sums: ``\\sum_{j=1}^t``."""
    nodes = [n for s in claim.sides for n in walk(s)]
    ends = {n.hi for n in nodes if isinstance(n, Sum) and n.hi == Idx(name)}
    times = [t for n in nodes if isinstance(t := getattr(n, "time", None), Node)]
    return bool(ends) and not any(name in free_indices(t) for t in times)


def _of_all_numbers(claim: Claim) -> list[Reading]:
    """``Σ_t a_t = a_3 + a_2 + a_1``: a run of as many steps as are written out."""
    left, *rest = claim.sides
    nodes = [n for s in rest for n in walk(s)]
    if not isinstance(left, Sum) or left.hi != Idx(HORIZON_NAME):
        return []
    if any(HORIZON_NAME in free_indices(s) for s in rest):
        return []
    steps = {int(n.time.value) for n in nodes if isinstance(n, At) and isinstance(n.time, Num)}
    last = max(steps, default=0)
    if last < 2 or not steps >= set(range(1, last + 1)):
        return []

    def rewrite(claim: Claim, rec: Recurrence) -> Claim:
        return map_sides(claim, lambda n, _: substitute_index(n, HORIZON_NAME, num(last)))

    return [Reading("last-step", f"the run has {last} steps", "last", rewrite)]


def _last_number(claim: Claim, rec: Recurrence, totals: set[str]) -> list[Reading]:
    """A run written out: the greatest step that stands in the formula is the last one."""
    steps = [
        form[1]
        for s in claim.sides
        for n in walk(s)
        for time in (getattr(n, "time", None), getattr(n, "hi", None))
        if isinstance(time, Node)
        for form in (affine(time),)
        if form is not None and not form[0]
    ]
    last = max(steps, default=0)
    if last < 2:
        return []

    def written_out(n: Node) -> Node:
        if isinstance(n, Sym) and n.name in totals:
            return substitute_index(rec.totals[n.name], HORIZON_NAME, num(last))
        return n

    def rewrite(claim: Claim, rec: Recurrence) -> Claim:
        return map_sides(claim, lambda n, _: transform(n, written_out))

    return [Reading("last-step", f"the run has {last} steps", "last", rewrite)]


def index_slips(claim: Claim, rec: Recurrence) -> list[Reading]:
    """An index that only inputs carry, beside another free index: the inputs' step is slipped."""
    free = {n for s in claim.sides for n in free_indices(s)}
    if len(free) != 2:
        return []
    carriers: dict[str, set[str]] = {n: set() for n in free}
    for side in claim.sides:
        for node in walk(side):
            if isinstance(node, At):
                for n in free_indices(node.time) & free:
                    carriers[n].add(node.name)
    out = []
    for name in sorted(free):
        if carriers[name] and carriers[name] <= set(rec.inputs):
            other = next(iter(free - {name}))
            out += [_slip(name, other, offset) for offset in (0, -1)]
    return out


def _slip(name: str, other: str, offset: int) -> Reading:
    def rewrite(claim: Claim, rec: Recurrence) -> Claim:
        value = index(other, offset)
        return map_sides(claim, lambda n, _: substitute_index(n, name, value))

    step = other if not offset else f"{other} - {-offset}"
    return Reading(
        "index-slip",
        f"the input's index {name} stands for {step}",
        "index",
        rewrite,
        weight=1 - offset,
    )


def from_zero(claim: Claim, rec: Recurrence) -> list[Reading]:
    """``a_0`` of a sequence that the model computes from step 1 on: the text counts from 0."""
    states = set(rec.states)
    early = any(
        isinstance(n, At) and n.name in rec.defined and n.name not in states and n.time == ZERO
        for s in claim.sides
        for n in walk(s)
    )
    if not early:
        return []

    def later(n: Node) -> Node:
        return At(n.name, shift(n.time, 1), span=n.span) if isinstance(n, At) else n

    def rewrite(claim: Claim, rec: Recurrence) -> Claim:
        return map_sides(claim, lambda n, _: transform(n, later))

    return [Reading("from-zero", "the steps are counted from 0", "count", rewrite)]
