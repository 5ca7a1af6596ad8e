"""Memory that is used again once nobody holds what lies in it.

Fresh memory of some megabytes costs more to touch for the first time than a short gradient to
compute: the system hands it out page by page.
"""

from __future__ import annotations

import ctypes
import weakref
from collections.abc import Sequence
from threading import Lock
from typing import Any, final

import numpy as np

Array = Any

#: Bytes of a cache line, at which what is lent begins.
LINE = 64


def address(a: Any) -> int:
    """Where an array's numbers begin; the buffer protocol is three times as fast as NumPy's own."""
    try:
        return ctypes.addressof(ctypes.c_char.from_buffer(a))
    except (TypeError, ValueError):  # not to be written to, or empty
        return int(a.__array_interface__["data"][0])


#: Bytes of the pieces that small buffers are cut from.
SLAB = 1 << 23
_BYTE = np.dtype(np.uint8)

#: NumPy's array begins with the head of any object, then the pointer to its numbers, how many
#: dimensions there are, and the pointer to them: extension modules are compiled with that, so that
#: it does not move.
_POINTER = object.__basicsize__
_WORD = ctypes.sizeof(ctypes.c_void_p)
_PROBE = np.zeros((3, 5))


def _known() -> bool:
    """Whether arrays lie in memory as they do in CPython."""
    head = (ctypes.c_void_p * 3).from_address(id(_PROBE) + _POINTER)
    count = ctypes.c_int.from_address(id(_PROBE) + _POINTER + _WORD).value
    if head[0] != address(_PROBE) or count != 2:
        return False
    return list((ctypes.c_ssize_t * 2).from_address(head[2] or 0)) == [3, 5]


_KNOWN = _known()
_NULL = ctypes.c_void_p(None)

#: C for whether one of the arrays that :func:`pointers` was given has another shape than it had:
#: to ask twenty arrays for their shapes takes a tenth of the time of a short gradient.
RESHAPED = """
int reshaped(long count, void *const *const *p, const intptr_t *shapes)
{
    for (long k = 0; k < count; k++) {
        const int dimensions = *(const int *)(p[k] + 1);
        const intptr_t *shape = *(const intptr_t *const *)(p[k] + 2);
        if (dimensions != *shapes++)
            return 1;
        for (int i = 0; i < dimensions; i++)
            if (shape[i] != *shapes++)
                return 1;
    }
    return 0;
}
"""


def shapes(arrays: Sequence[Array]) -> Array | None:
    """The shapes as :data:`RESHAPED` takes them; ``None`` where it cannot look at arrays."""
    if not _KNOWN:
        return None
    return np.array([n for a in arrays for n in (a.ndim, *a.shape)], ctypes.c_ssize_t)


def pointers(arrays: Sequence[Array | None]) -> Any:
    """For C, an array of the places where the pointers to the arrays' numbers are.

    To ask twenty arrays one by one where their numbers are takes as long as a short gradient.
    """
    kind = ctypes.c_void_p * len(arrays)
    if _KNOWN:
        nothing = ctypes.addressof(_NULL)
        return kind(*[nothing if a is None else id(a) + _POINTER for a in arrays])
    own = kind(*[None if a is None else address(a) for a in arrays])
    first = ctypes.addressof(own)
    out: Any = kind(*range(first, first + _WORD * len(arrays), _WORD))
    out.kept = own
    return out


@final
class Buffers:
    """A stock of buffers. Each is lent as an array of bytes and comes back when that is gone.

    Parameters
    ----------
    idle:
        How many that nobody uses are kept; ``None`` for all.
    slabs:
        Whether those up to half of :data:`SLAB` are cut from larger pieces of memory, which the
        system hands out in large pages.
    """

    def __init__(self, idle: int | None = None, *, slabs: bool = False) -> None:
        self.idle, self.slabs = idle, slabs
        #: The piece that buffers are cut from, and where the rest of it begins.
        self._slab: tuple[Array, int] = (np.empty(0, _BYTE), 0)
        #: Threads may call one gradient at the same time: none is lent what another just got.
        self._lending = Lock()
        #: Who has it, where its first cache line is, and the memory: no NumPy array, for it lets
        #: views of views hold the first array and not the one that was lent.
        self._stock: list[tuple[weakref.ref[Array] | None, int, Any]] = []

    @property
    def memory(self) -> int:
        """Bytes that are held."""
        return sum(len(raw) for _, _, raw in self._stock)

    def lend(self, size: int, record: Any = None) -> tuple[Array, int]:
        """An array of ``size`` bytes that nobody uses, and its address, a multiple of 64.

        With a structured data type of that size it is one record: a field of it is a view that
        costs a third of an array that is made over the same memory.
        """
        with self._lending:
            place, best = -1, 0
            for k, (held, _, raw) in enumerate(self._stock):
                length = len(raw)
                fits = length >= size + LINE and (place < 0 or length < best)
                if fits and (held is None or held() is None):
                    place, best = k, length
            if place < 0:
                place = self._buy(size)
            _, start, raw = self._stock[place]
            skip = -start % LINE
            if record is None:
                lent = np.ndarray(size, _BYTE, raw, skip)
            else:
                lent = np.ndarray((), record, raw, skip)
            self._stock[place] = (weakref.ref(lent), start, raw)
            return lent, start + skip

    def _buy(self, size: int) -> int:
        """A new buffer in the place of a shorter one that nobody uses any more."""
        free = [k for k, (held, _, _) in enumerate(self._stock) if held is None or held() is None]
        place = free[0] if free else len(self._stock)
        # From 4 MiB on, NumPy asks the system for large pages: a few cover a workspace.
        size += LINE
        small = self.slabs and 2 * size <= SLAB
        pages: Any = self._cut(size) if small else np.empty(size, _BYTE)
        raw = (ctypes.c_char * size).from_buffer(pages)
        self._stock[place : place + 1] = [(None, address(raw), raw)]
        if self.idle is not None:
            for k in reversed(free[1 + self.idle :]):
                del self._stock[k]
        return place

    def _cut(self, size: int) -> Array:
        """The next bytes of a slab, which lives as long as anything that was cut from it."""
        slab, at = self._slab
        if at + size > len(slab):
            slab, at = np.empty(SLAB, _BYTE), 0
        self._slab = slab, at + size
        return slab[at : at + size]


__all__ = ["LINE", "RESHAPED", "Buffers", "address", "pointers", "shapes"]
