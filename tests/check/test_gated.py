"""Texts about gated networks: their notations for gradients, what is right and what is wrong."""

from __future__ import annotations

import pytest

from bptt_sym.check.audit import audit
from bptt_sym.documents.document import document_from_text

CELL = r"""
A memory cell with inputs $u_t$ and a loss $L$.

$$p_t = \sigma(A_p u_t + B_p s_{t-1} + k_p), \qquad q_t = \sigma(A_q u_t + B_q s_{t-1} + k_q)$$
$$v_t = \tanh(A_v u_t + B_v s_{t-1} + k_v) \quad r_t = \sigma(A_r u_t + B_r s_{t-1} + k_r)$$
$$\boxed{m_t = p_t \odot m_{t-1} + q_t \odot v_t}, \quad s_t = r_t \odot \tanh(m_t)$$
"""
JOINED = r"""
$$f_t = \sigma(W_f [h_{t-1}, x_t] + b_f)$$
$$i_t = \sigma(W_i [h_{t-1}, x_t] + b_i)$$
$$g_t = \tanh(W_g [h_{t-1}, x_t] + b_g)$$
$$o_t = \sigma(W_o [h_{t-1}, x_t] + b_o)$$
$$c_t = f_t * c_{t-1} + i_t * g_t$$
$$h_t = o_t * \tanh(c_t)$$
"""
OUTPUT = r"""
$$e_t = \tanh(D e_{t-1} + F u_t), \quad z_t = G e_t + d \qquad \hat{y}_t = \mathrm{softmax}(z_t)$$
$$L_t = -\sum_{k=1}^{K} y_{t,k} \log \hat{y}_{t,k}$$
$$L = \sum_{t=1}^{T} L_t$$
"""


def verdicts(text: str, formula: str):
    found = audit(document_from_text(f"{text}\n$${formula}$$\n", "text.md"))
    line = text.count("\n") + 2
    return [j for j in found if j.place.line == line]


def verdict(text: str, formula: str):
    (only,) = verdicts(text, formula)
    return only.verdict


@pytest.mark.parametrize(
    "formula",
    [
        # the derivative of the next memory is the direct one
        r"\frac{\partial L}{\partial m_t} = \frac{\partial L}{\partial s_t}"
        r"\frac{\partial s_t}{\partial m_t}"
        r" + \frac{\partial L}{\partial m_{t+1}}\frac{\partial m_{t+1}}{\partial m_t}",
        # the share of a step, as a chain and with its sum
        r"\frac{\partial L}{\partial A_p} = \frac{\partial L}{\partial p_t}"
        r"\frac{\partial p_t}{\partial A_p}",
        r"\frac{\partial L}{\partial k_p} = \sum \frac{\partial L}{\partial p_t}"
        r" \odot p_t \odot (1 - p_t)",
        r"\left.\frac{\partial L}{\partial B_q}\right|_t = \frac{\partial L}{\partial q_t}"
        r" \odot q_t \odot (1 - q_t)\, s_{t-1}^\top",
        # parts of a gradient
        r"\left.\frac{\partial L}{\partial m_t}\right|_{\text{via } s_t} = "
        r"\frac{\partial L}{\partial s_t} \odot r_t \odot (1 - \tanh^2 m_t)",
        r"\frac{\partial L}{\partial m_t}\Big|_{\text{later}} = "
        r"\frac{\partial L}{\partial m_{t+1}} \odot p_{t+1}",
        # δ with its variable in a script
        r"\delta^{p}_t = \delta^{m}_t \odot m_{t-1}",
        r"\delta_{r,t} = \delta_{s,t} \odot \tanh(m_t)",
        r"\delta_v^{(t)} = \delta_m^{(t)} \odot q_t",
    ],
)
def test_right_in_a_memory_cell(formula):
    assert verdict(CELL, formula).is_right


@pytest.mark.parametrize(
    ("formula", "code"),
    [
        (r"\delta^{p}_t = \delta^{m}_t \odot m_t", "BP004"),
        (r"\frac{\partial L}{\partial k_p} = \sum \frac{\partial L}{\partial p_t}", "BP019"),
    ],
)
def test_wrong_in_a_memory_cell(formula, code):
    found = verdict(CELL, formula)
    assert found.verdict == "wrong"
    assert found.diagnosis.code == code


def test_equations_in_boxes_and_side_by_side_are_definitions():
    found = audit(document_from_text(CELL, "text.md"))
    assert len(found) == 6
    assert {j.verdict.verdict for j in found} == {"not_a_claim"}


@pytest.mark.parametrize(
    "formula",
    [
        r"\frac{\partial f_t}{\partial x_t} = f_t (1 - f_t) W_f",
        r"\frac{\partial f_t}{\partial h_{t-1}} = f_t (1 - f_t) W_f[:, :n]",
        r"\frac{\partial i_t}{\partial x_t} = i_t (1 - i_t) W_i[:, \text{n}:]",
    ],
)
def test_blocks_of_a_weight(formula):
    assert verdict(JOINED, formula).is_right


@pytest.mark.parametrize(
    ("formula", "right"),
    [
        (r"\frac{\partial L_t}{\partial z_t} = \hat{y}_t - y_t", True),
        (r"\frac{\partial L}{\partial G} = \sum_{t=1}^{T} (\hat{y}_t - y_t) e_t^\top", True),
        (r"\frac{\partial L_t}{\partial z_t} = y_t - \hat{y}_t", False),
    ],
)
def test_the_target_of_a_cross_entropy_adds_up_to_one(formula, right):
    found = verdict(OUTPUT, formula)
    assert found.is_right is right


def test_a_name_made_of_names_of_gradients_defines_no_step():
    """δ for ŷ - y, then a product of it: neither is a new recurrence."""
    text = OUTPUT + "\nWrite $\\epsilon_t = \\frac{\\partial L}{\\partial z_t}$.\n"
    assert verdict(text, r"\eta_t = G^\top \epsilon_t").verdict == "not_a_claim"
    text += "\n$$\\eta_t = G^\\top \\epsilon_t$$\n"
    assert verdict(text, r"\frac{\partial L}{\partial d} = \sum_t \epsilon_t").is_right
    assert verdict(text, r"\frac{\partial L}{\partial e_t} = \eta_t").verdict == "wrong"


def test_what_holds_of_every_unit_is_said_of_the_vector():
    """The index of the unit stands beside the step; W_i is another i."""
    text = (
        CELL
        + r"""
\begin{align}
\frac{\partial L}{\partial r^t_j} &= \frac{\partial L}{\partial s^t_j} \tanh(m^t_j) &
\frac{\partial L}{\partial v_j^{t}} &= \frac{\partial L}{\partial m_j^{t}} q_j^{t}
\end{align}
"""
    )
    found = audit(document_from_text(text.replace("_t", "^t").replace("_{t-1}", "^{t-1}"), "n.md"))
    assert [j.verdict.is_right for j in found[-2:]] == [True, True]


def test_rows_go_on_in_their_own_column():
    text = (
        CELL
        + r"""
\begin{align}
\delta_{r,t} &= \frac{\partial L}{\partial r_t} & \delta_{v,t} &= \frac{\partial L}{\partial v_t} \\
&= \frac{\partial L}{\partial s_t} \odot \tanh(m_t) & &= \frac{\partial L}{\partial m_t} \odot q_t
\end{align}
"""
    )
    found = audit(document_from_text(text, "n.md"))[6:]
    assert [j.verdict.is_right for j in found] == [True] * 4


def test_words_around_a_name_claim_nothing():
    formula = (
        r"\text{Given } \frac{\partial L}{\partial s_t}, \text{ find } "
        r"\frac{\partial L}{\partial r_t} \text{ as } \frac{\partial L}{\partial r_t}"
        r" = \frac{\partial L}{\partial s_t} \odot \tanh(m_t)"
    )
    assert [j.verdict.is_right for j in verdicts(CELL, formula)] == [True]


def test_the_argument_between_two_equals_signs_is_defined():
    text = r"$$g_t = \tanh(n_t) = \tanh(A u_t + B g_{t-1})$$" "\n\nThe loss is $L$.\n"
    assert verdict(
        text, r"\frac{\partial L}{\partial n_t} = \frac{\partial L}{\partial g_t}(1 - g_t^2)"
    ).is_right
    assert verdict(
        text, r"\frac{\partial L}{\partial n_t} = \frac{\partial L}{\partial g_t}(1 - n_t^2)"
    ).diagnosis.code == "BP007"  # fmt: skip


def test_a_gradient_that_is_added_up_elsewhere_may_be_given_part_by_part():
    part = (
        r"\frac{\partial L}{\partial m_t} = \frac{\partial L}{\partial s_t}"
        r"\frac{\partial s_t}{\partial m_t}"
    )
    assert verdict(CELL, part).verdict == "wrong"
    adding = CELL + r"$$\delta m_t += \delta s_t \odot r_t \odot (1 - \tanh^2(m_t))$$" "\n"
    assert verdict(adding, part).verdict == "right_under_reading"


ROWS = r"""
All vectors are rows.

$$a_{z,t} = u_t D_{z} + s_{t-1} K_{z}, \quad z_t = \sigma(a_{z,t})$$
$$a_{r,t} = u_t D_{r} + s_{t-1} K_{r}, \quad r_t = \sigma(a_{r,t})$$
$$s_{\mathrm{old},t-1} = r_t \odot s_{t-1}$$
$$a_{n,t} = u_t D_{n} + s_{\mathrm{old},t-1} K_{n}, \quad n_t = \tanh(a_{n,t})$$
$$s_t = (1 - z_t) \odot s_{t-1} + z_t \odot n_t$$
"""


@pytest.mark.parametrize(
    ("formula", "right"),
    [
        (r"\frac{\partial L}{\partial K_{z}} += s_{t-1}^T \delta_{a_{z,t}}", True),
        (r"\delta_{a_{n,t}} = \frac{\partial L}{\partial s_t} \odot z_t \odot (1 - n_t^2)", True),
        (r"\frac{\partial L}{\partial s_{\mathrm{old},t-1}} = \delta_{a_{n,t}} K_{n}^T", True),
        (r"\delta_{a_{z,t}} = \frac{\partial L}{\partial s_t} \odot (n_t - s_{t-1})", False),
    ],
)
def test_labels_and_steps_in_one_script(formula, right):
    found = verdict(ROWS, formula)
    assert found.is_right if right else found.verdict == "wrong"


def test_blocks_of_weights_with_names_of_their_own():
    sums = r"\sum_{j=1}^t \delta_{i,j} h_{j-1}^T"
    assert verdict(JOINED, r"\frac{\partial L}{\partial W_{ih}} = " + sums).is_right
    assert verdict(JOINED, r"\frac{\partial L}{\partial W_{ix}} = \delta_{i,t} x_t^T").is_right


def test_what_is_handed_on_defines_nothing():
    text = CELL + "\nThe memory flows on, $m_{t+1} = m_t$, and $m_{t-1} \\rightarrow m_t$.\n"
    assert verdict(text, r"\frac{\partial s_t}{\partial r_t} = \mathrm{diag}(\tanh(m_t))").is_right


BRACKETS = r"""
$$\Gamma_f^{\langle t \rangle} = \sigma(W_f [a^{\langle t-1 \rangle}, x^{\langle t \rangle}])$$
$$\Gamma_u^{\langle t \rangle} = \sigma(W_u [a^{\langle t-1 \rangle}, x^{\langle t \rangle}])$$
$$\Gamma_o^{\langle t \rangle} = \sigma(W_o [a^{\langle t-1 \rangle}, x^{\langle t \rangle}])$$
$$\tilde c^{\langle t \rangle} = \tanh(W_c [a^{\langle t-1 \rangle}, x^{\langle t \rangle}])$$
$$c^{\langle t \rangle} = \Gamma_f^{\langle t \rangle} * c^{\langle t-1 \rangle}
 + \Gamma_u^{\langle t \rangle} * \tilde c^{\langle t \rangle}$$
$$a^{\langle t \rangle} = \Gamma_o^{\langle t \rangle} * \tanh(c^{\langle t \rangle})$$

$$dc_{prev} = dc_{next} * \Gamma_f^{\langle t \rangle}$$
$$da_{next} = da_{next}$$
"""


@pytest.mark.parametrize(
    ("formula", "right"),
    [
        (r"d \Gamma_o^{\langle t \rangle} = da_{next} * \tanh(c_{next})"
         r" * \Gamma_o^{\langle t \rangle} * (1 - \Gamma_o^{\langle t \rangle})", True),
        (r"d \Gamma_f^{\langle t \rangle} = dc_{next} * c_{prev} * \Gamma_f^{\langle t \rangle}"
         r" * (1 - \Gamma_f^{\langle t \rangle})", True),
        (r"d\tilde c^{\langle t \rangle} = dc_{next} * \Gamma_u^{\langle t \rangle}"
         r" * (1 - (\tilde c^{\langle t \rangle})^2)", True),
        (r"d\tilde c^{\langle t \rangle} = dc_{next} * \Gamma_u^{\langle t \rangle}"
         r" * (1 - \tilde c^{\langle t \rangle})", False),
    ],
)  # fmt: skip
def test_the_step_before_and_the_step_after_in_words(formula, right):
    found = verdict(BRACKETS, formula)
    assert found.is_right if right else found.verdict == "wrong"


@pytest.mark.parametrize(
    ("formula", "right"),
    [
        # a row written without its mark
        (r"\frac{\partial L}{\partial W_i} = \sum_{t=1}^T \frac{\partial L}{\partial i_t} * i_t"
         r" * (1 - i_t) [h_{t-1}, x_t]", True),
        (r"\frac{\partial L}{\partial W_i} = \sum_{t=1}^T \frac{\partial L}{\partial i_t} \odot i_t"
         r" \odot (1 - i_t) [h_{t-1}, x_t]", True),
        # what comes back from a step
        (r"\frac{\partial L}{\partial c_{t-1}} = \frac{\partial L}{\partial c_t} * f_t", True),
        (r"\frac{\partial L}{\partial c_{t-1}} = \frac{\partial L}{\partial c_t} * i_t", False),
        # a full stop on the line
        (r"\frac{\partial L}{\partial f_t} = \frac{\partial L}{\partial c_t}.c_{t-1}", True),
        # activations alone
        (r"\sigma'(u) = \sigma(u)(1-\sigma(u))", True),
        (r"\frac{d}{dz}\sigma(z) = \sigma(z) - \sigma(z)^2", True),
        (r"\tanh'(u) = 1 - \tanh(u)", False),
    ],
)  # fmt: skip
def test_notations_of_texts_with_a_joined_vector(formula, right):
    found = verdict(JOINED, formula)
    assert found.is_right if right else found.verdict == "wrong"


def test_one_vector_on_top_of_another():
    stacked = JOINED.replace("[h_{t-1}, x_t]", r"\begin{bmatrix} h_{t-1} \\ x_t \end{bmatrix}")
    claim = (
        r"\frac{\partial L}{\partial W_f} = \sum_t \frac{\partial L}{\partial f_t} * f_t * (1-f_t)"
        r" \begin{bmatrix} h_{t-1} \\ x_t \end{bmatrix}^T"
    )
    assert verdict(stacked, claim).is_right


def test_a_sum_left_open_is_no_claim():
    claim = r"\frac{\partial m_t}{\partial m_{t-1}} = \mathrm{diag}(p_t) + \cdots"
    assert verdict(CELL, claim).verdict == "not_a_claim"


def test_a_label_of_two_letters_is_no_function():
    text = CELL.replace("A_v", "W_{ch}")
    claim = r"\frac{\partial L}{\partial W_{ch}} = \sum_t \delta_{v,t} \odot (1 - v_t^2) u_t^T"
    assert verdict(text, claim).is_right


DELTAS = r"""
$$f_t = \sigma(W_f h_{t-1} + U_f x_t + b_f) \quad i_t = \sigma(W_i h_{t-1} + U_i x_t + b_i)$$
$$o_t = \sigma(W_o h_{t-1} + U_o x_t + b_o) \quad g_t = \tanh(W_g h_{t-1} + U_g x_t + b_g)$$
$$c_t = f_t \odot c_{t-1} + i_t \odot g_t$$
$$h_t = o_t \odot \tanh(c_t)$$
$$L = \sum_{t=1}^{T} \ell(h_t)$$
$$\delta^f_t = \frac{\partial L}{\partial c_t} \odot c_{t-1} \odot f_t \odot (1-f_t)$$
$$\delta^i_t = \frac{\partial L}{\partial c_t} \odot g_t \odot i_t \odot (1-i_t)$$
$$\delta^g_t = \frac{\partial L}{\partial c_t} \odot i_t \odot (1-g_t^2)$$
$$\delta^o_t = \frac{\partial L}{\partial h_t} \odot \tanh(c_t) \odot o_t \odot (1-o_t)$$
"""


def test_a_line_that_gives_the_value_of_a_delta_does_not_say_of_what_it_is() -> None:
    found = audit(document_from_text(DELTAS, "text.md"))
    judged = [j.verdict for j in found if r"\odot c_{t-1} \odot f_t" in j.latex]
    assert [v.verdict for v in judged] == ["right_under_reading"]
    assert not [j.latex for j in found if j.verdict.verdict == "wrong"]


def test_what_comes_back_to_a_state_that_the_loss_looks_at_itself() -> None:
    back = (
        r"\frac{\partial L}{\partial h_{t-1}} = W_f^\top \delta^f_t + W_i^\top \delta^i_t"
        r" + W_g^\top \delta^g_t + W_o^\top \delta^o_t"
    )
    assert verdict(DELTAS, back).verdict == "right_under_reading"
    assert verdict(DELTAS, back.replace("W_o^", "W_g^")).verdict == "wrong"
    later = r"\frac{\partial L}{\partial W_f} = \sum_{t=1}^T \delta^f_t h_t^\top"
    assert verdict(DELTAS, later).verdict == "wrong"
