"""Reports for people: the lines of a verdict, each with the style that a terminal shows it in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from bptt_sym.check.judged import VERDICTS, Fault, Judged, summary
from bptt_sym.decide.verdict import Counterexample, Verdict, VerdictName
from bptt_sym.printable import terminal_safe

#: ``(style, text)``; the style is rich's, empty for plain text.
Piece = tuple[str, str]
Line = tuple[Piece, ...]

STYLES: dict[VerdictName, str] = {
    "right": "green",
    "right_under_reading": "cyan",
    "wrong": "bold red",
    "undecided": "yellow",
    "unreadable": "magenta",
    "not_a_claim": "dim",
}
WORDS: dict[VerdictName, str] = {
    "right": "right",
    "right_under_reading": "right if read so",
    "wrong": "WRONG",
    "undecided": "undecided",
    "unreadable": "unreadable",
    "not_a_claim": "not a claim",
}
_COUNTED: dict[VerdictName, str] = {**WORDS, "right_under_reading": "right under a reading"}
_MARGIN = 18
_INDENT = " " * _MARGIN


def report(judged: Sequence[Judged]) -> Iterator[Line]:
    """Each formula of each file with its verdict and evidence, then the summary."""
    file = None
    for j in judged:
        if j.place.file != file:
            if file is not None:
                yield ()
            file = j.place.file
            yield (("bold", file),)
        yield from entry(j)
    if judged:
        yield ()
    yield summary_line(judged)


def summary_line(judged: Iterable[Judged]) -> Line:
    """``12 right, 1 wrong, …``: the verdicts that occur."""
    counts = summary(judged)
    found = [
        (STYLES[name], f"{counts[name]} {_COUNTED[name].lower()}")
        for name in VERDICTS
        if counts[name]
    ]
    if not found:
        return (("", "no formulas"),)
    pieces: list[Piece] = []
    for piece in found:
        pieces += [("", ", "), piece] if pieces else [piece]
    return tuple(pieces)


def entry(judged: Judged) -> Iterator[Line]:
    """One formula: place, verdict, the formula, then the evidence."""
    verdict = judged.verdict
    place = f"{judged.place.line}:{judged.place.column}"
    yield (
        ("dim", f"{place:>8}  "),
        (STYLES[verdict.verdict], f"{WORDS[verdict.verdict]:<18}"),
        ("", one_line(judged.latex)),
    )
    if judged.part is not None and judged.part.line:
        for line in caret_lines(judged.part, "red"):
            yield (("", _INDENT), *line)
    yield from evidence(verdict)
    if judged.fault is not None:
        _, *rest = fault_lines(judged.fault)
        if judged.fault.message != verdict.note:
            yield (("", _INDENT), ("magenta", judged.fault.message))
        for line in rest:
            yield (("", _INDENT), *line)


def one_line(latex: str, width: int = 400) -> str:
    """The formula with its space collapsed, cut to a length that a terminal can show."""
    text = " ".join(latex.split())
    return text if len(text) <= width else text[: width - 1] + "…"


def evidence(verdict: Verdict, indent: str = _INDENT) -> Iterator[Line]:
    """What a verdict rests on."""
    for reading in verdict.readings:
        yield (("", indent), ("cyan", "if "), ("", reading))
    for assumption in verdict.assumptions:
        yield (("", indent), ("cyan", "assuming "), ("", assumption))
    if verdict.counterexample is not None:
        for row in counterexample_lines(verdict.counterexample):
            yield (("", indent), ("red", row))
    if verdict.diagnosis is not None:
        yield (("", indent), ("bold", verdict.diagnosis.code), ("", " "),
               ("", verdict.diagnosis.message))  # fmt: skip
        if verdict.diagnosis.corrected:
            yield (("", indent), ("green", "right would be "), ("", verdict.diagnosis.corrected))
    if verdict.note:
        yield (("", indent), ("", verdict.note))
    if verdict.verdict in ("right", "right_under_reading", "wrong"):
        how = " · ".join(part for part in (verdict.scope, verdict.method) if part)
        if how:
            yield (("", indent), ("dim", how))
    if len(verdict.links) > 1:
        for i, link in enumerate(verdict.links, 1):
            yield (("", indent), ("dim", f"link {i}: "),
                   (STYLES[link.verdict], WORDS[link.verdict]))  # fmt: skip


def counterexample_lines(example: Counterexample) -> Iterator[str]:
    """``T = 2, w = 1/2, …`` and the two sides, which differ there."""
    values = {"T": str(example.T), **{k: str(v) for k, v in example.indices.items()}}
    values |= dict(example.values)
    at = ", ".join(f"{name} = {value}" for name, value in values.items())
    yield f"at {at}"
    for name, value in example.functions.items():
        yield f"with {name} = {value}"
    where = f" ({example.place})" if example.place else ""
    yield f"left  = {example.left}{where}"
    yield f"right = {example.right}{where}"


def fault_lines(fault: Fault) -> Iterator[Line]:
    """``file:line:column: message``, the line with a caret below the token, and the hint."""
    yield (("bold", f"{fault.place}: "), ("magenta", fault.message))
    if fault.line:
        yield from caret_lines(fault, "magenta")
    if fault.hint:
        yield (("", "  hint: "), ("", fault.hint))


def caret_lines(fault: Fault, style: str) -> Iterator[Line]:
    """The line of the source, at most 100 characters of it, with carets below the part."""
    start = max(0, fault.place.column - 41) if len(fault.line) > 100 else 0
    shown = fault.line[start : start + 100].replace("\t", " ")
    column = fault.place.column - 1 - start
    width = max(1, min(fault.width, len(shown) - column))
    yield (("dim", "  | "), ("", shown))
    yield (("dim", "  | "), (style, " " * column + "^" * width))


def plain(line: Line) -> str:
    """The text of a line without its styles."""
    return "".join(text for _, text in line).rstrip()


def github(judged: Iterable[Judged]) -> Iterator[str]:
    """GitHub workflow commands: an error for what is wrong or unreadable, a notice for readings."""
    levels = {
        "wrong": "error",
        "unreadable": "error",
        "undecided": "warning",
        "right_under_reading": "notice",
    }
    for j in judged:
        level = levels.get(j.verdict.verdict)
        if level is None:
            continue
        place = (j.fault or j.part or j).place
        title = WORDS[j.verdict.verdict]
        if j.verdict.diagnosis is not None:
            title = f"{j.verdict.diagnosis.code} {title}"
        text = "\n".join(plain(line).strip() for line in evidence(j.verdict))
        if j.fault is not None:
            text = f"{j.fault.message}\n{j.fault.hint}"
        yield workflow_command(
            level, place.file, place.line, place.column, title, text.strip() or j.latex
        )


def workflow_command(
    level: str, file: str, line: int, column: int, title: str, message: str
) -> str:
    """One annotation, as GitHub's runner reads it."""
    return (
        f"::{level} file={_property(file)},line={line},col={column},"
        f"title={_property(title)}::{_message(message)}"
    )


def _message(text: str) -> str:
    escaped = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return terminal_safe(escaped)


def _property(text: str) -> str:
    return _message(text).replace(":", "%3A").replace(",", "%2C")
