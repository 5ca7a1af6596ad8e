"""What a text calls the argument of an activation, where no equation of it says so."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import replace

from bptt_sym.check.model import Model
from bptt_sym.notation import Add, At, Claim, Node, num, rebuild, walk
from bptt_sym.read.vocabulary import plain_name

_ARGUMENT = re.compile(r"(\\?[a-z]+)_t is the argument of the activation$")


def of_the_next_activation(
    claim: Claim, model: Model, told: Collection[str] = ()
) -> tuple[Claim, str] | None:
    """``claim`` with a step more for z, where nobody wrote of which activation z_t is the argument.

    ``h_{t+1} = φ(z_t)`` is as good a convention as ``h_t = φ(z_t)``. Of what ``told`` names, the
    gradients tell the step.
    """
    named = [m.group(1) for s in model.supposed if (m := _ARGUMENT.match(s)) is not None]
    if len(named) != 1 or plain_name(named[0]) in told or not any(
        isinstance(n, At) and n.name == named[0] for s in claim.sides for n in walk(s)
    ):
        return None

    def change(n: Node) -> Node:
        if isinstance(n, At) and n.name == named[0]:
            return replace(n, time=Add((n.time, num(1))))
        return rebuild(n, change)

    return replace(claim, sides=tuple(change(s) for s in claim.sides)), named[0]
