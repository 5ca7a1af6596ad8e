"""Wrong gradients as people write them: BPTT by hand in NumPy, with one mistake each.

Nothing of the package is used here: these are what the checker is measured on. ``WRONG`` lists
(cell, bug, what the report should mention); ``right`` are the same functions without a bug.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

Array = Any


def sigmoid(a: Array) -> Array:
    return 1.0 / (1.0 + np.exp(-a))


def elman(p: Any, bug: str = "", memory: dict[str, Any] | None = None) -> dict[str, Array]:
    """h_t = tanh(W x_t + U h_{t-1} + b), y_t = V h_t + c, squared error."""
    w, u, b, v, c = (p.params[k] for k in "WUbVc")
    steps, batch = p.mask.shape
    hidden = len(u)
    x = p.x
    h = np.zeros((steps + 1, batch, hidden), p.dtype)
    h[0] = 0.0 if bug == "forgotten h0" else p.h0
    for t in range(steps):
        h[t + 1] = np.tanh(x[t] @ w.T + h[t] @ u.T + b)
    mask = np.ones_like(p.mask) if bug == "mask ignored" else p.mask
    weight = np.ones_like(p.loss_weights) if bug == "weights ignored" else p.loss_weights
    scale = (mask * weight[:, None])[..., None]
    r = (h[1:] @ v.T + c - p.targets) * scale
    if bug == "loss of last step only":
        r[:-1] = 0
    if bug == "loss of first step missing":
        r[0] = 0
    if bug == "residual sign":
        r = -r
    slope = 1 - h[1:] ** 2
    forms: dict[str, Callable[[], Array]] = {
        "derivative at output": lambda: 1 - np.tanh(h[1:]) ** 2,
        "sigma' for tanh'": lambda: h[1:] * (1 - h[1:]),
        "square lost": lambda: 1 - h[1:],
        "plus for minus": lambda: 1 + h[1:] ** 2,
        "derivative missing": lambda: np.ones_like(slope),
        "derivative squared": lambda: slope**2,
        "fudge 1e-6": lambda: slope + 1e-6,
        "slope of step before": lambda: 1 - h[:-1] ** 2,
        "slope floor": lambda: np.maximum(slope, 1e-3),
        "nan at saturation": lambda: np.where(slope == 0, np.nan, slope),
        "exp overflow": lambda: _tanh_slope_by_exp(p, h, x, w, u, b),
    }
    if bug in forms:
        slope = forms[bug]()
    g = {k: np.zeros_like(a) for k, a in p.params.items() if not k.endswith("0")}
    out = h[:-1] if bug == "dV with h before" else h[1:]
    g["V"] = np.einsum("tbo,tbh->oh", r, out)
    g["c"] = r.sum(0).mean(0) if bug == "dc mean over batch" else r.sum((0, 1))
    prev = h[1:] if bug == "h_t for h_t-1 in dU" else h[:-1]
    if bug == "h0 missing in dU":
        prev = prev.copy()
        prev[0] = 0
    xs = np.roll(x, 1, 0) if bug == "x of step before" else x
    cut = int(bug.split()[-1]) if bug.startswith("truncated at") else None
    dh = np.zeros_like(h[0])
    if cut is not None or bug in ("signs alternate", "lag 2 lost"):
        for t in range(steps):
            d = r[t] @ v
            for s in range(t, -1, -1):
                lag = t - s
                if cut is not None and lag >= cut:
                    break
                d = d * slope[s]
                factor = 1.0
                if bug == "signs alternate":
                    factor = (-1.0) ** lag
                if bug == "lag 2 lost" and lag == 2:
                    factor = 0.0
                g["W"] += factor * d.T @ xs[s]
                g["U"] += factor * d.T @ prev[s]
                g["b"] += factor * d.sum(0)
                d = d @ u
            if t == 0:
                first = d
        dh = first
        if p.learned:
            return {**g, "h0": p.exact["h0"].astype(p.dtype)}
        return g
    dtype = {"float32 sums": np.float32, "float16 sums": np.float16}.get(bug)
    if dtype is not None:
        g = {k: a.astype(dtype) for k, a in g.items()}
    for t in reversed(range(steps)):
        if bug == "skipped first step" and t == 0:
            dh = dh * 0 + (dh + r[t] @ v) * slope[t] @ u
            break
        if bug == "skipped last step" and t == steps - 1:
            continue
        dh = (r[t] @ v) if bug == "dh overwritten" else dh + r[t] @ v
        if bug == "clipped inside":
            dh = np.clip(dh, -0.5, 0.5)
        if bug == "detached every other step" and t % 2:
            dh = r[t] @ v
        da = dh * slope[t]
        if bug == "last hidden unit forgotten" and hidden > 1:
            da = da.copy()
            da[:, -1] = 0
        dw, du = da.T @ xs[t], da.T @ prev[t]
        db = da.sum(0)
        if bug == "dU transposed":
            du = du.T
        if bug == "dU outer of sums":
            du = np.outer(da.sum(0), prev[t].sum(0))
        if bug == "dW outer of sums":
            dw = np.outer(da.sum(0), xs[t].sum(0))
        if bug == "db mean over batch":
            db = da.mean(0)
        if bug == "= for += in dU":
            g["U"] = du
        else:
            g["U"] += du.astype(g["U"].dtype)
        if bug == "= for += in dW":
            g["W"] = dw
        else:
            g["W"] += dw.astype(g["W"].dtype)
        if bug == "= for += in db":
            g["b"] = db
        else:
            g["b"] += db.astype(g["b"].dtype)
        dh = _way_back(bug, da, dh, u, slope[t])
    if p.learned:
        g["h0"] = dh[0] if bug == "h0 of first example" else dh.sum(0)
        if bug == "h0 forgotten":
            g["h0"] = np.zeros_like(g["h0"])
    if bug == "mean over batch":
        g = {k: a / batch for k, a in g.items()}
    if bug == "mean over time":
        g = {k: a / steps for k, a in g.items()}
    if bug == "clipped outside":
        g = {k: np.clip(a, -1, 1) for k, a in g.items()}
    if bug == "rescaled to norm 1":
        size = np.sqrt(sum((a**2).sum() for a in g.values()))
        g = {k: a / max(1.0, size) for k, a in g.items()}
    if bug == "half":
        g["W"] = g["W"] / 2
    if bug == "writes to h0":
        p.h0[...] = 1.0
    if bug == "returned buffer reused":
        assert memory is not None
        for k, a in g.items():
            store = memory.setdefault((k, a.shape), np.empty_like(a))  # type: ignore[call-overload]
            store[...] = a
            g[k] = store
    if bug == "accumulates between calls":
        assert memory is not None
        for k, a in g.items():
            old = memory.get(k)
            memory[k] = a + old if old is not None and old.shape == a.shape else a
            g[k] = memory[k]
    return {k: a.astype(p.dtype) for k, a in g.items()} if dtype is not None else g


def _way_back(bug: str, da: Array, dh: Array, u: Array, slope: Array) -> Array:
    match bug:
        case "U not transposed":
            return da @ u.T
        case "slope after U":
            return (dh @ u) * slope
        case "slope twice on the way":
            return (da * slope) @ u
        case "no slope on the way":
            return dh @ u
        case "decayed":
            return 0.99 * da @ u
        case "sign on the way":
            return -da @ u
        case "symmetrised U":
            return da @ (0.5 * (u + u.T))
    return da @ u


def _tanh_slope_by_exp(p: Any, h: Array, x: Array, w: Array, u: Array, b: Array) -> Array:
    a = np.stack([x[t] @ w.T + h[t] @ u.T + b for t in range(len(x))])
    e = np.exp(2 * np.abs(a))
    return 4 * e / (1 + e) ** 2


def lstm(p: Any, bug: str = "") -> dict[str, Array]:
    """LSTM with stacked rows f, i, o, g; y_t = V h_t + c, squared error."""
    w, u, b, v, c_out = (p.params[k] for k in "WUbVc")
    steps, batch = p.mask.shape
    n = u.shape[1]
    h = np.zeros((steps + 1, batch, n), p.dtype)
    c = np.zeros_like(h)
    h[0], c[0] = p.h0, (0 if bug == "forgotten c0" else p.c0)
    f, i, o, g = (np.zeros((steps, batch, n), p.dtype) for _ in range(4))
    for t in range(steps):
        a = p.x[t] @ w.T + h[t] @ u.T + b
        f[t], i[t], o[t] = (sigmoid(a[:, k * n : (k + 1) * n]) for k in range(3))
        g[t] = np.tanh(a[:, 3 * n :])
        c[t + 1] = f[t] * c[t] + i[t] * g[t]
        h[t + 1] = o[t] * np.tanh(c[t + 1])
    r = (h[1:] @ v.T + c_out - p.targets) * (p.mask * p.loss_weights[:, None])[..., None]
    grads = {"V": np.einsum("tbo,tbh->oh", r, h[1:]), "c": r.sum((0, 1))}
    dw, du, db = np.zeros_like(w), np.zeros_like(u), np.zeros_like(b)
    dh, dc = np.zeros_like(h[0]), np.zeros_like(h[0])
    for t in reversed(range(steps)):
        dh = dh + r[t] @ v
        tc = np.tanh(c[t + 1])
        slope = 1 - tc**2
        if bug == "tanh' of c missing":
            slope = np.ones_like(slope)
        if bug == "tanh' of tanh c":
            slope = 1 - np.tanh(tc) ** 2
        if bug == "1 - c^2":
            slope = 1 - c[t + 1] ** 2
        through_h = dh * o[t] * slope
        if bug == "o missing in dc":
            through_h = dh * slope
        if bug == "no path h to c":
            through_h = 0 * through_h
        dc = through_h if bug == "dc overwritten" else dc + through_h
        if bug == "dc added twice":
            dc = dc + through_h
        do = dh * (c[t + 1] if bug == "do without tanh" else tc)
        df = dc * (c[t + 1] if bug == "c_t for c_t-1 in df" else c[t])
        di, dg = dc * g[t], dc * i[t]
        if bug == "i and g exchanged":
            di, dg = dc * i[t], dc * g[t]
        sf, si, so, sg = f[t] * (1 - f[t]), i[t] * (1 - i[t]), o[t] * (1 - o[t]), 1 - g[t] ** 2
        if bug == "sigma' for g":
            sg = g[t] * (1 - g[t])
        if bug == "tanh' for o":
            so = 1 - o[t] ** 2
        if bug == "tanh' for every gate":
            sf, si, so = 1 - f[t] ** 2, 1 - i[t] ** 2, 1 - o[t] ** 2
        if bug == "1 - f lost":
            sf = f[t]
        if bug == "i's slope missing":
            si = np.ones_like(si)
        if bug == "fudge in f":
            sf = sf + 1e-6
        parts = [df * sf, di * si, do * so, dg * sg]
        da = np.concatenate(parts, 1)
        if bug == "gates f and i exchanged":
            da = np.concatenate([parts[1], parts[0], parts[2], parts[3]], 1)
        if bug == "o of step before":
            da = np.concatenate([parts[0], parts[1], do * o[t - 1] * (1 - o[t - 1]), parts[3]], 1)
        dw += da.T @ p.x[t]
        du += da.T @ (h[t + 1] if bug == "h_t for h_t-1 in dU" else h[t])
        db += da.sum(0)
        back = da.copy()
        for k, gate in enumerate("fiog"):
            if bug == f"no path through {gate}":
                back[:, k * n : (k + 1) * n] = 0
        dh = back @ u
        if bug == "U not transposed":
            dh = sum(back[:, k * n : (k + 1) * n] @ u[k * n : (k + 1) * n].T for k in range(4))
        if bug == "U_o not transposed":
            dh = dh - back[:, 2 * n : 3 * n] @ u[2 * n : 3 * n]
            dh = dh + back[:, 2 * n : 3 * n] @ u[2 * n : 3 * n].T
        if bug == "only f_t back":
            dh = 0 * dh
        dc = dc if bug == "f missing in dc" else dc * f[t]
        if bug == "i for f in dc":
            dc = dc / f[t] * i[t]
        if bug == "no carry of c":
            dc = 0 * dc
    grads |= {"W": dw, "U": du, "b": db}
    if bug == "two biases":
        grads["b"] = 2 * db
    if p.learned:
        grads |= {"h0": dh.sum(0), "c0": dc.sum(0)}
    return grads


ELMAN = [
    "forgotten h0", "mask ignored", "weights ignored", "loss of last step only",
    "loss of first step missing", "residual sign", "derivative at output", "sigma' for tanh'",
    "square lost", "plus for minus", "derivative missing", "derivative squared", "fudge 1e-6",
    "slope of step before", "slope floor", "nan at saturation", "exp overflow",
    "dV with h before", "dc mean over batch", "h_t for h_t-1 in dU", "h0 missing in dU",
    "x of step before", "truncated at 1", "truncated at 2", "truncated at 3", "truncated at 4",
    "truncated at 7", "truncated at 20", "truncated at 60", "truncated at 120",
    "signs alternate", "lag 2 lost", "float32 sums",
    "float16 sums", "skipped first step", "skipped last step", "dh overwritten", "clipped inside",
    "detached every other step", "last hidden unit forgotten", "dU transposed",
    "dU outer of sums", "dW outer of sums", "db mean over batch", "= for += in dU",
    "= for += in dW", "= for += in db", "U not transposed", "slope after U",
    "slope twice on the way", "no slope on the way", "decayed", "sign on the way",
    "symmetrised U", "h0 of first example", "h0 forgotten", "mean over batch", "mean over time",
    "clipped outside", "rescaled to norm 1", "half", "writes to h0", "returned buffer reused",
    "accumulates between calls",
]  # fmt: skip
LSTM = [
    "forgotten c0", "tanh' of c missing", "tanh' of tanh c", "1 - c^2", "o missing in dc",
    "no path h to c", "dc overwritten", "dc added twice", "do without tanh",
    "c_t for c_t-1 in df", "i and g exchanged", "sigma' for g", "tanh' for o",
    "tanh' for every gate", "1 - f lost", "i's slope missing", "fudge in f",
    "gates f and i exchanged", "o of step before", "h_t for h_t-1 in dU", "no path through f",
    "no path through i", "no path through o", "no path through g", "U not transposed",
    "U_o not transposed", "only f_t back", "f missing in dc", "i for f in dc", "no carry of c",
    "two biases",
]  # fmt: skip


def wrong() -> list[tuple[str, str, Callable[[Any], dict[str, Array]]]]:
    """(cell, bug, gradient function) of every wrong gradient."""
    out: list[tuple[str, str, Callable[[Any], dict[str, Array]]]] = []
    for bug in ELMAN:
        out.append(("elman", bug, partial(elman, bug=bug, memory={})))
    out += [("lstm", bug, partial(lstm, bug=bug)) for bug in LSTM]
    return out


RIGHT = {"elman": elman, "lstm": lstm}
