"""Cells in the names of code: what is computed is called next, what comes in is called prev."""

from __future__ import annotations

import pytest

from .audited import verdicts

CELL = r"""
With $z = [h_{prev}; x_t]$ the step is
$$f = \sigma(W_f z + b_f), \quad i = \sigma(W_i z + b_i), \quad g = \tanh(W_g z + b_g)$$
$$o = \sigma(W_o z + b_o)$$
$$c_{next} = f \odot c_{prev} + i \odot g$$
$$h_{next} = o \odot \tanh(c_{next})$$
Backwards, from $dh_{next}$ and $dc_{next}$:
"""
BACK = r"""
$$dc_{next} \mathrel{+}= dh_{next} \odot o \odot (1 - \tanh^2(c_{next}))$$
$$do = dh_{next} \odot \tanh(c_{next})$$
$$df = dc_{next} \odot c_{prev}$$
$$dz_f = df \odot f \odot (1 - f)$$
$$dW_f = dz_f\, z^T$$
$$dc_{prev} = dc_{next} \odot f$$
"""


def test_what_is_computed_is_of_the_step_at_hand() -> None:
    assert verdicts(CELL + BACK)[-6:] == ["right"] * 6


SLIPS = [
    (r"\odot o \odot (1", r"\odot f \odot (1", 0),
    (r"\tanh(c_{next})$$", r"\tanh(c_{prev})$$", 1),
    (r"\odot c_{prev}$$", r"\odot c_{next}$$", 2),
    (r"\odot (1 - f)", r"\odot (1 - f^2)", 3),
    (r"dz_f\, z^T", r"dz_i\, z^T", 4),
    (r"dc_{next} \odot f$$", r"dc_{next} \odot i$$", 5),
]


@pytest.mark.parametrize(("right", "slip", "at"), SLIPS)
def test_slips_are_not_right(right: str, slip: str, at: int) -> None:
    assert right in BACK
    found = verdicts(CELL + BACK.replace(right, slip))[-6:]
    assert found[at] != "right" and found.count("right") == 5


def test_a_text_that_has_the_bare_name_as_well_says_another_thing_by_next() -> None:
    both = CELL.replace(r"c_{next} = f", r"c = f").replace(r"\tanh(c_{next})", r"\tanh(c)")
    rows = r"$$df = dc_{next} \odot c_{prev}$$"
    assert verdicts(both + rows)[-1] != "right"
