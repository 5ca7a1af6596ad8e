r"""The size of a function that a solution cites: ``0 < \tanh' \le 1``, ``|\tanh| < 1``.

It is said of every argument. Here it is said of the model's own pre-activation, which inputs can
make any number.
"""

from __future__ import annotations

import re

from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import edited
from bptt_sym.notation import Fn
from bptt_sym.recurrence import Recurrence
from bptt_sym.render.latex import latex

_SPACE = r"(?:\s|&|~|\\[,;:! ]|\\q?quad(?![a-z]))"
_NUMBER = r"(?:\d+(?:\.\d+)?|\\[dt]?frac\s*\{?\s*\d\s*\}?\s*\{?\s*\d\s*\}?)"
_MARK = (
    r"(?:\\(?:left|right|leq?(?:slant)?|geq?(?:slant)?|lt|gt|lvert|rvert|vert)(?![a-z])"
    r"|[<>=≤≥|+/-])"
)
_NAMES = {"tanh": r"tanh|sech", "sigma": r"sigma|sigmoid"}


_WORDS = re.compile(r"\\text\s*\{[^{}]*\}")


def _function(names: str) -> str:
    plain = rf"\\?(?:{names})(?![A-Za-z])"
    wrapped = rf"\\(?:operatorname|mathrm|text)\s*\{{\s*(?:{names})\s*\}}"
    return rf"(?<![A-Za-z\\])(?:{wrapped}|{plain})\s*(?:'|\^\s*\{{?\s*(?:\\prime|'|2)\s*\}}?)*+"


def with_arguments(formula: Formula, model: Recurrence) -> Formula:
    """``formula`` with the argument of its functions, where it relates only them and numbers.

    A condition that words join to it, ``\\text{ if } |\\tanh| < 1``, is looked at by itself.
    """
    activations = [
        e.rhs for e in model.equations if isinstance(e.rhs, Fn) and e.rhs.name in _NAMES
    ]
    if len(activations) != 1:
        return formula
    function = _function(_NAMES[activations[0].name])
    only = re.compile(rf"(?:{_SPACE}|{_NUMBER}|{_MARK}|{function})*+[.,;]?\s*")
    argument = latex(activations[0].arg)
    edits: list[tuple[int, int, str]] = []
    start = 0
    for end, after in [*((m.start(), m.end()) for m in _WORDS.finditer(formula.latex)),
                       (len(formula.latex), 0)]:  # fmt: skip
        if only.fullmatch(formula.latex, start, end):
            found = re.compile(function).finditer(formula.latex, start, end)
            edits += [(m.end(), m.end(), f"({argument})") for m in found]
        start = after
    return edited(formula, edits)


__all__ = ["with_arguments"]
