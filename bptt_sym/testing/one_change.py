"""Which one change of a person's own source makes their gradient right, or which two.

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
from itertools import islice
from types import CodeType
from typing import Any, final

from bptt_sym.testing.bounded import counted, little_memory
from bptt_sym.testing.compare import FAILURES, call, mismatches, parts
from bptt_sym.testing.kept_data import KeptData
from bptt_sym.testing.own_code import OwnFunction, own_functions, quiet, run_by
from bptt_sym.testing.problems import Problem
from bptt_sym.testing.rewrites import Change, stages
from bptt_sym.testing.source import Source

#: Seconds of processor time for the search, and as many for a second change.
SECONDS = 10.0
#: Changes with which less is wrong that are kept while a second one is sought.
_KEPT = 2


@final
@dataclass(frozen=True)
class Answer:
    """The parts of a gradient that are wrong; true if there are none."""

    wrong: frozenset[Any] = frozenset()

    def __bool__(self) -> bool:
        return not self.wrong


Truth = bool | Answer


@final
@dataclass(frozen=True)
class Sought:
    """What was found, in words, how many changes were tried, whether the time was over before all
    of them were, and how many together make it right."""

    words: str | None = None
    tried: int = 0
    late: bool = False
    changes: int = 1

    def text(self, where: str) -> str:
        """A sentence."""
        how = "one change" if self.changes == 1 else "two changes"
        return f"with {how} of the source it is right {where}: {self.words}"


def one_change(
    tests: Sequence[Callable[[], Truth]], seconds: float | None = None,
    truth: Callable[[], Any] | None = None,
) -> Sought:  # fmt: skip
    """The first change with which all tests hold, if one is found in time, or two of them.

    Two are found if less is wrong in each :class:`Answer` after the first one. Each test runs the
    code and says whether its answer is right; the first one should take the least time. ``seconds``
    of processor time are :data:`SECONDS` if none are given. ``truth`` runs what the code is
    compared with: functions that it runs as well are changed last.
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
    alone: Sequence[Callable[[], Truth]], tests: Sequence[Callable[[], Truth]],
    truth: Callable[[], Any] | None = None,
) -> Sought:  # fmt: skip
    """The same, but first among what the tests ``alone`` run: functions that are wrong by
    themselves. What they are compared with may be the wrong one: then all is looked at, so that
    they have half of the time.
    """
    first = one_change([*alone[:1], *tests], SECONDS / 2, truth) if alone else Sought()
    return first if first.words else one_change(tests, truth=truth)


def _among_changes(
    found: Sequence[OwnFunction], tests: Sequence[Callable[[], Truth]],
    shared: frozenset[CodeType], data: KeptData, end: float, *, last: bool = False,
) -> Sought:  # fmt: skip
    """The outermost functions come first; ``shared`` ones last.

    If no change makes it right, one that makes less of it wrong is kept, and another one is sought
    beside it, unless this is the ``last``.
    """
    sources = [Source.of(f, tests[0]) for f in reversed(found)]
    own = [s for s in sources if s.own.code not in shared]
    rest = [s for s in sources if s.own.code in shared]
    order = [(stage, s) for some in (own, rest) for stage in stages() for s in some]
    before = _answers(tests, data)
    better: list[tuple[int, int, int]] = []
    tried, late = 0, False
    for place, (stage, source) in enumerate(order):
        for k, words in enumerate(stage(source)):
            late = late or time.thread_time() > end
            if late:  # the tree is as it was only when all changes have been gone through
                continue
            tried += 1
            left = _left(source, tests, before, data)
            if left == 0:
                return Sought(_said(source, words, found), tried)
            if left is not None:
                better.append((left, place, k))
        if late:
            break
    if last:
        return Sought(None, tried, late)
    for _, place, k in sorted(better)[:_KEPT]:
        stage, source = order[place]
        changes = stage(source)
        words = next(islice(changes, k, None))
        with source.own.exchanged(source.own.compiled()), quiet():
            until = time.thread_time() + SECONDS / _KEPT
            more = _among_changes(found, tests, shared, data, until, last=True)
        if more.words:
            both = f"{_said(source, words, found)}; and {more.words}"
            return Sought(both, tried + more.tried, changes=2)
        tried, late = tried + more.tried, late or more.late
        for _ in changes:
            pass
    return Sought(None, tried, late)


def _answers(tests: Sequence[Callable[[], Truth]], data: KeptData) -> list[Truth]:
    """What the tests say of the source as it stands."""
    out: list[Truth] = []
    for test in tests:
        try:
            with quiet():
                out.append(test())
        except FAILURES:
            out.append(False)
        finally:
            data.put_back()
    return out


def _said(source: Source, words: Change, found: Sequence[OwnFunction]) -> str:
    return f"{source.own.name}, {words()}" if len(found) > 1 else words()


def _left(
    source: Source, tests: Sequence[Callable[[], Truth]], before: Sequence[Truth], data: KeptData
) -> int | None:
    """How much is wrong with a source as it is now: 0 if every test holds; ``None`` if it is not
    less than ``before``, or anything else than then."""
    left = 0
    try:
        code = source.own.compiled()
    except (SyntaxError, ValueError, TypeError, AttributeError, RecursionError):
        return None
    try:
        with source.own.exchanged(code), quiet():
            for test, known in zip(tests, before, strict=True):
                answer = test()
                if answer:
                    continue
                if not (isinstance(answer, Answer) and isinstance(known, Answer)):
                    return None
                less = answer.wrong < known.wrong if test is tests[0] else (
                    answer.wrong <= known.wrong
                )
                if not less:
                    return None
                left += len(answer.wrong)
    except FAILURES:  # it is wrong in another way, or has other free variables
        return None
    finally:
        data.put_back()
    return left


def right_on(
    gradient: Callable[[Problem], Any], problems: Sequence[Problem]
) -> list[Callable[[], Truth]]:
    """Tests whether a gradient is right on problems, each time on copies."""

    def test(problem: Problem) -> Truth:
        try:
            return Answer(parts(problem, mismatches(problem, call(gradient, problem.fresh()))))
        except FAILURES:
            return False

    return [partial(test, p) for p in problems]


__all__ = ["Sought", "one_change", "one_change_of", "right_on"]
