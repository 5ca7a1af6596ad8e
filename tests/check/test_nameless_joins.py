"""The joined vector under a name that nothing gives, and a cell in two letters."""

from __future__ import annotations

import pytest

from .audited import of_claims, verdicts

CELL = r"""
$$f_t = \sigma(W_f [h_{t-1}, x_t] + b_f)$$
$$i_t = \sigma(W_i [h_{t-1}, x_t] + b_i)$$
$$\tilde C_t = \tanh(W_c [h_{t-1}, x_t] + b_c)$$
$$o_t = \sigma(W_o [h_{t-1}, x_t] + b_o)$$
$$C_t = f_t \odot C_{t-1} + i_t \odot \tilde C_t$$
$$h_t = o_t \odot \tanh(C_t)$$
"""
CLAIMS = [
    r"\frac{\partial J}{\partial a_c} ="
    r" \frac{\partial J}{\partial c_t} \odot i_t \odot (1 - \hat c_t^2)",
    r"\frac{\partial J}{\partial W_c} = \frac{\partial J}{\partial a_c} z_t^T",
    r"\frac{\partial J}{\partial W_f} = \frac{\partial J}{\partial a_f} z_t^T",
    r"\frac{\partial J}{\partial z_{t}} ="
    r" W_f^T \frac{\partial J}{\partial a_f} + W_i^T \frac{\partial J}{\partial a_i}"
    r" + W_o^T \frac{\partial J}{\partial a_o} + W_c^T \frac{\partial J}{\partial a_c}",
    r"\frac{\partial J}{\partial h_{t-1}} = \frac{\partial J}{\partial z_t}[:n_h, :]",
]  # fmt: skip


def _document(claims: list[str], cell: str = CELL) -> str:
    return cell + "\n".join(f"$${claim}$$\n" for claim in claims)


@pytest.mark.parametrize("name", ["z", "Z", "v", r"\mathbf{z}"])
def test_a_name_that_nothing_gives_is_the_vector_that_the_weights_multiply(name: str) -> None:
    claims = [claim.replace("z_", f"{name}_") for claim in CLAIMS]
    assert verdicts(_document(claims))[-5:] == ["right"] * 5
    claims[0] = claims[0].replace("hat", "tilde")
    assert verdicts(_document(claims, CELL.replace("C", "c")))[-5:] == ["right"] * 5


@pytest.mark.parametrize(
    ("at", "right", "wrong"),
    [
        (0, "i_t", "f_t"),
        (0, r"\hat c_t^2", "c_t^2"),
        (1, r"a_c} z_t^T", r"a_i} z_t^T"),
        (3, r"+ W_o^T \frac{\partial J}{\partial a_o}", ""),
        (4, "[:n_h, :]", "[n_h:, :]"),
    ],
)
def test_slips_beside_the_nameless_vector(at: int, right: str, wrong: str) -> None:
    claims = [c.replace(right, wrong) if k == at else c for k, c in enumerate(CLAIMS)]
    assert claims != CLAIMS
    assert not verdicts(_document(claims))[at - 5].startswith("right")


def test_two_cells_of_two_letters_stay_two() -> None:
    text = CELL + r"""
$$c_t = \tanh(C_t)$$
$$\frac{\partial h_t}{\partial c_t} = \mathrm{diag}(o_t)$$
"""
    assert verdicts(text)[-1] != "wrong"


def test_a_context_that_no_equation_gives_is_not_the_cell() -> None:
    text = CELL + r"""
$$y_t = \tanh(W_y [c_t, h_t])$$
$$\frac{\partial h_t}{\partial c_t} = \mathrm{diag}(o_t \odot (1 - \tanh^2(C_t)))$$
"""
    assert verdicts(text)[-1] != "right"
    mixed = CELL.replace(r"\tanh(C_t)", r"\tanh(c_t)")
    assert verdicts(_document(CLAIMS, mixed))[-5:] == ["right"] * 5


NAMED_LATER = r"""
$f_t = \sigma(W_f [s_{t-1}, x_t] + b_f)$, $i_t = \sigma(W_i [s_{t-1}, x_t] + b_i)$,
$o_t = \sigma(W_o [s_{t-1}, x_t] + b_o)$, $g_t = \tanh(W_g [s_{t-1}, x_t] + b_g)$

$$c_t = f_t * c_{t-1} + i_t * g_t$$
$$s_t = o_t * \tanh(c_t)$$
"""


@pytest.mark.parametrize("environment", [False, True])
def test_a_join_that_is_named_behind_its_gradients(environment: bool) -> None:
    text = NAMED_LATER
    if environment:
        text = text.replace("$$c_t", "$$\\begin{aligned} c_t").replace("g_t$$\n$$", r"g_t \\ ")
        text = text.replace("(c_t)$$", "(c_t) \\end{aligned}$$")
    left = r"$$\frac{\partial L}{\partial W_f} = "
    of = r"\sum_t \left(\frac{\partial L}{\partial c_t} * c_{t-1} * f_t * (1 - f_t)\right) "
    behind = r"""With $v_t = [s_{t-1}, x_t]$,
$$\frac{\partial L}{\partial v_t} = W_f^T \frac{\partial L}{\partial p_t}$$"""
    right, wrong = "[s_{t-1}, x_t]^T$$\n", "[s_t, x_t]^T$$\n"
    found = of_claims(f"{text}{left}{of}{right}{left}{of}{wrong}{behind}")
    assert found[:2] == ["right", "wrong"]


@pytest.mark.parametrize(
    ("loss", "factor"),
    [
        (r"\hat y_t = \mathrm{softmax}(V h_t)$$ $$L_t = -\sum y_t \log \hat y_t", ""),
        (r"\hat y_t = \mathrm{softmax}(V h_t)$$ $$L_t = \sum -y_t \odot log(\hat{y}_t)", ""),
        (r"\hat y_t = V h_t$$ $$L_t = \frac{1}{2} \sum (\hat y_t - y_t)^2", ""),
        (r"\hat y_t = V h_t$$ $$L_t = \sum (\hat y_t - y_t)^2", "2 "),
    ],
)
def test_the_sum_of_a_loss_of_one_step_is_over_its_entries(loss: str, factor: str) -> None:
    text = rf"$$h_t = \tanh(W h_{{t-1}} + U x_t)$$ $${loss}$$" + "\n\n"
    claim = rf"\frac{{\partial L_t}}{{\partial V}} = {factor}(\hat y_t - y_t) h_t^T"
    assert of_claims(f"{text}$${claim}$$") == ["right"]
    assert of_claims(f"{text}$${claim.replace('= ', '= 3 ')}$$") == ["wrong"]
