"""Modules of the case studies, which are scripts and not part of the package."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

EXAMPLES = Path(__file__).parents[2] / "examples"


def load(folder: str, name: str) -> ModuleType:
    """``examples/folder/name.py``; what it imports from its own folder is found there."""
    if name in sys.modules:
        return sys.modules[name]
    sys.path.insert(0, str(EXAMPLES / folder))
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / folder / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module
