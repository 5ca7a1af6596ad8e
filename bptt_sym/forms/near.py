"""Derivatives over so few steps that no form has a recursion or a sum: all forms are this one."""

from __future__ import annotations

from bptt_sym.errors import InputError, NotSupported
from bptt_sym.forms.one_step import (
    define,
    drop_zero_initials,
    immediate_of_target,
    jacobian_of_target,
    local,
    put,
    show_time,
)
from bptt_sym.forms.problem import Problem
from bptt_sym.forms.readout import differentiated, total_of
from bptt_sym.jacobian import offset
from bptt_sym.notation import (
    ONE,
    ZERO,
    At,
    D,
    Node,
    Sum,
    Sym,
    add,
    affine,
    rebuild,
    shift,
    walk,
)


def near(p: Problem) -> None:
    """The total derivative by an element a few steps before the end, written out."""
    x = p.x
    if isinstance(x, Sym):
        _of_its_own_step(p)
        return
    lag = offset(p.top, x.time)
    if lag is None:
        raise InputError(
            f"{p.y.name} and {x.name} lie too near for two steps without one index",
            hint="give both steps as numbers, or leave T symbolic",
        )
    if isinstance(p.y, Sym):
        _of_total(p, p.y, x, lag)
    elif p.y == x:
        p.trail.add("an element by itself", p.target, p.calc.identity(x), where=p.target_ranges)
    elif lag <= 1 and not _before_the_run(x):
        jacobian_of_target(p)
        return
    else:
        number, value = _between(p, p.y, x, lag)
        if not number or p.trail.steps[number - 1].lhs != p.target:
            rule = f"at step {show_time(p.top)}" if number else "nothing reads it"
            p.trail.add(rule, p.target, value, (number,), where=p.target_ranges)
    drop_zero_initials(p, p.target, p.trail.steps[-1].rhs)


def _of_its_own_step(p: Problem) -> None:
    """By a parameter, of what a step computes from states that do not depend on it."""
    carried = bool(p.relevant_states())
    if (carried and p.top != ONE) or not isinstance(p.y, At):
        raise NotSupported(f"{p.y.name} reads states before the run: leave T symbolic")
    immediate_of_target(p)
    number = len(p.trail.steps)
    value = p.trail.steps[-1].rhs
    note = f"the initial values do not depend on {p.x.name}" if carried else ""
    rule = "first step" if carried else "no state depends on it"
    p.trail.add(rule, p.target, value, (number,), where=p.target_ranges, note=note)


def _before_the_run(x: At) -> bool:
    form = affine(x.time)
    return form is not None and not form[0] and form[1] < 1


def _between(p: Problem, y: At, x: At, lag: int) -> tuple[int, Node]:
    """``D(y, x)`` through every equation between the two, ``lag`` steps apart."""
    if _before_the_run(x):
        # What step 1 reads depends on where it stands: there is no generic step to speak of.
        return local(p, y, x, "total")
    t = p.generic
    low = max(1, p.lowest_bottom + lag)
    number, value = local(p, At(y.name, t), At(x.name, shift(t, -lag)), "total", low)
    return number, p.at(value, y.time)


def _of_total(p: Problem, y: Sym, x: At, lag: int) -> None:
    definition = p.trail.add("definition", y, total_of(p, y), where=p.horizon)
    expr = _last_terms(p, differentiated(p, y), lag)
    known = {n: offset(n.y.time, x.time) for n in walk(expr) if _unknown(n, p)}  # type: ignore[attr-defined]
    expr = put(expr, {n: ZERO for n, ahead in known.items() if ahead is None or ahead < 0})
    chain = p.trail.add("chain rule", p.target, expr, (definition,), where=p.target_ranges)
    cites = [chain]
    values: dict[Node, Node] = {}
    for n, ahead in known.items():
        if ahead is not None and ahead >= 0:
            assert isinstance(n, D) and isinstance(n.y, At)
            define(p, n.y.name)
            number, values[n] = _between(p, n.y, x, ahead)
            cites.append(number)
    p.trail.add(
        "put in", p.target, put(expr, values), tuple(cites), where=p.target_ranges, again=True
    )


def _unknown(n: Node, p: Problem) -> bool:
    return isinstance(n, D) and n.x == p.x and n.kind == "total" and isinstance(n.y, At)


def _last_terms(p: Problem, node: Node, lag: int) -> Node:
    """Sums over the run cut to the steps that the variable reaches, written out."""
    if isinstance(node, Sum) and offset(node.hi, p.last) == 0:
        steps = (shift(node.hi, -k) for k in range(lag + 1))
        return add(*(p.substituted(node.body, node.var, s) for s in steps))
    if isinstance(node, D):
        return node
    return rebuild(node, lambda c: _last_terms(p, c, lag))


__all__ = ["near"]
