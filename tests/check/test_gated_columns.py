"""Gradients by a stack that has a name, in one column, and products that a name stands for."""

from __future__ import annotations

import pytest

from tests.check.audited import last, of_claims

CELL = r"""
$$f_t = \sigma(%f),\quad i_t=\sigma(%i), \quad o_t = \sigma(%o), \quad g_t = \tanh(%g)$$
$$c_t = f_t\odot c_{t-1} + i_t\odot g_t, \qquad s_t = o_t\odot\tanh(c_t)$$
"""
BY = r"\frac{\partial L}{\partial %s}"
ROWS = (
    r"@c_t\odot c_{t-1}\odot f_t\odot(1-f_t)", r"@c_t\odot g_t\odot i_t\odot(1-i_t)",
    r"@c_t\odot i_t\odot(1-g_t^2)", r"@s_t\odot\tanh(c_t)\odot o_t\odot(1-o_t)",
)  # fmt: skip


def column(*rows: str) -> str:
    return r"\begin{bmatrix} " + r" \\ ".join(rows) + r" \end{bmatrix}"


def written(text: str) -> str:
    for name in ("c_t", "s_t"):
        text = text.replace("@" + name, BY.replace("%s", name))
    return text


@pytest.mark.parametrize(
    ("part", "stack"),
    [
        ("q^%_t", "q_t = {parts} = M z_t + b"),
        ("q_{%,t}", "q_t = M z_t + b = {parts}"),
        ("a_t^%", "a_t = W z_t + b = {parts}"),
        ("p_t^{(%)}", r"p_t = A x_t + B s_{t-1} + b$$ $$p_t = ({list})"),
    ],
)
def test_a_column_of_gradients_is_judged_row_by_row(part: str, stack: str) -> None:
    parts = [part.replace("%", gate) for gate in "figo"]
    given = stack.replace("{parts}", column(*parts)).replace("{list}", ", ".join(parts))
    cell = CELL
    for gate, name in zip("figo", parts, strict=True):
        cell = cell.replace("%" + gate, name)
    text = f"$${given}$$\n\n$$z_t = {column('s_{t-1}', 'x_t')}$$\n{cell}\n"
    left = BY.replace("%s", given[:3])
    right, slip = ROWS, (ROWS[1], ROWS[0], *ROWS[2:])
    found = of_claims(written(f"{text}$${left} = {column(*right)}$$"))
    assert found[-4:] == ["right"] * 4
    found = of_claims(written(f"{text}$${left} = {column(*slip)}$$"))
    assert found[-4:] == ["wrong", "wrong", "right", "right"]


RESET_AFTER = r"""
$$u_t = \sigma(W_u x_t + R_u s_{t-1} + b_u), \quad r_t = \sigma(W_r x_t + R_r s_{t-1} + b_r)$$
$$n_t = \tanh(W_n x_t + r_t \odot (R_n s_{t-1} + b_n))$$
$$s_t = (1-u_t)\odot n_t + u_t\odot s_{t-1}$$
We abbreviate $m_t = R_n s_{t-1} + b_n$ and $v_t = 1 - u_t$.

"""


@pytest.mark.parametrize(
    ("claim", "verdict"),
    [
        (r"@m_t = @n_t \odot (1-n_t^2) \odot r_t", "right"),
        (r"@m_t = @n_t \odot (1-n_t^2) \odot u_t", "wrong"),
        (r"@r_t = @n_t \odot (1-n_t^2) \odot m_t", "right"),
        (r"@R_n = \sum_t @m_t s_{t-1}^\top", "right"),
        (r"@R_n = \sum_t @m_t s_t^\top", "wrong"),
        # Another name for a gate takes none of its paths away.
        (r"@u_t = @s_t \odot (s_{t-1} - n_t)", "right"),
        (r"@u_t = @s_t \odot s_{t-1}", "wrong"),
    ],
)
def test_a_name_stands_for_what_weights_make_within_a_product(claim: str, verdict: str) -> None:
    for name in ("m_t", "n_t", "r_t", "u_t", "s_t", "R_n"):
        claim = claim.replace("@" + name, BY.replace("%s", name))
    assert last(f"{RESET_AFTER}$${claim}$$") == verdict


BATCH = r"""
$$A_t = X_t W_x + H_{t-1} W_h + b$$
and $A_t = [A^i_t, A^f_t, A^o_t, A^g_t]$ is split into four blocks:
$$I_t = \sigma(A^i_t),\; F_t = \sigma(A^f_t),\; O_t = \sigma(A^o_t),\; G_t = \tanh(A^g_t)$$
$$C_t = F_t \odot C_{t-1} + I_t \odot G_t$$
$$H_t = O_t \odot \tanh(C_t)$$
"""


@pytest.mark.parametrize(
    ("claim", "slip"),
    [
        (r"dA^f_t = dC_t \odot C_{t-1} \odot F_t \odot (1 - F_t)", ("C_{t-1}", "C_t")),
        (r"dW_h = \sum_t H_{t-1}^T dA_t", ("{t-1}", "t")),
        (r"dX_t = dA_t W_x^T", ("W_x", "W_h")),
        (r"db = \sum_t \sum_n dA_t", ("dA", "2 dA")),
        (r"db = \sum_{t=1}^T \sum_{n=1}^N dA_t", ("{n=1}^N", "{k=1}^t")),
    ],
)
def test_a_batch_whose_arguments_are_split(claim: str, slip: tuple[str, str]) -> None:
    assert set(of_claims(f"{BATCH}$${claim}$$")) == {"right"}
    assert "wrong" in of_claims(f"{BATCH}$${claim.replace(*slip)}$$")


@pytest.mark.parametrize("joined", ["[s_{t-1}; x_t]", column("s_{t-1}", "x_t")])
def test_a_gradient_by_a_joined_vector_is_the_column_of_those_by_its_parts(joined: str) -> None:
    text = "".join(
        rf"$${g}_t = \{f}(W_{g} {joined} + b_{g})$$" + "\n"
        for g, f in zip("fiog", ("sigma", "sigma", "sigma", "tanh"), strict=True)
    )
    text += "\n".join(CELL.split("\n")[2:]) + "\n"
    slopes = [rf"W_{g}^T (@{g}_t \odot {g}_t \odot (1-{g}_t))" for g in "fio"]
    right = [*slopes, r"W_g^T (@g_t \odot (1-g_t^2))"]
    claim = BY.replace("%s", joined) + " = " + " + ".join(right)
    for g in "fiog":
        claim = claim.replace(f"@{g}_t", BY.replace("%s", f"{g}_t"))
    assert last(f"{text}$${claim}$$") == "right"
    assert last(f"{text}$${claim.replace('W_i^T', 'W_f^T')}$$") == "wrong"


def test_two_weights_in_a_matrix_need_no_sign_between_them() -> None:
    text = r"$$s_t = \tanh(\begin{bmatrix} W U \end{bmatrix} \begin{bmatrix} s_{t-1} \\ x_t "
    text += r"\end{bmatrix} + b)$$" + "\n\n"
    claim = r"$$\frac{\partial s_t}{\partial s_{t-1}} = \mathrm{diag}(1 - s_t^2) W$$"
    assert last(text + claim) == "right"
    assert last(text + claim.replace("W$$", "U$$")) in ("wrong", "undecided")
