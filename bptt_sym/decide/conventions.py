"""How products and derivatives of vectors are taken: the options that readings set."""

from __future__ import annotations

from dataclasses import dataclass

from bptt_sym.remembering import Remembering


@dataclass(frozen=True)
class Conventions(Remembering):
    """How products and derivatives of vectors are to be taken.

    ``layout``: ``numerator`` (``∂s/∂v`` is a row), ``denominator`` (everything transposed) or
    ``mixed`` (``∂s/∂v`` has v's shape, ``∂u/∂v`` is u by v).
    ``elementwise``: a vector beside a matrix is ``diag(v)``, two vectors multiply elementwise.
    ``pairs``: two column vectors side by side multiply elementwise.
    ``trailing``: a vector behind a matrix scales the matrix's rows.
    ``chained``: factors of a product are contracted by what they are derivatives of.
    ``lenient``: an element that does not exist counts as 0 in a sum.
    ``compact``: a vector's derivative by a vector or a matrix, each entry of which moves one entry
    of it, has the shape of what it is taken by.
    ``turned``: a scalar's derivative by a matrix has the shape of the matrix's transpose.
    ``rows``: vectors are rows; with ``transposed`` each matrix is the transpose of the model's.
    """

    layout: str = "numerator"
    elementwise: bool = False
    pairs: bool = False
    trailing: bool = False
    chained: bool = False
    lenient: bool = False
    rows: bool = False
    transposed: bool = False
    compact: bool = False
    turned: bool = False


STRICT = Conventions()
