"""The function that a person names on the command line."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any

from bptt_sym.errors import InputError


def function(name: str) -> Callable[..., Any]:
    """The function that ``MODULE:FUNCTION`` names, imported from the working directory as well.

    Raises
    ------
    InputError
        The name has another form, or there is no such module or function.
    """
    module, _, path = name.partition(":")
    if not module or not path:
        raise InputError(f"{name!r} is not MODULE:FUNCTION", hint="such as my_code:backward")
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    try:
        found: Any = import_module(module)
    except ImportError as error:
        raise InputError(f"{module} cannot be imported: {error}") from error
    for part in path.split("."):
        found = getattr(found, part, None)
        if found is None:
            raise InputError(f"{module} has no {path}")
    if not callable(found):
        raise InputError(f"{name} is not a function")
    return found  # type: ignore[no-any-return]
