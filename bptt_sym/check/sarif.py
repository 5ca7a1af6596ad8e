"""SARIF 2.1.0: the report that code hosts and editors show beside the text.

A result for everything that is wrong, unreadable, undecided, or right only under a reading. What is
right and what is no claim has none. Columns count UTF-16 code units, as the standard has it by
default.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import PurePath
from typing import Any, Final
from urllib.parse import quote

from bptt_sym.check.exercises.feedback import HINTS
from bptt_sym.check.judged import Judged
from bptt_sym.check.report import evidence, plain
from bptt_sym.decide.verdict import VerdictName
from bptt_sym.diagnose.diagnosis import CODES

SCHEMA: Final = "https://json.schemastore.org/sarif-2.1.0.json"
LEVELS: Final[dict[VerdictName, str]] = {
    "wrong": "error",
    "unreadable": "error",
    "undecided": "warning",
    "right_under_reading": "note",
}
#: The rule of a result that has no diagnosis.
RULES: Final[dict[VerdictName, tuple[str, str]]] = {
    "wrong": ("wrong", "The formula is wrong."),
    "unreadable": ("unreadable", "The formula cannot be read."),
    "undecided": ("undecided", "The formula could not be decided."),
    "right_under_reading": ("reading", "The formula is right if it is read so."),
}
#: What to do about it.
HELP: Final[dict[str, str]] = {
    "wrong": "The message has small exact numbers at which the two sides differ.",
    "unreadable": "Nothing is known of the formula until the part that the message names is "
    "written as it says.",
    "undecided": "It may be right or wrong; the message says what could not be settled.",
    "reading": "The message says how it has to be read; a reader who reads it otherwise is misled.",
}
#: Characters of one message.
MAX_MESSAGE: Final = 4000


def sarif(judged: Sequence[Judged]) -> dict[str, Any]:
    """The report as a SARIF log with one run."""
    rules: dict[str, int] = {}
    seen: Counter[str] = Counter()
    results = []
    for j in judged:
        level = LEVELS.get(j.verdict.verdict)
        if level is None:
            continue
        rule = rule_of(j)
        number = rules.setdefault(rule, len(rules))
        results.append(_result(j, level, rule, number, seen))
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": {**_driver(), "rules": [_rule(r) for r in rules]}},
                "columnKind": "utf16CodeUnits",
                "results": results,
            }
        ],
    }


def rule_of(judged: Judged) -> str:
    """The code of the diagnosis, else a name for the verdict."""
    diagnosis = judged.verdict.diagnosis
    if judged.verdict.verdict == "wrong" and diagnosis is not None:
        return diagnosis.code
    return RULES[judged.verdict.verdict][0]


def _driver() -> dict[str, str]:
    try:
        number = version("bptt-sym")
    except PackageNotFoundError:
        return {"name": "bptt-sym"}
    return {"name": "bptt-sym", "version": number, "semanticVersion": number}


def _rule(rule: str) -> dict[str, Any]:
    described = dict(RULES.values()) | CODES
    # A diagnosis explains a formula that is wrong.
    advice = HINTS[rule] + " " + HELP["wrong"] if rule in HINTS else HELP[rule]
    level = {r: LEVELS[v] for v, (r, _) in RULES.items()}.get(rule, "error")
    return {
        "id": rule,
        "shortDescription": {"text": described[rule]},
        "fullDescription": {"text": described[rule]},
        "help": {"text": advice},
        "defaultConfiguration": {"level": level},
    }


def _result(
    j: Judged, level: str, rule: str, number: int, seen: Counter[str]
) -> dict[str, Any]:
    part = j.fault or j.part
    place = part.place if part is not None else j.place
    region: dict[str, Any] = {
        "startLine": place.line,
        "startColumn": _column(j, place.line, place.column),
    }
    if part is not None:
        region["endColumn"] = _column(j, place.line, place.column + max(1, part.width))
    result: dict[str, Any] = {
        "ruleId": rule,
        "ruleIndex": number,
        "level": level,
        "message": {"text": message(j)},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": uri(place.file)},
                    "region": region,
                }
            }
        ],
        # The same formula with the same fault is the same finding, wherever it has moved to.
        "partialFingerprints": {"formula/v1": _fingerprint(j, rule, seen)},
    }
    if place.cell:
        # Lines count within the cell of a notebook.
        cell = {"name": f"cell {place.cell}", "kind": "module"}
        result["locations"][0]["logicalLocations"] = [cell]
    diagnosis = j.verdict.diagnosis
    if diagnosis is not None and diagnosis.corrected:
        result["properties"] = {"corrected": diagnosis.corrected}
    return result


def message(judged: Judged) -> str:
    """The evidence as plain text, the formula where there is none."""
    lines = [plain(line).strip() for line in evidence(judged.verdict)]
    if judged.fault is not None:
        lines = [judged.fault.message, judged.fault.hint]
    if judged.verdict.verdict == "wrong":
        lines.insert(0, f"{' '.join(judged.latex.split())} is wrong.")
    text = "\n".join(line for line in lines if line) or judged.latex or "a formula"
    return text if len(text) <= MAX_MESSAGE else text[: MAX_MESSAGE - 1] + "…"


def uri(file: str) -> str:
    """A relative reference for a relative path, ``file:`` for an absolute one."""
    path = PurePath(file)
    if path.is_absolute():
        return path.as_uri()
    return quote(path.as_posix(), safe="/.-_~", errors="surrogateescape")


def _column(j: Judged, line: int, column: int) -> int:
    """``column`` in UTF-16 code units, as far as the text of the line is at hand."""
    part = j.fault or j.part
    text = part.line if part is not None and part.place.line == line else ""
    return column + sum(ord(c) > 0xFFFF for c in text[: column - 1])


def _fingerprint(j: Judged, rule: str, seen: Counter[str]) -> str:
    key = f"{rule}\n{PurePath(j.place.file).as_posix()}\n{' '.join(j.latex.split())}"
    seen[key] += 1
    return hashlib.sha256(f"{key}\n{seen[key]}".encode("utf-8", "surrogatepass")).hexdigest()[:32]
