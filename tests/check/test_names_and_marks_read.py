r"""What was not read at all: steps behind brackets, labels in words, entries behind the step."""

from __future__ import annotations

import pytest

from tests.check.audited import judged, last, verdicts

NETWORK = r"$$h_t = \tanh(W h_{t-1} + U x_t + b)$$" "\n\n"
LOSS = r"$$L = \sum_t L_t$$" "\n\n"


def of(*claims: str, before: str = NETWORK) -> list[str]:
    """The verdicts of ``claims`` in one text."""
    return verdicts(before + "\n\n".join(f"$${c}$$" for c in claims))[-len(claims) :]


@pytest.mark.parametrize("step", ["^{(t)}", "_t", "_{(t)}"])
def test_a_step_behind_a_bracketed_gradient_tells_whose_share_it_is(step: str) -> None:
    share = rf"\left(\frac{{\partial L}}{{\partial W}}\right){step}"
    slope = r"\left(\frac{\partial L}{\partial h_t} \odot %s\right) %s^T"
    found = of(
        rf"\frac{{\partial L}}{{\partial W}} = \sum_t {share}",
        f"{share} = {slope % ('(1 - h_t^2)', 'h_{t-1}')}",
        f"{share} = {slope % ('(1 - h_t^2)', 'h_t')}",
        f"{share} = {slope % ('(1 + h_t^2)', 'h_{t-1}')}",
        rf"\frac{{\partial L}}{{\partial W}} = 2 \sum_t {share}",
        before=NETWORK + LOSS,
    )
    assert found == ["right", "right", "wrong", "wrong", "wrong"]


def test_a_power_of_a_jacobian_is_no_share() -> None:
    scalar = r"$$h_t = w h_{t-1} + u x_t$$" "\n\n"
    slope = r"\frac{\partial h_t}{\partial h_{t-1}}"
    found = of(
        rf"\frac{{\partial h_t}}{{\partial h_k}} = \left({slope}\right)^{{t-k}}",
        rf"\frac{{\partial h_t}}{{\partial h_k}} = \left({slope}\right)^{{t-k+1}}",
        before=scalar,
    )
    assert found == ["right", "wrong"]


def test_entries_stand_behind_the_step() -> None:
    network = r"$$z(t) = U x(t) + W s(t-1)$$" "\n\n" r"$$s(t) = \tanh(z(t))$$" "\n\n"
    left = r"\frac{\partial s(t)_m}{\partial z(t)_m} = 1"
    found = of(f"{left} - s(t)_m^2", f"{left} + s(t)_{{m}}^2", before=network)
    assert found == ["right", "wrong"]


def test_entries_stand_in_brackets_above_where_kroneckers_delta_has_them() -> None:
    network = NETWORK + r"$$o_t = V h_t, \quad \hat y_t = \mathrm{softmax}(o_t)$$" "\n\n"
    network += r"$$L_t = - \sum_k y_t^{(k)} \log \hat y_t^{(k)}$$" "\n\n"
    slope = r"\frac{\partial \hat{y}_t^{(j)}}{\partial o_t^{(k)}} = \hat{y}_t^{(j)}"
    loss = r"\frac{\partial L_t}{\partial o_t^{(k)}} = "
    found = of(
        rf"{slope} (\delta_{{jk}} - \hat{{y}}_t^{{(k)}})",
        rf"{loss} \hat{{y}}_t^{{(k)}} - y_t^{{(k)}}",
        rf"{loss} y_t^{{(k)}} - \hat{{y}}_t^{{(k)}}",
        rf"{slope} (\delta_{{jk}} + \hat{{y}}_t^{{(k)}})",
        before=network,
    )
    assert found == ["right", "right", "wrong", "wrong"]


def test_a_word_behind_brackets_labels_the_name_in_them() -> None:
    network = r"$$z_t = W h_{t-1} + U x_t, \quad h_t = \tanh(z_t)$$" "\n\n"
    found = of(
        r"\left(z_t\right)_\text{layer} = U x_t",
        r"\left(z_t\right)_{time} = W h_{t-1}",
        r"z_t = \left(z_t\right)_\text{layer} + \left(z_t\right)_{time}",
        before=network,
    )
    assert found == ["not_a_claim", "not_a_claim", "right"]
    slip = r"z_t = \left(z_t\right)_\text{layer} - U x_t"
    assert of(r"\left(z_t\right)_\text{layer} = U x_t", slip, before=network)[-1] != "right"


@pytest.mark.parametrize("label", ["attn-back", "from above", "出力から", "сверху"])
def test_words_of_any_script_label_a_quantity(label: str) -> None:
    network = NETWORK + r"$$y_t = V h_t, \quad L_t = \frac{1}{2} \|y_t - d_t\|^2$$" "\n\n"
    name = rf"g_t^{{(\text{{{label}}})}}"
    left = r"\frac{\partial L_t}{\partial h_t} ="
    found = of(
        rf"{name} = V^T (y_t - d_t)", f"{left} {name}", f"{left} -{name}", before=network
    )
    assert found == ["not_a_claim", "right", "wrong"]


def test_a_name_of_several_words_is_kept_whole() -> None:
    text = NETWORK + LOSS + r"$$\text{my\_trace}_t = d \odot \text{my\_trace}_{t-1} + 1$$" "\n\n"
    claim = r"$$\frac{\partial L}{\partial b} = \sum_t \text{my\_trace}_t$$"
    found = judged(text + claim)
    # (The word was left out, and the rest was judged.)
    assert "my" in found[-1].latex
    assert [j.verdict.verdict for j in found][-2:] == ["not_a_claim", "undecided"]


def test_a_slope_without_an_argument_is_that_of_the_state() -> None:
    left = r"\frac{\partial h_t}{\partial h_{t-1}} = "
    slope = r"\mathrm{diag}(1 - \tanh^2)"
    found = of(rf"{left} {slope} W", rf"{left} {slope} U", rf"{left} {slope} \cdot W^T")
    assert found == ["right", "wrong", "wrong"]


def test_a_fraction_with_one_sign_of_a_derivative_has_lost_the_other() -> None:
    found = of(
        r"\frac{\partial L}{W} = \sum_t \frac{\partial L}{h_t} \odot (1 - h_t^2) h_{t-1}^T",
        r"\frac{\partial L}{W} = \sum_t \frac{\partial L}{h_t} \odot (1 - h_t^2) h_t^T",
        r"\frac{\partial L}{\partial W} = \sum_t \frac{\partial L_t}{N}",
        before=NETWORK + LOSS,
    )
    assert found[:2] == ["right", "wrong"]
    assert found[2] not in ("right", "wrong")  # N counts examples


def test_a_row_of_dots_stands_between_equations_and_not_between_the_rows_of_a_matrix() -> None:
    rows = r"h_1 &= \tanh(W h_0 + U x_1 + b) \\ &\vdots \\ h_n &= \tanh(W h_{n-1} + U x_n + b)"
    assert "unreadable" not in verdicts(NETWORK + rf"$$\begin{{aligned}} {rows} \end{{aligned}}$$")
    column = r"\begin{bmatrix} h_1 \\ \vdots \\ h_n \end{bmatrix}"
    assert last(NETWORK + rf"$$\frac{{\partial L}}{{\partial h_1}} = {column}$$") != "right"


def test_sizes_claim_nothing() -> None:
    sizes = r"W &: 128 \times 128 = 16.4K \\ \text{Total (all)} &: 2 \times (V \times 50) = 45K"
    text = rf"{NETWORK}$$\begin{{aligned}} {sizes} \end{{aligned}}$$"
    assert verdicts(text) == ["not_a_claim"] * len(verdicts(text))


def test_a_limit_of_a_power_is_a_condition_on_the_weight() -> None:
    assert last(NETWORK + r"$$\lim_{t \to \infty} \|W\|^{t-1} = 0$$") == "not_a_claim"


@pytest.mark.parametrize("word", ["true", "correct class", "正解"])
def test_the_true_class_by_a_word(word: str) -> None:
    network = NETWORK + r"$$o_t = V h_t, \quad \hat y_t = \mathrm{softmax}(o_t)$$" "\n\n"
    network += rf"$$L = -\sum_t \log \hat{{y}}_t^{{(\text{{{word}}})}}$$" "\n\n"
    left = r"\frac{\partial L}{\partial o_t} ="
    found = of(rf"{left} \hat y_t - y_t", rf"{left} y_t - \hat y_t", before=network)
    assert found == ["right", "wrong"]


def test_entries_of_a_weight_stand_in_brackets_behind_it() -> None:
    left = r"\frac{\partial L}{\partial W_{hh}(i, j)} = \sum_t \frac{\partial L}{\partial a_{t,i}}"
    network = r"$$a_t = W_{hh} h_{t-1} + U x_t, \quad h_t = \tanh(a_t)$$" "\n\n" + LOSS
    found = of(f"{left} h_{{t-1,j}}", f"{left} h_{{t,j}}", before=network)
    assert found == ["right", "wrong"]


def test_a_product_with_ones_sums_over_the_examples() -> None:
    rows = r"Vectors are rows. $$a_t = x_t U + h_{t-1} W + b, \quad h_t = \tanh(a_t)$$" "\n\n"
    left = r"\frac{\partial L}{\partial b} = \sum_t"
    found = of(
        rf"{left} \mathbf{{1}}_N^T \frac{{\partial L}}{{\partial a_t}}",
        rf"{left} \mathbf{{1}}\_{{N}}^{{\top}} \frac{{\partial L}}{{\partial h_t}}",
        before=rows + LOSS,
    )
    assert found == ["right", "wrong"]


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        (r"\mu_t = \frac{1}{D} \sum_{i=1}^D h_{t,i}", "not_a_claim"),
        (r"\frac{\partial h_t}{\partial h_{t-1}} = \sum_{i=1}^{Q} h_t", "undecided"),
        (r"d\_out = \frac{dL}{dh_t}", "not_a_claim"),
        (r"W \mathrel{-}= \eta \cdot dW", "not_a_claim"),
        (r"\overline{y(t)} = V h(t)", "not_a_claim"),
        # Of which step the loss is that is a function is left open.
        (r"\frac{\partial q}{\partial h_t} = \frac{\partial q}{\partial h_{t+1}} W", "undecided"),
    ],
)
def test_what_cannot_be_known_is_no_fault_of_the_formula(formula: str, expected: str) -> None:
    network = NETWORK + r"$$y_t = V h_t, \quad L = \frac{1}{T} \sum_t q(d_t, y_t)$$" "\n\n"
    assert last(f"{network}$${formula}$$") == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("∂h_t/∂h_{t-1} = tanh'(...) × W_hh", "right"),
        ("∂h_t/∂h_{t-1} = tanh' × W_hh", "right"),
        ("∂h_t/∂h_{t-1} = tanh'(...) × W_xh", "wrong"),
    ],
)
def test_a_prime_before_an_argument_that_is_left_out_is_kept(line: str, expected: str) -> None:
    network = "```\nh_t = tanh(W_hh h_{t-1} + W_xh x_t + b_h)\n```\n\n"
    assert last(f"{network}```\n{line}\n```\n") == expected


def test_a_display_centred_by_spaces_is_no_code() -> None:
    claim = r"\frac{\partial h_t}{\partial h_{t-1}} = \mathrm{diag}(1 %s h_t^2) W"
    text = NETWORK + "The slope is\n\n" + " " * 40 + "$$" + claim + "$$      (8)\n"
    assert [last(text % sign) for sign in "-+"] == ["right", "wrong"]
    # A program is left alone.
    assert "wrong" not in verdicts(NETWORK + "So:\n\n    kill -9 $$ ; echo $$ \n")


def test_labels_above_with_a_comma_belong_to_the_name() -> None:
    network = r"$$a_t = W^{h,h} h_{t-1} + W^{x,h} x_t, \quad h_t = \tanh(a_t)$$" "\n\n"
    left = r"\frac{\partial h_t}{\partial h_{t-1}} = \mathrm{diag}(1 - h_t^2)"
    found = of(f"{left} W^{{h,h}}", f"{left} W^{{x,h}}", f"{left} W^{{o,h}}", before=network)
    assert found == ["right", "wrong", "undecided"]


def test_a_sum_over_a_set_of_units_is_one_over_all() -> None:
    network = r"$$a_i(t) = \sum_{l \in U} w_{il} h_l(t-1) + x_i(t), \quad h_i(t) = \tanh(a_i(t))$$"
    left = r"\frac{\partial h_i(t)}{\partial w_{jk}} = (1 - h_i(t)^2)"
    rest = r"h_k(t-1) + \sum_{l \in U} w_{il} \frac{\partial h_l(t-1)}{\partial w_{jk}}"
    first, second = (rf"{left} (\delta_{{{at}}} {rest})" for at in ("ij", "ik"))
    assert of(first, second, before=network + "\n\n") == ["right", "wrong"]


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        (r"\rightarrow \frac{\partial L}{\partial h_1}", "not_a_claim"),
        (r"L(\theta) = -\sum_t \log p_\theta(y_t^* \mid y_{<t}^*, x)", "not_a_claim"),
        (r"\begin{aligned}{2} \frac{\partial h_t}{\partial h_{t-1}} &= (1 - h_t^2) w"
         r"\end{aligned}", "right"),
    ],
)  # fmt: skip
def test_what_stands_before_an_equation(formula: str, expected: str) -> None:
    assert last(rf"$$h_t = \tanh(w h_{{t-1}} + x_t)$$" f"\n\n$${formula}$$") == expected


def test_a_network_that_a_text_only_compares_with_is_not_the_one_with_gates() -> None:
    cell = "f_t = σ(W_f h_{t-1} + U_f x_t)\ni_t = σ(W_i h_{t-1} + U_i x_t)\n"
    cell += "g_t = tanh(W_g h_{t-1} + U_g x_t)\nc_t = f_t ⊙ c_{t-1} + i_t ⊙ g_t\nh_t = tanh(c_t)\n"
    text = f"```\n{cell}```\n\n%s:\n```\n∂h_t/∂h_{{t-1}} = W·diag(1 - h_t^2)\n```\n"
    assert last(text % "Compare with a vanilla RNN") == "undecided"
    assert last(text % "The Jacobian") == "wrong"


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        (r"1 - h_{t,1}^2, 1 - h_{t,2}^2, \ldots, 1 - h_{t,n}^2", "right"),
        (r"(1 - h_{1}^{(t)}^2), \cdots, (1 - h_{D}^{(t)}^2)", "right"),
        (r"1 - (h_t^{(1)})^2, \dots, 1 - (h_t^{(n)})^2", "right"),
        (r"1 + h_{t,1}^2, \ldots, 1 + h_{t,n}^2", "wrong"),
        # The entries say different things, and steps are no entries.
        (r"1 - h_{t,1}^2, 1 - h_{t,3}^2, \ldots, 1 - h_{t,n}^2", "undecided"),
        (r"1 - h_{t,1}^2, \ldots, 1 + h_{t,n}^2", "undecided"),
        (r"1 - h_1^2, \ldots, 1 - h_T^2", "unreadable"),
    ],
)
def test_entries_of_a_diagonal_that_are_listed(entries: str, expected: str) -> None:
    left = r"\frac{\partial h_t}{\partial h_{t-1}} = "
    assert of(rf"{left}\mathrm{{diag}}({entries}) W") == [expected]


def test_blocks_of_a_matrix_without_a_sign_between_them() -> None:
    cell = r"$$h_t = \tanh(\begin{bmatrix} W U \end{bmatrix} \begin{bmatrix} h_{t-1} \\ x_t"
    cell += r"\end{bmatrix})$$" "\n\n"
    left = r"\frac{\partial h_t}{\partial h_{t-1}} = \mathrm{diag}(1 - h_t^2)"
    assert of(f"{left} W", f"{left} U", before=cell) == ["right", "wrong"]
