"""Mistakes in what is read of a problem: another step's, another example's, or a changed value.

Every thing that a problem gives (inputs, targets, mask, loss weights, initial states) with every
change of its own axes; the gradient is right for the problem so misread.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, final

import numpy as np

from bptt_sym.evaluate.domains import floats
from bptt_sym.testing.derivation_mistakes import Mistake
from bptt_sym.testing.layout_mistakes import RESHAPED
from bptt_sym.testing.models import Model
from bptt_sym.testing.problems import Problem

Array = Any
Change = Callable[[Array], Array]


@final
@dataclass(frozen=True)
class _Thing:
    """Something that a problem gives: in words, its value, and the problem with another one."""

    words: str
    plural: bool
    read: Callable[[Problem], Array]
    replaced: Callable[[Problem, Array], Problem]
    #: Its axes: ``t`` for steps, ``b`` for examples.
    axes: str


def misreadings(model: Model) -> Iterator[Mistake]:
    """All of them."""
    for thing in _things(model):
        for code, words, change in _changes(thing):
            verb = "are" if thing.plural else "is"
            yield Mistake(
                f"misread-{thing.words.replace(' ', '-')}-{code}",
                f"{thing.words} {verb} {words.format(that='those' if thing.plural else 'that')}",
                partial(_right_for, thing=thing, change=change),
            )
    for code, words, total in (
        ("unmasked", "what the mask leaves", lambda p: p.mask.sum()),
        ("weights", "the weights of the losses", lambda p: (p.mask.T * p.loss_weights).sum()),
    ):
        yield Mistake(
            f"mean-{code}", f"it is divided by the sum of {words}: a mean, not the sum",
            partial(_divided, by=total), alone=True,
        )  # fmt: skip
    for code, axis, words in (("example", 0, "example"), ("step", 1, "step")):
        yield Mistake(
            f"mean-unmasked-{code}",
            f"the losses of each {words} are divided by the number that the mask leaves of them",
            partial(_meaned, axis=axis),
        )
    yield Mistake(
        "start-unused", "the initial state is never used, 0 stands for it", _without_start
    )


def _right_for(problem: Problem, thing: _Thing, change: Change) -> dict[str, Array]:
    return thing.replaced(problem, change(thing.read(problem))).gradient_in(floats())


def _divided(problem: Problem, by: Callable[[Problem], float]) -> dict[str, Array]:
    total = float(by(problem)) or 1.0
    return {k: v / total for k, v in problem.gradient_in(floats()).items()}


def _meaned(problem: Problem, axis: int) -> dict[str, Array]:
    counts = np.maximum(problem.mask.sum(axis, keepdims=True), 1)
    return problem.replaced(mask=problem.mask / counts).gradient_in(floats())


def _without_start(problem: Problem) -> dict[str, Array]:
    """The initial values are 0 and nothing is passed on to them."""
    zeros = {s: np.zeros_like(v) for s, v in problem.initial.items()}
    out = problem.replaced(initial=zeros).gradient_in(floats())
    return {k: 0 * v if k[:-1] in problem.initial else v for k, v in out.items()}


def _things(model: Model) -> Iterator[_Thing]:
    yield _Thing("the mask", False, lambda p: p.mask, lambda p, v: p.replaced(mask=v), "tb")
    yield _Thing(
        "the loss weights", True, lambda p: p.loss_weights,
        lambda p, v: p.replaced(loss_weights=v), "t",
    )  # fmt: skip

    def read(p: Problem, names: tuple[str, ...]) -> Array:
        return [p.series[k] for k in names]

    def replaced(p: Problem, values: Array, names: tuple[str, ...]) -> Problem:
        return p.replaced(series={**p.series, **dict(zip(names, values, strict=True))})

    groups = [("the targets", True, tuple(model.targets.values()))]
    groups += [(f"the values of {x}", True, (x,)) for x in model.inputs]
    yield _Thing(
        "the targets, the mask and the loss weights", True,
        lambda p: [*(p.series[k] for k in groups[0][2]), p.mask * p.loss_weights[:, None]],
        lambda p, v: replaced(p, v[:-1], groups[0][2]).replaced(
            mask=v[-1], loss_weights=np.ones_like(p.loss_weights)), "tb",
    )  # fmt: skip
    yield _Thing(
        "the products of mask and loss weights", True, lambda p: p.mask * p.loss_weights[:, None],
        lambda p, v: p.replaced(mask=v, loss_weights=np.ones_like(p.loss_weights)), "tb",
    )  # fmt: skip
    for words, plural, names in groups:
        yield _Thing(
            words, plural, partial(read, names=names), partial(replaced, names=names), "tb"
        )
    for state in model.rec.states:
        if state in model.rec.initial:  # h_0 = q: no numbers of its own are read
            continue

        def start(p: Problem, state: str = state) -> Array:
            return p.initial[state]

        def started(p: Problem, v: Array, state: str = state) -> Problem:
            return p.replaced(initial={**p.initial, state: v})

        yield _Thing(f"the initial value of {state}", False, start, started, "b")


def _changes(thing: _Thing) -> Iterator[tuple[str, str, Change]]:
    if "t" in thing.axes:
        for by, word in ((1, "before"), (-1, "after")):
            for ends, said in (("wrapped", ""), ("zero", ", 0 at the end"), ("repeated", "")):
                yield (
                    f"{word}-{ends}", f"{{that}} of the step {word}{said}",
                    _each(partial(_shifted, by=by, ends=ends)),
                )  # fmt: skip
        yield "reversed", "taken in the reverse order", _each(lambda v: v[::-1])
        for at, word in ((0, "first"), (-1, "last")):
            yield (
                f"{word}-step", f"{{that}} of the {word} step at every step",
                _each(partial(_repeated, at=at, axis=0)),
            )  # fmt: skip
        for k in (2, 3, 4, 5):
            yield (
                f"window-{k}", f"{{that}} of step t mod {k}, counted from each window's beginning",
                _each(partial(_from_the_beginning, k=k)),
            )  # fmt: skip
        for at, word in ((1, "second"), (2, "third")):
            yield (
                f"held-{at}", f"{{that}} of the {word} step at every later one",
                _each(partial(_held, at=at)),
            )  # fmt: skip
    if "b" in thing.axes:
        axis = thing.axes.index("b")
        for at, word in ((0, "first"), (-1, "last")):
            yield (
                f"{word}-example", f"{{that}} of the {word} example for all examples",
                _each(partial(_repeated, at=at, axis=axis)),
            )  # fmt: skip
        yield (
            "other-example", "{that} of another example",
            _each(lambda v: np.roll(v, 1, axis)),
        )  # fmt: skip
        yield (
            "mean-example", "the mean over the examples",
            _each(lambda v: np.broadcast_to(v.mean(axis, keepdims=True), v.shape)),
        )  # fmt: skip
    if thing.axes == "tb":
        for code, change in RESHAPED:
            said = "read with steps and examples exchanged by reshaping, not by transposing"
            yield code, said, _each(change)
    if thing.axes == "t":
        yield "integers", "cut to whole numbers", np.trunc
        yield "absolute", "taken without their signs", np.abs
        yield "roots", "applied as their square roots", lambda v: np.sign(v) * np.sqrt(np.abs(v))
        yield "squares", "applied twice", np.square
        yield (
            "normalised", "divided by their sum",
            lambda v: v / v.sum() if v.sum() else v,
        )  # fmt: skip


def _each(change: Change) -> Change:
    return lambda v: [change(x) for x in v] if isinstance(v, list) else change(v)


def _repeated(v: Array, at: int, axis: int) -> Array:
    return np.broadcast_to(np.take(v, [at], axis), v.shape)


def _held(v: Array, at: int) -> Array:
    return v[np.minimum(np.arange(len(v)), at)]


def _from_the_beginning(v: Array, k: int) -> Array:
    return v[np.arange(len(v)) % k]


def _shifted(v: Array, by: int, ends: str) -> Array:
    out = np.roll(v, by, 0)
    edge = 0 if by > 0 else len(v) - 1
    if ends != "wrapped":
        out[edge] = 0.0 if ends == "zero" else v[edge]
    return out


__all__ = ["misreadings"]
