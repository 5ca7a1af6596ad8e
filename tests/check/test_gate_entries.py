"""Entries of matrices and vectors that have the label of a gate, and functions before braces."""

from __future__ import annotations

import pytest

from .audited import verdicts

CELL = "\n".join(
    rf"$$ {g}^{{(t)}} = \sigma \underbrace{{\left( b_{{{g}}} + U_{{{g}}}x^{{(t)}}"
    rf" + W_{{{g}}}h^{{(t-1)}} \right)}}_{{z_{g}}} $$"
    for g in "fgqe"
) + r"""
$$ s^{(t)} = f^{(t)} \circ s^{(t-1)} + g^{(t)} \circ e^{(t)} $$
$$ h^{(t)} = q^{(t)} \circ \tanh(s^{(t)}) $$
"""
COPY = r"\frac{\partial J^{(t)}}{\partial W_{f[i,j]}^{(k)}}"
SHARE = r"\frac{\partial J^{(t)}}{\partial s_{[i]}^{(k)}}"
SLOPE = r"\sigma'(z_{f[i]}^{(k)})"


@pytest.mark.parametrize("entry", ["W_{f[i,j]}", "W_{f,ij}", "W_{f, i, j}"])
def test_entries_beside_the_label_of_a_gate(entry: str) -> None:
    text = CELL + rf"""
$$\frac{{\partial J^{{(t)}}}}{{\partial {entry}}} = \sum_{{k=1}}^{{T}} {COPY}$$
$$\frac{{\partial J^{{(t)}}}}{{\partial f_{{[p]}}^{{(k)}}}} =
\frac{{\partial J^{{(t)}}}}{{\partial s_{{[p]}}^{{(k)}}}} \times s_{{[p]}}^{{(k-1)}}$$
$${COPY} = {SHARE} \times {SLOPE} \times s_{{[i]}}^{{(k-1)}} \times h_{{[j]}}^{{(k-1)}}$$
""".replace("W_{f[i,j]}", entry)
    assert verdicts(text)[-3:] == ["right"] * 3


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("h_{[j]}^{(k-1)}", "h_{[j]}^{(k)}"),
        ("h_{[j]}^{(k-1)}", "h_{[i]}^{(k-1)}"),
        ("s_{[i]}^{(k-1)}", "s_{[i]}^{(k)}"),
        ("z_{f[i]}", "z_{f[j]}"),
    ],
)
def test_slips_in_entries_beside_the_label_of_a_gate(right: str, wrong: str) -> None:
    slope = rf"{SHARE} \times {SLOPE}"
    row = rf"$${COPY} = {slope} \times s_{{[i]}}^{{(k-1)}} \times h_{{[j]}}^{{(k-1)}}$$"
    assert verdicts(CELL + row)[-1] == "right"
    assert verdicts(CELL + row.replace(right, wrong))[-1] in ("wrong", "undecided")


def test_entries_of_what_a_greek_letter_names() -> None:
    above = r"$$ \underbrace{s^{(t)}}_{\substack{\text{inner} \\ \text{state}}} ="
    braced = CELL.replace("$$ s^{(t)} =", above)
    named = r"With $\gamma^{(k)} = \partial J/\partial s^{(k)}$:" + "\n\n"
    claim = r"$$\frac{\partial J}{\partial f_{[i]}^{(k)}} = \gamma_{[i]}^{(k)} \times "
    claim += r"s_{[i]}^{(k-1)}$$"
    for cell in (CELL, braced):
        assert verdicts(cell + named + claim)[-1] == "right"
        assert verdicts(cell + named + claim.replace("k-1", "k"))[-1] == "wrong"
