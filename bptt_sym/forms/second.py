r"""Second derivatives by a scalar parameter: the forward recursion differentiated once more.

.. math:: \frac{\partial^2h_t}{\partial w^2}
   =J_t\frac{\partial^2h_{t-1}}{\partial w^2}+R_t

with the same one-step Jacobian :math:`J_t` as the first derivative and a remainder of first
derivatives, so that it, too, is a sum of path products.
"""

from __future__ import annotations

from bptt_sym.errors import NotSupported
from bptt_sym.forms.forward import Forward
from bptt_sym.forms.one_step import put
from bptt_sym.forms.problem import Problem
from bptt_sym.forms.recursion import by_equation
from bptt_sym.jacobian import product
from bptt_sym.notation import (
    ONE,
    ZERO,
    Add,
    At,
    D,
    Idx,
    Mul,
    Neg,
    Node,
    Num,
    Sum,
    Sym,
    add,
    affine,
    num,
    rebuild,
    shift,
)


def second_derivative(p: Problem) -> None:
    """``∂²y/∂x²`` of a state by a scalar parameter."""
    x, y = p.x, p.y
    if not isinstance(x, Sym) or p.calc.shape(x):
        raise NotSupported("a second derivative is by a scalar parameter")
    if not isinstance(y, At):
        raise NotSupported("the second derivative of a total: ask for that of a state")
    f = Forward(p)
    if y.name not in f.chain.states:
        raise NotSupported(f"{y.name} is no state: ask for the second derivative of a state")
    first = by_equation(p, f)
    if first is None:
        raise NotSupported("no matrix form for this second derivative")
    started = f.start_each(2)
    second: dict[Node, tuple[int, Node]] = {}
    for lhs, (number, expr) in first.items():
        twice = D(lhs, x, "total")
        value = collected(_differentiated(p, expr, x))
        second[twice] = (
            p.trail.add("differentiate again", twice, value, (number,), where=p.step_range()),
            value,
        )
    top = affine(p.top)
    assert top is not None
    generic = D(D(At(y.name, p.generic), x, "total"), x, "total")
    number, value = second[generic]
    if top[0]:
        if len(second) == 1 and f.chain.single:
            _summed(p, f, generic, number, value, started)
        else:
            lhs = p.at(generic, p.top)
            p.trail.add(
                "at the last step",
                lhs,
                p.at(value, p.top),
                (number,),
                where=p.target_ranges,
                again=True,
            )
        return
    zeros: dict[Node, Node] = {}
    for z in f.chain.elements(num(0)):
        once = D(z, x, "total")
        zeros |= {once: ZERO, D(once, x, "total"): ZERO}
    for k in range(1, top[1] + 1):
        for lhs, (cited, expr) in {**first, **second}.items():
            at_k = put(p.at(expr, num(k)), zeros if k == 1 else {})
            p.trail.add(f"step {k}", p.at(lhs, num(k)), at_k, (cited, started), where=p.horizon)
    last = p.at(generic, p.top)
    known = p.trail.number_of(last)
    p.trail.add("result", last, p.trail.steps[known - 1].rhs, (known,), where=p.horizon, again=True)


def _differentiated(p: Problem, expr: Node, x: Sym) -> Node:
    calc = p.calc

    def leaf(a: Node) -> Node:
        if a == x:
            return calc.identity(x)
        if isinstance(a, At) and a.name in p.rec.defined and calc.depends_on(a.name, x):
            return D(a, x, "total")
        if isinstance(a, D):
            if a.x != x or a.kind != "total":
                raise NotSupported("the second derivative of an opaque function")
            return D(a, x, "total")
        return ZERO

    return calc.diff(expr, x, leaf)


def _summed(p: Problem, f: Forward, generic: Node, number: int, value: Node, started: int) -> None:
    c, t = f.chain, p.generic
    number_j, step = c.explicit_matrix
    (before,) = c.elements(shift(t, -1))
    earlier = D(D(before, p.x, "total"), p.x, "total")
    rest = put(value, {earlier: ZERO})
    where = p.step_range()
    recursion = p.trail.add(
        "by the one-step Jacobian",
        generic,
        add(rest, product(step, earlier)),
        (number, number_j),
        where=where,
        note="the remainder holds first derivatives only",
    )
    s = next(n for n in ("t", "s", "k", "r") if n not in p.fresh_names_taken)

    def total(time: Node, var: str) -> Node:
        body = product(c.path(step, shift(Idx(var), 1), time, "j"), p.at(rest, Idx(var)))
        return Sum(var, ONE, time, body)

    inner = next(n for n in ("s", "k", "r") if n != p.step and n != s)
    base = p.trail.add(
        "induction: base",
        p.at(generic, ONE),
        p.at(rest, ONE),
        (recursion, started),
        where=p.horizon,
    )
    grown = p.trail.add(
        "induction: step",
        add(rest, product(step, total(shift(t, -1), inner))),
        total(t, inner),
        (recursion,),
        where=p.step_range(2),
    )
    conclusion = p.trail.add(
        "induction: conclusion",
        p.at(generic, p.top),
        total(p.top, s),
        (recursion, base, grown),
        where=p.target_ranges,
    )
    if base and grown:
        p.inductions.append((base, grown, conclusion))


def collected(node: Node) -> Node:
    """Equal terms of every sum counted: ``a + a`` is ``2 a``."""
    node = node if isinstance(node, D) else rebuild(node, collected)
    if not isinstance(node, Add):
        return node
    counts: dict[Node, Num] = {}
    for term in node.args:
        size, body = _coefficient(term)
        counts[body] = Num(counts.get(body, num(0)).value + size.value)
    return add(*(product(n, body) for body, n in counts.items() if n != ZERO))


def _coefficient(term: Node) -> tuple[Num, Node]:
    match term:
        case Neg(arg=a):
            n, body = _coefficient(a)
            return Num(-n.value), body
        case Mul(args=(Num() as n, *rest)) if rest:
            return n, product(*rest)
        case _:
            return num(1), term


__all__ = ["collected", "second_derivative"]
