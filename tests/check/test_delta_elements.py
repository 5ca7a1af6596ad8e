"""δ with a whole element below, as the equations of the text write it, and labelled outputs."""

from __future__ import annotations

import pytest

from tests.check.audited import shown, verdict_of_last

ELEMENTS = [
    (r"z_{t,f}", r"z_{t,i}"), (r"a_{\mathrm{forget}, t}", r"a_{\mathrm{input}, t}"),
    (r"a^{(f)}_t", r"a^{(i)}_t"), (r"z_{f_t}", r"z_{i_t}"),
    (r"\text{net}_{f_t}", r"\text{net}_{i_t}"),
]  # fmt: skip


@pytest.mark.parametrize(("forget", "write"), ELEMENTS)
def test_a_delta_of_an_element_is_the_gradient_by_it(forget: str, write: str) -> None:
    text = shown(
        rf"{forget} = W_f h_{{t-1}} + U_f x_t, \quad f_t = \sigma({forget})",
        rf"{write} = W_i h_{{t-1}} + U_i x_t, \quad i_t = \sigma({write})",
        r"g_t = \tanh(W_g h_{t-1} + U_g x_t), \quad o_t = \sigma(W_o h_{t-1} + U_o x_t)",
        r"c_t = f_t \odot c_{t-1} + i_t \odot g_t, \quad h_t = o_t \odot \tanh(c_t)",
        r"L = \sum_t L_t(h_t)",
    )
    delta = rf"\delta_{{{forget}}}"
    by_gate = r"\frac{\partial L}{\partial c_t} \odot c_{t-1} \odot f_t \odot (1 - f_t)"
    by_weight = r"\frac{\partial L}{\partial W_f} = \sum_t "
    assert verdict_of_last(text + shown(f"{delta} = {by_gate}")).is_right
    assert verdict_of_last(text + shown(f"{by_weight}{delta} h_{{t-1}}^\\top")).is_right
    other = rf"\delta_{{{write}}}"
    assert verdict_of_last(text + shown(f"{by_weight}{other} h_{{t-1}}^\\top")).verdict == "wrong"
    assert verdict_of_last(text + shown(f"{delta} = {by_gate}".replace("- f", "+ f"))).verdict == (
        "wrong"
    )


def test_an_output_with_a_word_below_it_is_no_gate_of_its_letter() -> None:
    text = shown(
        r"f_t = \sigma(x_t W_{xf} + h_{t-1} W_{hf})", r"o_t = \sigma(x_t W_{xo} + h_{t-1} W_{ho})",
        r"g_t = \tanh(x_t W_{xg} + h_{t-1} W_{hg}), \quad c_t = f_t \odot c_{t-1} + g_t",
        r"h_t = o_t \odot \tanh(c_t)", r"o_{\mathrm{out}, t} = h_t W_{hy} + b_y",
        r"\delta_{z_o} = \frac{\partial L}{\partial z_o}"
        r" = \frac{\partial L}{\partial h_t} \odot \tanh(c_t) \odot o_t \odot (1 - o_t)",
    )  # fmt: skip
    delta = r"\delta_{o_{\mathrm{out}, t}}"
    bias = rf"\frac{{\partial L}}{{\partial b_y}} = \sum_t {delta}"
    assert verdict_of_last(text + shown(bias)).is_right
    turned = rf"\frac{{\partial L}}{{\partial W_{{hy}}}} = \sum_t {delta}^\top h_t"
    assert not verdict_of_last(text + shown(turned)).is_right
