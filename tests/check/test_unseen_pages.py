"""What pages about simple networks write in ways of their own, and what is a claim in them."""

from __future__ import annotations

import pytest

from tests.check.audited import last, verdicts

CELL = "$$h_t = \\tanh(W_{hh} h_{t-1} + W_{xh} x_t + b_h), \\quad y_t = W_{hy} h_t$$\n\n"


def shown(formula: str) -> str:
    return f"$${formula}$$\n\n"


@pytest.mark.parametrize("label", [r"\text{target}_t", r"k_t", r"\mathrm{label}_t"])
def test_labels_by_words(label: str) -> None:
    loss = shown(rf"p_t = \mathrm{{softmax}}(y_t), \quad L = -\sum_t \log p_t[{label}]")
    one = rf"\mathbb{{1}}[{label}]"
    claim = rf"\frac{{\partial L}}{{\partial W_{{hy}}}} = \sum_t (p_t - {one}) {{h}}"
    assert last(CELL + loss + shown(claim.replace("{h}", r"h_t^\top"))) == "right"
    assert last(CELL + loss + shown(claim.replace("{h}", r"h_{t-1}^\top"))) == "wrong"


def test_an_indicator_of_a_condition_is_no_label() -> None:
    loss = shown(r"p_t = \mathrm{softmax}(y_t), \quad L = -\sum_t \log p_t[k_t]")
    claim = r"\frac{\partial L}{\partial y_t} = p_t - \mathbb{1}[k_t > 0]"
    assert last(CELL + loss + shown(claim)) != "right"


@pytest.mark.parametrize(
    ("slope", "expected"),
    [
        (r"\mathrm{diag}(f'(z_t)) W", "right"),
        (r"W \mathrm{diag}(f'(z_t))", "wrong"),
        (r"\mathrm{diag}(f'(z_{t-1})) W", "wrong"),
    ],
)
def test_an_activation_under_two_names(slope: str, expected: str) -> None:
    text = shown(r"z_t = W h_{t-1} + U x_t") + shown(r"h_t = \sigma(z_t) = f(z_t)")
    right = shown(r"\frac{\partial h_t}{\partial z_t} = \mathrm{diag}(f'(z_t))")
    claim = shown(rf"\frac{{\partial h_t}}{{\partial h_{{t-1}}}} = {slope}")
    assert last(text + right + claim) == expected


def test_a_loss_that_is_named_as_a_function_before_it_is_written_out() -> None:
    text = shown(r"O_t = g(V H_t), \quad H_t = f(W X_t + U H_{t-1} + b_1)")
    text += shown(r"L_t = L(y_t, g(H_t)) = -y_t^\top \log \hat{y}_t")
    text += shown(r"S_t = U H_{t-1} + W X_t, \quad H_t = \tanh(S_t)")
    text += shown(r"Z_t = V H_t, \quad \hat{y}_t = \mathrm{softmax}(Z_t)")
    claim = r"\frac{\partial L_t}{\partial V} = (\hat{y}_t - y_t) H_t^\top"
    assert last(text + shown(claim)) == "right"
    assert last(text + shown(claim.replace("H_t", "H_{t-1}"))) == "wrong"


@pytest.mark.parametrize(
    "formula",
    [
        r"\hat{P}(w_i \mid w_{i-1}) = \frac{c(w_{i-1}, w_i)}{c(w_{i-1})}",
        r"P_{\text{Add-1}}(w_i \mid w_{i-1}) = \frac{c(w_{i-1}, w_i) + 1}{c(w_{i-1}) + V}",
        r"P(x_1, \ldots, x_T) = \prod_{t=1}^T q_t",
    ],
)
def test_probabilities_claim_nothing_of_a_run(formula: str) -> None:
    assert verdicts(CELL + shown(formula))[2:] == ["not_a_claim"]
