"""Wrong gradients written by hand, in no way related to the library of known mistakes."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from bptt_sym.testing import run
from bptt_sym.testing.check import _inspect
from bptt_sym.testing.draw import REGIMES, draw
from bptt_sym.testing.models import named_model

_PLACE = Path(__file__).parents[2] / "benchmarks" / "wrong_gradients.py"
_SPEC = importlib.util.spec_from_file_location("wrong_gradients", _PLACE)
assert _SPEC is not None and _SPEC.loader is not None
wg = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(wg)


def test_all_are_caught() -> None:
    wrong = wg.wrong()
    assert len(wrong) >= 60
    assert [bug for cell, bug, f in wrong if run(f, cell, explain=False).ok] == []


@pytest.mark.parametrize(
    ("cell", "bug", "words"),
    [
        ("elman", "forgotten h0", "the initial state is taken to be 0"),
        ("elman", "x of step before", "the value of x at the step before is used"),
        ("elman", "truncated at 60", "the contributions of lags ≥ 60 are missing"),
        ("elman", "clipped inside", "clipped to ±0.5 at every step"),
        ("elman", "dU outer of sums", "the outer product of sums over the batch"),
        ("elman", "slope after U", "the order of the Jacobian's factors is wrong"),
        ("elman", "float16 sums", "computed or summed in float16"),
        ("elman", "detached every other step", "the chain of states is cut"),
        ("lstm", "no path through o", "the path from h_{t-1} through o is dropped"),
        ("lstm", "only f_t back", "every path from h_{t-1} is dropped"),
        ("lstm", "i and g exchanged", "are exchanged in the product rule"),
        ("lstm", "f missing in dc", "the factor f_t is lost on the way to c_{t-1}"),
        ("lstm", "two biases", "db: it is twice the gradient"),
        ("lstm", "U_o not transposed", "not transposed on the way back in o"),
    ],
)
def test_what_is_wrong_is_said(cell: str, bug: str, words: str) -> None:
    gradient = next(f for c, b, f in wg.wrong() if (c, b) == (cell, bug))
    assert words in run(gradient, cell).text()


@pytest.mark.parametrize("cell", ["elman", "lstm"])
def test_no_false_alarm_on_hand_written_code(cell: str) -> None:
    for k in range(84):
        p = draw(
            named_model(cell), 500 + k, regime=REGIMES[k % 7], steps=1 + k % 6, batch=1 + k % 3,
            learned=k % 5 == 0, masked=k % 4 == 0, weighted=k % 3 == 0,
        )  # fmt: skip
        assert _inspect(p, wg.RIGHT[cell], state=False)[0] == [], p
