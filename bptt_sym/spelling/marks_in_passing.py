r"""Marks given in passing: :math:`\partial L/\partial y_3 = y_3 - t_3 =: dy`.

The mark carries no step, but is given at one: from there on, in its section, it is that of the
step.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import edited

_GIVEN = re.compile(
    r"\\[dt]?frac\s*\{\s*\\partial\s*[^{}]{1,24}\}\s*\{\s*\\partial\s*(?P<n>[a-z])\s*_\s*"
    r"(?P<s>\{[^{}]{1,12}\}|[0-9A-Za-z])\s*\}(?:(?!\\\\)[^\n])*?(?:=\s*(?:\\!\s*)?:|\\eqqcolon(?![A-Za-z]))"
    r"\s*d(?P=n)(?![A-Za-z0-9_])"
)


def with_steps_for_marks(formulas: Sequence[Formula]) -> list[Formula]:
    """``formulas`` with the steps at which such marks are given."""
    found: list[Formula] = []
    known: dict[str, str] = {}
    section = -1
    for f in formulas:
        if f.section != section:
            known, section = {}, f.section
        if ":" in f.latex or "eqqcolon" in f.latex:
            known |= {m["n"]: m["s"] for m in _GIVEN.finditer(f.latex)}
        if known and "d" in f.latex:
            mark = re.compile(rf"(?<![A-Za-z\\{{/])d([{''.join(known)}])(?![A-Za-z0-9_({{^'])")
            f = edited(
                f, [(m.end(), m.end(), f"_{known[m[1]]}") for m in mark.finditer(f.latex)]
            )  # fmt: skip
        found.append(f)
    return found
