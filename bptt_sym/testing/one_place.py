r"""A gradient that is wrong in one place: what stands there is measured, and recognised.

The way back is linear in its cotangents. If one operation of it gives another value than it should,
at any of the steps, the gradient differs from the right one by a linear image of the differences at
that operation, whose matrix is known: the equations are solved for every operation in turn, and
where they have a solution, that is what the code computed there. It is then looked up among the
products, sums and matrix products of the values that code has at hand. For the gradient of a
parameter, a sum over the steps, sums of outer products are looked up instead. What is recognised is
put in its place and tried on every problem.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, final

import numpy as np

from bptt_sym.errors import ModelError
from bptt_sym.evaluate.program import PER_STEP, depends_on_sums
from bptt_sym.testing.at_hand import BEFORE, Term, Terms, Values, as_it_is
from bptt_sym.testing.compare import FAILURES, call, mismatches
from bptt_sym.testing.dependence import behind
from bptt_sym.testing.derivation_mistakes import Mistake
from bptt_sym.testing.draw import draw
from bptt_sym.testing.models import Model
from bptt_sym.testing.place_words import words_of
from bptt_sym.testing.problems import Problem
from bptt_sym.testing.recognised import MEASURED, TRIED, recognised
from bptt_sym.testing.responses import responses

Array = Any
Gradient = Callable[[Problem], Mapping[str, Array]]

#: Kinds of operations that compute nothing.
_GIVEN = frozenset(("later", "seed", "unit", "const", "read", "param", "context", "start"))

def wrong_places(
    model: Model, gradient: Gradient, failing: Problem, end: float
) -> Iterator[Mistake]:
    """What the code may compute in one place, the plainest first; nothing after ``end``.

    ``end`` is a reading of :func:`time.thread_time`. What shows at sizes that all differ is looked
    for there, other things at the sizes of ``failing``.
    """
    small = {d: k for k, d in enumerate(model.rec.dims)}
    sizes: list[tuple[int, dict[str, int]]] = [
        (1, {d: 3 + k for d, k in small.items()}),
        (3, {d: 3 + k for d, k in small.items()}),
    ]
    if len(set(failing.dims.values())) < len(failing.dims):
        sizes += [(1, dict(failing.dims)), (3, dict(failing.dims))]
    for steps, dims in sizes:
        problem = draw(
            model, 977 + steps, steps=steps, batch=1, dims=dims, weighted=True,
            learned=failing.learned,
        )  # fmt: skip
        try:
            given = call(gradient, problem)
        except FAILURES:
            continue
        bad = mismatches(problem, given)
        if any(m.kind != "value" for m in bad):
            return
        if not bad:
            continue
        wrong = [m.name for m in bad]
        seen = Values(problem)
        yield from sums(model, problem, given, wrong, seen)
        places = places_of(model, wrong)
        named = [n for n in given if n in seen.gradient and n in problem.exact]
        # Forward accumulation has a way of its own for each parameter.
        for names in (named, wrong) if len(wrong) < len(named) else (named,):
            equations = Equations.of(seen, given, places, names)
            alone = [(i, equations.solved([i])) for i in places] if equations else []
            values = {i: measured for i, measured in alone if measured is not None}
            # What takes long is tried where nothing else is found, at any place.
            for fitted in (False, True):
                found: list[tuple[int, int, Mistake]] = []
                for i, measured in values.items():
                    if time.thread_time() > end:
                        break
                    for term in recognised(model, *measured.at(i), fitted=fitted)[: 2 * TRIED]:
                        found.append((term.cost, -i, replacing(model, {i: term})))
                yield from (m for _, _, m in sorted(found, key=lambda f: f[:2]))


# -- operations of a step -------------------------------------------------------------------------


def places_of(model: Model, wrong: Sequence[str], *, some: bool = False) -> list[int]:
    """The operations of a step of the way back that all of ``wrong`` are computed from, or
    ``some`` of it."""
    adj, p = model.adjoint, model.adjoint.program
    summed = depends_on_sums(p)
    results: dict[str, list[int]] = {
        name: [adj.params[q] for q in parts if q in adj.params]
        for name, parts in model.layout.items()
    }
    for (name, _), handle in adj.reads.items():
        results.setdefault(f"{name}0", []).append(handle)
    above = {name: behind(model, ends) for name, ends in results.items()}
    quantor = any if some else all
    out = []
    for i in range(adj.forward, len(p.ops)):
        op = p.ops[i]
        if i in summed or op.lead < PER_STEP or op.kind in _GIVEN or len(op.shape) > 1:
            continue
        if quantor(i in above[name] for name in wrong if name in above):
            out.append(i)
    return out


def _flat(grads: Mapping[str, Array], names: Sequence[str]) -> Array:
    return np.concatenate([np.ravel(np.asarray(grads[n], float)) for n in names])


@final
@dataclass(frozen=True)
class Equations:
    """What a gradient says of the values that the code has on its way back.

    ``base`` is a way back, ``columns`` what its gradients are changed by, for each place, by 1 in
    each entry at each step, and ``off`` what the given gradients differ from its own by.
    """

    base: Values
    columns: Mapping[int, Array]
    off: Array

    @staticmethod
    def of(
        base: Values, given: Mapping[str, Array], places: Sequence[int], names: Sequence[str]
    ) -> Equations | None:
        """``None`` if an array of ``given`` has another shape than its gradient."""
        if any(np.shape(given[n]) != base.gradient[n].shape for n in names):
            return None
        off = _flat(given, names) - _flat(base.gradient, names)
        return Equations(base, responses(base, places, names), off)

    def solved(self, places: Sequence[int]) -> Measured | None:
        """The code's values at ``places`` if it is right in all others.

        ``None`` if there are no such values, or more than one.
        """
        parts, steps = [], self.base.problem.steps
        for i in places:
            sizes = np.abs(self.columns[i]).max(0)
            parts.append(sizes > 1e-9 * max(float(sizes.max()), 1e-300))
            if not parts[-1].any():
                return None
        matrix = np.concatenate(
            [self.columns[i][:, p] for i, p in zip(places, parts, strict=True)], 1
        )
        if matrix.shape[0] < matrix.shape[1]:
            return None
        solution, _, rank, _ = np.linalg.lstsq(matrix, self.off, rcond=1e-9)
        rest = np.abs(matrix @ solution - self.off)
        if rank < matrix.shape[1] or not (rest <= 1e-9 * np.abs(self.off).max()).all():
            return None
        added, shown, at = {}, {}, 0
        for i, where in zip(places, parts, strict=True):
            delta = np.zeros(len(where))
            count = int(where.sum())
            delta[where] = solution[at : at + count]
            at += count
            added[i] = delta.reshape(steps, -1)
            shown[i] = where.reshape(steps, -1)
        return Measured(self.base, added, shown)


@final
@dataclass(frozen=True)
class Measured:
    """The code's values at some places: what is added there to ``base``, and where that shows."""

    base: Values
    added: Mapping[int, Array]
    shown: Mapping[int, Array]

    @cached_property
    def code(self) -> Values:
        """The way back of the code."""
        return self.base.injected({i: dict(enumerate(v)) for i, v in self.added.items()})

    def at(self, i: int) -> tuple[Values, int, Values, Array, Array]:
        """What :func:`recognised` takes."""
        return self.base, i, self.code, self.added[i][self.shown[i]], self.shown[i]


def replacing(model: Model, terms: Mapping[int, Term]) -> Mistake:
    """The mistake of computing other terms at some places of the way back."""
    texts = []
    for i, term in terms.items():
        place, should = words_of(model, i)
        if place == should:
            texts.append(f"{term.words} stands where {should} belongs")
        else:
            texts.append(f"{place} is computed as {term.words}, not as {should}")
    code = "-".join(f"{i}-{term.words}" for i, term in terms.items())
    return Mistake(f"computed-{code}", "; ".join(texts), partial(_replayed, terms=dict(terms)))


def _replayed(problem: Problem, terms: Mapping[int, Term]) -> dict[str, Array]:
    try:
        return Values(problem).replaced(terms).gradient
    except ValueError as error:
        words = ", ".join(t.words for t in terms.values())
        raise ModelError(f"{words}: of another shape here") from error


# -- sums over the steps --------------------------------------------------------------------------


@final
@dataclass(frozen=True)
class _Sum:
    """What stands under the sum over steps and examples: a vector, or an outer product."""

    left: Term
    right: Term | None = None
    transposed: bool = False

    def value(self, seen: Values, shape: Sequence[int]) -> Array:
        """The sum, in the parameter's ``shape``."""
        total: Array = 0.0
        sides = shape[::-1] if self.transposed else shape
        for t in range(seen.problem.steps):
            u = seen.term(self.left, t, sides[0])
            if self.right is None:
                total = total + u.sum(0)
                continue
            v = seen.term(self.right, t, sides[1])
            total = total + (v.T @ u if self.transposed else u.T @ v)
        return total

    @property
    def words(self) -> str:
        """As a formula."""
        if self.right is None:
            return f"Σ_t {self.left.words}"
        u, v = (self.right, self.left) if self.transposed else (self.left, self.right)
        return f"Σ_t ({u.words}) ({v.words})ᵀ"


def sums(
    model: Model, problem: Problem, given: Mapping[str, Array], wrong: Sequence[str], seen: Values
) -> Iterator[Mistake]:
    """What is summed for each wrong parameter; only if every wrong block is recognised.

    ``seen`` is the way back whose values are summed.
    """
    adj, p = model.adjoint, model.adjoint.program
    changed: dict[str, dict[int, tuple[str, _Sum]]] = {}
    if len(wrong) == 1 and wrong[0][:-1] in problem.initial:
        yield from _start(model, given, wrong[0], seen)
    for name in wrong:
        parts = model.layout.get(name)
        if parts is None or any(q not in adj.params or not model.rec.shape(q) for q in parts):
            return
        right = np.split(seen.gradient[name], len(parts))
        made = np.split(np.asarray(given[name], float), len(parts))
        for k, (part, a, b) in enumerate(zip(parts, right, made, strict=True)):
            if np.abs(a - b).max(initial=0.0) <= 1e-10 * np.abs(a).max(initial=0.0):
                continue
            op = p.ops[adj.params[part]]
            if op.kind not in ("contract", "accumulate"):
                return
            found = _recognised_sum(model, seen, op, b)
            if found is None:
                return
            changed.setdefault(name, {})[k] = (part, found)
    if not changed or sum(map(len, changed.values())) > 4:
        return
    texts = [
        f"the gradient of {part} is {s.words}" for parts in changed.values()
        for part, s in parts.values()
    ]  # fmt: skip

    def gradient(problem: Problem) -> dict[str, Array]:
        here = Values(problem)
        out = dict(here.gradient)
        for name, parts in changed.items():
            blocks = np.split(out[name], len(model.layout[name]))
            for k, (_, s) in parts.items():
                blocks[k] = s.value(here, blocks[k].shape)
            out[name] = np.concatenate(blocks)
        return out

    text = "; ".join(texts)
    yield Mistake(f"summed-{text}", text, gradient)


def _start(model: Model, given: Mapping[str, Array], name: str, seen: Values) -> Iterator[Mistake]:
    """What is returned as the gradient of an initial state, alone wrong."""
    state = name[:-1]
    own = model.program.shape(model.program.targets[state])
    if len(own) != 1:
        return
    target = np.ravel(np.asarray(given[name], float))
    shown = np.zeros((seen.problem.steps, len(target)), bool)
    shown[0] = True
    terms = Terms(model, own, seen.problem.dims)
    table = np.stack([seen.of(t, shown) for t in terms.simple])
    found = terms.matching(table, target, MEASURED)
    if not found:
        products = terms.products()
        more = np.stack([seen.of(t, shown) for t in products]) if products else None
        found = terms.matching_products(table, more, products, target, MEASURED)
    for term in found[:TRIED]:

        def gradient(problem: Problem, term: Term = term) -> dict[str, Array]:
            here = Values(problem)
            first = here.term(term, 0, here.gradient[name].shape[-1])
            return {**here.gradient, name: first.sum(0) if problem.learned else first}

        # At the first step "the step before" is the last one, by a negative index.
        words = term.words.replace(f" {BEFORE}]", " of the last step]")
        where = "" if words != term.words else " of the first step"
        text = f"the gradient of {name} is {words}{where}"
        yield Mistake(f"start-{name}-{term.words}", text, gradient)


def _recognised_sum(model: Model, seen: Values, op: Any, target: Array) -> _Sum | None:
    p = model.adjoint.program
    steps = range(seen.problem.steps)
    sides = []
    for a in op.args:
        if len(p.shape(a)) != 1:
            return None
        rows = p.shape(a)[0].value(seen.problem.dims)
        terms = Terms(model, p.shape(a), seen.problem.dims).simple
        sides.append((terms, np.stack([[seen.term(s, t, rows) for t in steps] for s in terms])))
    size = float(np.abs(target).max()) or 1.0
    if op.kind == "accumulate":
        terms, table = sides[0]
        sums = table.sum((1, 2))
        same = np.flatnonzero((np.abs(sums - target) <= MEASURED * size).all(-1))
        if len(same):
            return _Sum(terms[int(same[0])])
        pair = _pair(sums, target, MEASURED * size, lambda a, b: (table[a] * table[b]).sum((0, 1)))
        return None if pair is None else _Sum(terms[pair[0]].times(terms[pair[1]]))
    (left, u), (right, v) = sides
    for transposed in (False, True):
        made = np.einsum("atbr,ctbs->acsr" if transposed else "atbr,ctbs->acrs", u, v)
        if made.shape[2:] != target.shape:
            continue
        at = np.argwhere((np.abs(made - target) <= MEASURED * size).all((2, 3)))
        if len(at):
            best = min(at, key=lambda km: left[km[0]].cost + right[km[1]].cost)
            return _Sum(left[best[0]], right[best[1]], transposed)
    # One side is a value that is there, the right one first, and the other a product.
    for k in (0, 1):
        terms, table = sides[1 - k]
        single, alone = sides[k]
        belongs = np.stack([seen.operand(op.args[k], t) for t in steps])
        order = sorted(range(len(single)), key=lambda i: not np.array_equal(alone[i], belongs))
        first, second = np.tril_indices(len(terms))
        # The first entry of the sum tells nearly all pairs apart.
        for i in order:
            if single[i].cost > 1:
                continue
            column = alone[i][..., 0]
            heads = np.einsum("tb,atb,ctb->ac", column, table[..., 0], table[..., 0])
            near = np.abs(heads[first, second] - target[0, 0]) <= MEASURED * size
            for c in np.flatnonzero(near):
                product = table[first[c]] * table[second[c]]
                u, v = (alone[i], product) if k == 0 else (product, alone[i])
                made = np.einsum("tbr,tbs->rs", u, v)
                if (np.abs(made - target) <= MEASURED * size).all():
                    both = terms[first[c]].times(terms[second[c]])
                    return _Sum(single[i], both) if k == 0 else _Sum(both, single[i])
    return _with_a_product(model, seen, op, target)


def _with_a_product(model: Model, seen: Values, op: Any, target: Array) -> _Sum | None:
    """One side is the right one, the other a matrix times a vector, or that times a value."""
    p, dims = model.adjoint.program, seen.problem.dims
    steps, within = range(seen.problem.steps), MEASURED * (float(np.abs(target).max()) or 1.0)
    for k in (0, 1):
        shape = p.shape(op.args[1 - k])
        rows = shape[0].value(dims)
        terms = Terms(model, shape, dims)
        plain = [t for t in terms.simple if t.cost == 1]
        products, belongs = terms.products(), np.stack([seen.operand(op.args[k], t) for t in steps])
        if not products:
            continue
        made, table = (
            np.stack([[seen.term(s, t, rows) for t in steps] for s in some])
            for some in (products, plain)
        )
        # The first entry of the sum tells nearly all apart.
        heads = np.einsum("tb,atb,ctb->ac", belongs[..., 0], made[..., 0], table[..., 0])
        for a, c in np.argwhere(np.abs(heads - target[0, 0]) <= within):
            other = made[a] * table[c]
            u, v = (belongs, other) if k == 0 else (other, belongs)
            if (np.abs(np.einsum("tbr,tbs->rs", u, v) - target) <= within).all():
                own = Term(words_of(model, op.args[k])[0], 1, as_it_is(op.args[k]))
                one = plain[c].words == "1"
                both = products[a] if one else plain[c].times(products[a])
                return _Sum(own, both) if k == 0 else _Sum(both, own)
    return None


def _pair(
    sums: Array, target: Array, within: float, made: Callable[[int, int], Array]
) -> tuple[int, int] | None:
    for a in range(len(sums)):
        for b in range(a + 1):
            if (np.abs(made(a, b) - target) <= within).all():
                return a, b
    return None
