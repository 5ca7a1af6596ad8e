r"""Names for the pieces of one step: ``i_t = \sigma(p)``, ``p = q + v + b_i``, ``q = W x_t``.

Texts that differentiate piece by piece give such names without a step, and give the same ones anew
for the next equation. Each belongs to step t; one that is given several times is a name of its own
between two of its definitions. Where a text names a piece before it gives it, what names it anew
begins the next.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from bptt_sym.documents.document import Formula
from bptt_sym.documents.names import Name, names_in
from bptt_sym.documents.respelling import Edit, edited

#: What may name a piece. (Losses, steps, and the d of a differential do not.)
_LETTER = re.compile(r"[abcgm-suvwyz]")
_AT = re.compile(r"[(<]?\s*t\s*(?:[-+]\s*1)?\s*[)>]?")
_ENDS = re.compile(r"\\\\|\\q?quad(?![A-Za-z])|\\end(?![A-Za-z])|[,;](?=[^()]*$)")
_BEGINS = re.compile(r"(?:^|\\\\|\\begin\s*\{[a-z]+\*?\}|\\q?quad(?![A-Za-z])|,|;)(?:\s|&)*\Z")
_EQUALS = re.compile(r"(?:\s|&)*=(?!=)")
_DERIVES = re.compile(r"\\partial|\\nabla|∂|∇|\\delta|\\[dt]?frac\s*\{\s*d|\\sum|\\prod|\\int")
_BY = re.compile(r"(?:\\nabla|∇)\s*_\s*\{?\s*\Z|\\partial\s*\{?\s*\Z|(?<![A-Za-z\\])d\s*\Z")
_NABLA = re.compile(r"(?:\\nabla|∇)\s*_\s*\{?\s*\Z")
_TEXT = re.compile(r"\\(?:text[a-z]*|mathrm|operatorname|mbox|tag|label)\*?\s*\{[^{}]*+\}")
_LOOK_BACK = 60
#: What pieces are counted by: one text has a few.
_MARKS = "abcdefghijklmnop"


@dataclass
class _Piece:
    """A letter: where it is given, where an equation makes something of it."""

    given: list[tuple[int, int, str]] = field(default_factory=list)
    used: list[tuple[int, int]] = field(default_factory=list)
    differentiated: bool = False


def with_names_for_pieces(
    formulas: Sequence[Formula],
) -> tuple[list[Formula], dict[str, str]]:
    """``formulas`` with a name at step t for every piece, and the letters that these stand for."""
    found = [names_in(f.latex) for f in formulas]
    pieces = _pieces(formulas, found)
    if len(pieces) < 2 or not any(p.differentiated for p in pieces.values()):
        return list(formulas), {}
    starts = {letter: list(_starts(formulas, p)) for letter, p in pieces.items()}
    letters = {
        rf"\mathrm{{{letter}{mark}}}": letter
        for letter, places in starts.items() if len(places) > 1
        for mark, _ in zip(_MARKS, places, strict=False)
    }  # fmt: skip
    out = []
    for k, (formula, names) in enumerate(zip(formulas, found, strict=True)):
        out.append(edited(formula, sorted(_edits(formula.latex, names, k, starts))))
    return out, letters


def _pieces(
    formulas: Sequence[Formula], found: Sequence[Sequence[Name]]
) -> dict[str, _Piece]:
    """The letters that name pieces."""
    carry = {
        n.base for names in found for n in names
        if any(s.kind in "_([" or _AT.fullmatch(s.inside) for s in n.scripts)
    }  # fmt: skip
    rights: dict[str, list[list[Name]]] = {}
    pieces: dict[str, _Piece] = {}
    for k, (formula, names) in enumerate(zip(formulas, found, strict=True)):
        text = formula.latex
        for left, stop in _equations(text, names):
            right = [n for n in names if left.close < n.start < stop]
            for n in right:
                if not n.scripts and _LETTER.fullmatch(n.base):
                    pieces.setdefault(n.base, _Piece()).used.append((k, left.start))
            if left.scripts or not _LETTER.fullmatch(left.base) or left.base in carry:
                continue
            what = re.sub(r"\s", "", text[left.close : stop])
            pieces.setdefault(left.base, _Piece()).given.append((k, left.start, what))
            rights.setdefault(left.base, []).append(right)
        for n in names:
            if not n.scripts and _BY.search(text, max(0, n.start - _LOOK_BACK), n.start):
                pieces.setdefault(n.base, _Piece()).differentiated = True
    of_a_step: set[str] = set()
    while True:
        more = {
            letter for letter, every in rights.items()
            if letter not in of_a_step and all(_runs(right, of_a_step) for right in every)
        }  # fmt: skip
        if not more:
            return {letter: p for letter, p in pieces.items() if letter in of_a_step}
        of_a_step |= more


def _runs(right: Sequence[Name], of_a_step: set[str]) -> bool:
    """Whether a right side is made of what is of step t."""
    return any(
        (n.base in of_a_step and not n.scripts)
        or any(_AT.fullmatch(s.inside) for s in n.scripts)
        for n in right
    )


def _equations(text: str, names: Sequence[Name]) -> Iterator[tuple[Name, int]]:
    """What each equation of values gives, and where its right side ends."""
    for name in names:
        if _EQUALS.match(text, name.close) and _BEGINS.search(
            text, max(0, name.start - _LOOK_BACK), name.start
        ):
            end = _ENDS.search(text, name.close)
            stop = end.start() if end else len(text)
            if not _DERIVES.search(text, name.close, stop):
                yield name, stop


def _starts(formulas: Sequence[Formula], piece: _Piece) -> Iterator[tuple[int, int]]:
    """Where each meaning of a letter begins."""
    given = sorted(piece.given)
    first = any(place < given[0][:2] for place in piece.used)
    yield (-1, 0)
    for before, this in pairwise(given):
        if before[2] == this[2]:
            continue
        if not first:
            yield this[:2]
            continue
        anew = [place for place in piece.used if before[:2] < place < this[:2]]
        section = formulas[this[0]].section
        here = [k for k in range(before[0] + 1, this[0] + 1) if formulas[k].section == section]
        apart = section != formulas[before[0]].section
        yield (here[0], 0) if apart and here else max([*anew, this[:2]][: len(anew) or 1])


def _edits(
    text: str, names: Sequence[Name], k: int, starts: dict[str, list[tuple[int, int]]]
) -> Iterator[Edit]:
    words = [m.span() for m in _TEXT.finditer(text)]
    inside = [(s.start, s.end) for n in names for s in n.scripts if s.kind in "_^"]
    for name in names:
        places = starts.get(name.base)
        if places is None or (name.scripts and name.scripts[0].kind != "^"):
            continue
        below = _NABLA.search(text, max(0, name.start - _LOOK_BACK), name.start) is not None
        hidden = any(a <= name.start < b for a, b in (*words, *inside))
        if not below and (hidden or text[: name.start].rstrip()[-1:] in ("_", "^")):
            continue
        if not below and _in_a_word(text, name):
            continue
        at = sum(place <= (k, name.start) for place in places) - 1
        new = rf"{name.base}_{{t}}"
        if len(places) > 1:
            new = rf"\mathrm{{{name.base}{_MARKS[min(at, len(_MARKS) - 1)]}}}_{{t}}"
        if below and text[: name.start].rstrip().endswith("_"):
            new = f"{{{new}}}"
        yield name.start, name.end, new


def _in_a_word(text: str, name: Name) -> bool:
    before, behind = text[max(0, name.start - 2) : name.start], text[name.end : name.end + 1]
    if before[-1:].islower() and before[-1:] != "d" and before[:1] not in ("_", "^"):
        return True
    return behind.islower()
