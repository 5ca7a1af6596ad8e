"""Every architecture, small: what the tests of this folder run over."""

from __future__ import annotations

from bptt_sym import elman, elman_vector, lstm
from bptt_sym.architectures import (
    attention,
    cross_entropy,
    embedded,
    gru,
    lstm_peephole,
    readout,
    squared_error,
    stack,
)
from bptt_sym.recurrence import Recurrence

CELLS: dict[str, Recurrence] = {
    f"gru {kind} keep={keep} reset={reset}": gru(vector, keep, reset)
    for vector, kind in ((False, "scalar"), (True, "vector"))
    for keep in ("z", "1-z")
    for reset in ("before", "after")
} | {
    "gru without biases": gru(bias=False),
    "peepholes scalar": lstm_peephole(False),
    "peepholes vector": lstm_peephole(),
}
STACKS: dict[str, Recurrence] = {
    "two elman": stack(elman(), 2),
    "three elman vector": stack(elman_vector(), 3),
    "elman, dropout between": stack(elman_vector("one"), 2, "between"),
    "lstm, variational dropout": stack(lstm(vector=True), 2, "variational"),
    "gru, variational dropout": stack(gru(), 2, "variational"),
    "concatenated lstm": stack(lstm(vector=True, concat=True), 2),
}
HEADS: dict[str, Recurrence] = {
    "classifier": cross_entropy(readout(embedded(gru()))),
    "forecaster": squared_error(readout(stack(elman_vector(), 2), "h^{(2)}")),
    "scalar forecaster": squared_error(readout(elman())),
}
ATTENTION: dict[str, Recurrence] = {
    f"{score} attention of {name}": cross_entropy(readout(attention(cell, score), "s"))
    for score in ("dot", "additive")
    for name, cell in (("gru", gru()), ("elman", elman_vector()))
}
ALL = CELLS | STACKS | HEADS | ATTENTION
