r"""Shapes: of an expression, and of every name from the equations alone.

A shape is a tuple of dimensions, ``()`` a scalar, ``("n",)`` a column vector, ``("n", "m")`` a
matrix. A row vector is the matrix ``(1, "n")``. Derivatives are in numerator layout: rows of what
is differentiated, then the shape of the variable; a scalar by a vector is a row; a scalar by a
matrix has the matrix' shape; a vector by a matrix is a 3-tensor.

The documented rules of :func:`infer_shapes`:

* a parameter with an upper-case or bold letter that multiplies a sequence (or a concatenation, or a
  parenthesis with a sequence in it) is a matrix, and what it multiplies is a vector; so is ``W_t``,
  ``U_t`` or ``V_t``, which no equation gives;
* where a lower-case parameter multiplies the state itself and no upper-case one multiplies a state,
  as in ``h_t = \tanh(W x_t + w h_{t-1})``, the state is a scalar, and so is that ``W``;
* a lower-case parameter that multiplies is a scalar; one that is added to a vector, or multiplied
  elementwise with one, is a vector; of two constants added to one, ``M c``, the upper-case one is
  its matrix;
* a bold lower-case letter is a vector; everything else that no rule reaches is a scalar;
* ``x W`` with a vector left of a matrix is the row-vector convention: x runs over the rows of W;
* equal dimensions are unified over all equations. The dimension of the first defined vector is
  ``n``, that of the first input ``m``; others are ``p``, ``q``, ….
"""

from bptt_sym.shapes.expression import (
    Dim,
    Shape,
    derivative_shape,
    read_shape,
    shape_of,
    show_shape,
    summed,
    transposed,
)
from bptt_sym.shapes.inference import infer_shapes
from bptt_sym.shapes.letters import is_bold, is_upper

__all__ = [
    "Dim",
    "Shape",
    "derivative_shape",
    "infer_shapes",
    "is_bold",
    "is_upper",
    "read_shape",
    "shape_of",
    "show_shape",
    "summed",
    "transposed",
]
