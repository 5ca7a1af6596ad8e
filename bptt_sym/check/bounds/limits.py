"""The verdict of a limit: what tends to 0 by its bound, and runs along which it does not."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

from bptt_sym.check.bounds.compare import vanishes
from bptt_sym.check.bounds.families import (
    constant_value,
    fading_derivative,
    families,
    lasting_gradient,
    scalar_case,
    scalar_sizes,
)
from bptt_sym.check.bounds.magnitude import Bounder
from bptt_sym.check.bounds.steady import linear_limit, steady_run
from bptt_sym.check.bounds.terms import Unbounded
from bptt_sym.decide.verdict import Counterexample, Verdict
from bptt_sym.notation import INFINITY, Abs, Norm, Num, Sym

if TYPE_CHECKING:
    from bptt_sym.check.bounds.judge import Case


def _kinds(case: Case) -> list[str]:
    """The norms of the hypotheses: what tends to 0 in one of them does so in every one."""
    return list(dict.fromkeys(["2", *(base[-1] for base in case.sizes.upper if len(base) > 2)]))


def limit(case: Case) -> Verdict:
    """The verdict of ``case``, whose claim says what its left side tends to."""
    target = case.claim.sides[1]
    infinite = target == Sym(INFINITY)
    if isinstance(target, Num) and not target.value:
        for trial, kind in product(case.readings(), _kinds(case)):
            bounder = Bounder(case.rec, True)
            side = trial.claim.sides[0]
            try:
                upper = bounder.measured(side.arg if isinstance(side, Norm) else side, kind)
            except Unbounded:
                continue
            if vanishes(upper, case.sizes):
                return case.proved(bounder, trial, ())
    elif not infinite:
        return Verdict("undecided", note="only limits 0 and ∞ are judged")
    side = case.claim.sides[0]
    bare = side.arg if isinstance(side, (Norm, Abs)) else side
    sized = not infinite or side is not bare or not case.rec.is_scalar
    if sized and (why := linear_limit(bare, case.rec, case.sizes, infinite)):
        return Verdict("right", scope="every T", assumptions=case.hypotheses, method=why)
    return _other_limit(case, infinite)


def _other_limit(case: Case, infinite: bool) -> Verdict:
    trial = next(case.readings())
    side = trial.claim.sides[0]
    bare = side.arg if isinstance(side, (Norm, Abs)) else side
    rec = scalar_case(case.rec)
    for family in families(rec, scalar_sizes(case.sizes)):
        value = constant_value(bare, rec, family)
        if value is None or (not infinite and value == 0):
            continue
        shown = Counterexample(
            T=1,
            indices={},
            values=family.shown,
            left=str(value),
            right="∞" if infinite else "0",
            place="for every T",
        )
        return Verdict(
            "wrong",
            scope="every T",
            counterexample=shown,
            method="along this run the left side has this value for every T (decided as an "
            "identity), so it does not tend to the right side",
            note=case.near_miss() if not infinite else "",
        )
    known = (
        fading_derivative(bare, rec, scalar_sizes(case.sizes))
        if infinite
        else lasting_gradient(bare, case.rec, case.sizes)
    )
    if known is None and not case.arena.fixed:
        known = steady_run(bare, case.rec, case.sizes, infinite)
    if known is not None:
        return known
    return Verdict(
        "undecided", note=case.near_miss() or "no rule proves or refutes this limit"
    )


__all__ = ["limit"]
