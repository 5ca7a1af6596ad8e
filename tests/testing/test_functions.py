"""Pairs of a loss and its gradient, scores of inputs, and PyTorch code."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bptt_sym.errors import InputError
from bptt_sym.testing import (
    Problem,
    assert_gradient,
    assert_pair,
    from_module,
    from_torch,
    judge,
    named_model,
    run,
    score_inputs,
)
from bptt_sym.testing.by_use import _subset
from bptt_sym.testing.draw import draw
from bptt_sym.testing.functions import PairError, directional, judge_pair
from tests.testing.hand_written import module

fg = module("foreign_gradients")


def loss(p: dict[str, np.ndarray]) -> float:
    return (np.tanh(p["A"] @ p["b"]) ** 2).sum()


def grad(p: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    y = np.tanh(p["A"] @ p["b"])
    d = 2 * y * (1 - y**2)
    return {"A": np.outer(d, p["b"]), "b": p["A"].T @ d}


POINT = {"A": np.array([[0.3, -1.0], [0.7, 0.2]]), "b": np.array([0.5, -0.4])}


@pytest.mark.parametrize(
    ("bug", "words"),
    [
        ("mean taken as constant", "`a.mean(1, keepdims=True)` (line"),
        ("deviation taken as constant", "it is taken to be constant"),
        ("not divided by the deviation", "the division in `a / np.sqrt("),
        ("gain forgotten", "the first factor of `p[\"gain\"] * n` (line"),
        ("gain's gradient of the last step", "of the 4 uses in `p[\"gain\"] * n`"),
        ("U not transposed", "the matrix of `h @ p[\"U\"].T` (line"),
        ("carried nothing", "passes nothing back to its first operand"),
        ("Vf and Vr exchanged", "what is given for Vf is the gradient of Vr"),
        ("second direction without carry", "`r[-1] @ p[\"Ur\"].T` (line"),
    ],
)
def test_what_is_wrong_with_any_loss_is_said_where_it_stands(bug: str, words: str) -> None:
    name, old, new = next((n, o, w) for n, b, o, w in fg.EDITS if b == bug)
    made, (params, x, y) = fg.changed(name, old, new), fg.point(fg.RIGHT[name][0])
    losses = fg.LOSSES[fg.RIGHT[name][0]]
    found = judge_pair(lambda p: losses(p, x, y), lambda p: made(p, x, y), params)
    assert words in next(f.message for f in found if f.code == "explained")


@pytest.mark.parametrize(("code", "cell"), [("normed_gradient", "normed"),
                                            ("two_ways_gradient", "two_ways")])  # fmt: skip
def test_right_gradients_of_other_cells_pass(code: str, cell: str) -> None:
    params, x, y = fg.point(cell)
    made = fg.RIGHT[code][1]
    assert judge_pair(lambda p: fg.LOSSES[cell](p, x, y), lambda p: made(p, x, y), params) == []


def test_losses_that_are_left_out_are_named_and_two_slips_are_not_one() -> None:
    def losses(p: dict[str, np.ndarray]) -> np.ndarray:
        return np.stack([(np.tanh(k * p["A"] @ p["b"]) ** 2).sum() for k in (1.0, 2.0, 3.0)])

    def some(p: dict[str, np.ndarray], ks: tuple[float, ...]) -> dict[str, np.ndarray]:
        ys = [np.tanh(k * p["A"] @ p["b"]) for k in ks]
        d = sum(2 * k * y * (1 - y**2) for k, y in zip(ks, ys, strict=True))
        return {"A": np.outer(d, p["b"]), "b": p["A"].T @ d}

    assert judge_pair(losses, lambda p: some(p, (1.0, 2.0, 3.0)), POINT) == []
    found = judge_pair(losses, lambda p: some(p, (2.0, 3.0)), POINT)
    assert found[-1].message == "the loss of the first step is missing"

    def two_slips(p: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        g = some(p, (2.0, 3.0))
        return {"A": g["A"] + 0.1 * p["A"] ** 3, "b": g["b"]}

    codes = [f.code for f in judge_pair(losses, two_slips, POINT)]
    assert set(codes) == {"value", "unexplained"}


def test_a_right_pair_passes_with_and_without_complex_numbers() -> None:
    assert_pair(loss, grad, POINT)
    assert directional(loss, POINT, {"b": np.ones(2)}).method == "complex step"

    def real_only(p: dict[str, np.ndarray]) -> float:
        return float(np.asarray(loss(p), float))

    assert_pair(real_only, grad, POINT)
    slope = directional(real_only, POINT, {"b": np.ones(2)})
    assert slope.method != "complex step"
    assert abs(slope.value - grad(POINT)["b"].sum()) <= slope.error < 1e-6


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda g: {**g, "A": g["A"].T}, "the transpose of the gradient"),
        (lambda g: {**g, "b": 0.5 * g["b"]}, "0.5 times the gradient"),
        (lambda g: {"A": g["A"]}, "not in the returned gradient"),
        (lambda g: {**g, "b": g["b"] * (1 + 1e-6)}, "db["),
        (lambda g: {**g, "b": g["b"] * np.nan}, "not finite"),
    ],
)
def test_a_wrong_pair_is_told_what_is_wrong(change, words: str) -> None:
    with pytest.raises(PairError, match=words.replace("[", r"\[")):
        assert_pair(loss, lambda p: change(grad(p)), POINT)


def test_a_conjugating_loss_does_not_fool_the_complex_step() -> None:
    def norm(p: dict[str, np.ndarray]) -> float:
        return (np.abs(p["b"]) ** 2).sum()

    assert_pair(norm, lambda p: {"b": 2 * p["b"]}, {"b": POINT["b"]})


SPREADS: dict[str, Any] = {
    "var": lambda a: np.sqrt(a.var(1, keepdims=True)),
    "np.var": lambda a: np.sqrt(np.var(a, axis=1, keepdims=True)),
    "std": lambda a: a.std(axis=-1, keepdims=True),
    "np.std": lambda a: np.std(a, 1, ddof=1, keepdims=True) * np.sqrt(2 / 3),
    "norm": lambda a: np.linalg.norm(a - a.mean(1, keepdims=True), axis=1, keepdims=True) / 3**0.5,
}


@pytest.mark.parametrize("spread", SPREADS)
def test_layers_are_normalised_by_any_of_numpys_spreads(spread: str) -> None:
    def made(p: Any) -> Any:
        a = np.tanh(p["x"]) @ p["W"].T
        return (p["y"] * ((a - a.mean(1, keepdims=True)) / SPREADS[spread](a))).sum()

    def back(p: Any, *, spread_moves: bool) -> Any:
        x = np.tanh(p["x"])
        a = x @ p["W"].T
        s = a.std(1, keepdims=True)
        u = (a - a.mean(1, keepdims=True)) / s
        du = p["y"] * 1.0
        da = du - du.mean(1, keepdims=True)
        da = (da - spread_moves * u * (du * u).mean(1, keepdims=True)) / s
        return {"W": da.T @ x, "y": u, "x": (da @ p["W"]) * (1 - x * x)}

    rng = np.random.default_rng(4)
    point = {"W": rng.normal(size=(3, 2)), "y": rng.normal(size=(4, 3)),
             "x": rng.normal(size=(4, 2))}  # fmt: skip
    assert directional(made, point, {"W": np.eye(3, 2)}).method == "complex step"
    assert not judge_pair(made, lambda p: back(p, spread_moves=True), point)
    found = judge_pair(made, lambda p: back(p, spread_moves=False), point)
    assert [f.message for f in found if f.code == "explained" and "nothing back" in f.message]


def test_where_the_complex_step_fails_nothing_is_explained_by_it() -> None:
    def conjugated(p: dict[str, np.ndarray]) -> Any:
        return np.conj(p["b"]) @ np.tanh(p["b"])

    def as_if(p: dict[str, np.ndarray]) -> Any:
        return {"b": p["b"] * (1 - np.tanh(p["b"]) ** 2) - np.tanh(p["b"])}

    found = judge_pair(conjugated, as_if, {"b": np.array([0.5, -1.0, 0.3])})
    # Nothing by the operations of the loss; the sign in the source is what is wrong.
    assert [f.code for f in found] == ["value", "explained"]
    assert "with one change of the source" in found[1].message and "+ np.tanh" in found[1].message


def test_weak_inputs_score_low_and_good_ones_high() -> None:
    model = named_model("elman")
    weak = draw(model, 1, regime="tiny", steps=4, batch=1, zero_start=True)
    good = draw(model, 1, regime="generic", steps=6, batch=3, masked=True, weighted=True)
    low = score_inputs(weak, rtol=1e-3, atol=1e-5)
    high = score_inputs(good)
    assert low.caught < 0.75 * low.total
    assert high.caught > 0.85 * high.total
    assert low.total == high.total and len(low.missed) == low.total - low.caught
    assert ("start-forgotten", "the initial state is taken to be 0") in low.missed


def test_given_inputs_are_scored_or_refused() -> None:
    from bptt_sym.testing.score import score_given

    p = draw(named_model("elman"), 1, steps=4, batch=2)
    fields = {"params": p.params, "x": p.x, "targets": p.targets, "h0": p.h0}
    # The numbers say nothing of masks: two mistakes about them cannot show.
    assert score_given(fields, "elman").caught == score_given(p, "elman").caught
    with pytest.raises(InputError, match="params, x and targets"):
        score_given({"x": p.x}, "elman")
    with pytest.raises(InputError, match="do not fit"):
        score_given({**fields, "params": {"W": p.params["W"]}}, "elman")


def test_module_and_function_by_name() -> None:
    with pytest.raises(InputError, match="cannot be imported"):
        run("no_such_module:f", "elman")
    with pytest.raises(InputError, match="MODULE:FUNCTION"):
        run("bptt_sym", "elman")
    with pytest.raises(InputError, match="no cell"):
        run("bptt_sym.testing.mistakes:right", "elmann")
    assert run("bptt_sym.testing.mistakes:right", "lstm-vector").ok


def test_jax_custom_vjp() -> None:
    jax = pytest.importorskip("jax", reason="JAX is not installed")
    jax.config.update("jax_enable_x64", True)
    from bptt_sym.testing import from_jax

    def outputs(bug: bool):
        @jax.custom_vjp
        def act(a):
            return jax.numpy.tanh(a)

        def back(h, g):
            return (g * (1 - h if bug else 1 - h * h),)

        act.defvjp(lambda a: (jax.numpy.tanh(a),) * 2, back)

        def run_(p, problem: Problem):
            h = p["h0"] * jax.numpy.ones((problem.batch, 1))
            ys = []
            for x in p["x"]:
                h = act(x @ p["W"].T + h @ p["U"].T + p["b"])
                ys.append(h @ p["V"].T + p["c"])
            return jax.numpy.stack(ys)

        return run_

    # Few steps: without jit every call traces anew.
    problem = draw(named_model("elman"), 2, steps=2, batch=1)
    assert assert_gradient(problem, from_jax(outputs(False))) is None
    # It is named by its numbers, as PyTorch's is below: not one call of JAX more.
    report = judge(problem, from_jax(outputs(True)), explain=False)
    assert {m.name for m in report.mismatches} == {"W", "U", "b", "h0", "x"}


class TestTorch:
    """Only where PyTorch is installed."""

    @pytest.fixture(autouse=True)
    def _torch(self) -> None:
        pytest.importorskip("torch", reason="PyTorch is not installed")

    def test_autograd_function(self) -> None:
        import torch

        def cell(bug: bool):
            class Step(torch.autograd.Function):
                @staticmethod
                def forward(ctx, a):
                    h = torch.tanh(a)
                    ctx.save_for_backward(h)
                    return h

                @staticmethod
                def backward(ctx, g):
                    (h,) = ctx.saved_tensors
                    return g * (1 - h) if bug else g * (1 - h * h)

            def outputs(p, problem: Problem):
                h = p["h0"]
                ys = []
                for x in p["x"]:
                    h = Step.apply(x @ p["W"].T + h @ p["U"].T + p["b"])
                    ys.append(h @ p["V"].T + p["c"])
                return torch.stack(ys)

            return outputs

        assert run(from_torch(cell(False)), "elman").ok
        report = run(from_torch(cell(True)), "elman")
        assert "the square or the factor y is lost" in report.text()

    def test_module(self) -> None:
        import torch
        from torch import nn

        class Net(nn.Module):
            def __init__(self, p: Problem) -> None:
                super().__init__()
                d = p.dims
                self.rnn = nn.LSTM(d["I"], d["H"])
                self.out = nn.Linear(d["H"], d["O"])

            def forward(self, x, h0, c0):
                y, _ = self.rnn(x, (h0[None].contiguous(), c0[None].contiguous()))
                return self.out(y)

        names = {
            "W": "rnn.weight_ih_l0",
            "U": "rnn.weight_hh_l0",
            "b": ("rnn.bias_ih_l0", "rnn.bias_hh_l0"),
            "V": "out.weight",
            "c": "out.bias",
        }
        gradient = from_module(Net, names, gates="ifgo")
        p = draw(named_model("lstm"), 3, steps=4, batch=2)
        assert_gradient(p, gradient)
        assert run(gradient, "lstm").ok
        swapped = from_module(Net, names, gates="fiog")
        assert "the weights are read in the order i, f, g, o" in run(swapped, "lstm").text()
        del torch


@settings(max_examples=30)
@given(st.integers(0, 2**32 - 1), st.integers(2, 14), st.data())
def test_a_subset_of_columns_is_found_by_its_sum(seed: int, count: int, data: Any) -> None:
    """And nothing where no subset has the sum; columns that are 0 take no part."""
    columns = np.random.default_rng(seed).normal(size=(4, count))
    dead = data.draw(st.integers(0, count - 1))
    columns[:, dead] = 0.0
    chosen = np.array(data.draw(st.lists(st.booleans(), min_size=count, max_size=count)))
    chosen[dead] = False
    found = _subset(columns, columns @ chosen)
    if chosen.any():
        assert found is not None and (found == chosen).all()
    else:
        assert found is None
    assert _subset(columns, columns @ chosen + 0.5) is None


class Pair(NamedTuple):
    W: Any
    b: Any


def layer(p: Any) -> Any:
    return (np.tanh(p[0] @ np.array([1.0, 2.0]) + p[1]) ** 2).sum()


def layer_back(p: Any) -> list[Any]:
    y = np.tanh(p[0] @ np.array([1.0, 2.0]) + p[1])
    d = 2 * y * (1 - y * y)
    return [np.outer(d, [1.0, 2.0]), d]


WEIGHTS = [np.array([[0.5, -1.0], [0.2, 0.3]]), np.array([0.1, 0.2])]


@pytest.mark.parametrize(
    ("build", "read", "name"),
    [
        (lambda v: v, lambda p: p, "params[1]"),
        (tuple, lambda p: p, "params[1]"),
        (lambda v: Pair(*v), lambda p: p, "params[1]"),
        (lambda v: {"l": v}, lambda p: p["l"], "l[1]"),
        (lambda v: [{"W": v[0], "b": v[1]}], lambda p: list(p[0].values()), "params[0].b"),
        (lambda v: {"a": {"W": v[0]}, "b": v[1], "name": "x", "no": None},
         lambda p: [p["a"]["W"], p["b"]], "b"),
    ],
)  # fmt: skip
def test_parameters_within_each_other(build: Any, read: Any, name: str) -> None:
    def loss(p: Any) -> Any:
        return layer(read(p))

    def grad(p: Any, factor: float = 1.0) -> Any:
        w, b = layer_back(read(p))
        return build([w, factor * b])

    assert judge_pair(loss, grad, build(WEIGHTS)) == []
    found = judge_pair(loss, lambda p: grad(p, 2.0), build(WEIGHTS))
    assert found[0].message.startswith(f"d{name}[")
    assert "2 times the gradient" in found[0].message


def test_a_bare_array_and_whole_numbers() -> None:
    def square(p: Any) -> Any:
        return (p * p).sum()

    assert judge_pair(square, lambda p: 2 * p, WEIGHTS[0]) == []
    assert judge_pair(square, lambda p: 3 * p, WEIGHTS[0])[0].message.startswith("dparams[")
    assert judge_pair(square, lambda p: 2 * p, 3) == []
    # A size has no gradient, and a parameter that is given as a whole number has one.
    sized = {"w": WEIGHTS[1], "n": 1, "at": np.array([1, 0])}
    assert judge_pair(
        lambda p: square(p["w"][p["at"]][: p["n"]]),
        lambda p: {"w": 2 * p["w"] * (p["at"] < p["n"])}, sized,
    ) == []  # fmt: skip
    found = judge_pair(
        lambda p: square(p["w"] * p["v"]), lambda p: {"w": 2 * p["w"] * p["v"] ** 2},
        {"w": WEIGHTS[1], "v": np.array([2, 3])},
    )  # fmt: skip
    assert [f.code for f in found] == ["missing"]
    found = judge_pair(
        lambda p: layer(p["l"]), lambda p: {"l": layer_back(p["l"])[0]}, {"l": WEIGHTS}
    )
    assert "the gradient of l is ndarray, no list" in found[0].message
    with pytest.raises(InputError, match="w is complex"):
        judge_pair(lambda p: square(abs(p["w"])), lambda p: p, {"w": np.array([1j])})


def test_a_loss_in_single_precision() -> None:
    def loss(p: Any) -> Any:
        return (np.tanh(p["w"].astype(np.float32)) ** 2).sum()

    def grad(p: Any) -> Any:
        w = p["w"].astype(np.float32)
        return {"w": 2 * np.tanh(w) / np.cosh(w) ** 2}

    assert judge_pair(loss, grad, {"w": WEIGHTS[1]}) == []
    found = judge_pair(loss, lambda p: {"w": 1.01 * grad(p)["w"]}, {"w": WEIGHTS[1]})
    assert [f.code for f in found] == ["value", "unexplained"]


def test_names_that_a_module_does_not_have() -> None:
    nn = pytest.importorskip("torch", reason="torch is not installed").nn

    def make(p: Problem) -> Any:
        return nn.GRU(p.dims["I"], p.dims["H"])

    for names, gates, words in (
        ({"W": "weight"}, "rzg", "the module has no 'weight'; it has weight_ih_l0, weight_hh_l0"),
        ({"Wx": "weight_ih_l0"}, "rzg", "gru has no parameter 'Wx'; it has W, U, b, V, c"),
        ({"W": "weight_ih_l0"}, "rzn", "gates='rzn': the gates of gru are r, z, g"),
    ):
        report = run(from_module(make, names, gates=gates), "gru")
        assert words in report.text()


def test_a_search_that_takes_too_long_is_ended_and_it_is_said(monkeypatch: Any) -> None:
    for name in ("FIRST_SECONDS", "SEARCH_SECONDS"):
        monkeypatch.setattr(f"bptt_sym.testing.pair_search.{name}", 0.0)
    monkeypatch.setattr("bptt_sym.testing.one_change.SECONDS", 0.0)
    rng = np.random.default_rng(1)
    point = {"A": rng.normal(size=(2, 3)), "b": rng.normal(size=3)}

    def wrong(p: Any) -> Any:
        return grad(p) | {"b": p["A"].T @ np.tanh(p["A"] @ p["b"])}

    found = judge_pair(loss, wrong, point)
    assert [f.code for f in found] == ["value", "unexplained"]
    assert found[1].message.startswith("no explanation was found; the search among the operations")
    assert "ended after 0 s of processor time" in found[1].message
    monkeypatch.undo()
    assert "unexplained" not in {f.code for f in judge_pair(loss, wrong, point)}


def test_what_the_search_overflows_is_no_warning(monkeypatch: Any) -> None:
    huge = np.full(2, 1e300)
    monkeypatch.setattr(
        "bptt_sym.testing.pair_search.explained", lambda *_: f"squares of {(huge * huge).size}"
    )
    found = judge_pair(lambda p: (p["w"] ** 2).sum(), lambda p: {"w": p["w"]}, {"w": np.ones(2)})
    assert found[-1].message == "squares of 2"
