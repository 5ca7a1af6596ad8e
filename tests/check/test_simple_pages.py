r"""Pages about simple networks: displays that go on, bars with a step, numbered biases."""

from __future__ import annotations

import pytest

from tests.check.audited import judged, last, verdicts

CELL = r"$$h_t = \tanh(W h_{t-1} + U x_t + b)$$" "\n\n"
OUTPUT = CELL + r"$$o_t = V h_t + c, \qquad \hat y_t = \mathrm{softmax}(o_t)$$" "\n\n"


@pytest.mark.parametrize(
    ("number", "state", "expected"),
    [("1", "S_2", "right"), ("1", "S_1", "wrong"), ("2", "S_2", "wrong")],
)
def test_a_bias_with_one_number_at_every_step_has_a_label(
    number: str, state: str, expected: str
) -> None:
    walk = (
        r"$$S_1 = W_x X_1 + W_s S_0 + b_1 \quad O_1 = W_o S_1 + b_2$$" "\n\n"
        r"$$S_2 = W_x X_2 + W_s S_1 + b_1 \quad O_2 = W_o S_2 + b_2$$" "\n\n"
        rf"$$S_3 = W_x X_3 + W_s {state} + b_{number} \quad O_3 = W_o S_3 + b_2$$"
    )
    found = verdicts(walk)
    assert found[-2] == expected or (expected == "wrong" and found[-2] == "undecided")
    assert found[-1] == "right"


GOES_ON = (
    r"$$\frac{\partial L}{\partial W} = \sum_t \frac{\partial L}{\partial h_t}"
    r"\frac{\partial h_t}{\partial W}$$" "\n\n%s\n\n"
    r"$$= \sum_t \mathrm{diag}(1 - h_t^2) \frac{\partial L}{\partial h_t} %s^\top$$"
)


@pytest.mark.parametrize(
    ("between", "factor", "expected"),
    [
        ("which is", "h_{t-1}", "right"),
        ("which is", "h_t", "wrong"),
        (r"and for $\frac{\partial L}{\partial U}$ likewise", "x_t", "undecided"),
    ],
)
def test_a_display_goes_on_from_the_one_before(between: str, factor: str, expected: str) -> None:
    assert last(CELL + GOES_ON % (between, factor)) == expected


def test_a_display_goes_on_from_what_could_not_be_read() -> None:
    left = r"\frac{\partial h_t}{\partial h_{t-1}} = \frac{\partial}{\partial h_{t-1}} \tanh(%s)"
    before = CELL + "$$" + left % r"W h_{t-1} + \text{const}" + "$$\n\n"
    assert last(before + r"$$= \mathrm{diag}(1 - h_t^2) W$$") == "right"
    assert last(before + r"$$= \mathrm{diag}(1 - h_t^2) W^\top$$") == "wrong"


def test_numbers_that_go_on_from_a_state_define_nothing() -> None:
    text = CELL + r"$$h_1 = \tanh(W h_0 + U x_1 + b)$$" "\n\n" r"$$= \tanh(0.5) = 0.46$$"
    assert "wrong" not in verdicts(text)


LAST = (
    CELL + r"$$\hat y = \sigma(V h_T + c)$$" "\n\n"
    "The loss $L$ is that of the last step, $T=3$.\n\n"
)
SHARE = r"\left.\frac{\partial L}{\partial W}\right|_{%s}"
CHAIN = r"\frac{\partial L}{\partial h_3}\frac{\partial h_3}{\partial h_2}"


@pytest.mark.parametrize(
    ("claim", "expected"),
    [
        (
            SHARE % "(t=3)" + r" = \frac{\partial L}{\partial h_3}\frac{\partial h_3}{\partial W}",
            "right",
        ),
        (SHARE % "t=2" + rf" = {CHAIN}\frac{{\partial h_2}}{{\partial W}}", "right"),
        (SHARE % "t=1" + rf" = {CHAIN}\frac{{\partial h_1}}{{\partial W}}", "wrong"),
        (
            SHARE % "2" + r" = \mathrm{diag}(1 - h_2^2) W^\top \mathrm{diag}(1 - h_3^2)"
            r"\frac{\partial L}{\partial h_3} h_1^\top",
            "right",
        ),
        (
            SHARE % "2" + r" = \mathrm{diag}(1 - h_2^2) W^\top \mathrm{diag}(1 - h_3^2)"
            r"\frac{\partial L}{\partial h_3} h_2^\top",
            "wrong",
        ),
        (
            r"\frac{\partial L}{\partial W} = "
            + " + ".join(SHARE % f"(t={k})" for k in (3, 2, 1)),
            "right",
        ),
        (
            r"\frac{\partial L}{\partial W} = " + " + ".join(SHARE % f"(t={k})" for k in (3, 1)),
            "wrong",
        ),
    ],
)  # fmt: skip
def test_a_bar_with_a_number_is_the_share_of_that_step(claim: str, expected: str) -> None:
    assert last(f"{LAST}$${claim}$$") == expected


@pytest.mark.parametrize("step", ["t", "t=3"])
def test_a_bar_may_name_the_step_of_the_loss(step: str) -> None:
    k = step[-1]
    loss = r"$$y_t = V h_t, \quad L = \sum_t L_t, \quad L_t = \ell(y_t)$$" "\n\n"
    claim = (
        rf"$$\frac{{\partial L}}{{\partial U}}\Big|_{{{step}}} = "
        rf"\frac{{\partial L_{k}}}{{\partial h_{k}}} \sum_{{k=%s}}^{k} "
        rf"\frac{{\partial h_{k}}}{{\partial h_k}}\frac{{\partial h_k}}{{\partial U}}$$"
    )
    right, wrong = (judged(CELL + loss + claim % first)[-1].verdict for first in (1, 2))
    assert right.readings[-1] == "the bar behind the gradient names the step of the loss"
    assert not wrong.is_right


def test_the_order_of_factors_is_wrong_beside_a_softmax_too() -> None:
    claim = (
        r"$$\frac{\partial L}{\partial h_t} = W^\top %s"
        r" + V^\top \frac{\partial L}{\partial o_t}$$"
    )
    slope, later = r"\mathrm{diag}(1 - h_{t+1}^2)", r"\frac{\partial L}{\partial h_{t+1}}"
    assert last(OUTPUT + claim % f"{slope} {later}") == "right"
    found = judged(OUTPUT + claim % f"{later} {slope}")[-1].verdict
    assert found.verdict == "wrong"
    assert found.diagnosis is not None and found.diagnosis.code == "BP010"


def test_a_copy_of_a_weight_that_is_glued_to_its_state() -> None:
    page = (
        r"$$a^{(t)} = b + Wh^{(t-1)} + Ux^{(t)}$$" "\n\n" r"$$h^{(t)} = \tanh(a^{(t)})$$" "\n\n"
        r"$$\nabla_W L = \sum_t \sum_i \left(\frac{\partial L}{\partial h_i^{(t)}}\right)"
        r"\nabla_{W^{(t)}} h_i^{(t)}$$"
    )
    assert last(page) == "right"


SOFTMAX = CELL + (
    r"$$\hat y_t = \mathrm{softmax}(V h_t + c), \qquad L = -\sum_t y_t^\top \log \hat y_t$$" "\n\n"
)


@pytest.mark.parametrize("name", ["z_t^y", "z_t^{(y)}", "a^{y}_t", "s_{t}^{y}"])
@pytest.mark.parametrize(
    ("value", "expected"), [(r"\hat y_t - y_t", "right"), (r"y_t - \hat y_t", "wrong")]
)
def test_a_name_with_the_label_of_an_output_is_its_argument(
    name: str, value: str, expected: str
) -> None:
    claim = rf"$$\frac{{\partial L}}{{\partial V}} = \sum_t \frac{{\partial L}}{{\partial {name}}}"
    claim += rf"\frac{{\partial {name}}}{{\partial V}} = \sum_t ({value}) h_t^\top$$"
    assert last(SOFTMAX + claim) == expected


def test_a_label_that_nothing_gives_stays_unknown() -> None:
    claim = r"$$\frac{\partial L}{\partial z_t^q} = \hat y_t - y_t$$"
    assert last(SOFTMAX + claim) in ("undecided", "unreadable")


@pytest.mark.parametrize("terms", [r"W h_{j-1} + U x_j + b", r"U x_j + W h_{j-1} + b"])
def test_an_argument_is_named_further_down_by_another_letter(terms: str) -> None:
    slope = r"$$\frac{\partial h_j}{\partial h_{j-1}} = \mathrm{diag}(1 - \tanh^2(z_j)) %s$$"
    where = f"\n\nwhere $z_j = {terms}$."
    found = verdicts(SOFTMAX + slope % "W" + where)
    assert found[-2] == "right"
    assert verdicts(SOFTMAX + slope % "U" + where)[-2] != "right"


WALK = (
    r"- $z_1 = w h_0 + u x_1$, $h_1 = \tanh(z_1)$" "\n"
    r"- $z_2 = w h_1 + u x_2$, $h_2 = \tanh(z_2)$" "\n"
    r"- $y_2 = v h_2$" "\n"
    r"- $L = \frac{1}{2}(y_2 - y_2^*)^2$" "\n\n"
)
BACK = (
    r"- $\partial L/\partial y_2 = y_2 - y_2^* =: dy$" "\n"
    r"- $\partial L/\partial z_2 = v\, dy \cdot (1 - h_2^2) =: dz_2$" "\n"
    r"- $\partial L/\partial z_1 = w\, dz_2 \cdot (1 - h_1^2) =: dz_1$" "\n\n"
    r"$$\frac{\partial L}{\partial w} = dz_2 \cdot %s + dz_1 \cdot h_0$$" "\n\n"
    r"$$= v\, dy (1 - h_2^2) %s + w v\, dy (1 - h_2^2)(1 - h_1^2) h_0$$"
)
VECTORS = (
    "## Vectors\n\n"
    r"$$z_t = W h_{t-1} + U x_t + b, \quad h_t = \tanh(z_t), \quad y_t = V h_t + c$$" "\n\n"
    r"$$L = \sum_t L_t$$" "\n\n## An exercise\n\n"
)


@pytest.mark.parametrize("before", ["", VECTORS])
def test_a_walk_through_two_steps_with_marks_of_its_own(before: str) -> None:
    found = verdicts(before + WALK + BACK % ("h_1", "h_1"))
    assert found[-5:] == ["right"] * 5
    found = verdicts(before + WALK + BACK % ("h_2", "h_1"))
    assert found[-2] in ("wrong", "undecided") and found[-1] == "right"
    found = verdicts(before + WALK + BACK % ("h_1", "h_0"))
    assert found[-2:] == ["right", "wrong"]


def test_the_network_of_a_section_leaves_that_of_another_in_force() -> None:
    page = VECTORS + WALK + "## Again vectors\n\n"
    page += r"$$\frac{\partial h_t}{\partial h_{t-1}} = %s$$"
    assert last(page % r"\mathrm{diag}(1 - h_t^2) W") == "right"
    assert last(page % r"\mathrm{diag}(1 - h_t^2) W^\top") != "right"


def test_bold_and_plain_with_the_same_equation_are_one() -> None:
    page = (
        r"$$\mathbf{h}_t = f(\mathbf{W} \mathbf{h}_{t-1} + \mathbf{U} \mathbf{x}_t)$$" "\n\n"
        r"$$\mathbf{y}_t = \mathbf{V} \mathbf{h}_t$$" "\n\n"
        r"$$h_t = f(W h_{t-1} + U x_t)$$" "\n\n"
        r"$$\frac{\partial L}{\partial V} = \sum_t \frac{\partial L}{\partial y_t} %s^\top$$"
    )
    assert last(page % "h_t") == "right"
    assert last(page % "h_{t-1}") == "wrong"


JACOBIAN = CELL + (
    r"$$J_t := \frac{\partial h_t}{\partial h_{t-1}} = \mathrm{diag}(1 - h_t^2) W$$" "\n\n"
)


@pytest.mark.parametrize(
    ("claim", "expected"),
    [
        (r"J_t^\top = W^\top \mathrm{diag}(1 - h_t^2)", "right"),
        (r"J_t^\top = \mathrm{diag}(1 - h_t^2) W^\top", "wrong"),
        (
            r"\frac{\partial L_t}{\partial W} = \sum_{k=1}^t \left(\prod_{j=k+1}^t J_j^\top\right)"
            r"\frac{\partial L_t}{\partial h_t}\frac{\partial h_k}{\partial W}",
            "right",
        ),
        (
            r"\frac{\partial L_t}{\partial W} = \sum_{k=1}^t \left(\prod_{j=k}^t J_j^\top\right)"
            r"\frac{\partial L_t}{\partial h_t}\frac{\partial h_k}{\partial W}",
            "wrong",
        ),
    ],
)
def test_the_transpose_of_a_named_jacobian(claim: str, expected: str) -> None:
    assert last(f"{JACOBIAN}$${claim}$$") == expected


def test_a_label_is_no_mention_of_the_state() -> None:
    page = (
        r"$$h_t = \tanh(W_{hh} h_{t-1} + W_{xh} x_t + b_h)$$" "\n\n"
        r"$$y_t = W_{hy} h_t + b_y$$" "\n\nIn short,\n\n"
        r"$$h_t = \tanh(W_{hh} h_{t-1} + W_{xh} x_t)$$" "\n\n"
        r"$$\frac{\partial y_t}{\partial h_t} = %s$$"
    )
    assert last(page % "W_{hy}") == "right"
    assert last(page % r"W_{hy}^\top \mathrm{diag}(1 - h_t^2)") != "right"


SQUARED = CELL + r"$$y_t = V h_t + c, \qquad L = \sum_t \frac12 \|y_t - d_t\|^2$$" "\n\n"


@pytest.mark.parametrize(
    ("update", "expected"),
    [
        (r"-\eta \sum_{t=1}^T (y_t - d_t) h_t^\top", "right"),
        (r"-\eta \sum_{t=1}^T (d_t - y_t) h_t^\top", "wrong"),
        (r"-\alpha \sum_{t=1}^T (y_t - d_t) h_{t-1}^\top", "wrong"),
        (r"-\eta \frac{\partial L}{\partial V}", "not_a_claim"),
        (r"\eta \sum_{t=1}^T (d_t - y_t) h_t^\top", "not_a_claim"),
        (r"-\frac{\eta}{T} \sum_{t=1}^T (y_t - d_t) h_t^\top", "not_a_claim"),
    ],
)
def test_what_stands_behind_a_rate_is_the_gradient(update: str, expected: str) -> None:
    assert last(SQUARED + rf"$$\Delta V = {update}$$") == expected


@pytest.mark.parametrize(
    ("claim", "expected"),
    [
        (r"\frac{dz}{dx} = \frac{dz}{dy} \cdot \frac{dy}{dx}", "right"),
        (r"\frac{dz}{ds} = \frac{\partial z}{\partial x}\frac{dx}{ds}"
         r" + \frac{\partial z}{\partial y}\frac{dy}{ds}", "right"),
        (r"\frac{dz}{dx} = \frac{dz}{dy} \cdot \frac{dx}{dy}", "undecided"),
        (r"\frac{dz}{dx} = \frac{dy}{dz} \cdot \frac{dy}{dx}", "undecided"),
        (r"\frac{dz}{ds} = \frac{\partial z}{\partial x}\frac{dx}{ds}"
         r" + \frac{\partial z}{\partial x}\frac{dx}{ds}", "undecided"),
        (r"\frac{\partial L}{\partial W} = \frac{\partial L}{\partial v}"
         r"\frac{\partial v}{\partial W}", "undecided"),
    ],
)  # fmt: skip
def test_the_chain_rule_of_any_functions(claim: str, expected: str) -> None:
    assert last(f"$${claim}$$\n") == expected
    assert verdicts(f"$${claim}$$\n\n{CELL}")[0] == expected


@pytest.mark.parametrize(
    "arguments",
    [
        r"(\{x_1, \ldots, x_T\}, \{y_1, \ldots, y_T\})",
        r"\left(\left\{x^{(1)}, ..., x^{(T)}\right\}, \left\{y^{(1)}, ..., y^{(T)}\right\}\right)",
        r"(x_1, \dots, x_T, y_1, \dots, y_T)",
    ],
)
def test_a_loss_of_everything_that_was_put_in(arguments: str) -> None:
    page = CELL + r"$$o_t = V h_t, \quad \hat y_t = \mathrm{softmax}(o_t)$$" "\n\n"
    page += rf"$$L{arguments} = \sum_t L_t, \quad L_t = -y_t^\top \log \hat y_t$$" "\n\n"
    claim = r"$$\frac{\partial L}{\partial V} = \sum_t (\hat y_t - y_t) %s^\top$$"
    assert last(page + claim % "h_t") == "right"
    assert last(page + claim % "x_t") == "wrong"


def test_an_orthogonal_weight_is_a_condition() -> None:
    assert last(CELL + r"$$W^\top W = I$$") == "not_a_claim"


SQUASHED = r"Consider $h_t = \sigma(w h_{t-1} + u x_t)$ with numbers $w$ and $u$." "\n\n"


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (r"If $|w| < 4$ the derivative tends to 0:", ("right", "undecided")),
        (r"If $|w| < 5$ the derivative tends to 0:", ("wrong",)),
        (r"The derivative tends to 0:", ("wrong",)),
    ],
)
def test_a_limit_of_which_the_text_gives_the_condition(
    said: str, expected: tuple[str, ...]
) -> None:
    limit = r"$$\lim_{T \to \infty} \frac{d h_T}{d h_t} = 0$$"
    assert last(f"{SQUASHED}{said}\n\n{limit}") in expected


def test_a_bound_of_a_matrix_that_an_equation_gives() -> None:
    named = CELL + r"$$J_t = \mathrm{diag}(1 - h_t^2) W$$" "\n\n"
    assert last(named + r"$$\|J_t\| \le \|W\|$$") == "right"
    assert last(named + r"$$\|J_t\| \le \frac12 \|W\|$$") == "wrong"


def test_a_row_of_ones_adds_the_examples() -> None:
    page = (
        r"$$H_t = \tanh(X_t W_x + H_{t-1} W_h + b), \quad O_t = H_t W_q + c$$" "\n\n"
        r"$$\frac{\partial L}{\partial W_q} = \sum_t H_t^\top \frac{\partial L}{\partial O_t}$$"
        "\n\n"
        r"$$\frac{\partial L}{\partial b} = \sum_t \mathbf{1}^\top"
        r" \left(\frac{\partial L}{\partial H_t} %s (1 - H_t^2)\right)$$"
    )
    assert last(page % r"\odot") == "right"
    assert last(page % r"\odot H_t \odot") != "right"


@pytest.mark.parametrize("ahead", ["", "+1"])
@pytest.mark.parametrize(
    ("letter", "by", "expected"), [("f", "h_{t}", "right"), ("F", "h_{t}", "right"),
                                   ("F", "x_t", "wrong")]
)  # fmt: skip
def test_the_map_of_a_step_is_differentiated(
    ahead: str, letter: str, by: str, expected: str
) -> None:
    at, before = (r"t+1", "t") if ahead else ("t", "t-1")
    by = by.replace("{t}", f"{{{before}}}")
    page = (
        rf"$$h_{{{at}}} = {letter}(h_{{{before}}}, x_t; \theta)$$" "\n\n"
        rf"$$\frac{{d h_{{{at}}}}}{{d\theta}} = \frac{{\partial {letter}}}{{\partial\theta}}"
        rf" + \frac{{\partial {letter}}}{{\partial {by}}} \frac{{d h_{{{before}}}}}{{d\theta}}$$"
    )
    assert last(page) == expected or (expected == "wrong" and last(page) != "right")


INDEXED = (
    r"$$h_i^t = \tanh(a_i^t), \quad a_i^t = \sum_j W_{ij} h_j^{t-1} + \sum_k U_{ik} x_k^t,"
    r" \quad o_m^t = \sum_i V_{mi} h_i^t$$" "\n\n"
    r"$$p_m^t = e^{o_m^t} / \sum_n e^{o_n^t}, \quad L = -\sum_t \sum_m y_m^t \log p_m^t$$" "\n\n"
)


@pytest.mark.parametrize(
    ("claim", "expected"),
    [
        (r"\frac{\partial L}{\partial o_m^t} = p_m^t - y_m^t", "right"),
        (r"\frac{\partial L}{\partial V_{mi}} = \sum_t (p_m^t - y_m^t) h_i^t", "right"),
        (r"\frac{\partial L}{\partial V_{mi}} = \sum_t (p_m^t - y_m^t) h_i^{t-1}", "wrong"),
    ],
)
def test_equations_of_units_each_with_its_letter(claim: str, expected: str) -> None:
    assert last(f"{INDEXED}$${claim}$$") == expected


def test_a_scalar_case_beside_singular_values_is_one_case() -> None:
    page = (
        CELL + r"Let $\lambda_1$ be the largest singular value of $W$." "\n\n"
        r"$$\left\| \frac{\partial h_T}{\partial h_t} \right\| \le \prod_{k=t+1}^T"
        r" \|\mathrm{diag}(1 - h_k^2)\| \|W\| \le \lambda_1^{%s}$$" "\n\n"
        r"In the scalar case $h_t = \tanh(w h_{t-1})$ it is $\prod_t w (1 - h_t^2)$."
    )
    assert verdicts(page % "T-t")[1] == "right"
    assert verdicts(page % "T-t+1")[1] != "right"


@pytest.mark.parametrize("space", [r"\,", r"\;", r"\ ", ""])
def test_a_space_before_a_factor_parts_nothing(space: str) -> None:
    claim = rf"\frac{{\partial h_t}}{{\partial h_{{t-1}}}} = \mathrm{{diag}}(1 - h_t^2) {space} %s"
    assert last(f"{CELL}$${claim % 'W'} \\in \\mathbb R^{{n \\times n}}$$") == "right"
    assert last(f"{CELL}$${claim % 'U'} \\in \\mathbb R^{{n \\times n}}$$") != "right"


def test_the_greatest_slope_gets_its_letter() -> None:
    named = CELL + r"$$\left\|\frac{\partial h_t}{\partial h_k}\right\| \le (\gamma \|W\|)^{%s}$$"
    where = "\n\n" r"where $\gamma = \max_z |1 - \tanh^2(z)| \le 1$"
    found = verdicts(named % "t-k" + where)
    assert found[-2:] == ["right", "not_a_claim"]
    assert verdicts(named % "t-k-1" + where)[-2] != "right"


NUMBERS = [r"\ (2)", r"\ \, (2)", ", (2.1)", r"\ (3a)", "~(4)", r"\quad (5)"]


@pytest.mark.parametrize("number", NUMBERS)
def test_the_number_of_an_equation_is_no_factor(number: str) -> None:
    jacobian = r"\frac{\partial h_t}{\partial h_{t-1}} = \mathrm{diag}(1 - h_t^2) W"
    assert last(f"{CELL}$${jacobian}{number}$$") == "right"
    rows = rf"{jacobian}{number} \\ \frac{{\partial h_t}}{{\partial x_t}} = 2 \cdot (3) U"
    assert verdicts(f"{CELL}$$\\begin{{gathered}} {rows} \\end{{gathered}}$$")[-2:] == [
        "right", "wrong",
    ]  # fmt: skip


LINES = r"""
h_1 = \tanh(W h_0 + U x_1 + b)
h_2 = \tanh(W h_1 + U x_2 + b)
\vdots
h_T = \tanh(W h_{T-1} + U x_T + b)
"""


def test_a_block_of_lines_has_rows() -> None:
    slope = r"$$\frac{\partial h_t}{\partial h_{t-1}} = \mathrm{diag}(1 - h_t^2) %s$$"
    block = f"```math{LINES}```\n\n"
    assert last(block + slope % "W") == "right"
    assert last(block + slope % "U") != "right"
    lines = "\n\n$$\n" + "\n".join(slope.strip("$") % w for w in ("W", r"W^\top")) + "\n$$"
    assert verdicts(CELL + lines)[-2:] == ["right", "wrong"]


def test_a_line_that_goes_on_is_no_row() -> None:
    for gap in ("\n= ", " =\n", " = \\mathrm{diag}(1 - h_t^2)\n"):
        slope = "" if "diag" in gap else r"\mathrm{diag}(1 - h_t^2)"
        claim = rf"\frac{{\partial h_t}}{{\partial h_{{t-1}}}}{gap}{slope} W"
        assert last(f"{CELL}$$\n{claim}\n$$") == "right"


STEPS = (
    r"$$s_t = \tanh(W s_{t-1} + U x_t), \quad o_t = V s_t, \quad \hat y_t = \mathrm{softmax}(o_t)$$"
    "\n\n" r"$$E_t = -y_t^\top \log \hat y_t, \quad E = \sum_t E_t$$" "\n\n"
)


@pytest.mark.parametrize(
    ("claim", "expected"),
    [
        (r"\frac{\partial E_t}{\partial W} = \sum_{k=1}^t \frac{\partial E_t}{\partial \hat y_t}"
         r"\frac{\partial \hat y_t}{\partial s_t}\frac{\partial s_t}{\partial s_k}"
         r"\frac{\partial s_k}{\partial W}", "right"),
        (r"\frac{\partial E_t}{\partial W} = \sum_{k=1}^t \frac{\partial E_k}{\partial \hat y_t}"
         r"\frac{\partial \hat y_t}{\partial s_t}\frac{\partial s_t}{\partial s_k}"
         r"\frac{\partial s_k}{\partial W}", "undecided"),
        (r"\frac{\partial E}{\partial \hat y_t} = \sum_{k=1}^T"
         r"\frac{\partial E_k}{\partial \hat y_t}", "right"),
        (r"\frac{\partial E}{\partial o_t} = \sum_{k=1}^T \frac{\partial E_k}{\partial \hat y_k}"
         r"\frac{\partial \hat y_k}{\partial o_t}", "right"),
        (r"\frac{\partial E}{\partial s_t} = \sum_{k=t}^T \frac{\partial E_k}{\partial s_k}"
         r"\frac{\partial s_k}{\partial s_t}", "right"),
    ],
)  # fmt: skip
def test_a_sum_of_which_one_term_is_left_was_meant_otherwise(claim: str, expected: str) -> None:
    assert last(f"{STEPS}$${claim}$$") == expected
