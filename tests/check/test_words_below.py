r"""Words in the scripts of names: predictions and targets, marks of code, means over a batch."""

from __future__ import annotations

import pytest

from tests.check.audited import judged, last, verdicts

STATE = r"$$h_t = \tanh(W h_{t-1} + U x_t + b)$$" "\n\n"
ROWS = (
    r"$$h_t = \tanh(x_t U + h_{t-1} W + b)$$" "\n\n" r"$$%s = h_T V + c$$" "\n\n"
    r"$$L = \frac{1}{2N} \sum_{i=1}^{N} \| %s^{(i)} - %s^{(i)} \|^2$$" "\n\n"
)  # fmt: skip
ERROR = r"$$\frac{\partial L}{\partial %s} = \frac{1}{N} (%s - %s)$$" "\n\n"


@pytest.mark.parametrize(
    ("output", "target"),
    [
        ("y_{pred}", "y_{true}"),
        (r"y_{\text{pred}}", r"y_{\text{target}}"),
        (r"\hat{y}", "y_{true}"),
        ("y^{pred}", "y^{true}"),
    ],
)
def test_words_tell_the_prediction_and_the_target(output: str, target: str) -> None:
    text = ROWS % (output, output, target) + ERROR % (output, output, target)
    gradient = rf"\frac{{\partial L}}{{\partial {output}}}$$"
    weights = r"$$\frac{\partial L}{\partial V} = h_T^T " + gradient
    bias = r"$$\frac{\partial L}{\partial c} = \sum " + gradient
    found = judged(f"{text}{weights}\n\n{bias}")
    assert [j.verdict.is_right for j in found[-3:]] == [True] * 3
    assert "batch" in " ".join((*found[-1].verdict.readings, *found[-1].verdict.assumptions))
    assert last(text + weights.replace("h_T^T", "h_{T-1}^T")) == "wrong"
    assert last(text + bias.replace(r"\sum", "2")) == "wrong"
    turned = ERROR % (output, target, output)
    assert last(ROWS % (output, output, target) + turned) == "wrong"


def test_letters_that_the_text_has_are_not_mixed_up_with_words() -> None:
    # y is the output here, and the word tells its target.
    text = STATE + r"$$y_t = V h_t + c, \quad L = \frac12 \sum_t \|y_t - y_{true,t}\|^2$$" "\n\n"
    claim = r"$$\frac{\partial L}{\partial c} = \sum_t (y_t - y_{true,t})$$"
    assert last(text + claim) == "right"
    assert last(text + claim.replace(" - ", " + ")) == "wrong"


LOGITS = (
    STATE + r"$$y_{logits, t} = V h_t + c$$" "\n\n"
    r"$$\hat{y}_t = \text{Softmax}(y_{logits, t}) = \frac{e^{y_{logits, t}}}"
    r"{\sum_{j=1}^{K} e^{y_{logits, t, j}}}$$" "\n\n"
    r"$$L_t = -\sum_{i=1}^{K} y_{true, t, i} \log(\hat{y}_{t, i})$$" "\n\n"
)  # fmt: skip


@pytest.mark.parametrize(
    ("claim", "expected"),
    [
        (r"\frac{\partial L_t}{\partial y_{logits, t}} = \hat{y}_t - y_{true, t}", "right"),
        (r"\frac{\partial L_t}{\partial y_{logits, t}} = y_{true, t} - \hat{y}_t", "wrong"),
        (r"\frac{\partial L_t}{\partial V} = (\hat{y}_t - y_{true, t}) h_t^T", "right"),
        (r"\frac{\partial L_t}{\partial V} = (\hat{y}_t - y_{true, t}) h_{t-1}^T", "wrong"),
    ],
)
def test_a_word_and_a_step_in_one_script_are_a_name_that_runs(claim: str, expected: str) -> None:
    assert last(LOGITS + f"$${claim}$$") == expected


MEAN = LOGITS + r"$$L = \frac{1}{T} \sum_{t=1}^{T} L_t$$" "\n\n"
MEAN += r"$$\delta_{y,t} = \hat{y}_t - y_{true,t}$$"


def test_marks_are_of_the_sum_where_only_the_mean_has_a_name() -> None:
    claims = [
        r"\frac{\partial L_t}{\partial c} = \delta_{y,t}",
        r"dh_t = V^T \delta_{y,t} + W^T (dh_{t+1} \odot (1 - h_{t+1}^2))",
    ]
    text = MEAN + "".join(f"\n\n$${c}$$" for c in claims)
    assert verdicts(text)[-2:] == ["right"] * 2
    assert "wrong" not in verdicts(text)
    assert last(MEAN + f"\n\n$${claims[1].replace('W^T', 'W')}$$") != "right"
    assert last(MEAN + f"\n\n$${claims[0].replace('= ', '= 2 ')}$$") != "right"
    # What stands with the 1/T is of the mean.
    mean = r"$$\frac{\partial L}{\partial c} = \frac{1}{T} \sum_t (\hat{y}_t - y_{true,t})$$"
    assert last(MEAN + "\n\n" + mean) == "right"
    assert last(MEAN + "\n\n" + mean.replace(r"\frac{1}{T} ", "")) == "wrong"


MARKS = STATE + r"$$\hat{y}_t = V h_t + c, \quad L = \frac12 \sum_t \|\hat{y}_t - y_t\|^2$$" "\n\n"


@pytest.mark.parametrize("word", ["raw", "pre", r"\text{act}"])
@pytest.mark.parametrize(
    ("claim", "expected"),
    [
        ("dU += {} x_t^T", "right"), ("dU += {} x_{t-1}^T", "wrong"),
        ("db += {}", "right"), ("dh_{t-1} = W^T {}", "right"), ("dh_{t-1} = W {}", "wrong"),
    ],
)  # fmt: skip
def test_a_mark_with_a_word_below_is_what_its_line_gives(
    word: str, claim: str, expected: str
) -> None:
    mark = f"dh_{{{word}}}"
    given = rf"$${mark} = dh_t \odot (1 - h_t^2)$$" "\n\n"
    found = last(MARKS + given + f"$${claim.replace('{}', mark)}$$")
    assert found == expected or (expected == "wrong" and found == "undecided")


def test_an_argument_that_is_named_below_the_equation_is_one() -> None:
    named = r"The slope is known (as $h_t = \tanh(h_{raw})$):" "\n\n"
    given = r"$$dh_{raw} = dh_t \odot (%s)$$" "\n\n" r"$$dW = \sum_t dh_{raw} h_{t-1}^T$$"
    assert verdicts(MARKS + named + given % "1 - h_t^2")[-2:] == ["right", "right"]
    assert verdicts(MARKS + named + given % "1 - h_t")[-2] == "wrong"


@pytest.mark.parametrize("word", ["carry", r"\text{delta}", "next"])
def test_what_is_added_at_the_end_comes_from_the_step_after(word: str) -> None:
    text = MARKS + r"$$dh_t = V^T (\hat{y}_t - y_t) + dh_{%s}$$" "\n\n" r"$$dh_{%s} = %s$$"
    assert last(text % (word, word, r"W^T (dh_t \odot (1 - h_t^2))")) == "right"
    assert last(text % (word, word, r"W (dh_t \odot (1 - h_t^2))")) != "right"
    assert last(text % (word, word, r"W^T (dh_t \odot (1 - h_t))")) != "right"


def test_a_delta_of_a_step_is_no_entry_of_a_softmax() -> None:
    text = LOGITS + r"$$\delta_{y,t} = \hat{y}_t - y_{true,t}$$" "\n\n"
    assert last(text + r"$$\frac{\partial L_t}{\partial c_y} = \delta_{y,t}$$") != "wrong"


OPEN = r"$$h_t = \phi(W h_{t-1} + U x_t + b)$$" "\n\n"
SLOPE = r"$$\frac{\partial h_t}{\partial h_{t-1}} = \mathrm{diag}(%s) W$$"


def test_an_open_function_is_the_one_that_another_line_has() -> None:
    named = r"In practice $h_t = \tanh(W h_{t-1} + U x_t + b)$ is used." "\n\n"
    for text in (OPEN + named, named + OPEN):
        assert last(text + SLOPE % r"\phi'(W h_{t-1} + U x_t + b)") == "right"
        assert last(text + SLOPE % "1 - h_t^2") == "right"
        assert last(text + SLOPE % "h_t (1 - h_t)") != "right"
    # Of two functions neither is meant.
    either = named + r"or $h_t = \sigma(W h_{t-1} + U x_t + b)$." "\n\n"
    assert last(OPEN + either + SLOPE % "1 - h_t") != "right"


@pytest.mark.parametrize("output", ["", r"$$\hat y_t = \mathrm{softmax}(V h_t)$$" "\n\n"])
def test_the_softmax_of_the_output_has_no_part_in_bounds_of_the_states(output: str) -> None:
    network = OPEN.replace(r"\phi", r"\tanh") + output
    bound = r"$$\left\| \frac{\partial h_t}{\partial h_k} \right\| \le (\gamma_h \gamma_w)^{%s}$$"
    said = r"where $\gamma_h = \|\mathrm{diag}(\tanh')\|$ and $\gamma_w = \|W\|$."
    assert verdicts(network + bound % "t-k" + "\n\n" + said)[-3] == "right"
    assert verdicts(network + bound % "t-k+1" + "\n\n" + said)[-3] != "right"


def test_numbers_in_matrices_go_on_from_a_state() -> None:
    text = STATE + r"$$h_1 = \tanh(U x_1 + b)$$" "\n\n"
    numbers = r"$$= \tanh\left(\begin{bmatrix} 0.1 \\ 0.3 \end{bmatrix}\right) = %s$$"
    assert last(text + numbers % r"\begin{bmatrix} 0.1 \\ 0.29 \end{bmatrix}") == "not_a_claim"


@pytest.mark.parametrize(
    ("right", "expected"),
    [
        (r"\approx |\lambda|^{t-k}", "not_a_claim"),
        (r"= |\lambda|^{t-k}", "undecided"),
        (r"\approx |\lambda|^{t-k} + \lambda", "undecided"),
    ],
)
def test_an_approximation_by_the_power_of_an_unknown_name(right: str, expected: str) -> None:
    claim = r"$$\left\| \frac{\partial h_t}{\partial h_k} \right\| "
    assert last(STATE + claim + right + "$$") == expected


def test_a_network_by_entries_and_in_vectors_is_read_in_vectors() -> None:
    entries = (
        r"$$z_j^{(t)} = \sum_i U_{ji} x_i^{(t)} + \sum_i W_{ji} h_i^{(t-1)} + b_j$$" "\n\n"
        r"$$h_j^{(t)} = \tanh(z_j^{(t)})$$" "\n\n"
        r"$$o_j^{(t)} = \sum_i V_{ji} h_i^{(t)} + c_j$$" "\n\n"
        r"$$\hat{y}_j^{(t)} = \operatorname{softmax}(o_j^{(t)})$$" "\n\n"
    )
    vectors = (
        r"$$z^{(t)} = U x^{(t)} + W h^{(t-1)} + b$$" "\n\n" r"$$h^{(t)} = \tanh(z^{(t)})$$" "\n\n"
        r"$$o^{(t)} = V h^{(t)} + c$$" "\n\n"
        r"$$\hat{y}^{(t)} = \operatorname{softmax}(o^{(t)})$$" "\n\n"
        r"$$L^{(t)} = -y^{(t)} \log \hat{y}^{(t)}$$" "\n\n"
    )
    claim = r"$$\frac{\partial L^{(t)}}{\partial V} = (\hat{y}^{(t)} - y^{(t)}) (h^{(%s)})^{\top}$$"
    assert last(entries + vectors + claim % "t").startswith("right")
    assert last(entries + vectors + claim % "t-1") == "wrong"
