"""Texts that speak of all gates at once, and the marks of editors that say nothing."""

from __future__ import annotations

import re

import pytest

from bptt_sym.check.audit import audit
from bptt_sym.check.second_looks import ONE_EQUATION, WITH_FACTOR
from bptt_sym.documents.document import document_from_text
from bptt_sym.spelling.each_gate import for_each_gate
from bptt_sym.spelling.escapes import without_escapes
from bptt_sym.spelling.typography import plainly_set

CELL = r"""
$$f_t = \sigma(W_f x_t + U_f h_{t-1})$$
$$o_t = \sigma(W_o x_t + U_o h_{t-1})$$
$$h_t = f_t \odot h_{t-1} + o_t \odot x_t$$
"""
DELTAS = r"""
$$\delta^f_t = \frac{\partial L}{\partial f_t} \odot f_t \odot (1 - f_t)$$
$$\delta^o_t = \frac{\partial L}{\partial o_t} \odot o_t \odot (1 - o_t)$$
"""
GRU = r"""
$$z_t = \sigma(W_z x_t + U_z h_{t-1})$$
$$r_t = \sigma(W_r x_t + U_r h_{t-1})$$
$$n_t = \tanh(W_n x_t + U_n (r_t \odot h_{t-1}))$$
$$h_t = (1 - z_t) \odot n_t + z_t \odot h_{t-1}$$
"""


def last(text: str, formula: str):
    document = document_from_text(f"{text}\n\n$${formula}$$\n", "text.md")
    return [j.verdict for j in audit(document) if j.place.line == text.count("\n") + 3]


def plain(latex: str) -> str:
    (formula,) = document_from_text(f"$${latex}$$", "t.md").formulas
    return " ".join(plainly_set(without_escapes(formula)).latex.split())


@pytest.mark.parametrize("said", [r", \quad g \in \{f, o\}", r"\quad (g ∈ \{f, o\})"])
def test_a_formula_about_every_gate_is_judged_for_each(said: str) -> None:
    claim = rf"\frac{{\partial L}}{{\partial W_g}} = \sum_t \delta^g_t x_t^\top {said}"
    found = last(CELL + DELTAS, claim)
    assert len(found) == 2
    assert all(v.is_right for v in found)


JOINTS = r"""
$$a_{f,t} = W_{fx} x_t + W_{fh} h_{t-1}, \quad f_t = \sigma(a_{f,t})$$
$$a_{o,t} = W_{ox} x_t + W_{oh} h_{t-1}, \quad o_t = \sigma(a_{o,t})$$
$$h_t = f_t \odot h_{t-1} + o_t \odot x_t$$
With SAID, $\delta_{q,t} = \partial L/\partial a_{q,t}$:
$$\frac{\partial L}{\partial W_{qh}} = \sum_t \delta_{q,t} h_{t-1}^\top, \qquad b_t = 1$$
$$\frac{\partial L}{\partial W_{qx}} = \sum_t \delta_{q,t} h_{t-1}^\top$$
$$\frac{\partial L}{\partial x_t} = \delta_{h,t} \odot o_t + \sum_{SUM} W_{qx}^\top \delta_{q,t}.$$
$$\frac{\partial L}{\partial x_t} = \delta_{h,t} \odot o_t + \sum_q W_{qh}^\top \delta_{q,t}.$$
"""


@pytest.mark.parametrize(
    ("said", "summed"),
    [
        (r"$q \in \{f, o\}$", "q"),
        (r"$q$ one of $\{f, o\}$", r"q \in \{f, o\}"),
        (r"$\mathcal{G} = \{f, o\}$ and $q \in \mathcal{G}$", r"q \in \mathcal{G}"),
        (r"$q \in G = \{f, o\}$", r"q = f, o"),
    ],
)
def test_a_letter_for_gates_beside_what_their_weights_multiply(said: str, summed: str) -> None:
    text = JOINTS.replace("SAID", said).replace("SUM", summed)
    found: dict[int, list[bool]] = {}
    for j in audit(document_from_text(text, "text.md")):
        if j.place.line > 5 and j.verdict.verdict != "not_a_claim":
            found.setdefault(j.place.line, []).append(j.verdict.is_right)
    assert found == {6: [True, True], 7: [False, False], 8: [True], 9: [False]}


STARS = r"""
$$\bar{\bf}^t = \bW_f \bx^t + \bR_f \by^{t-1}, \quad \bf^t = \sigma(\bar{\bf}^t)$$
$$\bar{\bo}^t = \bW_o \bx^t + \bR_o \by^{t-1}, \quad \bo^t = \sigma(\bar{\bo}^t)$$
$$\by^t = \bf^t \odot \by^{t-1} + \bo^t \odot \bx^t$$
$$\delta\bar{\bf}^t = \delta\by^t \odot \by^{t-1} \odot \sigma'(\bar{\bf}^t)$$
$$\delta\bar{\bo}^t = \delta\by^t \odot \bx^t \odot \sigma'(\bar{\bo}^t)$$
SAID
$$\delta\bW_\star = \sum_t \langle \delta\star^t, \bx^t \rangle$$
$$\delta\bR_\star = \sum_t \langle \delta\star^{t+1}, \by^{t+1} \rangle$$
where $\langle \cdot, \cdot \rangle$ is the outer product of two vectors.
"""


def starred(said: str) -> str:
    return re.sub(r"\\b([foWRxy])(?![a-z])", r"\\mathbf{\1}", STARS).replace("SAID", said)


@pytest.mark.parametrize(
    "said", ["", r"Here $\star$ is any of $\{\bar{\mathbf{f}}, \bar{\mathbf{o}}\}$."]
)
def test_a_star_may_be_the_name_of_every_gate(said: str) -> None:
    text = starred(said)
    judged = [j.verdict for j in audit(document_from_text(text, "t.md")) if j.place.line > 7]
    assert [v.is_right for v in judged] == [True, True, False, False]
    assert [v.verdict for v in judged[2:]] == ["wrong", "wrong"]


def test_the_best_weights_are_no_gates() -> None:
    text = starred("").split(r"$$\delta\mathbf{W}")[0]
    text += r"$$\|\mathbf{W} - \mathbf{W}_\star\| + \|\mathbf{R}_\star\| \le 1$$"
    given = document_from_text(text, "t.md").formulas
    assert for_each_gate(given) == list(given)


def test_a_formula_about_every_gate_may_be_wrong() -> None:
    claim = r"\frac{\partial L}{\partial W_g} = \sum_t \delta^g_t h_{t-1}^\top, g \in \{f, o\}"
    assert {v.verdict for v in last(CELL + DELTAS, claim)} == {"wrong"}


@pytest.mark.parametrize("sign", ["*", r"\star", r"\ast"])
def test_a_sign_may_stand_for_every_gate(sign: str) -> None:
    claim = (
        rf"\frac{{\partial L}}{{\partial W_{sign}}} = \sum_t \delta_{{{sign},t}} x_t^\top, "
        rf"\quad {sign} \in \{{f, o\}}"
    )
    text = CELL + DELTAS.replace(r"\delta^f_t", r"\delta_{f,t}").replace(
        r"\delta^o_t", r"\delta_{o,t}"
    )
    assert [v.is_right for v in last(text, claim)] == [True, True]
    claim = claim.replace("x_t^", "h_{t-1}^")
    assert [v.verdict for v in last(text, claim)] == ["wrong", "wrong"]


def test_a_sign_for_every_gate_may_be_a_name_itself() -> None:
    given = document_from_text(
        r"$$W_\star = \delta\star_t x, \quad \star \in \{\bar{\mathbf z}, \bar f\}$$"
        r"$$W_\star = \delta\bar{\star}_t x * y \star z, \star \in \{f, i\}$$",
        "t.md",
    ).formulas
    assert ["".join(f.latex.split()) for f in for_each_gate(given)] == [
        r"W_z=\delta\bar{\mathbf{z}}_tx",
        r"W_f=\delta\barf_tx",
        r"W_f=\delta\bar{f}_tx*y\starz",
        r"W_i=\delta\bar{i}_tx*y\starz",
    ]


def test_a_sum_over_gates_is_written_out() -> None:
    formulas = document_from_text(r"$$a = \sum_{g \in \{f, i, o\}} U_g^\top \delta_g + b$$", "t.md")
    (found,) = for_each_gate(formulas.formulas)
    assert "".join(found.latex.split()) == (
        r"a=U_f^\top\delta_f+U_i^\top\delta_i+U_o^\top\delta_o+b"
    )


def test_letters_of_units_are_no_gates() -> None:
    text = r"$$\frac{\partial h_k}{\partial x_j} = W_{kj} \quad k \in \{1, 2, n\}$$"
    given = document_from_text(text, "t.md").formulas
    assert for_each_gate(given) == list(given)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (r"W\_{hh} h\_{t-1}", "W_{hh} h_{t-1}"),
        (r"\text{d\_next} + a", r"\text{d\_next} + a"),
        (r"\large a_t = b", "a_t = b"),
        (r"dW \mathrel{+}= \delta_t x_t^\top", r"dW += \delta_t x_t^\top"),
        (r"\frac{\delta L}{\delta h_t}", r"\frac{\partial L}{\partial h_t}"),
        (r"\frac{\delta_t}{\delta_k}", r"\frac{\delta_t}{\delta_k}"),
        (r"\partial b = \sum_k \delta_t", r"\partial b = \delta_t"),
        (r"\partial b = \sum_k \delta_k", r"\partial b = \sum_k \delta_k"),
        (r"\boldsymbol{\delta}_t = 0", r"\delta _t = 0"),
    ],
)  # fmt: skip
def test_marks_that_say_nothing(written: str, meant: str) -> None:
    assert plain(written) == meant


def test_the_step_may_stand_beside_a_gate() -> None:
    claim = r"\frac{\partial h_t}{\partial zt} = h_{t-1} - nt"
    assert [v.is_right for v in last(GRU, claim)] == [True]


def test_arguments_of_gates_may_carry_their_step() -> None:
    text = CELL.replace("_t", "^{(t)}").replace("_{t-1}", "^{(t-1)}")
    claim = (
        r"\frac{\partial L}{\partial z_o^{(t)}} = "
        r"\frac{\partial L}{\partial o^{(t)}} \odot o^{(t)} \odot (1 - o^{(t)})"
    )
    assert last(text, claim)[0].is_right
    assert last(text, claim.replace("(1 - o", "(1 + o"))[0].verdict == "wrong"


def test_each_derivative_in_a_sum_may_be_that_of_its_own_equation() -> None:
    """The path from r to n counts once: through r's own gradient."""
    claim = (
        r"\frac{\partial L}{\partial x_t} = \frac{\partial L}{\partial n_t}"
        r"\frac{\partial n_t}{\partial x_t} + \frac{\partial L}{\partial r_t}"
        r"\frac{\partial r_t}{\partial x_t} + \frac{\partial L}{\partial z_t}"
        r"\frac{\partial z_t}{\partial x_t}"
    )
    (found,) = last(GRU, claim)
    assert found.is_right
    assert ONE_EQUATION in found.readings
    (found,) = last(GRU, claim.replace(r"+ \frac{\partial L}{\partial z_t}", "%").split("%")[0])
    assert found.verdict == "wrong"


def test_the_loss_of_a_step_counts_with_its_factor() -> None:
    text = r"""
$$h_t = \tanh(W x_t + U h_{t-1}), \quad \hat{y}_t = V h_t$$
$$L_t = \frac{1}{2} (\hat{y}_t - y_t)^2 \quad L = \frac{1}{T} \sum_{t=1}^{T} L_t$$
"""
    claim = r"\frac{\partial L}{\partial V} = \sum_{t=1}^{T} \frac{\partial L_t}{\partial V}"
    (found,) = last(text, claim)
    assert WITH_FACTOR in found.readings
    (found,) = last(text, claim.replace("= ", "= 2 "))
    assert found.verdict == "wrong"


def test_a_delta_beside_the_gradient_by_its_gate_is_by_the_argument() -> None:
    row = r"\delta^o_t = \frac{\partial L}{\partial o_t} \odot o_t \odot (1 - o_t)"
    for claim in (row, row.replace(r"\delta^o_t", r"\delta o_t")):
        assert last(CELL, claim)[0].is_right
        assert last(CELL, claim.replace(r"(1 - o_t)", r"(1 - o_t^2)"))[0].verdict == "wrong"


LSTM = r"""
$$f_t = \sigma(W_f [h_{t-1}, x_t] + b_f)$$
$$o_t = \sigma(W_o [h_{t-1}, x_t] + b_o)$$
$$c_t = f_t \odot c_{t-1} + x_t, \quad h_t = o_t \odot \tanh(c_t)$$
"""
MARKED = (
    LSTM
    + r"""
$$d_{o_t} = g_{h_t} \odot \tanh(c_t)$$
$$g_{c_t}^{\text{total}} = g_{c_t} + g_{h_t} \odot o_t \odot (1 - \tanh^2(c_t))$$
$$d_{f_t} = g_{c_t}^{\text{total}} \odot c_{t-1}$$
$$g_{c_{t-1}} = g_{c_t}^{\text{total}} \odot f_t$$
$$\delta_{f_t} = d_{f_t} \odot f_t \odot (1 - f_t), \quad \delta_{o_t} = d_{o_t} \odot o_t \odot (1 - o_t)$$
$$g_{W_f} \mathrel{+}= \delta_{f_t} [h_{t-1}, x_t]^\top$$
"""  # noqa: E501
)


def verdicts(text: str) -> list[str]:
    found = [j.verdict.verdict for j in audit(document_from_text(text, "text.md"))]
    return [v for v in found if v != "not_a_claim"]


def test_letters_that_mark_gradients_with_their_variable_below() -> None:
    assert verdicts(MARKED) == ["right_under_reading"] * 7
    slip = MARKED.replace(r"\odot c_{t-1}$", r"\odot c_t$").replace(r"\odot f_t$", r"\odot o_t$")
    assert set(verdicts(slip)) == {"right_under_reading", "wrong", "undecided"}


def test_words_for_the_joined_vector() -> None:
    for name in (r"\text{concat}", r"x_{\text{concat}, t}", "concat_t"):
        text = f"$${name} = [h_{{t-1}}, x_t]$$\n" + LSTM.replace("[h_{t-1}, x_t]", name)
        gradient = rf"d{name} = W_f^\top df_t + W_o^\top do_t, \quad dW_f = df_t {name}^\top"
        assert [v.is_right for v in last(text, gradient)] == [True, True], name
    # No slip of the catalogue explains it, and what the marks mean is a guess.
    (found,) = last(text, r"dconcat_t = W_f^\top df_t")
    assert found.verdict == "undecided"


def test_slices_of_the_gradient_by_a_joined_vector() -> None:
    text = "$$v_t = [h_{t-1}, x_t]$$\n" + LSTM.replace("[h_{t-1}, x_t]", "v_t")
    text = text.replace("+ x_t,", ",")
    claim = r"\frac{\partial L}{\partial x_t} = \frac{\partial L}{\partial v_t}[n:]"
    (found,) = last(text, claim)
    assert found.is_right
    assert last(text, claim.replace("n:", ":n"))[0].verdict != "right"


def test_gates_under_headings_of_their_own_make_one_cell() -> None:
    """``W_i`` in the equation of i does not start another recurrence."""
    cell = LSTM.replace("o_t", "i_t").replace("_o", "_i")
    text = "\n".join(f"## Part {k}\n{line}" for k, line in enumerate(cell.strip().split("\n")))
    claim = r"\frac{\partial h_t}{\partial h_{t-1}} = \frac{\partial h_t}{\partial i_t} " \
            r"\frac{\partial i_t}{\partial h_{t-1}} + \frac{\partial h_t}{\partial c_t} " \
            r"\frac{\partial c_t}{\partial h_{t-1}}"  # fmt: skip
    (found,) = last(text, claim)
    assert found.is_right
    assert not any("activations" in a for a in found.assumptions)


def test_a_matrix_of_numbers_defines_nothing() -> None:
    text = LSTM.replace("o_t", "i_t").replace("_o", "_i") + "\n$$W_i = [[0.4, 0.1]]$$\n"
    (found,) = last(text, r"\frac{\partial c_t}{\partial f_t} = c_{t-1}")
    assert found.is_right and not found.assumptions


def test_a_loss_that_runs_is_the_whole_loss() -> None:
    text = r"""
$$h_t = \tanh(W h_{t-1} + U x_t)$$
$$L_t = \begin{cases} l_t + L_{t+1} & t < T \\ l_t & t = T \end{cases}$$
"""
    claim = (
        r"\frac{\partial L_t}{\partial h_t} = \frac{\partial l_t}{\partial h_t} + "
        r"\frac{\partial L_{t+1}}{\partial h_t}"
    )
    assert last(text, claim)[0].is_right
    back = claim.replace(r"{\partial h_t}", r"{\partial h_{t+1}}").split("=")[0]
    assert back  # the loss of a later step is that of the later steps alone
    wrong = claim.replace(r"l_t}{\partial h_t}", r"l_t}{\partial h_t} W")
    assert last(text, wrong)[0].verdict != "right"


def test_the_loss_of_a_delta_is_the_one_that_its_line_names() -> None:
    text = LSTM + r"$$\delta h_t = \frac{\partial E_t}{\partial h_t}$$" + "\n"
    claim = r"\frac{\partial E_t}{\partial o_t} = \delta h_t \odot \tanh(c_t)"
    assert last(text, claim)[0].is_right
    assert last(text, claim.replace("tanh", "sigma"))[0].verdict == "wrong"


def test_an_operand_in_words_is_something_that_comes_in() -> None:
    text = "# LSTM\n$$c_t = c_{t-1} + (\\text{what is new})$$\n"
    (found,) = last(text, r"\frac{\partial c_t}{\partial c_{t-1}} = 1")
    assert found.is_right


def test_an_arrow_from_one_equation_to_the_next_claims_nothing() -> None:
    text = r"$$c_t = c_{t-1} + x_t \quad\longrightarrow\quad c_t = f_t \odot c_{t-1} + x_t$$"
    assert verdicts("# Cells\n" + text) == []


def test_dollars_with_spaces_inside() -> None:
    text = LSTM.replace("$$", "$").replace("$\n$", "$\n\n$")
    spaced = "\n".join(
        f"$ {line[1:-1]} $" if line.startswith("$") else line for line in text.splitlines()
    )
    document = document_from_text(spaced + "\n\nfor 5 $ or 6 $ a piece, and $ x $ too", "t.md")
    assert len([*document.formulas, *document.plain]) == 3


def test_a_function_that_is_not_read_takes_no_definition_with_it() -> None:
    text = "A layer is $g(x) = \\sigma(W x + b)$.\n" + LSTM
    (found,) = last(text, r"\frac{\partial h_t}{\partial o_t} = \tanh(c_t)")
    assert found.is_right and not found.assumptions


@pytest.mark.parametrize(
    ("claim", "right"),
    [
        (r"\frac{\partial \alpha_{ti}}{\partial e_{tj}} = \alpha_{ti} (\delta_{ij} - \alpha_{tj})",
         True),
        (r"\frac{\partial q_i}{\partial u_k} = q_i (\mathbb{1}[i=k] - q_k)", True),
        (r"\frac{\partial q_i}{\partial u_k} = q_k (\delta_{ik} - q_i)", True),
        (r"\frac{\partial q_i}{\partial u_k} = q_i (\delta_{ik} + q_k)", False),
        (r"\frac{\partial q_i}{\partial u_k} = q_k (\delta_{ik} - q_k)", False),
    ],
)  # fmt: skip
def test_the_derivative_of_a_softmax_by_its_entries(claim: str, right: bool) -> None:
    (found,) = last(LSTM, claim)
    assert found.is_right == right


def test_gradients_without_their_step() -> None:
    text = LSTM + "$$do = dh \\odot \\tanh(c_t)$$\n"
    assert last(text, r"df = dct \odot c_{t-1}")[0].is_right
    assert last(text, r"df = dct \odot c_t")[0].verdict == "wrong"


def test_a_name_that_says_that_it_joins_and_a_dot_that_was_a_sign() -> None:
    text = LSTM.replace(r"W_f [", r"W_f \dot{[").replace("x_t] + b_f", "x_t]} + b_f")
    claim = r"dW_o += do_t \cdot concat_t^\top"
    assert last(text, claim)[0].is_right
    assert not last(text, claim.replace("do_t", "df_t"))[0].is_right


def test_a_step_of_a_mean_counts_with_its_factor_beside_the_whole_loss() -> None:
    text = r"""
$$h_t = \tanh(W x_t + U h_{t-1}), \quad \hat{y}_t = V h_t$$
$$L_t = \frac{1}{2} (\hat{y}_t - y_t)^2 \quad L = \frac{1}{T} \sum_{t=1}^{T} L_t$$
"""
    claim = (
        r"\frac{\partial L}{\partial h_t} = \frac{\partial L_t}{\partial h_t} + "
        r"\frac{\partial L}{\partial h_{t+1}} \frac{\partial h_{t+1}}{\partial h_t}"
    )
    assert last(text, claim)[0].is_right
    alone = r"\frac{\partial L}{\partial h_T} = \frac{\partial L_T}{\partial h_T}"
    assert last(text, alone)[0].verdict == "wrong"


def test_a_name_for_what_a_sequence_is_at_last_is_no_way_to_the_loss() -> None:
    text = r"""
$$m_t = f_t \odot c_{t-1} + x_t$$
$$h_t = \tanh(m_t), \quad c_t = m_t$$
$$L = \sum_{t=1}^{T} E(h_t)$$
"""
    claim = r"\frac{\partial L}{\partial c_T} = \frac{\partial L}{\partial h_T} \odot (1 - h_T^2)"
    assert last(text, claim)[0].verdict == "undecided"
    assert last(text, claim.replace("c_T", "m_T"))[0].is_right


def test_definitions_beside_the_recurrence_claim_nothing() -> None:
    attention = r"$$S = \frac{Q^\top K}{\sqrt{d}}$$" + "\n" + r"$$v_i = \sum_j a_{ij} q_j$$" + "\n"
    assert verdicts(LSTM + attention) == []


def test_a_line_may_end_between_dollars_with_spaces_inside() -> None:
    (found,) = audit(
        document_from_text("$ h_t = o_t \\odot\n\\tanh(c_t) $ is the state", "t.md")
    )
    assert found.latex.endswith(r"\tanh(c_t)")


HIGHWAY = "\n\n".join(
    f"$${line}$$"
    for line in (
        r"z_t = \sigma(W^z x_t + U^z h_{t-1} + b^z)",
        r"n_t = \tanh(W^n x_t + U^n h_{t-1} + b^n)",
        r"h_t = z_t \odot n_t + (1 - z_t) \odot h_{t-1}",
    )
)
OF_STEP = (
    r"\frac{\partial h_t}{\partial h_{t-1}} = \operatorname{diag}(1 - z_t) + \operatorname{diag}"
    r"((n_t - h_{t-1}) \odot z_t \odot (1 - z_t)) U^z + "
    r"\operatorname{diag}(z_t \odot (1 - n_t^2)) %s"
)


@pytest.mark.parametrize(("weight", "expected"), [("U^n", "right"), ("U^z", "wrong")])
def test_a_letter_that_names_a_gate_is_no_power(weight: str, expected: str) -> None:
    assert verdicts(f"{HIGHWAY}\n\n$${OF_STEP % weight}$$\n")[-1] == expected
