"""More gradients of the named cells: layers as objects, checkpoints, flat weights, one pool.

`presented_changes.py` puts mistakes in.
"""
# ruff: noqa: E741  # sizes have the names of their axes

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Array = Any

#: Buffers that a layer keeps between calls.
POOL: dict[Any, Array] = {}


def logistic(a: Array) -> Array:
    return np.where(a >= 0, 1 / (1 + np.exp(-np.abs(a))), 1 - 1 / (1 + np.exp(-np.abs(a))))


def objects(p: Any) -> dict[str, Array]:
    """A layer as an object with `forward` and `backward`, a time-distributed one on top."""

    class Affine:
        def __init__(self, W: Array, b: Array) -> None:
            self.W, self.b = W, b
            self.dW, self.db = np.zeros_like(W), np.zeros_like(b)

        def forward(self, x: Array) -> Array:
            self.x = x.reshape(-1, x.shape[-1])
            return (self.x @ self.W.T + self.b).reshape(*x.shape[:-1], -1)

        def backward(self, dy: Array) -> Array:
            flat = dy.reshape(-1, dy.shape[-1])
            self.dW += flat.T @ self.x
            self.db += flat.sum(0)
            return (flat @ self.W).reshape(*dy.shape[:-1], -1)

    class Rnn:
        def __init__(self, W: Array, U: Array, b: Array, h: Array) -> None:
            self.W, self.U, self.b, self.h = W, U, b, h
            self.dW, self.dU, self.db = (np.zeros_like(v) for v in (W, U, b))

        def forward(self, xs: Array) -> Array:
            N, T, _ = xs.shape
            self.xs, self.hs = xs, np.empty((N, T, len(self.U)), xs.dtype)
            self.first = h = self.h
            for t in range(T):
                h = np.tanh(np.dot(xs[:, t, :], self.W.T) + np.dot(h, self.U.T) + self.b)
                self.hs[:, t, :] = h
            return self.hs

        def backward(self, dhs: Array) -> Array:
            N, T, H = dhs.shape
            dxs = np.empty_like(self.xs)
            dh = np.zeros((N, H), dhs.dtype)
            for t in reversed(range(T)):
                before = self.hs[:, t - 1, :] if t else self.first
                dt = (dhs[:, t, :] + dh) * (1 - self.hs[:, t, :] ** 2)
                self.db += np.sum(dt, axis=0)
                self.dU += np.dot(dt.T, before)
                self.dW += np.dot(dt.T, self.xs[:, t, :])
                dxs[:, t, :] = np.dot(dt, self.W)
                dh = np.dot(dt, self.U)
            self.dh = dh
            return dxs

    xs = np.ascontiguousarray(p.x.transpose(1, 0, 2))
    rnn = Rnn(p.params["W"], p.params["U"], p.params["b"], p.h0)
    top = Affine(p.params["V"], p.params["c"])
    ys = top.forward(rnn.forward(xs))
    dys = ys - p.targets.transpose(1, 0, 2)
    dys = dys * p.loss_weights[None, :, None] * p.mask.T[:, :, None]
    dxs = rnn.backward(top.backward(dys))
    return {
        "W": rnn.dW, "U": rnn.dU, "b": rnn.db, "V": top.dW, "c": top.db,
        "h0": rnn.dh.sum(0) if p.learned else rnn.dh, "x": dxs.transpose(1, 0, 2),
    }  # fmt: skip


def checkpointed(p: Any) -> dict[str, Array]:
    """An LSTM that keeps every other state and computes the rest anew on the way back."""
    W, U, b, V, cy = (p.params[k] for k in "WUbVc")
    H, T, every = U.shape[1], p.steps, 2

    def step(x: Array, h: Array, c: Array) -> tuple[Array, ...]:
        a = x @ W.T + h @ U.T + b
        f, i, o = (logistic(a[:, k * H : (k + 1) * H]) for k in range(3))
        g = np.tanh(a[:, 3 * H :])
        c_new = f * c + i * g
        return o * np.tanh(c_new), c_new, f, i, o, g

    kept = {}
    h, c = p.h0, p.c0
    for t in range(T):
        if t % every == 0:
            kept[t] = (h, c)
        h, c = step(p.x[t], h, c)[:2]
    grads = {k: np.zeros_like(v) for k, v in p.params.items()}
    dh, dc = np.zeros_like(p.h0), np.zeros_like(p.c0)
    for start in sorted(kept, reverse=True):
        h, c = kept[start]
        stop = min(start + every, T)
        window = []
        for t in range(start, stop):
            h_new, c_new, f, i, o, g = step(p.x[t], h, c)
            window.append((t, h, c, h_new, c_new, f, i, o, g))
            h, c = h_new, c_new
        for t, h, c, h_new, c_new, f, i, o, g in window[::-1]:
            r = (h_new @ V.T + cy - p.targets[t]) * (p.loss_weights[t] * p.mask[t])[:, None]
            grads["V"] += r.T @ h_new
            grads["c"] += r.sum(0)
            dh = dh + r @ V
            th = np.tanh(c_new)
            dc = dc + dh * o * (1 - th * th)
            dz = np.concatenate(
                [dc * c * f * (1 - f), dc * g * i * (1 - i), dh * th * o * (1 - o),
                 dc * i * (1 - g * g)], axis=1)  # fmt: skip
            grads["W"] += dz.T @ p.x[t]
            grads["U"] += dz.T @ h
            grads["b"] += dz.sum(0)
            dh = dz @ U
            dc = dc * f
    if p.learned:
        dh, dc = dh.sum(0), dc.sum(0)
    return {**grads, "h0": dh, "c0": dc}


def flat_weights(p: Any) -> dict[str, Array]:
    """All weights in one vector, with views for each, units along the first axis."""
    H, I = p.params["W"].shape
    O = p.params["V"].shape[0]
    theta = np.concatenate([p.params[k].ravel() for k in ("W", "U", "b", "V", "c")])
    grad = np.zeros_like(theta)

    def cut(v: Array) -> list[Array]:
        ends = np.cumsum([H * I, H * H, H, O * H, O])
        return [
            part.reshape(shape)
            for part, shape in zip(
                np.split(v, ends[:-1]), [(H, I), (H, H), (H, 1), (O, H), (O, 1)], strict=True
            )
        ]

    W, U, b, V, c = cut(theta)
    gW, gU, gb, gV, gc = cut(grad)
    X = p.x.transpose(2, 0, 1)
    S = np.zeros((H, p.steps + 1, p.batch), p.dtype)
    S[:, 0] = p.h0.T
    for t in range(p.steps):
        S[:, t + 1] = np.tanh(W @ X[:, t] + U @ S[:, t] + b)
    E = np.tensordot(V, S[:, 1:], 1) + c[:, :, None] - p.targets.transpose(2, 0, 1)
    E = E * p.mask * p.loss_weights[:, None]
    D = np.zeros_like(S[:, 1:])
    delta = np.zeros((H, p.batch), p.dtype)
    for t in range(p.steps)[::-1]:
        delta = (V.T @ E[:, t] + delta) * (1 - S[:, t + 1] ** 2)
        D[:, t] = delta
        delta = U.T @ delta
    gW += np.tensordot(D, X, axes=[(1, 2), (1, 2)])
    gU += np.tensordot(D, S[:, :-1], axes=[(1, 2), (1, 2)])
    gb += D.sum((1, 2))[:, None]
    gV += np.tensordot(E, S[:, 1:], axes=[(1, 2), (1, 2)])
    gc += E.sum((1, 2))[:, None]
    W, U, b, V, c = cut(grad)
    h0 = delta.sum(1) if p.learned else delta.T
    return {"W": W, "U": U, "b": b[:, 0], "V": V, "c": c[:, 0], "h0": h0}


def pooled(p: Any) -> dict[str, Array]:
    """A GRU whose buffers are kept between calls and filled with 0 before use."""
    n = p.params["U"].shape[1]
    T, B = p.mask.shape
    W, U, b = (np.split(p.params[k], 3) for k in "WUb")

    def buffer(name: str, *shape: int) -> Array:
        key = name, shape, p.dtype
        if key not in POOL:
            POOL[key] = np.empty(shape, p.dtype)
        POOL[key].fill(0)
        return POOL[key]

    hs, rs, zs, gs = (buffer(k, T + 1, B, n) for k in ("h", "r", "z", "g"))
    hs[0] = p.h0
    for t in range(T):
        rs[t] = logistic(p.x[t] @ W[0].T + hs[t] @ U[0].T + b[0])
        zs[t] = logistic(p.x[t] @ W[1].T + hs[t] @ U[1].T + b[1])
        gs[t] = np.tanh(p.x[t] @ W[2].T + (rs[t] * hs[t]) @ U[2].T + b[2])
        hs[t + 1] = gs[t] + zs[t] * (hs[t] - gs[t])
    err = hs[1:] @ p.params["V"].T + p.params["c"] - p.targets
    err *= p.mask[:, :, None] * p.loss_weights[:, None, None]
    da = [buffer(f"da{k}", T, B, n) for k in range(3)]
    dh = buffer("dh", B, n)
    for t in range(T - 1, -1, -1):
        dh += err[t] @ p.params["V"]
        da[2][t] = dh * (1 - zs[t]) * (1 - gs[t] ** 2)
        da[1][t] = dh * (hs[t] - gs[t]) * zs[t] * (1 - zs[t])
        back = da[2][t] @ U[2]
        da[0][t] = back * hs[t] * rs[t] * (1 - rs[t])
        dh *= zs[t]
        dh += back * rs[t] + da[0][t] @ U[0] + da[1][t] @ U[1]
    rows = [d.reshape(T * B, n) for d in da]
    x, h = p.x.reshape(T * B, -1), hs[:-1].reshape(T * B, n)
    rh = (rs[:-1] * hs[:-1]).reshape(T * B, n)
    return {
        "W": np.vstack([d.T @ x for d in rows]),
        "U": np.vstack([rows[0].T @ h, rows[1].T @ h, rows[2].T @ rh]),
        "b": np.hstack([d.sum(0) for d in rows]),
        "V": np.tensordot(err, hs[1:], ((0, 1), (0, 1))), "c": err.sum((0, 1)),
        "h0": dh.sum(0) if p.learned else dh.copy(),
    }  # fmt: skip


CELLS: dict[str, tuple[str, Callable[..., Any]]] = {
    "objects": ("elman", objects),
    "checkpointed": ("lstm", checkpointed),
    "flat_weights": ("elman", flat_weights),
    "pooled": ("gru", pooled),
}
