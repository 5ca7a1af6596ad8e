"""A state with its own equation whose parts have names, and a matrix that picks one of them."""

from __future__ import annotations

import pytest

from tests.check.audited import last, shown, verdicts

MAP = r"z_t = f(z_{t-1}, \theta, u_t)"
COLUMN = r"z_t = \begin{bmatrix} p_t \\ q_t \end{bmatrix}"
PICKED = r"p_t = C z_t"
LOSS = r"L = \sum_{t=1}^T \ell_t, \qquad \ell_t = \ell(p_t, y_t)"
MATRICES = (
    r"C = \begin{bmatrix} I & 0 \end{bmatrix}",
    r"C = \begin{pmatrix} I_{n_p} & 0_{n_q} \end{pmatrix}",
    r"C := \begin{bmatrix} \mathbf{0} & \mathbf{I} \end{bmatrix}",
)
STEP = r"\frac{dL}{dz_t} = %s + \frac{dL}{dz_{t+1}} %s"
LOCAL = r"\frac{\partial \ell_t}{\partial z_t}"
JACOBIAN = r"\frac{\partial z_{t+1}}{\partial z_t}"


@pytest.mark.parametrize("matrix", MATRICES)
@pytest.mark.parametrize("together", [True, False])
def test_names_of_parts_and_what_picks_them_compute_nothing(matrix: str, together: bool) -> None:
    gap = r", \qquad "
    parts = [MAP, COLUMN, PICKED, matrix]
    cell = shown(MAP + gap + COLUMN, PICKED + gap + matrix) if together else shown(*parts)
    cell += shown(LOSS)
    claims = {
        STEP % (LOCAL, JACOBIAN): "right",
        STEP % (LOCAL, r"\frac{\partial z_t}{\partial z_{t-1}}"): "wrong",
        rf"{LOCAL} = \frac{{\partial \ell_t}}{{\partial p_t}} C": "right",
        r"\frac{dL}{d\theta} = \sum_{t=1}^T \frac{\partial \ell_t}{\partial z_t}"
        r" \frac{d z_t}{d\theta}": "right",
        r"\frac{dL}{d\theta} = \sum_{t=1}^T \frac{dL}{dz_t} \frac{d z_t}{d\theta}": "wrong",
    }
    assert verdicts(cell + shown(*claims))[-len(claims) :] == list(claims.values())


def test_blocks_that_are_written_out_are_left_open() -> None:
    cell = shown(MAP + r", \qquad " + COLUMN, PICKED, MATRICES[0], LOSS)
    for right in (
        r"\begin{bmatrix} g_t & 0 \end{bmatrix}",
        r"\begin{bmatrix} 0 & g_t \end{bmatrix}",
    ):
        assert (
            last(cell + shown(r"g_t = \frac{\partial \ell_t}{\partial p_t}", rf"{LOCAL} = {right}"))
            == "undecided"
        )


@pytest.mark.parametrize("name", ["BPTT", "RTRL", "Forward"])
def test_the_name_of_a_formula_behind_it_is_no_factor(name: str) -> None:
    for claim, expected in (
        (STEP % (LOCAL, JACOBIAN), "right"),
        (STEP % (LOCAL, r"\frac{\partial z_t}{\partial z_{t-1}}"), "wrong"),
    ):
        cell = shown(MAP, LOSS.replace("p_t", "z_t"))
        assert last(cell + shown(rf"\boxed{{{claim}}} \qquad\text{{{name}}}.")) == expected


def test_what_is_said_to_be_wrong_keeps_its_words() -> None:
    cell = shown(MAP, LOSS.replace("p_t", "z_t"))
    wrong = STEP % (LOCAL, r"\frac{\partial z_t}{\partial z_{t-1}}")
    assert last(cell + shown(wrong + r" \qquad\text{Wrong}")) != "right"
