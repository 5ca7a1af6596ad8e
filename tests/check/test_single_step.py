"""Cells that are written for one step, with gates that carry none, and sums that are split."""

from __future__ import annotations

import pytest

from tests.check.audited import verdicts

CELL = "$$c_t = f \\odot c_{t-1} + i \\odot g$$\n\n$$h_t = o \\odot \\tanh(c_t)$$\n\n"
ONE_BY_ONE = (
    "$$i = \\sigma(W_i x_t + U_i h_{t-1}), \\quad f = \\sigma(W_f x_t + U_f h_{t-1})$$\n\n"
    "$$o = \\sigma(W_o x_t + U_o h_{t-1}), \\quad g = \\tanh(W_g x_t + U_g h_{t-1})$$\n\n"
)
STACK = (
    "$$\\begin{pmatrix} i \\\\ f \\\\ o \\\\ g \\end{pmatrix} = \\begin{pmatrix} \\sigma \\\\ "
    "\\sigma \\\\ \\sigma \\\\ \\tanh \\end{pmatrix} W \\begin{pmatrix} h_{t-1} \\\\ x_t "
    "\\end{pmatrix}$$\n\n"
)
SPLIT = (
    "The vector $a = W_x x_t + W_h h_{t-1} + b$ is cut into $a_i, a_f, a_o, a_g$.\n\n$$i = "
    "\\sigma(a_i), \\quad f = \\sigma(a_f), \\quad o = \\sigma(a_o), \\quad g = \\tanh(a_g)$$\n\n"
)
CLAIMS = [
    (r"\frac{\partial L}{\partial i} = \frac{\partial L}{\partial c_t} \odot g", "right"),
    (r"\frac{\partial L}{\partial i} = \frac{\partial L}{\partial c_t} \odot i", "wrong"),
    (r"df = dc_t \odot c_{t-1}", "right"),
    (r"do = dh_t \odot c_t", "wrong"),
]


@pytest.mark.parametrize("gates", [ONE_BY_ONE, STACK, SPLIT])
@pytest.mark.parametrize(("claim", "expected"), CLAIMS)
def test_gates_without_a_step(gates: str, claim: str, expected: str) -> None:
    assert verdicts(f"{gates}{CELL}$${claim}$$\n")[-1] == expected


@pytest.mark.parametrize(
    ("claim", "expected"),
    [
        (r"\frac{\partial L}{\partial W_x} = \frac{\partial L}{\partial a} x_t^\top", "right"),
        (r"dW_h = da\, h_t^\top", "wrong"),
        (r"dh_{t-1} = W_h^\top da", "right"),
        (r"\frac{\partial L}{\partial h_{t-1}} = W_x^\top \frac{\partial L}{\partial a}", "wrong"),
        (r"da_g = dg \odot (1 - g^2)", "right"),
        (r"da_g = dg \odot (1 - g)", "wrong"),
        (r"\frac{\partial L}{\partial a_i} = \frac{\partial L}{\partial i} \odot i \odot (1 - i)",
         "right"),
    ],
)  # fmt: skip
def test_a_sum_that_is_split_into_the_gates(claim: str, expected: str) -> None:
    assert verdicts(f"{SPLIT}{CELL}$${claim}$$\n")[-1] == expected


def test_equations_between_tuples() -> None:
    text = (
        "$$(i_t, f_t, o_t, g_t) = (\\sigma(a_t^i), \\sigma(a_t^f), \\sigma(a_t^o), \\tanh(a_t^g))"
        "$$\n\n$$c_t = f_t \\odot c_{t-1} + i_t \\odot g_t$$\n\n$$h_t = o_t \\odot \\tanh(c_t)$$"
        "\n\n$$\\frac{\\partial L}{\\partial a_t^%s} = \\frac{\\partial L}{\\partial i_t} \\odot "
        "i_t \\odot (1 - i_t)$$\n"
    )
    assert verdicts(text % "i")[-1] == "right"
    assert verdicts(text % "f")[-1] != "right"


def test_a_letter_that_counts_is_no_gate() -> None:
    text = ONE_BY_ONE + CELL + "$$\\sum_{i=1}^n i = \\frac{n(n+1)}{2}$$\n"
    assert verdicts(text)[-1] in ("right", "not_a_claim", "undecided", "unreadable")


COLUMNS = (
    "$$\\begin{aligned} i_t &= \\sigma\\big((x_t W + b)_i + (h_{t-1} U)_i\\big) \\\\ "
    "f_t &= \\sigma\\big((x_t W + b)_f + (h_{t-1} U)_f\\big) \\\\ "
    "g_t &= \\tanh\\big((x_t W + b)_g + (h_{t-1} U)_g\\big) \\\\ "
    "c_t &= f_t \\odot c_{t-1} + i_t \\odot g_t \\\\ h_t &= \\tanh(c_t) \\end{aligned}$$\n\n"
)


@pytest.mark.parametrize(
    ("claim", "expected"),
    [
        (r"\frac{\partial L}{\partial f_t} = \frac{\partial L}{\partial c_t} \odot c_{t-1}",
         "right"),
        (r"\frac{\partial L}{\partial f_t} = \frac{\partial L}{\partial c_t} \odot c_t", "wrong"),
        (r"\frac{\partial L}{\partial i_t^{pre}} = \frac{\partial L}{\partial i_t} \odot i_t "
         r"\odot (1 - i_t)", "right"),
        (r"\frac{\partial L}{\partial i_t^{\text{pre}}} = \frac{\partial L}{\partial i_t} "
         r"\odot i_t", "wrong"),
        (r"\frac{\partial c_t}{\partial c_{t-1}} = f_{t}*{I}", "right"),
    ],
)  # fmt: skip
def test_columns_of_stacked_weights_and_what_is_before_an_activation(
    claim: str, expected: str
) -> None:
    assert verdicts(f"{COLUMNS}$${claim}$$\n")[-1] == expected


ENTRY = r"\frac{\partial h_{t,i}}{\partial h_{t-1,j}} = (1 - \tanh^2((W h_{t-1} + U x_t)_i)) "


@pytest.mark.parametrize(("weight", "expected"), [("W_{ij}", "right"), ("W_{ji}", "wrong")])
def test_one_letter_below_a_product_counts_its_entries(weight: str, expected: str) -> None:
    text = "$$h_t = \\tanh(W h_{t-1} + U x_t)$$\n\n"
    assert verdicts(f"{text}$${ENTRY}{weight}$$\n")[-1] == expected
