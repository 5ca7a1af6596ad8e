"""What course notes leave to the reader: steps, losses, rows, which recurrence they mean."""

from __future__ import annotations

import pytest

from bptt_sym.check.audit import audit
from bptt_sym.check.bounds.entries import of_one_entry
from bptt_sym.check.slopes import of_an_activation
from bptt_sym.documents.document import document_from_text
from bptt_sym.read import read_claim, recurrence_from_latex

ACCEPTED = ("right", "right_under_reading")


def verdicts(text: str) -> list[str]:
    """The verdicts of the claims of ``text`` in order, both kinds of "right" as one."""
    found = [j.verdict.verdict for j in audit(document_from_text(text, "n.md"))]
    return ["right" if v in ACCEPTED else v for v in found if v != "not_a_claim"]


TWO_LAYERS = r"""
$$p1 = x \cdot A$$
$$p2 = q1 \cdot D$$
$$p1 = x \cdot A + q1_{t-1} \cdot B1$$
$$p2 = q1 \cdot D + q2_{t-1} \cdot B2$$
$$q1 = Tanh(p1)$$
$$q2 = Tanh(p2)$$
$$z = q2 \cdot V$$
$$a = Identity(z)$$
$$Loss = loss_{\tau} = \frac{1}{2} (a-y)^2$$
"""


def test_two_layers_with_digits_beside_the_letters_and_steps_left_out() -> None:
    rows = r"""
$$\frac{\partial Loss}{\partial z} = a-y \rightarrow dz$$
$$\frac{\partial Loss}{\partial p2_t} = (dp2_{t+1} \cdot B2^T) \odot \sigma'(q2_t)$$
$$\frac{\partial Loss}{\partial p1_t} =
(dp1_{t+1} \cdot B1^T + dp2_t \cdot D^T) \odot \sigma'(q1_t)$$
$$\frac{\partial Loss}{\partial p1_t} = (dp1_{t+1} \cdot B1^T) \odot \sigma'(q1_t)$$
$$dV = 0$$
$$\frac{\partial Loss}{\partial D} = q1^T \cdot dp2$$
$$\frac{\partial Loss}{\partial p2} = (dz \cdot V^T) \odot \sigma'(q2)$$
"""
    found = verdicts(TWO_LAYERS + rows)
    # The fourth leaves out the path through the layer above.
    assert found == ["right", "right", "right", "wrong", "right", "right"]
    # A mark explained on the second row of a chain stands in the next one without its step.
    chain = r"""
$$
\begin{aligned}
\frac{\partial Loss}{\partial p2} &= \frac{\partial Loss}{\partial z}\frac{\partial z}{\partial q2}\frac{\partial q2}{\partial p2} \\
&=(dz \cdot V^T) \odot \sigma'(q2) \rightarrow dp2
\end{aligned}
$$
$$\frac{\partial Loss}{\partial p1} = (%s \cdot D^T) \odot \sigma'(q1) \rightarrow dp1$$
"""  # noqa: E501
    assert verdicts(TWO_LAYERS + rows + chain % "dp2")[-1] == "right"
    assert verdicts(TWO_LAYERS + rows + chain % "2 dp2")[-1] != "right"


AVERAGED = r"""
$$a_t = x_t \cdot U + s_{t-1} \cdot W + b$$
$$s_t = \sigma(a_t)$$
$$z_t = V \cdot s_t + c$$
$$o_t = G(z_t)$$
$$loss_t = M(o_t, y_t)$$
$$Loss = \frac{1}{T} \sum_{t=1}^{T} loss_t$$
"""


def test_the_gradient_of_an_unknown_loss_is_that_of_a_usual_one() -> None:
    assert verdicts(AVERAGED + r"$$\frac{\partial loss_t}{\partial z_t} = o_t - y_t$$") == ["right"]
    # Another loss may have this gradient.
    row = r"$$\frac{\partial loss_t}{\partial z_t} = 3 o_t - y_t$$"
    assert verdicts(AVERAGED + row) == ["undecided"]


def test_a_mark_may_be_for_the_loss_of_its_step() -> None:
    first = r"$$\frac{\partial loss_t}{\partial z_t} = o_t - y_t \rightarrow dz_t$$" + "\n\n"
    row = r"$$\frac{\partial loss_t}{\partial c} = %s dz_t$$"
    assert verdicts(AVERAGED + first + row % "") == ["right", "right"]
    assert verdicts(AVERAGED + first + row % "2")[1] != "right"


def test_an_average_is_no_sum_until_the_text_has_one_loss_only() -> None:
    row = (
        "\n\n"
        r"$$\frac{\partial Loss}{\partial s_{T}} = \frac{\partial loss_{T}}{\partial s_{T}}$$"
    )
    assert verdicts(AVERAGED + row) == ["wrong"]
    one = "\n\n## One output\n\nNow only the last step has an output."
    assert verdicts(AVERAGED + row + one) == ["wrong"]
    assert verdicts(AVERAGED + one + row) == ["right"]


@pytest.mark.parametrize(
    ("words", "verdict"),
    [
        ("每一步都有输出，以区别于后面的单输出形式。", "wrong"),
        ("This is unlike the many-to-one network.", "wrong"),
        ("下面是单输出网络。", "right"),
        ("A many-to-one network.", "right"),
    ],
)
def test_another_form_that_a_sentence_sets_apart_is_not_at_hand(words: str, verdict: str) -> None:
    row = r"$$\frac{\partial Loss}{\partial s_{T}} = \frac{\partial loss_{T}}{\partial s_{T}}$$"
    assert verdicts(f"{AVERAGED}\n\n{words}\n\n{row}") == [verdict]


def test_a_product_in_the_order_of_columns_among_rows() -> None:
    row = (
        r"$$\frac{\partial loss_t}{\partial s_t} = "
        r"%s \frac{\partial loss_t}{\partial z_t} \cdot V^T$$"
    )
    assert verdicts(AVERAGED + row % "") == ["right"]
    assert verdicts(AVERAGED + row % "2") != ["right"]


CARRY = r"""
\begin{eqnarray}
g(t) &=& \phi(W_{g} [x(t), h(t-1)] + b_g) \\
i(t) &=& \sigma(W_{i} [x(t), h(t-1)] + b_i) \\
f(t) &=& \sigma(W_{f} [x(t), h(t-1)] + b_f) \\
o(t) &=& \sigma(W_{o} [x(t), h(t-1)] + b_o) \\
s(t) &=& g(t) * i(t) + s(t-1) * f(t) \\
h(t) &=& s(t) * o(t)
\end{eqnarray}

$$l(t) = F(h(t), y(t))$$

$$R = \sum_{t=1}^{T} l(t)$$

$$L = \sum_{t=1}^{T} l(t)$$

$$L(t) = \sum_{k=t}^{k=T} l(k)$$
"""


def test_losses_still_to_come_and_one_unit_at_a_time() -> None:
    rows = r"""
$$\frac{dL}{dw} = \sum_{t=1}^{T} \sum_{i=1}^{M} \frac{dL(t)}{dh_i(t)} \frac{dh_i(t)}{dw}$$

$$\frac{dL(t)}{dh(t)} = \frac{dl(t)}{dh(t)} + \frac{dL(t+1)}{dh(t)}$$

$$\frac{dL(t)}{dh(t)} = \frac{dl(t)}{dh(t)} + 2 \frac{dL(t+1)}{dh(t)}$$
"""
    assert verdicts(CARRY + rows) == ["right", "right", "wrong"]


def test_what_is_added_of_a_cell_holds_the_output_fixed() -> None:
    row = r"$$\frac{dL(t)}{ds(t)} = \frac{dL(t)}{dh(t)} \frac{dh(t)}{ds(t)} + %s$$"
    later = r"\frac{dL(t+1)}{ds(t)}"
    ends_at_the_output = r"\frac{dL(t+1)}{dh(t+1)} \frac{dh(t+1)}{ds(t)}"
    rows = (later, "2" + later, ends_at_the_output, r"\frac{dL(t+1)}{ds(t+1)}")
    found = verdicts(CARRY + "\n\n".join(row % r for r in rows))
    assert found == ["right", "wrong", "wrong", "wrong"]


def test_a_small_letter_beside_matrices_accuses_nobody() -> None:
    text = "$$h_t = \\tanh(W h_{t-1} + U x_t)$$\n\n$$L = \\sum_{t=1}^{T} C(h_t)$$\n\n"
    row = r"\frac{\partial L}{\partial w} = \sum_{t=1}^{T} \frac{\partial L}{\partial h_t} h_{t-1}"
    assert verdicts(f"{text}$${row}$$") == ["undecided"]


def test_a_row_that_cannot_be_read_leaves_the_others_their_units() -> None:
    rows = r"""
$$\begin{aligned}
\frac{dL(t)}{dh_i(t)} &= \frac{dl(t)}{dh_i(t)} + \frac{dL(t+1)}{dh_i(t)} \\
&= \frac{dl(t)}{dh_i(t)} + [\texttt{next}]_i
\end{aligned}$$
"""
    assert sorted(verdicts(CARRY + rows)) == ["right", "unreadable"]


VECTOR = recurrence_from_latex([r"h_t = \tanh(W h_{t-1} + U x_t + b)"], name="vector")


@pytest.mark.parametrize("formula", [r"1 - h_t^2 \leq 1", r"0 \leq 1 - h_t^2", r"|h_t| < 1"])
def test_bounds_on_the_entries_of_a_vector(formula: str) -> None:
    cell = "$$h_t = \\tanh(W h_{t-1} + U x_t + b)$$\n\n"
    assert verdicts(f"{cell}$${formula}$$") == ["right"]


def test_only_what_is_made_entry_by_entry_is_about_one_entry() -> None:
    def found(formula: str) -> object:
        return of_one_entry(read_claim(formula, VECTOR), VECTOR)

    assert found(r"h_t^2 \leq 1") is not None
    assert found(r"h_t^\top h_t \leq 1") is None  # a number, not an entry
    assert found(r"(h_t^\top h_{t-1}) h_t \leq 1") is None
    assert found(r"W h_t \leq 1") is None
    early = of_one_entry(read_claim(r"|h_{t-1}| < 1", VECTOR), VECTOR)
    assert early is not None and early.started
    cell = "$$h_t = \\tanh(W h_{t-1} + U x_t + b)$$\n\n"
    assert verdicts(cell + r"$$h_t^\top h_t \leq 1$$") != ["right"]
    assert verdicts(cell + r"$$(h_t^\top h_{t-1}) h_t \leq 1$$") != ["right"]
    assert verdicts(cell + r"$$h_t \odot h_{t-1} \leq 1$$") == ["right"]


def test_entries_of_a_cell_state_grow_by_one_at_most() -> None:
    cell = (
        "$$f_t = \\sigma(F h_{t-1} + b_f)$$\n\n$$i_t = \\sigma(I h_{t-1} + b_i)$$\n\n"
        "$$c_t = f_t \\odot c_{t-1} + i_t \\odot \\tanh(G h_{t-1})$$\n\n$$h_t = \\tanh(c_t)$$\n\n"
    )
    assert verdicts(cell + r"$$|c_t| \leq |c_{t-1}| + 1$$") == ["right"]
    assert verdicts(cell + r"$$|c_t| \leq |c_{t-1}|$$") == ["wrong"]


def test_the_slope_of_an_activation_by_its_value() -> None:
    held = of_an_activation(r"\tanh'(z) = 1 - \tanh^2(z) = 1 - h_t^2")
    assert held is not None and held.verdict == "right_under_reading"
    assert of_an_activation(r"\tanh'(z) = 1 - \tanh^2(z) = 1 + h_t^2") is None
    plain = of_an_activation(r"\frac{d\sigma}{dx} = \sigma(x) (1 - \sigma(x))")
    assert plain is not None and plain.verdict == "right"
    wrong = of_an_activation(r"\frac{d\sigma}{dx} = \sigma(x) (1 + \sigma(x))")
    assert wrong is not None and wrong.verdict == "wrong"


def test_gates_without_an_equation_are_given_values() -> None:
    text = r"$$c_t = f_t \odot c_{t-1} + i_t \odot \tilde{c}_t$$" + "\n\n"
    (found,) = (
        j.verdict
        for j in audit(
            document_from_text(text + r"$$\frac{\partial c_t}{\partial c_{t-1}} = f_t$$", "n.md")
        )
        if j.verdict.verdict != "not_a_claim"
    )
    assert found.verdict == "right_under_reading"
    assert any("given values" in r for r in found.readings)


def test_a_value_of_an_activation_with_a_name_of_its_own() -> None:
    text = r"""
$$c_t = f_t \odot c_{t-1} + i_t \odot g_t$$

$$h_t = o_t \odot \tanh(c_t)$$

Let $m_C = \tanh(c_t)$. Then

$$\frac{dL}{dm_C} = \frac{dL}{dh_t} \cdot o_t$$
"""
    assert verdicts(text) == ["right"]


def test_a_full_stop_before_the_end_of_an_environment_is_no_product() -> None:
    text = (
        "$$h_t = \\tanh(w h_{t-1} + x_t)$$\n\n"
        r"$$\begin{aligned}\frac{\partial h_t}{\partial h_{t-1}} &= w (1 - h_t^2).\end{aligned}$$"
    )
    assert verdicts(text) == ["right"]


def test_names_for_derivatives_may_have_been_names_before() -> None:
    text = r"""
The recurrence $a_t = b_t + c_t a_{t-1}$ with $a_0 = 0$ has the solution

$$a_t = b_t + \sum_{i=1}^{t-1} \left(\prod_{j=i+1}^{t} c_j\right) b_i$$

Now let $h_t = f(x_t, h_{t-1}, w)$ and

$$a_t = \frac{\partial h_t}{\partial w}$$
"""
    assert "wrong" not in verdicts(text)


def test_figures_expectations_and_information_accuse_nobody() -> None:
    cell = "$$c_t = f_t c_{t-1} + i_t g_t$$\n\n"
    for row in (
        r"$$\prod_{s=1}^{3} f_s = 0.6 \times 0.7 \times 0.8 \approx 0.336$$",
        r"$$E[c_t] = 1$$",
        r"$$I(c_T; x_1) > I(h_T; x_1)$$",
        r"$P(c_t = 0) = 1 - p_t$",
    ):
        assert verdicts(cell + row) == []


def test_a_product_without_its_range_accuses_nobody() -> None:
    cell = "$$h_t = \\tanh(w h_{t-1} + x_t)$$\n\n"
    bound = r"\left|\frac{\partial h_T}{\partial h_1}\right| \leq |w|^{T-1} \prod_{%s} (1 - h_t^2)"
    assert verdicts(f"{cell}$${bound % 't'}$$") == ["undecided"]
    assert verdicts(f"{cell}$${bound % 't=1'}$$".replace("t=1}", "t=1}^{T}")) == ["wrong"]


def test_a_later_section_may_come_back_to_an_earlier_recurrence() -> None:
    text = r"""
# Simple

$$h_t = \tanh(W h_{t-1} + U x_t)$$

# Gated

$$r_t = \sigma(R h_{t-1} + S x_t)$$

$$h_t = r_t \odot h_{t-1} + (1 - r_t) \odot \tanh(U x_t)$$
"""
    row = "\n\n" + r"$$\frac{\partial h_t}{\partial h_{t-1}} = \mathrm{diag}(1 - h_t^2) W$$"
    assert verdicts(text + row) in (["wrong"], ["undecided"])
    assert verdicts(text + "\n\n# Questions" + row) == ["right"]
    slip = row.replace("1 - h_t^2", "1 + h_t^2")
    assert verdicts(text + "\n\n# Questions" + slip) != ["right"]


def test_states_of_one_direction() -> None:
    text = (
        "$$\\overrightarrow{h}_t = \\tanh(W x_t + U \\overrightarrow{h}_{t-1})$$\n\n"
        "$$\\frac{\\partial \\overrightarrow{h}_t}{\\partial \\overrightarrow{h}_{t-1}} = "
        "\\mathrm{diag}(1 - \\overrightarrow{h}_t^2) U$$"
    )
    assert verdicts(text) == ["right"]


def test_a_value_named_within_a_later_activation_keeps_the_order_of_a_step() -> None:
    text = r"""
$$h_t = o_t \odot \tanh(c_t)$$

$$c_t = f_t \odot c_{t-1} + i_t \odot g_t$$

$$\hat{y} = \mathrm{softmax}(W_y h_t + b_y)$$

$$z = W_y h_t + b_y$$

$$\frac{\partial L}{\partial h_t} = \frac{\partial L}{\partial h_t}$$
"""
    assert verdicts(text) == ["right"]


TWO_STEPS = r"""
All quantities are scalars: 所有的变量均为标量.

$$p_{t1} = x_{t1} \cdot A + b$$
$$q_{t1} = Tanh(p_{t1})$$
$$p_{t2} = x_{t2} \cdot A + q_{t1} \cdot R + b$$
$$q_{t2} = Tanh(p_{t2})$$
$$z_{t2} = q_{t2} \cdot V$$
$$loss = \frac{1}{2} (z_{t2} - y_{t2})^2$$
"""


def test_a_walk_through_two_numbered_steps() -> None:
    rows = r"""
$$\frac{\partial loss}{\partial z_{t2}} = z_{t2} - y_{t2} \rightarrow dz_{t2}$$
$$\frac{\partial loss}{\partial p_{t2}} = dz_{t2} \cdot V \cdot (1 - q_{t2}^2) \rightarrow dp_{t2}$$
$$\frac{\partial loss}{\partial p_{t1}} = dp_{t2} \cdot R \cdot (1 - q_{t1}^2) \rightarrow dp_{t1}$$
$$\frac{\partial loss}{\partial A} = dp_{t2} \cdot x_{t2} \rightarrow dA$$
$$\frac{\partial loss}{\partial A} = dp_{t1} \cdot x_{t1} \rightarrow dA$$
$$\frac{\partial loss}{\partial A} = dp_{t1} \cdot x_{t2} \rightarrow dA$$
$$\frac{\partial loss}{\partial p_{t1}} = dp_{t2} \cdot R \cdot (1 + q_{t1}^2)$$
"""
    found = verdicts(TWO_STEPS + rows)
    # The definitions at both steps are instances; each A is the share of its own step.
    assert found == ["right"] * 10 + ["wrong", "wrong"]


def test_a_run_has_the_steps_that_its_loss_names() -> None:
    text = (
        "$$h_t = \\tanh(w h_{t-1} + b)$$\n\n$$E = (h_3 - y)^2$$\n\n"
        r"$$\frac{\partial E}{\partial h_1} = \frac{\partial E}{\partial h_3}"
        r"\frac{\partial h_3}{\partial h_2}\frac{\partial h_2}{\partial h_1}$$"
    )
    assert verdicts(text) == ["right"]


def test_the_cross_entropy_of_two_classes_is_a_number() -> None:
    text = r"""
$$h_t = \tanh(x_t U + h_{t-1} W)$$

$$a_t = \sigma(h_t V)$$

$$l_t = -[y_t \ln a_t + (1 - y_t) \ln (1 - a_t)]$$

$$L = \sum_{t=1}^{T} l_t$$

$$\frac{\partial L}{\partial V_t} = h_t^T (a_t - y_t)$$

$$\frac{\partial L}{\partial V_t} = h_t^T (a_t + y_t)$$

$$\frac{\partial h_t}{\partial h_{t-1}} = \mathrm{diag}(1 - h_t^2) W^T$$

$$W_{next} = W_{current} - \eta \sum_{t=1}^{T} dW_t$$
"""
    assert verdicts(text) == ["right", "wrong", "right"]


def test_a_loss_that_is_a_norm_has_an_unknown_gradient() -> None:
    text = r"""
$$h_t = f(x_t, h_{t-1}; \psi)$$

$$\hat{y}_t = g(h_t; \phi)$$

$$L = \sum_{t=1}^{T} \| \hat{y}_t - y_t \|$$

$$\frac{\partial L}{\partial \phi} = \sum_{t=1}^{T}
\frac{\partial L}{\partial \hat{y}_t} \frac{\partial \hat{y}_t}{\partial \phi}$$

$$\frac{\partial L}{\partial \psi} = \sum_{t=1}^{T}
\frac{\partial L}{\partial \hat{y}_t} \frac{\partial \hat{y}_t}{\partial \phi}$$
"""
    found = verdicts(text)
    assert found[0] == "right"
    assert found[1] != "right"


def test_formulas_in_the_address_of_an_editor() -> None:
    address = (
        '<a href="http://www.codecogs.com/eqnedit.php?latex=\\dpi{120}&space;\\fn_cs&space;%s">'
        '<img src="a.png"/></a>\n\n'
    )
    cell = r"h_t=\tanh(w\cdot&space;h_{t-1}&plus;x_t)"
    slope = r"\frac{\partial&space;h_t}{\partial&space;h_{t-1}}=w(1-h_t^2)"
    assert verdicts(address % cell + address % slope) == ["right"]
    assert verdicts(address % cell + address % slope.replace("1-", "1&plus;")) == ["wrong"]


def test_a_prediction_beside_the_argument_of_its_softmax() -> None:
    text = r"""
$$h_t = \tanh(W_{hh} h_{t-1} + W_{xh} x_t)$$

The output is $o_t$ with weight $V$.

$$\frac{\partial cost_4}{\partial h_1} = \frac{\partial cost_4}{\partial \hat{p}_4}
\frac{\partial \hat{p}_4}{\partial h_4} \frac{\partial h_4}{\partial h_3}
\frac{\partial h_3}{\partial h_2} \frac{\partial h_2}{\partial h_1}$$
"""
    assert verdicts(text) == ["right"]
