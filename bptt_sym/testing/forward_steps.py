"""Mistakes of the forward pass that one changed operation does not make.

A sum of which only one term is left, an activation of the state before, and arrays of states that
are written to or read from at another entry.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np

from bptt_sym.evaluate import activations
from bptt_sym.evaluate.domains import floats
from bptt_sym.evaluate.interpret import apply_op
from bptt_sym.evaluate.program import PER_STEP, Program
from bptt_sym.testing.derivation_mistakes import Mistake, owner_of
from bptt_sym.testing.models import Model
from bptt_sym.testing.place_words import shown
from bptt_sym.testing.problems import Problem
from bptt_sym.testing.saved_mistakes import values_back

Array = Any


def forward_steps(model: Model) -> Iterator[Mistake]:
    """All of them; the way back is that of the right cell, from the values that were saved."""
    yield from _one_term(model)
    yield from _state_before(model)
    yield from _gates(model)
    yield from _constants(model)
    yield from _entries(model)


def _wrong(problem: Problem, at: int, value: Any) -> dict[str, Array]:
    domain = floats()
    run = problem.run(domain, alter=lambda i, v, t, env: value(env) if i == at else v)
    return problem.gradient_in(domain, run)


def terms(p: Program, i: int) -> list[int]:
    """What is added up there."""
    if p.ops[i].kind != "add":
        return [i]
    return [t for a in p.ops[i].args for t in terms(p, a)]


def _one_term(model: Model) -> Iterator[Mistake]:
    p = model.program
    inner = {a for op in p.ops if op.kind == "add" for a in op.args}
    for i, op in enumerate(p.ops):
        if op.kind != "add" or op.lead < PER_STEP or i in inner or owner_of(model, i) == "the loss":
            continue
        some = terms(p, i)
        for kept in some if len(some) > 2 else ():

            def value(env: Any, kept: int = kept, like: int = some[0]) -> Array:
                shape = np.broadcast_shapes(*(np.shape(env[t]) for t in (kept, like)))
                return np.broadcast_to(env[kept], shape)

            yield Mistake(
                f"forward-only-{i}-{kept}",
                f"the forward pass is wrong: of the sum in {owner_of(model, i)} only "
                f"{shown(model, kept)} is there",
                partial(_wrong, at=i, value=value),
            )  # fmt: skip


def _state_before(model: Model) -> Iterator[Mistake]:
    p = model.program
    for state in model.rec.states:
        target = p.targets[state]
        reads = [i for i, op in enumerate(p.ops) if op.kind == "read" and op.attr == (state, 1)]
        made = [i for i, op in enumerate(p.ops) if op.kind == "fn" and op.args == (target,)]
        for a in made if reads else ():
            f, order = p.ops[a].attr
            for i, op in enumerate(p.ops):
                if a not in op.args or op.kind != "mul":
                    continue
                other = op.args[1 - op.args.index(a)]

                def value(
                    env: Any, other: int = other, f: str = f, order: int = order,
                    read: int = reads[0],
                ) -> Array:  # fmt: skip
                    return env[other] * activations.value(f, order, np.asarray(env[read]), np)

                name = "σ" if f == "sigma" else f
                yield Mistake(
                    f"forward-before-{i}-{a}",
                    f"the forward pass is wrong: {name}({state}_{{t-1}}) stands for "
                    f"{name}({state}_t) in {owner_of(model, i)}",
                    partial(_wrong, at=i, value=value),
                )  # fmt: skip


def _gates(model: Model) -> Iterator[Mistake]:
    """A gate of the first step, or of the step before, in a product; all of one kind missing."""
    p = model.program
    gates = [
        i for i, op in enumerate(p.ops)
        if op.kind == "fn" and op.attr in (("tanh", 0), ("sigma", 0)) and op.lead >= PER_STEP
    ]  # fmt: skip
    for i, op in enumerate(p.ops):
        if op.kind != "mul" or owner_of(model, i) == "the loss":
            continue
        for a in set(op.args) & set(gates):
            other = op.args[1 - op.args.index(a)]
            for code, word in (("first", "the first step"), ("before", "the step before")):
                yield Mistake(
                    f"forward-gate-{i}-{a}-{code}",
                    f"the forward pass is wrong: {shown(model, a)} is that of {word} beside "
                    f"{shown(model, other)} in {owner_of(model, i)}",
                    partial(_with_gate, at=i, gate=a, other=other, first=code == "first"),
                )  # fmt: skip
    for kind, name in (("sigma", "σ"), ("tanh", "tanh")):
        some = [i for i in gates if p.ops[i].attr[0] == kind]
        if len(some) > 1:
            owners = ", ".join(owner_of(model, i) for i in some)

            def alter(
                i: int, v: Array, t: int, env: Any, some: Sequence[int] = tuple(some)
            ) -> Array:
                return np.asarray(env[p.ops[i].args[0]]) if i in some else v

            def gradient(problem: Problem, alter: Any = alter) -> dict[str, Array]:
                run = problem.run(floats(), alter=alter)
                return problem.gradient_in(floats(), run, values_back(model))

            yield Mistake(
                f"forward-without-{kind}",
                f"the forward pass is wrong: {name} is missing in {owners}", gradient,
            )  # fmt: skip


def _with_gate(
    problem: Problem, at: int, gate: int, other: int, first: bool
) -> dict[str, Array]:
    seen: list[Array] = []

    def value(env: Any) -> Array:
        now = np.asarray(env[gate])
        taken = (seen or [now])[0] if first else (seen[-1] if seen else 0 * now)
        seen.append(now)
        return env[other] * taken

    domain = floats()
    run = problem.run(domain, alter=lambda i, v, t, env: value(env) if i == at else v)
    return problem.gradient_in(domain, run)


def _constants(model: Model) -> Iterator[Mistake]:
    """Another number in 1 - z, in the forward pass; the way back has the right one, or that too."""
    p = model.program
    for i, op in enumerate(p.ops):
        if op.kind != "add" or op.lead < PER_STEP or owner_of(model, i) == "the loss":
            continue
        if all(p.constant(a) is None for a in op.args):
            continue
        for more in (1.0, -1.0, -0.5):
            for kept in (False, True):

                def gradient(
                    problem: Problem, i: int = i, more: float = more, kept: bool = kept
                ) -> dict[str, Array]:
                    domain = floats()
                    run = problem.run(domain, alter=lambda k, v, t, _: v + more if k == i else v)
                    for step in run.steps if not kept else ():
                        step[i] = step[i] - more
                    return problem.gradient_in(domain, run)

                yield Mistake(
                    f"forward-constant-{i}-{more}-{kept:d}",
                    f"the forward pass is wrong: {more:+g} is added to {shown(model, i)} in "
                    f"{owner_of(model, i)}".replace("-", "−"), gradient,
                )  # fmt: skip


#: Entries of an array of T + 1 states at step t of T: where one is written to, and read from.
_ENTRIES: tuple[tuple[str, Callable[[int, int], int], Callable[[int, int], int]], ...] = (
    ("the initial value goes into every step", lambda t, T: t + 1, lambda t, T: 0),
    ("the state of two steps before goes into a step", lambda t, T: t + 1, lambda t, T: t - 1),
    ("the entry of the state itself, which is 0 until then, goes into a step",
     lambda t, T: t + 1, lambda t, T: t + 1),
    ("a state is written over the one before it", lambda t, T: t, lambda t, T: t),
    ("a state is written two entries too early", lambda t, T: t - 1, lambda t, T: t),
    ("every state is written into the same entry, the first one after the initial value",
     lambda t, T: 1, lambda t, T: t),
)  # fmt: skip


def _entries(model: Model) -> Iterator[Mistake]:
    """Wrong indices in an array of states, which the way back and the outputs read rightly."""
    p = model.program
    back = values_back(model)
    for state in model.rec.states:
        target = p.targets[state]
        reads = [i for i, op in enumerate(p.ops) if op.kind == "read" and op.attr == (state, 1)]
        if len(reads) != 1 or state in model.rec.initial or len(p.shape(target)) != 1:
            continue
        above = {target}
        for i, op in enumerate(p.ops):
            if any(a in above for a in op.args):
                above.add(i)
        after = sorted(above - {target})
        for words, written, taken in _ENTRIES:

            def gradient(
                problem: Problem, target: int = target, read: int = reads[0],
                after: Sequence[int] = tuple(after), state: str = state,
                written: Callable[[int, int], int] = written,
                taken: Callable[[int, int], int] = taken,
            ) -> dict[str, Array]:  # fmt: skip
                domain, steps, start = floats(), problem.steps, problem.start(state)
                held = np.zeros((steps + 1, *start.shape))
                held[0] = start

                def alter(i: int, v: Array, t: int, _: Any) -> Array:
                    if i == read:
                        return held[taken(t, steps)].copy()
                    if i == target:
                        held[written(t, steps)] = v
                    return v

                run = problem.run(domain, alter=alter)
                for t, step in enumerate(run.steps):
                    step[read], step[target] = held[t], held[t + 1]
                    env = {**run.fixed, **step}
                    for i in after:
                        step[i] = env[i] = apply_op(p, i, env, domain, run.dims)
                return problem.gradient_in(domain, run, back)

            yield Mistake(
                f"forward-entry-{state}-{words}",
                f"the forward pass is wrong, by an index of {state}: {words}", gradient,
            )  # fmt: skip


__all__ = ["forward_steps", "terms"]
