"""Parts of a formula in colour, in braces, below a brace: what is shown is what is read."""

from __future__ import annotations

import pytest

from tests.check.audited import verdicts

CELL = "$h_t = \\tanh(w h_{t-1} + u_t)$\n\n"
STEP, WEIGHT = r"\frac{\partial h_t}{\partial h_{t-1}}", r"\frac{\partial h_t}{\partial w}"
PAST = r"(1-h_t^2) w \frac{\partial h_{t-1}}{\partial w}"


@pytest.mark.parametrize(
    ("formula", "verdict"),
    [
        # A sign at the head of a group is that of a term, and not of a factor.
        (rf"{WEIGHT} = (1-h_t^2) h_{{t-1}} \textcolor{{red}}{{+ {PAST}}}", "right"),
        (rf"{WEIGHT} = (1-h_t^2) h_{{t-1}} \textcolor{{red}}{{- {PAST}}}", "wrong"),
        (rf"{WEIGHT} = (1-h_t^2) h_{{t-1}} {{\color{{red}} + {PAST}}}", "right"),
        (rf"{WEIGHT} = (1-h_t^2) h_{{t-1}} \underbrace{{+ {PAST}}}_{{\text{{past}}}}", "right"),
        (rf"{WEIGHT} = (1-h_t^2) h_{{t-1}} \textcolor{{red}}{{\cdot {PAST}}}", "wrong"),
        (rf"{STEP} = w {{- w h_t^2}}", "right"),
        (rf"{STEP} = w (1 {{- h_t^2}})", "right"),
        (rf"{STEP} = \overbrace{{w}}^{{a}} \overbrace{{- w h_t^2}}^{{b}}", "right"),
        # Behind a sign of multiplication, or as an argument, it is a factor.
        (rf"{STEP} = w \cdot {{-(h_t^2 - 1)}}", "right"),
        (rf"{STEP} = \frac{{-w (h_t^2 - 1)}}{{+1}}", "right"),
        (rf"{STEP} = (1-h_t^2) \textcolor{{red}}{{\cdot w}}", "right"),
        # A relation in the group.
        (rf"{STEP} \textcolor{{red}}{{= (1-h_t^2) w}}", "right"),
        (rf"{STEP} \textcolor{{red}}{{= (1-h_t^2) w}} = w - w h_t^2", "right"),
        (rf"{STEP} \textcolor{{red}}{{= (1+h_t^2) w}}", "wrong"),
        (rf"|{STEP}| {{\color{{red}} \le |w|}}", "right"),
    ],
)
def test_a_group_is_read_as_it_is_shown(formula: str, verdict: str) -> None:
    assert verdicts(CELL + f"$${formula}$$")[-1] == verdict
