"""Mistakes in what the way back reads of the forward pass: the value of another step or example."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

from bptt_sym.evaluate.domains import floats
from bptt_sym.evaluate.schedule import adjoint_schedule
from bptt_sym.testing.derivation_mistakes import Mistake, owner_of
from bptt_sym.testing.models import Model
from bptt_sym.testing.problems import Problem

Array = np.ndarray


def _in_time(problem: Problem, turned: bool) -> dict[str, Array]:
    """The gradient from cotangents that each step is given by the one before.

    By the transposed Jacobian of the step that they come to, if ``turned``, or by the Jacobian.
    """
    adj, domain, run = problem.model.adjoint, floats(), problem.plain_run
    (state,) = problem.model.rec.states
    here, before = adj.cotangents[state], adj.reads[state, 1]
    later = {i for i, op in enumerate(adj.program.ops) if op.kind == "later"}
    seeds: list[Any] = [0.0] * problem.steps
    jacobians: list[list[Array]] = [[] for _ in seeds]

    def alone(i: int, v: Array, t: int, _: Any) -> Array:
        if i == here:
            seeds[t] = v
        return 0 * v if i in later else v

    problem.gradient_in(domain, run, alter=alone)
    units = np.eye(np.shape(seeds[0])[-1])
    for unit in units:

        def row(i: int, v: Array, t: int, _: Any, unit: Array = unit) -> Array:
            if i == before:
                jacobians[t].append(v)
            return np.broadcast_to(unit, np.shape(v)) if i == here else v

        problem.gradient_in(domain, run, alter=row)
    carried = [seeds[0]]
    for t in range(1, problem.steps):
        jacobian = np.stack([np.broadcast_to(v, np.shape(seeds[0])) for v in jacobians[t]], -2)
        passed = "bj,bjk->bk" if turned else "bk,bjk->bj"
        carried.append(seeds[t] + np.einsum(passed, carried[-1], jacobian))
    return problem.gradient_in(
        domain, run, alter=lambda i, v, t, _: carried[t] if i == here else v
    )


def tape_mistakes(model: Model) -> Iterator[Mistake]:
    """The backward pass reads the value of another step from what the forward pass saved."""
    p = model.program
    wanted: dict[int, str] = {}
    schedule = adjoint_schedule(model.adjoint)
    groups = (schedule.before, schedule.loop, schedule.after, schedule.end)
    used = {a for group in groups for i in group for a in model.adjoint.program.ops[i].args}
    for i, op in enumerate(p.ops):
        if op.kind == "read" and op.attr[0] in model.inputs:
            wanted[i] = f"{op.attr[0]}"
        if op.kind == "fn" and op.lead == 2:
            wanted.setdefault(op.args[0], f"the pre-activation of {owner_of(model, i)}")
    for name, i in p.targets.items():
        if p.ops[i].lead == 2:
            wanted[i] = name
    for i, op in enumerate(p.ops):
        if op.kind == "read" and op.attr[1] and op.attr[0] in p.targets:
            wanted[i] = f"{op.attr[0]}_{{t-{op.attr[1]}}}"

    def forwards(problem: Problem) -> dict[str, Array]:
        domain = floats()
        run = problem.run(domain)
        run.steps.reverse()
        out = problem.gradient_in(domain, run)
        # What is passed back to the inputs is kept by the step that it belongs to.
        return {**out, "x": out["x"][::-1]} if "x" in out else out

    yield Mistake("loop-forwards", "the loop back runs from the first step to the last", forwards)
    (state, *others) = model.rec.states
    alone = not others and state in model.adjoint.cotangents and (state, 1) in model.adjoint.reads
    if alone and len(p.shape(p.targets[state])) == 1:
        system = "the linear system of all steps has its Jacobians "
        for turned, words in (
            (False, "not transposed"),
            (True, "on the wrong side of the diagonal"),
        ):
            text = f"{system}{words}: cotangents are carried in the order of time"
            yield Mistake(
                f"system-{turned:d}", text, partial(_in_time, turned=turned), whole=True
            )  # fmt: skip

    def shifted(problem: Problem, handle: int, by: int, ends: str) -> dict[str, Array]:
        domain = floats()
        run = problem.run(domain)
        old = [np.broadcast_to(s[handle], (problem.batch, *s[handle].shape[1:])) for s in run.steps]
        new = []
        for t in range(len(old)):
            at = {"reversed": len(old) - 1 - t, "last": len(old) - 1}.get(ends, t + by)
            if 0 <= at < len(old) or ends == "wrapped":
                new.append(old[at % len(old)])
            elif ends == "repeated":
                new.append(old[t])
            else:
                new.append(np.zeros_like(old[t]))
        for step, value in zip(run.steps, new, strict=True):
            step[handle] = value
        return problem.gradient_in(domain, run)

    def other_example(problem: Problem, handle: int, by: int) -> dict[str, Array]:
        domain = floats()
        run = problem.run(domain)
        for step in run.steps:
            value = np.broadcast_to(step[handle], (problem.batch, *step[handle].shape[1:]))
            step[handle] = np.roll(value, by, 0)
        return problem.gradient_in(domain, run)

    def aliased(
        problem: Problem, handles: frozenset[int], again: bool = False
    ) -> dict[str, Array]:
        domain = floats()
        run = problem.run(domain)
        targets = {problem.model.program.targets[s] for s in problem.model.rec.states}
        for i in handles:
            source = i
            if i not in targets and problem.model.program.ops[i].kind == "read":
                source = problem.model.program.targets[problem.model.program.ops[i].attr[0]]
            last = run.steps[-1][source]
            for step in run.steps:
                step[i] = last
        for step in run.steps if again else ():
            for i in products:
                step[i] = step[p.ops[i].args[0]] * step[p.ops[i].args[1]]
        return problem.gradient_in(domain, run)

    def overwritten(problem: Problem, handle: int, target: int) -> dict[str, Array]:
        domain = floats()
        run = problem.run(domain)
        run.steps[0][handle] = run.steps[-1][target]
        return problem.gradient_in(domain, run)

    # Products that no name stands for: code that has not kept them multiplies again.
    products = [
        i for i, op in enumerate(p.ops)
        if op.kind == "mul" and op.lead == 2 and i not in p.targets.values()
        and all(p.ops[a].lead == 2 for a in op.args)
    ]  # fmt: skip
    for state in model.rec.states:
        target = p.targets[state]
        for i, op in enumerate(p.ops):
            if op.kind == "read" and op.attr == (state, 1):
                yield Mistake(
                    f"overwritten-{state}",
                    f"the last {state} stands where its initial value belongs",
                    partial(overwritten, handle=i, target=target),
                )
        reads = {i for i, op in enumerate(p.ops) if op.kind == "read" and op.attr == (state, 1)}
        slope = set(p.ops[target].args) if p.ops[target].kind == "fn" else set()
        yield Mistake(
            f"aliased-{state}",
            f"the last {state} stands for that of every step (one array for all)",
            partial(aliased, handles=frozenset({target} | reads | slope)),
        )  # fmt: skip
        for code, words, some in (
            ("before", f"{state}_{{t-1}}", reads),
            ("now", f"{state}_t", {target} | slope),
            ("slope", f"{state}_t in its derivative", slope),
        ):
            for again in (False, True) if products and some else (False,) if some else ():
                yield Mistake(
                    f"aliased-{state}-{code}-{again:d}",
                    f"the last {state} stands for {words} at every step (one array for all)",
                    partial(aliased, handles=frozenset(some), again=again),
                )
    for handle, text in wanted.items():
        if handle not in used:
            continue
        for by in (1, -1):
            yield Mistake(
                f"tape-{text.split()[-1]}-example-{by}-{handle}",
                f"the value of {text} of another example is used on the way back",
                partial(other_example, handle=handle, by=by),
            )
        yield Mistake(
            f"tape-{text.split()[-1]}-reversed-{handle}",
            f"the values of {text} are taken in the reverse order on the way back",
            partial(shifted, handle=handle, by=0, ends="reversed"),
        )
        yield Mistake(
            f"tape-{text.split()[-1]}-last-{handle}",
            f"the value of {text} at the last step is used at every step of the way back",
            partial(shifted, handle=handle, by=0, ends="last"),
        )
        for by, word in ((-1, "before"), (1, "after")):
            for ends in ("wrapped", "zero", "repeated"):
                yield Mistake(
                    f"tape-{text.split()[-1]}-{word}-{ends}-{handle}",
                    f"the value of {text} at the step {word} is used on the way back",
                    partial(shifted, handle=handle, by=by, ends=ends),
                )
