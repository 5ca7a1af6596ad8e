"""Losses that pick the probability of the true class, in the spellings of texts."""

from __future__ import annotations

import pytest

from bptt_sym.documents.document import document_from_text
from bptt_sym.spelling.true_class import with_one_hot_labels
from tests.check.audited import last, verdicts

NETWORK = (
    "$$h_t = \\tanh(W h_{t-1} + U x_t + b)$$\n\n$$o_t = V h_t + c, \\quad p_t = "
    "\\mathrm{softmax}(o_t)$$\n\n$$L = \\sum_t L_t$$\n\n$$L_t = -\\log %s$$\n\n"
    "$$\\frac{\\partial L_t}{\\partial o_t} = %s$$\n"
)
ENTRIES = ["p_{t,y_t}", "p_t[y_t]", "p_t(y_t)", "(p_t)_{y_t}", r"\left[p_t\right]_{y_t}", "p_{y_t}"]


@pytest.mark.parametrize("entry", ENTRIES)
def test_the_entry_of_the_true_class(entry: str) -> None:
    assert verdicts(NETWORK % (entry, "p_t - y_t"))[-1] == "right"


def test_braces_around_an_entry_stay_whole() -> None:
    loss = r"$$L_t = -{y_{i}^{(t)} \log \hat{y}_{i}^{(t)}}$$"
    (formula,) = document_from_text(loss, "n.md").formulas
    found = with_one_hot_labels(formula).latex
    assert found.count("{") == found.count("}") and found == formula.latex


def test_the_sign_of_the_gradient_is_seen() -> None:
    assert verdicts(NETWORK % ("p_{t,y_t}", "y_t - p_t"))[-1] == "wrong"


@pytest.mark.parametrize("name", ["p", r"\hat{y}"])
def test_the_label_of_another_step_is_not_taken_for_the_true_class(name: str) -> None:
    """Nor is a loss supposed where the text gives one that could not be read."""
    text = (NETWORK % ("p_t(y_{t-1})", "p_t - y_t")).replace("p_t", f"{name}_t")
    assert verdicts(text)[-1] == "undecided"


def test_steps_above() -> None:
    text = (
        "$$a^{(t)} = W h^{(t-1)} + U x^{(t)}, \\quad h^{(t)} = \\tanh(a^{(t)}), \\quad "
        "o^{(t)} = V h^{(t)}, \\quad \\hat y^{(t)} = \\operatorname{softmax}(o^{(t)})$$\n\n"
        "$$L = \\sum_t L^{(t)}, \\quad L^{(t)} = -\\log \\hat y^{(t)}_{y^{(t)}}$$\n\n"
        "$$\\nabla_{h^{(\\tau)}} L = V^\\top \\nabla_{o^{(\\tau)}} L$$\n\n"
        "$$\\nabla_{W} L = \\sum_t \\mathrm{diag}(1 - (h^{(t)})^2)(\\nabla_{h^{(t)}} L) "
        "%s^\\top$$\n"
    )
    assert verdicts(text % "{h^{(t-1)}}")[-2:] == ["right", "right"]
    assert verdicts(text % "{h^{(t)}}")[-2:] == ["right", "wrong"]


PROBABILITIES = r"""
$$q_t = \tanh(R q_{t-1} + P x_t)$$

$$y_t = \text{softmax}(V q_t + c)$$

$$L = \sum_{t=1}^T L_t, \quad L_t = -\log y_t[k_t]$$

$$\delta_t^{(y)} = y_t - \text{onehot}(k_t)$$

"""


@pytest.mark.parametrize("picked", ["y_t[k_t]", "y_{t, k_t}", r"\left(y_t[k_t]\right)"])
def test_probabilities_called_y_of_which_a_label_picks_one(picked: str) -> None:
    text = PROBABILITIES.replace("y_t[k_t]", picked)
    claim = r"$$\frac{\partial L}{\partial V} = \sum_{t=1}^T \delta_t^{(y)} %s^T$$"
    assert last(text + claim % "q_t").startswith("right")
    assert last(text + claim % "q_{t-1}") == "wrong"
    assert last(text.replace("softmax", "softplus") + claim % "q_t") != "right"
