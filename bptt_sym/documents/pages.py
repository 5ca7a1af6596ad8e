"""Pages of HTML: what of them is text, and where their formulas stand.

MathJax delimiters and scripts, KaTeX's and LaTeXML's annotations, attributes that tell a formula,
addresses of pictures, the marks of sites. Nothing of a page is run.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence

from bptt_sym.documents.fences import Region
from bptt_sym.documents.masking import Masked, formula_pictures, hidden
from bptt_sym.documents.regions import blanked
from bptt_sym.documents.site_marks import site_marks

_OPENING = re.compile(
    r"<(?P<tag>script|style|pre|code|textarea|head|annotation)\b(?P<attributes>[^<>]{0,400})>|<!--",
    re.IGNORECASE,
)
#: Raised and lowered letters are scripts in a sentence: ``h<sub>t</sub>``.
_TAG = re.compile(r"</?(?!su[bp]>)[A-Za-z][^<>]{0,2000}>")
_HEADING = re.compile(r"<h[1-6]\b", re.IGNORECASE)
#: Elements that a sentence does not reach over.
_BLOCK = re.compile(
    r"</?(?:p|div|br|hr|li|ul|ol|dl|d[td]|h[1-6]|t[rdh]|table|pre|blockquote|section|article)\b",
    re.IGNORECASE,
)


def mask_html(text: str) -> Masked:
    """Blanks out tags, scripts and code of a page; marked are MathJax scripts and KaTeX sources."""
    math: list[Region] = []
    pieces: list[str] = []
    last = 0
    for start, body, end, stop, tag, attributes in _elements(text):
        if start < last:
            continue
        region = None
        if tag == "script" and "math/tex" in attributes:
            region = Region(body, end, "display" in attributes)
        elif tag == "annotation" and "x-tex" in attributes:
            before = text.rfind("katex-display", max(0, start - 3000), start)
            region = Region(body, end, display=before >= 0)
        elif tag in ("annotation", "head"):
            continue
        shown = blanked(text[start:stop])
        if region is not None:
            math.append(region)
        pieces += [text[last:start], shown]
        last = stop
    shown_text = "".join([*pieces, text[last:]])
    pictures = formula_pictures(shown_text)
    shown_text = hidden(shown_text, pictures)
    told = _in_attributes(text, shown_text, math)
    marked = [
        Region(m.start, m.end, display=m.display)
        for m in site_marks(shown_text)
        if _TAG.search(text, m.start, m.end) is None  # what the tags of MathML hold is no TeX
    ]
    shown_text = _TAG.sub(lambda m: blanked(m.group()), shown_text)
    math = sorted((*math, *pictures, *marked, *told), key=lambda r: r.start)
    headings = tuple(m.start() for m in _HEADING.finditer(text))
    # The formulas themselves must be seen again.
    again: list[str] = []
    last = 0
    for region in math:
        again += [shown_text[last : region.start], text[region.start : region.end]]
        last = region.end
    blocks = tuple(m.start() for m in _BLOCK.finditer(text))
    return Masked("".join([*again, shown_text[last:]]), headings, tuple(math), blocks=blocks)


def _elements(text: str) -> Iterator[tuple[int, int, int, int, str, str]]:
    """``(start, start of the body, its end, end, tag, attributes)`` of what is no prose.

    Each closing tag is looked for once where there is none, so the time is that of reading.
    """
    lower = text.lower()
    absent: set[str] = set()
    pos = 0
    while match := _OPENING.search(text, pos):
        pos = match.end()
        tag = (match.group("tag") or "!").lower()
        closing = "-->" if tag == "!" else f"</{tag}"
        if closing in absent:
            continue
        end = lower.find(closing, pos)
        if end < 0:
            absent.add(closing)
            continue
        stop = text.find(">", end)
        stop = len(text) if stop < 0 else stop + 1
        yield match.start(), match.end(), end, stop, tag, (match.group("attributes") or "").lower()
        if tag not in ("head", "annotation"):
            pos = stop


#: Elements that say in an attribute what they show.
_SHOWING = re.compile(
    r"<(?P<tag>math|img)\b(?P<before>[^<>]{0,600}?\s)(?:alttext|alt)\s*=\s*"
    r"(?:\"(?P<d>[^\"<>]{1,4000})\"|'(?P<s>[^'<>]{1,4000})')(?P<after>[^<>]{0,600})>",
    re.IGNORECASE,
)
#: Delimiters of a formula within an attribute.
_INSIDE = re.compile(
    r"\s*(?:\$\$?|\\\[|\\\(|\\begin\{(?:displaymath|equation|math)\*?\})?(?P<latex>.*?)"
    r"(?:\$\$?|\\\]|\\\)|\\end\{(?:displaymath|equation|math)\*?\})?\s*",
    re.DOTALL,
)
_LATEX = re.compile(r"\\[A-Za-z]{2,}|^\s*\$.*\$\s*$", re.DOTALL)
_DISPLAY = re.compile(
    r"display\s*=\s*[\"']?block|displaymath|\\begin\{equation|\$\$|\\\[", re.IGNORECASE
)


def _in_attributes(text: str, shown: str, known: Sequence[Region]) -> list[Region]:
    """Formulas that are only told in ``alttext`` of ``math`` or ``alt`` of an image.

    ``shown`` has no code any more; ``known`` are formulas that are found already: a page often has
    both, an annotation and the attribute, or an image for browsers that show no MathML.
    """
    starts = sorted(r.start for r in known)
    closings = [m.start() for m in re.finditer("</math", shown, re.IGNORECASE)]
    found: list[Region] = []
    for m in _SHOWING.finditer(shown):
        name = "d" if m["d"] is not None else "s"
        if _LATEX.search(m[name]) is None or "fallback" in (m["before"] + m["after"]).lower():
            continue
        if m["tag"].lower() == "math":
            k, end = bisect_left(starts, m.end()), bisect_left(closings, m.end())
            if k < len(starts) and end < len(closings) and starts[k] < closings[end]:
                continue
        inside = _INSIDE.fullmatch(text, *m.span(name))
        if inside is not None and inside["latex"].strip():
            display = _DISPLAY.search(m.group()) is not None
            found.append(Region(*inside.span("latex"), display=display))
    return found
