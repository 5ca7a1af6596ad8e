"""Reading files that a person names: never more of one than a limit, and nothing without an end.

A path may be a folder, a device, or a pipe to which nobody writes; each ends in a message.
"""

from __future__ import annotations

import io
import os
import re
import stat
import tomllib
from pathlib import Path
from typing import Any

from bptt_sym.errors import InputError, LimitExceeded

#: Parts of one dotted key of TOML: the standard library's reader takes the square of their number.
MAX_DOTTED = 32

_STRINGS_AND_COMMENTS = re.compile(
    r'"""(?:[^"\\]|\\.|"(?!""))*+"""|' r"'''(?:[^']|'(?!''))*+'''|"
    r'"(?:[^"\\\n]|\\.)*+"|' r"'[^'\n]*+'|#[^\n]*+",
    re.DOTALL,
)  # fmt: skip
_DOTTED = re.compile(rf"(?<![\w-])(?:[\w-]++[ \t]*+\.[ \t]*+){{{MAX_DOTTED},}}+")


def opened(path: str | Path) -> io.BufferedReader:
    """The bytes of a file, from its beginning.

    Raises
    ------
    InputError
        There is no such file, it is a folder, it may not be read, or it is a pipe to which nobody
        writes.
    """
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        number = os.open(path, flags)
    except FileNotFoundError:
        raise InputError("there is no such file") from None
    except (OSError, ValueError) as error:
        if Path(path).is_dir():  # on some systems no folder can be opened at all
            raise _folder() from None
        why = getattr(error, "strerror", None) or error
        raise InputError(f"the file cannot be read: {why}") from None
    try:
        mode = os.fstat(number).st_mode
        if stat.S_ISDIR(mode):
            raise _folder()
        first = _first_of_pipe(number) if stat.S_ISFIFO(mode) else b""
        if hasattr(os, "set_blocking"):
            os.set_blocking(number, True)
    except BaseException:
        os.close(number)
        raise
    raw = io.FileIO(number, closefd=True)
    return io.BufferedReader(_GoingOn(first, raw)) if first else io.BufferedReader(raw)


def _folder() -> InputError:
    return InputError("this is a folder, not a file", hint="name the files in it")


def _first_of_pipe(number: int) -> bytes:
    """What stands in a pipe by now; to wait is in vain if nobody has it open for writing."""
    try:
        first = os.read(number, 1 << 16)
    except BlockingIOError:
        return b""
    if not first:
        raise InputError("nobody writes to this pipe", hint="give -, and the text as its input")
    return first


class _GoingOn(io.RawIOBase):
    """``first``, and then what can still be read."""

    def __init__(self, first: bytes, rest: io.FileIO) -> None:
        self._first, self._rest = first, rest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        if not self._first:
            return self._rest.readinto(buffer)
        count = min(len(buffer), len(self._first))
        buffer[:count], self._first = self._first[:count], self._first[count:]
        return count

    def close(self) -> None:
        self._rest.close()
        super().close()


def data_of(path: str | Path, limit: int) -> bytes:
    """What a file holds, up to one byte more than ``limit``; raises as :func:`opened`."""
    try:
        with opened(path) as handle:
            return handle.read(limit + 1)
    except OSError as error:
        raise InputError(f"the file cannot be read: {error.strerror}") from None


def toml_of(path: str | Path, limit: int) -> dict[str, Any]:
    """The tables of a TOML file of at most ``limit`` bytes.

    Raises
    ------
    InputError
        It is missing, too large, not UTF-8 or not TOML.
    """
    try:
        data = data_of(path, limit)
    except InputError as error:
        raise InputError(f"{path}: {error.message}", hint=error.hint) from None
    if len(data) > limit:
        raise LimitExceeded(f"{path} is larger than {limit // 1024} KB")
    try:
        text = data.decode("utf-8")
        if _DOTTED.search(_STRINGS_AND_COMMENTS.sub("a", text)) is not None:
            raise LimitExceeded(f"{path} has a key of more than {MAX_DOTTED} parts")
        return tomllib.loads(text)
    except RecursionError:
        raise LimitExceeded(f"{path} is nested deeper than is read") from None
    except ValueError as error:  # of TOML, and of the encoding
        raise InputError(f"{path} is not TOML: {error}") from None


__all__ = ["MAX_DOTTED", "data_of", "opened", "toml_of"]
