r"""The adjoint form: the backward (δ) recursion and the sum of what each step contributes.

With :math:`\bar v_t=\partial L/\partial v_t` for every sequence ``v`` between the variable and what
is differentiated, and the direct derivatives of the equations:

.. math:: \bar v_t=\Big[\frac{\partial L}{\partial v_t}\Big]
          +\sum_{u,k}\bar u_{t+k}\frac{\partial u_{t+k}}{\partial v_t},\qquad
          \frac{\partial L}{\partial w}=\sum_t\sum_v\bar v_t\frac{\partial v_t}{\partial w}

(Werbos 1990, eq. 20–23). By a matrix, with :math:`\delta_t=(\partial L/\partial a_t)^\top`, that is
:math:`\partial L/\partial W=\sum_t\delta_t h_{t-1}^\top`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property, partial

from bptt_sym.derive import Range
from bptt_sym.errors import NotSupported
from bptt_sym.forms.one_step import define, drop_zero_initials, facts
from bptt_sym.forms.problem import EXPAND, Problem, TooNear
from bptt_sym.forms.pullback import pullback
from bptt_sym.forms.readout import outward, total_of
from bptt_sym.jacobian import NoMatrixForm, canonical_times, offset, product
from bptt_sym.notation import (
    ONE,
    ZERO,
    Add,
    At,
    Call,
    D,
    Idx,
    Node,
    Sum,
    Sym,
    Transpose,
    add,
    affine,
    num,
    shift,
    substitute_index,
    walk,
)
from bptt_sym.recurrence import references


@dataclass
class Adjoint:
    """The backward recursion of one problem."""

    p: Problem
    #: Adjoints that do not depend on later ones, at the generic step.
    plain: dict[str, Node] = field(default_factory=dict)

    def run(self) -> None:
        """All steps, ending with the target."""
        p = self.p
        if isinstance(p.y, Sym):
            p.trail.add("definition", p.y, total_of(p, p.y), where=p.horizon)
        for v in reversed(self.sequences):
            self._adjoint(v)
        if isinstance(p.x, Sym):
            self._sum_of_uses(p.x)
        else:
            self._at_variable(p.x)
        last = p.trail.steps[-1]
        drop_zero_initials(p, last.lhs, last.rhs)

    # ------------------------------------------------------------------ the graph

    @cached_property
    def sequences(self) -> tuple[str, ...]:
        """Between the variable and what is differentiated, in order of computation."""
        calc, y, x = self.p.calc, self.p.y, self.p.x
        needed = calc.needs(y.name)
        if isinstance(y, Sym):
            # A total may share its name with the losses it sums.
            needed = frozenset[str]().union(
                *(calc.needs(n.name) for n in walk(self.p.rec.totals[y.name]) if isinstance(n, At))
            )
        return tuple(
            n for n in self.p.rec.defined if n in needed and (calc.depends_on(n, x) or n == x.name)
        )

    def users(self, name: str) -> list[tuple[str, int]]:
        """``(u, k)``: the equation of ``u`` at ``t + k`` reads ``name`` at ``t``."""
        return [
            (u, k)
            for u in self.sequences
            for n, k in dict.fromkeys(references(self.p.rec.rhs(u)))
            if n == name
        ]

    @cached_property
    def reach(self) -> int:
        """The longest lag."""
        return max((k for v in self.sequences for _, k in self.users(v)), default=0)

    def bar(self, name: str, time: Node) -> Node:
        """The adjoint of an element: named, or itself if it depends on no later one."""
        if name in self.plain:
            return self.p.at(self.plain[name], time)
        if At(name, time) == self.p.y:
            return self.p.calc.identity(self.p.y)
        return D(self.p.y, At(name, time), "total")

    def own(self, name: str) -> tuple[Node, Node]:
        """What a total shows of ``name``: (at every step t, at the last step)."""
        p = self.p
        if not isinstance(p.y, Sym):
            return ZERO, ZERO
        every: Node = ZERO
        end: Node = ZERO
        body = total_of(p, p.y)
        for term in body.args if isinstance(body, Add) else (body,):
            inner = term.body if isinstance(term, Sum) else term
            for atom in dict.fromkeys(n for n in walk(inner) if isinstance(n, At)):
                if atom.name != name:
                    continue
                value = self._partial(inner, atom)
                if isinstance(term, Sum):
                    back = offset(atom.time, Idx(term.var))
                    if back != 0 or term.lo != ONE or term.hi != p.last:
                        raise NotSupported(f"a total that sums {name} over part of the run")
                    value = _rename(value, term.var, p)
                    every = add(every, value)
                elif offset(atom.time, p.last) == 0:
                    end = add(end, value)
                elif p.T is not None:
                    raise NotSupported("a total written out step by step: leave T symbolic")
                else:
                    raise NotSupported(f"a total that reads {name} before the last step")
        return every, end

    def _partial(self, inner: Node, atom: At) -> Node:
        if isinstance(inner, Call):
            only = len([n for n in walk(inner) if isinstance(n, (At, Sym))]) == 1
            y = self.p.y
            whole = self.p.rec.totals[y.name]
            named = y if only and isinstance(whole, Call) else inner
            return D(named, atom, "total" if named is y else "direct")
        calc = self.p.calc
        return calc.diff(inner, atom, lambda a: calc.identity(atom) if a == atom else ZERO)

    # ------------------------------------------------------------------ the recursion

    def _terms(self, name: str, time: Node, lags: range) -> Node:
        p = self.p
        terms = []
        for u, k in self.users(name):
            if k in lags:
                later = shift(time, k)
                direct = p.calc.direct(At(u, later), At(name, time))
                terms.append(product(self.bar(u, later), direct))
        return add(*terms)

    def _adjoint(self, name: str) -> None:
        p, t = self.p, self.p.generic
        cites = tuple(define(p, u) for u in dict.fromkeys(u for u, _ in self.users(name)))
        every, end = self.own(name)
        note = ", ".join(dict.fromkeys(f for u, _ in self.users(name) if (f := facts(p, u))))
        if not self.users(name) and isinstance(p.y, Sym) and end == ZERO:
            self.plain[name] = every
            p.trail.add("adjoint", D(p.y, At(name, t), "total"), every, cites, where=self._range(0))
            return
        top = p.top
        # What only gates of the same step read has one equation, up to the end.
        only_now = end == ZERO and all(k == 0 for _, k in self.users(name)) and name != p.y.name
        reach = 0 if only_now else self.reach
        for r in range(reach):
            at = shift(top, -r)
            lhs = D(p.y, At(name, at), "total")
            if at == top and isinstance(p.y, At) and p.y.name == name:
                value = p.calc.identity(p.y)
            else:
                value = add(
                    p.at(every, at),
                    p.at(end, at) if r == 0 else ZERO,
                    self._terms(name, at, range(r + 1)),
                )
            if value != lhs:
                p.trail.add(
                    "adjoint at the end" if r == 0 else f"adjoint {r} before the end",
                    lhs,
                    value,
                    cites,
                    where=self._boundary(r),
                )
        lhs = D(p.y, At(name, t), "total")
        value = add(self._terms(name, t, range(reach + 1)), every)
        number = p.trail.add(
            "adjoint recursion",
            lhs,
            value,
            cites,
            where=self._range(reach),
            note=note,
            label=rf"\delta_{p.step}" if name == "a" else "",
        )
        n = _number(top)
        if n is not None and n <= EXPAND:
            for k in range(n - reach, 0, -1):
                p.trail.add(
                    f"adjoint at step {k}",
                    p.at(lhs, num(k)),
                    p.at(value, num(k)),
                    (number,),
                    where=p.horizon,
                )

    def _range(self, back: int) -> tuple[Range, ...]:
        p = self.p
        ranges = tuple(r for r in p.target_ranges if r.name in _free(p.top))
        return (*p.horizon, *ranges, p.range(p.step, 1, shift(p.top, -back)))

    def _boundary(self, r: int) -> tuple[Range, ...]:
        p = self.p
        form = affine(p.top)
        assert form is not None
        if not form[0]:
            return p.horizon if form[1] - r >= 1 else (p.range("T", 2, ONE),)
        (name,) = form[0]
        out = [p.range(name, max(1, 1 - form[1] + r))]
        if name != "T":
            out += p.horizon
        return tuple(out)

    # ------------------------------------------------------------------ the sum

    def _sum_of_uses(self, x: Sym) -> None:
        p, t = self.p, self.p.generic
        own: Node = ZERO
        if isinstance(p.y, Sym) and x in set(walk(p.rec.totals[p.y.name])):
            if len(p.calc.shape(x)) > 1:
                raise NotSupported(f"{p.y.name} contains {x.name} itself: ask for the form series")
            own = D(p.y, x, "direct")
        if any(x in set(walk(v)) for v in p.rec.initial.values()):
            raise NotSupported(f"an initial value depends on {x.name}: ask for the form series")
        uses = [v for v in self.sequences if x in set(walk(p.rec.rhs(v)))]
        cites = tuple(p.trail.number_of(D(p.y, At(v, t), "total")) for v in uses)
        times = partial(outward, p) if len(p.calc.shape(x)) > 1 else product
        shown = add(*(times(self.bar(v, t), D(At(v, t), x, "direct")) for v in uses))
        p.trail.add(
            "sum over the uses",
            p.target,
            add(self._summed(shown), own),
            cites,
            where=p.target_ranges,
            note=f"every step's own use of {x.name}, each with its adjoint",
        )
        try:
            explicit = add(*(self._use(v, x) for v in uses))
        except NoMatrixForm:
            return
        defined = tuple(define(p, v) for v in uses)
        number = p.trail.number_of(p.target)
        note = ""
        if p.calc.shape(x):
            note = "the adjoint of a vector is a row; its transpose is the column δ"
        p.trail.add(
            "direct derivatives put in",
            p.target,
            add(self._summed(explicit), own),
            (number, *cites, *defined),
            where=p.target_ranges,
            note=note,
        )

    def _use(self, name: str, x: Sym) -> Node:
        p, v = self.p, At(name, self.p.generic)
        if len(p.calc.shape(x)) < 2:
            return product(self.bar(name, v.time), p.calc.direct(v, x))
        if p.calc.shape(p.y):
            raise NoMatrixForm("a vector by a matrix")
        bar = self.bar(name, v.time)
        return pullback(p.calc, p.calc.rhs(v), Transpose(bar) if p.calc.shape(v) else bar, x)

    def _summed(self, body: Node) -> Node:
        p = self.p
        n = _number(p.top)
        if n is not None and n <= EXPAND:
            return add(*(p.at(body, num(k)) for k in range(n, 0, -1)))
        taken = _free(p.top)
        var = next(v for v in (p.step, "s", "k", "r") if v not in taken)
        return Sum(var, ONE, p.top, p.at(body, Idx(var)))

    def _at_variable(self, x: At) -> None:
        p = self.p
        initial = p.calc.is_initial(x)
        # The equations of step 1 are the first that can read it.
        form = affine(x.time)
        first = max(0, 1 - form[1]) if form is not None and not form[0] else 0
        value = self._terms(x.name, x.time, range(first, self.reach + 1))
        if x.name in p.rec.defined and not initial:
            value = add(value, p.at(self.own(x.name)[0], x.time))
        readers = [u for u, _ in self.users(x.name)]
        cites = [define(p, u) for u in readers]
        cites += [p.trail.number_of(D(p.y, At(u, p.generic), "total")) for u in readers]
        p.trail.add(
            "what reads it", p.target, value, tuple(cites), where=p.target_ranges, again=True
        )


def adjoint(p: Problem) -> None:
    """The adjoint form of a problem."""
    form = Adjoint(p)
    if not form.sequences:
        raise NotSupported(f"{p.y.name} does not depend on {p.x.name}")
    if isinstance(p.x, At):
        lags = [k for _, k in form.users(p.x.name)]
        distance = offset(p.top, p.x.time)
        p.gap = max([1, *lags]) if isinstance(p.y, At) else max([0, *lags])
        if distance is not None and distance < p.gap:
            raise TooNear(f"{p.y.name} is too near {p.x.name} for a recursion over steps")
        if 0 in lags or form.own(p.x.name) != (ZERO, ZERO):
            p.floor = 1
    form.run()


def _free(node: Node) -> frozenset[str]:
    form = affine(node)
    return frozenset(form[0]) if form else frozenset()


def _number(time: Node) -> int | None:
    form = affine(time)
    return form[1] if form is not None and not form[0] else None


def _rename(value: Node, var: str, p: Problem) -> Node:
    return canonical_times(substitute_index(value, var, p.generic))
