"""P8: with the output held fixed the LSTM's derivative is the forget gate; 1 without one."""

from bptt_sym.prove import kernel as K
from bptt_sym.prove.language import derivative, forall, integer, product, real, recursion, sequence
from bptt_sym.prove.lemmas import base, product_empty, product_step, step
from bptt_sym.prove.tactics import assume, close, conj, equal, induction, known, prove, use
from bptt_sym.prove.theorem import Outline, Theorem

c0, n, t, j = real("c0"), integer("n"), integer("t"), integer("j")
# truncation: the gates f_t and what is added, a_t = i_t g_t, do not depend on earlier cell states
CELL = recursion("truncated", [c0], n, [
    ("c", c0, sequence("f", n + 1) * real("c") + sequence("a", n + 1))])


def dc(at):  # type: ignore[no-untyped-def]
    return derivative(c0, CELL(0, at))


def theorem() -> Theorem:
    out = Outline()
    f = sequence("f", n + 1)
    chain = K.d_cong("c0", base(CELL.definition), CELL(0, 0).kernel, c0.kernel, c0.kernel)
    start = equal(dc(0).eq(1), chain, K.d_rule("c0", c0.kernel, c0.kernel))
    after = f * CELL(0, n) + sequence("a", n + 1)
    chain = K.d_cong("c0", step(CELL.definition, 0, n), CELL(0, n + 1).kernel, after.kernel,
                     c0.kernel)
    one_claim = dc(n + 1).eq(f * dc(n))
    one = out.line(
        equal(one_claim, (chain, dc(n + 1)), (K.d_rule("c0", after.kernel, c0.kernel),
              derivative(c0, after))), "the gate and the input are held fixed", one_claim)
    gates = product(t, 1, n, sequence("f", t))
    goal = dc(n).eq(gates)
    first = equal(K.instance(goal.formula, ("i", "n"), 0), start,
                  product_empty(t, 1, sequence("f", t)))
    later = equal(K.instance(goal.formula, ("i", "n"), (n + 1).kernel), one,
                  product_step(t, 1, n, sequence("f", t), known(n >= 0)), assume(goal))
    chain_thm = out.line(induction(n, 0, goal, first, later), "each step multiplies by f", goal)
    no_gate = forall(j, (j >= 1).implies(sequence("f", j).eq(1)))
    is_one = use(assume(no_gate), n + 1, given=[prove(n + 1 >= 1, known(n >= 0))])
    unit = dc(n).eq(1)
    later = equal(dc(n + 1).eq(1), one, (is_one, f), assume(unit))
    carousel = out.line(induction(n, 0, unit, start, later), "without a forget gate f = 1", unit)
    index = n >= 0
    claim = (forall(n, index.implies(one_claim)) & forall(n, index.implies(goal))
             & no_gate.implies(forall(n, index.implies(unit))))
    thm = conj(close(one, over=[n], under=[index]), close(chain_thm, over=[n], under=[index]),
               close(close(carousel, over=[n], under=[index]), under=[no_gate]))
    return out.theorem(
        "p8", "The constant error carousel, and its truncated form with a forget gate",
        "Hochreiter & Schmidhuber 1997, eq. 30 and 35; Gers 2000; PROPOSITIONS P8", [], claim, thm,
        remarks=["f and a are arbitrary sequences: this is the truncated derivative, in which the "
                 "gates do not depend on the past. Theorem p9 has the full one."],
    )
