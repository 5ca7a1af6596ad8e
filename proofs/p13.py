"""P13: clipping by the norm keeps the direction and bounds the norm; clipping by entry need not."""

from bptt_sym.prove import kernel as K
from bptt_sym.prove.kernel import Mat
from bptt_sym.prove.language import (
    absolute,
    claim_of,
    exists,
    inv,
    matrix,
    norm,
    real,
    reals,
    shape,
)
from bptt_sym.prove.lemmas import abs_of_nonneg
from bptt_sym.prove.limits import inv_mul, inv_pos
from bptt_sym.prove.tactics import (
    close,
    conj,
    exist,
    have,
    known,
    parts,
    prove,
    settle,
)
from bptt_sym.prove.theorem import Outline, Theorem

tau, g = real("tau"), matrix("g")
a, b, p, q = reals("a b p q")


def theorem() -> Theorem:
    out = Outline()
    size, positive = norm(g), tau > 0
    # the factor is 1 if the norm is at most tau, and tau / norm otherwise
    inside, outside = size <= tau, size > tau
    first_claim = inside.implies(norm(1 * g) <= tau)
    first = out.line(close(prove(norm(1 * g) <= tau, known(inside)), under=[inside]),
                     "a short gradient is left alone", first_claim)
    factor = tau * inv(size)
    size_pos = prove(size > 0, known(outside, positive), degree=1)
    inverse, recip = have(inv_mul(size), size_pos), have(inv_pos(size), size_pos)
    factor_pos = prove(factor > 0, [recip, *known(positive)])
    below = prove(factor < 1, [prove((size - tau) * inv(size) > 0, [recip, *known(outside)]),
                               inverse], degree=1)
    scaled = K.fact("norm_scale", factor.kernel, Mat.of(g.kernel))
    exact = norm(factor * g).eq(tau)
    equal_tau = prove(
        exact, [scaled, abs_of_nonneg(factor, prove(factor >= 0, [factor_pos], degree=1)),
                inverse], multipliers=[1, size, tau])
    second_claim = outside.implies((factor > 0) & (factor < 1) & exact)
    second = out.line(
        close(conj(factor_pos, below, equal_tau), under=[outside]),
        "‖s g‖ = |s| ‖g‖ with s = τ/‖g‖; s > 0, so the direction is the same", second_claim)

    # entry by entry: (3, 1) clipped to [-1, 1] is (1, 1), which is not parallel to (3, 1)
    def clipped(x, y):  # type: ignore[no-untyped-def]
        """y is x clipped to [-1, 1]: within, and x itself unless x is outside."""
        return (absolute(y) <= 1) & (x >= y) & ((x - y) * (1 - y)).eq(0)

    def unit(x, y):  # type: ignore[no-untyped-def]
        one = settle(K.fact("abs_pos", K.Poly.of(y)))
        return conj(prove(absolute(y) <= 1, [one]), prove(shape(x) >= y),
                    prove(((shape(x) - y) * (1 - y)).eq(0)))

    inner = clipped(a, p)
    for part in clipped(b, q).args:
        inner = inner & part
    inner = inner & (a * q - b * p > 0)
    values = {a: 3, b: 1, p: 1, q: 1}
    thm = conj(*[x for pair in ((3, 1), (1, 1)) for x in parts(unit(*pair))],
               prove(shape(3) * 1 - shape(1) * 1 > 0))
    names = [a, b, p, q]
    for k in reversed(range(4)):
        goal = exists(names[k:], replaced(inner, {n: values[n] for n in names[:k]}))
        thm = exist(goal, values[names[k]], thm)
    third_claim = exists(names, inner)
    third = out.line(thm, "(3, 1) becomes (1, 1): 3·1 − 1·1 ≠ 0", third_claim)
    claim = first_claim & second_claim & third_claim
    return out.theorem(
        "p13", "Clipping by the norm bounds the gradient and keeps its direction",
        "PROPOSITIONS P13; notes A, A15", [positive], claim, conj(first, second, third),
        remarks=["The third part is a counterexample for clipping entry by entry to [−1, 1]: "
                 "(a, b) = (3, 1), clipped to (p, q) = (1, 1)."],
    )


def replaced(claim, values):  # type: ignore[no-untyped-def]
    f = claim.formula
    for x, v in values.items():
        f = K.instance(f, x.args, v)
    return claim_of(f)
