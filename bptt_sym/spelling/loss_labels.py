r"""Losses with a word below or above: ``L_{\text{BCE}}``, ``\mathcal{L}_{total}``, ``E^{tot}``.

The word says which function the loss is, or that it is the whole. Where a text has one such loss
and no other with the bare letter, the letter is its name. Where it has two, ``L_{\text{seq}}`` that
never has a step and ``L_{\text{elt}}^{(t)}`` that always has one, the step tells them apart.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from bptt_sym.documents.document import Formula
from bptt_sym.documents.names import Name, names_in
from bptt_sym.documents.respelling import Edit, edited, replaced

_LETTER = (
    r"\\mathcal\s*(?:\{\s*[LEJC]\s*\}|[LEJC](?![A-Za-z]))|(?<![A-Za-z\\{])[LEJC]|"
    r"\\ell(?![a-z])"
)
_WORD = r"[A-Za-z]{2,12}"
_LABELLED = re.compile(
    rf"(?P<letter>{_LETTER})\s*[_^]\s*(?:\{{\s*(?:\\(?:text|mathrm|textrm|rm)\s*\{{?\s*(?P<a>{_WORD})\s*\}}?"
    rf"|(?P<b>[A-Z]{{2,6}}|(?![ijklmnt]+\s*\}})[a-z]{{3,12}}))\s*\}}|\\(?:text|mathrm)\s*\{{\s*(?P<c>{_WORD})\s*\}})"
    # (A function of what stands at a step: it says what the loss of the step is.)
    r"(?!\s*(?:\\left\s*)?\()"
)
_BARE = re.compile(rf"(?P<letter>{_LETTER})(?!\s*[_^A-Za-z(\[])")
#: What tells a share of a loss, or a step, and not which loss it is.
_PARTS = frozenset("reg prev next old new later future early last final step aux".split())


def _key(letter: str) -> str:
    return re.sub(r"[\s{}]", "", letter)


def unlabelled(texts: Iterable[str]) -> frozenset[str]:
    """The letters of losses that have one word below them throughout, and never stand bare."""
    words: dict[str, set[str]] = {}
    bare: set[str] = set()
    for text in texts:
        for m in _LABELLED.finditer(text):
            words.setdefault(_key(m.group("letter")), set()).add(_word(m))
        bare |= {_key(m.group("letter")) for m in _BARE.finditer(text)}
    return frozenset(
        k for k, found in words.items() if len(found) == 1 and not found & _PARTS and k not in bare
    )


def without_labels(formulas: Sequence[Formula]) -> list[Formula]:
    """``formulas`` with the losses under their letters."""
    letters = unlabelled(f.latex for f in formulas)
    if not letters:
        return list(formulas)

    def plain(m: re.Match[str]) -> str | None:
        return m.group("letter") + " " if _key(m.group("letter")) in letters else None

    return [replaced(f, _LABELLED, plain) for f in formulas]


_LOSSES = frozenset(r"L E J C \ell \mathcal{L} \mathcal{E} \mathcal{J} \mathcal{C}".split())
_A_WORD = re.compile(
    rf"\s*\\(?:text|mathrm|textrm|textnormal|rm)\s*\{{\s*(?P<set>{_WORD})\s*\}}\s*|\s*(?P<bare>[a-zA-Z]{{3,12}})\s*"
)
_A_STEP = re.compile(
    r"\s*(?:\\langle|[(<\[])?\s*(?:[tTkinj]|\\tau|[0-9])(?:\s*[-+]\s*[0-9])?\s*(?:\\rangle|[)>\]])?\s*"
)


def with_steps_for_labels(formulas: Sequence[Formula]) -> list[Formula]:
    """``formulas`` without the labels of the losses of the run and of a step."""
    found = [
        [_labelled(n, f.latex) for n in names_in(f.latex) if n.base in _LOSSES] for f in formulas
    ]
    stepped: dict[str, dict[str, set[bool]]] = {}
    for names in found:
        for name in names:
            if name is not None:
                at = stepped.setdefault(name.base, {}).setdefault(name.label, set())
                at.add(name.stepped)
    apart = {
        base for base, by in stepped.items()
        if sorted(map(sorted, by.values())) == [[False], [True]] and not set(by) & _PARTS
    }  # fmt: skip
    if any(name is None for names in found for name in names):
        apart = set()
    edits = (
        [e for name in names if name is not None and name.base in apart for e in name.edits]
        for names in found
    )
    return [edited(f, sorted(made)) for f, made in zip(formulas, edits, strict=True)]


class _Labelled(NamedTuple):
    """A loss: its label, whether it has a step, and how it loses the label."""

    base: str
    label: str
    stepped: bool
    edits: list[Edit]


#: A step behind a name that has a label already.
_BEHIND = re.compile(rf"\s*[(\[]{_A_STEP.pattern}[)\]]")


def _labelled(name: Name, text: str) -> _Labelled | None:
    """What the scripts of a loss are; ``None`` if they are anything else."""
    label, steps = "", 0
    edits: list[Edit] = []
    for script in name.scripts:
        parts = script.inside.split(",") if script.kind in "_^" else [script.inside]
        words = [m["set"] or m["bare"] for p in parts if (m := _A_WORD.fullmatch(p))]
        rest = [p.strip() for p in parts if not _A_WORD.fullmatch(p)]
        if script.kind == "(" and not all(map(_A_STEP.fullmatch, rest)):
            continue  # J(\theta)
        if len(words) > 1 or (words and label) or not all(map(_A_STEP.fullmatch, rest)):
            return None
        steps += len(rest)
        if words:
            label = words[0]
            edits.append((script.start, script.end, f"{script.kind}{{{rest[0]}}}" if rest else ""))
    steps += _BEHIND.match(text, name.close) is not None
    return _Labelled(name.base, label, steps > 0, edits)


def _word(m: re.Match[str]) -> str:
    return next(g for g in m.group("a", "b", "c") if g)
