"""The forecast study in small: it learns, and its gradients are torch's."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bptt_sym.errors import InputError
from bptt_sym.train import Settings, train
from tests.architectures.studies import load

series, forecast = load("forecast", "series"), load("forecast", "forecast")


@pytest.fixture(scope="module")
def study():
    return forecast.Forecast(series.read(), layers=2, states=8, steps=12)


def test_training_lowers_the_loss(study) -> None:
    start = forecast.initial(study.rec, 8, 0)
    run = train(study, start, Settings(epochs=15, rate=5e-3))
    assert run.losses[-1] < 0.5 * run.losses[0] and run.scores[-1] < run.scores[0]
    assert study.error(run.best, study.test) < 2 * forecast.persistence(study)["last year"]


def test_gradients_are_those_of_torch_with_the_same_masks(study) -> None:
    pytest.importorskip("torch")
    start = forecast.initial(study.rec, 8, 1)
    settings = Settings(epochs=2, rate=5e-3, check_every=3)
    run = train(study, start, settings)
    assert run.checked == 5 and run.worst < 1e-12
    other = train(forecast.ByTorch(study.series, 2, 8, 12), start, settings)
    np.testing.assert_allclose(run.losses, other.losses, rtol=1e-10)


def test_the_scaling_knows_the_training_part_alone() -> None:
    full = series.read()
    later = full.values.copy()
    later[full.train :] *= 10
    changed = series.Series(full.years, later, full.train, full.valid)
    assert (changed.low, changed.high) == (full.low, full.high)
    assert np.allclose(full.unscaled(full.scaled()), full.values)


def test_windows_end_before_what_they_predict() -> None:
    x, y = series.windows(np.arange(6.0), 3)
    assert x[:, 0, 0].tolist() == [0, 1, 2] and y.tolist() == [3, 4, 5]
    assert x[:, 2, 0].tolist() == [2, 3, 4]


@pytest.mark.parametrize(
    ("row", "says"),
    [("1702,many", "row 4"), ("1703,3", "a gap"), ("1702,nan", "missing"), ("1702", "1 fields")],
)
def test_a_bad_row_is_named(tmp_path: Path, row: str, says: str) -> None:
    file = tmp_path / "s.csv"
    file.write_text("year,value\n1700,1\n1701,2\n" + row + "\n")
    with pytest.raises(InputError, match=says) as caught:
        series.read(file)
    assert "row 4" in str(caught.value)


def test_the_command_names_a_bad_row(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "s.csv"
    file.write_text("year,value\n1700,x\n")
    assert forecast.main(["--series", str(file)]) == 2
    assert "row 2" in capsys.readouterr().err
