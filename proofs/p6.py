"""P6: the gradient of a loss is the sum of its temporal components, for every T and parameter."""

from bptt_sym.prove import kernel as K
from bptt_sym.prove import sums
from bptt_sym.prove.kernel import Thm, instance
from bptt_sym.prove.language import (
    Term,
    TermLike,
    derivative,
    forall,
    integers,
    real,
    reals,
    recursion,
    sequence,
    shape,
    tanh,
    total,
)
from bptt_sym.prove.lemmas import base, congruent, step
from bptt_sym.prove.tactics import (
    assume,
    at,
    close,
    conj,
    equal,
    have,
    induction,
    instantiate,
    known,
    prove,
    settle,
)
from bptt_sym.prove.theorem import Outline, Theorem

w, v, b, h0, z, theta = reals("w v b h0 z theta")
n, k, t = integers("n k t")
PARAMETERS = {"w": w, "v": v, "b": b}


def activation(before: TermLike, time: Term, values: dict[str, Term] = PARAMETERS) -> Term:
    """h_t as a function of h_{t-1} and the parameters."""
    return tanh(values["w"] * before + values["v"] * sequence("x", time) + values["b"])


CELL = recursion("cell", [w, v, b, h0], n, [("h", h0, activation(real("h"), n + 1))])
# the same recurrence started at time k in the state z
RUN = recursion("run", [w, v, b, z, k], n, [("s", z, activation(real("s"), k + n + 1))])


def h(at_: TermLike) -> Term:
    return CELL(0, at_)


def flow(steps: TermLike, start: TermLike) -> Term:
    """dh_{start + steps}/dh_start: the derivative of the run from there, at the state there."""
    run = RUN(0, steps, w, v, b, z, start)
    return derivative(z, run, h(start))


def immediate(name: str, time: Term) -> Term:
    """The derivative of h_t in the parameter with h_{t-1} held fixed."""
    values = PARAMETERS | {name: theta}
    return derivative(theta, activation(h(time - 1), time, values), PARAMETERS[name])


def loss(time: Term) -> Term:
    return (h(time) - sequence("y", time)) ** 2 / 2


def loss_slope(time: Term) -> Term:
    """dE_t/dh_t."""
    return derivative(z, (z - sequence("y", time)) ** 2 / 2, h(time))


def theorem() -> Theorem:
    out = Outline()
    late = known(n >= 0, k >= 0)
    # the run from step k in the state h_k is the rest of the trajectory
    here = RUN(0, n, w, v, b, h(k), k)
    same = here.eq(h(k + n))
    point = {z: h(k)}
    rule = instantiate(step(RUN.definition, 0, n), point)
    after = have(instantiate(step(CELL.definition, 0, n), {n: k + n}),
                 prove(k + n >= 0, late, degree=1))
    arg = w * here + v * sequence("x", k + n + 1) + b
    moved = congruent(prove(arg.eq(w * h(k + n) + v * sequence("x", k + n + 1) + b),
                            [assume(same)], multipliers=[w]), arg,
                      w * h(k + n) + v * sequence("x", k + n + 1) + b, tanh(theta), theta)
    first = instantiate(base(RUN.definition), point)
    same_thm = out.line(induction(n, 0, same, first, prove(
        RUN(0, n + 1, w, v, b, h(k), k).eq(h(k + n + 1)), [rule, moved, after])),
        "started in h_k at time k the recurrence goes on as it does", same)

    # its derivative in the start
    def run(at_: TermLike) -> Term:
        return RUN(0, at_)

    begin = K.d_cong("z", base(RUN.definition), run(0).kernel, z.kernel, h(k).kernel)
    flow_0 = equal(flow(0, k).eq(1), begin, K.d_rule("z", z.kernel, h(k).kernel))
    value = activation(run(n), k + n + 1)
    chain = K.d_cong("z", step(RUN.definition, 0, n), run(n + 1).kernel, value.kernel, h(k).kernel)
    inner = K.d_rule("z", value.kernel, h(k).kernel)
    next_state = have(instantiate(same_thm, {n: n + 1}), prove(n + 1 >= 0, late[:1], degree=1))
    there = RUN(0, n + 1, w, v, b, h(k), k)
    flow_claim = flow(n + 1, k).eq((1 - h(k + n + 1) ** 2) * w * flow(n, k))
    flow_step = out.line(equal(
        flow_claim, (chain, flow(n + 1, k)), (inner, derivative(z, value, h(k))),
        (rule, activation(here, k + n + 1)), (next_state, there)),
        "the chain rule along the run", flow_claim)

    results = [parameter(out, name, flow_0, flow_step) for name in PARAMETERS]
    claims, thms = zip(*(pair for r in results for pair in r), strict=True)
    claim = claims[0]
    for c in claims[1:]:
        claim = claim & c
    return out.theorem(
        "p6", "The gradient of a loss is the sum of its temporal components",
        "Pascanu, Mikolov, Bengio 2013, sec. 2.1; PROPOSITIONS P6", [], claim, conj(*thms),
        remarks=["s_n(k, z) is the state n steps after time k if it was z then, so its derivative "
                 "in z at h_k is ∂h_T/∂h_k for n = T − k. The derivative in θ holds h_{k−1} fixed: "
                 "it is the immediate one. E_t = (h_t − y_t)²/2."],
    )


def parameter(out: Outline, name: str, flow_0: Thm, flow_step: Thm):  # type: ignore[no-untyped-def]
    """The temporal components of the derivative in that parameter."""
    x, late = PARAMETERS[name], known(n >= 0)
    g = derivative(x, h(n))
    value = activation(h(n), n + 1)
    rule = step(CELL.definition, 0, n)
    chain = K.d_cong(x.args[1], rule, h(n + 1).kernel, value.kernel, x.kernel)
    outer = K.d_rule(x.args[1], value.kernel, x.kernel)
    direct = immediate(name, n + 1)
    values = PARAMETERS | {name: theta}
    held = K.d_rule("theta", activation(h(n), n + 1, values).kernel, x.kernel)
    forward_claim = derivative(x, h(n + 1)).eq((1 - h(n + 1) ** 2) * w * g + direct)
    forward = out.line(prove(forward_claim, [held], multipliers=[1], rewrite=[
        (chain, derivative(x, h(n + 1))), (outer, derivative(x, value)), (rule, h(n + 1))]),
        f"the chain rule for ∂h/∂{name}", forward_claim)

    def part(time: Term, end: Term) -> Term:
        return flow(end - time, time) * immediate(name, time)

    def summed(end: Term) -> Term:
        return total(k, 1, end, part(k, end))

    goal = g.eq(summed(n))
    zero = K.d_cong(x.args[1], base(CELL.definition), h(0).kernel, h0.kernel, x.kernel)
    empty = settle(K.sum_empty("k", K.ONE, K.ZERO, part(k, shape(0)).kernel))
    first = equal(instance(goal.formula, n.args, 0), (zero, derivative(x, h(0))),
                  K.d_rule(x.args[1], h0.kernel, x.kernel), empty)
    peel = settle(K.sum_peel("k", K.ONE, n.kernel, part(k, n + 1).kernel), late)
    last = at(flow_0, {k: n + 1})
    factor = (1 - h(n + 1) ** 2) * w
    inside = known(k >= 1, n >= k)
    longer = at(flow_step, {n: n - k}, inside)
    item = prove((part(k, n + 1) - factor * part(k, n)).eq(0), [longer],
                 multipliers=[immediate(name, k)])
    body = (part(k, n + 1).kernel, part(k, n).kernel)
    equal_sums = sums.monotone("k", K.ONE, n.kernel, item)
    split = sums.linear("k", K.ONE, n.kernel, (-factor).kernel, body[1], body[0])
    later = prove(instance(goal.formula, n.args, (n + 1).kernel), [
        forward, assume(goal), peel, last, equal_sums, split],
        multipliers=[1, factor, direct])
    series = out.line(induction(n, 0, goal, first, later),
                      "one more step multiplies every component by (1 − h²) w and adds one", goal)
    # the loss
    e_rule = K.d_rule(x.args[1], loss(n).kernel, x.kernel)
    s_rule = K.d_rule("z", ((z - sequence("y", n)) ** 2 / 2).kernel, h(n).kernel)
    scaled = total(k, 1, n, loss_slope(n) * part(k, n))
    pull = sums.linear("k", K.ONE, n.kernel, loss_slope(n).kernel, part(k, n).kernel, K.ZERO)
    none = sums.monotone("k", K.ONE, n.kernel, prove(("eq", K.ZERO)))
    loss_claim = derivative(x, loss(n)).eq(scaled)
    of_loss = out.line(prove(loss_claim, [e_rule, s_rule, series, pull, none],
                             multipliers=[1, loss_slope(n), summed(n), g]),
                       "E depends on the parameter through h_T", loss_claim)
    # all losses together
    whole = total(t, 1, n, loss(t))
    components = total(k, 1, t, loss_slope(t) * part(k, t))
    parts_claim = derivative(x, whole).eq(total(t, 1, n, components))
    each = at(of_loss, {n: t}, known(t >= 1))
    t_rule = K.d_rule(x.args[1], loss(t).kernel, x.kernel)
    every = sums.monotone("t", K.ONE, n.kernel, prove(
        (shape(K.diff(loss(t).kernel, x.args[1])) - components).eq(0), [each, t_rule]))
    apart = sums.linear("t", K.ONE, n.kernel, K.Poly.of(-1), components.kernel,
                        K.diff(loss(t).kernel, x.args[1]))
    both = out.line(prove(parts_claim, [
        K.d_rule(x.args[1], whole.kernel, x.kernel), every, apart]),
        "the derivative of a sum", parts_claim)
    index = n >= 0
    return [(forall(n, index.implies(c)), close(proof, over=[n], under=[index]))
            for c, proof in ((loss_claim, of_loss), (parts_claim, both))]
