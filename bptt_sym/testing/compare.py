"""Compare a given gradient with the exact one, entry by entry, within what rounding allows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from inspect import iscoroutine
from typing import Any, final

import numpy as np

from bptt_sym.testing.named import one_line
from bptt_sym.testing.problems import Problem
from bptt_sym.testing.time_limit import limited

Array = Any

#: What code of a person's own may raise that ends a call of it, and not the check.
FAILURES = (Exception, SystemExit)
#: Why PyTorch has ``None`` for a gradient.
NONE = (
    "it is not used, it is cut off from the loss (detach, no_grad, .data), it is frozen "
    "(requires_grad=False), or a backward returns None in its place"
)


class NoGradient(np.ndarray):
    """Zeros in the place of a gradient of which nothing came back: PyTorch has ``None`` there."""


@final
@dataclass(frozen=True)
class Mismatch:
    """The worst entry of a parameter's gradient that rounding does not explain.

    ``kind`` is ``missing``, ``not-numbers``, ``shape``, ``not-finite`` or ``value``; ``rows``
    are those that hold such entries.
    """

    name: str
    kind: str
    index: tuple[int, ...] = ()
    given: float = float("nan")
    exact: float = float("nan")
    allowed: float = 0.0
    detail: str = ""
    rows: tuple[int, ...] = ()

    def text(self) -> str:
        """One line."""
        where = f"{self.name}[{', '.join(map(str, self.index))}]" if self.index else self.name
        if self.kind == "missing":
            return f"d{self.name}: not in the returned gradient{self.detail}"
        if self.kind in ("shape", "not-numbers"):
            return f"d{self.name}: {self.detail}"
        if self.kind == "not-finite":
            return f"d{where} is {self.given}; exact is {self.exact:.10g}"
        return (
            f"d{where} is {self.given:.17g}, exact {self.exact:.17g}: "
            f"off by {abs(self.given - self.exact):.2g}, rounding explains {self.allowed:.2g}"
        )


def numbers(value: Any) -> tuple[Array, str]:
    """A returned value as an array of real numbers, or why it is none, in words."""
    if value is None:
        return None, "is None"
    try:
        out = np.asarray(value)
        if out.dtype == object:
            out = np.asarray(value, float)
    except (TypeError, ValueError):
        return None, f"is no array of numbers ({type(value).__name__})"
    except Exception as error:  # a tensor that takes part in a graph, or lies on another device
        return None, f"is no array of numbers ({type(value).__name__}: {one_line(error)})"
    if out.dtype.kind not in "biufc":
        return None, f"is no array of numbers ({out.dtype})"
    if out.dtype.kind == "c":
        most = float(np.abs(out.imag).max(initial=0.0))
        if most:
            return None, f"is complex, with imaginary parts up to {most:.3g}"
        out = out.real
    return out, ""


def roundoff(problem: Problem) -> float:
    """The unit roundoff that a returned array is judged by: that of the problem's numbers."""
    return float(np.finfo(problem.dtype).eps) / 2


def _underflow(problem: Problem) -> float:
    """What underflow may lose: the bound is relative and knows no smallest number.

    Each operation may flush a result below the smallest normal number, which huge weights then
    multiply; 2²⁰⁰ of it is far below anything that a mistake could hide in (2²⁰ in float32, whose
    normal numbers end at 1e-38).
    """
    single = problem.dtype == np.float32
    return float(np.finfo(problem.dtype).tiny) * 2.0 ** (20 if single else 200)


def mismatches(problem: Problem, given: Mapping[str, Array]) -> list[Mismatch]:
    """What in ``given`` is not the gradient of ``problem``.

    Every parameter must be there; initial states and ``x`` are judged if they are. The gradient of
    an initial state may be given for each example or summed over the batch.
    """
    u = roundoff(problem)
    out = []
    other: Problem | None = None
    for name, exact in problem.exact.items():
        reference = problem
        if name not in given or given[name] is None:
            if name in problem.params:
                keys = ", ".join(map(repr, given))
                why = "; it is None" if name in given else f", which has {keys or 'nothing'}"
                out.append(Mismatch(name, "missing", detail=why))
            continue
        value, why = numbers(given[name])
        if why:
            out.append(Mismatch(name, "not-numbers", detail=why))
            continue
        if name[:-1] in problem.initial and name not in problem.params:
            other = other or problem.replaced(learned=not problem.learned)
            if value.shape != exact.shape and value.shape == other.exact[name].shape:
                reference, exact = other, other.exact[name]
        if value.shape != exact.shape:
            text = f"has shape {value.shape}, the parameter has {exact.shape}"
            if value.shape == exact.shape[::-1]:
                text += " (it is transposed)"
            out.append(Mismatch(name, "shape", detail=text))
            continue
        allowed = reference.allowed(u)[name] + _underflow(problem)
        with np.errstate(invalid="ignore"):
            wide = value.astype(np.longdouble)
            off = np.abs(wide - exact)
            excess = off / np.maximum(allowed, np.finfo(float).tiny)
        bad = ~(off <= allowed)
        if not bad.any():
            continue
        finite = np.isfinite(wide)
        if (bad & ~finite).any():
            at = tuple(int(i) for i in np.argwhere(bad & ~finite)[0])
            kind = "not-finite"
        else:
            at = tuple(int(i) for i in np.unravel_index(np.argmax(excess), excess.shape))
            kind = "value"
        rows = tuple(int(i) for i in np.flatnonzero(bad.reshape(len(bad), -1).any(1))) if at else ()
        three = float(value[at]), float(exact[at]), float(allowed[at])
        out.append(Mismatch(name, kind, at, *three, rows=rows))
    return out


def parts(problem: Problem, bad: Sequence[Mismatch]) -> frozenset[tuple[str, int]]:
    """What is wrong: the names, and of parameters that are stacked the blocks."""
    out = set()
    for m in bad:
        blocks = len(problem.model.layout.get(m.name, ()))
        size = len(problem.params[m.name]) // blocks if blocks > 1 and m.rows else 0
        out |= {(m.name, row // size) for row in m.rows} if size else {(m.name, 0)}
    return frozenset(out)


def call(gradient: Callable[[Problem], Any], problem: Problem) -> dict[str, Array]:
    """What ``gradient`` returns, as a dictionary; warnings about overflow are not its fault."""
    with np.errstate(all="ignore"), limited():
        result = gradient(problem)
    if not isinstance(result, Mapping):
        if iscoroutine(result):
            result.close()  # it would be said to be never awaited
        raise TypeError(
            f"the gradient function returned {type(result).__name__}; "
            "it must return a mapping from parameter names to arrays"
        )
    return dict(result)
