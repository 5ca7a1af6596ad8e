"""Hypothesis strategies of gradient problems.

Sizes, regime and switches are drawn by Hypothesis, so that it can shrink them; the numbers come
from a drawn seed. A failure is then reduced further by :mod:`~bptt_sym.testing.shrink`, which
knows what a hidden unit is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from hypothesis import strategies as st

from bptt_sym.recurrence import Recurrence
from bptt_sym.testing.check import as_model
from bptt_sym.testing.draw import REGIMES, Regime, draw
from bptt_sym.testing.models import Model, model_of, named_model
from bptt_sym.testing.problems import Problem


@st.composite
def _problems(
    drawn: st.DrawFn,
    model: Model,
    regimes: Sequence[Regime] = REGIMES,
    max_steps: int = 8,
    max_batch: int = 3,
    max_size: int = 5,
    distinct: bool = True,
    dtypes: Sequence[Any] = (np.float64,),
) -> Problem:
    names = model.rec.dims
    if drawn(st.booleans()):
        sizes = dict.fromkeys(names, 1)
    elif distinct:
        order = drawn(st.permutations(range(1, max(max_size, len(names)) + 1)))
        sizes = dict(zip(names, order, strict=False))
    else:
        sizes = {n: drawn(st.integers(1, max_size)) for n in names}
    # Hypothesis shrinks towards the first.
    order_ = sorted(regimes, key=lambda r: r != "generic")
    regime: Regime = drawn(st.sampled_from(order_))
    long = regime == "long"
    return draw(
        model,
        drawn(st.integers(0, 2**16)),
        regime=regime,
        steps=drawn(st.integers(1, 60 if long else max_steps)),
        batch=drawn(st.integers(1, max_batch)),
        dims=sizes,
        zero_start=drawn(st.booleans()),
        learned=drawn(st.booleans()),
        masked=drawn(st.booleans()),
        weighted=drawn(st.booleans()),
        dtype=drawn(st.sampled_from(tuple(dtypes))),
    )


def elman(**options: Any) -> st.SearchStrategy[Problem]:
    """Problems of ``h_t = tanh(W x_t + U h_{t-1} + b)``, ``y_t = V h_t + c``.

    Options of all strategies: ``regimes``, ``max_steps``, ``max_batch``, ``max_size``,
    ``distinct`` (sizes all different, the default), ``dtypes``.
    """
    return _problems(named_model("elman"), **options)


def sigmoid_rnn(**options: Any) -> st.SearchStrategy[Problem]:
    """Problems of the same cell with the logistic function."""
    return _problems(named_model("sigmoid_rnn"), **options)


def lstm(**options: Any) -> st.SearchStrategy[Problem]:
    """LSTM problems; the rows of ``W``, ``U``, ``b`` are f, i, o, g."""
    return _problems(named_model("lstm"), **options)


def gru(**options: Any) -> st.SearchStrategy[Problem]:
    """GRU problems; the rows of ``W``, ``U``, ``b`` are r, z, g."""
    return _problems(named_model("gru"), **options)


def from_recurrence(
    rec: Recurrence | Model | str, *, bind: Mapping[str, str] | None = None,
    outputs: Sequence[str] | None = None, **options: Any,
) -> st.SearchStrategy[Problem]:  # fmt: skip
    """Problems of any recurrence: squared error on every state, parameters by their names.

    ``bind`` and ``outputs`` are those of :func:`~bptt_sym.testing.models.model_of`; a model has
    them, and a shipped cell may be given by its name.
    """
    if not isinstance(rec, Recurrence):
        return _problems(as_model(rec), **options)
    return _problems(model_of(rec, bind=bind, outputs=outputs), **options)
