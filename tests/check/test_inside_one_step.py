r"""Cells that are written without any step, with ``prev`` for the one before."""

from __future__ import annotations

import pytest

from tests.check.audited import judged, verdicts

CELL = "\n\n".join(
    (
        r"$$f = \sigma(W_f z + b_f), \quad i = \sigma(W_i z + b_i)$$",
        r"$$o = \sigma(W_o z + b_o), \quad g = \tanh(W_g z + b_g)$$",
        r"with $z = [h_{prev}; x]$, $c = f \odot c_{prev} + i \odot g$ and $h = o \odot \tanh(c)$."
        "\n\n",
    )
)
BACK = "\n\n".join(
    (
        r"$$dc = dh \odot o \odot (1 - \tanh^2(c)) + dc_{next}$$",
        r"$$do = dh \odot \tanh(c), \quad df = dc \odot c_{prev}, \quad dg = dc \odot i$$",
        r"$$da_f = df \odot f \odot (1-f), \quad da_g = dg \odot (1-g^2)$$",
        r"$$dW_f = da_f z^T$$",
        r"$$dc_{prev} = dc \odot f$$",
    )
)
RIGHT = 8


def told(text: str) -> list[str]:
    return [v for v in verdicts(text) if v != "not_a_claim"]


def test_one_step_of_a_cell_and_the_way_back() -> None:
    assert told(CELL + BACK) == ["right"] * RIGHT


@pytest.mark.parametrize(
    ("written", "slip"),
    [
        ("df = dc \\odot c_{prev}", "df = dc \\odot c"),
        ("dg = dc \\odot i", "dg = dc \\odot f"),
        ("dg \\odot (1-g^2)", "dg \\odot (1+g^2)"),
        ("dc_{prev} = dc \\odot f", "dc_{prev} = dc \\odot o"),
        ("dW_f = da_f z^T", "dW_f = da_g z^T"),
    ],
)
def test_a_slip_in_one_of_them_is_not_right(written: str, slip: str) -> None:
    assert written in BACK
    found = told(CELL + BACK.replace(written, slip))
    assert found.count("right") == RIGHT - 1


def test_powers_and_what_stands_in_brackets_are_of_the_step_too() -> None:
    text = (
        r"$$s = \tanh(w s_{prev} + x)$$" "\n\n"
        r"$$\frac{\partial s}{\partial s_{prev}} = w (1 - %s^2)$$"
    )
    assert told(text % "s") == ["right"]
    assert "right" not in told(text % "s_{prev}")


def test_a_text_with_steps_keeps_its_names() -> None:
    text = r"$$s_t = \tanh(w s_{t-1} + x_t), \quad s = s_{prev}$$"
    assert [j.latex for j in judged(text)][-1] == "s = s_{prev}"


GATED = r"""
$$z = \sigma(W_z x + U_z h_{prev} + b_z), \quad r = \sigma(W_r x + U_r h_{prev} + b_r)$$
$$n = \tanh(W_n x + U_n (r \odot h_{prev}) + b_n), \quad h = (1 - z) \odot n + z \odot h_{prev}$$
"""
#: A right formula, and one with a slip.
NABLAS = [
    (r"\nabla_n L = \nabla_h L \odot (1 - z)", r"\nabla_n L = \nabla_h L \odot z"),
    (
        r"\nabla_{a_n} L = \nabla_n L \odot (1 - n^2)",
        r"\nabla_{a_n} L = \nabla_n L \odot (1 + n^2)",
    ),
    (r"\nabla_{W_n} L = \nabla_{a_n} L \, x^T", r"\nabla_{W_n} L = \nabla_{n} L \, x^T"),
    (
        r"\nabla_r L = (U_n^T \nabla_{a_n} L) \odot h_{prev}",
        r"\nabla_r L = (U_n \nabla_{a_n} L) \odot h_{prev}",
    ),
    (
        r"\nabla_{a_z} L = \nabla_z L \odot z \odot (1 - z)",
        r"\nabla_{a_z} L = \nabla_z L \odot r \odot (1 - z)",
    ),
]


@pytest.mark.parametrize(("which", "verdict"), [(0, "right"), (1, "wrong")])
def test_nablas_of_a_cell_without_steps(which: int, verdict: str) -> None:
    lines = "\n".join(f"$${pair[which]}$$" for pair in NABLAS)
    assert told(GATED + lines) == [verdict] * len(NABLAS)
