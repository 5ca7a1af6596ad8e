"""Wrong gradients as they are handed in: several styles of code, one mistake in each.

A fourth set, beside ``wrong_gradients.py``, ``edited_gradients.py`` and ``composed_gradients.py``:
lists of caches, column vectors, one example at a time, concatenated inputs, two layers, coupled
gates. Only the recurrences of one's own are the package's; the gradients use nothing of it.
``foreign_gradients.py`` has those of PyTorch, of JAX, and of cells that are no recurrence here.
"""

# ruff: noqa: E501  # the changed lines are data

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from source_edits import with_pieces

from bptt_sym.read import recurrence_from_latex
from bptt_sym.recurrence import Recurrence

Array = Any


def sigmoid(a: Array) -> Array:
    return 1.0 / (1.0 + np.exp(-a))


def scale_of(p: Any) -> Array:
    return (p.mask * p.loss_weights[:, None])[..., None]


def column_rnn(p: Any) -> dict[str, Array]:
    """Elman, one example after another, column vectors in dictionaries by step."""
    W, U, b, V, c = (p.params[k] for k in ("W", "U", "b", "V", "c"))
    T, B = p.mask.shape
    grads = {k: np.zeros_like(v) for k, v in p.params.items()}
    dh0 = np.zeros_like(p.h0)
    for n in range(B):
        xs, hs, es = {}, {-1: p.h0[n][:, None]}, {}
        for t in range(T):
            xs[t] = p.x[t, n][:, None]
            hs[t] = np.tanh(W @ xs[t] + U @ hs[t - 1] + b[:, None])
            y = V @ hs[t] + c[:, None]
            es[t] = (y - p.targets[t, n][:, None]) * p.mask[t, n] * p.loss_weights[t]
        dhnext = np.zeros_like(hs[-1])
        for t in reversed(range(T)):
            grads["V"] += es[t] @ hs[t].T
            grads["c"] += es[t][:, 0]
            dh = V.T @ es[t] + dhnext
            dhraw = (1 - hs[t] * hs[t]) * dh
            grads["b"] += dhraw[:, 0]
            grads["W"] += dhraw @ xs[t].T
            grads["U"] += dhraw @ hs[t - 1].T
            dhnext = U.T @ dhraw
        dh0[n] = dhnext[:, 0]
    grads["h0"] = dh0.sum(0) if p.learned else dh0
    return grads


def sigmoid_columns(p: Any) -> dict[str, Array]:
    """Sigmoid RNN, batch in columns, deltas kept for all steps."""
    W, U, b, V, c = (p.params[k] for k in ("W", "U", "b", "V", "c"))
    T, B = p.mask.shape
    X, Y = p.x.transpose(0, 2, 1), p.targets.transpose(0, 2, 1)
    S = np.zeros((T + 1, len(U), B), p.dtype)
    S[T] = p.h0.T
    for t in range(T):
        S[t] = sigmoid(W @ X[t] + U @ S[t - 1] + b[:, None])
    delta = np.zeros((T, len(U), B), p.dtype)
    err = np.zeros((T, len(V), B), p.dtype)
    back = np.zeros((len(U), B), p.dtype)
    for t in range(T - 1, -1, -1):
        err[t] = (V @ S[t] + c[:, None] - Y[t]) * (p.mask[t] * p.loss_weights[t])[None]
        delta[t] = (V.T @ err[t] + back) * S[t] * (1 - S[t])
        back = U.T @ delta[t]
    prev = np.concatenate([S[T:], S[: T - 1]])
    out = {
        "W": np.einsum("thb,tib->hi", delta, X),
        "U": np.einsum("thb,tkb->hk", delta, prev),
        "b": delta.sum((0, 2)),
        "V": np.einsum("tob,thb->oh", err, S[:T]),
        "c": err.sum((0, 2)),
    }
    if p.learned:
        out["h0"] = back.sum(1)
    return out


def lstm_step(z: Array, c: Array, n: int) -> tuple[Array, Array, tuple[Array, ...]]:
    f, i, o = sigmoid(z[:, :n]), sigmoid(z[:, n : 2 * n]), sigmoid(z[:, 2 * n : 3 * n])
    g = np.tanh(z[:, 3 * n :])
    new = f * c + i * g
    th = np.tanh(new)
    return o * th, new, (f, i, o, g, c, th)


def lstm_caches(p: Any) -> dict[str, Array]:
    """LSTM with caches, the weights joined to act on [h, x]."""
    W, U, b, V, c_y = (p.params[k] for k in ("W", "U", "b", "V", "c"))
    T = p.steps
    n = U.shape[1]
    WW = np.hstack([U, W])
    h, c, caches, hs = p.h0, p.c0, [], []
    for t in range(T):
        hx = np.hstack([h, p.x[t]])
        h, c, cache = lstm_step(hx @ WW.T + b, c, n)
        caches.append((hx, cache))
        hs.append(h)
    dV, dcy = np.zeros_like(V), np.zeros_like(c_y)
    dWW, db = np.zeros_like(WW), np.zeros_like(b)
    dh_next, dc_next = np.zeros_like(p.h0), np.zeros_like(p.c0)
    for t in reversed(range(T)):
        hx, (f, i, o, g, c_prev, th) = caches[t]
        dy = (hs[t] @ V.T + c_y - p.targets[t]) * (p.mask[t] * p.loss_weights[t])[:, None]
        dV += dy.T @ hs[t]
        dcy += dy.sum(axis=0)
        dh = dy @ V + dh_next
        dc = dc_next + dh * o * (1 - th * th)
        d_o = dh * th * o * (1 - o)
        d_f = dc * c_prev * f * (1 - f)
        d_i = dc * g * i * (1 - i)
        d_g = dc * i * (1 - g * g)
        dz = np.hstack([d_f, d_i, d_o, d_g])
        dWW += dz.T @ hx
        db += np.sum(dz, axis=0)
        dhx = dz @ WW
        dh_next = dhx[:, :n]
        dc_next = f * dc
    out = {"U": dWW[:, :n], "W": dWW[:, n:], "b": db, "V": dV, "c": dcy}
    if p.learned:
        out |= {"h0": dh_next.sum(0), "c0": dc_next.sum(0)}
    return out


def gru_modules(p: Any) -> dict[str, Array]:
    """GRU with separate matrices and one dictionary a step."""
    n = p.params["U"].shape[1]
    Wr, Wz, Wg = np.split(p.params["W"], 3)
    Ur, Uz, Ug = np.split(p.params["U"], 3)
    br, bz, bg = np.split(p.params["b"], 3)
    V, c = p.params["V"], p.params["c"]
    T = p.steps
    tape, h = [], p.h0
    for t in range(T):
        r = sigmoid(p.x[t] @ Wr.T + h @ Ur.T + br)
        z = sigmoid(p.x[t] @ Wz.T + h @ Uz.T + bz)
        g = np.tanh(p.x[t] @ Wg.T + (r * h) @ Ug.T + bg)
        new = (1 - z) * g + z * h
        tape.append({"r": r, "z": z, "g": g, "old": h, "new": new})
        h = new
    dW = [np.zeros((n, p.x.shape[2]), p.dtype) for _ in range(3)]
    dU = [np.zeros((n, n), p.dtype) for _ in range(3)]
    db = [np.zeros(n, p.dtype) for _ in range(3)]
    dV, dc, dh = np.zeros_like(V), np.zeros_like(c), np.zeros_like(p.h0)
    for t in range(T - 1, -1, -1):
        r, z, g, old, new = (tape[t][k] for k in ("r", "z", "g", "old", "new"))
        e = new @ V.T + c - p.targets[t]
        e = e * p.mask[t][:, None] * p.loss_weights[t]
        dV += e.T @ new
        dc += e.sum(0)
        dh = dh + e @ V
        dg = dh * (1 - z) * (1 - g**2)
        dz = dh * (old - g) * z * (1 - z)
        drh = dg @ Ug
        dr = drh * old * r * (1 - r)
        for k, (d, s) in enumerate([(dr, old), (dz, old), (dg, r * old)]):
            dW[k] += d.T @ p.x[t]
            dU[k] += d.T @ s
            db[k] += d.sum(0)
        dh = dh * z + drh * r + dr @ Ur + dz @ Uz
    out = {"W": np.vstack(dW), "U": np.vstack(dU), "b": np.hstack(db), "V": dV, "c": dc}
    if p.learned:
        out["h0"] = dh.sum(0)
    return out


def residual_of(p: Any, name: str, value: Array) -> Array:
    return (value - p.series[f"\\hat{{{name}}}"]) * scale_of(p)


def skip_stack(p: Any) -> dict[str, Array]:
    """Two layers, the upper one reads the input as well and adds the lower state to its own."""
    A, B, C, D, E, a, e = (p.params[k] for k in ("A", "B", "C", "D", "E", "a", "e"))
    x = p.series["x"]
    T, N = p.mask.shape
    h, s, q = (np.zeros((T + 1, N, len(a)), p.dtype) for _ in range(3))
    h[0], s[0] = p.start("h"), p.start("s")
    for t in range(1, T + 1):
        h[t] = np.tanh(x[t - 1] @ A.T + h[t - 1] @ B.T + a)
        q[t] = np.tanh(h[t] @ C.T + s[t - 1] @ D.T + x[t - 1] @ E.T + e)
        s[t] = q[t] + h[t]
    gh, gs = residual_of(p, "h", h[1:]), residual_of(p, "s", s[1:])
    d = {k: np.zeros_like(v) for k, v in p.params.items()}
    bh, bs = np.zeros_like(h[0]), np.zeros_like(h[0])
    for t in range(T, 0, -1):
        ds = gs[t - 1] + bs
        u = ds * (1 - q[t] ** 2)
        dh = gh[t - 1] + bh + ds + u @ C
        v = dh * (1 - h[t] ** 2)
        d["C"] += u.T @ h[t]
        d["D"] += u.T @ s[t - 1]
        d["E"] += u.T @ x[t - 1]
        d["e"] += u.sum(0)
        d["A"] += v.T @ x[t - 1]
        d["B"] += v.T @ h[t - 1]
        d["a"] += v.sum(0)
        bs = u @ D
        bh = v @ B
    if p.learned:
        d["h0"], d["s0"] = bh.sum(0), bs.sum(0)
    return d


def coupled(p: Any) -> dict[str, Array]:
    """An LSTM without output gate whose input gate is 1 - f, dropout on what the state says."""
    W, R, k, Q, S, m = (p.params[j] for j in ("W", "R", "k", "Q", "S", "m"))
    x, keep = p.series["x"], p.series["d"]
    T, N = p.mask.shape
    c, h = np.zeros((T + 1, N, len(k)), p.dtype), np.zeros((T + 1, N, len(k)), p.dtype)
    f, g = np.zeros((T, N, len(k)), p.dtype), np.zeros((T, N, len(k)), p.dtype)
    c[0], h[0] = p.start("c"), p.start("h")
    for t in range(T):
        f[t] = sigmoid(x[t] @ W.T + h[t] @ R.T + k)
        g[t] = np.tanh(x[t] @ Q.T + h[t] @ S.T + m)
        c[t + 1] = f[t] * c[t] + (1 - f[t]) * g[t]
        h[t + 1] = keep[t] * np.tanh(c[t + 1])
    ec, eh = residual_of(p, "c", c[1:]), residual_of(p, "h", h[1:])
    d = {j: np.zeros_like(v) for j, v in p.params.items()}
    dh, dc = np.zeros_like(h[0]), np.zeros_like(c[0])
    for t in reversed(range(T)):
        dh = dh + eh[t]
        dc = dc + ec[t] + dh * keep[t] * (1 - np.tanh(c[t + 1]) ** 2)
        zf = dc * (c[t] - g[t]) * f[t] * (1 - f[t])
        zg = dc * (1 - f[t]) * (1 - g[t] ** 2)
        d["W"] += zf.T @ x[t]
        d["R"] += zf.T @ h[t]
        d["k"] += zf.sum(0)
        d["Q"] += zg.T @ x[t]
        d["S"] += zg.T @ h[t]
        d["m"] += zg.sum(0)
        dh = zf @ R + zg @ S
        dc = dc * f[t]
    if p.learned:
        d["h0"], d["c0"] = dh.sum(0), dc.sum(0)
    return d


RIGHT = {
    "column_rnn": column_rnn,
    "sigmoid_columns": sigmoid_columns,
    "lstm_caches": lstm_caches,
    "gru_modules": gru_modules,
    "skip_stack": skip_stack,
    "coupled": coupled,
}
CELLS = {
    "column_rnn": "elman",
    "sigmoid_columns": "sigmoid_rnn",
    "lstm_caches": "lstm",
    "gru_modules": "gru",
}


@cache
def recurrence(name: str) -> Recurrence:
    """The recurrences that ship with no cell."""
    n, square, wide = ("n",), ("n", "n"), ("n", "k")
    if name == "skip_stack":
        lines = [
            r"h_t = \tanh(A x_t + B h_{t-1} + a)",
            r"s_t = \tanh(C h_t + D s_{t-1} + E x_t + e) + h_t",
        ]
        shapes: dict[str, Any] = dict.fromkeys("hsae", n) | dict.fromkeys("BCD", square)
        shapes |= {"A": wide, "E": wide, "x": ("k",)}
    else:
        lines = [
            r"f_t = \sigma(W x_t + R h_{t-1} + k)",
            r"g_t = \tanh(Q x_t + S h_{t-1} + m)",
            r"c_t = f_t \odot c_{t-1} + (1 - f_t) \odot g_t",
            r"h_t = d_t \odot \tanh(c_t)",
        ]
        shapes = dict.fromkeys("fgchdkm", n) | {"R": square, "S": square}
        shapes |= {"W": ("n", "i"), "Q": ("n", "i"), "x": ("i",)}
    return recurrence_from_latex(lines, name=name, shapes=shapes)


EDITS: list[tuple[str, str, str, str]] = [
    # one example at a time, in columns
    ("column_rnn", "dhnext not reset between examples",
     "        dhnext = np.zeros_like(hs[-1])\n",
     "        if n == 0:\n            dhnext = np.zeros_like(hs[-1])\n"),
    ("column_rnn", "V of the last step only", 'grads["V"] += es[t] @ hs[t].T',
     'grads["V"] += es[t] @ hs[T - 1].T'),
    ("column_rnn", "dhnext without the derivative", "dhnext = U.T @ dhraw", "dhnext = U.T @ dh"),
    ("column_rnn", "clipped like min-char-rnn", '    grads["h0"] =',
     '    for k in grads:\n        np.clip(grads[k], -5, 5, out=grads[k])\n    grads["h0"] ='),
    ("column_rnn", "last example only", "        xs, hs, es = {}, {-1: p.h0[n][:, None]}, {}",
     "        grads = {k: np.zeros_like(v) for k, v in p.params.items()}\n"
     "        xs, hs, es = {}, {-1: p.h0[n][:, None]}, {}"),
    ("column_rnn", "h0 of the first example for all", "{-1: p.h0[n][:, None]}",
     "{-1: p.h0[0][:, None]}"),
    ("column_rnn", "first step's input repeated", "xs[t] = p.x[t, n][:, None]",
     "xs[t] = p.x[min(t, 1), n][:, None]"),
    ("column_rnn", "dh replaced after step", "dh = V.T @ es[t] + dhnext",
     "dh = V.T @ es[t] + (dhnext if t < T - 2 else 0)"),
    ("column_rnn", "h0's gradient with one product more", "dh0[n] = dhnext[:, 0]",
     "dh0[n] = (U.T @ dhnext)[:, 0]"),
    ("column_rnn", "db from dh", 'grads["b"] += dhraw[:, 0]', 'grads["b"] += dh[:, 0]'),
    ("column_rnn", "mask left out of dV", 'grads["V"] += es[t] @ hs[t].T',
     'grads["V"] += (V @ hs[t] + c[:, None] - p.targets[t, n][:, None]) @ hs[t].T'),
    ("column_rnn", "relu's derivative", "(1 - hs[t] * hs[t]) * dh", "(hs[t] > 0) * dh"),
    ("column_rnn", "small gradients flushed", "dhnext = U.T @ dhraw",
     "dhnext = U.T @ dhraw\n            dhnext[abs(dhnext) < 1e-3] = 0"),
    # batch in columns
    ("sigmoid_columns", "h0 lost by negative index", "S[T] = p.h0.T", "S[0] = p.h0.T"),
    ("sigmoid_columns", "delta with the slope of the next step",
     "* S[t] * (1 - S[t])", "* S[t + 1] * (1 - S[t + 1])"),
    ("sigmoid_columns", "delta not times the slope in dU",
     '"U": np.einsum("thb,tkb->hk", delta, prev)',
     '"U": np.einsum("thb,tkb->hk", delta / (S[:T] * (1 - S[:T])), prev)'),
    ("sigmoid_columns", "prev rolled over all steps",
     "prev = np.concatenate([S[T:], S[: T - 1]])", "prev = np.roll(S[:T], 1, 0)"),
    ("sigmoid_columns", "axes of U exchanged", '"thb,tkb->hk"', '"thb,tkb->kh"'),
    ("sigmoid_columns", "cross entropy's delta", "delta[t] = (V.T @ err[t] + back) * S[t] * (1 - S[t])",
     "delta[t] = V.T @ err[t] + back * S[t] * (1 - S[t])"),
    ("sigmoid_columns", "bias gradient of last step", '"b": delta.sum((0, 2))', '"b": delta[-1].sum(1)'),
    ("sigmoid_columns", "1/T and 1/B", '"W": np.einsum("thb,tib->hi", delta, X)',
     '"W": np.einsum("thb,tib->hi", delta, X) / (T * B)'),
    ("sigmoid_columns", "back includes the error twice", "back = U.T @ delta[t]",
     "back = U.T @ (delta[t] + V.T @ err[t])"),
    ("sigmoid_columns", "slope of sigmoid of S", "* S[t] * (1 - S[t])",
     "* sigmoid(S[t]) * (1 - sigmoid(S[t]))"),
    ("sigmoid_columns", "weights applied as square roots",
     "(p.mask[t] * p.loss_weights[t])[None]",
     "(p.mask[t] * np.sign(p.loss_weights[t]) * abs(p.loss_weights[t]) ** 0.5)[None]"),
    ("sigmoid_columns", "target one step late", "- Y[t])", "- Y[t - 1])"),
    # LSTM with caches
    ("lstm_caches", "dc_next not passed", "dc = dc_next + dh", "dc = dh"),
    ("lstm_caches", "d_o without the activation's derivative", "d_o = dh * th * o * (1 - o)",
     "d_o = dh * th"),
    ("lstm_caches", "d_f with the new c", "c, cache = lstm_step(hx @ WW.T + b, c, n)",
     "c, cache = lstm_step(hx @ WW.T + b, c, n)\n        cache = (*cache[:4], c, cache[5])"),
    ("lstm_caches", "rows in another order", "np.hstack([d_f, d_i, d_o, d_g])",
     "np.hstack([d_i, d_f, d_o, d_g])"),
    ("lstm_caches", "h and x blocks exchanged", "dh_next = dhx[:, :n]", "dh_next = dhx[:, -n:]"),
    ("lstm_caches", "dc carried with the old f", "dc_next = f * dc",
     "dc_next = (caches[t - 1][1][0] if t else f) * dc"),
    ("lstm_caches", "dc carried before the output's part", "dc_next = f * dc",
     "dc_next = f * (dc - dh * o * (1 - th * th))"),
    ("lstm_caches", "tanh of th", "dh * o * (1 - th * th)", "dh * o * (1 - np.tanh(th) ** 2)"),
    ("lstm_caches", "d_i uses c_prev", "d_i = dc * g * i", "d_i = dc * c_prev * i"),
    ("lstm_caches", "bias of forget gate not learned", "db += np.sum(dz, axis=0)",
     "db[n:] += np.sum(dz, axis=0)[n:]"),
    ("lstm_caches", "hidden state from the cell", "dy.T @ hs[t]", "dy.T @ th"),
    ("lstm_caches", "saturated gates frozen", "d_f = dc * c_prev * f * (1 - f)",
     "d_f = np.where((f > 0.95) | (f < 0.05), 0.0, dc * c_prev * f * (1 - f))"),
    ("lstm_caches", "c0 of zeros", "h, c, caches, hs = p.h0, p.c0, [], []",
     "h, c, caches, hs = p.h0, 0 * p.c0, [], []"),
    ("lstm_caches", "forget bias of one in the forward pass", "sigmoid(z[:, :n]), ", None),
    ("lstm_caches", "divided by the number of unmasked steps",
     "    if p.learned:\n        out |=",
     "    out = {k: v / p.mask.sum() for k, v in out.items()}\n    if p.learned:\n        out |="),
    # GRU
    ("gru_modules", "drh not times r", "drh * r + dr", "drh + dr"),
    ("gru_modules", "dz with the new state", "dz = dh * (old - g)", "dz = dh * (new - g)"),
    ("gru_modules", "dz sign", "dz = dh * (old - g)", "dz = dh * (g - old)"),
    ("gru_modules", "reset not in dUg", "(dg, r * old)", "(dg, old)"),
    ("gru_modules", "dr without old", "dr = drh * old * r", "dr = drh * r"),
    ("gru_modules", "path through r forgotten", " + dr @ Ur", ""),
    ("gru_modules", "z's path doubled", "dz @ Uz", "2 * dz @ Uz"),
    ("gru_modules", "dh overwritten by the error", "dh = dh + e @ V", "dh = dh * 0 + e @ V"),
    ("gru_modules", "dg without 1-z", "dg = dh * (1 - z) * (1 - g**2)", "dg = dh * (1 - g**2)"),
    ("gru_modules", "other convention of z", "dh = dh * z + drh", "dh = dh * (1 - z) + drh"),
    ("gru_modules", "old overwritten in place", 'tape.append({"r": r, "z": z, "g": g, "old": h, "new": new})\n        h = new',
     'if t == 0:\n            h = h.copy()\n        tape.append({"r": r, "z": z, "g": g, "old": h, "new": new})\n        h[...] = new'),
    ("gru_modules", "Uz and Ur exchanged", "dr @ Ur + dz @ Uz", "dr @ Uz + dz @ Ur"),
    # two layers
    ("skip_stack", "skip forgotten", "bh + ds + u @ C", "bh + u @ C"),
    ("skip_stack", "skip through the derivative", "bh + ds + u @ C", "bh + u + u @ C"),
    ("skip_stack", "slope of s, not of q", "(1 - q[t] ** 2)", "(1 - s[t] ** 2)"),
    ("skip_stack", "C^T forgotten", "u @ C", "u @ C.T"),
    ("skip_stack", "upper layer detached from the lower", "gh[t - 1] + bh + ds + u @ C", "gh[t - 1] + bh"),
    ("skip_stack", "dD with q", 'd["D"] += u.T @ s[t - 1]', 'd["D"] += u.T @ q[t - 1]'),
    ("skip_stack", "dC with the state before", 'd["C"] += u.T @ h[t]', 'd["C"] += u.T @ h[t - 1]'),
    ("skip_stack", "B and D exchanged on the way back",
     "bs = u @ D\n        bh = v @ B", "bs = u @ B\n        bh = v @ D"),
    ("skip_stack", "bs carries the whole of s", "bs = u @ D", "bs = u @ D + ds"),
    ("skip_stack", "input counted in the lower layer only", 'd["E"] += u.T @ x[t - 1]',
     'd["E"] += v.T @ x[t - 1]'),
    # coupled gates with dropout
    ("coupled", "only f c in the gate", "zf = dc * (c[t] - g[t])", "zf = dc * c[t]"),
    ("coupled", "plus for minus", "zf = dc * (c[t] - g[t])", "zf = dc * (c[t] + g[t])"),
    ("coupled", "dropout left out on the way back", "dh * keep[t] * (1", "dh * (1"),
    ("coupled", "dropout applied again to dh", "dh = zf @ R + zg @ S", "dh = keep[t] * (zf @ R + zg @ S)"),
    ("coupled", "f for 1 - f", "zg = dc * (1 - f[t])", "zg = dc * f[t]"),
    ("coupled", "slope from the dropped state", "(1 - np.tanh(c[t + 1]) ** 2)", "(1 - h[t + 1] ** 2)"),
    ("coupled", "dS with undropped state", 'd["S"] += zg.T @ h[t]',
     'd["S"] += zg.T @ (np.tanh(c[t]) if t else h[t])'),
    ("coupled", "dc decays", "dc = dc * f[t]", "dc = dc * f[t] * 0.9"),
    ("coupled", "R and S added up", "zf @ R + zg @ S", "(zf + zg) @ (R + S)"),
    ("coupled", "loss of c forgotten", "dc + ec[t] + dh", "dc + dh"),
]  # fmt: skip


def wrong() -> list[tuple[str, str, Callable[[Any], dict[str, Array]]]]:
    """(code, bug, gradient) of every change."""
    out = []
    for name, bug, old, new in EDITS:
        before = ""
        if new is None:  # what the step computes, not what is done with it
            before = inspect.getsource(lstm_step) + "\n"
            new = "sigmoid(z[:, :n] + 1), "
        out.append((name, bug, with_pieces(name, RIGHT[name], old, new, globals(), before)))
    return out
