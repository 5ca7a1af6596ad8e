"""What of a ``forward`` a ``backward`` leaves out: a path to an operand, a factor, a derivative.

PyTorch differentiates the ``forward`` itself, with one operation of its source differentiated
wrongly each time, until that is what the ``backward`` returns.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, final

import numpy as np

from bptt_sym.testing.compare import FAILURES
from bptt_sym.testing.sites import Site, in_source

Array = Any
#: What was returned for each argument, through each output times a cotangent.
Returned = Mapping[int, tuple[Array, Mapping[str, Array | None]]]
#: Changes that are tried, and operations of one run that are followed, at most.
_TRIED, _RUN = 400, 4000


@final
@dataclass(frozen=True)
class _Wrongly:
    """One operation differentiated wrongly: at each place in a run where its site comes by."""

    site: Site
    kind: str
    operand: int

    def words(self) -> str:
        operand = self.site.operand(self.operand)
        if self.site.operands == 1:
            operand = "its argument"
        match self.kind:
            case "cut":
                return f"{self.site.place} passes nothing back to {operand}"
            case "negated":
                return f"what {self.site.place} passes back to {operand} has the wrong sign"
            case "twice":
                return f"what {self.site.place} passes back to {operand} is counted twice"
            case "factor":
                other = self.site.operand(1 - self.operand)
                return f"{self.site.place} passes back to {operand} without the factor {other}"
        return f"the derivative of {self.site.place} is left out"


def left_out(
    torch: Any, forward: Callable[..., Any], arguments: Callable[[], tuple[dict[str, Any], Any]],
    returned: Returned,
) -> str | None:  # fmt: skip
    """What is differentiated wrongly, in words, if one thing is.

    ``arguments()`` are the tensors that are followed, by name, and all that ``forward`` takes.
    """

    def made(change: _Wrongly | None, sites: dict[Site, tuple[str, int]]) -> bool:
        tensors, given = arguments()
        with torch.enable_grad(), _mode(torch, change, sites):
            outputs = forward(*given)
        outputs = outputs if isinstance(outputs, tuple) else (outputs,)
        return all(
            _same(back[name], got) for number, (by, back) in returned.items()
            for name, got in _gradients(torch, outputs[number], by, tensors).items()
        )  # fmt: skip

    sites: dict[Site, tuple[str, int]] = {}
    try:
        if made(None, sites):
            return None  # it is no way back that is wrong
    except FAILURES:
        return None
    for change in islice(_changes(sites), _TRIED):
        try:
            if made(change, {}):
                return change.words()
        except FAILURES:
            continue
    return None


def _changes(sites: Mapping[Site, tuple[str, int]]) -> Iterator[_Wrongly]:
    for site, (_, count) in sites.items():
        for k in range(count):
            yield _Wrongly(site, "cut", k)
    for site, (name, count) in sites.items():
        if count == 1 and name in _FUNCTIONS:
            yield _Wrongly(site, "identity", 0)
        for k in range(count):
            if count == 2 and name in ("mul", "multiply"):
                yield _Wrongly(site, "factor", k)
            yield _Wrongly(site, "negated", k)
            yield _Wrongly(site, "twice", k)


_FUNCTIONS = frozenset(("tanh", "sigmoid", "exp", "log", "softplus", "relu", "sin", "cos"))


def _gradients(
    torch: Any, output: Any, by: Array, tensors: Mapping[str, Any]
) -> dict[str, Array | None]:
    back: Sequence[Any] = [None] * len(tensors)
    if output.requires_grad:
        back = torch.autograd.grad(
            output, list(tensors.values()), torch.tensor(by), retain_graph=True, allow_unused=True
        )
    return {k: None if v is None else v.numpy() for k, v in zip(tensors, back, strict=True)}


def _same(a: Array | None, b: Array | None) -> bool:
    first, second = (np.zeros(()) if v is None else v for v in (a, b))
    most = max(float(np.abs(v).max(initial=0.0)) for v in (first, second))
    return bool(np.abs(first - second).max(initial=0.0) <= 1e-10 * most)


def _mode(torch: Any, change: _Wrongly | None, sites: dict[Site, tuple[str, int]]) -> Any:
    """What intercepts the operations; ``sites`` gets those of a person's own source."""

    class Mode(torch.overrides.TorchFunctionMode):  # type: ignore[misc]
        run = 0

        def __torch_function__(
            self, function: Any, types: Any, given: Any = (), named: Any = None
        ) -> Any:
            name = getattr(function, "__name__", "").strip("_")
            self.run += 1
            places = [k for k, v in enumerate(given) if _followed(v)]
            if name in ("get", "set") or not places or self.run > _RUN:
                return function(*given, **(named or {}))
            name = name.removeprefix("r") if name in ("rmul", "radd", "rsub") else name
            site = _site(name, len(places))
            sites.setdefault(site, (name, len(places)))
            if change is None or site is not change.site:
                return function(*given, **(named or {}))
            operand, rest = given[places[change.operand]], list(given)
            if change.kind == "factor":
                rest[places[change.operand]] = _held(operand)
                made = function(*rest, **(named or {}))
                return made + (operand - operand.detach())
            if change.kind == "identity":
                made = function(_held(operand), *given[1:], **(named or {}))
                return made + (operand - operand.detach())
            factor = {"cut": 0.0, "negated": -1.0, "twice": 2.0}[change.kind]
            rest[places[change.operand]] = _weighed(operand, factor)
            return function(*rest, **(named or {}))

    return Mode()


def _followed(value: Any) -> bool:
    """Whether it has a gradient, or may have one at another step."""
    if isinstance(value, (list, tuple)):
        return any(map(_followed, value))
    return hasattr(value, "detach") and bool(value.is_floating_point())


def _held(value: Any) -> Any:
    return _weighed(value, 0.0)


def _weighed(value: Any, factor: float) -> Any:
    """The same numbers, whose gradient has a factor."""
    if isinstance(value, (list, tuple)):
        return [_weighed(v, factor) if _followed(v) else v for v in value]
    held = value.detach()
    return held + factor * (value - held) if factor else held


def _site(name: str, operands: int) -> Site:
    """Where the operation stands that the caller intercepts."""
    frame: Any = sys._getframe(2)
    while frame.f_back is not None and (
        frame.f_globals.get("__name__", "").partition(".")[0] == "torch"
    ):
        frame = frame.f_back
    return in_source(frame.f_code, frame.f_lasti, frame.f_lineno, name, operands)


__all__ = ["Returned", "left_out"]
