"""The chain rule over many steps: the derivative of h_n in h_0 is the product of the Jacobians."""

from bptt_sym.prove import kernel as K
from bptt_sym.prove import sums
from bptt_sym.prove.increments import square_of_bound, tanh_lipschitz, tanh_taylor
from bptt_sym.prove.kernel import ONE, Mat, Thm, instance
from bptt_sym.prove.language import (
    Claim,
    Term,
    TermLike,
    absolute,
    forall,
    identity,
    integers,
    matrix,
    norm,
    real,
    reals,
    recursion,
    sequence,
    tanh,
    total,
)
from bptt_sym.prove.lemmas import (
    abs_both,
    abs_le,
    abs_square,
    base,
    congruent,
    dtanh_pos,
    product_bound,
    step,
)
from bptt_sym.prove.matrices import equal_norms, norm_bound_product, norm_nonneg, own_norm
from bptt_sym.prove.tactics import (
    assume,
    close,
    conj,
    have,
    induction,
    instantiate,
    known,
    prove,
    use,
)
from bptt_sym.prove.theorem import Outline, Theorem

n, i, j, t, M = integers("n i j t M")
rate, curve, m, s = reals("L c m s")
late = n >= 0
# how far two trajectories are apart, and the constant of the remainder
BOUND = recursion("remainder", [rate, curve], n, [
    ("D", 1, rate * real("D")), ("C", 0, rate * real("C") + curve * real("D") ** 2)])
JACOBIAN = recursion("jacobians", [], n, [("J", identity(), matrix("A", n + 1) * matrix("J"))])


def theorem() -> Theorem:
    out = Outline()
    general, general_claim = in_an_algebra(out)
    special, special_claim = tanh_network(out)
    return out.theorem(
        "chain-rule", "The derivative over n steps is the product of the one-step Jacobians",
        "Here; what P5, P7, P11 and P14 of PROPOSITIONS are about", [],
        general_claim & special_claim, conj(general, special),
        remarks=["H and K are two runs of one recurrence, A_t is the Jacobian of step t at H: the "
                 "remainder of one step is at most c times the square of the difference. Then the "
                 "difference after n steps is J_n times the first one, up to a multiple of its "
                 "square, and that is what the derivative of h_n in h_0 is. The second part has "
                 "no hypothesis on Jacobians: in a network of M units h and k are two runs of "
                 "h_t = tanh(W h_{t−1} + u_t), the second started in h_0 + s v_0, and the one-step "
                 "Jacobian is diag(1 − h²) W. The constants do not depend on s."],
    )


# ---------------------------------------------------------------- any normed algebra
def in_an_algebra(out: Outline) -> tuple[Thm, Claim]:
    """If every step is differentiable with Jacobian A_t, n steps are, with their product."""
    def gap(at: TermLike) -> Term:
        return matrix("K", at) - matrix("H", at)

    A, J = matrix("A", n + 1), JACOBIAN
    sizes = forall(t, norm(matrix("A", t)) <= rate)
    lipschitz = forall(n, late.implies(norm(gap(n + 1)) <= rate * norm(gap(n))))
    smooth = forall(n, late.implies(norm(gap(n + 1) - A * gap(n)) <= curve * norm(gap(n)) ** 2))
    positive = curve >= 0
    now = known(late)
    rate_pos = prove(rate >= 0, [use(assume(sizes), 0), norm_nonneg(matrix("A", 0))], degree=1)
    size, first = norm(gap(n)), norm(gap(0))

    def D(at: TermLike) -> Term:
        return BOUND(0, at)

    def C(at: TermLike) -> Term:
        return BOUND(1, at)

    d = BOUND.definition
    near = size <= D(n) * first
    start = prove(instance(near.formula, n.args, 0), [base(d, 0)], multipliers=[1, first])
    later = prove(instance(near.formula, n.args, (n + 1).kernel), [
        use(assume(lipschitz), n, given=now), prove(rate * (D(n) * first - size) >= 0,
                                                    [rate_pos, assume(near)])],
        degree=1, rewrite=[step(d, 0, n)])
    close_by = out.line(induction(n, 0, near, start, later), "each step multiplies the difference "
                        "by at most L", near)
    rest = gap(n) - J(0, n) * gap(0)
    after = gap(n + 1) - J(0, n + 1) * gap(0)
    split_claim = after.eq((gap(n + 1) - A * gap(n)) + A * rest)
    split = out.line(K.mat_eq(split_claim.formula[1], (step(JACOBIAN.definition, 0, n),), (
        (-ONE, 0, gap(0).kernel),)), "J_{n+1} = A_{n+1} J_n", split_claim)
    one, two = gap(n + 1) - A * gap(n), A * rest
    goal = norm(rest) <= C(n) * first**2
    nothing = K.mat_eq((gap(0) - J(0, 0) * gap(0)).kernel, (base(JACOBIAN.definition),), (
        (-ONE, 0, gap(0).kernel),))
    zero = K.fact("norm_scale", K.ZERO, Mat.of(1))
    no_size = K.fact("abs_pos", K.ZERO)
    no_size = have(no_size, prove(("ge", K.ZERO)))
    start = prove(instance(goal.formula, n.args, 0), [
        equal_norms(nothing, gap(0) - J(0, 0) * gap(0), Mat.of(0)), zero, no_size, base(d, 1)],
        multipliers=[1, first**2, norm(Mat.of(1))])
    square = prove(size**2 <= D(n) ** 2 * first**2, [prove(
        (D(n) * first - size) * (D(n) * first + size) >= 0, [close_by, prove(
            D(n) * first + size >= 0, [close_by, norm_nonneg(gap(n))], degree=1)])], degree=1)
    bound = norm_bound_product(A, rest, use(assume(sizes), n + 1), own_norm(rest))
    later = prove(instance(goal.formula, n.args, (n + 1).kernel), [
        equal_norms(split, after, one + two), K.fact("norm_add", one.kernel, two.kernel),
        use(assume(smooth), n, given=now), bound,
        prove(curve * (D(n) ** 2 * first**2 - size**2) >= 0, [assume(positive), square]),
        prove(rate * (C(n) * first**2 - norm(rest)) >= 0, [rate_pos, assume(goal)])],
        degree=1, rewrite=[step(d, 1, n)])
    result = out.line(induction(n, 0, goal, start, later),
                      "the remainders of the steps add up", goal)
    hyps = [positive, sizes, lipschitz, smooth]
    claim = forall(n, late.implies(goal))
    for h in reversed(hyps):
        claim = h.implies(claim)
    thm = close(close(result, over=[n], under=[late]), under=hyps)
    return close(thm, over=[curve, rate]), forall([curve, rate], claim)


# ---------------------------------------------------------------- a network of M units
def tanh_network(out: Outline) -> tuple[Thm, Claim]:
    """The same for tanh, entry by entry, without supposing that a step is differentiable."""
    def at(name: str, time: TermLike, unit: Term = i) -> Term:
        return sequence(name, time, unit)

    def row(name: str, time: TermLike) -> Term:
        return total(j, 1, M, sequence("W", i, j) * at(name, time, j))

    size_m, weights = M >= 0, forall([i, j], absolute(sequence("W", i, j)) <= m)
    drive = at("u", n + 1)
    runs = [forall(n, late.implies(forall(i, at(x, n + 1).eq(tanh(row(x, n) + drive)))))
            for x in "hk"]
    slope = 1 - at("h", n + 1) ** 2
    along = forall(n, late.implies(forall(i, at("v", n + 1).eq(slope * row("v", n)))))
    begins = forall(i, at("k", 0).eq(at("h", 0) + s * at("v", 0)))
    unit = forall(i, absolute(at("v", 0)) <= 1)
    now = known(late)
    of_h, of_k, of_v = (use(use(assume(c), n, given=now), i) for c in (*runs, along))
    L = M * m

    def D(at_: TermLike) -> Term:
        return BOUND(0, at_, L, 2 * L**2)

    def C(at_: TermLike) -> Term:
        return BOUND(1, at_, L, 2 * L**2)

    values = {rate: L, curve: 2 * L**2}
    d = BOUND.definition

    def summed(body: Term, bound: Term, each: Thm) -> Thm:
        """|sum_j W_ij body_j| <= L bound."""
        item = product_bound(sequence("W", i, j), body, use(assume(weights), i, j), each)
        return sums.absolute_bound(j, M, sequence("W", i, j) * body, m * bound, item,
                                   known(size_m)[0])

    def difference(time: TermLike, unit_: Term) -> Term:
        return at("k", time, unit_) - at("h", time, unit_)

    # the difference
    near = forall(i, absolute(difference(n, i)) <= D(n) * absolute(s))
    a_h, a_k = row("h", n) + drive, row("k", n) + drive
    apart = sums.linear("j", ONE, M.kernel, K.Poly.of(-1), (
        sequence("W", i, j) * at("h", n, j)).kernel, (sequence("W", i, j) * at("k", n, j)).kernel)
    inner = total(j, 1, M, sequence("W", i, j) * difference(n, j))
    grown = summed(difference(n, j), D(n) * absolute(s), use(assume(near), j))
    moved = congruent(prove((a_k - a_h).eq(inner), [apart]), a_k - a_h, inner,
                      absolute(real("x")), real("x"))
    far = prove(absolute(a_k - a_h) <= L * (D(n) * absolute(s)), [grown, moved], degree=1)
    gap = difference(n + 1, i)
    changed = congruent(prove(gap.eq(tanh(a_k) - tanh(a_h)), [of_h, of_k]), gap,
                        tanh(a_k) - tanh(a_h), absolute(real("x")), real("x"))
    later = prove(absolute(gap) <= D(n + 1) * absolute(s), [
        changed, tanh_lipschitz(a_h, a_k), far], degree=1,
        rewrite=[instantiate(step(d, 0, n), values)])
    first = use(assume(begins), i)
    same = congruent(prove(difference(0, i).eq(s * at("v", 0)), [first]), difference(0, i),
                     s * at("v", 0), absolute(real("x")), real("x"))
    own = prove(absolute(s) <= absolute(s))
    small = product_bound(s, at("v", 0), own, use(assume(unit), i))
    start = prove(absolute(difference(0, i)) <= D(0) * absolute(s), [same, small], degree=1,
                  rewrite=[instantiate(base(d, 0), values)])
    close_by = out.line(induction(n, 0, near, K.gen(i.args, start), K.gen(i.args, later)),
                        "|tanh b − tanh a| ≤ |b − a|, and a sum of M terms", near)

    # the remainder
    def rest(time: TermLike, unit_: Term) -> Term:
        return difference(time, unit_) - s * at("v", time, unit_)

    goal = forall(i, absolute(rest(n, i)) <= C(n) * s**2)
    far = have(far, close_by)
    taylor = tanh_taylor(a_h, a_k)
    square = square_of_bound(a_k - a_h, L * (D(n) * absolute(s)), far)
    curved = prove(absolute(tanh(a_k) - tanh(a_h) - (1 - tanh(a_h) ** 2) * (a_k - a_h))
                   <= 2 * L**2 * D(n) ** 2 * s**2, [taylor, square, abs_square(s)],
                   multipliers=[1, L**2 * D(n) ** 2])
    linear = total(j, 1, M, sequence("W", i, j) * rest(n, j))
    apart_v = sums.linear("j", ONE, M.kernel, (-s).kernel, (
        sequence("W", i, j) * at("v", n, j)).kernel, (
        sequence("W", i, j) * difference(n, j)).kernel)
    step_rest = rest(n + 1, i)
    exact = step_rest.eq((tanh(a_k) - tanh(a_h) - (1 - tanh(a_h) ** 2) * (a_k - a_h))
                         + (1 - tanh(a_h) ** 2) * linear)
    of_square = congruent(of_h, at("h", n + 1), tanh(a_h), real("x") ** 2, real("x"))
    split = prove(exact, [of_h, of_k, of_v, of_square, apart, apart_v],
                  multipliers=[1, s, s * row("v", n), 1 - tanh(a_h) ** 2])
    carried = summed(rest(n, j), C(n) * s**2, use(assume(goal), j))
    kept = product_bound(1 - tanh(a_h) ** 2, linear, abs_le(1 - tanh(a_h) ** 2, 1, *[
        prove(1 - k * (1 - tanh(a_h) ** 2) >= 0, [dtanh_pos(a_h)], squares=[tanh(a_h)])
        for k in (1, -1)]), carried)
    bound = C(n + 1) * s**2
    sides = [prove(bound - k * step_rest >= 0, [
        split, curved, kept, *abs_both(tanh(a_k) - tanh(a_h) - (1 - tanh(a_h) ** 2) * (a_k - a_h)),
        *abs_both((1 - tanh(a_h) ** 2) * linear)], degree=1,
        rewrite=[instantiate(step(d, 1, n), values)]) for k in (1, -1)]
    later = K.gen(i.args, abs_le(step_rest, bound, *sides))
    nothing = congruent(prove(rest(0, i).eq(0), [first]), rest(0, i), 0, absolute(real("x")),
                        real("x"))
    no_size = have(K.fact("abs_pos", K.ZERO), prove(("ge", K.ZERO)))
    start = prove(absolute(rest(0, i)) <= C(0) * s**2, [nothing, no_size], degree=1,
                  rewrite=[instantiate(base(d, 1), values)])
    result = out.line(induction(n, 0, goal, K.gen(i.args, start), later),
                      "|tanh b − tanh a − (1 − tanh² a)(b − a)| ≤ 2 (b − a)²", goal)
    hyps = [size_m, weights, *runs, along, begins, unit]
    claim = forall(n, late.implies(goal))
    for h in reversed(hyps):
        claim = h.implies(claim)
    thm = close(close(result, over=[n], under=[late]), under=hyps)
    return close(thm, over=[M, m, s]), forall([M, m, s], claim)
