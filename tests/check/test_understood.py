"""Nothing is called wrong where too much around it was not understood."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bptt_sym.check.document import Place
from bptt_sym.check.judged import Judged
from bptt_sym.check.understood import REACH, where_understood
from bptt_sym.decide.verdict import Diagnosis, Verdict, VerdictName
from tests.check.audited import judged

NET = "$$q_t = \\tanh(R q_{t-1} + P x_t)$$\n\n"
JACOBIAN = r"\frac{\partial q_t}{\partial q_{t-1}} = "
#: Two factors exchanged and one transposed: no slip of the catalogue is as small.
NO_SLIP = f"$${JACOBIAN} R^2 \\mathrm{{diag}}(1 + q_t)$$\n\n"
SLIP = f"$${JACOBIAN} \\mathrm{{diag}}(1 - q_{{t-1}}^2) R$$\n\n"
RIGHT = f"$${JACOBIAN} \\mathrm{{diag}}(1 - q_t^2) R$$\n\n"
UNKNOWN = "$$\\frac{\\partial \\zeta}{\\partial \\xi_t} = \\mu_t$$\n\n"


def verdict_of(formula: str, around: str) -> tuple[str, str]:
    text = "".join(formula.split())
    found = [j for j in judged(NET + around + formula + around) if "".join(j.latex.split()) in text]
    return found[0].verdict.verdict, found[0].verdict.note


@pytest.mark.parametrize(
    "formula, around, verdict",
    [
        (NO_SLIP, "", "wrong"),
        (NO_SLIP, RIGHT * 3, "wrong"),
        (NO_SLIP, UNKNOWN, "undecided"),
        (NO_SLIP, UNKNOWN + RIGHT * 3, "undecided"),
        (NO_SLIP, UNKNOWN + RIGHT * 10, "wrong"),
        (SLIP, UNKNOWN + RIGHT * 4, "wrong"),
        (SLIP, UNKNOWN, "undecided"),
        (SLIP, "$$q_t = \\tanh((R q_{t-1})$$\n\n", "undecided"),
        (SLIP, "$$\\left\\|\\frac{\\partial q_t}{\\partial q_0}\\right\\| \\to 0$$\n\n", "wrong"),
    ],
)
def test_what_is_around_tells(formula: str, around: str, verdict: str) -> None:
    assert verdict_of(formula, around)[0] == verdict


def test_what_was_found_is_said_all_the_same() -> None:
    _, note = verdict_of(SLIP, UNKNOWN)
    assert note.startswith("it fails as it was read (BP")
    assert "2 of the 2 claims around it were not understood" in note


def test_an_equation_between_values_may_be_what_defines_one() -> None:
    (entry,) = judged(NET + "$$z_t = V q_t$$\n\n$$R q_{t-1} + z_t = q_t$$\n\n")[2:]
    assert entry.verdict.verdict == "undecided"


NAMES = st.sampled_from(("right", "wrong", "undecided", "unreadable", "not_a_claim"))


@given(st.lists(st.tuples(NAMES, st.booleans()), max_size=60))
def test_only_accusations_change_and_only_for_what_is_near(
    drawn: list[tuple[VerdictName, bool]],
) -> None:
    slip = Diagnosis("BP004", "a slip", "")
    entries = [
        Judged(Place("f", k + 1, 1), "", Verdict(v, diagnosis=slip if s and v == "wrong" else None))
        for k, (v, s) in enumerate(drawn)
    ]
    after = where_understood(entries)
    assert len(after) == len(entries)
    claims = [k for k, e in enumerate(entries) if e.verdict.verdict != "not_a_claim"]
    for k, (before, now) in enumerate(zip(entries, after, strict=True)):
        if before == now:
            continue
        assert (before.verdict.verdict, now.verdict.verdict) == ("wrong", "undecided")
        at = claims.index(k)
        near = [entries[j].verdict.verdict for j in claims[max(0, at - REACH) : at + REACH + 1]]
        assert "undecided" in near or "unreadable" in near
