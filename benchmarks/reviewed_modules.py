"""Gradients in PyTorch and JAX: functions with their own way back, and modules.

`reviewed_changes.py` puts mistakes in; each function imports what it uses, so that this module
loads without either.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Array = Any


def torch_lstm_cell() -> Any:
    """One step of an LSTM as an ``autograd.Function``, rows f, i, o, g."""
    import torch

    class Cell(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any, h: Any, c: Any, W: Any, U: Any, b: Any) -> Any:
            a = x @ W.t() + h @ U.t() + b
            f, i, o, g = a.chunk(4, 1)
            f, i, o, g = torch.sigmoid(f), torch.sigmoid(i), torch.sigmoid(o), torch.tanh(g)
            new_c = f * c + i * g
            tc = torch.tanh(new_c)
            ctx.save_for_backward(x, h, c, W, U, f, i, o, g, tc)
            return o * tc, new_c

        @staticmethod
        def backward(ctx: Any, dh: Any, dc: Any) -> Any:
            x, h, c, W, U, f, i, o, g, tc = ctx.saved_tensors
            dc = dc + dh * o * (1 - tc**2)
            da = torch.cat([
                dc * c * f * (1 - f),
                dc * g * i * (1 - i),
                dh * tc * o * (1 - o),
                dc * i * (1 - g**2),
            ], 1)  # fmt: skip
            return da @ W, da @ U, dc * f, da.t() @ x, da.t() @ h, da.sum(0)

    def outputs(t: dict[str, Any], problem: Any) -> Any:
        h, c = t["h0"], t["c0"]
        ys = []
        for x in t["x"]:
            h, c = Cell.apply(x, h, c, t["W"], t["U"], t["b"])
            ys.append(h @ t["V"].t() + t["c"])
        return torch.stack(ys)

    return outputs


def torch_rnn_sequence() -> Any:
    """A whole Elman layer as one ``autograd.Function``."""
    import torch

    class Layer(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any, h0: Any, W: Any, U: Any, b: Any) -> Any:
            hs = [h0]
            for xt in x:
                hs.append(torch.tanh(xt @ W.t() + hs[-1] @ U.t() + b))
            states = torch.stack(hs)
            ctx.save_for_backward(x, W, U, states)
            return states[1:].clone()

        @staticmethod
        def backward(ctx: Any, grad: Any) -> Any:
            x, W, U, states = ctx.saved_tensors
            dx = torch.zeros_like(x)
            dW, dU = torch.zeros_like(W), torch.zeros_like(U)
            db = torch.zeros_like(U[0])
            dh = torch.zeros_like(states[0])
            for t in range(len(x) - 1, -1, -1):
                dh = dh + grad[t]
                da = dh * (1 - states[t + 1] ** 2)
                dx[t] = da @ W
                dW += da.t() @ x[t]
                dU += da.t() @ states[t]
                db += da.sum(0)
                dh = da @ U
            return dx, dh, dW, dU, db

    def outputs(t: dict[str, Any], problem: Any) -> Any:
        h = Layer.apply(t["x"], t["h0"], t["W"], t["U"], t["b"])
        return h @ t["V"].t() + t["c"]

    return outputs


def torch_module() -> Any:
    """An ``nn.Module`` that steps an ``nn.LSTMCell``."""
    import torch

    class Net(torch.nn.Module):
        def __init__(self, inputs: int, hidden: int, outs: int) -> None:
            super().__init__()
            self.cell = torch.nn.LSTMCell(inputs, hidden)
            self.out = torch.nn.Linear(hidden, outs)

        def forward(self, x: Any, h: Any, c: Any) -> Any:
            ys = []
            for t in range(x.shape[0]):
                h, c = self.cell(x[t], (h, c))
                ys.append(self.out(h))
            return torch.stack(ys), (h, c)

    return lambda p: Net(p.dims["I"], p.dims["H"], p.dims["O"])


def torch_own_gru() -> Any:
    """GRU written with tensors in autograd; nothing but the graph can be wrong."""
    import torch

    def outputs(t: dict[str, Any], problem: Any) -> Any:
        n = t["U"].shape[1]
        h, ys = t["h0"], []
        for x in t["x"]:
            a = x @ t["W"].t() + t["b"]
            r = torch.sigmoid(a[:, :n] + h @ t["U"][:n].t())
            z = torch.sigmoid(a[:, n : 2 * n] + h @ t["U"][n : 2 * n].t())
            g = torch.tanh(a[:, 2 * n :] + (r * h) @ t["U"][2 * n :].t())
            h = z * h + (1 - z) * g
            ys.append(h @ t["V"].t() + t["c"])
        return torch.stack(ys)

    return outputs


def jax_step() -> Any:
    """A GRU step with a ``custom_vjp`` inside ``lax.scan``."""
    import jax
    import jax.numpy as jnp

    @jax.custom_vjp
    def step(h: Any, x: Any, W: Any, U: Any, b: Any) -> Any:
        return forward(h, x, W, U, b)[0]

    def forward(h: Any, x: Any, W: Any, U: Any, b: Any) -> Any:
        n = h.shape[1]
        a = x @ W.T + b
        r, z = jnp.split(jax.nn.sigmoid(a[:, : 2 * n] + h @ U[: 2 * n].T), 2, 1)
        g = jnp.tanh(a[:, 2 * n :] + (r * h) @ U[2 * n :].T)
        return (1 - z) * g + z * h, (h, x, W, U, r, z, g)

    def back(saved: Any, dh: Any) -> Any:
        h, x, W, U, r, z, g = saved
        n = h.shape[1]
        ag = dh * (1 - z) * (1 - g**2)
        az = dh * (h - g) * z * (1 - z)
        drh = ag @ U[2 * n :]
        ar = drh * h * r * (1 - r)
        da = jnp.concatenate([ar, az, ag], 1)
        dU = jnp.concatenate([da[:, : 2 * n].T @ h, ag.T @ (r * h)])
        dh_prev = dh * z + drh * r + da[:, : 2 * n] @ U[: 2 * n]
        return dh_prev, da @ W, da.T @ x, dU, da.sum(0)

    step.defvjp(forward, back)

    def outputs(t: dict[str, Any], problem: Any) -> Any:
        def body(h: Any, x: Any) -> Any:
            new = step(h, x, t["W"], t["U"], t["b"])
            return new, new

        _, hs = jax.lax.scan(body, t["h0"], t["x"])
        return hs @ t["V"].T + t["c"]

    return outputs


CELLS: dict[str, tuple[str, Callable[..., Any]]] = {
    "torch_lstm_cell": ("lstm", torch_lstm_cell),
    "torch_rnn_sequence": ("elman", torch_rnn_sequence),
    "torch_module": ("lstm", torch_module),
    "torch_own_gru": ("gru", torch_own_gru),
    "jax_step": ("gru", jax_step),
}
