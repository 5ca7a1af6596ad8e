"""Verdicts: true formulas, false ones, and thousands of slips of the pen judged by two methods."""

from __future__ import annotations

import random
from dataclasses import replace
from fractions import Fraction

import mpmath
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bptt_sym.cells import cell
from bptt_sym.decide import check_step, decide
from bptt_sym.decide.domains import Real
from bptt_sym.decide.identity import Arena, equal_at
from bptt_sym.decide.instances import instances
from bptt_sym.decide.readings import READINGS
from bptt_sym.decide.tensor import Mismatch
from bptt_sym.decide.trials import literal, trials
from bptt_sym.decide.world import Absent, World
from bptt_sym.diagnose.diagnosis import CODES, diagnose
from bptt_sym.diagnose.edits import edits
from bptt_sym.errors import BpttError, InputError
from bptt_sym.notation import Claim
from bptt_sym.read import read_claim, recurrence_from_latex
from tests.nightly import examples

ELMAN, VECTOR = cell("elman"), cell("elman-vector", bias="one")
LSTM, GATES = cell("lstm"), cell("lstm-vector", concat=True, bias=False)
RNN = cell("sigmoid-rnn")
ROWS = recurrence_from_latex(
    [r"s_t = \tanh(x_t U + s_{t-1} W)", r"L_t = \ell(s_t)", r"L = \sum_{t=1}^T L_t"]
)
CLASSIFIER = recurrence_from_latex(
    [r"z_t = V x_t + W z_{t-1}", r"p_t = \mathrm{softmax}(z_t)", r"E_t = -y_t^\top \log(p_t)"]
)

PATH = r"\frac{\partial h_T}{\partial h_{T-1}}"
RIGHT = [
    (ELMAN, r"\frac{d h_T}{d w} = (1-h_T^2)(h_{T-1} + w \frac{d h_{T-1}}{d w})"),
    (ELMAN, r"\frac{d h_T}{d w} = \sum_{t=1}^T w^{T-t}\prod_{j=t}^T(1-h_j^2)\, h_{t-1}"),
    (ELMAN, r"\frac{d h_T}{d h_k} = \prod_{j=k+1}^{T} w(1-h_j^2)"),
    (ELMAN, r"\frac{d C}{d w} = \frac{d C}{d h_T}\sum_{t=1}^T\frac{d h_T}{d h_t}"
     r"\left[\frac{\partial h_t}{\partial w}\right]"),
    (ELMAN, r"1 - h_t^2 = \mathrm{sech}^2(W_{input}x_t+b_{input}+wh_{t-1}+b_{hidden})"),
    (LSTM, r"\frac{\partial f_t}{\partial U_f} = f_t(1-f_t)h_{t-1} + "
     r"f_t(1-f_t) U_f \frac{d h_{t-1}}{d U_f}"),
    (LSTM, r"\frac{d h_t}{d c_t} = o_t(1-\tanh^2(c_t))"),
    (ELMAN, r"\frac{\partial^2 h_T}{\partial h_{T-1}^2} = -2 w^2 h_T (1-h_T^2)"),
    (ELMAN, r"\frac{\partial^2 h_T}{\partial h_{T-2}^2} = -2 w^4 h_T (1-h_T^2)(1-h_{T-1}^2)^2"
     r" - 2 w^3 (1-h_T^2) h_{T-1}(1-h_{T-1}^2)"),
    (ELMAN, r"\frac{\partial^{dir}}{\partial w}"
     r"\left(\frac{\partial^{dir} h_t}{\partial h_{t-1}}\right) = (1-h_t^2)(1 - 2 w h_t h_{t-1})"),
    (VECTOR, r"\frac{d h_t}{d h_{t-1}} = \mathrm{diag}(1-h_t^2)W_{hh}"),
    (VECTOR, r"\frac{d L}{d h_t} = \frac{\partial^{+} L_t}{\partial h_t} + "
     r"\frac{d L}{d h_{t+1}}\mathrm{diag}(1-h_{t+1}^2)W_{hh}"),
]  # fmt: skip
WRONG = [
    (ELMAN, r"\frac{d h_T}{d w} = (1-h_T^2)h_{T-1}"),
    (ELMAN, r"\frac{\partial h_t}{\partial h_{t-1}} = h_t(1-h_t)w"),
    (ELMAN, r"\frac{d h_T}{d h_k} = w^{T-k}"),
    (ELMAN, r"\frac{\partial^2 h_T}{\partial h_{T-2}^2} = -2 w^4 h_T (1-h_T^2)(1-h_{T-1}^2)^2"),
    (ELMAN, r"\frac{\partial^{dir}}{\partial w}"
     r"\left(\frac{\partial^{dir} h_t}{\partial h_{t-1}}\right) = (1-h_t^2)(1 - h_t h_{t-1})"),
    (VECTOR, r"\frac{\partial h_t}{\partial h_{t-1}} = \mathrm{diag}(1-h_t^2)W_{hh}^\top"),
    (VECTOR, r"\frac{\partial h_t}{\partial h_{k}} = "
     r"\prod_{j=k+1}^t \mathrm{diag}(1-h_j^2)\cdot W_{hh}^{t-k}"),
    (LSTM, r"\frac{d c_t}{d c_{t-2}} = f_t f_{t-1}"),
    # A derivative that stands there is not nothing: no reading may make these hold.
    (LSTM, r"\frac{\partial c_t}{\partial c_{t-1}} = f_t + "
     r"\frac{\partial f_t}{\partial c_{t-1}} c_t"),
    (LSTM, r"\frac{\partial c_t}{\partial U_f} = f_t \frac{\partial c_{t-1}}{\partial U_f} + "
     r"c_{t-1} \frac{\partial f_t}{\partial U_f} + c_t \frac{\partial i_t}{\partial U_f}"),
    (RNN, r"\frac{\partial E_k}{\partial W_{rec}}=\frac{\partial E_k}{\partial h_k}"
     r"\frac{\partial h_k}{\partial c_k}\left(\prod_{t=2}^{k}"
     r"\frac{\partial c_t}{\partial c_{t-1}}\right)\frac{\partial c_1}{\partial W_{rec}}"),
]  # fmt: skip
ARGUED = recurrence_from_latex(
    [r"a_t = w h_{t-1} + u x_t", r"h_t = \tanh(a_t)"], name="pre-activation"
)
#: One formula that needs the reading, for every documented reading.
TIED = recurrence_from_latex([r"c_t = f c_{t-1} + w h_{t-1}", r"h_t = \tanh(c_t)"])
LOSSES = recurrence_from_latex(
    [r"h_t = \tanh(w h_{t-1} + x_t)", r"o_t = v h_t", r"E_t = \frac{1}{2}(o_t - y_t)^2"],
    scalar=True,
)
NEEDS = {
    "own-start": (TIED, r"\frac{\partial c_t}{\partial c_{t-1}} = f + w (1 - h_{t-1}^2)"),
    "immediate": (RNN, r"\frac{\partial E_k}{\partial W_{rec}}=\sum_{s=1}^{k}"
     r"\frac{\partial E_k}{\partial c_s}\frac{\partial c_s}{\partial W_{rec}}"),
    "argument": (ARGUED, r"\frac{\partial a_t}{\partial w} = h_{t-1}"),
    "local-loss": (ELMAN, r"\frac{\partial L}{\partial w} = "
     r"\sum_{t=1}^T\frac{\partial L}{\partial h_t}\frac{d h_t}{d w}"),
    "later-losses": (LOSSES, r"\frac{\partial E_t}{\partial h_t} = "
     r"\frac{\partial E_t}{\partial o_t} \frac{\partial o_t}{\partial h_t} + "
     r"\frac{\partial E_{t+1}}{\partial h_{t+1}} \frac{\partial h_{t+1}}{\partial h_t}"),
    "direct-path": (LSTM, r"\frac{\partial c_T}{\partial c_1} = \prod_{t=2}^T f_t"),
    "gradient-layout": (VECTOR, r"\frac{\partial L}{\partial b} = "
     r"\sum_{t=1}^T (1-h_t^2)\odot\frac{\partial L}{\partial h_t}"),
    "denominator-layout": (VECTOR, r"\frac{\partial h_t}{\partial h_{t-1}} = "
     r"W_{hh}^\top\mathrm{diag}(1-h_t^2)"),
    "diag": (VECTOR, r"\frac{\partial h_t}{\partial h_{t-1}} = (1-h_t^2)W_{hh}"),
    "diag-rows": (GATES, r"\frac{\partial c_t}{\partial c_{t-1}}="
     r"\frac{\partial f_t}{\partial c_{t-1}}c_{t-1}+f_t+"
     r"\frac{\partial i_t}{\partial c_{t-1}}\tilde c_t+"
     r"\frac{\partial\tilde c_t}{\partial c_{t-1}}i_t"),
    "ascending": (VECTOR, r"\left(\frac{d h_T}{d h_k}\right)^\top = "
     r"\prod_{j=k+1}^T W_{hh}^\top \mathrm{diag}(1-h_j^2)"),
    "hadamard-first": (VECTOR, r"\frac{\partial L}{\partial h_t} = "
     r"\left(\frac{\partial^{+} L_t}{\partial h_t}\right) + "
     r"W_{hh}^\top \frac{\partial L}{\partial h_{t+1}} \odot (1-h_{t+1}^2)"),
    "state-block": (GATES, r"\frac{d f_t}{d h_{t-1}} = \mathrm{diag}(f_t\odot(1-f_t))W_f"),
    "gate": (GATES, r"\frac{\partial f_t}{\partial W_f} = f_t (1-f_t) [h_{t-1}, x_t]"),
    "outer": (GATES, r"\frac{\partial E}{\partial W_f} = \sum_{t=1}^T "
     r"\frac{\partial E}{\partial f_t} \odot f_t \odot (1-f_t) [h_{t-1}, x_t]"),
    "input-block": (GATES, r"\frac{d f_t}{d x_t} = \mathrm{diag}(f_t\odot(1-f_t))W_f"),
    "pairs": (VECTOR, r"\frac{\partial L}{\partial h_t} = "
     r"\left(\frac{\partial^{+} L_t}{\partial h_t}\right) + "
     r"W_{hh}^\top (\frac{\partial L}{\partial h_{t+1}} (1-h_{t+1}^2))"),
    "output-derivative": (ELMAN, r"\frac{d h_t}{d h_{t-1}} = \tanh'(h_t) w"),
    "reaching-on": (ELMAN, r"\frac{d h_T}{d h_k} = \prod_{j=k+1}^T {(1-h_j^2)} w"),
    "ending-early": (ELMAN, r"\frac{d h_T}{d h_0} = w^{T-1}\prod_{j=1}^T (1-h_j^2) w"),
    "carry": (LSTM, r"\frac{\partial E}{\partial c_{t-1}} = \frac{\partial E}{\partial c_t} f_t"),
    "carried": (LSTM, r"\frac{\partial E}{\partial c_{t-1}} = "
     r"\frac{\partial E}{\partial c_t} f_t + "
     r"\frac{\partial E}{\partial h_t} o_t (1-\tanh^2(c_t)) f_t"),
    "carry-beside": (LSTM, r"\frac{\partial E}{\partial c_t} = "
     r"\frac{\partial E}{\partial h_t} o_t (1-\tanh^2(c_t)) + \frac{\partial E}{\partial c_t}"),
    "rows": (ROWS, r"\frac{\partial L}{\partial s_{t-1}} = \left(\frac{\partial L}{\partial s_t}"
     r"\odot (1-s_t^2)\right) W^\top + \left[\frac{\partial L_{t-1}}{\partial s_{t-1}}\right]"),
    "one-step": (ELMAN, r"\frac{\partial L}{\partial w} = "
     r"\frac{\partial L}{\partial h_t}(1-h_t^2) h_{t-1}"),
    "last-step": (ELMAN, r"\frac{\partial L}{\partial w} = "
     r"\sum_{k=1}^n\frac{\partial L}{\partial h_k}(1-h_k^2) h_{k-1}"),
    "labels": (CLASSIFIER, r"\frac{d E_t}{d z_t} = p_t - y_t"),
    "zero-start": (ELMAN, r"\frac{d h_1}{d w} = 0"),
    "index-slip": (ELMAN, r"\frac{d h_T}{d w} = "
     r"\frac{d}{d w}\tanh(W_{input}x_t+b_{input}+wh_{T-1}+b_{hidden})"),
}  # fmt: skip


@pytest.mark.parametrize(("rec", "tex"), RIGHT)
def test_right_formulas_are_right_as_they_stand(rec, tex):
    verdict = decide(read_claim(tex, rec), rec, exact=True)
    assert verdict.verdict == "right", verdict
    assert verdict.scope.startswith(("every", "as it stands"))


@pytest.mark.parametrize(("rec", "tex"), WRONG)
def test_wrong_formulas_come_with_disjoint_enclosures(rec, tex):
    verdict = decide(read_claim(tex, rec), rec)
    assert verdict.verdict == "wrong"
    shown = verdict.counterexample
    assert shown.values
    assert all(Fraction(v) for v in shown.values.values() if v != "0")
    left, right = (mpmath.mpf(s.strip("[]").split(" ")[0]) for s in (shown.left, shown.right))
    assert left != right


def test_what_exists_in_the_first_step_only_is_not_right():
    """At k = 1 the product is empty; later it refers to an input that there is not."""
    tex = r"\frac{d h_k}{d h_1} = \prod_{j=2}^{k} w (1-h_j^2) x_{-1}"
    assert decide(read_claim(tex, ELMAN), ELMAN).verdict == "undecided"


@pytest.mark.parametrize("code", NEEDS)
def test_each_reading_is_found_when_it_is_needed(code):
    rec, tex = NEEDS[code]
    claim = read_claim(tex, rec)
    arena = Arena(rec)
    from bptt_sym.decide.identity import holds

    used = next(t for t in trials(claim, rec) if holds(arena, t).holds)
    assert code in {r.code for r in used.readings}
    assert holds(arena, literal(claim, rec)).holds is not True
    verdict = decide(claim, rec)
    assert verdict.verdict == "right_under_reading"
    assert verdict.readings or verdict.assumptions


def test_every_documented_reading_has_an_example():
    # shown in tests of documents
    without = {"chain", "absent-zero", "rows-transposed", "whole-loss", "mean-left"}
    without |= {"turned-gradient", "own-step", "uses", "through-output"}
    assert {r.code for r in READINGS} - without <= set(NEEDS)


def test_a_reading_is_never_used_when_none_is_needed():
    for rec, tex in RIGHT:
        assert not decide(read_claim(tex, rec), rec).readings


def test_the_central_mistake_is_not_rescued_by_a_reading():
    """The immediate derivative is not the total one, whatever ∂ is taken to mean."""
    claim = read_claim(r"\frac{\partial h_T}{\partial w} = (1-h_T^2) h_{T-1}", ELMAN)
    verdict = decide(claim, ELMAN)
    assert verdict.verdict == "wrong"
    assert verdict.counterexample.T == 2
    assert diagnose(claim, ELMAN).code == "BP015"


class Mp(Real):
    def num(self, value):
        return mpmath.mpf(value.numerator) / value.denominator

    def inverse(self, a):
        return 1 / a

    def exp(self, a):
        return mpmath.exp(a)

    def tanh(self, a):
        return mpmath.tanh(a)

    def special(self, name, order, a):
        return self.opaque(name, (order,), (a,))

    def is_zero(self, a):
        return abs(a) < mpmath.mpf(10) ** -30


def numerically_equal(trial, rec, dims, seed):
    rng = random.Random(seed)
    table = {}

    def values(slot):
        # (So many that no two names get one value, which hides one written for the other.)
        return table.setdefault(slot, Fraction(2 * rng.randrange(-(10**6), 10**6) + 1, 2**21))

    with mpmath.workdps(50):
        world = World(rec, Mp(values), dims)
        seen = False
        for env in instances(trial.claim.sides, rec, 5 if rec.is_scalar else 3):
            try:
                if not equal_at(world, trial, env):
                    return False
                seen = True
            except Absent:
                continue
        return seen


@settings(max_examples=examples(60, 1_000))
@given(st.sampled_from(RIGHT), st.integers(0, 10**6), st.integers(0, 10**6))
def test_slips_of_the_pen_are_judged_as_numbers_judge_them(formula, which, seed):
    """The engine's "equal" and "different" agree with 50-digit arithmetic at random points."""
    rec, tex = formula
    claim = read_claim(tex, rec)
    trial = literal(claim, rec)
    slips = edits(trial.claim, rec)
    slip = slips[which % len(slips)]
    edited = Claim((trial.claim.sides[0], slip.node), ("=",))
    arena = Arena(rec)
    try:
        expected = numerically_equal(replace(trial, claim=edited), rec, arena.dims[0], seed)
        verdict = check_step(*edited.sides, rec, arena)
    except (Mismatch, BpttError):
        return
    if verdict.verdict == "right":
        assert expected
    elif verdict.verdict == "wrong":
        assert not expected
        assert verdict.counterexample is not None


@pytest.mark.parametrize(
    ("rec", "tex", "code"),
    [
        (ELMAN, r"\frac{d h_T}{d w} = (1-h_T^2)(h_{T-1} + w\left[\frac{\partial h_{T-1}}"
         r"{\partial w}\right])", "BP001"),
        (ELMAN, r"\frac{d h_t}{d h_{t-1}} = (1-h_{t-1}^2)w", "BP004"),
        (ELMAN, r"\frac{d h_T}{d h_k} = \prod_{j=k}^T w(1-h_j^2)", "BP005"),
        (ELMAN, r"\frac{d h_T}{d h_k} = w^{T-k+1}\prod_{j=k+1}^T(1-h_j^2)", "BP013"),
        (ELMAN, r"\frac{d h_t}{d h_{t-1}} = (1-h_t^2)\frac{\partial^{+}}{\partial w}(w h_{t-1})",
         "BP003"),
        (ELMAN, r"\frac{d h_t}{d h_{t-1}} = -(1-h_t^2)w", "BP008"),
        (ELMAN, r"\frac{d h_t}{d h_{t-1}} = 1-h_t^2", "BP011"),
        (ELMAN, r"\frac{d h_t}{d h_{t-1}} = (1-h_t^2)w h_{t-1}", "BP012"),
        (RNN, WRONG[-1][1], "BP014"),
        (VECTOR, r"\frac{d h_t}{d h_{t-1}} = W_{hh}\mathrm{diag}(1-h_t^2)", "BP010"),
        (VECTOR, r"\frac{d h_t}{d h_{t-1}} = \mathrm{diag}(1-h_t^2)W_{hh}^\top", "BP009"),
        (LSTM, r"\frac{\partial^{+} \tilde c_t}{\partial U_c} = "
         r"\sigma'(W_c x_t + U_c h_{t-1} + b_c)h_{t-1}", "BP006"),
    ],
)  # fmt: skip
def test_the_diagnosis_names_the_mistake_and_its_correction_holds(rec, tex, code):
    claim = read_claim(tex, rec)
    found = diagnose(claim, rec)
    assert found is not None
    assert found.code == code
    assert found.message.startswith(CODES[code])
    corrected = decide(read_claim(found.corrected, rec), rec)
    assert corrected.is_right, found.corrected


def test_a_chain_is_judged_link_by_link_against_what_stands():
    claim = read_claim(
        r"\frac{\partial h_t}{\partial h_{t-1}} = (1-h_t^2)h_{t-1} = (1-h_t^2)w", ELMAN
    )
    verdict = decide(claim, ELMAN)
    assert [v.verdict for v in verdict.links] == ["wrong", "right"]
    assert verdict.verdict == "wrong"
    assert verdict.note == "step 1 of 2"


def test_assumptions_are_used_and_reported():
    claim = read_claim(r"\frac{d h_1}{d w} = 0", ELMAN)
    assumed = decide(claim, ELMAN, assume=[read_claim("h_0 = 0", ELMAN)])
    assert assumed.verdict == "right"
    assert assumed.assumptions == ("h_0 = 0",)
    with pytest.raises(InputError):
        decide(claim, ELMAN, assume=[read_claim("h_0 = x_1", ELMAN)])


def test_bounds_are_left_to_the_bound_engine():
    claim = read_claim(r"\left|\frac{d h_t}{d h_{t-1}}\right| \le |w|", ELMAN)
    verdict = decide(claim, ELMAN)
    assert verdict.verdict == "undecided"
    assert "bound" in verdict.note


@pytest.mark.parametrize("upper", ["3", "T"])
def test_a_run_has_the_steps_that_are_named_by_number(upper: str) -> None:
    """A run of one step has no third state, and refutes nothing of it."""
    rec = recurrence_from_latex([r"q_t = \tanh(r q_{t-1} + x_t)"], name="numbered")
    text = rf"\frac{{\partial q_3}}{{\partial r}} = \sum_{{k=1}}^{{{upper}}} "
    right = r"\frac{\partial q_3}{\partial q_k} \frac{\partial^+ q_k}{\partial r}"
    verdict = decide(read_claim(text + right, rec), rec)
    assert verdict.is_right
    wrong = decide(read_claim(text + "q_k " + right, rec), rec)
    assert wrong.verdict == "wrong"
    assert wrong.counterexample is not None and wrong.counterexample.T >= 3


def test_a_start_at_zero_excuses_no_factor_of_the_term_that_vanishes_then():
    last = r"\frac{\partial h_2}{\partial h_1} \left[\frac{\partial h_1}{\partial w}\right]"
    tex = (
        r"\frac{\partial h_3}{\partial w} = \left[\frac{\partial h_3}{\partial w}\right] + "
        r"\frac{\partial h_3}{\partial h_2} \left[\frac{\partial h_2}{\partial w}\right] + "
    )
    right = decide(read_claim(tex + r"\frac{\partial h_3}{\partial h_2}" + last, ELMAN), ELMAN)
    assert right.verdict == "right" and not right.assumptions
    slipped = decide(read_claim(tex + r"\frac{\partial h_3}{\partial h_1}" + last, ELMAN), ELMAN)
    assert slipped.verdict == "wrong"
    # the same term left out is excused by it
    short = decide(read_claim(tex.rstrip("+ "), ELMAN), ELMAN)
    assert short.assumptions == ("the initial state is 0",)


@pytest.mark.parametrize("kind", ["own", "local", "direct"])
def test_an_expression_has_no_state_of_its_own(kind: str) -> None:
    from bptt_sym.notation import At, D, Mul, Num

    step = At("c", Num(Fraction(2)))
    product = D(Mul((At("h", Num(Fraction(3))), Num(Fraction(2)))), step, kind)
    verdict = decide(Claim((product, Num(Fraction(0))), ("=",)), LSTM)
    assert verdict.verdict in ("right", "right_under_reading", "undecided", "wrong")


def test_a_state_that_another_one_makes_may_start_from_that_one() -> None:
    rec = TIED
    assert rec.tied == ("h",)
    left = r"\frac{\partial c_t}{\partial c_{t-1}} = "
    right = decide(read_claim(left + "f + w (1 - h_{t-1}^2)", rec), rec)
    assert right.assumptions == ("the initial states belong together, as the later ones do",)
    for slip in ("f - w (1 - h_{t-1}^2)", "f + w (1 - h_t^2)", "f + w h_{t-1}", "f"):
        found = decide(read_claim(left + slip, rec), rec)
        assert not found.is_right or found.readings, slip  # f alone is the direct path
    assert not LSTM.tied and not replace(rec, initial={"h": rec.rhs("h")}).tied
