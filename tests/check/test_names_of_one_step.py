"""Names that texts give in one step of a gated cell: by numbers, letters, cases and words."""

from __future__ import annotations

import re

import pytest

from bptt_sym.check.audit import audit
from bptt_sym.documents.document import document_from_text
from bptt_sym.spelling.glued_names import with_names_for_letters
from bptt_sym.spelling.numbered_words import with_names_for_numbers, with_numbers_below
from bptt_sym.spelling.one_case import with_one_case

CELL = r"""
$$z_t = \sigma(W_z x_t + U_z h_{t-1})$$
$$n_t = \tanh(W_n x_t + U_n h_{t-1})$$
$$h_t = z_t \odot h_{t-1} + (1 - z_t) \odot n_t$$
"""


def verdicts(text: str) -> list[str]:
    """``+`` for each right claim, ``-`` for a wrong one, ``?`` for another."""
    found = [j.verdict for j in audit(document_from_text(text, "text.md"))]
    return ["+" if v.is_right else "-" if v.verdict == "wrong" else "?" for v in found
            if v.verdict != "not_a_claim"]  # fmt: skip


STEPS = CELL + r"""
Let $d_0 = \partial L/\partial h_t$.
$$d_1 = h_{t-1} \odot d_0$$
$$d_2 = n_t \odot d_0$$
$$d_3 = d_1 - d_2$$
$$d_4 = d_3 \odot z_t \odot (1 - z_t)$$
$$\frac{\partial L}{\partial z_t} = d_3$$
$$\frac{\partial L}{\partial U_z} = d_4 h_{t-1}^\top$$
"""


def test_numbered_letters_name_gradients_of_one_step() -> None:
    assert verdicts(STEPS) == ["+", "+"]
    assert verdicts(STEPS.replace("d_1 - d_2", "d_1 + d_2")) == ["-", "-"]
    assert verdicts(STEPS.replace("d_3 \\odot z_t", "d_2 \\odot z_t")) == ["+", "-"]


def test_what_no_line_gives_accuses_nobody() -> None:
    """Where :math:`d_0` is told by a picture, nothing made of it is right or wrong."""
    free = STEPS.replace(r"Let $d_0 = \partial L/\partial h_t$.", "")
    assert free != STEPS
    assert verdicts(free) == ["?", "?"]
    assert verdicts(re.sub(r"d_([0-9])", r"\\delta \1", free)) == ["?", "?"]


def test_numbers_beside_a_delta_stand_below_it() -> None:
    beside = re.sub(r"d_([0-9])", r"\\delta \1", STEPS)
    assert verdicts(beside) == ["+", "+"]
    assert verdicts(beside.replace(r"\delta 1 - \delta 2", r"\delta 1 + \delta 2")) == ["-", "-"]
    for product in (r"$$\delta 3 = x_t$$", r"$$\delta = \delta 3$$ $$\delta 2 = 1$$"):
        given = document_from_text(product, "t.md").formulas
        assert with_numbers_below(given) == list(given)


@pytest.mark.parametrize(
    "text",
    [
        r"$$\delta_3 = h_3 - y$$ $$\delta_2 = w \delta_3$$ $$\delta_1 = w \delta_2 + h_{t-1}$$",
        r"$$d_3 = x_t$$ $$d_2 = w d_3$$ $$d_1 = w d_2$$ $$d_t = w d_{t+1}$$",
        r"$$d_2 = x_t$$ $$d_1 = w d_2$$",
    ],
)
def test_numbers_of_steps_are_no_names(text: str) -> None:
    given = document_from_text(text, "t.md").formulas
    assert with_names_for_numbers(given) == list(given)


def test_letters_without_a_gap_are_one_name() -> None:
    text = CELL.replace("n_t", "hh_t") + r"""
$$\frac{\partial L}{\partial hh_t} = \frac{\partial L}{\partial h_t} \odot (1 - z_t)$$
$$\frac{\partial L}{\partial hh_t} = \frac{\partial L}{\partial h_t} \odot z_t$$
"""
    assert verdicts(text) == ["+", "-"]
    for product in (r"$$ah_t = a h_t$$", r"$$dh_t = w z_t$$", r"$$Wh_t = x_t$$"):
        given = document_from_text(product, "t.md").formulas
        assert with_names_for_letters(given) == list(given)


def test_n_is_a_gate_beside_z() -> None:
    text = CELL + r"""
$$\delta^n_t = \frac{\partial L}{\partial n_t} \odot (1 - n_t^2)$$
$$\delta^z_t = \frac{\partial L}{\partial z_t} \odot z_t \odot (1 - z_t)$$
$$\frac{\partial L}{\partial W_n} = \sum_t \delta^n_t x_t^\top$$
$$\frac{\partial L}{\partial W_n} = \sum_t \delta^z_t x_t^\top$$
"""
    assert verdicts(text) == ["+", "+", "+", "-"]


@pytest.mark.parametrize(
    ("large", "small"),
    [
        (r"\widetilde{C}_t", r"\tilde{c}_t"),
        (r"\tilde{\mathbf{C}}_t", r"\widetilde{\mathbf{c}}_t"),
    ],
)
def test_a_candidate_may_be_meant_in_the_other_case(large: str, small: str) -> None:
    text = CELL.replace("h_t =", "C_t =").replace("h_{t-1}", "C_{t-1}").replace("n_t", large)
    text += rf"""
$$\frac{{\partial L}}{{\partial {small}}} = \frac{{\partial L}}{{\partial C_t}} \odot (1 - z_t)$$
$$\frac{{\partial L}}{{\partial {small}}} = \frac{{\partial L}}{{\partial C_t}} \odot z_t$$
"""
    assert verdicts(text) == ["+", "-"]


def test_two_candidates_keep_their_cases() -> None:
    text = r"$$\tilde{C}_t = \tanh(x_t)$$ $$\tilde{c}_t = \tanh(u_t)$$ $$h_t = \tilde{C}_t$$"
    given = document_from_text(text, "t.md").formulas
    assert with_one_case(given) == list(given)


LATER = r"""
For $q \in \{f, o\}$: $\hat q_t = W_q x_t + R_q h_{t-1}$, $f_t = \sigma(\hat f_t)$, $o_t = \sigma(\hat o_t)$.
$$h_t = f_t \odot h_{t-1} + o_t \odot x_t$$
$$\delta^h_t = \frac{\partial L_t}{\partial h_t} + \delta^{h,\text{future}}_t$$
$$\delta^{h,future}_t = f_{t+1} \odot \delta^h_{t+1} + R_f^\top \delta^{\hat f}_{t+1} + R_o^\top \delta^{\hat o}_{t+1}$$
$$\delta^{\hat o}_t = \delta^h_t \odot x_t \odot o_t \odot (1 - o_t)$$
$$\frac{\partial L}{\partial R_q} = \sum_t \delta^{\hat q}_t h_{t-1}^\top$$
"""  # noqa: E501


def test_what_comes_back_has_an_equation_of_its_own() -> None:
    assert verdicts(LATER) == ["+"] * 4
    assert verdicts(LATER.replace("= f_{t+1}", "= f_t")) == ["-", *"+++"]
    assert verdicts(LATER.replace(r"\hat q}_t h_{t-1}", r"\hat q}_t h_t")) == [*"++--"]


GAMMAS = r"""
$$\Gamma_f^{\langle t \rangle} = \sigma(W_f [a^{\langle t-1 \rangle}, x^{\langle t \rangle}])$$
$$\Gamma_o^{\langle t \rangle} = \sigma(W_o [a^{\langle t-1 \rangle}, x^{\langle t \rangle}])$$
$$a^{\langle t \rangle} = \Gamma_f^{\langle t \rangle} * a^{\langle t-1 \rangle} + \Gamma_o^{\langle t \rangle}$$
$$d\gamma_o^{\langle t \rangle} = da_{next} * \Gamma_0^{\langle t \rangle} * (1 - \Gamma_0^{\langle t \rangle})$$
$$\frac{\partial L}{\partial \gamma_f^{\langle t \rangle}} = da_{next} * a_{prev} * \Gamma_f^{\langle t \rangle} * (1 - \Gamma_f^{\langle t \rangle})$$
$$dW_f = d\gamma_f^{\langle t \rangle} \begin{bmatrix} a_{prev} \\ x_t \end{bmatrix}^t$$
$$da_{prev} = da_{next} * \Gamma_f^{\langle t \rangle} + W_f^Td\gamma_f^{\langle t \rangle} + W_o^Td\gamma_o^{\langle t \rangle}$$
"""  # noqa: E501


def test_gates_by_capital_letters_and_their_arguments_by_small_ones() -> None:
    assert verdicts(GAMMAS) == ["+"] * 4
    slips = (
        (r"1 - \Gamma_0", r"1 + \Gamma_0"),
        ("* a_{prev} *", "*"),
        ("a_{prev} \\\\", "a^{\\langle t \\rangle} \\\\"),
        ("+ W_f^Td", "- W_f^Td"),
    )
    for k, (meant, slipped) in enumerate(slips):
        assert meant in GAMMAS
        assert verdicts(GAMMAS.replace(meant, slipped))[k] != "+", slipped
