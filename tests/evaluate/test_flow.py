"""The gradient's flow: bounds that bound exactly, shares, and what is printed of them."""

from __future__ import annotations

import json
from typing import Any

import mpmath
import numpy as np
import pytest

from bptt_sym import evaluate
from bptt_sym.architectures import gru
from bptt_sym.cells import cell
from bptt_sym.evaluate.adjoint import adjoint
from bptt_sym.evaluate.domains import floats, mpmath_numbers
from bptt_sym.evaluate.gradient_flow import flow, scenario
from bptt_sym.evaluate.interpret import backward, forward
from bptt_sym.evaluate.lags import contributions, of_the_end
from bptt_sym.evaluate.lower import lower
from bptt_sym.evaluate.program import Size
from bptt_sym.recurrence import Recurrence
from bptt_sym.testing.models import named_model


def exact_norms(
    rec: Recurrence, state: str, params: Any, inputs: Any, starts: Any, steps: int
) -> list[Any]:
    """‖∂s_T/∂s_t‖ for t = 0 … T, to 40 digits, by a backward pass for each entry of s_T."""
    runs, domain = evaluate.executable(rec), mpmath_numbers(40)
    program = lower(runs, bind=dict.fromkeys(runs.activations, "tanh"))
    adj = adjoint(runs, program, seeds=True)
    run = forward(runs, program, domain, params, inputs, starts)
    rows = 1
    for d in runs.shape(state):
        rows *= Size.of(d).value(run.dims)
    jacobians: list[list[Any]] = [[] for _ in range(steps + 1)]
    for k in range(rows):
        seeds = np.zeros((steps, 1, *([rows] if runs.shape(state) else [])))
        seeds[(-1, 0, *([k] if runs.shape(state) else []))] = 1.0
        seen: dict[str, list[Any]] = {state: []}
        _, bars = backward(adj, domain, run, {state: seeds}, watch=seen)
        for t, value in enumerate([bars[state, 1][0], *seen[state]]):
            jacobians[t].append([value.flat[j] if value.size > 1 else value.flat[0]
                                 for j in range(rows)])  # fmt: skip
    with mpmath.workdps(40):
        return [max(mpmath.svd_r(mpmath.matrix(j), compute_uv=False)) for j in jacobians]


def quarter_turns(n: int) -> np.ndarray:
    """An orthogonal matrix whose norm a float has to round."""
    q, _ = np.linalg.qr(np.random.default_rng(5).normal(size=(n, n)))
    return q


@pytest.mark.parametrize(
    ("name", "gain", "still"),
    [("elman", 1.1, True), ("elman-vector", 1.0, True), ("elman-vector", 1.3, False),
     ("sigmoid-rnn-vector", 3.0, False), ("lstm-vector", 1.5, False), ("gru-vector", 2.0, False)],
)  # fmt: skip
def test_bounds_are_bounds_of_exact_norms(name: str, gain: float, still: bool) -> None:
    """Also where they are met: of a cell at rest the derivatives are powers of the matrix."""
    rec, steps, rng = cell(name), 6, np.random.default_rng(1)
    runs = evaluate.executable(rec)
    dims = {"n": 2, "m": 1, "k": 2}
    size = {k: [dims[d] for d in runs.shape(k)] for k in (*runs.parameters, *runs.inputs)}
    size |= {k: [dims[d] for d in runs.shape(k)] for k in runs.states}
    params = {k: gain * rng.normal(size=size[k]) for k in runs.parameters}
    inputs = {k: rng.normal(size=(steps, 1, *size[k])) for k in runs.inputs}
    if still:
        params = {k: np.zeros(size[k]) for k in params}
        params |= {k: gain * quarter_turns(2) if size[k] else np.array(gain)
                   for k in params if k in ("w", "W_{hh}")}  # fmt: skip
        inputs = {k: np.zeros_like(v) for k, v in inputs.items()}
    starts = {k: np.zeros((1, *size[k])) for k in runs.states}
    sequences = {k: v[:, 0] for k, v in inputs.items()}
    sizes = {k: dims[k] for k in runs.dims}
    report = flow(rec, steps, params=params, inputs=sequences, dims=sizes)
    for state, bound in report.bounds.items():
        exact = exact_norms(rec, state, params, inputs, starts, steps)
        for t, (b, v) in enumerate(zip(bound.values, exact, strict=True)):
            assert mpmath.mpf(b) >= v, (state, t)
        np.testing.assert_allclose(report.norms[state].values, [float(v) for v in exact], 1e-9)


@pytest.mark.parametrize("rec", [named_model("lstm").rec, gru(reset="after")], ids=str)
def test_contributions_to_the_last_loss_alone(rec: Recurrence) -> None:
    """One sweep gives what the arrays over all lags and steps have for the last step."""
    from bptt_sym import notation as n

    runs, rng = evaluate.executable(rec), np.random.default_rng(3)
    loss = n.Pow(n.Norm(n.At("h", n.Idx("T")), "2"), n.num(2))
    program = lower(runs, loss=loss)
    adj = adjoint(runs, program, loss_seed=True)
    sizes = dict.fromkeys(runs.dims, 3)
    params = {k: rng.normal(size=[sizes[d] for d in runs.shape(k)]) for k in runs.parameters}
    inputs = {k: rng.normal(size=(5, 2, *[sizes[d] for d in runs.shape(k)])) for k in runs.inputs}
    starts = {k: rng.normal(size=(2, 3)) for k in runs.states}
    run = forward(runs, program, floats(), params, inputs, starts)
    by_lag, _ = contributions(adj, floats(), run)
    found = of_the_end(adj, floats(), run, lambda part: float(np.linalg.norm(part)))
    for name, sizes_ in found.items():
        expected = [np.linalg.norm(by_lag[name][k, 4 - k].sum(0)) for k in range(5)]
        np.testing.assert_allclose(sizes_, expected, rtol=1e-12, atol=1e-15)


def test_bounds_beyond_all_floats() -> None:
    report = flow(cell("elman-vector"), 100, gain=1e10, dims={"n": 2, "m": 1})
    assert report.bounds["h"].values[0] == float("inf")
    printed = json.dumps(report.json(), allow_nan=False)
    assert json.loads(printed)["bounds"]["h"]["values"][0] is None
    small = flow(cell("elman"), 100, params={"w": 1e-200}).bounds["h"].values
    assert 0 < small[0] < 1e-300 and flow(cell("elman"), 3, gain=0.0).bounds["h"].values[0] == 0


@pytest.mark.parametrize("columns", [34, 60, 80])
def test_charts_fit_their_terminal(columns: int) -> None:
    for name in ("balanced", "exploding", "latching"):
        lines = scenario(name, 30).text(columns=columns).splitlines()
        assert max(map(len, lines)) <= columns
        assert all(line == line.rstrip() for line in lines)
    assert "no lag has a share" in " ".join(scenario("exploding", 5).text(columns=80).split())
