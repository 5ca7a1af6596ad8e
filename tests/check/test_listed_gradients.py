r"""Gradients by their entries, and the chain rule over entries."""

from __future__ import annotations

import pytest

from bptt_sym.check.chain_rule import of_any_functions
from bptt_sym.check.listed_gradients import of_listed_entries
from tests.check.audited import judged, shown


def d(of: str, by: str) -> str:
    return rf"\frac{{\partial {of}}}{{\partial {by}}}"


def listed(of: str, *by: str) -> str:
    return ", ".join(d(of, x) for x in by)


RIGHT = (
    rf"{d('y(t)', 'w')} = [{listed('y(t)', 'w_0', 'w_1', 'w_2')}]",
    rf"{d('L', 'h_t')} = \left[{listed('L', 'h_{t,1}', 'h_{t,2}')}, \ldots\right]^\top",
    rf"{d('L', 'h_t')} = \begin{{bmatrix}} {d('L', 'h_t^1')} \\ \vdots \\ {d('L', 'h_t^n')}"
    r" \end{bmatrix}",
    rf"\left({d('g', 'V')}\right)_{{ij}} = {d('g', 'V_{i j}')}",
    rf"({d('E_t', 'b')})_k = {d('E_t', 'b_k')}",
)
OTHER = (
    rf"{d('y', 'w')} = [{listed('y', 'w_0', 'w_0')}]",  # one entry twice
    rf"{d('y', 'w')} = [{listed('y', 'w_0', 'v_1')}]",  # of another vector
    rf"{d('y', 'w')} = [{d('y', 'w_0')}, {d('z', 'w_1')}]",  # of another quantity
    rf"{d('L_t', 'y')} = [{d('L_{t,1}', 'y_1')}, {d('L_{t,2}', 'y_2')}]",
    rf"{d('y', 'w')} = [w_0, w_1]",
    rf"({d('g', 'V')})_{{ij}} = {d('g', 'V_{ji}')}",
)


@pytest.mark.parametrize("formula", RIGHT)
def test_the_entries_of_a_gradient(formula: str) -> None:
    found = of_listed_entries(formula)
    assert found is not None
    assert found.verdict == "right"
    assert judged(shown(formula))[-1].verdict.verdict == "right"


@pytest.mark.parametrize("formula", OTHER)
def test_what_does_not_list_them(formula: str) -> None:
    assert of_listed_entries(formula) is None


@pytest.mark.parametrize(
    ("rule", "holds"),
    [
        (rf"{d('f', 'r')} = {d('f', 'x_i')} {d('x_i', 'r')} + {d('f', 'y')} {d('y', 'r')}", True),
        (rf"{d('z', 'x')} = \sum_i {d('z', 'y_i')} {d('y_i', 'x')}", True),
        (rf"{d('z', 'x')} = \sum_{{j=1}}^{{n}} {d('z', 'y_j')} \cdot {d('y_j', 'x')}", True),
        (rf"{d('z', 'x')} = \sum_i {d('z', 'y_j')} {d('y_j', 'x')}", False),
        (rf"{d('z', 'x')} = {d('z', 'y_i')} {d('y_j', 'x')}", False),
        (rf"{d('z', 'x')} = \sum_i {d('z', 'y_i')} {d('y_i', 'r')}", False),
    ],
)
def test_the_chain_rule_over_entries(rule: str, holds: bool) -> None:
    found = of_any_functions(rule)
    assert (found is not None and found.is_right) == holds
