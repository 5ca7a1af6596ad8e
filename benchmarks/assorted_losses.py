"""Losses of whole models with hand-written gradients, as projects have them.

A classifier of sentences of different lengths, an encoder and decoder with softmax, layers in both
directions joined at the output, a normalised state.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Array = Any
LENGTHS = (4, 2, 3)


def _logistic(a: Array) -> Array:
    return 1 / (1 + np.exp(-a))


# -- the last state of a GRU, sentences of different lengths --------------------------------------


def sentences(p: Any, x: Array, y: Array) -> Array:
    """Cross entropy of the class of each sentence, read from the state at its own length."""
    n, out = p["h0"].size, []
    for s, length in enumerate(LENGTHS):
        h = p["h0"]
        for t in range(length):
            a = p["W"] @ x[t, s] + p["b"]
            r = _logistic(a[:n] + p["U"][:n] @ h)
            z = _logistic(a[n : 2 * n] + p["U"][n : 2 * n] @ h)
            q = np.tanh(a[2 * n :] + r * (p["U"][2 * n :] @ h))
            h = z * h + (1 - z) * q
        o = p["V"] @ h + p["d"]
        out.append(np.log(np.exp(o).sum()) - o[np.argmax(y[0, s])])
    return np.array(out) / len(LENGTHS)


def sentences_gradient(p: Any, x: Array, y: Array) -> dict[str, Array]:
    n = p["h0"].size
    g = {k: np.zeros_like(v) for k, v in p.items()}
    Ur, Uz, Uq = np.split(p["U"], 3)
    for s, length in enumerate(LENGTHS):
        h, cache = p["h0"], []
        for t in range(length):
            a = p["W"] @ x[t, s] + p["b"]
            r, z = _logistic(a[:n] + Ur @ h), _logistic(a[n : 2 * n] + Uz @ h)
            u = Uq @ h
            q = np.tanh(a[2 * n :] + r * u)
            cache.append((h, r, z, u, q))
            h = z * h + (1 - z) * q
        o = p["V"] @ h + p["d"]
        prob = np.exp(o - o.max()) / np.exp(o - o.max()).sum()
        prob[np.argmax(y[0, s])] -= 1
        do = prob / len(LENGTHS)
        g["V"] += np.outer(do, h)
        g["d"] += do
        dh = p["V"].T @ do
        for t in reversed(range(length)):
            h, r, z, u, q = cache[t]
            dq = dh * (1 - z) * (1 - q**2)
            dz = dh * (h - q) * z * (1 - z)
            dr = dq * u * r * (1 - r)
            da = np.concatenate([dr, dz, dq])
            g["W"] += np.outer(da, x[t, s])
            g["b"] += da
            g["U"] += np.vstack([np.outer(dr, h), np.outer(dz, h), np.outer(dq * r, h)])
            dh = dh * z + Ur.T @ dr + Uz.T @ dz + Uq.T @ (dq * r)
        g["h0"] += dh
    return g


# -- encoder and decoder ---------------------------------------------------------------------------


def translated(p: Any, x: Array, y: Array) -> Array:
    """An encoder whose last state starts the decoder and is read by every output of it."""
    word = np.argmax(y, 2)
    h = p["h0"]
    for t in range(len(x)):
        h = np.tanh(x[t] @ p["A"].T + h @ p["B"].T + p["a"])
    s, out = h @ p["K"].T, []
    for t in range(len(y)):
        e = p["E"][word[t - 1]] if t else np.zeros((len(h), p["E"].shape[1]))
        s = np.tanh(e @ p["C"].T + s @ p["D"].T)
        o = s @ p["V"].T + h @ p["R"].T
        out.append((np.log(np.exp(o).sum(1)) - o[range(len(o)), word[t]]).sum())
    return np.array(out) / y[..., 0].size


def translated_gradient(p: Any, x: Array, y: Array) -> dict[str, Array]:
    word, T, S = np.argmax(y, 2), len(x), len(y)
    h = [p["h0"]]
    for t in range(T):
        h.append(np.tanh(x[t] @ p["A"].T + h[t] @ p["B"].T + p["a"]))
    code = h[-1]
    s, emb = [code @ p["K"].T], []
    for t in range(S):
        emb.append(p["E"][word[t - 1]] if t > 0 else np.zeros((len(code), p["E"].shape[1])))
        s.append(np.tanh(emb[t] @ p["C"].T + s[t] @ p["D"].T))
    g = {k: np.zeros_like(v) for k, v in p.items()}
    ds, dcode = np.zeros_like(s[0]), np.zeros_like(code)
    for t in range(S - 1, -1, -1):
        o = s[t + 1] @ p["V"].T + code @ p["R"].T
        do = np.exp(o) / np.exp(o).sum(1, keepdims=True)
        do[np.arange(len(do)), word[t]] -= 1
        do /= y[..., 0].size
        g["V"] += do.T @ s[t + 1]
        g["R"] += do.T @ code
        dcode += do @ p["R"]
        da = (ds + do @ p["V"]) * (1 - s[t + 1] ** 2)
        g["C"] += da.T @ emb[t]
        g["D"] += da.T @ s[t]
        if t > 0:
            np.add.at(g["E"], word[t - 1], da @ p["C"])
        ds = da @ p["D"]
    g["K"] += ds.T @ code
    dh = dcode + ds @ p["K"]
    for t in range(T, 0, -1):
        da = dh * (1 - h[t] ** 2)
        g["A"] += da.T @ x[t - 1]
        g["B"] += da.T @ h[t - 1]
        g["a"] += da.sum(0)
        dh = da @ p["B"]
    g["h0"] += dh
    return g


# -- both directions, joined at the output ------------------------------------------------------


def both_ways(p: Any, x: Array, y: Array) -> Array:
    """Simple layers from the left and from the right; the output reads [left, right]."""
    T = len(x)
    left, right = [p["l0"]], [p["r0"]]
    for t in range(T):
        left.append(np.tanh(x[t] @ p["W"].T + left[-1] @ p["U"].T + p["b"]))
        k = T - 1 - t
        right.append(np.tanh(x[k] @ p["M"].T + right[-1] @ p["N"].T + p["k"]))
    out = []
    for t in range(T):
        both = np.concatenate([left[t + 1], right[T - t]], 1)
        out.append(0.5 * ((both @ p["V"].T + p["d"] - y[t]) ** 2).sum() / (T * x.shape[1]))
    return np.array(out)


def both_ways_gradient(p: Any, x: Array, y: Array) -> dict[str, Array]:
    T, B, n = len(x), x.shape[1], p["l0"].shape[1]
    L, R = np.zeros((T + 2, B, n)), np.zeros((T + 2, B, p["r0"].shape[1]))
    L[0], R[T + 1] = p["l0"], p["r0"]
    for t in range(1, T + 1):
        L[t] = np.tanh(x[t - 1] @ p["W"].T + L[t - 1] @ p["U"].T + p["b"])
    for t in range(T, 0, -1):
        R[t] = np.tanh(x[t - 1] @ p["M"].T + R[t + 1] @ p["N"].T + p["k"])
    both = np.concatenate([L, R], 2)[1:-1]
    err = (both @ p["V"].T + p["d"] - y) / (T * B)
    g = {k: np.zeros_like(v) for k, v in p.items()}
    g["V"] = np.tensordot(err, both, ((0, 1), (0, 1)))
    g["d"] = err.sum((0, 1))
    dboth = err @ p["V"]
    dL, dR = dboth[..., :n], dboth[..., n:]
    carry = np.zeros_like(p["l0"])
    for t in range(T, 0, -1):
        da = (dL[t - 1] + carry) * (1 - L[t] ** 2)
        g["W"] += da.T @ x[t - 1]
        g["U"] += da.T @ L[t - 1]
        g["b"] += da.sum(0)
        carry = da @ p["U"]
    g["l0"] = carry
    carry = np.zeros_like(p["r0"])
    for t in range(1, T + 1):
        da = (dR[t - 1] + carry) * (1 - R[t] ** 2)
        g["M"] += da.T @ x[t - 1]
        g["N"] += da.T @ R[t + 1]
        g["k"] += da.sum(0)
        carry = da @ p["N"]
    g["r0"] = carry
    return g


# -- a normalised state ----------------------------------------------------------------------------


def normalised(p: Any, x: Array, y: Array) -> Array:
    """h_t = tanh(gain * (a - mean a) / std a + shift), squared errors at every step."""
    h, out = p["h0"], []
    for t in range(len(x)):
        a = x[t] @ p["W"].T + h @ p["U"].T
        m = a.mean(1, keepdims=True)
        a = (a - m) / np.sqrt(((a - m) ** 2).mean(1, keepdims=True) + 1e-3)
        h = np.tanh(p["gain"] * a + p["shift"])
        out.append(0.5 * ((h @ p["V"].T - y[t]) ** 2).sum())
    return np.array(out)


def normalised_gradient(p: Any, x: Array, y: Array) -> dict[str, Array]:
    T, h, tape = len(x), p["h0"], []
    for t in range(T):
        a = x[t] @ p["W"].T + h @ p["U"].T
        mean, var = a.mean(1, keepdims=True), a.var(1, keepdims=True)
        istd = (var + 1e-3) ** -0.5
        hat = (a - mean) * istd
        new = np.tanh(p["gain"] * hat + p["shift"])
        tape.append((h, hat, istd, new))
        h = new
    g, dh = {k: np.zeros_like(v) for k, v in p.items()}, np.zeros_like(h)
    for t in reversed(range(T)):
        old, hat, istd, new = tape[t]
        err = new @ p["V"].T - y[t]
        g["V"] += err.T @ new
        dz = (dh + err @ p["V"]) * (1 - new**2)
        g["gain"] += (dz * hat).sum(0)
        g["shift"] += dz.sum(0)
        dhat = dz * p["gain"]
        mean_d = dhat.mean(1, keepdims=True)
        da = istd * (dhat - mean_d - hat * (dhat * hat).mean(1, keepdims=True))
        g["W"] += da.T @ x[t]
        g["U"] += da.T @ old
        dh = da @ p["U"]
    g["h0"] = dh
    return g


#: By name: the loss, and its gradient.
PAIRS: dict[str, tuple[str, Callable[..., Any]]] = {
    "sentences_gradient": ("sentences", sentences_gradient),
    "translated_gradient": ("translated", translated_gradient),
    "both_ways_gradient": ("both_ways", both_ways_gradient),
    "normalised_gradient": ("normalised", normalised_gradient),
}
LOSSES: dict[str, Callable[..., Array]] = {
    "sentences": sentences, "translated": translated, "both_ways": both_ways,
    "normalised": normalised,
}  # fmt: skip


def point(name: str) -> tuple[dict[str, Array], Array, Array]:
    """Parameters, inputs and targets of a pair; T = 4, B = 3, all sizes differ."""
    rng = np.random.default_rng(17)
    n, m, k, e = 4, 2, 5, 6
    shapes: dict[str, tuple[int, ...]]
    if name == "sentences":
        shapes = {"W": (3 * n, m), "U": (3 * n, n), "b": (3 * n,), "V": (k, n), "d": (k,)}
        shapes["h0"] = (n,)
    elif name == "translated":
        shapes = {"A": (n, m), "B": (n, n), "a": (n,), "h0": (3, n), "K": (e, n), "E": (k, 7)}
        shapes |= {"C": (e, 7), "D": (e, e), "V": (k, e), "R": (k, n)}
    elif name == "both_ways":
        shapes = {"W": (n, m), "U": (n, n), "b": (n,), "l0": (3, n), "V": (k, n + e), "d": (k,)}
        shapes |= {"M": (e, m), "N": (e, e), "k": (e,), "r0": (3, e)}
    else:
        shapes = {"W": (n, m), "U": (n, n), "gain": (n,), "shift": (n,), "V": (k, n), "h0": (3, n)}
    params = {key: rng.normal(size=s) / np.sqrt(s[-1]) for key, s in shapes.items()}
    return params, rng.normal(size=(4, 3, m)), rng.normal(size=(4, 3, k))
