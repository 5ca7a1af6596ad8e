"""Mistakes in `styled_gradients.py` and `styled_losses.py`, and other ways to write them right."""

# ruff: noqa: E501  # the changed lines are data

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import styled_gradients as cells
import styled_losses as pairs
from source_edits import Piece, with_pieces
from styled_losses import LOSSES, point, recurrence

RIGHT: dict[str, tuple[str, Callable[..., Any]]] = {**cells.CELLS, **pairs.CELLS, **pairs.PAIRS}

EDITS: list[tuple[str, str, str, str]] = [
    ("einsum_gru", "axes of the recurrent product exchanged", '"bh,hk->bk", D[1', '"bh,kh->bk", D[1'),
    ("einsum_gru", "gates of the carried product shifted", "D[::2, :, t], U[::2]", "D[:2, :, t], U[:2]"),
    ("einsum_gru", "unpacked with the order, not its inverse", "back = np.argsort(order)", "back = order"),
    ("einsum_gru", "update gate mixes the other way on the way back", "carry = dh * z + q", "carry = dh * (1 - z) + q"),
    ("einsum_gru", "reset state not used for the candidate's matrix", "R * H[:, :-1], H", "H[:, :-1], H"),
    ("einsum_gru", "new states for the old in the sums", "S = np.stack([H[:, :-1], R * H[:, :-1], H[:, :-1]])", "S = np.stack([H[:, 1:], R * H[:, 1:], H[:, 1:]])"),
    ("einsum_gru", "mask forgotten in the seed", 'seed = np.einsum("bto,oh->bth", E, V)', 'seed = np.einsum("bto,oh->bth", np.einsum("bth,oh->bto", H[:, 1:], V) + c - y, V) * p.loss_weights[None, :, None]'),
    ("einsum_gru", "inputs one step late in dW", '"gbth,bti->ghi", D, x)', '"gbth,bti->ghi", D, np.concatenate([x[:, :1], x[:, :-1]], 1))'),
    ("einsum_gru", "biases of one gate for all", '"b": np.einsum("gbth->gh", D)', '"b": np.einsum("gbth->gh", D[[0, 0, 2]])'),
    ("class_lstm", "cache taken from the front", "self.stack.pop()", "self.stack.pop(0)"),
    ("class_lstm", "accumulators not kept", "self.d_recurrent += h.T @ dz", "self.d_recurrent = h.T @ dz"),
    ("class_lstm", "unpacked with two gates exchanged", "[a[n : 2 * n], a[:n], a[3 * n :], a[2 * n : 3 * n]]", "[a[n : 2 * n], a[:n], a[2 * n : 3 * n], a[3 * n :]]"),
    ("class_lstm", "output gate from the cell before squashing", "d_o = dh * squashed", "d_o = dh * np.arctanh(squashed)"),
    ("class_lstm", "forget path uses the input gate", "dc * f\n", "dc * i\n"),
    ("class_lstm", "cell cotangent of the output path dropped", "dc = dc + dh * o * (1 - squashed**2)", "dc = dc if len(self.stack) + 1 < len(outs) else dh * o * (1 - squashed**2)"),
    ("class_lstm", "candidate's slope as a logistic one", "d_g * (1 - g**2)", "d_g * g * (1 - g)"),
    ("class_lstm", "error after the state was replaced", "dV += err.T @ outs[t]", "dV += err.T @ h"),
    ("class_lstm", "only kernel, no bias for the cell gate", "self.d_bias += dz.sum(axis=0)", "self.d_bias += dz.sum(axis=0) * (np.arange(4 * n) // n != 2)"),
    ("taped_rnn", "bias of the first example", 'total["b"] += da.sum(0)', 'total["b"] += da[0]'),
    ("taped_rnn", "later bars overwrite", "bars[key] = bars[key] + value if key in bars else value", "bars[key] = value"),
    ("taped_rnn", "first bars kept", "bars[key] = bars[key] + value if key in bars else value", "bars.setdefault(key, value)"),
    ("taped_rnn", "tape run from its beginning", "while tape:\n        tape.pop()()", "bars.update({k: np.zeros_like(p.h0) for k in range(p.steps + 1)})\n    while tape:\n        tape.pop(0)()"),
    ("taped_rnn", "head sends to the state before", "send(t + 1, miss @ V)", "send(t, miss @ V)\n            send(t + 1, 0 * (miss @ V))"),
    ("taped_rnn", "slope of the incoming state", "(1 - new * new)", "(1 - h * h)"),
    ("taped_rnn", "bar of the start taken after the first step", 'total["h0"] = bars[0].sum(0)', 'total["h0"] = bars[1].sum(0)'),
    ("shared_gate", "peephole of f left out of the carry", " + df[t] * a\n", "\n"),
    ("shared_gate", "peephole of o left out", " + do[t] * e\n", "\n"),
    ("shared_gate", "input gate taken as independent", "dc * (c[t] - g[t]) *", "dc * c[t] *"),
    ("shared_gate", "peephole of o with the old cell", "(do * c[1:])", "(do * c[:-1])"),
    ("shared_gate", "o's matrix not in the carry", " + do[t] @ B\n", "\n"),
    ("shared_gate", "carry before the output gate's share", "dc = dc * f[t] + df[t] * a", "dc = (dc - do[t] * e) * f[t] + df[t] * a"),
    ("shared_gate", "saturated slope", "(1 - tc**2) + do", "(1 - c[t + 1] ** 2) + do"),
    ("bottleneck", "skip left out", "bar = bar + B.T.dot(pre)", "bar = B.T.dot(pre)"),
    ("bottleneck", "only the skip", "bar = bar + B.T.dot(pre)", "bar = bar + 0 * B.T.dot(pre)"),
    ("bottleneck", "A not on the way to the hidden layer", "pre = A.T.dot(bar) * (1 - u[t - 1] ** 2)", "pre = B.dot(bar) * (1 - u[t - 1] ** 2)"),
    ("bottleneck", "bar kept from the example before", "        bar = np.zeros_like(h[0])\n", "        bar = np.zeros_like(h[0]) if b == 0 else bar\n"),
    ("bottleneck", "A's gradient with the pre-activation", 'g["A"] += np.outer(bar, u[t - 1])', 'g["A"] += np.outer(bar, np.arctanh(u[t - 1]))'),
    ("leaky_stack", "gate does not reach the lower layer", " + C.T @ dz + E.T @ dq", " + E.T @ dq"),
    ("leaky_stack", "lower layer gets the carried cotangent of the upper one", "above = above * z[t] + D.T @ dz + F.T @ dq", "above = above * z[t] + D.T @ dz + F.T @ dq + below * 0.1"),
    ("leaky_stack", "matrices of gate and candidate exchanged", "D.T @ dz + F.T @ dq", "F.T @ dz + D.T @ dq"),
    ("leaky_stack", "upper layer reads the lower state of before", 'G["E"] += dq @ h[t].T', 'G["E"] += dq @ h[t - 1].T'),
    ("leaky_stack", "truncated between the layers after two steps", "below = below + eh[t].T + C.T @ dz + E.T @ dq", "below = below + eh[t].T + (C.T @ dz + E.T @ dq) * (t >= T - 2)"),
    ("torch_gru", "saved state is the reset one", "save_for_backward(r, z, g, h, Ug)", "save_for_backward(r, z, g, r * h, Ug)"),
    ("torch_gru", "reset gate detached", "return dr, dz,", "return None, dz,"),
    ("torch_gru", "lerp's weights exchanged on the way back", "dh * z + drh * r", "dh * (1 - z) + drh * r"),
    ("torch_gru", "candidate's matrix with the whole state", "dg.T @ (r * h)", "dg.T @ h"),
    ("torch_sequence", "cotangents of the outputs summed", "dh = dh + grad[t]", "dh = dh + grad.mean(0)"),
    ("torch_sequence", "last cotangent only", "dh = dh + grad[t]", "dh = dh + (grad[t] if t == len(x) - 1 else 0)"),
    ("torch_sequence", "states shifted", "(1 - hs[t + 1] ** 2)", "(1 - hs[t] ** 2)"),
    ("torch_sequence", "truncated at three steps with detach", "dh = da[t] @ U", "dh = da[t] @ U if (len(x) - t) % 3 else 0 * dh"),
    ("jax_lstm", "carry of the cell not gated", "(dz @ U, dc * f)", "(dz @ U, dc)"),
    ("jax_lstm", "scan on the way back not reversed", ", reverse=True)", ")"),
    ("jax_lstm", "mean over time", "dW.sum(0), dU.sum(0)", "dW.mean(0), dU.mean(0)"),
    ("jax_lstm", "new cell saved for the old one", "(x, h, c, f, i, o, g, new))", "(x, h, new, f, i, o, g, new))"),
    ("smoothed_gradient", "smoothing forgotten", "* 0.9 + 0.1 / y.shape[2]\n    hs", "\n    hs"),
    ("smoothed_gradient", "held state passes nothing back", "dh * (1 - mask[t][:, None]) + da", "da"),
    ("smoothed_gradient", "decay without its factor 2", "2 * 0.05 *", "0.05 *"),
    ("smoothed_gradient", "decay of V forgotten", 'for k in ("W", "U", "V"):\n        g', 'for k in ("W", "U"):\n        g'),
    ("smoothed_gradient", "divided by all steps", "mask[t][:, None] / mask.sum()", "mask[t][:, None] / mask.size"),
    ("smoothed_gradient", "held steps get a slope", "dnew = dh * mask[t][:, None]", "dnew = dh"),
    ("two_gated_gradient", "second direction walked the wrong way", "turns[d][::-1]", "turns['f'][::-1]"),
    ("two_gated_gradient", "carry of one direction without the gate", "ds = ds * z + dz", "ds = (ds * z if d == 'f' else 0) + dz"),
    ("two_gated_gradient", "input of the mirrored step", 'g[f"C{d}"] += dq.T @ x[t]', 'g[f"C{d}"] += dq.T @ x[t if d == "f" else T - 1 - t]'),
    ("two_gated_gradient", "new state for the old one", "saved[d][t] = (s, z, q)", "saved[d][t] = (z * s + (1 - z) * q, z, q)"),
    ("two_gated_gradient", "B and D exchanged", 'dz @ p[f"B{d}"] + dq @ p[f"D{d}"]', 'dz @ p[f"D{d}"] + dq @ p[f"B{d}"]'),
]  # fmt: skip

#: The same code, written otherwise.
SAME: list[tuple[str, str, str, str]] = [
    ("einsum_gru", "slopes as differences", "z * (1 - z)\n", "(z - z * z)\n"),
    ("einsum_gru", "products by matmul", 'np.einsum("bh,hk->bk", D[1, :, t], U[1])', "D[1, :, t] @ U[1]"),
    ("einsum_gru", "slope as a product", "(1 - g * g)", "(1 - g) * (1 + g)"),
    ("einsum_gru", "optimised einsum", 'np.einsum("gbth,bti->ghi", D, x)', 'np.einsum("gbth,bti->ghi", D, x, optimize=True)'),
    ("class_lstm", "logistic function by tanh", "sigmoid(i), sigmoid(f)", "0.5 + 0.5 * np.tanh(0.5 * i), 0.5 + 0.5 * np.tanh(0.5 * f)"),
    ("class_lstm", "sums by a product with ones", "dz.sum(axis=0)", "np.ones(len(dz), dz.dtype) @ dz"),
    ("class_lstm", "outer products example by example", "self.d_kernel += x.T @ dz", "self.d_kernel += sum(np.outer(x[k], dz[k]) for k in range(len(x)))"),
    ("class_lstm", "memory in column order", "self.kernel, self.recurrent, self.bias = kernel", "self.kernel, self.recurrent, self.bias = np.asfortranarray(kernel)"),
    ("taped_rnn", "bars added in the other order", "bars[key] + value if", "value + bars[key] if"),
    ("taped_rnn", "slope from cosh", "* (1 - new * new)", "/ np.cosh(np.clip(x @ W.T + h @ U.T + b, -300, 300)) ** 2"),
    ("taped_rnn", "bias with the weights", 'total["b"] += da.sum(0)', 'total["b"] += da.T @ np.ones(len(da), da.dtype)'),
    ("shared_gate", "difference multiplied out", "dc * (c[t] - g[t]) * f[t]", "(dc * c[t] - dc * g[t]) * f[t]"),
    ("shared_gate", "carry added up in another order", "df[t] @ R + dg[t] @ S + do[t] @ B", "(do[t] @ B + dg[t] @ S) + df[t] @ R"),
    ("bottleneck", "sums in another order", "for b in range(N):", "for b in reversed(range(N)):"),
    ("bottleneck", "product of the two matrices first", "B.T.dot(pre)", "((A * (1 - u[t - 1] ** 2)) @ B).T @ (bar)"),
    ("leaky_stack", "both layers' products as one", "C.T @ dz + E.T @ dq", "np.hstack([C.T, E.T]) @ np.vstack([dz, dq])"),
    ("leaky_stack", "gate from its complement", "(1 - z[t]) * (1 - q[t] ** 2)", "sigmoid(-(C @ h[t] + D @ s[t - 1] + col(k))) * (1 - q[t] ** 2)"),
    ("torch_sequence", "one product for each step", "flat.T @ x.flatten(0, 1)", "sum(da[k].T @ x[k] for k in range(len(x)))"),
    ("torch_gru", "state's share factored", "dh * z + drh * r", "torch.addcmul(dh * z, drh, r)"),
    ("jax_lstm", "sums within the scan's output", "dz.sum((0, 1))", "dz.reshape(-1, dz.shape[-1]).sum(0)"),
    ("smoothed_gradient", "softmax shifted by its maximum", "prob = np.exp(z) / np.exp(z).sum(1, keepdims=True)", "z = z - z.max(1, keepdims=True)\n        prob = np.exp(z) / np.exp(z).sum(1, keepdims=True)"),
    ("two_gated_gradient", "error's product once for all", "ds = ds + err[t] @ p[\"V\"]", "ds = ds + (err @ p[\"V\"])[t]"),
]  # fmt: skip


def changed(name: str, old: Piece, new: Piece) -> Callable[..., Any]:
    """The function of this name with a piece of its source replaced."""
    space = vars(cells if name in cells.CELLS else pairs)
    return with_pieces(name, RIGHT[name][1], old, new, space)


__all__ = ["EDITS", "LOSSES", "RIGHT", "SAME", "changed", "point", "recurrence"]
