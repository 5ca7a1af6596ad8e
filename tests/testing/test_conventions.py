"""Gradients of cells that differ by a convention, and code for the ends of a sequence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from bptt_sym.read import recurrence_from_latex
from bptt_sym.testing import model_of, named_model, run
from bptt_sym.testing.mistakes import right
from bptt_sym.testing.other_cells import other_cells
from bptt_sym.testing.problems import Problem


def expit(a: Any) -> Any:
    return 1 / (1 + np.exp(-a))


def gru(p: Problem, *, keeps: bool = True, after: bool = False) -> dict[str, Any]:
    """``keeps``: z weighs the old state; ``after``: the reset gate acts behind the matrix."""
    n = p.params["U"].shape[1]
    (Wr, Wz, Wg), (Ur, Uz, Ug), (br, bz, bg) = (np.split(p.params[k], 3) for k in "WUb")
    h, tape = p.h0, []
    for x in p.x:
        r, z = expit(x @ Wr.T + h @ Ur.T + br), expit(x @ Wz.T + h @ Uz.T + bz)
        inner = h @ Ug.T if after else r * h
        g = np.tanh(x @ Wg.T + (r * inner if after else inner @ Ug.T) + bg)
        tape.append((x, h, r, z, g, inner))
        h = z * h + (1 - z) * g if keeps else z * g + (1 - z) * h
    states = [row[1] for row in tape[1:]] + [h]
    d = {k: np.zeros_like(v) for k, v in p.params.items()}
    dW, dU, db = (np.split(d[k], 3) for k in "WUb")
    dh = np.zeros_like(h)
    for t in reversed(range(p.steps)):
        x, h, r, z, g, inner = tape[t]
        e = (states[t] @ p.params["V"].T + p.params["c"] - p.targets[t]) * (
            p.loss_weights[t] * p.mask[t][:, None])  # fmt: skip
        d["V"] += e.T @ states[t]
        d["c"] += e.sum(0)
        dh = dh + e @ p.params["V"]
        to_g = dh * ((1 - z) if keeps else z) * (1 - g * g)
        az = dh * ((h - g) if keeps else (g - h)) * z * (1 - z)
        back = (to_g * r) @ Ug if after else (to_g @ Ug) * r
        ar = (to_g * inner if after else (to_g @ Ug) * h) * r * (1 - r)
        dh = dh * (z if keeps else 1 - z) + back + ar @ Ur + az @ Uz
        dU[2] += (to_g * r).T @ h if after else to_g.T @ inner
        for k, a in enumerate((ar, az, to_g)):
            dW[k] += a.T @ x
            db[k] += a.sum(0)
            if k < 2:
                dU[k] += a.T @ h
    assert n == dh.shape[1]
    return d | {"h0": dh.sum(0) if p.learned else dh}


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ({"keeps": False}, "another cell, in which h_t = z_t * g_t + (1 - z_t) * h_{t-1}"),
        ({"after": True}, "another cell, in which g_t = tanh(W_g x_t + r_t * (U_g h_{t-1}) + b_g)"),
    ],
)
def test_a_convention_is_named(how: Mapping[str, bool], words: str) -> None:
    assert run(gru, "gru").ok
    assert words in run(lambda p: gru(p, **how), "gru").text()


def test_every_other_cell_has_another_gradient() -> None:
    from bptt_sym.testing.draw import draw

    for name in ("lstm", "gru", "sigmoid_rnn"):
        p = draw(named_model(name), 3, steps=3, batch=2)
        made = [m.gradient(p) for m in other_cells(p.model)]
        assert made
        for g in (*made[1:], p.exact):
            assert any(np.abs(g[k] - made[0][k]).max() > 1e-6 for k in ("W", "V"))


def elman(p: Problem, wrong: str = "") -> dict[str, Any]:
    """With a mistake in the code for one end of the sequence, or in what it sorts."""
    W, U, b, V, c = (p.params[k] for k in "WUbVc")
    order = np.argsort(-p.mask.sum(0), kind="stable") if "order" in wrong else np.arange(p.batch)
    back = np.argsort(order)
    x, y, mask = p.x[:, order], p.targets[:, order], p.mask[:, order]
    h = [p.h0[order]]
    for t in range(p.steps):
        h.append(np.tanh(x[t] @ W.T + h[t] @ U.T + b))
    if wrong == "mask order":
        mask = p.mask
    d = {k: np.zeros_like(v) for k, v in p.params.items()}
    dh = np.zeros_like(p.h0)
    for t in reversed(range(p.steps)):
        e = (h[t + 1] @ V.T + c - y[t]) * (p.loss_weights[t] * mask[t][:, None])
        d["V"] += e.T @ h[t + 1]
        d["c"] += e.sum(0)
        slope = 1 - h[t + 1] ** 2
        if wrong == "last step" and t == p.steps - 1:
            slope = 1.0
        a = (dh + e @ V) * slope
        d["W"] += a.T @ x[t]
        d["U"] += a.T @ h[t]
        d["b"] += a.sum(0)
        dh = a @ (U.T if wrong == "all but the first" and t else U)
    if wrong == "parameter":
        d["U"] = U.copy()
    if wrong != "order":
        dh = dh[back]
    return d | {"h0": dh.sum(0) if p.learned else dh}


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ("last step", ", at the last step, not as d(h_t)"),
        ("all but the first", "at every step but the first"),
        ("order", "returned for each example is in another order"),
        ("mask order", "the mask is read in another order"),
        ("parameter", "what is returned is the parameter itself"),
    ],
)
def test_the_ends_and_the_order_of_examples(wrong: str, words: str) -> None:
    assert words in run(lambda p: elman(p, wrong), "elman").text()
    assert run(lambda p: elman(p, ""), "elman").ok


def test_what_the_search_tries_may_overflow() -> None:
    """Nothing of it is a warning, which tests may make an error of."""
    rec = recurrence_from_latex(
        [r"h_t = \tanh(a \odot (W x_t) \odot (U h_{t-1}) + b \odot (U h_{t-1}) + d \odot (W x_t)"
         r" + e)"],
        name="integrated",
        shapes={"W": ("n", "m"), "U": ("n", "n"), "x": ("m",)} | dict.fromkeys("habde", ("n",)),
    )

    def by_hand(p: Problem) -> dict[str, Any]:
        W, U, a, b, d, e = (p.params[k] for k in "WUabde")
        wx, h = p.series["x"] @ W.T, [p.start("h")]
        for t in range(p.steps):
            u = h[t] @ U.T
            h.append(np.tanh(a * wx[t] * u + b * u + d * wx[t] + e))
        old, now = np.stack(h[:-1]), np.stack(h[1:])
        lam = (now - p.series[r"\hat{h}"]) * (p.mask * p.loss_weights[:, None])[..., None]
        for t in reversed(range(p.steps)):
            lam[t] *= 1 - now[t] ** 2
            if t:
                lam[t - 1] += (lam[t] @ U) * (a * wx[t] + b)  # the factor belongs before the matrix
        u = old @ U.T
        return {
            "W": np.einsum("tbn,tbm->nm", lam * (a * u + d), p.series["x"]),
            "U": np.einsum("tbn,tbm->nm", lam * (a * wx + b), old),
            "a": (lam * wx * u).sum((0, 1)), "b": (lam * u).sum((0, 1)),
            "d": (lam * wx).sum((0, 1)), "e": lam.sum((0, 1)),
        }  # fmt: skip

    report = run(by_hand, model_of(rec))
    assert "⊙ (d(U h_{t-1}) / d(the argument of h))" in report.text()


def lstm(p: Problem, wrong: str) -> dict[str, Any]:
    """What the output needs is computed again on the way back, from the states that were kept."""
    (Wf, Wi, Wo, Wg), (Uf, Ui, Uo, Ug), (bf, bi, bo, bg) = (np.split(p.params[k], 4) for k in "WUb")
    V, c_y, h, c, tape, cells = p.params["V"], p.params["c"], p.h0, p.c0, [], [p.c0]
    for x in p.x:
        f, i, o = (expit(x @ w.T + h @ u.T + b)
                   for w, u, b in ((Wf, Uf, bf), (Wi, Ui, bi), (Wo, Uo, bo)))  # fmt: skip
        g = np.tanh(x @ Wg.T + h @ Ug.T + bg)
        tape.append((x, h, f, i, o, g, c))
        c = f * c + i * g
        cells.append(c)
        h = o * (c if wrong == "no tanh" else np.tanh(c))
    d = {k: np.zeros_like(v) for k, v in p.params.items()}
    dh, dc = np.zeros_like(h), np.zeros_like(c)
    for t in reversed(range(p.steps)):
        x, old, f, i, o, g, c = tape[t]
        tc = np.tanh(cells[{"before": t, "last": -1}.get(wrong, t + 1)])
        e = ((o * tc) @ V.T + c_y - p.targets[t]) * (p.loss_weights[t] * p.mask[t][:, None])
        d["V"] += e.T @ (o * tc)
        d["c"] += e.sum(0)
        dh = dh + e @ V
        dc = dc + dh * o * (1 - tc * tc)
        da = np.hstack([dc * c * f * (1 - f), dc * g * i * (1 - i), dh * tc * o * (1 - o),
                        dc * i * (1 - g * g)])  # fmt: skip
        d["W"] += da.T @ x
        d["U"] += da.T @ old
        d["b"] += da.sum(0)
        dh, dc = da @ p.params["U"], dc * f
    return d | ({"h0": dh.sum(0), "c0": dc.sum(0)} if p.learned else {"h0": dh, "c0": dc})


@pytest.mark.parametrize(
    ("wrong", "words"),
    [("before", "the value before it stands for c_t"), ("last", "the last one stands for c_t")],
)
def test_a_step_is_computed_again_from_another_state(wrong: str, words: str) -> None:
    assert words in run(lambda p: lstm(p, wrong), "lstm").text()
    assert run(lambda p: lstm(p, ""), "lstm").ok


def test_the_argument_of_an_activation_is_another_value() -> None:
    def by_hand(p: Problem) -> dict[str, Any]:
        """tanh(h_{t-1}) for the candidate's activation, differentiated as if it were right."""
        W, U, b, V, c = (p.params[k] for k in "WUbVc")
        (Wr, Wz, _), (Ur, Uz, Ug), (br, bz, _) = (np.split(v, 3) for v in (W, U, b))
        h, tape = p.h0, []
        for x in p.x:
            r, z = expit(x @ Wr.T + h @ Ur.T + br), expit(x @ Wz.T + h @ Uz.T + bz)
            g = np.tanh(r)
            tape.append((x, h, r, z, g))
            h = z * h + (1 - z) * g
        states = [row[1] for row in tape[1:]] + [h]
        d = {k: np.zeros_like(v) for k, v in p.params.items()}
        dh = np.zeros_like(h)
        for t in reversed(range(p.steps)):
            x, h, r, z, g = tape[t]
            e = (states[t] @ V.T + c - p.targets[t]) * (p.loss_weights[t] * p.mask[t][:, None])
            d["V"] += e.T @ states[t]
            d["c"] += e.sum(0)
            dh = dh + e @ V
            ag = dh * (1 - z) * (1 - g * g)
            az = dh * (h - g) * z * (1 - z)
            ar = (ag @ Ug) * h * r * (1 - r)
            a = np.hstack([ar, az, ag])
            d["W"] += a.T @ x
            d["b"] += a.sum(0)
            d["U"] += np.vstack([ar.T @ h, az.T @ h, ag.T @ (r * h)])
            dh = dh * z + (ag @ Ug) * r + ar @ Ur + az @ Uz
        return d | {"h0": dh.sum(0) if p.learned else dh}

    assert "the activation is taken of r_t, not of" in run(by_hand, "gru").text()


def other_way_back(p: Problem) -> dict[str, Any]:
    """A forward pass with the reset gate before the matrix, and the way back of it behind."""
    (Wr, Wz, Wg), (Ur, Uz, Ug), (br, bz, bg) = (np.split(p.params[k], 3) for k in "WUb")
    V, c = p.params["V"], p.params["c"]
    h, tape = p.h0, []
    for x in p.x:
        r, z = expit(x @ Wr.T + h @ Ur.T + br), expit(x @ Wz.T + h @ Uz.T + bz)
        g = np.tanh(x @ Wg.T + (r * h) @ Ug.T + bg)
        tape.append((x, h, r, z, g))
        h = z * h + (1 - z) * g
    out = {k: np.zeros_like(v) for k, v in p.params.items()}
    dh, later = np.zeros_like(h), h
    for t, (x, h, r, z, g) in reversed(list(enumerate(tape))):
        dy = (later @ V.T + c - p.targets[t]) * (p.mask[t] * p.loss_weights[t])[:, None]
        out["V"], out["c"] = out["V"] + dy.T @ later, out["c"] + dy.sum(0)
        dh = dh + dy @ V
        dg, dz = dh * (1 - z) * (1 - g**2), dh * (h - g) * z * (1 - z)
        dr = dg * (h @ Ug.T) * r * (1 - r)
        da = np.hstack([dr, dz, dg])
        out["W"], out["b"] = out["W"] + da.T @ x, out["b"] + da.sum(0)
        out["U"] += np.vstack([dr.T @ h, dz.T @ h, (dg * r).T @ h])
        dh = dh * z + dr @ Ur + dz @ Uz + (dg * r) @ Ug
        later = h
    return out | {"h0": dh.sum(0) if p.learned else dh}


def test_the_way_back_of_another_cell_is_named() -> None:
    text = run(other_way_back, "gru").text()
    assert "the way back is that of another cell, in which g_t = " in text
    assert "r_t * (U_g h_{t-1})" in text and "the forward pass is right" in text


@pytest.mark.parametrize("name", ["lstm", "gru"])
def test_gates_unit_by_unit_are_named(name: str) -> None:
    gates = len(named_model(name).gates)

    def turned(v: Any, *sizes: int) -> Any:
        return v.reshape(*sizes, *v.shape[1:]).swapaxes(0, 1).reshape(v.shape)

    def wrong(p: Problem) -> dict[str, Any]:
        read = {k: turned(v, -1, gates) if k in "WUb" else v for k, v in p.params.items()}
        made = right(p.replaced(params=read))
        return {k: turned(v, gates, -1) if k in "WUb" else v for k, v in made.items()}

    assert f"(row {gates} j + k: gate k of unit j)" in run(wrong, name).text()
