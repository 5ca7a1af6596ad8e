"""Where in a TOML file something is wrong: its tables say what, and not where."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bptt_sym.errors import InputError
from bptt_sym.files import data_of

#: Bytes that are looked through for the line.
MAX_BYTES = 1 << 20

_NUMBERED = re.compile(r"\b(?P<table>question|part) (?P<number>\d+)\b")
_HEADER = re.compile(r"\s*\[{1,2}\s*(?P<name>[A-Za-z0-9_.-]+)\s*\]{1,2}")


@contextmanager
def with_lines(path: Path) -> Iterator[None]:
    """Errors inside that name ``path`` get the line that they are about, if it is found.

    Those raised for another file keep what they say.
    """
    try:
        yield
    except InputError as error:
        start = f"{path}: "
        if not error.message.startswith((start, f"{path} ")):
            raise
        rest = error.message.removeprefix(start).removeprefix(f"{path} ")
        try:
            lines = data_of(path, MAX_BYTES).decode("utf-8").splitlines()
        except (InputError, UnicodeDecodeError):
            raise error from None
        number = line_of(lines, rest, error.token or "")
        if number:
            error.message = f"{path}:{number}: {rest}"
            error.args = (error.message,)
        raise


def line_of(lines: list[str], message: str, token: str) -> int:
    """The line that a message with its key or value is about, from 1; 0 if nothing tells.

    >>> line_of(["[[part]]", "[[part]]", "points = -1"], "part 2: points is not a number", "points")
    3
    """
    first, last = 0, len(lines)
    found = _NUMBERED.search(message)
    if found is not None:
        begins = [
            k for k, line in enumerate(lines)
            if (m := _HEADER.match(line)) and m["name"] == found["table"]
        ]  # fmt: skip
        number = int(found["number"])
        if number > len(begins):
            return 0
        first = begins[number - 1]
        last = begins[number] if number < len(begins) else last
    key = re.compile(rf"\s*(?:\[+\s*)?[\w.\"-]*(?<![\w-])\"?{re.escape(token)}\"?(?![\w-])")
    for matches in (key.match, lambda line: token in line):
        if token:
            for k in range(first, last):
                if matches(lines[k]):
                    return k + 1
    return first + 1 if found is not None else 0


__all__ = ["line_of", "with_lines"]
