"""Operations of a loss, intercepted where they stand in its source, with something done wrongly.

For losses that are NumPy code and accept complex parameters: tangents are carried by the imaginary
parts (Squire and Trapp 1998).
"""

from __future__ import annotations

import linecache
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, final

import numpy as np

Array = Any
#: The imaginary unit of a tangent: so small that its square is nothing.
STEP = 1e-30


@final
@dataclass(frozen=True)
class Site:
    """An operation in the source: where it is, which function, and which of its operands matter."""

    where: tuple[str, int, int]
    function: str
    words: str
    operands: int


@final
@dataclass(frozen=True)
class Change:
    """What is done wrongly at a site, and at which of its uses.

    ``operand``: it is taken to be constant; ``identity``, ``factor``, ``divisor``: the derivative
    of a function, the other factor or the divisor is left out; ``turned``: a matrix is not
    transposed on the way back; ``other``: beside the tangent of the operand stands, of each use,
    the value that ``values`` gives instead of the other operand; ``slope``: the derivative of tanh
    is taken there; ``divided``: that is what is divided by; ``index``: that stands between the
    brackets; ``last``: of rows that are read twice, only the last counts.
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
        while change is not None and change.site != site:
            change = change.also
        if change is None or (change.uses is not None and use not in change.uses):
            return None
        return change


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
    products: set[Site] = field(default_factory=set)
    reached: dict[tuple[Site, int], list[int]] = field(default_factory=dict)
    #: What arrays are indexed with, where that holds arrays of integers.
    indices: dict[Site, list[Any]] = field(default_factory=dict)


ACTIVE: list[Trace] = []


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
        result = _applied(ufunc, method, raw, kwargs)
        if isinstance(result, np.ndarray):
            return result.view(Traced)
        return np.asarray(result).view(Traced) if np.iscomplexobj(result) else result

    def __getitem__(self, key: Any) -> Any:
        found = super().__getitem__(key)
        if not ACTIVE or _rows(key) is None:
            return found
        return _indexed(self.view(np.ndarray), key).view(Traced)


def _rows(key: Any) -> Array | None:
    """The first array of integers in an index."""
    for part in key if isinstance(key, tuple) else (key,):
        if isinstance(part, np.ndarray) and part.ndim and part.dtype.kind in "iu":
            return part
    return None


def _indexed(array: Array, key: Any) -> Array:
    """Entries of an array, with what is to go wrong with their tangents."""
    trace, right = ACTIVE[-1], array[key]
    site = _site(_GetItem(), "__call__", 1)
    use = trace.sites.get(site, 0)
    trace.sites[site] = use + 1
    if trace.change is None:
        moved = {0} if np.iscomplexobj(right) and np.any(np.imag(right)) else set()
        trace.moved.setdefault(site, set()).update(moved)
        if moved:
            trace.reached.setdefault((site, 0), []).append(use)
        trace.indices.setdefault(site, []).append(key)
        return right
    change = trace.change.at(site, use)
    match change.kind if change else None:
        case None:
            return right
        case "operand":
            return np.real(right) + 0j
        case "index":
            other = np.imag(array[change.values[use]]) if change else right
            return np.real(right) + 1j * other
        case "last":
            rows = np.asarray(_rows(key))
            kept = np.array([k not in rows[j + 1 :] for j, k in enumerate(rows)])
            kept = kept.reshape(-1, *[1] * (np.ndim(right) - 1))
            return np.real(right) + 1j * np.imag(right) * kept
        case _:
            raise AssertionError(trace.change.kind)


class _GetItem:
    """Indexing, as if it were a ufunc."""

    __name__: str = "index"


def _applied(ufunc: Any, method: str, raw: list[Any], kwargs: dict[str, Any]) -> Any:
    run = getattr(ufunc, method)
    if not ACTIVE or method not in ("__call__", "reduce"):
        return run(*raw, **kwargs)
    trace = ACTIVE[-1]
    site = _site(ufunc, method, len(raw))
    use = trace.sites.get(site, 0)
    trace.sites[site] = use + 1
    if trace.change is None:
        _noted(trace, site, use, ufunc, method, raw)
        return run(*raw, **kwargs)
    change = trace.change.at(site, use)
    if change is None:
        return run(*raw, **kwargs)
    match change.kind:
        case "operand":
            raw[change.operand] = np.real(raw[change.operand]) + 0j
            return run(*raw, **kwargs)
        case "identity":
            return np.real(run(*raw, **kwargs)) + 1j * np.imag(raw[0])
        case "factor":
            right = run(*raw, **kwargs)
            own, other = raw[change.operand], raw[1 - change.operand]
            return right + 1j * np.imag(own) * (1 - np.real(other))
        case "divisor":
            right = run(*raw, **kwargs)
            return right + 1j * np.imag(right) * (np.real(raw[1]) - 1)
        case "turned":
            right = run(*raw, **kwargs)
            a, b = np.imag(raw[0]), np.real(raw[1])
            return right + 1j * (a @ b.T - a @ b)
        case "slope":
            y = np.tanh(change.values[use])
            return np.real(run(*raw, **kwargs)) + 1j * np.imag(raw[0]) * (1 - y**2)
        case "divided":
            right = run(*raw, **kwargs)
            return np.real(right) + 1j * np.imag(right) * (np.real(raw[1]) / change.values[use])
        case "other":
            right = run(*raw, **kwargs)
            k, instead = change.operand, change.values[use]
            own, other = np.imag(raw[k]), np.real(raw[1 - k])
            off = instead - other
            return right + 1j * (own @ off if k == 0 else off @ own)
        case _:
            raise AssertionError(change.kind)


def _noted(trace: Trace, site: Site, use: int, ufunc: Any, method: str, raw: list[Any]) -> None:
    """What an operation is given is kept in the trace."""
    moved = {k for k, x in enumerate(raw) if np.iscomplexobj(x) and np.any(np.imag(x))}
    trace.moved.setdefault(site, set()).update(moved)
    for k in moved:
        trace.reached.setdefault((site, k), []).append(use)
    if ufunc is np.matmul:
        trace.products.add(site)
    if method == "__call__":
        trace.operands.setdefault(site, []).append(tuple(np.real(x) for x in raw))
    two = len(raw) == 2 and method == "__call__"
    if two and ufunc is np.matmul and np.ndim(raw[1]) == 2 and len({*np.shape(raw[1])}) == 1:
        trace.square.add(site)
    if len(raw) == 1 and method == "__call__":
        trace.unary.add(site)


_SITES: dict[tuple[Any, int, str, int], Site] = {}


def _site(ufunc: Any, method: str, operands: int) -> Site:
    """Where in the user's code the operation stands."""
    frame = sys._getframe(3)
    while frame.f_back is not None and (
        frame.f_globals.get("__name__", "").startswith("numpy")
        or frame.f_code.co_filename == __file__
    ):
        frame = frame.f_back
    code, at = frame.f_code, frame.f_lasti
    name = ufunc.__name__ if method == "__call__" else f"{ufunc.__name__}.{method}"
    # Code objects that are equal have their lines in common.
    key = (code, at, name, operands)
    if key not in _SITES:
        if len(_SITES) > 10_000:
            _SITES.clear()
        _SITES[key] = _place(code, at, frame.f_lineno, name, operands)
    return _SITES[key]


def _place(code: Any, at: int, line: int, name: str, operands: int) -> Site:
    """The site of an instruction, with its words in the source."""
    words = ""
    for k, place in enumerate(code.co_positions()):
        if k == at // 2:
            first, last, start, end = place
            if first is not None and first == last:
                # Columns are counted in bytes of UTF-8.
                text = linecache.getline(code.co_filename, first).encode()
                words = text[start:end].decode(errors="replace").strip()
                # The instruction itself moves by its caches once the interpreter has adapted it.
                at = start
            break
    return Site((code.co_filename, line, at), name, words or f"{name} in line {line}", operands)


__all__ = ["ACTIVE", "STEP", "Change", "Site", "Trace", "Traced"]
