"""What a measured value of the way back is, in terms of what code has at hand."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np

from bptt_sym.evaluate.program import PER_STEP
from bptt_sym.testing.at_hand import Look, Term, Terms, Value, Values
from bptt_sym.testing.models import Model
from bptt_sym.testing.place_words import shown as named
from bptt_sym.testing.place_words import words_of
from bptt_sym.testing.split_sums import one_product_changed

Array = Any
#: What is measured is right to about this: the equations may be badly conditioned.
MEASURED = 1e-7
#: Recognised values that are tried on all problems, for each place.
TRIED = 4
#: A matrix whose condition is greater than this leaves nothing to recognise.
_CONDITION = 1e4


#: Steps at which alone code is wrong, where an end of the sequence has code of its own.
_SOME: tuple[tuple[str, Callable[[int, int], bool]], ...] = (
    ("at every step but the first", lambda t, steps: t > 0),
    ("at every step but the last", lambda t, steps: t < steps - 1),
    ("at the first step", lambda t, steps: t == 0),
    ("at the last step", lambda t, steps: t == steps - 1),
)


def recognised(
    model: Model, base: Values, i: int, code: Values, off: Array, shown: Array, *,
    fitted: bool = False,
) -> list[Term]:  # fmt: skip
    """Terms that give the measured values wherever they show, the plainest first.

    With ``fitted`` those with numbers in them that nothing but a fit tells, and no others. Where
    some steps are right, code for an end of the sequence may be what is wrong, or all code but it.
    """
    found = _recognised(model, base, i, code, off, shown, fitted)
    if found or fitted:
        return found
    table = np.zeros(shown.shape)
    table[shown] = off
    steps = len(shown)
    wrong = np.abs(table).max(1) > MEASURED * np.abs(code.flat(i, shown)).max()
    for words, holds in _SOME if steps > 2 else ():
        some = np.array([holds(t, steps) for t in range(steps)])
        if not np.array_equal(wrong, some & shown.any(1)) or not wrong.any() or wrong.all():
            continue
        at = shown & some[:, None]
        inner = _recognised(model, base, i, code, table[at], at, False)
        found += [_at_some(term, i, words, holds) for term in inner]
    return found


def _at_some(
    term: Term, i: int, words: str, holds: Callable[[int, int], bool]
) -> Term:
    """A term at some steps, and what belongs there at the others."""

    def value(look: Look, t: int, steps: int) -> Array:
        return term.value(look, t, steps) if holds(t, steps) else look(i, t)

    return Term(f"{term.words}, {words}", term.cost + 2, value)


def _recognised(
    model: Model, base: Values, i: int, code: Values, off: Array, shown: Array, fitted: bool
) -> list[Term]:
    """The same of all steps alike."""
    target = code.flat(i, shown)
    if np.abs(off).max() <= MEASURED * np.abs(target).max():
        return []
    terms, rows = _terms_at(model, base, i, code, shown)
    table = np.stack([*rows, target - off])
    if not fitted:
        found = terms.matching(table, target, MEASURED)
        if found:
            return found
    products, more = _products_at(terms, i, code, shown)
    if fitted:
        return terms.fitted(table, products, more, target, MEASURED)
    found = _limited(model, i, target, target - off)
    found += _rescaled(model, i, target, target - off, shown)
    found += one_product_changed(model, terms, table, i, code, target, shown, MEASURED)[:TRIED]
    found += terms.matching_products(table, more, products, target, MEASURED)[:TRIED]
    found = found or _multiplied(model, base, i, code, target, shown)
    return found or _factor_behind(model, i, code, target, shown)


def _terms_at(
    model: Model, base: Values, i: int, code: Values, shown: Array
) -> tuple[Terms, list[Array]]:
    """The terms for a place, and the values of all but the last of its simple ones."""
    key = (i, shown.tobytes(), "simple")
    if key not in code.tables:
        terms = Terms(model, model.adjoint.program.ops[i].shape, base.problem.dims, i)
        code.tables[key] = terms, [code.of(t, shown) for t in terms.simple[:-1]]
    return code.tables[key]  # type: ignore[no-any-return]


def _products_at(
    terms: Terms, i: int, code: Values, shown: Array
) -> tuple[list[Term], Array | None]:
    """The products of a matrix and a vector for a place, and their values, a row for each."""
    key = (i, shown.tobytes(), "products")
    if key not in code.tables:
        products = terms.products()
        more = np.stack([code.of(t, shown) for t in products]) if products else None
        code.tables[key] = products, more
    return code.tables[key]  # type: ignore[no-any-return]


def _limited(model: Model, i: int, target: Array, right: Array) -> list[Term]:
    """What belongs there, no entry of it greater than a plain number."""
    limit = float(np.abs(target).max())
    plain = float(Fraction(limit).limit_denominator(1000))
    if not plain or abs(plain - limit) > 1e-9 * limit:
        return []
    if np.abs(np.clip(right, -plain, plain) - target).max() > MEASURED * limit:
        return []

    def value(look: Look, t: int, steps: int) -> Array:
        return np.clip(look(i, t), -plain, plain)

    return [Term(f"{words_of(model, i)[1]} clipped to ±{plain:g}", 2, value)]


def _rescaled(model: Model, i: int, target: Array, right: Array, shown: Array) -> list[Term]:
    """What belongs there, its norm at each step no greater than a plain number."""
    if (shown.any(1) != shown.all(1)).any() or shown.shape[1] < 2:
        return []
    given, own = (v.reshape(-1, shown.shape[1]) for v in (target, right))
    shorter = np.linalg.norm(given, axis=1) < (1 - MEASURED) * np.linalg.norm(own, axis=1)
    if not shorter.any():
        return []
    limit = float(np.linalg.norm(given[shorter][0]))
    plain = float(Fraction(limit).limit_denominator(1000))
    if not plain or abs(plain - limit) > MEASURED * limit:
        return []
    found = []
    for words, axis in (("", None), (" example by example", -1)):
        made = _shortened(own, plain, -1)
        if np.abs(made - given).max() <= MEASURED * np.abs(target).max():
            text = f"{words_of(model, i)[1]} rescaled to norm {plain:g} at most{words}"
            found.append(Term(text, 3, partial(_shortened_value, i, plain, axis)))
    return found


def _shortened(value: Array, limit: float, axis: int | None) -> Array:
    """A value whose norm along ``axis`` (or as a whole) is ``limit`` at most."""
    size = np.linalg.norm(value, axis=axis, keepdims=True)
    return value * np.minimum(1.0, limit / np.maximum(size, 1e-300))


def _shortened_value(
    i: int, limit: float, axis: int | None, look: Look, t: int, steps: int
) -> Array:
    return _shortened(np.asarray(look(i, t), float), limit, axis)


def _multiplied(
    model: Model, base: Values, i: int, code: Values, target: Array, shown: Array
) -> list[Term]:
    """What a square matrix is multiplied by, if it is not what belongs there."""
    ops = model.adjoint.program.ops
    if ops[i].kind != "matvec" or ops[ops[i].args[1]].lead < PER_STEP:
        return []
    m, vector = ops[i].args
    matrix = np.asarray(code.at(m, 0), float)
    square = matrix.ndim == 2 and matrix.shape[0] == matrix.shape[1]
    if not square or (shown.any(1) != shown.all(1)).any() or np.linalg.cond(matrix) > _CONDITION:
        return []
    inner = np.linalg.solve(matrix, target.reshape(-1, len(matrix)).T).T.ravel()
    terms = Terms(model, ops[vector].shape, base.problem.dims, i)
    table = np.stack([code.of(t, shown) for t in terms.simple])
    found = terms.matching(table, inner, MEASURED)
    found += one_product_changed(model, terms, table, vector, code, inner, shown, MEASURED)[:TRIED]
    found += terms.matching_products(table, None, [], inner, MEASURED)[:TRIED]
    words = named(model, m)
    return [Term(f"{words} ({t.words})", t.cost + 2, _product(m, t.value)) for t in found]


def _factor_behind(
    model: Model, i: int, code: Values, target: Array, shown: Array
) -> list[Term]:
    """A square matrix times what its vector is made of, and the rest of the vector's factors after
    that: D Uᵀ g for Uᵀ D g."""
    ops = model.adjoint.program.ops
    if ops[i].kind != "matvec" or ops[ops[i].args[1]].lead < PER_STEP:
        return []
    m, vector = ops[i].args
    if ops[vector].shape != ops[i].shape:
        return []
    out = []
    for h in range(model.adjoint.forward, vector):
        if ops[h].shape != ops[vector].shape or ops[h].lead < PER_STEP or ops[h].kind == "const":
            continue

        def value(look: Look, t: int, steps: int, h: int = h) -> Array:
            # Nothing comes back where the loss is masked, whatever the factor is.
            own = np.asarray(look(h, t), float)
            rest = np.divide(look(vector, t), own, out=np.zeros(np.shape(own)), where=own != 0)
            return own @ np.asarray(look(m, t)).T * rest

        words = f"{named(model, m)} {named(model, h)} ⊙ ({named(model, vector)} / "
        term = Term(f"{words}{named(model, h)})", 4, value)
        made = code.of(term, shown)
        if (np.abs(made - target) <= MEASURED * np.abs(target).max()).all():
            out.append(term)
    return out[:TRIED]


def _product(m: int, inner: Value) -> Value:
    return lambda look, t, steps: inner(look, t, steps) @ np.asarray(look(m, t)).T


__all__ = ["MEASURED", "TRIED", "recognised"]
