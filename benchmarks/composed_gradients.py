"""Wrong gradients of composed cells: BPTT by hand in NumPy with one line of its source changed.

A third set beside ``wrong_gradients.py`` and ``edited_gradients.py``, for recurrences of one's own:
two layers with dropout between them, an LSTM with peepholes, one matrix used twice, a GRU that
resets after the product. Only the recurrences are the package's; the gradients use nothing of it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from source_edits import with_pieces

from bptt_sym.read import recurrence_from_latex
from bptt_sym.recurrence import Recurrence

Array = Any


def sigmoid(a: Array) -> Array:
    return 1.0 / (1.0 + np.exp(-a))


def _scale(p: Any) -> Array:
    return (p.mask * p.loss_weights[:, None])[..., None]


def _residual(p: Any, name: str, value: Array) -> Array:
    return (value - p.series[f"\\hat{{{name}}}"]) * _scale(p)


def stacked(p: Any) -> dict[str, Array]:
    w, u, b, v, r, a = (p.params[k] for k in ("W", "U", "b", "V", "R", "a"))
    x, drop = p.series["x"], p.series["d"]
    steps, batch = p.mask.shape
    h = np.zeros((steps + 1, batch, len(u)), p.dtype)
    g = np.zeros((steps + 1, batch, len(r)), p.dtype)
    h[0], g[0] = p.start("h"), p.start("g")
    for t in range(steps):
        h[t + 1] = np.tanh(x[t] @ w.T + h[t] @ u.T + b)
        g[t + 1] = np.tanh((drop[t] * h[t + 1]) @ v.T + g[t] @ r.T + a)
    eh, eg = _residual(p, "h", h[1:]), _residual(p, "g", g[1:])
    out = {k: np.zeros_like(m) for k, m in p.params.items()}
    dh, dg = np.zeros_like(h[0]), np.zeros_like(g[0])
    for t in reversed(range(steps)):
        dg = dg + eg[t]
        zg = dg * (1 - g[t + 1] ** 2)
        out["V"] += zg.T @ (drop[t] * h[t + 1])
        out["R"] += zg.T @ g[t]
        out["a"] += zg.sum(0)
        dh = dh + eh[t] + drop[t] * (zg @ v)
        zh = dh * (1 - h[t + 1] ** 2)
        out["W"] += zh.T @ x[t]
        out["U"] += zh.T @ h[t]
        out["b"] += zh.sum(0)
        dg = zg @ r
        dh = zh @ u
    if p.learned:
        out["h0"], out["g0"] = dh.sum(0), dg.sum(0)
    return out


def peephole(p: Any) -> dict[str, Array]:
    q = p.params
    x = p.series["x"]
    steps, batch = p.mask.shape
    n = len(q["U_i"])
    h, c = np.zeros((2, steps + 1, batch, n), p.dtype)
    i, f, o, g = np.zeros((4, steps, batch, n), p.dtype)
    h[0], c[0] = p.start("h"), p.start("c")
    for t in range(steps):
        i[t] = sigmoid(x[t] @ q["W_i"].T + h[t] @ q["U_i"].T + q["p_i"] * c[t] + q["b_i"])
        f[t] = sigmoid(x[t] @ q["W_f"].T + h[t] @ q["U_f"].T + q["p_f"] * c[t] + q["b_f"])
        g[t] = np.tanh(x[t] @ q["W_g"].T + h[t] @ q["U_g"].T + q["b_g"])
        c[t + 1] = f[t] * c[t] + i[t] * g[t]
        o[t] = sigmoid(x[t] @ q["W_o"].T + h[t] @ q["U_o"].T + q["p_o"] * c[t + 1] + q["b_o"])
        h[t + 1] = o[t] * np.tanh(c[t + 1])
    eh, ec = _residual(p, "h", h[1:]), _residual(p, "c", c[1:])
    out = {k: np.zeros_like(m) for k, m in q.items()}
    dh, dc = np.zeros_like(h[0]), np.zeros_like(c[0])
    for t in reversed(range(steps)):
        dh = dh + eh[t]
        tc = np.tanh(c[t + 1])
        ao = dh * tc * o[t] * (1 - o[t])
        dc = dc + ec[t] + dh * o[t] * (1 - tc**2) + ao * q["p_o"]
        ai = dc * g[t] * i[t] * (1 - i[t])
        af = dc * c[t] * f[t] * (1 - f[t])
        ag = dc * i[t] * (1 - g[t] ** 2)
        for k, a in (("i", ai), ("f", af), ("o", ao), ("g", ag)):
            out[f"W_{k}"] += a.T @ x[t]
            out[f"U_{k}"] += a.T @ h[t]
            out[f"b_{k}"] += a.sum(0)
        out["p_i"] += (ai * c[t]).sum(0)
        out["p_f"] += (af * c[t]).sum(0)
        out["p_o"] += (ao * c[t + 1]).sum(0)
        dh = ai @ q["U_i"] + af @ q["U_f"] + ao @ q["U_o"] + ag @ q["U_g"]
        dc = dc * f[t] + ai * q["p_i"] + af * q["p_f"]
    if p.learned:
        out["h0"], out["c0"] = dh.sum(0), dc.sum(0)
    return out


def tied(p: Any) -> dict[str, Array]:
    w, b = p.params["W"], p.params["b"]
    x = p.series["x"]
    steps, batch = p.mask.shape
    h = np.zeros((steps + 1, batch, len(w)), p.dtype)
    h[0] = p.start("h")
    for t in range(steps):
        h[t + 1] = np.tanh(h[t] @ w.T + x[t] @ w + b)
    e = _residual(p, "h", h[1:])
    dw, db, dh = np.zeros_like(w), np.zeros_like(b), np.zeros_like(h[0])
    for t in reversed(range(steps)):
        dh = dh + e[t]
        a = dh * (1 - h[t + 1] ** 2)
        dw += a.T @ h[t]
        dw += x[t].T @ a
        db += a.sum(0)
        dh = a @ w
    out = {"W": dw, "b": db}
    if p.learned:
        out["h0"] = dh.sum(0)
    return out


def reset_after(p: Any) -> dict[str, Array]:
    q = p.params
    x = p.series["x"]
    steps, batch = p.mask.shape
    n = len(q["U_r"])
    h = np.zeros((steps + 1, batch, n), p.dtype)
    r, z, g, m = np.zeros((4, steps, batch, n), p.dtype)
    h[0] = p.start("h")
    for t in range(steps):
        r[t] = sigmoid(x[t] @ q["W_r"].T + h[t] @ q["U_r"].T + q["b_r"])
        z[t] = sigmoid(x[t] @ q["W_z"].T + h[t] @ q["U_z"].T + q["b_z"])
        m[t] = h[t] @ q["U_g"].T + q["k_g"]
        g[t] = np.tanh(x[t] @ q["W_g"].T + q["b_g"] + r[t] * m[t])
        h[t + 1] = (1 - z[t]) * g[t] + z[t] * h[t]
    e = _residual(p, "h", h[1:])
    out = {k: np.zeros_like(v) for k, v in q.items()}
    dh = np.zeros_like(h[0])
    for t in reversed(range(steps)):
        dh = dh + e[t]
        ag = dh * (1 - z[t]) * (1 - g[t] ** 2)
        az = dh * (h[t] - g[t]) * z[t] * (1 - z[t])
        ar = ag * m[t] * r[t] * (1 - r[t])
        am = ag * r[t]
        for k, a in (("r", ar), ("z", az), ("g", ag)):
            out[f"W_{k}"] += a.T @ x[t]
            out[f"b_{k}"] += a.sum(0)
        out["U_r"] += ar.T @ h[t]
        out["U_z"] += az.T @ h[t]
        out["U_g"] += am.T @ h[t]
        out["k_g"] += am.sum(0)
        dh = dh * z[t] + ar @ q["U_r"] + az @ q["U_z"] + am @ q["U_g"]
    if p.learned:
        out["h0"] = dh.sum(0)
    return out


RIGHT = {"stacked": stacked, "peephole": peephole, "tied": tied, "reset_after": reset_after}


@cache
def recurrence(name: str) -> Recurrence:
    n, m = ("n",), ("m",)
    if name == "stacked":
        return recurrence_from_latex(
            [
                r"h_t = \tanh(W x_t + U h_{t-1} + b)",
                r"g_t = \tanh(V (d_t \odot h_t) + R g_{t-1} + a)",
            ],
            name=name,
            shapes={
                "h": n,
                "d": n,
                "g": m,
                "x": ("k",),
                "W": ("n", "k"),
                "U": ("n", "n"),
                "b": n,
                "V": ("m", "n"),
                "R": ("m", "m"),
                "a": m,
            },
        )
    if name == "peephole":
        lines = [
            rf"{k}_t = \sigma(W_{k} x_t + U_{k} h_{{t-1}} + p_{k} \odot c_{{{s}}} + b_{k})"
            for k, s in (("i", "t-1"), ("f", "t-1"), ("o", "t"))
        ]
        lines.insert(2, r"g_t = \tanh(W_g x_t + U_g h_{t-1} + b_g)")
        lines.insert(3, r"c_t = f_t \odot c_{t-1} + i_t \odot g_t")
        lines.append(r"h_t = o_t \odot \tanh(c_t)")
        shapes = dict.fromkeys("ifogch", n) | {"x": ("k",)}
        for k in "ifog":
            shapes |= {f"W_{k}": ("n", "k"), f"U_{k}": ("n", "n"), f"b_{k}": n}
        shapes |= {f"p_{k}": n for k in "ifo"}
        return recurrence_from_latex(lines, name=name, shapes=shapes)
    if name == "tied":
        return recurrence_from_latex(
            [r"h_t = \tanh(W h_{t-1} + W^T x_t + b)"],
            name=name,
            shapes={"h": n, "x": n, "b": n, "W": ("n", "n")},
        )
    lines = [rf"{k}_t = \sigma(W_{k} x_t + U_{k} h_{{t-1}} + b_{k})" for k in "rz"]
    lines.append(r"g_t = \tanh(W_g x_t + b_g + r_t \odot (U_g h_{t-1} + k_g))")
    lines.append(r"h_t = (1 - z_t) \odot g_t + z_t \odot h_{t-1}")
    shapes = dict.fromkeys("rzgh", n) | {"x": ("k",), "k_g": n}
    for k in "rzg":
        shapes |= {f"W_{k}": ("n", "k"), f"U_{k}": ("n", "n"), f"b_{k}": n}
    return recurrence_from_latex(lines, name=name, shapes=shapes)


EDITS: list[tuple[str, str, str, str]] = [
    ("stacked", "mask of dropout not applied on the way back", "drop[t] * (zg @ v)", "zg @ v"),
    (
        "stacked",
        "dropout of another step on the way back",
        "drop[t] * (zg @ v)",
        "drop[t - 1] * (zg @ v)",
    ),
    (
        "stacked",
        "dropout redrawn in dV",
        "zg.T @ (drop[t] * h[t + 1])",
        "zg.T @ (drop[::-1][t] * h[t + 1])",
    ),
    ("stacked", "layers cut", " + drop[t] * (zg @ v)", ""),
    (
        "stacked",
        "upper layer feeds lower state of step before",
        "dg = zg @ r\n        dh = zh @ u",
        "dg = zg @ r\n        dh = (zh + drop[t] * (zg @ v)) @ u",
    ),
    ("stacked", "R for R^T", "dg = zg @ r\n", "dg = zg @ r.T\n"),
    ("stacked", "dV with h before", "zg.T @ (drop[t] * h[t + 1])", "zg.T @ (drop[t] * h[t])"),
    (
        "stacked",
        "h0 gradient not summed through g",
        'out["h0"], out["g0"] = dh.sum(0), dg.sum(0)',
        'out["h0"], out["g0"] = dh.sum(0), dg[0]',
    ),
    (
        "stacked",
        "loss of lower layer twice",
        "dh = dh + eh[t] + drop",
        "dh = dh + 2 * eh[t] + drop",
    ),
    (
        "stacked",
        "loss weights squared",
        'eh, eg = _residual(p, "h", h[1:]), _residual(p, "g", g[1:])',
        'eh, eg = _residual(p, "h", h[1:]) * _scale(p), _residual(p, "g", g[1:]) * _scale(p)',
    ),
    (
        "stacked",
        "mask applied to the carried cotangent",
        "dg = zg @ r\n        dh = zh @ u",
        "dg = (zg @ r) * p.mask[t][:, None]\n        dh = (zh @ u) * p.mask[t][:, None]",
    ),
    ("peephole", "peephole of o forgotten on the way back", ' + ao * q["p_o"]', ""),
    ("peephole", "peephole of i forgotten on the way back", ' + ai * q["p_i"]', ""),
    ("peephole", "dp_o with c before", "(ao * c[t + 1]).sum(0)", "(ao * c[t]).sum(0)"),
    ("peephole", "dp_f with c after", "(af * c[t]).sum(0)", "(af * c[t + 1]).sum(0)"),
    ("peephole", "dp_i mean over the batch", "(ai * c[t]).sum(0)", "(ai * c[t]).mean(0)"),
    (
        "peephole",
        "peepholes exchanged",
        '+ ai * q["p_i"] + af * q["p_f"]',
        '+ ai * q["p_f"] + af * q["p_i"]',
    ),
    ("peephole", "c0 not passed through f", "dc = dc * f[t] + ai", "dc = dc + ai"),
    ("peephole", "tanh of o's c missing", "ao = dh * tc * o[t]", "ao = dh * c[t + 1] * o[t]"),
    ("tied", "counted once (recurrent)", "        dw += x[t].T @ a\n", ""),
    ("tied", "counted once (input)", "        dw += a.T @ h[t]\n", ""),
    ("tied", "second use not transposed", "dw += x[t].T @ a", "dw += a.T @ x[t]"),
    ("tied", "carried back by the other use", "dh = a @ w\n", "dh = a @ w.T\n"),
    (
        "reset_after",
        "reset before on the way back",
        'out["U_g"] += am.T @ h[t]',
        'out["U_g"] += ag.T @ (r[t] * h[t])',
    ),
    (
        "reset_after",
        "recurrent bias not reset",
        'out["k_g"] += am.sum(0)',
        'out["k_g"] += ag.sum(0)',
    ),
    ("reset_after", "dr without the bias", "ar = ag * m[t] * r", 'ar = ag * (m[t] - q["k_g"]) * r'),
    ("reset_after", "z and 1-z exchanged", "dh = dh * z[t] + ar", "dh = dh * (1 - z[t]) + ar"),
    (
        "reset_after",
        "saved g overwritten by m",
        "ag = dh * (1 - z[t]) * (1 - g[t] ** 2)",
        "ag = dh * (1 - z[t]) * (1 - np.tanh(m[t]) ** 2)",
    ),
    (
        "reset_after",
        "teacher's state in dz",
        "az = dh * (h[t] - g[t])",
        'az = dh * (p.series["\\\\hat{h}"][t - 1] - g[t])',
    ),
    ("reset_after", "h0 gradient lost", 'out["h0"] = dh.sum(0)', 'out["h0"] = 0 * dh.sum(0)'),
]


def wrong() -> list[tuple[str, str, Callable[[Any], dict[str, Array]]]]:
    """(cell, bug, gradient) of every change."""
    out = []
    for cell, bug, old, new in EDITS:
        out.append((cell, bug, with_pieces(cell, RIGHT[cell], old, new, globals())))
    return out
