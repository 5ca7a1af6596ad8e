r"""Numerical values of elementwise functions and their derivatives, in full relative precision.

:math:`\tanh' = 1-\tanh^2` and :math:`\sigma' = \sigma(1-\sigma)` lose every digit near saturation
(relative error 1 from \|a\| = 19 on). Here they are computed from the pre-activation as
:math:`4E/(1+E)^2 = 1/\cosh^2 a`, :math:`E = e^{-2|a|}`, which has a relative error of a few units
in the last place for every argument. Higher derivatives follow the same rule: every difference
that could cancel at saturation is replaced by a quotient of positive terms.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bptt_sym.errors import NotSupported

Array = Any

#: Bounds of |f'| and |f''| over the reals (``inf`` where there is none); used by error analysis.
SLOPE = {"tanh": (1.0, 0.7699), "sigma": (0.25, 0.0963)}


def value(name: str, order: int, a: Array, lib: Any) -> Array:
    """``name`` differentiated ``order`` times at ``a``.

    ``lib`` offers ``exp log sinh cosh tanh sqrt absolute where`` for the kind of ``a``: the numpy
    module, or a table for mpmath numbers or balls.

    Raises
    ------
    NotSupported
        An unknown function or a derivative of an order that nothing here needs.
    """
    try:
        return _TABLE[name, 0 if name == "exp" else order](a, lib)
    except KeyError:
        raise NotSupported(f"no numerical rule for {name!r} differentiated {order} times") from None


def known(name: str) -> bool:
    """Whether ``name`` has a numerical value."""
    return (name, 0) in _TABLE


def _sigma(a: Array, lib: Any) -> Array:
    return 1 / (1 + lib.exp(-a))


def _sech2(a: Array, lib: Any) -> Array:
    return lib.cosh(a) ** -2


def _sigma1(a: Array, lib: Any) -> Array:
    return lib.cosh(a / 2) ** -2 / 4


def _tanh2(a: Array, lib: Any) -> Array:
    return -2 * lib.tanh(a) * _sech2(a, lib)


def _tanh3(a: Array, lib: Any) -> Array:
    s = _sech2(a, lib)
    return s * (4 - 6 * s)


def _sigma2(a: Array, lib: Any) -> Array:
    return -lib.tanh(a / 2) * _sigma1(a, lib)


def _sigma3(a: Array, lib: Any) -> Array:
    s = _sigma1(a, lib)
    return s * (1 - 6 * s)


_TABLE: dict[tuple[str, int], Callable[[Array, Any], Array]] = {
    ("tanh", 0): lambda a, lib: lib.tanh(a),
    ("tanh", 1): _sech2,
    ("tanh", 2): _tanh2,
    ("tanh", 3): _tanh3,
    ("sigma", 0): _sigma,
    ("sigma", 1): _sigma1,
    ("sigma", 2): _sigma2,
    ("sigma", 3): _sigma3,
    ("exp", 0): lambda a, lib: lib.exp(a),
    ("log", 0): lambda a, lib: lib.log(a),
    ("log", 1): lambda a, lib: 1 / a,
    ("log", 2): lambda a, lib: -1 / a**2,
    ("sinh", 0): lambda a, lib: lib.sinh(a),
    ("sinh", 1): lambda a, lib: lib.cosh(a),
    ("sinh", 2): lambda a, lib: lib.sinh(a),
    ("cosh", 0): lambda a, lib: lib.cosh(a),
    ("cosh", 1): lambda a, lib: lib.sinh(a),
    ("cosh", 2): lambda a, lib: lib.cosh(a),
    ("sech", 0): lambda a, lib: 1 / lib.cosh(a),
    ("sech", 1): lambda a, lib: -lib.tanh(a) / lib.cosh(a),
    ("sech", 2): lambda a, lib: (1 - 2 * _sech2(a, lib)) / lib.cosh(a),
    ("coth", 0): lambda a, lib: lib.cosh(a) / lib.sinh(a),
    ("coth", 1): lambda a, lib: -1 / lib.sinh(a) ** 2,
    ("coth", 2): lambda a, lib: 2 * lib.cosh(a) / lib.sinh(a) ** 3,
    ("sinh", 3): lambda a, lib: lib.cosh(a),
    ("cosh", 3): lambda a, lib: lib.sinh(a),
    ("sqrt", 0): lambda a, lib: lib.sqrt(a),
    ("sqrt", 1): lambda a, lib: 1 / (2 * lib.sqrt(a)),
    ("sqrt", 2): lambda a, lib: -1 / (4 * a * lib.sqrt(a)),
    ("relu", 0): lambda a, lib: lib.where(a, a, 0),
    ("relu", 1): lambda a, lib: lib.where(a, 1, 0),
    ("relu", 2): lambda a, lib: lib.where(a, 0, 0),
    ("abs", 0): lambda a, lib: lib.where(a, a, -a),
    ("abs", 1): lambda a, lib: lib.where(a, 1, -1),
    ("abs", 2): lambda a, lib: lib.where(a, 0, 0),
}
