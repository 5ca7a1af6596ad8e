"""P5, linear case: ‖Wⁿ‖^(1/n) tends to the spectral radius, in every dimension."""

from bptt_sym.prove import kernel as K
from bptt_sym.prove.kernel import ONE, ZERO, Mat, instance
from bptt_sym.prove.language import (
    Claim,
    Term,
    absolute,
    exists,
    forall,
    identity,
    integer,
    integers,
    inv,
    matrix,
    norm,
    real,
    reals,
    recursion,
)
from bptt_sym.prove.lemmas import abs_of_nonneg, base, power_0, power_nonneg, power_step, step
from bptt_sym.prove.limits import geometric_vanishes, inv_mul, inv_pos, vanishes
from bptt_sym.prove.matrices import equal_norms, norm_bound_product, norm_nonneg, own_norm
from bptt_sym.prove.roots import (
    above,
    below,
    dominates,
    power_less,
    root_claims,
    roots_tend,
)
from bptt_sym.prove.tactics import (
    assume,
    case_split,
    close,
    conj,
    contradiction,
    exist,
    have,
    induction,
    instantiate,
    known,
    obtain,
    parts,
    prove,
    use,
)
from bptt_sym.prove.theorem import Outline, Theorem

n, j, d = integers("n j d")
rho, q, C = reals("rho q C")
W, v, EIGEN, CONJUGATE = matrix("W"), matrix("v"), matrix("Lambda"), matrix("K")
POWERS = recursion("powers", [], n, [("P", identity(), W * matrix("P"))])
FACTORS = recursion("factors", [], n, [("A", identity(), (W - matrix("L", n + 1)) * matrix("A"))])


def P(k):  # type: ignore[no-untyped-def]
    return POWERS(0, k)


def A(k):  # type: ignore[no-untyped-def]
    return FACTORS(0, k)


def L(k):  # type: ignore[no-untyped-def]
    return matrix("L", k)


def commutes(a: Term) -> Claim:
    return (W * a).eq(a * W)


HYPOTHESES = (
    d >= 0, A(d).eq(Mat.of(0)), forall(j, commutes(L(j))), forall(j, norm(L(j)) <= rho),
    commutes(EIGEN), (W * v).eq(EIGEN * v), norm(v) > 0,
    (CONJUGATE * EIGEN).eq(rho**2 * identity()), norm(CONJUGATE) <= rho,
)
FINITE, ZERO_AT, COMMUTE, SIZES, EIGEN_COMMUTES, VECTOR, NONZERO, CONJ, CONJ_SIZE = HYPOTHESES


def powers_commute(a: Term, same: K.Thm) -> K.Thm:
    """A |- W a = a W   ==>   A, n >= 0 |- P_n a = a P_n."""
    goal = (P(n) * a).eq(a * P(n))
    start, rec = base(POWERS.definition), step(POWERS.definition, 0, n)
    first = K.mat_eq(instance(goal.formula, n.args, 0)[1], (start,), (
        (ONE, 0, a.kernel), (-a.kernel, 0, ONE)))
    later = K.mat_eq(instance(goal.formula, n.args, (n + 1).kernel)[1], (
        rec, assume(goal), same), (
        (ONE, 0, a.kernel), (W.kernel, 1, ONE), (ONE, 2, P(n).kernel), (-a.kernel, 0, ONE)))
    return induction(n, 0, goal, first, later)


def theorem() -> Theorem:
    out = Outline()
    nonneg = prove(rho >= 0, [use(assume(SIZES), 1), norm_nonneg(L(1))], degree=1)
    upper, upper_claim = growth(out, nonneg)
    lower = out.line(eigenvalue(nonneg), "Wⁿ v = λⁿ v", norm(P(n)) >= rho**n)

    # the two halves of the limit
    half, eps = real("epsilon") / 2, real("epsilon")
    some = use(upper, rho + half, given=[prove(rho + half > rho, known(eps > 0), degree=1)])
    high_claim, low_claim = above(n, norm(P(n)), rho), below(n, norm(P(n)), rho)

    def scaled(taken: K.Thm) -> K.Thm:
        c_pos, bound = parts(taken)
        wide = prove(rho + half >= 0, [nonneg, *known(eps > 0)], degree=1)
        wins = have(instantiate(dominates(), {
            real("x"): rho + half, real("y"): rho + eps, real("C"): C, real("b"): 1}),
            wide, c_pos, prove(rho + eps - (rho + half) > 0, known(eps > 0), degree=1),
            prove(("gt", ONE)))
        start = integer("M")
        claim = high_claim.args[1].args[1]

        def late(pair: K.Thm) -> K.Thm:
            begin, smaller = parts(pair)
            far = known(n >= start)
            here = use(bound, n, given=[prove(n >= 0, [begin, *far], degree=1)])
            thm = prove(norm(P(n)) <= (rho + eps) ** n, [here, use(smaller, n, given=far)],
                        degree=1)
            return exist(claim, start, conj(begin, close(thm, over=[n], under=[n >= start])))

        return obtain(wins, start, late)

    high = out.line(close(obtain(some, C, scaled), over=[eps], under=[eps > 0]),
                    "C (ρ + ε/2)ⁿ ≤ (ρ + ε)ⁿ for all large n", high_claim)
    given = known(eps > 0, eps <= rho)
    one = known(n >= 1)
    less = power_less(rho - eps, rho, n, [
        prove(rho - eps >= 0, given[1:], degree=1), prove(rho > rho - eps, given[:1], degree=1),
        *one])
    at_n = have(lower, prove(n >= 0, one, degree=1))
    thm = prove(norm(P(n)) >= (rho - eps) ** n, [less, at_n], degree=1)
    claim = low_claim.args[1].args[1].args[1]
    low = exist(claim, 1, conj(prove(("ge", ONE)), close(thm, over=[n], under=[n >= 1])))
    low = out.line(close(low, over=[eps], under=[eps > 0, eps <= rho]), "ρ − ε < ρ", low_claim)
    are_roots, limit_claim = root_claims(n, norm(P(n)), rho, "r")
    limit = out.line(roots_tend(n, norm(P(n)), rho, "r", high, low, nonneg),
                     "roots keep the order", limit_claim)

    # below 1 the powers vanish, from 1 on they do not
    small, rate = rho < 1, (rho + 1) / 2
    some = use(upper, rate, given=[prove(rate > rho, known(small), degree=1)])
    gone_claim = vanishes(n, norm(P(n)))

    def decays(taken: K.Thm) -> K.Thm:
        c_pos, bound = parts(taken)
        here = use(bound, n, given=known(n >= 0))
        size = abs_of_nonneg(norm(P(n)), norm_nonneg(P(n)))
        return geometric_vanishes(n, norm(P(n)), C, rate, prove(
            absolute(norm(P(n))) <= C * rate**n, [here, size], degree=1), [
            prove(rate >= 0, [nonneg], degree=1), prove(1 - rate > 0, known(small), degree=1),
            c_pos])

    gone = out.line(obtain(some, C, decays), "with q = (1 + ρ)/2 < 1", gone_claim)
    claim = (upper_claim & forall(n, (n >= 0).implies(norm(P(n)) >= rho**n)) & high_claim
             & low_claim & are_roots.implies(limit_claim) & small.implies(gone_claim))
    thm = conj(upper, close(lower, over=[n], under=[n >= 0]), high, low,
               close(limit, under=[are_roots]), close(gone, under=[small]))
    return out.theorem(
        "p5-radius", "A linear network: ‖Wⁿ‖^(1/n) tends to the spectral radius",
        "Gelfand's formula; PROPOSITIONS P5, linear case", HYPOTHESES, claim, thm,
        remarks=["P_n = Wⁿ is the derivative of h_n in h_0 of h_t = W h_{t−1} + u_t. The L_k are "
                 "the eigenvalues of W, as multiples of I: A_d = (W − L_d) … (W − L_1) = 0 is the "
                 "theorem of Cayley and Hamilton, which is supposed here. Λ is one of the largest "
                 "modulus ρ, v its eigenvector, K its conjugate, so K Λ = ρ². For eigenvalues that "
                 "are not real read complex matrices, which are a normed algebra with these laws. "
                 "The first part says that ρ > 1 is necessary for exponential growth, the second "
                 "that ρ < 1 is necessary for vanishing, the last that it suffices."],
    )


def growth(out: Outline, nonneg: K.Thm) -> tuple[K.Thm, Claim]:
    """For every q > rho there is C with ‖W^n‖ <= C q^n, by removing one factor W - L_k a time."""
    beyond = q > rho
    gap = known(q - rho > 0)[0]
    q_pos = prove(q >= 0, [nonneg, gap], degree=1)
    solved, inv_gap = have(inv_mul(q - rho), gap), have(inv_pos(q - rho), gap)
    power = have(power_nonneg(q, n), q_pos)

    def bounded(k) -> Claim:  # type: ignore[no-untyped-def]
        late = forall(n, (n >= 0).implies(norm(P(n) * A(k)) <= C * q**n))
        return exists(C, (C >= 0) & late)

    inside = d - j >= 0
    goal = inside.implies(bounded(d - j))
    # no factor left: the product is 0
    none = K.mat_eq((P(n) * A(d)).kernel, (assume(ZERO_AT),), ((P(n).kernel, 0, ONE),))
    flat = equal_norms(none, P(n) * A(d), Mat.of(0))
    zero = K.fact("norm_scale", ZERO, Mat.of(1))
    nothing = prove(norm(P(n) * A(d)) <= 0 * q**n, [
        flat, zero, abs_of_nonneg(0, prove(("ge", ZERO)))], degree=1,
        multipliers=[1, norm(Mat.of(1))])
    first = exist(bounded(d), 0, conj(prove(("ge", ZERO)), close(
        nothing, over=[n], under=[n >= 0])))
    first = K.discharge((d >= 0).formula, first)
    # x_n = ‖Wⁿ A_k‖ obeys x_{n+1} <= ‖Wⁿ A_{k+1}‖ + ρ x_n
    k = d - j - 1
    commute_w = powers_commute(W, K.mat_eq(Mat.of(0), (), ()))
    commute_l = powers_commute(L(k + 1), use(assume(COMMUTE), k + 1))
    more = known(k >= 0)
    rec_a = have(step(FACTORS.definition, 0, k), more[0])
    rec_p = step(POWERS.definition, 0, n)
    recurrence = (P(n + 1) * A(k)).eq(P(n) * A(k + 1) + L(k + 1) * (P(n) * A(k)))
    split = K.mat_eq(recurrence.formula[1], (rec_p, commute_w, rec_a, commute_l), (
        (ONE, 0, A(k).kernel), (-ONE, 1, A(k).kernel), (-P(n).kernel, 2, ONE),
        (ONE, 3, A(k).kernel)))
    out.line(split, "A_{k+1} = (W − L_{k+1}) A_k, and W commutes with its powers and eigenvalues",
             recurrence)
    whole = equal_norms(split, P(n + 1) * A(k), P(n) * A(k + 1) + L(k + 1) * (P(n) * A(k)))
    x, y = norm(P(n) * A(k)), norm(P(n) * A(k + 1))
    one_more = norm_bound_product(L(k + 1), P(n) * A(k), use(assume(SIZES), k + 1),
                                  own_norm(P(n) * A(k)))
    added = K.fact("norm_add", (P(n) * A(k + 1)).kernel, (L(k + 1) * (P(n) * A(k))).kernel)
    growing = out.line(prove(norm(P(n + 1) * A(k)) <= y + rho * x, [whole, added, one_more],
                             degree=1), "the norm's laws", norm(P(n + 1) * A(k)) <= y + rho * x)

    def with_bound(taken: K.Thm) -> K.Thm:
        c_pos, bound = parts(taken)
        larger = norm(A(k)) + C * inv(q - rho)
        claim = x <= larger * q**n
        start = K.mat_eq((P(0) * A(k)).kernel - A(k).kernel, (base(POWERS.definition),),
                         ((ONE, 0, A(k).kernel),))
        rest = prove(C * inv(q - rho) >= 0, [c_pos, inv_gap])
        begin = prove(instance(claim.formula, n.args, 0), [
            equal_norms(start, P(0) * A(k), A(k)), rest], degree=1, rewrite=[power_0(q)])
        here = use(bound, n, given=known(n >= 0))
        later = prove(instance(claim.formula, n.args, (n + 1).kernel), [
            growing, here, prove(rho * (larger * q**n - x) >= 0, [nonneg, *known(claim)]),
            prove((q - rho) * norm(A(k)) * q**n >= 0, [gap, norm_nonneg(A(k)), power], degree=3),
            solved], degree=1, multipliers=[1, C * q**n], rewrite=[power_step(q, n)])
        done = induction(n, 0, claim, begin, later)
        both = conj(prove(larger >= 0, [norm_nonneg(A(k)), rest], degree=1),
                    close(done, over=[n], under=[n >= 0]))
        return exist(bounded(k), larger, both)

    before = K.modus(assume(goal), prove(inside, more, degree=1))
    after = K.discharge((k >= 0).formula, obtain(before, C, with_bound))
    every = out.line(induction(j, 0, goal, first, after),
                     "(q − ρ) C′ ≥ C for C′ = ‖A_k‖ + C/(q − ρ)", goal)
    last = K.modus(have(instantiate(every, {j: d}), assume(FINITE)), prove(("ge", ZERO)))
    final_claim = exists(C, (C >= 0) & forall(n, (n >= 0).implies(norm(P(n)) <= C * q**n)))

    def without(taken: K.Thm) -> K.Thm:
        c_pos, bound = parts(taken)
        start = K.mat_eq((P(n) * A(0)).kernel - P(n).kernel, (base(FACTORS.definition),),
                         ((P(n).kernel, 0, ONE),))
        here = use(bound, n, given=known(n >= 0))
        thm = prove(norm(P(n)) <= C * q**n, [here, equal_norms(start, P(n) * A(0), P(n))],
                    degree=1)
        return exist(final_claim, C, conj(c_pos, close(thm, over=[n], under=[n >= 0])))

    upper = out.line(close(obtain(last, C, without), over=[q], under=[beyond]),
                     "A_0 = I", forall(q, beyond.implies(final_claim)))
    return upper, forall(q, beyond.implies(final_claim))


def eigenvalue(nonneg: K.Thm) -> K.Thm:
    """‖W^n‖ >= rho^n, from an eigenvector whose eigenvalue has the modulus rho."""
    commute_w = powers_commute(W, K.mat_eq(Mat.of(0), (), ()))
    commute_e = powers_commute(EIGEN, assume(EIGEN_COMMUTES))
    rec = step(POWERS.definition, 0, n)
    # P_{n+1} v = W P_n v = P_n W v = P_n Λ v = Λ P_n v
    moved = K.mat_eq((P(n + 1) * v).kernel - (EIGEN * P(n) * v).kernel, (
        rec, commute_w, assume(VECTOR), commute_e), (
        (ONE, 0, v.kernel), (-ONE, 1, v.kernel), (P(n).kernel, 2, ONE), (ONE, 3, v.kernel)))
    same = equal_norms(moved, P(n + 1) * v, EIGEN * P(n) * v)
    size, after = norm(P(n) * v), norm(EIGEN * P(n) * v)
    # ρ² ‖x‖ = ‖K Λ x‖ <= ρ ‖Λ x‖
    turned = K.mat_eq((CONJUGATE * EIGEN * P(n) * v).kernel - (rho**2 * (P(n) * v)).kernel,
                      (assume(CONJ),), ((ONE, 0, (P(n) * v).kernel),))
    square = equal_norms(turned, CONJUGATE * EIGEN * P(n) * v, rho**2 * (P(n) * v))
    scale = K.fact("norm_scale", (rho**2).kernel, (P(n) * v).kernel)
    bound = norm_bound_product(CONJUGATE, EIGEN * P(n) * v, assume(CONJ_SIZE),
                               own_norm(EIGEN * P(n) * v))
    unsigned = abs_of_nonneg(rho**2, prove(rho**2 >= 0, squares=[rho]))
    twice = prove(rho * (after - rho * size) >= 0, [bound, square, scale, unsigned], degree=1,
                  multipliers=[1, size])
    stretched = case_split(
        -rho, prove(after >= rho * size, [
            K.antisym(prove(rho >= 0, [nonneg]), assume(-rho >= 0)),
            norm_nonneg(EIGEN * P(n) * v)], degree=1, multipliers=[1, size]),
        contradiction(after >= rho * size, [twice, *known(rho > 0)]))
    goal = size >= rho**n * norm(v)
    start = K.mat_eq((P(0) * v).kernel - v.kernel, (base(POWERS.definition),),
                     ((ONE, 0, v.kernel),))
    first = prove(instance(goal.formula, n.args, 0), [equal_norms(start, P(0) * v, v)], degree=1,
                  rewrite=[power_0(rho)])
    later = prove(instance(goal.formula, n.args, (n + 1).kernel), [
        same, stretched, prove(rho * (size - rho**n * norm(v)) >= 0, [nonneg, *known(goal)])],
        degree=1, rewrite=[power_step(rho, n)])
    grown = induction(n, 0, goal, first, later)
    return contradiction(norm(P(n)) >= rho**n, [
        grown, *known(NONZERO), K.fact("norm_mul", P(n).kernel, v.kernel)])
