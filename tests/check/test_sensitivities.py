r"""Sensitivities unit by unit: :math:`q^i_{rs}(t) = \partial z_i(t)/\partial W_{rs}`."""

from __future__ import annotations

import pytest

from tests.check.audited import of_claims

UNITS = r"""
$$a_i(t) = \sum_{j} W_{ij} z_j(t-1) + \sum_{l} V_{il} x_l(t) + b_i, \qquad z_i(t) = \tanh(a_i(t))$$
$$E(t) = \frac12 \sum_i (z_i(t) - d_i(t))^2$$
The sensitivities $q^i_{rs}(t) = \partial z_i(t)/\partial W_{rs}$ run forwards.
"""
RECURSION = (
    r"q^i_{rs}(t) = (1 - z_i(t)^2)"
    r" \left(\delta_{ir} z_s(t-1) + \sum_j W_{ij}\, q^j_{rs}(t-1)\right)"
)
GRADIENT = r"\frac{\partial E(t)}{\partial W_{rs}} = \sum_i (z_i(t) - d_i(t))\, q^i_{rs}(t)"
START = r"q^i_{rs}(0) = 0"


def test_an_influence_names_the_derivative() -> None:
    lines = "\n".join(f"$${line}$$" for line in (START, RECURSION, GRADIENT))
    assert of_claims(UNITS + lines) == ["right"] * 4


@pytest.mark.parametrize(
    ("line", "there", "slip"),
    [
        (RECURSION, "z_s(t-1)", "z_s(t)"),
        (RECURSION, "q^j_{rs}(t-1)", "q^j_{sr}(t-1)"),
        (RECURSION, "W_{ij}", "W_{ji}"),
        (RECURSION, "1 - z_i(t)^2", "1 - z_i(t)"),
        (GRADIENT, "z_i(t) - d_i(t)", "d_i(t) - z_i(t)"),
    ],
)
def test_a_slip_in_a_sensitivity_is_wrong(line: str, there: str, slip: str) -> None:
    assert there in line
    assert of_claims(UNITS + f"$${line.replace(there, slip)}$$")[-1] == "wrong"


#: The network in bold, and then unit by unit with a range for every sum.
BOLD = r"""
$$\mathbf{z}(t) = \mathbf{A}\, \mathbf{a}(t-1) + \mathbf{B}\, \mathbf{u}(t), \qquad
\mathbf{a}(t) = \tanh(\mathbf{z}(t))$$
$$z_k(t) = \sum_{n=1}^N A_{kn} a_n(t-1) + \sum_{d=1}^D B_{kd} u_d(t)$$
$$E = \sum_t E(t)$$
"""
BY_ENTRIES = [
    r"\frac{\partial z_k(t)}{\partial A_{ij}} = \delta_{ki} a_j(t-1)"
    r" + \sum_{n=1}^N A_{kn} \frac{\partial a_n(t-1)}{\partial A_{ij}}",
    r"\frac{\partial a_k(t)}{\partial A_{ij}}"
    r" = (1 - a_k(t)^2) \frac{\partial z_k(t)}{\partial A_{ij}}",
    r"\frac{\partial E}{\partial A_{ij}} = \sum_{t=1}^T \sum_{k=1}^N"
    r" \frac{\partial E(t)}{\partial a_k(t)} \frac{\partial a_k(t)}{\partial A_{ij}}",
    r"\frac{\partial z_k(t)}{\partial B_{ij}} = \mathbb{1}_{k=i}\, u_j(t)"
    r" + \sum_{n=1}^N A_{kn} (1 - a_n(t-1)^2) \frac{\partial z_n(t-1)}{\partial B_{ij}}",
]


def test_what_is_plain_with_a_unit_is_an_entry_of_what_is_bold() -> None:
    assert of_claims(BOLD + "\n".join(f"$${line}$$" for line in BY_ENTRIES)) == ["right"] * 4


@pytest.mark.parametrize(
    ("there", "slip"),
    [("a_j(t-1)", "a_j(t)"), ("A_{kn}", "A_{nk}"), ("a_k(t)^2", "a_k(t)"), ("u_j(t)", "u_j(t-1)")],
)
def test_slips_in_entries_of_what_is_bold_are_not_right(there: str, slip: str) -> None:
    line = next(line for line in BY_ENTRIES if there in line)
    found = of_claims(BOLD + f"$${line.replace(there, slip)}$$\n\n" + f"$${BY_ENTRIES[0]}$$")
    assert found.count("wrong") == 1


def test_a_function_of_a_unit_in_a_sum_of_rows() -> None:
    text = r"""
$$s_k(t) = \left(\sum_{d=1}^D x_d(t) P_{d,k}\right) + \sum_{n=1}^N \sigma(s_n(t-1)) R_{n,k}$$
$$\frac{\partial s_k(t)}{\partial R_{i,j}} = \sum_{n=1}^N \left[\sigma(s_n(t-1))
\frac{\partial R_{n,k}}{\partial R_{i,j}} + R_{n,k} \sigma'(s_n(t-1))
\frac{\partial s_n(t-1)}{\partial R_{i,j}}\right]$$
"""
    assert of_claims(text) == ["right"]
    assert of_claims(text.replace(r"R_{n,k} \sigma'(s_n", r"R_{k,n} \sigma'(s_n")) != ["right"]
