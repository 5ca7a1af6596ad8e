r"""Derivatives within one step: definitions, immediate derivatives, one-step Jacobians.

The steps made here are at the generic step ``t`` and hold for every ``t`` in their range; the other
forms cite them at whatever step they need.
"""

from __future__ import annotations

from bptt_sym.derive import Range
from bptt_sym.errors import NotSupported
from bptt_sym.forms.problem import Problem
from bptt_sym.jacobian import NoMatrixForm, negate, offset, product
from bptt_sym.notation import (
    ZERO,
    Add,
    At,
    D,
    Diag,
    Fn,
    Had,
    Kind,
    Matrix,
    Mul,
    Neg,
    Node,
    Outer,
    Sym,
    add,
    affine,
    rebuild,
    shift,
    walk,
)

#: How the slopes that the rule table supplies are cited in a step.
_FACTS = {
    "tanh": "tanh' = 1 - tanh^2",
    "sigma": "sigma' = sigma (1 - sigma)",
    "exp": "exp' = exp",
}


def define(p: Problem, name: str) -> int:
    """The equation of ``name`` at the generic step, as a step."""
    target = At(name, p.generic)
    return p.trail.add("definition", target, p.calc.rhs(target), where=p.step_range())


def facts(p: Problem, name: str) -> str:
    """The derivative rules that differentiating the equation of ``name`` uses, for a note."""
    used = dict.fromkeys(n.name for n in walk(p.rec.rhs(name)) if isinstance(n, Fn))
    return ", ".join(_FACTS[f] for f in used if f in _FACTS)


def local(p: Problem, y: At, x: At | Sym, kind: Kind, lo: int = 1) -> tuple[int, Node]:
    """Steps for ``D(y, x, kind)`` through the gates in between, and the explicit result.

    ``y`` and ``x`` are within one step of each other, at times that are generic; the result holds
    from step ``lo``. Where matrix notation cannot write the derivative, the result is the ``D``
    that names it and no step is made (number 0).
    """
    calc = p.calc
    lhs = D(y, x, kind)
    known = p.trail.number_of(lhs)
    if known:
        return known, p.trail.steps[known - 1].rhs
    if y == x:
        return 0, calc.identity(x)
    if not calc.is_defined(y):
        return 0, ZERO
    cites = [define(p, y.name)]
    inner: dict[Node, Node] = {}
    try:
        for atom in dict.fromkeys(walk(calc.rhs(y))):
            if isinstance(atom, At) and atom != x and calc.passes(atom, y, x, kind):
                number, inner[atom] = local(p, atom, x, kind, lo)
                cites.append(number)
        expr = calc.expand(y, x, lambda u: inner[u], kind)
    except NoMatrixForm:
        return 0, lhs
    if expr == ZERO:
        return 0, ZERO
    if expr == lhs:
        return 0, lhs
    rule = "differentiate" if kind == "total" else "differentiate, earlier states fixed"
    where = _local_range(p, y, x, lo)
    number = p.trail.add(rule, lhs, expr, tuple(cites), where=where, note=facts(p, y.name))
    return number, expr


def _local_range(p: Problem, y: At, x: At | Sym, lo: int) -> tuple[Range, ...]:
    form = affine(y.time)
    ahead = form[1] if form else 0
    return p.step_range(max(lo, 1 - ahead))


def immediate_of_target(p: Problem) -> None:
    """The form ``immediate``: the derivative with earlier states held fixed."""
    y, x = p.y, p.x
    if isinstance(y, Sym):
        raise NotSupported("the immediate derivative of a total: ask for that of a state")
    generic_y = At(y.name, p.generic)
    if isinstance(x, Sym):
        generic_x: At | Sym = x
        lo = 1
    else:
        lag = offset(y.time, x.time)
        if lag is None:
            raise NotSupported(
                f"the immediate derivative by {x.name} at an unrelated step is 0 or not, as the "
                "steps fall: give both times with one index"
            )
        generic_x = At(x.name, shift(p.generic, -lag))
        lo = max(1, p.first_step(x.name) + lag)
    number, expr = local(p, generic_y, generic_x, "immediate", lo)
    lhs = D(y, x, "immediate")
    if not number:
        rule = "no path but through earlier states" if expr == ZERO else "definition"
        p.trail.add(rule, lhs, expr_at(p, expr, y), (), where=p.target_ranges)
        return
    if y != generic_y:
        value = expr_at(p, expr, y)
        p.trail.add(f"at step {show_time(y.time)}", lhs, value, (number,), where=p.target_ranges)
    drop_zero_initials(p, lhs, p.trail.steps[-1].rhs)


def expr_at(p: Problem, expr: Node, y: At) -> Node:
    return p.at(expr, y.time)


def drop_zero_initials(p: Problem, lhs: Node, expr: Node, cites: tuple[int, ...] = ()) -> Node:
    """Where an initial value 0 stands, put it in and simplify, as a step of its own."""
    smaller = _with_zeros(p, expr)
    if smaller != expr:
        p.trail.add(
            "initial value",
            lhs,
            smaller,
            (*cites, len(p.trail.steps)),
            where=p.target_ranges,
            note="the initial state is 0",
        )
    return smaller


def _with_zeros(p: Problem, node: Node) -> Node:
    zeros: dict[Node, Node] = {
        a: ZERO
        for a in walk(node)
        if p.calc.is_initial(a) and isinstance(a, At) and p.rec.initial.get(a.name) == ZERO
    }
    return put(node, zeros) if zeros else node


def put(node: Node, values: dict[Node, Node]) -> Node:
    """``node`` with ``values`` put in (never inside a derivative), zeros and ones dropped."""
    if node in values:
        return values[node]
    if isinstance(node, D):
        return node
    new = rebuild(node, lambda c: put(c, values))
    return _resimplified(new) if new is not node else node


def _resimplified(node: Node) -> Node:
    match node:
        case Mul(args=args):
            return product(*args)
        case Had(args=args) if ZERO in args:
            return ZERO
        case Add(args=args):
            return add(*args)
        case Neg(arg=a):
            return negate(a)
        case Matrix(rows=((e,),)) if e == ZERO:
            return ZERO
        case Diag(arg=a) if a == ZERO:
            return ZERO
        case Outer(left=a, right=b) if ZERO in (a, b):
            return ZERO
        case _:
            return node


def jacobian_of_target(p: Problem) -> None:
    """The form ``jacobian``: the one-step derivative of a state by an earlier state.

    With gates in between the terms of the product rule are first written with the gates'
    derivatives, then each is worked out and named A_t, B_t, … in that order (equations B10 to B12
    of the LSTM notes).
    """
    y, x = p.y, p.x
    if isinstance(y, Sym):
        raise NotSupported("a one-step Jacobian of a total: ask for that of a state")
    if isinstance(x, Sym):
        immediate_of_target(p)
        return
    lag = offset(y.time, x.time)
    if lag not in (0, 1):
        raise NotSupported(
            "a one-step Jacobian goes back one step: write dh[t]/dh[t-1]; other lags are the forms "
            "telescoped, series, horner and adjoint"
        )
    if p.calc.is_initial(x) and p.lowest_bottom:
        # Nothing else is computed from an initial value: the other states' are free, too.
        immediate_of_target(p)
        result = p.trail.steps[-1].rhs
        number = len(p.trail.steps)
        p.trail.add(
            "the other initial values are free", p.target, result, (number,), where=p.target_ranges
        )
        return
    ranges = p.target_ranges
    generic_y, generic_x = At(y.name, p.generic), At(x.name, shift(p.generic, -lag))
    lo = max(1, p.lowest_bottom + lag)
    calc = p.calc
    cites = [define(p, y.name)]
    parts: dict[Node, Node] = {}
    for atom in dict.fromkeys(walk(calc.rhs(generic_y))):
        if (
            isinstance(atom, At)
            and atom != generic_x
            and calc.passes(atom, generic_y, generic_x, "total")
        ):
            number, parts[atom] = local(p, atom, generic_x, "total", lo)
            cites.append(number)

    def unexpanded(u: At) -> Node:
        return ZERO if parts[u] == ZERO else D(u, generic_x, "total")

    lhs = D(generic_y, generic_x, "total")
    by_gates = calc.expand(generic_y, generic_x, unexpanded, "total")
    explicit = calc.expand(generic_y, generic_x, lambda u: parts[u], "total")
    where = p.step_range(lo)
    if by_gates != explicit:
        first = p.trail.add("product rule", lhs, by_gates, (cites[0],), where=where)
        numbers = [first]
        old = by_gates.args if isinstance(by_gates, Add) else (by_gates,)
        new = explicit.args if isinstance(explicit, Add) else (explicit,)
        if len(old) == len(new) > 1:
            for letter, before, after in zip("ABCDEFGHIJKLMNOPQ", old, new, strict=False):
                numbers.append(
                    p.trail.add(
                        "term",
                        before,
                        after,
                        tuple(c for c in cites if c and _cited(p, c, before)),
                        where=where,
                        label=f"{letter}_t",
                    )
                )
            note = "+".join(f"{c}_t" for c in "ABCDEFGHIJKLMNOPQ"[: len(new)])
        else:
            note = facts(p, y.name)
        p.trail.add("substitute", lhs, explicit, (*numbers, *cites[1:]), where=where, note=note)
    else:
        note = facts(p, y.name)
        p.trail.add("differentiate", lhs, explicit, tuple(cites), where=where, note=note)
    if y != generic_y:
        p.trail.add(
            f"at step {show_time(y.time)}",
            D(y, x, "total"),
            p.at(explicit, y.time),
            (len(p.trail.steps),),
            where=ranges,
        )
    drop_zero_initials(p, D(y, x, "total"), p.trail.steps[-1].rhs)


def _cited(p: Problem, number: int, term: Node) -> bool:
    return p.trail.steps[number - 1].lhs in set(walk(term))


def show_time(time: Node) -> str:
    form = affine(time)
    assert form is not None
    names = "".join(form[0])
    if not form[1] and names:
        return names
    return f"{names}{form[1]:+d}" if names else str(form[1])


__all__ = [
    "define",
    "drop_zero_initials",
    "immediate_of_target",
    "jacobian_of_target",
    "facts",
    "local",
    "put",
    "show_time",
]
