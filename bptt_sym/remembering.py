"""Frozen values that compute their hash once: expression nodes are the keys of many tables."""

from __future__ import annotations

from dataclasses import fields
from typing import Any


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
            compared = tuple(getattr(self, f.name) for f in fields(self) if f.compare)  # type: ignore[arg-type]
            known = self.__dict__["_hash"] = hash((type(self).__name__, compared))
        return known

    def __getstate__(self) -> dict[str, Any]:
        # Another process has other hashes.
        return {name: value for name, value in self.__dict__.items() if name[0] != "_"}
