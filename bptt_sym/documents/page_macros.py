r"""The macros that a page gives MathJax or KaTeX in its scripts: ``macros: {pd: ["…", 2]}``.

The script is not run: a table of names and strings is read where it has the form of one.
"""

from __future__ import annotations

import re

from bptt_sym.documents.known_macros import Macro
from bptt_sym.documents.macros import START, Macros

_TABLE = re.compile(r"""["']?[Mm]acros["']?\s{0,20}:\s{0,20}\{""")
_STRING = r"""(?:"(?P<{0}d>(?:[^"\\\n]|\\.)*+)"|'(?P<{0}s>(?:[^'\\\n]|\\.)*+)')"""
_SPACE = r"(?:\s|//[^\n]*\n|/\*(?:[^*]|\*(?!/))*+\*/){0,400}+"
_ENTRY = re.compile(
    _SPACE
    + r"(?:" + _STRING.format("k") + r"|(?P<key>[A-Za-z]+))" + _SPACE + ":" + _SPACE
    + r"(?:" + _STRING.format("v")
    + r"|\[" + _SPACE + _STRING.format("l") + _SPACE
    + r"(?:," + _SPACE + r"(?P<arity>\d)" + _SPACE
    + r"(?:," + _SPACE + _STRING.format("o") + _SPACE + r")?)?,?" + _SPACE + r"\])"
    + _SPACE + r",?"
)  # fmt: skip
_ESCAPE = re.compile(r"\\(.)")
#: Macros of one page.
MAX_MACROS = 2_000


def page_macros(text: str) -> Macros:
    """The macros of the tables in ``text``; none where it has no scripts."""
    macros = Macros()
    if "<script" not in text.lower():
        return macros
    count = 0
    for table in _TABLE.finditer(text):
        pos = table.end()
        while count < MAX_MACROS and (m := _ENTRY.match(text, pos)) is not None:
            pos, count = m.end(), count + 1
            name = m["key"] or _unescaped(m, "k")
            body = _unescaped(m, "v") or _unescaped(m, "l")
            places = [int(n) for n in re.findall(r"#(\d)", body)]
            arity = int(m["arity"] or max(places, default=0))
            default = _unescaped(m, "o") if m["od"] is not None or m["os"] is not None else None
            macros.define("\\" + name.removeprefix("\\"), Macro(body, arity, default), START)
    return macros


def _unescaped(m: re.Match[str], group: str) -> str:
    """The string of a group, as JavaScript reads it."""
    text = m[f"{group}d"] if m[f"{group}d"] is not None else m[f"{group}s"]
    return _ESCAPE.sub(r"\1", text or "")
