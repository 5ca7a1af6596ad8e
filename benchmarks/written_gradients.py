"""Backward passes in further styles; `written_changes.py` puts mistakes in.

Windows that hand their state and its cotangent on, micro-batches that are added up, one linear
system for all steps, a recursion over steps, a table of deltas by layer and step, states fed back,
gates picked from a dictionary of slices, PyTorch graphs with an activation of one's own and JAX
with custom tangents. Nothing of the package is used here but to read the recurrences.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from bptt_sym.read import recurrence_from_latex
from bptt_sym.recurrence import Recurrence

Array = Any


def sigmoid(a: Array) -> Array:
    return 0.5 * (1 + np.tanh(0.5 * a))


def dsigmoid(s: Array) -> Array:
    return s * (1 - s)


def dtanh(t: Array) -> Array:
    return 1 - t * t


def _weight(p: Any) -> Array:
    return (p.mask * p.loss_weights[:, None])[..., None]


# -- NumPy: shipped cells -------------------------------------------------------------------------


class Window:
    """Some steps of an LSTM: runs them from a state, and back from the cotangents behind them."""

    def __init__(self, p: Any, first: int, last: int) -> None:
        self.p, self.first, self.last = p, first, last

    def forward(self, h: Array, c: Array) -> tuple[Array, Array]:
        q, self.tape = self.p.params, []
        for t in range(self.first, self.last):
            z = self.p.x[t] @ q["W"].T + h @ q["U"].T + q["b"]
            zf, zi, zo, zg = np.split(z, 4, axis=1)
            f, i, o, g = sigmoid(zf), sigmoid(zi), sigmoid(zo), np.tanh(zg)
            c_new = f * c + i * g
            tc = np.tanh(c_new)
            self.tape.append((t, h, c, f, i, o, g, tc))
            h, c = o * tc, c_new
        return h, c

    def backward(self, grads: dict[str, Array], dh: Array, dc: Array) -> tuple[Array, Array]:
        q = self.p.params
        for t, h_old, c_old, f, i, o, g, tc in reversed(self.tape):
            h = o * tc
            dy = (h @ q["V"].T + q["c"] - self.p.targets[t]) * _weight(self.p)[t]
            grads["V"] += dy.T @ h
            grads["c"] += dy.sum(axis=0)
            dh = dh + dy @ q["V"]
            dc = dc + dh * o * dtanh(tc)
            dz = np.concatenate([
                dc * c_old * dsigmoid(f), dc * g * dsigmoid(i),
                dh * tc * dsigmoid(o), dc * i * dtanh(g),
            ], axis=1)  # fmt: skip
            grads["W"] += dz.T @ self.p.x[t]
            grads["U"] += dz.T @ h_old
            grads["b"] += dz.sum(axis=0)
            dh = dz @ q["U"]
            dc = dc * f
        return dh, dc


def windows(p: Any, make: Any = Window) -> dict[str, Array]:
    """Windows of two steps; the state goes on, and its cotangent comes back."""
    cuts = [make(p, s, min(s + 2, p.steps)) for s in range(0, p.steps, 2)]
    h, c = p.h0, p.c0
    for window in cuts:
        h, c = window.forward(h, c)
    grads = {k: np.zeros_like(v) for k, v in p.params.items()}
    dh, dc = np.zeros_like(h), np.zeros_like(c)
    for window in reversed(cuts):
        dh, dc = window.backward(grads, dh, dc)
    return grads | ({"h0": dh.sum(axis=0), "c0": dc.sum(axis=0)} if p.learned else {})


def micro_batches(p: Any) -> dict[str, Array]:
    """A GRU; the gradients of the examples are added up, each a batch of one."""
    n = p.h0.shape[1]
    total = {k: np.zeros_like(v) for k, v in p.params.items()}
    start = np.zeros_like(p.h0[0])
    blocks = [p.params[k].reshape(3, n, *p.params[k].shape[1:]) for k in "WUb"]
    (Wr, Wz, Wn), (Ur, Uz, Un), (br, bz, bn) = blocks
    V, c = p.params["V"], p.params["c"]
    for s in range(p.batch):
        x, y, weight = p.x[:, s], p.targets[:, s], p.mask[:, s] * p.loss_weights
        H, R, Z, N = [p.h0[s]], [], [], []
        for t in range(p.steps):
            R.append(sigmoid(Wr @ x[t] + Ur @ H[t] + br))
            Z.append(sigmoid(Wz @ x[t] + Uz @ H[t] + bz))
            N.append(np.tanh(Wn @ x[t] + Un @ (R[t] * H[t]) + bn))
            H.append((1 - Z[t]) * N[t] + Z[t] * H[t])
        grad = {k: np.zeros_like(v) for k, v in total.items()}
        dh = np.zeros_like(start)
        for t in range(p.steps - 1, -1, -1):
            dy = weight[t] * (V @ H[t + 1] + c - y[t])
            grad["V"] += dy[:, None] * H[t + 1]
            grad["c"] += dy
            dh = dh + V.T @ dy
            dn = dh * (1 - Z[t]) * dtanh(N[t])
            dz = dh * (H[t] - N[t]) * dsigmoid(Z[t])
            drh = Un.T @ dn
            dr = drh * H[t] * dsigmoid(R[t])
            gates = np.concatenate([dr, dz, dn])
            grad["W"] += gates[:, None] * x[t]
            grad["U"][: 2 * n] += gates[: 2 * n, None] * H[t]
            grad["U"][2 * n :] += dn[:, None] * (R[t] * H[t])
            grad["b"] += gates
            dh = dh * Z[t] + drh * R[t] + Ur.T @ dr + Uz.T @ dz
        for k in total:
            total[k] += grad[k]
        start += dh
    return total | ({"h0": start} if p.learned else {})


def one_system(p: Any) -> dict[str, Array]:
    """All steps at once: (I - L)' lambda = seeds, the one-step Jacobians under the diagonal."""
    W, U, b, V, c = (p.params[k] for k in "WUbVc")
    T, n = p.steps, len(b)
    out = {k: np.zeros_like(v) for k, v in p.params.items()}
    start = np.zeros_like(p.h0[0])
    for s in range(p.batch):
        h = np.zeros((T + 1, n), p.dtype)
        h[0] = p.h0[s]
        for t in range(T):
            h[t + 1] = np.tanh(W @ p.x[t, s] + U @ h[t] + b)
        slope = dtanh(h[1:])
        err = (h[1:] @ V.T + c - p.targets[:, s]) * (p.mask[:, s] * p.loss_weights)[:, None]
        L = np.zeros((T, n, T, n), p.dtype)
        for t in range(1, T):
            L[t, :, t - 1] = slope[t][:, None] * U
        A = np.eye(T * n, dtype=p.dtype) - L.reshape(T * n, T * n)
        lam = np.linalg.solve(A.T, (err @ V).reshape(-1)).reshape(T, n)
        pre = lam * slope
        out["W"] += pre.T @ p.x[:, s]
        out["U"] += pre.T @ h[:-1]
        out["b"] += pre.sum(axis=0)
        out["V"] += err.T @ h[1:]
        out["c"] += err.sum(axis=0)
        start += U.T @ pre[0]
    return out | ({"h0": start} if p.learned else {})


def recursion(p: Any) -> dict[str, Array]:
    """A function that takes a step, calls itself for the rest, and hands the cotangent back."""
    W, U, b, V, c = (p.params[k] for k in "WUbVc")
    g = {k: np.zeros_like(v) for k, v in p.params.items()}
    weight = _weight(p)

    def visit(t: int, h: Array) -> Array:
        if t == p.steps:
            return np.zeros_like(h)
        a = p.x[t].dot(W.T) + h.dot(U.T) + b
        s = sigmoid(a)
        error = weight[t] * (s.dot(V.T) + c - p.targets[t])
        later = visit(t + 1, s)
        delta = (later + error.dot(V)) * dsigmoid(s)
        g["V"] += error.T.dot(s)
        g["c"] += np.sum(error, axis=0)
        g["W"] += delta.T.dot(p.x[t])
        g["U"] += delta.T.dot(h)
        g["b"] += np.sum(delta, axis=0)
        return delta.dot(U)

    first = visit(0, p.h0)
    return g | ({"h0": first.sum(axis=0)} if p.learned else {})


def sliced(p: Any) -> dict[str, Array]:
    """An LSTM; slices by name, one buffer for all gates that is written over on the way back."""
    n = p.h0.shape[1]
    at = {k: slice(j * n, (j + 1) * n) for j, k in enumerate("fiog")}
    W, U, b, V, c = (p.params[k] for k in "WUbVc")
    gates = np.empty((p.steps, p.batch, 4 * n), p.dtype)
    H, C = np.empty((2, p.steps + 1, *p.h0.shape), p.dtype)
    H[0], C[0] = p.h0, p.c0
    for t in range(p.steps):
        z = gates[t]
        np.matmul(H[t], U.T, out=z)
        z += p.x[t] @ W.T + b
        z[:, : 3 * n] = sigmoid(z[:, : 3 * n])
        z[:, at["g"]] = np.tanh(z[:, at["g"]])
        C[t + 1] = z[:, at["f"]] * C[t] + z[:, at["i"]] * z[:, at["g"]]
        H[t + 1] = z[:, at["o"]] * np.tanh(C[t + 1])
    resid = (H[1:] @ V.T + c - p.targets) * _weight(p)
    dH = resid @ V
    dh, dc = np.zeros_like(p.h0), np.zeros_like(p.c0)
    for t in range(p.steps)[::-1]:
        f, i, o, g = (gates[t][:, at[k]].copy() for k in "fiog")
        tc = np.tanh(C[t + 1])
        dh += dH[t]
        dc += dh * o * dtanh(tc)
        dz = gates[t]
        dz[:, at["f"]] = dc * C[t] * dsigmoid(f)
        dz[:, at["i"]] = dc * g * dsigmoid(i)
        dz[:, at["o"]] = dh * tc * dsigmoid(o)
        dz[:, at["g"]] = dc * i * dtanh(g)
        dh = dz @ U
        dc = dc * f
    flat = gates.reshape(-1, 4 * n)
    out = {
        "W": flat.T @ p.x.reshape(len(flat), -1), "U": flat.T @ H[:-1].reshape(len(flat), -1),
        "b": flat.sum(axis=0), "V": np.tensordot(resid, H[1:], axes=([0, 1], [0, 1])),
        "c": resid.sum(axis=(0, 1)),
    }  # fmt: skip
    return out | ({"h0": dh.sum(axis=0), "c0": dc.sum(axis=0)} if p.learned else {})


# -- PyTorch and JAX ------------------------------------------------------------------------------


def torch_gru() -> Any:
    """The graph of a GRU with a hand-made linear layer and hand-made activations."""
    import torch

    class Affine(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, v: Any, A: Any, b: Any) -> Any:
            ctx.save_for_backward(v, A)
            return v.mm(A.t()) + b

        @staticmethod
        def backward(ctx: Any, grad: Any) -> Any:
            v, A = ctx.saved_tensors
            return grad.mm(A), grad.t().mm(v), grad.sum(0)

    class Squash(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, a: Any) -> Any:
            y = torch.tanh(a)
            ctx.save_for_backward(a, y)
            return y

        @staticmethod
        def backward(ctx: Any, grad: Any) -> Any:
            a, y = ctx.saved_tensors  # noqa: RUF059  # one mistake takes the other one
            return grad * (1 - y * y)

    def outputs(t: Any, p: Any) -> Any:
        n = t["h0"].shape[1]
        no = torch.zeros_like(t["b"][:n])
        h, ys = t["h0"], []
        for x in t["x"]:
            gi = Affine.apply(x, t["W"], t["b"])
            gh = Affine.apply(h, t["U"][: 2 * n], torch.zeros_like(t["b"][: 2 * n]))
            r, z = torch.sigmoid(gi[:, : 2 * n] + gh).chunk(2, 1)
            new = Squash.apply(gi[:, 2 * n :] + Affine.apply(r * h, t["U"][2 * n :], no))
            h = z * h + (1 - z) * new
            ys.append(Affine.apply(h, t["V"], t["c"]))
        return torch.stack(ys)

    return outputs


def jax_tangents() -> Any:
    """An LSTM scanned, differentiated by JAX, with tangents of one's own for its activations."""
    import jax
    import jax.numpy as jnp

    @jax.custom_jvp
    def gate(a: Any) -> Any:
        return 1 / (1 + jnp.exp(-a))

    @gate.defjvp
    def gate_jvp(primals: Any, tangents: Any) -> Any:
        (a,), (da,) = primals, tangents
        s = gate(a)
        return s, s * (1 - s) * da

    @jax.custom_jvp
    def squash(a: Any) -> Any:
        return jnp.tanh(a)

    @squash.defjvp
    def squash_jvp(primals: Any, tangents: Any) -> Any:
        (a,), (da,) = primals, tangents
        s = jnp.tanh(a)
        return s, (1 - s**2) * da

    def outputs(t: Any, p: Any) -> Any:
        def step(carry: Any, x: Any) -> Any:
            h, c = carry
            f, i, o, g = jnp.split(t["W"] @ x.T + t["U"] @ h.T + t["b"][:, None], 4)
            c = gate(f).T * c + gate(i).T * squash(g).T
            h = gate(o).T * squash(c)
            return (h, c), h

        _, hs = jax.lax.scan(step, (t["h0"], t["c0"]), t["x"])
        return hs @ t["V"].T + t["c"]

    return outputs


# -- NumPy: recurrences of one's own --------------------------------------------------------------


def _misses(p: Any, name: str, value: Array) -> Array:
    return (value - p.series[f"\\hat{{{name}}}"]) * _weight(p)


def delta_table(p: Any) -> dict[str, Array]:
    """Two layers, the upper one sees the input too; deltas by (layer, step) in a dictionary."""
    A, B, a, C, D, E, d = (p.params[k] for k in ("A", "B", "a", "C", "D", "E", "d"))
    x, T = p.series["x"], p.steps
    act = {(0, -1): p.start("h"), (1, -1): p.start("s")}
    for t in range(T):
        act[0, t] = np.tanh(x[t] @ A.T + act[0, t - 1] @ B.T + a)
        act[1, t] = np.tanh(act[0, t] @ C.T + act[1, t - 1] @ D.T + x[t] @ E.T + d)
    seed = {
        (0, t): v for t, v in enumerate(_misses(p, "h", np.array([act[0, t] for t in range(T)])))
    }
    top = _misses(p, "s", np.array([act[1, t] for t in range(T)]))
    delta = {}
    for t in range(T - 1, -1, -1):
        bar = top[t]
        if t < T - 1:
            bar = bar + delta[1, t + 1] @ D
        delta[1, t] = bar * dtanh(act[1, t])
        bar = seed[0, t] + delta[1, t] @ C
        if t < T - 1:
            bar = bar + delta[0, t + 1] @ B
        delta[0, t] = bar * dtanh(act[0, t])
    steps = range(T)
    g = {
        "A": sum(delta[0, t].T @ x[t] for t in steps),
        "B": sum(delta[0, t].T @ act[0, t - 1] for t in steps),
        "a": sum(delta[0, t].sum(0) for t in steps),
        "C": sum(delta[1, t].T @ act[0, t] for t in steps),
        "D": sum(delta[1, t].T @ act[1, t - 1] for t in steps),
        "E": sum(delta[1, t].T @ x[t] for t in steps),
        "d": sum(delta[1, t].sum(0) for t in steps),
    }
    ends = {"h0": (delta[0, 0] @ B).sum(0), "s0": (delta[1, 0] @ D).sum(0)}
    return g | (ends if p.learned else {})


def peepholes(p: Any) -> dict[str, Array]:
    """An LSTM whose gates see the cell, one weight a unit; the output gate sees the new cell."""
    q = p.params
    x, T = p.series["x"], p.steps
    h, c, tape = p.start("h"), p.start("c"), []
    for t in range(T):
        i = sigmoid(x[t] @ q["A"].T + h @ q["B"].T + q["u"] * c)
        f = sigmoid(x[t] @ q["C"].T + h @ q["D"].T + q["v"] * c)
        g = np.tanh(x[t] @ q["E"].T + h @ q["F"].T)
        new = f * c + i * g
        o = sigmoid(x[t] @ q["G"].T + h @ q["H"].T + q["w"] * new)
        tape.append({"h": h, "c": c, "i": i, "f": f, "g": g, "o": o, "new": new})
        h, c = o * np.tanh(new), new
    miss_h = _misses(p, "h", np.array([s["o"] * np.tanh(s["new"]) for s in tape]))
    miss_c = _misses(p, "c", np.array([s["new"] for s in tape]))
    out = {k: np.zeros_like(v) for k, v in q.items()}
    dh, dc = np.zeros_like(h), np.zeros_like(c)
    for t in reversed(range(T)):
        s = tape[t]
        dh = dh + miss_h[t]
        dc = dc + miss_c[t]
        th = np.tanh(s["new"])
        do = dh * th * dsigmoid(s["o"])
        dc = dc + dh * s["o"] * dtanh(th) + do * q["w"]
        di = dc * s["g"] * dsigmoid(s["i"])
        df = dc * s["c"] * dsigmoid(s["f"])
        dg = dc * s["i"] * dtanh(s["g"])
        for pre, left, right in ((di, "A", "B"), (df, "C", "D"), (dg, "E", "F"), (do, "G", "H")):
            out[left] += pre.T @ x[t]
            out[right] += pre.T @ s["h"]
        out["u"] += (di * s["c"]).sum(0)
        out["v"] += (df * s["c"]).sum(0)
        out["w"] += (do * s["new"]).sum(0)
        dh = di @ q["B"] + df @ q["D"] + dg @ q["F"] + do @ q["H"]
        dc = dc * s["f"] + di * q["u"] + df * q["v"]
    return out | ({"h0": dh.sum(0), "c0": dc.sum(0)} if p.learned else {})


@cache
def recurrence(name: str) -> Recurrence:
    """The recurrences that ship with no cell."""
    shapes: dict[str, Any]
    if name == "delta_table":
        lines = [
            r"h_t = \tanh(A x_t + B h_{t-1} + a)",
            r"s_t = \tanh(C h_t + D s_{t-1} + E x_t + d)",
        ]
        shapes = dict.fromkeys("ha", ("n",)) | dict.fromkeys("sd", ("k",)) | {"x": ("m",)}
        shapes |= {"A": ("n", "m"), "B": ("n", "n"), "C": ("k", "n"), "D": ("k", "k")}
        shapes |= {"E": ("k", "m")}
    else:
        lines = [
            r"i_t = \sigma(A x_t + B h_{t-1} + u \odot c_{t-1})",
            r"f_t = \sigma(C x_t + D h_{t-1} + v \odot c_{t-1})",
            r"g_t = \tanh(E x_t + F h_{t-1})",
            r"c_t = f_t \odot c_{t-1} + i_t \odot g_t",
            r"o_t = \sigma(G x_t + H h_{t-1} + w \odot c_t)",
            r"h_t = o_t \odot \tanh(c_t)",
        ]
        shapes = dict.fromkeys("ifgcohuvw", ("n",)) | {"x": ("m",)}
        shapes |= dict.fromkeys("ACEG", ("n", "m")) | dict.fromkeys("BDFH", ("n", "n"))
    return recurrence_from_latex(lines, name=name, shapes=shapes)


#: By name: the shipped cell or recurrence that it belongs to, and the function.
CELLS: dict[str, tuple[str, Callable[..., Any]]] = {
    "windows": ("lstm", windows),
    "micro_batches": ("gru", micro_batches),
    "one_system": ("elman", one_system),
    "recursion": ("sigmoid_rnn", recursion),
    "sliced": ("lstm", sliced),
    "torch_gru": ("gru", torch_gru),
    "jax_tangents": ("lstm", jax_tangents),
    "delta_table": ("delta_table", delta_table),
    "peepholes": ("peepholes", peepholes),
}
