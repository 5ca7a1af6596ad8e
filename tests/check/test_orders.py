"""Orders of growth: a bound with a constant of which nothing is said."""

from __future__ import annotations

import pytest

from bptt_sym.spelling.orders import with_constants_for_orders
from tests.check.audited import judged, verdicts

CELL = "$h_t = \\tanh(w h_{t-1} + u_t)$, $h_0 = 0$.\n\n"
STEPS, WEIGHT = r"\frac{\partial h_T}{\partial h_k}", r"\frac{\partial h_T}{\partial w}"


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        (rf"$${STEPS} = O(|w|^{{T-k}})$$", "right"),
        (rf"$$\left|{STEPS}\right| = \mathcal{{O}}\left(|w|^{{T-k}}\right).$$", "right"),
        (rf"$${STEPS} \in O(|w|^{{2(T-k)}})$$", "undecided"),
        (rf"$${WEIGHT} = O(T)$$", "undecided"),
        (rf"If $|w| \le 1$, then $${WEIGHT} = O(T)$$", "right"),
        (rf"If $|w| \le 1$, then $${WEIGHT} = O(1)$$", "undecided"),
        (rf"If $|w| < 1$, then $${WEIGHT} = O(1)$$", "right"),
        (rf"If $|w| < 2$, then $${STEPS} = O(2^{{T-k}})$$", "right"),
        (rf"If $|w| < 2$, then $${STEPS} = O(1.5^{{T-k}})$$", "undecided"),
        # A term that is left out is another thing.
        (rf"$${STEPS} = w (1-h_T^2) + O(w^2)$$", "undecided"),
    ],
)
def test_an_order_of_growth_is_shown_or_left_alone(text: str, verdict: str) -> None:
    assert verdicts(CELL + text)[-1] == verdict


def test_it_is_shown_as_it_was_written() -> None:
    assert judged(CELL + rf"$${STEPS} = O(|w|^{{T-k}})$$")[-1].latex == rf"{STEPS} = O(|w|^{{T-k}})"


def test_the_cost_of_an_algorithm_is_no_bound() -> None:
    assert with_constants_for_orders.__doc__
    assert verdicts(CELL + r"The memory is $M = O(T n)$.")[-1] in ("not_a_claim", "undecided")
