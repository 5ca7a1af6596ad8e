"""The report on documents as one page that needs nothing else; its mathematics is MathML."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from html import escape

from bptt_sym.check.exercises.feedback import explained
from bptt_sym.check.judged import VERDICTS, Fault, Judged, summary
from bptt_sym.check.page import formula_html, page, plain_html, visible
from bptt_sym.decide.verdict import Counterexample, Diagnosis, Verdict, VerdictName
from bptt_sym.messages import Translator, marked, translator

WORDS: dict[VerdictName, str] = {
    "right": marked("right"),
    "right_under_reading": marked("right if read so"),
    "wrong": marked("wrong"),
    "undecided": marked("undecided"),
    "unreadable": marked("unreadable"),
    "not_a_claim": marked("not a claim"),
}
TONES: dict[VerdictName, str] = {
    "right": "good", "right_under_reading": "hint", "wrong": "bad", "undecided": "open",
    "unreadable": "open", "not_a_claim": "dim",
}  # fmt: skip


def report_html(judged: Sequence[Judged], language: str = "en") -> str:
    """The page: a summary, then each formula with its verdict and evidence, file by file."""
    tr = translator(language)
    body = [_summary(judged, tr)]
    file = None
    for j in judged:
        if j.place.file != file:
            file = j.place.file
            body.append(f'<h2 dir="auto">{escape(visible(file))}</h2>')
        body.append(entry(j, tr))
    return page(tr("Formulas judged by bptt-sym"), "\n".join(body), language, tr.direction)


def _summary(judged: Sequence[Judged], tr: Translator) -> str:
    counts = summary(judged)
    found = [
        f'<span class="{TONES[name]}">{counts[name]} {escape(tr(WORDS[name]))}</span>'
        for name in VERDICTS
        if counts[name]
    ]
    none = tr("no formulas")
    return f"<p>{' · '.join(found) or escape(none)}</p>"


def entry(judged: Judged, tr: Translator) -> str:
    """One formula: place, verdict, the formula, and what the verdict rests on."""
    name = judged.verdict.verdict
    place = f"{judged.place.line}:{judged.place.column}"
    if judged.place.cell:
        place = f"[{judged.place.cell}] {place}"
    parts = [
        f'<section class="entry {name}">',
        f'<p><span class="place" dir="ltr">{place}</span> '
        f'<span class="verdict {TONES[name]}">{escape(tr(WORDS[name]))}</span></p>',
        f'<div class="formula">{formula_html(judged.latex, True)}</div>',
    ]
    if judged.part is not None and judged.part.line:
        parts.append(_caret(judged.part))
    if judged.fault is not None:
        parts += _fault(judged.fault)
    parts += _evidence(judged.verdict, tr, fault=judged.fault is not None)
    return "\n".join([*parts, "</section>"])


def _fault(fault: Fault) -> Iterator[str]:
    """The line of the file with the part that cannot be read marked."""
    yield f'<p class="open" dir="auto">{escape(visible(fault.message))}</p>'
    if fault.line:
        yield _caret(fault)
    if fault.hint:
        yield f'<p class="dim" dir="auto">{escape(visible(fault.hint))}</p>'


def _caret(fault: Fault) -> str:
    """At most 140 characters of the line, the part marked and underlined."""
    start = max(0, fault.place.column - 41) if len(fault.line) > 140 else 0
    column = fault.place.column - 1
    end = min(column + max(1, fault.width), start + 140)
    before, wrong, after = fault.line[start:column], fault.line[column:end], fault.line[end:]
    shown = f"{escape(visible(before))}<mark>{escape(visible(wrong))}</mark>"
    rest = escape(visible(after[: start + 140 - end]))
    under = " " * len(before) + "^" * max(1, len(wrong))
    return f"<pre>{shown}{rest}\n<mark>{under}</mark></pre>"


def _evidence(verdict: Verdict, tr: Translator, *, fault: bool = False) -> Iterator[str]:
    for reading in verdict.readings:
        yield f'<p class="hint">{escape(tr("if {reading}", reading=tr(reading)))}</p>'
    for hypothesis in verdict.assumptions:
        words = tr("assuming {hypothesis}", hypothesis=tr(hypothesis))
        yield f'<p class="hint">{escape(visible(words))}</p>'
    if verdict.counterexample is not None:
        yield from _counterexample(verdict.counterexample, tr)
    if verdict.diagnosis is not None:
        yield from _diagnosis(verdict.diagnosis, tr)
    if verdict.note and not fault:
        yield f'<p class="dim" dir="auto">{escape(visible(_note(verdict.note, tr)))}</p>'
    if len(verdict.links) > 1:
        yield "<ul>"
        for number, link in enumerate(verdict.links, 1):
            place = tr("step {number}", number=number)
            words = f"{place}: {tr(WORDS[link.verdict])}"
            yield f'<li class="{TONES[link.verdict]}">{escape(words)}</li>'
        yield "</ul>"
    how = " · ".join(part for part in (verdict.scope, verdict.method) if part)
    if how and verdict.verdict in ("right", "right_under_reading", "wrong"):
        yield f'<p class="dim"><small dir="ltr">{escape(visible(how))}</small></p>'


def _note(note: str, tr: Translator) -> str:
    """A note in the language, one that begins with a step of a chain too."""
    found = _STEP.fullmatch(note)
    if found is None:
        return tr(note)
    step = tr("step {number} of {count}", number=found[1], count=found[2])
    return f"{step}: {tr(found[3])}" if found[3] else step


_STEP = re.compile(r"step (\d+) of (\d+)(?:: (.*))?", re.DOTALL)


def _counterexample(example: Counterexample, tr: Translator) -> Iterator[str]:
    values = {k: str(v) for k, v in example.indices.items()} | dict(example.values)
    values |= dict(example.functions)
    at = ", ".join(_value(name, value) for name, value in values.items())
    where, left, right = tr("For example, at"), tr("the left side is"), tr("the right side is")
    yield (
        f'<p class="bad">{escape(where)} <span class="formula">{at}</span>: '
        f"{escape(left)} <code>{escape(example.left)}</code>, "
        f"{escape(right)} <code>{escape(example.right)}</code>"
        f"{escape(f' ({example.place})' if example.place else '')}</p>"
    )


def _value(name: str, value: str) -> str:
    return formula_html(f"{name} = {value}")


def _diagnosis(diagnosis: Diagnosis, tr: Translator) -> Iterator[str]:
    words = explained(diagnosis, tr)
    yield f'<p class="bad"><code>{escape(diagnosis.code)}</code> {plain_html(words)}</p>'
    if diagnosis.corrected:
        yield (
            f'<p class="good">{escape(tr("Right would be"))}</p>'
            f'<div class="formula">{formula_html(diagnosis.corrected, True)}</div>'
        )
