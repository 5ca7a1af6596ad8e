"""The values that code for a gradient has at hand at a step, and terms made of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, final

import numpy as np

from bptt_sym.evaluate import activations
from bptt_sym.evaluate.domains import floats
from bptt_sym.evaluate.program import PER_STEP, Program, Sizes, depends_on_sums
from bptt_sym.testing.dependence import dependents
from bptt_sym.testing.fits import close, combined, multiples, number, pairs
from bptt_sym.testing.models import Model
from bptt_sym.testing.place_words import shown, words_of
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

    left, right = (bracketed(x.words) if sign == "⊙" else x.words for x in (a, b))
    return Term(f"{left} {sign} {right}", a.cost + b.cost + 1, value)


def bracketed(words: str) -> str:
    """A sum in brackets, if it has none."""
    depth = 0
    for k in range(len(words)):
        depth += (words[k] in "([") - (words[k] in ")]")
        if depth == 0 and words[k : k + 3] in (" + ", " − "):
            return f"({words})"
    return words


def _scaled(a: Term, factor: float) -> Term:
    signs = {1.0: "", -1.0: "−", 2.0: "2 ", 0.5: "½ "}
    inner = a.words if factor == 1.0 else bracketed(a.words)
    words = signs.get(factor, f"{number(factor)} ".replace("-", "−")) + inner
    cost = a.cost + (factor != 1.0)
    return Term(words, cost, lambda look, t, steps: factor * a.value(look, t, steps))


class Values:
    """A problem's way back in float64, with every value of every step.

    ``terms`` stand in the place of some operations at every step, and something may be added to
    operations at some steps: ``added[operation][t]``, ``(rows,)``.
    """

    def __init__(
        self,
        problem: Problem,
        terms: Mapping[int, Term] | None = None,
        added: Mapping[int, Mapping[int, Array]] | None = None,
        plain: Values | None = None,
    ) -> None:
        self.problem = problem
        self.terms: Mapping[int, Term] = terms or {}
        self.added: Mapping[int, Mapping[int, Array]] = added or {}
        # The loop comes from the end: what other steps give is that of the right way back.
        self.plain = plain if plain is not None or not (terms or added) else Values(problem)
        self.now: dict[int, Any] = {}
        #: Tables of terms at places, for those who look there again.
        self.tables: dict[Any, Any] = {}
        self.gradient = {
            k: np.asarray(v, float)
            for k, v in problem.gradient_in(floats(), problem.plain_run, alter=self.alter).items()
        }

    def alter(self, i: int, v: Array, t: int, env: Any) -> Array:
        """The hook of the way back by which everything is changed that is changed here."""
        self.now[t] = env
        if i in self.terms:

            def look(h: int, s: int) -> Array:
                # What the table has further down may be wanted now.
                return self._early(h, env) if s == t else (self.plain or self).at(h, s)

            made = self.terms[i].value(look, t, self.problem.steps)
            v = np.broadcast_to(made, np.broadcast_shapes(np.shape(v), np.shape(made)))
        more = self.added.get(i, {}).get(t)
        if more is not None:
            v = v + np.reshape(more, np.shape(v)[-1:] if np.ndim(v) > 1 else np.shape(v))
        return v

    def at(self, i: int, t: int) -> Array:
        """The value of an operation at step t + 1."""
        return self.now[t][i]

    def operand(self, i: int, t: int) -> Array:
        """The same with its axis of examples, ``(B, rows)``."""
        value = np.asarray(self.at(i, t), float)
        return np.broadcast_to(value, (self.problem.batch, value.shape[-1]))

    def _look(self, i: int, t: int, now: int) -> Array:
        source = self if t == now or self.plain is None else self.plain
        return source.at(i, t)

    def injected(self, added: Mapping[int, Mapping[int, Array]]) -> Values:
        """The same with something added: to which operation at which step, ``(rows,)``."""
        return Values(self.problem, self.terms, {**self.added, **added}, self.plain or self)

    def replaced(self, terms: Mapping[int, Term]) -> Values:
        """The same with terms in the place of operations at every step."""
        return Values(self.problem, {**self.terms, **terms}, self.added, self.plain or self)

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
        out = np.empty(shown.shape)
        for t in range(len(shown)):
            value = term.value(partial(self._look, now=t), t, self.problem.steps)
            out[t] = value[0] if np.ndim(value) > 1 else value
        return out[shown]

    def flat(self, i: int, shown: Array) -> Array:
        """An operation's entries at the places of ``shown``."""
        return np.stack([np.ravel(self.at(i, t)) for t in range(len(shown))])[shown]


@final
@dataclass(frozen=True)
class Terms:
    """Terms of one shape, of what is not computed from the operation ``place`` in its own step.

    Also the values of other steps, of what does not depend on ``place`` in later steps: inputs,
    states, cotangents of the loss of the step alone or of a layer above. Shapes are those of a
    problem with ``dims``: where two of them are equal, code may take one for the other.
    """

    model: Model
    shape: Sizes
    dims: Mapping[str, int]
    place: int | None = None

    def _rows(self, shape: Sizes) -> tuple[int, ...]:
        return tuple(s.value(self.dims) for s in shape)

    @cached_property
    def simple(self) -> list[Term]:
        """Values that are there, their complements to 1, values of other steps, 0 and 1.

        The last one is what belongs at ``place``, if there is one.
        """
        out = list(self._values(self._rows(self.shape)))
        out += [Term("0", 1, _constant(0.0)), Term("1", 1, _constant(1.0))]
        if self.place is not None:
            out.append(Term(words_of(self.model, self.place)[1], 1, as_it_is(self.place)))
        return out

    def _values(self, rows: tuple[int, ...]) -> Iterator[Term]:
        adj = self.model.adjoint
        p = adj.program
        summed, free = depends_on_sums(p), _free(self.model, self.place)
        sources = {*p.targets.values()}
        sources |= {i for i, op in enumerate(p.ops) if op.kind == "fn" and i < adj.forward}
        starts = {
            op.attr[0]: h for h, op in enumerate(p.ops)
            if op.kind == "read" and op.attr[0] in p.targets and op.attr[1] == 1
            and self._rows(op.shape) == rows
        }  # fmt: skip
        after = _after(p, self.place)
        for h, op in enumerate(p.ops):
            if self._rows(op.shape) != rows or h in summed or op.kind in ("const", "unit", "seed"):
                continue
            if h in after:
                continue
            if op.lead < PER_STEP and op.kind != "param":
                continue
            words = shown(self.model, h)
            forms = [(words, as_it_is(h))]
            if op.kind == "fn" and op.attr == ("sigma", 0):
                forms.append((f"(1 − {words})", _complement(h)))
            made = p.targets.get(op.attr[0], h) if op.kind == "read" else h
            if p.ops[made].kind == "fn" and p.ops[made].attr in (("tanh", 0), ("sigma", 0)):
                # As code takes it, from the value that was saved.
                sign = "σ" if p.ops[made].attr[0] == "sigma" else "tanh"
                forms.append((f"{sign}′ from {words}", _slope(h, sign)))
            if p.ops[made].kind == "fn" and p.ops[made].attr == ("tanh", 0):
                forms.append((f"(1 − {words})²", _squared(h)))
            if any(o.args == (h,) and o.attr == ("tanh", 0) for o in p.ops if o.kind == "fn"):
                forms.append((f"(1 − tanh(({words})²))", _inner(h)))
            if h < adj.forward and op.lead >= PER_STEP:
                yield from self._slopes_at(h, words)
            for name, value in forms:
                yield Term(name, 1, value)
                if op.lead < PER_STEP or not (h in sources or op.kind == "read" or h in free):
                    continue
                for word, move in _MOVES.items():
                    moved = _moved(value, move)
                    if op.kind == "read" and op.attr[0] in p.targets and word == BEFORE:
                        moved = _entry_before(value, h, p.targets[op.attr[0]])
                    yield Term(f"[{name} {word}]", 3, moved)
                if h >= adj.forward and op.kind != "fn":
                    for word, at_end in ENDED.items():
                        yield Term(f"[{name} {word}]", 4, partial(at_end, value))
                read = next((r for n, r in starts.items() if p.targets[n] == h), None)
                if read is not None:  # a state has a value before the first step
                    yield Term(f"[{name} {_AFTER}]", 3, _entry_after(value, read, h))
                    continue
                if op.kind != "read" or op.attr[0] not in p.targets:
                    earlier = _moved(value, _MOVES[BEFORE])
                    yield Term(f"[{name} {BEFORE}, 0 at first]", 4, _from(earlier, None))
                    for start, r in starts.items():
                        words = f"[{name} {BEFORE}, {start}_0 at first]"
                        yield Term(words, 4, _from(earlier, r))

    def _slopes_at(self, h: int, words: str) -> Iterator[Term]:
        """The derivatives of the cell's activations at a value that is no argument of theirs."""
        p = self.model.adjoint.program
        ops = [op for op in p.ops[: self.model.adjoint.forward] if op.kind == "fn"]
        for f in sorted({op.attr[0] for op in ops if op.attr[0] in ("tanh", "sigma")}):
            if all(op.args != (h,) for op in ops):
                sign = "σ" if f == "sigma" else f
                yield Term(f"{sign}′({words})", 3, _slope_at(h, f))

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
            for k in close(factor * table, target, within):
                found.append(_scaled(self.simple[k], factor))
        return sorted(found, key=lambda t: t.cost)

    def matching_products(
        self, table: Array, more: Array | None, products: list[Term], target: Array, within: float
    ) -> list[Term]:
        """Products and sums of two terms, then of three, that have the values ``target``."""
        terms, found = self.simple, []
        if more is not None:
            for factor in (1.0, -1.0):
                for k in close(factor * more, target, within):
                    found.append(_scaled(products[k], factor))
        for a, k in combined(np.multiply, table, table, target, within):
            if k <= a:
                found.append(terms[a].times(terms[k]))
        for a, k in combined(np.multiply, table, -table, target, within):
            if k <= a:
                found.append(_scaled(terms[a].times(terms[k]), -1.0))
        for a, k in combined(np.add, table, table, target, within):
            if k < a:
                found.append(_joined(terms[a], "+", terms[k], np.add))
        for a, k in combined(np.subtract, table, table, target, within):
            found.append(_joined(terms[a], "−", terms[k], np.subtract))
        if more is not None:
            for k, a in combined(np.add, more, table, target, within):
                found.append(_joined(products[k], "+", terms[a], np.add))
            for k, a in combined(np.subtract, more, table, target, within):
                found.append(_joined(products[k], "−", terms[a], np.subtract))
        if not found:
            found = self._of_three(table, target, within)
        return sorted(found, key=lambda t: t.cost)

    def fitted(
        self, table: Array, products: list[Term], more: Array | None, target: Array, within: float
    ) -> list[Term]:
        """A multiple of a term, or what belongs there with multiples of one or two terms added.

        The factors are plain numbers: fractions whose denominator is at most 1000. The last row of
        ``table`` is what belongs there.
        """
        own, rest = self.simple[-1], target - table[-1]
        terms = [*self.simple[:-1], *products]
        rows = table[:-1] if more is None else np.concatenate([table[:-1], more])
        found = []
        for k, c in multiples(table, target, within):
            found.append(_scaled(self.simple[k], c))
        for k, c in multiples(rows, rest, within):
            found.append(_joined(own, "+", _scaled(terms[k], c), np.add))
        left, right = np.tril_indices(len(table) - 1)
        for k, c in multiples(table[left] * table[right], rest, within):
            two = self.simple[left[k]].times(self.simple[right[k]])
            found.append(_joined(own, "+", _scaled(two, c), np.add))
        if not found and rest.size > 4:
            for j, k, c, d in pairs(rows, rest, within):
                both = _joined(_scaled(terms[j], c), "+", _scaled(terms[k], d), np.add)
                found.append(_joined(own, "+", both, np.add))
        return sorted(found, key=lambda t: t.cost)

    def _of_three(self, table: Array, target: Array, within: float) -> list[Term]:
        terms, found = self.simple, []
        plain = [k for k, t in enumerate(terms) if t.cost == 1]
        left, right = np.tril_indices(len(plain))
        first, second = np.array(plain)[left], np.array(plain)[right]
        pairs = table[first] * table[second]
        forms: list[tuple[Callable[[Array, Array], Array], Callable[[Term, Term], Term]]] = [
            (np.multiply, lambda two, x: two.times(x)),
            (np.add, lambda two, x: _joined(two, "+", x, np.add)),
            (np.subtract, lambda two, x: _joined(two, "−", x, np.subtract)),
            (lambda two, x: x - two, lambda two, x: _joined(x, "−", two, np.subtract)),
        ]
        for made, said in forms:
            for a, k in combined(made, pairs, table, target, within):
                found.append(said(terms[first[a]].times(terms[second[a]]), terms[k]))
        return found


def _after(p: Program, place: int | None) -> set[int]:
    """An operation, and what is computed from it in the same step."""
    out: set[int] = set() if place is None else {place}
    for i, op in enumerate(p.ops):
        if any(a in out for a in op.args):
            out.add(i)
    return out


def _constant(c: float) -> Value:
    return lambda look, t, steps: np.asarray([c])


def as_it_is(h: int) -> Value:
    """The value of an operation itself."""
    return lambda look, t, steps: look(h, t)


def _complement(h: int) -> Value:
    return lambda look, t, steps: 1.0 - look(h, t)


def _squared(h: int) -> Value:
    return lambda look, t, steps: (1.0 - look(h, t)) ** 2


def _inner(h: int) -> Value:
    return lambda look, t, steps: 1.0 - np.tanh(np.asarray(look(h, t), float) ** 2)


def _slope(h: int, sign: str) -> Value:
    if sign == "σ":
        return lambda look, t, steps: look(h, t) * (1.0 - look(h, t))
    return lambda look, t, steps: 1.0 - look(h, t) ** 2


def _slope_at(h: int, f: str) -> Value:
    return lambda look, t, steps: activations.value(f, 1, np.asarray(look(h, t), float), np)


def _moved(value: Value, move: Callable[[int, int], int]) -> Value:
    return lambda look, t, steps: value(look, move(t, steps), steps)


def _times(m: int, transposed: bool, v: Term) -> Value:
    def value(look: Look, t: int, steps: int) -> Array:
        matrix = look(m, t)
        return v.value(look, t, steps) @ (matrix if transposed else matrix.T)

    return value


def _entry_before(own: Value, read: int, target: int) -> Value:
    """Of an array with the initial value and T more entries, the one before, round its end."""

    def value(look: Look, t: int, steps: int) -> Array:
        at = (t - 1) % (steps + 1)

        def there(h: int, s: int) -> Array:
            if h != read:
                return look(h, s)
            return look(target, at - 1) if at else look(read, 0)

        return own(there, t, steps)

    return value


def _entry_after(own: Value, read: int, target: int) -> Value:
    """Of the same array, the one after: behind the last, round its end, the initial value."""

    def value(look: Look, t: int, steps: int) -> Array:
        if t + 1 < steps:
            return own(look, t + 1, steps)
        return own(lambda h, s: look(read, 0) if h == target else look(h, s), t, steps)

    return value


def _from(earlier: Value, start: int | None) -> Value:
    """A value of the step before that is ``start`` (or 0) at the first step."""

    def value(look: Look, t: int, steps: int) -> Array:
        if t:
            return earlier(look, t, steps)
        return 0.0 * earlier(look, 0, steps) if start is None else look(start, 0)

    return value


BEFORE = "of the step before"
_AFTER = "of the step after, the initial value behind the last"
#: Another step, as a negative index or a wrong bound would have it.
_MOVES: dict[str, Callable[[int, int], int]] = {
    BEFORE: lambda t, steps: (t - 1) % steps,
    "of the step after": lambda t, steps: (t + 1) % steps,
    "in the reverse order": lambda t, steps: steps - 1 - t,
    "of the first step": lambda t, steps: 0,
    "of the last step": lambda t, steps: steps - 1,
}


def _ended(value: Value, look: Look, t: int, steps: int, *, by: int, repeated: bool) -> Array:
    """The value of the step before or after; at the end the same again, or 0."""
    at = t + by
    inside = 0 <= at < steps
    out = value(look, min(max(at, 0), steps - 1), steps)
    return out if inside or repeated else 0.0 * out


#: The step before or after, and what stands where there is none.
ENDED: dict[str, Callable[[Value, Look, int, int], Array]] = {
    f"of the step {word}, {end}": partial(_ended, by=by, repeated=repeated)
    for by, word in ((1, "after"), (-1, "before"))
    for end, repeated in (("the last one again" if by > 0 else "the first one again", True),
                          ("0 at last" if by > 0 else "0 at first", False))
}  # fmt: skip


def _applied(at_end: Callable[[Value, Look, int, int], Array], value: Value) -> Value:
    return partial(at_end, value)


def moves() -> Iterator[tuple[str, Callable[[Value], Value]]]:
    """Other steps whose value may stand for that of a step, in words."""
    for word, move in _MOVES.items():
        yield word, partial(_moved, move=move)
    for word, at_end in ENDED.items():
        yield word, partial(_applied, at_end)


def _free(model: Model, place: int | None) -> set[int]:
    """Cotangents and slopes that nothing from ``place``, in any later step, enters."""
    adj = model.adjoint
    slopes = {i for i, op in enumerate(adj.program.ops) if op.kind == "fn" and i >= adj.forward}
    known = {i for i in slopes.union(adj.of) if i >= adj.forward}
    return known if place is None else known - dependents(model).get(place, set())
