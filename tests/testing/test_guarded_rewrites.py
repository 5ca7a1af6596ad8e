"""Changes that undo a precision, a condition, a turn too many, or two arguments exchanged."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from bptt_sym.testing.one_change import one_change

Array = Any
X = np.random.default_rng(3).normal(size=(4, 3))
TABLE = {"a": X[0], "b": X[1], "c": X[2] ** 2}


def summed_in_half(x: Array) -> Array:
    unused = np.ones(3)
    out = np.zeros(3, np.float16)
    for row in x:
        out += row
    return out + 0 * unused[0]


def converted(x: Array) -> Array:
    return x.sum(0).astype(np.float32) * 2.0


def named(x: Array) -> Array:
    return np.sum(x, axis=0, dtype="float16")


def rescaled(x: Array) -> Array:
    out = np.zeros(3)
    for row in x:
        size = np.abs(row).sum()
        if size > 0.5:
            row = row / size
        out = out + row
    return out


def wraps(x: Array) -> Array:
    out = np.zeros(3)
    for k in range(len(x) - 1, -1, -1):
        out += x[k] * x[k - 1]
        out += 5 * x[k]
    return out


def last_too(x: Array) -> Array:
    out = np.zeros(3)
    for k in range(len(x)):
        out += x[k] * 2
        out -= np.exp(x[k])
    return out


def mirrored(x: Array) -> Array:
    out, weights = np.zeros(3), np.arange(4.0)
    for k in range(len(x)):
        out = out + weights[k] * x[k]
    return out


def columns(x: Array) -> Array:
    weights = np.arange(12.0).reshape(3, 4)
    return np.array([weights[:, k] * x[k] for k in range(len(x))]).sum(0)


def difference(first: Array, second: Array) -> Array:
    return first - 2 * second


def ending(x: Array) -> Array:
    return difference(x[1], x[0])


def too_early(x: Array) -> Array:
    open_ = x[0] > 0
    back = x[1] * open_
    out = back + x[2]
    return out[:]


def without_an_entry(x: Array) -> Array:
    return np.tanh(TABLE["a"] + TABLE["b"]) * np.exp(x[3])


@pytest.mark.parametrize(
    ("function", "right", "words"),
    [
        (summed_in_half, X.sum(0), "but with `out = np.zeros(3)`"),
        (converted, 2 * X.sum(0), "but with `return x.sum(0) * 2.0`"),
        (named, X.sum(0), "but with `return np.sum(x, axis=0)`"),
        (rescaled, X.sum(0), "`if size > 0.5:`, but without it"),
        (wraps, (X[1:] * X[:-1]).sum(0) + 5 * X.sum(0),
         "`out += x[k] * x[k - 1]`, but only where `k != 0`"),
        (last_too, 2 * X[:-1].sum(0) - np.exp(X).sum(0),
         "`out += x[k] * 2`, but only where `k != len(x) - 1`"),
        (mirrored, (np.arange(4.0)[::-1, None] * X).sum(0),
         "`out = out + weights[::-1][k] * x[k]`"),
        (columns, (np.arange(12.0).reshape(3, 4)[:, ::-1].T * X).sum(0),
         "weights[:, ::-1][:, k]"),
        (too_early, (X[1] + X[2]) * (X[0] > 0),
         "`back = x[1] * open_`, but with `back = x[1]`, and line 83, `out = back + x[2]`, but "
         "with `out = (back + x[2]) * open_`"),
        (without_an_entry, np.tanh(X[0] + X[1] + X[2] ** 2) * np.exp(X[3]),
         "+ TABLE['b'] + TABLE['c'])"),
        (ending, X[0] - 2 * X[1], "but with `return difference(x[0], x[1])`"),
    ],
)  # fmt: skip
def test_it_is_said_as_it_is(
    function: Callable[[Array], Array], right: Array, words: str
) -> None:
    # (A function with a name would be changed as well.)
    holds = lambda: bool(np.allclose(function(X), right, rtol=1e-9, atol=1e-12))  # noqa: E731
    assert not holds()
    sought = one_change([holds])
    assert words in (sought.words or "")
    assert not holds()


def test_arguments_that_a_library_gives_are_taken_for_each_other() -> None:
    # (Of a call in the source the two arguments there would be exchanged.)
    def right() -> bool:
        made = np.apply_along_axis(difference, 1, X, X[0])
        return bool(np.allclose(made, X[0] - 2 * X))

    words = one_change([lambda: right()]).words or ""
    assert words.endswith("but with `def difference(second: Array, first: Array) -> Array:`")
