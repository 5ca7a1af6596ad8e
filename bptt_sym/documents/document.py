r"""Documents: the formulas of a Markdown or LaTeX text, each with its file, line and column.

A document is read in three passes over one string whose offsets never change: what is not prose
(code, comments, quotation marks) is blanked out; macro definitions are collected and blanked out;
what is left between mathematical delimiters becomes a :class:`Formula`. Every character of a
formula knows the offset it came from, so that a fault in it can be shown in the file.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from bptt_sym.documents.between import without_blanks, words_and_code
from bptt_sym.documents.characters import with_characters
from bptt_sym.documents.escaped import without_escapes_of_all
from bptt_sym.documents.macros import Macros, collected, environments, expand
from bptt_sym.documents.masking import Masked, mask_markdown, mask_tex, percent_decoded
from bptt_sym.documents.plain_lines import line_formulas
from bptt_sym.documents.prose import Run, runs
from bptt_sym.documents.regions import Found, Unclosed, blanked, regions
from bptt_sym.documents.short_commands import with_short
from bptt_sym.errors import InputError, LimitExceeded
from bptt_sym.files import data_of

#: Bytes of one document.
MAX_BYTES = 32 * 1024 * 1024
#: Characters of it that are no blanks, code and markup apart.
MAX_TEXT = 4_000_000
#: Formulas of it.
MAX_FORMULAS = 10_000
#: Characters of one formula as written, and its rows.
MAX_FORMULA = 20_000
MAX_ROWS = 400
#: Characters of a formula with which the next one in the line may be joined.
MAX_JOINED = 2_000
#: Signs without their partner that are reported one by one.
MAX_PROBLEMS = 100

#: The environment of a formula that stands in a sentence without delimiters.
PROSE = "prose"

#: Comments, and the labels that bookdown has within a formula: ``(\\#eq:loss)``.
_COMMENT = re.compile(r"(?<!\\)%.*|\(\\#[\w:.-]{1,80}\)")


@dataclass(frozen=True)
class Place:
    """Line and column count from 1, the column in characters; ``cell`` is that of a notebook."""

    file: str
    line: int
    column: int
    cell: int = 0

    def __str__(self) -> str:
        cell = f"cell {self.cell}:" if self.cell else ""
        return f"{self.file}:{cell}{self.line}:{self.column}"


@dataclass(frozen=True)
class Source:
    """The text of one document, or of one cell of a notebook; ``order`` is its place in the whole.

    ``order`` is a tuple, so that a file that another one puts in at some offset has its place.
    ``raw`` is what the file has, where that is more than the text: the tags of a page, which are
    spaces in the text.
    """

    file: str
    text: str
    cell: int = 0
    order: tuple[int, ...] = ()
    raw: str = field(default="", repr=False)

    @cached_property
    def _starts(self) -> list[int]:
        return [0, *(m.end() for m in re.finditer("\n", self.text))]

    def place(self, offset: int) -> Place:
        """Where the character at ``offset`` stands."""
        row = bisect_right(self._starts, offset) - 1
        return Place(self.file, row + 1, offset - self._starts[row] + 1, self.cell)

    def line(self, number: int) -> str:
        """The text of a line, without its end."""
        text = self.raw or self.text
        start = self._starts[number - 1]
        end = text.find("\n", start)
        return text[start : end if end >= 0 else None].rstrip("\r")


@dataclass(frozen=True)
class Formula:
    """One formula of a document.

    ``latex`` is the text to read, with comments and quotation marks blanked out and macros
    expanded; ``offsets`` has the place in the source of each of its characters and of its end.
    ``environment`` is the LaTeX environment it was in, ``section`` counts the headings before it.
    """

    source: Source = field(repr=False)
    latex: str
    offsets: Sequence[int] = field(repr=False)
    display: bool
    environment: str = ""
    section: int = 0
    #: Whether gradients in it are written as δ with their variable below.
    delta: bool = False
    #: What its rewriting supposes, in words, and what shows in a row that this concerns it.
    supposes: tuple[tuple[str, str], ...] = ()
    #: Why nothing of it can be judged, "" if it can.
    open: str = ""
    #: Whether the sentence adds to it in words, so that it gives one part of what it is about.
    partial: bool = False
    #: Which of several layers it is taken to be about, where the text says it of any; 0 if not so.
    layer: int = 0
    #: What it was before notation was rewritten, to be shown in reports.
    origin: Formula | None = field(default=None, repr=False)

    def shown(self, start: int, end: int) -> str:
        """``latex[start:end]`` as the text has it, macros expanded."""
        origin = self.origin
        if origin is None or origin.latex == self.latex:
            return self.latex[start:end]
        until = self.offsets[end]
        if end and until == self.offsets[end - 1]:
            # It ends within what was put for a piece of the text: all of that piece is shown, if
            # nothing but blanks of what was put is left.
            last = bisect_right(self.offsets, until, end)
            if last < len(self.offsets) and not self.latex[end:last].strip():
                until = self.offsets[last]
        first, last = (bisect_left(origin.offsets, k) for k in (self.offsets[start], until))
        # (A brace that closes behind it, for which a blank was put, belongs to it.)
        text = origin.latex
        while text[last : last + 1] in ("}", " ") and not _balanced(text[first:last]):
            last += 1
        whole = text[first:last]
        # (A row that was written out of pieces of the text has no place of its own in it.)
        row = self.latex[start:end]
        pieces = not whole or (_balanced(origin.latex) and not _balanced(whole))
        goes_on = _ROW_BEGINS.search(origin.latex, 0, first) is not None
        return row if pieces or _is_half(whole, row, goes_on) else whole

    def place(self, offset: int = 0) -> Place:
        """Where the character ``offset`` of ``latex`` stands in the file."""
        return self.source.place(self.offsets[max(0, min(offset, len(self.latex)))])

    @property
    def order(self) -> tuple[int, ...]:
        """The place in the whole document: formulas sort by it."""
        return (*self.source.order, self.offsets[0])

    @property
    def given(self) -> str:
        """The formula before any respelling, macros expanded."""
        return (self.origin or self).latex

    @property
    def written(self) -> str:
        """The formula as it stands in the file, macros included."""
        return self.source.text[self.offsets[0] : self.offsets[-1]]

    def part(self, start: int, end: int) -> Formula:
        """The formula ``latex[start:end]`` without the space around it."""
        text = self.latex[start:end]
        start += len(text) - len(text.lstrip())
        text = text.strip()
        offsets = self.offsets[start : start + len(text) + 1]
        return Formula(
            self.source, text, offsets, self.display, self.environment, self.section,
            origin=self.origin,
        )  # fmt: skip


_RELATION = re.compile(r"[=<>≤≥≈∝]|\\(?:leq?|geq?|ll|gg|approx|propto|to|equiv|sim)(?![a-z])")
#: What stands before a row that goes on from the one above it.
_ROW_BEGINS = re.compile(r"(?:^|\\\\|\\begin\s*\{[^{}]*\})[\s&]*\Z")


def _is_half(whole: str, row: str, goes_on: bool) -> bool:
    """Whether ``whole`` is but one side of the relation that ``row`` is.

    A row that ``goes_on`` has the left side of the one above, and is shown without it.
    """
    if _RELATION.search(row) is None:
        return False
    if goes_on or _RELATION.search(whole) is None:
        return _RELATION.search(whole) is None
    return whole.lstrip(" &\n").startswith("=") and not row.lstrip(" &\n").startswith("=")


def _balanced(latex: str) -> bool:
    """Whether as many braces close as open."""
    plain = latex.replace("\\\\", "").replace("\\{", "").replace("\\}", "")
    return plain.count("{") == plain.count("}")


@dataclass(frozen=True)
class Problem:
    """A place in the document where its formulas cannot be told apart from its text."""

    place: Place
    message: str
    hint: str = ""
    #: The text of the line.
    line: str = ""


@dataclass(frozen=True)
class Document:
    """The formulas of a text in their order, and what stood in the way of reading more."""

    source: Source
    formulas: tuple[Formula, ...]
    problems: tuple[Problem, ...] = ()
    #: Formulas that stand in sentences and code spans without delimiters.
    plain: tuple[Formula, ...] = ()
    #: The words, formulas and code blanked out.
    words: str = ""
    #: The text of all its files or cells, where it has several.
    whole: str = field(default="", repr=False)

    @cached_property
    def sentences(self) -> str:
        """The words without long blanks, which patterns that look for sentences would try."""
        return without_blanks(self.words)

    @cached_property
    def told(self) -> str:
        """The whole text without long blanks."""
        return without_blanks(self.whole or self.source.text)


def read_document(path: str | Path) -> Document:
    """The document in a file; the suffix decides how it is read.

    LaTeX (``.tex``, with the files that it puts in), notebooks (``.ipynb``), HTML (``.html``,
    ``.htm``, ``.xhtml``), otherwise Markdown and plain text.

    Raises
    ------
    InputError
        The file is missing, is not text in UTF-8, or is larger than :data:`MAX_BYTES`.
    """
    from bptt_sym.documents.formats import document_in

    path = Path(path)
    return document_in(path, text_of(data_of(path, MAX_BYTES)))


def text_of(data: bytes) -> str:
    """The text in ``data``, which must be UTF-8; line ends become ``\\n``.

    Raises
    ------
    InputError
        Larger than :data:`MAX_BYTES`, binary, or not UTF-8; the message names the line.
    """
    if len(data) > MAX_BYTES:
        raise LimitExceeded(f"larger than {MAX_BYTES // 2**20} MB", hint="split the document")
    if data[:2] in (b"\xff\xfe", b"\xfe\xff") and b"\0" in data:
        raise InputError("this is UTF-16 text", hint="save the file as UTF-8")
    if b"\0" in data:
        raise InputError("this is a binary file, not a document", hint="give Markdown or LaTeX")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InputError(
            f"not UTF-8 text: byte 0x{data[error.start]:02x} in line {line}",
            hint="save the file as UTF-8",
        ) from None
    return text.replace("\r\n", "\n").replace("\r", "\n")


def document_from_text(text: str, file: str, *, tex: bool = False) -> Document:
    """The document that ``text`` is, called ``file`` in messages: Markdown, or LaTeX."""
    plain = text if tex else without_escapes_of_all(text)
    masked = mask_tex(plain) if tex else mask_markdown(plain)
    source = Source(file, plain, raw=text if plain != text else "")
    return assembled(source, masked, Macros(), tex=tex)


def assembled(
    source: Source, masked: Masked, macros: Macros, *, tex: bool = False, section: int = 0
) -> Document:
    """The document whose ``masked`` text shows its formulas.

    ``macros`` are those that hold already, to which the text adds its own; ``section`` counts the
    headings before it.
    """
    masked = replace(masked, text=_DATA.sub(lambda m: blanked(m.group()), masked.text))
    if letters_in(masked) > MAX_TEXT:
        raise LimitExceeded(_TOO_MUCH_TEXT, hint="split the document")
    plain = with_short(collected(masked.text, macros), macros)
    formulas: list[Formula] = []
    own = environments(macros)
    found, unclosed = regions(plain, masked, own, tex=tex)
    problems = [_unclosed(source, u) for u in unclosed[:MAX_PROBLEMS]]
    if len(unclosed) > MAX_PROBLEMS:
        place, more = source.place(unclosed[MAX_PROBLEMS].start), len(unclosed) - MAX_PROBLEMS
        said = f"{more} more signs that are not closed from here on"
        problems.append(Problem(place, said, "close those before", source.line(place.line)))
    ends: list[int] = []
    for region in found:
        if len(formulas) == MAX_FORMULAS:
            problems.append(too_many(source.place(region.start), source))
            break
        try:
            text = (source.raw or source.text) if region.encoded else plain
            formula = _formula(source, text, region, macros, tex=tex)
        except InputError as error:
            place = source.place(region.start)
            line = source.line(place.line)
            problems.append(Problem(place, error.message, error.hint, line))
            continue
        if formula is None:
            continue
        latex, offsets = formula
        number = section + bisect_right(masked.headings, region.start)
        made = Formula(source, latex, offsets, region.display, region.environment, number)
        joined = _joined(formulas[-1], ends[-1], made, region, plain) if formulas else None
        if joined is not None:
            formulas[-1], ends[-1] = joined, region.end
        else:
            formulas.append(made)
            ends.append(region.end)
    words, code = words_and_code(source.text, plain, masked, found)
    lines, code = _of_lines(code, masked)
    loose = (*lines, *((run, False) for body in (words, code) for run in runs(body)))
    if len(loose) > MAX_FORMULAS:
        problems.append(too_many(source.place(loose[MAX_FORMULAS][0].offsets[0]), source))
    spoken = tuple(
        Formula(
            source, run.latex, run.offsets, shown, PROSE,
            section + bisect_right(masked.headings, run.offsets[0]),
        )
        for run, shown in loose[:MAX_FORMULAS]
    )  # fmt: skip
    return Document(source, tuple(formulas), tuple(problems), spoken, words)


def _of_lines(code: str, masked: Masked) -> tuple[list[tuple[Run, bool]], str]:
    """The formulas that are lines of code, whether each is displayed, and the rest of the code."""
    found: list[tuple[Run, bool]] = []
    pieces: list[str] = []
    last = 0
    for start, end in masked.code:
        fenced = masked.whole_lines or code.find("\n", start, end) >= 0
        for line in line_formulas(code, start, end):
            found.append((line.run, line.derives and fenced))
            pieces += [code[last : line.start], blanked(code[line.start : line.end])]
            last = line.end
    return found, "".join([*pieces, code[last:]])


_TOO_MUCH_TEXT = f"more than {MAX_TEXT // 10**6} million characters of text"


#: Pictures that stand in the text itself.
_DATA = re.compile(r"(?<=;base64,)[A-Za-z0-9+/=]{100,}+")


def letters_in(masked: Masked) -> int:
    """The characters of a text that are no blanks, and those of its code."""
    text = masked.text
    code = sum(end - start for start, end in masked.code)
    return len(text) - text.count(" ") - text.count("\n") + code


def too_many(place: Place, source: Source) -> Problem:
    """What is said of the first formula that is too many."""
    said = f"more than {MAX_FORMULAS} formulas: those from here on are not read"
    return Problem(place, said, "split the document", source.line(place.line))


def too_much(source: Source) -> Problem:
    """What is said of a part of a document that is too long, or makes it so."""
    return Problem(source.place(0), _TOO_MUCH_TEXT, "its formulas are not read", source.line(1))


def _unclosed(source: Source, found: Unclosed) -> Problem:
    sign = found.sign
    dollars = f", or write \\{sign[0]} for a dollar" if sign.startswith("$") else ""
    place = source.place(found.start)
    return Problem(
        place,
        f"{sign} is not closed",
        f"close it{dollars}; what follows it is taken for text",
        source.line(place.line),
    )


_BETWEEN = re.compile(r"[$`\s\\()]*([=*+·]?)[$`\s\\()]*")
#: The same within a bracket, where a hyphen is no dash.
_IN_BRACKETS = re.compile(r"(?:[$`\s]|\\[()])*([=*+·,;−-]?)(?:[$`\s]|\\[()])*")
_DELIMITERS = re.compile(r"[$`]|\\[()]")
_OPEN_END = re.compile(r"(?:[=+*]|\\cdot|\\times|\\odot|\\approx|\\leq?)\s*$")
_OPEN_START = re.compile(r"\s*(?:[=+*]|\\cdot|\\times|\\odot|\\approx|\\leq?(?![a-z]))")


def _is_open(latex: str) -> bool:
    """Whether a formula opens a bracket that it does not close."""
    plain = re.sub(r"\\(?:left|right)(?![A-Za-z])|\\[A-Za-z]+|\\.", " ", latex)
    return any(plain.count(a) > plain.count(b) for a, b in ("()", "[]"))


def _joined(
    before: Formula, end: int, after: Formula, region: Found, text: str
) -> Formula | None:
    """One formula of two in a line of text that go on from one another: ``$a$ = $b$``."""
    if before.display or after.display or before.source is not after.source:
        return None
    if len(before.latex) > MAX_JOINED:
        return None  # what has grown so long is looked through again with each formula that follows
    gap = text[end : region.start]
    if len(gap) > 24 or gap.count("\n") > (_OPEN_END.search(before.latex) is not None):
        return None
    opened = _is_open(before.latex) and "=" not in after.latex  # else one bracket is missing
    between = (_IN_BRACKETS if opened else _BETWEEN).fullmatch(text, end, region.start)
    if between is None:
        return None
    sign = between.group(1)
    side_by_side = not _DELIMITERS.sub("", before.source.text[end : region.start])
    goes_on = _OPEN_END.search(before.latex) or _OPEN_START.match(after.latex)
    if not (sign or goes_on or side_by_side or opened):
        return None
    middle = f" {sign} "
    place = between.start(1) if sign else end
    return replace(
        before,
        latex=before.latex + middle + after.latex,
        offsets=[*before.offsets[:-1], *([place] * len(middle)), *after.offsets],
    )


def formula_from_text(text: str, name: str) -> Formula:
    """A formula given by itself, with the dollars around it taken off if it has some."""
    source = Source(name, text)
    chars = expand(zip(text, range(len(text)), strict=True), Macros())
    offsets = [*(o for _, o in chars), len(text)]
    latex = "".join(c for c, _ in chars)
    whole = Formula(source, latex, offsets, display=True).part(0, len(latex))
    for opening, closing in (("$$", "$$"), ("$", "$"), ("\\[", "\\]"), ("\\(", "\\)")):
        body = whole.latex
        if len(body) > len(opening + closing) and body.startswith(opening):
            end = len(body) - len(closing)
            if body.endswith(closing) and opening not in body[len(opening) : end]:
                return whole.part(len(opening), end)
    return whole


def _without_delimiters(chars: list[tuple[str, int]]) -> list[tuple[str, int]]:
    r"""``$\\[ a = b \\]$`` without the delimiters within the delimiters."""
    text = "".join(c for c, _ in chars)
    if (m := _WITHIN.fullmatch(text)) is None:
        return chars
    name = "body" if m["body"] is not None else "inline"
    return chars[m.start(name) : m.end(name)]


_WITHIN = re.compile(
    r"\s*(?:\\\[(?P<body>(?:(?!\\[\[\]]).)*)\\\]|\\\((?P<inline>(?:(?!\\[()]).)*)\\\))\s*",
    re.DOTALL,
)


def _formula(
    source: Source, text: str, region: Found, macros: Macros, *, tex: bool
) -> tuple[str, list[int]] | None:
    """The characters to read of a region and their offsets, ``None`` if it is blank."""
    start, end = region.start, region.end
    if end - start > MAX_FORMULA:
        raise LimitExceeded(
            f"a formula of more than {MAX_FORMULA} characters", hint="split the formula"
        )
    if region.encoded:
        located = percent_decoded(text, start, end)
    else:
        raw = _COMMENT.sub(lambda m: " " * len(m.group()), text[start:end])
        located = list(zip(raw, range(start, end), strict=True))
        located = located if tex else with_characters(located)
    chars = _without_delimiters(expand(located, macros))
    if len(chars) > MAX_ROWS and "".join(c for c, _ in chars).count(r"\\") > MAX_ROWS:
        raise LimitExceeded(f"a formula of more than {MAX_ROWS} rows", hint="split the formula")
    first = next((i for i, (c, _) in enumerate(chars) if not c.isspace()), None)
    if first is None:
        return None
    while chars[-1][0].isspace():
        chars.pop()
    chars = chars[first:]
    offsets = [o for _, o in chars]
    # The end: one past the last character, which an expansion may have moved.
    return "".join(c for c, _ in chars), [*offsets, max(offsets) + 1]
