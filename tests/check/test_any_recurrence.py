"""Texts about gradients of a state that no equation gives."""

from __future__ import annotations

from bptt_sym.check.audit import audit
from bptt_sym.documents.document import document_from_text

ACCEPTED = ("right", "right_under_reading")
STEP = (
    r"\frac{\partial h_t}{\partial\theta} = \frac{\partial h_t}{\partial\theta_t}"
    r" + \frac{\partial h_t}{\partial h_{t-1}} \frac{\partial h_{t-1}}{\partial\theta}"
)
NAMES = (
    r"P_t := \frac{\partial h_t}{\partial\theta}", r"Q_t := \frac{\partial h_t}{\partial\theta_t}",
    r"J_t := \frac{\partial h_t}{\partial h_{t-1}}", r"\delta_t := \frac{\partial L}{\partial h_t}",
    r"e_t := \frac{\partial L_t}{\partial h_t}",
)  # fmt: skip


def verdicts(*formulas: str) -> list[str]:
    found = audit(document_from_text("\n\n".join(f"$$ {f} $$" for f in formulas), "n.md"))
    told = {e.place.line: e.verdict.verdict for e in found}
    return ["right" if (v := told[2 * k + 1]) in ACCEPTED else v for k in range(len(formulas))]


def test_it_is_what_an_unknown_function_gives() -> None:
    found = verdicts(
        STEP, *NAMES, "P_t = Q_t + J_t P_{t-1}", r"\delta_t = e_t + \delta_{t+1} J_{t+1}",
        r"\frac{\partial L}{\partial\theta} = \sum_t \delta_t Q_t",
        "P_t = Q_t + J_{t-1} P_{t-1}", r"\delta_t = e_t + \delta_{t+1} J_t",
        r"\frac{\partial L}{\partial\theta} = \sum_t e_t Q_t",
    )  # fmt: skip
    assert found[0] == "right"
    assert found[6:] == ["right"] * 3 + ["undecided"] * 3  # nobody says which state it is


def test_a_state_with_an_equation_is_that_one() -> None:
    found = verdicts(
        r"h_t = \tanh(W h_{t-1} + U x_t)", STEP,
        r"\frac{\partial h_t}{\partial h_{t-1}} = \operatorname{diag}(1 - h_t^2) W",
        r"\frac{\partial h_t}{\partial h_{t-1}} = W \operatorname{diag}(1 - h_t^2)",
    )  # fmt: skip
    assert found[2:] == ["right", "wrong"]
