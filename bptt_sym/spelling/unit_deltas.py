r"""What :math:`\delta_k` and :math:`\delta_j` of the units of a network stand for.

A text says it with a derivative, :math:`\delta_k = -\partial C/\partial net_k`, with a chain of
them that ends in what is differentiated by, or by what it computes at the output,
:math:`\delta_k = (d_k - y_k) g'(net_k)`, where the order of the difference tells the sign.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from bptt_sym.spelling.unit_pieces import Piece, pieces_in

_LOSS = r"(?:\\mathcal\s*\{\s*[A-Z]\s*\}|[CEJL])"
_ONE = re.compile(
    r"\\[dt]?frac\s*\{\s*\\partial\s*(?P<of>(?:[^{}]|\{[^{}]*\})*)\}\s*"
    r"\{\s*\\partial\s*(?P<by>(?:[^{}]|\{[^{}]*\})*)\}\s*(?:\\cdot\s*|\\,\s*)?"
)
_SAID = re.compile(
    rf"\\delta(?P<scripts>[^=]{{0,20}}?)\s*&?\s*(?::?=|\\equiv|\\triangleq)\s*&?\s*(?P<minus>-\s*)?"
    rf"(?:\\partial\s*(?P<loss>{_LOSS})(?P<at>\s*\([^()]*\))?\s*/\s*\\partial\s*(?P<by>\\mathrm\s*\{{[a-z]+\}}|[a-z]))"
)
_GIVEN = re.compile(
    r"\s*\\delta[^=]{0,24}?&?\s*(?::?=|\\equiv|\\triangleq)\s*&?\s*(?P<minus>-\s*)?(?=\\[dt]?frac)"
)
_AT_THE_OUTPUT = re.compile(r"\s*\\delta[^=]{0,24}?&?\s*=\s*&?\s*(?:\\left\s*)?[(\[]")
_SLOPE = re.compile(r"'|\\prime|\(\s*1\s*-")


@dataclass(frozen=True)
class Delta:
    """The loss as it is written, the name that it is differentiated by, and the sign."""

    loss: str
    by: str
    negative: bool


def delta_told(
    texts: Sequence[str], running: Collection[str], example: str
) -> Delta | None:
    """What δ with the letter of a unit stands for; ``None`` if the text does not tell, or twice."""
    found: list[Delta] = []
    for text in texts:
        if (m := _SAID.search(text)) is not None:
            by = m["by"]
            by = "net" if "net" in by else by
            found.append(Delta(m["loss"] + (m["at"] or ""), by, bool(m["minus"])))
            continue
        m = _GIVEN.match(text)
        told = None if m is None else _of_a_chain(text, m, running, example)
        found += [told] if told is not None else []
    if found:
        return found[0] if len(set(found)) == 1 else None
    return None


def _of_a_chain(
    text: str, m: re.Match[str], running: Collection[str], example: str
) -> Delta | None:
    at, first, last = m.end(), None, None
    while (link := _ONE.match(text, at)) is not None:
        first, last, at = first or link, link, link.end()
    if first is None or last is None:
        return None
    loss = first["of"].strip()
    by = pieces_in(last["by"], running, example)
    if not re.fullmatch(rf"{_LOSS}(?:\s*\([^()]*\))?", loss) or len(by) != 1:
        return None
    if not re.match(r"\s*(?:&?\s*=|[.,;]?\s*$|\\q?quad|\\\\)", text[at:]):
        return None  # more than a chain
    return Delta(loss, by[0].base, bool(m["minus"]))


def difference_told(
    texts: Sequence[str], running: Collection[str], example: str,
    arguments: dict[str, str], loss: str,
) -> Delta | None:  # fmt: skip
    """What ``δ_k = (d_k - y_k) g'(net_k)`` tells: the sign, by what arrives at the output.

    ``arguments`` has what arrives at a unit by what leaves it: in the difference of such a name
    and another one, the other one is the target.
    """
    for text in texts:
        m = _AT_THE_OUTPUT.match(text)
        if m is None or _SLOPE.search(text, m.end()) is None:
            continue
        pieces: list[Piece] = [p for p in pieces_in(text, running, example) if p.start >= m.end()]
        if len(pieces) < 2 or pieces[0].units != pieces[1].units:
            continue
        between = text[pieces[0].end : pieces[1].start].strip()
        one, other = pieces[0].base, pieces[1].base
        if between != "-":
            continue
        if other in arguments and one not in arguments:
            return Delta(loss, arguments[other], negative=True)
        if one in arguments and other not in arguments:
            return Delta(loss, arguments[one], negative=False)
    return None
