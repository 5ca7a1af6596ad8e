r"""Reading a submission: the notations of the text are brought to those of the exercise first.

The spellings are those of :mod:`bptt_sym.spelling.passes`, for which the definitions of the
exercise stand before the text. A text without delimiters is one formula, a sentence with formulas
in it, or lines that are formulas.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Final

from bptt_sym.check.exercises.exercise import Exercise
from bptt_sym.check.exercises.own_letters import with_known_letters
from bptt_sym.check.solution.lines import Solution, chains_of
from bptt_sym.check.solution.sentences import LABELS, is_labelled
from bptt_sym.documents.document import (
    Document,
    Formula,
    Source,
    document_from_text,
    formula_from_text,
)
from bptt_sym.documents.formats import document_in
from bptt_sym.documents.markup import MASKS
from bptt_sym.documents.names import names_in
from bptt_sym.documents.plain_lines import spelt_out
from bptt_sym.documents.respelling import without_boxes
from bptt_sym.notation import free_indices
from bptt_sym.spelling.passes import spelt
from bptt_sym.spelling.stages.names import NAMES
from bptt_sym.spelling.stages.products import PRODUCTS
from bptt_sym.spelling.stages.typesetting import TYPESETTING

OTHER_DOCUMENTS: Final = (".ipynb", ".html", ".htm", ".xhtml", *MASKS)
#: Lines of a text without delimiters that are looked at.
MAX_LINES: Final = 200
#: Words between which a formula may stand without delimiters; LaTeX has none.
_SENTENCE: Final = re.compile(r"\A(?=[^\\]*\Z)(?:.*?(?<!\w)[^\W\d_]{2,}(?!\w)){2}", re.DOTALL)
_RELATION: Final = re.compile(r"[=<>≤≥]|\\(?:leq?|geq?|lt|gt)(?![A-Za-z])")
#: Two words: a line of prose.
_WORDS: Final = re.compile(r"(?<![\w\\])[^\W\d_]{2,}\s+[^\W\d_]{2,}(?!\w)")
#: Something that mathematics is written with.
_MATHEMATICS: Final = re.compile(r"[\d=<>≤≥_^\\+*/|∂∑∏·√⋅−∞]|(?<![^\W_])[^\W\d_](?=\s*(?:\Z|[.,]))")
_ROWS: Final = re.compile(r"\\\\|&|\\begin(?![A-Za-z])")


@lru_cache(maxsize=64)
def _label(ids: tuple[str, ...]) -> re.Pattern[str]:
    """``(a)``, ``b.``, ``- ``, ``Answer:``, ``so`` before the formula of a line."""
    own = "".join(f"{re.escape(id)}|" for id in sorted(ids, key=len, reverse=True))
    return re.compile(
        rf"\s*(?:[-*•]\s+)?(?P<part>\(?(?:{own}{LABELS})[).:]\s+)?(?:[^\W\d_]{{3,20}}\s*:\s+)?"
        r"(?:(?:so|and|thus|hence|then|therefore|since|because|where|with)\s+)?"
    )


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
    words = document.words if name.lower().endswith(OTHER_DOCUMENTS) else document.source.text
    if not _MATHEMATICS.search(words):
        return _chains(exercise, document, ())
    ids = tuple(part.id for part in exercise.parts)
    lines = tuple(_lines(document.source, words, ids))
    ways: list[tuple[Formula, ...]] = []
    plainly = tuple(map(_as_spelt, lines))
    latex = "\\" in words or "'" in words
    if lines and not latex:
        ways.append(plainly)
    if len(lines) > 1 or any(is_labelled(line, ids) for line in lines):
        ways.append(lines)
    if words is document.source.text:
        ways.append((formula_from_text(text, name),))
    if lines and latex:
        ways.append(plainly)
    if document.plain and (_SENTENCE.search(text) or not ways):
        ways.append(document.plain)
    best: Solution | None = None
    for formulas in ways:
        found = _chains(exercise, document, formulas)
        if best is None or len(found.faults) < len(best.faults):
            best = found
        if not best.faults and (best.chains or best.expressions):
            break
    return best or _chains(exercise, document, ())


def _chains(exercise: Exercise, document: Document, formulas: tuple[Formula, ...]) -> Solution:
    lines = *exercise.setting.define, *_asked(exercise, formulas)
    given = " ".join(f"$${line}$$" for line in lines)
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
    ids = tuple(part.id for part in exercise.parts)
    return chains_of(own_document, exercise.court, exercise.naming(), exercise.parameter, ids)


def _asked(exercise: Exercise, formulas: Sequence[Formula]) -> Iterator[str]:
    """What the parts ask for, if the text has its letters: they mean the same in both."""
    own = {n.base for f in formulas for n in names_in(f.latex)}
    for part in exercise.parts:
        if free_indices(part.target) <= own:
            yield part.latex


def _as_spelt(line: Formula) -> Formula:
    """A line of plain text in LaTeX: ``dh_T/dw = sum_{t=1}^T w^(T-t)``, ``abs(h[t])``."""
    run = spelt_out(line.latex, 0)
    places = [line.offsets[min(k, len(line.offsets) - 1)] for k in run.offsets]
    return replace(line, latex=run.latex, offsets=places)


def _lines(source: Source, words: str, ids: tuple[str, ...]) -> Iterator[Formula]:
    """The lines of a text that relate something, or answer a part, without the labels before them.

    None if they are rows of LaTeX.
    """
    if _ROWS.search(words):
        return
    offset = 0
    for line in words.splitlines(keepends=True)[:MAX_LINES]:
        label = _label(ids).match(line)
        start = label.end() if label else 0
        stop = len(line.rstrip(" \t\r\n.,;"))
        labelled = label is not None and bool(label["part"])
        related = _RELATION.search(line, start, stop) is not None
        if start < stop and (related or (labelled and not _WORDS.search(line, start, stop))):
            yield Formula(source, line[start:stop], range(offset + start, offset + stop + 1), True)
        offset += len(line)


__all__ = ["OTHER_DOCUMENTS", "read"]
