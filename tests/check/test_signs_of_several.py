"""Signs that stand for several things: primes, T, Δ, and targets that nothing gives."""

from __future__ import annotations

import pytest

from tests.check.audited import last, verdicts

PRIMED = (
    "$$q_t = \\tanh(P x_t + R q_{t-1}), \\quad p_t = \\mathrm{softmax}(V q_t)$$\n\n"
    "$$E_t = -y_t' \\log p_t$$\n\n"
)


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        (r"\frac{\partial E_3}{\partial q_3} = V' (p_3 - y_3)", "right"),
        (r"\frac{\partial E_3}{\partial q_3} = V (p_3 - y_3)", "wrong"),
        (r"\frac{\partial E_3}{\partial V} = (p_3 - y_3) q_3'", "right"),
        (r"\frac{\partial E_3}{\partial V} = (p_3 - y_3) q_2'", "wrong"),
    ],
)
def test_a_prime_of_the_targets_in_the_loss_says_what_primes_are(
    formula: str, expected: str
) -> None:
    assert last(f"{PRIMED}$${formula}$$") == expected


@pytest.mark.parametrize(("target", "step"), [(r"\tau", ""), ("r", ""), ("r", "_t")])
def test_the_target_is_a_vector_where_its_transpose_multiplies_one(
    target: str, step: str
) -> None:
    text = (
        "$$q_t = \\tanh(R q_{t-1} + P x_t), \\quad o = V q_T, \\quad p = \\mathrm{softmax}(o)$$\n\n"
        f"$$L = -{target}^\\top \\log p$$\n\n"
    )
    if step:
        text = text.replace("q_T", "q_t").replace("p =", "p_t =").replace(" o =", " o_t =")
        text = text.replace("(o)", "(o_t)").replace(f"{target}^", f"\\sum_t {target}_t^")
        text = text.replace("log p", "log p_t")
    right = rf"$$\frac{{\partial L}}{{\partial o{step}}} = p{step} - {target}{step}$$"
    assert last(text + right) == "right"
    assert last(text + right.replace("= p", "= 2 p")) == "wrong"


def test_steps_in_brackets_in_lines_of_text() -> None:
    lines = "```text\ns(t) = tanh(U x(t) + W s(t-1))\n```\n\n"
    right = "```text\n∂s(3)/∂s(2) = diag(1 - s(3)^2) W\n```\n\n"
    assert last(lines + right) == "right"
    assert last(lines + right.replace("1 - s(3)", "1 - s(2)")) == "wrong"
    loss = "```text\nL = 1/2 (h(T) - y)^2\n```\n\n```text\nh(t) = tanh(w h(t-1) + x(t))\n```\n\n"
    assert last(loss + "```text\n∂L/∂h(T) = h(T) - y\n```\n") == "right"
    assert last(loss + "```text\n∂L/∂h(T) = y - h(T)\n```\n") == "wrong"


def test_a_bold_target_that_is_turned_in_the_loss_is_no_matrix() -> None:
    text = (
        "$$@{q}_t = \\tanh(@{R} @{q}_{t-1} + @{P} @{x}_t), \\quad @{o} = @{V} @{q}_T$$\n\n"
        "$$@{p} = \\mathrm{softmax}(@{o})$$\n\n$$L = -@{\\tau}^\\top \\log @{p}$$\n\n"
        "$$\\frac{\\partial L}{\\partial @{o}} = @{p} - @{\\tau}$$\n\n"
        "$$\\frac{\\partial L}{\\partial @{o}} = @{\\tau} - @{p}$$\n\n"
    )
    assert verdicts(text.replace("@", r"\mathbf"))[-2:] == ["right", "wrong"]


@pytest.mark.parametrize("turned", [r"\top", r"\intercal", r"\mathrm{T}"])
def test_the_last_step_above_where_another_sign_turns(turned: str) -> None:
    text = (
        "$$q^{t} = \\tanh(R_{qq} q^{t-1} + R_{xq} x^{t}), \\quad o = R_{qy} q^{T} + b$$\n\n"
        "$$\\hat{y} = \\mathrm{softmax}(o), \\quad L = -y^{@} \\log \\hat{y}$$\n\n"
        "$$\\frac{\\partial L}{\\partial q^{T}} = R_{qy}^{@} (\\hat{y} - y)$$\n\n"
        "$$\\frac{\\partial L}{\\partial R_{qy}} = (\\hat{y} - y) (q^{T})^{@}$$\n\n"
        "$$\\frac{\\partial L}{\\partial R_{qy}} = (\\hat{y} - y) (q^{T-1})^{@}$$\n\n"
    ).replace("@", turned)
    assert verdicts(text)[-3:] == ["right", "right", "wrong"]


def test_large_deltas_are_marks_beside_a_small_one_of_its_own() -> None:
    text = (
        "$$z_t = R q_{t-1} + P x_t, \\quad q_t = \\tanh(z_t), \\quad y_t = V q_t$$\n\n"
        "$$L = \\sum_{t=1}^T \\ell(y_t)$$\n\n$$\\delta_t = \\frac{\\partial L}{\\partial z_t}$$\n\n"
        "$$\\Delta x_t = P^\\top \\delta_t$$\n\n$$\\Delta x_t = R^\\top \\delta_t$$\n\n"
        "$$\\Delta q_t = q_t - q_{t-1}$$\n\n"
    )
    right, wrong, difference = verdicts(text)[-3:]
    assert (right, wrong) == ("right", "wrong")
    assert difference == "undecided"  # no gradient is meant


@pytest.mark.parametrize("mark", [r"\delta ", r"\Delta ", "d"])
def test_marks_before_the_output_of_the_run(mark: str) -> None:
    text = (
        "$$q_t = \\tanh(R q_{t-1} + P x_t), \\quad o = V q_T$$\n\n"
        "$$\\hat{y} = \\mathrm{softmax}(o), \\quad L = -y^\\top \\log \\hat{y}$$\n\n"
        f"$${mark}o = \\hat{{y}} - y$$\n\n$${mark}o = y - \\hat{{y}}$$\n\n"
    )
    assert verdicts(text)[-2:] == ["right", "wrong"]


WHOLE = (
    "$$q_t = \\tanh(R q_{t-1} + P x_t), \\quad L = \\sum_{t=1}^T \\ell_t(q_t)$$\n\n"
    "$$@_t = \\frac{\\partial L}{\\partial q_t}$$\n\n%s"
    "$$M_t = \\frac{d q_t}{d R}$$\n\n"
)
RECURSION = (
    "$$@_t = \\frac{\\partial \\ell_t}{\\partial q_t}"
    " + \\left(\\frac{\\partial q_{t+1}}{\\partial q_t}\\right)^\\top @_{t+1}$$\n\n"
)


@pytest.mark.parametrize("name", [r"\delta", r"\lambda", "g"])
def test_a_gradient_that_is_whole_in_its_recursion_is_no_local_one(name: str) -> None:
    twice = r"$$\frac{\partial L}{\partial R} = \sum_{t=1}^T @_t M_t$$"
    text = (WHOLE % RECURSION + twice).replace("@", name)
    assert last(text) == "undecided"  # every path would be counted again for each later step
    once = text.replace(r"@_t M_t".replace("@", name), r"\frac{\partial \ell_t}{\partial q_t} M_t")
    assert last(once) == "right"
    # without the recursion the name may mean the local part
    assert last((WHOLE % "" + twice).replace("@", name)) == "right"
