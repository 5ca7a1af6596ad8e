r"""Every dimension: when agreement at a few dimensions is agreement at all larger ones.

At given steps, an entry of either side of a claim at dimension n is a sum over assignments of
index variables to :math:`1,\dots,n` of products of factors, each of which depends on symbols at its
own indices (:math:`W_{ij}`, :math:`h_{t,i}`, a slope :math:`s_{t,i}`, 1, :math:`\delta_{ij}`) and
not on n. An index over a concatenation is one over one of its parts. Let F be the difference of the
sides, and k the greatest number of index variables in one product, those of the entry included
(:mod:`~bptt_sym.decide.index_variables`). As a function of the set S of indices that may be used

.. math:: F_S=\sum_{S'\subseteq S,\ |S'|\le k}G_{S'},

where :math:`G_{S'}` collects the assignments that use exactly S'; that is a multilinear polynomial
of degree at most k in the indicators :math:`e_i=[i\in S]`. If it vanishes for every S with
:math:`b\le|S|\le b+k`, then, b of the indicators set to 1, it vanishes at all points of weight up
to k in the others; so all its coefficients are 0 (Möbius inversion), and it vanishes for every
:math:`|S|\ge b`. The same holds in each of several dimensions, so that a grid of them is tried.

One size is enough where every index that is summed stands at a parameter matrix or a diagonal one.
Then a unit whose weights, inputs and start are 0 adds to no entry of the others: what vanishes at
:math:`n=\max(b,k)` vanishes at all smaller n, and so at all.

Two things make the symbols with indices in S a smaller model. A value of an elementwise function is
a symbol of its own: its argument holds an input of the step, so that the arguments of different
steps and entries are independent; and b is at least the number of index variables in any argument,
so that two arguments that differ at some dimension differ at all that count. What does not act
entry by entry is left out (softmax, norms), and so are quotients, numbers beside matrices,
exponentials, and functions of what the model applies none to. A convention by which products and
derivatives are read goes by the number of axes, which no dimension changes; the one that looks for
an axis of some length is left out.

**Every T as well.** k grows with the run, and the length at which automata are compared
(:mod:`~bptt_sym.decide.automaton`) mostly with n. Where it does not, or where the claim is one of
words whose states can be counted by blocks (:mod:`~bptt_sym.decide.blocks`), the lengths are a
fixed number, and k is that of the longest. Elsewhere nothing is said of every dimension, unless the
claim is only made for T up to a number.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import product

from bptt_sym.decide.automaton import TOO_MANY, widest_offset
from bptt_sym.decide.automaton import Counter as States
from bptt_sym.decide.blocks import Blocks
from bptt_sym.decide.domains import Modular, Undefined
from bptt_sym.decide.identity import (
    Arena,
    Outcome,
    concrete_dims,
    equal_at,
    ordered,
    start_values,
)
from bptt_sym.decide.index_variables import IndexCount, Outside
from bptt_sym.decide.instances import Env, claim_indices
from bptt_sym.decide.means import comparable, means
from bptt_sym.decide.tensor import Mismatch
from bptt_sym.decide.trials import Trial
from bptt_sym.decide.world import Absent, World
from bptt_sym.errors import NotSupported

#: Models tried for one claim, units in one of them, and steps of a run, beyond which nothing is
#: said.
MAX_GRID = 16
MAX_UNITS = 12
MAX_STEPS = 10
#: Claims of which an arena remembers what was found.
MAX_KEPT = 256


def every_dimension(arena: Arena, trial: Trial, outcome: Outcome) -> dict[str, int] | None:
    """The least dimensions from which on the claim holds for all; None if that is not shown.

    For every T if the outcome says so, else for those that it was tried at.
    """
    conventions = trial.conventions
    if conventions.compact or conventions.turned or trial.hypotheses - {"zero-start"}:
        return None
    if not all(isinstance(at, int) and at <= 0 for _, at in arena.fixed):
        return None
    key = (trial.content, arena.scope, outcome.every, outcome.longest, outcome.first)
    if key not in arena.everywhere:
        if len(arena.everywhere) >= MAX_KEPT:
            arena.everywhere.clear()
        arena.everywhere[key] = _shown(arena, trial, outcome)
    return arena.everywhere[key]


def _shown(arena: Arena, trial: Trial, outcome: Outcome) -> dict[str, int] | None:
    try:
        todo = list(_lengths(arena, trial, outcome))
        grid, least = _grid(arena, trial, todo)
    except Outside:
        return None
    try:
        for known in grid:
            world = _world(arena, known, trial)
            for env in todo:
                try:
                    if not equal_at(world, trial, env):
                        return None
                except Absent:
                    continue
    except (Mismatch, Undefined, NotSupported):
        return None
    return least


def _lengths(arena: Arena, trial: Trial, outcome: Outcome) -> Sequence[Env]:
    """The instances at which agreement in every dimension is agreement for every T."""
    sides = trial.claim.sides
    longest = outcome.longest
    if outcome.every:
        names = claim_indices(sides, arena.rec)
        longest = outcome.first - 1 + _bound(arena, trial, names) if names else 1
    if longest > MAX_STEPS:
        raise Outside
    return arena.instances(sides, longest)


def _bound(arena: Arena, trial: Trial, names: tuple[str, ...]) -> int:
    """Steps up to which sides that agree in every dimension agree for ever."""
    left, right = ordered(trial.claim.sides, names)
    sides = comparable(trial.claim.sides, arena.rec)
    # With more states than are ever counted in whatever grows with n, there is an answer only if
    # nothing does.
    large = States(TOO_MANY + 1, TOO_MANY + 1, arena.rec.max_lag, means(arena.rec)[0])
    d, e = (large.dimension(side, left, right) for side in sides[:2])
    if d is None or e is None or max(d, e) > TOO_MANY:
        d, e = Blocks(arena.rec, trial.conventions).bound(sides, left, right)
    window = max(widest_offset(side) for side in sides[:2])
    # A start of its own makes the first steps unlike the others.
    start = arena.rec.max_lag if arena.fixed or arena.rec.initial or trial.hypotheses else 0
    return d + e + (1 if left else 0) + window + start


def _grid(
    arena: Arena, trial: Trial, todo: list[Env]
) -> tuple[list[dict[str, int]], dict[str, int]]:
    """The dimensions to try, and the least of those that they speak for."""
    rec = arena.rec
    count = IndexCount(rec, trial.conventions)
    most = Counter[str]()
    for env in todo:
        for side in trial.claim.sides:
            outer, inner = count.of(side, env)
            most |= count.named(outer) + inner
    least = count.arguments()
    names = [*count.named(rec.dims)]
    if count.monotone:
        sizes: dict[str, int] = {}
        for d in names:
            size = max(2, least[d], most[d])
            while size in sizes.values():  # so that no two are taken for one another
                size += 1
            sizes[d] = size
        if max(sizes.values(), default=0) > MAX_UNITS:
            raise Outside
        return [sizes], dict.fromkeys(names, 1)
    start = {d: max(2, least[d]) for d in names}
    ranges = [range(start[d], start[d] + most[d] + 1) for d in names]
    grid = [dict(zip(names, point, strict=True)) for point in product(*ranges)]
    if len(grid) > MAX_GRID:
        raise Outside
    return grid, start


def _world(arena: Arena, known: dict[str, int], trial: Trial) -> World:
    found = arena.larger_worlds
    key = (tuple(known.items()), trial.hypotheses)
    if key not in found:
        dims = concrete_dims(arena.rec, (2,), known)
        fixed = start_values(arena.rec, arena.fixed, trial.hypotheses)
        found[key] = World(arena.rec, Modular(7), dims, fixed=fixed)
    return found[key]


__all__ = ["every_dimension"]
