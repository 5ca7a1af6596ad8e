"""A recurrence's derivative over n steps in the kernel, and what one more step does to its size.

A run that starts at step k is the same recursion with h_k as its start, and every sequence of
inputs is allowed, so what holds for n steps from step 0 holds from k to k + n. In more dimensions
the derivative is the product of the one-step Jacobians that the chain rule gives, each a product of
diagonals of slopes, at any pre-activations, and parameters.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Protocol

from bptt_sym.jacobian import Calculus
from bptt_sym.notation import At, D, Diag, Fn, Idx, Mul, Node, Sym, index, walk
from bptt_sym.prove import kernel as K
from bptt_sym.prove import language as L
from bptt_sym.prove import lemmas, matrices
from bptt_sym.prove.bounds import bounded
from bptt_sym.prove.kernel import Mat, Poly, Thm
from bptt_sym.prove.language import Term
from bptt_sym.prove.statements import Names, NotStated
from bptt_sym.prove.tactics import equal, known, prove
from bptt_sym.recurrence import Recurrence

N, X = L.integer("n"), L.real("x")
_NOW, _BEFORE = Idx("t"), index("t", -1)


class Run(Protocol):
    """The size of a derivative over n steps."""

    def size(self, n: L.TermLike) -> Term:
        """The derivative's absolute value or norm after n steps."""

    def start(self) -> list[Thm]:
        """Equations that give the size after 0 steps."""

    def nonnegative(self) -> Thm:
        """size(n) >= 0."""

    def grow(self) -> tuple[Poly, Poly, Thm]:
        """(B, C, size(n + 1) <= C + B size(n))."""

    def unrolled(self, count: int) -> Term | None:
        """The size after ``count`` steps in elementary functions, if it can be written so."""

    def ranges(self) -> list[L.Claim]:
        """What is supposed of the start: that it is within the activation's range."""


def run_of(rec: Recurrence, names: Names, x: Node) -> Run:
    """The run of a recurrence with one state and lag 1. Raises ``NotStated`` for any other."""
    if len(rec.states) != 1 or rec.max_lag != 1:
        raise NotStated("a path through several states")
    if isinstance(x, At) and x.name != rec.states[0]:
        raise NotStated(f"the derivative in {x.name} over several steps")
    if not isinstance(x, (At, Sym)):
        raise NotStated("the derivative in an expression")
    return ScalarRun(rec, names, x) if rec.is_scalar else VectorRun(rec, names, x)


def _slopes(rec: Recurrence, x: Node) -> tuple[Node, Node | None]:
    """The one-step factor, and what a parameter adds at each step."""
    calculus, state = Calculus(rec), rec.states[0]
    now = At(state, _NOW)
    factor = calculus.one_step(now, At(state, _BEFORE))
    added = calculus.immediate(now, x) if isinstance(x, Sym) else None
    for node in (factor, added):
        if node is not None and any(isinstance(m, D) for m in walk(node)):
            raise NotStated("the derivative of an unknown function")
    return factor, added


class ScalarRun:
    """h_n as a recursion of the kernel, and the kernel's own derivative of it."""

    def __init__(self, rec: Recurrence, names: Names, x: Node) -> None:
        self.rec, self.names = rec, names
        (self.state,) = rec.states
        self.rhs = rec.rhs(self.state)
        self.label = names.plain(self.state)
        self.h0 = L.real(names.plain(f"{self.label}_0"))
        self.x = L.real(names.plain(x.name)) if isinstance(x, Sym) else self.h0
        self.by_start = not isinstance(x, Sym)
        self.factor, self.added = _slopes(rec, x)
        after = self._at_step(self.rhs, L.real(self.label), N + 1)
        own = {("v", self.label), self.h0.args}
        params = [L.real(v) for s, v in sorted(K.free(after.kernel) | {self.x.args}) if s == "v"
                  and ("v", v) not in own]
        self.cell = L.recursion(
            f"cell_{self.label}", [*params, self.h0], N, [(self.label, self.h0, after)])

    def _at_step(self, node: Node, before: Term, n: L.TermLike, value: Term | None = None,
                 inputs: Mapping[tuple[str, int], Term] | None = None) -> Term:
        """A node of the equation of step n, with ``before`` for the state at n - 1."""

        def read(a: At) -> Term:
            lag = 0 if a.time == _NOW else 1 if a.time == _BEFORE else None
            if lag is None:
                raise NotStated("an element at a fixed step")
            if a.name == self.state:
                if lag:
                    return before
                return value if value is not None else self.names.term(self.rhs, None, read)
            if a.name in self.rec.defined:
                if lag:
                    raise NotStated(f"{a.name} one step back")
                return self.names.term(self.rec.rhs(a.name), None, read)
            if inputs is not None:
                return inputs[a.name, lag]
            return L.sequence(self.names.plain(a.name), L.shape(n) - lag)

        return self.names.term(node, None, read)

    def h(self, n: L.TermLike) -> Term:
        return self.cell(0, n)

    def derivative(self, n: L.TermLike) -> Term:
        """The derivative of h_n in the start or in the parameter."""
        return L.derivative(self.x, self.h(n))

    def size(self, n: L.TermLike) -> Term:
        return L.absolute(self.derivative(n))

    def nonnegative(self) -> Thm:
        return lemmas.abs_nonneg(self.derivative(N))

    def start(self) -> list[Thm]:
        first, name = lemmas.base(self.cell.definition), self.x.args[1]
        chain = K.d_cong(name, first, self.h(0).kernel, self.h0.kernel, self.x.kernel)
        value = Poly.of(1 if self.by_start else 0)
        zero = equal(self.derivative(0).eq(value), chain,
                     K.d_rule(name, self.h0.kernel, self.x.kernel))
        same = K.cong(zero, self.derivative(0).kernel, value, L.absolute(X).kernel, X.args)
        return [same, lemmas.abs_of_nonneg(value, prove(("ge", value)))]

    def ranges(self) -> list[L.Claim]:
        squashed = (isinstance(self.rhs, Fn) and self.rhs.name in ("tanh", "sigma")
                    and not self.rhs.order)
        return [L.absolute(self.h0) <= 1] if squashed else []

    @cached_property
    def _in_range(self) -> list[Thm]:
        """n >= 0, |h_0| <= 1 |- |h_n| <= 1, for a state that is a tanh or σ of something."""
        if not self.ranges() or not isinstance(self.rhs, Fn):
            return []
        (inner,) = self._at_step(self.rhs, self.h(N), N + 1).args
        known_of = lemmas.tanh_bounds if self.rhs.name == "tanh" else lemmas.sg_bounds
        unit = known(*self.ranges())
        step = lemmas.step(self.cell.definition, 0, N)
        sides = []
        for sign in (1, -1):
            goal = (1 - sign * self.h(N) >= 0).formula
            first = prove(K.instance(goal, N.args, 0), [*unit, *lemmas.abs_both(self.h0)],
                          rewrite=[lemmas.base(self.cell.definition)])
            later = prove(K.instance(goal, N.args, (N + 1).kernel), known_of(inner),
                          rewrite=[(step, self.h(N + 1))])
            sides.append(K.induct("n", K.ZERO, goal, first, later))
        return [lemmas.abs_le(self.h(N), 1, *sides)]

    def grow(self) -> tuple[Poly, Poly, Thm]:
        after = self._at_step(self.rhs, self.h(N), N + 1)
        factor = self._at_step(self.factor, self.h(N), N + 1, after)
        rec, name, d = lemmas.step(self.cell.definition, 0, N), self.x.args[1], self.derivative(N)
        chain = K.d_cong(name, rec, self.h(N + 1).kernel, after.kernel, self.x.kernel)
        rule = K.d_rule(name, after.kernel, self.x.kernel)
        whole = factor * d
        b, shrink = bounded(factor, self._in_range)
        own = prove(L.absolute(d) <= L.absolute(d))
        size = lemmas.product_bound(factor, d, shrink, own)
        c = K.ZERO
        if self.added is not None:
            added = self._at_step(self.added, self.h(N), N + 1, after)
            c, first = bounded(added, self._in_range)
            size = lemmas.sum_bound(added, whole, first, size)
            whole = added + whole
        one_more = equal(self.derivative(N + 1).eq(whole), (chain, self.derivative(N + 1)),
                         (rule, L.derivative(self.x, after)))
        same = K.cong(one_more, self.derivative(N + 1).kernel, whole.kernel,
                      L.absolute(X).kernel, X.args)
        goal = self.size(N + 1) <= L.shape(c + b * self.size(N).kernel)
        return b, c, prove(goal, [size, same], degree=1)

    def unrolled(self, count: int) -> Term | None:
        value = self.h0
        steps = {(a.name, lag): a.name for a in walk(self.rhs) if isinstance(a, At)
                 for lag in (0, 1) if a.name not in self.rec.defined}
        for name in self.rec.gates:
            steps |= {(a.name, lag): a.name for a in walk(self.rec.rhs(name))
                      if isinstance(a, At) for lag in (0, 1) if a.name not in self.rec.defined}
        for n in range(1, count + 1):
            inputs = {(a, lag): L.real(self.names.plain(f"{self.names.plain(a)}_{n - lag}"))
                      for a, lag in steps}
            value = self._at_step(self.rhs, value, n, None, inputs)
        return L.absolute(K.diff(value.kernel, self.x.args[1]))


class VectorRun:
    """The product of the one-step Jacobians, in any dimension and any p-norm's operator norm."""

    def __init__(self, rec: Recurrence, names: Names, x: Node) -> None:
        self.rec, self.names = rec, names
        (self.state,) = rec.states
        if not isinstance(x, At):
            raise NotStated("the derivative in a parameter, in more than one dimension")
        self.factor, _ = _slopes(rec, x)
        i = L.integer("i")
        self.letters = [self._letter(a, i) for a in (
            self.factor.args if isinstance(self.factor, Mul) else (self.factor,))]
        product: Term = self.letters[0][0]
        for letter, _, _ in self.letters[1:]:
            product = product * letter
        self.product = product
        self.chain = L.recursion(
            f"chain_{names.plain(self.state)}", [], N,
            [("J", L.identity(), product * L.matrix("J"))])

    def _letter(self, node: Node, i: Term) -> tuple[Term, Poly, Thm]:
        """A factor, its bound, and the theorem: norm of the factor <= bound."""
        if isinstance(node, Sym):
            m = L.matrix(self.names.plain(node.name))
            return m, L.norm(m).kernel, matrices.own_norm(m)
        if not isinstance(node, Diag):
            raise NotStated("a one-step Jacobian that is not made of diagonals and parameters")
        arguments: dict[Node, str] = {}

        def activation(name: str, of: Node) -> Term:
            value = L.sequence(arguments.setdefault(of, f"a{len(arguments) or ''}"), N + 1, i)
            return L.tanh(value) if name == "tanh" else L.sigmoid(value)

        def read(a: At) -> Term:
            rhs = self.rec.rhs(a.name) if a.name in self.rec.defined else None
            if a.time == _NOW and isinstance(rhs, Fn) and rhs.name in ("tanh", "sigma") \
                    and not rhs.order:
                return activation(rhs.name, rhs.arg)
            raise NotStated(f"entries of {a.name}")

        if isinstance(node.arg, Fn) and node.arg.order == 1:
            value = activation(node.arg.name, node.arg.arg)
            entry = 1 - value**2 if node.arg.name == "tanh" else value * (1 - value)
        else:
            entry = self.names.term(node.arg, None, read)
        b, thm = bounded(entry, [])
        sides = [prove(("ge", b - s * entry.kernel), [thm, *lemmas.abs_both(entry)], degree=1)
                 for s in (1, -1)]
        return L.diagonal(i, entry), b, matrices.diagonal_bound(i, entry, b, *sides)

    def value(self, n: L.TermLike) -> Term:
        return self.chain(0, n)

    def size(self, n: L.TermLike) -> Term:
        return L.norm(self.value(n))

    def nonnegative(self) -> Thm:
        return matrices.norm_nonneg(self.value(N))

    def start(self) -> list[Thm]:
        first = lemmas.base(self.chain.definition)
        return [matrices.equal_norms(first, self.value(0), Mat.of(1)), K.fact("norm_one")]

    def grow(self) -> tuple[Poly, Poly, Thm]:
        whole, b, thm = self.letters[0]
        for letter, size, own in self.letters[1:]:
            thm = matrices.norm_bound_product(whole, letter, thm, own)
            whole, b = whole * letter, b * size
        value, after = self.value(N), self.value(N + 1)
        thm = matrices.norm_bound_product(self.product, value, thm, matrices.own_norm(value))
        rec = lemmas.step(self.chain.definition, 0, N)
        same = matrices.equal_norms(rec, after, self.product * value)
        goal = self.size(N + 1) <= L.shape(b * self.size(N).kernel)
        return b, K.ZERO, prove(goal, [thm, same], degree=1)

    def unrolled(self, count: int) -> Term | None:
        return None

    def ranges(self) -> list[L.Claim]:
        return []


__all__ = ["Run", "run_of"]
