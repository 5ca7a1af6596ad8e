"""A limit of the time that one call of a person's own code may take."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from bptt_sym.errors import NotSupported

_SECONDS: ContextVar[float | None] = ContextVar("seconds of one call", default=None)


@contextmanager
def calls_within(seconds: float | None) -> Iterator[None]:
    """Within it, :func:`limited` blocks are ended after ``seconds``.

    Raises
    ------
    NotSupported
        Where a running call cannot be ended: on Windows, and outside of the main thread.
    """
    there = hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread()
    if seconds is not None and not there:
        raise NotSupported("a call can be ended on Unix and in the main thread only")
    token = _SECONDS.set(seconds)
    try:
        yield
    finally:
        _SECONDS.reset(token)


class _Ended(BaseException):
    """No ``Exception``, which the code that is ended may catch and go on."""


@contextmanager
def limited() -> Iterator[None]:
    """A block that is ended by ``TimeoutError``, if there is a limit."""
    seconds = _SECONDS.get()
    if seconds is None:
        yield
        return
    running = True

    def end(signum: int, frame: Any) -> None:
        if running:
            raise _Ended

    before, start = signal.signal(signal.SIGALRM, end), time.monotonic()
    # Again and again: a bare ``except`` catches whatever is raised within it.
    left, interval = signal.setitimer(signal.ITIMER_REAL, seconds, seconds)
    try:
        yield
    except _Ended as ended:
        running = False
        late = TimeoutError(f"it did not return within {seconds:g} s")
        raise late.with_traceback(ended.__traceback__) from None
    finally:
        running = False
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        if left:  # an alarm of the person's own goes on, and comes at once if its time is over
            rest = max(left - (time.monotonic() - start), 1e-6)
            signal.setitimer(signal.ITIMER_REAL, rest, interval)
