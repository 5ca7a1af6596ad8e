"""Steps of a solution: right, wrong, not justified, carried; bounds argued factor by factor."""

from __future__ import annotations

from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bptt_sym.check.answer import Court
from bptt_sym.check.setting import Setting
from bptt_sym.check.solution import chains_of, judge_chain
from bptt_sym.check.solution.absolute import Signs, fingerprint, spread, without_common_factors
from bptt_sym.check.solution.judge import Step, conclusion, relate
from bptt_sym.documents.document import document_from_text
from bptt_sym.read import read_claim, read_expression

CELL = (r"h_t = \tanh(w h_{t-1} + u_t)",)
LONG = r"(1-h_T^2)(1-h_{T-1}^2)\cdots(1-h_t^2)"
BRACKET = r"\left[\frac{\partial h_{t-1}}{\partial w}\right]"


@cache
def court(started: bool = True) -> Court:
    define = (*CELL, "h_0 = 0") if started else CELL
    return Court.of(Setting(define=define).model)


def judged(text: str) -> list[list[Step]]:
    solution = chains_of(document_from_text(text, "solution.md"), court())
    assert not solution.faults, solution.faults
    return [judge_chain(chain, court()) for chain in solution.chains]


def statuses(text: str) -> list[str]:
    return [step.status for steps in judged(text) for step in steps]


def test_the_bound_of_exercise_2_is_right_step_by_step() -> None:
    text = rf"""
$$\left|{LONG}{BRACKET}\right| = {LONG}\left|{BRACKET}\right|$$
$$\le \left|{BRACKET}\right| = |(1-h_{{t-1}}^2) h_{{t-2}}| = (1-h_{{t-1}}^2)|h_{{t-2}}|
  \le |h_{{t-2}}| \le 1$$
"""
    assert statuses(text) == ["right"] * 6


def test_an_induction_is_right_and_its_cases_are_no_steps() -> None:
    text = rf"""For $T = t$ we have
$$\left|(1-h_t^2){BRACKET}\right| \le \left|{BRACKET}\right| \le 1,$$
because $1 - h_t^2 \le 1$ and $t \ge 2$. Assume the bound for $T - 1 \ge t$. Then
\begin{{align*}}
\left|{LONG}{BRACKET}\right|
&= (1-h_T^2)\left|(1-h_{{T-1}}^2)\cdots(1-h_t^2){BRACKET}\right| \\
&\leq (1 - h_T^2) \cdot 1 \\ &\leq 1. \end{{align*}}"""
    assert [[s.status for s in steps] for steps in judged(text)] == [
        ["right", "right"], ["right"], ["right", "right", "right"],
    ]  # fmt: skip


def test_unmarked_derivatives_beside_a_bracket_may_be_immediate_and_that_is_said() -> None:
    inner = r"\frac{\partial}{\partial w}(w h_{t-1} + u_t)"
    bracket = r"\left[\frac{\partial h_t}{\partial w}\right]"
    (steps,) = judged(rf"$${bracket} = \tanh'(w h_{{t-1}} + u_t) {inner} = (1-h_t^2) h_{{t-1}}$$")
    assert [s.status for s in steps] == ["right", "right"]
    assert "immediate" in " ".join(steps[0].verdict.readings)
    assert steps[1].verdict.readings == ()
    # Not where the left side is the total derivative.
    left = r"\frac{\partial h_t}{\partial w}"
    (steps,) = judged(rf"$${left} = \tanh'(w h_{{t-1}} + u_t) {inner} = (1-h_t^2) h_{{t-1}}$$")
    assert [s.status for s in steps] == ["right", "wrong"]


def test_products_of_sizes_factor_by_factor() -> None:
    text = r"""$$\left|\frac{\partial h_T}{\partial h_0}\right| = \prod_{t=1}^T |w||1-h_t^2|
\le \prod_{t=1}^T |w| = |w|^T$$"""
    assert statuses(text) == ["right"] * 3
    assert statuses(text.replace("= |w|^T", r"\le |w|^{T-1}"))[-1] != "right"


def test_a_step_too_far_is_wrong_and_what_rests_on_it_is_not_justified() -> None:
    text = rf"""\begin{{align}}
|{LONG}| &\le (1-h_{{T-1}}^2)\cdots(1-h_t^2) \\ &\le 1/2 \\ &\le 1
\end{{align}}"""
    (steps,) = judged(text)
    assert [s.status for s in steps] == ["right", "wrong", "not_justified"]
    assert steps[1].verdict.counterexample is not None


def test_a_slip_is_wrong_its_consequence_carried_and_a_right_end_not_justified() -> None:
    text = r"""\begin{align}
\frac{\partial h_T}{\partial w} &= (1-h_T^2)(h_{T-1} + w \frac{\partial h_{T-1}}{\partial w}) \\
&= (1-h_T^2) h_{T-1} + w \frac{\partial h_{T-1}}{\partial w} \\
&= h_{T-1} - h_T^2 h_{T-1} + w \frac{\partial h_{T-1}}{\partial w} \\
&= \sum_{t=1}^T w^{T-t} \prod_{j=t}^T (1-h_j^2) h_{t-1}
\end{align}"""
    assert statuses(text) == ["right", "wrong", "carried", "not_justified"]


def test_every_line_of_a_right_chain_is_right_also_when_the_left_side_is_written_again() -> None:
    text = r"""
$$\frac{\partial h_t}{\partial h_{t-1}} = (1 - \tanh^2(w h_{t-1} + u_t)) w$$
and so
$$\frac{\partial h_t}{\partial h_{t-1}} = (1-h_t^2) w.$$
"""
    (steps,) = judged(text)
    assert [s.status for s in steps] == ["right", "right"]


def test_names_that_the_solution_gives_are_understood() -> None:
    text = r"""Let $a_t = w h_{t-1} + u_t$ and $D_t = 1 - \tanh^2(a_t)$. Then
$$\frac{\partial h_t}{\partial h_{t-1}} = D_t w = D_t^2 w.$$"""
    assert statuses(text) == ["right", "wrong"]


def test_a_lemma_has_a_chain_of_its_own() -> None:
    text = r"First $|h_t| < 1$. Then $1 - h_t^2 \le 1$, but $1 - h_t^2 \le \frac12$ is too much."
    chains = judged(text)
    assert [[s.status for s in steps] for steps in chains] == [["right"], ["right"], ["wrong"]]


def test_a_number_on_the_left_or_a_second_bound_of_one_thing_starts_a_chain() -> None:
    # 0 < b behind 0 < a ≤ 1 does not say 1 < b, and |x| ≤ 1 behind |x| ≤ 2 not 2 ≤ 1.
    text = (
        r"$0 < 1 - h_t^2 \le 1$, and so $0 < (1 - h_t^2)^2 \le 1$; "
        r"$|h_t| \le 2$, even $|h_t| \le 1$."
    )
    assert statuses(text) == ["right"] * 6


@pytest.mark.parametrize(
    ("ops", "whole"),
    [
        (r"\le h_t^2 = h_t h_t", "<="),
        (r"< 1 \le 2", "<"),
        (r"= h_t h_t = h_t^2", "="),
        (r"\ge 0 \ge -1", ">="),
        (r"\le 1 \ge 0", None),
    ],
)
def test_what_follows_from_a_chain(ops: str, whole: str | None) -> None:
    solution = chains_of(document_from_text(f"$$h_t^2 {ops}$$", "s"), court())
    assert conclusion(solution.chains[0]) == whole


def test_relations_that_point_both_ways_prove_nothing() -> None:
    # 2 ≥ h_t² and 2 ≥ 1 are true, but h_t² ≥ 1 is not what they say.
    (steps,) = judged(r"$$h_t^2 \le 2 \ge 1$$")
    assert [s.status for s in steps] == ["right", "right"]
    (steps,) = judged(r"$$h_t^2 \le 2 \ge 3$$")
    assert [s.status for s in steps] == ["right", "wrong"]


def test_a_common_factor_of_unknown_sign_is_not_cancelled() -> None:
    # w ≤ 2w is false for w < 0, although 1 ≤ 2.
    claim = read_claim(r"w h_t^2 \le 2 w h_t^2", court().model)
    assert not relate(claim.sides[0], "<=", claim.sides[1], court()).is_right
    claim = read_claim(r"|w| h_t^2 \le 2 |w| h_t^2", court().model)
    assert relate(claim.sides[0], "<=", claim.sides[1], court()).is_right


def test_nothing_strict_is_concluded_from_factors_that_may_be_zero() -> None:
    # At h_t = 0 both sides are 0.
    claim = read_claim(r"h_t^2 < 2 h_t^2", court().model)
    assert not relate(claim.sides[0], "<", claim.sides[1], court()).is_right


def test_the_start_that_a_sign_needs_is_named() -> None:
    claim = read_claim(r"|(1-h_{t-1}^2) h_t| = (1-h_{t-1}^2)|h_t|", court().model)
    free = court(False)
    verdict = relate(claim.sides[0], "=", claim.sides[1], free)
    assert verdict.verdict == "right_under_reading"
    assert "|h_0| < 1" in " ".join(verdict.assumptions)
    assert relate(claim.sides[0], "=", claim.sides[1], court()).assumptions == ()


@pytest.mark.parametrize(
    ("big", "small", "fits"),
    [
        # T - t + 1 factors against one fewer: the range of the first is never empty.
        (r"\prod_{j=t}^{T} (1-h_j^2)", r"\prod_{j=t+1}^{T} (1-h_j^2)", True),
        (r"\prod_{j=t}^{T} (1-h_j^2)", r"(1-h_T^2)", True),
        # From t+1 to T there may be no factor at all, and then 1 ≤ 1 - h_T² is false.
        (r"\prod_{j=t+1}^{T} (1-h_j^2)", r"(1-h_T^2)", False),
        (r"\prod_{j=t+1}^{T} (1-h_j^2)", r"\prod_{j=t+3}^{T} (1-h_j^2)", False),
        (r"\prod_{j=1}^{T} (1-h_j^2)", r"(1-h_T^2)", True),
    ],
)
def test_factors_are_taken_out_of_ranges_that_have_them(big: str, small: str, fits: bool) -> None:
    model = court().model
    signs = Signs(model, True)
    left, right = (spread(read_expression(s, model), signs) for s in (big, small))
    assert without_common_factors(left, right, signs)[2] is fits
    verdict = relate(left, "<=", right, court())
    assert verdict.is_right is fits


@pytest.mark.parametrize(
    ("a", "b", "same"),
    [
        (r"\sum_{j=1}^T h_j", r"\sum_{k=1}^T h_k", True),
        (r"\sum_{j=1}^T h_j", r"\prod_{j=1}^T h_j", False),
        (r"\sum_{j=1}^T \sum_{k=1}^T h_j u_k^2", r"\sum_{k=1}^T \sum_{j=1}^T h_k u_j^2", True),
        (r"\sum_{j=1}^T \sum_{k=1}^{j} h_j u_k", r"\sum_{j=1}^T \sum_{k=1}^{j} h_k u_j", False),
        (r"h_{t-1+0} w", r"w h_{t-1}", True),
        (r"w - u_t", r"u_t - w", False),
    ],
)
def test_fingerprints_are_those_of_the_formula(a: str, b: str, same: bool) -> None:
    one, two = (fingerprint(read_expression(x, court().model)) for x in (a, b))
    assert (one == two) is same


FACTORS = [
    r"(1-h_t^2)", r"h_t", r"\left|h_{t+1}\right|", r"w", r"u_t", r"h_t^2", r"3",
    r"(1-h_{t+1}^2)",
]  # fmt: skip


def size(latex: str) -> str:
    return rf"\left|{latex}\right|"


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from(FACTORS), min_size=1, max_size=5), st.randoms())
def test_absolute_values_go_to_the_factors_in_any_order(factors: list[str], rng: object) -> None:
    model = court().model
    shuffled = list(factors)
    rng.shuffle(shuffled)  # type: ignore[attr-defined]
    signs = Signs(model, True)
    whole = spread(read_expression(size(" ".join(factors)), model), signs)
    parts = spread(read_expression(" ".join(size(f) for f in shuffled), model), signs)
    assert fingerprint(whole) == fingerprint(parts)
    assert relate(whole, "=", parts, court()).is_right


@settings(max_examples=25, deadline=None)
@given(st.lists(st.sampled_from(FACTORS), min_size=1, max_size=4), st.sampled_from(FACTORS))
def test_no_bound_is_proved_that_numbers_refute(factors: list[str], more: str) -> None:
    """|abc| ≤ |bc| holds if |a| ≤ 1 and not in general: compared with values in floats."""
    from math import tanh

    model = court().model
    claim = read_claim(
        rf"{size(' '.join([*factors, more]))} \le {size(' '.join(factors))}", model
    )
    if not relate(claim.sides[0], "<=", claim.sides[1], court()).is_right:
        return
    for w, u in ((2.0, 1.5), (-3.0, 0.4), (0.5, -2.0)):
        h0 = 0.0
        h1 = tanh(w * h0 + u)
        h2 = tanh(w * h1 + u)
        value = {
            r"(1-h_t^2)": 1 - h1**2, r"h_t": h1, r"\left|h_{t+1}\right|": abs(h2), r"w": w,
            r"u_t": u, r"h_t^2": h1**2, r"3": 3.0, r"(1-h_{t+1}^2)": 1 - h2**2,
        }  # fmt: skip
        rest = 1.0
        for f in factors:
            rest *= abs(value[f])
        assert rest * abs(value[more]) <= rest + 1e-12


def test_hostile_solutions_end_soon() -> None:
    texts = [
        "$$h_t" + r" = h_t" * 5000 + "$$",
        "$$" + "{" * 3000 + "$$",
        "$$h_t = w^{10^{10^{10}}}$$",
        "\n\n".join("$h_t = w$" for _ in range(3000)),
        "$$ \\le $$" * 50,
        "\u202e$$h_t = h_t$$\u0000",
    ]
    for text in texts:
        solution = chains_of(document_from_text(text, "s"), court())
        assert sum(len(c.sides) for c in solution.chains) <= 2000
