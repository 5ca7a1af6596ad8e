"""Functions of a person's own: by the name on the command line, and the names of those given."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable
from functools import partial
from importlib import import_module
from typing import Any

from bptt_sym.errors import InputError

#: Characters of an exception's text that are shown.
_LONGEST = 400
#: Where the code is that is not a person's own.
_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def raised(error: BaseException) -> str:
    """An exception of a person's code: what it says, and the line of theirs that it came from."""
    said = one_line(error)
    text = f"{type(error).__name__}: {said}" if said else type(error).__name__
    frames = traceback.extract_tb(error.__traceback__)
    own = [f for f in frames if theirs(f.filename)]
    if not own:
        return text
    line = f": {own[-1].line}" if own[-1].line else ""
    return f"{text} ({os.path.basename(own[-1].filename)}, line {own[-1].lineno}{line})"


def one_line(error: BaseException) -> str:
    """What an exception says, in one line that is not too long and does nothing to a terminal."""
    try:
        text = " ".join(str(error).split())
    except Exception:
        return "its text fails"
    text = text if len(text) <= _LONGEST else f"{text[:_LONGEST]} …"
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def theirs(filename: str) -> bool:
    """Whether a file is a person's own: neither of an installed package nor of this one."""
    installed = "site-packages" in filename or filename.startswith(("<frozen", sys.base_prefix))
    return not installed and not os.path.abspath(filename).startswith(_PACKAGE + os.sep)


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
    if module.endswith(".py"):
        dotted = os.path.normpath(module).removesuffix(".py").replace(os.sep, ".")
        raise InputError(f"{module} is a file, not a module", hint=f"such as {dotted}:{path}")
    if not all(part.isidentifier() for part in module.split(".")):
        raise InputError(f"{module!r} is no name of a module", hint="such as my_package.my_code")
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    try:
        found: Any = import_module(module)
    except ImportError as error:
        raise InputError(f"{module} cannot be imported: {error}") from error
    except (Exception, SystemExit) as error:
        raise InputError(f"{module} cannot be imported: {raised(error)}") from error
    for part in path.split("."):
        found = getattr(found, part, None)
        if found is None:
            raise InputError(f"{module} has no {path}")
    if not callable(found):
        raise InputError(f"{name} is not a function")
    kind = found if isinstance(found, type) else type(found)
    for base in kind.__mro__:
        maker = _MAKERS.get(f"{base.__module__}.{base.__name__}")
        if maker is not None:
            raise InputError(
                f"{name} is no function of a problem, but of torch ({base.__name__})",
                hint=f"bptt_sym.testing.{maker} makes one",
            )
    return found  # type: ignore[no-any-return]


#: What makes a gradient function of PyTorch code, by the class of that.
_MAKERS = {
    "torch.nn.modules.module.Module": "from_module(make, names)",
    "torch.autograd.function.Function": "from_torch(outputs), with code that applies it,",
}


def held(function: Any) -> tuple[str, str]:
    """The module that holds a function, and by which name; empty if none does."""
    inner = function
    while isinstance(inner, partial):
        inner = inner.func
    kind = inner if hasattr(inner, "__qualname__") else type(inner)
    module = getattr(kind, "__module__", None) or ""
    space: dict[str, Any] = getattr(sys.modules.get(module), "__dict__", {})
    for name, value in list(space.items()):
        if value is function and name.isidentifier():
            return module, name
    return "", ""


def name_of(function: Any) -> str:
    """A function's name with its module; of what is made of one, that of the function."""
    home, name = held(function)
    if name:
        return f"{home}.{name}"
    while isinstance(function, partial):
        function = function.func
    if not getattr(function, "__qualname__", ""):
        function = type(function)
    module = getattr(function, "__module__", None)
    return f"{module}.{function.__qualname__}" if module else str(function.__qualname__)
