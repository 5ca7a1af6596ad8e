"""Back-propagation through time as a skilled person writes it in NumPy, to compare speeds.

Gates are stacked, arrays allocated once for all steps, input projections and weight gradients one
product each. Derivatives are taken at the outputs, ``1 - h**2`` and ``f * (1 - f)``, which costs
less than ours and loses digits near saturation.
"""

from __future__ import annotations

from typing import Any

import numpy as np

Array = Any
Gradient = tuple[float, dict[str, Array]]


def sigmoid(a: Array) -> Array:
    return 1 / (1 + np.exp(-a))


def _outputs(p: dict[str, Array], h: Array, y: Array) -> tuple[float, Array, dict[str, Array]]:
    """The loss, its derivative by the states of all steps, and by the output layer."""
    steps, batch, n = h.shape
    flat = h.reshape(steps * batch, n)
    r = flat @ p["V"].T + p["c"] - y.reshape(steps * batch, -1)
    dh = (r @ p["V"]).reshape(steps, batch, n)
    return 0.5 * (r * r).sum(), dh, {"V": r.T @ flat, "c": r.sum(0)}


def elman(p: dict[str, Array], x: Array, y: Array, h0: Array) -> Gradient:
    u = p["U"]
    steps, batch, m = x.shape
    n = len(u)
    z = (x.reshape(steps * batch, m) @ p["W"].T + p["b"]).reshape(steps, batch, n)
    h = np.empty((steps + 1, batch, n))
    h[0] = h0
    ut = u.T
    for t in range(steps):
        np.tanh(z[t] + h[t] @ ut, out=h[t + 1])
    loss, dh_out, g = _outputs(p, h[1:], y)
    slope = 1 - h[1:] ** 2
    dz = np.empty((steps, batch, n))
    dh = np.zeros((batch, n))
    for t in reversed(range(steps)):
        np.multiply(dh + dh_out[t], slope[t], out=dz[t])
        dh = dz[t] @ u
    q = dz.reshape(steps * batch, n)
    g["W"] = q.T @ x.reshape(steps * batch, m)
    g["U"] = q.T @ h[:-1].reshape(steps * batch, n)
    return loss, {**g, "b": q.sum(0), "h0": dh}


def lstm(p: dict[str, Array], x: Array, y: Array, h0: Array, c0: Array) -> Gradient:
    u = p["U"]
    steps, batch, m = x.shape
    n = u.shape[1]
    z = (x.reshape(steps * batch, m) @ p["W"].T + p["b"]).reshape(steps, batch, 4 * n)
    h, c = np.empty((steps + 1, batch, n)), np.empty((steps + 1, batch, n))
    h[0], c[0] = h0, c0
    gates, tc = np.empty((steps, batch, 4 * n)), np.empty((steps, batch, n))
    ut = u.T
    for t in range(steps):
        a = z[t] + h[t] @ ut
        g = gates[t]
        g[:, : 3 * n] = sigmoid(a[:, : 3 * n])
        g[:, 3 * n :] = np.tanh(a[:, 3 * n :])
        c[t + 1] = g[:, :n] * c[t] + g[:, n : 2 * n] * g[:, 3 * n :]
        tc[t] = np.tanh(c[t + 1])
        h[t + 1] = g[:, 2 * n : 3 * n] * tc[t]
    loss, dh_out, out = _outputs(p, h[1:], y)
    dz = np.empty((steps, batch, 4 * n))
    dh, dc = np.zeros((batch, n)), np.zeros((batch, n))
    for t in reversed(range(steps)):
        g = gates[t]
        f, i, o, k = g[:, :n], g[:, n : 2 * n], g[:, 2 * n : 3 * n], g[:, 3 * n :]
        dh = dh + dh_out[t]
        dc = dc + dh * o * (1 - tc[t] ** 2)
        q = dz[t]
        q[:, :n] = dc * c[t] * f * (1 - f)
        q[:, n : 2 * n] = dc * k * i * (1 - i)
        q[:, 2 * n : 3 * n] = dh * tc[t] * o * (1 - o)
        q[:, 3 * n :] = dc * i * (1 - k**2)
        dh = q @ u
        dc = dc * f
    q = dz.reshape(steps * batch, 4 * n)
    out["W"] = q.T @ x.reshape(steps * batch, m)
    out["U"] = q.T @ h[:-1].reshape(steps * batch, n)
    return loss, {**out, "b": q.sum(0), "h0": dh, "c0": dc}


def gru(p: dict[str, Array], x: Array, y: Array, h0: Array) -> Gradient:
    u = p["U"]
    steps, batch, m = x.shape
    n = u.shape[1]
    gates_u, new_u = u[: 2 * n], u[2 * n :]
    z = (x.reshape(steps * batch, m) @ p["W"].T + p["b"]).reshape(steps, batch, 3 * n)
    h = np.empty((steps + 1, batch, n))
    h[0] = h0
    gates, kept = np.empty((steps, batch, 3 * n)), np.empty((steps, batch, n))
    for t in range(steps):
        g = gates[t]
        g[:, : 2 * n] = sigmoid(z[t, :, : 2 * n] + h[t] @ gates_u.T)
        np.multiply(g[:, :n], h[t], out=kept[t])
        g[:, 2 * n :] = np.tanh(z[t, :, 2 * n :] + kept[t] @ new_u.T)
        w, k = g[:, n : 2 * n], g[:, 2 * n :]
        h[t + 1] = k + w * (h[t] - k)
    loss, dh_out, out = _outputs(p, h[1:], y)
    dz = np.empty((steps, batch, 3 * n))
    dh = np.zeros((batch, n))
    for t in reversed(range(steps)):
        g, q = gates[t], dz[t]
        r, w, k = g[:, :n], g[:, n : 2 * n], g[:, 2 * n :]
        dh = dh + dh_out[t]
        q[:, 2 * n :] = dh * (1 - w) * (1 - k**2)
        dk = q[:, 2 * n :] @ new_u
        q[:, :n] = dk * h[t] * r * (1 - r)
        q[:, n : 2 * n] = dh * (h[t] - k) * w * (1 - w)
        dh = dh * w + dk * r + q[:, : 2 * n] @ gates_u
    q = dz.reshape(steps * batch, 3 * n)
    out["W"] = q.T @ x.reshape(steps * batch, m)
    out["U"] = np.concatenate([
        q[:, : 2 * n].T @ h[:-1].reshape(steps * batch, n),
        q[:, 2 * n :].T @ kept.reshape(steps * batch, n),
    ])  # fmt: skip
    return loss, {**out, "b": q.sum(0), "h0": dh}


#: By the cell's name, the gradient and how many blocks of rows its weights have.
CELLS = {"elman": (elman, 1), "lstm": (lstm, 4), "gru": (gru, 3)}
