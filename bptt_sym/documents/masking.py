"""Blanks out what is not prose: code, comments, verbatim text, quotation marks.

The masked text has the same length and the same line ends as the source, so that offsets agree.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, replace

from bptt_sym.documents.characters import CHARACTER, character
from bptt_sym.documents.fences import DIRECTIVE, FENCE, OPTION, Fence, Region, fence_opened
from bptt_sym.documents.site_marks import site_marks

_BLANK = re.compile(r"[^\n]")
_QUOTE = re.compile(r"[ ]{0,3}>[ ]?")
#: A quotation deep in a list, where indented code may stand: it begins with a display.
_DEEP = re.compile(r"[ \t]{4,}(?:>[ ]?)+(?=[ ]*(?:\$\$|\\\[))")
_DEEPER = re.compile(r"[ \t]{4,}(?:>[ ]?)+")
_LIST_ITEM = re.compile(r"[ ]{0,3}(?:[-+*]|\d{1,9}[.)])(?:[ \t]|$)")
#: ``## Title``, a line that is bold as a whole, and what names a problem at the head of its text:
#: ``**Problem 2.** Now the GRU``.
_HEADING = re.compile(
    r"[ ]{0,3}(?:#{1,6}(?:[ \t]|$)"
    r"|(?P<bold>\*\*|__)(?=\S)(?:(?!(?P=bold)).)++(?P=bold)[ \t]*[.:]?[ \t]*$"
    r"|(?P<mark>\*\*|__)[^\W\d_]{2,20}[ \t]?\d{1,3}[.:)]?(?P=mark)[.:)]?(?:[ \t]|$))"
)
#: A formula that was centred by spaces: no code.
_DISPLAYED = re.compile(r"\$\$[^$`;]{0,2000}?\\[A-Za-z]{2}[^$`]{0,4000}\$\$(?!\$)")
_FRONT_MATTER = re.compile(r"---[ \t]*\n.*?\n(?:---|\.\.\.)[ \t]*(?:\n|$)", re.DOTALL)
#: A role that makes mathematics of a code span, at the end of what stands before it.
_ROLE = re.compile(r"(?:\{math\}|:math:)$")
#: A fence of mathematics that closes in its own line.
_MATH_SPAN = re.compile(r"math[ \t]+", re.IGNORECASE)
_SECTION = re.compile(
    r"\\(?:chapter|(?:sub)*section|paragraph)\*?\s*\{"
    r"|\\begin\s*\{(?:problem|exercise|question|task)\*?\}|\\question(?![A-Za-z])"
)
_VERBATIM = ("verbatim", "verbatim*", "Verbatim", "lstlisting", "minted", "comment")


@dataclass(frozen=True)
class Masked:
    """``headings`` are the offsets of headings, ``math`` the fenced formulas, both in order.

    ``code`` are code spans and fences in no language: a formula may stand there in plain text.
    ``blocks`` are the offsets at which a paragraph or a cell of a page begins, whatever its lines.
    ``whole_lines``: what stands in ``code`` is lines of plain text, and none is a code span.
    """

    text: str
    headings: tuple[int, ...]
    math: tuple[Region, ...]
    code: tuple[tuple[int, int], ...] = ()
    blocks: tuple[int, ...] = ()
    whole_lines: bool = False


def _blank(text: str) -> str:
    return _BLANK.sub(" ", text)


def mask_markdown(text: str) -> Masked:
    """Blanks out front matter, fenced and indented code, code spans, comments, quote marks."""
    front = _FRONT_MATTER.match(text)
    if front:
        text = _blank(front.group()) + text[front.end() :]
    text = _mask_between(text, "<!--", "-->")
    lines: list[str] = []
    headings: list[int] = []
    math: list[Region] = []
    code: list[tuple[int, int]] = []
    fence: Fence | None = None
    directives: list[Fence] = []
    first_line = 0

    def close(fence: Fence, end: int) -> None:
        """Take what the fence holds; what is neither formula nor text of it is blanked out."""
        found = fence.formulas(text, end)
        math.extend(found or ())
        code.extend(fence.plain(end))
        if found is None:
            lines[first_line:] = map(_blank, lines[first_line:])

    blank_before, in_list, in_code = True, False, False
    deep: re.Match[str] | bool | None = None
    offset = 0
    for line in re.findall(r"[^\n]*\n|[^\n]+", text):
        quotes, margin = _quotation(line)
        deep = in_list and not quotes and fence is None and (_DEEPER if deep else _DEEP).match(line)
        if deep:
            quotes, margin = 1, deep.end()
        body = line[margin:]
        stripped = body.strip()
        shown = " " * margin + body
        if fence is not None:
            if fence.closed_by(stripped, quotes) or fence.closed_behind(stripped):
                behind = len(line.rstrip()) - len(fence.marks)
                end = offset + (behind if fence.closed_behind(stripped) else 0)
                close(fence, end)
                fence = None
                shown = _blank(line)
            elif not fence.is_shown:
                shown = _blank(line)
            elif fence.content == offset and OPTION.match(stripped):
                fence = replace(fence, content=offset + len(line))
                shown = _blank(line)
        elif directives and directives[-1].closed_by(stripped, quotes):
            directives.pop()
            shown = _blank(line)
        elif (opened := FENCE.match(stripped)) and DIRECTIVE.match(opened.group(2)):
            directives.append(Fence(opened.group(1), quotes))
            shown = _blank(line)
        elif opened and "`" not in opened.group(2):
            fence = fence_opened(opened, line, offset, quotes)
            first_line = len(lines) + 1
            shown = _blank(line)
        elif _HEADING.match(body):
            headings.append(offset)
            in_list = in_code = False
        elif stripped:
            if _LIST_ITEM.match(body):
                in_list = True
            elif not deep and not body.startswith((" ", "\t")):
                in_list = False
            indented = body.startswith(("    ", "\t")) and not in_list
            indented = indented and not _DISPLAYED.match(stripped)
            in_code = indented and (in_code or blank_before)
            if in_code:
                shown = _blank(line)
                goes_on = code and code[-1][1] > 0 and not text[code[-1][1] : offset].strip()
                start = code.pop()[0] if goes_on else offset
                code.append((start, offset + len(line)))
        lines.append(shown)
        # Indented code follows an empty line, a heading or a fence, never a line of text.
        blank_before = not stripped or not shown.strip() or bool(_HEADING.match(body))
        offset += len(line)
    if fence is not None:
        close(fence, offset)
    masked, spans, inline = _mask_code_spans("".join(lines))
    masked, marked = _without_site_marks(masked)
    pictures = formula_pictures(masked)
    masked = hidden(masked, pictures)
    regions = sorted((*math, *spans, *pictures, *marked), key=lambda r: r.start)
    return Masked(masked, tuple(headings), tuple(regions), tuple(sorted((*code, *inline))))


#: Services that draw the formula in their address.
_PICTURE = re.compile(
    r"https?://(?:[\w.-]*codecogs\.com/[A-Za-z.]+\?(?:latex=)?|render\.githubusercontent\.com/render/math\?"
    r"math=|(?:www\.)?zhihu\.com/equation\?tex=|i\.upmath\.me/(?:svg|png)/|"
    r"math\.vercel\.app/\?(?:from|tex)=|chart\.(?:google)?apis\.(?:google\.)?com/chart\?cht=tx&chl=)"
    r"(?:\\(?:inline|large|Large|small|bg_white|dpi\{\d+\}|fn_\w+)(?:&space;|%20|\s|(?=\\)))*"
)
#: What may stand before a picture that is a line of its own.
_ALONE = re.compile(r"\s*(?:!\[[^\]]*\]\(|(?:<[A-Za-z][^<>]*>\s*)*<img[^<>]*)?[<\"']?")
_PICTURE_END = re.compile(r"[\"'>\n]|\)(?=\s|$|[^\S\n]*[\n.,;)])|\s(?=\"|')")
#: The same by what opens it: a prime is no quotation mark.
_ENDS = {
    '"': re.compile(r'["\n]'),
    "'": re.compile(r"['\n]"),
    "(": re.compile(r"[>\n]|\)(?=\s|$|[^\S\n]*[\n.,;)])|\s(?=\"|')"),
}


def formula_pictures(text: str) -> list[Region]:
    """Formulas that stand only in the address of a picture."""
    found: list[Region] = []
    pos = 0
    while match := _PICTURE.search(text, pos):
        ends = _ENDS.get(text[match.start() - 1 : match.start()], _PICTURE_END)
        end = ends.search(text, match.end())
        stop = end.start() if end else len(text)
        line = text.rfind("\n", 0, match.start()) + 1
        alone = _ALONE.fullmatch(text, line, match.start()) is not None
        found.append(Region(match.end(), stop, display=alone, encoded=True))
        pos = stop
    return found


def percent_decoded(text: str, start: int, end: int) -> list[tuple[str, int]]:
    """The characters of ``text[start:end]``, ``%5C`` and the like decoded, with their offsets."""
    out: list[tuple[str, int]] = []
    pos = start
    # A plus sign is a space where everything else is encoded as well.
    plus = " " if "%5C" in text[start:end].upper() else "+"
    while pos < end:
        if (entity := CHARACTER.match(text, pos, end)) is not None:
            out += [(c, pos) for c in character(entity)]
            pos = entity.end()
            continue
        match = _PERCENT.match(text, pos, end)
        if match is None:
            out.append((plus if text[pos] == "+" else text[pos], pos))
            pos += 1
            continue
        data = bytes.fromhex(match.group().replace("%", ""))
        out += [(c, pos) for c in data.decode("utf-8", errors="replace")]
        pos = match.end()
    return out


_PERCENT = re.compile(r"(?:%[0-9A-Fa-f]{2})+")


def hidden(text: str, regions: list[Region]) -> str:
    """``text`` with the regions blanked out."""
    pieces: list[str] = []
    last = 0
    for region in regions:
        pieces += [text[last : region.start], _blank(text[region.start : region.end])]
        last = region.end
    return "".join([*pieces, text[last:]])


def _quotation(line: str) -> tuple[int, int]:
    """How deep a line is quoted, and the width of the quotation marks."""
    depth, pos = 0, 0
    while match := _QUOTE.match(line, pos):
        depth, pos = depth + 1, match.end()
    return depth, pos


def _mask_between(text: str, opening: str, closing: str) -> str:
    """``text`` with everything from ``opening`` to ``closing`` blanked out."""
    pieces: list[str] = []
    pos = 0
    while (start := text.find(opening, pos)) >= 0:
        end = text.find(closing, start + len(opening))
        if end < 0:
            break
        end += len(closing)
        pieces += [text[pos:start], _blank(text[start:end])]
        pos = end
    return "".join([*pieces, text[pos:]])


def _mask_code_spans(text: str) -> tuple[str, list[Region], list[tuple[int, int]]]:
    """Blanks out code spans; ``$`` directly around one makes it an inline formula."""
    pieces: list[str] = []
    code: list[tuple[int, int]] = []
    math: list[Region] = []
    last = 0
    for start, open_end, close_start, end in _code_spans(text):
        if start and text[start - 1] == "$" and text.startswith("$", end):
            math.append(Region(open_end, close_start, display=False))
            # The dollars and backticks go, the formula stays.
            pieces += [
                text[last : start - 1],
                " " * (open_end - start + 1),
                text[open_end:close_start],
                " " * (end - close_start + 1),
            ]
            last = end + 1
        elif role := _ROLE.search(text, max(last, start - 7), start):
            math.append(Region(open_end, close_start, display=False))
            pieces += [
                text[last : role.start()],
                " " * (open_end - role.start()),
                text[open_end:close_start],
                " " * (end - close_start),
            ]
            last = end
        else:
            pieces += [text[last:start], _blank(text[start:end])]
            marked = _MATH_SPAN.match(text, open_end, close_start)
            if marked and open_end - start > 2:
                line = text[text.rfind("\n", 0, start) + 1 : start]
                math.append(Region(marked.end(), close_start, display=not line.strip(" >")))
                kept = " " * (marked.end() - start) + text[marked.end() : close_start]
                pieces[-1] = kept + _blank(text[close_start:end])
            else:
                code.append((open_end, close_start))
            last = end
    return "".join([*pieces, text[last:]]), math, code


def _without_site_marks(text: str) -> tuple[str, list[Region]]:
    """``text`` with the marks of sites blanked out, and the formulas within them."""
    pieces: list[str] = []
    last = 0
    marks = site_marks(text)
    for mark in marks:
        pieces += [
            text[last : mark.outer],
            _blank(text[mark.outer : mark.start]),
            text[mark.start : mark.end],
            _blank(text[mark.end : mark.stop]),
        ]
        last = mark.stop
    regions = [Region(m.start, m.end, display=m.display) for m in marks]
    return "".join([*pieces, text[last:]]), regions


def _code_spans(text: str) -> Iterator[tuple[int, int, int, int]]:
    """``(start, end of the opening run, start of the closing run, end)``, in order.

    A span closes with a run of as many backticks, within the paragraph.
    """
    for base, paragraph in _paragraphs(text):
        runs = [(m.start(), m.end()) for m in re.finditer("`+", paragraph)]
        by_length: dict[int, list[int]] = {}
        for i, (start, end) in enumerate(runs):
            by_length.setdefault(end - start, []).append(i)
        i = 0
        while i < len(runs):
            start, end = runs[i]
            same = by_length[end - start]
            j = bisect_left(same, i + 1)
            escaped = start and paragraph[start - 1] == "\\"
            if j == len(same) or escaped:
                i += 1
                continue
            close_start, close_end = runs[same[j]]
            yield base + start, base + end, base + close_start, base + close_end
            i = same[j] + 1


def _paragraphs(text: str) -> Iterator[tuple[int, str]]:
    start = 0
    for gap in re.finditer(r"\n[ \t]*(?=\n)", text):
        yield start, text[start : gap.start()]
        start = gap.end()
    yield start, text[start:]


def mask_tex(text: str) -> Masked:
    r"""Blanks out comments, verbatim environments, ``\verb``, and all after ``\end{document}``."""
    for name in _VERBATIM:
        text = _mask_between(text, rf"\begin{{{name}}}", rf"\end{{{name}}}")
    text = _mask_between(text, r"\iffalse", r"\fi")
    text = re.sub(r"\\(?:verb\*?|lstinline)([^\sA-Za-z*{\[])[^\n]*?\1", _blank_match, text)
    text = re.sub(r"(?<!\\)(?:\\\\)*(%[^\n]*)", _blank_comment, text)
    end = text.find(r"\end{document}")
    if end >= 0:
        text = text[:end] + _blank(text[end:])
    return Masked(text, tuple(m.start() for m in _SECTION.finditer(text)), ())


def _blank_match(match: re.Match[str]) -> str:
    return _blank(match.group())


def _blank_comment(match: re.Match[str]) -> str:
    kept = match.start(1) - match.start()
    return match.group()[:kept] + " " * (match.end() - match.start(1))
