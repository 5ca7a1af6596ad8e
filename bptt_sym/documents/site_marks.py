"""Marks that sites and their generators put around formulas, in Markdown and HTML.

Jekyll's ``{% katex %}…{% endkatex %}``, Hugo's ``{{< katex >}}…{{< /katex >}}``, the brackets
``[tex]…[/tex]`` and ``[$$]…[/$$]``, ``<math>…</math>`` of a wiki, the scripts of MathJax, and
``$latex …$``. Where dollars, brackets or environments stand within the marks, those delimit it.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import defaultdict
from typing import NamedTuple

_OPENING = re.compile(
    r"\{%-?\s*(?P<tag>i?math|katex|latex|mathjax|equation)(?P<tagged>[^%{}]{0,40})%\}"
    r"|\{\{[<%]\s*(?P<short>math|katex|latex|mathjax|equation)(?P<said>[^<>%{}]{0,40})[>%]\}\}"
    r"|\[(?P<bracket>tex|latex|math|\$\$?)\]"
    r"|<(?P<element>math|script)(?P<attributes>(?:\s[^<>]{0,400})?)>"
    r"|(?<![\\$\w])\$(?P<word>latex)(?=[ \t])",
    re.IGNORECASE,
)
_CLOSING = re.compile(
    r"\{%-?\s*end(?P<tag>\w{1,20})\s*-?%\}|\{\{[<%]\s*/(?P<short>\w{1,20})\s*[>%]\}\}"
    r"|\[/(?P<bracket>tex|latex|math|\$\$?)\]|</(?P<element>math|script)\s*>|(?<!\\)(?P<word>\$)",
    re.IGNORECASE,
)
#: What delimits a formula within the marks, and elements: ``<math>`` of them is MathML.
_WITHIN = re.compile(r"\$|\\\[|\\\(|\\begin\s*\{(?:equation|align|gather)|</?[A-Za-z]")
_DISPLAYED = re.compile(r"display|block", re.IGNORECASE)


class Mark(NamedTuple):
    """Where the opening mark starts and ends, where the closing one does, and the display."""

    outer: int
    start: int
    end: int
    stop: int
    display: bool


def site_marks(text: str) -> list[Mark]:
    """The marked formulas of ``text``, whose code is blanked out, in order."""
    opened = list(_OPENING.finditer(text))
    if not opened:
        return []
    closings: dict[tuple[str, str], list[tuple[int, int]]] = defaultdict(list)
    for m in _CLOSING.finditer(text):
        closings[_kind(m)].append(m.span())
    found: list[Mark] = []
    last = 0
    for m in opened:
        if m.start() < last or (m["element"] and not _is_tex(m)):
            continue
        ends = closings[_kind(m)]
        k = bisect_left(ends, (m.end(), 0))
        if k == len(ends):
            continue
        end, stop = ends[k]
        if _WITHIN.search(text, m.end(), end) or (m["word"] and "\n" in text[m.end() : end]):
            continue
        found.append(Mark(m.start(), m.end(), end, stop, _displayed(m, text, stop)))
        last = stop
    return found


def _kind(m: re.Match[str]) -> tuple[str, str]:
    """What an opening and its closing mark have in common."""
    group = m.lastgroup or ""
    group = {"tagged": "tag", "said": "short", "attributes": "element"}.get(group, group)
    return group, "" if group == "word" else m[group].lower()


def _is_tex(m: re.Match[str]) -> bool:
    """Whether what stands in the element is TeX by what its attributes say."""
    return m["element"].lower() == "math" or "math/tex" in m["attributes"].lower()


def _displayed(m: re.Match[str], text: str, stop: int) -> bool:
    """Whether the formula is displayed: it is said, or it is alone in its lines."""
    said = f"{m['tagged'] or ''} {m['said'] or ''} {m['attributes'] or ''}"
    if _DISPLAYED.search(said) or m["bracket"] == "$$":
        return True
    if m["bracket"] == "$" or (m["tag"] or "").lower() == "imath" or "inline" in said.lower():
        return False
    line_end = text.find("\n", stop)
    after = text[stop : len(text) if line_end < 0 else line_end]
    before = text[text.rfind("\n", 0, m.start()) + 1 : m.start()]
    return not before.strip(" \t>:*-") and not after.strip(" \t.,;")
