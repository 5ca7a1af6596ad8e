r"""A run of numbers worked out: targets called ``t_t``, and weights whose value drops out."""

from __future__ import annotations

import pytest

from tests.check.audited import judged, verdicts

NET = r"""
$$ h_t = \tanh(a_t), \quad a_t = w_x x_t + w_h h_{t-1} $$
$$ o_t = w_o h_t $$
$$ L = \frac12 \sum_{t=1}^{T} (o_t - t_t)^2 $$

"""
VALUES = "With $w_o = 1.0$ and $w_h = 0.3$ and a run of three steps:\n\n"


def claims(*formulas: str, before: str = NET) -> list[str]:
    found = verdicts(before + "\n\n".join(f"$${f}$$" for f in formulas))
    return [v for v in found if v != "not_a_claim"]


def test_a_target_with_the_letter_of_the_step() -> None:
    weight = r"\frac{\partial L}{\partial w_o} = \sum_{t=1}^T %s h_t"
    step = r"\frac{\partial L}{\partial o_3} = o_3 - t_3"
    assert claims(weight % "(o_t - t_t)", step, weight % "(t_t - o_t)") == [
        "right", "right", "wrong",
    ]  # fmt: skip
    shown = judged(NET + f"$${weight % '(t_t - o_t)'}$$")[-1]
    assert "t_t" in shown.latex


def test_a_letter_that_is_the_step_alone_is_left() -> None:
    count = r"\frac{\partial h_t}{\partial w} = t w^{t-1} h_0"
    assert claims(count, before="$$h_t = w h_{t-1}$$\n\n") == ["right"]


@pytest.mark.parametrize(
    ("values", "expected"),
    [(VALUES, ["undecided", "right"]), ("", ["wrong", "right"]),
     # The case that announces a display is named, whatever stands between them.
     ("With $w_h = 1.0$:\n\n", ["undecided", "right"]),
     ("Let $w_h = 1.0$ there.\n\n", ["wrong", "right"])],
)  # fmt: skip
def test_a_weight_of_one_drops_out(values: str, expected: list[str]) -> None:
    rows = r"dh_3 = do_3", r"da_3 = dh_3 (1 - h_3^2)"
    assert claims(*rows, before=NET + values) == expected


def test_a_formula_of_every_step_elsewhere_is_still_accused() -> None:
    wrong = r"\frac{\partial L}{\partial h_T} = \frac{\partial L}{\partial o_T}"
    assert claims(wrong, before=f"{NET}{VALUES}# Of every run\n\n") == ["wrong"]


def test_numbers_that_are_added_up() -> None:
    added = r"dw_o += (-0.58)(0.91)", r"dw_x += (-0.09) x_3"
    assert claims(*added, before=NET + VALUES) == []
