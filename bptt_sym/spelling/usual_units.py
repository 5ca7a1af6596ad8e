r"""Entries whose letters count units elsewhere too: ``W_{mn}``, ``\delta_{in}``, ``W_{\mu\nu}``.

Beside :math:`a^t_i = \sum_j W_{ij} h^{t-1}_j` the n of :math:`\partial h^t_i/\partial W_{mn}`
counts units as i and j do; elsewhere n is a step, or how many there are, and a and b are names. It
is a unit where both letters below a weight are, which has its entries by the usual letters as well,
and where nothing is added to it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from bptt_sym.documents.document import Formula
from bptt_sym.documents.names import Name, Script, names_in
from bptt_sym.documents.respelling import Edit, edited, replaced
from bptt_sym.entries import UNITS

#: Letters that count units where a text uses them so.
_OTHERS = frozenset("n a b d \\alpha \\beta \\mu \\nu \\kappa".split())
_LETTER = re.compile(r"\\[A-Za-z]+|[A-Za-z]")
#: What a script may hold beside letters of units: a step, and commas.
_STEP = re.compile(r"\(?\s*(?:t|T|\\tau)(?![A-Za-z])\s*(?:[-+]\s*1\s*)?\)?")
_ADDED = re.compile(r"(?<![A-Za-z\\])(\\?[A-Za-z]+)\s*[-+]\s*[0-9]|[-+]\s*(\\?[A-Za-z]+)")
_SUM = re.compile(
    r"\\sum(?:\\limits)?\s*_\s*(?:\{\s*(?P<a>\\?[A-Za-z]+)\s*(?P<low>=[^{}]{1,9})?\}"
    r"|(?P<b>\\[A-Za-z]+|[A-Za-z]))"
)
#: ``\\sum_{c=1}^C``: so many units, with a letter of their own.
_RANGE = re.compile(
    r"\\sum(?:\\limits)?\s*_\s*\{\s*([a-su-z])\s*=\s*1\s*\}\s*\^\s*(?:\{\s*)?[A-SU-Z](?![A-Za-z])"
)
#: What a sum counts, with or without its range.
_COUNTED = re.compile(r"_\s*(?:\{\s*(?P<a>[A-Za-z])\s*(?:=|\\in|\})|(?P<b>[A-Za-z]))")


def with_usual_units(
    formulas: Sequence[Formula],
) -> tuple[list[Formula], dict[str, str]]:
    """``formulas`` with letters for units that are read so, and what they stand for."""
    if not any("_" in f.latex and ("sum" in f.latex or "delta" in f.latex) for f in formulas):
        return list(formulas), {}
    found = [names_in(f.latex) for f in formulas]
    every = [name for names in found for name in names]
    summed = {c for f in formulas for c in _RANGE.findall(f.latex)}
    letters = sorted(_counting(every, summed), key=lambda c: (c == "k", c))
    used = {n.base for n in every}
    used |= {u for n in every for s in n.scripts for u in _LETTER.findall(s.inside)}
    used |= {m["a"] or m["b"] for f in formulas for m in _COUNTED.finditer(f.latex)}
    put = dict(zip(letters, (u for u in "qpmlkji" if u not in used), strict=False))
    if not put or len(put) < len([c for c in letters if c != "k"]):
        return list(formulas), {}

    def meant(m: re.Match[str]) -> str | None:
        letter = m["a"] or m["b"]
        return rf"\sum_{{{put[letter]}{m['low'] or ''}}}" if letter in put else None

    out = []
    for formula, names in zip(formulas, found, strict=True):
        edits = [e for n in names for s in n.scripts if (e := _edit(s, put)) is not None]
        out.append(replaced(edited(formula, edits), _SUM, meant))
    return out, {unit: letter for letter, unit in put.items()}


def _units(script: Script) -> list[str] | None:
    """The letters of a script that has a step and letters alone."""
    rest = _STEP.sub(" ", script.inside)
    letters = _LETTER.findall(rest)
    return letters if letters and not re.sub(r"\\?[A-Za-z]+|[\s,]", "", rest) else None


def _counting(names: Sequence[Name], summed: set[str]) -> set[str]:
    """The letters besides the usual ones that count units below the weights of a text.

    ``summed`` are those over which sums of so many terms run.
    """
    pairs: dict[str, set[tuple[str, ...]]] = {}
    for name in names:
        for script in name.scripts:
            units = _units(script) if script.kind == "_" else None
            if units is not None and len(units) == 2:
                pairs.setdefault(name.base, set()).add(tuple(units))
    told: set[str] = set()
    for base, found in pairs.items():
        usual = any(UNITS.issuperset(pair) or set(pair) & summed for pair in found)
        apart = all(len(set(pair)) == 2 and set(pair) <= UNITS | _OTHERS | summed for pair in found)
        if usual and apart and base != r"\delta":
            told |= {c for pair in found for c in pair}
    told -= UNITS
    if any("k" in pair for pairs_of in pairs.values() for pair in pairs_of):
        told |= _alone(names)
    every = " ; ".join(s.inside for n in names for s in n.scripts)
    return told - {a or b for a, b in _ADDED.findall(every)}


def _alone(names: Sequence[Name]) -> set[str]:
    """``k``, where it counts units and stands alone below what has no step: a bias.

    There it would be the step of the bias.
    """
    below = [(n.base, [s for s in n.scripts if s.kind == "_"]) for n in names]
    alone = {base for base, scripts in below if [s.inside for s in scripts] == ["k"]}
    running = {base for base, scripts in below
               if any(_STEP.search(s.inside) for s in scripts)}  # fmt: skip
    running |= {n.base for n in names for s in n.scripts if s.kind != "_"}
    return {"k"} if alone and not alone & running else set()


def _edit(script: Script, put: dict[str, str]) -> Edit | None:
    units = _units(script)
    if units is None or script.kind not in "_^" or not set(units) & put.keys():
        return None
    if not set(units) <= UNITS | put.keys():
        return None
    inside = _LETTER.sub(lambda m: put.get(m.group(), m.group()), script.inside)
    return script.start, script.end, f"{script.kind}{{{inside}}}"
