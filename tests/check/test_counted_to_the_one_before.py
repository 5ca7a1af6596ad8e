"""Steps that a text counts from 0 to T - 1, and conjunctions of other languages."""

from __future__ import annotations

import pytest

from bptt_sym.documents.prose import counts_from_zero
from tests.check.audited import verdicts

NET = (
    r"$$h_t = \tanh(W_{hh} h_{t-1} + W_{xh} x_t + b_h)$$" "\n\n"
    r"$$\hat{y} = W_{hy} h_T + b_y$$ with the loss $J = \frac12 (\hat y - y)^2$." "\n\n"
    r"The error is $\delta_y = \frac{\partial J}{\partial \hat{y}}$. "
)
CLAIM = r"$$\frac{\partial J}{\partial h_{T-1}} = %s^T \delta_y$$"


@pytest.mark.parametrize("words", [
    "We go from $t = T-1$ down to $t = 0$:", r"For $t = 0, \dots, T-1$:", "Von $t=0$ bis $t=T-1$:",
    "从 $t = T-1$ 到 $t = 0$:", r"For $t = 0, 1, \ldots, T - 1$:",
])  # fmt: skip
def test_the_last_of_them_is_the_one_before_T(words: str) -> None:
    assert counts_from_zero(words)
    assert verdicts(f"{NET}{words}\n\n{CLAIM % 'W_{hy}'}")[-1] == "right"
    assert verdicts(f"{NET}{words}\n\n{CLAIM % 'W_{hh}'}")[-1] == "wrong"


@pytest.mark.parametrize("words", ["We go from $t = T$ to $t = 1$:", "There are $T-1$ factors."])
def test_other_steps_are_what_they_are(words: str) -> None:
    assert not counts_from_zero(words)
    assert verdicts(f"{NET}{words}\n\n{CLAIM % 'W_{hy}'}")[-1] == "wrong"


@pytest.mark.parametrize("word", ["et", "und", "avec", "oder"])
def test_words_between_two_equations(word: str) -> None:
    text = rf"$$z_j = W a_{{j-1}} + b \quad \text{{{word}}} \quad a_j = f(z_j)$$" "\n\n"
    text = r"$$a_t = \tanh(R a_{t-1} + P x_t)$$" "\n\n" + text
    claim = r"$$\frac{\partial a_j}{\partial a_{j-1}} = \text{diag}(f'(z_j)) %s$$"
    assert verdicts(text + claim % "W")[-1] == "right"
    assert verdicts(text + claim % "W^2")[-1] != "right"


@pytest.mark.parametrize("value", ["", " = 1.0", " = 1", r" \le 1"])
def test_the_steepest_slope_and_its_value(value: str) -> None:
    text = r"$$h_t = \tanh(W h_{t-1} + U x_t)$$" "\n\n"
    text += rf"Let $\gamma = \sup_x |\tanh'(x)|{value}$ be the bound." "\n\n"
    bound = r"$$\left\| \prod_{k=2}^T \frac{\partial h_k}{\partial h_{k-1}} \right\| \le "
    assert verdicts(text + bound + r"(\gamma \|W\|)^{T-1}$$")[-1] == "right"
    assert verdicts(text + bound + r"(\gamma \|W\|)^{T}$$")[-1] != "right"
