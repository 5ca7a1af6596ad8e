"""A number of a loss that a gradient has otherwise: measured, and tried.

Of every operation the factor of what it passes back, a constant that it is given, or its value is
taken to be unknown; where it is an array, a multiple of it and a number added. Newton's method says
which number gives what the gradient has along some directions; the other directions are tried with
it. So the smoothing of labels, a temperature, a discount, an ε or the divisor of a variance are
seen, whatever the loss is.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, final

import numpy as np

from bptt_sym.testing.fits import number
from bptt_sym.testing.tracing import ORDINALS, Change, Site, Trace

Array = Any
Params = Mapping[str, Array]
#: ``slope(direction, change)``.
Slope = Callable[[Params, Change | None], float | None]
#: Seconds of processor time for all, steps of Newton's method, and directions that it follows.
_SECONDS, _STEPS, _ALONG = 5.0, 12, 4
#: Where it may stop, relative to what is sought, and how far a derivative is taken.
_DONE, _APART = 1e-13, 1e-6
#: What chooses entries and computes nothing.
_CHOICES = ("index", "row", "where")
#: Entries of the wrong gradients that there have to be, more than numbers are sought.
_SPARE = 2


@final
@dataclass(frozen=True)
class _Family:
    """Changes by one number or two, what they are in the loss, and some that are plain."""

    words: Callable[[Sequence[float]], str]
    change: Callable[[Sequence[float]], Change]
    start: tuple[float, ...]
    plain: tuple[tuple[float, ...], ...]


def another_number(
    slope: Slope, point: Params, given: Params, wrong: Sequence[str], own: Trace
) -> Iterator[tuple[str, Change]]:
    """Changes of one number that fit along some directions, in words."""
    entries = sum(np.size(point[n]) for n in wrong)
    end, rng = time.thread_time() + _SECONDS, np.random.default_rng(19)
    along = [{n: rng.normal(size=np.shape(point[n])) for n in wrong} for _ in range(_ALONG)]
    claimed = [sum(float((given[n] * v[n]).sum()) for n in wrong) for v in along]
    for family in _families(own):
        if entries < len(family.start) + _SPARE:
            continue

        def off(values: Sequence[float], count: int, family: _Family = family) -> Array:
            change = family.change(values)
            made = [slope(v, change) for v in along[:count]]
            rest = [np.nan if m is None else m - c for m, c in zip(made, claimed, strict=False)]
            return np.array(rest, float)

        size = max(map(abs, claimed))
        for values in (*family.plain, _solved(off, family.start, size)):
            if time.thread_time() > end:
                return
            if values is not None and np.abs(off(values, 2)).max() <= 1e-9 * size:
                yield family.words(values), family.change(values)


def _solved(
    off: Callable[[Sequence[float], int], Array], start: Sequence[float], size: float
) -> tuple[float, ...] | None:
    """Numbers under which nothing is off, near ``start``; ``None`` if none are found."""
    count = 1 if len(start) == 1 else _ALONG
    at = np.array(start, float)
    value = off(list(at), count)
    for _ in range(_STEPS):
        rows = []
        for j in range(len(at)):
            moved = at.copy()
            moved[j] += _APART * max(1.0, abs(at[j]))
            rows.append((off(list(moved), count) - value) / (moved[j] - at[j]))
        slopes = np.array(rows).T
        if not (np.isfinite(slopes).all() and np.isfinite(value).all()):
            return None
        if not (np.abs(slopes) > 1e-9 * size).any(0).all():
            return None  # it does not depend on this
        step = np.linalg.lstsq(slopes, value, rcond=1e-10)[0]
        at = at - step
        value = off(list(at), count)
        if not np.isfinite(value).all() or np.abs(at).max() > 1e6:
            return None
        if np.abs(value).max() <= _DONE * size or np.abs(step).max() <= 1e-14:
            break
    else:
        return None
    near = tuple(_plain(float(a)) for a in at)
    return None if near == tuple(start) else near


def _plain(value: float) -> float:
    near = float(Fraction(value).limit_denominator(1000))
    return near if abs(near - value) <= 1e-9 else value


def _families(own: Trace) -> Iterator[_Family]:
    sites = [s for s in own.sites if own.moved.get(s) and s.function not in _CHOICES]
    given = [family for site in sites for family in _constants(own, site)]
    yield from (family for family in given if len(family.start) == 1)
    # Nearest to the loss first: what comes back to one operation comes back to those before it.
    yield from (_returned(own, site) for site in reversed(sites))
    for kind in ("resized", "revalued"):
        for site in sites:
            yield _sized(own, site, kind)
    yield from (family for family in given if len(family.start) > 1)


def _returned(own: Trace, site: Site) -> _Family:
    def change(values: Sequence[float]) -> Change:
        return Change(site, "scaled", 0, None, dict.fromkeys(range(own.sites[site]), values[0]))

    def words(values: Sequence[float]) -> str:
        if not values[0]:
            return f"nothing comes back to {site.place}: it is taken to be constant"
        return f"what comes back to {site.place} is there {number(values[0])} times"

    return _Family(words, change, (1.0,), ((0.0,), (2.0,), (-1.0,)))


def _sized(own: Trace, site: Site, kind: str) -> _Family:
    def change(values: Sequence[float]) -> Change:
        return Change(site, kind, 0, None, dict.fromkeys(range(own.sites[site]), values[0]))

    def words(values: Sequence[float]) -> str:
        alone = ", its derivative is not" if kind == "revalued" else ""
        return f"{site.place} is computed {number(values[0])} times as great{alone}"

    return _Family(words, change, (1.0,), ((-1.0,),))


def _constants(own: Trace, site: Site) -> Iterator[_Family]:
    """What an operation is given that no parameter enters."""
    rows = own.operands.get(site, [])
    if not rows:
        return
    for k in range(site.operands):
        given = [np.asarray(row[k]) for row in rows]
        if own.reached.get((site, k)) or any(v.dtype.kind not in "fiub" for v in given):
            continue
        values = [v.astype(float) for v in given]
        first = values[0]
        if all(v.ndim == 0 for v in values) and all(v == first for v in values):
            yield _scalar(site, k, float(first), len(rows))
        else:
            yield from _arrays(site, k, values)


def _scalar(site: Site, k: int, first: float, uses: int) -> _Family:
    def change(values: Sequence[float]) -> Change:
        return Change(site, "value", k, None, dict.fromkeys(range(uses), np.float64(values[0])))

    def words(values: Sequence[float]) -> str:
        which = ORDINALS[k]
        return (
            f"{site.place} has {number(values[0])} as its {which} operand, not {number(first)}"
        )

    plain = {0.0, 1.0, -first, 2 * first, first / 2, first * first} - {first}
    return _Family(words, change, (first,), tuple((v,) for v in sorted(plain)))


def _arrays(site: Site, k: int, values: Sequence[Array]) -> Iterator[_Family]:
    which = f"the {ORDINALS[k]} operand v of {site.place}"

    def changes(kind: str) -> Callable[[Sequence[float]], Change]:
        def change(ab: Sequence[float]) -> Change:
            moved = {u: ab[0] * v + ab[1] for u, v in enumerate(values)}
            # Beside the tangent of the other operand, if it stands so on the way back alone.
            at = k if kind == "value" else 1 - k
            return Change(site, kind, at, None, moved)

        return change

    def words(ab: Sequence[float], back: str = "") -> str:
        return f"{which} is taken to be {_affine(ab)}{back}"

    if site.function == "multiply" and site.operands == 2:
        def behind(ab: Sequence[float]) -> str:
            return words(ab, " on the way back")

        yield _Family(behind, changes("other"), (1.0, 0.0), ((0.0, 1.0), (-1.0, 1.0)))
    if all(np.all(v > 0) for v in values):
        def power(p: Sequence[float]) -> Change:
            moved = {u: v ** p[0] for u, v in enumerate(values)}
            return Change(site, "value", k, None, moved)

        def raised(p: Sequence[float]) -> str:
            return f"{which} is taken to be v to the power {number(p[0])}"

        yield _Family(raised, power, (1.0,), ((2.0,), (0.5,), (-1.0,)))
    yield _Family(words, changes("value"), (1.0, 0.0), ((0.0, 1.0), (-1.0, 1.0)))


def _affine(ab: Sequence[float]) -> str:
    a, b = ab
    if not a:
        return number(b)
    scaled = "v" if a == 1 else "−v" if a == -1 else f"{number(a)} v"
    return scaled if not b else f"{scaled} {'+' if b > 0 else '−'} {number(abs(b))}"


__all__ = ["another_number"]
