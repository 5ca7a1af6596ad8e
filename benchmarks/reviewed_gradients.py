"""Gradients of the named cells as a reviewer meets them in other people's code.

A class with a cache, batch first; gates in PyTorch's order and another GRU's signs; one flat loop
over examples; matrices side by side; cotangents kept in arrays over time. `reviewed_changes.py`
puts mistakes in.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Array = Any


def sigmoid(a: Array) -> Array:
    return 0.5 * (1 + np.tanh(0.5 * a))


class Elman:
    """The layer that others import: parameters once, a cache from forward to backward."""

    def __init__(self, params: dict[str, Array]) -> None:
        self.params = params
        self.cache: tuple[Any, ...] = ()

    def forward(self, x: Array, h0: Array) -> Array:
        """Outputs (B, T, O) of inputs (B, T, I)."""
        W, U, b = self.params["W"], self.params["U"], self.params["b"]
        N, T, _ = x.shape
        h = np.zeros((N, T + 1, U.shape[0]), x.dtype)
        h[:, 0] = h0
        for t in range(T):
            h[:, t + 1] = np.tanh(x[:, t].dot(W.T) + h[:, t].dot(U.T) + b)
        self.cache = (x, h)
        return h[:, 1:].dot(self.params["V"].T) + self.params["c"]

    def backward(self, dout: Array) -> dict[str, Array]:
        """Gradients from the cotangent (B, T, O) of the outputs."""
        x, h = self.cache
        N, T, _ = x.shape
        W, U, V = self.params["W"], self.params["U"], self.params["V"]
        dW, dU, db = np.zeros_like(W), np.zeros_like(U), np.zeros_like(self.params["b"])
        dV = np.einsum("nto,nth->oh", dout, h[:, 1:])
        dc = dout.sum(axis=(0, 1))
        dx = np.zeros_like(x)
        dh_next = np.zeros((N, U.shape[0]), x.dtype)
        for t in reversed(range(T)):
            dh = dout[:, t].dot(V) + dh_next
            da = dh * (1 - h[:, t + 1] ** 2)
            dW += da.T.dot(x[:, t])
            dU += da.T.dot(h[:, t])
            db += da.sum(axis=0)
            dx[:, t] = da.dot(W)
            dh_next = da.dot(U)
        return {"W": dW, "U": dU, "b": db, "V": dV, "c": dc, "x": dx, "h0": dh_next}


def elman_class(p: Any) -> dict[str, Array]:
    layer = Elman(p.params)
    y = layer.forward(p.x.transpose(1, 0, 2), p.h0)
    weight = (p.mask * p.loss_weights[:, None]).T
    grads = layer.backward((y - p.targets.transpose(1, 0, 2)) * weight[:, :, None])
    grads["x"] = grads["x"].transpose(1, 0, 2)
    if p.learned:
        grads["h0"] = grads["h0"].sum(axis=0)
    return grads


def lstm_steps(p: Any) -> dict[str, Array]:
    """A step forward and a step backward, as a course has them."""
    W, U, b, V, c_out = (p.params[k] for k in ("W", "U", "b", "V", "c"))
    T, B, H = p.steps, p.batch, U.shape[1]

    def step_forward(x: Array, h_prev: Array, c_prev: Array) -> tuple[Array, Array, Any]:
        a = x @ W.T + h_prev @ U.T + b
        f = sigmoid(a[:, 0:H])
        i = sigmoid(a[:, H : 2 * H])
        o = sigmoid(a[:, 2 * H : 3 * H])
        g = np.tanh(a[:, 3 * H :])
        c = f * c_prev + i * g
        h = o * np.tanh(c)
        return h, c, (x, h_prev, c_prev, f, i, o, g, c)

    def step_backward(dh: Array, dc: Array, cache: Any) -> tuple[Array, ...]:
        x, h_prev, c_prev, f, i, o, g, c = cache
        tc = np.tanh(c)
        do = dh * tc
        dc = dc + dh * o * (1 - tc**2)
        df = dc * c_prev
        di = dc * g
        dg = dc * i
        dc_prev = dc * f
        da = np.hstack([
            df * f * (1 - f), di * i * (1 - i), do * o * (1 - o), dg * (1 - g**2),
        ])  # fmt: skip
        return da @ W, da @ U, dc_prev, da.T @ x, da.T @ h_prev, da.sum(0)

    h, c = p.h0, p.c0
    caches, outs = [], []
    for t in range(T):
        h, c, cache = step_forward(p.x[t], h, c)
        caches.append(cache)
        outs.append(h)
    hs = np.stack(outs)
    weight = (p.loss_weights[:, None] * p.mask)[..., None]
    dy = (hs @ V.T + c_out - p.targets) * weight
    grads = {
        "W": np.zeros_like(W), "U": np.zeros_like(U), "b": np.zeros_like(b),
        "V": np.tensordot(dy, hs, ((0, 1), (0, 1))), "c": dy.sum((0, 1)), "x": np.zeros_like(p.x),
    }  # fmt: skip
    dh, dc = np.zeros((B, H), hs.dtype), np.zeros((B, H), hs.dtype)
    for t in range(T - 1, -1, -1):
        dx, dh, dc, dW, dU, db = step_backward(dh + dy[t] @ V, dc, caches[t])
        grads["x"][t] = dx
        grads["W"] += dW
        grads["U"] += dU
        grads["b"] += db
    grads["h0"], grads["c0"] = dh, dc
    if p.learned:
        grads["h0"], grads["c0"] = dh.sum(0), dc.sum(0)
    return grads


def gru_arrays(p: Any) -> dict[str, Array]:
    """Every value and every cotangent in an array over time, weights last."""
    H = p.params["U"].shape[1]
    Wr, Wz, Wg = np.split(p.params["W"], 3)
    Ur, Uz, Ug = np.split(p.params["U"], 3)
    br, bz, bg = np.split(p.params["b"], 3)
    V, c = p.params["V"], p.params["c"]
    T, B = p.mask.shape
    kind = p.x.dtype
    h = np.empty((T + 1, B, H), kind)
    r, z, g = (np.empty((T, B, H), kind) for _ in range(3))
    h[0] = p.h0
    for t in range(T):
        r[t] = sigmoid(p.x[t] @ Wr.T + h[t] @ Ur.T + br)
        z[t] = sigmoid(p.x[t] @ Wz.T + h[t] @ Uz.T + bz)
        g[t] = np.tanh(p.x[t] @ Wg.T + (r[t] * h[t]) @ Ug.T + bg)
        h[t + 1] = z[t] * h[t] + (1 - z[t]) * g[t]
    y = h[1:] @ V.T + c
    dy = (y - p.targets) * p.mask[:, :, None] * p.loss_weights[:, None, None]
    ar, az, ag = (np.zeros((T, B, H), kind) for _ in range(3))
    dh = np.zeros((B, H), kind)
    for t in range(T)[::-1]:
        dh = dh + dy[t] @ V
        dz = dh * (h[t] - g[t])
        dg = dh * (1 - z[t])
        ag[t] = dg * (1 - g[t] * g[t])
        drh = ag[t] @ Ug
        dr = drh * h[t]
        ar[t] = dr * r[t] * (1 - r[t])
        az[t] = dz * z[t] * (1 - z[t])
        dh = dh * z[t] + drh * r[t] + ar[t] @ Ur + az[t] @ Uz

    def outer(a: Array, v: Array) -> Array:
        return np.einsum("tbi,tbj->ij", a, v)

    hp = h[:-1]
    out = {
        "W": np.vstack([outer(ar, p.x), outer(az, p.x), outer(ag, p.x)]),
        "U": np.vstack([outer(ar, hp), outer(az, hp), outer(ag, r * hp)]),
        "b": np.hstack([ar.sum((0, 1)), az.sum((0, 1)), ag.sum((0, 1))]),
        "V": outer(dy, h[1:]),
        "c": dy.sum((0, 1)),
        "x": ar @ Wr + az @ Wz + ag @ Wg,
    }
    out["h0"] = dh.sum(0) if p.learned else dh
    return out


def sigmoid_examples(p: Any) -> dict[str, Array]:
    """One example after another, vectors, np.outer: the textbook transcribed."""
    W, U, b, V, c = (p.params[k] for k in "WUbVc")
    dW, dU, db, dV, dc = (np.zeros_like(v) for v in (W, U, b, V, c))
    dh0 = np.zeros_like(p.h0)
    for n in range(p.batch):
        x, target, w = p.x[:, n], p.targets[:, n], p.loss_weights * p.mask[:, n]
        s = {-1: p.h0[n]}
        for t in range(len(x)):
            s[t] = sigmoid(W @ x[t] + U @ s[t - 1] + b)
        delta = np.zeros_like(b)
        for t in range(len(x) - 1, -1, -1):
            e = w[t] * (V @ s[t] + c - target[t])
            dV += np.outer(e, s[t])
            dc += e
            ds = V.T @ e + U.T @ delta
            delta = ds * s[t] * (1 - s[t])
            dW += np.outer(delta, x[t])
            dU += np.outer(delta, s[t - 1])
            db += delta
        dh0[n] = U.T @ delta
    grads = {"W": dW, "U": dU, "b": db, "V": dV, "c": dc}
    grads["h0"] = dh0.sum(0) if p.learned else dh0
    return grads


def lstm_side_by_side(p: Any) -> dict[str, Array]:
    """One matrix [U W b] that works on [h; x; 1], columns for examples."""
    K = np.hstack([p.params["U"], p.params["W"], p.params["b"][:, None]])
    V, c_out = p.params["V"], p.params["c"][:, None]
    H, N = p.params["U"].shape[1], p.params["W"].shape[1]
    B, T = p.batch, p.steps
    h, c = p.h0.T, p.c0.T
    one = np.ones((1, B), p.x.dtype)
    tape: list[Any] = []
    for t in range(T):
        z = np.concatenate([h, p.x[t].T, one])
        f, i, o, g = np.split(K @ z, 4)
        f, i, o, g = sigmoid(f), sigmoid(i), sigmoid(o), np.tanh(g)
        c_new = f * c + i * g
        h = o * np.tanh(c_new)
        tape.append((z, f, i, o, g, c, c_new, h))
        c = c_new
    dK, dV, dc_out = np.zeros_like(K), np.zeros_like(V), np.zeros_like(c_out)
    dh, dc = np.zeros_like(h), np.zeros_like(c)
    dx = np.empty_like(p.x)
    for t in range(T - 1, -1, -1):
        z, f, i, o, g, c_old, c_new, h = tape[t]
        dy = (V @ h + c_out - p.targets[t].T) * (p.mask[t] * p.loss_weights[t])
        dV += dy @ h.T
        dc_out += dy.sum(1, keepdims=True)
        dh = dh + V.T @ dy
        tanh_c = np.tanh(c_new)
        dc = dc + dh * o * (1 - tanh_c**2)
        da = np.concatenate([
            dc * c_old * f * (1 - f),
            dc * g * i * (1 - i),
            dh * tanh_c * o * (1 - o),
            dc * i * (1 - g**2),
        ])  # fmt: skip
        dK += da @ z.T
        dz = K.T @ da
        dh = dz[:H]
        dx[t] = dz[H : H + N].T
        dc = dc * f
    grads = {"U": dK[:, :H], "W": dK[:, H : H + N], "b": dK[:, -1]}
    grads |= {"V": dV, "c": dc_out[:, 0], "x": dx}
    start = {"h0": dh.T, "c0": dc.T}
    grads |= {k: v.sum(0) for k, v in start.items()} if p.learned else start
    return grads


def gru_in_place(p: Any) -> dict[str, Array]:
    """Scratch arrays that are written over, for speed."""
    W, U, b, V, c = (p.params[k] for k in ("W", "U", "b", "V", "c"))
    T, B, H = p.steps, p.batch, U.shape[1]
    xs = p.x @ W.T + b
    h = p.h0.copy()
    saved = []
    for t in range(T):
        a = xs[t].copy()
        a[:, : 2 * H] += h @ U[: 2 * H].T
        r, z = sigmoid(a[:, :H]), sigmoid(a[:, H : 2 * H])
        rh = r * h
        g = np.tanh(a[:, 2 * H :] + rh @ U[2 * H :].T)
        saved.append((h.copy(), r, z, rh, g))
        h *= z
        h += (1 - z) * g
        saved[-1] += (h.copy(),)
    grads = {k: np.zeros_like(v) for k, v in p.params.items()}
    dh = np.zeros_like(h)
    da = np.empty((B, 3 * H), h.dtype)
    for t in range(T - 1, -1, -1):
        prev, r, z, rh, g, new = saved[t]
        err = new @ V.T + c - p.targets[t]
        err *= (p.mask[t] * p.loss_weights[t])[:, None]
        grads["V"] += err.T @ new
        grads["c"] += err.sum(0)
        dh += err @ V
        da[:, 2 * H :] = dh * (1 - z) * (1 - g**2)
        da[:, H : 2 * H] = dh * (prev - g) * z * (1 - z)
        drh = da[:, 2 * H :] @ U[2 * H :]
        da[:, :H] = drh * prev * r * (1 - r)
        grads["W"] += da.T @ p.x[t]
        grads["b"] += da.sum(0)
        grads["U"][: 2 * H] += da[:, : 2 * H].T @ prev
        grads["U"][2 * H :] += da[:, 2 * H :].T @ rh
        dh *= z
        dh += drh * r
        dh += da[:, : 2 * H] @ U[: 2 * H]
    if p.learned:
        grads["h0"] = dh.sum(0)
    return grads


def elman_delta(p: Any) -> dict[str, Array]:
    """All deltas first, then one product for every parameter."""
    W, U, b, V, c = (p.params[k] for k in "WUbVc")
    T, B = p.mask.shape
    states = [p.h0]
    for x in p.x:
        states.append(np.tanh(x @ W.T + states[-1] @ U.T + b))
    H = np.array(states)
    E = (H[1:] @ V.T + c - p.targets) * (p.mask * p.loss_weights[:, None])[..., None]
    D = E @ V
    deltas = np.zeros_like(H[1:])
    deltas[-1] = D[-1] * (1 - H[-1] ** 2)
    for t in range(T - 2, -1, -1):
        deltas[t] = (D[t] + deltas[t + 1] @ U) * (1 - H[t + 1] ** 2)
    n = T * B
    grads = {
        "W": deltas.reshape(n, -1).T @ p.x.reshape(n, -1),
        "U": deltas.reshape(n, -1).T @ H[:-1].reshape(n, -1),
        "b": deltas.reshape(n, -1).sum(0),
        "V": E.reshape(n, -1).T @ H[1:].reshape(n, -1),
        "c": E.reshape(n, -1).sum(0),
    }
    start = deltas[0] @ U
    grads["h0"] = start.sum(0) if p.learned else start
    return grads


CELLS: dict[str, tuple[str, Callable[..., Any]]] = {
    "elman_class": ("elman", elman_class),
    "lstm_steps": ("lstm", lstm_steps),
    "gru_arrays": ("gru", gru_arrays),
    "sigmoid_examples": ("sigmoid_rnn", sigmoid_examples),
    "lstm_side_by_side": ("lstm", lstm_side_by_side),
    "gru_in_place": ("gru", gru_in_place),
    "elman_delta": ("elman", elman_delta),
}
