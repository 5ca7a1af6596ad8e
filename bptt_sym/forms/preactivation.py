r"""Naming the pre-activations, so that :math:`\delta_t=(\partial L/\partial a_t)^\top` exists.

``h_t = tanh(W x_t + U h_{t-1} + b)`` becomes ``a_t = W x_t + …``, ``h_t = tanh(a_t)``. Nothing that
was defined changes its value, and no derivative of it changes but the *direct* one.
"""

from __future__ import annotations

from dataclasses import replace

from bptt_sym.jacobian import Calculus
from bptt_sym.notation import At, Fn, Idx, Node, Sym, rebuild, walk
from bptt_sym.recurrence import STEP, Equation, Recurrence, Shape


def with_preactivations(rec: Recurrence, parameter: str) -> Recurrence:
    """``rec`` with a sequence for every function argument that contains ``parameter`` linearly.

    One is called ``a``; several are called after what they activate, ``\\hat{f}`` for ``f``.
    """
    calc = Calculus(rec)
    targets = [
        e.target
        for e in rec.equations
        if any(isinstance(n, Sym) and n.name == parameter for n in walk(e.rhs))
    ]
    names = _names(rec)
    equations: list[Equation] = []
    shapes: dict[str, Shape] = dict(rec.shapes)
    for e in rec.equations:
        found: list[Fn] = []
        if targets:
            found = [n for n in _outermost(e.rhs) if not isinstance(n.arg, (At, Sym))]
        if len(found) != 1:
            equations.append(e)
            continue
        (fn,) = found
        name = names[e.target]
        shapes[name] = calc.shape(fn.arg)
        a = At(name, Idx(STEP))
        equations.append(Equation(name, fn.arg))
        equations.append(Equation(e.target, _replaced(e.rhs, fn, Fn(fn.name, a, fn.order))))
    return replace(rec, equations=tuple(equations), shapes=shapes)


def _outermost(node: Node) -> list[Fn]:
    if isinstance(node, Fn):
        parameters = any(isinstance(n, Sym) for n in walk(node.arg))
        return [node] if parameters and node.order == 0 else []
    from bptt_sym.notation import children

    return [f for c in children(node) for f in _outermost(c)]


def _replaced(node: Node, old: Node, new: Node) -> Node:
    return new if node == old else rebuild(node, lambda c: _replaced(c, old, new))


def _names(rec: Recurrence) -> dict[str, str]:
    """A free name for the pre-activation of every sequence that has one."""
    having = [e.target for e in rec.equations if len(_outermost(e.rhs)) == 1]
    taken = {*rec.shapes, *rec.totals}
    if len(having) == 1 and "a" not in taken:
        return {having[0]: "a"}
    out = {}
    for target in having:
        # \tilde{c}^{(2)} becomes \hat{c}^{(2)}: the accent is over the letter alone.
        bare, caret, layer = target.partition("^")
        bare = bare[len(r"\tilde{") : -1] if bare.startswith(r"\tilde{") else bare
        name = rf"\hat{{{bare}}}{caret}{layer}"
        while name in taken:
            name = rf"\hat{{{name}}}"
        taken.add(name)
        out[target] = name
    return out
