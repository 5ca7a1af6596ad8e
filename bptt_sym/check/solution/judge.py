"""The judgement of every step of a chain: right, wrong, not justified, carried, or undecided."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Literal, cast

from bptt_sym.check.answer import Court
from bptt_sym.check.bounds.theorems import START
from bptt_sym.check.solution.absolute import (
    Signs,
    spelt_out,
    spread,
    without_common_factors,
    worked_out,
)
from bptt_sym.check.solution.conditions import is_condition
from bptt_sym.check.solution.lines import Chain, Written
from bptt_sym.decide.readings import IMMEDIATE
from bptt_sym.decide.verdict import Verdict
from bptt_sym.errors import BpttError
from bptt_sym.notation import (
    INFINITY,
    ZERO,
    Claim,
    D,
    Node,
    Num,
    Rel,
    Sym,
    rebuild,
    walk,
)

#: ``not_justified``: the line is right, but does not follow from the line before it, or rests on a
#: wrong one. ``carried``: it follows from the line before, which is wrong, and so is it.
Status = Literal["right", "wrong", "not_justified", "carried", "undecided"]

#: Verdicts that are kept for one court.
MAX_KEPT = 4096

SIGNS = "no factor is negative"

_UP, _DOWN = ("=", "<=", "<"), ("=", ">=", ">")


@dataclass(frozen=True)
class Step:
    """One step: the line it leads to, its status, and the verdict that it rests on."""

    line: Written
    status: Status
    verdict: Verdict

    @property
    def is_right(self) -> bool:
        return self.status == "right"


def judge_chain(chain: Chain, court: Court) -> list[Step]:
    """A step for every side after the first.

    Where the left side is an immediate derivative, derivatives that are not marked may be immediate
    as well, in the whole chain, if more of its steps are right then.
    """
    steps = _steps(chain, court)
    if all(s.is_right for s in steps) or not _kinds(chain.left) >= {"immediate"}:
        return steps
    if not any("unmarked" in _kinds(side.node) for side in chain.sides):
        return steps
    sides = [replace(side, node=_immediate(side.node)) for side in chain.sides]
    others = _steps(Chain(sides, chain.given), court)
    if sum(s.is_right for s in others) <= sum(s.is_right for s in steps):
        return steps
    return [_read_so(new, chain.sides[k + 1]) for k, new in enumerate(others)]


def settled(chain: Chain, court: Court) -> list[Step]:
    """The steps of a chain, of which sides that may belong to the words before them are cut off.

    Those stay that follow, or are true of the left side.
    """
    steps = judge_chain(chain, court)
    for k, side in enumerate(chain.sides[1:]):
        if side.loose and not steps[k].is_right:
            chain.sides = chain.sides[: k + 1]
            return steps[:k]
    return steps


def only_supposed(chain: Chain, steps: Sequence[Step], court: Court) -> bool:
    """Whether a chain is a condition that holds in some case: it is no step."""
    if not chain.sides[1:]:
        return True
    if all(s.is_right for s in steps):
        return False
    return chain.supposed or is_condition((side.node for side in chain.sides), court)


def _steps(chain: Chain, court: Court) -> list[Step]:
    steps: list[Step] = []
    for k in range(1, len(chain.sides)):
        steps.append(_step(chain, k, steps, court))
    return steps


def _kinds(node: Node) -> set[str]:
    return {n.kind for n in walk(node) if isinstance(n, D)}


def _immediate(node: Node) -> Node:
    node = rebuild(node, _immediate)
    if isinstance(node, D) and node.kind == "unmarked":
        return replace(node, kind="immediate")
    return node


def _read_so(step: Step, line: Written) -> Step:
    """A step of the chain read otherwise, on the line as it was written."""
    if "unmarked" not in _kinds(line.node) or not step.verdict.is_right:
        return replace(step, line=line)
    readings = tuple(dict.fromkeys((*step.verdict.readings, IMMEDIATE.message)))
    verdict = replace(step.verdict, verdict="right_under_reading", readings=readings)
    return replace(step, line=line, verdict=verdict)


def _step(chain: Chain, k: int, before: list[Step], court: Court) -> Step:
    line, previous = chain.sides[k], chain.sides[k - 1]
    own = relate(previous.node, cast(Rel, line.op), line.node, court, chain.given)
    if not own.is_right and chain.hypotheses and line.op != "=":
        own = _supposing(previous.node, line, chain, court) or own
    sound = all(s.is_right for s in before)
    if k == 1 or (sound and own.is_right):
        status: Status = "right" if own.is_right else "undecided"
        return Step(line, "wrong" if own.verdict == "wrong" else status, own)
    op = conclusion(chain, k)
    whole = None
    if op is not None:
        whole = relate(chain.left, op, line.node, court, chain.given)
    if whole is not None and whole.is_right:
        # Equal to the left side, as all before it are: then it is equal to the one before it.
        if op == "=" and sound:
            return Step(line, "right", whole)
        if own.verdict == "wrong" and isinstance(worked_out(chain.left), Num):
            return Step(line, "wrong", own)  # 0 < a < b says something of a, and 0 < b little
        if own.verdict == "wrong" or not all(s.status in ("right", "undecided") for s in before):
            return Step(line, "not_justified", own)
    elif own.is_right and any(s.status in ("wrong", "carried") for s in before):
        return Step(line, "carried", own)
    if own.is_right:
        return Step(line, "right", own)
    return Step(line, "wrong" if own.verdict == "wrong" else "undecided", own)


def _supposing(before: Node, line: Written, chain: Chain, court: Court) -> Verdict | None:
    """The verdict, if it is right, under what the solution has supposed before."""
    try:
        found = relate(
            before, cast(Rel, line.op), line.node, court, (*chain.given, *chain.hypotheses)
        )
    except BpttError:  # suppositions that contradict each other
        return None
    return found if found.is_right else None


def conclusion(chain: Chain, k: int | None = None) -> Rel | None:
    """What the chain says of its left side and side ``k`` (the last one): ``=``, ``<=``, ``<``, …

    ``None`` if its relations point in different ways and nothing follows.
    """
    sides = chain.sides[1:] if k is None else chain.sides[1 : k + 1]
    ops = [side.op for side in sides]
    if all(op == "=" for op in ops):
        return "="
    for allowed, loose, strict in ((_UP, "<=", "<"), (_DOWN, ">=", ">")):
        if all(op in allowed for op in ops):
            return cast(Rel, strict if strict in ops else loose)
    return cast(Rel, ops[0]) if len(ops) == 1 else None


def relate(
    left: Node, op: Rel, right: Node, court: Court, given: tuple[Claim, ...] = ()
) -> Verdict:
    """The verdict of one relation; absolute values and common factors are taken into account.

    Verdicts are kept with the court: the same steps come from many hands.
    """
    if op in (">=", ">"):
        left, right, op = right, left, "<=" if op == ">=" else "<"
    if any(n == Sym(INFINITY) for side in (left, right) for n in walk(side)):
        return Verdict("undecided", note="infinity is no number")
    left, right = worked_out(left), worked_out(right)
    known: dict[object, Verdict] = court.__dict__.setdefault("_related", {})
    key = left, op, right, given
    if key not in known:
        if len(known) >= MAX_KEPT:
            known.clear()
        known[key] = _related(left, op, right, court, given)
    return known[key]


def _related(
    left: Node, op: Rel, right: Node, court: Court, given: tuple[Claim, ...]
) -> Verdict:
    claim = Claim((left, right), (op,), given=given)
    verdict = court.judge(claim, theorems=False)
    if verdict.verdict in ("right", "wrong") or op not in ("=", "<=", "<"):
        return verdict
    for started in (False, True) if court.model.is_scalar else ():
        found = _by_sizes(left, op, right, court, given, started)
        if found is not None:
            return found
    # A step is asked of the kernel only where nothing else decides it.
    return court.judge(claim) if verdict.verdict == "undecided" else verdict


def _by_sizes(
    left: Node, op: Rel, right: Node, court: Court, given: tuple[Claim, ...], started: bool
) -> Verdict | None:
    starts = _starts(court)
    small = starts is not None and all(abs(value) < 1 for value in starts)
    signs = Signs(court.model, started or small, min(starts, default=None) if starts else None)
    try:
        a, b = (spread(spelt_out(side, court.model), signs) for side in (left, right))
        shared = False
        if op != "=":
            a, b, shared = without_common_factors(a, b, signs)
        if a == ZERO and op != "=" and (signs.positive if op == "<" else signs.nonnegative)(b):
            verdict = Verdict("right", scope="every step", method=SIGNS)
            return _assuming_start(verdict, signs, small)
        if (a, b) == (left, right):
            return None
        # A common factor may be 0, and then nothing is strict.
        wanted: Rel = op
        if shared and op == "<":
            return None
        verdict = court.judge(Claim((a, b), (wanted,), given=given), theorems=False)
    except (BpttError, ValueError):
        return None
    if not verdict.is_right:
        return None
    rules = ["|ab| = |a| |b|"] + ["a common factor that is not negative"] * shared
    verdict = replace(verdict, method="; ".join([*rules, verdict.method]))
    return _assuming_start(verdict, signs, small)


def _assuming_start(verdict: Verdict, signs: Signs, small: bool) -> Verdict:
    if signs.used_start and not small and START not in verdict.assumptions:
        assumed = (*verdict.assumptions, START)
        verdict = replace(verdict, verdict="right_under_reading", assumptions=assumed)
    return verdict


def _starts(court: Court) -> list[Fraction] | None:
    """The values of the initial states, ``None`` if not every one is fixed at a number."""
    found = []
    for state in court.model.states:
        node = court.arena.fixed.get((state, 0)) or court.model.initial.get(state)
        if not isinstance(node, Num):
            return None
        found.append(node.value)
    return found


__all__ = ["Status", "Step", "conclusion", "judge_chain", "only_supposed", "relate", "settled"]
