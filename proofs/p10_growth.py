"""P10, first part: the steady LSTM: its growth rates, and when one exceeds 1."""



from bptt_sym.prove import kernel as K
from bptt_sym.prove.language import (
    Term,
    exists,
    forall,
    real,
    reals,
    shape,
)
from bptt_sym.prove.lemmas import power_0, power_step
from bptt_sym.prove.lstm import GATES, WEIGHTS, Lstm, N
from bptt_sym.prove.resting import Resting
from bptt_sym.prove.tactics import (
    BOTTOM,
    assume,
    at,
    close,
    conj,
    contradiction,
    exist,
    induction,
    known,
    obtain,
    prove,
    settle,
)
from bptt_sym.prove.theorem import Outline, Theorem

f, p, lam, mu = reals("f p lambda mu")
BIAS = {g: real(f"b_{g}") for g in GATES}
# the input of the first step is b, as at every step: the state starts where it stays
L = Lstm(lambda gate, t: BIAS[gate], extra=[BIAS[g] for g in GATES])


def chi(at_: Term) -> Term:
    """The characteristic polynomial for S = 1."""
    return at_**2 - (1 + p) * at_ + f * p


def roots(out: Outline):  # type: ignore[no-untyped-def]
    """For 0 < f < 1 and S = 1: a root beyond 1 in absolute value iff p > 0 or p < -2/(1+f)."""
    gate = known(f > 0, f < 1)
    up = p > 0
    low = prove(("ge", -K.instance(chi(lam).kernel, ("v", "lambda"), 1)),
                [prove(p * (1 - f) >= 0, [*gate, *known(up)])], degree=1)
    high = prove(("ge", K.instance(chi(lam).kernel, ("v", "lambda"), (2 + p).kernel)),
                 [*gate, *known(up)])
    root = settle(K.ivt("lambda", chi(lam).kernel, K.ONE, (2 + p).kernel, low, high), known(up))
    big_claim = exists(lam, (lam > 1) & chi(lam).eq(0))

    def strict(both):  # type: ignore[no-untyped-def]
        at_1 = prove(p * (1 - f) > 0, [*gate, *known(up)])
        return exist(big_claim, lam, conj(_beyond(both, at_1), K.part(both, 2)))

    def _beyond(both, at_1):  # type: ignore[no-untyped-def]
        same = K.antisym(K.part(both, 0), assume(1 - lam >= 0))
        false = prove(BOTTOM, [at_1, K.part(both, 2), same],
                      multipliers=[1, lam - p], degree=1)
        return K.split((1 - lam).kernel, K.absurd(false, (lam > 1).formula), prove(
            lam > 1, known(-(1 - lam) > 0)))

    big = out.line(obtain(root, lam, strict), "χ(1) = −p (1 − f) < 0 ≤ χ(2 + p)", big_claim)
    down = p * (1 + f) < -2
    neg_claim = exists(lam, (lam < -1) & chi(lam).eq(0))
    # -chi on [p - 2, -1]: chi(p - 2) >= 0 > chi(-1)
    minus = -chi(lam)
    p_neg = contradiction(-p > 0, [*gate, *known(down)])
    low = prove(("ge", -K.instance(minus.kernel, ("v", "lambda"), (p - 2).kernel)),
                [*gate, p_neg])
    high = prove(("ge", K.instance(minus.kernel, ("v", "lambda"), -1)), known(down), degree=1)
    root = settle(K.ivt("lambda", minus.kernel, (p - 2).kernel, K.Poly.of(-1), low, high), [p_neg])

    def strict_neg(both):  # type: ignore[no-untyped-def]
        same = K.antisym(assume(lam + 1 >= 0), K.part(both, 1))
        false = prove(BOTTOM, [*known(down), K.part(both, 2), same],
                      multipliers=[1, lam - 2 - p], degree=1)
        beyond = K.split((lam + 1).kernel, K.absurd(false, (lam < -1).formula), prove(
            lam < -1, known(-(lam + 1) > 0)))
        return exist(neg_claim, lam, conj(beyond, prove(chi(lam).eq(0), [K.part(both, 2)])))

    neg = out.line(obtain(root, lam, strict_neg), "χ(−1) = 2 + p (1 + f) < 0 ≤ χ(p − 2)", neg_claim)
    inside = [p <= 0, p * (1 + f) >= -2]
    is_root = chi(lam).eq(0)
    less = contradiction(lam <= 1, [*gate, *known(*inside), assume(is_root)])
    more_low = contradiction(p > -2, [*gate, *known(*inside)])
    more = contradiction(lam >= -1, [*gate, *known(*inside), assume(is_root), more_low])
    none_claim = forall(lam, is_root.implies((lam <= 1) & (lam >= -1)))
    none = out.line(close(conj(less, more), over=[lam], under=[is_root]),
                    "χ(λ) = λ (λ − 1) − p (λ − f) > 0 for λ > 1, and likewise below −1", none_claim)
    claims = [up.implies(big_claim), down.implies(neg_claim),
              inside[0].implies(inside[1].implies(none_claim))]
    thms = [close(big, under=[up]), close(neg, under=[down]), close(none, under=inside)]
    premise = (f > 0, f < 1)
    body = claims[0] & claims[1] & claims[2]
    claim = forall([f, p], premise[0].implies(premise[1].implies(body)))
    return close(conj(*thms), over=[f, p], under=list(premise)), claim


def general(out: Outline):  # type: ignore[no-untyped-def]
    """At rest with any gates: the recurrence of dc, and its solution by the roots of chi."""
    values = {g: real(f"{g}bar") for g in GATES}
    cell = Resting(L, values, real("cbar"))
    total, f_, path, dc = values["f"] + cell.kappa * cell.q, values["f"], cell.p, cell.dc
    order2 = dc(N + 2).eq((total + path) * dc(N + 1) - f_ * path * dc(N))
    second = out.line(cell.second_order, "eliminating ∂h_n/∂c_0 from the two recurrences", order2)
    vieta = known((lam + mu).eq(total + path), (lam * mu).eq(f_ * path))
    first = prove(dc(1).eq(total), [at(cell.steps[0], {N: shape(0)}), *cell.begin],
                  multipliers=[1, f_, cell.kappa])
    tied = []
    for x_, y_ in ((lam, mu), (mu, lam)):
        goal = (dc(N + 1) - y_ * dc(N)).eq((total - y_) * x_**N)
        begin = prove(K.instance(goal.formula, N.args, 0), [first, cell.begin[0]],
                      multipliers=[1, y_], rewrite=[power_0(x_)])
        later = prove(K.instance(goal.formula, N.args, (N + 1).kernel), [
            second, *known(goal), *vieta], rewrite=[power_step(x_, N)],
            multipliers=[1, x_, dc(N + 1), dc(N)])
        tied.append(induction(N, 0, goal, begin, later))
    solved = ((lam - mu) * dc(N)).eq((total - mu) * lam**N - (total - lam) * mu**N)
    closed = out.line(prove(solved, tied), "dc_{n+1} − μ dc_n is multiplied by λ at each step, "
                      "and likewise with λ and μ exchanged", solved)
    hyps = [*cell.gate_is.values(), cell.fits]
    index, shown = [N >= 0], [(lam + mu).eq(total + path), (lam * mu).eq(f_ * path)]
    claim = forall(N, index[0].implies(order2)) & forall([lam, mu], shown[0].implies(
        shown[1].implies(forall(N, index[0].implies(solved)))))
    thm = conj(close(second, over=[N], under=index), close(close(
        closed, over=[N], under=index), over=[lam, mu], under=shown))
    free_ = [*values.values(), real("cbar"), *WEIGHTS.values(), *BIAS.values()]
    for h in reversed(hyps):
        claim = h.implies(claim)
    return close(thm, over=free_, under=hyps), forall(free_, claim)


def theorem() -> Theorem:
    out = Outline()
    (root_thm, root_claim), (thm, claim) = roots(out), general(out)
    return out.theorem(
        "p10-growth", "The steady LSTM: its derivative grows by the roots of a quadratic equation",
        "PROPOSITIONS P10", [], claim & root_claim, conj(thm, root_thm),
        remarks=["S = f + κ q is the sum A + B + C + D of the one-step terms. The bars are the "
                 "constant gates and the cell state at rest. The last part is the case S = 1: "
                 "growth without bound if and only if p > 0 or p < −2/(1 + f)."],
    )
