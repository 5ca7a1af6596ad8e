"""Which one change of a person's own source makes their gradient right.

What no known mistake explains may still be one slip in one line. It is looked for where it was
made: functions that the gradient runs are compiled again with one thing changed (see
:mod:`bptt_sym.testing.rewrites`), until the gradient is right on every problem.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from functools import partial
from typing import Any

from bptt_sym.testing.compare import FAILURES, call, mismatches
from bptt_sym.testing.own_code import own_functions, quiet
from bptt_sym.testing.problems import Problem
from bptt_sym.testing.rewrites import rewrites

#: Seconds of processor time for the search.
SECONDS = 6.0


def one_change(
    tests: Sequence[Callable[[], bool]], seconds: float | None = None
) -> str | None:
    """In words, the first change with which all tests hold; ``None`` if none is found in time.

    Each test runs the code and says whether its answer is right; the first one should take the
    least time. ``seconds`` of processor time are :data:`SECONDS` if none are given.
    """
    jax = sys.modules.get("jax")
    end = time.thread_time() + (SECONDS if seconds is None else seconds)
    with jax.disable_jit() if jax else nullcontext():
        return next(_changes(tests, end), None)


def _changes(tests: Sequence[Callable[[], bool]], end: float) -> Iterator[str]:
    found = own_functions(tests[0])
    for own in found:
        for words in rewrites(own.tree, own.values):
            if time.thread_time() > end:
                return
            try:
                code = own.compiled()
            except (SyntaxError, ValueError, TypeError, AttributeError, RecursionError):
                continue
            try:
                with own.exchanged(code), quiet():
                    right = all(test() for test in tests)
            except FAILURES:  # it is wrong in another way, or has other free variables
                continue
            if right:
                place = f"{own.name}, " if len(found) > 1 else ""
                yield f"{place}{words()}"


def right_on(
    gradient: Callable[[Problem], Any], problems: Sequence[Problem]
) -> list[Callable[[], bool]]:
    """Tests whether a gradient is right on problems, each time on copies."""

    def test(problem: Problem) -> bool:
        try:
            return not mismatches(problem, call(gradient, problem.fresh()))
        except FAILURES:
            return False

    return [partial(test, p) for p in problems]


__all__ = ["one_change", "right_on"]
