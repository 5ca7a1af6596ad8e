"""Recurrences that users define, each with a gradient by hand.

An LSTM with a projected state, a GRU whose reset gate stands behind the matrix, two layers with a
residual, a memory of two steps, an output that is fed back. Only the recurrences are read by the
package. `reviewed_changes.py` puts mistakes in.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from bptt_sym.read import recurrence_from_latex
from bptt_sym.recurrence import Recurrence

Array = Any


def logistic(a: Array) -> Array:
    return 1.0 / (1.0 + np.exp(-a))


def residuals(p: Any, name: str, value: Array) -> Array:
    """Cotangents of a state's values (T, B, n) from the squared error."""
    return (value - p.series[f"\\hat{{{name}}}"]) * (p.loss_weights[:, None] * p.mask)[..., None]


def projected(p: Any) -> dict[str, Array]:
    """LSTM with a recurrent projection: r = P h goes round."""
    q = p.params
    x, T = p.series["x"], p.steps
    c, r = p.start("c"), p.start("r")
    steps = []
    for t in range(T):
        f = logistic(x[t] @ q["A"].T + r @ q["F"].T + q["a"])
        i = logistic(x[t] @ q["B"].T + r @ q["I"].T + q["b"])
        o = logistic(x[t] @ q["C"].T + r @ q["O"].T + q["d"])
        g = np.tanh(x[t] @ q["D"].T + r @ q["G"].T + q["e"])
        c_new = f * c + i * g
        h = o * np.tanh(c_new)
        r_new = h @ q["P"].T
        steps.append({"f": f, "i": i, "o": o, "g": g, "c": c_new, "h": h, "r": r_new,
                      "c_prev": c, "r_prev": r})  # fmt: skip
        c, r = c_new, r_new
    ec = residuals(p, "c", np.stack([s["c"] for s in steps]))
    er = residuals(p, "r", np.stack([s["r"] for s in steps]))
    grads = {k: np.zeros_like(v) for k, v in q.items()}
    dr, dc = np.zeros_like(r), np.zeros_like(c)
    for t in reversed(range(T)):
        s = steps[t]
        dr = dr + er[t]
        grads["P"] += dr.T @ s["h"]
        dh = dr @ q["P"]
        th = np.tanh(s["c"])
        dc = dc + ec[t] + dh * s["o"] * (1 - th**2)
        pre = {
            "f": dc * s["c_prev"] * s["f"] * (1 - s["f"]),
            "i": dc * s["g"] * s["i"] * (1 - s["i"]),
            "o": dh * th * s["o"] * (1 - s["o"]),
            "g": dc * s["i"] * (1 - s["g"] ** 2),
        }
        dr = np.zeros_like(dr)
        for gate, (w, u, bias) in {"f": "AFa", "i": "BIb", "o": "COd", "g": "DGe"}.items():
            grads[w] += pre[gate].T @ x[t]
            grads[u] += pre[gate].T @ s["r_prev"]
            grads[bias] += pre[gate].sum(axis=0)
            dr += pre[gate] @ q[u]
        dc = dc * s["f"]
    if p.learned:
        grads["r0"], grads["c0"] = dr.sum(0), dc.sum(0)
    return grads


def reset_after(p: Any) -> dict[str, Array]:
    """The GRU of cuDNN: g = tanh(C x + c + r (D h' + d)), h = (1 - z) g + z h'."""
    q = p.params
    x, h = p.series["x"], p.start("h")
    A, B, C, D, E, F = (q[k] for k in "ABCDEF")
    tape, hs = [], []
    for xt in x:
        r = logistic(xt @ A.T + h @ B.T + q["a"])
        z = logistic(xt @ E.T + h @ F.T + q["b"])
        n = h @ D.T + q["d"]
        g = np.tanh(xt @ C.T + q["c"] + r * n)
        tape.append((xt, h, r, z, n, g))
        h = (1 - z) * g + z * h
        hs.append(h)
    err = residuals(p, "h", np.array(hs))
    grad = dict.fromkeys(q, 0.0)
    dh = np.zeros_like(h)
    for (xt, h_prev, r, z, n, g), e in zip(tape[::-1], err[::-1], strict=True):
        dh = dh + e
        dg = dh * (1 - z) * (1 - g * g)
        dz = dh * (h_prev - g) * z * (1 - z)
        dn = dg * r
        dr = dg * n * r * (1 - r)
        for key, d, v in (("A", dr, xt), ("B", dr, h_prev), ("E", dz, xt), ("F", dz, h_prev),
                          ("C", dg, xt), ("D", dn, h_prev)):  # fmt: skip
            grad[key] = grad[key] + d.T @ v
        for key, d in (("a", dr), ("b", dz), ("c", dg), ("d", dn)):
            grad[key] = grad[key] + d.sum(0)
        dh = dh * z + dr @ B + dz @ F + dn @ D
    return grad


def two_layers(p: Any) -> dict[str, Array]:
    """h over a, with the lower state added to the upper one."""
    q = p.params
    x = p.series["x"]
    T = p.steps
    a, h = [p.start("a")], [p.start("h")]
    up = []
    for t in range(T):
        a.append(np.tanh(x[t] @ q["W"].T + a[t] @ q["U"].T + q["b"]))
        up.append(np.tanh(a[t + 1] @ q["R"].T + h[t] @ q["S"].T + q["d"]))
        h.append(up[t] + a[t + 1])
    da_err, dh_err = residuals(p, "a", np.array(a[1:])), residuals(p, "h", np.array(h[1:]))
    g = {k: np.zeros(v.shape, v.dtype) for k, v in q.items()}
    da, dh = np.zeros_like(a[0]), np.zeros_like(h[0])
    for t in range(T - 1, -1, -1):
        dh = dh + dh_err[t]
        dv = dh * (1 - up[t] ** 2)
        g["R"] += dv.T @ a[t + 1]
        g["S"] += dv.T @ h[t]
        g["d"] += dv.sum(0)
        da = da + da_err[t] + dv @ q["R"] + dh
        du = da * (1 - a[t + 1] ** 2)
        g["W"] += du.T @ x[t]
        g["U"] += du.T @ a[t]
        g["b"] += du.sum(0)
        dh = dv @ q["S"]
        da = du @ q["U"]
    if p.learned:
        g |= {"a0": da.sum(0), "h0": dh.sum(0)}
    return g


def slow_memory(p: Any) -> dict[str, Array]:
    """m keeps half of itself and takes in h; h reads m of the step before."""
    q, x, T = p.params, p.series["x"], p.steps
    h, m = p.start("h"), p.start("m")
    H, M = [h], [m]
    for t in range(T):
        h, m = np.tanh(x[t] @ q["W"].T + h @ q["U"].T + m @ q["K"].T), m / 2 + h * q["s"]
        H.append(h)
        M.append(m)
    eh, em = residuals(p, "h", np.array(H[1:])), residuals(p, "m", np.array(M[1:]))
    dW, dU, dK = np.zeros_like(q["W"]), np.zeros_like(q["U"]), np.zeros_like(q["K"])
    ds = np.zeros_like(q["s"])
    gh, gm = np.zeros_like(h), np.zeros_like(m)
    for t in range(T, 0, -1):
        gh += eh[t - 1]
        gm += em[t - 1]
        ga = gh * (1 - H[t] ** 2)
        dW += ga.T @ x[t - 1]
        dU += ga.T @ H[t - 1]
        dK += ga.T @ M[t - 1]
        ds += (gm * H[t - 1]).sum(0)
        gh = ga @ q["U"] + gm * q["s"]
        gm = ga @ q["K"] + gm / 2
    out = {"W": dW, "U": dU, "K": dK, "s": ds}
    if p.learned:
        out["h0"], out["m0"] = gh.sum(0), gm.sum(0)
    return out


def fed_back(p: Any) -> dict[str, Array]:
    """The output goes into the next step beside the state."""
    W, U, F, V, b, e = (p.params[k] for k in ("W", "U", "F", "V", "b", "e"))
    x, h, y = p.series["x"], p.start("h"), p.start("y")
    tape = []
    for t in range(len(x)):
        before = (h, y)
        h = np.tanh(x[t] @ W.T + h @ U.T + y @ F.T + b)
        y = h @ V.T + e
        tape.append((*before, h, y))
    rh = residuals(p, "h", np.array([v[2] for v in tape]))
    ry = residuals(p, "y", np.array([v[3] for v in tape]))
    dW, dU, dF, dV, db, de = (np.zeros_like(v) for v in (W, U, F, V, b, e))
    dh, dy = np.zeros_like(h), np.zeros_like(y)
    for t in reversed(range(len(x))):
        h_prev, y_prev, h, _ = tape[t]
        dy += ry[t]
        dV += dy.T @ h
        de += dy.sum(0)
        dh += rh[t] + dy @ V
        da = dh * (1 - h**2)
        dW += da.T @ x[t]
        dU += da.T @ h_prev
        dF += da.T @ y_prev
        db += da.sum(0)
        dh = da @ U
        dy = da @ F
    grads = {"W": dW, "U": dU, "F": dF, "V": dV, "b": db, "e": de}
    if p.learned:
        grads.update(h0=dh.sum(0), y0=dy.sum(0))
    return grads


@cache
def recurrence(name: str) -> Recurrence:
    """The recurrences that ship with no cell."""
    n, nm, nn = ("n",), ("n", "m"), ("n", "n")
    made: dict[str, tuple[list[str], dict[str, Any]]] = {
        "projected": (
            [r"f_t = \sigma(A x_t + F r_{t-1} + a)", r"i_t = \sigma(B x_t + I r_{t-1} + b)",
             r"o_t = \sigma(C x_t + O r_{t-1} + d)", r"g_t = \tanh(D x_t + G r_{t-1} + e)",
             r"c_t = f_t \odot c_{t-1} + i_t \odot g_t", r"h_t = o_t \odot \tanh(c_t)",
             r"r_t = P h_t"],
            dict.fromkeys("fiogchabde", n) | dict.fromkeys("ABCD", nm)
            | dict.fromkeys("FIOG", ("n", "k")) | {"P": ("k", "n"), "r": ("k",)}),
        "reset_after": (
            [r"r_t = \sigma(A x_t + B h_{t-1} + a)", r"z_t = \sigma(E x_t + F h_{t-1} + b)",
             r"g_t = \tanh(C x_t + c + r_t \odot (D h_{t-1} + d))",
             r"h_t = (1 - z_t) \odot g_t + z_t \odot h_{t-1}"],
            dict.fromkeys("rzghabcd", n) | dict.fromkeys("ACE", nm) | dict.fromkeys("BDF", nn)),
        "two_layers": (
            [r"a_t = \tanh(W x_t + U a_{t-1} + b)", r"h_t = \tanh(R a_t + S h_{t-1} + d) + a_t"],
            dict.fromkeys("ahbd", n) | dict.fromkeys("URS", nn) | {"W": nm}),
        "slow_memory": (
            [r"h_t = \tanh(W x_t + U h_{t-1} + K m_{t-1})",
             r"m_t = \frac{1}{2} m_{t-1} + s \odot h_{t-1}"],
            dict.fromkeys("hms", n) | dict.fromkeys("UK", nn) | {"W": nm}),
        "fed_back": (
            [r"h_t = \tanh(W x_t + U h_{t-1} + F y_{t-1} + b)", r"y_t = V h_t + e"],
            {"h": n, "b": n, "W": nm, "U": nn, "F": ("n", "k"), "V": ("k", "n"), "y": ("k",),
             "e": ("k",)}),
    }  # fmt: skip
    lines, shapes = made[name]
    return recurrence_from_latex(lines, name=name, shapes=shapes | {"x": ("m",)})


CELLS: dict[str, tuple[str, Any]] = {
    f.__name__: (f.__name__, f) for f in (projected, reset_after, two_layers, slow_memory, fed_back)
}
