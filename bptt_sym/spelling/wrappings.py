r"""What is put around or beside a whole formula for the eye: boxes, marks of lists, ticks, arrows.

``\begin{aligned}[t]`` says how it is set, ``\underset{n \times 1}{h_t}`` of which size it is,
``\bullet\;`` and ``a)\quad`` that it is an item, ``1.\ `` and ``2.\ `` that rows are counted,
``\quad \checkmark`` that it is done.
"""

from __future__ import annotations

import re

from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import Edit, closing, edited, replaced

_BLANK = r"(?:\\[;,:! ]|~|\s)"
_WIDE = r"\\(?:q?quad(?![A-Za-z])|hspace\*?\s*\{[^{}]*\}|hfill(?![A-Za-z]))"
_RELATION = re.compile(r"=|<|>|≤|≥|\\(?:approx|leq?|geq?|equiv|propto|coloneqq)(?![A-Za-z])")
#: Colours and sizes, wherever they stand.
_PAINT = re.compile(
    r"\\color\s*(?:\[[^\[\]]*\]\s*)?\{[^{}]*\}"
    r"|\\(?:(?:display|text)style|tiny|(?:script|footnote|normal)size|small|large|Large|LARGE|huge)"
    r"(?![A-Za-z])"
)
#: ``\begin{aligned}[t]``
_POSITION = re.compile(
    r"(?P<begin>\\begin\s*\{\s*(?:aligned|alignedat|gathered|split|multlined|array|[dr]?cases)\*?\s*\})"
    r"\s*\[\s*[tbchlr]\s*\]"
)
#: ``a \\[4pt] = b``, ``a =\\ b`` outside of any environment.
_BREAK = re.compile(r"\\\\\s*\[[^\[\]]{0,12}\](?=\s*&?\s*=)")
_BROKEN = re.compile(r"=\s*\\\\\s*(?:\[[^\[\]]{0,12}\])?\s*(?:&\s*)?(?=\S)")
#: What stands around all of it, or around a fraction.
_AROUND = re.compile(
    r"\s*(?:(?P<brace>\\(?:underline|boldsymbol|mathbf|bm|pmb|mathop|mathrm)\s*(?=\{))"
    r"|(?P<sized>\\(?:left|[bB]igg?l?)\s*(?:\\\{|\\lbrace(?![A-Za-z])|[(\[])))"
)
_CLOSED = re.compile(
    r"\\(?:right|[bB]igg?r?)\s*(?:\\\}|\\rbrace(?![A-Za-z])|[)\].])\s*(?P<end>[.,;]?\s*)$"
)
_FONT = re.compile(r"\\(?:boldsymbol|mathbf|bm|pmb)\s*(?=\{\s*\\[dtc]?frac(?![A-Za-z]))")
_TEXT_BOX = re.compile(
    r"(?:\\(?:mbox|fbox|hbox|text|framebox|colorbox\s*\{[^{}]*\})\s*)?"
    r"\{\s*\$(?P<inner>[^$]++)\$\s*\}"
)
#: ``\\[ $ … $ \\]``: two pairs of delimiters around one formula.
_TWICE = re.compile(r"\A\s*\$(?P<inner>[^$]++)\$\s*\Z")
#: A mark before an item; behind it stands a space.
_ITEM = re.compile(
    rf"^\s*(?:(?:\\(?:bullet|star|ast|iff|Leftrightarrow|blacktriangleright|triangleright|diamond|circ)(?![A-Za-z])"
    rf"|\\xrightarrow\s*\{{\s*\}}|[•●▪◦‣·*])(?:{_BLANK}|{_WIDE})*"
    rf"|(?:\(?(?:[a-h]|[ivx]{{1,4}}|\d{{1,2}})[.)])(?:{_BLANK}|{_WIDE})+)(?=[\\A-Za-z{{(])"
)
#: ``\\\\ 2.\\ ``, ``\\\\ (2)\\quad``: the number of a row.
_ROW = re.compile(
    r"(?:\A|\\\\(?:\s*\[[^\[\]]{0,12}\])?)(?:[\s&]*+\\begin\s*\{[a-z]{1,12}\*?\})?[\s&]*+"
)
_ROW_NUMBER = re.compile(rf"\(?(?P<n>\d{{1,2}})[.)](?:{_BLANK}|{_WIDE})++(?=[\\A-Za-z{{(])")
#: Behind it, up to the end of its row.
_BEHIND = re.compile(
    rf"(?:[,;]|{_BLANK}){{0,9}}{_WIDE}(?:{_BLANK}|{_WIDE}){{0,9}}"
    r"(?:(?://|\\#|[#←⇐✓✔☑]|\\(?:checkmark|surd)(?![A-Za-z])|\\(?:long)?leftarrow(?![A-Za-z])\s*(?=\\text|\\mbox))"
    r"(?:(?!\\\\|\\end(?![A-Za-z])|[=<>&]).)*)(?=$|\\\\|\\end(?![A-Za-z]))",
    re.DOTALL,
)
#: The size of something below or above it.
_SIZED = re.compile(
    r"\\(?:underset|overset|stackrel)\s*\{(?P<label>[^{}]*(?:\{[^{}]*\}[^{}]*)*)\}\s*(?=\{)"
)
_OF_SIZE = re.compile(r"\\times|\\text|\\mathrm|\\mathbb|[A-Za-z0-9]\s*[x×]\s*[A-Za-z0-9]")
_OPERATOR = re.compile(
    r"\{\s*(?:=|<|>|\+|-|\\(?:sum|prod|max|min|lim|sup|inf|arg|to|approx|leq?|geq?|equiv|propto|int|"
    r"operatorname|rightarrow|longrightarrow|coloneqq|sim|cdot|times|odot)(?![A-Za-z]))"
)


def without_wrappings(formula: Formula) -> Formula:
    """``formula`` without what is put around or beside it for the eye."""
    formula = replaced(formula, _PAINT, lambda m: " ")
    text = formula.latex
    if "[" in text:
        formula = replaced(formula, _POSITION, lambda m: m["begin"])
    if "$" in text:
        formula = replaced(formula, _TEXT_BOX, lambda m: f" {m['inner']} ")
        formula = replaced(formula, _TWICE, lambda m: m["inner"])
    if "\\\\" in text:
        formula = edited(formula, _numbers(formula.latex))
    formula = replaced(formula, _ITEM, lambda m: "")
    if _RELATION.search(text) is None:
        return formula
    formula = _unwrapped(formula)
    if r"\\" in text and r"\begin" not in text:
        formula = replaced(formula, _BREAK, lambda m: r"\\ ")
        formula = replaced(formula, _BROKEN, lambda m: "= ")
    formula = replaced(formula, _BEHIND, lambda m: " ")
    formula = edited(formula, _labels_of_size(formula.latex))
    return edited(formula, _fonts(formula.latex))


def _numbers(text: str) -> list[Edit]:
    """The numbers of rows that are counted from the first: a number that stands alone is one."""
    starts = [m.end() for m in _ROW.finditer(text)]
    found = [m for at in starts if (m := _ROW_NUMBER.match(text, at))]
    counted = [int(m["n"]) for m in found]
    first = counted[0] if counted and found[0].start() == starts[0] else -1
    if len(counted) < 2 or counted != list(range(first, first + len(counted))):
        return []
    return [(m.start(), m.end(), "") for m in found]


def _unwrapped(formula: Formula) -> Formula:
    """``formula`` without one pair of brackets or braces around all of it, relation and all."""
    text = formula.latex
    m = _AROUND.match(text)
    if m is None:
        return formula
    if m["brace"]:
        end = closing(text, m.end())
        related = end is not None and _RELATION.search(text, m.end(), end) is not None
        if end is None or text[end + 1 :].strip(" .,;\n") or not related:
            return formula
        return edited(formula, [(m.start(), m.end() + 1, " "), (end, end + 1, " ")])
    closed = _CLOSED.search(text, m.end())
    if closed is None or r"\begin" in text or not _alone(text[m.end() : closed.start()]):
        return formula
    edits = [(m.start(), m.end(), " "), (closed.start(), closed.end(), " ")]
    return edited(formula, edits)


_SIZES = re.compile(r"\\left(?![A-Za-z])|\\right(?![A-Za-z])")


def _alone(inside: str) -> bool:
    """Whether a pair of brackets is closed at the end only, and a relation stands in it."""
    depth = 0
    for m in _SIZES.finditer(inside):
        depth += 1 if m.group() == r"\left" else -1
        if depth < 0:
            return False
    return depth == 0 and _RELATION.search(inside) is not None


def _labels_of_size(text: str) -> list[Edit]:
    out: list[Edit] = []
    for m in _SIZED.finditer(text):
        end = closing(text, m.end())
        if end is None or not _OF_SIZE.search(m["label"]) or _OPERATOR.match(text, m.end()):
            continue
        out.append((m.start(), m.end(), ""))
    return out


def _fonts(text: str) -> list[Edit]:
    """The font of a whole fraction, which is no name."""
    return [(m.start(), m.end(), "") for m in _FONT.finditer(text)]
