"""Changed copies of code end soon, whatever the change makes of them.

One changed name can make a loop of thousands of turns, or an array of many gigabytes. The turns of
loops are counted, and a copy may have no more than some times those of the original. The process
may not grow by much more than it has grown to already, where that can be asked for.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Sequence
from types import ModuleType
from typing import Any

from bptt_sym.testing.compare import FAILURES
from bptt_sym.testing.own_code import TURN, OwnFunction, quiet

#: Times the turns of the original, and some more; bytes beyond those that were in use at most.
_TIMES, _MORE, _ROOM = 10, 1000, 1 << 28
#: For JAX: its compiler reserves many addresses, and ends the process if it gets none.
_ROOM_FOR_COMPILER = 1 << 32


class TooLong(Exception):
    """The loops of a changed copy had more turns than it may have."""


class Turns:
    """Counts the turns of loops; :class:`TooLong` after ``most``."""

    def __init__(self) -> None:
        self.count, self.most = 0, float("inf")

    def __call__(self) -> None:
        self.count += 1
        if self.count > self.most:
            raise TooLong(f"more than {self.most:g} turns of loops")

    def limited(self, test: Callable[[], Any]) -> Callable[[], Any]:
        """A test that fails if its loops have many more turns than they have now."""
        self.count, self.most = 0, float("inf")
        with contextlib.suppress(*FAILURES), quiet():
            test()
        most = _TIMES * self.count + _MORE

        def within() -> Any:
            self.count, self.most = 0, most
            return test()

        return within


@contextlib.contextmanager
def counted(functions: Sequence[OwnFunction]) -> Iterator[Turns]:
    """Within it, the loops of these functions, compiled again, report their turns."""
    turns = Turns()
    with contextlib.ExitStack() as stack:
        for space in {id(f.space): f for f in functions}.values():
            stack.enter_context(space.named(TURN, turns))
        for f in functions:
            stack.enter_context(f.exchanged(f.compiled()))
        yield turns


@contextlib.contextmanager
def little_memory(functions: Sequence[OwnFunction] = ()) -> Iterator[None]:
    """Within it, the process can get some room more than it ever had, where systems say how much
    that is; not beside threads of a person's own, which may need more. ``functions`` that use JAX
    get more.
    """
    limit = _limit(_ROOM_FOR_COMPILER if any(map(_compiles, functions)) else _ROOM)
    if limit is None:
        yield
        return
    import resource

    before = resource.getrlimit(resource.RLIMIT_AS)
    if before[0] != resource.RLIM_INFINITY:
        limit = min(limit, before[0])
    try:
        with contextlib.suppress(OSError, ValueError):  # a system that does not let itself be asked
            resource.setrlimit(resource.RLIMIT_AS, (limit, before[1]))
        yield
    finally:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_AS, before)


def _compiles(function: OwnFunction) -> bool:
    """Whether a function, or its module, has anything of JAX at hand."""
    held = (*function.values.values(), *function.space.values())
    homes = (v.__name__ if isinstance(v, ModuleType) else type(v).__module__ for v in held)
    return any(home.partition(".")[0] in ("jax", "jaxlib") for home in homes)


def _limit(room: int) -> int | None:
    """Bytes of addresses in use now, as much again as was ever in memory, and some room."""
    try:
        import resource

        with open("/proc/self/statm") as said:
            pages = int(said.read().split()[0])
    except (ImportError, OSError, ValueError):
        return None
    if threading.active_count() > 1:
        return None
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return pages * resource.getpagesize() + most + room


__all__ = ["TooLong", "Turns", "counted", "little_memory"]
