"""Parts of gradients in texts about gated networks: on one way, or from the next step."""

from __future__ import annotations

import pytest

from bptt_sym.check.audit import audit
from bptt_sym.documents.document import document_from_text

CELL = r"""
$$f_t = \sigma(A_f h_{t-1} + B_f x_t + d_f)$$
$$\tilde{c}_t = \tanh(A_c h_{t-1} + B_c x_t + d_c)$$
$$c_t = f_t \odot c_{t-1} + (1 - f_t) \odot \tilde{c}_t$$
$$o_t = \sigma(A_o h_{t-1} + B_o x_t + d_o)$$
$$h_t = o_t \odot \tanh(c_t)$$
"""
SLOPE = r"\odot o_t \odot (1 - \tanh^2(c_t))"


def last(text: str, formula: str) -> str:
    return audit(document_from_text(f"{text}\n$${formula}$$\n", "n.md"))[-1].verdict.verdict


@pytest.mark.parametrize(
    ("formula", "slip"),
    [
        (r"\delta \tilde{c}_t = \delta c_t \odot (1 - f_t)", ("(1 - f_t)", "f_t")),
        (r"\delta \tilde c_t = \delta c_t \odot (1 - f_t)", ("(1 - f_t)", "f_t")),
        (r"\delta \bar{f}_t = \delta f_t \odot f_t \odot (1 - f_t)", ("1 - f_t", "1 - f_t^2")),
        (r"\delta \bar{c}_t = \delta \tilde{c}_t \odot (1 - \tilde{c}_t^2)", ("c}_t^2", "c}_t")),
    ],
)
def test_deltas_before_accented_names_are_gradients(formula: str, slip: tuple[str, str]) -> None:
    assert last(CELL, formula) == "right_under_reading"
    # What an accent over a gate stands for nobody has said.
    assert last(CELL, formula.replace(*slip)) == ("undecided" if "bar" in formula else "wrong")


PARTS = rf"""
$$\delta c_t^{{(h)}} = \delta h_t {SLOPE}$$
$$\delta c_{{t-1}}^{{\text{{next}}}} = \delta c_t \odot f_t$$
"""


def test_parts_of_a_gradient_have_names_of_their_own() -> None:
    whole = r"\delta c_t = \delta c_t^{(h)} + \delta c_t^{\text{next}}"
    assert last(CELL + PARTS, whole) == "right_under_reading"
    assert last(CELL + f"$${whole}$$\n" + PARTS, "c_t = c_t") is not None
    twice = whole.replace(r"\text{next}", "(h)")
    assert last(CELL + PARTS, twice) != "right_under_reading"


def test_a_part_that_is_named_further_down_is_known_at_the_end() -> None:
    whole = r"\delta c_t = \delta c_t^{(h)} + \delta c_t^{\text{next}}"
    judged = audit(document_from_text(f"{CELL}\n$${whole}$$\n{PARTS}", "n.md"))
    assert judged[-3].verdict.verdict == "right_under_reading"


@pytest.mark.parametrize("arriving", [r"\delta c_{\text{next}}", r"\delta c_\text{next}"])
def test_what_arrives_from_the_next_step_is_the_rest(arriving: str) -> None:
    assert last(CELL, rf"\delta c_t = \delta h_t {SLOPE} + {arriving}") == "right_under_reading"
    slip = rf"\delta c_t = \delta h_t \odot (1 - \tanh^2(c_t)) + {arriving}"
    assert last(CELL, slip) != "right_under_reading"


def test_next_below_a_gate_is_the_step_after() -> None:
    claim = rf"\delta c_t = \delta c_{{next}} \odot f_{{next}} + \delta h_t {SLOPE}"
    assert last(CELL, claim) == "right_under_reading"
    assert last(CELL, claim.replace("f_{next}", "o_{next}")) == "wrong"


def test_a_block_of_a_gradient_is_not_the_whole() -> None:
    assert last(CELL, r"\delta x_t = \delta h_t[0:n]") != "wrong"


@pytest.mark.parametrize(
    "formula", [r"\frac{\partial L}{\partial c_{T+1}} = 0", r"\delta c_{T+1} = \mathbf{0}"]
)
def test_nothing_stands_behind_the_last_step(formula: str) -> None:
    assert last(CELL, formula) == "not_a_claim"


def test_the_gradient_at_the_last_step_is_something() -> None:
    assert last(CELL, r"\frac{\partial L}{\partial c_{T}} = 0") != "not_a_claim"


def test_a_state_under_a_capital_letter_is_the_state() -> None:
    text = CELL.replace("h_{", "H_{").replace("h_t", "H_t")
    assert last(text, r"\delta o_t = \delta h_t \odot \tanh(c_t)") != "wrong"


def test_the_error_before_the_last_step_comes_through_the_state() -> None:
    chain = (
        r"\frac{\partial E}{\partial h_{t-1}} = "
        r"\frac{\partial E}{\partial h_t} \frac{\partial h_t}{\partial h_{t-1}}"
    )
    assert last(CELL, chain) == "right_under_reading"
    assert last(CELL, chain.replace(r"\partial h_t}{\partial h", r"\partial o_t}{\partial h")) != (
        "right_under_reading"
    )


def test_a_label_of_a_gate_is_no_unit() -> None:
    text = r"""
$$z_{r,t} = x_t W_{xr} + h_{t-1} W_{hr} + b_r, \quad r_t = \sigma(z_{r,t})$$
$$z_{z,t} = x_t W_{xz} + h_{t-1} W_{hz} + b_z, \quad z_t = \sigma(z_{z,t})$$
$$z_{n,t} = x_t W_{xn} + (r_t \odot h_{t-1}) W_{hn} + b_n, \quad n_t = \tanh(z_{n,t})$$
$$h_t = (1 - z_t) \odot h_{t-1} + z_t \odot n_t$$
"""
    left = r"\frac{\partial L}{\partial z_t} = \frac{\partial L}{\partial h_t} \odot "
    assert last(text, left + "(n_t - h_{t-1})") == "right_under_reading"
    assert last(text, left + "(n_t + h_{t-1})") == "wrong"
    slope = r"\frac{\partial L}{\partial z_{r,t}} = \frac{\partial L}{\partial r_t} "
    assert last(text, slope + r"\odot r_t \odot (1 - r_t)") == "right_under_reading"


@pytest.mark.parametrize("inside", ["a_{%s,t}", "v_t^{%s}"])
def test_the_i_of_an_input_gate_is_no_unit(inside: str) -> None:
    def loss_by(of: str) -> str:
        return rf"\frac{{\partial L}}{{\partial {of}}}"

    rows = [rf"{inside % g} = A_{g} x_t + B_{g} h_{{t-1}} + b_{g}" for g in "fio"]
    rows += [rf"{g}_t = \sigma({inside % g})" for g in "fio"]
    rows += [
        r"g_t = \tanh(A_g x_t + B_g h_{t-1} + b_g)",
        r"c_t = f_t \odot c_{t-1} + i_t \odot g_t",
    ]
    text = "".join(f"$${row}$$\n\n" for row in [*rows, r"h_t = o_t \odot \tanh(c_t)"])
    weight = rf"{loss_by('B_i')} = \sum_{{t=1}}^T {loss_by(inside % 'i')} h_{{t-1}}^\top"
    text += f"$${weight}$$\n\n"
    wrong = weight.replace("{t-1}^", "t^")
    judged = audit(document_from_text(f"{text}$${wrong}$$\n", "n.md"))
    assert [j.verdict.verdict for j in judged[-2:]] == ["right_under_reading", "wrong"]


@pytest.mark.parametrize("mark", [r"\delta_{0}({1})", r"\delta_{0}[{1}]", r"\delta_{{{0},{1}}}"])
def test_a_step_behind_a_labelled_mark_is_no_factor(mark: str) -> None:
    """δ is by the pre-activations of the gates, and one gradient is written out by its gate."""
    rows = [rf"a_{g}(t) = W_{g} x(t) + U_{g} h(t-1) + b_{g}" for g in "fiog"]
    rows += [rf"{g}(t) = \sigma(a_{g}(t))" for g in "fio"] + [r"g(t) = \tanh(a_g(t))"]
    rows += [r"c(t) = f(t) \odot c(t-1) + i(t) \odot g(t)", r"h(t) = o(t) \odot \tanh(c(t))"]

    def delta(of: str, at: str = "t") -> str:
        return mark.format(of, at)

    by = r"\frac{{\partial L}}{{\partial {}}}".format
    rows += [
        rf"{by('o(t)')} = {delta('h')} \odot \tanh(c(t))",
        rf"{delta('o')} = {delta('h')} \odot \tanh(c(t)) \odot o(t) \odot (1 - o(t))",
        rf"{delta('c')} = {delta('h')} \odot o(t) \odot (1 - \tanh^2(c(t)))"
        rf" + {delta('c', 't+1')} \odot f(t+1)",
        rf"{delta('f')} = {delta('c')} \odot c(t-1) \odot f(t) \odot (1 - f(t))",
        rf"{delta('g')} = {delta('c')} \odot i(t) \odot (1 - g(t)^2)",
        rf"{by('b_g')} = \sum_{{t=1}}^T {delta('c')} \odot i(t) \odot (1 - g(t)^2)",
        rf"{by('U_f')} = \sum_{{t=1}}^T {delta('f')} h(t-1)^\top",
        rf"{by('U_f')} = \sum_{{t=1}}^T {delta('f')} h(t)^\top",
    ]
    found = audit(document_from_text("\n\n".join(f"$${row}$$" for row in rows), "n.md"))
    verdicts = [j.verdict.verdict for j in found[-8:]]
    assert verdicts == ["right_under_reading"] * 7 + ["wrong"]


@pytest.mark.parametrize(
    ("right", "verdict", "code"),
    [
        (r"(dk_{{next}} * n_t {more}) * I_t * (1 - I_t)", "right_under_reading", ""),
        (r"dk_{{next}} * n_t {more} * I_t * (1 - I_t)", "wrong", "BP027"),
        (r"(dk_{{next}} * n_t {more}) * I_t", "wrong", "BP019"),
        (r"(dk_{{next}} * n_t {more}) * I_t * (1 - F_t)", "wrong", "BP018"),
        (r"(dk_{{next}} * n_t {more}) * I_t * (1 + I_t)", "wrong", "BP008"),
        # Two slips at once: neither is named.
        (r"dk_{{next}} * n_{{t-1}} {more} * I_t * (1 - I_t)", "undecided", ""),
    ],
)
def test_a_slip_in_a_gradient_by_the_argument_of_a_gate(
    right: str, verdict: str, code: str
) -> None:
    """The marks are the gradients by the arguments of the gates, as the first of them shows."""
    gates = [rf"{g}_t = \sigma(W_{g} [s_{{t-1}}, x_t] + b_{g})" for g in "FIQ"]
    more = r"+ Q_t * (1 - \tanh^2(k_{next})) * n_t * ds_{next}"
    rows = [
        *gates,
        r"n_t = \tanh(W_n [s_{t-1}, x_t] + b_n)",
        r"k_t = F_t * k_{t-1} + I_t * n_t",
        r"s_t = Q_t * \tanh(k_t)",
        r"dQ_t = ds_{next} * \tanh(k_{next}) * Q_t * (1 - Q_t)",
        r"dk_{prev} = dk_{next} * F_t + Q_t * (1 - \tanh^2(k_{next})) * F_t * ds_{next}",
        r"dI_t = " + right.format(more=more),
    ]
    found = audit(document_from_text("\n\n".join(f"$${row}$$" for row in rows), "n.md"))
    assert [j.verdict.is_right for j in found[-3:-1]] == [True, True]
    last = found[-1].verdict
    named = last.diagnosis.code if last.diagnosis is not None else ""
    assert (last.verdict, named) == (verdict, code)
