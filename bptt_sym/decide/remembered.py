"""Under what a value is remembered: the node, and what its value depends on."""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import Any

from bptt_sym.notation import Node, Sym, children, free_indices


def key(node: Node, env: Mapping[str, int], horizon: int, totals: Set[str]) -> tuple[Any, ...]:
    """A value depends on the free indices of its node, and on the last step if a total is in it.

    The id stands for the node, which whoever remembers the value keeps alive.
    """
    own = node.__dict__
    names: tuple[str, ...] | None = own.get("_names")
    if names is None:
        names = own["_names"] = tuple(free_indices(node))
    seen = 0
    if totals:
        below: frozenset[str] | None = own.get("_symbols")
        if not (symbols(node) if below is None else below).isdisjoint(totals):
            seen = horizon
    match names:
        case ():
            return (id(node), seen)
        case (one,):
            return (id(node), seen, env.get(one))
        case (one, two):
            return (id(node), seen, env.get(one), env.get(two))
    return (id(node), seen, *[env.get(n) for n in names])


def symbols(node: Node) -> frozenset[str]:
    """The names without time that stand in ``node``."""
    known: frozenset[str] | None = node.__dict__.get("_symbols")
    if known is None:
        own = frozenset((node.name,)) if isinstance(node, Sym) else frozenset[str]()
        known = own.union(*map(symbols, children(node)))
        node.__dict__["_symbols"] = known
    return known
