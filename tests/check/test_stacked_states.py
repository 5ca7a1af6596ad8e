"""States that are collected in one, and the blocks of the Jacobian of that."""

from __future__ import annotations

import pytest

from tests.check.audited import last, verdicts

MOMENTUM = r"""
$$v_t = \beta v_{t-1} + \tanh(W h_{t-1} + U x_t), \quad h_t = h_{t-1} + v_t$$
Let $D_t = \text{diag}(1 - \tanh^2(W h_{t-1} + U x_t))$ and %s.

"""
COLUMN = r"$s_t = \begin{bmatrix} v_t \\ h_t \end{bmatrix}$"
STEP = r"$$\frac{\partial s_t}{\partial s_{t-1}} = \begin{bmatrix} %s \end{bmatrix}$$" "\n"


@pytest.mark.parametrize(
    "said",
    [COLUMN, "$s_t = (v_t, h_t)$", r"$s_t = [v_t^\top, h_t^\top]^\top$", "$s_t = [v_t; h_t]$"],
)
def test_the_jacobian_of_a_collected_state_goes_block_by_block(said: str) -> None:
    blocks = (
        (r"\beta I & D_t W \\ \beta I & I + D_t W", "right right right right"),
        (r"\beta I & W D_t \\ I & D_t W", "right wrong wrong wrong"),
        (r"\beta I & \beta I \\ D_t W & I + D_t W", "right wrong wrong right"),
    )
    text = MOMENTUM % said + "".join(STEP % b for b, _ in blocks)
    assert " ".join(verdicts(text)[-12:]) == " ".join(expected for _, expected in blocks)


def test_blocks_that_are_derivatives_hold_the_other_parts_fixed() -> None:
    cell = r"""
$$f_t = \sigma(W_f x_t + U_f h_{t-1}), \quad o_t = \sigma(W_o x_t + U_o h_{t-1})$$
$$c_t = f_t \odot c_{t-1} + (1 - f_t) \odot x_t, \quad h_t = o_t \odot \tanh(c_t)$$
The state is $s_t = [c_t; h_t]$.
"""
    d = r"\frac{\partial %s_t}{\partial %s_{t-1}}"
    rows = [r" & ".join(d % (a, b) for b in "ch") for a in "ch"]
    known = r"\mathrm{diag}(f_t) & " + d % ("c", "h")
    direct = r" \mathrm{diag}(o_t \odot (1 - \tanh^2(c_t)) \odot f_t) & " + d % ("h", "h")
    text = cell + STEP % r" \\ ".join(rows) + STEP % rf"{known} \\ {direct}"
    assert verdicts(text)[-8:] == ["right"] * 8
    turned = [r" & ".join(d % (a, b) for a in "ch") for b in "ch"]
    assert verdicts(cell + STEP % r" \\ ".join(turned))[-4:] == ["right", "wrong", "wrong", "right"]


@pytest.mark.parametrize(
    "claim",
    [
        r"\frac{\partial s_T}{\partial s_1} = \prod_{t=2}^T \frac{\partial s_t}{\partial s_{t-1}}",
        r"\frac{\partial s_t}{\partial s_{t-1}} = \begin{bmatrix} \beta I & D_t W \end{bmatrix}",
        r"\frac{\partial s_t}{\partial s_{t-1}} = I",
    ],
)
def test_what_else_is_said_of_it_is_left_open(claim: str) -> None:
    assert last(f"{MOMENTUM % COLUMN}$${claim}$$") == "undecided"


def test_a_stack_that_is_used_is_a_value_like_any_other() -> None:
    text = r"""
$$h_t = \tanh(W h_{t-1} + U x_t), \quad g_t = \tanh(Q g_{t-1} + P x_t)$$
$$s_t = [h_t; g_t], \quad y_t = V s_t, \quad L = \sum_t L_t(y_t)$$
$$\frac{\partial L}{\partial s_t} = V^\top \frac{\partial L}{\partial y_t}$$
"""
    assert last(text) == "right"


def test_a_function_of_one_word_is_no_rest_of_a_sum() -> None:
    cell = r"$$h_t = \tanh(W h_{t-1}) + \sigma(U h_{t-1})$$" "\n"
    slope = (
        r"$$\frac{\partial h_t}{\partial h_{t-1}} = \text{diag}(1 - \tanh^2(W h_{t-1})) W + "
        r"\text{diag}(\sigma'(U h_{t-1})) U$$" "\n"
    )  # fmt: skip
    assert last(cell + slope) == "right"
    assert last(cell + slope.replace("U$$", "W$$")) == "wrong"
    assert last(cell + slope.partition(r"\text{diag}(\s")[0] + r"\text{rest}$$") == "not_a_claim"


def test_the_letter_of_a_loss_may_be_that_of_a_diagonal_matrix() -> None:
    text = r"""
$$s_t = \alpha s_{t-1} + \tanh(Q f_{t-1}), \quad f_t = \tanh(W f_{t-1} + P s_{t-1} + U x_t)$$
$$\frac{\partial f_t}{\partial f_{t-1}} = E_t W, \quad \frac{\partial f_t}{\partial s_{t-1}} = E_t P$$
with $E_t = \text{diag}(1 - f_t^2)$.
"""  # noqa: E501
    assert verdicts(text)[2:4] == ["right", "right"]
