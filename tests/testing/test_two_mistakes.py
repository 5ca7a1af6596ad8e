"""Two mistakes of the derivation at once are named together."""

from __future__ import annotations

import time

import pytest

from bptt_sym import recurrence_from_latex
from bptt_sym.testing import model_of, named_model, run
from bptt_sym.testing.derivation_mistakes import derivation_mistakes
from bptt_sym.testing.draw import draw
from bptt_sym.testing.mistakes import right
from bptt_sym.testing.two_mistakes import _both, two_mistakes


@pytest.mark.parametrize(
    ("cell", "one", "other"),
    [
        ("lstm", "slope-missing-o", "path-c_{t-1}-c-dropped"),  # one where T = 1, one later
        ("lstm", "slope-missing-f", "slope-at-output-i"),  # both where T = 1, of two gates
        ("gru", "path-h_{t-1}-r-dropped", "path-h_{t-1}-z-negated"),  # neither where T = 1
    ],
)
def test_both_are_tried_together(cell: str, one: str, other: str) -> None:
    model = named_model(cell)
    known = {m.code: m for m in derivation_mistakes(model)}
    both = _both(model, known[one], known[other])
    assert both is not None
    problem = draw(model, 3, steps=3)
    end = time.thread_time() + 20.0
    tried = {m.code for m in two_mistakes(model, both.gradient, problem, end)}
    assert {f"{one}-and-{other}", f"{other}-and-{one}"} & tried


def test_both_are_said() -> None:
    model = named_model("lstm")
    known = {m.code: m for m in derivation_mistakes(model)}
    one, other = known["slope-missing-o"], known["path-c_{t-1}-c-dropped"]
    both = _both(model, one, other)
    assert both is not None
    (said,) = run(both.gradient, model).diagnoses
    assert said.message == f"{one.message}; besides, {other.message}"


def test_a_mistake_and_itself_are_one_and_a_right_gradient_has_none_alone() -> None:
    model = named_model("elman")
    first = next(m for m in derivation_mistakes(model) if m.code.startswith("slope-missing"))
    problem = draw(model, 3, steps=3)
    twice = _both(model, first, first)
    assert twice is not None
    for name, value in first.gradient(problem).items():
        assert (twice.gradient(problem)[name] == value).all()
    assert not list(two_mistakes(model, right, problem, time.thread_time()))


def test_parameters_may_be_numbers() -> None:
    line = r"h_t = \alpha h_{t-1} + \beta \tanh(W x_t + U h_{t-1} + b)"
    model = model_of(recurrence_from_latex([line]))
    known = {m.code: m for m in derivation_mistakes(model)}
    one, other = known["slope-missing-every-tanh"], next(
        m for m in known.values() if m.code.startswith("path-h_{t-1}-h-") and "slope" not in m.code
    )
    both = _both(model, one, other)
    assert both is not None
    end = time.thread_time() + 5.0
    tried = {m.code for m in two_mistakes(model, both.gradient, draw(model, 3, steps=3), end)}
    assert {f"{one.code}-and-{other.code}", f"{other.code}-and-{one.code}"} & tried
