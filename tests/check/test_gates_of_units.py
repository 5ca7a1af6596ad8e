"""Gated cells unit by unit, with the label of the gate above or below."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeAlias

import pytest

from tests.check.audited import last, of_claims

PEEPHOLE = r"""
$$a^{i}_j(t) = \sum_k w^{i}_{jk} x_k(t) + \sum_l u^{i}_{jl} y_l(t-1) + p^{i}_j c_j(t-1) + b^{i}_j$$
$$a^{f}_j(t) = \sum_k w^{f}_{jk} x_k(t) + \sum_l u^{f}_{jl} y_l(t-1) + p^{f}_j c_j(t-1) + b^{f}_j$$
$$a^{z}_j(t) = \sum_k w^{z}_{jk} x_k(t) + \sum_l u^{z}_{jl} y_l(t-1) + b^{z}_j$$
$$i_j(t) = \sigma(a^{i}_j(t)), \quad f_j(t) = \sigma(a^{f}_j(t)), \quad z_j(t) = \tanh(a^{z}_j(t))$$
$$c_j(t) = i_j(t) z_j(t) + f_j(t) c_j(t-1)$$
$$a^{o}_j(t) = \sum_k w^{o}_{jk} x_k(t) + \sum_l u^{o}_{jl} y_l(t-1) + p^{o}_j c_j(t) + b^{o}_j$$
$$o_j(t) = \sigma(a^{o}_j(t)), \quad y_j(t) = o_j(t)\tanh(c_j(t))$$

Let $\delta^{o}_j(t) = \frac{\partial E}{\partial a^{o}_j(t)}$, and so on,
$\eta_j(t) = \frac{\partial E}{\partial y_j(t)}$ and
$\xi_j(t) = \frac{\partial E}{\partial c_j(t)}$.

"""
BY = r"\frac{\partial E}{\partial "
BACK = (
    r"\eta_l(t) = \frac{\partial E_t}{\partial y_l(t)} + \sum_j \left( u^{i}_{jl} \delta^{i}_j(t+1)"
    r" + u^{f}_{jl} \delta^{f}_j(t+1) + u^{z}_{jl} \delta^{z}_j(t+1)"
    r" + u^{o}_{jl} \delta^{o}_j(t+1) \right)"
)
CELL = (
    r"\xi_j(t) = \eta_j(t) o_j(t) (1 - \tanh^2(c_j(t))) + p^{o}_j \delta^{o}_j(t)"
    r" + p^{i}_j \delta^{i}_j(t+1) + p^{f}_j \delta^{f}_j(t+1) + \xi_j(t+1) f_j(t+1)"
)
#: The same cell in other notations.
Notation: TypeAlias = tuple[tuple[str, str | Callable[[re.Match[str]], str]], ...]
AS_IT_IS: Notation = ()
BELOW: Notation = (
    (r"([apbwu]|\\delta)\^\{([ifoz])\}_j\((t[-+1]*)\)", r"\1_{\2,j}^{(\3)}"),
    (r"([apb])\^\{([ifoz])\}_\{?j\}?", r"\1_{\2,j}"),
    (r"([wu])\^\{([ifoz])\}_\{(\w\w)\}", lambda m: f"{m[1].upper()}_{{{m[2]},{m[3]}}}"),
    (r"\b([a-z]|\\eta|\\xi)_([jkl])\((t[-+1]*)\)", r"\1_\2^{(\3)}"),
)
BEHIND: Notation = (
    (r"([apbwu]|\\delta)\^\{([ifoz])\}_j\((t[-+1]*)\)", r"\1_j^\2(\3)"),
    (r"([wu])\^\{([ifoz])\}_\{(\w\w)\}", lambda m: f"{m[1].upper()}_{{{m[3]}}}^{m[2]}"),
)


@pytest.mark.parametrize("notation", [AS_IT_IS, BELOW, BEHIND])
def test_a_cell_unit_by_unit(notation: Notation) -> None:
    claims = [
        (r"\delta^{o}_j(t) = \eta_j(t) \tanh(c_j(t)) o_j(t) (1 - o_j(t))", r"\tanh(c_j(t))",
         "c_j(t)"),
        (CELL, r"\delta^{o}_j(t)", r"\delta^{o}_j(t+1)"),
        (r"\delta^{z}_j(t) = \xi_j(t) i_j(t) (1 - z_j(t) z_j(t))", " i_j(t)", " f_j(t)"),
        (BY + r"w^{f}_{jk}} = \sum_t \delta^{f}_j(t) x_k(t)", "f}_j(t)", "i}_j(t)"),
        (BY + r"p^{o}_{j}} = \sum_t \delta^{o}_j(t) c_j(t)", "c_j(t)", "c_j(t-1)"),
        (BACK, "}_{jl}", "}_{lj}"),
    ]  # fmt: skip
    text = PEEPHOLE + "".join(f"$${c}$$\n\n$${c.replace(a, b)}$$\n\n" for c, a, b in claims)
    for pattern, new in notation:
        text = re.sub(pattern, new, text)
    assert of_claims(text)[-2 * len(claims) :] == ["right", "wrong"] * len(claims)


RESET = r"""
$$u_{i,t} = \sigma\Big(\sum_{k} W^{u}_{ik} x_{k,t} + \sum_{j} R^{u}_{ij} h_{j,t-1}\Big)$$
$$r_{i,t} = \sigma\Big(\sum_{k} W^{r}_{ik} x_{k,t} + \sum_{j} R^{r}_{ij} h_{j,t-1}\Big)$$
$$c_{i,t} = \tanh\Big(\sum_{k} W^{c}_{ik} x_{k,t} + \sum_{j} R^{c}_{ij} r_{j,t} h_{j,t-1}\Big)$$
$$h_{i,t} = u_{i,t} h_{i,t-1} + (1-u_{i,t}) c_{i,t}$$

"""


@pytest.mark.parametrize(
    ("claim", "verdict"),
    [
        (r"@r_{j,t}} = \sum_i @c_{i,t}} (1 - c_{i,t}^2) R^{c}_{ij} h_{j,t-1}", "right"),
        (r"@r_{j,t}} = \sum_i @c_{i,t}} (1 - c_{i,t}^2) R^{c}_{ij} r_{j,t}", "wrong"),
        (r"@R^{c}_{ij}} = \sum_t @c_{i,t}} (1 - c_{i,t}^2) r_{j,t} h_{j,t-1}", "right"),
        (r"@R^{c}_{ij}} = \sum_t @c_{i,t}} (1 - c_{i,t}^2) h_{j,t-1}", "wrong"),
    ],
)
def test_a_sum_over_units_of_two_factors(claim: str, verdict: str) -> None:
    assert last(f"{RESET}$${claim.replace('@', BY)}$$") == verdict


def test_the_label_of_one_gate_alone_may_be_something_else() -> None:
    text = RESET.replace("^{u}", "").replace("^{r}", "")
    claim = r"@R^{c}_{ij}} = \sum_t @c_{i,t}} (1 - c_{i,t}^2) h_{j,t-1}".replace("@", BY)
    assert last(f"{text}$${claim}$$") == "undecided"
