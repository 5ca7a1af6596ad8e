"""Differentiation over the table: reverse mode, as new rows of the same table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from bptt_sym.graph.operations import (
    ADD,
    CALL,
    CONST,
    DER,
    FN,
    LET,
    MUL,
    NEG,
    ONE,
    POW,
    SYM,
    ZERO,
)
from bptt_sym.graph.table import DEFAULT_LIMIT, Table
from bptt_sym.rules import RULES, Rule

if TYPE_CHECKING:
    from bptt_sym.graph.domains import Domain

X = TypeVar("X")


class Handle:
    """A row with arithmetic, for writing formulas; the table itself works on bare numbers."""

    __slots__ = ("graph", "node")

    def __init__(self, graph: Graph, node: int) -> None:
        self.graph = graph
        self.node = node

    def _of(self, other: Any) -> int:
        return other.node if isinstance(other, Handle) else self.graph.const(other)

    def __add__(self, other: Any) -> Handle:
        return Handle(self.graph, self.graph.add(self.node, self._of(other)))

    __radd__ = __add__

    def __mul__(self, other: Any) -> Handle:
        return Handle(self.graph, self.graph.mul(self.node, self._of(other)))

    __rmul__ = __mul__

    def __neg__(self) -> Handle:
        return Handle(self.graph, self.graph.neg(self.node))

    def __sub__(self, other: Any) -> Handle:
        return Handle(self.graph, self.graph.sub(self.node, self._of(other)))

    def __rsub__(self, other: Any) -> Handle:
        return Handle(self.graph, self.graph.sub(self._of(other), self.node))

    def __truediv__(self, other: Any) -> Handle:
        return Handle(self.graph, self.graph.div(self.node, self._of(other)))

    def __rtruediv__(self, other: Any) -> Handle:
        return Handle(self.graph, self.graph.div(self._of(other), self.node))

    def __pow__(self, exponent: int) -> Handle:
        return Handle(self.graph, self.graph.pow(self.node, exponent))

    def fn(self, name: str) -> Handle:
        return Handle(self.graph, self.graph.fn(name, self.node))


class Graph(Table):
    """A table that can differentiate its own rows.

    ``rules`` gives the local derivatives; functions without a rule are opaque and get formal
    derivatives.
    """

    def __init__(self, *, rules: Mapping[str, Rule] = RULES, limit: int = DEFAULT_LIMIT) -> None:
        super().__init__(limit=limit)
        self.rules = rules
        self._templates: dict[tuple[str, int], Template] = {}

    def handle(self, node: int) -> Handle:
        return Handle(self, node)

    def fn(self, name: str, a: int, order: int = 0) -> int:
        """The ``order``-th derivative of an elementwise function at ``a``."""
        if order and name in self.rules:
            return self.template(name, order).stamp(self, a, ZERO)
        return super().fn(name, a, order)

    def evaluate(
        self,
        roots: Sequence[int],
        domain: Domain[X],
        values: Mapping[int, X],
    ) -> list[X]:
        """``roots`` in a number system; see :class:`bptt_sym.graph.interpret.Program`."""
        from bptt_sym.graph.interpret import Program

        return Program(self, roots, bound=values).run(domain, values)

    # ------------------------------------------------------------------ differentiation

    def slope(self, fn: int) -> int:
        """The local derivative of an FN row, in terms of its output where the rule allows.

        Where the rule has an accurate floating-point form it stays one row, :data:`DER`, so that
        the interpreter can use that form; otherwise the rule is written out.
        """
        if self.unindexed:
            self.catch_up()
        name, order = self.functions[self.b[fn]]
        if name not in self.rules:
            return self.fn(name, self.a[fn], order + 1)
        y = self._let_of.get(fn, fn)
        if self.rules[name].accurate is not None:
            return self.row(DER, y, fn)
        return self.template(name).stamp(self, self.a[fn], y)

    def template(self, name: str, order: int = 0) -> Template:
        """The rule of a function (order 0), or its derivative of that order in ``a`` alone."""
        found = self._templates.get((name, order))
        if found is None:
            found = Template.of(name, self.rules) if not order else self._higher(name, order)
            self._templates[name, order] = found
        return found

    def _higher(self, name: str, order: int) -> Template:
        g = Graph(rules=self.rules)
        a = g.sym("a")
        root = g.fn(name, a)
        if root == a:  # the identity leaves no row to differentiate
            root = (a, ONE)[order] if order < 2 else ZERO
        else:
            for _ in range(order):
                root = g.gradient(root, [a])[0]
        return Template(g, a, g.sym("y"), root)

    def gradient(self, output: int, wrt: Sequence[int], *, fixed: Iterable[int] = ()) -> list[int]:
        """The total derivatives of ``output`` by each row of ``wrt``.

        Each is along every path from that row to the output, the row itself being cut loose from
        its own definition. Paths through a row of ``fixed`` do not count: with the states of
        earlier steps there, this is the immediate derivative.
        """
        return self.pullback({output: ONE}, wrt, fixed=fixed)

    def pullback(
        self, cotangents: Mapping[int, int], wrt: Sequence[int], *, fixed: Iterable[int] = ()
    ) -> list[int]:
        """``sum_y cotangents[y] * dy/dx`` for each x of ``wrt``, in one backward sweep.

        New rows at most a small multiple of the rows passed, whatever the length of ``wrt``.
        """
        if not cotangents:
            return [ZERO] * len(wrt)
        top = max(cotangents) + 1
        op, A, B = self.op, self.a, self.b
        active = self.depends(wrt, top)
        blocked = bytearray(top)
        for f in fixed:
            if f < top:
                blocked[f] = 1
        # Row 0 is the constant 0, so it serves as "nothing yet".
        bar = [ZERO] * top
        for y, v in cotangents.items():
            bar[y] = v
        add, mul, slope = self.add, self.mul, self.slope
        for i in range(top - 1, -1, -1):
            v = bar[i]
            if not v or not active[i] or blocked[i]:
                continue
            o = op[i]
            if o == MUL:
                a, b = A[i], B[i]
                if active[a]:
                    bar[a] = add(bar[a], mul(v, b)) if bar[a] else mul(v, b)
                if active[b]:
                    bar[b] = add(bar[b], mul(v, a)) if bar[b] else mul(v, a)
            elif o == ADD:
                a, b = A[i], B[i]
                if active[a]:
                    bar[a] = add(bar[a], v) if bar[a] else v
                if active[b]:
                    bar[b] = add(bar[b], v) if bar[b] else v
            elif o == LET:
                a = A[i]
                if active[a]:
                    bar[a] = add(bar[a], v)
            elif o == FN:
                a = A[i]
                if active[a]:
                    bar[a] = add(bar[a], mul(v, slope(i)))
            elif o == NEG:
                a = A[i]
                bar[a] = add(bar[a], self.neg(v))
            elif o == POW:
                a, n = A[i], B[i]
                local = mul(self.const(n), self.pow(a, n - 1))
                bar[a] = add(bar[a], mul(v, local))
            elif o == DER:
                y, a, name = self._der_parts(i)
                by_a, by_y = self.template(name).partials(self, a, y)
                if active[a]:
                    bar[a] = add(bar[a], mul(v, by_a))
                if active[y]:
                    bar[y] = add(bar[y], mul(v, by_y))
            elif o == CALL:
                name, orders, args = self.calls[A[i]]
                for k, a in enumerate(args):
                    if active[a]:
                        up = (*orders[:k], orders[k] + 1, *orders[k + 1 :])
                        bar[a] = add(bar[a], mul(v, self.call(name, args, up)))
        return [bar[x] if x < top else ZERO for x in wrt]

    def _der_parts(self, node: int) -> tuple[int, int, str]:
        """``(y, a, name)`` of a DER row."""
        fn = self.b[node]
        return self.a[node], self.a[fn], self.functions[self.b[fn]][0]

    def depends(self, on: Iterable[int], top: int) -> bytearray:
        """Which of the rows below ``top`` depend on one of ``on``."""
        op, A, B = self.op, self.a, self.b
        mark = bytearray(top)
        start = top
        for x in on:
            if x < top:
                mark[x] = 1
                start = min(start, x)
        for i in range(start, top):
            o = op[i]
            if o in (ADD, MUL, DER):
                if mark[A[i]] or mark[B[i]]:
                    mark[i] = 1
            elif o >= NEG and o != CALL:
                if mark[A[i]]:
                    mark[i] = 1
            elif o == CALL and any(mark[a] for a in self.calls[A[i]][2]):
                mark[i] = 1
        return mark

    def embed(self, source: Graph, given: Mapping[int, int], roots: Sequence[int]) -> list[int]:
        """Copy ``roots`` of another table into this one.

        ``given`` says which rows of this table stand for which of that; other free variables and
        named rows keep their names.
        """
        at = dict(given)
        op, A, B = source.op, source.a, source.b
        for i in source.live(roots, bound=given):
            if i in at:
                continue
            o = op[i]
            if o in (ADD, MUL):
                at[i] = (self.add if o == ADD else self.mul)(at[A[i]], at[B[i]])
            elif o == SYM:
                at[i] = self.sym(source.labels[A[i]])
            elif o == CONST:
                at[i] = self.const(source.constants[A[i]])
            elif o == NEG:
                at[i] = self.neg(at[A[i]])
            elif o == POW:
                at[i] = self.pow(at[A[i]], B[i])
            elif o == LET:
                at[i] = self.let(source.labels[B[i]], at[A[i]])
            elif o == FN:
                name, order = source.functions[B[i]]
                at[i] = self.fn(name, at[A[i]], order)
            elif o == DER:
                at[i] = self.slope(at[B[i]])
            else:
                name, orders, args = source.calls[A[i]]
                at[i] = self.call(name, [at[k] for k in args], orders)
        return [at[r] for r in roots]


class Template:
    """A small formula in ``a`` and ``y`` that is copied into a table."""

    def __init__(self, graph: Graph, a: int, y: int, root: int) -> None:
        self.graph, self.a, self.y, self.root = graph, a, y, root
        self._partials: tuple[int, int] | None = None
        self.needs_a = a in graph.live([root])

    @classmethod
    def of(cls, name: str, rules: Mapping[str, Rule]) -> Template:
        """The rule of a function, written out."""
        g = Graph(rules=rules)
        a, y = g.sym("a"), g.sym("y")
        root = rules[name].derivative(
            Handle(g, a), Handle(g, y), lambda fn, arg: Handle(g, g.fn(fn, arg.node))
        )
        return cls(g, a, y, root.node if isinstance(root, Handle) else g.const(root))

    def stamp(self, into: Graph, a: int, y: int) -> int:
        return into.embed(self.graph, {self.a: a, self.y: y}, [self.root])[0]

    def partials(self, into: Graph, a: int, y: int) -> tuple[int, int]:
        """The derivatives of the formula by ``a`` and by ``y``, each with the other held."""
        if self._partials is None:
            by_a, by_y = self.graph.gradient(self.root, [self.a, self.y])
            self._partials = by_a, by_y
        first, second = into.embed(self.graph, {self.a: a, self.y: y}, self._partials)
        return first, second
