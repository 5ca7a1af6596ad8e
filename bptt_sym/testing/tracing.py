"""Operations of a loss, intercepted where they stand in its source, with something done wrongly.

For losses that are NumPy code and accept complex parameters: tangents are carried by the imaginary
parts (Squire and Trapp 1998).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, final

import numpy as np

from bptt_sym.testing.bilinear import Product, copies_of, product_of
from bptt_sym.testing.holomorphic import ALONG_THE_REALS, variance
from bptt_sym.testing.sites import Site, site_of

Array = Any
#: Operands by their places.
ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth")
#: The imaginary unit of a tangent: so small that its square is nothing.
STEP = 1e-30


@final
@dataclass(frozen=True)
class Change:
    """What is done wrongly at a site, and at which of its uses.

    ``operand``: it is taken to be constant; ``identity``, ``factor``, ``divisor``: the derivative
    of a function, the other factor or the divisor is left out; ``turned``: a matrix is not
    transposed on the way back; ``other``: beside the tangent of the operand stands, of each use,
    the value that ``values`` gives instead of the other operand; ``slope``: the derivative of tanh
    is taken there, ``valued``: where it has that value; ``divided``: that is what is divided by;
    ``index``: that stands between the brackets on the way back, ``instead``: on the way forward
    too; ``last``: of rows that are read twice, only the last counts; ``value``: an operand that has
    no tangent has another value; ``masked``: beside an operand that is repeated along the first
    axis stands 0 at some places of it; ``unfactored``: the factor by which the result is
    multiplied is left out for what comes from one operand; ``inside``: that factor stands beside
    the first operand, before the product, not behind it; ``softmax``: exponentials are divided by
    their sum, or its logarithm is taken, as ``operand`` says: :data:`OWN`, :data:`ALL` or another
    axis; ``everywhere``: of two that are chosen from, one passes on its whole tangent; ``always``:
    and the other one nothing; ``scaled``: the result's tangent is multiplied by what ``values``
    gives, ``resized``: the result itself is, ``revalued``: all of it but the tangent,
    ``through``: the tangent that comes by one operand; ``added``: that is added to the tangent,
    ``pushed``: to the operand's, ``weighed``: the operand's is multiplied by that; ``axis``: the
    tangents of a sum are summed over the axis ``operand``, times ``values``; ``permuted``: operands
    have each other's tangents; ``blocks``: the columns of the result's tangent stand in the order
    that ``values`` gives.
    """

    site: Site
    kind: str
    operand: int = 0
    #: The uses of the site that are changed; ``None`` for all.
    uses: frozenset[int] | None = None
    values: Mapping[int, Array] = field(default_factory=dict, compare=False)
    #: What is wrong at another site as well.
    also: Change | None = None

    def at(self, site: Site, use: int) -> Change | None:
        """What is done wrongly at one use of a site, if anything."""
        change: Change | None = self
        while change is not None and change.site is not site:
            change = change.also
        if change is None or (change.uses is not None and use not in change.uses):
            return None
        return change


#: Of a softmax, each entry depends on its own score only; its sum is that over all axes.
OWN, ALL = -1, -2


@final
@dataclass
class Trace:
    change: Change | None = None
    #: How often each site was passed, and which operands had a tangent there.
    sites: dict[Site, int] = field(default_factory=dict)
    moved: dict[Site, set[int]] = field(default_factory=dict)
    square: set[Site] = field(default_factory=set)
    unary: set[Site] = field(default_factory=set)
    #: The operands at every use, and the uses where each had a tangent.
    operands: dict[Site, list[tuple[Array, ...]]] = field(default_factory=dict)
    #: The result of every use.
    results: dict[Site, list[Array]] = field(default_factory=dict)
    products: set[Site] = field(default_factory=set)
    reached: dict[tuple[Site, int], list[int]] = field(default_factory=dict)
    #: What arrays are indexed with, where that holds arrays of integers.
    indices: dict[Site, list[Any]] = field(default_factory=dict)
    #: Sums along one axis and products by matrices, by where their numbers are: of what, along
    #: which, the site and its use, and the result itself, that nothing else comes to lie there.
    sums: dict[int, tuple[Array, int, Array]] = field(default_factory=dict)
    made: dict[int, tuple[Site, int, Array]] = field(default_factory=dict)
    #: Sums that keep their axis: which one, and the shape of what is summed.
    axes: dict[Site, tuple[int, tuple[int, ...]]] = field(default_factory=dict)
    #: Sites where exponentials meet their sum: along which axis, of how many.
    softmax: dict[Site, tuple[int, int]] = field(default_factory=dict)
    #: The shapes of arrays that others are copied to.
    copies: dict[Site, tuple[int, ...]] = field(default_factory=dict)
    #: The tangents of results by use, if they are wanted.
    watched: dict[tuple[Site, int], Array] | None = None
    #: And then the operands and the result themselves.
    given: dict[tuple[Site, int], tuple[tuple[Any, ...], Any]] = field(default_factory=dict)
    #: The factors by which products by matrices are multiplied, at each use.
    factors: dict[Site, dict[int, Array]] = field(default_factory=dict)


ACTIVE: list[Trace] = []


def _absolute(x: Array, **_: Any) -> Array:
    return x * np.sign(np.real(x))


def _sign(x: Array, **_: Any) -> Array:
    return np.sign(np.real(x))


#: What has another derivative for complex numbers than along the real ones.
_ALONG_THE_REALS = {
    np.absolute: Product("absolute", _absolute), np.sign: Product("sign", _sign),
}  # fmt: skip


class Traced(np.ndarray):
    """An array whose imaginary part is a tangent; ufuncs on it ask what is to go wrong."""

    def __array_ufunc__(
        self, ufunc: Any, method: str, *inputs: Any, out: Any = None, **kwargs: Any
    ) -> Any:
        raw = [x.view(np.ndarray) if isinstance(x, Traced) else x for x in inputs]
        if out is not None:
            kwargs["out"] = tuple(
                x.view(np.ndarray) if isinstance(x, Traced) else x for x in out
            )
        ufunc = _ALONG_THE_REALS.get(ufunc, ufunc) if method == "__call__" else ufunc
        result = _applied(ufunc, method, raw, kwargs)
        if isinstance(result, np.ndarray):
            return result.view(Traced)
        return np.asarray(result).view(Traced) if np.iscomplexobj(result) else result

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if func is np.where and len(args) == 3 and not kwargs and ACTIVE:
            raw = [x.view(np.ndarray) if isinstance(x, Traced) else x for x in args]
            return _chosen(*raw).view(Traced)
        if func in ALONG_THE_REALS and args and isinstance(args[0], Traced):
            return ALONG_THE_REALS[func](*args, **kwargs)
        product = product_of(func, args, kwargs) if ACTIVE else None
        if product is not None:
            raw = [x.view(np.ndarray) if isinstance(x, Traced) else x for x in product[1]]
            return np.asarray(_applied(product[0], "__call__", raw, {})).view(Traced)
        copied = copies_of(func, args, kwargs) if ACTIVE else None
        if copied is not None and isinstance(args[0], Traced):
            raw = [args[0].view(np.ndarray)]
            return np.asarray(_applied(copied, "__call__", raw, {})).view(Traced)
        found = super().__array_function__(func, types, args, kwargs)
        if isinstance(found, np.ndarray) and np.iscomplexobj(found):
            return found.view(Traced)
        return found

    def dot(self, b: Any, out: Any = None) -> Any:
        return np.dot(self, b) if out is None else super().dot(b, out)

    def var(self, *args: Any, **kwargs: Any) -> Any:
        return variance(self, *args, **kwargs)

    def std(self, *args: Any, **kwargs: Any) -> Any:
        return np.sqrt(variance(self, *args, **kwargs))

    def __getitem__(self, key: Any) -> Any:
        found = super().__getitem__(key)
        if not ACTIVE:
            return found
        if self.ndim == 2 and isinstance(key, int | np.integer):
            return _indexed(self.view(np.ndarray), key, _GetRow()).view(Traced)
        if _rows(key) is None:
            return found
        return _indexed(self.view(np.ndarray), key, _GetItem()).view(Traced)


def _rows(key: Any) -> Array | None:
    """The first array of integers in an index."""
    for part in key if isinstance(key, tuple) else (key,):
        if isinstance(part, np.ndarray) and part.ndim and part.dtype.kind in "iu":
            return part
    return None


def _indexed(array: Array, key: Any, what: _GetItem | _GetRow) -> Array:
    """Entries of an array, with what is to go wrong with their tangents."""
    trace, right = ACTIVE[-1], array[key]
    site = site_of(what, "__call__", 1)
    use = trace.sites.get(site, 0)
    trace.sites[site] = use + 1
    if trace.change is None:
        moved = {0} if np.iscomplexobj(right) and np.any(np.imag(right)) else set()
        trace.moved.setdefault(site, set()).update(moved)
        if moved:
            trace.reached.setdefault((site, 0), []).append(use)
        if isinstance(what, _GetItem):
            trace.indices.setdefault(site, []).append(key)
        return right
    change = trace.change.at(site, use)
    match change.kind if change else None:
        case None:
            return right
        case "operand":
            return np.real(right) + 0j
        case "instead":
            return array[change.values[use]] if change else right
        case "index":
            instead = change.values[use] if change else key
            if isinstance(key, tuple):
                # Beside slices and other arrays only the last array of integers is another one.
                instead = (*key[:-1], instead)
            return np.real(right) + 1j * np.imag(array[instead])
        case "last":
            rows = np.asarray(_rows(key))
            kept = np.array([k not in rows[j + 1 :] for j, k in enumerate(rows)])
            kept = kept.reshape(-1, *[1] * (np.ndim(right) - 1))
            return np.real(right) + 1j * np.imag(right) * kept
        case _:
            raise AssertionError(trace.change.kind)


def _chosen(condition: Any, *two: Any) -> Array:
    """``np.where``, with what is to go wrong with the tangents of the two."""
    trace, right = ACTIVE[-1], np.where(condition, *two)
    site = site_of(_Where(), "__call__", 2)
    use = trace.sites.get(site, 0)
    trace.sites[site] = use + 1
    if trace.change is None:
        moved = {k for k, x in enumerate(two) if np.iscomplexobj(x) and np.any(np.imag(x))}
        trace.moved.setdefault(site, set()).update(moved)
        for k in moved:
            trace.reached.setdefault((site, k), []).append(use)
        return right
    change = trace.change.at(site, use)
    if change is None:
        return right
    tangents = [np.where(condition, np.imag(two[0]), 0), np.where(condition, 0, np.imag(two[1]))]
    if change.kind == "operand":
        tangents[change.operand] = 0 * tangents[change.operand]
    elif change.kind in ("everywhere", "always"):
        tangents[change.operand] = np.imag(two[change.operand])
        if change.kind == "always":
            tangents[1 - change.operand] = 0 * tangents[1 - change.operand]
    else:
        raise AssertionError(change.kind)
    return np.real(right) + 1j * (tangents[0] + tangents[1])


class _Where:
    """The choice between two arrays, as if it were a ufunc."""

    __name__: str = "where"


class _GetItem:
    """Indexing, as if it were a ufunc."""

    __name__: str = "index"


class _GetRow:
    """One row of a matrix, that of a word for instance."""

    __name__: str = "row"


#: Changes of an operand, before the operation.
_BEFORE = frozenset(("operand", "value", "pushed", "weighed", "permuted"))


def _applied(ufunc: Any, method: str, raw: list[Any], kwargs: dict[str, Any]) -> Any:
    run = getattr(ufunc, method)
    if not ACTIVE or method not in ("__call__", "reduce"):
        return run(*raw, **kwargs)
    trace = ACTIVE[-1]
    site = site_of(ufunc, method, len(raw))
    use = trace.sites.get(site, 0)
    trace.sites[site] = use + 1
    if trace.change is None:
        right = run(*raw, **kwargs)
        _noted(trace, site, use, ufunc, method, raw)
        _joined(trace, site, use, ufunc, method, raw, right, kwargs)
        if trace.watched is not None:
            trace.watched[site, use] = np.array(np.imag(right))
            trace.given[site, use] = tuple(raw), right
        return right
    change = trace.change.at(site, use)
    if change is None:
        right = run(*raw, **kwargs)
        if ufunc is np.add and method == "reduce":
            _summed(trace, raw[0], right, kwargs)
        return right
    before = change.kind in _BEFORE
    if before:
        k = change.operand
        if change.kind == "permuted":
            tangents = [np.imag(x) for x in raw]
            raw = [np.real(x) + 1j * tangents[j]
                   for x, j in zip(raw, change.values[use], strict=True)]  # fmt: skip
        elif change.kind == "weighed":
            raw[k] = np.real(raw[k]) + 1j * np.imag(raw[k]) * change.values[use]
        elif change.kind == "pushed":
            raw[k] = raw[k] + 1j * np.reshape(change.values[use], np.shape(raw[k]))
        else:
            raw[k] = np.real(raw[k]) + 0j if change.kind == "operand" else change.values[use]
    right = run(*raw, **kwargs)
    if method == "reduce" and ufunc is np.add:
        _summed(trace, raw[0], right, kwargs)
    if before:
        return right
    if change.kind == "axis":
        # What has an axis of its own in the place of another one is repeated by what it meets.
        across = ufunc.reduce(np.imag(raw[0]), axis=change.operand, keepdims=True)
        return np.real(right) + 1j * across * change.values[use]
    if change.kind == "resized":
        return right * change.values[use]
    if change.kind == "revalued":
        return right + np.real(right) * (change.values[use] - 1)
    return right + 1j * (_tangent(trace, change, use, ufunc, raw, right) - np.imag(right))


def _tangent(
    trace: Trace, change: Change, use: int, ufunc: Any, raw: list[Any], right: Array
) -> Array:
    """The tangent of an operation's result with something done wrongly."""
    k, moved = change.operand, np.imag(right)
    own = np.imag(raw[min(max(k, 0), len(raw) - 1)])
    other: Array = np.real(raw[1 - k]) if len(raw) == 2 and k in (0, 1) else None
    match change.kind:
        case "identity":
            return np.broadcast_to(own, np.shape(right))
        case "factor":
            return moved + own * (1 - other)
        case "divisor":
            return moved * np.real(raw[1])
        case "turned":
            a, b = np.imag(raw[0]), np.real(raw[1])
            return moved + (a @ b.T - a @ b)
        case "slope":
            return np.imag(raw[0]) * (1 - np.tanh(change.values[use]) ** 2)
        case "valued":
            return np.imag(raw[0]) * (1 - change.values[use] ** 2)
        case "divided":
            return moved * (np.real(raw[1]) / change.values[use])
        case "other":
            off = change.values[use] - other
            if ufunc is np.multiply:
                return moved + own * off
            return moved + (ufunc(own, off) if k == 0 else ufunc(off, own))
        case "masked":
            kept = change.values[use]
            if len(raw) == 1:
                return moved * kept
            return moved + own * (other if ufunc is np.multiply else 1) * (kept - 1)
        case "unfactored":
            part = own @ other if k == 0 else other @ own
            return moved + part * (1 / change.values[use] - 1)
        case "inside":
            f = change.values[use]
            part, instead = (own @ other, f * own) if k == 0 else (other @ own, f * other)
            return moved + ((instead @ other if k == 0 else instead @ own) / f - part)
        case "through":
            alone = [x if j == k else np.real(x) for j, x in enumerate(raw)]
            return moved + np.imag(ufunc(*alone)) * (change.values[use] - 1)
        case "scaled":
            return moved * change.values[use]
        case "added":
            return moved + np.reshape(change.values[use], np.shape(right))
        case "blocks":
            order = change.values[use]
            return moved[..., order] if np.shape(moved)[-1:] == np.shape(order) else moved
        case "softmax":
            return _softmax(trace, k, ufunc, raw, right)
        case _:
            raise AssertionError(change.kind)


def _softmax(trace: Trace, how: int, ufunc: Any, raw: list[Any], right: Array) -> Array:
    """The tangent of exponentials divided by their sum, or of the logarithm of the sum."""
    e, axis, _ = trace.sums[_place(raw[-1])]
    # What has no share, a score that is masked, passes nothing back.
    shared = np.real(e) != 0
    moved = np.where(shared, np.imag(e) / np.where(shared, np.real(e), 1.0), 0.0)
    e = np.real(e)
    across = None if how == ALL else how
    if ufunc is np.log:
        shares = e / e.sum(across, keepdims=True)
        return (shares * moved).sum(axis).reshape(np.shape(right))
    y = np.real(right)
    if how == OWN:
        return y * (1 - y) * moved
    return y * (moved - (y * moved).sum(across, keepdims=True))


def _place(a: Any) -> int:
    """Where an array's numbers begin: views of it without some axes have the same place."""
    return int(a.__array_interface__["data"][0]) if isinstance(a, np.ndarray) else 0


def _same(a: Array, b: Any) -> bool:
    """Whether two arrays are one, or were computed twice."""
    return _place(a) == _place(b) or np.array_equal(a, b)


def _summed(trace: Trace, of: Array, right: Any, kwargs: Mapping[str, Any]) -> None:
    """A sum along one axis is remembered."""
    axis = kwargs.get("axis")
    if isinstance(axis, int) and isinstance(right, np.ndarray) and np.ndim(of) > 1:
        trace.sums[_place(right)] = of, axis % of.ndim, right


def _joined(
    trace: Trace, site: Site, use: int, ufunc: Any, method: str, raw: list[Any], right: Any,
    kwargs: Mapping[str, Any],
) -> None:  # fmt: skip
    """Operations that belong together: a sum and what it is of, a product and its factor."""
    if method == "reduce":
        if ufunc is np.add:
            _summed(trace, raw[0], right, kwargs)
        axis = kwargs.get("axis")
        if ufunc is np.add and isinstance(axis, int) and np.ndim(right) == np.ndim(raw[0]):
            trace.axes[site] = axis % np.ndim(right), np.shape(raw[0])
        return
    trace.results.setdefault(site, []).append(np.array(np.real(right)))
    if isinstance(ufunc, Product) and len(raw) == 1 and np.shape(right) != np.shape(raw[0]):
        trace.copies[site] = np.shape(right)
    if ufunc in (np.divide, np.log):
        known = trace.sums.get(_place(raw[-1]))
        if known is not None and (ufunc is np.log or _same(known[0], raw[0])):
            trace.softmax[site] = known[1], known[0].ndim
    if ufunc is np.matmul and isinstance(right, np.ndarray):
        trace.made[_place(right)] = site, use, right
    if ufunc is np.multiply and len(raw) == 2:
        for k in (0, 1):
            product = trace.made.get(_place(raw[k]))
            factor = np.real(raw[1 - k])
            if product is not None and np.shape(factor) == np.shape(raw[k]) and factor.all():
                trace.factors.setdefault(product[0], {})[product[1]] = factor


def _noted(trace: Trace, site: Site, use: int, ufunc: Any, method: str, raw: list[Any]) -> None:
    """What an operation is given is kept in the trace."""
    moved = {k for k, x in enumerate(raw) if np.iscomplexobj(x) and np.any(np.imag(x))}
    trace.moved.setdefault(site, set()).update(moved)
    for k in moved:
        trace.reached.setdefault((site, k), []).append(use)
    if ufunc is np.matmul or (
        isinstance(ufunc, Product) and len(raw) == 2 and not ufunc.joins
    ):
        trace.products.add(site)
    if method == "__call__":
        trace.operands.setdefault(site, []).append(tuple(np.real(x) for x in raw))
    two = len(raw) == 2 and method == "__call__"
    if two and ufunc is np.matmul and np.ndim(raw[1]) == 2 and len({*np.shape(raw[1])}) == 1:
        trace.square.add(site)
    if len(raw) == 1 and method == "__call__":
        trace.unary.add(site)


__all__ = ["ACTIVE", "ALL", "ORDINALS", "OWN", "STEP", "Change", "Site", "Trace", "Traced"]
