r"""The losses from a step on, :math:`L_{\ge t}`, and slopes without an argument on a diagonal."""

from __future__ import annotations

import pytest

from tests.check.audited import of_claims, shown

CELL = (
    "$$h_t = \\tanh(W h_{t-1} + U x_t + b), \\quad y_t = V h_t + c$$\n\n"
    "and $L = \\sum_t L_t$ with a loss $L_t$ of $y_t$.\n\n"
)


def d(of: str, by: str) -> str:
    return rf"\frac{{\partial {of}}}{{\partial {by}}}"


@pytest.mark.parametrize(
    ("now", "later"),
    [(r"L_{\ge t}", r"L_{\ge t+1}"), (r"L_{\geq t}", "L_{> t}"), ("L_{t:T}", "L_{t+1:T}")],
)
def test_the_losses_from_a_step_on(now: str, later: str) -> None:
    carried = rf"{d(later, 'h_t')} = {d(later, 'h_{t+1}')} {d('h_{t+1}', 'h_t')}"
    right = (
        f"{d('L', 'h_t')} = {d(now, 'h_t')}",
        f"{d(now, 'h_t')} = {d('L_t', 'h_t')} + {d(later, 'h_t')}",
        carried,
        rf"{d('L', 'W')} = \sum_t {d(now, 'h_t')} \frac{{\partial^+ h_t}}{{\partial W}}",
    )
    assert of_claims(CELL + shown(*right)) == ["right"] * 4
    wrong = (carried.replace(later, now, 1), f"{d('L', 'h_t')} = {d(later, 'h_t')}")
    assert of_claims(CELL + shown(*right, *wrong))[4:] == ["wrong", "wrong"]


def test_losses_that_are_discounted_are_no_plain_sum() -> None:
    given = shown(r"L_{\ge t} = \sum_{s=t}^T \gamma^{s-t} L_s")
    later = d(r"L_{\ge t}", "h_t")
    claim = shown(f"{d('L', 'h_t')} = {later}")
    assert of_claims(CELL + given + claim) == ["undecided"]


def test_the_slope_of_a_diagonal_without_an_argument() -> None:
    cell = shown(r"h_t = \sigma(W h_{t-1} + U x_t + b)")
    diag = r"\|\operatorname{diag}(\sigma')\|"
    step = r"\left\|\frac{\partial h_t}{\partial h_{t-1}}\right\| \le "
    run = r"\left\|\frac{\partial h_k}{\partial h_t}\right\| \le "
    said = rf"Let $\|W\| \le \beta_W$ and ${diag} \le \beta_h$." + "\n\n"
    assert of_claims(cell + said) == []
    right = (
        rf"{step}\|W\| {diag} \le \beta_W \beta_h", rf"{run}(\beta_W \beta_h)^{{k-t}}",
        rf"{run}\prod_{{j=t+1}}^k \|W\| {diag}", rf"{diag} \le \frac14",
    )  # fmt: skip
    assert of_claims(cell + said + shown(*right)) == ["right"] * 4
    wrong = (
        rf"{run}\prod_{{j=t}}^k \|W\| {diag}", rf"{run}(\beta_W \beta_h)^{{t-k}}",
        rf"{diag} \le \frac15",
    )  # fmt: skip
    assert of_claims(cell + said + shown(*right, *wrong))[4:] == ["wrong"] * 3
