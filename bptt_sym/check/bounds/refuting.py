"""Runs at which a bound fails: both sides enclosed, and the enclosures in the wrong order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from bptt_sym.check.bounds.kinds import begins_within, is_degenerate, near_starts, with_starts
from bptt_sym.decide.conventions import STRICT
from bptt_sym.decide.counterexample import BITS, REGIMES, Regime, Sampler, describe
from bptt_sym.decide.domains import Ball, Undefined, precision
from bptt_sym.decide.identity import Arena, start_values
from bptt_sym.decide.instances import instances
from bptt_sym.decide.tensor import Mismatch, rank
from bptt_sym.decide.trials import Trial
from bptt_sym.decide.verdict import Counterexample
from bptt_sym.decide.world import Absent, World
from bptt_sym.errors import NotSupported
from bptt_sym.notation import Claim
from bptt_sym.recurrence import Recurrence

F = Fraction
#: Besides the regimes of equations: runs at rest or coming to it, where slopes are largest.
REST_REGIMES = (
    Regime("at rest", (F(1), F(2), F(4), F(-2)), (F(0),), (F(0),)),
    Regime("near rest", (F(1), F(3, 2), F(5), F(-2)), (F(0), F(1, 10)), (F(1, 10), F(0))),
    # A state near 1, and then a step near 0: where a value times the slope after it is largest.
    Regime("let go", (F(1),), (F(5), F(-1)), (F(0),)),
    Regime("large start", (F(1, 10), F(0), F(1)), (F(0), F(1, 4)), (F(3), F(2), F(-3))),
)
DRAWS = 6
MAX_PLACES = 10


@dataclass
class Refutation:
    """The search for a run at which ``trial`` fails, and all that is supposed holds for certain.

    Without ``units`` only runs of one unit are tried.
    """

    trial: Trial
    rec: Recurrence
    arena: Arena
    given: Sequence[Claim]
    units: bool = True
    #: Whether it fails where an initial state is out of the range of its activation.
    begins_far: bool = False

    def found(self) -> Counterexample | None:
        """The first run that there is."""
        ways = (True, False) if self.units else (True,)
        for scalar in ways if not self.rec.is_scalar else (False,):
            for regime in (*REGIMES, *REST_REGIMES):
                for draw in range(DRAWS):
                    found = self._at(regime, draw, scalar)
                    if found is not None:
                        return found
        return None

    def _at(
        self, regime: Regime, draw: int, scalar: bool, near: bool = False
    ) -> Counterexample | None:
        trial = self.trial
        sampler = Sampler(self.rec, regime, draw)
        world = World(
            self.rec,
            Ball(sampler),
            self.arena.dims[0],
            scalar=scalar,
            fixed=start_values(self.rec, near_starts(self.arena.fixed, self.rec, near)),
        )
        strict = trial.claim.ops[0] == "<"
        with precision(BITS):
            if not all(_certain(g, world) for g in self.given):
                return None
            for env in list(instances(trial.claim.sides, self.rec, 4))[:MAX_PLACES]:
                # ∂h_k/∂h_k = 1 is not what a bound on ∂h_T/∂h_k is about.
                if is_degenerate(trial.claim.sides[0], env):
                    continue
                values = _values(world, trial, env)
                if values is None:
                    continue
                a, b = values
                if a > b or (strict and a.is_exact() and b.is_exact() and a == b):
                    found = describe(world, sampler, trial, env, a, b)
                    if near:
                        return with_starts(found, self.rec, self.arena.fixed)
                    if begins_within(found.values, self.rec):
                        return found
                    again = self._at(regime, draw, scalar, near=True)
                    self.begins_far |= again is None
                    return again
        return None


def _values(world: World, trial: Trial, env: dict[str, int]) -> Any:
    from bptt_sym.decide.interpret import Interpreter

    interp = Interpreter(world, trial.conventions, env.get("T", 0))
    try:
        a, b = (interp.value(s, env) for s in trial.claim.sides)
    except (Absent, Mismatch, Undefined, NotSupported):
        return None
    return None if rank(a) or rank(b) else (a, b)


def _certain(hypothesis: Claim, world: World) -> bool:
    values = _values(world, Trial(hypothesis, STRICT, ()), {})
    if values is None:
        return False
    a, b = values
    op = hypothesis.ops[0]
    return bool({"<": a < b, "<=": a <= b, ">": a > b, ">=": a >= b}.get(op, False))
