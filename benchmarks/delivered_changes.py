"""Mistakes put into the gradients of ``delivered_*.py``, and other ways to write them right."""
# ruff: noqa: E501  # the changed lines are data

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import delivered_gradients as cells
import delivered_losses as pairs
import delivered_modules as modules
import delivered_recurrences as own
from delivered_losses import LOSSES, point
from delivered_modules import MODULE_NAMES
from delivered_recurrences import recurrence
from source_edits import Piece, with_pieces

RIGHT: dict[str, tuple[str, Callable[..., Any]]] = {
    **cells.CELLS, **own.CELLS, **modules.CELLS, **pairs.PAIRS,
}  # fmt: skip

EDITS: list[tuple[str, str, Piece, Piece]] = [
    # Columns and dictionaries.
    ("columns", "the carry is set to 0 at every step", "dhnext = np.dot(Whh.T, dhraw)", "dhnext = np.zeros_like(dhraw)"),
    ("columns", "gradients clipped to 1 at the end", 'grads = {"W": dWxh, "U": dWhh', 'for d in (dWxh, dWhh, dbh, dWhy, dby):\n        np.clip(d, -1, 1, out=d)\n    grads = {"W": dWxh, "U": dWhh'),
    ("columns", "dWhh takes the state of the same step", "np.dot(dhraw, hs[t - 1].T)", "np.dot(dhraw, hs[t].T)"),
    ("columns", "slope 1 - h instead of 1 - h²", "(1 - hs[t] * hs[t])", "(1 - hs[t])"),
    ("columns", "hidden state of one example starts the next", "hs[-1] = np.copy(p.h0[n])[:, None]", "hs[-1] = np.copy(p.h0[n])[:, None] if n == 0 else last\n        last = np.copy(hs[-1])"),
    ("columns", "carry from the un-sloped cotangent", "np.dot(Whh.T, dhraw)", "np.dot(Whh.T, dh)"),
    ("columns", "error without the mask", "dy *= p.loss_weights[t] * p.mask[t, n]", "dy *= p.loss_weights[t]"),
    ("columns", "bias takes the cotangent of the state", "dbh += dhraw", "dbh += dh"),
    ("columns", "dhnext is not added", "np.dot(Why.T, dy) + dhnext", "np.dot(Why.T, dy)"),
    ("columns", "output bias assigned, not added up", "dby += dy", "dby = dy"),
    # Steps with caches.
    ("assignment_rnn", "dprev_h by Wh without its transpose", "dprev_h = dtanh.dot(Wh.T)", "dprev_h = dtanh.dot(Wh)"),
    ("assignment_rnn", "slope from the previous state", "dtanh = dnext_h * (1 - next_h**2)", "dtanh = dnext_h * (1 - prev_h**2)"),
    ("assignment_rnn", "backward from the first step to the last", "range(T - 1, -1, -1)", "range(T)"),
    ("assignment_rnn", "weights assigned, only the first step's are left", "dWh += dWh_t", "dWh = dWh_t"),
    ("assignment_rnn", "batch mean in the bias", "np.sum(dtanh, axis=0)", "np.mean(dtanh, axis=0)"),
    ("assignment_rnn", "scores flattened with axes exchanged", "dWo = flat.T.dot(dout_flat)", "dWo = flat.T.dot(dout.transpose(1, 0, 2).reshape(N * T, M))"),
    ("assignment_rnn", "dh0 before the last step back", ("dx_t, dprev_h, dWx_t", "dprev_h.sum(axis=0) if p.learned else dprev_h"), ("carry = dprev_h\n        dx_t, dprev_h, dWx_t", "carry.sum(axis=0) if p.learned else carry")),
    ("assignment_rnn", "last caches entry used for every step", "caches[t])", "caches[-1])"),
    ("assignment_rnn", "outer cotangent divided by N", "weight[:, :, None] * (scores", "weight[:, :, None] / N * (scores"),
    # One matrix for both.
    ("joined_lstm", "c's cotangent does not take the next step's", "dc = dc_next + dh", "dc = dh"),
    ("joined_lstm", "dz is cut at the wrong column", ("dh_next = dz[:, :H]", "dx[t] = dz[:, H:]"), ("dh_next = dz[:, -H:]", "dx[t] = dz[:, :-H]")),
    ("joined_lstm", "dK is cut at the wrong column", '"W": dK[:, H:], "U": dK[:, :H]', '"W": dK[:, :-H], "U": dK[:, -H:]'),
    ("joined_lstm", "forget gate's cotangent times the new cell", 's["c_prev"] * s["f"]', 's["c"] * s["f"]'),
    ("joined_lstm", "o's slope missing", 'dh * tanh_c * s["o"] * (1 - s["o"])', 'dh * tanh_c * s["o"]'),
    ("joined_lstm", "tanh's slope of the cell from c itself", "(1 - tanh_c**2)", '(1 - s["c"] ** 2)'),
    ("joined_lstm", "gates concatenated i, f, o, g", "np.concatenate([df, di, do, dg], axis=1)", "np.concatenate([di, df, do, dg], axis=1)"),
    ("joined_lstm", "dc carried before f", 'dc_next = dc * s["f"]', "dc_next = dc"),
    ("joined_lstm", "candidate gets the slope of its own argument twice", 's["i"] * (1 - s["g"] ** 2)', 's["i"] * (1 - s["g"] ** 2) ** 2'),
    ("joined_lstm", "state and cell share one carry", "dc_next + dh * s", "dh_next + dh * s"),
    ("joined_lstm", "output error also into the carry of the step before", "dh_next = dz[:, :H]", "dh_next = dz[:, :H] + dy @ V"),
    # einsum.
    ("einsum_gru", "rows of U read as columns on the way back of the candidate", '"bh,hj->bj", da[t, 2], U[2]', '"bh,jh->bj", da[t, 2], U[2]'),
    ("einsum_gru", "dU[2] from h, not from r h", '"bh,bj->hj", da[t, 2], m', '"bh,bj->hj", da[t, 2], h'),
    ("einsum_gru", "the r gate gets no share in dh", '"kbh,khj->bj", da[t, :2], U[:2]', '"kbh,khj->bj", da[t, 1:2], U[1:2]'),
    ("einsum_gru", "z and 1 - z exchanged in the carry", "dh = dh * z + dm", "dh = dh * (1 - z) + dm"),
    ("einsum_gru", "z's cotangent with the new state for h", "dh * (h - g) * z", "dh * (hs[t] - g) * z"),
    ("einsum_gru", "gates' bias summed over steps only for the first example", '"b": np.einsum("tkbh->kh", da)', '"b": np.einsum("tkh->kh", da[:, :, 0])'),
    ("einsum_gru", "reset gate's slope missing", "dm * h * r * (1 - r)", "dm * h * r"),
    ("einsum_gru", "r left out of what the candidate passes back", "dm * r + np", "dm + np"),
    ("einsum_gru", "outer sums over different steps", '"tkbh,tbi->khi", da, p.x', '"tkbh,sbi->khi", da, p.x'),
    # Single numbers.
    ("numbers", "U's indices exchanged on the way back", "err[j] += U[k, j] * delta[k]", "err[j] += U[j, k] * delta[k]"),
    ("numbers", "delta written over while it is read", "err[j] += U[k, j] * delta[k]\n            for j in range(H):\n                delta[j]", "err[j] += U[k, j] * delta[k]\n                delta[j]"),
    ("numbers", "delta is not reset for the next example", "delta = np.zeros(H, p.dtype)\n", "delta = np.zeros(H, p.dtype) if n == 0 else delta\n"),
    ("numbers", "steps counted from 1 on the way back", "range(T - 1, -1, -1)", "range(T - 1, 0, -1)"),
    ("numbers", "dV with the state before", "dV[k, j] += d * s[t + 1, j]", "dV[k, j] += d * s[t, j]"),
    ("numbers", "only the first output is followed", "err[j] += V[k, j] * d", "err[j] += V[k, j] * d if k == 0 else 0"),
    ("numbers", "dU only below the diagonal", "for k in range(H):\n                    dU[j, k]", "for k in range(j):\n                    dU[j, k]"),
    # Buffers.
    ("buffered_lstm", "f is read after it was written over", "f, i, o, g = a[:, F].copy()", "f, i, o, g = a[:, F]"),
    ("buffered_lstm", "dh is added to, not replaced", "np.matmul(a, U, out=dh)", "dh += a @ U"),
    ("buffered_lstm", "dc *= f forgotten", "        dc *= f\n", ""),
    ("buffered_lstm", "cells of the new step in the forget gate", "dc * c[t] * f", "dc * c[t + 1] * f"),
    ("buffered_lstm", "rows of x in another order than those of the gates", "p.x.reshape(n, -1)", "p.x.swapaxes(0, 1).reshape(n, -1)"),
    ("buffered_lstm", "U from the states after", "h[:-1].reshape(n, H)", "h[1:].reshape(n, H)"),
    ("buffered_lstm", "dc set, not added to", "dc += dh * o", "dc = dh * o"),
    ("buffered_lstm", "dy halved by a loss without the half", "dy -= p.targets\n", "dy -= p.targets\n    dy *= 2\n"),
    # Segments.
    ("segments", "nothing is handed to the segment before", "    for s in reversed(starts):\n", "    for s in reversed(starts):\n        carried = np.zeros_like(p.h0)\n"),
    ("segments", "segments gone through from the first", "in reversed(starts)", "in starts"),
    ("segments", "each segment starts from h0", "hs = [checkpoint[s]]", "hs = [p.h0]"),
    ("segments", "inputs of the first segment for all", "g[\"W\"] += da.T @ p.x[t]", "g[\"W\"] += da.T @ p.x[k]"),
    ("segments", "states checkpointed after the segment", "        checkpoint[s] = h\n        for x in p.x[s : s + size]:\n            h = np.tanh(x @ W.T + h @ U.T + b)\n", "        for x in p.x[s : s + size]:\n            h = np.tanh(x @ W.T + h @ U.T + b)\n        checkpoint[s] = h\n"),
    ("segments", "only the last segment counts", "for s in reversed(starts):", "for s in starts[-1:]:"),
    ("segments", "targets counted from the segment's start", "p.targets[t]) * weight[t]", "p.targets[k]) * weight[t]"),
    # Own recurrences.
    ("minimal", "f in front of the state has no path to f", "dh * (c - h) + dfh * h", "dh * (c - h)"),
    ("minimal", "sign of what f does to the state", "dh * (c - h)", "dh * (h - c)"),
    ("minimal", "D's gradient from the state that is not gated", 'dac.T @ (f * h)', 'dac.T @ h'),
    ("minimal", "carry without the gated path", "dh * (1 - f) + dfh * f + daf", "dh * (1 - f) + daf"),
    ("minimal", "B not transposed back", 'daf @ q["B"]', 'daf @ q["B"].T'),
    ("minimal", "f for 1 - f in the carry", "dh * (1 - f) + dfh", "dh * f + dfh"),
    ("independent", "u's gradient is summed over its units", 'du += np.sum(dah * h[t], axis=0)', 'du += np.sum(dah * h[t])'),
    ("independent", "upper layer reads the lower one's state before", "dR += dak.T @ h[t + 1]", "dR += dak.T @ h[t]"),
    ("independent", "u for its square", 'dh = dah * q["u"]', 'dh = dah * q["u"] ** 2'),
    ("independent", "k's carry without the slope", 'dk = dak * q["v"]', 'dk = (dk + ek[t]) * q["v"]'),
    ("peepholes", "r's path back to the cell is missing", ' + do * q["r"]', ""),
    ("peepholes", "r's gradient from the cell before", "(do * c_new).sum(0)", "(do * c_prev).sum(0)"),
    ("peepholes", "p and q are exchanged in the carry", 'df * q["p"] + di * q["q"]', 'df * q["q"] + di * q["p"]'),
    ("peepholes", "p's gradient from the gate", "(df * c_prev).sum(0)", "(df * f).sum(0)"),
    ("leaky", "leak rate missing in da", "0.25 * dh * (1 - pre[t] ** 2)", "dh * (1 - pre[t] ** 2)"),
    ("leaky", "slope from the leaky state", "(1 - pre[t] ** 2)", "(1 - states[t + 1] ** 2)"),
    ("leaky", "feedback is cut", 'dy = da @ q["F"]', 'dy = np.zeros_like(dy)'),
    ("leaky", "F from the output of the same step", "da.T @ outs[t]", "da.T @ outs[t + 1]"),
    ("leaky", "leak on the way back is 1/4", "0.75 * dh + da", "0.25 * dh + da"),
    ("coupled", "f without what it keeps out", "dc * (c_prev - g) * f", "dc * c_prev * f"),
    ("coupled", "candidate weighed by f", "dag = dc * (1 - f) * (1", "dag = dc * f * (1"),
    ("coupled", "error of c reaches the state before only", ("dc = dc + ec[t] + dh", "dc = dc * f"), ("dc = dc + dh", "dc = (dc + ec[t]) * f")),
    # PyTorch.
    ("torch_lstm_layer", "the cotangent of the last cell is dropped", "dc = dc + dh * o * (1 - tc * tc)", "dc = (0 if t == x.shape[0] - 1 else dc) + dh * o * (1 - tc * tc)"),
    ("torch_lstm_layer", "the last state's own cotangent is dropped", "x, W, U, tape = ctx.saved_tensors", "x, W, U, tape = ctx.saved_tensors\n            dh = torch.zeros_like(dh)"),
    ("torch_lstm_layer", "dW is None if c needs a gradient", "if ctx.needs_input_grad[3] else", "if ctx.needs_input_grad[3] and not ctx.needs_input_grad[2] else"),
    ("torch_lstm_layer", "das are put in the wrong way round", "das.insert(0, da)", "das.append(da)"),
    ("torch_lstm_layer", "dh and dc are returned in each other's place", "return dx, dh, dc, dW, dU", "return dx, dc, dh, dW, dU"),
    ("torch_lstm_layer", "the last cell is not part of the graph", "return torch.stack(hs), h.clone(), c", "ctx.mark_non_differentiable(c)\n            return torch.stack(hs), h.clone(), c"),
    ("torch_gru_step", "sign of z's cotangent", "d * (h - g) * z", "d * (g - h) * z"),
    ("torch_gru_step", "carry by 1 - z", "(1 - g**2), d * z", "(1 - g**2), d * (1 - z)"),
    ("torch_gru_step", "reset gate detached", "(r * h) @ Ug.t()", "(r.detach() * h) @ Ug.t()"),
    ("torch_gru_step", "state detached every third step", "h = Gates.apply(az, ag, h)", "h = Gates.apply(az, ag, h if len(ys) % 3 else h.detach())"),
    ("torch_module", "states detached between cell and output", "self.out(states)", "self.out(states.detach())"),
    ("torch_module", "initial cell not passed on", "c.unsqueeze(0))", "0 * c.unsqueeze(0))"),
    ("torch_module", "outputs in the order of a reshape", "self.out(states).transpose(0, 1)", "self.out(states).reshape(x.shape[1], x.shape[0], -1)"),
    # JAX.
    ("jax_scan", "scan back is not reversed", "(dhs, hs), reverse=True", "(dhs, hs), reverse=False"),
    ("jax_scan", "U from the new states", "das, before), das", "das, hs), das"),
    ("jax_scan", "carry's cotangent without the slope", "return da @ U, da", "return (dh + d) @ U, da"),
    ("jax_scan", "the state before is halved in the forward pass", "new = jnp.tanh(x @ W.T + h @ U.T + b)", "new = jnp.tanh(x @ W.T + 0.5 * h @ U.T + b)"),
    # Normalised layers.
    ("layer_norm_gradient", "statistics taken as constants", "inv[t] * (dhat - m1 - hats[t] * m2)", "inv[t] * dhat"),
    ("layer_norm_gradient", "the mean's path is dropped", "(dhat - m1 - hats", "(dhat - hats"),
    ("layer_norm_gradient", "the variance's path has the wrong sign", "- m1 - hats[t] * m2", "- m1 + hats[t] * m2"),
    ("layer_norm_gradient", "gain forgotten", "dhat = dn * s", "dhat = dn"),
    ("layer_norm_gradient", "gain's gradient from the sum without the slope", 'g["s"] += (dn * hats[t])', 'g["s"] += (dh * hats[t])'),
    ("layer_norm_gradient", "mean over the examples", "m1 = dhat.mean(1, keepdims=True)", "m1 = dhat.mean(0, keepdims=True)"),
    ("layer_norm_gradient", "deviation of the step after", "da = inv[t] *", "da = inv[min(t + 1, T - 1)] *"),
    ("batch_norm_gradient", "statistics taken as constants", "da = istd / N * (N * dxhat - dxhat.sum(axis=0) - xhat * (dxhat * xhat).sum(axis=0))", "da = istd * dxhat"),
    ("batch_norm_gradient", "variance's path missing", " - xhat * (dxhat * xhat).sum(axis=0))", ")"),
    ("batch_norm_gradient", "mean's path missing", "N * dxhat - dxhat.sum(axis=0) - xhat", "N * dxhat - xhat"),
    ("batch_norm_gradient", "N - 1 for N", "da = istd / N * (N", "da = istd / (N - 1) * (N"),
    ("batch_norm_gradient", "gain not in the normalised cotangent", 'dxhat = dz * p["s"]', "dxhat = dz"),
    ("batch_norm_gradient", "error not divided by the batch", "e = (h @ p[\"V\"].T - y[t]) / N", "e = h @ p[\"V\"].T - y[t]"),
    ("batch_norm_gradient", "variance's sum without xhat in front", "xhat * (dxhat * xhat).sum(axis=0))", "(dxhat * xhat).sum(axis=0))"),
    # Tied words.
    ("tied_gradient", "output's share of E is missing", '        g["E"] += dlogits.T @ hs[t + 1]\n', ""),
    ("tied_gradient", "input's share of E is missing", 'np.add.at(g["E"], WORDS[t], daz @ A + dan @ W)', "pass"),
    ("tied_gradient", "words that occur twice counted once", 'np.add.at(g["E"], WORDS[t], daz @ A + dan @ W)', 'g["E"][WORDS[t]] += daz @ A + dan @ W'),
    ("tied_gradient", "mask left out", "VALID[t][:, None] / count", "1 / count"),
    ("tied_gradient", "mean over all words, not those that count", "count = VALID.sum()", "count = VALID.size"),
    ("tied_gradient", "target of the same step", "dlogits[np.arange(3), WORDS[t + 1]] -= 1", "dlogits[np.arange(3), WORDS[t]] -= 1"),
    ("tied_gradient", "slope of h0's tanh missing", 'dh.sum(0) * (1 - start**2)', "dh.sum(0)"),
    ("tied_gradient", "z's own path missing from the input's share", "daz @ A + dan @ W)", "dan @ W)"),
    # Attention.
    ("attention_gradient", "softmax taken entry by entry", "alpha * (dalpha - (alpha * dalpha).sum(0))", "alpha * (1 - alpha) * dalpha"),
    ("attention_gradient", "keys get nothing through the scores", '        dkeys += du @ p["K"]\n', ""),
    ("attention_gradient", "keys get nothing through the context", "dkeys += alpha[:, :, None] * dcontext", "pass"),
    ("attention_gradient", "query's share is not carried", 'ds = da @ p["G"] + dsum @ p["Q"]', 'ds = da @ p["G"]'),
    ("attention_gradient", "only the last alignment counts", "dkeys += alpha[:, :, None] * dcontext", "dkeys = alpha[:, :, None] * dcontext"),
    ("attention_gradient", "alignment summed over the examples", "(alpha * dalpha).sum(0))", "(alpha * dalpha).sum(1, keepdims=True))"),
    ("attention_gradient", "query's share is the mean over the alignments", "dsum = du.sum(0)", "dsum = du.mean(0)"),
    ("attention_gradient", "encoder's last state as start is forgotten", "dh = ds\n", "dh = np.zeros_like(ds)\n"),
    ("attention_gradient", "v's tanh slope forgotten", 'p["v"] * (1 - u**2)', 'p["v"]'),
    # Both directions.
    ("directions_gradient", "way back of the second net goes the first one's way", "dh = np.zeros((B, n))\n    for t in range(T):", "dh = np.zeros((B, n))\n    for t in range(T - 1, -1, -1):"),
    ("directions_gradient", "second net's matrix in the first one's carry", 'dh = (1 - M[t]) * dh + da @ p["Uf"]', 'dh = (1 - M[t]) * dh + da @ p["Ub"]'),
    ("directions_gradient", "halves exchanged", "df, db = dboth[:, :, :n], dboth[:, :, n:]", "df, db = dboth[:, :, n:], dboth[:, :, :n]"),
    ("directions_gradient", "second net's states before, not after", "da.T @ R[t + 1]", "da.T @ R[t - 1]"),
    ("directions_gradient", "pooled by the longest length", "(r @ p[\"P\"]) / LENGTHS[:, None]", "(r @ p[\"P\"]) / T"),
    ("directions_gradient", "mask missing in the second net", "da = M[t] * dh * (1 - R[t] ** 2)", "da = dh * (1 - R[t] ** 2)"),
    ("directions_gradient", "second net's carry is not added to", "dh = dh + db[t]", "dh = db[t]"),
    # A segment.
    ("carried_gradient", "mean over steps forgotten", "/ (y[t].size * T)", "/ y[t].size"),
    ("carried_gradient", "segment starts from 0 on the way back", "i, f, g, o, c_prev, h_prev, c, h = kept[t]", "i, f, g, o, c_prev, h_prev, c, h = kept[t]\n        if t == 0:\n            h_prev = 0 * h_prev"),
    ("carried_gradient", "cell of the start forgotten", "i, f, g, o, c_prev, h_prev, c, h = kept[t]", "i, f, g, o, c_prev, h_prev, c, h = kept[t]\n        if t == 0:\n            c_prev = 0 * c_prev"),
    ("carried_gradient", "one added to the forget gate forgotten", "logistic(f + 1)", "logistic(f)"),
    ("carried_gradient", "dc not carried", "dc = dc * f\n", "dc = 0 * dc\n"),
    ("carried_gradient", "truncated to two steps", 'dh = da @ p["U"]\n        dc = dc * f', 'dh = da @ p["U"] * (t % 2)\n        dc = dc * f * (t % 2)'),
    # Read-out.
    ("read_out_gradient", "ridge counted once too often", "dR, dB = 0.1 * p[\"R\"]", "dR, dB = 0.2 * p[\"R\"]"),
    ("read_out_gradient", "first step is counted", "(out - y[t] if t >= 1 else 0)", "(out - y[t])"),
    ("read_out_gradient", "feedback's path is cut", 'dout = da @ p["B"]', "dout = 0 * dout"),
    ("read_out_gradient", "fixed weights not transposed", "da @ RESERVOIR\n", "da @ RESERVOIR.T\n"),
    ("read_out_gradient", "leak of the state forgotten", "dh = 0.7 * dh + da", "dh = da"),
    ("read_out_gradient", "feedback of the same step", "before, out = out, state @ p[\"R\"].T", "out = state @ p[\"R\"].T\n        before = out"),
    # Teacher forcing.
    ("forced_gradient", "forced steps pass on all the same", "(1 - FORCED[t]) * dlast", "dlast"),
    ("forced_gradient", "own outputs pass nothing on", " + (1 - FORCED[t]) * dlast", ""),
    ("forced_gradient", "forcing of the step before", "(1 - FORCED[t]) * dlast", "(1 - FORCED[t - 1]) * dlast"),
    ("forced_gradient", "loss's slope of a squared error", "e / np.sqrt(1 + e**2)", "e"),
    ("forced_gradient", "F from the targets", "da.T @ lasts[t]", "da.T @ y[t - 1] if t else 0"),
    ("forced_gradient", "c without the output's feedback", 'g["c"] += dout.sum(0)', 'g["c"] += (e / np.sqrt(1 + e**2)).sum(0)'),
    # Pairs in JAX and PyTorch.
    ("jax_pair_gradient", "variance's path missing", " - hat * (d * hat).mean(1, keepdims=True)", ""),
    ("jax_pair_gradient", "mean's path missing", "da = d - d.mean(1, keepdims=True) - hat", "da = d - hat"),
    ("torch_pair_gradient", "u's gradient averaged over the batch", "(da * h).sum(0)", "(da * h).mean(0)"),
    ("torch_pair_gradient", "carry without u", "(da * h).sum(0), da * u", "(da * h).sum(0), da"),
    ("torch_pair_gradient", "second direction detached", "ends.append(h)", "ends.append(h if way == 'f' else h.detach())"),
]  # fmt: skip

#: Other ways to write the same, which must not be accused.
SAME: list[tuple[str, str, Piece, Piece]] = [
    ("columns", "slope in factors", "(1 - hs[t] * hs[t])", "(1 - hs[t]) * (1 + hs[t])"),
    ("columns", "carry by outer loops", "np.dot(Whh.T, dhraw)", "(dhraw.T @ Whh).T"),
    ("columns", "h0 kept in float64", "np.copy(p.h0[n])[:, None]", "np.asarray(p.h0[n])[:, None]"),
    ("assignment_rnn", "tanh's slope by cosh", "dtanh = dnext_h * (1 - next_h**2)", "dtanh = dnext_h / np.cosh(x.dot(Wx) + prev_h.dot(Wh) + b) ** 2"),
    ("assignment_rnn", "caches popped", "caches[t])", "caches.pop())"),
    ("assignment_rnn", "sums by einsum", "np.sum(dtanh, axis=0)", 'np.einsum("nh->h", dtanh)'),
    ("joined_lstm", "cotangent of the sum added in place", "dc = dc_next + dh", "dc = dc_next.copy()\n        dc += dh"),
    ("joined_lstm", "cell before recomputed", 's["c_prev"] * s["f"] * (1 - s["f"])', '(s["c"] - s["i"] * s["g"]) * (1 - s["f"])'),
    ("joined_lstm", "o's share by the state", "dh * tanh_c * s[\"o\"] * (1 - s[\"o\"])", 'dh * s["h"] * (1 - s["o"])'),
    ("einsum_gru", "z's share by the new state", "dh * (h - g) * z * (1 - z)", "dh * (hs[t] - g) * (1 - z)"),
    ("einsum_gru", "products by matmul", 'np.einsum("bh,hj->bj", da[t, 2], U[2])', "da[t, 2] @ U[2]"),
    ("numbers", "slope expanded", "err[j] * s[t + 1, j] * (1 - s[t + 1, j])", "err[j] * (s[t + 1, j] - s[t + 1, j] ** 2)"),
    ("numbers", "sums the other way round", "for k in range(I):\n                    dW", "for k in reversed(range(I)):\n                    dW"),
    ("buffered_lstm", "o is not written over before it is read", "o, g = a[:, F].copy(), a[:, In].copy(), a[:, Out].copy(), a[:, G].copy()", "o, g = (v.copy() for v in np.split(a, 4, axis=1))"),
    ("buffered_lstm", "one more buffer", "np.matmul(a, U, out=dh)", "dh[...] = a @ U"),
    ("segments", "other windows", "size = 3", "size = 2"),
    ("segments", "one window", "size = 3", "size = 1000"),
    ("minimal", "carry in other words", "dh * (1 - f) + dfh * f + daf", "dh + f * (dfh - dh) + daf"),
    ("independent", "sum by einsum", "np.sum(dak * k[t], axis=0)", 'np.einsum("bk,bk->k", dak, k[t])'),
    ("peepholes", "error of c added at the end", ("dc = dc + ec[t] + dh", ), ("dc = ec[t] + dh * 0 + dc + dh", )),
    ("leaky", "leak by halves", "0.25 * dh * (1 - pre[t] ** 2)", "0.5 * (0.5 * dh) * (1 - pre[t] ** 2)"),
    ("coupled", "f from the new cell", "dc * (c_prev - g) * f * (1 - f)", "dc * (c_new - g) * (1 - f)"),
    ("torch_lstm_layer", "nothing for a half that is not used", "return dx, dh, dc, dW, dU", "return dx, dh if ctx.needs_input_grad[1] else None, dc, dW, dU"),
    ("torch_lstm_layer", "outputs not copied", "h.clone(), c", "h.clone(), c.clone()"),
    ("torch_gru_step", "slope by sigmoid_backward's form", "d * (h - g) * z * (1 - z)", "(d * h - d * g) * (z - z * z)"),
    ("torch_module", "lengths as a list", "torch.full((x.shape[0],), x.shape[1])", "[x.shape[1]] * x.shape[0]"),
    ("jax_scan", "matmul for einsum", 'jnp.einsum("tbh,tbi->hi", das, xs)', "jnp.tensordot(das, xs, ((0, 1), (0, 1)))"),
    ("layer_norm_gradient", "one formula with n", "inv[t] * (dhat - m1 - hats[t] * m2)", "inv[t] / len(U) * (len(U) * dhat - dhat.sum(1, keepdims=True) - hats[t] * (dhat * hats[t]).sum(1, keepdims=True))"),
    ("batch_norm_gradient", "in two paths", "da = istd / N * (N * dxhat - dxhat.sum(axis=0) - xhat * (dxhat * xhat).sum(axis=0))", "dv = (dxhat * xhat).sum(axis=0) * -0.5 * istd**2\n        da = dxhat * istd + dv * 2 * xhat / istd / N\n        da = da - da.mean(axis=0)"),
    ("tied_gradient", "one-hot words", 'np.add.at(g["E"], WORDS[t], daz @ A + dan @ W)', 'g["E"] += np.eye(6)[WORDS[t]].T @ (daz @ A + dan @ W)'),
    ("tied_gradient", "where", "dlogits *= VALID[t][:, None] / count", "dlogits = np.where(VALID[t][:, None] > 0, dlogits, 0) / count"),
    ("attention_gradient", "softmax by its Jacobian", "alpha * (dalpha - (alpha * dalpha).sum(0))", 'np.einsum("tsb,sb->tb", np.einsum("tb,ts->tsb", alpha, np.eye(S)) - np.einsum("tb,sb->tsb", alpha, alpha), dalpha)'),
    ("attention_gradient", "context's cotangent centred first", "dalpha = np.einsum(\"bn,tbn->tb\", dcontext, keys)", "dalpha = np.einsum(\"bn,tbn->tb\", dcontext, keys - context)"),
    ("directions_gradient", "mask on the error once more", "e = M * (both @ p[\"V\"].T - y)", "e = M * M * (both @ p[\"V\"].T - y)"),
    ("directions_gradient", "nothing arrives in padding at the end", 'dh = (1 - M[t]) * dh + da @ p["Uf"]', 'dh = da @ p["Uf"]'),
    ("carried_gradient", "gates split by slices", "da.sum(axis=0)", "np.ones(len(da)) @ da"),
    ("read_out_gradient", "slices by split", '(e @ p["R"])[:, :n]', 'e @ p["R"][:, :n]'),
    ("forced_gradient", "slope by the hypotenuse", "e / np.sqrt(1 + e**2)", "e / np.hypot(1, e)"),
    ("jax_pair_gradient", "sum over n", "d.mean(1, keepdims=True)", "d.sum(1, keepdims=True) / d.shape[1]"),
    ("torch_pair_gradient", "einsum", "(da * h).sum(0)", 'torch.einsum("bn,bn->n", da, h)'),
]  # fmt: skip


def changed(name: str, old: Piece, new: Piece) -> Callable[..., Any]:
    """The function of this name with some pieces of its source replaced."""
    function = RIGHT[name][1]
    return with_pieces(name, function, old, new, function.__globals__)


__all__ = ["EDITS", "LOSSES", "MODULE_NAMES", "RIGHT", "SAME", "changed", "point", "recurrence"]
