"""A value of the way back as a sum of products, one of whose products is computed wrongly.

Code that writes ``dc_next * g + dh * o * (1 - tanh(c)**2) * g`` has the factor ``g`` twice: one of
them is forgotten, or is another value, where a value that is computed once would be wrong in both.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, final

import numpy as np

from bptt_sym.testing.at_hand import Look, Term, Terms, Values, as_it_is, bracketed, moves
from bptt_sym.testing.dependence import dependents
from bptt_sym.testing.fits import close
from bptt_sym.testing.models import Model
from bptt_sym.testing.place_words import shown as named

Array = Any
#: Products that a sum is taken apart into at most, and factors of one.
_PRODUCTS, _FACTORS = 8, 5
#: Sums within sums.
_DEPTH = 3


@final
@dataclass(frozen=True)
class Product:
    """A cotangent times values of the step, by their handles, and a sign."""

    sign: float
    base: int
    factors: tuple[int, ...]


def products_of(model: Model, place: int, depth: int = _DEPTH) -> list[Product]:
    """What is added at ``place``, factors before sums multiplied out; empty if it is no sum.

    ``depth`` tells how many sums within sums are multiplied out.
    """
    ops = model.adjoint.program.ops
    cotangents: set[int] = set()
    carried_back: set[int] = set()
    for i in range(model.adjoint.forward, len(ops)):
        if ops[i].kind == "later" or any(a in carried_back for a in ops[i].args):
            carried_back.add(i)
        if ops[i].kind in ("later", "seed") or any(a in cotangents for a in ops[i].args):
            cotangents.add(i)

    def taken_apart(i: int, depth: int, within: bool = False) -> list[Product]:
        op = ops[i]
        if i != place and i not in carried_back:
            return [Product(1.0, i, ())]  # what the loss of the step gives is one thing
        if op.kind == "add" and (within or depth):
            return [p for a in op.args for p in taken_apart(a, depth - (not within), True)]
        if op.kind == "neg":
            inner = taken_apart(op.args[0], depth)
            return [Product(-p.sign, p.base, p.factors) for p in inner]
        carried = [a for a in op.args if a in cotangents]
        if op.kind == "mul" and len(carried) == 1 and op.args[0] != op.args[1]:
            factor = op.args[0] if op.args[1] == carried[0] else op.args[1]
            if ops[factor].shape == op.shape:
                inner = taken_apart(carried[0], depth)
                return [Product(p.sign, p.base, (*p.factors, factor)) for p in inner]
        return [Product(1.0, i, ())]

    out = taken_apart(place, depth)
    if not 2 <= len(out) <= _PRODUCTS or any(len(p.factors) > _FACTORS for p in out):
        return []
    return out


def one_product_changed(
    model: Model, terms: Terms, table: Array, place: int, code: Values, target: Array,
    shown: Array, within: float,
) -> list[Term]:  # fmt: skip
    """The sums that have the values ``target`` and in which one product is not what it should be.

    Factors of it are left out, one is exchanged for a value that is at hand, or one is too many.
    ``table`` has the values of ``terms.simple``.
    """
    tried: list[list[Product]] = []
    for depth in range(1, _DEPTH + 1):
        products = products_of(model, place, depth)
        if not products or products in tried:
            continue
        tried.append(products)
        found = _changed(model, terms, products, table, code, target, shown, within)
        found += _rebased(model, terms, products, table, code, target, shown, within)
        found += _displaced(model, place, products, code, target, shown, within)
        if found:
            return sorted(found, key=lambda t: t.cost)
    return []


def _changed(
    model: Model, terms: Terms, products: Sequence[Product], table: Array, code: Values,
    target: Array, shown: Array, within: float,
) -> list[Term]:  # fmt: skip
    handles = {h for p in products for h in (p.base, *p.factors)}
    single = {h: Term(named(model, h), 1, as_it_is(h)) for h in handles}
    rows = {h: code.of(single[h], shown) for h in handles}
    whole = [p.sign * rows[p.base] * _times(rows, p.factors, target) for p in products]
    found = []
    for k, p in enumerate(products):
        rest = p.sign * (target - sum(v for j, v in enumerate(whole) if j != k))
        others = [
            _Signed(q.sign, [single[h] for h in (q.base, *q.factors)])
            for j, q in enumerate(products) if j != k
        ]  # fmt: skip
        for kept, more in _changes(p.factors):
            made = rows[p.base] * _times(rows, kept, target)
            same = [single[h] for h in (p.base, *kept)]
            if not more and len(close(made[None], rest, within)):
                found.append(_sum([*others, _Signed(p.sign, same)]))
            for j in close(made * table, rest, within) if more else ():
                changed = [*same, terms.simple[j]]
                found.append(_sum([*others, _Signed(p.sign, changed)]))
    return found


def _rebased(
    model: Model, terms: Terms, products: Sequence[Product], table: Array, code: Values,
    target: Array, shown: Array, within: float,
) -> list[Term]:  # fmt: skip
    """The sums in which one cotangent that several products begin with is another value."""
    handles = {h for p in products for h in p.factors}
    single = {h: Term(named(model, h), 1, as_it_is(h)) for h in handles}
    rows = {h: code.of(single[h], shown) for h in handles}
    if len({p.base for p in products}) != 1:
        return []
    factor = sum(p.sign * _times(rows, p.factors, target) for p in products)
    return [
        _sum([_Signed(p.sign, [terms.simple[j], *(single[h] for h in p.factors)])
              for p in products])
        for j in close(factor * table, target, within)
    ]  # fmt: skip


def _displaced(
    model: Model, place: int, products: Sequence[Product], code: Values, target: Array,
    shown: Array, within: float,
) -> list[Term]:  # fmt: skip
    """The sums some products of which are those of another step."""
    found = []
    for term in displaced(model, place, products):
        if len(close(code.of(term, shown)[None], target, within)):
            found.append(term)
    return found


def displaced(model: Model, place: int, products: Sequence[Product]) -> Iterator[Term]:
    """Some of the products, of what does not depend on ``place``, taken from another step."""
    bound = dependents(model).get(place, set())
    free = [p for p in products if bound.isdisjoint((p.base, *p.factors))]
    handles = {h for p in products for h in (p.base, *p.factors)}
    single = {h: Term(named(model, h), 1, as_it_is(h)) for h in handles}
    signed = {p: _Signed(p.sign, [single[h] for h in (p.base, *p.factors)]) for p in products}
    for count in range(1, min(len(free) + 1, len(products))):
        for some in combinations(free, count):
            stay = [signed[p] for p in products if p not in some]
            inner = _sum([signed[p] for p in some])
            for words, moved in moves():
                term = Term(f"[{inner.words} {words}]", inner.cost + 3, moved(inner.value))
                yield _sum([*stay, _Signed(1.0, [term])])


def _changes(factors: tuple[int, ...]) -> Iterator[tuple[tuple[int, ...], bool]]:
    """The factors that are kept, and whether another one is put to them."""
    for count in range(len(factors)):
        for kept in combinations(factors, count):
            yield kept, False
    for k in range(len(factors)):
        yield (*factors[:k], *factors[k + 1 :]), True
    yield factors, True


def _times(rows: dict[int, Array], factors: Sequence[int], like: Array) -> Array:
    out = np.ones_like(like)
    for f in factors:
        out = out * rows[f]
    return out


@final
@dataclass(frozen=True)
class _Signed:
    """A product of terms with its sign."""

    sign: float
    terms: Sequence[Term]

    @property
    def words(self) -> str:
        return " ⊙ ".join(bracketed(t.words) for t in self.terms)

    def value(self, look: Look, t: int, steps: int) -> Array:
        out: Array = self.sign
        for term in self.terms:
            out = out * np.asarray(term.value(look, t, steps))
        return out


def _sum(products: Sequence[_Signed]) -> Term:
    words = ""
    for p in sorted(products, key=lambda p: p.sign < 0):
        sign = " − " if p.sign < 0 else " + "
        words += (sign if words else sign.strip(" +")) + p.words
    cost = sum(t.cost for p in products for t in p.terms) + len(products)

    def value(look: Look, t: int, steps: int) -> Array:
        return sum(p.value(look, t, steps) for p in products)

    return Term(words, cost, value)


__all__ = ["Product", "one_product_changed", "products_of"]
