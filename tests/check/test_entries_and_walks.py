"""Index notation with other letters, and walks through a run whose last step is a number."""

from __future__ import annotations

import pytest

from tests.check.audited import verdicts

ENTRIES = r"""
Let $h^t_i = f(a^t_i)$ and $a^t_i = \sum_j W_{ij} h^{t-1}_j + \sum_k U_{ik} x^t_k$, and $L = \sum_t L^t$.

$$\frac{\partial h^t_i}{\partial W_{mn}}
 = f'(a^t_i) \left( \delta_{im} h^{t-1}_n + \sum_j W_{ij} \frac{\partial h^{t-1}_j}{\partial W_{mn}} \right)$$
$$\frac{\partial a^t_i}{\partial U_{mn}}
 = \delta_{im} x^t_n + \sum_j W_{ij} \frac{\partial h^{t-1}_j}{\partial U_{mn}}$$
$$\frac{\partial L}{\partial W_{mn}}
 = \sum_t \sum_i \frac{\partial L^t}{\partial h^t_i} \frac{\partial h^t_i}{\partial W_{mn}}$$
$$\frac{\partial h^t_i}{\partial W_{mn}}
 = f'(a^t_i) \left( \delta_{in} h^{t-1}_m + \sum_j W_{ij} \frac{\partial h^{t-1}_j}{\partial W_{mn}} \right)$$
$$\frac{\partial a^t_i}{\partial W_{mn}}
 = \delta_{im} h^{t}_n + \sum_j W_{ij} \frac{\partial h^{t-1}_j}{\partial W_{mn}}$$
$$\frac{\partial h^t_i}{\partial h^{t-1}_j} = f'(a^t_i) W_{ji}$$
"""  # noqa: E501


@pytest.mark.parametrize("letters", ["mn", "ab", r"\mu\nu"])
def test_units_are_counted_by_other_letters_as_well(letters: str) -> None:
    first, second = (r"\mu", r"\nu") if "\\" in letters else letters
    text = ENTRIES.replace("{mn}", f"{{{first} {second}}}")
    text = text.replace("_{im}", f"_{{i {first}}}").replace("_{in}", f"_{{i {second}}}")
    text = text.replace("_m", f"_{{{first}}}").replace("_n", f"_{{{second}}}")
    assert [v for v in verdicts(text) if v != "not_a_claim"] == ["right"] * 3 + ["wrong"] * 3


def test_a_letter_that_something_is_added_to_counts_no_units() -> None:
    text = ENTRIES.replace("h^{t-1}_n", "h^{t-1}_{n+1}").replace("x^t_n", "x^t_{n-1}")
    assert "right" not in verdicts(text)[3:5]


WALK = r"""
One unit: $h_t = \tanh(w h_{t-1} + u x_t)$ with $h_0 = 0$, output $y = v h_3$, loss $E = \frac12 (y - d)^2$.

$$\frac{\partial E}{\partial v} = (y - d) h_3$$
$$\frac{\partial E}{\partial h_1} = (y - d) v (1 - h_3^2) w (1 - h_2^2) w$$
$$\frac{\partial E}{\partial w} = (y - d) v (1 - h_3^2) \left[ h_2 + w (1 - h_2^2) h_1 \right]$$
$$\frac{\partial E}{\partial w} = (y - d) v (1 - h_3^2) \left[ h_2 + w (1 - h_3^2) h_1 \right]$$
$$\frac{\partial E}{\partial h_1} = (y - d) v (1 - h_3^2) w (1 - h_2^2)$$
$$\frac{\partial E}{\partial v} = (d - y) h_3$$
"""  # noqa: E501


@pytest.mark.parametrize("target", ["d", "y^*"])
def test_an_output_of_a_numbered_step_is_that_of_the_run(target: str) -> None:
    text = WALK.replace("- d", f"- {target}").replace("(d", f"({target}")
    assert [v for v in verdicts(text) if v != "not_a_claim"][-6:] == ["right"] * 3 + ["wrong"] * 3


def test_an_output_of_an_earlier_step_is_none_of_the_run() -> None:
    later = WALK.replace("h_0 = 0", "h_4 = \\tanh(w h_3 + u x_4)")
    assert "right" not in verdicts(later)[-6:]


def test_a_one_with_a_class_below_it_is_a_unit_vector() -> None:
    text = r"""
$$h_t = \tanh(U x_t + W h_{t-1}), \quad y_t = V h_t, \quad p_t = \mathrm{softmax}(y_t)$$
$$L = -\sum_t \log p_t[k_t]$$

$$dy_t = p_t - 1_{k_t}$$
$$\frac{\partial L}{\partial y_t} = p_t - 1_{k_t}$$
$$\frac{\partial L}{\partial y_t} = 1_{k_t} - p_t$$
$$\frac{\partial L}{\partial y_t} = p_t - 1_{k_{t-1}}$$
"""
    assert verdicts(text)[4:] == ["right", "right", "wrong", "wrong"]
