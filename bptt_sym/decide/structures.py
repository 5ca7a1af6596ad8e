"""Interpreting the larger structures: unknown functions, concatenations, blocks, block matrices.

Each function has the signature of the interpreter's methods and pushes Jacobians like them.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from bptt_sym.decide.layout import as_written
from bptt_sym.decide.tensor import (
    Mismatch,
    Tensor,
    accumulate,
    diag,
    filled,
    flat,
    from_flat,
    identity,
    rank,
    shape,
    squeeze,
    transpose,
)
from bptt_sym.errors import NotSupported
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
    walk,
)

if TYPE_CHECKING:
    from bptt_sym.decide.interpret import Interpreter, Parts

Env = Mapping[str, int]


def widen(
    interp: Interpreter, arg: Node, value: Tensor, jac: Parts, like: Tensor, env: Env
) -> tuple[Tensor, Parts]:
    """A term of a sum in the shape of another one.

    A constant among vectors is all ones times it, among square matrices a multiple of I, as an
    empty product is; an empty sum is 0 of any shape.
    """
    if rank(value) == 0 and not jac and (
        _is_constant(arg) or _is_scaled_one(arg) or _is_empty_product(interp, arg, env)
    ):
        if rank(like) == 2 and like.shape[0] == like.shape[1]:
            eye = identity((like.shape[0],), interp.one, interp.zero)
            return eye * value, {}
        return filled(shape(like), value), {}
    if not jac and is_empty(interp, arg, env):
        return filled(shape(like), interp.zero), {}
    if interp.conv.elementwise and rank(value) == 1 and rank(like) == 2 and not jac:
        return diag(value, interp.zero), {}
    raise Mismatch(f"{shape(value)} plus {shape(like)}")


def is_empty(interp: Interpreter, arg: Node, env: Env) -> bool:
    """Whether the term is 0 because an empty sum is a factor of it."""
    match arg:
        case Sum(lo=lo, hi=hi):
            return interp.index(lo, env) > interp.index(hi, env)
        case Neg(arg=a) | Transpose(arg=a):
            return is_empty(interp, a, env)
        case Add(args=args):
            return all(is_empty(interp, a, env) for a in args)
        case Mul(args=args):
            return any(is_empty(interp, a, env) for a in args)
        case _:
            return False


def _is_empty_product(interp: Interpreter, arg: Node, env: Env) -> bool:
    """Whether the term is a product over no step, or such a product times numbers."""
    match arg:
        case Prod(lo=lo, hi=hi):
            return interp.index(lo, env) > interp.index(hi, env)
        case Neg(arg=a):
            return _is_empty_product(interp, a, env)
        case Div(num=a, den=b) if _is_constant(b):
            return _is_empty_product(interp, a, env)
        case Mul(args=args):
            rest = [a for a in args if not _is_constant(a)]
            return bool(rest) and all(_is_empty_product(interp, a, env) for a in rest)
        case _:
            return False


def _is_scaled_one(node: Node) -> bool:
    """``(1 - α) I``: the identity named as a factor."""
    return isinstance(node, Mul) and any(isinstance(a, Ones) for a in node.args)


def names_identity(node: Node) -> bool:
    """Whether a side is a multiple of the identity that names it: ``(1 - α) I``."""
    match node:
        case Ones():
            return True
        case Neg(arg=arg) | Div(num=arg):
            return names_identity(arg)
        case Mul(args=args):
            return any(map(names_identity, args))
        case Add(args=args):
            return all(map(names_identity, args))
        case _:
            return False


def _is_constant(node: Node) -> bool:
    return all(isinstance(n, (Num, Ones, Neg, Add, Mul, Div, Pow, Idx)) for n in walk(node))


def softmax(
    interp: Interpreter, node: Fn, a: Tensor, jac: Parts, out: list[Parts] | None
) -> Tensor:
    if rank(a) == 0:
        raise Mismatch("softmax of one number says nothing")
    if node.order or rank(a) != 1:
        raise NotSupported("softmax of something that is not a vector, or its derivative")
    e = interp.map(interp.dom.exp, a)
    total = interp.dom.reduce(sum(flat(e)))
    y = interp.dom.reduce(e * interp.dom.inverse(total))
    if out is not None:
        jacobian = interp.dom.reduce(diag(y, interp.zero) - np.multiply.outer(y, y))
        out.append(
            {lf: interp.dom.reduce(np.tensordot(jacobian, j, axes=1)) for lf, j in jac.items()}
        )
    return y


def by_one_use(
    interp: Interpreter, node: D, x: At, env: Env
) -> tuple[Tensor, tuple[tuple[int, ...], tuple[int, ...]]]:
    r"""``\partial L/\partial W^{(t)}``: by the parameter where step t uses it, and nowhere else.

    The derivative by what step t computes with it, times the immediate one of that.
    """
    rec = interp.world.rec
    users = [e.target for e in rec.equations if Sym(x.name) in walk(e.rhs)]
    if len(users) != 1:
        raise NotSupported(f"{x.name} at one step, which several equations use")
    step = At(users[0], x.time)
    later, (y_shape, between) = interp.jacobian(D(node.y, step, node.kind), env)
    here, (_, x_shape) = interp.jacobian(D(step, Sym(x.name), "immediate"), env)
    if not y_shape + between + x_shape:
        found = later * here  # of numbers, which NumPy would take for its own
    elif not between:
        found = np.multiply.outer(later, here)
    else:
        found = np.tensordot(later, here, axes=len(between))
    return interp.dom.reduce(found), (y_shape, x_shape)


def call(interp: Interpreter, node: Call, env: Env, out: list[Parts] | None) -> Tensor:
    """An opaque function: every partial derivative is a free value of its own."""
    pairs = [interp.exact.pair(a, env, out) for a in node.args]
    scalars = tuple(x for value, _ in pairs for x in flat(value))
    dims = interp.world.function_shape(node.name)
    size = 1
    for d in dims:
        size *= d
    zeros = (0,) * len(scalars)
    names = [f"{node.name}[{r}]" for r in range(size)]
    value = from_flat(dims, [interp.dom.opaque(n, zeros, scalars) for n in names])
    if out is not None:
        parts: Parts = {}
        offset = 0
        for v, jac in pairs:
            count = len(flat(v))
            if jac:
                partial = from_flat(
                    dims + shape(v),
                    [
                        interp.dom.opaque(n, _unit(zeros, offset + i), scalars)
                        for n in names
                        for i in range(count)
                    ],
                )
                axes = rank(v)
                for leaf, j in jac.items():
                    if axes > rank(j):
                        raise Mismatch(f"{node.name} of {shape(v)}, which changes by {shape(j)}")
                    if axes:
                        term = squeeze(np.tensordot(partial, j, axes=axes))
                    else:
                        term = (
                            np.multiply.outer(partial, j)
                            if rank(partial) and rank(j)
                            else partial * j
                        )
                    accumulate(parts, {leaf: interp.dom.reduce(term)})
            offset += count
        out.append(parts)
    return value


def outer(interp: Interpreter, node: Outer, env: Env, out: list[Parts] | None) -> Tensor:
    pairs = [interp.pair(a, env, out) for a in (node.left, node.right)]
    (a, da), (b, db) = pairs
    if rank(a) == 0 and rank(b) == 0:
        if out is not None:
            parts: Parts = {}
            for side, other in ((da, b), (db, a)):
                accumulate(parts, {lf: interp.dom.reduce(j * other) for lf, j in side.items()})
            out.append(parts)
        return interp.dom.reduce(a * b)
    rows = [rank(x) == 2 and x.shape[0] == 1 for x in (a, b)]
    a, b = (x[0] if row else x for x, row in zip((a, b), rows, strict=True))
    if rank(a) != 1 or rank(b) != 1:
        raise Mismatch("an outer product of things that are not vectors")
    if out is not None:
        parts = {}
        for leaf, j in da.items():
            j = j[0] if rows[0] else j
            # u_i v_j by the leaf: the axes of the leaf stay last.
            moved = np.moveaxis(np.multiply.outer(j, b), -1, 1)
            accumulate(parts, {leaf: interp.dom.reduce(moved)})
        for leaf, j in db.items():
            j = j[0] if rows[1] else j
            accumulate(parts, {leaf: interp.dom.reduce(np.multiply.outer(a, j))})
        out.append(parts)
    return interp.dom.reduce(np.multiply.outer(a, b))


def concat(interp: Interpreter, node: Concat, env: Env, out: list[Parts] | None) -> Tensor:
    pairs = [interp.pair(a, env, out) for a in node.args]
    rows = [v.reshape(-1) if rank(v) else from_flat((1,), [v]) for v, _ in pairs]
    value = np.concatenate(rows)
    if out is not None:
        parts: Parts = {}
        offset = 0
        for (v, jac), row in zip(pairs, rows, strict=True):
            for leaf, j in jac.items():
                leaf_dims = j.shape[rank(v) :] if isinstance(j, np.ndarray) else ()
                block = filled((len(value), *leaf_dims), interp.zero)
                block[offset : offset + len(row)] = (
                    j if rank(v) else np.asarray(j, dtype=object)[None]
                )
                accumulate(parts, {leaf: block})
            offset += len(row)
        out.append(parts)
    return as_written(value, interp.conv, out is not None)


def block(interp: Interpreter, node: Block, env: Env, out: list[Parts] | None) -> Tensor:
    if not isinstance(node.arg, Sym) or node.arg.name not in interp.world.rec.blocks:
        raise NotSupported("a block of something that multiplies no concatenation")
    start = 0
    for part in interp.world.rec.blocks[node.arg.name]:
        size = interp.world.shape(part)[0] if interp.world.shape(part) else 1
        if part == node.part:
            columns = slice(start, start + size)
            if not interp.world.scalar and _by_rows(interp, node.arg.name):
                return interp.linear(node, env, out, lambda a, at=columns: a[at, :])
            if interp.world.scalar:
                return interp.linear(node, env, out, lambda a, at=start: a[0, at])
            return interp.linear(node, env, out, lambda a, at=columns: a[:, at])
        start += size
    raise NotSupported(f"{node.arg.name} has no block for {node.part}")


def _by_rows(interp: Interpreter, name: str) -> bool:
    """Whether the matrix stands behind the concatenation, a row, so that its parts are rows."""
    return any(
        isinstance(n, Mul)
        and any(isinstance(a, Transpose) and a.arg == Sym(name) for a in n.args)
        for e in interp.world.rec.equations
        for n in walk(e.rhs)
    )


def matrix(interp: Interpreter, node: Matrix, env: Env, out: list[Parts] | None) -> Tensor:
    if out is not None:
        raise NotSupported("derivative of a block matrix")
    rows = [[interp.evaluate(e, env, None) for e in row] for row in node.rows]
    if all(rank(e) == 0 for row in rows for e in row):
        flat_rows = [e for row in rows for e in row]
        if len(rows) == 1 and len(rows[0]) == 1:
            return flat_rows[0]
        if len(rows[0]) == 1:
            return from_flat((len(rows),), flat_rows)
        return from_flat((len(rows), len(rows[0])), flat_rows)
    if len(rows[0]) == 1:
        column = _stacked(interp, node, [row[0] for row in rows])
        if column is not None:
            return column
    if len(rows[0]) > 1:
        # The derivative of a vector by a scalar is a column of the block matrix.
        rows = [[e.reshape(-1, 1) if rank(e) == 1 else e for e in row] for row in rows]
    heights = [max((shape(e)[0] for e in row if rank(e) == 2), default=0) for row in rows]
    widths = [
        max((shape(row[i])[1] for row in rows if rank(row[i]) == 2), default=0)
        for i in range(len(rows[0]))
    ]
    if len(heights) == len(widths):
        # Of a square matrix the blocks on the diagonal are square.
        heights, widths = (
            [a or b for a, b in zip(one, other, strict=True)]
            for one, other in ((heights, widths), (widths, heights))
        )
    # What only numbers stand in is of size one.
    heights, widths = ([size or 1 for size in sizes] for sizes in (heights, widths))
    blocks = [
        [as_block(interp, e, heights[r], widths[c]) for c, e in enumerate(row)]
        for r, row in enumerate(rows)
    ]
    return np.concatenate([np.concatenate(row, axis=1) for row in blocks], axis=0)


def _stacked(interp: Interpreter, node: Matrix, column: list[Tensor]) -> Tensor | None:
    """Vectors one below the other, or the derivatives of scalars and vectors by a matrix; else
    None."""
    ranks = set(map(rank, column))
    if ranks <= {0, 1} and 1 in ranks:
        return np.concatenate([e if rank(e) else from_flat((1,), [e]) for e in column])
    if ranks <= {2, 3} and any(_is_by_matrix(interp, e) for (e,) in node.rows):
        return np.concatenate([e if rank(e) == 3 else e[None] for e in column])
    return None


def _is_by_matrix(interp: Interpreter, entry: Node) -> bool:
    """Whether an entry is a derivative by a matrix, or a multiple of one."""
    return any(
        isinstance(n, D) and isinstance(n.x, Sym) and len(interp.world.shape(n.x.name)) == 2
        for n in (entry.args if isinstance(entry, Mul) else (entry,))
    )


def as_block(interp: Interpreter, e: Tensor, height: int, width: int) -> Tensor:
    if rank(e) == 0 and height == width:
        return identity((height,), interp.one, interp.zero) * e
    if rank(e) == 0 and interp.dom.is_zero(e):
        return filled((height, width), interp.zero)
    if rank(e) != 2 or shape(e) != (height, width):
        raise Mismatch(f"a block of shape {shape(e)} where {(height, width)} is wanted")
    return e


def diagonal(interp: Interpreter, node: Diag, env: Env, out: list[Parts] | None) -> Tensor:
    """diag of a vector; what is a diagonal matrix already stays as it is."""
    zero = interp.zero
    return interp.linear(
        node, env, out, lambda a: a if rank(a) == 2 and a.shape[0] > 1 else diag(a, zero)
    )


def row_of_ones(node: Node) -> bool:
    """Whether it is ``1^T``."""
    return isinstance(node, Transpose) and node.arg == Num(Fraction(1))


def sum_of_entries(
    interp: Interpreter, args: tuple[Node, ...], env: Env, out: list[Parts] | None
) -> Tensor:
    """``1^T v``: a row of ones times a vector adds its entries.

    Where vectors are rows, one below the other for each example, it adds the examples: of one
    example it is the row.
    """
    rest = args[0] if len(args) == 1 else Mul(args)

    def added(a: Tensor) -> Tensor:
        if rank(a) == 2 and a.shape[0] == 1:
            if not interp.conv.rows:
                raise Mismatch("a row of ones times a row")
            return a
        if rank(a) != 1:
            raise NotSupported("a row of ones beside something that is not a vector")
        return interp.dom.reduce(sum(flat(a)))

    return interp.linear(Transpose(rest), env, out, added)


def transposed(interp: Interpreter, node: Transpose, env: Env, out: list[Parts] | None) -> Tensor:
    if isinstance(node.arg, Num) and not interp.world.rec.is_scalar:
        raise NotSupported("a number with a transpose sign: a row of ones, perhaps")
    return interp.linear(node, env, out, transpose)


def absolute(interp: Interpreter, node: Abs, env: Env, out: list[Parts] | None) -> Tensor:
    """The absolute value of a scalar; of a vector or matrix, its norm."""
    if out is not None:
        raise NotSupported("derivative of an absolute value")
    value = interp.evaluate(node.arg, env, None)
    return interp.dom.absolute(value) if rank(value) == 0 else interp.dom.norm("2", value)


def norm(interp: Interpreter, node: Norm, env: Env, out: list[Parts] | None) -> Tensor:
    """A norm; ``"any"`` is taken to be the spectral one, the Euclidean one for vectors."""
    if out is not None:
        raise NotSupported("derivative of a norm")
    value = interp.evaluate(node.arg, env, None)
    if rank(value) == 0:
        return interp.dom.absolute(value)
    if rank(value) > 2:
        raise NotSupported("the norm of a tensor of three axes")
    return interp.dom.norm("2" if node.ord == "any" else node.ord, value)


def _unit(zeros: tuple[int, ...], at: int) -> tuple[int, ...]:
    return (*zeros[:at], 1, *zeros[at + 1 :])
