"""Shares of a gradient told apart by words, marks behind equations, and runs with a term k."""

from __future__ import annotations

import pytest

from tests.check.audited import judged, verdicts

NET = r"""
$$a_t = W_{hh} h_{t-1} + W_{xh} x_t + b_h \quad (\ast)$$
$$h_t = \tanh(a_t) \;\; (\star)$$
$$z_t = W_{hy} h_t + b_y \quad (\diamondsuit)$$
$$L = \sum_t L_t(z_t)$$
Put $\delta^h_t = \frac{\partial L}{\partial h_t}$, and
$\delta^a_t = \frac{\partial L}{\partial a_t}$.

"""


def of(*formulas: str) -> list[str]:
    found = verdicts(NET + "\n".join(f"$${f}$$" for f in formulas))
    return found[-len(formulas) :]


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (r"(\delta^h_t)_{local}", r"W_{hy}^\top \frac{\partial L}{\partial z_t}"),
        (r"\left(\delta^h_t\right)_{\text{rec}}", r"W_{hh}^\top \delta^a_{t+1}"),
        (r"\left(\frac{\partial L}{\partial h_t}\right)_{future}", r"W_{hh}^\top \delta^a_{t+1}"),
    ],
)
def test_a_share_in_brackets_with_a_word(left: str, right: str) -> None:
    other = right.replace("+1", "").replace(r"^\top", "").replace(r"z_t", r"z_{t-1}")
    assert of(f"{left} = {right}", f"{left} = {other}") == ["right", "undecided"]


def test_a_gradient_as_the_sum_of_its_shares_says_nothing() -> None:
    shares = r"(\delta^h_t)_{local} + (\delta^h_t)_{rec}"
    whole = r"W_{hy}^\top \frac{\partial L}{\partial z_t} + W_{hh}^\top \delta^a_{t+1}"
    slip = whole.replace("+1", "")
    found = of(rf"\delta^h_t = {shares}", rf"\delta^h_t = {shares} = {whole}",
               rf"\frac{{\partial L}}{{\partial h_t}} = {shares} = {slip}")  # fmt: skip
    assert found == ["not_a_claim", "right", "wrong"]


def test_marks_behind_equations_are_no_factors() -> None:
    total = r"\frac{\partial L}{\partial W_{hh}} = \sum_t \delta^a_t h_{%s}^\top"
    marks = (r"\quad (\bigstar)", r"\;\;(\triangleright)", r"\quad (**)", r"\qquad \blacksquare")
    right = [total % "t-1" + mark for mark in marks]
    wrong = [total % "t" + mark for mark in marks]
    assert of(*right, *wrong) == ["right"] * 4 + ["wrong"] * 4
    # A letter in brackets may be a factor.
    assert of(total % "t-1" + r"\; (\theta)") != ["right"]


@pytest.mark.parametrize("delta", [r"\delta^a", r"\delta^{a}"])
def test_a_run_with_its_general_term(delta: str) -> None:
    def run(last: str, k: str, first: str) -> str:
        ends = (("T", last), ("k", k), ("1", first))
        terms = r" + \dots + ".join(rf"{delta}_{s} h_{{{at}}}^\top" for s, at in ends)
        return rf"\frac{{\partial L}}{{\partial W_{{hh}}}} = {terms}"

    found = of(run("T-1", "k-1", "0"), run("T", "k", "1"))
    assert found == ["right", "wrong"]
    # A term k that is none of the run: it is not known what is left out.
    assert of(run("T-1", "k", "0"), run("T-1", "k+1", "0")) == ["unreadable"] * 2


def test_two_cases_of_an_entry_with_a_struck_sign() -> None:
    text = NET + r"$$\frac{\partial h_t}{\partial a_t} = 1 - h_t^2 \quad (i \not= j)$$"
    assert "not is not known" not in judged(text)[-1].verdict.note


def test_what_a_step_adds_is_not_accused_for_the_loss_of_the_step() -> None:
    claim = r"$$\frac{\partial L_t}{\partial W_{hh}} = \delta^a_t h_{%s}^\top$$"
    share, other = (judged(NET + claim % at)[-1].verdict for at in ("t-1", "t"))
    assert share.verdict == "undecided" and "adds to the whole gradient" in share.note
    assert other.verdict in ("wrong", "undecided") and "adds to the whole" not in other.note
