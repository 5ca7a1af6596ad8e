"""The shape of an expression, and how a shape is written."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TypeAlias

from bptt_sym.entries import Entries, Entry, UnitSum
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
)
from bptt_sym.slices import Cut, Slice

Dim: TypeAlias = str | int
_DIMENSION = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:\+[A-Za-z0-9]+)*|[1-9][0-9]{0,3}")
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
            case Num() | Idx() | Ones() | Entry() | UnitSum() | Entries():
                return ()  # entries are numbers, and what is said of all of them is said of each
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
            case Slice(arg=a, axes=axes):
                return self.sliced(self.of(a), axes, node)
            case Matrix():
                raise ShapeError("a matrix that is written out", span=node.span)
            case _:
                raise TypeError(f"no shape for {type(node).__name__}")

    def sliced(self, shape: Shape, axes: tuple[Cut, ...], node: Node) -> Shape:
        """The shape of a slice, where the sizes that are left have names."""
        if len(axes) == 1 and shape[:1] == (1,):
            axes = (Cut(), *axes)
        dims = list(shape)
        for i, cut in enumerate(axes):
            if cut.is_whole:
                continue
            if i >= len(dims):
                raise ShapeError("a slice of more axes than there are", span=node.span)
            if cut.lo is not None and cut.hi is not None:
                raise ShapeError("a slice within an axis", span=node.span)
            bound = cut.lo or cut.hi
            assert bound is not None
            part = [d for name in bound.of for d in self.shapes.get(name, ())]
            if (cut.lo is None) == bound.back:
                rest = str(dims[i]).split("+")
                for d in part:
                    if str(d) not in rest:
                        raise ShapeError(f"a slice of {dims[i]} beyond {d}", span=node.span)
                    rest.remove(str(d))
                part = [int(d) if d.isdigit() else d for d in rest]
            dims[i] = summed([d for d in part if isinstance(d, str)],
                             sum(d for d in part if isinstance(d, int)))  # fmt: skip
        return tuple(dims)

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
    if dims in ("", "scalar"):
        return name, ()
    parts = [d.strip() for d in re.split(r"[×x*,]|\\times", dims) if d.strip()]
    if not 1 <= len(parts) <= 2 or not all(map(_DIMENSION.fullmatch, parts)):
        raise ShapeError(f"{dims!r} is no shape", token=dims, hint="write n×m, n or scalar")
    shape = tuple(int(d) if d.isdigit() else d for d in parts)
    return name, () if shape == (1, 1) else shape
