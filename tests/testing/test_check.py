"""The checker is checked: right gradients pass, planted mistakes are caught and named."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bptt_sym.evaluate.domains import floats
from bptt_sym.testing import (
    GradientError,
    Problem,
    assert_gradient,
    elman,
    from_recurrence,
    gru,
    lstm,
    named_model,
    run,
    sigmoid_rnn,
)
from bptt_sym.testing.compare import mismatches
from bptt_sym.testing.draw import cases
from bptt_sym.testing.mistakes import library, right
from bptt_sym.testing.models import MODELS
from tests.testing.hand_written import problems, said


def by_hand(p: Problem, bug: str = "", fudge: float = 0.0) -> dict[str, np.ndarray]:
    """Back-propagation through time for the Elman cell as a person writes it, with its bugs."""
    w, u, b, v, c = (p.params[k] for k in "WUbVc")
    steps, batch = p.mask.shape
    h = np.zeros((steps + 1, batch, len(u)), p.dtype)
    h[0] = p.h0
    for t in range(steps):
        h[t + 1] = np.tanh(p.x[t] @ w.T + h[t] @ u.T + b)
    weight = (p.mask * p.loss_weights[:, None])[..., None]
    r = (h[1:] @ v.T + c - p.targets) * weight
    g = {k: np.zeros_like(a) for k, a in p.params.items()}
    g["V"] = np.einsum("tbo,tbh->oh", r, h[1:])
    g["c"] = r.sum((0, 1))
    dh = np.zeros_like(h[0])
    slopes = 1 - h[1:] ** 2 + fudge
    if bug == "truncated":
        for t in range(steps):
            d = r[t] @ v
            for s in range(t, max(-1, t - 3), -1):
                d = d * slopes[s]
                g["W"] += d.T @ p.x[s]
                g["U"] += d.T @ h[s]
                g["b"] += d.sum(0)
                d = d @ u
        return g
    for t in reversed(range(steps)):
        dh = dh + r[t] @ v
        da = dh * slopes[t]
        if bug == "sigma":
            da = dh * h[t + 1] * (1 - h[t + 1])
        if bug == "=":
            g["U"] = da.T @ h[t]
        else:
            g["U"] += da.T @ h[t]
        g["W"] += da.T @ p.x[t]
        g["b"] += da.sum(0)
        dh = da @ (u.T if bug == "transpose" else u)
    if p.learned:
        g["h0"] = dh.sum(0)
    return g


def with_bug(bug: str):
    def gradient(p: Problem) -> dict[str, np.ndarray]:
        return by_hand(p, bug)

    return gradient


modest = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))


@modest
@given(elman(dtypes=(np.float64, np.float32)))
def test_a_right_gradient_passes(p: Problem) -> None:
    assert_gradient(p, by_hand)


@settings(parent=modest, max_examples=60)
@given(st.one_of(sigmoid_rnn(), lstm(), gru(), elman()))
def test_no_false_alarm_on_an_accurate_program(p: Problem) -> None:
    assert mismatches(p, p.gradient_in(floats())) == []


def test_user_recurrence_has_a_strategy() -> None:
    from bptt_sym.cells import cell

    @settings(parent=modest, max_examples=10)
    @given(from_recurrence(cell("lstm-vector", concat=True)))
    def inner(p: Problem) -> None:
        assert set(p.params) >= set(p.model.layout)
        assert mismatches(p, p.gradient_in(floats())) == []

    inner()


@pytest.mark.parametrize("name", sorted(MODELS))
def test_every_known_mistake_is_caught_by_the_quick_profile(name: str) -> None:
    model = named_model(name)
    # About 50 of the long lists, others in every cell; the nightly run takes them all.
    known = library(model)
    step = 1 if os.environ.get("HYPOTHESIS_PROFILE") == "nightly" else max(1, len(known) // 50)
    for mistake in known[len(name) % step :: step]:
        assert any(
            any(m.name != "x" for m in mismatches(p, mistake.gradient(p))) for p in problems(model)
        ), mistake.code


@pytest.mark.parametrize(
    ("bug", "words", "smallest"),
    [
        ("truncated", "dW, dU, db: the contributions of lags ≥ 3 are missing", (4, 1, 1)),
        ("transpose", "the recurrent matrix is not transposed on the way back", (2, 2, 1)),
        ("sigma", "the derivative of σ is used for tanh", (1, 1, 1)),
        ("=", "dU: only the use at the first step is there", (2, 1, 1)),
    ],
)
def test_a_mistake_is_named_and_shrunk(bug: str, words: str, smallest: tuple[int, ...]) -> None:
    report = run(with_bug(bug), "elman")
    assert not report.ok
    assert words in report.text()
    found = report.smallest
    assert found is not None
    assert (found.steps, found.dims["H"], found.batch) == smallest
    assert report.json()["diagnoses"][0]["residual"] < 1e-11


def test_the_reproduction_runs_and_fails_alike() -> None:
    report = run(with_bug("transpose"), "elman")
    text = report.json()["smallest"]["test"]
    space = {}
    exec(text, space)
    (name,) = [k for k in space if k.startswith("test_")]
    space[name.removeprefix("test_")] = with_bug("transpose")
    with pytest.raises(GradientError):
        space[name]()
    space[name.removeprefix("test_")] = by_hand
    space[name]()


def test_regression_says_what_no_library_knows() -> None:
    def gradient(p: Problem) -> dict[str, np.ndarray]:
        g = {k: v.astype(float) for k, v in p.exact.items()}
        if p.steps > 2:
            g["U"] = g["U"] - 0.375 * p.parts["U"][2].sum((0, 1)).astype(float)
        return g

    assert "dU: lag 2 has factor 0.625" in said(gradient, "elman")


def test_gates_are_told_apart() -> None:
    def gradient(p: Problem) -> dict[str, np.ndarray]:
        g = {k: v.astype(float) for k, v in p.exact.items()}
        hidden = g["U"].shape[1]
        g["U"][hidden : 2 * hidden] *= 0.875
        return g

    assert "dU: the block of gate i has factor 0.875" in said(gradient, "lstm")


@pytest.mark.parametrize("code", ["path-h_{t-1}-f-dropped", "slope-at-output-g", "swapped-i-o"])
def test_lstm_mistakes_are_named_by_gate(code: str) -> None:
    mistake = next(m for m in library(named_model("lstm")) if m.code == code)
    assert mistake.message in said(mistake.gradient, "lstm")


class TestProtocol:
    """What is wrong besides the numbers."""

    def codes(self, gradient) -> set[str]:
        return {f.code for f in run(gradient, "elman", explain=False).findings}

    def test_writing_to_an_input(self) -> None:
        def gradient(p: Problem) -> dict[str, np.ndarray]:
            out = by_hand(p)
            p.params["U"] += 1.0
            return out

        assert "wrote-to-input" in self.codes(gradient)

    def test_state_between_calls(self) -> None:
        total: dict[str, np.ndarray] = {}

        def gradient(p: Problem) -> dict[str, np.ndarray]:
            for k, v in by_hand(p).items():
                total[k] = total.get(k, 0) + v
            return dict(total)

        assert "not-repeatable" in self.codes(gradient)

    def test_answer_that_depends_on_the_call_before(self) -> None:
        memory: list[np.ndarray] = []

        def gradient(p: Problem) -> dict[str, np.ndarray]:
            out = by_hand(p)
            if memory and not np.array_equal(memory[-1], p.params["W"]):
                out["U"] = out["U"] + 1
            memory.append(p.params["W"].copy())
            return out

        assert "keeps-state" in self.codes(gradient)

    def test_result_overwritten_by_the_next_call(self) -> None:
        buffers: dict[tuple[str, tuple[int, ...]], np.ndarray] = {}

        def gradient(p: Problem) -> dict[str, np.ndarray]:
            out = by_hand(p)
            for k, v in out.items():
                buffer = buffers.setdefault((k, v.shape), np.empty_like(v))
                buffer[...] = v
                out[k] = buffer
            return out

        assert "aliased" in self.codes(gradient)

    def test_missing_parameter_and_wrong_shape(self) -> None:
        assert self.codes(lambda p: {}) == {"missing"}
        assert "shape" in self.codes(lambda p: {**by_hand(p), "W": by_hand(p)["W"].T})

    def test_not_a_number_at_saturation(self) -> None:
        def gradient(p: Problem) -> dict[str, np.ndarray]:
            out = by_hand(p)
            if p.regime == "huge":
                out["U"] = out["U"] * np.nan
            return out

        assert "not-finite" in self.codes(gradient)

    def test_exception_is_reported_with_the_problem(self) -> None:
        def gradient(p: Problem) -> dict[str, np.ndarray]:
            raise ValueError("operands could not be broadcast")

        report = run(gradient, "elman")
        assert "operands could not be broadcast" in report.text() and "T=5" in report.text()


def test_float32_is_judged_by_its_own_bound_and_not_more() -> None:
    def careless(p: Problem) -> dict[str, np.ndarray]:
        half = p.replaced(params={k: v.astype(np.float16) for k, v in p.params.items()})
        out = by_hand(half)
        return {k: v.astype(p.dtype) for k, v in out.items()}

    single = [p for p in cases(named_model("elman")) if p.dtype == np.float32]
    assert single and all(mismatches(p, by_hand(p)) == [] for p in single)
    assert all(mismatches(p, careless(p)) for p in single)


@pytest.mark.parametrize("fudge", [0.0, 1e-6, 1e-5])
def test_what_code_that_has_only_float32_shows(fudge: float) -> None:
    """A right one passes; what is added to 1 - h^2 shows above what rounding explains."""

    def single(p: Problem) -> dict[str, np.ndarray]:
        def cast(table: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
            return {k: v.astype(np.float32) for k, v in table.items()}

        narrow = p.replaced(
            **{f: cast(getattr(p, f)) for f in ("params", "series", "initial")},
            mask=p.mask.astype(np.float32), loss_weights=p.loss_weights.astype(np.float32),
        )  # fmt: skip
        return by_hand(narrow, fudge=fudge)

    assert not run(single, "elman", explain=False).ok
    assert run(single, "elman", dtype="float32", explain=False).ok is (fudge < 3e-6)


def test_arrays_of_whole_numbers_are_named() -> None:
    text = said(lambda p: {k: v.astype(int) for k, v in right(p).items()}, "elman")
    assert "an array of int64 holds it: fractions are lost" in text


def test_half_precision_sums_in_double_problems_are_caught() -> None:
    def single(p: Problem) -> dict[str, np.ndarray]:
        return {k: np.float32(v).astype(p.dtype) for k, v in by_hand(p).items()}

    report = run(single, "elman")
    assert not report.ok


@pytest.mark.parametrize(
    ("spoilt", "words"),
    [
        (lambda p: p.steps % 2 == 1, "has the wrong sign, where T is odd"),
        (lambda p: p.steps % 2 == 0, "has the wrong sign, where T is even"),
        # Problems of one example are the shortest: either may be what matters.
        (lambda p: p.steps > 3, "has the wrong sign, but not on every problem"),
        (lambda p: p.steps != 6, "has the wrong sign, but not on every problem"),
        (lambda p: True, "has the wrong sign (on"),
    ],
)
def test_where_a_mistake_holds_is_said(spoilt: Any, words: str) -> None:
    def gradient(p: Problem) -> dict[str, Any]:
        return {k: -v if spoilt(p) else v for k, v in right(p).items()}

    texts = [d.text() for d in run(gradient, "elman").diagnoses]
    assert texts and all(words in t for t in texts), texts
