"""Whole documents: what they suppose, define by example, and leave to the reader."""

from __future__ import annotations

import pytest

from bptt_sym.check.audit import audit
from bptt_sym.documents.document import document_from_text

ACCEPTED = ("right", "right_under_reading")


def verdicts(text: str) -> dict[str, str]:
    """The verdict of each formula of ``text`` by its LaTeX, both kinds of "right" as one."""
    found = audit(document_from_text(text, "n.md"))
    return {
        "".join(j.latex.split()): "right" if j.verdict.verdict in ACCEPTED else j.verdict.verdict
        for j in found
    }


def of(text: str, formula: str) -> str:
    return verdicts(text)["".join(formula.split())]


CELL = "$$h_t = \\tanh(W h_{t-1} + U x_t + b)$$\n\n"


@pytest.mark.parametrize(
    "formula",
    [r"W > 1", r"|\lambda_{\max}| < 1", r"\rho(W) < 1", r"\|W\| \geq \frac{1}{\gamma}"],
)
def test_a_condition_on_the_parameters_claims_nothing(formula: str) -> None:
    assert of(CELL + f"| ${formula}$ | gradients shrink |\n", formula) == "not_a_claim"


@pytest.mark.parametrize(
    "sentence",
    ["If ${}$, they vanish.", "Wenn ${}$ ist.", "若 ${}$，則梯度消失。", "${}$이면 사라진다."],
)
def test_a_jacobian_bounded_in_an_if_clause_is_no_claim(sentence: str) -> None:
    bound = r"\left\|\frac{\partial h_t}{\partial h_{t-1}}\right\| < 1"
    assert of(CELL + sentence.format(bound), bound) == "not_a_claim"
    assert of(CELL + f"We have ${bound}$ always.", bound) == "wrong"


def test_fragments_cases_updates_and_expectations_claim_nothing() -> None:
    text = CELL + (
        "with values $< 1$; the case $h_t = 0$; "
        "$$W = W - \\eta \\frac{\\partial L}{\\partial W}$$\n\n"
        "$$\\mathbb{E}[h_t] = 1$$\n\nthe product $\\prod_{j=1}^{k} \\frac{\\partial h_{j}}"
        "{\\partial h_{j-1}}$\n\n$$\\frac{\\partial h_t}{\\partial h_{t-1}} \\approx W$$"
    )
    assert set(verdicts(text).values()) == {"not_a_claim"}
    assert of(text + "\n\n$$h_0 = 0$$\n\n$$\\frac{\\partial h_1}{\\partial W} = 0$$",
              r"\frac{\partial h_1}{\partial W} = 0") == "right"  # fmt: skip


def test_a_recurrence_that_is_only_shown_at_some_steps() -> None:
    text = (
        "$$s_1 = \\tanh(A s_0 + B x_1)$$\n$$s_2 = \\tanh(A s_1 + B x_2)$$\n$$\\vdots$$\n"
        "$$s_T = \\tanh(A s_{T-1} + B x_T)$$\n\n"
    )
    right = r"\frac{\partial s_j}{\partial s_{j-1}} = \mathrm{diag}(1 - s_j^2) A"
    wrong = r"\frac{\partial s_j}{\partial s_{j-1}} = \mathrm{diag}(1 - s_{j-1}^2) A"
    found = verdicts(text + f"$${right}$$\n\n$${wrong}$$")
    assert found["".join(right.split())] == "right"
    assert found["".join(wrong.split())] == "wrong"


def test_a_later_cell_does_not_take_the_place_of_the_one_by_example() -> None:
    text = "$$h_2 = \\tanh(A h_1 + B x_2)$$\n\n"
    claim = r"\frac{\partial h_t}{\partial h_{t-1}} = \mathrm{diag}(1 - h_t^2) A"
    later = "\n\n# Another\n\n$h_t = (1 - z_t) \\odot h_{t-1} + z_t \\odot g_t$"
    assert of(text + f"$${claim}$$" + later, claim) == "right"


def test_rows_that_go_on_with_a_named_gradient_are_claims() -> None:
    rows = (
        r"\delta_t = \frac{\partial L}{\partial h_t} &= \frac{\partial L_t}{\partial h_t} + "
        r"\left(\frac{\partial h_{t+1}}{\partial h_t}\right)^\top \delta_{t+1} \\[2pt]"
        r"&= \frac{\partial L_t}{\partial h_t} + W^\top \mathrm{diag}(1-h_{t+1}^2)"
        r"\frac{\partial L}{\partial h_{t+1}} \\[2pt]"
        r"&= \frac{\partial L_t}{\partial h_t} + \mathrm{diag}(1-h_{t+1}^2) W"
        r"\frac{\partial L}{\partial h_{t+1}}"
    )
    text = CELL + "$$L = \\sum_t L_t$$\n\n$$\\begin{aligned}" + rows + "\\end{aligned}$$"
    found = audit(document_from_text(text, "n.md"))[2:]
    verdict = [j.verdict.verdict for j in found]
    assert [v in ACCEPTED for v in verdict] == [True, True, False]
    assert verdict[2] == "wrong"


@pytest.mark.parametrize("square", [r"\|o_t - y_t\|^2", r"\|o_t - y_t\|_2^2", r"|o_t - y_t|^2",
                                    r"(o_t - y_t)^2"])  # fmt: skip
def test_the_square_of_a_vector_is_a_number_in_a_loss(square: str) -> None:
    text = CELL + f"$$o_t = V h_t$$\n\n$$L_t = \\tfrac12 {square}$$\n\n$$L = \\sum_t L_t$$\n\n"
    right = r"\frac{\partial L}{\partial V} = \sum_t (o_t - y_t) h_t^\top"
    wrong = r"\frac{\partial L}{\partial V} = \sum_t 2 (o_t - y_t) h_t^\top"
    found = verdicts(text + f"$${right}$$\n\n$${wrong}$$")
    assert found["".join(right.split())] == "right"
    assert found["".join(wrong.split())] == "wrong"


def test_a_definition_behind_where_and_a_script_inside_of_an_accent() -> None:
    text = CELL + (
        "$$\\hat{y_t} = V h_t$$\n\n"
        "$$L = \\sum_{t=1}^T L_t, \\quad \\text{where } L_t = \\frac12 |\\hat{y_t} - y_t|^2$$\n\n"
    )
    right = r"\frac{\partial L}{\partial V} = \sum_t (\hat{y}_t - y_t) h_t^\top"
    assert of(text + f"$${right}$$", right) == "right"


def test_the_name_of_an_argument_is_linked_to_its_activation() -> None:
    text = CELL + "$$a_t = U x_t + W h_{t-1} + b$$\n\n$$L = \\sum_t L_t$$\n\n"
    right = r"\frac{\partial L}{\partial W} = \sum_t \frac{\partial L}{\partial a_t} h_{t-1}^\top"
    assert of(text + f"$${right}$$", right) == "right"
    idle = CELL + "$$a_t = W h_{t-1} + V x_t$$\n\n$$L = \\sum_t L_t$$\n\n"
    assert of(idle + f"$${right}$$", right) == "undecided"


def test_the_loss_of_a_softmax_need_not_be_written_down() -> None:
    text = (
        "$$h^{(t)} = \\tanh(b + W h^{(t-1)} + U x^{(t)})$$\n\n$$o^{(t)} = c + V h^{(t)}$$\n\n"
        "$$\\hat{y}^{(t)} = \\mathrm{softmax}(o^{(t)})$$\n\n"
    )
    right = r"\frac{\partial L}{\partial o^{(t)}} = \hat{y}^{(t)} - y^{(t)}"
    other = r"\frac{\partial L}{\partial o^{(t)}} = y^{(t)} - \hat{y}^{(t)}"
    found = verdicts(text + f"$${right}$$\n\n$${other}$$")
    assert found["".join(right.split())] == "right"
    assert found["".join(other.split())] == "undecided"  # which loss it is was a guess


def test_a_book_that_counts_to_tau_and_copies_its_parameters() -> None:
    text = (
        "The copies $W^{(t)}$ of $W$ are used at step $t$ only; at the final step $\\tau$ "
        "there is one path.\n\n"
    )
    claims = (
        r"\nabla_{h^{(\tau)}} L = V^\top \nabla_{o^{(\tau)}} L",
        r"\nabla_{b} L = \sum_t \left(\frac{\partial h^{(t)}}{\partial b^{(t)}}\right)^\top "
        r"\nabla_{h^{(t)}} L",
        r"\nabla_V L = \sum_t (\nabla_{o^{(t)}} L) h^{(t)^\top}",
        r"\nabla_W L = \sum_t \mathrm{diag}(1 - (h^{(t)})^2) (\nabla_{h^{(t)}} L) h^{(t-1)^\top}",
        r"\nabla_W L = \sum_t \mathrm{diag}(1 - (h^{(t)})^2) (\nabla_{h^{(t)}} L) h^{(t)^\top}",
    )
    found = audit(document_from_text(text + "".join(f"$${c}$$\n\n" for c in claims), "n.md"))
    found = [j for j in found if j.verdict.verdict != "not_a_claim"]
    assert [j.verdict.is_right for j in found] == [True, True, True, True, False]


def test_steps_counted_from_zero() -> None:
    text = CELL + "The loss is $L = \\sum_{t=0}^{T} L_t$.\n\n"
    right = r"\frac{\partial L}{\partial W} = \sum_{t=0}^{T} \frac{\partial L_t}{\partial W}"
    wrong = r"\frac{\partial L}{\partial W} = \sum_{t=0}^{T} 2\frac{\partial L_t}{\partial W}"
    found = verdicts(text + f"$${right} \\tag 1$$\n\n$${wrong} \\tag2$$")
    assert found["".join(right.split())] == "right"
    assert found["".join(wrong.split())] == "wrong"


def test_a_run_of_three_steps_is_a_run() -> None:
    text = CELL + (
        "$$o_t = V h_t$$\n\n$$L = \\sum_{t=1}^{3} L_t, \\quad \\text{where } "
        "L_t = \\tfrac12 \\|o_t - y_t\\|^2$$\n\n"
        "$$\\delta_t = \\frac{\\partial L}{\\partial h_t}$$\n\n"
    )
    right = r"\delta_t = V^\top(o_t - y_t) + W^\top((1-h_{t+1}^2) \odot \delta_{t+1})"
    wrong = r"\delta_t = V^\top(o_t - y_t) + W^\top((1-h_t^2) \odot \delta_{t+1})"
    found = verdicts(text + f"$${right}$$\n\n$${wrong}$$")
    assert found["".join(right.split())] == "right"
    assert found["".join(wrong.split())] == "wrong"


def test_dots_with_two_last_terms() -> None:
    terms = (
        r"\frac{\partial h_t}{\partial U} + \frac{\partial h_t}{\partial h_{t-1}}"
        r"\frac{\partial h_{t-1}}{\partial U} + \cdots + \frac{\partial h_t}{\partial h_{t-1}}"
        r"\cdots \frac{\partial h_3}{\partial h_2}\frac{\partial h_2}{\partial U}"
    )
    last = (
        r"+ \frac{\partial h_t}{\partial h_{t-1}}\cdots \frac{\partial h_2}{\partial h_1}"
        r"\frac{\partial h_1}{\partial U}"
    )
    left = r"\frac{\partial h_t}{\partial U} = "
    assert of(CELL + f"$${left}{terms}{last}$$", left + terms + last) == "right"
    twice = last.replace("+ ", "+ 2 ")  # not even from h_0 = 0
    assert of(CELL + f"$${left}{terms}{twice}$$", left + terms + twice) != "right"


def test_the_activation_derivative_of_an_output_is_taken_at_the_output() -> None:
    text = CELL + "Suppose $y_t = \\sigma(V h_t)$.\n\n"
    right = r"\frac{\partial y_t}{\partial h_t} = \mathrm{diag}(\sigma') V"
    wrong = r"\frac{\partial y_t}{\partial h_t} = \mathrm{diag}(\sigma') V^\top"
    assert of(text + f"$${right}$$", right) == "right"
    assert of(text + f"$${wrong}$$", wrong) != "right"


def test_a_remark_behind_words_a_reason_and_a_scaled_differential() -> None:
    text = CELL + "$$o_t = V h_t$$\n\n$$L = \\frac1T \\sum_{t=1}^T l(o_t, y_t)$$\n\n"
    first = r"\frac{\partial L}{\partial o_t} = \frac{\partial l(o_t, y_t)}{T \cdot \partial o_t}"
    assert of(text + f"$${first}$$", first) == "right"
    wrong = r"\frac{\partial L}{\partial o_t} = \frac{\partial l(o_t, y_t)}{\partial o_t}"
    assert of(text + f"$${wrong}$$", wrong) == "wrong"
    claim = r"\frac{\partial o_t}{\partial h_t} = V"
    remark = claim + r", \qquad \text{for the output: } (1-h_t^2)"
    assert of(text + f"$${remark}$$", claim) == "right"
    reason = claim + r" \quad (\because o_t = V h_t)"
    assert "right" in verdicts(text + f"$${reason}$$").values()


ABSTRACT = (
    "$$h_t = f(W h_{t-1} + U x_t)$$\n\n$$o_t = g(V h_t)$$\n\n$$J = \\sum_t \\ell(o_t, d_t)$$\n\n"
)


def test_the_loss_of_one_step_is_the_one_that_is_summed() -> None:
    right = (
        r"\frac{\partial J}{\partial W} = "
        r"\sum_t \frac{\partial \ell_t}{\partial h_t}\frac{dh_t}{dW}"
    )
    wrong = right.replace("{dW}", "{dU}")
    assert of(ABSTRACT + f"$${right}$$", right) == "right"
    assert of(ABSTRACT + f"$${wrong}$$", wrong) == "wrong"


def test_a_letter_that_only_the_right_side_has_may_be_the_last_step() -> None:
    right = (
        r"\frac{\partial J}{\partial h_t} = "
        r"\sum_{k=0}^{\tau-t} \frac{\partial \ell_{t+k}}{\partial h_t}"
    )
    wrong = right.replace("k=0", "k=1")
    found = verdicts(ABSTRACT + f"$${right}$$\n\n$${wrong}$$")
    assert found["".join(right.split())] == "right"
    assert found["".join(wrong.split())] == "wrong"


def test_a_state_is_no_copy_of_a_parameter() -> None:
    text = (
        "$$\\mathbf{h}_{t+1} = \\sigma(W \\mathbf{h}_t + U \\mathbf{x}_t)$$\n\n"
        "where $\\mathbf{h}$ is bold\n\n"
    )
    claim = r"\frac{\partial L}{\partial \mathbf{h}_t} = \frac{\partial L}{\partial \mathbf{h}_T}"
    product = r"\prod_{s=t}^{T-1} \frac{\partial \mathbf{h}_{s+1}}{\partial \mathbf{h}_s}"
    label = r"\text{backward} \quad "
    whole = text + "The loss is at the last step.\n\n" + f"$${label}{claim}{product}$$"
    assert of(whole, claim + product) == "right"


def test_a_letter_below_an_activation_is_its_label() -> None:
    text = "$$h_t = \\sigma_r(W h_{t-1} + U x_t)$$\n\n"
    right = r"\frac{\partial h_t}{\partial x_t} = \mathrm{diag}(\sigma_r'(W h_{t-1} + U x_t)) U"
    wrong = right[:-1] + r"W"
    assert of(text + f"$${right}$$", right) == "right"
    assert of(text + f"$${wrong}$$", wrong) == "wrong"


def test_a_state_that_is_handed_on_in_a_case_is_no_claim_about_every_run() -> None:
    text = (
        "$$u_t = \\sigma(A x_t)$$\n\n$$h_t = (1 - u_t) \\odot h_{t-1} + u_t \\odot x_t$$\n\n"
        "With a shut gate nothing changes.\n\n"
    )
    assert of(text + "$$h_t = h_{t-1}$$", "h_t = h_{t-1}") != "wrong"
    unrolled = r"h_T = W^{T-1} h_0"
    linear = "$$h_t = W h_{t-1}$$\n\n"
    assert of(linear + f"We get\n\n$${unrolled}$$", unrolled) == "wrong"
    power = "h_T = W^T h_0"
    assert of(linear + f"We get\n\n$${power}$$", power) == "right"


def test_what_fails_only_under_a_recurrence_defined_later_is_not_wrong() -> None:
    first = "$$s_t = \\tanh(W s_{t-1} + U x_t)$$\n\n"
    claim = r"\frac{\partial q_t}{\partial q_{t-1}} = B"
    second = "$$q_t = \\tanh(A q_{t-1} + C x_t)$$\n\n"
    assert of(first + f"$${claim}$$\n\n" + second, claim) != "wrong"
    assert of(second + f"$${claim}$$\n\n", claim) != "right"


def test_a_derivative_along_every_path_needs_no_sum() -> None:
    text = (
        "$$s_t = \\tanh(U x_t + W s_{t-1})$$\n\n$$q_t = V s_t$$\n\n"
        "$$p_t = \\mathrm{softmax}(q_t)$$\n\nThe loss is the cross-entropy.\n\n"
    )
    claim = (
        r"\frac{\partial E_3}{\partial U} = (p_3 - y_3) \cdot V \cdot "
        r"\frac{\partial s_3}{\partial U}"
    )
    assert of(text + f"$${claim}$$", claim) != "wrong"


def test_where_y_is_the_output_its_hat_is_the_target() -> None:
    text = (
        "$$h_t = f(W h_{t-1} + U x_t)$$\n\n$$y_t = g(V h_t)$$\n\n"
        "$$L = \\sum_{t=1}^T \\ell(y_t, \\hat{y}_t)$$\n\n"
    )
    right = (
        r"\frac{\partial L}{\partial V} = "
        r"\sum_{t=1}^T \frac{\partial \ell_t}{\partial y_t}\frac{\partial y_t}{\partial V}"
    )
    wrong = right.replace("t=1", "t=2")
    assert of(text + f"$${right}$$", right) == "right"
    assert of(text + f"$${wrong}$$", wrong) == "wrong"


def test_an_affine_output_beside_a_cross_entropy_in_words() -> None:
    text = (
        "$$h_t = \\tanh(W h_{t-1} + U x_t)$$\n\nThe loss is the cross-entropy.\n\n"
        "$$\\frac{\\partial L_t}{\\partial V} = \\delta_t h_t^\\top$$\n\n"
        "$$\\frac{\\partial L_t}{\\partial \\hat{y}_t} = q_t, \\quad y_t$$\n\n"
    )
    claim = r"\frac{\partial h_t}{\partial x_t} = \mathrm{diag}(1 - h_t \odot h_t) U"
    assert of(text + f"$${claim}$$", claim) == "right"


GATED = (
    "$$f_t = \\sigma(W_f x_t + U_f h_{t-1})$$\n\n$$i_t = \\sigma(W_i x_t + U_i h_{t-1})$$\n\n"
    "$$g_t = \\tanh(W_g x_t + U_g h_{t-1})$$\n\n$$c_t = f_t \\odot c_{t-1} + i_t \\odot g_t$$\n\n"
    "$$h_t = \\tanh(c_t)$$\n\n"
)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("We work out a single step as an example, for a single step:", "right"),
        ("以一个时间步为例：", "right"),
        ("With one step size of 0.1:", "wrong"),
        ("", "wrong"),
    ],
)
def test_a_derivation_of_a_single_step_holds_earlier_states_fixed(
    words: str, expected: str
) -> None:
    paths = (
        r"\frac{\partial c_t}{\partial W} = "
        r"\frac{\partial c_t}{\partial f_t} \frac{\partial f_t}{\partial W} + "
        r"\frac{\partial c_t}{\partial i_t} \frac{\partial i_t}{\partial W} + "
        r"\frac{\partial c_t}{\partial g_t} \frac{\partial g_t}{\partial W}"
    )
    text = GATED + f"## Gradients\n\n{words}\n\nFirst the parameters $W$.\n\n$${paths}$$\n"
    assert of(text, paths) == expected


def test_a_row_that_names_one_thing_is_no_factor_of_the_next() -> None:
    rows = (
        "$$\\begin{{aligned}} &\\frac{{\\partial c_t}}{{\\partial f_t}} = c_{{t-1}} \\\\"
        " &{} \\\\ &\\frac{{\\partial h_t}}{{\\partial g_t}} = "
        "\\frac{{\\partial h_t}}{{\\partial c_t}} \\frac{{\\partial c_t}}{{\\partial g_t}}"
        " \\end{{aligned}}$$"
    )
    for lone in (r"\frac{\partial c_t}{\partial c_{t-1}}", r"\tilde{c}_t", "h_t"):
        found = [v for k, v in verdicts(GATED + rows.format(lone)).items() if "partial" in k]
        assert found == ["right", "right"]


def test_an_output_that_is_the_state_is_defined_with_it() -> None:
    text = GATED.replace("h_t = \\tanh", "h_t = y_t = \\tanh")
    claim = r"\frac{\partial y_t}{\partial c_t} = \mathrm{diag}(1 - h_t^2)"
    found = verdicts(text + f"$${claim}$$")
    assert "wrong" not in found.values() and found["".join(claim.split())] == "right"


@pytest.mark.parametrize(
    "factors",
    [
        r"B^\top \mathrm{diag}(\tanh')",
        r"B^\top \cdot \mathrm{diag}(\tanh'(\cdot))",
        r"\mathrm{diag}(\tanh') B",
        r"\mathrm{diag}(\tanh'(\cdot)) \cdot B",
    ],
)
def test_a_slope_without_its_argument_belongs_to_the_product(factors: str) -> None:
    cell = "$$q_t = \\tanh(A x_t + B q_{t-1})$$\n\n"
    formula = rf"\frac{{\partial q_t}}{{\partial q_k}} = \prod_{{i=k+1}}^{{t}} {factors}"
    assert of(cell + f"$${formula}$$", formula) == "right"
    other = formula.replace("B", "A")
    assert of(cell + f"$${other}$$", other) != "right"


def test_a_later_section_may_come_back_to_the_state_that_runs() -> None:
    chain = (
        r"\frac{\partial q_t}{\partial q_k} = "
        r"\prod_{i=k+1}^{t} \frac{\partial q_i}{\partial q_{i-1}}"
    )
    text = (
        "$$q_t = \\tanh(A x_t + B q_{t-1})$$\n\n## Joined\n\n$$q_t = [u_t; v_t]$$\n\n"
        f"## Through time\n\n$${chain}$$\n"
    )
    assert of(text, chain) == "right"
