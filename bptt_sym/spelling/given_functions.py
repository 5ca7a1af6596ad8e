r"""The step as a function that a line gives for any arguments, written out where it is applied.

.. math::

    h_t = F_\theta(h_{t-1}, x_t), \quad F_{U, W}(h, x) = \phi(W h + U x), \qquad
    h_t = \sigma \circ \bar F(h_{t-1}, x_t; \theta), \quad \bar F(h, x; \theta) = W h + U x + b

What is an activation, given by a formula of its argument alone, stays a name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from bptt_sym.documents.document import Formula
from bptt_sym.documents.names import Name, names_in
from bptt_sym.documents.respelling import Edit, closing, edited
from bptt_sym.read.vocabulary import plain_name

_OPEN = re.compile(r"\s*(?:\\(?:left|[bB]igg?l?)\s*)?(?=\()")
_SIZE = re.compile(r"\\(?:right|[bB]igg?r?)\s*\Z")
_GIVES = re.compile(r"\s*&?\s*(?::\s*=|=|\\coloneqq|\\triangleq|\\equiv)\s*&?\s*")
_BEGINS = re.compile(r"(?:\A|\\\\|&|[,;]|\\q?quad|\\text\s*\{[^{}]*\})\s*&?\s*\Z")
_ENDS = re.compile(
    r"\\\\|\\q?quad(?![A-Za-z])|[;\n]|\\end(?![A-Za-z])|\\text(?![A-Za-z])|=|,\s*(?=\\|$)"
)
_SEPARATED = re.compile(r"[,;](?:\s|\\(?:q?quad(?![A-Za-z])|[,;:! ]))*\Z")
#: What a call that is written out stands behind.
_BEHIND = re.compile(r"(?:(?P<of>\\circ\s*)|=\s*&?\s*)\Z")
_CAPITAL = re.compile(r"\\?[A-Z][a-z]*")
_TYPED = re.compile(r"\\(mathbf|boldsymbol|bm|pmb|mathrm)([A-Za-z])\Z")
_STEP = re.compile(r"[A-Za-z}]\s*(?:[_^]|\[|\()")
#: Arguments of one function.
MOST = 4


class _Call(NamedTuple):
    """A function with what it is applied to; parameters stand behind a semicolon."""

    name: Name
    arguments: tuple[str, ...]
    end: int


class _Given(NamedTuple):
    """The arguments of a function by their letters, what it is, and where that ends."""

    letters: tuple[str, ...]
    body: str
    end: int


def with_functions_written_out(formulas: Sequence[Formula]) -> list[Formula]:
    """``formulas`` with what such a function is in the place of its value at a step."""
    found: dict[str, list[_Given]] = {}
    for f in formulas:
        if "(" not in f.latex:
            continue
        for call in _calls(f.latex):
            if (given := _given(f.latex, call)) is not None:
                found.setdefault(call.name.base, []).append(given)
    once = {name: all_[0] for name, all_ in found.items() if len({g.body for g in all_}) == 1}
    if not once:
        return list(formulas)
    edits = [list(_written_out(f.latex, once)) for f in formulas]
    if not any(edits):
        return list(formulas)
    return [
        edited(f, sorted([*found, *_said_beside(f.latex, once)]))
        for f, found in zip(formulas, edits, strict=True)
    ]


def _plain(base: str) -> str:
    """``base`` without its type, whether or not braces are around the letter."""
    return plain_name(_TYPED.sub(r"\\\1{\2}", base))


def _calls(text: str) -> Iterator[_Call]:
    for name in names_in(text):
        # (What stands in brackets behind a name without scripts is one of its scripts there.)
        scripts = [s for s in name.scripts if s.kind in "_^"]
        close = scripts[-1].end if scripts else name.end
        opened = _OPEN.match(text, close)
        if opened is None or (end := closing(text, opened.end(), "(", ")")) is None:
            continue
        inside = _SIZE.sub("", text[opened.end() + 1 : end]).partition(";")[0]
        arguments = tuple(a.strip() for a in _split(inside))
        if 1 <= len(arguments) <= MOST and all(arguments):
            yield _Call(name, arguments, end + 1)


def _split(inside: str) -> Iterator[str]:
    depth = last = 0
    for k, c in enumerate(inside):
        depth += (c in "({[") - (c in ")}]")
        if c == "," and not depth:
            yield inside[last:k]
            last = k + 1
    yield inside[last:]


def _letter(argument: str) -> str:
    """The plain letter that ``argument`` is, "" if it is more."""
    found = names_in(argument)
    alone = len(found) == 1 and (found[0].start, found[0].close) == (0, len(argument))
    return _plain(found[0].base) if alone and not found[0].scripts else ""


def _given(text: str, call: _Call) -> _Given | None:
    letters = tuple(_letter(a) for a in call.arguments)
    gives = _GIVES.match(text, call.end)
    if gives is None or not all(letters) or len(set(letters)) != len(letters):
        return None
    if _BEGINS.search(text, 0, call.name.start) is None:
        return None
    ends = _ENDS.search(text, gives.end())
    end = ends.start() if ends else len(text)
    body = text[gives.end() : end].strip().rstrip(".,;&").strip()
    names = names_in(body)
    plain = {_plain(n.base) for n in names if not n.scripts}
    capitals = {k for n in names if _CAPITAL.fullmatch(k := _plain(n.base))}
    used = [k for k in letters if k in plain]
    if not used or not capitals - set(letters) or letters[0] not in used:
        return None
    if body.count("(") != body.count(")") or body.count("{") != body.count("}"):
        return None
    return _Given(letters, body, end)


def _written_out(text: str, given: dict[str, _Given]) -> Iterator[Edit]:
    done = 0
    for call in _calls(text):
        function = given.get(call.name.base)
        behind = _BEHIND.search(text, 0, call.name.start)
        if function is None or behind is None or call.name.start < done:
            continue
        by_letter = _by_letter(function.letters, call.arguments)
        if by_letter is None:
            continue
        body = function.body
        for n in reversed(names_in(body)):
            if _plain(n.base) in by_letter and not n.scripts:
                body = body[: n.start] + f"{by_letter[_plain(n.base)]} " + body[n.end :]
        done = call.end
        start = call.name.start if behind["of"] is None else behind.start("of")
        yield start, call.end, body if behind["of"] is None else f"({body})"


def _said_beside(text: str, once: dict[str, _Given]) -> Iterator[Edit]:
    """What gives such a function behind another equation of the same formula, to be left out."""
    for call in _calls(text):
        given = _given(text, call) if call.name.base in once else None
        before = _SEPARATED.search(text, 0, call.name.start) if given is not None else None
        if given is not None and before is not None:
            yield before.start(), given.end, ""


def _by_letter(letters: Sequence[str], arguments: Sequence[str]) -> dict[str, str] | None:
    """What takes the place of each letter: by its own letter, or by the order.

    ``None`` if none has a step, or there are too few.
    """
    if not any(_STEP.search(a) for a in arguments):
        return None
    own = {_plain(names[0].base): a for a in arguments if (names := names_in(a))}
    if set(letters) <= set(own):
        return {k: own[k] for k in letters}
    if len(arguments) < len(letters):
        return None
    return dict(zip(letters, arguments, strict=False))
