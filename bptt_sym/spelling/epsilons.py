r"""Gradients named by ε or e with their variable and their step: ``\epsilon_f^t``, ``e^c_t``.

What most texts call δ. The letter is that mark where the text has no δ, it stands with at least two
different names of sequences in its scripts (e with three, two of them gates), each beside a step,
and every equation that has it gives it or a derivative. A small number has no scripts, the error of
an output one only, and noise stands in an equation of the network.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence

from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import replaced

_LETTER = r"(?:[A-Za-z]|\\(?:tilde|hat|bar|mathbf|boldsymbol|bm)\s*(?:\{\s*[A-Za-z]\s*\}|[A-Za-z]))"
_STEP = r"\(?\s*[tT]\s*(?:[-+]\s*[0-9]\s*)?\)?"
_BODY = r"\{(?:[^{}]|\{[^{}]*+\})*+\}|[A-Za-z]"
_MARK = re.compile(
    r"(?P<mark>\\(?:var)?epsilon(?![A-Za-z])|(?<![A-Za-z\\])e(?![A-Za-z]))"
    rf"(?P<scripts>\s*[_^]\s*(?:{_BODY})(?:\s*[_^]\s*(?:{_BODY}))?)"
)
_SCRIPT = re.compile(rf"[_^]\s*(?P<body>{_BODY})")
_NAME = re.compile(rf"{_LETTER}(?:\s*_\s*\{{?\s*{_LETTER}\s*\}}?)?")
_GATES = frozenset("fiozrgu")
_ROW = re.compile(r"\\\\|\n\n|\\q?quad")
_DERIVES = re.compile(r"\\partial|\\nabla|∂|∇|\\[dt]?frac\s*\{\s*d|(?<![A-Za-z\\])d[A-Za-z\\]")
#: A name at a step, without a mark.
_RUNS = re.compile(rf"(?<![_^{{\s])\s*(?P<name>{_LETTER})\s*[_^]\s*(?:\{{\s*{_STEP}\s*\}}|t)")


def with_deltas_for_epsilons(formulas: Sequence[Formula]) -> list[Formula]:
    """``formulas`` with δ for another letter that marks the gradients of the text."""
    texts = [f.latex for f in formulas]
    if any(r"\delta" in t or r"\Delta" in t for t in texts):
        return list(formulas)
    names: dict[str, set[str]] = defaultdict(set)
    given: set[str] = set()
    for text in texts:
        for m in _MARK.finditer(text):
            names[m["mark"]] |= set(_name(m["scripts"]))
        given |= _given(text)
    runs = {_faceless(m["name"]) for t in texts for m in _RUNS.finditer(t)}
    marks = {
        mark for mark, found in names.items()
        if mark in given and len(found) > 1 and {n for n in found if "_" not in n} <= runs
        and (mark != "e" or (len(found) > 2 and len(found & _GATES) > 1))
    } - {mark for t in texts for mark in _computed_with(t)}  # fmt: skip
    if len(marks) != 1:
        return list(formulas)

    def new(m: re.Match[str]) -> str | None:
        named = m["mark"] in marks and any(_name(m["scripts"]))
        return rf"\delta{m['scripts']}" if named else None

    return [replaced(f, _MARK, new) for f in formulas]


def _sides(text: str) -> Iterator[tuple[str, str]]:
    """The left side of each equation, and the rest of it."""
    for row in _ROW.split(text):
        left, equals, right = row.partition("=")
        if equals:
            yield left, right


def _given(text: str) -> set[str]:
    """The marks that an equation works out from others."""
    return {
        m["mark"] for left, right in _sides(text)
        if (m := _MARK.search(left)) and (_MARK.search(right) or _DERIVES.search(right))
    }  # fmt: skip


def _computed_with(text: str) -> set[str]:
    """The marks in equations of the network: noise."""
    return {
        m["mark"] for left, right in _sides(text)
        if not _DERIVES.search(left) and not _MARK.search(left) and left.strip(" &\n")
        for m in _MARK.finditer(right) if any(_name(m["scripts"]))
    }  # fmt: skip


def _name(scripts: str) -> Iterator[str]:
    """The name in ``scripts`` that hold one name and one step."""
    pieces = []
    for m in _SCRIPT.finditer(scripts):
        body = m["body"]
        inside = body[1:-1] if body.startswith("{") else body
        pieces += [p.strip() for p in inside.split(",")]
    steps = [p for p in pieces if re.fullmatch(_STEP, p)]
    if len(pieces) == 2 and len(steps) == 1:
        name = pieces[1] if pieces[0] in steps else pieces[0]
        if _NAME.fullmatch(name):
            yield _faceless(name)


def _faceless(name: str) -> str:
    """``name`` without braces, bold or not."""
    return re.sub(r"\\(?:mathbf|boldsymbol|bm)(?![A-Za-z])|[\s{}]", "", name)
