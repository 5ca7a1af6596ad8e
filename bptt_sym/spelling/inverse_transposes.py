r"""The inverse of a transpose in one script: :math:`J_t^{-\top}` is :math:`(J_t^{-1})^\top`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from bptt_sym.documents.document import Formula
from bptt_sym.documents.names import names_in
from bptt_sym.documents.respelling import Edit, edited

_SIGN = r"\\(?:top|intercal|mathsf\s*\{\s*T\s*\}|mathrm\s*\{\s*T\s*\})"
_ABOVE = re.compile(rf"\^\s*\{{\s*-\s*{_SIGN}\s*\}}")
_CLOSES = re.compile(r"[)\]]\s*\Z")
_LEFT = re.compile(r"\\(?:left|[bB]igg?l?)\s*\Z")


def with_inverses_turned(formulas: Sequence[Formula]) -> list[Formula]:
    """``formulas`` with the two signs one after the other."""
    return [
        edited(f, sorted(_edits(f.latex))) if _ABOVE.search(f.latex) else f for f in formulas
    ]


def _edits(text: str) -> Iterator[Edit]:
    names = {n.scripts[-1].start: n for n in names_in(text) if n.scripts}
    for m in _ABOVE.finditer(text):
        before = text[: m.start()]
        if (name := names.get(m.start())) is not None:
            start = name.start
        elif _CLOSES.search(before):
            start = _opening(before.rstrip())
        else:
            continue
        if start >= 0:
            yield start, start, r"\left("
            yield m.start(), m.end(), r"^{-1}\right)^{\top} "


def _opening(text: str) -> int:
    """Where the bracket opens that closes at the end of ``text``, -1 if nowhere."""
    depth = 0
    for k in range(len(text) - 1, -1, -1):
        depth += (text[k] in ")]") - (text[k] in "([")
        if not depth:
            left = _LEFT.search(text, 0, k)
            return left.start() if left is not None else k
    return -1
