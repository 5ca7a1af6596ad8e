"""How much of a property is tried: little in the usual run, much in the nightly one."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

NIGHTLY = os.environ.get("HYPOTHESIS_PROFILE") == "nightly"


def examples(few: int, many: int) -> int:
    """The number of examples of a property whose examples are expensive."""
    return many if NIGHTLY else few


def some(every: Sequence[Any], stride: int) -> list[Any]:
    """One in ``stride``, and all of them at night."""
    return list(every if NIGHTLY else every[::stride])
