"""What HTML, an address or an editor of formulas writes for a character: ``&lt;``, ``&#x2212;``.

The names are those of HTML, with two that editors of formulas have besides. A name is one only up
to its semicolon, so that the columns of an alignment, ``&x;``, stay what they are.
"""

from __future__ import annotations

import html
import re
from html.entities import html5
from typing import Final

#: Names of no standard, which the editors of formulas put into addresses.
_OF_EDITORS: Final = {"space": " ", "hash": "#"}
#: (Name first: the pattern is linear, and looks a name up once it is whole.)
CHARACTER: Final = re.compile(
    r"&(?:#(?:\d{1,7}|[xX][0-9A-Fa-f]{1,6})|(?P<name>[A-Za-z][A-Za-z0-9]{1,31}+));"
)


def character(match: re.Match[str]) -> str:
    """What a match of :data:`CHARACTER` stands for; the match itself if nothing has its name."""
    name = match["name"]
    if name in _OF_EDITORS:
        return _OF_EDITORS[name]
    if name is not None and f"{name};" not in html5:
        return match.group()
    said = html.unescape(match.group())
    # (A number may be that of a control character, for which there is nothing.)
    return " " if said.isspace() or not said else said


def with_characters(located: list[tuple[str, int]]) -> list[tuple[str, int]]:
    """Characters and their places, with what is written for a character as that character."""
    text = "".join(c for c, _ in located)
    if "&" not in text:
        return located
    out: list[tuple[str, int]] = []
    last = 0
    for m in CHARACTER.finditer(text):
        out += located[last : m.start()]
        out += [(c, located[m.start()][1]) for c in character(m)]
        last = m.end()
    return [*out, *located[last:]]


def with_padded_characters(text: str) -> str:
    """The same in a text that keeps its length: spaces fill what the name took more."""
    if "&" not in text:
        return text
    return CHARACTER.sub(_padded, text)


def _padded(match: re.Match[str]) -> str:
    said = character(match)
    return said if said == match.group() else said[:1].ljust(len(match.group()))


__all__ = ["CHARACTER", "character", "with_characters", "with_padded_characters"]
