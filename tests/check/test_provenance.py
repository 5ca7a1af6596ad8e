r"""How a name came to have its meaning decides what it may accuse of."""

from __future__ import annotations

import pytest

from bptt_sym.check.audit import audit
from bptt_sym.check.judged import Judged
from bptt_sym.documents.document import document_from_text

NET = r"""
$$s_t = \tanh(A s_{t-1} + B x_t)$$
"""
CELL = r"""
$$m_t = f_t \odot m_{t-1} + i_t \odot g_t$$
$$s_t = o_t \odot \tanh(m_t)$$
"""
JACOBIAN = r"\frac{\partial s_t}{\partial s_{t-1}} = "


def last(text: str) -> Judged:
    return audit(document_from_text(text, "n.md"))[-1]


def test_a_name_whose_equation_was_not_taken_up_accuses_nobody() -> None:
    output = r"$$\hat{y}_t = \text{softmax}(G s_t)$$"
    two_names = r"$K_t = J_t(y_t, G s_t) = -y_t \cdot \log \hat{y}_t$, $J = \sum_{t=1}^T K_t$"
    claim = r"$$\frac{\partial J}{\partial A} = 3 \sum_t \frac{\partial %s}{\partial A}$$"
    text = f"{NET}\n{output}\n\nWith {two_names}:\n\n"
    assert last(text + claim % "J_t").verdict.note.startswith("J_t is given by an equation")
    assert last(text + claim % "K_t").verdict.verdict == "wrong"
    taken_up = text.replace("J_t(y_t, G s_t)", r"J_t(y_t, \hat{y}_t)")
    assert last(taken_up + claim % "J_t").verdict.verdict == "wrong"
    assert last(taken_up + (claim % "J_t").replace("3 ", "")).verdict.is_right


def test_a_name_that_is_given_anew_and_was_not_understood_accuses_nobody() -> None:
    anew = r"$$s_t = \text{Norm} \{ s_{t-1} \mid x_t \}$$"
    turned = r"$$" + JACOBIAN + r"A\,\mathrm{diag}(1 - s_t^2)$$"
    assert last(f"{NET}\n{turned}").verdict.verdict == "wrong"
    assert last(f"{NET}\n{anew}\n\n{turned}").verdict.verdict == "undecided"


@pytest.mark.parametrize(
    ("gate", "verdict"),
    [(r"\text{the output gate}", "undecided"), (r"\mathrm{output}_t", "wrong"), ("o_t", "wrong")],
)
def test_a_name_that_only_words_describe_accuses_nobody(gate: str, verdict: str) -> None:
    inputs = "".join(
        rf"$$\mathrm{{{g}}}_t = \sigma(A_{g[0]} x_t + B_{g[0]} s_{{t-1}})$$" + "\n\n"
        for g in ("forget", "input", "output")
    )
    cell = r"$$m_t = \mathrm{forget}_t \odot m_{t-1} + \mathrm{input}_t \odot x_t$$"
    output = rf"$$s_t = {gate} \odot \tanh(m_t)$$"
    if gate == "o_t":
        inputs = inputs.replace(r"\mathrm{output}_t", "o_t")
    of = gate if "text" not in gate else r"\mathrm{output}_t"
    by = r"\frac{{\partial L}}{{\partial {}}}".format
    right = f"$${by(of)} = {by('s_t')} \\odot \\tanh(m_t)$$"
    wrong = right.replace(r"\tanh(m_t)", "m_t")
    text = f"{inputs}{cell}\n\n{output}\n\n{right}\n\n"
    assert last(text).verdict.verdict != "wrong"
    assert last(text + wrong).verdict.verdict == verdict


def test_a_letter_in_two_fonts_accuses_nobody() -> None:
    claim = r"$$\frac{\partial s_t}{\partial x_t} = \mathrm{diag}(1 - s_t^2) B$$"
    net = r"$$s_t = \tanh(A s_{t-1} + B \mathbf{x}_t + C x_t)$$"
    assert last(f"{net}\n\n{claim}\n").verdict.verdict == "undecided"
    net = r"$$s_t = \tanh(A s_{t-1} + B u_t + C x_t)$$"
    assert last(f"{net}\n\n{claim}\n").verdict.verdict == "wrong"


def test_a_step_of_a_chain_that_holds_by_itself_is_not_what_is_wrong() -> None:
    net = r"$$h_t = \tanh(B x_t + A h_{t-1})$$"
    chain = (
        r"$$\frac{\partial L}{\partial h_T} = \frac{\partial L}{\partial \hat{y}} "
        r"\frac{\partial \hat{y}}{\partial h_T} = "
        r"(\hat{y} - y) W_{oh}^T$$"
    )
    held = last(f"{net}\n\n{chain}")
    assert held.verdict.note.startswith("the relation that fails in the chain holds by itself")


@pytest.mark.parametrize(("sign", "verdict"), [(r"\cdot", "undecided"), ("", "wrong")])
def test_a_sign_that_stands_for_either_product_accuses_nobody(sign: str, verdict: str) -> None:
    unit = r"$$h_t = (1-z_t) \odot h_{t-1} + z_t \odot \tilde{h}_t$$"
    mixed = (
        r"$$\frac{\partial h_t}{\partial h_{t-1}} = (1 - z_t) + z_t \cdot "
        r"\frac{\partial \tilde{h}_t}{\partial h_{t-1}} + \frac{\partial z_t}{\partial h_{t-1}} "
        rf"{sign} (\tilde{{h}}_t - h_{{t-1}})$$"
    )
    assert last(f"{unit}\n\n{mixed}").verdict.verdict == verdict


def test_a_supposed_loss_is_what_an_equation_without_derivatives_says() -> None:
    output = r"$$\hat{y}_t = \text{softmax}(o_t)$$"
    total = r"$$J = -\sum_{t=1}^{T} y_t \log \hat{y}_t = -\sum_{t=1}^{T} J_t$$"
    assert last(f"{NET}\n{output}\n\n{total}").verdict.verdict != "wrong"
    assert last(f"{NET}\n\n$$s_2 = 2 \\tanh(A s_1 + B x_2)$$").verdict.verdict == "wrong"


def test_a_loss_that_is_a_scalar_makes_no_scalar_network() -> None:
    said = "So the total loss is the scalar that adds all of them up: $J = \\sum_t J_t$."
    right = r"$$" + JACOBIAN + r"\mathrm{diag}(1 - s_t^2) A$$"
    found = last(f"{NET}\n{said}\n\n{right}\n")
    assert found.verdict.is_right
    turned = r"$$" + JACOBIAN + r"A\,\mathrm{diag}(1 - s_t^2)$$"
    assert last(f"{NET}\n{said}\n\n{turned}\n").verdict.verdict == "wrong"
    assert last(f"All are scalars here.\n{NET}\n{turned}\n").verdict.is_right


# -- what is accepted


def test_the_argument_of_a_gate_is_one_of_its_step() -> None:
    gates = r"""
$f_t = \sigma(q_{f_t}) = \sigma(P_f s_{t-1} + Q_f x_t)$
"""
    now = r"f_t"
    claim = (
        r"$$\frac{\partial J}{\partial m_t} = \frac{\partial J}{\partial s_t} \odot o_t \odot "
        r"(1 - \tanh^2(m_t)) + \frac{\partial J}{\partial m_{t+1}} \odot %s$$"
    )
    assert last(gates + CELL + claim % now).verdict.verdict == "wrong"
    assert last(gates + CELL + claim % "f_{t+1}").verdict.is_right


def test_a_derivative_that_is_0_makes_no_sum_right() -> None:
    sums = (
        r"$$\frac{\partial m_t}{\partial m_{t-1}} = \mathrm{diag}(f_t) + "
        r"\frac{\partial m_t}{\partial s_{%s}} \frac{\partial s_{t-1}}{\partial m_{t-1}}$$"
    )
    gate = r"$$f_t = \sigma(P s_{t-1} + Q x_t)$$"
    assert last(gate + CELL + sums % "t-1").verdict.is_right
    assert not last(gate + CELL + sums % "t").verdict.is_right


def test_a_path_that_its_equation_does_not_have_is_no_share() -> None:
    sums = (
        r"$$\frac{\partial J}{\partial s_t} = \frac{\partial J}{\partial s_t} + "
        r"\frac{\partial J}{\partial s_{t+1}} \odot \frac{\partial s_{t+1}}{\partial s_t}$$"
    )
    assert not last(CELL + sums).verdict.is_right


@pytest.mark.parametrize("first, right", [("t", False), ("t-1", True)])
def test_a_chain_has_one_layout(first: str, right: bool) -> None:
    second = "t" if first == "t-1" else "t-1"
    now, before = JACOBIAN.strip(" ="), r"\frac{\partial s_{t-1}}{\partial s_{t-2}}"
    product = f"{now} {before}" if first == "t" else f"{before} {now}"
    chain = (
        rf"$$\frac{{\partial s_t}}{{\partial s_{{t-2}}}} = {product} = A^T \mathrm{{diag}}"
        rf"(1 - s_{{{first}}}^2) A^T \mathrm{{diag}}(1 - s_{{{second}}}^2)$$"
    )
    assert last(NET + chain).verdict.is_right == right


# -- what gradients by gates are, and when totals are given anew


SLOPED = (
    r"$$\frac{\partial J}{\partial i_t} = \frac{\partial J}{\partial m_t} \odot g_t "
    r"\odot \sigma'(i_t)$$"
)
PLAIN = r"$$\frac{\partial J}{\partial f_t} = \frac{\partial J}{\partial m_t} \odot m_{t-1}$$"
GATES = "".join(
    rf"$${g}_t = {phi}(P_{g} s_{{t-1}} + Q_{g} x_t)$$" + "\n\n"
    for g, phi in zip("fiog", (r"\sigma", r"\sigma", r"\sigma", r"\tanh"), strict=True)
)


def test_a_slope_too_many_accuses_where_the_text_has_gradients_by_gates_themselves() -> None:
    assert last(f"{GATES}{CELL}\n{SLOPED}").verdict.verdict == "undecided"
    found = last(f"{GATES}{CELL}\n{PLAIN}\n\n{SLOPED}").verdict
    assert found.verdict == "wrong" and found.diagnosis is not None
    assert found.diagnosis.code == "BP012"


def test_a_factor_too_many_is_not_missed_in_what_follows() -> None:
    gradient = r"\frac{\partial J}{\partial i_t}"
    share = rf"$$\frac{{\partial J}}{{\partial P_i}} = \sum_t {gradient} s_{{t-1}}^T$$"
    assert last(f"{GATES}{CELL}\n{PLAIN}\n\n{SLOPED}\n\n{share}").verdict.verdict == "undecided"
    assert last(f"{GATES}{CELL}\n{PLAIN}\n\n{share}").verdict.verdict == "wrong"


@pytest.mark.parametrize(
    "aside",
    [
        "If the last step alone has a loss, we take:\n\n$$J = J_T$$",
        "如果只有最后一步有损失，则有：\n\n$$J = J_T$$",
        "To see why things add up, let\n\n$$J = 3u + 2v$$",
    ],
)
def test_a_total_that_is_given_for_another_case_stays_what_it_is(aside: str) -> None:
    total = r"$$J = \sum_{t=1}^{T} J_t$$"
    claim = (
        r"$$\frac{\partial J}{\partial s_t} = \frac{\partial J_t}{\partial s_t} + "
        r"\frac{\partial J}{\partial s_{t+1}} \frac{\partial s_{t+1}}{\partial s_t}$$"
    )
    assert last(f"{total}\n\n{aside}\n{NET}\n{claim}").verdict.is_right
    anew = aside.rsplit("\n", 1)[-1]
    if "J_T" in anew:  # without a condition it is what J is from here on
        assert not last(f"{total}\n\nNow\n\n{anew}\n{NET}\n{claim}").verdict.is_right


def test_an_equation_that_is_broken_off_says_nothing_new() -> None:
    turned = r"$$" + JACOBIAN + r"A\,\mathrm{diag}(1 - s_t^2)$$"
    assert last(f"{NET}\n$$s_t = \\tanh(A s_{{t-1}}$$\n\n{turned}").verdict.verdict == "wrong"
    assert last(f"{NET}\n$$s_t = \\tanh(B s_{{t-1}}$$\n\n{turned}").verdict.verdict == "undecided"
