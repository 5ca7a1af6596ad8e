"""How values and Jacobians are laid out under the conventions in force."""

from __future__ import annotations

import numpy as np

from bptt_sym.decide.conventions import Conventions
from bptt_sym.decide.tensor import Tensor, rank


def as_written(value: Tensor, conv: Conventions, differentiated: bool) -> Tensor:
    """A value as it is written where vectors are rows; inside a derivative, as it is."""
    if not conv.rows or differentiated:
        return value
    if rank(value) == 1:
        return value.reshape(1, -1)
    return value.T if conv.transposed and rank(value) == 2 else value


def lay_out(
    jac: Tensor, y_shape: tuple[int, ...], x_shape: tuple[int, ...], conv: Conventions
) -> Tensor:
    """A Jacobian in numerator layout (axes of y, then of x) in the layout in force."""
    if not isinstance(jac, np.ndarray):
        return jac
    if conv.transposed and not y_shape and len(x_shape) == 2:
        return jac.T
    if not y_shape:
        row = len(x_shape) == 1 and conv.layout == "numerator"
        return jac.reshape(1, -1) if row else jac
    if conv.layout == "denominator" and x_shape:
        axes = len(y_shape)
        order = list(range(axes, jac.ndim)) + list(range(axes))
        return jac.transpose(order)
    return jac
