"""Networks unit by unit, in the notation of Graves: layers told apart by the letters of units."""

from __future__ import annotations

import pytest

from tests.check.audited import judged, last, verdicts

PLAIN = r"""
$$a_h^t = \sum_{i=1}^I w_{ih} x_i^t + \sum_{h'=1}^H w_{h'h} b_{h'}^{t-1}$$

$$b_h^t = \theta(a_h^t)$$

$$a_k^t = \sum_{h=1}^H w_{hk} b_h^t$$

$$\delta_j^t = \frac{\partial \mathcal{L}}{\partial a_j^t}$$

"""
BLOCK = r"""
$$a_\iota^t = \sum_{i=1}^I w_{i\iota} x_i^t + \sum_{h=1}^H w_{h\iota} b_h^{t-1} + \sum_{c=1}^C w_{c\iota} s_c^{t-1} \\
b_\iota^t = f(a_\iota^t)$$

$$a_\phi^t = \sum_{i=1}^I w_{i\phi} x_i^t + \sum_{h=1}^H w_{h\phi} b_h^{t-1} + \sum_{c=1}^C w_{c\phi} s_c^{t-1} \\
b_\phi^t = f(a_\phi^t)$$

$$a_c^t = \sum_{i=1}^I w_{ic} x_i^t + \sum_{h=1}^H w_{hc} b_h^{t-1}$$

$$s_c^t = b_\phi^t s_c^{t-1} + b_\iota^t g(a_c^t)$$

$$a_\omega^t = \sum_{i=1}^I w_{i\omega} x_i^t + \sum_{h=1}^H w_{h\omega} b_h^{t-1} + \sum_{c=1}^C w_{c\omega} s_c^t \\
b_\omega^t = f(a_\omega^t)$$

$$b_c^t = b_\omega^t h(s_c^t)$$

$$\epsilon_c^t = \frac{\partial \mathcal{L}}{\partial b_c^t} \quad \epsilon_s^t = \frac{\partial \mathcal{L}}{\partial s_c^t}$$

"""  # noqa: E501
STATES = (
    r"\epsilon_s^t = b_\omega^t h'(s_c^t) \epsilon_c^t + b_\phi^{t+1} \epsilon_s^{t+1} "
    r"+ w_{c\iota} \delta_\iota^{t+1} + w_{c\phi} \delta_\phi^{t+1} + w_{c\omega} \delta_\omega^t"
)
#: A formula that bears out what δ stands for.
BORNE_OUT = r"$$\delta_c^t = b_\iota^t g'(a_c^t) \epsilon_s^t$$" + "\n\n"


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        (r"\delta_h^t = \theta'(a_h^t) \left(\sum_{k=1}^K \delta_k^t w_{hk} + "
         r"\sum_{h'=1}^H \delta_{h'}^{t+1} w_{hh'}\right)", "right"),
        # The weight the other way round, the step of another one, the slope of what leaves.
        (r"\delta_h^t = \theta'(a_h^t) \left(\sum_{k=1}^K \delta_k^t w_{hk} + "
         r"\sum_{h'=1}^H \delta_{h'}^{t+1} w_{h'h}\right)", "wrong"),
        (r"\delta_h^t = \theta'(a_h^{t+1}) \left(\sum_{k=1}^K \delta_k^t w_{hk} + "
         r"\sum_{h'=1}^H \delta_{h'}^{t+1} w_{hh'}\right)", "wrong"),
        (r"\frac{\partial \mathcal{L}}{\partial w_{ij}} = \sum_{t=1}^T \delta_j^t b_i^t", "right"),
        (r"\frac{\partial \mathcal{L}}{\partial w_{ij}} = \sum_{t=1}^T \delta_j^t b_i^{t-1}",
         "right"),
        (r"\frac{\partial \mathcal{L}}{\partial w_{ij}} = \sum_{t=1}^T \delta_i^t b_j^t",
         "undecided"),
        (r"\delta_j^{T+1} = 0", "not_a_claim"),
    ],
)  # fmt: skip
def test_a_hidden_layer(formula: str, expected: str) -> None:
    assert last(PLAIN + f"$${formula}$$\n") == expected


OF_A_BLOCK = [
    (r"\epsilon_c^t = \sum_{k=1}^K w_{ck} \delta_k^t + \sum_{g=1}^G w_{cg} \delta_g^{t+1}",
     "right"),
    (r"\delta_\omega^t = f'(a_\omega^t) \sum_{c=1}^C h(s_c^t) \epsilon_c^t", "right"),
    (r"\delta_\phi^t = f'(a_\phi^t) \sum_{c=1}^C s_c^{t-1} \epsilon_s^t", "right"),
    (STATES, "right"),
    (STATES.replace(r"h'(s_c^t) \epsilon_c^t", r"h'(s_c^t)"), "wrong"),
    (r"\delta_c^t = \frac{\partial \mathcal{L}}{\partial s_c^t} "
     r"\frac{\partial s_c^t}{\partial g(a_c^t)} \frac{\partial g(a_c^t)}{\partial a_c^t}", "right"),
    # Nobody has said what ε of a gate is: it holds for one of the two.
    (r"\epsilon_\iota^t = f'(a_\iota^t) \sum_{c=1}^C g(a_c^t) \epsilon_s^t", "right"),
    (r"\epsilon_\iota^t = \sum_{c=1}^C g(a_c^t) \epsilon_s^t", "right"),
    (r"\epsilon_\iota^t = \sum_{c=1}^C s_c^t \epsilon_s^t", "undecided"),
]  # fmt: skip
#: A slip, its code, and what was meant, in the letters of the text.
SLIPS = [
    (r"\delta_\phi^t = f'(a_\phi^t) \sum_{c=1}^C s_c^t \epsilon_s^t", "BP004", "s_{c}^{t-1}"),
    (r"\delta_\iota^t = f'(a_\iota^t) \sum_{c=1}^C g(a_c^{t-1}) \epsilon_s^t", "BP004",
     "g(a_c^{t})"),
    (r"\delta_c^t = b_\iota^t g'(a_c^t) \epsilon_c^t", "BP018", r"\epsilon_{s}^{t}"),
]  # fmt: skip


def test_a_memory_block() -> None:
    formulas = [f for f, _ in OF_A_BLOCK] + [f for f, _, _ in SLIPS]
    text = BLOCK + BORNE_OUT + "\n\n".join(f"$${f}$$" for f in formulas)
    found = judged(text)[-len(formulas) :]
    verdict = {j.latex: j.verdict for j in found}
    for formula, expected in OF_A_BLOCK:
        assert verdict[formula].verdict.removesuffix("_under_reading") == expected, formula
    for formula, code, meant in SLIPS:
        slip = verdict[formula].diagnosis
        assert verdict[formula].verdict == "wrong" and slip is not None
        assert slip.code == code
        assert meant in slip.message and meant in slip.corrected


def test_what_delta_is_must_be_said_or_borne_out() -> None:
    unsaid = PLAIN.partition(r"$$\delta")[0]
    right = (
        r"$$\delta_h^t = \theta'(a_h^t) \left(\sum_{k=1}^K \delta_k^t w_{hk} + "
        r"\sum_{h'=1}^H \delta_{h'}^{t+1} w_{hh'}\right)$$" + "\n\n"
    )
    slip = right.replace(r"\theta'(a_h^t)", r"\theta'(a_h^{t+1})")
    assert last(unsaid + slip) == "undecided"
    assert verdicts(unsaid + slip + right)[-2:] == ["wrong", "right"]


def test_both_networks_of_a_text_and_the_step_before_the_unit() -> None:
    turned = r"$$\delta^{t}_h = \theta'(a^{t}_h) \sum_{k=1}^K w_{hk} \delta^{t}_k$$"
    found = verdicts(PLAIN + turned + BLOCK + BORNE_OUT)
    assert found[4] == "wrong"  # the way through the next step is missing
    assert found[-1] == "right"


def test_other_texts_are_not_read_so() -> None:
    text = (
        "$$h_t = \\tanh(w h_{t-1} + x_t)$$\n\n$$a_h^t = x_t$$\n\n"
        "$$\\frac{\\partial h_t}{\\partial h_{t-1}} = w (1 - h_t^2)$$\n"
    )
    assert last(text) == "right"
    assert not judged(text)[-1].apart
