"""Mistakes made by one change in the derivation: a wrong rule, or a path that is cut."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import Any, final

from bptt_sym.errors import BpttError
from bptt_sym.evaluate.adjoint import RULES, Adjoint, Edge, Rule, adjoint
from bptt_sym.evaluate.domains import floats
from bptt_sym.evaluate.program import Op, Program
from bptt_sym.testing.models import Model
from bptt_sym.testing.problems import Problem

Array = Any
Gradient = Callable[[Problem], Mapping[str, Array]]


@final
@dataclass(frozen=True, eq=False)
class Mistake:
    """A wrong gradient: a stable ``code``, what is wrong in words, and the rule to compute it.

    ``alone`` tells whether it may befall one parameter and leave the others as they are, ``whole``
    that it cannot: it explains nothing unless all that it would change is wrong. ``spares`` are the
    gradients that it leaves right where T = 1, by name. ``how`` are rules and an edge that make it.
    """

    code: str
    message: str
    gradient: Gradient
    alone: bool = False
    whole: bool = False
    spares: frozenset[str] = frozenset()
    how: tuple[Mapping[str, Rule], Edge | None] | None = None


def derivation_mistakes(model: Model) -> Iterator[Mistake]:
    """Every mistake of this kind, the simplest explanations first."""
    yield from _slopes(model)
    yield from _paths(model)
    yield from _products(model)
    yield from _factors(model)
    yield from _stale(model)


def through(problem: Problem, wrong: Adjoint) -> dict[str, Array]:
    """The gradient by another adjoint of the step, by name."""
    return problem.gradient_in(floats(), problem.plain_run, wrong)


def altered(
    model: Model,
    code: str,
    message: str,
    *,
    rules: Mapping[str, Rule] | None = None,
    edge: Edge | None = None,
) -> Mistake | None:
    """The mistake of differentiating with other rules or edges; ``None`` if nothing changes."""
    table = {**RULES, **(rules or {})}

    try:
        wrong = adjoint(model.rec, model.program, loss_seed=True, rules=table, edge=edge)
    except BpttError:
        return None
    exact = model.adjoint
    if all(getattr(wrong, k) == getattr(exact, k) for k in ("params", "reads")) and (
        wrong.program.ops == exact.program.ops
    ):
        return None
    return Mistake(code, message, partial(through, wrong=wrong), how=(rules or {}, edge))


def _slopes(model: Model) -> Iterator[Mistake]:
    p = model.program
    functions = [i for i, op in enumerate(p.ops) if op.kind == "fn" and op.attr[1] == 0]
    Wrong = Callable[[Program, int, int, str], int]
    forms: list[tuple[str, str, Wrong]] = [
        ("missing", "the derivative of {f} is missing", lambda q, a, y, f: q.const(1, q.shape(a))),
        ("at-output", "{f}′ is taken at the output instead of at the pre-activation",
         lambda q, a, y, f: q.fn(f, y, 1)),
        ("of-argument", "the formula of {f}′ is applied to the pre-activation, not to the output",
         lambda q, a, y, f: slope_from_value(q, a, f)),
        ("other", "the derivative of {g} is used for {f}",
         lambda q, a, y, f: slope_from_value(q, y, _other(f))),
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
                return [(q.ops[y].args[0], q.mul(g, slope_from_value(q, old, q.ops[y].attr[0])))]

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
            owners = [(owner_of(model, i), i) for i in group]
            wheres += [(owner, f" in {owner}", frozenset({i})) for owner, i in owners]
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


def slope_from_value(q: Program, y: int, f: str) -> int:
    """The derivative of ``f`` from its value ``y``: 1 - y² or y(1 - y)."""
    one = q.const(1, q.shape(y))
    if f == "tanh":
        return q.add(one, q.neg(q.mul(y, y)))
    return q.mul(y, q.add(one, q.neg(y)))


def _other(f: str) -> str:
    return "sigma" if f == "tanh" else "tanh"


def _shown(f: str) -> str:
    return "σ" if f == "sigma" else f


def owner_of(model: Model, i: int) -> str:
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


def path_groups(model: Model) -> dict[tuple[str, str], set[tuple[int, int]]]:
    """By the quantity that is computed and the one that goes into it: the edges between them."""
    p = model.program
    state_reads = {i for i, op in enumerate(p.ops) if op.kind == "read" and op.attr[0] in p.targets}
    ends = {*state_reads, *p.targets.values()}
    pairs: dict[tuple[str, str], set[tuple[int, int]]] = {}
    for i, op in enumerate(p.ops):
        for a in op.args:
            if a in ends:
                owner = owner_of(model, i)
                pairs.setdefault((owner, str(_leaf(p, a))), set()).add((i, a))
    return pairs


def _paths(model: Model) -> Iterator[Mistake]:
    """Cut, negate or double each path from one quantity to the next."""
    p, pairs = model.program, path_groups(model)
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
    for (owner, leaf), edges in pairs.items():
        if len(edges) > 1 and len(edges) <= 4:
            for i, a in sorted(edges):
                yield from _cut(
                    model, f"path-{leaf}-{owner}-{i}",
                    f"one of the paths from {leaf} through {owner} (by {_operation(p, i)})",
                    frozenset({(i, a)}), only_cut=True,
                )  # fmt: skip
    carried = {n: {(i, a) for i, a in _edges(p) if p.ops[a].kind == "read"
                   and p.ops[a].attr[0] == n} for n in model.rec.states}  # fmt: skip
    if len(carried) > 1:
        for name, edges in carried.items():
            yield from _cut(model, f"carried-{name}",
                            f"what {name} carries from step to step", frozenset(edges))  # fmt: skip


def _operation(p: Program, i: int) -> str:
    """What is computed there, in words."""
    op = p.ops[i]
    if op.kind in ("mul", "add"):
        return {"mul": " times ", "add": " plus "}[op.kind].join(
            described(p, a, nested=True) for a in op.args
        )
    return {"neg": "its difference to something", "matvec": "a product"}.get(op.kind, op.kind)


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

        def edge(q: Program, source: int, target: int, g: int, action: Any = action) -> int | None:
            return action(q, g) if (source, target) in edges else g

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
        owners = [owner_of(model, i) for i in square]
        for i, owner in zip(square, owners, strict=True):
            words = f"{described(p, p.ops[i].args[0])} {described(p, p.ops[i].args[1])}"
            place = f"{owner} ({words})" if owners.count(owner) > 1 else owner
            groups.append((frozenset({i}), f" in {place}"))
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
            if y not in group or not _sloped(q, g):
                return RULES["matvec"](q, y, g)
            before, slope = q.ops[g].args
            return [(m, q.outer(g, v)), (v, q.mul(q.matvec(q.transpose(m), before), slope))]

        def bare(q: Program, y: int, g: int, group: Any = group) -> Any:
            m, v = q.ops[y].args
            if y not in group or not _sloped(q, g):
                return RULES["matvec"](q, y, g)
            return [(m, q.outer(g, v)), (v, q.matvec(q.transpose(m), q.ops[g].args[0]))]

        def doubled(q: Program, y: int, g: int, group: Any = group) -> Any:
            m, v = q.ops[y].args
            if y not in group or not _sloped(q, g):
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

        def turned(q: Program, y: int, g: int, group: Any = group) -> Any:
            # The whole Jacobian diag(φ′) U is transposed: φ′ ⊙ (U g) for Uᵀ (φ′ ⊙ g).
            m, v = q.ops[y].args
            if y not in group or not _sloped(q, g):
                return RULES["matvec"](q, y, g)
            before, slope = q.ops[g].args
            return [(m, q.outer(g, v)), (v, q.mul(q.matvec(m, before), slope))]

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
            ("turned", "the Jacobian diag(φ′) U is transposed once too often on the way back",
             turned),
        ):  # fmt: skip
            name = f"{code}{place.replace(' in ', '-')}"
            mistake = altered(model, name, message + place, rules={"matvec": rule})
            if mistake:
                yield mistake


def _sloped(q: Program, g: int) -> bool:
    """Whether a cotangent is something times an activation's derivative."""
    if q.ops[g].kind != "mul":
        return False
    factor = q.ops[q.ops[g].args[1]]
    return factor.kind == "fn" and factor.attr[1] == 1


def _factors(model: Model) -> Iterator[Mistake]:
    """Elementwise products differentiated wrongly."""
    p = model.program
    for i, op in enumerate(p.ops):
        if op.kind != "mul" or op.args[0] == op.args[1] or op.lead < 2:
            continue
        a, b = op.args
        if p.constant(a) is not None or p.constant(b) is not None:
            continue
        names = [described(p, x) for x in (a, b)]
        owner = owner_of(model, i)
        if owner == "the loss":
            continue

        def rule_for(change: Callable[..., list[tuple[int, int]]], at: int = i) -> Rule:
            def rule(q: Program, y: int, g: int) -> Any:
                if y != at:
                    return RULES["mul"](q, y, g)
                return change(q, g, *q.ops[y].args)

            return rule

        changes: list[tuple[str, str, Callable[..., list[tuple[int, int]]]]] = [
            ("exchanged",
             f"the factors {names[0]} and {names[1]} are exchanged in the product rule",
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
                     f"{_shown(name)} is missing: {described(p, inner)} stands for {names[k]} in "
                     f"the factor of {names[1 - k]}",
                     lambda q, g, a, b, k=k, inner=inner: [
                         (a, q.mul(g, inner if k == 1 else b)),
                         (b, q.mul(g, inner if k == 0 else a)),
                     ])
                )  # fmt: skip
        for code, message, change in changes:
            place = f" (in {owner})"
            mistake = altered(
                model,
                f"factor-{code}-{owner}-{i}",
                message + place,
                rules={"mul": rule_for(change)},
            )
            if mistake:
                yield mistake


def described(p: Program, a: int, nested: bool = False) -> str:
    """An operand in words."""
    leaf = _leaf(p, a)
    if leaf:
        return leaf
    op = p.ops[a]
    if op.kind == "fn":
        return f"{_shown(op.attr[0])}({described(p, op.args[0])})"
    if op.kind == "param":
        return str(op.attr[0])
    if op.kind in ("expand", "transpose"):
        return described(p, op.args[0]) + "ᵀ" * (op.kind == "transpose")
    if op.kind in ("matvec", "mul"):
        product = " ".join(described(p, x, nested=True) for x in op.args)
        return f"({product})" if nested else product
    if op.kind == "add" and p.constant(op.args[0]) == 1 and p.ops[op.args[1]].kind == "neg":
        return f"1 - {described(p, p.ops[op.args[1]].args[0])}"
    return "a sum" if op.kind == "add" else f"a {op.kind}"


def _stale(model: Model) -> Iterator[Mistake]:
    """The value of one step used where that of another belongs."""
    p = model.program
    for state in model.rec.states:
        for kind in ("matvec", "mul"):
            read = [i for i, op in enumerate(p.ops) if op.kind == "read" and op.attr == (state, 1)]
            if not read or not any(read[0] in op.args for op in p.ops if op.kind == kind):
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
