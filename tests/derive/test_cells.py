"""The shipped cells are what anyone could declare in LaTeX, and their options do what they say."""

from __future__ import annotations

import pytest

from bptt_sym import cells
from bptt_sym.errors import InputError
from bptt_sym.read import recurrence_from_latex
from bptt_sym.recurrence import Recurrence

LOSSES = ["L_t = L(h_t)", r"L = \sum_{t=1}^{T} L_t", "C = C(h_T)"]
GATES = [
    rf"{g}_t = {f}(W_{p} x_t + U_{p} h_{{t-1}} + b_{p})"
    for g, f, p in (
        ("f", r"\sigma", "f"),
        ("i", r"\sigma", "i"),
        ("o", r"\sigma", "o"),
        (r"\tilde c", r"\tanh", "c"),
    )
]
LOSS_OF_NOTES_B = ["E_t = E(h_t)", r"E = \sum_{t=1}^{T} E_t"]


def same(a: Recurrence, b: Recurrence) -> bool:
    fields = ("equations", "shapes", "totals", "functions", "blocks", "initial")
    return all(getattr(a, f) == getattr(b, f) for f in fields)


@pytest.mark.parametrize(
    ("shipped", "lines", "scalar"),
    [
        (
            cells.elman(),
            [r"h_t = \tanh(W_{input} x_t + b_{input} + w h_{t-1} + b_{hidden})", *LOSSES],
            True,
        ),
        (
            cells.elman_vector(),
            [r"h_t = \tanh(W_{ih} x_t + b_{ih} + W_{hh} h_{t-1} + b_{hh})", *LOSSES],
            False,
        ),
        (
            cells.elman_vector("one"),
            [r"h_t = \tanh(W_{ih} x_t + b + W_{hh} h_{t-1})", *LOSSES],
            False,
        ),
        (
            cells.lstm(),
            [
                *GATES,
                r"c_t = f_t c_{t-1} + i_t \tilde c_t",
                r"h_t = o_t \tanh(c_t)",
                *LOSS_OF_NOTES_B,
            ],
            True,
        ),
        (
            cells.lstm(vector=True),
            [
                *GATES,
                r"c_t = f_t \odot c_{t-1} + i_t \odot \tilde c_t",
                r"h_t = o_t \odot \tanh(c_t)",
                *LOSS_OF_NOTES_B,
            ],
            False,
        ),
    ],
    ids=["elman", "elman-vector", "elman-vector one bias", "lstm", "lstm-vector"],
)
def test_a_shipped_cell_is_its_latex(shipped: Recurrence, lines: list[str], scalar: bool) -> None:
    assert same(shipped, recurrence_from_latex(lines, name=shipped.name, scalar=scalar))


def test_options_change_what_they_say() -> None:
    assert cells.elman_vector("none").parameters == ("W_{ih}", "W_{hh}")
    assert not [p for p in cells.lstm(bias=False).parameters if p.startswith("b")]
    split, joined = cells.lstm(vector=True), cells.lstm(vector=True, concat=True)
    assert joined.blocks["W_f"] == ("h", "x") and not split.blocks
    assert joined.shape("W_f") == ("n", "n+m")
    assert cells.sigmoid_rnn(vector=True, concat=True).blocks == {"W": ("c", "x")}
    assert cells.lstm().states == ("c", "h")


@pytest.mark.parametrize("name", cells.names())
def test_every_name_makes_a_cell_of_that_name(name: str) -> None:
    assert cells.cell(name).name == name


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("transformer", {}),
        ("gru", {"reset": "twice"}),
        ("lstm", {"peepholes": True}),
        ("lstm", {"concat": True}),
        ("elman-vector", {"bias": "three"}),
    ],
)
def test_an_unknown_cell_or_option_is_the_askers_error(
    name: str, options: dict[str, object]
) -> None:
    with pytest.raises(InputError):
        cells.cell(name, **options)
