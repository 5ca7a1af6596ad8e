"""What a gradient takes to be constant, or does wrong, in one operation of its loss.

Each operation is carried out as if one thing were wrong with its derivative (see
:mod:`bptt_sym.testing.tracing`): an operand is taken to be constant, the derivative of a function
or a factor is left out, a matrix is not transposed on the way back, only one of many uses of a
parameter counts, what belongs to another use or product stands beside an operand. The change under
which all directional derivatives are those of the gradient that was given is what is wrong with it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import partial
from itertools import chain
from typing import Any

import numpy as np

from bptt_sym.testing.allocation import complex_room
from bptt_sym.testing.arrangements import alike, arranged
from bptt_sym.testing.by_use import by_use, some_uses
from bptt_sym.testing.carried_cuts import carried_cuts
from bptt_sym.testing.compare import FAILURES
from bptt_sym.testing.elsewhere import displaced, elsewhere, joined
from bptt_sym.testing.fits import number, or_nan
from bptt_sym.testing.in_own_use import in_own_use
from bptt_sym.testing.more_factors import more_factors
from bptt_sym.testing.one_number import another_number
from bptt_sym.testing.one_use import at_one_use
from bptt_sym.testing.one_vector import rearranged
from bptt_sym.testing.search_time import in_time
from bptt_sym.testing.tracing import ACTIVE, ORDINALS, STEP, Change, Trace, Traced
from bptt_sym.testing.two_cuts import two_cuts

Array = Any
Params = Mapping[str, Array]
#: Candidates that are tried at most.
_TRIED = 400
#: Uses at the beginning or at the end that are changed alone, less than.
_ENDS = 7
#: Wrong parameters, at least, that tell a change and a factor.
_SCALED = 2
#: Changes by which gradients become multiples of what they should be.
_FACTORS = frozenset(("divisor", "factor", "other", "scaled"))
#: Losses that factors are measured of, at most.
_LOSSES = 40


def explained(
    loss: Callable[[dict[str, Array]], Any], point: Params, given: Params, wrong: Sequence[str]
) -> str | None:
    """What is wrong with a gradient of a loss, in words; ``None`` if no one thing explains it.

    Raises
    ------
    OutOfTime
        The search takes longer than it may (see :mod:`bptt_sym.testing.search_time`).
    """
    rng = np.random.default_rng(11)
    directions = [{k: rng.normal(size=v.shape) for k, v in point.items()} for _ in range(2)]

    def claimed(v: Params, names: Sequence[str]) -> float:
        return float(sum((given[k] * v[k]).sum() for k in names))

    whole = max(float(np.abs(given[k] * directions[0][k]).sum()) for k in point)

    def fits(change: Change | None, weigh: Callable[[Array], Array], names: Sequence[str]) -> bool:
        for v in directions:
            slope = _slope(loss, point, {k: v[k] for k in names}, change, weigh)
            if slope is None:
                return False
            size = sum(float(np.abs(given[k] * v[k]).sum()) for k in names)
            # Not a number is not near anything.
            # What should be 0 is 0 to the rounding of what is not.
            near = 1e-10 * max(size, abs(slope), 1e-4 * whole)
            if not abs(slope - claimed(v, names)) <= near:
                return False
        return True

    def explains(change: Change) -> bool:
        # One parameter first: that it does not fit takes one pass to see.
        return all(fits(change, np.sum, [k]) for k in wrong) and fits(change, np.sum, known)

    known, trace, own = list(point), Trace(), Trace()
    if _slope(loss, point, directions[0], None, np.sum, trace) is None:
        return None
    _slope(loss, point, {k: directions[0][k] for k in wrong}, None, np.sum, own)
    for found in (_added, _multiples, _turned):
        words = found(loss, point, given, wrong, directions)
        if words and found is _multiples:
            # What is multiplied or divided by, if that is left out, says more than how much.
            causes = chain(_candidates(trace), displaced(own))
            why = next((w for w, c in causes if c.kind in _FACTORS and explains(c)), None)
            return why or words
        if words:
            return words
    def along(of: Callable[[Any], Any], v: Params, seen: Trace) -> float | None:
        return _slope(of, point, v, None, np.sum, seen)

    order = rearranged(along, loss, point, given, wrong)
    if order:
        return order
    for words, weigh in _weighings():
        # Which parameters it concerns is known: the others are right.
        if all(fits(None, weigh, [k]) for k in wrong):
            return words
    for words, change in chain(
        _candidates(trace), _in_part(trace, own), displaced(own), joined(own)
    ):
        if explains(change):
            return words
    for name in wrong:
        for other in known:
            like = other != name and point[other].shape == point[name].shape
            if like and len(wrong) <= 2 and all(
                abs(or_nan(_slope(loss, point, {other: v[name]}, None, np.sum)) -
                    claimed(v, [name])) <= 1e-10 * float(np.abs(given[name] * v[name]).sum())
                for v in directions
            ):  # fmt: skip
                return f"what is given for {name} is the gradient of {other}"
    names = ", ".join(f"d{k}" for k in wrong)
    # In what is given for some parameters alone, though the same operation leads to others.
    for words, change in chain(_candidates(own), joined(own)):
        if all(fits(change, np.sum, [k]) for k in wrong):
            return f"{names}: {words}"
    slope = partial(_slope_of, loss, point)
    truncated = carried_cuts(slope, given, wrong, own, directions)
    if truncated:
        return truncated
    for words, change in two_cuts(slope, _candidates(own), given, wrong, directions, own):
        if all(fits(change, np.sum, [k]) for k in wrong):
            return f"{names}: {words}"
    if len(wrong) == 1:
        for words, change in _uses(trace):
            if fits(change, np.sum, wrong):
                return f"d{wrong[0]}: {words}"
    alone = ""
    for words, change in chain(_single(trace, own), elsewhere(own)):
        if all(fits(change, np.sum, [k]) for k in wrong):
            if fits(change, np.sum, known):
                return words
            alone = alone or f"{names}: {words}"
    if alone:
        return alone
    lost = in_own_use(slope, _candidates(own), point, given, wrong, own, directions)
    if lost:
        return f"{names}: {lost}"
    scaled_too = _scaled_too(loss, point, given, wrong, directions, own)
    if scaled_too:
        return f"{names}: {scaled_too}"
    weighed = _by_loss(loss, point, given, wrong)
    if weighed:
        return weighed
    for words, change in chain(
        more_factors(own), alike(_candidates(trace)), arranged(trace, own)
    ):
        if explains(change):
            return words

    for words, change in chain(some_uses(own), by_use(slope, point, given, wrong, own)):
        if all(fits(change, np.sum, [k]) for k in wrong):
            return f"{names}: {words}"
    for words, change in another_number(slope, point, given, wrong, own):
        if all(fits(change, np.sum, [k]) for k in wrong):
            return words if fits(change, np.sum, known) else f"{names}: {words}"
    return None


def at_one_place(
    loss: Callable[[dict[str, Array]], Any], point: Params, given: Params
) -> tuple[str, bool] | None:
    """The one place where another value comes back than should, and whether it is known which."""

    def slope(v: Params, change: Change | None, trace: Trace | None) -> float | None:
        return _slope(loss, point, v, change, np.sum, trace)

    return at_one_use(slope, point, given)


def traced_room() -> AbstractContextManager[None]:
    """New arrays hold complex numbers whose imaginary parts are traced."""
    return complex_room(lambda a: a.view(Traced))


def _slope(
    loss: Callable[[dict[str, Array]], Any],
    point: Params,
    direction: Params,
    change: Change | None,
    weigh: Callable[[Array], Array],
    trace: Trace | None = None,
) -> float | None:
    """The directional derivative with something done wrongly; ``None`` for other kinds of code."""
    slopes = _slopes(loss, point, direction, change, weigh, trace)
    return float(slopes[0]) if slopes is not None and slopes.size == 1 else None


def _slope_of(
    loss: Callable[[dict[str, Array]], Any], point: Params, direction: Params,
    change: Change | None,
) -> float | None:  # fmt: skip
    return _slope(loss, point, direction, change, np.sum)


def _slopes(
    loss: Callable[[dict[str, Array]], Any],
    point: Params,
    direction: Params,
    change: Change | None,
    weigh: Callable[[Array], Array],
    trace: Trace | None = None,
) -> Array | None:
    """The same of every entry that ``weigh`` makes of the losses."""
    in_time()
    moved = {
        k: (v + 1j * STEP * direction.get(k, 0.0)).view(Traced) for k, v in point.items()
    }
    trace = trace or Trace()
    trace.change = change
    ACTIVE.append(trace)
    try:
        with np.errstate(all="ignore"), traced_room():
            values = np.ravel(np.asarray(weigh(np.asarray(loss(moved))), complex))
    except FAILURES:
        return None
    finally:
        ACTIVE.pop()
    return values.imag / STEP


def _weighings() -> Iterator[tuple[str, Callable[[Array], Array]]]:
    """Sums of the losses of the steps, if the loss returns them, with some of them left out."""
    yield "the loss of the first step is missing", lambda v: v[1:].sum()
    yield "the loss of the last step is missing", lambda v: v[:-1].sum()
    yield "only the loss of the last step is there", lambda v: v[-1]
    yield "only the loss of the first step is there", lambda v: v[0]
    yield "the mean over the losses is taken, not their sum", lambda v: v.mean()


def _candidates(trace: Trace) -> Iterator[tuple[str, Change]]:
    """Changes of every use of a site; those that the fewest words tell first."""
    count = 0
    for site, operands in trace.moved.items():
        where = f"`{site.words}` (line {site.where[1]})"
        if site in trace.square and 0 in operands:
            yield f"the matrix of {where} is not transposed on the way back", Change(site, "turned")
        if site.function in ("clip", "maximum", "minimum"):
            for k in sorted(operands):
                text = f"{where} passes all back to its {ORDINALS[k]} operand, also where it is cut"
                yield text, Change(site, "identity", k)
        if site.function == "power" and 0 in operands:
            exponents = {u: row[1] for u, row in enumerate(trace.operands[site])}
            if all(np.ndim(n) == 0 and n not in (0, 1) for n in exponents.values()):
                text = f"the exponent of {where} is left out as a factor of its derivative"
                values = {u: 1 / n for u, n in exponents.items()}
                yield text, Change(site, "scaled", 0, None, values)
        if site.function == "square" and operands:
            text = f"the exponent of {where} is left out as a factor of its derivative"
            halves = dict.fromkeys(range(trace.sites[site]), 0.5)
            yield text, Change(site, "scaled", 0, None, halves)
        if site in trace.unary and operands:
            yield f"the derivative of {where} is missing", Change(site, "identity")
        if site.function == "divide" and 0 in operands:
            yield f"the division in {where} is left out on the way back", Change(site, "divisor")
        for k in sorted(operands):
            if site.function == "multiply" and site.operands == 2:
                factor = ("second", "first")[k]
                text = f"the {factor} factor of {where} is left out on the way back"
                yield text, Change(site, "factor", k)
            which = f"{ORDINALS[k]} operand" if site.operands > 1 else "argument"
            if site.function == "where":
                which = ("first choice", "second choice")[k]
                text = f"{where} passes back to its {which} where it takes the other one as well"
                yield text, Change(site, "everywhere", k)
                text = f"{where} passes everything back to its {which}, as if it always took that"
                yield text, Change(site, "always", k)
            text = f"{where} passes nothing back to its {which}: it is taken to be constant"
            yield text, Change(site, "operand", k)
            count += 1
        if count > _TRIED:
            return


def _scaled_too(
    loss: Callable[[dict[str, Array]], Any],
    point: Params,
    given: Params,
    wrong: Sequence[str],
    directions: Sequence[Params],
    own: Trace,
) -> str | None:
    """One operation differentiated wrongly, and a number that all of it is multiplied by."""
    along = [{k: v[k]} for k in wrong for v in directions]
    claimed = [float((given[k] * v).sum()) for a in along for k, v in a.items()]
    if len(along) < 2 * _SCALED or any(point[k].size < 2 for k in wrong):
        return None
    for words, change in _candidates(own):
        if change.kind == "scaled":
            continue  # two numbers: that all else has another one is said more plainly
        factors: list[float] = []
        for v, c in zip(along, claimed, strict=True):
            slope = or_nan(_slope(loss, point, v, change, np.sum))
            factors.append(c / slope if slope else float("nan"))
            if not abs(factors[-1] - factors[0]) <= 1e-9 * abs(factors[0]):
                break
        else:
            return f"{words}; and it is {number(factors[0])} times that"
    return None


def _uses(trace: Trace) -> Iterator[tuple[str, Change]]:
    """Of many uses at one site only the first or the last counts, or one of them does not."""
    for site, uses in trace.sites.items():
        where = f"of the {uses} uses in `{site.words}` (line {site.where[1]})"
        for k in sorted(trace.moved[site]) if uses > 1 else ():
            for at, word in ((0, "first"), (uses - 1, "last")):
                text = f"{where} only the {word} counts (= for +=)"
                yield text, Change(site, "operand", k, frozenset(range(uses)) - {at})
            for at, word in ((0, "first"), (uses - 1, "last")):
                change = Change(site, "operand", k, frozenset({at}))
                yield f"{where} the {word} is missing", change


def _single(trace: Trace, own: Trace) -> Iterator[tuple[str, Change]]:
    """Changes of the first or the last uses of a site alone that the wrong parameters reach."""
    for words, change in _candidates(trace):
        site = change.site
        reached = sorted({u for k in range(site.operands) for u in own.reached.get((site, k), ())})
        for count in range(1, min(len(reached), _ENDS)):
            for uses, word in ((reached[:count], "first"), (reached[-count:], "last")):
                which = f"the {word} {count} uses" if count > 1 else f"the {word} use"
                yield f"{words}, at {which}", replace(change, uses=frozenset(uses))


def _in_part(trace: Trace, own: Trace) -> Iterator[tuple[str, Change]]:
    """Changes of those uses of a site alone that the wrong parameters reach: one direction of two,
    one layer of many that run through the same lines."""
    for words, change in _candidates(trace):
        site, uses = change.site, trace.sites[change.site]
        reached = {u for k in range(site.operands) for u in own.reached.get((site, k), ())}
        if reached and len(reached) < uses:
            text = f"{words}, at {len(reached)} of its {uses} uses"
            yield text, replace(change, uses=frozenset(reached))


def _multiples(
    loss: Callable[[dict[str, Array]], Any],
    point: Params,
    given: Params,
    wrong: Sequence[str],
    directions: Sequence[Params],
) -> str | None:
    """One factor that every wrong gradient has too much."""
    factors = []
    for name in wrong:
        if point[name].size < 2:
            return None
        for v in directions:
            slope = _slope(loss, point, {name: v[name]}, None, np.sum)
            if not slope:
                return None
            factors.append(float((given[name] * v[name]).sum()) / slope)
    factor = float(np.median(factors))
    if not max(abs(f - factor) for f in factors) <= 1e-10 * abs(factor):
        return None
    names = ", ".join(f"d{n}" for n in wrong)
    return f"{names}: {number(factor)} times the gradient" if factor else f"{names}: 0"


def _turned(
    loss: Callable[[dict[str, Array]], Any],
    point: Params,
    given: Params,
    wrong: Sequence[str],
    directions: Sequence[Params],
) -> str | None:
    """The transposes of gradients, or their entries in the shape of the gradients."""
    for name in wrong:
        shape = point[name].shape
        if len(shape) != 2 or 1 in shape:
            return None
        for v in directions:
            across = v[name].reshape(shape[::-1]).T
            claimed = float((given[name] * v[name]).sum())
            slope = or_nan(_slope(loss, point, {name: across}, None, np.sum))
            if not abs(slope - claimed) <= 1e-10 * float(np.abs(given[name] * v[name]).sum()):
                return None
    return f"{', '.join(f'd{n}' for n in wrong)}: the transpose is given"


def _by_loss(
    loss: Callable[[dict[str, Array]], Any], point: Params, given: Params, wrong: Sequence[str]
) -> str | None:
    """The losses that are returned, each with a factor of its own."""
    count = np.size(loss({k: np.array(v) for k, v in point.items()}))
    if not 1 < count <= _LOSSES:
        return None
    rng = np.random.default_rng(13)
    rows, right = [], []
    for _ in range(count + 4):
        v = {k: rng.normal(size=point[k].shape) for k in wrong}
        row = _slopes(loss, point, v, None, np.ravel)
        if row is None or row.size != count:
            return None
        rows.append(row)
        right.append(float(sum((given[k] * v[k]).sum() for k in wrong)))
    a, b = np.array(rows, float), np.array(right)
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        return None
    seen = np.abs(a).max(0) > 0  # a loss that they do not enter has any factor
    factors, _, rank, _ = np.linalg.lstsq(a[:, seen], b, rcond=1e-10)
    off = np.abs(a[:, seen] @ factors - b).max()
    if rank < seen.sum() or off > 1e-9 * max(np.abs(b).max(), np.abs(a).max()):
        return None
    by: dict[str, list[str]] = {}
    for j, f in zip(np.flatnonzero(seen), factors, strict=True):
        if abs(f - 1) > 1e-7:
            by.setdefault(f"{0.0 if abs(f) < 1e-7 else f:.6g}", []).append(str(j + 1))
    if not by or len(by) > 3:
        return None
    parts = [
        f"{'loss' if len(js) == 1 else 'losses'} {', '.join(js)} of {count} "
        + ("left out" if f == "0" else f"with factor {f}")
        for f, js in by.items()
    ]
    return f"{', '.join(f'd{n}' for n in wrong)}: {'; '.join(parts)}"


def _added(
    loss: Callable[[dict[str, Array]], Any],
    point: Params,
    given: Params,
    wrong: Sequence[str],
    directions: Sequence[Params],
) -> str | None:
    """A multiple of the parameter itself that was added to its gradient, or is missing there."""
    rates: dict[str, float] = {}
    if any(point[name].size < 2 for name in wrong):
        return None  # one number is a multiple of any other
    for name in wrong:
        # One direction gives the rate, the others have to agree.
        seen = []
        for v in directions:
            slope = _slope(loss, point, {name: v[name]}, None, np.sum)
            along = float((point[name] * v[name]).sum())
            if slope is None or not along:
                return None
            size = float(np.abs(given[name] * v[name]).sum()) + abs(slope)
            seen.append((float((given[name] * v[name]).sum()) - slope, along, size))
        if all(abs(off) <= 1e-10 * size for off, _, size in seen):
            return None  # nothing is added: it is the complex step that is not the derivative
        rate = seen[0][0] / seen[0][1]
        if not all(abs(off - rate * along) <= 1e-10 * size for off, along, size in seen):
            return None
        rates[name] = rate
    if not rates:
        return None
    parts = [
        f"{abs(r):.6g} times {n} is {'added to' if r > 0 else 'missing in'} d{n}"
        for n, r in rates.items()
    ]
    return "; ".join(parts) + " (weight decay)"


__all__ = ["explained"]
