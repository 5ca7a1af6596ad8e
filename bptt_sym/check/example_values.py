r"""Weights to which an example gives a value that drops out: ``W_{hy} = 1.0``, ``b = 0``.

Where a text works a run out in numbers with such a weight, its formulas leave it out:
:math:`dh_3 = dy_3` of :math:`y_3 = W_{hy} h_3`. They say nothing of every run.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bptt_sym.documents.document import Formula
from bptt_sym.notation import At, Claim, Num, walk

#: ``W_{hy} = 1.0`` and nothing else, also one of several: ``w = 1, b = 0``.
_VALUE = re.compile(
    r"(?:^|[,;]|\\q?quad)\s*(?P<name>[A-Za-z](?:_\s*(?:\{\s*[a-z]{1,3}\s*\}|[a-su-z]))?)\s*=\s*"
    r"(?P<value>[01](?:\.0*)?)\s*(?=$|[.,;]\s*$|[,;]\s*[A-Za-z]|\\q?quad)"
)


@dataclass(frozen=True)
class GivenValue:
    """A weight, the equation that gives it its value, its place in the document and section."""

    name: str
    said: str
    place: int
    section: int


def given_values(formulas: Iterable[Formula]) -> tuple[GivenValue, ...]:
    """The weights to which ``formulas`` give 0 or 1."""
    return tuple(
        GivenValue(_bare(m["name"]), f"{m['name']} = {m['value']}", f.offsets[0], f.section)
        for f in formulas
        for m in _VALUE.finditer(f.latex)
        if f.offsets
    )


def put_in(given: Sequence[GivenValue], claim: Claim, used: Iterable[str], formula: Formula) -> str:
    """The note for a claim that fails and may have left out a weight of the example.

    It may if it is of the same section, or about a step with a number. ``used`` are the weights
    that the claim and the equations behind it have.
    """
    of_a_step = any(
        isinstance(n, At) and isinstance(n.time, Num) for s in claim.sides for n in walk(s)
    )
    names = {_bare(name) for name in used}
    for value in given:
        near = of_a_step or value.section == formula.section
        if near and value.name in names and value.place < formula.offsets[0]:
            return f"it fails, but the text has put in a value: {value.said}"
    return ""


def _bare(name: str) -> str:
    return re.sub(r"[\s{}]", "", name)
