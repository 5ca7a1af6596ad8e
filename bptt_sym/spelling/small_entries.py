r"""Entries by the small letter of their matrix: :math:`\partial L/\partial w_{ij}` beside ``W h``.

Where a letter stands with two units below it only, in derivatives only, and the capital is a matrix
of the text, it is an entry of that.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from bptt_sym.documents.document import Formula
from bptt_sym.documents.names import Name, names_in
from bptt_sym.documents.respelling import edited

_TYPED = re.compile(r"\\(?:mathbf|boldsymbol|bm|pmb|mathrm)\s*\{?\s*([A-Za-z])\s*\}?")
_PAIR = re.compile(r"[ijklmnpq]\s*,?\s*[ijklmnpq]")
_DERIVATIVE = re.compile(
    r"\\partial(?![A-Za-z])|∂|\\nabla(?![A-Za-z])|\\delta(?![A-Za-z])|\\mathrm\s*\{d\}"
)
_ROW_ENDS = re.compile(r"\\\\|\\q?quad(?![A-Za-z])|[;\n]")
#: Letters that name weights; those of steps, sizes and sequences are none.
_WEIGHTS = frozenset("uvwabr")


def with_capitals_for_entries(formulas: Sequence[Formula]) -> list[Formula]:
    """``formulas`` with ``W_{ij}``, in the type that the text has for W, for such a ``w_{ij}``."""
    found: dict[str, list[tuple[Name, str]]] = {}
    matrices: dict[str, set[str]] = {}
    for f in formulas:
        for n in names_in(f.latex):
            letter = _letter(n.base)
            if letter in _WEIGHTS:
                found.setdefault(letter, []).append((n, f.latex))
            elif letter.isupper() and not any(s.kind == "_" for s in n.scripts):
                matrices.setdefault(letter, set()).add(_braced(n.base))
    capitals = {
        letter: next(iter(matrices[letter.upper()]))
        for letter, places in found.items()
        if len(matrices.get(letter.upper(), ())) == 1
        and all(_is_entry(n) and _DERIVATIVE.search(_row(text, n.start)) for n, text in places)
        and any(_is_varied(n, text) for n, text in places)
    }
    if not capitals:
        return list(formulas)
    return [
        edited(f, [(n.start, n.end, capitals[k]) for n in names_in(f.latex)
                   if (k := _letter(n.base)) in capitals])
        for f in formulas
    ]  # fmt: skip


def _row(text: str, at: int) -> str:
    """The equation of ``text`` that stands at ``at``."""
    ends = [0, *(m.end() for m in _ROW_ENDS.finditer(text)), len(text)]
    return next((text[a:b] for a, b in pairwise(ends) if a <= at < b), text)


def _letter(base: str) -> str:
    """The one letter that ``base`` is, in whatever type; "" if it is another thing."""
    typed = _TYPED.fullmatch(base)
    letter = typed[1] if typed else base
    return letter if len(letter) == 1 else ""


def _braced(base: str) -> str:
    typed = _TYPED.fullmatch(base)
    font = re.match(r"\\(?:mathbf|boldsymbol|bm|pmb|mathrm)", base)
    return f"{font[0]}{{{typed[1]}}}" if typed and font else base


def _is_entry(name: Name) -> bool:
    return sum(s.kind == "_" and _PAIR.fullmatch(s.inside) is not None for s in name.scripts) == 1


def _is_varied(name: Name, text: str) -> bool:
    return (
        re.search(r"(?:\\partial|∂)\s*\{?\s*\Z", text[max(0, name.start - 20) : name.start])
        is not None
    )
