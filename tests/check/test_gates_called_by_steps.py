"""Gates called T, equations that are not taken up, and output functions that nobody names."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.check.audited import judged, last, of_claims

HIGHWAY = r"""
$$s_t = T_t \odot \tilde{s}_t + (1 - T_t) \odot s_{t-1}$$
where $\tilde{s}_t = \tanh(A s_{t-1} + B x_t)$ and $T_t = \sigma(W_T s_{t-1} + U_{T} x_t + b_T)$.

$$\frac{\partial s_t}{\partial s_{t-1}} =
\mathrm{diag}(T_t) \frac{\partial \tilde{s}_t}{\partial s_{t-1}}
+ I - \mathrm{diag}(T_t)%s$$

$$\frac{\partial s_T}{\partial s_k} = \prod_{j=k+1}^{T} \frac{\partial s_j}{\partial s_{j-1}}$$
"""
PATH = r" + \mathrm{diag}(\tilde{s}_t - s_{t-1}) \mathrm{diag}(T_t \odot (1 - T_t)) W_T"

def _bold(text: str) -> str:
    return text.replace("T_t", r"\mathbf{T}_t").replace("W_T", r"\mathbf{W}_{T}")


@pytest.mark.parametrize("face", [str, _bold])
def test_a_transform_gate_is_called_as_the_last_step_is(face: Callable[[str], str]) -> None:
    """W_T was W at the last step, the gate had no equation, and the path through it was missed."""
    assert of_claims(face(HIGHWAY % PATH)) == ["right", "right"]
    assert of_claims(face(HIGHWAY % "")) == ["wrong", "right"]
    assert of_claims(face(HIGHWAY % PATH.replace("W_T", "U_T")))[0] != "right"
    found = [j for j in judged(face(HIGHWAY % "")) if j.verdict.verdict == "wrong"]
    slip = found[0].verdict.diagnosis
    assert slip is not None
    assert "T}_t" in slip.corrected or "T_t" in slip.corrected
    assert "g_" not in slip.corrected and "{g}" not in slip.corrected


def test_a_weight_of_the_last_step_stays_one() -> None:
    net = "$$s_t = \\tanh(W s_{t-1} + x_t)$$ with copies $W_t$ of W and $J = J(s_T)$.\n\n$$%s$$"
    share = r"(\frac{\partial J}{\partial s_T} \odot (1 - s_T^2)) %s^T"
    claim = r"\frac{\partial J}{\partial W_T} = " + share
    assert last(net % (claim % "s_{T-1}")) == "right"
    assert last(net % (claim % "s_T")) != "right"


def test_what_has_an_equation_that_was_not_taken_up_is_no_input() -> None:
    """It was counted as given, so that a formula without the path through it was right."""
    page = (
        "$$s_t = q_t \\odot \\tanh(A s_{t-1} + B x_t)$$\n\n$$q_t = \\sigma(%s)$$\n\n$$"
        r"\frac{\partial s_t}{\partial s_{t-1}} = "
        r"\mathrm{diag}(q_t \odot (1 - \tanh^2(A s_{t-1} + B x_t))) A$$"
    )
    assert last(page % "D_T s_{t-1}") == "undecided"
    assert last(page % "D_T x_{t}") == "right"
    assert last(page % "D s_{t-1}") == "wrong"


OUTPUT = r"""
State $$s_t = \tanh(A s_{t-1} + B x_t)$$ and output $$\hat{y}_t = %s(C s_t + c)$$,
with $$J = \sum_t J_t(\hat{y}_t, y_t)$$.

$$\delta^y_t = \frac{\partial J_t}{\partial \hat{y}_t}$$

$$\frac{\partial J}{\partial C} = \sum_t %s s_t^T$$
"""


def test_a_derivative_through_an_output_function_that_nobody_names() -> None:
    """It was right if the function is the identity, or if δ is not what the text says."""
    assert last(OUTPUT % ("g", r"\delta^y_t")) == "undecided"
    assert last(OUTPUT % (r"\sigma", r"\delta^y_t")) == "wrong"
    assert last(OUTPUT % ("", r"\delta^y_t")) == "right"
    assert last(OUTPUT % ("g", r"(\delta^y_t \odot g'(C s_t + c))")) == "right"
