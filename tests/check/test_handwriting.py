"""Marks of documents that are read by their form, numbers of examples, and what only supposes."""

from __future__ import annotations

import pytest

from tests.check.audited import judged, last, verdicts

CELL = "$$q_t = \\tanh(R q_{t-1} + P x_t + b)$$\n\n"


NET = "$$net_t = P x_t + R q_{t-1} \\\\ q_t = f(net_t)$$\n\n"


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        (r"\frac{\partial net_t}{\partial q_{t-1}} = R", "right"),
        (r"\frac{\partial net_t}{\partial net_{t-1}} = Rdiag[f'(net_{t-1})]", "right"),
        (r"\frac{\partial net_t}{\partial net_{t-1}} = Rdiag[f'(net_t)]", "wrong"),
        (r"\frac{\partial q_t}{\partial net_t} = diag[f'(net_n^t)]", "right"),
    ],
)
def test_a_name_of_three_letters_and_a_diagonal_in_square_brackets(
    formula: str, expected: str
) -> None:
    assert last(NET + f"$${formula}$$") == expected


@pytest.mark.parametrize(
    "formula",
    [
        r"\frac{\partial q\_t}{\partial q\_{t-1}} = \text{diag}(1 - q\_t^2) R",
        r"\frac{\partial q_t}{\partial q_{t-1}} = \text{diag}(1 - q_t^{\odot 2}) R",
        r"\frac{\partial q_t}{\partial q_{t-1}} = \text{diag}(1 - q_t^2) R\quad(\tanh'=1-\tanh^2)",
        r"\frac{\partial q_t}{\partial q_{t-1}} \stackrel{\text{rule}}{=} "
        r"\mathrm{diag}(1 - q_t^2) R",
        r"\frac{\partial q_t}{\partial q_s} = "
        r"\frac{\partial q_t}{\partial q_{t-1}} \cdot\cdot\cdot "
        r"\frac{\partial q_{s+1}}{\partial q_s}",
        r"\frac{\partial q_t}{\partial q_s} = \frac{\partial q_t}{\partial q_{t-1}} ··· "
        r"\frac{\partial q_{s+1}}{\partial q_s} \qquad \blacksquare",
        r"\frac{\partial q_t}{\partial q_{t-1}} = ... \\ = \mathrm{diag}(1 - q_t \odot q_t) R",
        r"\frac{\partial q_t}{\partial q_{t-1}} &= \mathrm{diag}(1 - q_t^2) R \\ &\;\;\vdots \\"
        r"&= \mathrm{diag}(1 - q_t \odot q_t) R",
    ],
)
def test_marks_that_change_nothing(formula: str) -> None:
    assert set(verdicts(CELL + f"$${formula}$$")[1:]) == {"right"}
    slip = formula.replace("1 - q", "2 - q")
    if slip != formula:
        assert last(CELL + f"$${slip}$$") == "wrong"


def test_a_remark_below_a_bar_is_the_use_of_one_step() -> None:
    loss = CELL + "$$L = \\sum_t L_t(q_t)$$\n\n"
    left = r"\frac{\partial L_t}{\partial R}\bigg|_{\text{used at }k} = "
    chain = r"\frac{\partial L_t}{\partial q_t} \frac{\partial q_t}{\partial q_k} "
    own = r"\frac{\partial q_k}{\partial R}\bigg|_{\text{this use}}"
    assert last(loss + f"$${left}{chain}{own}$$") == "right"
    whole = r"\frac{\partial L_t}{\partial R} = \sum_{k=1}^t " + chain
    used = r"\frac{\partial q_k}{\partial R}\Big|_{\text{use }k}"
    assert last(f"{loss}$${whole}{used}$$") == "right"


def test_a_chain_that_ends_in_the_derivative_of_its_last_state_misses_the_other_steps() -> None:
    loss = CELL + "$$L = \\sum_t L_t(q_t)$$\n\n"
    text = r"$$\frac{\partial L_t}{\partial R} = \frac{\partial L_t}{\partial q_t} "
    text += r"\frac{\partial q_t}{\partial q_{t-1}} \cdots \frac{\partial q_1}{\partial R}$$"
    found = judged(loss + text)[-1].verdict
    assert found.verdict == "wrong"
    assert found.diagnosis is not None and found.diagnosis.code == "BP014"


# numbers of an example

STEP = r"\frac{\partial q_2}{\partial q_1} = "
SCALAR = "A scalar cell: $$q_t = \\tanh(r q_{t-1} + p x_t)$$\n\n"


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        (STEP + r"(1 - q_2^2) r = (1 - 0.49) \times 0.5 = 0.26", "right"),
        (STEP + r"(1 + q_2^2) r = (1 - 0.49) \times 0.5 = 0.26", "wrong"),
        (STEP + r"(1 - 0.7^2) \times 0.5 = 0.255", "not_a_claim"),
        (STEP + r"0.9 (1 - q_2^2)", "not_a_claim"),
        (r"\frac{\partial q_6}{\partial q_1} = \prod_{k=2}^6 1.0 (0.5) = 0.03", "not_a_claim"),
        (r"\frac{\partial q_t}{\partial q_{t-1}} = 0.5 r", "wrong"),
    ],
)
def test_numbers_of_an_example_are_no_claim_about_every_run(formula: str, expected: str) -> None:
    assert last(SCALAR + f"$${formula}$$") == expected


def test_a_definition_with_a_decimal_is_held_to_it() -> None:
    leaky = "$$q_t = 0.9 q_{t-1} + x_t$$\n\n"
    assert last(leaky + r"$$\frac{\partial q_t}{\partial q_{t-1}} = 0.9$$") == "right"
    assert last(leaky + r"$$\frac{\partial q_t}{\partial q_{t-1}} = 0.8$$") == "wrong"


def test_what_a_state_is_for_given_inputs_is_no_claim() -> None:
    linear = "$$q_t = r q_{t-1} + x_t$$\n\n"
    assert last(linear + "$$q_3 = r^2$$") == "wrong"
    assert last(linear + "$$(x_1, x_2, x_3) = (1, 0, 0)$$\n\n$$q_3 = r^2$$") == "not_a_claim"


@pytest.mark.parametrize(
    "text",
    [
        r"It can hardly be $|\frac{\partial q_t}{\partial q_{t-1}}| = 1$ all the time.",
        "If $q_3 = f(q_2)$ and $q_2 = f(q_1)$, the chain rule applies.",
        r"$$\text{gradient at step } t \approx \text{gradient at step } k \times \lambda^k$$",
        r"$$q_1 \to q_2 \to \cdots \to q_T$$",
        r"$$k(x) = \sigma(C x)$$",
    ],
)
def test_conditions_words_and_arrows_claim_nothing(text: str) -> None:
    assert not {"wrong", "undecided", "unreadable"} & set(verdicts(SCALAR + text))


# losses, names and activations


def test_a_loss_without_its_step_is_the_sum_where_the_text_writes_it() -> None:
    text = CELL + "$$o_t = V q_t + c, \\quad \\hat{y}_t = \\mathrm{softmax}(o_t)$$\n\n"
    text += "$$L = \\sum_{t=1}^{T} \\ell_t,\\quad \\ell_t = -y_t^\\top \\log \\hat{y}_t$$\n\n"
    left = r"\frac{\partial \ell}{\partial c} = "
    assert last(text + rf"$${left}\sum_t (\hat{{y}}_t - y_t)$$") == "right"
    assert last(text + rf"$${left}\sum_t (y_t - \hat{{y}}_t)$$") == "wrong"


def test_a_line_of_its_own_for_the_loss_of_a_step() -> None:
    text = CELL + "$$y_t = V q_t$$\n\n$$L = \\sum_{t=1}^{T} L_t(y_t, d_t)$$\n\n"
    text += "for instance $L_t = \\frac{1}{2} \\|y_t - d_t\\|^2$.\n\n"
    left = r"\frac{\partial L}{\partial V} = \sum_{t=1}^{T} "
    assert last(text + rf"$${left}\frac{{\partial L_t}}{{\partial y_t}} q_t^\top$$") == "right"


def test_nobody_who_writes_the_slope_takes_the_activation_for_the_identity() -> None:
    text = "$$a_t = R q_{t-1} + P x_t,\\quad q_t = f(a_t)$$\n\n$$L = \\sum_t L_t(q_t)$$\n\n"
    wanted = (
        r"$$\frac{\partial L}{\partial R} = \sum_t \frac{\partial L}{\partial q_t} q_{t-1}^\top$$"
    )
    assert last(text + wanted) == "undecided"
    slope = r"$$\frac{\partial q_t}{\partial a_t} = \mathrm{diag}(f'(a_t))$$" + "\n\n"
    assert last(text + slope + wanted) == "wrong"


DELTA = (
    "$$a_t = R q_{t-1} + P x_t,\\quad q_t = f(a_t),\\quad o_t = V q_t$$\n\n"
    "$$L = \\sum_t L_t(o_t)$$\n\n$$\\delta_t = \\frac{\\partial L}{\\partial q_t}$$\n\n"
)
RECURSION = (
    r"$$\delta_t = \left(V^\top \frac{\partial L}{\partial o_t} + R^\top \delta_{t+1}\right)"
    " \\odot f'(a_t)$$\n\n"
)
SUM = r"$$\frac{\partial L}{\partial R} = \sum_t \delta_t q_{t-1}^\top$$"


def test_a_recursion_gives_a_delta_its_meaning_from_there_on() -> None:
    assert last(DELTA + SUM) == "wrong" or "f'" not in DELTA
    assert verdicts(DELTA + RECURSION + SUM)[-2:] == ["right", "right"]
    slip = RECURSION.replace("f'(a_t)", "f'(a_{t+1})")
    assert verdicts(DELTA + slip + SUM)[-2:] == ["wrong", "wrong"]


def test_an_elementwise_product_of_a_matrix_and_a_vector_scales_columns() -> None:
    left = r"\frac{\partial q_t}{\partial q_{t-1}} = "
    assert last(DELTA + rf"$${left}R^\top \odot f'(a_t)$$") == "right"
    assert last(DELTA + rf"$${left}R^\top \odot f'(a_{{t-1}})$$") == "wrong"


BARS = "$$\\bar q_t = V^\\top \\bar o_t + R^\\top \\bar a_{t+1}$$\n\n"


def test_bars_are_gradients_where_one_is_worked_out_from_others() -> None:
    text = DELTA.partition("$$\\delta")[0]
    good = text + BARS + "$$\\bar a_t = \\bar q_t \\odot f'(a_t)$$\n\n"
    assert verdicts(good)[-2:] == ["right", "right"]
    assert last(text + BARS + "$$\\bar a_t = \\bar q_t \\odot f'(a_{t-1})$$") == "wrong"
    mean = "$$\\bar q_t = \\frac{1}{N} \\sum_i q_t^i,\\quad \\bar a_t = R \\bar q_{t-1}$$"
    assert "wrong" not in verdicts(text + mean)


def test_a_loss_of_a_step_with_another_letter() -> None:
    text = CELL + "$$\\hat{y}_t = \\mathrm{softmax}(V q_t)$$\n\n"
    left = r"\frac{\partial J^{(i)}(\theta)}{\partial q^{(j)}} = "
    right = r"\frac{\partial J^{(i)}(\theta)}{\partial q^{(i)}} \prod_{j<t\leq i} "
    step = r"\frac{\partial q^{(t)}}{\partial q^{(t-1)}}"
    assert last(f"{text}$${left}{right}{step}$$") == "right"


# matrices written out

ROWS = (
    r"\begin{pmatrix} A & B & \cdots & C \\ A2 & B2 & \cdots & C2 \\"
    r" \vdots & \vdots & \ddots & \vdots \\ D & E & \cdots & F \end{pmatrix}"
)


def matrix(entry: str, corner: str = "") -> str:
    """The matrix of which ``entry`` is the one in row I and column J."""
    found = ROWS
    places = (("A2", "2", "1"), ("B2", "2", "2"), ("C2", "2", "n"),
              ("A", "1", "1"), ("B", "1", "2"),
              ("C", "1", "n"), ("D", "n", "1"), ("E", "n", "2"), ("F", "n", "n"))  # fmt: skip
    for name, row, column in places:
        text = corner if corner and name == "F" else entry.replace("I", row).replace("J", column)
        found = found.replace(f" {name} ", f" {text} ")
    return found


ACTIVE = "$$a_t = W q_{t-1} + P x_t,\\quad q_t = f(a_t)$$\n\n"
JACOBIAN = r"\frac{\partial a_t}{\partial a_{t-1}} = "


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        (JACOBIAN + matrix(r"w_{IJ} f'(a_{J}^{t-1})"), "right"),
        (JACOBIAN + matrix(r"w_{IJ} f'(a_{I}^{t-1})"), "wrong"),
        (JACOBIAN + matrix(r"w_{JI} f'(a_{J}^{t-1})"), "wrong"),
        (JACOBIAN + matrix(r"w_{IJ} f'(a_{J}^{t-1})", r"w_{nn} f'(a_{1}^{t-1})"), "undecided"),
        (JACOBIAN + matrix(r"\frac{\partial a_{I}^t}{\partial a_{J}^{t-1}}"), "right"),
        (r"\frac{\partial q_t}{\partial q_{t-1}} = " + matrix(r"f'(a_{I}^t) w_{IJ}"), "right"),
        (r"\frac{\partial q_t}{\partial a_t} = \left[\begin{matrix} f'(a_1^t) & 0 & \cdots & 0 \\ "
         r"\vdots & & & \vdots \\ 0 & 0 & \cdots & f'(a_n^t) \end{matrix}\right]", "right"),
        (r"\frac{\partial q_t}{\partial a_t} = "
         r"\left[\begin{array}{ccc} f'(a_1^t) & 0 & & \ldots & 0 \\ "
         r"& \cdot & & \\ 0 & & \ldots & f'(a_n^t) \end{array}\right]", "right"),
        (JACOBIAN + "[" + matrix(r"w_{IJ} f'(a_{J}^{t-1})").replace("{pmatrix}", "{array}{cc}", 1)
         .replace("{pmatrix}", "{array}") + "]", "right"),
        (JACOBIAN + matrix(r"w_{IJ} f'(a_{J}^{t-1})").replace("w_{12}", "w_{21}"), "undecided"),
        (r"\delta_t = \frac{\partial L}{\partial a_t}$$ $$\frac{\partial L}{\partial W} = \sum_t "
         + matrix(r"\delta_{I}^t q_{J}^{t-1}"), "right"),
        (r"\delta_t = \frac{\partial L}{\partial a_t}$$ $$\frac{\partial L}{\partial W} = \sum_t "
         + matrix(r"\delta_{J}^t q_{I}^{t-1}"), "wrong"),
    ],
)  # fmt: skip
def test_the_corners_of_a_matrix_tell_its_entries(formula: str, expected: str) -> None:
    assert last(ACTIVE + f"$${formula}$$") == expected


SLOPE = r"\frac{\partial h_t}{\partial h_{t-1}}"
OF_NUMBERS = "$$h_t = \\tanh(w h_{t-1} + u_t)$$\n\n"


@pytest.mark.parametrize(
    "number",
    [
        r"\quad (1)", r"\hspace{2cm} (3.2)", r"\cdots\cdots(1)", r"\;\;\;\;(9)", r"\quad [10]",
        r"\ \ \ \ (14)", "~~~~（5）", r"\eqno(4)", r", \ (16)", r"\qquad (\ast)", r"\quad (A.1)",
        r"\:\: (\circ)", r"\;\; (\star)", r"\:\:(\beta)", r"\quad (\bigcirc)",
        r"\quad \text{(11)}", r"\quad ①", r"\quad \textcircled{1}", r"\quad -(2)", r"\quad (iv)",
    ],
)  # fmt: skip
def test_the_number_of_an_equation_is_no_factor(number: str) -> None:
    text = f"{OF_NUMBERS}$${SLOPE} = (1-h_t^2) w {number}$$\n\n$${SLOPE} = (1-h_t) w {number}$$"
    assert verdicts(text)[-2:] == ["right", "wrong"]


@pytest.mark.parametrize("factor", [r"\,(2)", "(2)", r"\cdot (2)", r"\;(3)", r"\;\; (w)"])
def test_a_number_in_brackets_without_a_gap_is_a_factor(factor: str) -> None:
    assert last(f"{OF_NUMBERS}$${SLOPE} = (1-h_t^2) w {factor}$$") == "wrong"


@pytest.mark.parametrize(
    "sign",
    [
        r"\mathrel{:=}", r"\vcentcolon=", r"\mathrel{\mathop:}=", r"\mathrel{=}", r"=^{(a)}",
        r"\mathop{=}\limits^{\text{def}}", r"=_{\text{chain rule}}", r"\overset{!}{=}",
    ],
)  # fmt: skip
def test_a_sign_in_a_wrapping_is_that_sign(sign: str) -> None:
    slopes = "\n\n".join(f"$${SLOPE} {sign} (1{s}h_t^2) w$$" for s in "-+")
    assert verdicts(OF_NUMBERS.replace("=", sign) + slopes) == ["not_a_claim", "right", "wrong"]
