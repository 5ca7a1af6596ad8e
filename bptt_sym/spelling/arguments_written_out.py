r"""Derivatives by what stands inside an activation: :math:`\partial L/\partial (W_f x_t + \cdots)`.

What is differentiated by is written out, or its first term is and dots are for the rest. Where one
equation has that as the argument of the activation that gives a value, the derivative is by this
argument, and so is a slope at :math:`(\cdot)` beside it. :math:`f_t = \sigma(\cdot)` alone says
nothing that could be judged.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import Edit, closing, edited
from bptt_sym.spelling.deltas import by_argument

_GIVEN = re.compile(
    r"(?:\\(?:mathbf|boldsymbol|bm)\s*\{\s*(?P<bold>[a-z])\s*\}|(?<![A-Za-z\\{])(?P<plain>[a-z]))"
    r"\s*_\s*(?:t|\{\s*t\s*\})\s*&?\s*=\s*&?\s*(?:\\(?:sigma|tanh|phi)|tanh|"
    r"\\(?:text|mathrm|operatorname)\s*\{[a-z]+\})\s*(?:\\(?:left|[bB]igg?l?)\s*)?(?P<open>\()"
)
_BY = re.compile(r"\\partial\s*\{?\s*(?P<bracket>(?:\\(?:left|[bB]igg?l?)\s*)?(?P<open>\())")
_AT_A_POINT = re.compile(r"'\s*(?:\\left\s*)?\(\s*\\cdot\s*(?:\\right\s*)?\)")
_SAYS_NOTHING = re.compile(
    r"[^=<>]{1,60}?(?P<right>=\s*&?\s*(?:\\[a-z]+|\\(?:text|mathrm|operatorname)\s*\{[a-z]+\})\s*"
    r"(?:\\left\s*)?\(\s*\\cdot\s*(?:\\right\s*)?\)\s*[.,;]?)\s*"
)
_DOTS = re.compile(r"\+(?:\\[lc]?dots[cb]?|\.\.\.|…)\Z")
_SIDE = re.compile(r"\\(?:right|[bB]igg?r?)\s*\Z")
#: An argument is shorter; a bracket that never closes is looked for no further.
_LONGEST = 400


def with_arguments_for_sums(formulas: Sequence[Formula]) -> list[Formula]:
    """``formulas`` with the argument of a gate where they differentiate by its sum."""
    formulas = [_without_a_point(f) if r"\cdot" in f.latex else f for f in formulas]
    if not any(_BY.search(f.latex) for f in formulas):
        return list(formulas)
    made = dict[str, set[str]]()
    for f in formulas:
        for m in _GIVEN.finditer(f.latex):
            inside = _inside(f.latex, m.start("open"))
            if inside is not None:
                made.setdefault(_key(inside[0]), set()).add(m["bold"] or m["plain"])
    return [edited(f, _edits(f.latex, made)) for f in formulas] if made else list(formulas)


def _without_a_point(formula: Formula) -> Formula:
    m = _SAYS_NOTHING.fullmatch(formula.latex)
    return formula if m is None else edited(formula, [(*m.span("right"), "")])


def _edits(text: str, made: dict[str, set[str]]) -> list[Edit]:
    edits: list[Edit] = []
    for m in _BY.finditer(text):
        inside = _inside(text, m.start("open"))
        if inside is None or "+" not in inside[0]:
            continue
        key, end = _key(inside[0]), inside[1]
        open_ended = _DOTS.search(key)
        start = key[: open_ended.start() + 1] if open_ended else ""
        found = [gates for whole, gates in made.items()
                 if (whole.startswith(start) if start else whole == key)]  # fmt: skip
        if len(found) == 1 and len(found[0]) == 1:
            (gate,) = found[0]
            edits.append((m.start("bracket"), end, by_argument(gate)))
    if len({new for *_, new in edits}) == 1:
        ((*_, new), *_) = edits
        edits += [(*m.span(), f"'({new})") for m in _AT_A_POINT.finditer(text)]
    return sorted(edits)


def _inside(text: str, at: int) -> tuple[str, int] | None:
    """What stands in the bracket that opens at ``at``, and where it ends."""
    end = closing(text, at, "(", ")", within=_LONGEST)
    if end is None:
        return None
    return _SIDE.sub("", text[at + 1 : end]), end + 1


def _key(text: str) -> str:
    return re.sub(r"[\s{}]|\\[,;:! ]|\\cdot(?![A-Za-z])", "", text)
