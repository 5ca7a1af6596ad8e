"""Mistakes with a parameter that a step uses twice or more: tied weights, counted wrongly."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any

from bptt_sym.evaluate.adjoint import RULES
from bptt_sym.evaluate.program import Program
from bptt_sym.testing.at_hand import Values
from bptt_sym.testing.derivation_mistakes import Mistake, altered, described, owner_of
from bptt_sym.testing.models import Model
from bptt_sym.testing.problems import Problem

Array = Any


def shared_mistakes(model: Model) -> Iterator[Mistake]:
    """The share of one use is lost, counted twice, transposed, or has the wrong sign."""
    yield from _vectors(model)
    yield from _matrices(model)
    yield from _expressions(model)


#: A code, what is said, and what becomes of a share.
Change = tuple[str, str, Callable[[Program, int], int | None]]


def _usual(share: str) -> list[Change]:
    """What may happen to any share of a gradient."""
    return [
        ("lost", f"{share} is missing", lambda q, g: None),
        ("twice", f"{share} is counted twice", lambda q, g: q.add(g, g)),
        ("negated", f"{share} has the wrong sign", lambda q, g: q.neg(g)),
    ]


def _of_a_share(
    model: Model, use: tuple[int, int], name: str, changes: list[Change]
) -> Iterator[Mistake]:
    """The mistakes in the share of one use: where the parameter is taken, and which it is."""
    for code, said, change in changes:

        def edge(
            q: Program, source: int, target: int, g: int,
            change: Callable[[Program, int], int | None] = change,
        ) -> int | None:  # fmt: skip
            return change(q, g) if (source, target) == use else g

        mistake = altered(model, f"share-{code}-{name}-{use[0]}", said, edge=edge)
        if mistake:
            yield replace(mistake, alone=True)


def _vectors(model: Model) -> Iterator[Mistake]:
    """Vectors and numbers that several sums or products of a step take."""
    p = model.program
    for root, op in enumerate(p.ops):
        if op.kind != "param" or len(op.shape) > 1:
            continue
        uses = [(i, a) for i, o in enumerate(p.ops) for a in dict.fromkeys(o.args) if a == root]
        owners = [owner_of(model, i) for i, _ in uses]
        for (at, _), owner in zip(uses, owners, strict=True):
            if len(set(owners)) < 2:
                continue
            share = f"the share of {owner} in the gradient of {op.attr[0]}"
            yield from _of_a_share(model, (at, root), str(op.attr[0]), _usual(share))


def _matrices(model: Model) -> Iterator[Mistake]:
    p = model.program
    uses: dict[int, list[int]] = {}
    for i, op in enumerate(p.ops):
        if op.kind != "matvec":
            continue
        m = op.args[0]
        root = p.ops[m].args[0] if p.ops[m].kind == "transpose" else m
        if p.ops[root].kind == "param":
            uses.setdefault(root, []).append(i)
    for root, places in uses.items():
        if len(places) < 2:
            continue
        name, square = p.ops[root].attr[0], len(set(p.shape(root))) == 1
        alike = len({p.shape(p.ops[i].args[1]) for i in places}) == 1
        if alike and len(outer_products(model, str(name))) == len(places):
            yield Mistake(
                f"share-crossed-{name}",
                f"in the gradient of {name} the cotangents of its uses are added, and what it is "
                "multiplied by, before the outer product is taken",
                partial(_crossed, name=str(name)), alone=True,
            )  # fmt: skip
        for at in places:
            m, v = p.ops[at].args
            product = f"{name}{'' if m == root else '^T'} {described(p, v)}"
            for code, said in (
                ("lost", f"the share of {product} in the gradient of {name} is missing"),
                ("twice", f"the share of {product} in the gradient of {name} is counted twice"),
                ("negated", f"the share of {product} in the gradient of {name} has the wrong sign"),
                ("turned", f"the share of {product} in the gradient of {name} is transposed"),
            ):
                if code == "turned" and not square:
                    continue

                def rule(
                    q: Program, y: int, g: int, at: int = at, code: str = code
                ) -> list[tuple[int, int]]:
                    (m, share), (v, back) = RULES["matvec"](q, y, g)
                    if y != at:
                        return [(m, share), (v, back)]
                    if code == "lost":
                        return [(v, back)]
                    made = {
                        "twice": lambda: q.outer(q.add(g, g), v),
                        "negated": lambda: q.outer(q.neg(g), v),
                        "turned": lambda: q.outer(v, g),
                    }[code]()
                    return [(m, made), (v, back)]

                code_ = f"share-{code}-{name}-{at}"
                mistake = altered(model, code_, said, rules={"matvec": rule})
                if mistake:
                    # What is carried back is right: other gradients are what they should be.
                    yield replace(mistake, alone=True)


def _expressions(model: Model) -> Iterator[Mistake]:
    """Matrices that sums of matrices take, as U − Uᵀ or the symmetric part of U."""
    p = model.program
    for root, op in enumerate(p.ops):
        users = [i for i, o in enumerate(p.ops) if root in o.args]
        if op.kind != "param" or len(op.shape) != 2 or len(users) < 2:
            continue
        if all(p.ops[i].kind == "matvec" or _turned_for_a_product(p, i) for i in users):
            continue
        name = str(op.attr[0])
        for at in users:
            use = f"{name}^T" if p.ops[at].kind == "transpose" else f"{name} itself"
            share = f"the share of {use} in the gradient of {name}"
            changes = _usual(share)
            if len(set(op.shape)) == 1:
                text = f"{share} is not transposed" if use != f"{name} itself" else (
                    f"{share} is transposed")
                changes.append(("turned", text, lambda q, g: q.transpose(g)))
            yield from _of_a_share(model, (at, root), name, changes)


def _turned_for_a_product(p: Program, i: int) -> bool:
    """A transpose that only products by vectors take: a use like any other."""
    users = [o for o in p.ops if i in o.args]
    return p.ops[i].kind == "transpose" and all(o.kind == "matvec" for o in users)


def outer_products(model: Model, name: str) -> list[tuple[int, ...]]:
    """The factors of the outer products that a gradient is the sum of; empty if it is none."""
    adj = model.adjoint
    waiting, shares = [adj.params[name]] if name in adj.params else [], []
    while waiting:
        op = adj.program.ops[waiting.pop()]
        if op.kind == "add":
            waiting += op.args
        elif op.kind == "contract":
            shares.append(op.args)
        else:
            return []
    return shares


def _crossed(problem: Problem, name: str) -> dict[str, Array]:
    """One outer product of sums over the uses for the sum of their outer products."""
    seen, shares = Values(problem), outer_products(problem.model, name)
    total: Array = 0.0
    for t in range(problem.steps):
        left, right = (sum(seen.operand(s[k], t) for s in shares) for k in (0, 1))
        total = total + left.T @ right
    return {**seen.gradient, name: total}


__all__ = ["outer_products", "shared_mistakes"]
