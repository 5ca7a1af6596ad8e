"""Recurrences of one's own, each with a gradient by hand.

Coupled gates with peepholes, multiplied factors, an antisymmetric matrix, a minimal gate. Only the
recurrences are read by the package. `posted_changes.py` puts mistakes in.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from bptt_sym.read import recurrence_from_latex
from bptt_sym.recurrence import Recurrence

Array = Any


def sig(a: Array) -> Array:
    return 1 / (1 + np.exp(-a))


def _errors(p: Any, name: str, value: Array) -> Array:
    return (value - p.series[f"\\hat{{{name}}}"]) * (p.mask * p.loss_weights[:, None])[..., None]


def coupled_peephole(p: Any) -> dict[str, Array]:
    """c = f c' + (1 - f) g with the old cell in f, and the new one in the output gate."""
    q = p.params
    x, c, h, T = p.series["x"], p.start("c"), p.start("h"), p.steps
    tape = []
    for t in range(T):
        f = sig(x[t] @ q["A"].T + h @ q["B"].T + q["p"] * c + q["a"])
        g = np.tanh(x[t] @ q["C"].T + h @ q["D"].T + q["d"])
        new = f * c + (1 - f) * g
        o = sig(x[t] @ q["E"].T + h @ q["F"].T + q["q"] * new)
        tape.append((h, c, f, g, new, o))
        h, c = o * np.tanh(new), new
    errors = _errors(p, "h", np.array([o * np.tanh(new) for *_, new, o in tape]))
    cell_errors = _errors(p, "c", np.array([new for *_, new, _ in tape]))
    grad = {k: np.zeros_like(v) for k, v in q.items()}
    dh, dc = np.zeros_like(h), np.zeros_like(c)
    for t in reversed(range(T)):
        h_old, c_old, f, g, c, o = tape[t]
        dh = dh + errors[t]
        dc = dc + cell_errors[t]
        tc = np.tanh(c)
        ao = dh * tc * o * (1 - o)
        dc = dc + dh * o * (1 - tc**2) + ao * q["q"]
        af = dc * (c_old - g) * f * (1 - f)
        ag = dc * (1 - f) * (1 - g**2)
        for pre, w, u in ((af, "A", "B"), (ag, "C", "D"), (ao, "E", "F")):
            grad[w] += pre.T @ x[t]
            grad[u] += pre.T @ h_old
        grad["a"] += af.sum(0)
        grad["d"] += ag.sum(0)
        grad["p"] += (af * c_old).sum(0)
        grad["q"] += (ao * c).sum(0)
        dh = af @ q["B"] + ag @ q["D"] + ao @ q["F"]
        dc = dc * f + af * q["p"]
    return grad | ({"h0": dh.sum(0), "c0": dc.sum(0)} if p.learned else {})


def multiplied(p: Any) -> dict[str, Array]:
    """m = (A x) (B h'), h = tanh(C m + D x + d): the input chooses the transition."""
    A, B, C, D, d = (p.params[k] for k in "ABCDd")
    x, h = p.series["x"], p.start("h")
    hs, ms = [h], []
    for t in range(p.steps):
        m = (x[t] @ A.T) * (h @ B.T)
        h = np.tanh(m @ C.T + x[t] @ D.T + d)
        ms.append(m)
        hs.append(h)
    errors = _errors(p, "h", np.array(hs[1:]))
    dA, dB, dC, dD, dd = (np.zeros_like(v) for v in (A, B, C, D, d))
    back = np.zeros_like(h)
    for t in range(p.steps - 1, -1, -1):
        delta = (errors[t] + back) * (1 - hs[t + 1] ** 2)
        dm = delta @ C
        dC += delta.T @ ms[t]
        dD += delta.T @ x[t]
        dd += delta.sum(0)
        left, right = x[t] @ A.T, hs[t] @ B.T
        dleft, dright = dm * right, dm * left
        dA += dleft.T @ x[t]
        dB += dright.T @ hs[t]
        back = dright @ B
    out = {"A": dA, "B": dB, "C": dC, "D": dD, "d": dd}
    return out | ({"h0": back.sum(0)} if p.learned else {})


def antisymmetric(p: Any) -> dict[str, Array]:
    """h = h' + (1/8) tanh((U - U^T) h' + W x + b)."""
    U, W, b = (p.params[k] for k in "UWb")
    x, states, M = p.series["x"], [p.start("h")], U - U.T
    acts = []
    for t in range(p.steps):
        acts.append(np.tanh(states[t] @ M.T + x[t] @ W.T + b))
        states.append(states[t] + 0.125 * acts[t])
    errors = _errors(p, "h", np.array(states[1:]))
    dM, dW, db = np.zeros_like(M), np.zeros_like(W), np.zeros_like(b)
    dh = np.zeros_like(states[0])
    for t in reversed(range(p.steps)):
        dh = dh + errors[t]
        da = 0.125 * dh * (1 - acts[t] ** 2)
        dM += da.T @ states[t]
        dW += da.T @ x[t]
        db += da.sum(0)
        dh = dh + da @ M
    out = {"U": dM - dM.T, "W": dW, "b": db}
    return out | ({"h0": dh.sum(0)} if p.learned else {})


def minimal_gate(p: Any) -> dict[str, Array]:
    """f = sig(..), h = (1 - f) h' + f tanh(C x + D (f h') + d)."""
    A, B, a, C, D, d = (p.params[k] for k in "ABaCDd")
    x = p.series["x"]
    h = p.start("h")
    kept = {"h": [h], "f": [], "k": []}
    for xt in x:
        f = sig(xt @ A.T + h @ B.T + a)
        k = np.tanh(xt @ C.T + (f * h) @ D.T + d)
        h = (1 - f) * h + f * k
        for name, value in (("h", h), ("f", f), ("k", k)):
            kept[name].append(value)
    errors = _errors(p, "h", np.array(kept["h"][1:]))
    grad = {name: np.zeros_like(v) for name, v in p.params.items()}
    dh = np.zeros_like(h)
    for t in range(p.steps)[::-1]:
        old, f, k = kept["h"][t], kept["f"][t], kept["k"][t]
        dh = dh + errors[t]
        pk = dh * f * (1 - k**2)
        dfh = pk @ D
        df = dh * (k - old) + dfh * old
        pf = df * f * (1 - f)
        grad["A"] += pf.T @ x[t]
        grad["B"] += pf.T @ old
        grad["a"] += pf.sum(0)
        grad["C"] += pk.T @ x[t]
        grad["D"] += pk.T @ (f * old)
        grad["d"] += pk.sum(0)
        dh = dh * (1 - f) + dfh * f + pf @ B
    return grad | ({"h0": dh.sum(0)} if p.learned else {})


@cache
def recurrence(name: str) -> Recurrence:
    """The recurrences that ship with no cell."""
    x = {"x": ("m",)}
    made: dict[str, tuple[list[str], dict[str, Any]]] = {
        "coupled_peephole": (
            [r"f_t = \sigma(A x_t + B h_{t-1} + p \odot c_{t-1} + a)",
             r"g_t = \tanh(C x_t + D h_{t-1} + d)",
             r"c_t = f_t \odot c_{t-1} + (1 - f_t) \odot g_t",
             r"o_t = \sigma(E x_t + F h_{t-1} + q \odot c_t)", r"h_t = o_t \odot \tanh(c_t)"],
            dict.fromkeys("fgochadpq", ("n",)) | dict.fromkeys("ACE", ("n", "m"))
            | dict.fromkeys("BDF", ("n", "n")) | x),
        "multiplied": (
            [r"m_t = (A x_t) \odot (B h_{t-1})", r"h_t = \tanh(C m_t + D x_t + d)"],
            {"m": ("k",), "h": ("n",), "d": ("n",), "A": ("k", "m"), "B": ("k", "n"),
             "C": ("n", "k"), "D": ("n", "m")} | x),
        "antisymmetric": (
            [r"h_t = h_{t-1} + \frac{1}{8} \tanh((U - U^T) h_{t-1} + W x_t + b)"],
            {"h": ("n",), "b": ("n",), "U": ("n", "n"), "W": ("n", "m")} | x),
        "minimal_gate": (
            [r"f_t = \sigma(A x_t + B h_{t-1} + a)",
             r"k_t = \tanh(C x_t + D (f_t \odot h_{t-1}) + d)",
             r"h_t = (1 - f_t) \odot h_{t-1} + f_t \odot k_t"],
            dict.fromkeys("fkhad", ("n",)) | dict.fromkeys("AC", ("n", "m"))
            | dict.fromkeys("BD", ("n", "n")) | x),
    }  # fmt: skip
    lines, shapes = made[name]
    return recurrence_from_latex(lines, name=name, shapes=shapes)
