r"""One-step Jacobians, and the derivative of the last state with respect to every earlier one."""

from __future__ import annotations

from typing import Any

import numpy as np

from bptt_sym.evaluate.adjoint import Adjoint
from bptt_sym.evaluate.interpret import Run, backward
from bptt_sym.evaluate.program import PER_STEP

Array = Any


def one_step(adj: Adjoint, domain: Any, run: Run, y: str, x: str, lag: int = 1) -> Array:
    r""":math:`[\partial y_t/\partial x_{t-\text{lag}}]` for every step, ``(T, B, rows y, rows x)``.

    The immediate derivative: whatever else step t reads of earlier steps is held fixed, values of
    the step itself are followed. ``adj`` is made with ``seeds=True`` (its loss is not used).
    """
    p = adj.program
    steps, batch = len(run.steps), run.batch
    rows = _rows(adj, run, y)
    env: dict[int, Array] = dict(run.fixed)
    for i in range(adj.forward):
        if p.ops[i].lead == PER_STEP:
            env[i] = domain.stack([now[i] for now in run.steps])
    basis = np.eye(rows).reshape(rows, 1, 1, *([rows] if p.shape(p.targets[y]) else []))
    handle = adj.reads[x, lag]
    last = _last_uses(adj, handle)
    for i in sorted(last):
        op = p.ops[i]
        own = tuple(s.value(run.dims) for s in op.shape)
        if op.kind == "seed" and op.attr[0] == y:
            env[i] = domain.array(np.broadcast_to(basis, (rows, steps, batch, *own)).copy())
        elif op.kind in ("seed", "later", "unit"):
            env[i] = domain.zeros((1, steps, batch, *own))
        elif op.kind in ("accumulate", "contract", "start") or any(a not in env for a in op.args):
            continue
        else:
            env[i] = domain.apply(
                op, [env[a] for a in op.args], [p.ops[a] for a in op.args], run.dims
            )
        for a in op.args:  # one of these arrays takes T·B·rows·n numbers
            if last.get(a) == i:
                env.pop(a, None)
    columns = _rows(adj, run, x)
    value = np.broadcast_to(
        env[handle].reshape(*env[handle].shape[: env[handle].ndim - len(p.shape(handle))], columns),
        (rows, steps, batch, columns),
    )
    return np.moveaxis(value, 0, 2)


def _last_uses(adj: Adjoint, handle: int) -> dict[int, int]:
    """The rows of the backward part that ``handle`` is computed from, each with its last user."""
    last, waiting = {handle: len(adj.program.ops)}, [handle]
    while waiting:
        i = waiting.pop()
        for a in adj.program.ops[i].args:
            if a >= adj.forward:
                if a not in last:
                    waiting.append(a)
                last[a] = max(last.get(a, i), i)
    return last


def to_the_end(adj: Adjoint, domain: Any, run: Run, y: str, x: str) -> Array:
    r""":math:`\partial y_T/\partial x_t` (total) for t = 1 … T, ``(T, B, rows y, rows x)``.

    Along every path of the unrolled computation, ``x_t`` itself cut loose from its definition.
    ``adj`` is made with ``seeds=True`` from a program without a loss.
    """
    steps, batch = len(run.steps), run.batch
    rows, columns = _rows(adj, run, y), _rows(adj, run, x)
    shape = (rows,) if adj.program.shape(adj.program.targets[y]) else ()
    seeds = np.zeros((steps, rows, batch, *shape))
    for k in range(rows):
        if shape:
            seeds[steps - 1, k, :, k] = 1.0
        else:
            seeds[steps - 1, k, :] = 1.0
    seen: dict[str, list[Array]] = {x: []}
    backward(adj, domain, run, {y: seeds}, watch=seen)
    out = [
        np.broadcast_to(
            np.reshape(v, (*v.shape[: v.ndim - len(shape)], columns)) if shape else v[..., None],
            (rows, batch, columns),
        )
        for v in seen[x]
    ]
    return np.moveaxis(np.stack(out), 1, 2)


def _rows(adj: Adjoint, run: Run, name: str) -> int:
    p = adj.program
    if name in p.targets:
        shape = p.shape(p.targets[name])
    else:
        shape = next(o.shape for o in p.ops if o.kind == "read" and o.attr[0] == name)
    return int(np.prod([s.value(run.dims) for s in shape], dtype=int))
