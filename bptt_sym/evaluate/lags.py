r"""The gradient taken apart: by lag, by step of use, by example.

The contribution of lag k is what the loss of step t owes to the use of a parameter at step t − k:
for the scalar Elman cell :math:`w^k\prod_j(1-h_j^2)\,[\partial h_{t-k}/\partial w]`. All steps are
treated at once: one sweep of the one-step adjoint carries every cotangent one step further back.

Source: the temporal components of Pascanu, Mikolov and Bengio 2013, section 2.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np

from bptt_sym.evaluate.adjoint import LOSS, Adjoint
from bptt_sym.evaluate.interpret import Run, backward
from bptt_sym.evaluate.program import PER_STEP

Array = Any


def contributions(
    adj: Adjoint, domain: Any, run: Run, *, longest: int | None = None
) -> tuple[dict[str, Array], dict[str, Array]]:
    """Per parameter ``(lag, step of use, example, *own)``, and the same for initial values.

    ``adj`` is made with ``loss_seed=True``. The contribution at ``[k, s, b]`` is that of the loss
    of step s + k; the sum over the first three axes is the gradient. Initial values, by state,
    are ``(lag, example, *own)`` where lag counts from step 0.
    """
    p = adj.program
    steps = len(run.steps)
    whole = {
        i: domain.stack([now[i] for now in run.steps])
        for i in range(adj.forward)
        if p.ops[i].lead == PER_STEP
    }
    per_lag: dict[str, list[Array]] = {n: [] for n in adj.params}
    starts: dict[str, list[Array]] = {}
    bars: list[dict[tuple[str, int], Array]] = []
    for lag in range(steps if longest is None else min(longest + 1, steps)):
        env: dict[int, Array] = {**run.fixed, **whole}
        for i in range(adj.forward, len(p.ops)):
            op = p.ops[i]
            own = tuple(s.value(run.dims) for s in op.shape)
            if op.kind == "later":
                env[i] = _arriving(domain, bars, op.attr, (steps, run.batch, *own), lag)
            elif op.kind == "seed":
                on = op.attr[0] == LOSS and lag == 0
                shape = (steps, run.batch, *own)
                env[i] = domain.full(shape, Fraction(1)) if on else domain.zeros(shape)
            elif op.kind == "unit":
                raise ValueError("contributions need an adjoint made with loss_seed=True")
            elif op.kind == "start":
                env[i] = domain.zeros((steps, run.batch, *own))
            elif op.kind == "accumulate":
                env[i] = env[op.args[0]]
            elif op.kind == "contract":
                u, v = (env[a] for a in op.args)
                env[i] = u[..., :, None] * v[..., None, :]
            else:
                env[i] = domain.apply(
                    op, [env[a] for a in op.args], [p.ops[a] for a in op.args], run.dims
                )
        bars.append({key: env[h] for key, h in adj.reads.items()})
        for name, h in adj.params.items():
            own = tuple(s.value(run.dims) for s in p.ops[h].shape)
            per_lag[name].append(domain.broadcast(env[h], (steps, run.batch, *own)))
        for (name, back), value in bars[-1].items():
            if name in p.targets:
                own = tuple(s.value(run.dims) for s in p.shape(p.targets[name]))
                shape = (steps, run.batch, *own)
                first = domain.broadcast(value, shape)[:back]
                starts.setdefault(name, []).append(domain.sum_leading(first, 1))
    return (
        {n: domain.stack(v) for n, v in per_lag.items()},
        {n: domain.stack(v) for n, v in starts.items()},
    )


def of_the_end(
    adj: Adjoint, domain: Any, run: Run, size: Callable[[Array], float]
) -> dict[str, list[float]]:
    """Of the loss of the last step alone: by parameter, the size of each lag's contribution.

    One sweep, and memory for one step, where all losses (:func:`contributions`) take arrays over
    lags and steps. ``adj`` is as there; contributions are summed over the examples.
    """
    last = np.zeros((len(run.steps), run.batch))
    last[-1] = 1.0
    out: dict[str, list[float]] = {name: [] for name in adj.params}

    def each(parts: dict[str, Array]) -> None:
        for name, value in parts.items():
            out[name].append(size(value))

    backward(adj, domain, run, {LOSS: last}, each=each)
    return out


def _arriving(
    domain: Any,
    bars: list[dict[tuple[str, int], Array]],
    key: tuple[str, int],
    shape: tuple[int, ...],
    lag: int,
) -> Array:
    """What has travelled ``lag`` steps when it arrives: sent ``key[1]`` steps later, that much
    younger."""
    out = domain.zeros(shape)
    back = key[1]
    if lag - back < 0:
        return out
    sent = domain.broadcast(bars[lag - back][key], shape)
    out[: shape[0] - back] = sent[back:]
    return out
