r"""Bounds by the sizes of values, :math:`|ds_2/dw| \le |s_1| + |w||s_0|`, and equal sizes."""

from __future__ import annotations

import pytest

from tests.check.audited import of_claims

CELL = r"The cell $s_t = \tanh(w s_{t-1} + u_t)$ starts from $s_0$. Its slopes:" "\n\n"
_BY_W = r"\left|\frac{d s_%s}{d w}\right| \le "
_SLOPE = r"\left|\frac{\partial s_t}{\partial s_{t-1}}\right| = "
_FAR = r"\left|\frac{\partial s_T}{\partial s_k}\right| = "
RIGHT = [
    _BY_W % 1 + "|s_0|",
    _BY_W % 2 + "|s_1| + |w| |s_0|",
    _BY_W % 3 + "|s_2| + |w||s_1| + |w|^2 |s_0|",
    _BY_W % "T" + r"\sum_{k=1}^{T} |w|^{T-k} |s_{k-1}|",
    _BY_W % "T" + r"\sum_{k=0}^{T-1} |w|^{T-1-k} |s_k|",
    _BY_W % "T" + r"\sum_{j=0}^{T-1} |w|^j |s_{T-1-j}|",
    _SLOPE + r"|w| (1 - s_t^2) \le |w|",
    _FAR + r"\prod_{j=k+1}^T |w| (1 - s_j^2) \le |w|^{T-k}",
]
WRONG = [
    _BY_W % 1 + "|s_1|",
    _BY_W % 2 + "|s_1| + |s_0|",
    _BY_W % 3 + "|s_2| + |w||s_1| + |w| |s_0|",
    _BY_W % "T" + r"\sum_{k=1}^{T} |w|^{T-k} |s_k|",
    _BY_W % "T" + r"\sum_{k=1}^{T-1} |w|^{T-k} |s_{k-1}|",
    _SLOPE + "|w| (1 + s_t^2)",
    _SLOPE + "|w| (1 - s_{t-1}^2)",
    _SLOPE + "|w| (s_t^2 - 1)",
    _FAR + r"|w|^{T-k} \prod_{j=k}^T (1 - s_j^2)",
]


@pytest.mark.parametrize(("lines", "verdict"), [(RIGHT, "right"), (WRONG, "wrong")])
def test_sizes_of_values_bound_and_equal(lines: list[str], verdict: str) -> None:
    text = CELL + "\n".join(f"$${line}$$\n\nMore:" for line in lines)
    assert of_claims(text) == [verdict] * len(lines)


def test_a_start_that_may_lie_out_of_the_range_is_not_supposed_to_be_in_it() -> None:
    # (1 - s_0^2 is negative for |s_0| > 1, so that nothing equals its absolute value.)
    line = r"\left|\frac{\partial s_1}{\partial s_0}\right| = |w| (1 - s_1^2)"
    assert of_claims(CELL + f"$${line}$$") == ["right"]
    assert of_claims(CELL + f"$${line.replace('s_1^2', 's_0^2')}$$") != ["right"]


FAR = r"\left|\frac{\partial s_T}{\partial s_k}\right| \le "


@pytest.mark.parametrize(
    ("said", "bound", "expected"),
    [
        (r"$|w| \le \gamma < 1$", r"\gamma^{T-k} \to 0", "right"),
        (r"$|w| \le \gamma$", r"\gamma^{T-k}", "right"),
        (r"$|w| \le \gamma < 1$", r"\gamma^{T-k+1}", "undecided"),
        # Of another number it says nothing.
        (r"$|u| \le \gamma < 1$", r"\gamma^{T-k}", "undecided"),
    ],
)
def test_a_letter_that_a_condition_makes_the_size_of_a_number(
    said: str, bound: str, expected: str
) -> None:
    assert of_claims(CELL + f"If {said} then ${FAR}{bound}$.")[-1] == expected


def test_a_trace_with_a_label_is_no_loss() -> None:
    text = r"""
$$h_t = \lambda \odot h_{t-1} + B x_t, \qquad y_t = C h_t$$
$$E^\lambda_t = \frac{\partial h_t}{\partial \lambda}$$
$$e_t = \lambda \odot e_{t-1} + h_{t-1}$$
$$\frac{\partial \ell_t}{\partial \lambda} = \frac{\partial \ell_t}{\partial h_t} \odot e_t$$
$$\frac{\partial \ell_t}{\partial h_t} = C^\top \frac{\partial \ell_t}{\partial y_t}$$
"""
    assert of_claims(text)[-2:] == ["right"] * 2
    assert of_claims(text.replace("h_{t-1}$$", "h_t$$"))[-2] != "right"
    assert of_claims(text.replace(r"C^\top", "C"))[-1] != "right"


def test_what_copies_of_a_weight_are_changed_by_claims_nothing() -> None:
    line = (
        r"\Delta w_j^{t_1} = \Delta w_j^{t_2} = -\eta \left(\frac{\partial E}{\partial w_j^{t_1}}"
        r" + \frac{\partial E}{\partial w_j^{t_2}}\right)"
    )
    assert of_claims(f"$${line}$$\n\n$w_j^{{t_1}} = w_j^{{t_2}} \\Rightarrow {line[:35]}$") == []
