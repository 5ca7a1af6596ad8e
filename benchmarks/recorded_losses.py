"""Losses of whole models with hand-written gradients: tied embeddings, both directions, pooling.

A language model whose embedding is its output layer too, and sentences of different lengths that
are read from both ends, within their own lengths, with the same weights.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Array = Any
LENGTHS = np.array([4, 2, 3])


# -- one matrix for the embedding and the output ---------------------------------------------------


def language(p: Any, x: Array, y: Array) -> Array:
    """Mean cross entropy of the next word over the words that are no padding."""
    word, h, out = np.argmax(y, 2), p["h0"], []
    valid = np.arange(len(y))[:, None] < LENGTHS
    for t in range(len(y)):
        e = p["E"][word[t - 1]] if t else np.zeros_like(h)
        h = np.tanh(e + h @ p["U"].T + p["b"])
        o = h @ p["E"].T + p["d"]
        losses = np.log(np.exp(o).sum(1)) - o[np.arange(len(o)), word[t]]
        out.append((losses * valid[t]).sum())
    return np.array(out) / valid.sum()


def language_gradient(p: Any, x: Array, y: Array) -> dict[str, Array]:
    word, T = np.argmax(y, 2), len(y)
    valid = np.arange(T)[:, None] < LENGTHS
    records, h = [], p["h0"]
    for t in range(T):
        e = p["E"][word[t - 1]] if t else np.zeros_like(h)
        new = np.tanh(e + h @ p["U"].T + p["b"])
        logits = new @ p["E"].T + p["d"]
        prob = np.exp(logits - logits.max(1, keepdims=True))
        prob /= prob.sum(1, keepdims=True)
        records.append({"old": h, "new": new, "prob": prob})
        h = new
    g = {k: np.zeros_like(v) for k, v in p.items()}
    dh = np.zeros_like(h)
    for t in reversed(range(T)):
        rec = records[t]
        do = rec["prob"].copy()
        do[np.arange(len(do)), word[t]] -= 1
        do *= valid[t][:, None] / valid.sum()
        g["E"] += do.T @ rec["new"]
        g["d"] += do.sum(0)
        dh = dh + do @ p["E"]
        da = dh * (1 - rec["new"] ** 2)
        g["U"] += da.T @ rec["old"]
        g["b"] += da.sum(0)
        if t:
            np.add.at(g["E"], word[t - 1], da)
        dh = da @ p["U"]
    g["h0"] = dh
    return g


# -- from both ends, with the same weights --------------------------------------------------------


def ends(p: Any, x: Array, y: Array) -> Array:
    """The mean of all states from both ends is read; each sentence ends at its own length."""
    out = []
    for s, length in enumerate(LENGTHS):
        pool = np.zeros_like(p["b"])
        for order in (range(length), reversed(range(length))):
            h = p["h0"]
            for t in order:
                h = np.tanh(p["W"] @ x[t, s] + p["U"] @ h + p["b"])
                pool = pool + h / (2 * length)
        out.append(0.5 * ((p["V"] @ pool + p["d"] - y[0, s]) ** 2).sum())
    return np.array(out)


def ends_gradient(p: Any, x: Array, y: Array) -> dict[str, Array]:
    g = {k: np.zeros_like(v) for k, v in p.items()}
    for s, length in enumerate(LENGTHS):
        xs = x[:length, s]
        runs = []
        for seen in (xs, xs[::-1]):
            H = [p["h0"]]
            for v in seen:
                H.append(np.tanh(p["W"] @ v + p["U"] @ H[-1] + p["b"]))
            runs.append((seen, np.array(H)))
        pool = sum(H[1:].mean(0) for _, H in runs) / 2
        err = p["V"] @ pool + p["d"] - y[0, s]
        g["V"] += np.outer(err, pool)
        g["d"] += err
        share = p["V"].T @ err / (2 * length)
        for seen, H in runs:
            dh = np.zeros_like(share)
            for t in range(length, 0, -1):
                dh = dh + share
                da = dh * (1 - H[t] ** 2)
                g["W"] += np.outer(da, seen[t - 1])
                g["U"] += np.outer(da, H[t - 1])
                g["b"] += da
                dh = p["U"].T @ da
            g["h0"] += dh
    return g


#: By name: the loss, and its gradient.
PAIRS: dict[str, tuple[str, Callable[..., Any]]] = {
    "language_gradient": ("language", language_gradient),
    "ends_gradient": ("ends", ends_gradient),
}
LOSSES: dict[str, Callable[..., Array]] = {"language": language, "ends": ends}


def point(name: str) -> tuple[dict[str, Array], Array, Array]:
    """Parameters, inputs and targets of a pair; T = 4, B = 3, all sizes differ."""
    rng = np.random.default_rng(23)
    n, m, k = 4, 2, 5
    shapes: dict[str, tuple[int, ...]]
    if name == "language":
        shapes = {"E": (k, n), "U": (n, n), "b": (n,), "d": (k,), "h0": (3, n)}
    else:
        shapes = {"W": (n, m), "U": (n, n), "b": (n,), "V": (k, n), "d": (k,), "h0": (n,)}
    params = {key: rng.normal(size=s) / np.sqrt(s[-1]) for key, s in shapes.items()}
    return params, rng.normal(size=(4, 3, m)), rng.normal(size=(4, 3, k))
