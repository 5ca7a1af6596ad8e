"""Mistakes in `assorted_gradients.py` and `assorted_losses.py`, and other ways to write them right.

A change replaces one piece of a function's source, or several at once where one slip alone would be
too plain.
"""

# ruff: noqa: E501  # the changed lines are data

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
import assorted_gradients as cells
import assorted_losses as pairs
from assorted_gradients import recurrence
from assorted_losses import LOSSES, point

Piece = str | tuple[str, ...]
RIGHT: dict[str, tuple[str, Callable[..., Any]]] = {**cells.CELLS, **pairs.PAIRS}

EDITS: list[tuple[str, str, Piece, Piece]] = [
    ("char_rnn", "dhnext reset at every step", "dhnext = np.zeros_like(hs[-1])\n        for t in reversed(range(p.steps)):\n", "for t in reversed(range(p.steps)):\n            dhnext = np.zeros_like(hs[-1])\n"),
    ("char_rnn", "dhnext kept from the example before", "        dhnext = np.zeros_like(hs[-1])\n", "        dhnext = dhnext if s else np.zeros_like(hs[-1])\n"),
    ("char_rnn", "dhnext carries dh, not dhraw", "np.dot(Whh.T, dhraw)", "np.dot(Whh.T, dh)"),
    ("char_rnn", "output errors without the weight for dby", "dby += dy\n", "dby += ys[t] - p.targets[t, s].reshape(-1, 1)\n"),
    ("char_rnn", "weight of the step before", "p.loss_weights[t]\n", "p.loss_weights[t - 1]\n"),
    ("char_rnn", "targets of the next step", "dy = ys[t] - p.targets[t, s]", "dy = ys[t] - p.targets[min(t + 1, p.steps - 1), s]"),
    ("char_rnn", "clipped at every step before it is summed", "dhraw = (1 - hs[t] * hs[t]) * dh\n", "dhraw = np.clip((1 - hs[t] * hs[t]) * dh, -1, 1)\n"),
    ("char_rnn", "carry clipped only", "dhnext = np.dot(Whh.T, dhraw)", "dhnext = np.clip(np.dot(Whh.T, dhraw), -0.5, 0.5)"),
    ("char_rnn", "output bias counts the hidden bias too", "dbh += dhraw", "dbh += dhraw + 0 * dh\n            dby[:1] += dhraw[:1]"),
    ("char_rnn", "weights stepped during the way back", "dhnext = np.dot(Whh.T, dhraw)", "dhnext = np.dot((Whh - 0.1 * np.dot(dhraw, hs[t - 1].T)).T, dhraw)"),
    ("char_rnn", "last state for h of step before in dWhh", "hs[t - 1].T)\n            dhnext", "hs[t - 1 if t else p.steps - 1].T)\n            dhnext"),
    ("char_rnn", "divided by the sequence length", 'out = {"W": dWxh,', 'dWxh, dWhh = dWxh / p.steps, dWhh / p.steps\n    out = {"W": dWxh,'),
    ("char_rnn", "detached every second step", "dhnext = np.dot(Whh.T, dhraw)", "dhnext = np.dot(Whh.T, dhraw) * (t % 2)"),
    ("char_rnn", "float16 sum of dWhh", "dWhh += np.dot(dhraw, hs[t - 1].T)", "dWhh = (dWhh + np.dot(dhraw, hs[t - 1].T)).astype(np.float16).astype(float)"),
    ("cached_lstm", "cell carry forgotten", "dc = dnext_c + dnext_h * o", "dc = dnext_h * o"),
    ("cached_lstm", "tanh of the old cell", "(1 - tanh_c**2)\n", "(1 - np.tanh(prev_c) ** 2)\n"),
    ("cached_lstm", "slope of tanh taken twice", "(1 - tanh_c**2)\n", "(1 - np.tanh(tanh_c) ** 2)\n"),
    ("cached_lstm", "gates joined in another order", "(i * (1 - i) * di, f * (1 - f) * df, o", "(f * (1 - f) * df, i * (1 - i) * di, o"),
    ("cached_lstm", "candidate in the place of the output gate", "o * (1 - o) * do, (1 - g**2) * dg))", "(1 - g**2) * dg, o * (1 - o) * do))"),
    ("cached_lstm", "joined slopes all logistic", "(1 - g**2) * dg", "g * (1 - g) * dg"),
    ("cached_lstm", "previous state of the whole forward pass", "prev_h.T.dot(da)", "h[:, 0].T.dot(da)"),
    ("cached_lstm", "hidden carry not added", "step_backward(dh[:, t] + dprev_h,", "step_backward(dh[:, t],"),
    ("cached_lstm", "bias of the forget gate counted twice", "db += db_t", "db += db_t * (1 + (np.arange(len(db)) // h.shape[2] == 1))"),
    ("cached_lstm", "bias as a mean over the batch", "da.sum(axis=0)", "da.mean(axis=0)"),
    ("cached_lstm", "c0's gradient missing the gate", 'dprev_h.sum(0), dprev_c.sum(0)', 'dprev_h.sum(0), (dprev_c / caches[0][4]).sum(0)'),
    ("cached_lstm", "Wh not transposed in blocks", "da.dot(Wh.T)", "sum(d.dot(m) for d, m in zip(np.split(da, 4, 1), np.split(Wh, 4, 1)))"),
    ("cached_lstm", "output layer reshaped without regard to the axes", "dout.reshape(N * T, -1).T.dot(h.reshape(N * T, -1))", "dout.transpose(1, 0, 2).reshape(N * T, -1).T.dot(h.reshape(N * T, -1))"),
    ("cached_lstm", "average over the mask", "dh = dout.dot(V)", "dout = dout / max(p.mask.sum(), 1)\n    dh = dout.dot(V)"),
    ("cached_lstm", "mean over the mask of each example", "dh = dout.dot(V)", "dout = dout / np.maximum(p.mask.sum(0), 1)[:, None, None]\n    dh = dout.dot(V)"),
    ("cached_lstm", "only the carry of the forget gate", "return da.dot(Wh.T),", "return da[:, : h.shape[2]].dot(Wh[:, : h.shape[2]].T),"),
    ("concat_lstm", "rows of x for rows of a_prev", "Wo[:, :n].T @ dot", "Wo[:, -n:].T @ dot"),
    ("concat_lstm", "candidate's slope missing", "* it * da_next) * (1 - cct**2)", "* it * da_next)"),
    ("concat_lstm", "slope only on the second term", "dit = (dc_next * cct + ot * (1 - np.tanh(c_next) ** 2) * cct * da_next) * it * (1 - it)", "dit = dc_next * cct + ot * (1 - np.tanh(c_next) ** 2) * cct * da_next * it * (1 - it)"),
    ("concat_lstm", "square of the wrong thing", "ot * (1 - np.tanh(c_next) ** 2) * ft * da_next", "ot * (1 - np.tanh(c_next**2)) * ft * da_next"),
    ("concat_lstm", "new cell in the forget gate", "dft = (dc_next * c_prev + ot * (1 - np.tanh(c_next) ** 2) * c_prev", "dft = (dc_next * c_next + ot * (1 - np.tanh(c_next) ** 2) * c_next"),
    ("concat_lstm", "new cell in one of two terms", "dft = (dc_next * c_prev +", "dft = (dc_next * c_next +"),
    ("concat_lstm", "output gate by the cell, not its tanh", "dot = da_next * np.tanh(c_next) *", "dot = da_next * c_next *"),
    ("concat_lstm", "output gate by the old cell", "dot = da_next * np.tanh(c_next) *", "dot = da_next * np.tanh(c_prev) *"),
    ("concat_lstm", "dc_prev without the path over a", "dc_prev = dc_next * ft + ot * (1 - np.tanh(c_next) ** 2) * ft * da_next", "dc_prev = dc_next * ft"),
    ("concat_lstm", "W and U cut at the wrong column", '"W": joined[:, n:], "U": joined[:, :n]', '"W": joined[:, : -n], "U": joined[:, -n:]'),
    ("concat_lstm", "gates of the gradient in the order of the formulas", "enumerate((dft, dit, dot, dcct))", "enumerate((dft, dit, dcct, dot))"),
    ("concat_lstm", "bias sums over the wrong axis", "db[k] += np.sum(d, axis=1, keepdims=True)", "db[k] += np.sum(d, axis=0)[0]"),
    ("concat_lstm", "cell carry used without the gate and slope swapped", ("dc_prev = dc_next * ft +", "* (1 - cct**2)"), ("dc_prev = dc_next +", "* cct * (1 - cct)")),
    ("joined_gru", "candidate reads h in dKc", "dKc += rhx.T @ dn_raw", "dKc += hx.T @ dn_raw"),
    ("joined_gru", "gates exchanged in the joined gradient", "np.hstack([dr * r * (1 - r), dz * z * (1 - z)])", "np.hstack([dz * z * (1 - z), dr * r * (1 - r)])"),
    ("joined_gru", "slice of x for slice of h", "(dn_raw @ Kc.T)[:, :n]", "(dn_raw @ Kc.T)[:, -n:]"),
    ("joined_gru", "slice shifted by one", "(dgates @ Kg.T)[:, :n]", "(dgates @ Kg.T)[:, 1 : n + 1]"),
    ("joined_gru", "carry of the gates' product missing", "dh_prev = dh_prev + (dgates", "dh_prev = dh_prev + 0 * (dgates"),
    ("joined_gru", "reset not on the way to h", "dh_prev + drh * r", "dh_prev + drh"),
    ("joined_gru", "carry overwritten", "dh_prev = dh_prev + drh * r", "dh_prev = drh * r"),
    ("joined_gru", "update gate reversed on the way back", ("dz, dn = dh * (h - n_t), dh * (1 - z)", "dh_prev = dh * z"), ("dz, dn = dh * (n_t - h), dh * z", "dh_prev = dh * (1 - z)")),
    ("joined_gru", "new state for the old one in dz", "dh * (h - n_t), dh", "dh * (new - n_t), dh"),
    ("joined_gru", "slope of n taken at rhx", "dn * (1 - n_t**2)", "dn * (1 - np.tanh(n_t) ** 2)"),
    ("joined_gru", "bias halves of gates added", "dbg += dgates.sum(0)", "dbg += np.tile(dgates[:, :n].sum(0) + dgates[:, n:].sum(0), 2)"),
    ("joined_gru", "dh0 before the last carry", 'out["h0"] = dh.sum(0)', 'out["h0"] = (dh * 0 + err @ V).sum(0)'),
    ("rtrl", "influence not multiplied by U", 'np.einsum("ij,jkl->ikl", U, PU)', "PU.copy()"),
    ("rtrl", "U transposed in one influence", 'np.einsum("ij,jkl->ikl", U, PW)', 'np.einsum("ji,jkl->ikl", U, PW)'),
    ("rtrl", "new state in the immediate part", ("JU[k, k] += h", "PW, PU ="), ("JU[k, k] += new", "PW, PU =")),
    ("rtrl", "slope of the state before", "slope = new * (1 - new)", "slope = h * (1 - h)"),
    ("rtrl", "influence reset at masked steps", "h = new\n", "h = new\n            PU, PW = PU * p.mask[t, s], PW * p.mask[t, s]\n"),
    ("rtrl", "diagonal of U only", 'np.einsum("ij,jkl->ikl", U, PU)', "np.diag(U)[:, None, None] * PU"),
    ("rtrl", "gradient read before the influence is renewed", ('grads["b"] += dh @ Pb', "Pb = slope[:, None] * (U @ Pb + np.eye(n))\n"), ('grads["b"] += dh @ old', "old = Pb\n            Pb = slope[:, None] * (U @ Pb + np.eye(n))\n")),
    ("rtrl", "influence of b decays", "(U @ Pb + np.eye(n))", "(0.9 * U @ Pb + np.eye(n))"),
    ("by_lag", "product starts one step late", "if k > 1:\n", "if 1 < k < t:\n"),
    ("by_lag", "slope of the other end", "(delta @ U) * (1 - H[k - 1] ** 2)", "(delta @ U) * (1 - H[k] ** 2)"),
    ("by_lag", "matrix outside the product", "delta = (delta @ U) * (1 - H[k - 1] ** 2)", "delta = (delta * (1 - H[k - 1] ** 2)) @ U"),
    ("by_lag", "only the last three lags", "range(t, 0, -1)", "range(t, max(t - 3, 0), -1)"),
    ("by_lag", "weights by distance", "delta = (err @ V) *", "delta = (err @ V) / t *"),
    ("by_lag", "states of the loss step in dU", "dU += delta.T @ H[k - 1]", "dU += delta.T @ H[t - 1]"),
    ("by_lag", "inputs of the loss step in dW", "dW += delta.T @ p.x[k - 1]", "dW += delta.T @ p.x[t - 1]"),
    ("by_lag", "h0 only from the last loss", "dh0 += delta @ U", "dh0 = delta @ U"),
    ("torch_cell", "saved cell is the new one", "save_for_backward(f, i, o, g, c, new)", "save_for_backward(f, i, o, g, new, new)"),
    ("torch_cell", "cotangent of the cell dropped", "grad_c = grad_c + grad_h", "grad_c = grad_h"),
    ("torch_cell", "cell passes the raw cotangent", "torch.cat([grad_f, grad_i, grad_o, grad_g], 1), grad_c * f", "torch.cat([grad_f, grad_i, grad_o, grad_g], 1), (grad_c - grad_h * o * (1 - s * s)) * f"),
    ("torch_cell", "chunks returned as i, f, o, g", "torch.cat([grad_f, grad_i, grad_o, grad_g]", "torch.cat([grad_i, grad_f, grad_o, grad_g]"),
    ("torch_cell", "sum over the batch inside", "grad_g = grad_c * i * (1 - g * g)", "grad_g = (grad_c * i * (1 - g * g)).mean(0, keepdim=True).expand_as(g)"),
    ("torch_cell", "detached below", "return torch.cat([grad_f, grad_i, grad_o, grad_g], 1), grad_c * f", "return torch.cat([grad_f, grad_i, grad_o, grad_g], 1), None"),
    ("jax_step", "reset state in the gates' gradients", "jnp.vstack([ar.T @ h, az.T @ h,", "jnp.vstack([ar.T @ (r * h), az.T @ (r * h),"),
    ("jax_step", "carry through both gates exchanged", "ar @ Ur + az @ Uz", "ar @ Uz + az @ Ur"),
    ("jax_step", "reset gate's path stopped", "ar = q * h * r * (1 - r)", "ar = 0 * q"),
    ("reset_after", "reset gate by the old state", "dr = ds * u * r", "dr = ds * h * r"),
    ("reset_after", "bias under the reset without the reset", '("q", du)', '("q", ds)'),
    ("reset_after", "F with the reset state and the unreset cotangent", '("F", du, h)', '("F", ds, r)'),
    ("reset_after", "carry over F not reset", "dz @ D + du @ F", "dz @ D + ds @ F"),
    ("reset_after", "F's cotangent before its slope", "ds = dh * (1 - z) * (1 - s**2)\n", "raw = dh * (1 - z)\n        ds = raw * (1 - s**2)\n        dh = raw * 0 + dh\n        h = h if t else h * 0\n"),
    ("reset_after", "candidate without the bias in the reset's slope", "dr = ds * u * r", "dr = ds * (u - P['q']) * r"),
    ("reset_after", "mixing the other way", ("dh * (h - s) * z", "dh = dh * z + dr"), ("dh * (s - h) * z", "dh = dh * (1 - z) + dr")),
    ("minimal", "forget path into the reset missing", "df = (dh * (Q[t] - H[t]) + back * H[t])", "df = (dh * (Q[t] - H[t]))"),
    ("minimal", "sign of the mixing", "dh * (Q[t] - H[t]) +", "dh * (H[t] - Q[t]) +"),
    ("minimal", "D's gradient with the unreset state", "np.outer(dq, F[t] * H[t])", "np.outer(dq, H[t])"),
    ("minimal", "gate's slope on one path only", "(dh * (Q[t] - H[t]) + back * H[t]) * F[t] * (1 - F[t])", "dh * (Q[t] - H[t]) + back * H[t] * F[t] * (1 - F[t])"),
    ("minimal", "carried state reset twice", "back * F[t] + B.T", "back * F[t] ** 2 + B.T"),
    ("minimal", "batch's first start for all", "first[s] = dh", "first[0] = dh"),
    ("multiplied", "factor's own value in its gradient", "dh = (dm[t] * ax[t]) @ B", "dh = (dm[t] * bh[t]) @ B"),
    ("multiplied", "upper layer's cotangent not passed down", "dh + eh[t] + dtop[t] @ D)", "dh + eh[t])"),
    ("multiplied", "upper layer truncated", "ds = dtop[t] * u", "ds = dtop[t] * u * (t > T - 3)"),
    ("multiplied", "D reads the state of before", '"tbk,tbn->kn", dtop, h[1:]', '"tbk,tbn->kn", dtop, h[:-1]'),
    ("multiplied", "u's gradient with the new state", "(dtop * s[:-1])", "(dtop * s[1:])"),
    ("multiplied", "C's slope left out for A", "dm * bh, x)", "(eh @ C) * bh, x)"),
    ("multiplied", "recurrent vector as a sum", "ds = dtop[t] * u", "ds = dtop[t] * u.mean()"),
    ("sentences_gradient", "padded to the longest", "for t in reversed(range(length)):", "for t in reversed(range(length - 1)):"),
    ("sentences_gradient", "not divided by the batch", "do = prob / len(LENGTHS)", "do = prob"),
    ("sentences_gradient", "label of the last step", "np.argmax(y[0, s])] -= 1", "np.argmax(y[-1, s])] -= 1"),
    ("sentences_gradient", "h0 of the last sentence", 'g["h0"] += dh', 'g["h0"] = dh'),
    ("sentences_gradient", "reset product without the reset", "np.outer(dq * r, h)", "np.outer(dq, h)"),
    ("sentences_gradient", "carry without the candidate", " + Uq.T @ (dq * r)\n", "\n"),
    ("translated_gradient", "code as start only", "dh = dcode + ds", "dh = ds"),
    ("translated_gradient", "embedding rows overwritten", 'np.add.at(g["E"], word[t - 1], da @ p["C"])', 'g["E"][word[t - 1]] += da @ p["C"]'),
    ("translated_gradient", "embedding by its own word", 'np.add.at(g["E"], word[t - 1]', 'np.add.at(g["E"], word[t]'),
    ("translated_gradient", "decoder truncated", 'ds = da @ p["D"]', 'ds = da @ p["D"] * (t > 1)'),
    ("translated_gradient", "K by the start of the encoder", 'g["K"] += ds.T @ code', 'g["K"] += ds.T @ h[0]'),
    ("translated_gradient", "divided by the steps only", "do /= y[..., 0].size", "do /= S"),
    ("translated_gradient", "state before the output", 'g["V"] += do.T @ s[t + 1]', 'g["V"] += do.T @ s[t]'),
    ("both_ways_gradient", "columns of the joined gradient exchanged", "dL, dR = dboth[..., :n], dboth[..., n:]", "dL, dR = dboth[..., -n:], dboth[..., : -n]"),
    ("both_ways_gradient", "right layer's mirrored cotangent", "(dR[t - 1] + carry)", "(dR[T - t] + carry)"),
    ("both_ways_gradient", "right layer reads the left neighbour", 'g["N"] += da.T @ R[t + 1]', 'g["N"] += da.T @ R[t - 1]'),
    ("both_ways_gradient", "carry of the left layer kept for the right", '    carry = np.zeros_like(p["r0"])\n    for t in range(1', '    carry = np.zeros_like(p["r0"]) + carry.sum()\n    for t in range(1'),
    ("both_ways_gradient", "not averaged for the output layer", 'g["d"] = err.sum((0, 1))', 'g["d"] = err.sum((0, 1)) * B'),
    ("normalised_gradient", "mean not differentiated", "istd * (dhat - mean_d - hat", "istd * (dhat - hat"),
    ("normalised_gradient", "variance not differentiated", "(dhat - mean_d - hat * (dhat * hat).mean(1, keepdims=True))", "(dhat - mean_d)"),
    ("normalised_gradient", "gain left out of the way back", "dhat = dz * p[\"gain\"]", "dhat = dz"),
    ("normalised_gradient", "slope at the normalised value", "(1 - new**2)", "(1 - np.tanh(hat) ** 2)"),
]  # fmt: skip

#: The same functions, written otherwise.
SAME: list[tuple[str, str, Piece, Piece]] = [
    ("char_rnn", "slope from cosh of the state's argument", "(1 - hs[t] * hs[t]) * dh", "(1 - hs[t]) * (1 + hs[t]) * dh"),
    ("char_rnn", "outer by broadcasting", "np.dot(dhraw, xs[t].T)", "dhraw * xs[t].T"),
    ("char_rnn", "examples from the last", "for s in range(p.batch):", "for s in range(p.batch - 1, -1, -1):"),
    ("char_rnn", "weights under the root", "dy = dy * p.mask[t, s] * p.loss_weights[t]", "dy = np.sqrt(p.mask[t, s]) * (dy * np.sqrt(p.mask[t, s])) * p.loss_weights[t]"),
    ("char_rnn", "biases as a column of the matrices", "dbh += dhraw", "dbh += np.dot(dhraw, np.ones((1, 1), dhraw.dtype))"),
    ("char_rnn", "clipped far away", "dhnext = np.dot(Whh.T, dhraw)", "dhnext = np.clip(np.dot(Whh.T, dhraw), -1e200, 1e200)"),
    ("cached_lstm", "slopes as differences", "o * (1 - o) * do", "(o - o * o) * do"),
    ("cached_lstm", "carry of one gate after the other", "return da.dot(Wh.T),", "return sum(a.dot(w.T) for a, w in zip(np.split(da, 4, 1), np.split(Wh, 4, 1))),"),
    ("cached_lstm", "carried cell by the quotient of gates", "dc * f\n", "(dc * f) * 1.0\n"),
    ("cached_lstm", "weights twice and halved", "dWx += dWx_t", "dWx = 0.5 * (2 * dWx + 2 * dWx_t)"),
    ("cached_lstm", "output layer by einsum", "dout.reshape(N * T, -1).T.dot(h.reshape(N * T, -1))", 'np.einsum("nto,nth->oh", dout, h)'),
    ("concat_lstm", "cell's slope by sech", "ft + ot * (1 - np.tanh(c_next) ** 2) * ft * da_next", "ft * 1 + (ot - ot * np.tanh(c_next) ** 2) * ft * da_next"),
    ("concat_lstm", "carry as one product", "da_prev = Wf[:, :n].T @ dft + Wi[:, :n].T @ dit + Wc[:, :n].T @ dcct + Wo[:, :n].T @ dot", "da_prev = (np.vstack([Wf, Wi, Wc, Wo]).T @ np.vstack([dft, dit, dcct, dot]))[:n]"),
    ("concat_lstm", "sums in another order", "enumerate((dft, dit, dot, dcct))", "list(enumerate((dft, dit, dot, dcct)))[::-1]"),
    ("concat_lstm", "a batch example at a time", "dW[k] += d @ concat.T", "dW[k] += sum(np.outer(d[:, j], concat[:, j]) for j in range(d.shape[1]))"),
    ("joined_gru", "mixing as a step", "dh_prev = dh * z\n", "dh_prev = dh - dn\n"),
    ("joined_gru", "the gates' products apart", "dh_prev + (dgates @ Kg.T)[:, :n]", "dh_prev + dgates[:, :n] @ Kg[:n, :n].T + dgates[:, n:] @ Kg[:n, n:].T"),
    ("joined_gru", "lerp on the way forward", "new = (1 - z) * n_t + z * h", "new = n_t + z * (h - n_t)"),
    ("rtrl", "slopes into the matrix", "Pb = slope[:, None] * (U @ Pb + np.eye(n))", "Pb = (slope[:, None] * U) @ Pb + np.diag(slope)"),
    ("rtrl", "influence contracted later", 'grads["b"] += dh @ Pb', 'grads["b"] += np.einsum("i,ij->j", dh, Pb)'),
    ("by_lag", "losses from the last", "for t in range(1, T + 1):", "for t in range(T, 0, -1):"),
    ("by_lag", "both slopes first", "delta = (err @ V) * (1 - H[t] ** 2)", "D = [1 - h**2 for h in H]\n        delta = (err @ V) * D[t]"),
    ("torch_cell", "slopes in place", "grad_o = grad_h * s * o * (1 - o)", "grad_o = (grad_h * s).mul_(o).mul_(1 - o)"),
    ("torch_cell", "sigmoid_backward", "grad_f = grad_c * c * f * (1 - f)", "grad_f = torch.ops.aten.sigmoid_backward(grad_c * c, f)"),
    ("reset_after", "reset after by the product rule", "du = ds * r\n", "du = ds - ds * (1 - r)\n"),
    ("reset_after", "all three carries at once", "dr @ B + dz @ D + du @ F", "np.hstack([dr, dz, du]) @ np.vstack([B, D, F])"),
    ("minimal", "the whole mixing at once", "dh = dh * (1 - F[t]) + back * F[t] + B.T @ df", "dh = dh + F[t] * (back - dh) + B.T @ df"),
    ("minimal", "vector by matrix", "back = D.T @ dq", "back = dq @ D"),
    ("multiplied", "element-wise with einsum", "(dm[t] * ax[t]) @ B", 'np.einsum("bm,bm,mn->bn", dm[t], ax[t], B)'),
    ("multiplied", "diagonal matrix", "ds = dtop[t] * u", "ds = dtop[t] @ np.diag(u)"),
    ("sentences_gradient", "slopes as differences", "r * (1 - r)\n", "(r - r * r)\n"),
    ("translated_gradient", "one-hot rows", 'np.add.at(g["E"], word[t - 1], da @ p["C"])', 'g["E"] += np.eye(len(p["E"]))[word[t - 1]].T @ (da @ p["C"])'),
    ("both_ways_gradient", "joined slope by parts", "dboth = err @ p[\"V\"]", "dboth = np.concatenate([err @ p[\"V\"][:, :n], err @ p[\"V\"][:, n:]], 2)"),
    ("normalised_gradient", "sums for means", "(dhat * hat).mean(1, keepdims=True)", "(dhat * hat).sum(1, keepdims=True) / hat.shape[1]"),
]  # fmt: skip


def changed(name: str, old: Piece, new: Piece) -> Callable[..., Any]:
    """The function of this name with some pieces of its source replaced."""
    source = inspect.getsource(RIGHT[name][1])
    olds, news = ((v,) if isinstance(v, str) else v for v in (old, new))
    for a, b in zip(olds, news, strict=True):
        if a not in source:
            raise ValueError(f"{name}: {a!r} is not in the source")
        source = source.replace(a, b)
    space = dict(vars(pairs if name in pairs.PAIRS else cells))
    exec(compile(source, f"<{name}>", "exec"), space)
    return space[name]  # type: ignore[no-any-return]


__all__ = ["EDITS", "LOSSES", "RIGHT", "SAME", "changed", "point", "recurrence"]
