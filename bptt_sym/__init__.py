"""Symbolic back-propagation through time: derivations, proofs, verdicts, gradient code.

The public names are loaded when they are first used, so that importing the package is instant.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import Any

#: Where each public name lives.
_HOME = {
    "Recurrence": "recurrence",
    "Equation": "recurrence",
    "recurrence_from_latex": "read",
    "recurrence_from_sympy": "sympy_bridge",
    "elman": "cells",
    "elman_vector": "cells",
    "sigmoid_rnn": "cells",
    "lstm": "cells",
    "cell": "cells",
    "gru": "architectures",
    "lstm_peephole": "architectures",
    "stack": "architectures",
    "attention": "architectures",
    "derive": "forms",
    "derive_across": "across",
    "Derivation": "derive",
    "Step": "derive",
    "Verdict": "decide",
    "Counterexample": "decide",
    "Diagnosis": "decide",
    "BpttError": "errors",
    "InputError": "errors",
    "ModelError": "errors",
    "NotSupported": "errors",
    "ReplayError": "errors",
}

__all__ = list(_HOME)


def __getattr__(name: str) -> Any:
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


class _Package(ModuleType):
    """Keeps ``derive`` the function when the submodule of that name is loaded."""

    def __setattr__(self, name: str, value: object) -> None:
        if not (name in _HOME and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
