r"""Marks with their variable that a text gives, sizes beside equations, ends that hang loose."""

from __future__ import annotations

import pytest

from bptt_sym.documents.document import document_from_text
from bptt_sym.spelling.passes import spelt
from tests.check.audited import judged, of_claims, shown, verdicts

NET = shown(
    r"z_t = W h_{t-1} + U x_t, \quad h_t = \tanh(z_t)",
    r"o_t = V h_t, \quad \hat{y}_t = \mathrm{softmax}(o_t)",
    r"L = \sum_{t=1}^T L_t, \quad L_t = -y_t^\top \log \hat{y}_t",
    r"F_t = \sum_{u=t+1}^T L_u",
)
MARKS = (
    r"\delta^{h_{TT}}", r"\delta_{h_{TT}}", r"\boldsymbol{\delta}^{h_{TT}}", r"\delta^{h}_{TT}",
    r"\delta_{TT}^{\text{h}}", r"\delta^{(h)}_{TT}", r"\delta^{h^{(TT)}}",
)  # fmt: skip


@pytest.mark.parametrize("mark", MARKS)
@pytest.mark.parametrize("at", ["t", "t-1"])
def test_a_mark_is_what_its_equation_says(mark: str, at: str) -> None:
    now, before, given = (mark.replace("TT", step) for step in ("t", "t-1", at))
    rows = (
        rf"{given} = \frac{{\partial F_{{{at}}}}}{{\partial h_{{{at}}}}}",
        rf"{before} = (\frac{{\partial L_t}}{{\partial h_t}} + {now})"
        r" \frac{\partial h_t}{\partial h_{t-1}}",
        rf"{before} = {now} \frac{{\partial h_t}}{{\partial h_{{t-1}}}}",
    )
    assert verdicts(NET + shown(*rows))[-3:] == ["not_a_claim", "right", "wrong"]


@pytest.mark.parametrize(
    "given",
    [
        r"\delta^{h_t} = \frac{\partial L}{\partial h_t}",  # the usual one
        r"\delta^{h_t} = \frac{\partial G_t}{\partial h_t}",  # of what nothing gives
        r"\delta^{h_t} = \frac{\partial F_t}{\partial z_t}",  # by another variable
        r"\delta^{h_t} = \frac{\partial F_t}{\partial h_t} W",  # more than that
    ],
)
def test_other_marks_stay(given: str) -> None:
    assert r"\zeta" not in "".join(spelt(document_from_text(NET + shown(given), "n.md")).texts)


JACOBIAN = r"\frac{\partial h_t}{\partial h_{t-1}}"
RIGHT = r"\mathrm{diag}(1 - h_t^2) W"


@pytest.mark.parametrize(
    "said",
    [
        r"J = B \in \mathbb{R}^{n \times n}", r"J = B \in (n \times n)", r"J = B \in [n \times n]",
        r"J = B \quad (n \times n)", r"J = B \quad \in (d_h \times d_h)", r"J = B \;\; [n × n]",
        r"J = B, \quad \text{shape } (n, n)", r"J = B \quad \text{(shape: } n \times n \text{)}",
        r"\mathbb{R}^{n \times n} \ni J = B", r"J \in \mathbb{R}^{n \times n} = B",
    ],
)  # fmt: skip
def test_a_size_beside_an_equation(said: str) -> None:
    rows = (said.replace("J", JACOBIAN).replace("B", b) for b in (RIGHT, RIGHT.replace("-", "+")))
    assert of_claims(NET + shown(*rows)) == ["right", "wrong"]


def test_a_factor_in_brackets_is_no_size() -> None:
    row = r"a = b \quad (c \times d) e"
    assert spelt(document_from_text(shown(row), "n.md")).texts == [row]


@pytest.mark.parametrize("argument", ["a_t", "p_t", r"\tilde{h}_t"])
def test_an_activation_of_what_nothing_defines(argument: str) -> None:
    net = NET.replace(r"\tanh(z_t)", rf"\tanh({argument})")
    rows = (
        rf"{JACOBIAN} = \mathrm{{diag}}(1 - h_t^2) W",
        rf"{JACOBIAN} = W \mathrm{{diag}}(1 - h_t^2)",
        r"\frac{\partial F_{t-1}}{\partial h_{t-1}} = \frac{\partial F_{t-1}}{\partial h_t}"
        r" \frac{\partial h_t}{\partial h_{t-1}}",
    )
    right, slipped, later = judged(net + shown(*rows))[-3:]
    said = f"{argument[:-2]}_t, which nothing defines, is the argument z_t"
    assert said.replace("{h}", "{h}") in right.verdict.assumptions
    assert right.verdict.is_right
    assert later.verdict.is_right
    assert not slipped.verdict.is_right


def test_two_arguments_that_go_nowhere_tie_nothing() -> None:
    net = NET.replace(r"\tanh(z_t)", r"\tanh(a_t), \quad r_t = W h_{t-1} + Q x_t")
    found = judged(net + shown(rf"{JACOBIAN} = {RIGHT}"))[-1].verdict
    assert not any("which nothing defines" in s for s in found.assumptions)
