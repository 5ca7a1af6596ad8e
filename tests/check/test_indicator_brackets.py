r"""The slope of ReLU as an indicator, ``\mathbb{1}[h_t > 0]``, in all its brackets."""

from __future__ import annotations

import pytest

from tests.check.audited import verdicts

CELL = r"$$h_t = \mathrm{ReLU}(W h_{t-1} + U x_t)$$" "\n\n"
CLAIM = r"$$\frac{\partial h_t}{\partial h_{t-1}} = \operatorname{diag}(%s) W$$"
RIGHT = (
    r"\mathbb{1}[h_t > 0]", r"\mathbb{1}\left[h_t > 0\right]", r"\mathbf{1}(h_t > 0)",
    "1[h_t > 0]", "1(h_t > 0)", r"1\{h_t > 0\}", "[h_t > 0]", "1[0 < h_t]", "1_{h_t > 0}",
    r"\mathbb{I}[h_t > 0]", r"\mathbb{1}[W h_{t-1} + U x_t > 0]", r"\mathbb{1}_{\{h_t > 0\}}",
)  # fmt: skip
WRONG = ("1[h_{t-1} > 0]", "1[h_t > 0] + 1", "2 [h_t > 0]", r"1 - \mathbb{1}[h_t > 0]")


def test_every_way_to_write_it() -> None:
    claims = "\n\n".join(CLAIM % one for one in RIGHT)
    assert verdicts(CELL + claims)[1:] == ["right"] * len(RIGHT)


@pytest.mark.parametrize("one", WRONG)
def test_a_slip_in_it(one: str) -> None:
    assert verdicts(CELL + CLAIM % one)[-1] == "wrong"


@pytest.mark.parametrize("one", ["1[h_t]", "1(h_t + h_t > 1)", "[h_t, h_t > 0]", "1[h_t > 0"])
def test_other_brackets_are_no_indicator(one: str) -> None:
    assert verdicts(CELL + CLAIM % one)[-1] != "right"
