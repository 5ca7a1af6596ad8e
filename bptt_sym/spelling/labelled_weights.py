r"""Weights of units named by what they join: :math:`W^{y,x}_{i,j}`, :math:`W^{hx}_{ij}`.

One letter with two labels above, and the units below, is a matrix for each pair of labels; with one
label and one unit it is a bias. Each gets a letter of its own that the text has nowhere, so that
the script is no step and no power. Two pairs at least must stand in the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from bptt_sym.documents.document import Formula
from bptt_sym.documents.names import Name, names_in
from bptt_sym.documents.respelling import Edit, edited

_BASES = frozenset("ABCDGHKMPQRSUVWZw") | {r"\theta"}
_LABELS = re.compile(r"\(?\s*(?:[A-Za-z]{1,4}\s*,\s*[A-Za-z]{1,4}|[A-SU-Za-z]{2})\s*\)?")
_LABEL = re.compile(r"\(?\s*(?:[A-SU-Z]|[a-su-z]|out|in|hid)\s*\)?")
#: The units of a weight; those of a bias.
_PAIR = re.compile(r"[ijklmnpqrs]\s*,?\s*[ijklmnpqrs]")
_UNIT = re.compile(r"[ijklmnpqrs]")
#: Letters of biases, which take the label of what they are added to.
_CALLED_BIASES = ("b", r"\theta", r"\beta")
_MATRICES = "VUWABCRQMGHKPSZ"
_BIASES = "bcaeqv"
_FACE = re.compile(r"\\(?:mathbf|boldsymbol|bm|mathrm)(?![A-Za-z])|[\s{}]")


def with_letters_for_labelled_weights(
    formulas: Sequence[Formula],
) -> tuple[list[Formula], dict[str, str]]:
    """``formulas`` with such letters, and what they stand for."""
    if not any("^" in f.latex and "_" in f.latex and "sum" in f.latex for f in formulas):
        return list(formulas), {}
    found = [names_in(f.latex) for f in formulas]
    kinds: dict[str, dict[str, None]] = {}
    for ns in found:
        for base, labels in _weights(ns):
            kinds.setdefault(base, {})[labels] = None
    kinds = {base: labels for base, labels in kinds.items() if len(labels) > 1}
    if not kinds:
        return list(formulas), {}
    taken = {_FACE.sub("", n.base) for ns in found for n in ns}
    letters = {(b, x): y for (b, x), y in _letters([(b, x) for b in kinds for x in kinds[b]],
                                                  _MATRICES, taken)}  # fmt: skip
    joined = {part for labels in kinds.values() for pair in labels for part in _parts(pair)}
    biases = dict.fromkeys(
        (n.base, _tight(above)) for ns in found for n in ns if n.base in {*kinds, *_CALLED_BIASES}
        for above, below in [_scripts(n)]
        if _LABEL.fullmatch(above) and _UNIT.fullmatch(below)
        and (n.base in kinds or _tight(above) in joined)
    )  # fmt: skip
    letters |= dict(_letters(list(biases), _BIASES, taken))
    own = {letter: f"{base}^{{{labels}}}" for (base, labels), letter in letters.items()}
    return [
        edited(f, list(_edits(ns, letters))) for f, ns in zip(formulas, found, strict=True)
    ], own  # fmt: skip


def _letters(
    names: Sequence[tuple[str, str]], spare: str, taken: set[str]
) -> Iterator[tuple[tuple[str, str], str]]:
    free = (x for x in spare if x not in taken)
    yield from zip(names, free, strict=False)


def _weights(names: Sequence[Name]) -> Iterator[tuple[str, str]]:
    """The letters with two labels and two units, and the labels."""
    for n in names:
        above, below = _scripts(n)
        if n.base in _BASES and _LABELS.fullmatch(above) and _PAIR.fullmatch(below):
            yield n.base, _tight(above)


def _scripts(name: Name) -> tuple[str, str]:
    """What stands above and what stands below a name that has one script of each kind at most."""
    if len({s.kind for s in name.scripts}) != len(name.scripts):
        return "", ""
    inside = {s.kind: s.inside for s in name.scripts}
    return inside.get("^", ""), inside.get("_", "")


def _parts(labels: str) -> list[str]:
    """What a weight with two labels joins: ``y,x`` or ``hx``."""
    return labels.split(",") if "," in labels else list(labels)


def _tight(labels: str) -> str:
    return re.sub(r"[\s()]", "", labels)


def _edits(names: Sequence[Name], letters: dict[tuple[str, str], str]) -> Iterator[Edit]:
    for n in names:
        above, below = _scripts(n)
        letter = letters.get((n.base, _tight(above)))
        if letter is None or (below and not (_PAIR.fullmatch(below) or _UNIT.fullmatch(below))):
            continue
        units = "".join(re.sub(r"[\s,]", "", below))
        yield n.start, n.close, f"{letter}_{{{units}}}" if units else letter
