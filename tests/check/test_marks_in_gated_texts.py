r"""Marks for gradients in texts on gated cells: ``\nabla_{h_t}``, ``δ_h`` beside a candidate."""

from __future__ import annotations

import time

import pytest

from bptt_sym.check.audit import audit
from bptt_sym.documents.document import document_from_text
from bptt_sym.spelling.applied_names import with_names_for_applied
from bptt_sym.spelling.bare_nablas import with_losses_for_nablas
from bptt_sym.spelling.glued_steps import with_commas_before_steps
from bptt_sym.spelling.named_at_the_end import with_names_at_the_end
from bptt_sym.spelling.slashed import with_bars_for_slashes

GRU = r"""
$$z_t = \sigma(W_z [h_{t-1}, x_t] + b_z)$$
$$r_t = \sigma(W_r [h_{t-1}, x_t] + b_r)$$
$$\tilde h_t = \tanh(W_h [r_t \odot h_{t-1}, x_t] + b_h)$$
$$h_t = (1-z_t) \odot h_{t-1} + z_t \odot \tilde h_t$$
"""
LSTM = r"""
$$f_t = \sigma(W_f x_t + U_f h_{t-1} + b_f)$$
$$i_t = \sigma(W_i x_t + U_i h_{t-1} + b_i)$$
$$g_t = \tanh(W_g x_t + U_g h_{t-1} + b_g)$$
$$o_t = \sigma(W_o x_t + U_o h_{t-1} + b_o)$$
$$c_t = f_t \odot c_{t-1} + i_t \odot g_t$$
$$h_t = o_t \odot \tanh(c_t)$$
"""


def verdicts(text: str, claims: list[str]) -> list[str]:
    """What is said of each of ``claims``, displayed behind ``text``."""
    whole = text + "\n".join(f"$${claim}$$" for claim in claims) + "\n"
    first = text.count("\n") + 1
    found: dict[int, str] = {}
    for j in audit(document_from_text(whole, "t.md")):
        if found.get(j.place.line - first, "not_a_claim") == "not_a_claim":
            found[j.place.line - first] = j.verdict.verdict
    return [found[k].replace("right_under_reading", "right") for k in range(len(claims))]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (r"a = ∂L/∂f_t ⊙ f_t", r"a = \frac{\partial L}{\partial f_t} ⊙ f_t"),
        (r"\partial L / \partial h_{t+1} = 0", r"\frac{\partial L}{\partial h_{t+1}} = 0"),
        (r"∂E_t/∂\tilde{c}_t = b", r"\frac{\partial E_t}{\partial \tilde{c}_t} = b"),
        (r"∂h^{(t)}/∂W_{hh} = b", r"\frac{\partial h^{(t)}}{\partial W_{hh}} = b"),
        (r"∂L/∂W_xh = b", r"∂L/∂W_xh = b"),
        (r"∂L/∂h_t^T = b", r"∂L/∂h_t^T = b"),
        (r"∂^2 L/∂w^2 = b", r"∂^2 L/∂w^2 = b"),
        (r"∂L/∂h(t) = b", r"∂L/∂h(t) = b"),
    ],
)
def test_a_slash_is_a_bar_between_two_names(written: str, meant: str) -> None:
    (formula,) = document_from_text(f"$${written}$$", "t.md").formulas
    assert " ".join(with_bars_for_slashes(formula).latex.split()) == meant


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (r"\nabla_{h_t} = 0", r"\frac{\partial J}{\partial h_t} = 0"),
        (r"a = \nabla_{h_t} \odot b", r"a = \frac{\partial J}{\partial h_t} \odot b"),
        (r"a = \nabla_{h_t}^\top b", r"a = \left(\frac{\partial J}{\partial h_t}\right)^{\top} b"),
        (r"a = \nabla_{h_t} L + b", r"a = \nabla_{h_t} L + b"),
        (r"a = \nabla_{h_t} \mathcal{L}", r"a = \nabla_{h_t} \mathcal{L}"),
    ],
)
def test_a_nabla_with_nothing_behind_it_is_of_the_loss(written: str, meant: str) -> None:
    formulas = document_from_text(f"$${written}$$", "t.md").formulas
    assert [f.latex for f in with_losses_for_nablas(formulas, "J")] == [meant]


def test_a_line_may_say_what_a_nabla_is_of() -> None:
    text = r"$$\nabla_{h_t} = \frac{\partial E_t}{\partial h_t}$$ $$a = \nabla_{c_t} \odot b$$"
    formulas = document_from_text(text, "t.md").formulas
    assert with_losses_for_nablas(formulas, "L")[1].latex == (
        r"a = \frac{\partial E_t}{\partial c_t} \odot b"
    )


def test_gradients_without_their_loss_in_a_gru() -> None:
    claims = [
        r"\frac{\partial J}{\partial z_t} = \nabla_{h_t} \odot (\tilde h_t - h_{t-1})",
        r"\delta_z = \nabla_{h_t} \odot (\tilde h_t - h_{t-1}) \odot z_t \odot (1-z_t)",
        r"\delta_h = \nabla_{h_t} \odot z_t \odot (1-\tilde h_t^2)",
        r"\delta_r = \nabla_{r_t} \odot r_t \odot (1-r_t)",
        r"\frac{\partial J}{\partial W_h} = \sum_{t=1}^T \delta_h [r_t \odot h_{t-1}, x_t]^T",
        r"\frac{\partial J}{\partial W_h} = \sum_{t=1}^T \delta_h [h_{t-1}, x_t]^T",
    ]
    assert verdicts(GRU, claims) == ["right"] * 5 + ["wrong"]


def test_a_mark_that_was_not_understood_accuses_nobody() -> None:
    claims = [
        r"\frac{\partial J}{\partial z_t} = g_t \odot (\tilde h_t - h_{t-1})",
        r"\frac{\partial J}{\partial \tilde h_t} = \frac{\partial J}{\partial h_t} \odot z_t",
        r"\delta_z = \frac{\partial J}{\partial h_t} \odot (\tilde h_t - h_{t-1})"
        r" \odot z_t \odot (1-z_t)",
        r"\delta_r = \xi_t \odot r_t \odot (1-r_t)",
        r"\delta_h = q_t \odot s(\tilde h_t)",
        r"\frac{\partial J}{\partial W_h} = \sum_{t=1}^T \delta_h [r_t \odot h_{t-1}, x_t]^T",
    ]
    assert "wrong" not in verdicts(GRU, claims)


def test_one_argument_may_have_two_names() -> None:
    claims = [
        r"\frac{\partial L}{\partial a_f} = \frac{\partial L}{\partial f_t} \odot f_t"
        r" \odot (1 - f_t)",
        r"\delta^f_t = \frac{\partial L}{\partial f_t} \odot f_t \odot (1 - f_t)",
        r"\delta^f_t = \frac{\partial L}{\partial f_t} \odot f_t \odot (1 + f_t)",
    ]
    assert verdicts(LSTM, claims) == ["right", "right", "wrong"]


def test_stacked_biases_go_with_stacked_weights() -> None:
    claims = [
        r"\delta_t = \left[\frac{\partial L}{\partial a_f}; \frac{\partial L}{\partial a_i};"
        r" \frac{\partial L}{\partial a_g}; \frac{\partial L}{\partial a_o}\right]",
        r"\frac{\partial L}{\partial W} = \sum_{t=1}^T \delta_t x_t^\top",
        r"\frac{\partial L}{\partial b} = \sum_{t=1}^T \delta_t",
        r"\frac{\partial L}{\partial U} = \sum_{t=1}^T \delta_t x_t^\top",
    ]
    found = verdicts(LSTM, claims)
    assert found[1:] == ["right", "right", "wrong"]


def test_a_gru_that_is_only_named_resets_before_the_matrix() -> None:
    text = r"A GRU has the gates $z_t$, $r_t$, a candidate $\tilde h_t$, and $W_{hh}$, $W_{hx}$:"
    claim = (
        r"\frac{\partial \tilde h_t}{\partial r_t} = \mathrm{diag}(1 - \tilde h_t^2)"
        r" W_{hh} \mathrm{diag}(h_{t-1})"
    )
    assert verdicts(text + "\n", [claim]) == ["right"]
    (entry,) = audit(document_from_text(f"{text}\n$${claim}$$\n", "t.md"))
    assert len(set(entry.verdict.assumptions)) == len(entry.verdict.assumptions)


@pytest.mark.parametrize(
    "text",
    [
        "∂L/" * 3000, r"\nabla_{" * 3000, r"\frac{\partial" * 3000, "= " * 3000,
        "∂" + "{a" * 3000 + "/∂b", "d" * 9000, "dZ_f " * 3000,
    ],
)  # fmt: skip
def test_the_patterns_are_linear(text: str) -> None:
    (formula,) = document_from_text(r"$$a = b$$", "t.md").formulas
    hostile = type(formula)(formula.source, text, [0] * (len(text) + 1), True)
    start = time.process_time()
    with_bars_for_slashes(hostile)
    with_losses_for_nablas([hostile], "L")
    with_names_at_the_end([hostile])
    with_names_for_applied([hostile])
    with_commas_before_steps([hostile])
    assert time.process_time() - start < 2


def test_an_activation_may_be_differentiated_by() -> None:
    claims = [
        r"\frac{\partial h_t}{\partial \tanh(c_t)} = o_t",
        r"\frac{\partial L}{\partial \tanh(c_t)} = \frac{\partial L}{\partial h_t} \odot o_t",
        r"\frac{\partial h_t}{\partial c_t} = \frac{\partial h_t}{\partial \tanh(c_t)}"
        r" \frac{\partial \tanh(c_t)}{\partial c_t}",
        r"\frac{\partial h_t}{\partial \tanh(c_t)} = f_t",
        r"\frac{\partial L}{\partial \tanh(c_t)} = \frac{\partial L}{\partial h_t} \odot i_t",
    ]
    assert verdicts(LSTM, claims) == ["right"] * 3 + ["wrong"] * 2


def test_a_name_may_be_given_at_the_end() -> None:
    claims = [
        r"\frac{\partial L}{\partial h_t} = \delta_t",
        r"\frac{\partial L}{\partial o_t} = \delta_t \odot \tanh(c_t) = \epsilon_t",
        r"\frac{\partial L}{\partial W_o} = \sum_t (\epsilon_t \odot o_t \odot (1 - o_t)) x_t^\top",
        r"\frac{\partial L}{\partial o_t} = \delta_t \odot c_t",
        r"\frac{\partial L}{\partial W_o} = \sum_t \epsilon_t x_t^\top",
    ]
    assert verdicts(LSTM, claims) == ["not_a_claim"] + ["right"] * 2 + ["wrong"] * 2


@pytest.mark.parametrize(
    "text",
    [
        r"\delta_t = a \\ \frac{\partial L}{\partial h_t} = \delta_t",
        r"\frac{\partial L}{\partial h_t} = \delta_t + b",
        r"\frac{\partial L}{\partial h_t} \frac{\partial h_t}{\partial w} = \delta_t",
        r"h_t = \delta_t",
        r"\frac{\partial h_t}{\partial h_k} = \delta_{tk}",
    ],
)
def test_not_every_last_letter_is_a_new_name(text: str) -> None:
    formulas = document_from_text(f"$${text}$$", "t.md").formulas
    assert [f.latex for f in with_names_at_the_end(formulas)] == [text]


CODE = r"""
```
do_t = dh_t * tanh(c_t)
dc_tilde = dc_t * i_t
dZ_f = df_t * f_t * (1 - f_t)
dZ_c = dc_tilde * (1 - c_tilde^2)
dZ_o = do_t * f_t * (1 - f_t)
```
"""


def test_code_names_gradients_inside_gates_and_of_candidates() -> None:
    text = LSTM.replace("g_t", r"\tilde{c}_t").replace("_g", "_c") + CODE
    found = {
        j.latex.partition("=")[0].strip(): j.verdict
        for j in audit(document_from_text(text, "t.md"))
    }
    assert found["do_t"].is_right and found[r"d\tilde{c}"].is_right
    assert found["dZ_f"].is_right and found["dZ_c"].is_right
    assert found["dZ_o"].verdict == "wrong"


def test_a_gradient_by_a_joined_vector_may_be_cut_under_its_mark() -> None:
    text = r"$$z_t = [h_{t-1}; x_t]$$" + "\n" + LSTM.replace(
        r"_f x_t + U_f h_{t-1}", "_f z_t").replace(r"_i x_t + U_i h_{t-1}", "_i z_t").replace(
        r"_g x_t + U_g h_{t-1}", "_g z_t").replace(r"_o x_t + U_o h_{t-1}", "_o z_t")
    claims = [r"dx_t = dz_t[H:]", r"dx_t = dz_t[:H]"]
    right, turned = verdicts(text, claims)
    assert right == "right"
    assert turned != "right"


GREEK = r"""
$$a_{\iota,t} = W_\iota x_t + U_\iota h_{t-1}, \quad a_{\phi,t} = W_\phi x_t + U_\phi h_{t-1}$$
$$i_t = \sigma(a_{\iota,t}), \quad f_t = \sigma(a_{\phi,t}), \quad u_t = \tanh(W_c x_t)$$
$$c_t = f_t \odot c_{t-1} + i_t \odot u_t, \quad h_t = \tanh(c_t)$$
"""


def test_greek_letters_are_labels_of_gates() -> None:
    gradient = r"\frac{\partial L}{\partial c_t} \odot %s \odot f_t \odot (1 - f_t)"
    claims = [
        r"\frac{\partial L}{\partial a_{\phi,t}} = " + gradient % "c_{t-1}",
        r"\frac{\partial L}{\partial W_\phi} = \sum_{t=1}^T"
        r" \frac{\partial L}{\partial a_{\phi,t}} x_t^\top",
        r"\frac{\partial L}{\partial a_{\phi,t}} = " + gradient % "u_t",
        r"\frac{\partial L}{\partial W_\phi} = \sum_{t=1}^T"
        r" \frac{\partial L}{\partial a_{\iota,t}} x_t^\top",
    ]
    assert verdicts(GREEK, claims) == ["right", "right", "wrong", "wrong"]


def test_a_bar_over_a_weight_with_the_letter_of_a_gate() -> None:
    claims = [
        r"\bar{f}_t = \bar{c}_t \odot c_{t-1}",
        r"\bar{o}_t = \bar{h}_t \odot \tanh(c_t)",
        r"\bar{W}_f = \sum_t (\bar{f}_t \odot f_t \odot (1 - f_t)) x_t^\top",
        r"\bar{W}_f = \sum_t \bar{f}_t x_t^\top",
    ]
    assert verdicts(LSTM, claims) == ["right"] * 3 + ["wrong"]


def test_the_rest_of_a_sum_may_be_left_open_beside_a_formula() -> None:
    sides = r"\frac{\partial c_t}{\partial f_t} = %s, \quad \frac{\partial h_t}{\partial h_{t-1}} "
    claims = [
        sides % r"\mathrm{diag}(c_{t-1})" + r"= \mathrm{diag}(o_t) W + \cdots",
        sides % r"\mathrm{diag}(g_t)" + r"= \mathrm{diag}(o_t) W + \cdots",
    ]
    assert verdicts(LSTM, claims) == ["right", "wrong"]


def test_what_is_0_from_a_start_of_0_is_not_right() -> None:
    text = r"""
$$f_t = \sigma(w x_t + u c_{t-1})$$
$$c_t = f_t c_{t-1}$$
"""
    claim = (
        r"\frac{\partial c_t}{\partial w} = f_t (1 - f_t) x_t c_{t+1}"
        r" + (f_t + f_t (1 - f_t) u c_{t+1}) \frac{\partial c_{t-1}}{\partial w}"
    )
    right, slip = verdicts(text, [claim.replace("t+1", "t-1"), claim])
    assert right == "right"
    assert slip in ("wrong", "undecided")


@pytest.mark.parametrize("prime", ["'", r"^{\prime}"])
def test_a_prime_at_the_end_of_a_gradient_by_a_matrix_is_a_transpose(prime: str) -> None:
    slope = r"\sum_{t=1}^T \left(\frac{\partial L}{\partial f_t} \odot f_t \odot (1 - f_t)\right) "
    joined = LSTM.replace("W_f x_t + U_f h_{t-1}", "W_f [h_{t-1}, x_t]")
    claims = [
        rf"\frac{{\partial L}}{{\partial U_f}} = {slope} h_{{t-1}}{prime}",
        rf"\frac{{\partial L}}{{\partial U_f}} = {slope} x_t{prime}",
    ]
    assert verdicts(LSTM, claims) == ["right", "wrong"]
    right = rf"\frac{{\partial L}}{{\partial W_f}} = {slope} [h_{{t-1}}, x_t]{prime}"
    claims = [right, right.replace("1 - f", "1 + f")]
    assert verdicts(joined, claims) == ["right", "wrong"]


def test_a_prime_of_a_name_that_is_given_is_no_transpose() -> None:
    text = LSTM + r"$$x_t' = W x_t$$" + "\n"
    claim = r"\frac{\partial L}{\partial U_f} = \sum_t \frac{\partial L}{\partial f_t} x_t'"
    assert verdicts(text, [claim]) != ["right"]


LAYER = r"""
$$z_t^{(l)} = \sigma(W_z^{(l)} h_t^{(l-1)} + U_z^{(l)} h_{t-1}^{(l)})$$
$$n_t^{(l)} = \tanh(W_n^{(l)} h_t^{(l-1)} + U_n^{(l)} h_{t-1}^{(l)})$$
$$h_t^{(l)} = z_t^{(l)} \odot h_{t-1}^{(l)} + (1 - z_t^{(l)}) \odot n_t^{(l)}$$
"""


@pytest.mark.parametrize(("mark", "below"), [("^{(l)}", "^{(l-1)}"), ("^l", "^{l-1}")])
def test_one_layer_of_several_has_the_layer_below_for_its_input(mark: str, below: str) -> None:
    slope = r"\mathrm{diag}(1 - (n_t^{(l)})^2)"
    error = r"\left(\frac{\partial L}{\partial n_t^{(l)}} \odot (1 - (n_t^{(l)})^2)\right)"
    update = rf"\frac{{\partial L}}{{\partial W_n^{{(l)}}}} = \sum_t {error} (%s)^\top"
    claims = [
        r"\frac{\partial h_t^{(l)}}{\partial z_t^{(l)}} = \mathrm{diag}(h_{t-1}^{(l)} - n_t^{(l)})",
        rf"\frac{{\partial n_t^{{(l)}}}}{{\partial h_t^{{(l-1)}}}} = {slope} W_n^{{(l)}}",
        update % "h_t^{(l-1)}",
        r"\frac{\partial h_t^{(l)}}{\partial z_t^{(l)}} = \mathrm{diag}(h_t^{(l-1)} - n_t^{(l)})",
        rf"\frac{{\partial n_t^{{(l)}}}}{{\partial h_t^{{(l-1)}}}} = {slope} U_n^{{(l)}}",
        update % "h_{t-1}^{(l)}",
    ]
    text, *claims = (
        c.replace("^{(l-1)}", below).replace("^{(l)}", mark) for c in (LAYER, *claims)
    )
    assert verdicts(text, claims) == ["right"] * 3 + ["wrong"] * 3


def test_a_part_of_the_ways_through_the_layer_below_is_not_all() -> None:
    part = r"\frac{\partial L}{\partial n_t^{(l)}} W_n^{(l)}"
    claims = [
        rf"\frac{{\partial L}}{{\partial h_t^{{(l-1)}}}} = {part}",
        r"\frac{\partial h_t^{(l)}}{\partial h_{t-1}^{(l-1)}} = W_n^{(l)}",
        rf"\frac{{\partial L}}{{\partial h_t^{{(l)}}}} = {part.replace('(l)', '(l+1)')}",
    ]
    assert "right" not in verdicts(LAYER, claims)


ARGUMENTS = r"""
$$%s$$
$$f_t = \sigma(z_{f,t}), \quad i_t = \sigma(z_{i,t}), \quad g_t = \tanh(z_{g,t})$$
$$c_t = f_t \odot c_{t-1} + i_t \odot g_t, \quad h_t = \tanh(c_t)$$
"""
EACH = r", \quad ".join(rf"z_{{{g},t}} = W_{g} x_t + U_{g} h_{{t-1}}" for g in "fig")
GENERIC = r"z_{k,t} = W_k x_t + U_k h_{t-1}"


def test_a_label_and_a_step_may_stand_without_a_comma() -> None:
    gradient = r"\frac{\partial L}{\partial c_t} \odot %s \odot f_t \odot (1 - f_t)"
    claims = [
        r"\frac{\partial L}{\partial z_{ft}} = " + gradient % "c_{t-1}",
        r"\frac{\partial L}{\partial z_{ft-1}} = "
        + (gradient % "c_{t-1}").replace("t-1", "t-2").replace("_t", "_{t-1}"),
        r"\frac{\partial L}{\partial z_{it}} = " + gradient % "g_t",
    ]
    text = (ARGUMENTS % EACH).replace(",t}", "t}")
    assert verdicts(text, claims) == ["right", "right", "wrong"]


def test_what_is_given_for_a_gate_in_general() -> None:
    claims = [
        r"\frac{\partial L}{\partial z_{f,t}} = \frac{\partial L}{\partial c_t} \odot c_{t-1}"
        r" \odot f_t \odot (1 - f_t)",
        r"\frac{\partial L}{\partial W_k} = \sum_t \frac{\partial L}{\partial z_{k,t}} x_t^\top",
        r"\frac{\partial L}{\partial U_k} = \sum_t \frac{\partial L}{\partial z_{k,t}} x_t^\top",
        r"\frac{\partial c_t}{\partial c_k} = \frac{\partial c_t}{\partial c_{t-1}}"
        r" \frac{\partial c_{t-1}}{\partial c_k}",
    ]
    found = verdicts(ARGUMENTS % GENERIC, claims)
    assert found[:3] == ["right", "right", "wrong"]
    assert found[3] != "wrong"  # k is a step there


@pytest.mark.parametrize(
    "text",
    [
        r"a_{it} = w_{ij} x_{jt}",
        r"f_t = \sigma(a_{ft}), i_t = \sigma(a_{it}), b = a_{jt}",
        r"W_{ft} = W_{it}",
    ],
)
def test_units_beside_steps_are_no_labels(text: str) -> None:
    formulas = document_from_text(f"$${text}$$", "t.md").formulas
    assert [f.latex for f in with_commas_before_steps(formulas)] == [text]
