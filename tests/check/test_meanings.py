"""What gives names their meaning where a text says one thing in two ways."""

from __future__ import annotations

import pytest

from tests.check.audited import judged, last, verdicts

ARGUMENT = r"\quad u_t = A k_{t-1} + B x_t$$" + "\n\n"
SLOPE = r"\frac{\partial k_t}{\partial k_{t-1}}"


@pytest.mark.parametrize("letter", ["f", "g", r"\phi", r"\sigma", "f_h"])
@pytest.mark.parametrize(
    ("activation", "slope"),
    [(r"\tanh", "1 - k_t^2"), (r"\mathrm{sigmoid}", "k_t (1 - k_t)")],
)
def test_a_letter_for_an_activation_that_is_named_behind_it(
    letter: str, activation: str, slope: str
) -> None:
    text = f"$$k_t = {letter}(u_t) = {activation}(u_t), {ARGUMENT}"
    slope_at = f"{letter}'(u_t)" if "_" not in letter else "f_h'(u_t)"
    assert last(text + rf"$${SLOPE} = \mathrm{{diag}}({slope}) A$$") == "right"
    assert last(text + rf"$${SLOPE} = \mathrm{{diag}}({slope_at}) A$$") == "right"
    assert last(text + rf"$${SLOPE} = \mathrm{{diag}}(1 - k_t) A$$") == "wrong"
    assert verdicts(text)[0] == "not_a_claim"


def test_a_name_for_an_activation_is_known_by_its_slope_too() -> None:
    text = rf"$$\sigma = \tanh$$ $$k_t = \sigma(u_t), {ARGUMENT}"
    assert last(text + rf"$${SLOPE} = \mathrm{{diag}}(\sigma'(u_t)) A$$") == "right"
    assert last(text + rf"$${SLOPE} = A \mathrm{{diag}}(\sigma'(u_t))$$") == "wrong"


def test_gates_are_logistic_whatever_sigma_was_before() -> None:
    text = rf"$$k_t = \sigma(u_t) = \tanh(u_t), {ARGUMENT}# Gates" + "\n\n"
    text += r"$$f_t = \sigma(V_f x_t + U_f h_{t-1}), \quad h_t = f_t \odot h_{t-1}$$" + "\n\n"
    text += r"$$\frac{\partial f_t}{\partial h_{t-1}} = \mathrm{diag}(%s) U_f$$"
    assert last(text % "f_t (1 - f_t)") == "right"
    assert last(text % "1 - f_t^2") == "wrong"


def test_a_function_of_the_state_is_said_to_be_that_of_the_output() -> None:
    text = "$$k_t = f(k_{t-1}, x_t), \\quad y_t = g(k_t)$$\n\n"
    text += "$$k_t = f(k_{t-1}, x_t) = \\tanh(A k_{t-1} + B x_t) \\\\ o_t = V k_t \\\\ "
    text += "\\hat{y}_t = g(k_t) = \\mathrm{softmax}(o_t)$$\n\n"
    text += "$$L_t = -y_t \\log \\hat{y}_t$$\n\n"
    claim = r"$$\frac{\partial L_t}{\partial A} = \frac{\partial L_t}{\partial \hat{y}_t} "
    claim += r"\frac{\partial \hat{y}_t}{\partial k_t} \frac{\partial k_t}{\partial A}$$"
    assert "wrong" not in verdicts(text)
    assert last(text + claim) == "right"
    assert last(text + claim.replace(r"\frac{\partial \hat{y}_t}{\partial k_t}", "")) != "right"


@pytest.mark.parametrize(
    ("name", "loss"),
    [
        (r"L(\hat{y}, y)", r"-\sum_{t=1}^T y_t \log \mathrm{softmax}(o_t)"),
        (r"J(\theta)", r"-\sum_{t=1}^T y_t \log \left[softmax(o_t)\right]"),
        (r"\mathcal{L}(\mathbf{w})", r"-\sum_{t=1}^T y_t \log \hat{y}_t"),
    ],
)
def test_of_what_a_loss_is_a_function_changes_nothing(name: str, loss: str) -> None:
    text = "$$k_t = \\tanh(A k_{t-1} + B x_t), \\quad o_t = V k_t, "
    text += f"\\quad \\hat{{y}}_t = \\mathrm{{softmax}}(o_t)$$\n\n$${name} = {loss}$$\n\n"
    claim = (
        r"$$\frac{\partial %s}{\partial V} = \sum_{t=1}^T \frac{\partial %s}{\partial \hat{y}_t} "
    )
    claim += r"\frac{\partial \hat{y}_t}{\partial V}$$"
    claim = claim.replace("%s", name)
    assert last(text + claim) == "right"
    assert last(text + claim.replace("t=1}^T", "t=2}^T")) == "wrong"


SOFTMAX = "$$k_t = \\tanh(A k_{t-1} + B x_t), \\quad z_t = V k_t, "
SOFTMAX += "\\quad y_t = \\mathrm{softmax}(z_t)$$\n\n"
SOFTMAX += "$$L_t = -\\sum_i d_{t,i} \\log y_{t,i}$$\n\n"


def test_a_matrix_under_a_letter_for_losses_leaves_the_shapes_alone() -> None:
    text = SOFTMAX + r"$$J = \mathrm{diag}(y_t) - y_t y_t^T$$" + "\n\n"
    assert verdicts(text)[-1] == "not_a_claim"
    assert last(text + r"$$\frac{\partial L_t}{\partial z_t} = y_t - d_t$$") == "right"
    assert last(text + r"$$\frac{\partial L_t}{\partial z_t} = y_t + d_t$$") == "wrong"


def test_a_loss_without_its_step_beside_a_sum_is_that_of_all_steps() -> None:
    claim = r"$$\frac{\partial L}{\partial V} = \sum_t (y_t - d_t) k_t^T$$"
    assert last(SOFTMAX + claim) == "right"
    assert last(SOFTMAX + claim.replace("k_t^T", "k_{t-1}^T")) == "wrong"


@pytest.mark.parametrize("plus", ["^+", "^{+}"])
def test_a_plus_behind_a_state_marks_the_immediate_derivative(plus: str) -> None:
    text = "A many-to-one network.\n\n$$k_t = \\tanh(A k_{t-1} + B x_t)$$\n\n"
    own = rf"\frac{{\partial k_i{plus}}}{{\partial B}}"
    claim = rf"\sum_{{i=1}}^t \frac{{\partial k_t}}{{\partial k_i}} \cdot {own}"
    assert last(text + rf"$$\frac{{\partial k_t}}{{\partial B}} = {claim}$$") == "right"
    fewer = claim.replace("=1", "=2")
    assert last(text + rf"$$\frac{{\partial k_t}}{{\partial B}} = {fewer}$$") == "wrong"
    # the one loss stands at the last step, which the text calls t
    chain = r"\frac{\partial L}{\partial B} = \frac{\partial L}{\partial k_t} "
    assert last(text + f"$${chain}{claim}$$") == "right"
    assert last(text + f"$${chain}{fewer}$$") == "wrong"


GATED = "$$f_t = \\sigma(A x_t + a), \\quad i_t = \\sigma(B x_t + b)$$\n\n"
GATED += "$$c_t = f_t \\odot c_{t-1} + i_t \\odot \\tanh(C x_t)$$\n\n"


@pytest.mark.parametrize("case", ["when the gate is open ($f_t = 1$)", "For $f_t \\to 1$",
                                  "如果遗忘门 $f_t = \\mathbf{1}$"])  # fmt: skip
def test_a_value_that_the_sentence_before_supposes_accuses_nobody(case: str) -> None:
    text = GATED
    claim = r"$$\frac{\partial c_t}{\partial c_{t-1}} = I$$"
    assert last(f"{text}- {case}:\n  {claim}") == "right"
    assert last(f"{text}- {case}:\n  {claim.replace('I$', '2 I$')}") == "undecided"
    assert last(f"{text}- {case} it is simple.\n\n- In general\n  {claim}") == "wrong"


def test_what_is_said_of_a_case_is_named() -> None:
    text = GATED + "If the gate is open, $f_t = 1$, then\n"
    found = judged(text + r"$$\frac{\partial c_t}{\partial c_{t-1}} = I$$")[-1]
    assert "f_t = 1, as the text says" in found.verdict.assumptions
    other = judged(text + r"$$\frac{\partial c_t}{\partial c_{t-1}} = 2 I$$")[-1]
    assert "f_t = 1" in other.verdict.note


def test_a_slope_belongs_to_the_function_of_its_name() -> None:
    text = "$$k_t = f_k(a + w k_{t-1} + v x_t)$$\n\n$$\\hat y_t = f_y(b + u k_t)$$\n\n"
    claim = r"$$\frac{\partial L_t}{\partial u} = \frac{\partial L_t}{\partial \hat y_t} f'_y k_t$$"
    text = text.replace("f_k", "f_h")
    assert last(text + claim) == "right"
    assert last(text + claim.replace("f'_y", "f'_h")) == "wrong"


def test_a_letter_before_a_state_is_its_weight() -> None:
    text = "$$k_t = \\tanh(w k_{t-1} + v y_t), \\quad z_t = u \\cdot k_t$$\n\n"
    assert last(text + r"$$\frac{\partial z_t}{\partial u} = k_t$$") == "right"
    assert last(text + r"$$\frac{\partial z_t}{\partial k_t} = v$$") == "wrong"


def test_a_bias_of_one_section_is_a_state_of_the_next() -> None:
    text = "# Simple\n\n$$k_t = \\tanh(A k_{t-1} + B x_t), \\quad o_t = V k_t + c$$\n\n"
    text += "$$\\frac{\\partial o_t}{\\partial c} = %s$$\n\n"
    text += "# Gates\n\n$$c_t = f_t \\odot c_{t-1} + i_t \\odot g_t$$\n\n"
    assert verdicts(text % "I")[2] == "right"
    assert verdicts(text % "V")[2] == "wrong"


def test_the_loss_of_each_step_behind_their_sum() -> None:
    text = "$$k_t = \\tanh(A k_{t-1} + B x_t), \\quad y_t = g(V k_t)$$\n\n"
    text += "$$o_t = V k_t \\\\ \\hat y_t = g(o_t)$$\n\n"
    text += "$$L = \\sum_{t=1}^T L_t = \\sum_{t=1}^T \\|\\hat y_t - y_t\\|^2$$\n\n"
    claim = r"$$\frac{\partial L_t}{\partial V} = \frac{\partial L_t}{\partial \hat y_t} "
    claim += r"\frac{\partial \hat y_t}{\partial o_t} \frac{\partial o_t}{\partial V}$$"
    assert last(text + claim) == "right"
    # the last factor written out, in the order that most texts have
    outer = claim.replace(r"\frac{\partial o_t}{\partial V}", "k_t^T")
    assert last(text + outer) == "right"
    assert last(text + outer.replace("k_t^T", "k_{t-1}^T")) == "wrong"


@pytest.mark.parametrize(("slope", "other"), [("(1 - k_t)", "1 - k_t^2"), ("", "1 - k_t^2")])
def test_a_slope_in_terms_of_the_state_tells_its_activation(slope: str, other: str) -> None:
    text = "$$a_t = A k_{t-1} + B x_t + b \\\\ o_t = V k_t + d$$\n\n"
    shown = rf"k_t \odot {slope}" if slope else "(1 - k_t^2)"
    text += r"$$\frac{\partial L_t}{\partial a_t} = V^T \frac{\partial L_t}{\partial o_t} \odot "
    text += f"{shown}$$\n\n"
    claim = r"$$\frac{\partial k_t}{\partial k_{t-1}} = \mathrm{diag}(%s) A$$"
    right = r"k_t \odot (1 - k_t)" if slope else "1 - k_t^2"
    assert "wrong" not in verdicts(text)
    assert last(text + claim % right) == "right"


def test_a_step_that_slipped_in_the_definition_of_a_state() -> None:
    text = "$$v_t = A k_{t-1} + B x_t, \\quad k_t = f(v_{t-1})$$\n\n"
    claim = r"$$\frac{\partial v_t}{\partial v_{t-1}} = A \mathrm{diag}(f'(v_{t-1}))$$"
    found = judged(text + claim)[-1].verdict
    assert found.verdict == "right_under_reading"
    assert any("of its own step" in said for said in found.assumptions)
    assert last(text + claim.replace("f'(v_{t-1})", "f(v_{t-1})")) != "right"


@pytest.mark.parametrize("name", [r"\theta", "A"])
def test_copies_of_a_parameter_by_a_step_that_is_summed_over(name: str) -> None:
    text = "$$k_t = \\tanh(A k_{t-1} + B x_t)$$\n\n$$L = \\sum_{t=1}^T L_t(k_t)$$\n\n"
    whole = rf"$$\frac{{\partial L}}{{\partial {name}}} = \sum_{{t=1}}^T \sum_{{s=1}}^t "
    whole += rf"\frac{{\partial L_t}}{{\partial {name}_s}}$$"
    assert last(text + whole) == "right"
    assert last(text + whole.replace("s=1}^t", "s=1}^{t-1}")) != "right"
    ahead = rf"$$\frac{{\partial L}}{{\partial {name}_t}} = \left(\sum_{{s \geq t}} "
    ahead += r"\frac{\partial L_s}{\partial k_t}\right) "
    ahead += rf"\frac{{\partial k_t}}{{\partial {name}_t}}$$"
    assert last(text + whole + "\n\n" + ahead) == "right"
    assert last(text + whole + "\n\n" + ahead.replace(r"s \geq t", r"s \geq t+1")) != "right"


def test_a_weight_with_a_label_s_is_no_copy() -> None:
    text = "$$k_t = \\tanh(W_s k_{t-1} + W x_t)$$\n\n"
    claim = r"$$\frac{\partial k_t}{\partial k_{t-1}} = \mathrm{diag}(1 - k_t^2) %s$$"
    assert last(text + claim % "W_s") == "right"
    assert last(text + claim % "W") != "right"


def test_of_what_size_a_name_is_stands_behind_its_definition() -> None:
    text = "$$k_t = \\tanh(A k_{t-1} + B x_t)$$\n\n$$L = \\sum_t L_t$$\n\n"
    text += r"With $d_t := \frac{\partial L}{\partial k_t} \in \mathbb{R}^{1 \times n}$ and "
    text += r"$J_t := \frac{\partial k_t}{\partial k_{t-1}} \in \mathbb{R}^{n \times n}$:" + "\n\n"
    claim = r"$$d_t = \frac{\partial L_t}{\partial k_t} + d_{t+1} J_{t+1}$$"
    assert last(text + claim) == "right"
    assert last(text + claim.replace("J_{t+1}", "J_t")) == "wrong"


def test_the_font_of_a_loss_of_the_steps_is_that_of_the_whole() -> None:
    text = "$$k_t = \\tanh(A k_{t-1} + B x_t)$$\n\n$\\mathcal{L} = \\sum_t \\mathcal{L}_t$\n\n"
    claim = r"$$\frac{\partial \mathcal{L}}{\partial k_t} = "
    claim += r"\frac{\partial \mathcal{L}_t}{\partial k_t} + "
    claim += r"\frac{\partial \mathcal{L}}{\partial k_{t+1}} %s$$"
    assert last(text + claim % r"\frac{\partial k_{t+1}}{\partial k_t}") == "right"
    assert last(text + claim % r"\frac{\partial k_t}{\partial k_{t-1}}") == "wrong"


def test_a_stack_that_says_again_what_stands_before_it() -> None:
    text = r"$$\begin{aligned} & r_t = \sigma(V_r x_t + U_r h_{t-1}) \\ "
    text += r"& z_t = \sigma(V_z x_t + U_z h_{t-1}) \end{aligned} \quad \Rightarrow \quad "
    text += r"\begin{pmatrix} r_t \\ z_t \end{pmatrix} = \begin{pmatrix} \sigma \\ \sigma "
    text += r"\end{pmatrix} (V x_t + U h_{t-1})$$" + "\n\n"
    text += r"$$h_t = z_t \odot h_{t-1} + (1 - z_t) \odot \tanh(V x_t + U (r_t \odot h_{t-1}))$$"
    assert verdicts(text) == ["not_a_claim"] * 3
    claim = "\n\n" + r"$$\frac{\partial z_t}{\partial h_{t-1}} = \mathrm{diag}(%s) U_z$$"
    assert last(text + claim % "z_t (1 - z_t)") == "right"
    assert last(text + claim % "1 - z_t^2") == "wrong"


@pytest.mark.parametrize(
    "product",
    [
        r"[W_i, U_i]\cdot[h_{t-1}, x_t]^T",
        r"\begin{bmatrix} W_i & U_i \end{bmatrix} \begin{bmatrix} h_{t-1} \\ x_t \end{bmatrix}",
        r"\left[W_i, U_i\right] \begin{pmatrix} h_{t-1} \\ x_t \end{pmatrix}",
    ],
)
def test_weights_side_by_side_times_vectors_on_top_of_each_other(product: str) -> None:
    text = f"$$i_t = \\sigma({product} + b_i), \\quad h_t = i_t \\odot h_{{t-1}}$$\n\n"
    claim = r"$$\frac{\partial i_t}{\partial h_{t-1}} = \mathrm{diag}(i_t (1 - i_t)) %s$$"
    assert last(text + claim % "W_i") == "right"
    assert last(text + claim % "U_i") == "wrong"
    assert last(f"{text}$$i_t = \\sigma(W_i h_{{t-1}} + U_i x_t + b_i)$$") != "wrong"


def test_rows_beside_weights_on_top_of_each_other() -> None:
    product = r"\begin{bmatrix} h_{t-1} & x_t \end{bmatrix} \begin{bmatrix} W \\ U \end{bmatrix}"
    text = f"$$h_t = \\tanh({product} + b)$$\n\n"
    claim = r"$$\frac{\partial h_t}{\partial h_{t-1}} = \mathrm{diag}(1 - h_t^2) %s^T$$"
    assert last(text + claim % "W") == "right"
    assert last(text + claim % "U") == "wrong"


@pytest.mark.parametrize(
    "words",
    ["At the last step ($t = T$)", "首先写出最后一个时刻的梯度", "At the second to last step"],
)
def test_a_display_behind_a_sentence_about_the_end(words: str) -> None:
    text = "$$k_t = \\tanh(A k_{t-1} + B x_t), \\quad L = \\sum_t L_t(k_t)$$\n\n"
    claim = r"$$\frac{\partial L}{\partial A} = \frac{\partial L_T}{\partial k_T} "
    claim += r"\frac{\partial k_T}{\partial A}$$"
    assert last(f"{text}{words}:\n\n{claim}") == "undecided"
    assert last(f"{text}In the end there is a formula.\n\nIt is this:\n\n{claim}") == "wrong"
