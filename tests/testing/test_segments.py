"""Segments that are run again, shares of a matrix, a second mistake upon one on the way back."""

from typing import Any

import numpy as np
import pytest

from bptt_sym.read import recurrence_from_latex
from bptt_sym.testing import run
from bptt_sym.testing.compare import mismatches
from bptt_sym.testing.draw import draw
from bptt_sym.testing.mistakes import in_parts
from bptt_sym.testing.models import model_of, named_model
from bptt_sym.testing.problems import Problem
from bptt_sym.testing.segment_mistakes import segment_mistakes
from tests.testing.hand_written import module, said

Array = Any


def backward(p: Problem, how: str = "", every: int = 2) -> dict[str, Array]:
    """A simple network that keeps the state of every second step."""
    W, U, b, V, c = (p.params[k] for k in "WUbVc")
    kept, h = [], p.h0
    for t in range(p.steps):
        new = np.tanh(p.x[t] @ W.T + h @ U.T + b)
        if t % every == 0:
            kept.append(new if how == "later" else h)
        h = new
    g = {k: np.zeros_like(v) for k, v in p.params.items()}
    dh = np.zeros_like(h)
    for start in range((p.steps - 1) // every * every, -1, -every):
        if how != "left":
            h = kept.pop(0 if how == "order" else -1)
        if how == "zero":
            h = 0 * h
        hs = [h]
        for t in range(start, min(start + every, p.steps)):
            read = hs[0] if how == "kept" else hs[-1]
            hs.append(np.tanh(p.x[t] @ W.T + read @ U.T + b))
        h = hs[-1]
        for k in range(len(hs) - 1, 0, -1):
            t = start + k - 1
            read = hs[0] if how == "kept" else hs[k - 1]
            r = (hs[k] @ V.T + c - p.targets[t]) * (p.mask[t] * p.loss_weights[t])[:, None]
            g["V"] += r.T @ hs[k]
            g["c"] += r.sum(0)
            bar = dh + r @ V
            da = bar * (1 - hs[k] ** 2)
            g["W"] += da.T @ p.x[t]
            g["U"] += da.T @ (hs[k] if how == "two" else read)
            g["b"] += da.mean(0) if how == "mean" else da.sum(0)
            dh = (bar if how == "two" else da) @ U * (how != "mean")
            if how == "half":
                dh = dh.astype(np.float16).astype(p.dtype)
    return g | ({"h0": dh.sum(0)} if p.learned else {})


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ("zero", "each segment of 2 steps is run again for the way back, h begins with zeros"),
        ("order", "h begins with what was kept for the segments in the reverse order"),
        ("later", "h begins with the state a step later, kept after the step, not before it"),
        ("left", "h is not set back: it is what the segment run before has left"),
        ("kept", "h stays what it is at the beginning"),
        ("half", "what is carried back is rounded to float16"),
        ("two", "besides, the gradient of U is Σ_t (d(the argument of h)) (h_t)ᵀ"),
        ("mean", "lags ≥ 1 are missing; besides, the mean over the batch is taken"),
    ],
)
def test_what_is_wrong_with_segments_and_upon_another_mistake_is_said(how: str, words: str) -> None:
    report = run(lambda p: backward(p, how), "elman")
    assert words in report.text() and "no known mistake" not in report.text()


def test_right_segments_of_any_length_pass_and_a_begin_that_is_none_of_these_is_not_named() -> None:
    assert all(run(lambda p, k=k: backward(p, every=k), "elman").ok for k in (1, 2, 3, 50))

    def other(p: Problem) -> dict[str, Array]:
        # Begun with half of what was kept: none of the states that there are.
        wrong = p.replaced(initial={"h": p.h0 / 2 + 0.1}, params={
            k: v / 2 + 0.1 if k == "h0" else v for k, v in p.params.items()})  # fmt: skip
        return backward(wrong, every=2)

    assert {d.code for d in run(other, "elman").diagnoses} <= {"located", "one-change"}


def test_segments_are_of_every_state_and_of_each() -> None:
    codes = {m.code for m in segment_mistakes(named_model("lstm"))}
    assert {"segment-zero-every state-3", "segment-left-c-2", "segment-order-h-4"} <= codes


ANTISYMMETRIC = model_of(
    recurrence_from_latex(
        [r"h_t = \tanh((U - U^T) h_{t-1} + W x_t)"], name="antisymmetric",
        shapes={"h": ("n",), "U": ("n", "n"), "W": ("n", "m"), "x": ("m",)},
    )
)  # fmt: skip


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (lambda M: M, "the share of U^T in the gradient of U is missing"),
        (lambda M: M + M.T, "the share of U^T in the gradient of U has the wrong sign"),
        (lambda M: -M.T, "the share of U itself in the gradient of U is missing"),
        (lambda M: M - M.T, ""),
        # A near-miss: what is nobody's share.
        (lambda M: M - np.tril(M.T), "no known mistake"),
    ],
)
def test_shares_of_a_matrix_that_a_sum_takes_twice(made: Any, words: str) -> None:
    def gradient(p: Problem) -> dict[str, Array]:
        U, W = p.params["U"], p.params["W"]
        hs, x = [p.start("h")], p.series["x"]
        for t in range(p.steps):
            hs.append(np.tanh(hs[t] @ (U - U.T).T + x[t] @ W.T))
        seeds = (np.array(hs[1:]) - p.series[r"\hat{h}"]) * (
            p.mask * p.loss_weights[:, None])[..., None]  # fmt: skip
        M, dW, dh = 0 * U, 0 * W, 0 * hs[0]
        for t in reversed(range(p.steps)):
            da = (dh + seeds[t]) * (1 - hs[t + 1] ** 2)
            M, dW, dh = M + da.T @ hs[t], dW + da.T @ x[t], da @ (U - U.T)
        return {"U": made(M), "W": dW} | ({"h0": dh.sum(0)} if p.learned else {})

    report = run(gradient, ANTISYMMETRIC)
    assert (words in report.text()) if words else report.ok


@pytest.mark.parametrize(
    ("bug", "words"),
    [
        ("path through the cell is missing in dh/dh",
         "the path from c_t through h is dropped; so it is in what is carried back to h alone"),
        ("cell's row of the Jacobian by f alone",
         "what c carries back does not get further; so it is in what is carried back to h alone"),
        ("cell's cotangent does not reach weights",
         "what c carries back does not get further; so it is in the gradients of the parameters"),
    ],
)  # fmt: skip
def test_a_block_of_the_joint_jacobian_that_is_wrong_is_named(bug: str, words: str) -> None:
    own = module("supplied_changes")
    old, new = next((o, w) for n, b, o, w in own.EDITS if (n, b) == ("block_lstm", bug))
    assert words in said(own.changed("block_lstm", old, new), "lstm")


def test_mistakes_in_a_part_are_mistakes_and_not_what_is_wrong_everywhere() -> None:
    for cell in ("elman", "gru"):
        model = named_model(cell)
        p = draw(model, 5, steps=4, batch=2)
        every = [m for m in in_parts(model) if "fudge" not in m.code]
        assert len(every) > 40
        for mistake in every[:: max(1, len(every) // 40)]:
            bad = {m.name for m in mismatches(p, mistake.gradient(p))}
            assert bad, mistake.code
            assert "in-carry" not in mistake.code or not bad & {"V", "c"}, mistake.code
