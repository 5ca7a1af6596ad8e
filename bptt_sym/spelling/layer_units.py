r"""Equations of the units of a layer, said of the whole layer.

:math:`(z_t^{(1)})_i = \sum_j (W^{(1)})_{ij} (h_t^{(0)})_j + (b^{(1)})_i` is :math:`z_t^{(1)} =
W^{(1)} h_t^{(0)} + b^{(1)}`. What reads such equations of names without a layer is asked with a
letter for each name, which then has its name again.
"""

from __future__ import annotations

import re

from bptt_sym.documents.document import Formula
from bptt_sym.documents.gate_letters import NO_GATES
from bptt_sym.documents.respelling import edited, replaced
from bptt_sym.spelling.layer_scripts import SUMMED
from bptt_sym.spelling.units import as_vectors

_DERIVES = re.compile(r"\\partial|\\nabla|∂|\\delta(?![a-z])")
#: ``(z_{t}^{(1)})_{i}``, ``(W^{(2)})_{ij}``, ``(x_{t})_{j}``
_ENTRY = re.compile(
    r"\((?P<base>\\[a-z]+\{[A-Za-z]\}|\\?[A-Za-z]+)(?:_\{(?P<below>[^{}]{1,8})\})?"
    r"(?P<layer>\^\{\([0-9]\)\})?\)_\{(?P<units>[ijkmnpq]{1,2})\}"
)
#: ``(\\delta_{t}^{(1)})_{i} = \\frac{\\partial C}{\\partial (z_{t}^{(1)})_{i}}``
_NAMED = re.compile(
    r"[\s&]*\((?P<name>[^()]*\^\{\([0-9]\)\})\)_\{(?P<u>[ijkmnpq])\}"
    r"(?P<sign>\s*&?\s*(?::?=|\\equiv|\\triangleq|\\coloneqq)\s*&?\s*\\[dt]?frac\s*\{\s*\\partial\s*[^{}()]{1,20}\}\s*\{\s*\\partial\s*)"
    r"\((?P<by>[^()]*\^\{\([0-9]\)\})\)_\{(?P=u)\}\s*\}[\s.,]*"
)
_STEP = re.compile(r"(?:t|T|\\tau)(?:\s*[-+]\s*1)?")
_PLACE = re.compile(r"(?<![A-Za-z\\])(?P<x>[A-Za-z])(?:_\{(?P<at>[^{}]*)\})?(?![A-Za-z])")
_COUNTED = re.compile(r"(?<![A-Za-z\\])(?P<k>[ijkmnpq])\s*_\s*(?:\{\s*[0-9]\s*\}|[0-9])")
_UNIT_LEFT = re.compile(r"_\s*\{?[^{}]*(?<![A-Za-z\\])[ijkmnpq](?![A-Za-z])|\\sum")


def of_whole_layers(formula: Formula) -> Formula:
    """``formula`` without its units, if it computes those of a layer one by one."""
    text = formula.latex
    if (named := _NAMED.fullmatch(text)) is not None:
        return edited(formula, [
            (named.start(), named.end(), f"{named['name']}{named['sign']}{named['by']}}}")
        ])  # fmt: skip
    if _DERIVES.search(text) or not _ENTRY.search(text):
        return formula
    used = set(re.findall(r"(?<![A-Za-z\\])[A-Za-z](?![A-Za-z])", text)) | set("ijkmnpqtT")
    small = iter(sorted(set("abcdefghlorsuvwxyz") - used))
    large = iter(sorted(set("ABCDEFGHJKLMNOPQRSUVWXYZ") - used))
    letters: dict[tuple[str, str, str], str] = {}

    def plain(m: re.Match[str]) -> str | None:
        below = m["below"] or ""
        step = below if _STEP.fullmatch(below) else ""
        key = (m["base"], "" if step else below, m["layer"] or "")
        if key not in letters:
            letter = next(large if len(m["units"]) == 2 else small, "")
            if not letter:
                return None
            letters[key] = letter
        return f"{letters[key]}_{{{step},{m['units']}}}" if step else (
            f"{letters[key]}_{{{m['units']}}}"
        )  # fmt: skip

    asked = replaced(formula, _ENTRY, plain)
    found = as_vectors(asked, NO_GATES)
    names = {letter: key for key, letter in letters.items()}
    edits = []
    for m in _PLACE.finditer(found.latex):
        if m["x"] not in names:
            continue
        base, label, layer = names[m["x"]]
        step = m["at"] or ""
        if step and not _STEP.fullmatch(step):
            return formula  # an entry is left
        below = ",".join(filter(None, (label, step)))
        edits.append((m.start(), m.end(), base + (f"_{{{below}}}" if below else "") + layer))
    if _UNIT_LEFT.search(_PLACE.sub("", found.latex)):
        return formula
    return edited(found, edits)


def with_letters_for_counted_units(formula: Formula) -> Formula:
    r"""``formula`` with a letter for each of the units :math:`k_1`, :math:`k_2` of its sums."""
    text = formula.latex
    summed = dict.fromkeys(_tight(m["k"]) for m in SUMMED.finditer(text) if "_" in m["k"])
    plain = r"(?<![A-Za-z\\])%s(?!\s*_\s*\{?\s*[0-9]|[A-Za-z])"
    free = [x for x in "qpmnkji" if not re.search(plain % x, text)]
    if not summed or len(free) < len(summed):
        return formula
    letters = dict(zip(summed, free, strict=False))
    return replaced(formula, _COUNTED, lambda m: letters.get(_tight(m.group())))


def _tight(unit: str) -> str:
    return re.sub(r"[\s{}]", "", unit)
