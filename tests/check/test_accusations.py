"""A formula that fails is wrong if nothing in it can have been read otherwise."""

from __future__ import annotations

import pytest

from tests.check.audited import judged

UNKNOWN = "$$\\frac{\\partial \\zeta}{\\partial \\xi_t} = \\mu_t$$\n\n" * 6
NET = (
    "$$a_t = R q_{t-1} + P x_t + b, \\quad q_t = \\tanh(a_t), \\quad o_t = V q_t$$\n\n"
    "$$L = \\sum_t \\ell(o_t)$$\n\n"
)
HOLDS = (
    r"$$\frac{\partial L}{\partial q_t} = V^\top \frac{\partial L}{\partial o_t} + R^\top "
    r"\mathrm{diag}(1 - q_{t+1}^2) \frac{\partial L}{\partial q_{t+1}}$$" "\n\n"
    r"$$\frac{\partial L}{\partial R} = \sum_{t=1}^T \mathrm{diag}(1-q_t^2) \frac{\partial L}"
    r"{\partial q_t} q_{t-1}^\top$$" "\n\n"
)
LOSS = r"\frac{\partial L}{\partial %s} = \sum_{t=1}^T \mathrm{diag}(1-q_t^2) "
LOSS += r"\frac{\partial L}{\partial q_t} %s"
JACOBIAN = r"\frac{\partial q_T}{\partial q_t} = "
#: (what fails, its slip, what is doubted of it where half around it was not understood)
ACCUSED = [
    (r"\frac{\partial q_t}{\partial q_{t-1}} = \mathrm{diag}(1 - q_{t-1}^2) R", "BP004", ""),
    (r"\frac{\partial q_t}{\partial q_{t-1}} = R \, \mathrm{diag}(1 - q_t^2)", "BP010", ""),
    (r"\frac{\partial q_t}{\partial q_{t-1}} = \mathrm{diag}(1 + q_t^2) R", "BP008", ""),
    (r"\frac{\partial q_t}{\partial q_{t-1}} = \mathrm{diag}(1 - q_t^2) R^\top", "BP009", ""),
    (LOSS % ("R", r"q_t^\top"), "BP004", ""),
    # an equation of the text gives b and P, though no formula that holds has them
    (LOSS % ("b", r"x_t^\top"), "BP012", ""),
    (LOSS % ("P", r"q_t^\top"), "BP018", ""),
    # signs that no formula that holds has shown
    (JACOBIAN + r"\prod_{j=t}^T \mathrm{diag}(1-q_j^2) R", "BP005", "a product over steps"),
    (r"\frac{\partial q_t}{\partial q_{t-1}} = \mathrm{diag}(\tanh'(a_{t-1})) R", "BP004", ""),
    # a matter of layout, of which paths are meant, of what is left out
    (r"\frac{\partial L}{\partial q_t} = R^\top \mathrm{diag}(1 - q_{t+1}^2) "
     r"\frac{\partial L}{\partial q_{t+1}}", "BP015", "a matter of convention"),
    # nothing explains it
    (r"\frac{\partial q_t}{\partial q_{t-1}} = R^2 \mathrm{diag}(1 + q_t)", "", "no single slip"),
]  # fmt: skip


@pytest.mark.parametrize(("formula", "code", "doubt"), ACCUSED)
def test_what_is_established_tells_and_not_what_stands_around(
    formula: str, code: str, doubt: str
) -> None:
    found = judged(f"{NET}{HOLDS}$${formula}$$\n\n{UNKNOWN}")[6].verdict
    assert found.verdict == ("undecided" if doubt else "wrong")
    if doubt:
        assert doubt in found.note
        assert code in found.note
    else:
        assert found.diagnosis is not None
        assert found.diagnosis.code == code


def test_a_name_of_which_only_the_failing_formula_speaks_is_doubted() -> None:
    loose = NET.replace("o_t = V q_t", "o_t = g(q_t)").replace(r"\ell(o_t)", "L_t")
    slip = r"\frac{\partial L_t}{\partial V} = \frac{\partial L_t}{\partial o_t} q_{t-1}^\top"
    right = r"$$\frac{\partial q_t}{\partial q_{t-1}} = \mathrm{diag}(1 - q_t^2) R$$" "\n\n"
    found = judged(f"{loose}{right}$${slip}$$\n\n{UNKNOWN}")
    assert not any(j.verdict.verdict == "wrong" for j in found)


@pytest.mark.parametrize(
    ("product", "wrong"),
    [
        (r"\mathrm{diag}(\sigma'(a_t)) R^\top", True),
        (r"\mathrm{diag}(\sigma'(a_t)) R", False),
        # the square of a vector, by whatever product
        (r"\mathrm{diag}(q_t - q_t \odot q_t) R^\top", True),
        (r"R^\top \mathrm{diag}(\sigma'(a_t))", False),  # (the other layout)
    ],
)
def test_a_jacobian_of_a_state_whose_equation_is_given_has_two_layouts(
    product: str, wrong: bool
) -> None:
    net = r"$$a_t = R q_{t-1} + P x_t + b, \quad q_t = \sigma(a_t)$$" "\n\n"
    claim = rf"$$\frac{{\partial q_t}}{{\partial q_{{t-1}}}} = {product}$$" "\n\n"
    holds = r"$$\frac{\partial a_t}{\partial q_{t-1}} = R$$" "\n\n"
    found = judged(net + holds + claim + UNKNOWN)[3].verdict
    assert (found.verdict == "wrong") == wrong
    assert found.is_right != wrong
