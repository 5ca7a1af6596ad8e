"""A gradient that the text gives with the slope in it is one by the argument."""

from __future__ import annotations

import pytest

from bptt_sym.check.grounds import GIVEN_BEFORE
from tests.check.audited import judged

NET = (
    "The state is $h_t = \\sigma(W h_{t-1} + U x_t + b)$, the output $y_t = \\phi(V h_t + c)$ and "
    "the loss is $L = \\sum_t \\frac12 \\|y_t - d_t\\|^2$.\n\n"
)
#: With the slope as a factor too many, and with a target that is differentiated besides.
SLOPED = (
    r"$$\frac{\partial L}{\partial y_t} = (y_t - d_t) \odot \phi'(V h_t + c)$$",
    r"$$\frac{\partial L}{\partial y_t} = "
    r"2 \frac{\partial L_t}{\partial h_t} \cdot \phi'(V h_t + c)$$",
)
FOLLOWS = (
    r"\frac{\partial L}{\partial V} = \sum_t \frac{\partial L}{\partial y_t} h_t^T",
    r"\frac{\partial L}{\partial c} = \sum_t \frac{\partial L}{\partial y_t}",
)
WITHOUT = r"\frac{\partial L}{\partial W} = \sum_t \frac{\partial L}{\partial h_t} h_{t-1}^T"


@pytest.mark.parametrize("claim", FOLLOWS)
@pytest.mark.parametrize("given", SLOPED)
def test_what_follows_from_it_lacks_no_slope(given: str, claim: str) -> None:
    alone = judged(f"{NET}$${claim}$$")[-1].verdict
    assert not alone.is_right
    assert alone.note != GIVEN_BEFORE
    beside = judged(f"{NET}{given}\n\n$${claim}$$")[-1].verdict
    assert (beside.verdict, beside.note) == ("undecided", GIVEN_BEFORE)


def test_what_follows_from_another_gradient_does() -> None:
    assert judged(f"{NET}{SLOPED[0]}\n\n$${WITHOUT}$$")[-1].verdict.verdict == "wrong"
    slip = FOLLOWS[0].replace("h_t^T", "h_{t-1}^T")
    assert judged(f"{NET}{SLOPED[0]}\n\n$${slip}$$")[-1].verdict.note != GIVEN_BEFORE


@pytest.mark.parametrize("bound", [r"f'(a_t) \leq \frac{1}{4}", r"|f'(z_t)| \le 1", "f'(z_t) < 1"])
def test_a_bound_of_the_slope_of_any_function_accuses_nobody(bound: str) -> None:
    text = "For a network with $z_t = W a_{t-1} + b$ and $a_t = f(z_t)$:\n\n"
    text += r"$$\frac{\partial a_t}{\partial a_{t-1}} = \text{diag}(f'(z_t)) W$$" "\n\n"
    assert judged(f"{text}- **Sigmoid**: ${bound}$\n")[-1].verdict.verdict == "undecided"
    of_tanh = text.replace("= f(z_t)", r"= \tanh(z_t)").replace("f'", r"\tanh'")
    claim = bound.replace("f'", r"\tanh'").replace("a_t", "z_t")
    found = judged(f"{of_tanh}- ${claim}$\n")[-1].verdict
    assert found.is_right == (r"\le 1" in bound)
