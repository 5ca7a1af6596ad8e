"""The library of known mistakes: wrong gradients, made on purpose, for any model.

Each mistake is a rule to compute a wrong gradient of a problem. Most are made by one change in the
derivation: a path that is cut, an activation's derivative taken wrongly, a matrix not transposed.
Others weigh the contributions of lags, steps and examples wrongly, or compute in too few bits.
They serve three ends: a failed check is matched with them to say *what* is wrong, a person's own
test inputs are scored by how many of them they would catch, and the checker itself is tested with
them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import Any, final

import numpy as np

from bptt_sym.errors import BpttError
from bptt_sym.evaluate.adjoint import LOSS, RULES, Adjoint, Rule, adjoint
from bptt_sym.evaluate.domains import Arrays, floats
from bptt_sym.evaluate.interpret import backward
from bptt_sym.evaluate.program import Op, Program, Size
from bptt_sym.evaluate.schedule import adjoint_schedule
from bptt_sym.testing.models import Model
from bptt_sym.testing.problems import Problem

Array = Any
Gradient = Callable[[Problem], Mapping[str, Array]]


@final
@dataclass(frozen=True)
class Mistake:
    """A wrong gradient: a stable ``code``, what is wrong in words, and the rule to compute it."""

    code: str
    message: str
    gradient: Gradient


def library(model: Model) -> list[Mistake]:
    """All mistakes that make sense for ``model``, the simplest explanations first."""
    cached = _LIBRARIES.get(id(model))
    if cached is None or cached[0] is not model:
        found = [*_weighed(), *_given_wrongly(model), *_slopes(model), *_paths(model)]
        found += [*_products(model), *_factors(model), *_stale(model), *_tape(model)]
        found += [*_numbers(), *_inside(model)]
        cached = _LIBRARIES[id(model)] = (model, found)
    return cached[1]


_LIBRARIES: dict[int, tuple[Model, list[Mistake]]] = {}


# -- lags, steps and examples weighed wrongly ------------------------------------------------------


def _weights(steps: int, batch: int) -> tuple[Array, Array, Array, Array]:
    """``(lag, step of use, step of loss, example)`` as arrays that broadcast together."""
    lag = np.arange(steps)[:, None, None]
    use = np.arange(1, steps + 1)[None, :, None]
    return lag, use, lag + use, np.arange(batch)[None, None, :]


def weighed(problem: Problem, rule: Callable[..., Array]) -> dict[str, Array]:
    """The gradient with contributions weighed by ``rule(lag, use, loss, example, T, B)``."""
    steps, batch = problem.steps, problem.batch
    w = np.broadcast_to(
        np.asarray(rule(*_weights(steps, batch), steps, batch), float), (steps, steps, batch)
    )
    out = {}
    for name, parts in problem.parts.items():
        initial = name.endswith("0") and name[:-1] in problem.initial
        if initial and not problem.learned:
            out[name] = np.einsum("kb,kb...->b...", w[:, 0], parts[:, 0])
        else:
            out[name] = np.einsum("ksb,ksb...->...", w, parts)
    return {k: v.astype(float) for k, v in out.items()}


def _weighed() -> Iterator[Mistake]:
    rules: list[tuple[str, str, Callable[..., Array]]] = [
        ("zero", "the gradient is 0", lambda k, s, t, b, T, B: 0 * k),
        ("sign", "the sign is wrong", lambda k, s, t, b, T, B: -1 + 0 * k),
        ("twice", "it is twice the gradient", lambda k, s, t, b, T, B: 2 + 0 * k),
        ("half", "it is half the gradient", lambda k, s, t, b, T, B: 0.5 + 0 * k),
        ("batch-mean", "the mean over the batch is taken instead of the sum",
         lambda k, s, t, b, T, B: 1 / B + 0 * k),
        ("time-mean", "the mean over the steps is taken instead of the sum",
         lambda k, s, t, b, T, B: 1 / T + 0 * k),
        ("both-mean", "the mean over steps and batch is taken instead of the sum",
         lambda k, s, t, b, T, B: 1 / (T * B) + 0 * k),
        ("skip-first", "the use at the first step is missing", lambda k, s, t, b, T, B: s > 1),
        ("skip-last", "the use at the last step is missing", lambda k, s, t, b, T, B: s < T),
        ("skip-second", "the use at the second step is missing", lambda k, s, t, b, T, B: s != 2),
        ("only-first", "only the use at the first step is there (= for += in the loop back)",
         lambda k, s, t, b, T, B: s == 1),
        ("only-last", "only the use at the last step is there (= for += in a loop forward)",
         lambda k, s, t, b, T, B: s == T),
        ("loss-last", "only the loss of the last step is there (no sum over t)",
         lambda k, s, t, b, T, B: t == T),
        ("loss-not-last", "the loss of the last step is missing",
         lambda k, s, t, b, T, B: t < T),
        ("loss-first", "only the loss of the first step is there",
         lambda k, s, t, b, T, B: t == 1),
        ("loss-not-first", "the loss of the first step is missing",
         lambda k, s, t, b, T, B: t > 1),
        ("example-first", "only the first example of the batch is there",
         lambda k, s, t, b, T, B: b == 0),
        ("example-last", "only the last example of the batch is there",
         lambda k, s, t, b, T, B: b == B - 1),
        ("signs-alternate", "the signs alternate with the lag",
         lambda k, s, t, b, T, B: (-1.0) ** k),
        ("decay", "each step back has a factor 1/2 too much",
         lambda k, s, t, b, T, B: 0.5 ** np.minimum(k, 1000)),
        ("lag-counted", "each contribution is counted once for every step that it travels",
         lambda k, s, t, b, T, B: k + 1.0),
        ("only-first-loss-path", "only the paths over the whole sequence are there",
         lambda k, s, t, b, T, B: (s == 1) & (t == T)),
    ]  # fmt: skip
    for k in (1, 2, 3, 4, 5, 8, 10, 16, 20, 32, 50, 64, 100, 128):
        rules.append(
            (f"truncated-{k}", f"the contributions of lags ≥ {k} are missing",
             lambda lag, s, t, b, T, B, k=k: lag < k)
        )  # fmt: skip
    for k in (0, 1, 2, 3):
        rules.append(
            (f"lag-{k}-missing", f"the contributions of lag {k} are missing",
             lambda lag, s, t, b, T, B, k=k: lag != k)
        )  # fmt: skip
        rules.append(
            (f"lag-{k}-half", f"lag {k} has factor 0.5",
             lambda lag, s, t, b, T, B, k=k: np.where(lag == k, 0.5, 1.0))
        )  # fmt: skip
    for code, message, rule in rules:
        yield Mistake(code, message, partial(weighed, rule=rule))


# -- the problem read wrongly ----------------------------------------------------------------------


def right(problem: Problem, dtype: Any = np.float64) -> dict[str, Array]:
    """The right gradient by the interpreter, in ``dtype``."""
    return problem.gradient_in(floats(dtype))


def _given_wrongly(model: Model) -> Iterator[Mistake]:
    def changed(problem: Problem, change: Callable[[Problem], Problem]) -> dict[str, Array]:
        return right(change(problem))

    def zero_start(p: Problem) -> Problem:
        params = {
            k: np.zeros_like(v) if k.endswith("0") and k[:-1] in p.initial else v
            for k, v in p.params.items()
        }
        zeros = {s: np.zeros_like(v) for s, v in p.initial.items()}
        return p.replaced(initial=zeros, params=params)

    def shifted(p: Problem) -> Problem:
        name = p.model.inputs[0]
        return p.replaced(series={**p.series, name: np.roll(p.series[name], 1, 0)})

    def relabelled(p: Problem) -> Problem:
        names = set(p.model.targets.values())
        rolled = {k: np.roll(v, 1, 0) if k in names else v for k, v in p.series.items()}
        return p.replaced(series=rolled)

    readings: list[tuple[str, str, Callable[[Problem], Problem]]] = [
        ("start-forgotten", "the initial state is taken to be 0", zero_start),
        ("mask-ignored", "the mask is ignored", lambda p: p.replaced(mask=np.ones_like(p.mask))),
        ("weights-ignored", "the loss weights are ignored",
         lambda p: p.replaced(loss_weights=np.ones_like(p.loss_weights))),
        ("weights-squared", "the loss weights and the mask are applied twice",
         lambda p: p.replaced(loss_weights=p.loss_weights**2, mask=p.mask**2)),
        ("targets-shifted", "the targets are those of the step before", relabelled),
    ]  # fmt: skip
    if model.inputs:
        readings.append(("input-shifted", "the input is that of the step before", shifted))
    if len(model.rec.states) > 1:
        for state in model.rec.states:

            def one_zero(p: Problem, state: str = state) -> Problem:
                params = {
                    k: np.zeros_like(v) if k == f"{state}0" else v for k, v in p.params.items()
                }
                initial = {k: 0 * v if k == state else v for k, v in p.initial.items()}
                return p.replaced(initial=initial, params=params)

            text = f"the initial value of {state} is taken to be 0"
            readings.append((f"start-forgotten-{state}", text, one_zero))
    for code, message, change in readings:
        yield Mistake(code, message, partial(changed, change=change))

    def transposed(problem: Problem, name: str) -> dict[str, Array]:
        out = right(problem)
        shape = out[name].shape
        gates = max(1, len(problem.model.layout[name]))
        blocks = np.split(out[name], gates)
        if blocks[0].shape[0] == blocks[0].shape[-1]:
            out[name] = np.concatenate([b.T for b in blocks])
        else:
            out[name] = np.concatenate([b.T.reshape(b.shape) for b in blocks]).reshape(shape)
        return out

    for name, parts in model.layout.items():
        if len(model.rec.shape(parts[0])) == 2:
            yield Mistake(
                f"transposed-{name}", f"the gradient of {name} is transposed",
                partial(transposed, name=name),
            )  # fmt: skip

    gates = model.gates
    for i in range(len(gates)):
        for j in range(i + 1, len(gates)):

            def swapped(problem: Problem, i: int, j: int) -> dict[str, Array]:
                out = right(problem)
                for name, parts in problem.model.layout.items():
                    if len(parts) == len(gates):
                        blocks = np.split(out[name], len(gates))
                        blocks[i], blocks[j] = blocks[j], blocks[i]
                        out[name] = np.concatenate(blocks)
                return out

            yield Mistake(
                f"swapped-{gates[i]}-{gates[j]}",
                f"the blocks of gates {gates[i]} and {gates[j]} are exchanged",
                partial(swapped, i=i, j=j),
            )


# -- one change in the derivation ------------------------------------------------------------------


def _altered(
    problem: Problem,
    made: Callable[[], Adjoint],
    cache: dict[str, Adjoint],
) -> dict[str, Array]:
    if "adjoint" not in cache:
        cache["adjoint"] = made()
    model = Model(**{**_fields(problem.model)})
    model.__dict__["program"] = problem.model.program
    model.__dict__["adjoint"] = cache["adjoint"]
    return problem.replaced(model=model).gradient_in(floats())


def _fields(model: Model) -> dict[str, Any]:
    from dataclasses import fields

    return {f.name: getattr(model, f.name) for f in fields(model)}


def altered(
    model: Model,
    code: str,
    message: str,
    *,
    rules: Mapping[str, Rule] | None = None,
    edge: Any = None,
) -> Mistake | None:
    """The mistake of differentiating with other rules or edges; ``None`` if nothing changes."""
    table = {**RULES, **(rules or {})}

    def made() -> Adjoint:
        return adjoint(model.rec, model.program, loss_seed=True, rules=table, edge=edge)

    try:
        wrong = made()
    except BpttError:
        return None
    exact = model.adjoint
    if (wrong.program.ops, wrong.params, wrong.reads) == (
        exact.program.ops,
        exact.params,
        exact.reads,
    ):
        return None
    return Mistake(code, message, partial(_altered, made=made, cache={"adjoint": wrong}))


def _slopes(model: Model) -> Iterator[Mistake]:
    p = model.program
    functions = [i for i, op in enumerate(p.ops) if op.kind == "fn" and op.attr[1] == 0]
    Wrong = Callable[[Program, int, int, str], int]
    forms: list[tuple[str, str, Wrong]] = [
        ("missing", "the derivative of {f} is missing", lambda q, a, y, f: q.const(1, q.shape(a))),
        ("at-output", "{f}′ is taken at the output instead of at the pre-activation",
         lambda q, a, y, f: q.fn(f, y, 1)),
        ("of-argument", "the formula of {f}′ is applied to the pre-activation, not to the output",
         lambda q, a, y, f: _formula(q, a, f)),
        ("other", "the derivative of {g} is used for {f}",
         lambda q, a, y, f: _formula(q, y, _other(f))),
        ("other-at-argument", "{g}′ is used in place of {f}′",
         lambda q, a, y, f: q.fn(_other(f), a, 1)),
        ("no-square", "1 − y in place of {f}′: the square or the factor y is lost",
         lambda q, a, y, f: q.add(q.const(1, q.shape(y)), q.neg(y))),
        ("plus", "1 + y² in place of 1 − y²",
         lambda q, a, y, f: q.add(q.const(1, q.shape(y)), q.mul(y, y))),
        ("only-output", "the factor 1 − y is lost", lambda q, a, y, f: y),
        ("twice", "{f}′ is applied twice",
         lambda q, a, y, f: q.mul(q.fn(f, a, 1), q.fn(f, a, 1))),
        ("fudge", "1e-6 is added to {f}′",
         lambda q, a, y, f: q.add(q.fn(f, a, 1), q.const(Fraction(1, 10**6), q.shape(a)))),
        ("fudge-less", "1e-6 is taken from {f}′",
         lambda q, a, y, f: q.add(q.fn(f, a, 1), q.const(Fraction(-1, 10**6), q.shape(a)))),
        ("fudge-8", "1e-8 is added to {f}′",
         lambda q, a, y, f: q.add(q.fn(f, a, 1), q.const(Fraction(1, 10**8), q.shape(a)))),
        ("negated", "{f}′ has the wrong sign", lambda q, a, y, f: q.neg(q.fn(f, a, 1))),
    ]  # fmt: skip
    for state in model.rec.states:
        target = p.targets[state]
        reads = [i for i, op in enumerate(p.ops) if op.kind == "read" and op.attr == (state, 1)]
        if target in functions and reads:

            def before(q: Program, y: int, g: int, at: int = target, old: int = reads[0]) -> Any:
                if y != at:
                    return RULES["fn"](q, y, g)
                return [(q.ops[y].args[0], q.mul(g, _formula(q, old, q.ops[y].attr[0])))]

            name = _shown(p.ops[target].attr[0])
            mistake = altered(
                model, f"slope-before-{state}",
                f"{name}′ is taken from {state}_{{t-1}} instead of {state}_t", rules={"fn": before},
            )  # fmt: skip
            if mistake:
                yield mistake
    kinds = sorted({p.ops[i].attr[0] for i in functions})
    wheres: list[tuple[str, str, frozenset[int]]] = []
    for kind in kinds:
        group = frozenset(i for i in functions if p.ops[i].attr[0] == kind)
        wheres.append((f"every-{kind}", "", group))
        if len(group) > 1:
            wheres += [(_owner(model, i), f" in {_owner(model, i)}", frozenset({i})) for i in group]
    for where, place, group in wheres:
        for code, message, form in forms:

            def rule(q: Program, y: int, g: int, group: Any = group, form: Any = form) -> Any:
                (a,), (f, _) = q.ops[y].args, q.ops[y].attr
                if y not in group:
                    return RULES["fn"](q, y, g)
                return [(a, q.mul(g, form(q, a, y, f)))]

            f = p.ops[next(iter(group))].attr[0]
            text = message.format(f=_shown(f), g=_shown(_other(f))) + place
            mistake = altered(model, f"slope-{code}-{where}", text, rules={"fn": rule})
            if mistake:
                yield mistake


def _formula(q: Program, y: int, f: str) -> int:
    one = q.const(1, q.shape(y))
    if f == "tanh":
        return q.add(one, q.neg(q.mul(y, y)))
    return q.mul(y, q.add(one, q.neg(y)))


def _other(f: str) -> str:
    return "sigma" if f == "tanh" else "tanh"


def _shown(f: str) -> str:
    return "σ" if f == "sigma" else f


def _owner(model: Model, i: int) -> str:
    """The defined sequence that an operation is a part of."""
    p = model.program
    for j in range(i, len(p.ops)):
        if j not in p.targets.values():
            continue
        name = next(n for n, t in p.targets.items() if t == j)
        if _within(p, j, i, set(p.targets.values()) - {j}):
            return name
    return "the loss"


def _within(p: Program, top: int, i: int, stops: set[int]) -> bool:
    stack = [top]
    while stack:
        j = stack.pop()
        if j == i:
            return True
        stack.extend(a for a in p.ops[j].args if a not in stops)
    return False


def _leaf(p: Program, a: int) -> str | None:
    """How a message names an argument: a sequence element, or nothing."""
    op: Op = p.ops[a]
    for name, target in p.targets.items():
        if target == a:
            return f"{name}_t"
    if op.kind == "read":
        name, lag = op.attr
        return f"{name}_{{t-{lag}}}" if lag else f"{name}_t"
    return None


def _paths(model: Model) -> Iterator[Mistake]:
    """Cut, negate or double each path from one quantity to the next."""
    p = model.program
    state_reads = {
        i for i, op in enumerate(p.ops) if op.kind == "read" and op.attr[0] in p.targets
    }
    ends = {*state_reads, *p.targets.values()}
    pairs: dict[tuple[str, str], set[tuple[int, int]]] = {}
    for i, op in enumerate(p.ops):
        for a in op.args:
            if a in ends:
                owner = _owner(model, i)
                pairs.setdefault((owner, str(_leaf(p, a))), set()).add((i, a))
    for (owner, leaf), edges in pairs.items():
        yield from _cut(model, f"path-{leaf}-{owner}", f"the path from {leaf} through {owner}",
                        frozenset(edges))  # fmt: skip
    for leaf in sorted({leaf for _, leaf in pairs}):
        group = [e for (_, other), e in pairs.items() if other == leaf]
        if len(group) > 1:
            everything = frozenset().union(*group)
            yield from _cut(model, f"paths-{leaf}", f"every path from {leaf}", everything)
            for (owner, other), edges in pairs.items():
                if other == leaf:
                    yield from _cut(
                        model, f"paths-{leaf}-but-{owner}",
                        f"every path from {leaf} except the one through {owner}",
                        everything - frozenset(edges), only_cut=True,
                    )  # fmt: skip
    carried = {n: {(i, a) for i, a in _edges(p) if p.ops[a].kind == "read"
                   and p.ops[a].attr[0] == n} for n in model.rec.states}  # fmt: skip
    if len(carried) > 1:
        for name, edges in carried.items():
            yield from _cut(model, f"carried-{name}",
                            f"what {name} carries from step to step", frozenset(edges))  # fmt: skip


def _edges(p: Program) -> Iterator[tuple[int, int]]:
    for i, op in enumerate(p.ops):
        for a in op.args:
            yield i, a


def _cut(
    model: Model, code: str, text: str, edges: frozenset[tuple[int, int]], *, only_cut: bool = False
) -> Iterator[Mistake]:
    actions: list[tuple[str, str, Callable[[Program, int], int | None]]] = [
        ("dropped", f"{text} is dropped", lambda q, g: None),
    ]
    if not only_cut:
        actions += [
            ("negated", f"{text} has the wrong sign", lambda q, g: q.neg(g)),
            ("doubled", f"{text} is counted twice", lambda q, g: q.mul(q.const(2), g)),
        ]
    for kind, message, action in actions:

        def edge(
            q: Program, source: int, target: int, g: int, action: Any = action
        ) -> int | None:
            return action(q, g) if (source, target) in edges else g  # type: ignore[no-any-return]

        mistake = altered(model, f"{code}-{kind}", message, edge=edge)
        if mistake:
            yield mistake


def _products(model: Model) -> Iterator[Mistake]:
    """Matrices not transposed, factors of outer products exchanged; for square matrices."""
    p = model.program
    products = [i for i, op in enumerate(p.ops) if op.kind == "matvec"]
    square = [i for i in products if p.shape(p.ops[i].args[0])[0] == p.shape(p.ops[i].args[0])[1]]
    groups = [(frozenset(square), "")] if square else []
    if len(square) > 1:
        groups += [(frozenset({i}), f" in {_owner(model, i)}") for i in square]
    for group, place in groups:

        def untransposed(q: Program, y: int, g: int, group: Any = group) -> Any:
            m, v = q.ops[y].args
            back = m if y in group else q.transpose(m)
            return [(m, q.outer(g, v)), (v, q.matvec(back, g))]

        def exchanged(q: Program, y: int, g: int, group: Any = group) -> Any:
            m, v = q.ops[y].args
            return [
                (m, q.outer(v, g) if y in group else q.outer(g, v)),
                (v, q.matvec(q.transpose(m), g)),
            ]

        def slope_behind(q: Program, y: int, g: int, group: Any = group) -> Any:
            # U^T applied before the derivative: φ'(a) ⊙ (U^T g) with the slope of this step.
            m, v = q.ops[y].args
            if y not in group or q.ops[g].kind != "mul":
                return RULES["matvec"](q, y, g)
            before, slope = q.ops[g].args
            return [(m, q.outer(g, v)), (v, q.mul(q.matvec(q.transpose(m), before), slope))]

        def bare(q: Program, y: int, g: int, group: Any = group) -> Any:
            m, v = q.ops[y].args
            if y not in group or q.ops[g].kind != "mul":
                return RULES["matvec"](q, y, g)
            return [(m, q.outer(g, v)), (v, q.matvec(q.transpose(m), q.ops[g].args[0]))]

        def doubled(q: Program, y: int, g: int, group: Any = group) -> Any:
            m, v = q.ops[y].args
            if y not in group or q.ops[g].kind != "mul":
                return RULES["matvec"](q, y, g)
            twice = q.mul(g, q.ops[g].args[1])
            return [(m, q.outer(g, v)), (v, q.matvec(q.transpose(m), twice))]

        def symmetric(q: Program, y: int, g: int, group: Any = group) -> Any:
            m, v = q.ops[y].args
            if y not in group:
                return RULES["matvec"](q, y, g)
            both = q.add(q.matvec(q.transpose(m), g), q.matvec(m, g))
            half = q.const(Fraction(1, 2), q.shape(v))
            return [(m, q.outer(g, v)), (v, q.mul(half, both))]

        for code, message, rule in (
            ("bare", "the activation's derivative is missing on the way back, not in the "
             "parameters' own factor", bare),
            ("doubled", "the activation's derivative is applied twice on the way back", doubled),
            ("symmetric", "the recurrent matrix is taken to be symmetric (its symmetric part is "
             "used)", symmetric),
            ("transpose", "the recurrent matrix is not transposed on the way back", untransposed),
            ("outer", "the factors of the outer product are exchanged", exchanged),
            ("order", "the order of the Jacobian's factors is wrong: diag(φ′) stands on the other "
             "side of the matrix", slope_behind),
        ):  # fmt: skip
            name = f"{code}{place.replace(' in ', '-')}"
            mistake = altered(model, name, message + place, rules={"matvec": rule})
            if mistake:
                yield mistake


def _factors(model: Model) -> Iterator[Mistake]:
    """Elementwise products differentiated wrongly."""
    p = model.program
    for i, op in enumerate(p.ops):
        if op.kind != "mul" or op.args[0] == op.args[1] or op.lead < 2:
            continue
        a, b = op.args
        if p.constant(a) is not None or p.constant(b) is not None:
            continue
        names = [_described(p, x) for x in (a, b)]
        owner = _owner(model, i)
        if owner == "the loss":
            continue

        def rule_for(change: Callable[[Program, int, int, int], list[tuple[int, int]]]) -> Rule:
            def rule(q: Program, y: int, g: int, i: int = i) -> Any:
                if y != i:
                    return RULES["mul"](q, y, g)
                return change(q, g, *q.ops[y].args)

            return rule

        changes: list[tuple[str, str, Callable[..., list[tuple[int, int]]]]] = [
            ("exchanged", f"the factors {names[0]} and {names[1]} are exchanged in the product rule",
             lambda q, g, a, b: [(a, q.mul(g, a)), (b, q.mul(g, b))]),
            ("lost-1", f"the factor {names[1]} is lost on the way to {names[0]}",
             lambda q, g, a, b: [(a, g), (b, q.mul(g, a))]),
            ("lost-2", f"the factor {names[0]} is lost on the way to {names[1]}",
             lambda q, g, a, b: [(a, q.mul(g, b)), (b, g)]),
        ]  # fmt: skip
        for k, x in enumerate((a, b)):
            if p.ops[x].kind == "fn":
                inner = p.ops[x].args[0]
                name = p.ops[x].attr[0]
                changes.append(
                    (f"bare-{k}",
                     f"{_shown(name)} is missing: {_described(p, inner)} stands for {names[k]} in "
                     f"the factor of {names[1 - k]}",
                     lambda q, g, a, b, k=k, inner=inner: [
                         (a, q.mul(g, inner if k == 1 else b)),
                         (b, q.mul(g, inner if k == 0 else a)),
                     ])
                )  # fmt: skip
        for code, message, change in changes:
            place = f" (in {owner})"
            mistake = altered(
                model, f"factor-{code}-{owner}-{i}", message + place, rules={"mul": rule_for(change)}
            )
            if mistake:
                yield mistake


def _described(p: Program, a: int) -> str:
    """An operand in words."""
    leaf = _leaf(p, a)
    if leaf:
        return leaf
    op = p.ops[a]
    if op.kind == "fn":
        return f"{_shown(op.attr[0])}({_described(p, op.args[0])})"
    if op.kind == "param":
        return str(op.attr[0])
    return "a sum" if op.kind == "add" else f"a {op.kind}"


def _tape(model: Model) -> Iterator[Mistake]:
    """The backward pass reads the value of another step from what the forward pass saved."""
    p = model.program
    wanted: dict[int, str] = {}
    schedule = adjoint_schedule(model.adjoint)
    groups = (schedule.before, schedule.loop, schedule.after, schedule.end)
    used = {a for group in groups for i in group for a in model.adjoint.program.ops[i].args}
    for i, op in enumerate(p.ops):
        if op.kind == "read" and op.attr[0] in model.inputs:
            wanted[i] = f"{op.attr[0]}"
        if op.kind == "fn" and op.lead == 2:
            wanted.setdefault(op.args[0], f"the pre-activation of {_owner(model, i)}")
    for name, i in p.targets.items():
        if p.ops[i].lead == 2:
            wanted[i] = name

    def shifted(problem: Problem, handle: int, by: int, wrap: bool) -> dict[str, Array]:
        domain = floats()
        run = problem.run(domain)
        old = [np.broadcast_to(s[handle], (problem.batch, *s[handle].shape[1:])) for s in run.steps]
        new = []
        for t in range(len(old)):
            at = t + by
            if 0 <= at < len(old) or wrap:
                new.append(old[at % len(old)])
            else:
                new.append(np.zeros_like(old[t]))
        for step, value in zip(run.steps, new, strict=True):
            step[handle] = value
        return problem.gradient_in(domain, run)

    for handle, text in wanted.items():
        if handle not in used:
            continue
        for by, word in ((-1, "before"), (1, "after")):
            for wrap in (True, False):
                yield Mistake(
                    f"tape-{text.split()[-1]}-{word}-{'wrapped' if wrap else 'zero'}-{handle}",
                    f"the value of {text} at the step {word} is used on the way back",
                    partial(shifted, handle=handle, by=by, wrap=wrap),
                )


def _inside(model: Model) -> Iterator[Mistake]:
    """Cotangents of the states changed inside the loop."""
    adj = model.adjoint

    def changed(
        problem: Problem, handles: frozenset[int], change: Callable[[Array], Array]
    ) -> dict[str, Array]:
        return _backward(problem, alter=lambda i, v: change(v) if i in handles else v)

    states = {s: adj.cotangents[s] for s in model.rec.states if s in adj.cotangents}
    groups = [(f" of {s}", frozenset({h})) for s, h in states.items()]
    for name, handles in groups:
        for limit in (0.1, 0.5, 1.0, 5.0, 10.0):
            yield Mistake(
                f"clip-{limit:g}{name.replace(' of ', '-')}",
                f"the cotangent{name} is clipped to ±{limit:g} at every step",
                partial(changed, handles=handles, change=lambda v, c=limit: np.clip(v, -c, c)),
            )
        for unit, word in ((0, "first"), (-1, "last")):

            def dropped(v: Array, unit: int = unit) -> Array:
                out = np.array(v)
                if out.ndim > 1:
                    out[..., unit] = 0
                return out

            yield Mistake(
                f"unit-{word}{name.replace(' of ', '-')}",
                f"the {word} unit{name} is left out",
                partial(changed, handles=handles, change=dropped),
            )
    yield Mistake(
        "outer-of-sums",
        "the outer product of sums over the batch is taken, not the sum of outer products",
        lambda problem: _backward(problem, domain=_OuterOfSums()),
    )


class _OuterOfSums(Arrays):
    """Sums over the batch before it multiplies."""

    def __init__(self) -> None:
        plain = floats()
        super().__init__(plain.dtype, plain.lib, plain.number, plain.cast)

    def contract(self, u: Array, v: Array, lead: int) -> Array:
        axes = tuple(range(u.ndim - 1))
        return np.outer(u.sum(axes), v.sum(tuple(range(v.ndim - 1))))


def _stale(model: Model) -> Iterator[Mistake]:
    """The value of one step used where that of another belongs."""
    p = model.program
    for state in model.rec.states:
        for kind in ("matvec", "mul"):
            read = [i for i, op in enumerate(p.ops) if op.kind == "read" and op.attr == (state, 1)]
            if not read or not any(
                read[0] in op.args for op in p.ops if op.kind == kind
            ):
                continue

            def later_value(
                q: Program, y: int, g: int, kind: str = kind, old: int = read[0], s: str = state
            ) -> Any:
                moved = []
                for target, value in RULES[kind](q, y, g):
                    moved.append((target, _replaced(q, value, old, q.targets[s])))
                return moved

            def earlier_value(
                q: Program, y: int, g: int, kind: str = kind, old: int = read[0], s: str = state
            ) -> Any:
                moved = []
                for target, value in RULES[kind](q, y, g):
                    moved.append((target, _replaced(q, value, q.targets[s], old)))
                return moved

            use = "outer product" if kind == "matvec" else "product"
            mistake = altered(
                model, f"early-{state}-{kind}",
                f"{state}_{{t-1}} is used where {state}_t belongs, in the {use}",
                rules={kind: earlier_value},
            )  # fmt: skip
            if mistake:
                yield mistake
            mistake = altered(
                model, f"stale-{state}-{kind}",
                f"{state}_t is used where {state}_{{t-1}} belongs, in the {use}",
                rules={kind: later_value},
            )  # fmt: skip
            if mistake:
                yield mistake


def _replaced(q: Program, value: int, old: int, new: int) -> int:
    """``value`` with its direct operand ``old`` exchanged for ``new``."""
    op = q.ops[value]
    if old not in op.args:
        return value
    args = [new if a == old else a for a in op.args]
    return q.emit(op.kind, args, op.shape, attr=op.attr, lead=op.lead)


# -- numbers ---------------------------------------------------------------------------------------


def _backward(problem: Problem, *, domain: Any = None, **hooks: Any) -> dict[str, Array]:
    """The gradient with hooks of :func:`~bptt_sym.evaluate.interpret.backward`."""
    domain = domain or floats()
    run = problem.run(domain)
    ones = {LOSS: np.ones((problem.steps, problem.batch))}
    with np.errstate(all="ignore"):
        grads, bars = backward(problem.model.adjoint, domain, run, ones, **hooks)
    rec = problem.model.rec

    def own(name: str) -> tuple[int, ...]:
        return tuple(Size.of(d).value(problem.dims) for d in rec.shape(name))

    known = {
        p: grads.get(p, np.zeros(own(p)))
        for parts in problem.model.layout.values()
        for p in parts
    }
    out = problem.model.pack(known, lambda values, rank: np.concatenate(values, -rank))
    for state in problem.initial:
        total = np.broadcast_to(bars[state, 1][0], (problem.batch, *own(state)))
        out[f"{state}0"] = total.sum(0) if problem.learned else total
    return out


def _numbers() -> Iterator[Mistake]:
    def rounded(problem: Problem, dtype: Any) -> dict[str, Array]:
        return {k: np.asarray(v, problem.dtype) for k, v in right(problem, dtype).items()}

    def clipped(problem: Problem, limit: float) -> dict[str, Array]:
        return {k: np.clip(v, -limit, limit) for k, v in right(problem).items()}

    def rescaled(problem: Problem, limit: float) -> dict[str, Array]:
        out = right(problem)
        size = float(np.sqrt(sum(float((out[k] ** 2).sum()) for k in problem.params)))
        return {k: v * min(1.0, limit / size) if size else v for k, v in out.items()}

    def inside(problem: Problem, change: Callable[[Array], Array]) -> dict[str, Array]:
        return _backward(problem, carry=change)

    yield Mistake("float32", "it was computed in float32", partial(rounded, dtype=np.float32))
    yield Mistake("float16", "it was computed in float16", partial(rounded, dtype=np.float16))
    for limit in (0.1, 1.0, 5.0):
        yield Mistake(
            f"clip-{limit:g}", f"its entries are clipped to ±{limit:g}",
            partial(clipped, limit=limit),
        )  # fmt: skip
        yield Mistake(
            f"norm-{limit:g}", f"it is rescaled to norm {limit:g}", partial(rescaled, limit=limit)
        )
        yield Mistake(
            f"clip-inside-{limit:g}",
            f"cotangents are clipped to ±{limit:g} inside the loop",
            partial(inside, change=lambda v, c=limit: np.clip(v, -c, c)),
        )
    yield Mistake(
        "carry-float32", "what is carried back is rounded to float32",
        partial(inside, change=lambda v: v.astype(np.float32).astype(np.float64)),
    )  # fmt: skip
    yield Mistake(
        "carry-decayed", "what is carried back is multiplied by 0.99 at each step",
        partial(inside, change=lambda v: 0.99 * v),
    )  # fmt: skip


__all__ = ["Gradient", "Mistake", "library", "right", "weighed"]
