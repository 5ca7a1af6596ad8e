r"""Second derivatives by a scalar parameter: the forward recursion differentiated once more.

.. math:: \frac{\partial^2h_t}{\partial w^2}
   =J_t\frac{\partial^2h_{t-1}}{\partial w^2}+R_t

with the same one-step Jacobian :math:`J_t` as the first derivative and a remainder of first
derivatives, so that it, too, is a sum of path products.
"""

from __future__ import annotations

from collections import Counter

from bptt_sym.errors import NotSupported
from bptt_sym.forms.forward import Forward
from bptt_sym.forms.one_step import define, put
from bptt_sym.forms.problem import Problem
from bptt_sym.forms.readout import readout, total_of
from bptt_sym.forms.recursion import Equations, by_equation
from bptt_sym.jacobian import product
from bptt_sym.notation import (
    ONE,
    ZERO,
    Add,
    At,
    Call,
    D,
    Idx,
    Mul,
    Neg,
    Node,
    Num,
    Pow,
    Sum,
    Sym,
    add,
    affine,
    free_indices,
    num,
    rebuild,
    shift,
    walk,
)


def second_derivative(p: Problem) -> None:
    """``∂²y/∂x²`` of a state by a scalar parameter."""
    x, y = p.x, p.y
    if not isinstance(x, Sym) or p.calc.shape(x):
        raise NotSupported("a second derivative is by a scalar parameter")
    if not p.relevant_states():
        _of_readout(p, *readout(p, ()), {})
        return
    f = Forward(p)
    first = by_equation(p, f)
    if first is None:
        raise NotSupported("no matrix form for this second derivative")
    started = f.start_each(2)
    second: Equations = {}
    for lhs, (number, expr) in first.items():
        twice = D(lhs, x, "total")
        value = Again(p, first).of(expr)
        second[twice] = (
            p.trail.add("differentiate again", twice, value, (number,), where=p.step_range()),
            value,
        )
    top = affine(p.top)
    assert top is not None
    if f.chain_readout is not None:
        if p.T is not None:
            _step_by_step(p, f, {**first, **second}, started, p.T)
        elif len(second) == 1 and f.chain.single:
            ((generic, (cited, value)),) = second.items()
            _summed(p, f, generic, cited, value, started, p.generic)
        _of_readout(p, *f.chain_readout, first)
        return
    generic = D(D(At(y.name, p.generic), x, "total"), x, "total")
    number, value = second[generic]
    if top[0]:
        if len(second) == 1 and f.chain.single:
            _summed(p, f, generic, number, value, started, p.top)
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
    _step_by_step(p, f, {**first, **second}, started, top[1])
    last = p.at(generic, p.top)
    known = p.trail.number_of(last)
    p.trail.add("result", last, p.trail.steps[known - 1].rhs, (known,), where=p.horizon, again=True)


def _step_by_step(p: Problem, f: Forward, every: Equations, started: int, last: int) -> None:
    """The recursions of both derivatives from the first step to ``last``."""
    zeros: dict[Node, Node] = {}
    for z in f.chain.elements(num(0)):
        once = D(z, p.x, "total")
        zeros |= {once: ZERO, D(once, p.x, "total"): ZERO}
    for k in range(1, last + 1):
        for lhs, (cited, expr) in every.items():
            at_k = put(p.at(expr, num(k)), zeros if k == 1 else {})
            p.trail.add(f"step {k}", p.at(lhs, num(k)), at_k, (cited, started), where=p.horizon)


def _of_readout(p: Problem, number: int, expr: Node, first: Equations) -> None:
    """Of an output, a loss or a total: its own chain rule differentiated once more."""
    again = Again(p, first)
    twice, value = D(p.target, p.x, "total"), again.of(expr)
    p.trail.add(
        "differentiate again", twice, value, (number, *again.cites), where=p.target_ranges
    )


class Again:
    """A first derivative differentiated once more by the same scalar parameter.

    Derivatives of states and of what a step computes on the way to them stay as they are; those of
    outputs are written by the chain rule; those of an unknown function give its second ones.
    """

    def __init__(self, p: Problem, first: Equations) -> None:
        self.p = p
        #: Numbers of the definitions that were needed.
        self.cites: list[int] = []
        elements = (lhs.y for lhs in first if isinstance(lhs, D))
        self._carried = {y.name for y in elements if isinstance(y, At)}
        assert isinstance(p.x, Sym)
        self.x = p.x

    def of(self, expr: Node) -> Node:
        found = self.p.calc.diff(expr, self.x, self._leaf)
        return collected(_spread(found) if self.p.rec.is_scalar else found)

    def _leaf(self, a: Node) -> Node:
        calc = self.p.calc
        if isinstance(a, D):
            return self._of_derivative(a)
        if a == self.x:
            return calc.identity(self.x)
        if not (isinstance(a, At) and a.name in self.p.rec.defined):
            return ZERO
        if not calc.depends_on(a.name, self.x):
            return ZERO
        if a.name in self._carried:
            return D(a, self.x, "total")
        self.cites.append(define(self.p, a.name))
        return self.of(calc.rhs(a))

    def _of_derivative(self, a: D) -> Node:
        if a.x == self.x and a.kind == "total" and isinstance(a.y, At):
            return D(a, self.x, "total")
        call = a.y
        if isinstance(call, At):
            call = self.p.calc.rhs(call)
        elif isinstance(call, Sym):
            call = total_of(self.p, call)
        if not isinstance(call, Call):
            raise NotSupported("no form for this second derivative")
        terms: list[Node] = []
        named = (n for n in walk(call) if isinstance(n, (At, Sym)))
        atoms: list[Node] = [*dict.fromkeys(named)]
        for atom in atoms:
            inner = self._leaf(atom)
            if inner == ZERO:
                continue
            if any(self.p.calc.shape(n) for n in (a.y, a.x, atom)):
                raise NotSupported("the second derivatives of an unknown function of vectors")
            # Mixed ones are equal (Schwarz): the variables in one order, so that terms are counted.
            one, two = sorted((a.x, atom), key=atoms.index)
            terms.append(product(D(D(a.y, one, a.kind), two, a.kind), inner))
        return add(*terms)


def _summed(
    p: Problem, f: Forward, generic: Node, number: int, value: Node, started: int, top: Node
) -> None:
    """The sum of path products, at the step ``top``, by induction over the steps."""
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
    taken = p.fresh_names_taken | free_indices(top)
    s = next(n for n in ("t", "s", "k", "r") if n not in taken)

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
        p.at(generic, top),
        total(top, s),
        (recursion, base, grown),
        where=p.step_range() if top == p.generic else p.target_ranges,
    )
    if base and grown:
        p.inductions.append((base, grown, conclusion))


def _spread(node: Node) -> Node:
    """Sums of second partial derivatives multiplied out, equal derivatives in a product squared."""
    if isinstance(node, D):
        return node
    node = rebuild(node, _spread)
    if not isinstance(node, Mul):
        return add(*node.args) if isinstance(node, Add) else node
    for i, a in enumerate(node.args):
        if isinstance(a, Add) and all(_is_second(t) for t in a.args):
            before, after = node.args[:i], node.args[i + 1 :]
            return add(*(_spread(product(*before, t, *after)) for t in a.args))
    times = Counter(node.args)
    once = dict.fromkeys(node.args)
    factors = ([a if times[a] == 1 else Pow(a, num(times[a]))] if isinstance(a, D)
               else [a] * times[a] for a in once)  # fmt: skip
    return product(*(f for several in factors for f in several))


def _is_second(term: Node) -> bool:
    first = term.args[0] if isinstance(term, Mul) else term
    return isinstance(first, D) and isinstance(first.y, D)


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
