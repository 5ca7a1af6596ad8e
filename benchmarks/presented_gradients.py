"""Gradients of the named cells as talks, assignments and small libraries present them.

A tape of closures, forward sensitivities, tangents one at a time, Jacobians by `diag`, kernels in
another library's order, an LSTM gate by gate in dictionaries, checkpoints with recomputation,
layers as objects, a flat vector of weights. `presented_changes.py` puts mistakes in.
"""
# ruff: noqa: E741  # sizes have the names of their axes

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Array = Any

POOL: dict[str, Array] = {}


def logistic(a: Array) -> Array:
    return 1.0 / (1.0 + np.exp(-a))


def taped(p: Any) -> dict[str, Array]:
    """A network of sixty lines of automatic differentiation."""

    class Tensor:
        def __init__(self, data: Array, parents: Any = ()) -> None:
            self.data, self.parents = data, parents
            self.grad = np.zeros_like(data)
            self.push: Any = lambda: None

        def __add__(self, other: Any) -> Any:
            out = Tensor(self.data + other.data, (self, other))

            def push() -> None:
                self.grad += out.grad
                g = out.grad
                while g.ndim > other.data.ndim:
                    g = g.sum(0)
                other.grad += g

            out.push = push
            return out

        def times(self, weight: Any) -> Any:
            out = Tensor(self.data @ weight.data.T, (self, weight))

            def push() -> None:
                self.grad += out.grad @ weight.data
                weight.grad += out.grad.T @ self.data

            out.push = push
            return out

        def tanh(self) -> Any:
            out = Tensor(np.tanh(self.data), (self,))

            def push() -> None:
                self.grad += out.grad * (1 - out.data * out.data)

            out.push = push
            return out

    P = {k: Tensor(v) for k, v in p.params.items()}
    h0 = h = Tensor(np.array(p.h0))
    xs = [Tensor(np.array(x)) for x in p.x]
    outs = []
    for x in xs:
        h = (x.times(P["W"]) + h.times(P["U"]) + P["b"]).tanh()
        outs.append(h.times(P["V"]) + P["c"])
    order: list[Tensor] = []
    seen: set[int] = set()
    stack: list[tuple[Tensor, bool]] = [(y, False) for y in outs]
    while stack:
        node, done = stack.pop()
        if done:
            order.append(node)
            continue
        if id(node) in seen:
            continue
        seen.add(id(node))
        stack.append((node, True))
        stack.extend((q, False) for q in node.parents)
    for t, y in enumerate(outs):
        weight = p.loss_weights[t] * p.mask[t][:, None]
        y.grad = y.grad + weight * (y.data - p.targets[t])
    for node in reversed(order):
        node.push()
    g = {k: v.grad for k, v in P.items()}
    g["h0"] = h0.grad.sum(0) if p.learned else h0.grad
    g["x"] = np.array([x.grad for x in xs])
    return g


def sensitivities(p: Any) -> dict[str, Array]:
    """Real-time recurrent learning: dh/dW and dh/dU are carried forward with the state."""
    W, U, b, V, c = (p.params[k] for k in "WUbVc")
    H, I = W.shape
    B = p.batch
    h = p.h0.copy()
    SW = np.zeros((B, H, H, I), p.dtype)
    SU = np.zeros((B, H, H, H), p.dtype)
    Sb = np.zeros((B, H, H), p.dtype)
    S0 = np.tile(np.eye(H, dtype=p.dtype), (B, 1, 1))
    g = {k: np.zeros_like(v) for k, v in p.params.items()}
    dh0 = np.zeros_like(p.h0)
    eye = np.eye(H)
    for t in range(p.steps):
        new = np.tanh(p.x[t] @ W.T + h @ U.T + b)
        slope = 1 - new**2
        SW = np.einsum("ij,bjkl->bikl", U, SW) + np.einsum("ik,bl->bikl", eye, p.x[t])
        SU = np.einsum("ij,bjkl->bikl", U, SU) + np.einsum("ik,bl->bikl", eye, h)
        Sb = np.einsum("ij,bjk->bik", U, Sb) + eye
        S0 = np.einsum("ij,bjk->bik", U, S0)
        SW, SU = slope[:, :, None, None] * SW, slope[:, :, None, None] * SU
        Sb, S0 = slope[:, :, None] * Sb, slope[:, :, None] * S0
        h = new
        e = (h @ V.T + c - p.targets[t]) * (p.mask[t] * p.loss_weights[t])[:, None]
        d = e @ V
        g["V"] += e.T @ h
        g["c"] += e.sum(0)
        g["W"] += np.einsum("bi,bikl->kl", d, SW)
        g["U"] += np.einsum("bi,bikl->kl", d, SU)
        g["b"] += np.einsum("bi,bik->k", d, Sb)
        dh0 += np.einsum("bi,bik->bk", d, S0)
    g["h0"] = dh0.sum(0) if p.learned else dh0
    return g


def tangents(p: Any) -> dict[str, Array]:
    """Forward mode: one directional derivative for every single weight."""
    g = {}
    W, U, b, V, c = (p.params[k] for k in "WUbVc")
    for name, value in p.params.items():
        out = np.zeros_like(value)
        for index in np.ndindex(value.shape):
            dot = {k: np.zeros_like(v) for k, v in p.params.items()}
            dot[name][index] = 1.0
            h, dh = p.h0, np.zeros_like(p.h0)
            total = 0.0
            for t in range(p.steps):
                da = p.x[t] @ dot["W"].T + h @ dot["U"].T + dh @ U.T + dot["b"]
                h = logistic(p.x[t] @ W.T + h @ U.T + b)
                dh = h * (1 - h) * da
                y = h @ V.T + c
                dy = dh @ V.T + h @ dot["V"].T + dot["c"]
                weight = (p.loss_weights[t] * p.mask[t])[:, None]
                total += np.sum(weight * (y - p.targets[t]) * dy)
            out[index] = total
        g[name] = out
    return g


def double_loop(p: Any) -> dict[str, Array]:
    """For every loss, back over all earlier steps, with the Jacobians written as matrices."""
    W, U, b, V, c = (p.params[k] for k in ("W", "U", "b", "V", "c"))
    T, B = p.steps, p.batch
    s = np.empty((T + 1, B, U.shape[0]), dtype=p.dtype)
    s[-1] = p.h0
    for t in range(T):
        s[t] = logistic(s[t - 1] @ U.T + p.x[t] @ W.T + b)
    dW, dU, db, dV, dc = [np.zeros_like(v) for v in (W, U, b, V, c)]
    dh0 = np.zeros_like(p.h0)
    for n in range(B):
        for t in np.arange(T)[::-1]:
            delta_o = p.mask[t, n] * p.loss_weights[t] * (V @ s[t, n] + c - p.targets[t, n])
            dV += np.outer(delta_o, s[t, n])
            dc += delta_o
            delta_t = np.diag(s[t, n] * (1 - s[t, n])) @ V.T @ delta_o
            for k in np.arange(0, t + 1)[::-1]:
                dU += np.outer(delta_t, s[k - 1, n])
                dW += np.outer(delta_t, p.x[k, n])
                db += delta_t
                back = U.T @ delta_t
                if k == 0:
                    dh0[n] += back
                    break
                delta_t = np.diag(s[k - 1, n] * (1 - s[k - 1, n])) @ back
    return {
        "W": dW, "U": dU, "b": db, "V": dV, "c": dc,
        "h0": dh0.sum(axis=0) if p.learned else dh0,
    }  # fmt: skip


def kernel_gru(p: Any) -> dict[str, Array]:
    """Kernels on the right, gates in the order z, r, h, batch first."""
    n = p.params["U"].shape[1]
    order = np.concatenate([np.arange(n, 2 * n), np.arange(n), np.arange(2 * n, 3 * n)])
    K, R, bias = p.params["W"][order].T, p.params["U"][order].T, p.params["b"][order]
    Ko, bo = p.params["V"].T, p.params["c"]
    x = np.swapaxes(p.x, 0, 1)
    B, T, _ = x.shape
    mx = x @ K + bias
    h = p.h0
    cache = []
    hs = np.zeros((B, T, n), p.dtype)
    for t in range(T):
        prev = h
        zr = logistic(mx[:, t, : 2 * n] + prev @ R[:, : 2 * n])
        z, r = zr[:, :n], zr[:, n:]
        rh = r * prev
        hh = np.tanh(mx[:, t, 2 * n :] + rh @ R[:, 2 * n :])
        h = z * prev + (1 - z) * hh
        hs[:, t] = h
        cache.append((prev, z, r, rh, hh))
    e = hs @ Ko + bo - np.swapaxes(p.targets, 0, 1)
    e = e * (p.mask * p.loss_weights[:, None]).T[:, :, None]
    dKo = np.tensordot(hs, e, axes=((0, 1), (0, 1)))
    dhs = e @ Ko.T
    dmx = np.zeros_like(mx)
    dR = np.zeros_like(R)
    carry = np.zeros_like(p.h0)
    for t in range(T - 1, -1, -1):
        prev, z, r, rh, hh = cache[t]
        carry = carry + dhs[:, t]
        dhh = carry * (1 - z) * (1 - hh**2)
        drh = dhh @ R[:, 2 * n :].T
        dz = carry * (prev - hh) * z * (1 - z)
        dr = drh * prev * r * (1 - r)
        dzr = np.hstack([dz, dr])
        dR[:, : 2 * n] += prev.T @ dzr
        dR[:, 2 * n :] += rh.T @ dhh
        dmx[:, t] = np.hstack([dzr, dhh])
        carry = carry * z + drh * r + dzr @ R[:, : 2 * n].T
    dK = np.tensordot(x, dmx, axes=((0, 1), (0, 1)))
    back = np.argsort(order)
    return {
        "W": dK.T[back], "U": dR.T[back], "b": dmx.sum((0, 1))[back], "V": dKo.T,
        "c": e.sum((0, 1)), "h0": carry.sum(0) if p.learned else carry,
    }  # fmt: skip


def gates_apart(p: Any) -> dict[str, Array]:
    """An LSTM with a dictionary for every gate, the state and the input in one column."""
    H = p.params["U"].shape[1]
    names = ("f", "i", "o", "c")
    M, bs = {}, {}
    for k, name in enumerate(names):
        rows = slice(k * H, (k + 1) * H)
        M[name] = np.hstack([p.params["U"][rows], p.params["W"][rows]])
        bs[name] = p.params["b"][rows].reshape(-1, 1)
    V, cy = p.params["V"], p.params["c"].reshape(-1, 1)
    grads = {"M" + k: np.zeros_like(v) for k, v in M.items()}
    grads.update({"b" + k: np.zeros_like(v) for k, v in bs.items()})
    grads["V"], grads["cy"] = np.zeros_like(V), np.zeros_like(cy)
    h_start, c_start = [], []
    for n in range(p.batch):
        h_prev, c_prev = p.h0[n].reshape(-1, 1), p.c0[n].reshape(-1, 1)
        steps = []
        for t in range(p.steps):
            concat = np.vstack((h_prev, p.x[t, n].reshape(-1, 1)))
            ft = logistic(M["f"] @ concat + bs["f"])
            it = logistic(M["i"] @ concat + bs["i"])
            ot = logistic(M["o"] @ concat + bs["o"])
            cct = np.tanh(M["c"] @ concat + bs["c"])
            c_next = ft * c_prev + it * cct
            h_next = ot * np.tanh(c_next)
            steps.append({
                "concat": concat, "f": ft, "i": it, "o": ot, "cc": cct, "c_next": c_next,
                "c_prev": c_prev, "h": h_next,
            })  # fmt: skip
            h_prev, c_prev = h_next, c_next
        dh_next, dc_next = np.zeros((H, 1), p.dtype), np.zeros((H, 1), p.dtype)
        for t in reversed(range(p.steps)):
            s = steps[t]
            dy = V @ s["h"] + cy - p.targets[t, n].reshape(-1, 1)
            dy = dy * p.mask[t, n] * p.loss_weights[t]
            grads["V"] += dy @ s["h"].T
            grads["cy"] += dy
            dh = V.T @ dy + dh_next
            tc = np.tanh(s["c_next"])
            dc = dc_next + s["o"] * (1 - tc**2) * dh
            d = {
                "o": dh * tc * s["o"] * (1 - s["o"]),
                "c": dc * s["i"] * (1 - s["cc"] ** 2),
                "i": dc * s["cc"] * s["i"] * (1 - s["i"]),
                "f": dc * s["c_prev"] * s["f"] * (1 - s["f"]),
            }
            dconcat = np.zeros_like(s["concat"])
            for name in names:
                grads["M" + name] += np.dot(d[name], s["concat"].T)
                grads["b" + name] += d[name]
                dconcat += np.dot(M[name].T, d[name])
            dh_next = dconcat[:H]
            dc_next = s["f"] * dc
        h_start.append(dh_next[:, 0])
        c_start.append(dc_next[:, 0])
    g = {
        "W": np.vstack([grads["M" + k][:, H:] for k in names]),
        "U": np.vstack([grads["M" + k][:, :H] for k in names]),
        "b": np.concatenate([grads["b" + k][:, 0] for k in names]),
        "V": grads["V"], "c": grads["cy"][:, 0],
    }  # fmt: skip
    g["h0"], g["c0"] = np.array(h_start), np.array(c_start)
    if p.learned:
        g["h0"], g["c0"] = g["h0"].sum(0), g["c0"].sum(0)
    return g


def batched_gist(p: Any) -> dict[str, Array]:
    """Preallocated arrays, gates i, f, o, g in one row, bias as the first row of the matrix."""
    T, B, I = p.x.shape
    d = p.params["U"].shape[1]
    swap = np.r_[d : 2 * d, 0:d, 2 * d : 4 * d]
    WLSTM = np.vstack([p.params["b"][None, swap], p.params["W"][swap].T, p.params["U"][swap].T])
    Hin = np.ones((T, B, 1 + I + d), p.dtype)
    Hout, IFOG = np.zeros((T, B, d), p.dtype), np.zeros((T, B, 4 * d), p.dtype)
    IFOGf, C, Ct = np.zeros_like(IFOG), np.zeros_like(Hout), np.zeros_like(Hout)
    for t in range(T):
        Hin[t, :, 1 : 1 + I] = p.x[t]
        Hin[t, :, 1 + I :] = Hout[t - 1] if t > 0 else p.h0
        IFOG[t] = Hin[t].dot(WLSTM)
        IFOGf[t, :, : 3 * d] = 1.0 / (1.0 + np.exp(-IFOG[t, :, : 3 * d]))
        IFOGf[t, :, 3 * d :] = np.tanh(IFOG[t, :, 3 * d :])
        prev_c = C[t - 1] if t > 0 else p.c0
        C[t] = IFOGf[t, :, :d] * IFOGf[t, :, 3 * d :] + IFOGf[t, :, d : 2 * d] * prev_c
        Ct[t] = np.tanh(C[t])
        Hout[t] = IFOGf[t, :, 2 * d : 3 * d] * Ct[t]
    dY = Hout @ p.params["V"].T + p.params["c"] - p.targets
    dY *= (p.mask * p.loss_weights[:, None])[..., None]
    dHout = dY @ p.params["V"]
    dIFOG, dIFOGf = np.zeros_like(IFOG), np.zeros_like(IFOGf)
    dWLSTM, dC = np.zeros_like(WLSTM), np.zeros_like(C)
    dh0, dc0 = np.zeros_like(p.h0), np.zeros_like(p.c0)
    for t in reversed(range(T)):
        dIFOGf[t, :, 2 * d : 3 * d] = Ct[t] * dHout[t]
        dC[t] += (1 - Ct[t] ** 2) * (IFOGf[t, :, 2 * d : 3 * d] * dHout[t])
        if t > 0:
            dIFOGf[t, :, d : 2 * d] = C[t - 1] * dC[t]
            dC[t - 1] += IFOGf[t, :, d : 2 * d] * dC[t]
        else:
            dIFOGf[t, :, d : 2 * d] = p.c0 * dC[t]
            dc0 = IFOGf[t, :, d : 2 * d] * dC[t]
        dIFOGf[t, :, :d] = IFOGf[t, :, 3 * d :] * dC[t]
        dIFOGf[t, :, 3 * d :] = IFOGf[t, :, :d] * dC[t]
        dIFOG[t, :, 3 * d :] = (1 - IFOGf[t, :, 3 * d :] ** 2) * dIFOGf[t, :, 3 * d :]
        y = IFOGf[t, :, : 3 * d]
        dIFOG[t, :, : 3 * d] = (y * (1.0 - y)) * dIFOGf[t, :, : 3 * d]
        dWLSTM += np.dot(Hin[t].T, dIFOG[t])
        dHin = dIFOG[t].dot(WLSTM.T)
        if t > 0:
            dHout[t - 1] += dHin[:, 1 + I :]
        else:
            dh0 += dHin[:, 1 + I :]
    D = dWLSTM[:, swap].T
    if p.learned:
        dh0, dc0 = dh0.sum(0), dc0.sum(0)
    return {
        "b": D[:, 0], "W": D[:, 1 : 1 + I], "U": D[:, 1 + I :], "h0": dh0, "c0": dc0,
        "V": np.einsum("tbo,tbh->oh", dY, Hout), "c": dY.sum(axis=(0, 1)),
    }  # fmt: skip


CELLS: dict[str, tuple[str, Callable[..., Any]]] = {
    "taped": ("elman", taped),
    "sensitivities": ("elman", sensitivities),
    "tangents": ("sigmoid_rnn", tangents),
    "double_loop": ("sigmoid_rnn", double_loop),
    "kernel_gru": ("gru", kernel_gru),
    "gates_apart": ("lstm", gates_apart),
    "batched_gist": ("lstm", batched_gist),
}
