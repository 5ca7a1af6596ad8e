"""The one interpreter of expressions, in any domain, with exact local derivatives.

:meth:`Interpreter.value` gives a node's value at given time indices. :meth:`Interpreter.parts`
gives the Jacobians of a node by each symbol that stands in it (forward mode, all symbols at once);
:class:`~bptt_sym.decide.world.World` chains those along the recurrence.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from bptt_sym.decide import components, powers, structures
from bptt_sym.decide.conventions import STRICT, Conventions
from bptt_sym.decide.layout import as_written, lay_out
from bptt_sym.decide.product_rule import product_rule
from bptt_sym.decide.remembered import key
from bptt_sym.decide.sliced import sliced
from bptt_sym.decide.tensor import (
    Mismatch,
    Tensor,
    accumulate,
    contract,
    filled,
    flat,
    from_flat,
    hadamard,
    pair_up,
    rank,
    shape,
    trail,
)
from bptt_sym.distances import highest_first
from bptt_sym.errors import LimitExceeded, NotSupported, UnboundName
from bptt_sym.notation import (
    CIRCULAR,
    FUNCTIONS,
    Abs,
    Add,
    At,
    Block,
    Call,
    Concat,
    D,
    Diag,
    Div,
    Fn,
    Had,
    Idx,
    Matrix,
    Mul,
    Neg,
    Node,
    Norm,
    Num,
    Ones,
    Outer,
    Pow,
    Prod,
    Sum,
    Sym,
    Transpose,
    affine,
    substitute_index,
    walk,
)
from bptt_sym.recurrence import STEP
from bptt_sym.slices import Slice

if TYPE_CHECKING:
    from bptt_sym.decide.world import World

Leaf = tuple[str, int | None]
Parts = dict[Leaf, Tensor]
Env = Mapping[str, int]

#: Terms of one sum or factors of one product that are ever evaluated.
MAX_RANGE = 4096
#: Values of nodes that one world keeps.
MAX_REMEMBERED = 50_000


class Interpreter:
    """Evaluates nodes in ``world`` under ``conventions``; ``horizon`` is the last step."""

    def __init__(self, world: World, conventions: Conventions = STRICT, horizon: int = 0) -> None:
        self.world = world
        self.dom = world.domain
        self.conv = conventions
        self.horizon = horizon
        self.totals = world.rec.totals.keys()
        self._memo = world.memo.setdefault(conventions, {})
        self.one = self.dom.one
        self.zero = self.dom.zero

    def value(self, node: Node, env: Env) -> Tensor:
        """The value of ``node``. Raises Mismatch, Absent, Undefined, NotSupported."""
        return self.evaluate(node, env, None)

    def parts(self, node: Node, env: Env) -> Parts:
        """Jacobians (axes of the value, then of the leaf) by each symbol in ``node``."""
        out: list[Parts] = []
        self.evaluate(node, env, out)
        return {leaf: self.dom.reduce(j) for leaf, j in out.pop().items()}

    # ``out`` is None when only the value is wanted. Otherwise every call pushes its Jacobians.
    def evaluate(self, node: Node, env: Env, out: list[Parts] | None) -> Tensor:
        kind = type(node)
        method = _METHODS.get(kind)
        if method is None:
            raise NotSupported(f"cannot evaluate {kind.__name__}")
        if out is not None or kind not in _REMEMBERED:
            return method(self, node, env, out)
        # The same factor stands in many terms, and in many claims.
        known = key(node, env, self.horizon, self.totals)
        found = self._memo.get(known)
        if found is None:
            if len(self._memo) >= MAX_REMEMBERED:
                self._memo.clear()
            found = self._memo[known] = method(self, node, env, None)
        return found

    def pair(self, node: Node, env: Env, out: list[Parts] | None) -> tuple[Tensor, Parts]:
        if out is None or not self.world.varies(node):
            return self.evaluate(node, env, None), {}
        value = self.evaluate(node, env, out)
        return value, out.pop()

    def index(self, node: Node, env: Env) -> int:
        """The integer value of a time index or bound."""
        form = affine(node)
        if form is not None:
            total = form[1]
            for n, c in form[0].items():
                if n not in env:
                    raise UnboundName(f"the index {n} has no value", span=node.span, token=n)
                total += c * env[n]
            return int(total)
        match node:
            case Add(args=args):
                return sum(self.index(a, env) for a in args)
            case Mul(args=args):
                total = 1
                for a in args:
                    total *= self.index(a, env)
                return total
            case _:
                raise NotSupported("an index that is not an integer expression")

    # ------------------------------------------------------------------------- leaves
    def _num(self, node: Num | Ones, env: Env, out: list[Parts] | None) -> Tensor:
        if out is not None:
            out.append({})
        return self.dom.num(node.value) if isinstance(node, Num) else self.one

    def _idx(self, node: Idx, env: Env, out: list[Parts] | None) -> Tensor:
        if out is not None:
            out.append({})
        return self.dom.num(Fraction(self.index(node, env)))

    def _leaf(self, name: str, time: int | None, out: list[Parts] | None) -> Tensor:
        value = self.world.value(name, time, self.horizon)
        if out is not None:
            out.append(self.world.by_itself(name, time, value))
        return value

    def _sym(self, node: Sym, env: Env, out: list[Parts] | None) -> Tensor:
        return as_written(self._leaf(node.name, None, out), self.conv, out is not None)

    def _at(self, node: At, env: Env, out: list[Parts] | None) -> Tensor:
        value = self._leaf(node.name, self.index(node.time, env), out)
        return as_written(value, self.conv, out is not None)

    # --------------------------------------------------------------------- arithmetic
    def _add(self, node: Add, env: Env, out: list[Parts] | None) -> Tensor:
        if out is None:
            values = [self.evaluate(a, env, None) for a in node.args]
            if not any(isinstance(v, np.ndarray) for v in values):
                return self.dom.reduce(sum(values[1:], values[0]))
            terms: list[tuple[Node, Tensor, Parts]]
            terms = [(a, v, {}) for a, v in zip(node.args, values, strict=True)]
        else:
            terms = [(a, *self.pair(a, env, out)) for a in node.args]
        widest = max((v for _, v, _ in terms), key=rank)
        if any(shape(v) != shape(widest) for _, v, _ in terms):
            solid = [v for a, v, _ in terms if not structures.is_empty(self, a, env)]
            widest = max(solid, key=rank, default=widest)
        total: Tensor = None
        parts: Parts = {}
        for arg, value, jac in terms:
            if shape(value) != shape(widest):
                value, jac = structures.widen(self, arg, value, jac, widest, env)
                if shape(value) != shape(widest):
                    raise Mismatch(f"{shape(value)} plus {shape(widest)}")
            total = value if total is None else total + value
            accumulate(parts, jac)
        if out is not None:
            out.append(parts)
        return self.dom.reduce(total)

    def _neg(self, node: Neg, env: Env, out: list[Parts] | None) -> Tensor:
        value, jac = self.pair(node.arg, env, out)
        if out is not None:
            out.append({leaf: -1 * j for leaf, j in jac.items()})
        return self.dom.reduce(-1 * value)

    def _mul(self, node: Mul, env: Env, out: list[Parts] | None) -> Tensor:
        if structures.row_of_ones(node.args[0]) and not self.world.rec.is_scalar:
            return structures.sum_of_entries(self, node.args[1:], env, out)
        if self.conv.chained or (self.conv.elementwise and out is None):
            return self._loose_product(node.args, env, out)
        return self._product(node.args, env, out, pair_up if self.conv.pairs else contract)

    def _had(self, node: Had, env: Env, out: list[Parts] | None) -> Tensor:
        if (self.conv.elementwise or self.conv.rows) and out is None:
            from bptt_sym.decide import loose

            return loose.loose_hadamard(self, node.args, env)
        return self._product(node.args, env, out, hadamard)

    def _product(
        self, args: tuple[Node, ...], env: Env, out: list[Parts] | None, times: Any
    ) -> Tensor:
        reduce = self.dom.reduce
        if out is None:
            total = self.evaluate(args[0], env, None)
            for arg in args[1:]:
                total = reduce(times(total, self.evaluate(arg, env, None)))
            return total
        total, parts = self.pair(args[0], env, out)
        for arg in args[1:]:
            value, jac = self.pair(arg, env, out)
            product = times(total, value)  # before the Jacobians: it says which shapes do not fit
            parts = product_rule(self.dom, total, parts, value, jac, times)
            total = reduce(product)
        out.append(parts)
        return total

    def _loose_product(self, args: tuple[Node, ...], env: Env, out: list[Parts] | None) -> Tensor:
        """A product as notes write it: see :class:`Conventions`."""
        if out is not None:
            raise NotSupported("the derivative of a loosely written product")
        from bptt_sym.decide.loose import loose_product

        return loose_product(self, args, env)

    def _div(self, node: Div, env: Env, out: list[Parts] | None) -> Tensor:
        a, da = self.pair(node.num, env, out)
        b, db = self.pair(node.den, env, out)
        if rank(b) and shape(a) not in ((), shape(b)):
            raise Mismatch("division by a vector")
        inv = self.map(self.dom.inverse, b)
        value = self.dom.reduce(a * inv)
        if out is not None:
            minus = self.dom.reduce(-1 * value * inv) if shape(value) == shape(b) else None
            parts = {
                leaf: self.dom.reduce(j * trail(inv, rank(j) - rank(a))) for leaf, j in da.items()
            }
            if db:
                if minus is None:
                    raise NotSupported("derivative of a vector divided by a number")
                accumulate(
                    parts,
                    {
                        lf: self.dom.reduce(trail(minus, rank(j) - rank(b)) * j)
                        for lf, j in db.items()
                    },
                )
            out.append(parts)
        return value

    def _scaled(self, slope: Tensor, value: Tensor, parts: Parts) -> Parts:
        """The Jacobians of an elementwise function of ``value`` whose derivative is ``slope``."""
        return {
            leaf: self.dom.reduce(trail(slope, rank(j) - rank(value)) * j)
            for leaf, j in parts.items()
        }

    def map(self, f: Any, a: Tensor) -> Tensor:
        return from_flat(shape(a), [f(x) for x in flat(a)]) if rank(a) else f(a)

    # ---------------------------------------------------------------------- functions
    @property
    def strict(self) -> Interpreter:
        """The same world without loose conventions: what a function is applied to is exact."""
        exact = Conventions(rows=self.conv.rows, transposed=self.conv.transposed)
        return self if self.conv == exact else Interpreter(self.world, exact, self.horizon)

    @property
    def exact(self) -> Interpreter:
        """The same world in the model's own convention."""
        return self if self.conv == STRICT else Interpreter(self.world, STRICT, self.horizon)

    def _fn(self, node: Fn, env: Env, out: list[Parts] | None) -> Tensor:
        if node.name == "relu" and node.order and isinstance(node.arg, At):
            node = self._below(node, node.arg, env)
        a, jac = (self.strict if out is None else self.exact).pair(node.arg, env, out)
        if node.name == "softmax" and not self.world.rec.is_scalar:
            return structures.softmax(self, node, a, jac, out)
        known = node.name in FUNCTIONS or node.name in CIRCULAR
        name = node.name if known else "function " + node.name
        value = self.map(lambda x: self.dom.fn(name, x, node.order), a)
        if out is not None:
            if jac:
                slope = self.map(lambda x: self.dom.fn(name, x, node.order + 1), a)
                jac = self._scaled(slope, a, jac)
            out.append(jac)
        return value

    def _below(self, node: Fn, arg: At, env: Env) -> Fn:
        """ReLU's derivative at its own output is that at its argument: both say it is positive."""
        rec = self.world.rec
        rhs = rec.rhs(arg.name) if arg.name in rec.defined else None
        if self.index(arg.time, env) < 1 or not isinstance(rhs, Fn) or rhs.name != "relu":
            return node  # a start may be anything
        return Fn("relu", substitute_index(rhs.arg, STEP, arg.time), node.order)

    # ------------------------------------------------------------------------ binders
    def _range(self, node: Sum | Prod, env: Env) -> tuple[int, int]:
        lo, hi = self.index(node.lo, env), self.index(node.hi, env)
        if hi - lo > MAX_RANGE:
            raise LimitExceeded(f"more than {MAX_RANGE} terms", span=node.span)
        self.world.count(hi - lo + 1)
        return lo, hi

    def _sum(self, node: Sum, env: Env, out: list[Parts] | None) -> Tensor:
        from bptt_sym.decide.world import Absent

        lo, hi = self._range(node, env)
        total: Tensor = None
        parts: Parts = {}
        for k in range(lo, hi + 1):
            try:
                value, jac = self.pair(node.body, {**env, node.var: k}, out)
            except Absent:
                if self.conv.lenient:
                    continue
                raise
            total = value if total is None else _same(total, value)
            accumulate(parts, jac)
        if out is not None:
            out.append(parts)
        return self.zero if total is None else self.dom.reduce(total)

    def _prod(self, node: Prod, env: Env, out: list[Parts] | None) -> Tensor:
        lo, hi = self._range(node, env)
        if out is None:
            return self._path(node, lo, hi, env)
        steps = range(lo, hi + 1)
        total: Tensor = self.one
        parts: Parts = {}
        for k in reversed(steps) if highest_first(node) else steps:
            value, jac = self.pair(node.body, {**env, node.var: k}, out)
            parts = product_rule(self.dom, total, parts, value, jac, contract)
            total = self.dom.reduce(self._times(total, value))
        out.append(parts)
        return total

    def _path(self, node: Prod, lo: int, hi: int, env: Env) -> Tensor:
        """The value of a product; what it starts with is remembered for the longer ones."""
        ascending = not highest_first(node)
        # The end that multiplication starts from stays, the other one moves.
        of_body = key(node.body, {**env, node.var: 0}, self.horizon, self.totals)
        start = (ascending, lo if ascending else hi, node.var, *of_body)
        known = self._memo.setdefault(start, {})
        steps = range(lo, hi + 1) if ascending else range(hi, lo - 1, -1)
        total: Tensor = self.one
        done = next((n for n in range(len(steps), 0, -1) if steps[n - 1] in known), 0)
        if done:
            total = known[steps[done - 1]]
        for k in steps[done:]:
            value = self.evaluate(node.body, {**env, node.var: k}, None)
            total = known[k] = self.dom.reduce(self._times(total, value))
        return total

    def _times(self, a: Tensor, b: Tensor) -> Tensor:
        if rank(a) == 1 and rank(b) == 1 and self.conv.elementwise:
            return a * b
        return contract(a, b)

    # --------------------------------------------------------------------- structures
    def linear(self, node: Any, env: Env, out: list[Parts] | None, f: Any) -> Tensor:
        """A linear rearrangement ``f`` of one argument: its Jacobian is rearranged alike."""
        value, jac = self.pair(node.arg, env, out)
        result = f(value)
        if out is not None:
            parts: Parts = {}
            for leaf, j in jac.items():
                extra = rank(j) - rank(value)
                if extra == 0:
                    parts[leaf] = f(j)
                    continue
                columns = j.reshape(shape(value) + (-1,))
                done = [f(columns[..., i]) for i in range(columns.shape[-1])]
                stacked = np.stack([np.asarray(d, dtype=object) for d in done], axis=-1)
                parts[leaf] = stacked.reshape(shape(result) + j.shape[rank(value) :])
            out.append(parts)
        return result

    # -------------------------------------------------------------------- derivatives
    def _derivative(self, node: D, env: Env, out: list[Parts] | None) -> Tensor:
        if out is not None:
            raise NotSupported("derivative of a derivative inside a step")
        jac, shapes = self.jacobian(node, env)
        return lay_out(jac, *shapes, self.conv)

    def leaf_of(self, x: Node, env: Env) -> Leaf:
        match x:
            case Sym(name=n):
                return (n, None)
            case At(name=n, time=t):
                return (n, self.index(t, env))
        raise NotSupported("a derivative by something that is not a symbol")

    def jacobian(self, node: D, env: Env) -> tuple[Tensor, tuple[tuple[int, ...], tuple[int, ...]]]:
        """The derivative in numerator layout, and the shapes of y and x."""
        if isinstance(node.x, At) and node.x.name in self.world.rec.parameters:
            return structures.by_one_use(self, node, node.x, env)
        x = self.leaf_of(node.x, env)
        x_shape = self.world.shape(x[0])
        self.world.value(x[0], x[1], self.horizon)
        kind = "total" if node.kind == "unmarked" else node.kind
        if not isinstance(node.y, (At, Sym)) and any(isinstance(n, D) for n in walk(node.y)):
            from bptt_sym.decide.jets import second_derivative

            return second_derivative(self, node, x, kind, env), ((), x_shape)
        if isinstance(node.y, (At, Sym)):
            y = self.leaf_of(node.y, env)
            y_shape = self.world.shape(y[0])
            self.world.value(y[0], y[1], self.horizon)
            jac = self.world.derivative(y, x, kind, self.horizon)
        else:
            collected: list[Parts] = []
            with self.world.collecting(True, x[0] if x[1] is None else ""):
                value = self.exact.evaluate(node.y, env, collected)
            y_shape = shape(value)
            if kind.startswith("via:"):
                raise NotSupported("the part of an expression's derivative through one state")
            way = self.world.along(x) if kind == "own" else kind
            jac = self.world.chain(collected.pop(), x, way, None, self.horizon)
        if jac is None:
            jac = filled(y_shape + x_shape, self.zero)
        return jac, (y_shape, x_shape)


def _same(a: Tensor, b: Tensor) -> Tensor:
    if shape(a) != shape(b):
        raise Mismatch(f"{shape(a)} plus {shape(b)}")
    return a + b


_METHODS: dict[type[Node], Any] = {
    Num: Interpreter._num,
    Ones: Interpreter._num,
    Idx: Interpreter._idx,
    Sym: Interpreter._sym,
    At: Interpreter._at,
    Add: Interpreter._add,
    Neg: Interpreter._neg,
    Mul: Interpreter._mul,
    Had: Interpreter._had,
    Div: Interpreter._div,
    Pow: powers.power,
    Fn: Interpreter._fn,
    Call: structures.call,
    Sum: Interpreter._sum,
    Prod: Interpreter._prod,
    Diag: structures.diagonal,
    Transpose: structures.transposed,
    Outer: structures.outer,
    Concat: structures.concat,
    Block: structures.block,
    Matrix: structures.matrix,
    components.Entries: components.entries,
    Slice: sliced,
    Norm: structures.norm,
    Abs: structures.absolute,
    D: Interpreter._derivative,
}
_REMEMBERED = frozenset((Add, Mul, Had, Sum, Prod, Pow, Fn, Call, D, Norm, Abs))
