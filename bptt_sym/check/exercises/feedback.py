"""What a learner is told about a mark: the verdict only, a hint, or everything; in one language."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from bptt_sym.check.exercises.mark import Mark, PartMark, PartStatus
from bptt_sym.check.judged import Fault
from bptt_sym.check.solution.judge import Status, Step
from bptt_sym.decide.verdict import Counterexample, Diagnosis, Verdict
from bptt_sym.diagnose.diagnosis import CODES
from bptt_sym.documents.document import Place
from bptt_sym.errors import InputError
from bptt_sym.messages import Translator, marked

Level = Literal["verdict", "hint", "full"]
LEVELS: Final[tuple[Level, ...]] = ("verdict", "hint", "full")

#: What a piece is, for its colour: ``good``, ``bad``, ``open``, ``hint``, ``dim``, ``head``, "".
Tone = Literal["good", "bad", "open", "hint", "dim", "head", ""]


@dataclass(frozen=True)
class Said:
    """One line of feedback: words, then a formula in LaTeX or a value as it stands, at a depth.

    ``words`` may hold formulas between dollars where they come from the exercise's author.
    """

    words: str
    latex: str = ""
    tone: Tone = ""
    depth: int = 0
    value: str = ""


_PART_TONE: Final[dict[PartStatus, Tone]] = {
    "right": "good", "form": "hint", "restated": "bad", "wrong": "bad",
    "carried": "hint", "undecided": "open", "missing": "dim", "unreadable": "open",
}  # fmt: skip
_PART_WORDS: Final[dict[PartStatus, str]] = {
    "right": marked("Right."),
    "form": marked("Right, but not in the form that is asked for."),
    "restated": marked("This restates the question."),
    "wrong": marked("Wrong."),
    "carried": marked(
        "This bounds your own expression, which is wrong: mend that first, then bound it again."
    ),
    "undecided": marked("Could not be decided; a person will look at it."),
    "missing": marked("No answer was found."),
    "unreadable": marked("Could not be read."),
}
NO_ARGUMENT: Final = marked(
    "A part of the points is for the argument: write the steps that lead to this answer."
)
_STEP_TONE: Final[dict[Status, Tone]] = {
    "right": "good", "wrong": "bad", "not_justified": "hint", "carried": "hint",
    "undecided": "open",
}  # fmt: skip
_STEP_WORDS: Final[dict[Status, str]] = {
    "right": marked("right"),
    "wrong": marked("wrong: this does not follow, and is not true"),
    "not_justified": marked("not justified: true, but it does not follow from the line before"),
    "carried": marked("follows from the line before, which is wrong"),
    "undecided": marked("could not be decided"),
}

#: What helps with a kind of mistake, without giving the answer away.
HINTS: Final[dict[str, str]] = {
    "BP001": marked("An earlier state depends on the parameter too: what happened to that path?"),
    "BP002": marked("Is the earlier state held fixed here, or not?"),
    "BP003": marked("By which variable do you differentiate?"),
    "BP004": marked("Check the time indices of the states and inputs."),
    "BP005": marked("Check where the sum or product begins and ends: count the factors."),
    "BP006": marked("Which activation is it, and what is its derivative?"),
    "BP007": marked("Is it the value before the activation, or after it?"),
    "BP008": marked("Check the signs."),
    "BP009": marked("Check the shapes: is something transposed?"),
    "BP010": marked("Matrices do not commute: check the order of the factors."),
    "BP011": marked("Compare with the chain rule: is every factor there?"),
    "BP012": marked("Compare with the chain rule: is there a factor too many?"),
    "BP013": marked("Check the exponents."),
    "BP014": marked("The parameter is used in every step: is every use counted?"),
    "BP015": marked("Are there other paths from the variable to the result?"),
    "BP016": marked("Is something counted twice?"),
    "BP017": marked("Are there other paths than the direct one?"),
    "BP018": marked("Check the names: is every symbol the one that is meant?"),
    "BP019": marked("Where is the derivative of the activation?"),
    "BP020": marked("Check the constant factors."),
    "BP021": marked("Check the shapes of the factors."),
    "BP023": marked("How often is the activation applied?"),
    "BP022": marked("Which number of a matrix is its norm?"),
    "BP025": marked("Can these two things be compared by size as they stand?"),
    "BP026": marked("Which of these are multiplied along one path, and which are added?"),
    "BP027": marked("Which terms does this factor multiply?"),
}
assert set(HINTS) == set(CODES)


def level_of(text: str) -> Level:
    """The level that ``text`` names.

    Raises
    ------
    InputError
        It names none.
    """
    for level in LEVELS:
        if level == text:
            return level
    raise InputError(f"no level {text!r}", token=text, hint="one of " + ", ".join(LEVELS))


def feedback(mark: Mark, level: Level, tr: Translator) -> Iterator[Said]:
    """The lines of feedback on a whole mark, the points first."""
    yield Said(
        tr("{title}: {score} of {points} points", title=mark.exercise.title.in_(tr.language),
           score=number(mark.score), points=number(mark.points)),
        tone="head",
    )  # fmt: skip
    for part in mark.parts:
        yield from part_feedback(part, level, tr, alone=len(mark.parts) == 1)
    if level != "verdict":
        for fault in mark.faults:
            yield Said(unread(fault, tr), tone="open")
            if fault.hint:
                yield Said(isolated(fault.hint, tr), tone="dim", depth=1)
    if mark.lemmas and level == "full":
        yield Said(tr("Other lines"), tone="head")
        for step in mark.lemmas:
            yield from _step(step, level, tr)


def unread(fault: Fault, tr: Translator) -> str:
    """What could not be read, and where."""
    place = fault.place
    words = {"line": place.line, "column": place.column, "message": isolated(fault.message, tr)}
    if place.cell:
        return tr("Cell {cell}, line {line}, column {column}: cannot be read: {message}",
                  cell=place.cell, **words)  # fmt: skip
    return tr("Line {line}, column {column}: cannot be read: {message}", **words)


def part_feedback(
    part: PartMark, level: Level, tr: Translator, *, alone: bool = False
) -> Iterator[Said]:
    """The lines of feedback on one part."""
    asked = part.part
    words = tr(_PART_WORDS[part.status])
    score = f"{number(part.score)}/{number(asked.points)}"
    yield Said(
        words + f" ({score})" if alone else f"({asked.id}) {words} ({score})",
        part.answer.latex if part.answer is not None and level != "verdict" else "",
        _PART_TONE[part.status],
    )
    if level == "verdict":
        return
    ask = asked.ask.in_(tr.language)
    if part.status == "missing":
        yield Said(ask or tr("Asked for:"), asked.latex, "dim", 1)
    for message, names in part.missing:
        yield Said(tr(message, names=names) if names else tr(message), tone="hint", depth=1)
    if part.note:
        yield Said(tr(part.note), tone="hint", depth=1)
    if part.status in ("right", "form") and part.lacks_argument:
        yield Said(tr(NO_ARGUMENT), tone="hint", depth=1)
    if part.verdict is not None and part.status in ("right", "form"):
        yield from _readings(part.verdict, tr)
    yield from _hint(part, tr)
    if level == "full":
        if part.verdict is not None and part.status in ("wrong", "undecided"):
            yield from _evidence(part.verdict, tr)
        solution = asked.solution.in_(tr.language)
        if solution and part.status not in ("right",):
            yield Said(tr("A right answer:"), tone="dim", depth=1)
            yield Said(solution.strip(), depth=2)
    yield from _steps(part, level, tr)


def _hint(part: PartMark, tr: Translator) -> Iterator[Said]:
    """The exercise's own hint for the mistake, else what the catalogue says of its kind."""
    hints = part.part.hints
    if part.status in ("form", "restated") and "form" in hints:
        yield Said(hints["form"].in_(tr.language), tone="hint", depth=1)
        return
    if part.status not in ("wrong", "carried", "missing", "restated"):
        return
    diagnosis = part.verdict.diagnosis if part.verdict is not None else None
    code = diagnosis.code if diagnosis is not None else ""
    if code in hints:
        yield Said(hints[code].in_(tr.language), tone="hint", depth=1)
    elif code in HINTS:
        yield Said(tr(HINTS[code]), tone="hint", depth=1)
    if "default" in hints and code not in hints:
        yield Said(hints["default"].in_(tr.language), tone="hint", depth=1)


def _steps(part: PartMark, level: Level, tr: Translator) -> Iterator[Said]:
    steps = part.steps
    if len(steps) < 2:
        return
    if level == "full":
        yield Said(tr("Step by step"), tone="head", depth=1)
        for step in steps:
            yield from _step(step, level, tr, 2)
        return
    bad = [s for s in steps if s.status in ("wrong", "not_justified")]
    if bad:
        first = bad[0]
        yield Said(
            _look_again(first.line.place, tr)
            + " "
            + tr(_STEP_WORDS[first.status]),
            f"{_SIGNS.get(first.line.op, '=')} {first.line.latex}",
            tone="hint",
            depth=1,
        )
    elif all(s.is_right for s in steps):
        yield Said(tr("Every step is right."), tone="good", depth=1)


def _look_again(place: Place, tr: Translator) -> str:
    if place.cell:
        return tr("Look at line {line} of cell {cell} again:", line=place.line, cell=place.cell)
    return tr("Look at line {line} again:", line=place.line)


def _step(step: Step, level: Level, tr: Translator, depth: int = 1) -> Iterator[Said]:
    where = step.line.place
    place = (
        tr("cell {cell}, line {line}", cell=where.cell, line=where.line)
        if where.cell
        else tr("line {line}", line=where.line)
    )
    words = f"{place}: {tr(_STEP_WORDS[step.status])}"
    yield Said(words, f"{_SIGNS.get(step.line.op, '=')} {step.line.latex}",
               _STEP_TONE[step.status], depth)  # fmt: skip
    if level == "full" and step.status == "wrong":
        yield from _evidence(step.verdict, tr, depth + 1)
    if step.is_right and step.verdict.assumptions:
        yield from _readings(step.verdict, tr, depth + 1)


_SIGNS: Final = {"=": "=", "<=": r"\le", "<": "<", ">=": r"\ge", ">": ">", "~": r"\approx"}


def _readings(verdict: Verdict, tr: Translator, depth: int = 1) -> Iterator[Said]:
    for reading in verdict.readings:
        yield Said(tr("if {reading}", reading=tr(reading)), tone="dim", depth=depth)
    for assumption in verdict.assumptions:
        yield Said(tr("assuming {hypothesis}", hypothesis=tr(assumption)), tone="dim", depth=depth)


def _evidence(verdict: Verdict, tr: Translator, depth: int = 1) -> Iterator[Said]:
    """The counterexample, the explanation, and the corrected formula."""
    if verdict.counterexample is not None:
        yield from _counterexample(verdict.counterexample, tr, depth)
    diagnosis = verdict.diagnosis
    if diagnosis is not None:
        words = f"{diagnosis.code} {explained(diagnosis, tr)}"
        yield Said(words, tone="bad", depth=depth)
        if diagnosis.corrected:
            yield Said(tr("Right would be"), diagnosis.corrected, "good", depth)
    if verdict.note:
        yield Said(tr(verdict.note), tone="dim", depth=depth)


#: Left-to-right isolate, and its end.
ISOLATE: Final = ("\u2066", "\u2069")
_INSTEAD: Final = re.compile(r" \((?P<new>.*) in place of (?P<old>.*)\)")


def explained(diagnosis: Diagnosis, tr: Translator) -> str:
    """The message of a diagnosis: what its code means, and what stands in place of what."""
    general = CODES.get(diagnosis.code, "")
    if not general or not diagnosis.message.startswith(general):
        return diagnosis.message
    rest = diagnosis.message[len(general) :]
    found = _INSTEAD.fullmatch(rest)
    if found is not None:
        new, old = (isolated(found[k], tr) for k in ("new", "old"))
        rest = " " + tr("({new} in place of {old})", new=new, old=old)
    return tr(general) + rest


def isolated(formula: str, tr: Translator) -> str:
    """A formula that runs from left to right among words that run the other way."""
    return f"{ISOLATE[0]}{formula}{ISOLATE[1]}" if tr.direction == "rtl" else formula


def _counterexample(example: Counterexample, tr: Translator, depth: int) -> Iterator[Said]:
    values = {k: str(v) for k, v in example.indices.items()} | dict(example.values)
    values |= dict(example.functions)
    at = ", ".join(f"{name} = {value}" for name, value in values.items())
    yield Said(tr("For example, at"), at, "bad", depth)
    left, right = rounded(example.left, example.right)
    yield Said(tr("the left side is"), "", "bad", depth, left)
    yield Said(tr("the right side is"), "", "bad", depth, right)


_BALL: Final = re.compile(r"\[(?P<middle>-?[0-9.]+(?:e[-+]?[0-9]+)?) \+/- [0-9.e+-]+\]")
#: Digits that tell two values apart for a reader, and the most that are shown.
_DIGITS: Final = (4, 12)


def _about(value: str, digits: int) -> str:
    return _BALL.sub(lambda m: f"≈ {float(m['middle']):.{digits}g}", value)


def rounded(*values: str) -> list[str]:
    """Enclosures as rounded numbers, with as many digits as tell them apart."""
    for digits in range(_DIGITS[0], _DIGITS[1] + 1):
        shown = [_about(v, digits) for v in values]
        if len(set(shown)) == len(set(values)):
            return shown
    return list(values)


def number(value: float) -> str:
    """Points without needless digits."""
    return f"{round(value, 3):g}"
