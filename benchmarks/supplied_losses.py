"""Recurrences of one's own and losses of whole models, each with a gradient by hand.

A residual network, coupled peepholes, Jordan's network; two layers with dropout behind an
embedding that is tied to the output, with smoothed labels and learned starts; both directions with
lengths behind a normalised layer; teacher forcing with discounted losses. Only the recurrences are
read by the package. `supplied_changes.py` puts mistakes in.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from bptt_sym.read import recurrence_from_latex
from bptt_sym.recurrence import Recurrence

Array = Any


def logistic(a: Array) -> Array:
    return 1 / (1 + np.exp(-a))


def softmax(a: Array) -> Array:
    e = np.exp(a)
    return e / e.sum(-1, keepdims=True)


def _misses(p: Any, name: str, value: Array) -> Array:
    return (value - p.series[f"\\hat{{{name}}}"]) * (p.mask * p.loss_weights[:, None])[..., None]


# -- recurrences of one's own ---------------------------------------------------------------------


def skipping(p: Any) -> dict[str, Array]:
    """h = h' + k tanh(W x + U h' + b)."""
    W, U, b, k = (p.params[q] for q in "WUbk")
    x, h, past, acts, hs = p.series["x"], p.start("h"), [], [], []
    for t in range(p.steps):
        s = np.tanh(x[t] @ W.T + h @ U.T + b)
        past.append(h)
        h = h + k * s
        acts.append(s)
        hs.append(h)
    err = _misses(p, "h", np.array(hs))
    dW, dU, db, dk = (np.zeros_like(v) for v in (W, U, b, k))
    dh = np.zeros_like(h)
    for t in range(p.steps)[::-1]:
        dh = dh + err[t]
        dk += (dh * acts[t]).sum(0)
        da = dh * k * (1 - acts[t] ** 2)
        dW += da.T @ x[t]
        dU += da.T @ past[t]
        db += da.sum(0)
        dh = dh + da @ U
    return {"W": dW, "U": dU, "b": db, "k": dk} | ({"h0": dh.sum(0)} if p.learned else {})


def peeping(p: Any) -> dict[str, Array]:
    """c = f c' + (1 - f) g with peepholes from c' to f and from c to o."""
    q, x = p.params, p.series["x"]
    h, c, kept = p.start("h"), p.start("c"), []
    for t in range(p.steps):
        f = logistic(x[t] @ q["A"].T + h @ q["B"].T + q["p"] * c)
        g = np.tanh(x[t] @ q["C"].T + h @ q["D"].T)
        new = f * c + (1 - f) * g
        o = logistic(x[t] @ q["E"].T + h @ q["F"].T + q["s"] * new)
        kept.append((h, c, f, g, o, new))
        h, c = o * np.tanh(new), new
    eh = _misses(p, "h", np.array([k[4] * np.tanh(k[5]) for k in kept]))
    ec = _misses(p, "c", np.array([k[5] for k in kept]))
    out = {k: np.zeros_like(v) for k, v in q.items()}
    dh, dc = np.zeros_like(h), np.zeros_like(c)
    for t in reversed(range(p.steps)):
        h, c, f, g, o, new = kept[t]
        dh, dc = dh + eh[t], dc + ec[t]
        th = np.tanh(new)
        ao = dh * th * o * (1 - o)
        dc = dc + dh * o * (1 - th * th) + ao * q["s"]
        af = dc * (c - g) * f * (1 - f)
        ag = dc * (1 - f) * (1 - g * g)
        for w, u, a in (("A", "B", af), ("C", "D", ag), ("E", "F", ao)):
            out[w] += a.T @ x[t]
            out[u] += a.T @ h
        out["p"] += (af * c).sum(0)
        out["s"] += (ao * new).sum(0)
        dh = af @ q["B"] + ag @ q["D"] + ao @ q["F"]
        dc = dc * f + af * q["p"]
    return out | ({"h0": dh.sum(0), "c0": dc.sum(0)} if p.learned else {})


def jordan(p: Any) -> dict[str, Array]:
    """h = tanh(W x + U y' + b), y = V h + d: what goes around is the output."""
    W, U, b, V, d = (p.params[q] for q in "WUbVd")
    x, y, hs, ys = p.series["x"], p.start("y"), [], [p.start("y")]
    for t in range(p.steps):
        hs.append(np.tanh(x[t] @ W.T + y @ U.T + b))
        y = hs[-1] @ V.T + d
        ys.append(y)
    ey = _misses(p, "y", np.array(ys[1:]))
    g = {k: np.zeros_like(v) for k, v in p.params.items()}
    dy = np.zeros_like(y)
    for t in reversed(range(p.steps)):
        dy = dy + ey[t]
        g["V"] += dy.T @ hs[t]
        g["d"] += dy.sum(0)
        da = dy @ V * (1 - hs[t] ** 2)
        g["W"] += da.T @ x[t]
        g["U"] += da.T @ ys[t]
        g["b"] += da.sum(0)
        dy = da @ U
    return g | ({"y0": dy.sum(0)} if p.learned else {})


@cache
def recurrence(name: str) -> Recurrence:
    """The recurrences that ship with no cell."""
    shapes: dict[str, Any] = {"x": ("m",)}
    if name == "skipping":
        lines = [r"s_t = \tanh(W x_t + U h_{t-1} + b)", r"h_t = h_{t-1} + k \odot s_t"]
        shapes |= dict.fromkeys("shbk", ("n",)) | {"W": ("n", "m"), "U": ("n", "n")}
    elif name == "peeping":
        lines = [
            r"f_t = \sigma(A x_t + B h_{t-1} + p \odot c_{t-1})",
            r"g_t = \tanh(C x_t + D h_{t-1})",
            r"c_t = f_t \odot c_{t-1} + (1 - f_t) \odot g_t",
            r"o_t = \sigma(E x_t + F h_{t-1} + s \odot c_t)",
            r"h_t = o_t \odot \tanh(c_t)",
        ]
        shapes |= dict.fromkeys("fgcohps", ("n",)) | dict.fromkeys("ACE", ("n", "m"))
        shapes |= dict.fromkeys("BDF", ("n", "n"))
    else:
        lines = [r"h_t = \tanh(W x_t + U y_{t-1} + b)", r"y_t = V h_t + d"]
        shapes |= dict.fromkeys("hb", ("n",)) | dict.fromkeys("yd", ("k",))
        shapes |= {"W": ("n", "m"), "U": ("n", "k"), "V": ("k", "n")}
    return recurrence_from_latex(lines, name=name, shapes=shapes)


# -- losses of whole models -----------------------------------------------------------------------

#: Tokens of the language model; -1 pads. What dropout keeps, already scaled.
TOKENS = np.array([[0, 2, 1], [3, 2, 4], [1, 0, -1], [4, -1, -1], [2, -1, -1]])
KEPT = np.array([[[1, 0, 1, 1], [0, 1, 1, 1], [1, 1, 0, 1]], [[1, 1, 1, 0], [1, 0, 1, 1],
                 [0, 1, 1, 1]], [[1, 1, 1, 1], [1, 1, 0, 0], [1, 0, 1, 1]],
                 [[0, 1, 1, 1], [1, 1, 1, 1], [1, 1, 0, 1]]]) / 0.75  # fmt: skip
LENGTHS = np.array([4, 2, 3])


def language(p: Any, x: Array, y: Array) -> Array:
    """Two layers, dropout between them, tied embedding, smoothed labels, learned starts."""
    T, B, k = 4, 3, len(p["E"])
    h = np.tile(p["h"], (B, 1))
    g = np.tile(p["g"], (B, 1))
    losses = []
    for t in range(T):
        e = p["E"][TOKENS[t]] * (TOKENS[t] >= 0)[:, None]
        h = np.tanh(e @ p["W"].T + h @ p["U"].T + p["b"])
        g = np.tanh((h * KEPT[t]) @ p["X"].T + g @ p["Y"].T + p["c"])
        z = g @ p["E"].T + p["d"]
        wanted = np.full((B, k), 0.1 / k) + 0.9 * np.eye(k)[TOKENS[t + 1]]
        nll = np.log(np.exp(z).sum(1)) - (wanted * z).sum(1)
        losses.append((nll * (TOKENS[t + 1] >= 0)).sum() / (TOKENS[1:] >= 0).sum())
    return np.array(losses)


def language_gradient(p: Any, x: Array, y: Array) -> dict[str, Array]:
    T, B, k = 4, 3, len(p["E"])
    h, g = np.tile(p["h"], (B, 1)), np.tile(p["g"], (B, 1))
    store = []
    count = (TOKENS[1:] >= 0).sum()
    for t in range(T):
        valid = (TOKENS[t] >= 0)[:, None]
        e = p["E"][TOKENS[t]] * valid
        nh = np.tanh(e @ p["W"].T + h @ p["U"].T + p["b"])
        v = nh * KEPT[t]
        ng = np.tanh(v @ p["X"].T + g @ p["Y"].T + p["c"])
        q = softmax(ng @ p["E"].T + p["d"])
        wanted = np.full((B, k), 0.1 / k) + 0.9 * np.eye(k)[TOKENS[t + 1]]
        dz = (q - wanted) * (TOKENS[t + 1] >= 0)[:, None] / count
        store.append((valid, e, h, nh, v, g, ng, dz))
        h, g = nh, ng
    out = {name: np.zeros_like(w) for name, w in p.items()}
    dh, dg = np.zeros_like(h), np.zeros_like(g)
    for t in range(T)[::-1]:
        valid, e, h, nh, v, g, ng, dz = store[t]
        out["E"] += dz.T @ ng
        out["d"] += dz.sum(0)
        dg = dg + dz @ p["E"]
        a2 = dg * (1 - ng**2)
        out["X"] += a2.T @ v
        out["Y"] += a2.T @ g
        out["c"] += a2.sum(0)
        dg = a2 @ p["Y"]
        dh = dh + (a2 @ p["X"]) * KEPT[t]
        a1 = dh * (1 - nh**2)
        out["W"] += a1.T @ e
        out["U"] += a1.T @ h
        out["b"] += a1.sum(0)
        de = (a1 @ p["W"]) * valid
        np.add.at(out["E"], TOKENS[t], de)
        dh = a1 @ p["U"]
    out["h"], out["g"] = dh.sum(0), dg.sum(0)
    return out


def tagger(p: Any, x: Array, y: Array) -> Array:
    """A simple network in both directions with lengths; squared error of a normalised sum."""
    T, B, _ = x.shape
    H: dict[str, Any] = {}
    for d, order in (("r", range(T)), ("l", range(T)[::-1])):
        h, H[d] = np.zeros((B, p["Ur"].shape[0])), [None] * T
        for t in order:
            new = np.tanh(x[t] @ p["W" + d].T + h @ p["U" + d].T)
            live = (t < LENGTHS)[:, None]
            h = np.where(live, new, h)
            H[d][t] = h
    losses = []
    for t in range(T):
        s = np.concatenate([H["r"][t], H["l"][t]], axis=1)
        m, v = s.mean(1, keepdims=True), s.var(1, keepdims=True)
        z = (p["gain"] * (s - m) / np.sqrt(v + 1e-5)) @ p["V"].T - y[t]
        losses.append(((z * z).sum(1) * (t < LENGTHS) / LENGTHS).sum() / 2)
    return np.array(losses)


def tagger_gradient(p: Any, x: Array, y: Array) -> dict[str, Array]:
    T, B, _ = x.shape
    n = p["Ur"].shape[0]
    orders = {"r": list(range(T)), "l": list(range(T))[::-1]}
    live = (np.arange(T)[:, None] < LENGTHS)[:, :, None]
    H, N, P = {}, {}, {}
    for d, order in orders.items():
        h = np.zeros((B, n))
        H[d], N[d], P[d] = (np.zeros((T, B, n)) for _ in range(3))
        for t in order:
            P[d][t] = h
            N[d][t] = np.tanh(x[t] @ p["W" + d].T + h @ p["U" + d].T)
            h = np.where(live[t], N[d][t], h)
            H[d][t] = h
    S = np.concatenate([H["r"], H["l"]], axis=2)
    sd = np.sqrt(S.var(2, keepdims=True) + 1e-5)
    unit = (S - S.mean(2, keepdims=True)) / sd
    dz = ((p["gain"] * unit) @ p["V"].T - y) * live / LENGTHS[:, None]
    out = {"V": np.einsum("tbk,tbn->kn", dz, p["gain"] * unit)}
    dn = dz @ p["V"]
    out["gain"] = (dn * unit).sum((0, 1))
    dn = dn * p["gain"]
    dS = (dn - dn.mean(2, keepdims=True) - unit * (dn * unit).mean(2, keepdims=True)) / sd
    for d, part in (("r", dS[:, :, :n]), ("l", dS[:, :, n:])):
        carry, A = np.zeros((B, n)), np.zeros((T, B, n))
        for t in orders[d][::-1]:
            bar = part[t] + carry
            A[t] = bar * (1 - N[d][t] ** 2) * live[t]
            carry = A[t] @ p["U" + d] + bar * (1 - live[t])
        out["W" + d] = np.einsum("tbi,tbj->ij", A, x)
        out["U" + d] = np.einsum("tbi,tbj->ij", A, P[d])
    return out


def forced(p: Any, x: Array, y: Array) -> Array:
    """Reads the target of the step before, its own output at every third step."""
    T, B, _ = x.shape
    h, fed, losses = np.tile(p["h"], (B, 1)), np.zeros_like(y[0]), []
    for t in range(T):
        h = np.tanh(x[t] @ p["W"].T + h @ p["U"].T + fed @ p["F"].T)
        z = h @ p["V"].T
        losses.append(((z - y[t]) ** 2).mean() / 2 * 0.9 ** (T - 1 - t))
        fed = z if t % 3 == 1 else y[t]
    return np.array(losses)


def forced_gradient(p: Any, x: Array, y: Array) -> dict[str, Array]:
    T, B, _ = x.shape
    h, fed, kept = np.tile(p["h"], (B, 1)), np.zeros_like(y[0]), []
    for t in range(T):
        new = np.tanh(x[t] @ p["W"].T + h @ p["U"].T + fed @ p["F"].T)
        z = new @ p["V"].T
        kept.append((h, fed, new, z))
        h, fed = new, z if t % 3 == 1 else y[t]
    g = {k: np.zeros_like(v) for k, v in p.items()}
    dh, dfed = np.zeros_like(h), np.zeros_like(fed)
    for t in range(T - 1, -1, -1):
        h, fed, new, z = kept[t]
        dz = (z - y[t]) / z.size * 0.9 ** (T - 1 - t)
        if t % 3 == 1:
            dz = dz + dfed
        g["V"] += dz.T @ new
        da = (dh + dz @ p["V"]) * (1 - new * new)
        g["W"] += da.T @ x[t]
        g["U"] += da.T @ h
        g["F"] += da.T @ fed
        dh, dfed = da @ p["U"], da @ p["F"]
    g["h"] = dh.sum(0)
    return g


CELLS: dict[str, tuple[str, Callable[..., Any]]] = {
    f.__name__: (f.__name__, f) for f in (skipping, peeping, jordan)
}
#: The losses by name.
LOSSES: dict[str, Callable[..., Array]] = {f.__name__: f for f in (language, tagger, forced)}
#: By name: the loss, and its gradient.
PAIRS: dict[str, tuple[str, Callable[..., Any]]] = {
    "language_gradient": ("language", language_gradient),
    "tagger_gradient": ("tagger", tagger_gradient),
    "forced_gradient": ("forced", forced_gradient),
}


def point(name: str) -> tuple[dict[str, Array], Array, Array]:
    """Parameters, inputs and targets of a pair; T = 4, B = 3, all sizes differ."""
    rng = np.random.default_rng(29)
    n, m, k = 4, 2, 5
    shapes: dict[str, tuple[int, ...]]
    if name == "language":
        shapes = {"E": (k, 6), "W": (n, 6), "U": (n, n), "b": (n,), "X": (6, n), "Y": (6, 6)}
        shapes |= {"c": (6,), "d": (k,), "h": (n,), "g": (6,)}
    elif name == "tagger":
        shapes = {"V": (k, 2 * n), "gain": (2 * n,)}
        shapes |= {w + d: (n, m if w == "W" else n) for w in "WU" for d in "rl"}
    else:
        shapes = {"W": (n, m), "U": (n, n), "F": (n, k), "V": (k, n), "h": (n,)}
    params = {key: rng.normal(size=s) / np.sqrt(s[-1]) for key, s in shapes.items()}
    return params, rng.normal(size=(4, 3, m)), rng.normal(size=(4, 3, k))
