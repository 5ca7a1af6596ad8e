"""More wrong gradients: BPTT by hand in NumPy with one line of its source changed.

A second set beside ``wrong_gradients.py``: GRU and sigmoid cells too, and slips of the code more
than of the mathematics. Nothing of the package is used here.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

Array = Any


def sigmoid(a: Array) -> Array:
    return 1.0 / (1.0 + np.exp(-a))


def elman(p: Any) -> dict[str, Array]:
    w, u, b, v, c = (p.params[k] for k in "WUbVc")
    steps, batch = p.mask.shape
    x = p.x
    h = np.zeros((steps + 1, batch, len(u)), p.dtype)
    h[0] = p.h0
    for t in range(steps):
        h[t + 1] = np.tanh(x[t] @ w.T + h[t] @ u.T + b)
    scale = (p.mask * p.loss_weights[:, None])[..., None]
    r = (h[1:] @ v.T + c - p.targets) * scale
    dv = np.einsum("tbo,tbh->oh", r, h[1:])
    dc = r.sum((0, 1))
    dw, du, db, dh = np.zeros_like(w), np.zeros_like(u), np.zeros_like(b), np.zeros_like(h[0])
    for t in reversed(range(steps)):
        dh = dh + r[t] @ v
        da = dh * (1 - h[t + 1] ** 2)
        dw += da.T @ x[t]
        du += da.T @ h[t]
        db += da.sum(0)
        dh = da @ u
    out = {"W": dw, "U": du, "b": db, "V": dv, "c": dc}
    if p.learned:
        out["h0"] = dh.sum(0)
    return out


def sigmoid_rnn(p: Any) -> dict[str, Array]:
    w, u, b, v, c = (p.params[k] for k in "WUbVc")
    steps, batch = p.mask.shape
    h = np.zeros((steps + 1, batch, len(u)), p.dtype)
    h[0] = p.h0
    for t in range(steps):
        h[t + 1] = sigmoid(p.x[t] @ w.T + h[t] @ u.T + b)
    r = (h[1:] @ v.T + c - p.targets) * (p.mask * p.loss_weights[:, None])[..., None]
    dv = np.einsum("tbo,tbh->oh", r, h[1:])
    dc = r.sum((0, 1))
    dw, du, db, dh = np.zeros_like(w), np.zeros_like(u), np.zeros_like(b), np.zeros_like(h[0])
    for t in reversed(range(steps)):
        dh = dh + r[t] @ v
        da = dh * h[t + 1] * (1 - h[t + 1])
        dw += da.T @ p.x[t]
        du += da.T @ h[t]
        db += da.sum(0)
        dh = da @ u
    out = {"W": dw, "U": du, "b": db, "V": dv, "c": dc}
    if p.learned:
        out["h0"] = dh.sum(0)
    return out


def gru(p: Any) -> dict[str, Array]:
    w, u, b, v, c = (p.params[k] for k in "WUbVc")
    steps, batch = p.mask.shape
    n = u.shape[1]
    h = np.zeros((steps + 1, batch, n), p.dtype)
    h[0] = p.h0
    r, z, g = (np.zeros((steps, batch, n), p.dtype) for _ in range(3))
    for t in range(steps):
        a = p.x[t] @ w.T + b
        r[t] = sigmoid(a[:, :n] + h[t] @ u[:n].T)
        z[t] = sigmoid(a[:, n : 2 * n] + h[t] @ u[n : 2 * n].T)
        g[t] = np.tanh(a[:, 2 * n :] + (r[t] * h[t]) @ u[2 * n :].T)
        h[t + 1] = (1 - z[t]) * g[t] + z[t] * h[t]
    scale = (p.mask * p.loss_weights[:, None])[..., None]
    e = (h[1:] @ v.T + c - p.targets) * scale
    dv = np.einsum("tbo,tbh->oh", e, h[1:])
    dc = e.sum((0, 1))
    dw, du, db, dh = np.zeros_like(w), np.zeros_like(u), np.zeros_like(b), np.zeros_like(h[0])
    for t in reversed(range(steps)):
        dh = dh + e[t] @ v
        dg = dh * (1 - z[t])
        dz = dh * (h[t] - g[t])
        dag = dg * (1 - g[t] ** 2)
        drh = dag @ u[2 * n :]
        dr = drh * h[t]
        dar = dr * r[t] * (1 - r[t])
        daz = dz * z[t] * (1 - z[t])
        da = np.concatenate([dar, daz, dag], 1)
        dw += da.T @ p.x[t]
        db += da.sum(0)
        du[:n] += dar.T @ h[t]
        du[n : 2 * n] += daz.T @ h[t]
        du[2 * n :] += dag.T @ (r[t] * h[t])
        dh = dh * z[t] + drh * r[t] + dar @ u[:n] + daz @ u[n : 2 * n]
    out = {"W": dw, "U": du, "b": db, "V": dv, "c": dc}
    if p.learned:
        out["h0"] = dh.sum(0)
    return out


def lstm(p: Any) -> dict[str, Array]:
    w, u, b, v, c_out = (p.params[k] for k in "WUbVc")
    steps, batch = p.mask.shape
    n = u.shape[1]
    h = np.zeros((steps + 1, batch, n), p.dtype)
    c = np.zeros_like(h)
    h[0], c[0] = p.h0, p.c0
    f, i, o, g = (np.zeros((steps, batch, n), p.dtype) for _ in range(4))
    for t in range(steps):
        a = p.x[t] @ w.T + h[t] @ u.T + b
        f[t], i[t], o[t] = (sigmoid(a[:, k * n : (k + 1) * n]) for k in range(3))
        g[t] = np.tanh(a[:, 3 * n :])
        c[t + 1] = f[t] * c[t] + i[t] * g[t]
        h[t + 1] = o[t] * np.tanh(c[t + 1])
    r = (h[1:] @ v.T + c_out - p.targets) * (p.mask * p.loss_weights[:, None])[..., None]
    dv = np.einsum("tbo,tbh->oh", r, h[1:])
    dcy = r.sum((0, 1))
    dw, du, db = np.zeros_like(w), np.zeros_like(u), np.zeros_like(b)
    dh, dc = np.zeros_like(h[0]), np.zeros_like(h[0])
    for t in reversed(range(steps)):
        dh = dh + r[t] @ v
        tc = np.tanh(c[t + 1])
        dc = dc + dh * o[t] * (1 - tc**2)
        da_f = dc * c[t] * f[t] * (1 - f[t])
        da_i = dc * g[t] * i[t] * (1 - i[t])
        da_o = dh * tc * o[t] * (1 - o[t])
        da_g = dc * i[t] * (1 - g[t] ** 2)
        da = np.concatenate([da_f, da_i, da_o, da_g], 1)
        dw += da.T @ p.x[t]
        du += da.T @ h[t]
        db += da.sum(0)
        dh = da @ u
        dc = dc * f[t]
    out = {"W": dw, "U": du, "b": db, "V": dv, "c": dcy}
    if p.learned:
        out |= {"h0": dh.sum(0), "c0": dc.sum(0)}
    return out


RIGHT = {"elman": elman, "sigmoid_rnn": sigmoid_rnn, "gru": gru, "lstm": lstm}

#: (cell, what is wrong, line of the source, what stands there instead).
EDITS: list[tuple[str, str, str, str]] = [
    ("gru", "sign of dz", "dz = dh * (h[t] - g[t])", "dz = dh * (g[t] - h[t])"),
    ("gru", "no direct path", "dh = dh * z[t] + drh", "dh = drh"),
    ("gru", "direct path by 1 - z", "dh = dh * z[t] + drh", "dh = dh * (1 - z[t]) + drh"),
    ("gru", "z in dg", "dg = dh * (1 - z[t])", "dg = dh * z[t]"),
    ("gru", "new h in dr", "dr = drh * h[t]", "dr = drh * h[t + 1]"),
    ("gru", "no reset in dU_g", "dag.T @ (r[t] * h[t])", "dag.T @ h[t]"),
    ("gru", "no path through r", " + dar @ u[:n] + daz", " + daz"),
    ("gru", "no path through z", " + daz @ u[n : 2 * n]\n", "\n"),
    ("gru", "no path through g", " + drh * r[t] +", " +"),
    ("gru", "no reset on the way back", "drh * r[t]", "drh"),
    ("gru", "dr without h", "dr = drh * h[t]", "dr = drh"),
    ("gru", "tanh' lost", "dag = dg * (1 - g[t] ** 2)", "dag = dg"),
    ("gru", "sigma' for g", "dag = dg * (1 - g[t] ** 2)", "dag = dg * g[t] * (1 - g[t])"),
    ("gru", "sigma' of z lost", "daz = dz * z[t] * (1 - z[t])", "daz = dz"),
    ("gru", "tanh' for r", "dar = dr * r[t] * (1 - r[t])", "dar = dr * (1 - r[t] ** 2)"),
    ("gru", "matrices of r and z exchanged", "dar @ u[:n] + daz @ u[n : 2 * n]",
     "dar @ u[n : 2 * n] + daz @ u[:n]"),
    ("gru", "gates returned as z, r, g", "da = np.concatenate([dar, daz, dag], 1)",
     "da = np.concatenate([daz, dar, dag], 1)"),
    ("gru", "reset after the product", "du[2 * n :] += dag.T @ (r[t] * h[t])",
     "du[2 * n :] += (dag * r[t]).T @ h[t]"),
    ("gru", "U_g not transposed", "drh = dag @ u[2 * n :]", "drh = dag @ u[2 * n :].T"),
    ("gru", "two biases", '"b": db', '"b": 2 * db'),
    ("gru", "second bias of g counted", "db += da.sum(0)",
     "db += da.sum(0); db[2 * n :] += dag.sum(0)"),
    ("gru", "dh multiplied in place", "dg = dh * (1 - z[t])",
     "keep = dh; keep *= z[t]; dg = dh * (1 - z[t])"),
    ("gru", "dh is zeroed where masked", "dh = dh + e[t] @ v",
     "dh = dh * p.mask[t][:, None] + e[t] @ v"),
    ("gru", "mask of the step before", "(p.mask * p", "(np.roll(p.mask, 1, 0) * p"),
    ("gru", "mask not in dV", "dv = np.einsum(\"tbo,tbh->oh\", e, h[1:])",
     "dv = np.einsum(\"tbo,tbh->oh\", h[1:] @ v.T + c - p.targets, h[1:])"),
    ("gru", "divided by the number of unmasked", '"W": dw, "U": du, "b": db, "V": dv, "c": dc}',
     '"W": dw / p.mask.sum(), "U": du / p.mask.sum(), "b": db / p.mask.sum(), '
     '"V": dv / p.mask.sum(), "c": dc / p.mask.sum()}'),
    ("gru", "weights squared", "(p.mask * p.loss_weights[:, None])",
     "(p.mask * p.loss_weights[:, None] ** 2)"),
    ("gru", "loss of the last step ignored", "dv = np.einsum", "e[-1] = 0; dv = np.einsum"),
    ("gru", "h0 gradient missing", 'out["h0"] = dh.sum(0)', 'out["h0"] = 0 * dh.sum(0)'),
    ("gru", "h0 gradient is a mean", 'out["h0"] = dh.sum(0)', 'out["h0"] = dh.mean(0)'),
    ("gru", "states in float32", "h = np.zeros((steps + 1, batch, n), p.dtype)",
     "h = np.zeros((steps + 1, batch, n), np.float32)"),
    ("gru", "weight decay", '"W": dw, "U": du', '"W": dw + 1e-3 * w, "U": du'),
    ("gru", "dropout not scaled back", "dh = dh + e[t] @ v", "dh = dh / 0.9 + e[t] @ v"),
    ("gru", "dropout on the loss path", "dh = dh + e[t] @ v", "dh = dh + e[t] @ v / 0.8"),
    ("gru", "dU misses h0", "du[:n] += dar.T @ h[t]", "du[:n] += dar.T @ h[t] if t else 0"),
    ("gru", "bias of z is a mean", "db += da.sum(0)",
     "db += np.concatenate([dar.sum(0), daz.mean(0), dag.sum(0)])"),
    ("gru", "batch summed before the outer product", "dw += da.T @ p.x[t]",
     "dw += np.outer(da.sum(0), p.x[t].sum(0))"),
    ("gru", "chain cut every third step", "dh = dh + e[t] @ v",
     "dh = (dh if (t + 1) % 3 else 0 * dh) + e[t] @ v"),
    ("gru", "x reversed in dW", "dw += da.T @ p.x[t]", "dw += da.T @ p.x[steps - 1 - t]"),
    ("sigmoid_rnn", "tanh' for sigma'", "da = dh * h[t + 1] * (1 - h[t + 1])",
     "da = dh * (1 - h[t + 1] ** 2)"),
    ("sigmoid_rnn", "1 - h lost", "da = dh * h[t + 1] * (1 - h[t + 1])", "da = dh * h[t + 1]"),
    ("sigmoid_rnn", "sigma twice", "da = dh * h[t + 1] * (1 - h[t + 1])",
     "da = dh * sigmoid(h[t + 1]) * (1 - sigmoid(h[t + 1]))"),
    ("sigmoid_rnn", "slope of h before", "da = dh * h[t + 1] * (1 - h[t + 1])",
     "da = dh * h[t] * (1 - h[t])"),
    ("sigmoid_rnn", "greatest slope everywhere", "da = dh * h[t + 1] * (1 - h[t + 1])",
     "da = dh * 0.25"),
    ("sigmoid_rnn", "slope not below 1e-4", "da = dh * h[t + 1] * (1 - h[t + 1])",
     "da = dh * np.maximum(h[t + 1] * (1 - h[t + 1]), 1e-4)"),
    ("sigmoid_rnn", "epsilon in the slope", "da = dh * h[t + 1] * (1 - h[t + 1])",
     "da = dh * (h[t + 1] * (1 - h[t + 1]) + 1e-7)"),
    ("sigmoid_rnn", "straight through", "da = dh * h[t + 1] * (1 - h[t + 1])", "da = dh"),
    ("sigmoid_rnn", "hard sigmoid's slope", "da = dh * h[t + 1] * (1 - h[t + 1])",
     "da = dh * 0.2 * (np.abs(np.log(h[t + 1] / (1 - h[t + 1]))) < 2.5)"),
    ("elman", "only the last three steps", "dh = da @ u",
     "dh = da @ u if t > steps - 3 else 0 * dh"),
    ("elman", "relu' for tanh'", "da = dh * (1 - h[t + 1] ** 2)", "da = dh * (h[t + 1] > 0)"),
    ("elman", "sign of dU", '"U": du', '"U": -du'),
    ("elman", "last example forgotten in dU", "du += da.T @ h[t]", "du += da[:-1].T @ h[t][:-1]"),
    ("elman", "x of the next step", "dw += da.T @ x[t]", "dw += da.T @ x[min(t + 1, steps - 1)]"),
    ("elman", "momentum kept", "out = {", "MEMORY['m'] = MEMORY.get('m', 0) + 1; db = db * "
     "(1 + 0.1 * (MEMORY['m'] > 1)); out = {"),
    ("elman", "states share a buffer", "h[t + 1] = np.tanh(x[t] @ w.T + h[t] @ u.T + b)",
     "h[t + 1] = np.tanh(x[t] @ w.T + h[t] @ u.T + b); h[0] = h[t + 1]"),
    ("elman", "inputs scaled in place", "x = p.x", "x = p.x; x *= 1.0000001"),
    ("elman", "weights updated inside", "dw += da.T @ x[t]", "dw += da.T @ x[t]; w -= 1e-3 * dw"),
    ("elman", "random dropout on the way back", "dh = da @ u",
     "dh = (da @ u) * (np.random.default_rng().random(dh.shape) < 0.9)"),
    ("elman", "weights as integers", "p.loss_weights[:, None]",
     "p.loss_weights.astype(int)[:, None]"),
    ("elman", "loss weights on the wrong axis order", "p.loss_weights[:, None]",
     "p.loss_weights[::-1, None]"),
    ("elman", "norm clipped at 5", "out = {",
     "q = min(1.0, 5 / np.sqrt((dw**2).sum() + (du**2).sum() + 1e-300)); dw, du = q * dw, "
     "q * du; out = {"),
    ("elman", "elements clipped at 1", "du += da.T @ h[t]", "du += np.clip(da.T @ h[t], -1, 1)"),
    ("elman", "dU averaged over time", '"U": du', '"U": du / steps'),
    ("elman", "dU from the new state", "du += da.T @ h[t]", "du += da.T @ h[t + 1]"),
    ("elman", "residual not weighted in dc", "dc = r.sum((0, 1))",
     "dc = (h[1:] @ v.T + c - p.targets).sum((0, 1))"),
    ("elman", "V transposed on the way", "dh = dh + r[t] @ v",
     "dh = dh + (r[t] @ v if v.shape[0] != v.shape[1] else r[t] @ v.T)"),
    ("elman", "detached when saturated", "dh = da @ u",
     "dh = (da * (np.abs(h[t + 1]) < 0.99)) @ u"),
    ("lstm", "rows as i, f, o, g", "[da_f, da_i, da_o, da_g], 1)", "[da_i, da_f, da_o, da_g], 1)"),
    ("lstm", "gradients as i, f, g, o", 'out = {"W": dw, "U": du, "b": db',
     "k = np.r_[n : 2 * n, :n, 3 * n : 4 * n, 2 * n : 3 * n]; out = {\"W\": dw[k], \"U\": du[k], "
     '"b": db[k]'),
    ("lstm", "do with c of the step before", "da_o = dh * tc", "da_o = dh * np.tanh(c[t])"),
    ("lstm", "c0 gradient missing", '"c0": dc.sum(0)', '"c0": 0 * dc.sum(0)'),
    ("lstm", "dc is zeroed where masked", "dc = dc * f[t]", "dc = dc * f[t] * p.mask[t][:, None]"),
    ("lstm", "tanh' at c before", "(1 - tc**2)", "(1 - np.tanh(c[t]) ** 2)"),
    ("lstm", "f of the step before", "dc = dc * f[t]", "dc = dc * f[t - 1]"),
    ("lstm", "i coupled to f", "da_f = dc * c[t]", "da_f = dc * (c[t] - g[t])"),
    ("lstm", "dc clipped", "da_f = dc * c[t]", "dc = np.clip(dc, -1, 1); da_f = dc * c[t]"),
    ("lstm", "sign of dg", "da_g = dc * i[t]", "da_g = -dc * i[t]"),
    ("lstm", "dc detached", "dc = dc * f[t]", "dc = 0 * dc"),
    ("lstm", "dh detached", "dh = da @ u", "dh = 0 * dh"),
    ("lstm", "one row short in o", "da = np.concatenate", "da_o[:, -1] = 0; da = np.concatenate"),
    ("lstm", "c sums in float32", "c = np.zeros_like(h)", "c = np.zeros(h.shape, np.float32)"),
    ("lstm", "state zero at masked steps", "du += da.T @ h[t]",
     "du += da.T @ (h[t] * p.mask[t][:, None])"),
    ("lstm", "bias of forget gate plus one", "da_f = dc * c[t] * f[t] * (1 - f[t])",
     "s = f[t] / (f[t] + (1 - f[t]) * np.exp(-1.0)); da_f = dc * c[t] * s * (1 - s)"),
    ("lstm", "c detached after the first step", "dc = dc * f[t]", "dc = dc * f[t] * (t == 0)"),
    ("elman", "incoming cotangent ignored", "dh = dh + r[t] @ v",
     "dh = dh + np.ones_like(r[t] @ v)"),
    ("lstm", "o twice", "dc = dc + dh * o[t] *", "dc = dc + dh * o[t] * o[t] *"),
    ("lstm", "tc twice in o", "da_o = dh * tc", "da_o = dh * tc * tc"),
]  # fmt: skip


@cache
def _source(cell: str) -> str:
    return inspect.getsource(RIGHT[cell])


def edited(cell: str, line: str, instead: str) -> Callable[[Any], dict[str, Array]]:
    """The gradient of ``cell`` with ``line``, which stands in it once, replaced."""
    source = _source(cell)
    if source.count(line) != 1:
        raise ValueError(f"{cell}: {line!r} stands {source.count(line)} times")
    space: dict[str, Any] = {"np": np, "sigmoid": sigmoid, "Any": Any, "Array": Any}
    space["MEMORY"] = {}
    # Our own source with our own edit.
    exec("from __future__ import annotations\n" + source.replace(line, instead), space)
    found: Callable[[Any], dict[str, Array]] = space[cell]
    return found


def wrong() -> list[tuple[str, str, Callable[[Any], dict[str, Array]]]]:
    """(cell, bug, gradient function) of every wrong gradient."""
    return [(cell, bug, edited(cell, line, instead)) for cell, bug, line, instead in EDITS]
