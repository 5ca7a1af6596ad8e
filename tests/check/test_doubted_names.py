"""Gradients that are said to be by a state and worked out with the slope of its activation."""

from __future__ import annotations

import pytest

from tests.check.audited import judged, verdicts

NET = r"""$$h_t = \tanh(W x_t + U h_{t-1} + b), \quad y_t = V h_t$$
$$L = \frac{1}{2} \sum_t \| y_t - d_t \|^2$$
$$\delta^h_t = \frac{\partial L}{\partial h_t}, \quad \delta^y_t = y_t - d_t$$
"""
BY_ARGUMENT = r"(V^\top \delta^y_t + U^\top \delta^h_{t+1}) \odot (1 - h_t^2)"
BY_STATE = r"V^\top \delta^y_t + U^\top (\delta^h_{t+1} \odot (1 - h_{t+1}^2))"
TWICE = r"(V^\top \delta^y_t + U^\top (\delta^h_{t+1} \odot (1 - h_{t+1}^2))) \odot (1 - h_t^2)"


@pytest.mark.parametrize(
    ("recursion", "expected"),
    [
        (BY_ARGUMENT, ["right", "right", "wrong", "wrong"]),
        (BY_STATE, ["right", "wrong", "wrong", "wrong"]),
        (TWICE, ["wrong", "right", "wrong", "wrong"]),
        (BY_ARGUMENT.replace("V^", "-V^"), ["wrong", "right", "wrong", "wrong"]),
    ],
)
def test_the_recursion_tells_which_gradient_is_meant(recursion: str, expected: list[str]) -> None:
    of_w = r"$$\frac{\partial L}{\partial W} = \sum_t %s x_{%s}^\top$$"
    rows = [rf"$$\delta^h_t = {recursion}$$", of_w % (r"\delta^h_t", "t"),
            of_w % (r"\delta^h_t", "t-1"), of_w % (r"2\delta^h_t", "t")]  # fmt: skip
    found = [verdicts(f"{NET}{rows[0]}\n{row}\n")[-1] for row in rows]
    assert found == expected


def test_what_is_supposed_is_said() -> None:
    (*_, found) = judged(rf"{NET}$$\delta^h_t = {BY_ARGUMENT}$$" + "\n")
    assert found.verdict.verdict == "right_under_reading"
    assert any("by its argument" in said for said in found.verdict.readings)
