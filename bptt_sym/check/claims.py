"""Judging formulas under one recurrence: what ``bptt-sym check`` does."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import lru_cache

from bptt_sym.check.answer import Court, internal_error, unreadable
from bptt_sym.check.judged import Judged, fault_in, wrong_part
from bptt_sym.check.setting import Setting, option
from bptt_sym.decide.verdict import MISFIT, Verdict
from bptt_sym.documents.document import Formula
from bptt_sym.entries import Entries
from bptt_sym.errors import BpttError, InputError, ShapeError, Span
from bptt_sym.notation import Claim, D, walk
from bptt_sym.recurrence import Recurrence
from bptt_sym.slices import has_slices


def check(formulas: Iterable[Formula], setting: Setting) -> list[Judged]:
    """The verdicts of ``formulas`` under ``setting``, in order; one for each claim.

    Raises
    ------
    InputError
        The setting itself cannot be read; what is wrong in a formula is part of its verdict.
    """
    from bptt_sym.decide.rewriting import mark
    from bptt_sym.read import read_expression
    from bptt_sym.render.latex import latex

    court = court_of(setting)
    court.arena.every_dimension = True
    model = court.model
    if not setting.reference:
        return [j for formula in formulas for j in _judged_with_its_loss(formula, setting)]
    with option("--reference", setting.reference):
        read = read_expression(setting.reference, model)
    # What the author writes is taken as it stands: readings are for the answer.
    wanted = mark(read, lambda d: "total")
    before = f"{latex(wanted, model)} = "
    out = []
    for formula in formulas:
        try:
            answer = read_expression(formula.latex, model)
            claim = Claim((wanted, answer), ("=",), formula.latex)
            verdict = court.judge(claim)
            if verdict.diagnosis is not None:
                only = verdict.diagnosis.corrected.removeprefix(before)
                verdict = replace(verdict, diagnosis=replace(verdict.diagnosis, corrected=only))
        except InputError as error:
            out.append(unreadable(formula, error, model.name))
            continue
        part = wrong_part(formula, verdict)
        judged = Judged(formula.place(), formula.latex, verdict, model.name, part=part)
        out.append(with_clash(judged, formula, claim, model))
    return out


def _judged_with_its_loss(formula: Formula, setting: Setting) -> list[Judged]:
    """The verdicts of ``formula``, whatever name it has for the loss."""
    court = court_of(setting)
    found = judge_formula(formula, court)
    if all(j.verdict.verdict != "unreadable" for j in found):
        return found
    # Few claims need what knows the names of losses.
    from bptt_sym.check.spoken_loss import SAID, spoken_loss

    name = spoken_loss(court.model, formula.latex)
    if not name or any(own in text for text in setting.assume for own in court.model.totals):
        return found
    ways = [_in_a_way(formula, setting, name, way, said) for way, said in enumerate(SAID)]
    # A formula fails if it does whichever way the loss is read.
    return [max(same, key=_standing) for same in zip(*ways, strict=True)] if all(ways) else found


_STANDING = {"right": 5, "right_under_reading": 4, "undecided": 3, "wrong": 2}


def _standing(judged: Judged) -> int:
    return _STANDING.get(judged.verdict.verdict, 0)


def _in_a_way(
    formula: Formula, setting: Setting, name: str, way: int, said: str
) -> list[Judged]:
    """The verdicts with the loss ``name`` in one way; none if the model has another loss."""
    court = court_of(setting, name, way)
    if name not in court.model.totals:
        return []
    court.arena.every_dimension = True
    return [
        replace(j, verdict=replace(
            j.verdict, assumptions=(*j.verdict.assumptions, said.format(name))
        )) if j.verdict.verdict in _STANDING else j
        for j in judge_formula(formula, court)
    ]  # fmt: skip


@lru_cache(maxsize=64)
def court_of(setting: Setting, loss: str = "", way: int = 0) -> Court:
    """Courts are kept: what was computed about a model serves the next claim about it.

    ``loss`` is a name for the loss, to be read in this way, where the model of ``setting`` has none
    of that name (:mod:`bptt_sym.check.spoken_loss`).
    """
    from bptt_sym.read import read_claim

    model = setting.model
    if loss:
        from bptt_sym.check.spoken_loss import with_spoken_loss

        model = with_spoken_loss(model, loss, way) or model
    assume = []
    for text in setting.assume:
        with option("--assume", text):
            assume.append(read_claim(text, model))
            Court.of(model, assume[-1:])
    return Court.of(model, assume)


def judge_formula(formula: Formula, court: Court) -> list[Judged]:
    """The verdict of each claim that the formula makes."""
    from bptt_sym.check.spectral import with_sizes
    from bptt_sym.read import Vocabulary, read_claims

    try:
        vocabulary = with_sizes(Vocabulary.of(court.model), formula.latex)
        claims = read_claims(formula.latex, court.model, vocabulary=vocabulary)
        return judge_claims(formula, claims, court)
    except InputError as error:
        return [unreadable(formula, error, court.model.name)]
    except Exception as error:
        verdict = internal_error(error)
        return [Judged(formula.place(), formula.latex, verdict, court.model.name)]


def judge_claims(formula: Formula, claims: Sequence[Claim], court: Court) -> list[Judged]:
    """The verdict of each of the claims that were read from ``formula``."""
    out = []
    end = 0
    for claim in claims:
        verdict = court.judge(claim)
        if verdict.verdict == "undecided" and MISFIT in verdict.note:
            verdict = _misfitting(claim, verdict, court)
        start, text = 0, formula.latex
        if len(claims) > 1:
            start, text, end = _row(formula.latex, claim, end)
        judged = Judged(
            formula.place(start), text, verdict, court.model.name, display=formula.display,
            part=wrong_part(formula, verdict),
        )  # fmt: skip
        out.append(with_clash(judged, formula, claim, court.model))
    return out


def _misfitting(claim: Claim, verdict: Verdict, court: Court) -> Verdict:
    from bptt_sym.check.dimension import one_unit
    from bptt_sym.check.misfits import with_other_parts, without_shapes

    nodes = [n for side in claim.sides for n in walk(side)]
    if any(isinstance(n, Entries) for n in nodes) or not any(isinstance(n, D) for n in nodes):
        return verdict
    if has_slices(claim):
        return with_other_parts(
            claim, verdict, court.model, lambda c: court.judge(c, explain=False)
        )
    single = one_unit(court.model)
    found = without_shapes(claim, verdict, court, None if single is None else Court.of(single))
    # Where no slip is known, the place at which the shapes clash says most.
    return found if found.is_right or found.diagnosis is not None else verdict


def with_clash(
    judged: Judged, formula: Formula, claim: Claim, model: Recurrence
) -> Judged:
    """``judged`` with the place where the shapes of an undecided claim do not fit, if they do not.

    Only what no reading makes fit gets here: a vector beside a matrix, say, has been read as its
    diagonal matrix before.
    """
    from bptt_sym.check.spectral import is_spectral

    sized = any(is_spectral(s, model) for s in claim.sides)
    if judged.verdict.verdict != "undecided" or sized:
        return judged
    error = _clash(claim, model)
    return judged if error is None else replace(judged, fault=fault_in(formula, error))


def _clash(claim: Claim, model: Recurrence) -> ShapeError | None:
    from bptt_sym.shapes import shape_of, show_shape

    try:
        shapes = [shape_of(side, model.shapes, model.functions) for side in claim.sides]
    except ShapeError as error:
        return error
    except BpttError:
        return None
    for before, after, side in zip(shapes, shapes[1:], claim.sides[1:], strict=False):
        # A scalar stands for a constant of any shape.
        if before and after and before != after:
            return ShapeError(
                f"the right side is {show_shape(after)}, the left side {show_shape(before)}",
                span=side.span,
                hint=f"write something that is {show_shape(before)}",
            )
    return None


def _row(text: str, claim: Claim, after: int) -> tuple[int, str, int]:
    """Where a claim of several starts, its text, and where it ends.

    A row that continues the left side of an earlier one starts at its own right side.
    """
    spans = [side.span or Span(0, len(text)) for side in claim.sides]
    first, rest = spans[0], Span(spans[1].start, spans[-1].end)
    if first.start >= after:
        return first.start, text[first.start : rest.end], rest.end
    sign = text[max(after, first.end) : rest.start].replace("&", "").split("\\\\")[-1].strip()
    left, right = text[first.start : first.end], text[rest.start : rest.end]
    return rest.start, f"{left} {sign or '='} {right}", rest.end
