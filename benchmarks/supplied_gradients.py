"""Gradients of the four cells by yet other hands; `supplied_changes.py` puts mistakes in.

A tape of operations with a table of reverse rules, closures that pull cotangents back, the joint
state's Jacobian as a block matrix, columns for examples, the double loop of tutorials over steps
and lags, Lagrange multipliers, a step as an ``autograd.Function``, a JAX cell with its own rule.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Array = Any


def logistic(a: Array) -> Array:
    return 0.5 * (1 + np.tanh(0.5 * a))


class Tape:
    """Values by number, the operation of each, and a rule for each operation."""

    def __init__(self) -> None:
        self.values: list[Array] = []
        self.made: list[tuple[str, tuple[int, ...], Any]] = []

    def put(self, value: Array, op: str = "leaf", *args: int, note: Any = None) -> int:
        self.values.append(value)
        self.made.append((op, args, note))
        return len(self.values) - 1

    def affine(self, x: int, w: int) -> int:
        return self.put(self.values[x] @ self.values[w].T, "affine", x, w)

    def add(self, a: int, b: int) -> int:
        return self.put(self.values[a] + self.values[b], "add", a, b)

    def mul(self, a: int, b: int) -> int:
        return self.put(self.values[a] * self.values[b], "mul", a, b)

    def sig(self, a: int) -> int:
        return self.put(logistic(self.values[a]), "sig", a)

    def tanh(self, a: int) -> int:
        return self.put(np.tanh(self.values[a]), "tanh", a)

    def part(self, a: int, k: int, n: int) -> int:
        return self.put(self.values[a][:, k * n:(k + 1) * n], "part", a, note=(k, n))

    def pull(self, seeds: dict[int, Array]) -> dict[int, Array]:
        bar = dict(seeds)
        for i in range(len(self.values) - 1, -1, -1):
            op, args, note = self.made[i]
            if op == "leaf" or i not in bar:
                continue
            g, y = bar[i], self.values[i]
            v = [self.values[j] for j in args]
            if op == "affine":
                out = [g @ v[1], g.T @ v[0]]
            elif op == "add":
                out = [g, g if v[1].ndim == 2 else g.sum(0)]
            elif op == "mul":
                out = [g * v[1], g * v[0]]
            elif op == "sig":
                out = [g * y * (1 - y)]
            elif op == "tanh":
                out = [g * (1 - y * y)]
            else:
                k, n = note
                whole = np.zeros_like(v[0])
                whole[:, k * n:(k + 1) * n] = g
                out = [whole]
            for j, share in zip(args, out, strict=True):
                bar[j] = bar[j] + share if j in bar else share
        return bar


def taped_lstm(p: Any) -> dict[str, Array]:
    """An LSTM on a tape; the rules know nothing of it."""
    tape = Tape()
    leaf = {k: tape.put(v) for k, v in p.params.items()}
    start = h, c = tape.put(p.h0), tape.put(p.c0)
    n, seeds, weight = p.h0.shape[1], {}, p.mask * p.loss_weights[:, None]
    for t in range(p.steps):
        a = tape.affine(tape.put(p.x[t]), leaf["W"])
        a = tape.add(tape.add(a, tape.affine(h, leaf["U"])), leaf["b"])
        f, i, o = (tape.sig(tape.part(a, k, n)) for k in range(3))
        g = tape.tanh(tape.part(a, 3, n))
        c = tape.add(tape.mul(f, c), tape.mul(i, g))
        h = tape.mul(o, tape.tanh(c))
        y = tape.add(tape.affine(h, leaf["V"]), leaf["c"])
        seeds[y] = weight[t][:, None] * (tape.values[y] - p.targets[t])
    bar = tape.pull(seeds)
    out = {k: bar[j] for k, j in leaf.items()}
    return out | ({k: bar[j].sum(0) for k, j in zip(("h0", "c0"), start, strict=True)}
                  if p.learned else {})  # fmt: skip


def closures_gru(p: Any) -> dict[str, Array]:
    """A GRU; each step returns its value and a function that pulls back."""
    total = {k: np.zeros_like(v) for k, v in p.params.items()}
    W, U, b = (np.split(p.params[k], 3) for k in "WUb")

    def linear(k: int, x: Array, h: Array) -> tuple[Array, Callable[[Array], Array]]:
        rows = slice(k * len(b[k]), (k + 1) * len(b[k]))

        def back(bar: Array) -> Array:
            total["W"][rows] += bar.T @ x
            total["U"][rows] += bar.T @ h
            total["b"][rows] += bar.sum(0)
            return bar @ U[k]

        return x @ W[k].T + h @ U[k].T + b[k], back

    def cell(x: Array, h: Array) -> tuple[Array, Callable[[Array], Array]]:
        ar, from_r = linear(0, x, h)
        az, from_z = linear(1, x, h)
        r, z = logistic(ar), logistic(az)
        ag, from_g = linear(2, x, r * h)
        g = np.tanh(ag)

        def back(bar: Array) -> Array:
            old = bar * z
            old += from_z((h - g) * bar * z * (1 - z))
            inner = from_g((1 - z) * bar * (1 - g * g))
            old += inner * r
            old += from_r(inner * h * r * (1 - r))
            return old

        return z * h + (1 - z) * g, back

    h, pulls, misses = p.h0, [], []
    for t, x in enumerate(p.x):
        h, pull = cell(x, h)
        miss = (h @ p.params["V"].T + p.params["c"] - p.targets[t])
        misses.append(miss * (p.loss_weights[t] * p.mask[t])[:, None])
        total["V"] += misses[-1].T @ h
        total["c"] += misses[-1].sum(0)
        pulls.append(pull)
    bar = np.zeros_like(h)
    while pulls:
        bar = pulls.pop()(bar + misses.pop() @ p.params["V"])
    return total | ({"h0": bar.sum(0)} if p.learned else {})


def columns_elman(p: Any) -> dict[str, Array]:
    """A simple network; examples are columns, steps count from 1 to T, bias as a column."""
    W, U, V = (p.params[k] for k in "WUV")
    b, c = p.params["b"][:, None], p.params["c"][:, None]
    T = p.steps
    X = {t: p.x[t - 1].T for t in range(1, T + 1)}
    H = {0: p.h0.T}
    E = {}
    for t in range(1, T + 1):
        H[t] = np.tanh(W @ X[t] + U @ H[t - 1] + b)
        E[t] = (V @ H[t] + c - p.targets[t - 1].T) * (p.loss_weights[t - 1] * p.mask[t - 1])
    D = {T + 1: np.zeros_like(H[0])}
    dW, dU, db, dV, dc = (np.zeros_like(v) for v in (W, U, b, V, c))
    for t in range(T, 0, -1):
        D[t] = (V.T @ E[t] + U.T @ D[t + 1]) * (1 - H[t] ** 2)
    for t in range(1, T + 1):
        dW += D[t] @ X[t].T
        dU += D[t] @ H[t - 1].T
        db += D[t].sum(axis=1, keepdims=True)
        dV += E[t] @ H[t].T
        dc += E[t].sum(axis=1, keepdims=True)
    out = {"W": dW, "U": dU, "b": db[:, 0], "V": dV, "c": dc[:, 0]}
    return out | ({"h0": (U.T @ D[1]).sum(1)} if p.learned else {})


def double_loop(p: Any) -> dict[str, Array]:
    """A sigmoid network; for each loss all steps before it, as in tutorials, one example a time."""
    W, U, b, V, c = (p.params[k] for k in "WUbVc")
    g = {k: np.zeros_like(v) for k, v in p.params.items()}
    first = np.zeros_like(b)
    for e in range(p.batch):
        s = [p.h0[e]]
        for t in range(p.steps):
            s.append(logistic(W @ p.x[t, e] + U @ s[-1] + b))
        for t in range(p.steps):
            o = V @ s[t + 1] + c
            delta_o = p.mask[t, e] * p.loss_weights[t] * (o - p.targets[t, e])
            g["V"] += np.outer(delta_o, s[t + 1])
            g["c"] += delta_o
            delta_t = V.T @ delta_o * s[t + 1] * (1 - s[t + 1])
            for k in range(t, -1, -1):
                g["U"] += np.outer(delta_t, s[k])
                g["W"] += np.outer(delta_t, p.x[k, e])
                g["b"] += delta_t
                back = U.T @ delta_t
                delta_t = back * s[k] * (1 - s[k])
            first += back
    return g | ({"h0": first} if p.learned else {})


def block_lstm(p: Any) -> dict[str, Array]:
    """An LSTM; each step's Jacobian of the joint state (h, c) as a matrix, rows on the left."""
    q, n = p.params, p.h0.shape[1]
    Wf, Wi, Wo, Wg = np.split(q["W"], 4)
    Uf, Ui, Uo, Ug = np.split(q["U"], 4)
    bf, bi, bo, bg = np.split(q["b"], 4)
    g = {k: np.zeros_like(v) for k, v in q.items()}
    starts = np.zeros(2 * n, p.dtype)
    for e in range(p.batch):
        h, c, J, local, err, seen = p.h0[e], p.c0[e], [], [], [], []
        for t in range(p.steps):
            x = p.x[t, e]
            f, i, o = (logistic(w @ x + u @ h + v) for w, u, v in
                       ((Wf, Uf, bf), (Wi, Ui, bi), (Wo, Uo, bo)))  # fmt: skip
            k = np.tanh(Wg @ x + Ug @ h + bg)
            new = f * c + i * k
            th = np.tanh(new)
            dch = (np.diag(c * f * (1 - f)) @ Uf + np.diag(k * i * (1 - i)) @ Ui
                   + np.diag(i * (1 - k * k)) @ Ug)  # fmt: skip
            dcc = np.diag(f)
            dhc = np.diag(o * (1 - th * th))
            dhh = np.diag(th * o * (1 - o)) @ Uo + dhc @ dch
            J.append(np.block([[dhh, dhc @ dcc], [dch, dcc]]))
            zero = np.zeros(n, p.dtype)
            by_c = np.concatenate([c * f * (1 - f), k * i * (1 - i), zero, i * (1 - k * k)])
            by_h = np.concatenate([zero, zero, th * o * (1 - o), zero])
            by_h += np.tile(o * (1 - th * th), 4) * by_c
            local.append((by_h, by_c))
            seen.append((x, h))
            h, c = o * th, new
            y = q["V"] @ h + q["c"]
            err.append(p.mask[t, e] * p.loss_weights[t] * (y - p.targets[t, e]))
            g["V"] += np.outer(err[t], h)
            g["c"] += err[t]
        row = np.zeros(2 * n, p.dtype)
        for t in range(p.steps - 1, -1, -1):
            row[:n] += err[t] @ q["V"]
            by_h, by_c = local[t]
            d = np.tile(row[:n], 4) * by_h + np.tile(row[n:], 4) * by_c
            x, old = seen[t]
            g["W"] += np.outer(d, x)
            g["U"] += np.outer(d, old)
            g["b"] += d
            row = row @ J[t]
        starts += row
    return g | ({"h0": starts[:n], "c0": starts[n:]} if p.learned else {})


def multipliers(p: Any) -> dict[str, Array]:
    """A simple network; one linear system for the Lagrange multipliers of all steps."""
    W, U, b, V, c = (p.params[k] for k in "WUbVc")
    T, n = p.steps, len(b)
    g = {k: np.zeros_like(v) for k, v in p.params.items()}
    first = np.zeros_like(b)
    for e in range(p.batch):
        H = np.zeros((T + 1, n), p.dtype)
        H[0] = p.h0[e]
        for t in range(T):
            H[t + 1] = np.tanh(W @ p.x[t, e] + U @ H[t] + b)
        weight = (p.mask[:, e] * p.loss_weights)[:, None]
        miss = weight * (H[1:] @ V.T + c - p.targets[:, e])
        slope = 1 - H[1:] ** 2
        A = np.eye(T * n, dtype=p.dtype)
        for t in range(1, T):
            A[t * n:(t + 1) * n, (t - 1) * n:t * n] = -slope[t][:, None] * U
        lam = np.linalg.solve(A.T, (miss @ V).ravel()).reshape(T, n)
        pre = lam * slope
        g["W"] += np.einsum("ti,tj->ij", pre, p.x[:, e])
        g["U"] += np.einsum("ti,tj->ij", pre, H[:-1])
        g["b"] += pre.sum(0)
        g["V"] += np.einsum("ti,tj->ij", miss, H[1:])
        g["c"] += miss.sum(0)
        first += U.T @ pre[0]
    return g | ({"h0": first} if p.learned else {})


def torch_step() -> Any:
    """A GRU's gates as one ``autograd.Function``; its linear maps are left to PyTorch."""
    import torch

    class Gates(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, az: Any, ag: Any, h: Any) -> Any:
            z, g = torch.sigmoid(az), torch.tanh(ag)
            ctx.save_for_backward(z, g, h)
            return z * h + (1 - z) * g

        @staticmethod
        def backward(ctx: Any, bar: Any) -> Any:
            z, g, h = ctx.saved_tensors
            d_az = bar * (h - g) * z * (1 - z)
            d_ag = bar * (1 - z) * (1 - g.pow(2))
            d_h = bar * z
            return d_az, d_ag, d_h

    def outputs(t: Any, p: Any) -> Any:
        n, h, ys = t["U"].shape[1], t["h0"], []
        for x in t["x"]:
            a = x @ t["W"].T + t["b"]
            rz = a[:, :2 * n] + h @ t["U"][:2 * n].T
            r = torch.sigmoid(rz[:, :n])
            h = Gates.apply(rz[:, n:], a[:, 2 * n:] + (r * h) @ t["U"][2 * n:].T, h)
            ys.append(h)
        return torch.stack(ys) @ t["V"].T + t["c"]

    return outputs


def jax_cell() -> Any:
    """An LSTM's step with its own reverse rule, scanned by JAX."""
    import jax
    import jax.numpy as jnp

    @jax.custom_vjp
    def step(theta: Any, h: Any, c: Any, x: Any) -> Any:
        return primal(theta, h, c, x)[0]

    def primal(theta: Any, h: Any, c: Any, x: Any) -> Any:
        a = x @ theta["W"].T + h @ theta["U"].T + theta["b"]
        f, i, o, g = jnp.split(a, 4, axis=1)
        f, i, o = (jax.nn.sigmoid(v) for v in (f, i, o))
        g = jnp.tanh(g)
        new = f * c + i * g
        return (o * jnp.tanh(new), new), (theta, h, c, x, f, i, o, g, new)

    def reverse(kept: Any, bars: Any) -> Any:
        theta, h, c, x, f, i, o, g, new = kept
        dh, dc = bars
        th = jnp.tanh(new)
        dc = dc + dh * o * (1 - th**2)
        da = jnp.concatenate([dc * c * f * (1 - f), dc * g * i * (1 - i),
                              dh * th * o * (1 - o), dc * i * (1 - g**2)], axis=1)  # fmt: skip
        sums = {"W": da.T @ x, "U": da.T @ h, "b": jnp.sum(da, axis=0)}
        return sums, da @ theta["U"], dc * f, da @ theta["W"]

    step.defvjp(primal, reverse)

    def outputs(a: Any, p: Any) -> Any:
        theta = {k: a[k] for k in "WUb"}

        def body(carry: Any, x: Any) -> Any:
            carry = step(theta, *carry, x)
            return carry, carry[0]

        return jax.lax.scan(body, (a["h0"], a["c0"]), a["x"])[1] @ a["V"].T + a["c"]

    return outputs


CELLS: dict[str, tuple[str, Callable[..., Any]]] = {
    "taped_lstm": ("lstm", taped_lstm),
    "closures_gru": ("gru", closures_gru),
    "columns_elman": ("elman", columns_elman),
    "double_loop": ("sigmoid_rnn", double_loop),
    "block_lstm": ("lstm", block_lstm),
    "multipliers": ("elman", multipliers),
    "torch_step": ("gru", torch_step),
    "jax_cell": ("lstm", jax_cell),
}
