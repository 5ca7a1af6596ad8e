"""Networks unit by unit, with repeated letters for sums and names for the gradients of units."""

from __future__ import annotations

import pytest

from tests.check.audited import judged, last, shown, verdicts

CELL = (
    "$h^t_i = \\tanh(a^t_i)$, $a^t_i = W_{ij} h^{t-1}_j + U_{ik} x^t_k + b_i$, "
    "$y^t_m = V_{mi} h^t_i$, and $L = \\sum_t \\frac{1}{2} (y^t_m - d^t_m)(y^t_m - d^t_m)$.\n\n"
    "$$\\frac{\\partial h^t_i}{\\partial h^{t-1}_j} = (1 - (h^t_i)^2) W_{ij}$$\n\n"
    "With $\\epsilon^t_i = \\partial L/\\partial a^t_i$,\n\n"
    "$$\\frac{\\partial L}{\\partial b_i} = \\sum_t \\epsilon^t_i$$\n\n"
)
BACK = r"\epsilon^t_i = (1 - (h^t_i)^2) [ V_{mi} (y^t_m - d^t_m) + W_{ji} \epsilon^{t+1}_j ]"


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        (BACK, "right"),
        (BACK.replace("W_{ji}", "W_{ij}"), "wrong"),
        (BACK.replace("{t+1}", "t"), "wrong"),
        (r"\frac{\partial L}{\partial V_{mi}} = \sum_t (y^t_m - d^t_m) h^t_i", "right"),
        (r"\frac{\partial L}{\partial W_{ij}} = \sum_t \epsilon^t_i h^{t-1}_j", "right"),
        (r"\frac{\partial L}{\partial W_{ij}} = \sum_t \epsilon^t_i h^t_j", "wrong"),
        (r"\frac{\partial L}{\partial W_{ij}} = \sum_t \epsilon^t_j h^{t-1}_i", "wrong"),
        # a letter that stands once, or three times, is no sum
        (BACK.replace("W_{ji}", "W_{jj}"), "undecided"),
        (BACK.replace(r"\epsilon^{t+1}_j", r"\epsilon^{t+1}_k"), "undecided"),
    ],
)
def test_repeated_letters_and_gradients_of_units(formula: str, expected: str) -> None:
    assert last(CELL + shown(formula)) == expected


@pytest.mark.parametrize("entry", ["_{t,%s}", "^{(t)}_%s", "_%s(t)"])
def test_the_name_in_other_scripts(entry: str) -> None:
    def at(name: str, unit: str) -> str:
        return name + entry % unit

    cell = "$$h_t = \\tanh(a_t),\\quad a_t = W h_{t-1} + U x_t$$\n\n$$L = \\sum_t L_t(h_t)$$\n\n"
    named = f"With ${at('e', 'i')} = \\partial L/\\partial {at('a', 'i')}$,\n\n"
    before = at("h", "j").replace("t", "t-1")
    claim = rf"\frac{{\partial L}}{{\partial W_{{ij}}}} = \sum_t {at('e', 'i')} {{B}}"
    assert last(cell + named + shown(claim.replace("{B}", before))) == "right"
    assert last(cell + named + shown(claim.replace("{B}", at("h", "j")))) != "right"


WALK = (
    "$h_1 = \\tanh(w x_1 + u h_0)$, $h_2 = \\tanh(w x_2 + u h_1)$, $h_3 = \\tanh(w x_3 + u h_2)$, "
    "$\\hat y = v h_3$, and $L = (\\hat y - y)^2$.\n\n"
)


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        (r"\frac{\partial L}{\partial v} = 2(\hat y - y) h_3", "right"),
        # (As a graph of quantities it has no step to be mistaken about.)
        (r"\frac{\partial L}{\partial v} = 2(\hat y - y) h_2", "wrong"),
        (r"\frac{\partial L}{\partial h_2} = 2(\hat y - y) v (1 - h_3^2) u", "right"),
        (r"\frac{\partial L}{\partial h_2} = 2(\hat y - y) v (1 - h_2^2) u", "wrong"),
    ],
)
def test_a_walk_through_three_steps_ends_with_the_third(formula: str, expected: str) -> None:
    more = shown(r"\frac{\partial L}{\partial h_3} = 2(\hat y - y) v")
    more += shown(r"\frac{\partial L}{\partial h_1} = \frac{\partial L}{\partial h_2}(1 - h_2^2) u")
    assert last(WALK + more + shown(formula)) == expected


def test_where_a_step_runs_the_third_is_not_the_last() -> None:
    text = "$$h_t = \\tanh(w x_t + u h_{t-1})$$\n\n$\\hat y = v h_3$ and $L = (\\hat y - y)^2$.\n\n"
    claim = shown(r"\frac{\partial L}{\partial v} = 2(\hat y - y) h_3")
    assert "wrong" not in verdicts(text + claim)


@pytest.mark.parametrize("said", ["three time steps", "a sequence of length 3", "三个时间步"])
def test_a_number_of_steps_in_words(said: str) -> None:
    cell = f"Over {said}: $$h_t = \\tanh(w h_{{t-1}} + u x_t)$$\n\n$$L = \\sum_t L_t(h_t)$$\n\n"
    slopes = " + ".join(
        rf"\frac{{\partial L}}{{\partial h_{k}}} (1 - h_{k}^2) h_{k - 1}" for k in (1, 2, 3)
    )
    found = judged(cell + shown(rf"\frac{{\partial L}}{{\partial w}} = {slopes}"))[-1].verdict
    assert found.verdict in ("right", "right_under_reading")
