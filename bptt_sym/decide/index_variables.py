"""How many index variables one product of an entry has, counted from above.

An entry of an expression is a sum over index variables of products of symbols at these indices.
:class:`IndexCount` walks an expression at given steps, unrolling sums, products and derivatives as
far as the steps say, and counts; what is not made of such entries is :class:`Outside`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from bptt_sym.decide.conventions import Conventions
from bptt_sym.notation import (
    HORIZON_NAME,
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
    Mul,
    Neg,
    Node,
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
    walk,
)
from bptt_sym.recurrence import STEP, Recurrence, references

#: An index variable by the dimension it runs over.
Indices = Counter[str]
Env = Mapping[str, int]
#: Sizes of the axes.
Axes = tuple[Any, ...]


class Outside(Exception):
    """The claim is not of the kind that the argument is about."""


class IndexCount:
    """Counts for one model under one convention.

    ``monotone`` turns false if an index is summed that no parameter hinges: then a unit without
    any weights may still add to a sum.
    """

    def __init__(self, rec: Recurrence, conv: Conventions) -> None:
        self.rec = rec
        self.conv = conv
        self.rhs = {e.target: e.rhs for e in rec.equations}
        #: Of these a value is independent of those at other arguments; of exp, which turns sums
        #: into products, it is not.
        self.symbols = {"tanh", "sigma", *rec.activations}
        self.monotone = True
        self._checked: set[str] = set()
        self._values: dict[str, Indices | None] = {}
        self._joined = {
            rec.shape(name)[-1]: [d for part in parts for d in rec.shape(part)]
            for name, parts in rec.blocks.items()
            if rec.shape(name)
        }

    # -- the model

    def arguments(self) -> Indices:
        """The greatest number of index variables in an argument of the model, where it was used."""
        most = Counter[str]()
        for name in self._checked:
            for n in walk(self.rhs[name]):
                if isinstance(n, Fn):
                    outer, inner = self.of(n.arg, {})
                    most |= self.named(outer) + inner
        return most

    def named(self, axes: Axes) -> Indices:
        """One index variable for every axis whose size is no number.

        An index over a concatenation is one over one of its parts: it is counted for each of them.
        """
        return Counter(d for axis in axes for d in self._parts(axis))

    def _parts(self, axis: Any) -> list[str]:
        if not isinstance(axis, str):
            return []
        if axis in self._joined:
            return [d for part in self._joined[axis] for d in self._parts(part)]
        if "+" in axis:
            return [d for d in axis.split("+") if not d.isdigit()]
        return [axis]

    def _use(self, name: str) -> None:
        """Look at the equation of ``name``, and at those that it rests on, once."""
        todo = [name]
        while todo:
            target = todo.pop()
            if target in self._checked or target not in self.rhs:
                continue
            self._checked.add(target)
            for n in walk(self.rhs[target]):
                # Of each value the argument holds an input of its own step.
                if isinstance(n, Fn) and not self._reads_an_input(n.arg):
                    raise Outside
            self.of(self.rhs[target], {})
            todo += [other for other, _ in references(self.rhs[target])]

    def _reads_an_input(self, node: Node) -> bool:
        for n in walk(node):
            if isinstance(n, At) and affine(n.time) == ({STEP: 1}, 0):
                if n.name not in self.rhs:
                    return True
                if self._reads_an_input(self.rhs[n.name]):
                    return True
        return False

    def _value(self, name: str) -> Indices:
        """Index variables inside an element of a sequence: none where it is a symbol."""
        if name not in self.rhs or isinstance(self.rhs[name], (Fn, Call)):
            return Counter()
        if name not in self._values:
            self._values[name] = None
            inner = self.of(self.rhs[name], {})[1]
            if inner and self._values[name] is not None:
                raise Outside  # it is made of its own earlier values, with sums at each step
            self._values[name] = inner
        known = self._values[name]
        if known is None:
            # Asked for within itself: all right as long as no step sums anything.
            self._values[name] = Counter()
            return Counter()
        return known

    # -- expressions

    def of(self, node: Node, env: Env) -> tuple[Axes, Indices]:
        """The sizes of the axes of ``node``, and the index variables that are summed in it."""
        match node:
            case Num() | Idx():
                return (), Counter()
            case Sym(name=n):
                if n in self.rec.totals:
                    raise Outside
                return self.rec.shape(n), Counter()
            case At(name=n):
                self._use(n)
                return self.rec.shape(n), self._value(n)
            case Neg(arg=a) | Transpose(arg=a):
                outer, inner = self.of(a, env)
                return (outer[::-1] if isinstance(node, Transpose) else outer), inner
            case Diag(arg=a):
                outer, inner = self.of(a, env)
                return (*outer, *outer), inner
            case Block(arg=Sym(name=n), part=part):
                return (self.rec.shape(n)[0], *self.rec.shape(part)), Counter()
            case Concat(args=args):
                return self._concatenation(args, env)
            case Fn(name=name, arg=a) if name in self.symbols:
                # Its value is a symbol; only what the model applies it to is known to be one.
                if isinstance(a, At):
                    self._use(a.name)
                else:
                    self._known_argument(node)
                return self.of(a, env)[0], Counter()
            case Call(name=name, args=args) if all(isinstance(a, At) for a in args):
                for a in args:
                    self.of(a, env)
                return self.rec.functions[name], Counter()
            case Add(args=args):
                return self._sum([self.of(a, env) for a in args])
            case Had(args=args):
                parts = [self.of(a, env) for a in args]
                longest = max((o for o, _ in parts), key=len)
                extra = [i + (self.named(o) - self.named(longest)) for o, i in parts]
                return longest, sum(extra, Counter())
            case Outer(left=a, right=b):
                (x, i), (y, j) = self.of(a, env), self.of(b, env)
                return (*x, *y), i + j
            case Div(num=a, den=Num() | Idx()):
                return self.of(a, env)
            case Pow(base=b, exp=e):
                return self._power(b, e, env)
            case Mul(args=args):
                return self._product(args, env)
            case Sum(var=var, lo=lo, hi=hi, body=body):
                terms = [self.of(body, at) for at in _steps(var, lo, hi, env)]
                return self._sum(terms) if terms else self.of(body, {**env, var: time(lo, env)})
            case Prod():
                return self._path(node, env)
            case D(y=(At() | Sym()) as y, x=(At() | Sym()) as x, kind=kind) if kind != "unmarked":
                return self._derivative(y, x, kind, env)
            case _:
                raise Outside

    def _sum(self, parts: list[tuple[Axes, Indices]]) -> tuple[Axes, Indices]:
        longest = max((o for o, _ in parts), key=len)
        if len(longest) > 1 and any(not o for o, _ in parts):
            raise Outside  # a number beside a matrix: ones, or the identity if it is square
        inner = Counter[str]()
        for o, i in parts:
            inner |= i + (self.named(o) - self.named(longest))
        return longest, inner

    def _power(self, base: Node, exp: Node, env: Env) -> tuple[Axes, Indices]:
        outer, inner = self.of(base, env)
        if isinstance(exp, Num) and exp.value.denominator != 1:
            raise Outside
        times = time(exp, env)
        if times < 0 or (times == 0 and len(outer) > 1):
            raise Outside
        whole = Counter({d: n * times for d, n in inner.items()})
        if len(outer) > 1:
            self._contract(base, base)
            between = self.named(outer[:1]) | self.named(outer[-1:])
            whole += Counter({d: n * (times - 1) for d, n in between.items()})
        return outer, whole

    def _concatenation(self, args: tuple[Node, ...], env: Env) -> tuple[Axes, Indices]:
        """A vector over a dimension of its own, which the product with a matrix sums."""
        inner = Counter[str]()
        sizes = []
        for a in args:
            outer, i = self.of(a, env)
            if len(outer) > 1:
                raise Outside
            inner |= i
            sizes += [str(outer[0]) if outer else "1"]
        return ("+".join(sizes),), inner

    def _known_argument(self, node: Fn) -> None:
        for name, rhs in self.rhs.items():
            for n in walk(rhs):
                if isinstance(n, Fn) and n.arg == node.arg:
                    self._use(name)
                    return
        raise Outside

    def _product(self, args: tuple[Node, ...], env: Env) -> tuple[Axes, Indices]:
        outer: Axes = ()
        inner = Counter[str]()
        before: Node | None = None
        for a in args:
            if isinstance(a, Ones):
                raise Outside
            axes, i = self.of(a, env)
            inner += i
            if len(outer) > 1 and axes:
                # (Either name: under some layouts they are in another order.)
                inner += self.named(axes[:1]) | self.named(outer[-1:])
                outer = (*outer[:-1], *axes[1:])
            else:
                # A row or a column: whether an index is summed is not looked at, all are counted.
                outer = (*outer, *axes)
            if axes:
                if before is not None:
                    self._contract(before, a)
                before = a
        return outer, inner

    def _path(self, node: Prod, env: Env) -> tuple[Axes, Indices]:
        factors = [self.of(node.body, at) for at in _steps(node.var, node.lo, node.hi, env)]
        if not factors:
            outer = self.of(node.body, {**env, node.var: time(node.lo, env)})[0]
            return outer, Counter()
        outer = factors[0][0]
        inner = sum((i for _, i in factors), Counter[str]())
        if len(outer) > 1:
            self._contract(node.body, node.body)
            for _ in factors[1:]:
                inner += self.named(outer[:1]) | self.named(outer[-1:])
        return outer, inner

    def _contract(self, left: Node, right: Node) -> None:
        """Take note of a sum over an index between two factors.

        A unit without weights adds nothing to it if one of the two is a matrix that has no entry
        between such a unit and another one.
        """
        if self._orientation(left) == "column" and self._orientation(right) == "row":
            return  # nothing is summed
        if self.conv.chained or not (self._is_block(left) or self._is_block(right)):
            self.monotone = False

    def _orientation(self, node: Node) -> str:
        """``row`` or ``column`` for a vector where that is plain."""
        match node:
            case Transpose(arg=a):
                return {"row": "column", "column": "row"}.get(self._orientation(a), "")
            case At(name=n) | Sym(name=n) if n not in self.rec.totals:
                written = "row" if self.conv.rows else "column"
                return written if len(self.rec.shape(n)) == 1 else ""
            case Had(args=args) | Mul(args=args):
                # Behind matrices a column stays one, and so does an entrywise product of columns.
                return self._orientation(args[-1]) if self._orientation(args[-1]) != "row" else ""
            case Neg(arg=a):
                return self._orientation(a)
            case Concat():
                return "column"
            case D(y=(At() | Sym()) as y, x=(At() | Sym()) as x):
                if self.rec.shape(y.name) or len(self.rec.shape(x.name)) != 1:
                    return ""
                return "row" if self.conv.layout == "numerator" else "column"
            case _:
                return ""

    def _is_block(self, node: Node) -> bool:
        match node:
            case Sym(name=n):
                return n not in self.rec.totals and len(self.rec.shape(n)) == 2
            case Diag() | Block():
                return True
            case D(y=At(name=y), x=(At() | Sym()) as x):
                # (By a matrix as well: the way from y to the matrix's rows is one of blocks.)
                return len(self.rec.shape(y)) == 1 and len(self.rec.shape(x.name)) > 0
            case Neg(arg=a) | Transpose(arg=a) | Pow(base=a) | Sum(body=a) | Prod(body=a):
                return self._is_block(a)
            case Div(num=a):
                return self._is_block(a)
            case Add(args=args):
                return all(map(self._is_block, args))
            case Mul(args=args):
                return all(self._is_block(a) or self._is_number(a) for a in args)
            case _:
                return False

    def _is_number(self, node: Node) -> bool:
        return isinstance(node, (Num, Idx)) or (
            isinstance(node, (At, Sym))
            and node.name not in self.rec.totals
            and not self.rec.shape(node.name)
        )

    # -- derivatives

    def _derivative(self, y: At | Sym, x: At | Sym, kind: str, env: Env) -> tuple[Axes, Indices]:
        start = time(x.time, env) if isinstance(x, At) else None
        axes = (*self.rec.shape(y.name), *self.rec.shape(x.name))
        if self.conv.layout == "denominator":
            axes = (*self.rec.shape(x.name), *self.rec.shape(y.name))
        if isinstance(y, At):
            end = time(y.time, env)
            reach = end if start is None else end - start
            if kind in ("immediate", "direct"):
                reach = 0 if start is None else reach
            return axes, self._paths(y.name, x, max(reach, 0), {})
        total = self.rec.totals.get(y.name)
        if total is None:
            raise Outside
        horizon = env.get(HORIZON_NAME, 0)
        most = Counter[str]()
        here = {**env, HORIZON_NAME: horizon}
        for loss in {n for n in walk(total) if isinstance(n, At)}:
            if loss.name not in self.rhs:
                continue
            edge = self._edge(total, loss.name, here)
            reach = horizon if start is None else horizon - start
            if not (loss.name == x.name and isinstance(x, At)):
                edge = edge + self._paths(loss.name, x, max(reach, 0), {})
            most |= edge
        return axes, most

    def _paths(self, y: str, x: At | Sym, steps: int, seen: dict[Any, Indices]) -> Indices:
        """Index variables along the longest way from ``y`` to ``x``, at most ``steps`` before."""
        key = (y, steps)
        if key in seen:
            return seen[key]
        seen[key] = most = Counter[str]()
        self._use(y)
        if y in self.rhs:
            rhs = self.rhs[y]
            if isinstance(x, Sym) and any(
                isinstance(n, Sym) and n.name == x.name for n in walk(rhs)
            ):
                most = most | self._edge(rhs, x.name, {})
            for other, lag in set(references(rhs)):
                if lag <= steps and (other in self.rhs or other == x.name):
                    further = self._paths(other, x, steps - lag, seen)
                    most = most | (self._edge(rhs, other, {}) + further)
        seen[key] = most
        return most

    def _edge(self, node: Node, to: str, env: Env) -> Indices:
        """Index variables that a step from ``node`` to the name ``to`` in it sums over.

        The index at which ``to`` is read is one of them, or that of the node itself.
        """
        if not any(isinstance(n, (At, Sym)) and n.name == to for n in walk(node)):
            return Counter()
        match node:
            case Add(args=args):
                most = Counter[str]()
                for a in args:
                    most |= self._edge(a, to, env)
                return most
            case At() | Sym():
                return Counter()
            case Sum(body=body):
                return self._edge(body, to, env)
            case Call(args=args):
                # One partial derivative for each entry of what it is applied to.
                most = Counter[str]()
                for a in args:
                    most |= self._edge(a, to, env) + self.named(self.of(a, env)[0])
                return most
            case _:
                most = Counter[str]()
                for a in children(node):
                    most |= self._edge(a, to, env)
                return most + (Counter() if isinstance(node, Fn) else self.of(node, env)[1])


def time(node: Node, env: Env) -> int:
    """The step that ``node`` names. Raises Outside where its indices have no values."""
    form = affine(node)
    if form is None or not set(form[0]) <= set(env):
        raise Outside
    return int(form[1] + sum(c * env[n] for n, c in form[0].items()))


def _steps(var: str, lo: Node, hi: Node, env: Env) -> Iterator[dict[str, int]]:
    for k in range(time(lo, env), time(hi, env) + 1):
        yield {**env, var: k}


__all__ = ["Axes", "Env", "IndexCount", "Indices", "Outside", "time"]
