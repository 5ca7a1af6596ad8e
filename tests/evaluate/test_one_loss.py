"""A loss of one sequence alone: what the others' cotangents are is only what later steps pass."""

from __future__ import annotations

import re
from inspect import signature
from typing import Any

import numpy as np
import pytest

from bptt_sym import evaluate
from bptt_sym import notation as n
from bptt_sym.errors import NotSupported
from bptt_sym.evaluate.adjoint import adjoint
from bptt_sym.evaluate.compiled import NumpyGradient
from bptt_sym.evaluate.domains import floats
from bptt_sym.evaluate.interpret import backward, forward
from bptt_sym.evaluate.lower import lower
from bptt_sym.read import recurrence_from_latex
from bptt_sym.recurrence import Recurrence
from tests.evaluate.random_cells import random_cell

SIZES = {"n": 3, "m": 2}
T_NOW = n.Idx("t")


def squares(name: str) -> n.Node:
    return n.Sum("t", n.num(1), n.Idx("T"), n.Pow(n.Norm(n.At(name, T_NOW), "2"), n.num(2)))


def written(*lines: str) -> Recurrence:
    """A recurrence in vectors s, v, h, a, e, inputs x, and matrices."""
    shapes = dict.fromkeys("svhae", ("n",)) | {"x": ("m",), "C": ("n", "m"), "A": ("n", "n")}
    used = {k: v for k, v in shapes.items() if re.search(rf"\b{k}\b|{k}_", "".join(lines))}
    return recurrence_from_latex(list(lines), name="pair", shapes=used)


#: h receives nothing but what later steps pass back; so does s, which no loop reads on.
CELLS: dict[str, tuple[Recurrence, str]] = {
    "oscillators": (written(r"s_t = \tanh(A h_{t-1} + C x_t)", r"v_t = v_{t-1} + e \odot s_t",
                            r"h_t = h_{t-1} + e \odot v_t"), "v"),
    "read once": (written(r"s_t = \tanh(C x_t + a)", r"h_t = \tanh(e \odot s_{t-1})"), "h"),
    "two back": (written(r"s_t = s_{t-2} + a \odot \tanh(C x_t)",
                         r"h_t = \tanh(A s_{t-2}) + e \odot h_{t-1}"), "h"),
}  # fmt: skip


def numbers(rec: Recurrence, loss: n.Node, steps: int, batch: int) -> tuple[Any, ...]:
    """Parameters, inputs, initial values, and the gradient by the slow interpreter."""
    rng = np.random.default_rng(steps)
    program = lower(rec, loss=loss)
    params = {k: rng.normal(size=[SIZES.get(d, 5) for d in rec.shape(k)]) / 2
              for k in rec.parameters}  # fmt: skip
    inputs = {"x": rng.normal(size=(steps, batch, 2))}
    lags = {op.attr[0]: 0 for op in program.ops if op.kind == "read"}
    for op in program.ops:
        if op.kind == "read":
            lags[op.attr[0]] = max(lags[op.attr[0]], op.attr[1])
    start = {s: rng.normal(size=(*([lag] if lag > 1 else []), batch, 3))
             for s, lag in lags.items() if lag}  # fmt: skip
    run = forward(rec, program, floats(), params, inputs, start)
    exact, _ = backward(adjoint(rec, program), floats(), run)
    return params, inputs, start, exact


def cases() -> list[Any]:
    out = [pytest.param(rec, state, id=name) for name, (rec, state) in CELLS.items()]
    for seed in range(30):
        rec = random_cell(seed)
        if "x" not in rec.inputs:
            continue
        out += [pytest.param(rec, s, id=f"{seed}-{s}") for s in rec.defined]
    return out


@pytest.mark.parametrize(("rec", "state"), cases())
def test_numpy(rec: Recurrence, state: str, monkeypatch: pytest.MonkeyPatch) -> None:
    f = evaluate.gradient(rec, loss=squares(state))
    for batch in (1, 2, 4):
        params, inputs, start, exact = numbers(rec, squares(state), 3, batch)
        for kind in ("as it chooses", "stacked", "apart", "large"):
            if kind != "as it chooses":
                monkeypatch.setattr(NumpyGradient, "_arrangement", lambda *_, k=kind: k)
            _, grads = f(params, inputs, start)
            for k, value in exact.items():
                np.testing.assert_allclose(grads[k], value, rtol=1e-9, atol=1e-11, err_msg=k)
        monkeypatch.undo()


@pytest.mark.parametrize("module", ["torch", "jax"])
@pytest.mark.parametrize("name", sorted(CELLS))
def test_other_source(name: str, module: str) -> None:
    library = pytest.importorskip(module, reason=f"{module} is not installed")
    if module == "jax":
        library.config.update("jax_enable_x64", True)
    make = library.tensor if module == "torch" else library.numpy.asarray
    rec, state = CELLS[name]
    params, inputs, start, exact = numbers(rec, squares(state), 4, 2)
    space: dict[str, Any] = {}
    exec(evaluate.source(rec, module, loss=squares(state)), space)
    sig = evaluate.gradient(rec, loss=squares(state)).signature
    table = params | inputs | {f"{k}0": v for k, v in start.items()}
    keys = [k for k, _ in [*sig.params, *sig.inputs]] + [f"{k}0" for k, _ in sig.initial]
    _, grads = space["loss_and_gradient"](*(make(table[k]) for k in keys))
    for k, value in exact.items():
        np.testing.assert_allclose(np.asarray(grads[k]), value, rtol=1e-9, atol=1e-11, err_msg=k)


@pytest.mark.parametrize("name", sorted(CELLS))
def test_c(name: str) -> None:
    rec, state = CELLS[name]
    try:
        f = evaluate.gradient(rec, loss=squares(state), backend="c")
    except NotSupported:
        pytest.skip("C has no code for it")
    params, inputs, start, exact = numbers(rec, squares(state), 4, 2)
    _, grads = f(params, inputs, start)
    for k, value in exact.items():
        np.testing.assert_allclose(grads[k], value, rtol=1e-9, atol=1e-11, err_msg=k)


@pytest.mark.parametrize("backend", evaluate.BACKENDS)
def test_without_inputs_nothing_says_how_many_steps_there_are(backend: str) -> None:
    rec = recurrence_from_latex([r"h_t = \tanh(A h_{t-1})"], name="free",
                                shapes={"h": ("n",), "A": ("n", "n")})  # fmt: skip
    if backend == "c":
        assert "void gradient(\n    int part, long T" in evaluate.source(rec, backend)
        return
    with pytest.raises(NotSupported, match="no inputs"):
        evaluate.source(rec, backend)


@pytest.mark.parametrize("backend", ["numpy", "torch", "jax"])
def test_what_the_loss_does_not_depend_on_has_a_gradient_of_zeros(backend: str) -> None:
    library = pytest.importorskip(backend, reason=f"{backend} is not installed")
    rec = recurrence_from_latex(
        [r"h_t = \tanh(w h_{t-1} + x_t)", "c_t = a c_{t-1} + h_t"], name="unread",
        shapes=dict.fromkeys(("h", "c", "x", "w", "a"), ()),
    )  # fmt: skip
    loss = n.Sum("t", n.num(1), n.Idx("T"), n.At("h", n.Idx("t")))
    space: dict[str, Any] = {}
    exec(evaluate.source(rec, backend, loss=loss), space)
    array = library.ones if backend == "torch" else np.ones
    given = {"w": array(()), "a": array(()), "x": array((3, 2)), "h0": array(2), "c0": array(2)}
    order = signature(space["forward"]).parameters
    _, grads = space["loss_and_gradient"](*(given[k] for k in order))
    assert set(grads) == {"w", "a", "h0", "c0"}
    assert grads["c0"].shape == (2,) and not grads["c0"].any() and not grads["a"].any()
    assert grads["h0"].all()
