"""The one interpreter: a loop over the live rows, in any number system."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

from bptt_sym.graph.domains import Domain
from bptt_sym.graph.graph import Graph
from bptt_sym.graph.operations import ADD, CONST, DER, FN, LET, MUL, NEG, POW, SYM

X = TypeVar("X")


class Program:
    """The rows needed for ``roots``, found once and run as often as wanted.

    ``bound`` are rows whose value will be given: free variables, and any named row. With ``h_t``
    bound, its definition is not looked at: formulas in which states are symbols can be evaluated
    at arbitrary values of the states.
    """

    def __init__(self, graph: Graph, roots: Sequence[int], *, bound: Iterable[int] = ()) -> None:
        self.graph = graph
        self.roots = list(roots)
        self.bound = frozenset(bound)
        self.rows = self._live()
        self._slopes: dict[str, Program] = {}

    def _live(self) -> list[int]:
        g = self.graph
        top = max(self.roots, default=-1) + 1
        mark = bytearray(top)
        for r in self.roots:
            mark[r] = 1
        op, bound = g.op, self.bound
        for i in range(top - 1, -1, -1):
            if not mark[i] or i in bound:
                continue
            if op[i] == DER:
                # The slope is a function of the output; of the argument only if its rule says so.
                mark[g.a[i]] = 1
                if g.template(g.functions[g.b[g.b[i]]][0]).needs_a:
                    mark[g.a[g.b[i]]] = 1
            else:
                for k in g.operands(i):
                    mark[k] = 1
        return [i for i in range(top) if mark[i]]

    def run(self, domain: Domain[X], values: Mapping[int, X]) -> list[X]:
        """The values of ``roots``.

        ``values`` are those of the bound rows (and of any other free variable). UnboundName if a
        free variable has none and the domain makes none up; NotSupported for a function without a
        meaning in the domain; ZeroDivisionError and ValueError as the domain's arithmetic has it.
        """
        g = self.graph
        op, A, B = g.op, g.a, g.b
        at: dict[int, Any] = {}
        add, mul = domain.add, domain.mul
        for i in self.rows:
            o = op[i]
            if i in values:
                at[i] = values[i]
            elif o == ADD:
                at[i] = add(at[A[i]], at[B[i]])
            elif o == MUL:
                at[i] = mul(at[A[i]], at[B[i]])
            elif o == LET:
                at[i] = at[A[i]]
            elif o == FN:
                name, order = g.functions[B[i]]
                at[i] = domain.fn(name, order, at[A[i]])
            elif o == DER:
                at[i] = self._slope(domain, i, at)
            elif o == NEG:
                at[i] = domain.neg(at[A[i]])
            elif o == POW:
                at[i] = domain.pow(at[A[i]], B[i])
            elif o == CONST:
                at[i] = domain.const(g.constants[A[i]])
            elif o == SYM:
                at[i] = domain.symbol(g.labels[A[i]])
            else:
                name, orders, args = g.calls[A[i]]
                at[i] = domain.call(name, orders, tuple(at[k] for k in args))
        return [at[r] for r in self.roots]

    def _slope(self, domain: Domain[X], i: int, at: Mapping[int, Any]) -> Any:
        g = self.graph
        y, fn = g.a[i], g.b[i]
        name = g.functions[g.b[fn]][0]
        rule = g.rules[name]
        if (
            domain.accurate
            and rule.accurate is not None
            and y not in self.bound
            and name not in domain.functions
        ):
            return rule.accurate(at[g.a[fn]])
        template = g.template(name)
        program = self._slopes.get(name)
        if program is None:
            program = Program(template.graph, [template.root])
            self._slopes[name] = program
        given = {template.y: at[y]}
        if template.needs_a:
            given[template.a] = at[g.a[fn]]
        return program.run(domain, given)[0]
