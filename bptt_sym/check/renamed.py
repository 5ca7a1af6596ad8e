r"""A name of a gradient that gets another meaning: :math:`\\delta_t` for the pre-activation.

Texts define :math:`\\delta_t = \\partial L/\\partial h_t`, then write the recursion of
:math:`\\partial L/\\partial z_t` "with the activation's derivative taken in", and go on with that.
The recursion tells which of the two is meant from there on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from bptt_sym.check.judged import Judged
from bptt_sym.check.model import Model
from bptt_sym.definitions.outline import Row
from bptt_sym.notation import At, D, Fn, Node, walk
from bptt_sym.recurrence import lag_of


def renamed(row: Row, family: Sequence[Model], judge: Callable[[], object]) -> Judged | None:
    """The verdict of a recursion that gives a name of a gradient another meaning, if any.

    If it is right so, the models of ``family`` keep that meaning.
    """
    name = row.name or row.chain.sides[0][0].text
    before = {id(m): m.aliases.get(name) for m in family}
    said = ""
    for model in family:
        if redefines(row, name, model) and (new := by_the_argument(model, name)) is not None:
            model.aliases[name] = model.aliases[name][0], new[0]
            said = new[1]
    again = judge() if said else None
    if isinstance(again, Judged) and again.verdict.is_right:
        return again.under(said)
    for model in family:
        if (old := before[id(model)]) is not None:
            model.aliases[name] = old
    return None


def by_the_argument(model: Model, name: str) -> tuple[Node, str] | None:
    """The gradient by the argument of a state's activation, for a name of that by the state.

    With the words for it; ``None`` if ``name`` is none, or its state has no such argument.
    """
    _, body = model.aliases.get(name, ("", None))
    if not (isinstance(body, D) and isinstance(body.x, At)):
        return None
    rec = model.court.model
    if body.x.name not in rec.defined:
        return None
    rhs = rec.rhs(body.x.name)
    if not (isinstance(rhs, Fn) and rhs.order == 0 and isinstance(rhs.arg, At)):
        return None
    if lag_of(rhs.arg.time) != 0:
        return None
    said = f"{name}_t is from here on the gradient by {rhs.arg.name}_t"
    return replace(body, x=At(rhs.arg.name, body.x.time)), said


def redefines(row: Row, name: str, model: Model) -> bool:
    """Whether a row works a name of a gradient out, with the slope of its activation in it."""
    right = row.latex[row.chain.sides[1][0].start :]
    slopes = "'" in right or "prime" in right or "1 -" in right or "1-" in right
    return name in model.aliases and slopes and any(
        isinstance(n, D) for n in walk(model.aliases[name][1])
    )
