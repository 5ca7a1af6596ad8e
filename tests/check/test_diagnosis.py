"""The diagnosis names the slip of the pen, and the correction that it shows is right."""

from __future__ import annotations

import pytest

from bptt_sym.diagnose.diagnosis import CODES
from tests.check.audited import verdict_of_last as last

SCALAR = "$$h_t = \\tanh(w h_{t-1} + u_t)$$\n\n"
ELMAN = "$$h_t = \\tanh(W h_{t-1} + U x_t + b)$$\n\n$$y_t = V h_t$$\n\n"
LSTM = "".join(
    f"$${line}$$\n\n"
    for line in (
        r"f_t = \sigma(W_f [h_{t-1}, x_t])",
        r"i_t = \sigma(W_i [h_{t-1}, x_t])",
        r"a_t = W_o [h_{t-1}, x_t]",
        r"o_t = \sigma(a_t)",
        r"g_t = \tanh(W_g [h_{t-1}, x_t])",
        r"c_t = f_t \odot c_{t-1} + i_t \odot g_t",
        r"h_t = o_t \odot \tanh(c_t)",
    )
)
LAYERS = (
    "$$a_t = A p_{t-1} + B x_t, \\quad p_t = \\tanh(a_t)$$\n\n$$c_t = C q_{t-1} + D p_t, \\quad "
    "q_t = \\tanh(c_t)$$\n\n$$L = \\sum_t L_t(q_t)$$\n\n"
)
NUMBERS = "".join(
    f"$${line}$$\n\n"
    for line in (
        *(rf"{g}_t = \sigma(w_{g} x_t + u_{g} h_{{t-1}})" for g in "fio"),
        r"g_t = \tanh(w_g x_t + u_g h_{t-1})",
        r"c_t = f_t c_{t-1} + i_t g_t",
        r"h_t = o_t \tanh(c_t)",
    )
)
SLIPS = [
    # Under two departures from the usual reading a cheaper edit would make them right.
    (LSTM + "$$L = \\sum_{t=1}^{T} \\ell(h_t)$$\n\n", "BP019",
     r"\frac{\partial L}{\partial c_t} = \frac{\partial L}{\partial h_t} \odot o_t "
     r"+ \frac{\partial L}{\partial c_{t+1}} \odot f_{t+1}"),
    (NUMBERS, "BP015",
     r"\frac{\partial c_t}{\partial u_f} = f_t \frac{\partial c_{t-1}}{\partial u_f} "
     r"+ c_{t-1} \frac{\partial f_t}{\partial u_f} + i_t \frac{\partial g_t}{\partial u_f}"),
    # The way through the other layer, which begins behind the activation.
    (LAYERS, "BP015",
     r"\frac{\partial L}{\partial a_t} = \frac{\partial L}{\partial a_{t+1}} "
     r"\frac{\partial a_{t+1}}{\partial p_t} \frac{\partial p_t}{\partial a_t}"),
    (LAYERS, "BP015",
     r"\frac{\partial L}{\partial a_t} = \frac{\partial L}{\partial c_t} "
     r"\frac{\partial c_t}{\partial p_t} \frac{\partial p_t}{\partial a_t}"),
    (LSTM, "BP023",
     r"\frac{\partial L}{\partial a_t} = \frac{\partial L}{\partial h_t} \odot "
     r"\tanh(c_t) \odot \sigma(o_t) (1-\sigma(o_t))"),
    (LSTM, "BP007",
     r"\frac{\partial L}{\partial o_t} = \frac{\partial L}{\partial h_t} \odot c_t"),
    # What comes back without the gate by which it does.
    (LSTM, "BP011",
     r"\frac{\partial L}{\partial c_t} = \frac{\partial L}{\partial h_t} \odot o_t "
     r"\odot (1-\tanh^2(c_t)) + \frac{\partial L}{\partial c_{t+1}}"),
    (LSTM, "BP018",
     r"\frac{\partial L}{\partial g_t} = \frac{\partial L}{\partial c_t} \odot f_t"),
    (ELMAN, "BP019",
     r"\frac{\partial L}{\partial h_t} = W^\top \frac{\partial L}{\partial h_{t+1}} "
     r"+ V^\top \frac{\partial L}{\partial y_t}"),
    # The activation for its slope.
    (ELMAN, "BP019",
     r"\frac{\partial L}{\partial h_t} = W^\top (\tanh(h_{t+1}) \odot \frac{\partial "
     r"L}{\partial h_{t+1}}) + V^\top \frac{\partial L}{\partial y_t}"),
    # The order of the last side; that of the side before it is the chain rule's.
    (ELMAN, "BP010",
     r"\frac{\partial L}{\partial h_t} = \frac{\partial L}{\partial y_t} \frac{\partial y_t}"
     r"{\partial h_t} + \frac{\partial L}{\partial h_{t+1}} \frac{\partial h_{t+1}}{\partial "
     r"h_t} = V^\top \frac{\partial L}{\partial y_t} + W^\top \frac{\partial L}{\partial "
     r"h_{t+1}} \mathrm{diag}(1-h_{t+1}^2)"),
    (ELMAN, "BP009",
     r"\frac{\partial L}{\partial h_t} = W \mathrm{diag}(1-h_{t+1}^2) \frac{\partial "
     r"L}{\partial h_{t+1}} + V^\top \frac{\partial L}{\partial y_t}"),
    (ELMAN, "BP019",
     r"\frac{\partial L}{\partial W} = \sum_{t=1}^T \frac{\partial L}{\partial h_t} "
     r"h_{t-1}^\top"),
    (ELMAN, "BP004",
     r"\frac{\partial L}{\partial W} = \sum_{t=1}^T \mathrm{diag}(1-h_t^2) "
     r"\frac{\partial L}{\partial h_t} h_{t}^\top"),
    (ELMAN, "BP009",
     r"\frac{\partial L}{\partial V} = \sum_{t=1}^T h_t \frac{\partial L}{\partial "
     r"y_t}^\top"),
    (ELMAN, "BP018",
     r"\frac{\partial L}{\partial b} = \sum_{k=1}^T \mathrm{diag}(1-h_t^2) "
     r"\frac{\partial L}{\partial h_t}"),
    (ELMAN + r"$$L = \sum_{t=1}^T L_t$$" + "\n\n", "BP018",
     r"\frac{\partial L}{\partial V} = \sum_{i=1}^T \frac{\partial L_t}{\partial V}"),
    (ELMAN, "BP010",
     r"\frac{\partial h_T}{\partial h_t} = \prod_{j=t+1}^{T} W \mathrm{diag}(1-h_j^2)"),
    (ELMAN, "BP005",
     r"\frac{\partial h_T}{\partial h_t} = \prod_{j=t}^{T} \mathrm{diag}(1-h_j^2) W"),
    (ELMAN, "BP010",
     r"\frac{\partial h_T}{\partial h_t} = W^{T-t} \prod_{j=t+1}^{T} "
     r"\mathrm{diag}(1-h_j^2)"),
    (ELMAN, "BP014",
     r"\frac{\partial L}{\partial W} = \frac{\partial L}{\partial h_T} "
     r"\frac{\partial h_T}{\partial h_1} \frac{\partial h_1}{\partial W}"),
    (SCALAR, "BP005",
     r"\frac{\partial h_T}{\partial w} = \sum_{t=1}^{T-1} w^{T-t} \prod_{j=t}^T "
     r"(1-h_j^2) h_{t-1}"),
    (SCALAR, "BP011",
     r"\frac{\partial h_t}{\partial w} = (1-h_t^2)(h_{t-1} + \frac{\partial "
     r"h_{t-1}}{\partial w})"),
    (SCALAR, "BP013",
     r"\frac{\partial h_t}{\partial w} = (1-h_t)(h_{t-1} + w\frac{\partial "
     r"h_{t-1}}{\partial w})"),
    (SCALAR, "BP013",
     r"\frac{\partial h_t}{\partial h_{t-1}} = (1-h_t)^2 w"),
    (ELMAN, "BP013",
     r"\frac{\partial h_t}{\partial h_{t-1}} = \mathrm{diag}((1-h_t)^2) W"),
    (SCALAR, "BP019",
     r"\frac{\partial h_t}{\partial h_{t-2}} = (1-h_t^2) w^2"),
    # A power of the weight for the Jacobians, beside another derivative.
    (ELMAN, "BP019",
     r"\frac{\partial h_T}{\partial h_k} \frac{\partial h_k}{\partial b} = W^{T-k} "
     r"\frac{\partial h_k}{\partial b}"),
    # The immediate derivative has the slope in it.
    (SCALAR, "BP012",
     r"\frac{\partial h_t}{\partial w} = (1-h_t^2) (w \frac{\partial h_{t-1}}{\partial w} + "
     r"\frac{\partial^+ h_t}{\partial w})"),
    (SCALAR, "BP001",
     r"\frac{\partial h_t}{\partial w} = (1-h_t^2)h_{t-1} + "
     r"w(1-h_t^2)(1-h_{t-1}^2)h_{t-2}"),
]  # fmt: skip


@pytest.mark.parametrize(("cell", "code", "formula"), SLIPS)
def test_the_slip_is_named_and_the_correction_is_right(
    cell: str, code: str, formula: str
) -> None:
    verdict = last(f"{cell}$${formula}$$")
    assert verdict.verdict == "wrong"
    assert verdict.diagnosis is not None
    assert verdict.diagnosis.code == code
    assert code in CODES
    # What is shown as right stands in the document's own names and is judged right there.
    marked = verdict.diagnosis.corrected.replace(r"\partial^{\mathrm{loc}}", r"\partial^{loc}")
    assert last(f"{cell}$${formula}$$\n\n$${marked}$$").is_right


LEAKY = (
    "$$a_t = W h_{t-1} + U x_t + b, \\qquad h_t = (1-\\alpha) h_{t-1} + \\alpha \\tanh(a_t)$$\n\n"
)


def test_the_correction_keeps_the_identity_matrix() -> None:
    slip = r"(1-\alpha) I + \alpha \mathrm{diag}(1-h_t^2) W"
    verdict = last(rf"{LEAKY}$$\frac{{\partial h_t}}{{\partial h_{{t-1}}}} = {slip}$$")
    assert verdict.diagnosis is not None
    assert verdict.diagnosis.code == "BP007"
    assert r"\left(1 - \alpha\right) I +" in verdict.diagnosis.corrected
    assert last(f"{LEAKY}$${verdict.diagnosis.corrected}$$").is_right
