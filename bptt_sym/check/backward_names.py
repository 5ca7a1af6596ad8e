r"""Names that a text gives only by a recursion from the last step back.

.. math::

    \lambda_{T+1} = 0, \qquad
    \lambda_t = \frac{\partial\ell_t}{\partial h_t}
    + \left(\frac{\partial h_{t+1}}{\partial h_t}\right)^{\!\top} \lambda_{t+1}

Which total derivative such a name is, the recursion says itself: it is the one of which it holds. A
recursion that holds of none tells nothing, so that a wrong one does not make its own truth.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from bptt_sym.check.model import Model
from bptt_sym.decide import readings
from bptt_sym.decide.rewriting import is_loss
from bptt_sym.decide.verdict import Verdict
from bptt_sym.definitions.outline import Kind, Row
from bptt_sym.errors import BpttError
from bptt_sym.notation import At, Claim, D, Idx, Neg, Node, Sym
from bptt_sym.read import read_claim
from bptt_sym.recurrence import STEP, Recurrence

#: How many quantities are tried, and under how many models.
MOST_TRIED = 6
#: How derivatives are laid out, and slopes written: no reading that changes what is claimed.
_LAYOUTS = frozenset(
    r.message for r in vars(readings).values()
    if isinstance(r, readings.Reading)
    and r.group in ("layout", "product", "pairs", "prime", "precedence", "outer")
)  # fmt: skip


def backward_name(
    row: Row,
    family: Sequence[Model],
    read: Callable[[Row, Model], Claim],
    judge: Callable[[Claim, Model], Verdict],
) -> Verdict | None:
    """The verdict of a recursion that tells what its name is, which the models then know.

    ``None`` if it holds of no derivative, or if its name has a meaning.
    """
    if row.kind is not Kind.SEQUENCE or not row.has_its_name:
        return None
    found: Verdict | None = None
    for model in family[:MOST_TRIED]:
        if model.knows(row) or row.name in model.aliases:
            return None
        for meant, said in _candidates(model.court.model):
            trial = replace(model, aliases={**model.aliases, row.name: ("t", meant)})
            try:
                verdict = judge(read(row, trial), trial)
            except (BpttError, ValueError):
                continue
            if verdict.is_right and _LAYOUTS.issuperset(verdict.readings):
                model.aliases[row.name] = ("t", meant)
                reading = f"{row.left.strip()} is {said}"
                found = found or replace(
                    verdict, verdict="right_under_reading", readings=(*verdict.readings, reading)
                )
                break
    return found


def _candidates(rec: Recurrence) -> Iterator[tuple[Node, str]]:
    """The derivatives of the loss by what runs in time, states first, and their names in words."""
    losses = [n for n in rec.totals if is_loss(Sym(n), rec)] or list(rec.totals)
    names = [n for n in (*rec.states, *(n for n in rec.defined if n not in rec.states))
             if not is_loss(At(n, Idx(STEP)), rec)]  # fmt: skip
    for loss in losses[:1]:
        for name in names[:MOST_TRIED]:
            try:
                claim = read_claim(rf"\frac{{d {loss}}}{{d {name}_{{t}}}} = 0", rec)
            except BpttError:
                continue
            whole = claim.sides[0]
            if isinstance(whole, D):
                yield whole, f"the derivative of {loss} by {name}_t"
                yield Neg(whole), f"minus the derivative of {loss} by {name}_t"
