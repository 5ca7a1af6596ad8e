"""Replaying a derivation instance by instance, exactly, within the ranges that its steps claim."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product as cartesian

from bptt_sym.decide.domains import Modular
from bptt_sym.decide.identity import aligned, concrete_dims
from bptt_sym.decide.interpret import STRICT, Interpreter
from bptt_sym.decide.tensor import flat
from bptt_sym.decide.world import World
from bptt_sym.derive import Derivation, Step
from bptt_sym.notation import Add, Idx, Mul, Neg, Node, Num
from bptt_sym.read import recurrence_from_latex
from bptt_sym.recurrence import HORIZON, Recurrence


def integer(node: Node, env: dict[str, int]) -> int:
    match node:
        case Num(value=v):
            return int(v)
        case Idx(name=n):
            return env[n]
        case Neg(arg=a):
            return -integer(a, env)
        case Add(args=args):
            return sum(integer(a, env) for a in args)
        case Mul(args=(a, b)):
            return integer(a, env) * integer(b, env)
    raise AssertionError(node)


def instances(step: Step, T: int | None, longest: int) -> Iterator[tuple[int, dict[str, int]]]:
    """``(horizon, values of the free indices)`` for every instance up to ``longest``."""
    others = [r for r in step.where if r.name != HORIZON]
    lo = next((integer(r.lo, {}) for r in step.where if r.name == HORIZON), 1)
    for horizon in [T] if T is not None else range(lo, longest + 1):
        for values in cartesian(range(-1, horizon + 1), repeat=len(others)):
            env = {HORIZON: horizon} | dict(zip((r.name for r in others), values, strict=True))
            if all(
                integer(r.lo, env) <= env[r.name] <= (integer(r.hi, env) if r.hi else horizon)
                for r in others
            ):
                yield horizon, env


def scalar_among_vectors() -> Recurrence:
    """Two scalar states and a vector state: blocks of one row, of one column, and square ones."""
    return recurrence_from_latex(
        [
            r"s_t = \sigma(a s_{t-1} + v^\top h_{t-1})",
            r"r_t = s_t r_{t-1} + (1-s_t)",
            r"h_t = r_t h_{t-1} + \tanh(W h_{t-1} + u s_t + U x_t)",
            "C = C(h_T)",
        ],
        name="scalar among vectors",
        shapes={"s": (), "r": (), "a": (), "v": ("n",), "u": ("n",)},
    )


def failures(d: Derivation, longest: int = 4, seed: int = 1) -> list[tuple[int, str]]:
    """The steps whose sides differ, or cannot be compared, somewhere in their range."""
    cycle = (2, 3, 4)
    dims = {} if d.recurrence.is_scalar else concrete_dims(d.recurrence, cycle)
    world = World(d.recurrence, Modular(seed), dims)
    found = []
    for number, step in enumerate(d.steps, start=1):
        count = 0
        for horizon, env in instances(step, d.T, longest):
            count += 1
            interpreter = Interpreter(world, STRICT, horizon)
            try:
                a, b = aligned(
                    interpreter.value(step.lhs, env),
                    interpreter.value(step.rhs, env),
                    world.domain,
                    False,
                )
                same = all(
                    world.domain.is_zero(p - q) for p, q in zip(flat(a), flat(b), strict=True)
                )
            except Exception as error:
                found.append((number, f"{step.rule} at {env}: {type(error).__name__} {error}"))
                break
            if not same:
                found.append((number, f"{step.rule} differs at {env}"))
                break
        if not count and d.T is None:
            found.append((number, f"{step.rule}: no instance"))
    return found
