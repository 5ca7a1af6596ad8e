"""From what is asked about to the states: gates, outputs, losses and totals by the chain rule."""

from __future__ import annotations

from bptt_sym.forms.one_step import define
from bptt_sym.forms.problem import Problem
from bptt_sym.jacobian import Leaf, canonical_times, product
from bptt_sym.notation import (
    ZERO,
    Add,
    At,
    Call,
    D,
    Idx,
    Mul,
    Node,
    Sum,
    Sym,
    add,
    free_indices,
    rebuild,
    substitute_index,
    walk,
)
from bptt_sym.recurrence import HORIZON


def readout(p: Problem, states: tuple[str, ...]) -> tuple[int, Node]:
    """Steps that write ``D(y, x)`` by the derivatives ``D(state_t, x)``; their number and the sum."""
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
        expr = _put(expr, done)
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

    if isinstance(y, At):
        rhs = calc.rhs(y)
    else:
        rhs = total_of(p, y)
    if isinstance(rhs, Call):
        return calc.of_opaque(y, rhs, leaf)
    return _total_diff(p, rhs, leaf)


def _total_diff(p: Problem, rhs: Node, leaf: Leaf) -> Node:
    # The derivative of a scalar by a matrix has W's shape: linear rules suffice for a loss.
    if len(p.calc.shape(p.x)) <= 1:
        return p.calc.diff(rhs, p.x, leaf)
    match rhs:
        case Sum(var=v, lo=lo, hi=hi, body=b):
            inner = _total_diff(p, b, leaf)
            return ZERO if inner == ZERO else Sum(v, lo, hi, inner)
        case Add(args=args):
            return add(*(_total_diff(p, a, leaf) for a in args))
        case Mul(args=(*front, last)) if not any(
            leaf(a) != ZERO for f in front for a in walk(f) if isinstance(a, (At, Sym))
        ):
            inner = _total_diff(p, last, leaf)
            return ZERO if inner == ZERO else product(*front, inner)
        case At() | Sym():
            return leaf(rhs)
        case Call():
            out = []
            for a in dict.fromkeys(n for n in walk(rhs) if isinstance(n, (At, Sym))):
                if (d := leaf(a)) != ZERO:
                    out.append(product(D(rhs, a, "direct"), d))
            return add(*out)
        case _:
            # Through the state: first by the state, then the state by the matrix.
            atoms = dict.fromkeys(n for n in walk(rhs) if isinstance(n, At) and leaf(n) != ZERO)
            return add(*(product(_by(p, rhs, a), D(a, p.x, "total")) for a in atoms))


def _by(p: Problem, rhs: Node, atom: At) -> Node:
    calc = p.calc
    return calc.diff(rhs, atom, lambda a: calc.identity(atom) if a == atom else ZERO)


def total_of(p: Problem, y: Sym) -> Node:
    """The definition of a total, its last step put in, its bound indices clear of the target's."""
    total = p.rec.totals[y.name]
    if p.T is not None:
        total = substitute_index(total, HORIZON, p.last)
    return canonical_times(_renamed(total, p.fresh_names_taken))


def _renamed(node: Node, taken: frozenset[str]) -> Node:
    node = rebuild(node, lambda c: _renamed(c, taken))
    if isinstance(node, Sum) and node.var in taken:
        inside = free_indices(node.body) | free_indices(node.lo) | free_indices(node.hi)
        var = next(n for n in ("t", "s", "k", "r", "q") if n not in taken | inside)
        return Sum(var, node.lo, node.hi, substitute_index(node.body, node.var, Idx(var)))
    return node


def _put(node: Node, values: dict[Node, Node]) -> Node:
    if node in values:
        return values[node]
    if isinstance(node, D):
        return node
    new = rebuild(node, lambda c: _put(c, values))
    return product(*new.args) if isinstance(new, Mul) and new is not node else new
