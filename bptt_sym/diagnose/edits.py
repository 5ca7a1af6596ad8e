"""The catalogue of edits: what one slip of the pen changes in a gradient formula.

:func:`edits` yields every formula that one edit makes of a given one, with the code of the mistake
that the edit repairs and a cost: simpler explanations first. Nothing here decides anything; an
edit that makes both sides equal is the explanation (:mod:`bptt_sym.diagnose.diagnosis`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice

from bptt_sym.decide.instances import is_upside_down
from bptt_sym.diagnose.rearranged import (
    as_outer_products,
    moved_by,
    past_the_matrix,
    power_into_product,
    slope,
    with_fewer_brackets,
)
from bptt_sym.diagnose.surroundings import Local, Surroundings, is_number
from bptt_sym.diagnose.whole_edits import other_left_sides, whole
from bptt_sym.distances import highest_first
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
    substitute_index,
    walk,
)
from bptt_sym.recurrence import STEP, Recurrence

#: Formulas made of one, at the most: the cheapest of those that are looked at.
MAX_EDITS = 900
MAX_MADE = 6000
#: No edit costs more.
MAX_COST = 100


@dataclass(frozen=True)
class Edit:
    """``old`` becomes ``new`` in the right side, or in the left one, which is then ``left``.

    Most edits are never looked at, so the side as a whole is put together when it is asked for.
    """

    code: str
    cost: int
    old: Node
    new: Node
    put: Callable[[Node], Node]
    #: Where ``old`` stands in the right side: the numbers of the children on the way to it.
    path: tuple[int, ...] = ()
    left: Node | None = None

    @cached_property
    def node(self) -> Node:
        """The right side after the edit."""
        return self.put(self.new)


def edits(claim: Claim, rec: Recurrence, most: int = MAX_COST) -> list[Edit]:
    """Every single edit of the right side of ``claim`` up to a cost, cheapest first."""
    context = Slips(claim, rec, most)
    right = claim.sides[1]
    found: list[Edit] = []
    for local in whole(context, right):
        if local.cost <= most:
            found.append(Edit(local.code, local.cost, right, local.new, _itself))
    for local in other_left_sides(context):
        if local.cost > most:
            continue
        found.append(
            Edit(local.code, local.cost, context.left, local.new, lambda _: right, left=local.new)
        )
    found.extend(islice(_everywhere(right, context, _itself), MAX_MADE))
    return sorted(found, key=lambda e: e.cost)[:MAX_EDITS]


def _itself(node: Node) -> Node:
    return node


def _everywhere(
    node: Node, context: Slips, put: Callable[[Node], Node], path: tuple[int, ...] = ()
) -> Iterator[Edit]:
    """Edits of ``node`` and of everything below; ``put`` sets a new node into the whole."""
    for local in context.local(node):
        if local.cost > context.most:
            continue
        yield Edit(local.code, local.cost, node, local.new, put, path)
    for i, child in enumerate(children(node)):
        if isinstance(node, D) or _is_index(node, child):
            continue

        def inner(new: Node, node: Node = node, at: int = i) -> Node:
            count = -1

            def swap(c: Node) -> Node:
                nonlocal count
                count += 1
                return new if count == at else c

            return put(rebuild(node, swap))

        yield from _everywhere(child, context, inner, (*path, i))


def _at(node: Node, old: Node, new: Node) -> Node:
    """``node`` with everything of the step ``old`` at the step ``new``."""
    node = rebuild(node, lambda c: _at(c, old, new))
    return replace(node, time=new) if isinstance(node, At) and node.time == old else node


def _is_at_another_step(a: Node, b: Node) -> bool:
    """Whether both are values of one sequence, at different steps."""
    return isinstance(a, At) and isinstance(b, At) and a.name == b.name and a.time != b.time


def _moved(node: Node, k: int) -> Node:
    """``node`` with everything in it ``k`` steps later."""
    node = rebuild(node, lambda c: _moved(c, k))
    return replace(node, time=moved_by(node.time, k)) if isinstance(node, At) else node


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


class Slips(Surroundings):
    """The edits at one node; those that cost more than ``most`` need not be among them."""

    def __init__(self, claim: Claim, rec: Recurrence, most: int) -> None:
        super().__init__(claim, rec)
        self.most = most

    def local(self, node: Node) -> Iterator[Local]:
        match node:
            case D():
                yield from self._derivative(node)
            case At():
                yield from self._element(node)
                yield from self._beside(node)
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
            case Div(num=a, den=b):
                if is_number(b):
                    yield Local("BP020", 2, a)
                elif is_number(a):
                    yield Local("BP020", 3, Div(ONE, b))
            case Transpose(arg=a):
                yield Local("BP009", 2, a)
            case Diag(arg=a):
                yield Local("BP021", 3, a)
            case Neg(arg=a):
                yield Local("BP008", 2, a)
        if isinstance(node, (Add, Mul)):
            # The argument written out where the activation's value belongs.
            for element in self.by_argument.get(node, ()):
                yield Local("BP007", 2, element)

    def _derivative(self, node: D) -> Iterator[Local]:
        if isinstance(node.x, Sym) and isinstance(node.y, At):
            if node.kind == "immediate":
                yield Local("BP001", 1, replace(node, kind="total"))
            elif node.kind in ("total", "own"):
                yield Local("BP002", 1, replace(node, kind="immediate"))
        if isinstance(node.x, At) and node.kind == "total" and isinstance(node.y, (At, Sym)):
            local: Kind = "local" if isinstance(node.y, Sym) else "direct"
            yield Local("BP002", 3, replace(node, kind=local))
        match node:
            case D(y=Mul(args=(Sym() as w, At() as used)), x=x, kind="direct") if w == x:
                # A vector for what the use of W adds: earlier uses come with it.
                yield Local("BP001", 1, Add((node, Mul((w, D(used, w, "total"))))))
                return
        if node.kind in ("own", "direct", "local"):
            yield Local("BP017", 1, replace(node, kind="total"))
        if is_upside_down(node):
            yield Local("BP003", 1, replace(node, y=node.x, x=node.y))
        for name in self.rec.parameters:
            yield Local("BP011", 4, Mul((Sym(name), node)))
        yield from self._carried(node)
        if isinstance(self.left, D) and _is_at_another_step(node.y, self.left.y):
            yield Local("BP004", 1, replace(node, y=self.left.y))
        for x in self.variables(node.x):
            yield Local(self.other_variable(node.x, x), 2, replace(node, x=x))
        for part in ("y", "x"):
            element = getattr(node, part)
            if isinstance(element, At):
                for k in (-1, 1):
                    moved = replace(element, time=moved_by(element.time, k))
                    yield Local("BP004", 2, replace(node, **{part: moved}))  # type: ignore[arg-type]
                for name in self.alike(element.name):
                    renamed = replace(element, name=name)
                    side = self.renaming(element, renamed)
                    new = replace(node, **{part: renamed})  # type: ignore[arg-type]
                    yield Local(side or "BP018", 2 if side else 5, new)
        yield from self._wraps(node)

    def _carried(self, node: D) -> Iterator[Local]:
        """``∂L/∂c_{t+1}`` without the gate of its step, ``f_{t+1}``, by which it comes back."""
        if not isinstance(node.x, At) or node == self.left:
            return
        beside = Mul if self.rec.is_scalar else Had
        for name in self.rec.gates:
            if name != node.x.name and self.rec.shape(name) == self.rec.shape(node.x.name):
                yield Local("BP011", 4, beside((node, At(name, node.x.time))))

    def _element(self, node: At) -> Iterator[Local]:
        for k in (-1, 1):
            yield Local("BP004", 2, replace(node, time=moved_by(node.time, k)))
        for name in self.alike(node.name):
            yield Local("BP018", 3, replace(node, name=name))
        for code, other in self.activation_sides(node):
            yield Local(code, 2, other)
        by = (n.x for n in walk(self.left) if isinstance(n, D) and isinstance(n.x, Sym))
        if node.name in self.states and (x := next(by, None)) is not None:
            # The series broken off: the earlier state's own dependence is left out.
            inner = mul(x, D(node, x, "total"))
            yield Local("BP001", 4, Add((node, inner)))
        yield Local("BP013", 3, Pow(node, num(2)))
        yield from self._wraps(node)

    def _beside(self, node: At) -> Iterator[Local]:
        """Another element of the equation at hand in place of this one, times it, or added."""
        beside = Mul if self.rec.is_scalar else Had
        if node.name in self.complemented:
            yield Local("BP018", 3, Add((ONE, Neg(node))))
        for leaf in self.leaves if self.most >= 4 else ():
            assert isinstance(leaf, At)
            if leaf == node or len(self.rec.shape(leaf.name)) != len(self.rec.shape(node.name)):
                continue
            if leaf.name != node.name:
                yield Local("BP018", 4, leaf)
            yield Local("BP011", 5, beside((leaf, node)))
            yield Local("BP015", 5, Add((node, Neg(leaf))))
            yield Local("BP015", 5, Add((node, leaf)))

    def _symbol(self, node: Sym) -> Iterator[Local]:
        for name in self.alike(node.name):
            yield Local("BP018", 3, Sym(name))
        yield Local("BP013", 3, Pow(node, num(2)))
        if len(self.rec.shapes.get(node.name, ())) != 1:
            for count in self.counts:
                yield Local("BP013", 4, Pow(node, count))
        yield from self._wraps(node)

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
            yield Local("BP010", 2, replace(node, descending=not highest_first(node)))
            yield Local("BP026", 3, Sum(node.var, node.lo, node.hi, node.body))
        else:
            yield Local("BP026", 3, Prod(node.var, node.lo, node.hi, node.body))
        for k in (-1, 1):
            both = replace(node, lo=moved_by(node.lo, k), hi=moved_by(node.hi, k))
            yield Local("BP005", 2, both)
        within = free_indices(node.body)
        if node.var not in within:
            for name in sorted(within):
                body = substitute_index(node.body, name, Idx(node.var))
                yield Local("BP018", 2, replace(node, body=body))

    def _function(self, node: Fn) -> Iterator[Local]:
        for name in ("tanh", "sigma"):
            if name != node.name:
                yield Local("BP006", 1, replace(node, name=name))
        if node.order == 1:
            yield Local("BP019", 3, replace(node, order=0))
            if not isinstance(node.arg, At):
                # The argument written out, of another step: cheaper than a range around it.
                for k in (1, -1):
                    yield Local("BP004", 1, replace(node, arg=_moved(node.arg, k)))
            if node.name in ("tanh", "sigma"):
                yield from self._output_forms(node)
        elif node.order == 0:
            yield Local("BP019", 2, replace(node, order=1))
            # sigma(o_t) where o_t is sigma of something already
            if isinstance(node.arg, At):
                yield Local("BP023", 1, node.arg)
                if node.arg.name in self.rec.defined:
                    # tanh(h_t) for the slope of the tanh that h_t is
                    rhs = self.rec.rhs(node.arg.name)
                    if isinstance(rhs, Fn) and rhs.name == node.name and not rhs.order:
                        yield Local("BP019", 3, slope(rhs, node.arg))

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
        for bracketed in _with_brackets(node):
            yield Local("BP027", 2, bracketed)
        match node.args:
            # s(1 - s) for 1 - s^2 and back: the wrong activation's derivative at the output.
            case (Num(value=v), Neg(arg=Pow(base=b, exp=Num(value=e)))) if v == 1 and e == 2:
                product = Mul if self.rec.is_scalar else Had
                yield Local("BP006", 1, product((b, Add((ONE, Neg(b))))))
                yield Local("BP019", 2, b)
                yield from self._at_every_step(node)
            case (Num(value=v), Neg(arg=b)) if v == 1 and isinstance(b, (At, Fn)):
                yield Local("BP013", 1, Add((ONE, Neg(Pow(b, num(2))))))
                yield Local("BP018", 3, b)

    def _at_every_step(self, node: Node) -> Iterator[Local]:
        """A slope of the last step that stands for those of all steps."""
        for lo, hi in self.ranges:
            var = fresh("j", free_indices(self.right) | free_indices(self.left))
            for at_end, at_each in zip(self.slopes(hi), self.slopes(Idx(var)), strict=True):
                if at_end == node:
                    yield Local("BP019", 3, Prod(var, lo, hi, at_each))

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
            code = "BP020" if is_number(args[i]) else "BP012"
            yield Local(code, 3, rest[0] if len(rest) == 1 else make(rest))
        for i, b in enumerate(args):
            logistic = Add((ONE, Neg(b)))
            if logistic in args:
                left = tuple(a for k, a in enumerate(args) if k != i and a != logistic)
                if left:
                    yield Local("BP012", 3, left[0] if len(left) == 1 else make(left))
                tanh = Add((ONE, Neg(Pow(b, num(2)))))
                kept = tuple(
                    tanh if a == logistic else a for k, a in enumerate(args) if k != i
                )
                yield Local("BP006", 1, kept[0] if len(kept) == 1 else make(kept))
        if not self.rec.is_scalar:
            for new in power_into_product(args, make):
                yield Local("BP010", 1, new)
            yield from self._regrouped(args)
            for new in past_the_matrix(node, self._is_matrix):
                yield Local("BP010", 3, new)
            if self._is_by_a_matrix:
                for new in as_outer_products(node, self._is_of_two_axes):
                    yield Local("BP021", 4, new)
        yield from self._sum_around(node)
        for new in with_fewer_brackets(args, make):
            yield Local("BP012", 4, new)
        for code, cost, factor in self.missing_factors:
            if cost > self.most:
                continue
            yield Local(code, cost, make((*args, factor)))
            if not self.rec.is_scalar:
                yield Local(code, cost, make((factor, *args)))
                for i in range(1, len(args)):
                    yield Local(code, cost + 1, make((*args[:i], factor, *args[i:])))

    def _regrouped(self, args: tuple[Node, ...]) -> Iterator[Local]:
        """``W^T δ_{t+1} ⊙ f'(z_t)`` for ``W^T (δ_{t+1} ⊙ f'(z_{t+1}))``: a step off."""
        if len(args) != 2 or not isinstance(args[0], Mul):
            return
        *matrices, vector = args[0].args
        for time in dict.fromkeys(n.time for n in walk(args[1]) if isinstance(n, At)):
            for k in (1, -1):
                slope = _at(args[1], time, moved_by(time, k))
                yield Local("BP004", 3, Mul((*matrices, Had((vector, slope)))))

    @cached_property
    def _is_by_a_matrix(self) -> bool:
        return isinstance(self.left, D) and self._is_matrix(self.left.x)

    def _is_of_two_axes(self, node: Node) -> bool:
        by_vector = isinstance(node, D) and (isinstance(node.y, At) or isinstance(node.x, Sym))
        return by_vector or self._is_matrix(node) or isinstance(node, (Sum, Prod))

    def _is_matrix(self, node: Node) -> bool:
        inner = node.arg if isinstance(node, Transpose) else node
        name = inner.name if isinstance(inner, Sym) else ""
        return isinstance(inner, Block) or len(self.rec.shapes.get(name, ())) == 2

    def _exponent(self, node: Pow) -> Iterator[Local]:
        for k in (1, -1):
            if affine(node.exp) is not None:
                yield Local("BP013", 1, replace(node, exp=moved_by(node.exp, k)))
        yield Local("BP013", 2, node.base)
        match node:
            # (1 - h)^2 for 1 - h^2
            case Pow(base=Add(args=(Num(value=v), Neg(arg=b))), exp=Num() as e) if v == 1:
                yield Local("BP013", 1, Add((ONE, Neg(Pow(b, e)))))
        for count in self.counts:
            if count != node.exp:
                yield Local("BP013", 3, replace(node, exp=count))
        if isinstance(node.base, Sym) and len(self.rec.shapes.get(node.base.name, ())) != 1:
            yield from self._jacobians(node.base)
        yield from self._sum_around(node)

    def _jacobians(self, weight: Sym) -> Iterator[Local]:
        """The product of one-step Jacobians for a bare power of the weight."""
        for lo, hi in self.ranges:
            var = fresh("j", free_indices(self.right) | free_indices(self.left))
            for each in self.slopes(Idx(var)):
                body = Mul((weight, each)) if self.rec.is_scalar else Mul((Diag(each), weight))
                yield Local("BP019", 3, Prod(var, lo, hi, body))

    def _sum_around(self, node: Node) -> Iterator[Local]:
        """The sum over the lag or the time of use that stands before no product."""
        for name in sorted(free_indices(node) & free_indices(self.right)):
            if name == HORIZON_NAME or name in free_indices(self.left):
                continue
            yield Local("BP014", 3, Sum(name, ONE, Idx(HORIZON_NAME), node))


def _with_brackets(node: Add) -> Iterator[Node]:
    """``(A + B) c`` for ``A + B c``, and ``a (B + C)`` for ``a B + C``."""
    first, last = node.args[0], node.args[-1]
    if isinstance(last, (Mul, Had)):
        for k in range(1, len(last.args)):
            inner = _product_like(last, last.args[:k])
            yield type(last)((Add((*node.args[:-1], inner)), *last.args[k:]))
    if isinstance(first, (Mul, Had)):
        for k in range(1, len(first.args)):
            inner = _product_like(first, first.args[k:])
            yield type(first)((*first.args[:k], Add((inner, *node.args[1:]))))


def _product_like(like: Mul | Had, args: tuple[Node, ...]) -> Node:
    """The product of ``args`` of the kind of ``like``."""
    return args[0] if len(args) == 1 else type(like)(args)
