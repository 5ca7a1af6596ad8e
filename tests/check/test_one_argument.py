"""One argument for all gates, of which each has a part: what is said of the whole holds of each."""

from __future__ import annotations

import pytest

from bptt_sym.check.audit import audit
from bptt_sym.documents.document import document_from_text
from bptt_sym.spelling.split_parts import with_parts_applied

WHOLE = r"$$a_t = W_x x_t + W_h h_{t-1} + b$$"
STATE = r"$$h_t = f_t \odot h_{t-1} + i_t \odot \tanh(x_t) + o_t$$"
#: Several ways of saying which part a gate is the activation of.
PARTS = {
    "in brackets": r"$$i_t = \sigma(a_t^{(i)}), \quad f_t = \sigma(a_t^{(f)}), \quad"
    r" o_t = \sigma(a_t^{(o)})$$ $$a_t = [a_t^{(i)}; a_t^{(f)}; a_t^{(o)}]$$",
    "below": r"$$a_t = [a_{i,t}, a_{f,t}, a_{o,t}]$$"
    r" $$i_t = \sigma(a_{i,t}), \quad f_t = \sigma(a_{f,t}), \quad o_t = \sigma(a_{o,t})$$",
    "column": r"$$\begin{bmatrix} i_t \\ f_t \\ o_t \end{bmatrix} ="
    r" \begin{bmatrix} \sigma \\ \sigma \\ \sigma \end{bmatrix} (a_t)$$",
}
INPUT, FORGET, OUTPUT = (
    r"\delta h_t \odot \tanh(x_t) \odot i_t \odot (1 - i_t)",
    r"\delta h_t \odot h_{t-1} \odot f_t \odot (1 - f_t)",
    r"\delta h_t \odot o_t \odot (1 - o_t)",
)
CLAIMS = rf"""
$$\delta a_t = \begin{{bmatrix}} {INPUT} \\ {FORGET} \\ {OUTPUT} \end{{bmatrix}}$$
$$\frac{{\partial L}}{{\partial W_h}} = \sum_t \delta a_t\, h_{{t-1}}^\top$$
$$\delta x_t = \delta h_t \odot i_t \odot (1 - \tanh^2(x_t)) + W_x^\top \delta a_t$$
$$\delta h_t = \frac{{\partial L_t}}{{\partial h_t}} + \delta h_{{t+1}} \odot f_{{t+1}} + W_h^\top \delta a_{{t+1}}$$
"""  # noqa: E501


def right(text: str) -> dict[int, bool]:
    """Whether every claim of each line from 4 on is right."""
    found: dict[int, bool] = {}
    for j in audit(document_from_text(text, "t.md")):
        line = j.place.line - text.count("\n", 0, text.index(r"$$\delta a_t"))
        if line > 0 and j.verdict.verdict != "not_a_claim":
            found[line] = found.get(line, True) and j.verdict.is_right
    return found


@pytest.mark.parametrize("parts", PARTS.values(), ids=PARTS)
def test_what_is_said_of_the_whole_argument_holds_of_each_part(parts: str) -> None:
    text = "\n\n".join((WHOLE, parts, STATE)) + CLAIMS
    assert right(text) == dict.fromkeys((1, 2, 3, 4), True)


@pytest.mark.parametrize(
    ("line", "meant", "slipped"),
    [
        (1, rf"{INPUT} \\ {FORGET}", rf"{FORGET} \\ {INPUT}"),
        (2, "h_{t-1}^\\top$", "h_t^\\top$"),
        (3, r"W_x^\top \delta", r"W_x \delta"),
        (3, r"W_x^\top \delta a_t", r"W_x^\top \delta a_{t+1}"),
        (4, r"\delta a_{t+1}", r"\delta a_t"),
        (4, r"W_h^\top \delta", r"W_h \delta"),
    ],
)
def test_slips_in_what_is_said_of_the_whole(line: int, meant: str, slipped: str) -> None:
    claims = CLAIMS.replace(meant, slipped)
    assert claims != CLAIMS
    text = "\n\n".join((WHOLE, PARTS["column"], STATE)) + claims
    assert not right(text)[line]


NAMES = r"\begin{bmatrix} i \\ f \\ o \end{bmatrix} = "
FUNCTIONS = r"\begin{bmatrix} \sigma \\ \sigma \\ \sigma \end{bmatrix}"


@pytest.mark.parametrize(
    "column",
    [
        NAMES + r"\begin{bmatrix} a \\ b \\ c \end{bmatrix} (a_t)",
        NAMES.replace(r"\\ o", "") + FUNCTIONS.replace(r"\\ \sigma ", "", 1) + "(a_t)",
        NAMES + FUNCTIONS + "(u_t)",
    ],
)
def test_what_is_no_column_of_functions_stays(column: str) -> None:
    given = document_from_text(f"{WHOLE} $${column}$$", "t.md").formulas
    assert with_parts_applied(given) == list(given)


def test_a_weight_that_was_transposed_is_no_number() -> None:
    text = "\n\n".join((WHOLE, PARTS["column"], STATE.replace(r"\tanh(x_t)", "h_{t-1}")))
    # (Four products that each lack it are no one slip.)
    text += "\n$$\\delta a_t$$\n$$\\delta x_t = W_x^\\top \\delta a_t$$\n"
    text += "$$\\delta x_t = W_x \\delta a_t$$\n"
    assert right(text) == {2: True, 3: False}
