"""Formulas that go on from a left side that is not written with them: ``= \\sum_t …``.

The derivatives that such a formula could be the value of are tried. It is right if it is one of
them, and wrong if it is none and a slip that can be named makes it one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from bptt_sym.check.failures import with_suppositions
from bptt_sym.check.generic_names import in_place, recurrent_first
from bptt_sym.check.model import Model
from bptt_sym.decide.verdict import Verdict
from bptt_sym.errors import BpttError
from bptt_sym.notation import ZERO, Claim, free_indices
from bptt_sym.read import read_claim
from bptt_sym.read.vocabulary import plain_name
from bptt_sym.recurrence import Recurrence

_LETTER = re.compile(r"[A-Za-z]")
#: What a calculation in numbers is written with.
_CALCULATION = re.compile(
    r"(?:[0-9.,\s()\[\]+\-*/^{}=≈&]|\\(?:times|cdot|approx|left|right|[dt]?frac|q?quad|tanh|sigma|top)(?![A-Za-z])"
    r"|\\(?:begin|end)\s*\{[bpvsmal]*matrix\}|\\\\)*+"
)
#: How many left sides are looked at for the slip that would make one of them right.
MAX_LEFT_SIDES = 2


@dataclass(frozen=True)
class Continued:
    """The verdict of a formula with the left side, in LaTeX, that it was taken to go on from."""

    verdict: Verdict
    model: Model
    left: str


def continues_in_numbers(text: str) -> bool:
    """Whether ``= 4 \\times (25,600 + 256) = …`` goes on from its left side in numbers alone."""
    return _CALCULATION.fullmatch(text) is not None and re.search(r"[0-9]", text) is not None


def continued(
    body: str, models: Iterable[Model], before: str = "", *, part: bool = False
) -> Continued | None:
    """What ``= body`` amounts to under the first of ``models`` that has a left side for it.

    ``before`` is the left side of the formula before it, which is tried first; where only a
    ``part`` of it was meant there, nothing is wrong.
    """
    letters = sorted(set(_LETTER.findall(body)))
    failed: list[tuple[Model, str, Claim, Mapping[str, str]]] = []
    for model in models:
        vocabulary = model.vocabulary
        meant = in_place(body, model.court.model)
        if meant:
            vocabulary = replace(vocabulary, aliases={**vocabulary.aliases, **meant})
        possible = possible_left_sides(model.court.model, letters)
        for left in [before, *possible] if before else possible:
            try:
                claim = read_claim(f"{left} = {body}", model.court.model, vocabulary=vocabulary)
                claim = model.plainly(claim)
                verdict = model.court.holds(claim)
            except (BpttError, ValueError, ArithmeticError):
                continue
            if verdict is not None and model.court.holds(_nothing(claim)) is None:
                return _from(left, claim, verdict, model, meant)
            steps = [free_indices(side) for side in claim.sides]
            if steps[0] == steps[1]:
                failed.append((model, left, claim, meant))
    for model, left, claim, placed in [] if part else failed[:MAX_LEFT_SIDES]:
        verdict = model.court.judge(claim)
        if verdict.verdict == "wrong" and verdict.diagnosis is not None:
            return _from(left, claim, verdict, model, placed)
    return None


def _nothing(claim: Claim) -> Claim:
    """That the left side is 0, which whatever a start of 0 makes 0 would be the value of."""
    return replace(claim, sides=(claim.sides[0], ZERO), ops=claim.ops[:1])


def _from(
    left: str, claim: Claim, verdict: Verdict, model: Model, meant: Mapping[str, str]
) -> Continued:
    said = f"its left side, which is not written with it, is {left}"
    verdict = with_suppositions(verdict, claim, model, meant)
    if verdict.is_right:
        readings = (*verdict.readings, said)
        verdict = replace(verdict, verdict="right_under_reading", readings=readings)
    else:
        verdict = replace(verdict, assumptions=(*verdict.assumptions, said))
    return Continued(verdict, model, left)


def possible_left_sides(rec: Recurrence, letters: Sequence[str]) -> list[str]:
    """The derivatives that a formula without a left side may be the value of."""
    used = set(letters)
    parameters = [
        p for p in recurrent_first(rec) if plain_name(p).lstrip("\\")[:1] in used
    ]  # fmt: skip
    out = []
    for x in parameters[:4]:
        for y in (*rec.totals, *(f"{n}_t" for n in (*rec.states, *rec.gates) if n in rec.states
                                 or rec.shape(n) == ())):  # fmt: skip
            out.append(rf"\frac{{\partial {y}}}{{\partial {x}}}")
    for y in rec.states:
        out += [rf"\frac{{\partial {y}_t}}{{\partial {x}_{{t-1}}}}" for x in rec.states]
    for y in rec.totals:
        out += [rf"\frac{{\partial {y}}}{{\partial {x}_t}}" for x in rec.defined]
    return out[:24]
