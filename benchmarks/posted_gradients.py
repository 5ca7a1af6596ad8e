"""Backward passes as they are posted with a question; `posted_changes.py` puts mistakes in.

Columns and caches of a course, one sequence at a time, segments that are run again, a scaled loss,
gates by their own matrices, sensitivities, a dictionary of a step's values, PyTorch functions of a
step and of a whole sequence, and a JAX rule of a scan. Nothing of the package is used here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Array = Any


def sig(a: Array) -> Array:
    return 0.5 * (1 + np.tanh(0.5 * a))


def cached_columns(p: Any) -> dict[str, Array]:
    """A simple network as in a course: arrays (units, examples, steps), a cache of every step."""
    Wax, Waa, ba, Wya, by = (p.params[k] for k in "WUbVc")
    ba, by = ba[:, None], by[:, None]
    x, y = p.x.transpose(2, 1, 0), p.targets.transpose(2, 1, 0)
    weights = p.mask.T * p.loss_weights
    m, T_x = x.shape[1:]
    a = np.zeros((len(ba), m, T_x), p.dtype)
    caches, a_prev = [], p.h0.T
    for t in range(T_x):
        a_next = np.tanh(Wax @ x[:, :, t] + Waa @ a_prev + ba)
        a[:, :, t] = a_next
        caches.append((a_next, a_prev, x[:, :, t]))
        a_prev = a_next
    yhat = np.einsum("oh,hmt->omt", Wya, a) + by[:, :, None]
    dy = (yhat - y) * weights

    def cell_backward(da_next: Array, cache: tuple[Array, ...]) -> dict[str, Array]:
        a_next, a_prev, xt = cache
        dtanh = (1 - a_next**2) * da_next
        return {"dWax": dtanh @ xt.T, "dWaa": dtanh @ a_prev.T,
                "dba": np.sum(dtanh, axis=1, keepdims=True), "da_prev": Waa.T @ dtanh}  # fmt: skip

    dWax, dWaa, dba = np.zeros_like(Wax), np.zeros_like(Waa), np.zeros_like(ba)
    da_prevt = np.zeros((len(ba), m), p.dtype)
    for t in reversed(range(T_x)):
        step = cell_backward(Wya.T @ dy[:, :, t] + da_prevt, caches[t])
        da_prevt = step["da_prev"]
        dWax += step["dWax"]
        dWaa += step["dWaa"]
        dba += step["dba"]
    out = {"W": dWax, "U": dWaa, "b": dba[:, 0], "V": np.einsum("omt,hmt->oh", dy, a)}
    out["c"] = dy.sum(axis=(1, 2))
    return out | ({"h0": da_prevt.sum(axis=1)} if p.learned else {})


def one_sequence(p: Any) -> dict[str, Array]:
    """A simple network, one sequence at a time, dictionaries by step, gradients added up."""
    Wxh, Whh, bh, Why, by = (p.params[k] for k in "WUbVc")
    total = {k: np.zeros_like(v) for k, v in p.params.items()}
    dstart = np.zeros_like(bh)

    def loss_fun(inputs: Array, targets: Array, weights: Array, hprev: Array) -> tuple[Array, ...]:
        xs, hs, ps = {}, {-1: np.copy(hprev)}, {}
        for t in range(len(inputs)):
            xs[t] = inputs[t]
            hs[t] = np.tanh(Wxh @ xs[t] + Whh @ hs[t - 1] + bh)
            ps[t] = weights[t] * (Why @ hs[t] + by - targets[t])
        dWxh, dWhh, dWhy = np.zeros_like(Wxh), np.zeros_like(Whh), np.zeros_like(Why)
        dbh, dby = np.zeros_like(bh), np.zeros_like(by)
        dhnext = np.zeros_like(hs[0])
        for t in reversed(range(len(inputs))):
            dy = np.copy(ps[t])
            dWhy += np.outer(dy, hs[t])
            dby += dy
            dh = Why.T @ dy + dhnext
            dhraw = (1 - hs[t] * hs[t]) * dh
            dbh += dhraw
            dWxh += np.outer(dhraw, xs[t])
            dWhh += np.outer(dhraw, hs[t - 1])
            dhnext = Whh.T @ dhraw
        return dWxh, dWhh, dbh, dWhy, dby, dhnext

    for s in range(p.batch):
        *grads, dh = loss_fun(p.x[:, s], p.targets[:, s], p.mask[:, s] * p.loss_weights, p.h0[s])
        for k, v in zip("WUbVc", grads, strict=True):
            total[k] += v
        dstart += dh
    return total | ({"h0": dstart} if p.learned else {})


def checkpointed(p: Any) -> dict[str, Array]:
    """An LSTM that keeps the state of every third step only, and runs segments again."""
    W, U, b, V, c = (p.params[k] for k in "WUbVc")
    n, T, every = p.h0.shape[1], p.steps, 3

    def cell(x: Array, h: Array, s: Array) -> tuple[Array, ...]:
        z = x @ W.T + h @ U.T + b
        f, i, o = sig(z[:, :n]), sig(z[:, n : 2 * n]), sig(z[:, 2 * n : 3 * n])
        g = np.tanh(z[:, 3 * n :])
        new = f * s + i * g
        return o * np.tanh(new), new, f, i, o, g

    saved, h, s = [], p.h0, p.c0
    for t in range(T):
        if t % every == 0:
            saved.append((h, s))
        h, s = cell(p.x[t], h, s)[:2]
    out = {k: np.zeros_like(v) for k, v in p.params.items()}
    dh, ds = np.zeros_like(h), np.zeros_like(s)
    for start in range((T - 1) // every * every, -1, -every):
        h, s = saved.pop()
        stop, again = min(start + every, T), []
        for t in range(start, stop):
            new_h, new_s, f, i, o, g = cell(p.x[t], h, s)
            again.append((h, s, new_h, new_s, f, i, o, g))
            h, s = new_h, new_s
        for t in range(stop - 1, start - 1, -1):
            h_in, s_in, h_out, s_out, f, i, o, g = again[t - start]
            e = (h_out @ V.T + c - p.targets[t]) * p.mask[t][:, None] * p.loss_weights[t]
            out["V"] += e.T @ h_out
            out["c"] += e.sum(0)
            dh += e @ V
            th = np.tanh(s_out)
            ds += dh * o * (1 - th * th)
            dz = np.concatenate([ds * s_in * f * (1 - f), ds * g * i * (1 - i),
                                 dh * th * o * (1 - o), ds * i * (1 - g * g)], axis=1)  # fmt: skip
            out["W"] += dz.T @ p.x[t]
            out["U"] += dz.T @ h_in
            out["b"] += dz.sum(0)
            dh, ds = dz @ U, ds * f
    return out | ({"h0": dh.sum(0), "c0": ds.sum(0)} if p.learned else {})


def scaled_loss(p: Any) -> dict[str, Array]:
    """A simple network whose loss is scaled up by a power of two before the way back."""
    scale = p.dtype.type(2.0**7)
    W, U, b, V, c = (p.params[k] for k in "WUbVc")
    states = [p.h0]
    for x in p.x:
        states.append(np.tanh(x @ W.T + states[-1] @ U.T + b))
    miss = [(h @ V.T + c - y) for h, y in zip(states[1:], p.targets, strict=True)]
    scaled = [scale * p.loss_weights[t] * p.mask[t][:, None] * e for t, e in enumerate(miss)]
    master = {k: np.zeros(v.shape, np.float64) for k, v in p.params.items()}
    dh = np.zeros_like(p.h0)
    for t in range(p.steps - 1, -1, -1):
        dh = dh + scaled[t] @ V
        pre = dh * (1 - states[t + 1] ** 2)
        for k, left, right in (("V", scaled[t], states[t + 1]), ("W", pre, p.x[t]),
                               ("U", pre, states[t])):  # fmt: skip
            master[k] += left.T @ right
        master["c"] += scaled[t].sum(0)
        master["b"] += pre.sum(0)
        dh = pre @ U
    grads = {k: v / scale for k, v in master.items()}
    if p.learned:
        grads["h0"] = dh.sum(0) / scale
    return grads


def own_matrices(p: Any) -> dict[str, Array]:
    """A GRU with a matrix for every gate by its own name, `np.dot` and lists."""
    n = p.h0.shape[1]
    Wr, Wz, Wn = p.params["W"][:n], p.params["W"][n : 2 * n], p.params["W"][2 * n :]
    Ur, Uz, Un = p.params["U"][:n], p.params["U"][n : 2 * n], p.params["U"][2 * n :]
    br, bz, bn = p.params["b"][:n], p.params["b"][n : 2 * n], p.params["b"][2 * n :]
    V, c = p.params["V"], p.params["c"]
    h, rs, zs, ns, hs = p.h0, [], [], [], [p.h0]
    for x in p.x:
        r = sig(np.dot(x, Wr.T) + np.dot(h, Ur.T) + br)
        z = sig(np.dot(x, Wz.T) + np.dot(h, Uz.T) + bz)
        cand = np.tanh(np.dot(x, Wn.T) + np.dot(r * h, Un.T) + bn)
        h = np.multiply(z, h) + np.multiply(1 - z, cand)
        rs.append(r)
        zs.append(z)
        ns.append(cand)
        hs.append(h)
    dWr, dWz, dWn, dUr, dUz, dUn, dV = (np.zeros_like(v) for v in (Wr, Wz, Wn, Ur, Uz, Un, V))
    dbr, dbz, dbn, dc = (np.zeros_like(v) for v in (br, bz, bn, c))
    d_next = np.zeros_like(h)
    for t in range(p.steps)[::-1]:
        h_prev, r, z, cand = hs[t], rs[t], zs[t], ns[t]
        dy = (np.dot(hs[t + 1], V.T) + c - p.targets[t]) * p.loss_weights[t] * p.mask[t][:, None]
        dV += np.dot(dy.T, hs[t + 1])
        dc += np.sum(dy, axis=0)
        d = np.dot(dy, V) + d_next
        dn_in = d * (1 - z) * (1 - cand * cand)
        d_rh = np.dot(dn_in, Un)
        dz_in = d * (h_prev - cand) * z * (1 - z)
        dr_in = d_rh * h_prev * r * (1 - r)
        dWn += np.dot(dn_in.T, p.x[t])
        dWz += np.dot(dz_in.T, p.x[t])
        dWr += np.dot(dr_in.T, p.x[t])
        dUn += np.dot(dn_in.T, r * h_prev)
        dUz += np.dot(dz_in.T, h_prev)
        dUr += np.dot(dr_in.T, h_prev)
        dbn += dn_in.sum(axis=0)
        dbz += dz_in.sum(axis=0)
        dbr += dr_in.sum(axis=0)
        d_next = d * z + d_rh * r + np.dot(dz_in, Uz) + np.dot(dr_in, Ur)
    out = {"W": np.r_[dWr, dWz, dWn], "U": np.r_[dUr, dUz, dUn], "b": np.r_[dbr, dbz, dbn],
           "V": dV, "c": dc}  # fmt: skip
    return out | ({"h0": d_next.sum(axis=0)} if p.learned else {})


def sensitivities(p: Any) -> dict[str, Array]:
    """A sigmoid network, forwards: what the state has of every weight is carried along."""
    W, U, b, V, c = (p.params[k] for k in "WUbVc")
    n, m, B = len(b), W.shape[1], p.batch
    P = {"W": np.zeros((B, n, n, m), p.dtype), "U": np.zeros((B, n, n, n), p.dtype),
         "b": np.zeros((B, n, n), p.dtype)}  # fmt: skip
    S = np.broadcast_to(np.eye(n, dtype=p.dtype), (B, n, n))
    g = {k: np.zeros_like(v) for k, v in p.params.items()}
    start, eye, s = np.zeros_like(b), np.eye(n, dtype=p.dtype), p.h0
    for t in range(p.steps):
        s_old = s
        s = sig(p.x[t] @ W.T + s_old @ U.T + b)
        slope = s * (1 - s)
        own = {"W": np.einsum("ij,bk->bijk", eye, p.x[t]),
               "U": np.einsum("ij,bk->bijk", eye, s_old), "b": eye}  # fmt: skip
        P = {k: np.einsum("bi,bi...->bi...", slope, own[k] + np.einsum("il,bl...->bi...", U, v))
             for k, v in P.items()}  # fmt: skip
        S = slope[:, :, None] * (U @ S)
        e = (s @ V.T + c - p.targets[t]) * (p.mask[t] * p.loss_weights[t])[:, None]
        back = e @ V
        for k, v in P.items():
            g[k] += np.einsum("bi,bi...->...", back, v)
        start += np.einsum("bi,bij->j", back, S)
        g["V"] += np.einsum("bo,bh->oh", e, s)
        g["c"] += e.sum(axis=0)
    return g | ({"h0": start} if p.learned else {})


def stacked_lstm(p: Any) -> dict[str, Array]:
    """An LSTM by one product of [h, x] and a `meta` dictionary, sums at the end of the loop."""
    n, B = p.h0.shape[1], p.batch
    Wall = np.concatenate((p.params["U"], p.params["W"]), axis=1)
    V, by = p.params["V"], p.params["c"]
    meta, h_next, c_next = [], p.h0, p.c0
    for t in range(p.steps):
        inp = np.concatenate((h_next, p.x[t]), axis=1)
        af, ai, ao, ag = np.hsplit(inp.dot(Wall.T) + p.params["b"], 4)
        node = {"inp": inp, "c_prev": c_next, "f": sig(af), "i": sig(ai), "o": sig(ao)}
        node["g"] = np.tanh(ag)
        c_next = node["f"] * c_next + node["i"] * node["g"]
        node["c"] = c_next
        node["ct"] = np.tanh(c_next)
        h_next = node["o"] * node["ct"]
        node["h"] = h_next
        meta.append(node)
    dWall, db = np.zeros_like(Wall), np.zeros_like(p.params["b"])
    dV, dby = np.zeros_like(V), np.zeros_like(by)
    dh_next, dc_next = np.zeros((B, n), p.dtype), np.zeros((B, n), p.dtype)
    for t, node in reversed(list(enumerate(meta))):
        dout = (node["h"].dot(V.T) + by - p.targets[t]) * p.mask[t, :, None] * p.loss_weights[t]
        dV += dout.T.dot(node["h"])
        dby += dout.sum(axis=0)
        dh = dout.dot(V) + dh_next
        do = dh * node["ct"]
        dct = dh * node["o"]
        dc = dc_next + dct * (1 - node["ct"] ** 2)
        df, di, dg = dc * node["c_prev"], dc * node["g"], dc * node["i"]
        da = np.hstack((df * node["f"] * (1 - node["f"]), di * node["i"] * (1 - node["i"]),
                        do * node["o"] * (1 - node["o"]), dg * (1 - node["g"] ** 2)))  # fmt: skip
        dinp = da.dot(Wall)
        dWall += da.T.dot(node["inp"])
        db += da.sum(axis=0)
        dh_next, dc_next = dinp[:, :n], dc * node["f"]
    out = {"U": dWall[:, :n], "W": dWall[:, n:], "b": db, "V": dV, "c": dby}
    return out | ({"h0": dh_next.sum(0), "c0": dc_next.sum(0)} if p.learned else {})


# -- PyTorch and JAX ------------------------------------------------------------------------------


def torch_gru_step() -> Any:
    """One step of a GRU behind an autograd.Function."""
    import torch

    class GRUStep(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, gx: Any, h: Any, U: Any) -> Any:
            n = h.shape[1]
            rz = torch.sigmoid(gx[:, : 2 * n] + h @ U[: 2 * n].t())
            r, z = rz[:, :n], rz[:, n:]
            rh = r * h
            g = torch.tanh(gx[:, 2 * n :] + rh @ U[2 * n :].t())
            ctx.save_for_backward(h, U, r, z, g, rh)
            return z * h + (1 - z) * g

        @staticmethod
        def backward(ctx: Any, grad_output: Any) -> Any:
            h, U, r, z, g, rh = ctx.saved_tensors
            n = h.shape[1]
            grad_g = grad_output * (1 - z) * (1 - g**2)
            grad_z = grad_output * (h - g) * z * (1 - z)
            grad_rh = grad_g.mm(U[2 * n :])
            grad_r = grad_rh * h * r * (1 - r)
            grad_rz = torch.cat((grad_r, grad_z), dim=1)
            grad_gx = torch.cat((grad_rz, grad_g), dim=1)
            grad_U = torch.cat((grad_rz.t().mm(h), grad_g.t().mm(rh)), dim=0)
            grad_h = grad_output * z + grad_rh * r + grad_rz.mm(U[: 2 * n])
            return grad_gx, grad_h, grad_U

    def outputs(t: Any, p: Any) -> Any:
        h, ys = t["h0"], []
        for gx in (t["x"] @ t["W"].T + t["b"]).unbind(0):
            h = GRUStep.apply(gx, h, t["U"])
            ys.append(h @ t["V"].T + t["c"])
        return torch.stack(ys)

    return outputs


def torch_sequence() -> Any:
    """A whole simple network behind one autograd.Function."""
    import torch

    class RNN(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any, h0: Any, W: Any, U: Any, b: Any) -> Any:
            hs = [h0]
            for step in x:
                hs.append(torch.tanh(step @ W.t() + hs[-1] @ U.t() + b))
            hidden = torch.stack(hs)
            ctx.save_for_backward(x, hidden, W, U)
            return hidden[1:]

        @staticmethod
        def backward(ctx: Any, grad: Any) -> Any:
            x, hidden, W, U = ctx.saved_tensors
            grad_x, grad_W, grad_U = (torch.zeros_like(v) for v in (x, W, U))
            grad_b = torch.zeros_like(W[:, 0])
            carry = torch.zeros_like(hidden[0])
            for t in range(x.shape[0] - 1, -1, -1):
                carry = carry + grad[t]
                pre = carry * (1 - hidden[t + 1] ** 2)
                grad_x[t] = pre @ W
                grad_W += pre.t() @ x[t]
                grad_U += pre.t() @ hidden[t]
                grad_b += pre.sum(0)
                carry = pre @ U
            return grad_x, carry, grad_W, grad_U, grad_b

    def outputs(t: Any, p: Any) -> Any:
        hs = RNN.apply(t["x"], t["h0"], t["W"], t["U"], t["b"])
        return torch.nn.functional.linear(hs, t["V"], t["c"])

    return outputs


def jax_scan_rule() -> Any:
    """A whole LSTM behind a custom_vjp, its way back a scan in reverse."""
    import jax
    import jax.numpy as jnp

    def forward(W: Any, U: Any, b: Any, h: Any, c: Any, xs: Any) -> Any:
        def body(carry: Any, x: Any) -> Any:
            h, c = carry
            f, i, o, g = jnp.split(x @ W.T + h @ U.T + b, 4, axis=1)
            f, i, o, g = jax.nn.sigmoid(f), jax.nn.sigmoid(i), jax.nn.sigmoid(o), jnp.tanh(g)
            new = f * c + i * g
            out = o * jnp.tanh(new)
            return (out, new), (out, (x, h, c, new, f, i, o, g))

        _, (hs, tape) = jax.lax.scan(body, (h, c), xs)
        return hs, (W, U, tape)

    @jax.custom_vjp
    def lstm(W: Any, U: Any, b: Any, h: Any, c: Any, xs: Any) -> Any:
        return forward(W, U, b, h, c, xs)[0]

    def backward(kept: Any, bar: Any) -> Any:
        W, U, tape = kept

        def body(carry: Any, step: Any) -> Any:
            dh, dc, dW, dU, db = carry
            (x, h, c, new, f, i, o, g), seed = step
            dh = dh + seed
            tc = jnp.tanh(new)
            dc = dc + dh * o * (1 - tc * tc)
            parts = (dc * c * f * (1 - f), dc * g * i * (1 - i), dh * tc * o * (1 - o),
                     dc * i * (1 - g * g))  # fmt: skip
            dz = jnp.concatenate(parts, axis=1)
            return (dz @ U, dc * f, dW + dz.T @ x, dU + dz.T @ h, db + dz.sum(0)), dz @ W

        zero = jnp.zeros_like(bar[0])
        first = (zero, zero, jnp.zeros_like(W), jnp.zeros_like(U), jnp.zeros(W.shape[0]))
        (dh, dc, dW, dU, db), dx = jax.lax.scan(body, first, (tape, bar), reverse=True)
        return dW, dU, db, dh, dc, dx

    lstm.defvjp(forward, backward)

    def outputs(t: Any, p: Any) -> Any:
        return lstm(t["W"], t["U"], t["b"], t["h0"], t["c0"], t["x"]) @ t["V"].T + t["c"]

    return outputs


#: By name: the shipped cell, and the function.
CELLS: dict[str, tuple[str, Callable[..., Any]]] = {
    "cached_columns": ("elman", cached_columns),
    "one_sequence": ("elman", one_sequence),
    "checkpointed": ("lstm", checkpointed),
    "scaled_loss": ("elman", scaled_loss),
    "own_matrices": ("gru", own_matrices),
    "sensitivities": ("sigmoid_rnn", sensitivities),
    "stacked_lstm": ("lstm", stacked_lstm),
    "torch_gru_step": ("gru", torch_gru_step),
    "torch_sequence": ("elman", torch_sequence),
    "jax_scan_rule": ("lstm", jax_scan_rule),
}
