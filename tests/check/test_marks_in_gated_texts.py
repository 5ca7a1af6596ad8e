r"""Marks for gradients in texts on gated cells: ``\nabla_{h_t}``, ``δ_h`` beside a candidate."""

from __future__ import annotations

import time

import pytest

from bptt_sym.check.audit import audit
from bptt_sym.documents.document import document_from_text
from bptt_sym.spelling.bare_nablas import with_losses_for_nablas
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
    found = {
        j.place.line - first: j.verdict.verdict
        for j in audit(document_from_text(whole, "t.md")) if j.place.line >= first
    }  # fmt: skip
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


@pytest.mark.parametrize("text", ["∂L/" * 3000, r"\nabla_{" * 3000, "∂" + "{a" * 3000 + "/∂b"])
def test_the_patterns_are_linear(text: str) -> None:
    (formula,) = document_from_text(r"$$a = b$$", "t.md").formulas
    hostile = type(formula)(formula.source, text, [0] * (len(text) + 1), True)
    start = time.process_time()
    with_bars_for_slashes(hostile)
    with_losses_for_nablas([hostile], "L")
    assert time.process_time() - start < 2
