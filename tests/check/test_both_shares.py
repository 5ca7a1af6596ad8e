"""A gradient whose shares stand in lines of their own, each under the sign of the whole."""

from __future__ import annotations

import pytest

from bptt_sym.check.both_shares import A_SHARE
from tests.check.audited import judged

CELL = r"""
$$f_t = \sigma(W_f x_t + U_f h_{t-1} + b_f)$$
$$i_t = \sigma(W_i x_t + U_i h_{t-1} + b_i)$$
$$o_t = \sigma(W_o x_t + U_o h_{t-1} + b_o)$$
$$g_t = \tanh(W_g x_t + U_g h_{t-1} + b_g)$$
$$c_t = f_t \odot c_{t-1} + i_t \odot g_t$$
$$h_t = o_t \odot \tanh(c_t)$$

$L$ is the loss.
"""
BY_STATE = r"\frac{\partial L}{\partial h_t} \odot o_t \odot (1 - \tanh^2(c_t))"
FIRST = r"\frac{\partial L}{\partial c_t} = " + BY_STATE
BACK = r"\frac{\partial L}{\partial c_{t-1}} = f_t \odot \frac{\partial L}{\partial c_t}"
WHOLE = FIRST + r" + \frac{\partial L}{\partial c_{t+1}} \odot f_{t+1}"


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([FIRST, BACK], "right_under_reading"),
        ([BACK, FIRST], "right_under_reading"),
        ([FIRST, WHOLE], "undecided"),
        # No line adds the rest, or the one that would is wrong itself.
        ([FIRST], "wrong"),
        ([FIRST, BACK.replace("f_t", "f_{t-1}")], "wrong"),
        ([FIRST, WHOLE.replace("f_{t+1}", "f_t")], "wrong"),
        # A mistake in the share is one beside the rest as well.
        ([FIRST.replace("o_t", "i_t"), BACK], "wrong"),
        ([FIRST.replace("1 -", "1 +"), BACK], "wrong"),
        ([FIRST.replace("o_t", "i_t"), WHOLE], "wrong"),
        # What comes back to another sequence is no share of it.
        ([FIRST, BACK.replace("c_", "h_")], "wrong"),
    ],
)
def test_a_share_is_no_mistake_where_the_text_has_the_rest(
    lines: list[str], expected: str
) -> None:
    found = judged(CELL + "\n\n".join(f"$${line}$$" for line in lines))[6:]
    share = found[next(k for k, line in enumerate(lines) if line not in (BACK, WHOLE))]
    assert share.verdict.verdict == expected
    if expected == "right_under_reading":
        assert "comes through hₜ" in share.verdict.readings[-1]
    if expected == "undecided":
        assert share.verdict.note == A_SHARE
    if lines == [FIRST]:
        assert share.verdict.diagnosis is not None and share.verdict.diagnosis.code == "BP015"


SIMPLE = (
    r"$$h_t = \tanh(W h_{t-1} + U x_t), \quad y_t = V h_t$$",
    r"$$a_t = W h_{t-1} + U x_t, \quad h_t = \tanh(a_t), \quad y_t = V h_t$$",
    r"$$h_t = \tanh(W h_{t-1} + U x_t) + b, \quad y_t = V h_t$$" "\n\n" r"$$h_t = \tanh(a_t) + b$$",
)


@pytest.mark.parametrize("cell", SIMPLE)
def test_shares_of_a_state_of_a_simple_network(cell: str) -> None:
    first = (
        r"$$\frac{\partial L}{\partial h_t} = "
        r"\frac{\partial L}{\partial y_t} \frac{\partial y_t}{\partial h_t}$$"
    )
    by = r"\partial a_t" if "a_t" in cell else r"\partial h_t"
    back = (
        rf"$$\frac{{\partial L}}{{\partial h_{{t-1}}}} = \frac{{\partial L}}{{{by}}}"
        rf" \frac{{{by}}}{{\partial h_{{t-1}}}}$$"
    )
    assert judged(f"{cell}\n\n{first}")[-1].verdict.verdict == "wrong"
    share, returned = judged(f"{cell}\n\n{first}\n\n{back}")[-2:]
    assert share.verdict.is_right
    assert returned.verdict.is_right
