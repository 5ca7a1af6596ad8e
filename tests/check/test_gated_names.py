"""How pages about gated networks name the arguments of gates, joined vectors and their parts."""

from __future__ import annotations

import re

import pytest

from bptt_sym.documents.document import Formula, document_from_text
from bptt_sym.spelling.epsilons import with_deltas_for_epsilons
from tests.check.audited import last, verdicts


def formulas_of(text: str) -> list[Formula]:
    return list(document_from_text(text, "n.md").formulas)


SPLIT = r"""
$$f_t = \sigma(A_f x_t + B_f h_{t-1} + d_f), \quad i_t = \sigma(A_i x_t + B_i h_{t-1} + d_i)$$
$$o_t = \sigma(A_o x_t + B_o h_{t-1} + d_o), \quad g_t = \tanh(A_g x_t + B_g h_{t-1} + d_g)$$
$$c_t = f_t \odot c_{t-1} + i_t \odot g_t$$
$$h_t = o_t \odot \tanh(c_t)$$
"""
JOINED = r"""
$$f_t = \sigma(A_f [h_{t-1}, x_t] + d_f), \quad i_t = \sigma(A_i [h_{t-1}, x_t] + d_i)$$
$$o_t = \sigma(A_o [h_{t-1}, x_t] + d_o), \quad g_t = \tanh(A_g [h_{t-1}, x_t] + d_g)$$
$$c_t = f_t \odot c_{t-1} + i_t \odot g_t$$
$$h_t = o_t \odot \tanh(c_t)$$
"""


@pytest.mark.parametrize(
    ("said", "right", "wrong"),
    [
        # One of the arguments is written down, the others are named alike.
        (
            r"Let $a^f_t = A_f x_t + B_f h_{t-1} + d_f$ and so on.",
            r"\partial L/\partial a^i_t = i_t \odot (1 - i_t) \odot \partial L/\partial i_t",
            r"\partial L/\partial a^i_t = (1 - i_t^2) \odot \partial L/\partial i_t",
        ),
        # All of them are, in displays with others.
        (
            r"$$u_t = h_t, \qquad a^f_t = A_f x_t + B_f h_{t-1} + d_f$$"
            r"$$v_t = h_t, \qquad a^i_t = A_i x_t + B_i h_{t-1} + d_i$$",
            r"\delta^f_{a,t} = f_t \odot (1 - f_t) \odot \partial L/\partial f_t",
            r"\delta^f_{a,t} = f_t \odot (1 + f_t) \odot \partial L/\partial f_t",
        ),
        # The letters of the argument and of the gate in one script.
        (
            r"$$\delta_c^{(t)} = \frac{\partial L}{\partial c_t}$$",
            r"\delta_{af}^{(t)} = \delta_c^{(t)} \odot c_{t-1} \odot f_t \odot (1 - f_t)",
            r"\delta_{af}^{(t)} = \delta_c^{(t)} \odot c_t \odot f_t \odot (1 - f_t)",
        ),
        # A bar for the argument, with a mark of the gradient before it.
        (
            r"Each gate is $f_t = \sigma(\bar{f}_t)$. $$\delta f_t = \delta c_t \odot c_{t-1}$$",
            r"\delta \bar{f}_t = \delta f_t \odot f_t \odot (1 - f_t)",
            r"\delta \bar{f}_t = \delta f_t \odot f_t \odot (1 + f_t)",
        ),
    ],
)  # fmt: skip
def test_arguments_of_gates_by_name(said: str, right: str, wrong: str) -> None:
    assert last(f"{SPLIT}\n{said}\n$${right}$$\n") == "right"
    assert last(f"{SPLIT}\n{said}\n$${wrong}$$\n") == "wrong"


def test_a_gradient_by_what_stands_nowhere_else_is_a_name_of_its_own() -> None:
    page = r"""
$$z_t = \sigma(x_t A_z + h_{t-1} B_z), \quad r_t = \sigma(x_t A_r + h_{t-1} B_r)$$
$$\hat{h}_t = \tanh(x_t A + (r_t \odot h_{t-1}) B)$$
$$h_t = z_t \odot h_{t-1} + (1 - z_t) \odot \hat{h}_t$$
$$d\hat{h}_t = dh_t \odot (1 - z_t), \quad dz_t = dh_t \odot (h_{t-1} - \hat{h}_t)$$
$$d\hat{a}_t = d\hat{h}_t \odot (1 - \hat{h}_t^2)$$
$$da^z_t = dz_t \odot z_t \odot (1 - z_t)$$
$$dr_t = (d\hat{a}_t B^T) \odot h_{t-1}$$
$$da^r_t = dr_t \odot r_t \odot (1 - r_t)$$
$$dB = \sum_t (r_t \odot h_{t-1})^T d\hat{a}_t$$
$$dh_{t-1} = dh_t \odot z_t + (d\hat{a}_t B^T) \odot r_t + da^z_t B_z^T + da^r_t B_r^T$$
$$dB_z = \sum_t x_t^T da^z_t$$
$$dB = \sum_t h_{t-1}^T d\hat{a}_t$$
"""
    found = verdicts(page)[4:]
    assert not {"wrong", "undecided", "unreadable"} & set(found[:-2])
    assert found[-2:] == ["wrong", "wrong"]


DELTAS = r"""
$$\delta f_t = \delta c_t \odot c_{t-1} \odot f_t \odot (1 - f_t)$$
$$\delta i_t = \delta c_t \odot g_t \odot i_t \odot (1 - i_t)$$
$$\delta o_t = \delta h_t \odot \tanh(c_t) \odot o_t \odot (1 - o_t)$$
$$\delta g_t = \delta c_t \odot i_t \odot (1 - g_t^2)$$
"""
SUM = r"A_f^T \delta f_t + A_i^T \delta i_t + A_o^T \delta o_t + A_g^T \delta g_t"


@pytest.mark.parametrize(
    ("formula", "verdict"),
    [
        (rf"\delta h_{{t-1}} = ({SUM})[:n]", "right"),
        (rf"\delta x_t = ({SUM})[n:]", "right"),
        (rf"\delta x_t = \left( {SUM} \right)_{{n+1:n+d}}", "right"),
        (rf"\delta x_t = ({SUM.replace('A_g^T', 'A_i^T')})[n:]", "undecided"),
    ],
)
def test_a_sum_over_the_gates_that_is_cut(formula: str, verdict: str) -> None:
    assert last(f"{JOINED}{DELTAS}$${formula}$$\n") == verdict


def test_the_other_half_of_a_sum_is_not_taken_for_the_one_that_is_meant() -> None:
    for formula in (rf"\delta x_t = ({SUM})[:n]", rf"\delta h_{{t-1}} = ({SUM})[n:]"):
        assert last(f"{JOINED}{DELTAS}$${formula}$$\n") != "right"


@pytest.mark.parametrize("name", ["v_t", r"\mathbf{x}_t"])
def test_slices_of_the_gradient_by_the_joined_vector(name: str) -> None:
    page = f"Let ${name} = [h_{{t-1}}; x_t]$.\n" + JOINED.replace("[h_{t-1}, x_t]", name)
    by = rf"\frac{{\partial L}}{{\partial {name}}}"
    for cut in (rf"\left( {by} \right)_{{n+1:n+d}}", f"{by}[n:, :]", f"{by}[n:n+d]"):
        assert last(rf"{page}$$\frac{{\partial L}}{{\partial x_t}} = {cut}$$" + "\n") == "right"
    for cut in (rf"\left( {by} \right)_{{1:n}}", f"{by}[:n, :]", f"{by}[0:n]"):
        assert last(rf"{page}$$\frac{{\partial L}}{{\partial x_t}} = {cut}$$" + "\n") != "right"


def test_a_bar_over_a_state_still_means_the_gradient() -> None:
    page = "$$h_t = \\tanh(w h_{t-1} + u x_t), \\quad y_t = v h_t$$\n"
    right = r"$$\bar{h}_t = v \bar{y}_t + w (1 - h_{t+1}^2) \bar{h}_{t+1}$$"
    assert last(page + right) == "right"
    assert last(page + right.replace("h_{t+1}^2", "h_t^2")) == "wrong"


def test_a_letter_for_a_gradient_in_a_sentence_is_that_of_no_loss() -> None:
    page = r"""
$$u_t = \sigma(A_u x_t + B_u s_{t-1}), \quad q_t = \tanh(A x_t + B s_{t-1})$$
$$s_t = u_t \odot s_{t-1} + (1 - u_t) \odot q_t$$
Backwards, with $e_t = \partial L / \partial s_t$:
$$\frac{\partial L}{\partial u_t} = e_t \odot (s_{t-1} - q_t)$$
$$\frac{\partial L}{\partial u_t} = e_t \odot (s_{t-1} - u_t)$$
"""
    assert verdicts(page)[-2:] == ["right", "wrong"]


def test_what_one_step_hands_on_the_next_takes() -> None:
    page = SPLIT + r"""
$$dh_t = \frac{\partial L_t}{\partial h_t} + dh_{next}$$
$$do_t = dh_t \odot \tanh(c_t)$$
$$dc_t = dh_t \odot o_t \odot (1 - \tanh^2(c_t)) + dc_{next}$$
$$df_t = dc_t \odot c_{t-1}$$
"""
    assert last(page + r"$$dc_{next} = f_t \odot dc_t$$") == "right"
    assert last(page + r"$$dc_{next} = i_t \odot dc_t$$") != "right"


SLOPE_OF_F = r"\partial L/\partial c_t \odot c_{t-1} \odot f_t \odot (1 - f_t)"


@pytest.mark.parametrize(
    ("joined", "h", "x", "scripts"),
    [
        (r"[\mathbf{h}_{t-1}, \mathbf{x}_t]", r"\mathbf{h}", r"\mathbf{x}", "gh gx"),
        (r"[h_{t-1}, x_t]", "h", "x", "hg xg"),
        ("u_t", "h", "x", "gh gx"),
    ],
)  # fmt: skip
def test_blocks_of_weights_by_two_letters(joined: str, h: str, x: str, scripts: str) -> None:
    rows = [r"$$u_t = \begin{bmatrix} h_{t-1} \\ x_t \end{bmatrix}$$"] if joined == "u_t" else []
    for gate, function in (("f", r"\sigma"), ("i", r"\sigma"), ("o", r"\sigma"), ("g", r"\tanh")):
        below = scripts.replace("g", gate).split()
        first, second = (f"A_{{{two}}}" for two in below)
        blocks = rf"{first} {h}_{{t-1}} + {second} {x}_t + d_{gate}"
        rows.append(
            rf"$${gate}_t = {function}(A_{gate} {joined} + d_{gate}) = {function}({blocks})$$"
        )
    rows.append(r"$$c_t = f_t \odot c_{t-1} + i_t \odot g_t$$")
    rows.append(rf"$${h}_t = o_t \odot \tanh(c_t)$$")
    weight = f"A_{{{scripts.split()[0].replace('g', 'f')}}}"
    for step in ("t-1", "t"):
        rows.append(
            rf"$$\frac{{\partial L}}{{\partial {weight}}} = \sum_{{t=1}}^T "
            rf"\left({SLOPE_OF_F}\right) {h}_{{{step}}}^\top$$"
        )
    rows.append(rows[-2].replace(h, x) if h != "h" else rows[-2].replace("h_{t-1}", "x_t"))
    found = verdicts("\n\n".join(rows))
    assert "undecided" not in found and found.count("right") >= 5
    assert found[-3:] == ["right", "wrong", "wrong"]


def test_a_weight_that_is_differentiated_whole_is_no_sum_of_blocks() -> None:
    page = JOINED + (
        r"$$\frac{\partial L}{\partial A_f} = \sum_{t=1}^T \left("
        + SLOPE_OF_F
        + r"\right) [h_{t-1}, x_t]^\top$$ $$B = A_{fh} + A_{fx}$$"
    )
    assert verdicts(page)[-2] == "right"


def test_nablas_by_a_gate_itself_are_never_by_its_argument() -> None:
    page = SPLIT + (
        r"$$L = \sum_{t=1}^T \ell_t$$ $$\nabla_{o_t} = \nabla_{h_t} \odot \tanh(c_t)$$"
        r"$$\nabla_{d_o} = \sum_{t=1}^T \nabla_{o_t}$$"
    )
    assert verdicts(page)[-2:] in (["right", "wrong"], ["right", "undecided"])

EPSILONS = r"""
$$\frac{\partial L}{\partial o_t} = \epsilon_h^t \odot \tanh(c_t)$$
$$\epsilon_c^t = \epsilon_h^t \odot o_t \odot (1 - \tanh^2(c_t)) + \epsilon_c^{t+1} \odot f_{t+1}$$
$$\epsilon_f^t = \epsilon_c^t \odot c_{t-1} \odot f_t \odot (1 - f_t)$$
$$\epsilon_i^t = \epsilon_c^t \odot g_t \odot i_t \odot (1 - i_t)$$
$$\frac{\partial L}{\partial B_f} = \sum_{t=1}^T \epsilon_f^t h_{t-1}^\top$$
"""


@pytest.mark.parametrize("mark", [r"\epsilon", r"\varepsilon", "e"])
def test_gradients_named_by_another_letter(mark: str) -> None:
    page = SPLIT + EPSILONS.replace(r"\epsilon", mark)
    slips = rf"$$\frac{{\partial L}}{{\partial B_f}} = \sum_{{t=1}}^T {mark}_f^t h_t^\top$$"
    slips += rf"$${mark}_f^t = {mark}_c^t \odot c_t \odot f_t \odot (1 - f_t)$$"
    found = verdicts(page + slips)
    assert found[-7:-2] == ["right"] * 5
    assert found[-2] == "wrong" and found[-1] != "right"
    bold = re.sub(r"(?<![A-Za-z\\^_{}])([fiogchx])(?=_t|_\{t)", r"\\mathbf{\1}", page + slips)
    assert verdicts(bold) == found


def test_noise_and_small_numbers_are_no_gradients() -> None:
    noise = SPLIT.replace("+ d_f)", r"+ \epsilon_f^t)").replace("+ d_i)", r"+ \epsilon_i^t)")
    assert "wrong" not in verdicts(noise + EPSILONS)
    text = [f.latex for f in with_deltas_for_epsilons(formulas_of(noise + EPSILONS))]
    assert not any(r"\delta" in t for t in text)
    plain = r"$$|h_t| < \epsilon$$ $$\epsilon_h = \epsilon_c + 1$$ $$e^{-x} e_t = 1$$"
    assert not any(r"\delta" in f.latex for f in with_deltas_for_epsilons(formulas_of(plain)))


def test_the_weight_of_a_gate_is_not_that_of_the_input() -> None:
    page = JOINED.replace("A_", "W_") + (
        r"$$\frac{\partial L}{\partial W_i} = \sum_{t=1}^T \delta_{i,t} [h_{t-1}, x_t]^T$$"
        r"$$\frac{\partial L}{\partial W_{ih}} = \sum_{t=1}^T \delta_{i,t} h_{t-1}^T$$"
    )
    assert verdicts(page)[-2:] == ["right", "undecided"]


GRU_JOINED = (
    r"$$z_t = \sigma(W_z [h_{t-1}, x_t]), \quad r_t = \sigma(W_r [h_{t-1}, x_t])$$" "\n\n"
    r"$$\tilde h_t = \tanh(W_h [r_t \odot h_{t-1}, x_t])$$" "\n\n"
    r"$$h_t = (1 - z_t) \odot h_{t-1} + z_t \odot \tilde h_t$$" "\n\n"
    r"Let $\tilde a_t = W_h[r_t \odot h_{t-1}, x_t]$ and "
    r"$\delta_h = \partial L/\partial \tilde a_t$." "\n\n"
)


@pytest.mark.parametrize(("row", "accused"), [
    (r"\frac{\partial L}{\partial W_h} = \sum_t \delta_{h,t} [r_t \odot h_{t-1}, x_t]^\top", False),
    (r"\frac{\partial L}{\partial W_h} = \sum_t \delta_{h,t} [h_{t-1}, x_t]^\top", True),
    (r"\frac{\partial L}{\partial W_{hh}} = \sum_t \delta_{h,t} (r_t \odot h_{t-1})^\top", False),
    (r"\frac{\partial L}{\partial W_{hx}} = \sum_t \delta_{h,t} x_t^\top", False),
    (
        r"\frac{\partial L}{\partial W_{hh}} = "
        r"\sum_t \frac{\partial L}{\partial \tilde a_t} (r_t \odot h_{t-1})^\top", False,
    ),
])  # fmt: skip
def test_a_part_of_a_joined_weight_and_a_mark_defined_without_its_step(
    row: str, accused: bool
) -> None:
    """W_{hh} is no other name of W_h [r⊙h, x], and δ_h says what δ_{h,t} is."""
    whole = r"\frac{\partial L}{\partial W_h} = \sum_t \delta_{h,t} [r_t \odot h_{t-1}, x_t]^\top"
    found = last(f"{GRU_JOINED}$${whole}$$\n\n$${row}$$")
    assert found == "wrong" if accused else found != "wrong"


LSTM_BY_ARGUMENTS = (
    "".join(
        rf"$$net_{{{g},t}} = W_{{{g}h}} h_{{t-1}} + W_{{{g}x}} x_t + b_{g}, \quad "
        rf"{g}_t = \sigma(net_{{{g},t}})$$" "\n\n" for g in "fio"
    )
    + r"$$net_{\bar c,t} = W_{ch} h_{t-1} + W_{cx} x_t + b_c$$" "\n\n"
    r"$$\bar c_t = \tanh(net_{\bar c,t}), \quad c_t = f_t \circ c_{t-1} + i_t \circ \bar c_t$$"
    "\n\n" r"$$h_t = o_t \circ \tanh(c_t)$$" "\n\n"
    + "".join(
        rf"$$\delta_{{{g},t}} =^{{def}} \frac{{\partial E}}{{\partial net_{{{g},t}}}}$$" "\n\n"
        for g in ("f", "i", "o", r"\bar c")
    )
)  # fmt: skip


@pytest.mark.parametrize(("row", "expected"), [
    (r"\frac{\partial E}{\partial W_{fh}} = \sum_t \delta_{f,t} h_{t-1}^T", {"right"}),
    (r"\frac{\partial E}{\partial W_{fh}} = \sum_t \delta_{f,t} h_t^T", {"wrong"}),
    (r"\frac{\partial E}{\partial W_{ch}} = \sum_t \delta_{c,t} h_{t-1}^T", {"undecided", "right"}),
])  # fmt: skip
def test_a_mark_without_a_line_of_its_own_is_not_by_the_gate_where_the_others_are_by_arguments(
    row: str, expected: set[str]
) -> None:
    assert last(f"{LSTM_BY_ARGUMENTS}$${row}$$") in expected
