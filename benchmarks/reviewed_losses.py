"""Pairs of a loss and a gradient, whatever the cell.

A language model with one matrix for reading and writing, both directions with padding, an encoder
and a decoder, an LSTM with normalised gates, two layers in one flat vector, peepholes with dropout.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Array = Any

#: What stays the same at every point: words, lengths, masks of dropout.
TOKENS = np.array([[0, 2, 1], [3, 3, 0], [1, 0, 2], [2, 4, 4], [4, 1, 3]])
LENGTHS = np.array([4, 2, 3])
VALID = (np.arange(4)[:, None] < LENGTHS).astype(float)
KEEP = np.array([[1, 0, 1, 1], [0, 1, 1, 1], [1, 1, 0, 1]]) / 0.75
DECAY = 0.03


def logistic(a: Array) -> Array:
    return 1 / (1 + np.exp(-a))


def language(p: Any, x: Array, y: Array) -> Array:
    """Mean cross-entropy of the next word and the squared norms of the matrices."""
    h = np.zeros((TOKENS.shape[1], p["U"].shape[0]), p["U"].dtype) + p["h0"]
    total = 0.0
    for t in range(len(TOKENS) - 1):
        h = np.tanh(p["E"][TOKENS[t]] @ p["W"].T + h @ p["U"].T + p["b"])
        logits = h @ p["P"].T @ p["E"].T + p["c"]
        top = np.max(logits.real, axis=1, keepdims=True)
        logp = logits - top - np.log(np.exp(logits - top).sum(1, keepdims=True))
        total = total - logp[np.arange(len(h)), TOKENS[t + 1]].sum()
    decay = sum((p[k] ** 2).sum() for k in "WUP")
    return total / TOKENS[1:].size + 0.5 * DECAY * decay


def language_gradient(p: Any, x: Array, y: Array) -> dict[str, Array]:
    E, W, U, P = p["E"], p["W"], p["U"], p["P"]
    steps, batch = TOKENS.shape[0] - 1, TOKENS.shape[1]
    hs = [np.tile(p["h0"], (batch, 1))]
    probs = []
    for t in range(steps):
        hs.append(np.tanh(E[TOKENS[t]] @ W.T + hs[-1] @ U.T + p["b"]))
        logits = hs[-1] @ P.T @ E.T + p["c"]
        e = np.exp(logits - logits.max(1, keepdims=True))
        probs.append(e / e.sum(1, keepdims=True))
    grads = {k: np.zeros_like(v) for k, v in p.items()}
    dh = np.zeros_like(hs[0])
    for t in range(steps - 1, -1, -1):
        d = probs[t].copy()
        d[np.arange(batch), TOKENS[t + 1]] -= 1
        d /= steps * batch
        read = hs[t + 1] @ P.T
        grads["E"] += d.T @ read
        grads["c"] += d.sum(0)
        dread = d @ E
        grads["P"] += dread.T @ hs[t + 1]
        da = (dh + dread @ P) * (1 - hs[t + 1] ** 2)
        grads["W"] += da.T @ E[TOKENS[t]]
        grads["U"] += da.T @ hs[t]
        grads["b"] += da.sum(0)
        np.add.at(grads["E"], TOKENS[t], da @ W)
        dh = da @ U
    grads["h0"] = dh.sum(0)
    for k in "WUP":
        grads[k] += DECAY * p[k]
    return grads


def both_ways(p: Any, x: Array, y: Array) -> Array:
    """Forward and backward states over padded sequences, read together."""
    steps, batch, _ = x.shape
    kind = p["U1"].dtype
    out = np.zeros((2, steps, batch, p["U1"].shape[0]), kind)
    for way, order in ((0, range(steps)), (1, reversed(range(steps)))):
        k = str(way + 1)
        h = np.zeros((batch, 1), kind) + p["h" + k]
        for t in order:
            m = VALID[t][:, None]
            new = np.tanh(x[t] @ p["W" + k].T + h @ p["U" + k].T + p["b" + k])
            h = m * new + (1 - m) * h
            out[way, t] = h
    read = np.concatenate([out[0], out[1]], axis=-1) @ p["V"].T
    return 0.5 * (VALID[:, :, None] * (read - y) ** 2).sum()


def both_ways_gradient(p: Any, x: Array, y: Array) -> dict[str, Array]:
    T, B, _ = x.shape
    n = p["U1"].shape[0]
    fw, bw = np.zeros((T + 1, B, n)), np.zeros((T + 1, B, n))
    fw[0] = p["h1"]
    bw[T] = p["h2"]
    for t in range(T):
        m = VALID[t][:, None]
        fw[t + 1] = m * np.tanh(x[t] @ p["W1"].T + fw[t] @ p["U1"].T + p["b1"]) + (1 - m) * fw[t]
    for t in reversed(range(T)):
        m = VALID[t][:, None]
        new = np.tanh(x[t] @ p["W2"].T + bw[t + 1] @ p["U2"].T + p["b2"])
        bw[t] = m * new + (1 - m) * bw[t + 1]
    g = {k: np.zeros_like(v) for k, v in p.items()}
    both = np.concatenate([fw[1:], bw[:T]], axis=2)
    dy = (both @ p["V"].T - y) * VALID[:, :, None]
    g["V"] = np.einsum("tbk,tbj->kj", dy, both)
    dboth = dy @ p["V"]
    carry = np.zeros((B, n))
    for t in reversed(range(T)):
        m = VALID[t][:, None]
        total = carry + dboth[t, :, :n]
        da = total * m * (1 - fw[t + 1] ** 2)
        g["W1"] += da.T @ x[t]
        g["U1"] += da.T @ fw[t]
        g["b1"] += da.sum(0)
        carry = da @ p["U1"] + total * (1 - m)
    g["h1"] = carry.sum(0)
    carry = np.zeros((B, n))
    for t in range(T):
        m = VALID[t][:, None]
        total = carry + dboth[t, :, n:]
        da = total * m * (1 - bw[t] ** 2)
        g["W2"] += da.T @ x[t]
        g["U2"] += da.T @ bw[t + 1]
        g["b2"] += da.sum(0)
        carry = da @ p["U2"] + total * (1 - m)
    g["h2"] = carry.sum(0)
    return g


def translate(p: Any, x: Array, y: Array) -> Array:
    """The encoder's last state, through a bridge, starts the decoder, which sees the targets."""
    h = np.zeros((x.shape[1], p["U"].shape[0]), p["U"].dtype)
    for xt in x:
        z = logistic(xt @ p["Wz"].T + h @ p["Uz"].T)
        h = z * h + (1 - z) * np.tanh(xt @ p["W"].T + h @ p["U"].T + p["b"])
    s = np.tanh(h @ p["M"].T)
    total = 0.0
    previous = np.zeros_like(y[0])
    for yt in y:
        s = np.tanh(previous @ p["F"].T + s @ p["G"].T + p["d"])
        total = total + 0.5 * ((s @ p["V"].T - yt) ** 2).sum() / y.shape[1]
        previous = yt
    return total


def translate_gradient(p: Any, x: Array, y: Array) -> dict[str, Array]:
    batch = x.shape[1]
    enc = [np.zeros((batch, p["U"].shape[0]))]
    zs, ks = [], []
    for xt in x:
        h = enc[-1]
        zs.append(logistic(xt @ p["Wz"].T + h @ p["Uz"].T))
        ks.append(np.tanh(xt @ p["W"].T + h @ p["U"].T + p["b"]))
        enc.append(zs[-1] * h + (1 - zs[-1]) * ks[-1])
    dec = [np.tanh(enc[-1] @ p["M"].T)]
    prev = [np.zeros_like(y[0]), *y[:-1]]
    for inp in prev:
        dec.append(np.tanh(inp @ p["F"].T + dec[-1] @ p["G"].T + p["d"]))
    g = {k: np.zeros_like(v) for k, v in p.items()}
    ds = np.zeros_like(dec[0])
    for t in reversed(range(len(y))):
        e = (dec[t + 1] @ p["V"].T - y[t]) / batch
        g["V"] += e.T @ dec[t + 1]
        da = (ds + e @ p["V"]) * (1 - dec[t + 1] ** 2)
        g["F"] += da.T @ prev[t]
        g["G"] += da.T @ dec[t]
        g["d"] += da.sum(0)
        ds = da @ p["G"]
    dm = ds * (1 - dec[0] ** 2)
    g["M"] = dm.T @ enc[-1]
    dh = dm @ p["M"]
    for t in reversed(range(len(x))):
        h, z, k = enc[t], zs[t], ks[t]
        dk = dh * (1 - z) * (1 - k**2)
        dz = dh * (h - k) * z * (1 - z)
        g["W"] += dk.T @ x[t]
        g["U"] += dk.T @ h
        g["b"] += dk.sum(0)
        g["Wz"] += dz.T @ x[t]
        g["Uz"] += dz.T @ h
        dh = dh * z + dk @ p["U"] + dz @ p["Uz"]
    return g


def norm_lstm(p: Any, x: Array, y: Array) -> Array:
    """Pre-activations with mean 0 and variance 1, scaled; the loss is that of the last state."""
    batch, n = x.shape[1], p["U"].shape[1]
    h = np.zeros((batch, n), p["U"].dtype)
    c = h + p["c0"]
    for xt in x:
        a = xt @ p["W"].T + h @ p["U"].T
        a = a - a.mean(1, keepdims=True)
        a = a / np.sqrt((a * a).mean(1, keepdims=True) + 1e-3) * p["s"] + p["b"]
        i, f, o, g = np.split(a, 4, axis=1)
        c = logistic(f) * c + logistic(i) * np.tanh(g)
        h = logistic(o) * np.tanh(c)
    return 0.5 * ((h @ p["V"].T - y[-1]) ** 2).sum()


def norm_lstm_gradient(p: Any, x: Array, y: Array) -> dict[str, Array]:
    batch, n = x.shape[1], p["U"].shape[1]
    h = np.zeros((batch, n))
    c = h + p["c0"]
    tape = []
    for xt in x:
        a = xt @ p["W"].T + h @ p["U"].T
        mu = a.mean(1, keepdims=True)
        std = np.sqrt(((a - mu) ** 2).mean(1, keepdims=True) + 1e-3)
        hat = (a - mu) / std
        i, f, o, g = np.split(hat * p["s"] + p["b"], 4, axis=1)
        i, f, o, g = logistic(i), logistic(f), logistic(o), np.tanh(g)
        new = f * c + i * g
        tape.append((xt, h, c, new, std, hat, i, f, o, g))
        c, h = new, o * np.tanh(new)
    grads = {k: np.zeros_like(v) for k, v in p.items()}
    e = h @ p["V"].T - y[-1]
    grads["V"] = e.T @ h
    dh, dc = e @ p["V"], np.zeros_like(c)
    for xt, h_prev, c_prev, c, std, hat, i, f, o, g in reversed(tape):
        tc = np.tanh(c)
        dc = dc + dh * o * (1 - tc**2)
        dn = np.concatenate([
            dc * g * i * (1 - i),
            dc * c_prev * f * (1 - f),
            dh * tc * o * (1 - o),
            dc * i * (1 - g**2),
        ], axis=1)  # fmt: skip
        grads["s"] += (dn * hat).sum(0)
        grads["b"] += dn.sum(0)
        dhat = dn * p["s"]
        da = (dhat - dhat.mean(1, keepdims=True) - hat * (dhat * hat).mean(1, keepdims=True)) / std
        grads["W"] += da.T @ xt
        grads["U"] += da.T @ h_prev
        dh = da @ p["U"]
        dc = dc * f
    grads["c0"] = dc.sum(0)
    return grads


SHAPES = (("W", (4, 2)), ("U", (4, 4)), ("b", (4,)), ("R", (3, 4)), ("S", (3, 3)), ("d", (3,)),
          ("V", (5, 3)))  # fmt: skip


def flat(p: Any, x: Array, y: Array) -> Array:
    """Two layers, all parameters in one vector; the mean over steps and examples."""
    parts, at = {}, 0
    for name, shape in SHAPES:
        size = int(np.prod(shape))
        parts[name] = p["theta"][at : at + size].reshape(shape)
        at += size
    W, U, b, R, S, d, V = parts.values()
    a = np.zeros((x.shape[1], 4), W.dtype)
    h = np.zeros((x.shape[1], 3), W.dtype)
    loss = 0.0
    for t in range(len(x)):
        a = np.tanh(x[t] @ W.T + a @ U.T + b)
        h = logistic(a @ R.T + h @ S.T + d)
        loss = loss + ((h @ V.T - y[t]) ** 2).mean()
    return loss / len(x) + 0.01 * (p["theta"] ** 2).sum()


def flat_gradient(p: Any, x: Array, y: Array) -> dict[str, Array]:
    theta = p["theta"]
    cuts = np.cumsum([np.prod(s) for _, s in SHAPES])[:-1]
    W, U, b, R, S, d, V = (
        v.reshape(s) for v, (_, s) in zip(np.split(theta, cuts), SHAPES, strict=True)
    )
    T, B = x.shape[:2]
    a, h = np.zeros((T + 1, B, 4)), np.zeros((T + 1, B, 3))
    for t in range(T):
        a[t + 1] = np.tanh(x[t] @ W.T + a[t] @ U.T + b)
        h[t + 1] = logistic(a[t + 1] @ R.T + h[t] @ S.T + d)
    dW, dU, db, dR, dS, dd, dV = (np.zeros_like(v) for v in (W, U, b, R, S, d, V))
    da, dh = np.zeros((B, 4)), np.zeros((B, 3))
    for t in reversed(range(T)):
        e = 2 * (h[t + 1] @ V.T - y[t]) / (T * B * y.shape[2])
        dV += e.T @ h[t + 1]
        dz = (dh + e @ V) * h[t + 1] * (1 - h[t + 1])
        dR += dz.T @ a[t + 1]
        dS += dz.T @ h[t]
        dd += dz.sum(0)
        du = (da + dz @ R) * (1 - a[t + 1] ** 2)
        dW += du.T @ x[t]
        dU += du.T @ a[t]
        db += du.sum(0)
        da, dh = du @ U, dz @ S
    grad = np.concatenate([v.ravel() for v in (dW, dU, db, dR, dS, dd, dV)])
    return {"theta": grad + 0.02 * theta}


def peephole(p: Any, x: Array, y: Array) -> Array:
    """Peepholes, dropout on what goes up, a weight that grows with the step."""
    h = np.zeros((x.shape[1], 4), p["U"].dtype)
    c = np.zeros_like(h)
    loss = 0.0
    for t in range(len(x)):
        a = x[t] @ p["W"].T + h @ p["U"].T + p["b"]
        i = logistic(a[:, :4] + p["pi"] * c)
        f = logistic(a[:, 4:8] + p["pf"] * c)
        c = f * c + i * np.tanh(a[:, 8:12])
        o = logistic(a[:, 12:] + p["po"] * c)
        h = o * np.tanh(c)
        loss = loss + (t + 1) * 0.5 * (((h * KEEP) @ p["V"].T - y[t]) ** 2).sum()
    return loss


def peephole_gradient(p: Any, x: Array, y: Array) -> dict[str, Array]:
    h = np.zeros((x.shape[1], 4))
    c = np.zeros_like(h)
    cache = []
    for t in range(len(x)):
        a = x[t] @ p["W"].T + h @ p["U"].T + p["b"]
        i = logistic(a[:, :4] + p["pi"] * c)
        f = logistic(a[:, 4:8] + p["pf"] * c)
        g = np.tanh(a[:, 8:12])
        c_new = f * c + i * g
        o = logistic(a[:, 12:] + p["po"] * c_new)
        cache.append((h, c, i, f, g, o, c_new))
        h, c = o * np.tanh(c_new), c_new
    grads = {k: np.zeros_like(v) for k, v in p.items()}
    dh, dc = np.zeros_like(h), np.zeros_like(c)
    for t in range(len(x) - 1, -1, -1):
        h_prev, c_prev, i, f, g, o, c = cache[t]
        tc = np.tanh(c)
        up = o * tc * KEEP
        e = (t + 1) * (up @ p["V"].T - y[t])
        grads["V"] += e.T @ up
        dh = dh + (e @ p["V"]) * KEEP
        do = dh * tc * o * (1 - o)
        dc = dc + dh * o * (1 - tc**2) + do * p["po"]
        di = dc * g * i * (1 - i)
        df = dc * c_prev * f * (1 - f)
        dg = dc * i * (1 - g**2)
        grads["pi"] += (di * c_prev).sum(0)
        grads["pf"] += (df * c_prev).sum(0)
        grads["po"] += (do * c).sum(0)
        da = np.concatenate((di, df, dg, do), axis=1)
        grads["W"] += da.T @ x[t]
        grads["U"] += da.T @ h_prev
        grads["b"] += da.sum(0)
        dh = da @ p["U"]
        dc = dc * f + di * p["pi"] + df * p["pf"]
    return grads


LOSSES: dict[str, Callable[..., Any]] = {
    f.__name__: f for f in (language, both_ways, translate, norm_lstm, flat, peephole)
}
PAIRS: dict[str, tuple[str, Callable[..., Any]]] = {
    f"{k}_gradient": (k, globals()[f"{k}_gradient"]) for k in LOSSES
}


def point(name: str) -> tuple[dict[str, Array], Array, Array]:
    """Parameters, inputs and targets of a pair: T = 4, B = 3, all sizes differ."""
    rng = np.random.default_rng(417)
    n, m, k = 4, 2, 5
    s: dict[str, tuple[int, ...]] = {"W": (n, m), "U": (n, n), "b": (n,)}
    if name == "language":
        s |= {"E": (5, m), "P": (m, n), "c": (5,), "h0": (n,)}
    elif name == "both_ways":
        s = {f"{key}{way}": v for way in "12" for key, v in s.items()}
        s |= {"h1": (n,), "h2": (n,), "V": (k, 2 * n)}
    elif name == "translate":
        s |= {"Wz": (n, m), "Uz": (n, n), "M": (3, n), "F": (3, k), "G": (3, 3), "d": (3,)}
        s |= {"V": (k, 3)}
    elif name == "norm_lstm":
        s = {"W": (4 * n, m), "U": (4 * n, n), "s": (4 * n,), "b": (4 * n,), "c0": (n,)}
        s |= {"V": (k, n)}
    elif name == "flat":
        s = {"theta": (sum(int(np.prod(v)) for _, v in SHAPES),)}
    else:
        s = {"W": (4 * n, m), "U": (4 * n, n), "b": (4 * n,), "V": (k, n)}
        s |= dict.fromkeys(("pi", "pf", "po"), (n,))
    params = {key: rng.normal(size=v) / np.sqrt(min(v[-1], 4)) for key, v in s.items()}
    return params, rng.normal(size=(4, 3, m)), rng.normal(size=(4, 3, k))
