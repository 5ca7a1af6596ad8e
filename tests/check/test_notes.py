"""The example notes: every displayed formula gets the verdict that mathematics gives it."""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from math import exp, tanh

import pytest

from bptt_sym.check.judged import Judged, exit_status
from tests.check.notes import notes

RIGHT, READ, WRONG = "right", "right_under_reading", "wrong"
OPEN, NONE = "undecided", "not_a_claim"

#: (what the formula is, its verdict), one row for each displayed formula, top to bottom.
TABLE = [
    ("A1 recurrence", NONE),
    ("cost", NONE),
    ("A2 chain rule", RIGHT),
    ("A3 last update, index slip", READ),
    ("A5 recursion", RIGHT),
    ("A7 two steps", RIGHT),
    ("A8 telescoped, with dots", RIGHT),
    ("A9 middle", WRONG),
    ("A10 series, with dots", RIGHT),
    ("A11 explodes", WRONG),
    ("A12 state fades", RIGHT),
    ("A12 gradient fades", WRONG),
    ("A13 input weight", RIGHT),
    ("A13 bias", RIGHT),
    ("A15 clipping", NONE),
    ("Ex1 explicit", RIGHT),
    ("Ex1 bound", READ),
    ("Ex2 bound", READ),
    ("Ex3 start", NONE),
    ("Ex3 chain", RIGHT),
    ("vector recurrence", NONE),
    ("A14 bound", RIGHT),
    ("B3 recurrence", NONE),
    ("B3 output", NONE),
    ("B3 error of a step", NONE),
    ("E", NONE),
    ("B1 sum", RIGHT),
    ("B1 update", NONE),
    ("B2 lost sum", WRONG),
    ("B4 one step", READ),
    ("B5 vanishes", WRONG),
    ("B6 explodes", OPEN),
    ("B7 f", NONE),
    ("B7 i", NONE),
    ("B7 o", NONE),
    ("B7 candidate", NONE),
    ("B7 c", NONE),
    ("B7 h", NONE),
    ("E again", NONE),
    ("E_t again", NONE),
    ("B9 lost sum", WRONG),
    ("B10 four terms", READ),
    ("B11 A", READ),
    ("B11 B", NONE),
    ("B11 C", READ),
    ("B11 D", WRONG),
    ("B12 sum", READ),
    ("B12 product", WRONG),
    ("B8 sum vanishes", OPEN),
    ("B8 terms vanish", OPEN),
    ("B13 forget gate", WRONG),
    ("B14 balanced", OPEN),
    ("B15 explodes", OPEN),
]


@cache
def displayed() -> dict[str, Judged]:
    found = [j for j in notes() if j.display]
    assert len(found) == len(TABLE), [j.latex for j in found]
    return {name: j for (name, _), j in zip(TABLE, found, strict=True)}


@pytest.mark.parametrize(("name", "verdict"), TABLE)
def test_each_formula_has_its_verdict(name: str, verdict: str) -> None:
    judged = displayed()[name]
    assert judged.verdict.verdict == verdict, judged.verdict


def test_the_rows_of_the_table_are_the_formulas_that_they_name() -> None:
    for name, words in {
        "A8 telescoped, with dots": r"\dots + \frac{\partial h_T}{\partial h_{T-1}} \cdots",
        "A10 series, with dots": r"w^{T-1}",
        "Ex3 chain": r"\frac{\partial h_1}{\partial w} =",
        "B4 one step": r"\sigma'(W_{rec}",
        "B11 D": r"D_t = \frac{\partial \tilde{c}_t}",
        "B15 explodes": r"\to \infty",
    }.items():
        assert words in displayed()[name].latex


def test_what_is_right_for_every_T_says_so() -> None:
    for name in ("A5 recursion", "A8 telescoped, with dots", "A10 series, with dots"):
        verdict = displayed()[name].verdict
        assert verdict.scope.startswith("every T")
        assert "automata" in verdict.method


def test_what_is_undecided_says_why() -> None:
    for name, verdict in TABLE:
        if verdict == OPEN:
            assert displayed()[name].verdict.note, name


def test_readings_are_named() -> None:
    assert "diag" in " ".join(displayed()["B4 one step"].verdict.readings)
    for name in ("B11 A", "B11 C"):
        readings = " ".join(displayed()[name].verdict.readings)
        assert "diag" in readings and "block" in readings
    assert "T - 1" in " ".join(displayed()["A3 last update, index slip"].verdict.readings)


def test_the_first_wrong_link_of_a_chain_is_named_and_every_link_judged() -> None:
    # The middle of A9 is wrong; its end is right, judged against the side that still stands.
    chain = displayed()["A9 middle"].verdict
    assert [link.verdict for link in chain.links] == [WRONG, RIGHT]
    assert "step 1 of 2" in chain.note
    terms = displayed()["B11 D"].verdict
    assert [link.verdict for link in terms.links] == [RIGHT, WRONG]


def ball(text: str) -> tuple[float, float]:
    """Middle and radius of an enclosure as it is printed."""
    middle, _, radius = text.strip("[]").partition(" +/- ")
    return float(middle), float(radius or 0) + 1e-15


def test_the_counterexample_of_A9_is_one() -> None:
    example = displayed()["A9 middle"].verdict.counterexample
    assert example is not None
    v = {name: float(Fraction(value)) for name, value in example.values.items()}
    # The notes read X_{t-1} in step t; whichever index is meant, one input enters h_1.
    t = example.indices["t"]
    assert t == 1
    a = v["W_{input}"] * v["X_0"] + v["b_{input}"] + v["w"] * v["h_0"] + v["b_{hidden}"]
    slope = 1 - tanh(a) ** 2
    left, right = ball(example.left), ball(example.right)
    assert abs(left[0] - slope * v["w"]) <= left[1]
    assert abs(right[0] - slope * v["h_0"]) <= right[1]
    assert abs(left[0] - right[0]) > left[1] + right[1]


def test_the_counterexample_of_B2_is_one() -> None:
    r"""With sizes 1 the notes' formula lacks the use of W_{rec} in the later steps."""
    example = displayed()["B2 lost sum"].verdict.counterexample
    assert example is not None and example.indices["k"] == 2
    v = {name: float(Fraction(value)) for name, value in example.values.items()}

    def sigma(a: float) -> float:
        return 1 / (1 + exp(-a))

    W, U = v["W_{rec}"], v["W_{in}"]
    c0 = v["c_0"]
    c1 = sigma(W * c0 + U * v["x_1"])
    c2 = sigma(W * c1 + U * v["x_2"])
    h = tanh(c2)
    outer = (1 + h) * (1 - h**2)  # the loss is taken to be h + h²/2
    d1, d2 = c1 * (1 - c1), c2 * (1 - c2)
    first, second = d2 * W * d1 * c0, d2 * c1
    left, right = ball(example.left), ball(example.right)
    assert abs(left[0] - outer * (first + second)) <= left[1]
    assert abs(right[0] - outer * first) <= right[1]


BOUNDS = {"A11 explodes", "A12 gradient fades", "B5 vanishes", "B13 forget gate"}


def test_wrong_formulas_carry_a_counterexample_whose_sides_are_apart() -> None:
    for name, verdict in TABLE:
        if verdict != WRONG:
            continue
        example = displayed()[name].verdict.counterexample
        assert example is not None, name
        if name in BOUNDS:
            # A limit is refuted by what the left side is along one run for every T.
            limit = "every T" in example.place + example.left
            assert limit or example.left == example.right == "0"
        else:
            (a, r), (b, s) = ball(example.left), ball(example.right)
            assert abs(a - b) > r + s, name


def test_the_counterexample_of_A11_does_not_explode() -> None:
    """Followed in floats for 200 steps, the derivative stays what the report says it is."""
    verdict = displayed()["A11 explodes"].verdict
    example = verdict.counterexample
    assert example is not None and "every T" in verdict.scope
    v = {name: float(Fraction(value)) for name, value in example.values.items()}
    assert abs(v["w"]) > 1
    h, slope = v["h_0"], 0.0
    for _ in range(200):
        before = h
        h = tanh(v["W_{input}"] * v["X_t"] + v["b_{input}"] + v["w"] * h + v["b_{hidden}"])
        slope = (1 - h**2) * (before + v["w"] * slope)
    assert abs(slope) < 1e-12 and example.left.startswith("0")


def test_the_counterexample_of_A12_does_not_fade() -> None:
    """w = 1/2, h_0 = 0, and 1 for the rest of the pre-activation: never below 1/8."""
    example = displayed()["A12 gradient fades"].verdict.counterexample
    assert example is not None and "1/8" in example.left
    w, h, slope = float(Fraction(example.values["w"])), 0.0, 0.0
    for step in range(1, 400):
        before = h
        h = tanh(w * h + 1)
        slope = (1 - h**2) * (before + w * slope)
        assert step < 2 or slope >= 1 / 8


def test_hypotheses_that_a_bound_needs_are_named() -> None:
    for name in ("Ex1 bound", "Ex2 bound"):
        assert "|h_0| < 1" in " ".join(displayed()[name].verdict.assumptions)
    assert displayed()["A12 state fades"].verdict.assumptions == ("|w| < 1",)
    assert "4" in displayed()["B5 vanishes"].verdict.note


def test_the_lstm_is_judged_under_the_lstm() -> None:
    assert displayed()["B2 lost sum"].model != displayed()["B9 lost sum"].model
    assert displayed()["A5 recursion"].model.startswith("h ")


def test_the_exit_status_says_that_something_is_wrong() -> None:
    assert exit_status(displayed().values()) == 1


def test_every_formula_of_the_notes_can_be_read() -> None:
    verdicts = [j.verdict.verdict for j in notes()]
    assert "unreadable" not in verdicts
