"""Gradients in PyTorch and JAX: functions with several outputs, modules, scans, and whole pairs.

`delivered_changes.py` puts mistakes in; each function imports what it uses, so that this module
loads without either.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

Array = Any


def torch_lstm_layer() -> Any:
    """A layer with three outputs, called for each half of the sequence."""
    import torch

    class Layer(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any, h: Any, c: Any, W: Any, U: Any, b: Any) -> Any:
            tape, hs = [], []
            for t in range(x.shape[0]):
                f, i, o, g = torch.chunk(torch.addmm(b, x[t], W.t()) + h @ U.t(), 4, dim=1)
                f, i, o, g = torch.sigmoid(f), torch.sigmoid(i), torch.sigmoid(o), torch.tanh(g)
                h_prev, c_prev = h, c
                c = f * c_prev + i * g
                h = o * torch.tanh(c)
                tape.append(torch.stack([f, i, o, g, c, c_prev, h_prev]))
                hs.append(h)
            ctx.save_for_backward(x, W, U, torch.stack(tape))
            return torch.stack(hs), h.clone(), c

        @staticmethod
        def backward(ctx: Any, dhs: Any, dh: Any, dc: Any) -> Any:
            x, W, U, tape = ctx.saved_tensors
            das = []
            for t in range(x.shape[0] - 1, -1, -1):
                f, i, o, g, c, c_prev, _ = tape[t]
                dh = dh + dhs[t]
                tc = torch.tanh(c)
                dc = dc + dh * o * (1 - tc * tc)
                da = torch.cat([
                    dc * c_prev * f * (1 - f),
                    dc * g * i * (1 - i),
                    dh * tc * o * (1 - o),
                    dc * i * (1 - g * g),
                ], dim=1)  # fmt: skip
                das.insert(0, da)
                dh = da @ U
                dc = dc * f
            da = torch.stack(das)
            dx = da @ W if ctx.needs_input_grad[0] else None
            dW = torch.einsum("tbk,tbi->ki", da, x) if ctx.needs_input_grad[3] else None
            dU = torch.einsum("tbk,tbj->kj", da, tape[:, 6]) if ctx.needs_input_grad[4] else None
            return dx, dh, dc, dW, dU, da.sum((0, 1))

    def outputs(t: dict[str, Any], problem: Any) -> Any:
        h, c = t["h0"], t["c0"]
        half = (problem.steps + 1) // 2
        parts = []
        for x in (t["x"][:half], t["x"][half:]):
            if len(x):
                hs, h, c = Layer.apply(x, h, c, t["W"], t["U"], t["b"])
                parts.append(hs)
        return torch.cat(parts) @ t["V"].t() + t["c"]

    return outputs


def torch_gru_step() -> Any:
    """A step of a GRU with its own way back for the gates alone; autograd does the products."""
    import torch

    class Gates(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, az: Any, ag: Any, h: Any) -> Any:
            z, g = torch.sigmoid(az), torch.tanh(ag)
            ctx.save_for_backward(z, g, h)
            return z * h + (1 - z) * g

        @staticmethod
        def backward(ctx: Any, d: Any) -> Any:
            z, g, h = ctx.saved_tensors
            return d * (h - g) * z * (1 - z), d * (1 - z) * (1 - g**2), d * z

    def outputs(t: dict[str, Any], problem: Any) -> Any:
        Wr, Wz, Wg = t["W"].chunk(3)
        Ur, Uz, Ug = t["U"].chunk(3)
        br, bz, bg = t["b"].chunk(3)
        h, ys = t["h0"], []
        for x in t["x"].unbind(0):
            r = torch.sigmoid(x @ Wr.t() + h @ Ur.t() + br)
            az = x @ Wz.t() + h @ Uz.t() + bz
            ag = x @ Wg.t() + (r * h) @ Ug.t() + bg
            h = Gates.apply(az, ag, h)
            ys.append(h @ t["V"].t() + t["c"])
        return torch.stack(ys)

    return outputs


def torch_module() -> Any:
    """An ``nn.LSTM`` over a packed sequence, batch first."""
    import torch

    class Net(torch.nn.Module):
        def __init__(self, inputs: int, hidden: int, outs: int) -> None:
            super().__init__()
            self.cell = torch.nn.LSTM(inputs, hidden, batch_first=True)
            self.out = torch.nn.Linear(hidden, outs)

        def forward(self, x: Any, h: Any, c: Any) -> Any:
            x = x.transpose(0, 1)
            lengths = torch.full((x.shape[0],), x.shape[1])
            packed = torch.nn.utils.rnn.pack_padded_sequence(x, lengths, batch_first=True)
            states, _ = self.cell(packed, (h.unsqueeze(0), c.unsqueeze(0)))
            states, _ = torch.nn.utils.rnn.pad_packed_sequence(states, batch_first=True)
            return self.out(states).transpose(0, 1)

    return lambda p: Net(p.dims["I"], p.dims["H"], p.dims["O"])


MODULE_NAMES: dict[str, str | tuple[str, ...]] = {
    "W": "cell.weight_ih_l0", "U": "cell.weight_hh_l0",
    "b": ("cell.bias_ih_l0", "cell.bias_hh_l0"), "V": "out.weight", "c": "out.bias",
}  # fmt: skip


def jax_scan() -> Any:
    """A whole layer with a way back that is a scan itself."""
    import jax
    import jax.numpy as jnp

    @jax.custom_vjp
    def layer(xs: Any, h0: Any, W: Any, U: Any, b: Any) -> Any:
        return run(xs, h0, W, U, b)[0]

    def run(xs: Any, h0: Any, W: Any, U: Any, b: Any) -> Any:
        def step(h: Any, x: Any) -> Any:
            new = jnp.tanh(x @ W.T + h @ U.T + b)
            return new, (new, h)

        _, (hs, before) = jax.lax.scan(step, h0, xs)
        return hs, (xs, hs, before, W, U)

    def back(saved: Any, dhs: Any) -> Any:
        xs, hs, before, W, U = saved

        def step(dh: Any, row: Any) -> Any:
            d, h = row
            da = (dh + d) * (1 - h * h)
            return da @ U, da

        dh0, das = jax.lax.scan(step, jnp.zeros_like(hs[0]), (dhs, hs), reverse=True)
        return (
            das @ W, dh0, jnp.einsum("tbh,tbi->hi", das, xs),
            jnp.einsum("tbh,tbj->hj", das, before), das.sum((0, 1)),
        )  # fmt: skip

    layer.defvjp(run, back)

    def outputs(t: dict[str, Any], problem: Any) -> Any:
        return layer(t["x"], t["h0"], t["W"], t["U"], t["b"]) @ t["V"].T + t["c"]

    return outputs


CELLS: dict[str, tuple[str, Callable[..., Any]]] = {
    "torch_lstm_layer": ("lstm", torch_lstm_layer),
    "torch_gru_step": ("gru", torch_gru_step),
    "torch_module": ("lstm", torch_module),
    "jax_scan": ("elman", jax_scan),
}


@cache
def _jax_loss() -> Any:
    """The loss, compiled once."""
    import jax
    import jax.numpy as jnp

    def loss(p: Any, x: Array, y: Array) -> Any:
        def step(h: Any, row: Any) -> Any:
            xt, yt = row
            a = xt @ p["W"].T + h @ p["U"].T
            a = a - a.mean(1, keepdims=True)
            a = a / jnp.sqrt((a * a).mean(1, keepdims=True) + 1e-2)
            h = jnp.tanh(p["s"] * a)
            return h, 0.5 * ((h @ p["V"].T - yt) ** 2).sum()

        h0 = jnp.zeros((x.shape[1], p["U"].shape[0]))
        return jax.lax.scan(step, h0, (jnp.asarray(x), jnp.asarray(y)))[1].sum()

    return jax.jit(loss)


def jax_pair(p: Any, x: Array, y: Array) -> Any:
    """A loss in JAX, whose layers are normalised."""
    return _jax_loss()(p, x, y)


def jax_pair_gradient(p: Any, x: Array, y: Array) -> dict[str, Array]:
    import jax
    import jax.numpy as jnp

    @jax.custom_vjp
    def norm(a: Any) -> Any:
        return forward(a)[0]

    def forward(a: Any) -> Any:
        a = a - a.mean(1, keepdims=True)
        inv = 1 / jnp.sqrt((a * a).mean(1, keepdims=True) + 1e-2)
        return a * inv, (a * inv, inv)

    def back(saved: Any, d: Any) -> Any:
        hat, inv = saved
        da = d - d.mean(1, keepdims=True) - hat * (d * hat).mean(1, keepdims=True)
        return (da * inv,)

    norm.defvjp(forward, back)

    def loss(q: Any) -> Any:
        def step(h: Any, row: Any) -> Any:
            xt, yt = row
            h = jnp.tanh(q["s"] * norm(xt @ q["W"].T + h @ q["U"].T))
            return h, 0.5 * ((h @ q["V"].T - yt) ** 2).sum()

        h0 = jnp.zeros((x.shape[1], q["U"].shape[0]))
        return jax.lax.scan(step, h0, (jnp.asarray(x), jnp.asarray(y)))[1].sum()

    return jax.grad(loss)({k: jnp.asarray(v) for k, v in p.items()})  # type: ignore[no-any-return]


def torch_pair(p: Any, x: Array, y: Array) -> Any:
    """A loss in PyTorch: both directions, the last of the one and the first of the other."""
    import torch

    q = {k: torch.as_tensor(v) for k, v in p.items()}
    xs, target = torch.as_tensor(x), torch.as_tensor(y[0])
    ends = []
    for way in ("f", "b"):
        h = torch.zeros(xs.shape[1], len(q["u" + way]), dtype=xs.dtype)
        for xt in xs if way == "f" else xs.flip(0):
            h = torch.tanh(xt @ q["W" + way].t() + q["u" + way] * h)
        ends.append(h)
    return (0.5 * (torch.cat(ends, 1) @ q["V"].t() - target) ** 2).sum().item()


def torch_pair_gradient(p: Any, x: Array, y: Array) -> dict[str, Array]:
    import torch

    class Step(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, a: Any, u: Any, h: Any) -> Any:
            new = torch.tanh(a + u * h)
            ctx.save_for_backward(new, u, h)
            return new

        @staticmethod
        def backward(ctx: Any, d: Any) -> Any:
            new, u, h = ctx.saved_tensors
            da = d * (1 - new**2)
            return da, (da * h).sum(0), da * u

    q = {k: torch.tensor(v, requires_grad=True) for k, v in p.items()}
    xs, target = torch.as_tensor(x), torch.as_tensor(y[0])
    ends = []
    for way in ("f", "b"):
        h = torch.zeros(xs.shape[1], len(q["u" + way]), dtype=xs.dtype)
        for xt in xs if way == "f" else xs.flip(0):
            h = Step.apply(xt @ q["W" + way].t(), q["u" + way], h)
        ends.append(h)
    (0.5 * (torch.cat(ends, 1) @ q["V"].t() - target) ** 2).sum().backward()
    return {k: v.grad for k, v in q.items()}


LOSSES: dict[str, Callable[..., Any]] = {"jax_pair": jax_pair, "torch_pair": torch_pair}
PAIRS: dict[str, tuple[str, Callable[..., Any]]] = {
    "jax_pair_gradient": ("jax_pair", jax_pair_gradient),
    "torch_pair_gradient": ("torch_pair", torch_pair_gradient),
}
SHAPES: dict[str, dict[str, tuple[int, ...]]] = {
    "jax_pair": {"W": (4, 2), "U": (4, 4), "s": (4,), "V": (5, 4)},
    "torch_pair": {"Wf": (4, 2), "Wb": (4, 2), "uf": (4,), "ub": (4,), "V": (5, 8)},
}
