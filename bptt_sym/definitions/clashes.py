r"""Functions of one letter that cannot be one: ``s_t = g(s_{t-1}, x_t)`` and ``q_t = g(h_t)``.

A text that speaks of networks in general, and then of one of them, uses its letters again. What was
said with such a letter before does not stand beside what is said with it now. Neither does
``o_t = V h_t + c`` stand beside the cell state ``c_t`` of another section.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping

from bptt_sym.definitions.defining import Definition
from bptt_sym.definitions.outline import Kind
from bptt_sym.definitions.usage import LOSSES

#: Letters of functions that a text leaves open, applied to something.
_APPLIED = re.compile(
    r"(?P<f>\\(?:phi|varphi|psi|sigma)(?![A-Za-z])|(?<![A-Za-z\\])[fgFG](?![A-Za-z]))"
    r"\s*(?:\\left\s*)?\("
)

_STEP = re.compile(r"[A-Za-z}](?:_\{?t|\^\{?[(<]t)")


def _arguments(text: str, start: int) -> int:
    """How many arguments stand in the parentheses that open before ``start``."""
    depth, count = 1, 1
    for at in range(start, len(text)):
        depth += (text[at] in "([{") - (text[at] in ")]}")
        if depth == 0:
            break
        count += depth == 1 and text[at] in ",;"
    return count


def _taken(definitions: Iterable[Definition]) -> dict[str, set[int]]:
    """How many arguments the functions have."""
    found: dict[str, set[int]] = defaultdict(set)
    for d in definitions:
        if d.kind is Kind.SEQUENCE:
            for m in _APPLIED.finditer(d.right):
                found[m.group("f")].add(_arguments(d.right, m.end()))
    return found


def _has_bias(d: Definition, name: str) -> bool:
    """Whether a letter is added in ``d`` without the step that other names have there."""
    if d.kind is not Kind.SEQUENCE or re.fullmatch("[a-z]", name) is None:
        return False
    alone = rf"(?:^|[+(]){name}(?:\+|$)|\+{name}\)"
    return re.search(alone, d.right) is not None and _STEP.search(d.right) is not None


def beside(
    known: Mapping[str, Definition], fresh: Mapping[str, Definition]
) -> dict[str, Definition]:
    """What is ``known`` without what cannot stand beside ``fresh``, and what rests on it."""
    now = _taken(fresh.values())
    run = {d.name: d.section for d in fresh.values() if d.kind is Kind.SEQUENCE}
    gone = {
        key
        for key, d in known.items()
        if key not in fresh
        and (
            any(n not in now[f] for f, ns in _taken([d]).items() if f in now for n in ns)
            or any(d.section != at and _has_bias(d, name) for name, at in run.items())
        )
    }
    while gone:
        stays = {d.base for k, d in {**known, **fresh}.items() if k not in gone}
        lost = {known[k].base for k in gone} - stays
        more = {k for k, d in known.items() if k not in gone and d.mentions & lost}
        if not more:
            break
        gone |= more
    return {k: d for k, d in known.items() if k not in gone}


def given_anew(
    before: Mapping[str, Definition], fresh: Mapping[str, Definition]
) -> dict[str, Definition]:
    """The losses of ``before`` that ``fresh`` gives another value, if it is about nothing else."""
    if any(d.kind is not Kind.TOTAL or d.base not in LOSSES for d in fresh.values()):
        return {}
    return {k: before[k] for k, d in fresh.items() if k in before and before[k].plain != d.plain}
