"""Answers in other index letters: what holds for every k answers a question about every t."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import permutations

from bptt_sym.check.solution.lines import Chain
from bptt_sym.notation import Idx, Node, free_indices, substitute_index

#: Letters that are exchanged at once.
MOST = 2


def in_other_letters(target: Node, chain: Chain, same: Callable[[Node, Node], bool]) -> bool:
    """Put the letters of ``target`` for those of ``chain``, if its left side is then the target."""
    wanted, own = sorted(free_indices(target)), sorted(free_indices(chain.left))
    if len(wanted) != len(own) or wanted == own or len(own) > MOST:
        return False
    others = set().union(*(free_indices(side.node) for side in chain.sides)) - set(own)
    if others & set(wanted):
        return False
    for letters in permutations(wanted):
        change = dict(zip(own, letters, strict=True))
        if same(target, _changed(chain.left, change)):
            sides = [replace(s, node=_changed(s.node, change)) for s in chain.sides]
            chain.sides = sides
            return True
    return False


def _changed(node: Node, change: dict[str, str]) -> Node:
    """All letters at once: by way of names that nothing has."""
    for k, old in enumerate(change):
        node = substitute_index(node, old, Idx(f"\N{WHITE BULLET}{k}"))
    for k, new in enumerate(change.values()):
        node = substitute_index(node, f"\N{WHITE BULLET}{k}", Idx(new))
    return node


__all__ = ["in_other_letters"]
