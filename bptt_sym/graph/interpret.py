"""The one interpreter: a loop over the live rows, in any number system."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

from bptt_sym.errors import ModelError
from bptt_sym.graph import operations
from bptt_sym.graph.domains import Domain
from bptt_sym.graph.graph import Graph
from bptt_sym.graph.operations import ADD, DER, MUL

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
        top = max(self.roots, default=-1) + 1
        mark = bytearray(top)
        for r in self.roots:
            mark[r] = 1
        bound = self.bound
        for i in range(top - 1, -1, -1):
            if not mark[i] or i in bound:
                continue
            for k in self.operands(i):
                mark[k] = 1
        return [i for i in range(top) if mark[i]]

    def operands(self, i: int) -> tuple[int, ...]:
        """The rows whose values the row ``i`` needs.

        A slope is a function of the output, and of the argument only if its rule says so.
        """
        g = self.graph
        if g.op[i] != DER:
            return g.operands(i)
        fn = g.b[i]
        needs_a = g.template(g.functions[g.b[fn]][0]).needs_a
        return (g.a[i], g.a[fn]) if needs_a else (g.a[i],)

    def run(self, domain: Domain[X], values: Mapping[int, X]) -> list[X]:
        """The values of ``roots``.

        ``values`` are those of the bound rows (and of any other free variable). UnboundName if a
        free variable has none and the domain makes none up; NotSupported for a function without a
        meaning in the domain; ZeroDivisionError and ValueError as the domain's arithmetic has it.
        """
        g = self.graph
        op, A, B = g.op, g.a, g.b
        at: dict[int, Any] = {}
        add, mul, step = domain.add, domain.mul, self.step
        for i in self.rows:
            o = op[i]
            if i in values:
                at[i] = values[i]
            elif o == ADD:
                at[i] = add(at[A[i]], at[B[i]])
            elif o == MUL:
                at[i] = mul(at[A[i]], at[B[i]])
            else:
                at[i] = step(domain, i, at)
        return [at[r] for r in self.roots]

    def step(self, domain: Domain[X], i: int, at: Mapping[int, Any]) -> Any:
        """The value of one row from those of its operands."""
        g = self.graph
        a, b = g.a[i], g.b[i]
        match g.op[i]:
            case operations.ADD:
                return domain.add(at[a], at[b])
            case operations.MUL:
                return domain.mul(at[a], at[b])
            case operations.LET:
                return at[a]
            case operations.FN:
                name, order = g.functions[b]
                return domain.fn(name, order, at[a])
            case operations.DER:
                return self._slope(domain, i, at)
            case operations.NEG:
                return domain.neg(at[a])
            case operations.POW:
                return domain.pow(at[a], b)
            case operations.CONST:
                return domain.const(g.constants[a])
            case operations.SYM:
                return domain.symbol(g.labels[a])
            case operations.CALL:
                name, orders, args = g.calls[a]
                return domain.call(name, orders, tuple(at[k] for k in args))
            case other:
                raise ModelError(f"row {i}: no operation {other}")

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
