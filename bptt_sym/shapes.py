r"""Shapes: of an expression, and of every name from the equations alone.

A shape is a tuple of dimensions, ``()`` a scalar, ``("n",)`` a column vector, ``("n", "m")`` a
matrix. A row vector is the matrix ``(1, "n")``. Derivatives are in numerator layout: rows of what is
differentiated, then the shape of the variable; a scalar by a vector is a row; a scalar by a matrix
has the matrix' shape; a vector by a matrix is a 3-tensor.

The documented rules of :func:`infer_shapes`:

* a parameter with an upper-case or bold letter that multiplies a sequence (or a concatenation, or a
  parenthesis with a sequence in it) is a matrix, and what it multiplies is a vector;
* where a lower-case parameter multiplies the state itself and no upper-case one multiplies a state,
  as in ``h_t = \tanh(W x_t + w h_{t-1})``, the state is a scalar, and so is that ``W``;
* a lower-case parameter that multiplies is a scalar; one that is added to a vector, or multiplied
  elementwise with one, is a vector;
* a bold lower-case letter is a vector; everything else that no rule reaches is a scalar;
* ``x W`` with a vector left of a matrix is the row-vector convention: the vector runs over the rows;
* equal dimensions are unified over all equations. The dimension of the first defined vector is
  ``n``, that of the first input ``m``; others are ``p``, ``q``, ….
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TypeAlias

from bptt_sym.errors import ShapeError
from bptt_sym.notation import (
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
    children,
    walk,
)

Dim: TypeAlias = str | int
Shape: TypeAlias = tuple[Dim, ...]


def show_shape(shape: Shape) -> str:
    """``n×m``, ``n`` or ``scalar``."""
    return "×".join(map(str, shape)) if shape else "scalar"


def shape_of(
    node: Node, shapes: Mapping[str, Shape], functions: Mapping[str, Shape] | None = None
) -> Shape:
    """The shape of ``node``, given those of its names and of its opaque functions.

    Raises
    ------
    ShapeError
        Two parts do not fit, or a name has no shape; the span is that of the smaller part.
    """
    return _Shapes(shapes, functions or {}).of(node)


class _Shapes:
    def __init__(self, shapes: Mapping[str, Shape], functions: Mapping[str, Shape]) -> None:
        self.shapes = shapes
        self.functions = functions

    def of(self, node: Node) -> Shape:
        match node:
            case Num() | Idx() | Ones():
                return ()
            case Sym(name=name) | At(name=name):
                if name not in self.shapes:
                    raise ShapeError(f"{name} has no shape", span=node.span, token=name,
                                     hint=f"give one with --shape '{name}=…'")  # fmt: skip
                return self.shapes[name]
            case Add(args=args):
                return self.elementwise(args, "added")
            case Had(args=args):
                return self.elementwise(args, "multiplied elementwise")
            case Mul(args=args):
                acc = self.of(args[0])
                for a in args[1:]:
                    acc = self.product(acc, self.of(a), a)
                return acc
            case Neg(arg=a) | Fn(arg=a) | Abs(arg=a):
                return self.of(a)
            case Div(num=a, den=b):
                return self.elementwise((a, b), "divided") if self.of(b) else self.of(a)
            case Pow(base=b):
                return self.of(b)
            case Norm(arg=a):
                self.of(a)
                return ()
            case Call(name=name, args=args):
                for a in args:
                    self.of(a)
                return self.functions.get(name, ())
            case D(y=y, x=x):
                return derivative_shape(self.of(y), self.of(x))
            case Sum(body=b):
                return self.of(b)
            case Prod(body=b):
                shape = self.of(b)
                if len(shape) == 2 and shape[0] != shape[1]:
                    raise ShapeError(
                        f"a product of factors {show_shape(shape)}, which are not square",
                        span=node.span,
                    )
                return shape
            case Diag(arg=a):
                shape = self.of(a)
                if len(shape) > 1:
                    raise ShapeError(f"diag of a {show_shape(shape)} matrix", span=node.span,
                                     token="diag", hint="diag takes a vector")  # fmt: skip
                return shape * 2
            case Transpose(arg=a):
                return transposed(self.of(a), node)
            case Outer(left=a, right=b):
                rows, cols = self.of(a), self.of(b)
                if len(rows) > 1 or len(cols) > 1:
                    raise ShapeError("an outer product of matrices", span=node.span)
                return rows + cols
            case Concat(args=args):
                return (self.stacked(args),)
            case Block(arg=a, part=part):
                return (*self.of(a)[:1], *self.shapes.get(part, ()))
            case _:
                raise TypeError(f"no shape for {type(node).__name__}")

    def elementwise(self, args: Iterable[Node], verb: str) -> Shape:
        """Equal shapes; a scalar goes with anything."""
        found: Shape = ()
        for a in args:
            here = self.of(a)
            if not here:
                continue
            if found and here != found:
                raise ShapeError(
                    f"{show_shape(found)} and {show_shape(here)} are {verb}", span=a.span
                )
            found = here
        return found

    def product(self, left: Shape, right: Shape, node: Node) -> Shape:
        if not left or not right:
            return left or right
        if len(left) == 1 and len(right) == 2 and right[0] == 1:
            return (left[0], right[1])
        if len(left) == 1:
            what = "vector" if len(right) == 1 else "matrix"
            raise ShapeError(
                f"a column vector of {left[0]} times a {what} {show_shape(right)}",
                span=node.span, hint=r"write \odot, \mathrm{diag}(·) or a transpose",
            )  # fmt: skip
        if left[-1] != right[0]:
            raise ShapeError(f"{show_shape(left)} times {show_shape(right)}", span=node.span,
                             hint="the inner dimensions must agree")  # fmt: skip
        out = left[:-1] + right[1:]
        return () if out == (1,) else out

    def stacked(self, args: tuple[Node, ...]) -> Dim:
        total = 0
        names: list[str] = []
        for a in args:
            shape = self.of(a)
            if len(shape) > 1:
                raise ShapeError("a concatenation of matrices", span=a.span)
            dim = shape[0] if shape else 1
            if isinstance(dim, int):
                total += dim
            else:
                names.append(dim)
        return summed(names, total)


def summed(names: list[str], total: int) -> Dim:
    """The dimension of vectors stacked: ``n+m``; equal for every order of the parts."""
    if not names:
        return total
    ordered = sorted(names, key=lambda d: (d != "n", d))
    return "+".join(ordered + ([str(total)] if total else []))


def derivative_shape(y: Shape, x: Shape) -> Shape:
    """The shape of the derivative in numerator layout."""
    if not y and len(x) == 1:
        return (1, *x)
    return y + x


def transposed(shape: Shape, node: Node) -> Shape:
    if len(shape) == 1:
        return (1, shape[0])
    if len(shape) == 2:
        return (shape[1],) if shape[0] == 1 else (shape[1], shape[0])
    if not shape:
        return ()
    raise ShapeError("a transpose of a 3-tensor", span=node.span)


# -- inference

_BOLD = re.compile(r"\\(?:mathbf|vec)\{")
_UPPER_GREEK = re.compile(r"\\(?:Gamma|Delta|Theta|Lambda|Xi|Pi|Sigma|Upsilon|Phi|Psi|Omega)")
_MARK = re.compile(r"\\(?:mathbf|mathcal|mathrm|mathbb|mathfrak|tilde|hat|bar|vec|dot|check)\{")


def is_bold(name: str) -> bool:
    """Whether the letter itself (not its subscript) is bold or has an arrow."""
    return bool(_BOLD.search(name.split("_")[0]))


def is_upper(name: str) -> bool:
    """Whether the letter of a name is upper-case."""
    base = name
    while m := _MARK.match(base):
        base = base[m.end() :]
    return bool(base) and (base[0].isupper() or bool(_UPPER_GREEK.match(base)))


def infer_shapes(
    equations: Iterable[tuple[str, Node]],
    *,
    given: Mapping[str, Shape] | None = None,
    scalar: bool = False,
    totals: Mapping[str, Node] | None = None,
    functions: Mapping[str, Shape] | None = None,
) -> dict[str, Shape]:
    """The shape of every sequence and parameter by the documented rules.

    Parameters
    ----------
    equations:
        ``(defined sequence, right-hand side at step t)``.
    given:
        Shapes that are known; they win over every rule.
    scalar:
        Everything that is not given is a scalar. Where vectors are concatenated, the
        dimension of each is 1 instead.
    totals:
        Quantities of the whole run; they are scalars, their names get shapes too.
    functions:
        Output shapes of opaque functions.

    Raises
    ------
    ShapeError
        The dimensions that must be equal are given as different.
    """
    return _Inference(list(equations), dict(given or {}), scalar, dict(totals or {}),
                      dict(functions or {})).run()  # fmt: skip


class _Inference:
    """Ranks first, by a fixpoint over the equations; then dimensions, by union-find."""

    def __init__(
        self,
        equations: list[tuple[str, Node]],
        given: dict[str, Shape],
        scalar: bool,
        totals: dict[str, Node],
        functions: dict[str, Shape],
    ) -> None:
        self.equations = equations
        self.given = given
        self.scalar = scalar
        self.totals = totals
        self.functions = functions
        roots = [rhs for _, rhs in equations] + list(totals.values())
        self.sequences: dict[str, None] = dict.fromkeys(t for t, _ in equations)
        self.parameters: dict[str, None] = {}
        self.concatenated = False
        for root in roots:
            for n in walk(root):
                if isinstance(n, At):
                    self.sequences[n.name] = None
                elif isinstance(n, Sym) and n.name not in totals:
                    self.parameters[n.name] = None
                elif isinstance(n, Concat):
                    self.concatenated = True
        self.ranks: dict[str, int] = {n: len(s) for n, s in given.items()}
        self.parent: dict[object, object] = {}
        self.value: dict[object, Dim] = {}
        self.sums: list[tuple[object, list[object]]] = []

    def run(self) -> dict[str, Shape]:
        names = [*self.sequences, *self.parameters]
        if self.scalar and not self.concatenated:
            return {**{n: self.given.get(n, ()) for n in names}, **self.given}
        for n in names:
            if n not in self.ranks and is_bold(n) and not is_upper(n):
                self.ranks[n] = 1
        self.multiplied: set[str] = set()
        for target, rhs in self.equations:
            if not self.recurs_by_scalar(target, rhs):
                self.find_matrices(rhs)
        for rhs in self.totals.values():
            self.find_matrices(rhs)
        changed = True
        while changed:
            before = dict(self.ranks)
            for target, rhs in self.equations:
                rank = max(self.rank(rhs), self.ranks.get(target, 0))
                self.raise_to(target, rank)
                self.push(rhs, rank)
            for rhs in self.totals.values():
                self.push(rhs, self.rank(rhs))
            changed = self.ranks != before
        for n in names:
            self.ranks.setdefault(n, 0)
        for n, shape in self.given.items():
            for axis, dim in enumerate(shape):
                self.fix((n, axis), dim)
        for target, rhs in self.equations:
            dims = self.dims(rhs)
            if len(dims) == 1 == self.ranks[target]:
                self.unify(dims[0], (target, 0), rhs)
        for rhs in self.totals.values():
            self.dims(rhs)
        self.name_dimensions()
        return {
            n: tuple(self.value[self.find((n, axis))] for axis in range(rank))
            for n, rank in self.ranks.items()
        }

    # ranks

    def find_matrices(self, root: Node) -> None:
        for n in walk(root):
            if not isinstance(n, Mul):
                continue
            states = [_has_sequence(a) for a in n.args]
            for a in n.args:
                inner = a.arg if isinstance(a, Transpose) else a
                if not isinstance(inner, Sym) or inner.name in self.totals:
                    continue
                if any(states) and (is_upper(inner.name) or is_bold(inner.name)):
                    if inner.name not in self.given:
                        self.ranks[inner.name] = 2

    def recurs_by_scalar(self, target: str, rhs: Node) -> bool:
        """Whether a lower-case parameter alone takes the state ``target`` from step to step."""
        defined = {t for t, _ in self.equations}
        by_scalar = False
        for n in walk(rhs):
            if not isinstance(n, Mul):
                continue
            parameters = [a.name for a in n.args if isinstance(a, Sym)]
            states = {m.name for a in n.args for m in walk(a) if isinstance(m, At)} & defined
            if states and any(is_upper(p) or is_bold(p) or self.ranks.get(p) for p in parameters):
                return False
            own = any(isinstance(a, At) and a.name == target for a in n.args)
            by_scalar |= own and bool(parameters)
        return by_scalar and not is_bold(target)

    def raise_to(self, name: str, rank: int) -> None:
        if name not in self.given and rank > self.ranks.get(name, 0):
            self.ranks[name] = rank

    def rank(self, node: Node) -> int:
        match node:
            case At(name=n) | Sym(name=n):
                return self.ranks.get(n, 0)
            case Add(args=args) | Had(args=args):
                return max(self.rank(a) for a in args)
            case Mul(args=args):
                ranks = [self.rank(a) for a in args]
                if 2 in ranks:
                    rest = any(r == 1 for r in ranks) or any(
                        _has_sequence(a) for a, r in zip(args, ranks, strict=True) if r < 2
                    )
                    return 1 if rest else 2
                return max(ranks)
            case Concat():
                return 1
            case Diag(arg=a):
                return 2 if self.rank(a) else 0
            case Neg(arg=a) | Fn(arg=a) | Transpose(arg=a) | Pow(base=a) | Div(num=a):
                return self.rank(a)
            case Call(name=n):
                return len(self.functions.get(n, ()))
            case _:
                return 0

    def push(self, node: Node, rank: int) -> None:
        """Tell ``node`` that it has this rank (0 says nothing)."""
        match node:
            case At(name=n) | Sym(name=n):
                if rank == 1:
                    self.raise_to(n, rank)
            case Add(args=args):
                for a in args:
                    self.push(a, rank)
            case Had(args=args):
                for a in args:
                    if not isinstance(a, Add) or _has_sequence(a):
                        self.push(a, rank)
            case Mul(args=args):
                matrix = any(self.rank(a) == 2 for a in args)
                for a in args:
                    if self.rank(a) == 2:
                        continue
                    if _has_sequence(a):
                        self.push(a, 1 if matrix else rank)
                    elif isinstance(a, Sym) and is_bold(a.name):
                        self.push(a, rank)
            case Concat(args=args):
                for a in args:
                    self.push(a, 1)
            case Neg(arg=a) | Fn(arg=a) | Pow(base=a) | Div(num=a):
                self.push(a, rank)
            case Diag(arg=a):
                self.push(a, min(rank, 1))
            case Call(args=args):
                for a in args:
                    if not isinstance(a, (At, Sym)):
                        self.push(a, self.rank(a))
            case Sum(body=a):
                self.push(a, self.rank(a))
            case _:
                pass

    # dimensions

    def find(self, key: object) -> object:
        root = key
        while (up := self.parent.get(root, root)) != root:
            root = up
        while key != root:
            up = self.parent.get(key, root)
            self.parent[key] = root
            key = up
        return root

    def fix(self, key: object, dim: Dim) -> None:
        root = self.find(key)
        if isinstance(dim, str) and "+" in dim:
            return  # the sum of a concatenation is found, not given
        # Every occurrence of one symbolic dimension is one class.
        other = self.find(("dim", dim))
        self.value[other] = dim
        self.unify(root, other, None)

    def unify(self, a: object, b: object, node: Node | None) -> None:
        a, b = self.find(a), self.find(b)
        if a == b:
            return
        x, y = self.value.get(a), self.value.get(b)
        if x is not None and y is not None and x != y:
            raise ShapeError(
                f"the dimensions {x} and {y} must be equal", span=node.span if node else None,
                hint="correct the shapes that were given",
            )  # fmt: skip
        self.parent[a] = b
        if y is None and x is not None:
            self.value[b] = x

    def dims(self, node: Node) -> tuple[object, ...]:
        match node:
            case At(name=n) | Sym(name=n):
                return tuple((n, axis) for axis in range(self.ranks.get(n, 0)))
            case Add(args=args) | Had(args=args):
                return self.same(args)
            case Mul(args=args):
                acc = self.dims(args[0])
                for a in args[1:]:
                    acc = self.product(acc, self.dims(a), a)
                return acc
            case Div(num=a, den=b):
                return self.same((a, b))
            case Neg(arg=a) | Fn(arg=a) | Pow(base=a) | Sum(body=a):
                return self.dims(a)
            case Transpose(arg=a):
                inner = self.dims(a)
                return tuple(reversed(inner)) if len(inner) == 2 else inner
            case Diag(arg=a):
                return self.dims(a) * 2
            case Concat(args=args):
                parts: list[object] = []
                for a in args:
                    inner = self.dims(a)
                    parts.append(inner[0] if inner else ("dim", 1))
                    if not inner:
                        self.value[self.find(("dim", 1))] = 1
                key = ("sum", id(node))
                self.sums.append((key, parts))
                return (key,)
            case Call(args=args):
                for a in args:
                    self.dims(a)
                shape = self.functions.get(node.name, ())
                for axis, d in enumerate(shape):
                    self.fix((("call", node.name), axis), d)
                return tuple((("call", node.name), axis) for axis in range(len(shape)))
            case _:
                for c in children(node):
                    self.dims(c)
                return ()

    def same(self, args: Iterable[Node]) -> tuple[object, ...]:
        found: tuple[object, ...] = ()
        for a in args:
            here = self.dims(a)
            if here and found:
                if len(here) != len(found):
                    raise ShapeError("a vector and a matrix are combined elementwise",
                                     span=a.span)  # fmt: skip
                for x, y in zip(found, here, strict=True):
                    self.unify(x, y, a)
            found = found or here
        return found

    def product(
        self, left: tuple[object, ...], right: tuple[object, ...], node: Node
    ) -> tuple[object, ...]:
        if not left or not right:
            return left or right
        if len(left) == 2:
            self.unify(left[1], right[0], node)
            return (left[0], *right[1:])
        self.unify(left[0], right[0], node)  # vector·vector elementwise, vector·matrix as a row
        return left if len(right) == 1 else (right[1],)

    def name_dimensions(self) -> None:
        """Names for the classes that have none: n, m, then p, q, …."""
        sums = {self.find(key): parts for key, parts in self.sums}
        taken = {str(v) for v in self.value.values()}
        if self.scalar:
            for n, rank in self.ranks.items():
                for axis in range(rank):
                    root = self.find((n, axis))
                    if root not in sums:
                        self.value.setdefault(root, 1)
        fresh = (d for d in _dimension_names() if d not in taken)
        inputs = [n for n in self.sequences if n not in dict(self.equations)]
        defined = [t for t, _ in self.equations]
        preferred = iter(("n", "m"))
        for group in (defined, inputs):
            want = next(preferred)
            for n in group:
                if self.ranks[n] != 1:
                    continue
                root = self.find((n, 0))
                if root in self.value or root in sums:
                    continue
                if want not in taken:
                    self.value[root] = want
                    taken.add(want)
                break
        for n, rank in self.ranks.items():
            for axis in range(rank):
                root = self.find((n, axis))
                if root in self.value or root in sums:
                    continue
                name = next(fresh)
                while name in taken:
                    name = next(fresh)
                self.value[root] = name
                taken.add(name)
        for root, parts in sums.items():
            values = [self.value.get(self.find(p), "?") for p in parts]
            names = [v for v in values if isinstance(v, str)]
            total = summed(names, sum(v for v in values if isinstance(v, int)))
            known = self.value.get(root)
            if known is not None and known != total and isinstance(known, int):
                raise ShapeError(f"the dimensions {known} and {total} must be equal")
            self.value[root] = total


def _dimension_names() -> Iterable[str]:
    yield from ("p", "q", "r", "s", "n", "m")
    k = 1
    while True:
        yield f"n{k}"
        k += 1


def _has_sequence(node: Node) -> bool:
    return any(isinstance(n, (At, Concat, Call)) for n in walk(node))


def read_shape(text: str) -> tuple[str, Shape]:
    """``W=n×m`` (also ``nxm``, ``n*m``), ``b=n``, ``w=()`` or ``w=scalar`` as a name and shape.

    Raises
    ------
    ShapeError
        With what would be right.
    """
    name, eq, dims = text.partition("=")
    name, dims = name.strip(), dims.strip().strip("()").strip()
    if not eq or not name:
        raise ShapeError(f"{text!r} is no shape", token=text, hint="write W=n×m, b=n or w=scalar")
    if dims in ("", "scalar", "1x1"):
        return name, ()
    parts = [d.strip() for d in re.split(r"[×x*,]|\\times", dims) if d.strip()]
    if not 1 <= len(parts) <= 2 or not all(re.fullmatch(r"[A-Za-z][A-Za-z0-9+]*|[1-9][0-9]{0,3}", d)
                                           for d in parts):  # fmt: skip
        raise ShapeError(f"{dims!r} is no shape", token=dims, hint="write n×m, n or scalar")
    return name, tuple(int(d) if d.isdigit() else d for d in parts)
