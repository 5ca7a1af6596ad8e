r"""Weights whose letter changes its case: ``w_{hy}`` below a derivative, ``W_{hy}`` in the model.

A weight that is defined with a capital letter and a script that names it (``hh``, ``xh``: where
from and where to) is meant where its small letter stands with the same script, and that small
letter is in no equation without a derivative. The entries ``w_{ij}`` of a matrix are none of these.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import replaced

_WEIGHT = re.compile(
    r"(?<![A-Za-z\\{])(?P<w>[UVWuvw])(?=\s*_\s*\{\s*(?P<script>[a-z]{2}|[a-z][A-Za-z]*[A-Z])\s*\})"
)
_SLOPE = re.compile(r"\\partial(?![A-Za-z])|∂|\\nabla(?![A-Za-z])|∇|\\frac\s*\{\s*d")
#: Scripts of letters that count rows and columns.
_COUNTS = re.compile(r"[ijklmnpqrs]{2}")
_SAID = "{small} is {large}"


def in_one_case(formulas: Sequence[Formula]) -> list[Formula]:
    """``formulas`` with the small letters of weights that are defined with capitals as these."""
    model: set[tuple[str, str]] = set()
    for f in formulas:
        if not _SLOPE.search(f.latex):
            model |= {(m["w"], m["script"]) for m in _WEIGHT.finditer(f.latex)}
    slips = {
        (w.lower(), script)
        for w, script in model
        if w.isupper() and (w.lower(), script) not in model and not _COUNTS.fullmatch(script)
    }
    return [_mended(f, slips) for f in formulas] if slips else list(formulas)


def _mended(formula: Formula, slips: set[tuple[str, str]]) -> Formula:
    told: dict[str, str] = {}

    def capital(m: re.Match[str]) -> str | None:
        if (m["w"], m["script"]) not in slips:
            return None
        small, large = (f"{w}_{{{m['script']}}}" for w in (m["w"], m["w"].upper()))
        told[large] = _SAID.format(small=small, large=large)
        return m["w"].upper()

    found = replaced(formula, _WEIGHT, capital)
    said = tuple((words, large) for large, words in told.items())
    return replace(found, supposes=(*found.supposes, *said)) if said else formula
