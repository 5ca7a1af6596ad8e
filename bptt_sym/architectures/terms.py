"""What equations at step t are written with."""

from __future__ import annotations

from fractions import Fraction

from bptt_sym.errors import InputError
from bptt_sym.notation import (
    HORIZON_NAME,
    ONE,
    At,
    Call,
    Fn,
    Had,
    Idx,
    Mul,
    Neg,
    Node,
    Num,
    Sum,
    Sym,
    Transpose,
    add,
    index,
    rebuild,
)
from bptt_sym.recurrence import SCALAR, STEP, Equation, Recurrence, Shape

#: The weight of a step in a loss: 0 where there is nothing to predict.
WEIGHT = r"\omega"


def now(name: str) -> At:
    """``name`` at step t."""
    return At(name, Idx(STEP))


def before(name: str) -> At:
    """``name`` at step t - 1."""
    return At(name, index(STEP, -1))


def times(parameter: str, *args: Node) -> Node:
    """A parameter times something, in matrix notation."""
    return Mul((Sym(parameter), *args))


def one_minus(node: Node) -> Node:
    return add(ONE, Neg(node))


def half() -> Num:
    return Num(Fraction(1, 2))


def total(per_step: str) -> Node:
    """The sum over all steps of a sequence of numbers."""
    return Sum(STEP, ONE, Idx(HORIZON_NAME), now(per_step))


def opaque_loss(name: str, state: str) -> tuple[Equation, dict[str, Node]]:
    """A loss of the state at every step, any function of it, and the sum of these losses."""
    return Equation(name, Call(name, (now(state),))), {name: total(name)}


def switch(name: str, value: object) -> bool:
    """The value of an option that is on or off.

    Raises
    ------
    InputError
        Something else.
    """
    if not isinstance(value, bool):
        raise InputError(f"{name}={value}: it is true or false", token=str(value))
    return value


def swap(node: Node, names: dict[Node, Node]) -> Node:
    """``node`` with every occurrence of a key replaced by its value."""
    found = names.get(node)
    return found if found is not None else rebuild(node, lambda c: swap(c, names))


__all__ = [
    "SCALAR",
    "WEIGHT",
    "At",
    "Equation",
    "Fn",
    "Had",
    "Mul",
    "Neg",
    "Node",
    "Recurrence",
    "Shape",
    "Sym",
    "Transpose",
    "add",
    "before",
    "half",
    "now",
    "one_minus",
    "opaque_loss",
    "swap",
    "times",
    "total",
]
