"""Losses of whole models, each with a gradient by hand.

A normalised residual cell, attention over an encoder's states, a sum over alignments, packed words,
tied embeddings with decay, half steps of an integrator, and a density with its own variance.
`posted_changes.py` puts mistakes in.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from posted_recurrences import Array, antisymmetric, coupled_peephole, minimal_gate, multiplied, sig

LENGTHS = np.array([4, 3, 1])


def normed(p: Any, x: Array, y: Array) -> Array:
    """h = h' + tanh(gain * norm(U h' + W x) + shift), squared error at every step."""
    h, out = np.zeros((x.shape[1], len(p["gain"]))) + p["h0"], []
    for t in range(len(x)):
        a = x[t] @ p["W"].T + h @ p["U"].T
        mean = a.mean(1, keepdims=True)
        var = ((a - mean) ** 2).mean(1, keepdims=True)
        h = h + np.tanh(p["gain"] * (a - mean) / np.sqrt(var + 1e-3) + p["shift"])
        out.append(0.5 * ((h @ p["V"].T - y[t]) ** 2).sum())
    return np.array(out)


def normed_gradient(p: Any, x: Array, y: Array) -> dict[str, Array]:
    h, tape = np.zeros((x.shape[1], len(p["gain"]))) + p["h0"], []
    for t in range(len(x)):
        a = x[t] @ p["W"].T + h @ p["U"].T
        mu, istd = a.mean(1, keepdims=True), 1 / np.sqrt(a.var(1, keepdims=True) + 1e-3)
        xhat = (a - mu) * istd
        u = np.tanh(p["gain"] * xhat + p["shift"])
        tape.append((h, xhat, istd, u, h + u))
        h = h + u
    g = {k: np.zeros_like(v) for k, v in p.items()}
    dh = np.zeros_like(h)
    for t in range(len(x) - 1, -1, -1):
        h_in, xhat, istd, u, h_out = tape[t]
        e = h_out @ p["V"].T - y[t]
        g["V"] += e.T @ h_out
        dh = dh + e @ p["V"]
        dz = dh * (1 - u**2)
        g["gain"] += (dz * xhat).sum(0)
        g["shift"] += dz.sum(0)
        dxhat = dz * p["gain"]
        N = dxhat.shape[1]
        da = istd / N * (N * dxhat - dxhat.sum(1, keepdims=True)
                         - xhat * (dxhat * xhat).sum(1, keepdims=True))  # fmt: skip
        g["W"] += da.T @ x[t]
        g["U"] += da.T @ h_in
        dh = dh + da @ p["U"]
    g["h0"] = dh.sum(0)
    return g


def attended(p: Any, x: Array, y: Array) -> Array:
    """An encoder's states, read by one query per decoder step: squared error."""
    T, B = x.shape[:2]
    h, H = np.zeros((B, len(p["b"]))), []
    for t in range(T):
        h = np.tanh(x[t] @ p["W"].T + h @ p["U"].T + p["b"])
        H.append(h)
    keys = np.array(H)
    s, total = h, 0
    for t in range(2):
        e = np.exp((keys * (s @ p["Q"].T)).sum(2) / 2.0)
        context = ((e / e.sum(0))[:, :, None] * keys).sum(0)
        s = np.tanh(s @ p["R"].T + context @ p["C"].T)
        total = total + 0.5 * ((s @ p["V"].T - y[t]) ** 2).sum() / B
    return total


def attended_gradient(p: Any, x: Array, y: Array) -> dict[str, Array]:
    T, B = x.shape[:2]
    states = [np.zeros((B, len(p["b"])))]
    for t in range(T):
        states.append(np.tanh(x[t] @ p["W"].T + states[-1] @ p["U"].T + p["b"]))
    H = np.stack(states[1:])
    s, tape = states[-1], []
    for _ in range(2):
        query = s @ p["Q"].T
        score = np.einsum("tbn,bn->tb", H, query) / 2.0
        w = np.exp(score - score.max(axis=0))
        w = w / w.sum(axis=0)
        context = np.einsum("tb,tbn->bn", w, H)
        new = np.tanh(s @ p["R"].T + context @ p["C"].T)
        tape.append((s, query, w, context, new))
        s = new
    g = {k: np.zeros_like(v) for k, v in p.items()}
    dH, ds = np.zeros_like(H), np.zeros_like(s)
    for t in (1, 0):
        old, query, w, context, new = tape[t]
        dy = (new @ p["V"].T - y[t]) / B
        g["V"] += dy.T @ new
        da = (ds + dy @ p["V"]) * (1 - new**2)
        g["R"] += da.T @ old
        g["C"] += da.T @ context
        dcontext = da @ p["C"]
        dw = np.einsum("bn,tbn->tb", dcontext, H)
        dscore = w * (dw - (w * dw).sum(axis=0)) / 2.0
        dH += w[:, :, None] * dcontext + dscore[:, :, None] * query
        dquery = np.einsum("tb,tbn->bn", dscore, H)
        g["Q"] += dquery.T @ old
        ds = da @ p["R"] + dquery @ p["Q"]
    dH[-1] += ds
    back = np.zeros_like(ds)
    for t in range(T - 1, -1, -1):
        da = (dH[t] + back) * (1 - H[t] ** 2)
        g["W"] += da.T @ x[t]
        g["U"] += da.T @ states[t]
        g["b"] += da.sum(0)
        back = da @ p["U"]
    return g


#: A blank, a label, a blank, another label, a blank.
PATH = [0, 1, 0, 2, 0]


def aligned(p: Any, x: Array, y: Array) -> Array:
    """Minus the log of the sum over all alignments of two labels, with blanks between."""
    T, B = x.shape[:2]
    h, out = np.zeros((B, len(p["b"]))), []
    for t in range(T):
        h = np.tanh(x[t] @ p["W"].T + h @ p["U"].T + p["b"])
        out.append(h @ p["V"].T + p["c"])
    prob = [np.exp(o) / np.exp(o).sum(1)[:, None] for o in out]
    nothing = np.zeros(B)
    alpha = [prob[0][:, 0], prob[0][:, 1], nothing, nothing, nothing]
    for t in range(1, T):
        new = []
        for k in range(5):
            a = alpha[k] + (alpha[k - 1] if k else 0) + (alpha[1] if k == 3 else 0)
            new.append(a * prob[t][:, PATH[k]])
        alpha = new
    return -np.log(alpha[3] + alpha[4])


def aligned_gradient(p: Any, x: Array, y: Array) -> dict[str, Array]:
    T, B = x.shape[:2]
    n = len(p["b"])
    h = np.zeros((T + 1, B, n))
    for t in range(T):
        h[t + 1] = np.tanh(x[t] @ p["W"].T + h[t] @ p["U"].T + p["b"])
    z = h[1:] @ p["V"].T + p["c"]
    prob = np.exp(z - z.max(2, keepdims=True))
    prob /= prob.sum(2, keepdims=True)
    at = prob[:, :, PATH]
    alpha, beta = np.zeros((T, B, 5)), np.zeros((T, B, 5))
    alpha[0, :, :2] = at[0, :, :2]
    beta[T - 1, :, 3:] = 1
    for t in range(1, T):
        alpha[t] = alpha[t - 1]
        alpha[t, :, 1:] += alpha[t - 1, :, :-1]
        alpha[t, :, 3] += alpha[t - 1, :, 1]
        alpha[t] *= at[t]
    for t in range(T - 2, -1, -1):
        follow = beta[t + 1] * at[t + 1]
        beta[t] = follow
        beta[t, :, :-1] += follow[:, 1:]
        beta[t, :, 1] += follow[:, 3]
    through = alpha * beta
    total = alpha[-1, :, 3:].sum(1)
    occupied = np.zeros_like(prob)
    for k, label in enumerate(PATH):
        occupied[:, :, label] += through[:, :, k]
    dz = prob - occupied / total[None, :, None]
    g = {"V": np.einsum("tbk,tbn->kn", dz, h[1:]), "c": dz.sum((0, 1))}
    g |= {k: np.zeros_like(p[k]) for k in "WUb"}
    dh = np.zeros((B, n))
    for t in range(T - 1, -1, -1):
        da = (dz[t] @ p["V"] + dh) * (1 - h[t + 1] ** 2)
        g["W"] += da.T @ x[t]
        g["U"] += da.T @ h[t]
        g["b"] += da.sum(0)
        dh = da @ p["U"]
    return g


def packed(p: Any, x: Array, y: Array) -> Array:
    """A GRU over embedded words whose last state, by length, is classified."""
    word, label = np.argmax(x, 2), np.argmax(y[0], 1)
    out = []
    for s, length in enumerate(LENGTHS):
        h = np.zeros(len(p["bz"]))
        for t in range(length):
            e = p["E"][word[t, s]]
            z = sig(p["Wz"] @ e + p["Uz"] @ h + p["bz"])
            k = np.tanh(p["Wk"] @ e + p["Uk"] @ h)
            h = (1 - z) * h + z * k
        o = p["V"] @ h + p["d"]
        out.append(np.log(np.exp(o).sum()) - o[label[s]])
    return np.array(out) / len(LENGTHS)


def packed_gradient(p: Any, x: Array, y: Array) -> dict[str, Array]:
    word, label = np.argmax(x, 2), np.argmax(y[0], 1)
    sizes = [int((t < LENGTHS).sum()) for t in range(max(LENGTHS))]
    h, tape = np.zeros((len(LENGTHS), len(p["bz"]))), []
    for t, size in enumerate(sizes):
        e, old = p["E"][word[t, :size]], h[:size].copy()
        z = sig(e @ p["Wz"].T + old @ p["Uz"].T + p["bz"])
        k = np.tanh(e @ p["Wk"].T + old @ p["Uk"].T)
        h[:size] = (1 - z) * old + z * k
        tape.append((word[t, :size], e, old, z, k))
    o = h @ p["V"].T + p["d"]
    do = np.exp(o - o.max(1, keepdims=True))
    do /= do.sum(1, keepdims=True)
    do[np.arange(len(label)), label] -= 1
    do /= len(LENGTHS)
    g = {name: np.zeros_like(v) for name, v in p.items()}
    g["V"], g["d"] = do.T @ h, do.sum(0)
    dh = do @ p["V"]
    for t in range(len(sizes) - 1, -1, -1):
        size = sizes[t]
        ids, e, old, z, k = tape[t]
        bar = dh[:size]
        az, ak = bar * (k - old) * z * (1 - z), bar * z * (1 - k**2)
        g["Wz"] += az.T @ e
        g["Wk"] += ak.T @ e
        g["Uz"] += az.T @ old
        g["Uk"] += ak.T @ old
        g["bz"] += az.sum(0)
        np.add.at(g["E"], ids, az @ p["Wz"] + ak @ p["Wk"])
        dh[:size] = bar * (1 - z) + az @ p["Uz"] + ak @ p["Uk"]
    return g


def tied(p: Any, x: Array, y: Array) -> Array:
    """A language model whose embedding is its output matrix; mean over tokens, decay."""
    word, (T, B) = np.argmax(y, 2), y.shape[:2]
    live = np.arange(1, T)[:, None] < LENGTHS
    h, nll = np.zeros((B, len(p["b"]))), 0
    for t in range(T - 1):
        h = np.tanh(p["E"][word[t]] @ p["W"].T + h @ p["U"].T + p["b"])
        o = 0.5 * (h @ p["P"].T) @ p["E"].T
        nll = nll + (live[t] * (np.log(np.exp(o).sum(1)) - o[np.arange(B), word[t + 1]])).sum()
    return nll / live.sum() + 0.05 * ((p["W"] ** 2).sum() + (p["U"] ** 2).sum())


def tied_gradient(p: Any, x: Array, y: Array) -> dict[str, Array]:
    word, (T, B) = np.argmax(y, 2), y.shape[:2]
    live = np.arange(1, T)[:, None] < LENGTHS
    hs = [np.zeros((B, len(p["b"])))]
    for t in range(T - 1):
        hs.append(np.tanh(p["E"][word[t]] @ p["W"].T + hs[t] @ p["U"].T + p["b"]))
    g = {k: np.zeros_like(v) for k, v in p.items()}
    dh = np.zeros_like(hs[0])
    for t in reversed(range(T - 1)):
        v = hs[t + 1] @ p["P"].T
        o = 0.5 * v @ p["E"].T
        do = np.exp(o - o.max(1, keepdims=True))
        do /= do.sum(1, keepdims=True)
        do[np.arange(B), word[t + 1]] -= 1
        do *= live[t][:, None] / live.sum()
        do *= 0.5
        g["E"] += do.T @ v
        dv = do @ p["E"]
        g["P"] += dv.T @ hs[t + 1]
        dh = dh + dv @ p["P"]
        da = dh * (1 - hs[t + 1] ** 2)
        g["W"] += da.T @ p["E"][word[t]]
        g["U"] += da.T @ hs[t]
        g["b"] += da.sum(0)
        np.add.at(g["E"], word[t], da @ p["W"])
        dh = da @ p["U"]
    g["W"] += 0.1 * p["W"]
    g["U"] += 0.1 * p["U"]
    return g


def half_steps(p: Any, x: Array, y: Array) -> Array:
    """h' = f(h, x) integrated with the midpoint rule; a Gaussian of its own variance."""
    h = np.zeros((x.shape[1], len(p["b"]))) + p["h0"]
    for t in range(len(x)):
        k1 = np.tanh(h @ p["U"].T + x[t] @ p["W"].T + p["b"]) - h
        mid = h + 0.25 * k1
        k2 = np.tanh(mid @ p["U"].T + x[t] @ p["W"].T + p["b"]) - mid
        h = h + 0.5 * k2
    mean, logvar = h @ p["M"].T, h @ p["S"].T
    return 0.5 * (logvar + (y[0] - mean) ** 2 * np.exp(-logvar)).sum(1)


def half_steps_gradient(p: Any, x: Array, y: Array) -> dict[str, Array]:
    W, U, b = p["W"], p["U"], p["b"]
    h, tape = np.zeros((x.shape[1], len(b))) + p["h0"], []
    for t in range(len(x)):
        s1 = np.tanh(h @ U.T + x[t] @ W.T + b)
        mid = h + 0.25 * (s1 - h)
        s2 = np.tanh(mid @ U.T + x[t] @ W.T + b)
        tape.append((h, s1, mid, s2))
        h = h + 0.5 * (s2 - mid)
    mean, logvar = h @ p["M"].T, h @ p["S"].T
    resid = y[0] - mean
    dmean = -resid * np.exp(-logvar)
    dlogvar = 0.5 * (1 - resid**2 * np.exp(-logvar))
    g = {k: np.zeros_like(v) for k, v in p.items()}
    g["M"], g["S"] = dmean.T @ h, dlogvar.T @ h
    dh = dmean @ p["M"] + dlogvar @ p["S"]
    for t in range(len(x) - 1, -1, -1):
        old, s1, mid, s2 = tape[t]
        dk2 = 0.5 * dh
        a2 = dk2 * (1 - s2**2)
        dmid = a2 @ U - dk2
        dk1 = 0.25 * dmid
        a1 = dk1 * (1 - s1**2)
        g["W"] += (a1 + a2).T @ x[t]
        g["U"] += a1.T @ old + a2.T @ mid
        g["b"] += (a1 + a2).sum(0)
        dh = dh + dmid + a1 @ U - dk1
    g["h0"] = dh.sum(0)
    return g


CELLS: dict[str, tuple[str, Callable[..., Any]]] = {
    f.__name__: (f.__name__, f) for f in (coupled_peephole, multiplied, antisymmetric, minimal_gate)
}
LOSSES: dict[str, Callable[..., Any]] = {
    f.__name__: f for f in (normed, attended, aligned, packed, tied, half_steps)
}
PAIRS: dict[str, tuple[str, Callable[..., Any]]] = {
    f.__name__: (f.__name__.removesuffix("_gradient"), f)
    for f in (normed_gradient, attended_gradient, aligned_gradient, packed_gradient, tied_gradient,
              half_steps_gradient)
}  # fmt: skip


def point(name: str) -> tuple[dict[str, Array], Array, Array]:
    """Parameters, inputs and targets of a pair; T = 4, B = 3, all sizes differ."""
    rng = np.random.default_rng(83)
    n, m, k = 4, 2, 5
    s: dict[str, tuple[int, ...]] = {"W": (n, m), "U": (n, n), "b": (n,)}
    if name == "normed":
        s = {"W": (n, m), "U": (n, n), "gain": (n,), "shift": (n,), "V": (k, n), "h0": (n,)}
    elif name == "attended":
        s |= {"Q": (n, n), "R": (n, n), "C": (n, n), "V": (k, n)}
    elif name == "aligned":
        s |= {"V": (3, n), "c": (3,)}
    elif name == "packed":
        s = {"E": (m, 3), "Wz": (n, 3), "Wk": (n, 3), "Uz": (n, n), "Uk": (n, n), "bz": (n,)}
        s |= {"V": (k, n), "d": (k,)}
    elif name == "tied":
        s |= {"E": (k, m), "P": (m, n)}
    else:
        s |= {"M": (k, n), "S": (k, n), "h0": (n,)}
    params = {key: rng.normal(size=v) / np.sqrt(v[-1]) for key, v in s.items()}
    return params, rng.normal(size=(4, 3, m)), rng.normal(size=(4, 3, k))
