"""Mistakes in `written_gradients.py` and `written_losses.py`, and other ways to write them right.

A change replaces one piece of a function's source, or several at once where one slip alone would be
too plain.
"""

# ruff: noqa: E501  # the changed lines are data

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import written_gradients as cells
import written_losses as pairs
from source_edits import Piece, with_pieces
from written_gradients import recurrence
from written_losses import LOSSES, point

RIGHT: dict[str, tuple[str, Callable[..., Any]]] = {**cells.CELLS, **pairs.PAIRS}

EDITS: list[tuple[str, str, Piece, Piece]] = [
    ("windows", "cotangents end at each window", "dh, dc = window.backward(grads, dh, dc)", "dh, dc = window.backward(grads, np.zeros_like(h), np.zeros_like(c))"),
    ("windows", "only the cell's cotangent ends at each window", "dh, dc = window.backward(grads, dh, dc)", "dh, dc = window.backward(grads, dh, np.zeros_like(c))"),
    ("windows", "every window runs from the first state", "h, c = window.forward(h, c)", "h, c = window.forward(p.h0, p.c0)"),
    ("windows", "cell is not handed on between windows", "h, c = window.forward(h, c)", "h, c = window.forward(h, p.c0)"),
    ("windows", "windows back in the order of time", "for window in reversed(cuts):", "for window in cuts:"),
    ("windows", "loss of each window divided by its length", ("self.p.targets[t]) * _weight(self.p)[t]",), ("self.p.targets[t]) * _weight(self.p)[t] / len(self.tape)",)),
    ("windows", "gates i and f exchanged in dz", "dc * c_old * dsigmoid(f), dc * g * dsigmoid(i),", "dc * g * dsigmoid(i), dc * c_old * dsigmoid(f),"),
    ("windows", "tanh' taken of the cell, not of its tanh", "dh * o * dtanh(tc)", "dh * o * dtanh(np.tanh(tc))"),
    ("windows", "dc does not take the state's share", "dc = dc + dh * o * dtanh(tc)", "dc = dc if t < self.p.steps - 1 else dh * o * dtanh(tc)"),
    ("windows", "new state in dU", "dz.T @ h_old", "dz.T @ h"),
    ("windows", "last odd step dropped", "range(0, p.steps, 2)]", "range(0, max(p.steps - 1, 1), 2)]"),
    ("micro_batches", "mean over the examples", "total[k] += grad[k]", "total[k] += grad[k] / p.batch"),
    ("micro_batches", "cotangent is not cleared between examples", ("        dh = np.zeros_like(start)\n", "    for s in range(p.batch):"), ("", "    dh = np.zeros_like(start)\n    for s in range(p.batch):")),
    ("micro_batches", "gradient is not cleared between examples", ("        grad = {k: np.zeros_like(v) for k, v in total.items()}\n", "    for s in range(p.batch):"), ("", "    grad = {k: np.zeros_like(v) for k, v in total.items()}\n    for s in range(p.batch):")),
    ("micro_batches", "last example's gradient only", "total[k] += grad[k]", "total[k] = grad[k]"),
    ("micro_batches", "running mean of the gradients", "total[k] += grad[k]", "total[k] = 0.5 * (total[k] + grad[k])"),
    ("micro_batches", "(1 - z) missing before the candidate", "dh * (1 - Z[t]) * dtanh", "dh * dtanh"),
    ("micro_batches", "z of the other convention in the carry", "dh = dh * Z[t] + drh", "dh = dh * (1 - Z[t]) + drh"),
    ("micro_batches", "reset gate not on the candidate's way down", "drh * R[t] + Ur", "drh + Ur"),
    ("micro_batches", "unreset state in the candidate's matrix", "dn[:, None] * (R[t] * H[t])", "dn[:, None] * H[t]"),
    ("micro_batches", "sign of z's cotangent", "(H[t] - N[t])", "(N[t] - H[t])"),
    ("micro_batches", "r's path missing from the carry", "Ur.T @ dr + Uz.T @ dz", "Uz.T @ dz"),
    ("micro_batches", "matrices of the gates exchanged in the carry", "Ur.T @ dr + Uz.T @ dz", "Uz.T @ dr + Ur.T @ dz"),
    ("micro_batches", "first example's mask for all", "p.mask[:, s] * p.loss_weights", "p.mask[:, 0] * p.loss_weights"),
    ("micro_batches", "loss weight left out of the output bias", 'grad["c"] += dy', 'grad["c"] += V @ H[t + 1] + c - y[t]'),
    ("one_system", "system not transposed", "np.linalg.solve(A.T,", "np.linalg.solve(A,"),
    ("one_system", "blocks above the diagonal", "L[t, :, t - 1] = slope[t][:, None] * U", "L[t - 1, :, t] = slope[t][:, None] * U"),
    ("one_system", "slope on the columns", "slope[t][:, None] * U", "U * slope[t]"),
    ("one_system", "slope of the step before", "L[t, :, t - 1] = slope[t]", "L[t, :, t - 1] = slope[t - 1]"),
    ("one_system", "identity plus L", "dtype=p.dtype) - L", "dtype=p.dtype) + L"),
    ("one_system", "Neumann series cut after the first term", "np.linalg.solve(A.T, (err @ V).reshape(-1))", "((2 * np.eye(T * n) - A).T @ (err @ V).reshape(-1))"),
    ("one_system", "lambda for the pre-activation", "pre = lam * slope", "pre = lam"),
    ("one_system", "states after in dU", "pre.T @ h[:-1]", "pre.T @ h[1:]"),
    ("one_system", "start's gradient by lambda", "start += U.T @ pre[0]", "start += U.T @ lam[0]"),
    ("recursion", "slope at the pre-activation's sigmoid twice", "dsigmoid(s)", "dsigmoid(sigmoid(s))"),
    ("recursion", "slope of the pre-activation itself", "dsigmoid(s)", "dsigmoid(a)"),
    ("recursion", "error not weighed", "error = weight[t] * (", "error = ("),
    ("recursion", "weights of the step after", "error = weight[t] * (", "error = weight[min(t + 1, p.steps - 1)] * ("),
    ("recursion", "recursion ends one step early", "if t == p.steps:", "if t == p.steps - 1:"),
    ("recursion", "later steps run from the old state", "later = visit(t + 1, s)", "later = visit(t + 1, h)"),
    ("recursion", "matrix of the output bias summed over all", 'np.sum(error, axis=0)', 'np.sum(error)'),
    ("recursion", "later cotangent is not multiplied by the slope", "delta = (later + error.dot(V)) * dsigmoid(s)", "delta = later + error.dot(V) * dsigmoid(s)"),
    ("recursion", "gradient of W by the new state's slope twice", "delta.T.dot(p.x[t])", "(delta * dsigmoid(s)).T.dot(p.x[t])"),
    ("sliced", "views of the buffer that is written over", "gates[t][:, at[k]].copy() for", "gates[t][:, at[k]] for"),
    ("sliced", "tanh of the old cell", "tc = np.tanh(C[t + 1])", "tc = np.tanh(C[t])"),
    ("sliced", "new cell in the forget gate", "dc * C[t] * dsigmoid(f)", "dc * C[t + 1] * dsigmoid(f)"),
    ("sliced", "cell's cotangent without the forget gate", "dc = dc * f\n", "dc = dc.copy()\n"),
    ("sliced", "output gate's slope of the cell", "dh * tc * dsigmoid(o)", "dh * C[t + 1] * dsigmoid(o)"),
    ("sliced", "candidate's derivative like a sigmoid's", "dc * i * dtanh(g)", "dc * i * dsigmoid(g)"),
    ("sliced", "bias summed over the steps only, first example", "flat.sum(axis=0)", "gates[:, 0].sum(axis=0)"),
    ("sliced", "sums kept in float32", "flat.T @ p.x.reshape(len(flat), -1)", "(flat.T.astype(np.float32) @ p.x.reshape(len(flat), -1).astype(np.float32)).astype(p.dtype)"),
    ("sliced", "clipped at each step", "dh = dz @ U\n", "dh = np.clip(dz @ U, -0.5, 0.5)\n"),
    ("sliced", "all gradients divided by the batch but the output's", "flat = gates.reshape(-1, 4 * n)", "flat = gates.reshape(-1, 4 * n) / p.batch"),
    ("sliced", "slices in the order i, f, o, g on the way back", '    dh, dc = np.zeros_like(p.h0), np.zeros_like(p.c0)\n', '    dh, dc = np.zeros_like(p.h0), np.zeros_like(p.c0)\n    at = {k: slice(j * n, (j + 1) * n) for j, k in enumerate("ifog")}\n'),
    ("sliced", "o's share added before dh is whole", "        dh += dH[t]\n        dc += dh * o * dtanh(tc)\n", "        dc += dh * o * dtanh(tc)\n        dh += dH[t]\n"),
    ("torch_gru", "r is detached", "Affine.apply(r * h,", "Affine.apply(r.detach() * h,"),
    ("torch_gru", "old state is detached before it is mixed", "h = z * h + (1 - z) * new", "h = z * h.detach() + (1 - z) * new"),
    ("torch_gru", "state is detached at every step", "        for x in t[\"x\"]:\n", "        for x in t[\"x\"]:\n            h = h.detach()\n"),
    ("torch_gru", "update gate is detached on one side", "(1 - z) * new", "(1 - z.detach()) * new"),
    ("torch_gru", "outputs see a detached state", "Affine.apply(h, t[\"V\"]", "Affine.apply(h.detach(), t[\"V\"]"),
    ("torch_gru", "input state of the gates is detached", "gh = Affine.apply(h,", "gh = Affine.apply(h.detach(),"),
    ("torch_gru", "slope at the pre-activation", "(1 - y * y)", "(1 - a * a)"),
    ("torch_gru", "slope of tanh applied twice", "(1 - y * y)", "(1 - torch.tanh(y) ** 2)"),
    ("torch_gru", "bias averaged over the batch", "grad.sum(0)", "grad.mean(0)"),
    ("torch_gru", "state detached on even steps", "            ys.append(", "            h = h.detach() if len(ys) % 2 else h\n            ys.append("),
    ("jax_tangents", "gate's tangent without s", "s * (1 - s) * da", "(1 - s) * da"),
    ("jax_tangents", "tangent of the pre-activation", "(1 - s**2) * da", "(1 - a**2) * da"),
    ("jax_tangents", "cell is stopped before it is squashed", "gate(o).T * squash(c)", "gate(o).T * squash(jax.lax.stop_gradient(c))"),
    ("jax_tangents", "carried cell is stopped", "gate(f).T * c +", "gate(f).T * jax.lax.stop_gradient(c) +"),
    ("jax_tangents", "carried state is stopped", 't["U"] @ h.T', 't["U"] @ jax.lax.stop_gradient(h).T'),
    ("jax_tangents", "forget gate is stopped", "gate(f).T * c +", "jax.lax.stop_gradient(gate(f)).T * c +"),
    ("jax_tangents", "input gate by tanh's slope", "return s, s * (1 - s) * da", "return s, (1 - s**2) * da"),
    ("delta_table", "upper delta of the step after sent down", 'seed[0, t] + delta[1, t] @ C', 'seed[0, t] + delta[1, min(t + 1, T - 1)] @ C'),
    ("delta_table", "upper recurrent matrix not transposed", "delta[1, t + 1] @ D", "delta[1, t + 1] @ D.T"),
    ("delta_table", "no delta from the layer above", 'bar = seed[0, t] + delta[1, t] @ C', 'bar = seed[0, t]'),
    ("delta_table", "lower state of the step before in C", "delta[1, t].T @ act[0, t] for", "delta[1, t].T @ act[0, t - 1] for"),
    ("delta_table", "skip connection's gradient by the delta before", '"E": sum(delta[1, t].T @ x[t]', '"E": sum(delta[1, max(t - 1, 0)].T @ x[t]'),
    ("delta_table", "upper slope used for the lower layer's sending", "delta[1, t] @ C", "bar @ C"),
    ("delta_table", "last step counted twice in D", "for t in steps),\n        \"E\"", "for t in [*steps, T - 1]),\n        \"E\""),
    ("delta_table", "first step left out of B", "delta[0, t].T @ act[0, t - 1] for t in steps", "delta[0, t].T @ act[0, t - 1] for t in range(min(1, T - 1), T)"),
    ("delta_table", "upper start by the lower matrix's delta after", '(delta[1, 0] @ D).sum(0)', '(delta[1, T - 1] @ D).sum(0)'),
    ("peepholes", "output gate sees the old cell on the way back", '(do * s["new"])', '(do * s["c"])'),
    ("peepholes", "peephole of the output gate left out of dc", " + do * q[\"w\"]\n", "\n"),
    ("peepholes", "peepholes left out of the carried cell", " + di * q[\"u\"] + df * q[\"v\"]\n", "\n"),
    ("peepholes", "peephole of the forget gate left out of the carried cell", " + df * q[\"v\"]\n", "\n"),
    ("peepholes", "peepholes exchanged in the carried cell", "di * q[\"u\"] + df * q[\"v\"]", "di * q[\"v\"] + df * q[\"u\"]"),
    ("peepholes", "output's peephole handed to the step before", " + di * q[\"u\"]", " + di * q[\"u\"] + do * q[\"w\"]"),
    ("peepholes", "new cell in the input gate's peephole", '(di * s["c"])', '(di * s["new"])'),
    ("peepholes", "state's loss only at the last step", "dh = dh + miss_h[t]", "dh = dh + miss_h[t] * (t == T - 1)"),
    ("peepholes", "output gate's slope before the peephole share", 'do * q["w"]', 'dh * th * q["w"]'),
    ("attended_gradient", "softmax taken for its own derivative", "alpha * (dalpha - (alpha * dalpha).sum(axis=0))", "alpha * (1 - alpha) * dalpha"),
    ("attended_gradient", "softmax's sum over the wrong axis", "(alpha * dalpha).sum(axis=0))", "(alpha * dalpha).sum(axis=1, keepdims=True))"),
    ("attended_gradient", "weights held constant", "alpha[:, :, None] * dcontext + dscores[:, :, None] * query", "alpha[:, :, None] * dcontext"),
    ("attended_gradient", "query's path missing", '    dS[-1] += dquery @ p["M"].T\n', ""),
    ("attended_gradient", "query by the matrix not transposed", 'dquery @ p["M"].T', 'dquery @ p["M"]'),
    ("attended_gradient", "context's share by equal weights", "dS = alpha[:, :, None] * dcontext", "dS = np.full_like(alpha, 1 / T)[:, :, None] * dcontext"),
    ("attended_gradient", "matrix's gradient transposed", 'S[-1].T @ dquery', 'dquery.T @ S[-1]'),
    ("attended_gradient", "keys of the query's own step left out", "dquery = np.einsum(\"tb,tbn->bn\", dscores, S)", "dquery = np.einsum(\"tb,tbn->bn\", dscores[:-1], S[:-1])"),
    ("padded_gradient", "label of the same step", "labels = word[:-1], word[1:]", "labels = word[:-1], word[:-1]"),
    ("padded_gradient", "mean over the batch", "dlogits * keep / count", "dlogits * keep / len(h)"),
    ("padded_gradient", "held state passes nothing back", "dh * (1 - keep) + dnew * z", "dnew * z"),
    ("padded_gradient", "state is taken for updated on padding", "dnew = dh * keep", "dnew = dh"),
    ("padded_gradient", "reset gate left out of the product's share", "(dq * r) @ p[\"G\"]", "dq @ p[\"G\"]"),
    ("padded_gradient", "reset state in G, as in the other GRU", '(dq * r).T @ h_prev', 'dq.T @ (r * h_prev)'),
    ("padded_gradient", "reset gate's cotangent by the state", "dq * hG * r * (1 - r)", "dq * h_prev * r * (1 - r)"),
    ("padded_gradient", "rows of the embedding assigned", 'np.add.at(g["E"], inputs[t], de)', 'g["E"][inputs[t]] += de'),
    ("padded_gradient", "embedding without the gates", 'dr @ p["A"] + dz @ p["C"] + dq @ p["F"]', 'dq @ p["F"]'),
    ("padded_gradient", "first word's row never updated", 'np.add.at(g["E"], inputs[t], de)', 'np.add.at(g["E"], inputs[t], de * (inputs[t] > 0)[:, None])'),
    ("padded_gradient", "padding counted in the loss", "dlogits * keep / count", "dlogits / count"),
    ("padded_gradient", "softmax over the examples", "sum(axis=1, keepdims=True)", "sum(axis=0, keepdims=True)"),
    ("generated_gradient", "outputs taken for given inputs", " / B + dx", " / B"),
    ("generated_gradient", "fed-back share misses the output matrix", "g[\"V\"] += dout.T", "g[\"V\"] += (dout - dx).T"),
    ("generated_gradient", "fed-back share at the wrong step", "dx, dh = da @ p[\"W\"], da @ p[\"U\"]", "dx, dh = 0 * dx, da @ p[\"U\"]"),
    ("generated_gradient", "sum over the batch, not mean", "(X[t + 1] - y[t]) / B", "(X[t + 1] - y[t])"),
    ("generated_gradient", "mean over the outputs too", "(X[t + 1] - y[t]) / B", "(X[t + 1] - y[t]) / y[t].size"),
    ("generated_gradient", "targets of the step before", "X[t + 1] - y[t])", "X[t + 1] - y[t - 1])"),
    ("generated_gradient", "outputs for inputs in dW", 'da.T @ X[t]\n', 'da.T @ X[t + 1]\n'),
    ("generated_gradient", "start averaged over the batch", "dh.sum(0)", "dh.mean(0)"),
]  # fmt: skip

#: The same functions, written otherwise.
SAME: list[tuple[str, str, Piece, Piece]] = [
    ("windows", "windows of three", ("s + 2, p.steps", "p.steps, 2)]"), ("s + 3, p.steps", "p.steps, 3)]")),
    ("windows", "windows of one", ("s + 2, p.steps", "p.steps, 2)]"), ("s + 1, p.steps", "p.steps, 1)]")),
    ("windows", "run again before the way back", "dh, dc = window.backward(grads, dh, dc)", "window.forward(*window.tape[0][1:3])\n        dh, dc = window.backward(grads, dh, dc)"),
    ("windows", "cell's slope by factors", "dh * o * dtanh(tc)", "dh * o * (1 - tc) * (1 + tc)"),
    ("windows", "weights' gradients by einsum", "dz.T @ h_old", "np.einsum('bg,bn->gn', dz, h_old)"),
    ("micro_batches", "last example first", "for s in range(p.batch):", "for s in reversed(range(p.batch)):"),
    ("micro_batches", "outer products", "gates[:, None] * x[t]", "np.outer(gates, x[t])"),
    ("micro_batches", "mixing as a convex sum", "(1 - Z[t]) * N[t] + Z[t] * H[t]", "N[t] + Z[t] * (H[t] - N[t])"),
    ("micro_batches", "both gates by one product", "Ur.T @ dr + Uz.T @ dz", "p.params['U'][: 2 * n].T @ gates[: 2 * n]"),
    ("micro_batches", "running mean, undone at the end", ("total[k] += grad[k]", "return total |"), ("total[k] += (grad[k] - total[k]) / (s + 1)", "total = {k: v * p.batch for k, v in total.items()}\n    return total |")),
    ("one_system", "inverse", "np.linalg.solve(A.T, (err @ V).reshape(-1))", "(np.linalg.inv(A).T @ (err @ V).reshape(-1))"),
    ("one_system", "Neumann series", "np.linalg.solve(A.T, (err @ V).reshape(-1))", "sum((np.linalg.matrix_power(np.eye(T * n) - A.T, k) @ (err @ V).reshape(-1) for k in range(T)), np.zeros(T * n))"),
    ("one_system", "row vector on the left", "np.linalg.solve(A.T, (err @ V).reshape(-1))", "((err @ V).reshape(-1) @ np.linalg.inv(A))"),
    ("one_system", "steps in reverse", "np.linalg.solve(A.T, (err @ V).reshape(-1))", "np.linalg.solve(A.T[::-1, ::-1], (err @ V).reshape(-1)[::-1])[::-1]"),
    ("recursion", "slope by the complement", "* dsigmoid(s)", "* (s - s * s)"),
    ("recursion", "slope by the tanh of half", "* dsigmoid(s)", "* 0.25 * (1 - np.tanh(a / 2) ** 2)"),
    ("recursion", "sum by a row of ones", "np.sum(delta, axis=0)", "np.ones(len(delta)) @ delta"),
    ("recursion", "error's product at the top", "error.dot(V)", "V.T.dot(error.T).T"),
    ("sliced", "carry gate by gate", "dh = dz @ U\n", "dh = sum(dz[:, at[k]] @ U[at[k]] for k in 'giof')\n"),
    ("sliced", "kept apart for the way back", "dz = gates[t]\n", "dz = gates[t] = np.empty_like(gates[t])\n        dz = gates[t]\n"),
    ("sliced", "tensordot for the matrix", "flat.T @ H[:-1].reshape(len(flat), -1)", "np.tensordot(gates, H[:-1], ((0, 1), (0, 1)))"),
    ("sliced", "gates' matrix in column order", "W, U, b, V, c = (p.params[k] for k in \"WUbVc\")", "W, U, b, V, c = (np.asfortranarray(p.params[k]) for k in \"WUbVc\")"),
    ("torch_gru", "a graph without Functions", "Affine.apply(h, t[\"V\"], t[\"c\"])", "torch.addmm(t[\"c\"], h, t[\"V\"].t())"),
    ("torch_gru", "mixing by lerp", "z * h + (1 - z) * new", "torch.lerp(new, h, z)"),
    ("torch_gru", "slope by factors", "(1 - y * y)", "(1 - y) * (1 + y)"),
    ("jax_tangents", "step recomputed on the way back", "jax.lax.scan(step,", "jax.lax.scan(jax.checkpoint(step),"),
    ("jax_tangents", "slope of the gate by its complement", "s * (1 - s) * da", "s * gate(-a) * da"),
    ("jax_tangents", "slope by cosh", "(1 - s**2) * da", "da / jnp.cosh(a) ** 2"),
    ("delta_table", "einsum over steps", "sum(delta[0, t].T @ x[t] for t in steps)", "np.einsum('tbn,tbi->ni', np.array([delta[0, t] for t in steps]), x)"),
    ("delta_table", "steps in reverse in the sums", "steps = range(T)", "steps = range(T)[::-1]"),
    ("peepholes", "diagonal matrices", "di * q[\"u\"] + df * q[\"v\"]", "di @ np.diag(q[\"u\"]) + df @ np.diag(q[\"v\"])"),
    ("peepholes", "carry by stacked matrices", 'di @ q["B"] + df @ q["D"] + dg @ q["F"] + do @ q["H"]', 'np.hstack([di, df, dg, do]) @ np.vstack([q["B"], q["D"], q["F"], q["H"]])'),
    ("attended_gradient", "softmax by its Jacobian", "dscores = alpha * (dalpha - (alpha * dalpha).sum(axis=0))", "dscores = np.array([(np.diag(a) - np.outer(a, a)) @ d for a, d in zip(alpha.T, dalpha.T)]).T"),
    ("attended_gradient", "matrix by outer products", "S[-1].T @ dquery", "np.einsum('bn,bk->nk', S[-1], dquery)"),
    ("padded_gradient", "embedding by one-hot rows", 'np.add.at(g["E"], inputs[t], de)', 'g["E"] += np.eye(len(g["E"]))[inputs[t]].T @ de'),
    ("padded_gradient", "held where not kept", "dh * (1 - keep) + dnew * z", "np.where(keep > 0, dh * z, dh)"),
    ("generated_gradient", "mean by weights", "(X[t + 1] - y[t]) / B", "np.full((B, 1), 1 / B) * (X[t + 1] - y[t])"),
    ("generated_gradient", "both shares by one product", 'dx, dh = da @ p["W"], da @ p["U"]', 'dx, dh = np.split(da @ np.hstack([p["W"], p["U"]]), [p["W"].shape[1]], axis=1)'),
]  # fmt: skip


def changed(name: str, old: Piece, new: Piece) -> Callable[..., Any]:
    """The function of this name with some pieces of its source replaced."""
    before = inspect.getsource(cells.Window) + "\n\n" if name == "windows" else ""
    space = vars(pairs if name in pairs.PAIRS else cells)
    return with_pieces(name, RIGHT[name][1], old, new, space, before)


__all__ = ["EDITS", "LOSSES", "RIGHT", "SAME", "changed", "point", "recurrence"]
