"""Slips in which one value stands where another belongs, in code as people write it."""

from __future__ import annotations

import pytest

from bptt_sym.testing.chain_mistakes import _multiplied, _parts, _stepwise, chain_mistakes
from bptt_sym.testing.check import run
from bptt_sym.testing.compare import mismatches
from bptt_sym.testing.draw import cases, draw
from bptt_sym.testing.mistakes import library
from bptt_sym.testing.models import named_model
from bptt_sym.testing.score import score_inputs
from tests.testing.hand_written import module, said

edited_gradients = module("edited_gradients")


@pytest.mark.parametrize(
    ("line", "instead", "words"),
    [
        ("dz = dh * (h[t] - g[t])", "dz = -dh * g[t]",
         "one of the paths from z_t through h (by z_t times h_{t-1}) is dropped"),
        ("dg = dh * (1 - z[t])", "dg = dh * z[t]", "z_t stands for 1 - z_t on the way to g_t"),
        ("dr = drh * h[t]", "dr = drh * h[t + 1]", "h_t stands for h_{t-1} on the way to r_t"),
        ("dar = dr * r[t] * (1 - r[t])", "dar = dr * z[t] * (1 - z[t])",
         "taken at z's argument, in r"),
        ("dag.T @ (r[t] * h[t])", "dag.T @ h[t]",
         "h_{t-1} stands for r_t h_{t-1} in the outer product of U_g"),
        ("dar @ u[:n] + daz @ u[n : 2 * n]", "dar @ u[n : 2 * n] + daz @ u[:n]",
         "the recurrent matrices of gates r and z are exchanged on the way back"),
        ('"U": du', '"U": du + 1e-3 * u', "dU: 0.001 times U is added (weight decay)"),
        ('"b": db', '"b": 0 * db + db.sum()', "db: every entry of b is the sum of all"),
        ("dh = dh + e[t] @ v", "dh = dh * p.mask[t][:, None] + e[t] @ v",
         "what is carried back is cut where the mask is 0"),
        ("dh = dh + e[t] @ v", "dh = (dh if (t + 1) % 3 else 0 * dh) + e[t] @ v",
         "the chain of states is cut every 3 steps"),
    ],
)  # fmt: skip
def test_the_slip_is_named(line: str, instead: str, words: str) -> None:
    assert words in said(edited_gradients.edited("gru", line, instead), "gru")


def test_without_a_slip_nothing_is_said() -> None:
    assert run(edited_gradients.gru, "gru").ok


def test_inputs_that_hide_the_start_are_scored_for_it() -> None:
    """A mistake of the initial state's gradient alone counts, and is seen."""
    p = next(iter(cases(named_model("elman"))))
    known = [m.code for m in library(p.model) if m.code.startswith("short-")]
    assert known and not set(known) & {code for code, _ in score_inputs(p).missed}


def test_products_that_are_multiplied_out_are_right_where_they_should_be() -> None:
    """The right factors give the gradient; every other product differs where T = 4."""
    model = named_model("sigmoid_rnn")
    p = draw(model, 4, steps=4, batch=2, masked=True, weighted=True)
    parts = _parts(model)
    assert parts is not None
    made = _multiplied(p, parts, lambda s, t: _stepwise(t, range(t - 1, s - 1, -1)))
    assert mismatches(p, made) == []
    assert all(mismatches(p, m.gradient(p)) for m in chain_mistakes(model))
    assert not list(chain_mistakes(named_model("gru")))
