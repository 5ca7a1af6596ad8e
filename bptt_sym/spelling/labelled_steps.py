r"""Gates named by a label, their step left out: :math:`c^{(t)} = g_f c^{(t-1)} + g_i k^{(t)}`.

With steps above and labels below, texts leave the former out for brevity. A letter that carries the
labels of several gates is of step t where it has no step and rests on what runs in time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from bptt_sym.documents.document import Formula
from bptt_sym.documents.respelling import edited

_NAME = re.compile(
    r"(?:(?P<accent>\\(?:hat|tilde|bar|widehat|widetilde))\s*(?:\{\s*(?P<braced>[a-z])\s*\}|(?P<plain>[a-z]))"
    r"|(?<![A-Za-z\\{])(?<!\\hat )(?<!\\tilde )(?<!\\bar )(?P<letter>[a-z]))\s*_\s*"
    r"(?:\{\s*(?P<label>[a-z]{1,7})\s*\}|(?P<one>[a-z])(?![A-Za-z]))(?!\s*\}?\s*[\^'])"
)
_STEP = re.compile(
    r"\^\s*\{\s*\(\s*t\s*(?:-\s*1\s*)?\)\s*\}|_\s*(?:t(?![A-Za-z])|\{\s*t\s*(?:-\s*1\s*)?\})"
)
_ROW = re.compile(
    r"\\{2,}|\\begin\s*\{[a-z]+\*?\}|\\end\s*\{[a-z]+\*?\}|\\q?quad(?![A-Za-z])|(?<!\s)\s*,\s*(?=\\?[a-z])"
)
_GIVES = re.compile(r"\s*&?\s*=\s*&?")
#: Labels that are gates of a cell together.
_CELLS = (frozenset("fo"), frozenset("rz"), frozenset(("in", "out")), frozenset(("f", "out")))
#: Labels of what is no part of the cell.
_OUTSIDE = frozenset("xy")


def with_steps_of_gates(formulas: Sequence[Formula]) -> list[Formula]:
    """``formulas`` with a step above the labelled gates that leave it out."""
    texts = [f.latex for f in formulas]
    every = "\n".join(texts)
    if _STEP.search(every) is None:
        return list(formulas)
    labels: dict[str, set[str]] = {}
    for m in _NAME.finditer(every):
        labels.setdefault(_key(m)[0], set()).add(_key(m)[1])
    letters = {k for k, found in labels.items() if any(cell <= found for cell in _CELLS)}
    rows = [row for text in texts for row in _given(text) if row[0][1] not in _OUTSIDE]
    running: set[tuple[str, str]] = set()
    while True:
        more = {
            key for key, right in rows
            if key[0] in letters and key not in running
            and (_STEP.search(right) or any(_key(m) in running for m in _NAME.finditer(right)))
        }  # fmt: skip
        if not more:
            break
        running |= more
    if not running:
        return list(formulas)
    return [_with_steps(f, running) for f in formulas]


def _given(text: str) -> Iterator[tuple[tuple[str, str], str]]:
    """What the rows of a formula say names are, without a derivative."""
    for row in _ROW.split(text):
        m = _NAME.match(row.lstrip(" \n&"))
        if m is not None and (equals := _GIVES.match(m.string, m.end())) is not None:
            right = m.string[equals.end() :]
            if not re.search(r"\\partial|\\delta|\\nabla", right):
                yield _key(m), right


def _with_steps(formula: Formula, running: set[tuple[str, str]]) -> Formula:
    found = (m for m in _NAME.finditer(formula.latex) if _key(m) in running)
    return edited(formula, [(m.end(), m.end(), "^{(t)}") for m in found])


def _key(m: re.Match[str]) -> tuple[str, str]:
    letter = m["braced"] or m["plain"] or m["letter"]
    return f"{m['accent'] or ''} {letter}".strip(), m["label"] or m["one"]
