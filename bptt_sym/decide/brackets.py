"""Whether a product stands in brackets of its own: what binds first in it is not for a reading."""

from __future__ import annotations

import re

from bptt_sym.notation import Claim, Had, Mul, Node, walk

_OPENS = re.compile(r"(?:[(\[]|\\\{)\s*\Z")
_CLOSES = re.compile(r"\s*(?:\\right|\\[bB]igg?r?)?\s*(?:[)\]]|\\\})")
#: How far before a product its bracket is looked for.
_REACH = 8


def in_brackets(node: Node, source: str) -> bool:
    """Whether ``node``, of a claim that was read from ``source``, is written in brackets."""
    if node.span is None or node.span.end > len(source):
        return False
    before = source[max(0, node.span.start - _REACH) : node.span.start]
    return _OPENS.search(before) is not None and _CLOSES.match(source, node.span.end) is not None


def bracketed(claim: Claim) -> tuple[bool, ...]:
    """Of each product within one entry by entry, whether it is in brackets: equal nodes may differ
    in that."""
    return tuple(
        in_brackets(part, claim.source)
        for side in claim.sides for n in walk(side) if isinstance(n, Had)
        for part in n.args if isinstance(part, Mul)
    )  # fmt: skip
