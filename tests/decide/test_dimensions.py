"""Every dimension: where the argument applies, and where it must not."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bptt_sym import cells
from bptt_sym.decide import decide
from bptt_sym.decide.blocks import Blocks
from bptt_sym.decide.conventions import STRICT
from bptt_sym.decide.dimensions import every_dimension
from bptt_sym.decide.domains import Modular
from bptt_sym.decide.identity import Arena, Outcome, equal_at, holds
from bptt_sym.decide.index_variables import Outside
from bptt_sym.decide.tensor import Mismatch
from bptt_sym.decide.trials import literal
from bptt_sym.decide.world import Absent, World
from bptt_sym.read import read_claim, recurrence_from_latex

ELMAN = cells.elman_vector()
LSTM = cells.lstm(vector=True)
FOUR = recurrence_from_latex(
    [r"h_t = \tanh(A h_{t-1} + B h_{t-1} + C h_{t-1} + D h_{t-1} + x_t)"], name="four matrices"
)
JOINED = recurrence_from_latex(
    [r"h_t = \tanh(W [h_{t-1}, x_t] + b)", "L_t = L(h_t)", r"L = \sum_{t=1}^T L_t"], name="joined"
)
#: The input stands in what the activation is applied to, which has a name of its own.
APART = recurrence_from_latex([r"z_t = W h_{t-1} + U x_t", r"h_t = \tanh(z_t)"], name="apart")
OPEN = recurrence_from_latex([r"h_t = W h_{t-1} + U x_t"], name="linear")
STEP = r"\mathrm{diag}(1-h_j^2) W_{hh}"
AHEAD = r"\mathrm{diag}(1-h_{t+1}^2) W_{hh}\mathrm{diag}(1-h_t^2) W_{hh}"


def standard(letters: str) -> str:
    """Amitsur and Levitzki's identity: the alternating sum of all products of 2n matrices of n
    rows is 0; of fewer it is not."""
    terms = []
    for p in permutations(range(len(letters))):
        odd = sum(p[i] > p[j] for j in range(len(p)) for i in range(j)) % 2
        terms.append(("-" if odd else "+") + " ".join(letters[i] for i in p))
    return "(" + " ".join(terms).lstrip("+") + ") h_t = 0 h_t"


def by(y: str, x: str, times: str = "") -> str:
    return rf"\frac{{\partial {y}}}{{\partial {x}}}{times}"


DELTA = rf"\left({by('L', 'h_t')}\right)^\top"


@pytest.mark.parametrize(
    ("rec", "claim", "scope"),
    [
        (ELMAN, rf"{by('h_t', 'h_{t-1}')} = \mathrm{{diag}}(1-h_t^2) W_{{hh}}", True),
        (ELMAN, rf"{by('h_t', 'x_t')} = \mathrm{{diag}}(1-h_t^2) W_{{ih}}", True),
        (ELMAN, f"{by('h_{t+1}', 'h_{t-1}')} = {AHEAD}", True),
        (LSTM, rf"{by('h_t', 'o_t')} = \mathrm{{diag}}(\tanh(c_t))", True),
        # Over any number of steps.
        (ELMAN, rf"{by('h_T', 'h_t')} = \prod_{{j=T}}^{{t+1}} {STEP}", True),
        (ELMAN, rf"{by('L', 'W_{hh}')} = \sum_{{t=1}}^T \mathrm{{diag}}(1-h_t^2) {DELTA} "
         r"h_{t-1}^\top", True),
        (ELMAN, rf"{by('h_T', 'b_{hh}')} = \sum_{{t=1}}^T \left(\prod_{{j=T}}^{{t+1}} {STEP}\right)"
         r"\mathrm{diag}(1-h_t^2)", True),
        (ELMAN, rf"{by('L', 'W_{hh}')} = \sum_{{t=1}}^T {by('L_t', 'h_t')} "
         f"{by('h_t', 'W_{hh}')}", True),
        (APART, rf"{by('h_T', 'h_t')} = \prod_{{j=T}}^{{t+1}} \mathrm{{diag}}(1-h_j^2) W", True),
        # Joined vectors: an index over both is one over either.
        (cells.lstm(vector=True, concat=True), rf"{by('h_t', 'o_t')} = \mathrm{{diag}}(\tanh(c_t))",
         True),
        (JOINED, rf"{by('L', 'W')} = \sum_{{t=1}}^T \mathrm{{diag}}(1-h_t^2) {DELTA} "
         r"[h_{t-1}, x_t]^\top", True),
        # A scalar closed out of row and column is no word.
        (ELMAN, rf"{by('L', 'h_t')} x_t^\top x_t = x_t^\top x_t {by('L', 'h_t')}", False),
        # States that are sums of their own earlier values have more indices at every step.
        (OPEN, rf"{by('h_t', 'h_{t-1}')} \mathrm{{diag}}(h_t) = W \mathrm{{diag}}(h_t)", False),
    ],
)  # fmt: skip
def test_the_scope_says_so_where_it_is_shown(rec: Any, claim: str, scope: bool) -> None:
    verdict = decide(read_claim(claim, rec), rec)
    assert verdict.is_right, verdict
    assert verdict.scope.startswith("every")
    assert ("every n >=" in verdict.scope) is scope, verdict.scope
    assert ("dimensions n = 2" in verdict.scope) is not scope


@pytest.mark.parametrize(
    ("claim", "reading"),
    [
        (f"{by('h_t', 'h_{t-1}')} = (1-h_t^2) W_{{hh}}", "diag"),
        (rf"{by('h_t', 'h_{t-1}')} = W_{{hh}}^\top \mathrm{{diag}}(1-h_t^2)", "denominator"),
        (rf"{by('h_T', 'h_t')} = \prod_{{j=t+1}}^T {STEP}", "latest step"),
        (rf"{by('L', 'h_t')} = \sum_{{s=t}}^T \left(\prod_{{j=t+1}}^s W_{{hh}}^\top "
         rf"\mathrm{{diag}}(1-h_j^2)\right) {by('L_s', 'h_s')}", "earliest step"),
        (f"{by('h_T', 'W_{hh}')} = {by('h_T', 'W_{hh}')} + {by('h_T', 'h_{T-1}')}"
         f"{by('h_{T-1}', 'W_{hh}')}", "immediate"),
    ],
)  # fmt: skip
def test_readings_hold_in_every_dimension_too(claim: str, reading: str) -> None:
    verdict = decide(read_claim(claim, ELMAN), ELMAN)
    assert verdict.verdict == "right_under_reading", verdict
    assert any(reading in r for r in verdict.readings), verdict.readings
    assert "every n >= 1" in verdict.scope


def said(rec: Any, claim: str) -> dict[str, int] | None:
    """What is said of every dimension of a claim that is taken to hold where it was tried."""
    trial = literal(read_claim(claim, rec), rec)
    return every_dimension(Arena(rec), trial, Outcome(True, True, 6, 1, 1, (1, 1)))


def everywhere(rec: Any, claim: str, units: range, last: int) -> bool:
    """Brute force: whether the claim holds for the numbers of units, at steps up to ``last``."""
    trial = literal(read_claim(claim, rec), rec)
    for n in units:
        world = World(rec, Modular(3), {"n": n, "m": 2}, scalar=n == 1)
        for k in range(last):
            for T in range(k + 1, last + 1):
                try:
                    if not equal_at(world, trial, {"k": k, "T": T}):
                        return False
                except Absent:
                    continue
                except Mismatch:
                    return False
    return True


def test_what_holds_for_two_rows_only_is_not_taken_for_all() -> None:
    commutator = read_claim("(A B - B A) h_t = 0 h_t", FOUR)
    assert decide(commutator, FOUR).verdict == "wrong"
    plain, summed = standard("ABCD"), standard("ABCD").replace("h_t", "h_k")
    over_time = r"\sum_{k=1}^T " + summed.split("=")[0] + "= 0 h_T"
    for claim in (plain, over_time):
        assert not decide(read_claim(claim, FOUR), FOUR).is_right
        # As if only the dimension at which it holds had been tried.
        arena = Arena(FOUR)
        arena.__dict__["dims"] = ({"n": 2},)
        trial = literal(read_claim(claim, FOUR), FOUR)
        outcome = holds(arena, trial)
        assert outcome.holds and outcome.every
        assert every_dimension(arena, trial, outcome) is None


D_T, D_K, D_J = (rf"\mathrm{{diag}}(1-h_{t}^2)" for t in "Tkj")
FACTORS = (D_T, D_K, r"\mathrm{diag}(h_k)", "W_{hh}", r"\mathrm{diag}(1-h_T^2)", r"W_{hh}^\top")
RUNS = (
    rf"\left(\prod_{{j=T}}^{{k+1}} {D_J} W_{{hh}}\right)",
    rf"\left(\prod_{{j=k+1}}^{{T}} W_{{hh}}^\top {D_J}\right)^\top",
    rf"\left(\prod_{{j=T}}^{{k+1}} W_{{hh}} {D_J}\right)",
    by("h_T", "h_k"),
    rf"\left(\sum_{{j=k+1}}^T {by('h_T', 'h_j')} {D_J} W_{{hh}} {by('h_{j-1}', 'h_k')}\right)",
    r"(T-k)" + by("h_T", "h_k"),
)


@given(st.data())
def test_no_claim_that_fails_somewhere_is_said_of_every_dimension(data: st.DataObject) -> None:
    word = data.draw(st.lists(st.sampled_from(FACTORS), min_size=0, max_size=2))
    run = data.draw(st.sampled_from(RUNS))
    left = [*word, run]
    right = data.draw(st.permutations([*word, data.draw(st.sampled_from((run, *RUNS)))]))
    claim = f"{' '.join(left)} = {' '.join(right)}"
    if said(ELMAN, claim) is not None:
        assert everywhere(ELMAN, claim, range(1, 5), 6), claim


POOL = (
    by("h_T", "h_k"),
    rf"\left(\prod_{{j=T}}^{{k+1}} {D_J} W_{{hh}}\right)",
    rf"{D_T} W_{{hh}} {by('h_{T-1}', 'h_k')}",
    rf"{by('h_T', 'h_{k+1}')} \mathrm{{diag}}(1-h_{{k+1}}^2) W_{{hh}}",
    rf"\sum_{{j=k+1}}^T {by('h_T', 'h_j')} {D_J}",
    rf"{D_T} + \sum_{{j=k+1}}^{{T-1}} {by('h_T', 'h_j')} {D_J}",
    rf"{D_T} + {D_T} W_{{hh}} \sum_{{j=k+1}}^{{T-1}} {by('h_{T-1}', 'h_j')} {D_J}",
    rf"\sum_{{j=k+1}}^T W_{{hh}}^{{T-j}} {D_J}",
    rf"{D_T} + W_{{hh}} \sum_{{j=k+1}}^{{T-1}} W_{{hh}}^{{T-1-j}} {D_J}",
    rf"\sum_{{j=k+1}}^T {D_J} W_{{hh}}^{{T-j}}",
    "W_{hh}^{T-k}",
    "W_{hh}^{T-k-1} W_{hh}",
    rf"{D_K} W_{{hh}}^{{T-k}}",
)
#: What is nothing for short runs.
LATE = (
    "",
    rf"+\sum_{{j=k+2}}^T {by('h_T', 'h_j')} {D_J}",
    rf"+\sum_{{j=k+3}}^T {by('h_T', 'h_j')} {D_J}",
    rf"+\sum_{{j=k+3}}^{{T-1}} W_{{hh}}^{{T-j}} {D_J}",
    rf"+\sum_{{j=k+2}}^T {by('h_T', 'h_j')} \sum_{{i=k+2}}^{{j-1}} {by('h_j', 'h_i')} "
    r"\mathrm{diag}(h_i)",
)


@given(st.data())
def test_blocks_that_agree_as_far_as_is_counted_agree_further(data: st.DataObject) -> None:
    side = data.draw(st.sampled_from(POOL))
    other = data.draw(st.sampled_from((side, *POOL)))
    claim = f"{side} = {other} {data.draw(st.sampled_from(LATE))}"
    trial = literal(read_claim(claim, ELMAN), ELMAN)
    try:
        d, e = Blocks(ELMAN, STRICT).bound(trial.claim.sides, "k", "T")
    except Outside:
        return
    world = World(ELMAN, Modular(5), {"n": 3, "m": 2})

    def agree(steps: range) -> bool:
        return all(equal_at(world, trial, {"k": 8 - lag, "T": 8}) for lag in steps if lag <= 8)

    if agree(range(1, d + e + 1)):
        assert agree(range(1, 9)), claim


def test_runs_in_both_directions_are_no_words_of_one_time() -> None:
    for claim in (
        rf"\prod_{{j=T}}^{{k+1}} {STEP} = \left(\prod_{{j=T}}^{{k+1}} {STEP}\right)^\top",
        rf"{by('h_T', 'h_k')} {by('h_T', 'h_k')} = {by('h_T', 'h_k')}",
        rf"{by('h_T', 'h_k')} {D_T} = {by('h_T', 'h_k')}",
        rf"{D_K} {by('h_T', 'h_k')} = {by('h_T', 'h_k')}",
    ):
        trial = literal(read_claim(claim, ELMAN), ELMAN)
        with pytest.raises(Outside):
            Blocks(ELMAN, STRICT).bound(trial.claim.sides, "k", "T")


def test_without_an_input_a_value_is_no_symbol_of_its_own() -> None:
    for lines in ([r"h_t = \tanh(W h_{t-1})"], [r"z_t = W h_{t-1}", r"h_t = \tanh(z_t)"]):
        rec = recurrence_from_latex(lines, name="closed")
        claim = rf"{by('h_t', 'h_{t-1}')} = \mathrm{{diag}}(1-h_t^2) W"
        assert "dimensions n =" in decide(read_claim(claim, rec), rec).scope


def test_a_start_from_zero_costs_no_dimension_and_other_values_do() -> None:
    claim = read_claim(rf"{by('h_T', 'b_{hh}')} = \sum_{{t=1}}^T {by('h_T', 'h_t')}"
                       r"\mathrm{diag}(1-h_t^2)", ELMAN)  # fmt: skip
    start, none = (read_claim(text, ELMAN) for text in ("h_0 = 0", "x_t = 0"))
    assert "every n >= 1" in decide(claim, ELMAN, assume=[start]).scope
    assert "dimensions n =" in decide(claim, ELMAN, assume=[none]).scope
