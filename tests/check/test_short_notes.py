r"""What short notes leave to the reader: the function of a loss, which of two cells is meant, σ."""

from __future__ import annotations

import pytest

from tests.check.audited import judged, verdicts

OUTPUT = r"$$h_t = \tanh(W x_t + U h_{t-1} + b)$$" "\n\n" r"$$o_t = V h_t + c$$" "\n\n"
LOSSES = (
    r"L = \sum_{t=1}^T \ell(o_t, y_t)",
    r"L = \sum_{t=1}^T L_t = \sum_{t=1}^T \mathrm{Loss}(o_t, y_t)",
    r"L_t = \ell(o_t, y_t), \quad L = \sum_{t=1}^T L_t",
    r"\mathcal{L}_t = \ell(o_t, y_t), \quad L = \sum_{t=1}^T \mathcal{L}_t",
)


@pytest.mark.parametrize("loss", LOSSES)
def test_a_loss_of_output_and_target_may_be_half_the_squared_error(loss: str) -> None:
    claim = r"\frac{\partial L}{\partial V} = \sum_{t=1}^T (o_t - y_t) %s^\top"
    before = f"{OUTPUT}$${loss}$$\n\n"
    right, wrong = (judged(f"{before}$${claim % h}$$")[-1] for h in ("h_t", "h_{t-1}"))
    assert right.verdict.verdict == "right_under_reading"
    assert "the loss is half the squared error" in right.verdict.assumptions
    assert not wrong.verdict.is_right


PLAIN = r"$$h_t = \tanh(W_{hh} h_{t-1} + W_{xh} x_t + b_h)$$" "\n\n"
GRU = (
    "## GRU\n\n" r"- $z_t = \sigma(W_z [h_{t-1}, x_t])$" "\n"
    r"- $r_t = \sigma(W_r [h_{t-1}, x_t])$" "\n"
    r"- $h_t = (1-z_t) \odot h_{t-1} + z_t \odot \tanh(W_h [r_t \odot h_{t-1}, x_t])$" "\n\n"
    "## Gradients\n\n"
)


@pytest.mark.parametrize(("factor", "expected"), [("h_t", "right"), ("h_{t-1}", "wrong")])
def test_a_weight_of_the_cell_before_is_of_that_cell(factor: str, expected: str) -> None:
    jacobian = rf"\mathrm{{diag}}(1 - {factor}^2) W_{{hh}}"
    claim = rf"$$\frac{{\partial h_t}}{{\partial h_{{t-1}}}} = {jacobian}$$"
    found = judged(PLAIN + GRU + claim)[-1]
    assert found.verdict.verdict.replace("_under_reading", "") == expected
    assert not any("stands for" in s for s in (*found.verdict.assumptions, *found.verdict.readings))


SIGMA = (
    r"$$h_t = \sigma(W h_{t-1} + V x_t)$$" "\n\n"
    r"We get $\frac{\partial h_t}{\partial h_{t-1}} = %s W$." "\n\n%s"
)


@pytest.mark.parametrize(
    ("slope", "said", "expected"),
    [
        (r"\sigma'(W h_{t-1} + V x_t)", r"Here $\sigma(x) = \tanh(x)$.", "right"),
        (r"\mathrm{diag}(1 - h_t^2)", r"Here $\sigma(x) = \tanh(x)$.", "right"),
        (r"\mathrm{diag}(h_t (1 - h_t))", r"Here $\sigma(x) = \tanh(x)$.", "wrong"),
        (r"\sigma'(W h_{t-1} + V x_t)", "", "right"),
        (r"\mathrm{diag}(h_t (1 - h_t))", "", "right"),
        (r"\mathrm{diag}(1 - h_t^2)", "", "wrong"),
    ],
)
def test_what_is_said_of_sigma_holds_of_its_values(slope: str, said: str, expected: str) -> None:
    found = verdicts(SIGMA % (slope, said))
    assert found[1] == expected


PASCANU = (
    r"$$\mathbf{x}_t = \mathbf{W} \sigma(\mathbf{x}_{t-1}) + \mathbf{b}$$" "\n\n"
    r"Here $\frac{\partial^+ \mathbf{x}_k}{\partial \theta}$ is the immediate derivative: treat"
    r" $\mathbf{x}_{k-1}$ as a constant. The other factor is" "\n\n"
    r"$$\frac{\partial \mathbf{x}_t}{\partial \mathbf{x}_{t-1}} = %s$$"
)


def test_what_an_immediate_derivative_holds_fixed_concerns_nothing_else() -> None:
    slope = r"\mathrm{diag}(\sigma'(\mathbf{x}_{t-1}))"
    assert verdicts(PASCANU % rf"\mathbf{{W}} {slope}")[-1] == "right"
    assert verdicts(PASCANU % rf"\mathbf{{W}}^T {slope}")[-1] == "wrong"
    total = PASCANU[: PASCANU.index("Here")] + "Treat" + PASCANU.split("treat")[1]
    assert verdicts(total % rf"\mathbf{{W}}^T {slope}")[-1] == "undecided"


RUN = r"$a_t = U x_t + W s_{t-1}$, $s_t = \tanh(a_t)$, $L = \sum_t L_t(s_t)$." "\n\n"
BY_U, OF_S = r"\frac{\partial L}{\partial U}", r"\frac{\partial s_t}{\partial U}"
SHARE = r"\frac{\partial L}{\partial a_t} %s^T"
THROUGH = r"\frac{\partial s_t}{\partial s_{t-1}} \frac{\partial s_{%s}}{\partial U}"


@pytest.mark.parametrize(
    ("claim", "expected"),
    [
        # The total derivative of a state, and the immediate one, by one sign.
        (f"{OF_S} = {OF_S} + {THROUGH % 't-1'}", "right"),
        (f"{OF_S} = {OF_S} + {THROUGH % 't-2'}", "wrong"),
        (rf"{OF_S} = {OF_S} + \frac{{\partial s_{{t-1}}}}{{\partial U}}", "wrong"),
        # The share of a step is added to those of the steps before.
        (f"{BY_U} = {BY_U} + {SHARE % 'x_t'}", "right"),
        (rf"{BY_U} \leftarrow {BY_U} + {SHARE % 'x_t'}", "right"),
        (f"{BY_U} = {BY_U} + {SHARE % 'x_{t-1}'}", "wrong"),
        (rf"{BY_U} \leftarrow {BY_U} + {SHARE % 'x_{t-1}'}", "wrong"),
        # An update is no claim, and nothing can be said of twice the whole.
        (rf"U \leftarrow U - \eta {BY_U}", "not_a_claim"),
        (rf"{BY_U} = {BY_U} + \sum_t {SHARE % 'x_t'}", "undecided"),
    ],
)
def test_what_is_added_to_a_gradient_and_to_an_immediate_one(claim: str, expected: str) -> None:
    assert verdicts(f"{RUN}$${claim}$$")[-1] == expected


CASES = (
    "$$s_t = f(U x_t + W s_{t-1}), \\quad o_t = g(V s_t)$$\n\n%s\n\n"
    r"$$\frac{\partial L}{\partial U} = \frac{\partial L_T}{\partial U}$$" "\n\n%s\n\n"
    r"$$\frac{\partial L}{\partial U} = \sum_{t=1}^T \frac{\partial L_t}{\partial U}$$"
)  # fmt: skip


def test_two_cases_in_words_are_no_contradiction() -> None:
    said = CASES % ("With a loss at the last step only:", "With a loss at every step:")
    assert verdicts(said)[-2:] == ["right", "right"]
    assert verdicts(CASES % ("First:", "Then:"))[-2:] == ["undecided", "undecided"]


def test_the_sign_of_an_outer_product_before_a_row_is_that_of_a_product() -> None:
    text = RUN + "The outer product of the two is\n\n" + rf"$${BY_U} = \sum_t %s \otimes %s^T$$"
    slope = r"\frac{\partial L}{\partial a_t}"
    assert verdicts(text % (slope, "x_t"))[-1] == "right"
    assert verdicts(text % (slope, "x_{t-1}"))[-1] == "wrong"


def test_a_remark_in_brackets_at_the_end_of_a_row_is_no_factor() -> None:
    rows = (
        r"$$\begin{aligned} \frac{\partial s_t}{\partial a_t} &= \mathrm{diag}(1 - %s^2)"
        r" \quad (\text{need } s_t, x_t) \\ \frac{\partial a_t}{\partial s_{t-1}} &= W"
        r" \quad (\text{need nothing}) \end{aligned}$$"
    )
    assert verdicts(RUN + rows % "s_t")[-2:] == ["right", "right"]
    assert verdicts(RUN + rows % "x_t")[-2:] == ["wrong", "right"]


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        (r"\sigma(\vec{z})_i = \frac{e^{z_i}}{\displaystyle\sum_{j=1}^K e^{z_j}}", "not_a_claim"),
        (r"\mathrm{softmax}(z)_i = \frac{\exp(z_i)}{\sum_{j} \exp(z_j)}", "right"),
        (r"softmax(z)_j = \frac{e^{z_j}}{\sum^n_{k=1} e^{z_k}}", "right"),
        (r"softmax(z)_i = \frac{e^{z_j}}{\sum_{j=1}^K e^{z_j}}", "undecided"),
    ],
)
def test_a_softmax_by_its_entries(formula: str, expected: str) -> None:
    assert verdicts(f"$${formula}$$\n\n" + RUN)[0] == expected


@pytest.mark.parametrize(
    ("output", "loss"),
    [
        (r"\mathrm{softmax}(V h_t + c)", r"-\sum_i y_{t,i} \log \hat y_{t,i}"),
        (r"\sigma(V h_t + c)", r"-y_t^\top \log \hat y_t - (1 - y_t)^\top \log(1 - \hat y_t)"),
    ],
)
def test_the_gradient_by_an_argument_without_a_name_stands_for_that_by_the_output(
    output: str, loss: str
) -> None:
    text = (
        r"$$h_t = \tanh(W x_t + U h_{t-1} + b)$$" "\n\n" rf"$$\hat y_t = {output}$$" "\n\n"
        rf"$$C_t = {loss}$$" "\n\n" r"$$\frac{\partial C_t}{\partial \hat y_t} = \hat y_t - y_t$$"
    )
    found = judged(text)[-1].verdict
    assert found.verdict == "wrong"
    assert found.diagnosis is not None and found.diagnosis.code == "BP007"
    by_state = text.replace(r"\partial \hat y_t} = ", r"\partial h_t} = V^\top (") + "@"
    assert judged(by_state.replace("$$@", ")$$"))[-1].verdict.is_right


@pytest.mark.parametrize(
    ("claim", "idle"),
    [
        (r"\frac{\partial L}{\partial V} = \sum_t \frac{\partial L}{\partial o_t} h_t", "V"),
        (r"\frac{\partial L}{\partial o_t} = V \frac{\partial L}{\partial o_{t+1}} W", "o"),
    ],
)
def test_what_is_0_on_both_sides_for_one_unit_shows_nothing(claim: str, idle: str) -> None:
    text = r"$h_t = \tanh(W h_{t-1} + U x_t)$, $o_t = V h_t$, $L = \sum_t \ell(h_t)$." "\n\n"
    found = judged(f"{text}$${claim}$$")[-1].verdict
    assert found.verdict == "undecided"
    assert found.note == f"no definition uses {idle}: what depends on it?"
