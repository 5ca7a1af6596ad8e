"""What a gradient takes to be constant, or does wrong, in one operation of its loss.

For losses of any kind that are NumPy code and accept complex parameters: tangents are carried by
the imaginary parts (Squire and Trapp 1998). Each operation is intercepted where it stands in the
source, and carried out as if one thing were wrong with its derivative: an operand is taken to be
constant, the derivative of a function or a factor is left out, a matrix is not transposed on the
way back, only one of many uses of a parameter counts. The change under which all directional
derivatives are those of the gradient that was given is what is wrong with it.
"""

from __future__ import annotations

import linecache
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, final

import numpy as np

Array = Any
Params = Mapping[str, Array]
#: The imaginary unit of a tangent: so small that its square is nothing.
_STEP = 1e-30
#: Candidates that are tried at most.
_TRIED = 400


@final
@dataclass(frozen=True)
class Site:
    """An operation in the source: where it is, which function, and which of its operands matter."""

    where: tuple[str, int, int]
    function: str
    words: str
    operands: int


@final
@dataclass(frozen=True)
class Change:
    """What is done wrongly at a site, and at which of its uses.

    ``operand``: it is taken to be constant; ``identity``, ``factor``, ``divisor``: the derivative
    of a function, the other factor or the divisor is left out; ``turned``: a matrix is not
    transposed on the way back.
    """

    site: Site
    kind: str
    operand: int = 0
    #: Of the uses of the site, the only one to be right; ``None`` if all are changed.
    but: int | None = None
    #: The only one to be changed.
    only: int | None = None


@final
@dataclass
class _Trace:
    change: Change | None = None
    #: How often each site was passed, and which operands had a tangent there.
    sites: dict[Site, int] = field(default_factory=dict)
    moved: dict[Site, set[int]] = field(default_factory=dict)
    square: set[Site] = field(default_factory=set)
    unary: set[Site] = field(default_factory=set)


_ACTIVE: list[_Trace] = []


class Traced(np.ndarray):
    """An array whose imaginary part is a tangent; ufuncs on it ask what is to go wrong."""

    def __array_ufunc__(
        self, ufunc: Any, method: str, *inputs: Any, out: Any = None, **kwargs: Any
    ) -> Any:
        raw = [x.view(np.ndarray) if isinstance(x, Traced) else x for x in inputs]
        if out is not None:
            kwargs["out"] = tuple(
                x.view(np.ndarray) if isinstance(x, Traced) else x for x in out
            )
        result = _applied(ufunc, method, raw, kwargs)
        if isinstance(result, np.ndarray):
            return result.view(Traced)
        return np.asarray(result).view(Traced) if np.iscomplexobj(result) else result


def _applied(ufunc: Any, method: str, raw: list[Any], kwargs: dict[str, Any]) -> Any:
    run = getattr(ufunc, method)
    if not _ACTIVE or method not in ("__call__", "reduce"):
        return run(*raw, **kwargs)
    trace = _ACTIVE[-1]
    site = _site(ufunc, method, len(raw))
    use = trace.sites.get(site, 0)
    trace.sites[site] = use + 1
    moved = {k for k, x in enumerate(raw) if np.iscomplexobj(x) and np.any(np.imag(x))}
    trace.moved.setdefault(site, set()).update(moved)
    two = len(raw) == 2 and method == "__call__"
    if two and ufunc is np.matmul and np.ndim(raw[1]) == 2 and len({*np.shape(raw[1])}) == 1:
        trace.square.add(site)
    if len(raw) == 1 and method == "__call__":
        trace.unary.add(site)
    change = trace.change
    if change is None or change.site != site or use == change.but:
        return run(*raw, **kwargs)
    if change.only is not None and use != change.only:
        return run(*raw, **kwargs)
    match change.kind:
        case "operand":
            raw[change.operand] = np.real(raw[change.operand]) + 0j
            return run(*raw, **kwargs)
        case "identity":
            return np.real(run(*raw, **kwargs)) + 1j * np.imag(raw[0])
        case "factor":
            right = run(*raw, **kwargs)
            own, other = raw[change.operand], raw[1 - change.operand]
            return right + 1j * np.imag(own) * (1 - np.real(other))
        case "divisor":
            right = run(*raw, **kwargs)
            return right + 1j * np.imag(right) * (np.real(raw[1]) - 1)
        case "turned":
            right = run(*raw, **kwargs)
            a, b = np.imag(raw[0]), np.real(raw[1])
            return right + 1j * (a @ b.T - a @ b)
        case _:
            raise AssertionError(change.kind)


def _site(ufunc: Any, method: str, operands: int) -> Site:
    """Where in the user's code the operation stands."""
    frame = sys._getframe(3)
    while frame.f_back is not None and (
        frame.f_globals.get("__name__", "").startswith("numpy")
        or frame.f_code.co_filename == __file__
    ):
        frame = frame.f_back
    code, at = frame.f_code, frame.f_lasti
    line, words = frame.f_lineno, ""
    for k, place in enumerate(code.co_positions()):
        if k == at // 2:
            first, last, start, end = place
            if first is not None and first == last:
                # Columns are counted in bytes of UTF-8.
                text = linecache.getline(code.co_filename, first).encode()
                words = text[start:end].decode(errors="replace").strip()
            break
    name = ufunc.__name__ if method == "__call__" else f"{ufunc.__name__}.{method}"
    return Site((code.co_filename, line, at), name, words or f"{name} in line {line}", operands)


def explained(
    loss: Callable[[dict[str, Array]], Any], point: Params, given: Params, wrong: Sequence[str]
) -> str | None:
    """What is wrong with a gradient of a loss, in words; ``None`` if no one thing explains it."""
    rng = np.random.default_rng(11)
    directions = [{k: rng.normal(size=v.shape) for k, v in point.items()} for _ in range(2)]

    def claimed(v: Params, names: Sequence[str]) -> float:
        return float(sum((given[k] * v[k]).sum() for k in names))

    def fits(change: Change | None, weigh: Callable[[Array], Array], names: Sequence[str]) -> bool:
        for v in directions:
            slope = _slope(loss, point, {k: v[k] for k in names}, change, weigh)
            if slope is None:
                return False
            size = sum(float(np.abs(given[k] * v[k]).sum()) for k in names)
            if abs(slope - claimed(v, names)) > 1e-10 * max(size, abs(slope)):
                return False
        return True

    known, trace = list(point), _Trace()
    if _slope(loss, point, directions[0], None, np.sum, trace) is None:
        return None
    for words, weigh in _weighings():
        # Which parameters it concerns is known: the others are right.
        if all(fits(None, weigh, [k]) for k in wrong):
            return words
    for words, change in _candidates(trace):
        if fits(change, np.sum, known) and all(fits(change, np.sum, [k]) for k in wrong):
            return words
    for name in wrong:
        for other in known:
            alike = other != name and point[other].shape == point[name].shape
            if alike and len(wrong) <= 2 and all(
                abs(_of(_slope(loss, point, {other: v[name]}, None, np.sum)) -
                    claimed(v, [name])) <= 1e-10 * float(np.abs(given[name] * v[name]).sum())
                for v in directions
            ):  # fmt: skip
                return f"what is given for {name} is the gradient of {other}"
    if len(wrong) == 1:
        for words, change in _uses(trace):
            if fits(change, np.sum, wrong):
                return f"d{wrong[0]}: {words}"
    return None


def _of(slope: float | None) -> float:
    return float("nan") if slope is None else slope


def _slope(
    loss: Callable[[dict[str, Array]], Any],
    point: Params,
    direction: Params,
    change: Change | None,
    weigh: Callable[[Array], Array],
    trace: _Trace | None = None,
) -> float | None:
    """The directional derivative with something done wrongly; ``None`` for other kinds of code."""
    moved = {
        k: (v + 1j * _STEP * direction.get(k, 0.0)).view(Traced) for k, v in point.items()
    }
    trace = trace or _Trace()
    trace.change = change
    _ACTIVE.append(trace)
    try:
        with np.errstate(all="ignore"):
            value = complex(weigh(np.asarray(loss(moved))))
    except Exception:
        return None
    finally:
        _ACTIVE.pop()
    return float(value.imag / _STEP)


def _weighings() -> Iterator[tuple[str, Callable[[Array], Array]]]:
    """Sums of the losses of the steps, if the loss returns them, with some of them left out."""
    yield "the loss of the first step is missing", lambda v: v[1:].sum()
    yield "the loss of the last step is missing", lambda v: v[:-1].sum()
    yield "only the loss of the last step is there", lambda v: v[-1]
    yield "only the loss of the first step is there", lambda v: v[0]
    yield "the mean over the losses is taken, not their sum", lambda v: v.mean()


def _candidates(trace: _Trace) -> Iterator[tuple[str, Change]]:
    """Changes of every use of a site; those that the fewest words tell first."""
    count = 0
    for site, operands in trace.moved.items():
        where = f"`{site.words}` (line {site.where[1]})"
        if site in trace.square and 0 in operands:
            yield f"the matrix of {where} is not transposed on the way back", Change(site, "turned")
        if site in trace.unary and operands:
            yield f"the derivative of {where} is missing", Change(site, "identity")
        if site.function == "divide" and 0 in operands:
            yield f"the division in {where} is left out on the way back", Change(site, "divisor")
        for k in sorted(operands):
            if site.function == "multiply" and site.operands == 2:
                factor = ("second", "first")[k]
                text = f"the {factor} factor of {where} is left out on the way back"
                yield text, Change(site, "factor", k)
            which = ("first operand", "second operand")[k] if site.operands > 1 else "argument"
            text = f"{where} passes nothing back to its {which}: it is taken to be constant"
            yield text, Change(site, "operand", k)
            count += 1
        if count > _TRIED:
            return


def _uses(trace: _Trace) -> Iterator[tuple[str, Change]]:
    """Of many uses at one site only the first or the last counts, or one of them does not."""
    for site, uses in trace.sites.items():
        where = f"of the {uses} uses in `{site.words}` (line {site.where[1]})"
        for k in sorted(trace.moved[site]) if uses > 1 else ():
            for at, word in ((0, "first"), (uses - 1, "last")):
                text = f"{where} only the {word} counts (= for +=)"
                yield text, Change(site, "operand", k, but=at)
            for at, word in ((0, "first"), (uses - 1, "last")):
                yield f"{where} the {word} is missing", Change(site, "operand", k, only=at)


__all__ = ["Traced", "explained"]
