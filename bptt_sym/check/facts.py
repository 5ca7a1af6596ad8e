r"""Facts that texts about gradients cite: what comes later, norms of matrices, small differences.

:math:`\partial h_t/\partial x_k = 0` for :math:`k > t`, since no step depends on a later one;
what holds of any matrices (:mod:`bptt_sym.check.any_matrices`); and the quotient of differences by
which a gradient is checked, :math:`(L(w+\varepsilon) - L(w-\varepsilon))/2\varepsilon`, which is
the derivative up to what vanishes with :math:`\varepsilon` if the denominator is the distance of
the two points.
"""

from __future__ import annotations

import re

from bptt_sym.check.any_matrices import of_any_matrices
from bptt_sym.check.models import Models
from bptt_sym.check.slopes import of_an_activation
from bptt_sym.check.softmax import of_a_loss, of_a_softmax
from bptt_sym.decide.verdict import Diagnosis, Verdict
from bptt_sym.definitions.outline import Row
from bptt_sym.diagnose.diagnosis import CODES
from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import closing
from bptt_sym.read.vocabulary import plain_name

_NAME = r"(?:\\[A-Za-z]+\s*\{\s*\\?[A-Za-z]+\s*\}|\\[A-Za-z]+|[A-Za-z])"
_AT = r"\s*(?:_\s*\{?\s*%s\s*\}?|\^\s*\{\s*\(\s*%s\s*\)\s*\})"
_FIRST, _SECOND = (_AT % (f"(?P<{k}>[a-z])", f"(?P<{k}1>[a-z])") for k in "ab")
_VANISHES = re.compile(
    rf"\s*\\[dt]?frac\s*\{{\s*\\partial\s*\{{?\s*(?P<of>{_NAME}){_FIRST}\s*\}}?\s*\}}\s*"
    rf"\{{\s*\\partial\s*\{{?\s*(?P<by>{_NAME}){_SECOND}\s*\}}?\s*\}}\s*&?\s*=\s*&?\s*"
    r"(?:0|\\(?:mathbf|boldsymbol|bm)\s*\{\s*0\s*\})(?![0-9.])"
)
_GREATER, _LESS = r"(?:>|\\gt(?![A-Za-z]))", r"(?:<|\\lt(?![A-Za-z]))"
#: What may stand between a claim and its condition.
_SPACE = re.compile(r"\\(?:left|right|[bB]igg?[lr]?)(?![A-Za-z])|\\[,;:! ]|~|\s|&")
_SMALL = r"(?:\\(?:var)?epsilon|\\delta|\\Delta|\\eta|h|ε|δ)"
_QUOTIENT = re.compile(
    r"(?:\\frac\{(?:\\partial|d)(?P<l>\\?[A-Za-z]+(?:\{[A-Za-z]\})?)[^{}]*\}"
    r"\{(?:\\partial|d)(?P<w>[^{}]*(?:\{[^{}]*\}[^{}]*)*)\}|(?P<l1>[A-Za-z])'\((?P<w1>[^()]*)\))"
    r"&?(?:=|\\approx|\\simeq|≈)&?\\frac\{"
)
_OF_FIRST = "a step depends on no later one"
_UP_TO = "the two are equal up to what vanishes with the difference"


def of_a_fact(row: Row, formula: Formula, models: Models) -> Verdict | None:
    """The verdict of ``row`` if it needs no recurrence: one of these facts, the slope of an
    activation, the derivative of a softmax or of a loss; ``None`` for every other row.
    """
    # (As it is written: L(w) stands for L elsewhere.)
    written = (formula.origin or formula).latex
    softmax = models.context.wording.softmax
    found = of_an_activation(row.latex, formula.written) or of_a_softmax(row.latex, softmax)
    found = found or of_a_loss(row.latex, softmax)
    found = found or _later(row, formula, models) or of_any_matrices(row, formula, models)
    return found or _differences(row.latex) or _differences(written)


def _later(row: Row, formula: Formula, models: Models) -> Verdict | None:
    found = _VANISHES.match(row.latex)
    if found is None or models.current is None:
        return None
    a, b = (found[k] or found[f"{k}1"] for k in "ab")
    said = _SPACE.sub("", (formula.origin or formula).latex)
    later = rf"{b}{_GREATER}{a}(?![A-Za-z0-9+-])|{a}{_LESS}{b}(?![A-Za-z0-9-])"
    if a == b or not re.search(later, said):
        return None
    rec = models.current.court.model
    of, by = plain_name(found["of"]), plain_name(found["by"])
    forward = of in rec.defined and of not in models.context.ahead
    if not forward or by not in (*rec.defined, *rec.inputs):
        return None
    return Verdict("right", scope="every T", method=_OF_FIRST, note="")


def _differences(latex: str) -> Verdict | None:
    text = re.sub(r"\+\\?(?:mathcal\{O\}|O)\(.*$", "", _SPACE.sub("", latex))
    start = _QUOTIENT.match(text)
    if start is None:
        return None
    middle = closing(text, start.end() - 1)
    if middle is None or text[middle + 1 : middle + 2] != "{":
        return None
    end = closing(text, middle + 1)
    if end is None or text[end + 1 :].strip(".,;&\\ "):
        return None
    points = _two_values(text[start.end() : middle], start["l"] or start["l1"])
    step = re.fullmatch(rf"(?P<n>\d?)\\?(?:cdot)?(?P<e>{_SMALL})", text[middle + 2 : end])
    if points is None or step is None:
        return None
    moved = [_moved(p, step["e"]) for p in points]
    by = re.sub(r"_\{?[a-z]\}?$", "", start["w"] or start["w1"])
    if moved[0][0] != moved[1][0] or re.sub(r"_\{?[a-z]\}?$", "", moved[0][0]) != by:
        return None
    distance = moved[0][1] - moved[1][1]
    if distance == int(step["n"] or 1):
        return Verdict("right_under_reading", readings=(_UP_TO,), scope="every loss")
    count = "" if distance == 1 else str(distance)
    said = f"{CODES['BP020']} ({count}{step['e']} in place of {text[middle + 2 : end]})"
    return Verdict(
        "wrong", diagnosis=Diagnosis("BP020", said),
        note="the denominator is not the distance of the two points",
    )  # fmt: skip


def _two_values(text: str, loss: str) -> tuple[str, str] | None:
    """The points of ``L(a) - L(b)``."""
    head = f"{loss}("
    if not text.startswith(head):
        return None
    first = closing(text, len(head) - 1, "(", ")")
    if first is None:
        return None
    rest = text[first + 1 :]
    if not rest.startswith(f"-{head}") or closing(rest, len(head), "(", ")") != len(rest) - 1:
        return None
    return text[len(head) : first], rest[len(head) + 1 : -1]


def _moved(point: str, small: str) -> tuple[str, int]:
    """A point without the small step, and how many of these there are."""
    step = rf"([+-])(\d?){re.escape(small)}(?:\\?[a-z]+_\{{?[a-z]\}}?)?(?=[,;)]|$)"
    found = re.search(step, point)
    if found is None:
        return point, 0
    count = int(found[2] or 1)
    return point[: found.start()] + point[found.end() :], count if found[1] == "+" else -count
