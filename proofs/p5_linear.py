"""P5, linear case: |λ|^n ≤ ‖W^n‖ ≤ ‖W‖^n for every real eigenvalue λ, in every dimension."""

from bptt_sym.prove import kernel as K
from bptt_sym.prove.kernel import Mat
from bptt_sym.prove.language import (
    absolute,
    forall,
    identity,
    integer,
    matrix,
    norm,
    real,
    recursion,
)
from bptt_sym.prove.lemmas import base, power_0, power_step, step
from bptt_sym.prove.matrices import chain_bound, equal_norms, own_norm
from bptt_sym.prove.tactics import assume, close, conj, contradiction, known, prove
from bptt_sym.prove.theorem import Outline, Theorem

n, lam = integer("n"), real("lambda")
W, v = matrix("W"), matrix("v")
LEFT = recursion("powers", [], n, [("P", identity(), W * matrix("P"))])
RIGHT = recursion("powers_right", [], n, [("Q", identity(), matrix("Q") * W)])


def theorem() -> Theorem:
    out = Outline()

    def P(k):  # type: ignore[no-untyped-def]
        return LEFT(0, k)

    def Q(k):  # type: ignore[no-untyped-def]
        return RIGHT(0, k)

    d = LEFT.definition
    upper_claim = norm(P(n)) <= norm(W) ** n
    upper = out.line(
        chain_bound(n, P, W, norm(W), base(d), step(d, 0, n), own_norm(W)),
        "sub-multiplicativity, once for each factor", upper_claim)

    # the same power, multiplied from the right: W Q_n = Q_n W, so P_n = Q_n
    start, rec = base(RIGHT.definition), step(RIGHT.definition, 0, n)
    commute_claim = (W * Q(n)).eq(Q(n) * W)
    first = K.mat_eq((W * Q(0)).kernel - (Q(0) * W).kernel, (start,), (
        (W.kernel, 0, K.ONE), (-K.ONE, 0, W.kernel)))
    later = K.mat_eq((W * Q(n + 1)).kernel - (Q(n + 1) * W).kernel, (rec, assume(commute_claim)), (
        (W.kernel, 0, K.ONE), (-K.ONE, 0, W.kernel), (K.ONE, 1, W.kernel)))
    commute = K.induct("n", K.ZERO, commute_claim.formula, first, later)
    same_claim = P(n).eq(Q(n))
    first = K.mat_eq(P(0).kernel - Q(0).kernel, (base(d), start),
                     ((K.ONE, 0, K.ONE), (-K.ONE, 1, K.ONE)))
    later = K.mat_eq(
        P(n + 1).kernel - Q(n + 1).kernel, (step(d, 0, n), rec, assume(same_claim), commute),
        ((K.ONE, 0, K.ONE), (-K.ONE, 1, K.ONE), (W.kernel, 2, K.ONE), (K.ONE, 3, K.ONE)))
    same = out.line(K.induct("n", K.ZERO, same_claim.formula, first, later),
                    "W commutes with its powers", same_claim)

    # on an eigenvector each factor multiplies by λ
    eigen = (W * v).eq(lam * v)
    one_more = K.mat_eq((Q(n + 1) * v).kernel - (lam * Q(n) * v).kernel, (rec, assume(eigen)), (
        (K.ONE, 0, v.kernel), (Q(n).kernel, 1, K.ONE)))
    grows = equal_norms(one_more, Q(n + 1) * v, lam * Q(n) * v)
    scaled = K.fact("norm_scale", lam.kernel, Mat.of((Q(n) * v).kernel))
    goal = norm(Q(n) * v).eq(absolute(lam) ** n * norm(v))
    begins = K.mat_eq((Q(0) * v).kernel - v.kernel, (start,), ((K.ONE, 0, v.kernel),))
    first = prove(K.instance(goal.formula, n.args, 0), [equal_norms(begins, Q(0) * v, v)],
                  rewrite=[power_0(absolute(lam))])
    later = prove(
        K.instance(goal.formula, n.args, (n + 1).kernel), [grows, scaled, assume(goal)],
        rewrite=[power_step(absolute(lam), n)], multipliers=[1, absolute(lam)])
    exact = out.line(K.induct("n", K.ZERO, goal.formula, first, later),
                     "W v = λ v, so Wⁿ v = λⁿ v", goal)
    nonzero = norm(v) > 0
    lower_claim = norm(P(n)) >= absolute(lam) ** n
    lower = out.line(contradiction(lower_claim, [
        exact, *known(nonzero), equal_norms(same, P(n), Q(n)),
        K.fact("norm_mul", Mat.of(Q(n).kernel), Mat.of(v.kernel))],
        multipliers=[1, norm(v)]), "divide by ‖v‖ > 0", lower_claim)
    index = n >= 0
    claim = (forall(n, index.implies(upper_claim))
             & eigen.implies(nonzero.implies(forall(n, index.implies(lower_claim)))))
    thm = conj(close(upper, over=[n], under=[index]),
               close(close(lower, over=[n], under=[index]), under=[eigen, nonzero]))
    return out.theorem(
        "p5-linear", "A linear network: ‖Wⁿ‖ lies between |λ|ⁿ and ‖W‖ⁿ",
        "Pascanu, Mikolov, Bengio 2013, sec. 2.1; PROPOSITIONS P5, linear case", [], claim, thm,
        remarks=["P_n is the derivative of h_n in h_0 of h_t = W h_{t−1} + u_t. A real eigenvalue "
                 "with |λ| > 1 makes it grow without bound, one with |λ| = 1 keeps it from "
                 "vanishing: there |λ| < 1 is necessary. Theorem p5-radius has the limit of "
                 "‖Wⁿ‖^(1/n)."],
    )
