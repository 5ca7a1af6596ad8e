"""Part of P5: a spectral radius of 0 does not prevent explosion: W² = 0, and the Jacobian grows."""

from fractions import Fraction

from bptt_sym.prove import kernel as K
from bptt_sym.prove.enclosures import power_bounds
from bptt_sym.prove.kernel import instance
from bptt_sym.prove.language import (
    derivative,
    exists,
    forall,
    integer,
    integers,
    real,
    reals,
    recursion,
    shape,
    tanh,
)
from bptt_sym.prove.lemmas import base, congruent, power_0, power_step, step, tanh_0
from bptt_sym.prove.tactics import (
    assume,
    close,
    conj,
    conj_hyps,
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

x0, y0, v, z, C = reals("x0 y0 v z C")
n, N = integer("n"), integers("n N")[1]
W, SHIFT, REST = Fraction(3, 2), Fraction(297, 200), Fraction(99, 100)
RATE = W * REST**2  # 1.47015
X, Y = real("x"), real("y")
# h_{n+1} = tanh(W h_n + u) with W = ((3/2, 3/2), (-3/2, -3/2)) and u = (-1.485, v)
FIRST, SECOND = W * (X + Y) - SHIFT, v - W * (X + Y)
CELL = recursion("plane", [v, x0, y0], n, [("x", x0, tanh(FIRST)), ("y", y0, tanh(SECOND))])
POINT = {x0: Fraction(0), y0: REST}


def state(j, at):  # type: ignore[no-untyped-def]
    return CELL(j, at, v, Fraction(0), REST)


def slope(j, at):  # type: ignore[no-untyped-def]
    """The derivative of component j at time n in the first component of the initial state."""
    return derivative(x0, CELL(j, at, v, x0, REST), 0)


def theorem() -> Theorem:
    out = Outline()
    d = CELL.definition
    fits = tanh(v - SHIFT).eq(REST)
    rest = state(0, n).eq(0) & state(1, n).eq(REST)
    starts = conj(*[instantiate(base(d, j), POINT) for j in (0, 1)])
    now = parts(assume(rest))
    arguments = [W * (state(0, n) + state(1, n)) - SHIFT, v - W * (state(0, n) + state(1, n))]
    targets = [shape(0), v - SHIFT]
    moved = [congruent(prove(a.eq(t), now, multipliers=[1, W]), a, t, tanh(z), z)
             for a, t in zip(arguments, targets, strict=True)]
    steps = [instantiate(step(d, j, n), POINT) for j in (0, 1)]
    later = conj(equal(state(0, n + 1).eq(0), steps[0], moved[0], tanh_0()),
                 equal(state(1, n + 1).eq(REST), (steps[1], state(1, n + 1)),
                       (moved[1], tanh(arguments[1])), assume(fits)))
    still = out.line(induction(n, 0, rest, starts, later),
                     "(0, 0.99) is a fixed point: the pre-activations are 0 and artanh 0.99", rest)
    after = [have(instantiate(t, {n: n + 1}), prove(n + 1 >= 0, known(n >= 0)))
             for t in parts(still)]

    def general(j, at):  # type: ignore[no-untyped-def]
        return CELL(j, at, v, x0, y0)

    rules = []
    for j in (0, 1):
        s = W * (general(0, n) + general(1, n))
        value = tanh(s - SHIFT) if j == 0 else tanh(v - s)
        chain = K.d_cong("x0", step(d, j, n), general(j, n + 1).kernel, value.kernel, x0.kernel)
        total = W * (derivative(x0, general(0, n)) + derivative(x0, general(1, n)))
        goal = derivative(x0, general(j, n + 1)).eq(
            (1 - general(j, n + 1) ** 2) * (total if j == 0 else -total))
        general_rule = equal(
            goal, (chain, derivative(x0, general(j, n + 1))),
            (K.d_rule("x0", value.kernel, x0.kernel), derivative(x0, value)),
            (step(d, j, n), general(j, n + 1)))
        rules.append(instantiate(general_rule, POINT))
    total = slope(0, n) + slope(1, n)
    grows = [equal(slope(j, n + 1).eq(c * total), (rules[j], slope(j, n + 1)),
                   (after[j], state(j, n + 1)))
             for j, c in ((0, W), (1, -W * (1 - REST**2)))]
    for j, c in ((0, W), (1, -W * (1 - REST**2))):
        out.line(grows[j], "the chain rule at the fixed point", slope(j, n + 1).eq(c * total))
    first = []
    for j, value in ((0, x0), (1, y0)):
        chain = K.d_cong("x0", base(d, j), general(j, 0).kernel, value.kernel, x0.kernel)
        first.append(instantiate(equal(
            derivative(x0, general(j, 0)).eq(1 - j), (chain, derivative(x0, general(j, 0))),
            K.d_rule("x0", value.kernel, x0.kernel)), POINT))
    power = shape(RATE) ** n
    exact = total.eq(power)
    sums = out.line(induction(
        n, 0, exact, prove(instance(exact.formula, ("i", "n"), 0), first, rewrite=[power_0(RATE)]),
        prove(instance(exact.formula, ("i", "n"), (n + 1).kernel), [*grows, assume(exact)],
              multipliers=[1, RATE], rewrite=[power_step(RATE, n)])),
        "the sum is multiplied by 1.5 (1 − 0.0199) = 1.47015", exact)
    claim_exact = slope(0, n + 1).eq(W * power)
    entry = out.line(prove(claim_exact, [grows[0], sums], multipliers=[1, W]),
                     "∂x_{n+1}/∂x₀ is 3/2 times that sum", claim_exact)

    # it exceeds every constant
    goal = power >= 1 + (RATE - 1) * n
    linear = out.line(induction(
        n, 0, goal, prove(instance(goal.formula, ("i", "n"), 0), rewrite=[power_0(RATE)]),
        prove(instance(goal.formula, ("i", "n"), (n + 1).kernel), known(goal, n >= 0),
              rewrite=[power_step(RATE, n)])), "Bernoulli's inequality", goal)
    many = exists(n, (n >= 0) & (slope(0, n + 1) >= C))

    def body(large):  # type: ignore[no-untyped-def]
        big, count = known(N >= 0)[0], N
        at_n = have(instantiate(linear, {n: count}), big)
        value = have(instantiate(entry, {n: count}), big)
        reach = prove(slope(0, count + 1) >= C, [at_n, value, large], degree=1)
        return exist(many, count, conj(big, reach))

    def negative(large):  # type: ignore[no-untyped-def]
        """If the integer found is negative, 0 does as well."""
        below = known(-N > 0)[0]
        value = have(instantiate(entry, {n: shape(0)}), prove(shape(0) >= 0))
        reach = prove(slope(0, 1) >= C, [large, below], degree=1,
                      rewrite=[(value, slope(0, 1)), power_0(RATE)])
        return exist(many, 0, conj(prove(shape(0) >= 0), reach))

    found = K.fact("archimedes", (C / (W * (RATE - 1))).kernel)
    unbounded = out.line(obtain(found, N, lambda large: K.split(N.kernel, body(large),
                                                               negative(large))),
                         "so it exceeds every constant", many)

    at_99 = have(instantiate(entry, {n: shape(99)}), prove(shape(99) >= 0))
    powers = power_bounds(shape(RATE), 99, [], (RATE, RATE), 10)
    figure_claim = (slope(0, 100) > 555 * 10**14) & (slope(0, 100) < 556 * 10**14)
    figure = out.line(conj(*[prove(c, [at_99, *powers], degree=1) for c in figure_claim.args]),
                      "1.5 times the 99th power of 1.47015", figure_claim)

    index = n >= 0
    inner = (fits & forall(n, index.implies(rest)) & forall(n, index.implies(claim_exact))
             & forall(C, many) & figure_claim.args[0] & figure_claim.args[1])
    claim = exists(v, inner)
    thm = conj(assume(fits), close(still, over=[n], under=[index]),
               close(entry, over=[n], under=[index]), close(unbounded, over=[C]),
               *parts(figure))
    low = prove(("ge", (REST - tanh(0)).kernel), [tanh_0()])
    high = numeric(("ge", (tanh(3) - REST).kernel))
    root = settle(K.ivt("v", (tanh(v - SHIFT) - REST).kernel, K.Poly.of(SHIFT),
                        K.Poly.of(SHIFT + 3), low, high))
    done = obtain(root, v, lambda both: exist(claim, v, conj_hyps(thm, both)))
    return out.theorem(
        "refute-rho", "A spectral radius of 0 does not prevent explosion",
        "PROPOSITIONS P5", [], claim, done,
        remarks=["W = ((3/2, 3/2), (−3/2, −3/2)) has W² = 0. With the constant input "
                 "(−1.485, v), v = artanh 0.99 + 1.485 = 4.1316…, the state (0, 0.99) rests. The "
                 "derivative in the other component is the same, so the norm of the Jacobian after "
                 "100 steps is √2 times the figure shown, up to the second row: 7.9·10^{16}."],
    )
