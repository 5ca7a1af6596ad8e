"""The product rule for tensors: Jacobians of a product from those of its two factors."""

from __future__ import annotations

from typing import Any

import numpy as np

from bptt_sym.decide.domains import Domain
from bptt_sym.decide.tensor import Tensor, accumulate, hadamard, leaf_to_back, rank, squeeze, trail
from bptt_sym.errors import NotSupported

Parts = dict[tuple[str, int | None], Tensor]


def product_rule(dom: Domain, a: Tensor, da: Parts, b: Tensor, db: Parts, times: Any) -> Parts:
    """The Jacobians of ``times(a, b)``, the leaf's axes behind those of the product.

    ``times`` is :func:`~bptt_sym.decide.tensor.contract` or ``hadamard``.
    """
    if times is not hadamard and rank(a) == 1 and rank(b) == 2 and b.shape[0] == 1:
        return _outer_rule(dom, a, da, b, db)
    parts: Parts = {}
    for leaf, j in da.items():
        extra = rank(j) - rank(a)
        if rank(a) == 0 or rank(b) == 0 or times is hadamard:
            if rank(a) == 0 and rank(b) and extra:
                term = np.multiply.outer(b, j)
            else:
                term = j * trail(b, extra) if rank(a) else trail(b, extra) * j
        else:
            # A's last axis meets B's first; the leaf's axes move behind B's other axes.
            if rank(a) == 1:
                raise NotSupported("derivative of a column times a row")
            term = np.tensordot(j, b, axes=([rank(a) - 1], [0]))
            term = leaf_to_back(term, rank(a) - 1, extra)
            term = _as_product(term, a, b)
        accumulate(parts, {leaf: dom.reduce(term)})
    for leaf, j in db.items():
        extra = rank(j) - rank(b)
        if rank(a) == 0:
            term = a * j
        elif rank(b) == 0:
            term = np.multiply.outer(a, j) if extra else a * j
        elif times is hadamard:
            term = trail(a, extra) * j
        else:
            term = np.tensordot(a, j, axes=1)
            term = _as_product(term, a, b)
        accumulate(parts, {leaf: dom.reduce(term)})
    return parts


def _outer_rule(dom: Domain, a: Tensor, da: Parts, b: Tensor, db: Parts) -> Parts:
    """The Jacobians of a column times a row."""
    parts: Parts = {}
    for leaf, j in da.items():
        row = b[0].reshape((1, -1) + (1,) * (rank(j) - 1))
        accumulate(parts, {leaf: dom.reduce(np.expand_dims(j, 1) * row)})
    for leaf, j in db.items():
        accumulate(parts, {leaf: dom.reduce(np.multiply.outer(a, j[0]))})
    return parts


def _as_product(term: Tensor, a: Tensor, b: Tensor) -> Tensor:
    """``term`` with the axes of the product of ``a`` and ``b`` that a row gives up dropped."""
    if rank(a) != 2 or a.shape[0] != 1:
        return term
    if rank(b) == 2:
        return squeeze(term[0, 0]) if b.shape[1] == 1 else term
    return squeeze(term[0] if term.ndim else term)
