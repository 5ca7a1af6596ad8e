"""The search over readings finds what trying every reading by itself finds."""

from __future__ import annotations

import pytest

from bptt_sym.cells import cell
from bptt_sym.decide.identity import Arena, holds
from bptt_sym.decide.search import Search
from bptt_sym.decide.trials import trials
from bptt_sym.notation import Claim, Node
from bptt_sym.read import read_claim

STEP = r"\frac{\partial h_t}{\partial h_{t-1}}"
CLAIMS = {
    "elman-vector": (
        STEP + r" = \mathrm{diag}(1-h_t^2) W_{hh}",
        STEP + r" = W_{hh}^\top \mathrm{diag}(1-h_t^2)",
        STEP + r" = (1-h_t^2) W_{hh}",
        STEP + r" = W_{hh} \mathrm{diag}(1-h_t^2)",
        STEP + r" = (1 - h_t) W_{hh}",
        r"\frac{\partial h_t}{\partial h_k} = \prod_{j=k+1}^t W_{hh}^\top \mathrm{diag}(1-h_j^2)",
        r"\frac{\partial h_t}{\partial h_k} = \prod_{j=k}^t \mathrm{diag}(1-h_j^2) W_{hh}",
    ),
    "lstm-vector": (
        r"\frac{\partial c_t}{\partial c_{t-1}} = f_t",
        r"\frac{\partial c_t}{\partial c_{t-1}} = \mathrm{diag}(i_t)",
    ),
}


def first_by_itself(claim: Claim, arena: Arena) -> tuple[str, ...] | None:
    for trial in trials(claim, arena.rec):
        if holds(arena, trial).holds:
            return tuple(r.code for r in trial.readings)
    return None


@pytest.mark.parametrize(
    ("name", "latex"), [(name, latex) for name, claims in CLAIMS.items() for latex in claims]
)
def test_the_same_reading_is_found_first(name: str, latex: str) -> None:
    rec = cell(name)
    claim = read_claim(latex, rec)
    arena = Arena(rec)
    found = next((t for t in Search(claim, arena) if t.outcome.holds), None)
    codes = None if found is None else tuple(r.code for r in found.trial.readings)
    assert codes == first_by_itself(claim, Arena(rec))


def test_layouts_are_not_tried_for_what_fails_for_one_unit() -> None:
    rec = cell("elman-vector")
    claim = read_claim(STEP + r" = (1 - h_t) W_{hh}", rec)
    arena = Arena(rec)
    tried = list(Search(claim, arena))
    every = list(trials(claim, rec))
    assert len(tried) < len(every) / 3
    assert all(t.outcome.holds is not True for t in tried)
    assert any(t.one_unit for t in tried)


def test_a_search_is_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    from bptt_sym.decide import search

    rec = cell("elman")
    claim = read_claim(r"\frac{\partial h_t}{\partial w} = (1-h_t^2) h_{t-1}", rec)
    arena = Arena(rec)
    count = 0

    def counted(*args: object) -> object:
        nonlocal count
        count += 1
        return holds(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(search, "holds", counted)
    first = [t.outcome for t in Search.of(claim, arena)]
    before = count
    assert [t.outcome for t in Search.of(claim, arena)] == first
    assert count == before > 0


def test_nodes_that_travel_leave_what_they_remember_behind() -> None:
    import pickle

    rec = cell("elman")
    node: Node = read_claim(r"h_t = \tanh(w h_{t-1})", rec).sides[1]
    hash(node)
    again = pickle.loads(pickle.dumps(node))
    assert again == node
    assert not any(name.startswith("_") for name in again.__dict__)
