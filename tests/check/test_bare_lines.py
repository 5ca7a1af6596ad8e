"""LaTeX whose delimiters were lost, and states that run from the last step to the first."""

from __future__ import annotations

import pytest

from bptt_sym.documents.document import document_from_text
from tests.check.audited import last, verdicts

CELL = r"""
q_t = \tanh(A x_t + B q_{t-1})
"""


def formulas(text: str) -> list[str]:
    return [f.latex for f in document_from_text(text, "n.md").formulas]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (r"\frac{\partial q_t}{\partial q_{t-1}} = \mathrm{diag}(1 - q_t^2) B", "right"),
        (r"\frac{\partial q_t}{\partial q_{t-1}} &= \text{diag}(1 - q_t \odot q_t) B", "right"),
        (r"[ \frac{\partial q_t}{\partial q_{t-1}} = \mathrm{diag}(1 - q_t^2) B ]", "right"),
        ("[\n\\frac{\\partial q_t}{\\partial q_{t-1}} =\n\\mathrm{diag}(1 - q_t^2) B\n]", "right"),
        ("> [\n> \\frac{\\partial q_t}{\\partial q_{t-1}} ;=; \\mathrm{diag}(1 - q_t^2) B\n> ]",
         "right"),
        (r"\frac{\partial q_t}{\partial q_{t-1}} = B", "wrong"),
    ],
)  # fmt: skip
def test_formulas_that_lost_their_delimiters(line: str, expected: str) -> None:
    assert verdicts(f"The cell:\n{CELL}\nand its slope\n\n{line}\n")[-1] == expected


@pytest.mark.parametrize(
    "line",
    [
        r"where \alpha = 0.1 is the rate of learning",
        r"The slope \frac{a}{b} = c is small.",
        r"[see \cite{x} for why]",
        r"[link] \foo = (http://a.b)",
        r"| \alpha = 1 | \beta = 2 |",
        r"\newcommand{\x}{y}",
        r"C:\temp = C:\tmp and more words",
        r"梯度 \alpha = 1",
    ],
)
def test_words_are_no_formulas(line: str) -> None:
    assert formulas(f"Text.\n\n{line}\n") == []


def test_rows_and_scripts_that_lost_a_sign() -> None:
    text = (
        "[\n\\begin{aligned}\na_t &= A x_t + B q_{t-1} \\\nq_t &= \\tanh(a_t)\n"
        "\\end{aligned}\n]\n\n"
        "[\n\\frac{\\partial \\tilde{q}*t}{\\partial x} = 1\n]\n\n"
        "[ \\frac{\\partial q_t}{\\partial a_t} = \\mathrm{diag}(1 - q_t^2) ]\n"
    )
    assert verdicts(text)[:2] == ["not_a_claim", "not_a_claim"]
    assert last(text) == "right"


BACKWARDS = r"""
$$\overrightarrow{a}_t = \overrightarrow{V} x_t + \overrightarrow{R} \overrightarrow{s}_{t-1}$$

$$\overrightarrow{s}_t = \tanh(\overrightarrow{a}_t)$$

$$\overleftarrow{a}_t = \overleftarrow{V} x_t + \overleftarrow{R} \overleftarrow{s}_{t+1}$$

$$\overleftarrow{s}_t = \tanh(\overleftarrow{a}_t)$$

$$\overleftarrow{\delta}_t = \frac{\partial L}{\partial \overleftarrow{a}_t}$$

"""


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        (r"\frac{\partial \overleftarrow{s}_t}{\partial \overleftarrow{s}_{t+1}} = "
         r"\mathrm{diag}(1 - \overleftarrow{s}_t^2) \overleftarrow{R}", "right"),
        (r"\frac{\partial \overleftarrow{s}_j}{\partial \overleftarrow{s}_{j+1}} = "
         r"\mathrm{diag}(1 - \overleftarrow{s}_j^2) \overleftarrow{R}", "right"),
        (r"\frac{\partial \overleftarrow{s}_t}{\partial \overleftarrow{s}_{t+1}} = "
         r"\mathrm{diag}(1 - \overleftarrow{s}_{t+1}^2) \overleftarrow{R}", "wrong"),
        (r"\frac{\partial L}{\partial \overleftarrow{R}} = "
         r"\sum_{t=1}^T \overleftarrow{\delta}_t \overleftarrow{s}_{t+1}^\top", "right"),
        (r"\frac{\partial L}{\partial \overleftarrow{R}} = "
         r"\sum_{t=1}^T \overleftarrow{\delta}_t \overleftarrow{s}_{t-1}^\top", "wrong"),
        (r"\frac{\partial \overleftarrow{s}_t}{\partial \overleftarrow{s}_k} = "
         r"\prod_{j=t}^{k-1} \frac{\partial \overleftarrow{s}_j}{\partial \overleftarrow{s}_{j+1}}",
         "right"),
        # About both directions: nobody is accused without a slip.
        (r"\frac{\partial L}{\partial \overleftarrow{s}_t} = "
         r"\frac{\partial L}{\partial \overrightarrow{s}_{t-1}}", "undecided"),
        (r"\frac{\partial \overrightarrow{s}_t}{\partial \overrightarrow{s}_{t-1}} = "
         r"\mathrm{diag}(1 - \overrightarrow{s}_t^2) \overrightarrow{R}", "right"),
    ],
)  # fmt: skip
def test_states_that_run_backwards(formula: str, expected: str) -> None:
    assert last(BACKWARDS + f"$${formula}$$\n") == expected
