"""Gradients of the named cells as courses, blogs and ports from other languages write them.

Column vectors in dictionaries, steps with caches and batch first, `einsum`, loops over single
numbers, buffers that are written over, cotangents with respect to pre-activations kept for one
large product. `delivered_changes.py` puts mistakes in.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Array = Any


def logistic(a: Array) -> Array:
    return 0.5 + 0.5 * np.tanh(0.5 * a)


def columns(p: Any) -> dict[str, Array]:
    """A hundred lines of character model: columns, dictionaries, one example after the other."""
    Wxh, Whh, bh = p.params["W"], p.params["U"], p.params["b"][:, None]
    Why, by = p.params["V"], p.params["c"][:, None]
    dWxh, dWhh, dWhy = np.zeros_like(Wxh), np.zeros_like(Whh), np.zeros_like(Why)
    dbh, dby = np.zeros_like(bh), np.zeros_like(by)
    dhprev = np.zeros_like(p.h0)
    for n in range(p.batch):
        xs, hs, ys = {}, {}, {}
        hs[-1] = np.copy(p.h0[n])[:, None]
        for t in range(p.steps):
            xs[t] = p.x[t, n][:, None]
            hs[t] = np.tanh(np.dot(Wxh, xs[t]) + np.dot(Whh, hs[t - 1]) + bh)
            ys[t] = np.dot(Why, hs[t]) + by
        dhnext = np.zeros_like(hs[0])
        for t in reversed(range(p.steps)):
            dy = np.copy(ys[t])
            dy -= p.targets[t, n][:, None]
            dy *= p.loss_weights[t] * p.mask[t, n]
            dWhy += np.dot(dy, hs[t].T)
            dby += dy
            dh = np.dot(Why.T, dy) + dhnext
            dhraw = (1 - hs[t] * hs[t]) * dh
            dbh += dhraw
            dWxh += np.dot(dhraw, xs[t].T)
            dWhh += np.dot(dhraw, hs[t - 1].T)
            dhnext = np.dot(Whh.T, dhraw)
        dhprev[n] = dhnext[:, 0]
    grads = {"W": dWxh, "U": dWhh, "b": dbh.ravel(), "V": dWhy, "c": dby.ravel()}
    grads["h0"] = dhprev.sum(axis=0) if p.learned else dhprev
    return grads


def assignment_rnn(p: Any) -> dict[str, Array]:
    """Steps with caches, (N, T, D) arrays, weights on the right."""
    Wx, Wh, b = p.params["W"].T, p.params["U"].T, p.params["b"]
    Wo, bo = p.params["V"].T, p.params["c"]

    def step_forward(x: Array, prev_h: Array) -> tuple[Array, Any]:
        next_h = np.tanh(x.dot(Wx) + prev_h.dot(Wh) + b)
        return next_h, (x, prev_h, next_h)

    def step_backward(dnext_h: Array, cache: Any) -> tuple[Array, ...]:
        x, prev_h, next_h = cache
        dtanh = dnext_h * (1 - next_h**2)
        dx = dtanh.dot(Wx.T)
        dprev_h = dtanh.dot(Wh.T)
        dWx = x.T.dot(dtanh)
        dWh = prev_h.T.dot(dtanh)
        db = np.sum(dtanh, axis=0)
        return dx, dprev_h, dWx, dWh, db

    x = np.transpose(p.x, (1, 0, 2))
    N, T, D = x.shape
    H = Wh.shape[0]
    h = np.zeros((N, T, H), dtype=x.dtype)
    caches = []
    prev_h = p.h0
    for t in range(T):
        prev_h, cache = step_forward(x[:, t, :], prev_h)
        h[:, t, :] = prev_h
        caches.append(cache)
    M = Wo.shape[1]
    flat = h.reshape(N * T, H)
    scores = (flat.dot(Wo) + bo).reshape(N, T, M)
    weight = (p.mask * p.loss_weights[:, None]).T
    dout = weight[:, :, None] * (scores - np.transpose(p.targets, (1, 0, 2)))
    dout_flat = dout.reshape(N * T, M)
    dWo = flat.T.dot(dout_flat)
    dbo = dout_flat.sum(axis=0)
    dh = dout_flat.dot(Wo.T).reshape(N, T, H)
    dx = np.zeros((N, T, D), dtype=x.dtype)
    dWx, dWh, db = np.zeros_like(Wx), np.zeros_like(Wh), np.zeros_like(b)
    dprev_h = np.zeros((N, H), dtype=x.dtype)
    for t in range(T - 1, -1, -1):
        dx_t, dprev_h, dWx_t, dWh_t, db_t = step_backward(dh[:, t, :] + dprev_h, caches[t])
        dx[:, t, :] = dx_t
        dWx += dWx_t
        dWh += dWh_t
        db += db_t
    dh0 = dprev_h.sum(axis=0) if p.learned else dprev_h
    return {
        "W": dWx.T, "U": dWh.T, "b": db, "V": dWo.T, "c": dbo, "h0": dh0,
        "x": np.transpose(dx, (1, 0, 2)),
    }  # fmt: skip


def joined_lstm(p: Any) -> dict[str, Array]:
    """One matrix for input and state; every gate has a cotangent of its own, concatenated last."""
    H = p.params["U"].shape[1]
    K = np.concatenate([p.params["U"], p.params["W"]], axis=1)
    b, V, c_out = p.params["b"], p.params["V"], p.params["c"]
    T = p.steps
    h, c = p.h0.copy(), p.c0.copy()
    store: list[dict[str, Array]] = []
    for t in range(T):
        z = np.concatenate([h, p.x[t]], axis=1)
        f, i, o, g = np.split(z @ K.T + b, 4, axis=1)
        f, i, o, g = logistic(f), logistic(i), logistic(o), np.tanh(g)
        c_prev, c = c, f * c + i * g
        h = o * np.tanh(c)
        store.append({"z": z, "f": f, "i": i, "o": o, "g": g, "c": c, "c_prev": c_prev, "h": h})
    dK, db = np.zeros_like(K), np.zeros_like(b)
    dV, dc_out = np.zeros_like(V), np.zeros_like(c_out)
    dh_next, dc_next = np.zeros_like(h), np.zeros_like(c)
    dx = np.empty_like(p.x)
    for t in reversed(range(T)):
        s = store[t]
        dy = (s["h"] @ V.T + c_out - p.targets[t]) * (p.mask[t] * p.loss_weights[t])[:, None]
        dV += dy.T @ s["h"]
        dc_out += dy.sum(0)
        dh = dy @ V + dh_next
        tanh_c = np.tanh(s["c"])
        do = dh * tanh_c * s["o"] * (1 - s["o"])
        dc = dc_next + dh * s["o"] * (1 - tanh_c**2)
        df = dc * s["c_prev"] * s["f"] * (1 - s["f"])
        di = dc * s["g"] * s["i"] * (1 - s["i"])
        dg = dc * s["i"] * (1 - s["g"] ** 2)
        da = np.concatenate([df, di, do, dg], axis=1)
        dK += da.T @ s["z"]
        db += da.sum(0)
        dz = da @ K
        dh_next = dz[:, :H]
        dx[t] = dz[:, H:]
        dc_next = dc * s["f"]
    grads = {"W": dK[:, H:], "U": dK[:, :H], "b": db, "V": dV, "c": dc_out, "x": dx}
    grads["h0"], grads["c0"] = dh_next, dc_next
    if p.learned:
        grads["h0"], grads["c0"] = dh_next.sum(0), dc_next.sum(0)
    return grads


def einsum_gru(p: Any) -> dict[str, Array]:
    """Gates on an axis of their own, everything by einsum."""
    H, I = p.params["U"].shape[1], p.params["W"].shape[1]  # noqa: E741
    W = p.params["W"].reshape(3, H, I)
    U = p.params["U"].reshape(3, H, H)
    b = p.params["b"].reshape(3, H)
    xs = np.einsum("khi,tbi->tkbh", W, p.x) + b[None, :, None, :]
    h, tape = p.h0, []
    for a in xs:
        r = logistic(a[0] + np.einsum("hj,bj->bh", U[0], h))
        z = logistic(a[1] + np.einsum("hj,bj->bh", U[1], h))
        m = r * h
        g = np.tanh(a[2] + np.einsum("hj,bj->bh", U[2], m))
        tape.append((h, r, z, m, g))
        h = g + z * (h - g)
    hs = np.stack([s[0] for s in tape[1:]] + [h])
    e = np.einsum("oh,tbh->tbo", p.params["V"], hs) + p.params["c"] - p.targets
    e = np.einsum("tbo,tb,t->tbo", e, p.mask, p.loss_weights)
    back = np.einsum("tbo,oh->tbh", e, p.params["V"])
    dU = np.zeros_like(U)
    da = np.zeros_like(xs)
    dh = np.zeros_like(h)
    for t in range(len(tape) - 1, -1, -1):
        h, r, z, m, g = tape[t]
        dh = dh + back[t]
        da[t, 2] = dh * (1 - z) * (1 - g * g)
        da[t, 1] = dh * (h - g) * z * (1 - z)
        dm = np.einsum("bh,hj->bj", da[t, 2], U[2])
        da[t, 0] = dm * h * r * (1 - r)
        dU[0] += np.einsum("bh,bj->hj", da[t, 0], h)
        dU[1] += np.einsum("bh,bj->hj", da[t, 1], h)
        dU[2] += np.einsum("bh,bj->hj", da[t, 2], m)
        dh = dh * z + dm * r + np.einsum("kbh,khj->bj", da[t, :2], U[:2])
    return {
        "W": np.einsum("tkbh,tbi->khi", da, p.x).reshape(3 * H, I),
        "U": dU.reshape(3 * H, H),
        "b": np.einsum("tkbh->kh", da).reshape(3 * H),
        "V": np.einsum("tbo,tbh->oh", e, hs),
        "c": np.einsum("tbo->o", e),
        "x": np.einsum("tkbh,khi->tbi", da, W),
        "h0": dh.sum(0) if p.learned else dh,
    }


def numbers(p: Any) -> dict[str, Array]:
    """A port from C: indices, single numbers, no product of arrays."""
    W, U, b, V, c = (p.params[k] for k in "WUbVc")
    H, I, O, T, B = len(U), W.shape[1], len(V), p.steps, p.batch  # noqa: E741
    dW, dU, db, dV, dc = (np.zeros_like(v) for v in (W, U, b, V, c))
    dh0 = np.zeros_like(p.h0)
    for n in range(B):
        s = np.zeros((T + 1, H), p.dtype)
        for j in range(H):
            s[0, j] = p.h0[n, j]
        for t in range(T):
            for j in range(H):
                a = b[j]
                for k in range(I):
                    a += W[j, k] * p.x[t, n, k]
                for k in range(H):
                    a += U[j, k] * s[t, k]
                s[t + 1, j] = logistic(a)
        delta = np.zeros(H, p.dtype)
        for t in range(T - 1, -1, -1):
            err = np.zeros(H, p.dtype)
            for k in range(O):
                y = c[k]
                for j in range(H):
                    y += V[k, j] * s[t + 1, j]
                d = (y - p.targets[t, n, k]) * p.mask[t, n] * p.loss_weights[t]
                dc[k] += d
                for j in range(H):
                    dV[k, j] += d * s[t + 1, j]
                    err[j] += V[k, j] * d
            for j in range(H):
                for k in range(H):
                    err[j] += U[k, j] * delta[k]
            for j in range(H):
                delta[j] = err[j] * s[t + 1, j] * (1 - s[t + 1, j])
                db[j] += delta[j]
                for k in range(I):
                    dW[j, k] += delta[j] * p.x[t, n, k]
                for k in range(H):
                    dU[j, k] += delta[j] * s[t, k]
        for j in range(H):
            for k in range(H):
                dh0[n, j] += U[k, j] * delta[k]
    return {"W": dW, "U": dU, "b": db, "V": dV, "c": dc, "h0": dh0.sum(0) if p.learned else dh0}


def buffered_lstm(p: Any) -> dict[str, Array]:
    """Buffers made once; gates are written over by their cotangents."""
    W, U, b, V = (p.params[k] for k in "WUbV")
    T, B, H = p.steps, p.batch, U.shape[1]
    gates = np.empty((T, B, 4 * H), p.dtype)
    c = np.empty((T + 1, B, H), p.dtype)
    tc = np.empty((T, B, H), p.dtype)
    h = np.empty((T + 1, B, H), p.dtype)
    c[0], h[0] = p.c0, p.h0
    F, In, Out, G = (slice(k * H, (k + 1) * H) for k in range(4))
    for t in range(T):
        a = gates[t]
        np.matmul(h[t], U.T, out=a)
        a += p.x[t] @ W.T
        a += b
        a[:, : 3 * H] = logistic(a[:, : 3 * H])
        np.tanh(a[:, G], out=a[:, G])
        np.multiply(a[:, F], c[t], out=c[t + 1])
        c[t + 1] += a[:, In] * a[:, G]
        np.tanh(c[t + 1], out=tc[t])
        np.multiply(a[:, Out], tc[t], out=h[t + 1])
    dy = h[1:] @ V.T
    dy += p.params["c"]
    dy -= p.targets
    dy *= (p.mask * p.loss_weights[:, None])[:, :, None]
    dh, dc = np.zeros((B, H), p.dtype), np.zeros((B, H), p.dtype)
    for t in range(T - 1, -1, -1):
        a = gates[t]
        f, i, o, g = a[:, F].copy(), a[:, In].copy(), a[:, Out].copy(), a[:, G].copy()
        dh += dy[t] @ V
        a[:, Out] = dh * tc[t] * o * (1 - o)
        dc += dh * o * (1 - tc[t] ** 2)
        a[:, F] = dc * c[t] * f * (1 - f)
        a[:, In] = dc * g * i * (1 - i)
        a[:, G] = dc * i * (1 - g**2)
        np.matmul(a, U, out=dh)
        dc *= f
    n = T * B
    rows = gates.reshape(n, 4 * H)
    grads = {
        "W": rows.T @ p.x.reshape(n, -1),
        "U": rows.T @ h[:-1].reshape(n, H),
        "b": rows.sum(0),
        "V": dy.reshape(n, -1).T @ h[1:].reshape(n, H),
        "c": dy.reshape(n, -1).sum(0),
        "x": gates @ W,
    }
    grads["h0"], grads["c0"] = (dh.sum(0), dc.sum(0)) if p.learned else (dh, dc)
    return grads


def segments(p: Any) -> dict[str, Array]:
    """Two passes over short windows; the cotangent is handed from the later to the earlier one."""
    W, U, b, V, c = (p.params[k] for k in "WUbVc")
    weight = (p.mask * p.loss_weights[:, None])[:, :, None]
    size = 3
    starts = list(range(0, p.steps, size))
    checkpoint = {}
    h = p.h0
    for s in starts:
        checkpoint[s] = h
        for x in p.x[s : s + size]:
            h = np.tanh(x @ W.T + h @ U.T + b)
    g = {k: np.zeros_like(v) for k, v in p.params.items()}
    carried = np.zeros_like(p.h0)
    for s in reversed(starts):
        hs = [checkpoint[s]]
        for x in p.x[s : s + size]:
            hs.append(np.tanh(x @ W.T + hs[-1] @ U.T + b))
        for k in reversed(range(len(hs) - 1)):
            t = s + k
            e = (hs[k + 1] @ V.T + c - p.targets[t]) * weight[t]
            g["V"] += e.T @ hs[k + 1]
            g["c"] += e.sum(0)
            da = (carried + e @ V) * (1 - hs[k + 1] ** 2)
            g["W"] += da.T @ p.x[t]
            g["U"] += da.T @ hs[k]
            g["b"] += da.sum(0)
            carried = da @ U
    g["h0"] = carried.sum(0) if p.learned else carried
    return g


CELLS: dict[str, tuple[str, Callable[..., Any]]] = {
    "columns": ("elman", columns),
    "assignment_rnn": ("elman", assignment_rnn),
    "joined_lstm": ("lstm", joined_lstm),
    "einsum_gru": ("gru", einsum_gru),
    "numbers": ("sigmoid_rnn", numbers),
    "buffered_lstm": ("lstm", buffered_lstm),
    "segments": ("elman", segments),
}
