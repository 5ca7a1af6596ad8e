"""Solutions as students write them: what a careful lecturer would say of each."""

from __future__ import annotations

import pytest

from bptt_sym.check.answer import Court
from bptt_sym.check.exercises import Exercise, exercise, mark
from bptt_sym.check.exercises.exercise import from_toml
from bptt_sym.check.exercises.feedback import rounded
from bptt_sym.check.setting import Setting
from bptt_sym.check.solution.judge import relate
from bptt_sym.notation import num
from bptt_sym.read import read_claim

X = r"\left[\frac{\partial h_t}{\partial w}\right]"
SLOPE = r"\left|\frac{\partial c_t}{\partial c_{t-1}}\right|"


def parts_of(name: str, text: str, file: str = "answer") -> list[tuple[str, list[str]]]:
    found: Exercise = exercise(name)
    result = mark(found, text, file)
    assert not result.faults, result.faults
    return [(p.status, [s.status for s in p.steps]) for p in result.parts]


@pytest.mark.parametrize(
    ("text", "status", "steps"),
    [
        (rf"${X} = h_{{t-1}}(1-h_t^2)$ and $\left|{X}\right| \ge 0$.", "wrong", ["right"]),
        (rf"$0 \le \left|{X}\right| \le 1$.", "right", ["right", "right"]),
        (rf"$1 \ge \left|{X}\right| \ge 0$.", "right", ["right", "right"]),
        (rf"$\left|{X}\right| \ge 0$, and $\left|{X}\right| \le 1$.", "right", ["right", "right"]),
        (r"$-1 \le (1-h_t^2) h_{t-1} \le 1$", "right", ["right", "right"]),
        (rf"$-1 < {X} < 1$", "right", ["right", "right"]),
        (rf"$-2 \le {X} \le 1$", "right", ["right", "right"]),
        (rf"$-1 < {X} < \frac12$", "right", ["right", "wrong"]),
        (rf"$-\frac12 < {X} < \frac12$", "wrong", ["wrong", "wrong"]),
        (r"$-1 \le (1-h_t^2) h_t \le 1$", "missing", []),
    ],
)
def test_bounds_from_both_sides_and_from_the_other_one(
    text: str, status: str, steps: list[str]
) -> None:
    assert parts_of("ex1", text)[1] == (status, steps)


@pytest.mark.parametrize(
    ("bound", "status"),
    [
        (r"\frac{|W|}{4}", "right"), (r"0.25 |W|", "right"), (r"|W|", "form"),
        (r"\frac14", "wrong"), (r"\frac{1}{5000}", "wrong"), (r"\frac{|W|}{5}", "wrong"),
    ],
)  # fmt: skip
def test_the_derivative_of_one_step_is_not_taken_for_nothing(bound: str, status: str) -> None:
    assert parts_of("sigmoid-step", rf"${SLOPE} \le {bound}$")[1][0] == status


def test_the_sizes_of_values_whose_sign_is_known() -> None:
    text = (
        rf"${SLOPE} = |W||c_t-c_t^2| = |W| (c_t - c_t^2) = c_t(1-c_t)|W|"
        r" = |W| \left(\frac14 - (c_t - \frac12)^2\right) \le \frac{|W|}{4}$"
    )
    assert parts_of("sigmoid-step", text)[1] == ("right", ["right"] * 5)


@pytest.mark.parametrize(
    ("start", "claim", "verdict"),
    [
        (r"c_0 = 0", r"0 \le c_{t-1}", "right"),
        (r"c_0 = 0", r"0 < c_{t-1}", "wrong"),
        (r"c_0 = 0", r"0 < \prod_{j=1}^t c_j", "right"),
        (r"c_0 = 0", r"0 < \prod_{j=1}^t c_{j-1}", "wrong"),
        (r"c_0 = 0", r"0 < \prod_{j=1}^t (1 - c_{j-1})", "right"),
        (r"c_0 = -1/2", r"|c_{t-1}| = c_{t-1}", "wrong"),
        (r"c_0 = 1/2", r"0 < c_{t-1}", "right"),
    ],
)
def test_signs_of_a_state_that_may_be_the_first(start: str, claim: str, verdict: str) -> None:
    define = (r"c_t = \sigma(W c_{t-1} + V x_t)", start)
    court = Court.of(Setting(define=define, scalar=True).model)
    read = read_claim(claim, court.model)
    assert relate(read.sides[0], read.ops[0], read.sides[1], court).verdict == verdict  # type: ignore[arg-type]
    assert not relate(num(0), "<", num(0), court).is_right


SIZE = r"\left|\frac{\partial h_T}{\partial h_0}\right|"
ANY = [
    # (exercise, text, what each part is)
    ("ex1", r"(a) $\left.\frac{\partial h_t}{\partial w}\right|_{h_{t-1}} = (1-h_t^2)h_{t-1}$",
     "right"),
    ("ex1", r"$\left[\frac{\partial h^{(t)}}{\partial w}\right] = (1-(h^{(t)})^2)h^{(t-1)}$",
     "right"),
    ("ex1", r"$[\partial h_t/\partial w] = \mathrm{sech}^2(w h_{t-1} + u_t) h_{t-1}$", "right"),
    ("ex1", "(a) [∂hₜ/∂w] = (1 − hₜ²) hₜ₋₁\n\n(b) |[∂hₜ/∂w]| ≤ |hₜ₋₁| ≤ 1\n", "right right"),
    ("ex1", "(a) [∂hₜ/∂w] = (1 − hₜ²) hₜ\n\n(b) |[∂hₜ/∂w]| ≤ |hₜ₋₁| ≤ 1\n", "wrong right"),
    # Other letters for the step.
    ("ex1", rf"${X.replace('_t', '_i')} = (1-h_i^2) h_{{i-1}}$", "right"),
    ("ex1", rf"${X.replace('_t', '_i')} = (1-h_i^2) h_i$", "wrong"),
    ("recursion", r"$\frac{\partial h_t}{\partial w} = (1-h_t^2)(h_{t-1} + w\frac{\partial h_{t-1}}"
     r"{\partial w})$ for all $t$, so for $t = T$.", "right"),
    # Names, given before, behind, or in the same line.
    ("ex1", rf"$${X} = \frac{{dh_t}}{{dz_t}}\left[\frac{{\partial z_t}}{{\partial w}}\right]"
     r" = (1-\tanh^2 z_t) h_{t-1}$$ with $z_t := w h_{t-1} + u_t$.", "right"),
    ("ex1", rf"$${X} = \frac{{dh_t}}{{dz_t}}\left[\frac{{\partial z_t}}{{\partial w}}\right]"
     r" = (1-\tanh^2 z_t) h_t$$ with $z_t := w h_{t-1} + u_t$.", "wrong"),
    ("sigmoid-step", r"$\frac{\partial c_t}{\partial c_{t-1}} = \frac{e^{-a_t}}{(1+e^{-a_t})^2}W,"
     r"\quad a_t = Wc_{t-1}+Vx_t$", "right"),
    ("series", r"$d_t = 1-h_t^2$, $$\frac{\partial h_T}{\partial w} = \sum_{t=1}^T w^{T-t} d_T"
     r" d_{T-1} \cdots d_t h_{t-1}$$", "right"),
    ("series", r"$d_t = 1-h_t$, $$\frac{\partial h_T}{\partial w} = \sum_{t=1}^T w^{T-t} d_T"
     r" d_{T-1} \cdots d_t h_{t-1}$$", "wrong"),
    ("series", r"$\phi=\tanh$, $a_t = wh_{t-1}+u_t$. $$\frac{\partial h_T}{\partial w}="
     r"\sum_{t=1}^{T}(\prod_{s=t+1}^{T}w\phi'(a_s))\phi'(a_t)h_{t-1}$$", "right"),
    ("series", r"$\phi=\tanh$, $a_t = wh_{t-1}+u_t$. $$\frac{\partial h_T}{\partial w}="
     r"\sum_{t=1}^{T}(\prod_{s=t+1}^{T}w\phi(a_s))\phi'(a_t)h_{t-1}$$", "wrong"),
    ("recursion", r"$$\boxed{\frac{\partial h_T}{\partial w} = (1-h_T^2)(h_{T-1} + w"
     r"\frac{\partial h_{T-1}}{\partial w})}$$", "right"),
    ("recursion", r"$$\frac{\partial h_T}{\partial w} = \boxed{(1-h_T^2)h_{T-1} + w"
     r"\frac{\partial h_{T-1}}{\partial w}}$$", "wrong"),
    # Marks for the derivative.
    ("recursion", r"$$h_T' = (1-h_T^2)(h_{T-1} + w h_{T-1}')$$", "right"),
    ("recursion", r"$$h_T' = (1-h_T^2)(h_{T-1} + h_{T-1}')$$", "wrong"),
    ("recursion", r"$$\dot h_T = (1-h_T^2)(h_{T-1} + w \dot h_{T-1})$$", "right"),
    ("recursion", r"$$\dot h_T = (1-h_T^2) h_{T-1} + w \dot h_{T-1}$$", "wrong"),
    # Dots of ones and rows of dots.
    ("chain", r"(b) $\left|\frac{\partial h_T}{\partial h_0}\right| \le |w|^T \cdot 1^T"
     r" = |w|^T \cdot 1 \cdot 1 \cdots 1$", "missing right"),
    # Words between: who is at most 1, and under what.
    ("chain", r"(b) $\left|\frac{\partial h_T}{\partial h_0}\right| \le |w|^T$ because each factor"
     r" is $\le 1$", "missing right"),
    ("chain", r"(b) $\left|\frac{\partial h_T}{\partial h_0}\right| \le |w|^T$, and that is"
     r" $\le 1$", "missing wrong"),
    ("chain", r"(b) Suppose $|w| < 1$. Then $\left|\frac{\partial h_T}{\partial h_0}\right| \le"
     r" |w|^T \to 0$.", "missing right"),
    ("chain", r"(b) If $|w| < 1$ then $\left|\frac{\partial h_T}{\partial h_0}\right| \le |w|^T"
     r" \le |w|$.", "missing right"),
    ("chain", r"(b) If $|w| < 1$ then $\left|\frac{\partial h_T}{\partial h_0}\right| \le |w|$.",
     "missing wrong"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "text", "expected"), ANY)
def test_notations_names_and_words(name: str, text: str, expected: str) -> None:
    found = [status for status, _ in parts_of(name, text, "answer.md")]
    wanted = expected.split()
    assert found[: len(wanted)] == wanted


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        (rf"${SIZE} = |w|^T \prod_{{t=1}}^T (1-h_t^2) \le |w|^T$"
         r" because $0 \le 1-h_t^2 \le 1$.", "right right right right"),
        (rf"${SIZE} = |w|^T \prod_{{t=1}}^T (1-h_t^2) \le |w|^T$"
         r" because $0 \le 1+h_t^2 \le 1$.", "right right right wrong"),
        (r"$$\left|\frac{\partial h_T}{\partial h_0}\right| \le |w|^T \quad\text{since}\quad"
         r" \frac{\partial h_k}{\partial h_{k-1}} = w (1+h_k^2)$$", "right wrong"),
        (r"Since $h_0 = 0$, $\left|\frac{\partial h_T}{\partial h_0}\right| \le |w|^T$", "right"),
        (r"$\left|\frac{\partial h_T}{\partial h_0}\right| \le |w|^T$ as $|h_t| \le 1/2$",
         "right wrong"),
    ],
)  # fmt: skip
def test_reasons_are_steps_and_suppositions_are_not(text: str, steps: str) -> None:
    assert parts_of("chain", text)[1][1] == steps.split()


def test_a_start_that_is_given_is_no_supposition() -> None:
    text = r"Since $h_0 = 1$, $\frac{\partial h_1}{\partial w} = 0$."
    assert parts_of("ex3", text) == [("right", ["wrong", "right"])]


def test_what_is_right_under_a_generous_reading_or_beside_unread_lines_is_looked_at() -> None:
    table = {
        "model": {"define": [r"h_t = \tanh(w h_{t-1} + u_t)"]},
        "part": [{"id": "a", "target": r"\frac{\partial h_T}{\partial w}"}],
    }
    series = from_toml(table, "series")
    text = r"\sum_{k=0}^T w^k \prod_{i=0}^k (1-h_{T-i}^2) h_{T-k-1}"
    assert mark(series, text).needs_review and mark(series, text).is_right
    assert not mark(series, text.replace("^T", "^{T-1}")).needs_review
    unread = mark(exercise("ex1"), rf"${X} = h_t$, $\max_t h_t \le 1$")
    assert unread.faults and unread.needs_review


def test_feedback_has_numbers_for_people_and_corrections_in_known_notation() -> None:
    assert rounded("[-0.986598637920 +/- 2.53e-13]", "1/4") == ["≈ -0.9866", "1/4"]
    near = rounded("[0.123456789012 +/- 3e-13]", "[0.123456780000 +/- 3e-13]")
    assert near == ["≈ 0.12345679", "≈ 0.12345678"]
    assert rounded("at most 1.5 · 0.85^(T - 1)", "∞") == ["at most 1.5 · 0.85^(T - 1)", "∞"]
    (part,) = mark(exercise("recursion"), r"(1-h_T^2) h_{T-1}").parts
    assert part.verdict is not None and part.verdict.diagnosis is not None
    assert "dir" not in part.verdict.diagnosis.corrected
    assert r"w \frac{\partial h_{T-1}}{\partial w}" in part.verdict.diagnosis.corrected


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        # What stands between two sides and cannot be read is left out, and said.
        ("ex1", rf"$\left|{X}\right| \le \max_x f(x) \le 1$", "missing right"),
        ("ex1", rf"$\left|{X}\right| \le \max_x f(x) = 1$", "missing right"),
        ("ex1", rf"$\left|{X}\right| = \max_x f(x) \le \frac12$", "missing wrong"),
        ("ex1", rf"$\left|{X}\right| \le \max_x f(x) \ge 1$", "missing unreadable"),
        ("ex3", r"$\frac{\partial h_1}{\partial w} = \lim_{e \to 0} \frac{g(e)}{e} = 0$", "right"),
        ("ex3", r"$\frac{\partial h_1}{\partial w} = \lim_{e \to 0} \frac{g(e)}{e} = 1$", "wrong"),
    ],
)
def test_a_side_that_cannot_be_read_does_not_hide_the_others(
    name: str, text: str, expected: str
) -> None:
    result = mark(exercise(name), text, "answer.md")
    assert result.faults
    # (Without any answer that was read, the part that asks for one cannot be read.)
    wanted = ["unreadable" if w == "missing" else w for w in expected.split()]
    assert [p.status for p in result.parts] == wanted


def test_labels_and_names_at_the_end() -> None:
    text = r"(a) $\frac{\partial h_T}{\partial h_0}=\prod_{t=1}^{T}w(1-h_t^2)$ (b) $\le |w|^T$"
    assert [s for s, _ in parts_of("chain", text, "a.md")] == ["right", "right"]
    assert [s for s, _ in parts_of("chain", text.replace("|w|^T", "|w|^{T-1}"), "a.md")] == [
        "right", "wrong",
    ]  # fmt: skip
    text = (
        r"$\frac{\partial h_{t-1}}{\partial c_{t-1}}=o_{t-1}(1-\tanh^2(c_{t-1}))=:\kappa_{t-1}$, "
        r"$A_t=f_t(1-f_t)U_f\kappa_{t-1}c_{t-1}$"
    )
    assert parts_of("lstm-terms", text, "a.md")[0][0] == "right"
    slip = text.replace("1-f_t", "1+f_t")
    assert parts_of("lstm-terms", slip, "a.md")[0][0] == "wrong"
