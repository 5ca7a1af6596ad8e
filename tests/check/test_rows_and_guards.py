"""Gradients that are rows, guarded logarithms, norms of turned matrices, the letter of a slope."""

from __future__ import annotations

import pytest

from tests.check.audited import judged, shown, verdict_of_last

NET = shown(
    r"u_t = W h_{t-1} + U x_t + b", r"h_t = f(u_t)", r"a_t = V h_t", r"L = \sum_t L_t"
)
ROWS = (
    r"Let $\delta_t = \frac{\partial L}{\partial h_t}$ and"
    r" $\delta_t^o = \frac{\partial L_t}{\partial a_t}"
)
BY_V = r"\frac{\partial L}{\partial V} = \sum_t "


def marks(size: str) -> str:
    return NET + ROWS + size + "$.\n\n"


@pytest.mark.parametrize(
    "claim",
    [
        BY_V + r"h_t \delta_t^o",
        r"\frac{\partial L}{\partial W} = \sum_t h_{t-1} (\delta_t \odot f'(u_t)^\top)",
    ],
)
def test_where_gradients_are_rows_that_by_a_matrix_may_be_turned(claim: str) -> None:
    found = verdict_of_last(marks(r" \in \mathbb{R}^{1 \times m}") + shown(claim))
    assert found.verdict == "right_under_reading"
    assert any("rows" in said for said in found.readings)
    # Where nothing says so, nobody is accused of it.
    found = verdict_of_last(marks("") + shown(claim))
    assert found.verdict == "undecided" and "rows" in found.note
    assert verdict_of_last(marks("") + shown(claim.replace("= ", "= 2 "))).verdict == "wrong"


def test_an_outer_product_of_columns_has_its_own_order() -> None:
    for size in ("", r" \in \mathbb{R}^{m}"):
        text = marks(size) + shown(r"\delta_t^o = \hat{y}_t - y_t")
        assert verdict_of_last(text + shown(BY_V + r"h_t (\delta_t^o)^\top")).verdict != "right"


def test_states_that_are_rows_leave_matrices_as_they_are() -> None:
    text = shown(
        r"h_t = \tanh(h_{t-1} W + x_t U) \in \mathbb{R}^{1 \times n}", r"o_t = h_t V",
        r"L = \sum_t L_t",
    )  # fmt: skip
    size = r"\in \mathbb{R}^{1 \times m}"
    delta = rf"Let $\delta_t = \frac{{\partial L_t}}{{\partial o_t}} {size}$." + "\n\n"
    assert verdict_of_last(text + delta + shown(BY_V + r"h_t^\top \delta_t")).is_right
    assert verdict_of_last(text + delta + shown(BY_V + r"\delta_t^\top h_t")).verdict == "wrong"


@pytest.mark.parametrize("guard", [r"\epsilon", r"\varepsilon", "10^{-8}", r"\text{eps}"])
@pytest.mark.parametrize("log", [r"\log", r"\ln"])
def test_what_keeps_a_logarithm_finite_is_no_part_of_the_gradient(guard: str, log: str) -> None:
    text = shown(
        r"h_t = \tanh(W h_{t-1} + U x_t)", r"o = V h_T + c", r"\hat{y} = \sigma(o)",
        rf"L = -[ y {log}(\hat{{y}} + {guard}) + (1 - y) {log}(1 - \hat{{y}} + {guard}) ]",
    )  # fmt: skip
    claim = r"\frac{\partial L}{\partial o} = \hat{y} - y"
    found = verdict_of_last(text + shown(claim))
    assert found.verdict == "right_under_reading"
    assert any("logarithm" in said for said in found.readings)
    assert verdict_of_last(text + shown(claim.replace(r"\hat{y} - y", r"y - \hat{y}"))).verdict == (
        "wrong"
    )


Z = shown(r"z_t = W h_{t-1} + U x_t", r"h_t = \tanh(z_t)")
SLOPE = r"\operatorname{diag}(\tanh'(z_j))"


@pytest.mark.parametrize("turned", ["W", r"W^\top"])
@pytest.mark.parametrize("right", ["W", r"W^\top"])
def test_the_norm_of_a_product_is_at_most_that_of_its_factors(turned: str, right: str) -> None:
    bound = rf"\left\|{turned} {SLOPE}\right\| \leq \|{right}\| \, \|{SLOPE}\|"
    assert verdict_of_last(Z + shown(bound)).is_right
    run = rf"\left\|\prod_{{j=k+1}}^t {turned} {SLOPE}\right\| \leq \prod_{{j=k+1}}^t"
    run += rf" \|{right}\| \, \|{SLOPE}\|"
    assert verdict_of_last(Z + shown(run)).is_right
    fewer = run.replace(r"\leq \prod_{j=k+1}", r"\leq \prod_{j=k+2}")
    assert verdict_of_last(Z + shown(fewer)).verdict == "wrong"
    assert verdict_of_last(Z + shown(bound.replace(rf"\|{right}\|", r"\|U\|"))).verdict == "wrong"


def test_a_transpose_changes_norms_that_are_not_euclidean() -> None:
    for kind, verdict in (("2", "right"), ("F", "right"), ("1", "wrong"), (r"\infty", "wrong")):
        bound = rf"\|W^\top U\|_{kind} \leq \|W\|_{kind} \|U\|_{kind}"
        found = verdict_of_last(shown(r"h_t = W h_{t-1} + U h_{t-2}") + shown(bound))
        assert ("right" if found.is_right else found.verdict) == verdict
    said = verdict_of_last(Z + shown(rf"\|W^\top {SLOPE}\| \leq \|W\| \, \|{SLOPE}\|"))
    assert [r for r in said.readings if "transpose" in r] == [
        "a matrix and its transpose have the same norm, as in the Euclidean one"
    ]


GATES = "Later the LSTM, with the sigmoid $\\sigma$:\n\n" + shown(
    r"f_t = \sigma(W_f x_t + U_f h_{t-1})"
)


def test_a_slope_is_that_of_the_state_until_its_letter_is_applied() -> None:
    claim = r"\frac{\partial h_t}{\partial h_{t-1}} = \operatorname{diag}(\sigma'(z_t)) W"
    found = verdict_of_last(Z + "A bound has $\\sigma_1 = 0.9$.\n\n" + shown(claim))
    assert found.is_right
    assert verdict_of_last(Z + shown(claim)).is_right
    before = [j.verdict for j in judged(Z + shown(claim) + GATES)]
    assert before[2].is_right and any(r"\tanh" in said for said in before[2].readings)
    after = verdict_of_last(Z + GATES + shown(claim))
    assert after.verdict != "right"


@pytest.mark.parametrize(
    "words",
    [
        "Sea $\\gamma$ una cota de $|\\sigma'|$ y $\\lambda_1$ el **mayor valor singular** de $W$.",
        "Soit $\\gamma$ un majorant de $|\\sigma'|$ et $\\lambda_1$ la plus grande"
        " valeur singulière de $W$.",
        "Sei $\\gamma$ eine obere Schranke von $|\\sigma'|$, $\\lambda_1$ der größte Singulärwert.",
        "Let $\\gamma$ be an upper bound on $|\\sigma'|$, $\\lambda_1$ the largest singular value.",
        "$\\gamma$ は $|\\sigma'|$ の上界, 最大特異値 $\\lambda_1$.",
    ],
)
def test_what_bounds_a_slope_is_said_in_any_language(words: str) -> None:
    values = "\n\n- $\\gamma = 1$ (tanh)\n- $\\gamma = 1/4$ (sigmoid)\n\n"
    bound = r"\left\|\frac{\partial h_t}{\partial h_k}\right\| \leq (\lambda_1 \gamma)^{t-k}"
    if "上界" in words:
        values = "\n\n"
    assert verdict_of_last(Z + words + values + shown(bound)).is_right
    assert verdict_of_last(Z + words + values + shown(bound + "{}^2")).verdict != "right"
