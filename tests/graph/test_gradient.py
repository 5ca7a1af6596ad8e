"""Reverse mode against oracles that know nothing of it: complex steps, mpmath, SymPy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import mpmath
import pytest
import sympy
from flint import arb
from hypothesis import given
from hypothesis import strategies as st

from bptt_sym.graph import Graph, Label
from bptt_sym.graph.domains import (
    Balls,
    Complexes,
    Floats,
    Multiprecision,
    PrimeField,
    SymPyExpressions,
)
from bptt_sym.rules import RULES, Rule

ANALYTIC = ("tanh", "sigma", "exp", "sinh", "cosh", "sech")


@st.composite
def formulas(draw: st.DrawFn) -> tuple[Graph, list[int], int]:
    """A random table over three variables, with shared rows and named rows in the middle."""
    g = Graph()
    variables = [g.sym(n) for n in "abc"]
    rows = [*variables, g.const(draw(st.fractions(-2, 2, max_denominator=7)))]
    pick = st.integers(0, 10**6)
    for k in range(draw(st.integers(3, 14))):
        a, b = rows[draw(pick) % len(rows)], rows[draw(pick) % len(rows)]
        kind = draw(st.sampled_from(("add", "mul", "fn", "neg", "pow", "let", "div")))
        if kind == "add":
            rows.append(g.add(a, b))
        elif kind == "mul":
            rows.append(g.mul(a, b))
        elif kind == "neg":
            rows.append(g.neg(a))
        elif kind == "pow":
            rows.append(g.pow(g.fn("sigma", a), draw(st.integers(-3, 4))))
        elif kind == "div":
            rows.append(g.div(a, g.fn("cosh", b)))
        elif kind == "let":
            rows.append(g.let(Label("v", k), a))
        else:
            rows.append(g.fn(draw(st.sampled_from(ANALYTIC)), g.fn("tanh", a)))
    return g, variables, rows[-1]


@given(formulas(), st.tuples(*[st.floats(-1.5, 1.5)] * 3))
def test_gradients_are_those_of_a_complex_step(
    formula: tuple[Graph, list[int], int], point: tuple[float, ...]
) -> None:
    g, variables, y = formula
    grads = g.gradient(y, variables)
    g.check()
    got = g.evaluate(grads, Floats(), dict(zip(variables, point, strict=True)))
    for k, slope in enumerate(got):
        shifted = [complex(p, 1e-30 if i == k else 0.0) for i, p in enumerate(point)]
        step = g.evaluate([y], Complexes(), dict(zip(variables, shifted, strict=True)))[0]
        assert slope == pytest.approx(step.imag / 1e-30, rel=1e-7, abs=1e-9)


@given(formulas())
def test_second_derivatives_commute(formula: tuple[Graph, list[int], int]) -> None:
    g, (a, b, _), y = formula
    da, db = g.gradient(y, [a, b])
    (dab,), (dba,) = g.gradient(da, [b]), g.gradient(db, [a])
    g.check()
    point = dict(zip((a, b, g.sym("c")), (0.3, -0.7, 0.9), strict=True))
    left, right = g.evaluate([dab, dba], Floats(), point)
    assert left == pytest.approx(right, rel=1e-7, abs=1e-9)


def mp_function(name: str) -> Callable[[Any], Any]:
    if name == "sigma":
        return lambda a: 1 / (1 + mpmath.exp(-a))
    return getattr(mpmath, name)  # type: ignore[no-any-return]


@pytest.mark.parametrize("name", [*ANALYTIC, "log", "sqrt", "coth"])
@pytest.mark.parametrize("order", [1, 2, 3])
def test_every_rule_is_the_derivative(name: str, order: int) -> None:
    with mpmath.workdps(40):
        at = mpmath.mpf("0.8125")
        truth = mpmath.diff(mp_function(name), at, order)
        g = Graph()
        a = g.sym("a")
        y = g.fn(name, a)
        for _ in range(order):
            y = g.gradient(y, [a])[0]
        direct = g.fn(name, a, order)
        values = g.evaluate([y, direct], Multiprecision(), {a: at})
        assert all(abs(v - truth) < mpmath.mpf(10) ** -25 for v in values)
        enclosures = g.evaluate([y, direct], Balls(), {a: arb("0.8125")})
        assert all(v.overlaps(arb(mpmath.nstr(truth, 30))) and v.rel_accuracy_bits() > 20
                   for v in enclosures)  # fmt: skip


@pytest.mark.parametrize("name", sorted(RULES))
def test_the_accurate_form_is_the_rule(name: str) -> None:
    accurate = RULES[name].accurate
    if accurate is None:
        return
    for x in (0.0, 0.3, -2.0, 10.0, 19.0, -40.0, 300.0):
        with mpmath.workdps(600):
            exact = mpmath.diff(mp_function(name), mpmath.mpf(x), h=mpmath.mpf(10) ** -290)
            assert accurate(x) == pytest.approx(float(exact), rel=1e-14)


def test_slopes_near_saturation_keep_their_digits() -> None:
    g = Graph()
    w = g.sym("w")
    h = g.let("h", g.fn("tanh", w))
    (dh,) = g.gradient(h, [w])
    (slope,) = g.evaluate([dh], Floats(), {w: 19.5})
    assert slope == pytest.approx(float(mpmath.sech(mpmath.mpf("19.5")) ** 2), rel=1e-13)


def caught(rules: dict[str, Rule], name: str) -> bool:
    """Whether the complex step disagrees with the gradient made from ``rules``."""
    g = Graph(rules=rules)
    a = g.sym("a")
    y = g.fn(name, g.mul(a, a))
    (d,) = g.gradient(y, [a])
    (slope,) = g.evaluate([d], Floats(), {a: 0.6})
    (step,) = g.evaluate([y], Complexes(), {a: complex(0.6, 1e-30)})
    return abs(slope - step.imag / 1e-30) > 1e-9


PLANTED: dict[str, Callable[[Any, Any, Any], Any]] = {
    "tanh": lambda a, y, f: 1 + y**2,
    "sigma": lambda a, y, f: y * (1 + y),
    "exp": lambda a, y, f: a,
    "log": lambda a, y, f: 1 / y,
    "sech": lambda a, y, f: y * f("tanh", a),
    "sinh": lambda a, y, f: -f("cosh", a),
}


@pytest.mark.parametrize("name", sorted(PLANTED))
def test_a_planted_wrong_rule_is_caught(name: str) -> None:
    assert not caught(dict(RULES), name)
    assert caught({**RULES, name: Rule(PLANTED[name])}, name)


def test_a_planted_wrong_accurate_form_is_caught() -> None:
    assert caught({**RULES, "tanh": replace(RULES["tanh"], accurate=lambda a: 1.0)}, "tanh")


def test_opaque_functions_have_free_partial_derivatives() -> None:
    g = Graph()
    x, y = g.sym("x"), g.sym("y")
    f = g.call("f", [g.mul(x, y), x])
    (fx,) = g.gradient(f, [x])
    (fxy,) = g.gradient(fx, [y])
    X, Y = sympy.symbols("x y", real=True)
    # Any meaning whose partial derivatives are its own will do.
    p, q = sympy.symbols("p q")
    meaning = sympy.sin(p) * q**3 + p**2 * q
    truth = sympy.diff(meaning.subs({p: X * Y, q: X}, simultaneous=True), X, Y)

    def value(orders: tuple[int, ...], args: tuple[Any, ...]) -> Any:
        d = sympy.diff(meaning, p, orders[0], q, orders[1])
        return d.subs({p: args[0], q: args[1]}, simultaneous=True)

    domain = SymPyExpressions()
    domain.functions["f"] = value
    domain.call = lambda name, orders, args: value(orders, args)  # type: ignore[method-assign]
    assert sympy.expand(g.evaluate([fxy], domain, {})[0] - truth) == 0
    # SymPy's own idea of the same derivatives
    F = sympy.Function("f")
    ours = g.evaluate([fx], SymPyExpressions(), {})[0].doit()
    theirs = sympy.diff(F(X * Y, X), X).doit()
    assert (
        ours.subs(F, sympy.Lambda((p, q), meaning)).doit()
        == theirs.subs(F, sympy.Lambda((p, q), meaning)).doit()
    )


def test_opaque_activations_get_primes() -> None:
    g = Graph()
    w, h = g.sym("w"), g.sym("h")
    y = g.fn("phi", g.mul(w, h))
    (d,) = g.gradient(y, [w])
    assert d == g.mul(h, g.fn("phi", g.mul(w, h), 1))


def test_held_rows_cut_paths() -> None:
    g = Graph()
    w = g.sym("w")
    h1 = g.let("h1", g.mul(w, w))
    h2 = g.let("h2", g.mul(w, h1))
    total, by_h1 = g.gradient(h2, [w, h1])
    immediate = g.gradient(h2, [w], fixed=[h1])[0]
    assert g.evaluate([total, by_h1, immediate], Floats(), {w: 3.0}) == [27.0, 3.0, 9.0]


def test_the_total_derivative_by_a_row_does_not_cut_that_row_for_others() -> None:
    g = Graph()
    w = g.sym("w")
    h = g.let("h", g.pow(w, 2))
    y = g.pow(h, 2)
    alone = g.gradient(y, [w])[0]
    assert g.gradient(y, [h, w])[1] == alone
    assert g.evaluate([alone], Floats(), {w: 2.0}) == [32.0]


def test_a_gradient_of_what_does_not_depend_is_zero() -> None:
    g = Graph()
    a, b = g.sym("a"), g.sym("b")
    assert g.gradient(g.fn("tanh", a), [b]) == [0]
    assert g.gradient(a, [a, g.fn("exp", b)]) == [1, 0]


def test_prime_field_tells_right_from_wrong() -> None:
    g = Graph()
    w, u = g.sym("w"), g.sym("u")
    h = g.let("h", g.fn("tanh", g.add(g.mul(w, u), u)))
    (d,) = g.gradient(h, [w])
    right = g.mul(u, g.sub(1, g.pow(h, 2)))
    wrong = g.mul(u, g.add(1, g.pow(h, 2)))
    values = g.evaluate([d, right, wrong], PrimeField(seed=3), {})
    assert values[0] == values[1] != values[2]
