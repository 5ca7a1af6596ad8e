r"""Equations that give an argument its name only further down."""

from __future__ import annotations

import pytest

from tests.check.audited import verdicts

NET = r"""
$$h_t = \tanh(W h_{t-1} + U x_t + b)$$
$$\hat y_t = \mathrm{softmax}(V h_t + c)$$
$$L = -\sum_t y_t^\top \log \hat y_t$$

"""
CLAIMS = (
    r"\frac{\partial L}{\partial o_t} = \hat y_t - y_t",
    r"\frac{\partial L}{\partial o_t} = y_t - \hat y_t",
    r"\frac{\partial L}{\partial V} = \sum_t \frac{\partial L}{\partial \hat y_t} "
    r"\frac{\partial \hat y_t}{\partial o_t} \frac{\partial o_t}{\partial V}",
    r"\frac{\partial h_t}{\partial z_t} = \mathrm{diag}(1 - h_t^2)",
    r"\frac{\partial L}{\partial z_t} = \frac{\partial L}{\partial h_t} \odot (1 - h_{t-1}^2)",
)
LATER = "where $z_t = W h_{t-1} + U x_t + b$ and $o_t = V h_t + c$.\n\n"


def judged(*claims: str, after: str = LATER) -> list[str]:
    found = verdicts(NET + "".join(f"$${c}$$\n\n" for c in claims) + after)
    return [v for v in found if v != "not_a_claim"]


def test_what_stands_before_them_is_judged_under_them() -> None:
    assert judged(*CLAIMS) == ["right", "wrong", "right", "right", "wrong"]


def test_what_is_named_must_be_the_argument() -> None:
    other = "where $o_t = V h_{t-1} + c$.\n\n"
    assert "right" not in judged(CLAIMS[0], after=other)


@pytest.mark.parametrize(
    ("bound", "expected"),
    [
        (r"\|\mathrm{diag}(1 - h_t^2)\| \|W\|", "right"),
        (r"\|\mathrm{diag}(1 - h_{j-1}^2)\|", "wrong"),
        (r"\|\mathrm{diag}(1 - h_t^2)\|", "wrong"),
    ],
)
def test_a_step_that_nothing_binds_in_a_bound(bound: str, expected: str) -> None:
    jacobian = r"\left\|\frac{\partial h_j}{\partial h_{j-1}}\right\| \le "
    assert judged(jacobian + bound) == [expected]


@pytest.mark.parametrize(
    ("said", "expected"),
    [("the matrix $L_2$ norm", "right"), ("die $\\ell_2$-Norm", "right"),
     ("the $L_2$范数", "right")],
)  # fmt: skip
def test_a_norm_is_no_loss_of_step_two(said: str, expected: str) -> None:
    total = r"\frac{\partial E}{\partial W} = \sum_{t=1}^{T} \frac{\partial E_t}{\partial W}"
    text = r"$$h_t = \sigma(W h_{t-1} + U x_t), \quad \hat y_t = V h_t$$" + "\n\n"
    assert verdicts(f"{text}$${total}$$\n\nWith {said} of it:\n\n")[-1] == expected


def test_a_bold_prediction_with_its_accent_inside() -> None:
    state = r"$$\mathbf{h}_t = \sigma(\mathbf{W} \mathbf{h}_{t-1})$$"
    output = r"$$\mathbf{\hat{y}_t} = V \mathbf{h}_t$$"
    share = (
        r"$$\frac{\partial E_t}{\partial \mathbf{W}} = \sum_{k=1}^{t} "
        r"\frac{\partial E_t}{\partial \mathbf{y_t}} "
        r"\frac{\partial \mathbf{y_t}}{\partial \mathbf{h_t}} "
        r"\frac{\partial \mathbf{h_t}}{\partial \mathbf{h_k}} "
        r"\frac{\partial \mathbf{h_%s}}{\partial \mathbf{W}}$$"
    )
    found = verdicts("\n\n".join((state, output, share % "k", share % "t")))
    assert found[-2:] == ["right", "wrong"]
