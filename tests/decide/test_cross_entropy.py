"""Softmax and cross-entropy: the known gradient, and the mistakes next to it."""

from __future__ import annotations

import pytest

from bptt_sym.decide import decide
from bptt_sym.read import read_claim, recurrence_from_latex

REC = recurrence_from_latex(
    [
        r"s_t = \tanh(U x_t + W s_{t-1})",
        r"z_t = V s_t",
        r"p_t = \mathrm{softmax}(z_t)",
        r"E_t = -y_t^\top \log(p_t)",
        r"E = \sum_{t=1}^T E_t",
    ],
    name="classifier",
)


@pytest.mark.parametrize(
    ("tex", "right"),
    [
        (
            r"\frac{d E_t}{d z_t} = "
            r"-\left(\frac{y_t}{p_t}\right)^\top (\mathrm{diag}(p_t) - p_t p_t^\top)",
            True,
        ),
        (r"\frac{d E_t}{d z_t} = -\left(\frac{y_t}{p_t}\right)^\top \mathrm{diag}(p_t)", False),
        (r"\frac{d p_t}{d z_t} = \mathrm{diag}(p_t) - p_t p_t^\top", True),
        (r"\frac{d p_t}{d z_t} = \mathrm{diag}(p_t)", False),
    ],
)
def test_softmax_and_the_logarithm_are_known(tex, right):
    """log' = 1/p, and the Jacobian of softmax; one number's softmax is no counterexample."""
    verdict = decide(read_claim(tex, REC), REC)
    assert verdict.is_right is right, verdict
    if not right:
        assert verdict.verdict == "wrong"
        assert "," in next(iter(verdict.counterexample.values))


@pytest.mark.parametrize(
    ("tex", "verdict"),
    [
        (r"\frac{d E_t}{d z_t} = p_t - y_t", "right_under_reading"),
        (
            r"\frac{\partial E}{\partial V} = \sum_{t=1}^T (p_t - y_t) s_t^\top",
            "right_under_reading",
        ),
        (r"\frac{d E_t}{d z_t} = y_t - p_t", "wrong"),
        (r"\frac{d E_t}{d p_t} = p_t - y_t", "wrong"),
    ],
)
def test_labels_that_add_to_one_are_a_hypothesis_that_is_named(tex, verdict):
    """Without it the gradient by the logits has the sum of the labels in front of p."""
    found = decide(read_claim(tex, REC), REC)
    assert found.verdict == verdict
    if found.is_right:
        assert any("add to one" in a for a in found.assumptions)


def test_with_the_sum_of_the_labels_written_out_it_needs_no_hypothesis():
    tex = r"\frac{d E_t}{d z_t} = (1^\top y_t) p_t - y_t"
    found = decide(read_claim(tex, REC), REC)
    assert found.verdict == "right_under_reading" and not found.assumptions
    twice = r"\frac{d E_t}{d z_t} = 2 (1^\top y_t) p_t - y_t"
    assert not decide(read_claim(twice, REC), REC).is_right
