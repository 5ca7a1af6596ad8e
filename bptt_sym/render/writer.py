"""The walk over an expression that prints it, in any :class:`~bptt_sym.render.layout.Style`.

The walk keeps its own stack, so no depth of nesting and no length of a sum can exhaust Python's.
A part that occurs again, as the factor :math:`1-h_j^2` does in each term of a series, is laid out
twice at most: its text is kept from the second time on. The time is linear in what is printed.
"""

from __future__ import annotations

from typing import Final

from bptt_sym.errors import LimitExceeded
from bptt_sym.notation import Claim, Node
from bptt_sym.render.layout import RULES, Items, Kept, Slot, Style

#: The most characters that one call prints.
MAX_PRINTED: Final = 2_000_000


def write(root: Node, style: Style, limit: int = MAX_PRINTED) -> str:
    """``root`` in ``style``.

    Raises
    ------
    LimitExceeded
        The text would be longer than ``limit`` characters.
    """
    out: list[str] = []
    room = limit
    stack: Items = [Slot(root)]
    # By identity: a node met once stands for itself, later its strength and text do. Both keep the
    # node alive: a rule may make nodes on the way, and the identity of a dead one is used again.
    plain: dict[int, object] = {}
    compact: dict[int, object] = {}
    rules, pop, push, emit = RULES, stack.pop, stack.extend, out.append
    while stack:
        item = pop()
        if type(item) is str:
            text = item
        elif type(item) is Slot:
            node = item.node
            texts = compact if item.compact else plain
            known = texts.get(id(node))
            if type(known) is tuple:
                strength, text, _ = known
                parts: Items = []
            else:
                rule = rules.get(type(node))
                if rule is None:
                    raise TypeError(f"not an expression node: {type(node).__name__}")
                strength, parts = rule(node, style, item.compact)
                first = parts[0]
                if len(parts) == 1 and type(first) is str:
                    text, parts = first, []
                    texts[id(node)] = (strength, text, node)
                elif known is None:
                    texts[id(node)] = node
                else:
                    kept = Kept(texts, node, strength)
                    parts = [kept, *parts, kept]
            if strength < item.least:
                parts = style.brackets(parts or [text])
            if parts:
                parts.reverse()
                push(parts)
                continue
        else:
            assert type(item) is Kept
            if item.start < 0:
                item.start = len(out)
            else:
                item.texts[id(item.node)] = (item.strength, "".join(out[item.start :]), item.node)
            continue
        emit(text)
        room -= len(text)
        if room < 0:
            raise LimitExceeded(
                f"the printed formula would be longer than {limit} characters",
                hint="print it for a smaller T, or in its rolled form with sums and products",
            )
    return "".join(out)


def write_claim(claim: Claim, style: Style, limit: int = MAX_PRINTED) -> str:
    """A claim in ``style``: its sides with their relations between them."""
    parts = [write(claim.sides[0], style, limit)]
    room = limit - len(parts[0])
    for rel, side in zip(claim.ops, claim.sides[1:], strict=True):
        parts += (style.relation(rel), write(side, style, max(room, 0)))
        room -= len(parts[-1])
    return "".join(parts)
