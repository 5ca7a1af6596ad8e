"""The scalar Elman cell h_t = tanh(w h_{t-1} + u_t), and what every proof about it starts from.

``u`` is an arbitrary input sequence (it holds the input's contribution and the bias), h_0 = ``h0``
an arbitrary initial state. The derivative of h_n is the kernel's own derivative of the recursion,
never a formula: ``gradient_step`` derives the recurrence that it satisfies.
"""

from __future__ import annotations

from functools import cache

from bptt_sym.prove import kernel as K
from bptt_sym.prove.kernel import ONE, Thm
from bptt_sym.prove.language import (
    Recursion,
    Term,
    TermLike,
    derivative,
    integer,
    kernel,
    real,
    recursion,
    sequence,
    shape,
    tanh,
)
from bptt_sym.prove.lemmas import base, step, tanh_bounds
from bptt_sym.prove.tactics import at, case_split, equal, have, instantiate, known, prove, settle

W, H0, N = real("w"), real("h0"), integer("n")


@cache
def cell() -> Recursion:
    """h_0 = h0, h_{n+1} = tanh(w h_n + u_{n+1})."""
    after = tanh(W * real("h") + sequence("u", N + 1))
    return recursion("elman", [W, H0], N, [("h", H0, after)])


def h(n: TermLike) -> Term:
    """The state at time n."""
    return cell()(0, n)


def a(n: TermLike) -> Term:
    """The pre-activation of h_{n+1}: w h_n + u_{n+1}."""
    return W * h(n) + sequence("u", shape(n) + 1)


def immediate(n: TermLike) -> Term:
    """The immediate derivative of h_n in w, h_{n-1} held fixed: (1 - h_n^2) h_{n-1}."""
    t = shape(n)
    return (1 - h(t) ** 2) * h(t - 1)


def total_w(n: TermLike) -> Term:
    """The total derivative of h_n in w."""
    return derivative(W, h(n))


def total_h0(n: TermLike) -> Term:
    """The derivative of h_n in the initial state."""
    return derivative(H0, h(n))


@cache
def initial() -> Thm:
    """h_0 = h0."""
    return base(cell().definition)


def state_step(n: TermLike, using: list[Thm] | None = None) -> Thm:
    """n >= 0 |- h_{n+1} = tanh(w h_n + u_{n+1})."""
    return step(cell().definition, 0, n, {}, using)


@cache
def _bounds(strict: bool) -> tuple[Thm, Thm]:
    """After the first step the state is inside (-1, 1); strict or not, as the initial state is."""
    out = []
    for sign in (1, -1):
        goal = 1 - sign * h(N) > 0 if strict else 1 - sign * h(N) >= 0
        start = 1 - sign * H0 > 0 if strict else 1 - sign * H0 >= 0
        first = prove(K.instance(goal.formula, ("i", "n"), 0), known(start), rewrite=[initial()])
        later = prove(
            K.instance(goal.formula, ("i", "n"), kernel(N + 1)), tanh_bounds(a(N)),
            rewrite=[state_step(N)],
        )
        out.append(K.induct("n", kernel(0), goal.formula, first, later))
    return out[0], out[1]


def bounds(n: TermLike, strict: bool = False, using: list[Thm] | None = None) -> list[Thm]:
    """n >= 0, 1 - h0 >= 0, 1 + h0 >= 0 |- 1 - h_n >= 0 and |- 1 + h_n >= 0 (or all strict)."""
    return [at(t, {N: n}, using or []) for t in _bounds(strict)]


@cache
def _inside() -> tuple[Thm, Thm]:
    n1 = N + 1
    return tuple(  # type: ignore[return-value]
        prove(1 - sign * h(n1) > 0, tanh_bounds(a(N)), rewrite=[state_step(N)]) for sign in (1, -1)
    )


def inside(n: TermLike, using: list[Thm] | None = None) -> list[Thm]:
    """n >= 1 |- 1 - h_n > 0 and |- 1 + h_n > 0, whatever the initial state."""
    return [at(t, {N: shape(n) - 1}, using or []) for t in _inside()]


def slope(n: TermLike, using: list[Thm] | None = None) -> Thm:
    """n >= 1 |- 1 - h_n^2 > 0."""
    return prove(1 - h(n) ** 2 > 0, inside(n, using))


@cache
def _gradient(name: str) -> tuple[Thm, Thm]:
    x = {"w": W, "h0": H0}[name]
    start = K.d_cong(name, initial(), h(0).kernel, H0.kernel, x.kernel)
    start = equal(
        derivative(x, h(0)).eq(1 if name == "h0" else 0),
        start, K.d_rule(name, H0.kernel, x.kernel))
    after = tanh(a(N))
    chain = K.d_cong(name, state_step(N), h(N + 1).kernel, after.kernel, x.kernel)
    inner = h(N) + W * derivative(x, h(N)) if name == "w" else W * derivative(x, h(N))
    goal = derivative(x, h(N + 1)).eq((1 - h(N + 1) ** 2) * inner)
    return start, equal(
        goal, (chain, derivative(x, h(N + 1))),
        (K.d_rule(name, after.kernel, x.kernel), derivative(x, after)), (state_step(N), h(N + 1)))


def gradient_0(name: str) -> Thm:
    """d h_0 / d w = 0, or d h_0 / d h0 = 1."""
    return _gradient(name)[0]


def gradient_step(name: str, n: TermLike, using: list[Thm] | None = None) -> Thm:
    """n >= 0 |- dh_{n+1}/dw = (1 - h_{n+1}^2)(h_n + w dh_n/dw); with h0 for w, without h_n."""
    return settle(instantiate(_gradient(name)[1], {N: n}), using or [])


__all__ = [
    "H0", "N", "ONE", "W", "a", "bounds", "case_split", "cell", "gradient_0", "gradient_step", "h",
    "have", "immediate", "initial", "inside", "slope", "state_step", "total_h0", "total_w",
]
