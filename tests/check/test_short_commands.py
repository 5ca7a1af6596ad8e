"""Short names for commands that a text uses and does not define."""

from __future__ import annotations

from pathlib import Path

import pytest

from bptt_sym.check.audit import audit
from bptt_sym.documents.document import document_from_text, read_document

TEXT = r"""
A cell and its output.

.. math::

    \q_t = \sg(\W^T \q_{t-1} + \U^T \x_t + \b)

    \cL = \sum_t \cL_t

.. note::

    :math:`\bs\delta_t = \frac{\pd\cL}{\pd\q_t}`

Then

.. math::

    \bs\delta_t &= \frac{\pd\cL_t}{\pd\q_t} + \W \cd (\bs\delta_{t+1} \od \q_{t+1} \od (\1 - \q_{t+1}))

    &= \frac{\pd\cL_t}{\pd\q_t} + \W \cd (\bs\delta_{t+1} \od \q_{t+1} \od (\1 + \q_{t+1}))
"""  # noqa: E501


def found(tmp_path: Path, text: str) -> list[str]:
    path = tmp_path / "page.rst"
    path.write_text(text)
    every = (j.verdict.verdict for j in audit(read_document(path)))
    return [v for v in every if v != "not_a_claim"]


def test_signs_and_names_of_a_preamble_that_is_not_at_hand(tmp_path: Path) -> None:
    first, second = found(tmp_path, TEXT)
    assert first.startswith("right") and second == "wrong"


def test_what_the_text_defines_is_as_it_says() -> None:
    text = r"$\newcommand{\od}{\cdot}$ $$a \od b$$ $\def\od{+}$ $$a \od b$$"
    read = [f.latex for f in document_from_text(text, "a.md").formulas]
    assert read == [r"a \cdot b", "a + b"]


@pytest.mark.parametrize(
    ("formula", "read"),
    [
        (r"\pd{a}{b}", r"\frac{\partial a}{\partial b}"),
        (r"\frac{\pd a}{\pd b}", r"\frac{\partial a}{\partial b}"),
        (r"\frac{\pd{a}}{\pd b} = \od{a}{b}", r"\frac{\frac{\partial a}{\partial }}"),
        (r"\u_t + \c{c}", r"\u_t + \c{c}"),
        (r"\cE + \wh{y}", r"\mathcal{E} + \widehat{y}"),
        (r"\h_t + \v_t + \L_t", r"\mathbf{h}_t + \mathbf{v}_t + \mathcal{L}_t"),
        (r"\h_t + \v_t + \d x", r"\h_t + \v_t + \d x"),
    ],
)
def test_each_is_read_by_its_use(formula: str, read: str) -> None:
    (one,) = document_from_text(f"$${formula}$$", "a.md").formulas
    assert one.latex.startswith(read)


def test_a_directive_ends_no_sentence(tmp_path: Path) -> None:
    said = "\n".join((
        r".. math::", "", r"    q_t = f^q(W q_{t-1} + U x_t)", "",
        "Suppose the activation is linear, and let us ignore the rest.", "So it goes on:", "",
        ".. math::", "", r"    \frac{\partial q_t}{\partial q_{t-1}} = W", "",
    ))  # fmt: skip
    assert found(tmp_path, said) != ["wrong"]
