"""Exercise 2: one bound for all products of slopes with an immediate derivative, all T and t."""

from bptt_sym.prove.elman import (
    GENERAL,
    H0,
    N,
    W,
    a,
    bounds,
    h,
    immediate,
    initial,
    inside,
    state_step,
)
from bptt_sym.prove.kernel import instance
from bptt_sym.prove.language import absolute, forall, integers, product, real, sequence, tanh
from bptt_sym.prove.lemmas import (
    abs_both,
    abs_le,
    congruent,
    product_empty,
    product_step,
    tanh_0,
)
from bptt_sym.prove.tactics import (
    assume,
    close,
    conj,
    equal,
    induction,
    instantiate,
    known,
    prove,
    settle,
    use,
)
from bptt_sym.prove.theorem import Outline, Theorem

T, t, j = integers("T t j")
x = real("x")


def theorem() -> Theorem:
    out = Outline()
    starts = absolute(H0) <= 1
    unit = [prove(1 - s * H0 >= 0, [*known(starts), *abs_both(H0)]) for s in (1, -1)]
    two = known(t >= 2)
    factor, P = 1 - h(j) ** 2, GENERAL.slopes(j, t, T)
    above, below = GENERAL.slopes_bounds(j, t, T)
    out.line(above, "the new factor 1 − h² is positive, h being a value of tanh", P > 0)
    out.line(below, "the new factor 1 − h² is at most 1 and the product is not negative", P <= 1)
    above, below = settle(above, two), settle(below, two)

    inner = [*inside(t - 1, two), *bounds(t - 2, using=[*two, *unit])]
    d = immediate(t - 1)
    sides = [prove(1 - sign * d >= 0, [
        prove(1 - h(t - 1) ** 2 > 0, inner[:2]), inner[2 if sign == 1 else 3]],
        squares=[h(t - 1)]) for sign in (1, -1)]
    out.line(abs_le(d, 1, *sides), "as in exercise 1, since |h_{t−2}| ≤ 1", absolute(d) <= 1)
    whole = P * d
    # 1 -+ P d = (1 - P) + P (1 -+ d)
    sides = [prove(1 - sign * whole >= 0, [above, below, side])
             for sign, side in zip((1, -1), sides, strict=True)]
    claim = absolute(whole) <= 1
    thm = out.line(abs_le(whole, 1, *sides), "0 ≤ P ≤ 1 and |d| ≤ 1 give 1 ∓ P d = (1 − P) + "
                   "P (1 ∓ d) ≥ 0", claim)
    thm = settle(thm, known(t <= T, t >= 2, starts))

    # 1 is attained: with w = 0, u = 0, h_0 = 1 every later state is 0
    quiet, start, free = forall(j, sequence("u", j).eq(0)), H0.eq(1), W.eq(0)
    drive = prove(a(N).eq(0), [assume(free), use(assume(quiet), N + 1)], multipliers=[1, h(N)])
    still = congruent(drive, a(N), 0, tanh(x), x)
    rest = out.line(equal(h(N + 1).eq(0), (state_step(N), h(N + 1)), (still, tanh(a(N))), tanh_0()),
                    "tanh 0 = 0", h(N + 1).eq(0))
    Q = product(j, 2, T, factor)
    flat = Q.eq(1)
    here = settle(instantiate(rest, {N: T}), known(T >= 1))
    first_ = prove(instance(flat.formula, ("i", "T"), 1), rewrite=[product_empty(j, 2, factor)])
    next_ = prove(instance(flat.formula, ("i", "T"), (T + 1).kernel), rewrite=[
        product_step(j, 2, T, factor, known(T >= 1)), (here, h(T + 1)), assume(flat)])
    ones = induction(T, 1, flat, first_, next_)
    h1 = settle(instantiate(rest, {N: 0}))
    value = Q * immediate(1)
    exact = value.eq(1)
    reached = out.line(
        equal(exact, (ones, Q), (h1, h(1)), initial, assume(start)),
        "every slope is 1 and h₀ = 1", exact)
    reached = close(close(settle(reached, known(T >= 2)), over=[T], under=[T >= 2]),
                    over=[H0, W], under=[quiet, free, start])
    attained = forall([H0, W], quiet.implies(free.implies(start.implies(
        forall(T, (T >= 2).implies(exact))))))
    names = [H0, W, T, t]
    bound = close(thm, over=names, under=[t <= T, t >= 2, starts])
    whole = forall(names, (t <= T).implies((t >= 2).implies(starts.implies(claim))))
    return out.theorem(
        "ex2", "One bound for every product of slopes with an immediate derivative",
        "Notes A, exercise 2", [], whole & attained, conj(bound, reached),
        best_constant="1 (attained at t = 2 with h₀ = 1, w = 0)",
        remarks=["The bound does not depend on w, on the inputs, on t or on T. Smaller ones, for "
                 "|w| < 1, for no input and for bounded inputs, are in theorem ex2-sharper."],
    )
