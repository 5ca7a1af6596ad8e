"""Braces around rows, matrices for parentheses, columns of functions, lengths."""

from __future__ import annotations

import pytest

from bptt_sym.documents.document import document_from_text
from bptt_sym.spelling.braced_rows import with_plain_rows
from tests.check.audited import last, of_claims


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (r"{a_t = b_t} \\ {c_t = d_{t-1}}", r" a_t = b_t  \\  c_t = d_{t-1} "),
        (
            r"\begin{array}{c}{a_t = b_t} \\ {c = d}\end{array}",
            r"\begin{array}{c} a_t = b_t  \\  c = d \end{array}",
        ),
        (r"{a_t} = b_t", r"{a_t} = b_t"),
        (r"{a = b} + c = d", r"{a = b} + c = d"),
        (r"h = \tanh \begin{pmatrix} W x \end{pmatrix}", r"h = \tanh \left( W x \right)"),
        (r"h = \begin{pmatrix} a \\ b \end{pmatrix}", r"h = \begin{pmatrix} a \\ b \end{pmatrix}"),
    ],
)
def test_braces_around_a_row_and_matrices_of_one_entry(written: str, meant: str) -> None:
    (formula,) = document_from_text(f"$${written}$$", "t.md").formulas
    assert with_plain_rows(formula).latex == meant


@pytest.mark.parametrize("function", ["tanh", r"\tanh"])
def test_a_column_of_functions_on_the_line_before_what_they_are_of(function: str) -> None:
    text = r"""
$$
\begin{pmatrix} i \\ f \\ o \\ g \end{pmatrix} =
\begin{pmatrix} \sigma \\ \sigma \\ \sigma \\ FUNCTION \end{pmatrix}
W \begin{pmatrix} h_{t-1} \\ x_t \end{pmatrix}
$$

$$c_t = f \odot c_{t-1} + i \odot g, \quad h_t = o \odot \tanh(c_t)$$

$$\frac{\partial h_t}{\partial c_t} = %s \odot (1 - \tanh^2(c_t))$$
""".replace("FUNCTION", function)
    assert of_claims(text % "o") == ["right"]
    assert of_claims(text % "f") == ["wrong"]


@pytest.mark.parametrize("word", ["len", r"\text{steps}"])
def test_a_word_for_the_length(word: str) -> None:
    text = r"""
$$s_t = \tanh(A s_{t-1} + B x_t), \quad z_t = C s_t, \quad L = \sum_{t=1}^{len} l(z_t)$$

$$\frac{\partial L}{\partial C} = \sum_{t=1}^{len} \frac{\partial L}{\partial z_t} %s$$
""".replace("len", word)
    assert last(text % "s_t^T") == "right"
    assert last(text % "s_{t-1}^T") == "wrong"


def test_one_formula_between_two_pairs_of_delimiters() -> None:
    row = r"$\frac{\partial h_t}{\partial h_{t-1}} = %s$"
    text = f"$$h_t = \\tanh(w h_{{t-1}} + x_t)$$\n\n\\[\n{row}\n\\]"
    assert last(text % "(1 - h_t^2) w") == "right"
    assert last(text % "(1 + h_t^2) w") == "wrong"


OUTPUT = r"""
$$h_t = \tanh(A h_{t-1} + B x_t), \quad z_t = C h_t, \quad y_t = \mathrm{softmax}(z_t)$$

The loss is $L_t = -%s \log %s$.

$$\frac{\partial L_t}{\partial z_t} = \hat{y}_t - y_t$$
"""


def test_an_output_gets_its_hat_where_the_loss_is_defined() -> None:
    """A right gradient was called wrong: y_t is the output above, and the target below."""
    assert last(OUTPUT % ("y_t", r"\hat{y}_t")) == "right"
    assert last((OUTPUT % ("y_t", r"\hat{y}_t")).replace("t - y_t", "t + y_t")) == "wrong"
    # With the logarithm of y_t the hat is the target's.
    other = OUTPUT % (r"\hat{y}_t", "y_t")
    assert last(other) == "wrong"
    assert last(other.replace(r"\hat{y}_t - y_t", r"y_t - \hat{y}_t")) == "right"


@pytest.mark.parametrize("target", [r"\mathbf{y}_t^*", r"y_t^{*}", r"\bm{y}^\star_t"])
def test_a_star_belongs_to_a_bold_name_as_well(target: str) -> None:
    text = r"""
$$h_t = \tanh(A h_{t-1} + B x_t), \quad z_t = C h_t, \quad p_t = \mathrm{softmax}(z_t)$$

$$L_t = -STAR \log p_t, \quad \frac{\partial L_t}{\partial z_t} = p_t %s STAR$$
""".replace("STAR", target)
    assert last(text % "-") == "right"
    assert last(text % "+") == "wrong"


def test_a_derivative_with_two_deltas_and_a_slash() -> None:
    """Right formulas were called wrong: each δ was taken for the mark of a gradient."""
    text = r"""
$$h_t = \tanh(W h_{t-1} + U x_t), \quad o_t = V h_t, \quad L = \sum_t L_t, \quad L_t = l(o_t)$$

$$(\delta L / \delta V) = \sum_t (\delta L_t / \delta o_t) (\delta o_t / \delta V)$$

$$(\delta h_t / \delta h_{t-1}) = \operatorname{diag}(1 - h_t^2) %s$$
"""
    assert of_claims(text % "W") == ["right", "right"]
    assert of_claims(text % "U") == ["right", "wrong"]
