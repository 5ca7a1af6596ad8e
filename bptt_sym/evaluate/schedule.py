"""When each operation of a program runs: once, before the loop over time, in it, or after it.

Only what lies on a cycle through time has to wait for its step. All else is done for every step at
once: projections of the inputs as one large product before the loop, outputs, losses and the
gradients of weights (sums over steps of outer products) as large products after it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Literal, final

from bptt_sym.evaluate.adjoint import Adjoint
from bptt_sym.evaluate.program import PER_STEP, Program, depends_on_sums

Phase = Literal["fixed", "before", "loop", "after", "end"]

_CHEAP = {"add", "mul", "div", "neg", "fn", "pow", "expand", "slice"}


@final
@dataclass(frozen=True)
class Schedule:
    """Handles in order of execution; ``fixed`` runs once first, ``end`` once last."""

    fixed: list[int]
    before: list[int]
    loop: list[int]
    after: list[int]
    end: list[int]

    def phase(self) -> dict[int, Phase]:
        """The phase of every scheduled operation."""
        out: dict[int, Phase] = {}
        names: tuple[Phase, ...] = ("fixed", "before", "loop", "after", "end")
        for name in names:
            out.update(dict.fromkeys(getattr(self, name), name))
        return out


def forward_schedule(
    p: Program, *, sink: bool = False, kept: Collection[int] = ()
) -> Schedule:
    """The schedule of a step's own operations; states are what couples the steps.

    ``sink`` is as for :func:`adjoint_schedule`. ``kept`` are computed for the way back alone, in
    the loop where what they are computed from is.
    """
    carried = [i for i, op in enumerate(p.ops) if op.kind == "read" and op.attr[0] in p.targets]
    needed = {p.targets[p.ops[i].attr[0]] for i in carried}
    roots = [*p.targets.values(), *p.initial.values(), *([] if p.loss is None else [p.loss])]
    schedule = _schedule(p, range(len(p.ops)), carried, needed, [*roots, *kept])
    loop = set(schedule.loop)
    for i in schedule.after if kept else ():
        if p.ops[i].kind in _CHEAP and i not in roots and _only_for(p, i, kept):
            loop.update([i] if all(a in loop for a in p.ops[i].args) else [])
    after = [i for i in schedule.after if i not in loop]
    schedule = replace(schedule, loop=sorted(loop), after=after)
    return _sunk(p, schedule, set(roots)) if sink else schedule


def _only_for(p: Program, i: int, kept: Collection[int]) -> bool:
    """Whether ``i`` is one of ``kept``, or used for them and nothing else."""
    users = [k for k, op in enumerate(p.ops) if i in op.args]
    return i in kept or (bool(users) and all(_only_for(p, k, kept) for k in users))


def adjoint_schedule(a: Adjoint, *, sink: bool = False) -> Schedule:
    """The schedule of the adjoint's operations, the loop running backwards.

    ``sink`` moves elementwise work from before the loop into it, next to its use: better once
    the values of one step no longer fit beside each other in the cache for all steps.
    """
    p = a.program
    own = range(a.forward, len(p.ops))
    carried = [i for i in own if p.ops[i].kind == "later"]
    needed = {a.reads[p.ops[i].attr] for i in carried}
    roots = [*a.params.values(), *a.contexts.values(), *a.reads.values()]
    schedule = _schedule(p, own, carried, needed, roots)
    return _sunk(p, schedule, set()) if sink else schedule


def _schedule(
    p: Program, own: range, carried: list[int], needed: set[int], roots: list[int]
) -> Schedule:
    members = set(own)
    live: set[int] = set()
    stack = list(roots)
    while stack:
        i = stack.pop()
        if i in live or i not in members:
            continue
        live.add(i)
        stack.extend(p.ops[i].args)
    late: set[int] = set(carried)
    for i in own:
        if any(a in late for a in p.ops[i].args):
            late.add(i)
    feeds: set[int] = set()
    stack = [i for i in needed if i in members]
    while stack:
        i = stack.pop()
        if i in feeds or i not in members:
            continue
        feeds.add(i)
        stack.extend(p.ops[i].args)
    sums = depends_on_sums(p)
    out = Schedule([], [], [], [], [])
    for i in own:
        if i not in live:
            continue
        if i in sums:
            out.end.append(i)
        elif p.ops[i].lead < PER_STEP:
            out.fixed.append(i)
        elif i not in late:
            out.before.append(i)
        elif i in feeds:
            out.loop.append(i)
        else:
            out.after.append(i)
    return out


def _sunk(p: Program, s: Schedule, roots: set[int]) -> Schedule:
    uses: dict[int, set[int]] = {}
    for group in (s.before, s.loop, s.after, s.end):
        for i in group:
            for a in p.ops[i].args:
                uses.setdefault(a, set()).add(i)
    loop = set(s.loop)
    before = list(s.before)
    for i in reversed(s.before):
        once = p.ops[i].attr == ("finite", 0)  # what looks at all steps at once
        if once or p.ops[i].kind not in _CHEAP or i in roots:
            continue
        if uses.get(i) and uses[i] <= loop:
            loop.add(i)
            before.remove(i)
    return Schedule(s.fixed, before, sorted(loop), s.after, s.end)
