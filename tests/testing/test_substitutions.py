"""Slips in which one value stands where another belongs, in code as people write it."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pytest

from bptt_sym.testing.check import run
from bptt_sym.testing.draw import cases
from bptt_sym.testing.mistakes import library
from bptt_sym.testing.models import named_model
from bptt_sym.testing.score import score_inputs

Array = Any


def sigmoid(a: Array) -> Array:
    return 1.0 / (1.0 + np.exp(-a))


def gru(p: Any, bug: str = "") -> dict[str, Array]:
    """h_t = (1 - z_t) g_t + z_t h_{t-1}, the reset before the product; rows r, z, g."""
    w, u, b, v, c = (p.params[k] for k in "WUbVc")
    steps, batch = p.mask.shape
    n = u.shape[1]
    h = np.zeros((steps + 1, batch, n), p.dtype)
    h[0] = p.h0
    r, z, g = (np.zeros((steps, batch, n), p.dtype) for _ in range(3))
    for t in range(steps):
        a = p.x[t] @ w.T + b
        r[t] = sigmoid(a[:, :n] + h[t] @ u[:n].T)
        z[t] = sigmoid(a[:, n : 2 * n] + h[t] @ u[n : 2 * n].T)
        g[t] = np.tanh(a[:, 2 * n :] + (r[t] * h[t]) @ u[2 * n :].T)
        h[t + 1] = (1 - z[t]) * g[t] + z[t] * h[t]
    e = (h[1:] @ v.T + c - p.targets) * (p.mask * p.loss_weights[:, None])[..., None]
    out = {"V": np.einsum("tbo,tbh->oh", e, h[1:]), "c": e.sum((0, 1))}
    dw, du, db = np.zeros_like(w), np.zeros_like(u), np.zeros_like(b)
    dh = np.zeros_like(h[0])
    for t in reversed(range(steps)):
        if bug == "cut by the mask":
            dh = dh * p.mask[t][:, None]
        if bug == "cut every third step" and (t + 1) % 3 == 0:
            dh = 0 * dh
        dh = dh + e[t] @ v
        dz = dh * (-g[t] if bug == "dz without h" else h[t] - g[t])
        dag = dh * (z[t] if bug == "z for 1 - z" else 1 - z[t]) * (1 - g[t] ** 2)
        back = dag @ u[2 * n :]
        dr = back * (h[t + 1] if bug == "h_t for h_t-1" else h[t])
        slope = z[t] * (1 - z[t])
        dar = dr * (slope if bug == "slope of z in r" else r[t] * (1 - r[t]))
        da = np.concatenate([dar, dz * slope, dag], 1)
        dw += da.T @ p.x[t]
        db += da.sum(0)
        du[: 2 * n] += da[:, : 2 * n].T @ h[t]
        du[2 * n :] += dag.T @ (h[t] if bug == "dU_g without r" else r[t] * h[t])
        ur, uz = u[:n], u[n : 2 * n]
        if bug == "U_r and U_z exchanged":
            ur, uz = uz, ur
        dh = dh * z[t] + back * r[t] + dar @ ur + (dz * slope) @ uz
    if bug == "weight decay":
        du += 1e-3 * u
    if bug == "b summed":
        db[:] = db.sum()
    out |= {"W": dw, "U": du, "b": db}
    return out | ({"h0": dh.sum(0)} if p.learned else {})


@pytest.mark.parametrize(
    ("bug", "said"),
    [
        ("dz without h", "one of the paths from z_t through h (by z_t times h_{t-1}) is dropped"),
        ("z for 1 - z", "z_t stands for 1 - z_t on the way to g_t"),
        ("h_t for h_t-1", "h_t stands for h_{t-1} on the way to r_t"),
        ("slope of z in r", "taken at z's argument, in r"),
        ("dU_g without r", "h_{t-1} stands for r_t h_{t-1} in the outer product of U_g"),
        ("U_r and U_z exchanged", "the matrices of gates r and z are exchanged on the way back"),
        ("weight decay", "dU: 0.001 times U is added (weight decay)"),
        ("b summed", "db: every entry of b is the sum of all"),
        ("cut by the mask", "what is carried back is cut where the mask is 0"),
        ("cut every third step", "the chain of states is cut every 3 steps"),
    ],
)
def test_the_slip_is_named(bug: str, said: str) -> None:
    report = run(partial(gru, bug=bug), "gru")
    assert not report.ok
    assert any(said in d.text() for d in report.diagnoses), [d.text() for d in report.diagnoses]


def test_without_a_slip_nothing_is_said() -> None:
    assert run(gru, "gru").ok


def test_inputs_that_hide_the_start_are_scored_for_it() -> None:
    """A mistake of the initial state's gradient alone counts, and is seen."""
    p = next(iter(cases(named_model("elman"))))
    known = [m.code for m in library(p.model) if m.code.startswith("short-")]
    assert known and not set(known) & {code for code, _ in score_inputs(p).missed}
