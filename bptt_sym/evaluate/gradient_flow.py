r"""How far a gradient reaches: :math:`\|\partial h_T/\partial h_t\|` and each lag's share.

Beside the measured numbers stand bounds that hold for every input: for a cell of the form
:math:`h_t=\varphi(Uh_{t-1}+\dots)` the bound :math:`(\gamma\|U\|_2)^{T-t}` with
:math:`\gamma=\sup|\varphi'|` (Pascanu, Mikolov and Bengio 2013, section 2.1), recognised from the
equation, not from the cell's name; for every other cell the product of the norms of the one-step
Jacobians of the joint state along the run.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from bptt_sym import notation as n
from bptt_sym.errors import InputError
from bptt_sym.evaluate.adjoint import adjoint
from bptt_sym.evaluate.domains import floats
from bptt_sym.evaluate.flow_report import Curve, FlowReport
from bptt_sym.evaluate.interpret import Run, backward, forward
from bptt_sym.evaluate.jacobians import one_step
from bptt_sym.evaluate.lags import of_the_end
from bptt_sym.evaluate.lower import lower
from bptt_sym.evaluate.names import identifier
from bptt_sym.evaluate.program import Program, Size
from bptt_sym.evaluate.weights import from_state_dict, named, sizes
from bptt_sym.recurrence import Recurrence, references

Array = Any
_SLOPES = {"tanh": 1.0, "sigma": 0.25, "identity": 1.0, "relu": 1.0}


def flow(
    rec: Recurrence,
    steps: int = 100,
    *,
    params: Mapping[str, Array] | None = None,
    inputs: Mapping[str, Array] | None = None,
    initial: Mapping[str, Array] | None = None,
    dims: Mapping[str, int] | None = None,
    gain: float = 1.0,
    seed: int = 0,
    bind: Mapping[str, str] | None = None,
    description: str = "",
    layer: int | str | None = None,
) -> FlowReport:
    """The gradient flow of a run over ``steps`` steps, one example.

    Parameters
    ----------
    params:
        Values by name; PyTorch's names (``weight_hh_l0`` …) are understood where the cell's
        parameters can be matched with them. Drawn from N(0, gain²/columns) if not given.
    inputs, initial:
        ``(T, *own)`` and ``own``; drawn, and 0, if not given.
    dims:
        Sizes of symbolic dimensions, 16 if neither this nor an array says so.
    layer:
        Which layer of a PyTorch state_dict that has several: 1, ``"l0_reverse"``, ``"rnn.l0"``.

    Raises
    ------
    InputError
        T < 1, a seed below 0, arrays that do not fit or are not finite, a name that the cell does
        not have, a function without a meaning, or a run that does not stay one of numbers.
    """
    from bptt_sym.evaluate import executable

    if steps < 1:
        raise InputError(f"T = {steps}: a run has at least one step", token=str(steps))
    cell = executable(rec, bind)
    if any(lag > 1 for e in cell.equations for _, lag in references(e.rhs)):
        raise InputError(f"{rec.name}: the flow of cells with lags above 1 is not drawn")
    if not np.isfinite(gain):
        raise InputError(f"gain {gain}: weights of no size", token=str(gain))
    if seed < 0:
        raise InputError(f"seed {seed}: a seed is a number from 0 on", token=str(seed))
    if not cell.states:
        raise InputError(f"{rec.name} has no state: no gradient flows from step to step")
    meanings = dict(bind or {})
    for name in cell.activations:
        if name not in meanings:
            raise InputError(
                f"{rec.name}: nothing says what the function {name!r} is", token=name,
                hint=f"--bind {name}=tanh, or bind={{{name!r}: 'tanh'}}",
            )  # fmt: skip
    given = named(cell, params or {}, layer)
    dimensions = sizes(cell, given, inputs or {}, dims or {})
    rng = np.random.default_rng(seed)

    def own(name: str) -> tuple[int, ...]:
        return tuple(Size.of(d).value(dimensions) for d in cell.shape(name))

    values = {}
    for name in (*cell.parameters, *cell.learned):
        shape = own(name)
        if name in given:
            values[name] = np.asarray(given[name], float).reshape(shape)
        else:
            columns = shape[-1] if len(shape) > 1 else 1
            values[name] = gain * rng.normal(size=shape) / np.sqrt(columns)
            if len(shape) == 1:
                values[name] = np.zeros(shape)
    series = {}
    for name in cell.inputs:
        if inputs and name in inputs:
            series[name] = np.asarray(inputs[name], float).reshape(steps, 1, *own(name))
        else:
            series[name] = rng.normal(size=(steps, 1, *own(name)))
    starts = {}
    for state in cell.states:
        if state not in cell.initial:
            start = (initial or {}).get(state, np.zeros(own(state)))
            starts[state] = np.asarray(start, float).reshape(1, *own(state))
    if not series:
        raise InputError(f"{rec.name}: a cell without inputs has no length")
    domain = floats()
    with np.errstate(all="ignore"):
        program = lower(cell, bind=meanings)
        adj = adjoint(cell, program, seeds=True)
        run = forward(cell, program, domain, values, series, starts)
        _check_numbers(cell, program, run)
        norms = {s: _norms(cell, adj, domain, run, s) for s in cell.states}
        bounds = _bounds(cell, adj, domain, run, values, steps, meanings)
        main = cell.states[-1] if "h" not in cell.states else "h"
        shares = _shares(cell, domain, values, series, starts, meanings, main)
    curve = norms[main]
    return FlowReport(
        rec.name,
        steps,
        description
        or _origin(cell, given, f"random weights, gain {gain:g}, seed {seed}"),
        norms,
        bounds,
        shares,
        _verdict(main, curve.values),
    )


def _check_numbers(cell: Recurrence, program: Program, run: Run) -> None:
    """That every state of the run is a number: of what is none there is no gradient.

    Raises
    ------
    InputError
        One is not: :math:`\\log h_t` of an :math:`h_t < 0`. (What is too large is infinite.)
    """
    for t, now in enumerate(run.steps, 1):
        for state in cell.states:
            if np.isnan(np.asarray(now[program.targets[state]], float)).any():
                name = identifier(state)
                raise InputError(f"{cell.name}: {name}_{t} of this run is not a number")


def _origin(cell: Recurrence, given: Mapping[str, Array], drawn: str) -> str:
    if not given:
        return drawn
    rest = [p for p in (*cell.parameters, *cell.learned) if p not in given]
    zero = ", ".join(identifier(p) for p in rest if len(cell.shape(p)) == 1)
    random = ", ".join(identifier(p) for p in rest if len(cell.shape(p)) != 1)
    parts = ["given weights", f"{random} drawn at random" if random else "", zero and f"{zero} 0"]
    return "; ".join(p for p in parts if p)


def _verdict(state: str, values: tuple[float, ...]) -> str:
    first, steps = values[0], len(values) - 1
    name = identifier(state)
    if first == 0.0:
        return f"d{name}_T/d{name}_0 is 0 to working precision: nothing of the start is left"
    rate = first ** (1 / steps)
    word = "vanishes" if first < 1e-2 else "explodes" if first > 1e2 else "is carried"
    return f"the gradient {word}: |d{name}_T/d{name}_0| = {first:.3g}, {rate:.4g} a step"


def _norms(cell: Recurrence, adj: Any, domain: Any, run: Run, state: str) -> Curve:
    steps = len(run.steps)
    shape = tuple(Size.of(d).value(run.dims) for d in cell.shape(state))
    rows = int(np.prod(shape, dtype=int))
    seeds = np.zeros((steps, rows, 1, *shape))
    for k in range(rows):
        seeds[(steps - 1, k, 0, *([k] if shape else []))] = 1.0
    seen: dict[str, list[Array]] = {state: []}
    _, bars = backward(adj, domain, run, {state: seeds}, watch=seen)
    chain = [bars[state, 1][0], *seen[state]]
    values = []
    for value in chain:
        matrix = np.broadcast_to(value, (rows, 1, *shape)).reshape(rows, rows)
        values.append(_norm(matrix))
    name = identifier(state)
    return Curve(f"‖d{name}_T / d{name}_t‖", tuple(values))


def _norm(matrix: Array) -> float:
    if not np.isfinite(matrix).all():
        return float("inf")
    return float(np.linalg.norm(matrix, 2)) if matrix.size else 0.0


def _bounds(
    cell: Recurrence,
    adj: Any,
    domain: Any,
    run: Run,
    values: Mapping[str, Array],
    steps: int,
    meanings: Mapping[str, str],
) -> dict[str, Curve]:
    out: dict[str, Curve] = {}
    if len(cell.states) == 1:
        (state,) = cell.states
        found = _simple(cell, state, meanings)
        if found is not None:
            slope, weight = found
            size = _norm(np.atleast_2d(values[weight]))
            name = identifier(weight)
            text = f"({slope:g} · ‖{name}‖)^(T−t), ‖{name}‖ = {size:.4g}"
            rows = np.atleast_2d(values[weight]).shape[0]
            return {state: Curve("bound", _products([slope * size] * steps, rows), text)}
    # The joint state of step t decides that of t + 1: norms of Jacobians multiply.
    states = cell.states
    blocks = [[one_step(adj, domain, run, y, x)[:, 0] for x in states] for y in states]
    joint = np.concatenate([np.concatenate(row, -1) for row in blocks], -2)
    factors = _products([_norm(m) for m in joint], joint.shape[-1])
    for state in states:
        inner = _within_step(cell, adj, domain, run, state)
        bound = tuple(_product(v, s, joint.shape[-1]) for v, s in zip(factors, inner, strict=True))
        text = "product of the norms of the one-step Jacobians of the joint state"
        out[state] = Curve("bound", bound, text)
    return out


def _products(factors: list[float], rows: int) -> tuple[float, ...]:
    """The products of the last 0, 1, 2, … of ``factors``, as a curve over t = 0 … T."""
    tail = [1.0]
    for f in reversed(factors):
        tail.append(_product(tail[-1], f, rows))
    return tuple(reversed(tail))


def _product(a: float, b: float, rows: int) -> float:
    """A bound of the product of two norms of matrices with that many rows.

    Bounds are met by exact values (:math:`w^k` where no unit is active), so that none may be
    rounded down: singular values and what they are computed from are off by a few units of
    roundoff for each row. What is too small or too large for a float is bounded all the same.
    """
    if a == 0.0 or b == 0.0:
        return 0.0
    if not np.isfinite(a) or not np.isfinite(b):
        return float("inf")
    return max(a * b * (1.0 + (rows + 16) * 2.0**-50), 2.0**-1022)


def _within_step(cell: Recurrence, adj: Any, domain: Any, run: Run, state: str) -> list[float]:
    """The norm with which a state of step t enters the joint state of step t: 1 at t = 0."""
    total = [0.0] * len(run.steps)
    for other in cell.states:
        shape = tuple(Size.of(d).value(run.dims) for d in cell.shape(other))
        rows = int(np.prod(shape, dtype=int))
        for t, now in enumerate(run.steps):
            single = Run(run.dims, run.batch, run.fixed, [now])
            seeds = np.zeros((1, rows, 1, *shape))
            for k in range(rows):
                seeds[(0, k, 0, *([k] if shape else []))] = 1.0
            seen: dict[str, list[Array]] = {state: []}
            backward(adj, domain, single, {other: seeds}, watch=seen)
            value = np.broadcast_to(seen[state][0], (rows, 1, *_own(cell, run, state)))
            total[t] += _norm(value.reshape(rows, -1)) ** 2
    return [1.0, *(float(np.sqrt(v)) for v in total)]


def _own(cell: Recurrence, run: Run, name: str) -> tuple[int, ...]:
    return tuple(Size.of(d).value(run.dims) for d in cell.shape(name))


def _simple(cell: Recurrence, state: str, meanings: Mapping[str, str]) -> tuple[float, str] | None:
    """``(sup φ', U)`` if the state's equation is φ(U s_{t-1} + terms without a state)."""
    rhs = cell.rhs(state)
    if not isinstance(rhs, n.Fn) or rhs.order:
        return None
    slope = _SLOPES.get(meanings.get(rhs.name, rhs.name))
    terms = rhs.arg.args if isinstance(rhs.arg, n.Add) else (rhs.arg,)
    weight = None
    for term in terms:
        if not any(isinstance(x, n.At) and x.name in cell.defined for x in n.walk(term)):
            continue
        match term:
            case n.Mul(args=(n.Sym(name=name), n.At(name=other))) if other == state:
                if weight is not None:
                    return None
                weight = name
            case _:
                return None
    return None if slope is None or weight is None else (slope, weight)


def _shares(
    cell: Recurrence,
    domain: Any,
    values: Mapping[str, Array],
    series: Mapping[str, Array],
    starts: Mapping[str, Array],
    meanings: Mapping[str, str],
    main: str,
) -> dict[str, Curve]:
    at = n.At(main, n.Idx("T"))
    size: n.Node = n.Norm(at, "2") if cell.shape(main) else at
    loss = n.Div(n.Pow(size, n.num(2)), n.num(2))
    program = lower(cell, loss=loss, bind=meanings)
    adj = adjoint(cell, program, loss_seed=True)
    run = forward(cell, program, domain, values, series, starts)
    sizes = of_the_end(adj, domain, run, lambda part: float(np.linalg.norm(part)))
    out = {}
    for name, values_ in sizes.items():
        total = sum(values_)
        if total > 0 and np.isfinite(total):
            out[name] = Curve(f"share in d{name}", tuple(s / total for s in values_))
    return out


# -- ready scenarios -------------------------------------------------------------------------------


def scenario(name: str, steps: int = 100) -> FlowReport:
    """A ready run: ``vanishing``, ``exploding``, ``latching`` or ``balanced``.

    * vanishing: scalar Elman with w = 1/2 and input 1 (PROPOSITIONS P1);
    * exploding: w = 1.1, no input, h_0 = 0: the derivative is w^k (P2);
    * latching: w = 2, h_0 = 0.9, inputs below 0.5328 in size: once the state is large, w > 1
      still forgets exponentially (P3);
    * balanced: the LSTM whose four terms are 0.1, 0.7, 0.1, 0.1 at every step (P10).

    Raises
    ------
    InputError
        Another name.
    """
    from bptt_sym.cells import cell

    if name == "balanced":
        rec = cell("lstm")
        values = {
            "f": (2.421982, 0.28767824, -0.28767824),
            "i": (3.390774, -0.78346746, 2.16976182),
            "o": (0.0, 0.0, 0.0),
            "c": (0.558919, 0.18037662, 0.55279192),
        }
        params: dict[str, float] = {}
        for gate, (u, b, x) in values.items():
            params |= {f"U_{gate}": u, f"b_{gate}": b, f"W_{gate}": x}
        pulse = np.zeros(steps)
        pulse[0] = 1.0
        return flow(rec, steps, params=params, inputs={"x": pulse},
                    description="balanced LSTM, terms 0.1, 0.7, 0.1, 0.1")  # fmt: skip
    rng = np.random.default_rng(0)
    runs: dict[str, tuple[float, Array, float, str]] = {
        "vanishing": (0.5, np.ones(steps), 0.0, "vanishing, w = 0.5, u = 1"),
        "exploding": (1.1, np.zeros(steps), 0.0, "exploding, w = 1.1, u = 0, h0 = 0"),
        "latching": (2.0, rng.uniform(-0.5, 0.5, steps), 0.9, "latching, w = 2, |u| <= 0.5"),
    }
    if name not in runs:
        raise InputError(f"no scenario {name!r}", token=name, hint=", ".join([*runs, "balanced"]))
    w, u, h0, text = runs[name]
    rec = cell("elman")
    params = {"w": w, "W_{input}": 1.0, "b_{input}": 0.0, "b_{hidden}": 0.0}
    return flow(rec, steps, params=params, inputs={"x": u}, initial={"h": h0}, description=text)


SCENARIOS = ("vanishing", "exploding", "latching", "balanced")

__all__ = ["SCENARIOS", "Curve", "FlowReport", "flow", "from_state_dict", "scenario"]
