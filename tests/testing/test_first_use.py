"""What people meet who use the checks for the first time, on code that they have already."""

from __future__ import annotations

import sys
from functools import partial
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

from bptt_sym.cli import main
from bptt_sym.errors import InputError, ModelError, NotSupported
from bptt_sym.read import recurrence_from_latex
from bptt_sym.testing import (
    Problem,
    from_recurrence,
    from_torch,
    judge,
    model_of,
    named_model,
    problem,
    run,
)
from bptt_sym.testing.draw import draw
from bptt_sym.testing.evidence import Diagnosis
from bptt_sym.testing.functions import judge_pair
from bptt_sym.testing.mistakes import right
from bptt_sym.testing.named import function, name_of
from bptt_sym.testing.reproduction import Written, reproduction
from bptt_sym.testing.score import score_given, score_inputs

OPAQUE = recurrence_from_latex([r"h_t = g(w h_{t-1} + u_t)"], name="own", scalar=True)


def logistic(p: Problem) -> dict[str, Any]:
    """The gradient where g is the logistic function."""
    return right(p.replaced(model=model_of(OPAQUE, bind={"g": "sigma"})))


def test_a_function_without_a_meaning_is_not_guessed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(InputError, match="nothing says what the function 'g' is"):
        run(logistic, OPAQUE)
    assert run(logistic, model_of(OPAQUE, bind={"g": "sigma"})).ok
    wrong = judge(draw(model_of(OPAQUE, bind={"g": "tanh"}), 1), logistic)
    assert not wrong.ok and "bind={'g': 'tanh'}" in wrong.text()
    call = ["test", f"{__name__}:logistic", "--scalar", "--define", "h_t = g(w h_{t-1} + u_t)"]
    assert main(call) == 2
    assert "--bind g=tanh" in capsys.readouterr().err
    assert main([*call, "--bind", "g=sigma"]) == 0
    assert main([*call, "--bind", "g=tanh"]) == 1
    assert main([*call, "--bind", "f=tanh"]) == 2


def test_problems_that_there_are_none_of() -> None:
    elman, free = named_model("elman"), recurrence_from_latex([r"h_t = \tanh(h_{t-1} + u_t)"])
    lags = recurrence_from_latex([r"h_t = \tanh(w h_{t-2} + u_t)"], scalar=True)
    with pytest.raises(InputError, match="no regime 'tinny'"):
        draw(elman, 1, regime="tinny")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="no problems in float16"):
        run(right, "elman", dtype="float16")
    with pytest.raises(NotSupported, match="initial values of one step"):
        run(right, lags)
    with pytest.raises(ModelError, match="has no parameters"):
        run(right, free)


@settings(max_examples=3, deadline=None)
@given(from_recurrence("lstm-vector"), from_recurrence(named_model("gru"), max_steps=2))
def test_strategies_of_names_and_models(first: Problem, second: Problem) -> None:
    assert first.name == "lstm-vector" and second.name == "gru" and second.steps <= 60


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ("--rtol 1e-3", "--rtol goes with --score-inputs"),
        ("--score-inputs --profile quick", "--profile does not go with --score-inputs"),
        ("--score-inputs --dtype float32", "--dtype does not go with --score-inputs"),
    ],
)
def test_options_without_effect(
    words: str, complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["test", f"{__name__}:logistic", "--cell", "elman", *words.split()]) == 2
    assert complaint in capsys.readouterr().err


def never() -> None:
    while True:
        pass


def test_inputs_that_are_never_made(capsys: pytest.CaptureFixture[str]) -> None:
    call = ["test", f"{__name__}:never", "--cell", "elman", "--score-inputs", "--limit", "0.1"]
    assert main(call) == 2
    assert "did not return within 0.1 s" in capsys.readouterr().err


def test_what_is_not_shown_is_not_all_right(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*_: Any, **__: Any) -> None:
        raise BrokenPipeError

    monkeypatch.setattr("builtins.print", gone)
    monkeypatch.setattr("os.dup2", lambda *_: None)  # standard output is still wanted here
    assert main(["test", f"{right.__module__}:right", "--cell", "elman"]) == 141


def test_parameters_that_the_cell_does_not_have() -> None:
    p = draw(named_model("elman"), 1)
    given = {"params": {**p.params, "Q": np.ones(3)}, "x": p.x, "targets": p.targets}
    with pytest.raises(InputError, match="elman has no parameter Q; it has W, U, b, V, c"):
        score_given(given, "elman")
    with pytest.raises(ModelError, match="no parameter Q"):
        problem(named_model("elman"), given["params"], x=p.x, targets=p.targets)

    class Graph:
        def __array__(self, *_: Any, **__: Any) -> Any:
            raise RuntimeError("Can't call numpy() on Tensor that requires grad.")

    with pytest.raises(InputError, match="do not fit elman: Can't call numpy"):
        score_given({**given, "params": {**p.params, "W": Graph()}}, "elman")


class Backward:
    """A gradient function that is an object."""

    def __call__(self, p: Problem) -> dict[str, Any]:
        return {k: -v for k, v in right(p).items()}


def test_functions_are_called_as_their_module_calls_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever they are made by: a person knows them by that name, and can import them by it."""
    home = ModuleType("homework_with_objects")
    monkeypatch.setitem(sys.modules, home.__name__, home)

    def inner(p: Problem, scale: float = 1.0) -> dict[str, Any]:
        return {k: scale * v for k, v in right(p).items()}

    inner.__module__ = Backward.__module__ = home.__name__
    monkeypatch.setattr(Backward, "__module__", home.__name__)
    found = {"of_torch": from_torch(inner), "part": partial(inner, scale=2.0),
             "thing": Backward(), "short": lambda p: {}}  # fmt: skip
    found["short"].__module__ = home.__name__
    vars(home).update(found)
    for name, gradient in found.items():
        assert name_of(gradient) == f"{home.__name__}.{name}"
        written = Written.of(gradient)
        assert written.imports == (f"from {home.__name__} import {name}",)
        assert written.expression == written.name == name and not written.absent
    assert "from homework_with_objects import part" in judge(draw(named_model("elman"), 1),
                                                             found["part"]).text()  # fmt: skip


def test_code_of_torch_that_is_no_gradient_function(monkeypatch: pytest.MonkeyPatch) -> None:
    torch = pytest.importorskip("torch", reason="torch is not installed")
    from bptt_sym.testing import from_module

    home = ModuleType("homework_in_torch")
    monkeypatch.setitem(sys.modules, home.__name__, home)
    home.Net, home.net = torch.nn.RNN, torch.nn.RNN(2, 3)  # type: ignore[attr-defined]
    home.Step = type("Step", (torch.autograd.Function,), {})  # type: ignore[attr-defined]
    for name, error in (("Net", "from_module"), ("net", "from_module"), ("Step", "from_torch")):
        with pytest.raises(InputError, match="no function of a problem") as raised:
            function(f"{home.__name__}:{name}")
        assert error in raised.value.hint
    said = run(from_torch(lambda t, p: t["x"].detach().numpy()[..., :1] + 0 * p.targets), "elman")
    assert "the outputs are ndarray, no tensor" in said.text()
    assert "make(problem) returned int, no nn.Module" in run(
        from_module(lambda p: 3, {}), "elman").text()  # fmt: skip
    gates = from_module(lambda p: torch.nn.RNN(2, 3), {}, gates="ifgo")
    assert "gates='ifgo': the cell has none" in run(gates, "elman").text()


def test_a_gradient_at_what_it_has_written_itself() -> None:
    """Nothing else is looked for: it is wrong for no other reason."""

    def halved(p: Problem) -> dict[str, Any]:
        for value in p.params.values():
            value *= 0.5
        return right(p.fresh().replaced())

    def halved_behind(p: Problem) -> dict[str, Any]:
        return halved(p) | {"U": -right(p.replaced())["U"]}

    (found,) = run(halved, "elman").diagnoses
    assert found.code == "written-inputs" and "has written to its inputs" in found.text()
    assert {"W", "U", "b", "V", "c"} <= set(found.parameters)
    other = judge(draw(named_model("elman"), 1, steps=2, batch=1), halved_behind, explain=True)
    assert not other.ok and "has written to its inputs" not in other.text()


START = [r"h_t = \tanh(W h_{t-1} + U x_t)"]


@pytest.mark.parametrize("start", ["h_0 = q", "h_0 = 2 q", r"h_0 = \tanh(A z)", "h_0 = 0"])
def test_initial_values_that_an_equation_gives(start: str) -> None:
    """Learned ones are parameters, whose gradient is tested and whose mistakes are named."""
    shapes = {"q": ("n",)} if "q" in start else None
    model = model_of(recurrence_from_latex([*START, start], name="started", shapes=shapes))
    own = [k for k in model.layout if k not in "WU"]
    assert own == (["q"] if "q" in start else ["A", "z"] if "A" in start else [])
    assert run(right, model).ok
    p = draw(model, 1, steps=2, batch=3)
    assert p.h0.shape == (3, p.dims["n"]) and bool(p.h0.any()) == bool(own)

    def mean(p: Problem) -> dict[str, Any]:
        g = right(p)
        return g | {k: g[k] / p.batch for k in (own or ["W"])[:1]}

    report = judge(p, mean)
    assert [d.code in ("batch-mean", "at-the-end") for d in report.diagnoses] == [True]
    space: dict[str, Any] = {}
    exec(reproduction(p, Written((), "mean", "mean")), space | {"mean": mean})  # it can be read
    assert "the initial state is taken to be 0" not in [m for _, m in score_inputs(p).missed]


def test_one_problem_is_one() -> None:
    assert Diagnosis("sign", "it is", ("U",), 0.0, 1).text() == "dU: it is (on 1 problem to 0e+00)"


def squares(p: dict[str, Any]) -> Any:
    return (np.tanh(p["w"]) ** 2).sum()


def by_hand(p: dict[str, Any]) -> dict[str, Any]:
    return {"w": 2 * np.tanh(p["w"]) / np.cosh(p["w"]) ** 2}


def test_a_loss_that_writes_to_its_parameters_accuses_nobody() -> None:
    point = {"w": np.array([0.5, -1.0])}

    def halves(p: dict[str, Any]) -> Any:
        p["w"] *= 0.5
        return (p["w"] ** 2).sum()

    assert judge_pair(halves, lambda p: {"w": 0.5 * p["w"]}, point) == []
    assert judge_pair(halves, lambda p: {"w": 0.6 * p["w"]}, point)

    def doubles(p: dict[str, Any]) -> dict[str, Any]:
        found = by_hand(p)
        p["w"] *= 2
        return found

    # The gradient that writes is right, and that it writes is all that is wrong with it.
    assert [f.code for f in judge_pair(squares, doubles, point)] == ["wrote-to-input"]


@pytest.mark.parametrize("more", [lambda p: np.tanh(p["w"]), lambda p: p["w"][0], lambda p: {}])
def test_what_is_returned_beside_a_loss_is_no_loss(more: Any) -> None:
    """``return loss, h``: the sum of all would accuse a right gradient."""
    point = {"w": np.array([0.5, -1.0])}
    (found,) = judge_pair(lambda p: (squares(p), more(p)), by_hand, point)
    assert found.code == "raised" and "it returns a tuple: return the loss alone" in found.message
    assert not judge_pair(lambda p: list(np.tanh(p["w"]) ** 2), by_hand, point)
