"""Mistakes in `recorded_gradients.py` and `recorded_losses.py`, and other ways to write them right.

A change replaces one piece of a function's source, or several at once where one slip alone would be
too plain.
"""

# ruff: noqa: E501  # the changed lines are data

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import recorded_gradients as cells
import recorded_losses as pairs
from recorded_gradients import recurrence
from recorded_losses import LOSSES, point
from source_edits import Piece, with_pieces

RIGHT: dict[str, tuple[str, Callable[..., Any]]] = {**cells.CELLS, **pairs.PAIRS}

EDITS: list[tuple[str, str, Piece, Piece]] = [
    ("gate_axis", "einsum of the carry over the wrong index", '"bgn,gnk->bk", dZ[t], U', '"bgk,gnk->bn", dZ[t], U'),
    ("gate_axis", "input and output gate stacked in the other order", "[dc * C[t], dc * g, dh * tc, dc * i]", "[dc * C[t], dh * tc, dc * g, dc * i]"),
    ("gate_axis", "carry through the sigmoid gates only", 'dZ[t], U)', 'dZ[t][:, :3], U[:3])'),
    ("gate_axis", "slopes of the step after", "* slope[t]", "* slope[min(t + 1, p.steps - 1)]"),
    ("gate_axis", "unit and column exchanged before the reshape", '"tbgn,tbk->gnk", dZ, H[:-1]', '"tbgn,tbk->gkn", dZ, H[:-1]'),
    ("gate_axis", "gates behind the units in the bias", "dZ.sum((0, 1)).ravel()", "dZ.sum((0, 1)).T.ravel()"),
    ("gate_axis", "states before for the output layer", '"tbo,tbn->on", err, H[1:]', '"tbo,tbn->on", err, H[:-1]'),
    ("gate_axis", "forget gate of the step before in the carry", "dc = dc * f\n", "dc = dc * A[max(t - 1, 0), :, 0]\n"),
    ("gate_axis", "cell's slope at the old cell", "tc = np.tanh(C[t + 1])", "tc = np.tanh(C[t])"),
    ("gate_axis", "candidate's slope like a gate's", "slope = np.concatenate([A[:, :, :3] * (1 - A[:, :, :3]), 1 - A[:, :, 3:] ** 2], axis=2)", "slope = A * (1 - A)"),
    ("gate_axis", "carried cell reset where a step is masked", "dc = dc * f\n", "dc = dc * f * p.mask[t][:, None]\n"),
    ("moments_gru", "update gate's complement in the carry", "bar = bar * m.z + gated", "bar = bar * (1 - m.z) + gated"),
    ("moments_gru", "candidate's slope missing below", "gated = bar_q @ Uq", "gated = (bar * (1 - m.z)) @ Uq"),
    ("moments_gru", "candidate's matrix reads the unreset state", "m.r * m.before)", "m.before)"),
    ("moments_gru", "one gate's matrix for both", "bar_r @ Ur + bar_z @ Uz", "(bar_r + bar_z) @ Uz"),
    ("moments_gru", "record of the wrong state", "before=state, r=r", "before=p.h0, r=r"),
    ("moments_gru", "steps counted from the other end", "reversed(list(enumerate(moments)))", "enumerate(reversed(moments))"),
    ("moments_gru", "one weight for all steps", "w[:, t, None]", "w[:, -1, None]"),
    ("moments_gru", "update gate by the new state", "bar * (m.before - m.q) * m.z", "bar * (m.after - m.q) * m.z"),
    ("moments_gru", "reset gate's share kept out of the gradient of r", "gated * m.before * m.r * (1 - m.r)", "gated * m.before * (1 - m.r)"),
    ("moments_gru", "blocks of U in another order than the views", "dU[k] += pre.T @ source", "dU[(1, 0, 2)[k]] += pre.T @ source"),
    ("moments_gru", "bias of the candidate is that of the reset gate", "db[k] += pre.sum(0)", "db[k] += (bar_r if k == 2 else pre).sum(0)"),
    ("wrapped", "states after for the states before", "before = np.concatenate([p.h0[:, None], H[:, : T - 1]], axis=1)", "before = H[:, :T]"),
    ("wrapped", "rolled over the end", "np.concatenate([p.h0[:, None], H[:, : T - 1]], axis=1)", "np.roll(H[:, :T], 1, axis=1)"),
    ("wrapped", "carry from the side that is not there yet", "d_in[:, t + 1] @ U", "d_in[:, t - 1] @ U"),
    ("wrapped", "slope of the state before", "(1 - H[:, t] ** 2)", "(1 - H[:, t - 1] ** 2)"),
    ("wrapped", "start's gradient without the matrix", "(d_in[:, 0] @ U).sum(0)", "d_in[:, 0].sum(0)"),
    ("wrapped", "cut one step late", "d_in = d_in[:, :T]", "d_in = d_in[:, 1:]"),
    ("wrapped", "weights reshaped, not transposed", "(p.mask * p.loss_weights[:, None]).T[..., None]", "(p.mask * p.loss_weights[:, None]).reshape(N, T, 1)"),
    ("wrapped", "inputs reshaped, not transposed", "x, y = p.x.transpose(1, 0, 2), p.targets", "x, y = p.x.reshape(p.x.shape[1], p.x.shape[0], -1), p.targets"),
    ("wrapped", "first example's start for all", "p.h0[:, None], H", "np.broadcast_to(p.h0[:1, None], H[:, :1].shape), H"),
    ("jacobian_rows", "row times the transposed Jacobian", "row @ J[t]", "row @ J[t].T"),
    ("jacobian_rows", "slopes on the other side", "np.diag(slopes[t]) @ U", "U @ np.diag(slopes[t])"),
    ("jacobian_rows", "Jacobian of the step before", "row @ J[t]", "row @ J[max(t - 1, 0)]"),
    ("jacobian_rows", "slope twice", "row = row @ J[t]", "row = local[None, :] @ J[t]"),
    ("jacobian_rows", "no slope of the step itself", "local = row[0] * slopes[t]", "local = row[0]"),
    ("jacobian_rows", "row not cleared for the next example", "row = np.zeros((1, len(b)), p.dtype)", "row = np.zeros((1, len(b)), p.dtype) if s == 0 else row"),
    ("checkpointed", "every window ends the chain", "        window = [kept[start]]\n", "        window, bar = [kept[start]], np.zeros_like(p.h0)\n"),
    ("checkpointed", "every window starts from the beginning", "window = [kept[start]]", "window = [p.h0]"),
    ("checkpointed", "inputs of the first window", "window.append(sigmoid(p.x[t] @", "window.append(sigmoid(p.x[t - start] @"),
    ("checkpointed", "window's start for every state before", "pre.T @ old", "pre.T @ window[0]"),
    ("checkpointed", "first step of each window is not counted in dU", "pre.T @ old", "(t > start) * pre.T @ old"),
    ("checkpointed", "last window of fewer steps left out", "reversed(range(0, T, every))", "reversed(range(0, T - T % every, every))"),
    ("checkpointed", "slope at the state before", "bar * new * (1 - new)", "bar * old * (1 - old)"),
    ("checkpointed", "two steps a window on the way back", "for t in reversed(range(start, stop)):", "for t in reversed(range(start, min(stop, start + 2))):"),
    ("checkpointed", "bias forgotten in the second run", "window[-1] @ U.T + b", "window[-1] @ U.T"),
    ("pullbacks", "state's rows cut one early", "(dpre @ K.T)[:, 1 + m :]", "(dpre @ K.T)[:, m : m + n]"),
    ("pullbacks", "bias row forgotten where the gradient is cut", '"W": dK[1 : 1 + m].T, "U": dK[1 + m :].T', '"W": dK[:m].T, "U": dK[m : m + n].T'),
    ("pullbacks", "first rows for the state", '"U": dK[1 + m :].T', '"U": dK[:n].T'),
    ("pullbacks", "errors in the order of time", "zip(reversed(err), reversed(pulls)", "zip(err, reversed(pulls)"),
    ("pullbacks", "closures in the order of time", "zip(reversed(err), reversed(pulls)", "zip(reversed(err), pulls"),
    ("pullbacks", "the last closure at every step", "reversed(pulls), strict", "pulls[-1:] * len(pulls), strict"),
    ("pullbacks", "only the first step's matrix is kept", "dK += dK_t", "dK = dK_t"),
    ("pullbacks", "parentheses around the wrong square", "(1 - squashed**2)", "(1 - squashed) ** 2"),
    ("pullbacks", "output gate by the cell itself", "dh * squashed, dc * i", "dh * new, dc * i"),
    ("pullbacks", "candidate's columns left out of the carry", "(dpre @ K.T)[:, 1 + m :]", "(dpre[:, : 3 * n] @ K[:, : 3 * n].T)[:, 1 + m :]"),
    ("pullbacks", "two gates exchanged in dU alone", '"U": dK[1 + m :].T', '"U": dK[1 + m :].T[np.r_[n : 2 * n, :n, 2 * n : 4 * n]]'),
    ("pullbacks", "output gate's block is empty", "return joined.T @ dpre,", "return joined.T @ np.hstack([dpre[:, : 2 * n], 0 * dpre[:, 2 * n : 3 * n], dpre[:, 3 * n :]]),"),
    ("pullbacks", "cell's carry taken before the state's share", ("dc = dc + dh * o", "1 + m :], dc * f"), ("kept = dc\n            dc = dc + dh * o", "1 + m :], kept * f")),
    ("pullbacks", "forget gate's share of the cell by the input gate", "1 + m :], dc * f", "1 + m :], dc * i"),
    ("torch_sequence", "only the last output's cotangent", "(grad_H[t] + carry)", "((grad_H[t] if t == len(x) - 1 else 0) + carry)"),
    ("torch_sequence", "slope of the state before", "(1 - H[t + 1] ** 2)", "(1 - H[t] ** 2)"),
    ("torch_sequence", "new states in the matrix", "H[:-1].flatten", "H[1:].flatten"),
    ("torch_sequence", "inputs flattened batch first", "x.flatten(0, 1)", "x.transpose(0, 1).flatten(0, 1)"),
    ("torch_sequence", "matrix not transposed", "carry = pre[t] @ U", "carry = pre[t] @ U.T"),
    ("torch_sequence", "carry without the slope", "carry = pre[t] @ U", "carry = (grad_H[t] + carry) @ U"),
    ("jax_reversed", "scan in the order of time", ", reverse=True", ""),
    ("jax_reversed", "cell carried without its gate", "(d @ U, dc * f,", "(d @ U, dc,"),
    ("jax_reversed", "cell cotangent lost between the steps", "(d @ U, dc * f,", "(d @ U, 0 * dc,"),
    ("jax_reversed", "output gate's slope missing", "dh * s * o * (1 - o)", "dh * s"),
    ("jax_reversed", "new cell in the forget gate", "dc * c * f", "dc * new * f"),
    ("gated_stack", "gate's path to the lower layer missing", "below[t] = dz @ C + dq @ E", "below[t] = dq @ E"),
    ("gated_stack", "upper layer's share of the step after", "seeds_h[t] + below[t]", "seeds_h[t] + below[min(t + 1, T - 1)]"),
    ("gated_stack", "lower state before in E", 'g["E"] += dq.T @ H[t + 1]', 'g["E"] += dq.T @ H[t]'),
    ("gated_stack", "upper carry without the gate", "ds = ds * Z[t] + dz @ D", "ds = ds * Z[t]"),
    ("gated_stack", "new state in D", "dz.T @ S[t]\n", "dz.T @ S[t + 1]\n"),
    ("gated_stack", "sign of the gate", "(S[t] - Q[t])", "(Q[t] - S[t])"),
    ("gated_stack", "lower layer's own errors forgotten", "(dh + seeds_h[t] + below[t])", "(dh + below[t])"),
    ("gated_stack", "one list entry for all steps", "below[t] = dz @ C + dq @ E", "below[:] = [dz @ C + dq @ E] * T"),
    ("gated_stack", "bias added behind the loop", ('        g["a"] += da.sum(0)\n', "    return g |"), ("", '    g["a"] += da.sum(0)\n    return g |')),
    ("gated_stack", "C and E take each other's share down", "dz @ C + dq @ E", "dz @ E + dq @ C"),
    ("shared_layers", "shared matrix from the upper layer only", "top.T @ S[t] + low.T @ H[t]", "top.T @ S[t]"),
    ("shared_layers", "shared matrix averaged", "dR += top.T @ S[t] + low.T @ H[t]", "dR += 0.5 * (top.T @ S[t] + low.T @ H[t])"),
    ("shared_layers", "cotangents and states added before the product", "top.T @ S[t] + low.T @ H[t]", "(top + low).T @ (S[t] + H[t])"),
    ("shared_layers", "layers' states exchanged in the shared matrix", "top.T @ S[t] + low.T @ H[t]", "top.T @ H[t] + low.T @ S[t]"),
    ("shared_layers", "shared bias from the lower layer only", "da += top.sum(0) + low.sum(0)", "da += low.sum(0)"),
    ("shared_layers", "matrix transposed in one layer", "carry = [low @ R, top @ R]", "carry = [low @ R, top @ R.T]"),
    ("shared_layers", "carries handed to the other layer", "carry = [low @ R, top @ R]", "carry = [top @ R, low @ R]"),
    ("shared_layers", "upper layer sends its share without the slope", "top @ C", "(carry[1] + seeds[1][t]) @ C"),
    ("leaky", "leak's path missing", "total[t] * (1 - k) + pre[t] @ B", "pre[t] @ B"),
    ("leaky", "leak and rate exchanged", "total[t] * (1 - k)", "total[t] * k"),
    ("leaky", "new state in the rate's gradient", "(q - h[:-1])", "(q - h[1:])"),
    ("leaky", "rate left out of the candidate", "total[t] * k * (1 - q[t] ** 2)", "total[t] * (1 - q[t] ** 2)"),
    ("leaky", "slope at the state", "(1 - q[t] ** 2)", "(1 - h[t + 1] ** 2)"),
    ("leaky", "one rate for all units", '"k": (total * (q - h[:-1])).sum((0, 1))', '"k": np.full_like(k, (total * (q - h[:-1])).sum((0, 1)).mean())'),
    ("leaky", "rate counted for the candidate only", "(total * (q - h[:-1]))", "(total * q)"),
    ("language_gradient", "embedding's share missing", "        if t:\n            np.add.at(g[\"E\"], word[t - 1], da)\n", ""),
    ("language_gradient", "output's share missing", '        g["E"] += do.T @ rec["new"]\n', ""),
    ("language_gradient", "mean over padding too", "valid[t][:, None] / valid.sum()", "valid[t][:, None] / valid.size"),
    ("language_gradient", "padding counted", "do *= valid[t][:, None] / valid.sum()", "do /= valid.sum()"),
    ("language_gradient", "state before in the output's share", 'do.T @ rec["new"]', 'do.T @ rec["old"]'),
    ("language_gradient", "next word's row", "word[t - 1], da)", "word[t], da)"),
    ("language_gradient", "rows assigned", 'np.add.at(g["E"], word[t - 1], da)', 'g["E"][word[t - 1]] = da'),
    ("ends_gradient", "reversed within the padded length", "(xs, xs[::-1])", "(xs, x[::-1, s][:length])"),
    ("ends_gradient", "mean over the longest", "/ (2 * length)", "/ (2 * len(x))"),
    ("ends_gradient", "share of the last state only", "dh = dh + share", "dh = dh + share * (t == length)"),
    ("ends_gradient", "inputs from the left in both runs", "np.outer(da, seen[t - 1])", "np.outer(da, xs[t - 1])"),
    ("ends_gradient", "one direction counted", "for seen, H in runs:", "for seen, H in runs[:1]:"),
    ("ends_gradient", "start of one direction only", 'g["h0"] += dh', 'g["h0"] = dh'),
]  # fmt: skip

#: The same functions, written otherwise.
SAME: list[tuple[str, str, Piece, Piece]] = [
    ("gate_axis", "carry by one product", 'np.einsum("bgn,gnk->bk", dZ[t], U)', "dZ[t].reshape(len(dh), -1) @ U.reshape(4 * n, -1)"),
    ("gate_axis", "slopes as differences", "A[:, :, :3] * (1 - A[:, :, :3])", "A[:, :, :3] - A[:, :, :3] ** 2"),
    ("gate_axis", "cotangent of the cell by its quotient", "dc = dc * f\n", "dc = np.einsum('bn,bn->bn', dc, f)\n"),
    ("moments_gru", "mixing as a step", "bar * m.z + gated", "bar - bar * (1 - m.z) + gated"),
    ("moments_gru", "candidate's product at once", "gated * m.before * m.r * (1 - m.r)", "gated * (m.before * m.r - m.before * m.r**2)"),
    ("wrapped", "rolled, then the start put in", "np.concatenate([p.h0[:, None], H[:, : T - 1]], axis=1)", "np.roll(H, 1, axis=1)[:, :T]"),
    ("wrapped", "start by the column at the end", "(d_in[:, 0] @ U).sum(0)", "U.T @ d_in[:, 0].sum(0)"),
    ("jacobian_rows", "Jacobian by broadcasting", "np.diag(slopes[t]) @ U", "slopes[t][:, None] * U"),
    ("jacobian_rows", "row by the local cotangent", "row = row @ J[t]", "row = local[None, :] @ U"),
    ("checkpointed", "windows of five", "T, every, weight = p.steps, 3,", "T, every, weight = p.steps, 5,"),
    ("checkpointed", "windows of one", "T, every, weight = p.steps, 3,", "T, every, weight = p.steps, 1,"),
    ("pullbacks", "carry gate by gate", "(dpre @ K.T)[:, 1 + m :]", "sum(dpre[:, j * n : (j + 1) * n] @ K[1 + m :, j * n : (j + 1) * n].T for j in range(4))"),
    ("pullbacks", "matrix of the gradient at the end", "dK += dK_t", "dK = np.add(dK, dK_t)"),
    ("torch_sequence", "einsum for the matrix", "flat.T @ H[:-1].flatten(0, 1)", 'torch.einsum("tbh,tbk->hk", pre, H[:-1])'),
    ("jax_reversed", "scan over reversed arrays", "(bars, xs, kept), reverse=True)\n", "jax.tree.map(lambda v: v[::-1], (bars, xs, kept)))\n        dx = dx[::-1]\n"),
    ("gated_stack", "one product for both shares", "dz @ C + dq @ E", "np.hstack([dz, dq]) @ np.vstack([C, E])"),
    ("shared_layers", "one product over both layers", "top.T @ S[t] + low.T @ H[t]", "np.vstack([top, low]).T @ np.vstack([S[t], H[t]])"),
    ("leaky", "rate as two sums", "(total * (q - h[:-1])).sum((0, 1))", "(total * q).sum((0, 1)) - (total * h[:-1]).sum((0, 1))"),
    ("language_gradient", "one-hot rows", 'np.add.at(g["E"], word[t - 1], da)', 'g["E"] += np.eye(len(g["E"]))[word[t - 1]].T @ da'),
    ("ends_gradient", "weights by the mean", "share = p[\"V\"].T @ err / (2 * length)", "share = 0.5 * (err @ p[\"V\"]) / length"),
]  # fmt: skip


def changed(name: str, old: Piece, new: Piece) -> Callable[..., Any]:
    """The function of this name with some pieces of its source replaced."""
    space = vars(pairs if name in pairs.PAIRS else cells)
    return with_pieces(name, RIGHT[name][1], old, new, space)


__all__ = ["EDITS", "LOSSES", "RIGHT", "SAME", "changed", "point", "recurrence"]
