"""Under what a value is remembered: the node, and what its value depends on."""

from __future__ import annotations

from collections.abc import Mapping, Set
from functools import lru_cache
from typing import Any

from bptt_sym.notation import Node, Sym, children, free_indices
from bptt_sym.remembering import compared


def key(node: Node, env: Mapping[str, int], horizon: int, totals: Set[str]) -> tuple[Any, ...]:
    """A value depends on the free indices of its node, and on the last step if a total is in it.

    The claims of a document have much in common, so that equal nodes stand for one another.
    """
    own = node.__dict__
    same: object = own.get("_same") or _same(node)
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
            return (same, seen)
        case (one,):
            return (same, seen, env.get(one))
        case (one, two):
            return (same, seen, env.get(one), env.get(two))
    return (same, seen, *[env.get(n) for n in names])


def _same(node: Node) -> object:
    """What equal nodes have in common, and no others; it stays with the node."""
    own = node.__dict__
    found: object = own.get("_same")
    if found is None:
        kind: type = type(node)
        found = own["_same"] = _of_content((kind, *[_content(own[n]) for n in compared(kind)]))
    return found


def _content(value: Any) -> Any:
    if isinstance(value, Node):
        return _same(value)
    return tuple(map(_content, value)) if isinstance(value, tuple) else value


@lru_cache(maxsize=1 << 14)
def _of_content(content: tuple[Any, ...]) -> object:
    # (What is forgotten here and comes again gets another one, and is computed again.)
    return object()


def symbols(node: Node) -> frozenset[str]:
    """The names without time that stand in ``node``."""
    known: frozenset[str] | None = node.__dict__.get("_symbols")
    if known is None:
        own = frozenset((node.name,)) if isinstance(node, Sym) else frozenset[str]()
        known = own.union(*map(symbols, children(node)))
        node.__dict__["_symbols"] = known
    return known
