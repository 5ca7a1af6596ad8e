r"""The immediate derivative in a sum over the steps, and where it is written out."""

from __future__ import annotations

import pytest

from tests.check.audited import judged, last, verdicts

NET = r"$$z_t = W h_{t-1} + U x_t + b, \quad h_t = \sigma(z_t), \quad L = \sum_t L_t(h_t)$$" "\n\n"
SUM = (
    r"$$\frac{\partial L_t}{\partial W} = \sum_{k=1}^t \frac{\partial L_t}{\partial h_t} "
    r"\frac{\partial h_t}{\partial h_k} \frac{\partial h_k}{\partial W}$$" "\n\n"
)
#: The same with a factor missing: what it shows of the last factor it shows all the same.
BROKEN = SUM.replace(r"\frac{\partial L_t}{\partial h_t} ", "")
FACTOR = r"$$\frac{\partial h_k}{\partial %s} = %s$$" "\n\n"


@pytest.mark.parametrize(
    ("by", "value"),
    [
        ("W", r"\mathrm{diag}(\sigma'(z_k)) h_{k-1}^T"),
        ("W", r"\mathrm{diag}(\sigma'(z_k)) h_{k-1}"),
        ("W", r"\sigma'(z_k) h_{k-1}"), ("W", r"\sigma'(z_k) h_{k-1}^T"),
        ("U", r"\sigma'(z_k) x_k"), ("b", r"\sigma'(z_k)"),
    ],
)  # fmt: skip
def test_what_the_factor_of_a_sum_is_may_be_said_in_its_sign(by: str, value: str) -> None:
    claim = FACTOR % (by, value)
    for text in (NET + SUM + claim, NET + claim + SUM):
        found = next(j for j in judged(text) if j.latex.strip() == claim.strip().strip("$"))
        assert found.verdict.verdict == "right_under_reading"
        assert any("as in the sum over the steps" in r for r in found.verdict.readings)
    assert last(NET + BROKEN + claim) == "right"
    # Without the sum it is the total derivative.
    assert last(NET + claim) == "wrong"


@pytest.mark.parametrize(
    "value",
    [
        r"\sigma'(z_k) h_k", r"\sigma'(z_k) W h_{k-1}", r"-\sigma'(z_k) h_{k-1}",
        r"2 \sigma'(z_k) h_{k-1}", r"\sigma'(z_{k-1}) h_{k-1}",
        r"\mathrm{diag}(\sigma'(z_k)) h_k^T", r"\sigma'(z_k) x_k",
    ],
)  # fmt: skip
def test_a_slip_in_it_is_not_right(value: str) -> None:
    assert last(NET + SUM + FACTOR % ("W", value)) in ("wrong", "undecided")


def test_a_text_that_has_both_derivatives_must_tell_them_apart() -> None:
    whole = (
        r"$$\frac{\partial L_t}{\partial W} = \frac{\partial L_t}{\partial h_t} "
        r"\frac{\partial h_t}{\partial W}$$" "\n\n"
    )
    claim = FACTOR % ("W", r"\sigma'(z_k) h_{k-1}")
    assert last(NET + whole + SUM + claim) == "right"
    assert last(NET + whole + SUM + claim.replace("k", "t")) == "undecided"
    assert last(NET + whole + claim.replace("k", "t")) == "wrong"


def test_no_loss_has_the_jacobians_of_states_for_its_gradient() -> None:
    product = r"\prod_{j=k+1}^t \frac{\partial h_j}{\partial h_{j-1}}"
    claim = r"$$\frac{\partial L_t}{\partial W} = \sum_{k=1}^t %s\left(" + product
    claim += r"\right) \frac{\partial h_k}{\partial W}$$"
    assert last(NET + claim % "") == "wrong"
    assert last(NET + claim % r"\frac{\partial L_t}{\partial h_t} ") == "right"
    # Of numbers the loss may be the state itself.
    numbers = NET.replace("W h", "w h").replace("U x", "u x")
    assert last(numbers + (claim % "").replace("W}", "w}")) != "right"


def test_the_chain_rule_of_what_is_composed() -> None:
    rule = r"$$\frac{\partial f(g(x))}{\partial x} = %s$$"
    inner = r"\frac{\partial g}{\partial x}"
    assert last(rule % (r"\frac{\partial f}{\partial g} \cdot " + inner)) == "right"
    assert last(rule % (r"\frac{\partial f}{\partial x} \cdot " + inner)) != "right"
    primes = r"$$\frac{d}{dx} f(g(x)) = %s$$"
    assert last(primes % r"f'(g(x)) \cdot g'(x)") == "right"
    assert last(primes % r"f'(x) \cdot g'(x)") != "right"


def test_sums_that_are_cut_off_and_calls_that_are_not_written_out_claim_nothing() -> None:
    cut = r"$$\frac{\partial L_t}{\partial W} = \sum_{k=\max(1, t-K)}^t "
    terms = r"\frac{\partial L_t}{\partial h_k} \frac{\partial h_k}{\partial W}$$"
    assert last(NET + cut + terms) == "not_a_claim"
    assert last(NET + r"$$h_2 = f(f(h_0, x_1, \ldots), x_2, \ldots)$$") == "not_a_claim"
    # Nothing is left out between the first and the second of a run.
    two = r"$$h_2 = a_1 + \cdots + a_2$$"
    assert "wrong" not in verdicts(NET + two)
