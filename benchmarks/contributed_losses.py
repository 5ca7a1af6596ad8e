"""Recurrences of one's own and losses of whole models, each with a gradient by hand.

Coupled gates, a pair of coupled oscillators, a step of two highway layers, multiplicative
integration; a residual layer behind a root mean square, both directions with lengths, an encoder
and a decoder that looks back, a projected LSTM with a clipped cell and Huber's loss, a network that
reads its own temperature and truncated history. Only the recurrences are read by the package.
`contributed_changes.py` puts mistakes in.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from bptt_sym.read import recurrence_from_latex
from bptt_sym.recurrence import Recurrence

Array = Any


def expit(a: Array) -> Array:
    return 1 / (1 + np.exp(-a))


def _misses(p: Any, name: str, value: Array) -> Array:
    return (value - p.series[f"\\hat{{{name}}}"]) * (p.mask * p.loss_weights[:, None])[..., None]


# -- recurrences of one's own ---------------------------------------------------------------------


def coupled(p: Any) -> dict[str, Array]:
    """c = f c' + (1 - f) g, h = o tanh(c): one table of rows (f, o, g)."""
    q, x, T = p.params, p.series["x"], p.steps
    S = np.stack([q["P"], q["R"], q["L"]])
    K = np.stack([q["A"], q["B"], q["D"]])
    n = len(q["a"])
    bias = np.stack([q["a"], q["d"], q["k"]])[:, None]
    h, c = p.start("h"), p.start("c")
    past, now = [], []
    for t in range(T):
        z = np.einsum("kni,bi->kbn", S, x[t]) + np.einsum("knm,bm->kbn", K, h) + bias
        f, o, g = expit(z[0]), expit(z[1]), np.tanh(z[2])
        past.append((h, c))
        c = f * c + (1 - f) * g
        h = o * np.tanh(c)
        now.append((f, o, g, c, h))
    eh = _misses(p, "h", np.stack([v[4] for v in now]))
    ec = _misses(p, "c", np.stack([v[3] for v in now]))
    dz = np.zeros((T, 3, p.batch, n), x.dtype)
    dh, dc = np.zeros_like(h), np.zeros_like(c)
    for t in range(T)[::-1]:
        (h, c), (f, o, g, new, _) = past[t], now[t]
        th = np.tanh(new)
        dh = dh + eh[t]
        dc = dc + ec[t] + dh * o * (1 - th * th)
        dz[t] = [dc * (c - g) * f * (1 - f), dh * th * o * (1 - o), dc * (1 - f) * (1 - g * g)]
        dh = np.einsum("kbn,knm->bm", dz[t], K)
        dc = dc * f
    hs = np.stack([v[0] for v in past])
    dS, dK = np.einsum("tkbn,tbi->kni", dz, x), np.einsum("tkbn,tbm->knm", dz, hs)
    db = dz.sum((0, 2))
    out = dict(zip("PRLABDadk", [*dS, *dK, *db], strict=True))
    return out | ({"h0": dh.sum(0), "c0": dc.sum(0)} if p.learned else {})


def oscillators(p: Any) -> dict[str, Array]:
    """v = v' + e (tanh(A h' + B v' + C x + a) - k h' - d v'),  h = h' + e v."""
    A, B, C, a, k, d, e = (p.params[n] for n in "ABCakde")
    x, T = p.series["x"], p.steps
    h, v = [p.start("h")], [p.start("v")]
    s = []
    for t in range(T):
        s.append(np.tanh(h[t] @ A.T + v[t] @ B.T + x[t] @ C.T + a))
        v.append(v[t] + e * (s[t] - k * h[t] - d * v[t]))
        h.append(h[t] + e * v[t + 1])
    eh = _misses(p, "h", np.stack(h[1:]))
    ev = _misses(p, "v", np.stack(v[1:]))
    g = {n: np.zeros_like(w) for n, w in p.params.items()}
    bh, bv = np.zeros_like(h[0]), np.zeros_like(v[0])
    for t in range(T - 1, -1, -1):
        bh = bh + eh[t]
        g["e"] += (bh * v[t + 1]).sum(0)
        bv = bv + ev[t] + bh * e
        g["e"] += (bv * (s[t] - k * h[t] - d * v[t])).sum(0)
        force = bv * e
        g["k"] -= (force * h[t]).sum(0)
        g["d"] -= (force * v[t]).sum(0)
        pre = force * (1 - s[t] ** 2)
        for n, w in (("A", h[t]), ("B", v[t]), ("C", x[t])):
            g[n] += pre.T @ w
        g["a"] += pre.sum(0)
        bh = bh - force * k + pre @ A
        bv = bv - force * d + pre @ B
    return g | ({"h0": bh.sum(0), "v0": bv.sum(0)} if p.learned else {})


def highway(p: Any) -> dict[str, Array]:
    """Two highway layers in a step; the input enters the lower one."""
    q, x = p.params, p.series["x"]
    s, tape = p.start("s"), []
    for t in range(p.steps):
        g = np.tanh(x[t] @ q["A"].T + s @ q["B"].T + q["a"])
        m = expit(x[t] @ q["C"].T + s @ q["D"].T + q["d"])
        low = m * g + (1 - m) * s
        k = np.tanh(low @ q["E"].T)
        r = expit(low @ q["F"].T)
        tape.append((x[t], s, g, m, low, k, r))
        s = r * k + (1 - r) * low
        tape[-1] += (s,)
    errs = _misses(p, "s", np.stack([v[7] for v in tape]))
    out = {n: np.zeros_like(w) for n, w in q.items()}
    ds = np.zeros_like(s)
    for t in reversed(range(p.steps)):
        xt, old, g, m, low, k, r, _ = tape[t]
        ds = ds + errs[t]
        dk = ds * r * (1 - k * k)
        dr = ds * (k - low) * r * (1 - r)
        dlow = ds * (1 - r) + dk @ q["E"] + dr @ q["F"]
        out["E"] += dk.T @ low
        out["F"] += dr.T @ low
        dg = dlow * m * (1 - g * g)
        dm = dlow * (g - old) * m * (1 - m)
        out["A"] += dg.T @ xt
        out["C"] += dm.T @ xt
        out["B"] += dg.T @ old
        out["D"] += dm.T @ old
        out["a"] += dg.sum(0)
        out["d"] += dm.sum(0)
        ds = dlow * (1 - m) + dg @ q["B"] + dm @ q["D"]
    return out | ({"s0": ds.sum(0)} if p.learned else {})


def integrated(p: Any) -> dict[str, Array]:
    """h = tanh(a * (W x) * (U h') + b * (U h') + d * (W x) + e)."""
    W, U, a, b, d, e = (p.params[n] for n in "WUabde")
    x = p.series["x"]
    Wx, h = x @ W.T, [p.start("h")]
    Uh = np.zeros_like(Wx)
    for t in range(p.steps):
        Uh[t] = h[t] @ U.T
        h.append(np.tanh(a * Wx[t] * Uh[t] + b * Uh[t] + d * Wx[t] + e))
    hs = np.stack(h)
    lam = _misses(p, "h", hs[1:])
    for t in reversed(range(p.steps)):
        lam[t] *= 1 - hs[t + 1] ** 2
        if t:
            lam[t - 1] += (lam[t] * (a * Wx[t] + b)) @ U
    to_u, to_w = lam * (a * Wx + b), lam * (a * Uh + d)
    g = {"W": np.einsum("tbn,tbi->ni", to_w, x), "U": np.einsum("tbn,tbm->nm", to_u, hs[:-1]),
         "a": (lam * Wx * Uh).sum((0, 1)), "b": (lam * Uh).sum((0, 1)),
         "d": (lam * Wx).sum((0, 1)), "e": lam.sum((0, 1))}  # fmt: skip
    return g | ({"h0": (to_u[0] @ U).sum(0)} if p.learned else {})


@cache
def recurrence(name: str) -> Recurrence:
    """The recurrences that ship with no cell."""
    shapes: dict[str, Any] = {"x": ("m",)}
    if name == "coupled":
        lines = [
            r"f_t = \sigma(P x_t + A h_{t-1} + a)",
            r"o_t = \sigma(R x_t + B h_{t-1} + d)",
            r"g_t = \tanh(L x_t + D h_{t-1} + k)",
            r"c_t = f_t \odot c_{t-1} + (1 - f_t) \odot g_t",
            r"h_t = o_t \odot \tanh(c_t)",
        ]
        shapes |= dict.fromkeys("fogchadk", ("n",)) | dict.fromkeys("PRL", ("n", "m"))
        shapes |= dict.fromkeys("ABD", ("n", "n"))
    elif name == "oscillators":
        lines = [
            r"s_t = \tanh(A h_{t-1} + B v_{t-1} + C x_t + a)",
            r"v_t = v_{t-1} + e \odot (s_t - k \odot h_{t-1} - d \odot v_{t-1})",
            r"h_t = h_{t-1} + e \odot v_t",
        ]
        shapes |= dict.fromkeys("svhakde", ("n",)) | dict.fromkeys("AB", ("n", "n"))
        shapes |= {"C": ("n", "m")}
    elif name == "highway":
        lines = [
            r"g_t = \tanh(A x_t + B s_{t-1} + a)",
            r"m_t = \sigma(C x_t + D s_{t-1} + d)",
            r"\ell_t = m_t \odot g_t + (1 - m_t) \odot s_{t-1}",
            r"k_t = \tanh(E \ell_t)",
            r"r_t = \sigma(F \ell_t)",
            r"s_t = r_t \odot k_t + (1 - r_t) \odot \ell_t",
        ]
        shapes |= dict.fromkeys([*"gmkrsad", r"\ell"], ("n",)) | dict.fromkeys("AC", ("n", "m"))
        shapes |= dict.fromkeys("BDEF", ("n", "n"))
    else:
        lines = [
            r"h_t = \tanh(a \odot (W x_t) \odot (U h_{t-1}) + b \odot (U h_{t-1})"
            r" + d \odot (W x_t) + e)",
        ]
        shapes |= dict.fromkeys("habde", ("n",)) | {"W": ("n", "m"), "U": ("n", "n")}
    return recurrence_from_latex(lines, name=name, shapes=shapes)


# -- losses of whole models -----------------------------------------------------------------------


def rooted(p: Any, x: Array, y: Array) -> Array:
    """A residual recurrent layer behind a root mean square; the mean of cubed misses."""
    B = x.shape[1]
    h, out = np.tile(p["h0"], (B, 1)), []
    for t in range(len(x)):
        e = x[t] @ p["P"].T
        unit = p["gain"] * e / np.sqrt((e * e).mean(1, keepdims=True) + 1e-6)
        h = np.tanh(unit @ p["W"].T + h @ p["U"].T)
        z = e + h @ p["O"].T
        out.append(((z - y[t]) ** 4).sum(1).mean() / 4)
    return np.array(out)


def rooted_gradient(p: Any, x: Array, y: Array) -> dict[str, Array]:
    T, B = x.shape[:2]
    e = x @ p["P"].T
    k = e.shape[2]
    rms = np.sqrt((e * e).mean(2, keepdims=True) + 1e-6)
    unit = e / rms
    h = np.zeros((T + 1, B, len(p["h0"])))
    h[0] = p["h0"]
    for t in range(T):
        h[t + 1] = np.tanh((p["gain"] * unit[t]) @ p["W"].T + h[t] @ p["U"].T)
    dz = (e + h[1:] @ p["O"].T - y) ** 3 / B
    pre, back = np.zeros_like(h[1:]), np.zeros_like(h[0])
    for t in range(T - 1, -1, -1):
        pre[t] = (dz[t] @ p["O"] + back) * (1 - h[t + 1] ** 2)
        back = pre[t] @ p["U"]
    dn = pre @ p["W"]
    du = dn * p["gain"]
    de = dz + (du - unit * (du * unit).sum(2, keepdims=True) / k) / rms
    return {
        "P": np.einsum("tbk,tbi->ki", de, x), "gain": (dn * unit).sum((0, 1)),
        "W": np.einsum("tbn,tbk->nk", pre, p["gain"] * unit),
        "U": np.einsum("tbn,tbm->nm", pre, h[:-1]), "O": np.einsum("tbk,tbn->kn", dz, h[1:]),
        "h0": back.sum(0),
    }  # fmt: skip


def both_ways(p: Any, x: Array, y: Array) -> Array:
    """Two directions over examples of unlike lengths; mean over time, smoothed labels."""
    T, B = x.shape[:2]
    length = T - np.arange(B) % 3
    total = np.zeros((B, 2 * len(p["bf"])))
    for side, d in enumerate("fb"):
        n = len(p["b" + d])
        h = np.zeros((B, n))
        for t in range(T):
            at = t if d == "f" else length - 1 - t
            live = (t < length)[:, None]
            row = x[t] if d == "f" else x[np.maximum(at, 0), np.arange(B)]
            new = np.tanh(row @ p["W" + d].T + h @ p["U" + d].T + p["b" + d])
            h = np.where(live, new, h)
            total[:, side * n:(side + 1) * n] += np.where(live, new, 0)
    s = (total / length[:, None]) @ p["V"].T
    logp = s - np.log(np.exp(s).sum(1, keepdims=True))
    k = s.shape[1]
    soft = 0.9 * np.eye(k)[y[0].argmax(1)] + 0.1 / k
    return -(soft * logp).sum(1) / B


def both_ways_gradient(p: Any, x: Array, y: Array) -> dict[str, Array]:
    T, B = x.shape[:2]
    n, rows = len(p["bf"]), np.arange(B)
    length = T - rows % 3
    live = (np.arange(T)[:, None] < length)[..., None]
    at = np.maximum(length - 1 - np.arange(T)[:, None], 0)
    seq, run = {"f": x, "b": x[at, rows]}, {}
    for d in "fb":
        h = np.zeros((T + 1, B, n))
        for t in range(T):
            new = np.tanh(seq[d][t] @ p["W" + d].T + h[t] @ p["U" + d].T + p["b" + d])
            h[t + 1] = np.where(live[t], new, h[t])
        run[d] = h
    mean = np.concatenate([(run[d][1:] * live).sum(0) for d in "fb"], 1) / length[:, None]
    s = mean @ p["V"].T
    prob = np.exp(s) / np.exp(s).sum(1, keepdims=True)
    k = s.shape[1]
    ds = (prob - 0.9 * np.eye(k)[y[0].argmax(1)] - 0.1 / k) / B
    out = {"V": ds.T @ mean}
    dmean = ds @ p["V"] / length[:, None]
    for side, d in enumerate("fb"):
        share, h = dmean[:, side * n:(side + 1) * n], run[d]
        dW, dU, db = (np.zeros_like(p[v + d]) for v in ("W", "U", "b"))
        carry = np.zeros((B, n))
        for t in range(T - 1, -1, -1):
            pre = (share + carry) * (1 - h[t + 1] ** 2) * live[t]
            dW += pre.T @ seq[d][t]
            dU += pre.T @ h[t]
            db += pre.sum(0)
            carry = np.where(live[t], pre @ p["U" + d], carry)
        out |= {"W" + d: dW, "U" + d: dU, "b" + d: db}
    return out


def looking_back(p: Any, x: Array, y: Array) -> Array:
    """An encoder, and a decoder whose states look at the encoder's with scaled scores."""
    T, B = x.shape[:2]
    h, memory = np.zeros((B, len(p["b"]))), []
    for t in range(T):
        h = np.tanh(x[t] @ p["W"].T + h @ p["U"].T + p["b"])
        memory.append(h)
    mem = np.stack(memory, 1)
    s, out, fed = h, [], np.zeros_like(y[0])
    for t in range(T):
        s = np.tanh(fed @ p["E"].T + s @ p["D"].T)
        score = np.einsum("bn,bsn->bs", s @ p["Q"].T, mem) / np.sqrt(s.shape[1])
        w = np.exp(score) / np.exp(score).sum(1, keepdims=True)
        ctx = np.einsum("bs,bsn->bn", w, mem)
        r = np.concatenate([s, ctx], 1) @ p["V"].T
        out.append(0.5 * ((r - y[t]) ** 2).sum() / (B * T))
        fed = y[t]
    return np.array(out)


def looking_back_gradient(p: Any, x: Array, y: Array) -> dict[str, Array]:
    T, B = x.shape[:2]
    n = len(p["b"])
    h = np.zeros((T + 1, B, n))
    for t in range(T):
        h[t + 1] = np.tanh(x[t] @ p["W"].T + h[t] @ p["U"].T + p["b"])
    mem = h[1:].swapaxes(0, 1)
    fed = np.concatenate([np.zeros_like(y[:1]), y[:-1]])
    s = np.zeros((T + 1, B, n))
    s[0] = h[-1]
    for t in range(T):
        s[t + 1] = np.tanh(fed[t] @ p["E"].T + s[t] @ p["D"].T)
    query = s[1:] @ p["Q"].T
    score = np.einsum("tbn,bsn->tbs", query, mem) / np.sqrt(n)
    w = np.exp(score - score.max(2, keepdims=True))
    w /= w.sum(2, keepdims=True)
    ctx = np.einsum("tbs,bsn->tbn", w, mem)
    both = np.concatenate([s[1:], ctx], 2)
    dr = (both @ p["V"].T - y) / (B * T)
    g = {"V": np.einsum("tbk,tbm->km", dr, both)}
    dboth = dr @ p["V"]
    dctx = dboth[..., n:]
    dmem = np.einsum("tbs,tbn->bsn", w, dctx)
    dw = np.einsum("tbn,bsn->tbs", dctx, mem)
    dscore = w * (dw - (w * dw).sum(2, keepdims=True)) / np.sqrt(n)
    dmem += np.einsum("tbs,tbn->bsn", dscore, query)
    dq = np.einsum("tbs,bsn->tbn", dscore, mem)
    g["Q"] = np.einsum("tbn,tbm->nm", dq, s[1:])
    ds = dboth[..., :n] + dq @ p["Q"]
    g |= {k: np.zeros_like(p[k]) for k in "EDWUb"}
    carry = np.zeros((B, n))
    for t in range(T - 1, -1, -1):
        pre = (ds[t] + carry) * (1 - s[t + 1] ** 2)
        g["E"] += pre.T @ fed[t]
        g["D"] += pre.T @ s[t]
        carry = pre @ p["D"]
    for t in range(T - 1, -1, -1):
        pre = (dmem[:, t] + carry) * (1 - h[t + 1] ** 2)
        g["W"] += pre.T @ x[t]
        g["U"] += pre.T @ h[t]
        g["b"] += pre.sum(0)
        carry = pre @ p["U"]
    return g


def projected(p: Any, x: Array, y: Array) -> Array:
    """An LSTM whose cell is clipped and whose state is projected; Huber's loss, decay."""
    B, n, cut = x.shape[1], len(p["b"]) // 4, 0.25
    r, c, out = np.zeros((B, len(p["P"]))), np.zeros((B, n)), []
    for t in range(len(x)):
        z = np.concatenate([x[t], r], 1) @ p["K"] + p["b"]
        i, g, f, o = z[:, :n], z[:, n:2 * n], z[:, 2 * n:3 * n], z[:, 3 * n:]
        c = np.clip(expit(f + 1) * c + expit(i) * np.tanh(g), -cut, cut)
        r = (expit(o) * np.tanh(c)) @ p["P"].T
        miss = r - y[t]
        small = np.abs(miss) < 1
        out.append(np.where(small, 0.5 * miss**2, np.sign(miss) * miss - 0.5).sum() / B)
    return np.array(out) + 0.05 * (p["K"] ** 2).sum() / len(x)


def projected_gradient(p: Any, x: Array, y: Array) -> dict[str, Array]:
    T, B = x.shape[:2]
    n, m, cut = len(p["b"]) // 4, x.shape[2], 0.25
    r, c, tape = np.zeros((B, len(p["P"]))), np.zeros((B, n)), []
    for t in range(T):
        v = np.concatenate([x[t], r], 1)
        i, g, f, o = np.split(v @ p["K"] + p["b"], 4, 1)
        i, g, f, o = expit(i), np.tanh(g), expit(f + 1), expit(o)
        raw = f * c + i * g
        old, c = c, np.clip(raw, -cut, cut)
        tc = np.tanh(c)
        r = (o * tc) @ p["P"].T
        tape.append((v, i, g, f, o, raw, old, tc, r))
    dK, db, dP = (np.zeros_like(p[k]) for k in ("K", "b", "P"))
    dr, dc = np.zeros_like(r), np.zeros_like(c)
    for v, i, g, f, o, raw, old, tc, r in reversed(tape):
        T -= 1
        dr = dr + np.clip(r - y[T], -1, 1) / B
        dP += dr.T @ (o * tc)
        dm = dr @ p["P"]
        dc = (dc + dm * o * (1 - tc**2)) * (np.abs(raw) < cut)
        dz = np.hstack([dc * g * i * (1 - i), dc * i * (1 - g * g), dc * old * f * (1 - f),
                        dm * tc * o * (1 - o)])  # fmt: skip
        dK += v.T @ dz
        db += dz.sum(0)
        dr, dc = (dz @ p["K"].T)[:, m:], dc * f
    return {"K": dK + 0.1 * p["K"], "b": db, "P": dP}


CELLS: dict[str, tuple[str, Callable[..., Any]]] = {
    f.__name__: (f.__name__, f) for f in (coupled, oscillators, highway, integrated)
}
#: The losses by name.
LOSSES: dict[str, Callable[..., Array]] = {
    f.__name__: f for f in (rooted, both_ways, looking_back, projected)
}
#: By name: the loss, and its gradient.
PAIRS: dict[str, tuple[str, Callable[..., Any]]] = {
    f"{name}_gradient": (name, made) for name, made in
    (("rooted", rooted_gradient), ("both_ways", both_ways_gradient),
     ("looking_back", looking_back_gradient), ("projected", projected_gradient))
}  # fmt: skip


def point(name: str) -> tuple[dict[str, Array], Array, Array]:
    """Parameters, inputs and targets of a pair; T = 4, B = 3, all sizes differ."""
    rng = np.random.default_rng(83)
    n, m, k = 4, 2, 5
    shapes: dict[str, tuple[int, ...]]
    if name == "rooted":
        shapes = {"P": (k, m), "gain": (k,), "W": (n, k), "U": (n, n), "O": (k, n), "h0": (n,)}
    elif name == "both_ways":
        shapes = {"V": (k, 2 * n)}
        for d in "fb":
            shapes |= {"W" + d: (n, m), "U" + d: (n, n), "b" + d: (n,)}
    elif name == "looking_back":
        shapes = {"W": (n, m), "U": (n, n), "b": (n,), "E": (n, k), "D": (n, n), "Q": (n, n)}
        shapes |= {"V": (k, 2 * n)}
    else:
        k = 3
        shapes = {"K": (m + k, 4 * n), "b": (4 * n,), "P": (k, n)}
    params = {key: rng.normal(size=s) / np.sqrt(s[-1]) for key, s in shapes.items()}
    return params, rng.normal(size=(4, 3, m)), rng.normal(size=(4, 3, k))
