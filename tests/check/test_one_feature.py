"""Units whose state is a number, and whose input has features."""

from __future__ import annotations

import pytest

from bptt_sym.check.audit import audit
from bptt_sym.documents.document import document_from_text
from tests.check.audited import judged, of_claims

GATES = r"""
Gate g adds up $z_{gt} = \sum_{i=1}^M V_{gi} x_{ti} + R_g h_{t-1} + b_g$, with its letter below:
$f_t = \sigma(z_{ft})$, $c_t = \tanh(z_{ct})$, and the state is $h_t = f_t h_{t-1} + (1 - f_t) c_t$.
"""
NEURON = r"One neuron: $$a_t = \sum_{j=1}^n u_j x_{t,j} + w h_{t-1}$$ $$h_t = \tanh(a_t)$$ "
ABOVE = r"One neuron: $$h^{(t)} = \tanh\Big(\sum_{j=1}^n (u_j x_j^{(t)}) + w h^{(t-1)}\Big)$$ "
LOSS = r"$$L = \sum_t \frac12 (h_t - y_t)^2$$ $$\delta_t = \frac{\partial L}{\partial a_t}$$ "


@pytest.mark.parametrize(
    ("text", "claim", "right", "slip"),
    [
        (GATES, r"\frac{dz_{ft}}{dV_{fi}} = x_{ti} + R_f\frac{dh_{t-1}}{dV_{fi}}",
         "x_{ti}", "x_{t-1,i}"),
        (GATES, r"\frac{\partial z_{ct}}{\partial x_{ti}} = V_{ci}", "V_{ci}", "V_{fi}"),
        (NEURON, r"\frac{\partial h_t}{\partial u_j} = (1 - h_t^2)(x_{t,j} "
         r"+ w \frac{\partial h_{t-1}}{\partial u_j})", "+ w", "+"),
        (NEURON, r"\frac{d}{d u_i}\left(\sum_{j=1}^n u_j x_{t,j} + w h_{t-1}\right) = x_{t,i} "
         r"+ w \frac{d h_{t-1}}{d u_i}", "= x_{t,i} +", "= x_{t,i} -"),
        (ABOVE, r"\frac{\partial h^{(t)}}{\partial x_j^{(t-1)}} = (1 - (h^{(t)})^2) w "
         r"(1 - (h^{(t-1)})^2) u_j", "w", ""),
        (NEURON + LOSS, r"\frac{\partial L}{\partial u_j} = \sum_{t=1}^T \delta_t x_{t,j}",
         "x_{t,j}", "x_{t-1,j}"),
        (NEURON + LOSS, r"\frac{\partial L}{\partial x_{t,j}} = \delta_t u_j", "= ", "= -"),
    ],
)  # fmt: skip
def test_what_is_said_of_a_feature(text: str, claim: str, right: str, slip: str) -> None:
    assert of_claims(f"{text}\n\n$${claim}$$")[-1] == "right"
    assert of_claims(f"{text}\n\n$${claim.replace(right, slip)}$$")[-1] == "wrong"


def test_a_sum_over_the_features_of_what_is_claimed_is_not_that_of_one() -> None:
    total = r"$$\sum_{j=1}^n \frac{\partial h_t}{\partial x_{t,j}} = (1 - h_t^2) u_j$$"
    assert of_claims(NEURON + total)[-1:] == ["undecided"]
    two = r"$$\frac{\partial a_t}{\partial u_j} = x_{t,i}$$"
    assert of_claims(NEURON + two)[-1:] == ["undecided"]


def test_beside_states_with_units_the_letters_count_units() -> None:
    layer = r"$$a_j^{(t)} = \sum_i W_{ji} x_i^{(t)} + U_j h^{(t-1)}$$ "
    layer += r"$$h_j^{(t)} = \tanh(a_j^{(t)})$$ "
    claims = r"$$\frac{\partial a_j^{(t)}}{\partial W_{ji}} = 2 x_i^{(t)}$$"
    assert "right" not in of_claims(layer + claims)
    for entry in audit(document_from_text(layer + claims, "n.md")):
        assert "q_" not in str(entry.verdict.counterexample)


def test_what_is_said_of_a_function_is_said_of_any_argument() -> None:
    cell = r"$$h_t = \tanh(w h_{t-1} + x_t)$$ "
    for said, slip in (
        (r"1 - \tanh^2(x) = \frac{4}{(e^x + e^{-x})^2}", "4"),
        (r"1 - \sigma(x) = \frac{1}{1 + e^{x}}", "1 -"),
    ):
        assert of_claims(f"{cell}\n\n$${said}$$")[-1] == "right"
        assert of_claims(f"{cell}\n\n$${said.replace(slip, '3', 1)}$$")[-1] != "right"
    wrong = r"1 - \tanh^2(x) = \frac{2}{(e^x + e^{-x})^2}"
    assert of_claims(f"{cell}\n\n$${wrong}$$")[-1] == "wrong"
    of_a_step = r"1 - \tanh^2(x) = x_t"
    assert of_claims(f"{cell}\n\n$${of_a_step}$$")[-1] == "undecided"


def test_weights_of_one_unit_are_numbers_whatever_their_letters() -> None:
    path = r"\frac{dz_{ft}}{dR_f} = h_{t-1} + R_f \frac{dh_{t-1}}{df_{t-1}} \frac{df_{t-1}}{dR_f}"
    found = judged(f"{GATES}\n\n$${path}$$")[-1].verdict  # (and the path through the state before)
    assert found.verdict == "wrong" and "shapes" not in found.note
    whole = r"\frac{dz_{ft}}{dR_f} = h_{t-1} + R_f \frac{dh_{t-1}}{dR_f}"
    assert judged(f"{GATES}\n\n$${whole}$$")[-1].verdict.verdict == "right"
