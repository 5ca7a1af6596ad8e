r"""Recurrences of which only the arguments are written, :math:`h_t = F(h_{t-1}, x_t, \theta)`.

Nothing tells vectors from numbers in them. What holds of vectors is right; what holds of numbers
only, because the order of factors says nothing there, is said to.
"""

from __future__ import annotations

import pytest

from bptt_sym.check.dimension import of_vectors
from bptt_sym.check.judging import NUMBERS
from bptt_sym.read import recurrence_from_latex
from tests.check.audited import judged

TEXT = (
    r"$$s_t = f_t(s_{t-1}, \theta, u_t)$$" "\n\n"
    r"$$L = \sum_{t=1}^T \ell_t, \qquad \ell_t = \ell(s_t)$$" "\n\n"
    r"$$J_t := \frac{\partial s_t}{\partial s_{t-1}}, \qquad "
    r"G_t := \left. \frac{\partial s_t}{\partial \theta} \right|_{s_{t-1}}, \qquad "
    r"S_t := \frac{d s_t}{d\theta}$$" "\n\n"
)
RIGHT = (
    "S_t = J_t S_{t-1} + G_t",
    r"\frac{dL}{d\theta} = \sum_{t=1}^T \frac{dL}{ds_t} G_t",
    r"\frac{dL}{d\theta} = \sum_{t=1}^T \frac{\partial \ell_t}{\partial s_t} S_t",
    r"\frac{dL}{ds_t} = \frac{\partial\ell_t}{\partial s_t} + \frac{dL}{ds_{t+1}}J_{t+1}",
    r"S_t = J_tJ_{t-1}\cdots J_1S_0 + \sum_{k=1}^{t} J_tJ_{t-1}\cdots J_{k+1}G_k",
)
#: Right where every quantity is a number, and of vectors in no layout.
NUMBERS_ONLY = (
    r"\frac{d s_t}{d s_{t-4}} = J_{t-1} J_t J_{t-3} J_{t-2}",
    r"\frac{d s_{t+1}}{d s_{t-3}} = J_t J_{t+1} J_{t-2} J_{t-1}",
)
#: So are these, which transpose something: of numbers nobody does.
TRANSPOSED = (
    r"\frac{dL}{d\theta} = \sum_{t=1}^T \frac{dL}{ds_t} G_t^\top",
    r"S_t = J_t^\top S_{t-1} + G_t",
    r"\frac{d s_t}{d s_{t-2}} = J_t^\top J_{t-1}",
)
WRONG = (
    r"\frac{dL}{d\theta} = \sum_{t=1}^T \frac{dL}{ds_t} S_t",
    "S_t = J_t S_{t-1}",
    r"\frac{dL}{ds_t} = \frac{dL}{ds_{t+1}}J_{t+1}",
)


def test_they_are_judged_for_vectors() -> None:
    found = judged(TEXT + "\n\n".join(f"$${row}$$" for row in RIGHT))[-len(RIGHT) :]
    assert [j.verdict.verdict for j in found] == ["right"] * len(RIGHT)
    assert all("dimensions" in j.verdict.scope for j in found)


def test_what_holds_of_numbers_only_is_said_to() -> None:
    found = judged(TEXT + "\n\n".join(f"$${row}$$" for row in NUMBERS_ONLY))[-len(NUMBERS_ONLY) :]
    assert all(NUMBERS in j.verdict.readings for j in found)
    said = TEXT + "Every quantity is a scalar.\n\n"
    every = NUMBERS_ONLY + TRANSPOSED
    found = judged(said + "\n\n".join(f"$${row}$$" for row in every))[-len(every) :]
    assert [j.verdict.verdict for j in found] == ["right"] * len(every)


@pytest.mark.parametrize("row", TRANSPOSED)
def test_what_transposes_is_not_right_of_numbers(row: str) -> None:
    """It was accepted, as one about numbers."""
    assert judged(f"{TEXT}$${row}$$")[-1].verdict.verdict == "undecided"


def test_the_order_of_factors_is_that_of_a_layout() -> None:
    (*_, found) = judged(rf"{TEXT}$$S_t = S_{{t-1}} J_t + G_t$$")
    (reading,) = found.verdict.readings
    assert "denominator layout" in reading


@pytest.mark.parametrize("row", WRONG)
def test_what_fails_of_numbers_is_wrong(row: str) -> None:
    assert judged(f"{TEXT}$${row}$$")[-1].verdict.verdict == "wrong"


@pytest.mark.parametrize("lines", [
    [r"h_t = w h_{t-1} + F(x_t)", r"L = \ell(h_T)"],
    [r"h_t = \tanh(W h_{t-1} + U x_t)", r"L = \ell(h_T)"],
    [r"h_t = F(h_{t-1}, x_t)", r"a_t = 2 h_t", r"L = \ell(a_T)"],
])  # fmt: skip
def test_a_form_that_tells_numbers_from_vectors_is_left_alone(lines: list[str]) -> None:
    assert of_vectors(recurrence_from_latex(lines)) is None
