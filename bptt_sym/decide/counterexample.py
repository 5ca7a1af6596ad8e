"""Counterexamples that a person can check: small rationals, the smallest T, certified enclosures.

Both sides are enclosed by Arb balls; a counterexample exists only when the balls are disjoint. No
single sampling regime is trusted: simple numbers, weights above one, zero and non-zero initial
states and saturated units are tried in turn.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from hashlib import blake2b
from typing import Any, NamedTuple

from bptt_sym.decide.domains import Ball, Slot, Undefined, precision
from bptt_sym.decide.identity import Arena, adding_to_one, sides_at, start_values
from bptt_sym.decide.instances import Env, last_named
from bptt_sym.decide.tensor import Mismatch, flat, rank, shape
from bptt_sym.decide.trials import Trial
from bptt_sym.decide.verdict import Counterexample
from bptt_sym.decide.world import Absent, World
from bptt_sym.errors import NotSupported
from bptt_sym.notation import HORIZON_NAME, ZERO, At, Call, Fn, Sym, walk
from bptt_sym.recurrence import Recurrence

F = Fraction


@dataclass(frozen=True)
class Regime:
    """Which small rationals the parameters, the inputs and the initial states are drawn from."""

    name: str
    parameters: tuple[Fraction, ...]
    others: tuple[Fraction, ...]
    start: tuple[Fraction, ...]


REGIMES = (
    Regime("simple", (F(1, 2), F(2), F(-1)), (F(1), F(1, 2), F(-1)), (F(1, 2), F(-1, 2))),
    Regime("zero start", (F(1, 2), F(2), F(-1)), (F(1), F(1, 2), F(-1)), (F(0),)),
    Regime(
        "generic",
        (F(1, 2), F(-2, 3), F(3, 4), F(5, 4), F(-3, 2), F(1, 3)),
        (F(1, 2), F(-1, 3), F(2, 3), F(1), F(-3, 4)),
        (F(1, 3), F(-1, 2), F(2, 3)),
    ),
    Regime("large weights", (F(2), F(-2), F(3), F(5, 2)), (F(1, 4), F(-1, 4), F(0)), (F(1, 4),)),
    Regime("saturated", (F(3), F(4)), (F(2), F(-3)), (F(3, 4),)),
    Regime("small", (F(1, 10), F(-1, 5), F(1, 4)), (F(1, 10), F(-1, 4)), (F(1, 10),)),
)
#: Draws per regime.
DRAWS = 2
#: Instances tried, smallest first.
MAX_PLACES = 14
LONGEST = 5
BITS = 192


class Sampler:
    """Values of the free variables: fixed by the slot, and remembered when asked for."""

    def __init__(self, rec: Recurrence, regime: Regime, draw: int) -> None:
        self.parameters = set(rec.parameters)
        self.states = set(rec.states)
        self.regime = regime
        self.draw = draw
        self.used: dict[Slot, Fraction] = {}

    def __call__(self, slot: Slot) -> Fraction:
        value = self.used.get(slot)
        if value is None:
            if slot[0] in self.parameters:
                choices = self.regime.parameters
            elif slot[0] in self.states:
                choices = self.regime.start
            else:
                choices = self.regime.others
            text = repr((slot, self.draw, self.regime.name)).encode()
            at = int.from_bytes(blake2b(text, digest_size=4).digest(), "big")
            value = self.used[slot] = choices[at % len(choices)]
        return value


class Failed(NamedTuple):
    """A reading that fails, and an instance at which its sides are known to differ formally.

    ``one_unit`` says that they are known to differ for one unit; only there it is refuted.
    """

    trial: Trial
    witness: Env | None
    one_unit: bool = False



def find(arena: Arena, failed: Sequence[Failed]) -> tuple[Counterexample | None, list[Trial]]:
    """A counterexample to the first reading, and the readings that no point separated.

    The first one's is the smallest that is found, since it is shown. Every other reading must be
    refuted by real numbers too, at whichever point: its own witness is tried first, where almost
    any numbers will do.
    """
    samples = _Samples.of(arena)
    first, *others = failed
    shown, at = _smallest(arena, samples, first.trial, first.witness)
    if shown is None:
        return None, [first.trial]
    return shown, [f.trial for f in others if not _separated(arena, samples, f, at)]


def _smallest(
    arena: Arena, samples: _Samples, trial: Trial, witness: Env | None
) -> tuple[Counterexample | None, Env | None]:
    places = _places(arena, trial, witness)
    for scalar in samples.sizes:
        for number in range(len(REGIMES) * DRAWS):
            for env in places:
                found = samples.apart(trial, env, scalar, number)
                if found is not None:
                    return samples.describe(trial, env, scalar, number, found), env
    return None, None


def _separated(arena: Arena, samples: _Samples, failed: Failed, at: Env | None) -> bool:
    """Whether some real numbers refute the reading."""
    trial, witness, one_unit = failed
    sizes = (True,) if one_unit else samples.sizes[::-1]
    known = [env for env in (witness, at) if env is not None]
    tried = set[tuple[tuple[str, int], ...]]()
    for places in (known, _places(arena, trial, witness)):
        fresh = [e for e in places if tuple(e.items()) not in tried]
        tried |= {tuple(e.items()) for e in fresh}
        for scalar in sizes:
            for number in range(len(REGIMES) * DRAWS):
                for env in fresh:
                    if samples.apart(trial, env, scalar, number) is not None:
                        return True
    return False


def _places(arena: Arena, trial: Trial, witness: Env | None) -> list[Env]:
    longest = LONGEST if arena.rec.is_scalar else 3
    places = list(arena.instances(trial.claim.sides, longest)[:MAX_PLACES])
    if witness is not None and witness not in places:
        places.append(witness)
    return places


class _Samples:
    """Numbers of every regime and the worlds at them; what one reading computed serves the next."""

    def __init__(self, arena: Arena) -> None:
        # (Kept with the arena, they do not keep it.)
        self._rec, self._dims, self._fixed = arena.rec, arena.dims[0], arena.fixed
        #: Models of vectors are tried with one unit, for a person to check, and as they are.
        self.sizes = (False,) if arena.rec.is_scalar else (True, False)
        self._samplers: dict[tuple[bool, int], Sampler] = {}
        self._worlds = arena.balls

    @classmethod
    def of(cls, arena: Arena) -> _Samples:
        """The samples of ``arena``, kept with it."""
        if arena.samples is None:
            arena.samples = cls(arena)
        found: _Samples = arena.samples
        return found

    def apart(
        self, trial: Trial, env: Env, scalar: bool, number: int
    ) -> tuple[Any, Any, str] | None:
        """What differs at one instance of one sample; ``None`` if the balls meet."""
        return _apart(self.world(trial, scalar, number), trial, env)

    def describe(
        self, trial: Trial, env: Env, scalar: bool, number: int, found: tuple[Any, Any, str]
    ) -> Counterexample:
        """The counterexample there, with its numbers."""
        world = self.world(trial, scalar, number)
        return describe(world, self.sampler(scalar, number), trial, env, *found)

    def sampler(self, scalar: bool, number: int) -> Sampler:
        regime, draw = divmod(number, DRAWS)
        made = Sampler(self._rec, REGIMES[regime], draw)
        return self._samplers.setdefault((scalar, number), made)

    def world(self, trial: Trial, scalar: bool, number: int) -> World:
        key = scalar, number, trial.hypotheses
        if key not in self._worlds:
            self._worlds[key] = World(
                self._rec,
                Ball(self.sampler(scalar, number)),
                self._dims,
                scalar=scalar,
                fixed=start_values(self._rec, self._fixed, trial.hypotheses),
                labels=adding_to_one(self._rec, trial.hypotheses),
            )
        return self._worlds[key]


def worlds(arena: Arena, scalar: bool) -> Iterator[tuple[Callable[[Trial], World], Sampler]]:
    """The samples in turn, simple ones first: a world for each trial, and its numbers."""
    samples = _Samples(arena)
    for number in range(len(REGIMES) * DRAWS):

        def world(trial: Trial, number: int = number) -> World:
            return samples.world(trial, scalar, number)

        yield world, samples.sampler(scalar, number)


def describe(
    world: World, sampler: Sampler, trial: Trial, env: Env, left: Any, right: Any, place: str = ""
) -> Counterexample:
    """The counterexample at one instance of one sample."""
    return Counterexample(
        T=env.get(HORIZON_NAME, max(last_named(trial.claim.sides), *env.values(), 1)),
        indices=dict(env),
        values=_used(world, sampler, trial, env),
        left=enclosure(left),
        right=enclosure(right),
        place=place,
        functions=_functions(trial, world.rec),
    )


def _apart(world: World, trial: Trial, env: Env) -> tuple[Any, Any, str] | None:
    """Two balls that do not meet, one of each side, and the place of the entry."""
    try:
        with precision(BITS):
            a, b = sides_at(world, trial, env)
    except (Absent, Mismatch, Undefined, NotSupported):
        return None
    for i, (x, y) in enumerate(zip(flat(a), flat(b), strict=True)):
        if not x.overlaps(y):
            return x, y, _place(a, i)
    return None


def _used(world: World, sampler: Sampler, trial: Trial, env: Env) -> dict[str, str]:
    """The values that a fresh evaluation of this instance asks for, and no others."""
    fresh = Sampler(world.rec, sampler.regime, sampler.draw)
    again = World(
        world.rec, Ball(fresh), world.dims, scalar=world.scalar, fixed=world.fixed,
        labels=world.labels,
    )  # fmt: skip
    sides_at(again, trial, env)
    out: dict[str, str] = {}
    for (name, time, component), value in sorted(
        fresh.used.items(), key=lambda item: (item[0][1] is not None, item[0][1] or 0, item[0][0])
    ):
        out[_slot_name(world, name, time, component)] = str(value)
    for (name, when), node in world.fixed.items():
        if node == ZERO and isinstance(when, int) and (name, when) in _initial_slots(world.rec):
            out.setdefault(_slot_name(world, name, when, 0), "0")
    return out


def _initial_slots(rec: Recurrence) -> set[tuple[str, int]]:
    return {(s, -lag) for s in rec.states for lag in range(rec.max_lag)}


def _slot_name(world: World, name: str, time: int | None, component: int) -> str:
    dims = world.shape(name)
    index = [] if time is None else [str(time)]
    if world.scalar and name in world.rec.blocks:
        return f"{name}[{world.rec.blocks[name][component]}]"
    if dims:
        place: list[int] = []
        for d in reversed(dims):
            place.insert(0, component % d + 1)
            component //= d
        index.append(",".join(map(str, place)))
    if not index:
        return name
    joined = ";".join(index)
    return f"{name}_{{{joined}}}" if len(joined) > 1 else f"{name}_{joined}"


def _place(a: Any, i: int) -> str:
    if rank(a) == 0:
        return ""
    place: list[int] = []
    for d in reversed(shape(a)):
        place.insert(0, i % d + 1)
        i //= d
    return "entry (" + ", ".join(map(str, place)) + ")"


def enclosure(x: Any) -> str:
    """An Arb ball as ``midpoint +/- radius`` in few digits, or exactly if it is exact."""
    if x.is_exact() and abs(x.mid()) < 10**6:
        from flint import fmpq

        man, exp = x.mid().man_exp()
        if int(exp) > -12:
            q = fmpq(int(man)) * fmpq(2) ** int(exp)
            return str(q)
    return str(x.str(12))


def _functions(trial: Trial, rec: Recurrence) -> Mapping[str, str]:
    """What unknown functions were taken to be, in words."""
    calls: dict[str, int] = {}
    opaque = set(rec.activations)
    meaning = {e.target: [e.rhs] for e in rec.equations}
    for name, total in rec.totals.items():
        meaning.setdefault(name, []).append(total)
    # Only what the claim speaks of, directly or through the definitions of its names.
    todo, seen = list(trial.claim.sides), set[str]()
    while todo:
        for n in walk(todo.pop()):
            match n:
                case Call(name=name, args=args):
                    calls.setdefault(name, len(args))
                case Fn(name=name) if name in opaque:
                    calls.setdefault(name, 1)
                case At(name=name) | Sym(name=name) if name not in seen:
                    seen.add(name)
                    todo += meaning.get(name, [])
    out: dict[str, str] = {}
    for name, count in calls.items():
        if count == 1:
            out[name] = "v + v^2/2 of its argument v (for a vector: sum i v_i + (sum v_i)^2/2)"
        else:
            out[name] = "sum i v_i + (sum v_i)^2/2 over its arguments v_1, v_2, …"
    return out
