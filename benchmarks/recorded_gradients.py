"""Backward passes that keep records of the way forward; `recorded_changes.py` puts mistakes in.

Gates as an axis of their own, records in dataclasses, dictionaries and closures, batch before
time, row vectors times Jacobians, windows that are run again, one matrix for ``[1, x, h]``, two
layers one after the other, weights of both layers tied, whole sequences behind an
``autograd.Function`` or a ``custom_vjp``. Nothing of the package is used here but to read the
recurrences.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from bptt_sym.read import recurrence_from_latex
from bptt_sym.recurrence import Recurrence

Array = Any


def sigmoid(a: Array) -> Array:
    e = np.exp(-np.abs(a))
    return np.where(a > 0, 1 / (1 + e), e / (1 + e))


def _loss_weight(p: Any) -> Array:
    return (p.mask * p.loss_weights[:, None])[..., None]


# -- NumPy: shipped cells -------------------------------------------------------------------------


def gate_axis(p: Any) -> dict[str, Array]:
    """An LSTM whose gates are an axis: (B, 4, n) at each step, one einsum for all of them."""
    n = p.h0.shape[-1]
    W, U, b = (p.params[k].reshape(4, n, *p.params[k].shape[1:]) for k in "WUb")
    V, c = p.params["V"], p.params["c"]
    acts, hs, cs = [], [p.h0], [p.c0]
    for x in p.x:
        z = np.einsum("gni,bi->bgn", W, x) + np.einsum("gnk,bk->bgn", U, hs[-1]) + b
        a = np.concatenate([sigmoid(z[:, :3]), np.tanh(z[:, 3:])], axis=1)
        cs.append(a[:, 0] * cs[-1] + a[:, 1] * a[:, 3])
        hs.append(a[:, 2] * np.tanh(cs[-1]))
        acts.append(a)
    H, C, A = np.stack(hs), np.stack(cs), np.stack(acts)
    err = (H[1:] @ V.T + c - p.targets) * _loss_weight(p)
    slope = np.concatenate([A[:, :, :3] * (1 - A[:, :, :3]), 1 - A[:, :, 3:] ** 2], axis=2)
    dZ = np.empty_like(A)
    dh, dc = np.zeros_like(p.h0), np.zeros_like(p.c0)
    for t in reversed(range(p.steps)):
        f, i, o, g = (A[t, :, k] for k in range(4))
        tc = np.tanh(C[t + 1])
        dh = dh + err[t] @ V
        dc = dc + dh * o * (1 - tc**2)
        dZ[t] = np.stack([dc * C[t], dc * g, dh * tc, dc * i], axis=1) * slope[t]
        dh = np.einsum("bgn,gnk->bk", dZ[t], U)
        dc = dc * f
    out = {
        "W": np.einsum("tbgn,tbi->gni", dZ, p.x).reshape(4 * n, -1),
        "U": np.einsum("tbgn,tbk->gnk", dZ, H[:-1]).reshape(4 * n, -1),
        "b": dZ.sum((0, 1)).ravel(), "V": np.einsum("tbo,tbn->on", err, H[1:]),
        "c": err.sum((0, 1)),
    }  # fmt: skip
    return out | ({"h0": dh.sum(0), "c0": dc.sum(0)} if p.learned else {})


@dataclass
class Moment:
    """What one step of a GRU leaves behind."""

    x: Array
    before: Array
    r: Array
    z: Array
    q: Array
    after: Array


def moments_gru(p: Any) -> dict[str, Array]:
    """Batch first; a dataclass for each step; views of the joined gradients are added to."""
    (Wr, Wz, Wq), (Ur, Uz, Uq), (br, bz, bq) = (np.split(p.params[k], 3) for k in "WUb")
    V, c = p.params["V"], p.params["c"]
    x, y = p.x.swapaxes(0, 1), p.targets.swapaxes(0, 1)
    w = (p.mask * p.loss_weights[:, None]).T
    state, moments = p.h0, []
    for t in range(x.shape[1]):
        r = sigmoid(x[:, t] @ Wr.T + state @ Ur.T + br)
        z = sigmoid(x[:, t] @ Wz.T + state @ Uz.T + bz)
        q = np.tanh(x[:, t] @ Wq.T + (r * state) @ Uq.T + bq)
        moment = Moment(x=x[:, t], before=state, r=r, z=z, q=q, after=z * state + (1 - z) * q)
        moments.append(moment)
        state = moment.after
    grads = {k: np.zeros_like(v) for k, v in p.params.items()}
    dW, dU, db = (np.split(grads[k], 3) for k in "WUb")
    bar = np.zeros_like(p.h0)
    for t, m in reversed(list(enumerate(moments))):
        miss = (m.after @ V.T + c - y[:, t]) * w[:, t, None]
        grads["V"] += miss.T @ m.after
        grads["c"] += miss.sum(0)
        bar = bar + miss @ V
        bar_q = bar * (1 - m.z) * (1 - m.q**2)
        bar_z = bar * (m.before - m.q) * m.z * (1 - m.z)
        gated = bar_q @ Uq
        bar_r = gated * m.before * m.r * (1 - m.r)
        read = (m.before, m.before, m.r * m.before)
        for k, (pre, source) in enumerate(zip((bar_r, bar_z, bar_q), read, strict=True)):
            dW[k] += pre.T @ m.x
            dU[k] += pre.T @ source
            db[k] += pre.sum(0)
        bar = bar * m.z + gated * m.r + bar_r @ Ur + bar_z @ Uz
    if p.learned:
        grads["h0"] = bar.sum(0)
    return grads


def wrapped(p: Any) -> dict[str, Array]:
    """Batch first; the start is kept at index -1, so that H[:, t - 1] is there at t = 0."""
    W, U, b, V, c = (p.params[k] for k in "WUbVc")
    x, y = p.x.transpose(1, 0, 2), p.targets.transpose(1, 0, 2)
    N, T, _ = x.shape
    H = np.zeros((N, T + 1, len(b)), p.dtype)
    H[:, -1] = p.h0
    for t in range(T):
        H[:, t] = np.tanh(x[:, t] @ W.T + H[:, t - 1] @ U.T + b)
    d_out = (H[:, :T] @ V.T + c - y) * (p.mask * p.loss_weights[:, None]).T[..., None]
    d_in = np.zeros_like(H)
    for t in reversed(range(T)):
        d_in[:, t] = (d_out[:, t] @ V + d_in[:, t + 1] @ U) * (1 - H[:, t] ** 2)
    d_in = d_in[:, :T]
    before = np.concatenate([p.h0[:, None], H[:, : T - 1]], axis=1)
    grads = {
        "W": np.einsum("nth,nti->hi", d_in, x), "U": np.einsum("nth,ntk->hk", d_in, before),
        "b": d_in.sum((0, 1)), "V": np.einsum("nto,nth->oh", d_out, H[:, :T]),
        "c": d_out.sum((0, 1)),
    }  # fmt: skip
    if p.learned:
        grads["h0"] = (d_in[:, 0] @ U).sum(0)
    return grads


def jacobian_rows(p: Any) -> dict[str, Array]:
    """Row vectors dL/dh times the Jacobians dh_t/dh_{t-1}, example by example."""
    W, U, b, V, c = (p.params[k] for k in "WUbVc")
    T = p.steps
    dW, dU, db, dV, dc = (np.zeros_like(p.params[k]) for k in "WUbVc")
    start = np.zeros_like(p.h0[0])
    for s in range(p.batch):
        h, J, slopes = [p.h0[s]], [], []
        for t in range(T):
            h.append(np.tanh(W @ p.x[t, s] + U @ h[t] + b))
            slopes.append(1 - h[t + 1] ** 2)
            J.append(np.diag(slopes[t]) @ U)
        row = np.zeros((1, len(b)), p.dtype)
        for t in reversed(range(T)):
            e = (V @ h[t + 1] + c - p.targets[t, s]) * p.mask[t, s] * p.loss_weights[t]
            dV += np.outer(e, h[t + 1])
            dc += e
            row = row + e[None, :] @ V
            local = row[0] * slopes[t]
            dW += np.outer(local, p.x[t, s])
            dU += np.outer(local, h[t])
            db += local
            row = row @ J[t]
        start += row[0]
    out = {"W": dW, "U": dU, "b": db, "V": dV, "c": dc}
    return out | ({"h0": start} if p.learned else {})


def checkpointed(p: Any) -> dict[str, Array]:
    """Only every third state is kept; each window is run again before its way back."""
    W, U, b, V, c = (p.params[k] for k in "WUbVc")
    T, every, weight = p.steps, 3, _loss_weight(p)
    kept, h = {}, p.h0
    for t in range(T):
        if t % every == 0:
            kept[t] = h
        h = sigmoid(p.x[t] @ W.T + h @ U.T + b)
    grads = {k: np.zeros_like(v) for k, v in p.params.items()}
    bar = np.zeros_like(p.h0)
    for start in reversed(range(0, T, every)):
        stop = min(start + every, T)
        window = [kept[start]]
        for t in range(start, stop):
            window.append(sigmoid(p.x[t] @ W.T + window[-1] @ U.T + b))
        for t in reversed(range(start, stop)):
            old, new = window[t - start], window[t - start + 1]
            miss = (new @ V.T + c - p.targets[t]) * weight[t]
            grads["V"] += miss.T @ new
            grads["c"] += miss.sum(0)
            bar = bar + miss @ V
            pre = bar * new * (1 - new)
            grads["W"] += pre.T @ p.x[t]
            grads["U"] += pre.T @ old
            grads["b"] += pre.sum(0)
            bar = pre @ U
    if p.learned:
        grads["h0"] = bar.sum(0)
    return grads


def pullbacks(p: Any) -> dict[str, Array]:
    """An LSTM with one matrix for [1, x, h], gates side by side; a closure for each step back."""
    n, m = p.h0.shape[1], p.x.shape[2]
    K = np.vstack([p.params["b"], p.params["W"].T, p.params["U"].T])
    V, out_bias = p.params["V"], p.params["c"]

    def step(x: Array, h: Array, c: Array) -> tuple[Array, Array, Callable[..., Any]]:
        joined = np.hstack([np.ones((len(x), 1), x.dtype), x, h])
        pre = joined @ K
        f, i, o = (sigmoid(pre[:, k * n : (k + 1) * n]) for k in range(3))
        g = np.tanh(pre[:, 3 * n :])
        new = f * c + i * g
        squashed = np.tanh(new)

        def pull(dh: Array, dc: Array) -> tuple[Array, Array, Array]:
            dc = dc + dh * o * (1 - squashed**2)
            df, di, do, dg = dc * c, dc * g, dh * squashed, dc * i
            dpre = [df * f * (1 - f), di * i * (1 - i), do * o * (1 - o), dg * (1 - g**2)]
            dpre = np.hstack(dpre)
            return joined.T @ dpre, (dpre @ K.T)[:, 1 + m :], dc * f

        return o * squashed, new, pull

    h, c, hs, pulls = p.h0, p.c0, [], []
    for x in p.x:
        h, c, pull = step(x, h, c)
        hs.append(h)
        pulls.append(pull)
    H = np.array(hs)
    err = (H @ V.T + out_bias - p.targets) * _loss_weight(p)
    dK, dh, dc = np.zeros_like(K), np.zeros_like(p.h0), np.zeros_like(p.c0)
    for e, pull in zip(reversed(err), reversed(pulls), strict=True):
        dK_t, dh, dc = pull(dh + e @ V, dc)
        dK += dK_t
    grads = {"b": dK[0], "W": dK[1 : 1 + m].T, "U": dK[1 + m :].T}
    grads |= {"V": np.tensordot(err, H, ((0, 1), (0, 1))), "c": err.sum((0, 1))}
    return grads | ({"h0": dh.sum(0), "c0": dc.sum(0)} if p.learned else {})


# -- PyTorch and JAX ------------------------------------------------------------------------------


def torch_sequence() -> Any:
    """A whole simple RNN behind one autograd.Function."""
    import torch

    class Unrolled(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any, W: Any, U: Any, b: Any, h0: Any) -> Any:
            states = [h0]
            for step in x:
                states.append(torch.tanh(step @ W.T + states[-1] @ U.T + b))
            H = torch.stack(states)
            ctx.save_for_backward(x, W, U, H)
            return H[1:].clone()

        @staticmethod
        def backward(ctx: Any, grad_H: Any) -> Any:
            x, W, U, H = ctx.saved_tensors
            pre, carry = torch.zeros_like(grad_H), torch.zeros_like(H[0])
            for t in range(len(x) - 1, -1, -1):
                pre[t] = (grad_H[t] + carry) * (1 - H[t + 1] ** 2)
                carry = pre[t] @ U
            flat = pre.flatten(0, 1)
            grad_W, grad_U = flat.T @ x.flatten(0, 1), flat.T @ H[:-1].flatten(0, 1)
            return pre @ W, grad_W, grad_U, flat.sum(0), carry

    def outputs(t: Any, p: Any) -> Any:
        h = Unrolled.apply(t["x"], t["W"], t["U"], t["b"], t["h0"])
        return h @ t["V"].T + t["c"]

    return outputs


def jax_reversed() -> Any:
    """A whole LSTM behind a custom_vjp; both ways are scans."""
    import jax
    import jax.numpy as jnp

    def forward(W: Any, U: Any, b: Any, h0: Any, c0: Any, x: Any) -> Any:
        def body(carry: Any, x: Any) -> Any:
            h, c = carry
            f, i, o, g = jnp.split(x @ W.T + h @ U.T + b, 4, axis=1)
            f, i, o, g = jax.nn.sigmoid(f), jax.nn.sigmoid(i), jax.nn.sigmoid(o), jnp.tanh(g)
            new = f * c + i * g
            return (o * jnp.tanh(new), new), (h, c, f, i, o, g, new, o * jnp.tanh(new))

        _, kept = jax.lax.scan(body, (h0, c0), x)
        return kept[-1], (W, U, x, kept[:-1])

    def backward(saved: Any, bars: Any) -> Any:
        W, U, xs, kept = saved

        def body(carry: Any, step: Any) -> Any:
            dh, dc, dW, dU, db = carry
            bar, x, (h, c, f, i, o, g, new) = step
            dh = dh + bar
            s = jnp.tanh(new)
            dc = dc + dh * o * (1 - s * s)
            d = jnp.hstack([dc * c * f * (1 - f), dc * g * i * (1 - i), dh * s * o * (1 - o),
                            dc * i * (1 - g * g)])  # fmt: skip
            return (d @ U, dc * f, dW + d.T @ x, dU + d.T @ h, db + d.sum(0)), d @ W

        zeros = [jnp.zeros_like(v) for v in (kept[0][0], kept[1][0], W, U, W[:, 0])]
        (dh, dc, dW, dU, db), dx = jax.lax.scan(body, tuple(zeros), (bars, xs, kept), reverse=True)
        return dW, dU, db, dh, dc, dx

    @jax.custom_vjp
    def sequence(W: Any, U: Any, b: Any, h0: Any, c0: Any, x: Any) -> Any:
        return forward(W, U, b, h0, c0, x)[0]

    sequence.defvjp(forward, backward)

    def outputs(t: Any, p: Any) -> Any:
        h = sequence(t["W"], t["U"], t["b"], t["h0"], t["c0"], t["x"])
        return h @ t["V"].T + t["c"]

    return outputs


# -- NumPy: recurrences of one's own --------------------------------------------------------------


def _misses(p: Any, name: str, value: Array) -> Array:
    return (value - p.series[f"\\hat{{{name}}}"]) * _loss_weight(p)


def gated_stack(p: Any) -> dict[str, Array]:
    """A gated layer on a simple one: the upper one's whole way back, then the lower one's."""
    A, B, a, C, D, k, E, m = (p.params[j] for j in ("A", "B", "a", "C", "D", "k", "E", "m"))
    x, T = p.series["x"], p.steps
    H, S, Z, Q = [p.start("h")], [p.start("s")], [], []
    for t in range(T):
        H.append(np.tanh(x[t] @ A.T + H[t] @ B.T + a))
        Z.append(sigmoid(H[t + 1] @ C.T + S[t] @ D.T + k))
        Q.append(np.tanh(H[t + 1] @ E.T + m))
        S.append(Z[t] * S[t] + (1 - Z[t]) * Q[t])
    seeds_h, seeds_s = _misses(p, "h", np.array(H[1:])), _misses(p, "s", np.array(S[1:]))
    g = {j: np.zeros_like(v) for j, v in p.params.items()}
    below, ds = [np.zeros_like(H[0])] * T, np.zeros_like(S[0])
    for t in range(T - 1, -1, -1):
        ds = ds + seeds_s[t]
        dz = ds * (S[t] - Q[t]) * Z[t] * (1 - Z[t])
        dq = ds * (1 - Z[t]) * (1 - Q[t] ** 2)
        g["C"] += dz.T @ H[t + 1]
        g["D"] += dz.T @ S[t]
        g["k"] += dz.sum(0)
        g["E"] += dq.T @ H[t + 1]
        g["m"] += dq.sum(0)
        below[t] = dz @ C + dq @ E
        ds = ds * Z[t] + dz @ D
    dh = np.zeros_like(H[0])
    for t in range(T - 1, -1, -1):
        da = (dh + seeds_h[t] + below[t]) * (1 - H[t + 1] ** 2)
        g["A"] += da.T @ x[t]
        g["B"] += da.T @ H[t]
        g["a"] += da.sum(0)
        dh = da @ B
    return g | ({"h0": dh.sum(0), "s0": ds.sum(0)} if p.learned else {})


def shared_layers(p: Any) -> dict[str, Array]:
    """Two layers with one recurrent matrix and one bias; a list of layers, a record of each."""
    A, R, a, C = (p.params[j] for j in ("A", "R", "a", "C"))
    x, T = p.series["x"], p.steps
    states = [[p.start("h")], [p.start("s")]]
    for t in range(T):
        below = x[t]
        for layer, matrix in enumerate((A, C)):
            below = np.tanh(below @ matrix.T + states[layer][t] @ R.T + a)
            states[layer].append(below)
    H, S = (np.array(v) for v in states)
    seeds = [_misses(p, "h", H[1:]), _misses(p, "s", S[1:])]
    dA, dR, da, dC = (np.zeros_like(v) for v in (A, R, a, C))
    carry = [np.zeros_like(H[0]), np.zeros_like(S[0])]
    for t in reversed(range(T)):
        top = (carry[1] + seeds[1][t]) * (1 - S[t + 1] ** 2)
        low = (carry[0] + seeds[0][t] + top @ C) * (1 - H[t + 1] ** 2)
        dC += top.T @ H[t + 1]
        dA += low.T @ x[t]
        dR += top.T @ S[t] + low.T @ H[t]
        da += top.sum(0) + low.sum(0)
        carry = [low @ R, top @ R]
    out = {"A": dA, "R": dR, "a": da, "C": dC}
    return out | ({"h0": carry[0].sum(0), "s0": carry[1].sum(0)} if p.learned else {})


def leaky(p: Any) -> dict[str, Array]:
    """Leaky units whose rates are learned, all steps' values in arrays."""
    A, B, a, k = (p.params[j] for j in ("A", "B", "a", "k"))
    x, T = p.series["x"], p.steps
    h = np.empty((T + 1, p.batch, len(a)), p.dtype)
    q = np.empty((T, p.batch, len(a)), p.dtype)
    h[0] = p.start("h")
    for t in range(T):
        q[t] = np.tanh(x[t] @ A.T + h[t] @ B.T + a)
        h[t + 1] = h[t] + k * (q[t] - h[t])
    seeds = _misses(p, "h", h[1:])
    total, pre = np.empty_like(q), np.empty_like(q)
    bar = np.zeros_like(h[0])
    for t in reversed(range(T)):
        total[t] = bar + seeds[t]
        pre[t] = total[t] * k * (1 - q[t] ** 2)
        bar = total[t] * (1 - k) + pre[t] @ B
    out = {
        "A": np.einsum("tbn,tbi->ni", pre, x), "B": np.einsum("tbn,tbk->nk", pre, h[:-1]),
        "a": pre.sum((0, 1)), "k": (total * (q - h[:-1])).sum((0, 1)),
    }  # fmt: skip
    return out | ({"h0": bar.sum(0)} if p.learned else {})


@cache
def recurrence(name: str) -> Recurrence:
    """The recurrences that ship with no cell."""
    shapes: dict[str, Any]
    if name == "gated_stack":
        lines = [
            r"h_t = \tanh(A x_t + B h_{t-1} + a)",
            r"z_t = \sigma(C h_t + D s_{t-1} + k)",
            r"q_t = \tanh(E h_t + m)",
            r"s_t = z_t \odot s_{t-1} + (1 - z_t) \odot q_t",
        ]
        shapes = dict.fromkeys("ha", ("n",)) | dict.fromkeys("szqkm", ("k",)) | {"x": ("i",)}
        shapes |= {"A": ("n", "i"), "B": ("n", "n"), "C": ("k", "n"), "D": ("k", "k")}
        shapes |= {"E": ("k", "n")}
    elif name == "shared_layers":
        lines = [
            r"h_t = \tanh(A x_t + R h_{t-1} + a)",
            r"s_t = \tanh(C h_t + R s_{t-1} + a)",
        ]
        shapes = dict.fromkeys("hsa", ("n",)) | dict.fromkeys("RC", ("n", "n"))
        shapes |= {"x": ("i",), "A": ("n", "i")}
    else:
        lines = [
            r"q_t = \tanh(A x_t + B h_{t-1} + a)",
            r"h_t = h_{t-1} + k \odot (q_t - h_{t-1})",
        ]
        shapes = dict.fromkeys("qhak", ("n",)) | {"x": ("i",), "A": ("n", "i"), "B": ("n", "n")}
    return recurrence_from_latex(lines, name=name, shapes=shapes)


#: By name: the shipped cell or recurrence that it belongs to, and the function.
CELLS: dict[str, tuple[str, Callable[..., Any]]] = {
    "gate_axis": ("lstm", gate_axis),
    "moments_gru": ("gru", moments_gru),
    "wrapped": ("elman", wrapped),
    "jacobian_rows": ("elman", jacobian_rows),
    "checkpointed": ("sigmoid_rnn", checkpointed),
    "pullbacks": ("lstm", pullbacks),
    "torch_sequence": ("elman", torch_sequence),
    "jax_reversed": ("lstm", jax_reversed),
    "gated_stack": ("gated_stack", gated_stack),
    "shared_layers": ("shared_layers", shared_layers),
    "leaky": ("leaky", leaky),
}
