r"""A running error bound beside every value: how far rounding can carry a computation.

Each value is a pair of a float64 and a bound on the distance between what any reasonable program
computes for it, in a working precision with unit roundoff ``u``, and the exact number. The bound
follows the computation: it grows where the computation is ill-conditioned and nowhere else, so a
tolerance taken from it needs no tuned constant.

* A sum of :math:`m` terms in any order errs by :math:`m\,u\sum|x_i|`, a product by ``u`` (Higham,
  *Accuracy and Stability of Numerical Algorithms*, 2nd ed., sections 3.1 and 3.3, "running error
  analysis").
* A library function errs by a few units in the last place and passes its argument's error on
  with its slope.
* With ``from_output`` the derivatives of tanh and the logistic function are charged as
  :math:`1-h^2` and :math:`s(1-s)`, as nearly every hand-written program computes them: the
  absolute error stays near ``u`` while the value itself dies near saturation; the logistic
  function itself as :math:`(1+\tanh(a/2))/2`. Without it, as the accurate forms that this package
  uses.

First-order terms are kept exactly, second-order ones by the largest second derivative.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, final

import numpy as np

from bptt_sym.errors import NotSupported
from bptt_sym.evaluate import activations
from bptt_sym.evaluate.domains import Arrays, floats, own_dims
from bptt_sym.evaluate.program import Op

Array = Any

#: Roundings that one operation of ours may stand for in another program of the same formula
#: (a fused multiply-add, a scale applied to each term, a sum regrouped): four covers both
#: factors of a product being scaled and the product being accumulated once more.
REGROUPINGS = 4
#: Library functions are accurate to this many units in the last place (glibc, SVML, XLA: 1 to 4).
FUNCTION_ULPS = 4


@final
@dataclass(frozen=True, slots=True)
class Bound:
    """A value and the bound of its error, arrays of one shape."""

    value: Array
    error: Array

    @property
    def ndim(self) -> int:
        return int(self.value.ndim)


class Bounded:
    """The domain of :class:`Bound`; ``u`` is the unit roundoff of the program judged."""

    def __init__(self, u: float = 2.0**-53, *, from_output: bool = True) -> None:
        self.u = u * REGROUPINGS
        self.from_output = from_output
        self.plain: Arrays = floats(np.float64)
        self.dtype = np.dtype(np.float64)

    def array(self, value: Any) -> Bound:
        if isinstance(value, Bound):
            return value
        v = np.asarray(value, np.float64)
        return Bound(v, np.zeros_like(v))

    def zeros(self, shape: tuple[int, ...]) -> Bound:
        return Bound(np.zeros(shape), np.zeros(shape))

    def full(self, shape: tuple[int, ...], value: Fraction) -> Bound:
        v = self.plain.full(shape, value)
        exact = Fraction(float(value)) == value
        return Bound(v, np.zeros(shape) if exact else self.u * np.abs(v))

    def take(self, value: Bound, index: Any) -> Bound:
        return Bound(value.value[index], value.error[index])

    def stack(self, values: Sequence[Bound]) -> Bound:
        return Bound(
            self.plain.stack([v.value for v in values]), self.plain.stack([v.error for v in values])
        )

    def broadcast(self, value: Bound, shape: tuple[int, ...]) -> Bound:
        return Bound(np.broadcast_to(value.value, shape), np.broadcast_to(value.error, shape))

    def add(self, a: Bound, b: Bound) -> Bound:
        v = a.value + b.value
        # Sums over steps are built by repeated addition: any order costs at most this.
        return Bound(v, a.error + b.error + self.u * (np.abs(a.value) + np.abs(b.value)))

    def sum_leading(self, value: Bound, axes: int) -> Bound:
        count = int(np.prod(value.value.shape[:axes], dtype=int))
        v = self.plain.sum_leading(value.value, axes)
        size = self.plain.sum_leading(np.abs(value.value), axes)
        return Bound(v, self.plain.sum_leading(value.error, axes) + count * self.u * size)

    def contract(self, a: Bound, b: Bound, lead: int) -> Bound:
        return self._bilinear(
            lambda x, y: self.plain.contract(x, y, lead), a, b, max(1, a.value[..., 0].size)
        )

    def _bilinear(
        self, f: Callable[[Array, Array], Array], a: Bound, b: Bound, terms: int
    ) -> Bound:
        x, y = np.abs(a.value), np.abs(b.value)
        size = f(x, y)
        carried = f(x, b.error) + f(a.error, y + b.error)
        return Bound(f(a.value, b.value), carried + (terms + 1) * self.u * size)

    def apply(self, op: Op, args: list[Bound], ops: list[Op], dims: Mapping[str, int]) -> Bound:
        """The value and error bound of one operation."""

        def plain(*values: Array) -> Array:
            return self.plain.apply(op, list(values), ops, dims)

        u = self.u
        a = args[0] if args else None
        match op.kind, a:
            case "const", _:
                return self.full(own_dims(op, dims), op.attr[0])
            case ("neg" | "transpose" | "slice" | "pad" | "concat" | "expand" | "diag"
                  | "diagpart"), Bound():  # fmt: skip
                error = plain(*(x.error for x in args))
                return Bound(plain(*(x.value for x in args)), np.abs(error))
            case "add", Bound():
                return self.add(a, args[1])
            case (("mul" | "outer"), Bound()):
                return self._bilinear(plain, a, args[1], 0)
            case (("matvec" | "matmul" | "dot"), Bound()):
                return self._bilinear(plain, a, args[1], int(a.value.shape[-1]))
            case "reduce", Bound():
                count = int(np.prod([s.value(dims) for s in ops[0].shape], dtype=int))
                size = plain(np.abs(a.value))
                return Bound(plain(a.value), plain(a.error) + count * u * size)
            case "div", Bound():
                b = args[1]
                v = a.value / b.value
                room = np.abs(b.value) - b.error
                with np.errstate(divide="ignore", invalid="ignore"):
                    error = np.where(room > 0, (a.error + np.abs(v) * b.error) / room, np.inf)
                return Bound(v, error + u * np.abs(v))
            case "fn", Bound():
                return self._function(op.attr[0], op.attr[1], a)
            case "pow", Bound():
                v = plain(a.value)
                (e,) = op.attr
                ulps = FUNCTION_ULPS * u * np.abs(v)
                with np.errstate(divide="ignore", invalid="ignore"):
                    slope = np.abs(float(e)) * np.abs(a.value) ** (float(e) - 1)
                    spread = np.abs(float(e)) * (np.abs(a.value) + a.error) ** (float(e) - 1)
                carried = np.where(a.error > 0, np.fmax(slope, spread) * a.error, 0.0)
                return Bound(v, carried + ulps)
            case (("softmax" | "logsoftmax"), Bound()):
                v = plain(a.value)
                n = a.value.shape[-1]
                worst = a.error.max(-1, keepdims=True)
                # d softmax_i = s_i (d a_i - sum s_j d a_j); of its logarithm without the s_i.
                relative = 2 * worst + (2 * FUNCTION_ULPS + n) * u * (
                    1 + np.abs(a.value).max(-1, keepdims=True)
                )
                scale = np.abs(v) if op.kind == "softmax" else np.ones_like(v)
                return Bound(v, np.expm1(relative) * scale + u * np.abs(v))
            case _:
                raise NotSupported(f"no error analysis for {op.kind!r}")

    def _function(self, name: str, order: int, a: Bound) -> Bound:
        lib = self.plain.lib
        ulps = FUNCTION_ULPS * self.u
        with np.errstate(over="ignore"):
            v = activations.value(name, order, a.value, lib)
            if name in activations.SLOPE:
                return self._sigmoidal(name, order, a, v, ulps)
            if name in ("relu", "abs"):
                if np.any((np.abs(a.value) <= a.error) & (a.error > 0)) and order:
                    raise NotSupported("a kink of a piecewise function lies within rounding")
                return Bound(v, a.error * (order == 0))
            slope = np.abs(activations.value(name, order + 1, a.value, lib))
            edge = np.zeros_like(slope)
            for side in (-1, 1):
                moved = a.value + side * a.error
                edge = np.fmax(edge, np.abs(activations.value(name, order + 1, moved, lib)))
            return Bound(v, np.fmax(slope, edge) * a.error + ulps * np.abs(v))

    def _sigmoidal(self, name: str, order: int, a: Bound, v: Array, ulps: float) -> Bound:
        lib = self.plain.lib
        slope = np.abs(activations.value(name, order + 1, a.value, lib))
        _, bend = activations.SLOPE[name]
        # |f'''| <= 2 for tanh, 1/8 for the logistic function; f'' bounds the slope's own change.
        second = bend if order == 0 else (2.0 if name == "tanh" else 0.125)
        carried = slope * a.error + 0.5 * second * a.error**2
        if order == 0:
            # σ may be computed as (1 + tanh(a/2))/2, whose rounding is that of numbers near 1.
            room = np.abs(v) if name == "tanh" or not self.from_output else np.abs(v) + 0.5
            return Bound(v, carried + ulps * room)
        if order > 1 or not self.from_output:
            # A relative error: cosh passes on |a| u of the rounding in its argument's exponent.
            return Bound(v, carried + ulps * (1 + np.abs(a.value)) * np.abs(v))
        y = activations.value(name, 0, a.value, lib)
        near = np.abs(y) if name == "tanh" else np.abs(y) + 0.5
        dy = v * a.error + 0.5 * bend * a.error**2 + ulps * near
        if name == "tanh":
            # 1 - h*h, or (1 - h)(1 + h): the error of h counts 2|h| times, 1 and h^2 round once.
            return Bound(v, 2 * np.abs(y) * dy + dy**2 + 3 * self.u)
        return Bound(v, np.abs(1 - 2 * y) * dy + dy**2 + 3 * self.u * np.abs(y))
