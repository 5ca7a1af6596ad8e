"""Approximations ``A ≈ B`` and proportions ``A ∝ B``: what they leave out, and when they mislead.

``≈`` says nothing exact, so it is right only where the sides are equal or where what is left out is
named: the activation is the identity near 0. It is wrong only if all of the following hold: the
exact value is stated too; one slip of the catalogue that is no neglected term leads from it to the
right side; no words of the text allow it; and there are certified numbers at which the error is
larger than the quantity itself, under every reading.

``∝`` is read as "equal up to a factor that does not depend on the running index", or, of a gradient
by a state, as naming the factor that comes back through a later step. It is refuted only where the
right side has that index in a power or in a product, so that its growth is claimed, and one slip
makes it right.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

from bptt_sym.decide import decide
from bptt_sym.decide.counterexample import BITS, describe, enclosure, worlds
from bptt_sym.decide.domains import Modular, Undefined, precision
from bptt_sym.decide.identity import LONGEST_SCALAR, Arena, holds, sides_at
from bptt_sym.decide.instances import Env, claim_indices
from bptt_sym.decide.readings import DIRECT_PATH, IMMEDIATE
from bptt_sym.decide.tensor import Mismatch, flat
from bptt_sym.decide.trials import Trial, trials
from bptt_sym.decide.verdict import Counterexample, Verdict
from bptt_sym.decide.world import Absent, World
from bptt_sym.diagnose.diagnosis import diagnose
from bptt_sym.errors import BpttError, NotSupported
from bptt_sym.messages import marked
from bptt_sym.notation import (
    HORIZON_NAME,
    At,
    Claim,
    D,
    Fn,
    Idx,
    Node,
    Pow,
    Prod,
    free_indices,
    rebuild,
    walk,
)
from bptt_sym.recurrence import Recurrence

#: Slips that leave out no terms: nobody calls these neglected.
SLIPS = frozenset(
    ("BP004", "BP006", "BP007", "BP008", "BP009", "BP010", "BP012", "BP013", "BP018", "BP019",
     "BP020", "BP023", "BP026", "BP027")
)  # fmt: skip
#: Readings beyond which an approximation stays undecided.
MAX_TRIALS = 40
MAX_PLACES = 12
#: Runs that show how a ratio behaves.
LONGEST = 6
_FAILED = (Absent, Mismatch, Undefined, NotSupported)

NEAR_ZERO = marked("the activation acts as the identity, as it does near 0")
NOTE = marked(
    "as an approximation it is off by more than the quantity itself; it would need a hypothesis, "
    "such as states near 0, that is not stated"
)


def approximation(claim: Claim, rec: Recurrence, arena: Arena, *, allowed: bool) -> Verdict | None:
    """The verdict of ``A ≈ B`` that is no equation; ``None`` if nothing can be said.

    ``allowed`` says that the text speaks of a regime in which something may be left out.
    """
    equation = replace(claim, ops=("=",))
    linear = _linear(rec)
    if linear is not None and _holds(equation, linear):
        if allowed:
            return Verdict("right_under_reading", assumptions=(NEAR_ZERO,), method=_LINEAR)
    elif allowed:
        return None
    found = diagnose(equation, rec, arena)
    if found is None or found.code not in SLIPS:
        return None
    shown = _grossly_off(equation, arena)
    if shown is None:
        return None
    method = "both sides enclosed by Arb balls: the error exceeds the left side"
    return Verdict("wrong", counterexample=shown, diagnosis=found, method=method, note=NOTE)


_LINEAR = "an identity of the model whose activations are the identity"


def _linear(rec: Recurrence) -> Recurrence | None:
    """``rec`` with every tanh and every unknown activation the identity, whose slope at 0 is 1."""
    names = {"tanh", *rec.activations}

    def change(n: Node) -> Node:
        n = rebuild(n, change)
        return n.arg if isinstance(n, Fn) and n.name in names and not n.order else n

    equations = tuple(replace(e, rhs=change(e.rhs)) for e in rec.equations)
    if equations == rec.equations:
        return None
    try:
        return replace(rec, equations=equations)
    except BpttError:
        return None


def _holds(claim: Claim, rec: Recurrence) -> bool:
    arena = Arena(rec)
    try:
        return any(holds(arena, t).holds for t in _few(claim, rec) if len(t.readings) < 2)
    except BpttError:
        return False


def _few(claim: Claim, rec: Recurrence) -> list[Trial]:
    found = []
    for trial in trials(claim, rec):
        found.append(trial)
        if len(found) > MAX_TRIALS:
            break
    return found


def _grossly_off(claim: Claim, arena: Arena) -> Counterexample | None:
    """Numbers of one unit at which the error exceeds the left side, under every reading."""
    every = _few(claim, arena.rec)
    if len(every) > MAX_TRIALS:
        return None

    def off(world: World, trial: Trial, env: Env) -> tuple[Any, Any] | None:
        a, b = sides_at(world, trial, env)
        for x, y in zip(flat(a), flat(b), strict=True):
            if abs(y - x) > abs(x):
                return x, y
        return None

    return _shown(arena, every, off)


def _shown(
    arena: Arena, every: Sequence[Trial], test: Callable[[World, Trial, Env], Any]
) -> Counterexample | None:
    """The first point at which the first trial fails ``test``, if every trial does somewhere."""
    shown: Counterexample | None = None
    left = list(every)
    for world, sampler in worlds(arena, True):
        for env in arena.instances(every[0].claim.sides, 4)[:MAX_PLACES]:
            still = []
            for trial in left:
                try:
                    with precision(BITS):
                        found = test(world(trial), trial, env)
                except _FAILED:
                    found = None
                if found is None:
                    still.append(trial)
                elif shown is None and trial is every[0]:
                    shown = describe(world(trial), sampler, trial, env, *found)
            left = still
            if not left:
                return shown
    return None


# ---------------------------------------------------------------------------- proportions
def proportion(claim: Claim, rec: Recurrence, arena: Arena) -> Verdict:
    """The verdict of ``A ∝ B``."""
    equation = replace(claim, ops=("=",))
    meant = [(_NAMES_IT, equation), *_factors(equation, rec)]
    for said, candidate in meant:
        found = decide(candidate, rec, arena=arena, refute=False)
        if found.is_right:
            return replace(
                found, verdict="right_under_reading", readings=(said, *found.readings)
            )
    names = claim_indices(claim.sides, rec)
    allowed = {IMMEDIATE.code, DIRECT_PATH.code}
    every = [
        t for t in trials(equation, rec)
        if len(t.readings) < 2 and {r.code for r in t.readings} <= allowed
    ]  # fmt: skip
    for trial in every:
        for running in _running(names):
            if _constant(trial, rec, arena, running):
                said = "∝ is read as equal up to a factor that does not depend on " + " or ".join(
                    running
                )
                return Verdict(
                    "right_under_reading",
                    scope=f"{', '.join(names)} <= {LONGEST}",
                    readings=(said, *(r.message for r in trial.readings)),
                    method="the ratio of the sides is the same in F_p at every instance",
                )
    if not names or not _grows(claim.sides[1]):
        return Verdict("undecided", note="no factor was found, and no growth is claimed")
    shown = _changing(arena, every, names)
    if shown is not None:
        for said, candidate in meant:
            slip = diagnose(candidate, rec, arena)
            # Of a factor that is only named, the activation's part is often left unsaid.
            slips = (SLIPS | {"BP005"}) - (set() if said == _NAMES_IT else {"BP019"})
            if slip is not None and slip.code in slips:
                return Verdict(
                    "wrong", counterexample=shown, diagnosis=slip,
                    method="the ratios of the sides enclosed by Arb balls",
                    note="the ratio of the two sides depends on " + " and ".join(names),
                )  # fmt: skip
    return Verdict("undecided", note="no factor was found, and none was excluded")


_NAMES_IT = "∝ is read as equal"


def _factors(equation: Claim, rec: Recurrence) -> Iterator[tuple[str, Claim]]:
    """The factor of a gradient by a state that comes back through a later step of that state.

    ``\\partial L/\\partial h_t \\propto \\prod_{i=t+1}^{t+k} …`` speaks of that factor only.
    """
    left, right = equation.sides
    if not (isinstance(left, D) and isinstance(left.x, At) and left.x.name in rec.states):
        return
    if isinstance(left.y, At) and left.y.name in rec.states:
        return
    tops: list[Node] = [n.hi for n in walk(right) if isinstance(n, Prod)]
    for time in dict.fromkeys((*tops, Idx(HORIZON_NAME))):
        if time == left.x.time:
            continue
        factor = D(At(left.x.name, time), left.x, left.kind)
        said = f"∝ names the factor through the {left.x.name} of a later step"
        yield said, replace(equation, sides=(factor, right))


def _running(names: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """Which indices run, the others fixed: all of them, then each alone."""
    if names:
        yield names
    if len(names) > 1:
        yield from ((n,) for n in names)


def _grows(side: Node) -> bool:
    """Whether an index stands in an exponent or a bound of a product."""
    for n in walk(side):
        if isinstance(n, Pow) and free_indices(n.exp):
            return True
        if isinstance(n, Prod) and free_indices(n.lo) | free_indices(n.hi):
            return True
    return False


def _groups(trial: Trial, arena: Arena, running: tuple[str, ...]) -> list[list[Env]]:
    """Instances that differ in the running indices only; groups of one say nothing."""
    longest = min(LONGEST, LONGEST_SCALAR)
    groups: dict[tuple[int, ...], list[Env]] = {}
    for env in arena.instances(trial.claim.sides, longest):
        key = tuple(v for n, v in sorted(env.items()) if n not in running)
        groups.setdefault(key, []).append(env)
    return [g for g in groups.values() if len(g) > 1]


def _constant(trial: Trial, rec: Recurrence, arena: Arena, running: tuple[str, ...]) -> bool:
    """Whether one number per group makes the left side from the right side, mod p."""
    groups = _groups(trial, arena, running)
    compared = 0
    try:
        for seed in (1, 2):
            world = World(rec, Modular(seed), arena.dims[0])
            for group in groups:
                sides = [tuple(map(flat, sides_at(world, trial, env))) for env in group]
                for (a, b), (c, d) in [*pairwise(sides), *zip(sides, sides, strict=True)]:
                    compared += 1
                    pairs = [(x * w - y * v) for x, y in zip(a, b, strict=True)
                             for v, w in zip(c, d, strict=True)]  # fmt: skip
                    if not all(world.domain.is_zero(p) for p in pairs):
                        return False
                    if all(world.domain.is_zero(y) for y in b):
                        return False
    except _FAILED:
        return False
    return compared > 0


def _changing(
    arena: Arena, every: Sequence[Trial], names: tuple[str, ...]
) -> Counterexample | None:
    """One run of one unit on which the ratio changes, whichever index runs, in every reading."""
    shown: Counterexample | None = None
    for trial in every:
        for running in _running(names):
            found = _change(arena, trial, running)
            if found is None:
                return None
            shown = shown or found
    return shown


def _change(arena: Arena, trial: Trial, running: tuple[str, ...]) -> Counterexample | None:
    for world, sampler in worlds(arena, True):
        for group in _groups(trial, arena, running):
            try:
                with precision(BITS):
                    made = world(trial)
                    for before, after in pairwise(group):
                        ratios = []
                        for env in (before, after):
                            (a,), (b,) = map(flat, sides_at(made, trial, env))
                            ratios.append(a / b)
                        if ratios[0].is_finite() and not ratios[0].overlaps(ratios[1]):
                            shown = describe(made, sampler, trial, after, ratios[0], ratios[1])
                            at = [", ".join(f"{n} = {v}" for n, v in e.items())
                                  for e in (before, after)]  # fmt: skip
                            place = f"the ratio of the sides at {at[0]} against {at[1]}"
                            left, right = map(enclosure, ratios)
                            return replace(shown, left=left, right=right, place=place)
            except (*_FAILED, ValueError, ZeroDivisionError):
                continue
    return None
