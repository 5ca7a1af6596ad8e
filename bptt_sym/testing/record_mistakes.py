"""What code has recorded of a step, and reads on the way back, belongs to another step.

A list that is read from the wrong end, closures that all see the last step, windows that are run
again from the wrong state, a start that stands for every state.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from bptt_sym.evaluate import activations
from bptt_sym.evaluate.domains import floats
from bptt_sym.evaluate.interpret import Run
from bptt_sym.evaluate.program import PER_STEP
from bptt_sym.testing.derivation_mistakes import Mistake, owner_of
from bptt_sym.testing.models import Model
from bptt_sym.testing.problems import Problem

Array = Any
Step = dict[int, Array]
#: Lengths of the windows that code keeps states of.
_WINDOWS = (2, 3, 4, 5, 8, 10, 16)


def record_mistakes(model: Model) -> Iterator[Mistake]:
    """All of them."""
    yield from _starts(model)
    yield from _activated(model)
    yield from _slopes(model)
    yield from _mixed_slopes(model)
    yield from _records(model)
    yield from _windows(model)


def _changed(problem: Problem, change: Callable[[Run, Problem], None]) -> dict[str, Array]:
    domain = floats()
    run = problem.run(domain)
    change(run, problem)
    return problem.gradient_in(domain, run)


def _products(model: Model) -> list[int]:
    """Products that no name stands for: code that has not kept them multiplies again."""
    p = model.program
    return [
        i for i, op in enumerate(p.ops)
        if op.kind == "mul" and op.lead == PER_STEP and i not in p.targets.values()
        and all(p.ops[a].lead == PER_STEP for a in op.args)
    ]  # fmt: skip


# -- the state before -----------------------------------------------------------------------------


def _starts(model: Model) -> Iterator[Mistake]:
    """What stands for h_{t-1}: its first value, that of a window, another example's start."""
    p = model.program
    products = _products(model)
    for read, op in enumerate(p.ops):
        if op.kind != "read" or op.attr[1] != 1 or op.attr[0] not in model.rec.states:
            continue
        state = op.attr[0]
        choices: list[tuple[str, str, Callable[[list[Array]], list[Array]]]] = [
            ("first", f"the initial value of {state} stands for {state}_{{t-1}} at every step of "
             "the way back",
             lambda old: [old[0]] * len(old)),
            ("example", f"the initial value of {state} of the first example stands for that of all "
             "on the way back", lambda old: [np.broadcast_to(old[0][:1], old[0].shape), *old[1:]]),
            ("zero", f"0 stands for the initial value of {state} on the way back",
             lambda old: [0 * old[0], *old[1:]]),
        ]  # fmt: skip
        for k in _WINDOWS:
            choices.append(
                (f"window-{k}", f"{state} before the first of every {k} steps stands for "
                 f"{state}_{{t-1}} at each of them",
                 partial(_of_window, k=k))
            )  # fmt: skip
        for code, words, chosen in choices:
            for again in (False, True) if products else (False,):

                def change(
                    run: Run, problem: Problem, read: int = read, chosen: Any = chosen,
                    again: bool = again,
                ) -> None:  # fmt: skip
                    old = [_wide(s[read], problem.batch) for s in run.steps]
                    for step, value in zip(run.steps, chosen(old), strict=True):
                        step[read] = value
                        for i in products if again else ():
                            step[i] = step[p.ops[i].args[0]] * step[p.ops[i].args[1]]

                yield Mistake(
                    f"start-{state}-{code}-{again:d}", words, partial(_changed, change=change)
                )


def _of_window(old: list[Array], k: int) -> list[Array]:
    return [old[t - t % k] for t in range(len(old))]


def _wide(value: Array, batch: int) -> Array:
    value = np.asarray(value)
    return np.broadcast_to(value, (batch, *value.shape[1:])) if value.ndim else value


def _activated(model: Model) -> Iterator[Mistake]:
    """A state and what is computed from it alone, tanh(c_t), taken from another step."""
    p = model.program
    for state in model.rec.states:
        target = p.targets[state]
        read = next(
            (i for i, op in enumerate(p.ops) if op.kind == "read" and op.attr == (state, 1)), None
        )
        values = [i for i, op in enumerate(p.ops) if op.kind == "fn" and op.args == (target,)]
        if read is None or not values:
            continue

        def change(
            run: Run, problem: Problem, by: int, target: int = target, read: int = read,
            values: Sequence[int] = tuple(values),
        ) -> None:  # fmt: skip
            old = [_wide(s[target], problem.batch) for s in run.steps]
            start = _wide(run.steps[0][read], problem.batch)
            moved = [start, *old[:-1]] if by < 0 else [*old[1:], old[-1]]
            for step, value in zip(run.steps, moved, strict=True):
                step[target] = value
                for i in values:
                    f, order = p.ops[i].attr
                    step[i] = activations.value(f, order, value, np)

        shown = ", ".join(f"{p.ops[i].attr[0]}({state}_t)".replace("sigma", "σ") for i in values)
        for by, word in ((-1, "before"), (1, "after")):
            yield Mistake(
                f"activated-{state}-{by}",
                f"{shown} is that of the step {word}, in its derivative as well",
                partial(_changed, change=partial(change, by=by)),
            )


#: Steps whose derivatives stand for those of a step of T.
_STEPS: tuple[tuple[str, str, Callable[[int, int], int]], ...] = (
    ("1-repeated", "those of the step after", lambda t, T: min(t + 1, T - 1)),
    ("1-wrapped", "those of the step after", lambda t, T: (t + 1) % T),
    ("-1-repeated", "those of the step before", lambda t, T: max(t - 1, 0)),
    ("-1-wrapped", "those of the step before", lambda t, T: (t - 1) % T),
    ("reversed", "read in the order of time on the way back", lambda t, T: T - 1 - t),
    ("last", "those of the last step at every step", lambda t, T: T - 1),
    ("first", "those of the first step at every step", lambda t, T: 0),
)


def _slopes(model: Model) -> Iterator[Mistake]:
    """The derivatives of all gates, or of all activations, belong to another step."""
    p, ops = model.program, model.adjoint.program.ops
    states = set(p.targets.values())
    first = model.adjoint.forward
    slopes = [
        k for k, op in enumerate(ops)
        if op.kind == "fn" and op.attr[1] == 1 and op.lead >= PER_STEP and k >= first
    ]  # fmt: skip
    gates = [k for k in slopes if ops[k].args[0] not in states]
    for words, some in (("all activations", slopes), ("the gates", gates)):
        if len(some) < 2 or (some is gates and len(gates) == len(slopes)):
            continue
        for code, said, at in _STEPS:

            def gradient(
                problem: Problem, some: Sequence[int] = tuple(some),
                at: Callable[[int, int], int] = at,
            ) -> dict[str, Array]:  # fmt: skip
                run = problem.plain_run

                def alter(k: int, v: Array, t: int, _: Any) -> Array:
                    if k not in some:
                        return v
                    f, order = ops[k].attr
                    there = run.steps[at(t, problem.steps)][ops[k].args[0]]
                    return activations.value(f, order, there, np)

                return problem.gradient_in(floats(), run, alter=alter)

            yield Mistake(
                f"slopes-{words}-{code}", f"the derivatives of {words} are {said}", gradient
            )


def _mixed_slopes(model: Model) -> Iterator[Mistake]:
    """One of the two factors of y (1 - y), or of y², is that of the step before."""
    p, ops = model.program, model.adjoint.program.ops
    for state in model.rec.states:
        target = p.ops[p.targets[state]]
        reads = [i for i, op in enumerate(p.ops) if op.kind == "read" and op.attr == (state, 1)]
        if target.kind != "fn" or target.attr[0] not in ("tanh", "sigma") or not reads:
            continue
        places = {
            k for k in range(model.adjoint.forward, len(ops))
            if ops[k].kind == "fn" and ops[k].attr[1] == 1 and ops[k].args == target.args
        }  # fmt: skip
        now, old = f"{state}_t", f"{state}_{{t-1}}"
        forms: list[tuple[str, Callable[[Array, Array], Array]]] = [
            (f"{now} (1 − {old})", lambda y, x: y * (1 - x)),
            (f"{old} (1 − {now})", lambda y, x: x * (1 - y)),
        ]
        if target.attr[0] == "tanh":
            forms = [(f"1 − {now} {old}", lambda y, x: 1 - y * x)]
        for words, form in forms:

            def alter(
                k: int, v: Array, t: int, env: Any, places: set[int] = places,
                form: Callable[[Array, Array], Array] = form, y: int = p.targets[state],
                x: int = reads[0],
            ) -> Array:  # fmt: skip
                return form(np.asarray(env[y]), np.asarray(env[x])) if k in places else v

            yield Mistake(
                f"slope-mixed-{words}", f"the derivative in {state} is taken for {words}",
                partial(_hooked, alter=alter),
            )  # fmt: skip


def _hooked(problem: Problem, alter: Any) -> dict[str, Array]:
    return problem.gradient_in(floats(), problem.plain_run, alter=alter)


# -- the whole record of a step -------------------------------------------------------------------


def _records(model: Model) -> Iterator[Mistake]:
    """Everything but the losses belongs to another step."""
    p = model.program
    outputs = {p.targets[y] for y in model.targets if y not in model.rec.states}
    of_loss = {
        i for i, op in enumerate(p.ops)
        if op.lead >= PER_STEP and (owner_of(model, i) == "the loss" or i in outputs)
    }  # fmt: skip
    orders: list[tuple[str, str, Callable[[int], list[int]]]] = [
        ("reversed", "what was recorded of the steps is read in the order of time on the way back",
         lambda n: list(range(n))[::-1]),
        ("last", "what was recorded of the last step is read at every step of the way back",
         lambda n: [n - 1] * n),
        ("first", "what was recorded of the first step is read at every step of the way back",
         lambda n: [0] * n),
        ("after", "what was recorded of the step after is read at each step of the way back",
         lambda n: [min(t + 1, n - 1) for t in range(n)]),
        ("before", "what was recorded of the step before is read at each step of the way back",
         lambda n: [max(t - 1, 0) for t in range(n)]),
    ]  # fmt: skip
    for code, words, order in orders:

        def change(run: Run, problem: Problem, order: Callable[[int], list[int]] = order) -> None:
            old = list(run.steps)
            for t, at in enumerate(order(len(old))):
                kept = {i: v for i, v in old[t].items() if i in of_loss}
                run.steps[t] = {**old[at], **kept}

        yield Mistake(f"record-{code}", words, partial(_changed, change=change))


# -- windows that are run again -------------------------------------------------------------------


def _windows(model: Model) -> Iterator[Mistake]:
    """Windows of k steps are run again for the way back, from or with something wrong."""
    vectors = [n for n, parts in model.layout.items() if len(model.rec.shape(parts[0])) == 1]
    inputs = {
        i for i, op in enumerate(model.program.ops)
        if op.kind == "read" and op.attr[0] in model.inputs
    }  # fmt: skip
    for k in _WINDOWS:
        each = f"every {k} steps, which are run again for the way back,"
        # Whether they are run again or only once is all the same to the gradient.
        anew = f"windows of {k} steps are each run from the initial state, not from where the one "
        cases: list[tuple[str, str, Callable[..., Problem]]] = [
            ("start", f"{anew}before ended", _from_start),
            ("zero", f"{each} are run from 0", _from_zero),
            ("inputs", f"{each} are run on the inputs of the first steps", _first_inputs),
            ("inputs-known", f"{each} are run on the inputs of the first steps", _first_inputs),
        ]  # fmt: skip
        for name in vectors:
            cases.append(
                (f"without-{name}", f"{each} are run without {name}", partial(_without, name=name))
            )
        for code, words, part in cases:

            def gradient(
                problem: Problem, k: int = k, part: Any = part, known: bool = "known" in code
            ) -> dict[str, Array]:
                domain = floats()
                run = problem.run(domain)
                for first in range(0, problem.steps, k):
                    window = slice(first, min(first + k, problem.steps))
                    step = run.steps[first]
                    there = _window(problem, window, {
                        s: _wide(step[i], problem.batch) for i, op in enumerate(model.program.ops)
                        if op.kind == "read" and op.attr[1] == 1 and i in step
                        for s in (op.attr[0],) if s in problem.initial
                    })  # fmt: skip
                    again = part(problem, there, first).run(domain).steps
                    for old, new in zip(run.steps[window], again, strict=True):
                        old.update({i: v for i, v in new.items() if not (known and i in inputs)})
                return problem.gradient_in(domain, run)

            yield Mistake(f"window-{k}-{code}", words, gradient)


def _window(problem: Problem, window: slice, start: Mapping[str, Array]) -> Problem:
    """Some steps as a problem of their own."""
    return problem.replaced(
        series={n: v[window] for n, v in problem.series.items()}, mask=problem.mask[window],
        loss_weights=problem.loss_weights[window], initial={**problem.initial, **start},
        params={n: v for n, v in problem.params.items() if n[:-1] not in problem.initial},
        learned=False,
    )  # fmt: skip


def _from_start(whole: Problem, window: Problem, first: int) -> Problem:
    return window.replaced(initial=dict(whole.initial))


def _from_zero(whole: Problem, window: Problem, first: int) -> Problem:
    zeros = {s: np.zeros_like(v) for s, v in window.initial.items()}
    return window.replaced(initial=zeros) if first else window


def _first_inputs(whole: Problem, window: Problem, first: int) -> Problem:
    early = {n: whole.series[n][: window.steps] for n in whole.model.inputs}
    return window.replaced(series={**window.series, **early})


def _without(whole: Problem, window: Problem, first: int, name: str) -> Problem:
    return window.replaced(params={**window.params, name: np.zeros_like(window.params[name])})


__all__ = ["record_mistakes"]
