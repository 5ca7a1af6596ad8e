"""Recurrences of one's own, each with a gradient by hand.

The GRU whose reset gate acts behind the matrix, an LSTM with a projection, two layers kept in
lists, a diagonal linear state with eligibility traces, a residual cell of two activations.
`presented_changes.py` puts mistakes in.
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
    weight = p.mask * p.loss_weights[:, None]
    return weight[..., None] * (values - p.series[f"\\hat{{{state}}}"])


def reset_after(p: Any) -> dict[str, Array]:
    """The GRU of the fast kernels: two biases, r in front of what the matrix gives."""
    q, x = p.params, p.series["x"]
    names = "ABCDEFabd"
    A, B, C, D, E, F, a, b, d = (q[k] for k in names)
    h, saved = p.start("h"), []
    for xt in x:
        r = logistic(xt @ A.T + h @ D.T + a)
        z = logistic(xt @ B.T + h @ E.T + b)
        m = h @ F.T + q["e"]
        n = np.tanh(xt @ C.T + d + r * m)
        new = (1 - z) * n + z * h
        saved.append((xt, h, r, z, m, n, new))
        h = new
    eh = errors(p, "h", np.array([s[-1] for s in saved]))
    g = {k: np.zeros_like(v) for k, v in q.items()}
    dh = np.zeros_like(h)
    for (xt, h, r, z, m, n, _), e in zip(saved[::-1], eh[::-1], strict=True):
        dh = dh + e
        dn = dh * (1 - z) * (1 - n**2)
        dz = dh * (h - n) * z * (1 - z)
        dm = dn * r
        dr = dn * m * r * (1 - r)
        for k, v in zip("ABC", (dr, dz, dn), strict=True):
            g[k] += v.T @ xt
        for k, v in zip("DEF", (dr, dz, dm), strict=True):
            g[k] += v.T @ h
        for k, v in zip("abde", (dr, dz, dn, dm), strict=True):
            g[k] += v.sum(0)
        dh = dh * z + dr @ D + dz @ E + dm @ F
    if p.learned:
        g["h"] = dh.sum(0)
        g["h0"] = g.pop("h")
    return g


def projected(p: Any) -> dict[str, Array]:
    """An LSTM whose output is projected before it comes back, gates in a dictionary."""
    q, x = p.params, p.series["x"]
    T = p.steps
    rs, cs = [p.start("r")], [p.start("c")]
    tape: list[dict[str, Array]] = []
    for t in range(T):
        k = {
            "f": logistic(x[t] @ q["A"].T + rs[-1] @ q["F"].T),
            "i": logistic(x[t] @ q["B"].T + rs[-1] @ q["I"].T),
            "o": logistic(x[t] @ q["D"].T + rs[-1] @ q["O"].T),
            "g": np.tanh(x[t] @ q["E"].T + rs[-1] @ q["G"].T),
        }
        cs.append(k["f"] * cs[-1] + k["i"] * k["g"])
        k["tc"] = np.tanh(cs[-1])
        k["m"] = k["o"] * k["tc"]
        rs.append(k["m"] @ q["P"].T)
        tape.append(k)
    er, ec = errors(p, "r", np.stack(rs[1:])), errors(p, "c", np.stack(cs[1:]))
    g = {k: np.zeros_like(v) for k, v in q.items()}
    dr, dc = np.zeros_like(rs[0]), np.zeros_like(cs[0])
    for t in range(T - 1, -1, -1):
        k = tape[t]
        dr = dr + er[t]
        g["P"] += dr.T @ k["m"]
        dm = dr @ q["P"]
        dc = dc + ec[t] + dm * k["o"] * (1 - k["tc"] ** 2)
        dgates = {
            "f": dc * cs[t] * k["f"] * (1 - k["f"]),
            "i": dc * k["g"] * k["i"] * (1 - k["i"]),
            "o": dm * k["tc"] * k["o"] * (1 - k["o"]),
            "g": dc * k["i"] * (1 - k["g"] ** 2),
        }
        dr = np.zeros_like(dr)
        for gate, inner, outer in zip("fiog", "ABDE", "FIOG", strict=True):
            g[inner] += dgates[gate].T @ x[t]
            g[outer] += dgates[gate].T @ rs[t]
            dr += dgates[gate] @ q[outer]
        dc = dc * k["f"]
    if p.learned:
        g["r0"], g["c0"] = dr.sum(0), dc.sum(0)
    return g


def stacked(p: Any) -> dict[str, Array]:
    """Two layers as lists of matrices, one loop over steps and one over layers."""
    q, x = p.params, p.series["x"]
    Ws, Us, bs = (q["W"], q["R"]), (q["U"], q["S"]), (q["b"], q["d"])
    T = p.steps
    hs = [[p.start("h")], [p.start("k")]]
    for t in range(T):
        inp = x[t]
        for layer in range(2):
            a = inp @ Ws[layer].T + hs[layer][t] @ Us[layer].T + bs[layer]
            inp = np.tanh(a)
            hs[layer].append(inp)
    e = [errors(p, "h", np.array(hs[0][1:])), errors(p, "k", np.array(hs[1][1:]))]
    dWs, dUs, dbs = ([np.zeros_like(v) for v in row] for row in (Ws, Us, bs))
    carry = [np.zeros_like(hs[0][0]), np.zeros_like(hs[1][0])]
    for t in reversed(range(T)):
        down = 0.0
        for layer in (1, 0):
            total = e[layer][t] + carry[layer] + down
            da = total * (1 - hs[layer][t + 1] ** 2)
            below = hs[layer - 1][t + 1] if layer else x[t]
            dWs[layer] += da.T @ below
            dUs[layer] += da.T @ hs[layer][t]
            dbs[layer] += da.sum(0)
            carry[layer] = da @ Us[layer]
            down = da @ Ws[layer]
    g = {"W": dWs[0], "R": dWs[1], "U": dUs[0], "S": dUs[1], "b": dbs[0], "d": dbs[1]}
    if p.learned:
        g["h0"], g["k0"] = carry[0].sum(0), carry[1].sum(0)
    return g


def traces(p: Any) -> dict[str, Array]:
    """Independent units with a shared leak: eligibility traces, and nothing goes back in time."""
    q, x = p.params, p.series["x"]
    W, u = q["W"], q["u"]
    s = p.start("s")
    B, n = s.shape
    eW, eu, e0 = np.zeros((B, *W.shape)), np.zeros((B, n)), np.ones((B, n))
    target = p.series[r"\hat{s}"]
    g = {k: np.zeros_like(v) for k, v in q.items()}
    d0 = np.zeros((B, n))
    for t in range(p.steps):
        new = np.tanh(x[t] @ W.T + u * s)
        psi = 1 - new * new
        carry = 0.5 + 0.5 * psi * u
        eW = carry[:, :, None] * eW + 0.5 * psi[:, :, None] * x[t][:, None, :]
        eu = carry * eu + 0.5 * psi * s
        e0 = carry * e0
        s = 0.5 * s + 0.5 * new
        learning = (p.mask[t] * p.loss_weights[t])[:, None] * (s - target[t])
        g["W"] += np.einsum("bi,bij->ij", learning, eW)
        g["u"] += (learning * eu).sum(0)
        d0 += learning * e0
    if p.learned:
        g["s0"] = d0.sum(0)
    return g


def residual(p: Any) -> dict[str, Array]:
    """A state that is added to, with one gate and a matrix behind the activation."""
    q, x = p.params, p.series["x"]
    w, T = q["w"], p.steps
    h = np.zeros((T + 1, *p.start("h").shape))
    h[0] = p.start("h")
    g, v = np.zeros((T, p.batch, len(w))), np.zeros((T, p.batch, len(q["A"])))
    for t in range(T):
        v[t] = np.tanh(x[t] @ q["A"].T + h[t] @ q["B"].T)
        g[t] = logistic(w * h[t] + q["b"])
        h[t + 1] = h[t] + g[t] * (v[t] @ q["C"].T)
    e = errors(p, "h", h[1:])
    G = {k: np.zeros_like(a) for k, a in q.items()}
    dh = np.zeros_like(h[0])
    for t in range(T - 1, -1, -1):
        dh += e[t]
        inner = v[t] @ q["C"].T
        dg = dh * inner * g[t] * (1 - g[t])
        dinner = dh * g[t]
        dv = (dinner @ q["C"]) * (1 - v[t] ** 2)
        G["C"] += dinner.T @ v[t]
        G["A"] += dv.T @ x[t]
        G["B"] += dv.T @ h[t]
        G["w"] += (dg * h[t]).sum(0)
        G["b"] += dg.sum(0)
        dh = dh + dg * w + dv @ q["B"]
    if p.learned:
        G["h0"] = dh.sum(0)
    return G


@cache
def recurrence(name: str) -> Recurrence:
    """The recurrences that ship with no cell."""
    n, nm, nn, kn, k = ("n",), ("n", "m"), ("n", "n"), ("k", "n"), ("k",)
    nk, kk, km = ("n", "k"), ("k", "k"), ("k", "m")
    made: dict[str, tuple[list[str], dict[str, Any]]] = {
        "reset_after": (
            [r"r_t = \sigma(A x_t + D h_{t-1} + a)", r"z_t = \sigma(B x_t + E h_{t-1} + b)",
             r"v_t = \tanh(C x_t + d + r_t \odot (F h_{t-1} + e))",
             r"h_t = (1 - z_t) \odot v_t + z_t \odot h_{t-1}"],
            dict.fromkeys("rzvhabde", n) | dict.fromkeys("ABC", nm) | dict.fromkeys("DEF", nn)),
        "projected": (
            [r"f_t = \sigma(A x_t + F r_{t-1})", r"i_t = \sigma(B x_t + I r_{t-1})",
             r"o_t = \sigma(D x_t + O r_{t-1})", r"g_t = \tanh(E x_t + G r_{t-1})",
             r"c_t = f_t \odot c_{t-1} + i_t \odot g_t", r"r_t = P (o_t \odot \tanh(c_t))"],
            dict.fromkeys("fiogc", n) | {"r": k, "P": kn} | dict.fromkeys("ABDE", nm)
            | dict.fromkeys("FIOG", nk)),
        "stacked": (
            [r"h_t = \tanh(W x_t + U h_{t-1} + b)", r"k_t = \tanh(R h_t + S k_{t-1} + d)"],
            {"h": n, "k": k, "W": nm, "U": nn, "b": n, "R": kn, "S": kk, "d": k}),
        "traces": (
            [r"s_t = \frac{1}{2} s_{t-1} + \frac{1}{2} \tanh(W x_t + u \odot s_{t-1})"],
            {"s": n, "W": nm, "u": n}),
        "residual": (
            [r"v_t = \tanh(A x_t + B h_{t-1})", r"g_t = \sigma(w \odot h_{t-1} + b)",
             r"h_t = h_{t-1} + g_t \odot (C v_t)"],
            {"v": k, "g": n, "h": n, "A": km, "B": kn, "C": nk, "w": n, "b": n}),
    }  # fmt: skip
    lines, shapes = made[name]
    return recurrence_from_latex(lines, name=name, shapes=shapes | {"x": ("m",)})


CELLS: dict[str, tuple[str, Any]] = {
    f.__name__: (f.__name__, f) for f in (reset_after, projected, stacked, traces, residual)
}
