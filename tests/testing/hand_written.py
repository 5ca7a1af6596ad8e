"""Gradients written by hand in ``benchmarks``, which use nothing of the package."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType


def module(name: str) -> ModuleType:
    """The module ``name`` of the benchmarks."""
    place = Path(__file__).parents[2] / "benchmarks" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(name, place)
    assert spec is not None and spec.loader is not None
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found
