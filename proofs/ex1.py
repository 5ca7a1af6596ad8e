"""Exercise 1: the immediate derivative of a scalar Elman state is bounded, with best constant."""

from fractions import Fraction

from bptt_sym.prove.language import absolute, exists, forall, reals, tanh
from bptt_sym.prove.lemmas import abs_both, abs_ge, abs_lt, tanh_0, tanh_bounds
from bptt_sym.prove.tactics import close, conj, exist, have, known, prove
from bptt_sym.prove.theorem import Outline, Theorem

u, w, h, c = reals("u w h c")


def immediate(u, w, h):  # type: ignore[no-untyped-def]
    return (1 - tanh(u + w * h) ** 2) * h


def theorem() -> Theorem:
    out = Outline()
    inside = absolute(h) < 1

    # the bound: 1 -+ d h = (1 -+ h) d + t^2 with d = 1 - t^2
    unsigned = [have(prove(1 - s * h > 0, [*known(inside), *abs_both(h)])) for s in (1, -1)]
    out.line(unsigned[0], "|h| < 1 bounds h from above")
    out.line(unsigned[1], "and from below")
    t = out.line(prove(1 - tanh(u + w * h) ** 2 > 0, tanh_bounds(u + w * h)),
                 "tanh lies in (−1, 1)")
    sides = [
        prove(1 - s * immediate(u, w, h) > 0, [t, unsigned[0 if s == 1 else 1]],
              squares=[tanh(u + w * h)])
        for s in (1, -1)
    ]
    bound = out.line(
        abs_lt(immediate(u, w, h), 1, *sides),
        "1 ∓ (1 − t²) h = (1 − t²)(1 ∓ h) + t² with t = tanh(u + w h), and both terms are not "
        "negative, the first positive",
        absolute(immediate(u, w, h)) < 1,
    )
    first = forall([u, w, h], inside.implies(bound_claim := absolute(immediate(u, w, h)) < 1))
    assert bound_claim.formula == bound.concl
    upper = close(bound, over=[u, w, h], under=[inside])

    # the witness family u = w = 0, h = (1 + c)/2
    half = (1 + c) * Fraction(1, 2)
    below, above = c >= 0, c < 1
    fits = abs_lt(half, 1, *[prove(1 - s * half > 0, known(below, above)) for s in (1, -1)])
    value = immediate(0, 0, half)
    larger = out.line(
        prove(absolute(value) > c, [abs_ge(value), *known(above)], rewrite=[tanh_0()]),
        "the witnesses are u = w = 0, h = (1 + c)/2: as tanh 0 = 0, the value is (1 + c)/2",
        absolute(value) > c,
    )
    inner = (absolute(h) < 1) & (absolute(immediate(u, w, h)) > c)
    some_h = exists(h, (absolute(h) < 1) & (absolute(immediate(0, 0, h)) > c))
    some_w = exists([w, h], (absolute(h) < 1) & (absolute(immediate(0, w, h)) > c))
    some_u = exists([u, w, h], inner)
    thm = exist(some_h, half, conj(fits, larger))
    thm = exist(some_u, 0, exist(some_w, 0, thm))
    best = close(thm, over=[c], under=[below, above])
    second = forall(c, below.implies(above.implies(some_u)))

    return out.theorem(
        "ex1", "The immediate derivative is bounded by 1, and no smaller bound holds",
        "Notes A, exercise 1", [], first & second, conj(upper, best),
        best_constant="1 (not attained)",
        remarks=["At u = w = 0 the bound is approached as h tends to 1, and it is strict."],
    )
