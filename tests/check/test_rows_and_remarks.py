r"""What stands beside rows, chains that are not understood to their end, outputs without a step."""

from __future__ import annotations

import pytest

from tests.check.audited import judged, of_claims, shown

CELL = shown(r"h_t = \tanh(W h_{t-1} + U x_t)", r"y_t = V h_t")
FACTOR = r"\frac{\partial L_t}{\partial y_t}"


@pytest.mark.parametrize("remark", [
    r"(y_t = V h_t)", r"\left(y_t = V h_t\right)", r"y_t = V h_t", r"\text{by the chain rule}",
    r"\frac{\cdot}{\cdot} \text{ is element-wise}", r"h_t \text{ is the state}",
    r"\text{weil } h_t \text{ bekannt ist}",
])  # fmt: skip
@pytest.mark.parametrize("environment", ["aligned", "split", "align*"])
def test_a_remark_beside_a_row_is_no_factor(remark: str, environment: str) -> None:
    rows = (
        rf"\begin{{{environment}}}"
        rf"\frac{{\partial L_t}}{{\partial V}} &= "
        rf"{FACTOR} \frac{{\partial y_t}}{{\partial V}} & {remark} \\ "
        rf"&= {FACTOR} h_t^T & {remark} \\ "
        rf"&= {FACTOR} h_{{t-1}}^T & {remark}"
        rf"\end{{{environment}}}"
    )
    text = CELL + (shown(rows) if environment != "align*" else rows)
    first, second, third = of_claims(text)[:3]
    assert (first, second) == ("right", "right")
    # (What stands in brackets may say for which case the row speaks.)
    assert third == "wrong" or (third == "undecided" and "(" in remark)


@pytest.mark.parametrize(
    "cell", [r"a &= b & c &= d \\", r"\begin{cases} 1 & i = j \\ 0 & i \ne j \end{cases}"]
)
def test_other_columns_stay(cell: str) -> None:
    from bptt_sym.documents.document import formula_from_text
    from bptt_sym.spelling.annotation_columns import with_remarks_apart

    formula = formula_from_text(cell, "a")
    assert with_remarks_apart(formula).latex == formula.latex


def test_a_condition_beside_a_row_stays() -> None:
    from bptt_sym.documents.document import formula_from_text
    from bptt_sym.spelling.annotation_columns import with_remarks_apart

    formula = formula_from_text(r"h_t &= 0 & \text{for } t < 1 \\ h_t &= 1 & \text{if } t = 1", "a")
    assert with_remarks_apart(formula).latex == formula.latex


@pytest.mark.parametrize("rest", [r"Q^T \Lambda Q", "Q", r"W^k_{ab}"])
def test_a_chain_is_judged_up_to_what_is_not_understood(rest: str) -> None:
    left = r"\frac{\partial h_t}{\partial h_{t-1}}"
    right = CELL + shown(rf"{left} = \mathrm{{diag}}(1 - h_t^2) W = {rest}")
    wrong = CELL + shown(rf"{left} = \mathrm{{diag}}(1 - h_t) W = {rest}")
    assert judged(right)[-1].verdict.verdict in ("undecided", "unreadable")
    assert "wrong" in of_claims(wrong)


@pytest.mark.parametrize("output", [r"\hat y", r"\hat{y}", "o", "y"])
@pytest.mark.parametrize("brackets", ["", "()"])
def test_an_output_without_a_step(output: str, brackets: str) -> None:
    opens, closes = brackets or ("", "")
    cell = shown(r"s_t = \tanh(U x_t + W s_{t-1})")
    factors = [("L", output), (output, "s_t"), ("s_t", "s_{t-1}"), ("s_{t-1}", "W")]
    fractions = [rf"{opens}\frac{{\partial {a}}}{{\partial {b}}}{closes}" for a, b in factors]
    left = r"\frac{\partial L}{\partial s_{t-1}} = "
    assert of_claims(cell + shown(left + "".join(fractions[:3]))) == ["right"]
    assert of_claims(cell + shown(left + fractions[0] + fractions[2])) != ["right"]


BEFORE = shown(
    r"h_t = \phi(U x_t + W h_{t-1} + b)", r"y_t = \psi(V h_t + c)",
    r"\frac{\partial y_t}{\partial h_t} = \mathrm{diag}(\psi'(z_t)) V",
)  # fmt: skip
SLOPE = r"\frac{\partial h_t}{\partial h_{t-1}} = \mathrm{diag}(\phi'(z_t)) W"


def test_a_name_that_is_given_anew_behind_where() -> None:
    out, inner = r"z_t = V h_t + c", r"z_t = U x_t + W h_{t-1} + b"
    text = BEFORE + f"where $${out}$$\n\n" + shown(SLOPE)
    assert "right" in of_claims(text + f"where: $${inner}$$\n\n")[-1:]
    assert "right" not in of_claims(text + f"where: $${out}$$\n\n")[-1:]
    assert of_claims(text.replace("phi'(z_t)) W", "phi'(z_t)) U") + f"where: $${inner}$$\n\n")[
        -1:
    ] != ["right"]


@pytest.mark.parametrize("ahead", [r"\frac{\partial h_{t+1}}{\partial h_t}"])
def test_a_loss_that_is_carried_back(ahead: str) -> None:
    cell = CELL + shown(r"L_t = \frac{1}{2}\|y_t - d_t\|^2")
    right = (
        r"\frac{\partial L_t}{\partial h_t} = \frac{\partial L_t}{\partial y_t}"
        r"\frac{\partial y_t}{\partial h_t} + \frac{\partial L_{t+1}}{\partial h_{t+1}}" + ahead
    )
    assert of_claims(cell + shown(right)) == ["right"]
    assert "stands for the losses of all steps" in " ".join(
        judged(cell + shown(right))[-1].verdict.readings
    )
    for a, b in ((r"\partial y_t}{\partial h_t}", r"\partial y_t}{\partial h_{t-1}}"),
                 (ahead, r"\frac{\partial h_t}{\partial h_{t-1}}"), ("+", "-")):  # fmt: skip
        assert of_claims(cell + shown(right.replace(a, b))) != ["right"], (a, b)


def test_a_state_that_says_which_term_it_is_accuses_nobody() -> None:
    factors = [("L", "o"), ("o", "s_t"), ("s_t", "s_{t-1}"), ("s_{t-1}", "W")]
    product = " ".join(rf"\frac{{\partial {a}}}{{\partial {b}}}" for a, b in factors)
    cell = shown(r"s_t = \tanh(U x_t + W s_{t-1})")
    (found,) = of_claims(cell + shown(f"s_{{t-1}} = {product}"))
    assert found == "undecided"
    assert of_claims(cell + shown(r"s_2 = 2 \tanh(U x_2 + W s_1)")) == ["wrong"]


@pytest.mark.parametrize("rest", ["", " = Q"])
def test_a_recurrence_further_down_accuses_no_beginning(rest: str) -> None:
    claim = rf"\frac{{\partial s_t}}{{\partial s_{{t-1}}}} = \mathrm{{diag}}(1 - s_t) A{rest}"
    cells = [r"s_t = \tanh(A s_{t-1} + B x_t)", r"s_t = \sigma(A s_{t-1} + B x_t)"]
    assert of_claims(CELL + shown(claim, *cells)) == ["undecided"]
    assert of_claims(CELL + shown(cells[0], claim)) == ["wrong"]
