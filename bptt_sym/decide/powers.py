"""Interpreting powers: of numbers and of vectors entry by entry, of square matrices as products.

The square of a Euclidean norm is the sum of the squares: in no domain a root has to be drawn.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

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


#: Above this size no matrix is inverted: minors are worked out one by one.
_MOST_ROWS = 4


def _inverse(interp: Interpreter, matrix: Tensor) -> Tensor:
    """The inverse by minors, which need one division alone; `Undefined` if there is none."""
    n = matrix.shape[0]
    if n > _MOST_ROWS:
        raise NotSupported("the inverse of a large matrix")
    dom = interp.dom
    found = np.empty((n, n), dtype=object)
    for i in range(n):
        for j in range(n):
            minor = np.delete(np.delete(matrix, i, axis=0), j, axis=1)
            value = _determinant(interp, minor)
            found[j, i] = dom.reduce(-1 * value if (i + j) % 2 else value)
    whole = dom.reduce(sum((matrix[0, k] * found[k, 0] for k in range(1, n)),
                           matrix[0, 0] * found[0, 0]))  # fmt: skip
    return dom.reduce(found * dom.inverse(whole))


def _determinant(interp: Interpreter, matrix: Tensor) -> Any:
    if not matrix.size:
        return interp.one
    total = interp.zero
    for k in range(matrix.shape[0]):
        rest = np.delete(matrix[1:], k, axis=1)
        term = matrix[0, k] * _determinant(interp, rest)
        total = interp.dom.reduce(total + (-1 * term if k % 2 else term))
    return total


def _raised(interp: Interpreter, base: Tensor, exponent: int) -> Tensor:
    matrix = rank(base) == 2 and not (interp.conv.rows and base.shape[0] == 1)
    if matrix and base.shape[0] != base.shape[1]:
        raise Mismatch("a power of a matrix that is not square")
    if exponent < 0:
        base = _inverse(interp, base) if matrix else interp.map(interp.dom.inverse, base)
        exponent = -exponent
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
