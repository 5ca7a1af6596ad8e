"""P5: in every dimension the Jacobian's norm is at most (γ‖W‖)^n, and so for a diagonal scaling."""

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
    tanh,
)
from bptt_sym.prove.lemmas import abs_both, base, dtanh_pos, step
from bptt_sym.prove.limits import geometric_vanishes, vanishes
from bptt_sym.prove.matrices import (
    chain_bound,
    diagonal_bound,
    equal_norms,
    norm_bound_product,
    norm_nonneg,
    own_norm,
)
from bptt_sym.prove.roots import power_at_most_one
from bptt_sym.prove.tactics import assume, close, conj, known, prove, settle, use
from bptt_sym.prove.theorem import Outline, Theorem

n, i, t = integer("n"), integer("i"), integer("t")
gamma, W = real("gamma"), matrix("W")
slope = sequence("d", n + 1, i)
CHAIN = recursion("chain", [], n, [("J", identity(), diagonal(i, slope) * W * matrix("J"))])
TANH = recursion("tanh_chain", [], n, [
    ("K", identity(), diagonal(i, 1 - tanh(sequence("a", n + 1, i)) ** 2) * W * matrix("K"))])


def J(at):  # type: ignore[no-untyped-def]
    return CHAIN(0, at)


def theorem() -> Theorem:
    out = Outline()
    bounded = forall([t, i], absolute(sequence("d", t, i)) <= gamma)
    here = use(assume(bounded), n + 1, i)
    sides = [prove(gamma - s * slope >= 0, [here, *abs_both(slope)]) for s in (1, -1)]
    D = diagonal(i, slope)
    diag = out.line(diagonal_bound(i, slope, gamma, *sides),
                    "the norm of a diagonal is its largest entry", norm(D) <= gamma)
    rate = gamma * norm(W)
    one = out.line(norm_bound_product(D, W, diag, own_norm(W)), "sub-multiplicativity",
                   norm(D * W) <= rate)
    d = CHAIN.definition
    rec = step(d, 0, n)
    bound_claim = norm(J(n)) <= rate**n
    bound = out.line(chain_bound(n, J, D * W, rate, base(d), rec, one),
                     "one more factor diag(d) W", bound_claim)
    gamma_pos = prove(gamma >= 0, [use(assume(bounded), 0, 0), *abs_both(sequence("d", 0, 0))])
    rate_pos = prove(rate >= 0, [gamma_pos, norm_nonneg(W)])
    small = rate < 1
    nonneg = prove(absolute(norm(J(n))) <= 1 * rate**n, [bound], degree=1, rewrite=[
        (settle(K.fact("abs_pos", norm(J(n)).kernel), [norm_nonneg(J(n))]),
         absolute(norm(J(n))))])
    limit_claim = vanishes(n, norm(J(n)))
    limit = out.line(
        geometric_vanishes(n, norm(J(n)), 1, rate, nonneg,
                           [rate_pos, known(1 - rate > 0)[0], prove(1 + 0 * gamma >= 0)]),
        "a geometric sequence of ratio below 1 tends to 0", limit_claim)

    flat, never_claim = rate <= 1, norm(J(n)) <= 1
    never = out.line(prove(never_claim, [bound, power_at_most_one(rate, n, [
        rate_pos, *known(flat)])], degree=1), "powers of a number in [0, 1] are at most 1",
        never_claim)

    # tanh: gamma = 1
    x = sequence("a", n + 1, i)
    body = 1 - tanh(x) ** 2
    sides = [prove(1 - s * body >= 0, [dtanh_pos(x)], squares=[tanh(x)]) for s in (1, -1)]
    E = diagonal(i, body)
    diag = diagonal_bound(i, body, 1, *sides)
    tanh_claim = norm(TANH(0, n)) <= norm(W) ** n
    tanh_bound = out.line(
        chain_bound(n, lambda k: TANH(0, k), E * W, norm(W), base(TANH.definition),
                    step(TANH.definition, 0, n), norm_bound_product(E, W, diag, own_norm(W))),
        "for tanh the slopes 1 − tanh² lie in (0, 1]", tanh_claim)

    # a diagonal change of variables S, with inverse R
    s, r = sequence("s", i), sequence("r", i)
    S, R = diagonal(i, s), diagonal(i, r)
    inverse = forall(i, (s * r).eq(1))
    sr = use(assume(inverse), i)
    unit = K.diag_cong("i", sr, (s * r).kernel, K.ONE)
    law = [K.fact("diag_mul", "i", a.kernel, b.kernel) for a, b in ((s, r), (r, s))]
    one_ = K.fact("diag_one", "i")

    def inverse_of(a, b, product):  # type: ignore[no-untyped-def]
        return K.mat_eq(Mat.of((a * b).kernel) - Mat.of(1), (product, unit, one_), (
            (K.ONE, 0, K.ONE), (K.ONE, 1, K.ONE), (K.ONE, 2, K.ONE)))

    s_r, r_s = inverse_of(S, R, law[0]), inverse_of(R, S, law[1])
    ds, sd = (K.fact("diag_mul", "i", *pair) for pair in (
        (slope.kernel, s.kernel), (s.kernel, slope.kernel)))

    def scaled(k):  # type: ignore[no-untyped-def]
        return S * J(k) * R

    # S D W J R = D (S W R) (S J R)
    m = (D * (S * W * R)).kernel
    commuting = K.mat_eq(
        scaled(n + 1).kernel - m * scaled(n).kernel, (rec, sd, ds, r_s),
        ((S.kernel, 0, R.kernel), (K.ONE, 1, (W * J(n) * R).kernel),
         (-K.ONE, 2, (W * J(n) * R).kernel), (-(D * S * W).kernel, 3, (J(n) * R).kernel)))
    start = K.mat_eq(scaled(0).kernel - Mat.of(1), (base(d), s_r),
                     ((S.kernel, 0, R.kernel), (K.ONE, 1, K.ONE)))
    sides = [prove(gamma - sg * slope >= 0, [here, *abs_both(slope)]) for sg in (1, -1)]
    diag = diagonal_bound(i, slope, gamma, *sides)
    scaled_rate = gamma * norm(S * W * R)
    shrink = norm_bound_product(D, S * W * R, diag, own_norm(S * W * R))
    scaled_claim = norm(scaled(n)) <= scaled_rate**n
    scaled_bound = out.line(
        chain_bound(n, scaled, D * (S * W * R), scaled_rate, start, commuting, shrink),
        "diagonal matrices commute, so S J_{n+1} S⁻¹ = diag(d) (S W S⁻¹) (S J_n S⁻¹)", scaled_claim)
    back = K.mat_eq(J(n).kernel - (R * scaled(n) * S).kernel, (r_s,), (
        (-K.ONE, 0, (J(n) * R * S).kernel), (-J(n).kernel, 0, K.ONE)))
    final_claim = norm(J(n)) <= norm(R) * norm(S) * scaled_rate**n
    wide = norm_bound_product(R * scaled(n), S, norm_bound_product(
        R, scaled(n), own_norm(R), scaled_bound), own_norm(S))
    final = out.line(
        prove(final_claim, [wide, equal_norms(back, J(n), R * scaled(n) * S)], degree=1),
        "J = S⁻¹ (S J S⁻¹) S", final_claim)
    small_scaled, scale = scaled_rate < 1, norm(R) * norm(S)
    size = settle(K.fact("abs_pos", norm(J(n)).kernel), [norm_nonneg(J(n))])
    gone = out.line(geometric_vanishes(n, norm(J(n)), scale, scaled_rate, prove(
        absolute(norm(J(n))) <= scale * scaled_rate**n, [final, size], degree=1), [
        prove(scaled_rate >= 0, [gamma_pos, norm_nonneg(S * W * R)]), known(1 - scaled_rate > 0)[0],
        prove(scale >= 0, [norm_nonneg(R), norm_nonneg(S)])]),
        "a geometric sequence of ratio below 1 tends to 0", limit_claim)
    index = n >= 0
    claim = (
        bounded.implies(forall(n, index.implies(bound_claim)))
        & bounded.implies(flat.implies(forall(n, index.implies(never_claim))))
        & bounded.implies(small.implies(limit_claim))
        & forall(n, index.implies(tanh_claim))
        & bounded.implies(inverse.implies(forall(n, index.implies(final_claim))))
        & bounded.implies(inverse.implies(small_scaled.implies(limit_claim)))
    )
    thm = conj(
        close(close(bound, over=[n], under=[index]), under=[bounded]),
        close(close(never, over=[n], under=[index]), under=[bounded, flat]),
        close(limit, under=[bounded, small]),
        close(tanh_bound, over=[n], under=[index]),
        close(close(final, over=[n], under=[index]), under=[bounded, inverse]),
        close(gone, under=[bounded, inverse, small_scaled]),
    )
    return out.theorem(
        "p5", "The Jacobian of a recurrent network is at most (γ‖W‖)ⁿ, in every dimension",
        "Pascanu, Mikolov, Bengio 2013, sec. 2.1, sharpened; PROPOSITIONS P5; notes A, A14",
        [], claim, thm,
        remarks=["J_n is the product of diag(d_t) W over t = n, …, 1, where d_t holds the slopes "
                 "φ′ of step t: the derivative of h_n in h_0, by theorem chain-rule. The norm is "
                 "any operator norm of a p-norm. In the last part S = diag(s) and its inverse "
                 "diag(r)."],
    )
