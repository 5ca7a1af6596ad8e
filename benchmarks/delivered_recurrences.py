"""Recurrences of one's own, each with a gradient by hand.

A minimal gated unit, independent units, an LSTM with peepholes, a leaky network, an LSTM without
an input gate of its own. Only the recurrences are read by the package. `delivered_changes.py` puts
mistakes in.
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


def errors(p: Any, state: str, values: Array) -> Array:
    """Cotangents of a state's values, (T, B, n), from the squared error."""
    off = values - p.series[f"\\hat{{{state}}}"]
    return off * p.mask[:, :, None] * p.loss_weights[:, None, None]


def minimal(p: Any) -> dict[str, Array]:
    """The minimal gated unit: one gate that forgets and lets in."""
    q, x = p.params, p.series["x"]
    hs = [p.start("h")]
    fs, cs = [], []
    for t in range(p.steps):
        f = logistic(x[t] @ q["A"].T + hs[-1] @ q["B"].T + q["a"])
        c = np.tanh(x[t] @ q["C"].T + (f * hs[-1]) @ q["D"].T + q["d"])
        fs.append(f)
        cs.append(c)
        hs.append((1 - f) * hs[-1] + f * c)
    eh = errors(p, "h", np.stack(hs[1:]))
    g = {k: np.zeros_like(v) for k, v in q.items()}
    dh = np.zeros_like(hs[0])
    for t in range(p.steps - 1, -1, -1):
        h, f, c = hs[t], fs[t], cs[t]
        dh = dh + eh[t]
        dac = dh * f * (1 - c**2)
        dfh = dac @ q["D"]
        df = dh * (c - h) + dfh * h
        daf = df * f * (1 - f)
        g["A"] += daf.T @ x[t]
        g["B"] += daf.T @ h
        g["a"] += daf.sum(0)
        g["C"] += dac.T @ x[t]
        g["D"] += dac.T @ (f * h)
        g["d"] += dac.sum(0)
        dh = dh * (1 - f) + dfh * f + daf @ q["B"]
    if p.learned:
        g["h0"] = dh.sum(0)
    return g


def independent(p: Any) -> dict[str, Array]:
    """Two layers of units that see only their own past."""
    q, x = p.params, p.series["x"]
    T = p.steps
    h, k = [p.start("h")], [p.start("k")]
    for t in range(T):
        h.append(np.tanh(x[t] @ q["W"].T + q["u"] * h[-1] + q["b"]))
        k.append(np.tanh(h[-1] @ q["R"].T + q["v"] * k[-1]))
    eh, ek = errors(p, "h", np.stack(h[1:])), errors(p, "k", np.stack(k[1:]))
    dW, dR = np.zeros_like(q["W"]), np.zeros_like(q["R"])
    du, db, dv = (np.zeros_like(q[n]) for n in "ubv")
    dh, dk = np.zeros_like(h[0]), np.zeros_like(k[0])
    for t in reversed(range(T)):
        dak = (dk + ek[t]) * (1 - k[t + 1] ** 2)
        dR += dak.T @ h[t + 1]
        dv += np.sum(dak * k[t], axis=0)
        dk = dak * q["v"]
        dah = (dh + eh[t] + dak @ q["R"]) * (1 - h[t + 1] ** 2)
        dW += dah.T @ x[t]
        du += np.sum(dah * h[t], axis=0)
        db += np.sum(dah, axis=0)
        dh = dah * q["u"]
    g = {"W": dW, "R": dR, "u": du, "b": db, "v": dv}
    if p.learned:
        g["h0"], g["k0"] = dh.sum(0), dk.sum(0)
    return g


def peepholes(p: Any) -> dict[str, Array]:
    """An LSTM whose gates look at the cell, the output gate at the new one."""
    q, x = p.params, p.series["x"]
    c, h = p.start("c"), p.start("h")
    tape = []
    for t in range(p.steps):
        f = logistic(x[t] @ q["A"].T + h @ q["F"].T + q["p"] * c)
        i = logistic(x[t] @ q["B"].T + h @ q["I"].T + q["q"] * c)
        g = np.tanh(x[t] @ q["D"].T + h @ q["G"].T)
        new = f * c + i * g
        o = logistic(x[t] @ q["E"].T + h @ q["O"].T + q["r"] * new)
        tape.append((f, i, g, o, c, new, h, o * np.tanh(new)))
        c, h = new, tape[-1][-1]
    ec = errors(p, "c", np.stack([s[5] for s in tape]))
    eh = errors(p, "h", np.stack([s[7] for s in tape]))
    grads = {k: np.zeros_like(v) for k, v in q.items()}
    dc, dh = np.zeros_like(c), np.zeros_like(h)
    for t in reversed(range(p.steps)):
        f, i, g, o, c_prev, c_new, h_prev, _ = tape[t]
        th = np.tanh(c_new)
        dh = dh + eh[t]
        do = dh * th * o * (1 - o)
        dc = dc + ec[t] + dh * o * (1 - th * th) + do * q["r"]
        df = dc * c_prev * f * (1 - f)
        di = dc * g * i * (1 - i)
        dg = dc * i * (1 - g * g)
        for d, w, u in ((df, "A", "F"), (di, "B", "I"), (dg, "D", "G"), (do, "E", "O")):
            grads[w] += d.T @ x[t]
            grads[u] += d.T @ h_prev
        grads["p"] += (df * c_prev).sum(0)
        grads["q"] += (di * c_prev).sum(0)
        grads["r"] += (do * c_new).sum(0)
        dh = df @ q["F"] + di @ q["I"] + dg @ q["G"] + do @ q["O"]
        dc = dc * f + df * q["p"] + di * q["q"]
    if p.learned:
        grads["c0"], grads["h0"] = dc.sum(0), dh.sum(0)
    return grads


def leaky(p: Any) -> dict[str, Array]:
    """Leaky units with feedback of the output: an echo network all of which is trained."""
    q, x = p.params, p.series["x"]
    h, y = p.start("h"), p.start("y")
    pre, states, outs = [], [h], [y]
    for t in range(p.steps):
        u = np.tanh(x[t] @ q["W"].T + states[-1] @ q["U"].T + outs[-1] @ q["F"].T)
        pre.append(u)
        states.append(0.75 * states[-1] + 0.25 * u)
        outs.append(states[-1] @ q["V"].T + q["c"])
    eh, ey = errors(p, "h", np.stack(states[1:])), errors(p, "y", np.stack(outs[1:]))
    dW, dU, dF, dV, dc = (np.zeros_like(q[k]) for k in "WUFVc")
    dh, dy = np.zeros_like(h), np.zeros_like(y)
    for t in range(p.steps - 1, -1, -1):
        dy = dy + ey[t]
        dV += dy.T @ states[t + 1]
        dc += dy.sum(0)
        dh = dh + eh[t] + dy @ q["V"]
        da = 0.25 * dh * (1 - pre[t] ** 2)
        dW += da.T @ x[t]
        dU += da.T @ states[t]
        dF += da.T @ outs[t]
        dh = 0.75 * dh + da @ q["U"]
        dy = da @ q["F"]
    g = {"W": dW, "U": dU, "F": dF, "V": dV, "c": dc}
    if p.learned:
        g.update(h0=dh.sum(0), y0=dy.sum(0))
    return g


def coupled(p: Any) -> dict[str, Array]:
    """An LSTM that lets in what it does not keep."""
    q, x = p.params, p.series["x"]
    c, h = p.start("c"), p.start("h")
    kept: list[tuple[Array, ...]] = []
    for t in range(p.steps):
        f = logistic(x[t] @ q["A"].T + h @ q["F"].T + q["a"])
        o = logistic(x[t] @ q["B"].T + h @ q["O"].T + q["b"])
        g = np.tanh(x[t] @ q["D"].T + h @ q["G"].T + q["d"])
        new = f * c + (1 - f) * g
        kept.append((f, o, g, c, h, new))
        c, h = new, o * np.tanh(new)
    news = np.stack([s[5] for s in kept])
    ec = errors(p, "c", news)
    eh = errors(p, "h", np.stack([s[1] for s in kept]) * np.tanh(news))
    grads = {k: np.zeros_like(v) for k, v in q.items()}
    dh, dc = np.zeros_like(h), np.zeros_like(c)
    for t in range(p.steps)[::-1]:
        f, o, g, c_prev, h_prev, c_new = kept[t]
        dh = dh + eh[t]
        s = np.tanh(c_new)
        dc = dc + ec[t] + dh * o * (1 - s**2)
        daf = dc * (c_prev - g) * f * (1 - f)
        dao = dh * s * o * (1 - o)
        dag = dc * (1 - f) * (1 - g**2)
        grads["A"] += daf.T @ x[t]
        grads["B"] += dao.T @ x[t]
        grads["D"] += dag.T @ x[t]
        grads["F"] += daf.T @ h_prev
        grads["O"] += dao.T @ h_prev
        grads["G"] += dag.T @ h_prev
        grads["a"] += daf.sum(0)
        grads["b"] += dao.sum(0)
        grads["d"] += dag.sum(0)
        dh = daf @ q["F"] + dao @ q["O"] + dag @ q["G"]
        dc = dc * f
    if p.learned:
        grads["c0"], grads["h0"] = dc.sum(0), dh.sum(0)
    return grads


@cache
def recurrence(name: str) -> Recurrence:
    """The recurrences that ship with no cell."""
    n, nm, nn, kn, k = ("n",), ("n", "m"), ("n", "n"), ("k", "n"), ("k",)
    made: dict[str, tuple[list[str], dict[str, Any]]] = {
        "minimal": (
            [r"f_t = \sigma(A x_t + B h_{t-1} + a)",
             r"c_t = \tanh(C x_t + D (f_t \odot h_{t-1}) + d)",
             r"h_t = (1 - f_t) \odot h_{t-1} + f_t \odot c_t"],
            dict.fromkeys("fchad", n) | dict.fromkeys("AC", nm) | dict.fromkeys("BD", nn)),
        "independent": (
            [r"h_t = \tanh(W x_t + u \odot h_{t-1} + b)",
             r"k_t = \tanh(R h_t + v \odot k_{t-1})"],
            dict.fromkeys("hub", n) | dict.fromkeys("kv", k) | {"W": nm, "R": kn}),
        "peepholes": (
            [r"f_t = \sigma(A x_t + F h_{t-1} + p \odot c_{t-1})",
             r"i_t = \sigma(B x_t + I h_{t-1} + q \odot c_{t-1})",
             r"g_t = \tanh(D x_t + G h_{t-1})",
             r"c_t = f_t \odot c_{t-1} + i_t \odot g_t",
             r"o_t = \sigma(E x_t + O h_{t-1} + r \odot c_t)",
             r"h_t = o_t \odot \tanh(c_t)"],
            dict.fromkeys("figochpqr", n) | dict.fromkeys("ABDE", nm) | dict.fromkeys("FIGO", nn)),
        "leaky": (
            [r"u_t = \tanh(W x_t + U h_{t-1} + F y_{t-1})",
             r"h_t = \frac{3}{4} h_{t-1} + \frac{1}{4} u_t", r"y_t = V h_t + c"],
            {"u": n, "h": n, "y": k, "W": nm, "U": nn, "F": ("n", "k"), "V": kn, "c": k}),
        "coupled": (
            [r"f_t = \sigma(A x_t + F h_{t-1} + a)", r"o_t = \sigma(B x_t + O h_{t-1} + b)",
             r"g_t = \tanh(D x_t + G h_{t-1} + d)",
             r"c_t = f_t \odot c_{t-1} + (1 - f_t) \odot g_t", r"h_t = o_t \odot \tanh(c_t)"],
            dict.fromkeys("fogchabd", n) | dict.fromkeys("ABD", nm) | dict.fromkeys("FOG", nn)),
    }  # fmt: skip
    lines, shapes = made[name]
    return recurrence_from_latex(lines, name=name, shapes=shapes | {"x": ("m",)})


CELLS: dict[str, tuple[str, Any]] = {
    f.__name__: (f.__name__, f) for f in (minimal, independent, peepholes, leaky, coupled)
}
