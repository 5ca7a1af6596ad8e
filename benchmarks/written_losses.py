"""Losses of whole models with hand-written gradients: attention, padding that is held, feedback.

A reader whose last state attends to all states, a GRU over padded words whose state is held past
each sentence's end, and a network that is fed its own outputs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Array = Any
LENGTHS = np.array([3, 4, 2])


def _logistic(a: Array) -> Array:
    return 1 / (1 + np.exp(-a))


# -- the last state attends to all of them --------------------------------------------------------


def attended(p: Any, x: Array, y: Array) -> Array:
    """Scores of bilinear attention, their softmax, the mean of the states; squared errors."""
    h, states = p["h0"], []
    for t in range(len(x)):
        h = np.tanh(x[t] @ p["W"].T + h @ p["U"].T + p["b"])
        states.append(h)
    H = np.array(states)
    scores = ((h @ p["M"]) * H).sum(2)
    e = np.exp(scores)
    alpha = e / e.sum(0)
    context = (alpha[:, :, None] * H).sum(0)
    return 0.5 * ((context @ p["V"].T + p["d"] - y[0]) ** 2).sum(1)


def attended_gradient(p: Any, x: Array, y: Array) -> dict[str, Array]:
    T, H = len(x), [p["h0"]]
    for t in range(T):
        H.append(np.tanh(x[t] @ p["W"].T + H[t] @ p["U"].T + p["b"]))
    S = np.array(H[1:])
    query = S[-1] @ p["M"]
    scores = np.einsum("bn,tbn->tb", query, S)
    alpha = np.exp(scores - scores.max(axis=0))
    alpha = alpha / alpha.sum(axis=0)
    context = np.einsum("tb,tbn->bn", alpha, S)
    err = context @ p["V"].T + p["d"] - y[0]
    g = {k: np.zeros_like(v) for k, v in p.items()}
    g["V"], g["d"] = err.T @ context, err.sum(axis=0)
    dcontext = err @ p["V"]
    dalpha = np.einsum("bn,tbn->tb", dcontext, S)
    dscores = alpha * (dalpha - (alpha * dalpha).sum(axis=0))
    dS = alpha[:, :, None] * dcontext + dscores[:, :, None] * query
    dquery = np.einsum("tb,tbn->bn", dscores, S)
    g["M"] = S[-1].T @ dquery
    dS[-1] += dquery @ p["M"].T
    carry = np.zeros_like(dcontext)
    for t in reversed(range(T)):
        dpre = (dS[t] + carry) * (1 - S[t] ** 2)
        g["W"] += dpre.T @ x[t]
        g["U"] += dpre.T @ H[t]
        g["b"] += dpre.sum(axis=0)
        carry = dpre @ p["U"]
    g["h0"] = carry
    return g


# -- padded words, states that are held -----------------------------------------------------------


def padded(p: Any, x: Array, y: Array) -> Array:
    """A GRU with its reset behind the product; past a sentence's end its state is held.

    The last states, wherever they were reached, have a small penalty.
    """
    word, h = np.argmax(y, 2), p["h0"]
    out = []
    for t in range(len(y) - 1):
        valid = (t < LENGTHS - 1)[:, None]
        e = p["E"][word[t]]
        r = _logistic(e @ p["A"].T + h @ p["B"].T)
        z = _logistic(e @ p["C"].T + h @ p["D"].T)
        q = np.tanh(e @ p["F"].T + r * (h @ p["G"].T))
        h = np.where(valid, (1 - z) * q + z * h, h)
        o = h @ p["V"].T + p["d"]
        nll = np.log(np.exp(o).sum(1)) - o[np.arange(len(o)), word[t + 1]]
        out.append((nll * valid[:, 0]).sum() / (LENGTHS - 1).sum())
    out.append(0.05 * (h**2).sum())
    return np.array(out)


def padded_gradient(p: Any, x: Array, y: Array) -> dict[str, Array]:
    word, rows = np.argmax(y, 2), np.arange(y.shape[1])
    inputs, labels = word[:-1], word[1:]
    count = (LENGTHS - 1).sum()
    h, caches = p["h0"], []
    for t in range(len(inputs)):
        e, hG = p["E"][inputs[t]], h @ p["G"].T
        r = _logistic(e @ p["A"].T + h @ p["B"].T)
        z = _logistic(e @ p["C"].T + h @ p["D"].T)
        q = np.tanh(e @ p["F"].T + r * hG)
        keep = (t < LENGTHS - 1).astype(float)[:, None]
        new = keep * ((1 - z) * q + z * h) + (1 - keep) * h
        caches.append((h, e, hG, r, z, q, keep, new))
        h = new
    g = {k: np.zeros_like(v) for k, v in p.items()}
    dh = 0.1 * h
    for t in reversed(range(len(inputs))):
        h_prev, e, hG, r, z, q, keep, new = caches[t]
        logits = new @ p["V"].T + p["d"]
        dlogits = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        dlogits[rows, labels[t]] -= 1
        dlogits = dlogits * keep / count
        g["V"] += dlogits.T @ new
        g["d"] += dlogits.sum(axis=0)
        dh = dh + dlogits @ p["V"]
        dnew = dh * keep
        dq = dnew * (1 - z) * (1 - q**2)
        dz = dnew * (h_prev - q) * z * (1 - z)
        dr = dq * hG * r * (1 - r)
        g["A"] += dr.T @ e
        g["B"] += dr.T @ h_prev
        g["C"] += dz.T @ e
        g["D"] += dz.T @ h_prev
        g["F"] += dq.T @ e
        g["G"] += (dq * r).T @ h_prev
        de = dr @ p["A"] + dz @ p["C"] + dq @ p["F"]
        np.add.at(g["E"], inputs[t], de)
        dh = dh * (1 - keep) + dnew * z + dr @ p["B"] + dz @ p["D"] + (dq * r) @ p["G"]
    g["h0"] = dh
    return g


# -- outputs that are the next inputs --------------------------------------------------------------


def generated(p: Any, x: Array, y: Array) -> Array:
    """The first input is given; later ones are the outputs before. One loss a step, mean over B."""
    h, v, out = np.tile(p["h0"], (x.shape[1], 1)), x[0], []
    for t in range(len(y)):
        h = np.tanh(v @ p["W"].T + h @ p["U"].T + p["b"])
        v = h @ p["V"].T + p["d"]
        out.append(0.5 * ((v - y[t]) ** 2).sum(1).mean())
    return np.array(out)


def generated_gradient(p: Any, x: Array, y: Array) -> dict[str, Array]:
    T, B = len(y), x.shape[1]
    H, X = [np.tile(p["h0"], (B, 1))], [x[0]]
    for t in range(T):
        H.append(np.tanh(X[t] @ p["W"].T + H[t] @ p["U"].T + p["b"]))
        X.append(H[t + 1] @ p["V"].T + p["d"])
    g = {k: np.zeros_like(v) for k, v in p.items()}
    dh, dx = np.zeros_like(H[0]), np.zeros_like(X[0])
    for t in range(T - 1, -1, -1):
        dout = (X[t + 1] - y[t]) / B + dx
        g["V"] += dout.T @ H[t + 1]
        g["d"] += dout.sum(0)
        dh = dh + dout @ p["V"]
        da = dh * (1 - H[t + 1] ** 2)
        g["W"] += da.T @ X[t]
        g["U"] += da.T @ H[t]
        g["b"] += da.sum(0)
        dx, dh = da @ p["W"], da @ p["U"]
    g["h0"] = dh.sum(0)
    return g


#: By name: the loss, and its gradient.
PAIRS: dict[str, tuple[str, Callable[..., Any]]] = {
    "attended_gradient": ("attended", attended_gradient),
    "padded_gradient": ("padded", padded_gradient),
    "generated_gradient": ("generated", generated_gradient),
}
LOSSES: dict[str, Callable[..., Array]] = {
    "attended": attended, "padded": padded, "generated": generated,
}  # fmt: skip


def point(name: str) -> tuple[dict[str, Array], Array, Array]:
    """Parameters, inputs and targets of a pair; T = 4, B = 3, all sizes differ."""
    rng = np.random.default_rng(43)
    n, m, k = 4, 2, 5
    shapes: dict[str, tuple[int, ...]]
    shapes = {"W": (n, m), "U": (n, n), "b": (n,), "V": (k, n), "d": (k,)}
    if name == "attended":
        shapes |= {"M": (n, n), "h0": (3, n)}
    elif name == "padded":
        shapes = {"E": (k, m), "V": (k, n), "d": (k,), "h0": (3, n)}
        shapes |= dict.fromkeys("ACF", (n, m)) | dict.fromkeys("BDG", (n, n))
    else:
        shapes |= {"W": (n, k), "h0": (n,)}
        m = k
    params = {key: rng.normal(size=s) / np.sqrt(s[-1]) for key, s in shapes.items()}
    return params, rng.normal(size=(4, 3, m)), rng.normal(size=(4, 3, k))
