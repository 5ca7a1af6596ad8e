"""Vectors and matrices taken apart, against NumPy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from bptt_sym.errors import NotSupported, ShapeError, UnboundName
from bptt_sym.graph import Graph, Label
from bptt_sym.graph.domains import Floats
from bptt_sym.graph.lower import Array, Lowering, indices
from bptt_sym.notation import (
    Add,
    Concat,
    D,
    Diag,
    Div,
    Fn,
    Had,
    Idx,
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
    index,
    num,
)

VALUES: dict[str, Any] = {
    "A": np.array([[0.5, -1.0, 2.0], [0.25, 3.0, -0.5]]),
    "B": np.array([[1.0, 0.5, -0.25], [0.0, 2.0, 1.0], [0.5, 0.5, -1.0]]),
    "u": np.array([1.5, -0.5, 0.75]),
    "v": np.array([2.0, 0.25]),
    "s": np.array(3.0),
}


def value(node: Node, env: dict[str, int] | None = None) -> Any:
    g = Graph()

    def symbol(name: str) -> Array:
        shape = VALUES[name].shape
        return Array(shape, tuple(g.sym(Label(name, None, i)) for i in indices(shape)))

    def element(*args: object) -> Array:
        raise AssertionError("no sequences here")

    result = Lowering(g, symbol, element).lower(node, env or {})
    g.check()
    at = {
        g.sym(Label(name, None, i)): float(x[i])
        for name, x in VALUES.items()
        for i in indices(x.shape)
    }
    return np.array(g.evaluate(result.nodes, Floats(), at)).reshape(result.shape)


A, B, u, v, s = map(Sym, "ABuvs")
a, b, x, y, z = (VALUES[k] for k in "ABuvs")


@pytest.mark.parametrize(
    ("node", "truth"),
    [
        (Mul((A, B, u)), lambda: a @ b @ x),
        (Mul((s, A, u)), lambda: z * (a @ x)),
        (Mul((Transpose(v), A)), lambda: (y @ a)[None, :]),
        (Mul((Transpose(u), B, u)), lambda: x @ b @ x),
        (Mul((v, Transpose(u))), lambda: np.outer(y, x)),
        (Outer(v, u), lambda: np.outer(y, x)),
        (Mul((Diag(v), A, Diag(u))), lambda: np.diag(y) @ a @ np.diag(x)),
        (Had((u, Add((Num(num(1).value), Neg(u))))), lambda: x * (1 - x)),
        (Add((Ones(), Neg(B))), lambda: np.eye(3) - b),
        (Add((Ones(), u)), lambda: 1 + x),
        (Pow(B, num(5)), lambda: np.linalg.matrix_power(b, 5)),
        (Pow(B, num(0)), lambda: np.eye(3)),
        (Pow(u, num(3)), lambda: x**3),
        (Pow(s, Div(num(1), num(2))), lambda: np.sqrt(3.0)),
        (Div(u, s), lambda: x / 3.0),
        (Fn("tanh", Mul((A, u))), lambda: np.tanh(a @ x)),
        (Fn("tanh", u, 2), lambda: -2 * np.tanh(x) / np.cosh(x) ** 2),
        (Fn("softmax", u), lambda: np.exp(x) / np.exp(x).sum()),
        (Concat((u, v)), lambda: np.concatenate([x, y])),
        (Norm(u, "2"), lambda: np.linalg.norm(x)),
        (Norm(A, "F"), lambda: np.linalg.norm(a)),
        (Norm(u, "1"), lambda: np.abs(x).sum()),
        (Transpose(A), lambda: a.T),
    ],
)
def test_components_are_those_of_numpy(node: Node, truth: Callable[[], Any]) -> None:
    got = value(node)
    expected = np.asarray(truth())
    assert got.shape == expected.shape
    np.testing.assert_allclose(got, expected, rtol=1e-12)


def test_sums_and_products_over_an_index() -> None:
    k = Idx("k")
    assert value(Sum("k", num(1), Idx("n"), Mul((k, s))), {"n": 4}) == 30.0
    assert value(Sum("k", num(2), num(1), s)) == 0.0
    assert value(Prod("k", num(2), num(1), s)) == 1.0
    power = Sum("k", num(0), num(3), Pow(s, index("k", 1)))
    assert value(power) == 3.0 + 9.0 + 27.0 + 81.0


def test_the_order_of_a_product_is_its_own() -> None:
    # B^k Diag(u)^k does not commute: the greatest index stands left only when it says so.
    body = Mul((Pow(B, Idx("k")), Diag(u)))
    one, two = b @ np.diag(x), b @ b @ np.diag(x)
    np.testing.assert_allclose(value(Prod("k", num(1), num(2), body, descending=True)), two @ one)
    np.testing.assert_allclose(value(Prod("k", num(1), num(2), body, descending=False)), one @ two)


@pytest.mark.parametrize(
    "node",
    [
        Mul((A, v)),
        Add((A, B)),
        Had((u, v)),
        Pow(A, num(2)),
        Pow(B, num(-1)),
        Diag(A),
        Concat((A, u)),
        Pow(s, u),
    ],
)
def test_shapes_that_do_not_fit(node: Node) -> None:
    with pytest.raises(ShapeError):
        value(node)


def test_what_has_no_formula_is_refused() -> None:
    with pytest.raises(NotSupported, match="norm"):
        value(Norm(A, "2"))
    with pytest.raises(NotSupported, match="no place"):
        value(D(s, s))
    with pytest.raises(UnboundName, match="n has no value"):
        value(Sum("k", num(1), Idx("n"), s))


def test_nesting_costs_no_stack() -> None:
    node: Node = s
    for _ in range(20_000):
        node = Neg(Fn("tanh", node))
    assert abs(value(node)) < 0.01
