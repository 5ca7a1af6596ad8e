r"""Entries of weights that carry a label: :math:`W^{\text{rec}}_{ij}` is that of all of it.

Where the weight stands with its label elsewhere, two units below it, or beside the label, are of
an entry. Of a name that nothing defines, an entry at the head of a chain is a name for the rest.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from bptt_sym.documents.document import Formula
from bptt_sym.documents.names import Name, names_in
from bptt_sym.documents.respelling import Edit, edited

_PAIR = re.compile(r"([ijklmpq])\s*,?\s*([ijklmpq])")
_LABEL = re.compile(r"\\(?:text|mathrm|textrm)\s*\{\s*[A-Za-z]+\s*\}|\(?\s*[a-z]{2,6}\s*\)?")
_HEAD = re.compile(r"[\s&]*(?:\(\s*)?")
_DERIVATIVE = re.compile(
    r"\s*&?\s*(?::\s*)?=\s*&?\s*(?=(?:\\[dt]?frac\s*\{\s*)?\\partial[^=]*=)", re.DOTALL
)


def with_labelled_entries(formulas: Sequence[Formula]) -> list[Formula]:
    """``formulas`` with ``[W^{rec}]_{ij}`` for such entries, and chains without such names."""
    whole = {
        (n.base, _label(n))
        for f in formulas
        for n in names_in(f.latex)
        if len(n.scripts) == 1 and _label(n)
    }
    seen = [(f.latex, n) for f in formulas for n in names_in(f.latex)]
    out = []
    for f in formulas:
        edits: list[Edit] = []
        for n in names_in(f.latex):
            pair, label = _pair(n), _label(n)
            if pair and label and len(n.scripts) == 2 and (n.base, label) in whole:
                written = next(f.latex[s.start : s.end] for s in n.scripts if s.kind == "^")
                edits.append((n.start, n.close, f"[{n.base}{written}]_{{{pair}}}"))
        out.append(edited(f, [*_without_name(f.latex, seen), *edits]))
    return out


def _label(name: Name) -> str:
    above = [s.inside for s in name.scripts if s.kind == "^"]
    return above[0] if len(above) == 1 and _LABEL.fullmatch(above[0]) else ""


def _pair(name: Name) -> str:
    below = [m for s in name.scripts if s.kind == "_" and (m := _PAIR.fullmatch(s.inside))]
    return f"{below[0][1]}{below[0][2]}" if len(below) == 1 else ""


def _without_name(text: str, seen: Sequence[tuple[str, Name]]) -> list[Edit]:
    """``J_{ij} = \\partial a_i/\\partial b_j = …`` without what is only a name for the rest."""
    first = next(iter(names_in(text)), None)
    if first is None or not _pair(first) or not _HEAD.fullmatch(text[: first.start]):
        return []
    behind = _DERIVATIVE.match(text, first.close)
    if behind is None or any(n.base == first.base and not _pair(n) for _, n in seen):
        return []
    return [(first.start, behind.end(), "")]
