"""The scalar LSTM, started from a cell state c0 with the output gate o0 of that moment held fixed.

c_{n+1} = f c_n + i g and h_{n+1} = o tanh c_{n+1}, where f, i, o are the logistic function and g is
tanh of U_* h_n plus an input; h_0 = o0 tanh c0. The derivatives in c0 are the kernel's own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property

from bptt_sym.prove import kernel as K
from bptt_sym.prove.kernel import Thm
from bptt_sym.prove.language import (
    Recursion,
    Term,
    TermLike,
    derivative,
    integer,
    real,
    recursion,
    sequence,
    shape,
    sigmoid,
    tanh,
)
from bptt_sym.prove.lemmas import base, step
from bptt_sym.prove.tactics import equal, instantiate, settle

C0, O0, N = real("c0"), real("o0"), integer("n")
GATES = "fiog"
WEIGHTS = {gate: real(f"U_{gate}") for gate in GATES}


class Lstm:
    """The cell with given inputs: ``inputs(gate, t)`` is what is added to U_gate h_{t-1}.

    ``weights`` replaces some of the four recurrent weights, which are parameters otherwise.
    """

    def __init__(
        self, inputs: Callable[[str, Term], TermLike],
        weights: Mapping[str, TermLike] | None = None, extra: Sequence[Term] = (),
    ) -> None:
        self.inputs = inputs
        self.weights = {g: shape((weights or {}).get(g, w)) for g, w in WEIGHTS.items()}
        own = [w for g, w in WEIGHTS.items() if g not in (weights or {})]
        self.params = [*own, *extra, C0, O0]

    @cached_property
    def cell(self) -> Recursion:
        """The joint recursion of (c, h, f, i, o, g); the gates at time 0 play no part, but o_0."""
        c, h, t = real("c"), real("h"), N + 1
        f, i, o, g = (self.activation(name, h, t) for name in GATES)
        after = f * c + i * g
        return recursion("lstm", self.params, N, [
            ("c", C0, after), ("h", O0 * tanh(C0), o * tanh(after)),
            ("f", 0, f), ("i", 0, i), ("o", O0, o), ("g", 0, g)])

    def activation(self, name: str, before: TermLike, t: Term) -> Term:
        """What the gate is at time t, as a function of the output before."""
        return (tanh if name == "g" else sigmoid)(self.argument(name, before, t))

    def argument(self, name: str, before: TermLike, t: Term) -> Term:
        """The pre-activation of the gate at time t."""
        return self.weights[name] * before + self.inputs(name, t)

    def c(self, n: TermLike) -> Term:
        """The cell state at time n."""
        return self.cell(0, n)

    def h(self, n: TermLike) -> Term:
        """The output at time n."""
        return self.cell(1, n)

    def gate(self, name: str, n: TermLike) -> Term:
        """The gate f, i or o, or the candidate g, at time n."""
        return self.cell(2 + GATES.index(name), n)

    def q(self, n: TermLike) -> Term:
        """dh_n/dc_n with the gate fixed: o_n (1 - tanh^2 c_n)."""
        return self.gate("o", n) * (1 - tanh(self.c(n)) ** 2)

    def kappa(self, n: TermLike) -> Term:
        """dc_n/dh_{n-1}: the three gates' sensitivity."""
        f, i, g = (self.gate(name, n) for name in "fig")
        w = self.weights
        return (self.c(shape(n) - 1) * (f * (1 - f)) * w["f"] + g * (i * (1 - i)) * w["i"]
                + i * (1 - g**2) * w["g"])

    def p(self, n: TermLike) -> Term:
        """The path through the output gate: tanh(c_n) o_n (1 - o_n) U_o."""
        o = self.gate("o", n)
        return tanh(self.c(n)) * (o * (1 - o)) * self.weights["o"]

    def dc(self, n: TermLike) -> Term:
        """The derivative of c_n in c0."""
        return derivative(C0, self.c(n))

    def dh(self, n: TermLike) -> Term:
        """The derivative of h_n in c0."""
        return derivative(C0, self.h(n))

    @cached_property
    def initial(self) -> tuple[Thm, Thm]:
        """c_0 = c0 and h_0 = o0 tanh c0."""
        return base(self.cell.definition, 0), base(self.cell.definition, 1)

    def gate_step(self, name: str, n: TermLike, using: Sequence[Thm] = ()) -> Thm:
        """n >= 0 |- the gate at n + 1 is its activation at h_n."""
        return step(self.cell.definition, 2 + GATES.index(name), n, {}, using)

    def state_step(self, n: TermLike, using: Sequence[Thm] = ()) -> tuple[Thm, Thm]:
        """n >= 0 |- c_{n+1} = f_{n+1} c_n + i_{n+1} g_{n+1},  |- h_{n+1} = o_{n+1} tanh c_{n+1}."""
        d, t = self.cell.definition, shape(n)
        gates = [self.gate_step(name, n, using) for name in GATES]
        values = [self.activation(name, self.h(t), t + 1) for name in GATES]
        f, i, o, g = (self.gate(name, t + 1) for name in GATES)
        raw = step(d, 0, n, {}, using)
        c_step = equal(self.c(t + 1).eq(f * self.c(t) + i * g), (raw, self.c(t + 1)), *(
            (e, self.gate(name, t + 1)) for e, name in zip(gates, GATES, strict=True)))
        inner = values[0] * self.c(t) + values[1] * values[3]
        x = real("x")
        same = K.cong(raw, self.c(t + 1).kernel, inner.kernel, tanh(x).kernel, ("v", "x"))
        h_step = equal(self.h(t + 1).eq(o * tanh(self.c(t + 1))),
                       (step(d, 1, n, {}, using), self.h(t + 1)), (same, tanh(self.c(t + 1))),
                       (gates[2], o))
        return c_step, h_step

    @cached_property
    def jacobian_0(self) -> tuple[Thm, Thm]:
        """dc_0/dc0 = 1 and dh_0/dc0 = o0 (1 - tanh^2 c0)."""
        out = []
        for k, (value, start) in enumerate(((self.c(0), C0), (self.h(0), O0 * tanh(C0)))):
            chain = K.d_cong("c0", self.initial[k], value.kernel, start.kernel, C0.kernel)
            goal = derivative(C0, value).eq(1 if k == 0 else O0 * (1 - tanh(C0) ** 2))
            out.append(equal(goal, (chain, derivative(C0, value)),
                             K.d_rule("c0", start.kernel, C0.kernel)))
        return out[0], out[1]

    def gate_derivative(self, name: str) -> Thm:
        """n >= 0 |- the derivative in c0 of the gate at n + 1: its slope times U_gate dh_n."""
        n1, gate = N + 1, self.gate(name, N + 1)
        after = self.activation(name, self.h(N), n1)
        equation = self.gate_step(name, N)
        chain = K.d_cong("c0", equation, gate.kernel, after.kernel, C0.kernel)
        rule = K.d_rule("c0", after.kernel, C0.kernel)
        slope = 1 - gate**2 if name == "g" else gate * (1 - gate)
        return equal(derivative(C0, gate).eq(slope * self.weights[name] * self.dh(N)),
                     (chain, derivative(C0, gate)), (rule, derivative(C0, after)),
                     (equation, gate))

    @cached_property
    def _jacobian(self) -> tuple[Thm, Thm]:
        c_step, h_step = self.state_step(N)
        n1 = N + 1
        f, i, g, o = (self.gate(name, n1) for name in "figo")
        slopes = [(self.gate_derivative(name), derivative(C0, self.gate(name, n1)))
                  for name in GATES]
        after, out = f * self.c(N) + i * g, o * tanh(self.c(n1))
        chain = K.d_cong("c0", c_step, self.c(n1).kernel, after.kernel, C0.kernel)
        rule = K.d_rule("c0", after.kernel, C0.kernel)
        dc = equal(self.dc(n1).eq(f * self.dc(N) + self.kappa(n1) * self.dh(N)),
                   (chain, self.dc(n1)), (rule, derivative(C0, after)), *slopes)
        chain = K.d_cong("c0", h_step, self.h(n1).kernel, out.kernel, C0.kernel)
        rule = K.d_rule("c0", out.kernel, C0.kernel)
        q, p = self.q(n1), self.p(n1)
        dh = equal(
            self.dh(n1).eq(q * f * self.dc(N) + (q * self.kappa(n1) + p) * self.dh(N)),
            (chain, self.dh(n1)), (rule, derivative(C0, out)), *slopes, (dc, self.dc(n1)))
        return dc, dh

    def jacobian_step(self, n: TermLike, using: Sequence[Thm] = ()) -> tuple[Thm, Thm]:
        """n >= 0 |- dc_{n+1} = f dc_n + kappa dh_n  and  dh_{n+1} = q f dc_n + (q kappa + p) dh_n.

        The derivatives are those in c0; all coefficients are at time n + 1.
        """
        dc, dh = self._jacobian
        return (settle(instantiate(dc, {N: n}), using), settle(instantiate(dh, {N: n}), using))


GENERAL = Lstm(lambda gate, t: sequence(f"x_{gate}", t))
