r"""A loss that the text gives anew, and one that is that of the last step: ``J = L_T(y_T, t)``."""

from __future__ import annotations

import pytest

from tests.check.audited import judged, verdicts

CELL = r"$$h_t = \tanh(W h_{t-1} + U x_t)$$" "\n\n" r"$$o_t = V h_t$$" "\n\n"
STEP = "\n\n" r"$$L_t = \frac{1}{2} (o_t - r_t)^2$$" "\n\n"
SUM, LAST = r"$$J = \sum_{t=1}^T L_t$$", r"$$J = L_T$$"
CLAIMS = "\n\n".join((
    "",
    r"$\frac{\partial J}{\partial h_t} = \frac{\partial L_t}{\partial h_t}"
    r" + \frac{\partial J}{\partial h_{t+1}} \frac{\partial h_{t+1}}{\partial h_t}$",
    r"$\frac{\partial J}{\partial V} = \frac{\partial L_T}{\partial o_T} h_T^\top$",
    # slips: a sign, a step
    r"$\frac{\partial J}{\partial h_t} = \frac{\partial L_t}{\partial h_t}"
    r" - \frac{\partial J}{\partial h_{t+1}} \frac{\partial h_{t+1}}{\partial h_t}$",
    r"$\frac{\partial J}{\partial V} = \frac{\partial L_T}{\partial o_T} h_{T-1}^\top$",
))  # fmt: skip
NEW, OLD = "right", "undecided"


@pytest.mark.parametrize(
    ("losses", "expected"),
    [
        (SUM + STEP + LAST, [OLD, NEW]),
        (LAST + STEP + SUM, [NEW, OLD]),
        (SUM + STEP + "Or\n\n" r"$$J = L_T(o_T, \hat{r})$$", [OLD, NEW]),
        (SUM + STEP + LAST + "\n\n" r"$$s_t = V h_t$$", [OLD, NEW]),
        (LAST + STEP, ["wrong", "right"]),
        (SUM + STEP, ["right", "wrong"]),
    ],
)
def test_what_holds_for_the_loss_before_is_not_wrong(losses: str, expected: list[str]) -> None:
    found = verdicts(f"{CELL}{losses}{CLAIMS}")[-4:]
    assert found[:2] == expected
    assert "right" not in found[2:]


def test_the_loss_before_goes_with_its_cell() -> None:
    other = "\n\n" r"$$h_t = \tanh(A h_{t-1} + B x_t)$$" "\n\n" r"$$o_t = C h_t$$" "\n\n"
    found = verdicts(f"{CELL}{SUM}{STEP}{other}{LAST}{CLAIMS.replace('V', 'C')}")[-4:]
    assert found[1] == "right" and "right" not in found[2:]


@pytest.mark.parametrize(("step", "right"), [("T", True), ("{T-1}", False)])
@pytest.mark.parametrize("of", [r"o_T, \hat{r}", "o_T, r_T", "o_T"])
def test_a_loss_of_the_last_output(of: str, step: str, right: bool) -> None:
    claim = r"\frac{\partial J}{\partial V} = \frac{\partial L_T}{\partial o_T} h_"
    found = judged(f"{CELL}$$J = L_T({of})$$\n\n$${claim}{step}^\\top$$")[-1]
    assert found.verdict.is_right is right


def test_what_adds_nothing_to_itself_for_the_loss_before_stays_wrong() -> None:
    claim = (
        r"\frac{\partial J}{\partial h_t} = \frac{\partial J}{\partial h_t}"
        r" + \frac{\partial J}{\partial o_{t-1}} h_t"
    )
    assert verdicts(f"{CELL}{LAST}{STEP}{SUM}\n\n$${claim}$$")[-1] == "wrong"
