"""Code of a person's own that fails, or returns no gradient at all: clear words, no traceback."""

from __future__ import annotations

import json
import signal
import sys
import time
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from bptt_sym.cells import cell
from bptt_sym.errors import InputError, ModelError
from bptt_sym.testing import GradientError, Problem, model_of, named_model, problem, run
from bptt_sym.testing.draw import draw
from bptt_sym.testing.evidence import Diagnosis
from bptt_sym.testing.functions import judge_pair
from bptt_sym.testing.mistakes import right
from bptt_sym.testing.models import Model
from bptt_sym.testing.named import function
from bptt_sym.testing.report import Finding, Report
from bptt_sym.testing.reproduction import Written, reproduction
from bptt_sym.testing.score import score_given
from bptt_sym.testing.time_limit import calls_within, limited
from tests.testing.hand_written import module


def raises(p: Problem) -> dict[str, Any]:
    return {"W": p.params["W_hh"]}


def leaves(p: Problem) -> dict[str, Any]:
    raise SystemExit(3)


@pytest.mark.parametrize(
    ("gradient", "words"),
    [
        (raises, 'return {"W": p.params["W_hh"]}); the parameters are W, U, b, V, c'),
        (leaves, "SystemExit: 3 (test_broken_code.py, line"),
        (lambda p: tuple(right(p).values()), "returned tuple; it must return a mapping"),
    ],
)
def test_code_that_fails_at_once_is_not_judged(gradient: Any, words: str) -> None:
    report = run(gradient, "elman")
    assert report.unjudged
    assert words in report.text()
    assert "cannot be judged" in report.text()


def test_code_that_fails_on_some_problems_is_wrong() -> None:
    def gradient(p: Problem) -> dict[str, Any]:
        if p.steps > 5:
            raise MemoryError("x" * 5000)
        return right(p)

    report = run(gradient, "elman")
    assert not report.ok
    assert not report.unjudged
    assert len(report.text()) < 2000


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("a", "dU: is no array of numbers (<U1)"),
        ([[1.0], [2.0, 3.0]], "dU: is no array of numbers (list)"),
        (object(), "dU: is no array of numbers (object)"),
        (None, "dU: not in the returned gradient; it is None"),
    ],
)
def test_what_is_no_number_is_said(value: Any, words: str) -> None:
    assert words in run(lambda p: {**right(p), "U": value}, "elman", explain=False).text()


class Graph:
    """Like a tensor that takes part in a graph."""

    def __array__(self, *_: Any, **__: Any) -> Any:
        raise RuntimeError("it has a graph;\n\x1b[31mdetach it")


def test_what_cannot_become_an_array_says_why() -> None:
    text = run(lambda p: {**right(p), "U": Graph()}, "elman", explain=False).text()
    assert "dU: is no array of numbers (Graph: it has a graph; \\x1b[31mdetach it)" in text


def test_keys_of_another_form_are_shown() -> None:
    text = run(lambda p: {f"d{k}": v for k, v in right(p).items()}, "elman", explain=False).text()
    assert "dU: not in the returned gradient, which has 'dW', 'dU'" in text


def test_numbers_that_are_others_each_time_are_not_explained() -> None:
    rng = np.random.default_rng(0)
    report = run(lambda p: {k: v + rng.normal(size=v.shape) for k, v in right(p).items()}, "elman")
    assert report.findings[0].code == "not-repeatable" and not report.diagnoses


def test_a_coroutine_is_no_gradient() -> None:
    async def later(p: Problem) -> dict[str, Any]:
        return right(p)

    assert "returned coroutine; it must return" in run(later, "elman").text()


def test_an_alarm_of_the_persons_own_goes_on() -> None:
    rings: list[int] = []
    kept = signal.signal(signal.SIGALRM, lambda *_: rings.append(1))
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.2)
        with calls_within(5.0), limited():
            time.sleep(0.01)
        left = signal.getitimer(signal.ITIMER_REAL)[0]
        assert 0.0 < left < 0.2
        with calls_within(5.0), limited():  # it would ring within the block
            time.sleep(0.25)
        time.sleep(0.05)
        assert rings == [1]
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, kept)


def test_a_call_that_does_not_return_is_ended() -> None:
    def forever(p: Problem) -> dict[str, Any]:
        while p.batch == 2:
            pass
        return right(p)

    with calls_within(0.05):
        report = run(forever, "elman")
    assert "TimeoutError: it did not return within 0.05 s (test_broken_code.py" in report.text()
    assert report.smallest is not None and report.smallest.batch == 2
    assert signal.getitimer(signal.ITIMER_REAL)[0] == 0


def test_reports_are_strict_json() -> None:
    located = Diagnosis("located", "nothing explains it", ("U",), float("nan"), 1)
    report = Report("elman", "f", 1, 0.0, (Finding("value", "dU"),), (), (located,))
    assert '"residual": null' in json.dumps(report.json(), allow_nan=False)


def test_imaginary_parts_are_not_left_out() -> None:
    assert run(lambda p: {k: v + 0j for k, v in right(p).items()}, "elman").ok
    text = run(lambda p: {k: v + 1e-3j for k, v in right(p).items()}, "elman").text()
    assert "dU: is complex, with imaginary parts up to 0.001" in text
    assert run(lambda p: {k: v.astype(object) for k, v in right(p).items()}, "elman").ok


POINT = {"w": np.array([0.5, -1.0, 2.0])}


def loss(p: dict[str, Any]) -> Any:
    return (np.tanh(p["w"]) ** 2).sum()


def grad(p: dict[str, Any]) -> dict[str, Any]:
    return {"w": 2 * np.tanh(p["w"]) / np.cosh(p["w"]) ** 2}


@pytest.mark.parametrize(
    ("of", "by", "code", "words"),
    [
        (loss, grad, "", ""),
        (lambda p: 1 / 0, grad, "raised", "the loss fails: ZeroDivisionError"),
        (lambda p: None, grad, "not-numbers", "the loss is None"),
        (lambda p: loss(p) * np.nan, grad, "not-finite", "the loss is nan"),
        (lambda p, calls=[]: loss(p) + len(calls.append(0) or calls), grad, "not-repeatable",
         "another one at a second call"),
        (loss, lambda p: {"w": p["v"]}, "raised", "the gradient fails: KeyError: 'v'"),
        (loss, lambda p: grad(p)["w"], "raised", "the gradient is ndarray, no mapping"),
        (loss, lambda p: {"w": "abc"}, "not-numbers", "dw is no array of numbers"),
        (loss, lambda p: {"w": grad(p)["w"] + 1j}, "not-numbers", "dw is complex"),
        (loss, lambda p: {"w": np.float32(grad(p)["w"])}, "value", "to about seven digits"),
    ],
)  # fmt: skip
def test_pairs_that_are_broken(of: Any, by: Any, code: str, words: str) -> None:
    found = judge_pair(of, by, POINT)
    assert [f.code for f in found] == ([code] if code else [])
    assert all(words in f.message for f in found)


def test_what_the_last_call_of_the_loss_left_is_told_from_what_changes_by_itself() -> None:
    left: list[Any] = []
    calls: list[int] = []

    def leaves(p: dict[str, Any]) -> Any:
        left[:] = [np.tanh(p["w"])]
        return (left[0] ** 2).sum()

    def uses(p: dict[str, Any]) -> dict[str, Any]:
        return {"w": 2 * left[0] * (1 - left[0] ** 2)}

    def alternates(p: dict[str, Any]) -> dict[str, Any]:
        calls.append(0)
        return {"w": grad(p)["w"] * (1 + len(calls) % 2)}

    assert any("what the last call of the loss left" in f.message
               for f in judge_pair(leaves, uses, POINT) if f.code == "not-repeatable")  # fmt: skip
    found = [f for f in judge_pair(loss, alternates, POINT) if f.code == "not-repeatable"]
    assert found and "left" not in found[0].message


def inputs(**more: Any) -> dict[str, Any]:
    p = draw(named_model("elman"), 3, steps=3, batch=1, dims={"H": 3, "I": 2, "O": 2})
    return {"params": p.params, "x": p.x, "targets": p.targets, **more}


def fails() -> Any:
    raise ValueError("boom")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (fails, "the function of the inputs fails: ValueError: boom"),
        (inputs(maks=np.ones((3, 1))), "elman has no maks"),
        (inputs(h0=np.zeros(3)), r"h0 has shape \(3,\), not \(1, 3\)"),
        (inputs(targets=np.zeros((2, 1, 2))), r"has shape \(2, 1, 2\), not \(3, 1, 2\)"),
        (inputs(x=np.full((3, 1, 2), np.nan)), "x: not finite"),
    ],
)
def test_inputs_that_cannot_be_scored(given: Any, words: str) -> None:
    with pytest.raises(InputError, match=words):
        score_given(given, "elman")


def test_a_problem_of_other_shapes_is_refused() -> None:
    given = inputs(loss_weights=np.ones((3, 1)))
    with pytest.raises(ModelError, match="loss_weights has shape"):
        problem(named_model("elman"), given.pop("params"), **given)


def test_modules_that_cannot_be_imported(tmp_path: Any, monkeypatch: Any) -> None:
    (tmp_path / "crashing.py").write_text("x = 1 / 0\n")
    (tmp_path / "unreadable.py").write_text("def f(:\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    for name, words in (
        ("crashing:f", r"ZeroDivisionError: division by zero \(crashing.py, line 1"),
        ("unreadable:f", "SyntaxError"),
        ("./crashing.py:f", "is a file, not a module"),
    ):
        with pytest.raises(InputError, match=words):
            function(name)


def _own(name: str) -> Model:
    return model_of(module("submitted_losses").recurrence(name))


@pytest.mark.parametrize(
    "model",
    [named_model("lstm"), model_of(cell("gru-vector")), _own("two_deep"), _own("fed_back")],
    ids=lambda m: m.name,
)
def test_a_reproduction_is_complete(model: Model, monkeypatch: Any) -> None:
    """It imports what it uses and shows the same failure; nothing is put in by hand."""
    first = next(iter(model.layout))

    def gradient(p: Problem) -> dict[str, Any]:
        return {k: -v if k == first else v for k, v in right(p).items()}

    home = ModuleType("homework_of_somebody")
    gradient.__module__, gradient.__qualname__ = home.__name__, "gradient"
    home.gradient = gradient  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, home.__name__, home)
    p = draw(model, 5, steps=2, batch=2, masked=True, weighted=True)
    space: dict[str, Any] = {}
    exec(reproduction(p, Written.of(gradient)), space)
    with pytest.raises(GradientError, match=f"d{first}: the sign is wrong"):
        space["test_gradient"]()


def test_the_reproduction_of_a_graph_has_its_entry_point() -> None:
    pytest.importorskip("torch")
    from bptt_sym.testing import from_torch

    text = Written.of(from_torch(turned))
    assert text.expression == "from_torch(turned)"
    assert text.imports[-1] == f"from {__name__} import turned"
    assert "the outputs have shape" in run(from_torch(turned), "elman").text()


def turned(t: Any, p: Problem) -> Any:
    """Batch first, though time comes first."""
    return (t["x"] @ t["W"].T @ t["V"].T).transpose(0, 1)
