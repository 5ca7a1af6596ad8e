r"""Derivatives of a function by one of its arguments, at the arguments that stand behind it.

.. math::

    h_t = f_\theta(h_{t-1}, x_t), \qquad
    \frac{\partial f_\theta}{\partial h}(h_t, x_{t+1}), \quad
    \partial_h f_\theta(h_t, x_{t+1}), \quad D_1 f(h_t, x_{t+1}, \theta)

Each is :math:`\partial f(h_t, x_{t+1}, \theta)/\partial h_t`: the argument that has this letter, or
stands at this place, is what is differentiated by, all others held fixed. A parameter below the
letter of the function is its last argument. What a line applies to two arguments at least, one of
them of some step, is such a function.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from bptt_sym.documents.document import Formula
from bptt_sym.documents.names import names_in
from bptt_sym.documents.respelling import Edit, closing, edited
from bptt_sym.read.vocabulary import plain_name

_PARAMETER = r"(?:\\(?:theta|Theta|vartheta|phi|psi|omega|xi)(?![A-Za-z])|[wWU](?![A-Za-z]))"
_LABEL = rf"\s*_\s*(?:\{{\s*(?P<p>{_PARAMETER})\s*\}}|(?P<p1>{_PARAMETER}))"
_LETTER = (
    r"(?P<f>\\(?:Phi|phi|varphi|psi|ell|mathcal\s*\{\s*[A-Z]\s*\})(?![A-Za-z])"
    r"|(?:(?<![A-Za-z\\])|(?<=_[A-Za-z]))[fgFGHSl](?![A-Za-z]))"
)
_OPEN = r"\s*(?:\\(?:left|[bB]igg?l?)\s*)?\("
_HEAD = re.compile(rf"{_LETTER}(?:{_LABEL})?")
_OPENS = re.compile(_OPEN)
#: ``h_t = `` before a function: what it gives.
_GIVES = re.compile(r"[_^(\[]\s*\{?\s*[(<]?\s*t\s*(?:\+\s*1\s*)?[)>\]]?\s*\}?\s*&?\s*:?=\s*&?\s*\Z")
_WINDOW = 30
_BY = (
    r"\s*(?:\{\s*(?P<by>\\?[A-Za-z]+(?:\s*_\s*(?:\{[^{}]*\}|[A-Za-z0-9]))?|[1-4])\s*\}"
    r"|(?P<by1>\\[A-Za-z]+|[A-Za-z1-4]))\s*"
)
#: ``\\partial_h``, ``\\nabla_{h}``, ``D_1`` before a function.
_SIGN = re.compile(rf"(?:\\partial|\\nabla|∂|(?<![A-Za-z\\])D)\s*_{_BY}(?=[\\A-Za-z])")
#: ``\\frac{\\partial f}{\\partial h}``, with its arguments behind it.
_D = r"(?:\\partial(?![A-Za-z])|\\mathrm\s*\{\s*d\s*\}|(?<![A-Za-z\\])d(?![A-Za-z]))\s*"
_FRACTION = re.compile(
    rf"\\[dt]?frac\s*\{{\s*{_D}(?:\{{\s*)?{_LETTER}(?:{_LABEL})?\s*(?:\}}\s*)?\}}\s*"
    rf"\{{\s*{_D}(?:\{{\s*)?(?P<by>\\?[A-Za-z]+(?:\s*_\s*(?:\{{[^{{}}]*\}}|[A-Za-z0-9]))?)\s*(?:\}}\s*)?\}}"
    rf"(?=\s*(?:\\(?:left|[bB]igg?l?)\s*)?\()"
)
_SIZE = re.compile(r"\\(?:right|[bB]igg?r?)\s*\Z")


@dataclass(frozen=True)
class Call:
    """What stands in the parentheses behind a function, and where they end."""

    arguments: tuple[str, ...]
    inside: str
    end: int


def with_arguments_for_slots(formulas: Sequence[Formula]) -> list[Formula]:
    """``formulas`` with each such derivative by the argument that it means."""
    functions: dict[str, tuple[int, str]] = {}
    for f in formulas:
        for letter, known in _given_in(f.latex):
            if functions.setdefault(letter, known) != known:
                return list(formulas)  # one letter for several functions
    if not functions:
        return list(formulas)
    labelled = {k for k, (_, label) in functions.items() if label}
    if not labelled and not any(
        _SIGN.search(f.latex) or _FRACTION.search(f.latex) for f in formulas
    ):
        return list(formulas)
    return [edited(f, _edits(f.latex, functions)) for f in formulas]


def _given_in(text: str) -> Iterator[tuple[str, tuple[int, str]]]:
    """The functions that give something of step t: how many arguments, which parameter below."""
    for m in _HEAD.finditer(text):
        if not _GIVES.search(text, max(0, m.start() - _WINDOW), m.start()):
            continue
        call = call_behind(text, m.end())
        if call is None or not all_are_names(call) or not _ends_there(text, call.end):
            continue
        label = m["p"] or m["p1"] or ""
        if len(call.arguments) > 1 or label:
            yield _tight(m["f"]), (len(call.arguments), label)


_ENDS = re.compile(
    r"\s*(?:\\(?:right|[,;:! ])\s*)*(?:[.,;&=~]|\\(?:q?quad|end|text|mathrm|tag|\\)|\n|\Z)"
)


def _ends_there(text: str, at: int) -> bool:
    return _ENDS.match(text, at) is not None


def all_are_names(call: Call) -> bool:
    """Whether each argument is one name, and one of them has a step."""
    names = [names_in(a) for a in call.arguments]
    alone = all(ns and ns[0].start == 0 and ns[0].close == len(a)
                for ns, a in zip(names, call.arguments, strict=True))  # fmt: skip
    return alone and any(ns[0].scripts for ns in names)


def call_behind(text: str, at: int) -> Call | None:
    opened = _OPENS.match(text, at)
    end = closing(text, opened.end() - 1, "(", ")", within=200) if opened is not None else None
    if opened is None or end is None:
        return None
    inside = _SIZE.sub("", text[opened.end() : end]).strip()
    parts = tuple(a.strip() for a in re.split(r"[,;](?![^{}(]*[)}])", inside))
    return Call(parts, inside, end + 1) if all(parts) else None


def _edits(text: str, functions: Mapping[str, tuple[int, str]]) -> list[Edit]:
    edits: list[Edit] = []
    done = 0
    for m in _HEAD.finditer(text):
        known = functions.get(_tight(m["f"]))
        if known is None or m.start() < done:
            continue
        count, label = known
        fraction = next((f for f in _FRACTION.finditer(text, max(0, m.start() - _WINDOW))
                         if f.start("f") == m.start()), None)  # fmt: skip
        call = call_behind(text, fraction.end() if fraction is not None else m.end())
        own = m["p"] or m["p1"] or ""
        if call is None or own not in ("", label) or len(call.arguments) != count:
            if own and own == label:
                edits.append((m.start(), m.end(), f"{m['f']} "))
            continue
        inside = f"{call.inside}, {label}" if label else call.inside
        applied = rf"{m['f']}({inside})"
        arguments = (*call.arguments, *([label] if label else []))
        sign = next((s for s in _SIGN.finditer(text, max(done, m.start() - _WINDOW), m.end())
                     if s.end() == m.start()), None)  # fmt: skip
        by = fraction or sign
        if by is not None:
            slot = slot_of(by["by"] or (sign["by1"] if sign is not None else ""), arguments)
            if slot is None:
                continue
            new = rf"\frac{{\partial {applied}}}{{\partial {slot}}}"
            edits.append((by.start(), call.end, new))
        elif label:
            edits.append((m.start(), call.end, applied))
        else:
            continue
        done = call.end
    return edits


def slot_of(by: str, arguments: Sequence[str]) -> str | None:
    """The argument that is called ``by``: its place, itself, or its letter."""
    if by.isdigit():
        return arguments[int(by) - 1] if 0 < int(by) <= len(arguments) else None
    same = [a for a in arguments if _tight(a) == _tight(by)]
    if not same and "_" not in by:
        letters = [(a, names_in(a)) for a in arguments]
        same = [a for a, ns in letters if ns and plain_name(ns[0].base) == plain_name(by)]
    return same[0] if len(same) == 1 else None


def _tight(text: str) -> str:
    return re.sub(r"[\s{}]", "", text)
