"""P10, second part: the balanced example (0.1, 0.7, 0.1, 0.1), at rest."""

from fractions import Fraction

from bptt_sym.prove import kernel as K
from bptt_sym.prove.language import (
    exists,
    forall,
    inv,
    real,
    sigmoid,
    tanh,
)
from bptt_sym.prove.lemmas import dtanh_pos, sg_0, tanh_0
from bptt_sym.prove.limits import inv_mul
from bptt_sym.prove.lstm import GATES, WEIGHTS, Lstm, N
from bptt_sym.prove.resting import Resting
from bptt_sym.prove.tactics import (
    assume,
    close,
    conj,
    conj_hyps,
    have,
    induction,
    instantiate,
    numeric,
    obtain,
    parts,
    prove,
    settle,
)
from bptt_sym.prove.theorem import Outline, Theorem

BIAS = {g: real(f"b_{g}") for g in GATES}
# the input of the first step is b, as at every step: the state starts where it stays
L = Lstm(lambda gate, t: BIAS[gate], extra=[BIAS[g] for g in GATES])
HALF = Fraction(1, 2)
TENTH = Fraction(1, 10)
GATE_VALUES = {"f": Fraction(7, 10), "i": HALF, "o": HALF, "g": Fraction(3, 10)}


def theorem() -> Theorem:
    out = Outline()
    balanced = Resting(L, GATE_VALUES, HALF)
    rest, q, gate_is, dc, dh = (balanced.h, balanced.q, balanced.gate_is, balanced.dc,
                                balanced.dh)
    terms = {k: (balanced.shares[k] * WEIGHTS[k] * q).eq(TENTH) for k in "fig"}
    state, path, kappa = balanced.state, balanced.p, balanced.kappa
    still = out.line(balanced.still, "0.7 · 0.5 + 0.5 · 0.3 = 0.5", state)
    # the two together: a linear recurrence of the second order with S = 1
    sums = prove((kappa * q).eq(Fraction(3, 10)), [assume(t) for t in terms.values()])
    one, two = balanced.steps
    order2 = dc(N + 2).eq((1 + path) * dc(N + 1) - GATE_VALUES["f"] * path * dc(N))
    second = out.line(
        prove(order2, [balanced.second_order, sums], multipliers=[1, dc(N + 1)]),
        "A + B + C + D = 0.7 + 0.3 = 1", order2)
    # U_o = 0: the derivative is 1 for ever
    closed = WEIGHTS["o"].eq(0)
    both = dc(N).eq(1) & dh(N).eq(q)
    b1, b2 = parts(assume(both))
    nxt1 = prove(dc(N + 1).eq(1), [one, b1, b2, sums], multipliers=[1, kappa])
    nxt2 = prove(dh(N + 1).eq(q), [two, nxt1, assume(closed)],
                 multipliers=[1, q, tanh(HALF) * dh(N)])
    unit = out.line(induction(N, 0, both, conj(*balanced.begin), conj(nxt1, nxt2)),
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
    points = {g: real(f"z_{g}") for g in GATES}
    inverse = have(inv_mul(q), q_pos)
    witness = {WEIGHTS[g]: TENTH / k * inv(q) for g, k in balanced.shares.items()}
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
    claim = forall(WEIGHTS["o"], exists_claim)
    result = K.gen(WEIGHTS["o"].args, found)
    return out.theorem(
        "p10", "The balanced LSTM: the four terms are 0.1, 0.7, 0.1 and 0.1 at every step",
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
