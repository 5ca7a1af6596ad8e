"""Which ``autograd.Function`` of PyTorch code is wrong, and in which of the values it returns.

The functions that a gradient applies are recorded with their arguments. Each is then a small pair
of its own: an output times a random cotangent, and what its ``backward`` returns for each argument.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from bptt_sym.testing.compare import FAILURES
from bptt_sym.testing.own_backwards import off_by, together, without_cotangents
from bptt_sym.testing.torch_cuts import left_out

Array = Any
#: Applications of a function that are looked at: the first ones.
_APPLIED = 3
#: As many arguments as a function may have.
_ARGUMENTS = 100


def wrong_backwards(call: Callable[[], Any]) -> list[tuple[str, bool]]:
    """What is wrong with the functions that ``call`` applies, in words, and whether they say it.

    Empty without PyTorch.
    """
    torch = sys.modules.get("torch")
    if torch is None:
        return []
    applied: dict[Any, list[tuple[Any, ...]]] = {}
    with _recorded(torch.autograd.Function, applied):
        try:
            call()
        except FAILURES:
            return []
    found: list[tuple[str, bool]] = []
    for kind, calls in applied.items():
        for arguments in calls:
            try:
                words = _Application(torch, kind, arguments).wrong()
            except FAILURES:
                continue
            if words:
                found += words
                break
    return found


@contextmanager
def _recorded(base: Any, applied: dict[Any, list[tuple[Any, ...]]]) -> Iterator[None]:
    """Within it, arguments are kept: of ``apply``, and of ``forward`` where ``apply`` was bound."""
    original = base.__dict__["apply"]
    within: list[Any] = []

    def keep(kind: Any, arguments: tuple[Any, ...]) -> None:
        calls = applied.setdefault(kind, [])
        if len(calls) < _APPLIED:
            calls.append(tuple(a.detach().clone() if _tensor(a) else a for a in arguments))

    def apply(kind: Any, *arguments: Any, **named: Any) -> Any:
        if not named:
            keep(kind, arguments)
        within.append(kind)
        try:
            return original.__get__(None, kind)(*arguments, **named)
        finally:
            within.pop()

    kept = [(k, k.__dict__["forward"]) for k in _own(base) if "forward" in k.__dict__]
    for kind, forward in kept:
        def recorded(*arguments: Any, _kind: Any = kind, _forward: Any = forward) -> Any:
            if not within:
                keep(_kind, arguments[_context(_kind):])
            return _forward.__get__(None, _kind)(*arguments)

        recorded.__signature__ = inspect.signature(forward.__func__)  # type: ignore[attr-defined]
        kind.forward = staticmethod(recorded)
    base.apply = classmethod(apply)
    try:
        yield
    finally:
        base.apply = original
        for kind, forward in kept:
            kind.forward = forward


def _own(base: Any) -> Iterator[Any]:
    """Functions that are not PyTorch's."""
    for kind in base.__subclasses__():
        yield from _own(kind)
        if not kind.__module__.startswith("torch.") and isinstance(
            kind.__dict__.get("forward"), staticmethod
        ):
            yield kind


def _tensor(value: Any) -> bool:
    return hasattr(value, "detach") and hasattr(value, "is_floating_point")


def _context(kind: Any) -> int:
    """Whether ``forward`` takes the context first: 1, or 0 where ``setup_context`` does."""
    base = next(k for k in kind.__mro__ if k.__module__ == "torch.autograd.function")
    return int(kind.setup_context is base.setup_context)


class _Application:
    """A function at the arguments of one call, in float64."""

    def __init__(self, torch: Any, kind: Any, arguments: Sequence[Any]) -> None:
        self.torch, self.kind = torch, kind
        self.arguments = list(arguments)
        names = list(inspect.signature(kind.forward).parameters)[_context(kind):]
        names += [f"argument {k + 1}" for k in range(len(names), len(arguments))]
        self.places = {
            name: k for k, (name, a) in enumerate(zip(names, arguments, strict=False))
            if _tensor(a) and a.is_floating_point()
        }  # fmt: skip
        self.point = {
            name: self.arguments[k].double().numpy() for name, k in self.places.items()
        }

    def outputs(self, values: dict[str, Array], *, follow: bool = False) -> Any:
        """The tensors that come out, and those that went in."""
        tensors = {k: self.torch.tensor(v, requires_grad=follow) for k, v in values.items()}
        given = list(self.arguments)
        for name, place in self.places.items():
            given[place] = tensors[name]
        made = self.kind.apply(*given)
        return (made if isinstance(made, tuple) else (made,)), tensors

    def wrong(self) -> list[tuple[str, bool]]:
        """What is wrong, and whether that is all that there is to say of it."""
        made, tensors = self.outputs(self.point, follow=True)
        rng = np.random.default_rng(37)
        names = list(tensors)
        numbers = [k for k, out in enumerate(made) if _tensor(out) and out.is_floating_point()]
        followed = [made[k] for k in numbers if made[k].requires_grad]
        nothing = [self.torch.zeros_like(out) for out in followed]
        back: Sequence[Any] = [None] * len(names)
        if followed:
            back = self.torch.autograd.grad(
                followed, [tensors[n] for n in names], nothing, retain_graph=True,
                allow_unused=True,
            )  # fmt: skip
        at_zero = {n: None if b is None else b.numpy() for n, b in zip(names, back, strict=True)}
        off = without_cotangents(at_zero, numbers)
        constant = frozenset(off)
        returned: dict[int, tuple[Array, dict[str, Array | None]]] = {}
        for number in numbers:
            out = made[number]
            cotangent = rng.normal(size=tuple(out.shape))
            back = [None] * len(names)
            if out.requires_grad:
                back = self.torch.autograd.grad(
                    out, [tensors[n] for n in names], self.torch.tensor(cotangent),
                    retain_graph=True, allow_unused=True,
                )  # fmt: skip
            values = {n: None if b is None else b.numpy() for n, b in zip(names, back, strict=True)
                      if n not in constant}  # fmt: skip

            def loss(p: dict[str, Array], number: int = number, by: Array = cotangent) -> float:
                with self.torch.no_grad():
                    value = self.outputs(p)[0][number]
                return float((value.numpy() * by).sum())

            only = made[0].detach().numpy() if len(made) == 1 else None
            for name, said in off_by(loss, self.point, values, only):
                off.setdefault(name, {})[number] = said
            returned[number] = cotangent, values
        said_of = f"{self.kind.__name__}.backward"
        lines = together(said_of, off, numbers)
        if not constant and not all(named for _, named in lines):
            words = left_out(self.torch, self._forward, self._arguments, returned)
            if words:
                return [(f"{said_of}: {words}", True)]
        return lines

    def _arguments(self) -> tuple[dict[str, Any], list[Any]]:
        """Tensors that are followed, by name, and all arguments of ``forward``."""
        tensors = {k: self.torch.tensor(v, requires_grad=True) for k, v in self.point.items()}
        given = list(self.arguments)
        for name, place in self.places.items():
            given[place] = tensors[name]
        return tensors, given

    def _forward(self, *given: Any) -> Any:
        """``forward`` by itself."""
        if not _context(self.kind):
            return self.kind.forward(*given)
        return self.kind.forward(_Context(), *given)


class _Context:
    """A context that keeps nothing."""

    def __getattr__(self, name: str) -> Any:
        if name == "needs_input_grad":
            return (True,) * _ARGUMENTS
        return lambda *_: None


__all__ = ["wrong_backwards"]
