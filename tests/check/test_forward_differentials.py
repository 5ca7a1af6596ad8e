r"""Differentials of the values of a step: :math:`dz_t = dW\, h_{t-1} + W\, dh_{t-1} + db`."""

from __future__ import annotations

import pytest

from tests.check.audited import of_claims

NET = r"""
$$z_t = W h_{t-1} + U x_t + b, \quad h_t = \tanh(z_t), \quad o_t = V h_t + c$$
"""
GATED = r"""
$$z_t = \sigma(W_z x_t + U_z h_{t-1}), \quad n_t = \tanh(W_n x_t + U_n h_{t-1})$$
$$h_t = z_t \odot h_{t-1} + (1 - z_t) \odot n_t$$
"""
#: The network, what is right of it, and in it what a slip takes the place of.
LINES = [
    (NET, r"dz_t = dW\, h_{t-1} + W\, dh_{t-1} + dU\, x_t + db", "dW\\, h_{t-1}", "dW\\, h_t"),
    (NET, r"dz_t = dW\, h_{t-1} + W\, dh_{t-1} + dU\, x_t + db", "+ db", "- db"),
    (NET, r"dz_t = dW\, h_{t-1} + W\, dh_{t-1}", r"W\, dh", r"W^\top dh"),
    (NET, r"dz_t = W dh_{t-1} \\ dh_t = (1 - h_t^2) \odot dz_t", "h_t^2)", "h_{t-1}^2)"),
    (NET, r"do_t = dV\, h_t + V\, dh_t + dc", r"V\, dh_t", r"V^\top\, dh_t"),
    (NET, r"\mathrm{d}h_t = (1 - h_t^2) \odot (W \mathrm{d}h_{t-1})", "1 -", "1 +"),
    (NET, r"dh_t = (1 - h_t^2) \odot (dW h_{t-1} + W dh_{t-1})", "+ W", "- W"),
    (
        GATED,
        r"dh_t = \operatorname{diag}(z_t)\,dh_{t-1} + (h_{t-1} - n_t) \odot dz_t"
        r" + \operatorname{diag}(1-z_t)\, dn_t",
        "(h_{t-1} - n_t)", "(n_t - h_{t-1})",
    ),
]  # fmt: skip
FORWARD = r"$$dz_t = dW\, h_{t-1} + W\, dh_{t-1}$$" "\n\n"


def _rows(line: str) -> str:
    return "\n\n".join(f"$${row}$$" for row in line.split(r"\\ "))


@pytest.mark.parametrize(("net", "line", "there", "slip"), LINES)
def test_each_term_says_a_derivative(net: str, line: str, there: str, slip: str) -> None:
    before = FORWARD if net == NET else ""
    found = of_claims(net + before + _rows(line))
    assert set(found) == {"right"}, found
    assert there in line
    assert set(of_claims(net + before + _rows(line.replace(there, slip)))) != {"right"}


def test_a_slip_is_named_wrong() -> None:
    slips = [
        r"dh_t = (1 - h_{t-1}^2) \odot dz_t",
        r"dz_t = dW\, h_t",
        r"do_t = dV\, h_t - dc",
    ]
    found = of_claims(NET + FORWARD + "\n\n".join(f"$${line}$$" for line in slips))
    assert found.count("wrong") == len(slips)


def test_marks_of_gradients_stay_gradients() -> None:
    text = NET + r"""
$$dh_t = V^\top do_t + W^\top dz_{t+1}$$
$$dz_t = dh_t \odot (1 - h_t^2)$$
$$dW = \sum_t dz_t h_{t-1}^\top$$
"""
    assert of_claims(text) == ["right"] * 3


def test_gradients_that_are_added_up_step_by_step_are_shares() -> None:
    text = NET + r"""
$$dz_t = dh_t \odot (1 - h_t^2)$$
$$dW^{(t)} = dW^{(t-1)} + dz_t h_{t-1}^\top$$
$$db_t = db_{t+1} + dz_t$$
"""
    assert of_claims(text) == ["right"] * 3
    assert of_claims(text.replace("dz_t h_{t-1}", "dz_t h_t"))[1] == "wrong"
