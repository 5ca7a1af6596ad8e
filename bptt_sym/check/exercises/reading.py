r"""Reading a submission: the notations of the text are brought to those of the exercise first.

The spellings are those of :mod:`bptt_sym.spelling.passes`, for which the definitions of the
exercise stand before the text. A text without delimiters is one formula, a sentence with formulas
in it, or lines that are formulas.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

from bptt_sym.check.exercises.exercise import Exercise
from bptt_sym.check.exercises.own_letters import with_known_letters
from bptt_sym.check.solution.lines import Solution, chains_of
from bptt_sym.documents.document import (
    Document,
    Formula,
    Source,
    document_from_text,
    formula_from_text,
)
from bptt_sym.documents.formats import document_in
from bptt_sym.documents.markup import MASKS
from bptt_sym.documents.respelling import without_boxes
from bptt_sym.spelling.passes import NAMES, PRODUCTS, TYPESETTING, spelt

OTHER_DOCUMENTS: Final = (".ipynb", ".html", ".htm", ".xhtml", *MASKS)
#: Lines of a text without delimiters that are looked at.
MAX_LINES: Final = 200
#: Words between which a formula may stand without delimiters; LaTeX has none.
_SENTENCE: Final = re.compile(r"\A(?=[^\\]*\Z)(?:.*?(?<!\w)[^\W\d_]{2,}(?!\w)){2}", re.DOTALL)
#: ``(a)``, ``b.``, ``- ``, ``Answer:`` before the formula of a line.
_LABEL: Final = re.compile(
    r"\s*(?:[-*•]\s+)?(?:\(?[a-hA-H1-9]{1,2}[).:]\s+|\([ivx]{1,4}\)\s+)?(?:[^\W\d_]{3,20}\s*:\s+)?"
)
_RELATION: Final = re.compile(r"[=<>≤≥]|\\(?:leq?|geq?|lt|gt)(?![A-Za-z])")
_ROWS: Final = re.compile(r"\\\\|&|\\begin(?![A-Za-z])")


def read(exercise: Exercise, text: str, name: str, *, tex: bool) -> Solution:
    """The chains of ``text``, which a file called ``name`` holds.

    Raises
    ------
    InputError
        A notebook that is no JSON.
    """
    if name.lower().endswith(OTHER_DOCUMENTS):
        document = document_in(Path(name), text)
    else:
        document = document_from_text(text, name, tex=tex)
    if document.formulas or document.problems or not text.strip():
        return _chains(exercise, document, document.formulas)
    lines = tuple(_lines(document.source))
    rows = _chains(exercise, document, lines) if len(lines) > 1 else None
    if rows is not None and not rows.faults:
        return rows
    whole = _chains(exercise, document, (formula_from_text(text, name),))
    if not whole.faults:
        return whole
    found = [whole] if rows is None else [whole, rows]
    if document.plain and _SENTENCE.search(text):
        found.append(_chains(exercise, document, document.plain))
    return min(found, key=lambda solution: len(solution.faults))


def _chains(exercise: Exercise, document: Document, formulas: tuple[Formula, ...]) -> Solution:
    given = " ".join(f"$${line}$$" for line in exercise.setting.define)
    head = document_from_text(given, exercise.id).formulas
    before = tuple(replace(f, source=replace(f.source, order=(-1,))) for f in head)
    sources = {id(f.source) for f in before}
    # (A source is a tuple of places: those of notebooks have a number before the offset.)
    whole = replace(document, formulas=(*before, *formulas), plain=())
    spelling = spelt(whole, (*TYPESETTING, *NAMES, *PRODUCTS))
    own = tuple(
        with_known_letters(
            [without_boxes(f) for f in spelling.formulas if id(f.source) not in sources]
        )
    )
    own_document = replace(document, formulas=own, plain=())
    return chains_of(own_document, exercise.court, exercise.naming(), exercise.parameter)


def _lines(source: Source) -> Iterator[Formula]:
    """The lines of a text that relate something, without the labels before them.

    None if they are rows of LaTeX.
    """
    if _ROWS.search(source.text):
        return
    offset = 0
    for line in source.text.splitlines(keepends=True)[:MAX_LINES]:
        label = _LABEL.match(line)
        start = label.end() if label else 0
        stop = len(line.rstrip(" \t\r\n.,;"))
        if start < stop and _RELATION.search(line, start, stop):
            yield Formula(source, line[start:stop], range(offset + start, offset + stop + 1), True)
        offset += len(line)


__all__ = ["OTHER_DOCUMENTS", "read"]
