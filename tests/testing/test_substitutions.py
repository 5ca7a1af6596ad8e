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
with_pieces = module("source_edits").with_pieces


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


@pytest.mark.parametrize(
    ("cell", "line", "instead", "words"),
    [
        ("elman", "h[t + 1] = np.tanh(x[t] @ w.T + h[t] @ u.T + b)", "h[t + 1] = np.tanh(b)",
         "of the sum in h only b is there"),
        ("elman", "h[t + 1] = np", "h[t] = np", "a state is written over the one before it"),
        ("elman", "h[t] @ u.T + b", "h[t - 1] @ u.T + b", "of two steps before goes into a step"),
        ("elman", "h[t] @ u.T + b", "h[0] @ u.T + b", "the initial value goes into every step"),
        ("sigmoid_rnn", "h[t + 1] * (1 - h[t + 1])", "h[t + 1] * (1 - h[t])",
         "the derivative in h is taken for h_t (1 − h_{t-1})"),
        ("lstm", "o[t] * np.tanh(c[t + 1])\n", "o[t] * np.tanh(c[t])\n",
         "tanh(c_{t-1}) stands for tanh(c_t) in h"),
        ("lstm", "i[t] * g[t]\n", "i[0] * g[t]\n", "i_t is that of the first step beside g_t in c"),
        ("lstm", "(sigmoid(a[:, k * n : (k + 1) * n]) for k in range(3))",
         "(a[:, k * n : (k + 1) * n] for k in range(3))", "σ is missing in f, i, o"),
        ("gru", "(1 - z[t]) * g[t] +", "(2 - z[t]) * g[t] +", "+1 is added to"),
        ("elman", "p.mask * p.loss_weights[:, None]", "p.mask + p.loss_weights[:, None]",
         "the mask and the loss weights are added"),
    ],
)  # fmt: skip
def test_slips_of_the_forward_pass_are_named(
    cell: str, line: str, instead: str, words: str
) -> None:
    function = edited_gradients.RIGHT[cell]
    made = with_pieces(function.__name__, function, line, instead, vars(edited_gradients))
    assert words in said(made, cell)


@pytest.mark.parametrize(
    ("name", "bugs", "words"),
    [
        ("folded_gru", ("rows stacked as z, r, g", "carried bar not reset"),
         "the factor r_t is lost on the way to h_{t-1} (in g); besides, the blocks are in the"),
        ("unit_loops", ("state of another unit in the sum of dU",
                        "row of the matrix for its column on the way back"),
         "not transposed on the way back; besides, the gradient of U is transposed"),
        ("layered_lstm", ("blocks put together in the order i, f, o, g",
                          "output gate missing before the squash"),
         "besides, the blocks are in the order i, f, o, g"),
    ],
)  # fmt: skip
def test_what_is_done_to_a_wrong_gradient_at_the_end_is_undone(
    name: str, bugs: tuple[str, str], words: str
) -> None:
    own = module("submitted_changes")
    old, new = zip(*(next((o, w) for n, b, o, w in own.EDITS if (n, b) == (name, bug))
                     for bug in bugs), strict=True)  # fmt: skip
    assert words in said(own.changed(name, old, new), own.RIGHT[name][0])


def test_rows_that_are_assigned_in_loops_over_examples_are_named() -> None:
    own = module("submitted_changes")
    made = own.changed("unit_loops", "dU[i, j] += delta[i] * h", "dU[i, j] = delta[i] * h")
    assert "only the use at the first step of the last example is there" in said(made, "elman")
