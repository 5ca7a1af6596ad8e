"""A user's bound on a user's cell: a theorem, a certified counterexample, or what was tried."""

from __future__ import annotations

from fractions import Fraction

import pytest
from semantics import refuted

from bptt_sym import prove
from bptt_sym.cells import cell
from bptt_sym.prove.statements import Names, NotStated
from bptt_sym.read import recurrence_from_latex

ELMAN, VECTOR, LSTM = cell("elman"), cell("elman-vector", bias="one"), cell("lstm")
RNN, RNN_VECTOR = cell("sigmoid-rnn"), cell("sigmoid-rnn-vector")
OWN = recurrence_from_latex(
    [r"z_t = \tanh(\alpha z_{t-1} + \beta x_t)", r"y_t = \sigma(u z_t)"], name="own", scalar=True
)
LEAK = recurrence_from_latex([r"s_t = a s_{t-1} + \tanh(b x_t)"], name="leak", scalar=True)

PROVED = [
    (ELMAN, r"\left|\frac{d h_T}{d h_k}\right| \le |w|^{T-k}", 0),
    (ELMAN, r"\left|\frac{d h_T}{d h_k}\right| \le 3 |w|^{T-k}", 0),
    (ELMAN, r"|w| \le 1 \implies \left|\frac{d h_T}{d h_k}\right| \le 1", 0),
    (ELMAN, r"|w|<1 \implies \left|\frac{d h_T}{d w}\right| \le \frac{1}{1-|w|}", 1),
    (ELMAN, r"|w|>1 \implies \left|\frac{d h_T}{d w}\right| \le \frac{|w|^T-1}{|w|-1}", 1),
    (ELMAN, r"|w| \le 1 \implies \left|\frac{d h_T}{d w}\right| \le T", 1),
    (ELMAN, r"|w|<1 \implies \frac{d h_T}{d h_k} \to 0", 0),
    (RNN, r"\left|\frac{d c_k}{d c_1}\right| \le \left(\frac{|W_{rec}|}{4}\right)^{k-1}", 0),
    (VECTOR, r"\left\|\frac{d h_T}{d h_k}\right\| \le \|W_{hh}\|^{T-k}", 0),
    (RNN_VECTOR, r"\left\|\frac{d c_T}{d c_k}\right\| \le (\|W_{rec}\|/4)^{T-k}", 0),
    (RNN_VECTOR, r"\|W_{rec}\|<4 \implies \left\|\frac{d c_T}{d c_k}\right\| \to 0", 0),
    (LSTM, r"|f_t (1-f_t)| \le \frac14", 0),
    (OWN, r"\left|\frac{d z_T}{d z_k}\right| \le |\alpha|^{T-k}", 0),
    (OWN, r"\left|\frac{d y_t}{d z_t}\right| \le \frac14 |u|", 0),
    (LEAK, r"\left|\frac{d s_T}{d s_k}\right| \le |a|^{T-k}", 0),
]
#: Each is one of the above with something too small or a hypothesis missing.
REFUTED = [
    (ELMAN, r"\left|\frac{d h_T}{d h_k}\right| \le \frac12 |w|^{T-k}"),
    (ELMAN, r"\left|\frac{d h_T}{d h_k}\right| \le |w|^{T-k+1}"),
    (ELMAN, r"\left|\frac{d h_T}{d h_k}\right| < |w|^{T-k}"),
    (ELMAN, r"\left|\frac{d h_T}{d h_k}\right| \le 1"),
    (RNN, r"\left|\frac{d c_T}{d c_k}\right| \le (|W_{rec}|/5)^{T-k}"),
    (LSTM, r"|f_t (1-f_t)| \le \frac15"),
    (OWN, r"\left|\frac{d z_T}{d z_k}\right| \le |\beta|^{T-k}"),
    (LEAK, r"\left|\frac{d s_T}{d s_k}\right| < |a|^{T-k}"),
]


@pytest.mark.parametrize(("rec", "tex", "supposed"), PROVED)
def test_a_true_bound_comes_back_with_a_theorem(rec, tex, supposed) -> None:
    done = prove.bound(rec, tex)
    assert done.status == "proved", done.tried
    assert done.theorem is not None
    assert len(done.supposed) == supposed
    again = prove.replay(done.certificate())
    assert (again.hyps, again.concl) == (done.theorem.hyps, done.theorem.concl)
    assert refuted(done.theorem, worlds=2) is None


@pytest.mark.parametrize(("rec", "tex"), REFUTED)
def test_a_false_bound_comes_back_with_a_certified_point(rec, tex) -> None:
    done = prove.bound(rec, tex)
    assert done.status in ("refuted", "undecided"), done.statement
    if done.status == "refuted":
        assert done.theorem is not None
        assert not done.theorem.hyps
        assert all(isinstance(v, Fraction) for v in done.counterexample.values())


def test_most_false_bounds_are_refuted() -> None:
    assert sum(prove.bound(*case).status == "refuted" for case in REFUTED) >= len(REFUTED) - 2


def test_contradictory_hypotheses_are_reported() -> None:
    done = prove.bound(ELMAN, r"|w| \le 9", ["|w| > 2", "|w| < 1"])
    assert done.status == "inconsistent"


def test_undecided_says_what_was_tried() -> None:
    done = prove.bound(LSTM, r"\left|\frac{d c_T}{d c_1}\right| \le 10^9")
    assert done.status == "undecided"
    assert done.tried


def test_a_given_start_is_not_left_for_a_refutation() -> None:
    """From h_0 = 0 the first derivative in w is 0, though it is not for other starts."""
    claim = r"|h_t| \le |w|"
    assert prove.bound(ELMAN.with_initial_zero(), claim).status == "undecided"


def test_two_things_are_never_one_name() -> None:
    names = Names(ELMAN)
    names.plain("W_{a}")
    with pytest.raises(NotStated):
        names.plain("W_a")
