"""The published theorems, each replayed once for all tests."""

from __future__ import annotations

from functools import cache

from bptt_sym import prove
from bptt_sym.prove.theorem import Theorem


@cache
def load(name: str) -> Theorem:
    return prove.load(name)
