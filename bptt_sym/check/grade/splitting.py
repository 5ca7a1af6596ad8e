"""One text for several questions: what of it is for which, by its headings."""

from __future__ import annotations

import json
import re
from typing import Final

from bptt_sym.check.grade.rubric import Rubric

_HEADING: Final = re.compile(
    r"^[ \t]*(?:#{1,6}[ \t]+(?P<md>.*)|\\(?:sub)*section\*?\{(?P<tex>.*)\}.*"
    r"|(?P<line>[^\W\d_][\w .-]{0,30})[:.)]?[ \t]*)$"
    r"|<h(?P<n>[1-6])\b[^<>]{0,200}>(?P<html>[^<>]{0,200})</h(?P=n)>",
    re.MULTILINE,
)
#: What a line of its own calls a question before its number.
_ASKED: Final = re.compile(
    r"(?:question|exercise|problem|task|ex|q|שאלה|תרגיל|سؤال|سوال|تمرین|پرسش)[ .]*"
)
#: A line that defines a command, which holds in all answers.
_DEFINES: Final = re.compile(
    r"^.*\\(?:(?:re)?newcommand|providecommand|def|DeclareMathOperator)\b.*$",
    re.MULTILINE,
)


def split(text: str, rubric: Rubric) -> dict[str, str]:
    """The part of ``text`` below the heading of each question, by its id, title or number.

    A heading is one of Markdown, LaTeX or HTML, or a line that says nothing else. With one
    question, or without any such heading, the whole text is for every question. Lines of other
    questions are left empty, so that line numbers stay; definitions of commands hold in all.
    """
    if len(rubric.questions) == 1:
        return {rubric.questions[0].id: text}
    marks: list[tuple[int, int, str]] = []
    for match in _HEADING.finditer(text):
        line = (match.group("line") or "").strip().casefold()
        heading = (match["md"] or match["tex"] or match["html"] or "").strip().casefold()
        for number, q in enumerate(rubric.questions, 1):
            words = re.findall(r"[\w-]+", heading)
            named = q.id.casefold() in words or (q.title and q.title.casefold() in heading)
            alone = line in (q.id.casefold(), q.title.casefold() or q.id.casefold())
            asked = line.endswith(str(number)) and _ASKED.fullmatch(line[: -len(str(number))])
            if named or alone or asked or (words[-1:] == [str(number)] and len(words) <= 3):
                # A line that is no heading to other readers goes with what stands before it.
                marks.append((match.start(), match.end() if line else match.start(), q.id))
                break
    if not marks:
        return {q.id: text for q in rubric.questions}
    out: dict[str, str] = {}
    ends = [start for start, _, _ in marks[1:]] + [len(text)]
    for (_, start, id), end in zip(marks, ends, strict=True):
        if id in out:
            continue
        out[id] = _definitions_in(text[:start]) + text[start:end]
    return out


def _definitions_in(text: str) -> str:
    """``text`` with only those of its lines that define commands, the others left empty.

    Of the last one the width is kept, which in a page may be the only line.
    """
    lines = text.split("\n")
    head = next((i for i, n in enumerate(lines) if r"\begin{document}" in n), 0)
    kept = [n if i < head or _DEFINES.match(n) else "" for i, n in enumerate(lines)]
    return "\n".join([*kept[:-1], kept[-1] or " " * len(lines[-1])])


def split_notebook(text: str, rubric: Rubric) -> dict[str, str]:
    """The notebook for each question, with those lines of its cells that are below its heading.

    What is no notebook is one for every question: its reader says what is wrong with it.
    """
    whole = {q.id: text for q in rubric.questions}
    try:
        notebook = json.loads(text)
        cells = [c for c in notebook["cells"] if c["cell_type"] == "markdown"]
        sources = ["".join(cell["source"]) for cell in cells]
    except (ValueError, TypeError, KeyError, RecursionError):
        return whole
    joined = "\n".join(sources)
    parts = split(joined, rubric)
    if all(part == joined for part in parts.values()):
        return whole
    out = {}
    for id, part in parts.items():
        lines = part.split("\n")
        for cell, source in zip(cells, sources, strict=True):
            count = source.count("\n") + 1
            cell["source"], lines = "\n".join(lines[:count]), lines[count:]
        out[id] = json.dumps(notebook)
    return out
