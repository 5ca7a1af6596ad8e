"""A limit of the processor time that a search for an explanation may take."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_END: ContextVar[float] = ContextVar("end of the search", default=float("inf"))


class OutOfTime(Exception):
    """The search has taken as long as it may; no fault of the code that is tested."""


@contextmanager
def searching(seconds: float) -> Iterator[None]:
    """Within it, :func:`in_time` raises :class:`OutOfTime` after ``seconds`` of this thread."""
    token = _END.set(min(_END.get(), time.thread_time() + seconds))
    try:
        yield
    finally:
        _END.reset(token)


def in_time() -> None:
    """To be called before each run of the code that is tested.

    Raises
    ------
    OutOfTime
        The time is over.
    """
    if time.thread_time() > _END.get():
        raise OutOfTime


__all__ = ["OutOfTime", "in_time", "searching"]
