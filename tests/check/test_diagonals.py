"""Diagonal matrices that have names: by their whole, or by their entries."""

from __future__ import annotations

import pytest

from tests.check.audited import judged, last

NET = "$$s_t = \\tanh(R s_{t-1} + P u_t), \\quad o_t = V s_t$$\n\n"
WHOLE = r"D_t = \mathrm{diag}(1 - s_t^2)"


@pytest.mark.parametrize(
    "given",
    [
        WHOLE,
        r"(D_t)_{ii} = 1 - s_{t,i}^2",
        r"[D_t]_{jj} = 1 - (s_{t,j})^2",
        r"D_{t,ii} = 1 - s_{t,i}^2",
        r"\left(D_{t+1}\right)_{ii} = 1 - s_{t+1,i}^2",
    ],
)
def test_a_slope_with_a_name(given: str) -> None:
    text = f"{NET}$${given}$$\n\n" + r"$$\frac{\partial s_t}{\partial s_{t-1}} = %s$$"
    assert last(text % "D_t R") == "right"
    assert last(text % "R D_t") == "wrong"
    assert last(text % "D_{t-1} R") == "wrong"


def test_with_the_step_above() -> None:
    net = "$$s^{(t)} = \\tanh(R s^{(t-1)} + P u^{(t)})$$\n\n"
    product = r"$$\frac{\partial s^{(t)}}{\partial s^{(k)}} = \prod_{j=k+1}^t D^{(j)} R$$"
    for given in (r"D^{(t)}_{ii} = 1 - (s^{(t)}_i)^2", r"D_{ii}^{(t)} = 1 - (s_i^{(t)})^2"):
        assert last(f"{net}$${given}$$\n\n{product}") == "right"
    wrong = product.replace("k+1", "k")
    assert last(f"{net}$${given}$$\n\n{wrong}") == "wrong"


def test_a_matrix_is_no_output() -> None:
    back = (
        r"$$\frac{\partial L}{\partial s_t} = V^\top \frac{\partial L}{\partial o_t} + R^\top "
        r"D_{t+1} \frac{\partial L}{\partial s_{t+1}}$$"
    )
    assert last(f"{NET}$${WHOLE}$$\n\n{back}") == "right"
    assert last(f"{NET}$${WHOLE}$$\n\n{back.replace('D_{t+1}', 'D_{t}')}") == "wrong"


def test_entries_that_are_no_slope_stay_entries() -> None:
    text = NET + r"$$R_{ii} = 1$$" + "\n\n"
    text += r"$$\frac{\partial s_t}{\partial s_{t-1}} = \mathrm{diag}(1 - s_t^2) R$$"
    assert last(text) == "right"
    assert judged(text)[-1].verdict.assumptions == ()
