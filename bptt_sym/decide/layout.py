"""How values and Jacobians are laid out under the conventions in force."""

from __future__ import annotations

import numpy as np

from bptt_sym.decide.conventions import Conventions
from bptt_sym.decide.tensor import Mismatch, Tensor, rank


def as_written(value: Tensor, conv: Conventions, differentiated: bool) -> Tensor:
    """A value as it is written where vectors are rows; inside a derivative, as it is."""
    if not conv.rows or differentiated:
        return value
    if rank(value) == 1:
        return value.reshape(1, -1)
    return value.T if conv.transposed and rank(value) == 2 else value


def _compact(jac: Tensor, size: int, x_shape: tuple[int, ...]) -> Tensor:
    """∂y/∂x where each entry of x moves one entry of y, which is left out."""
    axis = next((k for k, n in enumerate(x_shape) if n == size), None)
    if axis is None:
        raise Mismatch(f"no axis of {x_shape} is that of {size} entries")
    moved = np.moveaxis(jac, axis + 1, 1)
    for i in range(size):
        for j in range(size):
            if i != j and any(v != 0 for v in np.atleast_1d(moved[i, j]).ravel()):
                raise Mismatch("one entry moves several")
    # (Of small integers alone NumPy would make an array of machine words.)
    entries = [np.asarray(moved[i, i], dtype=object) for i in range(size)]
    return np.moveaxis(np.stack(entries), 0, axis)


def lay_out(
    jac: Tensor, y_shape: tuple[int, ...], x_shape: tuple[int, ...], conv: Conventions
) -> Tensor:
    """A Jacobian in numerator layout (axes of y, then of x) in the layout in force."""
    if not isinstance(jac, np.ndarray):
        return jac
    if (conv.transposed or conv.turned) and not y_shape and len(x_shape) == 2:
        return jac.T
    if conv.compact and len(y_shape) == 1 and x_shape:
        return _compact(jac, y_shape[0], x_shape)
    if not y_shape:
        row = len(x_shape) == 1 and conv.layout == "numerator"
        return jac.reshape(1, -1) if row else jac
    if conv.layout == "denominator" and x_shape:
        axes = len(y_shape)
        order = list(range(axes, jac.ndim)) + list(range(axes))
        return jac.transpose(order)
    return jac
