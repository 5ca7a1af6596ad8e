"""An edit is refuted by the derivative of the formula exactly where the edited formula fails."""

from __future__ import annotations

import pytest

from bptt_sym.cells import cell
from bptt_sym.decide.domains import P_
from bptt_sym.decide.identity import Arena
from bptt_sym.decide.tensor import rank
from bptt_sym.decide.trials import literal
from bptt_sym.diagnose.edits import edits
from bptt_sym.diagnose.linearized import Linearized
from bptt_sym.errors import BpttError
from bptt_sym.read import read_claim

WRONG = {
    "elman": (
        r"\frac{\partial h_t}{\partial w} = (1-h_t^2) h_{t-1}",
        r"\frac{\partial h_t}{\partial w} = \sum_{k=1}^{t} (1-h_k^2) h_{k}"
        r" \prod_{j=k+1}^{t} w (1-h_j^2)",
        r"\frac{\partial h_t}{\partial h_{t-1}} = -w (1-h_t^2)",
    ),
    "elman-vector": (
        r"\frac{\partial h_t}{\partial h_{t-1}} = \mathrm{diag}(1-h_t) W_{hh}",
        r"\frac{\partial h_t}{\partial h_{t-1}} = W_{hh}^\top \mathrm{diag}(1-h_{t-1}^2)",
    ),
    "lstm-vector": (
        r"\frac{\partial c_t}{\partial \tilde{c}_t} = \mathrm{diag}(f_t)",
        r"\frac{\partial c_t}{\partial f_t} = \mathrm{diag}(c_t)",
    ),
}


@pytest.mark.parametrize(
    ("name", "latex"), [(name, latex) for name, claims in WRONG.items() for latex in claims]
)
def test_it_agrees_with_the_value_of_the_edited_side(name: str, latex: str) -> None:
    rec = cell(name)
    claim = read_claim(latex, rec)
    seen = Linearized(literal(claim, rec), Arena(rec))
    assert (seen.left_value - seen.right_value) % P_
    kept = refuted = 0
    for edit in edits(claim, rec):
        try:
            left = seen.interp.value(edit.left or claim.sides[0], seen.env)
            right = seen.interp.value(edit.node, seen.env)
        except (BpttError, ArithmeticError):
            continue
        if rank(left) or rank(right):
            assert not seen.refutes(edit)
            continue
        equal = (left - right) % P_ == 0
        if edit.left is not None and right % P_ == 0:
            equal = False
        assert seen.refutes(edit) == (not equal), edit
        kept += equal
        refuted += not equal
    assert refuted > 30
    assert kept > 0


def test_most_edits_need_no_whole_side() -> None:
    rec = cell("elman")
    claim = read_claim(WRONG["elman"][1], rec)
    seen = Linearized(literal(claim, rec), Arena(rec))
    found = edits(claim, rec)
    local = [e for e in found if e.left is None and e.path in seen.weights()]
    assert len(local) > len(found) / 3
