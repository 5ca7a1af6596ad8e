r"""The loss that a claim about a cell speaks of by a name of its own.

``\partial L/\partial h_t`` beside a cell whose loss is E, or that has none: everybody reads the sum
of the losses of the steps. Where the cell has no loss, it is an unknown function of what the cell
computes last, so that a formula is right only if it holds whatever the loss is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import TypeVar

from bptt_sym.definitions.loose_ends import readout
from bptt_sym.definitions.usage import LOSSES
from bptt_sym.notation import HORIZON_NAME, ONE, At, Call, Div, Idx, Node, Sum, rebuild
from bptt_sym.read.vocabulary import plain_name
from bptt_sym.recurrence import SCALAR, STEP, Equation, Recurrence

#: Letters that stand for nothing else in a derivative's place; e, l and ξ do.
_NAMES = tuple(n for n in LOSSES if len(n) > 1 or n in "LEJC")
_NAME = "|".join(re.escape(n) for n in sorted(_NAMES, key=len, reverse=True))
_OF = re.compile(
    r"(?:\\partial(?![A-Za-z])|∂|\\nabla(?![A-Za-z])(?:\s*_\s*(?:\{(?:[^{}]|\{[^{}]*\})*\}|[A-Za-z]))?"
    rf"|\{{\s*(?:d|\\mathrm\s*\{{\s*d\s*\}}))\s*\{{?\s*(?P<name>{_NAME})(?![A-Za-z])"
)
_T = TypeVar("_T")
#: The ways to read it, the most usual first.
SAID = (
    "{} is the sum of the losses of the steps",
    "{} is a loss of the last step",
    "{} is the mean of the losses of the steps",
)


def spoken_loss(model: Recurrence, latex: str) -> str:
    """The name of a loss in ``latex`` that ``model`` does not have; "" if there is none, or two."""
    known = {plain_name(n) for n in (*model.defined, *model.inputs, *model.parameters)}
    known |= {plain_name(n) for n in (*model.totals, *model.functions)}
    found = {plain_name(m["name"]): m["name"] for m in _OF.finditer(latex)}
    new = [name for plain, name in found.items() if plain not in known]
    return new[0] if len(new) == 1 and len(found) == 1 else ""


def with_spoken_loss(model: Recurrence, name: str, way: int) -> Recurrence | None:
    """``model`` with the loss ``name`` in the given way of :data:`SAID`.

    The one sum of losses that it has gets that name. ``None`` if it has another total, or several:
    another loss may be meant.
    """
    own = ""
    if model.totals:
        own, body = next(iter(model.totals.items()))
        summed = isinstance(body, Sum) and body.body == At(own, Idx(body.var))
        if len(model.totals) > 1 or not summed:
            return None
    if own and way == 0:
        return _renamed(model, own, name)
    last = Idx(HORIZON_NAME)
    steps = [Equation(name, Call(name, (At(readout(model), Idx(STEP)),)))]
    whole: Node = Sum(STEP, ONE, last, At(name, Idx(STEP)))
    if way == 1:
        steps, whole = [], Call(name, (At(readout(model), last),))
    elif way == 2:
        whole = Div(whole, last)
    return replace(
        model,
        equations=(*model.equations, *steps),
        shapes={**model.shapes, name: SCALAR},
        totals={**model.totals, name: whole},
        functions={**model.functions, name: SCALAR},
    )


def _renamed(model: Recurrence, own: str, name: str) -> Recurrence:
    def change(node: Node) -> Node:
        node = rebuild(node, change)
        if isinstance(node, At) and node.name == own:
            return replace(node, name=name)
        return replace(node, name=name) if isinstance(node, Call) and node.name == own else node

    def key(known: Mapping[str, _T]) -> dict[str, _T]:
        return {name if n == own else n: value for n, value in known.items()}

    lines = (replace(e, target=name if e.target == own else e.target, rhs=change(e.rhs))
             for e in model.equations)  # fmt: skip
    return replace(
        model,
        equations=tuple(lines),
        shapes=key(model.shapes),
        totals={n: change(body) for n, body in key(model.totals).items()},
        functions=key(model.functions),
    )


__all__ = ["SAID", "spoken_loss", "with_spoken_loss"]
