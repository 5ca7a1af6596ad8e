"""The classifier study in small: problems, learning, gradients, and where the gradient goes."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest

from bptt_sym.architectures import layer_name
from bptt_sym.errors import InputError
from bptt_sym.train import Settings, train
from tests.architectures.studies import load

problems, flow = load("classifier", "problems"), load("classifier", "flow")
classifier = load("classifier", "classifier")


def test_adding_marks_two_numbers() -> None:
    x, y = problems.adding(np.random.default_rng(0), 50, 100)
    assert x.shape == (50, 100, 2) and (x[..., 1].sum(0) == 2).all()
    np.testing.assert_allclose(y[:, 0], 0.5 + (x[..., 0] * x[..., 1]).sum(0) / 4)
    assert y.min() >= 0 and y.max() <= 1


def test_order_has_four_balanced_classes() -> None:
    x, y = problems.order(np.random.default_rng(0), 40, 400)
    assert (x.sum(-1) == 1).all() and (x[..., 6:].sum((0, 2)) == 2).all()
    for b in range(400):
        seen = [k - 6 for k in x[:, b].argmax(-1) if k >= 6]
        assert y[b].argmax() == 2 * seen[0] + seen[1]
    assert y.sum(0).min() > 70


def test_test_sequences_are_not_training_sequences() -> None:
    task = problems.problem("order", 20)
    assert not np.array_equal(task.test(4)[0], task.draw(np.random.default_rng([0, 0, 0]), 4)[0])
    pytest.importorskip("sklearn")
    digits = problems.problem("digits").fixed
    assert digits[0].shape[1] == 1437 and digits[2].shape == (8, 360, 8)


@pytest.mark.parametrize("kind", sorted(classifier.KINDS))
def test_it_learns_with_the_gradients_of_torch(kind: str) -> None:
    made = classifier.KINDS[kind](problems.problem("order", 20), 12, layers=2, updates=30)
    run = train(made, made.initial(0), Settings(epochs=4, rate=1e-2, clip=1.0, check_every=40))
    assert run.losses[-1] < 0.98 * run.losses[0]
    with_torch = importlib.util.find_spec("torch") is not None
    assert run.worst < 1e-9 and (run.checked == 3 or not with_torch)


def test_the_lstm_learns_the_order_of_events() -> None:
    made = classifier.LSTMClassifier(problems.problem("order", 20), 16)
    run = train(made, made.initial(0), Settings(epochs=4, rate=1e-2, clip=1.0))
    assert made.share_right(run.best) > 0.9


@pytest.mark.parametrize("kind", sorted(classifier.KINDS))
@pytest.mark.parametrize("scale", [1.0, 4.0])
def test_the_bound_holds_and_the_lags_add_up(kind: str, scale: float) -> None:
    made = classifier.KINDS[kind](problems.problem("adding", 20), 6)
    params = {k: scale * v for k, v in made.initial(1).items()}
    found = flow.flows(made, {"now": params})["now"]
    assert (found["terms"] <= found["bound"] * (1 + 1e-12)).all() and found["terms"][:-1].min() > 0
    # No sum of contributions is smaller than the whole gradient of the recurrent matrices.
    x, y = made.task.test()
    _, grads = made.code(params, *made.arrays(x[:, : flow.EXAMPLES], y[: flow.EXAMPLES]))
    letters = "fioc" if kind == "lstm" else ()
    names = [f"U_{g}" for g in letters] or ["W_{hh}"]
    whole = sum(np.linalg.norm(grads[layer_name(n, 1)]) for n in names)
    assert whole <= found["terms"].sum() * (1 + 1e-12)
    if kind == "lstm":
        assert (np.diff(found["carry"]) <= 1e-15).all()


def test_states_that_are_zero_contribute_nothing() -> None:
    made = classifier.Classifier(problems.problem("adding", 20), 3)
    params = made.initial(0)
    params[layer_name("W_{ih}", 1)][:] = 0
    params[layer_name("b", 1)][:] = 0
    assert not flow.flows(made, {"now": params})["now"]["terms"].any()


def test_the_product_of_the_four_terms_is_reported_beside_the_truth() -> None:
    made = classifier.LSTMClassifier(problems.problem("adding", 20), 4)
    params = made.initial(0)
    # Without a path through the gates, the product of forget gates is the derivative.
    for g in "fioc":
        params[layer_name(f"U_{g}", 1)][:] = 0
    told = flow.gates(made, params)
    product, truth = (part.split("‖ ")[1] for part in told.split("; ")[1].split(", "))
    assert product == truth


def test_bad_input_is_named() -> None:
    with pytest.raises(InputError, match="10 steps"):
        problems.problem("order", 10)
    with pytest.raises(InputError, match="'sorting'"):
        problems.problem("sorting")


def test_the_command_resumes_and_keeps_the_halfway_weights(tmp_path, capsys) -> None:  # type: ignore[no-untyped-def]
    call = ["--problem", "adding", "--steps", "20", "--cell", "rnn", "--epochs", "2"]
    call += ["--states", "4", "--checkpoints", str(tmp_path)]
    assert classifier.main(call) == 0
    first = capsys.readouterr().out.splitlines()[-1].split("|")[4]
    assert {f.name for f in tmp_path.iterdir()} == {
        "adding-20-rnn.npz", "adding-20-rnn.half.npz"
    }  # fmt: skip
    assert classifier.main(call) == 0
    assert capsys.readouterr().out.splitlines()[-1].split("|")[4] == first
    assert classifier.main(["--problem", "order", "--steps", "5"]) == 2
