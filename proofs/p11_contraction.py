"""P11 on the states themselves: two runs of a stable LSTM approach each other geometrically."""

from fractions import Fraction

from bptt_sym.prove import kernel as K
from bptt_sym.prove import sums
from bptt_sym.prove.increments import sg_lipschitz, tanh_lipschitz
from bptt_sym.prove.kernel import ONE, Thm, instance
from bptt_sym.prove.language import (
    Claim,
    Term,
    TermLike,
    absolute,
    exists,
    forall,
    integers,
    inv,
    real,
    reals,
    recursion,
    sequence,
    sigmoid,
    tanh,
    total,
)
from bptt_sym.prove.lemmas import (
    abs_both,
    abs_le,
    abs_nonneg,
    base,
    congruent,
    power_0,
    power_step,
    product_bound,
    sg_bounds,
    step,
    tanh_bounds,
)
from bptt_sym.prove.limits import inv_mul, inv_pos
from bptt_sym.prove.stability import RATES, beta, kap, om, phi, r, weights
from bptt_sym.prove.tactics import (
    assume,
    close,
    conj,
    conj_hyps,
    exist,
    have,
    induction,
    instantiate,
    known,
    obtain,
    parts,
    prove,
    settle,
    use,
)
from bptt_sym.prove.theorem import Outline, Theorem

n, i, j, M = integers("n i j M")
x0, y0, z = reals("x0 y0 z")
ROWS = {g: real(f"r_{g}") for g in "fiog"}
late, n1 = n >= 0, n + 1
# bounds of the two differences, by the two coupled inequalities
PAIR = recursion("differences", [phi, kap, om, x0, y0], n, [
    ("X", x0, phi * real("X") + kap * real("Y")),
    ("Y", y0, phi * real("X") + kap * real("Y") + om * real("Y"))])


def unit(name: str, time: TermLike, which: Term = i) -> Term:
    return sequence(name, time, which)


def argument(gate: str, h: str) -> Term:
    """The pre-activation of unit i at n + 1, in the run whose outputs are h."""
    driven = total(j, 1, M, sequence(f"U_{gate}", i, j) * unit(h, n, j))
    return driven + sequence(f"x_{gate}", n1, i)


def gate(name: str, h: str) -> Term:
    return (tanh if name == "g" else sigmoid)(argument(name, h))


def moves(c: str, h: str) -> Claim:
    """The LSTM's equations for one run."""
    f, ig, o, g = (gate(k, h) for k in "fiog")
    return forall(n, late.implies(forall(i, unit(c, n1).eq(f * unit(c, n) + ig * g) & unit(
        h, n1).eq(o * tanh(unit(c, n1))))))


cap = inv(1 - phi)
kappa = ROWS["f"] * cap / 4 + ROWS["i"] / 4 + ROWS["g"]
omega = ROWS["o"] / 4
HYPOTHESES = {
    "rows": forall(i, total(j, 1, M, absolute(sequence("U_f", i, j))) <= ROWS["f"]),
    "first": moves("c", "h"), "second": moves("C", "H"),
    "below": phi < 1,
    "kept": forall(n, late.implies(forall(i, gate("f", "h") <= phi))),
    "kept_2": forall(n, late.implies(forall(i, gate("f", "H") <= phi))),
    "start": forall(i, absolute(unit("C", 0)) <= cap),
    "apart_c": forall(i, absolute(unit("c", 0) - unit("C", 0)) <= x0),
    "apart_h": forall(i, absolute(unit("h", 0) - unit("H", 0)) <= y0),
    "gain": kappa < (1 - phi) * (1 - omega),
} | {f"row_{g}": forall(i, total(j, 1, M, absolute(sequence(f"U_{g}", i, j))) <= ROWS[g])
     for g in "iog"}


def given(name: str) -> Thm:
    return assume(HYPOTHESES[name])


def theorem() -> Theorem:
    out = Outline()
    now = known(late)
    gap = known(HYPOTHESES["below"])[0]
    inverse, cap_pos = have(inv_mul(1 - phi), gap), have(inv_pos(1 - phi), gap)
    eq = {name: [use(use(given(name), n, given=now), i)] for name in ("first", "second")}
    (c1, h1), (c2, h2) = (parts(t[0]) for t in eq.values())
    gates = {(k, h): gate(k, h) for k in "fiog" for h in "hH"}

    # the cell state of the second run stays within 1/(1 - phi)
    state = forall(i, absolute(unit("C", n)) <= cap)
    here = use(assume(state), i)
    f2, i2, g2 = (gates[k, "H"] for k in "fig")
    kept = use(use(given("kept_2"), n, given=now), i)
    bounds = {key: tanh_bounds(argument(*key)) if key[0] == "g" else sg_bounds(argument(*key))
              for key in gates}
    sides = [prove(cap - s * unit("C", n1) >= 0, [
        prove((phi - f2) * cap >= 0, [kept, cap_pos]), inverse,
        prove(1 - s * i2 * g2 >= 0, [*bounds["i", "H"], bounds["g", "H"][0 if s == 1 else 1]]),
        prove(f2 * cap - s * f2 * unit("C", n) >= 0, [
            bounds["f", "H"][0], here, *abs_both(unit("C", n))])], rewrite=[(c2, unit("C", n1))])
        for s in (1, -1)]
    bounded = out.line(induction(n, 0, state, given("start"), K.gen(i.args, abs_le(
        unit("C", n1), cap, *sides))), "|f c + i g| ≤ φ/(1 − φ) + 1 = 1/(1 − φ)", state)
    c_small = use(bounded, i)

    # one step of the differences
    def X(at: TermLike) -> Term:
        return PAIR(0, at, phi, kappa, omega, x0, y0)

    def Y(at: TermLike) -> Term:
        return PAIR(1, at, phi, kappa, omega, x0, y0)

    near_c = forall(i, absolute(unit("c", n) - unit("C", n)) <= X(n))
    near_h = forall(i, absolute(unit("h", n) - unit("H", n)) <= Y(n))
    both = assume(near_c & near_h)
    of_c, of_h = (use(t, i) for t in parts(both))
    y_pos = prove(Y(n) >= 0, [of_h, abs_nonneg(unit("h", n) - unit("H", n))], degree=1)
    moved = {k: row(k, use(parts(both)[1], j), Y(n), y_pos) for k in "fiog"}
    change = {}
    for k in "fiog":
        a, b = argument(k, "H"), argument(k, "h")
        lip = (tanh_lipschitz if k == "g" else sg_lipschitz)(a, b)
        most = ROWS[k] * Y(n) * (1 if k == "g" else Fraction(1, 4))
        change[k] = prove(absolute(gates[k, "h"] - gates[k, "H"]) <= most, [lip, moved[k]],
                          degree=1)
    f1, i1, o1, g1 = (gates[k, "h"] for k in "fiog")
    o2 = gates["o", "H"]
    unit_of = {key: abs_le(gates[key], 1, *[prove(1 - s * gates[key] >= 0, bounds[key], degree=1)
                                            for s in (1, -1)]) for key in gates}
    f_small = abs_le(f1, phi, *[prove(phi - s * f1 >= 0, [
        use(use(given("kept"), n, given=now), i), bounds["f", "h"][0]], degree=1)
        for s in (1, -1)])
    pieces = [
        (f1 * (unit("c", n) - unit("C", n)), product_bound(
            f1, unit("c", n) - unit("C", n), f_small, of_c)),
        ((f1 - f2) * unit("C", n), product_bound(f1 - f2, unit("C", n), change["f"], c_small)),
        (i1 * (g1 - g2), product_bound(i1, g1 - g2, unit_of["i", "h"], change["g"])),
        ((i1 - i2) * g2, product_bound(i1 - i2, g2, change["i"], unit_of["g", "H"]))]
    sizes = [t for x, thm in pieces for t in (thm, *abs_both(x))]
    d_c, d_h = (unit(a, n1) - unit(b, n1) for a, b in (("c", "C"), ("h", "H")))
    next_x = phi * X(n) + kappa * Y(n)
    c_claim = absolute(d_c) <= next_x
    c_thm = out.line(abs_le(d_c, next_x, *[prove(next_x - s * d_c >= 0, sizes, degree=1, rewrite=[
        (c1, unit("c", n1)), (c2, unit("C", n1))]) for s in (1, -1)]),
        "f c − F C = f (c − C) + (f − F) C, and likewise for i g; σ′ ≤ 1/4", c_claim)
    t1, t2 = tanh(unit("c", n1)), tanh(unit("C", n1))
    t_small = abs_le(t2, 1, *[prove(1 - s * t2 >= 0, tanh_bounds(unit("C", n1)), degree=1)
                              for s in (1, -1)])
    t_near = prove(absolute(t1 - t2) <= next_x, [
        tanh_lipschitz(unit("C", n1), unit("c", n1)), c_thm], degree=1)
    pieces = [(o1 * (t1 - t2), product_bound(o1, t1 - t2, unit_of["o", "h"], t_near)),
              ((o1 - o2) * t2, product_bound(o1 - o2, t2, change["o"], t_small))]
    sizes = [t for x, thm in pieces for t in (thm, *abs_both(x))]
    next_y = next_x + omega * Y(n)
    h_claim = absolute(d_h) <= next_y
    h_thm = out.line(abs_le(d_h, next_y, *[prove(next_y - s * d_h >= 0, sizes, degree=1, rewrite=[
        (h1, unit("h", n1)), (h2, unit("H", n1))]) for s in (1, -1)]),
        "the same for o tanh c", h_claim)
    d = PAIR.definition
    values = {phi: phi, kap: kappa, om: omega}
    rules = [instantiate(step(d, k, n), values) for k in (0, 1)]
    starts = [instantiate(base(d, k), values) for k in (0, 1)]
    later = conj(*[K.gen(i.args, prove(absolute(diff) <= bound, [thm], degree=1, rewrite=[rule]))
                   for diff, bound, thm, rule in ((d_c, X(n1), c_thm, rules[0]),
                                                  (d_h, Y(n1), h_thm, rules[1]))])
    first = conj(*[K.gen(i.args, prove(absolute(unit(a, 0) - unit(b, 0)) <= bound, [
        use(given(name), i)], degree=1, rewrite=[rule]))
        for a, b, bound, name, rule in (("c", "C", X(0), "apart_c", starts[0]),
                                        ("h", "H", Y(0), "apart_h", starts[1]))])
    tracked = out.line(induction(n, 0, near_c & near_h, first, later),
                       "so the differences are at most X_n and Y_n", near_c & near_h)

    # the weighted sum shrinks
    some = settle(instantiate(weights(), {kap: kappa, om: omega}))
    row_pos = {k: prove(ROWS[k] >= 0, [use(given("rows" if k == "f" else f"row_{k}"), i),
                                       row_nonneg(k)], degree=1) for k in "fiog"}
    phi_pos = prove(phi >= 0, [use(use(given("kept"), 0, given=[prove(("ge", K.ZERO))]), i),
                               sg_bounds(shifted_argument())[0]], degree=1)
    positive = [phi_pos, gap, prove(kappa >= 0, [prove(ROWS["f"] * cap >= 0, [
        row_pos["f"], cap_pos]), row_pos["i"], row_pos["g"]], degree=1),
        prove(omega >= 0, [row_pos["o"]], degree=1), given("gain")]
    some = have(some, *positive)
    chosen = K.assume(K.subst(RATES.formula, {kap.args: kappa.kernel, om.args: omega.kernel}))
    facts = parts(chosen)
    here_c, here_h = (use(t, i) for t in parts(tracked))
    x_pos = prove(X(n) >= 0, [here_c, abs_nonneg(unit("c", n) - unit("C", n))], degree=1)
    y_pos = have(y_pos, tracked)
    total_n, start = X(n) + beta * Y(n), x0 + beta * y0
    goal = total_n <= start * r**n
    begin = prove(instance(goal.formula, n.args, 0), starts, rewrite=[power_0(r)],
                  multipliers=[1, beta])
    nxt = prove(instance(goal.formula, n.args, n1.kernel), [
        prove((r - (1 + beta) * phi) * X(n) >= 0, [facts[3], x_pos]),
        prove((r * beta - kappa - beta * (kappa + omega)) * Y(n) >= 0, [facts[4], y_pos]),
        prove(r * (start * r**n - total_n) >= 0, [assume(goal), facts[1]])], degree=1,
        rewrite=[*rules, power_step(r, n)])
    shrinks = induction(n, 0, goal, begin, nxt)
    small = [prove(c, [here_c, here_h, shrinks, prove(beta * Y(n) >= 0, [facts[0], y_pos]),
                       x_pos, prove(beta * (Y(n) - absolute(unit("h", n) - unit("H", n))) >= 0,
                                    [facts[0], here_h])], degree=1)
             for c in (absolute(unit("c", n) - unit("C", n)) <= start * r**n,
                       beta * absolute(unit("h", n) - unit("H", n)) <= start * r**n)]
    final = forall(n, late.implies(forall(i, (absolute(unit("c", n) - unit("C", n))
                                              <= start * r**n)
                                          & (beta * absolute(unit("h", n) - unit("H", n))
                                             <= start * r**n))))
    inner = (beta > 0) & (r >= 0) & (r < 1) & final
    claim = exists([beta, r], inner)
    proof = close(close(conj(*small), over=[i]), over=[n], under=[late])
    thm = exist(claim, beta, exist(exists(r, inner), r, conj(*facts[:3], proof)))

    def with_rate(taken: Thm) -> Thm:
        return obtain(taken, r, lambda pair: have(thm, pair) if pair.concl in thm.hyps
                      else conj_hyps(thm, pair))

    result = out.line(obtain(some, beta, with_rate), "X + β Y shrinks by the factor r", claim)
    return out.theorem(
        "p11-contraction", "A stable LSTM: two runs with the same inputs approach each other",
        "PROPOSITIONS P11; compare Miller & Hardt, Stable recurrent models",
        list(HYPOTHESES.values()), claim, result,
        remarks=["(c, h) and (C, H) are two runs of an LSTM of M units with the same inputs and "
                 "biases, in x. r_f, r_i, r_o, r_g bound the row sums of |U|; the condition is "
                 "κ < (1 − φ)(1 − ω) with κ = r_f/(4(1 − φ)) + r_i/4 + r_g and ω = r_o/4. "
                 "Derivatives are not needed here; theorem p11 is about them."],
    )


def row_nonneg(name: str) -> Thm:
    """The row sum of absolute values is not negative."""
    item = abs_nonneg(sequence(f"U_{name}", i, j))
    return sums.monotone("j", ONE, M.kernel, item)


def row(name: str, near: Thm, bound: Term, bound_pos: Thm) -> Thm:
    """|a - a'| <= r bound for the pre-activations of two runs whose outputs differ by the bound."""
    weight = sequence(f"U_{name}", i, j)
    diff = unit("h", n, j) - unit("H", n, j)
    own = prove(absolute(weight) <= absolute(weight))
    item = product_bound(weight, diff, own, near)
    whole = total(j, 1, M, weight * diff)
    size = total(j, 1, M, absolute(weight))
    row_claim = use(given("rows" if name == "f" else f"row_{name}"), i)
    each = prove(absolute(weight * diff) <= bound * absolute(weight), [item], degree=1)
    inner = prove(absolute(whole) <= ROWS[name] * bound, [
        sums.triangle(j, M, weight * diff, bound * absolute(weight), each),
        sums.scaled(j, M, bound, absolute(weight)),
        prove((ROWS[name] - size) * bound >= 0, [row_claim, bound_pos])], degree=1)
    a, b = argument(name, "H"), argument(name, "h")
    apart = sums.linear("j", ONE, M.kernel, K.Poly.of(-1), (weight * unit("H", n, j)).kernel,
                        (weight * unit("h", n, j)).kernel)
    moved = congruent(prove((b - a).eq(whole), [apart]), b - a, whole, absolute(z), z)
    return prove(absolute(b - a) <= ROWS[name] * bound, [inner, moved], degree=1)


def shifted_argument() -> Term:
    """The pre-activation of the forget gate at time 1."""
    return Term("first", (), K.subst(argument("f", "h").kernel, {n.args: K.ZERO}))
