r"""Markdown whose mathematics was escaped by what wrote it: ``\$\\mathbf{z\_t}\$``.

A converter that does not know dollars from mathematics escapes them, and every mark of a formula
with them. Where a text has no other dollars, what stands behind its backslashes is meant.
"""

from __future__ import annotations

import re

_ESCAPED = re.compile(r"(?:\\[\\$_^*{}\[\]<>|~`&#%-])+")
_DOLLAR = re.compile(r"(?<!\\)(?:\\\\)*\$")
_COMMAND = re.compile(r"\\\\[a-zA-Z]{2}")
_FENCE = re.compile(r"^ {0,3}(?:```|~~~)", re.MULTILINE)
#: How many of the escaped dollars make a text of such.
_MANY = 4


def without_escapes_of_all(text: str) -> str:
    """``text``, of the same length, with the characters that its escapes stand for, if all its
    dollars are escaped."""
    if text.count(r"\$") < _MANY or _DOLLAR.search(text) or _COMMAND.search(text) is None:
        return text
    if _FENCE.search(text):
        return text  # (In a fence a backslash is one.)
    return _ESCAPED.sub(_meant, text)


def _meant(m: re.Match[str]) -> str:
    """The characters, beside spaces for the backslashes: outside of dollars that close."""
    said, width = m.group()[1::2], len(m.group())
    closes = said.endswith("$") and not re.match(r"[\w\\]", m.string[m.end() :][:1])
    return said.ljust(width) if closes else said.rjust(width)
