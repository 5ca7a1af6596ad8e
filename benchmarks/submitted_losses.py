"""Recurrences of one's own and losses of whole models, each with a gradient by hand.

An update gate, two steps back, a recurrent matrix of low rank, an output that is fed back, two
layers within a step; a reader of both directions with lengths, pooling by learned attention, an
LSTM with normalised gates and teacher forcing, residual layers with tied weights. Only the
recurrences are read by the package. `submitted_changes.py` puts mistakes in.
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


def _misses(p: Any, name: str, value: Array) -> Array:
    return (value - p.series[f"\\hat{{{name}}}"]) * (p.mask * p.loss_weights[:, None])[..., None]


# -- recurrences of one's own ---------------------------------------------------------------------


def update_gate(p: Any) -> dict[str, Array]:
    """h = g h' + (1 - g) c, batch first, arrays of all steps."""
    A, B, a, C, D, d = (p.params[k] for k in "ABaCDd")
    x = p.series["x"].swapaxes(0, 1)
    N, T = x.shape[:2]
    H = np.zeros((N, T + 1, len(a)), x.dtype)
    H[:, 0] = p.start("h")
    G, Q = np.empty((2, N, T, len(a)), x.dtype)
    for t in range(T):
        G[:, t] = logistic(x[:, t] @ A.T + H[:, t] @ B.T + a)
        Q[:, t] = np.tanh(x[:, t] @ C.T + H[:, t] @ D.T + d)
        H[:, t + 1] = G[:, t] * H[:, t] + (1 - G[:, t]) * Q[:, t]
    dH = _misses(p, "h", H[:, 1:].swapaxes(0, 1)).swapaxes(0, 1)
    dG, dQ = np.zeros_like(G), np.zeros_like(Q)
    carry = np.zeros_like(H[:, 0])
    for t in reversed(range(T)):
        bar = dH[:, t] + carry
        dG[:, t] = bar * (H[:, t] - Q[:, t]) * G[:, t] * (1 - G[:, t])
        dQ[:, t] = bar * (1 - G[:, t]) * (1 - Q[:, t] ** 2)
        carry = bar * G[:, t] + dG[:, t] @ B + dQ[:, t] @ D
    out = {}
    for w, u, v, pre in (("A", "B", "a", dG), ("C", "D", "d", dQ)):
        out[w] = np.tensordot(pre, x, ((0, 1), (0, 1)))
        out[u] = np.tensordot(pre, H[:, :-1], ((0, 1), (0, 1)))
        out[v] = pre.sum((0, 1))
    return out | ({"h0": carry.sum(0)} if p.learned else {})


def low_rank(p: Any) -> dict[str, Array]:
    """h = tanh(A B h' + C x + d): the recurrent matrix is a product of two thin ones."""
    A, B, C, d = (p.params[k] for k in "ABCd")
    x, h, kept = p.series["x"], p.start("h"), []
    for t in range(p.steps):
        q = h @ B.T
        new = np.tanh(q @ A.T + x[t] @ C.T + d)
        kept.append((h, q, new))
        h = new
    miss = _misses(p, "h", np.array([new for _, _, new in kept]))
    g = {k: np.zeros_like(v) for k, v in p.params.items()}
    dh = np.zeros_like(h)
    for t in reversed(range(p.steps)):
        old, q, new = kept[t]
        da = (miss[t] + dh) * (1 - new * new)
        dq = da @ A
        g["A"] += np.einsum("bi,bj->ij", da, q)
        g["B"] += np.einsum("bi,bj->ij", dq, old)
        g["C"] += np.einsum("bi,bj->ij", da, x[t])
        g["d"] += da.sum(0)
        dh = dq @ B
    return g | ({"h0": dh.sum(0)} if p.learned else {})


def fed_back(p: Any) -> dict[str, Array]:
    """h = tanh(A x + B y' + a), y = C h + d: the output of the step before is read."""
    A, B, a, C, d = (p.params[k] for k in "ABaCd")
    x, T = p.series["x"], p.steps
    hs, ys = [None], [p.start("y")]
    for t in range(T):
        hs.append(np.tanh(x[t] @ A.T + ys[-1] @ B.T + a))
        ys.append(hs[-1] @ C.T + d)
    seeds = _misses(p, "y", np.array(ys[1:]))
    out = {k: 0 * v for k, v in p.params.items()}
    dy = np.zeros_like(ys[0])
    for t in range(T, 0, -1):
        total = seeds[t - 1] + dy
        out["C"] = out["C"] + total.T @ hs[t]
        out["d"] = out["d"] + total.sum(0)
        da = (total @ C) * (1 - hs[t] ** 2)
        out["A"] = out["A"] + da.T @ x[t - 1]
        out["B"] = out["B"] + da.T @ ys[t - 1]
        out["a"] = out["a"] + da.sum(0)
        dy = da @ B
    return out | ({"y0": dy.sum(0)} if p.learned else {})


def two_deep(p: Any) -> dict[str, Array]:
    """Two highway layers within a step: s is carried, u is half way."""
    q = p.params
    x, s, tape = p.series["x"], p.start("s"), []
    for t in range(p.steps):
        e = logistic(x[t] @ q["A"].T + s @ q["B"].T)
        k = np.tanh(x[t] @ q["C"].T + s @ q["D"].T)
        u = (1 - e) * s + e * k
        f, r = logistic(u @ q["E"].T), np.tanh(u @ q["F"].T)
        new = (1 - f) * u + f * r
        tape.append({"s": s, "e": e, "k": k, "u": u, "f": f, "r": r, "new": new})
        s = new
    miss = _misses(p, "s", np.array([m["new"] for m in tape]))
    g = {name: np.zeros_like(v) for name, v in q.items()}
    ds = np.zeros_like(s)
    for t in range(p.steps - 1, -1, -1):
        m = tape[t]
        ds = ds + miss[t]
        df = ds * (m["r"] - m["u"]) * m["f"] * (1 - m["f"])
        dr = ds * m["f"] * (1 - m["r"] ** 2)
        du = ds * (1 - m["f"]) + df @ q["E"] + dr @ q["F"]
        g["E"] += df.T @ m["u"]
        g["F"] += dr.T @ m["u"]
        de = du * (m["k"] - m["s"]) * m["e"] * (1 - m["e"])
        dk = du * m["e"] * (1 - m["k"] ** 2)
        for left, right, pre in (("A", "B", de), ("C", "D", dk)):
            g[left] += pre.T @ x[t]
            g[right] += pre.T @ m["s"]
        ds = du * (1 - m["e"]) + de @ q["B"] + dk @ q["D"]
    return g | ({"s0": ds.sum(0)} if p.learned else {})


@cache
def recurrence(name: str) -> Recurrence:
    """The recurrences that ship with no cell."""
    x = {"x": ("m",)}
    made: dict[str, tuple[list[str], dict[str, Any]]] = {
        "update_gate": (
            [r"g_t = \sigma(A x_t + B h_{t-1} + a)", r"c_t = \tanh(C x_t + D h_{t-1} + d)",
             r"h_t = g_t \odot h_{t-1} + (1 - g_t) \odot c_t"],
            dict.fromkeys("gchad", ("n",)) | dict.fromkeys("AC", ("n", "m"))
            | dict.fromkeys("BD", ("n", "n")) | x),
        "low_rank": (
            [r"h_t = \tanh(A B h_{t-1} + C x_t + d)"],
            {"h": ("n",), "d": ("n",), "A": ("n", "k"), "B": ("k", "n"), "C": ("n", "m")} | x),
        "fed_back": (
            [r"h_t = \tanh(A x_t + B y_{t-1} + a)", r"y_t = C h_t + d"],
            {"h": ("n",), "a": ("n",), "y": ("k",), "d": ("k",), "A": ("n", "m"), "B": ("n", "k"),
             "C": ("k", "n")} | x),
        "two_deep": (
            [r"e_t = \sigma(A x_t + B s_{t-1})", r"k_t = \tanh(C x_t + D s_{t-1})",
             r"u_t = (1 - e_t) \odot s_{t-1} + e_t \odot k_t", r"f_t = \sigma(E u_t)",
             r"r_t = \tanh(F u_t)", r"s_t = (1 - f_t) \odot u_t + f_t \odot r_t"],
            dict.fromkeys("ekufrs", ("n",)) | dict.fromkeys("AC", ("n", "m"))
            | dict.fromkeys("BDEF", ("n", "n")) | x),
    }  # fmt: skip
    lines, shapes = made[name]
    return recurrence_from_latex(lines, name=name, shapes=shapes)


# -- losses ---------------------------------------------------------------------------------------

LENGTHS = np.array([4, 2, 3])
IGNORED = -1


def _labels(y: Array) -> Array:
    """Classes, of which two are to be ignored."""
    out = np.argmax(y, axis=2)
    out[0, 1] = out[2, 0] = IGNORED
    return out


def tagged(p: Any, x: Array, y: Array) -> Array:
    """Tags by gated layers in both directions over sentences of different lengths."""
    labels, (T, B) = _labels(y), y.shape[:2]
    live = np.arange(T)[:, None] < LENGTHS
    states = []
    for d, order in (("f", range(T)), ("b", range(T - 1, -1, -1))):
        h, row = np.zeros((B, len(p["u" + d]))), {}
        for t in order:
            z = logistic(x[t] @ p["K" + d].T + h @ p["R" + d].T + p["u" + d])
            new = z * h + (1 - z) * np.tanh(x[t] @ p["W" + d].T)
            h = np.where(live[t][:, None], new, 0 * new)
            row[t] = h
        states.append(np.array([row[t] for t in range(T)]))
    joined = np.concatenate(states, axis=2)
    o = joined @ p["V"].T + p["c"]
    e = np.exp(o)
    counts = live & (labels != IGNORED)
    picked = np.take_along_axis(o, np.maximum(labels, 0)[:, :, None], 2)[:, :, 0]
    nll = np.log(e.sum(2)) - picked
    return (nll * counts).sum(1) / counts.sum()


def tagged_gradient(p: Any, x: Array, y: Array) -> dict[str, Array]:
    labels, (T, B) = _labels(y), y.shape[:2]
    live = np.arange(T)[:, None] < LENGTHS
    n = len(p["uf"])
    runs = {}
    for d, order in (("f", list(range(T))), ("b", list(range(T))[::-1])):
        h, tape = np.zeros((B, n)), []
        for t in order:
            z = logistic(x[t] @ p["K" + d].T + h @ p["R" + d].T + p["u" + d])
            q = np.tanh(x[t] @ p["W" + d].T)
            tape.append((t, h, z, q))
            h = (z * h + (1 - z) * q) * live[t][:, None]
        runs[d] = tape
    H = np.zeros((T, B, 2 * n))
    for at, d in ((0, "f"), (n, "b")):
        for t, h, z, q in runs[d]:
            H[t, :, at : at + n] = (z * h + (1 - z) * q) * live[t][:, None]
    logits = H @ p["V"].T + p["c"]
    soft = np.exp(logits - logits.max(axis=2, keepdims=True))
    soft /= soft.sum(axis=2, keepdims=True)
    counts = live & (labels != IGNORED)
    dlogits = soft
    t_at, b_at = np.nonzero(counts)
    dlogits[t_at, b_at, labels[t_at, b_at]] -= 1
    dlogits = dlogits * counts[:, :, None] / counts.sum()
    g = {k: np.zeros_like(v) for k, v in p.items()}
    g["V"] = np.einsum("tbk,tbn->kn", dlogits, H)
    g["c"] = dlogits.sum(axis=(0, 1))
    dH = dlogits @ p["V"]
    for at, d in ((0, "f"), (n, "b")):
        carry = np.zeros((B, n))
        for t, h, z, q in reversed(runs[d]):
            bar = (dH[t, :, at : at + n] + carry) * live[t][:, None]
            dz = bar * (h - q) * z * (1 - z)
            dq = bar * (1 - z) * (1 - q * q)
            g["W" + d] += dq.T @ x[t]
            g["K" + d] += dz.T @ x[t]
            g["R" + d] += dz.T @ h
            g["u" + d] += dz.sum(axis=0)
            carry = bar * z + dz @ p["R" + d]
    return g


def pooled(p: Any, x: Array, y: Array) -> Array:
    """Additive attention over the states of a simple network, masked; squared error, decay."""
    h, hs = p["h0"], []
    for t in range(len(x)):
        h = np.tanh(x[t] @ p["W"].T + h @ p["U"].T + p["b"])
        hs.append(h)
    H = np.array(hs)
    live = (np.arange(len(x))[:, None] < LENGTHS).astype(float)
    e = live * np.exp(np.tanh(H @ p["M"].T) @ p["v"])
    alpha = e / e.sum(0)
    context = (alpha[:, :, None] * H).sum(0)
    fit = 0.5 * ((context @ p["V"].T + p["d"] - y[0]) ** 2).sum() / len(LENGTHS)
    return fit + 0.01 * ((p["W"] ** 2).sum() + (p["U"] ** 2).sum())


def pooled_gradient(p: Any, x: Array, y: Array) -> dict[str, Array]:
    T, H = len(x), [np.broadcast_to(p["h0"], (x.shape[1], len(p["b"])))]
    for t in range(T):
        H.append(np.tanh(x[t] @ p["W"].T + H[t] @ p["U"].T + p["b"]))
    S = np.array(H[1:])
    live = np.arange(T)[:, None] < LENGTHS
    Q = np.tanh(S @ p["M"].T)
    scores = np.where(live, Q @ p["v"], -np.inf)
    alpha = np.exp(scores - scores.max(0))
    alpha /= alpha.sum(0)
    context = np.einsum("tb,tbn->bn", alpha, S)
    err = (context @ p["V"].T + p["d"] - y[0]) / len(LENGTHS)
    g = {"V": err.T @ context, "d": err.sum(0)}
    dcontext = err @ p["V"]
    dalpha = (S * dcontext).sum(2)
    dscores = alpha * (dalpha - (alpha * dalpha).sum(0))
    g["v"] = np.einsum("tb,tbk->k", dscores, Q)
    dQ = dscores[:, :, None] * p["v"] * (1 - Q**2)
    g["M"] = np.einsum("tbk,tbn->kn", dQ, S)
    dS = alpha[:, :, None] * dcontext + dQ @ p["M"]
    delta, carry = np.zeros_like(S), np.zeros_like(S[0])
    for t in range(T - 1, -1, -1):
        delta[t] = (dS[t] + carry) * (1 - S[t] ** 2)
        carry = delta[t] @ p["U"]
    g["W"] = np.einsum("tbn,tbm->nm", delta, x) + 0.02 * p["W"]
    g["U"] = np.einsum("tbn,tbk->nk", delta, np.array(H[:-1])) + 0.02 * p["U"]
    g["b"], g["h0"] = delta.sum((0, 1)), carry.sum(0)
    return g


def forced(p: Any, x: Array, y: Array) -> Array:
    """An LSTM with normalised pre-activations that reads the true words; mean cross entropy."""
    word, (T, B) = np.argmax(y, 2), y.shape[:2]
    h, c, out = np.tile(p["h0"], (B, 1)), np.zeros((B, len(p["h0"]))), []
    for t in range(T - 1):
        a = np.concatenate([p["E"][word[t]], h], axis=1) @ p["K"].T
        a = a - a.mean(1, keepdims=True)
        a = a / np.sqrt((a * a).mean(1, keepdims=True) + 1e-5)
        i, f, o, g = np.split(p["gain"] * a + p["shift"], 4, axis=1)
        c = logistic(f) * c + logistic(i) * np.tanh(g)
        h = logistic(o) * np.tanh(c)
        s = h @ p["V"].T
        nll = np.log(np.exp(s).sum(1)) - s[np.arange(B), word[t + 1]]
        out.append(nll.mean() / (T - 1))
    return np.array(out)


def forced_gradient(p: Any, x: Array, y: Array) -> dict[str, Array]:
    word, (T, B) = np.argmax(y, 2), y.shape[:2]
    n = len(p["h0"])
    h, c, tape = np.tile(p["h0"], (B, 1)), np.zeros((B, n)), []
    for t in range(T - 1):
        v = np.concatenate([p["E"][word[t]], h], axis=1)
        a = v @ p["K"].T
        mean, std = a.mean(1, keepdims=True), np.sqrt(a.var(1, keepdims=True) + 1e-5)
        unit = (a - mean) / std
        z = p["gain"] * unit + p["shift"]
        i, f, o = (logistic(z[:, k * n : (k + 1) * n]) for k in range(3))
        g = np.tanh(z[:, 3 * n :])
        old, c = c, f * c + i * g
        h = o * np.tanh(c)
        tape.append((v, std, unit, i, f, o, g, old, c, h))
    out = {k: np.zeros_like(w) for k, w in p.items()}
    dh, dc = np.zeros((B, n)), np.zeros((B, n))
    for t in range(T - 2, -1, -1):
        v, std, unit, i, f, o, g, old, c, h = tape[t]
        s = h @ p["V"].T
        prob = np.exp(s) / np.exp(s).sum(1, keepdims=True)
        ds = (prob - np.eye(y.shape[2])[word[t + 1]]) / (B * (T - 1))
        out["V"] += ds.T @ h
        dh = dh + ds @ p["V"]
        tc = np.tanh(c)
        dc = dc + dh * o * (1 - tc**2)
        dz = np.concatenate([dc * g * i * (1 - i), dc * old * f * (1 - f),
                             dh * tc * o * (1 - o), dc * i * (1 - g**2)], axis=1)  # fmt: skip
        out["gain"] += (dz * unit).sum(0)
        out["shift"] += dz.sum(0)
        du = dz * p["gain"]
        da = (du - du.mean(1, keepdims=True) - unit * (du * unit).mean(1, keepdims=True)) / std
        out["K"] += da.T @ v
        dv = da @ p["K"]
        np.add.at(out["E"], word[t], dv[:, :-n])
        dh, dc = dv[:, -n:], dc * f
    out["h0"] = dh.sum(0)
    return out


def residual(p: Any, x: Array, y: Array) -> Array:
    """Two residual layers that share their weights, dropout by given masks; one loss a step."""
    B = x.shape[1]
    drop = (np.random.default_rng(5).random((2, B, len(p["b"]))) < 0.75) / 0.75
    one, two, out = np.zeros((B, len(p["b"]))), np.zeros((B, len(p["b"]))), []
    for t in range(len(x)):
        e = x[t] @ p["W"].T
        one = e + np.tanh(one @ p["U"].T + e * p["w"] + p["b"])
        mid = one * drop[0]
        two = mid + np.tanh(two @ p["U"].T + mid * p["w"] + p["b"])
        out.append(0.5 * (((two * drop[1]) @ p["W"] - y[t]) ** 2).sum() / B)
    return np.array(out)


def residual_gradient(p: Any, x: Array, y: Array) -> dict[str, Array]:
    T, B, n = len(x), x.shape[1], len(p["b"])
    drop = (np.random.default_rng(5).random((2, B, n)) < 0.75) / 0.75
    layers = [[np.zeros((B, n))], [np.zeros((B, n))]]
    tape = []
    for t in range(T):
        v, row = x[t] @ p["W"].T, []
        for k in range(2):
            act = np.tanh(layers[k][-1] @ p["U"].T + v * p["w"] + p["b"])
            row.append((v, act))
            layers[k].append(v + act)
            v = layers[k][-1] * drop[k]
        tape.append((row, v))
    g = {k: np.zeros_like(v) for k, v in p.items()}
    carry = [np.zeros((B, n)), np.zeros((B, n))]
    for t in reversed(range(T)):
        row, top = tape[t]
        err = (top @ p["W"] - y[t]) / B
        g["W"] += top.T @ err
        down = err @ p["W"].T
        for k in (1, 0):
            v, act = row[k]
            bar = down * drop[k] + carry[k]
            da = bar * (1 - act**2)
            g["U"] += da.T @ layers[k][t]
            g["w"] += (da * v).sum(0)
            g["b"] += da.sum(0)
            carry[k] = da @ p["U"]
            down = bar + da * p["w"]
        g["W"] += down.T @ x[t]
    return g


CELLS: dict[str, tuple[str, Callable[..., Any]]] = {
    f.__name__: (f.__name__, f) for f in (update_gate, low_rank, fed_back, two_deep)
}
#: By name: the loss, and its gradient.
PAIRS: dict[str, tuple[str, Callable[..., Any]]] = {
    f"{name}_gradient": (name, made) for name, made in
    (("tagged", tagged_gradient), ("pooled", pooled_gradient), ("forced", forced_gradient),
     ("residual", residual_gradient))
}  # fmt: skip
LOSSES: dict[str, Callable[..., Array]] = {
    "tagged": tagged, "pooled": pooled, "forced": forced, "residual": residual,
}  # fmt: skip


def point(name: str) -> tuple[dict[str, Array], Array, Array]:
    """Parameters, inputs and targets of a pair; T = 4, B = 3, all sizes differ."""
    rng = np.random.default_rng(67)
    n, m, k = 4, 2, 5
    shapes: dict[str, tuple[int, ...]]
    if name == "tagged":
        shapes = {"V": (k, 2 * n), "c": (k,)}
        for d in "fb":
            shapes |= {"W" + d: (n, m), "K" + d: (n, m), "R" + d: (n, n), "u" + d: (n,)}
    elif name == "pooled":
        shapes = {"W": (n, m), "U": (n, n), "b": (n,), "h0": (n,), "M": (3, n), "v": (3,)}
        shapes |= {"V": (k, n), "d": (k,)}
    elif name == "forced":
        shapes = {"E": (k, m), "K": (4 * n, m + n), "gain": (4 * n,), "shift": (4 * n,)}
        shapes |= {"V": (k, n), "h0": (n,)}
    else:
        shapes = {"W": (n, m), "U": (n, n), "w": (n,), "b": (n,)}
        k = m
    params = {key: rng.normal(size=s) / np.sqrt(s[-1]) for key, s in shapes.items()}
    return params, rng.normal(size=(4, 3, m)), rng.normal(size=(4, 3, k))
