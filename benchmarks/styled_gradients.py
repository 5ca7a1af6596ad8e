"""Backward passes in other styles of writing, each with one mistake, and right ones in as many forms.

Einsum with the batch in front, classes with caches, tapes of closures, packed gates in another
order, a whole sequence behind one ``autograd.Function`` or ``custom_vjp``, heads with softmax,
label smoothing and weight decay, states that are held at masked steps, two directions. What is
wrong is one line of right code; the same code is also rewritten without changing what it computes.
Nothing of the package is used here but to read the recurrences.
"""

# ruff: noqa: E501  # the changed lines are data

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from bptt_sym.read import recurrence_from_latex
from bptt_sym.recurrence import Recurrence

Array = Any


def sigmoid(a: Array) -> Array:
    e = np.exp(-abs(a))
    return np.where(a > 0, 1, e) / (1 + e)


# -- NumPy: shipped cells -------------------------------------------------------------------------


def einsum_gru(p: Any) -> dict[str, Array]:
    """The batch in front, einsum for every product, rows packed as z, g, r."""
    n = p.h0.shape[1]
    order = np.r_[n : 2 * n, 2 * n : 3 * n, :n]
    W, U, b = (p.params[k][order].reshape(3, n, *p.params[k].shape[1:]) for k in "WUb")
    V, c = p.params["V"], p.params["c"]
    x, y = p.x.swapaxes(0, 1), p.targets.swapaxes(0, 1)
    w = (p.mask * p.loss_weights[:, None]).T[..., None]
    N, T = x.shape[:2]
    ax = np.einsum("bti,ghi->gbth", x, W) + b[:, None, None]
    H = np.empty((N, T + 1, n), p.dtype)
    Z, G, R = (np.empty((N, T, n), p.dtype) for _ in range(3))
    H[:, 0] = p.h0
    for t in range(T):
        old = H[:, t]
        Z[:, t] = sigmoid(ax[0, :, t] + np.einsum("bk,hk->bh", old, U[0]))
        R[:, t] = sigmoid(ax[2, :, t] + np.einsum("bk,hk->bh", old, U[2]))
        G[:, t] = np.tanh(ax[1, :, t] + np.einsum("bk,hk->bh", R[:, t] * old, U[1]))
        H[:, t + 1] = Z[:, t] * old + (1 - Z[:, t]) * G[:, t]
    E = (np.einsum("bth,oh->bto", H[:, 1:], V) + c - y) * w
    seed = np.einsum("bto,oh->bth", E, V)
    D = np.empty((3, N, T, n), p.dtype)
    carry = np.zeros((N, n), p.dtype)
    for t in range(T - 1, -1, -1):
        old, z, r, g = H[:, t], Z[:, t], R[:, t], G[:, t]
        dh = carry + seed[:, t]
        D[0, :, t] = dh * (old - g) * z * (1 - z)
        D[1, :, t] = dh * (1 - z) * (1 - g * g)
        q = np.einsum("bh,hk->bk", D[1, :, t], U[1])
        D[2, :, t] = q * old * r * (1 - r)
        carry = dh * z + q * r + np.einsum("gbh,ghk->bk", D[::2, :, t], U[::2])
    S = np.stack([H[:, :-1], R * H[:, :-1], H[:, :-1]])
    back = np.argsort(order)
    grads = {
        "W": np.einsum("gbth,bti->ghi", D, x).reshape(3 * n, -1)[back],
        "U": np.einsum("gbth,gbtk->ghk", D, S).reshape(3 * n, -1)[back],
        "b": np.einsum("gbth->gh", D).reshape(-1)[back],
        "V": np.einsum("bto,bth->oh", E, H[:, 1:]),
        "c": np.einsum("bto->o", E),
    }
    if p.learned:
        grads["h0"] = carry.sum(0)
    return grads


def class_lstm(p: Any) -> dict[str, Array]:
    """A layer object with a stack of caches, the batch in front, gates packed as i, f, g, o."""
    n = p.h0.shape[1]

    class Layer:
        def __init__(self, kernel: Array, recurrent: Array, bias: Array) -> None:
            self.kernel, self.recurrent, self.bias = kernel, recurrent, bias
            self.d_kernel = np.zeros_like(kernel)
            self.d_recurrent = np.zeros_like(recurrent)
            self.d_bias = np.zeros_like(bias)
            self.stack: list[Any] = []

        def forward(self, x: Array, h: Array, c: Array) -> tuple[Array, Array]:
            z = x @ self.kernel + h @ self.recurrent + self.bias
            i, f, g, o = np.split(z, 4, axis=-1)
            i, f, g, o = sigmoid(i), sigmoid(f), np.tanh(g), sigmoid(o)
            c_new = f * c + i * g
            squashed = np.tanh(c_new)
            self.stack.append((x, h, c, i, f, g, o, squashed))
            return o * squashed, c_new

        def backward(self, dh: Array, dc: Array) -> tuple[Array, Array]:
            x, h, c, i, f, g, o, squashed = self.stack.pop()
            d_o = dh * squashed
            dc = dc + dh * o * (1 - squashed**2)
            d_i, d_f, d_g = dc * g, dc * c, dc * i
            dz = np.concatenate(
                [d_i * i * (1 - i), d_f * f * (1 - f), d_g * (1 - g**2), d_o * o * (1 - o)], axis=-1
            )
            self.d_kernel += x.T @ dz
            self.d_recurrent += h.T @ dz
            self.d_bias += dz.sum(axis=0)
            return dz @ self.recurrent.T, dc * f

    f, i, o, g = (slice(k * n, k * n + n) for k in range(4))
    pack = lambda a: np.concatenate([a[i], a[f], a[g], a[o]])  # noqa: E731
    layer = Layer(pack(p.params["W"]).T, pack(p.params["U"]).T, pack(p.params["b"]))
    V, bias = p.params["V"], p.params["c"]
    x, y = np.swapaxes(p.x, 0, 1), np.swapaxes(p.targets, 0, 1)
    w = np.swapaxes(p.mask * p.loss_weights[:, None], 0, 1)
    h, c, outs = p.h0, p.c0, []
    for t in range(x.shape[1]):
        h, c = layer.forward(x[:, t], h, c)
        outs.append(h)
    dV, db = np.zeros_like(V), np.zeros_like(bias)
    dh, dc = np.zeros_like(p.h0), np.zeros_like(p.c0)
    for t in reversed(range(x.shape[1])):
        err = (outs[t] @ V.T + bias - y[:, t]) * w[:, t, None]
        dV += err.T @ outs[t]
        db += err.sum(axis=0)
        dh, dc = layer.backward(dh + err @ V, dc)
    unpack = lambda a: np.concatenate([a[n : 2 * n], a[:n], a[3 * n :], a[2 * n : 3 * n]])  # noqa: E731
    grads = {"W": unpack(layer.d_kernel.T), "U": unpack(layer.d_recurrent.T),
             "b": unpack(layer.d_bias), "V": dV, "c": db}  # fmt: skip
    if p.learned:
        grads |= {"h0": dh.sum(axis=0), "c0": dc.sum(axis=0)}
    return grads


def taped_rnn(p: Any) -> dict[str, Array]:
    """Every operation leaves a closure on a tape, which is run from its end."""
    W, U, b, V, c = (p.params[k] for k in "WUbVc")
    total = {k: np.zeros_like(v) for k, v in p.params.items()}
    bars: dict[Any, Array] = {}
    tape: list[Callable[[], None]] = []

    def send(key: Any, value: Array) -> None:
        bars[key] = bars[key] + value if key in bars else value

    def cell(t: int, x: Array, h: Array) -> Array:
        new = np.tanh(x @ W.T + h @ U.T + b)

        def back() -> None:
            da = bars[t + 1] * (1 - new * new)
            total["W"] += da.T @ x
            total["U"] += da.T @ h
            total["b"] += da.sum(0)
            send(t, da @ U)

        tape.append(back)
        return new

    def head(t: int, h: Array) -> None:
        miss = (h @ V.T + c - p.targets[t]) * (p.mask[t] * p.loss_weights[t])[:, None]

        def back() -> None:
            total["V"] += miss.T @ h
            total["c"] += miss.sum(0)
            send(t + 1, miss @ V)

        tape.append(back)

    h = p.h0
    for t in range(p.steps):
        h = cell(t, p.x[t], h)
        head(t, h)
    while tape:
        tape.pop()()
    if p.learned:
        total["h0"] = bars[0].sum(0)
    return total


# -- NumPy: recurrences of one's own --------------------------------------------------------------


def misses(p: Any, name: str, value: Array) -> Array:
    scale = (p.mask * p.loss_weights[:, None])[..., None]
    return (value - p.series[f"\\hat{{{name}}}"]) * scale


def shared_gate(p: Any) -> dict[str, Array]:
    """An LSTM whose input gate is 1 - f, with peepholes; weights' gradients after the loop."""
    P = p.params
    W, R, a, k, Q, S, m = (P[j] for j in ("W", "R", "a", "k", "Q", "S", "m"))
    A, B, e, l = (P[j] for j in ("A", "B", "e", "l"))  # noqa: E741
    x = p.series["x"]
    T, N = p.mask.shape
    n = len(k)
    h, c = np.zeros((T + 1, N, n), p.dtype), np.zeros((T + 1, N, n), p.dtype)
    h[0], c[0] = p.start("h"), p.start("c")
    f, g, o = (np.zeros((T, N, n), p.dtype) for _ in range(3))
    for t in range(T):
        f[t] = sigmoid(x[t] @ W.T + h[t] @ R.T + a * c[t] + k)
        g[t] = np.tanh(x[t] @ Q.T + h[t] @ S.T + m)
        c[t + 1] = f[t] * c[t] + (1 - f[t]) * g[t]
        o[t] = sigmoid(x[t] @ A.T + h[t] @ B.T + e * c[t + 1] + l)
        h[t + 1] = o[t] * np.tanh(c[t + 1])
    loss_h, loss_c = misses(p, "h", h[1:]), misses(p, "c", c[1:])
    df, dg, do = (np.zeros((T, N, n), p.dtype) for _ in range(3))
    dh, dc = np.zeros_like(h[0]), np.zeros_like(c[0])
    for t in range(T)[::-1]:
        dh = dh + loss_h[t]
        tc = np.tanh(c[t + 1])
        do[t] = dh * tc * o[t] * (1 - o[t])
        dc = dc + loss_c[t] + dh * o[t] * (1 - tc**2) + do[t] * e
        df[t] = dc * (c[t] - g[t]) * f[t] * (1 - f[t])
        dg[t] = dc * (1 - f[t]) * (1 - g[t] ** 2)
        dh = df[t] @ R + dg[t] @ S + do[t] @ B
        dc = dc * f[t] + df[t] * a
    both = lambda u, v: np.tensordot(u, v, axes=((0, 1), (0, 1)))  # noqa: E731
    out = {
        "W": both(df, x), "R": both(df, h[:-1]), "a": (df * c[:-1]).sum((0, 1)), "k": df.sum((0, 1)),
        "Q": both(dg, x), "S": both(dg, h[:-1]), "m": dg.sum((0, 1)),
        "A": both(do, x), "B": both(do, h[:-1]), "e": (do * c[1:]).sum((0, 1)), "l": do.sum((0, 1)),
    }  # fmt: skip
    if p.learned:
        out |= {"h0": dh.sum(0), "c0": dc.sum(0)}
    return out


def bottleneck(p: Any) -> dict[str, Array]:
    """A residual state, h_t = h_{t-1} + A tanh(B h_{t-1} + C x_t + d), examples one by one."""
    A, B, C, d = (p.params[k] for k in "ABCd")
    T, N = p.mask.shape
    g = {k: np.zeros_like(v) for k, v in p.params.items()}
    g0 = np.zeros_like(p.start("h"))
    for b in range(N):
        h, u = [p.start("h")[b]], []
        for t in range(T):
            u.append(np.tanh(B.dot(h[t]) + C.dot(p.series["x"][t, b]) + d))
            h.append(h[t] + A.dot(u[t]))
        bar = np.zeros_like(h[0])
        for t in range(T, 0, -1):
            bar = (
                bar
                + (h[t] - p.series["\\hat{h}"][t - 1, b]) * p.mask[t - 1, b] * p.loss_weights[t - 1]
            )
            g["A"] += np.outer(bar, u[t - 1])
            pre = A.T.dot(bar) * (1 - u[t - 1] ** 2)
            g["B"] += np.outer(pre, h[t - 1])
            g["C"] += np.outer(pre, p.series["x"][t - 1, b])
            g["d"] += pre
            bar = bar + B.T.dot(pre)
        g0[b] = bar
    if p.learned:
        g["h0"] = g0.sum(0)
    return g


def leaky_stack(p: Any) -> dict[str, Array]:
    """A tanh layer below a layer with one gate, in columns (n, B)."""
    A, B, a, C, D, k, E, F, m = (p.params[j] for j in ("A", "B", "a", "C", "D", "k", "E", "F", "m"))
    T = p.steps
    X = p.series["x"].transpose(0, 2, 1)
    col = lambda v: v[:, None]  # noqa: E731
    h, s = {-1: p.start("h").T}, {-1: p.start("s").T}
    z, q = {}, {}
    for t in range(T):
        h[t] = np.tanh(A @ X[t] + B @ h[t - 1] + col(a))
        z[t] = sigmoid(C @ h[t] + D @ s[t - 1] + col(k))
        q[t] = np.tanh(E @ h[t] + F @ s[t - 1] + col(m))
        s[t] = z[t] * s[t - 1] + (1 - z[t]) * q[t]
    states = lambda v: np.array([v[t].T for t in range(T)])  # noqa: E731
    eh, es = misses(p, "h", states(h)), misses(p, "s", states(s))
    G = {j: np.zeros_like(v) for j, v in p.params.items()}
    below, above = np.zeros_like(h[-1]), np.zeros_like(s[-1])
    for t in range(T - 1, -1, -1):
        above = above + es[t].T
        dz = above * (s[t - 1] - q[t]) * z[t] * (1 - z[t])
        dq = above * (1 - z[t]) * (1 - q[t] ** 2)
        below = below + eh[t].T + C.T @ dz + E.T @ dq
        da = below * (1 - h[t] ** 2)
        G["C"] += dz @ h[t].T
        G["D"] += dz @ s[t - 1].T
        G["k"] += dz.sum(1)
        G["E"] += dq @ h[t].T
        G["F"] += dq @ s[t - 1].T
        G["m"] += dq.sum(1)
        G["A"] += da @ X[t].T
        G["B"] += da @ h[t - 1].T
        G["a"] += da.sum(1)
        above = above * z[t] + D.T @ dz + F.T @ dq
        below = B.T @ da
    if p.learned:
        G["h0"], G["s0"] = below.sum(1), above.sum(1)
    return G


# -- PyTorch and JAX ------------------------------------------------------------------------------


def torch_gru() -> Any:
    """One step of a GRU behind an autograd.Function."""
    import torch

    class Step(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, zr: Any, zz: Any, xg: Any, h: Any, Ug: Any) -> Any:
            r, z = torch.sigmoid(zr), torch.sigmoid(zz)
            g = torch.tanh(xg + (r * h) @ Ug.T)
            ctx.save_for_backward(r, z, g, h, Ug)
            return torch.lerp(g, h, z)

        @staticmethod
        def backward(ctx: Any, dh: Any) -> Any:
            r, z, g, h, Ug = ctx.saved_tensors
            dg = dh * (1 - z) * (1 - g * g)
            drh = dg @ Ug
            dr = drh * h * r * (1 - r)
            dz = dh * (h - g) * z * (1 - z)
            return dr, dz, dg, dh * z + drh * r, dg.T @ (r * h)

    def outputs(t: Any, p: Any) -> Any:
        n = t["h0"].shape[-1]
        Ur, Uz, Ug = t["U"].split(n)
        x = t["x"] @ t["W"].T + t["b"]
        h, out = t["h0"], []
        for k in range(x.shape[0]):
            xr, xz, xg = x[k].split(n, 1)
            h = Step.apply(xr + h @ Ur.T, xz + h @ Uz.T, xg, h, Ug)
            out.append(h)
        return torch.stack(out) @ t["V"].T + t["c"]

    return outputs


def torch_sequence() -> Any:
    """A whole simple network behind one autograd.Function."""
    import torch

    class Whole(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any, h0: Any, W: Any, U: Any, b: Any) -> Any:
            hs = [h0]
            for t in range(len(x)):
                hs.append(torch.tanh(x[t] @ W.T + hs[-1] @ U.T + b))
            hs = torch.stack(hs)
            ctx.save_for_backward(x, hs, W, U)
            return hs[1:].clone()

        @staticmethod
        def backward(ctx: Any, grad: Any) -> Any:
            x, hs, W, U = ctx.saved_tensors
            dh = torch.zeros_like(hs[0])
            da = torch.empty_like(grad)
            for t in reversed(range(len(x))):
                dh = dh + grad[t]
                da[t] = dh * (1 - hs[t + 1] ** 2)
                dh = da[t] @ U
            flat = da.flatten(0, 1)
            dW = flat.T @ x.flatten(0, 1)
            dU = flat.T @ hs[:-1].flatten(0, 1)
            return da @ W, dh, dW, dU, flat.sum(0)

    def outputs(t: Any, p: Any) -> Any:
        h = Whole.apply(t["x"], t["h0"], t["W"], t["U"], t["b"])
        return h @ t["V"].T + t["c"]

    return outputs


def jax_lstm() -> Any:
    """The whole sequence of an LSTM behind one custom_vjp, both ways by scan."""
    import jax
    import jax.numpy as jnp

    def step(W: Any, U: Any, b: Any, carry: Any, x: Any) -> Any:
        h, c = carry
        f, i, o, g = jnp.split(x @ W.T + h @ U.T + b, 4, -1)
        f, i, o, g = jax.nn.sigmoid(f), jax.nn.sigmoid(i), jax.nn.sigmoid(o), jnp.tanh(g)
        new = f * c + i * g
        y = o * jnp.tanh(new)
        return (y, new), (y, (x, h, c, f, i, o, g, new))

    @jax.custom_vjp
    def layer(x: Any, h0: Any, c0: Any, W: Any, U: Any, b: Any) -> Any:
        return jax.lax.scan(lambda k, v: step(W, U, b, k, v), (h0, c0), x)[1][0]

    def forward(x: Any, h0: Any, c0: Any, W: Any, U: Any, b: Any) -> Any:
        _, (ys, saved) = jax.lax.scan(lambda k, v: step(W, U, b, k, v), (h0, c0), x)
        return ys, (saved, W, U)

    def backward(kept: Any, bar: Any) -> Any:
        saved, W, U = kept

        def back(carry: Any, now: Any) -> Any:
            dh, dc = carry
            g_out, (x, h, c, f, i, o, g, new) = now
            dh = dh + g_out
            th = jnp.tanh(new)
            dc = dc + dh * o * (1 - th * th)
            dz = jnp.concatenate([dc * c * f * (1 - f), dc * g * i * (1 - i),
                                  dh * th * o * (1 - o), dc * i * (1 - g * g)], -1)  # fmt: skip
            return (dz @ U, dc * f), (dz, dz.T @ x, dz.T @ h)

        zero = jnp.zeros_like(saved[1][0])
        (dh0, dc0), (dz, dW, dU) = jax.lax.scan(back, (zero, zero), (bar, saved), reverse=True)
        return dz @ W, dh0, dc0, dW.sum(0), dU.sum(0), dz.sum((0, 1))

    layer.defvjp(forward, backward)

    def outputs(t: Any, p: Any) -> Any:
        return layer(t["x"], t["h0"], t["c0"], t["W"], t["U"], t["b"]) @ t["V"].T + t["c"]

    return outputs


# -- pairs of a loss and a gradient ---------------------------------------------------------------


def smoothed(p: Any, x: Array, y: Array) -> Array:
    """Cross entropy with smoothed labels, a state that is held where the mask is 0, weight decay."""
    mask = np.array([[1, 1, 1], [1, 0, 1], [0, 1, 1], [1, 0, 1]], float)
    label = np.eye(y.shape[2])[np.argmax(y, 2)] * 0.9 + 0.1 / y.shape[2]
    h, out = p["h0"], []
    for t in range(len(x)):
        new = np.tanh(x[t] @ p["W"].T + h @ p["U"].T + p["b"])
        h = mask[t][:, None] * new + (1 - mask[t][:, None]) * h
        z = h @ p["V"].T + p["d"]
        log = z - np.log(np.exp(z).sum(1, keepdims=True))
        out.append(-(label[t] * log).sum(1) @ mask[t] / mask.sum())
    decay = 0.05 * sum((p[k] ** 2).sum() for k in ("W", "U", "V"))
    return np.array([*out, decay])


def smoothed_gradient(p: Any, x: Array, y: Array) -> dict[str, Array]:
    mask = np.array([[1, 1, 1], [1, 0, 1], [0, 1, 1], [1, 0, 1]], float)
    label = np.eye(y.shape[2])[np.argmax(y, 2)] * 0.9 + 0.1 / y.shape[2]
    hs, new = [p["h0"]], []
    for t in range(len(x)):
        new.append(np.tanh(x[t] @ p["W"].T + hs[-1] @ p["U"].T + p["b"]))
        hs.append(np.where(mask[t][:, None] > 0, new[t], hs[-1]))
    g = {k: np.zeros_like(v) for k, v in p.items()}
    dh = np.zeros_like(p["h0"])
    for t in reversed(range(len(x))):
        z = hs[t + 1] @ p["V"].T + p["d"]
        prob = np.exp(z) / np.exp(z).sum(1, keepdims=True)
        dz = (prob - label[t]) * mask[t][:, None] / mask.sum()
        g["V"] += dz.T @ hs[t + 1]
        g["d"] += dz.sum(0)
        dh = dh + dz @ p["V"]
        dnew = dh * mask[t][:, None]
        da = dnew * (1 - new[t] ** 2)
        g["W"] += da.T @ x[t]
        g["U"] += da.T @ hs[t]
        g["b"] += da.sum(0)
        dh = dh * (1 - mask[t][:, None]) + da @ p["U"]
    for k in ("W", "U", "V"):
        g[k] += 2 * 0.05 * p[k]
    g["h0"] = dh
    return g


def two_gated(p: Any, x: Array, y: Array) -> Array:
    """Gated layers in both directions; the two states are added, targets at every step."""
    T, total = len(x), 0.0
    sums = [0.0] * T
    for d in "fr":
        s = p[f"s{d}"]
        for k in range(T):
            t = k if d == "f" else T - 1 - k
            z = 1 / (1 + np.exp(-(x[t] @ p[f"A{d}"].T + s @ p[f"B{d}"].T)))
            q = np.tanh(x[t] @ p[f"C{d}"].T + s @ p[f"D{d}"].T)
            s = z * s + (1 - z) * q
            sums[t] = sums[t] + s
    return np.array([0.5 * ((sums[t] @ p["V"].T - y[t]) ** 2).sum() + total for t in range(T)])


def two_gated_gradient(p: Any, x: Array, y: Array) -> dict[str, Array]:
    T = len(x)
    states: dict[str, list[Array]] = {}
    saved: dict[str, dict[int, tuple[Array, Array, Array]]] = {"f": {}, "r": {}}
    turns = {"f": list(range(T)), "r": list(range(T))[::-1]}
    both = np.zeros((T, *p["sf"].shape))
    for d in "fr":
        states[d] = [p[f"s{d}"]]
        for t in turns[d]:
            s = states[d][-1]
            z = sigmoid(x[t] @ p[f"A{d}"].T + s @ p[f"B{d}"].T)
            q = np.tanh(x[t] @ p[f"C{d}"].T + s @ p[f"D{d}"].T)
            saved[d][t] = (s, z, q)
            states[d].append(z * s + (1 - z) * q)
            both[t] += states[d][-1]
    err = both @ p["V"].T - y
    g = {k: np.zeros_like(v) for k, v in p.items()}
    g["V"] = np.einsum("tbo,tbn->on", err, both)
    for d in "fr":
        ds = np.zeros_like(p[f"s{d}"])
        for t in turns[d][::-1]:
            s, z, q = saved[d][t]
            ds = ds + err[t] @ p["V"]
            dz = ds * (s - q) * z * (1 - z)
            dq = ds * (1 - z) * (1 - q**2)
            g[f"A{d}"] += dz.T @ x[t]
            g[f"B{d}"] += dz.T @ s
            g[f"C{d}"] += dq.T @ x[t]
            g[f"D{d}"] += dq.T @ s
            ds = ds * z + dz @ p[f"B{d}"] + dq @ p[f"D{d}"]
        g[f"s{d}"] = ds
    return g


def point(name: str) -> tuple[dict[str, Array], Array, Array]:
    """Parameters, inputs and targets of a pair; T = 4, B = 3, all sizes differ."""
    rng = np.random.default_rng(11)
    n, m, k = 4, 2, 5
    if name == "smoothed":
        shapes = {"W": (n, m), "U": (n, n), "b": (n,), "V": (k, n), "d": (k,), "h0": (3, n)}
    else:
        shapes = {"V": (k, n)}
        for d in "fr":
            shapes |= {f"A{d}": (n, m), f"B{d}": (n, n), f"C{d}": (n, m), f"D{d}": (n, n)}
            shapes |= {f"s{d}": (3, n)}
    params = {key: rng.normal(size=s) / np.sqrt(s[-1]) for key, s in shapes.items()}
    return params, rng.normal(size=(4, 3, m)), rng.normal(size=(4, 3, k))


# -- what there is --------------------------------------------------------------------------------

#: By name: the shipped cell, recurrence or loss that it belongs to, and the function.
RIGHT: dict[str, tuple[str, Callable[..., Any]]] = {
    "einsum_gru": ("gru", einsum_gru),
    "class_lstm": ("lstm", class_lstm),
    "taped_rnn": ("elman", taped_rnn),
    "shared_gate": ("shared_gate", shared_gate),
    "bottleneck": ("bottleneck", bottleneck),
    "leaky_stack": ("leaky_stack", leaky_stack),
    "torch_gru": ("gru", torch_gru),
    "torch_sequence": ("elman", torch_sequence),
    "jax_lstm": ("lstm", jax_lstm),
    "smoothed_gradient": ("smoothed", smoothed_gradient),
    "two_gated_gradient": ("two_gated", two_gated_gradient),
}
LOSSES: dict[str, Callable[..., Array]] = {"smoothed": smoothed, "two_gated": two_gated}


@cache
def recurrence(name: str) -> Recurrence:
    """The recurrences that ship with no cell."""
    if name == "shared_gate":
        lines = [
            r"f_t = \sigma(W x_t + R h_{t-1} + a \odot c_{t-1} + k)",
            r"g_t = \tanh(Q x_t + S h_{t-1} + m)",
            r"c_t = f_t \odot c_{t-1} + (1 - f_t) \odot g_t",
            r"o_t = \sigma(A x_t + B h_{t-1} + e \odot c_t + l)",
            r"h_t = o_t \odot \tanh(c_t)",
        ]
        shapes: dict[str, Any] = dict.fromkeys("fgochakmel", ("n",))
        shapes |= (
            dict.fromkeys("RSB", ("n", "n")) | dict.fromkeys("WQA", ("n", "i")) | {"x": ("i",)}
        )
    elif name == "bottleneck":
        lines = [r"u_t = \tanh(B h_{t-1} + C x_t + d)", r"h_t = h_{t-1} + A u_t"]
        shapes = {"h": ("n",), "u": ("k",), "d": ("k",), "x": ("i",)}
        shapes |= {"A": ("n", "k"), "B": ("k", "n"), "C": ("k", "i")}
    else:
        lines = [
            r"h_t = \tanh(A x_t + B h_{t-1} + a)",
            r"z_t = \sigma(C h_t + D s_{t-1} + k)",
            r"q_t = \tanh(E h_t + F s_{t-1} + m)",
            r"s_t = z_t \odot s_{t-1} + (1 - z_t) \odot q_t",
        ]
        shapes = dict.fromkeys("hak", ("n",)) | dict.fromkeys("zqsm", ("n",)) | {"x": ("i",)}
        shapes |= dict.fromkeys("BCDEF", ("n", "n")) | {"A": ("n", "i")}
    return recurrence_from_latex(lines, name=name, shapes=shapes)
