r"""Real-time recurrent learning by entries: labels of biases, brackets, and what is not written."""

from __future__ import annotations

import pytest

from tests.check.audited import last, shown, verdict_of_last, verdicts

NET = r"""
$$a_i(t) = \sum_j W^{hx}_{ij} x_j(t) + \sum_j W^{hh}_{ij} h_j(t-1) + b^h_i, \qquad h_i(t) = \tanh(a_i(t))$$
$$o_k(t) = \sum_i W^{oh}_{ki} h_i(t) + b^o_k$$
"""  # noqa: E501
OF_A_BIAS = (
    r"\frac{\partial h_k(t)}{\partial b^h_i} = (1 - h_k(t)^2) \left( \delta_{ik} + "
    r"\sum_l W^{hh}_{kl} \frac{\partial h_l(t-1)}{\partial b^h_i} \right)"
)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("", "", "right"),
        (r"\delta_{ik}", r"h_i(t-1)", "undecided"),
        (r"W^{hh}_{kl} \frac", r"W^{hh}_{lk} \frac", "wrong"),
        (r"(1 - h_k(t)^2)", r"(1 - h_k(t-1)^2)", "wrong"),
    ],
)
def test_biases_with_the_label_of_what_they_are_added_to(
    old: str, new: str, expected: str
) -> None:
    found = last(NET + shown(OF_A_BIAS, OF_A_BIAS.replace(old, new)))
    assert found == expected or (expected == "undecided" and found != "right")


ROWS = r"""
$$\mathbf{s}_k(t) = \left(\sum_{d=1}^D \mathbf{x}_d(t) \mathbf{W}_{d,k}\right) + \mathbf{b}_k + \sum_{n=1}^N \sigma(\mathbf{s}_n(t - 1)) \mathbf{R}_{n,k}$$
"""  # noqa: E501
BY_W = r"\frac{\partial \mathbf{s}_k(t)}{\partial \mathbf{W}_{i,j}} = "
BY_R = r"\frac{\partial \mathbf{s}_k(t)}{\partial \mathbf{R}_{i,j}} = "
BRACKET = (
    r"\left[ \left(\sum_{d=1}^D \mathbf{x}_d(t) \mathbf{W}_{d,k}\right) + \mathbf{b}_k + "
    r"\sum_{n=1}^N \sigma(\mathbf{s}_n(t - 1)) \mathbf{R}_{n,k} \right]"
)
PATH = (
    r"\sum_{n=1}^N \mathbf{R}_{n,k} \sigma'(\mathbf{s}_n(t-1)) "
    r"\frac{\partial \mathbf{s}_n(t-1)}{\partial \mathbf{V}_{i,j}}"
)


@pytest.mark.parametrize(
    ("claim", "expected"),
    [
        (BY_W + r"\frac{\partial}{\partial \mathbf{W}_{i,j}} " + BRACKET, "right"),
        (BY_R + r"\frac{\partial}{\partial \mathbf{R}_{i,j}} " + BRACKET, "right"),
        (BY_W + r"\frac{\partial}{\partial \mathbf{W}_{i,j}} " + BRACKET.replace("t - 1", "t"),
         "wrong"),
        (BY_W + r"\mathbf{x}_i(t) \mathbb{1}_{k=j} + " + PATH.replace("V", "W"), "right"),
        (BY_R + r"\sigma(\mathbf{s}_i(t-1)) \mathbb{1}_{k=j} + " + PATH.replace("V", "R"),
         "right"),
        (BY_R + r"\sigma(\mathbf{s}_j(t-1)) \mathbb{1}_{k=i} + " + PATH.replace("V", "R"),
         "wrong"),
        (r"\frac{\partial \mathbf{s}_k(t)}{\partial \mathbf{b}_j} = \mathbb{1}_{k=j} + "
         + PATH.replace("V_{i,j}", "b_j").replace(r"\mathbf{V}_{i,j}", r"\mathbf{b}_j"), "right"),
    ],
)  # fmt: skip
def test_rows_of_entries_in_bold(claim: str, expected: str) -> None:
    """Derivatives of sums of entries could not be evaluated, and k below a bias was a step."""
    first = BY_W + r"\mathbf{x}_i(t) \mathbb{1}_{k=j} + " + PATH.replace("V", "W")
    whole = BY_W + r"\frac{\partial}{\partial \mathbf{W}_{i,j}} " + BRACKET
    assert last(ROWS + shown(first, whole, claim)) == expected


LISTED = r"""
$$s_{t,k} = \sum_j W_{kj} s_{t-1,j} + b_k + x_{t,k}, \quad h_{t,k} = \tanh(s_{t,k})$$
"""
OF_B = (
    r"\frac{\partial s_{t,k}}{\partial b_j} = \mathbf{1}_{k=j} + "
    r"\sum_l W_{kl} \frac{\partial s_{t-1,l}}{\partial b_j}"
)


@pytest.mark.parametrize(
    ("claim", "expected"),
    [
        (OF_B, "right"),
        (OF_B.replace("W_{kl}", "W_{lk}"), "wrong"),
        (r"\frac{\partial s_{t,k}}{\partial W_{ij}} = \frac{\partial}{\partial W_{ij}} "
         r"\left[ \sum_l W_{kl} s_{t-1,l} + b_k + x_{t,k} \right]", "right"),
        (r"\frac{\partial s_{t,k}}{\partial W_{ij}} = \frac{\partial}{\partial W_{ij}} "
         r"\left[ \sum_l W_{lk} s_{t-1,l} + b_k + x_{t,k} \right]", "wrong"),
    ],
)  # fmt: skip
def test_k_alone_below_a_bias_is_a_unit(claim: str, expected: str) -> None:
    """The bias was taken for something with a step k."""
    assert last(LISTED + shown(OF_B, claim)) == expected


UNION = r"""
$$z_k(t) = \begin{cases} x_k(t) & k \in I \\ y_k(t) & k \in U \end{cases}$$
$$s_k(t) = \sum_{l \in U} w_{kl} y_l(t) + \sum_{l \in I} w_{kl} x_l(t), \qquad y_k(t+1) = f_k(s_k(t))$$
$$p^k_{ij}(t) = \frac{\partial y_k(t)}{\partial w_{ij}}$$
"""  # noqa: E501


def test_what_cases_join_is_written_for_each_set() -> None:
    """Without a sum over the union of both sets it was not read."""
    claim = (
        r"p^k_{ij}(t+1) = f_k'(s_k(t)) \left[ \sum_{l \in U} w_{kl} p^l_{ij}(t) + "
        r"\delta_{ik} z_j(t) \right]"
    )
    assert set(verdicts(UNION + shown(claim))[-2:]) == {"right"}
    later = claim.replace("s_k(t)", "s_k(t+1)")
    assert verdicts(UNION + shown(claim, later))[-1] == "wrong"


ALONE = r"""
$$C[t] = \frac12 \sum_{i=1}^{n_O} \left( d_i[t] - o_i[t] \right)^2$$
$$\frac{\partial o_l[t]}{\partial W^{o,h}_{i,j}} = g_O'(O_l[t]) \, h_j[t] \delta_{l,i}$$
$$\frac{\partial h_i[t]}{\partial W^{h,v}_{j,k}} = g_H'(H_i[t]) \left( v_k[t] \delta_{i,j} + \sum_{m=1}^{n_H} W^{h,h}_{i,m} \frac{\partial h_m[t-1]}{\partial W^{h,v}_{j,k}} \right)$$
"""  # noqa: E501
OF_A_STATE = (
    r"\frac{\partial h_i[t]}{\partial W^{h,h}_{j,k}} = g_H'(H_i[t]) \left( h_k[t-1] "
    r"\delta_{i,j} + \sum_{m=1}^{n_H} W^{h,h}_{i,m} "
    r"\frac{\partial h_m[t-1]}{\partial W^{h,h}_{j,k}} \right)"
)


def test_a_network_that_its_weights_tell() -> None:
    found = verdict_of_last(ALONE + shown(OF_A_STATE))
    assert found.verdict == "right_under_reading"
    assert any("names of what they join" in a for a in found.assumptions)
    assert verdicts(ALONE + shown(OF_A_STATE))[-3:] == ["right"] * 3


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (r"h_k[t-1] \delta", r"h_k[t] \delta"),
        (r"W^{h,h}_{i,m}", r"W^{h,h}_{m,i}"),
        (r"\delta_{i,j}", r"\delta_{i,k}"),
    ],
)
def test_what_is_supposed_accuses_nobody(old: str, new: str) -> None:
    assert last(ALONE + shown(OF_A_STATE, OF_A_STATE.replace(old, new))) == "undecided"


def test_no_network_is_told_where_an_equation_gives_it() -> None:
    """``o`` has an equation that the names of the weights contradict."""
    given = r"$$o_i[t] = h_i[t]$$" + "\n"
    assert last(ALONE + given + shown(OF_A_STATE)) != "right"


@pytest.mark.parametrize(("sign", "expected"), [("-", "right"), ("", "wrong")])
def test_a_sign_for_whatever_parameter(sign: str, expected: str) -> None:
    text = rf"""
$$h_t = \tanh(W h_{{t-1}} + U x_t), \quad y_t = V h_t, \quad E_t = \frac12 \|d_t - y_t\|^2$$
$$\frac{{\partial E_t}}{{\partial \Box}} = {sign} \sum_l (d_{{t,l}} - y_{{t,l}})
\frac{{\partial y_{{t,l}}}}{{\partial \Box}}$$
"""
    assert last(text) == expected
