"""Activation derivatives that leave their argument out."""

from __future__ import annotations

import pytest

from bptt_sym.decide import decide
from bptt_sym.errors import InputError
from bptt_sym.read import read_claim, read_expression, recurrence_from_latex

TANH = recurrence_from_latex([r"h_t = \tanh(W h_{t-1} + U x_t)"], name="tanh")
UNKNOWN = recurrence_from_latex([r"h_t = \phi(W h_{t-1} + U x_t)"], name="phi")
TWO = recurrence_from_latex(
    [r"h_t = \tanh(w h_{t-1} + x_t)", r"s_t = \tanh(v s_{t-1} + h_t)"], name="two"
)
GATES = recurrence_from_latex(
    [
        r"z_t = \sigma(W h_{t-1} + x_t)",
        r"c_t = \tanh(V h_{t-1} + x_t)",
        r"h_t = z_t \odot h_{t-1} + c_t",
    ],
    name="gates",
)
LINEAR = recurrence_from_latex([r"h_t = w h_{t-1} + x_t"], name="linear")


@pytest.mark.parametrize("rec", [TANH, UNKNOWN])
@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        (r"\frac{\partial h_t}{\partial h_{t-1}} = \tanh' W", "right_under_reading"),
        (r"\frac{\partial h_t}{\partial h_{t-1}} = \sigma'(t) W", "right_under_reading"),
        (r"\frac{\partial h_t}{\partial h_{t-1}} = \tanh' W^\top", "wrong"),
        (r"\frac{\partial h_t}{\partial h_k} = \prod_{j=k+1}^{t} \tanh' W", "right_under_reading"),
        (r"\frac{\partial h_t}{\partial h_k} = \prod_{j=k+1}^{t} {\tanh'} \cdot W",
         "right_under_reading"),
        (r"\frac{\partial h_t}{\partial h_{t-2}} = \sigma'(t) W \sigma'(t-1) W",
         "right_under_reading"),
        (r"\frac{\partial h_t}{\partial h_{t-2}} = \sigma'(t) W \sigma'(t-2) W", "wrong"),
        (r"\frac{\partial h_t}{\partial h_{t-2}} = \sigma'(t) \sigma'(t-1) W^2", "wrong"),
    ],
)  # fmt: skip
def test_the_argument_is_that_of_the_state(rec, text, verdict):
    assert decide(read_claim(text, rec), rec).verdict == verdict


@pytest.mark.parametrize(("rec", "beside"), [(TWO, r"\cdot 2"), (LINEAR, "w"), (GATES, r"x_t")])
def test_no_argument_where_several_or_none_can_be_meant(rec, beside):
    with pytest.raises(InputError, match="without an argument"):
        read_claim(rf"\frac{{\partial h_t}}{{\partial h_{{t-1}}}} = \tanh' {beside}", rec)


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        (r"h_{t-1} \sigma' W + \tanh' V + z_t", "right_under_reading"),
        (r"h_{t-1} \sigma' W + \mathrm{diag}(\tanh') V + z_t", "right_under_reading"),
        (r"h_{t-1} \sigma' V + \tanh' W + z_t", None),
        (r"h_{t-1} \sigma' W + \tanh' V", "wrong"),
    ],
)
def test_the_argument_is_that_in_which_the_weight_beside_it_stands(text, verdict):
    text = r"\frac{\partial h_t}{\partial h_{t-1}} = " + text
    if verdict is None:
        with pytest.raises(InputError, match="without an argument"):
            read_claim(text, GATES)
    else:
        assert decide(read_claim(text, GATES), GATES).verdict == verdict


def test_no_argument_where_no_step_is_meant():
    with pytest.raises(InputError, match="without an argument"):
        read_expression(r"\tanh' W", TANH)


# ---------------------------------------------------------------------------- unknown functions

COST = recurrence_from_latex([r"h_t = \tanh(w h_{t-1} + x_t)", "C = C(h_T)"], name="cost")
COSTS = recurrence_from_latex(
    [r"h_t = \tanh(W h_{t-1} + U x_t)", r"E = \sum_t E_t(h_t)"], name="costs"
)
CELL = recurrence_from_latex(["h_t = f(h_{t-1}, w)"], name="cell")


@pytest.mark.parametrize(
    ("rec", "text", "verdict"),
    [
        (COST, r"\frac{\partial C}{\partial w} = C'(h_T) \frac{\partial h_T}{\partial w}", "right"),
        (COST, r"\frac{\partial C}{\partial h_{T-1}} = w C'(h_T)", "wrong"),
        (COST, r"\frac{\partial^2 C}{\partial h_T^2} = C''(h_T)", "right"),
        (COSTS, r"\frac{\partial E}{\partial h_T} = E_T'(h_T)", "right"),
        (COSTS, r"\frac{\partial E}{\partial h_{T-1}} = E'_{T-1}(h_{T-1})", "wrong"),
        (CELL, r"\frac{\partial h_t}{\partial h_{t-1}} = f_h(h_{t-1}, w)", "right"),
        (CELL, r"\frac{\partial h_t}{\partial w} = f_w(h_{t-1}, w)", "wrong"),
        (CELL, r"\frac{\partial h_t}{\partial w} = f_w(h_{t-1}, w)"
               r" + f_h(h_{t-1}, w) \frac{\partial h_{t-1}}{\partial w}", "right"),
    ],
)  # fmt: skip
def test_derivatives_of_unknown_functions_by_their_arguments(rec, text, verdict):
    assert decide(read_claim(text, rec), rec).verdict == verdict


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (r"\frac{\partial h_t}{\partial h_{t-1}} = f'(h_{t-1}, w)", "f' does not say by which"),
        (r"\frac{\partial h_t}{\partial h_{t-1}} = f_1(h_{t-1}, w)", "f_1 may be f at step 1 or"),
        (r"\frac{\partial h_t}{\partial h_{t-1}} = f_v(h_{t-1}, w)", "f_v"),
    ],
)
def test_a_derivative_that_does_not_say_by_what_is_refused(text, message):
    with pytest.raises(InputError, match=message):
        read_claim(text, CELL)


# ---------------------------------------------------------------------------- indicators

RELU = recurrence_from_latex([r"a_t = w h_{t-1} + x_t", r"h_t = \max(0, a_t)"], name="relu")


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        (r"\frac{\partial h_t}{\partial h_{t-1}} = w \mathbb{1}[a_t > 0]", "right"),
        (r"\frac{\partial h_t}{\partial h_{t-1}} = w \mathbf{1}_{\{h_t > 0\}}", "right"),
        (r"\frac{\partial h_t}{\partial h_{t-1}} = 1_{0 < a_t} w", "right"),
        (r"\frac{\partial h_t}{\partial h_{t-1}} = w \mathbb{I}\left(w h_{t-1} + x_t > 0\right)",
         "right"),
        (r"\frac{\partial h_T}{\partial h_0} = w^{T} \prod_{t=1}^{T} I(h_t > 0)", "right"),
        (r"\frac{\partial h_t}{\partial h_{t-1}} = w \mathbb{1}[a_{t-1} > 0]", "wrong"),
        (r"\frac{\partial h_t}{\partial h_{t-1}} = w \mathbb{1}[-a_t > 0]", "wrong"),
        (r"\frac{\partial h_1}{\partial h_0} = w \mathbb{1}[h_0 > 0]", "wrong"),
        (r"\frac{\partial h_t}{\partial h_{t-1}} = h_t / h_{t-1}", "wrong"),
    ],
)  # fmt: skip
def test_an_indicator_is_the_derivative_of_relu(text, verdict):
    assert decide(read_claim(text, RELU), RELU).verdict == verdict


@pytest.mark.parametrize(
    "text",
    [
        r"\frac{\partial h_t}{\partial h_{t-1}} = w \mathbb{1}[a_t \ge 0]",
        r"\frac{\partial h_t}{\partial h_{t-1}} = w \mathbb{1}[a_t < 0]",
        r"\frac{\partial h_t}{\partial h_{t-1}} = w \mathbb{1}[a_t > 1]",
        r"\frac{\partial h_t}{\partial h_{t-1}} = w \max(a_t, h_t)",
    ],
)
def test_other_conditions_are_refused(text):
    with pytest.raises(InputError):
        read_claim(text, RELU)
