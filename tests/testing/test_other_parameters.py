"""Gradients that are returned under each other's names."""

from __future__ import annotations

from typing import Any

import pytest

from bptt_sym import recurrence_from_latex
from bptt_sym.testing import model_of, run
from bptt_sym.testing.problems import Problem

COUPLED = recurrence_from_latex([
    r"f_t = \sigma(W_f x_t + U_f h_{t-1} + b_f)", r"o_t = \sigma(W_o x_t + U_o h_{t-1} + b_o)",
    r"h_t = f_t \odot h_{t-1} + (1 - f_t) \odot \tanh(W_c x_t + b_c) \odot o_t",
])  # fmt: skip


@pytest.mark.parametrize(
    ("order", "said"),
    [
        ("foc", []),
        ("fco", ["the gradients of {}_c and {}_o are exchanged"]),
        ("ocf", ["the gradient of {}_c is given for it", "the gradient of {}_f is given for it",
                 "the gradient of {}_o is given for it"]),
    ],
)  # fmt: skip
def test_it_is_said_whose_gradient_is_given(order: str, said: list[str]) -> None:
    def gradient(p: Problem) -> dict[str, Any]:
        own = dict(p.exact)
        for k in "Wb":
            own |= {f"{k}_{name}": p.exact[f"{k}_{taken}"]
                    for name, taken in zip("foc", order, strict=True)}  # fmt: skip
        return own

    found = run(gradient, model_of(COUPLED)).diagnoses
    assert sorted(d.message for d in found) == sorted(t.format(k, k) for k in "Wb" for t in said)
