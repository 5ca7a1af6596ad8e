"""The scalar LSTM at rest: gates that do not change, and the derivatives' constant recurrence.

With f, i, o, g constant and c = f c + i g the state stays at (c, o tanh c), and the derivatives in
c_0 obey a linear recurrence with the constants f, kappa, q, p. What keeps the gates constant, four
equations in the weights and inputs, is a hypothesis (``gate_is``); a script shows that it can be
met.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

from bptt_sym.prove.enclosures import GROWTH, F, P, S
from bptt_sym.prove.kernel import Thm, instance
from bptt_sym.prove.language import (
    Claim,
    Term,
    TermLike,
    derivative,
    integer,
    product,
    real,
    shape,
    tanh,
)
from bptt_sym.prove.language import sigmoid as sg
from bptt_sym.prove.lemmas import (
    base,
    congruent,
    power_0,
    power_step,
    product_empty,
    product_step,
    step,
)
from bptt_sym.prove.lstm import C0, GATES, O0, Lstm, N
from bptt_sym.prove.tactics import (
    assume,
    conj,
    equal,
    have,
    induction,
    instantiate,
    known,
    parts,
    prove,
    settle,
)

X = real("x")


class Resting:
    """An LSTM whose inputs do not depend on the time, with those gates and that cell state.

    ``gates`` holds the values of f, i, o, g. That c is f c + i g is a hypothesis (``fits``),
    settled if these are numbers.
    """

    def __init__(self, lstm: Lstm, gates: Mapping[str, TermLike], c: TermLike) -> None:
        self.lstm, self.gates, self.c = lstm, {k: shape(v) for k, v in gates.items()}, shape(c)
        f, i, o, g = (self.gates[k] for k in GATES)
        self.fits = self.c.eq(f * c + i * g)
        self.h = o * tanh(c)
        self.start = {C0: self.c, O0: o}
        self.q = o * (1 - tanh(c) ** 2)
        self.shares = {"f": self.c * f * (1 - f), "i": g * i * (1 - i), "g": i * (1 - g**2)}
        self.kappa = self._weighted(self.shares)
        self.p = tanh(c) * (o * (1 - o)) * lstm.weights["o"]
        self.gate_is: dict[str, Claim] = {
            k: self._activation(k, self.h).eq(gates[k]) for k in GATES}

    def _weighted(self, shares: Mapping[str, Term]) -> Term:
        """The shares times the recurrent weights, summed; gates without one are left out."""
        weights = self.lstm.weights
        terms = [x * weights[k] for k, x in shares.items() if weights[k].kernel]
        return sum(terms[1:], terms[0]) if terms else shape(0)

    def _activation(self, gate: str, before: TermLike) -> Term:
        return self.lstm.activation(gate, before, N + 1)

    def cell(self, j: int, n: TermLike) -> Term:
        """Part j of the recursion (c, h, f, i, o, g) at time n, started at rest."""
        return self.lstm.cell(j, n, *[self.start.get(x, x) for x in self.lstm.params])

    def _derivative(self, j: int, n: TermLike) -> Term:
        at_gate = [self.gates["o"] if x is O0 else x for x in self.lstm.params]
        return derivative(C0, self.lstm.cell(j, n, *at_gate), self.c)

    def dc(self, n: TermLike) -> Term:
        """The derivative of c_n in c_0."""
        return self._derivative(0, n)

    def dh(self, n: TermLike) -> Term:
        """The derivative of h_n in c_0."""
        return self._derivative(1, n)

    @property
    def state(self) -> Claim:
        """c_n = c and h_n = o tanh c."""
        return self.cell(0, N).eq(self.c) & self.cell(1, N).eq(self.h)

    def _gates_at(self, h_now: Thm) -> list[Thm]:
        made = []
        for k, gate in enumerate(GATES):
            before, after = (self.lstm.argument(gate, h, N + 1)
                             for h in (self.cell(1, N), self.h))
            same = congruent(
                prove(before.eq(after), [h_now], multipliers=[self.lstm.weights[gate]]),
                before, after, (tanh if gate == "g" else sg)(X), X)
            rule = instantiate(self.lstm.gate_step(gate, N), self.start)
            made.append(prove(self.cell(2 + k, N + 1).eq(self.gates[gate]),
                              [rule, same, assume(self.gate_is[gate])]))
        return made

    @cached_property
    def still(self) -> Thm:
        """gates, n >= 0 |- the state at n."""
        zero = [instantiate(t, self.start) for t in self.lstm.initial]
        c_now, h_now = parts(assume(self.state))
        gates = self._gates_at(h_now)
        pairs = [(t, self.cell(2 + k, N + 1)) for k, t in enumerate(gates)]
        c_step, h_step = (instantiate(t, self.start) for t in self.lstm.state_step(N))
        c_next = self.cell(0, N + 1)
        fits = settle(assume(self.fits))
        nxt_c = prove(c_next.eq(self.c), [fits], rewrite=[
            (c_step, c_next), *pairs, (c_now, self.cell(0, N))])
        flat = congruent(nxt_c, c_next, self.c, tanh(X), X)
        nxt_h = equal(self.cell(1, N + 1).eq(self.h), (h_step, self.cell(1, N + 1)), pairs[2],
                      (flat, tanh(c_next)))
        return induction(N, 0, self.state, conj(*zero), conj(nxt_c, nxt_h))

    @cached_property
    def gates_stay(self) -> list[Thm]:
        """gates, n >= 0 |- each gate at n + 1 has its value, in the order of ``GATES``."""
        return self._gates_at(parts(self.still)[1])

    @cached_property
    def steps(self) -> tuple[Thm, Thm]:
        """gates, n >= 0 |- dc_{n+1} = f dc_n + kappa dh_n, |- dh_{n+1} = q dc_{n+1} + p dh_n."""
        c_now, _ = parts(self.still)
        c_next = self.cell(0, N + 1)
        late = have(instantiate(c_now, {N: N + 1}), prove(N + 1 >= 0, known(N >= 0)))
        flat = congruent(late, c_next, self.c, tanh(X), X)
        pairs = [(t, self.cell(2 + k, N + 1)) for k, t in enumerate(self.gates_stay)]
        dc_step, dh_step = (instantiate(t, self.start) for t in self.lstm.jacobian_step(N))
        one = equal(
            self.dc(N + 1).eq(self.gates["f"] * self.dc(N) + self.kappa * self.dh(N)),
            (dc_step, self.dc(N + 1)), *pairs, (c_now, self.cell(0, N)))
        two = equal(
            self.dh(N + 1).eq(self.q * self.dc(N + 1) + self.p * self.dh(N)),
            (dh_step, self.dh(N + 1)), *pairs, (c_now, self.cell(0, N)), (flat, tanh(c_next)),
            (one, self.dc(N + 1)))
        return one, two

    @cached_property
    def second_order(self) -> Thm:
        """gates, n >= 0 |- dc_{n+2} = (f + kappa q + p) dc_{n+1} - f p dc_n."""
        (one, two), f, p = self.steps, self.gates["f"], self.p
        after = have(instantiate(one, {N: N + 1}), prove(N + 1 >= 0, known(N >= 0)))
        goal = self.dc(N + 2).eq((f + self.kappa * self.q + p) * self.dc(N + 1)
                                 - f * p * self.dc(N))
        return prove(goal, [one], multipliers=[p], rewrite=[
            (after, self.dc(N + 2)), (two, self.dh(N + 1))])

    @cached_property
    def begin(self) -> tuple[Thm, Thm]:
        """|- dc_0 = 1 and |- dh_0 = q."""
        one, two = (instantiate(t, self.start) for t in self.lstm.jacobian_0)
        return one, equal(self.dh(0).eq(self.q), two)

    def one_step_sum(self, n: TermLike) -> Term:
        """f_n + kappa_n q_{n-1}, the sum A + B + C + D of the one-step terms at time n."""
        before = shape(n) - 1
        f, i, g = (self.cell(2 + GATES.index(k), n) for k in "fig")
        c, o = self.cell(0, before), self.cell(4, before)
        kappa = self._weighted({"f": c * (f * (1 - f)), "i": g * (i * (1 - i)),
                                "g": i * (1 - g**2)})
        return f + kappa * (o * (1 - tanh(c) ** 2))

    @cached_property
    def product_of_sums(self) -> Thm:
        """gates, n >= 0 |- the product of the one-step sums over 1, ..., n is (f + kappa q)^n."""
        gate = self.cell(4, N).eq(self.gates["o"])
        rule = instantiate(base(self.lstm.cell.definition, 4), self.start)
        opened = induction(N, 0, gate, rule, self.gates_stay[2])
        c_now, _ = parts(self.still)
        flat = congruent(c_now, self.cell(0, N), self.c, tanh(X), X)
        pairs = [(t, self.cell(2 + k, N + 1)) for k, t in enumerate(self.gates_stay)]
        total = self.gates["f"] + self.kappa * self.q
        same = equal(self.one_step_sum(N + 1).eq(total), *pairs, (opened, self.cell(4, N)),
                     (flat, tanh(self.cell(0, N))), (c_now, self.cell(0, N)))
        t = integer("t")
        body = self.one_step_sum(t)
        whole = product(t, 1, N, body)
        goal = whole.eq(total**N)
        first = equal(instance(goal.formula, N.args, 0), product_empty(t, 1, body),
                      power_0(total))
        later = prove(instance(goal.formula, N.args, (N + 1).kernel), [same, assume(goal)],
                      multipliers=[1, whole, total], rewrite=[
                          product_step(t, 1, N, body, known(N >= 0)), power_step(total, N)])
        return induction(N, 0, goal, first, later)

    @cached_property
    def growth(self) -> Thm:
        """gates, n >= 0 |- dc_n = x_n(f + kappa q, p, f), the solution of that recurrence."""
        total = self.gates["f"] + self.kappa * self.q
        values = {S: total, P: self.p, F: self.gates["f"]}
        x, y = (GROWTH(k, N, *values.values()) for k in (0, 1))
        d = GROWTH.definition
        goal = self.dc(N).eq(x) & self.dc(N + 1).eq(y)
        one = instantiate(self.steps[0], {N: shape(0)})
        one = have(one, prove(shape(0) >= 0))
        first = conj(
            prove(self.dc(0).eq(GROWTH(0, 0, *values.values())), [
                self.begin[0], instantiate(base(d, 0), values)]),
            prove(self.dc(1).eq(GROWTH(1, 0, *values.values())), [
                one, *self.begin, instantiate(base(d, 1), values)],
                multipliers=[1, self.gates["f"], self.kappa]))
        now, after = parts(assume(goal))
        later = conj(
            prove(self.dc(N + 1).eq(GROWTH(0, N + 1, *values.values())), [
                after, instantiate(step(d, 0, N), values)]),
            prove(self.dc(N + 2).eq(GROWTH(1, N + 1, *values.values())), [
                self.second_order, now, after, instantiate(step(d, 1, N), values)],
                multipliers=[1, total + self.p, self.gates["f"] * self.p]))
        return parts(induction(N, 0, goal, first, later))[0]
