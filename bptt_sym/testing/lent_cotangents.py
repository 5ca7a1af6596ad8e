"""Whether a ``backward`` of PyTorch code writes to the cotangents that it is given.

They are lent: of a sum, PyTorch passes one tensor on to all terms, so that what one ``backward``
does to it in place is what the others find. Where nothing else has been given the tensor the
numbers are right, by luck.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

#: How the engine calls the ``backward`` of a function; newer versions have a second way.
_CALLS = ("apply", "apply_boxed")


@contextmanager
def written_cotangents() -> Iterator[list[str]]:
    """A list that gets, within the context, a sentence for each ``backward`` that writes so.

    Empty without PyTorch. Its own functions are not judged.
    """
    said: list[str] = []
    torch = sys.modules.get("torch")
    if torch is None:
        yield said
        return
    base = torch.autograd.function.BackwardCFunction
    kept = {name: base.__dict__[name] for name in _CALLS if name in base.__dict__}
    for name, original in kept.items():
        setattr(base, name, _watched(original, said))
    try:
        yield said
    finally:
        for name, original in kept.items():
            setattr(base, name, original)


def _watched(original: Callable[..., Any], said: list[str]) -> Callable[..., Any]:
    """The call of a ``backward``, with a look at its arguments before and after."""

    def apply(context: Any, *arguments: Any) -> Any:
        kind = context._forward_cls
        if kind.__module__.startswith("torch."):
            return original(context, *arguments)
        # The newer way puts all of them in one list, of which entries may be deleted.
        boxed = len(arguments) == 1 and isinstance(arguments[0], list)
        given = list(arguments[0] if boxed else arguments)
        before = [_copy(a) for a in given]
        out = original(context, *arguments)
        for k, (now, then) in enumerate(zip(given, before, strict=True)):
            if then is not None and not _same(now, then):
                text = (
                    f"{kind.__name__}.backward writes to {_name(kind, k)}, which PyTorch only "
                    "lends it: others may have been given the same tensor"
                )
                if text not in said:
                    said.append(text)
        return out

    return apply


def _copy(value: Any) -> Any:
    """The numbers of a tensor; ``None`` of what has none to look at (sparse, under ``vmap``)."""
    try:
        return value.detach().clone().numpy()
    except Exception:
        return None


def _same(now: Any, then: Any) -> bool:
    """Whether a tensor still holds these numbers."""
    return np.array_equal(now.detach().numpy(), then, equal_nan=True)


def _name(kind: Any, k: int) -> str:
    """What ``backward`` calls a cotangent."""
    try:
        # One that is called vjp takes the place of backward.
        base = next(c for c in kind.__mro__ if c.__module__ == "torch.autograd.function")
        way = kind.backward if kind.vjp is base.vjp else kind.vjp
        known = inspect.signature(way).parameters.values()
    except (TypeError, ValueError, StopIteration):
        known = ()  # type: ignore[assignment]
    names = [p.name for p in known if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)][1:]
    return f"`{names[k]}`" if k < len(names) else f"cotangent {k + 1}"


__all__ = ["written_cotangents"]
