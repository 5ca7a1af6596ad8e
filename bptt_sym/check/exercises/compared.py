"""What an answer's side is compared with: the target of a part, and the question itself."""

from __future__ import annotations

from dataclasses import replace

from bptt_sym.check.answer import Court
from bptt_sym.check.exercises.exercise import Part
from bptt_sym.check.solution.absolute import Signs, fingerprint, spread
from bptt_sym.check.solution.judge import conclusion
from bptt_sym.check.solution.lines import Chain
from bptt_sym.notation import D, Node, rebuild, walk


def fits(part: Part, chain: Chain) -> bool:
    """Whether what the chain says is of the kind that the part asks for."""
    ops = [side.op for side in chain.sides[1:]]
    return any(op != "=" for op in ops) if part.is_bound else ops[:1] == ["="]


def other_way(part: Part, chain: Chain) -> bool:
    op = conclusion(chain)
    return part.is_bound and op is not None and op != "=" and op[0] != part.relation[0]


def restates(part: Part, node: Node) -> bool:
    """Whether the answer has the question in it: the derivative itself, or one left unmarked."""
    wanted = fingerprint(unmarked(part.target))
    kinds = {n.kind for n in walk(part.target) if isinstance(n, D)}
    fine = kinds | ({"total", "unmarked"} if kinds & {"total", "unmarked"} else {"unmarked"})
    return any(
        fingerprint(unmarked(n)) == wanted
        and all(d.kind in fine for d in walk(n) if isinstance(d, D))
        for n in walk(node)
    )


def kinds(node: Node) -> set[str]:
    return {n.kind for n in walk(node) if isinstance(n, D)}


def unmarked(node: Node) -> Node:
    node = rebuild(node, unmarked)
    return replace(node, kind="unmarked") if isinstance(node, D) else node


def without_d(node: Node) -> Node:
    """``node`` with total derivatives as unmarked ones: ``dh/dw`` is written for any of them."""
    node = rebuild(node, without_d)
    return replace(node, kind="unmarked") if isinstance(node, D) and node.kind == "total" else node


def compatible(target: Node, node: Node, court: Court) -> bool:
    """Whether ``node`` is the target; a derivative that is not marked may be of any kind."""
    signs = Signs(court.model, True)
    target, node = spread(target, signs), spread(node, signs)
    if fingerprint(unmarked(target)) != fingerprint(unmarked(node)):
        return False
    wanted = sorted((n.kind for n in walk(target) if isinstance(n, D)), key=str)
    found = sorted((n.kind for n in walk(node) if isinstance(n, D)), key=str)
    free = {"total", "unmarked"}
    return len(wanted) == len(found) and (
        wanted == found or "unmarked" in found or {*wanted, *found} <= free
    )


__all__ = ["compatible", "fits", "kinds", "other_way", "restates", "without_d"]
