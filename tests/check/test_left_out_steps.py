"""Solutions about step t that leave it out of most of their names."""

from __future__ import annotations

import pytest

from bptt_sym.documents.document import document_from_text
from bptt_sym.spelling.left_out_steps import with_left_out_steps
from tests.check.audited import verdicts

SOLUTION = r"""
$$ e^{(t)} = E x^{(t)} $$
$$ h^{(t)} = \sigma(W_h h^{(t-1)} + W_e e^{(t)} + b_1) $$
$$ \hat{y}^{(t)} = softmax(U h^{(t)} + b_2) $$
$$ J^{(t)} = -\sum_{j} y_j^{(t)} \ln \hat y_j^{(t)} $$

Define $\theta = U h^{(t)} + b_2$ and $z = W_h h^{(t-1)} + W_e e^{(t)} + b_1$.

"""
RIGHT = (
    r"\delta_1 = \frac{\partial J}{\partial \theta} = \hat y - y",
    r"\delta_2 = \frac{\partial J}{\partial z} = (U^T \delta_1) \circ \sigma'(z)",
    r"\frac{\partial J}{\partial U} = \delta_1 {h^{(t)}}^T",
    r"\frac{\partial J}{\partial W_h} \Big|_{(t)} = \delta_2 {h^{(t-1)}}^T",
    r"\frac{\partial J}{\partial h^{(t-1)}} = W_h^T \delta_2",
)
WRONG = (
    r"\frac{\partial J}{\partial W_h} \Big|_{(t)} = \delta_2 {h^{(t)}}^T",
    r"\frac{\partial J}{\partial h^{(t-1)}} = W_h \delta_2",
    r"\frac{\partial J}{\partial e^{(t)}} = W_e^T \delta_1",
    r"\frac{\partial J}{\partial \theta} = y - \hat y",
)


def test_what_is_given_by_step_t_is_of_step_t() -> None:
    text = SOLUTION + "\n".join(f"$${f}$$" for f in (*RIGHT, *WRONG))
    assert verdicts(text)[6:] == ["right"] * len(RIGHT) + ["wrong"] * len(WRONG)


def test_a_letter_that_carries_its_step_is_the_next_name() -> None:
    glued = SOLUTION.replace("W_h h^", "W_hh^").replace("W_e e^", "W_ee^").replace("U h^", "Uh^")
    text = glued + "\n".join(f"$${f}$$" for f in (*RIGHT, *WRONG))
    assert verdicts(text)[6:] == ["right"] * len(RIGHT) + ["wrong"] * len(WRONG)


@pytest.mark.parametrize(
    "text",
    [
        # the output of the run, a function of time, one step of a gated cell, a sum
        r"$h_t = \tanh(W h_{t-1} + x_t)$ $$\hat y = V h_T$$ $$\partial L/\partial \hat y = e$$",
        r"$x = g(t)$ and $y = h(t)$: $$\partial z/\partial t = \partial z/\partial y \cdot y'$$",
        r"$$f = \sigma(W_f h_{t-1})$$ $$o = \sigma(W_o h_{t-1})$$ $$c_t = f c_{t-1}$$",
        r"$$h_t = \tanh(W h_{t-1} + x_t)$$ $$y = \sum_t V h_t$$ $$\partial L/\partial y = 1$$",
    ],
)  # fmt: skip
def test_other_names_without_a_step_keep_it_left_out(text: str) -> None:
    formulas = document_from_text(text, "n.md").formulas
    assert [f.latex for f in with_left_out_steps(formulas)] == [f.latex for f in formulas]


def test_letters_of_words_are_no_names() -> None:
    text = r"$$a = W h^{(t-1)} + x^{(t)}$$ $$L = \sum_{batch} Loss(a) pa$$"
    found = with_left_out_steps(document_from_text(text, "n.md").formulas)
    assert [f.latex for f in found] == [
        "a^{(t)} = W h^{(t-1)} + x^{(t)}", r"L = \sum_{batch} Loss(a^{(t)}) pa"
    ]  # fmt: skip
