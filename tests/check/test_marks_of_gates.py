"""Gradients by gates: marked by bars and δ, with words for an argument, and added up by parts."""

from __future__ import annotations

import pytest

from .audited import judged, last, verdicts

CELL = r"""
A cell with three gates:
$$f_t = \sigma(A_f h_{t-1} + B_f x_t + d_f)$$
$$i_t = \sigma(A_i h_{t-1} + B_i x_t + d_i)$$
$$o_t = \sigma(A_o h_{t-1} + B_o x_t + d_o)$$
$$\widetilde c_t = \tanh(A_c h_{t-1} + B_c x_t + d_c)$$
$$c_t = f_t \odot c_{t-1} + i_t \odot \widetilde c_t$$
$$h_t = o_t \odot \tanh(c_t)$$
"""
BARS = r"""
A bar marks the gradient, $\bar h_t = \frac{\partial L}{\partial h_t}$ and
$\bar c_t = \frac{\partial L}{\partial c_t}$.
$$\bar o_t = \bar h_t \odot \tanh(c_t)$$
$$\delta^f_t = \bar f_t \odot f_t \odot (1 - f_t)$$
"""
DELTAS = r"""
With $\delta^h_t = \frac{\partial L}{\partial h_t}$ and
$\delta^c_t = \frac{\partial L}{\partial c_t}$:
"""


def test_a_bar_by_a_gate_does_not_make_delta_the_gradient_by_it() -> None:
    by_argument = r"$$\delta^i_t = \bar c_t \odot \widetilde c_t \odot i_t \odot (1 - i_t)$$"
    assert last(CELL + BARS + by_argument) == "right"
    assert last(CELL + BARS + by_argument.replace("1 - i", "1 + i")) == "wrong"


def test_a_wide_accent_is_that_accent() -> None:
    candidate = r"$$\delta^c_t = \bar{\widetilde c}_t \odot (1 - \widetilde c_t^2)$$"
    assert last(CELL + BARS + candidate) == "right"
    # Without that slope it may be by the cell state.
    assert last(CELL + BARS + candidate.replace("c_t^2", "c_t")) == "undecided"


ADDED = r"""
$$\delta^i_t = \bar c_t \odot \widetilde c_t \odot i_t \odot (1 - i_t)$$
$$\bar h_{t-1} \mathrel{+}= A_f^\top \delta^f_t + A_i^\top \delta^i_t + A_o^\top \delta^o_t
+ A_c^\top \delta^c_t$$
"""
BESIDE = r"""
All of them at once, unused:
$$\begin{bmatrix} a^i_t \\ a^f_t \\ a^o_t \\ a^c_t \end{bmatrix} = B x_t + A h_{t-1} + d$$
"""


@pytest.mark.parametrize("before", ["", BESIDE])
def test_what_is_added_comes_through_the_gates_that_it_names(before: str) -> None:
    slopes = r"""
$$\delta^o_t = \bar o_t \odot o_t \odot (1 - o_t)$$
$$\delta^c_t = \bar{\widetilde c}_t \odot (1 - \widetilde c_t^2)$$
"""
    text = CELL + before + BARS + slopes
    assert last(text + ADDED) == "right"
    assert last(text + ADDED.replace(r"A_i^\top", "A_i")) == "undecided"
    assert last(text + ADDED.replace(r"A_i^\top", r"A_f^\top")) == "undecided"


def test_the_carried_part_is_a_product_over_the_steps() -> None:
    left = r"\left.\frac{\partial c_T}{\partial c_s}\right|_{\text{carry}}"
    right = r"\mathrm{diag}(f_T) \mathrm{diag}(f_{T-1}) \cdots \mathrm{diag}(f_{s+1})"
    slips = right.replace("s+1", "s"), right.replace("(f", "(i")
    text = CELL + "".join(f"\n$${left} = {r}$$\n" for r in (right, *slips))
    assert verdicts(text)[-3:] == ["right", "undecided", "undecided"]


def test_words_name_the_argument_of_a_gate() -> None:
    by_cell = r"\delta^c_t \odot"
    rows = [
        (r"\delta^o_t = \delta^h_t \odot \tanh(c_t) \odot \sigma'(o_t \text{ input})", "right"),
        (rf"\delta^f_t = {by_cell} c_{{t-1}} \odot \sigma'(\text{{argument of }} f_t)", "right"),
        (rf"\delta^{{\tilde c}}_t = {by_cell} i_t \odot\tanh'(\tilde c_t\text{{ input}})", "right"),
        # The slope of another gate: undecided, for δ may be by the gate as well.
        (rf"\delta^i_t = {by_cell} \tilde c_t \odot \sigma'(f_t \text{{ input}})", "undecided"),
        (rf"\delta^{{\tilde c}}_t = {by_cell} i_t \odot (1 - \tanh^2(\tilde c_t))", "wrong"),
        (r"\delta^o_t = \delta^h_t \odot \tanh(c_t) \odot \sigma'(o_t \text{ gate})", "undecided"),
    ]
    found = verdicts(CELL + DELTAS + "".join(f"\n$${row}$$\n" for row, _ in rows))
    assert found[-len(rows) :] == [verdict for _, verdict in rows]


def test_an_argument_without_brackets_ends_before_a_derivative() -> None:
    by_rule = r"""\frac{\partial h_t}{\partial h_{t-1}} =
\tanh c_t \frac{\partial o_t}{\partial h_{t-1}} + o_t
(1 - \tanh^2 c_t) \frac{\partial c_t}{\partial h_{t-1}}"""
    share = r"\frac{\partial L}{\partial d_o} = \sum_t \frac{\partial L}{\partial h_t} \tanh c_t\,"
    rows = [
        (by_rule, "right"),
        (by_rule.replace("^2 c", " c"), "wrong"),
        (share + "o_t (1 - o_t)", "right"),
        (share + "o_t (1 + o_t)", "wrong"),
        # How far the argument reaches is not plain here.
        (r"\frac{\partial h_t}{\partial c_t} = \tanh c_t f_t", "unreadable"),
    ]
    text = CELL + "".join(f"\n$${row}$$\n" for row, _ in rows)
    assert verdicts(text)[-len(rows) :] == [verdict for _, verdict in rows]
    fault = judged(text)[-1].fault
    assert fault is not None and "far the argument" in fault.message
