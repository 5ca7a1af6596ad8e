"""Documents that name their cell, or its functions, and never write the equations down."""

from __future__ import annotations

import pytest

from bptt_sym.check.audit import audit
from bptt_sym.check.judged import Judged
from bptt_sym.documents.document import document_from_text

ACCEPTED = ("right", "right_under_reading")


def judged(words: str, *formulas: str) -> list[Judged]:
    text = words + "\n\n" + "".join(f"$$\n{f}\n$$\n\n" for f in formulas)
    found = audit(document_from_text(text, "n.md"))
    return [j for j in found if j.display and j.verdict.verdict != "not_a_claim"]


def verdicts(words: str, *formulas: str) -> list[str]:
    found = [j.verdict.verdict for j in judged(words, *formulas)]
    return ["right" if v in ACCEPTED else v for v in found]


def test_a_network_named_as_linear() -> None:
    words = "We look at a linear recurrent network without bias."
    right = r"\frac{\partial h_{t+1}}{\partial h_t} = W_{hh}"
    wrong = r"\frac{\partial h_T}{\partial h_t} = W_{hh}^{T-t+1}"
    assert verdicts(words, right, wrong) == ["right", "wrong"]
    (_, second) = judged(words, right, wrong)
    assert second.verdict.diagnosis is not None
    assert any("does not write down" in a for a in second.verdict.assumptions)


def test_nothing_is_wrong_under_a_cell_that_only_letters_suggest() -> None:
    wrong = r"\frac{\partial h_T}{\partial h_t} = W_{hh}^{T-t+1}"
    assert verdicts("Look at this.", wrong) == ["undecided"]


LSTM = "The LSTM keeps a cell state $c_t$ with the gates $f_t$, $i_t$ and $o_t$."


def test_an_lstm_named_in_words() -> None:
    assert verdicts(
        LSTM,
        r"\frac{\partial L}{\partial o_t} = \frac{\partial L}{\partial h_t} \odot \tanh(c_t)",
        r"\frac{\partial h_t}{\partial c_t} = o_t (1 - \tanh(c_t))",
    ) == ["right", "wrong"]


def test_its_name_alone_leaves_the_letters_open() -> None:
    claim = r"\frac{\partial h_t}{\partial c_t} = o_t (1 - \tanh(c_t))"
    assert verdicts("The LSTM keeps a cell state.", claim) == ["undecided"]


def test_an_lstm_without_an_activation_of_its_output_is_an_lstm_too() -> None:
    assert verdicts(
        LSTM, r"\frac{\partial L}{\partial o_t} = \frac{\partial L}{\partial h_t} c_t"
    ) == ["right"]


@pytest.mark.parametrize("mix", [r"\hat{h}_t - h_{t-1}", r"h_{t-1} - \hat{h}_t"])
def test_a_gru_with_either_meaning_of_its_update_gate(mix: str) -> None:
    claim = (
        rf"\frac{{\partial L}}{{\partial z_t}} = \frac{{\partial L}}{{\partial h_t}} \odot ({mix})"
    )
    assert verdicts("A GRU has two gates, z_t and r_t.", claim) == ["right"]


def test_hats_are_arguments_of_the_gates() -> None:
    claim = (
        r"\frac{\partial L}{\partial \hat{f}_t} ="
        r" \frac{\partial L}{\partial f_t} \odot f_t \odot (1 - f_t)"
    )
    assert verdicts(LSTM, claim) == ["right"]


def test_letters_below_an_argument_name_its_gate() -> None:
    claim = r"\frac{\partial L}{\partial a_o} = \frac{\partial L}{\partial o_t} \odot o_t (1 - o_t)"
    twice = (
        r"\frac{\partial L}{\partial a_o} = \frac{\partial L}{\partial o_t} "
        r"\odot \sigma(o_t) (1 - \sigma(o_t))"
    )
    words = LSTM
    assert verdicts(words, claim) == ["right"]
    assert verdicts(words, twice) == ["wrong"]


ABSTRACT = "The state is $h_t = f(x_t, h_{t-1}, w)$ and the output $o_t = g(h_t, w)$."


def test_a_derivative_by_an_argument_that_is_named_without_its_step() -> None:
    assert verdicts(
        ABSTRACT,
        r"\partial_w h_t = \partial_w f(x_t, h_{t-1}, w)"
        r" + \partial_h f(x_t, h_{t-1}, w) \partial_w h_{t-1}",
        r"\frac{\partial h_t}{\partial h_{t-1}} = \frac{\partial f(x_t, h_{t-1}, w)}{\partial h}",
    ) == ["right", "right"]


def test_a_name_in_the_place_of_a_parameter_stands_for_it() -> None:
    (found,) = judged(
        ABSTRACT,
        r"\frac{\partial h_t}{\partial h_{t-1}} ="
        r" \frac{\partial f(x_t, h_{t-1}, v)}{\partial h_{t-1}}",
    )
    assert found.verdict.verdict == "right_under_reading"
    assert found.verdict.readings == ("v stands for w",)


def test_a_formula_that_goes_on_from_an_unwritten_left_side() -> None:
    right, wrong = judged(
        ABSTRACT,
        r"&= \sum_{i=1}^{t} \left[\prod_{j=i+1}^{t} \partial_h f(x_j, h_{j-1}, w)\right]"
        r" \partial_w f(x_i, h_{i-1}, w)",
        r"&= \sum_{i=1}^{t} \left[\prod_{j=i}^{t} \partial_h f(x_j, h_{j-1}, w)\right]"
        r" \partial_w f(x_i, h_{i-1}, w)",
    )
    assert right.verdict.is_right
    assert wrong.verdict.verdict == "wrong"
    assert wrong.verdict.diagnosis is not None and wrong.verdict.diagnosis.code == "BP005"
    assert any("left side" in a for a in wrong.verdict.assumptions)
    (unknown,) = judged(ABSTRACT, r"&= 3 h_t^2 x_t + 7")
    assert unknown.verdict.verdict == "undecided"


def test_an_output_with_its_weight_and_the_loss_that_a_residual_tells() -> None:
    words = "The state is $h_t = \\tanh(W h_{t-1} + U x_t)$."
    claims = (
        r"\frac{\partial L}{\partial z_t} = \hat{y}_t - y_t",
        r"\frac{\partial L}{\partial V} = \sum_{t=1}^T (\hat{y}_t - y_t) h_t^\top",
    )
    for found in judged(words, *claims):
        assert found.verdict.is_right
        assert "the loss is the cross-entropy" in found.verdict.assumptions
    wrong = r"\frac{\partial L}{\partial V} = \sum_{t=1}^T (\hat{y}_t - y_t) h_{t-1}^\top"
    assert verdicts(words, claims[0], wrong) == ["right", "wrong"]


def test_a_state_whose_argument_alone_is_written() -> None:
    words = "A scalar sigmoid network: $a^t = w x^t + v h^{t-1} + b$."
    assert verdicts(
        words,
        r"\frac{\partial h^t}{\partial v} = \sigma'(a^t)"
        r" \left[v \frac{\partial h^{t-1}}{\partial v} + h^{t-1}\right]",
        r"\frac{\partial h^t}{\partial v} = \sigma'(a^t) h^{t-1}"
        r" + v \frac{\partial h^{t-1}}{\partial v}",
    ) == ["right", "wrong"]


def test_an_input_that_slipped_in_the_definition() -> None:
    words = "The state is $h_t = \\tanh(W_{hh} h_{t-1} + W_{xh} h_{t-1})$."
    right, wrong = judged(
        words,
        r"\frac{\partial h_t}{\partial h_{t-1}} = \mathrm{diag}(1 - h_t^2) W_{hh}",
        r"\frac{\partial h_t}{\partial h_{t-1}} = \mathrm{diag}(1 - h_t^2) W_{xh}",
    )
    assert right.verdict.is_right and "x_t is the input" in right.verdict.assumptions[0]
    assert wrong.verdict.verdict == "wrong"


def test_symbols_in_sentences_tell_which_cell_it_is() -> None:
    words = "Superscripts are steps: \\vec{c}^{(t)}, with W_f, U_f and b_f."
    claim = (
        r"\frac{\partial L}{\partial \vec{c}^{(1)}} = \frac{\partial L}{\partial \vec{h}^{(1)}}"
        r" \frac{\partial \vec{h}^{(1)}}{\partial \vec{c}^{(1)}} + \frac{\partial L}"
        r"{\partial \vec{c}^{(2)}} \frac{\partial \vec{c}^{(2)}}{\partial \vec{c}^{(1)}}"
    )
    assert verdicts(words, claim) == ["right"]


def test_a_number_behind_a_chain_says_for_which_case() -> None:
    (found,) = judged(LSTM, r"\frac{\partial c_T}{\partial c_1} = \prod_{t=2}^{T} f_t = 1")
    assert found.verdict.verdict == "right_under_reading"
    assert any("for which case" in r for r in found.verdict.readings)
    (found,) = judged(LSTM, r"\frac{\partial c_T}{\partial c_1} = \prod_{t=1}^{T} f_t = 1")
    assert found.verdict.verdict != "right_under_reading"


def test_steps_counted_from_zero() -> None:
    words = "With $a_t = W h_{t-1} + U x_t$ and $h_t = a_t$ we get"
    claim = r"\frac{\partial a_t}{\partial a_0} = W^t"
    (found,) = judged(words, claim)
    assert found.verdict.readings == ("the steps are counted from 0",)
    assert verdicts(words, claim.replace("W^t", "W^{t+1}")) == ["wrong"]


def test_nothing_is_supposed_of_a_name_that_the_text_gives_a_meaning() -> None:
    words = "With $h_t = f(x_t, h_{t-1}, w)$, an output weight W_{oh} and a random \\xi_t let"
    text = (
        r"z_t = \partial_w f(x_t, h_{t-1}, w)"
        r" + \xi_t \partial_h f(x_t, h_{t-1}, w) \partial_w h_{t-1}"
    )
    assert verdicts(words, text) == []


@pytest.mark.parametrize("total", [r"L(t) = \sum_{s=t}^{T} l(s)", r"L(t) = \sum_{s \ge t} l(s)"])
def test_what_is_still_to_come_and_all_of_it(total: str) -> None:
    words = "The cell: $h(t) = s(t) * o(t)$, $s(t) = g(t) * i(t) + s(t-1) * f(t)$."
    assert verdicts(
        words,
        total,
        r"\frac{dL(t)}{dh(t)} = \frac{dl(t)}{dh(t)} + \frac{dL(t+1)}{dh(t)}",
        r"\frac{dL}{dh(t)} = \sum_{s=1}^T \frac{dl(s)}{dh(t)} = \sum_{s=t}^T \frac{dl(s)}{dh(t)}",
        r"\frac{dL}{dh(t)} = \sum_{s=t+1}^T \frac{dl(s)}{dh(t)}",
    ) == ["right", "right", "wrong"]


def test_a_sum_in_a_sentence_with_its_range() -> None:
    words = "The cell: h(t)=s(t)*o(t) with s(t)=g(t)*i(t)+s(t-1)*f(t), and L(t)=sum_{s>=t} l(s)."
    claim = r"\frac{dL(t)}{dh(t)} = \frac{dl(t)}{dh(t)} + \frac{dL(t+1)}{dh(t)}"
    assert verdicts(words, claim) == ["right"]


def test_a_step_that_slipped_beside_its_name() -> None:
    words = "The state is $h_t = w h_{t-1} + x_t$."
    assert verdicts(words, r"\frac{\partial ht}{\partial h_{t-1}} = w") == ["right"]
    # Where the name does not run in time it stays a product.
    assert verdicts(words, r"\frac{\partial h_t}{\partial h_{t-1}} = w + c t - tc") == ["undecided"]


def test_one_entry_of_a_gradient_and_the_indicator_of_a_label() -> None:
    words = (
        "With $\\mathbf{h}^{(t)} = \\tanh(\\mathbf{W}\\mathbf{h}^{(t-1)}"
        " + \\mathbf{U}\\mathbf{x}^{(t)})$,"
        " $\\mathbf{o}^{(t)} = \\mathbf{V}\\mathbf{h}^{(t)}$ and"
        " $\\hat{\\mathbf{y}}^{(t)} = \\mathrm{softmax}(\\mathbf{o}^{(t)})$ the loss"
        " $L = \\sum_t L^{(t)}$"
        " adds up the negative log-likelihoods of $y^{(t)}$."
    )
    claim = (
        r"(\nabla_{\mathbf{o}^{(t)}} L)_i = \frac{\partial L}{\partial o_i^{(t)}}"
        r" = \hat{y}_i^{(t)} - \mathbf{1}_{i, y^{(t)}}"
    )
    (found,) = judged(words, claim)
    assert found.verdict.is_right
    assert not any("does not write down" in a for a in found.verdict.assumptions)
    assert verdicts(words, claim.replace(r" - \mathbf{1}", r" + \mathbf{1}")) == ["wrong"]


@pytest.mark.parametrize(
    "shown",
    [
        r"\forall t, {}",
        r"\forall t \ge 1: {}",
        r"{}, \quad \forall t",
        r"{} \text{{ for }} \forall t \in \{{1, \dots, T\}}",
        r"∀ t: {}",
    ],
)
def test_quantifiers_before_and_behind_an_equation(shown: str) -> None:
    words = "The state is $h_t = \\tanh(w h_{t-1} + x_t)$."
    right = r"\frac{\partial h_t}{\partial h_{t-1}} = (1 - h_t^2) w"
    assert verdicts(words, shown.format(right), shown.format(right + " h_t")) == ["right", "wrong"]


def test_a_value_of_an_unknown_gradient_tells_which_loss_it_is() -> None:
    words = (
        "First $h_t = \\tanh(W h_{t-1} + U x_t)$ and $y_t = V h_t$, then with the cross-entropy"
        " $h_t = \\tanh(W h_{t-1} + U x_t)$, $o_t = V h_t$ and $p_t = \\mathrm{softmax}(o_t)$."
    )
    value = r"\frac{\partial L}{\partial V} = \sum_{t=1}^T \frac{\partial L}{\partial p_t}"
    value += r"\frac{\partial p_t}{\partial o_t}\frac{\partial o_t}{\partial V}"
    (found,) = judged(words, value + r" = \sum_{t=1}^T (p_t - y_t) h_t^\top")
    assert found.verdict.verdict != "wrong"
    # What relates two gradients is wrong whatever the loss is.
    wrong = r"\frac{\partial L}{\partial o_t} = V \frac{\partial L}{\partial h_t}"
    assert verdicts(words, wrong) == ["wrong"]


def test_an_activation_that_is_applied_twice_by_a_slip() -> None:
    words = "Say $h_t = \\sigma(z_t)$ with $z_t = \\sigma(W h_{t-1} + U x_t + b)$."
    right = r"\frac{\partial L}{\partial b} = \sum_{t=1}^T \frac{\partial L}{\partial z_t}"
    wrong = r"\frac{\partial L}{\partial b} = \sum_{t=2}^T \frac{\partial L}{\partial z_t}"
    first, second = judged(words, right, wrong)
    assert first.verdict.is_right
    assert any("applied once" in a for a in first.verdict.assumptions)
    assert second.verdict.verdict == "wrong"
    # By the letter it may be meant.
    meant = r"\frac{\partial h_t}{\partial z_t} = \mathrm{diag}(h_t \odot (1 - h_t))"
    assert verdicts(words, meant) == ["right"]


def test_symbols_are_looked_for_in_linear_time() -> None:
    from bptt_sym.definitions.usage import fragments

    words = "with W_f[h_{t-1},x_t]+b_f and U_f"
    assert list(fragments(words)) == ["W_f[h_{t-1},x_t]+b_f", "U_f"]
    # A run of 400,000 symbols took minutes once.
    assert not list(fragments("a_" * 200_000))


def test_accented_names_are_arguments_of_the_activations_with_the_same_accent() -> None:
    words = (
        "$$f_t = \\sigma(W_f x_t + U_f h_{t-1} + b_f)$$"
        "$$\\hat h_t = \\tanh(W_h x_t + U_h (f_t \\odot h_{t-1}) + b_h)$$"
        "$$h_t = (1-f_t) \\odot h_{t-1} + f_t \\odot \\hat h_t$$"
        "The arguments of tanh and σ are $\\hat a_t$ and $a_t$."
    )
    inner = r"\frac{\partial L}{\partial \hat a_t}"
    by_state = r"\frac{\partial L}{\partial h_t} \odot f_t \odot (1-\hat h_t^2)"
    by_gate = r"\frac{\partial L}{\partial f_t} \odot f_t \odot (1-f_t)"
    right = (
        rf"{inner} = {by_state}",
        rf"\frac{{\partial L}}{{\partial a_t}} = {by_gate}",
        rf"\frac{{\partial L}}{{\partial U_h}} = \sum_t {inner} (f_t \odot h_{{t-1}})^\top",
    )
    assert all(j.verdict.is_right for j in judged(words, *right))
    wrong = (right[0].replace(r"f_t \odot", r"(1-f_t) \odot"), right[2].replace(r"f_t \odot", ""))
    assert not any(j.verdict.is_right for j in judged(words, *wrong))


def test_an_accent_of_two_activations_is_that_of_neither_argument() -> None:
    from bptt_sym.definitions.inner_names import inner_names
    from bptt_sym.definitions.usage import Usage
    from bptt_sym.read.definitions import recurrence_from_latex

    gates = [rf"\tilde{{{g}}}_t = \tanh(W_{g} x_t + U_{g} h_{{t-1}})" for g in "pc"]
    mixed = r"h_t = \tilde{p}_t \odot h_{t-1} + \tilde{c}_t"
    usage = Usage.of([*gates, mixed, r"\frac{\partial L}{\partial \tilde{a}_t}"])
    assert not inner_names(recurrence_from_latex([*gates, mixed]), usage, set())
    # Of one it is.
    other = gates[0].replace(r"\tilde{p}", "p")
    rec = recurrence_from_latex([other, gates[1], mixed.replace(r"\tilde{p}", "p")])
    assert [(a.plain, a.state) for a in inner_names(rec, usage, set())] == [
        (r"\tilde{a}", r"\tilde{c}")
    ]


def test_coupled_gates_are_not_those_of_the_standard_cell() -> None:
    words = "We train an LSTM with coupled input and forget gates."
    by_forget_gate = r"\frac{\partial L}{\partial f_t} = \frac{\partial L}{\partial c_t} \odot"
    by_candidate = r"\frac{\partial L}{\partial \tilde c_t} = \frac{\partial L}{\partial c_t} \odot"
    rows = [
        rf"{by_forget_gate} (c_{{t-1}} - \tilde c_t)",
        rf"{by_candidate} (1 - f_t)",
        rf"{by_forget_gate} c_{{t-1}}",
        rf"{by_candidate} i_t",
    ]
    assert verdicts(words, *rows) == ["right", "right", "undecided", "right"]
    # Beside weights of an input gate it may be either cell.
    weight = r"\frac{\partial L}{\partial W_i} = \frac{\partial L}{\partial W_i}"
    assert verdicts("An LSTM. Others use coupled gates.", rows[2], weight)[0] == "right"


S = r"^{\langle t \rangle}"
_OF_A_GATE = (
    rf"dW_g = d\Gamma_g{S} * \Gamma_g{S} * (1-\Gamma_g{S}) "
    r"* \begin{pmatrix} a_{prev} \\ x_t \end{pmatrix}^T"
)
GAMMA = (
    rf"d\Gamma_o{S} = da_{{next}} * \tanh(c_{{next}})",
    rf"d\tilde c{S} = (dc_{{next}} + \Gamma_o{S} * (1-\tanh^2(c_{{next}})) * da_{{next}})"
    rf" * \Gamma_u{S}",
    *(_OF_A_GATE.replace("_g", f"_{gate}") for gate in "fuo"),
)
BACK = (
    rf"dc_{{prev}} = dc_{{next}} * \Gamma_f{S} "
    rf"+ \Gamma_o{S} * (1 - \tanh^2(c_{{next}})) * \Gamma_f{S} * da_{{next}}"
)


def test_the_cell_with_gates_called_gamma() -> None:
    words = "The gradients of one step, of $W_c$ alike:"
    assert verdicts(words, *GAMMA, BACK) == ["right"] * 6
    for old, new in (
        (r"1 - \tanh^2", r"1 + \tanh^2"), (rf"* \Gamma_f{S} *", "*"),
        (r"\Gamma_f", r"\Gamma_u"), ("c_{next})) *", "c_{prev})) *"),
    ):  # fmt: skip
        slip = BACK.replace(old, new)
        assert slip != BACK
        assert verdicts(words, *GAMMA, slip)[-1] in ("wrong", "undecided")
