"""Values that stand where another use of an operation, or another operation, has its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain
from typing import Any

import numpy as np

from bptt_sym.testing.tracing import ALL, ORDINALS, OWN, Change, Site, Trace

Array = Any
#: Lists of values that are tried at each operand, at most.
_LISTS = 120
#: How many gates of a step one function may be called for.
_GATES = (2, 3, 4)
#: What may have an operand that is constant, as the mask or the discount of each step.
_WITH_CONSTANTS = frozenset(("add", "subtract", "multiply", "divide", "power"))


#: What code may take for a constant factor, such as the mask of dropout.
_MASKS: tuple[tuple[str, Callable[[Array], Array]], ...] = (
    ("1 where it is not 0", lambda v: (v != 0).astype(float)),
    ("its square", lambda v: v * v),
)  # fmt: skip


def displaced(own: Trace) -> Iterator[tuple[str, Change]]:
    """Beside an operand stands what belongs to another use of a product, or to another product."""
    for (site, k), uses in own.reached.items():
        if site not in own.products or len(uses) < 2:
            continue
        others = [own.operands[site][u][1 - k] for u in uses]
        if all(np.array_equal(v, others[0]) for v in others):
            continue  # the same matrix every time
        for words, values in _moved(others):
            which, other = ("first", "second")[k], ("second", "first")[k]
            text = f"what {site.place} passes to its {which} operand takes the {other} one of "
            taken = dict(zip(uses, values, strict=True))
            yield text + words, Change(site, "other", k, frozenset(uses), taken)
    yield from _constants(own)
    products = [s for s in own.operands if s in own.products and own.reached.get((s, 0))]
    for a in products:
        for b in products:
            first, second = own.operands[a], own.operands[b]
            alike = len(first) == len(second) and first[0][1].shape == second[0][1].shape
            if not alike or (a.where >= b.where) or np.ndim(first[0][1]) != 2:
                continue
            to_a = {u: v[1] for u, v in enumerate(second)}
            to_b = {u: v[1] for u, v in enumerate(first)}
            text = f"the matrices of `{a.words}` and `{b.words}` are exchanged on the way back"
            yield text, Change(a, "other", 0, None, to_a, Change(b, "other", 0, None, to_b))


def _constants(own: Trace) -> Iterator[tuple[str, Change]]:
    """The operand that is no parameter's is that of another use: of a sum, a product, a power."""
    for site, rows in own.operands.items():
        fixed = [k for k in (0, 1) if not own.reached.get((site, k))]
        if site.function not in _WITH_CONSTANTS or len(fixed) != 1 or site.operands != 2:
            continue
        k, product = fixed[0], site.function == "multiply"
        values = [row[k] for row in rows]
        which = ("first", "second")[k]
        if all(np.ndim(v) for v in values) and site.function in ("add", "subtract"):
            text = f"{site.place} has its {which} operand with the other sign"
            negative = {u: -v for u, v in enumerate(values)}
            yield text, Change(site, "value", k, None, negative)
        if product and all(np.ndim(v) and np.any(np.equal(v, 0)) for v in values):
            for words, form in _MASKS:
                made = {u: form(v) for u, v in enumerate(values)}
                if all(np.array_equal(made[u], v) for u, v in enumerate(values)):
                    continue
                text = f"{words} stands for the {which} factor of {site.place} on the way back"
                yield text, Change(site, "other", 1 - k, None, made)
        if len(rows) < 2 or any(np.shape(v) != np.shape(values[0]) for v in values):
            continue
        if all(np.array_equal(v, values[0]) for v in values):
            continue
        for words, moved in chain(_moved(values), _strides(values)):
            text = f"{site.place} has as its {which} operand that of {words}"
            instead = {u: np.asarray(v) for u, v in enumerate(moved)}
            if product:
                yield f"{text}, on the way back", Change(site, "other", 1 - k, None, instead)
            yield text, Change(site, "value", k, None, instead)


def _strides(values: list[Any]) -> Iterator[tuple[str, list[Any]]]:
    """Those of other uses of the same layer, where several are gone through at every step."""
    for count in _GATES:
        if len(values) > count and len(values) % count == 0:
            for by, word in ((count, "before"), (-count, "after")):
                order = np.roll(np.arange(len(values)), by)
                text = f"{count} uses {word}, round the ends"
                yield text, [values[j] for j in order]
            swapped = [values[j - j % count + count - 1 - j % count] for j in range(len(values))]
            yield f"the other one of every {count} uses, in the reverse order", swapped


def _moved(values: list[Any]) -> list[tuple[str, list[Any]]]:
    """Those of other uses."""
    return [
        ("the uses in the reverse order", values[::-1]),
        ("the use before", [values[0], *values[:-1]]),
        ("the use after", [*values[1:], values[-1]]),
        ("the use before (at first the last)", [values[-1], *values[:-1]]),
        ("the use after (at last the first)", [*values[1:], values[0]]),
        ("the last use every time", [values[-1]] * len(values)),
    ]


def elsewhere(own: Trace) -> Iterator[tuple[str, Change]]:
    """What another operation has stands in a product, a slope of tanh, a quotient, an index."""
    for (site, k), uses in own.reached.items():
        where, chosen = site.place, frozenset(uses)
        beside = site.function == "multiply" and site.operands == 2
        if site in own.products or beside:
            mine = [own.operands[site][u][1 - k] for u in uses]
            others = _lists(own, mine, site, 1 - k, uses)
            if not beside:
                others = chain(others, _without_factors(own, mine, site))
            for words, values in chain(_means(mine), others) if beside else others:
                text = f"on the way back through {where} to {site.operand(k)}, {words} stands for "
                text += site.operand(1 - k)
                yield text, Change(
                    site, "other", k, chosen, dict(zip(uses, values, strict=True))
                )
        elif site.function == "tanh":
            mine = [own.operands[site][u][0] for u in uses]
            outputs = [np.tanh(v) for v in mine]
            lists = [("its own value", outputs), *_lists(own, mine, site, 0, uses)]
            lists += [(f"the argument of {words}", v) for words, v in _moved(mine)]
            for words, values in lists:
                text = f"the derivative of {where} is taken at {words}"
                yield text, Change(site, "slope", 0, chosen, dict(zip(uses, values, strict=True)))
            for words, values in _lists(own, outputs, site, 0, uses):
                text = f"the derivative of {where} is made of {words} in place of its own value"
                yield text, Change(site, "valued", 0, chosen, dict(zip(uses, values, strict=True)))
            yield from _formulas(site, uses, mine, outputs, _OF_TANH)
        elif site.function == "divide" and k == 1:
            over, under = zip(*(own.operands[site][u][:2] for u in uses), strict=True)
            if all(np.all(np.equal(v, 1)) for v in over) and all(np.min(v) > 1 for v in under):
                outputs = [1 / v for v in under]
                yield from _formulas(site, uses, outputs, outputs, _OF_LOGISTIC)
                yield from _mixed(own, site, uses, outputs)
        elif site.function == "divide" and k == 0:
            yield from _unscaled(own, site, uses)
            yield from _normed(own, site, uses)
            mine = [own.operands[site][u][1] for u in uses]
            if any(np.ndim(v) for v in mine) or len(set(map(float, mine))) < 2:
                continue
            for word, value in (("greatest", max(mine)), ("least", min(mine)), ("first", mine[0])):
                text = f"{where} is divided by the {word} of its divisors on the way back"
                yield text, Change(site, "divided", 0, chosen, dict.fromkeys(uses, value))
        elif site.function == "index":
            yield from _indices(own, site, uses)


#: What stands for the derivative 1 - y² of tanh, and for s (1 - s), from the argument and the
#: value; the derivative itself is the last of them.
_Forms = tuple[tuple[str, Callable[[Array, Array], Array]], ...]
_OF_TANH: _Forms = (
    ("1 − y", lambda a, y: 1 - y), ("1 + y²", lambda a, y: 1 + y * y), ("y²", lambda a, y: y * y),
    ("y (1 − y)", lambda a, y: y * (1 - y)), ("1 − a²", lambda a, y: 1 - a * a),
    ("(1 − y²)²", lambda a, y: (1 - y * y) ** 2), ("1 − 2 y", lambda a, y: 1 - 2 * y),
    ("1 − y²", lambda a, y: 1 - y * y),
)  # fmt: skip
_OF_LOGISTIC: _Forms = (
    ("1 − y", lambda a, y: 1 - y), ("y", lambda a, y: y), ("1 − y²", lambda a, y: 1 - y * y),
    ("y²", lambda a, y: y * y), ("y (1 + y)", lambda a, y: y * (1 + y)), ("1", lambda a, y: 1.0),
    ("(y (1 − y))²", lambda a, y: (y * (1 - y)) ** 2), ("y (1 − y)", lambda a, y: y * (1 - y)),
)  # fmt: skip


def _formulas(
    site: Site, uses: list[int], arguments: list[Array], outputs: list[Array], forms: _Forms
) -> Iterator[tuple[str, Change]]:
    """Another formula in the place of an activation's derivative."""
    (right, derivative) = forms[-1]
    slopes = [derivative(a, y) for a, y in zip(arguments, outputs, strict=True)]
    if any((np.asarray(s) == 0).any() for s in slopes):
        return
    for words, form in forms[:-1]:
        factors = [
            form(a, y) / s for a, y, s in zip(arguments, outputs, slopes, strict=True)
        ]  # fmt: skip
        text = f"{words} stands for the derivative {right} of y = {site.place}"
        values = dict(zip(uses, factors, strict=True))
        yield text, Change(site, "scaled", 0, frozenset(uses), values)
        # A function that is called for one gate after the other has all of them as its uses.
        for count in _GATES:
            for r in range(count) if len(uses) > count and len(uses) % count == 0 else ():
                yield (
                    f"{text}, at one use of every {count}, from use {uses[r] + 1} on",
                    Change(site, "scaled", 0, frozenset(uses[r::count]), values),
                )


def _mixed(
    own: Trace, site: Site, uses: list[int], outputs: list[Array]
) -> Iterator[tuple[str, Change]]:
    """Another value v in the derivative y (1 − y) of the logistic function, once or twice."""
    for words, values in _lists(own, outputs, site, 0, uses):
        both = list(zip(uses, values, outputs, strict=True))
        if any((y * (1 - y) == 0).any() for _, _, y in both):
            return
        for form, made in (
            ("v (1 − y)", {u: v / y for u, v, y in both}),
            ("y (1 − v)", {u: (1 - v) / (1 - y) for u, v, y in both}),
            ("v (1 − v)", {u: v * (1 - v) / (y * (1 - y)) for u, v, y in both}),
        ):  # fmt: skip
            text = f"{form} stands for the derivative y (1 − y) of y = {site.place}, with v "
            yield f"{text}{words}", Change(site, "scaled", 0, frozenset(uses), made)


def _factors(own: Trace, count: int) -> Iterator[tuple[Site, int, list[Array]]]:
    """What things are multiplied by, at each of as many uses."""
    for site, rows in own.operands.items():
        if site.function != "multiply" or len(rows) != count:
            continue
        for k in (0, 1):
            factors = [row[k] for row in rows]
            if all(np.ndim(f) and np.all(f) for f in factors):
                yield site, k, factors


def _without_factors(
    own: Trace, mine: list[Array], site: Site
) -> Iterator[tuple[str, list[Array]]]:
    """Values that lack a factor which something was multiplied by."""
    for other, k, factors in _factors(own, len(mine)):
        if any(np.ndim(f) > np.ndim(v) for f, v in zip(factors, mine, strict=True)):
            continue
        try:
            values = [v / f for v, f in zip(mine, factors, strict=True)]
        except ValueError:
            continue
        if all(v.shape == np.shape(m) for v, m in zip(values, mine, strict=True)):
            yield f"that without the {ORDINALS[k]} factor of {other.place}", values


def _unscaled(own: Trace, site: Site, uses: list[int]) -> Iterator[tuple[str, Change]]:
    """What comes back through a quotient lacks a factor of what is divided."""
    over = [np.shape(own.operands[site][u][0]) for u in uses]
    for other, k, factors in _factors(own, len(uses)):
        rows = own.operands[other]
        if any(np.shape(row[1 - k]) != shape for row, shape in zip(rows, over, strict=True)):
            continue
        text = f"the {ORDINALS[k]} factor of {other.place} is left out of what {site.place} "
        values = {u: 1 / f for u, f in zip(uses, factors, strict=True)}
        yield text + "passes back", Change(site, "scaled", 0, frozenset(uses), values)


def _normed(own: Trace, site: Site, uses: list[int]) -> Iterator[tuple[str, Change]]:
    """A quotient of a product: a factor is left out of all that comes back but to itself."""
    for other, k, factors in _factors(own, len(own.operands[site])):
        over = [own.operands[site][u][0] for u in range(len(factors))]
        if not all(np.array_equal(a, b) for a, b in zip(own.results[other], over, strict=True)):
            continue
        values = {u: 1 / f for u, f in enumerate(factors)}
        text = f"the {ORDINALS[k]} factor of {other.place} is left out on the way back, in what "
        text += f"comes from both operands of {site.place}"
        also = Change(other, "factor", 1 - k)
        yield text, Change(site, "through", 1, None, values, also)


def _means(mine: list[Array]) -> Iterator[tuple[str, list[Array]]]:
    """Values in whose place their mean stands, over all entries or along one axis."""
    for axis in (None, *range(np.ndim(mine[0]))):
        if all(np.ndim(v) == np.ndim(mine[0]) and np.size(v) > 1 for v in mine):
            words = "its own mean" + ("" if axis is None else f" along axis {axis}")
            means = (np.mean(v, axis, keepdims=True) for v in mine)
            yield words, [np.broadcast_to(m, v.shape) for m, v in zip(means, mine, strict=True)]


def joined(own: Trace) -> Iterator[tuple[str, Change]]:
    """Operations that belong together: exponentials and their sum, a product and its factor."""
    for site, (axis, axes) in own.softmax.items():
        where = site.place
        if site.function == "divide":
            yield (
                f"each entry of the softmax {where} is taken to depend on its own score only "
                "(y (1 − y) for its derivative)",
                Change(site, "softmax", OWN),
            )
        for other in (ALL, *(a for a in range(axes) if a != axis)):
            along = "all axes" if other == ALL else f"axis {other}"
            text = f"the softmax of {where} is summed over {along} on the way back, not axis {axis}"
            yield text, Change(site, "softmax", other)
    for site, factors in own.factors.items():
        chosen = frozenset(factors)
        for k in (0, 1):
            if not own.reached.get((site, k)):
                continue
            which = ("first", "second")[k]
            yield (
                f"what {site.place} passes to its {which} operand lacks the factor that the "
                "product is multiplied by",
                Change(site, "unfactored", k, chosen, factors),
            )
            operands = own.operands[site]
            if all(np.shape(operands[u][0]) == np.shape(f) for u, f in factors.items()):
                yield (
                    f"what {site.place} passes to its {which} operand has the factor of the "
                    "product before the matrix, not behind it",
                    Change(site, "inside", k, chosen, factors),
                )
    yield from _masked(own)


def _masked(own: Trace) -> Iterator[tuple[str, Change]]:
    """An operand is repeated along the first axis, and some of its uses there do not count."""
    for (site, k), uses in own.reached.items():
        copied = site.function in ("tile", "repeat", "broadcast_to")
        if not copied and (site.function not in ("multiply", "add") or site.operands != 2):
            continue
        shapes = {tuple(np.shape(v) for v in own.operands[site][u]) for u in uses}
        if len(shapes) != 1:
            continue
        (pair,) = shapes
        mine, other = pair[k], own.copies[site] if copied else pair[1 - k]
        again = len(mine) < len(other) or (len(mine) == len(other) and mine[:1] != other[:1])
        if not again or not other[0] > 1:
            continue
        steps = np.arange(other[0]).reshape(-1, *[1] * (len(other) - 1))
        last = other[0] - 1
        for words, kept in (
            ("the last one is missing", steps < last), ("the first one is missing", steps > 0),
            ("only the last one counts", steps == last), ("only the first one counts", steps == 0),
        ):  # fmt: skip
            which = ("first", "second")[k]
            text = f"of the {other[0]} uses of its {which} operand in {site.place} {words}"
            values = dict.fromkeys(uses, kept.astype(float))
            yield text, Change(site, "masked", k, frozenset(uses), values)


def _indices(own: Trace, site: Site, uses: list[int]) -> Iterator[tuple[str, Change]]:
    """Other rows than those that were read; of rows that were read twice, one of two."""
    where, chosen = site.place, frozenset(uses)
    yield (
        f"of rows that {where} reads twice at once only the last counts (no sum)",
        Change(site, "last", 0, chosen),
    )
    keys = own.indices[site]
    if len(keys) == own.sites[site] > 1:
        for words, moved in _moved(keys):
            text = f"{where} is taken at the indices of {words}"
            yield text, Change(site, "instead", 0, chosen, dict(enumerate(moved)))
    mine = [k[-1] if isinstance(k, tuple) else k for k in own.indices[site]]
    for other, keys in own.indices.items():
        arrays = [k[-1] if isinstance(k, tuple) else k for k in keys]
        if any(not isinstance(k, np.ndarray) or k.shape != np.shape(mine[0]) for k in arrays):
            continue
        for start in range(len(arrays) - len(uses) + 1):
            values = arrays[start : start + len(uses)]
            if all(np.array_equal(mine[u], v) for u, v in zip(uses, values, strict=True)):
                continue
            text = f"{where} passes back to the rows of `{other.words}`"
            text += f", from its use {start + 1} on" if start else ""
            yield text, Change(site, "index", 0, chosen, dict(zip(uses, values, strict=True)))


def _lists(
    own: Trace, mine: list[Array], site: Site, operand: int, uses: list[int]
) -> Iterator[tuple[str, list[Array]]]:
    """Values of another operation's operand, one for each of ``mine``, or one for all."""
    count = 0
    for other, rows in own.operands.items():
        # A value may be cut, or put into an array, before an operation has it as its operand.
        for k in (*range(other.operands), -1):
            values = own.results[other] if k < 0 else [row[k] for row in rows if k < len(row)]
            if (other, k) == (site, operand) or any(
                np.shape(v) != np.shape(mine[0]) for v in values
            ):
                continue
            which = ORDINALS[k] if other.operands > 1 else "only"
            what = "value" if k < 0 else f"{which} operand"
            there = f"the {what} of `{other.words}` (line {other.where[1]})"
            # The first use of the one goes with the first of the other, reached or not.
            many, tried = len(own.operands[site]), [("", values)][: len(values) == len(mine)]
            if many == len(values) != len(mine):
                tried = [("", [values[u] for u in uses])]
            for word, value in ((" at first", values[0]), (" at last", values[-1])):
                tried.append((word, [value] * len(mine)))
            for word, some in tried:
                same = all(np.array_equal(a, b) for a, b in zip(some, mine, strict=True))
                if not same:
                    yield there + word, some
                    count += 1
        if count > _LISTS:
            return


__all__ = ["displaced", "elsewhere", "joined"]
