r"""Quotients of differences: :math:`(L(w+\varepsilon) - L(w-\varepsilon))/2\varepsilon`.

Such a quotient is the derivative up to what vanishes with :math:`\varepsilon` if its denominator is
the distance of the two points. What is left out is of the order :math:`\varepsilon^2` if the two
lie symmetrically, and of the order :math:`\varepsilon` if not. What fails does so for a power: the
quotient of :math:`f(x) = x` is the distance by the denominator, and its derivative is 1.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from fractions import Fraction

from bptt_sym.decide.verdict import Counterexample, Diagnosis, Verdict
from bptt_sym.diagnose.diagnosis import CODES
from bptt_sym.documents.respelling import closing

_SPACE = re.compile(
    r"\\(?:left|right|[bB]igg?[lr]?|limits)(?![A-Za-z])|\\[,;:! ]|\\q?quad(?![A-Za-z])|~|\s|&"
)
_SMALL = r"(?:\\(?:var)?epsilon|\\delta|\\Delta|\\eta|h|ε|δ)"
_DERIVATIVE = re.compile(
    r"\\[dt]?frac\{(?:\\partial|d)(?P<l>\\?[A-Za-z]+(?:\{[A-Za-z]\})?)[^{}]*\}"
    r"\{(?:\\partial|d)(?P<w>[^{}]*(?:\{[^{}]*\}[^{}]*)*)\}|(?P<l1>[A-Za-z])'\((?P<w1>[^()]*)\)"
)
_RELATION = re.compile(r"=|\\(?:approx|simeq)(?![A-Za-z])|≈")
_LIMIT = re.compile(rf"\\lim_\{{{_SMALL}(?:\\to|\\rightarrow|→)0(?:\^\{{?\+\}}?)?\}}")
_LEFT_OUT = re.compile(r"\+\\?(?:mathcal\{?O\}?|O)\((?P<what>[^()]*)\)$")
_STEP = re.compile(rf"(?P<n>\d?)(?:\\cdot)?(?P<e>{_SMALL})")
_ORDER = re.compile(rf"{_SMALL}(?:\^\{{?(?P<n>\d)\}}?)?")
_UP_TO = "the two are equal up to what vanishes with the difference"


@dataclass(frozen=True)
class _Quotient:
    """``(f(first) - f(second)) / (count · small)``, and the order of what is left out, if said."""

    first: str
    second: str
    denominator: str
    small: str
    count: int
    order: int | None
    is_limit: bool


def of_differences(latex: str) -> Verdict | None:
    """The verdict of an equation between a derivative and such a quotient; ``None`` for others."""
    sides = [_SPACE.sub("", side).rstrip(".,;\\") for side in _RELATION.split(latex)]
    if len(sides) != 2:
        return None
    for derivative, quotient in (sides, sides[::-1]):
        start = _DERIVATIVE.fullmatch(derivative)
        if start is None:
            continue
        found = _quotient(quotient, start["l"] or start["l1"])
        if found is not None:
            verdict = _verdict(found, start["w"] or start["w1"])
            return verdict if derivative is sides[0] else _turned(verdict)
    return None


def _turned(verdict: Verdict | None) -> Verdict | None:
    """``verdict`` with the two sides of its counterexample exchanged."""
    if verdict is None or verdict.counterexample is None:
        return verdict
    shown = verdict.counterexample
    return replace(verdict, counterexample=replace(shown, left=shown.right, right=shown.left))


def _verdict(quotient: _Quotient, by: str) -> Verdict | None:
    (at, first), (other, second) = (
        _moved(point, quotient.small) for point in (quotient.first, quotient.second)
    )
    by = re.sub(r"_\{?[a-z]\}?$", "", by)
    if at != other or re.sub(r"_\{?[a-z]\}?$", "", at) != by:
        return None
    distance, small = first - second, quotient.small
    if distance != quotient.count:
        count = "" if distance == 1 else str(distance)
        said = f"{CODES['BP020']} ({count}{small} in place of {quotient.denominator})"
        return Verdict(
            "wrong",
            counterexample=_at(1, "1", str(Fraction(distance, quotient.count))),
            diagnosis=Diagnosis("BP020", said),
            note="the denominator is not the distance of the two points",
        )
    most = 2 if first == -second else 1
    if quotient.order is not None and quotient.order > most:
        # Of x^(m+1) at 0 the quotient is a multiple of the m-th power of the difference.
        factor = Fraction(first ** (most + 1) - second ** (most + 1), distance)
        power = small if most == 1 else f"{small}^{most}"
        error = power if factor == 1 else f"{factor} {power}"
        return Verdict(
            "wrong",
            counterexample=_at(most + 1, "0", f"{error} + O({small}^{quotient.order})"),
            note=f"what is left out is of the order {power}",
        )
    if quotient.is_limit:
        return Verdict("right", scope="every loss")
    return Verdict("right_under_reading", readings=(_UP_TO,), scope="every loss")


def _at(power: int, left: str, right: str) -> Counterexample:
    """A power at 0 as a counterexample."""
    function = "x" if power == 1 else f"x^{power}"
    return Counterexample(
        T=1, indices={}, values={"f(x)": function, "x": "0"}, left=left, right=right
    )


def _quotient(text: str, loss: str) -> _Quotient | None:
    order = None
    if (left_out := _LEFT_OUT.search(text)) is not None:
        if (power := _ORDER.fullmatch(left_out["what"])) is None:
            return None
        order, text = int(power["n"] or 1), text[: left_out.start()]
    limit = _LIMIT.match(text)
    parts = _parts(text[limit.end() :] if limit is not None else text)
    if parts is None:
        return None
    points = _two_values(parts[0], loss)
    step = _STEP.fullmatch(parts[1])
    if points is None or step is None or step["n"] == "0":
        return None
    count = int(step["n"] or 1)
    return _Quotient(*points, parts[1], step["e"], count, order, limit is not None)


def _parts(text: str) -> tuple[str, str] | None:
    r"""Numerator and denominator of ``\frac{a}{b}``, ``(a)/b`` or ``\frac{1}{b}(a)``."""
    fraction = re.match(r"\\[dt]?frac\{", text)
    if fraction is not None:
        middle = closing(text, fraction.end() - 1)
        if middle is None or text[middle + 1 : middle + 2] != "{":
            return None
        end = closing(text, middle + 1)
        if end is None:
            return None
        above, below, rest = (
            text[fraction.end() : middle], text[middle + 2 : end], text[end + 1 :]
        )  # fmt: skip
        if not rest:
            return above, below
        return (inside, below) if above == "1" and (inside := _bracketed(rest)) else None
    for opens, closes in ("()", "[]"):
        end = closing(text, 0, opens, closes) if text.startswith(opens) else None
        if end is not None and text[end + 1 : end + 2] == "/":
            below = text[end + 2 :]
            return text[1:end], _bracketed(below) or below
    return None


def _bracketed(text: str) -> str:
    """What stands in brackets that are all of ``text``, "" otherwise."""
    for opens, closes in ("()", "[]"):
        if text.startswith(opens) and closing(text, 0, opens, closes) == len(text) - 1:
            return text[1:-1]
    return ""


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
