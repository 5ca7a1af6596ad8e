"""Generated code of every architecture against the exact gradient, torch and one another."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from bptt_sym.architectures import CONTEXT
from bptt_sym.architectures.terms import (
    Equation,
    Fn,
    Mul,
    Recurrence,
    Sym,
    Transpose,
    add,
    before,
    now,
    times,
)
from bptt_sym.errors import ModelError, NotSupported
from bptt_sym.evaluate import executable, gradient, source
from bptt_sym.evaluate.compile_c import CGradient, compiler
from bptt_sym.testing import GradientError, assert_gradient, from_recurrence
from bptt_sym.testing.draw import cases
from bptt_sym.testing.models import model_of
from bptt_sym.testing.problems import Problem
from tests.architectures.examples import ALL, ATTENTION, HEADS


def generated(p: Problem) -> dict[str, np.ndarray]:
    model = p.model
    with np.errstate(all="ignore"):
        _, grads = model.fast(model.unpack(p.params, p.dims), p._inputs(), p._starts())
    packed = model.pack(grads, lambda v, rank: np.concatenate(v, -rank))
    starts = {f"{s}0": grads[f"{s}0"] for s in p.initial if f"{s}0" in grads}
    return packed | {k: v.sum(0) if p.learned else v for k, v in starts.items()}


@pytest.mark.parametrize("name", sorted(ALL))
def test_generated_gradients_are_exact(name: str) -> None:
    model = model_of(ALL[name])
    for k, problem in enumerate(cases(model)):
        if k in (0, 1, 3, 7):
            assert_gradient(problem, generated)


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(from_recurrence(ALL["gru vector keep=z reset=after"], max_steps=5))
def test_strategies_draw_problems_of_an_architecture(p: Problem) -> None:
    assert_gradient(p, generated)


def test_a_dropped_path_of_the_reset_gate_is_found() -> None:
    model = model_of(ALL["gru vector keep=z reset=before"])

    def wrong(p: Problem) -> dict[str, np.ndarray]:
        out = dict(generated(p))
        out["U_r"] = np.zeros_like(out["U_r"])
        return out

    with pytest.raises(GradientError, match="U_r"):
        assert_gradient(next(iter(cases(model))), wrong)


def numbers(rec, rng, steps=4, batch=3):
    from bptt_sym.evaluate.program import Size

    dims = {d: 2 + k for k, d in enumerate(rec.dims)}

    def array(name: str, *lead: int) -> np.ndarray:
        return rng.normal(size=(*lead, *(Size.of(d).value(dims) for d in rec.shape(name))))

    params = {n: array(n) for n in rec.parameters}
    inputs = {n: array(n, steps, batch) for n in rec.inputs}
    initial = {n: array(n, batch) for n in rec.states if n not in rec.initial}
    context = {n: array(n, batch) for n in CONTEXT if n in params}
    return params, inputs, initial, context


def attending_within_the_loop() -> Recurrence:
    """What the last state attends to is read by the next: products with M are in the loop."""
    cell = HEADS["forecaster"]
    attended = Mul((Transpose(Sym("M")), now("q")))
    weigh = Fn("softmax", add(times("M", before("h^{(2)}")), Sym(r"\mu")))
    equations = list(cell.equations)
    first = equations[0]
    assert first.target == "h^{(1)}" and isinstance(first.rhs, Fn)
    equations[0] = Equation("h^{(1)}", Fn("tanh", add(first.rhs.arg, now("a"))))
    (n,) = cell.shape("h^{(1)}")
    return replace(
        cell,
        equations=(Equation("q", weigh), Equation("a", attended), *equations),
        shapes={**cell.shapes, "M": ("s", n), r"\mu": ("s",), "q": ("s",), "a": (n,)},
    )


IN_C = HEADS | {k: v for k, v in ATTENTION.items() if k.startswith("dot")}
IN_C["attention in the loop"] = attending_within_the_loop()


@pytest.mark.parametrize("name", sorted(IN_C))
@pytest.mark.skipif(compiler() is None, reason="no C compiler")
def test_compiled_and_interpreted_code_agree(name: str) -> None:
    rec = executable(IN_C[name])
    params, inputs, initial, context = numbers(rec, np.random.default_rng(1), steps=5)
    own = {k: v for k, v in params.items() if k not in context}
    f = CGradient(rec, loss="E", context=context)
    loss, grads = gradient(rec, loss="E", context=context)(own, inputs, initial, context)
    for dtype, within in ((np.float64, 1e-13), (np.float32, 2e-6)):
        groups = [
            {k: np.asarray(v, dtype) for k, v in g.items()} for g in (own, inputs, initial, context)
        ]
        other, compiled = f(*groups)
        assert loss == pytest.approx(other, rel=within)
        for key in rec.parameters:
            assert compiled[key].dtype == dtype
            scale = np.abs(grads[key]).max()
            np.testing.assert_allclose(grads[key], compiled[key], rtol=0, atol=50 * within * scale)


@pytest.mark.skipif(compiler() is None, reason="no C compiler")
def test_passes_that_overlap_keep_their_values() -> None:
    """Two forward passes, then two backward passes, twice: each with its own workspace."""
    rec = executable(ALL["gru vector keep=z reset=after"])
    f, reference = CGradient(rec), gradient(rec)
    rng = np.random.default_rng(4)
    runs = [numbers(rec, rng, steps=steps)[:3] for steps in (4, 7, 2)]
    tapes = [f.forward(*run) for run in runs]
    for _ in range(2):
        for run, (values, tape) in zip(runs, tapes, strict=True):
            expected, kept = reference.forward(*run)
            np.testing.assert_allclose(values["h"], expected["h"], rtol=1e-13)
            seeds = {"h": rng.normal(size=expected["h"].shape)}
            want, got = reference.backward(kept, seeds), f.backward(tape, seeds)
            for key, g in got.items():
                np.testing.assert_allclose(g, want[key], rtol=1e-11, atol=1e-13)
    held = f.memory
    del tapes, values, tape
    for run in runs:
        f.forward(*run)
    assert f.memory == held
    with pytest.raises(ModelError, match="cotangent of 'h' has shape"):
        f.backward(f.forward(*runs[0])[1], {"h": np.zeros((1, 2))})


@pytest.mark.skipif(compiler() is None, reason="no C compiler")
def test_what_is_not_a_number_stays_none() -> None:
    rec = executable(HEADS["classifier"])
    params, inputs, initial, _ = numbers(rec, np.random.default_rng(5))
    for dtype in (np.float64, np.float32):
        broken = {k: v.astype(dtype) for k, v in params.items()}
        broken["U_z"][0, 0] = np.nan
        loss, grads = CGradient(rec, loss="E")(broken, inputs, initial)
        assert np.isnan(loss) and np.isnan(grads["U_z"]).any()


@pytest.mark.parametrize("name", sorted(ATTENTION))
def test_the_memory_may_differ_from_example_to_example(name: str) -> None:
    """As context, the gradient of M is per example: central differences."""
    rec = ATTENTION[name]
    rng = np.random.default_rng(2)
    params, inputs, initial, context = numbers(rec, rng)
    f = gradient(rec, loss="E", context=[c for c in CONTEXT if c in context])
    own = {k: v for k, v in params.items() if k not in context}
    _, grads = f(own, inputs, initial, context)
    for target in ("M", "U_z" if "U_z" in own else "W_{hh}"):
        step = 1e-6 * rng.normal(size=grads[target].shape)
        up, down = (
            f(
                {k: v + s * step if k == target else v for k, v in own.items()},
                inputs,
                initial,
                {k: v + s * step if k == target else v for k, v in context.items()},
            )[0]
            for s in (1, -1)
        )
        assert (up - down) / 2 == pytest.approx((grads[target] * step).sum(), rel=1e-6, abs=1e-14)


@pytest.mark.parametrize("name", sorted(ALL))
def test_stand_alone_source_is_python(name: str) -> None:
    rec = ALL[name]
    loss = "E" if name in HEADS or name in ATTENTION else None
    for backend in ("numpy", "torch"):
        compile(source(rec, backend, loss=loss), name, "exec")


def test_c_says_what_it_has_not() -> None:
    rec = executable(ATTENTION["additive attention of gru"])
    with pytest.raises(NotSupported):
        CGradient(rec, loss="E")


def test_a_probability_that_underflows_has_a_finite_loss() -> None:
    rec = HEADS["classifier"]
    params, inputs, initial, _ = numbers(rec, np.random.default_rng(3))
    params["b_y"] = np.linspace(0.0, 3000.0, len(params["b_y"]))
    loss, grads = gradient(rec, loss="E")(params, inputs, initial)
    assert np.isfinite(loss) and all(np.isfinite(g).all() for g in grads.values())
