"""Backward passes as courses, blogs and projects write them; `assorted_changes.py` alters them.

Loops over single examples, dictionaries of states, caches, `[h, x]` concatenated, joined gate
matrices, sums over lags written out, forward accumulation (RTRL), one step behind an
``autograd.Function`` or a ``custom_vjp``, losses of whole models. Nothing of the package is used
here but to read the recurrences.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from bptt_sym.read import recurrence_from_latex
from bptt_sym.recurrence import Recurrence

Array = Any


def sigmoid(a: Array) -> Array:
    e = np.exp(-np.abs(a))
    return np.where(a > 0, 1 / (1 + e), e / (1 + e))


# -- NumPy: shipped cells -------------------------------------------------------------------------


def char_rnn(p: Any) -> dict[str, Array]:
    """Columns in dictionaries, one example after the other, ``dhnext`` carried."""
    Wxh, Whh, bh, Why, by = (p.params[k] for k in "WUbVc")
    bh, by = bh[:, None], by[:, None]
    dWxh, dWhh, dWhy = np.zeros_like(Wxh), np.zeros_like(Whh), np.zeros_like(Why)
    dbh, dby = np.zeros_like(bh), np.zeros_like(by)
    dh0 = np.zeros_like(p.h0)
    for s in range(p.batch):
        xs, hs, ys = {}, {}, {}
        hs[-1] = p.h0[s].reshape(-1, 1)
        for t in range(p.steps):
            xs[t] = p.x[t, s].reshape(-1, 1)
            hs[t] = np.tanh(np.dot(Wxh, xs[t]) + np.dot(Whh, hs[t - 1]) + bh)
            ys[t] = np.dot(Why, hs[t]) + by
        dhnext = np.zeros_like(hs[-1])
        for t in reversed(range(p.steps)):
            dy = ys[t] - p.targets[t, s].reshape(-1, 1)
            dy = dy * p.mask[t, s] * p.loss_weights[t]
            dWhy += np.dot(dy, hs[t].T)
            dby += dy
            dh = np.dot(Why.T, dy) + dhnext
            dhraw = (1 - hs[t] * hs[t]) * dh
            dbh += dhraw
            dWxh += np.dot(dhraw, xs[t].T)
            dWhh += np.dot(dhraw, hs[t - 1].T)
            dhnext = np.dot(Whh.T, dhraw)
        dh0[s] = dhnext[:, 0]
    out = {"W": dWxh, "U": dWhh, "b": dbh[:, 0], "V": dWhy, "c": dby[:, 0]}
    if p.learned:
        out["h0"] = dh0.sum(0)
    return out


def cached_lstm(p: Any) -> dict[str, Array]:
    """Step functions with caches, (N, T, D) arrays, gates in one array as i, f, o, g."""
    f, i, o, g = np.split(np.arange(4 * p.h0.shape[1]), 4)
    order = np.concatenate([i, f, o, g])
    Wx, Wh, b = p.params["W"][order].T, p.params["U"][order].T, p.params["b"][order]
    V, c = p.params["V"], p.params["c"]
    x, y = p.x.transpose(1, 0, 2), p.targets.transpose(1, 0, 2)
    weight = (p.mask * p.loss_weights[:, None]).T[:, :, None]

    def step_forward(x: Array, prev_h: Array, prev_c: Array) -> tuple[Array, Array, Any]:
        a = x.dot(Wx) + prev_h.dot(Wh) + b
        ai, af, ao, ag = np.split(a, 4, axis=1)
        i, f, o, g = sigmoid(ai), sigmoid(af), sigmoid(ao), np.tanh(ag)
        next_c = f * prev_c + i * g
        tanh_c = np.tanh(next_c)
        next_h = o * tanh_c
        return next_h, next_c, (x, prev_h, prev_c, i, f, o, g, next_c, tanh_c)

    def step_backward(dnext_h: Array, dnext_c: Array, cache: Any) -> tuple[Array, ...]:
        x, prev_h, prev_c, i, f, o, g, _, tanh_c = cache
        do = dnext_h * tanh_c
        dc = dnext_c + dnext_h * o * (1 - tanh_c**2)
        df, dprev_c = dc * prev_c, dc * f
        di, dg = dc * g, dc * i
        da = np.hstack((i * (1 - i) * di, f * (1 - f) * df, o * (1 - o) * do, (1 - g**2) * dg))
        return da.dot(Wh.T), dprev_c, x.T.dot(da), prev_h.T.dot(da), da.sum(axis=0)

    N, T, _ = x.shape
    h = np.zeros((N, T, p.h0.shape[1]), p.dtype)
    prev_h, prev_c, caches = p.h0, p.c0, []
    for t in range(T):
        prev_h, prev_c, cache = step_forward(x[:, t, :], prev_h, prev_c)
        h[:, t, :] = prev_h
        caches.append(cache)
    dout = (h.dot(V.T) + c - y) * weight
    dh = dout.dot(V)
    dWx, dWh, db = np.zeros_like(Wx), np.zeros_like(Wh), np.zeros_like(b)
    dprev_h, dprev_c = np.zeros_like(p.h0), np.zeros_like(p.c0)
    for t in reversed(range(T)):
        dprev_h, dprev_c, dWx_t, dWh_t, db_t = step_backward(dh[:, t] + dprev_h, dprev_c, caches[t])
        dWx += dWx_t
        dWh += dWh_t
        db += db_t
    back = np.argsort(order)
    grads = {"W": dWx.T[back], "U": dWh.T[back], "b": db[back]}
    grads["V"] = dout.reshape(N * T, -1).T.dot(h.reshape(N * T, -1))
    grads["c"] = dout.sum(axis=(0, 1))
    if p.learned:
        grads["h0"], grads["c0"] = dprev_h.sum(0), dprev_c.sum(0)
    return grads


def concat_lstm(p: Any) -> dict[str, Array]:
    """Columns (n, m), a matrix for each gate that takes ``[a_prev; x]``."""
    n = p.h0.shape[1]
    full = np.concatenate([p.params["U"], p.params["W"]], axis=1)
    Wf, Wi, Wo, Wc = np.split(full, 4)
    bf, bi, bo, bc = (v[:, None] for v in np.split(p.params["b"], 4))
    Wy, by = p.params["V"], p.params["c"][:, None]
    a_next, c_next, caches = p.h0.T, p.c0.T, []
    for t in range(p.steps):
        a_prev, c_prev = a_next, c_next
        concat = np.concatenate([a_prev, p.x[t].T])
        ft, it = sigmoid(Wf @ concat + bf), sigmoid(Wi @ concat + bi)
        ot, cct = sigmoid(Wo @ concat + bo), np.tanh(Wc @ concat + bc)
        c_next = ft * c_prev + it * cct
        a_next = ot * np.tanh(c_next)
        caches.append((a_next, c_next, a_prev, c_prev, ft, it, cct, ot, concat))
    dW = [np.zeros_like(Wf) for _ in range(4)]
    db = [np.zeros_like(bf) for _ in range(4)]
    dWy, dby = np.zeros_like(Wy), np.zeros_like(by)
    da_prev, dc_prev = np.zeros_like(a_next), np.zeros_like(c_next)
    for t in reversed(range(p.steps)):
        a_next, c_next, a_prev, c_prev, ft, it, cct, ot, concat = caches[t]
        dy = (Wy @ a_next + by - p.targets[t].T) * (p.mask[t] * p.loss_weights[t])
        dWy += dy @ a_next.T
        dby += np.sum(dy, axis=1, keepdims=True)
        da_next, dc_next = Wy.T @ dy + da_prev, dc_prev
        dot = da_next * np.tanh(c_next) * ot * (1 - ot)
        dcct = (dc_next * it + ot * (1 - np.tanh(c_next) ** 2) * it * da_next) * (1 - cct**2)
        dit = (dc_next * cct + ot * (1 - np.tanh(c_next) ** 2) * cct * da_next) * it * (1 - it)
        dft = (dc_next * c_prev + ot * (1 - np.tanh(c_next) ** 2) * c_prev * da_next) * ft * (1 - ft)  # noqa: E501
        for k, d in enumerate((dft, dit, dot, dcct)):
            dW[k] += d @ concat.T
            db[k] += np.sum(d, axis=1, keepdims=True)
        da_prev = Wf[:, :n].T @ dft + Wi[:, :n].T @ dit + Wc[:, :n].T @ dcct + Wo[:, :n].T @ dot
        dc_prev = dc_next * ft + ot * (1 - np.tanh(c_next) ** 2) * ft * da_next
    joined, bias = np.concatenate(dW), np.concatenate(db)[:, 0]
    out = {"W": joined[:, n:], "U": joined[:, :n], "b": bias, "V": dWy, "c": dby[:, 0]}
    if p.learned:
        out["h0"], out["c0"] = da_prev.sum(1), dc_prev.sum(1)
    return out


def joined_gru(p: Any) -> dict[str, Array]:
    """Both gates by one matrix of ``[h, x]``, the candidate by one of ``[r h, x]``; rows (B, n)."""
    n = p.h0.shape[1]
    K = np.hstack([p.params["U"], p.params["W"]]).T
    Kg, Kc = K[:, : 2 * n], K[:, 2 * n :]
    bg, bc = p.params["b"][: 2 * n], p.params["b"][2 * n :]
    V, c = p.params["V"], p.params["c"]
    h, tape = p.h0, []
    for x in p.x:
        hx = np.hstack([h, x])
        r, z = np.split(sigmoid(hx @ Kg + bg), 2, axis=1)
        rhx = np.hstack([r * h, x])
        n_t = np.tanh(rhx @ Kc + bc)
        new = (1 - z) * n_t + z * h
        tape.append((hx, r, z, rhx, n_t, h, new))
        h = new
    dKg, dKc, dbg, dbc = (np.zeros_like(a) for a in (Kg, Kc, bg, bc))
    dV, dc, dh = np.zeros_like(V), np.zeros_like(c), np.zeros_like(p.h0)
    for t in range(p.steps - 1, -1, -1):
        hx, r, z, rhx, n_t, h, new = tape[t]
        err = (new @ V.T + c - p.targets[t]) * (p.mask[t] * p.loss_weights[t])[:, None]
        dV, dc = dV + err.T @ new, dc + err.sum(0)
        dh = dh + err @ V
        dz, dn = dh * (h - n_t), dh * (1 - z)
        dh_prev = dh * z
        dn_raw = dn * (1 - n_t**2)
        dKc += rhx.T @ dn_raw
        dbc += dn_raw.sum(0)
        drh = (dn_raw @ Kc.T)[:, :n]
        dr = drh * h
        dh_prev = dh_prev + drh * r
        dgates = np.hstack([dr * r * (1 - r), dz * z * (1 - z)])
        dKg += hx.T @ dgates
        dbg += dgates.sum(0)
        dh_prev = dh_prev + (dgates @ Kg.T)[:, :n]
        dh = dh_prev
    dK = np.hstack([dKg, dKc]).T
    out = {"W": dK[:, n:], "U": dK[:, :n], "b": np.concatenate([dbg, dbc]), "V": dV, "c": dc}
    if p.learned:
        out["h0"] = dh.sum(0)
    return out


def rtrl(p: Any) -> dict[str, Array]:
    """Forward accumulation: the state's derivatives by every weight are carried along."""
    W, U, b, V, c = (p.params[k] for k in "WUbVc")
    n, m = W.shape
    grads = {k: np.zeros_like(v) for k, v in p.params.items()}
    dh0 = np.zeros_like(p.h0)
    for s in range(p.batch):
        h = p.h0[s]
        PW, PU, Pb = np.zeros((n, n, m)), np.zeros((n, n, n)), np.zeros((n, n))
        P0 = np.eye(n)
        for t in range(p.steps):
            new = sigmoid(W @ p.x[t, s] + U @ h + b)
            slope = new * (1 - new)
            JW, JU = np.einsum("ij,jkl->ikl", U, PW), np.einsum("ij,jkl->ikl", U, PU)
            for k in range(n):
                JW[k, k] += p.x[t, s]
                JU[k, k] += h
            PW, PU = slope[:, None, None] * JW, slope[:, None, None] * JU
            Pb = slope[:, None] * (U @ Pb + np.eye(n))
            P0 = slope[:, None] * (U @ P0)
            h = new
            e = (V @ h + c - p.targets[t, s]) * p.mask[t, s] * p.loss_weights[t]
            dh = V.T @ e
            grads["W"] += np.tensordot(dh, PW, 1)
            grads["U"] += np.tensordot(dh, PU, 1)
            grads["b"] += dh @ Pb
            grads["V"] += np.outer(e, h)
            grads["c"] += e
            dh0[s] += dh @ P0
    if p.learned:
        grads["h0"] = dh0.sum(0)
    return grads


def by_lag(p: Any) -> dict[str, Array]:
    """The double sum: for each loss, one step back after the other."""
    W, U, b, V, c = (p.params[k] for k in "WUbVc")
    T = p.steps
    H = [p.h0]
    for t in range(T):
        H.append(np.tanh(p.x[t] @ W.T + H[t] @ U.T + b))
    dW, dU, db = np.zeros_like(W), np.zeros_like(U), np.zeros_like(b)
    dV, dc, dh0 = np.zeros_like(V), np.zeros_like(c), np.zeros_like(p.h0)
    for t in range(1, T + 1):
        err = (H[t] @ V.T + c - p.targets[t - 1]) * p.mask[t - 1][:, None] * p.loss_weights[t - 1]
        dV += err.T @ H[t]
        dc += err.sum(axis=0)
        delta = (err @ V) * (1 - H[t] ** 2)
        for k in range(t, 0, -1):
            dW += delta.T @ p.x[k - 1]
            dU += delta.T @ H[k - 1]
            db += delta.sum(axis=0)
            if k > 1:
                delta = (delta @ U) * (1 - H[k - 1] ** 2)
        dh0 += delta @ U
    out = {"W": dW, "U": dU, "b": db, "V": dV, "c": dc}
    if p.learned:
        out["h0"] = dh0.sum(axis=0)
    return out


# -- PyTorch and JAX ------------------------------------------------------------------------------


def torch_cell() -> Any:
    """The element-wise part of an LSTM's step behind an autograd.Function."""
    import torch

    class Gates(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, z: Any, c: Any) -> Any:
            f, i, o, g = z.chunk(4, 1)
            f, i, o, g = f.sigmoid(), i.sigmoid(), o.sigmoid(), g.tanh()
            new = f * c + i * g
            ctx.save_for_backward(f, i, o, g, c, new)
            return o * new.tanh(), new

        @staticmethod
        def backward(ctx: Any, grad_h: Any, grad_c: Any) -> Any:
            f, i, o, g, c, new = ctx.saved_tensors
            s = new.tanh()
            grad_c = grad_c + grad_h * o * (1 - s * s)
            grad_f = grad_c * c * f * (1 - f)
            grad_i = grad_c * g * i * (1 - i)
            grad_o = grad_h * s * o * (1 - o)
            grad_g = grad_c * i * (1 - g * g)
            return torch.cat([grad_f, grad_i, grad_o, grad_g], 1), grad_c * f

    def outputs(t: Any, p: Any) -> Any:
        h, c, out = t["h0"], t["c0"], []
        for x in t["x"]:
            h, c = Gates.apply(x @ t["W"].T + h @ t["U"].T + t["b"], c)
            out.append(h)
        return torch.stack(out) @ t["V"].T + t["c"]

    return outputs


def jax_step() -> Any:
    """One step of a GRU behind a custom_vjp, scanned."""
    import jax
    import jax.numpy as jnp

    def gates(W: Any, U: Any, b: Any, h: Any, x: Any) -> Any:
        (Wr, Wz, Wg), (Ur, Uz, Ug) = jnp.split(W, 3), jnp.split(U, 3)
        br, bz, bg = jnp.split(b, 3)
        r = jax.nn.sigmoid(x @ Wr.T + h @ Ur.T + br)
        z = jax.nn.sigmoid(x @ Wz.T + h @ Uz.T + bz)
        g = jnp.tanh(x @ Wg.T + (r * h) @ Ug.T + bg)
        return r, z, g

    @jax.custom_vjp
    def step(W: Any, U: Any, b: Any, h: Any, x: Any) -> Any:
        _, z, g = gates(W, U, b, h, x)
        return z * h + (1 - z) * g

    def forward(W: Any, U: Any, b: Any, h: Any, x: Any) -> Any:
        r, z, g = gates(W, U, b, h, x)
        return z * h + (1 - z) * g, (W, U, h, x, r, z, g)

    def backward(kept: Any, bar: Any) -> Any:
        W, U, h, x, r, z, g = kept
        Ur, Uz, Ug = jnp.split(U, 3)
        ag = bar * (1 - z) * (1 - g * g)
        az = bar * (h - g) * z * (1 - z)
        q = ag @ Ug
        ar = q * h * r * (1 - r)
        a = jnp.hstack([ar, az, ag])
        dU = jnp.vstack([ar.T @ h, az.T @ h, ag.T @ (r * h)])
        dh = bar * z + q * r + ar @ Ur + az @ Uz
        return a.T @ x, dU, a.sum(0), dh, a @ W

    step.defvjp(forward, backward)

    def outputs(t: Any, p: Any) -> Any:
        def body(h: Any, x: Any) -> Any:
            h = step(t["W"], t["U"], t["b"], h, x)
            return h, h

        return jax.lax.scan(body, t["h0"], t["x"])[1] @ t["V"].T + t["c"]

    return outputs


# -- NumPy: recurrences of one's own --------------------------------------------------------------


def _misses(p: Any, name: str, value: Array) -> Array:
    return (value - p.series[f"\\hat{{{name}}}"]) * (p.mask * p.loss_weights[:, None])[..., None]


def reset_after(p: Any) -> dict[str, Array]:
    """A GRU that resets the product, with a bias under the reset, as a framework has it."""
    P = p.params
    A, B, a, C, D, k, E, F, q, m = (P[j] for j in "ABaCDkEFqm")
    x, T = p.series["x"], p.steps
    h, saved, g = p.start("h"), [], {j: np.zeros_like(v) for j, v in P.items()}
    hs = []
    for t in range(T):
        r, z = sigmoid(x[t] @ A.T + h @ B.T + a), sigmoid(x[t] @ C.T + h @ D.T + k)
        u = h @ F.T + q
        s = np.tanh(x[t] @ E.T + r * u + m)
        saved.append((h, r, z, u, s))
        h = (1 - z) * s + z * h
        hs.append(h)
    seeds, dh = _misses(p, "h", np.array(hs)), np.zeros_like(h)
    for t in range(T)[::-1]:
        h, r, z, u, s = saved[t]
        dh = dh + seeds[t]
        ds = dh * (1 - z) * (1 - s**2)
        dz = dh * (h - s) * z * (1 - z)
        dr = ds * u * r * (1 - r)
        du = ds * r
        for j, d, v in (("A", dr, x[t]), ("B", dr, h), ("C", dz, x[t]), ("D", dz, h),
                        ("E", ds, x[t]), ("F", du, h)):  # fmt: skip
            g[j] += d.T @ v
        for j, d in (("a", dr), ("k", dz), ("m", ds), ("q", du)):
            g[j] += d.sum(0)
        dh = dh * z + dr @ B + dz @ D + du @ F
    return g | ({"h0": dh.sum(0)} if p.learned else {})


def minimal(p: Any) -> dict[str, Array]:
    """A minimal gated unit: one gate that both forgets and resets; example by example."""
    A, B, a, C, D, k = (p.params[j] for j in ("A", "B", "a", "C", "D", "k"))
    x, target = p.series["x"], p.series["\\hat{h}"]
    g = {j: np.zeros_like(v) for j, v in p.params.items()}
    first = np.zeros_like(p.start("h"))
    for s in range(p.batch):
        H, F, Q = [p.start("h")[s]], [], []
        for t in range(p.steps):
            F.append(sigmoid(A @ x[t, s] + B @ H[-1] + a))
            Q.append(np.tanh(C @ x[t, s] + D @ (F[-1] * H[-1]) + k))
            H.append((1 - F[-1]) * H[-1] + F[-1] * Q[-1])
        dh = np.zeros_like(a)
        for t in reversed(range(p.steps)):
            dh = dh + (H[t + 1] - target[t, s]) * p.mask[t, s] * p.loss_weights[t]
            dq = dh * F[t] * (1 - Q[t] ** 2)
            back = D.T @ dq
            df = (dh * (Q[t] - H[t]) + back * H[t]) * F[t] * (1 - F[t])
            g["A"] += np.outer(df, x[t, s])
            g["B"] += np.outer(df, H[t])
            g["a"] += df
            g["C"] += np.outer(dq, x[t, s])
            g["D"] += np.outer(dq, F[t] * H[t])
            g["k"] += dq
            dh = dh * (1 - F[t]) + back * F[t] + B.T @ df
        first[s] = dh
    return g | ({"h0": first.sum(0)} if p.learned else {})


def multiplied(p: Any) -> dict[str, Array]:
    """A multiplicative RNN, m = Ax * Bh, h = tanh(Cm + a), below an independent one."""
    A, B, C, a, u, D = (p.params[j] for j in ("A", "B", "C", "a", "u", "D"))
    x, T, N = p.series["x"], p.steps, p.batch
    h, s = np.empty((T + 1, N, len(a)), p.dtype), np.empty((T + 1, N, len(u)), p.dtype)
    h[0], s[0] = p.start("h"), p.start("s")
    ax, bh = np.einsum("tbi,mi->tbm", x, A), np.empty((T, N, len(B)), p.dtype)
    for t in range(T):
        bh[t] = h[t] @ B.T
        h[t + 1] = np.tanh((ax[t] * bh[t]) @ C.T + a)
        s[t + 1] = np.tanh(u * s[t] + h[t + 1] @ D.T)
    eh, es = _misses(p, "h", h[1:]), _misses(p, "s", s[1:])
    dpre, dm, dtop = np.empty_like(eh), np.empty_like(bh), np.empty_like(es)
    dh, ds = np.zeros_like(h[0]), np.zeros_like(s[0])
    for t in reversed(range(T)):
        dtop[t] = (ds + es[t]) * (1 - s[t + 1] ** 2)
        dpre[t] = (dh + eh[t] + dtop[t] @ D) * (1 - h[t + 1] ** 2)
        dm[t] = dpre[t] @ C
        dh = (dm[t] * ax[t]) @ B
        ds = dtop[t] * u
    out = {
        "A": np.einsum("tbm,tbi->mi", dm * bh, x), "B": np.einsum("tbm,tbn->mn", dm * ax, h[:-1]),
        "C": np.einsum("tbn,tbm->nm", dpre, ax * bh), "a": dpre.sum((0, 1)),
        "u": (dtop * s[:-1]).sum((0, 1)), "D": np.einsum("tbk,tbn->kn", dtop, h[1:]),
    }  # fmt: skip
    return out | ({"h0": dh.sum(0), "s0": ds.sum(0)} if p.learned else {})


@cache
def recurrence(name: str) -> Recurrence:
    """The recurrences that ship with no cell."""
    if name == "reset_after":
        lines = [
            r"r_t = \sigma(A x_t + B h_{t-1} + a)",
            r"z_t = \sigma(C x_t + D h_{t-1} + k)",
            r"s_t = \tanh(E x_t + r_t \odot (F h_{t-1} + q) + m)",
            r"h_t = (1 - z_t) \odot s_t + z_t \odot h_{t-1}",
        ]
        shapes: dict[str, Any] = dict.fromkeys("rzshakqm", ("n",)) | {"x": ("i",)}
        shapes |= dict.fromkeys("BDF", ("n", "n")) | dict.fromkeys("ACE", ("n", "i"))
    elif name == "minimal":
        lines = [
            r"f_t = \sigma(A x_t + B h_{t-1} + a)",
            r"q_t = \tanh(C x_t + D (f_t \odot h_{t-1}) + k)",
            r"h_t = (1 - f_t) \odot h_{t-1} + f_t \odot q_t",
        ]
        shapes = dict.fromkeys("fqhak", ("n",)) | {"x": ("i",)}
        shapes |= dict.fromkeys("BD", ("n", "n")) | dict.fromkeys("AC", ("n", "i"))
    else:
        lines = [
            r"m_t = (A x_t) \odot (B h_{t-1})",
            r"h_t = \tanh(C m_t + a)",
            r"s_t = \tanh(u \odot s_{t-1} + D h_t)",
        ]
        shapes = {"m": ("m",), "h": ("n",), "a": ("n",), "s": ("k",), "u": ("k",), "x": ("i",)}
        shapes |= {"A": ("m", "i"), "B": ("m", "n"), "C": ("n", "m"), "D": ("k", "n")}
    return recurrence_from_latex(lines, name=name, shapes=shapes)


#: By name: the shipped cell or recurrence that it belongs to, and the function.
CELLS: dict[str, tuple[str, Callable[..., Any]]] = {
    "char_rnn": ("elman", char_rnn),
    "cached_lstm": ("lstm", cached_lstm),
    "concat_lstm": ("lstm", concat_lstm),
    "joined_gru": ("gru", joined_gru),
    "rtrl": ("sigmoid_rnn", rtrl),
    "by_lag": ("elman", by_lag),
    "torch_cell": ("lstm", torch_cell),
    "jax_step": ("gru", jax_step),
    "reset_after": ("reset_after", reset_after),
    "minimal": ("minimal", minimal),
    "multiplied": ("multiplied", multiplied),
}
