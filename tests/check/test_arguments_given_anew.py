"""Arguments of gates that a text gives anew, with other letters for its weights."""

from __future__ import annotations

import pytest

from bptt_sym.documents.document import document_from_text
from bptt_sym.spelling.arguments_given_anew import with_arguments_given_anew
from tests.check.audited import last

FIRST = r"""
$z_t = \sigma(A_z X_t + B_z H_{t-1} + b_z)$, $n_t = \tanh(A_n X_t + B_n H_{t-1} + b_n)$ and
$$h_t = z_t \odot h_{t-1} + (1 - z_t) \odot n_t$$

"""
ANEW = r"""
\begin{aligned} \hat{z}_t &= W_z h_{t-1} + U_z x_t + b_z \\
\hat{n}_t &= W_n h_{t-1} + U_n x_t + b_n \end{aligned}

"""
CLAIM = (
    r"$$\frac{\partial L}{\partial \hat{z}_t} = \frac{\partial L}{\partial h_t} \odot "
    r"(h_{t-1} %s n_t) \odot z_t \odot (1 - z_t)$$"
)


@pytest.mark.parametrize("candidate", ["n", "j"])
def test_the_gates_are_of_the_second_arguments(candidate: str) -> None:
    anew = f"$${ANEW}$$".replace(r"\hat{n}", rf"\hat{{{candidate}}}")
    assert last(FIRST + anew + CLAIM % "-") == "right"
    assert last(FIRST + anew + CLAIM % "+") == "wrong"
    weight = (
        r"$$\frac{\partial L}{\partial W_z} = \sum_t "
        r"\frac{\partial L}{\partial \hat{z}_%s} h_{t-1}^T$$"
    )
    assert last(FIRST + anew + weight % "t").startswith("right")
    assert last(FIRST + anew + weight % "{t-1}") == "wrong"


@pytest.mark.parametrize(
    "text",
    [
        FIRST + f"$${ANEW}$$" + r"$$\frac{\partial L}{\partial A_z} = 0$$",  # the first is meant
        FIRST + r"$$\hat{z}_t = W_z h_{t-1} + U_z x_t$$",  # one name alone may be anything
        FIRST + r"$$\hat{z}_t = \hat{h}_t \odot h_{t-1}$$ $$\hat{n}_t = \hat{h}_t \odot z_t$$",
        FIRST + f"$${ANEW}$$" + r"$$z_t = \sigma(\hat{z}_t)$$",  # it is said
    ],
)
def test_else_the_text_stays_as_it_is(text: str) -> None:
    given = document_from_text(text, "a.md").formulas
    assert with_arguments_given_anew(given) == list(given)
