"""Equations that a text gives twice, the second time with a slip."""

from __future__ import annotations

from tests.check.audited import shown, verdict_of_last

FIRST = shown(
    r"f_t = \sigma(u_t), \quad u_t = W_f h_{t-1} + U_f x_t + b_f",
    r"i_t = \sigma(v_t), \quad v_t = W_i h_{t-1} + U_i x_t + b_i",
    r"c_t = f_t \odot c_{t-1} + i_t, \quad h_t = \tanh(c_t), \quad E = \sum_t E_t(h_t)",
)
AGAIN = "Here\n\n" + shown(r"v_t = W_i h_{t-1} + U_i + b_i")
BY_U = r"\frac{\partial E}{\partial U_i} = \sum_t \frac{\partial E}{\partial v_t} x_t^\top"


def test_what_the_first_form_makes_right_accuses_nobody() -> None:
    assert verdict_of_last(FIRST + shown(BY_U)).is_right
    for heading in ("", "## Gradients\n\n"):
        found = verdict_of_last(FIRST + AGAIN + heading + shown(BY_U))
        assert found.verdict == "right_under_reading" if heading else (
            found.verdict == "undecided" and "before in another form" in found.note
        )
        slip = BY_U.replace(r"x_t^\top", r"h_t^\top")
        assert verdict_of_last(FIRST + AGAIN + heading + shown(slip)).verdict == "wrong"


def test_a_row_that_goes_on_is_no_exception() -> None:
    chain = BY_U.replace(r"x_t^\top", r"\frac{\partial v_t}{\partial U_i}")
    for end, verdict in ((r"x_t^\top", "undecided"), (r"h_t^\top", "wrong")):
        goes_on = shown(chain, rf"= \sum_t \frac{{\partial E}}{{\partial v_t}} {end}")
        assert verdict_of_last(FIRST + AGAIN + goes_on).verdict == verdict


def test_another_network_in_a_section_of_its_own_is_no_second_form() -> None:
    tanh = shown(r"h_t = \tanh(W h_{t-1} + U x_t)")
    linear = "## A linear network\n\n" + shown(r"h_t = W h_{t-1} + U x_t")
    claim = r"\frac{\partial h_t}{\partial h_{t-1}} = \operatorname{diag}(1 - h_t^2) W"
    assert verdict_of_last(tanh + shown(claim)).is_right
    assert verdict_of_last(tanh + linear + shown(claim)).verdict == "wrong"
