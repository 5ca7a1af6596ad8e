r"""The Horner form: the forward recursion itself (real-time recurrent learning).

Every equation is differentiated once, in the order in which a step is computed (Williams & Zipser
1989):

.. math:: \frac{\partial h_t}{\partial w}
          =(1-h_t^2)\Big(h_{t-1}+w\frac{\partial h_{t-1}}{\partial w}\Big)

For a number T and one sequence the recursion is also nested into one expression, which costs T
products where the series costs T².
"""

from __future__ import annotations

from bptt_sym.forms.forward import Forward
from bptt_sym.forms.one_step import define, drop_zero_initials, facts, put
from bptt_sym.forms.problem import Problem
from bptt_sym.forms.readout import differentiated
from bptt_sym.jacobian import NoMatrixForm, product
from bptt_sym.notation import (
    ZERO,
    At,
    D,
    Node,
    Sym,
    add,
    affine,
    num,
    shift,
)

#: Nested at most so deep; beyond that the recursion's steps are the whole answer.
NEST = 32
Equations = dict[Node, tuple[int, Node]]


def horner(p: Problem) -> None:
    """The forward recursion, from the start to the target."""
    if isinstance(p.x, At):
        p.gap = 1
    f = Forward(p)
    if isinstance(p.x, At):
        p.gap = max(p.gap, f.readout_reach + 1, max(f.sources.lags, default=0) + 1)
        f.check_gap()
    number, start = f.start()
    equations = by_equation(p, f) if isinstance(p.x, Sym) else None
    if equations is None:
        equations = _by_state(p, f)
    top = affine(f.top)
    assert top is not None
    below = affine(f.sources.first) if isinstance(p.x, At) else None
    if p.T is not None and top[0] and f.chain_readout is not None and f.sources.every_step:
        top = ({}, p.T)
    if top[0] or (below is not None and below[0]):
        # With a symbol for one of the steps the recursion is the form: it has no fixed length.
        _at_top(p, f, equations)
    else:
        _unrolled(p, f, equations, top[1], number, start)
    f.finish_recursion()
    last = p.trail.steps[-1]
    drop_zero_initials(p, last.lhs, last.rhs)


def by_equation(p: Problem, f: Forward) -> Equations | None:
    """``D(v_t, x)`` for every sequence between the variable and the states, at the generic step."""
    needed = frozenset[str]().union(*(p.calc.needs(s) for s in f.chain.states))
    names = [n for n in p.rec.defined if n in needed and p.calc.depends_on(n, p.x)]
    out: Equations = {}
    try:
        found = {n: differentiated(p, At(n, p.generic)) for n in names}
    except NoMatrixForm:
        return None
    for n, expr in found.items():
        lhs = D(At(n, p.generic), p.x, "total")
        cites = (define(p, n),)
        out[lhs] = (
            p.trail.add("differentiate", lhs, expr, cites, where=p.step_range(), note=facts(p, n)),
            expr,
        )
    return out


def _by_state(p: Problem, f: Forward) -> Equations:
    """The same in one-step Jacobians, for variables that the equations do not show."""
    c, t = f.chain, p.generic
    recursion = f.recursion()
    number_j, j = c.explicit_matrix
    onward = product(j, c.gradient(shift(t, -1)))
    if f.sources.every_step:
        number_b, b = c.explicit_source(p.x)
        expr, where = add(b, onward), p.step_range()
    else:
        number_b, expr, where = 0, onward, f.behind()
    lhs = c.gradient(t)
    number = p.trail.add(
        "one-step derivatives put in", lhs, expr, (recursion, number_j, number_b), where=where
    )
    return {lhs: (number or recursion, expr)}


def _at_top(p: Problem, f: Forward, equations: Equations) -> None:
    for lhs, (number, expr) in equations.items():
        if f.top != p.generic:
            p.trail.add(
                "at the last step" if f.top == p.last else "at the step asked for",
                p.at(lhs, f.top),
                p.at(expr, f.top),
                (number,),
                where=f.top_ranges(),
            )


def _unrolled(
    p: Problem, f: Forward, equations: Equations, n: int, started: int, start: Node
) -> None:
    first = 1
    known: dict[Node, Node] = {}
    c = f.chain
    if f.sources.every_step:
        if start == ZERO:
            zeros = [D(z, p.x, "total") for z in c.elements(num(0))]
            known = dict.fromkeys(zeros, ZERO)
    else:
        at = affine(f.sources.first)
        assert at is not None and not at[0]
        first = at[1] + 1
        known = {c.gradient(num(at[1])): start}
    nested = len(equations) == 1 and n - first < NEST
    for k in range(first, n + 1):
        for lhs, (number, expr) in equations.items():
            here, value = p.at(lhs, num(k)), put(p.at(expr, num(k)), known)
            cites = (number, started if k == first else 0, p.trail.number_of(p.at(lhs, num(k - 1))))
            p.trail.add(f"step {k}", here, value, cites, where=p.target_ranges)
            if nested:
                known = {here: value}
                p.nested[here] = value


__all__ = ["by_equation", "horner"]
