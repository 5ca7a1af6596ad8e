"""Facts that are cited: what comes later, norms of products, quotients of differences."""

from __future__ import annotations

import pytest

from bptt_sym.diagnose.diagnosis import CODES
from tests.check.audited import judged, last, verdicts

NET = "$$s_t = \\tanh(R s_{t-1} + P u_t)$$\n\n"


@pytest.mark.parametrize(
    ("claim", "expected"),
    [
        (r"$$\frac{\partial s_t}{\partial u_k} = 0 \quad \text{for } k > t$$", "right"),
        (r"$$\frac{\partial s_t}{\partial s_k} = \mathbf{0} \quad (k > t)$$", "right"),
        (r"$$\frac{\partial s_i}{\partial u_j}=0, \qquad i < j$$", "right"),
        (r"$$\frac{\partial s^{(t)}}{\partial u^{(k)}} = 0 \text{ if } k > t$$", "right"),
        # The other way round it fails, or is not decided.
        (r"$$\frac{\partial s_t}{\partial u_k} = 0 \quad \text{for } k < t$$", "no"),
        (r"$$\frac{\partial s_t}{\partial u_k} = 0 \quad \text{for } k > t-1$$", "no"),
        (r"$$\frac{\partial q_t}{\partial u_k} = 0 \quad \text{for } k > t$$", "no"),
    ],
)
def test_no_step_depends_on_a_later_one(claim: str, expected: str) -> None:
    found = [v for v in verdicts(NET + claim)[1:] if v != "not_a_claim"]
    assert found[:1] == ["right"] if expected == "right" else "right" not in found


def test_what_runs_backwards_depends_on_later_steps() -> None:
    text = "$$s_t = \\tanh(R s_{t+1} + P u_t)$$\n\n"
    text += r"$$\frac{\partial s_t}{\partial u_k} = 0 \quad \text{for } k > t$$"
    assert "right" not in verdicts(text)


POINTS = r"$$\frac{\partial E}{\partial v} \approx \frac{E(v %s) - E(v %s)}{%s}$$"


@pytest.mark.parametrize(
    ("first", "second", "step", "instead"),
    [
        (r"+ \epsilon", r"- \epsilon", r"2\epsilon", ""),
        (r"+ \epsilon", "", r"\epsilon", ""),
        ("+ h", "- h", "2h", ""),
        ("", r"- \varepsilon", r"\varepsilon", ""),
        (r"+ \epsilon", r"- \epsilon", r"\epsilon", r"2\epsilon"),
        (r"+ \epsilon", "", r"2\epsilon", r"\epsilon"),
        (r"- \epsilon", r"+ \epsilon", r"2\epsilon", r"-2\epsilon"),
    ],
)
def test_quotients_of_differences(first: str, second: str, step: str, instead: str) -> None:
    found = judged(NET + POINTS % (first, second, step))[-1].verdict
    assert found.is_right is (not instead)
    if instead:
        assert found.verdict == "wrong"
        assert found.diagnosis is not None and found.diagnosis.code == "BP020"
        assert f"{CODES['BP020']} ({instead} in place of" in found.diagnosis.message
        shown = found.counterexample  # the derivative of x is 1, and the quotient is not
        assert shown is not None and dict(shown.values)["f(x)"] == "x"
        assert shown.left == "1" != shown.right


@pytest.mark.parametrize(
    "claim",
    [
        r"\frac{dE}{d\theta_i} \approx \frac{E(\theta + h e_i) - E(\theta - h e_i)}{2 h}",
        r"\frac{\partial E}{\partial R_{ij}} \approx \frac{E(R_{ij}+\delta) - E(R_{ij})}{\delta}",
        r"\frac{\partial E}{\partial v} = \frac{E(v+h) - E(v-h)}{2h} + O(h^2)",
    ],
)  # fmt: skip
def test_other_spellings_of_a_quotient(claim: str) -> None:
    assert last(f"{NET}$${claim}$$") == "right"


@pytest.mark.parametrize(
    ("claim", "expected"),
    [
        (r"f'(x) = \frac{f(x+h) - f(x-h)}{h}", "wrong"),
        (r"\frac{f(x+\epsilon) - f(x-\epsilon)}{\epsilon} = f'(x)", "wrong"),
        (r"\bigl(f(x+\epsilon) - f(x-\epsilon)\bigr) / (2\epsilon) \approx f'(x)", "right"),
        (r"\frac{\partial E}{\partial v} \approx (E(v+h) - E(v-h)) / h", "wrong"),
        (r"\frac{\partial E}{\partial v} \approx \frac{1}{2h} [E(v+h) - E(v-h)]", "right"),
        (r"\frac{\partial E}{\partial v} = \lim_{h \to 0} \frac{E(v+h) - E(v)}{h}", "right"),
        (r"\frac{\partial E}{\partial v} = \lim_{h \to 0} \frac{E(v+h) - E(v-h)}{h}", "wrong"),
        # The order of what is left out.
        (r"\frac{\partial E}{\partial v} = \frac{E(v+h) - E(v)}{h} + O(h)", "right"),
        (r"\frac{\partial E}{\partial v} = \frac{E(v+h) - E(v)}{h} + O(h^2)", "wrong"),
        (r"\frac{\partial E}{\partial v} = \frac{E(v+h) - E(v-h)}{2h} + \mathcal{O}(h^2)", "right"),
        (r"\frac{\partial E}{\partial v} = \frac{E(v+h) - E(v-h)}{2h} + \mathcal{O}(h^3)", "wrong"),
        # Of other points, functions and orders nothing is said.
        (r"\frac{\partial E}{\partial v} = \frac{E(v+h) - E(w-h)}{2h}", "undecided"),
        (r"\frac{\partial E}{\partial v} = \frac{E(v+h) - Q(v-h)}{2h}", "undecided"),
        (r"\frac{\partial E}{\partial v} = \frac{E(v+h) + E(v-h)}{2h}", "undecided"),
    ],
)
def test_quotients_in_other_forms(claim: str, expected: str) -> None:
    assert last(f"{NET}$${claim}$$") == expected


def test_the_order_has_a_power_that_shows_it() -> None:
    claim = r"\frac{\partial E}{\partial v} = \frac{E(v+h) - E(v-h)}{2h} + O(h^3)"
    shown = judged(f"{NET}$${claim}$$")[-1].verdict.counterexample
    assert shown is not None and dict(shown.values) == {"f(x)": "x^3", "x": "0"}
    assert (shown.left, shown.right) == ("0", "h^2 + O(h^3)")


def test_a_quotient_of_something_else_is_not_judged() -> None:
    other = r"$$\frac{\partial E}{\partial v} \approx \frac{E(w+h) - E(w-h)}{2h}$$"
    assert last(NET + other) == "undecided"


@pytest.mark.parametrize(
    "text", [r"4 \times (13 \times 8 + 8) = 448", r"3 \times (64 + 16) = 1,240 \text{ weights}"]
)
def test_a_calculation_with_numbers_is_about_no_recurrence(text: str) -> None:
    assert last(f"{NET}$${text}$$") == "not_a_claim"


def test_the_argument_is_the_letter_that_is_differentiated_by() -> None:
    text = (
        NET + "$$z_t = \\sigma(Q [s_{t-1}, u_t])$$\n\n"
        "$$\\frac{\\partial E}{\\partial a_t} = \\frac{\\partial E}{\\partial s_t} "
        "\\odot (1 - s_t^2)$$"
    )
    assert last(text) == "right"
