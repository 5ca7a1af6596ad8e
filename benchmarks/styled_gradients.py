"""Backward passes in other styles of writing, each with one mistake, and right ones in as many forms.

Einsum with the batch in front, classes with caches, tapes of closures, packed gates in another
order, a whole sequence behind one ``autograd.Function`` or ``custom_vjp``; those of
`styled_losses.py` besides. What is wrong is one line of right code; the same code is also rewritten
without changing what it computes. Nothing of the package is used here.
"""

# ruff: noqa: E501  # the changed lines are data

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

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


#: By name: the shipped cell that it belongs to, and the function.
CELLS: dict[str, tuple[str, Callable[..., Any]]] = {
    "einsum_gru": ("gru", einsum_gru),
    "class_lstm": ("lstm", class_lstm),
    "taped_rnn": ("elman", taped_rnn),
    "torch_gru": ("gru", torch_gru),
    "torch_sequence": ("elman", torch_sequence),
    "jax_lstm": ("lstm", jax_lstm),
}
