"""Wrong gradients behind the other entry points: PyTorch, JAX, and pairs of a loss and a gradient.

A custom ``autograd.Function`` that saves the wrong tensor, a ``custom_vjp`` with a wrong rule, an
``nn.Module`` that detaches, and cells that are no recurrence here (layer normalisation, both
directions), whose backward passes are written by hand. One line is changed in each.
"""

# ruff: noqa: E501  # the changed lines are data

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from source_edits import with_pieces

Array = Any


# -- PyTorch --------------------------------------------------------------------------------------


def torch_elman() -> Any:
    import torch

    class Step(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any, h: Any, W: Any, U: Any, b: Any) -> Any:
            y = torch.tanh(x @ W.T + h @ U.T + b)
            ctx.save_for_backward(x, h, W, U, y)
            return y

        @staticmethod
        def backward(ctx: Any, grad: Any) -> Any:
            x, h, W, U, y = ctx.saved_tensors
            da = grad * (1 - y * y)
            return da @ W, da @ U, da.T @ x, da.T @ h, da.sum(0)

    def outputs(t: Any, p: Any) -> Any:
        h, out = t["h0"], []
        for x in t["x"]:
            h = Step.apply(x, h, t["W"], t["U"], t["b"])
            out.append(h @ t["V"].T + t["c"])
        return torch.stack(out)

    return outputs


def torch_lstm() -> Any:
    import torch

    class Gates(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, z: Any, c: Any) -> Any:
            f, i, o, g = z.chunk(4, 1)
            f, i, o, g = f.sigmoid(), i.sigmoid(), o.sigmoid(), g.tanh()
            new = f * c + i * g
            th = new.tanh()
            ctx.save_for_backward(f, i, o, g, c, new, th)
            return o * th, new

        @staticmethod
        def backward(ctx: Any, dh: Any, dc: Any) -> Any:
            f, i, o, g, c, _new, th = ctx.saved_tensors
            dc = dc + dh * o * (1 - th**2)
            dz = torch.cat([dc * c * f * (1 - f), dc * g * i * (1 - i),
                            dh * th * o * (1 - o), dc * i * (1 - g**2)], 1)  # fmt: skip
            return dz, dc * f

    def outputs(t: Any, p: Any) -> Any:
        h, c, out = t["h0"], t["c0"], []
        for x in t["x"]:
            h, c = Gates.apply(x @ t["W"].T + h @ t["U"].T + t["b"], c)
            out.append(h @ t["V"].T + t["c"])
        return torch.stack(out)

    return outputs


def torch_module() -> Any:
    import torch

    class Net(torch.nn.Module):
        def __init__(self, p: Any) -> None:
            super().__init__()
            self.cell = torch.nn.LSTMCell(p.x.shape[2], p.h0.shape[1])
            self.out = torch.nn.Linear(p.h0.shape[1], p.targets.shape[2])

        def forward(self, x: Any, h0: Any, c0: Any) -> Any:
            h, c, out = h0, c0, []
            for t in range(len(x)):
                h, c = self.cell(x[t], (h, c))
                out.append(self.out(h))
            return torch.stack(out)

    return Net


MODULE_NAMES = {
    "W": "cell.weight_ih",
    "U": "cell.weight_hh",
    "b": ("cell.bias_ih", "cell.bias_hh"),
    "V": "out.weight",
    "c": "out.bias",
}


# -- JAX ------------------------------------------------------------------------------------------


def jax_sigmoid() -> Any:
    import jax
    import jax.numpy as jnp

    @jax.custom_vjp
    def cell(x: Any, h: Any, W: Any, U: Any, b: Any) -> Any:
        return jax.nn.sigmoid(x @ W.T + h @ U.T + b)

    def forward(x: Any, h: Any, W: Any, U: Any, b: Any) -> Any:
        a = x @ W.T + h @ U.T + b
        s = jax.nn.sigmoid(a)
        return s, (x, h, W, U, a, s)

    def backward(saved: Any, g: Any) -> Any:
        x, h, W, U, _a, s = saved
        d = g * s * (1 - s)
        return d @ W, d @ U, d.T @ x, d.T @ h, d.sum(0)

    cell.defvjp(forward, backward)

    def outputs(t: Any, p: Any) -> Any:
        def step(h: Any, x: Any) -> Any:
            h = cell(x, h, t["W"], t["U"], t["b"])
            return h, h

        _, hs = jax.lax.scan(step, t["h0"], t["x"])
        return jnp.asarray(hs) @ t["V"].T + t["c"]

    return outputs


# -- pairs ----------------------------------------------------------------------------------------


def normed(p: Any, x: Array, y: Array) -> Array:
    """The losses of the steps of an RNN with layer normalisation."""
    h, out = p["h0"], []
    for t in range(len(x)):
        a = x[t] @ p["W"].T + h @ p["U"].T
        a = a - a.mean(1, keepdims=True)
        n = a / np.sqrt((a * a).mean(1, keepdims=True) + 1e-5)
        h = np.tanh(p["gain"] * n + p["shift"])
        out.append(0.5 * ((h @ p["V"].T - y[t]) ** 2).sum())
    return np.array(out)


def normed_gradient(p: Any, x: Array, y: Array) -> dict[str, Array]:
    T = len(x)
    hs, ns, ss = [p["h0"]], [], []
    for t in range(T):
        a = x[t] @ p["W"].T + hs[-1] @ p["U"].T
        a = a - a.mean(1, keepdims=True)
        s = np.sqrt((a * a).mean(1, keepdims=True) + 1e-5)
        ns.append(a / s)
        ss.append(s)
        hs.append(np.tanh(p["gain"] * ns[-1] + p["shift"]))
    g = {k: np.zeros_like(v) for k, v in p.items()}
    dh = np.zeros_like(p["h0"])
    for t in reversed(range(T)):
        e = hs[t + 1] @ p["V"].T - y[t]
        g["V"] += e.T @ hs[t + 1]
        dh = dh + e @ p["V"]
        du = dh * (1 - hs[t + 1] ** 2)
        g["gain"] += (du * ns[t]).sum(0)
        g["shift"] += du.sum(0)
        dn = du * p["gain"]
        da = (dn - dn.mean(1, keepdims=True) - ns[t] * (dn * ns[t]).mean(1, keepdims=True)) / ss[t]
        g["W"] += da.T @ x[t]
        g["U"] += da.T @ hs[t]
        dh = da @ p["U"]
    g["h0"] = dh
    return g


def two_ways(p: Any, x: Array, y: Array) -> Array:
    """The losses of the steps of a bidirectional RNN."""
    T = len(x)
    f, r = [p["f0"]], [p["r0"]]
    for t in range(T):
        f.append(np.tanh(x[t] @ p["Wf"].T + f[-1] @ p["Uf"].T + p["bf"]))
        r.append(np.tanh(x[T - 1 - t] @ p["Wr"].T + r[-1] @ p["Ur"].T + p["br"]))
    r = r[::-1]
    return np.array([
        0.5 * ((f[t + 1] @ p["Vf"].T + r[t] @ p["Vr"].T - y[t]) ** 2).sum() for t in range(T)
    ])  # fmt: skip


def two_ways_gradient(p: Any, x: Array, y: Array) -> dict[str, Array]:
    T = len(x)
    f, r = [p["f0"]], [p["r0"]]
    for t in range(T):
        f.append(np.tanh(x[t] @ p["Wf"].T + f[-1] @ p["Uf"].T + p["bf"]))
        r.append(np.tanh(x[T - 1 - t] @ p["Wr"].T + r[-1] @ p["Ur"].T + p["br"]))
    r = r[::-1]
    e = [f[t + 1] @ p["Vf"].T + r[t] @ p["Vr"].T - y[t] for t in range(T)]
    g = {k: np.zeros_like(v) for k, v in p.items()}
    d = np.zeros_like(p["f0"])
    for t in reversed(range(T)):
        g["Vf"] += e[t].T @ f[t + 1]
        a = (d + e[t] @ p["Vf"]) * (1 - f[t + 1] ** 2)
        g["Wf"] += a.T @ x[t]
        g["Uf"] += a.T @ f[t]
        g["bf"] += a.sum(0)
        d = a @ p["Uf"]
    g["f0"] = d
    d = np.zeros_like(p["r0"])
    for t in range(T):
        g["Vr"] += e[t].T @ r[t]
        a = (d + e[t] @ p["Vr"]) * (1 - r[t] ** 2)
        g["Wr"] += a.T @ x[t]
        g["Ur"] += a.T @ r[t + 1]
        g["br"] += a.sum(0)
        d = a @ p["Ur"]
    g["r0"] = d
    return g


def point(name: str) -> tuple[dict[str, Array], Array, Array]:
    """Parameters, inputs and targets of a pair; T = 4, B = 3, all sizes differ."""
    rng = np.random.default_rng(5)
    n, m, k = 4, 3, 2
    shapes: dict[str, tuple[int, ...]] = {"V": (k, n), "h0": (3, n), "W": (n, m), "U": (n, n),
                                          "gain": (n,), "shift": (n,)}  # fmt: skip
    if name == "two_ways":
        shapes = {f"V{d}": (k, n) for d in "fr"} | {f"{d}0": (3, n) for d in "fr"}
        for d in "fr":
            shapes |= {f"W{d}": (n, m), f"U{d}": (n, n), f"b{d}": (n,)}
    params = {key: rng.normal(size=s) / np.sqrt(s[-1]) for key, s in shapes.items()}
    return params, rng.normal(size=(4, 3, m)), rng.normal(size=(4, 3, k))


RIGHT: dict[str, tuple[str, Callable[..., Any]]] = {
    "torch_elman": ("elman", torch_elman),
    "torch_lstm": ("lstm", torch_lstm),
    "torch_module": ("lstm", torch_module),
    "jax_sigmoid": ("sigmoid_rnn", jax_sigmoid),
    "normed_gradient": ("normed", normed_gradient),
    "two_ways_gradient": ("two_ways", two_ways_gradient),
}
LOSSES = {"normed": normed, "two_ways": two_ways}

EDITS: list[tuple[str, str, str, str]] = [
    ("torch_elman", "old state saved for the output", "save_for_backward(x, h, W, U, y)",
     "save_for_backward(x, h, W, U, h)"),
    ("torch_elman", "new state saved for the old", "save_for_backward(x, h, W, U, y)",
     "save_for_backward(x, y, W, U, y)"),
    ("torch_elman", "U transposed", "da @ U,", "da @ U.T,"),
    ("torch_elman", "incoming gradient dropped", "da = grad * (1 - y * y)", "da = 1 - y * y"),
    ("torch_elman", "no gradient for the state", "da @ W, da @ U,", "da @ W, None,"),
    ("torch_elman", "state detached", "Step.apply(x, h,", "Step.apply(x, h.detach(),"),
    ("torch_elman", "bias averaged", "da.sum(0)", "da.mean(0)"),
    ("torch_elman", "weights' part in float32", "da.T @ x,", "(da.float().T @ x.float()).to(x.dtype),"),
    ("torch_elman", "buffer shared by all steps",
     "ctx.save_for_backward(x, h, W, U, y)\n",
     "ctx.save_for_backward(x, h, W, U)\n            Step.y = y.detach()\n"),
    ("torch_elman", "clamped", "da = grad * (1 - y * y)", "da = grad.clamp(-1, 1) * (1 - y * y)"),
    ("torch_elman", "gradients of x and h exchanged", "return da @ W, da @ U, da.T @ x, da.T @ h",
     "return da @ U, da @ W, da.T @ x, da.T @ h"),
    ("torch_lstm", "dc of the later steps forgotten", "dc = dc + dh", "dc = dh"),
    ("torch_lstm", "new c saved for the old", "save_for_backward(f, i, o, g, c, new, th)",
     "save_for_backward(f, i, o, g, new, new, th)"),
    ("torch_lstm", "pre-activations saved", "f, i, o, g = f.sigmoid(), i.sigmoid(), o.sigmoid(), g.tanh()",
     "pre = g\n            f, i, o, g = f.sigmoid(), i.sigmoid(), o.sigmoid(), g.tanh()"),
    ("torch_lstm", "returned dc without f", "return dz, dc * f", "return dz, dc"),
    ("torch_lstm", "new saved for th", "save_for_backward(f, i, o, g, c, new, th)",
     "save_for_backward(f, i, o, g, c, new, new)"),
    ("torch_lstm", "i and o saved in the wrong order", "save_for_backward(f, i, o, g,",
     "save_for_backward(f, o, i, g,"),
    ("torch_module", "truncated every second step", "h, c = self.cell(x[t], (h, c))",
     "h, c = self.cell(x[t], (h.detach(), c.detach()) if t % 2 else (h, c))"),
    ("torch_module", "initial state not given", "h, c, out = h0, c0, []",
     "h, c, out = 0 * h0, 0 * c0, []"),
    ("torch_module", "gradient of the state scaled by a hook", "out.append(self.out(h))",
     "out.append(self.out(h))\n                if h.requires_grad:\n                    h.register_hook(lambda g: 0.5 * g)"),
    ("torch_module", "c detached", "(h, c))\n", "(h, c.detach()))\n"),
    ("torch_module", "output from c", "self.out(h)", "self.out(c)"),
    ("jax_sigmoid", "derivative at the output", "d = g * s * (1 - s)",
     "d = g * jax.nn.sigmoid(s) * (1 - jax.nn.sigmoid(s))"),
    ("jax_sigmoid", "pre-activation for the output", "(x, h, W, U, a, s)\n\n", "(x, h, W, U, a, a)\n\n"),
    ("jax_sigmoid", "U transposed", "d @ U,", "d @ U.T,"),
    ("jax_sigmoid", "one factor of the slope lost", "g * s * (1 - s)", "g * (1 - s)"),
    ("jax_sigmoid", "stopped state", "cell(x, h, t", "cell(x, jax.lax.stop_gradient(h), t"),
    ("jax_sigmoid", "overflowing slope", "d = g * s * (1 - s)",
     "d = g * jnp.exp(-_a) / (1 + jnp.exp(-_a)) ** 2"),
    ("jax_sigmoid", "sum in float32", "d.T @ h, d", "(d.T.astype(jnp.float32) @ h.astype(jnp.float32)).astype(h.dtype), d"),
    ("jax_sigmoid", "bias of one example", "d.sum(0)", "d[0]"),
    ("normed_gradient", "mean taken as constant", "(dn - dn.mean(1, keepdims=True) - ns", "(dn - ns"),
    ("normed_gradient", "deviation taken as constant",
     "- ns[t] * (dn * ns[t]).mean(1, keepdims=True)) / ss", ") / ss"),
    ("normed_gradient", "not divided by the deviation", ") / ss[t]", ")"),
    ("normed_gradient", "gain forgotten", "dn = du * p[\"gain\"]", "dn = du"),
    ("normed_gradient", "gain's gradient of the last step", 'g["gain"] += ', 'g["gain"] = '),
    ("normed_gradient", "shift's gradient averaged", "du.sum(0)", "du.mean(0)"),
    ("normed_gradient", "U not transposed", 'dh = da @ p["U"]', 'dh = da @ p["U"].T'),
    ("normed_gradient", "carried nothing", 'dh = da @ p["U"]', 'dh = 0 * da @ p["U"]'),
    ("two_ways_gradient", "backward states shifted", 'g["Ur"] += a.T @ r[t + 1]', 'g["Ur"] += a.T @ r[t - 1]'),
    ("two_ways_gradient", "second direction walked the wrong way",
     "    for t in range(T):\n        g[\"Vr\"]", "    for t in reversed(range(T)):\n        g[\"Vr\"]"),
    ("two_ways_gradient", "Vf and Vr exchanged",
     "    g[\"r0\"] = d\n", "    g[\"r0\"] = d\n    g[\"Vf\"], g[\"Vr\"] = g[\"Vr\"], g[\"Vf\"]\n"),
    ("two_ways_gradient", "second direction without carry", 'd = a @ p["Ur"]', 'd = 0 * a @ p["Ur"]'),
    ("two_ways_gradient", "carry of the first direction left in d",
     '    d = np.zeros_like(p["r0"])\n', ""),
    ("two_ways_gradient", "first loss left out", "for t in reversed(range(T)):\n        g[\"Vf\"]",
     "for t in reversed(range(1, T)):\n        g[\"Vf\"]"),
]  # fmt: skip


def changed(name: str, old: str, new: str) -> Callable[..., Any]:
    """The function of this name with one line changed."""
    olds, news = [old], [new]
    if "pre = g" in new:
        olds.append("save_for_backward(f, i, o, g,")
        news.append("save_for_backward(f, i, o, pre,")
    if "Step.y" in new:
        olds += ["x, h, W, U, y = ctx", "(1 - y * y)"]
        news += ["x, h, W, U = ctx", "(1 - Step.y * Step.y)"]
    return with_pieces(name, RIGHT[name][1], tuple(olds), tuple(news), globals())
