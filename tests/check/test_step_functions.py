r"""Functions that a text names: the step F, ``f'``, ``g_1``; and weights without labels."""

from __future__ import annotations

import pytest

from tests.check.audited import judged, last, verdicts

STEP = "$$q_t = F(q_{t-1}, u_t, \\theta) = R \\sigma(q_{t-1}) + P u_t + b$$\n\n"


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        (r"\nabla_q F(q_{t-1}, u_t, \theta) = R \operatorname{diag}(\sigma'(q_{t-1}))", "right"),
        (r"\nabla_q F(q_{t-1}, u_t, \theta) = \operatorname{diag}(\sigma'(q_{t-1})) R", "wrong"),
        (r"\nabla_q F(q_{t-1}, u_t, \theta) = R \operatorname{diag}(\sigma'(q_t))", "wrong"),
        (r"\nabla_q F(q_{t-2}, u_{t-1}, \theta) = R \operatorname{diag}(\sigma'(q_{t-2}))",
         "right"),
        (r"\nabla_q F(q_{t-2}, u_{t-1}, \theta) = R \operatorname{diag}(\sigma'(q_{t-1}))",
         "wrong"),
        (r"\frac{\partial F(q_{t-1}, u_t, \theta)}{\partial u_t} = P", "right"),
        (r"\frac{\partial q_t}{\partial R} = \frac{\partial F(q_{t-1}, u_t, \theta)}{\partial R}"
         r" + \nabla_q F(q_{t-1}, u_t, \theta) \frac{\partial q_{t-1}}{\partial R}", "right"),
        (r"\frac{\partial q_t}{\partial R} = \frac{\partial F(q_{t-1}, u_t, \theta)}{\partial R}"
         r" + \frac{\partial q_{t-1}}{\partial R}", "wrong"),
        (r"\frac{\partial q_t}{\partial q_{t-2}} ="
         r" \nabla_q F(q_{t-1}, u_t, \theta) \nabla_q F(q_{t-2}, u_{t-1}, \theta)", "right"),
        # F stands with arguments of two steps: of which it is the step nothing says
        (r"\nabla_q F(q_{t-1}, u_{t-1}, \theta) = R \operatorname{diag}(\sigma'(q_{t-1}))",
         "undecided"),
    ],
)  # fmt: skip
def test_a_step_that_has_a_name_and_is_written_out(formula: str, expected: str) -> None:
    assert last(f"{STEP}$${formula}$$") == expected


def test_the_letter_of_two_functions_is_neither() -> None:
    two = STEP + "$$s_t = F(s_{t-1}, q_t, \\theta) = \\tanh(V s_{t-1} + q_t)$$\n\n"
    assert last(two + r"$$\nabla_q F(q_{t-1}, u_t, \theta) = R$$") == "undecided"


BESIDE_GATES = (
    "$$q_t = \\tanh(R q_{t-1} + P x_t)$$\n\n%s\n\n"
    "$$f_t = \\sigma(A q_{t-1} + B x_t), \\quad c_t = f_t \\odot c_{t-1} + x_t$$\n\n"
)


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        (r"\frac{\partial q_t}{\partial q_{t-1}} = diag(f'(R q_{t-1} + P x_t)) R",
         "right_under_reading"),
        (r"\frac{\partial q_t}{\partial q_{t-1}} = diag(f'(R q_{t-1} + P x_t)) R^\top", "wrong"),
    ],
)  # fmt: skip
def test_the_function_of_the_state_is_told_from_those_of_gates(
    formula: str, expected: str
) -> None:
    found = judged(BESIDE_GATES % f"$${formula}$$")
    assert [j.verdict.verdict for j in found if "'" in j.latex] == [expected]


NUMBERED = "$$a_t = g_1(R a_{t-1} + P x_t + b) \\quad y_t = g_2(V a_t + e)$$\n\n"


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        (r"\frac{\partial a_t}{\partial a_{t-1}} ="
         r" \operatorname{diag}(g_1'(R a_{t-1} + P x_t + b)) R", "right"),
        (r"\frac{\partial a_t}{\partial a_{t-1}} ="
         r" \operatorname{diag}(g_1'(R a_{t-1} + P x_t + b)) R^\top", "wrong"),
        (r"\frac{\partial y_t}{\partial a_t} = \operatorname{diag}(g_2'(V a_t + e)) V", "right"),
        (r"\frac{\partial y_t}{\partial a_t} = g_2 V", "wrong"),  # it is applied to V
    ],
)  # fmt: skip
def test_functions_may_be_numbered(formula: str, expected: str) -> None:
    assert last(f"{NUMBERED}$${formula}$$") == expected


LABELLED = "$$h_t = \\sigma(W^{(hh)} h_{t-1} + W^{(hx)} x_t), \\quad y_t = W^{(o)} h_t$$\n\n"


def test_a_weight_without_its_label_is_the_one_that_fits() -> None:
    pre = "W^{(hh)} h_{t-1} + W^{(hx)} x_t"
    left = r"$$\frac{\partial h_t}{\partial h_{t-1}} = "
    assert last(f"{LABELLED}{left}W^T \\mathrm{{diag}}(\\sigma'({pre}))$$") == "right"
    assert last(f"{LABELLED}{left}W^T \\mathrm{{diag}}(\\sigma(h_{{t-1}}))$$") == "wrong"
    # the output's weight, which fits no product of Jacobians, is no other meaning of it
    several = (
        r"$$\frac{\partial h_t}{\partial h_k} = \prod_{j=k+1}^{t}"
        r" \frac{\partial h_j}{\partial h_{j-1}} = \prod_{j=k+1}^{t} W^T"
    )
    slope = r"\mathrm{diag}(\sigma'(h_{j-1}))$$"
    softmax = LABELLED.replace("y_t = W^{(o)} h_t", "\\hat{y}_t = \\mathrm{softmax}(W^{(S)} h_t)")
    assert last(f"{softmax}{several} {slope}") == "wrong"


LENGTHS = (
    "$$a_t = \\tanh(R a_{t-1} + P x_t), \\quad y_t = V a_t$$\n\n"
    "$$L = \\sum_{t=1}^{T_y} L_t(y_t)$$\n\n"
)


@pytest.mark.parametrize(
    ("sum_", "expected"),
    [
        (r"\sum_{t=1}^{T_y} \frac{\partial L_t}{\partial R}", "right"),
        (r"\sum_{t=2}^{T_y} \frac{\partial L_t}{\partial V}", "wrong"),
    ],
)
def test_the_length_of_the_outputs_beside_another(sum_: str, expected: str) -> None:
    by = sum_[-2]
    alone = last(f"{LENGTHS}$$\\frac{{\\partial L}}{{\\partial {by}}} = {sum_}$$")
    assert alone == expected
    inputs = f"{LENGTHS}$$s = \\sum_{{t=1}}^{{T}} x_t$$\n\n"
    found = judged(f"{inputs}$$\\frac{{\\partial L}}{{\\partial {by}}} = {sum_}$$")[-1].verdict
    said = (*found.readings, *found.assumptions)
    assert found.verdict == ("right_under_reading" if expected == "right" else "wrong")
    assert any("are one length" in s for s in said)


STACKS = r"""
$$a_t = \tanh(W_a u_t + R_a out_{t-1} + b_a)$$
$$i_t = \sigma(W_i u_t + R_i out_{t-1} + b_i)$$
$$f_t = \sigma(W_f u_t + R_f out_{t-1} + b_f)$$
$$o_t = \sigma(W_o u_t + R_o out_{t-1} + b_o)$$
$$cell_t = a_t \odot i_t + f_t \odot cell_{t-1}$$
$$out_t = \tanh(cell_t) \odot o_t$$

$$all_t = \begin{bmatrix} a_t \\ i_t \\ f_t \\ o_t \end{bmatrix},
W = \begin{bmatrix} W_a \\ W_i \\ W_f \\ W_o \end{bmatrix},
R = \begin{bmatrix} R_a \\ R_i \\ R_f \\ R_o \end{bmatrix},
b = \begin{bmatrix} b_a \\ b_i \\ b_f \\ b_o \end{bmatrix}$$

$$\delta out_t = \Delta_t + \Delta out_t$$
"""


@pytest.mark.parametrize(
    ("formulas", "right"),
    [
        (
            [
                r"\delta u_t = W^T \cdot \delta all_t",
                r"\Delta out_{t-1} = R^T \cdot \delta all_t",
                r"\delta W = \sum_{t=1}^T \delta all_t \otimes u_t",
                r"\delta R = \sum_{t=1}^{T-1} \delta all_{t+1} \otimes out_t",
                r"\delta b = \sum_{t=1}^T \delta all_t",
            ],
            True,
        ),
        ([r"\delta u_t = R^T \cdot \delta all_t"], False),
        ([r"\Delta out_t = R^T \cdot \delta all_t"], False),
        ([r"\Delta out_{t-1} = W^T \cdot \delta all_t"], False),
        ([r"\delta R = \sum_{t=1}^{T} \delta all_t \otimes out_t"], False),
        ([r"\delta b = \sum_{t=2}^T \delta all_t"], False),
    ],
)
def test_stacks_that_are_words_and_stand_in_one_display(formulas: list[str], right: bool) -> None:
    text = "\n\n".join(f"$${f}$$" for f in formulas)
    found = [j for j in judged(f"{STACKS}\n{text}") if j.place.line > STACKS.count("\n")]
    assert len(formulas) <= len(found) <= 4 * len(formulas)
    assert all("=" in j.latex and not j.latex.startswith("=") for j in found)
    # (The cell is 0 at first: of the forget gate the first step gives nothing.)
    assert all(j.verdict.is_right for j in found) == right


def test_what_arrives_and_what_comes_back_make_the_gradient() -> None:
    assert verdicts(STACKS)[-1] == "right"
    twice = STACKS.replace(r"\Delta_t + \Delta out_t", r"\Delta_t + 2 \Delta out_t")
    assert not verdicts(twice)[-1].startswith("right")


@pytest.mark.parametrize(
    "slope",
    [
        r"\frac{dG(z)}{dz}\bigg|_{z = s_t}",
        r"\left.\frac{\partial G(z)}{\partial z}\right|_{z = s_t}",
        r"G'(z)|_{z = s_t}",
        r"\frac{d G(\mathbf{z})}{d \mathbf{z}}\Big\vert_{\mathbf{z} = s_t}",
    ],
)
def test_a_slope_behind_a_bar_that_says_where_it_is_taken(slope: str) -> None:
    cell = "$$s_t = R q_{t-1} + P x_t, \\quad q_t = G(s_t)$$\n\n"
    row = r"$$\frac{\partial E}{\partial s_t} = \frac{\partial E}{\partial q_t} \odot @$$"
    assert last(cell + row.replace("@", slope)) == "right"
    assert last(cell + row.replace("@", slope.replace("s_t", "s_{t-1}"))) == "wrong"
    # another variable than the one that it is differentiated by
    other = slope.replace("= s_t", "= q_t").replace("z", "v", 1)
    assert last(cell + row.replace("@", other)) != "right"


def test_names_of_gradients_in_bold_and_with_arrows() -> None:
    text = (
        "$$@{s}_t = W_r @{q}_{t-1} + W_x @{x}_t$$\n\n$$@{q}_t = \\tanh(@{s}_t)$$\n\n"
        "$$@{\\chi}_t \\equiv @{\\nabla}_{@{q}_t} E = \\frac{\\partial E}{\\partial @{q}_t}$$\n\n"
        "$$@{\\psi}_t \\equiv \\frac{\\partial E}{\\partial @{s}_t}$$\n\n"
        "$$@{\\psi}_t = @{\\chi}_t \\odot (1 - @{q}_t^2)$$\n\n"
        "$$@{\\chi}_t = W_r^\\top @{\\psi}_{t+1}$$\n\n"
        "$$\\frac{\\partial E}{\\partial W_x} = \\sum_{t=1}^T @{\\psi}_t @{x}_t^\\top$$\n\n"
        "$$\\frac{\\partial E}{\\partial W_x} = \\sum_{t=1}^T @{\\chi}_t @{x}_t^\\top$$\n\n"
    )
    for font in (r"\vec", r"\mathbf"):
        assert verdicts(text.replace("@", font))[-4:] == ["right", "right", "right", "wrong"]


def test_small_greek_weights_that_are_turned_are_matrices() -> None:
    text = (
        "$$q_t = \\theta_q \\phi(q_{t-1}) + \\theta_x x_t$$\n\n"
    )
    for weight in ("\\theta_q", "\\theta_q^T"):
        slope = f"{weight} \\mathrm{{diag}}(\\phi'(q_{{t-1}}))"
        text += f"$$\\frac{{\\partial q_t}}{{\\partial q_{{t-1}}}} = {slope}$$\n\n"
    (right, wrong) = judged(text)[-2:]
    assert right.verdict.verdict == "right"
    assert wrong.verdict.verdict == "wrong" and wrong.verdict.diagnosis is not None
    assert wrong.verdict.diagnosis.code == "BP009"
    assert "mathbf" not in wrong.verdict.diagnosis.corrected
