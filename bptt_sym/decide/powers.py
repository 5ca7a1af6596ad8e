"""Interpreting powers: of numbers and of vectors entry by entry, of square matrices as products.

The square of a Euclidean norm is the sum of the squares: in no domain a root has to be drawn.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from bptt_sym.decide.tensor import Mismatch, Tensor, filled, identity, rank, shape, trail
from bptt_sym.errors import LimitExceeded, NotSupported
from bptt_sym.notation import Abs, Node, Norm, Num, Pow, num

if TYPE_CHECKING:
    from bptt_sym.decide.interpret import Interpreter, Parts

Env = Mapping[str, int]

MAX_EXPONENT = 10_000


def power(interp: Interpreter, node: Pow, env: Env, out: list[Parts] | None) -> Tensor:
    if node.exp == num(2) and (squares := _squares(interp, node.base, env, out)) is not None:
        return squares
    base, jac = interp.pair(node.base, env, out)
    if isinstance(node.exp, Num) and node.exp.value.denominator == 2:
        root = interp.map(lambda x: interp.dom.special("sqrt", 0, x), base)
        if out is not None:
            raise NotSupported("derivative of a root")
        return _raised(interp, root, int(node.exp.value * 2))
    exponent = interp.index(node.exp, env)
    if abs(exponent) > MAX_EXPONENT:
        raise LimitExceeded(f"the exponent {exponent} is beyond {MAX_EXPONENT}")
    if out is not None:
        if rank(base) > 1:
            raise NotSupported("derivative of a matrix power")
        if not exponent:
            out.append({})
        else:
            slope = interp.dom.reduce(exponent * _raised(interp, base, exponent - 1))
            out.append(
                {
                    lf: interp.dom.reduce(trail(slope, rank(j) - rank(base)) * j)
                    for lf, j in jac.items()
                }
            )
    return _raised(interp, base, exponent)


def _squares(interp: Interpreter, node: Node, env: Env, out: list[Parts] | None) -> Tensor | None:
    """The square of ``node`` if it is the Euclidean norm of a vector; ``None`` otherwise."""
    if not (isinstance(node, Abs) or (isinstance(node, Norm) and node.ord in ("any", "2"))):
        return None
    inner: list[Parts] | None = None if out is None else []
    value = interp.evaluate(node.arg, env, inner)
    if rank(value) != 1:
        return None
    if out is not None and inner is not None:
        slopes = {lf: np.tensordot(value, j, axes=(0, 0)) for lf, j in inner.pop().items()}
        out.append({lf: interp.dom.reduce(2 * j) for lf, j in slopes.items()})
    return interp.dom.reduce(value.dot(value))


def _raised(interp: Interpreter, base: Tensor, exponent: int) -> Tensor:
    matrix = rank(base) == 2 and not (interp.conv.rows and base.shape[0] == 1)
    if matrix and base.shape[0] != base.shape[1]:
        raise Mismatch("a power of a matrix that is not square")
    if exponent < 0:
        if matrix:
            raise NotSupported("the inverse of a matrix")
        base, exponent = interp.map(interp.dom.inverse, base), -exponent
    result = (
        identity((base.shape[0],), interp.one, interp.zero)
        if matrix
        else filled(shape(base), interp.one)
    )
    while exponent:
        if exponent & 1:
            result = interp.dom.reduce(result.dot(base) if matrix else result * base)
        exponent >>= 1
        if exponent:
            base = interp.dom.reduce(base.dot(base) if matrix else base * base)
    return result
