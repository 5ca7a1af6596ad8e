"""The library of known mistakes: wrong gradients, made on purpose, for any model.

Each mistake is a rule to compute a wrong gradient of a problem. Most are made by one change in the
derivation: a path that is cut, an activation's derivative taken wrongly, a matrix not transposed.
Others weigh the contributions of lags, steps and examples wrongly, or compute in too few bits.
They serve three ends: a failed check is matched with them to say *what* is wrong, a person's own
test inputs are scored by how many of them they would catch, and the checker itself is tested with
them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import count, permutations
from typing import Any, final

import numpy as np

from bptt_sym.evaluate.compiled import NumpyGradient
from bptt_sym.evaluate.domains import floats
from bptt_sym.evaluate.names import identifier
from bptt_sym.testing.aliasing_mistakes import aliasing_mistakes
from bptt_sym.testing.chain_mistakes import chain_mistakes
from bptt_sym.testing.derivation_mistakes import (
    Gradient,
    Mistake,
    derivation_mistakes,
)
from bptt_sym.testing.entry_mistakes import entry_mistakes
from bptt_sym.testing.forward_mistakes import (
    forward_arguments,
    forward_mistakes,
    forward_operands,
    forward_substitutions,
)
from bptt_sym.testing.forward_steps import forward_steps
from bptt_sym.testing.inside_mistakes import Clip, Flush, hooked, inside_mistakes
from bptt_sym.testing.jacobian_mistakes import jacobian_mistakes
from bptt_sym.testing.joined_slices import joined_slices
from bptt_sym.testing.layout_mistakes import layout_mistakes
from bptt_sym.testing.loop_mistakes import loop_mistakes
from bptt_sym.testing.misreadings import misreadings
from bptt_sym.testing.models import Model
from bptt_sym.testing.moved_factors import factors_before, lost_numbers
from bptt_sym.testing.other_cells import other_cells
from bptt_sym.testing.outer_mistakes import outer_mistakes
from bptt_sym.testing.partial_paths import partial_paths
from bptt_sym.testing.problems import Problem
from bptt_sym.testing.record_mistakes import record_mistakes
from bptt_sym.testing.saved_mistakes import recomputed, saved_mistakes
from bptt_sym.testing.seed_mistakes import seed_mistakes
from bptt_sym.testing.segment_mistakes import segment_mistakes
from bptt_sym.testing.shared_mistakes import shared_mistakes
from bptt_sym.testing.split_mistakes import split_mistakes
from bptt_sym.testing.substitutions import reordered, substitutions
from bptt_sym.testing.tape_mistakes import tape_mistakes
from bptt_sym.testing.window_mistakes import window_mistakes

Array = Any


@final
class Library(Sequence[Mistake]):
    """Mistakes that are made when somebody asks for them: most searches end with an early one."""

    def __init__(self, every: Iterator[Mistake]) -> None:
        self._made: list[Mistake] = []
        self._rest = every

    def __iter__(self) -> Iterator[Mistake]:
        for k in count():
            if k == len(self._made):
                found = next(self._rest, None)
                if found is None:
                    return
                self._made.append(found)
            yield self._made[k]

    def __len__(self) -> int:
        self._made += self._rest
        return len(self._made)

    def __getitem__(self, index: Any) -> Any:
        self._made += self._rest
        return self._made[index]


def library(model: Model) -> Library:
    """All mistakes that make sense for ``model``, the simplest explanations first."""
    cached = _LIBRARIES.get(id(model))
    if cached is None or cached[0] is not model:
        cached = _LIBRARIES[id(model)] = (model, Library(_every(model)))
    return cached[1]


def in_parts(model: Model) -> Library:
    """Those that befall a part of the way back alone; they are many, and nobody's first guess."""
    cached = _IN_PARTS.get(id(model))
    if cached is None or cached[0] is not model:
        cached = _IN_PARTS[id(model)] = (model, Library(split_mistakes(model, library(model))))
    return cached[1]


def _every(model: Model) -> Iterator[Mistake]:
    yield from _weighed()
    for some in (
        _given_wrongly, shared_mistakes, lost_numbers, derivation_mistakes, misreadings,
        factors_before,
        partial(loop_mistakes, weighed=weighed, backward=hooked), tape_mistakes, _numbers,
        inside_mistakes, joined_slices, other_cells, record_mistakes,
        partial(window_mistakes, weighed=weighed), layout_mistakes, forward_mistakes, substitutions,
        partial_paths, jacobian_mistakes, seed_mistakes, chain_mistakes, entry_mistakes,
        outer_mistakes, saved_mistakes, recomputed, segment_mistakes, aliasing_mistakes,
        forward_steps, forward_substitutions, forward_operands, forward_arguments,
    ):  # fmt: skip
        yield from some(model)


_LIBRARIES: dict[int, tuple[Model, Library]] = {}
_IN_PARTS: dict[int, tuple[Model, Library]] = {}


# -- lags, steps and examples weighed wrongly ------------------------------------------------------


def _weights(steps: int, batch: int) -> tuple[Array, Array, Array, Array]:
    """``(lag, step of use, step of loss, example)`` as arrays that broadcast together."""
    lag = np.arange(steps)[:, None, None]
    use = np.arange(1, steps + 1)[None, :, None]
    return lag, use, lag + use, np.arange(batch)[None, None, :]


def weighed(problem: Problem, rule: Callable[..., Array]) -> dict[str, Array]:
    """The gradient with contributions weighed by ``rule(lag, use, loss, example, T, B)``."""
    steps, batch = problem.steps, problem.batch
    w = np.broadcast_to(
        np.asarray(rule(*_weights(steps, batch), steps, batch), float), (steps, steps, batch)
    )
    out = {}
    for name, parts in problem.parts.items():
        initial = name.endswith("0") and name[:-1] in problem.initial
        if initial and not problem.learned:
            out[name] = np.einsum("kb,kb...->b...", w[:, 0], parts[:, 0])
        else:
            out[name] = np.einsum("ksb,ksb...->...", w, parts)
    return {k: v.astype(float) for k, v in out.items()}


def _weighed() -> Iterator[Mistake]:
    rules: list[tuple[str, str, Callable[..., Array]]] = [
        ("zero", "the gradient is 0", lambda k, s, t, b, T, B: 0 * k),
        ("sign", "the sign is wrong", lambda k, s, t, b, T, B: -1 + 0 * k),
        ("twice", "it is twice the gradient", lambda k, s, t, b, T, B: 2 + 0 * k),
        ("half", "it is half the gradient", lambda k, s, t, b, T, B: 0.5 + 0 * k),
        ("batch-mean", "the mean over the batch is taken instead of the sum",
         lambda k, s, t, b, T, B: 1 / B + 0 * k),
        ("time-mean", "the mean over the steps is taken instead of the sum",
         lambda k, s, t, b, T, B: 1 / T + 0 * k),
        ("both-mean", "the mean over steps and batch is taken instead of the sum",
         lambda k, s, t, b, T, B: 1 / (T * B) + 0 * k),
        ("skip-first", "the use at the first step is missing", lambda k, s, t, b, T, B: s > 1),
        ("skip-last", "the use at the last step is missing", lambda k, s, t, b, T, B: s < T),
        ("skip-second", "the use at the second step is missing", lambda k, s, t, b, T, B: s != 2),
        ("only-first", "only the use at the first step is there (= for += in the loop back)",
         lambda k, s, t, b, T, B: s == 1),
        ("only-last", "only the use at the last step is there (= for += in a loop forward)",
         lambda k, s, t, b, T, B: s == T),
        ("loss-last", "only the loss of the last step is there (no sum over t)",
         lambda k, s, t, b, T, B: t == T),
        ("loss-not-last", "the loss of the last step is missing",
         lambda k, s, t, b, T, B: t < T),
        ("loss-first", "only the loss of the first step is there",
         lambda k, s, t, b, T, B: t == 1),
        ("loss-not-first", "the loss of the first step is missing",
         lambda k, s, t, b, T, B: t > 1),
        ("example-first", "only the first example of the batch is there",
         lambda k, s, t, b, T, B: b == 0),
        ("example-last", "only the last example of the batch is there",
         lambda k, s, t, b, T, B: b == B - 1),
        ("example-not-first", "the first example of the batch is missing",
         lambda k, s, t, b, T, B: b > 0),
        ("example-not-last", "the last example of the batch is missing",
         lambda k, s, t, b, T, B: b < B - 1),
        ("signs-alternate", "the signs alternate with the lag",
         lambda k, s, t, b, T, B: (-1.0) ** k),
        ("decay", "each step back has a factor 1/2 too much",
         lambda k, s, t, b, T, B: 0.5 ** np.minimum(k, 1000)),
        ("example-runs", "the gradient is not cleared between the examples: what there is so far "
         "is added again with each", lambda k, s, t, b, T, B: B - b),
        ("use-runs", "the gradient is not cleared between the steps: what there is so far is added "
         "again with each on the way back", lambda k, s, t, b, T, B: s),
        ("example-halved", "each example's gradient is averaged with what there is so far, which "
         "halves that of all before it", lambda k, s, t, b, T, B: 0.5 ** (B - b)),
        ("use-halved", "each step's gradient is averaged with what there is so far on the way "
         "back, which halves that of all later ones", lambda k, s, t, b, T, B: 0.5 ** s),
        ("lag-counted", "each contribution is counted once for every step that it travels",
         lambda k, s, t, b, T, B: k + 1.0),
        ("only-first-of-last", "only the use at the first step of the last example is there "
         "(= for += in the loops over examples and steps)",
         lambda k, s, t, b, T, B: (s == 1) & (b == B - 1)),
        ("only-last-of-last", "only the use at the last step of the last example is there "
         "(= for += in the loops over examples and steps)",
         lambda k, s, t, b, T, B: (s == T) & (b == B - 1)),
        ("longest-missing", "the contributions of the longest lag, T − 1, are missing",
         lambda k, s, t, b, T, B: (k < T - 1) | (T == 1)),
        ("only-first-loss-path", "only the paths over the whole sequence are there",
         lambda k, s, t, b, T, B: (s == 1) & (t == T)),
    ]  # fmt: skip
    for k in (1, 2, 3, 4, 5, 8, 10, 16, 20, 32, 50, 64, 100, 128):
        rules.append(
            (f"truncated-{k}", f"the contributions of lags ≥ {k} are missing",
             lambda lag, s, t, b, T, B, k=k: lag < k)
        )  # fmt: skip
    for k in (2, 3, 4, 5, 10, 20):
        rules.append(
            (f"only-last-{k}", f"only the last {k} steps are gone back over",
             lambda lag, s, t, b, T, B, k=k: s > T - k)
        )  # fmt: skip
    for k in (0, 1, 2, 3):
        rules.append(
            (f"lag-{k}-missing", f"the contributions of lag {k} are missing",
             lambda lag, s, t, b, T, B, k=k: lag != k)
        )  # fmt: skip
        rules.append(
            (f"lag-{k}-half", f"lag {k} has factor 0.5",
             lambda lag, s, t, b, T, B, k=k: np.where(lag == k, 0.5, 1.0))
        )  # fmt: skip
    for code, message, rule in rules:
        yield Mistake(code, message, partial(weighed, rule=rule), alone=True)


# -- the problem read wrongly ----------------------------------------------------------------------


def right(problem: Problem, dtype: Any = np.float64) -> dict[str, Array]:
    """The right gradient by the interpreter, in ``dtype``."""
    return problem.gradient_in(floats(dtype))


def _given_wrongly(model: Model) -> Iterator[Mistake]:
    def changed(problem: Problem, change: Callable[[Problem], Problem]) -> dict[str, Array]:
        return right(change(problem))

    def zero_start(p: Problem) -> Problem:
        params = {
            k: np.zeros_like(v) if k.endswith("0") and k[:-1] in p.initial else v
            for k, v in p.params.items()
        }
        zeros = {s: np.zeros_like(v) for s, v in p.initial.items()}
        return p.replaced(initial=zeros, params=params)

    def untargeted(p: Problem) -> Problem:
        names = set(p.model.targets.values())
        return p.replaced(series={k: 0 * v if k in names else v for k, v in p.series.items()})

    def absolute(p: Problem) -> Problem:
        values, _ = p.model.fast.forward(p.model.unpack(p.params, p.dims), p._inputs(), p._starts())
        moved = dict(p.series)
        for y, target in p.model.targets.items():
            out = values[identifier(y)]
            moved[target] = out - np.sign(out - p.series[target])
        return p.replaced(series=moved)

    readings: list[tuple[str, str, Callable[[Problem], Problem]]] = [
        ("start-forgotten", "the initial state is taken to be 0", zero_start),
        ("mask-ignored", "the mask is ignored", lambda p: p.replaced(mask=np.ones_like(p.mask))),
        ("weights-ignored", "the loss weights are ignored",
         lambda p: p.replaced(loss_weights=np.ones_like(p.loss_weights))),
        ("mask-and-weights-ignored", "the mask and the loss weights are ignored",
         lambda p: p.replaced(
             mask=np.ones_like(p.mask), loss_weights=np.ones_like(p.loss_weights))),
        ("mask-plus-weights", "the mask and the loss weights are added, not multiplied",
         lambda p: p.replaced(mask=p.mask + p.loss_weights[:, None],
                              loss_weights=np.ones_like(p.loss_weights))),
        ("targets-missing", "the targets are left out of the error", untargeted),
        ("absolute-error", "the derivative of the absolute error is taken, not of its square",
         absolute),
    ]  # fmt: skip
    # Where an equation gives the initial value, it is one of the parameters that may be left out.
    given = [s for s in model.rec.states if s not in model.rec.initial]
    if not given:
        readings = [r for r in readings if r[0] != "start-forgotten"]
    if len(model.rec.states) > 1:
        for state in given:

            def one_zero(p: Problem, state: str = state) -> Problem:
                params = {
                    k: np.zeros_like(v) if k == f"{state}0" else v for k, v in p.params.items()
                }
                initial = {k: 0 * v if k == state else v for k, v in p.initial.items()}
                return p.replaced(initial=initial, params=params)

            text = f"the initial value of {state} is taken to be 0"
            readings.append((f"start-forgotten-{state}", text, one_zero))
    for name, parts in model.layout.items():
        if len(model.rec.shape(parts[0])) == 1:

            def without(p: Problem, name: str = name) -> Problem:
                return p.replaced(params={**p.params, name: np.zeros_like(p.params[name])})

            readings.append((f"without-{name}", f"{name} is left out of the forward pass", without))
    for code, message, change in readings:
        yield Mistake(code, message, partial(changed, change=change))

    def transposed(problem: Problem, name: str) -> dict[str, Array]:
        out = right(problem)
        shape = out[name].shape
        gates = max(1, len(problem.model.layout[name]))
        blocks = np.split(out[name], gates)
        if blocks[0].shape[0] == blocks[0].shape[-1]:
            out[name] = np.concatenate([b.T for b in blocks])
        else:
            out[name] = np.concatenate([b.T.reshape(b.shape) for b in blocks]).reshape(shape)
        return out

    for name, parts in model.layout.items():
        if len(model.rec.shape(parts[0])) == 2:
            yield Mistake(
                f"transposed-{name}", f"the gradient of {name} is transposed",
                partial(transposed, name=name),
            )  # fmt: skip

    yield Mistake(
        "parameter", "what is returned is the parameter itself",
        lambda problem: {**right(problem), **problem.params}, alone=True,
    )  # fmt: skip

    gates = model.gates
    for order in permutations(range(len(gates))):
        moved = [k for k, place in enumerate(order) if k != place]
        if not moved:
            continue
        if len(moved) == 2:
            code = "swapped-" + "-".join(gates[k] for k in moved)
            text = f"the blocks of gates {gates[moved[0]]} and {gates[moved[1]]} are exchanged"
        else:
            names = [gates[k] for k in order]
            code = "order-" + "-".join(names)
            text = f"the blocks are in the order {', '.join(names)}"

        def swapped(problem: Problem, order: tuple[int, ...]) -> dict[str, Array]:
            return reordered(problem, right(problem), order)

        yield Mistake(code, text, partial(swapped, order=order))

        def misread(problem: Problem, order: tuple[int, ...]) -> dict[str, Array]:
            params = reordered(problem, dict(problem.params), order)
            back = [order.index(k) for k in range(len(order))]
            return reordered(problem, right(problem.replaced(params=params)), back)

        words = text.replace("the blocks are", "the weights are read").replace(
            "are exchanged", "are exchanged where the weights are read"
        )
        yield Mistake(f"read-{code}", words, partial(misread, order=order))

    for state in model.rec.states:
        yield Mistake(
            f"cotangent-{state}",
            f"the incoming cotangent of {state} is ignored (ones stand for it)",
            partial(_ones_for_cotangent, state=state),
        )


def _ones_for_cotangent(problem: Problem, state: str) -> dict[str, Array]:
    """The gradient of the sum of a state's entries, whatever the loss is."""
    model = problem.model
    f = NumpyGradient(model.rec, bind=model.bind, seeds=(state,), wrt_inputs=True)
    params = {
        p: v for p, v in model.unpack(problem.params, problem.dims).items()
        if p in dict(f.signature.params)
    }  # fmt: skip
    values, tape = f.forward(params, problem._inputs(), problem._starts())
    grads = f.backward(tape, {state: np.ones_like(values[identifier(state)])})
    all_params = model.unpack(problem.params, problem.dims)
    known = {p: grads.get(p, np.zeros(np.shape(v))) for p, v in all_params.items()}
    out = model.pack(known, lambda parts, rank: np.concatenate(parts, -rank))
    for s in problem.initial:
        if f"{s}0" in grads:
            out[f"{s}0"] = grads[f"{s}0"].sum(0) if problem.learned else grads[f"{s}0"]
    if model.inputs and f"d_{model.inputs[0]}" in grads:
        out["x"] = grads[f"d_{model.inputs[0]}"]
    return out


# -- numbers ---------------------------------------------------------------------------------------


def _numbers(_: Model) -> Iterator[Mistake]:
    def rounded(problem: Problem, dtype: Any) -> dict[str, Array]:
        return {k: np.asarray(v, problem.dtype) for k, v in right(problem, dtype).items()}

    def clipped(problem: Problem, limit: float) -> dict[str, Array]:
        return {k: np.clip(v, -limit, limit) for k, v in right(problem).items()}

    def rescaled(problem: Problem, limit: float) -> dict[str, Array]:
        out = right(problem)
        size = float(np.sqrt(sum(float((out[k] ** 2).sum()) for k in problem.params)))
        return {k: v * min(1.0, limit / size) if size else v for k, v in out.items()}

    def inside(problem: Problem, change: Callable[[Array], Array]) -> dict[str, Array]:
        return hooked(problem, carry=change)

    def in_type(value: Array, kind: Any) -> Array:
        return value.astype(kind).astype(np.float64)

    def clipped_by_step(problem: Problem, limit: float) -> dict[str, Array]:
        out = right(problem)
        for name in problem.params:
            if name in problem.parts:
                by_step = problem.parts[name].sum((0, 2)).astype(float)
                out[name] = np.clip(by_step, -limit, limit).sum(0)
        return out

    yield Mistake("float32", "it was computed in float32", partial(rounded, dtype=np.float32))
    yield Mistake("float16", "it was computed in float16", partial(rounded, dtype=np.float16))
    for limit in (0.1, 0.5, 1.0, 5.0, 10.0):
        yield Mistake(
            f"clip-{limit:g}", f"its entries are clipped to ±{limit:g}",
            partial(clipped, limit=limit),
        )  # fmt: skip
        yield Mistake(
            f"clip-step-{limit:g}", f"what each step adds is clipped to ±{limit:g}",
            partial(clipped_by_step, limit=limit),
        )  # fmt: skip
        yield Mistake(
            f"norm-{limit:g}", f"it is rescaled to norm {limit:g}", partial(rescaled, limit=limit)
        )
        yield Mistake(
            f"clip-inside-{limit:g}",
            f"cotangents are clipped to ±{limit:g} inside the loop",
            partial(inside, change=Clip(limit)),
        )
    for kind in (np.float32, np.float16):
        word = np.dtype(kind).name
        yield Mistake(
            f"carry-{word}", f"what is carried back is rounded to {word}",
            partial(inside, change=partial(in_type, kind=kind)),
        )  # fmt: skip
    for least in (1e-3, 1e-4):
        yield Mistake(
            f"carry-flushed-{least:g}", f"what is carried back is 0 where it is below {least:g}",
            partial(inside, change=Flush(least)),
        )  # fmt: skip
    yield Mistake(
        "carry-decayed", "what is carried back is multiplied by 0.99 at each step",
        partial(inside, change=lambda v: 0.99 * v),
    )  # fmt: skip


__all__ = ["Gradient", "Mistake", "in_parts", "library", "right", "weighed"]
