"""Every dimension: where the argument applies, and where it must not."""

from __future__ import annotations

from itertools import permutations

import pytest

from bptt_sym import cells
from bptt_sym.decide import decide
from bptt_sym.decide.dimensions import every_dimension
from bptt_sym.decide.identity import Arena, holds
from bptt_sym.decide.trials import literal
from bptt_sym.read import read_claim, recurrence_from_latex

ELMAN = cells.elman_vector()
LSTM = cells.lstm(vector=True)
FOUR = recurrence_from_latex(
    [r"h_t = \tanh(A h_{t-1} + B h_{t-1} + C h_{t-1} + D h_{t-1} + x_t)"], name="four matrices"
)
AHEAD = r"\mathrm{diag}(1-h_{t+1}^2) W_{hh}\mathrm{diag}(1-h_t^2) W_{hh}"


def standard(letters: str) -> str:
    """Amitsur and Levitzki's identity: the alternating sum of all products of 2n matrices of n
    rows is 0; of fewer it is not."""
    terms = []
    for p in permutations(range(len(letters))):
        odd = sum(p[i] > p[j] for j in range(len(p)) for i in range(j)) % 2
        terms.append(("-" if odd else "+") + " ".join(letters[i] for i in p))
    return "(" + " ".join(terms).lstrip("+") + ") h_t = 0 h_t"


@pytest.mark.parametrize(
    ("rec", "claim", "scope"),
    [
        (ELMAN, r"\frac{\partial h_t}{\partial h_{t-1}} = \mathrm{diag}(1-h_t^2) W_{hh}", True),
        (ELMAN, r"\frac{\partial h_t}{\partial x_t} = \mathrm{diag}(1-h_t^2) W_{ih}", True),
        (ELMAN, rf"\frac{{\partial h_{{t+1}}}}{{\partial h_{{t-1}}}} = {AHEAD}", True),
        (LSTM, r"\frac{\partial h_t}{\partial o_t} = \mathrm{diag}(\tanh(c_t))", True),
        # Products over time, gates of a joined vector, and what is no matter of entries.
        (ELMAN, r"\frac{\partial h_T}{\partial h_t} = "
         r"\prod_{j=t+1}^T \mathrm{diag}(1-h_j^2) W_{hh}", False),
        (cells.lstm(vector=True, concat=True), r"\frac{\partial h_t}{\partial o_t} = "
         r"\mathrm{diag}(\tanh(c_t))", False),
    ],
)  # fmt: skip
def test_the_scope_says_so_where_it_is_shown(rec, claim: str, scope: bool) -> None:
    verdict = decide(read_claim(claim, rec), rec)
    assert verdict.is_right
    assert ("every n >= 2" in verdict.scope) is scope, verdict.scope
    assert ("dimensions n = 2" in verdict.scope) is not scope


def test_what_holds_for_two_rows_only_is_not_taken_for_all() -> None:
    claim = read_claim(standard("ABCD"), FOUR)
    arena = Arena(FOUR)
    # As if only the dimension at which it holds had been tried.
    arena.__dict__["dims"] = ({"n": 2},)
    trial = literal(claim, FOUR)
    outcome = holds(arena, trial)
    assert outcome.holds and outcome.every
    assert every_dimension(arena, trial, outcome) is None
    assert not decide(claim, FOUR).is_right
    commutator = read_claim("(A B - B A) h_t = 0 h_t", FOUR)
    assert decide(commutator, FOUR).verdict == "wrong"


def test_without_an_input_a_value_is_no_symbol_of_its_own() -> None:
    rec = recurrence_from_latex([r"h_t = \tanh(W h_{t-1})"], name="closed")
    claim = r"\frac{\partial h_t}{\partial h_{t-1}} = \mathrm{diag}(1-h_t^2) W"
    assert "dimensions n =" in decide(read_claim(claim, rec), rec).scope


def test_under_a_hypothesis_or_a_reading_nothing_is_said_of_every_dimension() -> None:
    claim = read_claim(r"\frac{\partial h_t}{\partial h_{t-1}} = (1-h_t^2) W_{hh}", ELMAN)
    verdict = decide(claim, ELMAN)
    assert verdict.verdict == "right_under_reading" and "dimensions n =" in verdict.scope
