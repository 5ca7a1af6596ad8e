"""Pairs of a loss and a gradient: networks around the cells that courses and papers train.

Layer and batch normalisation, tied embeddings under a mask, attention with teacher forcing, both
directions over padded sequences, a segment that starts from a carried state, a read-out of fixed
states, outputs that are fed back. `delivered_changes.py` puts mistakes in.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import delivered_modules as modules
import numpy as np

Array = Any

WORDS = np.array([[1, 4, 2], [0, 3, 3], [2, 1, 5], [5, 0, 4], [3, 2, 1]])
LENGTHS = np.array([4, 3, 2])
VALID = (np.arange(4)[:, None] < LENGTHS).astype(float)
FORCED = np.array([1.0, 0.0, 1.0, 0.0])
FIXED = np.random.default_rng(6).normal(size=(4, 3, 4))
RESERVOIR = np.random.default_rng(7).normal(size=(4, 4)) * 0.4
EPS = 1e-2


def logistic(a: Array) -> Array:
    return 1 / (1 + np.exp(-a))


def softmax(a: Array, axis: int) -> Array:
    e = np.exp(a - a.real.max(axis, keepdims=True))
    return e / e.sum(axis, keepdims=True)


def layer_norm(p: Any, x: Array, y: Array) -> Array:
    """Units are normalised before the activation; the last state is read."""
    h = np.zeros((x.shape[1], p["U"].shape[0]))
    for xt in x:
        a = xt @ p["W"].T + h @ p["U"].T
        mu = a.mean(1, keepdims=True)
        var = ((a - mu) ** 2).mean(1, keepdims=True)
        h = np.tanh(p["s"] * (a - mu) / np.sqrt(var + EPS) + p["b"])
    return 0.5 * ((h @ p["V"].T - y[-1]) ** 2).sum()


def layer_norm_gradient(p: Any, x: Array, y: Array) -> dict[str, Array]:
    W, U, s, b, V = (p[k] for k in "WUsbV")
    T, N, _ = x.shape
    hs, hats, inv = [np.zeros((N, len(U)))], [], []
    for t in range(T):
        a = x[t] @ W.T + hs[t] @ U.T
        sd = 1 / np.sqrt(a.var(1, keepdims=True) + EPS)
        hats.append((a - a.mean(1, keepdims=True)) * sd)
        inv.append(sd)
        hs.append(np.tanh(s * hats[t] + b))
    dy = hs[T] @ V.T - y[-1]
    g = {k: np.zeros_like(v) for k, v in p.items()}
    g["V"] = dy.T @ hs[T]
    dh = dy @ V
    for t in reversed(range(T)):
        dn = dh * (1 - hs[t + 1] ** 2)
        g["s"] += (dn * hats[t]).sum(0)
        g["b"] += dn.sum(0)
        dhat = dn * s
        m1 = dhat.mean(1, keepdims=True)
        m2 = (dhat * hats[t]).mean(1, keepdims=True)
        da = inv[t] * (dhat - m1 - hats[t] * m2)
        g["W"] += da.T @ x[t]
        g["U"] += da.T @ hs[t]
        dh = da @ U
    return g


def batch_norm(p: Any, x: Array, y: Array) -> Array:
    """Inputs of each step are normalised over the examples."""
    h = np.zeros((x.shape[1], p["U"].shape[0]))
    total = 0.0
    for t in range(len(x)):
        a = x[t] @ p["W"].T
        c = a - a.mean(0)
        a = c / np.sqrt((c**2).mean(0) + EPS)
        h = np.tanh(p["s"] * a + h @ p["U"].T + p["b"])
        total = total + 0.5 * ((h @ p["V"].T - y[t]) ** 2).sum() / x.shape[1]
    return total


def batch_norm_gradient(p: Any, x: Array, y: Array) -> dict[str, Array]:
    T, N, _ = x.shape
    h = np.zeros((N, len(p["U"])))
    saved = []
    for t in range(T):
        a = x[t] @ p["W"].T
        mean, var = a.mean(axis=0), a.var(axis=0)
        istd = 1.0 / np.sqrt(var + EPS)
        xhat = (a - mean) * istd
        prev, h = h, np.tanh(p["s"] * xhat + h @ p["U"].T + p["b"])
        saved.append((xhat, istd, prev, h))
    grads = {k: np.zeros_like(v) for k, v in p.items()}
    dh = np.zeros_like(h)
    for t in range(T - 1, -1, -1):
        xhat, istd, prev, h = saved[t]
        e = (h @ p["V"].T - y[t]) / N
        grads["V"] += e.T @ h
        dz = (dh + e @ p["V"]) * (1 - h**2)
        grads["U"] += dz.T @ prev
        grads["b"] += dz.sum(axis=0)
        grads["s"] += (dz * xhat).sum(axis=0)
        dxhat = dz * p["s"]
        da = istd / N * (N * dxhat - dxhat.sum(axis=0) - xhat * (dxhat * xhat).sum(axis=0))
        grads["W"] += da.T @ x[t]
        dh = dz @ p["U"]
    return grads


def tied(p: Any, x: Array, y: Array) -> Array:
    """Words in and out by one matrix; the mean over the words that count."""
    h = np.tanh(p["h0"]) + np.zeros((WORDS.shape[1], 1))
    total = 0.0
    for t in range(4):
        e = p["E"][WORDS[t]]
        z = logistic(e @ p["A"].T + h @ p["B"].T)
        h = (1 - z) * h + z * np.tanh(e @ p["W"].T + h @ p["U"].T)
        q = softmax(h @ p["E"].T + p["c"], 1)
        total = total - (VALID[t] * np.log(q[np.arange(3), WORDS[t + 1]])).sum()
    return total / VALID.sum()


def tied_gradient(p: Any, x: Array, y: Array) -> dict[str, Array]:
    E, A, B, W, U = (p[k] for k in "EABWU")
    start = np.tanh(p["h0"])
    hs, zs, ns, qs = [np.tile(start, (3, 1))], [], [], []
    for t in range(4):
        e = E[WORDS[t]]
        zs.append(logistic(e @ A.T + hs[t] @ B.T))
        ns.append(np.tanh(e @ W.T + hs[t] @ U.T))
        hs.append((1 - zs[t]) * hs[t] + zs[t] * ns[t])
        qs.append(softmax(hs[t + 1] @ E.T + p["c"], 1))
    g = {k: np.zeros_like(v) for k, v in p.items()}
    dh = np.zeros_like(hs[0])
    count = VALID.sum()
    for t in range(3, -1, -1):
        e = E[WORDS[t]]
        dlogits = qs[t].copy()
        dlogits[np.arange(3), WORDS[t + 1]] -= 1
        dlogits *= VALID[t][:, None] / count
        g["E"] += dlogits.T @ hs[t + 1]
        g["c"] += dlogits.sum(0)
        dh = dh + dlogits @ E
        dz = dh * (ns[t] - hs[t])
        daz = dz * zs[t] * (1 - zs[t])
        dan = dh * zs[t] * (1 - ns[t] ** 2)
        g["A"] += daz.T @ e
        g["B"] += daz.T @ hs[t]
        g["W"] += dan.T @ e
        g["U"] += dan.T @ hs[t]
        np.add.at(g["E"], WORDS[t], daz @ A + dan @ W)
        dh = dh * (1 - zs[t]) + daz @ B + dan @ U
    g["h0"] = dh.sum(0) * (1 - start**2)
    return g


def attention(p: Any, x: Array, y: Array) -> Array:
    """An encoder, and a decoder that looks at all of its states and sees the right outputs."""
    h = np.zeros((x.shape[1], p["U"].shape[0]))
    memory = []
    for xt in x:
        h = np.tanh(xt @ p["W"].T + h @ p["U"].T)
        memory.append(h)
    keys = np.stack(memory)
    s, last, total = h, np.zeros_like(y[0]), 0.0
    for yt in y:
        scores = np.tanh(keys @ p["K"].T + s @ p["Q"].T) @ p["v"]
        alpha = softmax(scores, 0)
        context = (alpha[:, :, None] * keys).sum(0)
        s = np.tanh(last @ p["F"].T + s @ p["G"].T + context @ p["C"].T)
        total = total + 0.5 * ((s @ p["V"].T - yt) ** 2).sum()
        last = yt
    return total


def attention_gradient(p: Any, x: Array, y: Array) -> dict[str, Array]:
    S, N = len(x), x.shape[1]
    n = len(p["U"])
    H = np.zeros((S + 1, N, n))
    for t in range(S):
        H[t + 1] = np.tanh(x[t] @ p["W"].T + H[t] @ p["U"].T)
    keys = H[1:]
    s, last, tape = H[S], np.zeros_like(y[0]), []
    for yt in y:
        u = np.tanh(keys @ p["K"].T + s @ p["Q"].T)
        alpha = softmax(u @ p["v"], 0)
        context = np.einsum("tb,tbn->bn", alpha, keys)
        new = np.tanh(last @ p["F"].T + s @ p["G"].T + context @ p["C"].T)
        tape.append((s, last, u, alpha, context, new))
        s, last = new, yt
    g = {k: np.zeros_like(v) for k, v in p.items()}
    dkeys = np.zeros_like(keys)
    ds = np.zeros_like(s)
    for k in reversed(range(len(y))):
        prev, last, u, alpha, context, new = tape[k]
        e = new @ p["V"].T - y[k]
        g["V"] += e.T @ new
        da = (ds + e @ p["V"]) * (1 - new**2)
        g["F"] += da.T @ last
        g["G"] += da.T @ prev
        g["C"] += da.T @ context
        dcontext = da @ p["C"]
        dkeys += alpha[:, :, None] * dcontext
        dalpha = np.einsum("bn,tbn->tb", dcontext, keys)
        dscore = alpha * (dalpha - (alpha * dalpha).sum(0))
        g["v"] += np.einsum("tb,tbk->k", dscore, u)
        du = dscore[:, :, None] * p["v"] * (1 - u**2)
        g["K"] += np.einsum("tbk,tbn->kn", du, keys)
        dsum = du.sum(0)
        g["Q"] += dsum.T @ prev
        dkeys += du @ p["K"]
        ds = da @ p["G"] + dsum @ p["Q"]
    dh = ds
    for t in reversed(range(S)):
        dh = dh + dkeys[t]
        da = dh * (1 - H[t + 1] ** 2)
        g["W"] += da.T @ x[t]
        g["U"] += da.T @ H[t]
        dh = da @ p["U"]
    return g


def directions(p: Any, x: Array, y: Array) -> Array:
    """Two networks over padded sequences, one of them from the end; their states are joined."""
    steps, batch, _ = x.shape
    n = p["Uf"].shape[0]
    fs, bs = [], []
    h = np.zeros((batch, n))
    for t in range(steps):
        m = VALID[t][:, None]
        h = m * np.tanh(x[t] @ p["Wf"].T + h @ p["Uf"].T + p["bf"]) + (1 - m) * h
        fs.append(h)
    h = np.zeros((batch, n))
    for t in reversed(range(steps)):
        m = VALID[t][:, None]
        h = m * np.tanh(x[t] @ p["Wb"].T + h @ p["Ub"].T + p["bb"])
        bs.append(h)
    both = np.concatenate([np.stack(fs), np.stack(bs[::-1])], 2)
    pooled = (VALID[:, :, None] * both).sum(0) / LENGTHS[:, None]
    out = VALID[:, :, None] * (both @ p["V"].T - y)
    return 0.5 * (out**2).sum() + 0.5 * ((pooled @ p["P"].T) ** 2).sum()


def directions_gradient(p: Any, x: Array, y: Array) -> dict[str, Array]:
    T, B, _ = x.shape
    n = len(p["Uf"])
    F, R = np.zeros((T + 1, B, n)), np.zeros((T + 1, B, n))
    M = VALID[:, :, None]
    for t in range(T):
        F[t + 1] = np.where(M[t], np.tanh(x[t] @ p["Wf"].T + F[t] @ p["Uf"].T + p["bf"]), F[t])
    for t in range(T - 1, -1, -1):
        R[t] = M[t] * np.tanh(x[t] @ p["Wb"].T + R[t + 1] @ p["Ub"].T + p["bb"])
    both = np.concatenate([F[1:], R[:T]], -1)
    pooled = (M * both).sum(0) / LENGTHS[:, None]
    r = pooled @ p["P"].T
    g = {k: np.zeros_like(v) for k, v in p.items()}
    g["P"] = r.T @ pooled
    e = M * (both @ p["V"].T - y)
    g["V"] = np.tensordot(e, both, ([0, 1], [0, 1]))
    dboth = e @ p["V"] + M * (r @ p["P"]) / LENGTHS[:, None]
    df, db = dboth[:, :, :n], dboth[:, :, n:]
    dh = np.zeros((B, n))
    for t in range(T - 1, -1, -1):
        dh = dh + df[t]
        da = M[t] * dh * (1 - F[t + 1] ** 2)
        g["Wf"] += da.T @ x[t]
        g["Uf"] += da.T @ F[t]
        g["bf"] += da.sum(0)
        dh = (1 - M[t]) * dh + da @ p["Uf"]
    dh = np.zeros((B, n))
    for t in range(T):
        dh = dh + db[t]
        da = M[t] * dh * (1 - R[t] ** 2)
        g["Wb"] += da.T @ x[t]
        g["Ub"] += da.T @ R[t + 1]
        g["bb"] += da.sum(0)
        dh = da @ p["Ub"]
    return g


def carried(p: Any, x: Array, y: Array) -> Array:
    """One segment of a long sequence; where it begins is a number, not a function."""
    h = FIXED[0] * 0.5
    c = FIXED[1]
    total = 0.0
    for t in range(len(x)):
        a = x[t] @ p["W"].T + h @ p["U"].T + p["b"]
        i, f, g, o = np.split(a, 4, axis=1)
        i, f, g, o = logistic(i), logistic(f + 1.0), np.tanh(g), logistic(o)
        c = f * c + i * g
        h = o * np.tanh(c)
        total = total + ((h @ p["V"].T - y[t]) ** 2).mean()
    return total / len(x)


def carried_gradient(p: Any, x: Array, y: Array) -> dict[str, Array]:
    T = len(x)
    h, c = 0.5 * FIXED[0], FIXED[1]
    kept = []
    for t in range(T):
        i, f, g, o = np.split(x[t] @ p["W"].T + h @ p["U"].T + p["b"], 4, axis=1)
        i, f, g, o = logistic(i), logistic(f + 1), np.tanh(g), logistic(o)
        c_prev, h_prev = c, h
        c = f * c_prev + i * g
        h = o * np.tanh(c)
        kept.append((i, f, g, o, c_prev, h_prev, c, h))
    out = {k: np.zeros_like(v) for k, v in p.items()}
    dh, dc = np.zeros_like(h), np.zeros_like(c)
    for t in range(T - 1, -1, -1):
        i, f, g, o, c_prev, h_prev, c, h = kept[t]
        dy = 2 * (h @ p["V"].T - y[t]) / (y[t].size * T)
        out["V"] += dy.T @ h
        dh = dh + dy @ p["V"]
        th = np.tanh(c)
        dc = dc + dh * o * (1 - th**2)
        da = np.concatenate(
            [dc * g * i * (1 - i), dc * c_prev * f * (1 - f), dc * i * (1 - g**2),
             dh * th * o * (1 - o)], axis=1)  # fmt: skip
        out["W"] += da.T @ x[t]
        out["U"] += da.T @ h_prev
        out["b"] += da.sum(axis=0)
        dh = da @ p["U"]
        dc = dc * f
    return out


def read_out(p: Any, x: Array, y: Array) -> Array:
    """An echo network: fixed weights inside, a read-out with ridge, feedback and a bias unit."""
    h = np.zeros(FIXED.shape[1:])
    out = np.zeros_like(y[0])
    total = 0.0
    for t in range(len(x)):
        h = 0.7 * h + 0.3 * np.tanh(h @ RESERVOIR.T + 0.4 * FIXED[t] + out @ p["B"].T)
        state = np.concatenate([h, x[t], np.ones((len(h), 1))], 1)
        out = state @ p["R"].T
        if t >= 1:
            total = total + 0.5 * ((out - y[t]) ** 2).sum()
    return total + 0.5 * 0.1 * (p["R"] ** 2).sum()


def read_out_gradient(p: Any, x: Array, y: Array) -> dict[str, Array]:
    T = len(x)
    n = FIXED.shape[2]
    h, out, tape = np.zeros(FIXED.shape[1:]), np.zeros_like(y[0]), []
    for t in range(T):
        u = np.tanh(h @ RESERVOIR.T + 0.4 * FIXED[t] + out @ p["B"].T)
        h = 0.7 * h + 0.3 * u
        state = np.concatenate([h, x[t], np.ones((len(h), 1))], 1)
        before, out = out, state @ p["R"].T
        tape.append((u, state, before, out))
    dR, dB = 0.1 * p["R"], np.zeros_like(p["B"])
    dh, dout = np.zeros_like(h), np.zeros_like(out)
    for t in reversed(range(T)):
        u, state, before, out = tape[t]
        e = dout + (out - y[t] if t >= 1 else 0)
        dR = dR + e.T @ state
        dh = dh + (e @ p["R"])[:, :n]
        da = 0.3 * dh * (1 - u**2)
        dB += da.T @ before
        dout = da @ p["B"]
        dh = 0.7 * dh + da @ RESERVOIR
    return {"R": dR, "B": dB}


def forced(p: Any, x: Array, y: Array) -> Array:
    """Some steps see the right output before, some the network's own; a robust loss."""
    h = np.zeros((x.shape[1], p["U"].shape[0]))
    last = np.zeros_like(y[0])
    total = 0.0
    for t in range(len(x)):
        h = np.tanh(x[t] @ p["W"].T + h @ p["U"].T + last @ p["F"].T)
        out = h @ p["V"].T + p["c"]
        total = total + (np.sqrt(1 + (out - y[t]) ** 2) - 1).sum()
        last = FORCED[t] * y[t] + (1 - FORCED[t]) * out
    return total


def forced_gradient(p: Any, x: Array, y: Array) -> dict[str, Array]:
    T, N = x.shape[:2]
    h = np.zeros((N, len(p["U"])))
    last = np.zeros_like(y[0])
    hs, lasts, outs = [h], [], []
    for t in range(T):
        lasts.append(last)
        h = np.tanh(x[t] @ p["W"].T + h @ p["U"].T + last @ p["F"].T)
        hs.append(h)
        outs.append(h @ p["V"].T + p["c"])
        last = FORCED[t] * y[t] + (1 - FORCED[t]) * outs[t]
    g = {k: np.zeros_like(v) for k, v in p.items()}
    dh, dlast = np.zeros_like(h), np.zeros_like(last)
    for t in range(T - 1, -1, -1):
        e = outs[t] - y[t]
        dout = e / np.sqrt(1 + e**2) + (1 - FORCED[t]) * dlast
        g["V"] += dout.T @ hs[t + 1]
        g["c"] += dout.sum(0)
        da = (dh + dout @ p["V"]) * (1 - hs[t + 1] ** 2)
        g["W"] += da.T @ x[t]
        g["U"] += da.T @ hs[t]
        g["F"] += da.T @ lasts[t]
        dh = da @ p["U"]
        dlast = da @ p["F"]
    return g


LOSSES: dict[str, Callable[..., Any]] = {
    f.__name__: f
    for f in (
        layer_norm, batch_norm, tied, attention, directions, carried, read_out, forced,
    )
}  # fmt: skip
PAIRS: dict[str, tuple[str, Callable[..., Any]]] = {
    f"{k}_gradient": (k, globals()[f"{k}_gradient"]) for k in LOSSES
}
LOSSES |= modules.LOSSES
PAIRS |= modules.PAIRS


def point(name: str) -> tuple[dict[str, Array], Array, Array]:
    """Parameters, inputs and targets of a pair: T = 4, B = 3, all other sizes differ."""
    rng = np.random.default_rng(733)
    n, m, k = 4, 2, 5
    base: dict[str, tuple[int, ...]] = {"W": (n, m), "U": (n, n), "b": (n,), "V": (k, n)}
    some = {key: base[key] for key in "WUV"}
    shapes: dict[str, dict[str, tuple[int, ...]]] = {
        "layer_norm": base | {"s": (n,)},
        "batch_norm": base | {"s": (n,)},
        "tied": {"E": (6, n), "c": (6,), "h0": (n,)} | dict.fromkeys("ABWU", (n, n)),
        "attention": some | {"K": (2, n), "Q": (2, n), "v": (2,), "F": (n, k), "G": (n, n),
                             "C": (n, n)},
        "directions": {key + way: base[key] for way in "fb" for key in "WUb"}
        | {"V": (k, 2 * n), "P": (3, 2 * n)},
        "carried": {"W": (4 * n, m), "U": (4 * n, n), "b": (4 * n,), "V": (k, n)},
        "read_out": {"R": (k, n + m + 1), "B": (n, k)},
        "forced": some | {"F": (n, k), "c": (k,)},
        **modules.SHAPES,
    }  # fmt: skip
    params = {
        key: rng.normal(size=v) / np.sqrt(min(v[-1], 4)) for key, v in shapes[name].items()
    }
    return params, rng.normal(size=(4, 3, m)), rng.normal(size=(4, 3, k))
