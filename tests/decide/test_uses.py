r"""Vectors in the place of derivatives by a matrix, :math:`\partial s_1/\partial W = s_0`."""

from __future__ import annotations

import pytest

from tests.check.audited import last, shown, verdict_of_last

HEAD = (r"z_t = V s_t", r"\hat{y}_t = \mathrm{softmax}(z_t)")
LINEAR = shown(r"s_t = W s_{t-1} + U x_t", *HEAD)
TANH = shown(r"s_t = \tanh(W s_{t-1} + U x_t)", *HEAD)
BY_W = r"\frac{\partial s_%s}{\partial W}"
LOSS = shown(r"E_t = -\sum_k y_{t,k} \log \hat{y}_{t,k}")


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        ("1", "s_0", "right"),
        ("2", "s_1 + W s_0", "right"),
        ("2", "s_1 + W.s_0", "right"),
        ("3", "s_2 + W (s_1 + W s_0)", "right"),
        ("3", "s_2 + W s_1 + W W s_0", "right"),
        ("3", r"\sum_{j=1}^3 W^{3-j} s_{j-1}", "right"),
        ("t", r"s_{t-1} + W \frac{\partial s_{t-1}}{\partial W}", "right"),
        ("2", "s_1 + W^2 s_0", "wrong"),
        ("2", "s_1", "right"),  # from a state that is 0, which the report says
        ("2", "s_1 + s_0", "wrong"),
        ("3", "s_2 + W s_1 + W s_0", "wrong"),
        ("3", r"\sum_{j=1}^3 W^{4-j} s_{j-1}", "wrong"),
        ("t", r"s_t + W \frac{\partial s_{t-1}}{\partial W}", "wrong"),
        ("t", r"s_{t-1} + \frac{\partial s_{t-1}}{\partial W}", "wrong"),
    ],
)
def test_a_vector_stands_for_the_derivative_of_its_product(
    left: str, right: str, expected: str
) -> None:
    claim = f"{BY_W % left} = {right}"
    assert last(LINEAR + shown(claim)) == expected


@pytest.mark.parametrize("scaled", [r"\mathrm{diag}(1 - s_t^2) (%s)", r"(1 - s_t^2) \odot (%s)"])
def test_the_slope_of_the_step_multiplies_both(scaled: str) -> None:
    before = BY_W % "{t-1}"
    cases = {
        rf"s_{{t-1}} + W {before}": "right",
        rf"s_t + W {before}": "wrong",
        rf"s_{{t-1}} + {before}": "wrong",
    }
    for inner, expected in cases.items():
        assert last(TANH + shown(f"{BY_W % 't'} = {scaled % inner}")) == expected
    misfit = scaled % rf"s_{{t-1}} + U {before}"
    assert last(TANH + shown(f"{BY_W % 't'} = {misfit}")) in ("undecided", "wrong")


def test_the_way_through_earlier_states_is_named_where_it_is_missing() -> None:
    slope = r"\mathrm{diag}(1 - s_t^2)"
    verdict = verdict_of_last(TANH + shown(rf"{BY_W % 't'} = {slope} s_{{t-1}}"))
    assert verdict.verdict == "wrong" and verdict.diagnosis is not None
    assert verdict.diagnosis.code == "BP001"
    corrected = verdict.diagnosis.corrected
    assert last(TANH + shown(corrected)) == "right" and BY_W % "{t-1}" in corrected


def test_with_turned_matrices_it_is_another_product() -> None:
    turned = r"\sum_{j=1}^t (W^\top)^{t-j} s_{j-1}"
    assert last(LINEAR + shown(f"{BY_W % 't'} = {turned}")) in ("undecided", "wrong")
    assert last(LINEAR + shown(f"{BY_W % 't'} = {turned.replace('^{t-j}', '^{j}')}")) != "right"


def test_the_correction_is_in_the_words_of_the_text() -> None:
    verdict = verdict_of_last(LINEAR + shown(rf"{BY_W % 2} = s_1 + W^2 s_0"))
    assert verdict.diagnosis is not None and verdict.diagnosis.corrected.endswith("s_1 + W^{1} s_0")


@pytest.mark.parametrize(
    ("right", "expected"),
    [
        (r"V \sum_{j=1}^3 W^{3-j} s_{j-1}", "right"),
        (r"V (s_2 + W s_1 + W^2 s_0)", "right"),
        (r"V \sum_{j=1}^3 W^{4-j} s_{j-1}", "wrong"),
        (r"V (s_2 + W s_1 + W s_0)", "wrong"),
        (r"V (s_2 + W^T s_1 + W^2 s_0)", "undecided"),
    ],
)
def test_a_loss_by_the_matrix_with_a_sum_at_the_end(right: str, expected: str) -> None:
    claim = rf"\frac{{\partial E_3}}{{\partial W}} = (\hat{{y}}_3 - y_3)^T {right}"
    assert last(LINEAR + LOSS + shown(claim)) in (expected, "wrong")


def test_a_full_stop_at_the_end_of_a_line_is_a_product_before_a_sum() -> None:
    claim = (
        "\\frac{\\partial E_3}{\\partial W} = (\\hat{y}_3 - y_3)^T.V.\n"
        "\\sum_{j=1}^3 W^{%s-j}.s_{j-1}"
    )
    assert last(LINEAR + LOSS + shown(claim % 3)) == "right"
    assert last(LINEAR + LOSS + shown(claim % 4)) == "wrong"
    # Behind a sentence that ends there stands another equation.
    two = "s_1 = W s_0 + U x_1.\n\\frac{\\partial s_2}{\\partial s_1} = W^T W"
    assert last(LINEAR + LOSS + shown(two)) != "right"
