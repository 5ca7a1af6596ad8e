"""Functions with the name of their value for a label, slopes of these, and shares by their step."""

from __future__ import annotations

import pytest

from bptt_sym.documents.document import document_from_text
from bptt_sym.spelling.labelled_functions import with_letters_for_labelled
from tests.check.audited import last, verdicts

CELL = r"""
$$\mathbf{q}_t = f^q(P^T x_t + R^T q_{t-1} + b_q)$$

$$o_t = f^o(V^T q_t + b_o)$$

"""
BY_STATE = r"$$\frac{\partial q_t}{\partial q_{t-1}} = \operatorname{diag}(%s) R^T$$"
BY_OUTPUT = r"$$\frac{\partial o_t}{\partial q_t} = \operatorname{diag}(%s) V^T$$"


@pytest.mark.parametrize(
    "slope",
    [
        r"\partial \mathbf{f}_t^%s", r"\partial f^%s_t", r"f^{%s\prime}", r"{f^%s}'", r"f'^{%s}",
        r"f^%s{}'",
    ],
)  # fmt: skip
def test_slopes_of_labelled_functions(slope: str) -> None:
    assert last(CELL + BY_STATE % (slope % "q")) == "right"
    assert last(CELL + BY_OUTPUT % (slope % "o")) == "right"
    assert not last(CELL + BY_OUTPUT % (slope % "q")).startswith("right")
    assert not last(CELL + BY_STATE % (slope % "q" + " V")).startswith("right")


def test_a_step_or_another_letter_is_no_label() -> None:
    for text in (r"$$q_t = f^t(q_{t-1})$$", r"$$q_t = f^s(R q_{t-1})$$", r"$$q_t = f^2(x_t)$$",
                 r"$$q_t = f_q(q_{t-1}, x_t)$$"):  # fmt: skip
        given = document_from_text(text, "a.md").formulas
        assert with_letters_for_labelled(given) == (list(given), {})


LOSS = CELL.replace("f^q", r"\tanh") + (
    r"$$\delta_t = \frac{\partial L}{\partial q_t} \odot (1 - q_t \odot q_t)$$" + "\n\n"
)


@pytest.mark.parametrize("mark", ["^t", "^{(t)}"])
def test_a_nabla_with_its_step_above_is_the_share_of_that_step(mark: str) -> None:
    share = rf"\nabla_{{R}}{mark} = %s"
    assert last(LOSS + f"$${share}$$" % r"q_{t-1} \delta_t^T").startswith("right")
    assert last(LOSS + f"$${share}$$" % r"q_t \delta_t^T") == "wrong"
    whole = rf"\nabla_{{R}} = \sum_{{t=1}}^T \nabla_{{R}}{mark}"
    assert last(LOSS + f"$${whole}$$").startswith("right")


def test_a_weight_in_bold_in_the_other_case() -> None:
    bold = LOSS.replace("R", r"\mathbf{R}")
    claim = r"$$\frac{\partial L}{\partial \mathbf{r}} = \sum_t %s \delta_t^T$$"
    assert last(bold + claim % "q_{t-1}").startswith("right")
    assert not last(bold + claim % "q_t").startswith("right")


STEP = (
    r"$$\frac{\partial q_t}{\partial w} = \frac{\partial f(x_t, q_{t-1}, w)}{\partial w} + "
    r"\frac{\partial f(x_t, q_{t-1}, w)}{\partial q_{t-1}} \frac{\partial q_{t-1}}{\partial w}$$"
).replace("q", "h")


def test_a_step_that_nothing_writes_down_before_a_recurrence_of_its_own() -> None:
    other = "\n\nLet $a_0 = 0$ and $a_t = b_t + c_t a_{t-1}$.\n"
    assert verdicts(STEP + other)[0].startswith("right")
    lagging = STEP.replace("h_{t-1}}{\\partial w}", "h_{t-2}}{\\partial w}")
    assert not verdicts(lagging + other)[0].startswith("right")
