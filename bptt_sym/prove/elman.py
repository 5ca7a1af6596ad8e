"""The scalar Elman cell h_t = tanh(w h_{t-1} + u_t), and what every proof about it starts from.

``u`` holds the input's contribution and the bias: an arbitrary sequence in ``GENERAL``, or any term
in the time. The initial state is the parameter ``h0``. The derivative of h_n is the kernel's own
derivative of the recursion, never a formula; ``gradient_step`` proves the recurrence it satisfies.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property

from bptt_sym.prove import kernel as K
from bptt_sym.prove.kernel import Formula, Thm
from bptt_sym.prove.language import (
    Recursion,
    Term,
    TermLike,
    derivative,
    integer,
    kernel,
    product,
    real,
    recursion,
    sequence,
    shape,
    tanh,
)
from bptt_sym.prove.lemmas import base, product_empty, product_step, step, tanh_bounds
from bptt_sym.prove.tactics import at, equal, induction, instantiate, known, prove, settle

W, H0, N = real("w"), real("h0"), integer("n")


class Elman:
    """The cell with a given input; ``inputs(t)`` is the term u_t."""

    def __init__(self, inputs: Callable[[Term], TermLike]) -> None:
        self.inputs = inputs

    @cached_property
    def cell(self) -> Recursion:
        """h_0 = h0, h_{n+1} = tanh(w h_n + u_{n+1})."""
        after = tanh(W * real("h") + self.inputs(N + 1))
        return recursion("elman", [W, H0], N, [("h", H0, after)])

    def h(self, n: TermLike, w: TermLike = W, h0: TermLike = H0) -> Term:
        """The state at time n."""
        return self.cell(0, n, w, h0)

    def a(self, n: TermLike) -> Term:
        """The pre-activation of h_{n+1}: w h_n + u_{n+1}."""
        return W * self.h(n) + self.inputs(shape(n) + 1)

    def immediate(self, n: TermLike) -> Term:
        """The immediate derivative of h_n in w, h_{n-1} held fixed: (1 - h_n^2) h_{n-1}."""
        t = shape(n)
        return (1 - self.h(t) ** 2) * self.h(t - 1)

    def total_w(self, n: TermLike) -> Term:
        """The total derivative of h_n in w."""
        return derivative(W, self.h(n))

    def total_h0(self, n: TermLike) -> Term:
        """The derivative of h_n in the initial state."""
        return derivative(H0, self.h(n))

    @cached_property
    def initial(self) -> Thm:
        """h_0 = h0."""
        return base(self.cell.definition)

    def state_step(self, n: TermLike, using: Sequence[Thm] = ()) -> Thm:
        """n >= 0 |- h_{n+1} = tanh(w h_n + u_{n+1})."""
        return step(self.cell.definition, 0, n, {}, using)

    @cached_property
    def _bounds(self) -> tuple[Thm, ...]:
        out = []
        for sign in (1, -1):
            goal: Formula = (1 - sign * self.h(N) >= 0).formula
            first = prove(K.instance(goal, ("i", "n"), 0), known(1 - sign * H0 >= 0),
                          rewrite=[self.initial])
            later = prove(K.instance(goal, ("i", "n"), kernel(N + 1)), tanh_bounds(self.a(N)),
                          rewrite=[self.state_step(N)])
            out.append(K.induct("n", K.ZERO, goal, first, later))
        return tuple(out)

    def bounds(self, n: TermLike, using: Sequence[Thm] = ()) -> list[Thm]:
        """n >= 0, 1 - h0 >= 0 |- 1 - h_n >= 0,  and  n >= 0, 1 + h0 >= 0 |- 1 + h_n >= 0."""
        return [at(t, {N: n}, using) for t in self._bounds]

    @cached_property
    def _inside(self) -> tuple[Thm, ...]:
        return tuple(
            prove(1 - sign * self.h(N + 1) > 0, tanh_bounds(self.a(N)),
                  rewrite=[self.state_step(N)]) for sign in (1, -1)
        )

    def inside(self, n: TermLike, using: Sequence[Thm] = ()) -> list[Thm]:
        """n >= 1 |- 1 - h_n > 0 and |- 1 + h_n > 0, whatever the initial state."""
        return [at(t, {N: shape(n) - 1}, using) for t in self._inside]

    def slope(self, n: TermLike, using: Sequence[Thm] = ()) -> Thm:
        """n >= 1 |- 1 - h_n^2 > 0."""
        return prove(1 - self.h(n) ** 2 > 0, self.inside(n, using))

    def slopes(self, j: Term, t: Term, end: Term) -> Term:
        """The product of 1 - h_j^2 over t <= j <= end."""
        return product(j, t, end, 1 - self.h(j) ** 2)

    def slopes_bounds(self, j: Term, t: Term, end: Term) -> tuple[Thm, Thm]:
        """t >= 1, end >= t - 1 |- slopes(j, t, end) > 0  and  |- slopes(j, t, end) <= 1."""
        late, first = known(t >= 1, t - 1 <= end)
        whole, factor = self.slopes(j, t, end), 1 - self.h(j) ** 2
        positive = self.slope(end + 1, [late, first])
        empty = product_empty(j, t, factor)
        peel = product_step(j, t, end, factor, [late, first])
        out: list[Thm] = []
        for goal in (whole > 0, whole <= 1):
            base = prove(K.instance(goal.formula, end.args, kernel(t - 1)), rewrite=[empty])
            using = [positive, *known(goal)] if not out else [out[0], *known(goal)]
            later = prove(K.instance(goal.formula, end.args, kernel(end + 1)), using,
                          rewrite=[peel], squares=[self.h(end + 1)] if out else [])
            out.append(induction(end, t - 1, goal, base, later))
        return out[0], out[1]

    @cached_property
    def _gradients(self) -> dict[str, tuple[Thm, Thm]]:
        return {"w": self._gradient("w"), "h0": self._gradient("h0")}

    def _gradient(self, name: str) -> tuple[Thm, Thm]:
        x, h = {"w": W, "h0": H0}[name], self.h
        chain = K.d_cong(name, self.initial, h(0).kernel, H0.kernel, x.kernel)
        start = equal(derivative(x, h(0)).eq(1 if name == "h0" else 0), chain,
                      K.d_rule(name, H0.kernel, x.kernel))
        after = tanh(self.a(N))
        chain = K.d_cong(name, self.state_step(N), h(N + 1).kernel, after.kernel, x.kernel)
        inner = W * derivative(x, h(N))
        if name == "w":
            inner = h(N) + inner
        goal = derivative(x, h(N + 1)).eq((1 - h(N + 1) ** 2) * inner)
        rule = K.d_rule(name, after.kernel, x.kernel)
        return start, equal(goal, (chain, derivative(x, h(N + 1))),
                            (rule, derivative(x, after)), (self.state_step(N), h(N + 1)))

    def gradient_0(self, name: str) -> Thm:
        """dh_0/dw = 0, or dh_0/dh0 = 1."""
        return self._gradients[name][0]

    def gradient_step(self, name: str, n: TermLike, using: Sequence[Thm] = ()) -> Thm:
        """n >= 0 |- dh_{n+1}/dw = (1 - h_{n+1}^2)(h_n + w dh_n/dw); for h0, without h_n."""
        return settle(instantiate(self._gradients[name][1], {N: n}), using)


GENERAL = Elman(lambda t: sequence("u", t))
AUTONOMOUS = Elman(lambda t: 0)
h, a, immediate = GENERAL.h, GENERAL.a, GENERAL.immediate
total_w, total_h0 = GENERAL.total_w, GENERAL.total_h0
initial, state_step, bounds = GENERAL.initial, GENERAL.state_step, GENERAL.bounds
inside, slope = GENERAL.inside, GENERAL.slope
gradient_0, gradient_step = GENERAL.gradient_0, GENERAL.gradient_step
