"""Run a program over a domain: forward through time, and back.

The interpreters here favour generality over speed: one definition serves floats, high precision,
balls, error bounds and tangents. The NumPy and C code that is generated is the fast way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, final

from bptt_sym.errors import ModelError
from bptt_sym.evaluate.adjoint import Adjoint
from bptt_sym.evaluate.lower import LAST
from bptt_sym.evaluate.program import PER_STEP, Op, Program
from bptt_sym.recurrence import Recurrence

Array = Any


@final
@dataclass
class Run:
    """The values of a forward pass, per operation, in a domain.

    ``fixed`` holds what does not depend on the step, ``steps[t]`` the values of step t + 1,
    ``loss`` the sum of the loss over steps and examples (``None`` without one).
    """

    dims: dict[str, int]
    batch: int
    fixed: dict[int, Array]
    steps: list[dict[int, Array]] = field(default_factory=list)
    loss: Array = None

    def sequence(self, domain: Any, program: Program, name: str) -> Array:
        """A defined sequence over all steps, ``(T, B, *own)``."""
        return domain.stack([s[program.targets[name]] for s in self.steps])


def dimensions(
    rec: Recurrence,
    params: Mapping[str, Array],
    inputs: Mapping[str, Array],
    initial: Mapping[str, Array] | None = None,
) -> tuple[dict[str, int], int, int]:
    """``(dims, T, B)`` as the given arrays have them.

    Parameters are ``own``, inputs ``(T, B, *own)``, initial values ``(B, *own)``.

    Raises
    ------
    ModelError
        Arrays that contradict each other or the declared shapes.
    """
    dims: dict[str, int] = {}
    steps: int | None = None
    batch: int | None = None
    pending: list[tuple[str, Any, int]] = []

    def fit(name: str, own: Sequence[int], what: str) -> None:
        declared = rec.shape(name)
        if len(declared) != len(own):
            raise ModelError(f"{what} {name!r} has {len(own)} axes, {len(declared)} are declared")
        pending.extend((name, d, size) for d, size in zip(declared, own, strict=True))

    for name, value in params.items():
        fit(name, value.shape, "parameter")
    for name, value in inputs.items():
        if name in rec.shapes:
            fit(name, value.shape[2:], "input")
        steps = value.shape[0] if steps is None else steps
        batch = value.shape[1] if batch is None else batch
        if value.shape[:2] != (steps, batch):
            raise ModelError(f"input {name!r} has other numbers of steps or examples")
    for name, value in (initial or {}).items():
        fit(name, value.shape[1:], "initial value")
        batch = value.shape[0] if batch is None else batch
        if value.shape[0] != batch:
            raise ModelError(f"initial value {name!r} has another number of examples")
    for name, d, size in pending:
        if isinstance(d, str) and "+" not in d and dims.setdefault(d, size) != size:
            raise ModelError(f"{name!r}: dimension {d!r} is {dims[d]} elsewhere, {size} here")
    for name, d, size in pending:
        if isinstance(d, int) and d != size:
            raise ModelError(f"{name!r} has {size} rows where {d} are declared")
    if steps is None:
        raise ModelError("the number of steps follows from an input; none is given")
    return dims, steps, batch or 1


def forward(
    rec: Recurrence,
    program: Program,
    domain: Any,
    params: Mapping[str, Array],
    inputs: Mapping[str, Array],
    initial: Mapping[str, Array],
    *,
    context: Mapping[str, Array] | None = None,
    alter: Callable[[int, Array, int, Any], Array] | None = None,
) -> Run:
    """All values of all steps.

    ``alter(handle, value, t, values)`` changes any value of step t + 1, as in :func:`backward`.

    ``initial`` maps a state to its value before the first step, ``(B, *own)``, or, for lags above
    1, to ``(lags, B, *own)`` with the earliest first. States that the recurrence starts from 0
    need no entry.
    """
    first = {n: v[0] if v.ndim == len(rec.shape(n)) + 2 else v for n, v in initial.items()}
    dims, steps, batch = dimensions(rec, params, inputs, first)
    run = Run(dims, batch, {})
    context = context or {}
    given = {n: domain.array(v) for n, v in {**params, **context}.items()}
    series = {n: domain.array(v) for n, v in inputs.items()}
    starts = {n: domain.array(v) for n, v in initial.items()}
    last = _last(domain, steps, batch)
    for i, op in enumerate(program.ops):
        if op.lead == PER_STEP:
            continue
        if op.kind in ("param", "context"):
            run.fixed[i] = given[op.attr[0]]
        else:
            run.fixed[i] = apply_op(program, i, run.fixed, domain, dims)
    step_ops = [(i, op) for i, op in enumerate(program.ops) if op.lead >= PER_STEP]
    for t in range(steps):
        env = dict(run.fixed)
        for i, op in step_ops:
            if op.kind == "read":
                env[i] = _read(rec, program, domain, run, series, starts, last, op, t)
            elif op.kind == "unit":
                env[i] = domain.full((batch, *(s.value(dims) for s in op.shape)), op.attr[0])
            else:
                env[i] = apply_op(program, i, env, domain, dims)
            if alter is not None:
                env[i] = alter(i, env[i], t, env)
        run.steps.append({i: env[i] for i, _ in step_ops})
    if program.loss is not None:
        losses = domain.stack([s[program.loss] for s in run.steps])
        run.loss = domain.sum_leading(losses, 2)
    return run


def backward(
    adj: Adjoint,
    domain: Any,
    run: Run,
    seeds: Mapping[str, Array] | None = None,
    *,
    carry: Callable[[Array], Array] | None = None,
    alter: Callable[[int, Array, int, Any], Array] | None = None,
    watch: dict[str, list[Array]] | None = None,
    each: Callable[[dict[str, Array]], None] | None = None,
) -> tuple[dict[str, Array], dict[tuple[str, int], list[Array]]]:
    """Cotangents of parameters and contexts by name, and of every read by step.

    ``seeds[name]`` is the external cotangent of a defined sequence, ``(T, B, *own)``. ``carry``
    changes what is passed from a step to the one before; ``alter(handle, value, t, values)`` any
    value of the adjoint at step t + 1, ``values`` being those that are there: clipping inside the
    loop, for instance.
    ``watch`` receives, for each sequence it names, the total cotangent at every step; ``each``,
    from the last step on, what the step adds to the cotangents of the parameters.
    """
    p = adj.program
    steps = len(run.steps)
    fixed = dict(run.fixed)
    sums: dict[int, Array] = {}
    once, step_ops, terms, summed = adj.order
    bars: dict[tuple[str, int], list[Array]] = {key: [None] * steps for key in adj.reads}
    for i in once:
        fixed[i] = apply_op(p, i, fixed, domain, run.dims)
    for t in range(steps - 1, -1, -1):
        env = {**fixed, **run.steps[t]}
        for i in step_ops:
            op = p.ops[i]
            if op.kind in ("later", "seed", "unit"):
                env[i] = _from_outside(op, t, bars, seeds or {}, domain, run)
            else:
                env[i] = apply_op(p, i, env, domain, run.dims)
            if alter is not None:
                env[i] = alter(i, env[i], t, env)
        for key, handle in adj.reads.items():
            bars[key][t] = env[handle] if carry is None else carry(env[handle])
        for name in watch or ():
            watched = adj.cotangents.get(name)
            own = tuple(s.value(run.dims) for s in p.shape(p.targets[name]))
            (watch or {})[name].insert(
                0, domain.zeros((run.batch, *own)) if watched is None else env[watched]
            )
        own_terms = {i: step_sum(p, i, env, domain) for i in terms}
        for i, term in own_terms.items():
            sums[i] = term if i not in sums else domain.add(sums[i], term)
        if each is not None:  # what comes after the sums is linear in them
            none = {i: _nothing(p, i, domain, run) for i in summed if p.ops[i].kind == "start"}
            env = _after_the_sums(adj, domain, run, {**fixed, **own_terms, **none})
            each({name: env[h] for name, h in adj.params.items()})
    start = {i: _start(adj, domain, run, bars, i) for i in summed if p.ops[i].kind == "start"}
    env = _after_the_sums(adj, domain, run, {**fixed, **sums, **start})
    out = {name: env[h] for name, h in (*adj.params.items(), *adj.contexts.items())}
    return out, bars


def _after_the_sums(adj: Adjoint, domain: Any, run: Run, env: dict[int, Array]) -> dict[int, Array]:
    """``env``, which holds the sums over steps, with all that is computed from them."""
    for i in adj.order[3]:
        if i not in env:
            env[i] = apply_op(adj.program, i, env, domain, run.dims)
    return env


def _nothing(p: Program, i: int, domain: Any, run: Run) -> Array:
    op = p.ops[i]
    own = tuple(s.value(run.dims) for s in op.shape)
    return domain.zeros((run.batch, *own) if op.lead else own)


def _from_outside(
    op: Op,
    t: int,
    bars: Mapping[tuple[str, int], list[Array]],
    seeds: Mapping[str, Array],
    domain: Any,
    run: Run,
) -> Array:
    """What a step of the adjoint is given: from a later step, from the caller, or a constant."""
    own = tuple(s.value(run.dims) for s in op.shape)
    if op.kind == "unit":
        return domain.full((run.batch, *own), op.attr[0])
    if op.kind == "seed":
        given = seeds.get(op.attr[0])
        return domain.zeros((run.batch, *own)) if given is None else domain.array(given[t])
    steps = bars[op.attr]
    value = steps[t + op.attr[1]] if t + op.attr[1] < len(steps) else None
    return domain.zeros((run.batch, *own)) if value is None else value


def _start(
    adj: Adjoint, domain: Any, run: Run, bars: Mapping[tuple[str, int], list[Array]], i: int
) -> Array:
    op = adj.program.ops[i]
    own = tuple(s.value(run.dims) for s in op.shape)
    total = domain.zeros((run.batch, *own))
    for (name, lag), values in bars.items():
        if name == op.attr[0]:
            for value in values[:lag]:
                total = domain.add(total, value)
    return domain.sum_leading(total, 1 - op.lead)


def step_sum(p: Program, i: int, env: Any, domain: Any) -> Array:
    """One step's term of a sum over steps: the sum over its examples (unless those are kept)."""
    op = p.ops[i]
    args = [env[a] for a in op.args]
    if op.kind == "contract":
        return domain.contract(args[0], args[1], op.lead)
    return domain.sum_leading(args[0], args[0].ndim - len(op.shape) - op.lead)


def _last(domain: Any, steps: int, batch: int) -> list[Array]:
    return [domain.full((batch,), Fraction(int(t == steps - 1))) for t in range(steps)]


def apply_op(p: Program, i: int, env: Any, domain: Any, dims: Mapping[str, int]) -> Array:
    """The value of an operation from those of its arguments in ``env``."""
    op = p.ops[i]
    return domain.apply(op, [env[a] for a in op.args], [p.ops[a] for a in op.args], dims)


def _read(
    rec: Recurrence,
    program: Program,
    domain: Any,
    run: Run,
    series: Mapping[str, Array],
    starts: Mapping[str, Array],
    last: list[Array],
    op: Any,
    t: int,
) -> Array:
    name, lag = op.attr
    if name == LAST and name not in rec.shapes:
        return last[t]
    own = tuple(s.value(run.dims) for s in op.shape)
    at = t - lag
    if name not in program.targets:
        if at >= 0:
            return domain.take(series[name], at)
    elif at >= 0:
        return run.steps[at][program.targets[name]]
    if name in rec.initial:
        return _initial(rec, program, domain, run, name, own)
    if name not in starts:
        raise ModelError(f"{name!r} needs an initial value")
    start = starts[name]
    if start.ndim == len(own) + 2:
        return domain.take(start, at)
    if at < -1:
        raise ModelError(
            f"{name!r} is read with lag {lag}: its initial value needs that many steps"
        )
    return start


def _initial(
    rec: Recurrence, program: Program, domain: Any, run: Run, name: str, own: tuple[int, ...]
) -> Array:
    handle = program.initial[name]
    value = run.fixed[handle]
    return domain.broadcast(value, (run.batch, *own))
