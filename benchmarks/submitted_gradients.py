"""Backward passes in yet other styles; `submitted_changes.py` puts mistakes in.

Loops over units, an associative scan over steps, layers that keep stacks, functional folds, columns
with rows of ones, real-time recurrent learning of a joint state, sums over lags, PyTorch hooks and
JAX over examples. Nothing of the package is used here.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from itertools import accumulate
from typing import Any, NamedTuple

import numpy as np

Array = Any


def logistic(a: Array) -> Array:
    return 1 / (1 + np.exp(-np.clip(a, -700, 700)))


def unit_loops(p: Any) -> dict[str, Array]:
    """A simple network; a loop for every index, numbers instead of arrays."""
    W, U, b, V, c = (p.params[k] for k in "WUbVc")
    (n, m), k, T = W.shape, len(c), p.steps
    dW, dU, db, dV, dc = (np.zeros_like(v) for v in (W, U, b, V, c))
    dstart = np.zeros_like(b)
    for s in range(p.batch):
        h = [list(p.h0[s])]
        for t in range(T):
            row = []
            for i in range(n):
                a = b[i]
                for j in range(m):
                    a += W[i, j] * p.x[t, s, j]
                for j in range(n):
                    a += U[i, j] * h[t][j]
                row.append(np.tanh(a))
            h.append(row)
        back = [0.0 * b[0]] * n
        for t in range(T - 1, -1, -1):
            error = []
            for o in range(k):
                y = c[o]
                for j in range(n):
                    y += V[o, j] * h[t + 1][j]
                error.append(p.mask[t, s] * p.loss_weights[t] * (y - p.targets[t, s, o]))
            delta = []
            for i in range(n):
                total = back[i]
                for o in range(k):
                    total += error[o] * V[o, i]
                delta.append(total * (1 - h[t + 1][i] ** 2))
            for i in range(n):
                db[i] += delta[i]
                for j in range(m):
                    dW[i, j] += delta[i] * p.x[t, s, j]
                for j in range(n):
                    dU[i, j] += delta[i] * h[t][j]
            for o in range(k):
                dc[o] += error[o]
                for j in range(n):
                    dV[o, j] += error[o] * h[t + 1][j]
            back = [sum(U[i, j] * delta[i] for i in range(n)) for j in range(n)]
        for j in range(n):
            dstart[j] += back[j]
    return {"W": dW, "U": dU, "b": db, "V": dV, "c": dc} | ({"h0": dstart} if p.learned else {})


def doubling(p: Any) -> dict[str, Array]:
    """A simple network; cotangents of all steps by an associative scan that doubles its stride."""
    W, U, b, V, c = (p.params[k] for k in "WUbVc")
    T = p.steps
    H = np.empty((T + 1, *p.h0.shape), p.dtype)
    H[0] = p.h0
    for t in range(T):
        H[t + 1] = np.tanh(p.x[t] @ W.T + H[t] @ U.T + b)
    err = p.mask[:, :, None] * p.loss_weights[:, None, None] * (H[1:] @ V.T + c - p.targets)
    slope = 1 - H[1:] ** 2
    lam = err @ V
    M = np.zeros((T, p.batch, len(b), len(b)), p.dtype)
    M[:-1] = np.einsum("ij,tbi->tbji", U, slope[1:])
    stride = 1
    while stride < T:
        moved = np.einsum("tbij,tbj->tbi", M[:-stride], lam[stride:])
        joined = M[:-stride] @ M[stride:]
        lam[:-stride] += moved
        M[:-stride] = joined
        M[-stride:] = 0
        stride *= 2
    delta = lam * slope
    out = {
        "W": np.einsum("tbn,tbm->nm", delta, p.x), "U": np.einsum("tbn,tbk->nk", delta, H[:-1]),
        "b": np.einsum("tbn->n", delta), "V": np.einsum("tbo,tbn->on", err, H[1:]),
        "c": np.einsum("tbo->o", err),
    }  # fmt: skip
    return out | ({"h0": np.einsum("bi,ij->j", delta[0], U)} if p.learned else {})


class Affine:
    """W x + U h + b with a stack of what it was given."""

    def __init__(self, W: Array, U: Array, b: Array) -> None:
        self.W, self.U, self.b = W, U, b
        self.dW, self.dU, self.db = np.zeros_like(W), np.zeros_like(U), np.zeros_like(b)
        self.stack: list[Any] = []

    def forward(self, x: Array, h: Array) -> Array:
        self.stack.append((x, h))
        return x @ self.W.T + h @ self.U.T + self.b

    def backward(self, d: Array) -> Array:
        x, h = self.stack.pop()
        self.dW += d.T @ x
        self.dU += d.T @ h
        self.db += d.sum(axis=0)
        return d @ self.U


class Pointwise:
    """An activation with a stack of its values."""

    def __init__(self, f: Callable[[Array], Array], df: Callable[[Array], Array]) -> None:
        self.f, self.df = f, df
        self.stack: list[Any] = []

    def forward(self, a: Array) -> Array:
        self.stack.append(self.f(a))
        return self.stack[-1]

    def backward(self, d: Array) -> Array:
        return d * self.df(self.stack.pop())


def layered_lstm(p: Any) -> dict[str, Array]:
    """An LSTM of little layers, each of which keeps a stack and pops it on the way back."""
    n = p.h0.shape[1]
    rows = {k: slice(j * n, (j + 1) * n) for j, k in enumerate("fiog")}
    pre = {k: Affine(*(p.params[q][r] for q in "WUb")) for k, r in rows.items()}
    act = {k: Pointwise(logistic, lambda s: s * (1 - s)) for k in "fio"}
    act["g"] = Pointwise(np.tanh, lambda y: 1 - y**2)
    squash = Pointwise(np.tanh, lambda y: 1 - y**2)
    products: list[Any] = []
    h, c, H = p.h0, p.c0, []
    for t in range(p.steps):
        v = {k: act[k].forward(pre[k].forward(p.x[t], h)) for k in "gofi"}
        new = v["f"] * c + v["i"] * v["g"]
        s = squash.forward(new)
        products.append((v, c, s))
        h, c = v["o"] * s, new
        H.append(h)
    V = p.params["V"]
    err = np.array(H) @ V.T + p.params["c"] - p.targets
    err *= (p.mask * p.loss_weights[:, None])[:, :, None]
    out = {"V": sum(e.T @ y for e, y in zip(err, H, strict=True)), "c": err.sum(axis=(0, 1))}
    dh, dc = np.zeros_like(h), np.zeros_like(c)
    for t in reversed(range(p.steps)):
        v, c_old, s = products.pop()
        dh = dh + err[t] @ V
        dc = dc + squash.backward(dh * v["o"])
        bars = {"f": dc * c_old, "i": dc * v["g"], "o": dh * s, "g": dc * v["i"]}
        dh = sum(pre[k].backward(act[k].backward(bars[k])) for k in "ifgo")
        dc = dc * v["f"]
    for q in "WUb":
        out[q] = np.concatenate([getattr(pre[k], f"d{q}") for k in "fiog"])
    return out | ({"h0": dh.sum(axis=0), "c0": dc.sum(axis=0)} if p.learned else {})


class Moment(NamedTuple):
    """A step of a GRU, and the one before it."""

    h: Array
    r: Array = None
    z: Array = None
    g: Array = None
    t: int = -1
    old: Array = None


def folded_gru(p: Any) -> dict[str, Array]:
    """A GRU: steps by `accumulate`, the way back by `reduce`; blocks of three."""
    (Wr, Wz, Wg), (Ur, Uz, Ug), (br, bz, bg) = (np.split(p.params[k], 3) for k in "WUb")
    V, c = p.params["V"], p.params["c"]

    def forward(m: Moment, t: int) -> Moment:
        x, h = p.x[t], m.h
        r = logistic(x @ Wr.T + h @ Ur.T + br)
        z = logistic(x @ Wz.T + h @ Uz.T + bz)
        g = np.tanh(x @ Wg.T + (r * h) @ Ug.T + bg)
        return Moment(g + z * (h - g), r, z, g, t, h)

    def back(carry: tuple[Array, dict[str, Array]], m: Moment) -> tuple[Array, dict[str, Array]]:
        dh, grads = carry
        x, weight = p.x[m.t], p.mask[m.t][:, None] * p.loss_weights[m.t]
        e = weight * (m.h @ V.T + c - p.targets[m.t])
        dh = dh + e @ V
        ag = dh * (1 - m.z) * (1 - m.g**2)
        az = dh * (m.old - m.g) * m.z * (1 - m.z)
        bar = ag @ Ug
        ar = bar * m.old * m.r * (1 - m.r)
        more = {
            "W": np.vstack([a.T @ x for a in (ar, az, ag)]),
            "U": np.vstack([ar.T @ m.old, az.T @ m.old, ag.T @ (m.r * m.old)]),
            "b": np.concatenate([a.sum(0) for a in (ar, az, ag)]), "V": e.T @ m.h, "c": e.sum(0),
        }  # fmt: skip
        dh = dh * m.z + bar * m.r + ar @ Ur + az @ Uz
        return dh, {k: grads[k] + v for k, v in more.items()}

    moments = list(accumulate(range(p.steps), forward, initial=Moment(p.h0)))[1:]
    nothing = {k: np.zeros_like(v) for k, v in p.params.items()}
    dh, grads = reduce(back, moments[::-1], (np.zeros_like(p.h0), nothing))
    return grads | ({"h0": dh.sum(0)} if p.learned else {})


def ones_lstm(p: Any) -> dict[str, Array]:
    """Columns (., B); one matrix for [h; x; 1], gates in the order g, i, f, o, put back last."""
    n, m = p.h0.shape[1], p.x.shape[2]
    order = [3, 1, 0, 2]
    rows = np.concatenate([np.arange(k * n, (k + 1) * n) for k in order])
    K = np.hstack([p.params["U"], p.params["W"], p.params["b"][:, None]])[rows]
    Q = np.hstack([p.params["V"], p.params["c"][:, None]])
    one = np.ones((1, p.batch), p.dtype)
    h, c, tape = p.h0.T, p.c0.T, []
    for t in range(p.steps):
        v = np.vstack([h, p.x[t].T, one])
        a = K @ v
        g, (i, f, o) = np.tanh(a[:n]), np.split(logistic(a[n:]), 3)
        tape.append((v, g, i, f, o, c))
        c = g * i + f * c
        h = o * np.tanh(c)
    dK, dQ = np.zeros_like(K), np.zeros_like(Q)
    dh, dc, new = np.zeros_like(h), np.zeros_like(c), c
    for t in range(p.steps - 1, -1, -1):
        v, g, i, f, o, c = tape[t]
        tc = np.tanh(new)
        u = np.vstack([o * tc, one])
        e = (Q @ u - p.targets[t].T) * (p.mask[t] * p.loss_weights[t])
        dQ += e @ u.T
        dh = dh + Q[:, :n].T @ e
        dc = dc + dh * o * (1 - tc**2)
        da = np.vstack([dc * i * (1 - g**2), dc * g * i * (1 - i), dc * c * f * (1 - f),
                        dh * tc * o * (1 - o)])  # fmt: skip
        dK += da @ v.T
        dv = K.T @ da
        dh, dc, new = dv[:n], dc * f, c
    back = np.empty_like(dK)
    back[rows] = dK
    out = {"U": back[:, :n], "W": back[:, n : n + m], "b": back[:, -1], "V": dQ[:, :n]}
    return out | {"c": dQ[:, -1]} | ({"h0": dh.sum(1), "c0": dc.sum(1)} if p.learned else {})


def joint_rtrl(p: Any) -> dict[str, Array]:
    """An LSTM forwards: (h, c) carry their derivatives by all entries of [W, U, b] along."""
    n, m, B = p.h0.shape[1], p.x.shape[2], p.batch
    W, U, b, V, c_out = (p.params[k] for k in "WUbVc")
    width = m + n + 1
    count = 4 * n * width
    h, c = p.h0, p.c0
    Sh, Sc = np.zeros((2, B, n, count + 2 * n), p.dtype)
    Sh[:, :, count : count + n] = np.eye(n)
    Sc[:, :, count + n :] = np.eye(n)
    total, dV, dc_out = np.zeros(count + 2 * n, p.dtype), np.zeros_like(V), np.zeros_like(c_out)
    for t in range(p.steps):
        z = p.x[t] @ W.T + h @ U.T + b
        f, i, o = (logistic(z[:, k * n : (k + 1) * n]) for k in range(3))
        g = np.tanh(z[:, 3 * n :])
        seen = np.concatenate([p.x[t], h, np.ones((B, 1), p.dtype)], axis=1)
        Sz = np.einsum("rk,bkq->brq", U, Sh)
        for r in range(4 * n):
            Sz[:, r, r * width : (r + 1) * width] += seen
        Sf, Si, So, Sg = np.split(Sz, 4, axis=1)
        new = f * c + i * g
        tc = np.tanh(new)
        Sc = f[:, :, None] * Sc + (c * f * (1 - f))[:, :, None] * Sf
        Sc += (g * i * (1 - i))[:, :, None] * Si + (i * (1 - g * g))[:, :, None] * Sg
        Sh = (o * (1 - tc * tc))[:, :, None] * Sc + (tc * o * (1 - o))[:, :, None] * So
        h, c = o * tc, new
        e = (h @ V.T + c_out - p.targets[t]) * p.mask[t][:, None] * p.loss_weights[t]
        total += np.einsum("bo,on,bnq->q", e, V, Sh)
        dV += e.T @ h
        dc_out += e.sum(0)
    block = total[:count].reshape(4 * n, width)
    out = {"W": block[:, :m], "U": block[:, m : m + n], "b": block[:, -1], "V": dV, "c": dc_out}
    ends = {"h0": total[count : count + n], "c0": total[count + n :]}
    return out | (ends if p.learned else {})


def by_lags(p: Any) -> dict[str, Array]:
    """A sigmoid network; lag after lag, the products of Jacobians of all steps at once."""
    W, U, b, V, c = (p.params[k] for k in "WUbVc")
    T = p.steps
    states = [p.h0]
    for x in p.x:
        states.append(logistic(x @ W.T + states[-1] @ U.T + b))
    S = np.stack(states)
    err = (S[1:] @ V.T + c - p.targets) * (p.mask * p.loss_weights[:, None])[..., None]
    D = S[1:] * (1 - S[1:])
    local = (err @ V) * D
    grads = {k: np.zeros_like(v) for k, v in p.params.items()}
    grads["V"] += np.einsum("tbo,tbh->oh", err, S[1:])
    grads["c"] += err.sum((0, 1))
    start, moved = np.zeros_like(b), local
    for lag in range(T):
        used = T - lag
        grads["W"] += np.einsum("tbh,tbi->hi", moved, p.x[:used])
        grads["U"] += np.einsum("tbh,tbk->hk", moved, S[:used])
        grads["b"] += moved.sum((0, 1))
        start += (moved[0] @ U).sum(0)
        moved = (moved[1:] @ U) * D[: used - 1]
    return grads | ({"h0": start} if p.learned else {})


# -- PyTorch and JAX ------------------------------------------------------------------------------


def torch_joined() -> Any:
    """One step of an LSTM behind an autograd.Function: [x, h] joined, saved tensors."""
    import torch

    class Step(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any, h: Any, c: Any, K: Any, b: Any) -> Any:
            xh = torch.cat([x, h], dim=1)
            f, i, o, g = (xh @ K.t() + b).chunk(4, dim=1)
            f, i, o, g = torch.sigmoid(f), torch.sigmoid(i), torch.sigmoid(o), torch.tanh(g)
            new = c * f + i * g
            ctx.save_for_backward(xh, K, f, i, o, g, c, new)
            ctx.split = x.shape[1]
            return o * torch.tanh(new), new

        @staticmethod
        def backward(ctx: Any, dh: Any, dc_next: Any) -> Any:
            xh, K, f, i, o, g, c, new = ctx.saved_tensors
            tc = torch.tanh(new)
            dc = dc_next + dh * o * (1 - tc.pow(2))
            dz = torch.cat([
                dc * c * f * (1 - f), dc * g * i * (1 - i),
                dh * tc * o * (1 - o), dc * i * (1 - g.pow(2)),
            ], dim=1)  # fmt: skip
            dxh = dz @ K
            return (dxh[:, : ctx.split], dxh[:, ctx.split :], dc * f,
                    dz.t() @ xh, dz.sum(dim=0))  # fmt: skip

    def outputs(t: Any, p: Any) -> Any:
        h, c, ys = t["h0"], t["c0"], []
        K = torch.cat([t["W"], t["U"]], dim=1)
        for x in t["x"].unbind(0):
            h, c = Step.apply(x, h, c, K, t["b"])
            ys.append(h)
        return torch.stack(ys).matmul(t["V"].t()) + t["c"]

    return outputs


def torch_hooks() -> Any:
    """A GRU as a graph, its state's gradients seen by a hook."""
    import torch

    def outputs(t: Any, p: Any) -> Any:
        n = t["h0"].shape[1]
        h, ys = t["h0"], []
        for k, x in enumerate(t["x"]):  # noqa: B007  # mistakes count with it
            a = torch.nn.functional.linear(x, t["W"], t["b"])
            r = torch.sigmoid(a[:, :n] + h @ t["U"][:n].T)
            z = torch.sigmoid(a[:, n : 2 * n] + h @ t["U"][n : 2 * n].T)
            g = torch.tanh(a[:, 2 * n :] + (r * h) @ t["U"][2 * n :].T)
            h = z * h + (1 - z) * g
            h.register_hook(lambda grad: grad * 1)
            ys.append(torch.nn.functional.linear(h, t["V"], t["c"]))
        return torch.stack(ys)

    return outputs


def jax_examples() -> Any:
    """One example's step of a simple network behind a custom_vjp, mapped over the batch."""
    import jax
    import jax.numpy as jnp

    @jax.custom_vjp
    def step(W: Any, U: Any, b: Any, h: Any, x: Any) -> Any:
        return jnp.tanh(W @ x + U @ h + b)

    def forward(W: Any, U: Any, b: Any, h: Any, x: Any) -> Any:
        y = step(W, U, b, h, x)
        return y, (W, U, h, x, y)

    def backward(kept: Any, bar: Any) -> Any:
        W, U, h, x, y = kept
        a = bar * (1 - y * y)
        return jnp.outer(a, x), jnp.outer(a, h), a, U.T @ a, W.T @ a

    step.defvjp(forward, backward)
    rows = jax.vmap(step, in_axes=(None, None, None, 0, 0))

    def outputs(t: Any, p: Any) -> Any:
        def body(h: Any, x: Any) -> Any:
            h = rows(t["W"], t["U"], t["b"], h, x)
            return h, h

        _, hs = jax.lax.scan(body, t["h0"], t["x"])
        return hs @ t["V"].T + t["c"]

    return outputs


#: By name: the shipped cell, and the function.
CELLS: dict[str, tuple[str, Callable[..., Any]]] = {
    "unit_loops": ("elman", unit_loops),
    "doubling": ("elman", doubling),
    "layered_lstm": ("lstm", layered_lstm),
    "folded_gru": ("gru", folded_gru),
    "ones_lstm": ("lstm", ones_lstm),
    "joint_rtrl": ("lstm", joint_rtrl),
    "by_lags": ("sigmoid_rnn", by_lags),
    "torch_joined": ("lstm", torch_joined),
    "torch_hooks": ("gru", torch_hooks),
    "jax_examples": ("elman", jax_examples),
}
