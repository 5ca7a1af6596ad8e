"""From what is asked about to the states: gates, outputs, losses and totals by the chain rule."""

from __future__ import annotations

from bptt_sym.errors import NotSupported
from bptt_sym.forms.one_step import define, put
from bptt_sym.forms.problem import EXPAND, Problem
from bptt_sym.jacobian import Leaf, canonical_times, product
from bptt_sym.notation import (
    ZERO,
    Add,
    At,
    Call,
    D,
    Idx,
    Matrix,
    Node,
    Ones,
    Sum,
    Sym,
    add,
    free_indices,
    num,
    rebuild,
    substitute_index,
    walk,
)
from bptt_sym.recurrence import HORIZON


def readout(p: Problem, states: tuple[str, ...]) -> tuple[int, Node]:
    """Steps that write ``D(y, x)`` by the ``D(state_t, x)``; the last one's number and the sum."""
    y = p.y
    expr = differentiated(p, y)
    cites = []
    if isinstance(y, Sym):
        definition = total_of(p, y)
        cites.append(p.trail.add("definition", y, definition, where=p.horizon))
    else:
        cites.append(define(p, y.name))
    number = p.trail.add("chain rule", p.target, expr, tuple(cites), where=p.target_ranges)
    while True:
        pending = [
            n
            for n in walk(expr)
            if isinstance(n, D)
            and n.x == p.x
            and n.kind == "total"
            and isinstance(n.y, At)
            and n.y.name not in states
            and p.calc.is_defined(n.y)
            and n.y != p.x
        ]
        if not pending:
            return number, expr
        cites = [number]
        done: dict[Node, Node] = {}
        for d in pending:
            assert isinstance(d, D) and isinstance(d.y, At)
            if d in done:
                continue
            cites.append(define(p, d.y.name))
            done[d] = differentiated(p, d.y)
        expr = put(expr, done)
        number = p.trail.add("chain rule", p.target, expr, tuple(cites), where=p.target_ranges)


def differentiated(p: Problem, y: At | Sym) -> Node:
    """``D(y, x)`` by one use of the chain rule on the equation of ``y``."""
    calc, x = p.calc, p.x

    def leaf(a: Node) -> Node:
        if a == x:
            return calc.identity(x)
        if isinstance(a, At) and a.name in p.rec.defined and calc.depends_on(a.name, x):
            return D(a, x, "total")
        if isinstance(a, Sym) and a.name in p.rec.totals and calc.depends_on(a.name, x):
            return D(a, x, "total")
        return ZERO

    rhs = calc.rhs(y) if isinstance(y, At) else total_of(p, y)
    if len(calc.shape(x)) > 1:
        return _by_matrix(p, y, rhs, leaf)
    if isinstance(rhs, Call):
        return calc.of_opaque(y, rhs, leaf)
    return calc.diff(rhs, x, leaf)


def _by_matrix(p: Problem, y: At | Sym, rhs: Node, leaf: Leaf) -> Node:
    """By a matrix: what the equation shows of it by name, the rest through what it is made of."""
    if isinstance(rhs, Sum):
        inner = _by_matrix(p, y, rhs.body, leaf)
        return ZERO if inner == ZERO else Sum(rhs.var, rhs.lo, rhs.hi, inner)
    if isinstance(rhs, Add) and isinstance(y, Sym):
        return add(*(_by_matrix(p, y, a, leaf) for a in rhs.args))
    if isinstance(rhs, At):
        return leaf(rhs)
    terms: list[Node] = []
    atoms = dict.fromkeys(n for n in walk(rhs) if isinstance(n, (At, Sym)))
    if p.x in atoms:
        if isinstance(y, Sym):
            raise NotSupported(f"{y.name} contains {p.x.name} itself")
        terms.append(D(y, p.x, "direct"))
    for a in atoms:
        if a != p.x and (d := leaf(a)) != ZERO:
            terms.append(outward(p, _by(p, y, rhs, a), d))
    return add(*terms)


def outward(p: Problem, left: Node, by_matrix: Node) -> Node:
    """``left`` times the derivative of a scalar or vector by a matrix.

    A column times the derivative of a scalar has three axes; the derivative is then written as a
    block of one row, which is what the column multiplies.
    """
    if by_matrix == ZERO:
        return ZERO
    column = len(p.calc.shape(left)) == 1 and not isinstance(left, Ones)
    return product(left, Matrix(((by_matrix,),)) if column else by_matrix)


def _by(p: Problem, y: At | Sym, rhs: Node, atom: At | Sym) -> Node:
    calc = p.calc

    def only(a: Node) -> Node:
        return calc.identity(atom) if a == atom else ZERO

    return calc.of_opaque(y, rhs, only) if isinstance(rhs, Call) else calc.diff(rhs, atom, only)


def total_of(p: Problem, y: Sym) -> Node:
    """The definition of a total, its last step put in, its bound indices clear of the target's."""
    total = p.rec.totals[y.name]
    if p.T is not None:
        total = substitute_index(total, HORIZON, p.last)
        written_out = isinstance(p.x, Sym) and p.form != "adjoint"
        if isinstance(total, Sum) and p.T <= EXPAND and written_out:
            every = range(1, p.T + 1)
            total = add(*(substitute_index(total.body, total.var, num(k)) for k in every))
    return canonical_times(_renamed(total, p.fresh_names_taken))


def _renamed(node: Node, taken: frozenset[str]) -> Node:
    node = rebuild(node, lambda c: _renamed(c, taken))
    if isinstance(node, Sum) and node.var in taken:
        inside = free_indices(node.body) | free_indices(node.lo) | free_indices(node.hi)
        var = next(n for n in ("t", "s", "k", "r", "q") if n not in taken | inside)
        return Sum(var, node.lo, node.hi, substitute_index(node.body, node.var, Idx(var)))
    return node
