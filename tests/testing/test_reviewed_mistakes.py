"""Mistakes that a reviewer finds: ends of loops, carries, factors, what later calls use again."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pytest

from bptt_sym.errors import ModelError
from bptt_sym.read import recurrence_from_latex
from bptt_sym.testing import from_torch, model_of, named_model, run
from bptt_sym.testing.draw import draw
from bptt_sym.testing.evidence import CLOSE, Evidence, distance
from bptt_sym.testing.fits import pairs
from bptt_sym.testing.functions import judge_pair
from bptt_sym.testing.made_before import far
from bptt_sym.testing.mistakes import library
from bptt_sym.testing.models import MODELS
from bptt_sym.testing.problems import Problem
from tests.nightly import some
from tests.testing import hand_written
from tests.testing.hand_written import module, said

own = module("reviewed_changes")
changed, model = partial(hand_written.changed, own), partial(hand_written.model, own)


@pytest.mark.parametrize(
    ("name", "bug", "words"),
    [
        ("elman_class", "first step left out", "dh0, dx: the loop back ends before the first step"),
        ("elman_class", "norm clipped per carry", "rescaled to norm 0.2 at most"),
        ("elman_class", "targets divided by T", "the mean over the steps is taken"),
        ("elman_class", "the layer is kept between calls", "a call keeps something that the next"),
        ("lstm_steps", "loss gradient at each step also of later steps",
         "through y passes back what it does at all later steps as well"),
        ("lstm_steps", "dx in reversed time", "dx: the gradients of the inputs stand in the rev"),
        ("gru_arrays", "dr before the product",
         "stands before the transposed matrix, not behind it, on the way to r_t"),
        ("lstm_side_by_side", "columns of x for h", "the last columns of [U, W, b] are taken for"),
        ("two_layers", "carries exchanged", "carried back to a and to h is exchanged"),
        ("slow_memory", "memory's decay forgotten", "the factor 1/2 is lost on the way to m_{t-1}"),
    ],
)  # fmt: skip
def test_it_is_named(name: str, bug: str, words: str) -> None:
    text = said(changed(name, bug), model(name))
    assert words in text
    assert "no known mistake" not in text


@pytest.mark.parametrize(
    ("file", "name", "bug", "words"),
    [
        ("supplied", "block_lstm", "Jacobian transposed",
         "the Jacobian of (c, h) of a step is transposed once too often"),
        ("supplied", "block_lstm", "Jacobian of the step after", "of the step after is taken"),
        ("posted", "multiplied", "factor of the state before", "B [h_{t-1} of the step before]"),
        ("posted", "multiplied", "direct input by the product", "the gradient of D is Σ_t (C d("),
    ],
)  # fmt: skip
def test_left_over_ones_are_named(file: str, name: str, bug: str, words: str) -> None:
    made = module(f"{file}_changes")
    change = next((old, new) for n, b, old, new in made.EDITS if (n, b) == (name, bug))
    cell = made.RIGHT[name][0]
    whole = named_model(cell) if cell in MODELS else model_of(made.recurrence(cell))
    assert words in said(made.changed(name, *change), whole)


def test_rows_of_the_gate_after_are_named() -> None:
    rows = ("ar[t] @ Ur + az[t] @ Uz", "ar[t] @ Uz + az[t] @ Ug")
    text = said(own.changed("gru_arrays", *rows), "gru")
    assert "takes the recurrent matrix of the gate after it on the way back (g its own)" in text


@pytest.mark.parametrize(
    ("name", "bug", "words"),
    some([
        ("flat", "order of the flat vector", "24 to 27, then 40 to 48, then 28 to 39, then 49 to"),
        ("flat", "columns first", "column by column: entries 0 to 7, 8 to 23, 28 to 39, 40 to 48"),
        ("flat", "2 of the square forgotten", "the exponent of `(h @ V.T - y[t]) ** 2`"),
        ("translate", "batch mean forgotten", "the division in `0.5 * "),
        ("translate", "gate's slope at the wrong place", "v (1 − y) stands for the derivative"),
        ("norm_lstm", "variance for the deviation", "is divided by its second operand twice"),
        ("peephole", "peepholes not on the way back", '`p["pi"] * c` (line'),
        ("peephole", "dropout without its scale", "1 where it is not 0 stands for the second"),
        ("peephole", "dropout on the carry too", "multiplied by the second factor of `h * KEEP`"),
    ], 4),
)  # fmt: skip
def test_it_is_named_in_a_pair(name: str, bug: str, words: str) -> None:
    made = changed(f"{name}_gradient", bug)
    params, x, y = own.point(name)
    found = judge_pair(lambda q: own.LOSSES[name](q, x, y), lambda q: made(q, x, y), params)
    assert [f.message for f in found if f.code == "explained" and words in f.message], found


def test_a_mean_over_another_axis_is_named() -> None:
    def loss(p: Any) -> Any:
        a = p["A"] - p["A"].mean(1, keepdims=True)
        return (np.tanh(a) ** 2).sum()

    def gradient(p: Any, axis: int) -> Any:
        y = np.tanh(p["A"] - p["A"].mean(1, keepdims=True))
        d = 2 * y * (1 - y**2)
        return {"A": d - d.mean(axis, keepdims=True)}

    point = {"A": np.random.default_rng(2).normal(size=(3, 5))}
    assert judge_pair(loss, lambda p: gradient(p, 1), point) == []
    found = judge_pair(loss, lambda p: gradient(p, 0), point)
    assert [f for f in found if "is taken over axis 0 on the way back, not over" in f.message]


def test_parts_of_a_vector_that_are_wrong_are_not_said_to_be_elsewhere() -> None:
    def loss(p: Any) -> Any:
        W, U = p["v"][:6].reshape(2, 3), p["v"][6:10].reshape(2, 2)
        return (np.tanh(W @ np.arange(3.0) + U @ np.ones(2)) ** 2).sum()

    def gradient(p: Any) -> Any:
        W, U = p["v"][:6].reshape(2, 3), p["v"][6:10].reshape(2, 2)
        y = np.tanh(W @ np.arange(3.0) + U @ np.ones(2))
        d = 2 * y * (1 - y**2)
        return {"v": np.concatenate([np.outer(d, np.arange(3.0)).ravel(), np.outer(d, d).ravel()])}

    point = {"v": np.random.default_rng(4).normal(size=10)}
    found = judge_pair(loss, gradient, point)
    assert found
    assert not [f for f in found if "another order" in f.message or "column by" in f.message]


def test_gates_exchanged_where_they_are_saved_change_their_complements_too() -> None:
    loop = "    for t in range(T)[::-1]:\n"
    text = said(own.changed("gru_arrays", loop, f"    r, z = z, r\n{loop}"), "gru")
    assert "r_t and z_t are exchanged where they are saved" in text


def test_what_mistakes_made_is_compared_all_at_once_as_one_by_one() -> None:
    problem = draw(named_model("elman"), 5, steps=2, batch=1)
    e = Evidence(problem, {k: 2 * v.astype(float) for k, v in problem.exact.items()}, ())
    some = library(problem.model)[:120]
    made = [e.made(m) for m in some]
    out = far(problem, e.given, ["W", "U"], CLOSE)
    for mistake, wrong in zip(some, made, strict=True):
        near = wrong and all(distance(e, n, wrong[n]) <= CLOSE for n in "WU")
        assert (mistake in out) != bool(near), mistake.code
    assert 0 < len(out) < len(some)


def test_a_sum_of_two_multiples_is_found_in_a_table() -> None:
    table = np.random.default_rng(3).normal(size=(400, 9))
    target = 0.5 * table[7] - 3 * table[390]
    assert list(pairs(table, target, 1e-7)) == [(7, 390, 0.5, -3.0)]
    assert list(pairs(table, target + 1e-3, 1e-7)) == []
    # Two rows that are the same up to a factor tell nothing of each other.
    table[391] = 2 * table[390]
    assert {p[:2] for p in pairs(table, target, 1e-7)} == {(7, 390), (7, 391)}


def test_a_value_activated_twice_is_named() -> None:
    pytest.importorskip("torch")
    text = said(from_torch(changed("torch_lstm_cell", "tanh of c saved as c")()), "lstm")
    assert "tanh(tanh(c_t)) stands for tanh(c_t) on the way to o_t" in text


def test_a_gradient_that_does_not_come_back_is_not_a_path_dropped() -> None:
    pytest.importorskip("torch")
    text = said(from_torch(changed("torch_lstm_cell", "None for x")()), "lstm")
    assert text.startswith("dx: no gradient comes back to it (None)")
    # What else is wrong for that reason has the reason's own name.
    text = said(from_torch(changed("torch_lstm_cell", "None for h")()), "lstm")
    assert text.startswith("dW, dU, db, dc0, dh0, dx: every path from h_{t-1} is dropped")


STACK = recurrence_from_latex(
    [r"a_t = \tanh(W x_t + U a_{t-1} + b)", r"h_t = \tanh(R a_t + S h_{t-1} + d)"],
    shapes={"x": ("m",), "W": ("n", "m"), **dict.fromkeys("ahbd", ("n",)),
            **dict.fromkeys("URS", ("n", "n"))},
)  # fmt: skip


def stacked(t: dict[str, Any], problem: Problem, *, cut: bool = False) -> dict[str, Any]:
    """Two layers in PyTorch; with ``cut`` the upper one does not train the lower one."""
    import torch

    a, h = t["a0"], t["h0"]
    lower, upper = [], []
    for x in t["x"]:
        a = torch.tanh(x @ t["W"].T + a @ t["U"].T + t["b"])
        h = torch.tanh((a.detach() if cut else a) @ t["R"].T + h @ t["S"].T + t["d"])
        lower.append(a)
        upper.append(h)
    return {"a": torch.stack(lower), "h": torch.stack(upper)}


def test_layers_of_pytorch_are_compared_where_the_loss_compares_them() -> None:
    pytest.importorskip("torch")
    assert run(from_torch(stacked), STACK).ok

    def top(t: dict[str, Any], problem: Problem) -> Any:
        return stacked(t, problem)["h"]

    upper = model_of(STACK, outputs=("h",))
    assert run(from_torch(top), upper).ok
    # Outputs of one layer are not compared with the targets of both.
    (found,) = run(from_torch(top), STACK).findings
    assert found.code == "raised"
    assert "the loss compares a, h" in found.message
    text = said(from_torch(lambda t, p: stacked(t, p, cut=True)), STACK)
    assert "the path from a_t through h is dropped" in text
    with pytest.raises(ModelError, match="defines no 'z'; it defines a, h"):
        model_of(STACK, outputs=("z",))


def test_right_code_that_keeps_a_buffer_is_not_accused() -> None:
    buffers: dict[tuple[int, ...], Any] = {}

    def gradient(p: Problem) -> dict[str, Any]:
        h = buffers.setdefault((p.steps + 1, *p.h0.shape), np.empty((p.steps + 1, *p.h0.shape)))
        h[0] = p.h0
        W, U, b, V, c = (p.params[k] for k in "WUbVc")
        for t in range(p.steps):
            h[t + 1] = np.tanh(p.x[t] @ W.T + h[t] @ U.T + b)
        e = (h[1:] @ V.T + c - p.targets) * (p.mask * p.loss_weights[:, None])[..., None]
        g = {"V": np.einsum("tbo,tbh->oh", e, h[1:]), "c": e.sum((0, 1))}
        g |= {k: np.zeros_like(p.params[k]) for k in "WUb"}
        dh = np.zeros_like(h[0])
        for t in reversed(range(p.steps)):
            da = (dh + e[t] @ V) * (1 - h[t + 1] ** 2)
            g["W"] += da.T @ p.x[t]
            g["U"] += da.T @ h[t]
            g["b"] += da.sum(0)
            dh = da @ U
        return g | ({"h0": dh.sum(0)} if p.learned else {})

    assert run(gradient, "elman", explain=False).ok
