"""The parse echo: what was understood, every bracket explicit and every derivative named.

Messages show it beside the formula as written, so that a person sees how it was taken apart.
"""

from __future__ import annotations

from collections.abc import Sequence

from bptt_sym.notation import Claim, Kind, Node, Prod, Sum
from bptt_sym.render.layout import ATOM, FACTOR, Form, Slot
from bptt_sym.render.text import TextStyle
from bptt_sym.render.writer import MAX_PRINTED, write, write_claim


def echo(node: Node | Claim, *, limit: int = MAX_PRINTED) -> str:
    """``a - b c`` as ``a − (b · c)``: the tree itself on one line.

    Raises
    ------
    LimitExceeded
        The text would be longer than ``limit``.
    """
    style = EchoStyle()
    if isinstance(node, Claim):
        return write_claim(node, style, limit)
    return write(node, style, limit)


class EchoStyle(TextStyle):
    """The signs of the terminal; an operand that is not one thing stands in brackets."""

    explicit = True

    def times(self, left: Node, right: Node, compact: bool) -> str:
        return "·" if compact else " · "

    def derivative(self, kind: Kind, y: Node, xs: Sequence[Node]) -> Form:
        _, items = super().derivative("unmarked", y, xs)
        # Which derivative is meant is spelt out; an unmarked one is what a reading has to decide.
        return ATOM, [f"{kind} " if kind != "unmarked" else "", "[", *items, "]"]

    def big(self, op: Sum | Prod, var: str) -> Form:
        strength, items = super().big(op, var)
        items[-1] = Slot(op.body, FACTOR)
        return strength, items
