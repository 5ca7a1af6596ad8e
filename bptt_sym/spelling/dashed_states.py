r"""Cells without a step whose new state has a dash: :math:`h' = (1 - z) \odot n + z \odot h`.

So the documentation of PyTorch writes its cells. What has the dash, what the equations give and
the input are of the step at hand, and the state without the dash is that of the step before.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from bptt_sym.documents.document import Formula
from bptt_sym.documents.names import Name, names_in
from bptt_sym.documents.respelling import Edit, edited

_DASH = re.compile(r"\s*(?:'(?!')|\^\s*(?:\\prime(?![a-z])|\{\s*\\prime\s*\}|'(?!')))(?!\s*\()")
_EQUALS = re.compile(r"\s*&?\s*(?:=|\\coloneqq(?![A-Za-z])|:=)")
_BEGINS = re.compile(r"(?:\A|\\\\|\\q?quad(?![A-Za-z])|\\begin\s*\{[a-z]+\*?\}|[,;&])[\s&]*\Z")
_STEP = re.compile(r"(?:[^A-Za-z]|\A)[tk](?:[^A-Za-z]|\Z)")
_STATES = frozenset("hcs")
_LOSSES = frozenset("L J E \\mathcal{L} \\mathcal{J} \\mathcal{E}".split())


def with_steps_for_dashes(formulas: Sequence[Formula]) -> list[Formula]:
    """``formulas`` with t for the dash and t - 1 for the state without it."""
    if not any("'" in f.latex or "prime" in f.latex for f in formulas):
        return list(formulas)
    found = [_outer(names_in(f.latex)) for f in formulas]
    if any(_STEP.search(s.inside) for names in found for n in names for s in n.scripts):
        return list(formulas)
    made: set[str] = set()
    given: set[str] = set()
    for f, names in zip(formulas, found, strict=True):
        for n in names:
            dash = _dash(f.latex, n)
            end = dash.end() if dash is not None else n.close
            if _EQUALS.match(f.latex, end) and _begins(f.latex, n):
                if dash is not None and _uses(f.latex, end, n.base, names):
                    made.add(n.base)
                elif dash is None and not n.scripts and n.base not in _LOSSES:
                    given.add(n.base)
    states = made & _STATES
    if not states or states & given:
        return list(formulas)
    here = (given | {"x"}) - states
    return [
        edited(f, list(_edits(f.latex, names, states, here)))
        for f, names in zip(formulas, found, strict=True)
    ]


def _dash(text: str, name: Name) -> re.Match[str] | None:
    return _DASH.match(text, name.end) if not name.scripts or name.scripts[0].kind == "^" else None


def _begins(text: str, name: Name) -> bool:
    return _BEGINS.search(text[max(0, name.start - 40) : name.start]) is not None


def _uses(text: str, end: int, base: str, names: Sequence[Name]) -> bool:
    """Whether the state without its dash stands behind ``end``."""
    return any(n.base == base and n.start >= end and _dash(text, n) is None for n in names)


def _outer(names: Sequence[Name]) -> list[Name]:
    """The names that stand in no script of another one."""
    inside = [(s.start, s.end) for n in names for s in n.scripts]
    return [n for n in names if not any(a <= n.start < b for a, b in inside)]


def _edits(text: str, names: Sequence[Name], states: set[str], here: set[str]) -> Iterator[Edit]:
    for name in names:
        powers = all(s.kind == "^" for s in name.scripts)
        if text.startswith("(", name.end) or not powers:
            continue
        dash = _dash(text, name) if name.base in states else None
        if dash is not None:
            yield name.end, dash.end(), "_{t}"
        elif name.base in states:
            yield name.end, name.end, "_{t-1}"
        elif name.base in here:
            yield name.end, name.end, "_{t}"
