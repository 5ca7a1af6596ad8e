r"""Ranges from the last step down, up to a number, or over an index with a prime."""

from __future__ import annotations

import pytest

from tests.check.audited import judged, verdicts

NET = r"$$s_t = \tanh(a_t), \quad a_t = w s_{t-1} + u x_t$$" + "\n\n"


def claims(*formulas: str, before: str = NET) -> list[str]:
    found = verdicts(before + "\n\n".join(f"$${f}$$" for f in formulas))
    return [v for v in found if v != "not_a_claim"]


def test_a_product_up_to_a_step_with_a_number() -> None:
    product = r"\frac{\partial s_%s}{\partial s_k} = \prod_{j=%s}^{%s} w (1 - s_j^2)"
    tried = [("2", "k+1", "2"), ("3", "k+1", "3"), ("3", "k", "3"), ("4", "k+1", "4")]
    assert claims(*(product % t for t in tried)) == ["right", "right", "wrong", "right"]


def test_a_product_down_from_the_last_step() -> None:
    product = r"\frac{\partial s_t}{\partial s_%s} = \prod_{j=t}^{%s} w (1 - s_j^2)"
    total = (
        r"\frac{\partial s_t}{\partial w} = \sum_{k=1}^{t} "
        r"\left(\prod_{j=t}^{%s} \frac{\partial s_j}{\partial s_{j-1}}\right) (1 - s_k^2) s_{k-1}"
    )
    tried = product % ("k", "k+1"), product % ("1", "2"), product % ("k", "k"), total % "k+1"
    assert claims(*tried, total % "k") == ["right", "right", "wrong", "right", "wrong"]


def test_an_index_with_a_prime() -> None:
    product = r"\frac{\partial s_t}{\partial s_k} = \prod_{t'=%s}^{t} w (1 - s_{t'}^2)"
    added = (
        r"\frac{\partial E}{\partial w} = \sum_{t^\prime=1}^{T} \frac{\partial E}{\partial s_{t'}} "
        r"(1 - s_{t^{\prime}}^2) s_{t'%s}"
    )
    loss = r"$$E = \sum_{t'} \frac{1}{2} (s_{t'} - d_{t'})^2$$" + "\n\n"
    tried = product % "k+1", added % "-1", product % "k", added % ""
    assert claims(*tried, before=NET + loss) == ["right", "right", "wrong", "wrong"]
    shown = judged(NET + f"$${product % 'k'}$$")[-1].verdict
    assert shown.diagnosis is not None
    assert "t'=k+1" in shown.diagnosis.message


def test_the_slope_of_a_function_is_no_index() -> None:
    slope = r"\frac{\partial s_t}{\partial s_{t-1}} = \tanh'(a_t) w"
    assert claims(slope, r"\sum_{t'} s_{t'} = \sum_t s_t") == ["right", "right"]


JACOBIAN = r"\left|\frac{\partial s_t}{\partial s_k}\right| = "
ONE_STEP = r"\left|\frac{\partial s_t}{\partial s_{t-1}}\right| = "


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        (JACOBIAN + r"\prod_{j=k+1}^{t} |w| |\tanh'(a_j)|", "right"),
        (JACOBIAN + r"|w|^{t-k} \prod_{j=k+1}^{t} |1 - s_j^2|", "right"),
        (ONE_STEP + r"|w| |1 - s_{t-1}^2|", "wrong"),
        (JACOBIAN + r"\prod_{j=k}^{t} |w| |1 - s_j^2|", "wrong"),
        (r"|w s_t + u x_t| = |w| |s_t| + |u| |x_t|", "not right"),
    ],
)
def test_absolute_values_of_products(formula: str, expected: str) -> None:
    found = verdicts(f"{NET}$${formula}$$")[-1]
    assert found != "right" if expected == "not right" else found == expected
