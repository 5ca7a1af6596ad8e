"""What pages about simple networks write in ways of their own, and what is a claim in them."""

from __future__ import annotations

import pytest

from tests.check.audited import ACCEPTED, judged, last, shown, verdicts

CELL = "$$h_t = \\tanh(W_{hh} h_{t-1} + W_{xh} x_t + b_h), \\quad y_t = W_{hy} h_t$$\n\n"


@pytest.mark.parametrize("label", [r"\text{target}_t", r"k_t", r"\mathrm{label}_t"])
def test_labels_by_words(label: str) -> None:
    loss = shown(rf"p_t = \mathrm{{softmax}}(y_t), \quad L = -\sum_t \log p_t[{label}]")
    one = rf"\mathbb{{1}}[{label}]"
    claim = rf"\frac{{\partial L}}{{\partial W_{{hy}}}} = \sum_t (p_t - {one}) {{h}}"
    assert last(CELL + loss + shown(claim.replace("{h}", r"h_t^\top"))) == "right"
    assert last(CELL + loss + shown(claim.replace("{h}", r"h_{t-1}^\top"))) == "wrong"


def test_an_indicator_of_a_condition_is_no_label() -> None:
    loss = shown(r"p_t = \mathrm{softmax}(y_t), \quad L = -\sum_t \log p_t[k_t]")
    claim = r"\frac{\partial L}{\partial y_t} = p_t - \mathbb{1}[k_t > 0]"
    assert last(CELL + loss + shown(claim)) != "right"


@pytest.mark.parametrize(
    ("slope", "expected"),
    [
        (r"\mathrm{diag}(f'(z_t)) W", "right"),
        (r"W \mathrm{diag}(f'(z_t))", "wrong"),
        (r"\mathrm{diag}(f'(z_{t-1})) W", "wrong"),
    ],
)
def test_an_activation_under_two_names(slope: str, expected: str) -> None:
    text = shown(r"z_t = W h_{t-1} + U x_t") + shown(r"h_t = \sigma(z_t) = f(z_t)")
    right = shown(r"\frac{\partial h_t}{\partial z_t} = \mathrm{diag}(f'(z_t))")
    claim = shown(rf"\frac{{\partial h_t}}{{\partial h_{{t-1}}}} = {slope}")
    assert last(text + right + claim) == expected


def test_a_loss_that_is_named_as_a_function_before_it_is_written_out() -> None:
    text = shown(r"O_t = g(V H_t), \quad H_t = f(W X_t + U H_{t-1} + b_1)")
    text += shown(r"L_t = L(y_t, g(H_t)) = -y_t^\top \log \hat{y}_t")
    text += shown(r"S_t = U H_{t-1} + W X_t, \quad H_t = \tanh(S_t)")
    text += shown(r"Z_t = V H_t, \quad \hat{y}_t = \mathrm{softmax}(Z_t)")
    claim = r"\frac{\partial L_t}{\partial V} = (\hat{y}_t - y_t) H_t^\top"
    assert last(text + shown(claim)) == "right"
    assert last(text + shown(claim.replace("H_t", "H_{t-1}"))) == "wrong"


@pytest.mark.parametrize(
    "formula",
    [
        r"\hat{P}(w_i \mid w_{i-1}) = \frac{c(w_{i-1}, w_i)}{c(w_{i-1})}",
        r"P_{\text{Add-1}}(w_i \mid w_{i-1}) = \frac{c(w_{i-1}, w_i) + 1}{c(w_{i-1}) + V}",
        r"P(x_1, \ldots, x_T) = \prod_{t=1}^T q_t",
    ],
)
def test_probabilities_claim_nothing_of_a_run(formula: str) -> None:
    assert verdicts(CELL + shown(formula))[2:] == ["not_a_claim"]


PINARD = (
    "$$h^{(t)} = \\sigma(z^{(t)}) = \\sigma(U x^{(t)} + W h^{(t-1)} + b)$$\n\n"
    "$$o^{(t)} = V h^{(t)} + c$$\n\n$$\\hat{y}^{(t)} = \\sigma(o^{(t)})$$\n\n"
    "The last activation is a softmax, the loss is the cross-entropy.\n\n"
    "$$L = \\sum\\limits_{t=1}^{\\tau} L^{(t)}$$\n\n"
    "$$\\delta^{(t)} = \\frac{\\partial L}{\\partial h^{(t)}}$$\n\n"
    "$$\\frac{\\partial L}{\\partial W} = \\sum\\limits_{t=1}^{\\tau} diag(1-(h^{(t)})^2)"
    "\\delta^{(t)} (h^{(t-1)})^T$$\n\n"
    "$$\\frac{\\partial L}{\\partial b} = \\sum\\limits_{t=1}^{\\tau} diag(1-(h^{(t)})^2)"
    "\\delta^{(t)}$$\n\n"
    "$$\\frac{\\partial L}{\\partial c} = \\sum_{t=1}^{\\tau} (\\hat{y}^{(t)} - y^{(t)})$$\n\n"
)


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        (r"\delta^{(\tau)} = V^T (\hat{y}^{(\tau)} - y^{(\tau)})", "right"),
        (r"\delta^{(\tau)} = V^T (y^{(\tau)} - \hat{y}^{(\tau)})", "wrong"),
        (
            r"\frac{\partial L}{\partial V} = \sum\limits_{t=1}^{\tau}"
            r" (\hat{y}^{(t)} - y^{(t)}) (h^{(t)})^T",
            "right",
        ),
        (
            r"\frac{\partial L}{\partial V} = \sum\limits_{t=1}^{\tau}"
            r" (\hat{y}^{(t)} - y^{(t)}) (h^{(t-1)})^T",
            "wrong",
        ),
    ],
)
def test_the_sign_of_the_state_for_the_activation_of_the_output(
    formula: str, expected: str
) -> None:
    assert last(PINARD + shown(formula)) == expected
    named = PINARD.replace(r"\hat{y}^{(t)} = \sigma", r"a^{(t)} = \sigma")
    assert last(named + shown(formula)) == expected
    # without a word of a softmax the sign is what it is elsewhere
    assert last(PINARD.replace("softmax", "function") + shown(formula)) != "right"


@pytest.mark.parametrize(
    "system",
    [
        r"\left\{\begin{aligned} &s_t = {s} \\ &h_t = \tanh(s_t) \end{aligned}\right.",
        r"\left\{\begin{array}{l} s_t = {s} \\ h_t = \tanh(s_t) \end{array}\right.",
        r"\{\begin{gathered} s_t = {s} \\ h_t = \tanh(s_t) \end{gathered}",
    ],
)
def test_equations_beside_one_brace(system: str) -> None:
    text = shown(system.replace("{s}", "U h_{t-1} + W x_t")) + "In Matlab it is $W(:,x_t)$.\n\n"
    assert verdicts(text)[:2] == ["not_a_claim", "not_a_claim"]
    claim = r"\frac{\partial h_t}{\partial h_{t-1}} = diag(1 - h_t^2) U"
    assert last(text + shown(claim)) == "right"
    assert last(text + shown(claim.replace("h_t^2", "s_t^2"))) == "wrong"


@pytest.mark.parametrize(
    ("inside", "expected"),
    [
        (r"h_k^{\text{pre-act}}", "right"),
        ("h_k^{pre}", "right"),
        (r"h_{k-1}^{\text{pre}}", "wrong"),
    ],
)
def test_what_is_before_the_activation_by_a_word(inside: str, expected: str) -> None:
    text = shown(r"h_t = \phi(W h_{t-1} + U x_t + b)")
    claim = rf"\frac{{\partial h_k}}{{\partial h_{{k-1}}}} = \mathrm{{diag}}(\phi'({inside})) W"
    assert last(text + shown(claim)) == expected


NLP = (
    "$$h_t = \\sigma(W^{(hh)} h_{t-1} + W^{(hx)} x_t)$$\n\n"
    "$$\\hat{y}_t = softmax(W^{(S)} h_t)$$\n\n"
    "$$J^{(t)}(\\theta) = -\\sum_{j=1}^{|V|} y_{t,j} \\times log(\\hat{y}_{t,j})$$\n\n"
    "$$J = \\frac{1}{T}\\sum_{t=1}^TJ^{(t)}(\\theta)$$\n\n"
    "$$\\frac{\\partial E}{\\partial W} = \\sum_{t=1}^T \\frac{\\partial E_t}{\\partial W}$$\n\n"
)


@pytest.mark.parametrize(
    ("after", "expected"), [(r"\frac{\partial h_k}{\partial W}", "right"), ("", "undecided")]
)
def test_a_loss_of_its_own_in_a_later_section_and_a_target_that_is_differentiated(
    after: str, expected: str
) -> None:
    assert last(NLP) == "right"
    claim = (
        r"\frac{\partial E_t}{\partial W} = \sum_{k=1}^t \frac{\partial E_t}{\partial y_t}"
        r" \frac{\partial y_t}{\partial h_t} \frac{\partial h_t}{\partial h_k}"
    )
    assert last(NLP + shown(f"{claim} {after}")) == expected


UPSTREAM = "$$h_t = \\tanh(W h_{t-1} + U x_t + b)$$\n\n"


@pytest.mark.parametrize(
    ("recursion", "expected"),
    [
        (r"{L} + \frac{\partial h_{t+1}}{\partial h_t}^T \delta_{t+1}", 1),
        (r"{L} + \frac{\partial h_{t+1}}{\partial h_t}^T \delta_{t+2}", 0),
        (r"2 {L} + \frac{\partial h_{t+1}}{\partial h_t}^T \delta_{t+1}", 0),
    ],
)  # fmt: skip
def test_a_recursion_that_the_gradient_solves_is_its_name(recursion: str, expected: int) -> None:
    recursion = recursion.replace("{L}", r"\frac{\partial L}{\partial h_t}")
    text = UPSTREAM + shown(rf"\delta_t = {recursion}")
    claim = r"\frac{\partial L}{\partial W} = \sum_t ((1 - h_t^2) \odot \delta_t) h_{t-1}^\top"
    assert (last(text + shown(claim)) == "right") is bool(expected)
    assert last(text + shown(claim.replace("h_{t-1}", "h_t"))) != "right"


def test_the_next_word_is_the_label_and_its_vector_has_one_name() -> None:
    text = CELL + shown(r"p_t = \mathrm{softmax}(y_t)")
    text += shown(r"L = -\sum_{t=1}^{T} \log p_t\big(c_{t+1}\big)")
    text += "Let the one-hot target be $\\hat{y}_t$.\n\n"
    claim = r"\frac{\partial L}{\partial W_{hy}} = \sum_t (p_t - \hat{y}_t) h_t^\top"
    assert last(text + shown(claim)) == "right"
    assert last(text + shown(claim.replace("h_t", "h_{t-1}"))) == "wrong"


def test_words_in_the_letters_of_mathematics_behind_an_equation() -> None:
    text = (
        r"z_t = \sigma(W^{(z)} x_t + U^{(z)} h_{t-1})\ \ (Update\ gate) \\ "
        r"h_t = z_t \circ h_{t-1} + (1 - z_t) \circ x_t\ (New\ state)"
    )
    assert verdicts(shown(text)) == ["not_a_claim", "not_a_claim"]


@pytest.mark.parametrize("share", ["L", "E"])
def test_one_use_of_a_weight_and_the_share_of_a_step(share: str) -> None:
    text = shown("h_t = f(W_h h_{t-1} + W_x x_t + b_h)") + shown("y_t = g(W_y h_t + b_y)")
    text += shown(r"L = \sum_{t=1}^{T} \ell(y_t, \hat{y}_t)")
    total = r"\frac{\partial h_t}{\partial \theta}"
    one_use = r"\frac{\partial h_t}{\partial \theta_t}"
    step = r"\frac{\partial h_t}{\partial h_{t-1}}"
    later = r"\frac{\partial L}{\partial h_{t+1}} \frac{\partial h_{t+1}}{\partial h_t}"
    claim = r"\frac{\partial L}{\partial \theta} = \sum_{t=1}^T "
    claim += rf"\left({later} + \frac{{\partial {share}_t}}{{\partial h_t}}\right) {one_use}"
    text += shown(claim)
    text += shown(rf"{total} = {one_use} + {step} \frac{{\partial h_{{t-1}}}}{{\partial \theta}}")
    assert verdicts(text)[-2:] == ["right", "right"]
    wrong = text.replace(r"\frac{\partial L}{\partial h_{t+1}}", r"\frac{\partial L}{\partial h_t}")
    assert verdicts(wrong)[-2] != "right"
    assert verdicts(text.replace(rf"= {one_use} +", "="))[-1] != "right"


def test_one_use_of_a_weight_where_every_size_is_one() -> None:
    text = shown("h_t = f(W_h h_{t-1} + W_x x_t + b_h)") + shown("y_t = g(W_y h_t + b_y)")
    text += shown(r"L = \sum_{t=1}^{T} \ell(y_t, \hat{y}_t)")
    one_use = r"\frac{\partial h_t}{\partial \theta_t}"
    text += shown(
        rf"\frac{{\partial h_t}}{{\partial \theta}} = 2 {one_use} + "
        r"\frac{\partial h_t}{\partial h_{t-1}} \frac{\partial h_{t-1}}{\partial \theta}"
    )
    (found,) = judged(text)[3:]
    assert found.verdict.verdict not in ACCEPTED
    assert "internal error" not in found.verdict.note


@pytest.mark.parametrize("said", ["z_3 = V s_3", "z_t = V s_t"])
def test_the_argument_of_a_softmax_is_said_behind_the_gradient(said: str) -> None:
    text = shown(r"s_t = \tanh(U x_t + W s_{t-1})")
    text += shown(r"\hat{y}_t = \mathrm{softmax}(V s_t), \quad E_t = -y_t \log \hat{y}_t")
    chain = r"\frac{\partial E_3}{\partial \hat{y}_3} \frac{\partial \hat{y}_3}{\partial z_3}"
    text += shown(
        rf"\frac{{\partial E_3}}{{\partial V}} = {chain} \frac{{\partial z_3}}{{\partial V}}"
        r" = (\hat{y}_3 - y_3) \otimes s_3"
    )
    text += f"Here ${said}$.\n\n"
    claimed = [v for v in verdicts(text) if v != "not_a_claim"]
    assert set(claimed) == {"right"}
    other = verdicts(text.replace(r"\otimes s_3", r"\otimes s_2"))
    assert other[3] in ("wrong", "undecided")


def test_a_loss_of_a_step_with_what_it_is_a_function_of() -> None:
    text = shown(r"s_t = \tanh(U x_t + W s_{t-1})") + shown(r"\hat{y}_t = \mathrm{softmax}(V s_t)")
    text += shown(r"E(y, \hat{y}) = \sum_t E_t(y_t, \hat{y}_t) = -\sum_t y_t \log \hat{y}_t")
    claim = r"\frac{\partial E_t}{\partial V} = (\hat{y}_t - y_t) \otimes "
    assert verdicts(text + shown(claim + "s_t"))[2:] == ["right", "right"]
    assert verdicts(text + shown(claim + "s_{t-1}"))[2:] == ["right", "wrong"]


@pytest.mark.parametrize("sign", [r"\sum_t", r"\sum_{t=1}^{T}", r"\sum_{1 \le t \le T}"])
def test_a_loss_added_up_over_another_letter_than_that_of_the_state(sign: str) -> None:
    text = shown("h_k = f(W h_{k-1} + U u_k + b)")
    text += shown(rf"\mathcal{{E}} = {sign} \mathcal{{E}}_t")
    text += shown(r"\mathcal{E}_t = \mathcal{L}(h_t)")
    share = r"\frac{\partial \mathcal{E}_t}{\partial W}"
    claim = rf"\frac{{\partial \mathcal{{E}}}}{{\partial W}} = {sign} "
    assert verdicts(text + shown(claim + share))[1:] == ["not_a_claim", "not_a_claim", "right"]
    assert last(text + shown(claim + "2" + share)) == "wrong"


def test_two_letters_in_one_font_are_a_product() -> None:
    norms = r"\|\mathbf{AB}\| \le \|\mathbf{A}\| \cdot \|\mathbf{B}\|"
    assert last(CELL + f"By ${norms}$.\n\n") == "right"
    assert last(CELL + "By $" + norms.replace(r"\cdot", "+") + "$.\n\n") == "wrong"


@pytest.mark.parametrize(
    ("claim", "expected"),
    [
        (r"\frac{\partial E_t}{\partial y_t} = p_t - k_t", "right"),
        (r"\frac{\partial E_t}{\partial W_{hy}} = (p_t - k_t) h_t^\top", "right"),
        (r"\frac{\partial E_t}{\partial y_t} = k_t - p_t", "wrong"),
        (r"\frac{\partial E_t}{\partial W_{hy}} = (p_t - k_t) h_{t-1}^\top", "wrong"),
    ],
)
def test_an_activation_without_a_name_below_a_logarithm_is_the_softmax(
    claim: str, expected: str
) -> None:
    text = CELL + shown(r"p_t = g(y_t)") + shown(r"E_t = -k_t^\top \log p_t")
    assert last(text + shown(claim)) == expected


@pytest.mark.parametrize(
    ("right", "expected"),
    [
        (r"\frac{\partial E_t}{\partial h_{t-n}} \frac{\partial h_{t-n}}{\partial W_{hh}}", True),
        (
            r"\frac{\partial E_t}{\partial h_t} \frac{\partial h_t}{\partial h_{t-n}} "
            r"\frac{\partial h_{t-n}}{\partial W_{hh}}",
            True,
        ),
        (r"2\frac{\partial E_t}{\partial h_{t-n}}\frac{\partial h_{t-n}}{\partial W_{hh}}", False),
        (r"\frac{\partial E_t}{\partial h_{t-1}} \frac{\partial h_{t-1}}{\partial W_{hh}}", False),
        (
            r"\frac{\partial E_t}{\partial h_t} \frac{\partial h_{t-n}}{\partial h_t} "
            r"\frac{\partial h_{t-n}}{\partial W_{hh}}",
            False,
        ),
    ],
)
def test_the_share_of_the_step_n_steps_before(right: str, expected: bool) -> None:
    text = CELL + "The loss of step $t$ is " + shown(r"E_t = \ell(y_t)")
    found = last(text + shown(rf"\frac{{\partial E_t}}{{\partial W_{{hh}}}} = {right}"))
    assert (found == "right") is expected


@pytest.mark.parametrize(
    ("factor", "expected"),
    [("i_{t+1}", "right"), ("o_{t+1}", "wrong"), ("2 i_{t+1}", "wrong"), ("i_t", "wrong")],
)
def test_a_difference_that_names_an_expression(factor: str, expected: str) -> None:
    text = shown(r"i_t = \sigma(W_i h_{t-1} + U_i x_t)") + shown(r"f_t = \sigma(U_f x_t)")
    text += shown(r"o_t = \sigma(U_o x_t)") + shown(r"a_t = \tanh(U_a x_t)")
    text += shown(r"c_t = f_t \odot c_{t-1} + i_t \odot a_t")
    text += shown(r"h_t = o_t \odot \tanh(c_t)")
    text += "Let " + shown(r"\delta_h^{(t)} = \frac{\partial L}{\partial h_t}")
    text += shown(r"\Delta C = o_{t+1} \odot (1 - \tanh^2(c_{t+1}))")
    slope = rf"\Delta C \odot a_{{t+1}} \odot {factor} \odot (1 - i_{{t+1}})"
    claim = rf"\frac{{\partial h_{{t+1}}}}{{\partial h_t}} = W_i^T [{slope}]"
    found = last(text + shown(claim))
    assert found == expected or (found == "undecided" and expected == "wrong")


def test_an_equals_sign_twice_and_a_name_behind_where() -> None:
    first = r"\frac{\partial L}{\partial W_{hh}} = \sum_t \delta_t h_{t-1}^\top"
    slopes = r"\mathrm{diag}(1 - h_t^2) \frac{\partial L}{\partial h_t}"
    name = r"\delta_t = \frac{\partial L}{\partial z_t} = = "
    cell = shown(r"z_t = W_{hh} h_{t-1} + W_{xh} x_t") + shown(r"h_t = \tanh(z_t)")
    text = cell + shown(rf"{first}, \quad \text{{where }} {name}{slopes}")
    assert verdicts(text)[-2:] == ["right", "right"]
    slip = text.replace("h_{t-1}^", "h_t^")
    assert verdicts(slip)[-2:] == ["wrong", "right"]
    assert verdicts(text.replace("1 - h_t^2", "1 + h_t^2"))[-1] == "wrong"


BACK = r"\frac{\partial L}{\partial h_{t+1}}"


@pytest.mark.parametrize(
    ("term", "expected"),
    [
        (rf"W_{{hh}}^T {BACK} * (1 - h_{{t+1}}^2)", "right"),
        (rf"W_{{hh}}^T {BACK} * \tanh'", "right"),
        (rf"W_{{hh}}^T ({BACK} \odot \tanh')", "right"),
        (rf"W_{{hh}}^T {BACK} * (1 - h_t^2)", "wrong"),
        (rf"W_{{hh}} {BACK} * (1 - h_{{t+1}}^2)", "wrong"),
        (r"W_{hh}^T \delta_{t+1} * \tanh'", "undecided"),
    ],
)
def test_a_star_before_a_slope_and_slopes_of_the_step_after(term: str, expected: str) -> None:
    text = CELL + "The loss is " + shown(r"L = \sum_t \ell(y_t)")
    text += shown(r"\delta_t = \frac{\partial L}{\partial h_t}")
    left = r"\delta_t" if "delta" in term else r"\frac{\partial L}{\partial h_t}"
    claim = rf"{left} = W_{{hy}}^T \frac{{\partial L}}{{\partial y_t}} + {term}"
    assert last(text + shown(claim)) == expected


def test_a_state_that_depends_on_all_inputs_and_an_indicator_in_bold_text() -> None:
    text = shown(r"h^{(t)} = g^{(t)}(x^{(t)}, x^{(t-1)}, \ldots, x^{(1)}) = f(h^{(t-1)}, x^{(t)})")
    text += "The log loss (对数损失函数) is used." + shown(
        r"h^{(t)} = \tanh(W h^{(t-1)} + U x^{(t)}), \quad o^{(t)} = V h^{(t)}, "
        r"\quad \hat y^{(t)} = \mathrm{softmax}(o^{(t)})"
    )
    entry = r"(\nabla_{o^{(t)}} L)_i = \frac{\partial L}{\partial o_i^{(t)}} = "
    entry += r"\hat y_i^{(t)} SIGN \textbf{1}_{i, y^{(t)}}"
    found = verdicts(text + shown(entry.replace("SIGN", "-")))
    assert found[0] == "not_a_claim" and found[-1] == "right"
    assert last(text + shown(entry.replace("SIGN", "+"))) in ("wrong", "undecided")
