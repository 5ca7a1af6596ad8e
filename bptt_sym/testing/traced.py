"""What a gradient takes to be constant, or does wrong, in one operation of its loss.

For losses of any kind that are NumPy code and accept complex parameters: tangents are carried by
the imaginary parts (Squire and Trapp 1998). Each operation is intercepted where it stands in the
source, and carried out as if one thing were wrong with its derivative: an operand is taken to be
constant, the derivative of a function or a factor is left out, a matrix is not transposed on the
way back, only one of many uses of a parameter counts, what belongs to another use or product stands
beside an operand. The change under which all directional
derivatives are those of the gradient that was given is what is wrong with it.
"""

from __future__ import annotations

import linecache
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
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
    transposed on the way back; ``other``: beside the tangent of the operand stands, of each use,
    the value that ``values`` gives instead of the other operand.
    """

    site: Site
    kind: str
    operand: int = 0
    #: The uses of the site that are changed; ``None`` for all.
    uses: frozenset[int] | None = None
    values: Mapping[int, Array] = field(default_factory=dict, compare=False)
    #: What is wrong at another site as well.
    also: Change | None = None


@final
@dataclass
class _Trace:
    change: Change | None = None
    #: How often each site was passed, and which operands had a tangent there.
    sites: dict[Site, int] = field(default_factory=dict)
    moved: dict[Site, set[int]] = field(default_factory=dict)
    square: set[Site] = field(default_factory=set)
    unary: set[Site] = field(default_factory=set)
    #: Of products of matrices: both operands at every use, and the uses where each had a tangent.
    operands: dict[Site, list[tuple[Array, Array]]] = field(default_factory=dict)
    reached: dict[tuple[Site, int], list[int]] = field(default_factory=dict)


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
    if trace.change is None:
        _noted(trace, site, use, ufunc, method, raw)
        return run(*raw, **kwargs)
    change: Change | None = trace.change
    while change is not None and change.site != site:
        change = change.also
    if change is None or (change.uses is not None and use not in change.uses):
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
        case "other":
            right = run(*raw, **kwargs)
            k, instead = change.operand, change.values[use]
            own, other = np.imag(raw[k]), np.real(raw[1 - k])
            off = instead - other
            return right + 1j * (own @ off if k == 0 else off @ own)
        case _:
            raise AssertionError(change.kind)


def _noted(trace: _Trace, site: Site, use: int, ufunc: Any, method: str, raw: list[Any]) -> None:
    """What an operation is given is kept in the trace."""
    moved = {k for k, x in enumerate(raw) if np.iscomplexobj(x) and np.any(np.imag(x))}
    trace.moved.setdefault(site, set()).update(moved)
    for k in moved:
        trace.reached.setdefault((site, k), []).append(use)
    if ufunc is np.matmul:
        trace.operands.setdefault(site, []).append((np.real(raw[0]), np.real(raw[1])))
    two = len(raw) == 2 and method == "__call__"
    if two and ufunc is np.matmul and np.ndim(raw[1]) == 2 and len({*np.shape(raw[1])}) == 1:
        trace.square.add(site)
    if len(raw) == 1 and method == "__call__":
        trace.unary.add(site)


_SITES: dict[tuple[Any, int, str, int], Site] = {}


def _site(ufunc: Any, method: str, operands: int) -> Site:
    """Where in the user's code the operation stands."""
    frame = sys._getframe(3)
    while frame.f_back is not None and (
        frame.f_globals.get("__name__", "").startswith("numpy")
        or frame.f_code.co_filename == __file__
    ):
        frame = frame.f_back
    code, at = frame.f_code, frame.f_lasti
    name = ufunc.__name__ if method == "__call__" else f"{ufunc.__name__}.{method}"
    # Code objects that are equal have their lines in common.
    key = (code, at, name, operands)
    if key not in _SITES:
        if len(_SITES) > 10_000:
            _SITES.clear()
        _SITES[key] = _place(code, at, frame.f_lineno, name, operands)
    return _SITES[key]


def _place(code: Any, at: int, line: int, name: str, operands: int) -> Site:
    """The site of an instruction, with its words in the source."""
    words = ""
    for k, place in enumerate(code.co_positions()):
        if k == at // 2:
            first, last, start, end = place
            if first is not None and first == last:
                # Columns are counted in bytes of UTF-8.
                text = linecache.getline(code.co_filename, first).encode()
                words = text[start:end].decode(errors="replace").strip()
            break
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

    known, trace, own = list(point), _Trace(), _Trace()
    if _slope(loss, point, directions[0], None, np.sum, trace) is None:
        return None
    _slope(loss, point, {k: directions[0][k] for k in wrong}, None, np.sum, own)
    added = _added(loss, point, given, wrong, directions)
    if added:
        return added
    for words, weigh in _weighings():
        # Which parameters it concerns is known: the others are right.
        if all(fits(None, weigh, [k]) for k in wrong):
            return words
    for words, change in (*_candidates(trace), *_in_part(trace, own), *_displaced(own)):
        # One parameter first: that it does not fit takes one pass to see.
        if all(fits(change, np.sum, [k]) for k in wrong) and fits(change, np.sum, known):
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
                yield text, Change(site, "operand", k, frozenset(range(uses)) - {at})
            for at, word in ((0, "first"), (uses - 1, "last")):
                change = Change(site, "operand", k, frozenset({at}))
                yield f"{where} the {word} is missing", change


def _in_part(trace: _Trace, own: _Trace) -> Iterator[tuple[str, Change]]:
    """Changes of those uses of a site alone that the wrong parameters reach: one direction of two,
    one layer of many that run through the same lines."""
    for words, change in _candidates(trace):
        site, uses = change.site, trace.sites[change.site]
        reached = {u for k in range(site.operands) for u in own.reached.get((site, k), ())}
        if reached and len(reached) < uses:
            text = f"{words}, at {len(reached)} of its {uses} uses"
            yield text, replace(change, uses=frozenset(reached))


def _displaced(own: _Trace) -> Iterator[tuple[str, Change]]:
    """Beside an operand stands what belongs to another use of a product, or to another product."""
    for (site, k), uses in own.reached.items():
        if site not in own.operands or len(uses) < 2:
            continue
        where = f"`{site.words}` (line {site.where[1]})"
        others = [own.operands[site][u][1 - k] for u in uses]
        if all(np.array_equal(v, others[0]) for v in others):
            continue  # the same matrix every time
        moved = [
            ("the uses in the reverse order", others[::-1]),
            ("the use before", [others[0], *others[:-1]]),
            ("the use after", [*others[1:], others[-1]]),
            ("the use before (at first the last)", [others[-1], *others[:-1]]),
            ("the use after (at last the first)", [*others[1:], others[0]]),
            ("the last use every time", [others[-1]] * len(others)),
        ]
        for words, values in moved:
            which, other = ("first", "second")[k], ("second", "first")[k]
            text = f"what {where} passes to its {which} operand takes the {other} one of {words}"
            taken = dict(zip(uses, values, strict=True))
            yield text, Change(site, "other", k, frozenset(uses), taken)
    products = [s for s in own.operands if own.reached.get((s, 0))]
    for a in products:
        for b in products:
            first, second = own.operands[a], own.operands[b]
            alike = len(first) == len(second) and first[0][1].shape == second[0][1].shape
            if not alike or (a.where >= b.where) or np.ndim(first[0][1]) != 2:
                continue
            to_a = {u: v[1] for u, v in enumerate(second)}
            to_b = {u: v[1] for u, v in enumerate(first)}
            text = f"the matrices of `{a.words}` and `{b.words}` are exchanged on the way back"
            yield text, Change(a, "other", 0, None, to_a, Change(b, "other", 0, None, to_b))


def _added(
    loss: Callable[[dict[str, Array]], Any],
    point: Params,
    given: Params,
    wrong: Sequence[str],
    directions: Sequence[Params],
) -> str | None:
    """A multiple of the parameter itself that was added to its gradient, or is missing there."""
    rates: dict[str, float] = {}
    if any(point[name].size < 2 for name in wrong):
        return None  # one number is a multiple of any other
    for name in wrong:
        # One direction gives the rate, the others have to agree.
        seen = []
        for v in directions:
            slope = _slope(loss, point, {name: v[name]}, None, np.sum)
            along = float((point[name] * v[name]).sum())
            if slope is None or not along:
                return None
            size = float(np.abs(given[name] * v[name]).sum()) + abs(slope)
            seen.append((float((given[name] * v[name]).sum()) - slope, along, size))
        rate = seen[0][0] / seen[0][1]
        if any(abs(off - rate * along) > 1e-10 * size for off, along, size in seen):
            return None
        rates[name] = rate
    if not rates:
        return None
    parts = [
        f"{abs(r):.6g} times {n} is {'added to' if r > 0 else 'missing in'} d{n}"
        for n, r in rates.items()
    ]
    return "; ".join(parts) + " (weight decay)"


__all__ = ["Traced", "explained"]
