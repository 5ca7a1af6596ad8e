"""P14: orthogonal recurrent matrices: norm 1 for ever if linear, at most 1, less with margins."""

from bptt_sym.prove import kernel as K
from bptt_sym.prove.kernel import Mat
from bptt_sym.prove.language import (
    absolute,
    diagonal,
    forall,
    identity,
    integer,
    matrix,
    norm,
    real,
    recursion,
    sequence,
)
from bptt_sym.prove.lemmas import abs_both, abs_square, base, step
from bptt_sym.prove.matrices import chain_bound, diagonal_bound, equal_norms, norm_bound_product
from bptt_sym.prove.tactics import assume, close, conj, induction, prove, use
from bptt_sym.prove.theorem import Outline, Theorem

n, i, t = integer("n"), integer("i"), integer("t")
U, V, m = matrix("U"), matrix("V"), real("m")
LINEAR = recursion("linear", [], n, [("L", identity(), U * matrix("L")),
                                     ("M", identity(), matrix("M") * V)])
h = sequence("h", n + 1, i)
CHAIN = recursion("tanh_chain", [], n, [
    ("J", identity(), diagonal(i, 1 - h**2) * U * matrix("J"))])


def theorem() -> Theorem:
    out = Outline()
    inverse, unit_u, unit_v = (V * U).eq(identity()), norm(U) <= 1, norm(V) <= 1

    def at_most_one(value, factor, d, j, premise, right=False):  # type: ignore[no-untyped-def]
        """norm value(n) <= 1 by induction."""
        goal = norm(value(n)) <= 1
        first = prove(K.instance(goal.formula, ("i", "n"), 0), [
            equal_norms(base(d, j), value(0), Mat.of(1)), K.fact("norm_one")])
        pair = (value(n), factor) if right else (factor, value(n))
        bounds = (assume(goal), assume(premise)) if right else (assume(premise), assume(goal))
        whole = norm_bound_product(*pair, *bounds)
        same = equal_norms(step(d, j, n), value(n + 1), pair[0].kernel * pair[1].kernel)
        later = prove(K.instance(goal.formula, ("i", "n"), (n + 1).kernel), [whole, same], degree=1)
        return induction(n, 0, goal, first, later), goal

    def L(k):  # type: ignore[no-untyped-def]
        return LINEAR(0, k)

    def M(k):  # type: ignore[no-untyped-def]
        return LINEAR(1, k)

    d = LINEAR.definition
    upper, upper_claim = at_most_one(L, U, d, 0, unit_u)
    out.line(upper, "‖U‖ ≤ 1", upper_claim)
    left, left_claim = at_most_one(M, V, d, 1, unit_v, right=True)
    out.line(left, "‖V‖ ≤ 1", left_claim)
    # M_n L_n = 1
    undo = (M(n) * L(n)).eq(identity())
    first = K.mat_eq(K.instance(undo.formula, ("i", "n"), 0)[1], (base(d, 0), base(d, 1)), (
        (M(0).kernel, 0, K.ONE), (K.ONE, 1, K.ONE)))
    rl, rm = step(d, 0, n), step(d, 1, n)
    later = K.mat_eq(
        K.instance(undo.formula, ("i", "n"), (n + 1).kernel)[1],
        (rl, rm, assume(inverse), assume(undo)),
        ((M(n + 1).kernel, 0, K.ONE), (K.ONE, 1, (U * L(n)).kernel),
         (M(n).kernel, 2, L(n).kernel), (K.ONE, 3, K.ONE)))
    undone = out.line(induction(n, 0, undo, first, later), "V U = I cancels in the middle", undo)
    product = K.fact("norm_mul", M(n).kernel, L(n).kernel)
    exact_claim = norm(L(n)).eq(1)
    low = prove(norm(L(n)) >= 1, [
        product, equal_norms(undone, M(n) * L(n), Mat.of(1)), K.fact("norm_one"), left,
        K.fact("norm_ge", L(n).kernel)])
    exact = out.line(K.antisym(low, upper), "1 = ‖I‖ ≤ ‖Vⁿ‖ ‖Uⁿ‖ ≤ ‖Uⁿ‖ ≤ 1", exact_claim)

    # tanh: every state at least m away from 0
    away = forall([t, i], (m <= absolute(sequence("h", t, i))) & (absolute(sequence("h", t, i))
                                                                 <= 1))
    margin = m >= 0
    both = use(assume(away), n + 1, i)
    near, far = K.part(both, 0), K.part(both, 1)
    rate = 1 - m**2
    slope = 1 - h**2
    square = abs_square(h)
    up = prove(rate - slope >= 0, [near, assume(margin), square])
    low_slope = prove(slope >= 0, [far, square, prove(absolute(h) >= 0, abs_both(h))])
    down = prove(rate + slope >= 0, [up, low_slope], degree=1)
    D = diagonal(i, slope)
    diag = out.line(diagonal_bound(i, slope, rate, up, down), "1 − h² ≤ 1 − m²", norm(D) <= rate)
    shrink = prove(norm(D * U) <= rate, [
        norm_bound_product(D, U, diag, assume(unit_u))], degree=1)

    def J(k):  # type: ignore[no-untyped-def]
        return CHAIN(0, k)

    margin_claim = norm(J(n)) <= rate**n
    bound = out.line(chain_bound(n, J, D * U, rate, base(CHAIN.definition),
                                 step(CHAIN.definition, 0, n), shrink),
                     "each factor diag(1 − h²) U has norm at most 1 − m²", margin_claim)
    index = n >= 0
    claim = (
        inverse.implies(unit_v.implies(forall(n, index.implies(exact_claim))))
        & margin.implies(away.implies(forall(n, index.implies(margin_claim))))
    )
    thm = conj(
        close(close(exact, over=[n], under=[index]), under=[inverse, unit_v]),
        close(close(bound, over=[n], under=[index]), under=[margin, away]),
    )
    return out.theorem(
        "p14", "Orthogonal recurrent matrices keep the norm, and tanh shrinks it by its margin",
        "PROPOSITIONS P14", [unit_u], claim, thm,
        remarks=["L_n = Uⁿ and M_n = Vⁿ. An orthogonal U has V = Uᵀ with ‖U‖ = ‖V‖ = 1 and "
                 "V U = I. With m = 0 the second part is ‖J_n‖ ≤ 1. J_n is the derivative of h_n "
                 "in h_0 by theorem chain-rule."],
    )
