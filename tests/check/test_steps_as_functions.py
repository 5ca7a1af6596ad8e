r"""The step of a network by the letter of its function alone, and vectors set as binomials."""

from __future__ import annotations

import pytest

from tests.check.audited import of_claims, shown


@pytest.mark.parametrize("function", ["f", "F", r"\Phi", "g"])
@pytest.mark.parametrize("state", [r"\boldsymbol{h}", "h", "s"])
def test_the_function_with_the_step_alone(function: str, state: str) -> None:
    cell = shown(rf"{state}_t = {function}(x_t, {state}_{{t-1}}, w_h)")
    right = (
        (
            r"\frac{\partial S_t}{\partial w_h} = \frac{\partial F_t}{\partial w_h} + "
            r"\sum_{i=1}^{t-1} \left(\prod_{j=i+1}^t \frac{\partial F_j}{\partial S_{j-1}}\right) "
            r"\frac{\partial F_i}{\partial w_h}"
        )
        .replace("F", function)
        .replace("S", state)
    )
    assert of_claims(cell + shown(right)) == ["right"]
    for a, b in (
        ("{j=i+1}", "{j=i}"),
        ("{t-1} ", "t "),
        (rf"{function}_i", rf"{function}_{{i+1}}"),
    ):
        assert of_claims(cell + shown(right.replace(a, b))) != ["right"], (a, b)


def test_a_gate_of_that_letter_is_no_function() -> None:
    cell = shown(
        r"h_t = f(x_t, h_{t-1}, w)", r"f_t = \sigma(v h_{t-1})",
        r"\frac{\partial f_t}{\partial h_{t-1}} = \frac{\partial h_t}{\partial h_{t-1}}",
    )  # fmt: skip
    assert of_claims(cell) != ["right"]


@pytest.mark.parametrize("binomial", [r"\binom", r"\dbinom"])
def test_a_vector_set_as_a_binomial(binomial: str) -> None:
    cell = shown(rf"h_t = \tanh(W {binomial}{{h_{{t-1}}}}{{x_t}})")
    slope = r"\frac{\partial h_t}{\partial h_{t-1}} = \mathrm{diag}(1 - h_t^2) W_h"
    plain = shown(r"h_t = \tanh(W \begin{pmatrix} h_{t-1} \\ x_t \end{pmatrix})", slope)
    assert of_claims(cell + shown(slope)) == of_claims(plain)
    right = (
        r"\frac{\partial L_t}{\partial W} = \frac{\partial L_t}{\partial h_t} "
        r"\frac{\partial h_t}{\partial W}"
    )
    assert of_claims(cell + shown(right)) == ["right"]
