"""Gradients of the four cells in styles that people share: gists, extensions, solvers' interfaces.

A bias row on top of one matrix, packed sequences, one flat vector of parameters, work arrays that
are written in place, generators that wait for their cotangents, a cell as in tutorials on
extensions, sequences as one ``autograd.Function``, a scan with its own reverse rule, code that asks
for what is needed only. `contributed_changes.py` puts mistakes in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

Array = Any


def expit(a: Array) -> Array:
    return 1 / (1 + np.exp(-a))


def bias_row_lstm(p: Any) -> dict[str, Array]:
    """One matrix with a row for the bias, then x, then h; columns i, f, o, g."""
    q, (T, B) = p.params, p.mask.shape
    d = q["U"].shape[1]
    order = [1, 0, 2, 3]
    blocks = [np.vstack([q["b"][k * d:(k + 1) * d], q["W"][k * d:(k + 1) * d].T,
                         q["U"][k * d:(k + 1) * d].T]) for k in order]  # fmt: skip
    WLSTM = np.hstack(blocks)
    xphpb = len(WLSTM)
    Hin = np.zeros((T, B, xphpb), p.dtype)
    Hout = np.zeros((T, B, d), p.dtype)
    IFOG = np.zeros((T, B, 4 * d), p.dtype)
    IFOGf = np.zeros_like(IFOG)
    C, Ct = np.zeros_like(Hout), np.zeros_like(Hout)
    for t in range(T):
        prevh = Hout[t - 1] if t > 0 else p.h0
        prevc = C[t - 1] if t > 0 else p.c0
        Hin[t, :, 0] = 1
        Hin[t, :, 1:-d] = p.x[t]
        Hin[t, :, -d:] = prevh
        IFOG[t] = Hin[t].dot(WLSTM)
        IFOGf[t, :, :3 * d] = expit(IFOG[t, :, :3 * d])
        IFOGf[t, :, 3 * d:] = np.tanh(IFOG[t, :, 3 * d:])
        C[t] = IFOGf[t, :, :d] * IFOGf[t, :, 3 * d:] + IFOGf[t, :, d:2 * d] * prevc
        Ct[t] = np.tanh(C[t])
        Hout[t] = IFOGf[t, :, 2 * d:3 * d] * Ct[t]
    dY = (Hout @ q["V"].T + q["c"] - p.targets) * (p.mask * p.loss_weights[:, None])[..., None]
    dHout, dC = dY @ q["V"], np.zeros_like(C)
    dIFOG, dIFOGf = np.zeros_like(IFOG), np.zeros_like(IFOGf)
    dWLSTM, dHin = np.zeros_like(WLSTM), np.zeros_like(Hin)
    dh0, dc0 = np.zeros_like(p.h0), np.zeros_like(p.c0)
    for t in reversed(range(T)):
        dIFOGf[t, :, 2 * d:3 * d] = Ct[t] * dHout[t]
        dC[t] += (1 - Ct[t] ** 2) * (IFOGf[t, :, 2 * d:3 * d] * dHout[t])
        if t > 0:
            dIFOGf[t, :, d:2 * d] = C[t - 1] * dC[t]
            dC[t - 1] += IFOGf[t, :, d:2 * d] * dC[t]
        else:
            dIFOGf[t, :, d:2 * d] = p.c0 * dC[t]
            dc0 = IFOGf[t, :, d:2 * d] * dC[t]
        dIFOGf[t, :, :d] = IFOGf[t, :, 3 * d:] * dC[t]
        dIFOGf[t, :, 3 * d:] = IFOGf[t, :, :d] * dC[t]
        dIFOG[t, :, 3 * d:] = (1 - IFOGf[t, :, 3 * d:] ** 2) * dIFOGf[t, :, 3 * d:]
        y = IFOGf[t, :, :3 * d]
        dIFOG[t, :, :3 * d] = (y * (1.0 - y)) * dIFOGf[t, :, :3 * d]
        dWLSTM += np.dot(Hin[t].transpose(), dIFOG[t])
        dHin[t] = dIFOG[t].dot(WLSTM.transpose())
        if t > 0:
            dHout[t - 1, :] += dHin[t, :, -d:]
        else:
            dh0 += dHin[t, :, -d:]
    parts = [dWLSTM[:, order.index(k) * d:(order.index(k) + 1) * d] for k in range(4)]
    out = {"b": np.hstack([w[0] for w in parts]), "W": np.vstack([w[1:-d].T for w in parts]),
           "U": np.vstack([w[-d:].T for w in parts])}  # fmt: skip
    out |= {"V": np.einsum("tbo,tbh->oh", dY, Hout), "c": dY.sum((0, 1))}
    return out | ({"h0": dh0.sum(0), "c0": dc0.sum(0)} if p.learned else {})


def packed_gru(p: Any) -> dict[str, Array]:
    """Examples sorted by length, as many rows in each step as still run."""
    q, B = p.params, p.batch
    n = q["U"].shape[1]
    weight = p.mask * p.loss_weights[:, None]
    lengths = np.array([max(np.flatnonzero(weight[:, b]), default=-1) + 1 for b in range(B)])
    order = np.argsort(-lengths, kind="stable")
    batch_sizes = [int((lengths > t).sum()) for t in range(max(lengths, default=0))]
    h, kept = p.h0[order], []
    x, target, weight = p.x[:, order], p.targets[:, order], weight[:, order]
    Wr, Wz, Wn = q["W"].reshape(3, n, -1)
    Ur, Uz, Un = q["U"].reshape(3, n, n)
    br, bz, bn = q["b"].reshape(3, n)
    for t, size in enumerate(batch_sizes):
        prev = h[:size]
        r = expit(x[t, :size] @ Wr.T + prev @ Ur.T + br)
        z = expit(x[t, :size] @ Wz.T + prev @ Uz.T + bz)
        g = np.tanh(x[t, :size] @ Wn.T + (r * prev) @ Un.T + bn)
        h = np.concatenate([g + z * (prev - g), h[size:]])
        kept.append((prev, r, z, g, h[:size]))
    dW, dU, db = np.zeros((3, n, x.shape[2])), np.zeros((3, n, n)), np.zeros((3, n))
    dV, dc = np.zeros_like(q["V"]), np.zeros_like(q["c"])
    dh = np.zeros((B, n))
    for t in range(len(batch_sizes) - 1, -1, -1):
        size = batch_sizes[t]
        prev, r, z, g, new = kept[t]
        err = weight[t, :size, None] * (new @ q["V"].T + q["c"] - target[t, :size])
        dV += err.T @ new
        dc += err.sum(0)
        bar = dh[:size] + err @ q["V"]
        ag = bar * (1 - z) * (1 - g * g)
        az = bar * (prev - g) * z * (1 - z)
        inner = ag @ Un
        ar = inner * prev * r * (1 - r)
        for k, (a, v) in enumerate(((ar, prev), (az, prev), (ag, r * prev))):
            dW[k] += a.T @ x[t, :size]
            dU[k] += a.T @ v
            db[k] += a.sum(0)
        dh[:size] = bar * z + inner * r + ar @ Ur + az @ Uz
    start = np.empty_like(dh)
    start[order] = dh
    out = {"W": dW.reshape(3 * n, -1), "U": dU.reshape(3 * n, n), "b": db.ravel(), "V": dV, "c": dc}
    return out | ({"h0": start.sum(0)} if p.learned else {"h0": start})


def flat_theta(p: Any) -> dict[str, Array]:
    """All parameters in one vector, the gradient in another, views into both."""
    names = list(p.params)
    theta = np.concatenate([p.params[k].ravel() for k in names])
    grad = np.zeros_like(theta)
    views, slots, start = {}, {}, 0
    for k in names:
        size, shape = p.params[k].size, p.params[k].shape
        views[k] = theta[start:start + size].reshape(shape)
        slots[k] = grad[start:start + size].reshape(shape)
        start += size
    T, B = p.mask.shape
    H = np.empty((T + 1, *p.h0.shape), p.dtype)
    H[0] = p.h0
    for t in range(T):
        np.matmul(H[t], views["U"].T, out=H[t + 1])
        H[t + 1] += p.x[t] @ views["W"].T + views["b"]
        H[t + 1] *= -1
        np.exp(H[t + 1], out=H[t + 1])
        H[t + 1] += 1
        np.reciprocal(H[t + 1], out=H[t + 1])
    err = H[1:].reshape(T * B, -1) @ views["V"].T + views["c"] - p.targets.reshape(T * B, -1)
    err *= (p.loss_weights[:, None] * p.mask).reshape(T * B, 1)
    slots["V"] += err.T @ H[1:].reshape(T * B, -1)
    slots["c"] += err.sum(0)
    lam = (err @ views["V"]).reshape(T, B, -1)
    slope = H[1:] * (1 - H[1:])
    lam[-1] *= slope[-1]
    for t in range(T - 2, -1, -1):
        lam[t] += lam[t + 1] @ views["U"]
        lam[t] *= slope[t]
    flat = lam.reshape(T * B, -1)
    slots["W"] += flat.T @ p.x.reshape(T * B, -1)
    slots["U"] += flat.T @ H[:-1].reshape(T * B, -1)
    slots["b"] += flat.sum(0)
    out = {k: slots[k].copy() for k in names}
    return out | ({"h0": (lam[0] @ views["U"]).sum(0)} if p.learned else {})


def workspace_lstm(p: Any) -> dict[str, Array]:
    """Columns, (gate, unit, example); every array of the way back is written in place."""
    q, (T, B) = p.params, p.mask.shape
    n = q["U"].shape[1]
    W, U, b = q["W"].reshape(4, n, -1), q["U"].reshape(4, n, n), q["b"].reshape(4, n, 1)
    h, c = np.empty((2, T + 1, n, B), p.dtype)
    h[0], c[0] = p.h0.T, p.c0.T
    act, tc = np.empty((T, 4, n, B), p.dtype), np.empty((T, n, B), p.dtype)
    for t in range(T):
        np.add(W @ p.x[t].T, U @ h[t], out=act[t])
        act[t] += b
        np.tanh(act[t, 3], out=act[t, 3])
        act[t, :3] = expit(act[t, :3])
        np.multiply(act[t, 0], c[t], out=c[t + 1])
        c[t + 1] += act[t, 1] * act[t, 3]
        np.tanh(c[t + 1], out=tc[t])
        np.multiply(act[t, 2], tc[t], out=h[t + 1])
    e = np.einsum("oh,thb->tob", q["V"], h[1:]) + q["c"][:, None] - p.targets.transpose(0, 2, 1)
    e *= (p.mask * p.loss_weights[:, None])[:, None, :]
    dh, dc = np.zeros((2, n, B), p.dtype)
    da, tmp = np.empty((4, n, B), p.dtype), np.empty((n, B), p.dtype)
    dW, dU, db = np.zeros_like(W), np.zeros_like(U), np.zeros_like(b)
    for t in range(T - 1, -1, -1):
        f, i, o, g = act[t]
        dh += q["V"].T @ e[t]
        np.multiply(dh, tc[t], out=da[2])
        np.multiply(dh, o, out=tmp)
        tmp -= tmp * tc[t] ** 2
        dc += tmp
        np.multiply(dc, c[t], out=da[0])
        np.multiply(dc, g, out=da[1])
        np.multiply(dc, i, out=da[3])
        da[:3] *= act[t, :3] * (1 - act[t, :3])
        da[3] *= 1 - g ** 2
        dW += np.einsum("knb,bi->kni", da, p.x[t])
        dU += np.einsum("knb,mb->knm", da, h[t])
        db += da.sum(2, keepdims=True)
        np.einsum("knm,knb->mb", U, da, out=dh)
        dc *= f
    out = {"W": dW.reshape(4 * n, -1), "U": dU.reshape(4 * n, n), "b": db.ravel()}
    out |= {"V": np.einsum("tob,thb->oh", e, h[1:]), "c": e.sum((0, 2))}
    return out | ({"h0": dh.sum(1), "c0": dc.sum(1)} if p.learned else {})


def waiting(p: Any) -> dict[str, Array]:
    """Each step is a generator: it yields the new state, and is sent the cotangent of it."""
    W, U, b, V, c = (p.params[k] for k in "WUbVc")
    g = {k: np.zeros_like(v) for k, v in p.params.items()}

    def step(x: Array, h: Array) -> Iterator[Array]:
        y = np.tanh(x @ W.T + h @ U.T + b)
        bar = yield y
        pre = bar - bar * y * y
        g["W"] += pre.T @ x
        g["U"] += pre.T @ h
        g["b"] += pre.sum(0)
        yield pre @ U

    def read(t: int, h: Array) -> Iterator[Array]:
        miss = (h @ V.T + c - p.targets[t]) * p.mask[t][:, None]
        yield miss
        miss = p.loss_weights[t] * miss
        g["V"] += miss.T @ h
        g["c"] += miss.sum(0)
        yield miss @ V

    h, steps, heads = p.h0, [], []
    for t in range(p.steps):
        steps.append(step(p.x[t], h))
        h = next(steps[-1])
        heads.append(read(t, h))
        next(heads[-1])
    bar = np.zeros_like(h)
    while steps:
        bar = bar + next(heads.pop())
        bar = steps.pop().send(bar)
    return g | ({"h0": bar.sum(0)} if p.learned else {})


# -- PyTorch and JAX ------------------------------------------------------------------------------


def torch_extension() -> Any:
    """An LSTM's step as tutorials on extensions write it."""
    import torch

    class Cell(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any, weights: Any, bias: Any, old_h: Any, old_cell: Any) -> Any:
            X = torch.cat([old_h, x], dim=1)
            gates = torch.addmm(bias, X, weights.t()).chunk(4, dim=1)
            forget, inp, out = (torch.sigmoid(v) for v in gates[:3])
            candidate = torch.tanh(gates[3])
            new_cell = old_cell * forget + candidate * inp
            new_h = torch.tanh(new_cell) * out
            ctx.save_for_backward(X, weights, forget, inp, out, candidate, new_cell, old_cell)
            return new_h, new_cell

        @staticmethod
        def backward(ctx: Any, grad_h: Any, grad_cell: Any) -> Any:
            X, weights, forget, inp, out, candidate, new_cell, old_cell = ctx.saved_tensors
            tanh_new_cell = new_cell.tanh()
            d_out = tanh_new_cell * grad_h
            d_tanh = out * grad_h
            d_new_cell = d_tanh * (1 - tanh_new_cell.pow(2)) + grad_cell
            d_old_cell = d_new_cell * forget
            d_forget = d_new_cell * old_cell
            d_candidate = inp * d_new_cell
            d_inp = candidate * d_new_cell
            d_forget = d_forget * forget * (1 - forget)
            d_inp = d_inp * inp * (1 - inp)
            d_out = d_out * out * (1 - out)
            d_candidate = d_candidate * (1 - candidate.pow(2))
            d_gates = torch.cat([d_forget, d_inp, d_out, d_candidate], dim=1)
            d_weights = d_gates.t().mm(X)
            d_bias = d_gates.sum(dim=0)
            d_X = d_gates.mm(weights)
            size = grad_h.shape[1]
            return d_X[:, size:], d_weights, d_bias, d_X[:, :size], d_old_cell

    def outputs(t: Any, p: Any) -> Any:
        h, c, ys = t["h0"], t["c0"], []
        weights = torch.cat([t["U"], t["W"]], dim=1)
        for x in t["x"]:
            h, c = Cell.apply(x, weights, t["b"], h, c)
            ys.append(h)
        return torch.stack(ys) @ t["V"].t() + t["c"]

    return outputs


def torch_needed() -> Any:
    """A GRU over the whole sequence; what nobody needs is not computed."""
    import torch

    class Sequence(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any, h0: Any, W: Any, U: Any, b: Any) -> Any:
            n, h = U.shape[1], h0
            projected = x @ W.T + b
            saved = []
            for a in projected:
                rz = torch.sigmoid(a[:, :2 * n] + h @ U[:2 * n].T)
                r, z = rz.split(n, 1)
                g = torch.tanh(a[:, 2 * n:] + (r * h) @ U[2 * n:].T)
                saved.append(torch.cat([h, r, z, g], 1))
                h = torch.lerp(g, h, z)
            ctx.save_for_backward(x, W, U, torch.stack(saved))
            return torch.stack([*(s[:, :n] for s in saved[1:]), h])

        @staticmethod
        def backward(ctx: Any, bars: Any) -> Any:
            x, W, U, saved = ctx.saved_tensors
            n = U.shape[1]
            pre = torch.zeros(*x.shape[:2], 3 * n, dtype=x.dtype)
            dh, dU = torch.zeros_like(bars[0]), torch.zeros_like(U)
            for t in reversed(range(len(x))):
                h, r, z, g = saved[t].split(n, 1)
                dh = dh + bars[t]
                pre[t, :, 2 * n:] = dh * (1 - z) * (1 - g * g)
                back = pre[t, :, 2 * n:] @ U[2 * n:]
                pre[t, :, :n] = back * h * r * (1 - r)
                pre[t, :, n:2 * n] = dh * (h - g) * z * (1 - z)
                if ctx.needs_input_grad[3]:
                    dU[:2 * n] += pre[t, :, :2 * n].T @ h
                    dU[2 * n:] += pre[t, :, 2 * n:].T @ (r * h)
                dh = dh * z + back * r + pre[t, :, :2 * n] @ U[:2 * n]
            dx = dW = db = None
            if ctx.needs_input_grad[0]:
                dx = pre @ W
            if ctx.needs_input_grad[2]:
                dW = torch.einsum("tbk,tbi->ki", pre, x)
            if ctx.needs_input_grad[4]:
                db = pre.sum((0, 1))
            return dx, dh, dW, dU, db

    def outputs(t: Any, p: Any) -> Any:
        return Sequence.apply(t["x"], t["h0"], t["W"], t["U"], t["b"]) @ t["V"].T + t["c"]

    return outputs


def jax_scan() -> Any:
    """A sigmoid network whose reverse rule is a scan with the gradient in its carry."""
    import jax
    import jax.numpy as jnp

    def run(theta: Any, h0: Any, xs: Any) -> Any:
        def body(h: Any, x: Any) -> Any:
            new = jax.nn.sigmoid(x @ theta["W"].T + h @ theta["U"].T + theta["b"])
            return new, new

        return jax.lax.scan(body, h0, xs)[1]

    states = jax.custom_vjp(run)

    def forward(theta: Any, h0: Any, xs: Any) -> Any:
        hs = run(theta, h0, xs)
        return hs, (theta, h0, xs, hs)

    def backward(kept: Any, bars: Any) -> Any:
        theta, h0, xs, hs = kept

        def body(carry: Any, row: Any) -> Any:
            lam, sums = carry
            x, old, new, bar = row
            pre = (lam + bar) * new * (1 - new)
            share = {"W": pre.T @ x, "U": pre.T @ old, "b": pre.sum(0)}
            return (pre @ theta["U"], jax.tree.map(jnp.add, sums, share)), pre @ theta["W"]

        old = jnp.concatenate([h0[None], hs[:-1]])
        zero = jax.tree.map(jnp.zeros_like, theta)
        start = (jnp.zeros_like(h0), zero)
        (lam, sums), dxs = jax.lax.scan(body, start, (xs, old, hs, bars), reverse=True)
        return sums, lam, dxs

    states.defvjp(forward, backward)

    def outputs(a: Any, p: Any) -> Any:
        theta = {k: a[k] for k in "WUb"}
        return states(theta, a["h0"], a["x"]) @ a["V"].T + a["c"]

    return outputs


CELLS: dict[str, tuple[str, Callable[..., Any]]] = {
    "bias_row_lstm": ("lstm", bias_row_lstm),
    "packed_gru": ("gru", packed_gru),
    "flat_theta": ("sigmoid_rnn", flat_theta),
    "workspace_lstm": ("lstm", workspace_lstm),
    "waiting": ("elman", waiting),
    "torch_extension": ("lstm", torch_extension),
    "torch_needed": ("gru", torch_needed),
    "jax_scan": ("sigmoid_rnn", jax_scan),
}
