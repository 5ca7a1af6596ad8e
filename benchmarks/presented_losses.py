"""Pairs of a loss and a gradient: what is built around cells.

A language model with dropout and label smoothing, packed sequences in both directions, an encoder
and a decoder with scheduled sampling, a diagonal complex state space by scans, an LSTM with
normalised gates, an antisymmetric network, truncated windows that carry their state.
`presented_changes.py` puts mistakes in.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import presented_modules as modules

Array = Any

TOKENS = np.array([[1, 0, 2], [3, 4, 4], [0, 3, 5], [2, 2, 0], [5, 1, 3]])
PRESENT = np.array([[1, 1, 1], [1, 1, 1], [1, 0, 1], [0, 0, 1.0]])
KEEP = np.array([[1.25, 0, 1.25, 1.25], [0, 1.25, 1.25, 1.25], [1.25, 1.25, 0, 1.25]])
LENGTHS = (4, 3, 1)
SAMPLED = (True, False, True, True)
EPS = 1e-2


def logistic(a: Array) -> Array:
    return 1 / (1 + np.exp(-a))


def softmax(a: Array) -> Array:
    e = np.exp(a - a.real.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def language(p: Any, x: Array, y: Array) -> Array:
    """Tokens in, tokens out: one dropout mask for all steps, smoothed labels, mean over tokens."""
    h = np.tile(p["h0"], (3, 1))
    total = 0.0
    for t in range(4):
        h = np.tanh(p["E"][TOKENS[t]] + (h * KEEP) @ p["U"].T + p["b"])
        logp = np.log(softmax((h * KEEP) @ p["V"].T + p["c"]))
        aim = 0.9 * np.eye(6)[TOKENS[t + 1]] + 0.1 / 6
        total = total - (PRESENT[t][:, None] * aim * logp).sum()
    return total / PRESENT.sum() + 0.005 * (p["U"] ** 2).sum()


def language_gradient(p: Any, x: Array, y: Array) -> dict[str, Array]:
    E, U, V, c = p["E"], p["U"], p["V"], p["c"]
    hs = [np.repeat(p["h0"][None], 3, axis=0)]
    probs = []
    for t in range(4):
        hs.append(np.tanh(E[TOKENS[t]] + (hs[-1] * KEEP) @ U.T + p["b"]))
        probs.append(softmax((hs[-1] * KEEP) @ V.T + c))
    g = {k: np.zeros_like(v) for k, v in p.items()}
    carry = np.zeros_like(hs[0])
    count = PRESENT.sum()
    for t in range(3, -1, -1):
        dlogits = probs[t].copy()
        dlogits[np.arange(3), TOKENS[t + 1]] -= 0.9
        dlogits -= 0.1 / 6
        dlogits *= PRESENT[t][:, None] / count
        g["V"] += dlogits.T @ (hs[t + 1] * KEEP)
        g["c"] += dlogits.sum(0)
        dh = carry + (dlogits @ V) * KEEP
        dz = dh * (1 - hs[t + 1] ** 2)
        np.add.at(g["E"], TOKENS[t], dz)
        g["U"] += dz.T @ (hs[t] * KEEP)
        g["b"] += dz.sum(0)
        carry = (dz @ U) * KEEP
    g["U"] += 0.01 * U
    g["h0"] = carry.sum(0)
    return g


def packed(p: Any, x: Array, y: Array) -> Array:
    """Both directions over sequences of lengths 4, 3, 1; the last states of both are read."""
    total = 0.0
    for k, length in enumerate(LENGTHS):
        ends = []
        for way in "fb":
            h = np.zeros(p["Uf"].shape[0])
            steps = range(length) if way == "f" else range(length - 1, -1, -1)
            for t in steps:
                h = np.tanh(p["W" + way] @ x[t, k] + p["U" + way] @ h + p["b" + way])
            ends.append(h)
        r = p["V"] @ np.concatenate(ends) - y[0, k]
        total = total + 0.5 * (r @ r)
    return total


def packed_gradient(p: Any, x: Array, y: Array) -> dict[str, Array]:
    T = max(LENGTHS)
    sizes = [sum(n > t for n in LENGTHS) for t in range(T)]
    n = len(p["bf"])
    g = {k: np.zeros_like(v) for k, v in p.items()}
    forward = [np.zeros((3, n))]
    for t in range(T):
        h = forward[-1].copy()
        m = sizes[t]
        h[:m] = np.tanh(x[t, :m] @ p["Wf"].T + h[:m] @ p["Uf"].T + p["bf"])
        forward.append(h)
    backward = [np.zeros((3, n)) for _ in range(T + 1)]
    for t in range(T - 1, -1, -1):
        m = sizes[t]
        h = backward[t + 1][:m]
        backward[t][:m] = np.tanh(x[t, :m] @ p["Wb"].T + h @ p["Ub"].T + p["bb"])
    both = np.hstack([forward[-1], backward[0]])
    r = both @ p["V"].T - y[0]
    g["V"] = r.T @ both
    df, db = np.hsplit(r @ p["V"], 2)
    df = df.copy()
    for t in reversed(range(T)):
        m = sizes[t]
        da = df[:m] * (1 - forward[t + 1][:m] ** 2)
        g["Wf"] += da.T @ x[t, :m]
        g["Uf"] += da.T @ forward[t][:m]
        g["bf"] += da.sum(0)
        df[:m] = da @ p["Uf"]
    for t in range(T):
        m = sizes[t]
        da = db[:m] * (1 - backward[t][:m] ** 2)
        g["Wb"] += da.T @ x[t, :m]
        g["Ub"] += da.T @ backward[t + 1][:m]
        g["bb"] += da.sum(0)
        db = da @ p["Ub"]
    return g


def translate(p: Any, x: Array, y: Array) -> Array:
    """The encoder's last state starts the decoder, which at some steps reads its own output."""
    h = np.zeros((3, p["U"].shape[0]))
    for xt in x:
        h = np.tanh(xt @ p["W"].T + h @ p["U"].T)
    context, last, total = h, np.zeros((3, p["V"].shape[0])), 0.0
    for t in range(4):
        h = np.tanh(last @ p["F"].T + h @ p["G"].T + context @ p["C"].T)
        out = h @ p["V"].T
        total = total + 0.5 * ((out - y[t]) ** 2).sum()
        last = out if SAMPLED[t] else y[t]
    return total


def translate_gradient(p: Any, x: Array, y: Array) -> dict[str, Array]:
    W, U, F, G, C, V = (p[k] for k in "WUFGCV")
    enc = [np.zeros((3, len(U)))]
    for xt in x:
        enc.append(np.tanh(xt @ W.T + enc[-1] @ U.T))
    context = enc[-1]
    dec, lasts, outs = [context], [np.zeros((3, len(V)))], []
    for t in range(4):
        dec.append(np.tanh(lasts[-1] @ F.T + dec[-1] @ G.T + context @ C.T))
        outs.append(dec[-1] @ V.T)
        lasts.append(outs[-1] if SAMPLED[t] else y[t])
    g = {k: np.zeros_like(v) for k, v in p.items()}
    dh, dlast, dcontext = np.zeros_like(context), np.zeros_like(outs[0]), np.zeros_like(context)
    for t in (3, 2, 1, 0):
        dout = outs[t] - y[t]
        if SAMPLED[t]:
            dout = dout + dlast
        g["V"] += dout.T @ dec[t + 1]
        dh = dh + dout @ V
        da = dh * (1 - dec[t + 1] ** 2)
        g["F"] += da.T @ lasts[t]
        g["G"] += da.T @ dec[t]
        g["C"] += da.T @ context
        dlast = da @ F
        dcontext += da @ C
        dh = da @ G
    dh = dh + dcontext
    for t in (3, 2, 1, 0):
        da = dh * (1 - enc[t + 1] ** 2)
        g["W"] += da.T @ x[t]
        g["U"] += da.T @ enc[t]
        dh = da @ U
    return g


def diagonal(p: Any, x: Array, y: Array) -> Array:
    """A diagonal complex recurrence, its real part read out through a nonlinearity."""
    lam = np.exp(-np.exp(p["nu"]) + 1j * p["theta"])
    h, total = np.zeros((3, len(lam)), complex), 0.0
    for t in range(4):
        h = lam * h + x[t] @ (p["Br"] + 1j * p["Bi"]).T
        out = np.tanh((h @ (p["Cr"] + 1j * p["Ci"]).T).real + x[t] @ p["D"].T)
        total = total + 0.5 * ((out - y[t]) ** 2).sum()
    return total


def diagonal_gradient(p: Any, x: Array, y: Array) -> dict[str, Array]:
    lam = np.exp(-np.exp(p["nu"]) + 1j * p["theta"])
    B, C = p["Br"] + 1j * p["Bi"], p["Cr"] + 1j * p["Ci"]
    T = len(x)
    u = x @ B.T
    powers = lam ** np.arange(T)[:, None]
    h = np.array([sum(powers[t - k] * u[k] for k in range(t + 1)) for t in range(T)])
    out = np.tanh((h @ C.T).real + x @ p["D"].T)
    dz = (out - y) * (1 - out**2)
    dC = np.einsum("tbk,tbn->kn", dz, h.conj())
    dh = dz @ C.conj()
    back = np.array([sum(powers[k - t].conj() * dh[k] for k in range(t, T)) for t in range(T)])
    dB = np.einsum("tbn,tbm->nm", back, x)
    dlam = (back[1:] * h[:-1].conj()).sum((0, 1))
    dlog = dlam * lam.conj()
    return {
        "nu": -np.exp(p["nu"]) * dlog.real, "theta": dlog.imag, "Br": dB.real, "Bi": dB.imag,
        "Cr": dC.real, "Ci": dC.imag, "D": np.einsum("tbk,tbm->km", dz, x),
    }  # fmt: skip


def normed_lstm(p: Any, x: Array, y: Array) -> Array:
    """An LSTM whose pre-activations and cell are normalised over the units."""

    def norm(a: Array) -> Array:
        c = a - a.mean(-1, keepdims=True)
        return c / np.sqrt((c * c).mean(-1, keepdims=True) + EPS)

    n = p["U"].shape[1]
    h, c = np.zeros((3, n)), np.zeros((3, n))
    for xt in x:
        a = p["s"] * norm(xt @ p["W"].T + h @ p["U"].T) + p["b"]
        i, f, o = (logistic(a[:, k * n : (k + 1) * n]) for k in range(3))
        c = f * c + i * np.tanh(a[:, 3 * n :])
        h = o * np.tanh(p["r"] * norm(c))
    return 0.5 * ((h @ p["V"].T - y[-1]) ** 2).sum()


def normed_lstm_gradient(p: Any, x: Array, y: Array) -> dict[str, Array]:
    def norm(a: Array) -> tuple[Array, Array]:
        mu, var = a.mean(-1, keepdims=True), a.var(-1, keepdims=True)
        inv = 1 / np.sqrt(var + EPS)
        return (a - mu) * inv, inv

    def norm_back(d: Array, hat: Array, inv: Array) -> Array:
        k = d.shape[-1]
        s1 = d.sum(-1, keepdims=True)
        s2 = (d * hat).sum(-1, keepdims=True)
        return inv / k * (k * d - s1 - hat * s2)

    W, U, b, s, r, V = (p[k] for k in "WUbsrV")
    n = U.shape[1]
    h, c, saved = np.zeros((3, n)), np.zeros((3, n)), []
    for xt in x:
        hat, inv = norm(xt @ W.T + h @ U.T)
        a = s * hat + b
        i, f, o = (logistic(v) for v in np.split(a[:, : 3 * n], 3, axis=1))
        g = np.tanh(a[:, 3 * n :])
        c_new = f * c + i * g
        chat, cinv = norm(c_new)
        tc = np.tanh(r * chat)
        saved.append((h, c, hat, inv, i, f, o, g, chat, cinv, tc))
        h, c = o * tc, c_new
    e = h @ V.T - y[-1]
    G = {k: np.zeros_like(v) for k, v in p.items()}
    G["V"] = e.T @ h
    dh, dc = e @ V, np.zeros_like(c)
    for t in range(len(x) - 1, -1, -1):
        h, c, hat, inv, i, f, o, g, chat, cinv, tc = saved[t]
        dn = dh * o * (1 - tc**2)
        G["r"] += (dn * chat).sum(0)
        dc = dc + norm_back(dn * r, chat, cinv)
        da = np.concatenate(
            [dc * g * i * (1 - i), dc * c * f * (1 - f), dh * tc * o * (1 - o),
             dc * i * (1 - g**2)], axis=1)  # fmt: skip
        G["s"] += (da * hat).sum(0)
        G["b"] += da.sum(0)
        dz = norm_back(da * s, hat, inv)
        G["W"] += dz.T @ x[t]
        G["U"] += dz.T @ h
        dh = dz @ U
        dc = dc * f
    return G


def antisymmetric(p: Any, x: Array, y: Array) -> Array:
    """Euler steps of an antisymmetric network; every other step is read."""
    A = p["A"] - p["A"].T - 0.1 * np.eye(len(p["A"]))
    h, total = p["h0"] + np.zeros((3, 1)), 0.0
    for t in range(4):
        h = h + 0.5 * np.tanh(h @ A.T + x[t] @ p["W"].T + p["b"])
        if t % 2:
            total = total + ((h @ p["V"].T - y[t]) ** 2).mean()
    return total


def antisymmetric_gradient(p: Any, x: Array, y: Array) -> dict[str, Array]:
    A = p["A"] - p["A"].T - 0.1 * np.eye(len(p["A"]))
    h = np.broadcast_to(p["h0"], (3, len(A)))
    hs, vs = [h], []
    for t in range(4):
        vs.append(np.tanh(h @ A.T + x[t] @ p["W"].T + p["b"]))
        h = h + 0.5 * vs[-1]
        hs.append(h)
    dA = np.zeros_like(A)
    g = {k: np.zeros_like(v) for k, v in p.items()}
    dh = np.zeros_like(h)
    for t in reversed(range(4)):
        if t % 2 == 1:
            e = 2 * (hs[t + 1] @ p["V"].T - y[t]) / y[t].size
            g["V"] += e.T @ hs[t + 1]
            dh = dh + e @ p["V"]
        da = 0.5 * dh * (1 - vs[t] ** 2)
        dA += da.T @ hs[t]
        g["W"] += da.T @ x[t]
        g["b"] += da.sum(axis=0)
        dh = dh + da @ A
    g["A"] = dA - dA.T
    g["h0"] = dh.sum(axis=0)
    return g


LOSSES: dict[str, Callable[..., Any]] = {
    f.__name__: f for f in (language, packed, translate, diagonal, normed_lstm, antisymmetric)
}
PAIRS: dict[str, tuple[str, Callable[..., Any]]] = {
    f"{k}_gradient": (k, globals()[f"{k}_gradient"]) for k in LOSSES
}
LOSSES |= modules.LOSSES
PAIRS |= modules.PAIRS


def point(name: str) -> tuple[dict[str, Array], Array, Array]:
    """Parameters, inputs and targets of a pair: T = 4, B = 3, all other sizes differ."""
    rng = np.random.default_rng(811)
    n, m, k = 4, 2, 5
    nn, nm, kn = (n, n), (n, m), (k, n)
    shapes: dict[str, dict[str, tuple[int, ...]]] = {
        "language": {"E": (6, n), "U": nn, "b": (n,), "V": (6, n), "c": (6,), "h0": (n,)},
        "packed": {"Wf": nm, "Uf": nn, "bf": (n,), "Wb": nm, "Ub": nn, "bb": (n,), "V": (k, 2 * n)},
        "translate": {"W": nm, "U": nn, "F": (n, k), "G": nn, "C": nn, "V": kn},
        "diagonal": {"nu": (n,), "theta": (n,), "Br": nm, "Bi": nm, "Cr": kn, "Ci": kn,
                     "D": (k, m)},
        "normed_lstm": {"W": (4 * n, m), "U": (4 * n, n), "b": (4 * n,), "s": (4 * n,),
                        "r": (n,), "V": kn},
        "antisymmetric": {"A": nn, "W": nm, "b": (n,), "V": kn, "h0": (n,)},
        **modules.SHAPES,
    }  # fmt: skip
    params = {
        key: rng.normal(size=v) / np.sqrt(min(v[-1], 4)) for key, v in shapes[name].items()
    }
    return params, rng.normal(size=(4, 3, m)), rng.normal(size=(4, 3, k))
