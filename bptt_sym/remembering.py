"""Frozen values that compute their hash once: expression nodes are the keys of many tables."""

from __future__ import annotations

from dataclasses import fields
from functools import cache
from typing import Any


@cache
def compared(kind: type) -> tuple[str, ...]:
    """The fields that tell values of ``kind`` apart."""
    return tuple(f.name for f in fields(kind) if f.compare)


class Remembering:
    """Base of frozen dataclasses; what is remembered stands under names that begin with ``_``.

    The hash of a subclass is that of its compared fields, as a dataclass would have it.
    """

    def __init_subclass__(cls, **arguments: Any) -> None:
        super().__init_subclass__(**arguments)
        # Named by the class itself, so that the dataclass makes none of its own.
        cls.__hash__ = Remembering.__hash__  # type: ignore[method-assign]

    def __hash__(self) -> int:
        known: int | None = self.__dict__.get("_hash")
        if known is None:
            own = self.__dict__
            values = tuple([own[name] for name in compared(type(self))])  # type: ignore[arg-type]
            known = own["_hash"] = hash((type(self).__name__, values))
        return known

    def __getstate__(self) -> dict[str, Any]:
        # Another process has other hashes.
        return {name: value for name, value in self.__dict__.items() if name[0] != "_"}
