"""Gates in columns, without their steps, and what holds of them only because it is 0."""

from __future__ import annotations

import pytest

from bptt_sym.documents.document import document_from_text
from bptt_sym.spelling.column_equations import written_row_by_row
from tests.check.audited import judged


def column(*rows: str, env: str = "bmatrix") -> str:
    return rf"\begin{{{env}}} " + r" \\ ".join(rows) + rf" \end{{{env}}}"


GATES = (r"{\hat g_i}", r"{\hat g_f}", r"{\hat g_o}")
WEIGHTS = column(*(f"W_{k} & U_{k}" for k in "kifo"))
VALUES = (r"\tanh({\hat k}_r^{(t)})", *(rf"\sigma(\hat g_{k})" for k in "ifo"))
CELL = "\n\n".join(
    f"$${line}$$"
    for line in (
        column(r"{\hat k_r}^{(t)}", *GATES)
        + f" = {WEIGHTS} \\cdot {column('x^{(t)}', 's^{(t-1)}')} = W \\cdot J^{{(t)}}",
        column(r"{\hat k}^{(t)}", "g_i", "g_f", "g_o", env="pmatrix")
        + f" = {column(*VALUES, env='pmatrix')}",
        r"c^{(t)} = g_f \otimes c^{(t-1)} + g_i \otimes {\hat k}^{(t)}",
        r"s^{(t)} = g_o \otimes \tanh(c^{(t)})",
    )
)
SAID = "\n\nHere $\\delta v$ stands for $\\frac{\\partial L}{\\partial v}$.\n\n"
NEW = r"\delta {\hat k}_r^{(t)} = "


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        (r"\delta g_o = \tanh(c^{(t)}) \otimes \delta s^{(t)}", "right"),
        (r"\delta {\hat k}^{(t)} = g_i \otimes \delta c^{(t)}", "right"),
        (r"\delta \hat g_i = g_i (1 - g_i) \otimes \delta g_i", "right"),
        (NEW + r"(1 - ({\hat k}^{(t)})^2) \otimes \delta {\hat k}^{(t)}", "right"),
        (NEW + r"(1 - \tanh^2({\hat k}^{(t)})) \otimes \delta {\hat k}^{(t)}", "wrong"),
        (r"\delta \hat g_i = g_f (1 - g_f) \otimes \delta g_i", "wrong"),
    ],
)
def test_columns_of_gates_without_a_step(formula: str, expected: str) -> None:
    found = judged(f"{CELL}{SAID}$${formula}$$")[-1].verdict
    assert ("right" if found.is_right else found.verdict) == expected


@pytest.mark.parametrize(
    ("written", "rows"),
    [
        (column("a_t", "b_t") + " = " + column(r"\tanh(u_t)", r"\sigma(v_t)"),
         r"a_t = \tanh(u_t) \\ b_t = \sigma(v_t)"),
        (rf"\left[{column('a', 'b', env='matrix')}\right] = "
         + column("A & B", "C & D") + column("x_t", "h_{t-1}"),
         r"a = A x_t + B h_{t-1} \\ b = C x_t + D h_{t-1}"),
        (column("a", "b") + " = " + column("A", "C") + " + r", ""),
        (column("a", "b") + " = " + column("A & B"), ""),
        (column("a", "b") + " = " + column("A & B", "C & D") + column("x", "y", "z"), ""),
        (column("2 a", "b") + " = " + column("u", "v"), ""),
    ],
)  # fmt: skip
def test_equations_between_columns_are_written_row_by_row(written: str, rows: str) -> None:
    (formula,) = document_from_text(f"$${written}$$", "columns.md").formulas
    assert written_row_by_row(formula).latex == (rows or formula.latex)


def test_what_holds_because_both_gradients_vanish_is_not_called_right() -> None:
    given = r"$$u_t = \tanh(A u_{t-1} + x_t), \quad v_t = \tanh(B u_t)$$"
    loss = r"$$L = \sum_t (u_t - y_t)^2$$"
    by = r"\frac{\partial L}{\partial v_t}"
    assert judged(f"{given}\n\n{loss}\n\n$${by} = 5 B {by}$$")[-1].verdict.verdict == "undecided"
