"""Names with a label below and one above, weights in two cases, arguments by two names."""

from __future__ import annotations

import pytest

from tests.check.audited import last, of_claims, verdicts

GATES = r"""
$$f_t = \sigma(W_{xh}^{f} x_t + W_{hh}^{f} h_{t-1} + b_n^{f})$$
$$i_t = \sigma(W_{xh}^{i} x_t + W_{hh}^{i} h_{t-1} + b_n^{i})$$
$$g_t = \tanh(W_{xh}^{g} x_t + W_{hh}^{g} h_{t-1} + b_n^{g})$$
$$c_t = f_t \odot c_{t-1} + i_t \odot g_t, \quad h_t = \tanh(c_t)$$
"""
JACOBIAN = (
    r"\frac{\partial c_t}{\partial x_t} = diag(g_t i_t (1 - i_t)) W_{xh}^i"
    r" + diag(c_{t-1} f_t (1 - f_t)) W_{xh}^f + diag(i_t (1 - g_t^2)) W_{xh}^g"
)
SHARE = (
    r"\frac{dL}{dw_{xh}^{i}} = \frac{dL}{dc_{t}} * g_t * i_t * (1 - i_t) * x_{t}"
)


@pytest.mark.parametrize("weights", ["W_{xh}", "W_x"])
def test_gates_above_weights_that_have_a_label_below(weights: str) -> None:
    def written(text: str) -> str:
        return text.replace("W_{xh}", weights).replace("W_{hh}", weights.replace("x", "h"))

    assert last(written(GATES) + f"\n$${written(JACOBIAN)}$$") == "right"
    slip = JACOBIAN.replace("W_{xh}^i", "W_{xh}^f")
    assert last(written(GATES) + f"\n$${written(slip)}$$") == "wrong"


def test_a_weight_that_is_capital_in_the_equations() -> None:
    assert last(GATES + f"\nThe loss is L.\n\n$${SHARE}$$") == "right"
    slip = SHARE.replace("x_{t}", "x_{t-1}")
    assert last(GATES + f"\nThe loss is L.\n\n$${slip}$$") == "wrong"
    # A small letter that stands elsewhere too is another name.
    other = r"$$w_{xh}^{i} = 2$$ "
    assert last(GATES + other + f"\nThe loss is L.\n\n$${SHARE}$$") != "right"


def test_the_activation_of_a_gate_by_its_name_and_by_its_letter() -> None:
    cell = r"""
    $$h_t = \tanh(W x_t + U h_{t-1})$$

    ## With gates

    $$o_t = \sigma(W_{xo} x_t + W_{ho} h_{t-1} + b_o) \\ = sigmoid(z_t^o)$$
    $$c_t = o_t \odot c_{t-1} + x_t$$
    $$h_t = \tanh(c_t) \odot o_t$$

    """.replace("\n    ", "\n")
    right = r"$$\frac{dL}{dW_{xo}} = \frac{dL}{do_t} o_t (1 - o_t) x_t$$"
    assert of_claims(cell + right)[-1] == "right"
    assert of_claims(cell + right.replace("(1 - o_t)", ""))[-1] == "wrong"


def test_a_word_below_and_the_step_above() -> None:
    cell = r"$$a_{raw}^{t} = x_t u + a_{t-1} w$$ $$a_t = \tanh(a_{raw}^{t})$$ "
    claim = r"$$\frac{\partial a_t}{\partial a_{t-1}} = w (1 - \tanh^2(a_{raw}^{t}))$$"
    assert last(cell + claim) == "right"
    assert last(cell + claim.replace("^{t}))$$", "^{t-1}))$$")) == "wrong"
    power = r"$$a_t = w_{rec} a_{t-1}$$ $$\frac{\partial a_t}{\partial a_0} = w_{rec}^{t}$$"
    assert last(power) == "right"


def test_rows_that_are_counted() -> None:
    cell = r"$$a_t = \tanh(w a_{t-1} + x_t)$$"
    rows = (
        r"$$%s\frac{\partial a_t}{\partial a_{t-1}} = w (1 - a_t^2) \\"
        r" %s\frac{\partial a_t}{\partial x_t} = 1 - a_t^2$$"
    )
    for numbers in (("1.\\ ", "2.\\ "), ("(1)\\ ", "(2)\\ "), ("1)\\quad ", "2)\\quad ")):
        assert of_claims(cell + "\n\n" + rows % numbers) == ["right", "right"]
    assert of_claims(cell + "\n\n" + rows % ("(2)\\ ", "(2)\\ ")) != ["right", "right"]


def test_what_is_quoted_deep_in_a_list() -> None:
    text = r"""
- a cell

  - its argument

    > $$
    > a_t = \tanh(w a_{t-1}
    > + x_t)
    > $$
    >
    > $$\frac{\partial a_t}{\partial x_t} = 1 - a_t^2$$
"""
    assert verdicts(text) == ["not_a_claim", "right"]


def test_a_share_is_laid_out_as_the_whole_is() -> None:
    cell = r"$$a_t = \tanh(W a_{t-1} + U x_t)$$ with $a_t \in \mathbb{R}^n$. The loss is L.\n\n"
    share = r"$$\frac{\partial L}{\partial W} = \frac{\partial L}{\partial a_t} (1 - a_t^2) %s$$"
    assert last(cell + share % "a_{t-1}") == "right"
    assert last(cell + share % "a_t") == "wrong"
    # Of vectors alone, without any sign of them, the order says nothing.
    turned = r"$$\frac{\partial L}{\partial W} = %s (1 - a_t^2) \frac{\partial L}{\partial a_t}$$"
    assert last(cell + turned % "a_{t-1}") == "undecided"
    assert last(cell + turned % "a_t") == "wrong"
