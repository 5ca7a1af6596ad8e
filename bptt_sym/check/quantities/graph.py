r"""A computation graph of named quantities, as a recurrence of one step.

``y = u^5`` and ``u = x^2 + 3`` make y and u sequences and leave x a parameter; a formula is about
the one step there is. A function that a text defines, :math:`f(x) = \sigma(2x + 3)`, is put in
where it is applied; its slope :math:`f'(g(x))` is the derivative of a quantity of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from bptt_sym.errors import NotSupported
from bptt_sym.notation import At, Call, Claim, D, Fn, Idx, Node, Sym, num, rebuild, walk
from bptt_sym.recurrence import STEP, Equation, Recurrence, Shape

#: The one step of the run.
NOW = num(1)
#: What functions with a slope are computed from, and give.
_OF, _GIVES = r"\Lambda_{%d}", r"\Upsilon_{%d}"
MOST_QUANTITIES = 40


@dataclass(frozen=True)
class Graph:
    """What each name stands for, and each function: its variable and its value."""

    quantities: Mapping[str, Node] = field(default_factory=dict)
    functions: Mapping[str, tuple[str, Node]] = field(default_factory=dict)

    def behind(self, quantity: Sym) -> frozenset[Node]:
        """The names that ``quantity`` is computed from, itself included."""
        seen: set[Node] = set()
        todo: list[Node] = [quantity]
        while todo:
            here = todo.pop()
            if here not in seen and isinstance(here, Sym):
                seen.add(here)
                todo += [n for n in walk(self.quantities.get(here.name, here)) if n != here]
        return frozenset(seen)

    def needed(self, claim: Claim) -> dict[str, Node]:
        """The definitions that ``claim`` rests on, what is computed first before the rest.

        Raises
        ------
        NotSupported
            They go round in a circle, or there are too many.
        """
        order: dict[str, Node] = {}
        open_: set[str] = set()

        def visit(node: Node, depth: int = 0) -> None:
            if depth > MOST_QUANTITIES:
                raise NotSupported("too many quantities")
            for n in walk(node):
                name = n.name if isinstance(n, Sym) else ""
                if name in order or name not in self.quantities:
                    continue
                if name in open_:
                    raise NotSupported(f"{name} is computed from itself")
                open_.add(name)
                visit(self.quantities[name], depth + 1)
                open_.discard(name)
                order[name] = self.quantities[name]

        for side in claim.sides:
            visit(side)
        return order


def with_functions(claim: Claim, graph: Graph) -> tuple[Claim, Graph]:
    """``claim`` and ``graph`` with the functions put in that the text defines."""
    quantities = dict(graph.quantities)
    count = 0

    def change(node: Node) -> Node:
        nonlocal count
        node = rebuild(node, change)
        if not isinstance(node, Fn) or node.name not in graph.functions:
            return node
        variable, body = graph.functions[node.name]
        if node.order == 0:
            return change(_put(body, variable, node.arg))
        if node.order > 1:
            raise NotSupported("a second derivative of a function")
        count += 1
        if count > MOST_QUANTITIES:
            raise NotSupported("too many functions")
        of, gives = _OF % count, _GIVES % count
        quantities[of] = node.arg
        quantities[gives] = change(_put(body, variable, Sym(of)))
        return D(Sym(gives), Sym(of), "total", span=node.span)

    sides = tuple(change(s) for s in claim.sides)
    for name, value in graph.quantities.items():
        if any(isinstance(n, Fn) and n.name in graph.functions for n in walk(value)):
            quantities[name] = change(value)
    return replace(claim, sides=sides), Graph(quantities, {})


def _put(node: Node, name: str, value: Node) -> Node:
    if isinstance(node, Sym) and node.name == name:
        return value
    return rebuild(node, lambda n: _put(n, name, value))


def at_the_step(node: Node, defined: frozenset[str]) -> Node:
    """``node`` with every defined quantity at the one step."""
    if isinstance(node, Sym) and node.name in defined:
        return At(node.name, NOW, span=node.span)
    return rebuild(node, lambda n: at_the_step(n, defined))


def model_of(
    claim: Claim, needed: Mapping[str, Node], shapes: Mapping[str, Shape]
) -> tuple[Recurrence, Claim]:
    """The recurrence of the quantities that ``claim`` needs, and the claim about its one step.

    Raises
    ------
    BpttError
        The quantities have no such shapes.
    """
    defined = frozenset(needed)

    def generic(node: Node) -> Node:
        if isinstance(node, Sym) and node.name in defined:
            return At(node.name, Idx(STEP))
        return rebuild(node, generic)

    equations = [Equation(name, generic(value)) for name, value in needed.items()]
    leaves = {
        n.name for s in (*claim.sides, *needed.values()) for n in walk(s) if isinstance(n, Sym)
    } - defined  # fmt: skip
    if not equations:
        zero: Node = num(0)
        equations = [Equation(r"\Omega", zero)]
    every = dict.fromkeys((*defined, *leaves, r"\Omega"), ()) | dict(shapes)
    functions = {
        n.name: () for s in (*claim.sides, *needed.values()) for n in walk(s)
        if isinstance(n, Call)
    }  # fmt: skip
    rec = Recurrence("quantities without time", tuple(equations), every, functions=functions)
    sides = tuple(at_the_step(s, defined) for s in claim.sides)
    return rec, replace(claim, sides=sides, given=())
