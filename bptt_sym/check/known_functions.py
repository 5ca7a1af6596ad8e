r"""Unknown activations of which a claim writes the slope by the value: :math:`f_t (1 - f_t)`.

A text may leave open what :math:`\sigma_g` is, or say it in words that were not understood. What
fails for a function whichever, and holds for the logistic function or tanh, is no mistake: it is
right if the function is that one.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import product

from bptt_sym.check.answer import Court
from bptt_sym.check.model import Model
from bptt_sym.decide.verdict import Verdict
from bptt_sym.errors import BpttError
from bptt_sym.notation import Claim, Fn, Node, rebuild, walk

_KNOWN = {"sigma": "the logistic function", "tanh": "tanh"}
#: So many unknown functions are tried together.
MOST = 3


def if_known(claim: Claim, model: Model) -> Verdict | None:
    """The verdict if the claim holds with usual functions for the unknown ones of the model."""
    rec = model.court.model
    unknown = rec.activations
    slopes = {n.name for s in claim.sides for n in walk(s) if isinstance(n, Fn) and n.order}
    if not unknown or len(unknown) > MOST or not slopes.isdisjoint(unknown):
        return None
    for chosen in product(_KNOWN, repeat=len(unknown)):
        names = dict(zip(unknown, chosen, strict=True))

        def change(n: Node, names: dict[str, str] = names) -> Node:
            n = rebuild(n, lambda m: change(m, names))
            return replace(n, name=names[n.name]) if isinstance(n, Fn) and n.name in names else n

        equations = tuple(replace(e, rhs=change(e.rhs)) for e in rec.equations)
        sides = tuple(map(change, claim.sides))
        try:
            court = Court.of(replace(rec, equations=equations))
            held = court.holds(replace(claim, sides=sides))
        except BpttError:
            continue
        if held is not None:
            said = tuple(f"{name} is {_KNOWN[of]}" for name, of in names.items())
            return replace(
                held, verdict="right_under_reading", assumptions=(*held.assumptions, *said)
            )
    return None
