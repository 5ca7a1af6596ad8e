r"""The states that carry a derivative through time, their one-step matrix and immediate column.

With one state that looks one step back these are ``∂h_t/∂h_{t-1}`` and ``[∂h_t/∂w]``. With
several states (the LSTM's ``c`` and ``h``) or a longer lag they are the blocks of the joint state's
Jacobian ``M_t``, whose entries hold the other earlier states fixed.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from bptt_sym.errors import NotSupported
from bptt_sym.forms.one_step import local
from bptt_sym.forms.problem import NoCarrier, Problem
from bptt_sym.jacobian import product
from bptt_sym.notation import (
    ONE,
    ZERO,
    At,
    D,
    Kind,
    Matrix,
    Mul,
    Node,
    Num,
    Ones,
    Pow,
    Prod,
    Sym,
    affine,
    from_affine,
    index,
    num,
    shift,
    walk,
)
from bptt_sym.recurrence import references

Carrier = tuple[str, int]
#: Rows of one matrix: the states, each as often as the recurrence looks back.
MAX_CARRIERS = 64


@dataclass
class Chain:
    """The carriers of a problem, with symbolic and explicit one-step derivatives.

    ``carriers`` are ``(state, k)`` for the element ``state_{t-k}`` of the joint state at ``t``.
    """

    p: Problem
    states: tuple[str, ...]

    @cached_property
    def carriers(self) -> tuple[Carrier, ...]:
        deepest = {
            s: max(
                (k for n in self.p.rec.defined for m, k in references(self.p.rec.rhs(n)) if m == s),
                default=1,
            )
            for s in self.states
        }
        return tuple((s, k) for s in self.states for k in range(max(deepest[s], 1)))

    @property
    def single(self) -> bool:
        return len(self.carriers) == 1

    def elements(self, time: Node) -> tuple[At, ...]:
        return tuple(At(s, shift(time, -k)) for s, k in self.carriers)

    # ------------------------------------------------------------------ written with D

    def gradient(self, time: Node) -> Node:
        """The total derivative of the joint state at ``time`` by the variable."""
        return self._column([D(z, self.p.x, "total") for z in self.elements(time)])

    def step_matrix(self, time: Node) -> Node:
        """The one-step Jacobian of the joint state at ``time``."""
        if self.single:
            (now,), (earlier,) = self.elements(time), self.elements(shift(time, -1))
            return D(now, earlier, "total")
        before = self.elements(shift(time, -1))
        # In blocks a zero is named, too: the name says how large it is.
        sized = not self.p.rec.is_scalar
        rows = []
        for (s, k), z in zip(self.carriers, self.elements(time), strict=True):
            if k:
                rows.append(self._shifted(s, k, time))
            else:
                rows.append(
                    tuple(
                        D(z, b, "immediate") if sized or self._entry(s, c) != ZERO else ZERO
                        for c, b in zip(self.carriers, before, strict=True)
                    )
                )
        return Matrix(tuple(rows))

    def _shifted(self, state: str, k: int, time: Node) -> tuple[Node, ...]:
        """The row of an element that the step only hands on."""
        kept = At(state, shift(time, -k))
        one = D(kept, kept, "total") if self.p.calc.shape(kept) else ONE
        return tuple(one if (state, k - 1) == c else ZERO for c in self.carriers)

    def source(self, time: Node, x: At | Sym) -> Node:
        """The immediate derivative of the joint state at ``time`` by a parameter or input."""
        column: list[Node] = [
            self._handed_on(z, x) if k else D(z, x, "immediate")
            for (_, k), z in zip(self.carriers, self.elements(time), strict=True)
        ]
        return self._column(column)

    def _handed_on(self, z: At, x: At | Sym) -> Node:
        """The 0 of an element that the step only hands on; in blocks, one of the right size."""
        return ZERO if self.p.rec.is_scalar else Mul((ZERO, D(z, x, "immediate")))

    def pick(self, name: str, time: Node) -> Matrix:
        """The row that picks one state out of the joint state at ``time``.

        In blocks a zero is named, for its size, and the identity is the state by itself.
        """
        own = At(name, time)
        if self.p.rec.is_scalar:
            return Matrix((tuple(ONE if c == (name, 0) else ZERO for c in self.carriers),))
        return Matrix(
            (
                tuple(
                    D(own, z, "total") if z == own else Mul((ZERO, D(own, z, "total")))
                    for z in self.elements(time)
                ),
            )
        )

    def _column(self, entries: list[Node]) -> Node:
        return entries[0] if len(entries) == 1 else Matrix(tuple((e,) for e in entries))

    # ------------------------------------------------------------------ explicit, by steps

    def _entry(self, state: str, carrier: Carrier) -> Node:
        return self._entries[(state, carrier)][1]

    @cached_property
    def _entries(self) -> dict[tuple[str, Carrier], tuple[int, Node]]:
        out = {}
        t = self.p.generic
        for s in self.states:
            for c, (name, k) in enumerate(self.carriers):
                before = At(name, shift(t, -1 - k))
                kind: Kind = "total" if self.single else "immediate"
                out[(s, self.carriers[c])] = local(self.p, At(s, t), before, kind)
        return out

    @cached_property
    def explicit_matrix(self) -> tuple[int, Node]:
        """``(step number, J_t)`` at the generic step."""
        if self.single:
            (entry,) = self._entries.values()
            return entry
        if len(self.carriers) > MAX_CARRIERS:
            raise NotSupported(
                f"a one-step matrix of {len(self.carriers)} rows (states and the steps that they "
                f"look back); at most {MAX_CARRIERS}"
            )
        rows, cites = [], []
        for s, k in self.carriers:
            if k:
                rows.append(self._shifted(s, k, self.p.generic))
            else:
                row = [self._entries[(s, c)] for c in self.carriers]
                cites += [n for n, _ in row]
                entries = tuple(e for _, e in row)
                if not self.p.rec.is_scalar and all(_sizeless(e) for e in entries):
                    before = self.elements(shift(self.p.generic, -1))
                    now = At(s, self.p.generic)
                    entries = tuple(D(now, b, "immediate") for b in before)
                rows.append(entries)
        number = self.p.trail.add(
            "one-step Jacobian of the joint state",
            self.step_matrix(self.p.generic),
            Matrix(tuple(rows)),
            tuple(cites),
            where=self.p.step_range(),
            label="M_t",
        )
        return number, Matrix(tuple(rows))

    def explicit_source(self, x: At | Sym, lo: int = 1) -> tuple[int, Node]:
        """``(step number, B_t)`` at the generic step, for ``x`` a parameter or ``x_{t-lag}``."""
        t = self.p.generic
        columns, cites = [], []
        for s, k in self.carriers:
            number, e = (0, ZERO) if k else local(self.p, At(s, t), x, "immediate", lo)
            if not self.single and not self.p.rec.is_scalar and _sizeless(e):
                e = self._handed_on(At(s, shift(t, -k)), x) if k else D(At(s, t), x, "immediate")
            columns.append(e)
            cites.append(number)
        lhs, rhs = self.source(t, x), self._column(columns)
        if self.single or lhs == rhs:
            return cites[0], rhs
        number = self.p.trail.add(
            "immediate derivative of the joint state",
            lhs,
            rhs,
            tuple(cites),
            where=self.p.step_range(lo),
        )
        return number, rhs

    # ------------------------------------------------------------------ path products

    def path(self, step: Node, lo: Node, hi: Node, var: str) -> Node:
        """``∏ step_j`` for j from ``lo`` to ``hi``, the latest leftmost; ``step`` is at ``t``.

        Scalars that do not depend on time are merged to a power: ``w^{T-t} ∏ (1-h_j^2)``.
        """
        constant, varying = self.split(step)
        count = _difference(shift(hi, 1), lo)
        factors: list[Node] = [Pow(c, count) if count != ONE else c for c in constant]
        if count == ZERO:
            return self.unit
        if varying != ONE:
            body = self.p.at(varying, index(var))
            form = affine(count)
            if form is not None and not form[0] and 0 < form[1] <= 1:
                factors.append(self.p.at(varying, hi))
            else:
                factors.append(Prod(var, lo, hi, body, descending=True))
        return product(*factors)

    def spelled(self, step: Node, lo: int, hi: int, var: str, expand: bool) -> Node:
        """The same with numbers for bounds, factor by factor if ``expand``."""
        if not expand:
            return self.path(step, num(lo), num(hi), var)
        constant, varying = self.split(step)
        count = hi - lo + 1
        if count <= 0:
            return self.unit
        factors: list[Node] = [Pow(c, num(count)) if count > 1 else c for c in constant]
        if varying != ONE:
            factors += [self.p.at(varying, num(j)) for j in range(hi, lo - 1, -1)]
        return product(*factors)

    @property
    def unit(self) -> Node:
        return ONE if self.p.calc.rec.is_scalar else Ones()

    def split(self, step: Node) -> tuple[list[Node], Node]:
        """Scalar factors without time, and the rest."""
        if not self.single or self.p.calc.shape(At(self.states[0], self.p.generic)):
            return [], step
        factors = step.args if isinstance(step, Mul) else (step,)
        constant = [f for f in factors if not _timed(f) and not isinstance(f, Num)]
        numbers = [f for f in factors if isinstance(f, Num) and f != ONE]
        rest = [f for f in factors if _timed(f)]
        return [*numbers, *constant], product(*rest)

    # ------------------------------------------------------------------ the start

    def at_start(self, time: Node) -> tuple[int, Node]:
        """``D(Z_s, x_s)`` for ``x`` an element of a state at ``s``: the unit, or a column."""
        p, x = self.p, self.p.x
        assert isinstance(x, At)
        if self.single:
            return 0, p.calc.identity(x)
        form = affine(time)
        initial = form is not None and not form[0] and form[1] < 1
        sized = not p.rec.is_scalar
        entries: list[Node] = []
        cites = []
        for z in self.elements(time):
            if z == x or initial or z.time != x.time:
                # In blocks the derivative itself says how large the identity or zero block is.
                plain = ONE if z == x else ZERO
                entries.append(D(z, x, "total") if sized else plain)
            else:
                t = p.generic
                number, e = local(p, At(z.name, t), At(x.name, t), "immediate")
                cites.append(number)
                absent = e == ZERO and sized
                entries.append(D(z, x, "total") if absent else p.at(e, time))
        column = self._column(entries)
        number = p.trail.add(
            "start of the joint state",
            self.gradient(time),
            column,
            tuple(cites),
            where=p.target_ranges,
        )
        return number, column


def _sizeless(e: Node) -> bool:
    return e in (ZERO, ONE, Ones())


def _timed(node: Node) -> bool:
    return any(isinstance(n, At) for n in walk(node))


def _difference(a: Node, b: Node) -> Node:
    fa, fb = affine(a), affine(b)
    assert fa is not None and fb is not None
    coeffs = dict(fa[0])
    for name, c in fb[0].items():
        coeffs[name] = coeffs.get(name, 0) - c
    return from_affine(coeffs, fa[1] - fb[1])


def chain_of(p: Problem) -> Chain:
    """The chain of a problem. Raises NoCarrier if no state carries the derivative."""
    states = p.relevant_states()
    if not states:
        raise NoCarrier(f"{p.y.name} does not depend on {p.x.name} through any state")
    return Chain(p, states)


__all__ = ["Chain", "chain_of"]
