"""Gradients by a matrix of which the factors are right, and their product is not."""

from __future__ import annotations

import pytest

from tests.check.audited import judged

NET = (
    "The network is $h_t = \\tanh(W h_{t-1} + U x_t + b)$, $o_t = V h_t + c$, with the loss "
    "$L = \\sum_t L_t(o_t, y_t)$, where $W$ is an $n\\times n$ matrix.\n\n"
    "$$\\nabla_{h_t} L = W^T diag(1-h_{t+1}^2) \\nabla_{h_{t+1}} L + V^T \\nabla_{o_t} L$$\n\n"
)
BY = {"U": "x_t", "W": "h_{t-1}"}
#: Products of the three vectors of the gradient; none has the shape of the matrix, or its value.
WRONG = (
    r"(%s \odot (1-h_t^2)) \nabla_{h_t} L",
    r"((1-h_t^2) \odot %s) \frac{\partial L}{\partial h_t}",
    r"diag(1-h_t^2) %s (\nabla_{h_t} L)^T",
    r"(\nabla_{h_t} L)^T diag(1-h_t^2) %s",
)
RIGHT = (
    r"((1-h_t^2) \odot \nabla_{h_t} L) %s^T",
    r"diag(1-h_t^2) (\nabla_{h_t} L) %s^T",
    r"\frac{\partial L}{\partial h_t} (1-h_t^2) %s",
)
#: What only lists its factors.
SCHEMATIC = (
    r"%s (1-h_t^2) \frac{\partial L}{\partial h_t}",
    r"\frac{\partial L}{\partial h_t} %s (1-h_t^2)",
)


@pytest.mark.parametrize("by", BY)
@pytest.mark.parametrize("product", WRONG + RIGHT + SCHEMATIC)
def test_vectors_that_are_multiplied_in_another_way(by: str, product: str) -> None:
    body = product % BY[by]
    last = judged(NET + rf"$$\frac{{\partial L}}{{\partial {by}}} = \sum_t {body}$$")[-1].verdict
    if product in WRONG:
        assert last.verdict == "wrong"
        assert last.diagnosis is not None
        assert last.diagnosis.code == "BP021"
        assert last.diagnosis.corrected.endswith(BY[by] + r"^{\top}")
    else:
        assert last.is_right == (product in RIGHT)
        assert last.verdict != "wrong"


def test_in_a_step_of_a_chain() -> None:
    net = NET.replace(r"\tanh", r"\phi").split("\n\n")[0]
    chain = (
        r"$$\frac{\partial L}{\partial U} = \sum_{s=1}^T \frac{\partial L}{\partial h_s} "
        r"\frac{\partial h_s}{\partial U} = \sum_{s=1}^T (\phi'(W h_{s-1} + U x_s + b) \odot x_s)"
        r" \frac{\partial L}{\partial h_s}$$"
    )
    found = judged(f"{net}\n\n{chain}")[-1].verdict
    assert found.verdict == "wrong"
    assert found.diagnosis is not None
    assert found.diagnosis.code == "BP021"
