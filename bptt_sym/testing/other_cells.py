"""Gradients of other cells with the same parameters, as other papers and libraries have them.

Code may compute a right gradient of a cell that is not the one meant: the update gate of a GRU
weighs the old state or the new one, a reset gate acts before the recurrent matrix or behind it, one
gate is the complement of another.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any

from bptt_sym import notation as n
from bptt_sym.evaluate.domains import floats
from bptt_sym.evaluate.formula import equation_text
from bptt_sym.recurrence import Recurrence
from bptt_sym.testing.derivation_mistakes import Mistake
from bptt_sym.testing.models import Model
from bptt_sym.testing.problems import Problem

Array = Any
_NOW = n.Idx("t")


def other_cells(model: Model) -> Iterator[Mistake]:
    """The gradient of every cell that is one convention away."""
    seen = {e.rhs for e in model.rec.equations}
    for e in model.rec.equations:
        for rhs in (*_complements(model.rec, e.rhs), *_moved_factors(model.rec, e.rhs)):
            if rhs in seen:
                continue
            seen.add(rhs)
            changed = replace(e, rhs=rhs)
            equations = tuple(changed if k is e else k for k in model.rec.equations)
            other = replace(model, rec=replace(model.rec, equations=equations))
            yield Mistake(
                f"cell-{e.target}-{len(seen)}",
                f"it is the gradient of another cell, in which {equation_text(changed)}",
                partial(_gradient, model=other), whole=True,
            )  # fmt: skip
            yield Mistake(
                f"cell-back-{e.target}-{len(seen)}",
                "the way back is that of another cell, in which "
                f"{equation_text(changed)}, and the forward pass is right",
                partial(_way_back, model=other),
            )


def _way_back(problem: Problem, model: Model) -> dict[str, Array]:
    """The way back of another cell, at the states and gates of the right one."""
    right, domain = problem.plain_run, floats()
    ours, theirs = problem.model.program, model.program
    known = {theirs.targets[k]: i for k, i in ours.targets.items() if k in theirs.targets}
    for i, j in list(known.items()):
        there, here = theirs.ops[i], ours.ops[j]
        if there.kind == here.kind == "fn":  # a slope is taken at the argument
            known[there.args[0]] = here.args[0]

    def at_the_right_value(i: int, value: Array, t: int, env: Any) -> Array:
        return right.steps[t][known[i]] if i in known else value

    other = problem.replaced(model=model)
    return other.gradient_in(domain, other.run(domain, alter=at_the_right_value))


def _gradient(problem: Problem, model: Model) -> dict[str, Array]:
    return problem.replaced(model=model).gradient_in(floats())


def _gates(rec: Recurrence) -> list[n.At]:
    """The values of a step that a logistic function gives."""
    return [
        n.At(e.target, _NOW) for e in rec.equations
        if isinstance(e.rhs, n.Fn) and e.rhs.name == "sigma"
    ]  # fmt: skip


def _complement(gate: n.Node) -> n.Node:
    return n.Add((n.num(1), n.Neg(gate)))


def _is_complement(node: n.Node, gate: n.Node) -> bool:
    return isinstance(node, n.Add) and set(node.args) == {n.num(1), n.Neg(gate)}


def _complements(rec: Recurrence, rhs: n.Node) -> Iterator[n.Node]:
    """A gate and its complement exchanged; a gate that is the complement of another one."""
    gates = _gates(rec)
    used = [g for g in gates if any(x == g for x in n.walk(rhs))]
    for gate in used:

        def exchanged(node: n.Node, gate: n.At = gate) -> n.Node:
            if _is_complement(node, gate):
                return gate
            return _complement(gate) if node == gate else n.rebuild(node, exchanged)

        yield exchanged(rhs)
        for other in used:
            if other == gate:
                continue

            def coupled(node: n.Node, gate: n.At = gate, other: n.At = other) -> n.Node:
                return _complement(other) if node == gate else n.rebuild(node, coupled)

            yield coupled(rhs)


def _moved_factors(rec: Recurrence, rhs: n.Node) -> Iterator[n.Node]:
    """U (r ⊙ v) for r ⊙ (U v) or r ⊙ (U v + b), and the other way round."""
    biases = [x for x in n.walk(rhs) if isinstance(x, n.Sym) and len(rec.shape(x.name)) == 1]

    def square(node: n.Node) -> bool:
        shape = rec.shape(node.name) if isinstance(node, n.Sym) else ()
        return len(shape) == 2 and shape[0] == shape[1]

    def behind(node: n.Node, k: int) -> n.Node | None:
        if not (isinstance(node, n.Mul) and square(node.args[0]) and len(node.args) == 2):
            return None
        inner = node.args[1]
        if not isinstance(inner, n.Had) or k >= len(inner.args):
            return None
        rest = [a for j, a in enumerate(inner.args) if j != k]
        left = rest[0] if len(rest) == 1 else n.Had(tuple(rest))
        return n.Had((inner.args[k], n.Mul((node.args[0], left))))

    def before(node: n.Node, k: int) -> n.Node | None:
        if not isinstance(node, n.Had) or k >= len(node.args):
            return None
        product = node.args[k]
        if not (isinstance(product, n.Mul) and square(product.args[0]) and len(product.args) == 2):
            return None
        rest = tuple(a for j, a in enumerate(node.args) if j != k)
        return n.Mul((product.args[0], n.Had((*rest, product.args[1]))))

    for move in (behind, before):
        for k in range(3):
            moved = _somewhere(rhs, partial(move, k=k))
            if moved is None:
                continue
            yield moved
            if move is before:
                continue
            for bias in biases:
                yield _with_bias(moved, bias)


def _somewhere(node: n.Node, change: Callable[[n.Node], n.Node | None]) -> n.Node | None:
    """``node`` with the first change that applies; ``None`` if none does."""
    done: list[bool] = []

    def visit(x: n.Node) -> n.Node:
        if done:
            return x
        new = change(x)
        if new is not None:
            done.append(True)
            return new
        return n.rebuild(x, visit)

    out = visit(node)
    return out if done else None


def _with_bias(node: n.Node, bias: n.Sym) -> n.Node:
    """r ⊙ (U v) + b as r ⊙ (U v + b)."""

    def visit(x: n.Node) -> n.Node:
        if isinstance(x, n.Add) and bias in x.args:
            rest = [a for a in x.args if a != bias]
            for k, a in enumerate(rest):
                if isinstance(a, n.Had) and any(isinstance(f, n.Mul) for f in a.args):
                    rest[k] = n.Had(
                        tuple(n.Add((f, bias)) if isinstance(f, n.Mul) else f for f in a.args)
                    )
                    return n.add(*rest)
        return n.rebuild(x, visit)

    return visit(node)


__all__ = ["other_cells"]
