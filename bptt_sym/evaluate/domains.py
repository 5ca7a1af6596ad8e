"""What the operations of a program mean on a kind of value; a new meaning is a new domain.

:class:`Arrays` covers every number that NumPy can hold: float64, float32, complex128 and, as
object arrays, mpmath numbers of any precision and Arb balls. :mod:`~bptt_sym.evaluate.bounded`
carries a running error bound beside each value, :mod:`~bptt_sym.evaluate.dual` a tangent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from operator import methodcaller
from types import SimpleNamespace
from typing import Any

import numpy as np

from bptt_sym.errors import NotSupported
from bptt_sym.evaluate import activations
from bptt_sym.evaluate.program import Op, unsupported

Array = Any
Dims = Mapping[str, int]


class Arrays:
    """NumPy arrays of one dtype.

    Parameters
    ----------
    lib:
        The elementary functions (see :func:`activations.value`) and ``peak``, the greatest entry
        of the last axis (or anything near it: softmax is shifted by it).
    number:
        Turns an exact rational into a number of the domain.
    cast:
        Turns an array of floats (exactly) into one of the domain.
    """

    def __init__(
        self,
        dtype: Any,
        lib: Any,
        number: Callable[[Fraction], Any],
        cast: Callable[[Any], Array],
    ) -> None:
        self.dtype = dtype
        self.lib = lib
        self.number = number
        self.cast = cast

    def array(self, value: Any) -> Array:
        return self.cast(value)

    def zeros(self, shape: tuple[int, ...]) -> Array:
        return self.full(shape, Fraction(0))

    def full(self, shape: tuple[int, ...], value: Fraction) -> Array:
        out = np.empty(shape, self.dtype)
        out[...] = self.number(value)
        return out

    def stack(self, values: Sequence[Array]) -> Array:
        return np.stack(np.broadcast_arrays(*values))

    def take(self, value: Array, index: Any) -> Array:
        return value[index]

    def add(self, a: Array, b: Array) -> Array:
        return a + b

    def broadcast(self, value: Array, shape: tuple[int, ...]) -> Array:
        return np.broadcast_to(value, shape)

    def sum_leading(self, value: Array, axes: int) -> Array:
        """The sum over the first ``axes`` axes; the empty sum is 0."""
        for _ in range(axes):
            value = value.sum(0) if value.shape[0] else self.zeros(value.shape[1:])
        return value

    def contract(self, u: Array, v: Array, lead: int) -> Array:
        """The sum of outer products over the leading axes, down to ``lead`` of them."""
        if lead:
            return self.sum_leading(u[..., :, None] * v[..., None, :], u.ndim - 1 - lead)
        u, v = _common_lead(u, v)
        return u.reshape(-1, u.shape[-1]).T @ v.reshape(-1, v.shape[-1])

    def apply(self, op: Op, args: list[Array], ops: list[Op], dims: Dims) -> Array:
        """The value of one operation from those of its arguments (defined by ``ops``)."""
        rule = _RULES.get(op.kind)
        if rule is None:
            raise unsupported(op.kind, type(self).__name__)
        return rule(self, op, args, ops, dims)


Rule = Callable[[Arrays, Op, list[Array], list[Op], Dims], Array]


def span(axis: int, start: int, size: int) -> tuple[Any, ...]:
    """The index of rows ``start`` to ``start + size`` of an own axis."""
    return (..., slice(start, start + size), *([slice(None)] * (-1 - axis)))


def _common_lead(u: Array, v: Array) -> tuple[Array, Array]:
    if u.shape[:-1] == v.shape[:-1]:
        return u, v
    lead = np.broadcast_shapes(u.shape[:-1], v.shape[:-1])
    return np.broadcast_to(u, (*lead, u.shape[-1])), np.broadcast_to(v, (*lead, v.shape[-1]))


def own_dims(op: Op, dims: Dims) -> tuple[int, ...]:
    """The own shape of a value in numbers."""
    return tuple(s.value(dims) for s in op.shape)


def _matvec(d: Arrays, op: Op, args: list[Array], ops: list[Op], dims: Dims) -> Array:
    m, v = args
    return v @ m.T if m.ndim == 2 else (m @ v[..., None])[..., 0]


def _concat(d: Arrays, op: Op, args: list[Array], ops: list[Op], dims: Dims) -> Array:
    own = len(op.shape)
    lead = np.broadcast_shapes(*(a.shape[: a.ndim - own] for a in args))
    parts = [np.broadcast_to(a, (*lead, *a.shape[a.ndim - own :])) for a in args]
    return np.concatenate(parts, op.attr[0])


def _slice(d: Arrays, op: Op, args: list[Array], ops: list[Op], dims: Dims) -> Array:
    axis, offset = op.attr
    return args[0][span(axis, offset.value(dims), op.shape[axis].value(dims))]


def _pad(d: Arrays, op: Op, args: list[Array], ops: list[Op], dims: Dims) -> Array:
    axis, offset = op.attr
    shape = list(args[0].shape)
    shape[axis] = op.shape[axis].value(dims)
    out = d.zeros(tuple(shape))
    out[span(axis, offset.value(dims), args[0].shape[axis])] = args[0]
    return out


def _diag(d: Arrays, op: Op, args: list[Array], ops: list[Op], dims: Dims) -> Array:
    (v,) = args
    out = d.zeros((*v.shape, v.shape[-1]))
    for i in range(v.shape[-1]):
        out[..., i, i] = v[..., i]
    return out


def _expand(d: Arrays, op: Op, args: list[Array], ops: list[Op], dims: Dims) -> Array:
    (a,) = args
    return np.broadcast_to(a[(..., *([None] * len(op.shape)))], (*a.shape, *own_dims(op, dims)))


def _reduce(d: Arrays, op: Op, args: list[Array], ops: list[Op], dims: Dims) -> Array:
    (a,) = args
    for _ in ops[0].shape:
        a = a.sum(-1)
    return np.asarray(a, d.dtype)


def _softmax(d: Arrays, op: Op, args: list[Array], ops: list[Op], dims: Dims) -> Array:
    e = d.lib.exp(args[0] - d.lib.peak(args[0]))
    return e / e.sum(-1)[..., None]


def _logsoftmax(d: Arrays, op: Op, args: list[Array], ops: list[Op], dims: Dims) -> Array:
    shifted = args[0] - d.lib.peak(args[0])
    return shifted - d.lib.log(np.asarray(d.lib.exp(shifted).sum(-1)))[..., None]


def _pow(d: Arrays, op: Op, args: list[Array], ops: list[Op], dims: Dims) -> Array:
    (e,) = op.attr
    if e.denominator == 1:
        return args[0] ** int(e)
    if e.denominator == 2:
        return d.lib.sqrt(args[0]) ** int(e.numerator)
    return d.lib.exp(d.lib.log(args[0]) * d.number(e))


_RULES: dict[str, Rule] = {
    "const": lambda d, op, a, o, n: d.full(own_dims(op, n), op.attr[0]),
    "add": lambda d, op, a, o, n: a[0] + a[1],
    "mul": lambda d, op, a, o, n: a[0] * a[1],
    "div": lambda d, op, a, o, n: a[0] / a[1],
    "neg": lambda d, op, a, o, n: -a[0],
    "fn": lambda d, op, a, o, n: activations.value(op.attr[0], op.attr[1], a[0], d.lib),
    "pow": _pow,
    "matvec": _matvec,
    "matmul": lambda d, op, a, o, n: a[0] @ a[1],
    "transpose": lambda d, op, a, o, n: a[0].swapaxes(-1, -2),
    "outer": lambda d, op, a, o, n: a[0][..., :, None] * a[1][..., None, :],
    "dot": lambda d, op, a, o, n: np.asarray((a[0] * a[1]).sum(-1), d.dtype),
    "diag": _diag,
    "diagpart": lambda d, op, a, o, n: a[0].diagonal(0, -2, -1),
    "expand": _expand,
    "reduce": _reduce,
    "concat": _concat,
    "slice": _slice,
    "pad": _pad,
    "softmax": _softmax,
    "logsoftmax": _logsoftmax,
}


def _positive(a: Array) -> Array:
    return np.real(a) > 0


_NUMPY = SimpleNamespace(
    exp=np.exp,
    log=np.log,
    sinh=np.sinh,
    cosh=np.cosh,
    tanh=np.tanh,
    sqrt=np.sqrt,
    where=lambda a, x, y: np.where(_positive(a), x, y),
    peak=lambda a: np.real(a).max(-1, keepdims=True),
)


def floats(dtype: Any = np.float64) -> Arrays:
    """float64, float32, longdouble or complex128 arrays."""
    kind = np.dtype(dtype)
    return Arrays(
        kind,
        _NUMPY,
        # Divided in the type itself: a third as a double is no third in extended precision.
        lambda q: kind.type(q.numerator) / kind.type(q.denominator),
        lambda x: np.asarray(x).astype(kind, copy=False),
    )


def mpmath_numbers(digits: int = 50) -> Arrays:
    """mpmath numbers with ``digits`` decimal digits, in a context of their own."""
    import mpmath

    context = mpmath.MPContext()
    context.dps = digits

    def each(f: Callable[[Any], Any]) -> Callable[[Array], Array]:
        ufunc = np.frompyfunc(f, 1, 1)
        return lambda a: np.asarray(ufunc(a), object)

    def where(a: Array, x: Any, y: Any) -> Array:
        return np.asarray(np.where(np.asarray(a > 0, bool), x, y), object)

    lib = SimpleNamespace(
        **{n: each(getattr(context, n)) for n in "exp log sinh cosh tanh sqrt".split()},
        where=where,
        peak=lambda a: a.max(-1)[..., None],
    )
    convert = each(lambda v: context.mpf(float(v)) if not isinstance(v, context.mpf) else v)
    return Arrays(
        np.dtype(object),
        lib,
        lambda q: context.mpf(q.numerator) / q.denominator,
        lambda x: convert(np.asarray(x, object)),
    )


def balls(bits: int = 128) -> Arrays:
    """Arb balls through python-flint: every result encloses the exact value.

    The working precision is python-flint's global one and is set when a value is computed; wrap
    calls in :func:`precision`.
    """
    from flint import arb, fmpq

    def each(f: Callable[[Any], Any]) -> Callable[[Array], Array]:
        ufunc = np.frompyfunc(f, 1, 1)
        return lambda a: np.asarray(ufunc(a), object)

    def choose(a: Any, x: Any, y: Any) -> Any:
        if a > 0:
            return arb(x)
        if a < 0:
            return arb(y)
        raise NotSupported("a kink of a piecewise function lies inside a ball")

    lib = SimpleNamespace(
        **{name: each(methodcaller(name)) for name in "exp log sinh cosh tanh sqrt".split()},
        where=lambda a, x, y: np.asarray(np.frompyfunc(choose, 3, 1)(a, x, y), object),
        peak=lambda a: each(lambda v: arb(v.mid()))(_greatest(a)),
    )
    convert = each(lambda v: v if isinstance(v, arb) else arb(float(v)))
    del bits
    return Arrays(
        np.dtype(object),
        lib,
        lambda q: arb(fmpq(q.numerator, q.denominator)),
        lambda x: convert(np.asarray(x, object)),
    )


def _greatest(a: Array) -> Array:
    order = np.frompyfunc(lambda v: float(v.mid()), 1, 1)(a).astype(float)
    return np.take_along_axis(a, order.argmax(-1)[..., None], -1)
