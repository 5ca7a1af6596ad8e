"""Recurrences of one's own and losses of whole models, each with a gradient by hand.

A gate that is shared, a bottleneck, a stack with leaky units; heads with softmax, label smoothing
and weight decay, states that are held at masked steps, two directions. Only the recurrences are
read by the package. `styled_changes.py` puts mistakes in.
"""

# ruff: noqa: E501  # the changed lines are data

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from bptt_sym.read import recurrence_from_latex
from bptt_sym.recurrence import Recurrence

Array = Any


def sigmoid(a: Array) -> Array:
    e = np.exp(-abs(a))
    return np.where(a > 0, 1, e) / (1 + e)


# -- NumPy: recurrences of one's own --------------------------------------------------------------


def misses(p: Any, name: str, value: Array) -> Array:
    scale = (p.mask * p.loss_weights[:, None])[..., None]
    return (value - p.series[f"\\hat{{{name}}}"]) * scale


def shared_gate(p: Any) -> dict[str, Array]:
    """An LSTM whose input gate is 1 - f, with peepholes; weights' gradients after the loop."""
    P = p.params
    W, R, a, k, Q, S, m = (P[j] for j in ("W", "R", "a", "k", "Q", "S", "m"))
    A, B, e, l = (P[j] for j in ("A", "B", "e", "l"))  # noqa: E741
    x = p.series["x"]
    T, N = p.mask.shape
    n = len(k)
    h, c = np.zeros((T + 1, N, n), p.dtype), np.zeros((T + 1, N, n), p.dtype)
    h[0], c[0] = p.start("h"), p.start("c")
    f, g, o = (np.zeros((T, N, n), p.dtype) for _ in range(3))
    for t in range(T):
        f[t] = sigmoid(x[t] @ W.T + h[t] @ R.T + a * c[t] + k)
        g[t] = np.tanh(x[t] @ Q.T + h[t] @ S.T + m)
        c[t + 1] = f[t] * c[t] + (1 - f[t]) * g[t]
        o[t] = sigmoid(x[t] @ A.T + h[t] @ B.T + e * c[t + 1] + l)
        h[t + 1] = o[t] * np.tanh(c[t + 1])
    loss_h, loss_c = misses(p, "h", h[1:]), misses(p, "c", c[1:])
    df, dg, do = (np.zeros((T, N, n), p.dtype) for _ in range(3))
    dh, dc = np.zeros_like(h[0]), np.zeros_like(c[0])
    for t in range(T)[::-1]:
        dh = dh + loss_h[t]
        tc = np.tanh(c[t + 1])
        do[t] = dh * tc * o[t] * (1 - o[t])
        dc = dc + loss_c[t] + dh * o[t] * (1 - tc**2) + do[t] * e
        df[t] = dc * (c[t] - g[t]) * f[t] * (1 - f[t])
        dg[t] = dc * (1 - f[t]) * (1 - g[t] ** 2)
        dh = df[t] @ R + dg[t] @ S + do[t] @ B
        dc = dc * f[t] + df[t] * a
    both = lambda u, v: np.tensordot(u, v, axes=((0, 1), (0, 1)))  # noqa: E731
    out = {
        "W": both(df, x), "R": both(df, h[:-1]), "a": (df * c[:-1]).sum((0, 1)), "k": df.sum((0, 1)),
        "Q": both(dg, x), "S": both(dg, h[:-1]), "m": dg.sum((0, 1)),
        "A": both(do, x), "B": both(do, h[:-1]), "e": (do * c[1:]).sum((0, 1)), "l": do.sum((0, 1)),
    }  # fmt: skip
    if p.learned:
        out |= {"h0": dh.sum(0), "c0": dc.sum(0)}
    return out


def bottleneck(p: Any) -> dict[str, Array]:
    """A residual state, h_t = h_{t-1} + A tanh(B h_{t-1} + C x_t + d), examples one by one."""
    A, B, C, d = (p.params[k] for k in "ABCd")
    T, N = p.mask.shape
    g = {k: np.zeros_like(v) for k, v in p.params.items()}
    g0 = np.zeros_like(p.start("h"))
    for b in range(N):
        h, u = [p.start("h")[b]], []
        for t in range(T):
            u.append(np.tanh(B.dot(h[t]) + C.dot(p.series["x"][t, b]) + d))
            h.append(h[t] + A.dot(u[t]))
        bar = np.zeros_like(h[0])
        for t in range(T, 0, -1):
            bar = (
                bar
                + (h[t] - p.series["\\hat{h}"][t - 1, b]) * p.mask[t - 1, b] * p.loss_weights[t - 1]
            )
            g["A"] += np.outer(bar, u[t - 1])
            pre = A.T.dot(bar) * (1 - u[t - 1] ** 2)
            g["B"] += np.outer(pre, h[t - 1])
            g["C"] += np.outer(pre, p.series["x"][t - 1, b])
            g["d"] += pre
            bar = bar + B.T.dot(pre)
        g0[b] = bar
    if p.learned:
        g["h0"] = g0.sum(0)
    return g


def leaky_stack(p: Any) -> dict[str, Array]:
    """A tanh layer below a layer with one gate, in columns (n, B)."""
    A, B, a, C, D, k, E, F, m = (p.params[j] for j in ("A", "B", "a", "C", "D", "k", "E", "F", "m"))
    T = p.steps
    X = p.series["x"].transpose(0, 2, 1)
    col = lambda v: v[:, None]  # noqa: E731
    h, s = {-1: p.start("h").T}, {-1: p.start("s").T}
    z, q = {}, {}
    for t in range(T):
        h[t] = np.tanh(A @ X[t] + B @ h[t - 1] + col(a))
        z[t] = sigmoid(C @ h[t] + D @ s[t - 1] + col(k))
        q[t] = np.tanh(E @ h[t] + F @ s[t - 1] + col(m))
        s[t] = z[t] * s[t - 1] + (1 - z[t]) * q[t]
    states = lambda v: np.array([v[t].T for t in range(T)])  # noqa: E731
    eh, es = misses(p, "h", states(h)), misses(p, "s", states(s))
    G = {j: np.zeros_like(v) for j, v in p.params.items()}
    below, above = np.zeros_like(h[-1]), np.zeros_like(s[-1])
    for t in range(T - 1, -1, -1):
        above = above + es[t].T
        dz = above * (s[t - 1] - q[t]) * z[t] * (1 - z[t])
        dq = above * (1 - z[t]) * (1 - q[t] ** 2)
        below = below + eh[t].T + C.T @ dz + E.T @ dq
        da = below * (1 - h[t] ** 2)
        G["C"] += dz @ h[t].T
        G["D"] += dz @ s[t - 1].T
        G["k"] += dz.sum(1)
        G["E"] += dq @ h[t].T
        G["F"] += dq @ s[t - 1].T
        G["m"] += dq.sum(1)
        G["A"] += da @ X[t].T
        G["B"] += da @ h[t - 1].T
        G["a"] += da.sum(1)
        above = above * z[t] + D.T @ dz + F.T @ dq
        below = B.T @ da
    if p.learned:
        G["h0"], G["s0"] = below.sum(1), above.sum(1)
    return G


# -- pairs of a loss and a gradient ---------------------------------------------------------------


def smoothed(p: Any, x: Array, y: Array) -> Array:
    """Cross entropy with smoothed labels, a state that is held where the mask is 0, weight decay."""
    mask = np.array([[1, 1, 1], [1, 0, 1], [0, 1, 1], [1, 0, 1]], float)
    label = np.eye(y.shape[2])[np.argmax(y, 2)] * 0.9 + 0.1 / y.shape[2]
    h, out = p["h0"], []
    for t in range(len(x)):
        new = np.tanh(x[t] @ p["W"].T + h @ p["U"].T + p["b"])
        h = mask[t][:, None] * new + (1 - mask[t][:, None]) * h
        z = h @ p["V"].T + p["d"]
        log = z - np.log(np.exp(z).sum(1, keepdims=True))
        out.append(-(label[t] * log).sum(1) @ mask[t] / mask.sum())
    decay = 0.05 * sum((p[k] ** 2).sum() for k in ("W", "U", "V"))
    return np.array([*out, decay])


def smoothed_gradient(p: Any, x: Array, y: Array) -> dict[str, Array]:
    mask = np.array([[1, 1, 1], [1, 0, 1], [0, 1, 1], [1, 0, 1]], float)
    label = np.eye(y.shape[2])[np.argmax(y, 2)] * 0.9 + 0.1 / y.shape[2]
    hs, new = [p["h0"]], []
    for t in range(len(x)):
        new.append(np.tanh(x[t] @ p["W"].T + hs[-1] @ p["U"].T + p["b"]))
        hs.append(np.where(mask[t][:, None] > 0, new[t], hs[-1]))
    g = {k: np.zeros_like(v) for k, v in p.items()}
    dh = np.zeros_like(p["h0"])
    for t in reversed(range(len(x))):
        z = hs[t + 1] @ p["V"].T + p["d"]
        prob = np.exp(z) / np.exp(z).sum(1, keepdims=True)
        dz = (prob - label[t]) * mask[t][:, None] / mask.sum()
        g["V"] += dz.T @ hs[t + 1]
        g["d"] += dz.sum(0)
        dh = dh + dz @ p["V"]
        dnew = dh * mask[t][:, None]
        da = dnew * (1 - new[t] ** 2)
        g["W"] += da.T @ x[t]
        g["U"] += da.T @ hs[t]
        g["b"] += da.sum(0)
        dh = dh * (1 - mask[t][:, None]) + da @ p["U"]
    for k in ("W", "U", "V"):
        g[k] += 2 * 0.05 * p[k]
    g["h0"] = dh
    return g


def two_gated(p: Any, x: Array, y: Array) -> Array:
    """Gated layers in both directions; the two states are added, targets at every step."""
    T, total = len(x), 0.0
    sums = [0.0] * T
    for d in "fr":
        s = p[f"s{d}"]
        for k in range(T):
            t = k if d == "f" else T - 1 - k
            z = 1 / (1 + np.exp(-(x[t] @ p[f"A{d}"].T + s @ p[f"B{d}"].T)))
            q = np.tanh(x[t] @ p[f"C{d}"].T + s @ p[f"D{d}"].T)
            s = z * s + (1 - z) * q
            sums[t] = sums[t] + s
    return np.array([0.5 * ((sums[t] @ p["V"].T - y[t]) ** 2).sum() + total for t in range(T)])


def two_gated_gradient(p: Any, x: Array, y: Array) -> dict[str, Array]:
    T = len(x)
    states: dict[str, list[Array]] = {}
    saved: dict[str, dict[int, tuple[Array, Array, Array]]] = {"f": {}, "r": {}}
    turns = {"f": list(range(T)), "r": list(range(T))[::-1]}
    both = np.zeros((T, *p["sf"].shape))
    for d in "fr":
        states[d] = [p[f"s{d}"]]
        for t in turns[d]:
            s = states[d][-1]
            z = sigmoid(x[t] @ p[f"A{d}"].T + s @ p[f"B{d}"].T)
            q = np.tanh(x[t] @ p[f"C{d}"].T + s @ p[f"D{d}"].T)
            saved[d][t] = (s, z, q)
            states[d].append(z * s + (1 - z) * q)
            both[t] += states[d][-1]
    err = both @ p["V"].T - y
    g = {k: np.zeros_like(v) for k, v in p.items()}
    g["V"] = np.einsum("tbo,tbn->on", err, both)
    for d in "fr":
        ds = np.zeros_like(p[f"s{d}"])
        for t in turns[d][::-1]:
            s, z, q = saved[d][t]
            ds = ds + err[t] @ p["V"]
            dz = ds * (s - q) * z * (1 - z)
            dq = ds * (1 - z) * (1 - q**2)
            g[f"A{d}"] += dz.T @ x[t]
            g[f"B{d}"] += dz.T @ s
            g[f"C{d}"] += dq.T @ x[t]
            g[f"D{d}"] += dq.T @ s
            ds = ds * z + dz @ p[f"B{d}"] + dq @ p[f"D{d}"]
        g[f"s{d}"] = ds
    return g


def point(name: str) -> tuple[dict[str, Array], Array, Array]:
    """Parameters, inputs and targets of a pair; T = 4, B = 3, all sizes differ."""
    rng = np.random.default_rng(11)
    n, m, k = 4, 2, 5
    if name == "smoothed":
        shapes = {"W": (n, m), "U": (n, n), "b": (n,), "V": (k, n), "d": (k,), "h0": (3, n)}
    else:
        shapes = {"V": (k, n)}
        for d in "fr":
            shapes |= {f"A{d}": (n, m), f"B{d}": (n, n), f"C{d}": (n, m), f"D{d}": (n, n)}
            shapes |= {f"s{d}": (3, n)}
    params = {key: rng.normal(size=s) / np.sqrt(s[-1]) for key, s in shapes.items()}
    return params, rng.normal(size=(4, 3, m)), rng.normal(size=(4, 3, k))


# -- what there is --------------------------------------------------------------------------------

#: By name: the recurrence or loss that it belongs to, and the function.
CELLS: dict[str, tuple[str, Callable[..., Any]]] = {
    "shared_gate": ("shared_gate", shared_gate),
    "bottleneck": ("bottleneck", bottleneck),
    "leaky_stack": ("leaky_stack", leaky_stack),
}
PAIRS: dict[str, tuple[str, Callable[..., Any]]] = {
    "smoothed_gradient": ("smoothed", smoothed_gradient),
    "two_gated_gradient": ("two_gated", two_gated_gradient),
}
LOSSES: dict[str, Callable[..., Array]] = {"smoothed": smoothed, "two_gated": two_gated}


@cache
def recurrence(name: str) -> Recurrence:
    """The recurrences that ship with no cell."""
    if name == "shared_gate":
        lines = [
            r"f_t = \sigma(W x_t + R h_{t-1} + a \odot c_{t-1} + k)",
            r"g_t = \tanh(Q x_t + S h_{t-1} + m)",
            r"c_t = f_t \odot c_{t-1} + (1 - f_t) \odot g_t",
            r"o_t = \sigma(A x_t + B h_{t-1} + e \odot c_t + l)",
            r"h_t = o_t \odot \tanh(c_t)",
        ]
        shapes: dict[str, Any] = dict.fromkeys("fgochakmel", ("n",))
        shapes |= (
            dict.fromkeys("RSB", ("n", "n")) | dict.fromkeys("WQA", ("n", "i")) | {"x": ("i",)}
        )
    elif name == "bottleneck":
        lines = [r"u_t = \tanh(B h_{t-1} + C x_t + d)", r"h_t = h_{t-1} + A u_t"]
        shapes = {"h": ("n",), "u": ("k",), "d": ("k",), "x": ("i",)}
        shapes |= {"A": ("n", "k"), "B": ("k", "n"), "C": ("k", "i")}
    else:
        lines = [
            r"h_t = \tanh(A x_t + B h_{t-1} + a)",
            r"z_t = \sigma(C h_t + D s_{t-1} + k)",
            r"q_t = \tanh(E h_t + F s_{t-1} + m)",
            r"s_t = z_t \odot s_{t-1} + (1 - z_t) \odot q_t",
        ]
        shapes = dict.fromkeys("hak", ("n",)) | dict.fromkeys("zqsm", ("n",)) | {"x": ("i",)}
        shapes |= dict.fromkeys("BCDEF", ("n", "n")) | {"A": ("n", "i")}
    return recurrence_from_latex(lines, name=name, shapes=shapes)
