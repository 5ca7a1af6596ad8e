"""From a claim to a verdict: readings in order, then a counterexample or an honest "undecided"."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from bptt_sym.decide.counterexample import Failed, find
from bptt_sym.decide.dimensions import every_dimension
from bptt_sym.decide.domains import Undefined
from bptt_sym.decide.identity import Arena, Fixed, Outcome, error_exponent, exactly, holds
from bptt_sym.decide.instances import Scope, claim_indices
from bptt_sym.decide.ones_for_identities import ONE_FOR_IDENTITY, has_ones_for_identities
from bptt_sym.decide.readings import ASCENDING, DENOMINATOR, ZERO_START
from bptt_sym.decide.search import Search
from bptt_sym.decide.tensor import Mismatch
from bptt_sym.decide.trials import MAX_TRIALS, Trial, literal
from bptt_sym.decide.verdict import MISFIT, Diagnosis, Verdict
from bptt_sym.decide.world import Absent
from bptt_sym.distances import highest_first
from bptt_sym.errors import InputError, NotSupported, ReplayError
from bptt_sym.notation import (
    HORIZON_NAME,
    Add,
    At,
    Claim,
    D,
    Idx,
    Node,
    Norm,
    Prod,
    Sum,
    Sym,
    add,
    affine,
    walk,
)
from bptt_sym.recurrence import STEP, Recurrence

#: Judges one relation that is not an equation, under assumptions.
BoundJudge = Callable[[Claim, Recurrence, Arena, Sequence[Claim]], Verdict]
#: How a failing search for a reading is reported.
NO_SEPARATION = (
    "the two sides differ as formal expressions, but no real numbers that separate them were found"
)
#: A chain whose steps each hold, but not together.
TWO_LAYOUTS = (
    "each step holds in a layout of its own for derivatives, but the last side equals the first"
    " in none"
)


def decide(
    claim: Claim,
    rec: Recurrence,
    *,
    assume: Sequence[Claim] = (),
    arena: Arena | None = None,
    exact: bool = False,
    bounds: BoundJudge | None = None,
    refute: bool = True,
) -> Verdict:
    """Judge an equation or a chain of equations about ``rec``.

    Every relation of a chain is judged on its own (``links``), against the last side that was not
    found wrong; the chain is as good as its worst link. Relations other than ``=`` are handed to
    ``bounds`` (:func:`bptt_sym.check.bounds.judge_bound`), ``undecided`` without it. With
    ``exact`` a right verdict is made a proof by polynomial normal forms where the size allows.
    An ``arena`` may be passed to share samples between claims about one recurrence; it says
    whether every dimension is looked at (without one it is). Without ``refute`` no counterexample
    is looked for: what is not right is "undecided".

    Raises
    ------
    InputError
        An assumption that is not of the form "element = constant".
    """
    if arena is None:
        plain = not assume and not exact
        arena = Arena.of(rec) if plain else Arena(rec, assumptions(assume), exact=exact)
        arena.every_dimension = True
    stated = tuple(claim_text(a) for a in assume)
    links: list[Verdict] = []
    anchor = claim.sides[0]
    for op, side in zip(claim.ops, claim.sides[1:], strict=True):
        link = replace(claim, sides=(anchor, side), ops=(op,))
        if op not in ("=", "~") and bounds is not None:
            links.append(bounds(link, rec, arena, assume))
        else:
            verdict = _link(link, arena, refute)
            if not verdict.is_right and anchor is not claim.sides[0] and _equations(claim, links):
                # What makes the first step right (an immediate derivative, say) holds on: a chain
                # of equations is right if each side equals the first.
                whole = _link(replace(link, sides=(claim.sides[0], side)), arena, refute)
                shared = any(" is the share of step " in r for r in whole.readings)
                if whole.is_right and not (shared and isinstance(anchor, Sum)):
                    verdict = whole  # (no share stands behind the sum over all the steps)
            links.append(verdict)
        # After a wrong step the next one is judged against the last side that stands.
        if links[-1].verdict != "wrong" or op != "=":
            anchor = side
    links = [replace(v, assumptions=stated + v.assumptions) for v in links]
    if len(links) == 1:
        return links[0]
    chain = summary(links)
    if chain.is_right and _in_two_layouts(claim, links):
        whole = _link(replace(claim, sides=(claim.sides[0], claim.sides[-1]), ops=("=",)), arena)
        if not whole.is_right:
            return replace(Verdict("undecided", note=TWO_LAYOUTS), links=tuple(links))
        return replace(chain, readings=whole.readings)
    return chain


def _in_two_layouts(claim: Claim, links: list[Verdict]) -> bool:
    """Whether one step takes a product of Jacobians as it stands, and another transposed."""
    if any(op != "=" for op in claim.ops):
        return False
    turned = [DENOMINATOR.message in v.readings for v in links]
    return any(turned) and any(
        not now and any(_is_product(s) for s in claim.sides[i : i + 2])
        for i, now in enumerate(turned)
    )


def _is_product(side: Node) -> bool:
    """Whether ``side`` multiplies derivatives of one state by another."""
    found = [n for n in walk(side) if isinstance(n, D) and isinstance(n.y, At)]
    within = any(isinstance(n, Prod) and any(isinstance(m, D) for m in walk(n)) for n in walk(side))
    return within or len(found) > 1


def _equations(claim: Claim, links: list[Verdict]) -> bool:
    """Whether only equations stand before the next link, and all of them are right."""
    return all(op == "=" for op in claim.ops[: len(links)]) and all(v.is_right for v in links)


_ORDER = ("wrong", "unreadable", "undecided", "right_under_reading", "right", "not_a_claim")


def summary(links: list[Verdict]) -> Verdict:
    """The verdict of a chain: that of its worst link, with every link's own."""
    worst = min(links, key=lambda v: _ORDER.index(v.verdict))
    if worst.verdict not in ("right", "right_under_reading"):
        number = links.index(worst) + 1
        note = (
            f"step {number} of {len(links)}: {worst.note}"
            if worst.note
            else (f"step {number} of {len(links)}")
        )
        return replace(worst, links=tuple(links), note=note)
    readings = tuple(dict.fromkeys(r for v in links for r in v.readings))
    assumed = tuple(dict.fromkeys(a for v in links for a in v.assumptions))
    scopes = [v.scope for v in links]
    partial = [s for s in scopes if not s.startswith("every")]
    return replace(
        worst,
        links=tuple(links),
        readings=readings,
        assumptions=assumed,
        scope=partial[0] if partial else scopes[0],
    )


def _link(claim: Claim, arena: Arena, refute: bool = True) -> Verdict:
    if claim.ops[0] not in ("=", "~"):
        return Verdict("undecided", note="bounds and limits are judged by the bound engine")
    left, right = claim.sides
    if isinstance(left, Norm) and isinstance(right, Norm) and left.ord == right.ord:
        # Equal matrices have equal norms, also where an empty product is written as 1.
        inner = _link(replace(claim, sides=(left.arg, right.arg)), arena, refute=False)
        if inner.is_right:
            return inner
    failed: list[Failed] = []
    misfit, agreed = "", False
    search = Search.of(claim, arena)
    try:
        for tried in search:
            outcome = tried.outcome
            from_zero = outcome.holds and ZERO_START in tried.trial.readings
            if from_zero and adds_nothing(arena, tried.trial):
                continue  # whatever it says in the term that vanishes
            if outcome.holds:
                return _right(arena, tried.trial, outcome)
            if outcome.holds is False:
                failed.append(Failed(tried.trial, outcome.witness, tried.one_unit))
            else:
                misfit = misfit or outcome.why
                agreed = agreed or outcome.agreed
        if search.truncated:
            note = f"{MAX_TRIALS} readings fail, and there are more to try"
            return Verdict("undecided", note=note)
        if not refute and failed:
            return Verdict("undecided", note="no reading makes it right")
        if agreed:
            return Verdict("undecided", note=f"it holds where its shapes fit; elsewhere {misfit}")
        return _not_right(arena, claim, failed, misfit)
    except NotSupported as e:
        return Verdict("undecided", note=str(e))


def _right(arena: Arena, trial: Trial, outcome: Outcome, *, step: bool = False) -> Verdict:
    messages = [r.message for r in trial.readings if r.hypothesis is None]
    ordered = any(
        _in_time_only(n) for s in trial.claim.sides for n in walk(s)
    )
    if ordered and not arena.rec.is_scalar and ASCENDING not in trial.readings:
        reversed_order = replace(trial, claim=_reversed(trial.claim))
        if holds(arena, reversed_order).holds is not True:
            messages.append("the product runs from the latest step (left) to the earliest")
    if has_ones_for_identities(trial.claim, arena.rec):
        messages.append(ONE_FOR_IDENTITY)
    assumed = tuple(r.message for r in trial.readings if r.hypothesis is not None)
    names = claim_indices(trial.claim.sides, arena.rec)
    scope = _scope(outcome, names, arena, _dims(arena, None if step else trial, outcome))
    return Verdict(
        "right_under_reading" if messages or assumed else "right",
        scope=scope,
        readings=tuple(messages),
        assumptions=assumed,
        method=_method(arena, trial, outcome, names),
    )


def adds_nothing(arena: Arena, trial: Trial) -> bool:
    """Whether a term that is written out is 0 as ``trial`` reads it: of it the equation says
    nothing then."""
    for side in trial.claim.sides:
        terms = side.args if isinstance(side, Add) else ()
        for k in range(len(terms)):
            rest = add(*terms[:k], *terms[k + 1 :])
            # Without the term, and not the term by itself: it may exist where the rest does not.
            if holds(arena, replace(trial, claim=Claim((side, rest), ("=",)))).holds:
                return True
    return False


def _in_time_only(node: Node) -> bool:
    """Whether the latest step stands leftmost only by what is usual, and not as it is written."""
    return isinstance(node, Prod) and node.descending is None and highest_first(node)


def _reversed(claim: Claim) -> Claim:
    def flip(n: Node) -> Node:
        from bptt_sym.notation import rebuild

        n = rebuild(n, flip)
        if isinstance(n, Prod) and n.descending is None:
            return replace(n, descending=not highest_first(n))
        return n

    return replace(claim, sides=tuple(flip(s) for s in claim.sides))


def _scope(outcome: Outcome, names: tuple[str, ...], arena: Arena, dims: str) -> str:
    if not names:
        return "as it stands" + dims
    horizon = arena.scope.horizon
    if horizon is not None:
        rest = ", ".join(n for n in names if n != HORIZON_NAME)
        upto = horizon if outcome.longest >= horizon else outcome.longest
        return (f"{rest} <= {upto}, " if rest else "") + f"T = {horizon}" + dims
    what = ", ".join(names)
    if outcome.every:
        start = f" from {outcome.first} on" if outcome.first > 1 else ""
        return f"every {what}{start}" + dims
    return f"{what} <= {outcome.longest}" + dims


def _dims(arena: Arena, trial: Trial | None, outcome: Outcome) -> str:
    """The dimensions of the scope; without a trial, those that were tried."""
    if arena.rec.is_scalar:
        return ""
    looked = trial if arena.every_dimension else None
    least = every_dimension(arena, looked, outcome) if looked is not None else None
    if least:
        return "; every " + ", ".join(f"{d} >= {n}" for d, n in least.items())
    shown = " and ".join(", ".join(f"{d} = {n}" for d, n in dims.items()) for dims in arena.dims)
    return f"; dimensions {shown}"


def _method(arena: Arena, trial: Trial, outcome: Outcome, names: tuple[str, ...]) -> str:
    if arena.exact and exactly(arena, trial, outcome):
        parts = [
            f"identity of exact polynomial normal forms over the rationals "
            f"({outcome.instances} instances)"
        ]
        return "; ".join(parts + _every(outcome, names))
    digits = error_exponent(arena, trial, outcome)
    sure = f"; a false identity passes with probability below 1e-{digits} in each"
    parts = [
        f"both sides agree in F_p (p about 4.6e18) at a random point "
        f"({outcome.instances} instances{sure if digits > 0 else ''})"
    ]
    return "; ".join(parts + _every(outcome, names))


def _every(outcome: Outcome, names: tuple[str, ...]) -> list[str]:
    if not names or not outcome.every:
        return []
    d, e = outcome.states
    return [
        f"every {names[-1]}: automata of at most {d} and {e} states agree on all runs up to "
        f"length {outcome.longest}"
    ]


def _not_right(
    arena: Arena, claim: Claim, failed: list[Failed], misfit: str
) -> Verdict:
    if not failed:
        return Verdict("undecided", note=f"{MISFIT}: {misfit}")
    if claim.ops[0] == "~":
        return Verdict("undecided", note="an approximation; as an equation it does not hold")
    shown, unseparated = find(arena, failed)
    if shown is None or unseparated:
        doubt = [r.message for t in unseparated[:1] for r in t.readings]
        return Verdict(
            "undecided",
            note=NO_SEPARATION + (f" (if {'; '.join(doubt)})" if doubt else ""),
        )
    return Verdict("wrong", counterexample=shown, method="both sides enclosed by Arb balls")


# -------------------------------------------------------------------------- assumptions
def assumptions(claims: Sequence[Claim]) -> Fixed:
    """``h_0 = 0``, ``x_t = 0`` (every step), ``w = 1/2``: values that override the model."""
    fixed: dict[tuple[str, int | str | None], Node] = {}
    for claim in claims:
        if len(claim.ops) != 1 or claim.ops[0] != "=":
            raise InputError(f"not an assumption of the form x = constant: {claim.source}")
        target, value = claim.sides
        if any(isinstance(n, (At, Sym)) for n in walk(value)):
            raise InputError(
                f"the right side of the assumption {claim.source} must be a constant",
                span=value.span,
            )
        match target:
            case Sym(name=name):
                fixed[(name, None)] = value
            case At(name=name, time=time):
                form = affine(time)
                if form is not None and not form[0]:
                    fixed[(name, form[1])] = value
                elif isinstance(time, Idx) and time.name == STEP:
                    fixed[(name, "*")] = value
                else:
                    raise InputError(
                        f"an assumption holds at a number or at every t: {claim.source}"
                    )
            case _:
                raise InputError(f"not an assumption about one symbol: {claim.source}")
    return fixed


def claim_text(claim: Claim) -> str:
    return claim.source.strip() or "an assumption"


# ------------------------------------------------------------------------------- replay
def check_step(lhs: Node, rhs: Node, rec: Recurrence, arena: Arena | None = None) -> Verdict:
    """Whether ``lhs = rhs`` holds literally (derivatives as marked, no readings)."""
    arena = arena or Arena(rec)
    trial = literal(Claim((lhs, rhs), ("=",)), rec)
    try:
        outcome = holds(arena, trial)
    except NotSupported as e:
        return Verdict("undecided", note=str(e))
    if outcome.holds:
        return _right(arena, trial, outcome, step=True)
    if outcome.holds is None:
        return Verdict("undecided", note=outcome.why)
    try:
        shown, _ = find(arena, [Failed(trial, outcome.witness)])
    except (Absent, Mismatch, Undefined):
        shown = None
    return Verdict("wrong", counterexample=shown, note=f"differs at {outcome.witness}")


def replay(derivation: object) -> list[Verdict]:
    """Decide every step of a derivation anew, independently of how it was made.

    Raises
    ------
    ReplayError
        At the first step whose sides are not decided equal.
    """
    rec: Recurrence = derivation.recurrence  # type: ignore[attr-defined]
    arena = Arena(rec)
    out: list[Verdict] = []
    for number, step in enumerate(derivation.steps, start=1):  # type: ignore[attr-defined]
        arena.scope = Scope.of(step.where, derivation.T)  # type: ignore[attr-defined]
        verdict = check_step(step.lhs, step.rhs, rec, arena)
        if not verdict.is_right:
            raise ReplayError(
                f"step {number} ({step.rule}): the sides are {verdict.verdict}"
                + (f": {verdict.note}" if verdict.note else ""),
                number,
            )
        out.append(verdict)
    return out


__all__ = ["Diagnosis", "assumptions", "check_step", "decide", "replay"]
