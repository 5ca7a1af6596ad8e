"""Bounds and limits: proved ones hold at random points, refuted ones are refuted by numbers."""

from __future__ import annotations

import random
from fractions import Fraction

import numpy as np
import pytest
from flint import arb
from hypothesis import given
from hypothesis import strategies as st

from bptt_sym.cells import cell
from bptt_sym.check.bounds import judge_bound
from bptt_sym.check.bounds.compare import at_most
from bptt_sym.check.bounds.magnitude import ONE_EXP, Bounder, Term, Unbounded
from bptt_sym.check.bounds.sizes import Sizes
from bptt_sym.decide import decide
from bptt_sym.decide.identity import Arena
from bptt_sym.decide.norms import ball_norm
from bptt_sym.errors import InputError
from bptt_sym.read import read_claim, recurrence_from_latex

ELMAN = cell("elman")
VECTOR = cell("elman-vector", bias="one")
RNN, RNN_VECTOR = cell("sigmoid-rnn"), cell("sigmoid-rnn-vector")
LSTM = cell("lstm")
LEAKY = recurrence_from_latex(
    [r"h_t = \tanh(w h_{t-1} + v x_t)", r"y_t = \sigma(u h_t)"], name="two", scalar=True
)


def judge(rec, tex):
    return judge_bound(read_claim(tex, rec), rec, Arena(rec))


RIGHT = [
    (ELMAN, r"\left|\frac{d h_T}{d h_k}\right| \le |w|^{T-k}"),
    (ELMAN, r"|w| \le 1 \implies \left|\frac{d h_T}{d h_k}\right| \le 1"),
    (ELMAN, r"|w|<1 \implies \frac{d h_T}{d h_k} \to 0"),
    (ELMAN, r"|w| \le 1 \implies \left|\frac{d h_T}{d w}\right| \le T"),
    (ELMAN, r"\left|\frac{d h_T}{d w}\right| \le \frac{|w|^T-1}{|w|-1}"),
    (RNN, r"\left|\frac{d c_k}{d c_1}\right| \le \left(\frac{|W_{rec}|}{4}\right)^{k-1}"),
    (RNN, r"\sigma'(W_{rec}c_{t-1}+W_{in}x_t) \le \frac14"),
    (VECTOR, r"\left\|\frac{d h_T}{d h_k}\right\| \le \|W_{hh}\|^{T-k}"),
    (VECTOR, r"\left\|\frac{d h_t}{d h_{t-1}}\right\| \le \|\mathrm{diag}(1-h_t^2)\|\,\|W_{hh}\|"),
    (RNN_VECTOR, r"\|W_{rec}\|<4 \implies \left\|\frac{d c_T}{d c_k}\right\| \to 0"),
    (LSTM, r"|f_t(1-f_t)| \le \frac14"),
    (LEAKY, r"\left|\frac{d y_t}{d h_t}\right| \le \frac14 |u|"),
]
WRONG = [
    (ELMAN, r"\left|\frac{d h_T}{d h_k}\right| \le 1", "true if also |w| ≤ 1"),
    (ELMAN, r"|w|>1 \implies \left|\frac{d h_T}{d w}\right| \to \infty", ""),
    (ELMAN, r"|w|>1 \implies \left|\frac{d h_T}{d h_0}\right| \ge 1", ""),
    (ELMAN, r"\frac{d h_T}{d h_k} \to 0", "true if also |w| < 1"),
    (RNN, r"\left|\frac{d c_t}{d c_{t-1}}\right| < \frac{|W_{rec}|}{5}", ""),
    (RNN, r"\frac{d c_T}{d c_k} \to 0", "true if also |W_{rec}| < 4"),
    (VECTOR, r"\left\|\frac{d h_T}{d h_k}\right\| \le \|W_{hh}\|", "true if also ‖W_{hh}‖ ≤ 1"),
    (LSTM, r"|c_t| \le 1", ""),
]


@pytest.mark.parametrize(("rec", "tex"), RIGHT)
def test_true_bounds_are_proved_for_every_step(rec, tex):
    verdict = judge(rec, tex)
    assert verdict.is_right, verdict
    assert verdict.scope.startswith("every")
    assert verdict.method


@pytest.mark.parametrize(("rec", "tex", "hint"), WRONG)
def test_false_bounds_are_refuted_and_near_misses_named(rec, tex, hint):
    verdict = judge(rec, tex)
    assert verdict.verdict == "wrong", verdict
    assert verdict.counterexample is not None
    assert verdict.note == hint


def test_a_vanishing_gradient_in_the_weight_is_refuted_by_a_theorem():
    verdict = judge(ELMAN, r"|w|<1 \implies \frac{d h_T}{d w} \to 0")
    assert verdict.verdict == "wrong"
    assert "refute-b" in verdict.method


def test_the_exercise_needs_an_initial_state_within_range():
    tex = r"\left|\left[\frac{\partial h_t}{\partial w}\right]\right| < 1"
    verdict = judge(ELMAN, tex)
    assert verdict.verdict == "right_under_reading"
    assert "initial state" in verdict.assumptions[0]
    assert judge(ELMAN.with_initial_zero(), tex).verdict == "right"


@pytest.mark.parametrize(("rec", "tex"), [RIGHT[i] for i in (0, 1, 2, 5, 7, 9, 10, 11)])
def test_a_right_verdict_quotes_the_theorem_of_the_kernel(rec, tex):
    verdict = judge(rec, tex)
    assert "theorem of the kernel" in verdict.method
    assert "⊢" in verdict.method


def test_what_no_rule_on_factors_covers_may_still_have_a_theorem():
    verdict = judge(LSTM, r"f_t^2 (1-f_t) \le \frac{4}{27}")
    assert verdict.verdict == "right"
    assert verdict.method.startswith("theorem of the kernel")
    assert judge(LSTM, r"f_t^2 (1-f_t) \le \frac{3}{27}").verdict == "wrong"


def test_contradictory_hypotheses_are_refused():
    with pytest.raises(InputError, match="contradict"):
        judge(ELMAN, r"|w|<1, |w|>2 \implies \left|\frac{d h_T}{d h_k}\right| \le 0")


def test_strictness_is_not_overlooked():
    # At rest the slope is 1, so the bound is attained and "<" is false.
    assert judge(ELMAN, r"\left|\frac{d h_t}{d h_{t-1}}\right| < |w|").verdict == "wrong"
    assert judge(ELMAN, r"\left|\frac{d h_t}{d h_{t-1}}\right| \le |w|").verdict == "right"


def test_a_chain_of_bounds_and_equations_is_judged_link_by_link():
    tex = (
        r"\left\|\frac{d h_t}{d h_{t-1}}\right\| = \|\mathrm{diag}(1-h_t^2)W_{hh}\| "
        r"\le \|\mathrm{diag}(1-h_t^2)\|\|W_{hh}\| \le \|W_{hh}\|"
    )
    verdict = decide(read_claim(tex, VECTOR), VECTOR, bounds=judge_bound)
    assert [v.verdict for v in verdict.links] == ["right", "right", "right"]


def test_what_has_no_rule_is_undecided_and_says_why():
    verdict = judge(LSTM, r"\left|\frac{d c_T}{d c_1}\right| \le 10^9 T")
    assert verdict.verdict == "undecided"
    assert verdict.note


@given(st.fractions(0, 3), st.fractions(0, 3), st.integers(0, 4), st.integers(0, 4), st.booleans())
def test_comparison_is_sound(a, b, i, j, small):
    """What is seen as at most holds at every size that the hypotheses allow."""
    base = ("|", "w")
    sizes = Sizes({base: (1, False)} if small else {})
    left = (Term(a, ((base, ((), i)),)),) if i else (Term(a),)
    right = (Term(b, ((base, ((), j)),)),) if j else (Term(b),)
    seen, strict = at_most(left, right, sizes)
    for k in range(1, 5):
        w = k / 4 if small else k * 0.7
        if seen:
            assert float(a) * w**i <= float(b) * w**j + 1e-12
        if seen and strict and w:
            assert float(a) * w**i < float(b) * w**j


@given(st.integers(0, 10**6), st.integers(1, 3), st.integers(1, 3))
def test_norms_are_enclosed(seed, rows, columns):
    rng = random.Random(seed)
    floats = np.array([[rng.uniform(-2, 2) for _ in range(columns)] for _ in range(rows)])
    balls = np.vectorize(arb, otypes=[object])(floats)
    for name, which in (("2", 2), ("F", "fro")):
        enclosed = ball_norm(name, balls)
        value = np.linalg.norm(floats, which)
        assert float(enclosed.lower()) - 1e-9 <= value <= float(enclosed.upper()) + 1e-9
        assert float(enclosed.rad()) < 1e-3 * (1 + value)


def test_the_bounder_refuses_what_no_rule_covers():
    with pytest.raises(Unbounded):
        Bounder(LSTM).bound(read_claim("c_t = 0", LSTM).sides[0])
    assert Bounder(ELMAN).bound(read_claim("|w| = 0", ELMAN).sides[0])[0].powers == (
        (("|", "w"), ONE_EXP),
    )


STEP_OF_VECTORS = r"\frac{\partial h_t}{\partial h_{t-1}}"
SLOPES = r"\mathrm{diag}(1-h_t^2)"


@pytest.mark.parametrize(
    ("tex", "verdict"),
    [
        (rf"\|{STEP_OF_VECTORS}\|_F \le \|{SLOPES}\|_2 \|W_{{hh}}\|_F", "right"),
        (rf"\|{STEP_OF_VECTORS}\|_F \le \|{SLOPES}\|_F \|W_{{hh}}\|_F", "right"),
        (rf"\|{STEP_OF_VECTORS}\|_2 \le \|W_{{hh}}\|_F", "right"),
        (rf"\|{STEP_OF_VECTORS}\|_F \le \|W_{{hh}}\|_F", "right"),
        (rf"\|{SLOPES}\|_2 \le 1", "right"),
        (rf"\|{STEP_OF_VECTORS}\| \le \|1-h_t^2\|_\infty \|W_{{hh}}\|", "right"),
        (rf"\|{STEP_OF_VECTORS}\|_2 \le \|1-h_t^2\|_\infty \|W_{{hh}}\|_2", "right"),
        (rf"\|{STEP_OF_VECTORS}\|_F \le \|1-h_t^2\|_\infty \|W_{{hh}}\|_F", "right"),
        (rf"\|{STEP_OF_VECTORS}\|_F \le \|1-h_t^2\|_\infty \|W_{{hh}}\|_2", "wrong"),
        (rf"\|{STEP_OF_VECTORS}\|_F \le \|{SLOPES}\|_2 \|W_{{hh}}\|_2", "wrong"),
        (rf"\|{STEP_OF_VECTORS}\|_F \le \|W_{{hh}}\|_2", "wrong"),
        (rf"\|{SLOPES}\|_F \le 1", "wrong"),
        (r"\|W_{hh} h_t\|_1 \le \|W_{hh}\|_2 \|h_t\|_2", "wrong"),
    ],
)
def test_norms_of_different_kinds_bound_each_other_only_as_they_do(tex: str, verdict: str) -> None:
    assert judge(cell("elman-vector"), tex).verdict == verdict


def test_the_largest_entry_is_no_norm_that_products_are_bounded_by() -> None:
    with pytest.raises(InputError, match="‖·‖_max is not known"):
        judge(cell("elman-vector"), rf"\|{STEP_OF_VECTORS}\|_{{\max}} \le \|W_{{hh}}\|_{{\max}}")


def test_a_bound_by_norms_says_which_rules_it_rests_on() -> None:
    product = judge(cell("elman-vector"), rf"\|{STEP_OF_VECTORS}\| \le \|{SLOPES}\| \|W_{{hh}}\|")
    assert "‖AB‖" in product.method and "‖A + B‖" not in product.method


JACOBIAN = rf"\left\|{STEP_OF_VECTORS}\right\|"


@pytest.mark.parametrize(
    ("tex", "verdict"),
    [
        # What is known of entries bounds a diagonal matrix, and the largest entry, alone.
        (r"\|1-h_t^2\|_2 \le 1", "wrong"),
        (r"\|1-h_t^2\|_1 \le 1", "wrong"),
        (r"\|1-h_t^2\|_\infty \le 1", "right"),
        (r"\|1-h_t^2\| \le 1", "right_under_reading"),
        (r"\|\tanh(W_{hh} h_{t-1})\|_2 \le 1", "wrong"),
        (r"\|\tanh(W_{hh} h_{t-1})\| \le 1", "undecided"),
        (r"\|h_t\|_\infty \le 1", "right"),
        (r"\|h_t\|_2 \le \|h_t\|_\infty", "wrong"),
        (r"\|W_{hh} h_t\|_2 \le \|W_{hh}\|_2 \|h_t\|_\infty", "wrong"),
        # The norm of a transpose is another one for 1 and ∞.
        (rf"\|W_{{hh}}^\top {SLOPES}\|_1 \le \|W_{{hh}}\|_1", "undecided"),
        (rf"\|W_{{hh}}^\top {SLOPES}\|_1 \le \|W_{{hh}}\|_\infty", "right"),
        (rf"\|W_{{hh}}^\top {SLOPES}\|_2 \le \|W_{{hh}}\|_2", "right"),
        # Sizes in different norms are different sizes.
        (r"\|W_{hh}\|_F^2 \le \|W_{hh}\|_F \|W_{hh}\|_2", "wrong"),
        (r"\|W_{hh}\|_F \|W_{hh}\|_2 \le \|W_{hh}\|_F^2", "right"),
        (rf"\|{SLOPES}\|_F \|W_{{hh}}\|_F \le \|W_{{hh}}\|_F", "wrong"),
        (r"\left\|\frac{d h_T}{d h_k}\right\|_F \le \|W_{hh}\|_2^{T-k}", "wrong"),
        (r"\left\|\frac{d h_T}{d h_k}\right\|_F \le \|W_{hh}\|_F^{T-k}", "right"),
        (r"\|W_{hh}\|_1 \le 1 \implies \|W_{hh}\|_2 \le 1", "undecided"),
        (r"\|W_{hh}\|_2 \le 1 \implies \|W_{hh}\|_F \le 1", "undecided"),
        (r"\|W_{hh}\|_F \le 1 \implies \|W_{hh}\|_2 \le 1", "right"),
        (rf"\|W_{{hh}}\|_1 < 1 \implies {JACOBIAN}_2 \le 1", "undecided"),
        (rf"\|W_{{hh}}\|_F < 1 \implies {JACOBIAN}_2 \le 1", "right"),
        # What tends to 0 in one norm does so in every other one.
        (r"\|W_{hh}\|_1 < 1 \implies \frac{d h_T}{d h_k} \to 0", "right"),
        # The identity has the norm √n among the Frobenius norms.
        (r"\|I - W_{hh}\|_F \le 1 + \|W_{hh}\|_F", "wrong"),
        (r"\|I - W_{hh}\|_2 \le 1 + \|W_{hh}\|_2", "right"),
    ],
)
def test_sizes_are_told_apart_by_their_norms(tex: str, verdict: str) -> None:
    assert judge(cell("elman-vector"), tex).verdict == verdict


def test_a_hint_names_the_norm() -> None:
    found = judge(cell("elman-vector"), r"\left\|\frac{d h_T}{d h_k}\right\|_F \le 1")
    assert "true if also ‖W_{hh}‖_F ≤ 1" in found.note


def test_the_kernel_tells_norms_apart_as_well() -> None:
    from bptt_sym.prove import bound

    vector = cell("elman-vector")
    for tex in (r"\|W_{hh}\|_F \le \|W_{hh}\|_2", r"\|W_{hh}\|_1^2 \le \|W_{hh}\|_1 \|W_{hh}\|_2"):
        assert bound(vector, tex).status == "undecided"
    assert bound(vector, r"\|W_{hh}\|_2^2 \le \|W_{hh}\|_2^2").status == "proved"


OVER_STEPS = r"\left|\frac{d h_T}{d h_k}\right|"
BY_WEIGHT = r"\left|\frac{d h_T}{d w}\right|"


@pytest.mark.parametrize(
    ("tex", "verdict"),
    [
        # Numbers with a lag above them are compared as the lag grows.
        (rf"{OVER_STEPS} \le \left(\frac{{|w|}}{{2}}\right)^{{T-k}}", "wrong"),
        (rf"{OVER_STEPS} \le (2|w|)^{{T-k}}", "right"),
        (rf"|w| \le \frac12 \implies {OVER_STEPS} \le 2^{{k-T}}", "right"),
        (rf"|w| \le \frac12 \implies {OVER_STEPS} \le 3^{{k-T}}", "wrong"),
        (rf"{OVER_STEPS} \le 2^{{k-T}} |w|^{{T-k}}", "wrong"),
        # T - k is at least 1, k - T is no lag, and of j - k nothing is known.
        (rf"|w| \le 1 \implies {OVER_STEPS} \le |w|", "right"),
        (rf"|w| \le 1 \implies {OVER_STEPS} \le |w|^2", "wrong"),
        (r"|w| \le 1 \implies |w|^{T-k} \le |w|^{T-j}", "wrong"),
        (r"|w| < 1 \implies |w|^{T-k} \to 0", "right"),
        (r"|w| < 1 \implies |w|^{k-T} \to 0", "undecided"),
        # A proof may suppose that the start is within the range of tanh; so may a claim.
        (rf"|w| \le \frac12 \implies {BY_WEIGHT} \le 2", "right_under_reading"),
        (rf"|w| < 1 \implies {BY_WEIGHT} \le \frac{{1}}{{1-|w|}}", "right_under_reading"),
        (rf"{BY_WEIGHT} \le \frac{{1}}{{1-|w|}}", "wrong"),
        (rf"|w| < 1 \implies {BY_WEIGHT} \le \frac{{|w|}}{{1-|w|}}", "wrong"),
        (rf"{BY_WEIGHT} \le \sum_{{k=1}}^T |w|^{{T-k}}", "right_under_reading"),
        (rf"{BY_WEIGHT} \le \sum_{{k=0}}^{{T-1}} |w|^k", "right_under_reading"),
        (rf"{BY_WEIGHT} \le \sum_{{k=1}}^T |w|^k", "wrong"),
        (r"\left|\sum_{t=1}^T w^{T-t+1}\right| \le \sum_{k=1}^T |w|^k", "right"),
        (r"\left|\sum_{t=1}^T w^{T-t+1}\right| \le \sum_{k=0}^{T-1} |w|^k", "wrong"),
        (r"\left|\sum_{t=1}^T w^{T-t+1}\right| \le \frac{|w|^T-1}{|w|-1}", "wrong"),
        (rf"{BY_WEIGHT} \le \sum_{{k=1}}^{{T-1}} |w|^{{T-k}}", "wrong"),
        (rf"{OVER_STEPS} > 0", "wrong"),
    ],
)
def test_exponents_and_starts(tex: str, verdict: str) -> None:
    assert judge(ELMAN, tex).verdict == verdict


@pytest.mark.parametrize(
    ("name", "tex", "verdict"),
    [
        # A weight above 1 does not make the derivative explode: a run of one unit fades.
        ("elman", rf"|w| > 1 \implies {OVER_STEPS} \to \infty", "wrong"),
        ("elman-vector", rf"\|W_{{hh}}\| > 1 \implies \|{OVER_STEPS[6:-7]}\| \to \infty", "wrong"),
        ("elman", rf"|w| > 3 \implies {OVER_STEPS} \to \infty", "wrong"),
        # The forget gates alone stand between two cell states, if the other paths are held fixed.
        ("lstm", r"\left|\frac{\partial c_t}{\partial c_{t-1}}\right| \le 1",
         "right_under_reading"),
        ("lstm", r"\left|\frac{\partial c_T}{\partial c_k}\right| \le 1", "right_under_reading"),
        ("lstm", r"\left|\frac{\partial c_t}{\partial c_{t-1}}\right| \le \frac12", "wrong"),
        ("lstm-vector", r"\left\|\frac{\partial c_t}{\partial c_{t-1}}\right\| \le 1",
         "right_under_reading"),
        # Vectors: the largest entry, entry by entry, and of one unit where it is open.
        ("lstm-vector", r"\|h_t\|_\infty \le 1", "right"),
        ("lstm-vector", r"\|c_t\|_\infty \le 1", "wrong"),
        ("lstm-vector", r"f_t (1-f_t) \le \frac14", "right_under_reading"),
        ("lstm-vector", r"f_t (1-f_t) \le \frac15", "wrong"),
        ("lstm-vector", r"|c_t| \le t + |c_0|", "undecided"),
        ("lstm-vector", r"|c_t| \le 1", "wrong"),
        # A product over no steps is 1, and not what is meant.
        ("lstm", r"\prod_{j=k+1}^T f_j < 1", "undecided"),
        ("lstm", r"\prod_{j=k+1}^T f_j < \frac12", "wrong"),
        # A norm that is left open beside the Frobenius norm.
        ("elman-vector", r"\|W_{hh}\| \le \|W_{hh}\|_F", "right_under_reading"),
    ],
)  # fmt: skip
def test_limits_gates_and_open_norms(name: str, tex: str, verdict: str) -> None:
    assert judge(cell(name), tex).verdict == verdict


def test_the_slope_of_a_sigmoid_bounds_entries_alone() -> None:
    slope = r"c_t \odot (1 - c_t)"
    assert judge(RNN_VECTOR, rf"\|{slope}\|_2 \le \frac14").verdict == "wrong"
    assert judge(RNN_VECTOR, rf"\|{slope}\|_\infty \le \frac14").verdict == "right"
    size = r"\left\|\frac{d c_T}{d c_k}\right\| \le \left(\frac{\|W_{rec}\|}{%s}\right)^{T-k}"
    assert judge(RNN_VECTOR, size % 4).verdict == "right"
    assert judge(RNN_VECTOR, size % 5).verdict == "wrong"


def test_a_start_that_was_put_in_is_shown() -> None:
    found = judge(ELMAN, rf"{OVER_STEPS} > 0").counterexample
    assert found is not None and abs(Fraction(found.values["h_0"])) < 1
