r"""Bounds with a name for what they come to, ``\approx \gamma < 1``, and slopes a step off."""

from __future__ import annotations

from tests.check.audited import judged, of_claims, shown, verdicts

CELL = "$$h_t = \\sigma(W h_{t-1} + U x_t + b)$$\n\n"
STEP = r"\left\|\frac{\partial h_t}{\partial h_{t-1}}\right\| "
GOOD = r"\le \|W\| \cdot \|\text{diag}(\sigma'(W h_{t-1} + U x_t + b))\|"
BAD = r"\le \|W\| \cdot \|\text{diag}(\sigma'(h_{t-1}))\|"


def test_what_a_bound_is_called_at_its_end() -> None:
    ends = (r" \approx \gamma < 1", r" = \gamma", "")
    assert of_claims(CELL + shown(*(STEP + GOOD + end for end in ends))) == ["right"] * 3
    assert of_claims(CELL + shown(*(STEP + BAD + end for end in ends))) == ["wrong"] * 3
    # a letter that the text gives is no name
    given = "Let $\\gamma = \\max_z \\sigma'(z)$.\n\n"
    assert "right" not in of_claims(CELL + given + shown(STEP + GOOD + r" = \gamma"))
    assert verdicts(CELL + shown(STEP + r"\approx \gamma > 1"))[-1] == "not_a_claim"


def test_a_slope_a_step_off_in_a_product() -> None:
    product = r"\frac{\partial h_t}{\partial h_k} = \prod_{i=k+1}^t \text{diag}(\sigma'(h_{i-1})) W"
    (found,) = [j for j in judged(CELL + shown(product)) if j.verdict.verdict == "wrong"]
    assert found.verdict.diagnosis is not None
    assert found.verdict.diagnosis.code == "BP004"
    assert of_claims(CELL + shown(product.replace("i-1}))", "i}))"))) == ["right"]
