"""One derivative in two layouts, and numbers that stand for the identity."""

from __future__ import annotations

from bptt_sym.decide.ones_for_identities import ONE_FOR_IDENTITY
from tests.check.audited import judged, verdicts

INFLUENCE = r"""
$$h_t = \tanh(W h_{t-1} + U x_t)$$

Let $P_t = \frac{\partial h_t}{\partial W}$, $D_t = \frac{\partial h_t}{\partial h_{t-1}}$ and
$I_t = \frac{\partial^+ h_t}{\partial W}$.

"""
ROW_BY_COLUMN = "$$P_t = D_t P_{t-1} + I_t$$\n\n"
TURNED = "$$P_t = P_{t-1} D_t + I_t$$\n\n"


def test_one_derivative_in_two_layouts_is_undecided() -> None:
    assert verdicts(INFLUENCE + TURNED)[-1] == "right"
    assert verdicts(INFLUENCE + ROW_BY_COLUMN + TURNED)[-2:] == ["right", "undecided"]
    assert verdicts(INFLUENCE + TURNED + ROW_BY_COLUMN)[-2:] == ["undecided", "right"]
    # What is twice in one layout is in one.
    assert verdicts(INFLUENCE + TURNED + TURNED)[-2:] == ["right", "right"]
    slip = ROW_BY_COLUMN.replace("D_t", "D_{t-1}")
    assert verdicts(INFLUENCE + slip + TURNED)[-2:] == ["wrong", "right"]


def test_a_number_that_is_added_to_a_matrix_is_named() -> None:
    cell = "$$h_t = W h_{t-1} + U x_t$$\n\n"
    left = r"\frac{\partial h_t}{\partial h_t} - \frac{\partial h_t}{\partial h_{t-1}}"
    for right in ("1 - W", "-W + 1"):
        assert ONE_FOR_IDENTITY in judged(cell + f"$${left} = {right}$$")[-1].verdict.readings
    assert judged(cell + f"$${left} = I - W$$")[-1].verdict.readings == ()
    assert verdicts(cell + f"$${left} = 2 - W$$")[-1] == "wrong"
    # Ones among vectors are no identity.
    tanh = "$$h_t = \\tanh(W h_{t-1} + U x_t)$$\n\n"
    slope = r"$$\frac{\partial h_t}{\partial h_{t-1}} = \mathrm{diag}(1 - h_t^2) W$$"
    assert judged(tanh + slope)[-1].verdict.readings == ()


def test_gradients_of_a_loss_may_stand_either_way() -> None:
    cell = r"$$h_t = \tanh(W h_{t-1} + U x_t), \quad E_T = \ell(h_T)$$" "\n\n"
    gradient, shares = r"\frac{\partial E_T}{\partial U}", r"\frac{\partial^+ h_k}{\partial U}"
    by_state = r"\frac{\partial E_T}{\partial h_k}"
    rows = [(by_state, shares), (shares, by_state)]
    page = cell + "\n\n".join(rf"$${gradient} = \sum_{{k=1}}^T {a} {b}$$" for a, b in rows)
    assert verdicts(page)[-2:] == ["right", "right"]


def test_neither_does_the_gradient_of_a_sum_of_losses_tell_a_layout() -> None:
    cell = "The loss of step $t$ of $s_t = \\tanh(W s_{t-1} + U x_t)$ is $L_t$.\n\n"
    cell += "$$F_t = \\sum_{u=t+1}^n L_u$$ so "
    cell += "$$\\delta^{s_t} = \\frac{\\partial F_t}{\\partial s_t}$$\n\n"
    rows = (
        r"\frac{\partial}{\partial s_{t-1}} \sum_{u=t}^n L_u",
        r"\frac{\partial s_t}{\partial s_{t-1}} \frac{\partial}{\partial s_t} \sum_{u=t}^n L_u",
        r"\frac{\partial s_t}{\partial s_{t-1}} "
        r"\left[\frac{\partial L_t}{\partial s_t} + \delta^{s_t}\right]",
    )
    page = cell + "\n\n".join(rf"$$\delta^{{s_{{t-1}}}} = {row}$$" for row in rows)
    assert verdicts(page)[-3:] == ["right", "right", "right"]
    slip = page.replace(r"\frac{\partial L_t}{\partial s_t} + ", "")
    assert verdicts(slip)[-1] == "wrong"
