"""The training loop: Adam against its formulas, resumption to the last digit, early stopping."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bptt_sym.errors import BpttError, InputError
from bptt_sym.train import GradientMismatch, Settings, bar, train


class Line:
    """Least squares with noisy gradients: small, random, and with a known answer."""

    def __init__(self, wrong: float = 0.0, die_after: int = -1) -> None:
        rng = np.random.default_rng(0)
        self.x = rng.normal(size=(40, 3))
        self.y = self.x @ np.array([1.0, -2.0, 0.5])
        self.wrong, self.calls, self.die_after = wrong, 0, die_after

    def batches(self, rng):
        return list(rng.permutation(40).reshape(5, 8))

    def gradient(self, params, batch, rng):
        self.calls += 1
        if self.calls == self.die_after:
            raise KeyboardInterrupt
        loss, grads = self.reference(params, batch, rng)
        return loss, {"w": grads["w"] * (1 + self.wrong)}

    def reference(self, params, batch, rng):
        keep = rng.random(3) < 0.9
        off = (self.x[batch] * keep) @ params["w"] - self.y[batch]
        return float((off**2).mean()), {"w": 2 * keep * (self.x[batch].T @ off) / len(batch)}

    def score(self, params):
        return float(((self.x @ params["w"] - self.y) ** 2).mean())


START = {"w": np.zeros(3)}
SETTINGS = Settings(epochs=6, rate=0.05, clip=3.0, decay=0.9, seed=4, checkpoint_every=3)


def test_adam_is_kingma_and_ba() -> None:
    settings = Settings(epochs=1, rate=0.1)
    task, w = Line(), np.zeros(3)
    m, v = np.zeros(3), np.zeros(3)
    for k, batch in enumerate(task.batches(np.random.default_rng([0, 0]))):
        g = task.reference({"w": w}, batch, np.random.default_rng([0, 0, k]))[1]["w"]
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
        w = w - 0.1 * (m / (1 - 0.9 ** (k + 1))) / (np.sqrt(v / (1 - 0.999 ** (k + 1))) + 1e-8)
    np.testing.assert_allclose(train(Line(), START, settings).params["w"], w, rtol=1e-12)


def test_training_lowers_the_loss_and_leaves_the_start_alone() -> None:
    told = []
    run = train(Line(), START, replace(SETTINGS, epochs=40), progress=told.append)
    assert run.scores[-1] < 0.05 * run.scores[0] and not START["w"].any()
    assert len(told) == 200 and (told[-1].epoch, told[-1].batch, told[-1].batches) == (39, 5, 5)


@pytest.mark.parametrize("die_after", [1, 2, 8, 12, 29])
def test_a_killed_run_resumes_to_the_same_digits(tmp_path: Path, die_after: int) -> None:
    whole = train(Line(), START, SETTINGS)
    file = tmp_path / "run.npz"
    task = Line(die_after=die_after)
    with pytest.raises(KeyboardInterrupt):
        train(task, START, SETTINGS, checkpoint=file)
    rest = Line()
    resumed = train(rest, START, SETTINGS, checkpoint=file)
    assert np.array_equal(resumed.params["w"], whole.params["w"])
    assert np.array_equal(resumed.best["w"], whole.best["w"])
    assert resumed.losses == whole.losses and resumed.scores == whole.scores
    assert die_after - 1 + rest.calls - 30 <= SETTINGS.checkpoint_every


def test_a_finished_run_is_not_trained_again(tmp_path: Path) -> None:
    first = train(Line(), START, SETTINGS, checkpoint=tmp_path / "run.npz")
    again = Line()
    second = train(again, START, SETTINGS, checkpoint=tmp_path / "run.npz")
    assert again.calls == 0 and np.array_equal(first.best["w"], second.best["w"])
    longer = train(again, START, replace(SETTINGS, epochs=7), checkpoint=tmp_path / "run.npz")
    assert again.calls == 5 and longer.epoch == 7


def test_a_checkpoint_of_other_settings_is_refused(tmp_path: Path) -> None:
    train(Line(), START, SETTINGS, checkpoint=tmp_path / "run.npz")
    with pytest.raises(InputError, match="other settings"):
        train(Line(), START, replace(SETTINGS, seed=5), checkpoint=tmp_path / "run.npz")
    with pytest.raises(InputError, match="params/w"):
        train(Line(), {"w": np.zeros(4)}, SETTINGS, checkpoint=tmp_path / "run.npz")


def test_early_stopping_keeps_the_best() -> None:
    settings = Settings(epochs=100, rate=2.0, patience=3)
    run = train(Line(), START, settings)
    assert run.epoch == run.best_epoch + 4 < 100
    assert Line().score(run.best) == min(run.scores)


def test_a_wrong_gradient_is_caught_by_the_reference() -> None:
    checked = replace(SETTINGS, check_every=10)
    assert train(Line(), START, checked).checked == 3
    with pytest.raises(GradientMismatch, match="'w'"):
        train(Line(wrong=1e-6), START, checked)


def test_a_loss_that_is_not_finite_stops_the_run() -> None:
    with pytest.raises(BpttError, match="epoch 0, batch 0"):
        train(Line(), {"w": np.full(3, np.nan)}, SETTINGS)


def test_the_bar_writes_to_the_stream_it_is_given() -> None:
    import io

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    stream = Terminal()
    train(Line(), START, replace(SETTINGS, epochs=2), progress=bar(stream))
    shown = stream.getvalue()
    assert "epoch 2/2 [########################]" in shown and "best score" in shown
    assert shown.endswith("\n") and shown.count("\n") == 1


def test_the_bar_is_one_line_an_epoch_where_nobody_watches() -> None:
    import io

    stream = io.StringIO()
    train(Line(), START, replace(SETTINGS, epochs=2), progress=bar(stream))
    first, second = stream.getvalue().splitlines()
    assert first.startswith("epoch 1/2 [####") and second.startswith("epoch 2/2 [####")
    assert "\x1b" not in first and "best score" in second
