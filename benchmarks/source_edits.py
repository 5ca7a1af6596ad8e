"""Functions with pieces of their source replaced: mistakes, and other ways to write them right."""

from __future__ import annotations

import inspect
import linecache
from collections.abc import Callable, Mapping
from typing import Any

#: A piece of source, or several that are replaced together.
Piece = str | tuple[str, ...]


def with_pieces(
    name: str,
    function: Callable[..., Any],
    old: Piece,
    new: Piece,
    space: Mapping[str, Any],
    before: str = "",
) -> Callable[..., Any]:
    """``function`` with its pieces ``old`` replaced by ``new``.

    ``space`` holds what its source uses, ``before`` is source in front of it, changed as well.

    Raises
    ------
    ValueError
        A piece is not in the source.
    """
    source = before + inspect.getsource(function)
    olds, news = ((v,) if isinstance(v, str) else v for v in (old, new))
    for a, b in zip(olds, news, strict=True):
        if a not in source:
            raise ValueError(f"{name}: {a!r} is not in the source")
        source = source.replace(a, b)
    names, file = dict(space), f"<{name}>"
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
    exec(compile(source, file, "exec"), names)  # our own source with our own edit
    return names[name]  # type: ignore[no-any-return]
