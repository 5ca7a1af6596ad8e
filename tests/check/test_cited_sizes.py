"""The size of an activation or of its slope, which texts and solutions cite without an argument."""

from __future__ import annotations

import pytest

from bptt_sym.check.answer import Court
from bptt_sym.check.audit import audit
from bptt_sym.check.exercises.exercise import exercise
from bptt_sym.check.exercises.mark import Mark, mark
from bptt_sym.documents.document import document_from_text
from bptt_sym.read import read_claim, recurrence_from_latex

CELL = "$$h_t = \\tanh(W h_{t-1} + U x_t + b)$$\n\n"
STEP = r"\left\| \frac{\partial h_t}{\partial h_{t-1}} \right\| \le \|W\| "
RANGE = r"\left\| \frac{\partial h_t}{\partial h_k} \right\| \le "


def verdicts(*formulas: str) -> list[str]:
    text = CELL + "\n\n".join(f"$${f}$$" for f in formulas)
    return [j.verdict.verdict for j in audit(document_from_text(text, "n.md"))][1:]


def test_the_norm_of_a_diagonal_matrix_of_slopes() -> None:
    right = (
        r"\|\text{diag}(\tanh')\| \le 1",
        STEP + r"\|\mathrm{diag}(\tanh')\| \le \|W\|",
        RANGE + r"\prod_{j=k+1}^t \|W\| \|\operatorname{diag}(\tanh'(\cdot))\|",
        RANGE + r"\prod_{j=k+1}^t \left\| W \right\| \left\| \text{diag}[\tanh'] \right\|",
    )
    assert set(verdicts(*right)) <= {"right", "right_under_reading"}
    slips = (
        r"\|\text{diag}(\tanh')\| \le \frac12",
        RANGE + r"\prod_{j=k+1}^{t-1} \|W\| \|\mathrm{diag}(\tanh')\|",
        RANGE + r"\frac12 \prod_{j=k+1}^t \|W\| \|\mathrm{diag}(\tanh')\|",
    )
    assert not {"right", "right_under_reading"} & set(verdicts(*slips))


def solved(text: str, name: str = "ex1") -> Mark:
    return mark(exercise(name), text)


@pytest.mark.parametrize("size", [
    r"0<\tanh^{\prime}\le 1", r"\tanh' \leq 1", r"0 < \operatorname{sech}^2 \le 1",
    r"\left|\tanh\right| < 1", r"-1 < \tanh < 1",
])  # fmt: skip
def test_a_solution_cites_a_size(size: str) -> None:
    answer = r"$[\frac{\partial h_t}{\partial w}]=(1-h_t^2)h_{t-1}$. Since "
    bound = r", $|[\frac{\partial h_t}{\partial w}]|<1$."
    found = solved(f"{answer}${size}${bound}")
    assert not found.faults and found.score == 4
    wrong = size.replace(" 1", r" \frac12", 1)
    assert wrong != size
    cited = solved(f"{answer}${wrong}${bound}")
    assert not cited.faults and cited.score < 4


@pytest.mark.parametrize("said", [
    r"So the whole is $\le 1 \cdot 1 = 1$.", r"Hence the whole product is $\leq 1$",
])  # fmt: skip
def test_the_answer_behind_the_words_for_what_is_asked(said: str) -> None:
    step = r"\left|\left[\frac{\partial h_{t-1}}{\partial w}\right]\right|"
    reasons = rf"Since $0<1-h_s^2\le1$ and ${step} \le 1$. "
    found = solved(reasons + said, "ex2")
    assert [p.status for p in found.parts] == ["right"]
    small = solved(reasons + said.replace("1", r"\frac12", 1), "ex2")
    assert [p.status for p in small.parts] == ["wrong"]


def test_numbers_that_are_not_equal_are_no_case() -> None:
    found = solved(r"So the whole is $\le 1 \cdot 1 = 2$.", "ex2")
    assert "wrong" in {step.status for step in found.lemmas}


def test_even_powers_of_sech_are_slopes() -> None:
    court = Court.of(recurrence_from_latex([r"h_t = \tanh(w h_{t-1} + u_t)"], scalar=True))
    z = "(w h_{t-1} + u_t)"
    slope = r"\frac{\partial h_t}{\partial h_{t-1}}"

    def judged(claim: str) -> str:
        return court.judge(read_claim(claim, court.model)).verdict

    right = (
        rf"0 < \operatorname{{sech}}^2{z} \le 1",
        rf"|{slope}| = |w| \operatorname{{sech}}^2{z} \le |w|",
        rf"{slope} = \frac{{w}}{{\cosh^2{z}}}",
        rf"{slope} = w \cosh^{{-2}}{z}",
        rf"\operatorname{{sech}}^4{z} = (1 - h_t^2)^2",
    )
    assert {judged(c) for c in right} == {"right"}
    wrong = (
        rf"{slope} = w \operatorname{{sech}}{z}",
        rf"{slope} = w \cosh^2{z}",
        rf"{slope} = \frac{{w}}{{\cosh^4{z}}}",
        rf"\operatorname{{sech}}^2{z} \le \frac12",
    )
    assert {judged(c) for c in wrong} == {"wrong"}
