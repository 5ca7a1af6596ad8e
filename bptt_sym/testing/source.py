"""A function's source, its places, and what is known of the values that come by there."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from types import ModuleType
from typing import Any, final

from bptt_sym.testing.own_code import OwnFunction
from bptt_sym.testing.own_values import Kinds, Seen, kind_of, seen
from bptt_sym.testing.slots import Slot, slots_of


@final
@dataclass(frozen=True, eq=False)
class Source:
    """What changes of a function are made of."""

    own: OwnFunction
    slots: list[Slot]
    seen: Seen

    @classmethod
    def of(cls, own: OwnFunction, call: Callable[[], Any]) -> Source:
        """The source, with what is seen while ``call`` runs."""
        slots = slots_of(own.tree)
        return cls(own, slots, seen(own, slots, call))

    @property
    def tree(self) -> ast.FunctionDef:
        return self.own.tree

    @cached_property
    def loaded(self) -> dict[str, None]:
        """The names that the function reads."""
        found = (s.get() for s in self.slots)
        return dict.fromkeys(n.id for n in found if isinstance(n, ast.Name))

    @cached_property
    def names(self) -> dict[str, Kinds]:
        """Local names, and those of the module that hold data, with what they hold."""
        out = {k: self._held(k, v) for k, v in self.own.values.items() if self._data(v)}
        for name, value in self.own.space.items():
            if name in out or name.startswith("_") or not self._data(value):
                continue
            kind = kind_of(value)
            # Numbers of the module that are used elsewhere only are too many.
            if name in self.loaded or (kind.shape and kind.family != "builtins.dict"):
                out[name] = self._held(name, value)
        return out

    def _held(self, name: str, value: Any) -> Kinds:
        return self.seen.of(name) or frozenset((kind_of(value),))

    @staticmethod
    def _data(value: Any) -> bool:
        return not callable(value) and not isinstance(value, (ModuleType, str)) and (
            value is not None
        )

    @cached_property
    def _index_tuples(self) -> set[int]:
        return {id(s.get()) for s in self.slots if s.is_index and isinstance(s.get(), ast.Tuple)}

    def in_index(self, slot: Slot) -> bool:
        """Whether it is one of several indices."""
        return id(slot.parent) in self._index_tuples

    def is_value(self, name: str) -> bool:
        """Whether a name is data, not a module or a function."""
        return name in self.names

    def is_object(self, node: ast.expr) -> bool:
        """Whether an expression is no module, whose functions alone are of use."""
        while isinstance(node, ast.Attribute):
            node = node.value
        held = self.own.values.get(node.id, self.own.space.get(node.id)) if isinstance(
            node, ast.Name
        ) else None
        return not isinstance(held, ModuleType)


__all__ = ["Source"]
