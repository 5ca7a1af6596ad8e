r"""reStructuredText, AsciiDoc, Org and wiki text: their marks of formulas, and their code.

As :func:`~bptt_sym.documents.masking.mask_markdown` does it: the masked text has the length and the
line ends of the source.

References
----------
Docutils, *reStructuredText Directives*, "Math"; Asciidoctor, *Language Documentation*, "Equations
and Formulas"; the Org Manual, "LaTeX fragments".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from bptt_sym.documents.fences import Region
from bptt_sym.documents.masking import Masked
from bptt_sym.documents.regions import blanked
from bptt_sym.documents.site_marks import site_marks


@dataclass
class _Masking:
    """A text whose parts are blanked out, line by line and stretch by stretch."""

    text: str
    headings: list[int] = field(default_factory=list)
    math: list[Region] = field(default_factory=list)
    _hidden: list[tuple[int, int]] = field(default_factory=list)

    def hide(self, start: int, end: int) -> None:
        self._hidden.append((start, end))

    def shown(self) -> str:
        """The text with what is hidden blanked out."""
        pieces: list[str] = []
        last = 0
        for start, end in sorted(self._hidden):
            if end <= last:
                continue
            start = max(start, last)
            pieces += [self.text[last:start], blanked(self.text[start:end])]
            last = end
        return "".join([*pieces, self.text[last:]])

    def inline(self, pattern: re.Pattern[str]) -> None:
        """Take the matches of ``pattern`` in what is shown: a formula is its group ``latex``."""
        for m in pattern.finditer(self.shown()):
            if m["latex"] is None:
                self.hide(*m.span())
                continue
            start, end = m.span("latex")
            self.math.append(Region(start, end, display=False))
            self.hide(m.start(), start)
            self.hide(end, m.end())

    def masked(self) -> Masked:
        self.math.sort(key=lambda r: r.start)
        return Masked(self.shown(), tuple(sorted(self.headings)), tuple(self.math))


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Each line with its offset and without its end."""
    for m in re.finditer(r"[^\n]*\n|[^\n]+", text):
        yield m.start(), m.group().rstrip("\n")


# -- reStructuredText

_DIRECTIVE = re.compile(
    r"[ \t]*\.\.[ \t]+(?:\|[^|]{1,80}\|[ \t]+)?(?P<name>[\w:-]{1,40}?)::(?P<rest>.*)"
)
_COMMENT = re.compile(r"[ \t]*\.\.(?:[ \t]+(?![_\[|])|[ \t]*$)")
_UNDERLINE = re.compile(r"([=\-~^\"'`#*+.:_])\1{2,}[ \t]*$")
_OPTION = re.compile(r"[ \t]*:[\w-]{1,40}:")
#: Directives whose content is no text.
_CODE = frozenset(
    "code code-block sourcecode literalinclude highlight parsed-literal ipython plot raw doctest "
    "testcode testoutput prompt graphviz digraph mermaid image csv-table toctree".split()
)
_ROLES = re.compile(
    r"(?<!`)(?::math:`(?P<latex>(?:[^`\n]|\n(?!\s*\n))+)`"
    r"|``(?:(?!``(?!`))[^\n])+``|:(?!math:)[\w:+.-]{1,40}:`[^`\n]+`)"
)
_MATH_BY_DEFAULT = re.compile(r"(?<![`:])`(?P<latex>(?:[^`\n]|\n(?!\s*\n))+)`(?!`)")


def mask_rst(text: str) -> Masked:
    """reStructuredText with the ``math`` directive and role, comments and code left out."""
    masking = _Masking(text)
    lines = list(_lines(text))
    by_default = False
    k = 0
    while k < len(lines):
        offset, line = lines[k]
        body = line.strip()
        directive = _DIRECTIVE.match(line)
        if directive is not None:
            name = directive["name"].lower()
            if name == "math":
                end = _block(lines, k)
                _math_directive(masking, lines, k, end, offset + directive.start("rest"))
                k = end
                continue
            if name == "default-role":
                by_default = directive["rest"].strip() == "math"
            masking.hide(offset, offset + len(line))
            if name in _CODE:
                end = _block(lines, k)
                _hide_lines(masking, lines, k, end)
                k = end
                continue
        elif _COMMENT.match(line):
            end = _block(lines, k)
            _hide_lines(masking, lines, k, end)
            k = end
            continue
        elif body.endswith("::"):
            end = _block(lines, k)
            _hide_lines(masking, lines, k + 1, end)
            k = end
            continue
        elif k and body and _UNDERLINE.fullmatch(body) and lines[k - 1][1].strip():
            masking.headings.append(lines[k - 1][0])
            masking.hide(offset, offset + len(line))
        k += 1
    masking.inline(_ROLES)
    if by_default:
        masking.inline(_MATH_BY_DEFAULT)
    return masking.masked()


_MARKS = re.compile(rf"^{_DIRECTIVE.pattern}$|(?<!`):math:(?=`)", re.MULTILINE)


def without_marks_of_rst(text: str) -> str:
    """``text`` without what says that formulas and notes follow, which is no end of a sentence."""
    return _MARKS.sub(lambda m: blanked(m.group()), text)


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _block(lines: list[tuple[int, str]], k: int) -> int:
    """The end of the lines that are indented deeper than line ``k``, which they follow."""
    indent = _indent(lines[k][1])
    end = k + 1
    for j in range(k + 1, len(lines)):
        line = lines[j][1]
        if not line.strip():
            continue
        if _indent(line) <= indent:
            break
        end = j + 1
    return end


def _hide_lines(masking: _Masking, lines: list[tuple[int, str]], start: int, end: int) -> None:
    for offset, line in lines[start:end]:
        masking.hide(offset, offset + len(line))


def _math_directive(
    masking: _Masking, lines: list[tuple[int, str]], k: int, end: int, rest: int
) -> None:
    """The formulas of a ``math`` directive: an empty line stands between two of them.

    What begins with ``&`` is a row of the one before, as Sphinx aligns them.
    """
    def written(part: tuple[int, int]) -> str:
        return masking.text[part[0] : part[1]].strip()

    offset, line = lines[k]
    masking.hide(offset, rest)
    parts = [(rest, offset + len(line))]
    options = True
    for start, inner in lines[k + 1 : end]:
        if options and _OPTION.match(inner):
            masking.hide(start, start + len(inner))
        elif not inner.strip():
            options = options and not written(parts[-1])
            parts.append((start, start))
        elif inner.lstrip().startswith("&") and any(map(written, parts)):
            while not written(parts[-1]):
                parts.pop()
            parts[-1] = (parts[-1][0], start + len(inner))
        else:
            options = False
            first = parts[-1][0] if written(parts[-1]) else start
            parts[-1] = (first, start + len(inner))
    masking.math += [Region(a, b, display=True) for a, b in filter(written, parts)]


# -- AsciiDoc

_ATTRIBUTES = re.compile(r"\[(?P<style>[\w]*)[^\]\n]*\][ \t]*$")
_DELIMITER = re.compile(r"(?:-{4,}|\.{4,}|\+{4,}|/{4,}|={4,}|\*{4,}|_{4,}|```\w*)[ \t]*$")
_ASCIIDOC_HEADING = re.compile(r"={1,6}[ \t]+\S")
_MACROS = re.compile(
    r"(?<![\w\\])(?:latexmath|stem|asciimath):[\w,]{0,20}"
    r"\[\$?(?P<latex>(?:[^\]\\$\n]|\\.|\n(?!\s*\n)){1,1000}+)\$?\]"
    r"|`[^`\n]+`|\+\+[^+\n]+\+\+"
)


def mask_asciidoc(text: str) -> Masked:
    """AsciiDoc with its ``stem`` and ``latexmath`` blocks and macros, code left out."""
    masking = _Masking(text)
    style, opened, start = "", "", 0
    for offset, line in _lines(text):
        end = offset + len(line)
        bare = line.rstrip()
        if opened:
            if bare == opened:
                if opened[0] == "+" and style in ("stem", "latexmath", "asciimath"):
                    masking.math.append(Region(start, offset, display=True))
                elif opened[0] not in "=*_" and style not in ("quote", "verse"):
                    masking.hide(start, offset)
                masking.hide(offset, end)
                style, opened = "", ""
            continue
        if (attributes := _ATTRIBUTES.match(line)) is not None:
            style = attributes["style"].lower()
            masking.hide(offset, end)
        elif _DELIMITER.match(line):
            masking.hide(offset, end)
            # Examples, side bars and quotations hold text: only their marks go.
            if bare[0] not in "=*_":
                opened, start = ("```" if bare[0] == "`" else bare), end
            else:
                style = ""
        elif _ASCIIDOC_HEADING.match(line):
            masking.headings.append(offset)
            style = ""
        elif line.startswith("//"):
            masking.hide(offset, end)
        elif line.strip() and not (line.startswith(".") and style):
            style = ""
    if opened and opened[0] not in "+":
        masking.hide(start, len(text))
    masking.inline(_MACROS)
    return masking.masked()


# -- Org

_ORG_HEADING = re.compile(r"\*{1,8}[ \t]+\S")
_ORG_BLOCK = re.compile(r"[ \t]*#\+(begin|end)_(\w{1,20})", re.IGNORECASE)
#: Blocks of Org whose content is text.
_ORG_TEXT = frozenset(["quote", "center", "latex", "theorem", "proof", "definition", "remark"])


def mask_org(text: str) -> Masked:
    """Org with its code blocks, comments, keywords and drawers left out."""
    masking = _Masking(text)
    code = ""
    for offset, line in _lines(text):
        end = offset + len(line)
        block = _ORG_BLOCK.match(line)
        if code:
            masking.hide(offset, end)
            if block and block[1].lower() == "end" and block[2].lower() == code:
                code = ""
        elif block is not None:
            masking.hide(offset, end)
            if block[1].lower() == "begin" and block[2].lower() not in _ORG_TEXT:
                code = block[2].lower()
        elif _ORG_HEADING.match(line):
            masking.headings.append(offset)
        elif re.match(r"[ \t]*(?:#(?:[ \t]|$|\+)|:\s|:\w+:[ \t]*$)", line):
            masking.hide(offset, end)
    return masking.masked()


# -- wiki text

_WIKI_HEADING = re.compile(r"(?m)^(={1,6})[^=\n][^\n]*\1[ \t]*$")
_WIKI_CODE = re.compile(r"<(nowiki|pre|source|syntaxhighlight|code)\b[^<>]{0,400}>|<!--", re.I)


def mask_wiki(text: str) -> Masked:
    """MediaWiki's text: ``<math>`` in it, code and comments left out."""
    masking = _Masking(text)
    lower, pos, absent = text.lower(), 0, set[str]()
    while (m := _WIKI_CODE.search(text, pos)) is not None:
        pos = m.end()
        closing = f"</{m[1].lower()}>" if m[1] else "-->"
        end = -1 if closing in absent else lower.find(closing, pos)
        if end < 0:
            absent.add(closing)
            continue
        pos = end + len(closing)
        masking.hide(m.start(), pos)
    masking.headings += [m.start() for m in _WIKI_HEADING.finditer(text)]
    for mark in site_marks(masking.shown()):
        masking.math.append(Region(mark.start, mark.end, display=mark.display))
        masking.hide(mark.outer, mark.start)
        masking.hide(mark.end, mark.stop)
    return masking.masked()


#: How a file is read, by its suffix.
MASKS: dict[str, Callable[[str], Masked]] = {
    ".rst": mask_rst,
    ".rest": mask_rst,
    ".adoc": mask_asciidoc,
    ".asciidoc": mask_asciidoc,
    ".asc": mask_asciidoc,
    ".org": mask_org,
    ".wiki": mask_wiki,
    ".mediawiki": mask_wiki,
}
