"""Edits that look at a whole side: what is done everywhere, lost sums, and lost paths."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from bptt_sym.decide.rewriting import is_loss
from bptt_sym.diagnose.other_cuts import other_cuts
from bptt_sym.diagnose.rearranged import (
    abstracted,
    bound_in,
    moved_by,
    slope,
    substituted,
    with_kind,
)
from bptt_sym.diagnose.surroundings import Local, Surroundings
from bptt_sym.notation import (
    ONE,
    Add,
    At,
    D,
    Diag,
    Fn,
    Had,
    Idx,
    Mul,
    Neg,
    Node,
    Prod,
    Sum,
    Sym,
    Transpose,
    add,
    affine,
    free_indices,
    fresh,
    mul,
    rebuild,
    substitute_index,
    walk,
)
from bptt_sym.recurrence import STEP


def whole(about: Surroundings, right: Node) -> Iterator[Local]:
    """Edits of the right side as one thing."""
    return _Whole(about).edits(right)


def other_left_sides(about: Surroundings) -> Iterator[Local]:
    """Derivatives of which the right side could be right: by another variable, at another step."""
    left = about.left
    if not isinstance(left, D):
        return
    for x in about.variables(left.x):
        yield Local(about.other_variable(left.x, x), 7, replace(left, x=x))
    if isinstance(left.x, At):
        for code, other in about.activation_sides(left.x):
            if isinstance(other, At):
                yield Local(code, 5, replace(left, x=other))
            elif code == "BP007":
                for through in _through_its_activation(about, left, left.x):
                    yield Local(code, 6, through)


def _through_its_activation(about: Surroundings, left: D, x: At) -> Iterator[Node]:
    """The gradient by what the activation of ``x`` is taken of, which has no name."""
    rhs = about.rec.rhs(x.name)
    if not isinstance(rhs, Fn) or rhs.order or not about.rec.shape(x.name):
        return
    if rhs.name == "softmax":
        jacobian = Add((Diag(x), Neg(Mul((x, Transpose(x))))))
        yield Mul((jacobian, left))
        yield Mul((left, jacobian))
    else:
        yield Had((left, slope(rhs, x)))


def _exchanged(node: Node, old: str, new: str) -> Node:
    """``node`` with another quantity in its derivatives."""
    if isinstance(node, At) and node.name == old:
        return replace(node, name=new)
    return rebuild(node, lambda n: _exchanged(n, old, new))


class _Whole:
    """The edits of a right side that need more than one of its nodes."""

    def __init__(self, about: Surroundings) -> None:
        self.about = about
        self.rec = about.rec
        self.left = about.left

    def edits(self, right: Node) -> Iterator[Local]:
        """The right side as a whole, changed in one way."""
        yield from self._everywhere_at_once(right)
        yield from other_cuts(right, self.rec)
        yield from self._sum_over_uses(right)
        yield from self._sum_over_steps(right)
        yield from self._canonical_sum(right)
        terms = right.args if isinstance(right, Add) else (right,)
        for term in self._missing_terms():
            yield Local("BP015", 3, add(*terms, term))
        for factor in self._lost_loss(right):
            yield Local("BP011", 3, Mul((factor, right)))
        for other in self._through_another(right):
            yield Local("BP018", 3, other)
        yield Local("BP008", 2, Neg(right))
        if not self.rec.is_scalar:
            yield Local("BP009", 2, Transpose(right))
        if not isinstance(right, (Mul, Had)):
            for code, cost, factor in self.about.missing_factors:
                yield Local(code, cost, mul(right, factor))
                yield Local(code, cost, mul(factor, right))
                if not self.rec.is_scalar:
                    yield Local(code, cost, Had((right, factor)))
                if isinstance(right, (Sum, Prod)):
                    for make in (Mul, Had):
                        yield Local(code, cost, replace(right, body=make((right.body, factor))))
        if self.rec.is_scalar:
            for lo, hi in self.about.ranges:
                var = fresh("j", free_indices(right) | free_indices(self.left))
                for each in self.about.slopes(Idx(var)):
                    yield Local("BP019", 3, mul(right, Prod(var, lo, hi, each)))

    def _everywhere_at_once(self, right: Node) -> Iterator[Local]:
        """One slip made wherever its subject stands: ``σ(o)(1 - σ(o))`` for ``o(1 - o)``."""
        seen: set[Node] = set()
        for n in walk(right):
            if n in seen or not isinstance(n, (At, Fn)):
                continue
            seen.add(n)
            if sum(1 for m in walk(right) if m == n) < 2:
                continue
            if isinstance(n, Fn) and n.order == 0 and isinstance(n.arg, At):
                yield Local("BP023", 1, substituted(right, n, n.arg))
            if isinstance(n, At):
                for k in (-1, 1):
                    moved = replace(n, time=moved_by(n.time, k))
                    yield Local("BP004", 2, substituted(right, n, moved))
                for code, other in self.about.activation_sides(n):
                    yield Local(code, 2, substituted(right, n, other))
                for name in self.about.alike(n.name):
                    yield Local("BP018", 3, substituted(right, n, replace(n, name=name)))

    def _sum_over_uses(self, right: Node) -> Iterator[Local]:
        """One path from the first use of the parameter, where all uses must be summed."""
        for n in walk(right):
            if not (isinstance(n, D) and isinstance(n.y, At) and isinstance(n.x, Sym)):
                continue
            form = affine(n.y.time)
            last = self.about.last_step()
            if form is None or last is None:
                continue
            var = fresh("s", free_indices(right) | bound_in(right))
            if not form[0]:
                body = abstracted(right, form[1], var)
            elif len(form[0]) == 1 and not form[1] and n.y.time != last:
                body = substitute_index(right, next(iter(form[0])), Idx(var))
            else:
                continue
            marked = with_kind(body, "immediate")
            yield Local("BP014", 1, Sum(var, ONE, last, marked))

    def _sum_over_steps(self, right: Node) -> Iterator[Local]:
        """The share of one step, the first or the last, that stands for the sum over all."""
        last = self.about.last_step()
        if not isinstance(self.left, D) or not isinstance(self.left.x, Sym) or last is None:
            return
        if any(isinstance(n, Sum) for n in walk(right)):
            return
        var = fresh("s", free_indices(right) | bound_in(right))
        steps = {n.time for n in walk(right) if isinstance(n, At)}
        if isinstance(last, Idx) and last in steps and last.name not in bound_in(right):
            each = substitute_index(right, last.name, Idx(var))
            yield Local("BP014", 2, Sum(var, ONE, last, each))
        if any(affine(time) == ({}, 1) for time in steps):
            yield Local("BP014", 2, Sum(var, ONE, last, abstracted(right, 1, var)))

    def _canonical_sum(self, right: Node) -> Iterator[Local]:
        """The sum over the uses of the parameter, for one derivative by it at a single step."""
        last = self.about.last_step()
        if not isinstance(self.left, D) or not isinstance(self.left.x, Sym) or last is None:
            return
        y, x = self.left.y, self.left.x
        by_x = [n for n in walk(right) if isinstance(n, D) and n.x == x and isinstance(n.y, At)]
        if len(by_x) != 1 or any(isinstance(n, Sum) for n in walk(right)):
            return
        assert isinstance(by_x[0].y, At)
        if affine(by_x[0].y.time) != ({}, 1) and by_x[0].y.time != last:
            return
        var = fresh("s", free_indices(right) | bound_in(right))
        used = At(by_x[0].y.name, Idx(var))
        yield Local(
            "BP014", 6, Sum(var, ONE, last, Mul((D(y, used, "total"), D(used, x, "immediate"))))
        )

    def _through_another(self, right: Node) -> Iterator[Node]:
        """The chain rule through another quantity: ``o_t``, whose weight it is, for ``h_t``."""
        slopes = [n for n in walk(right) if isinstance(n, D)]
        by = {n.x.name for n in slopes if isinstance(n.x, At)}
        of = {n.y.name for n in slopes if isinstance(n.y, At)}
        for name in sorted(by & of):
            for other in self.rec.defined:
                if other != name and not is_loss(At(other, Idx(STEP)), self.rec):
                    yield _exchanged(right, name, other)

    def _lost_loss(self, right: Node) -> Iterator[Node]:
        """The gradient of the loss that a bare product of Jacobians should begin with."""
        left = self.left
        if not (isinstance(left, D) and isinstance(left.x, At) and is_loss(left.y, self.rec)):
            return
        if any(isinstance(n, D) and is_loss(n.y, self.rec) for n in walk(right)):
            return
        steps = [hi for _, hi in self.about.ranges]
        steps += [n.y.time for n in walk(right) if isinstance(n, D) and isinstance(n.y, At)]
        for time in dict.fromkeys(steps):
            if not free_indices(time) & bound_in(right) and time != left.x.time:
                yield D(left.y, At(left.x.name, time), "total")

    def _missing_terms(self) -> Iterator[Node]:
        """The paths of the chain rule from the left side's numerator, one by one."""
        if not isinstance(self.left, D):
            return
        y, x = self.left.y, self.left.x
        if isinstance(y, At) and isinstance(x, Sym):
            yield D(y, x, "immediate")
        if isinstance(y, At) and y.name in self.rec.defined:
            rhs = substitute_index(self.rec.rhs(y.name), STEP, y.time)
            for leaf in dict.fromkeys(n for n in walk(rhs) if isinstance(n, At)):
                if leaf != x:
                    yield mul(D(y, leaf, "direct"), D(leaf, x, "total"))
            if isinstance(x, At):
                yield D(y, x, "direct")
                yield from self._straight_paths(rhs, x)
        if isinstance(y, Sym) and isinstance(x, At):
            yield from self._later_paths(y, x)

    def _straight_paths(self, rhs: Node, x: At) -> Iterator[Node]:
        r"""What multiplies ``x`` where it is added as it stands: α of ``\alpha s_{t-1} + …``."""
        for term in rhs.args if isinstance(rhs, Add) and self.rec.is_scalar else ():
            factors = term.args if isinstance(term, (Mul, Had)) else (term,)
            if sum(1 for f in factors if f == x) == 1:
                yield mul(*(f for f in factors if f != x)) if len(factors) > 1 else ONE

    def _later_paths(self, y: Sym, x: At) -> Iterator[Node]:
        """From a loss back to ``x``: through each element that uses ``x`` directly.

        Where one element of the step alone does, an activation, also on from there.
        """
        yield D(y, x, "local")
        users = list(dict.fromkeys(self._users(x)))
        for later in users:
            yield from self._path(y, later, (D(later, x, "direct"),))
        if len(users) == 1 and users[0].time == x.time:
            slope = D(users[0], x, "direct")
            for later in dict.fromkeys(self._users(users[0])):
                yield from self._path(y, later, (D(later, users[0], "direct"), slope))

    def _users(self, x: At) -> Iterator[At]:
        """The elements in whose equations ``x`` stands."""
        for e in self.rec.equations:
            for n in walk(e.rhs):
                if isinstance(n, At) and n.name == x.name and (lag := affine(n.time)) is not None:
                    yield At(e.target, moved_by(x.time, -lag[1]))

    def _path(self, y: Sym, later: At, steps: tuple[D, ...]) -> Iterator[Node]:
        if self.rec.is_scalar:
            yield mul(D(y, later, "total"), *steps)
        else:
            yield Mul((*(Transpose(d) for d in reversed(steps)), D(y, later, "total")))
            yield Mul((D(y, later, "total"), *steps))
