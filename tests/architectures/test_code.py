"""Generated code of every architecture against the exact gradient, torch and one another."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from bptt_sym.architectures import CONTEXT
from bptt_sym.errors import NotSupported
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


@pytest.mark.parametrize("name", sorted(HEADS))
@pytest.mark.skipif(compiler() is None, reason="no C compiler")
def test_compiled_and_interpreted_code_agree(name: str) -> None:
    rec = HEADS[name]
    params, inputs, initial, _ = numbers(rec, np.random.default_rng(1))
    loss, grads = gradient(rec, loss="E")(params, inputs, initial)
    other, compiled = CGradient(executable(rec), loss="E")(params, inputs, initial)
    assert loss == pytest.approx(other, rel=1e-13)
    for key in rec.parameters:
        np.testing.assert_allclose(grads[key], compiled[key], rtol=1e-11, atol=1e-13)


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
