"""Bars that join two vectors, and gradients by ∇ before an operand."""

from __future__ import annotations

import pytest

from bptt_sym.check.audit import audit
from bptt_sym.documents.document import document_from_text
from bptt_sym.spelling.bare_nablas import with_losses_for_nablas
from bptt_sym.spelling.barred_joins import with_commas_for_bars


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (r"W_f [h_{t-1} | x_t]", r"W_f [h_{t-1}, x_t]"),
        (r"W_f [\mathbf{h}_{t-1} \| \mathbf{x}_t]", r"W_f [\mathbf{h}_{t-1}, \mathbf{x}_t]"),
        (r"W (h^{(t-1)} \Vert x^{(t)})", r"W [h^{(t-1)}, x^{(t)}]"),
        (r"X = (x_t \vert h_{t-1}).", r"X = [x_t, h_{t-1}]."),
        (r"W \left[ r_t \odot h_{t-1} \mid x_t \right]", r"W \left[r_t \odot h_{t-1}, x_t\right]"),
    ],
)
def test_a_bar_joins_two_vectors(written: str, meant: str) -> None:
    (formula,) = document_from_text(f"$${written}$$", "t.md").formulas
    assert with_commas_for_bars(formula).latex == meant


@pytest.mark.parametrize(
    "latex",
    [
        r"p(h_t | x_t)",
        r"\mathbb{E}[h_t | x_t]",
        r"\mathbb{E}_{p}\left[h_t | x_t\right]",
        r"(h_t | x_t)",
        r"q = (h_t | x_t) p_t",
        r"\log P[h_t \mid x_t]",
        r"[|h_t|, |x_t|]",
        r"\|h_t - x_t\| + (\|h_t\| \|x_t\|)",
        r"P(h_t \| x_t)",
    ],
)
def test_conditions_and_norms_are_no_joins(latex: str) -> None:
    (formula,) = document_from_text(f"$${latex}$$", "t.md").formulas
    assert with_commas_for_bars(formula) == formula


TEXT = r"""
$$a_t = W x_t + U h_{t-1}$$ $$h_t = \tanh(a_t)$$
$$\nabla_{a_t} = \nabla_{h_t} \odot (1 - h_t^2)$$
$$\nabla_{U} = \sum_t \nabla_{a_t} h_{t-1}^\top$$
$$\nabla_{W} = \sum_t \nabla_{a_t} h_{t-1}^\top$$
$$\nabla_{a_t} = \nabla_{h_t} \frac{\partial h_t}{\partial a_t}$$
"""


def test_a_gradient_that_an_equation_gives_is_one_before_an_operand() -> None:
    found = [j.verdict for j in audit(document_from_text(TEXT, "t.md")) if j.place.line > 2]
    assert [v.is_right for v in found] == [True, True, False, True]
    assert found[2].verdict == "wrong"


def test_what_nabla_is_applied_to_stays() -> None:
    text = r"$$\nabla_{a_t} = 1$$ $$\nabla_{a_t} L = 1, \nabla_{W} f(W) = 2, \nabla_{z_t} \ell_t$$"
    formulas = document_from_text(text, "t.md").formulas
    assert with_losses_for_nablas(formulas, "L")[1].latex == formulas[1].latex
