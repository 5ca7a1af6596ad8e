"""Documents about simple recurrent networks: their names for gradients, losses and copies."""

from __future__ import annotations

import pytest

from bptt_sym.check.audit import audit
from bptt_sym.check.judged import Judged
from bptt_sym.documents.document import document_from_text
from tests.check.audited import shown

ACCEPTED = ("right", "right_under_reading")
CELL = (
    "$$s_t = W h_{t-1} + U x_t + b,\\quad h_t = \\tanh(s_t)$$\n\n"
    "$$o_t = V h_t + c,\\quad \\hat{y}_t = \\mathrm{softmax}(o_t)$$\n\n"
)
LOSS = "$$L_t = -y_t^\\top \\log \\hat{y}_t$$\n\n$$L = \\sum_{t=1}^{T} L_t$$\n\n"


def judged(text: str) -> list[Judged]:
    return audit(document_from_text(text, "n.md"))


def last(text: str) -> Judged:
    return judged(text)[-1]


def verdict(text: str) -> str:
    found = last(text).verdict.verdict
    return "right" if found in ACCEPTED else found


# a name with a step of the loss and one of the state

PAIR = shown(r"\delta^{(t)}_k = \frac{\partial L_t}{\partial s_k}")


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        (r"\delta^{(t)}_k = (W^\top \delta^{(t)}_{k+1}) \odot (1 - h_k \odot h_k)", "right"),
        (r"\delta^{(t)}_t = V^\top (\hat{y}_t - y_t) \odot (1 - h_t \odot h_t)", "right"),
        (r"\frac{\partial L_t}{\partial W} = \sum_{k=1}^{t} \delta^{(t)}_k h_{k-1}^\top", "right"),
        (r"\frac{\partial L_t}{\partial W} = \sum_{k=1}^{t} \delta^{(t)}_k h_k^\top", "wrong"),
        (r"\delta^{(t)}_k = (W \delta^{(t)}_{k+1}) \odot (1 - h_k \odot h_k)", "wrong"),
    ],
)
def test_a_delta_with_a_step_of_the_loss_and_one_of_the_state(formula: str, expected: str) -> None:
    assert verdict(CELL + LOSS + PAIR + shown(formula)) == expected


def test_what_defines_a_delta_of_a_step_loss_is_not_taken_for_one_of_the_whole() -> None:
    text = CELL + LOSS + shown(r"\delta_t^{h} = \frac{\partial L_t}{\partial h_t}")
    assert "wrong" not in {j.verdict.verdict for j in judged(text)}
    assert verdict(text + shown(r"\delta_t^{h} = V^\top (\hat{y}_t - y_t)")) == "right"


RECURSION = shown(
    r"\delta_t = \left(V^\top (\hat{y}_t - y_t) + W^\top \delta_{t+1}\right) \odot (1 - h_t^2)"
)
SUM = shown(r"\frac{\partial L}{\partial W} = \sum_{t=1}^{T} \delta_t h_{t-1}^\top")


def test_a_recursion_shows_which_loss_a_delta_means() -> None:
    alias = shown(r"\delta_t = \frac{\partial L_t}{\partial s_t}")
    found = last(CELL + LOSS + alias + RECURSION + SUM).verdict
    assert found.verdict == "right_under_reading"
    assert any("the losses of all steps" in r for r in found.readings)
    # Without a recursion the derivative of the step's own loss is a truncated gradient.
    assert verdict(CELL + LOSS + alias + SUM) == "wrong"


# differentials, means, cross-entropies

def test_differentials_are_no_names_of_gradients() -> None:
    text = CELL + LOSS + shown(r"dh_t = d(\tanh(s_t))") + shown(r"dh_t = (1 - h_t^2) \odot ds_t")
    assert {j.verdict.verdict for j in judged(text)[-2:]} == {"undecided", "right"}
    assert r"\partial" not in last(text).latex


def test_a_mean_on_the_left_and_a_sum_on_the_right_where_the_text_writes_both() -> None:
    mean = shown(r"L = \frac{1}{T} \sum_{t=1}^{T} L_t") + "For short,\n\n"
    formula = shown(
        r"\frac{\partial L}{\partial V} = "
        r"\frac{1}{T} \sum_{t=1}^{T} \frac{\partial L}{\partial o_t} h_t^\top"
    )
    found = last(CELL + mean + LOSS + formula).verdict
    assert found.verdict == "right_under_reading"
    assert any("is the mean" in r for r in found.readings)
    assert verdict(CELL + LOSS + formula) == "wrong"


@pytest.mark.parametrize(
    "loss",
    [
        r"L_t = -y_t \log \hat{y}_t",
        r"L_t(y_t, \hat{y}_t) = -y_t \operatorname{log} \hat{y}_t",
        r"L_t = \mathrm{CrossEntropy}(y_t, \hat{y}_t)",
        r"L_t = crossentropy(\hat{y}_t, y_t)",
    ],
)
def test_a_cross_entropy_is_a_number_however_it_is_written(loss: str) -> None:
    text = CELL + shown(loss) + shown(r"L = \sum_t L_t")
    left = r"\frac{\partial L}{\partial c} = "
    assert verdict(text + shown(left + r"\sum_t (\hat{y}_t - y_t)")) == "right"
    assert verdict(text + shown(left + r"\sum_t (y_t - \hat{y}_t)")) == "wrong"
    outer = r"\frac{\partial L_t}{\partial V} = (\hat{y}_t - y_t) h_t^\top"
    assert verdict(text + shown(outer)) == "right"


def test_a_row_that_goes_on_with_a_cross_entropy_is_held_to_it() -> None:
    rows = "$$\\begin{aligned} L_t &= \\mathrm{CE}(y_t, \\hat{y}_t) \\\\ &= SIGN "
    rows += "y_t^\\top \\log \\hat{y}_t \\end{aligned}$$\n\n"
    gradient = shown(r"\frac{\partial L_t}{\partial o_t} = \hat{y}_t - y_t")
    right = [j.verdict.verdict for j in judged(CELL + rows.replace("SIGN", "-") + gradient)]
    assert right[-2] == "right" and right[-1] in ACCEPTED
    slip = [j.verdict.verdict for j in judged(CELL + rows.replace("SIGN", "") + gradient)]
    assert slip[-2] == "wrong" and slip[-1] in ACCEPTED


def test_a_row_of_ones() -> None:
    assert verdict(CELL + shown(r"\hat{y}_t = \frac{\exp(o_t)}{1^T \exp(o_t)}")) == "right"
    assert verdict(CELL + shown(r"\hat{y}_t = \frac{\exp(o_t)}{2 \cdot 1^T \exp(o_t)}")) != "right"


def test_names_of_several_letters_and_softmax_of_what_nothing_defines() -> None:
    text = (
        "$$h_t = \\tanh(W h_{t-1} + U x_t)$$\n\n$$o_t = V h_t$$\n\n"
        "$$p_t = \\mathrm{softmax}(o_t)$$\n\n$$J_t = crossentropy(p_t, labels_t)$$\n\n"
    )
    left = r"\frac{\partial J_t}{\partial o_t} = "
    assert verdict(text + shown(left + "p_t - labels_t")) == "right"
    assert verdict(text + shown(left + "labels_t - p_t")) == "wrong"
    slip = text.replace("softmax}(o_t)", "softmax}(q_t)")
    mended = last(slip + shown(left + "p_t - labels_t")).verdict
    assert mended.verdict == "right_under_reading"
    assert "q_t, which nothing defines, is the output o_t" in mended.assumptions
    assert verdict(slip + shown(left + "labels_t - p_t")) == "undecided"


# a parameter at its use in one step

DL = r"\frac{\partial L}{\partial "
DHT = r"\frac{\partial h_t}{\partial "
DLT = r"\frac{\partial L_t}{\partial "


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        (DL + r"W^{(t)}} = " + DL + r"s_t} h_{t-1}^\top", "right"),
        (DL + r"W^{t}} = " + DL + r"s_t} h_{t-1}^\top", "right"),
        (DL + r"W^{(t)}} = " + DL + r"s_t} h_{t}^\top", "wrong"),
        (DL + r"b^{(t)}} = " + DL + r"s_t}", "right"),
        (DL + r"W} = \sum_{t=1}^{T} " + DL + r"W^{(t)}}", "right"),
        (DL + r"W} = \sum_{t=1}^{T-1} " + DL + r"W^{(t)}}", "wrong"),
        (r"\nabla_{W} L = \sum_{t=1}^{T} \nabla_{W^{(t)}} L", "right"),
        (DLT + r"W} = \sum_{k=1}^{t} \left. " + DLT + r"W} \right|_{(k)}", "right"),
        (DHT + r"W} = \sum_{k=1}^{t} " + DHT + r"W} |_k", "right"),
    ],
)
def test_a_parameter_where_one_step_uses_it(formula: str, expected: str) -> None:
    assert verdict(CELL + LOSS + shown(formula)) == expected


def test_a_bar_with_a_step_is_not_left_out() -> None:
    share = r"\left. " + DL + r"W} \right|_t = " + DL + r"s_t} h_{t-1}^\top"
    found = last(CELL + LOSS + shown(share))
    assert found.verdict.verdict in ACCEPTED
    late = last(CELL + LOSS + shown(share.replace("h_{t-1}", "h_t")))
    assert late.verdict.verdict not in ACCEPTED


# where a run begins, and what is no claim

def test_sums_from_step_0_where_no_state_of_step_0_is_written() -> None:
    text = CELL + LOSS + PAIR
    bias = shown(r"\frac{\partial L_t}{\partial b} = \sum_{k=0}^{t} \delta^{(t)}_k")
    found = last(text + bias).verdict
    assert found.verdict == "right_under_reading"
    weights = shown(r"\frac{\partial L_t}{\partial W} = \sum_{k=0}^{t} \delta^{(t)}_k h_{k-1}^\top")
    assert verdict(text + weights) == "right"
    off = shown(r"\frac{\partial L_t}{\partial W} = \sum_{k=0}^{t} \delta^{(t)}_k h_{k}^\top")
    assert verdict(text + off) == "wrong"


def test_an_activation_that_the_text_takes_to_be_the_identity() -> None:
    cell = r"$$h_t = \sigma(W h_{t-1} + U x_t), \quad \sigma(x) = x$$" + "\n\n"
    jacobian = r"\frac{\partial h_t}{\partial h_{t-1}} = "
    slope = r"\mathrm{diag}(\sigma'(W h_{t-1} + U x_t)) W"
    assert verdict(cell + shown(jacobian + slope)) == "right"
    assert verdict(cell + shown(jacobian + "W")) == "right"
    assert verdict(cell + shown(jacobian + "U")) != "right"
    assert verdict(cell.replace(r", \quad \sigma(x) = x", "") + shown(jacobian + "W")) == "wrong"


@pytest.mark.parametrize(
    "formula",
    [r"I(h_T; x_1) > I(s_T; x_1)", r"I(h_T; x_1) \to 0", r"H(x_t | x_1) \leq H(x_t | x_2)"],
)
def test_information_is_no_claim_about_a_recurrence(formula: str) -> None:
    assert verdict(CELL + shown(formula)) == "not_a_claim"


def test_an_example_in_a_sentence_defines_nothing() -> None:
    text = CELL + LOSS + "A sample is $X, y = ([a, b, c], d)$ or $X = [a, b, c]$.\n\n"
    assert verdict(text + shown(r"\frac{\partial L}{\partial o_t} = \hat{y}_t - y_t")) == "right"


def test_a_total_that_goes_on_with_a_cross_entropy_of_another_name() -> None:
    rows = (
        "$$\\begin{aligned} E_t(y_t, \\hat{y}_t) &= -y_t \\log \\hat{y}_t \\\\ "
        "E(y, \\hat{y}) &= \\sum_t E_t(y_t, \\hat{y}_t) \\\\ "
        "&= -\\sum_t y_t \\log \\hat{y}_t \\end{aligned}$$\n\n"
    )
    assert "wrong" not in {j.verdict.verdict for j in judged(CELL + rows)}
    total = shown(r"\frac{\partial E}{\partial W} = \sum_t \frac{\partial E_t}{\partial W}")
    assert verdict(CELL + rows + total) == "right"


def test_two_deltas_that_one_line_defines() -> None:
    both = (
        r"where $\delta_t^o = \frac{\partial L_t}{\partial o_t}, \ \  "
        r"\delta_t^h = \frac{\partial L_t}{\partial h_t}$." + "\n\n"
    )
    gradient = shown(r"\frac{\partial L}{\partial V} = \sum_{t=1}^{T} \delta_t^o h_t^\top")
    assert verdict(CELL + LOSS + both + gradient) == "right"


# abbreviations

def test_a_definition_by_a_function_and_by_what_it_is() -> None:
    cell = r"$$h_t = f(h_{t-1}, x_t) = \tanh(W h_{t-1} + U x_t + b)$$" + "\n\n"
    assert verdict(cell) == "not_a_claim"
    jacobian = r"\frac{\partial h_t}{\partial h_{t-1}} = \mathrm{diag}(1 - h_t^2) "
    assert verdict(cell + shown(jacobian + "W")) == "right"
    assert verdict(cell + shown(jacobian + "U")) != "right"


def test_a_bias_that_a_formula_leaves_out() -> None:
    cell = shown(r"h_t = \tanh(W h_{t-1} + U x_t + b)")
    slope = r"\frac{\partial h_t}{\partial h_{t-1}} = \mathrm{diag}(\tanh'(W h_{t-1} + U x_t)) "
    found = last(cell + shown(slope + "W")).verdict
    assert found.verdict == "right_under_reading"
    assert any("bias" in a for a in found.assumptions)
    assert verdict(cell + shown(slope + r"W^\top")) != "right"
    less = slope.replace(" + U x_t", "")
    assert verdict(cell + shown(less + "W")) == "wrong"


def test_losses_of_the_steps_written_out_to_the_last() -> None:
    cell = shown(r"h_t = \tanh(W h_{t-1} + U x_t + b)")
    total = shown(r"L = L_1(h_1) + L_2(h_2) + \cdots + L_T(h_T)")
    three = (
        r"\frac{\partial L}{\partial h_1} = \frac{\partial L_1}{\partial h_1} + "
        r"\frac{\partial L_2}{\partial h_2} \frac{\partial h_2}{\partial h_1} + "
        r"\frac{\partial L_3}{\partial h_3} \frac{\partial h_3}{\partial h_2} "
        r"\frac{\partial h_2}{\partial h_1}"
    )
    assert verdict(cell + total + "For $T = 3$:\n\n" + shown(three)) == "right"
    short = three.replace(r"\frac{\partial h_3}{\partial h_2} ", "")
    assert verdict(cell + total + shown(short)) != "right"


@pytest.mark.parametrize(
    "formula",
    [
        r"h_t = \tanh(W h_{t-1} + \cdots)",
        r"h_t = \phi(W h_{t-1} + \dots)",
    ],
)
def test_abbreviated_cells_claim_nothing(formula: str) -> None:
    assert verdict(CELL + shown(formula)) == "not_a_claim"


def test_remarks_in_other_scripts_are_no_mathematics() -> None:
    gradient = r"\frac{\partial L}{\partial o_t} = \hat{y}_t - y_t"
    for remark in ("（只看这一步）", r"\left( здесь только этот шаг \right)"):
        assert verdict(CELL + LOSS + shown(gradient + remark)) == "right"
    braces = r"\frac{\partial L}{\partial o_t} = \underbrace{\hat{y}_t - y_t}_{직접}"
    assert verdict(CELL + LOSS + shown(braces)) == "right"


def test_a_loss_of_all_parameters_and_a_slope_taken_somewhere() -> None:
    loss = shown(r"J^{(t)}(\theta) = -y_t^\top \log \hat{y}_t")
    loss += shown(r"J(\theta) = \sum_{t=1}^{T} J^{(t)}(\theta)")
    left = r"\frac{\partial J(\theta)}{\partial c} = "
    assert verdict(CELL + loss + shown(left + r"\sum_{t=1}^{T} (\hat{y}_t - y_t)")) == "right"
    slope = r"\frac{\partial L}{\partial s_t} = \frac{\partial L}{\partial h_t} \odot \tanh'(\cdot)"
    assert verdict(CELL + LOSS + shown(slope)) == "right"


def test_a_gradient_with_a_bar_is_no_state() -> None:
    text = CELL + LOSS + shown(r"\bar{h}_t = \frac{\partial L}{\partial h_t}")
    text += shown(r"\bar{s}_t = \bar{h}_t \odot (1 - h_t^2)")
    assert verdict(text) == "right"
    assert verdict(text + shown(DL + r"b} = \sum_{t=1}^{T} \bar{s}_t")) == "right"
    assert verdict(text + shown(DL + r"b} = \sum_{t=1}^{T} \bar{h}_t")) == "wrong"


def test_a_network_that_runs_back_from_the_last_step_claims_nothing() -> None:
    back = r"\overleftarrow{h}_t = \tanh(V \overleftarrow{h}_{t+1} + U x_t)"
    assert verdict(CELL + shown(back)) == "not_a_claim"


def test_a_loss_at_a_step_of_its_own_keeps_its_parameters() -> None:
    cell = shown(r"h_t = \tanh(W h_{t-1} + U x_t + b)")
    left = r"\frac{\partial J^{(4)}(\theta)}{\partial h_1} = "
    chain = r"\frac{\partial J^{(4)}(\theta)}{\partial h_4} \frac{\partial h_4}{\partial h_1}"
    assert verdict(cell + shown(left + chain)) == "right"
