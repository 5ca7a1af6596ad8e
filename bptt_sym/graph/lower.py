"""Expressions to rows of a table: shapes made concrete, vectors and matrices taken apart.

The walk is a loop with its own stack, so a deeply nested equation costs memory and not the
interpreter's stack.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product

from bptt_sym.distances import highest_first
from bptt_sym.errors import LimitExceeded, NotSupported, ShapeError, UnboundName
from bptt_sym.graph.graph import Graph
from bptt_sym.graph.operations import ONE, ZERO
from bptt_sym.notation import (
    Abs,
    Add,
    At,
    Block,
    Call,
    Concat,
    Diag,
    Div,
    Fn,
    Had,
    Idx,
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
    children,
)

#: A concrete shape: () scalar, (n,) column vector, (n, m) matrix.
Size = tuple[int, ...]
#: Terms of one sum or product.
MAX_TERMS = 1 << 22


@dataclass(frozen=True, slots=True)
class Array:
    """A shape and its rows of the table, last index fastest."""

    shape: Size
    nodes: tuple[int, ...]
    #: The bare number 1 or 0 of whatever shape is wanted (:class:`~bptt_sym.notation.Ones`).
    unit: bool = False


def indices(shape: Size) -> list[tuple[int, ...]]:
    """All component indices of a shape, in storage order; 0-based."""
    return list(product(*map(range, shape))) if shape else [()]


@dataclass(frozen=True, slots=True)
class Lowering:
    """What the names of an expression stand for.

    ``symbol(name)`` gives the array of a parameter and ``element(name, time, env)`` that of a
    sequence; ``counter(name)`` the row of an index that is used as a number and has no value in the
    environment; ``call_shape(name)`` the shape of a function's value; ``parts(name)`` the sequences
    of a concatenation that a parameter multiplies, with their sizes.
    """

    graph: Graph
    symbol: Callable[[str], Array]
    element: Callable[[str, Node, Mapping[str, int]], Array]
    counter: Callable[[str], int | None] = field(default=lambda name: None)
    call_shape: Callable[[str], Size] = field(default=lambda name: ())
    parts: Callable[[str], Sequence[tuple[str, int]]] = field(default=lambda name: ())

    def lower(self, node: Node, env: Mapping[str, int]) -> Array:
        """The rows of ``node`` where the integer variables have the values ``env``.

        Raises ShapeError where shapes do not fit, UnboundName for an index without a value,
        NotSupported for a derivative or a norm that has no finite formula here.
        """
        done: list[Array] = []
        # (node, env, arity): arity None is "not yet visited".
        todo: list[tuple[Node, Mapping[str, int], int | None]] = [(node, env, None)]
        while todo:
            n, e, arity = todo.pop()
            if arity is None:
                if isinstance(n, At):
                    done.append(self.element(n.name, n.time, e))
                    continue
                parts = self._parts_of(n, e)
                todo.append((n, e, len(parts)))
                todo.extend((c, ce, None) for c, ce in reversed(parts))
                continue
            args = done[len(done) - arity :]
            del done[len(done) - arity :]
            done.append(self._make(n, e, args))
        return done[0]

    def _parts_of(self, n: Node, env: Mapping[str, int]) -> list[tuple[Node, Mapping[str, int]]]:
        match n:
            case Sum(var=var, lo=lo, hi=hi, body=body) | Prod(var=var, lo=lo, hi=hi, body=body):
                first, last = integer(lo, env), integer(hi, env)
                if last - first >= MAX_TERMS:
                    raise LimitExceeded(f"{last - first + 1} terms", span=n.span)
                steps = range(first, last + 1)
                if isinstance(n, Prod) and highest_first(n):
                    steps = steps[::-1]
                return [(body, {**env, var: k}) for k in steps]
            case Pow(base=base, exp=exp) if affine(exp) is not None:
                return [(base, env)]
            case _:
                return [(c, env) for c in children(n)]

    def _make(self, n: Node, env: Mapping[str, int], args: list[Array]) -> Array:
        g = self.graph
        match n:
            case Num(value=value):
                return Array((), (g.const(value),))
            case Idx(name=name):
                row = self.counter(name) if name not in env else g.const(env[name])
                if row is None:
                    raise UnboundName(f"the index {name} has no value", span=n.span, token=name)
                return Array((), (row,))
            case Sym(name=name):
                return self.symbol(name)
            case Ones():
                return Array((), (ONE,), unit=True)
            case Add() | Sum():
                return self._sum(args, n)
            case Mul() | Prod():
                result = Array((), (ONE,))
                for arg in args:
                    result = self._product(result, arg, n)
                return result
            case Had():
                result = args[0]
                for arg in args[1:]:
                    result = self._zip(g.mul, result, arg, n)
                return result
            case Neg():
                return self._map(g.neg, args[0])
            case Div():
                return self._zip(g.div, args[0], args[1], n)
            case Pow(exp=exp):
                return self._power(args, exp, env, n)
            case Fn(name="softmax", order=0):
                return self._softmax(args[0])
            case Fn(name="softmax"):
                raise NotSupported("the derivative of softmax is not elementwise")
            case Fn(name=name, order=order):
                return self._map(lambda a: g.fn(name, a, order), args[0])
            case Abs():
                return self._map(lambda a: g.fn("abs", a), args[0])
            case Call(name=name):
                flat = [k for a in args for k in a.nodes]
                shape = self.call_shape(name)
                return Array(
                    shape,
                    tuple(
                        g.call(name + ("" if not i else str(list(i))), flat) for i in indices(shape)
                    ),
                )
            case Diag():
                size = self._length(args[0], n)
                return Array(
                    (size, size),
                    tuple(args[0].nodes[i] if i == j else ZERO for i, j in indices((size, size))),
                )
            case Transpose():
                return self._transpose(args[0])
            case Outer():
                rows, cols = self._length(args[0], n), self._length(args[1], n)
                left, right = args[0].nodes, args[1].nodes
                return Array(
                    (rows, cols), tuple(g.mul(left[i], right[j]) for i, j in indices((rows, cols)))
                )
            case Concat():
                total = sum(self._length(a, n) for a in args)
                return Array((total,), tuple(k for a in args for k in a.nodes))
            case Block(part=part):
                return self._block(args[0], part, n)
            case Norm():
                return self._norm(args[0], n)
            case _:
                raise NotSupported(f"{type(n).__name__} has no place in an equation")

    # ------------------------------------------------------------------ shapes

    @staticmethod
    def _map(f: Callable[[int], int], a: Array) -> Array:
        return Array(a.shape, tuple(map(f, a.nodes)))

    def _zip(self, f: Callable[[int, int], int], a: Array, b: Array, n: Node) -> Array:
        """``f`` elementwise; a scalar goes with every component."""
        if a.shape == b.shape:
            return Array(a.shape, tuple(map(f, a.nodes, b.nodes)), unit=a.unit and b.unit)
        if not a.shape:
            return Array(b.shape, tuple(f(a.nodes[0], k) for k in b.nodes))
        if not b.shape:
            return Array(a.shape, tuple(f(k, b.nodes[0]) for k in a.nodes))
        raise ShapeError(f"{_words(a)} and {_words(b)} do not fit elementwise", span=n.span)

    def _sum(self, args: list[Array], n: Node) -> Array:
        square = next((a.shape for a in args if len(a.shape) == 2 and not a.unit), None)
        if square is not None and square[0] == square[1]:
            # The unit of square matrices under addition to one is the identity matrix.
            args = [
                Array(square, tuple(a.nodes[0] if i == j else ZERO for i, j in indices(square)))
                if a.unit
                else a
                for a in args
            ]
        result = Array((), (ZERO,))
        for arg in args:
            result = self._zip(self.graph.add, result, arg, n)
        return result

    def _product(self, a: Array, b: Array, n: Node) -> Array:
        g = self.graph
        if not a.shape or not b.shape:
            return self._zip(g.mul, a, b, n)
        rows, inner = (a.shape[0], 1) if len(a.shape) == 1 else a.shape
        other, cols = (b.shape[0], 1) if len(b.shape) == 1 else b.shape
        if inner != other:
            raise ShapeError(
                f"{_words(a)} cannot stand left of {_words(b)} in a product", span=n.span
            )
        out = []
        for i in range(rows):
            for j in range(cols):
                acc = ZERO
                for k in range(inner):
                    acc = g.add(acc, g.mul(a.nodes[i * inner + k], b.nodes[k * cols + j]))
                out.append(acc)
        if len(b.shape) == 1:
            # matrix times column is a column, and row times column a number
            return Array((rows,) if rows > 1 or len(a.shape) == 1 else (), tuple(out))
        return Array((rows, cols), tuple(out))

    def _power(self, args: list[Array], exp: Node, env: Mapping[str, int], n: Node) -> Array:
        g = self.graph
        base = args[0]
        power = integer(exp, env) if len(args) == 1 else None
        if len(base.shape) == 2:
            if power is None or power < 0 or base.shape[0] != base.shape[1]:
                raise ShapeError(
                    "a matrix power needs a square matrix and a whole exponent", span=n.span
                )
            result: Array | None = None
            square = base
            while power:
                if power & 1:
                    result = square if result is None else self._product(result, square, n)
                power >>= 1
                if power:
                    square = self._product(square, square, n)
            if result is None:
                size = base.shape
                result = Array(size, tuple(ONE if i == j else ZERO for i, j in indices(size)))
            return result
        if power is not None:
            whole = power
            return self._map(lambda a: g.pow(a, whole), base)
        exponent = args[1]
        if exponent.shape:
            raise ShapeError("an exponent must be a number", span=n.span)
        # b^e = exp(e log b) for b > 0, which is where a power that is not whole is defined.
        return self._map(lambda a: g.fn("exp", g.mul(exponent.nodes[0], g.fn("log", a))), base)

    def _softmax(self, a: Array) -> Array:
        g = self.graph
        weights = [g.fn("exp", k) for k in a.nodes]
        total = ZERO
        for w in weights:
            total = g.add(total, w)
        inverse = g.pow(total, -1)
        return Array(a.shape, tuple(g.mul(w, inverse) for w in weights))

    @staticmethod
    def _transpose(a: Array) -> Array:
        if not a.shape:
            return a
        if len(a.shape) == 1:
            return Array((1, a.shape[0]), a.nodes)
        rows, cols = a.shape
        return Array((cols, rows), tuple(a.nodes[i * cols + j] for j, i in indices((cols, rows))))

    @staticmethod
    def _length(a: Array, n: Node) -> int:
        if len(a.shape) == 1:
            return a.shape[0]
        if not a.shape:
            return 1
        raise ShapeError(f"{_words(a)} where a vector is needed", span=n.span)

    def _block(self, a: Array, part: str, n: Node) -> Array:
        name = n.arg.name if isinstance(n, Block) and isinstance(n.arg, Sym) else ""
        start = 0
        for other, size in self.parts(name):
            if other == part:
                if not a.shape:
                    break
                rows, cols = a.shape if len(a.shape) == 2 else (1, a.shape[0])
                picked = tuple(a.nodes[i * cols + start + j] for i, j in indices((rows, size)))
                return Array((rows, size), picked)
            start += size
        raise ShapeError(f"{name or 'this'} has no block that multiplies {part}", span=n.span)

    def _norm(self, a: Array, n: Node) -> Array:
        g = self.graph
        order = n.ord if isinstance(n, Norm) else "any"
        total = ZERO
        if order == "F" or (order == "2" and len(a.shape) < 2):
            for k in a.nodes:
                total = g.add(total, g.pow(k, 2))
            return Array((), (g.fn("sqrt", total),))
        if order == "1" and len(a.shape) < 2:
            for k in a.nodes:
                total = g.add(total, g.fn("abs", k))
            return Array((), (total,))
        raise NotSupported(f"the norm of order {order} of {_words(a)} as a formula")


def integer(node: Node, env: Mapping[str, int]) -> int:
    """The value of an index expression; UnboundName if ``env`` lacks one of its indices."""
    form = affine(node)
    if form is None:
        raise NotSupported(f"the index {node} is not a sum of integers and indices")
    for name in form[0]:
        if name not in env:
            raise UnboundName(f"the index {name} has no value", span=node.span, token=name)
    return form[1] + sum(c * env[name] for name, c in form[0].items())


def _words(a: Array) -> str:
    if not a.shape:
        return "a scalar"
    if len(a.shape) == 1:
        return f"a vector of length {a.shape[0]}"
    return f"a {a.shape[0]} by {a.shape[1]} matrix"
