"""Where generated NumPy code puts what is as long as the sequences.

NumPy asks the system for every large array and gives it back, and each page costs when it is first
touched: a good part of the time of a gradient. Here memory is used again once nobody holds it, and
weights that are already stacked are not copied.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from functools import cache
from time import perf_counter
from typing import Any, final

import numpy as np

from bptt_sym.evaluate.buffers import Buffers, address

Array = Any

#: Bytes from which on an array is worth a look into the stock: below, the C library has pages that
#: were touched before.
LARGE = 1 << 17

#: Entries of a matrix from which on its transpose in memory of its own pays after some steps only.
WIDE = 1 << 14

#: Rows that are few: BLAS packs a matrix of :data:`WIDE` entries for as long as it multiplies them.
FEW_ROWS = 32

#: Steps from which on it pays to lay out a matrix anew.
STEPS = 8

#: Steps times examples from which on the gradient of a matrix with more rows than columns is faster
#: as the transpose of its transpose, copied.
LONG = 1024


@final
class Pool:
    """The functions that pooled source calls; one stock of memory for each gradient."""

    def __init__(self) -> None:
        self.buffers = Buffers(idle=16, slabs=True)
        self._ones: dict[np.dtype[Any], Array] = {}
        self._stacks: dict[int, tuple[Sequence[Array], Array]] = {}

    def names(self) -> dict[str, Any]:
        """What the source finds under which name."""
        return {
            "empty": self.empty, "product": self.product, "stacked": self.stacked,
            "turned": self.turned, "straight": self.straight,
            "logistic": logistic, "tangent": tangent,
            "dots": dots, "total": self.total, "another": self.another, "common": common,
        }  # fmt: skip

    def empty(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
        """As ``np.empty``."""
        size = math.prod(shape) * dtype.itemsize
        if size < LARGE:
            return np.empty(shape, dtype)
        return np.ndarray(shape, dtype, self.buffers.lend(size)[0])

    def product(self, a: Array, b: Array) -> Array:
        """``a @ b`` of two matrices, by the function that is faster for their size."""
        rows, columns = a.shape[0], b.shape[1]
        size = rows * columns * a.itemsize
        if size < LARGE:
            if 1 < rows <= FEW_ROWS and b.size >= WIDE and b.flags.c_contiguous and across():
                out = np.empty((rows, columns), np.result_type(a, b))
                out[...] = b.T.dot(a.T).T
                return out
            return a.dot(b) if 2 * size < LARGE else a @ b
        dtype = a.dtype if a.dtype is b.dtype else np.result_type(a, b)
        out = self.empty((rows, columns), dtype)
        if rows < 2 * columns or a.shape[1] < LONG or a.flags.c_contiguous:
            return np.matmul(a, b, out=out)
        out[...] = self.product(b.T, a.T).T
        return out

    def total(self, a: Array) -> Array:
        """The sum of a matrix's rows, as a product: sums over a leading axis are not BLAS's."""
        rows, dtype = len(a), a.dtype
        ones = self._ones.get(dtype)
        if ones is None or len(ones) < rows:
            ones = self._ones[dtype] = np.ones(rows, dtype)
        return ones[:rows].dot(a)

    def another(self, room: Array, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
        """Room for a product that is added at once: the same if it fits."""
        return room if room.shape == shape and room.dtype == dtype else self.empty(shape, dtype)

    def turned(self, a: Array, steps: int, batch: int) -> Array:
        """``a.T``, in memory of its own if that pays: a single row is as fast with either."""
        quick = WIDE if batch >= 16 else WIDE // 4
        if batch == 1 or steps < (4 if a.size <= quick else 32) or (a.size >= WIDE and across()):
            return a.T
        out = self.empty(a.shape[::-1], a.dtype)
        out[...] = a.T
        return out

    def straight(self, a: Array, steps: int, batch: int) -> Array:
        """``a``, as the transpose of memory of its own if that pays."""
        if batch == 1 or steps < STEPS or a.size < WIDE or a.ndim != 2 or not across():
            return a
        if not a.flags.c_contiguous:
            return a
        out = self.empty(a.shape[::-1], a.dtype)
        out[...] = a.T
        return out.T

    def stacked(self, parts: Sequence[Array], axis: int) -> Array:
        """As :func:`stacked`; what was found to be one array is remembered."""
        known = self._stacks.get(id(parts[0]))
        if known is not None and all(map(operator.is_, parts, known[0])):
            return known[1]
        made = stacked(parts, axis)
        if made.base is not None and made.base is parts[0].base:
            if len(self._stacks) > 16:
                self._stacks.clear()
            self._stacks[id(parts[0])] = parts, made
        return made


@cache
def across() -> bool:
    """Whether BLAS multiplies few rows faster by a matrix whose transpose lies in memory.

    OpenBLAS packs a matrix before it multiplies; where it has no kernels for small products, to
    pack one that lies straight takes as long as ten rows. Where it has them it is the other way
    round, so that it is measured, once.
    """
    rows, matrix = np.ones((10, 128)), np.ones((128, 128))
    least = [float("inf")] * 2
    for _ in range(9):
        for k, m in enumerate((matrix, matrix.T)):
            start = perf_counter()
            rows.dot(m)
            least[k] = min(least[k], perf_counter() - start)
    return least[1] < 0.8 * least[0]


def common(*arrays: Array) -> np.dtype[Any]:
    """The type to compute in: float32 or wider."""
    first, last = arrays[0].dtype, arrays[-1].dtype
    alike = last is first and first.char in "fd"
    wider: np.dtype[Any] = first if alike else np.result_type(*arrays, np.float32)
    return wider


#: Products of vectors side by side: of NumPy 2, and BLAS's.
_VECDOT: Callable[[Array, Array], Array] | None = getattr(np, "vecdot", None)


def dots(a: Array, b: Array) -> Array:
    """``(a * b).sum(-1)``."""
    if _VECDOT is None or a.dtype.kind == "c":  # it takes the conjugate of the first
        return np.einsum("...i,...i->...", a, b)
    return _VECDOT(a, b)


#: What does instead of functions of a :class:`Pool` where no array is large.
SHORT: dict[str, Any] = {"empty": np.empty, "product": np.ndarray.dot}


@cache
def _greatest(dtype: np.dtype[Any]) -> float:
    return float(np.finfo(dtype).max)


def logistic(a: Array, value: Array, slope: Array) -> None:
    """The logistic function of ``a`` and its derivative into arrays that are there.

    Step by step as :mod:`~bptt_sym.evaluate.logistic` has it; ``exp`` may overflow, and ``value``
    may be ``a``.
    """
    np.negative(a, out=slope)
    np.exp(slope, out=slope)
    np.add(slope, 1.0, out=value)
    np.reciprocal(value, out=value)
    np.minimum(slope, _greatest(slope.dtype), out=slope)
    slope *= value
    slope *= value


def tangent(a: Array, value: Array, slope: Array) -> None:
    """tanh of ``a`` and its derivative into arrays that are there; ``value`` may be ``a``."""
    np.cosh(a, out=slope)
    np.tanh(a, out=value)
    np.square(slope, out=slope)
    np.reciprocal(slope, out=slope)


def stacked(parts: Sequence[Array], axis: int) -> Array:
    """As ``np.concatenate`` along the first axis; blocks of one array, in order, are that array."""
    first = parts[0]
    if first.nbytes < 256 or not isinstance(first.base, np.ndarray):
        return np.concatenate(parts, axis)
    base = first.base
    start = at = address(first)
    for a in parts:
        alike = a.base is base and a.dtype == base.dtype and a.shape[1:] == first.shape[1:]
        if not alike or not a.flags.c_contiguous or address(a) != at:
            return np.concatenate(parts, axis)
        at += a.nbytes
    if not base.flags.c_contiguous:
        return np.concatenate(parts, axis)
    shape = (sum(len(a) for a in parts), *first.shape[1:])
    return np.ndarray(shape, base.dtype, base, start - address(base))


__all__ = ["SHORT", "Pool", "logistic", "stacked", "tangent"]
