"""Texts that differentiate a state and never say what it is computed by, or by any function."""

from __future__ import annotations

import pytest

from tests.check.audited import judged, of_claims, shown, verdict_of_last

JACOBIAN = r"\frac{\partial h_t}{\partial h_k}"
ONE = r"\frac{\partial h_i}{\partial h_{i-1}}"
NAMED = r"The gradient $\delta_t = \frac{\partial L}{\partial h_t}$ comes back:" + "\n\n"
TURNED = r"\left(\frac{\partial h_{t+1}}{\partial h_t}\right)^T \delta_{t+1}"


@pytest.mark.parametrize("weight", ["", "The matrix $W_{hh}$ is shared.\n\n"])
def test_what_holds_of_any_network_needs_none(weight: str) -> None:
    found = verdict_of_last(weight + shown(rf"{JACOBIAN} = \prod_{{i=k+1}}^t {ONE}"))
    assert found.is_right and any("does not write down" in said for said in found.assumptions)


@pytest.mark.parametrize("weight", ["", "The matrix $W_{hh}$ is shared.\n\n"])
@pytest.mark.parametrize(
    ("slip", "code"),
    [
        (rf"{JACOBIAN} = \prod_{{i=k}}^t {ONE}", "BP005"),
        (rf"{JACOBIAN} = \sum_{{i=k+1}}^t {ONE}", "BP026"),
        (rf"\frac{{\partial h_T}}{{\partial h_1}} = \prod_{{i=1}}^T {ONE}", "BP005"),
    ],
)
def test_what_holds_of_no_network_is_wrong(weight: str, slip: str, code: str) -> None:
    found = verdict_of_last(weight + shown(slip))
    assert found.verdict == "wrong" and found.counterexample is not None
    assert found.diagnosis is not None and found.diagnosis.code == code


@pytest.mark.parametrize(
    "said",
    [
        r"\frac{\partial h_t}{\partial h_{t-1}} = I",
        r"\frac{\partial h_t}{\partial h_{t-1}} = A",
        r"\left\|\frac{\partial h_t}{\partial h_{t-1}}\right\| < 1",
        # (It fails everywhere, but no slip that is known explains it.)
        rf"{JACOBIAN} = \frac{{\partial h_k}}{{\partial h_{{k-1}}}}",
        # Of linear networks these hold.
        rf"{JACOBIAN} = \prod_{{i=k+1}}^t \frac{{\partial h_{{i+1}}}}{{\partial h_i}}",
        r"\frac{\partial h_t}{\partial h_{t-1}} = \frac{\partial h_{t-1}}{\partial h_{t-2}}",
        r"\frac{\partial h_T}{\partial h_k} = \frac{\partial h_{T-1}}{\partial h_{k-1}}",
        r"\frac{\partial h_t}{\partial h_{t-2}} = \frac{\partial h_t}{\partial h_{t-1}}"
        r" \frac{\partial h_t}{\partial h_{t-1}}",
        r"\frac{\partial L}{\partial h_t} = \frac{\partial L_t}{\partial h_t}",
        r"\frac{\partial h_T}{\partial w} = \frac{\partial h_T}{\partial h_{T-1}}"
        r" \frac{\partial h_{T-1}}{\partial w}",
    ],
)
def test_what_some_network_has_accuses_nobody(said: str) -> None:
    assert verdict_of_last(shown(said)).verdict == "undecided"
    if "partial L" not in said and "A" not in said and "w}" not in said:
        named = "The matrix $W_{hh}$ is shared.\n\n"
        assert verdict_of_last(named + shown(said)).verdict == "undecided"


@pytest.mark.parametrize("network", ["", shown(r"h_t = f(h_{t-1}, x_t)")], ids=["none", "any"])
@pytest.mark.parametrize("loss", [r"\frac{\partial L_t}{\partial h_t}", r"(h_t - y_t)"])
def test_a_gradient_named_before_any_recurrence_keeps_its_name(loss: str, network: str) -> None:
    text = network + NAMED + shown(rf"\delta_t = {loss} + {TURNED}")
    assert of_claims(text) == ["right"]
    later = TURNED.replace("{t+1}", "{t+2}", 1)
    found = verdict_of_last(network + NAMED + shown(rf"\delta_t = {loss} + {later}"))
    assert not found.is_right


def test_a_T_above_a_derivative_of_any_function_is_a_transpose() -> None:
    text = shown(r"h_t = f(h_{t-1}, x_t)") + NAMED
    found = verdict_of_last(
        text + shown(rf"\delta_t = \frac{{\partial L_t}}{{\partial h_t}} + {TURNED}")
    )
    assert found.verdict == "right_under_reading" and found.diagnosis is None
    found = verdict_of_last(
        text + shown(rf"\delta_t = \frac{{\partial L_t}}{{\partial h_t}} + 2 {TURNED}")
    )
    assert found.verdict == "wrong"


def test_a_function_with_a_label_is_no_other_step() -> None:
    text = shown(r"h_t = h_{t-1} + g_\theta(h_{t-1}, x_t)")
    step = r"\frac{\partial h_t}{\partial h_{t-1}} = I + \frac{\partial g}{\partial h_{t-1}}"
    factor = r"(I + \frac{\partial g}{\partial h_{t-1}})"
    run = rf"\frac{{\partial h_T}}{{\partial h_0}} = \prod_{{t=1}}^T {factor}"
    for claim in (step, run):
        assert verdict_of_last(text + shown(claim)).verdict != "wrong"


SLOPE = shown(r"z_t = W h_{t-1} + U x_t", r"h_t = \tanh(z_t)")


@pytest.mark.parametrize(
    "said",
    [
        r"\tanh'(z_t) \ll 1", r"\tanh'(z_t) ≪ 1", r"\frac{\partial h_t}{\partial h_k} \ll 1",
        r"\left\|\frac{\partial h_t}{\partial h_k}\right\| \gg 1",
        r"\left\|\frac{\partial h_t}{\partial h_k}\right\| \lll 1",
    ],
)  # fmt: skip
def test_much_less_is_no_bound_that_can_fail(said: str) -> None:
    found = verdict_of_last(SLOPE + shown(said))
    assert found.verdict == "undecided" and "≪" in found.note


def test_a_chain_that_ends_in_much_less_is_judged_up_to_there() -> None:
    bound = r"\left\|\frac{\partial h_t}{\partial h_k}\right\| \leq \|W\|^{t-k} \ll 1"
    assert verdict_of_last(SLOPE + shown(bound)).is_right
    wrong = bound.replace("t-k}", "t-k+1}")
    assert verdict_of_last(SLOPE + shown(wrong)).verdict == "wrong"


def test_a_slope_may_be_one() -> None:
    found = verdict_of_last(SLOPE + shown(r"\tanh'(z_t) < 1"))
    assert found.verdict == "wrong" and "may be equal" in found.note and found.diagnosis is None
    assert verdict_of_last(SLOPE + shown(r"\tanh'(z_t) \leq 1")).is_right


def test_an_output_of_the_last_step_may_be_written_out_twice() -> None:
    text = shown(
        r"h_t = \tanh(W h_{t-1} + U x_t)", r"z = V h_T + b_y",
        r"\hat{y} = \sigma(z) = \frac{1}{1 + e^{-z}}",
        r"L = -\left[ y \log(\hat{y}) + (1 - y) \log(1 - \hat{y}) \right]",
        r"\frac{\partial L}{\partial h_k} = \frac{\partial L}{\partial h_t}"
        r" \prod_{j=k+1}^t \frac{\partial h_j}{\partial h_{j-1}}",
        r"\frac{\partial L}{\partial z} = \hat{y} - y",
    )  # fmt: skip
    found = [j.verdict for j in judged(text)]
    assert [v.verdict for v in found if v.verdict != "not_a_claim"] and all(
        v.is_right for v in found if v.verdict != "not_a_claim"
    )
    assert found[-1].is_right and found[-2].is_right
