"""Notations of a text that stand for what every other text writes in full."""

from __future__ import annotations

import re

import pytest

from tests.check.audited import judged, last, verdicts

CELL = "$$q_t = \\tanh(v_t), \\quad v_t = R q_{t-1} + P x_t$$\n\n"


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        (r"\frac{\partial v_t}{\partial R} = q_{t-1}^\top", "right"),
        (r"\frac{\partial v_t}{\partial R} = q_{t-1}", "right"),
        (r"\frac{\partial v_t}{\partial P} = x_t^\top", "right"),
        (r"\frac{\partial v_t}{\partial P} = x_{t-1}^\top", "wrong"),
        (r"\frac{\partial v_t}{\partial R} = q_t^\top", "wrong"),
        (r"\frac{\partial^+ q_t}{\partial R} = \mathrm{diag}(1 - q_t^2) q_{t-1}^\top", "right"),
        (r"\frac{\partial^+ q_t}{\partial R} = (1 - q_t^2) q_{t-1}^\top", "right"),
        (r"\frac{\partial^+ q_t}{\partial R} = (1 - q_t) q_{t-1}^\top", "wrong"),
        # the paths through earlier states are forgotten
        (r"\frac{\partial q_t}{\partial R} = (1 - q_t^2) q_{t-1}^\top", "wrong"),
        (r"\frac{\partial q_t}{\partial R} = \mathrm{diag}(1 - q_t^2) q_{t-1}^\top", "wrong"),
    ],
)
def test_the_derivative_by_a_matrix_as_that_of_each_unit_by_its_row(
    formula: str, expected: str
) -> None:
    assert last(CELL + f"$${formula}$$") == expected


LSTM = r"""
$$g_t = \tanh(W_g x_t + U_g h_{t-1} + b_g)$$
$$f_t = \sigma(W_f x_t + U_f h_{t-1} + b_f)$$
$$i_t = \sigma(W_i x_t + U_i h_{t-1} + b_i)$$
$$c_t = f_t \odot c_{t-1} + i_t \odot g_t, \quad h_t = \tanh(c_t)$$
"""


@pytest.mark.parametrize("base", ["p", r"\mathbf{p}"])
@pytest.mark.parametrize(
    ("of_f", "expected"),
    [(r"c_{t-1} \odot f_t \odot (1 - f_t)", "right"), (r"c_t \odot f_t \odot (1 - f_t)", "wrong")],
)
def test_the_letter_of_a_gate_above_its_argument(base: str, of_f: str, expected: str) -> None:
    named = rf"$$\frac{{\partial L}}{{\partial {base}^f_t}} = \frac{{\partial L}}{{\partial c_t}} "
    other = rf"$$\frac{{\partial L}}{{\partial {base}^i_t}} = \frac{{\partial L}}{{\partial c_t}} "
    text = LSTM + other + r"\odot g_t \odot i_t \odot (1 - i_t)$$" + named + rf"\odot {of_f}$$"
    assert verdicts(text)[-2:] == ["right", expected]


def test_delta_of_the_argument_of_a_gate_that_the_text_leaves_out() -> None:
    state = r"$$c_t = f_t \odot c_{t-1} + i_t \odot \tilde c_t, \quad h_t = o_t \odot \tanh(c_t)$$"
    use = r"U_f h_{t-1}, $U_i$, $U_o$. "
    right = r"$$\frac{\partial L}{\partial U_f} = \sum_t \delta^{a_f}_t h_{t-1}^\top$$"
    assert last(f"An LSTM with ${use}$\n\n{state}\n\n{right}".replace(". $", ".")) == "right"
    wrong = right.replace("h_{t-1}", "h_t")
    assert last(f"An LSTM with ${use}$\n\n{state}\n\n{wrong}".replace(". $", ".")) == "wrong"


def test_many_suppositions_stand_beside_one_another() -> None:
    """The number in the name of a supposed function has two digits here."""
    gates = "".join(
        rf"$$\frac{{\partial L}}{{\partial \mathrm{{net}}_{k}^{{(t)}}}} = "
        rf"\frac{{\partial L}}{{\partial {k}_t}} \odot {k}_t \odot (1 - {k}_t)$$"
        for k in "fio"
    )
    lines = LSTM.replace(r"h_t = \tanh(c_t)", r"h_t = o_t \odot \tanh(c_t)")
    lines += r"$$o_t = \sigma(W_o x_t + U_o h_{t-1} + b_o), \quad r_t = \sigma(V_r h_t)$$"
    extra = r"$$\frac{\partial L}{\partial y_t} = \frac{\partial L}{\partial y_t}$$"
    assert verdicts(lines + gates + extra)[-4:-1] == ["right"] * 3


@pytest.mark.parametrize("loss", [r"L_{\text{BCE}}", r"\mathcal{L}_{\mathrm{CE}}", "E_{total}"])
def test_a_word_below_a_loss(loss: str) -> None:
    back = rf"\frac{{\partial {loss}}}{{\partial v_t}} = \frac{{\partial {loss}}}{{\partial q_t}}"
    assert last(CELL + rf"$${back} \odot (1 - q_t^2)$$") == "right"
    assert last(CELL + rf"$${back} \odot (1 - q_t)$$") == "wrong"


def test_two_losses_with_words_keep_their_names() -> None:
    rec, kl = (rf"\frac{{\partial L_{{\text{{{n}}}}}}}{{\partial v_t}}" for n in ("rec", "kl"))
    assert last(CELL + f"$${rec} = {kl}$$") == "undecided"


def test_the_argument_of_an_activation_at_the_step_of_a_product() -> None:
    cell = "$$q_t = \\phi(R q_{t-1} + P x_t)$$\n\n"
    product = r"\frac{\partial q_T}{\partial q_t} = \prod_{s=t+1}^{T} \mathrm{diag}(\phi'(z_s)) R"
    assert last(cell + f"$${product}$$") == "right"
    assert last(cell + f"$${product.replace('z_s', 'z_{s-1}')}$$") != "right"


def test_a_residual_tells_the_loss_of_an_output_that_is_defined() -> None:
    out = "$$\\hat y_t = V q_t, \\quad L = \\sum_t L_t$$\n\n"
    named = r"$$e_t \equiv \frac{\partial L_t}{\partial \hat y_t} = \hat y_t - y_t$$"
    found = judged(CELL + out + named + r"$$\frac{\partial L}{\partial V} = \sum_t e_t q_t^\top$$")
    assert [j.verdict.is_right for j in found[-2:]] == [True, True]
    assert "the loss is half the squared error" in found[-2].verdict.assumptions
    other = r"$$\frac{\partial L_t}{\partial \hat y_t} = \hat y_t + y_t$$"
    assert last(CELL + out + named + other) != "right"


def test_without_anything_of_vectors_a_formula_may_be_one_of_numbers() -> None:
    before = r"(1 - q_2^2)(x_2 + R \frac{\partial q_1}{\partial P})"
    found = judged(CELL + rf"$$\frac{{\partial q_2}}{{\partial P}} = {before}$$")[-1].verdict
    assert found.is_right and any("number" in r for r in found.readings)
    lost = r"(1 - q_2^2)(x_2 + \frac{\partial q_1}{\partial P})"
    assert last(CELL + rf"$$\frac{{\partial q_2}}{{\partial P}} = {lost}$$") == "wrong"


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        (r"\left.\frac{\partial q_t}{\partial R}\right|_{\text{direct}} = "
         r"\frac{\partial^+ q_t}{\partial R}", "right"),
        (r"\frac{\partial q_t}{\partial R} = \left. \frac{\partial q_t}{\partial R} "
         r"\right|_{q_{t-1}} + \frac{\partial q_t}{\partial q_{t-1}} "
         r"\frac{\partial q_{t-1}}{\partial R}", "right"),
        (r"\frac{\partial q_t}{\partial R} = \left. \frac{\partial q_t}{\partial R} "
         r"\right|_{q_{t-1}\text{ fixed}}", "wrong"),
        (r"\frac{\partial q_t}{\partial q_{t-1}} = \mathrm{diag}（1 - q_t^2） R", "right"),
        (r"\frac{\partial q_t}{\partial q_{t-1}} = \mathrm{diag}（1 - q_t） R", "wrong"),
    ],
)  # fmt: skip
def test_what_is_held_fixed_stands_below_a_bar(formula: str, expected: str) -> None:
    assert last(CELL + f"$${formula}$$") == expected


@pytest.mark.parametrize(("step", "expected"), [("t-1", "right"), ("t", "wrong")])
def test_names_given_with_a_colon_side_by_side(step: str, expected: str) -> None:
    names = r"$$J_t := \frac{\partial q_t}{\partial q_{t-1}}, \qquad "
    names += r"G_t := \frac{\partial^+ q_t}{\partial R}$$"
    before = rf"\frac{{\partial q_{{{step}}}}}{{\partial R}}"
    total = rf"\frac{{\partial q_t}}{{\partial R}} = G_t + J_t {before}"
    assert last(CELL + names + f"$${total}$$") == expected


@pytest.mark.parametrize(("sign", "expected"), [("+", "right"), ("-", "wrong")])
def test_a_function_with_its_step_is_the_equation_of_the_state(sign: str, expected: str) -> None:
    cell = "$$s_t = f_t(s_{t-1}, \\theta, u_t)$$\n\n"
    total = r"\frac{\partial s_t}{\partial \theta} = \frac{\partial f_t}{\partial \theta} "
    total += sign + r" \frac{\partial f_t}{\partial s_{t-1}} "
    total += r"\frac{\partial s_{t-1}}{\partial \theta}"
    assert last(cell + f"$${total}$$") == expected


@pytest.mark.parametrize(("other", "expected"), [("o_t", "right"), ("o_{t-1}", "wrong")])
def test_a_star_belongs_to_the_name_and_a_transpose_may_follow_the_step(
    other: str, expected: str
) -> None:
    out = "$$o_t = V q_t, \\quad L = \\sum_t \\ell(o_t, y_t^{*})$$\n\n"
    formula = rf"\frac{{\partial L}}{{\partial V}} = \sum_t \nabla_{{{other}}} L \; q^{{(t),T}}"
    assert last(CELL + out + f"$${formula}$$") == expected


@pytest.mark.parametrize(
    "text",
    [
        r"f_t = \sigma(\ldots)",
        r"\mathrm{Attention}(Q, K) = Q K^\top",
        r"W = W - rate \cdot \frac{\partial L}{\partial W}",
        r"N \cdot size = 4 M",
    ],
)
def test_definitions_and_updates_beside_the_recurrence_claim_nothing(text: str) -> None:
    assert last(CELL + f"$${text}$$") == "not_a_claim"


def test_a_gradient_by_what_the_loss_does_not_depend_on_is_not_accepted() -> None:
    idle = "$$k_t = M q_t, \\quad L = \\sum_t \\ell(q_t, d_t)$$\n\n"
    both_zero = r"\frac{\partial L}{\partial M} = \frac{\partial L}{\partial k_t} q_t^\top"
    assert last(CELL + idle + f"$${both_zero}$$") == "undecided"


LOOSE = [
    "$$p_t = \\mathrm{softmax}(y_t), \\quad o_t = V q_t, \\quad L_t = -d_t^\\top \\log p_t$$\n\n",
    "$$L_t = -d_t^\\top \\log \\hat y_t$$\n\n",
]


@pytest.mark.parametrize("loose", LOOSE)
def test_a_loss_that_hangs_on_nothing_is_tied_to_the_output(loose: str) -> None:
    whole = "$$L = \\sum_{t=1}^{T} L_t$$\n\n"
    chain = r"\frac{\partial L_t}{\partial v_t} = \frac{\partial L_t}{\partial q_t} \odot "
    assert last(CELL + loose + whole + f"$${chain} (1 - q_t^2)$$") == "right"
    assert last(CELL + loose + whole + f"$${chain} (1 - q_t)$$") != "right"


CODE = r"""
$$v_t = R q_{t-1} + P x_t + b_q, \quad q_t = \tanh(v_t), \quad o_t = V q_t + b_o$$
$$dq = V^T \cdot do + dq_{next}$$
$$dqraw = (1 - q_t^2) \cdot dq$$
"""


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        (r"dR += dqraw \cdot q_{t-1}^T", "right"),
        (r"dR += dqraw \cdot q_t^T", "wrong"),
        (r"dbq = dqraw", "right"),
        (r"dq_{next} = R^T \cdot dqraw", "right"),
        (r"\Delta{V} = \sum_t do_t \, q_t^T", "right"),
        (r"\Delta{V} = -\eta \sum_t do_t \, q_t^T", "not_a_claim"),
    ],
)
def test_gradients_under_the_names_of_code(formula: str, expected: str) -> None:
    assert last(CODE + f"$${formula}$$") == expected


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        (r"\frac{\partial J}{\partial V} = \sum_{t=1}^{T_x} (\hat y^{\langle t\rangle} - "
         r"y^{\langle t\rangle}) q^{\langle t\rangle T}", "right"),
        (r"\frac{\partial J}{\partial c} = \sum_{t=1}^{T_x} \hat y^{\langle t\rangle} - "
         r"y^{\langle t\rangle}", "right"),
        (r"\frac{\partial J}{\partial q^{\langle t\rangle}} = "
         r"\frac{\sum_{i=t}^{T_x} \partial J^{\langle i\rangle}}{\partial q^{\langle t\rangle}}",
         "right"),
        (r"\frac{\partial J}{\partial q^{\langle t\rangle}} = "
         r"\frac{\sum_{i=t+1}^{T_x} \partial J^{\langle i\rangle}}{\partial q^{\langle t\rangle}}",
         "wrong"),
        (r"\frac{\partial q^{\langle t\rangle}}{\partial q^{\langle t-1\rangle}} = "
         r"\mathrm{diag}(1 - q^{\langle t\rangle 2}) R", "right"),
    ],
)  # fmt: skip
def test_one_length_sums_above_a_bar_and_what_stands_behind_a_step(
    formula: str, expected: str
) -> None:
    cell = (
        r"$$q^{\langle t\rangle} = \tanh(R q^{\langle t-1\rangle} + P x^{\langle t\rangle})$$"
        r"$$\hat y^{\langle t\rangle} = \mathrm{softmax}(V q^{\langle t\rangle} + c)$$"
        r"$$J = \sum_{t=1}^{T_x} J^{\langle t\rangle}$$"
    )
    assert last(cell + f"$${formula}$$") == expected


@pytest.mark.parametrize(
    ("order", "expected"),
    [(r"R\, \mathrm{diag}(\sigma'(k_{t-1}))", "right"),
     (r"\mathrm{diag}(\sigma'(k_{t-1}))\, R", "wrong")],
)  # fmt: skip
@pytest.mark.parametrize("said", [r",\ \text{for } t > 0.", r"\quad \text{if } t \ge 1"])
def test_a_hypothesis_that_always_holds(order: str, expected: str, said: str) -> None:
    cell = "$$k_t = R \\sigma(k_{t-1}) + P x_t$$\n\n"
    slope = rf"\frac{{\partial k_t}}{{\partial k_{{t-1}}}} = {order}{said}"
    found = last(cell + f"$${slope}$$")
    assert found == expected or ("if" in said and found == "undecided" and expected == "wrong")


@pytest.mark.parametrize(("step", "expected"), [("t+1", "right"), ("t", "wrong")])
def test_a_gradient_is_named_in_plain_words(step: str, expected: str) -> None:
    words = "Here q_t = tanh(R q_{t-1} + P x_t), o_t = V q_t and delta_t = dL/dq_t in total.\n\n"
    back = rf"R^T (\delta_{{t+1}} \odot (1 - q_{{{step}}}^2))"
    out = r"V^T \frac{\partial L}{\partial o_t}"
    assert last(words + rf"$$\delta_t = {out} + {back}$$") == expected


STACK = r"""
$$a_t = x_t W_x + h_{t-1} W_h + b = [\,a^i_t,\; a^f_t,\; a^o_t,\; a^g_t\,]$$
$$i_t = \sigma(a^i_t), \quad f_t = \sigma(a^f_t)$$
$$o_t = \sigma(a^o_t), \quad g_t = \tanh(a^g_t)$$
$$c_t = f_t \odot c_{t-1} + i_t \odot g_t, \quad h_t = o_t \odot \tanh(c_t)$$
$$\delta_t = [\frac{\partial L}{\partial a^i_t}, \frac{\partial L}{\partial a^f_t},
\frac{\partial L}{\partial a^o_t}, \frac{\partial L}{\partial a^g_t}]$$
"""


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        (r"\frac{\partial L}{\partial W_x} += x_t^\top \delta_t", ["right"] * 4),
        (r"\frac{\partial L}{\partial W_x} += x_{t-1}^\top \delta_t", ["wrong"] * 4),
        (r"\frac{\partial L}{\partial b} = \sum_t \delta_t", ["right"] * 4),
        (r"\frac{\partial L}{\partial x_t} = \delta_t W_x^\top", ["right"]),
        (r"\frac{\partial L}{\partial x_t} = \delta_t W_h^\top", ["wrong"]),
    ],
)
def test_gates_that_are_computed_at_once(formula: str, expected: list[str]) -> None:
    assert verdicts(STACK + f"$${formula}$$")[-len(expected) :] == expected


def test_a_function_for_each_gate_of_a_stack() -> None:
    functions = r"[\sigma, \sigma, \tanh, \sigma]"
    gates = rf"$$[f_t, i_t, \tilde c_t, o_t] = {functions}(W [h_{{t-1}}, x_t] + b)$$"
    cell = r"$$c_t = f_t \odot c_{t-1} + i_t \odot \tilde c_t, \quad h_t = o_t \odot \tanh(c_t)$$"
    own = r"$$\frac{\partial c_t}{\partial f_t} = \mathrm{diag}(c_{t-1})$$"
    assert verdicts(gates + cell + own)[:4] == ["not_a_claim"] * 4
    assert last(gates + cell + own) == "right"


def test_equations_side_by_side_with_a_list_in_each() -> None:
    gates = r" \qquad ".join(
        rf"{g}_t = \sigma(W_{g} [h_{{t-1}}, x_t] + b_{g})" for g in ("f", "i", "o")
    )
    assert verdicts(f"$${gates}$$") == ["not_a_claim"] * 3


def test_a_name_with_its_step_beside_it_is_no_name_of_code() -> None:
    cell = "$$h_t = \\tanh(v_t), \\quad v_t = R h_{t-1} + P x_t$$\n\n"
    names = "$$dht = V^T \\frac{\\partial L}{\\partial o_t}, \\quad dhraw = (1 - h_t^2) dht$$\n\n"
    share = r"$$\frac{\partial L}{\partial R} += dhraw \, h_{t-1}^T$$"
    assert last(cell + names + share) == "right"


def test_arrows_over_every_letter_of_one_direction() -> None:
    rows = (
        r"u_t = P x_t + R\,q_{t-1}",
        r"q_t = \tanh(u_t)",
        r"z_t = V q_t + f_{\leftarrow}(x_t)",
        r"\delta_t = \frac{\partial E}{\partial u_t} ="
        r" \frac{\partial E}{\partial q_t} \odot (1 - q_t^2)",
        r"\frac{\partial E}{\partial P} = \sum_{t=1}^T \delta_t x_t^T",
        r"\frac{\partial E}{\partial R} = \sum_{t=1}^T \delta_t q_t^T",
    )
    text = "".join(f"$${row}$$\n\n" for row in rows)
    text = re.sub(r"(?<![A-Za-z\\])[uqPR](?![A-Za-z])", r"\\overrightarrow{\g<0>}", text)
    text = text.replace(r"\delta", r"\overrightarrow{\delta}")
    assert verdicts(text)[-3:] == ["right", "right", "wrong"]


PEEPHOLE = (
    r"$$\begin{aligned} \bar{\mathbf{g}}^t &= \mathbf{P}_g \mathbf{x}^t"
    r" + \mathbf{Q}_g \mathbf{v}^{t-1} + \mathbf{p}_g \odot \mathbf{s}^{t-1} && \text{gate} \\"
    r" \mathbf{g}^t &= \sigma(\bar{\mathbf{g}}^t) && \text{opened} \\"
    r" \mathbf{s}^t &= \mathbf{g}^t \odot \mathbf{s}^{t-1} + \mathbf{x}^t && \text{store} \\"
    r" \mathbf{v}^t &= h(\mathbf{s}^t) && \text{output} \end{aligned}$$" "\n\n"
    r"where $\langle a, b \rangle$ is the outer product of two vectors." "\n\n"
)


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        (r"\delta\mathbf{v}^t = \Delta^t + \mathbf{Q}_g^T \delta\bar{\mathbf{g}}^{t+1}", "right"),
        (r"\delta\mathbf{v}^t = \Delta^t + \mathbf{Q}_g^T \delta\bar{\mathbf{g}}^{t}", "wrong"),
        (r"\delta\mathbf{s}^t = \delta\mathbf{v}^t \odot h'(\mathbf{s}^t) + \mathbf{p}_g \odot"
         r" \delta\bar{\mathbf{g}}^{t+1} + \delta\mathbf{s}^{t+1} \odot \mathbf{g}^{t+1}", "right"),
        (r"\delta\mathbf{s}^t = \delta\mathbf{v}^t \odot h'(\mathbf{s}^t) +"
         r" \delta\mathbf{s}^{t+1} \odot \mathbf{g}^{t+1}", "wrong"),
        (r"\delta\bar{\mathbf{g}}^t = \delta\mathbf{s}^t \odot \mathbf{s}^{t-1} \odot"
         r" \sigma'(\bar{\mathbf{g}}^t)", "right"),
        (r"\delta\mathbf{P}_g = \sum_{t=1}^T"
         r" \langle \delta\bar{\mathbf{g}}^t, \mathbf{x}^t \rangle", "right"),
        (r"\delta\mathbf{p}_g = \sum_{t=0}^{T-1} \mathbf{s}^t \odot \delta\bar{\mathbf{g}}^{t+1}",
         "right"),
        (r"\delta\mathbf{p}_g = \sum_{t=0}^{T-1} \mathbf{s}^t \odot \delta\bar{\mathbf{g}}^{t}",
         "wrong"),
    ],
)  # fmt: skip
def test_deltas_before_bold_names_with_their_step_above(formula: str, expected: str) -> None:
    assert last(f"{PEEPHOLE}$${formula}$$") == expected


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        (r"d v_t = (1 - q_t^2)\, d q_t", "right"),
        (r"d v_t = q_t\, d q_t", "undecided"),
        (r"\delta v_t = (1 - q_t^2) \odot \delta q_t", "right"),
    ],
)
def test_a_mark_may_stand_apart_from_its_name(formula: str, expected: str) -> None:
    assert last(f"{CELL}$${formula}$$") == expected


def test_a_number_d_is_no_mark() -> None:
    cell = "$$q_t = \\tanh(d q_{t-1} + x_t)$$\n\n"
    assert last(cell + r"$$\frac{\partial q_t}{\partial q_{t-1}} = (1 - q_t^2) d$$") == "right"


def test_words_of_several_letters_run_and_have_gradients() -> None:
    cell = "$$state_t = keep_t \\odot state_{t-1} + x_t, \\quad keep_t = \\sigma(U x_t)$$\n\n"
    right = r"$$\delta state_{t-1} = keep_t \odot \delta state_t + \Delta_{t-1}$$"
    assert last(cell + r"$$\delta keep_t = state_{t-1} \odot \delta state_t$$") == "right"
    assert last(cell + right) != "wrong"


def test_a_gradient_that_only_adds_to_itself_is_no_internal_error() -> None:
    (*_, found) = judged(CELL + r"$$\delta q_t = \delta q_t + \delta q_t$$")
    assert "internal error" not in found.verdict.note


CLASSES = (
    r"$$q_t = \tanh(R q_{t-1} + P x_t), \quad z_t = V q_t, \quad p_t = \mathrm{soft\max}(z_t)$$"
    "\n\n" r"$$E = \sum_{t=1}^T E_t, \qquad E_t = -\ln p_t[k_t]$$" "\n\n"
)


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        (r"\frac{\partial E_t}{\partial z_t} = p_t - \text{onehot}(k_t)", "right"),
        (r"\frac{\partial E_t}{\partial z_t} = \text{onehot}(k_t) - p_t", "wrong"),
        (r"\frac{\partial E}{\partial V} = \Sigma_{t=1}^T (p_t - \mathrm{one\_hot}(k_t)) q_t^T",
         "right"),
        (r"\frac{{\delta E} }{ {\delta z_t}} = p_t - \text{onehot}(k_t)", "right"),
        (r"\frac{\partial E}{\partial q_t} = V^T \frac{\partial E_t}{\partial z_t} &+& R^T"
         r" ((1 - q_{t+1}^2) \odot \frac{\partial E}{\partial q_{t+1}})", "right"),
        (r"\frac{\partial q_3}{\partial R} = \sum_k \frac{\partial q_3}{\partial q_k}"
         r" \frac{\partial q_k}{\partial R}", "right"),
        (r"\frac{\partial q_{t+1}}{\partial q_{t-1}} = \frac{\partial q_{t+1}}{\partial q_t}"
         r".{\frac{\partial q_t}{\partial q_{t-1}}}{}", "right"),
        (r"\frac{\partial q_t}{\partial q_k} = \Pi^t_{j=k+1} \frac{\partial q_j}{\partial q_{j-1}}",
         "right"),
        (r"\frac{\partial q_t}{\partial q_k} = \Pi^t_{j=k} \frac{\partial q_j}{\partial q_{j-1}}",
         "wrong"),
    ],
)  # fmt: skip
def test_signs_and_words_of_a_hurried_hand(formula: str, expected: str) -> None:
    assert last(f"{CLASSES}$${formula}$$") == expected


def test_a_formula_of_a_sentence_goes_on_in_the_next_line() -> None:
    text = "The state is $q_t = \\tanh(R q_{t-1} +$\n$P x_t)$ at each step.\n\n"
    formula = r"$$\frac{\partial q_t}{\partial q_{t-1}} = \mathrm{diag}(1 - q_t^2) R$$"
    assert last(text + formula) == "right"


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        (r"\bar m_t = \bar q_t \odot \tanh(c_t)", "right"),
        (r"\bar a_{f,t} = \bar f_t \odot f_t (1 - f_t)", "right"),
        (r"\bar a_{f,t} = \bar f_t \odot (1 - f_t^2)", "wrong"),
    ],
)
def test_labelled_arguments_that_nothing_gives_are_inputs(formula: str, expected: str) -> None:
    cell = (
        r"$$f_t = \sigma(a_{f,t}), \quad g_t = \tanh(a_{g,t}), \quad m_t = \sigma(a_{m,t})$$" "\n\n"
        r"$$c_t = f_t \odot c_{t-1} + g_t, \quad q_t = m_t \odot \tanh(c_t)$$" "\n\n"
    )
    assert last(f"{cell}$${formula}$$") == expected
