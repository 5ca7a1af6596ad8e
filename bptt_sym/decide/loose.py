"""Products as notes write them: vectors for diagonal matrices, the chain rule by its variables.

These are conventions of :class:`~bptt_sym.decide.interpret.Conventions`, used only when a reading
asks for them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from bptt_sym.decide.layout import lay_out
from bptt_sym.decide.tensor import (
    Mismatch,
    Tensor,
    contract,
    diag,
    hadamard,
    rank,
    shape,
    squeeze,
    trail,
)
from bptt_sym.notation import Add, At, D, Div, Had, Mul, Neg, Node, Num, Prod, Sum, Sym

if TYPE_CHECKING:
    from bptt_sym.decide.interpret import Interpreter

Env = Mapping[str, int]


def loose_product(interp: Interpreter, args: tuple[Node, ...], env: Env) -> Tensor:
    """The product of ``args`` under ``interp.conv`` (elementwise, trailing or chained)."""
    if interp.conv.chained:
        linked = _linked(interp, Mul(args), env)
        if linked is not None:
            if not linked.y_shape and not linked.x_shape:
                return linked.jac
            return lay_out(linked.jac, linked.y_shape, linked.x_shape, interp.conv)
    values = _joined_runs(interp, args, env) if interp.conv.chained else None
    values = values or [interp.value(a, env) for a in args]
    if not interp.conv.elementwise:
        total = values[0]
        for v in values[1:]:
            total = interp.dom.reduce(contract(total, v))
        return total
    return _diagonal(interp, values)


def _joined_runs(interp: Interpreter, args: tuple[Node, ...], env: Env) -> list[Tensor]:
    """The factors, derivatives that stand side by side joined to one: ``L_y y_o h^T``."""
    values: list[Tensor] = []
    at = 0
    while at < len(args):
        end = at + 1
        while end < len(args) and isinstance(args[at], D) and isinstance(args[end], D):
            end += 1
        linked = _join(interp, [_linked(interp, a, env) for a in args[at:end]]) if (
            end > at + 1) else None  # fmt: skip
        if linked is None:
            values += [interp.value(a, env) for a in args[at:end]]
        elif not linked.y_shape and not linked.x_shape:
            values.append(linked.jac)
        else:
            values.append(lay_out(linked.jac, linked.y_shape, linked.x_shape, interp.conv))
        at = end
    return values


def loose_hadamard(interp: Interpreter, args: tuple[Node, ...], env: Env) -> Tensor:
    """An elementwise product of vectors and matrices: a column scales the rows of a matrix.

    A row scales its columns, as arrays do. A column scales the entries of the vector of which a
    derivative by a matrix is.
    """
    dom = interp.dom
    values = [interp.value(a, env) for a in args]
    deep = [v for v in values if rank(v) > 2]
    if deep and all(rank(v) in (0, 1, rank(deep[0])) for v in values):
        total = deep[0]
        for m in deep[1:]:
            total = dom.reduce(hadamard(total, m))
        for v in values:
            if rank(v) == 1 and len(v) != total.shape[0]:
                raise Mismatch(f"elementwise {shape(v)} with {shape(total)}")
            if rank(v) < 2:
                total = dom.reduce(trail(v, rank(total) - 1) * total if rank(v) else v * total)
        return total
    if deep:
        raise Mismatch("elementwise " + " with ".join(str(shape(v)) for v in values))
    matrices = [v for v in values if rank(v) == 2 and v.shape[0] > 1]
    if not matrices:
        return _diagonal(interp, values)
    total = matrices[0]
    for m in matrices[1:]:
        total = dom.reduce(hadamard(total, m))
    for v in values:
        if rank(v) == 2 and v.shape[0] > 1:
            continue
        size = total.shape[0] if rank(v) == 1 else total.shape[1]
        if rank(v) and shape(v)[-1] != size:
            raise Mismatch(f"elementwise {shape(v)} with {shape(total)}")
        total = dom.reduce((trail(v, 1) if rank(v) == 1 else v) * total)
    return total


def _scaled_outer(interp: Interpreter, values: list[Tensor]) -> Tensor | None:
    """``u v^T s``: the outer product, whose rows the vector behind it scales; else ``None``."""
    *rest, rows = values
    if len(rest) != 2 or rank(rows) != 1 or rank(rest[0]) != 1 or rank(rest[1]) != 2:
        return None
    if rest[1].shape[0] != 1 or len(rest[0]) != len(rows):
        return None
    return interp.dom.reduce(trail(rows, 1) * interp.dom.reduce(contract(*rest)))


def _diagonal(interp: Interpreter, values: list[Tensor]) -> Tensor:
    dom = interp.dom
    if interp.conv.trailing and (outer := _scaled_outer(interp, values)) is not None:
        return outer
    if not any(rank(v) == 2 and v.shape[0] > 1 for v in values):
        total = values[0]
        for v in values[1:]:
            total = dom.reduce(_vectors(total, v))
        return total
    rows = None
    if interp.conv.trailing:
        last = max((i for i, v in enumerate(values) if rank(v)), default=None)
        if last is None or rank(values[last]) != 1:
            raise Mismatch("no vector stands last")
        rows = values[last]
        values = values[:last] + values[last + 1 :]
    total = None
    for v in values:
        if rank(v) == 1:
            v = diag(v, dom.zero)
        total = v if total is None else dom.reduce(contract(total, v))
    if rows is not None:
        if rank(total) != 2 or total.shape[0] != len(rows):
            raise Mismatch("no rows to scale")
        total = dom.reduce(trail(rows, 1) * total)
    return total


def _vectors(a: Tensor, b: Tensor) -> Tensor:
    """Two factors without a matrix: elementwise; a row keeps its shape."""
    if rank(a) == 0 or rank(b) == 0 or shape(a) == shape(b):
        return a * b
    if {rank(a), rank(b)} == {1, 2} and shape(a)[-1] == shape(b)[-1]:
        return a * b
    raise Mismatch(f"{shape(a)} times {shape(b)}")


@dataclass(frozen=True)
class _Linked:
    """A Jacobian in numerator layout with the variables it links."""

    jac: Tensor
    y: Any
    x: Any
    y_shape: tuple[int, ...]
    x_shape: tuple[int, ...]


def _linked(interp: Interpreter, node: Node, env: Env) -> _Linked | None:
    """``node`` as a product of derivatives, or ``None`` if it is not one."""
    dom = interp.dom
    match node:
        case D(y=y, x=x) if isinstance(y, (At, Sym)):
            jac, (y_shape, x_shape) = interp.jacobian(node, env)
            return _Linked(jac, interp.leaf_of(y, env), interp.leaf_of(x, env), y_shape, x_shape)
        case D(x=x):
            jac, (y_shape, x_shape) = interp.jacobian(node, env)
            return _Linked(jac, node.y, interp.leaf_of(x, env), y_shape, x_shape)
        case Neg(arg=a):
            inner = _linked(interp, a, env)
            if inner is None:
                return None
            return _Linked(-1 * inner.jac, inner.y, inner.x, inner.y_shape, inner.x_shape)
        case Sum(var=var, lo=lo, hi=hi, body=body):
            terms = [
                _linked(interp, body, {**env, var: k})
                for k in range(interp.index(lo, env), interp.index(hi, env) + 1)
            ]
            return _add_up(interp, terms)
        case Add(args=args):
            return _add_up(interp, [_linked(interp, a, env) for a in args])
        case Prod(var=var, lo=lo, hi=hi, body=body):
            steps = list(range(interp.index(lo, env), interp.index(hi, env) + 1))
            factors: list[Any] = [_linked(interp, body, {**env, var: k}) for k in reversed(steps)]
            if not factors:
                return _Linked(dom.one, None, None, (), ())
            return _join(interp, factors)
        case Mul(args=args):
            scale: Tensor = dom.one
            found: list[Any] = []
            for a in args:
                link = _linked(interp, a, env)
                if link is None:
                    if isinstance(a, (Had,)):
                        return None
                    value = interp.value(a, env)
                    if rank(value):
                        return None
                    scale = dom.reduce(scale * value)
                elif link.y is None:
                    continue
                else:
                    found.append(link)
            joined = _join(interp, found) if found else None
            if joined is None:
                return None
            return _Linked(
                dom.reduce(joined.jac * scale), joined.y, joined.x, joined.y_shape, joined.x_shape
            )
        case Div(num=a, den=Num() as b):
            inner = _linked(interp, a, env)
            if inner is None:
                return None
            value = dom.reduce(inner.jac * dom.inverse(interp.value(b, env)))
            return _Linked(value, inner.y, inner.x, inner.y_shape, inner.x_shape)
        case _:
            return None


def _add_up(interp: Interpreter, terms: list[Any]) -> _Linked | None:
    if not terms or None in terms:
        return None
    first = terms[0]
    if any((t.y_shape, t.x_shape) != (first.y_shape, first.x_shape) for t in terms):
        raise Mismatch("terms of different shapes")
    total = first.jac
    for t in terms[1:]:
        total = total + t.jac
    same = all((t.y, t.x) == (first.y, first.x) for t in terms)
    y, x = (first.y, first.x) if same else (("sum", id(terms)), first.x)
    return _Linked(interp.dom.reduce(total), y, x, first.y_shape, first.x_shape)


def _join(interp: Interpreter, links: list[Any]) -> _Linked | None:
    """Contract neighbours over the variable they share, in whichever order they stand."""
    if None in links:
        return None
    total: _Linked = links[0]
    for link in links[1:]:
        if total.x == link.y:
            a, b = total, link
        elif link.x == total.y:
            a, b = link, total
        else:
            return None
        axes = len(a.x_shape)
        if axes:
            if shape(a.jac)[-axes:] != shape(b.jac)[:axes]:
                raise Mismatch("neighbours of the chain rule that do not meet")
            jac = squeeze(np.tensordot(a.jac, b.jac, axes=axes))
        elif rank(a.jac) and rank(b.jac):
            jac = np.multiply.outer(a.jac, b.jac)
        else:
            jac = a.jac * b.jac
        total = _Linked(interp.dom.reduce(jac), a.y, b.x, a.y_shape, b.x_shape)
    return total
