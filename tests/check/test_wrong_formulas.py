"""Slips in documents: the right formula is right, the slip is found, and its diagnosis names it.

The whole set is counted by ``benchmarks/bench_diagnosis.py``; here is one slip of each formula.
"""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from bptt_sym.diagnose.diagnosis import CODES
from tests.check.audited import verdict_of_last as last

SET = Path(__file__).parent.parent.parent / "benchmarks" / "wrong_formulas.toml"
DOCUMENTS = tomllib.loads(SET.read_text(encoding="utf-8"))["document"]
FORMULAS = [(d["text"], f) for d in DOCUMENTS for f in d["formula"]]


@pytest.mark.parametrize("number", range(len(FORMULAS)))
def test_one_slip_of_each_formula(number: int) -> None:
    text, formula = FORMULAS[number]
    assert last(f"{text}\n$${formula['right']}$$").is_right
    codes, slip = formula["slip"][number % len(formula["slip"])]
    verdict = last(f"{text}\n$${slip}$$")
    if codes == "hold":
        assert verdict.verdict != "wrong"
        return
    assert verdict.verdict == "wrong"
    assert verdict.diagnosis is not None
    assert verdict.diagnosis.code in codes.split()
    assert last(f"{text}\n$${verdict.diagnosis.corrected}$$").is_right


def test_the_set_is_as_large_and_as_varied_as_it_says() -> None:
    slips = [codes for _, f in FORMULAS for codes, _ in f["slip"]]
    assert len(slips) >= 160
    named = {c for codes in slips for c in codes.split()} - {"hold"}
    assert named <= set(CODES)
    assert len(named) >= 15
