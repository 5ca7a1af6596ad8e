"""Which of the definitions in force stay beside new ones."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TypeAlias

from bptt_sym.definitions.defining import Definition
from bptt_sym.definitions.outline import Kind

_SCRIPT = re.compile(r"[_^](?:\{(?:[^{}]|\{[^{}]*\})*\}|\\[A-Za-z]+|[A-Za-z0-9])")
_COMMAND = re.compile(r"\\[A-Za-z]+")

Known: TypeAlias = Mapping[str, Definition]


def candidates(known: Known, fresh: Known, section: int) -> list[dict[str, Definition]]:
    """What of ``known`` may stand beside ``fresh``: as much as possible first."""
    functions = {k: d for k, d in known.items() if d.kind is Kind.FUNCTION}
    if not any(d.kind is Kind.SEQUENCE for d in fresh.values()):
        return [{**known, **fresh}, {**functions, **fresh}]
    if _starts_anew(known, fresh, section):
        needed = _needed(known, fresh)
        steps = [d for d in fresh.values() if d.kind is Kind.SEQUENCE]
        # A gate that is written once more leaves the states that it opens as they are.
        whole = not any(d.returns for d in steps) and all(d.key in known for d in steps)
        return [
            *([{**known, **fresh}] if whole else []),
            _with_dependents(known, {**needed, **fresh}),
            {**needed, **fresh},
            {**functions, **fresh},
            dict(fresh),
        ]
    # A function that nothing uses may be one that is not read.
    used = {k: d for k, d in known.items() if k not in functions or _is_used(d, known)}
    fewer = [{**used, **fresh}] if len(used) < len(known) else []
    return [{**known, **fresh}, *fewer, {**functions, **fresh}]


def _is_used(function: Definition, known: Known) -> bool:
    return any(function.base in d.mentions for d in known.values() if d is not function)


def _starts_anew(known: Known, fresh: Known, section: int) -> bool:
    if any(key in known for key in fresh):
        return True
    # (Of a gated cell, the gates may have stood before the state, each in its own display.)
    elsewhere = {
        d.base for d in known.values()
        if d.kind is Kind.SEQUENCE and d.section != section and d.key not in fresh
    }  # fmt: skip
    mentions = frozenset[str]().union(*(d.mentions for d in fresh.values()))
    recursive = any(d.recursive for d in fresh.values())
    return recursive and bool(elsewhere) and not mentions & elsewhere


def _needed(known: Known, fresh: Known) -> dict[str, Definition]:
    """The known definitions that ``fresh`` uses, directly or through others."""
    needed: dict[str, Definition] = {}
    todo = list(fresh.values())
    while todo:
        mentions = todo.pop().mentions
        for key, d in known.items():
            if key not in fresh and key not in needed and d.base in mentions:
                needed[key] = d
                todo.append(d)
    return {k: d for k, d in known.items() if k in needed}


def _with_dependents(known: Known, kept: Known) -> dict[str, Definition]:
    """``kept`` and every known definition whose own needs are all met by it."""
    letters = {d.base for d in known.values()}
    kept = dict(kept)
    said = {d.right for d in kept.values()}
    for key, d in known.items():
        if d.right in said:
            continue  # the same thing has another name now
        bases = {k.base for k in kept.values()}
        own = d.recursive
        needs = {m for m in d.mentions & letters if _stands_in(m, d.right)}
        if key not in kept and not own and needs <= bases | {d.base}:
            kept[key] = d
    return kept


def _stands_in(name: str, right: str) -> bool:
    """Whether ``name`` is more than a label there, as the o of :math:`W_{xo}` is."""
    outside = _SCRIPT.sub(" ", right)
    return name in (outside if name.startswith("\\") else _COMMAND.sub(" ", outside))
