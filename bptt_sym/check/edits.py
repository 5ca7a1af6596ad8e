"""The catalogue of edits: what one slip of the pen changes in a gradient formula.

:func:`edits` yields every formula that one edit makes of a given one, with the code of the mistake
that the edit repairs and a cost: simpler explanations first. Nothing here decides anything; an
edit that makes both sides equal is the explanation (:mod:`bptt_sym.check.diagnosis`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice

from bptt_sym.check.rearranged import (
    abstracted,
    bound_in,
    moved_by,
    power_into_product,
    slope,
    substituted,
    with_kind,
)
from bptt_sym.notation import (
    HORIZON_NAME,
    ONE,
    Add,
    At,
    Block,
    Claim,
    D,
    Diag,
    Div,
    Fn,
    Had,
    Idx,
    Kind,
    Mul,
    Neg,
    Node,
    Num,
    Pow,
    Prod,
    Sum,
    Sym,
    Transpose,
    add,
    affine,
    children,
    free_indices,
    fresh,
    mul,
    num,
    rebuild,
    shift,
    substitute_index,
    walk,
)
from bptt_sym.recurrence import STEP, Recurrence

#: Formulas made of one, at the most.
MAX_EDITS = 900
#: Time indices at which a missing factor is looked for.
MAX_TIMES = 8


@dataclass(frozen=True)
class Edit:
    """``node`` is the whole side after the edit; ``old`` and ``new`` are the part that changed."""

    code: str
    cost: int
    node: Node
    old: Node
    new: Node


@dataclass(frozen=True)
class Local:
    """A replacement of one node, before it is put back into the whole."""

    code: str
    cost: int
    new: Node


def edits(claim: Claim, rec: Recurrence) -> list[Edit]:
    """Every single edit of the right side of ``claim``, cheapest first."""
    context = Context(claim, rec)
    right = claim.sides[1]
    found: list[Edit] = []
    for local in context.whole(right):
        found.append(Edit(local.code, local.cost, local.new, right, local.new))
    found.extend(islice(_everywhere(right, context, lambda n: n), MAX_EDITS))
    return sorted(found, key=lambda e: e.cost)[:MAX_EDITS]


def _everywhere(node: Node, context: Context, put: object) -> Iterator[Edit]:
    """Edits of ``node`` and of everything below; ``put`` sets a new node into the whole."""
    assert callable(put)
    for local in context.local(node):
        yield Edit(local.code, local.cost, put(local.new), node, local.new)
    for i, child in enumerate(children(node)):
        if isinstance(node, D) or _is_index(node, child):
            continue

        def inner(new: Node, node: Node = node, at: int = i) -> Node:
            count = -1

            def swap(c: Node) -> Node:
                nonlocal count
                count += 1
                return new if count == at else c

            changed: Node = put(rebuild(node, swap))
            return changed

        yield from _everywhere(child, context, inner)


def _is_index(node: Node, child: Node) -> bool:
    """Time indices, bounds and exponents are edited with what they belong to."""
    match node:
        case At():
            return True
        case Sum() | Prod():
            return child is node.lo or child is node.hi
        case Pow():
            return child is node.exp
    return False


class Context:
    """What a formula's model offers to edits: other names, missing factors, missing terms."""

    def __init__(self, claim: Claim, rec: Recurrence) -> None:
        self.rec = rec
        self.claim = claim
        self.left, self.right = claim.sides
        self.states = set(rec.states)
        self.parameters = set(rec.parameters)
        self.times = self._times()

    def _times(self) -> list[Node]:
        """The time indices that the claim shows, those that sums bind included, and one before."""
        seen: dict[tuple[tuple[tuple[str, int], ...], int], Node] = {}
        for side in self.claim.sides:
            for n in walk(side):
                if isinstance(n, At):
                    form = affine(n.time)
                    if form is not None:
                        key = (tuple(sorted(form[0].items())), form[1])
                        seen.setdefault(key, n.time)
        shown = list(seen.values())
        for time in shown:
            form = affine(time)
            assert form is not None
            key = (tuple(sorted(form[0].items())), form[1] - 1)
            seen.setdefault(key, shift(time, -1))
        return list(seen.values())[:MAX_TIMES]

    # ------------------------------------------------------------------ edits at one node
    def local(self, node: Node) -> Iterator[Local]:
        match node:
            case D():
                yield from self._derivative(node)
            case At():
                yield from self._element(node)
            case Sym():
                yield from self._symbol(node)
            case Sum() | Prod():
                yield from self._range(node)
            case Fn():
                yield from self._function(node)
            case Add():
                yield from self._terms(node)
            case Mul() | Had():
                yield from self._factors(node)
            case Pow():
                yield from self._exponent(node)
            case Transpose(arg=a):
                yield Local("BP009", 2, a)
            case Diag(arg=a):
                yield Local("BP021", 3, a)
            case Neg(arg=a):
                yield Local("BP008", 2, a)

    def _derivative(self, node: D) -> Iterator[Local]:
        if isinstance(node.x, Sym) and isinstance(node.y, At):
            if node.kind == "immediate":
                yield Local("BP001", 1, replace(node, kind="total"))
            elif node.kind in ("total", "own"):
                yield Local("BP002", 1, replace(node, kind="immediate"))
        if isinstance(node.x, At) and node.kind == "total" and isinstance(node.y, (At, Sym)):
            local: Kind = "local" if isinstance(node.y, Sym) else "direct"
            yield Local("BP002", 3, replace(node, kind=local))
        if node.kind in ("own", "direct", "local"):
            yield Local("BP017", 1, replace(node, kind="total"))
        for name in self.rec.parameters:
            yield Local("BP011", 4, Mul((Sym(name), node)))
        for x in self._variables(node.x):
            yield Local("BP003", 2, replace(node, x=x))
        for part in ("y", "x"):
            element = getattr(node, part)
            if isinstance(element, At):
                for k in (-1, 1):
                    moved = replace(element, time=moved_by(element.time, k))
                    yield Local("BP004", 2, replace(node, **{part: moved}))  # type: ignore[arg-type]
                for name in self._alike(element.name):
                    renamed = replace(element, name=name)
                    yield Local("BP018", 3, replace(node, **{part: renamed}))  # type: ignore[arg-type]
        yield from self._wraps(node)

    def _variables(self, x: Node) -> Iterator[Node]:
        if isinstance(x, Sym):
            for name in self.rec.parameters:
                if name != x.name:
                    yield Sym(name)
        for time in self.times:
            for name in self.rec.states:
                element = At(name, time)
                if element != x:
                    yield element

    def _element(self, node: At) -> Iterator[Local]:
        for k in (-1, 1):
            yield Local("BP004", 2, replace(node, time=moved_by(node.time, k)))
        for name in self._alike(node.name):
            yield Local("BP018", 3, replace(node, name=name))
        for code, other in self._activation_sides(node):
            yield Local(code, 2, other)
        left = self.left
        if node.name in self.states and isinstance(left, D) and isinstance(left.x, Sym):
            # The series broken off: the earlier state's own dependence is left out.
            inner = mul(left.x, D(node, left.x, "total"))
            yield Local("BP001", 4, Add((node, inner)))
        yield Local("BP013", 3, Pow(node, num(2)))
        yield from self._wraps(node)

    def _activation_sides(self, node: At) -> Iterator[tuple[str, Node]]:
        """Pre-activation for post-activation and back, where the model names both."""
        if node.name in self.rec.defined:
            rhs = self.rec.rhs(node.name)
            if isinstance(rhs, Fn) and rhs.order == 0:
                yield "BP007", substitute_index(rhs.arg, STEP, node.time)
        for e in self.rec.equations:
            if isinstance(e.rhs, Fn) and e.rhs.arg == At(node.name, Idx(STEP)):
                yield "BP007", At(e.target, node.time)
            for f in walk(e.rhs):
                # h_t = o_t tanh(c_t): the output of the cell is tanh(c_t)
                if isinstance(f, Fn) and f.order == 0 and f.arg == At(node.name, Idx(STEP)):
                    yield "BP007", Fn(f.name, node)

    def _symbol(self, node: Sym) -> Iterator[Local]:
        for name in self._alike(node.name):
            yield Local("BP018", 3, Sym(name))
        yield Local("BP013", 3, Pow(node, num(2)))
        yield from self._wraps(node)

    def _alike(self, name: str) -> list[str]:
        """Other names of the same sort and shape."""
        rec = self.rec
        if name in self.parameters:
            group = [n for n in rec.parameters if n != name]
        else:
            group = [n for n in (*rec.defined, *rec.inputs) if n != name]
        if name not in rec.shapes:
            return []
        return [n for n in group if rec.shape(n) == rec.shape(name)]

    def _wraps(self, node: Node) -> Iterator[Local]:
        if self.rec.is_scalar:
            return
        yield Local("BP009", 2, Transpose(node))
        if isinstance(node, At):
            yield Local("BP021", 3, Diag(node))
        if isinstance(node, Sym) and node.name in self.rec.blocks:
            for part in self.rec.blocks[node.name]:
                yield Local("BP021", 3, Block(node, part))

    def _range(self, node: Sum | Prod) -> Iterator[Local]:
        for k in (1, -1):
            yield Local("BP005", 1, replace(node, lo=moved_by(node.lo, k)))
            yield Local("BP005", 1, replace(node, hi=moved_by(node.hi, k)))
        if isinstance(node, Prod):
            yield Local("BP010", 2, replace(node, descending=node.descending is False))
        for k in (-1, 1):
            both = replace(node, lo=moved_by(node.lo, k), hi=moved_by(node.hi, k))
            yield Local("BP005", 2, both)

    def _function(self, node: Fn) -> Iterator[Local]:
        for name in ("tanh", "sigma"):
            if name != node.name:
                yield Local("BP006", 1, replace(node, name=name))
        if node.order == 1:
            yield Local("BP019", 3, replace(node, order=0))
            if node.name in ("tanh", "sigma"):
                yield from self._output_forms(node)
        elif node.order == 0:
            yield Local("BP019", 2, replace(node, order=1))
            # sigma(o_t) where o_t is sigma of something already
            if isinstance(node.arg, At):
                yield Local("BP023", 1, node.arg)

    def _output_forms(self, node: Fn) -> Iterator[Local]:
        if isinstance(node.arg, At) and node.arg.name in self.rec.defined:
            rhs = self.rec.rhs(node.arg.name)
            if isinstance(rhs, Fn):
                inner = substitute_index(rhs.arg, STEP, node.arg.time)
                yield Local("BP007", 1, Fn(rhs.name, inner, 1))

    def _terms(self, node: Add) -> Iterator[Local]:
        for i, term in enumerate(node.args):
            rest = node.args[:i] + node.args[i + 1 :]
            flipped = term.arg if isinstance(term, Neg) else Neg(term)
            yield Local("BP008", 2, Add((*node.args[:i], flipped, *node.args[i + 1 :])))
            yield Local("BP016", 3, add(*rest))
        match node.args:
            # s(1 - s) for 1 - s^2 and back: the wrong activation's derivative at the output.
            case (Num(value=v), Neg(arg=Pow(base=b, exp=Num(value=e)))) if v == 1 and e == 2:
                yield Local("BP006", 1, Mul((b, Add((ONE, Neg(b))))))
                yield Local("BP019", 2, b)
            case (Num(value=v), Neg(arg=b)) if v == 1 and isinstance(b, (At, Fn)):
                yield Local("BP013", 1, Add((ONE, Neg(Pow(b, num(2))))))

    def _factors(self, node: Mul | Had) -> Iterator[Local]:
        make = type(node)
        args = node.args
        other = Had if make is Mul else Mul
        if not self.rec.is_scalar:
            yield Local("BP021", 2, other(args))
            for i in range(len(args) - 1):
                swapped = (*args[:i], args[i + 1], args[i], *args[i + 2 :])
                yield Local("BP010", 2, make(swapped))
        for i in range(len(args)):
            rest = args[:i] + args[i + 1 :]
            yield Local("BP012", 3, rest[0] if len(rest) == 1 else make(rest))
        for i, b in enumerate(args):
            logistic = Add((ONE, Neg(b)))
            if logistic in args:
                tanh = Add((ONE, Neg(Pow(b, num(2)))))
                kept = tuple(
                    tanh if a == logistic else a for k, a in enumerate(args) if k != i
                )
                yield Local("BP006", 1, kept[0] if len(kept) == 1 else make(kept))
        if not self.rec.is_scalar:
            for new in power_into_product(args, make):
                yield Local("BP010", 1, new)
        yield from self._sum_around(node)
        for code, cost, factor in self._missing_factors():
            yield Local(code, cost, make((*args, factor)))
            if not self.rec.is_scalar:
                yield Local(code, cost, make((factor, *args)))
                for i in range(1, len(args)):
                    yield Local(code, cost + 1, make((*args[:i], factor, *args[i:])))

    def _missing_factors(self) -> Iterator[tuple[str, int, Node]]:
        """Factors that are forgotten: slopes, weights, gates, one-step Jacobians, numbers."""
        yield "BP008", 3, num(-1)
        for value in (num(2), Div(ONE, num(2))):
            yield "BP020", 4, value
        if any(HORIZON_NAME in free_indices(s) for s in self.claim.sides) or self.rec.totals:
            yield "BP020", 4, Div(ONE, Idx(HORIZON_NAME))
            yield "BP020", 4, Idx(HORIZON_NAME)
        for time in self.times:
            for e in self.rec.equations:
                element = At(e.target, time)
                if isinstance(e.rhs, Fn) and e.rhs.order == 0:
                    by_output = slope(e.rhs, element)
                    yield "BP019", 3, by_output
                    if self.rec.shape(e.target):
                        yield "BP019", 4, Diag(by_output)
                if self.rec.shape(e.target) == () or not self.rec.is_scalar:
                    yield "BP011", 5, element
                for f in walk(e.rhs):
                    # h_t = o_t tanh(c_t): the slope of an inner activation.
                    if isinstance(f, Fn) and f is not e.rhs and f.order == 0:
                        inner = substitute_index(replace(f, order=1), STEP, time)
                        yield "BP019", 5, inner
                        if self.rec.shape(e.target):
                            yield "BP019", 6, Diag(inner)
            for name in self.rec.inputs:
                yield "BP011", 6, At(name, time)
        for name in self.rec.parameters:
            yield "BP011", 4, Sym(name)
            if len(self.rec.shape(name)) == 2:
                yield "BP011", 4, Transpose(Sym(name))

    def _exponent(self, node: Pow) -> Iterator[Local]:
        for k in (1, -1):
            if affine(node.exp) is not None:
                yield Local("BP013", 1, replace(node, exp=moved_by(node.exp, k)))
        yield Local("BP013", 2, node.base)
        yield from self._sum_around(node)

    def _sum_around(self, node: Node) -> Iterator[Local]:
        """The sum over the lag or the time of use that stands before no product."""
        for name in sorted(free_indices(node)):
            if name == HORIZON_NAME:
                continue
            yield Local("BP014", 3, Sum(name, ONE, Idx(HORIZON_NAME), node))

    # ------------------------------------------------------------------- edits of the whole
    def whole(self, right: Node) -> Iterator[Local]:
        """Edits that look at the right side as one thing."""
        yield from self._everywhere_at_once(right)
        yield from self._sum_over_uses(right)
        terms = right.args if isinstance(right, Add) else (right,)
        for term in self._missing_terms():
            yield Local("BP015", 3, add(*terms, term))
        yield Local("BP008", 2, Neg(right))
        if not self.rec.is_scalar:
            yield Local("BP009", 2, Transpose(right))
        if not isinstance(right, (Mul, Had)):
            for code, cost, factor in self._missing_factors():
                yield Local(code, cost, mul(right, factor))
                yield Local(code, cost, mul(factor, right))
                if isinstance(right, Sum):
                    for make in (Mul, Had):
                        yield Local(code, cost, replace(right, body=make((right.body, factor))))

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
                for code, other in self._activation_sides(n):
                    yield Local(code, 2, substituted(right, n, other))
                for name in self._alike(n.name):
                    yield Local("BP018", 3, substituted(right, n, replace(n, name=name)))

    def _sum_over_uses(self, right: Node) -> Iterator[Local]:
        """One path from the first use of the parameter, where all uses must be summed."""
        for n in walk(right):
            if not (isinstance(n, D) and isinstance(n.y, At) and isinstance(n.x, Sym)):
                continue
            form = affine(n.y.time)
            last = self._last_step()
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

    def _last_step(self) -> Node | None:
        for n in walk(self.left):
            if isinstance(n, D):
                if isinstance(n.y, At):
                    return n.y.time
                if isinstance(n.y, Sym) and n.y.name in self.rec.totals:
                    return Idx(HORIZON_NAME)
        return None

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
        if isinstance(y, Sym) and isinstance(x, At):
            yield from self._later_paths(y, x)

    def _later_paths(self, y: Sym, x: At) -> Iterator[Node]:
        """From a loss back to ``x``: through each element that uses ``x`` directly."""
        yield D(y, x, "local")
        for e in self.rec.equations:
            for n in walk(e.rhs):
                if isinstance(n, At) and n.name == x.name:
                    lag = affine(n.time)
                    if lag is None:
                        continue
                    later = At(e.target, moved_by(x.time, -lag[1]))
                    if self.rec.is_scalar:
                        yield mul(D(y, later, "total"), D(later, x, "direct"))
                    else:
                        yield Mul((Transpose(D(later, x, "direct")), D(y, later, "total")))
                        yield Mul((D(y, later, "total"), D(later, x, "direct")))
