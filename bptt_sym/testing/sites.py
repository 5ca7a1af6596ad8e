"""Where in the source of a loss an operation stands."""

from __future__ import annotations

import ast
import linecache
import sys
from dataclasses import dataclass
from typing import Any, final
from weakref import WeakValueDictionary


@final
@dataclass(frozen=True, eq=False)
class Site:
    """An operation in the source: where it is, which function, and which of its operands matter.

    There is one object for each (see :func:`in_source`): it is looked up at every operation.
    """

    where: tuple[str, int, int]
    function: str
    words: str
    operands: int

    @property
    def place(self) -> str:
        """The words of the source and their line, as messages have them."""
        return f"`{self.words}` (line {self.where[1]})"

    def operand(self, k: int) -> str:
        """One of two operands, as it is written if that can be read from the words."""
        try:
            node = ast.parse(self.words, mode="eval").body
        except (SyntaxError, ValueError, RecursionError):
            node = None
        found: list[ast.expr] = []
        match node:
            case ast.BinOp(left, _, right):
                found = [left, right]
            case ast.Call(ast.Attribute(owner, "dot"), [other]):
                found = [owner, other]
            case ast.Call(_, [first, second]):
                found = [first, second]
        if len(found) == 2 and ast.unparse(found[0]) != ast.unparse(found[1]):
            return f"`{ast.unparse(found[k])}`"
        return f"its {('first', 'second')[k]} operand"


#: What intercepts operations is not where they stand.
_OWN = ("bptt_sym.testing.tracing", "bptt_sym.testing.holomorphic")
#: The sites of instructions. An instruction's code object is kept: while it is there no other one
#: has its number.
_SITES: dict[tuple[int, int, str, int], tuple[Site, Any]] = {}
#: Every site that is known to anyone, by what it says.
_KNOWN: WeakValueDictionary[tuple[tuple[str, int, int], str, str, int], Site]
_KNOWN = WeakValueDictionary()


def site_of(ufunc: Any, method: str, operands: int) -> Site:
    """Where in the user's code the operation stands that the caller's caller intercepts."""
    frame = sys._getframe(3)
    name = ufunc.__name__ if method == "__call__" else f"{ufunc.__name__}.{method}"
    # No instruction of the frames that are passed over below is among them.
    found = _SITES.get((id(frame.f_code), frame.f_lasti, name, operands))
    if found is not None:
        return found[0]
    while frame.f_back is not None and (
        frame.f_globals.get("__name__", "").startswith("numpy")
        or frame.f_globals.get("__name__") in _OWN
    ):
        frame = frame.f_back
    code, at = frame.f_code, frame.f_lasti
    key = (id(code), at, name, operands)
    if key not in _SITES:
        if len(_SITES) > 10_000:
            _SITES.clear()
        _SITES[key] = in_source(code, at, frame.f_lineno, name, operands), code
    return _SITES[key][0]


def in_source(code: Any, at: int, line: int, name: str, operands: int) -> Site:
    """The site of an instruction, with its words in the source."""
    words = ""
    for k, span in enumerate(code.co_positions()):
        if k == at // 2:
            first, last, start, end = span
            if first is not None and first == last:
                # Columns are counted in bytes of UTF-8.
                text = linecache.getline(code.co_filename, first).encode()
                words = text[start:end].decode(errors="replace").strip()
                # The instruction itself moves by its caches once the interpreter has adapted it.
                at = start
            break
    place = (code.co_filename, line, at)
    words = words or f"{name} in line {line}"
    return _KNOWN.setdefault(
        (place, name, words, operands), Site(place, name, words, operands)
    )


__all__ = ["Site", "in_source", "site_of"]
