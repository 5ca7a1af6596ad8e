"""A recurrence that stands behind a formula, in its section, and what later sections define."""

from __future__ import annotations

from tests.check.audited import verdicts

FIRST = r"""
## Backward

$$%s$$

where $z_{t+1} = W h_t + U x_{t+1} + b$ is the argument and $D_t = \mathrm{diag}(\sigma'(z_{t+1}))$.
"""
GATED = r"""
## A cell with a gate

$$h_t = (1 - z_t) \odot h_{t-1} + z_t \odot \tilde{h}_t$$

## Without an activation

$$h_t = W h_{t-1}$$
"""
RIGHT = r"\frac{\partial h_{t+1}}{\partial h_t} = \mathrm{diag}(\sigma'(z_{t+1})) W"
SWAPPED = r"\frac{\partial h_{t+1}}{\partial h_t} = W \mathrm{diag}(\sigma'(z_{t+1}))"


def test_what_its_own_section_defines_makes_a_formula_right() -> None:
    for behind in ("", GATED):
        assert verdicts(FIRST % RIGHT + behind)[0] == "right"
    assert verdicts(FIRST % SWAPPED + GATED)[0] in ("wrong", "undecided")
