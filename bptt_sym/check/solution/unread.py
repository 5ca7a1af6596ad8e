r"""Chains of which one side cannot be read: what is said of the others is read without it.

``a = \max_x f(x) \le 1`` says that a is at most 1, whatever stands between.
"""

from __future__ import annotations

from bptt_sym.errors import BpttError, InputError
from bptt_sym.read.chains import Chain, split_claims
from bptt_sym.read.tokens import tokenize

_UP, _DOWN = ("<=", "<"), (">=", ">")
#: Sides of one formula that may be left out.
MOST = 3


def without_side(latex: str, error: InputError) -> str | None:
    """``latex`` with blanks for the side in which ``error`` stands; ``None`` if it cannot go.

    The first side of a chain stays. Of the two relations beside the side the one remains that both
    amount to; where they point in different ways, nothing behind the side is read.
    """
    if error.span is None:
        return None
    try:
        chains = split_claims(tokenize(latex), latex)
    except BpttError:
        return None
    for chain in chains:
        for k, side in enumerate(chain.sides):
            if side[0].start <= error.span.start < side[-1].end:
                return _without(latex, chain, k) if k else None
    return None


def _without(latex: str, chain: Chain, k: int) -> str | None:
    sides = chain.sides
    before, start, end = sides[k - 1][-1].end, sides[k][0].start, sides[k][-1].end
    here, after = chain.ops[k - 1], chain.ops[k] if k < len(chain.ops) else ""
    same_way = any({here, after} <= set(way) for way in (_UP, _DOWN))
    if after and (here == "=" or (same_way and after in ("<", ">"))):
        return _blank(latex, before, end)
    if after == "=" or same_way:
        return _blank(latex, start, sides[k + 1][0].start)
    return _blank(latex, before, sides[-1][-1].end) if k > 1 else None


def _blank(latex: str, start: int, end: int) -> str:
    # (Rows of a block keep their ends.)
    kept = "".join(c if c == "\n" else " " for c in latex[start:end])
    return latex[:start] + kept + latex[end:]


__all__ = ["MOST", "without_side"]
