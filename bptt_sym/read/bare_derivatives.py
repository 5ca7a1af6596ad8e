r"""Activation derivatives whose argument is left out: ``\tanh' W``, ``\sigma'(t)``.

The argument meant is that of the gate whose weight stands beside it, or that of the state's own
activation, at the step that is written, or that the product around it runs over, or that the left
side is about.
"""

from __future__ import annotations

from dataclasses import replace

from bptt_sym.errors import ReadError
from bptt_sym.notation import (
    FUNCTIONS,
    At,
    Claim,
    D,
    Fn,
    Had,
    Idx,
    Mul,
    Node,
    Prod,
    Sum,
    Sym,
    Transpose,
    rebuild,
    shift,
    substitute_index,
    walk,
)
from bptt_sym.recurrence import STEP, Recurrence

#: Stands for the argument until the model is known; no name of a document has this form.
HIDDEN = "·"


def hidden_argument(step: Node | None = None) -> At:
    """The argument that is left out, at ``step`` if the text gives it."""
    return At(HIDDEN, step or Idx(HIDDEN))


def with_arguments(claim: Claim, rec: Recurrence) -> Claim:
    """``claim`` with the arguments that it leaves out.

    Raises
    ------
    ReadError
        Not exactly one activation of ``rec`` can be meant, or no step.
    """
    if not any(_is_hidden(n) for s in claim.sides for n in walk(s)):
        return claim
    left = claim.sides[0]
    about = left.y if isinstance(left, D) else left
    if isinstance(about, Sym) and isinstance(left, D):
        about = left.x  # the gradient of a loss is about its variable
    step = about.time if isinstance(about, At) and about.name != HIDDEN else None
    owner = about.name if isinstance(about, At) else ""
    by = left.x.name if isinstance(left, D) and isinstance(left.x, At) else ""
    if step is not None and by in rec.defined and isinstance(rec.rhs(by), Fn):
        claim = replace(claim, sides=tuple(_of_later(s, step) for s in claim.sides))
    return replace(claim, sides=tuple(_filled(s, rec, step, owner) for s in claim.sides))


def _of_later(node: Node, step: Node) -> Node:
    """``node`` with the step after in slopes that multiply what is of that step alone.

    In :math:`\\delta_t = \\ldots + W^\\top \\delta_{t+1} \\odot \\tanh'` the gradient by a state
    comes back through the activation of the step after.
    """
    if isinstance(node, (Mul, Had)):
        inside = [*walk(node)]
        times = {n.time for n in inside if isinstance(n, At) and n.name != HIDDEN}
        if times == {shift(step, 1)}:
            (later,) = times
            return _at(node, later)
    return rebuild(node, lambda c: _of_later(c, step))


def _at(node: Node, time: Node) -> Node:
    if _is_hidden(node) and isinstance(node, Fn) and isinstance(node.arg, At):
        return replace(node, arg=hidden_argument(time)) if node.arg.time == Idx(HIDDEN) else node
    return rebuild(node, lambda c: _at(c, time))


def _is_hidden(node: Node) -> bool:
    return isinstance(node, Fn) and isinstance(node.arg, At) and node.arg.name == HIDDEN


def _filled(node: Node, rec: Recurrence, step: Node | None, owner: str) -> Node:
    """``node`` with its arguments; ``owner`` is the sequence that the left side is about."""
    if isinstance(node, (Sum, Prod)):
        inner = Idx(node.var)
        return rebuild(node, lambda c: _filled(c, rec, inner, owner))
    if isinstance(node, Mul):
        node = _by_weights(node, rec, step)
    if not _is_hidden(node):
        return rebuild(node, lambda c: _filled(c, rec, step, owner))
    assert isinstance(node, Fn) and isinstance(node.arg, At)
    time: Node | None = node.arg.time
    if time == Idx(HIDDEN):
        time = step
    meant = _activation(node.name, rec, owner)
    shown = node.name + "'" * node.order
    if meant is None or time is None:
        raise ReadError(
            f"{shown} without an argument", span=node.span, token=shown,
            hint=f"write {shown}(…) with its pre-activation",
        )  # fmt: skip
    return Fn(meant.name, substitute_index(meant.arg, STEP, time), node.order, span=node.span)


def _by_weights(node: Mul, rec: Recurrence, step: Node | None) -> Node:
    """``\\sigma' W_f`` with the argument in which ``W_f`` stands, if there is one such gate."""
    args = list(node.args)
    for k, arg in enumerate(args):
        hidden = [n for n in walk(arg) if _is_hidden(n)]
        if len(hidden) != 1 or any(isinstance(n, (Sym, Sum, Prod)) for n in walk(arg)):
            continue
        slope = hidden[0]
        assert isinstance(slope, Fn) and isinstance(slope.arg, At)
        time = slope.arg.time if slope.arg.time != Idx(HIDDEN) else step
        weight = next((w for w in map(_weight, args[k + 1 :]) if w), "")
        weight = weight or next((w for w in map(_weight, args[:k][::-1]) if w), "")
        meant = [
            n for e in rec.equations for n in walk(e.rhs)
            if isinstance(n, Fn) and n.order == 0 and n.name == slope.name
            and any(isinstance(s, Sym) and s.name == weight for s in walk(n.arg))
        ]  # fmt: skip
        if len(meant) == 1 and time is not None:
            whole = Fn(
                slope.name, substitute_index(meant[0].arg, STEP, time), slope.order,
                span=slope.span,
            )  # fmt: skip
            args[k] = _with(arg, slope, whole)
    return replace(node, args=tuple(args))


def _weight(node: Node) -> str:
    inner = node.arg if isinstance(node, Transpose) else node
    return inner.name if isinstance(inner, Sym) else ""


def _with(node: Node, old: Node, new: Node) -> Node:
    return new if node is old else rebuild(node, lambda c: _with(c, old, new))


def _activation(name: str, rec: Recurrence, owner: str) -> Fn | None:
    """The one activation of ``owner``, or of a state, that ``name`` can be.

    An unknown one goes by any name that no other function has.
    """
    named = [e.rhs for e in rec.equations if isinstance(e.rhs, Fn) and e.rhs.name == name]
    if len(named) == 1 and name not in FUNCTIONS:
        return named[0]
    own = owner in rec.gates and isinstance(rec.rhs(owner), Fn)
    names = [owner] if own else rec.states
    states = [rec.rhs(n) for n in names]
    applied = [f for f in states if isinstance(f, Fn) and f.order == 0]
    same = [f for f in applied if f.name == name]
    unknown = [f for f in applied if f.name not in FUNCTIONS]
    # Texts that use no logistic function write σ for whatever the activation is.
    generic = applied if name == "sigma" else []
    found = same or unknown or generic
    return found[0] if len(found) == 1 else None
