"""A person's data as it was, after a changed copy of their code has run.

What code does to arrays of its module, of a closure or of an object, a changed copy may do to other
ones: ``out = x.copy()`` without its ``copy`` writes to ``x``. All that is within reach is copied
before the first change, and put back after each.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator, Sequence
from types import FunctionType, ModuleType
from typing import Any

import numpy as np

from bptt_sym.testing.compare import FAILURES
from bptt_sym.testing.named import theirs
from bptt_sym.testing.own_code import OwnFunction

Array = Any
_DATA = (np.ndarray, list, dict)
#: Bytes of an array that is put back after each change, of all that are kept, and things at most.
_SMALL, _ALL, _THINGS = 1 << 16, 1 << 28, 4000


class KeptData:
    """Copies of what functions can reach beside their local names."""

    def __init__(self, functions: Sequence[OwnFunction]) -> None:
        self._small: list[tuple[Array, Array]] = []
        self._large: list[tuple[Array, Array]] = []
        self._tensors: list[tuple[Any, Any, bool, bool]] = []
        self._lists: list[tuple[list[Any], list[Any]]] = []
        self._tables: list[tuple[dict[Any, Any], dict[Any, Any]]] = []
        self._known: dict[int, Any] = {}
        self._bytes = 0
        for root in _roots(functions):
            self._keep(root)

    def put_back(self, *, all_of_it: bool = False) -> None:
        """What was changed is as it was; of large arrays only with ``all_of_it``."""
        for table, before in self._tables:
            if table.keys() != before.keys() or any(table[k] is not v for k, v in before.items()):
                table.clear()
                table.update(before)
        for held, entries in self._lists:
            held[:] = entries
        for array, numbers in self._small + (self._large if all_of_it else []):
            if array.shape == numbers.shape and array.flags.writeable:
                array[...] = numbers
        for tensor, numbers, leaf, followed in self._tensors:
            with contextlib.suppress(*FAILURES):
                tensor.data.copy_(numbers)
                # What a function returns is followed from then on, a tensor of the module too.
                if leaf and (not tensor.is_leaf or tensor.requires_grad != followed):
                    tensor.detach_().requires_grad_(followed)

    def _keep(self, root: Any) -> None:
        stack = [root]
        while stack and len(self._known) < _THINGS:
            thing = stack.pop()
            if id(thing) in self._known or isinstance(thing, (str, bytes, int, float, complex)):
                continue
            self._known[id(thing)] = thing
            if isinstance(thing, np.ndarray):
                self._array(thing)
            elif isinstance(thing, list):
                self._lists.append((thing, list(thing)))
                stack += thing
            elif isinstance(thing, dict):
                self._tables.append((thing, dict(thing)))
                stack += thing.values()
            elif isinstance(thing, (tuple, set, frozenset)):
                stack += thing
            elif _is_tensor(thing):
                copied = thing.detach().clone()
                self._tensors.append((thing, copied, thing.is_leaf, thing.requires_grad))
            elif isinstance(thing, type):
                stack += [v for v in vars(thing).values() if isinstance(v, _DATA)]
            elif hasattr(thing, "__dict__"):
                self._tables.append((vars(thing), dict(vars(thing))))
                stack += [v for v in vars(thing).values() if _own(v)]

    def _array(self, array: Array) -> None:
        self._bytes += array.nbytes
        if array.dtype != object and array.flags.writeable and self._bytes < _ALL:
            (self._small if array.nbytes <= _SMALL else self._large).append((array, array.copy()))


def _roots(functions: Sequence[OwnFunction]) -> Iterator[Any]:
    """Data of modules, of closures, defaults, and objects whose methods these are."""
    for own in functions:
        for name, value in own.space.items():
            if not name.startswith("__") and _own(value):
                yield value
        if _own(own.values.get("self")):
            yield own.values["self"]
        for f in own.objects:
            yield from (v for v in f.__defaults__ or () if _own(v))
            for cell in f.__closure__ or ():
                with contextlib.suppress(ValueError):  # it is empty
                    if _own(cell.cell_contents):
                        yield cell.cell_contents


def _own(value: Any) -> bool:
    """Whether something is data, or an object or a class of a person's own."""
    if isinstance(value, (np.ndarray, list, tuple, dict, set, frozenset)) or _is_tensor(value):
        return True
    if value is None or isinstance(value, (FunctionType, ModuleType)):
        return False
    kind = value if isinstance(value, type) else type(value)
    file = getattr(sys.modules.get(kind.__module__), "__file__", None)
    return bool(file and theirs(file))


def _is_tensor(value: Any) -> bool:
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.Tensor)


__all__ = ["KeptData"]
