r"""When one-step derivatives of one state multiply to the derivative over many steps.

In a cell with several states :math:`\prod_t\partial c_t/\partial c_{t-1}` counts only the paths
that return to ``c`` at every step. Over two steps it misses exactly

.. math:: \frac{\partial c_{t+1}}{\partial c_{t-1}}
   -\frac{\partial c_{t+1}}{\partial c_t}\frac{\partial c_t}{\partial c_{t-1}}
   =\sum_{b\ne c}\Big[\frac{\partial c_{t+1}}{\partial b_t}\Big]\,r_b(t),

where :math:`r_b(t)` is what reaches another state ``b_t`` from ``c_{t-1}`` without passing ``c_t``.
In the LSTM :math:`r_h(t)=\tanh(c_t)\,o_t(1-o_t)U_o\,o_{t-1}\tanh'(c_{t-1})`. If every ``r_b``
vanishes identically the product is the derivative, for any number of steps; over one step it always
is.
"""

from __future__ import annotations

from dataclasses import replace

from bptt_sym.derive import Range
from bptt_sym.errors import NotSupported
from bptt_sym.forms.chain import chain_of
from bptt_sym.forms.one_step import define, local, put
from bptt_sym.forms.problem import Problem
from bptt_sym.jacobian import product
from bptt_sym.notation import (
    ZERO,
    Add,
    At,
    D,
    Mul,
    Node,
    Prod,
    Sym,
    add,
    affine,
    index,
    shift,
    walk,
)
from bptt_sym.recurrence import HORIZON, Recurrence


def composition(p: Problem) -> None:
    """Whether ``∏ ∂a_t/∂a_{t-1}`` is ``∂a_T/∂a_s``, and what it misses if it is not."""
    y, x = p.y, p.x
    if not (isinstance(y, At) and isinstance(x, At) and y.name == x.name and p.is_state(y)):
        raise NotSupported("the composition of one state with itself: write dc[T]/dc[s]")
    chain = chain_of(p)
    if any(k for _, k in chain.carriers):
        raise NotSupported("a cell that looks back more than one step")
    t = p.generic
    now, before, after = (At(y.name, shift(t, k)) for k in (0, -1, 1))
    others = [s for s in chain.states if s != y.name]
    missed: list[Node] = []
    cites: list[int] = []
    for name in others:
        b = At(name, t)
        number, onward = local(p, At(y.name, t), At(name, shift(t, -1)), "immediate")
        reached = _avoiding(p, b, before, now)
        if onward != ZERO and reached != ZERO:
            cites += [number, define(p, name)]
            missed.append(product(p.at(onward, shift(t, 1)), reached))
    defect = add(*missed)
    if defect != ZERO:
        p.trail.add(
            "one step",
            D(At(y.name, shift(x.time, 1)), x, "total"),
            Prod(
                "j",
                shift(x.time, 1),
                shift(x.time, 1),
                D(At(y.name, index("j")), At(y.name, index("j", -1)), "total"),
                descending=True,
            ),
            (),
            where=(*p.horizon, *_inner(p)),
            note="over one step the product is the derivative",
        )
    lowest = p.lowest_bottom
    where = (*p.horizon, p.range(p.step, lowest + 1, shift(p.last, -1)))
    step = product(D(after, now, "total"), D(now, before, "total"))
    two = p.trail.add(
        "two steps",
        D(after, before, "total"),
        add(step, defect),
        tuple(cites),
        where=where,
        note=_note(defect, y.name),
    )
    if defect == ZERO:
        _by_induction(p, y.name, two, _path(p, y.name))


def _inner(p: Problem) -> tuple[Range, ...]:
    """The variable's step, with one step behind it."""
    assert isinstance(p.x, At)
    form = affine(p.x.time)
    assert form is not None
    names = [n for n in form[0] if n != HORIZON]
    low = p.lowest_bottom - form[1]
    return tuple(p.range(n, low, shift(p.last, -1 - form[1])) for n in names)


def _note(defect: Node, name: str) -> str:
    if defect == ZERO:
        return f"no path avoids {name} at the step between: the derivatives compose"
    common = _common_parameters(defect)
    tail = f"; it vanishes if {' or '.join(f'{c} = 0' for c in common)}" if common else ""
    return "the second term is what the product of one-step derivatives misses" + tail


def _common_parameters(defect: Node) -> list[str]:
    """Parameters that are a factor of every term."""
    terms = defect.args if isinstance(defect, Add) else (defect,)
    factors = [
        {f.name for f in (t.args if isinstance(t, Mul) else (t,)) if isinstance(f, Sym)}
        for t in terms
    ]
    return sorted(set.intersection(*factors))


def _avoiding(p: Problem, b: At, x: At, barred: At) -> Node:
    """The derivative of ``b`` by ``x`` along the paths that do not pass ``barred``."""

    def inner(u: At) -> Node:
        return ZERO if u == barred else _avoiding(p, u, x, barred)

    return p.calc.expand(b, x, inner, "total")


def _path(p: Problem, name: str) -> Node:
    assert isinstance(p.x, At) and isinstance(p.y, At)
    factor = D(At(name, index("j")), At(name, index("j", -1)), "total")
    return Prod("j", shift(p.x.time, 1), p.y.time, factor, descending=True)


def _by_induction(p: Problem, name: str, two: int, whole: Node) -> None:
    assert isinstance(p.x, At)
    t = p.generic
    now, before = At(name, t), At(name, shift(t, -1))
    horizon = [r for r in p.target_ranges if r.name not in (p.step,)]
    where = (*horizon, p.range(p.step, shift(p.x.time, 1)))
    recursion = p.trail.add(
        "every path passes the step between",
        D(now, p.x, "total"),
        product(D(now, before, "total"), D(before, p.x, "total")),
        (two,),
        where=where,
    )
    base = p.trail.add(
        "induction: base",
        D(p.x, p.x, "total"),
        p.calc.identity(p.x),
        (),
        where=p.target_ranges,
    )
    conclusion = p.trail.add(
        "induction: conclusion", p.target, whole, (recursion, base), where=p.target_ranges
    )
    p.inductions.append((base, recursion, conclusion))


def without(rec: Recurrence, *parameters: str) -> Recurrence:
    """``rec`` with parameters set to 0, and what they multiplied gone."""
    zeros: dict[Node, Node] = {Sym(n): ZERO for n in parameters}
    for n in parameters:
        if n not in rec.parameters:
            raise NotSupported(f"{rec.name} has no parameter {n}")
    equations = tuple(replace(e, rhs=put(e.rhs, zeros)) for e in rec.equations)
    used = {n.name for e in equations for n in walk(e.rhs) if isinstance(n, Sym)}
    shapes = {n: s for n, s in rec.shapes.items() if n not in parameters or n in used}
    name = f"{rec.name} with {', '.join(f'{n} = 0' for n in parameters)}"
    return replace(rec, name=name, equations=equations, shapes=shapes)
