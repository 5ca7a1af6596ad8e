"""Tactics: find a proof, and let the kernel check it.

A tactic takes terms and claims as written (``language``) or kernel values, and returns a ``Thm``
or raises ``NotProved`` with what was tried. None of them is trusted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any

from bptt_sym.prove import kernel as K
from bptt_sym.prove import search
from bptt_sym.prove.kernel import ONE, ZERO, Formula, KernelError, Poly, Thm, Var, free, term
from bptt_sym.prove.language import Claim, Term, TermLike, claim_of, kernel
from bptt_sym.prove.notation import text

Goal = Claim | Formula
BOTTOM: Formula = ("gt", ZERO)


class NotProved(Exception):
    """No proof was found. Says what was tried; it does not say that the goal is false."""


def formula(goal: Goal) -> Formula:
    """The kernel formula of a claim or formula."""
    return goal.formula if isinstance(goal, Claim) else goal


def show(t: Thm | Formula | Claim) -> str:
    """A theorem or formula as text, for messages."""
    if isinstance(t, Thm):
        hyps = ", ".join(sorted(text(claim_of(h)) for h in t.hyps))
        return f"{hyps} ⊢ {text(claim_of(t.concl))}"
    return text(t if isinstance(t, Claim) else claim_of(t))


def assume(goal: Goal) -> Thm:
    """f |- f."""
    return K.assume(formula(goal))


def known(*goals: Goal) -> list[Thm]:
    """f |- f for each."""
    return [assume(g) for g in goals]


# ---------------------------------------------------------------- rewriting by equations
RANK = ("D", "def", "sum", "norm", "fun", "abs", "inv", "sg", "tanh", "exp", "i", "v")


def lead(equation: Thm) -> tuple[Any, ...]:
    """The atom that an equation defines: one that stands alone in it, of the highest rank."""
    p = equation.concl[1]
    alone = []
    for m in p.terms:
        if len(m) == 1:
            ((a, e),) = m
            if e == 1 and sum(any(b == a for b, _ in n) for n in p.terms) == 1:
                alone.append(a)
    if not alone or equation.concl[0] != "eq":
        raise NotProved(f"no atom to rewrite in {show(equation)}")
    best = min(RANK.index(a[0]) for a in alone)
    return max((a for a in alone if RANK.index(a[0]) == best), key=lambda a: len(text_of(a)))


def text_of(a: tuple[Any, ...]) -> str:
    """An atom as text, for ordering."""
    from bptt_sym.prove.language import shape

    return text(shape(term(a)))


Rule = tuple[Thm, tuple[Any, ...]]


def rewrite_rules(equations: Sequence[Thm | tuple[Thm, TermLike]]) -> list[Rule]:
    """Pairs (equation, atom to replace); give a pair to choose the atom oneself."""
    rules: list[Rule] = []
    for e in equations:
        if isinstance(e, tuple):
            (m,) = kernel(e[1]).terms
            ((a, _),) = m
            rules.append((e[0], a))
        else:
            rules.append((e, lead(e)))
    return rules


def reduce(p: Poly, rules: Sequence[Rule]) -> tuple[Poly, dict[int, Poly]]:
    """(q, m) with p = q + sum m_k e_k, where q no longer has the atoms at its top level."""
    weights: dict[int, Poly] = {}
    for _ in range(200):
        for k, (thm, a) in enumerate(rules):
            e = thm.concl[1]
            c = e.terms[frozenset({(a, 1)})]
            other = term(a) - e * (1 / c)  # a = other
            quotient = ZERO
            for m, q in p.terms.items():
                power = dict(m).get(a, 0)
                if power:
                    rest = Poly.of(q)
                    for b, n in m:
                        rest = rest * (term(b) ** n if b != a else ONE)
                    for i in range(power):
                        quotient = quotient + rest * term(a) ** (power - 1 - i) * other**i
            if quotient != ZERO:
                quotient = quotient * (1 / c)
                weights[k] = weights.get(k, ZERO) + quotient
                p = p - quotient * e
                break
        else:
            return p, weights
    raise NotProved("rewriting does not end")


def rewritten(thm: Thm, *equations: Thm | tuple[Thm, TermLike]) -> Thm:
    """The theorem with the equations used from left to right, at the top level of the term."""
    rel, p = thm.concl
    rules = rewrite_rules(equations)
    q, weights = reduce(p, rules)
    if not weights:
        return thm
    thms = (thm, *(t for t, _ in rules))
    eqs = tuple((k + 1, -m) for k, m in weights.items())
    if rel == "eq":
        return K.psatz("eq", q, thms, (), ((0, ONE), *eqs))
    return K.psatz(rel, q, thms, ((1, ONE, (0,)),), eqs)


# ---------------------------------------------------------------- the main tactic
def prove(
    goal: Goal,
    using: Sequence[Thm] = (),
    *,
    degree: int = 2,
    squares: Sequence[TermLike] = (),
    rewrite: Sequence[Thm | tuple[Thm, TermLike]] = (),
    multipliers: Sequence[TermLike] = (1,),
) -> Thm:
    """The goal (=, >= or >) from the theorems ``using``, by products of at most ``degree`` of them.

    ``rewrite`` equations are first used from left to right in the goal and in the premises.
    """
    rel, p = formula(goal)
    rules = rewrite_rules(rewrite)
    q, weights = reduce(p, rules)
    premises = [rewritten(t, *rewrite) if t.concl[0] in ("ge", "gt") else t for t in using]
    sides = [t.concl for t in premises]
    found = search.certificate(
        rel, q, sides, degree, [kernel(s) for s in squares], [kernel(m) for m in multipliers]
    )
    if found is None:
        raise NotProved(
            f"no combination of degree {degree} gives {show((rel, q))} from "
            + ("; ".join(show(("gt" if r == "gt" else r, s)) for r, s in sides) or "nothing")
        )
    terms, eqs = found
    extra = tuple((len(premises) + k, m) for k, m in weights.items())
    return _lean(rel, p, (*premises, *(t for t, _ in rules)), terms, (*eqs, *extra))


def _lean(rel: str, p: Poly, thms: Sequence[Thm], terms: Sequence[Any], eqs: Sequence[Any]) -> Thm:
    """``psatz`` with the premises that are used: no hypothesis is taken over for nothing."""
    used = sorted({i for _, _, chosen in terms for i in chosen} | {k for k, _ in eqs})
    new = {old: k for k, old in enumerate(used)}
    return K.psatz(
        rel, p, tuple(thms[i] for i in used),
        tuple((c, s, tuple(new[i] for i in chosen)) for c, s, chosen in terms),
        tuple((new[k], m) for k, m in eqs))


def equal(goal: Goal, *equations: Thm | tuple[Thm, TermLike]) -> Thm:
    """The equation by rewriting its left and right sides until they agree."""
    return prove(goal, rewrite=equations)


def contradiction(goal: Goal, using: Sequence[Thm], *, degree: int = 2,
                  squares: Sequence[TermLike] = (), multipliers: Sequence[TermLike] = (1,)) -> Thm:
    """The goal p > 0 or p >= 0, because its negation and the premises give 0 > 0."""
    rel, p = formula(goal)
    opposite = ("ge", -p) if rel == "gt" else ("gt", -p)
    false = prove(BOTTOM, [*using, K.assume(opposite)], degree=degree, squares=squares,
                  multipliers=multipliers)
    left = K.absurd(false, (rel, p))
    if rel == "gt":
        return K.split(-p, left, K.assume((rel, p)))
    return K.split(p, K.assume((rel, p)), left)


# ---------------------------------------------------------------- structure
def have(thm: Thm, *lemmas: Thm) -> Thm:
    """The theorem with each lemma's conclusion removed from its hypotheses, where it is one."""
    for lemma in lemmas:
        if lemma.concl in thm.hyps:
            thm = K.cut(lemma, thm)
    return thm


def settle(thm: Thm, using: Sequence[Thm] = (), keep: Sequence[Goal] = ()) -> Thm:
    """Remove the hypotheses that follow from ``using`` (or from nothing) by linear arithmetic."""
    kept = {formula(g) for g in keep} | {h for t in using for h in t.hyps}
    for h in sorted(thm.hyps - kept, key=show):
        try:
            thm = K.cut(next((t for t in using if t.concl == h), None) or prove(
                h, [t for t in using if t.concl[0] in ("ge", "gt", "eq")], degree=1), thm)
        except (NotProved, ValueError):
            continue
    return thm


def instantiate(thm: Thm, values: Mapping[Term, TermLike] | Mapping[Var, TermLike]) -> Thm:
    """The theorem at those values of its variables, all at once."""
    table = {_var(x): kernel(e) for x, e in values.items()}
    table = {x: e for x, e in table.items() if e != term(x)}
    clash = [x for x in table if any(x in free(e) for y, e in table.items() if y != x)]
    for k, x in enumerate(clash):
        spare = (x[0], f"spare{k}")
        thm = K.inst(thm, x, term(spare))
        table[spare] = table.pop(x)
    for x, e in table.items():
        thm = K.inst(thm, x, e)
    return thm


def _var(x: Any) -> Var:
    return x.args if isinstance(x, Term) else x


def at(thm: Thm, values: Mapping[Any, TermLike], using: Sequence[Thm] = ()) -> Thm:
    """``instantiate`` and then ``settle``."""
    return settle(instantiate(thm, values), using)


def induction(n: Term, lo: TermLike, goal: Goal, base: Thm, step: Thm) -> Thm:
    """n >= lo |- goal, from the goal at lo and the step from n to n + 1."""
    return K.induct(n.args[1], kernel(lo), formula(goal), base, step)


def case_split(p: TermLike, nonnegative: Thm, negative: Thm) -> Thm:
    """The common conclusion of the cases p >= 0 and -p > 0."""
    return K.split(kernel(p), nonnegative, negative)


def conj(*thms: Thm) -> Thm:
    return K.conj(*thms)


def parts(thm: Thm) -> list[Thm]:
    """The parts of a conjunction."""
    return [K.part(thm, k) for k in range(len(thm.concl) - 1)]


def close(thm: Thm, *, over: Sequence[Term] = (), under: Sequence[Goal] = ()) -> Thm:
    """Hypotheses ``under`` become premises of an implication, then "for all" over variables."""
    for h in reversed(under):
        thm = K.discharge(formula(h), thm)
    for x in reversed(over):
        thm = K.gen(_var(x), thm)
    return thm


def use(thm: Thm, *values: TermLike, given: Sequence[Thm] = ()) -> Thm:
    """A universally quantified theorem at those values, its premises discharged by ``given``."""
    for v in values:
        thm = K.spec(thm, kernel(v))
    for g in given:
        thm = K.modus(thm, g)
    return thm


def hypothesis(thm: Thm, goal: Goal) -> Thm:
    """From A |- f and f' |- goal's own form: see ``close``; kept for readability of scripts."""
    return K.cut(thm, assume(goal)) if thm.concl == formula(goal) else thm


def exist(goal: Goal, value: TermLike, thm: Thm) -> Thm:
    """The existential goal by a witness."""
    return K.witness(formula(goal), kernel(value), thm)


def obtain(thm: Thm, x: Term, body: Callable[[Thm], Thm]) -> Thm:
    """Use an existential theorem: ``body`` gets f[x] |- f[x] and returns a theorem without x."""
    _, y, f = thm.concl
    taken = K.assume(K.instance(f, y, x.kernel))
    return K.choose(thm, _var(x), body(taken))


def conj_hyps(thm: Thm, both: Thm) -> Thm:
    """Remove from the hypotheses every part of the conjunction ``both``."""
    for t in parts(both):
        if t.concl in thm.hyps:
            thm = K.cut(t, thm)
    return thm


def by_boxes(goal: Goal, x: Term, lo: Fraction | int, hi: Fraction | int, prec: int = 64) -> Thm:
    """x >= lo, x <= hi |- goal (p > 0 or p >= 0), by enclosure on boxes found adaptively."""
    rel, p = formula(goal)
    cuts = search.boxes(p, x.args[1], Fraction(lo), Fraction(hi), prec)
    if cuts is None:
        raise NotProved(f"no boxes show {show((rel, p))}")
    thm = K.enclose(p, x.args[1], cuts, prec)
    return thm if rel == "gt" else weaken(thm)


def weaken(thm: Thm) -> Thm:
    """p >= 0 from p > 0."""
    return K.psatz("ge", thm.concl[1], (thm,), ((1, ONE, (0,)),), ())


def numeric(goal: Goal, prec: int = 64) -> Thm:
    """A closed inequality, by ball arithmetic. Raises ``NotProved`` if the ball is not positive."""
    rel, p = formula(goal)
    try:
        thm = K.evaluate(p, prec)
    except KernelError as e:
        raise NotProved(str(e)) from None
    return thm if rel == "gt" else weaken(thm)
