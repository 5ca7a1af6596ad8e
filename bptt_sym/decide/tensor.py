"""Small dense tensors over any domain: scalars are bare elements, the rest object arrays.

A column vector has one axis, a row vector the shape ``(1, n)``, a matrix two axes, the derivative
of a vector by a matrix three. A Jacobian ``J`` of a value of rank r by a leaf has the value's axes
first and the leaf's axes behind them.
"""

from __future__ import annotations

from typing import Any

import numpy as np

Tensor = Any  # an element of the domain, or an object array of them


class Mismatch(ArithmeticError):
    """Shapes that do not fit under the reading at hand."""


def shape(a: Tensor) -> tuple[int, ...]:
    return a.shape if isinstance(a, np.ndarray) else ()


def rank(a: Tensor) -> int:
    return a.ndim if isinstance(a, np.ndarray) else 0


def filled(dims: tuple[int, ...], value: Any) -> Tensor:
    """``value`` in every place; the bare value if ``dims`` is empty."""
    if not dims:
        return value
    out = np.empty(dims, dtype=object)
    out.fill(value)
    return out


def from_flat(dims: tuple[int, ...], values: list[Any]) -> Tensor:
    if not dims:
        return values[0]
    out = np.empty(len(values), dtype=object)
    out[:] = values
    return out.reshape(dims)


def flat(a: Tensor) -> list[Any]:
    return list(a.ravel()) if isinstance(a, np.ndarray) else [a]


def identity(dims: tuple[int, ...], one: Any, zero: Any) -> Tensor:
    """The Jacobian of a value of shape ``dims`` by itself."""
    if not dims:
        return one
    size = int(np.prod(dims))
    out = filled((size, size), zero)
    for i in range(size):
        out[i, i] = one
    return out.reshape(dims + dims)


def diag(v: Tensor, zero: Any) -> Tensor:
    if rank(v) == 0:
        return v
    if rank(v) == 2 and v.shape[0] == 1:
        v = v[0]
    if rank(v) != 1:
        raise Mismatch("diag of something that is not a vector")
    out = filled((len(v), len(v)), zero)
    for i, x in enumerate(v):
        out[i, i] = x
    return out


def transpose(a: Tensor) -> Tensor:
    match rank(a):
        case 0:
            return a
        case 1:
            return a.reshape(1, -1)
        case 2:
            return a[0] if a.shape[0] == 1 else a.T
        case _:
            raise Mismatch("the transpose of a tensor of three axes")


def squeeze(a: Tensor) -> Tensor:
    """A product with a row drops the row's axis when something else is left of it."""
    if not isinstance(a, np.ndarray):
        return a
    if a.ndim == 0:
        return a.item()
    if a.shape == (1,):
        return a[0]
    if a.ndim == 3 and a.shape[0] == 1:
        return a[0]
    return a


def contract(a: Tensor, b: Tensor) -> Tensor:
    """The matrix product: the last axis of ``a`` against the first of ``b``.

    A column before the derivative of a vector by a matrix, of three axes, is a row: there is no
    other product of the two.
    """
    if not (isinstance(a, np.ndarray) and isinstance(b, np.ndarray) and a.ndim and b.ndim):
        return a * b
    if a.ndim == 1 and b.ndim in (2, 3) and b.shape[0] == 1:
        return np.multiply.outer(a, b[0])  # also of the derivative of a scalar by a matrix
    if (a.ndim == 1 and b.ndim < 3) or a.shape[-1] != b.shape[0]:
        raise Mismatch(f"{shape(a)} times {shape(b)}")
    if b.ndim == 2 and a.ndim == 2:
        return squeeze_row(a.dot(b))
    flat_product = a.reshape(-1, a.shape[-1]).dot(b.reshape(b.shape[0], -1))
    return squeeze(flat_product.reshape(a.shape[:-1] + b.shape[1:]))


def pair_up(a: Tensor, b: Tensor) -> Tensor:
    """The matrix product, but two column vectors multiply elementwise."""
    return hadamard(a, b) if rank(a) == rank(b) == 1 else contract(a, b)


def squeeze_row(a: Tensor) -> Tensor:
    return a[0, 0] if a.shape == (1, 1) else a


def hadamard(a: Tensor, b: Tensor) -> Tensor:
    if not (isinstance(a, np.ndarray) and isinstance(b, np.ndarray) and a.ndim and b.ndim):
        return a * b
    if a.shape == b.shape:
        return a * b
    raise Mismatch(f"elementwise {shape(a)} with {shape(b)}")


def trail(a: Tensor, axes: int) -> Tensor:
    """``a`` with ``axes`` axes of length one appended, to broadcast over a leaf."""
    if axes == 0 or not isinstance(a, np.ndarray):
        return a
    return a.reshape(a.shape + (1,) * axes)


def leaf_to_back(a: Tensor, at: int, leaf: int) -> Tensor:
    """Move ``leaf`` axes that start at position ``at`` behind all others."""
    if leaf == 0 or not isinstance(a, np.ndarray):
        return a
    order = [i for i in range(a.ndim) if not at <= i < at + leaf]
    return a.transpose(order + list(range(at, at + leaf)))


def accumulate(parts: dict[Any, Tensor], more: dict[Any, Tensor]) -> None:
    """Add Jacobians ``more`` into ``parts``, leaf by leaf."""
    for leaf, j in more.items():
        parts[leaf] = parts[leaf] + j if leaf in parts else j
