"""Functions of NumPy that take absolute values of complex numbers, as those of real ones.

``var``, ``std`` and ``norm`` of complex arrays are real: a tangent in the imaginary part is lost.
For the complex step they are what their formulas are for real arrays.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Array = Any


def variance(
    a: Array, axis: Any = None, dtype: Any = None, out: Any = None, ddof: float = 0,
    keepdims: bool = False, **more: Any,
) -> Array:  # fmt: skip
    """The mean of the squared deviations; ``out`` and what else NumPy takes are refused."""
    if out is not None or more:
        raise TypeError("not followed by a complex step")
    off = a - a.mean(axis=axis, keepdims=True)
    count = np.size(a) // np.size(off.mean(axis=axis))
    return (off * off).sum(axis=axis, keepdims=keepdims) / (count - ddof)


def deviation(a: Array, *args: Any, **kwargs: Any) -> Array:
    return np.sqrt(variance(a, *args, **kwargs))


def length(x: Array, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Array:
    """The Euclidean norm of vectors and of all entries; other orders are refused."""
    axes = np.ndim(x) if axis is None else np.size(axis)
    if not (ord is None or (ord == 2 and axes == 1) or (ord == "fro" and axes == 2)):
        raise TypeError("not followed by a complex step")
    return np.sqrt((x * x).sum(axis=axis, keepdims=keepdims))


#: By NumPy's function: the same one for arrays whose imaginary parts are tangents.
ALONG_THE_REALS: dict[Any, Callable[..., Array]] = {
    np.var: variance, np.std: deviation, np.linalg.norm: length,
}  # fmt: skip
