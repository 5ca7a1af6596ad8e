"""An encoder, and a decoder that is given what the encoder ends with at every step."""

from __future__ import annotations

import pytest

from tests.check.audited import last

TEXT = r"""
$$h_j = \tanh(W h_{j-1} + U x_j), \quad j = 1, \dots, n$$
The context is $c = h_n$. For $t = 1, \dots, T$
$$s_t = \tanh(A s_{t-1} + B y_{t-1} + M c), \quad p_t = \mathrm{softmax}(V s_t)$$
$$L = -\sum_{t=1}^T y_t^\top \log p_t$$
"""
ERROR = r"\left((1 - s_t^2) \odot \frac{\partial L}{\partial s_t}\right)"
LATER = ERROR.replace("s_t", "s_{t+1}")


@pytest.mark.parametrize(
    ("claim", "expected"),
    [
        (rf"\frac{{\partial L}}{{\partial c}} = \sum_{{t=1}}^T M^\top {ERROR}", "right"),
        (rf"\frac{{\partial L}}{{\partial c}} = \sum_{{t=1}}^T B^\top {ERROR}", "wrong"),
        (rf"\frac{{\partial L}}{{\partial M}} = \sum_{{t=1}}^T {ERROR} c^\top", "right"),
        (rf"\frac{{\partial L}}{{\partial B}} = \sum_{{t=1}}^T {ERROR} y_{{t-1}}^\top", "right"),
        (rf"\frac{{\partial L}}{{\partial B}} = \sum_{{t=1}}^T {ERROR} y_t^\top", "wrong"),
        (rf"\frac{{\partial L}}{{\partial s_t}} = V^\top (p_t - y_t) + A^\top {LATER}", "right"),
        (rf"\frac{{\partial L}}{{\partial s_t}} = V^\top (p_t - y_t) + A^\top {ERROR}", "wrong"),
    ],
)
def test_gradients_of_the_decoder(claim: str, expected: str) -> None:
    assert last(f"{TEXT}$${claim}$$") == expected
