"""Mistakes of single entries: loops over units that leave some out, or read one for all.

A matrix is gone through without its diagonal or its last row, a product is written over its own
operand entry by entry, one unit's value stands for that of every unit, one example's for all; a
product of matrices is not transposed as a whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from bptt_sym.evaluate.domains import floats
from bptt_sym.evaluate.program import PER_STEP
from bptt_sym.testing.dependence import behind
from bptt_sym.testing.derivation_mistakes import Mistake, owner_of
from bptt_sym.testing.inside_mistakes import hooked
from bptt_sym.testing.models import Model
from bptt_sym.testing.place_words import shown
from bptt_sym.testing.problems import Problem

Array = Any


def entry_mistakes(model: Model) -> Iterator[Mistake]:
    """All of them."""
    yield from _matrices(model)
    yield from _chains(model)
    yield from _one_for_all(model)


# -- matrices on the way back ---------------------------------------------------------------------


def _without(rows: slice, columns: slice) -> Callable[[Array], Array]:
    def change(matrix: Array) -> Array:
        out = np.array(matrix)
        if min(out.shape) > 1:
            out[rows, columns] = 0.0
        return out

    return change


_EVERY, _FIRST, _LAST = slice(None), slice(0, 1), slice(-1, None)
#: What may be left of a matrix M, and how it is said.
_LEFT: tuple[tuple[str, str, Callable[[Array], Array]], ...] = (
    ("no-diagonal", "is taken without its diagonal", lambda m: m - np.diag(np.diag(m))),
    ("diagonal", "is taken for a diagonal one", lambda m: np.diag(np.diag(m))),
    ("lower", "is taken without what is above its diagonal", np.tril),
    ("upper", "is taken without what is below its diagonal", np.triu),
    ("no-first-row", "is taken without its first row", _without(_FIRST, _EVERY)),
    ("no-last-row", "is taken without its last row", _without(_LAST, _EVERY)),
    ("no-first-column", "is taken without its first column", _without(_EVERY, _FIRST)),
    ("first-row", "is taken for its first row alone", lambda m: m - _without(_FIRST, _EVERY)(m)),
    ("last-row", "is taken for its last row alone", lambda m: m - _without(_LAST, _EVERY)(m)),
    ("no-last-column", "is taken without its last column", _without(_EVERY, _LAST)),
    ("absolute", "is taken by its absolute values", np.abs),
)
_DIAGONAL = frozenset(("no-diagonal", "diagonal", "lower", "upper"))


def _products_back(model: Model) -> dict[int, int]:
    """Products with the transpose of a parameter on the way back, and that parameter."""
    adj = model.adjoint
    ops, out = adj.program.ops, {}
    # What is passed back to the inputs alone is no gradient of a parameter.
    ends = [h for (name, _), h in adj.reads.items() if name in model.rec.states]
    wanted = behind(model, [*adj.params.values(), *ends])
    for i in range(adj.forward, len(ops)):
        op = ops[i]
        if i not in wanted or op.kind != "matvec" or op.lead < PER_STEP:
            continue
        if ops[op.args[0]].kind == "transpose" and ops[ops[op.args[0]].args[0]].kind == "param":
            out[i] = ops[op.args[0]].args[0]
    return out


def _square(model: Model, m: int) -> bool:
    shape = model.adjoint.program.shape(m)
    return len(shape) == 2 and shape[0] == shape[1]


def _matrices(model: Model) -> Iterator[Mistake]:
    ops, every = model.adjoint.program.ops, _products_back(model)
    square = {i: m for i, m in every.items() if _square(model, m)}
    groups = [("the recurrent matrix", square)] if square else []
    if len(every) > 1 or not square:
        groups += [
            (f"{ops[m].attr[0]} (in {shown(model, ops[i].args[0])} "
             f"{shown(model, ops[i].args[1])})", {i: m})
            for i, m in every.items() if len(square) > 1 or i not in square
        ]  # fmt: skip
    for words, some in groups:
        for code, left, change in _LEFT:
            if code in _DIAGONAL and not all(_square(model, m) for m in some.values()):
                continue

            def alter(
                i: int, v: Array, t: int, env: Any, some: Any = some, change: Any = change
            ) -> Array:
                if i not in some:
                    return v
                return np.asarray(env[ops[i].args[1]]) @ change(np.asarray(env[some[i]]))

            yield Mistake(
                f"matrix-{code}-{'-'.join(map(str, some))}",
                f"{words} {left} on the way back", partial(hooked, alter=alter),
            )  # fmt: skip
        if not all(_square(model, m) for m in some.values()):
            continue
        for turned in (False, True):

            def in_place(
                i: int, v: Array, t: int, env: Any, some: Any = some, turned: bool = turned
            ) -> Array:
                if i not in some:
                    return v
                matrix, out = np.asarray(env[some[i]]), np.array(env[ops[i].args[1]])
                for j in range(len(matrix))[:: -1 if turned else 1]:
                    out[..., j] = out @ matrix[:, j]
                return out

            yield Mistake(
                f"in-place-{turned:d}-{'-'.join(map(str, some))}",
                f"the product with {words} on the way back is written over its own operand entry "
                "by entry" + (", the last one first" if turned else ""),
                partial(hooked, alter=in_place),
            )  # fmt: skip


def _chains(model: Model) -> Iterator[Mistake]:
    """(A B) v for (A B)ᵀ v, where a vector is multiplied by two matrices in turn."""
    p, ops, every = model.program, model.adjoint.program.ops, _products_back(model)
    for i, first in every.items():
        inner = ops[i].args[1]
        second = every.get(inner)
        if second is None or p.shape(second)[0] != p.shape(first)[1]:
            continue

        def alter(
            k: int, v: Array, t: int, env: Any, i: int = i, inner: int = inner, a: int = second,
            b: int = first,
        ) -> Array:  # fmt: skip
            if k != i:
                return v
            return np.asarray(env[ops[inner].args[1]]) @ (np.asarray(env[a]) @ env[b]).T

        names = f"{ops[second].attr[0]} {ops[first].attr[0]}"
        yield Mistake(
            f"chain-{i}", f"the product {names} is not transposed on the way back",
            partial(hooked, alter=alter),
        )  # fmt: skip


# -- one for all ----------------------------------------------------------------------------------

#: What stands for a value, ``(B, rows)``.
_ONE: tuple[tuple[str, str, Callable[[Array], Array]], ...] = (
    ("first-unit", "{} of the first unit stands for that of every unit", lambda v: v[:, :1]),
    ("last-unit", "{} of the last unit stands for that of every unit", lambda v: v[:, -1:]),
    ("mean-unit", "the mean of {} over the units stands for that of every unit",
     lambda v: v.mean(1, keepdims=True)),
    ("first-example", "{} of the first example stands for that of every example",
     lambda v: v[:1]),
    ("last-example", "{} of the last example stands for that of every example",
     lambda v: v[-1:]),
    ("mean-example", "the mean of {} over the examples stands for that of every example",
     lambda v: v.mean(0, keepdims=True)),
)  # fmt: skip


def _one_for_all(model: Model) -> Iterator[Mistake]:
    """Of each factor of the way back: slopes, gates, states, inputs, and cotangents."""
    adj, p = model.adjoint, model.adjoint.program
    ops = p.ops
    back = set(range(adj.forward, len(ops)))
    factors = {
        a for i in back for a in ops[i].args
        if ops[i].kind in ("mul", "outer", "contract") and len(p.shape(a)) == 1
        and (ops[a].lead >= PER_STEP or ops[a].kind == "param")
        and ops[a].kind not in ("expand", "later", "const")
    }  # fmt: skip
    for a in sorted(factors):
        if a in adj.of or (a in back and ops[a].kind != "fn"):
            continue
        if owner_of(model, a) == "the loss" and a < adj.forward:
            continue
        for code, words, one in _ONE:
            if ops[a].kind == "param" and "example" in code:
                continue

            def gradient(problem: Problem, a: int = a, one: Any = one) -> dict[str, Array]:
                def taken(v: Array) -> Array:
                    v = np.asarray(v)
                    v = np.broadcast_to(v, (problem.batch, v.shape[-1]))
                    return np.broadcast_to(one(v), v.shape)

                if a >= adj.forward:
                    return hooked(problem, alter=lambda i, v, t, _: taken(v) if i == a else v)
                run = problem.run(floats())
                if a in run.fixed:
                    run.fixed[a] = taken(np.asarray(run.fixed[a])[None])[0]
                for step in run.steps:
                    if a in step:
                        step[a] = taken(step[a])
                return problem.gradient_in(floats(), run)

            yield Mistake(f"one-{code}-{a}", words.format(_said(model, a)), gradient)


def _said(model: Model, a: int) -> str:
    op = model.adjoint.program.ops[a]
    if op.kind == "fn" and a >= model.adjoint.forward:
        f = "σ" if op.attr[0] == "sigma" else op.attr[0]
        return f"{f}′ in {owner_of(model, op.args[0])}"
    return shown(model, a)


__all__ = ["entry_mistakes"]
