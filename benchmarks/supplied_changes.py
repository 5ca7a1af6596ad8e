"""Mistakes in `supplied_gradients.py` and `supplied_losses.py`, and other ways to write them.

A change replaces one piece of a function's source, or several at once.
"""

# ruff: noqa: E501  # the changed lines are data

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import supplied_gradients as cells
import supplied_losses as pairs
from source_edits import Piece, with_pieces
from supplied_losses import LOSSES, point, recurrence

RIGHT: dict[str, tuple[str, Callable[..., Any]]] = {**cells.CELLS, **pairs.CELLS, **pairs.PAIRS}

EDITS: list[tuple[str, str, Piece, Piece]] = [
    ("taped_lstm", "rule of the product gives each its own value", "out = [g * v[1], g * v[0]]", "out = [g * v[0], g * v[1]]"),
    ("taped_lstm", "cotangents are overwritten", "bar[j] = bar[j] + share if j in bar else share", "bar[j] = share"),
    ("taped_lstm", "cotangents are added twice where they meet", "bar[j] = bar[j] + share if j in bar else share", "bar[j] = bar[j] + 2 * share if j in bar else share"),
    ("taped_lstm", "the first cotangent counts", "bar[j] = bar[j] + share if j in bar else share", "bar.setdefault(j, share)"),
    ("taped_lstm", "bias summed by the mean", "g.sum(0)]", "g.mean(0)]"),
    ("taped_lstm", "tanh's rule is linear", "out = [g * (1 - y * y)]", "out = [g * (1 - y)]"),
    ("taped_lstm", "logistic rule for the argument", "out = [g * y * (1 - y)]", "out = [g * v[0] * (1 - v[0])]"),
    ("taped_lstm", "tanh's rule at the argument", "out = [g * (1 - y * y)]", "out = [g * (1 - v[0] * v[0])]"),
    ("taped_lstm", "part laid down at the next block", "whole[:, k * n:(k + 1) * n] = g", "whole[:, (k + 1) % 4 * n:(k + 1) % 4 * n + n] = g"),
    ("taped_lstm", "tape stops before its first value that is no leaf", "if op == \"leaf\" or i not in bar:", "if op == \"leaf\" or i not in bar or i < 12:"),
    ("taped_lstm", "constants: the cell's old value", "out = [g * v[1], g * v[0]]", "out = [g * v[1], g * v[0] * (self.made[args[1]][0] != 'add')]"),
    ("taped_lstm", "tape is read in the order it was written", "range(len(self.values) - 1, -1, -1)", "range(len(self.values))"),
    ("closures_gru", "reset forgotten at the carry", "old += inner * r\n", "old += inner\n"),
    ("closures_gru", "candidate reads h, not r h, for its matrix", "ag, from_g = linear(2, x, r * h)\n", "ag, from_g = linear(2, x, r * h)\n        _, from_g = linear(2, x, h)\n"),
    ("closures_gru", "update gate's share is not carried", "old += from_z(", "_ = from_z("),
    ("closures_gru", "pulls taken from the front", "pulls.pop()(", "pulls.pop(0)("),
    ("closures_gru", "misses taken from the front", "misses.pop() @", "misses.pop(0) @"),
    ("closures_gru", "the last closure only: late binding", "pulls.append(pull)", "pulls.append(lambda bar: pull(bar))"),
    ("closures_gru", "update gate's sign", "(h - g) * bar * z", "(g - h) * bar * z"),
    ("closures_gru", "old state counted by 1 - z", "old = bar * z\n", "old = bar * (1 - z)\n"),
    ("closures_gru", "old is bar's own memory", "old = bar * z\n", "bar *= z\n            old = bar\n"),
    ("closures_gru", "reset gate's slope and update's exchanged", "inner * h * r * (1 - r)", "inner * h * z * (1 - z)"),
    ("closures_gru", "two: sign of z and reset forgotten", ("(h - g) * bar * z", "old += inner * r\n"), ("(g - h) * bar * z", "old += inner\n")),
    ("closures_gru", "biases not summed over steps", 'total["b"][rows] += bar.sum(0)', 'total["b"][rows] = bar.sum(0)'),
    ("columns_elman", "delta of the step after without its slope", "U.T @ D[t + 1]) * (1 - H[t] ** 2)", "U.T @ (D[t + 1] / (1 - H[min(t + 1, T)] ** 2))) * (1 - H[t] ** 2)"),
    ("columns_elman", "weight of the first step is skipped", "    for t in range(1, T + 1):\n        dW", "    for t in range(2, T + 1):\n        dW"),
    ("columns_elman", "slope of the step before", "(1 - H[t] ** 2)", "(1 - H[t - 1] ** 2)"),
    ("columns_elman", "outer product the other way round", "dU += D[t] @ H[t - 1].T", "dU += H[t - 1] @ D[t].T"),
    ("columns_elman", "carry by W's place: U not transposed", "U.T @ D[t + 1]) *", "U @ D[t + 1]) *"),
    ("columns_elman", "the bias is averaged over examples", "db += D[t].sum(axis=1, keepdims=True)", "db += D[t].mean(axis=1, keepdims=True)"),
    ("columns_elman", "two: averaged bias, states of the same step", ("db += D[t].sum(axis=1, keepdims=True)", "dU += D[t] @ H[t - 1].T"), ("db += D[t].mean(axis=1, keepdims=True)", "dU += D[t] @ H[t].T")),
    ("columns_elman", "slope within the transposed product", "(V.T @ E[t] + U.T @ D[t + 1]) * (1 - H[t] ** 2)", "V.T @ E[t] + U.T @ (D[t + 1] * (1 - H[t] ** 2))"),
    ("columns_elman", "errors of masked steps count for V", "dV += E[t] @ H[t].T", "dV += (V @ H[t] + c - p.targets[t - 1].T) * p.loss_weights[t - 1] @ H[t].T"),
    ("columns_elman", "start's own delta, two steps", "(U.T @ D[1]).sum(1)", "(U.T @ D[min(2, T)]).sum(1)"),
    ("columns_elman", "losses of all steps at the last one", "D[t] = (V.T @ E[t] + ", "D[t] = ((V.T @ sum(E.values()) if t == T else 0) + "),
    ("double_loop", "truncated after two steps", "range(t, -1, -1)", "range(t, max(-1, t - 3), -1)"),
    ("double_loop", "the lag of the start is left out", "range(t, -1, -1)", "range(t, 0, -1)"),
    ("double_loop", "inputs of the loss's step", 'np.outer(delta_t, p.x[k, e])', 'np.outer(delta_t, p.x[t, e])'),
    ("double_loop", "slope of tanh on the way", "delta_t = back * s[k] * (1 - s[k])", "delta_t = back * (1 - s[k] ** 2)"),
    ("double_loop", "slope of the state after", "delta_t = back * s[k] * (1 - s[k])", "delta_t = back * s[k + 1] * (1 - s[k + 1])"),
    ("double_loop", "state after for U", "np.outer(delta_t, s[k])", "np.outer(delta_t, s[k + 1])"),
    ("double_loop", "halved at each lag", "back = U.T @ delta_t", "back = 0.5 * U.T @ delta_t"),
    ("double_loop", "normalised delta when it grows", "back = U.T @ delta_t", "back = U.T @ delta_t\n                back = back / max(1, np.linalg.norm(back))"),
    ("double_loop", "truncated, and inputs of the loss's step", ("range(t, -1, -1)", "np.outer(delta_t, p.x[k, e])"), ("range(t, max(-1, t - 2), -1)", "np.outer(delta_t, p.x[t, e])")),
    ("double_loop", "bias of the first pass only", 'g["b"] += delta_t', 'g["b"] += delta_t * (k == t)'),
    ("block_lstm", "output's path through h is missing in the Jacobian", "dhh = np.diag(th * o * (1 - o)) @ Uo + dhc @ dch", "dhh = dhc @ dch"),
    ("block_lstm", "path through the cell is missing in dh/dh", "@ Uo + dhc @ dch", "@ Uo"),
    ("block_lstm", "old cell reaches h directly: f missing", "[dhh, dhc @ dcc]", "[dhh, dhc]"),
    ("block_lstm", "cell's row of the Jacobian by f alone", "[dch, dcc]", "[0 * dch, dcc]"),
    ("block_lstm", "Jacobian transposed", "row = row @ J[t]", "row = J[t] @ row"),
    ("block_lstm", "matrices before slopes", "np.diag(c * f * (1 - f)) @ Uf", "Uf @ np.diag(c * f * (1 - f))"),
    ("block_lstm", "new cell in the Jacobian's forget gate", "dch = (np.diag(c * f * (1 - f))", "dch = (np.diag(new * f * (1 - f))"),
    ("block_lstm", "Jacobian of the step after", "row = row @ J[t]", "row = row @ J[min(t + 1, p.steps - 1)]"),
    ("block_lstm", "cell's cotangent does not reach weights", "np.tile(row[n:], 4) * by_c", "0 * by_c"),
    ("multipliers", "multipliers of the transposed system", "np.linalg.solve(A.T,", "np.linalg.solve(A,"),
    ("multipliers", "slopes of the columns", "-slope[t][:, None] * U", "-slope[t] * U"),
    ("multipliers", "slope of the step before in the system", "-slope[t][:, None] * U", "-slope[t - 1][:, None] * U"),
    ("multipliers", "sign of the constraint", "= -slope[t]", "= slope[t]"),
    ("multipliers", "multipliers are not multiplied by slopes", "pre = lam * slope", "pre = lam"),
    ("multipliers", "one Neumann term", "lam = np.linalg.solve(A.T, (miss @ V).ravel())", "lam = ((2 * np.eye(T * n) - A.T) @ (miss @ V).ravel())"),
    ("torch_step", "candidate minus old state", "bar * (h - g) * z", "bar * (g - h) * z"),
    ("torch_step", "old state's way back is forgotten", "d_h = bar * z", "d_h = torch.zeros_like(bar)"),
    ("torch_step", "cotangent is not used", "d_h = bar * z", "d_h = z.clone()"),
    ("torch_step", "slope loses its square", "(1 - g.pow(2))", "(1 - g)"),
    ("torch_step", "results in the wrong order", "return d_az, d_ag, d_h", "return d_ag, d_az, d_h"),
    ("torch_step", "gate's derivative for the candidate too", "d_ag = bar * (1 - z) * (1 - g.pow(2))", "d_ag = bar * (1 - z) * g * (1 - g)"),
    ("jax_cell", "cell's cotangent from the output forgotten", "dc = dc + dh * o * (1 - th**2)", "dc = dh * o * (1 - th**2)"),
    ("jax_cell", "tanh at the old cell", "th = jnp.tanh(new)", "th = jnp.tanh(c)"),
    ("jax_cell", "forget gate and input gate exchanged", "[dc * c * f * (1 - f), dc * g * i * (1 - i),", "[dc * g * i * (1 - i), dc * c * f * (1 - f),"),
    ("jax_cell", "matrix not transposed: dU", "da @ theta[\"U\"], dc * f", "da[:, :h.shape[1]] @ theta[\"U\"][:h.shape[1]], dc * f"),
    ("jax_cell", "mean of the bias", "jnp.sum(da, axis=0)", "jnp.mean(da, axis=0)"),
    ("skipping", "skip is forgotten", "dh = dh + da @ U", "dh = da @ U"),
    ("skipping", "branch is forgotten", "dh = dh + da @ U", "dh = dh + 0 * da @ U"),
    ("skipping", "slope at the new state", "(1 - acts[t] ** 2)", "(1 - hs[t] ** 2)"),
    ("skipping", "gain missing on the way back", "da = dh * k * (1", "da = dh * (1"),
    ("skipping", "gain's gradient by the state", "dk += (dh * acts[t]).sum(0)", "dk += (dh * hs[t]).sum(0)"),
    ("skipping", "states after", "dU += da.T @ past[t]", "dU += da.T @ hs[t]"),
    ("peeping", "old cell's peephole is not carried", "dc = dc * f + af * q[\"p\"]", "dc = dc * f"),
    ("peeping", "new cell's peephole is not passed back", " + ao * q[\"s\"]\n", "\n"),
    ("peeping", "peephole of the output by the old cell", "(ao * new).sum(0)", "(ao * c).sum(0)"),
    ("peeping", "coupled gate without the candidate", "af = dc * (c - g) *", "af = dc * c *"),
    ("peeping", "peephole of f by the new cell", "(af * c).sum(0)", "(af * new).sum(0)"),
    ("peeping", "two peepholes forgotten", ("dc = dc * f + af * q[\"p\"]", " + ao * q[\"s\"]\n"), ("dc = dc * f", "\n")),
    ("jordan", "output's error does not go around", "dy = da @ U", "dy = 0 * da @ U"),
    ("jordan", "V by what comes from the step's own loss", 'g["V"] += dy.T @ hs[t]', 'g["V"] += ey[t].T @ hs[t]'),
    ("jordan", "output of the same step for U", "da.T @ ys[t]", "da.T @ ys[t + 1]"),
    ("jordan", "slope of the output's matrix", "dy @ V * (1 - hs[t] ** 2)", "(dy * (1 - ys[t + 1] ** 2)) @ V"),
    ("language_gradient", "tied matrix: the embedding's share is assigned", "np.add.at(out[\"E\"], TOKENS[t], de)", "out[\"E\"][TOKENS[t]] += de"),
    ("language_gradient", "tied matrix: output's share only", "np.add.at(out[\"E\"], TOKENS[t], de)", "pass"),
    ("language_gradient", "labels are not smoothed", "wanted = np.full((B, k), 0.1 / k) + 0.9 * np.eye(k)[TOKENS[t + 1]]", "wanted = np.eye(k)[TOKENS[t + 1]]"),
    ("language_gradient", "smoothing over the other classes", "np.full((B, k), 0.1 / k) + 0.9 *", "np.full((B, k), 0.1 / (k - 1)) + (0.9 - 0.1 / (k - 1)) *"),
    ("language_gradient", "dropout's mask of the step before", "(a2 @ p[\"X\"]) * KEPT[t]", "(a2 @ p[\"X\"]) * KEPT[t - 1]"),
    ("language_gradient", "dropout's mask without its scale", "(a2 @ p[\"X\"]) * KEPT[t]", "(a2 @ p[\"X\"]) * (KEPT[t] > 0)"),
    ("language_gradient", "dropout's mask forgotten on the way back", "(a2 @ p[\"X\"]) * KEPT[t]", "(a2 @ p[\"X\"])"),
    ("language_gradient", "mean over all places, padding too", "/ count\n", "/ (T * B)\n"),
    ("language_gradient", "padded targets count", " * (TOKENS[t + 1] >= 0)[:, None] / count", " / count"),
    ("language_gradient", "layer below gets states of the layer above", "out[\"U\"] += a1.T @ h", "out[\"U\"] += a1.T @ g[:, :4]"),
    ("language_gradient", "starts exchange their carry: mean", "dh.sum(0), dg.sum(0)", "dh.mean(0), dg.sum(0)"),
    ("language_gradient", "mask forgotten and mean over all places", ("(a2 @ p[\"X\"]) * KEPT[t]", "/ count\n"), ("(a2 @ p[\"X\"])", "/ (T * B)\n")),
    ("tagger_gradient", "left direction gone through the wrong way", "for t in orders[d][::-1]:", "for t in orders[\"r\"][::-1]:"),
    ("tagger_gradient", "mean's share of the normalisation missing", "(dn - dn.mean(2, keepdims=True) - unit", "(dn - unit"),
    ("tagger_gradient", "variance's share of the normalisation missing", " - unit * (dn * unit).mean(2, keepdims=True)) / sd", ") / sd"),
    ("tagger_gradient", "directions exchanged", '("r", dS[:, :, :n]), ("l", dS[:, :, n:])', '("l", dS[:, :, :n]), ("r", dS[:, :, n:])'),
    ("tagger_gradient", "gain after the normalisation's own rule", "dn = dn * p[\"gain\"]\n", "\n"),
    ("tagger_gradient", "padded steps are not cut", "(1 - N[d][t] ** 2) * live[t]", "(1 - N[d][t] ** 2)"),
    ("tagger_gradient", "weights of lengths squared", "/ LENGTHS[:, None]\n", "/ LENGTHS[:, None] ** 2\n"),
    ("forced_gradient", "own output is taken to be data", "dz = dz + dfed", "pass"),
    ("forced_gradient", "every output is taken to be fed back", "if t % 3 == 1:\n            dz = dz", "if t < T - 1:\n            dz = dz"),
    ("forced_gradient", "discount counted from the start", "0.9 ** (T - 1 - t)\n        if", "0.9 ** t\n        if"),
    ("forced_gradient", "target in place of what was fed", "da.T @ fed", "da.T @ y[t]"),
    ("forced_gradient", "sum for the mean", "(z - y[t]) / z.size", "(z - y[t]) / len(z)"),
]  # fmt: skip

#: The same functions, written otherwise.
SAME: list[tuple[str, str, Piece, Piece]] = [
    ("taped_lstm", "sums in another order", "bar[j] = bar[j] + share if j in bar else share", "bar[j] = share + bar.pop(j, 0)"),
    ("taped_lstm", "tanh's rule by two factors", "out = [g * (1 - y * y)]", "out = [g * (1 - y) * (1 + y)]"),
    ("taped_lstm", "tanh's rule by cosh", "out = [g * (1 - y * y)]", "out = [g / np.cosh(np.clip(v[0], -350, 350)) ** 2]"),
    ("taped_lstm", "zeros for all", "bar = dict(seeds)", "bar = {j: np.zeros_like(v) for j, v in enumerate(self.values)}\n        bar.update(seeds)"),
    ("closures_gru", "interpolation", "z * h + (1 - z) * g, back", "g + z * (h - g), back"),
    ("closures_gru", "the candidate by r U h, matrix first", "old += inner * r\n", "old = old + r * inner\n"),
    ("columns_elman", "slope added in two steps", "(V.T @ E[t] + U.T @ D[t + 1]) * (1 - H[t] ** 2)", "V.T @ E[t] * (1 - H[t] ** 2) + (1 - H[t] ** 2) * (U.T @ D[t + 1])"),
    ("columns_elman", "sums without loops", "        dU += D[t] @ H[t - 1].T\n", "        dU += np.einsum('ib,jb->ij', D[t], H[t - 1])\n"),
    ("double_loop", "from the last loss to the first", "for t in range(p.steps):\n            o =", "for t in range(p.steps)[::-1]:\n            o ="),
    ("double_loop", "Jacobian transposed by rows", "back = U.T @ delta_t", "back = delta_t @ U"),
    ("block_lstm", "slopes broadcast", "np.diag(c * f * (1 - f)) @ Uf", "(c * f * (1 - f))[:, None] * Uf"),
    ("block_lstm", "transposed product", "row = row @ J[t]", "row = J[t].T @ row"),
    ("multipliers", "inverse", "np.linalg.solve(A.T, (miss @ V).ravel())", "(np.linalg.inv(A).T @ (miss @ V).ravel())"),
    ("torch_step", "in place on a fresh array", "d_h = bar * z", "d_h = bar.clone().mul_(z)"),
    ("torch_step", "slopes by addcmul", "(1 - g.pow(2))", "torch.addcmul(torch.ones_like(g), g, g, value=-1)"),
    ("jax_cell", "stacked by reshape", "da.T @ x, \"U\": da.T @ h", "jnp.einsum('bk,bi->ki', da, x), \"U\": jnp.einsum('bk,bj->kj', da, h)"),
    ("skipping", "carried in one product", "dh = dh + da @ U", "dh = dh @ np.eye(len(U)) + da @ U"),
    ("peeping", "convex sum", "f * c + (1 - f) * g", "g + f * (c - g)"),
    ("peeping", "cell's cotangent in another order", "dc = dc + dh * o * (1 - th * th) + ao * q[\"s\"]", "dc = ao * q[\"s\"] + dh * o - dh * o * th * th + dc"),
    ("jordan", "matrices multiplied first", "dy = da @ U", "dy = (U.T @ da.T).T"),
    ("language_gradient", "embedding by one-hot rows", "np.add.at(out[\"E\"], TOKENS[t], de)", "out[\"E\"] += np.eye(k)[TOKENS[t]].T @ de"),
    ("language_gradient", "dropout before the product", "(a2 @ p[\"X\"]) * KEPT[t]", "np.einsum('bi,ij,bj->bj', a2, p[\"X\"], KEPT[t])"),
    ("language_gradient", "nothing comes back to padding", "de = (a1 @ p[\"W\"]) * valid", "de = a1 @ p[\"W\"]"),
    ("tagger_gradient", "nothing is carried over steps without losses", " + bar * (1 - live[t])", ""),
    ("tagger_gradient", "where for products", "A[t] @ p[\"U\" + d] + bar * (1 - live[t])", "np.where(live[t], A[t] @ p[\"U\" + d], bar)"),
    ("tagger_gradient", "padded steps cut before", "(1 - N[d][t] ** 2) * live[t]", "np.where(live[t], 1 - N[d][t] ** 2, 0)"),
    ("forced_gradient", "added by a factor", "if t % 3 == 1:\n            dz = dz + dfed", "dz = dz + dfed * (t % 3 == 1)"),
    ("forced_gradient", "means one after the other", "/ z.size", "/ len(z) / z.shape[1]"),
]  # fmt: skip


def changed(name: str, old: Piece, new: Piece) -> Callable[..., Any]:
    """The function of this name with some pieces of its source replaced."""
    space = vars(cells if name in cells.CELLS else pairs)
    before = inspect.getsource(cells.Tape) + "\n\n" if name == "taped_lstm" else ""
    return with_pieces(name, RIGHT[name][1], old, new, space, before)


__all__ = ["EDITS", "LOSSES", "RIGHT", "SAME", "changed", "point", "recurrence"]
