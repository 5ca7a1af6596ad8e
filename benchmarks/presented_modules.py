"""Gradients in PyTorch and JAX: functions for whole layers and steps, scans, penalties, stacks.

`presented_changes.py` puts mistakes in; each function imports what it uses, so that this module
loads without either.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

Array = Any


def torch_gru_layer() -> Any:
    """A whole GRU in one function, gradients only where they are asked for."""
    import torch

    class GRU(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any, h0: Any, W: Any, U: Any, b: Any) -> Any:
            n = h0.shape[1]
            gx = x @ W.t() + b
            h, hs, gates = h0, [h0], []
            for t in range(x.shape[0]):
                rz = torch.sigmoid(gx[t, :, : 2 * n] + h @ U[: 2 * n].t())
                r, z = rz.chunk(2, 1)
                g = torch.tanh(gx[t, :, 2 * n :] + (r * h) @ U[2 * n :].t())
                h = torch.lerp(g, h, z)
                hs.append(h)
                gates.append(torch.cat([r, z, g], 1))
            states = torch.stack(hs)
            ctx.save_for_backward(x, W, U, states, torch.stack(gates))
            return states[1:].clone()

        @staticmethod
        def backward(ctx: Any, grad: Any) -> Any:
            x, W, U, hs, gates = ctx.saved_tensors
            n = U.shape[1]
            dh = torch.zeros_like(hs[0])
            da = torch.empty_like(gates)
            dU = torch.zeros_like(U)
            for t in range(x.shape[0] - 1, -1, -1):
                h = hs[t]
                r, z, g = gates[t].chunk(3, 1)
                dh = dh + grad[t]
                dg = dh * (1 - z) * (1 - g * g)
                drh = dg @ U[2 * n :]
                dz = dh * (h - g) * z * (1 - z)
                dr = drh * h * r * (1 - r)
                da[t] = torch.cat([dr, dz, dg], 1)
                dU[: 2 * n].addmm_(da[t, :, : 2 * n].t(), h)
                dU[2 * n :].addmm_(dg.t(), r * h)
                dh = dh * z + drh * r + da[t, :, : 2 * n] @ U[: 2 * n]
            dx = dW = db = None
            if ctx.needs_input_grad[0]:
                dx = da @ W
            if ctx.needs_input_grad[2]:
                dW = da.flatten(0, 1).t() @ x.flatten(0, 1)
            if ctx.needs_input_grad[4]:
                db = da.sum(dim=(0, 1))
            return dx, dh, dW, dU, db

    def outputs(t: dict[str, Any], problem: Any) -> Any:
        states = GRU.apply(t["x"], t["h0"], t["W"], t["U"], t["b"])
        return torch.nn.functional.linear(states, t["V"], t["c"])

    return outputs


def torch_rnn_step() -> Any:
    """A step as a function with the state marked dirty where it is written over."""
    import torch

    class Step(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any, h: Any, W: Any, U: Any, b: Any) -> Any:
            out = torch.tanh(torch.addmm(torch.addmm(b, x, W.t()), h, U.t()))
            ctx.save_for_backward(x, h, W, U, out)
            return out

        @staticmethod
        def backward(ctx: Any, grad_out: Any) -> Any:
            x, h, W, U, out = ctx.saved_tensors
            d = grad_out * (1 - out.pow(2))
            grads: list[Any] = [None] * 5
            if ctx.needs_input_grad[0]:
                grads[0] = d.mm(W)
            if ctx.needs_input_grad[1]:
                grads[1] = d.mm(U)
            if ctx.needs_input_grad[2]:
                grads[2] = d.t().mm(x)
            if ctx.needs_input_grad[3]:
                grads[3] = d.t().mm(h)
            if ctx.needs_input_grad[4]:
                grads[4] = d.sum(0)
            return tuple(grads)

    def outputs(t: dict[str, Any], problem: Any) -> Any:
        h, ys = t["h0"], []
        for x in t["x"]:
            h = Step.apply(x, h, t["W"], t["U"], t["b"])
            ys.append(h @ t["V"].t() + t["c"])
        return torch.stack(ys)

    return outputs


def jax_cell() -> Any:
    """An LSTM step with a rule of its own inside a scan."""
    import jax
    import jax.numpy as jnp

    @jax.custom_vjp
    def cell(z: Any, c: Any) -> Any:
        return cell_forward(z, c)[0]

    def cell_forward(z: Any, c: Any) -> Any:
        f, i, o, g = jnp.split(z, 4, axis=-1)
        f, i, o, g = jax.nn.sigmoid(f), jax.nn.sigmoid(i), jax.nn.sigmoid(o), jnp.tanh(g)
        new = f * c + i * g
        th = jnp.tanh(new)
        return (o * th, new), (f, i, o, g, c, th)

    def cell_backward(saved: Any, ct: Any) -> Any:
        f, i, o, g, c, th = saved
        dh, dc = ct
        dc = dc + dh * o * (1 - th**2)
        dz = [dc * c * f * (1 - f), dc * g * i * (1 - i), dh * th * o * (1 - o),
              dc * i * (1 - g**2)]  # fmt: skip
        return jnp.concatenate(dz, axis=-1), dc * f

    cell.defvjp(cell_forward, cell_backward)

    def outputs(t: dict[str, Any], problem: Any) -> Any:
        def step(carry: Any, x: Any) -> Any:
            h, c = carry
            h, c = cell(x @ t["W"].T + h @ t["U"].T + t["b"], c)
            return (h, c), h

        _, hs = jax.lax.scan(jax.checkpoint(step), (t["h0"], t["c0"]), t["x"])
        return hs @ t["V"].T + t["c"]

    return outputs


def jax_tangent() -> Any:
    """An activation with a tangent rule, a bias with a rule that sums over the batch."""
    import jax

    @jax.custom_jvp
    def act(a: Any) -> Any:
        return jax.nn.sigmoid(a)

    @act.defjvp
    def act_jvp(primals: Any, tangents: Any) -> Any:
        (a,), (da,) = primals, tangents
        s = act(a)
        return s, s * (1 - s) * da

    @jax.custom_vjp
    def plus(a: Any, b: Any) -> Any:
        return a + b

    plus.defvjp(lambda a, b: (a + b, None), lambda _, d: (d, d.sum(0)))

    def outputs(t: dict[str, Any], problem: Any) -> Any:
        def step(h: Any, x: Any) -> Any:
            h = act(plus(x @ t["W"].T + h @ t["U"].T, t["b"]))
            return h, h @ t["V"].T + t["c"]

        return jax.lax.scan(step, t["h0"], t["x"])[1]

    return outputs


CELLS: dict[str, tuple[str, Callable[..., Any]]] = {
    "torch_gru_layer": ("gru", torch_gru_layer),
    "torch_rnn_step": ("elman", torch_rnn_step),
    "jax_cell": ("lstm", jax_cell),
    "jax_tangent": ("sigmoid_rnn", jax_tangent),
}
MODULE_NAMES: dict[str, str | tuple[str, ...]] = {}


def penalty(p: Any, x: Array, y: Array) -> Any:
    """A loss with the squared gradient by the inputs in it."""
    import torch

    q = {k: torch.as_tensor(v) for k, v in p.items()}
    xs = torch.tensor(x, requires_grad=True)
    h = q["h0"].expand(x.shape[1], -1)
    for t in range(x.shape[0]):
        h = torch.tanh(xs[t] @ q["W"].t() + h @ q["U"].t())
    value = 0.5 * ((h @ q["V"].t() - torch.as_tensor(y[-1])) ** 2).sum()
    (slope,) = torch.autograd.grad(value, xs)
    return value.item() + 0.3 * slope.pow(2).sum().item()


def penalty_gradient(p: Any, x: Array, y: Array) -> dict[str, Array]:
    import torch

    class Tanh(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, a: Any) -> Any:
            out = torch.tanh(a)
            ctx.save_for_backward(out)
            return out

        @staticmethod
        def backward(ctx: Any, d: Any) -> Any:
            (out,) = ctx.saved_tensors
            return TanhBack.apply(out, d)

    class TanhBack(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, out: Any, d: Any) -> Any:
            ctx.save_for_backward(out, d)
            return d * (1 - out * out)

        @staticmethod
        def backward(ctx: Any, v: Any) -> Any:
            out, d = ctx.saved_tensors
            return v * d * -2 * out, v * (1 - out * out)

    q = {k: torch.tensor(v, requires_grad=True) for k, v in p.items()}
    xs = torch.tensor(x, requires_grad=True)
    h = q["h0"].expand(x.shape[1], -1)
    for t in range(x.shape[0]):
        h = Tanh.apply(xs[t] @ q["W"].t() + h @ q["U"].t())
    value = 0.5 * ((h @ q["V"].t() - torch.as_tensor(y[-1])) ** 2).sum()
    (slope,) = torch.autograd.grad(value, xs, create_graph=True)
    total = value + 0.3 * slope.pow(2).sum()
    total.backward()
    return {k: v.grad.numpy() for k, v in q.items()}


@cache
def _cells() -> Any:
    import torch

    class Net(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first = torch.nn.GRUCell(2, 4)
            self.second = torch.nn.GRUCell(4, 4)
            self.out = torch.nn.Linear(4, 5, bias=False)

        def forward(self, x: Any) -> Any:
            h = x.new_zeros(x.shape[1], 4)
            k = x.new_zeros(x.shape[1], 4)
            ys = []
            for xt in x:
                h = self.first(xt, h)
                k = self.second(h, k) + h
                ys.append(self.out(k))
            return torch.stack(ys)

    return Net().double()


def _filled(p: Any) -> Any:
    import torch

    net = _cells()
    rows = {"first": "AB", "second": "CD"}
    with torch.no_grad():
        for k, (wi, wh) in rows.items():
            getattr(net, k).weight_ih.copy_(torch.as_tensor(p[wi]))
            getattr(net, k).weight_hh.copy_(torch.as_tensor(p[wh]))
        net.out.weight.copy_(torch.as_tensor(p["V"]))
    return net


def cells(p: Any, x: Array, y: Array) -> Any:
    """Two layers of `nn.GRUCell` with a shortcut, mean over the outputs."""
    import torch

    net = _filled(p)
    with torch.no_grad():
        return torch.nn.functional.mse_loss(net(torch.tensor(x)), torch.tensor(y)).item()


def cells_gradient(p: Any, x: Array, y: Array) -> dict[str, Array]:
    import torch

    net = _filled(p)
    net.zero_grad()
    inputs, targets = torch.tensor(x), torch.tensor(y)
    h = inputs.new_zeros(3, 4)
    k = inputs.new_zeros(3, 4)
    ys = []
    for t in range(len(inputs)):
        h = net.first(inputs[t], h)
        k = net.second(h, k) + h
        ys.append(net.out(k))
    loss = torch.nn.functional.mse_loss(torch.stack(ys), targets)
    loss.backward()
    return {
        "A": net.first.weight_ih.grad.numpy().copy(), "B": net.first.weight_hh.grad.numpy().copy(),
        "C": net.second.weight_ih.grad.numpy().copy(),
        "D": net.second.weight_hh.grad.numpy().copy(), "V": net.out.weight.grad.numpy().copy(),
    }  # fmt: skip


def windows(p: Any, x: Array, y: Array) -> Any:
    """JAX: leaky units, a huber loss at every step."""
    return _windows_loss()(p, x, y)


@cache
def _windows_loss() -> Any:
    import jax
    import jax.numpy as jnp

    def loss(p: Any, x: Array, y: Array) -> Any:
        def step(h: Any, row: Any) -> Any:
            xt, yt = row
            h = 0.7 * h + 0.3 * jnp.tanh(xt @ p["W"].T + h @ p["U"].T)
            e = h @ p["V"].T - yt
            return h, jnp.sum(jnp.sqrt(1 + e * e) - 1)

        h0 = jnp.broadcast_to(p["h0"], (x.shape[1], p["U"].shape[0]))
        return jax.lax.scan(step, h0, (jnp.asarray(x), jnp.asarray(y)))[1].sum()

    return jax.jit(loss)


def windows_gradient(p: Any, x: Array, y: Array) -> dict[str, Array]:
    import jax
    import jax.numpy as jnp

    @jax.custom_vjp
    def leaky(h: Any, a: Any) -> Any:
        return 0.7 * h + 0.3 * jnp.tanh(a)

    def forward(h: Any, a: Any) -> Any:
        v = jnp.tanh(a)
        return 0.7 * h + 0.3 * v, (v,)

    def backward(saved: Any, d: Any) -> Any:
        (v,) = saved
        return 0.7 * d, 0.3 * d * (1 - v * v)

    leaky.defvjp(forward, backward)

    def loss(q: Any) -> Any:
        def step(h: Any, row: Any) -> Any:
            xt, yt = row
            h = leaky(h, xt @ q["W"].T + h @ q["U"].T)
            e = h @ q["V"].T - yt
            return h, (jnp.sqrt(1 + e * e) - 1).sum()

        h0 = jnp.tile(q["h0"], (x.shape[1], 1))
        return jax.lax.scan(step, h0, (jnp.asarray(x), jnp.asarray(y)))[1].sum()

    found = jax.grad(loss)({k: jnp.asarray(v) for k, v in p.items()})
    return {k: np.asarray(v) for k, v in found.items()}


LOSSES: dict[str, Callable[..., Any]] = {"penalty": penalty, "cells": cells, "windows": windows}
PAIRS: dict[str, tuple[str, Callable[..., Any]]] = {
    "penalty_gradient": ("penalty", penalty_gradient),
    "cells_gradient": ("cells", cells_gradient),
    "windows_gradient": ("windows", windows_gradient),
}
SHAPES: dict[str, dict[str, tuple[int, ...]]] = {
    "penalty": {"W": (4, 2), "U": (4, 4), "V": (5, 4), "h0": (4,)},
    "cells": {"A": (12, 2), "B": (12, 4), "C": (12, 4), "D": (12, 4), "V": (5, 4)},
    "windows": {"W": (4, 2), "U": (4, 4), "V": (5, 4), "h0": (4,)},
}
