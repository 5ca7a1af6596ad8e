"""Where the gradient of a classifier goes: each lag's share, with bounds that are proved.

The gradient of a recurrent matrix is a sum over the steps of use, Σ_s δ_s h_{s−1}ᵀ, δ_s being the
cotangent of the pre-activation at step s. The norm of a term is ‖δ_s‖‖h_{s−1}‖: what the use of the
matrix T − s steps before the end contributes.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from bptt_sym.architectures import layer_name
from bptt_sym.evaluate.adjoint import LOSS, adjoint
from bptt_sym.evaluate.domains import floats
from bptt_sym.evaluate.interpret import backward, forward
from bptt_sym.evaluate.jacobians import one_step
from bptt_sym.evaluate.lower import lower
from bptt_sym.notation import At, Fn, Idx
from bptt_sym.recurrence import Equation

EXAMPLES = 8


def with_preactivations(rec):
    """Every ``g_t = φ(…)`` of a state or gate as two equations, so that its argument has a name."""
    out, shapes = [], dict(rec.shapes)
    for e in rec.equations:
        if isinstance(e.rhs, Fn) and e.target not in ("p", "E"):
            name = f"a.{e.target}"
            shapes[name] = rec.shape(e.target)
            out += [
                Equation(name, e.rhs.arg),
                Equation(e.target, Fn(e.rhs.name, At(name, Idx("t")))),
            ]
        else:
            out.append(e)
    return replace(rec, equations=tuple(out), shapes=shapes)


def flows(made, moments) -> dict[str, dict[str, np.ndarray]]:
    """For each moment: ``terms[k]``, ``bound[k]`` and ``carry[k]`` by lag k, 0 … T−1.

    ``terms`` is the mean over examples of Σ_g ‖δ_{T−k}‖‖h_{T−k−1}‖ over all gates g. ``bound``
    bounds it: the cotangent of the joint state of step T − k is at most that of step T times the
    product of the norms of the one-step Jacobians in between (RNN: at most ‖U‖^k). ``carry`` is
    the product of the forget gates alone (the largest unit), nothing for the RNN.
    """
    rec = with_preactivations(made.rec)
    program, domain = lower(rec, loss="E"), floats()
    x, y = (a[:, :EXAMPLES] if a.ndim == 3 else a[:EXAMPLES] for a in made.task.test())
    inputs, initial = made.arrays(x, y)
    h, states = layer_name("h", 1), list(rec.states)
    out = {}
    for moment, params in moments.items():
        run = forward(rec, program, domain, params, inputs, initial)
        adj = adjoint(rec, program, loss_seed=True)
        names = [n for n in rec.defined if n.startswith("a.") and n != "a.e"]
        seen: dict = {n: [] for n in (*names, *states)}
        steps, batch = x.shape[:2]
        backward(adj, domain, run, {LOSS: np.ones((steps, batch))}, watch=seen)
        before = np.concatenate([initial[h][None], run.sequence(domain, program, h)[:-1]])
        size = np.linalg.norm(before, axis=-1)
        deltas = [np.linalg.norm(np.stack(seen[n]), axis=-1) * batch for n in names]
        terms = sum(d * size for d in deltas).mean(1)[::-1]
        # Norms of the one-step Jacobians of the joint state, step by step.
        linear = adjoint(rec, replace_loss(program), seeds=True)
        blocks = [[one_step(linear, domain, run, a, b) for b in states] for a in states]
        joint = np.concatenate([np.concatenate(row, -1) for row in blocks], -2)
        norms = np.linalg.norm(joint, 2, axis=(-2, -1))
        last = np.sqrt(sum(np.linalg.norm(seen[s][-1], axis=-1) ** 2 for s in states)) * batch
        product = np.vstack([np.ones((1, batch)), np.cumprod(norms[:0:-1], 0)])
        bound = (last * product * size[::-1]).mean(1) * _within(made, run, program, domain)
        carry = None
        if made.kind == "lstm":
            f = run.sequence(domain, program, layer_name("f", 1))
            carry = np.vstack([np.ones((1, *f.shape[1:])), np.cumprod(f[:0:-1], 0)])
            carry = carry.max(-1).mean(1)
        out[moment] = {"terms": terms, "bound": bound, "carry": carry}
    return out


def replace_loss(program):
    """The same program without its loss: cotangents enter as seeds."""
    copy = program.forward_copy()
    copy.loss = None
    return copy


def _within(made, run, program, domain) -> float:
    """A bound of Σ_g ‖δ_g‖ by the cotangent λ = (h̄, c̄) of the states of the same step.

    RNN: δ = tanh′ ⊙ h̄, at most ‖h̄‖. LSTM: with c̄ + o ⊙ tanh′(c) ⊙ h̄ the whole cotangent of c, at
    most √2‖λ‖, σ′ ≤ ¼ and |c| ≤ K: δ_o ≤ ¼‖h̄‖, δ_f ≤ ¼K√2‖λ‖, δ_i ≤ ¼√2‖λ‖ and δ_c̃ ≤ √2‖λ‖;
    together at most 2√2 max(1, K)‖λ‖.
    """
    if made.kind == "rnn":
        return 1.0
    c = run.sequence(domain, program, layer_name("c", 1))
    before = np.abs(c).max()  # c_0 is 0
    return float(2 * np.sqrt(2) * max(1.0, before))


def gates(made, params) -> str:
    """The terms of ∂c_t/∂c_{t−1} on real weights, and their product beside the truth."""
    rec = made.rec
    program, domain = lower(rec, loss="E"), floats()
    x, y = (a[:, :EXAMPLES] if a.ndim == 3 else a[:EXAMPLES] for a in made.task.test())
    inputs, initial = made.arrays(x, y)
    run = forward(rec, program, domain, params, inputs, initial)

    def value(name):
        return run.sequence(domain, program, layer_name(name, 1))

    f, i, o, g, c = (value(n) for n in ("f", "i", "o", r"\tilde{c}", "c"))
    through = o[:-1] * (1 - np.tanh(c[:-1]) ** 2)  # ∂h_{t−1}/∂c_{t−1}, o_{t−1} fixed
    slopes = {
        "A": ("f", f[1:] * (1 - f[1:]) * c[:-1]),
        "C": ("i", i[1:] * (1 - i[1:]) * g[1:]),
        "D": ("c", (1 - g[1:] ** 2) * i[1:]),
    }
    terms = {
        k: d[..., :, None] * params[layer_name(f"U_{w}", 1)] * through[..., None, :]
        for k, (w, d) in slopes.items()
    }
    terms["B"] = f[1:, ..., :, None] * np.eye(f.shape[-1])
    total = sum(terms.values())
    product = np.broadcast_to(np.eye(f.shape[-1]), total.shape[1:])
    for factor in total:
        product = factor @ product
    adj = adjoint(rec, replace_loss(program), seeds=True)
    states = [layer_name("h", 1), layer_name("c", 1)]
    blocks = [[one_step(adj, domain, run, a, b) for b in states] for a in states]
    joint = np.concatenate([np.concatenate(row, -1) for row in blocks], -2)[1:]
    n = f.shape[-1]
    alone = np.broadcast_to(np.eye(n), product.shape)
    first = np.concatenate([through[0][..., None] * np.eye(n), alone], -2)
    for factor in joint:
        first = factor @ first
    norm = lambda m: np.linalg.norm(m, 2, axis=(-2, -1)).mean()  # noqa: E731
    parts = ", ".join(f"‖{k}‖ {norm(terms[k]):.2f}" for k in "ABCD")
    return (
        f"{made.task.name}, T = {len(x)}: mean one-step norms {parts}; "
        f"‖∏(A+B+C+D)‖ {norm(product):.3g}, ‖∂c_T/∂c_1‖ {norm(first[:, n:]):.3g}"
    )


def picture(path, shown) -> None:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    rows = max(len(shown), 1)
    columns = max(len(m) for m in shown.values())
    figure, axes = plt.subplots(
        rows, columns, figsize=(4 * columns, 2.6 * rows), squeeze=False, sharey="row"
    )
    for row, (title, moments) in zip(axes, shown.items(), strict=True):
        for axis, (moment, f) in zip(row, moments.items(), strict=False):
            # The first step uses h_0 = 0 and contributes nothing: its lag is left out.
            terms, bound = f["terms"][:-1], f["bound"][:-1]
            axis.semilogy(np.maximum(terms, 1e-16), color="C0", label="contribution of the lag")
            axis.semilogy(np.clip(bound, 1e-16, 1e8), "--", color="C3", label="bound")
            if f["carry"] is not None:
                kept = np.maximum(f["carry"][:-1], 1e-16)
                axis.semilogy(kept, ":", color="C2", label="product of forget gates")
            axis.set_ylim(1e-12, 1e6)
            axis.set_title(f"{title}: {moment}", fontsize=8)
            axis.set_xlabel("lag", fontsize=8)
    # The row with the most curves explains them all.
    most = max((row[0] for row in axes), key=lambda axis: len(axis.lines))
    most.legend(fontsize=7, frameon=False, loc="lower left")
    figure.tight_layout()
    figure.savefig(path, dpi=80)
