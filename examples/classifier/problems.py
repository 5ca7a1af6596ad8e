"""Sequences to classify or sum: digits by rows, and two long-lag problems.

The long-lag problems are those of Hochreiter & Schmidhuber 1997: adding (their experiment 4) and
temporal order (experiment 6a), with places scaled with T.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from bptt_sym.errors import InputError

NAMES = ("digits", "adding", "order")


@dataclass(frozen=True)
class Problem:
    """``size`` inputs and ``outputs`` a step, ``classes`` or numbers; targets at the last step."""

    name: str
    steps: int
    size: int
    outputs: int
    classes: bool
    fixed: Any = None  # (train x, train y, test x, test y) of a finite data set

    def draw(self, rng: np.random.Generator, count: int):
        """``count`` fresh sequences, (T, B, size), and targets, (B, outputs)."""
        if self.fixed is not None:
            chosen = rng.choice(len(self.fixed[1]), count, replace=False)
            return self.fixed[0][:, chosen], self.fixed[1][chosen]
        return {"adding": adding, "order": order}[self.name](rng, self.steps, count)

    def test(self, count: int = 512):
        """Sequences that training never sees."""
        if self.fixed is not None:
            return self.fixed[2], self.fixed[3]
        return self.draw(np.random.default_rng([20260101, self.steps]), count)

    def right(self, outputs: np.ndarray, targets: np.ndarray) -> np.ndarray:
        """Which are right: the class, or (adding) an error below 0.04, as in the paper."""
        if self.classes:
            return outputs.argmax(-1) == targets.argmax(-1)
        return np.abs(outputs - targets)[:, 0] < 0.04


def problem(name: str, steps: int = 100) -> Problem:
    """A problem by name; ``steps`` is for the long-lag ones.

    Raises
    ------
    InputError
        Another name, or too few steps for its lags.
    """
    if name not in NAMES:
        raise InputError(f"no problem {name!r}", token=name, hint=", ".join(NAMES))
    if name == "digits":
        return digits()
    if steps < 20:
        raise InputError(f"{steps} steps: {name} needs at least 20", token=str(steps))
    if name == "adding":
        return Problem(name, steps, 2, 1, False)
    return Problem(name, steps, 8, 4, True)


def adding(rng: np.random.Generator, steps: int, count: int):
    """Two marked numbers among T random ones in [−1, 1]; the target is 0.5 + their sum / 4."""
    x = np.zeros((steps, count, 2))
    x[..., 0] = rng.uniform(-1, 1, (steps, count))
    first = rng.integers(0, steps // 10, count)
    second = rng.integers(steps // 10, steps // 2, count)
    every = np.arange(count)
    x[first, every, 1] = x[second, every, 1] = 1.0
    marked = x[first, every, 0] + x[second, every, 0]
    return x, (0.5 + marked / 4)[:, None]


def order(rng: np.random.Generator, steps: int, count: int):
    """Two symbols X or Y among a, b, c, d: which came in which order? Four classes.

    Symbols are one-hot: E (start), B (end), a, b, c, d, X, Y.
    """
    symbols = rng.integers(2, 6, (steps, count))
    symbols[0], symbols[-1] = 0, 1
    every = np.arange(count)
    first, second = rng.integers(0, 2, (2, count))
    symbols[rng.integers(steps // 10, steps // 5, count), every] = 6 + first
    symbols[rng.integers(steps // 2, 3 * steps // 5, count), every] = 6 + second
    return np.eye(8)[symbols], np.eye(4)[2 * first + second]


def digits() -> Problem:
    """The 8 × 8 digits of scikit-learn, row by row; every fifth one is for testing.

    Raises
    ------
    InputError
        scikit-learn is not installed.
    """
    try:
        from sklearn.datasets import load_digits
    except ImportError:
        raise InputError(
            "digits come with scikit-learn", token="digits", hint="pip install scikit-learn"
        ) from None
    found = load_digits()
    x = np.ascontiguousarray((found.images / 16.0).swapaxes(0, 1))
    y = np.eye(10)[found.target]
    test = np.arange(len(y)) % 5 == 0
    return Problem("digits", 8, 8, 10, True, (x[:, ~test], y[~test], x[:, test], y[test]))
