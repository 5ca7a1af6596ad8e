r"""One output for the whole run: its step left out, by another letter, and its target unnamed."""

from __future__ import annotations

import pytest

from bptt_sym.spelling.counting import last_step_letter
from tests.check.audited import judged, verdicts

CELL = r"$$h_t = \tanh(W h_{t-1} + U x_t)$$" "\n\n"
CLAIMS = (
    r"$$\frac{\partial L}{\partial V} = (%(a)s - %(y)s) %(h)s^\top$$" "\n\n"
    r"$$\frac{\partial L}{\partial V} = (%(y)s - %(a)s) %(h)s^\top$$" "\n\n"
    r"$$\frac{\partial L}{\partial V} = (%(a)s - %(y)s) h_{t-1}^\top$$"
)


@pytest.mark.parametrize("letter", [r"\tau", "n", "N", "T"])
@pytest.mark.parametrize(("z", "a", "y"), [("z", "a", "y"), ("o", "p", "d"), ("s", "o", "y")])
def test_a_letter_below_the_state_of_the_output_is_the_last_step(
    letter: str, z: str, a: str, y: str
) -> None:
    h = f"h_{letter}" if letter != r"\tau" else r"h_{\tau}"
    output = rf"$${z} = V {h}, \qquad {a} = \mathrm{{softmax}}({z})$$" "\n\n"
    said = "The loss $L$ is the cross entropy.\n\n"
    *_, right, signed, step = verdicts(
        CELL + output + said + CLAIMS % {"a": a, "y": y, "h": h}
    )
    assert (right, signed) == ("right", "wrong")
    assert step != "right"


@pytest.mark.parametrize(
    "row",
    [r"\frac{\partial h_\tau}{\partial h_{\tau-1}} = W", r"\sum_{\tau=1}^{t} h_\tau", "h_T = 0"],
)
def test_a_letter_that_runs_is_no_last_step(row: str) -> None:
    """The output of step τ, for every τ, is no output of the run."""
    output = r"z = V h_\tau"
    assert last_step_letter([output], "") == r"\tau"
    assert last_step_letter([output, row], "") == ""
    assert last_step_letter([r"z_t = V h_\tau"], "") == ""


@pytest.mark.parametrize("a", ["a", "o", "p", "q"])
def test_what_a_softmax_is_compared_with_is_a_target(a: str) -> None:
    text = CELL + rf"$$z_t = V h_t, \quad {a}_t = \mathrm{{softmax}}(z_t)$$" "\n\n"
    text += "The loss $L$ is the cross entropy.\n\n"
    right = rf"$$\frac{{\partial L}}{{\partial V}} = \sum_t ({a}_t - y_t) h_t^\top$$"
    wrong = right.replace(f"{a}_t - y_t", f"y_t - {a}_t")
    *_, one, other = judged(f"{text}{right}\n\n{wrong}")
    assert one.verdict.verdict == "right_under_reading"
    assert f"the loss is the cross-entropy of {a}_t and y_t" in one.verdict.assumptions
    assert other.verdict.verdict == "wrong"


def test_an_output_behind_a_softmax_is_no_target() -> None:
    """What is differentiated is computed: y comes after the softmax here."""
    text = CELL + r"$$z_t = V h_t, \quad a_t = \mathrm{softmax}(z_t)$$" "\n\n"
    text += r"$$\frac{\partial L}{\partial a_t} = \frac{\partial L}{\partial y_t} "
    text += r"\frac{\partial y_t}{\partial a_t}$$"
    assert verdicts(text)[-1] == "right"


def test_every_row_of_a_line_is_judged_under_what_its_rows_tell() -> None:
    """The second of two definitions by example, whose name is a usual one for something else."""
    found = verdicts(CELL + r"$$z_T = V h_T, \qquad a_T = \mathrm{softmax}(z_T)$$")
    assert found[1:] == ["right", "right"]


@pytest.mark.parametrize("name", [r"\text{logits}", r"\mathrm{scores}"])
def test_a_supposed_loss_that_does_not_read_an_output_accuses_nobody(name: str) -> None:
    """The loss is one of the output in words, whatever else is supposed of it."""
    text = f"{CELL}$${name} = V h_T + c$$\n\n"
    right = rf"V^\top \frac{{\partial L}}{{\partial {name}}}"
    claim = rf"$$\frac{{\partial L}}{{\partial h_T}} = {right}$$"
    assert verdicts(text + claim)[-1] in ("right", "undecided")


def test_what_is_left_over_at_the_end_of_a_row_begins_nothing() -> None:
    right = r"\frac{\partial h_t}{\partial h_{t-1}} = \operatorname{diag}(1-h_t^2) W"
    assert verdicts(rf"{CELL}$${right} \tag{{6}}\{{}}$$")[-1] == "right"


@pytest.mark.parametrize("letter", ["n", "N"])
def test_sums_over_later_steps_end_at_the_last_one(letter: str) -> None:
    total = rf"L_{{seq}} = \sum_{{t=1}}^{letter} L_t"
    later = rf"F_t = \sum_{{u=t+1}}^{{{letter}}} L_u"
    assert last_step_letter([total, later], "") == letter
    assert last_step_letter([total, rf"y = \sum_{{i=1}}^{letter} V_i h_i"], "") == ""
    by_w = r"\frac{\partial %s}{\partial W}"
    claim = rf"$${by_w % 'L_{seq}'} = \sum_{{t=1}}^{letter} {by_w % 'L_t'}$$"
    assert verdicts(f"{CELL}${total}$ and ${later}$.\n\n{claim}")[-1] == "right"
