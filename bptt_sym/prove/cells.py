r"""Bounds and limits of a recurrence's derivatives, as theorems of the kernel about it.

    bound(cell("elman"), r"\left|\frac{d h_T}{d h_k}\right| \le |w|^{T-k}")

A claim over several steps is proved by induction on their number: one step multiplies the size by
at most B and adds at most C, which are found factor by factor (``runs``). A claim within one step
is written out by the chain rule and handed to ``bounds.decide``. What is refuted is refuted at a
rational point, for a run of few steps, by the kernel's arithmetic.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from bptt_sym.errors import BpttError
from bptt_sym.jacobian import Calculus
from bptt_sym.notation import Abs, At, Claim, D, Node, Norm, Num, affine, rebuild, walk
from bptt_sym.prove import kernel as K
from bptt_sym.prove import language as L
from bptt_sym.prove import lemmas, limits
from bptt_sym.prove.bounds import Decision, decide, refute
from bptt_sym.prove.kernel import KernelError, Poly, Thm, term
from bptt_sym.prove.language import POWER, Term
from bptt_sym.prove.matrices import norm_nonneg
from bptt_sym.prove.runs import Run, run_of
from bptt_sym.prove.statements import Names, NotStated
from bptt_sym.prove.tactics import NotProved, assume, have, prove, show
from bptt_sym.recurrence import Recurrence

N = L.integer("n")
#: (steps, rational points) of the runs that are tried when a bound is to be refuted.
RUNS = ((1, 240), (2, 60), (3, 30))
_FAILED = (NotProved, NotStated, KernelError, BpttError)
_TURNED = {">": "<", ">=": "<="}


def bound(rec: Recurrence, claim: str | Claim, given: Sequence[str | Claim] = ()) -> Decision:
    r"""A theorem, a certified counterexample, or "undecided" with what was tried.

    ``claim`` is a relation ≤, <, ≥, > between scalars, or a limit → 0, as text (LaTeX) or read;
    hypotheses such as ``|w| \le 1`` stand in the claim itself or in ``given``. The theorem is about
    the kernel's own recursion: ``n`` counts steps, ``h_0`` is the state where the run starts.

    Raises
    ------
    ReadError, UnboundName
        The text is not a claim about ``rec``.
    """
    from bptt_sym.read import read_claim

    wanted = read_claim(claim, rec) if isinstance(claim, str) else claim
    more = [read_claim(h, rec) if isinstance(h, str) else h for h in given]
    if len(wanted.ops) != 1:
        return Decision("undecided", None, tried=("only a single relation is proved",))
    if not rec.is_scalar and not _one_norm((wanted, *wanted.given, *more)):
        mixed = "norms of different kinds, or the Frobenius norm"
        return Decision("undecided", None, tried=(mixed,))
    names = Names(rec)
    try:
        hypotheses = [names.claim(g) for g in (*wanted.given, *more)]
    except NotStated as e:
        return Decision("undecided", None, tried=(f"a hypothesis is not stated: {e}",))
    false = contradiction(hypotheses)
    if false is not None:
        return Decision("inconsistent", false, tried=("the hypotheses contradict each other",))
    tried: list[str] = []
    for attempt in (_several_steps, _one_step):
        try:
            found = attempt(rec, Names(rec), wanted, hypotheses)
        except _FAILED as e:
            tried.append(str(e))
            continue
        if found.status != "undecided":
            return found
        tried += found.tried
    return Decision("undecided", None, tried=tuple(dict.fromkeys(tried)))


def _one_norm(claims: Sequence[Claim]) -> bool:
    """Whether all norms are one that belongs to a p-norm; one that is left open is the spectral."""
    kinds = {n.ord for c in claims for s in c.sides for n in walk(s) if isinstance(n, Norm)}
    kinds = {"2" if k == "any" else k for k in kinds}
    return len(kinds) <= 1 and "F" not in kinds


def contradiction(hypotheses: Sequence[L.Claim]) -> Thm | None:
    """hypotheses |- 0 > 0, if that is found."""
    found = decide(L.number(0) < 1, hypotheses) if hypotheses else None
    return found.theorem if found is not None and found.status == "inconsistent" else None


# ---------------------------------------------------------------- one step
def _one_step(rec: Recurrence, names: Names, claim: Claim, hypotheses: list[L.Claim]) -> Decision:
    """The claim written out by the chain rule within one step, for all values in it."""
    calculus = Calculus(rec)
    sides = tuple(_expanded(calculus, s) for s in claim.sides)
    wanted = names.claim(replace(claim, sides=sides, given=()))
    found = decide(wanted, hypotheses)
    ranges = names.ranges()
    if found.status not in ("proved", "inconsistent") and ranges:
        found = _supposing(decide(wanted, [*hypotheses, *ranges]), ranges)
    if found.status == "refuted" and rec.initial:
        note = "fails at a state that a run from the given start may not reach"
        return Decision("undecided", None, tried=(*found.tried, note))
    return found


def _supposing(found: Decision, ranges: Sequence[L.Claim]) -> Decision:
    """The decision with those of the added hypotheses that its theorem has."""
    hyps = found.theorem.hyps if found.theorem is not None else frozenset()
    return replace(found, supposed=tuple(show(r) for r in ranges if r.formula in hyps))


def _expanded(calculus: Calculus, node: Node) -> Node:
    if not isinstance(node, D):
        return rebuild(node, lambda c: _expanded(calculus, c))
    if not isinstance(node.y, At):
        raise NotStated("the derivative of something that is not a sequence")
    if node.kind == "immediate":
        return calculus.immediate(node.y, node.x)
    if node.kind == "direct":
        return calculus.direct(node.y, node.x)
    if isinstance(node.x, At) and _gap(node.y, node.x)[0] in (Poly.of(0), Poly.of(1)):
        return calculus.one_step(node.y, node.x)
    raise NotStated("a derivative over several steps within another expression")


# ---------------------------------------------------------------- several steps
def _several_steps(
    rec: Recurrence, names: Names, claim: Claim, hypotheses: list[L.Claim]
) -> Decision:
    """Induction on the number of steps, or a refutation of runs of few steps."""
    op, (left, right) = claim.ops[0], claim.sides
    if op in _TURNED:
        op, left, right = _TURNED[op], right, left  # type: ignore[assignment]
    inner = left.arg if isinstance(left, (Abs, Norm)) else left
    if not (isinstance(inner, D) and inner.kind == "total" and isinstance(inner.y, At)):
        raise NotStated("not the size of a derivative over several steps")
    if inner.y.name not in rec.states or (inner is left and op != "->"):
        raise NotStated("not the size of a derivative of a state")
    run = run_of(rec, names, inner.x)
    gap, last, base = _gap(inner.y, inner.x)
    given = [assume(h) for h in hypotheses]
    given += [assume(("ge", term(x))) for x in sorted(K.free(base))]
    if op == "->":
        if not (isinstance(right, Num) and not right.value):
            raise NotStated("a limit other than 0")
        return Decision("proved", _limit(run, given), tried=("geometric decay",))

    def goal(n: Poly) -> Term:
        return names.term(right, {last: n + base} if last else {})

    strict, tried = op == "<", ["induction on the number of steps"]
    if op in ("<", "<=") and last:
        try:
            proof = _induction(run, goal(N.kernel), given, strict)
            proved = Decision("proved", K.inst(proof, N.args, gap), tried=tuple(tried))
            return _supposing(proved, run.ranges())
        except (NotProved, KernelError) as e:
            tried.append(str(e))
    within = [*hypotheses, *run.ranges()]
    for count, points in RUNS if last and not rec.initial else ():
        size = run.unrolled(count)
        if size is None:
            break
        bound_ = goal(Poly.of(count))
        found = refute(size < bound_ if strict else size <= bound_, within, points=points)
        if found.status == "refuted":
            return replace(found, tried=(*tried, f"a run of {count} steps"))
        tried.append(f"{points} rational points of runs of {count} steps")
    return Decision("undecided", None, tried=tuple(tried))


def _gap(y: At, x: Node) -> tuple[Poly, str, Poly]:
    """(number of steps, the index that grows with it, its value less that number)."""
    late = affine(y.time)
    early = affine(x.time) if isinstance(x, At) else ({}, 0)
    if late is None or early is None or sorted(late[0].values()) not in ([], [1]):
        raise NotStated("steps that are not a single index and a number")
    if any(c != 1 for c in early[0].values()) or len(early[0]) > 1:
        raise NotStated("steps that are not a single index and a number")

    def poly(form: tuple[dict[str, int], int]) -> Poly:
        return sum((c * L.integer(v).kernel for v, c in form[0].items()), Poly.of(form[1]))

    gap = poly(late) - poly(early)
    last = next(iter(late[0]), "") if late[0] != early[0] else ""
    base = poly(early) - late[1]
    return gap, last, base


def _atoms(p: Any) -> Iterator[tuple[Any, ...]]:
    if isinstance(p, Poly):
        for m in p.terms:
            for a, _ in m:
                yield a
                for inner in a[1:]:
                    yield from _atoms(inner)


def _induction(run: Run, goal: Term, given: list[Thm], strict: bool) -> Thm:
    """size(n) <= goal(n) for all n >= 0, or <."""
    size = run.size(N)
    claim = size < goal if strict else size <= goal
    _, _, grow = run.grow()
    atoms = list(dict.fromkeys([*_atoms(goal.kernel), *_atoms(grow.concl[1])]))
    facts = [run.nonnegative(), *given]
    starts, steps, equations = [], [], []
    for a in atoms:
        match a:
            case ("abs", x) if term(a) != size.kernel:
                facts.append(lemmas.abs_nonneg(x))
            case ("norm", m) if term(a) != size.kernel and a != next(iter(
                    _atoms(run.size(N + 1).kernel)), None):
                facts.append(norm_nonneg(m))
            case ("def", d, _, x, e) if d == POWER and e == N.kernel:
                starts.append(lemmas.power_0(x))
                steps.append(lemmas.power_step(x, e))
            case ("inv", x):
                away = prove(("gt", x), given, degree=1)
                equations.append(have(limits.inv_mul(x), away))
                facts.append(have(limits.inv_pos(x), away))
    late = assume(N >= 0)
    first = _shown(K.instance(claim.formula, N.args, 0), [*run.start(), *equations, *facts], starts)
    # nothing in the base depends on n, but facts about the size after n steps would
    later = _shown(K.instance(claim.formula, N.args, (N + 1).kernel),
                   [grow, assume(claim), *facts, late, *equations], steps)
    return K.induct("n", K.ZERO, claim.formula, first, later)


def _shown(goal: Any, facts: list[Thm], rewrite: list[Thm]) -> Thm:
    for degree in (1, 2):
        try:
            return prove(goal, facts, degree=degree, rewrite=rewrite)
        except NotProved as e:
            failure = e
    raise failure


def _limit(run: Run, given: list[Thm]) -> Thm:
    """The derivative tends to 0: its size is at most B^n and B < 1 by the hypotheses."""
    b, c, _ = run.grow()
    if c != K.ZERO:
        raise NotStated("the limit of a sum over all steps")
    rate = L.shape(b)
    bound_ = _induction(run, rate**N, [], False)
    facts = [t for a in _atoms(b) for t in (
        [lemmas.abs_nonneg(a[1])] if a[0] == "abs" else
        [norm_nonneg(a[1])] if a[0] == "norm" else [])]
    nonneg = [prove(rate >= 0, facts), prove(1 - rate > 0, given, degree=1),
              prove(("ge", K.ONE))]
    size = run.size(N)
    if size.op == "norm":
        own = lemmas.abs_of_nonneg(size, run.nonnegative())
        shown = prove(L.absolute(size) <= 1 * rate**N, [bound_, own], degree=1)
        return limits.geometric_vanishes(N, size, 1, rate, shown, nonneg)
    shown = prove(size <= 1 * rate**N, [bound_], degree=1)
    return limits.geometric_vanishes(N, size.args[0], 1, rate, shown, nonneg)
