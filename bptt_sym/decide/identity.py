"""Deciding an equation: instances in T, both sides in F_p, the bound that makes it every T."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import log10
from typing import Any

from bptt_sym.decide.automaton import Counter, widest_offset
from bptt_sym.decide.degree import Degree
from bptt_sym.decide.domains import Q_, Domain, Modular, Undefined
from bptt_sym.decide.instances import (
    MAX_INSTANCES,
    Env,
    Scope,
    claim_indices,
    constraints,
    instances,
)
from bptt_sym.decide.interpret import Interpreter
from bptt_sym.decide.means import comparable, means
from bptt_sym.decide.readings import Hypotheses
from bptt_sym.decide.rewriting import labels
from bptt_sym.decide.shared import worlds_of
from bptt_sym.decide.structures import names_identity
from bptt_sym.decide.tensor import Mismatch, Tensor, diag, flat, from_flat, identity, rank, shape
from bptt_sym.decide.trials import Trial
from bptt_sym.decide.world import Absent, World
from bptt_sym.notation import (
    HORIZON_NAME,
    ZERO,
    At,
    Node,
    Num,
    Prod,
    free_indices,
    walk,
)
from bptt_sym.recurrence import Recurrence, references

Fixed = Mapping[tuple[str, int | str | None], Node]

#: The longest run looked at, for scalar models and for vectors.
LONGEST_SCALAR = 24
LONGEST_VECTOR = 12
#: Instances that an arena remembers.
MAX_PLACES = 1024


@dataclass(frozen=True)
class Outcome:
    """``holds`` is None when the reading does not fit the shapes."""

    holds: bool | None
    every: bool = False
    longest: int = 0
    first: int = 1
    instances: int = 0
    states: tuple[int, int] = (0, 0)
    witness: Env | None = None
    why: str = ""
    #: Whether it speaks of elements that do not exist, wherever it was looked at.
    absent: bool = False
    #: Whether both sides agreed at an instance, though at another one their shapes do not fit.
    agreed: bool = False


class Arena:
    """The worlds in which claims about one recurrence are tried, shared by all readings."""

    def __init__(self, rec: Recurrence, fixed: Fixed | None = None, *, exact: bool = False) -> None:
        self.rec = rec
        #: Where the claim in hand is made; every index from 1 on if nothing is said.
        self.scope = Scope()
        #: Codes of the readings that the text announces in words.
        self.stated: frozenset[str] = frozenset()
        self.exact = exact
        #: Whether a scope tries to speak of every dimension, which takes larger models.
        self.every_dimension = False
        self.fixed = dict(fixed or {})
        worlds = worlds_of(rec, self.fixed)
        self._worlds, self._degrees = worlds.random, worlds.degrees
        self._one_unit = worlds.one_unit
        #: Worlds of real numbers (:mod:`bptt_sym.decide.counterexample`).
        self.balls = worlds.balls
        #: Worlds with more units, by their dimensions (:mod:`bptt_sym.decide.dimensions`).
        self.larger_worlds: dict[Any, World] = {}
        #: The least dimensions from which on a claim holds, by what it says.
        self.everywhere: dict[Any, dict[str, int] | None] = {}
        self._instances: dict[tuple[int, int, int], tuple[tuple[Node, ...], Scope, list[Env]]] = {}
        #: Real numbers at which sides are compared (:mod:`bptt_sym.decide.counterexample`).
        self.samples: Any = None
        #: Searches over readings that were made here (:class:`bptt_sym.decide.search.Search`).
        self.searches: dict[Any, Any] = {}

    @classmethod
    def of(cls, rec: Recurrence) -> Arena:
        """The arena of ``rec`` without assumptions: what it computed serves the next claim too."""
        found = rec.__dict__.get("_arena")
        if found is None:
            # A recurrence never changes, so that its arena can stay with it.
            found = rec.__dict__["_arena"] = cls(rec)
        arena: Arena = found
        return arena

    @cached_property
    def dims(self) -> tuple[dict[str, int], ...]:
        """Dimensions that are small, different and at least 2; and once more, permuted."""
        if self.rec.is_scalar:
            return ({},)
        return tuple(concrete_dims(self.rec, start) for start in ((2, 3, 4), (3, 2, 2)))

    def world(self, seed: int, which: int, hypotheses: Hypotheses = frozenset()) -> World:
        key = (seed, which, hypotheses)
        found = self._worlds.get(key)
        if found is None:
            found = World(
                self.rec,
                Modular(seed),
                self.dims[which],
                fixed=start_values(self.rec, self.fixed, hypotheses),
                labels=adding_to_one(self.rec, hypotheses),
            )
            self._worlds[key] = found
        return found

    def one_unit(self, hypotheses: Hypotheses) -> World:
        """The model with one unit, where every quantity is a number."""
        if self.rec.is_scalar:
            return self.world(1, 0, hypotheses)
        found = self._one_unit.get(hypotheses)
        if found is None:
            found = self._one_unit[hypotheses] = World(
                self.rec,
                Modular(1),
                scalar=True,
                fixed=start_values(self.rec, self.fixed, hypotheses),
                labels=adding_to_one(self.rec, hypotheses),
            )
        return found

    def degrees(self, hypotheses: Hypotheses) -> World:
        """The world of degrees, for the error bound of random evaluation."""
        found = self._degrees.get(hypotheses)
        if found is None:
            fixed = start_values(self.rec, self.fixed, hypotheses)
            labels = adding_to_one(self.rec, hypotheses)
            found = World(self.rec, Degree(), self.dims[0], fixed=fixed, labels=labels)
            self._degrees[hypotheses] = found
        return found

    def instances(self, sides: tuple[Node, ...], longest: int) -> Sequence[Env]:
        """The instances of a claim up to ``longest`` steps, within the scope."""
        key = (id(sides[0]), id(sides[1]), longest)
        known = self._instances.get(key)
        # The sides are kept with it: their ids must not be given to others.
        if known is None or known[1] != self.scope:
            if len(self._instances) >= MAX_PLACES:
                self._instances.clear()
            found = list(instances(sides, self.rec, longest, self.scope))
            known = self._instances[key] = sides, self.scope, found
        return known[2]

    def place(self, sides: tuple[Node, ...]) -> Env | None:
        """The first instance that reaches step 3 or has no index; ``None`` if there is none."""
        few = self.instances(sides, 4)
        return next((e for e in few if not e or max(e.values()) >= 3), None)

    def counter(self, which: int = 0) -> Counter:
        world = self.world(1, which)
        size = sum(max(1, len(flat_shape(world.shape(s)))) for s in self.rec.states)
        width = max([1, *(d for s in self.rec.states for d in world.shape(s))])
        return Counter(size, width, self.rec.max_lag, means(self.rec)[0])


def flat_shape(dims: tuple[int, ...]) -> range:
    size = 1
    for d in dims:
        size *= d
    return range(size)


def concrete_dims(
    rec: Recurrence, cycle: tuple[int, ...], known: Mapping[str, int] | None = None
) -> dict[str, int]:
    """A number for each symbolic dimension; a concatenation has the sum of its parts.

    Dimensions in ``known`` keep their numbers.
    """
    sums: dict[str, tuple[str, ...]] = {}
    for name, parts in rec.blocks.items():
        columns = rec.shape(name)[-1] if rec.shape(name) else 1
        if "+" in str(rec.shape(name)[:1]):
            continue  # it stands behind the concatenation: its rows are the sum
        if isinstance(columns, str):
            sums[columns] = parts
    dims: dict[str, int] = {}
    named_sums = [d for d in rec.dims if "+" in d and d not in sums]
    free = [d for d in rec.dims if d not in sums and d not in named_sums]
    for i, d in enumerate(free):
        dims[d] = cycle[i] if i < len(cycle) else 2 + i % 3
    dims |= {d: size for d, size in (known or {}).items() if d in free}
    for d in named_sums:  # n+m: a concatenation that no matrix of its own multiplies
        dims[d] = sum(int(p) if p.isdigit() else dims.get(p, 2) for p in d.split("+"))
    for d, parts in sums.items():
        total = 0
        for p in parts:
            s = rec.shape(p)
            total += (s[0] if isinstance(s[0], int) else dims.get(s[0], 2)) if s else 1
        dims[d] = total
    return dims


def start_values(
    rec: Recurrence, fixed: Fixed, hypotheses: Hypotheses = frozenset()
) -> dict[tuple[str, int | str | None], Node]:
    out = dict(fixed)
    if "zero-start" in hypotheses:
        for s in rec.states:
            for lag in range(rec.max_lag):
                out.setdefault((s, -lag), ZERO)
        # What entered before step 1, as in x_{t+1} = A x_t + B u_t, has made that state.
        for e in rec.equations:
            for name, lag in references(e.rhs):
                if name in rec.inputs and lag > 0:
                    out.setdefault((name, 1 - lag), ZERO)
    if "own-start" in hypotheses:
        for s in rec.tied:
            out.setdefault((s, 0), rec.rhs(s))
    return out


def adding_to_one(rec: Recurrence, hypotheses: Hypotheses) -> frozenset[str]:
    """The labels whose entries are supposed to add to one."""
    return labels(rec) if "labels" in hypotheses else frozenset()


# ------------------------------------------------------------------------------ comparing
def sides_at(world: World, trial: Trial, env: Env) -> tuple[Tensor, Tensor]:
    """Both sides of the first relation at one instance, brought to one shape."""
    world.terms = 0
    interp = Interpreter(world, trial.conventions, env.get(HORIZON_NAME, 0))
    a = interp.value(trial.claim.sides[0], env)
    b = interp.value(trial.claim.sides[1], env)
    return aligned(a, b, world.domain, trial.conventions.elementwise, trial.claim.sides)


def aligned(
    a: Tensor, b: Tensor, dom: Domain, elementwise: bool, sides: Sequence[Node] = ()
) -> tuple[Tensor, Tensor]:
    """Empty sums and products take the other side's shape; under ``diag``, vectors too.

    A number is a multiple of the identity where a product stands in one of the ``sides``, or where
    its own side names the identity.
    """
    if shape(a) == shape(b):
        return a, b
    if rank(a) == 0 or rank(b) == 0:
        small, large = (a, b) if rank(a) == 0 else (b, a)
        if bool(small == 0):
            small = from_flat(shape(large), [dom.zero] * len(flat(large)))
        elif (
            rank(large) == 2
            and large.shape[0] == large.shape[1]
            and (
                bool(small == 1)
                or any(isinstance(n, Prod) for s in sides for n in walk(s))
                or any(map(names_identity, sides[rank(a) != 0 :][:1]))
            )
        ):
            small = dom.reduce(small * identity((large.shape[0],), dom.one, dom.zero))
        if shape(small) == shape(large):
            return (small, large) if rank(a) == 0 else (large, small)
    if elementwise and {rank(a), rank(b)} == {1, 2}:
        a, b = (diag(v, dom.zero) if rank(v) == 1 else v for v in (a, b))
        if shape(a) == shape(b):
            return a, b
    raise Mismatch(f"{shape(a)} against {shape(b)}")


def equal_at(world: World, trial: Trial, env: Env) -> bool:
    a, b = sides_at(world, trial, env)
    return all(world.domain.is_zero(x - y) for x, y in zip(flat(a), flat(b), strict=True))


def holds(arena: Arena, trial: Trial) -> Outcome:
    """Whether the trial's equation is an identity of formal rational functions."""
    sides = trial.claim.sides
    rec = arena.rec
    names = claim_indices(sides, rec)
    # Most equations that fail do so at an instance of middle size: the long runs are for the rest.
    missing = ""
    try:
        refuted = _refuted(arena, trial)
    except Mismatch as e:
        return Outcome(None, why=str(e))
    except Absent as e:
        refuted, missing = None, str(e)
    if refuted is not None:
        return Outcome(False, witness=refuted)
    if "zero-start" in trial.hypotheses and _in_vain(arena, trial):
        return Outcome(None, why="the sides, or the states in them, are 0 where the initial one is")
    agreed = not missing and arena.place(sides) is not None
    cap = LONGEST_SCALAR if rec.is_scalar else LONGEST_VECTOR
    bound, states = _every_bound(arena, sides, names)
    longest = min(bound, cap) if bound is not None else min(cap, 6 if rec.is_scalar else 4)
    todo = arena.instances(sides, longest)
    truncated = len(todo) >= MAX_INSTANCES
    if missing and all(_is_absent(arena, trial, env) for env in _ends(todo)):
        return Outcome(None, why=missing, absent=True)
    checked = 0
    first = 0
    reason = ""
    for which in range(len(arena.dims)):
        shown = 0
        seen = 0
        for env in todo:
            try:
                same = _robustly_equal(arena, trial, env, which)
            except Absent as e:
                reason = str(e)
                continue
            except Mismatch as e:
                agreed = agreed and not which and not _in_vain(arena, trial)
                return Outcome(None, why=str(e), agreed=agreed)
            shown += 1
            low = max(env.values(), default=1)
            seen = max(seen, low)
            first = min(first or low, low)
            if not same:
                return Outcome(False, witness=env)
        if shown == 0:
            why = reason or "no instance of this claim exists"
            return Outcome(None, why=why, absent=bool(reason))
        if todo and seen < max(max(env.values(), default=1) for env in todo):
            # What exists in a first few steps only is no statement about all of them.
            return Outcome(None, why=reason)
        checked = max(checked, shown)
    every = bound is not None and bound <= longest and not truncated
    # A claim that starts to make sense late has seen fewer lengths than the bound wants.
    if every and names and longest - first + 1 < min(bound or 0, longest):
        every = _extra(arena, trial, longest, first)
    return Outcome(True, every, longest, first or 1, checked, states)


def _in_vain(arena: Arena, trial: Trial) -> bool:
    """Whether both sides are 0 at an instance of middle size, and neither says so.

    Or whether every state in them is, as without inputs it is for ever: of such a run any function
    of the states is right.
    """
    sides = trial.claim.sides[:2]
    env = arena.place(trial.claim.sides)
    if env is None or any(isinstance(s, Num) for s in sides):
        return False
    world = arena.world(1, 0, trial.hypotheses)
    try:
        values = [x for side in sides_at(world, trial, env) for x in flat(side)]
        if all(world.domain.is_zero(x) for x in values):
            return True
        states = {n for s in sides for n in walk(s) if isinstance(n, At)}
        states = {n for n in states if n.name in arena.rec.states and free_indices(n) <= set(env)}
        interp = Interpreter(world, trial.conventions, env.get(HORIZON_NAME, 0))
        found = [x for n in states for x in flat(interp.value(n, env))]
    except (Absent, Mismatch, Undefined):
        return False
    return bool(found) and all(world.domain.is_zero(x) for x in found)


def _refuted(arena: Arena, trial: Trial) -> Env | None:
    """An instance of middle size at which the sides differ; ``None`` if none was seen."""
    env = arena.place(trial.claim.sides)
    return None if env is None or _robustly_equal(arena, trial, env, 0) else env


def _ends(todo: Sequence[Env]) -> list[Env]:
    """The longest instances: the first and the last of them."""
    if not todo:
        return []
    longest = max(todo[-1].values(), default=0)
    first = next(e for e in todo if max(e.values(), default=0) == longest)
    return [first, todo[-1]]


def _is_absent(arena: Arena, trial: Trial, env: Env) -> bool:
    try:
        _robustly_equal(arena, trial, env, 0)
    except Absent:
        return True
    except Mismatch:
        pass
    return False


def _extra(arena: Arena, trial: Trial, longest: int, first: int) -> bool:
    """The lengths that a late start left out, checked at one point."""
    for env in arena.instances(trial.claim.sides, longest + first - 1):
        if max(env.values(), default=0) <= longest:
            continue
        try:
            if not _robustly_equal(arena, trial, env, 0):
                return False
        except (Absent, Mismatch):
            return False
    return True


def _robustly_equal(arena: Arena, trial: Trial, env: Env, which: int) -> bool:
    for attempt in range(4):
        world = arena.world(1 + attempt, which, trial.hypotheses)
        try:
            return equal_at(world, trial, env)
        except Undefined:
            continue
    raise Mismatch("a division by zero at every point tried")


def _every_bound(
    arena: Arena, sides: tuple[Node, ...], names: tuple[str, ...]
) -> tuple[int | None, tuple[int, int]]:
    if not names:
        return 1, (1, 1)
    if len(names) > 2:
        return None, (0, 0)
    left, right = ordered(sides, names)
    sides = comparable(sides, arena.rec)
    counter = arena.counter()
    d = counter.dimension(sides[0], left, right)
    e = counter.dimension(sides[1], left, right)
    if d is None or e is None:
        return None, (0, 0)
    # One more for the mark at the left index, and the window that a letter holds.
    window = max(widest_offset(sides[0]), widest_offset(sides[1]))
    return d + e + (1 if left else 0) + window, (d, e)


def ordered(sides: tuple[Node, ...], names: tuple[str, ...]) -> tuple[str | None, str]:
    """Which of two indices is the later one."""
    if len(names) == 1:
        return None, names[0]
    a, b = names
    for coeffs, _ in constraints(sides, names):
        if coeffs == {a: 1, b: -1}:
            return b, a
        if coeffs == {b: 1, a: -1}:
            return a, b
    return a, b


def exactly(arena: Arena, trial: Trial, outcome: Outcome) -> bool:
    """Whether every instance is an identity of normal forms over the rationals.

    ``False`` means only that this was not shown: too large, or a law between activations is needed.
    """
    from bptt_sym.decide.exact import Exact, TooLarge

    fixed = start_values(arena.rec, arena.fixed, trial.hypotheses)
    labelled = adding_to_one(arena.rec, trial.hypotheses)
    shown = 0
    try:
        for dims in arena.dims:
            world = World(arena.rec, Exact(), dims, fixed=fixed, labels=labelled)
            for env in arena.instances(trial.claim.sides, outcome.longest):
                try:
                    if not equal_at(world, trial, env):
                        return False
                except Absent:
                    continue
                shown += 1
    except (TooLarge, Mismatch, Undefined, SystemError):
        # NumPy's product of object arrays goes on for a moment after an element's TooLarge; what
        # flint then answers is a SystemError.
        return False
    return shown > 0


def error_exponent(arena: Arena, trial: Trial, outcome: Outcome) -> int:
    """k such that a false equation passes with probability below ``10**-k`` in each instance.

    Not positive where the degree is too large for a bound.
    """
    env = arena.instances(trial.claim.sides, outcome.longest)[-1]
    try:
        a, b = sides_at(arena.degrees(trial.hypotheses), trial, env)
        degree = max((x - y).total for x, y in zip(flat(a), flat(b), strict=True))
    except (Absent, Mismatch, Undefined):
        degree = 10_000
    return int(log10(Q_) - log10(max(degree, 1)))
