"""Text that may be printed: without what steers a terminal, and in lines of a bounded length."""

from __future__ import annotations

import json
import re
from typing import Any, Final

#: Characters of one line of a message or a report.
MAX_LINE: Final = 2_000
_HIDDEN: Final = "\N{REPLACEMENT CHARACTER}"
#: Controls that JSON does not ask to escape, directions, and halves of characters.
_UNSEEN: Final = re.compile(
    "[\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]"
)


def terminal_safe(text: str) -> str:
    """``text`` without characters that could steer a terminal.

    The joiners that Persian and Indic scripts are written with stay.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in "\u200c\u200d" else _HIDDEN for c in text)


def shown_line(text: str, width: int = MAX_LINE) -> str:
    """One line as a terminal may show it; of a longer one it says how much is left out."""
    if len(text) > width:
        text = f"{text[:width]}… ({len(text) - width} more characters)"
    return terminal_safe(text)


def json_text(value: Any, indent: int | None = None) -> str:
    """``value`` as JSON that may be shown in a terminal and written in UTF-8."""
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    return _UNSEEN.sub(lambda m: f"\\u{ord(m.group()):04x}", text)


__all__ = ["MAX_LINE", "json_text", "shown_line", "terminal_safe"]
