"""Formulas with slices, as array code writes them: the part, the axis and the bound."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.check.audited import judged, verdicts

#: What a text may call the sizes of x and of h.
SIZES = (
    ("n_x", "n_h"), (r"\text{in}", r"\text{hid}"), (r"in\_len", r"hid\_len"), ("D", "H"),
    (r"\text{input\_size}", r"\text{hidden\_size}"), ("d_x", "d_h"), ("m", "n"),
)  # fmt: skip


@given(
    st.sampled_from(SIZES), st.booleans(), st.booleans(), st.booleans(),
    st.sampled_from(("weight", "product", "below")), st.sampled_from(("", "part", "axis")),
)  # fmt: skip
def test_a_slice_is_the_part_that_it_shows(
    sizes: tuple[str, str], x_first: bool, rows: bool, of_x: bool, form: str, slip: str
) -> None:
    joined = "[x_t, h_{t-1}]" if x_first else "[h_{t-1}, x_t]"
    taken = of_x if slip != "part" else not of_x
    bound = sizes[not x_first]
    part = f":{bound}" if taken == x_first else f"{bound}:"
    by_row = rows if slip != "axis" else not rows
    cut = f"[{part}, :]" if by_row else f"[:, {part}]"
    w, end = (f"W{cut}^T", "") if form == "weight" else ("W^T", f"[{part}]")
    if form != "weight" and slip == "axis":
        w = "W"  # (its other axis is not that of what is joined)
    end = f"_{{{end}}}" if form == "below" else end
    by = "x_t" if of_x else "h_{t-1}"
    delta = r"\frac{\partial L}{\partial z_t}"
    product = f"({delta} {w}){end}" if rows else f"({w} {delta}){end}"
    cell = f"{joined} W + b" if rows else f"W {joined} + b"
    claim = rf"\frac{{\partial L}}{{\partial {by}}} = {product}"
    found = verdicts(f"$$z_t = {cell}$$\n\n$$h_t = \\tanh(z_t)$$\n\n$${claim}$$\n")
    assert found[-1] == ("wrong" if slip else "right"), claim


GRU = r"""
$z_t = \sigma([x_t, h_{t-1}] \times W_z + b_z)$

$r_t = \sigma([x_t, h_{t-1}] \times W_r + b_r)$

$\hat h_t = \tanh([x_t, r_t * h_{t-1}] \times W_h + b_h)$

$h_t = (1 - z_t) * h_{t-1} + z_t * \hat h_t$

$\delta_{z_t} = \delta_{h_t} * (\hat h_t - h_{t-1}) * \sigma'(z_t)$

$\delta_{\hat h_t} = \delta_{h_t} * z_t * \tanh'(\hat h_t)$

"""
STATE = (
    r"$\delta_{h_{t-1}} = \delta_{h_t} * (1 - z_t) + \delta_{z_t} \cdot W_z%(c)s^T + "
    r"\delta_{r_t} \cdot W_r%(c)s^T + (\delta_{\hat h_t} \cdot W_h%(c)s^T) * r_t$"
)


@pytest.mark.parametrize(
    ("cut", "verdict"),
    [(r"[\text{in}:, :]", "right"), (r"[:\text{in}, :]", "wrong"), (r"[:, \text{in}:]", "wrong")],
)
def test_the_slices_of_all_gates(cut: str, verdict: str) -> None:
    last = judged(GRU + STATE % {"c": cut})[-1].verdict
    assert last.verdict.replace("right_under_reading", "right") == verdict
    if verdict == "wrong":
        assert last.diagnosis is not None and "[in:, :]" in last.diagnosis.corrected
        assert "do not fit: " in last.note  # with the shapes


RNN = "$$z_t = [x_t, h_{t-1}] W + b$$\n\n$$h_t = \\tanh(z_t)$$\n\n"


@pytest.mark.parametrize(
    ("claim", "verdict"),
    [
        (r"dh_{prev} = (dz_t @ W.T)[:, n_x:]", "right"),
        (r"dx_t = dz_t \cdot W[:n_x].T", "right"),
        (r"dx_t = dz_t \cdot W[n_x:].T", "wrong"),
        (r"dh_{t-1} = (dz_t \cdot W)[n_x:]", "wrong"),
        (r"dW[:n_x] = x_t^T dz_t", "right"),
        (r"dW[n_x:, :] += h_{t-1}^T dz_t", "right"),
        (r"dW[n_x:, :] += x_t^T dz_t", "wrong"),
        (r"\frac{\partial L}{\partial W}[:n_x, :] = \sum_t x_t^T \frac{\partial L}{\partial z_t}",
         "right"),
    ],
)  # fmt: skip
def test_gradients_of_parts(claim: str, verdict: str) -> None:
    about = "$$dz_t = dh_t * (1 - h_t^2)$$\n\n"
    assert verdicts(f"{RNN}{about}$${claim}$$")[-1] == verdict


@pytest.mark.parametrize("bound", ["3", "2q:3q", "W"])
def test_a_bound_that_is_no_size_is_named(bound: str) -> None:
    cut = bound if ":" in bound else f"{bound}:"
    claim = rf"dh_{{t-1}} = (\frac{{\partial L}}{{\partial z_t}} W^T)[{cut}]"
    last = judged(f"{RNN}$${claim}$$")[-1].verdict
    assert last.verdict in ("undecided", "unreadable")
    assert bound.split(":")[0] in last.note


def test_what_a_plain_bound_is_taken_for_is_said() -> None:
    claim = r"\frac{\partial L}{\partial h_{t-1}} = (\frac{\partial L}{\partial z_t} W^T)[q:]"
    last = judged(f"{RNN}$${claim}$$")[-1].verdict
    assert "q is the size of x, the first part of what is joined" in last.assumptions


def test_a_remark_on_a_part_is_no_claim() -> None:
    assert verdicts(f"{RNN}the first ones, $W = W[:n_x, :]$, are of $x_t$.")[-2] == "not_a_claim"
