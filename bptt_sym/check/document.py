r"""Documents: the formulas of a Markdown or LaTeX text, each with its file, line and column.

A document is read in three passes over one string whose offsets never change: what is not prose
(code, comments, quotation marks) is blanked out; macro definitions are collected and blanked out;
what is left between mathematical delimiters becomes a :class:`Formula`. Every character of a
formula knows the offset it came from, so that a fault in it can be shown in the file.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from bptt_sym.check.macros import Macros, definitions, expand
from bptt_sym.check.masking import Masked, mask_markdown, mask_tex
from bptt_sym.check.prose import runs
from bptt_sym.errors import InputError, LimitExceeded

#: Bytes of one document.
MAX_BYTES = 32 * 1024 * 1024
#: Characters of one formula as written.
MAX_FORMULA = 20_000

#: The environment of a formula that stands in a sentence without delimiters.
PROSE = "prose"

#: Environments that are displayed mathematics by themselves.
ENVIRONMENTS = frozenset(
    name + star
    for name in "equation align gather multline flalign eqnarray displaymath math alignat".split()
    for star in ("", "*")
)

_OPENING = re.compile(r"\\\\[\[(]|\\[\[(]|\\begin\s*\{([A-Za-z]+\*?)\}|\$\$|\$|\\.", re.DOTALL)
_CLOSING = re.compile(r"\\end\s*\{[A-Za-z]+\*?\}|\\{1,2}[\])]|\$\$?")
_COMMENT = re.compile(r"(?<!\\)%.*")


@dataclass(frozen=True)
class Place:
    """Line and column count from 1, the column in characters."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True)
class Source:
    """The text of one document."""

    file: str
    text: str

    @cached_property
    def _starts(self) -> list[int]:
        return [0, *(m.end() for m in re.finditer("\n", self.text))]

    def place(self, offset: int) -> Place:
        """Where the character at ``offset`` stands."""
        row = bisect_right(self._starts, offset) - 1
        return Place(self.file, row + 1, offset - self._starts[row] + 1)

    def line(self, number: int) -> str:
        """The text of a line, without its end."""
        start = self._starts[number - 1]
        end = self.text.find("\n", start)
        return self.text[start : end if end >= 0 else None].rstrip("\r")


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

    def place(self, offset: int = 0) -> Place:
        """Where the character ``offset`` of ``latex`` stands in the file."""
        return self.source.place(self.offsets[max(0, min(offset, len(self.latex)))])

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
        return Formula(self.source, text, offsets, self.display, self.environment, self.section)


@dataclass(frozen=True)
class Problem:
    """A place in the document where its formulas cannot be told apart from its text."""

    place: Place
    message: str
    hint: str = ""


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


def read_document(path: str | Path) -> Document:
    """The document in a file; the suffix decides how it is read (``.tex``, otherwise Markdown).

    Raises
    ------
    InputError
        The file is missing, is not text in UTF-8, or is larger than :data:`MAX_BYTES`.
    """
    path = Path(path)
    try:
        if path.is_dir():
            raise InputError("this is a folder, not a document", hint="name the files in it")
        with path.open("rb") as handle:
            data = handle.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise InputError("there is no such file") from None
    except OSError as error:
        raise InputError(f"the file cannot be read: {error.strerror}") from None
    return document_from_text(text_of(data), str(path), tex=path.suffix.lower() in (".tex", ".ltx"))


def text_of(data: bytes) -> str:
    """The text in ``data``, which must be UTF-8; line ends become ``\\n``.

    Raises
    ------
    InputError
        Larger than :data:`MAX_BYTES`, binary, or not UTF-8; the message names the line.
    """
    if len(data) > MAX_BYTES:
        raise LimitExceeded(f"larger than {MAX_BYTES // 2**20} MB", hint="split the document")
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
    """The document that ``text`` is, called ``file`` in messages."""
    source = Source(file, text)
    masked = mask_tex(text) if tex else mask_markdown(text)
    macros, plain = _collect_macros(masked.text)
    problems: list[Problem] = []
    formulas: list[Formula] = []
    regions = _regions(plain, masked, source, problems, tex=tex)
    for start, end, environment, display in regions:
        try:
            formula = _formula(source, plain, start, end, macros)
        except InputError as error:
            problems.append(Problem(source.place(start), error.message, error.hint))
            continue
        if formula is None:
            continue
        latex, offsets = formula
        section = bisect_right(masked.headings, start)
        formulas.append(Formula(source, latex, offsets, display, environment, section))
    words, code = _words(text, plain, masked, regions)
    spoken = tuple(
        Formula(
            source, run.latex, run.offsets, False, PROSE,
            bisect_right(masked.headings, run.offsets[0]),
        )
        for body in (words, code)
        for run in runs(body)
    )  # fmt: skip
    return Document(source, tuple(formulas), tuple(problems), spoken, words)


def _words(
    text: str, plain: str, masked: Masked, regions: list[tuple[int, int, str, bool]]
) -> tuple[str, str]:
    """The sentences, and the code spans, with everything else blanked out."""
    out: list[str] = []
    pos = 0
    for start, end, _, _ in regions:
        if start >= pos:
            out += [plain[pos:start], re.sub(r"[^\n]", " ", plain[start:end])]
            pos = end
    words = "".join([*out, plain[pos:]])
    code: list[str] = []
    pos = 0
    for start, end in masked.code:
        code += [re.sub(r"[^\n]", " ", text[pos:start]), text[start:end]]
        pos = end
    return words, "".join([*code, re.sub(r"[^\n]", " ", text[pos:])])


def formula_from_text(text: str, name: str) -> Formula:
    """A formula given by itself, with the dollars around it taken off if it has some."""
    source = Source(name, text)
    whole = Formula(source, text, range(len(text) + 1), display=True).part(0, len(text))
    for opening, closing in (("$$", "$$"), ("$", "$"), ("\\[", "\\]"), ("\\(", "\\)")):
        body = whole.latex
        if len(body) > len(opening + closing) and body.startswith(opening):
            end = len(body) - len(closing)
            if body.endswith(closing) and opening not in body[len(opening) : end]:
                return whole.part(len(opening), end)
    return whole


def _collect_macros(text: str) -> tuple[Macros, str]:
    """The macros that ``text`` defines, and the text with their definitions blanked out."""
    macros = Macros()
    pieces: list[str] = []
    last = 0
    for start, end, name, macro in definitions(text):
        macros.define(name, macro, end)
        pieces += [text[last:start], re.sub(r"[^\n]", " ", text[start:end])]
        last = end
    return macros, "".join([*pieces, text[last:]])


def _formula(
    source: Source, text: str, start: int, end: int, macros: Macros
) -> tuple[str, list[int]] | None:
    """The characters to read of ``text[start:end]`` and their offsets, ``None`` if it is blank."""
    if end - start > MAX_FORMULA:
        raise LimitExceeded(
            f"a formula of more than {MAX_FORMULA} characters", hint="split the formula"
        )
    raw = _COMMENT.sub(lambda m: " " * len(m.group()), text[start:end])
    chars = expand(zip(raw, range(start, end), strict=True), macros)
    first = next((i for i, (c, _) in enumerate(chars) if not c.isspace()), None)
    if first is None:
        return None
    while chars[-1][0].isspace():
        chars.pop()
    chars = chars[first:]
    offsets = [o for _, o in chars]
    # The end: one past the last character, which an expansion may have moved.
    return "".join(c for c, _ in chars), [*offsets, max(offsets) + 1]


class _Closers:
    """Finds the sign that closes a region; looks at each stretch of text once for each sign."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.next: dict[str, int] = {}

    def find(self, sign: str, start: int) -> int:
        """The offset of the first unescaped ``sign`` from ``start`` on, -1 if there is none."""
        known = self.next.get(sign)
        if known is not None and (known == -1 or known >= start):
            return known
        pos = start
        while True:
            pos = self.text.find(sign, pos)
            if pos == -1 or not _escaped(self.text, pos):
                break
            pos += 1
        self.next[sign] = pos
        return pos


def _escaped(text: str, pos: int) -> bool:
    """Whether an odd number of backslashes stands before ``pos``."""
    start = pos
    while start and text[start - 1] == "\\":
        start -= 1
    return (pos - start) % 2 == 1


def _regions(
    text: str, masked: Masked, source: Source, problems: list[Problem], *, tex: bool
) -> list[tuple[int, int, str, bool]]:
    """``(start, end, environment, display)`` of every formula in the order of the text."""
    found = [(r.start, r.end, "", r.display) for r in masked.math]
    # What stands in a fence is no delimiter.
    for region in reversed(masked.math):
        hidden = re.sub(r"[^\n]", " ", text[region.start : region.end])
        text = text[: region.start] + hidden + text[region.end :]
    closers = _Closers(text)
    pos = 0
    while match := _OPENING.search(text, pos):
        pos = match.end()
        region_found = _close(text, match, closers, masked, tex=tex)
        if region_found is None:
            continue
        start, end, environment, display = region_found
        if end < 0:
            sign = match.group()
            dollars = f", or write \\{sign[0]} for a dollar" if sign.startswith("$") else ""
            problems.append(
                Problem(
                    source.place(match.start()),
                    f"{sign} is not closed",
                    f"close it{dollars}; what follows it is taken for text",
                )
            )
            continue
        found.append((start, end, environment, display))
        pos = _after(text, end)
    return sorted(found)


def _after(text: str, end: int) -> int:
    """The offset after the closing sign at ``end``."""
    match = _CLOSING.match(text, end)
    return match.end() if match else end + 1


def _close(
    text: str, match: re.Match[str], closers: _Closers, masked: Masked, *, tex: bool
) -> tuple[int, int, str, bool] | None:
    """``(start, end, environment, display)`` of the region that ``match`` opens.

    ``None`` if it opens none, ``end = -1`` if it is not closed.
    """
    sign, start = match.group(), match.end()
    if sign == "$":
        end = _inline_end(text, start, closers, tex=tex)
        return None if end is None else (start, end, "", False)
    if match.group(1):
        environment = match.group(1)
        if environment not in ENVIRONMENTS:
            return None
        closing = f"\\end{{{environment}}}"
        end = closers.find(closing, start)
        if environment.startswith("alignat"):
            start = re.compile(r"\s*(?:\{\d+\})?").match(text, start).end()  # type: ignore[union-attr]
    elif sign == "$$":
        environment, closing = "", "$$"
        end = closers.find(closing, start)
        if end >= 0 and _crosses_heading(start, end, masked):
            end = -1
        begins = not text[text.rfind("\n", 0, start) + 1 : start - 2].strip(" \t>*-0123456789.")
        if not tex and not begins and re.search(r"\n[ \t]*\n", text[start : max(end, start)]):
            return None  # two dollars that a sentence speaks of
    elif sign in ("\\[", "\\(") or (sign in ("\\\\[", "\\\\(") and not tex):
        environment, closing = "", sign[:-1] + {"[": "]", "(": ")"}[sign[-1]]
        end = closers.find(closing, start)
    else:
        return None
    return start, end, environment, not sign.endswith("(")


def _crosses_heading(start: int, end: int, masked: Masked) -> bool:
    return bisect_right(masked.headings, start) != bisect_right(masked.headings, end)


def _inline_end(text: str, start: int, closers: _Closers, *, tex: bool) -> int | None:
    """The offset of the ``$`` that closes an inline formula, ``None`` if this ``$`` is money.

    Pandoc's rule: the opening sign has no space after it, the closing one no space before it and no
    digit after it, and a formula does not run over an empty line.
    """
    if not tex and (start >= len(text) or text[start].isspace()):
        return None
    end = closers.find("$", start)
    if end < 0 or end == start or re.search(r"\n[ \t]*\n", text[start:end]):
        return None
    if not tex and (text[end - 1].isspace() or text[end + 1 : end + 2].isdigit()):
        return None
    return end
