"""Ranks of names while they are found, and those of expressions, which follow from them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bptt_sym.notation import At, Call, Concat, Node, walk


class Ranks(dict[str, int]):
    """The rank of each name; :meth:`of` remembers those of nodes until a name's rank changes.

    Without that, what is nested deep would be looked through twice at each level.
    """

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        # (A node is kept, so that no other one gets its id.)
        self._known: dict[int, tuple[Node, int]] = {}

    def __setitem__(self, name: str, rank: int) -> None:
        self._known.clear()
        super().__setitem__(name, rank)

    def of(self, node: Node, found: Callable[[Node], int]) -> int:
        """The rank of ``node``, which ``found`` finds."""
        known = self._known.get(id(node))
        if known is None:
            known = self._known[id(node)] = node, found(node)
        return known[1]


def has_sequence(node: Node) -> bool:
    """Whether something in ``node`` runs in time."""
    return any(isinstance(n, (At, Concat, Call)) for n in walk(node))


__all__ = ["Ranks", "has_sequence"]
