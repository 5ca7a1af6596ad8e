"""What a claim of quantities without time says of their names, and what it leaves open."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from bptt_sym.check.quantities.deciding import verdict_of
from bptt_sym.check.quantities.graph import Graph
from bptt_sym.check.quantities.lines import KNOWN, is_decimal, is_number
from bptt_sym.notation import Add, Call, Claim, D, Fn, Had, Mul, Node, Sym, rebuild, walk


def is_open(node: Node) -> bool:
    """Whether a side is a function of which nothing is said: ``f(u)``."""
    return isinstance(node, (Call, Fn)) and node.name not in KNOWN


def open_in(nodes: Iterable[Node]) -> Iterator[str]:
    """The functions in ``nodes`` of which nothing is said."""
    for node in nodes:
        yield from (
            n.name for n in walk(node) if isinstance(n, (Call, Fn)) and n.name not in KNOWN
        )


def without_values(claim: Claim) -> Claim | None:
    """``claim`` up to the numbers that are put in at its end."""
    sides = [claim.sides[0]]
    for op, side in zip(claim.ops, claim.sides[1:], strict=True):
        if op != "=" or (is_number(side) and len(sides) > 1) or is_decimal(side):
            break
        sides.append(side)
    if len(sides) < 2:
        return None
    return replace(claim, sides=tuple(sides), ops=claim.ops[: len(sides) - 1])


def spelt_out(claim: Claim, aliases: Mapping[str, Node]) -> Claim:
    """``claim`` with what the names of derivatives stand for."""

    def change(node: Node, depth: int = 0) -> Node:
        if isinstance(node, Sym) and node.name in aliases and depth < 9:
            return change(aliases[node.name], depth + 1)
        return rebuild(node, lambda n: change(n, depth))

    return replace(claim, sides=tuple(map(change, claim.sides))) if aliases else claim


def of_its_number(name: str, aliases: Mapping[str, Node], graph: Graph) -> Node | None:
    r"""The derivative that ``name`` stands for if it is one like others with another number.

    So :math:`\delta_1` beside :math:`\delta_2 = \partial L/\partial z_2`.
    """
    for other, value in aliases.items():
        mine, theirs = re.findall(r"[0-9]", name), re.findall(r"[0-9]", other)
        if len(mine) != 1 or len(theirs) != 1 or other.replace(theirs[0], mine[0]) != name:
            continue
        if isinstance(value, D) and isinstance(value.x, Sym):
            by = value.x.name.replace(theirs[0], mine[0])
            if by != value.x.name and by in graph.quantities:
                return replace(value, x=Sym(by))
    return None


def by_its_factors(claim: Claim, graph: Graph, open_: set[str]) -> Graph:
    """``graph`` with each name that nothing defines as a function of what it is differentiated by.

    So :math:`dy/dx = dy/du \\, du/dx` says that y depends on u, and u on x.
    """
    quantities = dict(graph.quantities)
    for name in sorted(open_):
        by = {n.x.name for s in claim.sides[1:] for n in walk(s)
              if isinstance(n, D) and n.y == Sym(name) and isinstance(n.x, Sym)}  # fmt: skip
        if by:
            quantities[name] = Call(rf"f_{{{name}}}", tuple(map(Sym, sorted(by))))
    return Graph(quantities, graph.functions)


def is_made_of_derivatives(node: Node) -> bool:
    """Whether ``node`` is a rule's side: sums of products of derivatives, and no more."""
    match node:
        case D():
            return True
        case Add(args=args) | Mul(args=args) | Had(args=args):
            return all(map(is_made_of_derivatives, args))
    return False


def depends(claim: Claim, graph: Graph) -> bool:
    """Whether each quantity in ``claim`` is computed from what it is differentiated by."""
    for d in (n for s in claim.sides for n in walk(s) if isinstance(n, D)):
        if isinstance(d.y, Sym) and d.x not in graph.behind(d.y):
            return False
    return True


def holds(claim: Claim, graph: Graph) -> bool:
    """Whether ``claim`` is right of the quantities of ``graph``."""
    found = verdict_of(claim, graph)
    return found is not None and found.is_right
