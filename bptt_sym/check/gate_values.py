r"""Cases in which gates are open or closed: "if :math:`f_t = 1` and :math:`i_t = 0`".

The value is put in for the gate, which then depends on nothing, and the claim judged again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from bptt_sym.check.judged import Judged
from bptt_sym.decide.verdict import Verdict
from bptt_sym.errors import BpttError
from bptt_sym.notation import At, Claim, Idx, num
from bptt_sym.read.vocabulary import plain_name
from bptt_sym.recurrence import STEP, Recurrence

#: ``f_t = 1`` by the letter of the gate, in whatever type.
_VALUE = re.compile(
    r"(?P<name>(?:\\[A-Za-z]+\s*\{\s*)?(?<![A-Za-z])\\?[A-Za-z]+\s*\}?)\s*_\s*(?:t\b|\{\s*t\s*\})\s*"
    r"(?P<sign>=|\\equiv|\\approx|\\simeq|≈|\\to|\\rightarrow|→)\s*"
    r"(?:\\(?:mathbf|boldsymbol|bm|vec)\s*)?\{?\s*(?P<value>[01])(?:\.0)?(?![.\d])"
)
_FACE = re.compile(r"\\(?:mathbf|mathrm|boldsymbol|bm|vec|mathit|text)\b|[{}\s]")


def at_its_values(judged: Judged, case: str) -> Verdict | None:
    """What is right of a claim that fails, where the gates have the values of its ``case``.

    ``None`` if no gate of its model is given a value, or the claim does not hold then.
    """
    if judged.basis is None:
        return None
    claim, court = judged.basis.claim, judged.basis.model.court
    given = tuple(_given(case, court.model))
    if not given:
        return None
    try:
        found = court.judge(replace(claim, given=(*claim.given, *given)), explain=False)
    except BpttError:
        return None
    if not found.is_right:
        return None
    said = (f"{g.source}, as the text says" for g in given)
    return replace(
        found, verdict="right_under_reading", unexplained=None,
        assumptions=(*judged.verdict.assumptions, *said),
    )  # fmt: skip


def _given(case: str, model: Recurrence) -> Iterator[Claim]:
    computed = [name for name in model.gates if name not in model.readouts]
    gates = {plain_name(name): name for name in (*model.inputs, *computed)}
    for m in _VALUE.finditer(case):
        name = gates.get(_FACE.sub("", m["name"]))
        if name is not None:
            value = num(int(m["value"]))
            said = f"{plain_name(name)}_t = {m['value']}"
            yield Claim((At(name, Idx(STEP)), value), ("=",), said)
