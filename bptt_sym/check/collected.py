"""Cyclic garbage of an audit: there is little of it, and to look for it costs time."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

#: Objects after whose making garbage is looked for; many more than Python's own number.
SELDOM = 100_000


@contextmanager
def seldom_collected() -> Iterator[None]:
    """Cyclic garbage is looked for seldom meanwhile.

    Formulas, values and verdicts form no cycles, and each collection walks those made so far. What
    errors leave behind with their frames is still found in time.
    """
    before, *others = gc.get_threshold()
    if not before:  # it is off altogether
        yield
        return
    gc.set_threshold(max(before, SELDOM), *others)
    try:
        yield
    finally:
        gc.set_threshold(before, *others)
