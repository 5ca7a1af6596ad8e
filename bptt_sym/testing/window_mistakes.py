"""Sequences that are gone through in windows of some steps, and what is lost between two of them.

Some states begin anew with every window, or what one of them carries back ends there; windows are
gone through in the order of time on the way back; the loss is a mean over each window.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from bptt_sym.evaluate.domains import floats
from bptt_sym.testing.derivation_mistakes import Mistake
from bptt_sym.testing.inside_mistakes import hooked
from bptt_sym.testing.models import Model
from bptt_sym.testing.problems import Problem

Array = Any
Weighed = Callable[[Problem, Callable[..., Array]], dict[str, Array]]
#: How many steps windows have.
_LENGTHS = (2, 3, 4, 5, 8, 10, 16)
#: And those after which the chain of all states is cut.
_BLOCKS = (*_LENGTHS, 20, 32)


def window_mistakes(model: Model, weighed: Weighed) -> Iterator[Mistake]:
    """All of them, for every state alone and for all of them."""
    states = [s for s in model.rec.states if s in model.adjoint.cotangents]
    for k in _BLOCKS:
        for first in range(2):
            yield Mistake(
                f"carry-every-{k}-{first}",
                f"the chain of states is cut every {k} steps (truncation in blocks)",
                partial(_cut, states=frozenset(states), k=k, first=first),
            )  # fmt: skip
    groups = [(s, frozenset({s})) for s in states] if len(states) > 1 else []
    everything = (states[0] if len(states) == 1 else "every state", frozenset(states))
    for name, some in [everything, *groups]:
        for k in (1, *_LENGTHS):
            each = "at every step" if k == 1 else f"every {k} steps"
            text = f"the forward pass is wrong: {name} begins anew {each}, from its initial value"
            # Windows of all states are among those that may be run again for the way back.
            if k == 1 or (name, some) != everything:
                yield Mistake(
                    f"anew-{name}-{k}", text, partial(_anew, states=some, k=k), whole=True
                )  # fmt: skip
            if k > 1:
                yield Mistake(
                    f"anew-{name}-{k}-cut", f"{text}, and passes nothing back from there",
                    partial(_anew, states=some, k=k, cut=True), whole=True,
                )  # fmt: skip
    for name, some in groups:
        for k in _LENGTHS:
            for first in range(2):
                yield Mistake(
                    f"cut-{name}-{k}-{first}",
                    f"what {name} alone carries back is cut every {k} steps (truncation in blocks)",
                    partial(_cut, states=some, k=k, first=first),
                )  # fmt: skip
    for name, some in [everything, *groups]:
        for k in (2, 3, 4, 5):
            for first in range(k):
                yield Mistake(
                    f"nothing-{name}-{k}-{first}",
                    f"at one step of every {k}, the first of them step {first + 1}, nothing is "
                    f"passed back through {name}, nor from that step's loss (detached)",
                    partial(_nothing, states=some, k=k, first=first),
                )  # fmt: skip
    for k in _LENGTHS:
        yield Mistake(
            f"windows-forwards-{k}",
            f"windows of {k} steps are gone through in the order of time on the way back, each "
            "with what the one before it ended with",
            partial(_in_order, k=k),
        )  # fmt: skip
        yield Mistake(
            f"window-mean-{k}", f"the mean over each window of {k} steps is taken, not the sum",
            partial(_mean, weighed=weighed, k=k),
        )  # fmt: skip


def _anew(problem: Problem, states: frozenset[str], k: int, cut: bool = False) -> dict[str, Array]:
    """The gradient after a forward pass in which some states are set back at every k-th step."""
    domain, ops = floats(), problem.model.program.ops
    reads = {i: op.attr[0] for i, op in enumerate(ops) if op.kind == "read" and op.attr[1] == 1}

    def back(i: int, v: Array, t: int, _: Any) -> Array:
        return problem.start(reads[i]) if reads.get(i) in states and t % k == 0 else v

    run = problem.run(domain, alter=back)
    return problem.gradient_in(domain, run, **(_ends(problem, states, k, 0) if cut else {}))


def _ends(problem: Problem, states: frozenset[str], k: int, first: int) -> dict[str, Any]:
    """The hook that takes away what some states carry back into the last step of each window."""
    later = {
        i for i, op in enumerate(problem.model.adjoint.program.ops)
        if op.kind == "later" and op.attr[0] in states and op.attr[1] == 1
    }  # fmt: skip
    return {"alter": lambda i, v, t, _: 0 * v if i in later and (t + 1 + first) % k == 0 else v}


def _cut(problem: Problem, states: frozenset[str], k: int, first: int) -> dict[str, Array]:
    return hooked(problem, **_ends(problem, states, k, first))


def _nothing(problem: Problem, states: frozenset[str], k: int, first: int) -> dict[str, Array]:
    handles = {problem.model.adjoint.cotangents[s] for s in states}
    return hooked(
        problem, alter=lambda i, v, t, _: 0 * v if i in handles and t % k == first else v
    )


def _in_order(problem: Problem, k: int) -> dict[str, Array]:
    """The way back through windows in the order of time; within each it is right."""
    domain, order = floats(), list(range(problem.steps))
    windows = [order[s : s + k] for s in range(0, problem.steps, k)]
    run = problem.run(domain)
    places = [t for window in reversed(windows) for t in window]
    run.steps[:] = [run.steps[t] for t in places]
    out = problem.gradient_in(domain, run)
    if "x" in out:
        out["x"] = np.asarray(out["x"])[np.argsort(places)]
    return out


def _mean(problem: Problem, weighed: Weighed, k: int) -> dict[str, Array]:
    def rule(lag: Array, use: Array, loss: Array, b: Array, steps: int, batch: int) -> Array:
        begin = (loss - 1) // k * k
        return 1 / np.maximum(np.minimum(begin + k, steps) - begin, 1)

    return weighed(problem, rule)


__all__ = ["window_mistakes"]
