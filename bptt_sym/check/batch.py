"""Batches of claims: JSON Lines in, JSON Lines out in the same order, on all cores."""

from __future__ import annotations

import json
import multiprocessing
import os
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import islice
from typing import Any

from bptt_sym.check.answer import internal_error
from bptt_sym.check.claims import check
from bptt_sym.check.judged import VERDICTS, verdict_as_json
from bptt_sym.check.setting import Setting
from bptt_sym.decide.verdict import Verdict, VerdictName
from bptt_sym.documents.document import formula_from_text
from bptt_sym.errors import InputError
from bptt_sym.printable import json_text

#: Lines that a worker takes at a time.
CHUNK = 32
#: Chunks under way for each worker: bounds the memory, whatever the length of the input.
AHEAD = 4
#: Bytes of one line.
MAX_LINE = 1_000_000

_WORST: tuple[VerdictName, ...] = (
    "wrong", "unreadable", "undecided", "right_under_reading", "right", "not_a_claim",
)  # fmt: skip
_TEXTS = ("cell", "reference")
_LISTS = ("define", "assume", "shape")

Answer = tuple[str, str]


def judge_lines(
    lines: Iterable[bytes], defaults: Mapping[str, Any], *, jobs: int | None = None
) -> Iterator[Answer]:
    """``(line of JSON, verdict)`` for each line with something in it, in order.

    An input line has ``claim``, and optionally ``id``, ``cell``, ``define``, ``assume``, ``shape``,
    ``scalar`` and ``reference``; what it leaves out is taken from ``defaults``. A line that is no
    such object is ``unreadable``, and the others go on.
    """
    numbered = ((n, line) for n, line in enumerate(lines, 1) if line.strip())
    settings = {k: v for k, v in defaults.items() if v}
    jobs = max(1, jobs or os.cpu_count() or 1)
    first = list(islice(numbered, CHUNK))
    if jobs == 1 or len(first) < CHUNK:
        yield from _judge_chunk(first, settings)
        while chunk := list(islice(numbered, CHUNK)):
            yield from _judge_chunk(chunk, settings)
        return
    with multiprocessing.get_context("spawn").Pool(jobs) as pool:
        waiting = deque([pool.apply_async(_judge_chunk, (first, settings))])
        while waiting:
            while len(waiting) < AHEAD * jobs and (chunk := list(islice(numbered, CHUNK))):
                waiting.append(pool.apply_async(_judge_chunk, (chunk, settings)))
            yield from waiting.popleft().get()


def _judge_chunk(chunk: list[tuple[int, bytes]], defaults: Mapping[str, Any]) -> list[Answer]:
    return [_judge_line(number, line, defaults) for number, line in chunk]


def _judge_line(number: int, line: bytes, defaults: Mapping[str, Any]) -> Answer:
    entry: dict[str, Any] = {}
    try:
        entry = _object(line)
        _check_types(entry)
        models = {"cell", "define"} & set(entry)
        kept = {k: v for k, v in defaults.items() if not (models and k in ("cell", "define"))}
        verdict = _judge({**kept, **entry})
    except InputError as error:
        verdict = Verdict("unreadable", note=f"line {number}: {error.message}")
        if error.hint:
            verdict = Verdict("unreadable", note=f"{verdict.note} ({error.hint})")
    except Exception as error:  # one claim must not take the others with it
        verdict = internal_error(error)
    out = {"id": entry.get("id"), **verdict_as_json(verdict)}
    return json_text(out), verdict.verdict


def _object(line: bytes) -> dict[str, Any]:
    if len(line) > MAX_LINE:
        raise InputError(f"longer than {MAX_LINE} bytes")
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise InputError(f"not JSON: {error}") from None
    if not isinstance(entry, dict):
        raise InputError("not a JSON object", hint='write {"id": …, "claim": "…"}')
    return entry


def _check_types(entry: dict[str, Any]) -> None:
    """A single text for a list of them is made one."""
    if not isinstance(entry.get("claim"), str):
        raise InputError("no claim", hint='"claim" is the LaTeX of what is judged')
    for name in _TEXTS:
        if not isinstance(entry.get(name, ""), str):
            raise InputError(f"{name!r} is not a text", token=name)
    for name in _LISTS:
        value = entry.get(name, [])
        if isinstance(value, str):
            entry[name] = [value]
        elif not (isinstance(value, list) and all(isinstance(v, str) for v in value)):
            raise InputError(f"{name!r} is not a list of texts", token=name)


def _judge(entry: Mapping[str, Any]) -> Verdict:
    """The worst verdict of the claims of one line."""
    setting = _setting(
        entry.get("cell", ""),
        *(tuple(entry.get(name, ())) for name in _LISTS),
        bool(entry.get("scalar", False)),
        entry.get("reference", ""),
    )
    judged = check([formula_from_text(entry["claim"], "claim")], setting)
    worst = min(judged, key=lambda j: _WORST.index(j.verdict.verdict))
    fault = worst.fault
    if fault is None:
        return worst.verdict
    raise InputError(f"column {fault.place.column}: {fault.message}", hint=fault.hint)


@lru_cache(maxsize=256)
def _setting(
    cell: str,
    define: tuple[str, ...],
    assume: tuple[str, ...],
    shape: tuple[str, ...],
    scalar: bool,
    reference: str,
) -> Setting:
    """Settings are kept, because a batch has many claims about few models."""
    return Setting(cell, define, shape, scalar, (), assume, reference)


assert set(_WORST) == set(VERDICTS)
