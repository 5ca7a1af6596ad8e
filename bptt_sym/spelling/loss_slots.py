r"""Derivatives of the loss of a step by one of its arguments, which stand behind it.

.. math::

    L = \sum_t \ell_t(h_t, y_t), \qquad
    \partial_h \ell_t(h_t, y_t), \quad \frac{\partial \ell_t}{\partial h}(h_t, y_t), \quad
    \nabla_h \ell_t(h_t, y_t)

Each is :math:`\partial\ell_t/\partial h_t`. What is added up over the steps, and has arguments, is
such a loss, whatever its letter; without a step of its own it keeps its arguments.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import Edit, edited
from bptt_sym.spelling.function_slots import all_are_names, call_behind, slot_of

_LETTER = (
    r"(?:\\ell(?![A-Za-z])|\\mathcal\s*\{\s*[A-Za-z]\s*\}|(?<![A-Za-z\\])[A-Za-z](?![A-Za-z]))"
)
_AT = r"\s*_\s*(?:\{\s*(?P<at>(?:[a-z]|T)(?:\s*[-+]\s*1)?)\s*\}|(?P<at1>[a-zT](?![A-Za-z])))"
#: ``\\sum_{t=1}^T \\ell_t``
_ADDED = re.compile(
    r"\\sum(?![A-Za-z])\s*(?:\\limits\s*)?(?:[_^]\s*(?:\{[^{}]{1,12}\}|[A-Za-z0-9])\s*){0,2}"
    rf"(?P<of>{_LETTER})(?P<step>{_AT})?"
)
_D = r"(?:\\partial(?![A-Za-z])|\\mathrm\s*\{\s*d\s*\}|(?<![A-Za-z\\])d(?![A-Za-z]))\s*"
_NAME = r"\\?[A-Za-z]+(?:\s*_\s*(?:\{[^{}]*\}|[A-Za-z0-9]))?"
_SIGN = (
    r"(?:\\partial|\\nabla|(?<![A-Za-z\\])D)\s*_\s*"
    rf"(?:\{{\s*(?P<by>{_NAME}|[1-4])\s*\}}|(?P<by1>\\[A-Za-z]+|[A-Za-z1-4]))\s*"
)


def with_arguments_for_slots_of_losses(formulas: Sequence[Formula]) -> list[Formula]:
    """``formulas`` with each such derivative by the argument that it means."""
    found = dict[tuple[str, bool], int]()
    for f in formulas:
        for m in _ADDED.finditer(f.latex) if "\\sum" in f.latex else ():
            call = call_behind(f.latex, m.end())
            if call is not None and all_are_names(call):
                found.setdefault(("".join(m["of"].split()), bool(m["step"])), len(call.arguments))
    if not found:
        return list(formulas)
    for (letter, stepped), count in found.items():
        patterns = _patterns(letter, stepped=stepped)
        formulas = [
            edited(f, sorted(_edits(f.latex, letter, patterns, count))) for f in formulas
        ]
    return list(formulas)


def _patterns(letter: str, *, stepped: bool) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """The signs before the loss and its arguments, and the fraction before them."""
    name = re.escape(letter) if len(letter) > 1 else rf"(?<![A-Za-z\\]){letter}"
    name = rf"(?:(?<=_[A-Za-z]){re.escape(letter)}|{name}(?![A-Za-z]))" + (_AT if stepped else "")
    return re.compile(_SIGN + name), re.compile(
        rf"\\[dt]?frac\s*\{{\s*{_D}(?:\{{\s*)?{name}\s*(?:\}}\s*)?\}}\s*"
        rf"\{{\s*{_D}(?:\{{\s*)?(?P<by>{_NAME})\s*(?:\}}\s*)?\}}(?=\s*(?:\\(?:left|[bB]igg?l?)\s*)?\()"
    )


def _edits(
    text: str, letter: str, patterns: tuple[re.Pattern[str], ...], count: int
) -> Iterator[Edit]:
    for pattern in patterns:
        for m in pattern.finditer(text):
            found = m.groupdict()
            call = call_behind(text, m.end())
            if call is None or len(call.arguments) != count:
                continue
            slot = slot_of(found["by"] or found.get("by1") or "", call.arguments)
            if slot is None:
                continue
            at = found.get("at") or found.get("at1")
            of = f"{letter}_{{{at}}}" if at else f"{letter}({call.inside})"
            yield m.start(), call.end, rf"\frac{{\partial {of}}}{{\partial {slot}}}"
