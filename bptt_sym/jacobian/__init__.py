"""Derivatives of a recurrence's equations within one step, as expressions in matrix notation."""

from bptt_sym.jacobian.calculus import Calculus, Leaf, NoMatrixForm
from bptt_sym.jacobian.products import (
    at_step,
    canonical_times,
    hadamard,
    multiple,
    negate,
    offset,
    product,
)

__all__ = [
    "Calculus",
    "Leaf",
    "NoMatrixForm",
    "at_step",
    "canonical_times",
    "hadamard",
    "multiple",
    "negate",
    "offset",
    "product",
]
