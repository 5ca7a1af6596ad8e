"""The values that code for a gradient has at hand at a step, and terms made of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, final

import numpy as np

from bptt_sym.evaluate.adjoint import Adjoint
from bptt_sym.evaluate.domains import floats
from bptt_sym.evaluate.interpret import depends_on_sums
from bptt_sym.evaluate.program import PER_STEP, Program, Sizes
from bptt_sym.testing.derivation_mistakes import owner_of
from bptt_sym.testing.models import Model
from bptt_sym.testing.problems import Problem

Array = Any
#: ``look(handle, t)``: the value of an operation at step t + 1, ``(B, *own)`` or ``own``.
Look = Callable[[int, int], Array]
#: ``value(look, t, T)``.
Value = Callable[[Look, int, int], Array]


@final
@dataclass(frozen=True)
class Term:
    """Something that code may compute at a step: in words, how involved it is, and its value."""

    words: str
    cost: int
    value: Value

    def times(self, other: Term) -> Term:
        """The elementwise product."""
        return _joined(self, "⊙", other, lambda a, b: a * b)


def _joined(a: Term, sign: str, b: Term, made: Callable[[Array, Array], Array]) -> Term:
    def value(look: Look, t: int, steps: int) -> Array:
        return made(a.value(look, t, steps), b.value(look, t, steps))

    left, right = (f"({x.words})" if sign == "⊙" and "+" in x.words else x.words for x in (a, b))
    return Term(f"{left} {sign} {right}", a.cost + b.cost + 1, value)


def _scaled(a: Term, factor: float) -> Term:
    words = {1.0: "", -1.0: "−", 2.0: "2 ", 0.5: "½ "}[factor] + a.words
    cost = a.cost + (factor != 1.0)
    return Term(words, cost, lambda look, t, steps: factor * a.value(look, t, steps))


class Values:
    """A problem's way back in float64, with every value of every step.

    Something may be added to one operation at some steps, or another term put in its place.
    """

    def __init__(
        self,
        problem: Problem,
        change: Callable[[int, Array, int, Any], Array] | None = None,
        plain: Values | None = None,
    ) -> None:
        self.problem = problem
        self._plain = plain
        self._now: dict[int, Any] = {}

        def alter(i: int, v: Array, t: int, env: Any) -> Array:
            self._now[t] = env
            return v if change is None else change(i, v, t, env)

        self.gradient = {
            k: np.asarray(v, float)
            for k, v in problem.gradient_in(floats(), problem.plain_run, alter=alter).items()
            if k != "x"
        }

    def at(self, i: int, t: int) -> Array:
        """The value of an operation at step t + 1."""
        return self._now[t][i]

    def operand(self, i: int, t: int) -> Array:
        """The same with its axis of examples, ``(B, rows)``."""
        value = np.asarray(self.at(i, t), float)
        return np.broadcast_to(value, (self.problem.batch, value.shape[-1]))

    def _look(self, i: int, t: int, now: int) -> Array:
        # The loop comes from the end: what other steps give is that of the right way back.
        source = self if t == now or self._plain is None else self._plain
        return source.at(i, t)

    def injected(self, i: int, added: Mapping[int, Array]) -> Values:
        """The same with something added to operation ``i``: ``(rows,)`` by step."""

        def change(j: int, v: Array, t: int, env: Any) -> Array:
            if j != i or t not in added:
                return v
            return v + np.reshape(added[t], np.shape(v)[-1:] if np.ndim(v) > 1 else np.shape(v))

        return Values(self.problem, change, self)

    def replaced(self, i: int, term: Term) -> Values:
        """The same with ``term`` in place of operation ``i`` at every step."""

        def change(j: int, v: Array, t: int, env: Any) -> Array:
            if j != i:
                return v

            def look(h: int, s: int) -> Array:
                # What the table has further down may be wanted now.
                return self._early(h, env) if s == t else self.at(h, s)

            made = term.value(look, t, self.problem.steps)
            return np.broadcast_to(made, np.broadcast_shapes(np.shape(v), np.shape(made)))

        return Values(self.problem, change, self)

    def _early(self, h: int, env: Any) -> Array:
        if h in env:
            return env[h]
        p = self.problem.model.adjoint.program
        op = p.ops[h]
        args = [self._early(a, env) for a in op.args]
        return floats().apply(op, args, [p.ops[a] for a in op.args], self.problem.dims)

    def term(self, term: Term, t: int, rows: int) -> Array:
        """The value of a term at step t + 1, ``(B, rows)``."""
        value = term.value(lambda h, s: self._look(h, s, t), t, self.problem.steps)
        return np.broadcast_to(np.asarray(value, float), (self.problem.batch, rows))

    def of(self, term: Term, shown: Array) -> Array:
        """A term's entries at the places of ``shown``, ``(T, rows)``; for one example."""
        steps, rows = shown.shape
        return np.stack([self.term(term, t, rows)[0] for t in range(steps)])[shown]

    def flat(self, i: int, shown: Array) -> Array:
        """An operation's entries at the places of ``shown``."""
        return np.stack([np.ravel(self.at(i, t)) for t in range(len(shown))])[shown]


@final
@dataclass(frozen=True)
class Terms:
    """Terms of one shape, of what is not computed from the operation ``place`` in its own step.

    Also the values of other steps, of what does not depend on the steps after it: inputs, states,
    and cotangents that come from the loss of the step alone. Shapes are those of a problem with
    ``dims``: where two of them are equal, code may take one for the other.
    """

    model: Model
    shape: Sizes
    dims: Mapping[str, int]
    place: int | None = None

    def _rows(self, shape: Sizes) -> tuple[int, ...]:
        return tuple(s.value(self.dims) for s in shape)

    @cached_property
    def simple(self) -> list[Term]:
        """Values that are there, their complements to 1, values of other steps, 0 and 1."""
        out = list(self._values(self._rows(self.shape)))
        ones = [Term("0", 1, _constant(0.0)), Term("1", 1, _constant(1.0))]
        return [*out, *ones]

    def _values(self, rows: tuple[int, ...]) -> Iterator[Term]:
        adj = self.model.adjoint
        p = adj.program
        summed, free = depends_on_sums(p), _free(adj)
        sources = {*p.targets.values()}
        after = _after(p, self.place)
        for h, op in enumerate(p.ops):
            if self._rows(op.shape) != rows or h in summed or op.kind in ("const", "unit", "seed"):
                continue
            if h in after:
                continue
            if op.lead < PER_STEP and op.kind != "param":
                continue
            words = shown(self.model, h)
            forms = [(words, _own(h))]
            if op.kind == "fn" and op.attr == ("sigma", 0):
                forms.append((f"(1 − {words})", _complement(h)))
            for name, value in forms:
                yield Term(name, 1, value)
                if op.lead < PER_STEP or not (h in sources or op.kind == "read" or h in free):
                    continue
                for word, move in _MOVES.items():
                    moved = _moved(value, move)
                    if op.kind == "read" and op.attr[0] in p.targets and word == _BEFORE:
                        moved = _entry_before(h, p.targets[op.attr[0]])
                    yield Term(f"[{name} {word}]", 3, moved)

    def products(self) -> list[Term]:
        """A matrix times a vector that is there, both ways where the shapes allow it."""
        p = self.model.adjoint.program
        out: list[Term] = []
        vectors: dict[tuple[int, ...], list[Term]] = {}
        if len(self.shape) != 1:
            return out
        for m, op in enumerate(p.ops[: self.model.adjoint.forward]):
            if op.kind != "param" or len(op.shape) != 2:
                continue
            name = str(op.attr[0])
            for k, words in ((0, name), (1, f"{name}ᵀ")):
                sizes = self._rows(op.shape)
                if sizes[k] != self._rows(self.shape)[0]:
                    continue
                inner = (sizes[1 - k],)
                if inner not in vectors:
                    vectors[inner] = list(self._values(inner))
                for v in vectors[inner]:
                    out.append(Term(f"{words} {v.words}", v.cost + 1, _times(m, k == 1, v)))
        return out

    def matching(self, table: Array, target: Array, within: float) -> list[Term]:
        """The terms ``simple``, times 1, −1, 2 or ½, that have the values ``target``."""
        found = []
        for factor in (1.0, -1.0, 2.0, 0.5):
            for k in _close(factor * table, target, within):
                found.append(_scaled(self.simple[k], factor))
        return sorted(found, key=lambda t: t.cost)

    def matching_products(
        self, table: Array, more: Array | None, products: list[Term], target: Array, within: float
    ) -> list[Term]:
        """Products and sums of two terms, then of three, that have the values ``target``."""
        terms, found = self.simple, []
        for factor in (1.0, -1.0):
            if more is not None:
                for k in _close(factor * more, target, within):
                    found.append(_scaled(products[k], factor))
        for a in range(len(table)):
            for k in _close(table[a] * table[: a + 1], target, within):
                found.append(terms[a].times(terms[k]))
            for k in _close(-table[a] * table[: a + 1], target, within):
                found.append(_scaled(terms[a].times(terms[k]), -1.0))
            for k in _close(table[a] + table[:a], target, within):
                found.append(_joined(terms[a], "+", terms[k], np.add))
            for k in _close(table[a] - table, target, within):
                found.append(_joined(terms[a], "−", terms[k], np.subtract))
            if more is not None:
                for k in _close(table[a] + more, target, within):
                    found.append(_joined(products[k], "+", terms[a], np.add))
                for k in _close(more - table[a], target, within):
                    found.append(_joined(products[k], "−", terms[a], np.subtract))
        if not found:
            found = self._of_three(table, target, within)
        return sorted(found, key=lambda t: t.cost)

    def _of_three(self, table: Array, target: Array, within: float) -> list[Term]:
        terms, found = self.simple, []
        plain = [k for k, t in enumerate(terms) if t.cost == 1]
        for a in plain:
            for b in (k for k in plain if k <= a):
                pair = table[a] * table[b]
                two = terms[a].times(terms[b])
                for k in _close(pair * table, target, within):
                    found.append(two.times(terms[k]))
                for k in _close(pair + table, target, within):
                    found.append(_joined(two, "+", terms[k], np.add))
                for k in _close(pair - table, target, within):
                    found.append(_joined(two, "−", terms[k], np.subtract))
                for k in _close(table - pair, target, within):
                    found.append(_joined(terms[k], "−", two, np.subtract))
        return found


def _after(p: Program, place: int | None) -> set[int]:
    """An operation, and what is computed from it in the same step."""
    out: set[int] = set() if place is None else {place}
    for i, op in enumerate(p.ops):
        if any(a in out for a in op.args):
            out.add(i)
    return out


def _close(table: Array, target: Array, within: float) -> Array:
    size = np.abs(target).max(initial=0.0)
    return np.flatnonzero((np.abs(table - target) <= within * (size or 1e-300)).all(-1))


def _constant(c: float) -> Value:
    return lambda look, t, steps: np.asarray([c])


def _own(h: int) -> Value:
    return lambda look, t, steps: look(h, t)


def _complement(h: int) -> Value:
    return lambda look, t, steps: 1.0 - look(h, t)


def _moved(value: Value, move: Callable[[int, int], int]) -> Value:
    return lambda look, t, steps: value(look, move(t, steps), steps)


def _times(m: int, transposed: bool, v: Term) -> Value:
    def value(look: Look, t: int, steps: int) -> Array:
        matrix = look(m, t)
        return v.value(look, t, steps) @ (matrix if transposed else matrix.T)

    return value


def _entry_before(read: int, target: int) -> Value:
    """Of an array with the initial value and T more entries, the one before, round its end."""

    def value(look: Look, t: int, steps: int) -> Array:
        at = (t - 1) % (steps + 1)
        return look(target, at - 1) if at else look(read, 0)

    return value


_BEFORE = "of the step before"
#: Another step, as a negative index or a wrong bound would have it.
_MOVES: dict[str, Callable[[int, int], int]] = {
    _BEFORE: lambda t, steps: (t - 1) % steps,
    "of the step after": lambda t, steps: (t + 1) % steps,
    "of the first step": lambda t, steps: 0,
    "of the last step": lambda t, steps: steps - 1,
}


def _free(adj: Adjoint) -> set[int]:
    """Cotangents that nothing from later steps enters."""
    p = adj.program
    bound: set[int] = set()
    for i in range(adj.forward, len(p.ops)):
        if p.ops[i].kind in ("later", "start") or any(a in bound for a in p.ops[i].args):
            bound.add(i)
    slopes = {i for i, op in enumerate(p.ops) if op.kind == "fn" and i >= adj.forward}
    return {i for i in slopes.union(adj.of) if i >= adj.forward and i not in bound}


# -- words ----------------------------------------------------------------------------------------


def shown(model: Model, i: int, depth: int = 3) -> str:
    """An operation of the step or of its adjoint as a formula."""
    adj, p = model.adjoint, model.adjoint.program
    for name, target in p.targets.items():
        if target == i:
            return f"{name}_t"
    if i in adj.of:
        words = _forward_words(model, adj.of[i])
        return f"d{words}" if words.startswith("(") else f"d({words})"
    if i < adj.forward and any(o.kind == "fn" and o.args == (i,) for o in p.ops[: adj.forward]):
        return _forward_words(model, i)
    return formula(model, i, depth)


def _forward_words(model: Model, i: int) -> str:
    p = model.adjoint.program
    for name, target in p.targets.items():
        if target == i:
            return f"{name}_t"
    op = p.ops[i]
    if op.kind not in ("read", "param") and any(
        o.kind == "fn" and o.args == (i,) for o in p.ops[: model.adjoint.forward]
    ):
        return f"the argument of {owner_of(model, i)}"
    return formula(model, i, 2)


def formula(model: Model, i: int, depth: int = 3) -> str:
    """The operation itself, its operands by their names."""
    p = model.adjoint.program
    op = p.ops[i]
    if depth < 0:
        return "…"
    args = [shown(model, a, depth - 1) for a in op.args]
    match op.kind:
        case "read":
            name, lag = op.attr
            return f"{name}_{{t-{lag}}}" if lag else f"{name}_t"
        case "later":
            return f"what later steps pass back to {op.attr[0]}_t"
        case "param":
            return str(op.attr[0])
        case "const" | "unit":
            return str(op.attr[0])
        case "seed":
            return "1"
        case "add":
            # The sign belongs between the two.
            for k, other in ((1, args[0]), (0, args[1])):
                if p.ops[op.args[k]].kind == "neg" and args[k].startswith("−"):
                    return f"({other} {'− ' + args[k][1:]})"
            return f"({args[0]} + {args[1]})"
        case "dot" if args[0] == args[1]:
            return f"‖{args[0].strip('()')}‖²"
        case "mul":
            return f"{args[0]} ⊙ {args[1]}"
        case "neg":
            return f"−{args[0]}"
        case "matvec":
            return f"{args[0]} {args[1]}"
        case "transpose":
            return f"{args[0]}ᵀ"
        case "fn":
            f = "σ" if op.attr[0] == "sigma" else op.attr[0]
            return f"{f}{'′' * op.attr[1]}({args[0]})"
        case "expand":
            return args[0]
        case _:
            return f"{op.kind}({', '.join(args)})"


def words_of(model: Model, i: int) -> tuple[str, str]:
    """The name of a place of the way back, and what belongs there."""
    return shown(model, i), formula(model, i)


__all__ = ["Term", "Terms", "Values", "formula", "shown", "words_of"]
