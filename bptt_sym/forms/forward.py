r"""Forward forms: the recursion (Horner, RTRL), its telescoped sum and the series by lag.

For one carrying state, with :math:`J_t=\partial h_t/\partial h_{t-1}`:

.. math:: \frac{\partial h_t}{\partial w}=\Big[\frac{\partial h_t}{\partial w}\Big]
          +J_t\frac{\partial h_{t-1}}{\partial w},\qquad
          \frac{\partial h_T}{\partial w}=\sum_{t=1}^{T}J_T\cdots J_{t+1}
          \Big[\frac{\partial h_t}{\partial w}\Big]

(Williams & Zipser 1989 for the recursion; Pascanu, Mikolov & Bengio 2013, eq. 5, for the sum).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from bptt_sym.derive import Range
from bptt_sym.errors import NotSupported
from bptt_sym.forms.chain import chain_of
from bptt_sym.forms.one_step import define, drop_zero_initials, local, put
from bptt_sym.forms.problem import EXPAND, Problem, TooNear
from bptt_sym.forms.readout import readout
from bptt_sym.forms.sources import Sources
from bptt_sym.jacobian import offset, product
from bptt_sym.notation import (
    ONE,
    ZERO,
    At,
    D,
    Idx,
    Matrix,
    Mul,
    Node,
    Sum,
    Sym,
    add,
    affine,
    free_indices,
    fresh,
    num,
    rebuild,
    shift,
    walk,
)
from bptt_sym.recurrence import HORIZON, references


@dataclass
class Forward:
    """The forward forms of one problem."""

    p: Problem

    def __post_init__(self) -> None:
        self.chain = chain_of(self.p)
        self.sources = Sources(self.p, self.chain)
        self.closed: Callable[[int], Node] | None = None
        self.chain_readout: tuple[int, Node] | None = None
        if self.p.y.name not in self.chain.states:
            self.p.gap = max(self.p.gap, self.readout_reach)
        if not self.sources.every_step:
            self.p.gap = max(self.p.gap, max(self.sources.lags, default=0))
        self.check_gap()
        if self.p.y.name not in self.chain.states:
            self.chain_readout = readout(self.p, self.chain.states)

    @cached_property
    def readout_reach(self) -> int:
        """How far back the readout reaches by itself: nearer variables have terms of their own."""
        p = self.p
        if p.y.name in self.chain.states:
            return 0
        gap, todo, seen = 0, [p.y.name], set[str]()
        while todo:
            name = todo.pop()
            if name in seen:
                continue
            seen.add(name)
            source = p.rec.totals.get(name) if isinstance(p.y, Sym) and name == p.y.name else None
            if source is not None:
                todo += [n.name for n in walk(source) if isinstance(n, At)]
                todo = [n for n in todo if n not in self.chain.states]
                continue
            for other, lag in references(p.rec.rhs(name)) if name in p.rec.defined else ():
                if other in self.chain.states:
                    gap = max(gap, lag)
                elif other == p.x.name and isinstance(p.x, At):
                    if isinstance(p.y, Sym):
                        raise NotSupported(f"{name} reads {other} itself: ask for the form adjoint")
                    gap = max(gap, lag + 1)
                elif other in p.rec.defined:
                    todo.append(other)
        return gap

    def check_gap(self) -> None:
        """Raises TooNear if the variable lies nearer than the gap."""
        p = self.p
        start = ONE if self.sources.every_step else p.bottom
        assert start is not None
        distance = offset(p.top, start)
        # A parameter is used at the last step, too; an element's own step has no path behind it.
        least = p.gap if self.sources.every_step or isinstance(p.y, Sym) else max(p.gap, 1)
        if least and distance is not None and distance < least:
            raise TooNear(f"{p.y.name} is too near {p.x.name} for a sum over steps")

    # ------------------------------------------------------------------ the recursion

    def recursion(self) -> int:
        """``G_t = B_t + J_t G_{t-1}`` (A5), or ``G_t = J_t G_{t-1}`` behind the variable."""
        p, c, t = self.p, self.chain, self.p.generic
        onward = product(c.step_matrix(t), c.gradient(shift(t, -1)))
        if self.sources.every_step:
            for s in c.states:
                define(p, s)
            return p.trail.add(
                "total derivative",
                c.gradient(t),
                add(c.source(t, p.x), onward),
                tuple(p.trail.number_of(At(s, t)) for s in c.states),
                where=p.step_range(),
                note="through the own step, and through the step before",
            )
        return p.trail.add(
            "total derivative",
            c.gradient(t),
            onward,
            (),
            where=self.behind(),
            note=f"{p.x.name} enters before step t: only the step before carries it on",
        )

    def behind(self) -> tuple[Range, ...]:
        """Every step behind the one where the variable enters."""
        p = self.p
        first = self.sources.first
        others = tuple(r for r in p.target_ranges if r.name in free_indices(first))
        horizon = [r for r in p.target_ranges if r.name == HORIZON]
        others = tuple(r for r in others if r.name != HORIZON)
        return (*horizon, *others, p.range(p.step, shift(first, 1)))

    def start(self) -> tuple[int, Node]:
        """The derivative at the step where the recursion starts, explicit if it can be."""
        p, c = self.p, self.chain
        if self.sources.every_step:
            if self.sources.initial_depends():
                return 0, c.gradient(num(0))
            if self.p.form == "horner":
                return self.start_each(), ZERO
            flat = c.single or not p.rec.is_scalar
            zero = ZERO if flat else Matrix(tuple((ZERO,) for _ in c.carriers))
            number = p.trail.add(
                "initial value",
                c.gradient(num(0)),
                zero,
                (),
                where=p.horizon,
                note=f"the initial value does not depend on {p.x.name}",
            )
            return number, ZERO
        assert isinstance(p.x, At)
        if p.is_state(p.x):
            return c.at_start(self.sources.first)
        return self._input_start()

    def start_each(self, order: int = 1) -> int:
        """The derivatives of the initial values, up to ``order``, one step each."""
        number = 0
        for z in self.chain.elements(num(0)):
            lhs: Node = z
            for _ in range(order):
                lhs = D(lhs, self.p.x, "total")
                number = self.p.trail.add(
                    "initial value",
                    lhs,
                    ZERO,
                    (),
                    where=self.p.horizon,
                    note=f"the initial value does not depend on {self.p.x.name}",
                )
        return number

    def _input_start(self) -> tuple[int, Node]:
        p, c = self.p, self.chain
        assert isinstance(p.x, At)
        first = self.sources.first
        terms, cites = [], []
        for lag in reversed(self.sources.lags):
            at = At(p.x.name, shift(p.generic, -lag))
            number, b = c.explicit_source(at)
            cites.append(number)
            own = p.at(b, shift(p.x.time, lag)) if number else c.source(shift(p.x.time, lag), p.x)
            path = c.path(c.explicit_matrix[1], shift(p.x.time, lag + 1), first, p.fresh_names[1])
            if own != ZERO:
                terms.append(product(path, own))
        value = add(*terms)
        number = p.trail.add(
            "where the input is read",
            c.gradient(first),
            value,
            (*cites, c.explicit_matrix[0]),
            where=p.target_ranges,
        )
        return number, value

    # ------------------------------------------------------------------ closed sums

    def total(self, time: Node, step: Node, source: Node, start: Node) -> Node:
        """``∑_s J_time ⋯ J_{s+1} B_s`` with ``step`` and ``source`` at the generic step."""
        c, p = self.chain, self.p
        taken = free_indices(time) | set(p.fresh_names_taken)
        s = next(n for n in ("t", "s", "k", "r", "q") if n not in taken)
        j = fresh("j", taken | {s})
        if not self.sources.every_step:
            return product(c.path(step, shift(self.sources.first, 1), time, j), start)
        term = product(c.path(step, shift(Idx(s), 1), time, j), p.at(source, Idx(s)))
        total: Node = Sum(s, ONE, time, term) if source != ZERO else ZERO
        if start != ZERO:
            total = add(total, product(c.path(step, ONE, time, j), start))
        return total

    def terms(self, n: int, step: Node, source: Node, start: Node, k: int | None = None) -> Node:
        """The sum written out for a number ``n``, latest source first.

        With ``k``: substituted k times only, ending in the derivative at step n - k.
        """
        c, p = self.chain, self.p
        expand = n <= EXPAND
        stop = 0 if k is None else n - k
        out = [
            product(c.spelled(step, s + 1, n, "j", expand), p.at(source, num(s)))
            for s in range(n, stop, -1)
            if source != ZERO
        ]
        tail = start if k is None else c.gradient(num(stop))
        if tail != ZERO:
            out.append(product(c.spelled(step, stop + 1, n, "j", expand), tail))
        return add(*out)

    # ------------------------------------------------------------------ the forms

    def telescoped(self) -> Node:
        """The sum in one-step derivatives (A8), by induction if T is symbolic."""
        p, c = self.p, self.chain
        t = p.generic
        recursion = self.recursion()
        started, start = self.start()
        step = c.step_matrix(t)
        source = c.source(t, p.x) if self.sources.every_step else ZERO
        self.closed = lambda n: self.terms(n, step, source, start)
        self._induct(recursion, started, step, source, start)
        return start

    def _induct(self, recursion: int, started: int, step: Node, source: Node, start: Node) -> None:
        p, c, t = self.p, self.chain, self.p.generic
        number = _number(self.top)
        if number is not None and self.sources.every_step:
            for k in range(1, min(number, EXPAND)):
                value = self.terms(number, step, source, start, k)
                p.trail.add(
                    "recursion" if k == 1 else "substitute the recursion into itself",
                    c.gradient(self.top),
                    value,
                    (recursion, len(p.trail.steps)) if k > 1 else (recursion,),
                    where=p.target_ranges,
                )
            p.trail.add(
                "telescoped",
                c.gradient(self.top),
                self.terms(number, step, source, start),
                (recursion, started, len(p.trail.steps)),
                where=p.target_ranges,
            )
            return
        lo = ONE if self.sources.every_step else self.sources.first
        where = p.step_range(2) if self.sources.every_step else self.behind()
        base_value = (
            add(p.at(source, ONE), product(p.at(step, ONE), start) if start != ZERO else ZERO)
            if self.sources.every_step
            else start
        )
        base = p.trail.add(
            "induction: base",
            c.gradient(lo),
            base_value,
            (recursion if self.sources.every_step else 0, started),
            where=p.horizon if self.sources.every_step else p.target_ranges,
        )
        before = self.total(shift(t, -1), step, source, start)
        after = self.total(t, step, source, start)
        onward = product(step, before)
        grown = p.trail.add(
            "induction: step",
            add(source, onward) if self.sources.every_step else onward,
            after,
            (recursion,),
            where=where,
            note="the sum up to t-1, put into the recursion, is the sum up to t",
        )
        conclusion = p.trail.add(
            "induction: conclusion",
            c.gradient(self.top),
            self.total(self.top, step, source, start),
            (recursion, base, grown),
            where=self.top_ranges(),
        )
        if base and grown:
            p.inductions.append((base, grown, conclusion))

    @property
    def top(self) -> Node:
        """The step of the joint state that is asked for, or the generic one below a readout."""
        return self.p.top if self.chain_readout is None else self.p.generic

    def series(self) -> None:
        """The telescoped sum with everything explicit, scalars merged by lag (A10)."""
        p, c, t = self.p, self.chain, self.p.generic
        number_j, step = c.explicit_matrix
        number_b, source = c.explicit_source(p.x) if self.sources.every_step else (0, ZERO)
        start = self.telescoped()
        before = len(p.trail.steps)
        bracket = c.source(t, p.x) if self.sources.every_step else ZERO
        lhs = c.gradient(self.top)
        where = self.top_ranges()
        n = _number(self.top) if self.sources.every_step else None

        def closed(source: Node) -> Node:
            if n is not None:
                return self.terms(n, step, source, start)
            return self.total(self.top, step, source, start)

        self.closed = lambda n: self.terms(n, step, source, start)
        p.trail.add(
            "one-step derivatives put in",
            lhs,
            closed(bracket),
            (number_j, before),
            where=where,
        )
        p.trail.add(
            "immediate derivatives put in",
            lhs,
            closed(source),
            (number_b, len(p.trail.steps)),
            where=where,
        )

    def top_ranges(self) -> tuple[Range, ...]:
        """The ranges of the indices of what the joint state is asked at."""
        if self.chain_readout is None:
            return self.p.target_ranges
        if self.sources.every_step:
            return self.p.step_range()
        first = self.sources.first
        ranges = tuple(r for r in self.p.target_ranges)
        return (*ranges, self.p.range(self.p.step, first))

    # ------------------------------------------------------------------ back to the target

    def finish(self) -> None:
        """From the joint state to what was asked about."""
        p, c = self.p, self.chain
        number = p.trail.number_of(c.gradient(self.top))
        if not number:
            raise TooNear(f"one step only lies between {p.x.name} and {p.y.name}")
        solved = p.trail.steps[number - 1]

        def solution(name: str, time: Node) -> Node:
            return self._select(name, time, solved.rhs)

        if self.chain_readout is not None:
            read, expr = self.chain_readout
            cites = [read, number]
            value = self._replace(expr, solution, cites)
            p.trail.add(
                "put into the readout", p.target, value, tuple(cites), where=p.target_ranges
            )
        elif not c.single and solved.lhs != p.target:
            self._pick(self._select(p.y.name, p.top, solved.rhs), number)
        drop_zero_initials(p, p.trail.steps[-1].lhs, p.trail.steps[-1].rhs)

    def finish_recursion(self) -> None:
        """The readout as it stands: it speaks of the derivatives that the recursion gives."""
        p, c = self.p, self.chain
        if self.chain_readout is None:
            self._finish_state()
        if self.chain_readout is not None:
            read, expr = self.chain_readout
            numbers = tuple(p.trail.number_of(D(At(s, p.generic), p.x, "total")) for s in c.states)
            p.trail.add(
                "readout of the recursion",
                p.target,
                put(expr, self.p.nested),
                (read, *numbers),
                where=p.target_ranges,
                again=True,
            )

    def _finish_state(self) -> None:
        """From the recursion of several states to the one asked for."""
        p, c = self.p, self.chain
        last = p.trail.steps[-1]
        if last.lhs == p.target:
            return
        if number := p.trail.number_of(p.target):
            value = p.trail.steps[number - 1].rhs
            p.trail.add("result", p.target, value, (number,), where=p.target_ranges, again=True)
        elif number := p.trail.number_of(c.gradient(self.top)):
            value = self._select(p.y.name, p.top, p.trail.steps[number - 1].rhs)
            self._pick(value, number)

    def _pick(self, value: Node, number: int) -> None:
        p = self.p
        p.trail.add(
            "the component asked for",
            p.target,
            value,
            (number,),
            where=p.target_ranges,
            note="" if p.rec.is_scalar else f"the row of blocks picks out {p.y.name}",
        )

    def _select(self, name: str, time: Node, solved: Node) -> Node:
        c, p = self.chain, self.p
        value = solved
        if self.chain_readout is not None:
            n = _number(time)
            written_out = n is not None and self.sources.every_step and self.closed is not None
            value = self.closed(n) if written_out else p.at(solved, time)  # type: ignore[misc,arg-type]
        if c.single:
            return value
        return product(c.pick(name, time), value)

    def _replace(
        self, expr: Node, solution: Callable[[str, Node], Node], cites: list[int]
    ) -> Node:
        x, states = self.p.x, self.chain.states

        def go(n: Node) -> Node:
            if isinstance(n, D) and n.x == x and n.kind == "total" and isinstance(n.y, At):
                return solution(n.y.name, n.y.time) if n.y.name in states else n
            if isinstance(n, Sum) and isinstance(x, At):
                first = self.sources.first
                lo = n.lo if affine(first) == ({}, 0) else first
                early = [self._early(n, k, cites) for k in self.sources.lags[:-1]]
                return add(*early, Sum(n.var, lo, n.hi, go(n.body)))
            if isinstance(n, D):
                return n
            if isinstance(n, Mul):
                return product(*(go(a) for a in n.args))
            return rebuild(n, go)

        return go(expr)


    def _early(self, n: Sum, lag: int, cites: list[int]) -> Node:
        """The term of a sum at a step where some later reading of the variable is still to come."""
        p, x, t = self.p, self.p.x, self.p.generic
        assert isinstance(x, At)
        body = p.substituted(n.body, n.var, shift(x.time, lag))
        values: dict[Node, Node] = {}
        for d in walk(body):
            if isinstance(d, D) and d.x == x and d.kind == "total" and isinstance(d.y, At):
                ahead = offset(d.y.time, x.time)
                values[d] = ZERO
                if ahead is not None and ahead >= 0:
                    y, at = At(d.y.name, t), At(x.name, shift(t, -ahead))
                    number, value = local(p, y, at, "total", p.lowest_bottom + ahead)
                    values[d] = p.at(value, d.y.time)
                    cites.append(number)
        return put(body, values)


def _number(time: Node) -> int | None:
    form = affine(time)
    return form[1] if form is not None and not form[0] else None


__all__ = ["Forward"]
