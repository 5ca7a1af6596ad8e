"""P10, the balanced example from h_0 = c_0 = 0: one input vector brings the cell to its rest."""

import math
from fractions import Fraction

from bptt_sym.prove import kernel as K
from bptt_sym.prove.kernel import Thm
from bptt_sym.prove.language import (
    Claim,
    Term,
    TermLike,
    exists,
    forall,
    inv,
    real,
    recursion,
    shape,
    sigmoid,
    tanh,
)
from bptt_sym.prove.lemmas import base, congruent, dtanh_pos, sg_0, step, tanh_0
from bptt_sym.prove.limits import inv_mul
from bptt_sym.prove.lstm import C0, GATES, O0, WEIGHTS, Lstm, N
from bptt_sym.prove.tactics import (
    assume,
    at,
    close,
    conj,
    conj_hyps,
    equal,
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

HALF, TENTH = Fraction(1, 2), Fraction(1, 10)
VALUES = {"f": Fraction(7, 10), "i": HALF, "o": HALF, "g": Fraction(3, 10)}
FIRST = {"f": HALF, "i": Fraction(4, 5), "o": HALF, "g": Fraction(5, 8)}
SHARES = {"f": Fraction(21, 200), "i": Fraction(3, 40), "g": Fraction(91, 200)}
# the published digits of the weights, the biases and the first input
DIGITS = {
    "U_f": "2.421982", "U_i": "3.390774", "U_g": "0.558919",
    "b_f": "0.28767824", "b_i": "-0.78346746", "b_g": "0.18037662",
    "x_f": "-0.28767824", "x_i": "2.16976182", "x_g": "0.55279192",
}
# where the gates take their values: sigma(z_f) = 0.7, tanh z_g = 0.3, sigma(y_i) = 0.8, ...
POINTS = {"z_f": ("0.8472978603", "0.8472978604", "f", VALUES),
          "z_g": ("0.3095196042", "0.3095196043", "g", VALUES),
          "y_i": ("1.3862943611", "1.3862943612", "i", FIRST),
          "y_g": ("0.7331685343", "0.7331685344", "g", FIRST)}
U, BIAS = WEIGHTS, {g: real(f"b_{g}") for g in GATES}
INPUT = {g: real(f"x_{g}") for g in GATES}
IMPULSE = recursion("impulse", [], N, [("delta", 1, 0)])
L = Lstm(lambda gate, t: BIAS[gate] + INPUT[gate] * IMPULSE(0, t - 1),
         extra=[*BIAS.values(), *INPUT.values()])
REST, Q = HALF * tanh(HALF), HALF * (1 - tanh(HALF) ** 2)
X = real("x")
START = {C0: 0, O0: HALF}


def cell(j: int, n: TermLike) -> Term:
    """Part j of (c, h, f, i, o, g) at time n, started from c_0 = h_0 = 0."""
    return L.cell(j, n, *[START.get(p, p) for p in L.params])


def gate(name: str, n: TermLike) -> Term:
    return cell(2 + GATES.index(name), n)


def activation(name: str, x: TermLike) -> Term:
    return (tanh if name == "g" else sigmoid)(x)


AT_REST = {g: activation(g, U[g] * REST + BIAS[g]).eq(VALUES[g]) for g in GATES}
AT_FIRST = {g: activation(g, BIAS[g] + INPUT[g]).eq(FIRST[g]) for g in GATES}
SIZES = {k: (SHARES[k] * U[k] * Q).eq(TENTH) for k in SHARES}


def gates_after(before: Thm, impulse: Thm, targets: dict[str, Fraction], n: TermLike,
                args: dict[str, Term], given: dict[str, Claim], using: list[Thm]) -> list[Thm]:
    """The gates at n + 1, from h_n and the impulse at n."""
    made = []
    for g in GATES:
        a = U[g] * cell(1, n) + (BIAS[g] + INPUT[g] * IMPULSE(0, n))
        same = congruent(prove(a.eq(args[g]), [before, impulse], multipliers=[U[g], INPUT[g]]), a,
                         args[g], activation(g, X), X)
        rule = at(instantiate(L.gate_step(g, N), START), {N: n}, using)
        made.append(prove(gate(g, shape(n) + 1).eq(targets[g]), [rule, same, assume(given[g])]))
    return made


def state_after(n: TermLike, gates: list[Thm], c_now: Thm, values: dict[str, Fraction],
                using: list[Thm]) -> Thm:
    """c_{n+1} = 1/2 and h_{n+1} = tanh(1/2)/2 and o_{n+1} = 1/2, from the gates."""
    c_rule, h_rule = (at(instantiate(t, START), {N: n}, using) for t in L.state_step(N))
    c, h = cell(0, shape(n) + 1), cell(1, shape(n) + 1)
    pairs = [(t, gate(g, shape(n) + 1)) for t, g in zip(gates, GATES, strict=True)]
    next_c = equal(c.eq(HALF), (c_rule, c), *pairs, (c_now, cell(0, n)))
    flat = congruent(next_c, c, HALF, tanh(X), X)
    next_h = equal(h.eq(REST), (h_rule, h), pairs[2], (flat, tanh(c)))
    return conj(next_c, next_h, gates[2])


def theorem() -> Theorem:
    out = Outline()
    zero = [instantiate(t, START) for t in L.initial]
    h_0 = prove(cell(1, 0).eq(0), [zero[1], tanh_0()], multipliers=[1, HALF])
    one = base(IMPULSE.definition)
    first_gates = gates_after(h_0, one, FIRST, 0, {g: BIAS[g] + INPUT[g] for g in GATES}, AT_FIRST,
                              [])
    first = state_after(0, first_gates, zero[0], FIRST, [])
    claim_1 = cell(0, 1).eq(HALF) & cell(1, 1).eq(REST)
    out.line(conj(*parts(first)[:2]), "i₁ g₁ = 0.8 · 0.625 = 0.5 and o₁ = 0.5", claim_1)
    state = cell(0, N).eq(HALF) & cell(1, N).eq(REST) & gate("o", N).eq(HALF)
    late = known(N >= 1)
    early = prove(N - 1 >= 0, late, degree=1)
    silent = have(instantiate(step(IMPULSE.definition, 0, N), {N: N - 1}), early)
    c_now, h_now, o_now = parts(assume(state))
    nonneg = [prove(N >= 0, late, degree=1)]
    rest_args = {g: U[g] * REST + BIAS[g] for g in GATES}
    gates = gates_after(h_now, silent, VALUES, N, rest_args, AT_REST, nonneg)
    still = induction(N, 1, state, first, state_after(N, gates, c_now, VALUES, nonneg))
    c_now, h_now, o_now = parts(still)
    stays = cell(0, N).eq(HALF) & cell(1, N).eq(REST)
    kept = out.line(conj(c_now, h_now), "0.7 · 0.5 + 0.5 · 0.3 = 0.5, and the input is b alone",
                    stays)
    gates = [have(t, still) for t in gates]

    # the four terms
    f, i, g = (gate(k, N + 1) for k in "fig")
    q = gate("o", N) * (1 - tanh(cell(0, N)) ** 2)
    shown = ((cell(0, N) * (f * (1 - f)) * U["f"] * q).eq(TENTH) & f.eq(VALUES["f"])
             & (g * (i * (1 - i)) * U["i"] * q).eq(TENTH) & (i * (1 - g**2) * U["g"] * q).eq(TENTH))
    flat = congruent(c_now, cell(0, N), HALF, tanh(X), X)
    pairs = [(t, gate(k, N + 1)) for t, k in zip(gates, GATES, strict=True)]
    rules = [*pairs, (c_now, cell(0, N)), (o_now, gate("o", N)), (flat, tanh(cell(0, N)))]
    terms = [gates[0] if c is shown.args[1] else prove(c, [assume(SIZES[k])], rewrite=rules)
             for c, k in zip(shown.args, "ffig", strict=True)]
    balanced = out.line(conj(*terms), "the weights are 0.1 over their shares", shown)

    # the numbers exist
    index = N >= 1
    premises = [*AT_REST.values(), *AT_FIRST.values(), *SIZES.values()]
    premise = all_of(premises)
    names = [*(U[k] for k in SHARES), *BIAS.values(), *INPUT.values()]
    body = conj(close(kept, over=[N], under=[index]), close(balanced, over=[N], under=[index]))
    body = close(conj_hyps(body, assume(premise)), over=[U["o"], *names], under=[premise])
    conclusion = forall(N, index.implies(stays)) & forall(N, index.implies(shown))
    witness, bounds, roots = numbers()
    inner, pieces = premise, [assume(c) for c in premises]
    pieces = [settled(instantiate(t, witness), witness) for t in pieces]
    for name, digits in DIGITS.items():
        unit = Fraction(1, 2 * 10 ** len(digits.partition(".")[2]))
        for c in (real(name) >= Fraction(digits) - unit, real(name) <= Fraction(digits) + unit):
            inner = inner & c
            pieces.append(prove(K.subst(c.formula, {
                v.args: e.kernel for v, e in witness.items()}), bounds, degree=1))
    claim = exists(names, inner)
    thm = conj(*pieces)
    for k in reversed(range(len(names))):
        partial = {v.args: witness[v].kernel for v in names[:k]}
        wanted = K.subst(exists(names[k:], inner).formula, partial)
        thm = K.witness(wanted, witness[names[k]].kernel, thm)
    for root, point in roots:
        thm = obtain(root, point, lambda both, t=thm: conj_hyps(t, both))
    out.line(thm, "the gates take the values by the intermediate value theorem", claim)
    whole = forall([U["o"], *names], premise.implies(conclusion)) & forall(U["o"], claim)
    thm = conj(body, K.gen(U["o"].args, thm))
    return out.theorem(
        "p10-start", "The balanced LSTM from h₀ = c₀ = 0: one input vector, exact from t = 2 on",
        "PROPOSITIONS P10", [], whole, thm,
        remarks=["δ is 1 at time 0 and 0 later: the input of step 1 is (x_f, x_i, x_o, x_g), that "
                 "of every later step is 0. For U_o = 0 the fourth bias and the fourth input are "
                 "0. In the terms q_n is o_n (1 − tanh² c_n)."],
    )


def all_of(claims: list[Claim]) -> Claim:
    whole = claims[0]
    for c in claims[1:]:
        whole = whole & c
    return whole


def numbers() -> tuple[dict[Term, Term], list[Thm], list[tuple[Thm, Term]]]:
    """The witnesses, bounds of what they are made of, and where the gates' points come from."""
    z = {k: real(k) for k in POINTS}
    bounds, roots = [], []
    for k, (low, high, g, values) in POINTS.items():
        a, b = Fraction(low), Fraction(high)
        ends = (numeric(("ge", (values[g] - activation(g, a)).kernel)),
                numeric(("ge", (activation(g, b) - values[g]).kernel)))
        root = K.ivt(k, (activation(g, z[k]) - values[g]).kernel, K.Poly.of(a), K.Poly.of(b), *ends)
        roots.append((settle(root), z[k]))
        bounds += known(z[k] - a >= 0, b - z[k] >= 0)
    weight = {k: TENTH / s * inv(Q) for k, s in SHARES.items()} | {"o": U["o"]}
    own = {"f": z["z_f"], "i": shape(0), "o": shape(0), "g": z["z_g"]}
    bias = {g: own[g] - weight[g] * REST for g in GATES}
    first = {"f": shape(0), "i": z["y_i"], "o": shape(0), "g": z["y_g"]}
    witness = {U[k]: weight[k] for k in SHARES} | {BIAS[g]: bias[g] for g in GATES}
    witness |= {INPUT[g]: first[g] - bias[g] for g in GATES}
    t, margin = math.tanh(0.5), Fraction(1, 10**11)
    for k, s in SHARES.items():
        near = float(TENTH / s) / (0.5 - t * t / 2)  # that it is near is certified
        for value, x in ((weight[k], near), (weight[k] * REST, near * t / 2)):
            bounds += [numeric(value >= Fraction(x) - margin),
                       numeric(value <= Fraction(x) + margin)]
    return witness, bounds, roots


def settled(thm: Thm, witness: dict[Term, Term]) -> Thm:
    """Without the hypotheses that hold at the witnesses: the sizes, and the gates at 0."""
    inverse = have(inv_mul(Q), prove(Q > 0, [dtanh_pos(HALF)], degree=1))
    table = {v.args: e.kernel for v, e in witness.items()}
    sizes = [prove(K.subst(c.formula, table), [inverse]) for c in SIZES.values()]
    return have(thm, *sizes, sg_0())
