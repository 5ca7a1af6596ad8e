"""Right gradients in unusual forms: nobody may be accused for the order of a sum or a layout.

Forward accumulation, double sums over lags, checkpoints, chunks with the carried cotangent handed
on, activations in log space, other formulas for the slopes, compensated sums, products of Jacobians
multiplied out first. Nothing of the package is used here.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

Array = Any
Gradient = Callable[[Any], dict[str, Array]]


def weight(p: Any) -> Array:
    return (p.mask * p.loss_weights[:, None])[..., None]


# -- activations ----------------------------------------------------------------------------------


def plain_sigma(a: Array) -> Array:
    return 1 / (1 + np.exp(-a))


def stable_sigma(a: Array) -> Array:
    e = np.exp(-np.abs(a))
    return np.where(a >= 0, 1 / (1 + e), e / (1 + e))


SIGMAS: dict[str, Callable[[Array], Array]] = {
    "plain": plain_sigma,
    "stable": stable_sigma,
    "by tanh": lambda a: 0.5 * (1 + np.tanh(0.5 * a)),
    "by log": lambda a: np.exp(-np.logaddexp(0, -a)),
}
SIGMA_SLOPES: dict[str, Callable[[Array, Array], Array]] = {
    "s(1-s)": lambda a, s: s * (1 - s),
    "s-s^2": lambda a, s: s - s * s,
    "sigma(a) sigma(-a)": lambda a, s: stable_sigma(a) * stable_sigma(-a),
    "by cosh": lambda a, s: 0.25 / np.cosh(np.clip(0.5 * a, -300, 300)) ** 2,
}
TANH_SLOPES: dict[str, Callable[[Array, Array], Array]] = {
    "1-h^2": lambda a, h: 1 - h * h,
    "(1-h)(1+h)": lambda a, h: (1 - h) * (1 + h),
    "1/cosh^2": lambda a, h: 1 / np.cosh(np.clip(a, -300, 300)) ** 2,
    "4E/(1+E)^2": lambda a, h: 4 * np.exp(-2 * abs(a)) / (1 + np.exp(-2 * abs(a))) ** 2,
}


# -- simple networks ------------------------------------------------------------------------------


def states(p: Any, f: Callable[[Array], Array]) -> tuple[Array, Array]:
    W, U, b = (p.params[k] for k in "WUb")
    h, pre = np.empty((p.steps + 1, *p.h0.shape), p.dtype), []
    h[0] = p.h0
    for t in range(p.steps):
        pre.append(p.x[t] @ W.T + h[t] @ U.T + b)
        h[t + 1] = f(pre[t])
    return h, np.array(pre)


def finished(p: Any, r: Array, h: Array, d: Array, dh: Array) -> dict[str, Array]:
    out = {
        "W": np.einsum("tbh,tbi->hi", d, p.x), "U": np.einsum("tbh,tbk->hk", d, h[:-1]),
        "b": d.sum((0, 1)), "V": np.einsum("tbo,tbh->oh", r, h[1:]), "c": r.sum((0, 1)),
    }  # fmt: skip
    return out | ({"h0": dh.sum(0)} if p.learned else {})


def simple(
    p: Any, f: Callable[[Array], Array] = np.tanh, slope: Callable[..., Array] | None = None,
    walk: Callable[..., tuple[Array, Array]] | None = None,
    ending: Callable[..., dict[str, Array]] = finished,
) -> dict[str, Array]:  # fmt: skip
    V, c = p.params["V"], p.params["c"]
    h, pre = states(p, f)
    r = (h[1:] @ V.T + c - p.targets) * weight(p)
    s = (slope or TANH_SLOPES["1-h^2"])(pre, h[1:])
    d, dh = (walk or back)(p, r @ V, s)
    return ending(p, r, h, d, dh)


def back(p: Any, e: Array, s: Array) -> tuple[Array, Array]:
    d, dh = np.empty_like(e), np.zeros_like(e[0])
    for t in reversed(range(len(e))):
        d[t] = (dh + e[t]) * s[t]
        dh = d[t] @ p.params["U"]
    return d, dh


def by_lags(p: Any, e: Array, s: Array) -> tuple[Array, Array]:
    d, first = np.zeros_like(e), np.zeros_like(e[0])
    for t in range(len(e)):
        q = e[t] * s[t]
        for k in range(t, -1, -1):
            d[k] += q
            q = q @ p.params["U"]
            if k:
                q = q * s[k - 1]
        first += q
    return d, first


def in_chunks(p: Any, e: Array, s: Array, size: int = 2) -> tuple[Array, Array]:
    d, carried = np.empty_like(e), np.zeros_like(e[0])
    ends = list(range(0, len(e), size))
    for start in reversed(ends):
        for t in reversed(range(start, min(start + size, len(e)))):
            d[t] = s[t] * carried + s[t] * e[t]
            carried = np.dot(d[t], p.params["U"])
    return d, carried


def by_jacobians(p: Any, e: Array, s: Array) -> tuple[Array, Array]:
    """Every example's Jacobians multiplied out before they meet a cotangent."""
    d, first = np.zeros_like(e), np.zeros_like(e[0])
    U = p.params["U"]
    for b in range(e.shape[1]):
        for t in range(len(e)):
            J = np.eye(len(U), dtype=U.dtype)
            for k in range(t, -1, -1):
                J = J @ np.diag(s[k, b])
                d[k, b] += e[t, b] @ J
                J = J @ U
            first[b] += e[t, b] @ J
    return d, first


def by_units(p: Any, e: Array, s: Array) -> tuple[Array, Array]:
    d, dh = np.empty_like(e), np.zeros_like(e[0])
    U = p.params["U"]
    for t in reversed(range(len(e))):
        for i in range(len(U)):
            d[t, :, i] = (dh[:, i] + e[t, :, i]) * s[t, :, i]
        dh = sum(d[t][:, i : i + 1] * U[i] for i in reversed(range(len(U))))
    return d, dh


def in_place(p: Any, e: Array, s: Array) -> tuple[Array, Array]:
    d, dh = np.empty_like(e), np.zeros_like(e[0])
    for t in range(len(e) - 1, -1, -1):
        np.add(dh, e[t], out=d[t])
        np.multiply(d[t], s[t], out=d[t])
        np.matmul(d[t], p.params["U"], out=dh)
    return d, dh


def by_columns(p: Any, e: Array, s: Array) -> tuple[Array, Array]:
    E, S = np.asfortranarray(e.transpose(2, 1, 0)), np.asfortranarray(s.transpose(2, 1, 0))
    D, q = np.empty_like(E), np.zeros_like(E[..., 0])
    for t in range(E.shape[2])[::-1]:
        D[..., t] = S[..., t] * (q + E[..., t])
        q = p.params["U"].T @ D[..., t]
    return D.transpose(2, 1, 0), q.T


def one_at_a_time(p: Any, r: Array, h: Array, d: Array, dh: Array) -> dict[str, Array]:
    out = {k: np.zeros_like(v) for k, v in p.params.items()}
    for b in reversed(range(p.batch)):
        for t in range(p.steps):
            out["W"] += np.outer(d[t, b], p.x[t, b])
            out["U"] += d[t, b][:, None] * h[t, b]
            out["b"] += d[t, b]
            out["V"] += np.outer(r[t, b], h[t + 1, b])
            out["c"] += r[t, b]
    return out | ({"h0": np.add.reduce(dh)} if p.learned else {})


def compensated(p: Any, r: Array, h: Array, d: Array, dh: Array) -> dict[str, Array]:
    def total(u: Array, v: Array) -> Array:
        out, low = 0.0, 0.0
        for t in range(p.steps):
            for b in range(p.batch):
                y = np.outer(u[t, b], v[t, b]) - low
                new = out + y
                low, out = (new - out) - y, new
        return out

    one = np.ones((p.steps, p.batch, 1), p.dtype)
    return finished(p, r, h, d, dh) | {
        "W": total(d, p.x), "U": total(d, h[:-1]), "b": total(d, one)[:, 0], "V": total(r, h[1:])
    }  # fmt: skip


def joined(p: Any, r: Array, h: Array, d: Array, dh: Array) -> dict[str, Array]:
    n, m = h.shape[2], p.x.shape[2]
    z = np.concatenate([h[:-1], p.x, np.ones((p.steps, p.batch, 1), p.dtype)], 2)
    g = d.reshape(-1, n).T @ z.reshape(-1, n + m + 1)
    more = {"U": g[:, :n], "W": g[:, n:-1], "b": g[:, -1]}
    return finished(p, r, h, d, dh) | more


def wide_sums(p: Any, r: Array, h: Array, d: Array, dh: Array) -> dict[str, Array]:
    wide = [np.asarray(v, np.longdouble) for v in (r, h, d, dh)]
    return {k: v.astype(p.dtype) for k, v in finished(p, *wide).items()}


def halves(p: Any, make: Gradient) -> dict[str, Array]:
    """The batch in two parts, one after the other."""
    cut = p.batch // 2
    out: dict[str, Array] = {}
    for part in (slice(cut, None), slice(0, cut)):
        if not p.mask[:, part].size:
            continue
        q = p.replaced(
            series={k: v[:, part] for k, v in p.series.items()}, mask=p.mask[:, part],
            initial={k: v[part] for k, v in p.initial.items()},
        )  # fmt: skip
        for k, v in make(q).items():
            out[k] = v + out[k] if k in out else v
    return out


def checkpointed(p: Any, every: int = 3) -> dict[str, Array]:
    """Only every third state is kept; the others are computed again on the way back."""
    W, U, b, V, c = (p.params[k] for k in "WUbVc")
    kept, h = {}, p.h0
    for t in range(p.steps):
        if t % every == 0:
            kept[t] = h
        h = np.tanh(p.x[t] @ W.T + h @ U.T + b)
    g = {k: np.zeros_like(v) for k, v in p.params.items()}
    dh = np.zeros_like(p.h0)
    for start in sorted(kept, reverse=True):
        hs = [kept[start]]
        for t in range(start, min(start + every, p.steps)):
            hs.append(np.tanh(p.x[t] @ W.T + hs[-1] @ U.T + b))
        for t in reversed(range(start, min(start + every, p.steps))):
            r = (hs[t - start + 1] @ V.T + c - p.targets[t]) * weight(p)[t]
            g["V"] += r.T @ hs[t - start + 1]
            g["c"] += r.sum(0)
            d = (dh + r @ V) * (1 - hs[t - start + 1] ** 2)
            g["W"] += d.T @ p.x[t]
            g["U"] += d.T @ hs[t - start]
            g["b"] += d.sum(0)
            dh = d @ U
    return g | ({"h0": dh.sum(0)} if p.learned else {})


def forward_accumulated(p: Any) -> dict[str, Array]:
    """Real-time recurrent learning: the derivatives of the state go along with it."""
    W, U, b, V, c = (p.params[k] for k in "WUbVc")
    n, m = len(U), p.x.shape[2]
    g = {k: np.zeros_like(v) for k, v in p.params.items()}
    g0 = np.zeros_like(p.h0)
    for k in range(p.batch):
        h = p.h0[k]
        J = np.zeros((n, n * (m + n + 1) + n), p.dtype)
        J[:, -n:] = np.eye(n)
        for t in range(p.steps):
            direct = np.zeros_like(J)
            for i in range(n):
                direct[i, i * m : (i + 1) * m] = p.x[t, k]
                direct[i, n * m + i * n : n * m + (i + 1) * n] = h
                direct[i, n * (m + n) + i] = 1
            h = np.tanh(W @ p.x[t, k] + U @ h + b)
            J = (1 - h * h)[:, None] * (U @ J + direct)
            r = (V @ h + c - p.targets[t, k]) * weight(p)[t, k]
            g["V"] += np.outer(r, h)
            g["c"] += r
            total = (V.T @ r) @ J
            g["W"] += total[: n * m].reshape(n, m)
            g["U"] += total[n * m : n * (m + n)].reshape(n, n)
            g["b"] += total[n * (m + n) : -n]
            g0[k] += total[-n:]
    return g | ({"h0": g0.sum(0)} if p.learned else {})


# -- gated networks -------------------------------------------------------------------------------


def lstm(
    p: Any, sigma: Callable[[Array], Array] = plain_sigma,
    slope: Callable[..., Array] = SIGMA_SLOPES["s(1-s)"],
    tanh_slope: Callable[..., Array] = TANH_SLOPES["1-h^2"], separate: bool = False,
) -> dict[str, Array]:  # fmt: skip
    W, U, b, V, c_y = (p.params[k] for k in ("W", "U", "b", "V", "c"))
    xs = p.x @ W.T + b if separate else None
    h, c, tape = p.h0, p.c0, []
    for t in range(p.steps):
        a = xs[t] + h @ U.T if xs is not None else np.hstack([p.x[t], h]) @ np.hstack([W, U]).T + b
        af, ai, ao, ag = np.split(a, 4, 1)
        f, i, o, g = sigma(af), sigma(ai), sigma(ao), np.tanh(ag)
        new = i * g + f * c
        tape.append((a, f, i, o, g, c, new, h))
        c, h = new, o * np.tanh(new)
    out = {k: np.zeros_like(v) for k, v in p.params.items()}
    dh, dc = np.zeros_like(h), np.zeros_like(c)
    for t in reversed(range(p.steps)):
        a, f, i, o, g, old, new, before = tape[t]
        af, ai, ao, ag = np.split(a, 4, 1)
        th = np.tanh(new)
        r = ((o * th) @ V.T + c_y - p.targets[t]) * weight(p)[t]
        out["V"] += r.T @ (o * th)
        out["c"] += r.sum(0)
        dh = dh + r @ V
        dc = dc + (dh * o) * tanh_slope(new, th)
        q = [dc * old * slope(af, f), dc * g * slope(ai, i), dh * th * slope(ao, o),
             dc * i * tanh_slope(ag, g)]  # fmt: skip
        d = np.hstack(q)
        for name, z in (("W", p.x[t]), ("U", before)):
            out[name] += np.vstack([k.T @ z for k in q]) if separate else d.T @ z
        out["b"] += d.sum(0)
        dh = sum(k @ m for k, m in zip(q, np.split(U, 4), strict=True)) if separate else d @ U
        dc = dc * f
    return out | ({"h0": dh.sum(0), "c0": dc.sum(0)} if p.learned else {})


def gru(
    p: Any, sigma: Callable[[Array], Array] = plain_sigma,
    slope: Callable[..., Array] = SIGMA_SLOPES["s(1-s)"], interpolated: bool = False,
) -> dict[str, Array]:  # fmt: skip
    W, U, b, V, c = (p.params[k] for k in "WUbVc")
    n = U.shape[1]
    h, tape = p.h0, []
    for t in range(p.steps):
        a = p.x[t] @ W.T + b
        both = a[:, : 2 * n] + h @ U[: 2 * n].T
        r, z = np.split(sigma(both), 2, 1)
        ag = a[:, 2 * n :] + (h * r) @ U[2 * n :].T
        g = np.tanh(ag)
        new = g + z * (h - g) if interpolated else z * h + (1 - z) * g
        tape.append((both, r, z, g, h, new))
        h = new
    out = {k: np.zeros_like(v) for k, v in p.params.items()}
    dh = np.zeros_like(h)
    for t in reversed(range(p.steps)):
        both, r, z, g, old, new = tape[t]
        e = (new @ V.T + c - p.targets[t]) * weight(p)[t]
        out["V"] += e.T @ new
        out["c"] += e.sum(0)
        dh = dh + e @ V
        dg = (dh - dh * z if interpolated else dh * (1 - z)) * (1 - g * g)
        m = dg @ U[2 * n :]
        d = np.hstack([m * old, dh * (old - g)]) * slope(both, np.hstack([r, z]))
        for name, x in (("W", p.x[t]), ("U", old)):
            out[name][: 2 * n] += d.T @ x
        out["W"][2 * n :] += dg.T @ p.x[t]
        out["U"][2 * n :] += dg.T @ (r * old)
        out["b"] += np.hstack([d, dg]).sum(0)
        dh = z * dh + r * m + d @ U[: 2 * n]
    return out | ({"h0": dh.sum(0)} if p.learned else {})


def right() -> list[tuple[str, str, Gradient]]:
    """(cell, form, gradient) of every implementation."""
    out: list[tuple[str, str, Gradient]] = []
    for walk in (by_lags, in_chunks, partial(in_chunks, size=3), by_jacobians, by_units, in_place,
                 by_columns):  # fmt: skip
        name = getattr(walk, "__name__", "in_chunks of 3")
        out.append(("elman", name, partial(simple, walk=walk)))
        if walk is not by_jacobians:
            slow = partial(
                simple, walk=walk, f=stable_sigma, slope=SIGMA_SLOPES["sigma(a) sigma(-a)"]
            )
            out.append(("sigmoid_rnn", name, slow))
    for ending in (one_at_a_time, compensated, joined, wide_sums):
        out.append(("elman", ending.__name__, partial(simple, ending=ending)))
    for name, slope in TANH_SLOPES.items():
        out.append(("elman", f"slope {name}", partial(simple, slope=slope)))
    for name, sigma in SIGMAS.items():
        one = partial(simple, f=sigma, slope=SIGMA_SLOPES["s-s^2"])
        out.append(("sigmoid_rnn", f"sigma {name}", one))
        out.append(("lstm", f"sigma {name}", partial(lstm, sigma=sigma, separate=True)))
        out.append(("gru", f"sigma {name}", partial(gru, sigma=sigma, interpolated=True)))
    for name, slope in SIGMA_SLOPES.items():
        out.append(("lstm", f"slope {name}", partial(lstm, slope=slope)))
        out.append(("gru", f"slope {name}", partial(gru, slope=slope)))
    for name, slope in TANH_SLOPES.items():
        out.append(("lstm", f"slope of tanh {name}", partial(lstm, tanh_slope=slope)))
    out.append(("elman", "checkpointed", checkpointed))
    out.append(("elman", "forward accumulated", forward_accumulated))
    for cell, make in (("elman", simple), ("lstm", lstm), ("gru", gru)):
        out.append((cell, "batch in halves", partial(halves, make=make)))
    return out
