"""Fences of Markdown: what they hold, a formula, LaTeX, text of MyST, plain text or code."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from bptt_sym.documents.bare_lines import is_formula

FENCE = re.compile(r"(`{3,}|~{3,})[ \t]*([^\n]*)$")
#: What stands behind the marks of a fence in no language.
_PLAIN = re.compile(r"\s*(?:te?xt|plain(?:text)?|none|nohighlight)?\s*", re.IGNORECASE)
_MATH = re.compile(r"\{?\.?(?:math|katex|equation)\b", re.IGNORECASE)
#: A fence of LaTeX: of a formula, of text with formulas, or of a whole document.
_TEX = re.compile(r"(?:la)?tex\s*$|\{=(?:la)?tex\}", re.IGNORECASE)
_DELIMITED = re.compile(
    r"\$|\\\[|\\\(|\\begin\s*\{(?:equation|align|gather|multline|eqnarray|displaymath)"
)
_SOURCE = re.compile(r"\\(?:documentclass|usepackage|includegraphics|tikz\w*|draw|maketitle)\b")
#: What stands behind the mark of such a fence, if it is the first line of the formula.
_FIRST_LINE = re.compile(r"\}?[ \t]+(?P<latex>(?![{:])[^\n]*(?:\\[A-Za-z]|[=^_])[^\n]*)")
#: ``:label: eq-a`` before the formula of a fence.
OPTION = re.compile(r":[a-z][\w-]*:")
#: Fences of MyST that hold text and no code.
DIRECTIVE = re.compile(
    r"\{(?:dropdown|admonition|note|tip|hint|important|warning|caution|attention|danger|seealso|topic|"
    r"exercise(?:-start)?|solution(?:-start)?|(?:prf:)?(?:proof|theorem|lemma|corollary|definition|"
    r"example|remark|algorithm|proposition|observation|property|axiom|conjecture)|card|grid(?:-item"
    r"(?:-card)?)?|tab-set|tab-item|toggle|details|margin|sidebar|epigraph|div|callout|panels|aside|"
    r"abstract|question|answer|quote|pull-quote|highlights|container)\}"
)


@dataclass(frozen=True)
class Region:
    """A formula that stands in a fence or in a code span marked as mathematics."""

    start: int
    end: int
    display: bool
    #: Whether it is percent-encoded, as in the address of a picture.
    encoded: bool = False


@dataclass(frozen=True)
class Fence:
    """An open fence: its marks, its depth of quotation, and where its content starts.

    ``content`` is set where it may be mathematics, ``text`` where it is in no language.
    """

    marks: str
    quotes: int
    content: int | None = None
    text: int | None = None
    #: Whether it is called LaTeX, which may be more than a formula.
    tex: bool = False

    @property
    def is_shown(self) -> bool:
        """Whether what stands in it may be read as mathematics."""
        return self.content is not None

    def closed_by(self, stripped: str, quotes: int) -> bool:
        """Whether a line closes it, or ends the quotation that it stands in."""
        closing = len(stripped) >= len(self.marks) and set(stripped) == {self.marks[0]}
        return closing or quotes < self.quotes

    def closed_behind(self, stripped: str) -> bool:
        """Whether a fence of mathematics closes behind the last line of the formula."""
        bare = stripped.rstrip(self.marks[0])
        return self.content is not None and bool(bare) and stripped.endswith(self.marks)

    def formulas(self, source: str, end: int) -> list[Region] | None:
        """The formulas in it, which ends at ``end``; ``None`` if it is code.

        An empty list is for what delimits its formulas itself.
        """
        if self.content is None:
            return None
        if not self.tex:
            return [Region(self.content, end, display=True)]
        inside = source[self.content : end]
        if _SOURCE.search(inside):
            return None
        if _DELIMITED.search(inside):
            return []
        return list(_bare(source, self.content, end)) or None

    def plain(self, end: int) -> list[tuple[int, int]]:
        """Where its plain text stands, if it is in no language."""
        return [] if self.text is None else [(self.text, end)]


def fence_opened(opened: re.Match[str], line: str, offset: int, quotes: int) -> Fence:
    """The fence that the ``line`` at ``offset``, a match of :data:`FENCE`, opens."""
    told = opened.group(2)
    is_math = _MATH.match(told)
    tex = is_math is None and _TEX.match(told) is not None
    start = behind = offset + len(line)
    if is_math and (first := _FIRST_LINE.match(told, is_math.end())):
        start = offset + line.index(told) + first.start("latex")
    return Fence(
        opened.group(1),
        quotes,
        content=start if is_math or tex else None,
        text=behind if _PLAIN.fullmatch(told) else None,
        tex=tex,
    )


def _bare(source: str, start: int, end: int) -> Iterator[Region]:
    """The formulas of LaTeX without delimiters: blocks, or lines that are one each."""
    for block in re.finditer(r"(?:[^\n]*\S[^\n]*(?:\n|$))+", source[start:end]):
        lines = [m.span() for m in re.finditer(r"[^\n]*\S[^\n]*", block.group())]
        at = start + block.start()
        if all(is_formula(block.group()[a:b]) for a, b in lines):
            yield from (Region(at + a, at + b, display=True) for a, b in lines)
        elif is_formula(block.group().replace("\n", " ")):
            yield Region(at, at + len(block.group().rstrip()), display=True)
