"""Texts that speak of all gates at once, and the marks of editors that say nothing."""

from __future__ import annotations

import pytest

from bptt_sym.check.audit import audit
from bptt_sym.check.document import document_from_text
from bptt_sym.check.each_gate import for_each_gate
from bptt_sym.check.second_looks import ONE_EQUATION, WITH_FACTOR
from bptt_sym.check.typography import plainly_set

CELL = r"""
$$f_t = \sigma(W_f x_t + U_f h_{t-1})$$
$$o_t = \sigma(W_o x_t + U_o h_{t-1})$$
$$h_t = f_t \odot h_{t-1} + o_t \odot x_t$$
"""
DELTAS = r"""
$$\delta^f_t = \frac{\partial L}{\partial f_t} \odot f_t \odot (1 - f_t)$$
$$\delta^o_t = \frac{\partial L}{\partial o_t} \odot o_t \odot (1 - o_t)$$
"""
GRU = r"""
$$z_t = \sigma(W_z x_t + U_z h_{t-1})$$
$$r_t = \sigma(W_r x_t + U_r h_{t-1})$$
$$n_t = \tanh(W_n x_t + U_n (r_t \odot h_{t-1}))$$
$$h_t = (1 - z_t) \odot n_t + z_t \odot h_{t-1}$$
"""


def last(text: str, formula: str):
    document = document_from_text(f"{text}\n\n$${formula}$$\n", "text.md")
    return [j.verdict for j in audit(document) if j.place.line == text.count("\n") + 3]


def plain(latex: str) -> str:
    (formula,) = document_from_text(f"$${latex}$$", "t.md").formulas
    return " ".join(plainly_set(formula).latex.split())


@pytest.mark.parametrize("said", [r", \quad g \in \{f, o\}", r"\quad (g ∈ \{f, o\})"])
def test_a_formula_about_every_gate_is_judged_for_each(said: str) -> None:
    claim = rf"\frac{{\partial L}}{{\partial W_g}} = \sum_t \delta^g_t x_t^\top {said}"
    found = last(CELL + DELTAS, claim)
    assert len(found) == 2
    assert all(v.is_right for v in found)


def test_a_formula_about_every_gate_may_be_wrong() -> None:
    claim = r"\frac{\partial L}{\partial W_g} = \sum_t \delta^g_t h_{t-1}^\top, g \in \{f, o\}"
    assert {v.verdict for v in last(CELL + DELTAS, claim)} == {"wrong"}


def test_a_sum_over_gates_is_written_out() -> None:
    formulas = document_from_text(r"$$a = \sum_{g \in \{f, i, o\}} U_g^\top \delta_g + b$$", "t.md")
    (found,) = for_each_gate(formulas.formulas)
    assert "".join(found.latex.split()) == (
        r"a=U_f^\top\delta_f+U_i^\top\delta_i+U_o^\top\delta_o+b"
    )


def test_letters_of_units_are_no_gates() -> None:
    text = r"$$\frac{\partial h_k}{\partial x_j} = W_{kj} \quad k \in \{1, 2, n\}$$"
    given = document_from_text(text, "t.md").formulas
    assert for_each_gate(given) == list(given)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (r"W\_{hh} h\_{t-1}", "W_{hh} h_{t-1}"),
        (r"\text{d\_next} + a", r"\text{d\_next} + a"),
        (r"\large a_t = b", "a_t = b"),
        (r"dW \mathrel{+}= \delta_t x_t^\top", r"dW += \delta_t x_t^\top"),
        (r"\frac{\delta L}{\delta h_t}", r"\frac{\partial L}{\partial h_t}"),
        (r"\frac{\delta_t}{\delta_k}", r"\frac{\delta_t}{\delta_k}"),
        (r"\partial b = \sum_k \delta_t", r"\partial b = \delta_t"),
        (r"\partial b = \sum_k \delta_k", r"\partial b = \sum_k \delta_k"),
        (r"\boldsymbol{\delta}_t = 0", r"\delta _t = 0"),
    ],
)  # fmt: skip
def test_marks_that_say_nothing(written: str, meant: str) -> None:
    assert plain(written) == meant


def test_the_step_may_stand_beside_a_gate() -> None:
    claim = r"\frac{\partial h_t}{\partial zt} = h_{t-1} - nt"
    assert [v.is_right for v in last(GRU, claim)] == [True]


def test_arguments_of_gates_may_carry_their_step() -> None:
    text = CELL.replace("_t", "^{(t)}").replace("_{t-1}", "^{(t-1)}")
    claim = (
        r"\frac{\partial L}{\partial z_o^{(t)}} = "
        r"\frac{\partial L}{\partial o^{(t)}} \odot o^{(t)} \odot (1 - o^{(t)})"
    )
    assert last(text, claim)[0].is_right
    assert last(text, claim.replace("(1 - o", "(1 + o"))[0].verdict == "wrong"


def test_each_derivative_in_a_sum_may_be_that_of_its_own_equation() -> None:
    """The path from r to n counts once: through r's own gradient."""
    claim = (
        r"\frac{\partial L}{\partial x_t} = \frac{\partial L}{\partial n_t}"
        r"\frac{\partial n_t}{\partial x_t} + \frac{\partial L}{\partial r_t}"
        r"\frac{\partial r_t}{\partial x_t} + \frac{\partial L}{\partial z_t}"
        r"\frac{\partial z_t}{\partial x_t}"
    )
    (found,) = last(GRU, claim)
    assert found.is_right
    assert ONE_EQUATION in found.readings
    (found,) = last(GRU, claim.replace(r"+ \frac{\partial L}{\partial z_t}", "%").split("%")[0])
    assert found.verdict == "wrong"


def test_the_loss_of_a_step_counts_with_its_factor() -> None:
    text = r"""
$$h_t = \tanh(W x_t + U h_{t-1}), \quad \hat{y}_t = V h_t$$
$$L_t = \frac{1}{2} (\hat{y}_t - y_t)^2 \quad L = \frac{1}{T} \sum_{t=1}^{T} L_t$$
"""
    claim = r"\frac{\partial L}{\partial V} = \sum_{t=1}^{T} \frac{\partial L_t}{\partial V}"
    (found,) = last(text, claim)
    assert WITH_FACTOR in found.readings
    (found,) = last(text, claim.replace("= ", "= 2 "))
    assert found.verdict == "wrong"


def test_a_delta_beside_the_gradient_by_its_gate_is_by_the_argument() -> None:
    row = r"\delta^o_t = \frac{\partial L}{\partial o_t} \odot o_t \odot (1 - o_t)"
    for claim in (row, row.replace(r"\delta^o_t", r"\delta o_t")):
        assert last(CELL, claim)[0].is_right
        assert last(CELL, claim.replace(r"(1 - o_t)", r"(1 - o_t^2)"))[0].verdict == "wrong"
