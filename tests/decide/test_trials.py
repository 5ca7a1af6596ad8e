"""What was not tried is not refuted."""

from __future__ import annotations

from bptt_sym.cells import cell
from bptt_sym.decide import decide, judge, search
from bptt_sym.decide.identity import Arena
from bptt_sym.read import read_claim


def test_a_claim_with_more_readings_than_are_tried_is_not_called_wrong(monkeypatch):
    rec = cell("elman-vector", bias="one")
    claim = read_claim(r"\frac{\partial h_t}{\partial h_{t-1}} = W_{hh}\mathrm{diag}(1-h_t^2)", rec)
    assert decide(claim, rec, arena=Arena(rec)).verdict == "wrong"
    monkeypatch.setattr(search, "MAX_TRIALS", 2)
    monkeypatch.setattr(judge, "MAX_TRIALS", 2)
    verdict = decide(claim, rec, arena=Arena(rec))
    assert verdict.verdict == "undecided"
    assert "more to try" in verdict.note
