r"""Files by their suffix: LaTeX with the files that it puts in, notebooks, HTML, other markup.

Each becomes a :class:`~bptt_sym.documents.document.Document` whose formulas keep their place in the
file that they stand in. Nothing in a file is run, and a LaTeX file reads only what lies beside or
below it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from bptt_sym.documents.characters import with_padded_characters
from bptt_sym.documents.code_files import mask_code, mask_python
from bptt_sym.documents.document import (
    MAX_BYTES,
    MAX_FORMULAS,
    MAX_TEXT,
    Document,
    Formula,
    Problem,
    Source,
    assembled,
    letters_in,
    text_of,
    too_many,
    too_much,
)
from bptt_sym.documents.escaped import without_escapes_of_all
from bptt_sym.documents.macros import Macros, collected
from bptt_sym.documents.markup import MASKS, mask_rst, without_marks_of_rst
from bptt_sym.documents.masking import Masked, mask_markdown, mask_tex
from bptt_sym.documents.page_macros import page_macros
from bptt_sym.documents.pages import mask_html
from bptt_sym.documents.plain_lines import line_formulas
from bptt_sym.documents.regions import blanked
from bptt_sym.errors import InputError
from bptt_sym.files import data_of

#: Files that one LaTeX document may put in, and how deep.
MAX_FILES = 64
MAX_NESTED = 6
#: Cells of a notebook that are read.
MAX_CELLS = 5_000

_INPUT = re.compile(
    r"\\(?:(?:sub)?import\s*\{\s*(?P<folder>[^{}\n]{1,200}?)\s*\}|input|include|subfile)(?![A-Za-z])"
    r"(?:\s*\{\s*(?P<name>[^{}\n]{1,200}?)\s*\}|(?<=input)[ \t]+(?P<bare>[\w./-]{1,200}))"
)
_PACKAGES = re.compile(
    r"\\(?:usepackage|RequirePackage)\s*(?:\[[^\[\]]{0,200}\])?\s*\{([^{}]{1,400})\}"
)


#: Source code whose strings may show formulas.
_CODE = {
    ".py": mask_python,
    **dict.fromkeys(
        (".js", ".mjs", ".cjs", ".jsx", ".ts", ".tsx", ".vue", ".svelte", ".json", ".jsonl"),
        mask_code,
    ),
}


def document_in(path: Path, text: str) -> Document:
    """The document that the file at ``path`` with this ``text`` is.

    Raises
    ------
    InputError
        A notebook that is no JSON.
    """
    suffix = path.suffix.lower()
    if suffix in (".tex", ".ltx", ".latex"):
        return _tex(path, text)
    if suffix == ".ipynb":
        return notebook(text, str(path))
    if suffix in (".html", ".htm", ".xhtml"):
        masked = mask_html(text)
        source = Source(str(path), with_padded_characters(masked.text), raw=text)
        return assembled(source, masked, page_macros(text))
    if suffix in (".txt", ".text"):
        return assembled(Source(str(path), text), mask_plain(text), Macros())
    mask = {**MASKS, **_CODE}.get(suffix, mask_markdown)
    plain = without_escapes_of_all(text) if mask is mask_markdown else text
    shown = without_marks_of_rst(plain) if mask is mask_rst else plain
    source = Source(str(path), shown, raw=text if shown != text else "")
    return assembled(source, mask(plain), page_macros(plain))


def mask_plain(text: str) -> Masked:
    """Plain text with its lines that are formulas taken out of the sentences, as fences are."""
    spans: list[tuple[int, int]] = []
    derives = False
    for line in line_formulas(text, 0, len(text)):
        if "$" in text[line.start : line.end] or "\\(" in text[line.start : line.end]:
            continue
        derives |= line.derives
        if spans and not text[spans[-1][1] : line.start].strip():
            spans[-1] = (spans[-1][0], line.end)
        else:
            spans.append((line.start, line.end))
    if not derives:
        return Masked(text, (), ())
    out, pos = [], 0
    for start, end in spans:
        out += [text[pos:start], blanked(text[start:end])]
        pos = end
    return Masked("".join([*out, text[pos:]]), (), (), tuple(spans), whole_lines=True)


def _merged(parts: list[Document]) -> Document:
    """One document of several, in the order of their sources."""
    formulas: list[Formula] = []
    plain: list[Formula] = []
    problems: list[Problem] = []
    for part in parts:
        formulas += part.formulas
        plain += part.plain
        problems += part.problems
    formulas.sort(key=lambda f: f.order)
    plain.sort(key=lambda f: f.order)
    words = "\n".join(part.words for part in parts)
    for found in (formulas, plain):
        if len(found) > MAX_FORMULAS:
            first = found[MAX_FORMULAS]
            problems.append(too_many(first.place(), first.source))
            del found[MAX_FORMULAS:]
    whole = "\n".join(part.source.text for part in parts) if len(parts) > 1 else ""
    source = parts[0].source
    return Document(source, tuple(formulas), tuple(problems), tuple(plain), words, whole)


# -------------------------------------------------------------------------------- LaTeX
class _Project:
    """A LaTeX file with the files that it puts in; macros hold as TeX would have met them."""

    def __init__(self, path: Path) -> None:
        self.root = path.resolve().parent
        self.parts: list[Document] = []
        self.seen = {path.resolve()}
        #: Characters of the files that were put in.
        self.letters = 0

    def read(
        self, file: Path, body: str, macros: Macros, order: tuple[int, ...] = (), depth: int = 0
    ) -> None:
        """Take the formulas of ``body``; ``macros`` are added to by it and what it puts in."""
        source = Source(str(file), body, 0, order)
        masked = mask_tex(body)
        plain = collected(masked.text, macros)
        place = len(self.parts)
        problems: list[Problem] = []
        for match in _PACKAGES.finditer(plain):
            for name in match.group(1).split(","):
                self._package(file, name.strip(), macros, match.start())
        for match in _INPUT.finditer(plain):
            inner = macros.carried(match.start())
            name = (match.group("folder") or "") + (match.group("name") or match.group("bare"))
            error = self._enter(file, name, inner, (*order, match.start()), depth)
            macros.take(inner, match.start())
            if error:
                at = source.place(match.start())
                line = source.line(at.line)
                problems.append(Problem(at, error, "its formulas are not read", line))
        part = assembled(source, masked, macros, tex=True)
        self.parts.insert(place, replace(part, problems=(*part.problems, *problems)))

    def _enter(
        self, file: Path, name: str, macros: Macros, order: tuple[int, ...], depth: int
    ) -> str:
        """Read the file called ``name``; why it is not, if it is not."""
        if not Path(name).suffix:
            name += ".tex"
        # TeX looks from the folder of the document; many write paths from that of the file.
        target = self.root / name
        target = target if target.exists() else file.parent / name
        resolved = target.resolve()
        if resolved in self.seen:
            return ""
        if not resolved.is_relative_to(self.root):
            return f"{name} lies outside the folder of the document"
        if depth >= MAX_NESTED or len(self.seen) >= MAX_FILES:
            return f"{name}: more files, or deeper ones, than are read"
        self.seen.add(resolved)
        try:
            body = text_of(data_of(target, MAX_BYTES))
            self.letters += len(body)
            if self.letters > MAX_TEXT:
                return f"{name}: this makes more text than is read of one document"
            self.read(target, body, macros, order, depth + 1)
        except InputError as error:
            return f"{name}: {error.message}"
        return ""

    def _package(self, file: Path, name: str, macros: Macros, offset: int) -> None:
        """Take the macros of a package that lies beside the document, if it does."""
        target = file.parent / f"{name}.sty"
        resolved = target.resolve()
        inside = resolved.is_relative_to(self.root) and resolved not in self.seen
        if not inside or not target.is_file() or len(self.seen) >= MAX_FILES:
            return
        self.seen.add(resolved)
        try:
            body = text_of(data_of(target, MAX_BYTES))
        except InputError:
            return
        own = Macros()
        collected(mask_tex(body).text, own)
        macros.take(own, offset)


def _tex(path: Path, text: str) -> Document:
    project = _Project(path)
    project.read(path, text, Macros())
    return _merged(project.parts)


# ---------------------------------------------------------------------------- notebooks
def notebook(text: str, file: str) -> Document:
    """The formulas of a Jupyter notebook: its Markdown cells, and what its code cells display.

    Lines count within the cell, cells from 1.

    Raises
    ------
    InputError
        The text is no JSON, or no notebook.
    """
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"this is no notebook: {str(error)[:80]}") from None
    cells = data.get("cells") if isinstance(data, dict) else None
    if cells is None and isinstance(data, dict):  # notebooks of format 3
        sheets = data.get("worksheets")
        first = sheets[0] if isinstance(sheets, list) and sheets else None
        cells = first.get("cells") if isinstance(first, dict) else None
    if not isinstance(cells, list):
        raise InputError("this is no notebook: it has no cells")
    macros = Macros()
    parts: list[Document] = []
    section = letters = 0
    for number, cell in enumerate(cells[:MAX_CELLS], start=1):
        for rank, (kind, body) in enumerate(_texts(cell)):
            source = Source(file, body, number, (number, rank))
            masked = mask_html(body) if kind == "html" else mask_markdown(body)
            if kind == "html":
                source = replace(source, text=with_padded_characters(masked.text), raw=body)
            macros = macros.carried()
            letters += letters_in(masked)
            if letters > MAX_TEXT:  # (What follows may be short, and is read.)
                letters -= letters_in(masked)
                parts.append(Document(source, (), (too_much(source),)))
                continue
            part = assembled(source, masked, macros, section=section)
            section += len(masked.headings)
            parts.append(part)
    if not parts:
        parts.append(assembled(Source(file, "", 1), Masked("", (), ()), macros))
    return _merged(parts)


def _texts(cell: Any) -> Iterator[tuple[str, str]]:
    """The texts of a cell with their kind."""
    if not isinstance(cell, dict):
        return
    if cell.get("cell_type") in ("markdown", "heading"):
        yield "markdown", _text(cell.get("source"))
        return
    outputs = cell.get("outputs") if cell.get("cell_type") == "code" else None
    for output in outputs if isinstance(outputs, list) else ():
        shown = output.get("data", output) if isinstance(output, dict) else None
        if not isinstance(shown, dict):
            continue
        for key, kind in (
            ("text/latex", "markdown"), ("text/markdown", "markdown"), ("text/html", "html"),
            ("latex", "markdown"),
        ):  # fmt: skip
            if key in shown:
                yield kind, _text(shown[key])
                break


def _text(value: Any) -> str:
    if isinstance(value, list):
        value = "".join(v for v in value if isinstance(v, str))
    text = value if isinstance(value, str) else ""
    return text.replace("\r\n", "\n").replace("\r", "\n")
