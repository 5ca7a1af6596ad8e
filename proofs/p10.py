"""P10: the steady LSTM: its growth rates, when one exceeds 1, and the balanced example."""

from fractions import Fraction

from bptt_sym.prove import kernel as K
from bptt_sym.prove.language import (
    Term,
    derivative,
    exists,
    forall,
    inv,
    real,
    reals,
    sigmoid,
    tanh,
)
from bptt_sym.prove.lemmas import congruent, dtanh_pos, sg_0, tanh_0
from bptt_sym.prove.limits import inv_mul
from bptt_sym.prove.lstm import C0, GATES, O0, WEIGHTS, Lstm, N
from bptt_sym.prove.tactics import (
    BOTTOM,
    assume,
    at,
    close,
    conj,
    conj_hyps,
    contradiction,
    equal,
    exist,
    have,
    induction,
    instantiate,
    known,
    numeric,
    obtain,
    parts,
    prove,
    settle,
)
from bptt_sym.prove.theorem import Outline, Theorem

f, p, lam, x = reals("f p lambda x")
BIAS = {g: real(f"b_{g}") for g in GATES}
# the input of the first step is b, as at every step: the state starts where it stays
L = Lstm(lambda gate, t: BIAS[gate], extra=[BIAS[g] for g in GATES])
HALF = Fraction(1, 2)
TENTH = Fraction(1, 10)
GATE_VALUES = {"f": Fraction(7, 10), "i": HALF, "o": HALF, "g": Fraction(3, 10)}


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


def theorem() -> Theorem:
    out = Outline()
    root_thm, root_claim = roots(out)

    # the balanced example: state and gates stand still
    rest = HALF * tanh(HALF)
    q = HALF * (1 - tanh(HALF) ** 2)
    start = {C0: HALF, O0: HALF}
    names = [WEIGHTS[g] for g in GATES] + [BIAS[g] for g in GATES]
    gate_is = {g: (tanh if g == "g" else sigmoid)(WEIGHTS[g] * rest + BIAS[g]).eq(v)
               for g, v in GATE_VALUES.items()}
    fq = Fraction(1, 2) * Fraction(21, 100)  # c f (1 - f)
    terms = {"f": (fq * WEIGHTS["f"] * q).eq(TENTH),
             "i": (Fraction(3, 40) * WEIGHTS["i"] * q).eq(TENTH),
             "g": (Fraction(91, 200) * WEIGHTS["g"] * q).eq(TENTH)}

    def cell(j, n):  # type: ignore[no-untyped-def]
        return L.cell(j, n, *names, HALF, HALF)

    state = cell(0, N).eq(HALF) & cell(1, N).eq(rest)
    c_step, h_step = (instantiate(t, start) for t in L.state_step(N))
    zero = [instantiate(t, start) for t in L.initial]
    base = conj(zero[0], equal(cell(1, 0).eq(rest), zero[1]))
    ih = assume(state)
    _, h_now = parts(ih)

    def gates_at(h_now):  # type: ignore[no-untyped-def]
        made = []
        for k, g in enumerate(GATES):
            w, b = WEIGHTS[g], BIAS[g]
            before, after = w * cell(1, N) + b, w * rest + b
            same = congruent(prove(before.eq(after), [h_now], multipliers=[w]), before, after,
                             (tanh if g == "g" else sigmoid)(x), x)
            goal = cell(2 + k, N + 1).eq(GATE_VALUES[g])
            rule = instantiate(L.gate_step(g, N), start)
            made.append(prove(goal, [rule, same, assume(gate_is[g])]))
        return made

    gates = gates_at(h_now)
    pairs = [(t, cell(2 + k, N + 1)) for k, t in enumerate(gates)]
    nxt_c = equal(cell(0, N + 1).eq(HALF), (c_step, cell(0, N + 1)), *pairs,
                  (parts(ih)[0], cell(0, N)))
    same = congruent(nxt_c, cell(0, N + 1), HALF, tanh(x), x)
    nxt_h = equal(cell(1, N + 1).eq(rest), (h_step, cell(1, N + 1)), pairs[2],
                  (same, tanh(cell(0, N + 1))))
    still = out.line(induction(N, 0, state, base, conj(nxt_c, nxt_h)),
                     "0.7 · 0.5 + 0.5 · 0.3 = 0.5", state)
    c_now, h_now = parts(still)
    gates = gates_at(h_now)
    pairs = [(t, cell(2 + k, N + 1)) for k, t in enumerate(gates)]
    late = have(instantiate(c_now, {N: N + 1}), prove(N + 1 >= 0, known(N >= 0)))
    flat = congruent(late, cell(0, N + 1), HALF, tanh(x), x)

    def dc(n):  # type: ignore[no-untyped-def]
        return derivative(C0, L.cell(0, n, *names, C0, HALF), HALF)

    def dh(n):  # type: ignore[no-untyped-def]
        return derivative(C0, L.cell(1, n, *names, C0, HALF), HALF)

    dc_step, dh_step = (instantiate(t, start) for t in L.jacobian_step(N))
    path = tanh(HALF) * Fraction(1, 4) * WEIGHTS["o"]  # p
    kappa = fq * WEIGHTS["f"] + Fraction(3, 40) * WEIGHTS["i"] + Fraction(91, 200) * WEIGHTS["g"]
    one = equal(dc(N + 1).eq(GATE_VALUES["f"] * dc(N) + kappa * dh(N)), (dc_step, dc(N + 1)),
                *pairs, (c_now, cell(0, N)))
    two = equal(dh(N + 1).eq(q * dc(N + 1) + path * dh(N)), (dh_step, dh(N + 1)), *pairs,
                (c_now, cell(0, N)), (flat, tanh(cell(0, N + 1))), (one, dc(N + 1)))
    # the two together: a linear recurrence of the second order with S = 1
    sums = prove((kappa * q).eq(Fraction(3, 10)), [assume(t) for t in terms.values()])
    later = known(N >= 0)
    one_next = at(one, {N: N + 1}, later)
    order2 = dc(N + 2).eq((1 + path) * dc(N + 1) - GATE_VALUES["f"] * path * dc(N))
    second = out.line(
        prove(order2, [sums, one], multipliers=[dc(N + 1), path, path * dh(N)],
              rewrite=[(one_next, dc(N + 2)), (two, dh(N + 1))]),
        "A + B + C + D = 0.7 + 0.3 = 1; eliminating dh leaves a linear recurrence", order2)
    # U_o = 0: the derivative is 1 for ever
    starts = [instantiate(t, start) for t in L.jacobian_0]
    closed = WEIGHTS["o"].eq(0)
    both = dc(N).eq(1) & dh(N).eq(q)
    b1, b2 = parts(assume(both))
    nxt1 = prove(dc(N + 1).eq(1), [one, b1, b2, sums], multipliers=[1, kappa])
    nxt2 = prove(dh(N + 1).eq(q), [two, nxt1, assume(closed)],
                 multipliers=[1, q, tanh(HALF) * dh(N)])
    first = conj(starts[0], equal(dh(0).eq(q), starts[1]))
    unit = out.line(induction(N, 0, both, first, conj(nxt1, nxt2)),
                    "without the path through the output gate the product of sums is right", both)
    unit = parts(unit)[0]

    # such weights and biases exist, for every U_o
    index = N >= 0
    conclusion = (
        forall(N, index.implies(state)) & forall(N, index.implies(order2))
        & closed.implies(forall(N, index.implies(dc(N).eq(1))))
    )
    premise = gate_is["f"]
    for extra in (*list(gate_is.values())[1:], *terms.values()):
        premise = premise & extra
    body = conj(close(still, over=[N], under=[index]), close(second, over=[N], under=[index]),
                close(close(unit, over=[N], under=[index]), under=[closed]))
    balanced_claim = premise & conclusion.args[0] & conclusion.args[1] & conclusion.args[2]
    facts = conj(*[assume(t) for t in (*gate_is.values(), *terms.values())], *parts(body))
    assert facts.concl == balanced_claim.formula
    exists_names = [WEIGHTS["f"], WEIGHTS["i"], WEIGHTS["g"], *[BIAS[g] for g in GATES]]
    exists_claim = exists(exists_names, balanced_claim)

    # witnesses: weights 1/10 over the coefficient, biases from points where the gates are right
    q_pos = prove(q > 0, [dtanh_pos(HALF)], degree=1)
    coefficient = {"f": fq, "i": Fraction(3, 40), "g": Fraction(91, 200)}
    points = {g: real(f"z_{g}") for g in GATES}
    inverse = have(inv_mul(q), q_pos)
    witness = {WEIGHTS[g]: TENTH / k * inv(q) for g, k in coefficient.items()}
    witness |= {BIAS[g]: points[g] - witness.get(WEIGHTS[g], WEIGHTS[g]) * rest for g in GATES}
    fitted = instantiate(facts, witness)
    # at the witnesses the three equations become one and the same
    fitted = have(fitted, prove(instance_of(terms["f"], witness), [inverse]))
    thm = fitted
    for k in reversed(range(len(exists_names))):
        partial = {v: witness[v] for v in exists_names[:k]}
        shape_ = ("ex", exists_names[k].args, body_formula(exists_names[k + 1:], balanced_claim))
        goal = K.subst(shape_, {v.args: e.kernel for v, e in partial.items()})
        thm = K.witness(goal, witness[exists_names[k]].kernel, thm)
    for g in GATES:
        fn = tanh if g == "g" else sigmoid
        target = GATE_VALUES[g]
        low, high = numeric_ends(fn, target)
        root = settle(K.ivt(points[g].args[1], (fn(points[g]) - target).kernel, K.ZERO, K.ONE,
                            low, high))
        thm = obtain(root, points[g], lambda pair, t=thm: conj_hyps(t, pair))
    found = out.line(thm, "the gates take the values by the intermediate value theorem; the "
                     "weights are quotients", exists_claim)
    claim = root_claim & forall(WEIGHTS["o"], exists_claim)
    result = conj(root_thm, K.gen(WEIGHTS["o"].args, found))
    return out.theorem(
        "p10", "The steady LSTM: growth rates, and the balanced example (0.1, 0.7, 0.1, 0.1)",
        "PROPOSITIONS P10; notes B, B14", [], claim, result,
        remarks=["The product of the one-step sums is 1 whatever U_o is; the derivative is 1 for "
                 "U_o = 0, and otherwise grows by the roots of λ² − (1 + p) λ + 0.7 p with "
                 "p = U_o tanh(1/2)/4."],
    )


def numeric_ends(fn, target):  # type: ignore[no-untyped-def]
    start = tanh_0() if fn is tanh else sg_0()
    low = prove(("ge", (target - fn(0)).kernel), [start])
    return low, numeric(("ge", (fn(1) - target).kernel))


def instance_of(claim, values):  # type: ignore[no-untyped-def]
    f = claim.formula
    return K.subst(f, {v.args: e.kernel for v, e in values.items()})


def body_formula(names, claim):  # type: ignore[no-untyped-def]
    f = claim.formula
    for v in reversed(names):
        f = ("ex", v.args, f)
    return f
