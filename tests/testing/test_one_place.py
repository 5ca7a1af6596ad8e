"""What a gradient computes in one place is measured, recognised and said."""

from __future__ import annotations

import os
from random import Random

import numpy as np
import pytest

from bptt_sym.cells import cell
from bptt_sym.evaluate.domains import floats
from bptt_sym.testing.at_hand import Terms, Values
from bptt_sym.testing.check import run
from bptt_sym.testing.diagnose import diagnose
from bptt_sym.testing.draw import draw
from bptt_sym.testing.models import Model, model_of, named_model
from bptt_sym.testing.one_place import places_of
from tests.testing.hand_written import module, said

edited_gradients = module("edited_gradients")


@pytest.mark.parametrize(
    ("cell", "line", "instead", "words"),
    [
        ("gru", "dag.T @ (r[t] * h[t])", "dag.T @ (r[t] * h[t + 1])",
         "the gradient of U_g is Σ_t (d(the argument of g)) (h_t ⊙ r_t)ᵀ"),
        ("elman", 'out["h0"] = dh.sum(0)', 'out["h0"] = -(da * h[1]).sum(0)',
         "the gradient of h0 is −d(the argument of h) ⊙ h_t of the first step"),
        ("elman", "du += da.T @ h[t]", "du += da.T @ h[t - 1]",
         "(d(the argument of h)) ([h_{t-1} of the step before])ᵀ"),
        ("elman", "dh = dh + r[t] @ v",
         "dh = dh + (r[t] @ v if v.shape[0] != v.shape[1] else r[t] @ v.T)",
         "V d(y_t − \\hat{y}_t) stands where Vᵀ d(y_t − \\hat{y}_t) belongs"),
        ("elman", "dh = dh + r[t] @ v", "dh = dh + r[-1] @ v",
         "+ [Vᵀ d(y_t − \\hat{y}_t) of the last step], not as"),
        ("elman", "(1 - h[t + 1] ** 2)", "(1 - h[t + 1] ** 3)",
         "the derivative of tanh in h is taken to be 1 − y³, y being the value"),
        ("elman", "in reversed(range(steps))", "in range(steps)",
         "the loop back runs from the first step to the last"),
        ("elman", "h[t] @ u.T + b)", "h[t] @ u + b)",
         "the forward pass is wrong: U is transposed in h"),
        ("sigmoid_rnn", "= sigmoid(p.x[t]", "= np.tanh(p.x[t]",
         "the forward pass is wrong: tanh stands for σ in h"),
        ("gru", "(r[t] * h[t]) @ u[2 * n :]", "(z[t] * h[t]) @ u[2 * n :]",
         "the forward pass is wrong: z_t stands for r_t beside h_{t-1} in g"),
        ("gru", "(r[t] * h[t]) @ u[2 * n :]", "h[t] @ u[2 * n :]",
         "dW, dU, db, dV, dc: the forward pass is wrong: the factor r_t is left out of g"),
    ],
)  # fmt: skip
def test_what_stands_there_is_said(cell: str, line: str, instead: str, words: str) -> None:
    assert words in said(edited_gradients.edited(cell, line, instead), cell)


@pytest.mark.parametrize(
    "model", [named_model("elman"), model_of(cell("elman"))], ids=["vector", "scalar"]
)
def test_products_in_any_place_are_found(model: Model) -> None:
    """What is planted is named; of a hundred that are summed up over the steps one may not be."""
    p = model.adjoint.program
    dims = {d: 2 + k for k, d in enumerate(model.rec.dims)}
    places = places_of(model, [name for name in model.layout if name in ("U", "w")])
    count = 400 if os.environ.get("HYPOTHESIS_PROFILE") == "nightly" else 8
    random, missed = Random(1), []
    for _ in range(count):
        i = random.choice(places)
        terms = [t for t in Terms(model, p.ops[i].shape, dims, i).simple if t.cost == 1]
        planted = random.choice(terms).times(random.choice(terms))

        def gradient(problem, i=i, planted=planted):  # type: ignore[no-untyped-def]
            return Values(problem).replaced({i: planted}).gradient

        failing = draw(model, 3, steps=4, batch=2, dims=dims)
        right, wrong = failing.gradient_in(floats()), gradient(failing)
        if all(np.allclose(right[k], wrong[k], rtol=1e-9) for k in wrong):
            continue
        found = diagnose(model, gradient, failing)
        if not found or any(d.code == "located" for d in found):
            missed.append((i, planted.words))
    assert len(missed) <= count // 100, missed


def test_what_only_equal_sizes_show_is_located_there() -> None:
    line, odd = "dh = dh + r[t] @ v", "np.sin(1 + r[t] @ v.T)"
    instead = f"dh = dh + (r[t] @ v if v.shape[0] != v.shape[1] else {odd})"
    text = said(edited_gradients.edited("elman", line, instead), "elman")
    assert "no known mistake explains it; seen only where" in text and "O = H" in text


def test_one_place_is_not_made_responsible_for_two() -> None:
    """Two slips at once are not explained by one."""

    def twice(problem):  # type: ignore[no-untyped-def]
        first = edited_gradients.edited("elman", "dh = dh + r[t] @ v", "dh = dh + 1.3 * r[t] @ v")
        out = first(problem)
        return {**out, "b": out["b"] * 0.9 + 0.01}

    report = run(twice, "elman")
    assert not report.ok
    assert not any(d.code.startswith(("computed", "summed")) for d in report.diagnoses)
    assert "located" in {d.code for d in report.diagnoses}
