"""Gates that a table gives, vectors turned without their step, steps with a prime."""

from __future__ import annotations

from .audited import judged, verdicts

TABLE = r"""
| part | what it is | range |
|---|---|---|
| keeps $q$ | $\sigma(x A_q + h B_q + k_q)$ | $(0, 1)$ |
| **new** $g$ | $\tanh(x A_g + h B_g + k_g)$ | $(-1, 1)$ |
| shows $o$ | $\sigma(x A_o + h B_o + k_o)$ | $(0, 1)$ |

$$c_t = q \odot c_{t-1} + (1 - q) \odot g$$
$$h_t = o \odot \tanh(c_t)$$
""".replace("q", "f")
ROWS = r"""
$$\frac{\partial L}{\partial a_f} = \frac{\partial L}{\partial f} \odot f \odot (1 - f)$$
$$\frac{\partial L}{\partial g} = \frac{\partial L}{\partial c_t} \odot (1 - f)$$
$$\frac{\partial L}{\partial A_f} = x^T \frac{\partial L}{\partial a_f}$$
"""


def test_a_table_gives_the_gates() -> None:
    assert verdicts(TABLE + ROWS)[-3:] == ["right"] * 3
    for right, slip in (
        (r"\odot f \odot (1 - f)", r"\odot f"),
        (r"c_t} \odot (1 - f)$$", r"c_t} \odot f$$"),
        ("x^T", "g^T"),
    ):
        assert right in ROWS
        assert verdicts(TABLE + ROWS.replace(right, slip)).count("right") == 2


def test_what_a_table_says_of_other_things_defines_nothing() -> None:
    other = TABLE.replace(r"$\sigma(x A_f", r"$f' = \sigma(x A_f")
    assert "right" not in verdicts(other + ROWS)[-1:]
    # Two names in a row, and an activation before its name.
    for change in ("keeps $f$ and $r$", "keeps"):
        assert "right" not in verdicts(TABLE.replace("keeps $f$", change) + ROWS)[-1:]


def test_a_vector_without_its_step_is_turned_and_no_last_step() -> None:
    page = r"""
$$f = \sigma(x_t A_f + h_{t-1} B_f + k_f)$$
$$g = \tanh(x_t A_g + h_{t-1} B_g + k_g)$$
$$h_t = f \odot h_{t-1} + (1 - f) \odot g$$
$$\frac{\partial L}{\partial A_f} = x^T \frac{\partial L}{\partial a_f}$$
$$\frac{\partial L}{\partial B_f} = h^T \frac{\partial L}{\partial a_f}$$
"""
    # The step of h is not written: that it is the one before is no mistake that can be named.
    assert verdicts(page)[-2:] == ["right", "undecided"]


def test_up_to_a_step_with_a_prime() -> None:
    page = r"""
$$f_t = \sigma(A_f x_t + B_f h_{t-1})$$
$$c_t = f_t \odot c_{t-1} + \tanh(A x_t + B h_{t-1})$$
$$h_t = \tanh(c_t)$$
$$\frac{\partial c_{t'}}{\partial c_t} = \prod_{k=1}^{t' - t} f_{t+k}$$
$$\frac{\partial c_{t'}}{\partial c_t} = \prod_{k=1}^{t' - t} f_{t'+k}$$
"""
    found = judged(page)[-2:]
    assert found[0].verdict.is_right and "t'" in found[0].latex
    assert not found[1].verdict.is_right
