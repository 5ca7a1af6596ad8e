"""The series: read with care, split by time, scaled by what the training part alone knows."""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bptt_sym.errors import InputError

SUNSPOTS = Path(__file__).with_name("sunspots.csv")


@dataclass(frozen=True)
class Series:
    """Years and values in the series' own unit; ``train`` and ``valid`` are numbers of values."""

    years: np.ndarray
    values: np.ndarray
    train: int
    valid: int

    @property
    def low(self) -> float:
        return float(self.values[: self.train].min())

    @property
    def high(self) -> float:
        return float(self.values[: self.train].max())

    def scaled(self) -> np.ndarray:
        """Min-max scaling fitted on the training part; later values may leave [0, 1]."""
        return (self.values - self.low) / (self.high - self.low)

    def unscaled(self, scaled: np.ndarray) -> np.ndarray:
        return scaled * (self.high - self.low) + self.low


def read(path: Path | str = SUNSPOTS, train: float = 0.7, valid: float = 0.15) -> Series:
    """A CSV file of ``year,value`` rows, a header first.

    Raises
    ------
    InputError
        With the row: text instead of a number, a gap in the years, a row of another length.
    """
    try:
        rows = list(csv.reader(Path(path).read_text(encoding="utf-8").splitlines()))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read: {error}", token=str(path)) from error
    years: list[int] = []
    values: list[float] = []
    for number, row in enumerate(rows[1:], start=2):
        where = f"{path}, row {number}"
        if len(row) != 2:
            raise InputError(f"{where}: {len(row)} fields, not year and value", token=",".join(row))
        try:
            year, value = int(row[0]), float(row[1])
        except ValueError:
            raise InputError(f"{where}: not a year and a number", token=",".join(row)) from None
        if not math.isfinite(value):
            raise InputError(f"{where}: the value is missing", token=row[1])
        if years and year != years[-1] + 1:
            raise InputError(f"{where}: {year} follows {years[-1]}, a gap", token=row[0])
        years.append(year)
        values.append(value)
    if len(values) < 60:
        raise InputError(f"{path}: {len(values)} values are too few", token=str(path))
    n = len(values)
    first = int(train * n)
    series = Series(np.array(years), np.array(values), first, int(valid * n))
    if series.high == series.low:
        raise InputError(f"{path}: the training part is constant", token=str(path))
    return series


def windows(values: np.ndarray, steps: int) -> tuple[np.ndarray, np.ndarray]:
    """``(steps, N, 1)`` inputs and the ``(N,)`` values that follow them."""
    n = len(values) - steps
    x = np.stack([values[k : k + n] for k in range(steps)])[..., None]
    return x, values[steps:]
