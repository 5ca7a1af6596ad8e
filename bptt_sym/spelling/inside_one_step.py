r"""Cells without a step, which call the one before prev: :math:`c = f \odot c_{prev} + i \odot g`.

What such a text computes, and the input, is of the step at hand; what it calls ``prev`` is of the
step before. Others say ``old`` and ``new``. What an equation gives as ``next``, and nothing has
without that word, is of the step at hand; a text with a step anywhere, or that calls something
else ``next``, stays.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from bptt_sym.documents.document import Formula
from bptt_sym.documents.names import Name, Script, names_in
from bptt_sym.documents.respelling import Edit, edited

_PREVIOUS = re.compile(r"(?:\\(?:text|mathrm|textrm)\s*\{\s*)?(?:prev|previous)\s*\}?")
_NEXT = re.compile(r"(?:\\(?:text|mathrm|textrm)\s*\{\s*)?next\s*\}?")
_OLD = re.compile(r"(?:\\(?:text|mathrm|textrm)\s*\{\s*)?old\s*\}?")
_NEW = re.compile(r"(?:\\(?:text|mathrm|textrm)\s*\{\s*)?new\s*\}?")
_STEP = re.compile(r"(?:[^A-Za-z]|\A)[tT](?:[^A-Za-z]|\Z)")
_BEGINS = re.compile(r"(?:\A|\\\\|\\q?quad(?![A-Za-z])|\\begin\s*\{[a-z]+\*?\}|[,;&])[\s&]*\Z")
_EQUALS = re.compile(r"\s*&?\s*(?:=|\\coloneqq(?![A-Za-z])|:=)")
#: What texts call the argument of a gate's activation.
_ARGUMENTS = frozenset(("a", "z", "p", "s", "u"))
_DIFFERENTIAL = re.compile(r"(?<![A-Za-z\\])d\s*\Z")
_LOSSES = frozenset("L J E \\mathcal{L} \\mathcal{J} \\mathcal{E}".split())


def with_steps_for_prev(formulas: Sequence[Formula]) -> list[Formula]:
    """``formulas`` with t - 1 for ``prev`` and t for what is of the same step."""
    found = [_outer(names_in(f.latex)) for f in formulas]
    every = [n for names in found for n in names]
    if any(
        _STEP.search(s.inside) for n in every for s in n.scripts
        if s.inside.strip() != "T" and (n.base != "x" or s.inside.strip() != "t")
    ):
        return list(formulas)  # (x_t alone is no other step than the one at hand)
    before = {n.base for n in every if _is(n, _PREVIOUS)}
    after = _called_next(formulas)
    given = {n.base for f, names in zip(formulas, found, strict=True) for n in _given(f, names)}
    made = {n.base for f, names in zip(formulas, found, strict=True) for n in _made(f, names)}
    if after - made or after & {n.base for n in every if not n.scripts}:
        return list(formulas)
    if not before & (given | made):
        return list(formulas)
    here = (before | given | made | ({"x"} & {n.base for n in every})) - _LOSSES
    out = [list(_edits(f.latex, n, here)) for f, n in zip(formulas, found, strict=True)]
    if after:
        for edits, names in zip(out, found, strict=True):
            edits += [(n.scripts[0].start, n.scripts[0].end, "_{t}") for n in names
                      if n.base in after and _is(n, _NEXT)]  # fmt: skip
    return [edited(f, sorted(edits)) for f, edits in zip(formulas, out, strict=True)]


def with_prev_for_old(formulas: Sequence[Formula]) -> list[Formula]:
    """``formulas`` with ``prev`` and ``next`` for what they call ``old`` and ``new``."""
    if not any("old" in f.latex for f in formulas):
        return list(formulas)
    every = [n for f in formulas for n in names_in(f.latex)]
    if any(_is(n, _PREVIOUS) for n in every) or _called_next(formulas):
        return list(formulas)
    bare = {n.base for n in every if not n.scripts or _is(n, _NEW)}
    old = {n.base for n in every if _is(n, _OLD)}
    if not old & bare or any(_weighs(n) for n in every if _is(n, _OLD)):
        return list(formulas)

    def edits(text: str) -> Iterator[Edit]:
        for name in names_in(text):
            if name.base in old and (_is(name, _OLD) or _is(name, _NEW)):
                word = "prev" if _is(name, _OLD) else "next"
                yield name.scripts[0].start, name.scripts[0].end, f"_{{{word}}}"

    return [edited(f, list(edits(f.latex))) for f in formulas]


def _called_next(formulas: Sequence[Formula]) -> set[str]:
    """What is called next and is no gradient: those of the step after go by that name as well."""
    return {
        n.base for f in formulas for n in _outer(names_in(f.latex))
        if _is(n, _NEXT) and not _DIFFERENTIAL.search(f.latex, 0, n.start)
    }  # fmt: skip


def _weighs(name: Name) -> bool:
    """Whether it is a parameter, of which an old and a new value are those of an update."""
    letter = name.base.lstrip("\\")
    return letter in ("w", "b", "theta") or (letter[:1].isupper() and letter not in ("C", "H", "S"))


def _is_slice(script: Script) -> bool:
    return script.kind == "[" and ":" in script.inside


def _outer(names: Sequence[Name]) -> list[Name]:
    """The names that stand in no script of another one."""
    out: list[Name] = []
    end = 0
    for n in names:
        if n.start >= end:
            out.append(n)
            end = max([end, *(s.end for s in n.scripts if s.kind in "_^")])
    return out


def _is(name: Name, label: re.Pattern[str]) -> bool:
    return len(name.scripts) == 1 and label.fullmatch(name.scripts[0].inside) is not None


def _given(formula: Formula, names: Sequence[Name]) -> Iterator[Name]:
    """The bare names that an equation begins with."""
    for name in names:
        if not name.scripts and name.base not in _LOSSES:
            begins = _BEGINS.search(formula.latex[max(0, name.start - 40) : name.start])
            if begins and _EQUALS.match(formula.latex, name.end):
                yield name


def _made(formula: Formula, names: Sequence[Name]) -> Iterator[Name]:
    r"""What an equation gives and calls next: :math:`c_{next} = f \odot c_{prev} + \dots`."""
    for name in names:
        before = formula.latex[max(0, name.start - 40) : name.start]
        begins = _is(name, _NEXT) and _BEGINS.search(before)
        if begins and _EQUALS.match(formula.latex, name.close):
            yield name


def _labels_one_of(name: Name, here: set[str]) -> bool:
    """Whether it carries what is of the step as a label, and nothing else: ``a_n`` beside ``n``."""
    inside = name.scripts[0].inside if len(name.scripts) == 1 else ""
    return inside in here and name.scripts[0].kind == "_"


def _edits(text: str, names: Sequence[Name], here: set[str]) -> Iterator[Edit]:
    for name in names:
        power = all(s.kind == "^" or _is_slice(s) for s in name.scripts)
        if name.base in here and power and not text.startswith("(", name.end):
            if text[: name.start].endswith("_"):  # \\nabla_n
                yield name.start, name.end, f"{{{name.base}_{{t}}}}"
            else:
                yield name.end, name.end, "_{t}"
        elif (
            name.base in _ARGUMENTS - here and _labels_one_of(name, here)
            and not _DIFFERENTIAL.search(text, max(0, name.start - 4), name.start)
        ):  # fmt: skip
            script = name.scripts[0]
            yield script.start, script.end, f"_{{{script.inside},t}}"
        elif name.base in here and _is(name, _PREVIOUS):
            yield name.scripts[0].start, name.scripts[0].end, "_{t-1}"
