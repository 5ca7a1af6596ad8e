"""Which one change of a person's own source makes their gradient right.

What no known mistake explains may still be one slip in one line. It is looked for where it was
made: functions that the gradient runs are compiled again with one thing changed (see
:mod:`bptt_sym.testing.rewrites`), until the gradient is right on every problem. Changed copies may
neither run for long nor get much memory (see :mod:`bptt_sym.testing.bounded`).
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from types import CodeType
from typing import Any, final

from bptt_sym.testing.bounded import counted, little_memory
from bptt_sym.testing.compare import FAILURES, call, mismatches
from bptt_sym.testing.kept_data import KeptData
from bptt_sym.testing.own_code import OwnFunction, own_functions, quiet, run_by
from bptt_sym.testing.problems import Problem
from bptt_sym.testing.rewrites import stages
from bptt_sym.testing.source import Source

#: Seconds of processor time for the search.
SECONDS = 10.0


@final
@dataclass(frozen=True)
class Sought:
    """What was found, in words, how many changes were tried, and whether the time was over
    before all of them were."""

    words: str | None = None
    tried: int = 0
    late: bool = False


def one_change(
    tests: Sequence[Callable[[], bool]], seconds: float | None = None,
    truth: Callable[[], Any] | None = None,
) -> Sought:  # fmt: skip
    """The first change with which all tests hold, if one is found in time.

    Each test runs the code and says whether its answer is right; the first one should take the
    least time. ``seconds`` of processor time are :data:`SECONDS` if none are given. ``truth`` runs
    what the code is compared with: functions that it runs as well are changed last.
    """
    jax = sys.modules.get("jax")
    end = time.thread_time() + (SECONDS if seconds is None else seconds)
    with jax.disable_jit() if jax else nullcontext():
        found = own_functions(tests[0])
        if not found:
            return Sought()
        shared = run_by(truth) if truth else frozenset()
        data = KeptData(found)
        try:
            with little_memory(found), counted(found) as turns:
                limited = [turns.limited(test) for test in tests]
                return _among_changes(found, limited, shared, data, end)
        finally:
            data.put_back(all_of_it=True)


def one_change_of(
    alone: Sequence[Callable[[], bool]], tests: Sequence[Callable[[], bool]],
    truth: Callable[[], Any] | None = None,
) -> Sought:  # fmt: skip
    """The same, but first among what the tests ``alone`` run: functions that are wrong by
    themselves. What they are compared with may be the wrong one: then all is looked at, so that
    they have half of the time.
    """
    first = one_change([*alone[:1], *tests], SECONDS / 2, truth) if alone else Sought()
    return first if first.words else one_change(tests, truth=truth)


def _among_changes(
    found: Sequence[OwnFunction], tests: Sequence[Callable[[], bool]],
    shared: frozenset[CodeType], data: KeptData, end: float,
) -> Sought:  # fmt: skip
    """The outermost functions come first; ``shared`` ones last."""
    sources = [Source.of(f, tests[0]) for f in reversed(found)]
    own = [s for s in sources if s.own.code not in shared]
    rest = [s for s in sources if s.own.code in shared]
    order = [(stage, s) for some in (own, rest) for stage in stages() for s in some]
    tried = 0
    for stage, source in order:
        for words in stage(source):
            if time.thread_time() > end:
                return Sought(None, tried, late=True)
            tried += 1
            try:
                code = source.own.compiled()
            except (SyntaxError, ValueError, TypeError, AttributeError, RecursionError):
                continue
            try:
                with source.own.exchanged(code), quiet():
                    right = all(test() for test in tests)
            except FAILURES:  # it is wrong in another way, or has other free variables
                continue
            finally:
                data.put_back()
            if right:
                place = f"{source.own.name}, " if len(found) > 1 else ""
                return Sought(f"{place}{words()}", tried)
    return Sought(None, tried)


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


__all__ = ["Sought", "one_change", "one_change_of", "right_on"]
