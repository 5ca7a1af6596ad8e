"""Room for complex numbers in code that makes room for real ones.

A loss that carries its states in ``np.zeros((T + 1, n))`` takes no complex parameters: what is put
there loses its imaginary part, or is refused. While a loss is tried, the functions that make room
make it for complex numbers, in the thread that tries it and where Python source calls them by
name: compiled code, random generators for instance, relies on the type that it asks for.
"""

from __future__ import annotations

import linecache
import re
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import numpy as np

Array = Any
_FUNCTIONS = (
    "zeros", "empty", "ones", "full", "zeros_like", "empty_like", "ones_like", "full_like",
)  # fmt: skip
_CALL = re.compile(rf"(?:\w++\.)*+(?:{'|'.join(_FUNCTIONS)})\s*+\(")
_LOCK = threading.RLock()


@contextmanager
def complex_room(made: Callable[[Array], Array] = lambda a: a) -> Iterator[None]:
    """Within it, new arrays of float64 hold complex numbers, passed through ``made``."""
    owner: int | None = threading.get_ident()

    def roomy(function: Callable[..., Array]) -> Callable[..., Array]:
        def make(*args: Any, **kwargs: Any) -> Array:
            out = function(*args, **kwargs)
            if threading.get_ident() != owner or out.dtype not in (np.float64, np.complex128):
                return out
            frame = sys._getframe(1)
            if not _by_name(frame.f_code, frame.f_lasti):
                return out
            return made(out.astype(complex, copy=False))

        return make

    with _LOCK:
        kept = {name: getattr(np, name) for name in _FUNCTIONS}
        try:
            for name, function in kept.items():
                setattr(np, name, roomy(function))
            yield
        finally:
            owner = None  # for whoever has kept one of the functions
            for name, function in kept.items():
                setattr(np, name, function)


@lru_cache(4096)
def _by_name(code: Any, at: int) -> bool:
    """Whether the instruction is a call of one of the functions in the source."""
    for k, (line, _, column, _) in enumerate(code.co_positions()):
        if k == at // 2:
            if line is None or column is None:
                return False
            # Columns are counted in bytes of UTF-8.
            text = linecache.getline(code.co_filename, line).encode()[column:]
            return _CALL.match(text.decode(errors="replace")) is not None
    return False


__all__ = ["complex_room"]
