"""Mistakes in what was saved for the way back: one value of the step in the place of another.

Code saves activations and states and takes derivatives from the saved values. If something else
was saved, every use is wrong at once: the slope and the products.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from bptt_sym.evaluate import activations
from bptt_sym.evaluate.adjoint import RULES, Adjoint, adjoint
from bptt_sym.evaluate.domains import floats
from bptt_sym.evaluate.interpret import apply_op
from bptt_sym.evaluate.program import PER_STEP, Program
from bptt_sym.testing.derivation_mistakes import Mistake, owner_of, slope_from_value
from bptt_sym.testing.models import Model
from bptt_sym.testing.place_words import shown
from bptt_sym.testing.problems import Problem

Array = Any


def saved_mistakes(model: Model) -> Iterator[Mistake]:
    """Each activation and state saved as another value of its shape; two of them exchanged."""
    p = model.program
    back = values_back(model)
    states = set(p.targets.values())
    kept = [
        i for i, op in enumerate(p.ops)
        if op.lead >= PER_STEP and owner_of(model, i) != "the loss"
        and ((op.kind == "fn" and op.attr[1] == 0) or i in states
             or (op.kind == "read" and op.attr[0] in p.targets))
    ]  # fmt: skip
    arguments = {p.ops[i].args[0] for i in kept if p.ops[i].kind == "fn"} - set(kept)
    made = partial(_saved, back=back)
    # Products that no name stands for: code that has not kept them multiplies again.
    products = tuple(i for i in _unnamed(model, states) if p.ops[i].kind == "mul")
    used = {a for op in back.program.ops[back.forward :] for a in op.args}
    # Nor has it kept tanh(c_t) if it computes that again from the state that it saved.
    of_state = {
        i: tuple(k for k, op in enumerate(p.ops) if op.kind == "fn" and op.args == (i,))
        for i in states
    }  # fmt: skip
    for i in kept:
        again = _made_of(model, {i}, states)
        if p.ops[i].kind == "fn":
            yield Mistake(
                f"saved-twice-{i}", f"{_function(p, i)} is applied once more to {shown(model, i)}",
                partial(made, twice=i),
            )  # fmt: skip
        for j in (*kept, *sorted(arguments), *products):
            if j == i or p.shape(j) != p.shape(i) or i not in used:
                continue
            words = f"{shown(model, j)} is saved where {shown(model, i)} belongs"
            yield Mistake(f"saved-{i}-{j}", words, partial(made, instead={i: j}))
            if again:
                yield Mistake(
                    f"saved-{i}-{j}-again", words, partial(made, instead={i: j}, again=again)
                )
            if of_state.get(i) and j not in of_state[i]:
                yield Mistake(
                    f"saved-{i}-{j}-from", words,
                    partial(made, instead={i: j}, again=(*again, *of_state[i])),
                )  # fmt: skip
    for i in kept:
        for j in kept:
            if i < j and p.shape(i) == p.shape(j):
                text = f"{shown(model, i)} and {shown(model, j)} are exchanged where they are saved"
                exchanged = partial(made, instead={i: j, j: i})
                yield Mistake(f"saved-exchanged-{i}-{j}", text, exchanged)
                made_of = _made_of(model, {i, j}, states)
                follow = (*of_state.get(i, ()), *of_state.get(j, ()))
                for anew in dict.fromkeys((follow, made_of, (*made_of, *follow))):
                    if anew and not {i, j} & set(anew):
                        code = f"saved-exchanged-{i}-{j}-{'-'.join(map(str, anew))}"
                        yield Mistake(code, text, partial(exchanged, again=anew))


def _unnamed(model: Model, states: Collection[int]) -> Iterator[int]:
    """Products of values of the step, and complements, that are no state's."""
    p = model.program
    for i, op in enumerate(p.ops):
        if op.lead < PER_STEP or i in states or owner_of(model, i) == "the loss":
            continue
        product = op.kind == "mul" and all(p.ops[a].lead >= PER_STEP for a in op.args)
        complement = op.kind == "add" and any(p.constant(a) is not None for a in op.args)
        if product or complement or op.kind == "neg":
            yield i


def _made_of(model: Model, values: set[int], states: Collection[int]) -> tuple[int, ...]:
    """What of that is computed from ``values``, in the order in which it is."""
    known, out = set(values), []
    for i in _unnamed(model, states):
        if known & set(model.program.ops[i].args):
            known.add(i)
            out.append(i)
    return tuple(out)


#: The step whose value is taken at step t of T, counted from 0; -1 is the initial value.
_STEPS: tuple[tuple[str, Callable[[int, int], int]], ...] = (
    ("the value before it", lambda t, T: t - 1),
    ("the last one", lambda t, T: T - 1),
    ("the first one", lambda t, T: 0),
    ("the next one", lambda t, T: min(t + 1, T - 1)),
)


def recomputed(model: Model) -> Iterator[Mistake]:
    """What follows from a state in its step, output and error included, is computed again on the
    way back, from the state of another step."""
    p, back = model.program, values_back(model)
    for state in model.rec.states:
        target = p.targets[state]
        above = {target}
        for i, op in enumerate(p.ops):
            if any(a in above for a in op.args):
                above.add(i)
        if state in model.rec.initial or model.rec.max_lag > 1:
            continue
        for words, step in _STEPS:
            yield Mistake(
                f"recomputed-{state}-{words}",
                f"{words} stands for {state}_t where the step is computed again on the way back",
                partial(
                    _recomputed, state=state, after=sorted(above - {target}), step=step, back=back
                ),
            )  # fmt: skip


def _recomputed(
    problem: Problem, state: str, after: Sequence[int], step: Callable[[int, int], int],
    back: Adjoint,
) -> dict[str, Array]:  # fmt: skip
    domain, p = floats(), problem.model.program
    target = p.targets[state]
    run = problem.run(domain)
    values = [env[target] for env in run.steps]
    for t, env in enumerate(run.steps):
        at = step(t, len(values))
        known = {**run.fixed, **env, target: problem.start(state) if at < 0 else values[at]}
        for i in after:
            known[i] = apply_op(p, i, known, domain, run.dims)
        env.update({i: known[i] for i in (target, *after)})
    return problem.gradient_in(domain, run, back)


def values_back(model: Model) -> Adjoint:
    """The way back that takes the derivatives of activations from their values."""

    def rule(q: Program, y: int, g: int) -> list[tuple[int, int]]:
        (f, order) = q.ops[y].attr
        if f not in ("tanh", "sigma") or order:
            return RULES["fn"](q, y, g)
        return [(q.ops[y].args[0], q.mul(g, slope_from_value(q, y, f)))]

    return adjoint(model.rec, model.program, loss_seed=True, rules={**RULES, "fn": rule})


def _function(p: Program, i: int) -> str:
    f = str(p.ops[i].attr[0])
    return "σ" if f == "sigma" else f


def _saved(
    problem: Problem,
    back: Adjoint,
    instead: Mapping[int, int] | None = None,
    again: Sequence[int] = (),
    twice: int | None = None,
) -> dict[str, Array]:
    """The gradient from values that stand for others.

    ``again`` are products, complements and activations made from them; the activation ``twice`` is
    applied to its own value.
    """
    domain, p = floats(), problem.model.program
    run = problem.run(domain)
    for step in run.steps:
        old = {i: step.get(j, run.fixed.get(j)) for i, j in (instead or {}).items()}
        step.update(old)
        if twice is not None:
            f, order = p.ops[twice].attr
            step[twice] = activations.value(f, order, step[twice], np)
        for i in again:
            step[i] = apply_op(p, i, {**run.fixed, **step}, domain, run.dims)
    return problem.gradient_in(domain, run, back)


__all__ = ["recomputed", "saved_mistakes", "values_back"]
