"""Why a gradient is not that of its loss: what is looked for, in which order, and for how long."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from bptt_sym.testing import one_change
from bptt_sym.testing.directional import Slope, directional
from bptt_sym.testing.jax_functions import ways_back, wrong_vjps
from bptt_sym.testing.report import Finding
from bptt_sym.testing.search_time import OutOfTime, searching
from bptt_sym.testing.torch_functions import wrong_backwards
from bptt_sym.testing.traced import at_one_place, explained

Array = Any
Params = Mapping[str, Array]
#: Seconds of processor time that the search among the operations of a loss may take: before and
#: after the one change of the source is looked for.
FIRST_SECONDS, SEARCH_SECONDS = 5.0, 15.0


@final
@dataclass(frozen=True)
class WrongPair:
    """A loss, its total, what ``grad`` returns at a point, and what it should be for some names.

    ``losses`` is ``None`` where they cannot be followed.
    """

    losses: Callable[[dict[str, Array]], Any] | None
    total: Callable[[dict[str, Array]], Any]
    returned: Callable[[dict[str, Array]], tuple[dict[str, Array], list[Finding]]]
    point: Params
    given: Params
    exact: Mapping[str, Array]
    wrong: Sequence[str]

    def why(self, own: float) -> list[Finding]:
        """What explains it, or where it is wrong, or that nothing was found and why.

        ``own`` is the rounding of the loss.
        """
        found, late = self._among_operations(FIRST_SECONDS)
        if _named(found):
            return found

        backward = wrong_backwards(self._again) + wrong_vjps(self._again)
        of_functions = [Finding("explained" if named else "located", text)
                        for text, named in backward]  # fmt: skip
        if _named(of_functions):
            return of_functions
        sought = one_change.Sought()
        if all(n in self.exact for n in self.wrong):
            # A function that is wrong by itself is sooner tried by itself.
            sought = one_change.one_change_of(
                ways_back(self._again), self._tests(own),
                truth=lambda: self.total(_copy(self.point)),
            )
        if sought.words:
            text = sought.text("at two points")
            return [Finding("explained", text), *(of_functions or found)]
        if late:
            found, late = self._among_operations(SEARCH_SECONDS)
            if _named(found):
                return found
        return [*(of_functions or found), *_not_found(bool(of_functions or found), late, sought)]

    def _again(self) -> Any:
        return self.returned(_copy(self.point))

    def _among_operations(self, seconds: float) -> tuple[list[Finding], bool]:
        """What explains the gradient among the operations of its loss, or the place where it is
        off; and whether the time was over before all had been tried."""
        place, late, why = None, False, None
        try:
            # What the search tries overflows at will, and tests may make errors of warnings.
            with np.errstate(all="ignore"), searching(seconds):
                if self.losses:
                    why = explained(self.losses, self.point, self.given, self.wrong)
                why = why or _zeros(self.exact, self.given, self.wrong)
                if self.losses and not why:
                    place = at_one_place(self.losses, self.point, self.given)
        except OutOfTime:
            late, why = True, _zeros(self.exact, self.given, self.wrong)
        if why:
            return [Finding("explained", why)], False
        code = "explained" if place and place[1] else "located"
        return ([Finding(code, place[0])] if place else []), late

    def _tests(self, own: float) -> list[Callable[[], one_change.Truth]]:
        """Which gradients are wrong at the point, and whether the others are right along a
        direction at another one."""
        rng = np.random.default_rng(37)
        moved = {k: v + 0.1 * rng.normal(size=v.shape) for k, v in self.point.items()}
        along = {k: rng.normal(size=v.shape) for k, v in self.point.items()}
        exact = {**self.given, **self.exact}
        slopes: dict[frozenset[str], Slope] = {}
        wrong = frozenset[str]()

        def returned(point: Params) -> dict[str, Array]:
            given, findings = self.returned(_copy(point))
            fits = not findings and all(
                k in given and given[k].shape == v.shape for k, v in along.items()
            )
            return given if fits else {}

        def at_the_point() -> one_change.Truth:
            nonlocal wrong
            given = returned(self.point)
            wrong = frozenset(
                k for k, v in exact.items()
                if not np.abs(given[k] - v).max(initial=0.0) <= 1e-6 * np.abs(v).max(initial=0.0)
            ) if given else frozenset()  # fmt: skip
            return one_change.Answer(wrong) if given else False

        def at_another() -> one_change.Truth:
            given = returned(moved)
            for off in (frozenset[str](), wrong) if given else ():
                some = {k: v for k, v in along.items() if k not in off}
                if off not in slopes:
                    slopes[off] = directional(self.total, moved, some, own)
                claimed = float(sum((given[k] * v).sum() for k, v in some.items()))
                if abs(claimed - slopes[off].value) <= slopes[off].error + 1e-9 * abs(claimed):
                    return one_change.Answer(off)
            return False

        return [at_the_point, at_another]


def _copy(point: Params) -> dict[str, Array]:
    return {k: v.copy() for k, v in point.items()}


def _named(found: Sequence[Finding]) -> bool:
    return any(f.code == "explained" for f in found)


def _not_found(located: bool, late: bool, sought: one_change.Sought) -> list[Finding]:
    """That nothing explains it, and which search ended before all had been tried."""
    parts = [] if located else ["no explanation was found"]
    if late:
        parts.append(
            "the search among the operations of the loss ended after "
            f"{SEARCH_SECONDS:g} s of processor time"
        )
    if sought.late:
        parts.append(
            "the search for a change of the source that makes it right ended after "
            f"{one_change.SECONDS:g} s of processor time"
        )
    return [Finding("unexplained", "; ".join(parts))] if parts else []


def _zeros(exact: Mapping[str, Array], given: Params, wrong: Sequence[str]) -> str | None:
    """Rows or columns of gradients that are 0 where all other entries are right."""
    parts = []
    for name in wrong:
        value = np.asarray(given[name], float)
        if value.ndim != 2 or name not in exact:
            return None
        true = exact[name]
        off = ~np.isclose(value, true, rtol=1e-6, atol=1e-9 * np.abs(true).max())
        if (value[off] != 0).any():
            return None
        for axis, word in ((1, "row"), (0, "column")):
            lines = np.flatnonzero(off.any(axis))
            if len(lines) == 1 and not np.take(value, lines[0], 1 - axis).any():
                parts.append(f"{word} {lines[0]} of d{name} is 0, all else in it is right")
                break
        else:
            return None
    return "; ".join(parts)
