r"""What layers need elsewhere: entries of gradients, shares of labelled weights, lost marks."""

from __future__ import annotations

import pytest

from tests.check.audited import judged, verdicts

TWO = r"""
$$z_t^{(1)} = W^{(1)} x_t + U^{(1)} h_{t-1}^{(1)} + b^{(1)}, \quad h_t^{(1)} = \tanh(z_t^{(1)})$$
$$z_t^{(2)} = W^{(2)} h_t^{(1)} + U^{(2)} h_{t-1}^{(2)} + b^{(2)},
\quad h_t^{(2)} = \tanh(z_t^{(2)})$$
$$L = L(h_T^{(2)}), \quad \delta_t^{(1)} = \frac{\partial L}{\partial z_t^{(1)}}, \quad
\delta_t^{(2)} = \frac{\partial L}{\partial z_t^{(2)}}$$
"""


@pytest.mark.parametrize(
    ("right", "piece", "slip"),
    [
        # One letter below a gradient, or below a weight with a label, is of an entry.
        (r"(\delta_t^{(1)})_i = (1 - (h_t^{(1)})_i^2) (\sum_q (W^{(2)})_{qi} (\delta_t^{(2)})_q "
         r"+ \sum_k (U^{(1)})_{ki} (\delta_{t+1}^{(1)})_k)", "(U^{(1)})_{ki}", "(U^{(1)})_{ik}"),
        (r"\frac{\partial L}{\partial (b^{(2)})_k} = \sum_t (\delta_t^{(2)})_k",
         r"= \sum", r"= -\sum"),
        # The share of a step in the gradient by a weight of one layer, and by an entry of it.
        (r"\left(\frac{\partial L}{\partial W^{(2)}}\right)^{(t)} = \delta_t^{(2)} (h_t^{(1)})^T",
         "h_t^{(1)}", "h_{t-1}^{(1)}"),
        (r"\left(\frac{\partial L}{\partial (W^{(2)})_{ij}}\right)^{(t)} = (\delta_t^{(2)})_i "
         r"(h_t^{(1)})_j", "h_t^{(1)}", "h_{t-1}^{(1)}"),
        (r"\frac{\partial L}{(W^{(2)})_{ij}} = \sum_t (\delta_t^{(2)})_i (h_t^{(1)})_j",
         "h_t^{(1)}", "h_{t-1}^{(1)}"),
    ],
)  # fmt: skip
def test_entries_and_shares_of_what_has_a_label(right: str, piece: str, slip: str) -> None:
    assert verdicts(f"{TWO}$${right}$$\n")[-1] == "right"
    assert verdicts(f"{TWO}$${right.replace(piece, slip)}$$\n")[-1] == "wrong"


def test_one_letter_below_a_gradient_by_a_weight_may_be_a_step() -> None:
    text = TWO + r"$$\left(\frac{\partial L}{\partial U^{(1)}}\right)_k = \delta_k^{(1)}$$"
    assert not judged(text)[-1].verdict.is_right


def test_the_part_of_a_sum_that_is_the_whole() -> None:
    text = r"""
$$z_l^{(t)} = W_l h_{l-1}^{(t)} + U_l h_l^{(t-1)} + b_l, \quad h_l^{(t)} = \tanh(z_l^{(t)})$$
$$z_{L+1}^{(t)} = \left(z_{L+1}^{(t)}\right)_\text{layer} = W_{L+1} h_L^{(t)} + b_{L+1}$$
$$y^{(t)} = g(z_{L+1}^{(t)}), \quad E = \sum_t E^{(t)}(y^{(t)})$$
$$\delta_l^{(t)} = \frac{\partial E}{\partial z_l^{(t)}}$$
$$\frac{\partial E}{\partial W_{L+1}} = \sum_t \delta_{L+1}^{(t)} (h_L^{(t)})^T$$
"""
    assert verdicts(text)[-1] == "right"
    assert verdicts(text.replace(r"_{L+1}^{(t)} (h_L", r"_{L}^{(t)} (h_L"))[-1] == "wrong"


def test_the_arguments_of_layers_are_not_that_of_the_first() -> None:
    text = r"""
$$z_l^{(t)} = W^{l-1,l} h_{l-1}^{(t)} + b^{l-1,l} + W^{ll} h_l^{(t-1)} + b^{ll}$$
$$h_l^{(t)} = \sigma_l(z_l^{(t)})$$
$$z_{L+1}^{(t)} = W^{L,L+1} h_L^{(t)} + b^{L,L+1},
\quad \hat y^{(t)} = \sigma_{L+1}(z_{L+1}^{(t)})$$
The cost at a step is $C^{(t)} = C^{(t)}(\hat y^{(t)}, y^{(t)})$, and the overall cost is $C$.
$$\frac{\partial C}{\partial z_{L+1,i}^{(t)}} = \sum_j \frac{\partial C^{(t)}}
{\partial \hat y_j^{(t)}} \frac{\partial \hat y_j^{(t)}}{\partial z_{L+1,i}^{(t)}}$$
$$\frac{\partial C}{\partial z_{L+1}^{(t)}} = \frac{\partial C^{(t)}}{\partial \hat y^{(t)}}
\odot \sigma_{L+1}^\prime(z_{L+1}^{(t)})$$
"""
    assert verdicts(text)[-2:] == ["right", "right"]


def test_a_weight_of_all_layers_is_not_that_of_one() -> None:
    text = r"""
$$h_t^{(l)} = h_t^{(l-1)} + \tanh(W h_{t-1}^{(l)} + U h_t^{(l-1)})$$
$$\frac{\partial L}{\partial W} = \sum_t \frac{\partial L}{\partial h_t^{(l)}} \odot
(1 - \tanh^2(W h_{t-1}^{(l)} + U h_t^{(l-1)})) (h_{t-1}^{(l)})^\top$$
"""
    assert verdicts(text)[-1] == "undecided"


def test_a_capital_with_a_layer_below_and_a_transpose() -> None:
    text = r"""
$$z_l^{(t)} = W_l h_{l-1}^{(t)} + U_l h_l^{(t-1)}, \quad h_l^{(t)} = \sigma(z_l^{(t)})$$
$$\delta_l^{(t)} = \frac{\partial E}{\partial z_l^{(t)}}$$
$$\delta_l^{(t)} = \left(W_{l+1}^T \delta_{l+1}^{(t)} + U_l^T \delta_l^{(t+1)}\right)
\odot \sigma'(z_l^{(t)})$$
"""
    assert verdicts(text)[-1] == "right"
    assert verdicts(text.replace("W_{l+1}^T", "W_{l}^T"))[-1] == "wrong"


def test_losses_of_every_layer_accuse_nobody() -> None:
    text = r"""
$$h_t^{(l)} = \tanh(W^{(l)} h_{t-1}^{(l)} + U^{(l)} h_t^{(l-1)})$$
$$L = \sum_{l=1}^L \sum_t L_t^{(l)}(h_t^{(l)})$$
$$\frac{\partial L}{\partial h_t^{(l)}} = \frac{\partial L_t^{(l)}}{\partial h_t^{(l)}}
+ (U^{(l+1)})^\top \left((1 - (h_t^{(l+1)})^2) \odot \frac{\partial L}{\partial h_t^{(l+1)}}\right)
+ (W^{(l)})^\top \left((1 - (h_{t+1}^{(l)})^2) \odot \frac{\partial L}{\partial h_{t+1}^{(l)}}\right)$$
"""  # noqa: E501
    assert "wrong" not in verdicts(text)


def test_a_loss_of_a_layer_with_a_number_is_one_of_that_layer() -> None:
    text = TWO.replace(r"L = L(h_T^{(2)})", r"L = \sum_t E_t(h_t^{(1)})") + (
        r"$$\frac{\partial L}{\partial h_t^{(1)}} = \frac{\partial E_t}{\partial h_t^{(1)}} + "
        r"(U^{(1)})^\top \delta_{t+1}^{(1)}$$"
    )
    assert verdicts(text)[-1] == "right"
    assert verdicts(text.replace(r"\delta_{t+1}^{(1)}$$", r"\delta_{t}^{(1)}$$"))[-1] == "wrong"
