"""What texts say with signs and names of their own, and what accuses nobody."""

from __future__ import annotations

import pytest

from bptt_sym.documents.document import document_from_text
from tests.check.audited import judged, last, verdicts

CELL = "$$q_t = \\tanh(R q_{t-1} + P x_t + b)$$\n\n"
STEP = r"\frac{\partial q_t}{\partial q_{t-1}}"
OUT = "$$o_t = V q_t$$\n\n$$L = \\sum_{t=1}^{T} L_t$$\n\n"


def code(text: str) -> str:
    diagnosis = judged(text)[-1].verdict.diagnosis
    return diagnosis.code if diagnosis else ""


@pytest.mark.parametrize(
    ("later", "expected"),
    [
        (r"R^\top \mathrm{diag}(1 - q_{t+1}^2) \epsilon_{t+1} + V^\top e_t", "right"),
        (r"R \, \mathrm{diag}(1 - q_{t+1}^2) \epsilon_{t+1} + V^\top e_t", "wrong"),
    ],
)
def test_each_case_of_a_step_is_an_equation(later: str, expected: str) -> None:
    names = r"$$e_t = \frac{\partial L_t}{\partial o_t},\quad \epsilon_t = " + (
        r"\frac{\partial L}{\partial q_t}$$" "\n\n"
    )
    cases = rf"\epsilon_t = \begin{{cases}} V^\top e_T & t = T \\ {later} & t < T \end{{cases}}"
    assert verdicts(CELL + OUT + names + f"$${cases}$$")[-2:] == ["right", expected]


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        (STEP + r" = \mathrm{diag}(f'(R q_{t-1} + P x_t + b)) R", "right"),
        (STEP + r" = \mathrm{diag}(\sigma'(R q_{t-1} + P x_t + b)) R", "right"),
        (STEP + r" = \mathrm{diag}(f'(R q_{t-1} + P x_t + b)) P", "wrong"),
        (r"\frac{\partial q_t}{\partial R} = \frac{\partial f}{\partial R} + "
         r"\frac{\partial f}{\partial q_{t-1}} \frac{\partial q_{t-1}}{\partial R}", "right"),
        (r"\frac{\partial q_t}{\partial R} = \frac{\partial f}{\partial R} - "
         r"\frac{\partial f}{\partial q_{t-1}} \frac{\partial q_{t-1}}{\partial R}", "wrong"),
    ],
)  # fmt: skip
def test_a_function_of_which_nothing_is_said_is_the_activation_or_the_step(
    formula: str, expected: str
) -> None:
    assert last(CELL + f"$${formula}$$") == expected


def test_a_slope_of_another_activation_that_is_used_is_wrong() -> None:
    used = "$$o_t = \\sigma(V q_t)$$\n\n"
    assert last(CELL + used + f"$${STEP} = \\mathrm{{diag}}(\\sigma'(R q_{{t-1}})) R$$") == "wrong"


def test_a_product_of_jacobians_is_no_gradient_of_a_loss() -> None:
    product = r"\prod_{k=s+1}^{t} \frac{\partial q_k}{\partial q_{k-1}}"
    left = r"\frac{\partial L_t}{\partial q_s} = "
    found = CELL + OUT + f"$${left}{product}$$"
    assert last(found) == "wrong"
    assert code(found) == "BP011"
    whole = rf"$${left}\frac{{\partial L_t}}{{\partial q_t}} {product}$$"
    assert last(CELL + OUT + whole) == "right"


def test_the_slope_of_the_step_before_is_named() -> None:
    names = r"$$\epsilon_t = \frac{\partial L}{\partial a_t}$$" "\n\n"
    cell = "$$a_t = R q_{t-1} + P x_t,\\quad q_t = \\tanh(a_t)$$\n\n"
    only = "$$L = \\ell(q_T)$$\n\n"
    recursion = r"\epsilon_t = (R^\top \epsilon_{t+1}) \odot (1 - q_{%s}^2)"
    assert last(cell + only + names + f"$${recursion % 't'}$$") == "right"
    assert last(cell + only + names + f"$${recursion % 't+1'}$$") == "wrong"


@pytest.mark.parametrize(
    ("text", "formulas"),
    [
        ("the state $ q_t = \\tanh(R q_{t-1} + P x_t) $ runs", 1),
        ("it costs $ 5 and then $ 7 more", 0),
        ("pay $ 5 = 3 + 2 dollars, or $ 9", 0),
    ],
)
def test_space_beside_dollars(text: str, formulas: int) -> None:
    assert len(document_from_text(text, "n.md").formulas) == formulas


def test_the_meaning_of_a_mark_changes_with_its_recursion() -> None:
    cell = "$$a_t = R q_{t-1} + P x_t,\\quad q_t = \\tanh(a_t),\\quad o_t = V q_t$$\n\n"
    mark = r"$$\delta_t = \frac{\partial L}{\partial q_t}$$" "\n\n"
    total = "$$L = \\sum_t L_t$$\n\n"
    recursion = (
        r"$$\delta_t = (V^\top \frac{\partial L_t}{\partial o_t} + R^\top \delta_{t+1})"
        r" \odot (1 - q_t^2)$$" "\n\n"
    )
    weights = r"$$\frac{\partial L}{\partial R} = \sum_t \delta_t q_{t-1}^\top$$"
    assert verdicts(cell + total + mark + recursion + weights)[-2:] == ["right", "right"]
    assert last(cell + total + mark + weights) == "wrong"


def test_the_left_side_may_have_a_row_of_its_own() -> None:
    rows = STEP + r" \\ = \frac{\partial \tanh(R q_{t-1} + P x_t + b)}{\partial q_{t-1}} \\\\ = %s"
    assert verdicts(CELL + "$$" + rows % r"\mathrm{diag}(1 - q_t^2) R" + "$$")[1:] == ["right"] * 2
    assert last(CELL + "$$" + rows % r"\mathrm{diag}(1 + q_t^2) R" + "$$") == "wrong"


def test_a_recursion_without_an_end_accuses_nobody() -> None:
    recursion = (
        r"$$\lambda_t = \left(\frac{\partial L_t}{\partial q_t}\right)^\top + "
        r"\left(\frac{\partial q_{t+1}}{\partial q_t}\right)^\top \lambda_{t+1}$$" "\n\n"
    )
    end = r"$$\lambda_T = \left(\frac{\partial L_T}{\partial q_T}\right)^\top$$"
    assert last(CELL + OUT + recursion + end) != "wrong"


def test_a_function_that_nothing_defines_accuses_nobody() -> None:
    claim = r"$$\frac{\partial m(q_{t-1}, x_t)}{\partial q_{t-1}} = \mathrm{diag}(1 - q_t^2) R$$"
    assert last(CELL + claim) != "wrong"


def test_a_constraint_is_set() -> None:
    assert last(CELL + r"$$c_t := \tanh(R q_{t-1} + P x_t) - q_t = 0$$") == "not_a_claim"


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        (r"x = (x_1, \dots, x_T)", "not_a_claim"),
        (r"\mathbf{X} = \{x_1, x_2, \ldots, x_T\}", "not_a_claim"),
        (r"MSE = \frac{1}{n} \sum_{i=1}^{n} (y_i - \hat{y}_i)^2", "not_a_claim"),
    ],
)
def test_lists_and_abbreviations_claim_nothing(formula: str, expected: str) -> None:
    assert last(CELL + f"$${formula}$$") == expected


def test_a_sentence_may_compare_what_nothing_defines() -> None:
    assert last(CELL + r"The condition becomes $|\lambda_i| < \gamma$ then.") == "not_a_claim"


NET = "$$h_t = \\tanh(W_{hh} h_{t-1} + W_{xh} x_t)$$\n\n"


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        (r"\frac{\partial h_t}{\partial h_{t-1}} = \mathrm{diag}(1 - h_t^2) W_h", "right"),
        (r"\frac{\partial h_t}{\partial x_t} = \mathrm{diag}(1 - h_t^2) W_{hx}", "right"),
        (r"\frac{\partial h_t}{\partial h_{t-1}} = \mathrm{diag}(1 - h_t^2) W_x", "wrong"),
    ],
)
def test_a_weight_may_have_a_shorter_script(formula: str, expected: str) -> None:
    assert last(NET + f"$${formula}$$") == expected


def test_a_number_of_steps_has_a_name() -> None:
    cell = "$$h_t = W h_{t-1} + U x_t$$\n\n"
    power = r"$$\frac{\partial h_i}{\partial h_j} = W^{\ell}$$" "\n\nwhere $\\ell = %s$ steps."
    assert verdicts(cell + power % "i - j")[1] == "right"


def test_what_a_start_of_zero_makes_zero_has_no_left_side() -> None:
    text = CELL + OUT + (
        r"$$= \frac{\partial L_t}{\partial q_t} \left(\prod_{k=2}^{t} R^{t}\right) "
        r"\frac{\partial q_1}{\partial R}$$"
    )  # fmt: skip
    assert last(text) != "right"


def test_a_prediction_that_nothing_defines_may_be_the_output() -> None:
    wanted = (
        r"$$\frac{\partial L}{\partial V} = \sum_{t=1}^{T} "
        r"\frac{\partial L}{\partial \hat{y}_t} q_t^\top$$"
    )
    assert last(CELL + OUT + wanted) != "wrong"


def test_the_chain_rule_through_another_quantity_is_named() -> None:
    wanted = r"$$\frac{\partial L}{\partial V} = \sum_{t=1}^{T} %s$$"
    through = r"\frac{\partial L}{\partial %s} \frac{\partial %s}{\partial V}"
    assert last(CELL + OUT + wanted % (through % ("o_t", "o_t"))) == "right"
    assert last(CELL + OUT + wanted % (through % ("q_t", "q_t"))) == "wrong"
    assert code(CELL + OUT + wanted % (through % ("q_t", "q_t"))) == "BP018"


def test_a_derivative_the_wrong_way_round_is_not_judged_at_equal_steps_alone() -> None:
    claim = r"$$\frac{\partial o_t}{\partial q_k} = V \frac{\partial %s}{\partial %s}$$"
    assert last(CELL + OUT + claim % ("q_t", "q_k")) == "right"
    assert last(CELL + OUT + claim % ("q_k", "q_t")) == "wrong"


#: Right of the last step alone: the path through the next one is missing.
LAST_STEP = r"\frac{\partial L}{\partial q_t} = \frac{\partial L_t}{\partial q_t}"
ZERO_STATE = r"\frac{\partial q_t}{\partial q_{t-1}} = R"


@pytest.mark.parametrize(
    "text",
    [
        rf"$${LAST_STEP} \quad (t = T)$$",
        rf"$${LAST_STEP}, \quad t = T$$",
        rf"$${LAST_STEP} \quad \text{{(at the last step)}}$$",
        rf"$${LAST_STEP} \quad (最后一步)$$",
        rf"$${LAST_STEP}$$ for the last step.",
        rf"At the final step ($t = T$) it is $${LAST_STEP}$$",
        rf"$${ZERO_STATE} \quad (q_t = 0)$$",
        rf"$${ZERO_STATE} \quad \text{{initially}}$$",
        ZERO_STATE.replace("=", r"\stackrel{{q_t = 0}}{=}").join(["$$", "$$"]),
    ],
)
def test_what_holds_in_the_case_beside_it_accuses_nobody(text: str) -> None:
    assert last(CELL + OUT + text) != "wrong"


@pytest.mark.parametrize(
    "text",
    [
        rf"$${LAST_STEP} \quad \text{{(chain rule)}}$$",
        rf"$${ZERO_STATE} \quad (\tanh' = 1 - \tanh^2)$$",
        rf"The last step was long. $${LAST_STEP}$$",
        rf"For t = T, T-1, ..., 1 compute $${LAST_STEP}$$",
        "At the last step it is $$" + LAST_STEP.replace("t}", "T}").replace("= ", "= 2 ") + "$$",
        LAST_STEP.replace("= ", r"= \underbrace{").join(["$$", r"}_{\text{first term}}$$"]),
        rf"$$\begin{{aligned}} {LAST_STEP} & \quad (t = T) \\ {ZERO_STATE} \end{{aligned}}$$",
    ],
)
def test_what_is_no_case_of_it_does_not_excuse(text: str) -> None:
    assert last(CELL + OUT + text) == "wrong"


def test_the_case_of_another_row_does_not_excuse() -> None:
    rows = rf"{ZERO_STATE} \\ {LAST_STEP} \quad (t = T)"
    text = rf"$$\begin{{aligned}} {rows} \end{{aligned}}$$"
    assert verdicts(CELL + OUT + text)[-2:] == ["wrong", "right"]


@pytest.mark.parametrize(
    ("formula", "said"),
    [
        (rf"{STEP} = \mathrm{{diag}}(f'(R q_{{t-1}} + P x_t + b)) R",
         "f, which nothing defines, is the activation \\tanh"),
        (rf"{STEP} = \sum_{{\text{{samples}}}} \mathrm{{diag}}(1 - q_t^2) R",
         "the sum over the examples of a batch has one of them"),
    ],
)  # fmt: skip
def test_what_a_rewriting_supposes_is_said(formula: str, said: str) -> None:
    verdict = judged(CELL + f"$${formula}$$")[-1].verdict
    assert (verdict.verdict, said in verdict.readings) == ("right_under_reading", True)
    plain = judged(CELL + rf"$${STEP} = \mathrm{{diag}}(1 - q_t^2) R$$")[-1].verdict
    assert (plain.verdict, plain.readings) == ("right", ())
    slip = formula.replace(") R", ") R^\\top")
    verdict = judged(CELL + f"$${slip}$$")[-1].verdict
    assert verdict.verdict == "wrong" and said in verdict.assumptions


JACOBIANS = (
    r"$$\frac{\partial L}{\partial q_k} = \frac{\partial L}{\partial q_T} \prod_{t=k+1}^{T} J_t$$"
)


@pytest.mark.parametrize(
    "named",
    [
        rf"$${STEP} = \mathrm{{diag}}(1 - q_t^2) R =: J_t$$",
        rf"$${STEP} = \mathrm{{diag}}(1 - q_t^2) R \;=:\; J_t, \qquad r = 1.$$",
        rf"$${STEP} \eqqcolon J_t$$",
        rf"$$J_t := {STEP}$$",
    ],
)
def test_a_letter_for_a_derivative_is_no_loss(named: str) -> None:
    loss = "The loss $L$ is a function of the last state alone.\n\n"
    assert last(CELL + loss + named + "\n\n" + JACOBIANS) == "right"
    longer = JACOBIANS.replace("k+1", "k")
    assert last(CELL + loss + named + "\n\n" + longer) == "wrong"


def test_what_is_named_behind_a_formula_is_judged_with_it() -> None:
    wrong = rf"$${STEP} = \mathrm{{diag}}(1 + q_t^2) R =: J_t$$"
    assert last(CELL + wrong) == "wrong"
    slope = rf"{STEP} &= \mathrm{{diag}}(1 - q_t^2) R"
    rows = rf"{slope} =: J_t \\ {STEP} &= R \\ {slope} \\ &=: J_t"
    found = verdicts(CELL + rf"$$\begin{{aligned}} {rows} \end{{aligned}}$$")
    assert found[-3:] == ["right", "wrong", "right"]


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        (r"\frac{\partial L}{\partial q_T} = q_T - y", "right"),
        (r"\frac{\partial L}{\partial q_T} = y - q_T", "undecided"),
        # a sum or a mean, with a half or without: nobody said which
        (r"\frac{\partial L}{\partial q_T} = 2 (q_T - y)", "undecided"),
        (r"\frac{\partial L}{\partial r} = (q_T - y) \frac{\partial q_T}{\partial r}", "right"),
        (r"\frac{\partial L}{\partial r} = (q_T - y) \sum_{k=1}^T"
         r" \frac{\partial q_T}{\partial q_k} q_{k-1}", "undecided"),
    ],
)  # fmt: skip
def test_a_squared_error_in_words_of_the_state_and_a_constant(formula: str, expected: str) -> None:
    text = (
        "A network with one unit; the loss is half the squared error of the last output.\n\n"
        "$$q_t = \\tanh(r q_{t-1} + p x_t)$$\n\n"
    )
    assert last(f"{text}$${formula}$$") == expected
    silent = text.replace("half the squared error", "a function")
    assert last(f"{silent}$${formula}$$") != "wrong"


@pytest.mark.parametrize("font", [r"\boldsymbol", r"\bm", r"\mathbf"])
def test_marks_before_names_in_every_bold_face_and_greek_weights(font: str) -> None:
    cell = (
        "$$@{q}_t = \\tanh(@{\\Psi} @{q}_{t-1} + @{P} @{x}_t + @{c})$$\n\n"
        "$$L = \\sum_{t=1}^T L_t, \\quad L_t = \\ell(@{q}_t)$$\n\n"
    )
    rows = (
        r"$$\delta @{\Psi} = \sum_{t=1}^T (\delta @{q}_t \odot (1 - @{q}_t^2)) @{q}_{t-1}^\top$$",
        r"$$\delta @{\Psi} = \sum_{t=1}^T (\delta @{q}_t \odot (1 - @{q}_t^2)) @{q}_t^\top$$",
        r"$$\delta @{c} = \sum_{t=1}^T \delta @{q}_t \odot (1 - @{q}_t^2)$$",
        r"$$\delta @{c} = \sum_{t=1}^T \delta @{q}_t$$",
    )
    text = (cell + "\n\n".join(rows)).replace("@", font)
    assert verdicts(text)[-4:] == ["right", "wrong", "right", "wrong"]
