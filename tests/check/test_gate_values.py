"""Claims of a case in which gates are open or closed."""

from __future__ import annotations

import pytest

from tests.check.audited import judged

LSTM = (
    "The LSTM has $f_t = \\sigma(W_f h_{t-1} + U_f x_t)$, $i_t = \\sigma(W_i h_{t-1} + U_i x_t)$, "
    "$g_t = \\tanh(W_g h_{t-1} + U_g x_t)$, $o_t = \\sigma(W_o h_{t-1} + U_o x_t)$, "
    "$c_t = f_t \\odot c_{t-1} + i_t \\odot g_t$, $h_t = o_t \\odot \\tanh(c_t)$.\n\n"
)
CELL = r"\frac{\partial c_t}{\partial c_{t-1}}"
WORDS = (
    r"When the forget gate is open ($\mathbf{f}_t = \mathbf{1}$) and $i_t = 0$:",
    "If $f_t = 1$, we have",
    "if $f_t = 1$ we have",
    r"If $f_t \approx 1$, then",
    "当 $f_t = 1$ 时，有",
)


@pytest.mark.parametrize("words", WORDS)
@pytest.mark.parametrize("gap", ["\n", "\n\n"])
@pytest.mark.parametrize(("value", "right"), [("I", True), ("1", True), ("2 I", False)])
def test_the_value_is_put_in(words: str, gap: str, value: str, right: bool) -> None:
    found = judged(f"{LSTM}{words}{gap}$${CELL} = {value}$$\n")[-1].verdict
    assert found.is_right == right
    assert found.verdict != "wrong"
    if right:
        assert "f_t = 1, as the text says" in found.assumptions


def test_another_value_does_not_make_it_right() -> None:
    found = judged(f"{LSTM}If $f_t = 0$, we have\n\n$${CELL} = I$$\n")[-1].verdict
    assert found.verdict == "undecided"
    assert judged(f"{LSTM}If $f_t = 0$, we have\n\n$${CELL} = 0$$\n")[-1].verdict.is_right


def test_without_a_case_it_is_wrong() -> None:
    assert judged(f"{LSTM}We have\n\n$${CELL} = I$$\n")[-1].verdict.verdict == "wrong"


@pytest.mark.parametrize("words", ["If we have", "Suppose that we have", "When"])
def test_what_is_supposed_itself_is_no_claim(words: str) -> None:
    text = f"{LSTM}{words} ${CELL} = I$, the error is carried on.\n"
    assert judged(text)[-1].verdict.verdict == "not_a_claim"
