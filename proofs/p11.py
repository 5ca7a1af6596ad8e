"""P11: a stable LSTM of any width: the derivative of the joint state contracts."""

from fractions import Fraction

from bptt_sym.prove import kernel as K
from bptt_sym.prove.kernel import instance
from bptt_sym.prove.language import (
    Term,
    TermLike,
    absolute,
    diagonal,
    exists,
    forall,
    integers,
    inv,
    matrix,
    norm,
    recursion,
    sequence,
    sigmoid,
    tanh,
)
from bptt_sym.prove.lemmas import (
    abs_both,
    abs_le,
    dsg_le,
    dsg_pos,
    dtanh_pos,
    power_0,
    power_step,
    product_bound,
    sg_bounds,
    step,
    tanh_bounds,
)
from bptt_sym.prove.limits import geometric_vanishes, inv_mul, inv_pos, vanishes
from bptt_sym.prove.matrices import diagonal_bound, equal_norms, norm_bound_product, own_norm
from bptt_sym.prove.stability import RATES, SOME, beta, phi, r, weights
from bptt_sym.prove.tactics import (
    assume,
    close,
    conj,
    conj_hyps,
    exist,
    have,
    induction,
    known,
    obtain,
    parts,
    prove,
    settle,
    use,
)
from bptt_sym.prove.theorem import Outline, Theorem

n, i, t = integers("n i t")
QUARTER = Fraction(1, 4)
U = {g: matrix(f"U_{g}") for g in "fiog"}
START = matrix("C0"), matrix("H0")


def a(gate: str, at_: TermLike) -> Term:
    """The pre-activation of unit i: arbitrary, so every input and every width is covered."""
    return sequence(f"a_{gate}", at_, i)


def c(at_: TermLike) -> Term:
    return sequence("c", at_, i)


n1 = n + 1
f, ig, o = (sigmoid(a(g, n1)) for g in "fio")
g_ = tanh(a("g", n1))
DIAGONALS = {
    "f": f, "Uf": c(n) * (f * (1 - f)), "Ui": g_ * (ig * (1 - ig)), "Ug": ig * (1 - g_**2),
    "q": o * (1 - tanh(c(n1)) ** 2), "Uo": tanh(c(n1)) * (o * (1 - o)),
}
D = {k: diagonal(i, v) for k, v in DIAGONALS.items()}
DC, DH = matrix("dC"), matrix("dH")
STEP_C = D["f"] * DC + (D["Uf"] * U["f"] + D["Ui"] * U["i"] + D["Ug"] * U["g"]) * DH
JOINT = recursion("joint", [], n, [
    ("dC", START[0], STEP_C), ("dH", START[1], D["q"] * STEP_C + D["Uo"] * U["o"] * DH)])


def dc(at_: TermLike) -> Term:
    return JOINT(0, at_)


def dh(at_: TermLike) -> Term:
    return JOINT(1, at_)


def sides(x: Term, bound: TermLike, using: list[K.Thm]) -> list[K.Thm]:
    return [prove(bound - s * x >= 0, using) for s in (1, -1)]


def entry(x: Term, bound: TermLike, thm: K.Thm) -> K.Thm:
    """norm diag x <= bound, from |x| <= bound."""
    both = [prove(bound - s * x >= 0, [thm, *abs_both(x)], degree=1) for s in (1, -1)]
    return diagonal_bound(i, x, bound, *both)


def theorem() -> Theorem:
    out = Outline()
    below = phi < 1
    cap = inv(1 - phi)
    gap = known(1 - phi > 0)[0]
    inverse, cap_pos = have(inv_mul(1 - phi), gap), have(inv_pos(1 - phi), gap)
    gates = forall([t, i], sigmoid(a("f", t)) <= phi)
    first = forall(i, absolute(c(0)) <= cap)
    moves = forall(n, (n >= 0).implies(forall(i, c(n1).eq(f * c(n) + ig * g_))))

    # the cell state stays within 1/(1 - phi)
    state = forall(i, absolute(c(n)) <= cap)
    rec = use(use(assume(moves), n, given=known(n >= 0)), i)
    ih = use(assume(state), i)
    here = use(assume(gates), n1, i)
    unit = [prove(1 - s * ig * g_ >= 0, [*sg_bounds(a("i", n1)),
                                         tanh_bounds(a("g", n1))[0 if s == 1 else 1]])
            for s in (1, -1)]
    both = [prove(cap - s * c(n1) >= 0, [
        prove((phi - f) * cap >= 0, [here, cap_pos]), inverse, unit[0 if s == 1 else 1],
        prove(f * cap - s * f * c(n) >= 0, [sg_bounds(a("f", n1))[0], ih, *abs_both(c(n))])],
        rewrite=[(rec, c(n1))]) for s in (1, -1)]
    later = K.gen(("i", "i"), abs_le(c(n1), cap, *both))
    bounded = out.line(induction(n, 0, state, assume(first), later),
                       "|f c + i g| ≤ φ/(1 − φ) + 1 = 1/(1 − φ)", state)
    c_now = use(bounded, i)

    # the norms of the diagonals
    def slope(gate: str) -> K.Thm:
        x = sigmoid(a(gate, n1))
        return abs_le(x * (1 - x), QUARTER, *sides(
            x * (1 - x), QUARTER, [dsg_le(a(gate, n1)), dsg_pos(a(gate, n1))]))

    def small(x: Term, using: list[K.Thm], square: list[Term]) -> K.Thm:
        return abs_le(x, 1, *[prove(1 - s * x >= 0, using, squares=square) for s in (1, -1)])

    tanh_c, tanh_g = tanh(c(n1)), g_
    unit_o = small(o, sg_bounds(a("o", n1)), [])
    unit_i = small(ig, sg_bounds(a("i", n1)), [])
    unit_g = small(g_, tanh_bounds(a("g", n1)), [])
    unit_c = small(tanh_c, tanh_bounds(c(n1)), [])
    sech_c = small(1 - tanh_c**2, [dtanh_pos(c(n1))], [tanh_c])
    sech_g = small(1 - g_**2, [dtanh_pos(a("g", n1))], [tanh_g])
    gate_f = abs_le(f, phi, *[prove(phi - s * f >= 0, [here, sg_bounds(a("f", n1))[0]])
                              for s in (1, -1)])
    norms = {
        "f": entry(f, phi, gate_f),
        "Uf": entry(DIAGONALS["Uf"], cap * QUARTER, product_bound(c(n), f * (1 - f), c_now,
                                                                  slope("f"))),
        "Ui": entry(DIAGONALS["Ui"], QUARTER, product_bound(g_, ig * (1 - ig), unit_g, slope("i"))),
        "Ug": entry(DIAGONALS["Ug"], 1, product_bound(ig, 1 - g_**2, unit_i, sech_g)),
        "q": entry(DIAGONALS["q"], 1, product_bound(o, 1 - tanh_c**2, unit_o, sech_c)),
        "Uo": entry(DIAGONALS["Uo"], QUARTER, product_bound(tanh_c, o * (1 - o), unit_c,
                                                            slope("o"))),
    }
    kappa = cap * QUARTER * norm(U["f"]) + QUARTER * norm(U["i"]) + norm(U["g"])
    omega = QUARTER * norm(U["o"])
    terms = [norm_bound_product(D["f"], dc(n), norms["f"], own_norm(dc(n)))]
    for k, gate in (("Uf", "f"), ("Ui", "i"), ("Ug", "g")):
        block = norm_bound_product(D[k], U[gate], norms[k], own_norm(U[gate]))
        terms.append(norm_bound_product(D[k] * U[gate], dh(n), block, own_norm(dh(n))))
    words = [D["f"] * dc(n), *[D[k] * U[g] * dh(n) for k, g in (
        ("Uf", "f"), ("Ui", "i"), ("Ug", "g"))]]
    sums, partial = [], words[0]
    for w in words[1:]:
        sums.append(K.fact("norm_add", partial.kernel, w.kernel))
        partial = partial + w
    d = JOINT.definition
    step_c = step(d, 0, n)
    c_claim = norm(dc(n1)) <= phi * norm(dc(n)) + kappa * norm(dh(n))
    c_thm = out.line(prove(c_claim, [
        *terms, *sums, equal_norms(step_c, dc(n1), partial)], degree=1),
        "|f| ≤ φ, |c| ≤ 1/(1 − φ), σ′ ≤ 1/4, tanh′ ≤ 1, and the norm's laws", c_claim)
    step_h = step(d, 1, n)
    after_h = D["q"] * dc(n1) + D["Uo"] * U["o"] * dh(n)
    via_c = K.mat_eq(dh(n1).kernel - after_h.kernel, (step_h, step_c), (
        (K.ONE, 0, K.ONE), (-D["q"].kernel, 1, K.ONE)))
    block = norm_bound_product(D["Uo"], U["o"], norms["Uo"], own_norm(U["o"]))
    h_claim = norm(dh(n1)) <= norm(dc(n1)) + omega * norm(dh(n))
    h_thm = out.line(prove(h_claim, [
        norm_bound_product(D["q"], dc(n1), norms["q"], own_norm(dc(n1))),
        norm_bound_product(D["Uo"] * U["o"], dh(n), block, own_norm(dh(n))),
        K.fact("norm_add", (D["q"] * dc(n1)).kernel, (D["Uo"] * U["o"] * dh(n)).kernel),
        equal_norms(via_c, dh(n1), after_h)], degree=1),
        "o tanh′ ≤ 1 and |tanh c| σ′ ≤ 1/4", h_claim)

    # a weight and a rate exist: pure inequalities
    rate_thm = out.line(weights(), "β between κ/(1 − ω − κ) and (1 − φ)/φ; then both rates are "
                        "below 1", SOME)

    # the weighted norm contracts
    v = norm(dc(n)) + beta * norm(dh(n))
    v0 = norm(dc(0)) + beta * norm(dh(0))
    at_norms = settle(K.inst(K.inst(rate_thm, ("v", "kappa"), kappa.kernel), ("v", "omega"),
                             omega.kernel))
    positive_k = prove(kappa >= 0, [prove(cap * norm(U["f"]) >= 0, [
        cap_pos, K.fact("norm_ge", U["f"].kernel)]), *[K.fact("norm_ge", U[k].kernel) for k in
                                                       "ig"]], degree=1)
    at_norms = have(at_norms, positive_k, prove(omega >= 0, [K.fact("norm_ge", U["o"].kernel)]))
    phi_pos = prove(phi >= 0, [use(assume(gates), 0, 0), sg_bounds(sequence("a_f", 0, 0))[0]],
                    degree=1)
    at_norms = have(at_norms, phi_pos)
    goal = v <= v0 * r**n
    zero_case = prove(instance(goal.formula, ("i", "n"), 0), rewrite=[power_0(r)])
    chosen = K.subst(RATES.formula, {("v", "kappa"): kappa.kernel, ("v", "omega"): omega.kernel})
    pieces = parts(K.assume(chosen))
    r_pos = pieces[1]
    nonneg = [K.fact("norm_ge", x.kernel) for x in (dc(n), dh(n))]
    next_v = norm(dc(n1)) + beta * norm(dh(n1))
    contract = prove(next_v <= r * v, [
        c_thm, prove(beta * (norm(dc(n1)) + omega * norm(dh(n)) - norm(dh(n1))) >= 0,
                     [h_thm, pieces[0]]),
        prove(beta * (phi * norm(dc(n)) + kappa * norm(dh(n)) - norm(dc(n1))) >= 0,
              [c_thm, pieces[0]]),
        prove((r - (1 + beta) * phi) * norm(dc(n)) >= 0, [pieces[3], nonneg[0]]),
        prove((r * beta - kappa - beta * (kappa + omega)) * norm(dh(n)) >= 0,
              [pieces[4], nonneg[1]])], degree=1)
    later = prove(instance(goal.formula, ("i", "n"), n1.kernel), [
        contract, prove(r * (v0 * r**n - v) >= 0, [assume(goal), r_pos])],
        degree=1, rewrite=[power_step(r, n)])
    decays = induction(n, 0, goal, zero_case, later)
    beta_pos = pieces[0]
    both_norms = [K.fact("norm_ge", x.kernel) for x in (dc(0), dh(0))]
    scale_pos = prove(v0 >= 0, [both_norms[0], prove(beta * norm(dh(0)) >= 0,
                                                     [beta_pos, both_norms[1]])], degree=1)
    size_c = prove(absolute(norm(dc(n))) <= v0 * r**n, [
        decays, prove(beta * norm(dh(n)) >= 0, [beta_pos, nonneg[1]])], degree=1, rewrite=[
        (settle(K.fact("abs_pos", norm(dc(n)).kernel), [nonneg[0]]), absolute(norm(dc(n))))])
    limit_c = geometric_vanishes(n, norm(dc(n)), v0, r, size_c, [
        r_pos, prove(1 - r > 0, [pieces[2]], degree=1), scale_pos])
    rate_claim = exists([beta, r], (beta > 0) & (r >= 0) & (r < 1)
                        & forall(n, (n >= 0).implies(goal)))
    inner = conj(*pieces[:3], close(decays, over=[n], under=[n >= 0]))
    with_r = exists(r, (beta > 0) & (r >= 0) & (r < 1) & forall(n, (n >= 0).implies(goal)))
    inner = exist(rate_claim, beta, exist(with_r, r, inner))
    limit_claim = vanishes(n, norm(dc(n)))
    both_thm = conj(inner, limit_c)

    def with_rate(b_thm: K.Thm) -> K.Thm:
        return obtain(b_thm, r, lambda taken: have(both_thm, taken) if
                      taken.concl in both_thm.hyps else conj_hyps(both_thm, taken))

    final = obtain(at_norms, beta, with_rate)
    small_gain = kappa < (1 - phi) * (1 - omega)
    claim = rate_claim & limit_claim
    out.line(final, "V = ‖dC‖ + β ‖dH‖ shrinks by the factor r < 1 at every step", claim)
    return out.theorem(
        "p11", "A stable LSTM: the derivative of the joint state contracts, for every width",
        "PROPOSITIONS P11; compare Miller & Hardt, Stable recurrent models",
        [below, gates, first, moves, small_gain], claim, final,
        remarks=["dC and dH are the derivatives of the cell state and of the output along any "
                 "direction or in any matrix of initial values; the inputs are in the arbitrary "
                 "pre-activations a. The condition is κ < (1 − φ)(1 − ω) with κ = ‖U_f‖/(4(1 − φ)) "
                 "+ ‖U_i‖/4 + ‖U_g‖ and ω = ‖U_o‖/4. That dC and dH obey the displayed recurrence "
                 "is the chain rule (theorem p9 proves it for one unit, theorem chain-rule what "
                 "it says over many steps) and is supposed here; theorem p11-contraction is about "
                 "the states themselves and supposes nothing."],
    )
